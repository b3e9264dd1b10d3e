//! A clock over its life: when it ran, when it waited, which due times it had, and how it ended.

use aduan::calendar::WorkingCalendar;
use aduan::clock::{Clock, ClockChange, ClockKind, Due, Margin, Verdict, What};
use aduan::complaint::Complaint;
use chrono::{DateTime, Utc};

/// One clock, from its start to its end.
pub(super) struct Lane {
    /// As the last event left it.
    pub(super) clock: Clock,
    pub(super) cycle: u32,
    /// Of whom it asks a first response, or a return.
    pub(super) disposition: Option<u32>,
    /// When it first started; its anchor is later where it was started anew.
    pub(super) start: DateTime<Utc>,
    pub(super) stretches: Vec<Stretch>,
    /// The due times it had, each since when.
    pub(super) dues: Vec<(DateTime<Utc>, Due)>,
    /// When it stopped; none while it is open.
    pub(super) end: Option<DateTime<Utc>>,
    /// How far from its due time it stopped; none for what was cancelled, and where the calendar is not at hand.
    pub(super) margin: Option<Margin>,
}

/// A time in which a clock ran, or waited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub(super) from: DateTime<Utc>,
    /// None where it goes on.
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) waits: bool,
}

/// How a clock stands, as people say it: what a window bounds is not owed, and letting it pass breaches nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// Counting and in time.
    Running,
    /// Waiting for the complainant.
    Paused,
    /// Past due and not stopped.
    Overdue,
    /// Stopped in time.
    Met,
    /// Stopped late.
    Missed,
    /// No longer meant.
    Cancelled,
    /// A window that passed unused.
    Passed,
}

impl Lane {
    /// How it stands at `now`.
    pub(super) fn standing(&self, now: DateTime<Utc>) -> Standing {
        match self.clock.verdict(now) {
            Verdict::Running => Standing::Running,
            Verdict::Paused => Standing::Paused,
            Verdict::Overdue if self.is_owed() => Standing::Overdue,
            Verdict::Overdue => Standing::Passed,
            Verdict::Met => Standing::Met,
            Verdict::Missed => Standing::Missed,
            Verdict::Cancelled if self.had_passed() => Standing::Passed,
            Verdict::Cancelled => Standing::Cancelled,
        }
    }

    /// Whether somebody owes what it measures: an office an act, or the complainant an answer.
    pub(super) fn is_owed(&self) -> bool {
        self.clock.kind.is_owed()
    }

    /// Whether it was a window that was over already when something else ended it.
    fn had_passed(&self) -> bool {
        !self.is_owed() && self.end.is_some_and(|end| self.clock.due.is_past(end))
    }

    /// When it ended, as it is drawn: a window that passed unused ended when it was over.
    pub(super) fn end_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.standing(now) {
            Standing::Passed => Some(self.clock.due.instant()),
            _ => self.end,
        }
    }

    fn take(&mut self, change: &ClockChange) {
        let (at, clock) = (change.at, &change.after);
        match change.what {
            What::Started | What::Restarted => self.go_on(at, Some(false)),
            What::Paused => self.go_on(at, Some(true)),
            What::Resumed { .. } => self.go_on(at, Some(false)),
            What::Extended { .. } | What::Moved => {}
            What::Met | What::Missed | What::Cancelled => {
                self.go_on(at, None);
                self.end = Some(at);
            }
        }
        if self.dues.last().is_none_or(|(_, due)| *due != clock.due) {
            self.dues.push((at, clock.due));
        }
        self.clock.clone_from(clock);
    }

    /// Ends the stretch under way, and begins the next one.
    fn go_on(&mut self, at: DateTime<Utc>, waits: Option<bool>) {
        if let Some(last) = self.stretches.last_mut().filter(|last| last.until.is_none()) {
            last.until = Some(at.max(last.from));
        }
        // A stretch of nothing, as where a clock started waiting, is none.
        self.stretches.retain(|stretch| stretch.until.is_none_or(|until| until > stretch.from));
        self.stretches.extend(waits.map(|waits| Stretch { from: at, until: None, waits }));
    }
}

/// Notes a change in the lane of its clock. `complaint` is as the event left it.
pub(super) fn note(lanes: &mut Vec<Lane>, change: &ClockChange, complaint: &Complaint, days: Option<&WorkingCalendar>) {
    let kind = change.after.kind;
    if change.what == What::Started {
        let is_of_holder = matches!(kind, ClockKind::FirstResponse | ClockKind::ReturnWindow);
        let holding = complaint.holding.as_ref().filter(|_| is_of_holder);
        // What a reopening itself starts belongs to the new cycle: the complaint stands there already.
        lanes.push(Lane {
            clock: change.after.clone(),
            cycle: complaint.cycle,
            disposition: holding.map(|holding| holding.number),
            start: change.at,
            stretches: Vec::new(),
            dues: Vec::new(),
            end: None,
            margin: None,
        });
    }
    let Some(lane) = lanes.iter_mut().rev().find(|lane| lane.clock.kind == kind && lane.end.is_none()) else { return };
    lane.take(change);
    if matches!(change.what, What::Met | What::Missed) {
        lane.margin = days.map(|days| change.after.margin(change.at, days));
    }
}
