//! Proofs as files: that an event is in a checkpoint (c2sp.org/tlog-proof), that an older checkpoint is the beginning
//! of a newer one (the request that c2sp.org/tlog-witness defines). Whoever asks a witness sends the latter.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::note::{hash, number};
use super::tree;
use crate::values::{Digest, InvalidValue};

/// That an event is in the tree of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InclusionProof {
    /// Which leaf: its position less one.
    pub index: u64,
    /// From the leaf up.
    pub hashes: Vec<Digest>,
    /// The tree it is in.
    pub checkpoint: SignedCheckpoint,
}

/// That a tree of `old` leaves is the beginning of the tree of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsistencyProof {
    /// How many leaves the older tree has.
    pub old: u64,
    /// As RFC 6962 orders them.
    pub hashes: Vec<Digest>,
    /// The newer tree.
    pub checkpoint: SignedCheckpoint,
}

impl InclusionProof {
    /// Whether it leads from that leaf to the checkpoint's root. Who signed the checkpoint is another question.
    pub fn holds_for(&self, leaf_hash: Digest) -> bool {
        let Checkpoint { size, root, .. } = self.checkpoint.checkpoint();
        tree::is_included(leaf_hash, self.index, *size, &self.hashes, *root)
    }
}

impl ConsistencyProof {
    /// Whether the older checkpoint is the beginning of the newer. Who signed them is another question.
    pub fn holds_for(&self, old: &Checkpoint) -> bool {
        let new = self.checkpoint.checkpoint();
        let is_meant = old.size == self.old;
        is_meant && tree::is_consistent((old.size, old.root), (new.size, new.root), &self.hashes)
    }
}

impl FromStr for InclusionProof {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("inclusion proof", "must read as c2sp.org/tlog-proof@v1");
        let text = text.strip_prefix(LABEL).ok_or_else(wrong)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(wrong)?;
        let mut lines = head.lines().peekable();
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| number(line.strip_prefix("index ")?)).ok_or_else(wrong)?;
        let hashes = lines.map(hash).collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(InclusionProof { index, hashes, checkpoint: checkpoint.parse()? })
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{LABEL}index {}", self.index)?;
        tell(f, &self.hashes)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for ConsistencyProof {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("consistency proof", "must read as c2sp.org/tlog-witness has it");
        let (head, checkpoint) = text.split_once("\n\n").ok_or_else(wrong)?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| number(line.strip_prefix("old ")?)).ok_or_else(wrong)?;
        let hashes = lines.map(hash).collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(ConsistencyProof { old, hashes, checkpoint: checkpoint.parse()? })
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        tell(f, &self.hashes)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn tell(f: &mut fmt::Formatter<'_>, hashes: &[Digest]) -> fmt::Result {
    hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.0)))
}

const LABEL: &str = "c2sp.org/tlog-proof@v1\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checkpoint::Origin;
    use crate::audit::note::NoteKey;
    use crate::audit::tree::{Frontier, RangeHashes, leaf_hash};
    use crate::values::LedgerId;

    #[test]
    fn proofs_read_as_they_are_written_and_hold_for_what_they_prove() {
        let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), 1);
        let key = NoteKey::from_seed(origin.key_name(), &[1; 32]).expect("a name");
        let (included, consistent) = (tree::inclusion(4, 7), tree::consistency(6, 7));
        let (mut tree, mut hashes, mut old) = (Frontier::default(), RangeHashes::default(), None);
        hashes.ask(&included);
        hashes.ask(&consistent);
        for index in 0..7 {
            old = old.or((index == 6).then(|| tree.root()));
            tree.push(leaf_hash(&[index as u8]));
            hashes.push(index, leaf_hash(&[index as u8]));
        }
        let checkpoint =
            Checkpoint { origin: origin.clone(), size: tree.size(), root: tree.root() }.sign(&key, 1_700_000_000);
        let old = Checkpoint { origin, size: 6, root: old.expect("seen") };

        let proof = InclusionProof {
            index: 4,
            hashes: hashes.hashes(&included).expect("gathered"),
            checkpoint: checkpoint.clone(),
        };
        assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
        assert!(proof.holds_for(leaf_hash(&[4])));
        assert!(!proof.holds_for(leaf_hash(&[5])));
        let with_extra = proof.to_string().replace("index", "extra AAAA\nindex");
        assert_eq!(with_extra.parse(), Ok(proof));

        let proof = ConsistencyProof { old: 6, hashes: hashes.hashes(&consistent).expect("gathered"), checkpoint };
        assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
        assert!(proof.holds_for(&old));
        assert!(!proof.holds_for(&Checkpoint { size: 5, ..old.clone() }));
        assert!(!proof.holds_for(&Checkpoint { root: Digest::of(b"another"), ..old }));
    }
}
