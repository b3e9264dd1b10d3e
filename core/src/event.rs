//! What happened. The names and fields here are the storage format: they change only with an upcaster.
//!
//! Fields stand in alphabetical order, since records are canonical JSON with sorted keys and are
//! written straight from these types; a golden test holds them to it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::{Actor, Role};
use crate::clock::{Clock, ClockKind};
use crate::sealed::BoxDigest;
use crate::values::{
    AgencyCode, Area, Category, Channel, CommandId, ComplaintId, Coordinates, Digest, DocumentRef, EventId, Moment,
    PersonRef, Salt, Score, SourceName, TrackingNumber, Visibility, micros,
};

/// The schema version of every event this release writes.
pub const EVENT_VERSION: &str = "1.0.0";

/// One event: the fact, when it happened, where it came from, and the context it was recorded in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Who, when, by which command, under which rules: the metadata of the record.
    pub context: Context,
    /// What happened.
    pub fact: Fact,
    /// When it happened, and in which zone.
    pub occurred_at: Moment,
    /// Whether it happened here or elsewhere.
    pub provenance: Provenance,
}

impl Event {
    /// The id that follows from command and part.
    pub fn id(&self) -> EventId {
        EventId::of(self.context.command, self.context.part.number)
    }

    /// When it was recorded, in the zone it happened in.
    pub fn recorded_at(&self) -> DateTime<Utc> {
        self.context.recorded_at
    }
}

/// The metadata of a record: a flat map of strings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The agency the actor acted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// The calendar that bound it.
    pub calendar: DocumentRef,
    /// The command or event that led to this command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// The command.
    pub command: CommandId,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// The agency directory that bound it.
    pub directory: DocumentRef,
    /// The commitment to a key that this record issues: a box must not open to two texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
    /// HMAC of the clear command under the complaint's key (of one that admits a loss, under a key that follows from
    /// the ledger's secret): the same id with another body is found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Digest>,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<PersonRef>,
    /// Which part of the command this is.
    pub part: Part,
    /// The actor's pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// The policy that bound it.
    pub policy: DocumentRef,
    /// When it was recorded.
    #[serde(with = "micros_text")]
    pub recorded_at: DateTime<Utc>,
    /// The actor's role.
    pub role: Role,
    /// So that nobody can guess the record from its hash.
    pub salt: Salt,
}

impl Context {
    /// Who did it.
    pub fn actor(&self) -> Actor {
        Actor { agency: self.agency.clone(), person: self.person.clone(), role: self.role, secret: None }
    }
}

/// Which event of a command this is, written `1/2`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// How many events the command has.
    pub of: u32,
}

impl Serialize for Part {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.number, self.of) {
            (1, 1) => serializer.serialize_str("1/1"),
            (number, of) => serializer.collect_str(&format_args!("{number}/{of}")),
        }
    }
}
impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Part;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a part such as 1/2")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part, E> {
                let part = text
                    .split_once('/')
                    .and_then(|(number, of)| Some(Part { number: number.parse().ok()?, of: of.parse().ok()? }));
                part.filter(|part| 0 < part.number && part.number <= part.of)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Where an event came from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Provenance {
    /// It happened in this engine.
    Native,
    /// It was brought in.
    Imported {
        /// Which run brought it.
        batch: SourceName,
        /// The source does not show this step; it is implied by those it does show.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        inferred: bool,
        /// Which row of the source, from 1.
        row: u64,
        /// Which source.
        source: SourceName,
    },
}

impl Provenance {
    /// Whether it was brought in from elsewhere.
    pub fn is_imported(&self) -> bool {
        matches!(self, Provenance::Imported { .. })
    }
}

/// What happened to a complaint.
///
/// Every fact that starts, stops, pauses or moves a clock carries the clock whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Fact {
    /// Something was added beside the course of things.
    Annotated {
        /// What it is about.
        note: Note,
        /// Its words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// The complaint is over, for this cycle.
    Closed {
        /// Stopped, cancelled and started clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// How it ended.
        closure: Closure,
        /// Closing words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// A new calendar or policy moved running clocks.
    DeadlinesRecomputed {
        /// Those that moved.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// *Disposisi*: an agency is told to act.
    Dispositioned {
        /// Who is told without being asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cc: Vec<AgencyCode>,
        /// Stopped and started clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Who held it before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<AgencyCode>,
        /// Counts the dispositions of a complaint, from 1; a response quotes it.
        number: u32,
        /// The instruction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
        /// Who holds it now.
        to: AgencyCode,
    },
    /// Personal values were made unreadable for ever.
    Erased {
        /// The legal basis.
        basis: ErasureBasis,
        /// Commitments of the keys that were destroyed.
        keys: Vec<Digest>,
    },
    /// It went up the ladder.
    Escalated {
        /// The appeal window, met, where a closed complaint goes to the Ombudsman.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// The level before.
        from: Level,
        /// Words of whoever escalated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
        /// The level now.
        to: Level,
        /// What led to it.
        trigger: Trigger,
    },
    /// A superior granted more time.
    Extended {
        /// The clock, moved.
        clocks: Vec<Clock>,
        /// How much more, in the clock's unit.
        days: u32,
        /// Which clock.
        kind: ClockKind,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// Events were lost for good, and the ledger says so: it goes on in a new line of checkpoints. No complaint's fact.
    Forked {
        /// The position that the log still reached. This one stands behind it.
        kept: u64,
        /// The line that begins here; the ledger began in line 1.
        line: u32,
        /// How far the line before was signed.
        lost: u64,
        /// The root it was signed under.
        root: Digest,
    },
    /// A question was never answered; the clocks run again.
    InfoLapsed {
        /// Resumed clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Which question.
        request: u32,
    },
    /// The complainant answered a question.
    InfoProvided {
        /// Files that came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<Attachment>,
        /// Resumed and restarted clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Which question.
        request: u32,
        /// The answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// *Tunda*: the complainant was asked something.
    InfoRequested {
        /// Paused clocks, and the one of the answer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Counts the questions of a complaint, from 1.
        request: u32,
        /// The question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// The complainant rated a closed cycle.
    Rated {
        /// The rating window, met.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Which cycle.
        cycle: u32,
        /// How good it was.
        score: Score,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// A complaint came in.
    Received(Box<Received>),
    /// Class, category or priority was corrected.
    Reclassified {
        /// Clocks derived anew from their old anchors.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// As it was.
        from: Classification,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
        /// As it is.
        to: Classification,
    },
    /// A closed complaint lives again, in a new cycle.
    Reopened {
        /// New and cancelled clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// The new cycle.
        cycle: u32,
        /// Why.
        reason: ReopenReason,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// The complainant reacted to a response.
    Replied {
        /// Stopped clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// How.
        kind: ReplyKind,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// An agency answered.
    Responded {
        /// Stopped and started clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// The disposition it quotes.
        disposition: u32,
        /// Interim, or final with its outcome.
        kind: ResponseKind,
        /// The answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// *Bukan wewenang*: the holder says it is not competent.
    Returned {
        /// Stopped clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// The disposition it refuses.
        disposition: u32,
        /// Who gives it back.
        from: AgencyCode,
        /// Who would be competent.
        suggested: AgencyCode,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<BoxDigest>,
    },
    /// An officer checked that it is a complaint, and of what kind.
    Verified {
        /// The agencies it is directed against.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accused: Vec<AgencyCode>,
        /// Class, category, priority.
        classification: Classification,
        /// Stopped and started clocks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        /// Goes on even if the complainant withdraws.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        public_interest: bool,
    },
    /// Who may see it was changed.
    VisibilityChanged {
        /// As it was.
        from: Visibility,
        /// As it is.
        to: Visibility,
    },
}

impl Fact {
    /// The name of the fact, as stored.
    pub fn name(&self) -> &'static str {
        match self {
            Fact::Annotated { .. } => "Annotated",
            Fact::Closed { .. } => "Closed",
            Fact::DeadlinesRecomputed { .. } => "DeadlinesRecomputed",
            Fact::Dispositioned { .. } => "Dispositioned",
            Fact::Erased { .. } => "Erased",
            Fact::Escalated { .. } => "Escalated",
            Fact::Extended { .. } => "Extended",
            Fact::Forked { .. } => "Forked",
            Fact::InfoLapsed { .. } => "InfoLapsed",
            Fact::InfoProvided { .. } => "InfoProvided",
            Fact::InfoRequested { .. } => "InfoRequested",
            Fact::Rated { .. } => "Rated",
            Fact::Received(_) => "Received",
            Fact::Reclassified { .. } => "Reclassified",
            Fact::Reopened { .. } => "Reopened",
            Fact::Replied { .. } => "Replied",
            Fact::Responded { .. } => "Responded",
            Fact::Returned { .. } => "Returned",
            Fact::Verified { .. } => "Verified",
            Fact::VisibilityChanged { .. } => "VisibilityChanged",
        }
    }

    /// Every name of a fact, sorted.
    pub const NAMES: [&'static str; 20] = [
        "Annotated",
        "Closed",
        "DeadlinesRecomputed",
        "Dispositioned",
        "Erased",
        "Escalated",
        "Extended",
        "Forked",
        "InfoLapsed",
        "InfoProvided",
        "InfoRequested",
        "Rated",
        "Received",
        "Reclassified",
        "Reopened",
        "Replied",
        "Responded",
        "Returned",
        "Verified",
        "VisibilityChanged",
    ];

    /// Whether it is about the ledger itself, and about no complaint: whoever counts complaints leaves it out.
    pub fn is_of_the_ledger(&self) -> bool {
        matches!(self, Fact::Forked { .. })
    }

    /// The clocks it started, stopped, paused or moved.
    pub fn clocks(&self) -> &[Clock] {
        match self {
            Fact::Closed { clocks, .. }
            | Fact::DeadlinesRecomputed { clocks, .. }
            | Fact::Dispositioned { clocks, .. }
            | Fact::Escalated { clocks, .. }
            | Fact::Extended { clocks, .. }
            | Fact::InfoLapsed { clocks, .. }
            | Fact::InfoProvided { clocks, .. }
            | Fact::InfoRequested { clocks, .. }
            | Fact::Rated { clocks, .. }
            | Fact::Reclassified { clocks, .. }
            | Fact::Reopened { clocks, .. }
            | Fact::Replied { clocks, .. }
            | Fact::Responded { clocks, .. }
            | Fact::Returned { clocks, .. }
            | Fact::Verified { clocks, .. } => clocks,
            Fact::Received(received) => &received.clocks,
            Fact::Annotated { .. } | Fact::Erased { .. } | Fact::Forked { .. } | Fact::VisibilityChanged { .. } => &[],
        }
    }

    /// The boxes it names, with the field each was sealed as.
    pub fn boxes(&self) -> Vec<(&'static str, BoxDigest)> {
        match self {
            Fact::Received(received) => received.boxes(),
            Fact::Annotated { text, .. }
            | Fact::Closed { text, .. }
            | Fact::DeadlinesRecomputed { text, .. }
            | Fact::Dispositioned { text, .. }
            | Fact::Escalated { text, .. }
            | Fact::Extended { text, .. }
            | Fact::InfoProvided { text, .. }
            | Fact::InfoRequested { text, .. }
            | Fact::Rated { text, .. }
            | Fact::Reclassified { text, .. }
            | Fact::Reopened { text, .. }
            | Fact::Replied { text, .. }
            | Fact::Responded { text, .. }
            | Fact::Returned { text, .. } => text.map(|text| ("text", text)).into_iter().collect(),
            Fact::Erased { .. }
            | Fact::Forked { .. }
            | Fact::InfoLapsed { .. }
            | Fact::Verified { .. }
            | Fact::VisibilityChanged { .. } => Vec::new(),
        }
    }
}

/// A complaint as it came in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// Whom it accuses, in the complainant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accused: Option<BoxDigest>,
    /// The agency that the complainant or the channel thought of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_hint: Option<AgencyCode>,
    /// Where, coarsely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What the complainant or the channel thought it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_hint: Option<Category>,
    /// The way it came.
    pub channel: Channel,
    /// What the complainant took it for.
    pub class: Class,
    /// Started clocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
    /// How to reach the complainant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<BoxDigest>,
    /// Where, rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// The account that may follow, reply and rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PersonRef>,
    /// Where, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<BoxDigest>,
    /// The channel's own number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<BoxDigest>,
    /// HMAC of channel and reference under a secret of the ledger: found again, but never read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_mac: Option<Digest>,
    /// The complainant's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<BoxDigest>,
    /// SHA-256 of the tracking secret.
    pub secret: Digest,
    /// The complaint this one was split from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<ComplaintId>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<BoxDigest>,
    /// In a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<BoxDigest>,
    /// The number the complainant is told.
    pub tracking_number: TrackingNumber,
    /// Who may see it.
    pub visibility: Visibility,
    /// Against wrongdoing inside: the inspectorate's, whatever becomes of the visibility.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whistleblowing: bool,
}

impl Received {
    fn boxes(&self) -> Vec<(&'static str, BoxDigest)> {
        let fields = [
            ("accused", self.accused),
            ("contact", self.contact),
            ("place", self.place),
            ("reference", self.reference),
            ("reporter", self.reporter),
            ("text", self.text),
            ("title", self.title),
        ];
        fields.into_iter().filter_map(|(field, digest)| Some((field, digest?))).collect()
    }
}

/// A file the host keeps; the record holds what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its size in bytes, at most 2⁵³−1.
    pub bytes: u64,
    /// At the edge SHA-256 of its content; in a record HMAC of that under the complaint's key, so that after an
    /// erasure nobody can prove that a picture was attached.
    pub digest: Digest,
}

/// The class of a complaint, on which the statutory limit depends (PermenPANRB 62/2018).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// *Permintaan informasi*.
    Information,
    /// *Aspirasi*.
    Aspiration,
    /// *Pengaduan tidak berkadar pengawasan*.
    Complaint,
    /// *Pengaduan berkadar pengawasan*: against somebody's conduct.
    Supervisory,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 4] = [Class::Information, Class::Aspiration, Class::Complaint, Class::Supervisory];

    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Information => "information",
            Class::Aspiration => "aspiration",
            Class::Complaint => "complaint",
            Class::Supervisory => "supervisory",
        }
    }
}

/// How urgent it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub enum Priority {
    /// As the class says.
    #[default]
    Normal,
    /// Before others.
    Urgent,
    /// In minutes or hours.
    Emergency,
}

impl Priority {
    /// Every priority.
    pub const ALL: [Priority; 3] = [Priority::Normal, Priority::Urgent, Priority::Emergency];

    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Normal => "normal",
            Priority::Urgent => "urgent",
            Priority::Emergency => "emergency",
        }
    }
}

/// What kind of complaint it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    /// What it is about.
    pub category: Category,
    /// Which limit it has.
    pub class: Class,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
}

/// How a cycle ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Closure {
    /// Answered.
    Resolved {
        /// Who says so. Confirmation, silence and administration are counted apart for ever.
        basis: Basis,
        /// With what result.
        outcome: Outcome,
    },
    /// Not taken up.
    Declined {
        /// Why.
        reason: DeclineReason,
        /// Where the complainant was sent instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referred_to: Option<AgencyCode>,
    },
    /// The complainant took it back.
    Withdrawn,
    /// It is told in another complaint.
    Duplicate {
        /// Which. An imported source may not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<ComplaintId>,
    },
}

impl Closure {
    /// The name as tables show it; confirmation, silence and administration are counted apart for ever.
    pub fn name(&self) -> &'static str {
        match self {
            Closure::Resolved { basis: Basis::Confirmed, .. } => "resolved_confirmed",
            Closure::Resolved { basis: Basis::Silence, .. } => "resolved_silence",
            Closure::Resolved { basis: Basis::Administrative, .. } => "resolved_administrative",
            Closure::Declined { .. } => "declined",
            Closure::Withdrawn => "withdrawn",
            Closure::Duplicate { .. } => "duplicate",
        }
    }

    /// With what outcome, or why: empty where there is nothing more to say.
    pub fn detail(&self) -> &'static str {
        match self {
            Closure::Resolved { outcome, .. } => outcome.name(),
            Closure::Declined { reason, .. } => reason.name(),
            Closure::Withdrawn | Closure::Duplicate { .. } => "",
        }
    }
}

/// Who says that a complaint is resolved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Basis {
    /// The complainant.
    Confirmed,
    /// Nobody objected in time.
    Silence,
    /// An officer.
    Administrative,
}

/// What a final response says was done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    /// Done.
    Resolved,
    /// Done in part.
    PartlyResolved,
    /// Explained why nothing is done.
    ExplainedNoAction,
    /// There was nothing to it.
    Unfounded,
    /// Sent to somebody outside: not resolved.
    ForwardedExternal,
    /// The question was answered.
    InformationGiven,
}

impl Outcome {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Resolved => "resolved",
            Outcome::PartlyResolved => "partly_resolved",
            Outcome::ExplainedNoAction => "explained_no_action",
            Outcome::Unfounded => "unfounded",
            Outcome::ForwardedExternal => "forwarded_external",
            Outcome::InformationGiven => "information_given",
        }
    }
}

/// Why a complaint is not taken up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum DeclineReason {
    /// Another government's business; must name whose.
    OutOfScope,
    /// Cannot be acted on.
    TooGeneral,
    /// No business of any government.
    NotGovernment,
    /// Before a court.
    SubJudice,
    /// Between private persons.
    PrivateDispute,
    /// Insults.
    Abusive,
    /// *Iseng*.
    Prank,
    /// Somebody tried the system.
    Test,
    /// A question about it was never answered.
    Incomplete,
}

impl DeclineReason {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            DeclineReason::OutOfScope => "out_of_scope",
            DeclineReason::TooGeneral => "too_general",
            DeclineReason::NotGovernment => "not_government",
            DeclineReason::SubJudice => "sub_judice",
            DeclineReason::PrivateDispute => "private_dispute",
            DeclineReason::Abusive => "abusive",
            DeclineReason::Prank => "prank",
            DeclineReason::Test => "test",
            DeclineReason::Incomplete => "incomplete",
        }
    }
}

/// How a response is meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ResponseKind {
    /// On the way.
    Interim,
    /// The answer.
    Final(Outcome),
}

/// How a complainant reacts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ReplyKind {
    /// Content with the answer.
    Accept,
    /// Not content with it.
    Contest,
    /// Says something; no clock cares.
    Comment,
}

impl ReplyKind {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            ReplyKind::Accept => "accept",
            ReplyKind::Contest => "contest",
            ReplyKind::Comment => "comment",
        }
    }
}

/// Why a complaint lives again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ReopenReason {
    /// What was promised did not happen.
    NotResolved,
    /// It happened again.
    Recurred,
    /// There is something new.
    NewEvidence,
    /// A superior or the centre orders it.
    Ordered,
    /// A contest that was sent in time arrived after the silence was closed.
    LateDelivered,
}

impl ReopenReason {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            ReopenReason::NotResolved => "not_resolved",
            ReopenReason::Recurred => "recurred",
            ReopenReason::NewEvidence => "new_evidence",
            ReopenReason::Ordered => "ordered",
            ReopenReason::LateDelivered => "late_delivered",
        }
    }
}

/// Rungs of the ladder: 0 officer, 1 head of agency, 2 secretary or coordinator, 3 mayor, 4 Ombudsman or central government.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
pub struct Level(u8);

impl Level {
    /// The highest: Ombudsman or central government; only the complainant goes there.
    pub const OMBUDSMAN: Level = Level(4);
    /// 0 to 4.
    pub fn number(self) -> u8 {
        self.0
    }
}
impl TryFrom<u8> for Level {
    type Error = crate::values::InvalidValue;
    fn try_from(level: u8) -> Result<Self, Self::Error> {
        if level <= 4 { Ok(Level(level)) } else { Err(crate::values::InvalidValue::new("level", "must be 0 to 4")) }
    }
}
impl From<Level> for u8 {
    fn from(level: Level) -> u8 {
        level.0
    }
}

/// What led to an escalation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Trigger {
    /// A clock passed its due time.
    Breach {
        /// Which.
        clock: ClockKind,
        /// When this level fell due, in truth, however late that was noticed.
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        since: DateTime<Utc>,
    },
    /// The complainant's right.
    ByRight,
    /// A superior or the central monitor took it up.
    ByHand,
}

/// What an annotation is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Note {
    /// A remark.
    Remark,
    /// Says what an earlier event should have said; that event stays as it was.
    Correction {
        /// Its sequence.
        of: u64,
    },
    /// Nothing of it may be erased, or may again.
    LegalHold {
        /// Whether it holds from now on.
        held: bool,
    },
    /// Another complaint was closed as a duplicate of this one; its complainant still gets the answer.
    DuplicateJoined {
        /// Which.
        complaint: ComplaintId,
    },
    /// The complainant withdrew, but it goes on in the public interest.
    WithdrawalNoted,
    /// The complainant wrote after the end.
    LateReply(ReplyKind),
    /// What an imported source noted.
    Source {
        /// The source's word for it.
        kind: SourceName,
    },
}

/// Why personal values are erased.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ErasureBasis {
    /// The person asked (UU 27/2022).
    Request,
    /// The retention period is over.
    RetentionOver,
    /// A court or authority ordered it.
    Ordered,
}

impl ErasureBasis {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            ErasureBasis::Request => "request",
            ErasureBasis::RetentionOver => "retention_over",
            ErasureBasis::Ordered => "ordered",
        }
    }
}

/// An instant as a string of microseconds: metadata is a flat map of strings.
mod micros_text {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at.timestamp_micros())
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = DateTime<Utc>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string of microseconds since 1970")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let micros = text.parse().ok().and_then(micros::instant);
                micros.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
