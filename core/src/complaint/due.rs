//! What time alone causes: lapses, closing by silence, escalations. A pure function of state, now and rules.

use chrono::{DateTime, Utc};

use super::{Complaint, Rejection, Stage};
use crate::calendar::WorkingCalendar;
use crate::clock::{Clock, ClockKind, ClockState};
use crate::command::Command;
use crate::event::{Level, Trigger};
use crate::policy::{Policy, RungClock};
use crate::rules::Rules;
use crate::sealed::{Clear, mac};
use crate::values::{CommandId, ComplaintId, WorkingDays};

/// Something that time alone has caused.
#[derive(Clone, PartialEq, Debug)]
pub struct DueItem {
    /// When it truly fell due, however late somebody looks.
    pub since: DateTime<Utc>,
    /// What to ask of the complaint, as [`Role::SystemClock`](crate::actor::Role::SystemClock).
    pub command: Command<Clear>,
    label: String,
}

impl DueItem {
    /// The id of the command: the same from every machine, so that two clocks have one effect, and nobody else's to guess
    /// and use first, since it follows from the [secret of the ledger](crate::store::KeyVault::ledger_secret).
    pub fn command_id(&self, complaint: ComplaintId, ledger_secret: &[u8; 32]) -> CommandId {
        let parts = [b"aduan/due/v2".as_slice(), complaint.0.as_bytes(), self.label.as_bytes()];
        CommandId(mac(ledger_secret, &parts).to_uuid())
    }
}

/// A rung of the ladder that was reached.
pub(super) struct RungDue {
    pub(super) level: Level,
    pub(super) clock: ClockKind,
    pub(super) since: DateTime<Utc>,
}

impl Complaint {
    /// What time alone has caused by `now`, in the order it fell due.
    ///
    /// Asking too early, late or twice is harmless. A complaint that was brought in and never touched
    /// here is left alone.
    ///
    /// # Errors
    /// [`Rejection::MissingDocument`] when the policy or calendar that binds the complaint is not at hand.
    pub fn due_items(&self, now: DateTime<Utc>, rules: &Rules) -> Result<Vec<DueItem>, Rejection> {
        let Some(bound) = self.bound.as_ref().filter(|_| self.is_native && self.stage != Stage::Closed) else {
            return Ok(Vec::new());
        };
        if !self.clocks.iter().any(|clock| clock.due.is_past(now)) {
            return Ok(Vec::new());
        }
        let missing = |document: &crate::values::DocumentRef| Rejection::MissingDocument { document: document.clone() };
        let policy = rules.policy(&bound.policy).ok_or_else(|| missing(&bound.policy))?;
        rules.calendar(&bound.calendar).ok_or_else(|| missing(&bound.calendar))?;
        let directory = rules.directory_on(policy.zone.date(now));
        let days = |clock: &Clock| {
            let days = rules.working(&bound.calendar, policy, directory, clock.agency.as_ref());
            days.expect("the calendar is at hand: just looked")
        };
        let mut items = Vec::new();
        items.extend(self.lapse_due(now));
        items.extend(self.silence_due(now, policy));
        items.extend(self.rungs_due(now, policy, days).into_iter().map(|rung| self.escalation(rung)));
        items.sort_by_key(|item| item.since);
        Ok(items)
    }

    fn lapse_due(&self, now: DateTime<Utc>) -> Option<DueItem> {
        let request = self.question?;
        let clock = self.clock(ClockKind::Information).filter(|clock| clock.is_overdue(now))?;
        Some(DueItem {
            since: clock.due.instant(),
            command: Command::Lapse { request },
            label: format!("lapse {request}"),
        })
    }

    fn silence_due(&self, now: DateTime<Utc>, policy: &Policy) -> Option<DueItem> {
        let may_close = policy.conduct.silence_closes && self.stage == Stage::Responded && self.question.is_none();
        let clock = self.clock(ClockKind::ReplyWindow).filter(|clock| may_close && clock.is_overdue(now))?;
        Some(DueItem {
            since: clock.due.instant(),
            command: Command::Close { text: None },
            label: format!("silence {} {}", self.cycle, clock.anchor.at.timestamp_micros()),
        })
    }

    fn escalation(&self, rung: RungDue) -> DueItem {
        let RungDue { level, clock, since } = rung;
        DueItem {
            since,
            command: Command::Escalate { text: None, to: level, trigger: Trigger::Breach { clock, since } },
            label: format!("escalate {} {} {}", self.cycle, clock.name(), level.number()),
        }
    }

    /// The rungs above the present level that were reached, by true due instant; what a later rung skips is left out.
    pub(super) fn rungs_due<'d>(
        &self,
        now: DateTime<Utc>,
        policy: &Policy,
        days: impl Fn(&Clock) -> &'d WorkingCalendar,
    ) -> Vec<RungDue> {
        let mut rungs = Vec::new();
        for clock in self.clocks.iter().filter(|clock| self.is_owed(clock, now)) {
            let rung_clock = if clock.kind.is_operational() { RungClock::Operational } else { RungClock::Statutory };
            for rung in policy.ladder.iter().filter(|rung| rung.on == rung_clock && rung.level > self.level) {
                let due = clock.due.instant();
                let since = match rung.after {
                    0 => due,
                    after => {
                        let zone = clock.anchor.zone;
                        zone.end_of(days(clock).add(zone.date(due), WorkingDays(after)))
                    }
                };
                if now > since {
                    rungs.push(RungDue { level: rung.level, clock: clock.kind, since });
                }
            }
        }
        rungs.sort_by_key(|rung| (rung.since, std::cmp::Reverse(rung.level)));
        let mut reached = self.level;
        rungs.retain(|rung| {
            let rises = rung.level > reached;
            reached = reached.max(rung.level);
            rises
        });
        rungs
    }

    /// Whether somebody still owes what the clock measures, and is late. What was answered, however late, is owed no more.
    fn is_owed(&self, clock: &Clock, now: DateTime<Utc>) -> bool {
        let missed_by_reclassifying =
            clock.kind == ClockKind::Statutory && matches!(clock.state, ClockState::Missed(_)) && self.answer.is_none();
        !clock.kind.is_window() && (clock.is_overdue(now) || missed_by_reclassifying && !self.contested)
    }
}
