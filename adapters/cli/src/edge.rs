//! The edge of the world: the one place that reads a clock or draws chance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aduan::values::{CommandId, Moment, Zone};
use chrono::{DateTime, Utc};
use uuid::Builder;

use crate::answer::Failure;

/// An instant in the years 1900 to 2199, as the command line takes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

impl Instant {
    /// What the machine's clock says, to the microsecond.
    pub(crate) fn now() -> Self {
        let micros = i64::try_from(since_1970().as_micros()).unwrap_or(i64::MAX);
        Instant(DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// The instant as lived in a zone.
    pub(crate) fn in_zone(self, zone: Zone) -> Moment {
        Moment { at: self.0, zone }
    }
}

impl std::str::FromStr for Instant {
    type Err = aduan::values::InvalidValue;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Moment::parse(text, aduan::values::WIB).map(|moment| Instant(moment.at))
    }
}

/// Thirty-two bytes that nobody can guess.
///
/// # Errors
/// When the system gives none.
pub(crate) fn seed() -> Result<[u8; 32], Failure> {
    drawn()
}

/// An id for a command that brought none: a UUID of version 7.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn command_id() -> Result<CommandId, Failure> {
    let millis = u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX);
    Ok(CommandId(Builder::from_unix_timestamp_millis(millis, &drawn()?).into_uuid()))
}

/// Measures how long something takes.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Stopwatch(std::time::Instant::now())
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

fn drawn<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Failed(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
