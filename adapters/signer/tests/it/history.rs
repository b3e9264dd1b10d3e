//! Histories to sign: logs by their leaves, and signers in folders of their own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aduan::audit::checkpoint::{Checkpoint, Origin};
use aduan::audit::note::VerifierKey;
use aduan::audit::signer::Proposal;
use aduan::audit::tree::{Frontier, RangeHashes, consistency, leaf_hash};
use aduan::values::{Digest, LedgerId};
use aduan_signer::{Beginning, FileSigner, FolderError};
use tempfile::TempDir;

/// A log by what its leaves hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct History(pub(crate) Vec<u64>);

impl History {
    /// So many events, as they truly happened.
    pub(crate) fn of(size: u64) -> Self {
        History((0..size).collect())
    }

    /// The same up to `kept`, then others.
    pub(crate) fn forked(kept: u64, size: u64) -> Self {
        History((0..kept).chain((kept..size).map(|number| 1_000_000 + number)).collect())
    }

    pub(crate) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn root(&self) -> Digest {
        let mut tree = Frontier::default();
        self.leaves().for_each(|leaf| tree.push(leaf));
        tree.root()
    }

    /// As a notary would propose it, in a line, proved from `old`.
    pub(crate) fn proposal(&self, line: u32, old: u64) -> Proposal {
        let ranges = consistency(old, self.size());
        let mut hashes = RangeHashes::default();
        hashes.ask(&ranges);
        self.leaves().enumerate().for_each(|(index, leaf)| hashes.push(index as u64, leaf));
        let checkpoint = Checkpoint { origin: origin().of_line(line), size: self.size(), root: self.root() };
        Proposal { checkpoint, old, proof: hashes.hashes(&ranges).unwrap() }
    }

    fn leaves(&self) -> impl Iterator<Item = Digest> {
        self.0.iter().map(|number| leaf_hash(&number.to_be_bytes()))
    }
}

/// A signer's folder, and the clock on its wall.
pub(crate) struct Desk {
    folder: TempDir,
    clock: Arc<AtomicU64>,
    pub(crate) key: VerifierKey,
}

impl Desk {
    /// With a signer for one ledger.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = FileSigner::create(folder.path().join("signer"), &beginning(), [1; 32]).unwrap().remove(0);
        Desk { folder, clock: Arc::new(AtomicU64::new(NOON)), key }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("signer").join(name)
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn open(&self) -> FileSigner {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<FileSigner, FolderError> {
        let clock = Arc::clone(&self.clock);
        FileSigner::open(self.folder.path().join("signer"), move || clock.load(Ordering::Relaxed))
    }

    pub(crate) fn set_clock(&self, seconds: u64) {
        self.clock.store(seconds, Ordering::Relaxed);
    }
}

pub(crate) fn beginning() -> Beginning {
    Beginning { ledgers: vec![ledger()], ..Beginning::default() }
}

pub(crate) fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").unwrap()
}

pub(crate) fn origin() -> Origin {
    Origin::of(&ledger(), 1)
}

/// 2024-03-29T12:00:00+07:00.
pub(crate) const NOON: u64 = 1_711_688_400;
