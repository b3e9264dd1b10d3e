//! Proof without trust: a Merkle tree over the positions of a ledger, signed checkpoints of it, and who signs them.
//!
//! The chain of a complaint cannot show that its tail was cut, or that a whole complaint is gone. The tree can: leaf
//! *i* stands for the event at position *i* + 1, and a checkpoint ties everything before it to one hash under a
//! signature. Writers wait for neither: a [notary] follows the log, has checkpoints [signed](signer) in a process
//! apart from it, and brings them where they are [kept](sink).
//!
//! ```
//! use aduan::audit::{leaf, note::NoteKey, checkpoint::{Checkpoint, Origin}, tree::Frontier};
//! use aduan::values::{ComplaintId, Digest, LedgerId};
//!
//! let mut tree = Frontier::default();
//! tree.push(leaf(ComplaintId(uuid::Uuid::from_u128(1)), 1, Digest::of(b"a record")));
//! let origin = Origin::of(&LedgerId::new("mojokerto")?, 1);
//! let key = NoteKey::from_seed(origin.as_str(), &[7; 32])?;
//! let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
//! let signed = checkpoint.sign(&key, 1_700_000_000);
//! assert!(signed.attested(&[key.verifier()]).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod checkpoint;
pub mod documents;
pub mod fork;
pub mod keys;
pub mod notary;
pub mod note;
pub mod notes;
pub mod proof;
pub mod signer;
pub mod sink;
pub mod tree;
pub mod verdicts;

use crate::values::{ComplaintId, Digest, Version};

/// The leaf hash of a record: `SHA-256(0x00 ‖ 0x01 ‖ complaint id ‖ sequence ‖ record hash)`, the sequence in eight
/// bytes, big end first. The second byte is the version of this form.
pub fn leaf(complaint: ComplaintId, sequence: Version, record_hash: Digest) -> Digest {
    let mut bytes = [0; LEAF];
    bytes[0] = 1;
    bytes[1..17].copy_from_slice(complaint.0.as_bytes());
    bytes[17..25].copy_from_slice(&sequence.to_be_bytes());
    bytes[25..].copy_from_slice(&record_hash.0);
    tree::leaf_hash(&bytes)
}

const LEAF: usize = 1 + 16 + 8 + 32;
