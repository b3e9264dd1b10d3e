//! Checkpoints and keys: what is signed, by whom, and which roots the leaves have to lead to.

use std::path::Path;

use aduan::audit::checkpoint::{Attested as BornBy, Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::fork::Loss;
use aduan::audit::keys::{Keyring, Rotation};
use aduan::audit::note::{KeyKind, VerifierKey};
use aduan::audit::notes::{END, ends_an_entry};
use chrono::{DateTime, Utc};

use super::{Class, Problem, Trust};
use crate::manifest::Manifest;
use crate::names;
use crate::records::{whole, whole_text};

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
    /// Keys that were handed over, in order.
    pub(super) rotations: Vec<Rotation>,
}

impl Attested {
    /// Whether a root cannot be checked here: by all that is in the folder it may be of what was lost, and the admission
    /// of that lies outside. Every admission that is here rules out one line.
    pub(super) fn is_unchecked(&self, root: &SignedRoot, losses: &[Loss]) -> bool {
        let (line, own) = (root.checkpoint.origin.line(), self.checkpoint.checkpoint().origin.line());
        let admitted = losses.iter().filter(|loss| line < loss.line && loss.line <= own).count();
        root.may_be_lost && !root.is_lost(losses) && admitted < own.saturating_sub(line) as usize
    }
}

/// A root that the leaves have to lead to.
#[derive(Clone)]
pub(super) struct SignedRoot {
    pub(super) checkpoint: Checkpoint,
    /// The class of failure if they do not.
    pub(super) class: Class,
    /// Whether it is of this ledger at all.
    pub(super) is_ours: bool,
    /// As people read it.
    pub(super) what: &'static str,
    /// When it was signed, if the signature counts and says so.
    pub(super) at: Option<DateTime<Utc>>,
    /// Whether the auditor brings it along.
    pub(super) is_held: bool,
    /// Whether it does not fit, and may be of what was lost by an admission that is not in the folder.
    pub(super) may_be_lost: bool,
}

impl SignedRoot {
    /// Whether it is of what the ledger admits to have lost; what everything is held against never is.
    pub(super) fn is_lost(&self, losses: &[Loss]) -> bool {
        self.class != Class::Root && losses.iter().any(|loss| loss.takes(&self.checkpoint))
    }

    /// Why it proves an admission untrue, if it does.
    pub(super) fn contradicts(&self, losses: &[Loss]) -> Option<Problem> {
        let untrue = losses.iter().find_map(|loss| loss.contradicted_by(&self.checkpoint))?;
        let why = format!("{} of {} events {untrue}", self.what, self.checkpoint.size);
        Some(Problem::general(Class::Consistency, why))
    }
}

/// Reads them. Where there is no checkpoint, nothing can be held against it.
pub(super) fn read(folder: &Path, manifest: &Manifest, trust: &Trust, problems: &mut Vec<Problem>) -> Option<Attested> {
    let (kept, rotations) = kept(folder, problems);
    let mut keys = Keyring::new(trust.keys.iter().cloned());
    let origin = Origin::of(&manifest.ledger, 1);
    for rotation in &rotations {
        if rotation.origin().of_line(1) != origin {
            let why = format!("a key rotation is of {}, this ledger's are of {origin}", rotation.origin());
            problems.push(Problem::general(Class::Format, why));
        }
    }
    for rotation in keys.hand_over_all(&rotations) {
        let why = format!("a key rotation after {} is not signed by both keys that count", rotation.after());
        problems.push(Problem::general(Class::Signature, why));
    }
    let path = folder.join(names::CHECKPOINT);
    let text = whole_text(&path).map_err(|error| error.to_string());
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
    let mut attested =
        Attested { checkpoint: checkpoint.clone(), signed_by: None, signed_at: None, roots: Vec::new(), rotations };
    let groups = [
        ("the checkpoint", Class::Root, Class::Format, vec![checkpoint]),
        ("a kept checkpoint", Class::Consistency, Class::Format, kept),
        ("a checkpoint in hand", Class::Consistency, Class::Consistency, trust.held.clone()),
    ];
    for (is_held, (what, class, of_another, checkpoints)) in [false, false, true].into_iter().zip(groups) {
        for signed in checkpoints {
            let checkpoint = signed.checkpoint().clone();
            let is_ours = checkpoint.origin.of_line(1) == origin;
            if !is_ours {
                let why = format!("{what} is of {}, this ledger's are of {origin}", checkpoint.origin);
                problems.push(Problem::general(of_another, why));
            }
            let at = match keys.attested(&signed) {
                Ok(by) => {
                    if let Some(why) = why_unclear(&signed, &by) {
                        let why = format!("{what} of {} events {why}", checkpoint.size);
                        problems.push(Problem::general(Class::Signature, why));
                    }
                    if class == Class::Root {
                        attested.signed_at = by.at;
                        attested.signed_by = Some(by.by);
                    }
                    by.at
                }
                Err(error) => {
                    problems.push(Problem::general(Class::Signature, format!("{what}: {error}")));
                    None
                }
            };
            if is_ours || class == Class::Root {
                attested.roots.push(SignedRoot { checkpoint, class, is_ours, what, at, is_held, may_be_lost: false });
            }
        }
    }
    attested.roots.sort_by_key(|root| root.checkpoint.size);
    Some(attested)
}

/// A checkpoint bears two lines of its key: with none that tells the time, or two, nobody could say when it was signed.
fn why_unclear(signed: &SignedCheckpoint, by: &BornBy) -> Option<&'static str> {
    let is_once = |kind: KeyKind| {
        let key = by.by.of_kind(kind);
        signed.note().signatures().iter().filter(|line| line.name == key.name() && line.key == key.id()).count() == 1
    };
    let is_clear = is_once(KeyKind::Note) && is_once(KeyKind::Timed) && by.at.is_some();
    (!is_clear).then_some("does not bear two lines of its key, one of which tells the time")
}

/// The notes of the file `attestations`, rotations in the order of their lines and sizes.
fn kept(folder: &Path, problems: &mut Vec<Problem>) -> (Vec<SignedCheckpoint>, Vec<Rotation>) {
    let (mut checkpoints, mut rotations) = (Vec::new(), Vec::new());
    let mut wrong = |why: String| problems.push(Problem::general(Class::Format, format!("attestations: {why}")));
    let bytes = match whole(&folder.join(names::ATTESTATIONS)) {
        Ok(bytes) => bytes,
        Err(error) => {
            wrong(error.to_string());
            return (checkpoints, rotations);
        }
    };
    let (notes, rest) = notes(&bytes);
    if !rest.is_empty() {
        wrong("the last note has no end".into());
    }
    let mut smallest = 0;
    for (number, note) in notes.into_iter().enumerate() {
        let note = str::from_utf8(note).unwrap_or_default();
        let size = match (note.parse::<Rotation>(), note.parse::<SignedCheckpoint>()) {
            (Ok(rotation), _) => {
                let after = rotation.after();
                rotations.push(rotation);
                after
            }
            (_, Ok(checkpoint)) => {
                let size = checkpoint.checkpoint().size;
                checkpoints.push(checkpoint);
                size
            }
            (Err(_), Err(error)) => {
                wrong(format!("note {}: {error}", number + 1));
                continue;
            }
        };
        if size < smallest {
            wrong(format!("note {}: is of a smaller size than one before", number + 1));
        }
        smallest = smallest.max(size);
    }
    rotations.sort_by_key(|rotation| (rotation.origin().line(), rotation.after()));
    (checkpoints, rotations)
}

/// What stands before each line `%`, and what stands behind the last. Where there is nothing before one, that is an
/// entry, too: one that is no note.
fn notes(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (mut notes, mut begin) = (Vec::new(), 0);
    for end in 1..=bytes.len() {
        let entry = &bytes[begin..end];
        if ends_an_entry(entry) || entry == END.as_bytes() {
            notes.push(&entry[..entry.len() - END.len()]);
            begin = end;
        }
    }
    (notes, &bytes[begin..])
}
