//! One complaint: a proof for each of its records, and for each checkpoint in the auditor's hand.

use std::fs;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::proof::{ConsistencyProof, InclusionProof};
use aduan::values::{Digest, Position};

use super::attested::SignedRoot;
use super::{Class, Folder, Problem};
use crate::names;

/// Checks the proof that a record is in the checkpoint.
pub(super) fn check(folder: &Folder<'_>, position: Position, leaf: Digest, problems: &mut Vec<Problem>) {
    let name = format!("{}/{position}.tlog-proof", names::PROOFS);
    let proof = match fs::read_to_string(folder.file(&name)) {
        Ok(text) => text.parse::<InclusionProof>().map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let wrong = match proof {
        Err(why) => Some((Class::Format, why)),
        Ok(proof) if !is_of(folder, &proof.checkpoint) => Some((Class::Root, "is of another checkpoint".to_owned())),
        Ok(proof) if proof.index + 1 != position => Some((Class::Root, "is for another position".to_owned())),
        Ok(proof) if !proof.holds_for(leaf) => {
            Some((Class::Root, "does not lead from the record to the root".to_owned()))
        }
        Ok(_) => None,
    };
    problems.extend(wrong.map(|(class, why)| Problem::at(position, class, format!("{name}: {why}"))));
}

/// Checks that what the auditor holds is the beginning of the checkpoint.
pub(super) fn check_held(folder: &Folder<'_>, problems: &mut Vec<Problem>) {
    let Some(attested) = folder.attested else { return };
    let ours = attested.checkpoint.checkpoint();
    let held = folder.trust.held.iter().map(SignedCheckpoint::checkpoint);
    let signed = |root: &&SignedRoot| root.class == Class::Consistency;
    let others = attested.roots.iter().filter(signed).map(|root| &root.checkpoint);
    for old in others.filter(|other| held.clone().any(|held| held == *other)) {
        let mut wrong = |class, why: String| problems.push(Problem::general(class, why));
        if old.size == 0 || old == ours {
            continue;
        }
        if old.size >= ours.size {
            let why = format!("a checkpoint in hand is of {} events, and this one of {}", old.size, ours.size);
            wrong(Class::Consistency, why);
            continue;
        }
        let name = format!("{}/{}.tlog-witness", names::CONSISTENCY, old.size);
        let text = fs::read_to_string(folder.file(&name)).map_err(|error| error.to_string());
        match text.and_then(|text| text.parse::<ConsistencyProof>().map_err(|error| error.to_string())) {
            Err(why) => wrong(Class::Format, format!("{name}: {why}")),
            Ok(proof) if is_of(folder, &proof.checkpoint) && proof.holds_for(old) => {}
            Ok(_) => {
                wrong(Class::Consistency, format!("{name}: does not lead from the checkpoint in hand to this one"))
            }
        }
    }
}

fn is_of(folder: &Folder<'_>, checkpoint: &SignedCheckpoint) -> bool {
    folder.attested.is_some_and(|attested| attested.checkpoint.checkpoint() == checkpoint.checkpoint())
}
