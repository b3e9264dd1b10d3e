//! The Merkle tree of RFC 6962: its root as it grows, and proofs that an entry, or an older tree, is in it.
//!
//! Nothing here keeps the tree. A [`Frontier`] holds the roots of its perfect subtrees, 64 at most, and a proof is a
//! list of ranges of leaves whose hashes [`RangeHashes`] gathers in one pass over them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::values::Digest;

/// The hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(leaf);
    Digest(hasher.finalize().into())
}

/// The hash of two subtrees under one node.
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Digest::of(&bytes)
}

/// A tree that grows: as much of it as its root and its further growth need.
///
/// ```
/// use aduan::audit::tree::{Frontier, leaf_hash};
/// let mut tree = Frontier::default();
/// assert!(tree.root().to_string().starts_with("e3b0c44298fc1c14"), "nothing, hashed");
/// tree.push(leaf_hash(b""));
/// assert!(tree.root().to_string().starts_with("6e340b9cffb37a98"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of perfect subtrees from left to right: one for every bit of the size that is set.
    subtrees: Vec<Digest>,
}

impl Frontier {
    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, by its hash.
    pub fn push(&mut self, leaf_hash: Digest) {
        let mut hash = leaf_hash;
        for _ in 0..self.size.trailing_ones() {
            let left = self.subtrees.pop().expect("each bit that is set has its subtree");
            hash = node_hash(left, hash);
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The root: of no leaves, the hash of nothing.
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees.iter().rev().copied();
        let Some(last) = subtrees.next() else { return Digest::of(b"") };
        subtrees.fold(last, |right, left| node_hash(left, right))
    }

    /// Its perfect subtrees, with the leaves each stands for.
    pub fn subtrees(&self) -> impl Iterator<Item = (Range<u64>, Digest)> + '_ {
        let mut begin = 0;
        let widths = (0..u64::BITS).rev().map(|bit| 1 << bit).filter(|width| self.size & width != 0);
        widths.zip(&self.subtrees).map(move |(width, hash)| {
            let range = begin..begin + width;
            begin = range.end;
            (range, *hash)
        })
    }
}

/// The leaves whose hashes prove that leaf `index` is in a tree of `size`, in the order of the proof (RFC 6962,
/// section 2.1.1). Empty where there is no such leaf.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let mut tree = 0..size;
    while index < size && tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    path.reverse();
    path
}

/// The leaves whose hashes prove that a tree of `old` leaves is the beginning of one of `new`, in the order of the
/// proof (RFC 6962, section 2.1.2). Empty where the older is empty, the same, or no older one.
pub fn consistency(old: u64, new: u64) -> Vec<Range<u64>> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let mut path = Vec::new();
    let mut tree = 0..new;
    while tree.end != old {
        let middle = tree.start + split(tree.end - tree.start);
        if old <= middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    // Where the older tree is a whole subtree from the left, whoever checks knows its root.
    if tree.start > 0 {
        path.push(tree);
    }
    path.reverse();
    path
}

/// Whether a proof leads from a leaf to a root (RFC 9162, section 2.1.3.2).
pub fn is_included(leaf_hash: Digest, index: u64, size: u64, proof: &[Digest], root: Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf_hash);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*beside, hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(hash, *beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether a proof shows that the older tree is the beginning of the newer (RFC 9162, section 2.1.4.2).
///
/// Every tree begins with the empty one, and needs no proof of it.
pub fn is_consistent(old: (u64, Digest), new: (u64, Digest), proof: &[Digest]) -> bool {
    let ((old, old_root), (new, new_root)) = (old, new);
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && old_root == Digest::of(b"");
    }
    if old > new {
        return false;
    }
    let mut proof = proof.iter().copied();
    let first = if old.is_power_of_two() { Some(old_root) } else { proof.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut older, mut newer) = (first, first);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            (older, newer) = (node_hash(beside, older), node_hash(beside, newer));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            newer = node_hash(newer, beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && older == old_root && newer == new_root
}

/// Hashes of subtrees, gathered while the leaves go by once.
#[derive(Default)]
pub struct RangeHashes {
    /// Asked for, and not begun, by where they begin.
    waiting: BTreeSet<(u64, u64)>,
    /// Begun, and not ended.
    growing: Vec<(Range<u64>, Frontier)>,
    known: BTreeMap<(u64, u64), Digest>,
}

impl RangeHashes {
    /// Asks for the ranges of a proof. Asked before the first of their leaves goes by.
    pub fn ask(&mut self, ranges: &[Range<u64>]) {
        let unknown =
            ranges.iter().map(|range| (range.start, range.end)).filter(|range| !self.known.contains_key(range));
        self.waiting.extend(unknown);
    }

    /// Takes what is known already of leaves that will not go by: subtrees of a frontier.
    pub fn know(&mut self, frontier: &Frontier) {
        self.known.extend(frontier.subtrees().map(|(range, hash)| ((range.start, range.end), hash)));
    }

    /// Takes the next leaf, by its hash. Leaves go by in order.
    pub fn push(&mut self, index: u64, leaf_hash: Digest) {
        while let Some(&(begin, end)) = self.waiting.first().filter(|(begin, _)| *begin <= index) {
            self.waiting.pop_first();
            if begin == index {
                self.growing.push((begin..end, Frontier::default()));
            }
        }
        for (_, tree) in &mut self.growing {
            tree.push(leaf_hash);
        }
        let known = &mut self.known;
        self.growing.retain(|(range, tree)| {
            let is_whole = range.end == index + 1;
            if is_whole {
                known.insert((range.start, range.end), tree.root());
            }
            !is_whole
        });
    }

    /// The hashes of the ranges of a proof, if all their leaves went by.
    pub fn hashes(&self, ranges: &[Range<u64>]) -> Option<Vec<Digest>> {
        ranges.iter().map(|range| self.known.get(&(range.start, range.end)).copied()).collect()
    }
}

/// The greatest power of two that is less than `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    /// As RFC 6962 defines it, without thought of speed.
    fn root_of(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(root_of(left), root_of(right))
            }
        }
    }

    fn prove(ranges: &[Range<u64>], leaves: &[Digest]) -> Vec<Digest> {
        let mut hashes = RangeHashes::default();
        hashes.ask(ranges);
        for (index, leaf) in leaves.iter().enumerate() {
            hashes.push(index as u64, *leaf);
        }
        hashes.hashes(ranges).expect("all of them went by")
    }

    /// The eight leaves, roots and proofs that implementations of RFC 6962 test themselves with since the first one.
    #[test]
    fn roots_and_proofs_are_those_of_the_public_test_vectors() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves: Vec<Digest> = inputs.iter().map(|input| leaf_hash(input)).collect();
        let mut tree = Frontier::default();
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(*leaf);
            assert_eq!(tree.root().to_string(), root);
        }
        let told = |hashes: Vec<Digest>| hashes.iter().map(Digest::to_string).collect::<Vec<_>>();
        let path = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(told(prove(&inclusion(0, 8), &leaves)), path);
        let path = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(told(prove(&inclusion(5, 8), &leaves)), path);
        let path = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(told(prove(&consistency(6, 8), &leaves)), path);
    }

    #[test]
    fn every_entry_and_every_older_tree_is_proved_and_nothing_else() {
        let leaves = leaves(70);
        for new in 1..=70_u64 {
            let newer = &leaves[..new as usize];
            let root = root_of(newer);
            for index in 0..new {
                let proof = prove(&inclusion(index, new), newer);
                assert!(is_included(leaves[index as usize], index, new, &proof, root));
                assert!(!is_included(leaf_hash(b"another"), index, new, &proof, root));
                assert!(!is_included(leaves[index as usize], index + 1, new, &proof, root));
                let longer = [&proof[..], &[root]].concat();
                assert!(!is_included(leaves[index as usize], index, new, &longer, root));
            }
            for old in 0..=new {
                let old_root = root_of(&leaves[..old as usize]);
                let proof = prove(&consistency(old, new), newer);
                assert!(is_consistent((old, old_root), (new, root), &proof), "{old} in {new}");
                assert!(!is_consistent((old, leaf_hash(b"another")), (new, root), &proof), "{old} in {new}");
                let longer = [&proof[..], &[root]].concat();
                assert!(!is_consistent((old, old_root), (new, root), &longer), "{old} in {new}");
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!is_consistent((old, old_root), (new, root), shorter), "{old} in {new}");
                }
            }
            assert!(!is_consistent((new + 1, root), (new, root), &[]));
        }
    }

    /// Another's implementation, which keeps the whole tree in memory.
    #[test]
    fn roots_and_proofs_are_those_of_an_independent_implementation() {
        use ct_merkle::mem_backed_tree::MemoryBackedTree;
        let mut theirs = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        let mut ours = Frontier::default();
        let leaves = leaves(130);
        let bytes = |hashes: Vec<Digest>| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        for (number, leaf) in leaves.iter().enumerate() {
            theirs.push((number as u64).to_be_bytes());
            ours.push(*leaf);
            assert_eq!(theirs.root().as_bytes().as_slice(), ours.root().0);
            let (size, newer) = (ours.size(), &leaves[..=number]);
            for index in (0..size).step_by(7) {
                let proof = bytes(prove(&inclusion(index, size), newer));
                assert_eq!(theirs.prove_inclusion(index as usize).as_bytes(), proof);
            }
            for old in (1..size).step_by(5) {
                let proof = bytes(prove(&consistency(old, size), newer));
                assert_eq!(theirs.prove_consistency((size - old) as usize).as_bytes(), proof);
            }
        }
    }

    #[test]
    fn a_proof_follows_from_an_older_frontier_and_the_leaves_since() {
        let leaves = leaves(70);
        for old in 1..70_u64 {
            let mut tree = Frontier::default();
            leaves[..old as usize].iter().for_each(|leaf| tree.push(*leaf));
            let ranges = consistency(old, 70);
            let mut hashes = RangeHashes::default();
            hashes.know(&tree);
            hashes.ask(&ranges);
            (old..70).for_each(|index| hashes.push(index, leaves[index as usize]));
            assert_eq!(hashes.hashes(&ranges), Some(prove(&ranges, &leaves)));
        }
    }
}
