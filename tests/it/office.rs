//! One helper for all suites: an office that asks the rules, and says what came of it.

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command, Marks, Receive, SealedRequest};
use aduan::complaint::{Complaint, Decision, Rejection, tracking_secret};
use aduan::event::{Class, Classification, Event, Outcome, Priority, ResponseKind};
use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, Clear};
use aduan::values::{AgencyCode, Category, Channel, CommandId, Digest, Moment, TrackingSecret, WIB};
use uuid::Uuid;

/// A complaint in the hands of an office, without a store.
pub(crate) struct Office {
    pub(crate) rules: Rules,
    pub(crate) complaint: Complaint,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Moment,
    count: u128,
    secret: TrackingSecret,
}

impl Office {
    /// An empty desk at a time.
    pub(crate) fn at(time: &str) -> Self {
        let now = moment(time);
        Office {
            rules: Rules::mojokerto(),
            complaint: Complaint::default(),
            events: Vec::new(),
            now,
            count: 0,
            secret: TrackingSecret([0; 16]),
        }
    }

    /// The same, with a complaint received.
    pub(crate) fn received(time: &str) -> Self {
        let mut office = Office::at(time);
        office.does(Role::Intake, receive(Class::Complaint));
        office
    }

    /// Verified.
    pub(crate) fn verified(time: &str) -> Self {
        let mut office = Office::received(time);
        office.does(Role::Admin, verify(Class::Complaint));
        office
    }

    /// Held by `dishub`.
    pub(crate) fn disposed(time: &str) -> Self {
        let mut office = Office::verified(time);
        office.does(Role::Admin, dispose("dishub"));
        office
    }

    /// Answered for good by `dishub`.
    pub(crate) fn answered(time: &str) -> Self {
        let mut office = Office::disposed(time);
        office.does(of("dishub"), answer(1));
        office
    }

    /// Closed by an administrator.
    pub(crate) fn closed(time: &str) -> Self {
        let mut office = Office::answered(time);
        office.does(Role::Admin, Command::Close { text: None });
        office
    }

    /// Moves the clock on the wall.
    pub(crate) fn wait_until(&mut self, time: &str) -> &mut Self {
        self.now = moment(time);
        self
    }

    pub(crate) fn citizen(&self) -> Actor {
        Actor::with_secret(self.secret)
    }

    /// A request as the seal would leave it.
    pub(crate) fn request(&mut self, by: impl Into<Who>, command: Command<Clear>) -> SealedRequest {
        self.count += 1;
        let by = match by.into() {
            Who::Actor(actor) => actor,
            Who::Role(Role::Complainant) => self.citizen(),
            Who::Role(role) => Actor::new(role),
        };
        let id = CommandId(Uuid::from_u128(self.count));
        seal(ClearRequest::new(id, self.now, by, command, Digest::of(&self.count.to_be_bytes()).0))
    }

    /// Asks, and records what the rules decide.
    pub(crate) fn asks(&mut self, by: impl Into<Who>, command: Command<Clear>) -> Result<Vec<Event>, Rejection> {
        let request = self.request(by, command);
        self.sends(&request)
    }

    /// Sends a request that was prepared.
    pub(crate) fn sends(&mut self, request: &SealedRequest) -> Result<Vec<Event>, Rejection> {
        match self.complaint.decide(request, &self.rules)? {
            Decision::Already => Ok(Vec::new()),
            Decision::Record(events) => {
                if events.iter().any(|event| event.fact.name() == "Received") {
                    self.secret = tracking_secret(&request.seed);
                }
                events.iter().for_each(|event| self.complaint.evolve(event));
                self.events.extend(events.clone());
                Ok(events)
            }
        }
    }

    /// Asks for something that the rules must allow.
    #[track_caller]
    pub(crate) fn does(&mut self, by: impl Into<Who>, command: Command<Clear>) -> Vec<Event> {
        let name = command.name();
        self.asks(by, command).unwrap_or_else(|rejection| panic!("{name} was refused: {rejection}"))
    }

    /// Asks for something that the rules must refuse; nothing may change.
    #[track_caller]
    pub(crate) fn refuses(&mut self, by: impl Into<Who>, command: Command<Clear>) -> Rejection {
        let (name, before) = (command.name(), self.complaint.clone());
        let rejection = self.asks(by, command).err().unwrap_or_else(|| panic!("{name} was allowed"));
        assert_eq!(self.complaint, before, "a refusal changes nothing");
        rejection
    }

    /// Does what is due by now, as the engine's tick would.
    pub(crate) fn ticks(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        for item in self.complaint.due_items(self.now.at, &self.rules).expect("the rules are at hand") {
            all.extend(self.asks(Role::SystemClock, item.command).unwrap_or_default());
        }
        all
    }

    /// The due time of the latest clock of a kind.
    #[track_caller]
    pub(crate) fn due(&self, kind: aduan::clock::ClockKind) -> String {
        self.complaint.clock(kind).unwrap_or_else(|| panic!("no {kind:?} clock")).due.to_string()
    }

    /// The verdict on the latest clock of a kind, now.
    #[track_caller]
    pub(crate) fn verdict(&self, kind: aduan::clock::ClockKind) -> aduan::clock::Verdict {
        self.complaint.clock(kind).unwrap_or_else(|| panic!("no {kind:?} clock")).verdict(self.now.at)
    }
}

/// A role alone, or a whole actor.
pub(crate) enum Who {
    Role(Role),
    Actor(Actor),
}
impl From<Role> for Who {
    fn from(role: Role) -> Self {
        Who::Role(role)
    }
}
impl From<Actor> for Who {
    fn from(actor: Actor) -> Self {
        Who::Actor(actor)
    }
}

pub(crate) fn moment(time: &str) -> Moment {
    Moment::parse(time, WIB).expect("a time as the tests write it")
}

pub(crate) fn agency(code: &str) -> AgencyCode {
    AgencyCode::new(code).expect("a code as the tests write it")
}

/// The liaison officer of an agency.
pub(crate) fn of(code: &str) -> Actor {
    Actor::of(Role::Liaison, agency(code))
}

pub(crate) fn text() -> Clear {
    Clear::new("Lampu jalan mati sejak seminggu lalu")
}

pub(crate) fn receive(class: Class) -> Command<Clear> {
    let mut receive = Receive::by(Channel::new("whatsapp").expect("a channel"), class);
    receive.text = Some(text());
    Command::Receive(Box::new(receive))
}

pub(crate) fn classification(class: Class) -> Classification {
    Classification { category: Category::new("lampu-mati").expect("a category"), class, priority: Priority::Normal }
}

pub(crate) fn verify(class: Class) -> Command<Clear> {
    Command::Verify { accused: Vec::new(), classification: classification(class), public_interest: false }
}

pub(crate) fn dispose(to: &str) -> Command<Clear> {
    Command::Dispose { cc: Vec::new(), text: None, to: agency(to) }
}

pub(crate) fn answer(disposition: u32) -> Command<Clear> {
    Command::Respond { disposition, kind: ResponseKind::Final(Outcome::Resolved), text: text() }
}

/// Digests where texts were, as the engine's seal leaves them.
pub(crate) fn seal(request: ClearRequest) -> SealedRequest {
    let body = serde_json::to_string(&(&request.by, &request.command)).expect("a command is JSON");
    let key = request.command.received().map(|_| Digest::of(b"a key"));
    let sealed = request
        .map(&mut |_, text: Clear| Ok::<_, std::convert::Infallible>(BoxDigest(Digest::of(text.reveal().as_bytes()))));
    let Ok(mut sealed) = sealed;
    sealed.marks = Marks { mac: Some(Digest::of(body.as_bytes())), key, reference: None };
    sealed
}
