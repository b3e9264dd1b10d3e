//! The leaves, and the roots they have to lead to on the way.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _};

use aduan::audit::tree::Frontier;
use aduan::values::{Digest, Position};

use super::attested::SignedRoot;
use super::{Class, Folder, Loss, Problem};
use crate::names;

/// Reads the leaves in order.
pub(super) struct Leaves<'a> {
    file: BufReader<File>,
    tree: Frontier,
    last: Digest,
    size: Position,
    /// By size; those in front were compared.
    roots: &'a [SignedRoot],
    is_ended: bool,
}

impl<'a> Leaves<'a> {
    pub(super) fn open(folder: &Folder<'a>, problems: &mut Vec<Problem>) -> Option<Self> {
        let file = match File::open(folder.file(names::LEAVES)) {
            Ok(file) => BufReader::with_capacity(BUFFER, file),
            Err(error) => {
                problems.push(Problem::general(Class::Format, format!("{}: {error}", names::LEAVES)));
                return None;
            }
        };
        let roots = folder.attested.map_or(&[][..], |attested| &attested.roots);
        let (tree, last, size) = (Frontier::default(), Digest([0; 32]), folder.manifest.size);
        let mut leaves = Leaves { file, tree, last, size, roots, is_ended: false };
        leaves.compare(&[], problems);
        Some(leaves)
    }

    /// The leaf at a position, if it was the last to be read.
    pub(super) fn last(&self, position: Position) -> Option<Digest> {
        (self.tree.size() == position).then_some(self.last)
    }

    /// Reads on up to a position.
    pub(super) fn read_to(&mut self, position: Position, losses: &[Loss], problems: &mut Vec<Problem>) {
        while self.tree.size() < position.min(self.size) && !self.is_ended {
            match self.file.read_exact(&mut self.last.0) {
                Ok(()) => {
                    self.tree.push(self.last);
                    self.compare(losses, problems);
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

    /// Reads the rest, and compares what is left to compare.
    pub(super) fn end(&mut self, losses: &[Loss], problems: &mut Vec<Problem>) {
        self.read_to(self.size, losses, problems);
        if !self.is_ended && !matches!(self.file.read(&mut [0]), Ok(0)) {
            problems.push(Problem::general(
                Class::Format,
                format!("{}: holds more than {} leaves", names::LEAVES, self.size),
            ));
        }
        for root in self.roots {
            if !is_lost(root, losses, problems) {
                let why = format!(
                    "{} is of {} events, and this ends at {}",
                    root.what,
                    root.checkpoint.size,
                    self.tree.size()
                );
                problems.push(Problem::general(root.class, why));
            }
        }
    }

    /// Compares the roots of trees as long as this one is now.
    fn compare(&mut self, losses: &[Loss], problems: &mut Vec<Problem>) {
        let size = self.tree.size();
        while let Some((root, rest)) = self.roots.split_first().filter(|(root, _)| root.checkpoint.size <= size) {
            self.roots = rest;
            if is_lost(root, losses, problems) || root.checkpoint.root == self.tree.root() {
                continue;
            }
            let why = match root.class {
                Class::Root => "the leaves do not lead to the checkpoint's root".to_owned(),
                _ => format!("{} of {size} events has another root than these leaves", root.what),
            };
            problems.push(Problem { position: Some(size), ..Problem::general(root.class, why) });
        }
    }
}

/// Whether a checkpoint is of what the ledger admits to have lost. Of the one that the admission names, the root is known.
fn is_lost(root: &SignedRoot, losses: &[Loss], problems: &mut Vec<Problem>) -> bool {
    let Some(loss) = losses.iter().find(|loss| loss.takes(&root.checkpoint)) else { return false };
    if root.checkpoint.size == loss.lost && root.checkpoint.root != loss.root {
        let why = format!("{} of {} events has another root than the admitted loss", root.what, loss.lost);
        problems.push(Problem::general(Class::Consistency, why));
    }
    true
}

const BUFFER: usize = 1 << 18;
