//! What someone asks of a complaint.
//!
//! A command exists in two forms with one definition: at the edge its personal values are
//! [`Clear`]; behind the seal they are digests of boxes. The rules see only the second.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::Actor;
use crate::clock::ClockKind;
use crate::complaint::Target;
use crate::event::{
    Attachment, Class, Classification, Closure, DeclineReason, ErasureBasis, Level, Note, Outcome, ReopenReason,
    ReplyKind, ResponseKind, Trigger,
};
use crate::sealed::{BoxDigest, Clear, Field};
use crate::values::{
    AgencyCode, Area, Category, Channel, CommandId, ComplaintId, Coordinates, Digest, DocumentRef, Moment, PersonRef,
    Score, SourceName, Version, Visibility,
};

/// A request as it comes to the edge, personal values in the clear.
pub type ClearRequest = Request<Clear>;
/// A request as the rules see it, personal values as digests of boxes.
pub type SealedRequest = Request<BoxDigest>;

/// Somebody asks for something, at a time.
#[derive(Clone, PartialEq)]
pub struct Request<T> {
    /// Sent twice, it has one effect.
    pub id: CommandId,
    /// When it is recorded: the edge's clock, read once.
    pub at: Moment,
    /// When it happened, if earlier. Only complainants, intake officers and migrators may say so.
    pub occurred_at: Option<Moment>,
    /// Who asks.
    pub by: Actor,
    /// For whom.
    pub on_behalf: Option<PersonRef>,
    /// What.
    pub command: Command<T>,
    /// Drawn at the edge and never stored: salts, keys, nonces and the tracking number derive from it.
    pub seed: [u8; 32],
    /// The version the asker looked at; another one is a conflict.
    pub expect: Option<Version>,
    /// The command or event that led to this one.
    pub causation: Option<Uuid>,
    /// The conversation it belongs to.
    pub correlation: Option<Uuid>,
    /// What sealing found out; empty at the edge.
    pub marks: Marks,
}

/// What sealing adds to a request for the record to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// HMAC of the clear command under the complaint's key.
    pub mac: Option<Digest>,
    /// Commitment to a key that this request issues.
    pub key: Option<Digest>,
    /// HMAC of channel and reference under the ledger's secret.
    pub reference: Option<Digest>,
}

impl<T: fmt::Debug> fmt::Debug for Request<T> {
    /// Everything but the seed, from which a complaint's key follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("occurred_at", &self.occurred_at)
            .field("by", &self.by)
            .field("on_behalf", &self.on_behalf)
            .field("command", &self.command)
            .field("expect", &self.expect)
            .finish_non_exhaustive()
    }
}

impl<T> Request<T> {
    /// A request with nothing optional.
    pub fn new(id: CommandId, at: Moment, by: Actor, command: Command<T>, seed: [u8; 32]) -> Self {
        Request {
            id,
            at,
            occurred_at: None,
            by,
            on_behalf: None,
            command,
            seed,
            expect: None,
            causation: None,
            correlation: None,
            marks: Marks::default(),
        }
    }

    /// The same, for something that happened earlier.
    pub fn occurred(self, at: Moment) -> Self {
        Request { occurred_at: Some(at), ..self }
    }

    /// The same, with its command in another form.
    ///
    /// # Errors
    /// The first error of `change`.
    pub fn map<U, E>(self, change: &mut dyn FnMut(Field, T) -> Result<U, E>) -> Result<Request<U>, E> {
        Ok(Request {
            id: self.id,
            at: self.at,
            occurred_at: self.occurred_at,
            by: self.by,
            on_behalf: self.on_behalf,
            command: self.command.map(change)?,
            seed: self.seed,
            expect: self.expect,
            causation: self.causation,
            correlation: self.correlation,
            marks: self.marks,
        })
    }
}

/// What someone asks. Who may ask it, and when, stands in [`complaint`](crate::complaint).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub enum Command<T> {
    /// Admits that events were lost for good, where the ledger keeps that: `ComplaintId::of_fork` of the line.
    AdmitLoss {
        /// The position that the log still reaches: its last, or it is refused.
        kept: u64,
        /// The line that begins with it, from 2.
        line: u32,
        /// How far the line before was signed.
        lost: u64,
        /// The root it was signed under.
        root: Digest,
    },
    /// Adds a note; corrects by addition.
    Annotate {
        /// What it is about.
        note: Note,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Changes who may see it.
    ChangeVisibility {
        /// The visibility from now on.
        to: Visibility,
    },
    /// Ends an answered complaint.
    Close {
        /// Closing words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Does not take it up.
    Decline {
        /// Why.
        reason: DeclineReason,
        /// Where to go instead; required when out of scope.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referred_to: Option<AgencyCode>,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Tells an agency to act.
    Dispose {
        /// Who is told without being asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cc: Vec<AgencyCode>,
        /// The instruction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
        /// Who is to act.
        to: AgencyCode,
    },
    /// Makes personal values unreadable.
    Erase {
        /// The legal basis.
        basis: ErasureBasis,
    },
    /// Takes it up the ladder.
    Escalate {
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
        /// The level to reach.
        to: Level,
        /// Why.
        trigger: Trigger,
    },
    /// Grants more time.
    Extend {
        /// How much, in the clock's unit.
        days: u32,
        /// Which clock.
        kind: ClockKind,
        /// Why.
        text: T,
    },
    /// Brings a history in from elsewhere.
    Import(Import<T>),
    /// A question was not answered in time.
    Lapse {
        /// Which question.
        request: u32,
    },
    /// Says that it is told in another complaint.
    MarkDuplicate {
        /// Which.
        of: ComplaintId,
        /// What the shell found there; looked up before the decision.
        #[serde(skip)]
        target: Option<Target>,
    },
    /// Answers a question.
    ProvideInfo {
        /// Files that come with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<Attachment>,
        /// Which question.
        request: u32,
        /// The answer.
        text: T,
    },
    /// Rates a closed cycle.
    Rate {
        /// Which cycle.
        cycle: u32,
        /// How good it was.
        score: Score,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Brings a complaint in.
    Receive(Box<Receive<T>>),
    /// Corrects class, category or priority.
    Reclassify {
        /// Why.
        text: T,
        /// What it is.
        to: Classification,
    },
    /// Moves running clocks to a newer calendar or policy.
    Recompute {
        /// The calendar.
        calendar: DocumentRef,
        /// The policy, if it changes too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<DocumentRef>,
        /// Why.
        text: T,
    },
    /// Brings a closed complaint back to life.
    Reopen {
        /// Why.
        reason: ReopenReason,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Reacts to a response.
    Reply {
        /// How.
        kind: ReplyKind,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// Asks the complainant something.
    RequestInfo {
        /// The question.
        text: T,
    },
    /// Answers, quoting the disposition.
    Respond {
        /// The number of the disposition that is answered.
        disposition: u32,
        /// Interim, or final.
        kind: ResponseKind,
        /// The answer.
        text: T,
    },
    /// Says *bukan wewenang*.
    Return {
        /// The number of the disposition that is refused.
        disposition: u32,
        /// Who would be competent.
        suggested: AgencyCode,
        /// Why.
        text: T,
    },
    /// Confirms that it is a complaint, and of what kind.
    Verify {
        /// The agencies it is directed against.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accused: Vec<AgencyCode>,
        /// Class, category, priority.
        classification: Classification,
        /// Goes on even if the complainant withdraws.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        public_interest: bool,
    },
    /// Takes a complaint back.
    Withdraw {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
}

/// A complaint as it comes in. Any topic, from anywhere: no wrong door.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Receive<T> {
    /// Whom it accuses, in the complainant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accused: Option<T>,
    /// The agency that the complainant or the channel thought of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_hint: Option<AgencyCode>,
    /// Where, coarsely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Files that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What the complainant or the channel thought it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_hint: Option<Category>,
    /// The way it came.
    pub channel: Channel,
    /// What the complainant takes it for.
    pub class: Class,
    /// How to reach the complainant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<T>,
    /// Where, rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// Where, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<T>,
    /// The channel's own number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<T>,
    /// The complainant's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<T>,
    /// The complaint this one is split from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<ComplaintId>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<T>,
    /// In a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<T>,
    /// Who may see it.
    #[serde(default = "public", skip_serializing_if = "is_public")]
    pub visibility: Visibility,
    /// Against wrongdoing inside; visibility must be Whistleblower.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whistleblowing: bool,
}

impl<T> Receive<T> {
    /// A complaint by a channel, with nothing optional.
    pub fn by(channel: Channel, class: Class) -> Self {
        Receive {
            accused: None,
            agency_hint: None,
            area: None,
            attachments: Vec::new(),
            category_hint: None,
            channel,
            class,
            contact: None,
            coordinates: None,
            place: None,
            reference: None,
            reporter: None,
            split_from: None,
            text: None,
            title: None,
            visibility: Visibility::Public,
            whistleblowing: false,
        }
    }

    fn map<U, E>(self, change: &mut dyn FnMut(Field, T) -> Result<U, E>) -> Result<Receive<U>, E> {
        let mut each = |field: Field, value: Option<T>| value.map(|value| change(field, value)).transpose();
        Ok(Receive {
            accused: each(Field::ACCUSED, self.accused)?,
            agency_hint: self.agency_hint,
            area: self.area,
            attachments: self.attachments,
            category_hint: self.category_hint,
            channel: self.channel,
            class: self.class,
            contact: each(Field::CONTACT, self.contact)?,
            coordinates: self.coordinates,
            place: each(Field::PLACE, self.place)?,
            reference: each(Field::REFERENCE, self.reference)?,
            reporter: each(Field::REPORTER, self.reporter)?,
            split_from: self.split_from,
            text: each(Field::TEXT, self.text)?,
            title: each(Field::TITLE, self.title)?,
            visibility: self.visibility,
            whistleblowing: self.whistleblowing,
        })
    }
}

/// A history from elsewhere: steps in one lawful order, each with its own time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Import<T> {
    /// Which run brings it.
    pub batch: SourceName,
    /// Which row of the source, from 1.
    pub row: u64,
    /// Which source.
    pub source: SourceName,
    /// What happened there. Steps that are recorded already add nothing.
    pub steps: Vec<ImportStep<T>>,
}

/// One step of an imported history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct ImportStep<T> {
    /// The source does not show it; it is implied by what the source does show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// When it happened.
    pub occurred_at: Moment,
    /// What happened.
    pub step: Step<T>,
}

/// What an imported history can show.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub enum Step<T> {
    /// It came in.
    Receive {
        /// As it came.
        complaint: Box<Receive<T>>,
        /// The instant the source promised an answer by. No promise, no clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Moment>,
    },
    /// It was verified.
    Verify {
        /// Class, category, priority.
        classification: Classification,
    },
    /// An agency was told to act.
    Dispose {
        /// Which.
        to: AgencyCode,
    },
    /// It was answered for good.
    Respond {
        /// With what result.
        outcome: Outcome,
        /// The answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// It was closed.
    Close {
        /// How.
        closure: Closure,
        /// Closing words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
    /// It was rated.
    Rate {
        /// How good it was.
        score: Score,
    },
    /// The source noted something.
    Note {
        /// The source's word for it.
        kind: SourceName,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<T>,
    },
}

impl<T> Step<T> {
    /// The name of the fact it becomes: with its time, what tells whether it is recorded already.
    pub fn fact_name(&self) -> &'static str {
        match self {
            Step::Receive { .. } => "Received",
            Step::Verify { .. } => "Verified",
            Step::Dispose { .. } => "Dispositioned",
            Step::Respond { .. } => "Responded",
            Step::Close { .. } => "Closed",
            Step::Rate { .. } => "Rated",
            Step::Note { .. } => "Annotated",
        }
    }
}

impl<T> Command<T> {
    /// The name of the command.
    pub fn name(&self) -> &'static str {
        match self {
            Command::AdmitLoss { .. } => "AdmitLoss",
            Command::Annotate { .. } => "Annotate",
            Command::ChangeVisibility { .. } => "ChangeVisibility",
            Command::Close { .. } => "Close",
            Command::Decline { .. } => "Decline",
            Command::Dispose { .. } => "Dispose",
            Command::Erase { .. } => "Erase",
            Command::Escalate { .. } => "Escalate",
            Command::Extend { .. } => "Extend",
            Command::Import(_) => "Import",
            Command::Lapse { .. } => "Lapse",
            Command::MarkDuplicate { .. } => "MarkDuplicate",
            Command::ProvideInfo { .. } => "ProvideInfo",
            Command::Rate { .. } => "Rate",
            Command::Receive(_) => "Receive",
            Command::Reclassify { .. } => "Reclassify",
            Command::Recompute { .. } => "Recompute",
            Command::Reopen { .. } => "Reopen",
            Command::Reply { .. } => "Reply",
            Command::RequestInfo { .. } => "RequestInfo",
            Command::Respond { .. } => "Respond",
            Command::Return { .. } => "Return",
            Command::Verify { .. } => "Verify",
            Command::Withdraw { .. } => "Withdraw",
        }
    }

    /// The complaint this command brings in, if it is the first of one.
    pub fn received(&self) -> Option<&Receive<T>> {
        match self {
            Command::Receive(receive) => Some(receive),
            Command::Import(import) => import.steps.iter().find_map(|step| match &step.step {
                Step::Receive { complaint, .. } => Some(&**complaint),
                _ => None,
            }),
            _ => None,
        }
    }

    /// Changes every personal value into another form.
    ///
    /// # Errors
    /// The first error of `change`.
    pub fn map<U, E>(self, change: &mut dyn FnMut(Field, T) -> Result<U, E>) -> Result<Command<U>, E> {
        let words = Field::TEXT;
        Ok(match self {
            Command::AdmitLoss { kept, line, lost, root } => Command::AdmitLoss { kept, line, lost, root },
            Command::Annotate { note, text } => Command::Annotate { note, text: maybe(words, text, change)? },
            Command::ChangeVisibility { to } => Command::ChangeVisibility { to },
            Command::Close { text } => Command::Close { text: maybe(words, text, change)? },
            Command::Decline { reason, referred_to, text } => {
                Command::Decline { reason, referred_to, text: maybe(words, text, change)? }
            }
            Command::Dispose { cc, text, to } => Command::Dispose { cc, text: maybe(words, text, change)?, to },
            Command::Erase { basis } => Command::Erase { basis },
            Command::Escalate { text, to, trigger } => {
                Command::Escalate { text: maybe(words, text, change)?, to, trigger }
            }
            Command::Extend { days, kind, text } => Command::Extend { days, kind, text: change(words, text)? },
            Command::Import(import) => Command::Import(import.map(change)?),
            Command::Lapse { request } => Command::Lapse { request },
            Command::MarkDuplicate { of, target } => Command::MarkDuplicate { of, target },
            Command::ProvideInfo { attachments, request, text } => {
                Command::ProvideInfo { attachments, request, text: change(words, text)? }
            }
            Command::Rate { cycle, score, text } => Command::Rate { cycle, score, text: maybe(words, text, change)? },
            Command::Receive(receive) => Command::Receive(Box::new(receive.map(change)?)),
            Command::Reclassify { text, to } => Command::Reclassify { text: change(words, text)?, to },
            Command::Recompute { calendar, policy, text } => {
                Command::Recompute { calendar, policy, text: change(words, text)? }
            }
            Command::Reopen { reason, text } => Command::Reopen { reason, text: maybe(words, text, change)? },
            Command::Reply { kind, text } => Command::Reply { kind, text: maybe(words, text, change)? },
            Command::RequestInfo { text } => Command::RequestInfo { text: change(words, text)? },
            Command::Respond { disposition, kind, text } => {
                Command::Respond { disposition, kind, text: change(words, text)? }
            }
            Command::Return { disposition, suggested, text } => {
                Command::Return { disposition, suggested, text: change(words, text)? }
            }
            Command::Verify { accused, classification, public_interest } => {
                Command::Verify { accused, classification, public_interest }
            }
            Command::Withdraw { text } => Command::Withdraw { text: maybe(words, text, change)? },
        })
    }
}

impl<T> Import<T> {
    fn map<U, E>(self, change: &mut dyn FnMut(Field, T) -> Result<U, E>) -> Result<Import<U>, E> {
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in self.steps {
            let changed = match step.step {
                Step::Receive { complaint, due } => Step::Receive { complaint: Box::new(complaint.map(change)?), due },
                Step::Verify { classification } => Step::Verify { classification },
                Step::Dispose { to } => Step::Dispose { to },
                Step::Respond { outcome, text } => Step::Respond { outcome, text: maybe(Field::TEXT, text, change)? },
                Step::Close { closure, text } => Step::Close { closure, text: maybe(Field::TEXT, text, change)? },
                Step::Rate { score } => Step::Rate { score },
                Step::Note { kind, text } => Step::Note { kind, text: maybe(Field::TEXT, text, change)? },
            };
            steps.push(ImportStep { inferred: step.inferred, occurred_at: step.occurred_at, step: changed });
        }
        Ok(Import { batch: self.batch, row: self.row, source: self.source, steps })
    }
}

fn maybe<T, U, E>(
    field: Field,
    value: Option<T>,
    change: &mut dyn FnMut(Field, T) -> Result<U, E>,
) -> Result<Option<U>, E> {
    value.map(|value| change(field, value)).transpose()
}

fn public() -> Visibility {
    Visibility::Public
}

fn is_public(visibility: &Visibility) -> bool {
    *visibility == Visibility::Public
}
