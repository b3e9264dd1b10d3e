//! Boxes and keys, asked for before they are needed: one after the other each would wait for its way.

use std::collections::VecDeque;
use std::sync::Arc;

use aduan::event::Event;
use aduan::sealed::{BoxDigest, ComplaintKey, SealedBox};
use aduan::store::{Entry, KeyVault, Store, StoreError};
use aduan::values::{ComplaintId, Digest, Position};
use tokio::task::JoinHandle;

use super::{Export, ExportError};

/// What a record names.
pub(super) struct Named {
    pub(super) position: Position,
    pub(super) boxes: Vec<(&'static str, SealedBox)>,
    pub(super) key: Option<ComplaintKey>,
}

/// Answers on their way, in the order of the records.
pub(super) struct Ahead<'a> {
    export: &'a Export,
    answers: VecDeque<JoinHandle<Result<Named, ExportError>>>,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(export: &'a Export) -> Self {
        Ahead { export, answers: VecDeque::new() }
    }

    /// Asks for what a record names. Where much is under way, the first answer is taken.
    pub(super) async fn ask(&mut self, entry: Entry, event: &Event) -> Result<Option<Named>, ExportError> {
        let boxes = if self.export.boxes { event.fact.boxes() } else { Vec::new() };
        let vault = self.export.keys.clone();
        let key = event.context.key.zip(vault);
        if boxes.is_empty() && key.is_none() {
            return Ok(None);
        }
        let store = Arc::clone(&self.export.store);
        self.answers.push_back(tokio::spawn(async move {
            let (position, complaint) = (entry.position, entry.record.complaint);
            let boxes = sealed(&*store, complaint, boxes).await?;
            let key = match key {
                Some((commitment, vault)) => opened(&*store, &*vault, complaint, commitment).await?,
                None => None,
            };
            Ok(Named { position, boxes, key })
        }));
        if self.answers.len() < FULL { Ok(None) } else { self.next().await }
    }

    /// The next answer; none when nothing is under way.
    pub(super) async fn next(&mut self) -> Result<Option<Named>, ExportError> {
        let Some(task) = self.answers.pop_front() else { return Ok(None) };
        let answer = task.await.map_err(|error| StoreError::Unavailable(format!("a question died: {error}")))?;
        answer.map(Some)
    }
}

/// What is missing stays missing: the folder shows it, and `verify` tells it.
async fn sealed(
    store: &dyn Store,
    complaint: ComplaintId,
    named: Vec<(&'static str, BoxDigest)>,
) -> Result<Vec<(&'static str, SealedBox)>, ExportError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let digests: Vec<BoxDigest> = named.iter().map(|(_, digest)| *digest).collect();
    let found = store.boxes(complaint, &digests).await?;
    Ok(named.into_iter().zip(found).filter_map(|((field, _), found)| Some((field, found?))).collect())
}

async fn opened(
    store: &dyn Store,
    vault: &dyn KeyVault,
    complaint: ComplaintId,
    commitment: Digest,
) -> Result<Option<ComplaintKey>, ExportError> {
    let keys = store.keys(complaint).await?;
    Ok(vault.unwrap_committed(store.id(), complaint, commitment, &keys).await?)
}

/// Far below the queue of every store, and enough for its readers never to wait for us.
const FULL: usize = 64;
