//! Why a command was refused. Nothing was recorded, and the reason is a value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::clock::ClockKind;
use crate::complaint::Stage;
use crate::event::Level;
use crate::values::{AgencyCode, DocumentRef, TrackingNumber};

/// A refusal with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
pub enum Rejection {
    /// There is no such complaint.
    #[error("there is no such complaint")]
    NoSuchComplaint,
    /// The same message came in before.
    #[error("received before, as {tracking_number}")]
    AlreadyReceived {
        /// Its tracking number.
        tracking_number: TrackingNumber,
    },
    /// The stage does not allow it.
    #[error("{command} is not lawful while the complaint is {stage:?}")]
    WrongStage {
        /// What was asked.
        command: String,
        /// Where the complaint stands.
        stage: Stage,
    },
    /// The role does not allow it.
    #[error("{role:?} may not {command} here")]
    NotAllowed {
        /// Who asked.
        role: Role,
        /// What was asked.
        command: String,
    },
    /// Neither the account nor the tracking secret is the complainant's.
    #[error("only the complainant may do this, by account or tracking secret")]
    NotTheComplainant,
    /// An officer must say for which agency.
    #[error("{role:?} acts for an agency, and none is named")]
    NoAgency {
        /// Who asked.
        role: Role,
    },
    /// The agency does not hold the complaint.
    #[error("the complaint is not held by that agency")]
    NotHolder {
        /// Who holds it.
        holder: Option<AgencyCode>,
    },
    /// Another disposition holds by now.
    #[error("disposition {quoted} no longer holds")]
    StaleDisposition {
        /// The one quoted.
        quoted: u32,
        /// The one that holds.
        current: Option<u32>,
    },
    /// The agency already holds it.
    #[error("{agency} holds it already")]
    AlreadyHolder {
        /// The agency.
        agency: AgencyCode,
    },
    /// The agency is not in the directory, or not on that day.
    #[error("{agency} does not exist on that day")]
    NoSuchAgency {
        /// The agency.
        agency: AgencyCode,
        /// Who took over from it.
        successor: Option<AgencyCode>,
    },
    /// The complaint is directed against it.
    #[error("the complaint is directed against {agency}")]
    Accused {
        /// The agency.
        agency: AgencyCode,
    },
    /// Too many dispositions: a superior decides.
    #[error("{max} dispositions are enough: a superior decides now")]
    TooManyHops {
        /// How many the policy allows.
        max: u32,
    },
    /// A final response was given.
    #[error("the holder has answered for good")]
    AlreadyAnswered,
    /// No final response stands.
    #[error("there is no answer that stands")]
    NotAnswered,
    /// A question to the complainant is open.
    #[error("question {request} is still open")]
    QuestionOpen {
        /// Which.
        request: u32,
    },
    /// That question is not open.
    #[error("question {request} is not open")]
    NoSuchQuestion {
        /// Which.
        request: u32,
    },
    /// The complainant was asked often enough.
    #[error("the complainant was asked {max} times: that is enough")]
    TooManyQuestions {
        /// How many the policy allows.
        max: u32,
    },
    /// Its time is over, or never began.
    #[error("the {clock:?} is over, or never began")]
    WindowElapsed {
        /// Which.
        clock: ClockKind,
    },
    /// Nothing is due yet.
    #[error("nothing of this kind is due")]
    NotDue,
    /// The clock does not run.
    #[error("the {clock:?} clock does not run")]
    ClockNotRunning {
        /// Which.
        clock: ClockKind,
    },
    /// The clock is past due: no extension mends that.
    #[error("the {clock:?} clock is past due: no extension mends that")]
    AlreadyPastDue {
        /// Which.
        clock: ClockKind,
    },
    /// More than the policy allows.
    #[error("at most {max} in all")]
    ExtensionTooLong {
        /// How much the policy allows, extensions before included.
        max: u32,
    },
    /// The level would not rise.
    #[error("level {to:?} is not above level {from:?}")]
    LevelNotRising {
        /// As it is.
        from: Level,
        /// As asked.
        to: Level,
    },
    /// Nothing entitles to this escalation.
    #[error("nothing entitles to this escalation")]
    NoGrounds,
    /// This cycle is rated, or was never the current one.
    #[error("cycle {cycle} is rated already, or is not the current one")]
    NotRateable {
        /// Which.
        cycle: u32,
    },
    /// The complainant's ways are used up: the Ombudsman is next.
    #[error("{max} cycles are over: the way leads to the Ombudsman")]
    CyclesExhausted {
        /// How many the policy allows.
        max: u32,
    },
    /// Only the complainant may make it more visible.
    #[error("only the complainant may loosen the visibility")]
    WouldLoosen,
    /// Merging would show what is secret.
    #[error("merging would show what this complaint hides")]
    WouldExpose,
    /// A whistleblower's report must be marked as one.
    #[error("a whistleblower's report must have the visibility Whistleblower")]
    MustBeWhistleblower,
    /// Line follows line: a loss is admitted in the next line of checkpoints, and none is left out.
    #[error("line {missing} was not begun yet: line follows line")]
    LineMissing {
        /// The line that would be left out.
        missing: u32,
    },
    /// Nothing would change.
    #[error("nothing would change")]
    NoChange,
    /// It needs a text, or an attachment.
    #[error("a complaint needs a text or an attachment")]
    Empty,
    /// Out of scope is only said with a referral: there is no wrong door.
    #[error("out of scope is only said with a referral")]
    MustRefer,
    /// The other complaint cannot take this one.
    #[error("the target {why}")]
    BadTarget {
        /// Why.
        why: String,
    },
    /// It would have happened after it is recorded.
    #[error("it would have happened after it is recorded")]
    InFuture,
    /// Officers' acts count when they are recorded.
    #[error("{role:?} cannot say that it happened earlier: officers' acts count when recorded")]
    Backdated {
        /// Who asked.
        role: Role,
    },
    /// It would have happened longer ago than channels take to deliver.
    #[error("it would have happened more than {days} days before it is recorded")]
    TooLongAgo {
        /// How many the policy allows.
        days: u32,
    },
    /// It would have happened before the complaint came in.
    #[error("it would have happened before the complaint came in")]
    BeforeReceipt,
    /// The complaint lives here by now: its history is no longer written elsewhere.
    #[error("the complaint lives here by now: no history is brought in")]
    NotImportable,
    /// An imported step does not follow from those before it.
    #[error("step {step} ({fact}) does not follow from those before it: {why}")]
    StepOutOfOrder {
        /// Which, from 1.
        step: u32,
        /// What it says.
        fact: String,
        /// Why not.
        why: String,
    },
    /// Such notes are made by the engine, not by hand.
    #[error("such a note is not made by hand")]
    NotByHand,
    /// A legal hold is on it.
    #[error("a legal hold is on it")]
    LegalHold,
    /// The vault in use cannot destroy a key so that nothing is left of it.
    #[error("the vault in use cannot destroy keys")]
    CannotErase,
    /// The same command id came with another body.
    #[error("the command id was used for something else")]
    CommandIdReused,
    /// Another version than the asker looked at.
    #[error("the complaint has version {actual}, not {expected}")]
    VersionMismatch {
        /// As expected.
        expected: u64,
        /// As it is.
        actual: u64,
    },
    /// A document that binds the complaint is not at hand.
    #[error("{document} is not at hand")]
    MissingDocument {
        /// Which.
        document: DocumentRef,
    },
    /// A newer version does not apply.
    #[error("{document} is not a newer version that applies to this complaint")]
    NotNewer {
        /// Which.
        document: DocumentRef,
    },
    /// A limit on sizes.
    #[error("at most {max} {what}")]
    TooMuch {
        /// Of what.
        what: String,
        /// How many.
        max: u64,
    },
    /// A value is not valid.
    #[error("{what}: {why}")]
    Invalid {
        /// Which.
        what: String,
        /// Why.
        why: String,
    },
}

impl From<crate::values::InvalidValue> for Rejection {
    fn from(invalid: crate::values::InvalidValue) -> Self {
        Rejection::Invalid { what: invalid.what.to_owned(), why: invalid.why }
    }
}
