//! What evidence remembers of a complaint beside its state: where things began, and at which positions.

use chrono::NaiveDate;

use super::counting::{Counts, Key};
use super::positions::Positions;
use super::{Occasion, Question};
use crate::clock::{Clock, ClockKind, ClockState, Verdict};
use crate::event::{Class, Closure, DeclineReason, Fact, ReplyKind, ResponseKind};
use crate::projection::sla::Measure;
use crate::values::{AgencyCode, Channel, Digest, Position, Score, Visibility};

/// A complaint, as far as it has come.
#[derive(Default)]
pub(super) struct Life {
    /// Every position of it.
    pub(super) positions: Positions,
    /// The hash of its last record.
    pub(super) head: Option<Digest>,
    /// Whether nothing of it is shown but what it adds to sums; none while nobody could read its receipt.
    is_secret: Option<bool>,
    received: Option<Begun>,
    channel: Option<Channel>,
    class: Option<Class>,
    /// How it ended; none while it is open.
    closure: Option<Closure>,
    /// When this cycle began.
    cycle: Option<Begun>,
    held: Option<(AgencyCode, Begun)>,
    last_holder: Option<AgencyCode>,
    /// Dispositions of this cycle.
    dispositions: Positions,
    has_response: bool,
    answer: Option<(Option<AgencyCode>, Begun)>,
    clocks: Vec<Running>,
    rateable: Option<Rateable>,
}

/// The tenant's date on which something began, and where that stands.
#[derive(Clone, Copy)]
struct Begun {
    on: NaiveDate,
    at: Position,
}

/// A clock that has not stopped.
struct Running {
    clock: Clock,
    positions: Positions,
    clause: Option<usize>,
}

/// A closed cycle that may be rated, or was.
struct Rateable {
    closed: Position,
    /// Whether the question is about it.
    is_meant: bool,
    /// Whether it is counted among those that could be rated: one that was brought in is, once it is rated.
    is_counted: bool,
}

/// A clock and what is said of it.
pub(super) struct Ended {
    pub(super) clock: Clock,
    pub(super) said: Verdict,
    pub(super) positions: Positions,
}

impl Life {
    /// Takes the next event; the clocks that it ended and that the question is about, with who answers for each.
    pub(super) fn take(
        &mut self,
        at: &Occasion<'_>,
        question: &Question,
        counts: &mut Counts,
    ) -> Vec<(Ended, Option<AgencyCode>)> {
        let mut count = Counting { question, counts, at };
        self.before_clocks(&mut count);
        let judged = self.take_clocks(&mut count);
        self.after_clocks(&mut count);
        judged
    }

    /// Notes the clause of every clock that runs without one.
    pub(super) fn note_clauses(&mut self, mut clause_of: impl FnMut(&Clock) -> Option<usize>) {
        for running in self.clocks.iter_mut().filter(|running| running.clause.is_none()) {
            running.clause = clause_of(&running.clock);
        }
    }

    /// Counts what it is in the end; the clocks that still run or wait, with who answers for each.
    pub(super) fn finish(
        &self,
        question: &Question,
        counts: &mut Counts,
    ) -> Vec<(Ended, Option<AgencyCode>, Option<usize>)> {
        let (Some(received), Some(channel), Some(class)) = (self.received, &self.channel, self.class) else {
            return Vec::new();
        };
        if question.holds(received.on) && question.concerns(self.last_holder.as_ref()) {
            // Who holds it in the end, and what became of it, rests on all that is recorded, and on nothing else being.
            let receipt = Positions::from_iter([received.at]);
            let came = if question.agency.is_some() { &self.positions } else { &receipt };
            counts.add(Key::Received, came);
            counts.add(Key::ReceivedBy(channel.clone()), came);
            counts.add(Key::ReceivedAs(class), &self.positions);
            counts.add(Key::Became(self.closure.as_ref().map_or("open", Closure::name)), &self.positions);
            if !self.is_gross_only() {
                counts.add(Key::ReceivedNet, &self.positions);
            }
        }
        if !question.holds(question.now.date()) {
            return Vec::new();
        }
        let mut owed = Vec::new();
        for running in self.clocks.iter().filter(|running| !running.clock.kind.is_window()) {
            let holder = self.held.as_ref().map(|(agency, _)| agency);
            let agency = running.clock.agency.as_ref().or(holder);
            if question.concerns(agency) {
                let said = running.clock.verdict(question.now.at);
                counts.judge(running.clock.kind, said, &self.positions);
                let ended = Ended { clock: running.clock.clone(), said, positions: running.positions.clone() };
                owed.push((ended, agency.cloned(), running.clause));
            }
        }
        owed
    }

    /// Notes whether it may be shown. Once it may not, it stays so.
    pub(super) fn note_secrecy(&mut self, fact: &Fact) {
        let is_secret = match fact {
            Fact::Received(received) => received.whistleblowing || received.visibility == Visibility::Whistleblower,
            Fact::VisibilityChanged { to, .. } if *to == Visibility::Whistleblower => true,
            // What a ledger says of itself.
            Fact::Forked { .. } => false,
            _ => return,
        };
        self.is_secret = Some(is_secret || self.is_secret == Some(true));
    }

    /// Whether only the inspectorate may see it, or nobody knows.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret.unwrap_or(true)
    }

    fn is_gross_only(&self) -> bool {
        matches!(
            self.closure,
            Some(
                Closure::Duplicate { .. }
                    | Closure::Declined { reason: DeclineReason::Prank | DeclineReason::Test, .. }
            )
        )
    }

    /// What an event is before its clocks are looked at: what the complaint is called, and who answered.
    fn before_clocks(&mut self, count: &mut Counting<'_, '_>) {
        let here = count.here();
        match &count.at.event.fact {
            Fact::Received(received) if self.received.is_none() => {
                self.channel = Some(received.channel.clone());
                self.class = Some(received.class);
                self.received = Some(here);
                self.cycle = Some(here);
            }
            Fact::Verified { classification, .. } => {
                self.class = Some(classification.class);
                count.took(Measure::Verification, self.cycle, here, self.holder(), &[]);
                count.happened("verified", None);
            }
            Fact::Reclassified { to, .. } => {
                self.class = Some(to.class);
                count.happened("reclassified", None);
            }
            Fact::Responded { kind, .. } => self.respond(*kind, count),
            Fact::Replied { kind: ReplyKind::Accept, .. } => count.happened("accepted", self.answering()),
            Fact::Replied { kind: ReplyKind::Contest, .. } => {
                count.happened("contested", self.answering().or(self.last_holder.as_ref()));
                self.answer = None;
            }
            Fact::Escalated { to, .. } => {
                let whose = self.holder().or(self.last_holder.as_ref());
                count.happened(ESCALATED[usize::from(to.number())], whose);
            }
            Fact::Rated { score, .. } => self.rate(*score, count),
            _ => {}
        }
    }

    /// What an event is after the clocks of whoever held the complaint were judged.
    fn after_clocks(&mut self, count: &mut Counting<'_, '_>) {
        let here = count.here();
        match &count.at.event.fact {
            Fact::Dispositioned { to, .. } => {
                self.let_go(count);
                self.held = Some((to.clone(), here));
                self.last_holder = Some(to.clone());
                self.dispositions.add(here.at);
                count.happened("dispositioned", Some(to));
            }
            Fact::Returned { from, .. } => {
                count.happened("returned", Some(from));
                self.let_go(count);
            }
            Fact::Closed { closure, .. } => self.close(closure, count),
            Fact::Reopened { .. } => {
                count.happened("reopened", self.last_holder.as_ref());
                self.start_cycle(count);
            }
            _ => {}
        }
    }

    fn respond(&mut self, kind: ResponseKind, count: &mut Counting<'_, '_>) {
        let here = count.here();
        if !std::mem::replace(&mut self.has_response, true) {
            count.took(Measure::FirstResponse, self.cycle, here, self.holder(), &[]);
        }
        match kind {
            ResponseKind::Interim => count.happened("answered_for_now", self.holder()),
            ResponseKind::Final(_) => {
                count.happened("answered", self.holder());
                self.answer = Some((self.holder().cloned(), here));
            }
        }
    }

    fn rate(&mut self, score: Score, count: &mut Counting<'_, '_>) {
        let Some(cycle) = self.rateable.as_mut().filter(|cycle| cycle.is_meant) else { return };
        let positions = Positions::from_iter([cycle.closed, count.at.position]);
        if !std::mem::replace(&mut cycle.is_counted, true) {
            count.counts.add(Key::Eligible, &positions);
        }
        count.counts.add(Key::Rated(score.stars()), &positions);
    }

    fn close(&mut self, closure: &Closure, count: &mut Counting<'_, '_>) {
        let here = count.here();
        let whose = self.answerer();
        if let (Closure::Resolved { .. }, Some((_, answered))) = (closure, &self.answer) {
            count.took(Measure::Resolution, self.cycle, *answered, whose.as_ref(), &[here.at]);
        }
        let is_meant = count.is_meant(whose.as_ref());
        if is_meant {
            count.counts.add(Key::Closed(closure.name()), &Positions::from_iter([here.at]));
        }
        let hops = count.at.before.hops;
        if is_meant && hops > 0 {
            let mut positions = self.dispositions.clone();
            positions.add(here.at);
            count.counts.hops(hops, &positions);
        }
        let opens_window = count.at.event.fact.clocks().iter().any(|clock| clock.kind == ClockKind::RatingWindow);
        if is_meant && opens_window {
            count.counts.add(Key::Eligible, &Positions::from_iter([here.at]));
        }
        self.rateable = Some(Rateable { closed: here.at, is_meant, is_counted: opens_window });
        self.let_go(count);
        self.closure = Some(closure.clone());
    }

    fn start_cycle(&mut self, count: &mut Counting<'_, '_>) {
        self.let_go(count);
        self.cycle = Some(count.here());
        self.closure = None;
        self.dispositions = Positions::default();
        self.has_response = false;
        self.answer = None;
        self.rateable = None;
        let started = count.at.event.fact.clocks();
        self.clocks.retain(|known| started.iter().any(|new| new.is_open() && *new == known.clock));
    }

    fn let_go(&mut self, count: &mut Counting<'_, '_>) {
        if let Some((agency, since)) = self.held.take() {
            count.took(Measure::Holding, Some(since), count.here(), Some(&agency), &[]);
        }
    }

    /// Judges the clocks that ended, and keeps those that go on.
    fn take_clocks(&mut self, count: &mut Counting<'_, '_>) -> Vec<(Ended, Option<AgencyCode>)> {
        let mut judged = Vec::new();
        for clock in count.at.event.fact.clocks() {
            let known = self.clocks.iter().position(|known| known.clock.kind == clock.kind);
            let known = known.map(|place| self.clocks.swap_remove(place));
            // Another anchor is another clock.
            let known = known.filter(|known| known.clock.anchor == clock.anchor);
            let mut positions = known.map(|known| known.positions).unwrap_or_default();
            positions.add(count.at.position);
            if clock.is_open() {
                self.clocks.push(Running { clock: clock.clone(), positions, clause: None });
            } else if !clock.kind.is_window() {
                judged.extend(self.judge(clock, positions, count));
            }
        }
        judged
    }

    fn judge(
        &self,
        clock: &Clock,
        positions: Positions,
        count: &mut Counting<'_, '_>,
    ) -> Option<(Ended, Option<AgencyCode>)> {
        // Verifying is nobody's disposition; everything else is owed by who holds it, cancelled or not.
        let holder = self.holder().filter(|_| clock.kind != ClockKind::Verification);
        let agency = clock.agency.as_ref().or(holder);
        let (said, on) = match clock.state {
            ClockState::Met(stopped) => (Verdict::Met, count.at.policy.zone.date(stopped)),
            ClockState::Missed(stopped) => (Verdict::Missed, count.at.policy.zone.date(stopped)),
            _ => (Verdict::Cancelled, count.at.on),
        };
        if !count.question.holds(on) || !count.question.concerns(agency) {
            return None;
        }
        count.counts.judge(clock.kind, said, &positions);
        Some((Ended { clock: clock.clone(), said, positions }, agency.cloned()))
    }

    fn holder(&self) -> Option<&AgencyCode> {
        self.held.as_ref().map(|(agency, _)| agency)
    }

    fn answering(&self) -> Option<&AgencyCode> {
        self.answer.as_ref().and_then(|(agency, _)| agency.as_ref())
    }

    /// Who answers for the cycle that ends: who gave the answer, or who holds it.
    fn answerer(&self) -> Option<AgencyCode> {
        self.answering().or(self.holder()).cloned()
    }
}

/// What an event is counted as, if the question is about it.
struct Counting<'a, 'e> {
    question: &'a Question,
    counts: &'a mut Counts,
    at: &'a Occasion<'e>,
}

impl Counting<'_, '_> {
    fn here(&self) -> Begun {
        Begun { on: self.at.on, at: self.at.position }
    }

    fn is_meant(&self, whose: Option<&AgencyCode>) -> bool {
        self.question.holds(self.at.on) && self.question.concerns(whose)
    }

    fn happened(&mut self, what: &'static str, whose: Option<&AgencyCode>) {
        if self.is_meant(whose) {
            self.counts.add(Key::Flow(what), &Positions::from_iter([self.at.position]));
        }
    }

    /// It was over in this event; `until` may lie before it.
    fn took(
        &mut self,
        measure: Measure,
        since: Option<Begun>,
        until: Begun,
        whose: Option<&AgencyCode>,
        also: &[Position],
    ) {
        let Some(since) = since.filter(|_| self.is_meant(whose)) else { return };
        let days = self.at.days.count(since.on, until.on);
        let positions = [since.at, until.at].into_iter().chain(also.iter().copied()).collect();
        self.counts.took(measure, days, &positions);
    }
}

const ESCALATED: [&str; 5] = ["escalated_0", "escalated_1", "escalated_2", "escalated_3", "escalated_4"];
