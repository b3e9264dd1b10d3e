//! The documents that were kept beside a ledger, as its events name them.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::rules::Rules;
use crate::store::Document;
use crate::values::{Digest, DocumentRef};

/// Policies, calendars and directories that an auditor was handed so far, and the rules they make together.
///
/// ```
/// use aduan::{audit::documents::Documents, rules::Rules};
/// let mut documents = Documents::default();
/// assert!(documents.rules().is_none());
/// // In earnest: for each reference in `documents.lacking(&event)`, what the store or the export keeps of that hash.
/// Rules::mojokerto().documents().into_iter().for_each(|document| documents.add(document));
/// assert!(documents.rules().is_some());
/// ```
#[derive(Default)]
pub struct Documents {
    kept: Vec<Document>,
    asked: BTreeSet<Digest>,
    rules: Option<Rules>,
}

impl Documents {
    /// What an event names and nobody was asked for yet; each is told once.
    pub fn lacking(&mut self, event: &Event) -> Vec<DocumentRef> {
        let context = &event.context;
        let mut named = vec![];
        for document in [&context.policy, &context.calendar, &context.directory] {
            if !self.asked.contains(&document.hash) {
                self.asked.insert(document.hash);
                named.push(document.clone());
            }
        }
        named
    }

    /// Takes a document. One that is not what it was, or cannot be read, is left out: events that name it are doubted.
    pub fn add(&mut self, document: Document) {
        if Digest::of(document.text.as_bytes()) != document.hash {
            return;
        }
        self.asked.insert(document.hash);
        self.kept.push(document);
        match Rules::from_documents(&self.kept) {
            Ok(rules) => self.rules = Some(rules),
            // So far there may be no calendar or directory beside it.
            Err(_) if self.rules.is_none() => {}
            Err(_) => drop(self.kept.pop()),
        }
    }

    /// The rules they make together; none before there is a policy, a calendar and a directory.
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_ref()
    }
}
