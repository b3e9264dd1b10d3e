//! The leaves, and the roots they have to lead to on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use aduan::audit::fork::Loss;
use aduan::audit::tree::Frontier;
use aduan::values::{Digest, Position};

use super::attested::{Attested, SignedRoot};
use super::{Class, Folder, Problem};
use crate::names;
use crate::records::regular;

/// Reads the leaves in order.
pub(super) struct Leaves<'a> {
    file: BufReader<File>,
    /// For what stands where it should not.
    again: File,
    tree: Frontier,
    last: Digest,
    size: Position,
    attested: Option<&'a Attested>,
    /// At which sizes somebody signed, and the roots there as far as they are read.
    sizes: BTreeSet<Position>,
    roots: BTreeMap<Position, Digest>,
    is_ended: bool,
}

impl<'a> Leaves<'a> {
    pub(super) fn open(folder: &Folder<'a>, problems: &mut Vec<Problem>) -> Option<Self> {
        let open = || regular(&folder.file(names::LEAVES)).map(|(file, _)| file);
        let (file, again) = match open().and_then(|file| Ok((file, open()?))) {
            Ok((file, again)) => (BufReader::with_capacity(BUFFER, file), again),
            Err(error) => {
                problems.push(Problem::general(Class::Format, format!("{}: {error}", names::LEAVES)));
                return None;
            }
        };
        let signed = folder.attested.map_or(&[][..], |attested| &attested.roots);
        let mut leaves = Leaves {
            file,
            again,
            tree: Frontier::default(),
            last: Digest([0; 32]),
            size: folder.size,
            attested: folder.attested,
            sizes: signed.iter().map(|root| root.checkpoint.size).collect(),
            roots: BTreeMap::new(),
            is_ended: false,
        };
        leaves.note_root();
        Some(leaves)
    }

    /// The leaf at a position; none where there are fewer.
    pub(super) fn leaf(&mut self, position: Position, problems: &mut Vec<Problem>) -> Option<Digest> {
        self.read_to(position, problems);
        if self.tree.size() == position {
            return Some(self.last);
        }
        let mut leaf = [0; 32];
        let begin = position.checked_sub(1)?.checked_mul(32)?;
        self.again.seek(SeekFrom::Start(begin)).and_then(|_| self.again.read_exact(&mut leaf)).ok()?;
        Some(Digest(leaf))
    }

    /// Reads the rest, and holds against it what was signed.
    pub(super) fn end(&mut self, losses: &[Loss], problems: &mut Vec<Problem>) {
        self.read_to(self.size, problems);
        if !self.is_ended && !matches!(self.file.read(&mut [0]), Ok(0)) {
            let why = format!("{}: holds more than {} leaves", names::LEAVES, self.size);
            problems.push(Problem::general(Class::Format, why));
        }
        let Some(attested) = self.attested else { return };
        for root in &attested.roots {
            match root.is_lost(losses) {
                true => problems.extend(root.contradicts(losses)),
                false if attested.is_unchecked(root, losses) => {}
                false => self.compare(root, problems),
            }
        }
    }

    fn read_to(&mut self, position: Position, problems: &mut Vec<Problem>) {
        while self.tree.size() < position.min(self.size) && !self.is_ended {
            let mut leaf = Digest([0; 32]);
            match self.file.read_exact(&mut leaf.0) {
                Ok(()) => {
                    self.last = leaf;
                    self.tree.push(leaf);
                    self.note_root();
                }
                Err(error) => {
                    self.is_ended = true;
                    let why = match error.kind() {
                        ErrorKind::UnexpectedEof => format!("ends after {} leaves of {}", self.tree.size(), self.size),
                        _ => error.to_string(),
                    };
                    problems.push(Problem::general(Class::Format, format!("{}: {why}", names::LEAVES)));
                }
            }
        }
    }

    fn note_root(&mut self) {
        let size = self.tree.size();
        if self.sizes.contains(&size) {
            self.roots.insert(size, self.tree.root());
        }
    }

    fn compare(&self, root: &SignedRoot, problems: &mut Vec<Problem>) {
        let size = root.checkpoint.size;
        match self.roots.get(&size) {
            Some(own) if *own == root.checkpoint.root => {}
            Some(_) => {
                let why = match root.class {
                    Class::Root => "the leaves do not lead to the checkpoint's root".to_owned(),
                    _ => format!("{} of {size} events has another root than these leaves", root.what),
                };
                problems.push(Problem { position: Some(size), ..Problem::general(root.class, why) });
            }
            None => {
                let why = format!("{} is of {size} events, and this ends at {}", root.what, self.tree.size());
                problems.push(Problem::general(root.class, why));
            }
        }
    }
}

/// The roots that the first so many leaves of a file lead to, as far as there are leaves; none where it cannot be read.
pub(super) fn roots_at(path: &Path, sizes: &BTreeSet<Position>) -> Option<BTreeMap<Position, Digest>> {
    let mut file = BufReader::with_capacity(BUFFER, regular(path).ok()?.0);
    let (mut tree, mut roots) = (Frontier::default(), BTreeMap::new());
    let last = sizes.last().copied().unwrap_or_default();
    loop {
        if sizes.contains(&tree.size()) {
            roots.insert(tree.size(), tree.root());
        }
        let mut leaf = Digest([0; 32]);
        if tree.size() >= last || file.read_exact(&mut leaf.0).is_err() {
            return Some(roots);
        }
        tree.push(leaf);
    }
}

const BUFFER: usize = 1 << 18;
