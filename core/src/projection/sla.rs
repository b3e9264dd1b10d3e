//! Whether limits are met: verdicts of clocks, clocks that run, and how many working days things took.

use super::{AGENCY, CHANNEL, CLASS, Case, Collected, OFFICER, agency, channel, instant, month, number, officer, text};
use crate::clock::{Clock, ClockState};
use crate::event::Class;
use crate::read::{Privacy, Table, Value};
use crate::values::{AgencyCode, Channel, Month, PersonRef};

/// Verdicts, each counted once for whoever held the complaint then. They never change.
pub static VERDICTS: Table = Table {
    name: "verdicts",
    about: "Clocks that stopped: in time, late, or no longer meant.",
    key: &[
        text("month", "The month in which it stopped."),
        text("clock", "What it measured."),
        AGENCY,
        OFFICER,
        CLASS,
        CHANNEL,
        text("started", "The month in which it started."),
    ],
    rest: &[
        number("met", "Stopped in time."),
        number("missed", "Stopped late."),
        number("cancelled", "No longer meant: outside every denominator."),
    ],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

/// Clocks that run or wait, by when they are due: what is overdue is asked when it is read.
pub static RUNNING: Table = Table {
    name: "running",
    about: "Clocks that have not stopped.",
    key: &[
        text("clock", "What it measures."),
        text("state", "running, or paused while a question waits for the complainant."),
        instant("due", "The last instant that is in time."),
        AGENCY,
        OFFICER,
        CLASS,
        CHANNEL,
        text("started", "The month in which it started."),
    ],
    rest: &[number("clocks", "How many.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Closed,
};

/// How many working days of the tenant something took: whole histograms, so that medians are exact.
pub static DURATIONS: Table = Table {
    name: "durations",
    about: "How many working days things took, counted.",
    key: &[
        text("month", "The month in which it was over."),
        text("measure", "verification, first_response, resolution or holding."),
        AGENCY,
        OFFICER,
        CLASS,
        CHANNEL,
        number("days", "Working days of the tenant."),
    ],
    rest: &[number("cases", "How many took so long.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

/// What is measured in working days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// From the start of the cycle until it is verified.
    Verification,
    /// From the start of the cycle until anybody answers.
    FirstResponse,
    /// From the start of the cycle until the final response that stood when it was closed as resolved.
    Resolution,
    /// From a disposition until the agency no longer holds it.
    Holding,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 4] =
        [Measure::Verification, Measure::FirstResponse, Measure::Resolution, Measure::Holding];

    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Verification => "verification",
            Measure::FirstResponse => "first_response",
            Measure::Resolution => "resolution",
            Measure::Holding => "holding",
        }
    }
}

pub(super) fn of(case: &Case, out: &mut Collected) {
    for clock in case.obligations() {
        let held = case.held.as_ref();
        let answers = clock.agency.as_ref().or(held.map(|held| &held.agency));
        let person = held.filter(|held| Some(&held.agency) == answers).and_then(|held| held.officer.as_ref());
        out.sum(
            &RUNNING,
            &[
                Value::from(clock.kind.name()),
                Value::from(if clock.is_paused { "paused" } else { "running" }),
                Value::from(clock.due),
                agency(answers),
                officer(person),
                Value::from(case.class.name()),
                channel(&case.channel),
                month(clock.started),
                Value::from(1),
            ],
        );
    }
}

/// Of whom a figure tells.
pub(super) struct Of<'c> {
    pub(super) agency: Option<&'c AgencyCode>,
    pub(super) officer: Option<&'c PersonRef>,
    pub(super) class: Class,
    pub(super) channel: &'c Channel,
}

/// A clock stopped.
pub(super) fn judged(clock: &Clock, of: &Of<'_>, ended: Month, started: Month, out: &mut Collected) {
    let one = |is: bool| Value::from(i64::from(is));
    out.sum(
        &VERDICTS,
        &[
            month(ended),
            Value::from(clock.kind.name()),
            agency(of.agency),
            officer(of.officer),
            Value::from(of.class.name()),
            channel(of.channel),
            month(started),
            one(matches!(clock.state, ClockState::Met(_))),
            one(matches!(clock.state, ClockState::Missed(_))),
            one(clock.state == ClockState::Cancelled),
        ],
    );
}

/// Something was over.
pub(super) fn took(measure: Measure, days: u32, of: &Of<'_>, ended: Month, out: &mut Collected) {
    out.sum(
        &DURATIONS,
        &[
            month(ended),
            Value::from(measure.name()),
            agency(of.agency),
            officer(of.officer),
            Value::from(of.class.name()),
            channel(of.channel),
            Value::from(i64::from(days)),
            Value::from(1),
        ],
    );
}
