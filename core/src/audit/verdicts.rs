//! SLA verdicts recomputed: what the rules make of every clock at an event, held against what the event carries.
//!
//! Written apart from the decisions: a [`Judge`] reads the events alone, with the policy, calendar and directory that
//! they name by hash. Where it and the decisions differ, one of them is wrong, and somebody has to look.

mod clause;
mod expected;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

pub use self::clause::Clause;
use self::expected::Expected;
use crate::clock::{Clock, ClockKind, ClockState};
use crate::complaint::Complaint;
use crate::event::Event;
use crate::rules::Rules;
use crate::values::{ComplaintId, DocumentRef, Position};

/// Recomputes the clocks of complaints, event by event.
///
/// ```
/// use aduan::{audit::verdicts::Judge, complaint::Complaint, rules::Rules, values::ComplaintId};
/// # use aduan::{actor::{Actor, Role}, command::{Command, Receive, SealedRequest}, complaint::Decision, event::{Class, Fact}};
/// # use aduan::{clock::ClockState, sealed::BoxDigest, values::{Channel, CommandId, Digest, Moment, WIB}};
/// let rules = Rules::mojokerto();
/// # let mut receive = Receive::by(Channel::new("whatsapp")?, Class::Complaint);
/// # receive.text = Some(BoxDigest(Digest::of(b"a sealed box")));
/// # let at = Moment::parse("2024-04-05T16:01:00+07:00", WIB)?;
/// # let command = Command::Receive(Box::new(receive));
/// # let id = CommandId(uuid::Uuid::from_u128(1));
/// # let request = SealedRequest::new(id, at, Actor::new(Role::Intake), command, [7; 32]);
/// # let Decision::Record(events) = Complaint::default().decide(&request, &rules)? else { unreachable!() };
/// # let mut event = events[0].clone();
/// let complaint = ComplaintId(uuid::Uuid::from_u128(7));
/// let mut judge = Judge::default();
/// assert_eq!(judge.read(1, complaint, &Complaint::default(), &event, &rules), []);
///
/// // Somebody improves a verdict.
/// let Fact::Received(received) = &mut event.fact else { unreachable!() };
/// received.clocks[0].state = ClockState::Met(at.at);
/// let doubts = judge.read(1, complaint, &Complaint::default(), &event, &rules);
/// assert_eq!(doubts[0].to_string(), "verification: its state is met at 2024-04-05T09:01:00Z, and should be running");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Judge {
    /// How many events it has read.
    pub events: u64,
    /// How many clocks it has recomputed: started, paused, moved or stopped.
    pub clocks: u64,
    /// How many of them were stopped in time or late.
    pub verdicts: u64,
    /// How many doubts it has told.
    pub doubts: u64,
}

/// A clock that is not what the rules make of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Doubt {
    /// The event that carries it, or should.
    pub position: Position,
    /// Whose it is.
    pub complaint: ComplaintId,
    /// Which clock; none where it is about the documents that bind all of them.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "named")]
    pub clock: Option<ClockKind>,
    /// What is wrong with it.
    #[serde(flatten)]
    pub why: Why,
}

/// What is wrong with a clock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// The event does not carry it, though the rules start, pause, move or stop it there.
    Missing {
        /// As it should be.
        should: String,
    },
    /// The event carries it, though nothing in the rules touches it there.
    Unfounded {
        /// As it is.
        says: String,
    },
    /// A field of it is another than it should be.
    Differs {
        /// Which field.
        field: &'static str,
        /// What it says.
        says: String,
        /// What it should say.
        should: String,
    },
    /// What waits for the clock to pass was recorded before it had passed, or where it did not run.
    NotPassed,
    /// What may be done only while the clock runs was done after it had passed, or where it did not run.
    NotOpen,
    /// It was extended further than the policy allows.
    TooFar {
        /// The most in all, in its unit.
        max: u32,
    },
    /// The event says another time of happening than the one the clock gives.
    Time {
        /// What it says.
        says: DateTime<Utc>,
        /// What it should say.
        should: DateTime<Utc>,
    },
    /// The event names another policy or calendar than those that bind the complaint.
    OtherDocument {
        /// Which it names.
        says: DocumentRef,
        /// Which binds the complaint.
        should: DocumentRef,
    },
    /// Deadlines were recomputed under a document that is no newer version, or that running clocks are not moved to.
    NotNewer {
        /// Which.
        document: DocumentRef,
    },
    /// A document that binds the event is not at hand, so nothing was recomputed.
    NoDocument {
        /// Which.
        document: DocumentRef,
    },
}

impl Judge {
    /// Recomputes the clocks of the event at `position`; `before` is its complaint as the events in front of it make
    /// it. Every doubt is listed. `rules` hold all that was ever kept beside the ledger: [`Rules::from_documents`].
    pub fn read(
        &mut self,
        position: Position,
        complaint: ComplaintId,
        before: &Complaint,
        event: &Event,
        rules: &Rules,
    ) -> Vec<Doubt> {
        let carried = event.fact.clocks();
        self.events += 1;
        self.clocks += carried.len() as u64;
        self.verdicts += carried.iter().filter(|clock| is_judged(clock)).count() as u64;
        let mut found = Vec::new();
        match Expected::of(before, event, rules) {
            Ok(expected) => {
                found.extend(expected.faults);
                compare(carried, expected.clocks, &mut found);
            }
            Err(document) => found.push((None, Why::NoDocument { document })),
        }
        self.doubts += found.len() as u64;
        found.into_iter().map(|(clock, why)| Doubt { position, complaint, clock, why }).collect()
    }
}

type Fault = (Option<ClockKind>, Why);

/// Holds each clock that is carried against the one that should be, kind by kind in their order.
fn compare(carried: &[Clock], mut expected: Vec<Clock>, found: &mut Vec<Fault>) {
    for clock in carried {
        match expected.iter().position(|should| should.kind == clock.kind) {
            Some(place) => {
                let should = expected.remove(place);
                if should != *clock {
                    differences(clock, &should, found);
                }
            }
            None => found.push((Some(clock.kind), Why::Unfounded { says: told(clock) })),
        }
    }
    let missing = expected.into_iter();
    found.extend(missing.map(|should| (Some(should.kind), Why::Missing { should: told(&should) })));
}

fn differences(clock: &Clock, should: &Clock, found: &mut Vec<Fault>) {
    let moment = |clock: &Clock| format!("{} ({})", instant(clock.anchor.at), clock.anchor.zone);
    let agency = |clock: &Clock| clock.agency.as_ref().map_or("nobody".to_owned(), |agency| agency.to_string());
    let mut differs = |field, is: bool, tell: &dyn Fn(&Clock) -> String| {
        if is {
            found.push((Some(clock.kind), Why::Differs { field, says: tell(clock), should: tell(should) }));
        }
    };
    differs("agency", clock.agency != should.agency, &agency);
    differs("anchor", clock.anchor != should.anchor, &moment);
    differs("due", clock.due != should.due, &|clock| clock.due.to_string());
    differs("extended", clock.extended != should.extended, &|clock| clock.extended.to_string());
    differs("limit", clock.limit != should.limit, &|clock| clock.limit.to_string());
    differs("paused", clock.paused != should.paused, &|clock| clock.paused.to_string());
    differs("state", clock.state != should.state, &|clock| state(clock));
}

fn is_judged(clock: &Clock) -> bool {
    matches!(clock.state, ClockState::Met(_) | ClockState::Missed(_))
}

/// A clock in a few words.
fn told(clock: &Clock) -> String {
    format!("{}, due {}", state(clock), clock.due)
}

fn state(clock: &Clock) -> String {
    let name = clock.state.name();
    match clock.state {
        ClockState::Running | ClockState::Cancelled => name.into(),
        ClockState::Paused(since) => format!("{name} since {}", instant(since)),
        ClockState::Met(at) | ClockState::Missed(at) => format!("{name} at {}", instant(at)),
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn named<S: Serializer>(clock: &Option<ClockKind>, serializer: S) -> Result<S::Ok, S::Error> {
    clock.map(ClockKind::name).serialize(serializer)
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.clock {
            Some(clock) => write!(f, "{}: {}", clock.name(), self.why),
            None => write!(f, "{}", self.why),
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Missing { should } => write!(f, "it is missing here, and should be {should}"),
            Why::Unfounded { says } => write!(f, "nothing touches it here, and it is {says}"),
            Why::Differs { field, says, should } => write!(f, "its {field} is {says}, and should be {should}"),
            Why::NotPassed => write!(f, "what waits for it was recorded before it had passed"),
            Why::NotOpen => write!(f, "what it allows was done when it was not open"),
            Why::TooFar { max } => write!(f, "it is extended by more than {max}"),
            Why::Time { says, should } => {
                write!(f, "the event says it happened at {}, and it gives {}", instant(*says), instant(*should))
            }
            Why::OtherDocument { says, should } => write!(f, "{says} is named, and {should} binds the complaint"),
            Why::NotNewer { document } => write!(f, "{document} is nothing that running clocks may move to"),
            Why::NoDocument { document } => write!(f, "{document} is not at hand: nothing was recomputed"),
        }
    }
}
