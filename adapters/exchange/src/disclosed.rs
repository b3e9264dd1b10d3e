//! What of an event may leave the house: a list of what is told, and all else is not.
//!
//! Left out are sealed values and what stands for them (box digests, keys, MACs, salts, digests of attachments), the
//! tracking number and its secret, the pseudonyms of complainants, and the agencies that a complaint accuses. Officers
//! are told by their pseudonym. A link to a complaint that stays in the house stays with it.

use aduan::actor::Role;
use aduan::clock::{Clock, Due};
use aduan::conformance::Activity;
use aduan::event::{Classification, Closure, Event, Fact, Note, Received, ResponseKind, Trigger};
use aduan::store::Entry;
use aduan::values::{
    AgencyCode, Channel, ComplaintId, Coordinates, Digest, EventId, Moment, PersonRef, Position, SourceName, Version,
};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::withheld::Withheld;

/// An event as far as it may leave the house.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// Its place in the ledger.
    pub position: Position,
    /// The complaint.
    pub complaint: ComplaintId,
    /// Its place in the complaint's history, from 1.
    pub sequence: Version,
    /// Its id.
    pub id: EventId,
    /// The name of the fact.
    pub event: &'static str,
    /// The fact, and of which kind it is.
    pub step: Activity,
    /// What a process model calls it: the fact, or for what a source noted the source's word.
    pub activity: String,
    /// When it happened.
    pub occurred_at: Moment,
    /// When it was recorded, in the zone it happened in.
    pub recorded_at: Moment,
    /// What whoever caused it was to the complaint.
    pub role: Role,
    /// The agency they acted for.
    pub agency: Option<AgencyCode>,
    /// The pseudonym of an officer; never that of a complainant.
    pub officer: Option<PersonRef>,
    /// Where it was brought in from.
    pub source: Option<SourceName>,
    /// It was brought in, and the source does not show it.
    pub inferred: bool,
    /// The clocks it started, paused, moved or stopped.
    pub clocks: Vec<ToldClock>,
    /// What else it says, in the order of [`ATTRIBUTES`].
    pub attributes: Vec<(&'static str, Value)>,
    /// The hash of its record: what the ledger itself can be asked for.
    pub record_hash: Digest,
    /// The way a complaint came, for objects of its own.
    pub channel: Option<Channel>,
    /// Who was told to act without being asked.
    pub cc: Vec<AgencyCode>,
}

/// Where an event stands, and what proves it.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) sequence: Version,
    pub(crate) hash: Digest,
}

/// A clock as others are told of it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ToldClock {
    /// What it measures.
    pub kind: &'static str,
    /// `running`, `paused`, `met`, `missed` or `cancelled`.
    pub state: &'static str,
    /// The last instant in time.
    pub due: String,
}

/// What an attribute holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A name, or a word of a list.
    Text(String),
    /// A count.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Millionths of a degree, rounded to 0.01 degrees.
    Microdegrees(i32),
    /// A complaint that is linked to.
    Complaint(ComplaintId),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Number(number) => number.fmt(f),
            Value::Flag(flag) => flag.fmt(f),
            Value::Microdegrees(degrees) => {
                let (sign, size) = (if *degrees < 0 { "-" } else { "" }, degrees.unsigned_abs());
                write!(f, "{sign}{}.{:02}", size / 1_000_000, size % 1_000_000 / 10_000)
            }
            Value::Complaint(complaint) => complaint.fmt(f),
        }
    }
}

/// The kind of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// [`Value::Text`].
    Text,
    /// [`Value::Number`].
    Number,
    /// [`Value::Flag`].
    Flag,
    /// [`Value::Microdegrees`].
    Degrees,
    /// [`Value::Complaint`].
    Complaint,
}

/// An attribute that events may have.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name in every form.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The facts that have it.
    pub facts: &'static [&'static str],
}

/// Every attribute beside those that all events have: the columns of a table, in this order.
#[rustfmt::skip]
pub const ATTRIBUTES: [Attribute; 34] = {
    use Kind::*;
    const fn row(name: &'static str, kind: Kind, facts: &'static [&'static str]) -> Attribute {
        Attribute { name, kind, facts }
    }
    [
        row("channel",          Text,      &["Received"]),
        row("class",            Text,      &["Received", "Verified", "Reclassified"]),
        row("category",         Text,      &["Received", "Verified", "Reclassified"]),
        row("priority",         Text,      &["Verified", "Reclassified"]),
        row("visibility",       Text,      &["Received", "VisibilityChanged"]),
        row("whistleblowing",   Flag,      &["Received"]),
        row("area",             Text,      &["Received"]),
        row("latitude",         Degrees,   &["Received"]),
        row("longitude",        Degrees,   &["Received"]),
        row("split_from",       Complaint, &["Received"]),
        row("public_interest",  Flag,      &["Verified"]),
        row("from_agency",      Text,      &["Dispositioned", "Returned"]),
        row("to_agency",        Text,      &["Dispositioned"]),
        row("cc",               Text,      &["Dispositioned"]),
        row("suggested_agency", Text,      &["Returned"]),
        row("disposition",      Number,    &["Dispositioned", "Responded", "Returned"]),
        row("response",         Text,      &["Responded"]),
        row("outcome",          Text,      &["Closed", "Responded"]),
        row("reply",            Text,      &["Replied"]),
        row("question",         Number,    &["InfoLapsed", "InfoProvided", "InfoRequested"]),
        row("closure",          Text,      &["Closed"]),
        row("reason",           Text,      &["Closed", "Erased", "Reopened"]),
        row("referred_to",      Text,      &["Closed"]),
        row("duplicate_of",     Complaint, &["Closed"]),
        row("joined",           Complaint, &["Annotated"]),
        row("from_level",       Number,    &["Escalated"]),
        row("level",            Number,    &["Escalated"]),
        row("trigger",          Text,      &["Escalated"]),
        row("clock",            Text,      &["Escalated", "Extended"]),
        row("days",             Number,    &["Extended"]),
        row("cycle",            Number,    &["Rated", "Reopened"]),
        row("score",            Number,    &["Rated"]),
        row("note",             Text,      &["Annotated"]),
        row("corrects",         Number,    &["Annotated"]),
    ]
};

impl Disclosed {
    /// What of an entry's event may leave, beside complaints that stay.
    pub fn of(entry: &Entry, event: &Event, withheld: &Withheld) -> Self {
        let record = &entry.record;
        let place = Place { position: entry.position, sequence: record.sequence, hash: record.hash };
        Disclosed::at(place, record.complaint, event, withheld)
    }

    /// What may leave of the event at a place of the ledger.
    pub(crate) fn at(place: Place, complaint: ComplaintId, event: &Event, withheld: &Withheld) -> Self {
        let zone = event.occurred_at.zone;
        let context = &event.context;
        let (source, inferred) = match &event.provenance {
            aduan::event::Provenance::Native => (None, false),
            aduan::event::Provenance::Imported { source, inferred, .. } => (Some(source.clone()), *inferred),
        };
        let activity = match &event.fact {
            Fact::Annotated { note: Note::Source { kind }, .. } => kind.to_string(),
            fact => fact.name().to_owned(),
        };
        let mut told = Told(Vec::new());
        told.fact(&event.fact, withheld);
        Disclosed {
            position: place.position,
            complaint,
            sequence: place.sequence,
            id: event.id(),
            event: event.fact.name(),
            step: Activity::of(&event.fact),
            activity,
            occurred_at: event.occurred_at,
            recorded_at: Moment { at: context.recorded_at, zone },
            role: context.role,
            agency: context.agency.clone(),
            officer: context.person.clone().filter(|_| context.role != Role::Complainant),
            source,
            inferred,
            clocks: event.fact.clocks().iter().map(ToldClock::of).collect(),
            attributes: told.0,
            record_hash: place.hash,
            channel: match &event.fact {
                Fact::Received(received) => Some(received.channel.clone()),
                _ => None,
            },
            cc: match &event.fact {
                Fact::Dispositioned { cc, .. } => cc.clone(),
                _ => Vec::new(),
            },
        }
    }

    /// What an attribute holds; none where the event does not say it.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Its clocks in one line.
    pub fn clocks_in_one_line(&self) -> Option<String> {
        let told = self.clocks.iter().map(|clock| format!("{} {} {}", clock.kind, clock.state, clock.due));
        (!self.clocks.is_empty()).then(|| told.collect::<Vec<_>>().join("; "))
    }
}

impl ToldClock {
    fn of(clock: &Clock) -> Self {
        let due = match clock.due {
            Due::At(at) => rfc3339(Moment { at, zone: clock.anchor.zone }),
            Due::EndOf { date, zone } => rfc3339(Moment { at: zone.end_of(date), zone }),
        };
        ToldClock { kind: clock.kind.name(), state: clock.state.name(), due }
    }
}

/// Attributes under way, in the order of the table.
struct Told(Vec<(&'static str, Value)>);

impl Told {
    fn text(&mut self, name: &'static str, text: impl ToString) {
        self.0.push((name, Value::Text(text.to_string())));
    }

    fn text_if_any(&mut self, name: &'static str, text: Option<impl ToString>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn number(&mut self, name: &'static str, number: impl Into<i64>) {
        self.0.push((name, Value::Number(number.into())));
    }

    fn flag_if_so(&mut self, name: &'static str, is_so: bool) {
        if is_so {
            self.0.push((name, Value::Flag(true)));
        }
    }

    fn link(&mut self, name: &'static str, complaint: Option<ComplaintId>, withheld: &Withheld) {
        if let Some(complaint) = complaint.filter(|complaint| !withheld.holds(*complaint)) {
            self.0.push((name, Value::Complaint(complaint)));
        }
    }

    fn fact(&mut self, fact: &Fact, withheld: &Withheld) {
        match fact {
            Fact::Received(received) => self.received(received, withheld),
            Fact::Verified { classification, public_interest, .. } => {
                self.classification(classification);
                self.flag_if_so("public_interest", *public_interest);
            }
            Fact::Reclassified { to, .. } => self.classification(to),
            Fact::Dispositioned { cc, from, number, to, .. } => {
                self.text_if_any("from_agency", from.as_ref());
                self.text("to_agency", to);
                let cc = cc.iter().map(AgencyCode::as_str).collect::<Vec<_>>().join(" ");
                self.text_if_any("cc", Some(cc).filter(|cc| !cc.is_empty()));
                self.number("disposition", *number);
            }
            Fact::Returned { disposition, from, suggested, .. } => {
                self.text("from_agency", from);
                self.text("suggested_agency", suggested);
                self.number("disposition", *disposition);
            }
            Fact::Responded { disposition, kind, .. } => {
                self.number("disposition", *disposition);
                match kind {
                    ResponseKind::Interim => self.text("response", "interim"),
                    ResponseKind::Final(outcome) => {
                        self.text("response", "final");
                        self.text("outcome", outcome.name());
                    }
                }
            }
            Fact::Replied { kind, .. } => self.text("reply", kind.name()),
            Fact::InfoRequested { request, .. }
            | Fact::InfoProvided { request, .. }
            | Fact::InfoLapsed { request, .. } => self.number("question", *request),
            Fact::Closed { closure, .. } => self.closure(closure, withheld),
            Fact::Erased { basis, .. } => self.text("reason", basis.name()),
            Fact::Reopened { cycle, reason, .. } => {
                self.text("reason", reason.name());
                self.number("cycle", *cycle);
            }
            Fact::Escalated { from, to, trigger, .. } => self.escalation(from.number(), to.number(), trigger),
            Fact::Extended { days, kind, .. } => {
                self.text("clock", kind.name());
                self.number("days", *days);
            }
            Fact::Rated { cycle, score, .. } => {
                self.number("cycle", *cycle);
                self.number("score", score.stars());
            }
            Fact::VisibilityChanged { to, .. } => self.text("visibility", to.name()),
            Fact::Annotated { note, .. } => self.note(note, withheld),
            Fact::DeadlinesRecomputed { .. } | Fact::Forked { .. } => {}
        }
    }

    fn received(&mut self, received: &Received, withheld: &Withheld) {
        self.text("channel", &received.channel);
        self.text("class", received.class.name());
        self.text_if_any("category", received.category_hint.as_ref());
        self.text("visibility", received.visibility.name());
        self.flag_if_so("whistleblowing", received.whistleblowing);
        self.text_if_any("area", received.area.as_ref());
        if let Some((latitude, longitude)) = received.coordinates.as_ref().map(Coordinates::microdegrees) {
            self.0.push(("latitude", Value::Microdegrees(latitude)));
            self.0.push(("longitude", Value::Microdegrees(longitude)));
        }
        self.link("split_from", received.split_from, withheld);
    }

    fn classification(&mut self, classification: &Classification) {
        self.text("class", classification.class.name());
        self.text("category", &classification.category);
        self.text("priority", classification.priority.name());
    }

    fn closure(&mut self, closure: &Closure, withheld: &Withheld) {
        if let Closure::Resolved { outcome, .. } = closure {
            self.text("outcome", outcome.name());
        }
        self.text("closure", closure.name());
        match closure {
            Closure::Declined { reason, referred_to } => {
                self.text("reason", reason.name());
                self.text_if_any("referred_to", referred_to.as_ref());
            }
            Closure::Duplicate { of } => self.link("duplicate_of", *of, withheld),
            Closure::Resolved { .. } | Closure::Withdrawn => {}
        }
    }

    fn escalation(&mut self, from: u8, to: u8, trigger: &Trigger) {
        self.number("from_level", from);
        self.number("level", to);
        let (name, clock) = match trigger {
            Trigger::Breach { clock, .. } => ("breach", Some(clock.name())),
            Trigger::ByRight => ("by_right", None),
            Trigger::ByHand => ("by_hand", None),
        };
        self.text("trigger", name);
        self.text_if_any("clock", clock);
    }

    fn note(&mut self, note: &Note, withheld: &Withheld) {
        if let Note::DuplicateJoined { complaint } = note {
            self.link("joined", Some(*complaint), withheld);
        }
        let name = match note {
            Note::Remark => "remark",
            Note::Correction { .. } => "correction",
            Note::LegalHold { held: true } => "legal_hold",
            Note::LegalHold { held: false } => "legal_hold_lifted",
            Note::DuplicateJoined { .. } => "duplicate_joined",
            Note::WithdrawalNoted => "withdrawal_noted",
            Note::LateReply(_) => "late_reply",
            Note::Source { .. } => "source",
        };
        self.text("note", name);
        if let Note::Correction { of } = note {
            self.number("corrects", i64::try_from(*of).unwrap_or(i64::MAX));
        }
    }
}

/// A moment as every form writes it: RFC 3339 with the offset of its zone.
pub fn rfc3339(moment: Moment) -> String {
    moment.to_string()
}

/// An instant in UTC, to the microsecond where there is one.
pub(crate) fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The name of a fact or role as lower-case words with underscores: `info_requested`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
