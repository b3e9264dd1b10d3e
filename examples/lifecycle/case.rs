//! One complaint as the people around it live it: whoever learns that something happened notes what to do next.
//!
//! Nobody here knows the rules. They ask for what people in their place would ask for, sometimes too late or of the
//! wrong agency, and the engine says what becomes of it.

use std::collections::BTreeMap;
use std::ops::Range;

use aduan::actor::{Actor, Role};
use aduan::calendar::WorkingCalendar;
use aduan::clock::{ClockKind, Limit};
use aduan::command::{ClearRequest, Command, Receive};
use aduan::complaint::{Complaint, Holding, Rejection, Stage};
use aduan::engine::{Engine, Error};
use aduan::event::{
    Class, Classification, Closure, DeclineReason, Fact, Level, Outcome, Priority, ReopenReason, ReplyKind,
    ResponseKind, Trigger,
};
use aduan::rules::Rules;
use aduan::sealed::Clear;
use aduan::values::{
    AgencyCode, Area, Category, Channel, CommandId, ComplaintId, Coordinates, InvalidValue, Moment, PersonRef, Score,
    Visibility, WIB,
};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use fastrand::Rng;

use crate::citizens::{Draft, pick, weighted};

/// A complaint, and what everybody means to do about it.
pub(crate) struct Case {
    /// Known once it was received.
    pub(crate) complaint: Option<ComplaintId>,
    /// An earlier complaint about the same thing, once that was received.
    pub(crate) twin: Option<ComplaintId>,
    draft: Draft,
    agency: AgencyCode,
    wrong_agency: AgencyCode,
    complainant: Actor,
    is_emergency: bool,
    /// A contest that was sent in time, and is still on its way.
    letter: Option<Moment>,
    diary: BTreeMap<(DateTime<Utc>, u32), Errand>,
    planned: u32,
    rng: Rng,
}

/// What somebody means to ask for, at a time in the diary.
struct Errand {
    by: Actor,
    occurred_at: Option<Moment>,
    on_behalf: Option<PersonRef>,
    command: Command<Clear>,
}

/// The time it is, and the calendar and limits people count with.
#[derive(Clone, Copy)]
pub(crate) struct Now<'a> {
    pub(crate) at: Moment,
    pub(crate) rules: &'a Rules,
}

/// What came of a stretch of life.
#[derive(Default)]
pub(crate) struct Lived {
    /// Requests that took effect.
    pub(crate) done: u64,
    /// Requests that were refused, by command.
    pub(crate) refused: Vec<(&'static str, Rejection)>,
}

impl Case {
    /// A case that begins when somebody brings the draft in.
    pub(crate) fn new(number: usize, draft: Draft, at: Moment, mut rng: Rng) -> Result<Self, InvalidValue> {
        let account = PersonRef::new(&format!("warga-{number:06}"))?;
        let is_emergency = draft.class == Class::Complaint && rng.u32(..100) == 0;
        let mut case = Case {
            complaint: None,
            twin: None,
            agency: AgencyCode::new(draft.agency)?,
            wrong_agency: AgencyCode::new(draft.wrong_agency)?,
            complainant: Actor::complainant(account.clone()),
            is_emergency,
            letter: None,
            diary: BTreeMap::new(),
            planned: 0,
            rng,
            draft,
        };
        let mut errand = Errand {
            by: Actor::new(Role::Intake),
            occurred_at: None,
            on_behalf: None,
            command: Command::Receive(Box::new(case.receive()?)),
        };
        if case.has_account() {
            errand.by = case.complainant.clone();
        } else if case.draft.channel == "field-visit" {
            // The mayor listens in the kampung; the office writes it down some hours later.
            let heard = at.at - TimeDelta::minutes(case.rng.i64(60..1_800));
            errand.occurred_at = Some(Moment { at: heard, ..at });
            errand.on_behalf = Some(account);
        } else if case.draft.channel_reference.is_some() && case.one_in(100) {
            // A channel that got no receipt in time delivers the message again.
            let again = Moment { at: at.at + TimeDelta::minutes(case.rng.i64(1..60)), ..at };
            case.order(again, errand.by.clone(), errand.command.clone());
        }
        case.plan(at, errand);
        Ok(case)
    }

    /// When somebody next has something to do.
    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.diary.first_key_value().map(|((at, _), _)| *at)
    }

    /// Does what the diary says before `until`, one thing after the other, whatever else the city does meanwhile.
    ///
    /// What touches another complaint too waits until it may be done `alone`, so that a seed always gives the same year.
    pub(crate) async fn live(&mut self, engine: &Engine, until: DateTime<Utc>, alone: bool) -> Result<Lived, Error> {
        let mut lived = Lived::default();
        while let Some(entry) = self.diary.first_entry() {
            let at = entry.key().0;
            if at >= until || !alone && matches!(entry.get().command, Command::MarkDuplicate { .. }) {
                break;
            }
            let errand = entry.remove();
            let name = errand.command.name();
            // Others have lived until then already: whoever acts alone comes last.
            let at = if alone { until } else { at };
            let request = self.request(Moment { at, zone: WIB }, errand);
            let now = Now { at: request.at, rules: &engine.rules() };
            let outcome = match self.complaint {
                Some(complaint) => engine.handle(complaint, request).await,
                None => engine.receive(request).await,
            };
            match outcome {
                Ok(receipt) => {
                    lived.done += 1;
                    self.complaint = Some(receipt.complaint);
                    if let Some(secret) = receipt.tracking.and_then(|tracking| tracking.secret)
                        && !self.has_account()
                    {
                        self.complainant = Actor::with_secret(secret);
                    }
                    let state = engine.complaint(receipt.complaint).await?.unwrap_or_default();
                    receipt.events.iter().for_each(|event| self.hear(now, &event.fact, &state));
                }
                Err(Error::Rejected(rejection)) => {
                    if let Some(complaint) = self.complaint {
                        let state = engine.complaint(complaint).await?.unwrap_or_default();
                        self.hear_refusal(now, &rejection, &state);
                    }
                    lived.refused.push((name, rejection));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(lived)
    }

    /// The clock did something to it: closed it in silence, dropped a question, took it up the ladder.
    pub(crate) fn hear_clock(&mut self, now: Now<'_>, did: &str, state: &Complaint) {
        match (did, &state.closure) {
            ("Closed", Some(closure)) => self.closed(now, closure, state),
            ("InfoLapsed", None) => self.carry_on(now, state),
            ("Escalated", None) => self.pushed(now, state),
            _ => {}
        }
    }

    /// Somebody asks this at once.
    pub(crate) fn order(&mut self, at: Moment, by: Actor, command: Command<Clear>) {
        self.plan(at, Errand { by, occurred_at: None, on_behalf: None, command });
    }

    /// Something happened, and whoever it concerns notes what to do next.
    fn hear(&mut self, now: Now<'_>, fact: &Fact, state: &Complaint) {
        match fact {
            Fact::Received(_) => self.received(now, state),
            Fact::InfoRequested { request, .. } => self.asked(now, *request),
            Fact::Verified { .. } => self.verified(now, state),
            Fact::InfoProvided { .. } | Fact::Reopened { .. } => self.carry_on(now, state),
            Fact::Returned { suggested, .. } => self.dispose(now, state, suggested.clone(), 40..500),
            Fact::Dispositioned { to, .. } if *to != self.agency => self.misdirected(now, state),
            Fact::Dispositioned { .. } => self.work(now, state),
            Fact::Responded { kind: ResponseKind::Interim, .. } => self.answer_for_good(now, state),
            Fact::Responded { kind: ResponseKind::Final(_), .. } => self.answered(now, state),
            Fact::Replied { kind: ReplyKind::Contest, .. } => self.contested(now, state),
            Fact::Closed { closure, .. } => self.closed(now, closure, state),
            Fact::Rated { score, .. } if score.stars() <= 2 && self.one_in(6) => self.appeal(now),
            _ => {}
        }
    }

    fn hear_refusal(&mut self, now: Now<'_>, rejection: &Rejection, state: &Complaint) {
        match rejection {
            // Too late to give it back: the administrators pass it on themselves.
            Rejection::WindowElapsed { clock: ClockKind::ReturnWindow } => {
                self.dispose(now, state, self.agency.clone(), 60..400);
            }
            // What it was to be joined to is over, or less secret: it stands for itself.
            Rejection::BadTarget { .. } | Rejection::WouldExpose => self.carry_on(now, state),
            _ => {}
        }
    }

    fn received(&mut self, now: Now<'_>, state: &Complaint) {
        let minutes = match self.rng.u32(..100) {
            _ if self.is_emergency => 3..40,
            0..82 => 20..400,
            _ => 400..1_500,
        };
        let command = match (self.rng.u32(..1_000), self.twin) {
            (_, Some(of)) => Command::MarkDuplicate { of, target: None },
            (0..45, _) => self.decline(),
            (45..95, _) => Command::RequestInfo { text: said(&self.draft.question) },
            _ => self.verify(state),
        };
        self.administer(now, state, minutes, command);
        match self.rng.u32(..1_000) {
            0..12 => {
                let text = Some(said(pick(&mut self.rng, WITHDRAWALS)));
                self.citizen(now, 0.5..8.0, Command::Withdraw { text });
            }
            12..22 => {
                let to = state.visibility.join(Visibility::AnonymousSecret);
                self.citizen(now, 0.1..20.0, Command::ChangeVisibility { to });
            }
            22..60 if state.visibility != Visibility::Public => {
                let command = Command::ChangeVisibility { to: Visibility::Public };
                if self.one_in(3) {
                    // An officer who means well: only the complainant may make it more visible.
                    self.administer(now, state, 400..900, command);
                } else {
                    self.citizen(now, 0.1..20.0, command);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, now: Now<'_>, request: u32) {
        let answer = Command::ProvideInfo { attachments: Vec::new(), request, text: said(&self.draft.reply) };
        match self.rng.u32(..100) {
            0..74 => self.citizen(now, 0.1..7.0, answer),
            74..80 => self.citizen(now, 14.0..26.0, answer),
            _ => {}
        }
    }

    fn verified(&mut self, now: Now<'_>, state: &Complaint) {
        let to = if state.visibility != Visibility::Whistleblower && self.rng.u32(..100) < 13 {
            self.wrong_agency.clone()
        } else {
            self.agency.clone()
        };
        let minutes = if self.is_emergency { 3..20 } else { 15..350 };
        self.dispose(now, state, to, minutes);
        if self.rng.u32(..100) < 2
            && let Some(from) = &state.classification
        {
            let class = if from.class == Class::Complaint { Class::Aspiration } else { Class::Complaint };
            let to = Classification { class, ..from.clone() };
            let text = said("Setelah ditelaah bersama dinas.");
            self.administer(now, state, 400..2_500, Command::Reclassify { text, to });
        }
    }

    fn dispose(&mut self, now: Now<'_>, state: &Complaint, to: AgencyCode, minutes: Range<u32>) {
        let text = Some(said("Mohon ditindaklanjuti dan dilaporkan hasilnya."));
        self.administer(now, state, minutes, Command::Dispose { cc: Vec::new(), text, to });
    }

    /// An agency sees that it is not competent; sometimes the administrators see it at the same time.
    fn misdirected(&mut self, now: Now<'_>, state: &Complaint) {
        let Some(holding) = &state.holding else { return };
        let minutes = 60..1_150;
        if self.rng.u32(..100) < 75 {
            let (suggested, text) = (self.agency.clone(), said("Bukan kewenangan kami."));
            let give_back = Command::Return { disposition: holding.number, suggested, text };
            self.act(now, Role::Liaison, holding, minutes, give_back);
        } else {
            self.act(now, Role::Operator, holding, minutes.clone(), interim(holding));
            self.dispose(now, state, self.agency.clone(), minutes);
        }
    }

    /// Whatever stopped it is over: it goes on from where it stands.
    fn carry_on(&mut self, now: Now<'_>, state: &Complaint) {
        match state.stage {
            Stage::Received => {
                let verify = self.verify(state);
                self.administer(now, state, 20..400, verify);
            }
            Stage::Verified => self.dispose(now, state, self.agency.clone(), 20..300),
            Stage::Dispositioned | Stage::InProgress => self.work(now, state),
            _ => {}
        }
    }

    fn work(&mut self, now: Now<'_>, state: &Complaint) {
        let Some(holding) = &state.holding else { return };
        match self.rng.u32(..100) {
            _ if self.is_emergency => self.act(now, Role::Operator, holding, 5..60, interim(holding)),
            0..6 => {
                let question = Command::RequestInfo { text: said(&self.draft.question) };
                self.act(now, Role::Operator, holding, 60..700, question);
            }
            6..71 => self.act(now, Role::Operator, holding, 60..1_250, interim(holding)),
            71..76 => self.act(now, Role::Operator, holding, 1_400..3_200, interim(holding)),
            76..97 => self.answer_for_good(now, state),
            // It lies in a drawer, until somebody above asks for it.
            _ => {}
        }
    }

    /// Mostly well within the limit of its class, sometimes just about, sometimes far too late, rarely never.
    fn answer_for_good(&mut self, now: Now<'_>, state: &Complaint) {
        let Some(holding) = &state.holding else { return };
        let limit = match now.rules.policy_on(now.at.date()).limits.statutory(state.class()) {
            Limit::WorkingDays(days) => days * OFFICE_DAY,
            _ => 10 * OFFICE_DAY,
        };
        let percent = match self.rng.u32(..1_000) {
            0..880 => 4..50,
            880..940 => 50..90,
            940..988 => 90..220,
            _ => return,
        };
        let minutes = limit * percent.start / 100..limit * percent.end / 100;
        if percent.end > 100 && self.one_in(3) {
            // The head of the agency sees it coming.
            let text = said("Pekerjaan fisik menunggu pengadaan bahan.");
            let extend = Command::Extend { days: 5, kind: ClockKind::Statutory, text };
            self.act(now, Role::Superior, holding, limit / 10..limit * 2 / 5, extend);
        }
        let outcome = match (state.class(), self.rng.u32(..100)) {
            (Class::Information, _) => Outcome::InformationGiven,
            (_, 0..62) => Outcome::Resolved,
            (_, 62..76) => Outcome::PartlyResolved,
            (_, 76..90) => Outcome::ExplainedNoAction,
            (_, 90..94) => Outcome::Unfounded,
            _ => Outcome::ForwardedExternal,
        };
        self.act(now, Role::Liaison, holding, minutes, self.answer(holding, outcome));
    }

    fn answered(&mut self, now: Now<'_>, state: &Complaint) {
        let thanks = Some(said(&self.draft.thanks));
        let protest = Some(said(&self.draft.protest));
        match self.rng.u32(..1_000) {
            0..350 => self.citizen(now, 0.05..9.0, Command::Reply { kind: ReplyKind::Accept, text: thanks }),
            350..370 => self.citizen(now, 0.05..9.0, Command::Close { text: thanks }),
            370..435 => self.citizen(now, 0.05..9.0, Command::Reply { kind: ReplyKind::Contest, text: protest }),
            435..450 => self.citizen(now, 17.0..30.0, Command::Reply { kind: ReplyKind::Contest, text: protest }),
            450..485 => self.citizen(now, 0.05..20.0, Command::Reply { kind: ReplyKind::Comment, text: thanks }),
            485..492 => {
                // Written before the window closed, and delivered after.
                let due = state.clock(ClockKind::ReplyWindow).map(|window| window.due.instant());
                self.letter = due.map(|due| Moment { at: due - TimeDelta::hours(9), ..now.at });
            }
            492..540 => {
                let Some(holding) = &state.holding else { return };
                self.act(now, Role::Liaison, holding, 500..3_500, Command::Close { text: None });
            }
            540..550 => self.answer_for_good(now, state),
            _ => {}
        }
    }

    fn contested(&mut self, now: Now<'_>, state: &Complaint) {
        if state.stage == Stage::InProgress {
            self.answer_for_good(now, state);
        }
        if self.one_in(30) {
            self.appeal(now);
        }
    }

    fn closed(&mut self, now: Now<'_>, closure: &Closure, state: &Complaint) {
        if let Some(sent) = self.letter.take_if(|_| state.closed_by_time) {
            let minutes = self.rng.i64(300..3_000);
            let at = Moment { at: now.at.at + TimeDelta::minutes(minutes), ..now.at };
            let contest = Command::Reply { kind: ReplyKind::Contest, text: Some(said(&self.draft.protest)) };
            let (by, on_behalf) = (self.complainant.clone(), None);
            self.plan(at, Errand { by, occurred_at: Some(sent), on_behalf, command: contest });
            return;
        }
        let reopen = |reason, text: &str| Command::Reopen { reason, text: Some(said(text)) };
        match closure {
            Closure::Resolved { .. } if self.rng.u32(..1_000) < 25 => {
                let reason = pick(&mut self.rng, &[ReopenReason::NotResolved, ReopenReason::Recurred]);
                self.citizen(now, 0.5..16.0, reopen(reason, &self.draft.protest));
            }
            Closure::Declined { .. } if self.one_in(25) => {
                self.citizen(now, 0.5..10.0, reopen(ReopenReason::NewEvidence, &self.draft.reply));
            }
            _ => {}
        }
        if matches!(closure, Closure::Resolved { .. } | Closure::Duplicate { .. }) {
            let days = match self.rng.u32(..100) {
                0..34 => 0.05..12.5,
                34..36 => 14.5..21.0,
                _ => return,
            };
            let was_slow = state.level.number() > 0 || state.contested;
            let stars = weighted(&mut self.rng, if was_slow { STARS_WHEN_SLOW } else { STARS });
            let Ok(score) = Score::try_from(stars) else { return };
            let text = match stars {
                1 | 2 => Some(said(&self.draft.protest)),
                5 if self.one_in(3) => Some(said(&self.draft.thanks)),
                _ => None,
            };
            self.citizen(now, days, Command::Rate { cycle: state.cycle, score, text });
        }
    }

    /// Somebody above asks where it stays.
    fn pushed(&mut self, now: Now<'_>, state: &Complaint) {
        if state.level.number() >= 3 && self.one_in(20) {
            self.appeal(now);
        }
        if self.rng.u32(..100) >= 30 * u32::from(state.level.number()) {
            return;
        }
        // Whatever the offices meant to do about it, they do it now.
        self.diary.retain(|_, errand| errand.by.role == Role::Complainant);
        match (state.stage, &state.holding) {
            (Stage::Dispositioned | Stage::InProgress, Some(holding)) => {
                let answer = self.answer(holding, Outcome::PartlyResolved);
                self.act(now, Role::Liaison, holding, 60..900, answer);
            }
            _ => self.carry_on(now, state),
        }
    }

    fn appeal(&mut self, now: Now<'_>) {
        let text = Some(said(&self.draft.protest));
        let escalate = Command::Escalate { text, to: Level::OMBUDSMAN, trigger: Trigger::ByRight };
        self.citizen(now, 0.5..9.0, escalate);
    }

    fn verify(&self, state: &Complaint) -> Command<Clear> {
        let is_secret = state.visibility == Visibility::Whistleblower;
        let accused = if is_secret { vec![self.wrong_agency.clone()] } else { Vec::new() };
        let category = Category::new(self.draft.category).expect("the categories of the drafts are short words");
        let priority = if self.is_emergency { Priority::Emergency } else { Priority::Normal };
        let classification = Classification { category, class: self.draft.class, priority };
        Command::Verify { accused, classification, public_interest: self.is_emergency }
    }

    fn decline(&mut self) -> Command<Clear> {
        let (reason, words, referred_to) = weighted(&mut self.rng, DECLINES);
        let referred_to = referred_to.and_then(|code| AgencyCode::new(code).ok());
        Command::Decline { reason, referred_to, text: Some(said(words)) }
    }

    fn receive(&self) -> Result<Receive<Clear>, InvalidValue> {
        let draft = &self.draft;
        let (latitude, longitude) = draft.microdegrees;
        let whistleblowing = draft.class == Class::Supervisory && draft.anonymous && draft.secret;
        let visibility = match (draft.anonymous, draft.secret) {
            _ if whistleblowing => Visibility::Whistleblower,
            (true, true) => Visibility::AnonymousSecret,
            (true, false) => Visibility::Anonymous,
            (false, true) => Visibility::Secret,
            (false, false) => Visibility::Public,
        };
        Ok(Receive {
            area: Some(Area::new(draft.area)?),
            category_hint: Some(Category::new(draft.category)?),
            contact: Some(said(&draft.contact)),
            coordinates: Some(Coordinates::rounded(latitude, longitude)?),
            place: Some(said(&draft.place)),
            reference: draft.channel_reference.as_deref().map(said),
            reporter: Some(said(&draft.reporter)),
            text: Some(said(&draft.text)),
            title: Some(said(&draft.title)),
            visibility,
            whistleblowing,
            ..Receive::by(Channel::new(draft.channel)?, draft.class)
        })
    }

    fn request(&mut self, at: Moment, errand: Errand) -> ClearRequest {
        let mut random = [0; 10];
        self.rng.fill(&mut random);
        let millis = u64::try_from(at.at.timestamp_millis()).expect("the year lies after 1970");
        let id = CommandId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid());
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        let request = ClearRequest::new(id, at, errand.by, errand.command, seed);
        ClearRequest { occurred_at: errand.occurred_at, on_behalf: errand.on_behalf, ..request }
    }

    fn answer(&self, holding: &Holding, outcome: Outcome) -> Command<Clear> {
        let text = said(&self.draft.answer);
        Command::Respond { disposition: holding.number, kind: ResponseKind::Final(outcome), text }
    }

    /// For a whistleblower the inspectorate does what administrators do otherwise.
    fn administer(&mut self, now: Now<'_>, state: &Complaint, minutes: Range<u32>, command: Command<Clear>) {
        let is_secret = state.visibility == Visibility::Whistleblower;
        let role = if is_secret { Role::Inspectorate } else { Role::Admin };
        let at = self.in_office(now, None, minutes);
        self.order(at, Actor::new(role), command);
    }

    /// An officer of the agency that holds it, as far as they know.
    fn act(&mut self, now: Now<'_>, role: Role, holding: &Holding, minutes: Range<u32>, command: Command<Clear>) {
        let at = self.in_office(now, Some(&holding.agency), minutes);
        let person = PersonRef::new(&format!("{}-{}", holding.agency, self.rng.u32(1..4)));
        self.order(at, Actor { person: person.ok(), ..Actor::of(role, holding.agency.clone()) }, command);
    }

    /// Whether the complainant wrote under an account; whoever did not shows the tracking secret later.
    fn has_account(&self) -> bool {
        matches!(self.draft.channel, "lapor.go.id" | "curhatningita.lapor.go.id" | "mobile-app")
    }

    fn citizen(&mut self, now: Now<'_>, days: Range<f64>, command: Command<Clear>) {
        let days = days.start + self.rng.f64() * (days.end - days.start);
        let mut at = now.at.at + TimeDelta::seconds((days * 86_400.0) as i64);
        // People sleep.
        if at.with_timezone(&WIB.0).hour() < 6 {
            at += TimeDelta::hours(7);
        }
        self.order(Moment { at, ..now.at }, self.complainant.clone(), command);
    }

    /// So many minutes of office hours later, in the week of the agency; one in a hundred works on a day off.
    fn in_office(&mut self, now: Now<'_>, agency: Option<&AgencyCode>, minutes: Range<u32>) -> Moment {
        let minutes = self.rng.u32(minutes);
        let day = now.at.date();
        let calendar = now.rules.calendar_on(day).reference();
        let days: Option<&WorkingCalendar> =
            now.rules.working(calendar, now.rules.policy_on(day), now.rules.directory_on(day), agency);
        let at = match days {
            Some(days) if !self.one_in(100) => days.add_office_minutes(now.at.at, WIB.0, minutes),
            _ => now.at.at + TimeDelta::minutes(i64::from(minutes) * 3),
        };
        Moment { at: at + TimeDelta::seconds(self.rng.i64(0..60)), ..now.at }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.u32(..n) == 0
    }

    fn plan(&mut self, at: Moment, errand: Errand) {
        self.planned += 1;
        self.diary.insert((at.at, self.planned), errand);
    }
}

fn interim(holding: &Holding) -> Command<Clear> {
    let text = said("Laporan sudah kami terima dan petugas dijadwalkan meninjau lokasi.");
    Command::Respond { disposition: holding.number, kind: ResponseKind::Interim, text }
}

fn said(text: &str) -> Clear {
    Clear::new(text)
}

/// Minutes of an office day: 37.5 hours a week (Perpres 21/2023).
const OFFICE_DAY: u32 = 450;

/// Why, in words, and where to go instead.
type Decline = (DeclineReason, &'static str, Option<&'static str>);

const WITHDRAWALS: &[&str] =
    &["Sudah beres sendiri, laporan saya cabut.", "Mohon dibatalkan, ternyata saya salah alamat."];

const STARS: &[(u32, u8)] = &[(2, 1), (3, 2), (8, 3), (27, 4), (60, 5)];
const STARS_WHEN_SLOW: &[(u32, u8)] = &[(14, 1), (14, 2), (24, 3), (27, 4), (21, 5)];

#[rustfmt::skip]
const DECLINES: &[(u32, Decline)] = &[
    (30, (DeclineReason::OutOfScope, "Kewenangan Kabupaten Mojokerto, telah kami teruskan.", Some("kab-mojokerto"))),
    (20, (DeclineReason::OutOfScope, "Kewenangan PLN, silakan melalui PLN Mobile atau 123.", Some("pln"))),
    (18, (DeclineReason::TooGeneral, "Mohon melapor kembali dengan lokasi dan waktu kejadian.", None)),
    (12, (DeclineReason::PrivateDispute, "Sengketa antarwarga; kelurahan bersedia memediasi.", None)),
    (6, (DeclineReason::SubJudice, "Perkara sedang diperiksa pengadilan.", None)),
    (6, (DeclineReason::Abusive, "Mohon disampaikan dengan bahasa yang pantas.", None)),
    (5, (DeclineReason::Prank, "Laporan tidak benar.", None)),
    (3, (DeclineReason::Test, "Uji coba kanal.", None)),
];
