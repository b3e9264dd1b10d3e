//! One event into one case, and what it adds to the figures for good.

use chrono::NaiveDate;

use super::case::{Answered, Case, Held, MONITORED_LEVEL, OpenClock, Rateable};
use super::deadlines::Consequences;
use super::sla::{Measure, Of};
use super::{Collected, Untaken, satisfaction, sla, trend};
use crate::actor::Role;
use crate::calendar::WorkingCalendar;
use crate::clock::{Clock, ClockKind, ClockState};
use crate::complaint::Stage;
use crate::event::{Closure, Event, Fact, Level, Priority, Received, ReplyKind, ResponseKind};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::values::{AgencyCode, ComplaintId, Month, PersonRef};

/// Takes the next event of a complaint.
pub(super) fn take(
    complaint: ComplaintId,
    known: &mut Option<Case>,
    event: &Event,
    rules: &Rules,
    out: &mut Collected,
) -> Result<(), Untaken> {
    // What is told of no complaint counts nowhere.
    if event.fact.is_of_the_ledger() {
        return Ok(());
    }
    let at = Occasion::of(event, rules)?;
    match (&event.fact, &mut *known) {
        (Fact::Received(received), None) => {
            let case = received_case(complaint, received, event, &at);
            trend::happened("received", at.month(), None, case.class, &case.channel, out);
            known.insert(case).note_clocks(event, &at, out);
            Ok(())
        }
        (fact, None) => Err(Untaken::NoReceipt { fact: fact.name() }),
        (_, Some(case)) => {
            case.take(event, &at, out);
            Ok(())
        }
    }
}

/// When something happened, as the tenant counts.
struct Occasion<'r> {
    policy: &'r Policy,
    days: &'r WorkingCalendar,
    /// The tenant's date.
    on: NaiveDate,
}

impl<'r> Occasion<'r> {
    fn of(event: &Event, rules: &'r Rules) -> Result<Self, Untaken> {
        let context = &event.context;
        let missing = |document: &crate::values::DocumentRef| Untaken::MissingDocument { document: document.clone() };
        let policy = rules.policy(&context.policy).ok_or_else(|| missing(&context.policy))?;
        let days = rules.tenant_days(&context.calendar, policy).ok_or_else(|| missing(&context.calendar))?;
        Ok(Occasion { policy, days, on: policy.zone.date(event.occurred_at.at) })
    }

    fn month(&self) -> Month {
        Month::of(self.on)
    }

    fn working_days_since(&self, date: NaiveDate) -> u32 {
        self.days.count(date, self.on)
    }
}

fn received_case(complaint: ComplaintId, received: &Received, event: &Event, at: &Occasion<'_>) -> Case {
    Case {
        complaint,
        version: 1,
        tracking_number: received.tracking_number,
        channel: received.channel.clone(),
        area: received.area.clone(),
        received_at: event.occurred_at.at,
        received_on: at.on,
        whistleblowing: received.whistleblowing,
        is_native: !event.provenance.is_imported(),
        visibility: received.visibility,
        stage: Stage::Received,
        closure: None,
        class: received.class,
        priority: Priority::Normal,
        category: received.category_hint.clone(),
        is_verified: false,
        cycle: 1,
        cycle_on: at.on,
        level: Level::default(),
        high_since: None,
        statutory_missed: None,
        consequences: Consequences::of(at.policy),
        held: None,
        last_holder: None,
        hops: 0,
        has_question: false,
        has_response: false,
        answer: None,
        contested: false,
        clocks: Vec::new(),
        rateable: None,
    }
}

impl Case {
    fn take(&mut self, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        self.version += 1;
        self.is_native |= !event.provenance.is_imported();
        self.note_officer(event);
        match &event.fact {
            Fact::Received(_) => {}
            Fact::Verified { classification, .. } => {
                self.stage = Stage::Verified;
                self.is_verified = true;
                self.class = classification.class;
                self.priority = classification.priority;
                self.category = Some(classification.category.clone());
                self.took(Measure::Verification, at.working_days_since(self.cycle_on), event, at, out);
                self.happened("verified", None, at, out);
            }
            Fact::Reclassified { to, .. } => {
                self.class = to.class;
                self.priority = to.priority;
                self.category = Some(to.category.clone());
                self.happened("reclassified", None, at, out);
            }
            // Clocks of the old holder end in this event: they are judged before the new one holds it.
            Fact::Dispositioned { .. } | Fact::Returned { .. } | Fact::Closed { .. } | Fact::Reopened { .. } => {}
            Fact::Responded { kind, .. } => self.respond(*kind, event, at, out),
            Fact::Replied { kind, .. } => match kind {
                ReplyKind::Accept => self.happened("accepted", self.answering(), at, out),
                ReplyKind::Contest => {
                    self.happened("contested", self.answering().or(self.last_holder.as_ref()), at, out);
                    self.contested = true;
                    self.answer = None;
                    if self.stage == Stage::Responded {
                        self.stage = Stage::InProgress;
                    }
                }
                ReplyKind::Comment => {}
            },
            Fact::InfoRequested { .. } => self.has_question = true,
            Fact::InfoProvided { .. } | Fact::InfoLapsed { .. } => self.has_question = false,
            Fact::Escalated { to, .. } => {
                let whose = self.holder().or(self.last_holder.as_ref());
                self.happened(ESCALATED[usize::from(to.number())], whose, at, out);
                self.level = *to;
                if to.number() >= MONITORED_LEVEL && self.high_since.is_none() {
                    self.high_since = Some(event.occurred_at.at);
                }
            }
            Fact::Rated { score, .. } => {
                if let Some(cycle) = &mut self.rateable {
                    if cycle.is_counted {
                        satisfaction::counted(cycle, &self.channel, None, -1, out);
                    }
                    cycle.is_counted = true;
                    satisfaction::counted(cycle, &self.channel, Some(*score), 1, out);
                }
            }
            Fact::VisibilityChanged { to, .. } => self.visibility = *to,
            // Another policy may bind it from now on.
            Fact::DeadlinesRecomputed { .. } => self.consequences = Consequences::of(at.policy),
            Fact::Annotated { .. } | Fact::Erased { .. } | Fact::Extended { .. } | Fact::Forked { .. } => {}
        }
        self.note_clocks(event, at, out);
        match &event.fact {
            Fact::Dispositioned { to, .. } => {
                self.let_go(at, out);
                self.stage = Stage::Dispositioned;
                self.hops += 1;
                self.last_holder = Some(to.clone());
                self.held = Some(Held { agency: to.clone(), since: event.occurred_at.at, on: at.on, officer: None });
                self.happened("dispositioned", Some(to), at, out);
            }
            Fact::Returned { from, .. } => {
                self.happened("returned", Some(from), at, out);
                self.let_go(at, out);
                self.stage = Stage::Verified;
            }
            Fact::Closed { closure, .. } => self.close(closure, event, at, out),
            Fact::Reopened { cycle, .. } => {
                self.happened("reopened", self.last_holder.as_ref(), at, out);
                self.start_cycle(*cycle, event, at, out);
            }
            _ => {}
        }
    }

    fn respond(&mut self, kind: ResponseKind, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        if !self.has_response {
            self.has_response = true;
            self.took(Measure::FirstResponse, at.working_days_since(self.cycle_on), event, at, out);
        }
        let holder = self.holder().cloned();
        match kind {
            ResponseKind::Interim => {
                self.happened("answered_for_now", holder.as_ref(), at, out);
                if self.stage == Stage::Dispositioned {
                    self.stage = Stage::InProgress;
                }
            }
            ResponseKind::Final(_) => {
                self.happened("answered", holder.as_ref(), at, out);
                self.stage = Stage::Responded;
                self.answer = Some(Answered { agency: holder, officer: acting(event).cloned(), on: at.on });
            }
        }
    }

    fn close(&mut self, closure: &Closure, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        let (whose, who) = self.answerer();
        if let (Closure::Resolved { .. }, Some(answer)) = (closure, &self.answer) {
            let days = at.days.count(self.cycle_on, answer.on);
            let of = Of { agency: whose.as_ref(), officer: who.as_ref(), class: self.class, channel: &self.channel };
            sla::took(Measure::Resolution, days, &of, at.month(), out);
        }
        self.happened(closure.name(), whose.as_ref(), at, out);
        if self.hops > 0 {
            trend::closed_after(self.hops, at.month(), whose.as_ref(), self.class, &self.channel, out);
        }
        let opens_window = event.fact.clocks().iter().any(|clock| clock.kind == ClockKind::RatingWindow);
        let rateable = Rateable {
            month: at.month(),
            agency: whose,
            officer: who,
            class: self.class,
            closure: closure.clone(),
            is_counted: opens_window,
        };
        if opens_window {
            satisfaction::counted(&rateable, &self.channel, None, 1, out);
        }
        self.rateable = Some(rateable);
        self.let_go(at, out);
        self.stage = Stage::Closed;
        self.closure = Some(closure.clone());
        self.has_question = false;
    }

    fn start_cycle(&mut self, cycle: u32, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        self.let_go(at, out);
        self.cycle = cycle;
        self.cycle_on = at.on;
        // What was never verified has to be verified now.
        self.stage = if self.is_verified { Stage::Verified } else { Stage::Received };
        self.closure = None;
        self.has_question = false;
        self.has_response = false;
        self.answer = None;
        self.contested = false;
        self.level = Level::default();
        self.high_since = None;
        self.statutory_missed = None;
        self.hops = 0;
        self.rateable = None;
        // Those that this event starts belong to the new cycle.
        let started = event.fact.clocks();
        self.clocks.retain(|clock| started.iter().any(|new| new.kind == clock.kind && new.is_open()));
    }

    /// The holder holds it no more.
    fn let_go(&mut self, at: &Occasion<'_>, out: &mut Collected) {
        if let Some(held) = self.held.take() {
            let of = Of {
                agency: Some(&held.agency),
                officer: held.officer.as_ref(),
                class: self.class,
                channel: &self.channel,
            };
            sla::took(Measure::Holding, at.working_days_since(held.on), &of, at.month(), out);
        }
    }

    /// Keeps the clocks that go on, and counts those that stopped.
    fn note_clocks(&mut self, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        for clock in event.fact.clocks() {
            let started = Month::of(at.policy.zone.date(clock.anchor.at));
            let is_missed = matches!(clock.state, ClockState::Missed(_));
            // Missed by what the complaint is called, not by an answer: it is owed still.
            let is_owed = is_missed && matches!(event.fact, Fact::Reclassified { .. } | Fact::Verified { .. });
            if !clock.is_open() && !clock.kind.is_window() {
                self.judge(clock, event, at, started, out);
            }
            if is_missed && clock.kind == ClockKind::Statutory {
                self.statutory_missed.get_or_insert(clock.due.instant());
            }
            self.clocks.retain(|known| known.kind != clock.kind);
            if clock.is_open() || is_owed && clock.kind == ClockKind::Statutory {
                self.clocks.push(OpenClock {
                    kind: clock.kind,
                    agency: clock.agency.clone(),
                    started,
                    due: clock.due.instant(),
                    is_paused: matches!(clock.state, ClockState::Paused(_)),
                    is_missed,
                });
            }
        }
        self.clocks.sort_by_key(|clock| clock.kind);
    }

    fn judge(&self, clock: &Clock, event: &Event, at: &Occasion<'_>, started: Month, out: &mut Collected) {
        let held = self.held.as_ref();
        // Verifying is nobody's disposition; everything else is owed by who holds it, cancelled or not.
        let is_intake = clock.kind == ClockKind::Verification;
        let agency = clock.agency.as_ref().or(held.filter(|_| !is_intake).map(|held| &held.agency));
        let by_holder = held.filter(|held| agency == Some(&held.agency)).and_then(|held| held.officer.as_ref());
        let officer = if is_intake { acting(event) } else { by_holder };
        let ended = match clock.state {
            ClockState::Met(stopped) | ClockState::Missed(stopped) => Month::of(at.policy.zone.date(stopped)),
            _ => at.month(),
        };
        let of = Of { agency, officer, class: self.class, channel: &self.channel };
        sla::judged(clock, &of, ended, started, out);
    }

    /// Of the holder's people, who acted last.
    fn note_officer(&mut self, event: &Event) {
        if let (Some(held), Some(person)) = (&mut self.held, acting(event))
            && event.context.agency.as_ref() == Some(&held.agency)
        {
            held.officer = Some(person.clone());
        }
    }

    fn took(&self, measure: Measure, days: u32, event: &Event, at: &Occasion<'_>, out: &mut Collected) {
        let of = Of { agency: self.holder(), officer: acting(event), class: self.class, channel: &self.channel };
        sla::took(measure, days, &of, at.month(), out);
    }

    fn happened(&self, what: &'static str, whose: Option<&AgencyCode>, at: &Occasion<'_>, out: &mut Collected) {
        trend::happened(what, at.month(), whose, self.class, &self.channel, out);
    }

    fn holder(&self) -> Option<&AgencyCode> {
        self.held.as_ref().map(|held| &held.agency)
    }

    fn answering(&self) -> Option<&AgencyCode> {
        self.answer.as_ref().and_then(|answer| answer.agency.as_ref())
    }

    /// Who answers for the cycle that ends: who gave the answer, or who holds it.
    fn answerer(&self) -> (Option<AgencyCode>, Option<PersonRef>) {
        match (&self.answer, &self.held) {
            (Some(answer), _) if answer.agency.is_some() => (answer.agency.clone(), answer.officer.clone()),
            (_, Some(held)) => (Some(held.agency.clone()), held.officer.clone()),
            _ => (None, None),
        }
    }
}

/// The officer who acted, if it was one.
fn acting(event: &Event) -> Option<&PersonRef> {
    let is_officer = matches!(
        event.context.role,
        Role::Admin | Role::Liaison | Role::Operator | Role::Superior | Role::Inspectorate
    );
    event.context.person.as_ref().filter(|_| is_officer)
}

const ESCALATED: [&str; 5] = ["escalated_0", "escalated_1", "escalated_2", "escalated_3", "escalated_4"];
