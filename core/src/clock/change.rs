//! What one event did to the clocks of a complaint, told by comparing each clock with what it was.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Clock, ClockState};
use crate::event::{Event, Fact};

/// One thing that an event did to one clock.
///
/// An event may do several to the same one, in order: an answer while a question was open first lets the clock run
/// again, then stops it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClockChange {
    /// Since when it counts, which may be earlier than the event was recorded.
    pub at: DateTime<Utc>,
    /// What was done.
    pub what: What,
    /// The clock of that kind before the event; none where there was none in this cycle.
    pub before: Option<Clock>,
    /// The clock as the event left it.
    pub after: Clock,
}

/// What an event did to a clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It began to count.
    Started,
    /// It began anew, from nothing, while it was still counting or waiting.
    Restarted,
    /// It waits for the complainant (*tunda*).
    Paused,
    /// It counts again.
    Resumed {
        /// What the pause added to it, in the limit's unit.
        added: u32,
    },
    /// A superior granted more time.
    Extended {
        /// How much more, in the limit's unit.
        by: u32,
    },
    /// Another limit, policy or calendar gave it another due time.
    Moved,
    /// It stopped in time.
    Met,
    /// It stopped late.
    Missed,
    /// It is no longer meant.
    Cancelled,
}

impl What {
    /// The name as tables and JSON keys show it.
    pub fn name(self) -> &'static str {
        match self {
            What::Started => "started",
            What::Restarted => "restarted",
            What::Paused => "paused",
            What::Resumed { .. } => "resumed",
            What::Extended { .. } => "extended",
            What::Moved => "moved",
            What::Met => "met",
            What::Missed => "missed",
            What::Cancelled => "cancelled",
        }
    }
}

impl ClockChange {
    /// What `event` did to the clocks that stood at `before`, those of [`Complaint::clocks`] just before it.
    ///
    /// ```
    /// use aduan::clock::{Clock, ClockChange, ClockKind, Limit, What};
    /// # use aduan::calendar::{Calendar, Unit, Week};
    /// # use aduan::values::{Moment, WIB};
    /// # let days = Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
    /// let received = Moment::parse("2024-03-04T08:00:00+07:00", WIB)?;
    /// let clock = Clock::start(ClockKind::Statutory, received, Limit::WorkingDays(5), None, &days);
    /// let asked = Moment::parse("2024-03-05T08:00:00+07:00", WIB)?;
    /// let waiting = clock.pause(asked.at).ok_or("it was running")?;
    /// let changes = ClockChange::between(&[clock], &[waiting], asked.at);
    /// assert_eq!(changes[0].what, What::Paused);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Complaint::clocks`]: crate::complaint::Complaint::clocks
    pub fn of(before: &[Clock], event: &Event) -> Vec<ClockChange> {
        let at = match event.fact {
            // Nobody was there to see it: the pause ended with the last day of the question.
            Fact::InfoLapsed { .. } => event.occurred_at.at,
            _ => event.recorded_at(),
        };
        Self::between(before, event.fact.clocks(), at)
    }

    /// The same of clocks alone: how those at `before` became those that an event carries. `at` is when the event
    /// took effect, for whatever a clock does not date itself.
    pub fn between(before: &[Clock], carried: &[Clock], at: DateTime<Utc>) -> Vec<ClockChange> {
        let mut standing: Vec<Clock> = before.to_vec();
        let mut changes = Vec::new();
        for clock in carried {
            let known = standing.iter().position(|known| known.kind == clock.kind);
            let old = known.map(|place| standing[place].clone());
            let whats = whats(old.as_ref(), clock);
            changes.extend(whats.into_iter().map(|what| ClockChange {
                at: effective(what, clock, at),
                what,
                before: old.clone(),
                after: clock.clone(),
            }));
            match known {
                Some(place) => standing[place].clone_from(clock),
                None => standing.push(clock.clone()),
            }
        }
        changes
    }
}

/// What led from one state of a clock to the next, in order.
fn whats(before: Option<&Clock>, after: &Clock) -> Vec<What> {
    let mut whats = match before {
        Some(before) if before == after => return Vec::new(),
        Some(before) if before.is_open() && before.anchor == after.anchor => moves(before, after),
        Some(before) if before.is_open() => vec![What::Restarted],
        _ => vec![What::Started],
    };
    let was_paused = before.is_some_and(|before| before.anchor == after.anchor && is_paused(before));
    whats.extend(match after.state {
        ClockState::Running => None,
        ClockState::Paused(_) => (!was_paused).then_some(What::Paused),
        ClockState::Met(_) => Some(What::Met),
        ClockState::Missed(_) => Some(What::Missed),
        ClockState::Cancelled => Some(What::Cancelled),
    });
    whats
}

/// What changed about the due time of a clock that was open.
fn moves(before: &Clock, after: &Clock) -> Vec<What> {
    let mut whats = Vec::new();
    if is_paused(before) && !is_paused(after) && after.state != ClockState::Cancelled {
        whats.push(What::Resumed { added: after.paused.saturating_sub(before.paused) });
    }
    if after.extended > before.extended {
        whats.push(What::Extended { by: after.extended - before.extended });
    }
    let is_explained = (before.paused, before.extended) != (after.paused, after.extended);
    if before.limit != after.limit || before.due != after.due && !is_explained {
        whats.push(What::Moved);
    }
    whats
}

fn is_paused(clock: &Clock) -> bool {
    matches!(clock.state, ClockState::Paused(_))
}

/// A clock dates its start, its pause and its stop itself.
fn effective(what: What, clock: &Clock, at: DateTime<Utc>) -> DateTime<Utc> {
    match (what, clock.state) {
        (What::Started | What::Restarted, _) => clock.anchor.at,
        (What::Paused, ClockState::Paused(since)) => since,
        (What::Resumed { .. } | What::Met | What::Missed, ClockState::Met(at) | ClockState::Missed(at)) => at,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Calendar, Unit, Week, WorkingCalendar};
    use crate::clock::{ClockKind, Limit};
    use crate::values::{AgencyCode, Moment, WIB};

    fn days() -> WorkingCalendar {
        Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true })
    }
    fn at(day: u32) -> Moment {
        Moment::parse(&format!("2024-03-{day:02}T08:00:00+07:00"), WIB).unwrap()
    }
    fn clock(day: u32, n: u32) -> Clock {
        Clock::start(ClockKind::FirstResponse, at(day), Limit::WorkingDays(n), None, &days())
    }

    #[track_caller]
    fn check(before: &[Clock], carried: &[Clock], expect: &[What]) -> Vec<ClockChange> {
        let changes = ClockChange::between(before, carried, at(28).at);
        let told: Vec<What> = changes.iter().map(|change| change.what).collect();
        assert_eq!(told, expect);
        changes
    }

    #[test]
    fn a_first_clock_starts_where_it_is_anchored() {
        let changes = check(&[], &[clock(4, 3)], &[What::Started]);
        assert_eq!((changes[0].at, &changes[0].before), (at(4).at, &None));
    }

    #[test]
    fn a_question_pauses_and_its_answer_resumes_with_what_it_added() {
        let running = clock(4, 3);
        let paused = running.pause(at(5).at).unwrap();
        let changes = check(std::slice::from_ref(&running), std::slice::from_ref(&paused), &[What::Paused]);
        assert_eq!(changes[0].at, at(5).at);
        let resumed = paused.resume(at(7).at, &days()).unwrap();
        let changes = check(&[paused], &[resumed], &[What::Resumed { added: 2 }]);
        assert_eq!(changes[0].at, at(28).at, "a clock does not say when it was resumed: the event does");
    }

    #[test]
    fn an_answer_in_a_pause_resumes_and_stops() {
        let paused = clock(4, 3).pause(at(5).at).unwrap();
        let stopped = paused.stop(at(7).at, &days()).unwrap();
        let changes = check(&[paused], &[stopped], &[What::Resumed { added: 2 }, What::Met]);
        assert_eq!(changes.iter().map(|change| change.at).collect::<Vec<_>>(), [at(7).at; 2]);
    }

    #[test]
    fn a_late_answer_misses() {
        let running = clock(4, 1);
        let stopped = running.stop(at(7).at, &days()).unwrap();
        check(&[running], &[stopped], &[What::Missed]);
    }

    #[test]
    fn another_disposition_ends_the_old_holders_clock_before_it_starts_the_new_ones() {
        let old = clock(4, 3);
        let new = Clock { agency: AgencyCode::new("dishub").ok(), ..clock(4, 3) };
        let changes =
            check(std::slice::from_ref(&old), &[old.cancel().unwrap(), new.clone()], &[What::Cancelled, What::Started]);
        assert_eq!((&changes[0].before, &changes[1].after), (&Some(old), &new));
    }

    #[test]
    fn an_answer_before_verification_starts_the_clock_anew() {
        let paused = clock(4, 3).pause(at(5).at).unwrap();
        check(&[paused], &[clock(7, 3)], &[What::Restarted]);
    }

    #[test]
    fn a_clock_may_start_waiting() {
        let started = clock(4, 3).pause(at(4).at).unwrap();
        check(&[], &[started], &[What::Started, What::Paused]);
    }

    #[test]
    fn more_time_another_limit_and_another_calendar_are_told_apart() {
        let running = clock(4, 3);
        check(std::slice::from_ref(&running), &[running.extend(2, &days())], &[What::Extended { by: 2 }]);
        check(std::slice::from_ref(&running), &[running.with_limit(Limit::WorkingDays(9), &days())], &[What::Moved]);
        let six = Calendar::indonesia().working(&Unit { region: None, week: Week::SixDays, joint_leave_is_off: true });
        let moved = Clock { limit: Limit::WorkingDays(8), ..running.clone() }.with_limit(Limit::WorkingDays(8), &six);
        let before = running.with_limit(Limit::WorkingDays(8), &days());
        check(&[before], &[moved], &[What::Moved]);
    }

    #[test]
    fn what_did_not_change_is_not_told() {
        check(&[clock(4, 3)], &[clock(4, 3)], &[]);
        check(&[clock(4, 3)], &[], &[]);
    }
}
