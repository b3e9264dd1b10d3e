//! The deadline index: what time may do something to, and from when on.

use chrono::{DateTime, TimeDelta, Utc};

use super::{COMPLAINT, Case, Rows, instant, text};
use crate::clock::ClockKind;
use crate::complaint::Stage;
use crate::policy::RungClock;
use crate::read::{Condition, Privacy, ReadError, ReadStore, Select, Table, Value};
use crate::rules::Rules;
use crate::values::ComplaintId;

/// One row for each clock whose passing has a consequence. Complaints that were only brought in have none.
pub static DEADLINES: Table = Table {
    name: "deadlines",
    about: "Clocks whose passing has a consequence: a lapse, a closing by silence, a step up the ladder.",
    key: &[COMPLAINT, text("clock", "What the clock measures.")],
    rest: &[
        text("wait", "lapse, silence; or operational or statutory, and the level the complaint stands on."),
        instant("due", "The last instant that is in time."),
    ],
    is_sum: false,
    indexes: &[&["wait", "due"]],
    privacy: Privacy::Open,
};

pub(super) fn of(case: &Case, out: &mut Rows) {
    if !case.is_native || case.stage == Stage::Closed {
        return;
    }
    for clock in case.clocks.iter().filter(|clock| !clock.is_paused) {
        let wait = match clock.kind {
            ClockKind::Information if case.has_question => "lapse",
            ClockKind::ReplyWindow if case.stage == Stage::Responded && !case.has_question => "silence",
            kind if kind.is_window() => continue,
            _ if clock.is_missed && (case.answer.is_some() || case.contested) => continue,
            kind => match ladder(kind.is_operational()).get(usize::from(case.level.number())) {
                Some(wait) => *wait,
                None => continue,
            },
        };
        let (complaint, clock_name) = (Value::Id(case.complaint.0), Value::from(clock.kind.name()));
        out.row(&DEADLINES, [complaint, clock_name, Value::from(wait), Value::from(clock.due)]);
    }
}

/// Complaints to ask what time has done to them by `now`, in the order of their nearest due time.
///
/// Some of them may turn out not to be due: a rung counts working days, of which there are no more than days. `rules`
/// must know the policies that bind complaints, old ones too, as the projector's do.
///
/// # Errors
/// As [`ReadStore::rows`].
pub async fn due(
    store: &dyn ReadStore,
    build: u32,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Result<Vec<ComplaintId>, ReadError> {
    let mut due: Vec<(DateTime<Utc>, ComplaintId)> = Vec::new();
    for (wait, lag) in waits(rules) {
        let filter = vec![Condition::is("wait", wait), Condition::before("due", now - lag)];
        let mut select = Select { table: &DEADLINES, filter, order: vec!["wait", "due"], after: None, limit: PAGE };
        loop {
            let rows = store.rows(build, &select).await?;
            due.extend(rows.iter().map(|row| (row[3].instant(), ComplaintId(row[0].id()))));
            let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
            select.after = Some(vec![last[2].clone(), last[3].clone(), last[0].clone(), last[1].clone()]);
        }
    }
    due.sort();
    let mut seen = std::collections::BTreeSet::new();
    Ok(due.into_iter().filter(|(_, complaint)| seen.insert(*complaint)).map(|(_, complaint)| complaint).collect())
}

/// What may wait, and how long after its due time something can happen at the earliest.
fn waits(rules: &Rules) -> Vec<(&'static str, TimeDelta)> {
    let mut waits = vec![("lapse", TimeDelta::zero())];
    if rules.policies().any(|policy| policy.conduct.silence_closes) {
        waits.push(("silence", TimeDelta::zero()));
    }
    for on in [RungClock::Operational, RungClock::Statutory] {
        for (level, wait) in ladder(on == RungClock::Operational).into_iter().enumerate() {
            let rungs = rules.policies().flat_map(|policy| &policy.ladder);
            let above = rungs.filter(|rung| rung.on == on && usize::from(rung.level.number()) > level);
            let lag = above.map(|rung| rung.after).min();
            waits.extend(lag.map(|days| (wait, TimeDelta::days(days.into()))));
        }
    }
    waits
}

/// What a clock waits for, by the level the complaint stands on. Above the last one time does nothing more.
fn ladder(is_operational: bool) -> [&'static str; 3] {
    if is_operational {
        ["operational0", "operational1", "operational2"]
    } else {
        ["statutory0", "statutory1", "statutory2"]
    }
}

const PAGE: usize = 1_000;
