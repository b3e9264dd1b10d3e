//! What the rules make of the clocks of a complaint at an event (rule-book, section 5).

use chrono::{DateTime, TimeDelta, Utc};

use super::{Fault, Why};
use crate::actor::Role;
use crate::agency::Directory;
use crate::calendar::WorkingCalendar;
use crate::clock::{Clock, ClockKind, ClockState, Due, Limit};
use crate::complaint::{Complaint, Stage};
use crate::event::{
    Basis, Class, Classification, Closure, Event, Fact, Level, Priority, Received, ReopenReason, ReplyKind,
    ResponseKind, Trigger,
};
use crate::policy::{Policy, RungClock};
use crate::rules::Rules;
use crate::values::{AgencyCode, DocumentRef, Moment, WorkingDays, micros};

/// What an event should carry, and what is wrong with it besides.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) clocks: Vec<Clock>,
    pub(super) faults: Vec<Fault>,
}

impl Expected {
    /// What `event` should carry, of a complaint as it was `before`.
    ///
    /// # Errors
    /// The document that is not at hand.
    pub(super) fn of(before: &Complaint, event: &Event, rules: &Rules) -> Result<Self, DocumentRef> {
        let mut expected = Expected::default();
        let touches = touches_clocks(before, event);
        let rebinds = matches!(event.fact, Fact::Received(_) | Fact::DeadlinesRecomputed { .. });
        if let Some(bound) = before.bound.as_ref().filter(|_| !rebinds) {
            let named = [(&event.context.policy, &bound.policy), (&event.context.calendar, &bound.calendar)];
            let others = named.into_iter().filter(|(says, should)| says != should);
            let fault = |(says, should): (&DocumentRef, &DocumentRef)| {
                (None, Why::OtherDocument { says: says.clone(), should: should.clone() })
            };
            expected.faults.extend(others.map(fault));
        }
        if touches {
            let mut hearing = Hearing::open(before, event, rules, expected)?;
            match event.provenance.is_imported() {
                true => hearing.import(),
                false => hearing.fact(),
            }
            expected = hearing.expected;
        }
        Ok(expected)
    }
}

/// Whether the rules may touch a clock at such an event, so that documents have to be looked up.
fn touches_clocks(before: &Complaint, event: &Event) -> bool {
    match &event.fact {
        Fact::Annotated { .. } | Fact::Erased { .. } | Fact::Forked { .. } | Fact::VisibilityChanged { .. } => false,
        Fact::Replied { kind, .. } => *kind != ReplyKind::Comment && before.stage == Stage::Responded,
        Fact::Escalated { trigger, .. } => *trigger != Trigger::ByHand,
        _ => true,
    }
}

/// One event before one complaint, with the documents that bind them.
struct Hearing<'a> {
    before: &'a Complaint,
    event: &'a Event,
    rules: &'a Rules,
    policy: &'a Policy,
    calendar: &'a DocumentRef,
    directory: &'a Directory,
    /// When it was recorded: what officers do counts then.
    now: DateTime<Utc>,
    /// When it happened: what complainants do counts then.
    when: DateTime<Utc>,
    expected: Expected,
}

impl<'a> Hearing<'a> {
    fn open(
        before: &'a Complaint,
        event: &'a Event,
        rules: &'a Rules,
        expected: Expected,
    ) -> Result<Self, DocumentRef> {
        let context = &event.context;
        let (policy, calendar) = match &before.bound {
            Some(bound) => (&bound.policy, &bound.calendar),
            None => (&context.policy, &context.calendar),
        };
        Ok(Hearing {
            before,
            event,
            rules,
            policy: rules.policy(policy).ok_or_else(|| policy.clone())?,
            calendar: rules.calendar(calendar).map(|known| known.reference()).ok_or_else(|| calendar.clone())?,
            directory: rules.directory(&context.directory).ok_or_else(|| context.directory.clone())?,
            now: event.recorded_at(),
            when: event.occurred_at.at,
            expected,
        })
    }

    /// The table: what each fact does to which clocks.
    fn fact(&mut self) {
        use ClockKind as K;
        match &self.event.fact {
            Fact::Received(received) => self.receipt(received),
            Fact::Verified { classification, .. } => {
                self.stopped(K::Verification, self.now);
                self.reclassified(classification);
            }
            Fact::Reclassified { to, .. } => self.reclassified(to),
            Fact::Dispositioned { to, .. } => {
                self.ended(K::FirstResponse);
                self.ended(K::ReturnWindow);
                self.start_for_officers(K::FirstResponse, Some(to));
                self.start(K::ReturnWindow, Some(to));
            }
            Fact::Returned { .. } => {
                self.used(K::ReturnWindow);
                self.ended(K::FirstResponse);
            }
            Fact::Responded { kind, .. } => self.response(*kind),
            Fact::Replied { kind, .. } => {
                self.stopped(K::ReplyWindow, self.when);
                if *kind == ReplyKind::Contest {
                    self.start_for_officers(K::FirstResponse, self.holder());
                }
            }
            Fact::InfoRequested { .. } => {
                self.paused();
                self.start(K::Information, None);
            }
            Fact::InfoProvided { .. } => self.answer(),
            Fact::InfoLapsed { .. } => self.lapse(),
            Fact::Closed { closure, .. } => self.end(closure),
            Fact::Reopened { reason, .. } => self.new_cycle(*reason),
            Fact::Rated { .. } => self.used(K::RatingWindow),
            Fact::Extended { days, kind, .. } => self.extension(*kind, *days),
            Fact::DeadlinesRecomputed { .. } => self.recomputation(),
            Fact::Escalated { to, trigger, .. } => self.escalation(*to, trigger),
            Fact::Annotated { .. } | Fact::Erased { .. } | Fact::Forked { .. } | Fact::VisibilityChanged { .. } => {}
        }
    }

    /// A source gives a promise at most, which its close judges, for whoever held the complaint then.
    fn import(&mut self) {
        let statutory = ClockKind::Statutory;
        match &self.event.fact {
            Fact::Received(received) => {
                let promise = received.clocks.iter().find(|clock| clock.kind == statutory).map(|clock| clock.limit);
                if let Some(limit @ Limit::Promise(_)) = promise {
                    let days = self.days(None);
                    self.expected.clocks.push(started(statutory, self.event.occurred_at, limit, None, days));
                }
            }
            Fact::Closed { .. } => {
                if let Some(clock) = self.open_clock(statutory) {
                    let stopped = stopped(clock, self.when, self.days(None));
                    self.expected.clocks.push(Clock { agency: self.holder().cloned(), ..stopped });
                }
            }
            _ => {}
        }
    }

    /// What an office says it received earlier moves its clocks; what a complainant says does not.
    fn receipt(&mut self, received: &Received) {
        let at = if self.event.context.role == Role::Complainant { self.now } else { self.when };
        let anchor = Moment { at, zone: self.policy.zone };
        for kind in [ClockKind::Verification, ClockKind::Statutory] {
            let limit = self.policy.limits.of(kind, received.class);
            let clock = started(kind, anchor, limit, None, self.days(None));
            self.expected.clocks.push(clock);
        }
    }

    /// The statutory clock has the limit of its class from its old anchor; where that is past, it is missed now.
    fn reclassified(&mut self, to: &Classification) {
        if let Some(clock) = self.open_clock(ClockKind::Statutory) {
            let limit = self.policy.limits.statutory(to.class);
            if clock.limit != limit && !is_promise(clock) {
                let mut moved = Clock { limit, ..clock.clone() };
                moved.due = due(&moved, self.days(None));
                if moved.state == ClockState::Running && moved.due.is_past(self.now) {
                    moved.state = ClockState::Missed(self.now);
                    moved.agency = self.holder().cloned();
                }
                self.expected.clocks.push(moved);
            }
        }
        if to.priority != Priority::Emergency {
            return self.ended(ClockKind::Emergency);
        }
        let known = self.before.clock(ClockKind::Emergency);
        let has_run = known.is_some_and(|clock| clock.state != ClockState::Cancelled);
        if !has_run && self.before.stage < Stage::InProgress {
            self.emergency(to.class);
        }
    }

    /// An emergency counts from the receipt, or from the reopening: from the first clock of the cycle.
    fn emergency(&mut self, class: Class) {
        let obligations = self.before.clocks.iter().filter(|clock| !clock.kind.is_window());
        let at = obligations.map(|clock| clock.anchor.at).min().unwrap_or(self.now);
        let limit = self.policy.limits.of(ClockKind::Emergency, class);
        let anchor = Moment { at, zone: self.policy.zone };
        let clock = started(ClockKind::Emergency, anchor, limit, None, self.days(None));
        self.expected.clocks.push(clock);
    }

    fn response(&mut self, kind: ResponseKind) {
        self.stopped(ClockKind::FirstResponse, self.now);
        self.stopped(ClockKind::Emergency, self.now);
        if let ResponseKind::Final(_) = kind {
            self.stopped(ClockKind::Statutory, self.now);
            self.cancelled(ClockKind::ReturnWindow);
            self.cancelled(ClockKind::ReplyWindow);
            self.start(ClockKind::ReplyWindow, self.holder());
        }
    }

    /// A question asked too late mends nothing: what is past due goes on.
    fn paused(&mut self) {
        for clock in self.before.clocks.iter().filter(|clock| clock.kind.is_paused_by_question()) {
            if clock.state == ClockState::Running && !clock.due.is_past(self.now) {
                self.expected.clocks.push(Clock { state: ClockState::Paused(self.now), ..clock.clone() });
            }
        }
    }

    /// The complainant's clock stops when they answered, the officers' go on when they learn of it. Before verification
    /// the file is complete only now, and the statutory clock starts.
    fn answer(&mut self) {
        self.stopped(ClockKind::Information, self.when);
        for clock in &self.before.clocks {
            let ClockState::Paused(since) = clock.state else { continue };
            let completes =
                clock.kind == ClockKind::Statutory && self.before.stage == Stage::Received && !is_promise(clock);
            if completes {
                self.start(ClockKind::Statutory, None);
            } else {
                let resumed = resumed(clock, since, self.now, self.days(clock.agency.as_ref()));
                self.expected.clocks.push(resumed);
            }
        }
    }

    /// A question nobody answered: the day it was due counts as paused, however late somebody looks.
    fn lapse(&mut self) {
        let Some(due) = self.passed(ClockKind::Information) else { return };
        self.stopped(ClockKind::Information, self.now);
        let over = due + TimeDelta::microseconds(1);
        for clock in &self.before.clocks {
            let ClockState::Paused(since) = clock.state else { continue };
            let resumed = resumed(clock, since, over, self.days(clock.agency.as_ref()));
            self.expected.clocks.push(resumed);
        }
    }

    /// The end stops what verifies, ends the rest, and opens the windows of the complainant.
    fn end(&mut self, closure: &Closure) {
        if self.event.context.role == Role::SystemClock {
            match closure {
                Closure::Resolved { basis: Basis::Silence | Basis::Administrative, .. } => {
                    self.passed(ClockKind::ReplyWindow);
                }
                Closure::Declined { .. } => {
                    self.passed(ClockKind::Information);
                }
                _ => {}
            }
        }
        for clock in self.before.clocks.iter().filter(|clock| clock.is_open()) {
            match clock.kind {
                ClockKind::Verification => {
                    let stopped = stopped(clock, self.now, self.days(None));
                    self.expected.clocks.push(stopped);
                }
                kind => self.ended(kind),
            }
        }
        for kind in [ClockKind::RatingWindow, ClockKind::ReopenWindow, ClockKind::AppealWindow] {
            self.start(kind, None);
        }
    }

    /// A new cycle has new clocks; what was left open of the old one is no longer meant.
    fn new_cycle(&mut self, reason: ReopenReason) {
        let by_complainant = self.event.context.role == Role::Complainant;
        let is_late_delivery = reason == ReopenReason::LateDelivered;
        let uses_window = by_complainant && !is_late_delivery;
        if uses_window {
            self.used(ClockKind::ReopenWindow);
        }
        if is_late_delivery {
            let window = self.before.clock(ClockKind::ReplyWindow);
            let in_time = window.is_some_and(|clock| clock.anchor.at <= self.when && !clock.due.is_past(self.when));
            if !in_time || !self.before.closed_by_time {
                self.expected.faults.push((Some(ClockKind::ReplyWindow), Why::NotOpen));
            }
        }
        for clock in self.before.clocks.iter().filter(|clock| clock.is_open()) {
            if !(uses_window && clock.kind == ClockKind::ReopenWindow) {
                self.cancelled(clock.kind);
            }
        }
        self.start(ClockKind::Statutory, None);
        match &self.before.classification {
            None => self.start(ClockKind::Verification, None),
            Some(known) if known.priority == Priority::Emergency => self.start(ClockKind::Emergency, None),
            Some(_) => {}
        }
    }

    fn extension(&mut self, kind: ClockKind, days: u32) {
        let may = |clock: &&Clock| !kind.is_window() && !is_promise(clock) && clock.state == ClockState::Running;
        let Some(clock) = self.open_clock(kind).filter(may).filter(|clock| !clock.due.is_past(self.now)) else {
            return self.expected.faults.push((Some(kind), Why::NotOpen));
        };
        let mut extended = Clock { extended: clock.extended.saturating_add(days), ..clock.clone() };
        extended.due = due(&extended, self.days(clock.agency.as_ref()));
        let max = self.policy.conduct.extension;
        if extended.extended > max {
            self.expected.faults.push((Some(kind), Why::TooFar { max }));
        }
        self.expected.clocks.push(extended);
    }

    /// Running clocks move to the newer documents that the event names; those that it leaves where they are it omits.
    fn recomputation(&mut self) {
        let context = &self.event.context;
        let Some(bound) = &self.before.bound else { return };
        let Some(policy) = self.rules.policy(&context.policy) else {
            return self.expected.faults.push((None, Why::NoDocument { document: context.policy.clone() }));
        };
        if self.rules.calendar(&context.calendar).is_none() {
            return self.expected.faults.push((None, Why::NoDocument { document: context.calendar.clone() }));
        }
        let is_newer = |new: &DocumentRef, old: &DocumentRef| new.name == old.name && new.version > old.version;
        let moves_policy = context.policy != bound.policy;
        let keeps_calendar = moves_policy && context.calendar == bound.calendar;
        if !keeps_calendar && !is_newer(&context.calendar, &bound.calendar) {
            self.expected.faults.push((None, Why::NotNewer { document: context.calendar.clone() }));
        }
        let is_later = match context.policy.name == bound.policy.name {
            true => is_newer(&context.policy, &bound.policy),
            false => policy.effective_from > self.policy.effective_from,
        };
        if moves_policy && !(policy.applies_to_running && is_later) {
            self.expected.faults.push((None, Why::NotNewer { document: context.policy.clone() }));
        }
        for clock in self.before.clocks.iter().filter(|clock| clock.is_open()) {
            let days = self.rules.working(&context.calendar, policy, self.directory, clock.agency.as_ref());
            let mut moved = clock.clone();
            if moves_policy && !is_promise(clock) {
                moved.limit = policy.limits.of(clock.kind, self.before.class());
            }
            moved.due = days.map_or(moved.due, |days| due(&moved, days));
            if moved != *clock {
                self.expected.clocks.push(moved);
            }
        }
    }

    fn escalation(&mut self, to: Level, trigger: &Trigger) {
        match trigger {
            Trigger::ByRight if self.before.stage == Stage::Closed => self.used(ClockKind::AppealWindow),
            Trigger::Breach { clock, since } => self.breach(*clock, *since, to),
            _ => {}
        }
    }

    /// A rung of the ladder is reached at its own time after the clock passed, however late somebody looks.
    fn breach(&mut self, kind: ClockKind, since: DateTime<Utc>, to: Level) {
        let listens = if kind.is_operational() { RungClock::Operational } else { RungClock::Statutory };
        let owed = self.before.clock(kind).filter(|clock| !kind.is_window() && is_owed(self.before, clock, self.now));
        let Some(clock) = owed else { return self.expected.faults.push((Some(kind), Why::NotPassed)) };
        let due = clock.due.instant();
        let zone = clock.anchor.zone;
        let reached = |after| match after {
            0 => due,
            after => zone.end_of(self.days(clock.agency.as_ref()).add(zone.date(due), WorkingDays(after))),
        };
        let rungs = self.policy.ladder.iter().filter(|rung| rung.on == listens && rung.level == to);
        let times: Vec<_> = rungs.map(|rung| reached(rung.after)).collect();
        match times.first() {
            None => self.expected.faults.push((Some(kind), Why::NotPassed)),
            Some(first) if !times.contains(&since) => {
                self.expected.faults.push((Some(kind), Why::Time { says: since, should: *first }));
            }
            Some(_) if since >= self.now => self.expected.faults.push((Some(kind), Why::NotPassed)),
            Some(_) => self.happened_at(kind, since),
        }
    }

    fn holder(&self) -> Option<&'a AgencyCode> {
        self.before.holding.as_ref().map(|holding| &holding.agency)
    }

    fn open_clock(&self, kind: ClockKind) -> Option<&'a Clock> {
        self.before.clock(kind).filter(|clock| clock.is_open())
    }

    /// The working days of an agency; none: of the tenant.
    fn days(&self, agency: Option<&AgencyCode>) -> &'a WorkingCalendar {
        self.rules
            .working(self.calendar, self.policy, self.directory, agency)
            .expect("opening the hearing looked for the calendar, and all its units are resolved")
    }

    /// A clock that starts when the event is recorded, in the zone of who answers for it.
    fn start(&mut self, kind: ClockKind, agency: Option<&AgencyCode>) {
        let zone = agency.and_then(|code| self.directory.agency(code)).map_or(self.policy.zone, |known| known.zone);
        let limit = self.policy.limits.of(kind, self.before.class());
        let anchor = Moment { at: self.now, zone };
        let clock = started(kind, anchor, limit, agency.cloned(), self.days(agency));
        self.expected.clocks.push(clock);
    }

    /// The same, waiting from the start while a question is open.
    fn start_for_officers(&mut self, kind: ClockKind, agency: Option<&AgencyCode>) {
        self.start(kind, agency);
        if let Some(clock) = self.expected.clocks.last_mut().filter(|_| self.before.question.is_some()) {
            clock.state = ClockState::Paused(self.now);
        }
    }

    /// Stops an open clock, for who answers for it then.
    fn stopped(&mut self, kind: ClockKind, at: DateTime<Utc>) {
        if let Some(clock) = self.open_clock(kind) {
            let stopped = stopped(clock, at, self.days(clock.agency.as_ref()));
            self.expected.clocks.push(self.for_holder(stopped));
        }
    }

    /// Ends a clock that nobody answered: what was owed and is late already is missed, anything else no longer meant.
    fn ended(&mut self, kind: ClockKind) {
        let Some(clock) = self.open_clock(kind) else { return };
        let is_owed = !kind.is_window() || kind == ClockKind::Information;
        if is_owed && clock.state == ClockState::Running && clock.due.is_past(self.now) {
            let missed = Clock { state: ClockState::Missed(self.now), ..clock.clone() };
            self.expected.clocks.push(self.for_holder(missed));
        } else {
            self.cancelled(kind);
        }
    }

    fn cancelled(&mut self, kind: ClockKind) {
        if let Some(clock) = self.open_clock(kind) {
            self.expected.clocks.push(Clock { state: ClockState::Cancelled, ..clock.clone() });
        }
    }

    /// A window that somebody used: it must be open, and in time.
    fn used(&mut self, kind: ClockKind) {
        let window = self.open_clock(kind);
        if window.is_none_or(|clock| clock.due.is_past(self.now)) {
            self.expected.faults.push((Some(kind), Why::NotOpen));
        }
        let met = window.map(|clock| Clock { state: ClockState::Met(self.now), ..clock.clone() });
        self.expected.clocks.extend(met);
    }

    /// When a clock passed that the event waited for; the event says that it happened then.
    fn passed(&mut self, kind: ClockKind) -> Option<DateTime<Utc>> {
        let running = self.open_clock(kind).filter(|clock| clock.state == ClockState::Running);
        let Some(clock) = running.filter(|clock| clock.due.is_past(self.now)) else {
            self.expected.faults.push((Some(kind), Why::NotPassed));
            return None;
        };
        let due = clock.due.instant();
        self.happened_at(kind, due);
        Some(due)
    }

    fn happened_at(&mut self, kind: ClockKind, should: DateTime<Utc>) {
        if self.when != should {
            self.expected.faults.push((Some(kind), Why::Time { says: self.when, should }));
        }
    }

    fn for_holder(&self, clock: Clock) -> Clock {
        let agency = clock.agency.clone().or_else(|| self.holder().cloned());
        Clock { agency, ..clock }
    }
}

/// Whether a clock is late and somebody still owes what it measures; a statutory one may have been missed by a
/// reclassification, and is owed until the answer.
fn is_owed(before: &Complaint, clock: &Clock, now: DateTime<Utc>) -> bool {
    match clock.state {
        ClockState::Running => clock.due.is_past(now),
        ClockState::Missed(_) => clock.kind == ClockKind::Statutory && before.answer.is_none() && !before.contested,
        _ => false,
    }
}

fn is_promise(clock: &Clock) -> bool {
    matches!(clock.limit, Limit::Promise(_))
}

fn started(kind: ClockKind, anchor: Moment, limit: Limit, agency: Option<AgencyCode>, days: &WorkingCalendar) -> Clock {
    let state = ClockState::Running;
    let mut clock = Clock { agency, anchor, due: Due::At(anchor.at), extended: 0, kind, limit, paused: 0, state };
    clock.due = due(&clock, days);
    clock
}

/// Due = anchor + limit + extended + paused, in the limit's one unit.
fn due(clock: &Clock, days: &WorkingCalendar) -> Due {
    let Clock { anchor, extended, paused, limit, .. } = clock;
    let long = |n: u32| n.saturating_add(*extended).saturating_add(*paused);
    let end_of = |date| Due::EndOf { date, zone: anchor.zone };
    let at = |instant| Due::At(micros::clamped(instant));
    match *limit {
        Limit::WorkingDays(n) => end_of(days.add(anchor.date(), WorkingDays(long(n)))),
        Limit::CalendarDays(n) => {
            let after = chrono::Days::new(u64::from(long(n)));
            end_of(anchor.date().checked_add_days(after).unwrap_or(chrono::NaiveDate::MAX))
        }
        Limit::Minutes(n) => at(anchor.at + TimeDelta::minutes(i64::from(long(n)))),
        Limit::OfficeMinutes(n) => at(days.add_office_minutes(anchor.at, anchor.zone.0, long(n))),
        Limit::Promise(instant) => Due::At(instant),
    }
}

/// A clock that goes on after a pause.
fn resumed(clock: &Clock, since: DateTime<Utc>, until: DateTime<Utc>, days: &WorkingCalendar) -> Clock {
    let paused = clock.paused.saturating_add(open_for(clock, since, until, days));
    let mut resumed = Clock { paused, state: ClockState::Running, ..clock.clone() };
    resumed.due = due(&resumed, days);
    resumed
}

/// For how long a question was open, in the unit of the clock. In days: those at whose end it was, after day 0.
fn open_for(clock: &Clock, since: DateTime<Utc>, until: DateTime<Utc>, days: &WorkingCalendar) -> u32 {
    let zone = clock.anchor.zone;
    let before = |date: chrono::NaiveDate| date.pred_opt().unwrap_or(date);
    let day_before_first = before(zone.date(since)).max(clock.anchor.date());
    let last = before(zone.date(until));
    let from = since.max(clock.anchor.at);
    match clock.limit {
        Limit::WorkingDays(_) => days.count(day_before_first, last),
        Limit::CalendarDays(_) => u32::try_from((last - day_before_first).num_days()).unwrap_or(0),
        Limit::Minutes(_) => u32::try_from((until - from).num_minutes()).unwrap_or(0),
        Limit::OfficeMinutes(_) => days.office_minutes(from, until, zone.0),
        Limit::Promise(_) => 0,
    }
}

/// Stopped at an instant: in time or late. A pause that is still open counts up to it.
fn stopped(clock: &Clock, at: DateTime<Utc>, days: &WorkingCalendar) -> Clock {
    let mut stopped = match clock.state {
        ClockState::Paused(since) => resumed(clock, since, at, days),
        _ => clock.clone(),
    };
    stopped.state = if stopped.due.is_past(at) { ClockState::Missed(at) } else { ClockState::Met(at) };
    stopped
}
