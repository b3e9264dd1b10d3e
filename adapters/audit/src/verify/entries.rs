//! What lies in the folder, and what the manifest promises: the one and nothing but the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aduan::store::DocumentKind;
use aduan::values::Position;

use super::{Class, Problem};
use crate::manifest::{Manifest, Scope};
use crate::names;

/// Names what does not belong there. What is missing is told where it is read.
pub(super) fn check(folder: &Path, manifest: &Manifest, problems: &mut Vec<Problem>) {
    let mut known = BTreeSet::from([
        names::MANIFEST,
        names::CHECKPOINT,
        names::ATTESTATIONS,
        names::RECORDS,
        names::STATES,
        // Told by whoever reads them.
        names::BOXES,
        names::KEYS,
    ]);
    known.extend(DocumentKind::ALL.map(names::folder_of));
    match manifest.scope {
        Scope::Complaint(_) => known.extend([names::PROOFS, names::CONSISTENCY]),
        Scope::Whole | Scope::Period { .. } => known.extend([names::LEAVES]),
    }
    for name in listed(folder, problems) {
        if !known.contains(name.as_str()) {
            problems.push(Problem::general(Class::Format, format!("{name}: does not belong to such an export")));
        }
    }
}

/// Names proofs of records that are not there.
pub(super) fn check_proofs(folder: &Path, proved: &BTreeSet<Position>, problems: &mut Vec<Problem>) {
    let place = folder.join(names::PROOFS);
    if !place.exists() {
        return;
    }
    for name in listed(&place, problems) {
        let position = name.strip_suffix(".tlog-proof").and_then(|number| number.parse().ok());
        if !position.is_some_and(|position| proved.contains(&position) && name == format!("{position}.tlog-proof")) {
            let why = format!("{}/{name}: is of no record here", names::PROOFS);
            problems.push(Problem::general(Class::Format, why));
        }
    }
}

fn listed(folder: &Path, problems: &mut Vec<Problem>) -> BTreeSet<String> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
        Err(error) => {
            problems.push(Problem::general(Class::Format, format!("{}: {error}", folder.display())));
            BTreeSet::new()
        }
    }
}
