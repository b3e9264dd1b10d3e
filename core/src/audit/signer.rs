//! Who signs checkpoints: a port, and the one rule every signer keeps.
//!
//! A signer runs apart from the application and its database, and remembers the last checkpoint it signed. It signs
//! another only with the proof that this one is the beginning of it. So nobody who can write to the ledger, its
//! administrator included, gets a rewritten history signed.

use async_trait::async_trait;

use super::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use super::tree;
use crate::values::Digest;

/// Signs checkpoints, in a process or a service of its own.
#[async_trait]
pub trait CheckpointSigner: Send + Sync {
    /// What it signed last for that origin.
    ///
    /// # Errors
    /// When it is not reached.
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError>;

    /// Signs a checkpoint, and remembers it durably before it answers. Asked again for the last one, it gives that.
    ///
    /// # Errors
    /// `Refused`, saying why; or when it is not reached: then it may have signed, and [`CheckpointSigner::last`] tells.
    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError>;
}

/// A checkpoint to be signed, with the proof that what was signed last is its beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// What is to be signed.
    pub checkpoint: Checkpoint,
    /// How many leaves the tree has that was signed last; 0 where there is none.
    pub old: u64,
    /// From the old to the new.
    pub proof: Vec<Digest>,
}

impl Proposal {
    /// Whether it goes on from what was signed last: the rule that every signer keeps.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, last: Option<&Checkpoint>) -> Result<(), Refusal> {
        let new = &self.checkpoint;
        let Some(last) = last else {
            // What a first checkpoint covers is its beginning; there is nothing to compare it with.
            return if self.old == 0 && self.proof.is_empty() { Ok(()) } else { Err(Refusal::NothingSigned) };
        };
        let (signed, proposed) = (last.size, new.size);
        if last.origin != new.origin {
            return Err(Refusal::OtherOrigin);
        }
        if proposed < signed {
            return Err(Refusal::Shorter { signed, proposed });
        }
        if proposed == signed {
            return if last.root == new.root { Ok(()) } else { Err(Refusal::Forked { signed, proposed }) };
        }
        if self.old != signed {
            return Err(Refusal::ProvedFromElsewhere { signed, old: self.old });
        }
        match tree::is_consistent((signed, last.root), (proposed, new.root), &self.proof) {
            true => Ok(()),
            false => Err(Refusal::Forked { signed, proposed }),
        }
    }
}

/// Why a checkpoint is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Refusal {
    /// It is shorter than what was signed.
    #[error(
        "{signed} events were signed, and this is a log of {proposed}: the end is missing. An old backup? \
         If it is lost for good, admit it: aduan ledger fork"
    )]
    Shorter {
        /// What was signed.
        signed: u64,
        /// What is proposed.
        proposed: u64,
    },
    /// It is another history than the one that was signed.
    #[error("the first {signed} of these {proposed} events are not those that were signed: the log was rewritten")]
    Forked {
        /// What was signed.
        signed: u64,
        /// What is proposed.
        proposed: u64,
    },
    /// The proof begins elsewhere.
    #[error("{signed} events were signed last, and the proof is from {old}")]
    ProvedFromElsewhere {
        /// What was signed.
        signed: u64,
        /// Where the proof begins.
        old: u64,
    },
    /// A proof from something that was never signed here.
    #[error("nothing was signed for that origin, and the proof is from something")]
    NothingSigned,
    /// The origin is not that of what was signed.
    #[error("it is of another origin")]
    OtherOrigin,
    /// Nobody told the signer that it signs for that origin.
    #[error("this signer does not sign for {0}")]
    UnknownOrigin(String),
    /// A line that goes on after a loss, and whoever keeps the signer has not agreed to it.
    #[error("{0} goes on after a loss, and whoever keeps the signer has not agreed to it")]
    NotAgreed(String),
}

/// What went wrong with a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// It does not sign that.
    #[error("the signer refuses: {0}")]
    Refused(#[from] Refusal),
    /// It was not reached, or does not answer.
    #[error("the signer does not answer: {0}")]
    Unavailable(String),
}
