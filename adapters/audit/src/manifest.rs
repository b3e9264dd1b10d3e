//! `manifest.json`: what is in the folder, and of what.

use aduan::values::{ComplaintId, LedgerId, Position};
use serde::{Deserialize, Serialize};

/// The form this release writes and reads.
pub const FORMAT: &str = "aduan-audit/1";

/// What is in a folder. Nothing signs it: a verifier holds every word of it against the records.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Which ledger.
    pub ledger: LedgerId,
    /// The size of the checkpoint.
    pub size: Position,
    /// What of the ledger.
    pub scope: Scope,
    /// How many records.
    pub records: u64,
    /// Of how many complaints.
    pub complaints: u64,
    /// Whether the sealed values are in it.
    pub boxes: bool,
    /// Whether the keys to them are.
    pub keys: bool,
    /// When it was made, RFC 3339: for people; nothing rests on it.
    pub made_at: String,
    /// By which release.
    pub made_by: String,
}

/// What of a ledger is in a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// Everything up to the checkpoint.
    Whole,
    /// Everything from a position to another, and what came before of the complaints that occur there.
    Period {
        /// The first position.
        first: Position,
        /// The last.
        last: Position,
    },
    /// One complaint.
    Complaint(ComplaintId),
}

impl Scope {
    /// Whether a loss that is admitted at a position is told.
    pub(crate) fn holds_admission_at(&self, position: Position) -> bool {
        match self {
            Scope::Whole => true,
            Scope::Period { last, .. } => position <= *last,
            Scope::Complaint(_) => false,
        }
    }
}
