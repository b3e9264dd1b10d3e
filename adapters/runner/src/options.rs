//! What can be chosen.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aduan::projector::Projector;
use chrono::{DateTime, Utc};

/// What can be chosen. The defaults are right for a portal.
#[derive(Clone)]
pub struct RunnerOptions {
    /// How often to look for events that nobody told of: a store that others write to may not hear of it.
    pub look_every: Duration,
    /// How often to ask what time has caused.
    pub tick_every: Duration,
    /// How long to wait after trouble; twice as long after each more that follows, up to a minute.
    pub retry_after: Duration,
    /// The clock.
    pub clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Changes the projector before it starts: upcasters for a log with older events.
    pub projector: fn(Projector) -> Projector,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        RunnerOptions {
            look_every: Duration::from_secs(1),
            tick_every: Duration::from_secs(60),
            retry_after: Duration::from_secs(1),
            clock: Arc::new(|| SystemTime::now().into()),
            projector: |projector| projector,
        }
    }
}
