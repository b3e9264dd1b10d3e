//! The ports: what the engine asks of a store and of a vault. Adapters implement them, and never decide.

mod heads;

use async_trait::async_trait;

pub use self::heads::Heads;

use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::keys::Rotation;
use crate::record::Record;
use crate::sealed::{BoxDigest, ComplaintKey, SealedBox, WrappedKey};
use crate::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};

/// A store of complaints: appends whole commands, loads histories.
///
/// # Promises every implementation keeps (the conformance suite asks for each)
/// - `Appended` means durable: it survives a kill and a power loss.
/// - All parts of an append are stored, or none.
/// - Positions are 1, 2, 3 … without a gap, in commit order.
/// - A command id has one effect in a ledger, for ever.
/// - Of two appends that expect the same version of a complaint, one wins.
/// - A caller that goes away does not cut an append in half.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Which ledger this is.
    fn id(&self) -> &LedgerId;

    /// The records of a complaint after a version (0: all), in order, with its wrapped keys.
    ///
    /// An unknown complaint has no records; that is no error.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` when stored columns contradict each other.
    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError>;

    /// The wrapped keys of a complaint, without its records.
    ///
    /// # Errors
    /// As [`Ledger::load`].
    async fn keys(&self, complaint: ComplaintId) -> Result<Vec<WrappedKey>, StoreError> {
        Ok(self.load(complaint, BEYOND).await?.keys)
    }

    /// Appends a command, whole. A command that was handled before is told so, even where it would conflict.
    ///
    /// # Errors
    /// `Corrupt` when the append contradicts itself or the record it links to; nothing was stored. `Overloaded` and `Unavailable` mean that nothing was stored. `Unknown` means ask again with the same id.
    async fn append(&self, append: Append) -> Result<Outcome, StoreError>;

    /// What a command recorded, with positions, in order; nothing if it is unknown.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` when stored columns contradict each other.
    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError>;

    /// Boxes of a complaint by their digests, in the order asked; `None` where there is none.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` when a box holds other bytes than its digest says.
    async fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError>;

    /// Keeps documents (policies, calendars, directories) under the hash of their bytes. Keeping one twice is harmless.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError>;

    /// A kept document.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError>;
}

/// The one gapless order of a ledger.
#[async_trait]
pub trait Log: Send + Sync {
    /// Up to `limit` entries after a position (0: from the start), and an explicit end.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` when a position is missing, or the log ends before `position`: whoever
    /// asks has seen what is gone.
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError>;

    /// The last position, and the hash of everything up to it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Waits until the log goes beyond a position, as far as this store is told of it: it may wake early, and what
    /// others write it may never learn of. Whoever follows a log looks now and then all the same.
    ///
    /// # Errors
    /// `Unavailable` when nobody can tell any more.
    async fn more(&self, after: Position) -> Result<(), StoreError> {
        let _ = after;
        std::future::pending().await
    }
}

/// A ledger that can be read in order: what an engine works on.
pub trait Store: Ledger + Log {}
impl<S: Ledger + Log> Store for S {}

/// What signers attested of a ledger, kept beside its records: for whoever exports it, never as the only copy.
///
/// Whoever can rewrite the records can take these away. They cannot make others: that takes the signer's key.
#[async_trait]
pub trait Attestations: Send + Sync {
    /// Keeps one, durably and for ever. Keeping one twice is harmless.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError>;

    /// Up to `limit` of them behind that one (none: from the first), ordered by size, those of one size by the
    /// digests of their notes.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` when a note has another digest than it is kept under.
    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError>;
}

/// A signed note about a ledger: a [checkpoint](crate::audit::checkpoint), or a [key handed over](crate::audit::keys).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Attestation {
    /// Up to which position it speaks.
    pub size: Position,
    /// The note, as it was signed.
    pub note: String,
}

impl Attestation {
    /// A key that was handed over.
    pub fn of_rotation(rotation: &Rotation) -> Self {
        Attestation { size: rotation.after(), note: rotation.to_string() }
    }

    /// A checkpoint, to be kept.
    pub fn of(checkpoint: &SignedCheckpoint) -> Self {
        Attestation { size: checkpoint.checkpoint().size, note: checkpoint.to_string() }
    }

    /// What it is kept under.
    pub fn digest(&self) -> Digest {
        Digest::of(self.note.as_bytes())
    }
}

/// Keeps the outer keys, in a file or service apart from the store: without it, boxes are noise.
#[async_trait]
pub trait KeyVault: Send + Sync {
    /// A secret of the ledger, from which complaint ids derive so that nobody can guess them.
    ///
    /// # Errors
    /// When the vault cannot be reached or has no such ledger.
    async fn ledger_secret(&self, ledger: &LedgerId) -> Result<[u8; 32], VaultError>;

    /// Wraps a new key; `seed` gives the nonce.
    ///
    /// # Errors
    /// When the vault cannot be reached.
    async fn wrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        key: &ComplaintKey,
        seed: &[u8; 32],
    ) -> Result<WrappedKey, VaultError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// When the vault cannot be reached, its outer key is destroyed, or the bytes were altered.
    async fn unwrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        wrapped: &WrappedKey,
    ) -> Result<ComplaintKey, VaultError>;

    /// Unwraps the key that was committed to by whichever of its wrappings opens, the newest first: that is the one which
    /// survives a rotation. Whoever may add rows to a store may add wrappings, and those open nothing. `None` where it has
    /// no wrapping.
    ///
    /// # Errors
    /// As [`unwrap`](KeyVault::unwrap) of the newest, when none opens.
    async fn unwrap_committed(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        commitment: Digest,
        wrappings: &[WrappedKey],
    ) -> Result<Option<ComplaintKey>, VaultError> {
        let mut wrappings: Vec<_> = wrappings.iter().filter(|key| key.commitment == commitment).collect();
        wrappings.sort_by_key(|key| std::cmp::Reverse(key.epoch));
        let mut first = None;
        for wrapped in wrappings {
            match self.unwrap(ledger, complaint, wrapped).await {
                Ok(key) => return Ok(Some(key)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(None), Err)
    }
}

/// What a store holds of a complaint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// Its records after the version asked for, in order.
    pub records: Vec<Record>,
    /// Its wrapped keys, all of them, by epoch and commitment.
    pub keys: Vec<WrappedKey>,
}

/// A whole command to append. Its parts touch one complaint, or two (a duplicate and its target).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    /// The command.
    pub command: CommandId,
    /// One part for each complaint, none twice, none without records.
    pub parts: Vec<AppendPart>,
    /// The position its first record must get, for a copy that keeps positions: another one is a conflict.
    pub at: Option<Position>,
}

impl Append {
    /// A command that may come to stand anywhere.
    pub fn new(command: CommandId, parts: Vec<AppendPart>) -> Self {
        Append { command, parts, at: None }
    }

    /// Whether it is whole and links within itself; what it adds to is for the store to compare.
    ///
    /// Every store asks this first: a malformed append is a bug of ours, found before it is stored.
    ///
    /// # Errors
    /// `Corrupt`, saying what contradicts what.
    pub fn check(&self) -> Result<(), StoreError> {
        let broken = |why: &str| Err(StoreError::Corrupt(format!("command {} {why}", self.command)));
        let mut number = 0;
        for (place, part) in self.parts.iter().enumerate() {
            if self.parts[..place].iter().any(|other| other.complaint == part.complaint) {
                return broken("touches a complaint twice");
            }
            let Some(first) = part.records.first() else { return broken("has a part without records") };
            let (mut sequence, mut prev) = (part.expected, first.prev);
            for record in &part.records {
                number += 1;
                sequence += 1;
                if record.complaint != part.complaint || record.command != self.command || record.part != number {
                    return broken("has a record that belongs elsewhere");
                }
                if record.sequence != sequence || record.prev != prev {
                    return broken("has a record that does not link to the one before it");
                }
                prev = record.hash;
            }
        }
        if self.parts.is_empty() { broken("has no parts") } else { Ok(()) }
    }
}

impl AppendPart {
    /// Refuses a part that does not link to the last record hash of its complaint.
    ///
    /// # Errors
    /// `Corrupt`: the version fits, so somebody's bytes do not.
    pub fn check_link(&self, head: Digest) -> Result<(), StoreError> {
        if self.records.first().is_none_or(|record| record.prev == head) {
            return Ok(());
        }
        let why = format!("an append does not link to the last record of complaint {}", self.complaint);
        Err(StoreError::Corrupt(why))
    }
}

/// What a command adds to one complaint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppendPart {
    /// The complaint.
    pub complaint: ComplaintId,
    /// The version it stands on: another one is a conflict.
    pub expected: Version,
    /// Its new records, `expected + 1` and on.
    pub records: Vec<Record>,
    /// Sealed values that the records name.
    pub boxes: Vec<SealedBox>,
    /// Keys that the records issue.
    pub keys: Vec<WrappedKey>,
}

/// What became of an append.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Recorded, durably. The records stand at `first` and on, in the order of the parts.
    Appended {
        /// The position of the first record.
        first: Position,
    },
    /// A complaint has another version than expected, or the log another end; nothing was stored.
    Conflict,
    /// The command id was handled before; nothing was stored now. What it recorded then:
    Handled {
        /// Its records with their positions, in order.
        entries: Vec<Entry>,
    },
}

/// A record and its place in the ledger's order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// From 1, without gaps.
    pub position: Position,
    /// The record.
    pub record: Record,
}

/// A stretch of the log that says where it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// In order.
    pub entries: Vec<Entry>,
    /// The position of the last entry; the one asked for where there is none.
    pub end: Position,
    /// Whether the log had nothing more when it was read.
    pub at_head: bool,
}

/// How far a ledger goes, and what it holds up to there: what an auditor notes down to find a cut tail later.
///
/// The log hash runs over every record in the order of positions, so that two saved heads are equal only
/// where everything before them is. It stands apart from the records: writers of one complaint need no other.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The ledger.
    pub ledger: LedgerId,
    /// Its last position; 0 while it is empty.
    pub position: Position,
    /// `SHA-256("aduan/log/v1\n" ‖ log hash before ‖ position ‖ record hash)`.
    pub log_hash: Digest,
}

impl Head {
    /// The head of a ledger that holds nothing.
    pub fn empty(ledger: LedgerId) -> Self {
        let log_hash = Digest::of_parts("aduan/log-genesis/v1\n", &[ledger.as_str().as_bytes()]);
        Head { ledger, position: 0, log_hash }
    }

    /// Takes the record at the next position.
    pub fn advance(&mut self, record_hash: Digest) {
        self.position += 1;
        let mut bytes = [0; 13 + 32 + 8 + 32];
        bytes[..13].copy_from_slice(b"aduan/log/v1\n");
        bytes[13..45].copy_from_slice(&self.log_hash.0);
        bytes[45..53].copy_from_slice(&self.position.to_be_bytes());
        bytes[53..].copy_from_slice(&record_hash.0);
        self.log_hash = Digest::of(&bytes);
    }
}

/// A policy, calendar or directory, kept by content so that years later it is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// SHA-256 of its text.
    pub hash: Digest,
    /// What it is.
    pub kind: DocumentKind,
    /// Its bytes as they were hashed.
    pub text: String,
}

/// The kinds of document that bind a decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DocumentKind {
    /// A [policy](crate::policy).
    Policy,
    /// A [calendar](crate::calendar).
    Calendar,
    /// An [agency directory](crate::agency).
    Directory,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [DocumentKind; 3] = [DocumentKind::Policy, DocumentKind::Calendar, DocumentKind::Directory];

    /// The name as stores keep it.
    pub fn name(self) -> &'static str {
        match self {
            DocumentKind::Policy => "policy",
            DocumentKind::Calendar => "calendar",
            DocumentKind::Directory => "directory",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What went wrong in a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue is full; nothing was stored.
    #[error("overloaded: the store's queue is full, nothing was stored")]
    Overloaded,
    /// Not reached; nothing was stored.
    #[error("unavailable, nothing was stored: {0}")]
    Unavailable(String),
    /// It may or may not be stored: ask again with the same command id.
    #[error("outcome unknown, ask again with the same command id: {0}")]
    Unknown(String),
    /// What is stored contradicts itself.
    #[error("corrupt: {0}")]
    Corrupt(String),
}

/// What went wrong in a vault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("vault: {0}")]
pub struct VaultError(pub String);

/// More events than a complaint can have: what is loaded after it is the keys alone.
const BEYOND: Version = u32::MAX as Version;
