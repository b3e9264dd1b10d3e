//! Where complaints stand, remembered by a store so that an append need not look it up.

use std::collections::HashMap;

use crate::values::{ComplaintId, Digest, Version};

/// Version and last record hash of the complaints touched lately: for whoever implements a store.
///
/// Between 32,768 and twice as many. Two maps in place of a list in order of use: what is found in the older one
/// moves to the newer, and when the newer is full, the older is forgotten.
#[derive(Debug, Default)]
pub struct Heads {
    newer: HashMap<ComplaintId, (Version, Digest)>,
    older: HashMap<ComplaintId, (Version, Digest)>,
}

impl Heads {
    /// Where a complaint stands, if it was touched lately.
    pub fn find(&mut self, complaint: ComplaintId) -> Option<(Version, Digest)> {
        if let Some(head) = self.newer.get(&complaint) {
            return Some(*head);
        }
        let head = self.older.remove(&complaint)?;
        self.note(complaint, head);
        Some(head)
    }

    /// Notes where a complaint stands now.
    pub fn note(&mut self, complaint: ComplaintId, head: (Version, Digest)) {
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(complaint, head);
    }

    /// Forgets everything: somebody else may have written.
    pub fn forget_all(&mut self) {
        *self = Heads::default();
    }
}

/// Of about 100 bytes each.
const HALF: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn remembers_the_newest_and_forgets_the_oldest() {
        let mut heads = Heads::default();
        let complaint = |number: usize| ComplaintId(Uuid::from_u128(number as u128));
        for number in 0..3 * HALF {
            heads.note(complaint(number), (number as u64, Digest::of(b"")));
            assert_eq!(heads.find(complaint(0)).map(|head| head.0), Some(0), "in use all the time");
        }
        assert_eq!(heads.find(complaint(3 * HALF - 1)).map(|head| head.0), Some(3 * HALF as u64 - 1));
        assert!(heads.find(complaint(1)).is_none());
        assert!(heads.newer.len() + heads.older.len() <= 2 * HALF);
    }
}
