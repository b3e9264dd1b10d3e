//! One complaint: a proof for each of its records, and for each checkpoint in the auditor's hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use aduan::audit::fork::Loss;
use aduan::audit::proof::{ConsistencyProof, InclusionProof};
use aduan::values::{Digest, InvalidValue, Position};
use memchr::memmem;

use super::attested::{Attested, SignedRoot};
use super::{Class, Folder, Problem};
use crate::names;
use crate::records::whole;

/// Checks the proof that a record is in the checkpoint.
pub(super) fn check(folder: &Folder<'_>, position: Position, leaf: Digest, problems: &mut Vec<Problem>) -> bool {
    let name = format!("{}/{position}.tlog-proof", names::PROOFS);
    let wrong = match read::<InclusionProof>(&folder.file(&name), folder.attested) {
        Err(why) => Some((Class::Format, why)),
        Ok(None) => Some((Class::Root, "is of another checkpoint".to_owned())),
        // That there is no checkpoint is told already.
        Ok(_) if folder.attested.is_none() => return false,
        Ok(Some(proof)) if proof.index != position - 1 => Some((Class::Root, "is for another position".to_owned())),
        Ok(Some(proof)) if !proof.holds_for(leaf) => {
            Some((Class::Root, "does not lead from the record to the root".to_owned()))
        }
        Ok(Some(_)) => None,
    };
    let holds = wrong.is_none();
    problems.extend(wrong.map(|(class, why)| Problem::at(position, class, format!("{name}: {why}"))));
    holds
}

/// Checks that every older checkpoint is the beginning of this one, as far as there are proofs; of those in the
/// auditor's hand there must be one.
pub(super) fn check_older(folder: &Folder<'_>, losses: &[Loss], problems: &mut Vec<Problem>) {
    let Some(attested) = folder.attested else { return };
    let proofs = read_older(folder.path, attested, problems);
    for root in &attested.roots {
        if root.is_lost(losses) {
            problems.extend(root.contradicts(losses));
            continue;
        }
        if attested.is_unchecked(root, losses) {
            continue;
        }
        let why = why_no_beginning(attested, &proofs, root);
        let why = why.map(|why| format!("{} of {} events: {why}", root.what, root.checkpoint.size));
        problems.extend(why.map(|why| Problem::general(Class::Consistency, why)));
    }
}

/// The proofs that end at this checkpoint, by the sizes they begin at.
pub(super) fn read_older(
    folder: &Path,
    attested: &Attested,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Position, ConsistencyProof> {
    let mut proofs = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder.join(names::CONSISTENCY)) else { return proofs };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let size = name.strip_suffix(".tlog-witness").and_then(|size| size.parse::<Position>().ok());
        let mut wrong = |class, why: String| {
            problems.push(Problem::general(class, format!("{}/{name}: {why}", names::CONSISTENCY)));
        };
        let Some(size) = size.filter(|size| name == format!("{size}.tlog-witness")) else {
            wrong(Class::Format, "is named by no size".to_owned());
            continue;
        };
        match read::<ConsistencyProof>(&entry.path(), Some(attested)) {
            Err(why) => wrong(Class::Format, why),
            Ok(None) => wrong(Class::Consistency, "leads to another checkpoint".to_owned()),
            Ok(Some(proof)) if proof.old != size => wrong(Class::Consistency, format!("is of {}", proof.old)),
            Ok(Some(proof)) => drop(proofs.insert(size, proof)),
        }
    }
    proofs
}

/// A proof; none where it ends at another checkpoint than this one, whatever that may be.
fn read<P: FromStr<Err = InvalidValue>>(path: &Path, attested: Option<&Attested>) -> Result<Option<P>, String> {
    let bytes = whole(path).map_err(|error| error.to_string())?;
    let cut = memmem::find(&bytes, b"\n\n").map_or(bytes.len(), |cut| cut + 2);
    let (head, checkpoint) = bytes.split_at(cut);
    let mut text = str::from_utf8(head).map_err(|error| error.to_string())?.to_owned();
    let ours = attested.map(|attested| attested.checkpoint.to_string());
    text.push_str(ours.as_deref().or(str::from_utf8(checkpoint).ok()).unwrap_or_default());
    let proof = text.parse().map_err(|error: InvalidValue| error.to_string())?;
    Ok(ours.is_none_or(|ours| ours.as_bytes() == checkpoint).then_some(proof))
}

/// Why nobody can tell by the proofs that a checkpoint is the beginning of this one.
pub(super) fn why_no_beginning(
    attested: &Attested,
    proofs: &BTreeMap<Position, ConsistencyProof>,
    root: &SignedRoot,
) -> Option<String> {
    let (old, ours) = (&root.checkpoint, attested.checkpoint.checkpoint());
    let is_held = || attested.roots.iter().any(|other| other.is_held && other.checkpoint == *old);
    match proofs.get(&old.size) {
        _ if old.size > ours.size => Some(format!("this export ends at {}", ours.size)),
        _ if old.size == ours.size => (old.root != ours.root).then(|| "it has another root".to_owned()),
        _ if old.size == 0 => (old.root != Digest::of(b"")).then(|| "it has a root of something".to_owned()),
        None => is_held().then(|| "there is no proof that it is the beginning of this one".to_owned()),
        Some(proof) if proof.holds_for(old) => None,
        Some(_) => Some("the proof does not lead from it to this one".to_owned()),
    }
}
