//! Counts over a whole log: stages, closures, channels, agencies, verdicts, ratings. A pure fold.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::clock::{Clock, ClockKind, Verdict};
use crate::complaint::Complaint;
use crate::event::{Event, Fact};
use crate::values::{AgencyCode, ComplaintId};

/// Folds events of many complaints, in the order of the log.
#[derive(Default)]
pub struct SummaryFold {
    complaints: BTreeMap<ComplaintId, Counted>,
    finished: BTreeMap<ClockKind, Verdicts>,
    ratings: Ratings,
    events: u64,
}

#[derive(Default)]
struct Counted {
    state: Complaint,
    last_holder: Option<AgencyCode>,
}

/// The counts, at a time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// How many complaints there are.
    pub complaints: u64,
    /// How many events there are.
    pub events: u64,
    /// Complaints by the agency that holds them, or held them last.
    pub agencies: BTreeMap<String, u64>,
    /// Complaints by channel.
    pub channels: BTreeMap<String, u64>,
    /// Verdicts by clock that somebody answers for.
    pub clocks: BTreeMap<&'static str, Verdicts>,
    /// Closed complaints by closure; resolutions by who says so.
    pub closures: BTreeMap<&'static str, u64>,
    /// Ratings of closed cycles.
    pub ratings: Ratings,
    /// Complaints by stage.
    pub stages: BTreeMap<&'static str, u64>,
    /// The same for windows, which bound what somebody *may* do: met is used, overdue is elapsed unused. They
    /// breach nothing.
    pub windows: BTreeMap<&'static str, Verdicts>,
}

/// How clocks ended, or stand. Cancelled is outside every denominator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verdicts {
    /// Stopped in time.
    pub met: u64,
    /// Stopped late.
    pub missed: u64,
    /// Counting and in time.
    pub running: u64,
    /// Past due and not stopped.
    pub overdue: u64,
    /// Waiting for the complainant.
    pub paused: u64,
    /// No longer meant.
    pub cancelled: u64,
}

/// Ratings of closed cycles: counts, from which any mean follows without rounding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Ratings {
    /// How many.
    pub count: u64,
    /// The sum of the stars.
    pub sum: u64,
    /// How many gave 1, 2, 3, 4 and 5 stars.
    pub stars: [u64; 5],
}

impl SummaryFold {
    /// Takes the next event of a complaint.
    pub fn add(&mut self, complaint: ComplaintId, event: &Event) {
        self.events += 1;
        if event.fact.is_of_the_ledger() {
            return;
        }
        let counted = self.complaints.entry(complaint).or_default();
        counted.state.evolve(event);
        match &event.fact {
            Fact::Dispositioned { to, .. } => counted.last_holder = Some(to.clone()),
            Fact::Rated { score, .. } => {
                self.ratings.count += 1;
                self.ratings.sum += u64::from(score.stars());
                self.ratings.stars[usize::from(score.stars() - 1)] += 1;
            }
            _ => {}
        }
        // A finished clock never changes, so each stands in exactly one event.
        for clock in event.fact.clocks().iter().filter(|clock| !clock.is_open()) {
            self.finished.entry(clock.kind).or_default().count(clock, event.recorded_at());
        }
    }

    /// The states, by complaint.
    pub fn complaints(&self) -> impl Iterator<Item = (ComplaintId, &Complaint)> {
        self.complaints.iter().map(|(id, counted)| (*id, &counted.state))
    }

    /// The counts at `now`.
    pub fn at(&self, now: DateTime<Utc>) -> Summary {
        let mut summary = Summary {
            complaints: self.complaints.len() as u64,
            events: self.events,
            ratings: self.ratings,
            ..Summary::default()
        };
        let mut verdicts = self.finished.clone();
        for Counted { state, last_holder } in self.complaints.values() {
            *summary.stages.entry(state.stage.name()).or_default() += 1;
            if let Some(intake) = &state.intake {
                *summary.channels.entry(intake.channel.to_string()).or_default() += 1;
            }
            if let Some(agency) = last_holder {
                *summary.agencies.entry(agency.to_string()).or_default() += 1;
            }
            if let Some(closure) = &state.closure {
                *summary.closures.entry(closure.name()).or_default() += 1;
            }
            for clock in state.clocks.iter().filter(|clock| clock.is_open()) {
                verdicts.entry(clock.kind).or_default().count(clock, now);
            }
        }
        for kind in ClockKind::ALL {
            let verdicts = verdicts.remove(&kind).unwrap_or_default();
            let of_its_sort = if kind.is_window() { &mut summary.windows } else { &mut summary.clocks };
            of_its_sort.insert(kind.name(), verdicts);
        }
        summary
    }
}

impl Verdicts {
    /// Counts one clock as it stands at `now`.
    pub fn count(&mut self, clock: &Clock, now: DateTime<Utc>) {
        let counter = match clock.verdict(now) {
            Verdict::Met => &mut self.met,
            Verdict::Missed => &mut self.missed,
            Verdict::Running => &mut self.running,
            Verdict::Overdue => &mut self.overdue,
            Verdict::Paused => &mut self.paused,
            Verdict::Cancelled => &mut self.cancelled,
        };
        *counter += 1;
    }
}
