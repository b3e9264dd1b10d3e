//! Checkpoints in the auditor's hand, of a line that was left: which of them may be of what was lost.
//!
//! Only a record admits a loss, and where one complaint is exported, or a period that ends before it, that record is not
//! here. What the checkpoint was held against is here no more either, and nobody can tell the two from a rewritten log.

use std::collections::BTreeSet;
use std::path::Path;

use aduan::audit::checkpoint::Checkpoint;

use super::attested::{Attested, SignedRoot};
use super::{leaves, proofs};
use crate::manifest::Scope;
use crate::names;

/// Marks those that do not fit and may be lost: of an older line than what everything is held against, and of more than
/// the positions up to which each admission is here. What the folder keeps itself it owns to: that is not lost. In a
/// period that ends where the checkpoint does each admission is here, since the first of a line holds its own.
pub(super) fn mark(folder: &Path, scope: &Scope, attested: &mut Attested) {
    let own = attested.checkpoint.checkpoint();
    let admitted_up_to = match scope {
        Scope::Whole => return,
        Scope::Period { last, .. } if *last >= own.size => return,
        Scope::Period { last, .. } => *last,
        Scope::Complaint(_) => 0,
    };
    let is_of_older_line =
        |held: &Checkpoint| held.origin.of_line(1) == own.origin.of_line(1) && held.origin.line() < own.origin.line();
    let is_kept = |held: &Checkpoint| attested.roots.iter().any(|root| !root.is_held && root.checkpoint == *held);
    let may_be_lost = |root: &SignedRoot| {
        let held = &root.checkpoint;
        root.is_held && held.size > admitted_up_to && is_of_older_line(held) && !is_kept(held)
    };
    let left: Vec<usize> = (0..attested.roots.len()).filter(|place| may_be_lost(&attested.roots[*place])).collect();
    if left.is_empty() {
        return;
    }
    let fits = match scope {
        Scope::Complaint(_) => by_proofs(folder, attested, &left),
        _ => by_leaves(folder, attested, &left),
    };
    for (place, fits) in left.into_iter().zip(fits) {
        attested.roots[place].may_be_lost = !fits;
    }
}

fn by_proofs(folder: &Path, attested: &Attested, left: &[usize]) -> Vec<bool> {
    // What is wrong with proofs is told where all of them are read.
    let proofs = proofs::read_older(folder, attested, &mut Vec::new());
    let roots = left.iter().map(|place| &attested.roots[*place]);
    roots.map(|root| proofs::why_no_beginning(attested, &proofs, root).is_none()).collect()
}

/// Where the leaves cannot be read, that is told, and nothing may be lost.
fn by_leaves(folder: &Path, attested: &Attested, left: &[usize]) -> Vec<bool> {
    let held = || left.iter().map(|place| &attested.roots[*place].checkpoint);
    let ours = attested.checkpoint.checkpoint().size;
    let sizes: BTreeSet<_> = held().map(|held| held.size).filter(|size| *size <= ours).collect();
    let roots = leaves::roots_at(&folder.join(names::LEAVES), &sizes);
    let fits = |held: &Checkpoint| roots.as_ref().is_none_or(|roots| roots.get(&held.size) == Some(&held.root));
    held().map(fits).collect()
}
