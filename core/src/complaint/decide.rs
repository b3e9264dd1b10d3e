//! What a command causes: first the table, then one leaf per command.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{Complaint, LAWFUL, Rejection, Stage, Target};
use crate::actor::Role;
use crate::agency::Directory;
use crate::calendar::WorkingCalendar;
use crate::clock::{Clock, ClockKind, ClockState, Limit};
use crate::command::{Command, Import, ImportStep, Receive, SealedRequest, Step};
use crate::event::{
    Attachment, Basis, Classification, Closure, Context, DeclineReason, Event, Fact, Level, Note, Part, Priority,
    Provenance, Received, ReopenReason, ReplyKind, ResponseKind, Trigger,
};
use crate::policy::Policy;
use crate::rules::Rules;
use crate::sealed::{BoxDigest, derive};
use crate::values::{
    AgencyCode, ComplaintId, Digest, DocumentRef, Moment, Salt, TrackingNumber, TrackingSecret, Visibility,
};

/// What a command causes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// These events, whole and in this order; never none.
    Record(Vec<Event>),
    /// Nothing: the command was handled before, or an import brings only what is known.
    Already,
}

/// The tracking secret that a request's seed gives to a new complaint: 128 bits, shown once, kept only as its hash.
pub fn tracking_secret(seed: &[u8; 32]) -> TrackingSecret {
    TrackingSecret(derive(seed, &[b"tracking-secret"]))
}

impl Complaint {
    /// Decides what `request` causes, without changing anything.
    ///
    /// A command id that was handled before decides [`Decision::Already`] and adds nothing.
    ///
    /// # Errors
    /// The refusal with its reason; nothing is recorded of it.
    pub fn decide(&self, request: &SealedRequest, rules: &Rules) -> Result<Decision, Rejection> {
        if let Some(handled) = self.handled.iter().find(|handled| handled.command == request.id) {
            return if handled.mac == request.marks.mac {
                Ok(Decision::Already)
            } else {
                Err(Rejection::CommandIdReused)
            };
        }
        if let Some(expected) = request.expect
            && expected != self.version
        {
            return Err(Rejection::VersionMismatch { expected, actual: self.version });
        }
        let case = Case::open(self, request, rules)?;
        case.check_lawful()?;
        let drafts = case.decide()?;
        if drafts.is_empty() {
            return Ok(Decision::Already);
        }
        let only_adds = drafts.iter().all(|draft| is_beside_the_course(&draft.fact));
        let max = if only_adds { MOST_EVENTS - RESERVE } else { MOST_EVENTS };
        if self.version + drafts.len() as u64 > max {
            return Err(Rejection::TooMuch { what: "events of one complaint".into(), max });
        }
        Ok(Decision::Record(case.record(drafts)))
    }

    /// What a complaint records when another is closed as its duplicate: the other half of `MarkDuplicate`.
    ///
    /// `child` is what the other complaint records; both halves are parts of one command.
    pub fn join_duplicate(&self, child_id: ComplaintId, child: &mut [Event]) -> Option<Event> {
        let last = child.last()?;
        let bound = self.bound.as_ref()?;
        let of = last.context.part.of + 1;
        let mut event = Event {
            fact: Fact::Annotated { note: Note::DuplicateJoined { complaint: child_id }, text: None },
            ..last.clone()
        };
        event.context.part = Part { number: of, of };
        event.context.key = None;
        event.context.policy = bound.policy.clone();
        event.context.calendar = bound.calendar.clone();
        event.context.recorded_at = event.context.recorded_at.max(self.recorded_at?);
        event.occurred_at.at = event.context.recorded_at;
        let salt = Digest::of_parts("aduan/joined-salt/v1\n", &[&last.context.salt.0]);
        event.context.salt = Salt(salt.0[..16].try_into().expect("a digest has 32 bytes"));
        child.iter_mut().for_each(|event| event.context.part.of = of);
        Some(event)
    }
}

/// An event on its way: what happened, when, and where it comes from.
#[derive(Clone)]
struct Draft {
    fact: Fact,
    occurred_at: Moment,
    provenance: Provenance,
}

type Drafts = Result<Vec<Draft>, Rejection>;

/// One request before one complaint, with the rules that bind them.
#[derive(Clone, Copy)]
struct Case<'a> {
    complaint: &'a Complaint,
    request: &'a SealedRequest,
    rules: &'a Rules,
    policy: &'a Policy,
    calendar: &'a DocumentRef,
    directory: &'a Directory,
    /// When it is recorded; never before the complaint's last event.
    now: Moment,
    /// When it happened: for complainants, intake officers and migrators it may be earlier.
    when: Moment,
}

impl<'a> Case<'a> {
    fn open(complaint: &'a Complaint, request: &'a SealedRequest, rules: &'a Rules) -> Result<Self, Rejection> {
        let now = Moment::new(request.at.at, request.at.zone)?;
        let now = Moment { at: complaint.recorded_at.map_or(now.at, |last| last.max(now.at)), ..now };
        let occurred = request.occurred_at.map(|occurred| Moment::new(occurred.at, occurred.zone)).transpose()?;
        let when = occurred.unwrap_or(now);
        let (policy, calendar) = match &complaint.bound {
            Some(bound) => {
                let missing = |document: &DocumentRef| Rejection::MissingDocument { document: document.clone() };
                let policy = rules.policy(&bound.policy).ok_or_else(|| missing(&bound.policy))?;
                rules.calendar(&bound.calendar).ok_or_else(|| missing(&bound.calendar))?;
                (policy, &bound.calendar)
            }
            None => {
                let day = day_of_receipt(request, now, when, rules);
                (rules.policy_on(day), rules.calendar_on(day).reference())
            }
        };
        let directory = rules.directory_on(now.date());
        Ok(Case { complaint, request, rules, policy, calendar, directory, now, when })
    }

    /// Asks the table, and whether the actor is who the role says.
    fn check_lawful(&self) -> Result<(), Rejection> {
        let (complaint, by) = (self.complaint, &self.request.by);
        let command = self.request.command.name();
        let row = LAWFUL.iter().find(|row| row.command == command).expect("every command has a row");
        let is_no_complaint = complaint.admits_loss && command != "AdmitLoss";
        if is_no_complaint || complaint.stage == Stage::New && row.from > Stage::New {
            return Err(Rejection::NoSuchComplaint);
        }
        let is_secret = complaint.is_whistleblowers();
        let may = row.roles.contains(&by.role) && !(is_secret && by.role == Role::Admin)
            || is_secret && by.role == Role::Inspectorate && row.roles.contains(&Role::Admin);
        if !may {
            return Err(Rejection::NotAllowed { role: by.role, command: command.into() });
        }
        if let (Command::Receive(_), Some(intake)) = (&self.request.command, &complaint.intake) {
            return Err(Rejection::AlreadyReceived { tracking_number: intake.tracking_number });
        }
        if complaint.stage < row.from || row.to < complaint.stage {
            return Err(Rejection::WrongStage { command: command.into(), stage: complaint.stage });
        }
        if matches!(by.role, Role::Liaison | Role::Operator) && by.agency.is_none() {
            return Err(Rejection::NoAgency { role: by.role });
        }
        if let (Role::Complainant, Some(intake)) = (by.role, &complaint.intake) {
            let by_account = by.person.is_some() && by.person == intake.owner;
            if !by_account && by.secret.is_none_or(|secret| secret.digest() != intake.secret) {
                return Err(Rejection::NotTheComplainant);
            }
        }
        self.check_time()
    }

    fn check_time(&self) -> Result<(), Rejection> {
        let role = self.request.by.role;
        let Some(occurred) = self.request.occurred_at else { return Ok(()) };
        if !matches!(role, Role::Complainant | Role::Intake | Role::Migrator) {
            return Err(Rejection::Backdated { role });
        }
        let skew = TimeDelta::seconds(self.policy.conduct.clock_skew_seconds.into());
        if occurred.at > self.now.at + skew {
            return Err(Rejection::InFuture);
        }
        if self.complaint.intake.as_ref().is_some_and(|intake| occurred.at < intake.at.at) {
            return Err(Rejection::BeforeReceipt);
        }
        let days = self.policy.conduct.delivery_days;
        if role == Role::Complainant && occurred.at < self.now.at - TimeDelta::days(days.into()) {
            return Err(Rejection::TooLongAgo { days });
        }
        Ok(())
    }

    fn decide(&self) -> Drafts {
        use Command as C;
        match &self.request.command {
            C::AdmitLoss { kept, line, lost, root } => self.admit_loss(*kept, *line, *lost, *root),
            C::Receive(receive) => self.receive(receive),
            C::RequestInfo { text } => self.request_info(*text),
            C::ProvideInfo { attachments, request, text } => {
                check_attachments(attachments)?;
                self.check_question(*request)?;
                let (attachments, clocks) = (attachments.clone(), self.answer_clocks());
                let provided = Fact::InfoProvided { attachments, clocks, request: *request, text: Some(*text) };
                self.then_close_if_accepted(self.one(provided)?)
            }
            C::Lapse { request } => self.lapse(*request),
            C::Recompute { calendar, policy, text } => self.recompute(calendar, policy.as_ref(), *text),
            C::Import(import) => self.import(import),
            C::Verify { accused, classification, public_interest } => {
                self.verify(accused, classification, *public_interest)
            }
            C::Reclassify { text, to } => self.reclassify(to, *text),
            C::Decline { reason, referred_to, text } => self.decline(*reason, referred_to.as_ref(), *text),
            C::Dispose { cc, text, to } => self.dispose(to, cc, *text),
            C::Return { disposition, suggested, text } => self.give_back(*disposition, suggested, *text),
            C::Respond { disposition, kind, text } => self.respond(*disposition, *kind, *text),
            C::Reply { kind, text } => self.reply(*kind, *text),
            C::Close { text } => self.close(*text),
            C::Withdraw { text } => self.withdraw(*text),
            C::MarkDuplicate { target, .. } => self.mark_duplicate(target.as_ref()),
            C::Escalate { text, to, trigger } => self.escalate(*to, trigger, *text),
            C::Extend { days, kind, text } => self.extend(*kind, *days, *text),
            C::Reopen { reason, text } => self.reopen(*reason, *text),
            C::Rate { cycle, score, text } => {
                let is_open = *cycle == self.complaint.cycle && self.complaint.rating().is_none();
                if !is_open {
                    return Err(Rejection::NotRateable { cycle: *cycle });
                }
                let clocks = vec![self.inside_window(ClockKind::RatingWindow)?];
                self.one(Fact::Rated { clocks, cycle: *cycle, score: *score, text: *text })
            }
            C::ChangeVisibility { to } => self.change_visibility(*to),
            C::Annotate { note, text } => self.annotate(note, *text),
            C::Erase { basis } => {
                if self.complaint.legal_hold {
                    return Err(Rejection::LegalHold);
                }
                self.one(Fact::Erased { basis: *basis, keys: Vec::new() })
            }
        }
    }

    fn receive(&self, receive: &Receive<BoxDigest>) -> Drafts {
        if receive.text.is_none() && receive.attachments.is_empty() {
            return Err(Rejection::Empty);
        }
        // What an office says it received earlier moves its own clocks; what a complainant says does not.
        let anchor = if self.request.by.role == Role::Complainant { self.now } else { self.when };
        let limit = |kind| self.policy.limits.of(kind, receive.class);
        let clocks = [ClockKind::Verification, ClockKind::Statutory]
            .map(|kind| Clock::start(kind, self.tenant_time(anchor), limit(kind), None, self.days(None)));
        let fact = self.received(receive, clocks.into())?;
        self.one(fact)
    }

    fn received(&self, receive: &Receive<BoxDigest>, clocks: Vec<Clock>) -> Result<Fact, Rejection> {
        if receive.whistleblowing && receive.visibility != Visibility::Whistleblower {
            return Err(Rejection::MustBeWhistleblower);
        }
        check_attachments(&receive.attachments)?;
        let seed = &self.request.seed;
        let by = &self.request.by;
        let owner = if by.role == Role::Complainant { by.person.clone() } else { self.request.on_behalf.clone() };
        Ok(Fact::Received(Box::new(Received {
            accused: receive.accused,
            agency_hint: receive.agency_hint.clone(),
            area: receive.area.clone(),
            attachments: receive.attachments.clone(),
            category_hint: receive.category_hint.clone(),
            channel: receive.channel.clone(),
            class: receive.class,
            clocks,
            contact: receive.contact,
            coordinates: receive.coordinates,
            owner,
            place: receive.place,
            reference: receive.reference,
            reference_mac: self.request.marks.reference,
            reporter: receive.reporter,
            secret: tracking_secret(seed).digest(),
            split_from: receive.split_from,
            text: receive.text,
            title: receive.title,
            tracking_number: TrackingNumber::from_seed(&derive(seed, &[b"tracking-number"])),
            visibility: receive.visibility,
            whistleblowing: receive.whistleblowing,
        })))
    }

    fn request_info(&self, text: BoxDigest) -> Drafts {
        if self.request.by.role != Role::Admin && self.request.by.role != Role::Inspectorate {
            self.check_holder()?;
        }
        if let Some(request) = self.complaint.question {
            return Err(Rejection::QuestionOpen { request });
        }
        let max = self.policy.conduct.question_rounds;
        if self.complaint.questions >= max {
            return Err(Rejection::TooManyQuestions { max });
        }
        let running = self.complaint.clocks.iter().filter(|clock| clock.kind.is_paused_by_question());
        let mut clocks: Vec<Clock> = running.filter_map(|clock| clock.pause(self.now.at)).collect();
        clocks.push(self.start(ClockKind::Information, None));
        self.one(Fact::InfoRequested { clocks, request: self.complaint.questions + 1, text: Some(text) })
    }

    /// The complainant's own clock stops when they answered; the officers' run again when they learn of it.
    fn answer_clocks(&self) -> Vec<Clock> {
        let mut clocks = self.stopped(&[ClockKind::Information], self.when);
        let verification_only = self.complaint.stage == Stage::Received;
        for clock in &self.complaint.clocks {
            let Some(resumed) = clock.resume(self.now.at, self.days(clock.agency.as_ref())) else { continue };
            clocks.push(match clock.kind {
                // Before verification the file is complete only now: the statutory clock starts anew.
                ClockKind::Statutory if verification_only && !matches!(clock.limit, Limit::Promise(_)) => {
                    self.start(ClockKind::Statutory, None)
                }
                _ => resumed,
            });
        }
        clocks
    }

    /// A question nobody answered: its true due time counts, however late somebody looks.
    fn lapse(&self, request: u32) -> Drafts {
        self.check_question(request)?;
        let due = self.past_due(ClockKind::Information)?;
        if self.complaint.stage == Stage::Received {
            let closure = Closure::Declined { reason: DeclineReason::Incomplete, referred_to: None };
            return self.closed(closure, None, due);
        }
        let mut clocks = self.stopped(&[ClockKind::Information], self.now);
        // The question was open at the end of its last day, so that day counts as paused.
        let over = due.at + TimeDelta::microseconds(1);
        let paused = self.complaint.clocks.iter();
        clocks.extend(paused.filter_map(|clock| clock.resume(over, self.days(clock.agency.as_ref()))));
        self.then_close_if_accepted(self.one_at(Fact::InfoLapsed { clocks, request }, due)?)
    }

    fn recompute(&self, calendar: &DocumentRef, policy: Option<&DocumentRef>, text: BoxDigest) -> Drafts {
        let bound = self.complaint.bound.as_ref().ok_or(Rejection::NoSuchComplaint)?;
        let not_newer = |document: &DocumentRef| Rejection::NotNewer { document: document.clone() };
        let is_newer = |new: &DocumentRef, old: &DocumentRef| new.name == old.name && new.version > old.version;
        self.rules.calendar(calendar).ok_or_else(|| Rejection::MissingDocument { document: calendar.clone() })?;
        let new_policy = match policy {
            Some(reference) => {
                let missing = || Rejection::MissingDocument { document: reference.clone() };
                let policy = self.rules.policy(reference).ok_or_else(missing)?;
                let same_name = reference.name == bound.policy.name;
                let later = policy.effective_from > self.policy.effective_from;
                let newer = if same_name { is_newer(reference, &bound.policy) } else { later };
                if !policy.applies_to_running || !newer {
                    return Err(not_newer(reference));
                }
                policy
            }
            None => self.policy,
        };
        let keeps_calendar = policy.is_some() && *calendar == bound.calendar;
        if !keeps_calendar && !is_newer(calendar, &bound.calendar) {
            return Err(not_newer(calendar));
        }
        let mut clocks = Vec::new();
        for clock in self.complaint.clocks.iter().filter(|clock| clock.is_open()) {
            let days = self.rules.working(calendar, new_policy, self.directory, clock.agency.as_ref());
            let days = days.ok_or_else(|| Rejection::MissingDocument { document: calendar.clone() })?;
            let limit = match (policy, clock.limit) {
                (None, limit) | (_, limit @ Limit::Promise(_)) => limit,
                (Some(_), _) => new_policy.limits.of(clock.kind, self.complaint.class()),
            };
            let moved = clock.with_limit(limit, days);
            if moved != *clock {
                clocks.push(moved);
            }
        }
        self.one(Fact::DeadlinesRecomputed { clocks, text: Some(text) })
    }

    fn verify(&self, accused: &[AgencyCode], classification: &Classification, public_interest: bool) -> Drafts {
        check_count("accused agencies", accused.len(), MOST_AGENCIES)?;
        if let Some(agency) = self.request.by.agency.as_ref().filter(|agency| accused.contains(agency)) {
            return Err(Rejection::Accused { agency: agency.clone() });
        }
        let mut clocks = self.stopped(&[ClockKind::Verification], self.now);
        clocks.extend(self.reclassified_clocks(classification));
        self.one(Fact::Verified {
            accused: accused.to_vec(),
            classification: classification.clone(),
            clocks,
            public_interest,
        })
    }

    fn reclassify(&self, to: &Classification, text: BoxDigest) -> Drafts {
        let from = self.complaint.classification.clone().ok_or(Rejection::NoChange)?;
        if from == *to {
            return Err(Rejection::NoChange);
        }
        let clocks = self.reclassified_clocks(to);
        self.one(Fact::Reclassified { clocks, from, text: Some(text), to: to.clone() })
    }

    /// The statutory due date derived anew from its old anchor; where that is past, it is missed at this moment.
    fn reclassified_clocks(&self, to: &Classification) -> Vec<Clock> {
        let mut clocks = Vec::new();
        if let Some(clock) = self.open_clock(ClockKind::Statutory) {
            let limit = self.policy.limits.statutory(to.class);
            if clock.limit != limit && !matches!(clock.limit, Limit::Promise(_)) {
                let mut moved = clock.with_limit(limit, self.days(None));
                if moved.is_overdue(self.now.at) {
                    moved.state = ClockState::Missed(self.now.at);
                    moved.agency = self.holder().cloned();
                }
                clocks.push(moved);
            }
        }
        clocks.extend(match to.priority {
            Priority::Emergency => self.emergency(to),
            Priority::Normal | Priority::Urgent => {
                self.open_clock(ClockKind::Emergency).and_then(|clock| self.ended(clock))
            }
        });
        clocks
    }

    /// The clock of an emergency that nobody has answered yet, running from where this cycle's first clock runs.
    fn emergency(&self, to: &Classification) -> Option<Clock> {
        let known = self.complaint.clock(ClockKind::Emergency);
        let has_run = known.is_some_and(|clock| clock.state != ClockState::Cancelled);
        if has_run || self.complaint.stage >= Stage::InProgress {
            return None;
        }
        // Windows of the cycle before may still be listed, cancelled: they began before this one did.
        let obligations = self.complaint.clocks.iter().filter(|clock| !clock.kind.is_window());
        let first = obligations.map(|clock| clock.anchor).min_by_key(|anchor| anchor.at);
        let limit = self.policy.limits.of(ClockKind::Emergency, to.class);
        let anchor = self.tenant_time(first.unwrap_or(self.now));
        Some(Clock::start(ClockKind::Emergency, anchor, limit, None, self.days(None)))
    }

    fn decline(&self, reason: DeclineReason, referred_to: Option<&AgencyCode>, text: Option<BoxDigest>) -> Drafts {
        if reason == DeclineReason::OutOfScope && referred_to.is_none() {
            return Err(Rejection::MustRefer);
        }
        self.closed(Closure::Declined { reason, referred_to: referred_to.cloned() }, text, self.now)
    }

    fn dispose(&self, to: &AgencyCode, cc: &[AgencyCode], text: Option<BoxDigest>) -> Drafts {
        check_count("agencies in copy", cc.len(), MOST_AGENCIES)?;
        for agency in cc.iter().chain([to]) {
            self.check_agency(agency)?;
        }
        if self.holder() == Some(to) {
            return Err(Rejection::AlreadyHolder { agency: to.clone() });
        }
        let max = self.policy.conduct.hops;
        if self.complaint.hops >= max && self.request.by.role != Role::Superior {
            return Err(Rejection::TooManyHops { max });
        }
        let clocks = [
            self.start_for_officers(ClockKind::FirstResponse, Some(to)),
            self.start(ClockKind::ReturnWindow, Some(to)),
        ];
        let fact = Fact::Dispositioned {
            cc: cc.to_vec(),
            clocks: self.before_new_holder(clocks),
            from: self.holder().cloned(),
            number: self.complaint.dispositions + 1,
            text,
            to: to.clone(),
        };
        self.one(fact)
    }

    /// The old holder's clocks end before the new holder's of the same kind start.
    fn before_new_holder(&self, new: [Clock; 2]) -> Vec<Clock> {
        let old = [ClockKind::FirstResponse, ClockKind::ReturnWindow];
        let mut clocks: Vec<Clock> =
            old.iter().filter_map(|kind| self.open_clock(*kind)).filter_map(|clock| self.ended(clock)).collect();
        clocks.extend(new);
        clocks
    }

    fn give_back(&self, disposition: u32, suggested: &AgencyCode, text: BoxDigest) -> Drafts {
        self.check_disposition(disposition)?;
        let holding = self.complaint.holding.as_ref().ok_or(Rejection::NotHolder { holder: None })?;
        if holding.has_answered {
            return Err(Rejection::AlreadyAnswered);
        }
        if holding.agency == *suggested {
            return Err(Rejection::AlreadyHolder { agency: suggested.clone() });
        }
        self.check_agency(suggested)?;
        let mut clocks = vec![self.inside_window(ClockKind::ReturnWindow)?];
        clocks.extend(self.open_clock(ClockKind::FirstResponse).and_then(|clock| self.ended(clock)));
        let from = holding.agency.clone();
        self.one(Fact::Returned { clocks, disposition, from, suggested: suggested.clone(), text: Some(text) })
    }

    fn respond(&self, disposition: u32, kind: ResponseKind, text: BoxDigest) -> Drafts {
        self.check_disposition(disposition)?;
        let is_final = matches!(kind, ResponseKind::Final(_));
        let by_superior = self.request.by.role == Role::Superior;
        if by_superior != (is_final && self.policy.conduct.final_needs_superior) {
            return Err(Rejection::NotAllowed { role: self.request.by.role, command: "Respond".into() });
        }
        let mut clocks = self.stopped(&[ClockKind::FirstResponse, ClockKind::Emergency], self.now);
        if is_final {
            clocks.extend(self.stopped(&[ClockKind::Statutory], self.now));
            clocks.extend(self.open_clock(ClockKind::ReturnWindow).and_then(Clock::cancel));
            clocks.extend(self.open_clock(ClockKind::ReplyWindow).and_then(Clock::cancel));
            clocks.push(self.start(ClockKind::ReplyWindow, self.holder()));
        }
        self.one(Fact::Responded { clocks, disposition, kind, text: Some(text) })
    }

    fn reply(&self, kind: ReplyKind, text: Option<BoxDigest>) -> Drafts {
        match (self.complaint.stage, kind) {
            (Stage::Closed, ReplyKind::Contest) => self.late_contest(text),
            // Nothing a complainant says is lost, even after the end.
            (Stage::Closed, _) => self.one(Fact::Annotated { note: Note::LateReply(kind), text }),
            (_, ReplyKind::Comment) => self.one(Fact::Replied { clocks: Vec::new(), kind, text }),
            // Until the silence is closed a reply counts, however late: closing is a fact, its due time is not.
            (Stage::Responded, _) => {
                let mut clocks = self.stopped(&[ClockKind::ReplyWindow], self.when);
                if kind == ReplyKind::Contest {
                    // The holder owes an answer again, and has as long as for the first.
                    clocks.push(self.start_for_officers(ClockKind::FirstResponse, self.holder()));
                }
                self.then_close_if_accepted(self.one(Fact::Replied { clocks, kind, text })?)
            }
            _ => Err(Rejection::NotAnswered),
        }
    }

    /// An accepted answer ends the complaint, unless a question is open: then it ends with the question.
    fn then_close_if_accepted(&self, mut drafts: Vec<Draft>) -> Drafts {
        let accepts = matches!(self.request.command, Command::Reply { kind: ReplyKind::Accept, .. });
        if !accepts && !self.complaint.accepted {
            return Ok(drafts);
        }
        let state = self.state_after(&drafts);
        let is_over = state.accepted && state.stage == Stage::Responded && state.question.is_none();
        if is_over && self.policy.conduct.accept_closes {
            let then = Case { complaint: &state, ..*self };
            drafts.extend(then.closed(then.resolution(Basis::Confirmed)?, None, self.when)?);
        }
        Ok(drafts)
    }

    /// Sent in time and delivered late: silence was no consent, and the complaint lives again. That is no new
    /// way for the complainant, so it is not bounded by the number of cycles.
    fn late_contest(&self, text: Option<BoxDigest>) -> Drafts {
        let window = self.complaint.clock(ClockKind::ReplyWindow);
        let in_time =
            window.is_some_and(|window| window.anchor.at <= self.when.at && !window.due.is_past(self.when.at));
        if !self.complaint.closed_by_time || !in_time {
            return Err(Rejection::WindowElapsed { clock: ClockKind::ReplyWindow });
        }
        let mut drafts = self.reopened(ReopenReason::LateDelivered, None, None)?;
        let replied = Fact::Replied { clocks: Vec::new(), kind: ReplyKind::Contest, text };
        drafts.extend(self.one(replied)?);
        Ok(drafts)
    }

    fn close(&self, text: Option<BoxDigest>) -> Drafts {
        if let Some(request) = self.complaint.question {
            return Err(Rejection::QuestionOpen { request });
        }
        match self.request.by.role {
            Role::Complainant => self.closed(self.resolution(Basis::Confirmed)?, text, self.when),
            Role::SystemClock => {
                if !self.policy.conduct.silence_closes {
                    return Err(Rejection::NotDue);
                }
                let due = self.past_due(ClockKind::ReplyWindow)?;
                // Who said something was not silent, though they neither accepted nor contested.
                let basis = if self.complaint.commented { Basis::Administrative } else { Basis::Silence };
                self.closed(self.resolution(basis)?, text, due)
            }
            role => {
                if role == Role::Liaison {
                    self.check_holder()?;
                }
                let basis = if self.complaint.accepted { Basis::Confirmed } else { Basis::Administrative };
                self.closed(self.resolution(basis)?, text, self.now)
            }
        }
    }

    fn resolution(&self, basis: Basis) -> Result<Closure, Rejection> {
        let answer = self.complaint.answer.as_ref().ok_or(Rejection::NotAnswered)?;
        Ok(Closure::Resolved { basis, outcome: answer.outcome })
    }

    /// Ends every clock, and starts those of the end. They run from the recording: nobody could know of it before.
    fn closed(&self, closure: Closure, text: Option<BoxDigest>, occurred_at: Moment) -> Drafts {
        let mut clocks = Vec::new();
        for clock in self.complaint.clocks.iter().filter(|clock| clock.is_open()) {
            clocks.extend(match clock.kind {
                // Declining is how an office finishes verifying.
                ClockKind::Verification => clock.stop(self.now.at, self.days(None)),
                _ => self.ended(clock),
            });
        }
        let windows = [ClockKind::RatingWindow, ClockKind::ReopenWindow, ClockKind::AppealWindow];
        clocks.extend(windows.map(|kind| self.start(kind, None)));
        self.one_at(Fact::Closed { clocks, closure, text }, occurred_at)
    }

    fn withdraw(&self, text: Option<BoxDigest>) -> Drafts {
        if self.complaint.public_interest || self.complaint.is_whistleblowers() {
            return self.one(Fact::Annotated { note: Note::WithdrawalNoted, text });
        }
        self.closed(Closure::Withdrawn, text, self.when)
    }

    fn mark_duplicate(&self, target: Option<&Target>) -> Drafts {
        let bad = |why: &str| Err(Rejection::BadTarget { why: why.into() });
        match target {
            None | Some(Target { exists: false, .. }) => bad("does not exist"),
            // What somebody may not see looks to them as if it did not exist.
            Some(Target { visibility: Visibility::Whistleblower, .. }) if self.request.by.role == Role::Admin => {
                bad("does not exist")
            }
            Some(Target { is_self: true, .. }) => bad("is, in the end, this complaint itself"),
            Some(Target { stage: Stage::Closed, .. }) => bad("is closed"),
            Some(Target { is_full: true, .. }) => bad("has as many events as notes may fill"),
            Some(target) if !target.visibility.is_at_least(self.complaint.visibility) => Err(Rejection::WouldExpose),
            Some(target) => self.closed(Closure::Duplicate { of: Some(target.root) }, None, self.now),
        }
    }

    fn escalate(&self, to: Level, trigger: &Trigger, text: Option<BoxDigest>) -> Drafts {
        let from = self.complaint.level;
        if to <= from {
            return Err(Rejection::LevelNotRising { from, to });
        }
        let role = self.request.by.role;
        if self.complaint.stage == Stage::Closed && (role != Role::Complainant || to != Level::OMBUDSMAN) {
            return Err(Rejection::WrongStage { command: "Escalate".into(), stage: Stage::Closed });
        }
        if to == Level::OMBUDSMAN && role != Role::Complainant {
            return Err(Rejection::NotAllowed { role, command: "Escalate".into() });
        }
        let escalated = |clocks| Fact::Escalated { clocks, from, text, to, trigger: trigger.clone() };
        match (role, trigger) {
            (Role::SystemClock, Trigger::Breach { clock, since }) => {
                let due = self.complaint.rungs_due(self.now.at, self.policy, |clock| self.days(clock.agency.as_ref()));
                let is_due = due.iter().any(|rung| (rung.level, rung.clock, rung.since) == (to, *clock, *since));
                if !is_due {
                    return Err(Rejection::NotDue);
                }
                self.one_at(escalated(Vec::new()), Moment { at: *since, ..self.tenant_time(self.now) })
            }
            (Role::Complainant, Trigger::ByRight) => self.one(escalated(self.right_to_escalate(to)?)),
            (Role::Superior | Role::CentralMonitor, Trigger::ByHand) => self.one(escalated(Vec::new())),
            _ => Err(Rejection::NoGrounds),
        }
    }

    /// The complainant's right, with the window it is used in: a clock was missed; to the Ombudsman a statutory
    /// miss, a contest, or a poor rating.
    fn right_to_escalate(&self, to: Level) -> Result<Vec<Clock>, Rejection> {
        let complaint = self.complaint;
        let missed = |clock: &Clock| clock.is_overdue(self.now.at) || matches!(clock.state, ClockState::Missed(_));
        let obligations = || complaint.clocks.iter().filter(|clock| !clock.kind.is_window());
        let poor = complaint.rating().is_some_and(|score| score.stars() <= self.policy.conduct.poor_score);
        let disputed = complaint.contested || poor;
        let has_grounds = match (complaint.stage, to == Level::OMBUDSMAN) {
            (Stage::Closed, _) => disputed,
            (_, true) => disputed || obligations().any(|clock| clock.kind == ClockKind::Statutory && missed(clock)),
            (_, false) => obligations().any(missed),
        };
        match (has_grounds, complaint.stage) {
            (false, _) => Err(Rejection::NoGrounds),
            (true, Stage::Closed) => Ok(vec![self.inside_window(ClockKind::AppealWindow)?]),
            (true, _) => Ok(Vec::new()),
        }
    }

    fn extend(&self, kind: ClockKind, days: u32, text: BoxDigest) -> Drafts {
        if self.request.by.agency.is_some() {
            self.check_holder()?;
        }
        let is_ours = |clock: &&Clock| !kind.is_window() && !matches!(clock.limit, Limit::Promise(_));
        let clock = self.open_clock(kind).filter(is_ours).filter(|clock| clock.state == ClockState::Running);
        let clock = clock.ok_or(Rejection::ClockNotRunning { clock: kind })?;
        if clock.is_overdue(self.now.at) {
            return Err(Rejection::AlreadyPastDue { clock: kind });
        }
        let max = self.policy.conduct.extension;
        if days == 0 {
            return Err(Rejection::NoChange);
        }
        if clock.extended.saturating_add(days) > max {
            return Err(Rejection::ExtensionTooLong { max });
        }
        let clocks = vec![clock.extend(days, self.days(clock.agency.as_ref()))];
        self.one(Fact::Extended { clocks, days, kind, text: Some(text) })
    }

    fn reopen(&self, reason: ReopenReason, text: Option<BoxDigest>) -> Drafts {
        if reason == ReopenReason::LateDelivered {
            return Err(Rejection::NotByHand);
        }
        if self.request.by.role == Role::Complainant {
            let max = self.policy.conduct.cycles;
            if self.complaint.cycle >= max {
                return Err(Rejection::CyclesExhausted { max });
            }
            return self.reopened(reason, text, Some(self.inside_window(ClockKind::ReopenWindow)?));
        }
        self.reopened(reason, text, None)
    }

    fn reopened(&self, reason: ReopenReason, text: Option<BoxDigest>, used: Option<Clock>) -> Drafts {
        let unused =
            self.complaint.clocks.iter().filter(|clock| used.as_ref().is_none_or(|used| used.kind != clock.kind));
        let mut clocks: Vec<Clock> = unused.filter_map(Clock::cancel).collect();
        clocks.extend(used.clone());
        clocks.push(self.start(ClockKind::Statutory, None));
        match &self.complaint.classification {
            None => clocks.push(self.start(ClockKind::Verification, None)),
            Some(Classification { priority: Priority::Emergency, .. }) => {
                clocks.push(self.start(ClockKind::Emergency, None));
            }
            Some(_) => {}
        }
        self.one(Fact::Reopened { clocks, cycle: self.complaint.cycle + 1, reason, text })
    }

    fn change_visibility(&self, to: Visibility) -> Drafts {
        let from = self.complaint.visibility;
        if from == to {
            return Err(Rejection::NoChange);
        }
        if self.request.by.role != Role::Complainant && !to.is_at_least(from) {
            return Err(Rejection::WouldLoosen);
        }
        self.one(Fact::VisibilityChanged { from, to })
    }

    fn annotate(&self, note: &Note, text: Option<BoxDigest>) -> Drafts {
        match note {
            Note::Remark | Note::LegalHold { .. } => {}
            Note::Correction { of } if (1..=self.complaint.version).contains(of) => {}
            Note::Correction { .. } => {
                return Err(Rejection::Invalid { what: "correction".into(), why: "names no event".into() });
            }
            _ => return Err(Rejection::NotByHand),
        }
        self.one(Fact::Annotated { note: note.clone(), text })
    }

    /// That the ledger goes on behind `kept` is for the shell to see to: the rules see one complaint at a time.
    fn admit_loss(&self, kept: u64, line: u32, lost: u64, root: Digest) -> Drafts {
        if self.complaint.admits_loss {
            return Err(Rejection::NoChange);
        }
        check_integer("positions", lost)?;
        if !(2..=MOST_LINES).contains(&line) {
            let why = format!("must be one from 2 to {MOST_LINES}");
            return Err(Rejection::Invalid { what: "line".into(), why });
        }
        if lost <= kept {
            return Err(Rejection::Invalid {
                what: "loss".into(),
                why: "is none: as much was kept as was signed".into(),
            });
        }
        self.one(Fact::Forked { kept, line, lost, root })
    }

    /// Steps that are recorded already add nothing, so that a longer history of the same row can be brought in later.
    fn import(&self, import: &Import<BoxDigest>) -> Drafts {
        if self.complaint.is_native {
            return Err(Rejection::NotImportable);
        }
        check_count("steps", import.steps.len(), MOST_STEPS)?;
        check_integer("rows", import.row)?;
        let mut known = self.complaint.imported.clone();
        let mut state = self.complaint.clone();
        let mut last = DateTime::<Utc>::MIN_UTC;
        let mut drafts = Vec::new();
        for (number, step) in (1..).zip(&import.steps) {
            let refuse = |why: &str| {
                let fact = step.step.fact_name().to_owned();
                Err(Rejection::StepOutOfOrder { step: number, fact, why: why.into() })
            };
            let at = Moment::new(step.occurred_at.at, step.occurred_at.zone)?.at;
            if at < last {
                return refuse("it happened before the step in front of it");
            }
            last = at;
            if at > self.now.at {
                return refuse("it has not happened yet");
            }
            let is_known = |known: &super::ImportedStep| {
                known.fact == step.step.fact_name() && known.micros == at.timestamp_micros()
            };
            if let Some(found) = known.iter().position(is_known) {
                known.remove(found);
                continue;
            }
            let fact = match self.imported_fact(&state, step)? {
                Ok(fact) => fact,
                Err(why) => return refuse(why),
            };
            let provenance = Provenance::Imported {
                batch: import.batch.clone(),
                inferred: step.inferred,
                row: import.row,
                source: import.source.clone(),
            };
            let draft = Draft { fact, occurred_at: Moment { at, ..step.occurred_at }, provenance };
            state.evolve(&self.event(draft.clone(), Part { number: 1, of: 1 }, Salt::default()));
            drafts.push(draft);
        }
        Ok(drafts)
    }

    /// The fact of a step, or why it does not follow from what came before.
    fn imported_fact(
        &self,
        state: &Complaint,
        step: &ImportStep<BoxDigest>,
    ) -> Result<Result<Fact, &'static str>, Rejection> {
        let at = Moment::new(step.occurred_at.at, step.occurred_at.zone)?;
        let stage = state.stage;
        let lawful = |range: std::ops::RangeInclusive<Stage>, fact: Fact| {
            Ok(if range.contains(&stage) { Ok(fact) } else { Err("the complaint does not stand there") })
        };
        match &step.step {
            Step::Receive { complaint, due } => {
                let due = due.map(|due| Moment::new(due.at, due.zone)).transpose()?;
                let promise = due.map(|due| {
                    let limit = Limit::Promise(due.at);
                    Clock::start(ClockKind::Statutory, at, limit, None, self.days(None))
                });
                let fact = self.received(complaint, promise.into_iter().collect())?;
                lawful(Stage::New..=Stage::New, fact)
            }
            Step::Verify { classification } => lawful(Stage::Received..=Stage::Received, {
                let classification = classification.clone();
                Fact::Verified { accused: Vec::new(), classification, clocks: Vec::new(), public_interest: false }
            }),
            Step::Dispose { to } => {
                let from = state.holding.as_ref().map(|holding| holding.agency.clone());
                let number = state.dispositions + 1;
                let (cc, clocks, to) = (Vec::new(), Vec::new(), to.clone());
                lawful(
                    Stage::Verified..=Stage::InProgress,
                    Fact::Dispositioned { cc, clocks, from, number, text: None, to },
                )
            }
            Step::Respond { outcome, text } => {
                let (disposition, kind) = (state.dispositions, ResponseKind::Final(*outcome));
                let fact = Fact::Responded { clocks: Vec::new(), disposition, kind, text: *text };
                lawful(Stage::Verified..=Stage::Responded, fact)
            }
            Step::Close { closure, text } => {
                let from = match closure {
                    Closure::Resolved { .. } => Stage::Responded..=Stage::Responded,
                    _ => Stage::Received..=Stage::Responded,
                };
                // A promise of the source is judged by its close, whatever the closure.
                let stopped = state.clock(ClockKind::Statutory).and_then(|clock| clock.stop(at.at, self.days(None)));
                let holder = state.holding.as_ref().map(|holding| holding.agency.clone());
                let clocks = stopped.map(|clock| Clock { agency: holder, ..clock }).into_iter().collect();
                lawful(from, Fact::Closed { clocks, closure: closure.clone(), text: *text })
            }
            Step::Rate { .. } if state.rating().is_some() => Ok(Err("this cycle is rated already")),
            Step::Rate { score } => {
                let fact = Fact::Rated { clocks: Vec::new(), cycle: state.cycle, score: *score, text: None };
                lawful(Stage::Closed..=Stage::Closed, fact)
            }
            Step::Note { kind, text } => {
                let note = Note::Source { kind: kind.clone() };
                lawful(Stage::Received..=Stage::Closed, Fact::Annotated { note, text: *text })
            }
        }
    }

    fn check_question(&self, request: u32) -> Result<(), Rejection> {
        if self.complaint.question == Some(request) { Ok(()) } else { Err(Rejection::NoSuchQuestion { request }) }
    }

    /// A stale number is told before a wrong holder: whoever lost it seconds ago learns why.
    fn check_disposition(&self, quoted: u32) -> Result<(), Rejection> {
        let current = self.complaint.holding.as_ref().map(|holding| holding.number);
        if current != Some(quoted) {
            return Err(Rejection::StaleDisposition { quoted, current });
        }
        self.check_holder()
    }

    fn check_holder(&self) -> Result<(), Rejection> {
        let holder = self.holder();
        if holder.is_some() && holder == self.request.by.agency.as_ref() {
            Ok(())
        } else {
            Err(Rejection::NotHolder { holder: holder.cloned() })
        }
    }

    fn check_agency(&self, agency: &AgencyCode) -> Result<(), Rejection> {
        if self.complaint.accused.contains(agency) {
            return Err(Rejection::Accused { agency: agency.clone() });
        }
        if self.directory.active(agency, self.now.date()).is_none() {
            let successor = self.directory.agency(agency).and_then(|known| known.successor.clone());
            return Err(Rejection::NoSuchAgency { agency: agency.clone(), successor });
        }
        Ok(())
    }

    fn holder(&self) -> Option<&'a AgencyCode> {
        self.complaint.holding.as_ref().map(|holding| &holding.agency)
    }

    fn days(&self, agency: Option<&AgencyCode>) -> &'a WorkingCalendar {
        self.rules
            .working(self.calendar, self.policy, self.directory, agency)
            .expect("opening the case checked that the calendar is at hand, and all its units are resolved")
    }

    fn open_clock(&self, kind: ClockKind) -> Option<&'a Clock> {
        self.complaint.clock(kind).filter(|clock| clock.is_open())
    }

    /// Before a disposition the tenant's zone counts.
    fn tenant_time(&self, moment: Moment) -> Moment {
        moment.in_zone(self.policy.zone)
    }

    /// Starts a clock now, in the zone of the agency that answers for it.
    fn start(&self, kind: ClockKind, agency: Option<&AgencyCode>) -> Clock {
        let zone = agency.and_then(|code| self.directory.agency(code)).map_or(self.policy.zone, |known| known.zone);
        let limit = self.policy.limits.of(kind, self.complaint.class());
        Clock::start(kind, self.now.in_zone(zone), limit, agency.cloned(), self.days(agency))
    }

    /// The same, waiting at once where a question to the complainant is open.
    fn start_for_officers(&self, kind: ClockKind, agency: Option<&AgencyCode>) -> Clock {
        let started = self.start(kind, agency);
        let waits = self.complaint.question.and_then(|_| started.pause(self.now.at));
        waits.unwrap_or(started)
    }

    /// Stops those of the kinds that are open. A verdict belongs to who holds the complaint then.
    fn stopped(&self, kinds: &[ClockKind], at: Moment) -> Vec<Clock> {
        let open = kinds.iter().filter_map(|kind| self.open_clock(*kind));
        open.filter_map(|clock| {
            let stopped = clock.stop(at.at, self.days(clock.agency.as_ref()))?;
            let agency = stopped.agency.clone().or_else(|| self.holder().cloned());
            Some(Clock { agency, ..stopped })
        })
        .collect()
    }

    /// Ends a clock that was not answered: cancelled if it was in time, missed if it was late already.
    /// What somebody only might have done is never missed; a question that was not answered is.
    fn ended(&self, clock: &Clock) -> Option<Clock> {
        if !clock.kind.is_owed() || !clock.is_overdue(self.now.at) {
            return clock.cancel();
        }
        let agency = clock.agency.clone().or_else(|| self.holder().cloned());
        clock.stop(self.now.at, self.days(clock.agency.as_ref())).map(|stopped| Clock { agency, ..stopped })
    }

    /// The window, met, if the act is recorded inside it: what a request says of its own time opens no window.
    fn inside_window(&self, kind: ClockKind) -> Result<Clock, Rejection> {
        let elapsed = Rejection::WindowElapsed { clock: kind };
        let window = self.open_clock(kind).filter(|window| !window.due.is_past(self.now.at)).ok_or(elapsed.clone())?;
        window.stop(self.now.at, self.days(window.agency.as_ref())).ok_or(elapsed)
    }

    /// When a clock that is past due truly fell due.
    fn past_due(&self, kind: ClockKind) -> Result<Moment, Rejection> {
        let clock = self.open_clock(kind).filter(|clock| clock.is_overdue(self.now.at)).ok_or(Rejection::NotDue)?;
        Ok(Moment { at: clock.due.instant(), zone: clock.anchor.zone })
    }

    /// The complaint as it will be: for a command that causes two facts.
    fn state_after(&self, drafts: &[Draft]) -> Complaint {
        let mut complaint = self.complaint.clone();
        for draft in drafts {
            complaint.evolve(&self.event(draft.clone(), Part { number: 1, of: 1 }, Salt::default()));
        }
        complaint
    }

    fn one(&self, fact: Fact) -> Drafts {
        self.one_at(fact, self.when)
    }

    fn one_at(&self, fact: Fact, occurred_at: Moment) -> Drafts {
        Ok(vec![Draft { fact, occurred_at, provenance: Provenance::Native }])
    }

    fn record(&self, drafts: Vec<Draft>) -> Vec<Event> {
        let of = drafts.len() as u32;
        let numbered = drafts.into_iter().zip(1..);
        numbered.map(|(draft, number)| self.event(draft, Part { number, of }, self.salt(number))).collect()
    }

    fn salt(&self, number: u32) -> Salt {
        let digest = Digest::of_parts("aduan/salt/v1\n", &[&self.request.seed, &number.to_be_bytes()]);
        Salt(digest.0[..16].try_into().expect("a digest has 32 bytes"))
    }

    fn event(&self, draft: Draft, part: Part, salt: Salt) -> Event {
        let by = &self.request.by;
        let (mut policy, mut calendar) = (&self.policy.reference, self.calendar);
        if let (Fact::DeadlinesRecomputed { .. }, Command::Recompute { calendar: new, policy: newer, .. }) =
            (&draft.fact, &self.request.command)
        {
            calendar = new;
            policy = newer.as_ref().unwrap_or(policy);
        }
        Event {
            context: Context {
                agency: by.agency.clone(),
                calendar: calendar.clone(),
                causation: self.request.causation,
                command: self.request.id,
                correlation: self.request.correlation,
                directory: self.directory.reference.clone(),
                key: self.request.marks.key.filter(|_| matches!(draft.fact, Fact::Received(_))),
                mac: self.request.marks.mac,
                on_behalf: self.request.on_behalf.clone(),
                part,
                person: by.person.clone(),
                policy: policy.clone(),
                recorded_at: self.now.at,
                role: by.role,
                salt,
            },
            fact: draft.fact,
            occurred_at: draft.occurred_at,
            provenance: draft.provenance,
        }
    }
}

/// The local day a complaint came in, as the tenant counts: the day whose policy and calendar bind it. What a
/// complainant says of their own time moves it no more than it moves the offices' clocks.
fn day_of_receipt(request: &SealedRequest, now: Moment, when: Moment, rules: &Rules) -> NaiveDate {
    let received = match &request.command {
        Command::Import(import) => import.steps.first().map_or(now, |step| step.occurred_at),
        _ if request.by.role == Role::Complainant => now,
        _ => when,
    };
    rules.policy_on(received.date()).zone.date(received.at)
}

fn check_attachments(attachments: &[Attachment]) -> Result<(), Rejection> {
    check_count("attachments", attachments.len(), MOST_ATTACHMENTS)?;
    attachments.iter().try_for_each(|attachment| check_integer("bytes of an attachment", attachment.bytes))
}

/// What every reader of JSON can hold.
fn check_integer(what: &str, count: u64) -> Result<(), Rejection> {
    const MOST: u64 = (1 << 53) - 1;
    if count <= MOST { Ok(()) } else { Err(Rejection::TooMuch { what: what.into(), max: MOST }) }
}

fn check_count(what: &str, count: usize, max: usize) -> Result<(), Rejection> {
    if count <= max { Ok(()) } else { Err(Rejection::TooMuch { what: what.into(), max: max as u64 }) }
}

/// What may be said without end, and moves nothing.
fn is_beside_the_course(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Annotated { .. } | Fact::Replied { kind: ReplyKind::Comment, .. } | Fact::VisibilityChanged { .. }
    )
}

/// How many lines of checkpoints a ledger may come to: one that loses its end more often has other troubles.
pub const MOST_LINES: u32 = 100;
/// Bounds of one complaint and of what may come in with one command.
pub(super) const MOST_EVENTS: u64 = 10_000;
/// What notes and comments leave free, so that no flood of them keeps an office from answering and closing.
pub(super) const RESERVE: u64 = 500;
const MOST_ATTACHMENTS: usize = 10;
const MOST_AGENCIES: usize = 20;
const MOST_STEPS: usize = 1_000;
