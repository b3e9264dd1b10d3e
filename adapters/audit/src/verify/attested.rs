//! Checkpoints and keys: what is signed, by whom, and which roots the leaves have to lead to.

use std::fs;
use std::path::Path;

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::{Keyring, Rotation};
use aduan::audit::note::VerifierKey;
use chrono::{DateTime, Utc};

use super::{Class, Problem, Trust};
use crate::manifest::Manifest;
use crate::names;

/// What signers say of the ledger.
pub(super) struct Attested {
    /// What everything is held against.
    pub(super) checkpoint: SignedCheckpoint,
    /// Whose signature it bears, if one that counts.
    pub(super) signed_by: Option<VerifierKey>,
    /// When it was signed.
    pub(super) signed_at: Option<DateTime<Utc>>,
    /// Every checkpoint that is signed, by size: this one, those kept with the ledger, those in the auditor's hand.
    pub(super) roots: Vec<SignedRoot>,
}

/// A root that the leaves have to lead to.
#[derive(Clone)]
pub(super) struct SignedRoot {
    pub(super) checkpoint: Checkpoint,
    /// The class of failure if they do not.
    pub(super) class: Class,
    /// As people read it.
    pub(super) what: &'static str,
    /// When it was signed, if the signature counts and says so.
    pub(super) at: Option<DateTime<Utc>>,
}

/// Reads them. Where there is no checkpoint, nothing can be held against it.
pub(super) fn read(folder: &Path, manifest: &Manifest, trust: &Trust, problems: &mut Vec<Problem>) -> Option<Attested> {
    let (kept, rotations) = kept(folder, problems);
    let mut keys = Keyring::new(trust.keys.iter().cloned());
    for rotation in rotations {
        if !keys.hand_over(&rotation) {
            let why = format!("a key rotation after {} is not signed by both keys that count", rotation.after());
            problems.push(Problem::general(Class::Signature, why));
        }
    }
    let path = folder.join(names::CHECKPOINT);
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let checkpoint = match text.and_then(|text| text.parse::<SignedCheckpoint>().map_err(|error| error.to_string())) {
        Ok(checkpoint) => checkpoint,
        Err(why) => {
            problems.push(Problem::general(Class::Format, format!("checkpoint: {why}")));
            return None;
        }
    };
    let said = checkpoint.checkpoint();
    if said.size != manifest.size {
        let why = format!("the checkpoint is of {}, the manifest says {}", said.size, manifest.size);
        problems.push(Problem::general(Class::Format, why));
    }
    let mut attested = Attested { checkpoint: checkpoint.clone(), signed_by: None, signed_at: None, roots: Vec::new() };
    let origin = Origin::of(&manifest.ledger, 1);
    let groups = [
        ("the checkpoint", Class::Root, vec![checkpoint]),
        ("a kept checkpoint", Class::Consistency, kept),
        ("a checkpoint in hand", Class::Consistency, trust.held.clone()),
    ];
    for (what, class, checkpoints) in groups {
        for signed in checkpoints {
            let checkpoint = signed.checkpoint().clone();
            if checkpoint.origin.of_line(1) != origin {
                let why = format!("{what} is of {}, this ledger's are of {origin}", checkpoint.origin);
                problems.push(Problem::general(Class::Signature, why));
                continue;
            }
            let at = match keys.attested(&signed) {
                Ok(by) => {
                    if class == Class::Root {
                        attested.signed_at = by.at;
                        attested.signed_by = Some(by.by);
                    }
                    by.at
                }
                Err(error) => {
                    problems.push(Problem::general(Class::Signature, format!("{what}: {error}")));
                    // What nobody signed binds nobody; only the folder's own is held against its leaves all the same.
                    if class != Class::Root {
                        continue;
                    }
                    None
                }
            };
            attested.roots.push(SignedRoot { checkpoint, class, what, at });
        }
    }
    attested.roots.sort_by_key(|root| root.checkpoint.size);
    Some(attested)
}

/// The notes of the file `attestations`, rotations in the order of lines and sizes.
fn kept(folder: &Path, problems: &mut Vec<Problem>) -> (Vec<SignedCheckpoint>, Vec<Rotation>) {
    let (mut checkpoints, mut rotations) = (Vec::new(), Vec::new());
    let mut wrong = |why: String| problems.push(Problem::general(Class::Format, format!("attestations: {why}")));
    let text = match fs::read_to_string(folder.join(names::ATTESTATIONS)) {
        Ok(text) => text,
        Err(error) => {
            wrong(error.to_string());
            return (checkpoints, rotations);
        }
    };
    if !text.is_empty() && !text.ends_with("\n%\n") {
        wrong("the last note has no end".into());
    }
    for (number, note) in text.split_inclusive("\n%\n").enumerate() {
        let note = note.strip_suffix("%\n").unwrap_or(note);
        match (note.parse::<Rotation>(), note.parse::<SignedCheckpoint>()) {
            (Ok(rotation), _) => rotations.push(rotation),
            (_, Ok(checkpoint)) => checkpoints.push(checkpoint),
            (Err(_), Err(error)) => wrong(format!("note {}: {error}", number + 1)),
        }
    }
    rotations.sort_by_key(|rotation| (rotation.origin().line(), rotation.after()));
    (checkpoints, rotations)
}
