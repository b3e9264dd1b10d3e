//! What read models remember of a complaint: enough to take its next event without reading the others again.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::deadlines::Consequences;
use crate::clock::ClockKind;
use crate::complaint::Stage;
use crate::event::{Class, Closure, Level, Priority};
use crate::values::{
    AgencyCode, Area, Category, Channel, ComplaintId, Month, PersonRef, TrackingNumber, Version, Visibility, micros,
};

/// A complaint as the read models know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Which complaint.
    pub complaint: ComplaintId,
    /// How many of its events were taken.
    pub version: Version,
    /// The number the complainant was told.
    pub tracking_number: TrackingNumber,
    /// The way it came.
    pub channel: Channel,
    /// Where, coarsely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// When it came.
    #[serde(with = "micros")]
    pub received_at: DateTime<Utc>,
    /// The tenant's date then.
    pub received_on: NaiveDate,
    /// Against wrongdoing inside: shown to the inspectorate only, whatever becomes of the visibility.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whistleblowing: bool,
    /// Whether anything happened to it here, rather than being brought in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_native: bool,
    /// Who may see it.
    pub visibility: Visibility,
    /// Where it stands.
    pub stage: Stage,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<Closure>,
    /// Its class: the verified one, or the claimed one until then.
    pub class: Class,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is about, once verified; before, what the channel thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Whether it was ever verified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_verified: bool,
    /// Which life it lives.
    pub cycle: u32,
    /// The tenant's date on which this cycle began.
    pub cycle_on: NaiveDate,
    /// How far up the ladder.
    pub level: Level,
    /// Since when it is so far up that the central government watches it, in this cycle.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe_micros")]
    pub high_since: Option<DateTime<Utc>>,
    /// When the statutory limit of this cycle fell due, where it was missed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe_micros")]
    pub statutory_missed: Option<DateTime<Utc>>,
    /// What the policy that binds it makes of clocks that pass.
    pub consequences: Consequences,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Who holds it or held it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_holder: Option<AgencyCode>,
    /// Dispositions in this cycle.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hops: u32,
    /// Whether a question waits for the complainant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_question: bool,
    /// Whether anybody answered in this cycle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_response: bool,
    /// The final response that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answered>,
    /// Whether an answer was contested in this cycle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contested: bool,
    /// Clocks of this cycle that have not stopped, windows included, and a statutory one that a reclassification missed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<OpenClock>,
    /// How the closed cycle stands among those that may be rated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rateable: Option<Rateable>,
}

/// Who holds a complaint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// The agency.
    pub agency: AgencyCode,
    /// Since when.
    #[serde(with = "micros")]
    pub since: DateTime<Utc>,
    /// The tenant's date then.
    pub on: NaiveDate,
    /// Who of the agency acted last on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<PersonRef>,
}

/// A final response that stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// Which officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<PersonRef>,
    /// The tenant's date then.
    pub on: NaiveDate,
}

/// A clock that has not stopped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenClock {
    /// What it measures.
    pub kind: ClockKind,
    /// Who answers for it, where that is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// The month it started in, as the tenant counts.
    pub started: Month,
    /// The last instant that is in time.
    #[serde(with = "micros")]
    pub due: DateTime<Utc>,
    /// Waiting for the complainant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_paused: bool,
    /// Missed when a reclassification moved it into the past: judged, and still owed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_missed: bool,
}

/// How a closed cycle stands among those that may be rated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rateable {
    /// The month it was closed in.
    pub month: Month,
    /// Who answered for it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// Which officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<PersonRef>,
    /// Its class then.
    pub class: Class,
    /// How it ended.
    pub closure: Closure,
    /// Whether it is counted among those that may be rated: one that was brought in is, once it is rated.
    pub is_counted: bool,
}

impl Case {
    /// Whether it is shown to the inspectorate only.
    pub fn is_whistleblowers(&self) -> bool {
        self.whistleblowing || self.visibility == Visibility::Whistleblower
    }

    /// How it counts: `open`, or how it ended.
    pub fn status(&self) -> &'static str {
        self.closure.as_ref().map_or("open", Closure::name)
    }

    /// Clocks that somebody answers for, and that run or wait.
    pub fn obligations(&self) -> impl Iterator<Item = &OpenClock> {
        self.clocks.iter().filter(|clock| !clock.kind.is_window() && !clock.is_missed)
    }

    /// The clock that is due next, or was and is owed still.
    pub fn next_due(&self) -> Option<&OpenClock> {
        let is_owed = |clock: &&OpenClock| !clock.kind.is_window() && (!clock.is_missed || self.owes_what_it_missed());
        self.clocks.iter().filter(is_owed).min_by_key(|clock| clock.due)
    }

    /// Whether what a reclassification missed is owed still: an answer ends it, and a contest starts other clocks.
    pub fn owes_what_it_missed(&self) -> bool {
        self.answer.is_none() && !self.contested
    }

    /// Since when, or from when on, the central government watches it: past a statutory clock, or at level 3.
    pub fn monitored_from(&self) -> Option<DateTime<Utc>> {
        if self.stage == Stage::Closed {
            return None;
        }
        let is_running = |clock: &&OpenClock| clock.kind == ClockKind::Statutory && !clock.is_paused;
        let running = self.clocks.iter().find(is_running).map(|clock| clock.due);
        let statutory = [running, self.statutory_missed].into_iter().flatten().min();
        [self.high_since, statutory.filter(|_| self.answer.is_none())].into_iter().flatten().min()
    }
}

/// From this level on a complaint is on the central monitor's list.
pub const MONITORED_LEVEL: u8 = 3;

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An instant that may be missing.
mod maybe_micros {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Micros(#[serde(with = "micros")] DateTime<Utc>);

    pub(super) fn serialize<S: serde::Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Micros).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<Micros>::deserialize(deserializer)?.map(|micros| micros.0))
    }
}
