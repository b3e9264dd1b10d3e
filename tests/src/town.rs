//! A town that complains at random, but sensibly: the usual next command three times in four, any other one otherwise.
//!
//! Everything follows from the choices, so a failing history shrinks and can be played again.

use aduan::actor::{Actor, Role};
use aduan::calendar::Calendar;
use aduan::clock::{ClockKind, ClockState};
use aduan::command::{ClearRequest, Command, Import, ImportStep, Marks, Receive, SealedRequest, Step as ImportedStep};
use aduan::complaint::{Complaint, Decision, Rejection, Stage, Target, tracking_secret};
use aduan::event::{
    Basis, Class, Classification, Closure, DeclineReason, ErasureBasis, Event, Level, Note, Outcome, Priority,
    ReopenReason, ReplyKind, ResponseKind, Trigger,
};
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, Clear};
use aduan::store::{Document, DocumentKind, Entry};
use aduan::values::{
    AgencyCode, Category, Channel, CommandId, ComplaintId, Digest, LedgerId, Moment, PersonRef, SourceName,
    TrackingSecret, Visibility, WIB, channels,
};
use proptest::prelude::*;
use uuid::Uuid;

/// The rules of a town before and after the decree on joint leave is revised: a day of leave is a working day after all.
pub fn rules_and_their_revision() -> [Rules; 2] {
    let rules = Rules::mojokerto();
    let text = Calendar::indonesia().document().replacen("version = 1", "version = 2", 1);
    let without: Vec<_> = text.lines().filter(|line| !line.contains("2024-04-12")).collect();
    let revised = Calendar::parse(&without.join("\n")).expect("a calendar with a day less");
    let text = revised.document().to_owned();
    let document = Document { hash: revised.reference().hash, kind: DocumentKind::Calendar, text };
    let newer = rules.with(&document).expect("the same rules with another calendar");
    [rules, newer]
}

/// One step of a history, before anybody knows what it means.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Which complaint.
    pub complaint: u8,
    /// From which everything else about the step follows.
    pub entropy: u64,
}

/// Histories of up to `steps` steps over a handful of complaints.
pub fn histories(steps: usize) -> impl Strategy<Value = Vec<Choice>> {
    let choice = (0..4u8, any::<u64>()).prop_map(|(complaint, entropy)| Choice { complaint, entropy });
    prop::collection::vec(choice, 1..=steps)
}

/// A town with its complaints, played in memory without a store.
pub struct Town {
    /// The rules it lives by.
    pub rules: Rules,
    /// Everything recorded, in order.
    pub log: Vec<Entry>,
    /// What is planted into the rules, to see that it is caught.
    pub bug: Option<Bug>,
    now: Moment,
    count: u64,
    complaints: Vec<Slot>,
    last: Option<(usize, ClearRequest)>,
}

/// A mistake that somebody could make in the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// A second rating of a cycle is taken.
    RatesTwice,
    /// Whoever asks is taken for the holder.
    AnybodyAnswers,
    /// A level may fall.
    LevelFalls,
}

struct Slot {
    id: ComplaintId,
    state: Complaint,
    events: Vec<Event>,
    head: Digest,
    secret: TrackingSecret,
}

/// What one step did.
#[derive(Clone, Debug)]
pub struct Step {
    /// The complaint.
    pub id: ComplaintId,
    /// What was asked.
    pub request: ClearRequest,
    /// The complaint before.
    pub before: Complaint,
    /// The complaint after.
    pub after: Complaint,
    /// What it caused, or why not.
    pub result: Result<Vec<Event>, Rejection>,
    /// Everything it ever recorded.
    pub events: Vec<Event>,
}

/// Every personal value of a town holds this word: it must turn up in no record.
pub const CANARY: &str = "KENARI";

impl Town {
    /// An empty town early in March 2024: Nyepi and Lebaran are ahead.
    pub fn new(rules: Rules) -> Self {
        let now = Moment::parse("2024-03-04T08:00:00+07:00", WIB).expect("a fixed time");
        Town { rules, log: Vec::new(), bug: None, now, count: 0, complaints: Vec::new(), last: None }
    }

    /// The ledger it writes.
    pub fn ledger() -> LedgerId {
        LedgerId::new("mojokerto").expect("a fixed name")
    }

    /// The complaints with their states.
    pub fn complaints(&self) -> impl Iterator<Item = (ComplaintId, &Complaint)> {
        self.complaints.iter().map(|slot| (slot.id, &slot.state))
    }

    /// The next request, without playing it: for driving an engine along the same history.
    pub fn request(&mut self, choice: Choice) -> (ComplaintId, ClearRequest) {
        let mut chance = Chance(choice.entropy);
        let slot = self.slot(choice.complaint);
        // Once in a while the same request comes again.
        if chance.one_in(12)
            && let Some((slot, request)) = self.last.clone()
        {
            return (self.complaints[slot].id, request);
        }
        self.count += 1;
        self.pass_time(&mut chance, slot);
        let seed = Digest::of(format!("seed {} {}", self.count, choice.entropy).as_bytes()).0;
        let id = CommandId(Uuid::from_u128(u128::from(self.count) << 64 | u128::from(choice.entropy)));
        let is_usual = !chance.one_in(4);
        let (by, command) = if is_usual { self.usual(&mut chance, slot) } else { self.arbitrary(&mut chance, slot) };
        let mut request = ClearRequest::new(id, self.now, by, command, seed);
        if chance.one_in(6) {
            let earlier = self.now.at - std::time::Duration::from_secs(3_600 * chance.below(60));
            request.occurred_at = Moment::new(earlier, WIB).ok();
        }
        self.last = Some((slot, request.clone()));
        (self.complaints[slot].id, request)
    }

    /// Plays the next step.
    pub fn step(&mut self, choice: Choice) -> Step {
        let (id, request) = self.request(choice);
        let slot = self.index(id);
        let before = self.complaints[slot].state.clone();
        let sealed = self.seal(slot, &request);
        let result = match self.flawed(&before, &sealed).decide(&sealed, &self.rules) {
            Ok(Decision::Record(events)) => Ok(self.record(slot, &sealed, events)),
            Ok(Decision::Already) => Ok(Vec::new()),
            Err(rejection) => Err(rejection),
        };
        let slot = &self.complaints[slot];
        Step { id, request, before, after: slot.state.clone(), result, events: slot.events.clone() }
    }

    /// What an engine learned: for driving it along the same history.
    pub fn learn(&mut self, id: ComplaintId, events: &[Event], seed: &[u8; 32]) {
        let slot = self.index(id);
        self.note_secret(slot, events, seed);
        for event in events {
            self.complaints[slot].state.evolve(event);
        }
    }

    fn record(&mut self, slot: usize, request: &SealedRequest, mut events: Vec<Event>) -> Vec<Event> {
        self.note_secret(slot, &events, &request.seed);
        let mut joined = None;
        if let Command::MarkDuplicate { target: Some(target), .. } = &request.command {
            let root = self.index(target.root);
            joined = self.complaints[root]
                .state
                .join_duplicate(self.complaints[slot].id, &mut events)
                .map(|event| (root, event));
        }
        for event in &events {
            self.append(slot, event);
        }
        if let Some((root, event)) = joined {
            self.append(root, &event);
        }
        events
    }

    fn append(&mut self, slot: usize, event: &Event) {
        let slot = &mut self.complaints[slot];
        let record = Record::write(&Self::ledger(), slot.id, slot.state.version + 1, slot.head, event);
        slot.head = record.hash;
        slot.state.evolve(event);
        slot.events.push(event.clone());
        self.log.push(Entry { position: self.log.len() as u64 + 1, record });
    }

    fn note_secret(&mut self, slot: usize, events: &[Event], seed: &[u8; 32]) {
        if events.iter().any(|event| event.fact.name() == "Received") {
            self.complaints[slot].secret = tracking_secret(seed);
        }
    }

    /// The state as wrong rules would see it.
    fn flawed(&self, state: &Complaint, request: &SealedRequest) -> Complaint {
        let mut state = state.clone();
        match self.bug {
            Some(Bug::RatesTwice) if matches!(request.command, Command::Rate { .. }) => {
                state.ratings.clear();
                let window = state.clocks.iter_mut().find(|clock| clock.kind == ClockKind::RatingWindow);
                window.into_iter().for_each(|window| window.state = ClockState::Running);
            }
            Some(Bug::LevelFalls) => state.level = Level::default(),
            Some(Bug::AnybodyAnswers) => {
                if let (Some(holding), Some(agency)) = (&mut state.holding, &request.by.agency) {
                    holding.agency = agency.clone();
                }
            }
            _ => {}
        }
        state
    }

    /// A seal without a key: digests of the texts.
    fn seal(&self, slot: usize, request: &ClearRequest) -> SealedRequest {
        let body = serde_json::to_string(&(&request.by, &request.command, &request.on_behalf)).unwrap_or_default();
        let sealed = request.clone().map(&mut |_, text: Clear| {
            Ok::<_, std::convert::Infallible>(BoxDigest(Digest::of(text.reveal().as_bytes())))
        });
        let Ok(mut sealed) = sealed;
        sealed.marks = Marks {
            mac: Some(Digest::of(body.as_bytes())),
            key: request.command.received().map(|_| Digest::of(&request.seed)),
            reference: None,
        };
        if let Command::MarkDuplicate { of, target } = &mut sealed.command {
            *target = Some(self.target(slot, *of));
        }
        sealed
    }

    fn target(&self, slot: usize, of: ComplaintId) -> Target {
        let mine = self.complaints[slot].id;
        let mut root = of;
        while let Some(Closure::Duplicate { of: Some(next) }) =
            self.complaints[self.index(root)].state.closure.as_ref().filter(|_| root != mine)
        {
            root = *next;
        }
        Target::of(root, &self.complaints[self.index(root)].state, mine)
    }

    fn slot(&mut self, wanted: u8) -> usize {
        let wanted = usize::from(wanted);
        while self.complaints.len() <= wanted {
            let id = ComplaintId(Uuid::from_u128(
                0xad0a_0000_0000_8000_8000_0000_0000_0000_u128 + self.complaints.len() as u128,
            ));
            let head = genesis(&Self::ledger(), id);
            self.complaints.push(Slot {
                id,
                state: Complaint::default(),
                events: Vec::new(),
                head,
                secret: TrackingSecret([0; 16]),
            });
        }
        wanted
    }

    fn index(&self, id: ComplaintId) -> usize {
        self.complaints.iter().position(|slot| slot.id == id).expect("the town knows its complaints")
    }

    /// Lets hours pass in which nothing happens.
    pub fn rest(&mut self, hours: u64) {
        let at = self.now.at + std::time::Duration::from_secs(3_600 * hours);
        self.now = Moment::new(at, WIB).unwrap_or(self.now);
    }

    /// Minutes, hours or days pass; now and then until something is due.
    fn pass_time(&mut self, chance: &mut Chance, slot: usize) {
        let minutes = match chance.below(4) {
            0 => chance.below(60),
            1 => 60 * chance.below(24),
            2 => 24 * 60 * chance.below(4),
            _ => 24 * 60 * chance.below(20),
        };
        let mut at = self.now.at + std::time::Duration::from_secs(60 * minutes);
        let state = &self.complaints[slot].state;
        let due = state.clocks.iter().filter(|clock| clock.is_open()).map(|clock| clock.due.instant()).min();
        if let Some(due) = due.filter(|due| *due > at && chance.one_in(3)) {
            at = due + std::time::Duration::from_secs(60 * chance.below(3));
        }
        self.now = Moment::new(at, WIB).unwrap_or(self.now);
    }

    fn usual(&self, chance: &mut Chance, slot: usize) -> (Actor, Command<Clear>) {
        let Slot { state, .. } = &self.complaints[slot];
        let admin = if state.is_whistleblowers() { Role::Inspectorate } else { Role::Admin };
        let admin = Actor::new(admin);
        let citizen = Actor::with_secret(self.complaints[slot].secret);
        let holder = state.holding.as_ref().map(|holding| (holding.agency.clone(), holding.number));
        let text = chance.text();
        if chance.one_in(3)
            && let Ok(items) = state.due_items(self.now.at, &self.rules)
            && let Some(item) = items.into_iter().next()
        {
            return (Actor::new(Role::SystemClock), item.command);
        }
        if let (Some(request), false) = (state.question, chance.one_in(4)) {
            return (citizen, Command::ProvideInfo { attachments: Vec::new(), request, text });
        }
        match (state.stage, holder) {
            (Stage::New, _) if chance.one_in(5) => (Actor::new(Role::Migrator), Command::Import(self.import(chance))),
            (Stage::New, _) => {
                (Actor::new(Role::Intake), Command::Receive(Box::new(self.receive(chance, Role::Intake))))
            }
            (Stage::Received, _) => match chance.below(8) {
                0 => (admin, Command::RequestInfo { text }),
                1 => (admin, self.decline(chance)),
                2 => (admin, Command::MarkDuplicate { of: self.other(chance), target: None }),
                _ => (admin, self.verify(chance)),
            },
            (Stage::Verified, _) => match chance.below(8) {
                0 => (admin, Command::RequestInfo { text }),
                1 => (admin, Command::Reclassify { text, to: chance.classification() }),
                _ => (admin, Command::Dispose { cc: Vec::new(), text: Some(text), to: chance.agency() }),
            },
            (Stage::Dispositioned | Stage::InProgress, Some((agency, disposition))) => {
                let officer = Actor::of(Role::Liaison, agency.clone());
                match chance.below(10) {
                    0 => (officer, Command::Return { disposition, suggested: chance.agency(), text }),
                    1 => (admin, Command::Dispose { cc: vec![chance.agency()], text: None, to: chance.agency() }),
                    2 => (officer, Command::RequestInfo { text }),
                    3 => {
                        let kind = chance.of(&[ClockKind::Statutory, ClockKind::FirstResponse]);
                        (
                            Actor::of(Role::Superior, agency),
                            Command::Extend { days: 1 + chance.below(5) as u32, kind, text },
                        )
                    }
                    4 | 5 => (officer, Command::Respond { disposition, kind: ResponseKind::Interim, text }),
                    _ => (officer, Command::Respond { disposition, kind: ResponseKind::Final(chance.outcome()), text }),
                }
            }
            (Stage::Responded, _) => match chance.below(6) {
                0 | 1 => (citizen, Command::Reply { kind: ReplyKind::Accept, text: Some(text) }),
                2 => (citizen, Command::Reply { kind: ReplyKind::Contest, text: Some(text) }),
                3 => (citizen, Command::Close { text: None }),
                _ => (admin, Command::Close { text: Some(text) }),
            },
            (Stage::Closed, _) => match chance.below(5) {
                0 | 1 => (citizen, Command::Rate { cycle: state.cycle, score: chance.score(), text: Some(text) }),
                2 => (citizen, Command::Reopen { reason: ReopenReason::NotResolved, text: Some(text) }),
                3 => (citizen, Command::Reply { kind: ReplyKind::Contest, text: Some(text) }),
                _ => (citizen, Command::Escalate { text: None, to: Level::OMBUDSMAN, trigger: Trigger::ByRight }),
            },
            (Stage::Dispositioned | Stage::InProgress, None) => {
                (admin, Command::Dispose { cc: Vec::new(), text: None, to: chance.agency() })
            }
        }
    }

    fn arbitrary(&self, chance: &mut Chance, slot: usize) -> (Actor, Command<Clear>) {
        let Slot { state, secret, .. } = &self.complaints[slot];
        let role = chance.of(&Role::ALL);
        let mut by = Actor::new(role);
        by.agency = (!chance.one_in(3)).then(|| chance.agency());
        by.person = (!chance.one_in(3)).then(|| chance.person());
        by.secret = chance.one_in(2).then_some(*secret);
        let text = chance.text();
        let maybe = chance.one_in(2).then(|| chance.text());
        let disposition = (state.dispositions + chance.below(2) as u32).saturating_sub(chance.below(2) as u32);
        let request = state.questions + chance.below(2) as u32;
        let command = match chance.below(23) {
            0 => Command::Annotate { note: chance.note(), text: maybe },
            1 => Command::ChangeVisibility { to: chance.visibility() },
            2 => Command::Close { text: maybe },
            3 => self.decline(chance),
            4 => Command::Dispose { cc: vec![chance.agency()], text: maybe, to: chance.agency() },
            5 => Command::Erase { basis: ErasureBasis::Request },
            6 => {
                let trigger = chance.of(&[Trigger::ByRight, Trigger::ByHand]);
                Command::Escalate { text: maybe, to: chance.level(), trigger }
            }
            7 => Command::Extend { days: chance.below(20) as u32, kind: chance.of(&ClockKind::ALL), text },
            8 => Command::Import(self.import(chance)),
            9 => Command::Lapse { request },
            10 => Command::MarkDuplicate { of: self.other(chance), target: None },
            11 => Command::ProvideInfo { attachments: Vec::new(), request, text },
            12 => Command::Rate { cycle: state.cycle, score: chance.score(), text: maybe },
            13 => Command::Receive(Box::new(self.receive(chance, role))),
            14 => Command::Reclassify { text, to: chance.classification() },
            15 => {
                let calendar = self.rules.calendar_on(self.now.date()).reference().clone();
                Command::Recompute { calendar, policy: None, text }
            }
            16 => Command::Reopen { reason: chance.of(&[ReopenReason::Ordered, ReopenReason::Recurred]), text: maybe },
            17 => {
                let kind = chance.of(&[ReplyKind::Accept, ReplyKind::Contest, ReplyKind::Comment]);
                Command::Reply { kind, text: maybe }
            }
            18 => Command::RequestInfo { text },
            19 => {
                let kind = chance.of(&[ResponseKind::Interim, ResponseKind::Final(Outcome::Resolved)]);
                Command::Respond { disposition, kind, text }
            }
            20 => Command::Return { disposition, suggested: chance.agency(), text },
            21 => self.verify(chance),
            _ => Command::Withdraw { text: maybe },
        };
        (by, command)
    }

    fn other(&self, chance: &mut Chance) -> ComplaintId {
        self.complaints[chance.below(self.complaints.len() as u64) as usize].id
    }

    fn receive(&self, chance: &mut Chance, role: Role) -> Receive<Clear> {
        let channel = Channel::new(chance.of(&channels::ALL)).expect("a known channel");
        let mut receive = Receive::by(channel, chance.class());
        receive.text = (!chance.one_in(9)).then(|| chance.text());
        receive.title = Some(chance.text());
        receive.reporter = chance.one_in(2).then(|| chance.text());
        receive.contact = chance.one_in(2).then(|| chance.text());
        receive.place = chance.one_in(2).then(|| chance.text());
        receive.visibility = chance.visibility();
        receive.whistleblowing = receive.visibility == Visibility::Whistleblower || chance.one_in(30);
        receive.agency_hint = (role == Role::Intake).then(|| chance.agency());
        receive
    }

    fn verify(&self, chance: &mut Chance) -> Command<Clear> {
        let accused = if chance.one_in(6) { vec![chance.agency()] } else { Vec::new() };
        Command::Verify { accused, classification: chance.classification(), public_interest: chance.one_in(10) }
    }

    fn decline(&self, chance: &mut Chance) -> Command<Clear> {
        let reason = chance.of(&[DeclineReason::OutOfScope, DeclineReason::Prank, DeclineReason::TooGeneral]);
        let referred_to = chance.one_in(2).then(|| chance.agency());
        Command::Decline { reason, referred_to, text: Some(chance.text()) }
    }

    fn import(&self, chance: &mut Chance) -> Import<Clear> {
        let at = |hours: u64| {
            let before = self.now.at - std::time::Duration::from_secs(3_600 * (300 - hours));
            Moment::new(before, WIB).unwrap_or(self.now)
        };
        let due = chance.one_in(2).then(|| at(200));
        let mut steps =
            vec![(0, ImportedStep::Receive { complaint: Box::new(self.receive(chance, Role::Migrator)), due })];
        steps.push((0, ImportedStep::Verify { classification: chance.classification() }));
        steps.push((1, ImportedStep::Dispose { to: AgencyCode::new("PWDx").expect("a fixed name") }));
        steps.push((
            2,
            ImportedStep::Note { kind: SourceName::new("note").expect("a fixed name"), text: Some(chance.text()) },
        ));
        steps.push((150, ImportedStep::Respond { outcome: chance.outcome(), text: Some(chance.text()) }));
        let closure = Closure::Resolved { basis: Basis::Administrative, outcome: chance.outcome() };
        steps.push((150 + chance.below(100), ImportedStep::Close { closure, text: None }));
        steps.truncate(1 + chance.below(6) as usize);
        Import {
            batch: SourceName::new("batch-1").expect("a fixed name"),
            row: self.count,
            source: SourceName::new("town").expect("a fixed name"),
            steps: steps
                .into_iter()
                .map(|(hours, step)| ImportStep { inferred: hours == 0, occurred_at: at(hours), step })
                .collect(),
        }
    }
}

/// Numbers that follow from one number.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // SplitMix64: every entropy gives another sequence.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
    fn agency(&mut self) -> AgencyCode {
        let code = self.of(&["dishub", "dlh", "dpuprperakim", "satpol-pp", "rsud-wahidin", "dinas-pasar", "nowhere"]);
        AgencyCode::new(code).expect("a fixed name")
    }
    fn person(&mut self) -> PersonRef {
        PersonRef::new(self.of(&["p-1", "p-2"])).expect("a fixed name")
    }
    fn class(&mut self) -> Class {
        self.of(&[Class::Information, Class::Aspiration, Class::Complaint, Class::Supervisory])
    }
    fn classification(&mut self) -> Classification {
        let category = Category::new(self.of(&["jalan-rusak", "lampu-mati", "sampah"])).expect("a fixed name");
        let priority = self.of(&[Priority::Normal, Priority::Normal, Priority::Urgent, Priority::Emergency]);
        Classification { category, class: self.class(), priority }
    }
    fn visibility(&mut self) -> Visibility {
        use Visibility::*;
        self.of(&[Public, Public, Public, Anonymous, Secret, AnonymousSecret, Whistleblower])
    }
    fn outcome(&mut self) -> Outcome {
        self.of(&[Outcome::Resolved, Outcome::PartlyResolved, Outcome::ForwardedExternal, Outcome::InformationGiven])
    }
    fn score(&mut self) -> aduan::values::Score {
        (1 + self.below(5) as u8).try_into().expect("1 to 5")
    }
    fn level(&mut self) -> Level {
        (self.below(5) as u8).try_into().expect("0 to 4")
    }
    fn note(&mut self) -> Note {
        self.of(&[
            Note::Remark,
            Note::Correction { of: 1 },
            Note::LegalHold { held: true },
            Note::LegalHold { held: false },
            Note::WithdrawalNoted,
        ])
    }
    fn text(&mut self) -> Clear {
        Clear::new(format!("{CANARY}-{:x} lampu jalan mati 🙏", self.next() & 0xffff))
    }
}
