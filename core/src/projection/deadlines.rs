//! The deadline index: what time may do something to, and from when on.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{COMPLAINT, Case, Collected, OpenClock, instant, text};
use crate::clock::ClockKind;
use crate::complaint::Stage;
use crate::event::Level;
use crate::policy::{Policy, RungClock};
use crate::read::{Condition, Privacy, ReadError, ReadStore, Select, Table, Value};
use crate::values::ComplaintId;

/// One row for each clock whose passing has a consequence. Complaints that were only brought in have none.
pub static DEADLINES: Table = Table {
    name: "deadlines",
    about: "Clocks whose passing has a consequence: a lapse, a closing by silence, a step up the ladder.",
    key: &[COMPLAINT, text("clock", "What the clock measures.")],
    rest: &[instant("acts_from", "Before this instant time does nothing.")],
    is_sum: false,
    indexes: &[&["acts_from"]],
    privacy: Privacy::Closed,
};

/// What the policy that binds a complaint makes of clocks that pass: how many working days later, at the earliest,
/// from each level of the ladder.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Consequences {
    /// Whether silence closes.
    silence_closes: bool,
    /// Of operational clocks.
    operational: [Option<u32>; 3],
    /// Of the statutory clock.
    statutory: [Option<u32>; 3],
}

impl Consequences {
    pub(super) fn of(policy: &Policy) -> Self {
        let from = |on: RungClock, level: u8| {
            let above = policy.ladder.iter().filter(|rung| rung.on == on && rung.level.number() > level);
            above.map(|rung| rung.after).min()
        };
        Consequences {
            silence_closes: policy.conduct.silence_closes,
            operational: [0, 1, 2].map(|level| from(RungClock::Operational, level)),
            statutory: [0, 1, 2].map(|level| from(RungClock::Statutory, level)),
        }
    }

    /// The days until the next rung above a level; none where there is no such rung.
    fn rung(&self, kind: ClockKind, level: Level) -> Option<u32> {
        let rungs = if kind.is_operational() { &self.operational } else { &self.statutory };
        rungs.get(usize::from(level.number())).copied().flatten()
    }
}

pub(super) fn of(case: &Case, out: &mut Collected) {
    if !case.is_native || case.stage == Stage::Closed {
        return;
    }
    for clock in case.clocks.iter().filter(|clock| !clock.is_paused) {
        if let Some(days) = days_until_it_acts(case, clock) {
            // Working days are no fewer than days; where the clocks go forward, a day is an hour shorter.
            let later = TimeDelta::days(days.into()) - TimeDelta::hours(days.min(1).into());
            let (complaint, name) = (Value::Id(case.complaint.0), Value::from(clock.kind.name()));
            out.row(&DEADLINES, vec![complaint, name, Value::from(clock.due + later)]);
        }
    }
}

fn days_until_it_acts(case: &Case, clock: &OpenClock) -> Option<u32> {
    match clock.kind {
        ClockKind::Information => case.has_question.then_some(0),
        ClockKind::ReplyWindow => {
            let may_close = case.stage == Stage::Responded && !case.has_question;
            (may_close && case.consequences.silence_closes).then_some(0)
        }
        kind if kind.is_window() => None,
        _ if clock.is_missed && !case.owes_what_it_missed() => None,
        kind => case.consequences.rung(kind, case.level),
    }
}

/// Complaints to ask what time has done to them by `now`, the nearest first.
///
/// Some of them may turn out not to be due yet: a rung counts working days.
///
/// # Errors
/// As [`ReadStore::rows`].
pub async fn due(store: &dyn ReadStore, build: u32, now: DateTime<Utc>) -> Result<Vec<ComplaintId>, ReadError> {
    let filter = vec![Condition::before("acts_from", now)];
    let mut select = Select { table: &DEADLINES, filter, order: vec!["acts_from"], after: None, limit: PAGE };
    let (mut due, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
    loop {
        let rows = store.rows(build, &select).await?;
        due.extend(rows.iter().map(|row| ComplaintId(row[0].id())).filter(|complaint| seen.insert(*complaint)));
        let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { return Ok(due) };
        select.after = Some(vec![last[2].clone(), last[0].clone(), last[1].clone()]);
    }
}

const PAGE: usize = 1_000;
