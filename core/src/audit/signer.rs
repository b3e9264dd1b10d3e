//! Who signs checkpoints: a port, and the one rule every signer keeps.
//!
//! A signer runs apart from the application and its database, and remembers the last checkpoint it signed. It signs
//! another only with the proof that this one is the beginning of it. So nobody who can write to the ledger, its
//! administrator included, gets a rewritten history signed.

use std::cmp::Ordering;

use async_trait::async_trait;

use super::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use super::keys::Rotation;
use super::tree;
use crate::values::Digest;

/// Signs checkpoints, in a process or a service of its own.
#[async_trait]
pub trait CheckpointSigner: Send + Sync {
    /// What the next checkpoint of that origin goes on from: the last one it signed for it. In a line that goes on after
    /// a loss, until its first one is signed, the newest of those before that was kept; that one names its own origin.
    ///
    /// # Errors
    /// When it is not reached.
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError>;

    /// Signs a checkpoint, and remembers it durably before it answers. Asked again for the last one, it gives that.
    ///
    /// # Errors
    /// `Refused`, saying why; or when it is not reached: then it may have signed, and [`CheckpointSigner::last`] tells.
    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError>;

    /// The keys that were handed over for the ledger of that origin, in whichever of its lines, in order: whoever keeps
    /// its attestations keeps these, too. A signer whose key never changes has none.
    ///
    /// # Errors
    /// When it is not reached.
    async fn rotations(&self, origin: &Origin) -> Result<Vec<Rotation>, SignerError> {
        let _ = origin;
        Ok(Vec::new())
    }
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
            if new.size == 0 && new.root != Digest::of(b"") {
                return Err(Refusal::Forked { signed: 0, proposed: 0 });
            }
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

    /// Whether it begins a line that goes on after a loss, of which `kept` events were agreed to be left: it reaches
    /// behind them, where the loss is admitted, and goes on from the newest checkpoint of those that was signed.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check_fork(&self, kept: u64, newest: Option<&Checkpoint>) -> Result<(), Refusal> {
        let new = &self.checkpoint;
        if new.size <= kept {
            return Err(Refusal::NotAdmitted { kept, proposed: new.size });
        }
        match newest {
            Some(newest) => self.check(Some(&Checkpoint { origin: new.origin.clone(), ..newest.clone() })),
            None => self.check(None),
        }
    }
}

/// The line of a ledger that a signer signs, and how far it has come: what it must remember to keep the rule.
///
/// ```
/// use aduan::audit::{checkpoint::{Checkpoint, Origin}, signer::{Proposal, Refusal, SignedLine}};
/// use aduan::values::{Digest, LedgerId};
///
/// let origin = Origin::of(&LedgerId::new("mojokerto")?, 1);
/// let mut line = SignedLine::new(origin.clone());
/// let of_size = |size| Proposal {
///     checkpoint: Checkpoint { origin: origin.clone(), size, root: Digest::of(b"") },
///     old: 0,
///     proof: Vec::new(),
/// };
/// line.check(&of_size(20))?;
/// line.signed(of_size(20).checkpoint);
/// assert_eq!(line.check(&of_size(12)), Err(Refusal::Shorter { signed: 20, proposed: 12 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedLine {
    origin: Origin,
    last: Option<Checkpoint>,
    fork: Option<Fork>,
}

/// What was agreed when a line was left.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Fork {
    kept: u64,
    /// The newest that was signed of what was kept.
    newest: Option<Checkpoint>,
    /// What was signed last before.
    lost: Checkpoint,
}

impl SignedLine {
    /// A line in which nothing was signed.
    pub fn new(origin: Origin) -> Self {
        SignedLine { origin, last: None, fork: None }
    }

    /// Whose tree it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What was signed last in it.
    pub fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }

    /// What the next one goes on from: the last, or the newest before that was kept.
    pub fn base(&self) -> Option<&Checkpoint> {
        self.last.as_ref().or(self.fork.as_ref()?.newest.as_ref())
    }

    /// Whether a proposal goes on from what was signed, in the line that is signed now.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, proposal: &Proposal) -> Result<(), Refusal> {
        let origin = &proposal.checkpoint.origin;
        if origin.key_name() != self.origin.key_name() {
            return Err(Refusal::OtherOrigin);
        }
        match origin.line().cmp(&self.origin.line()) {
            Ordering::Less => return Err(Refusal::LineLeft(origin.to_string())),
            Ordering::Greater => return Err(Refusal::NotAgreed(origin.to_string())),
            Ordering::Equal => {}
        }
        match (&self.last, &self.fork) {
            (None, Some(fork)) => proposal.check_fork(fork.kept, fork.newest.as_ref()),
            (last, _) => proposal.check(last.as_ref()),
        }
    }

    /// Remembers what was signed in it.
    pub fn signed(&mut self, checkpoint: Checkpoint) {
        self.last = Some(checkpoint);
    }

    /// The line that goes on after a loss of which `kept` events are left; `newest` is the newest checkpoint of those that
    /// was signed, in this line or one before. Until something is signed in it another number may be agreed to.
    ///
    /// `lost` is how many events the ledger says were signed in the line that is left: its admission stands in a record
    /// that nobody can mend, and a greater checkpoint would contradict it for ever. None is for what was agreed to before
    /// that was asked.
    ///
    /// # Errors
    /// When nothing was lost, or more was signed than the ledger admits.
    pub fn fork(&self, kept: u64, lost: Option<u64>, newest: Option<Checkpoint>) -> Result<Self, Refusal> {
        let (origin, last) = match (&self.last, &self.fork) {
            (Some(last), _) => (self.origin.of_line(self.origin.line().saturating_add(1)), last),
            (None, Some(fork)) => (self.origin.clone(), &fork.lost),
            (None, None) => return Err(Refusal::NothingLost { signed: 0, kept }),
        };
        let signed = last.size;
        if signed <= kept {
            return Err(Refusal::NothingLost { signed, kept });
        }
        if let Some(lost) = lost.filter(|lost| *lost < signed) {
            return Err(Refusal::LostMore { signed, lost });
        }
        Ok(SignedLine { origin, last: None, fork: Some(Fork { kept, newest, lost: last.clone() }) })
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
    /// A line that was left after a loss.
    #[error("{0} was left after a loss: the ledger goes on in a later line")]
    LineLeft(String),
    /// The first of a line that does not reach what admits the loss.
    #[error("{kept} events were kept, and the record behind them that admits the loss is not among these {proposed}")]
    NotAdmitted {
        /// How many were kept.
        kept: u64,
        /// What is proposed.
        proposed: u64,
    },
    /// Nobody lost anything: no line is left for that.
    #[error("{signed} events were signed and {kept} kept: nothing was lost")]
    NothingLost {
        /// What was signed.
        signed: u64,
        /// What was kept.
        kept: u64,
    },
    /// More was signed than the ledger admits to have lost: what was signed beyond it would contradict the admission.
    #[error(
        "{signed} events were signed, and the ledger admits to have lost {lost} of them: somebody had more signed \
         meanwhile. Stop the old notary, restore the backup once more, and admit the loss anew: aduan ledger fork"
    )]
    LostMore {
        /// What was signed.
        signed: u64,
        /// What the ledger admits.
        lost: u64,
    },
    /// The signer's clock is further behind than the one that its last checkpoint was signed by.
    #[error("the signer's clock says {now}, and it signed at {signed}, in seconds since 1970: mend the clock")]
    ClockBehind {
        /// When it signed last.
        signed: u64,
        /// What the clock says.
        now: u64,
    },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::{Frontier, RangeHashes, consistency, leaf_hash};
    use crate::values::LedgerId;

    /// A log by what its leaves say.
    struct Told(Vec<&'static str>);

    impl Told {
        fn new(told: &'static str) -> Self {
            Told(told.split(' ').collect())
        }

        fn root(&self, size: u64) -> Digest {
            let mut tree = Frontier::default();
            self.0[..size as usize].iter().for_each(|leaf| tree.push(leaf_hash(leaf.as_bytes())));
            tree.root()
        }

        fn checkpoint(&self, line: u32, size: u64) -> Checkpoint {
            let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), line);
            Checkpoint { origin, size, root: self.root(size) }
        }

        fn proposal(&self, line: u32, old: u64) -> Proposal {
            let size = self.0.len() as u64;
            let mut hashes = RangeHashes::default();
            let ranges = consistency(old, size);
            hashes.ask(&ranges);
            (0..size).for_each(|index| hashes.push(index, leaf_hash(self.0[index as usize].as_bytes())));
            let proof = hashes.hashes(&ranges).expect("all of them went by");
            Proposal { checkpoint: self.checkpoint(line, size), old, proof }
        }
    }

    /// Five were signed, then eight; a backup of six came back.
    fn after_a_loss() -> (SignedLine, Told) {
        let log = Told::new("a b c d e f g h");
        let mut line = SignedLine::new(log.checkpoint(1, 0).origin);
        line.check(&Told::new("a b c d e").proposal(1, 0)).expect("the first");
        line.signed(log.checkpoint(1, 5));
        line.check(&log.proposal(1, 5)).expect("it goes on");
        line.signed(log.checkpoint(1, 8));
        (line, log)
    }

    #[test]
    fn a_restored_backup_is_refused_until_the_keeper_agrees_and_then_goes_on_in_a_new_line() {
        let (line, log) = after_a_loss();
        let admitted = Told::new("a b c d e f lost");
        assert_eq!(line.check(&admitted.proposal(1, 5)), Err(Refusal::Shorter { signed: 8, proposed: 7 }));
        assert_eq!(line.check(&admitted.proposal(2, 5)), Err(Refusal::NotAgreed("aduan/mojokerto/2".into())));

        let mut line = line.fork(6, Some(8), Some(log.checkpoint(1, 5))).expect("agreed");
        assert_eq!(line.base(), Some(&log.checkpoint(1, 5)));
        assert_eq!(line.check(&log.proposal(1, 5)), Err(Refusal::LineLeft("aduan/mojokerto".into())));
        assert_eq!(line.check(&admitted.proposal(3, 5)), Err(Refusal::NotAgreed("aduan/mojokerto/3".into())));
        let elsewhere = Refusal::ProvedFromElsewhere { signed: 5, old: 0 };
        assert_eq!(line.check(&admitted.proposal(2, 0)), Err(elsewhere));
        let without = Told::new("a b c d e f").proposal(2, 5);
        assert_eq!(line.check(&without), Err(Refusal::NotAdmitted { kept: 6, proposed: 6 }));
        let rewritten = Told::new("a b X d e f lost").proposal(2, 5);
        assert_eq!(
            line.check(&rewritten),
            Err(Refusal::Forked { signed: 5, proposed: 7 }),
            "what was kept stays bound"
        );

        assert_eq!(line.check(&admitted.proposal(2, 5)), Ok(()));
        line.signed(admitted.checkpoint(2, 7));
        assert_eq!(line.check(&Told::new("a b c d e f lost g").proposal(2, 7)), Ok(()));
        let other = Told::new("a b c d e f gone g").proposal(2, 7);
        assert_eq!(line.check(&other), Err(Refusal::Forked { signed: 7, proposed: 8 }));
    }

    #[test]
    fn nobody_agrees_to_a_loss_of_nothing_and_a_wrong_number_is_put_right_before_the_line_begins() {
        let (line, log) = after_a_loss();
        assert_eq!(line.fork(8, Some(8), Some(log.checkpoint(1, 8))), Err(Refusal::NothingLost { signed: 8, kept: 8 }));
        let unsigned = SignedLine::new(log.checkpoint(1, 0).origin);
        assert_eq!(unsigned.fork(0, Some(0), None), Err(Refusal::NothingLost { signed: 0, kept: 0 }));

        let wrong = line.fork(7, Some(8), Some(log.checkpoint(1, 5))).expect("agreed");
        let right = wrong.fork(4, Some(8), None).expect("put right");
        assert_eq!(right.origin().line(), 2);
        assert_eq!(right.check(&Told::new("a b c d lost").proposal(2, 0)), Ok(()), "nothing of it was signed");
    }

    #[test]
    fn nobody_agrees_to_an_admission_of_less_than_was_signed() {
        let (line, log) = after_a_loss();
        let newest = || Some(log.checkpoint(1, 5));
        assert_eq!(line.fork(6, Some(7), newest()), Err(Refusal::LostMore { signed: 8, lost: 7 }));
        let agreed = line.fork(6, Some(8), newest()).expect("as much as was signed");
        assert_eq!(agreed.fork(6, Some(7), newest()), Err(Refusal::LostMore { signed: 8, lost: 7 }), "put wrong");
        assert_eq!(line.fork(6, None, newest()), Ok(agreed), "agreed to before it was asked");
    }
}
