//! Policies, calendars and directories: under the hash of their bytes, and nothing else under it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aduan::event::Context;
use aduan::rules::Rules;
use aduan::store::{Document, DocumentKind};
use aduan::values::{Digest, DocumentRef, Position};

use super::{Class, Problem};
use crate::names;

/// What is there, and the rules it makes; none where it makes none.
pub(super) struct Documents {
    kept: BTreeSet<(DocumentKind, Digest)>,
    pub(super) rules: Option<Rules>,
}

/// Reads every document, and notes those that are not what their names say.
pub(super) fn read(folder: &Path, problems: &mut Vec<Problem>) -> Documents {
    let mut documents = Vec::new();
    for kind in DocumentKind::ALL {
        let place = names::folder_of(kind);
        // A folder that is missing holds nothing, and whatever a record names of it is missed there.
        let Ok(entries) = fs::read_dir(folder.join(place)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let mut wrong = |class, why: String| {
                problems.push(Problem::general(class, format!("{place}/{name}: {why}")));
            };
            let Some(hash) = name.strip_suffix(".toml").and_then(|hash| hash.parse::<Digest>().ok()) else {
                wrong(Class::Format, "is named by no hash".into());
                continue;
            };
            match fs::read_to_string(entry.path()) {
                Ok(text) if Digest::of(text.as_bytes()) == hash => documents.push(Document { hash, kind, text }),
                Ok(_) => wrong(Class::Document, "does not have the hash it is named by".into()),
                Err(error) => wrong(Class::Document, error.to_string()),
            }
        }
    }
    documents.sort_by_key(|document| (document.kind, document.hash));
    let kept = documents.iter().map(|document| (document.kind, document.hash)).collect();
    let rules = match Rules::from_documents(&documents) {
        Ok(rules) => Some(rules),
        Err(_) if documents.is_empty() => None,
        Err(error) => {
            problems.push(Problem::general(Class::Document, error.to_string()));
            None
        }
    };
    Documents { kept, rules }
}

/// Which documents records have named, each looked for once.
pub(super) struct Bound<'a> {
    documents: &'a Documents,
    seen: BTreeSet<(DocumentKind, Digest)>,
    last: Option<[DocumentRef; 3]>,
}

impl<'a> Bound<'a> {
    pub(super) fn to(documents: &'a Documents) -> Self {
        Bound { documents, seen: BTreeSet::new(), last: None }
    }

    /// Looks for what bound a record.
    pub(super) fn check(&mut self, position: Position, context: &Context, problems: &mut Vec<Problem>) {
        let named = [&context.policy, &context.calendar, &context.directory];
        if self.last.as_ref().is_some_and(|last| last.each_ref() == named) {
            return;
        }
        for (kind, reference) in DocumentKind::ALL.into_iter().zip(named) {
            if self.seen.insert((kind, reference.hash)) && !self.documents.kept.contains(&(kind, reference.hash)) {
                let why = format!("the {} {reference} that bound it is missing or altered", kind.name());
                problems.push(Problem::at(position, Class::Document, why));
            }
        }
        self.last = Some(named.map(Clone::clone));
    }
}
