//! Policies, calendars and directories: under the hash of their bytes, and nothing else under it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aduan::rules::Rules;
use aduan::store::{Document, DocumentKind};
use aduan::values::{Digest, Position};

use super::{Class, Problem};
use crate::names;
use crate::records::whole_text;

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
            let mut wrong = |why: String| {
                problems.push(Problem::general(Class::Document, format!("{place}/{name}: {why}")));
            };
            let Some(hash) = name.strip_suffix(".toml").and_then(|hash| hash.parse::<Digest>().ok()) else {
                wrong("is named by no hash".into());
                continue;
            };
            match whole_text(&entry.path()) {
                Ok(text) if Digest::of(text.as_bytes()) == hash => documents.push(Document { hash, kind, text }),
                Ok(_) => wrong("does not have the hash it is named by".into()),
                Err(error) => wrong(error.to_string()),
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
}

/// What a record says of the document of a kind that bound it.
#[derive(Clone, Copy)]
pub(super) enum Binding {
    /// Nothing.
    Unsaid,
    /// Something that is no name of a document.
    Unclear,
    /// The one with that hash.
    To(Digest),
}

impl Binding {
    /// Reads `NAME@VERSION:HASH`, whatever a version is.
    pub(super) fn read(text: &str) -> Self {
        let is_name = |name: &str| {
            let parts = name.split_once('@');
            let is_plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c < ' ' || c == '@' || c == ':');
            parts.is_some_and(|(name, version)| is_plain(name) && is_plain(version))
        };
        let hash = text.rsplit_once(':').filter(|(name, _)| is_name(name));
        hash.and_then(|(_, hash)| hash.parse().ok()).map_or(Binding::Unclear, Binding::To)
    }
}

impl<'a> Bound<'a> {
    pub(super) fn to(documents: &'a Documents) -> Self {
        Bound { documents, seen: BTreeSet::new() }
    }

    /// Looks for what bound a record.
    pub(super) fn check(&mut self, position: Position, bindings: [Binding; 3], problems: &mut Vec<Problem>) {
        for (kind, binding) in DocumentKind::ALL.into_iter().zip(bindings) {
            let why = match binding {
                Binding::To(hash) if !self.seen.insert((kind, hash)) => continue,
                Binding::To(hash) if self.documents.kept.contains(&(kind, hash)) => continue,
                Binding::To(hash) => format!("the {} {hash} that bound it is missing or altered", kind.name()),
                Binding::Unclear => format!("it names no {}", kind.name()),
                Binding::Unsaid => continue,
            };
            problems.push(Problem::at(position, Class::Document, why));
        }
    }
}
