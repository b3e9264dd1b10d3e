//! A store in memory.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aduan::record::{Record, genesis};
use aduan::sealed::{BoxDigest, SealedBox, WrappedKey};
use aduan::store::{
    Append, AppendPart, Attestation, Attestations, Document, Entry, Head, Ledger, Loaded, Log, Outcome, Page,
    StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use async_trait::async_trait;
use tokio::sync::watch;

/// A ledger in memory.
#[derive(Debug)]
pub struct MemoryStore {
    ledger: LedgerId,
    held: Mutex<Held>,
    end: watch::Sender<Position>,
}

#[derive(Debug)]
struct Held {
    end: Head,
    /// The record at position `i + 1` is number `i`.
    log: Vec<Record>,
    /// Where in the log the records of a complaint are.
    complaints: BTreeMap<ComplaintId, Vec<usize>>,
    /// Where in the log the records of a command are: side by side.
    commands: BTreeMap<CommandId, Range<usize>>,
    boxes: BTreeMap<(ComplaintId, BoxDigest), SealedBox>,
    keys: BTreeMap<(ComplaintId, u32, Digest), WrappedKey>,
    documents: BTreeMap<Digest, Document>,
    /// By size and digest.
    attestations: BTreeMap<(Position, Digest), Attestation>,
}

impl MemoryStore {
    /// An empty ledger.
    pub fn new(ledger: LedgerId) -> Self {
        let held = Held {
            end: Head::empty(ledger.clone()),
            log: Vec::new(),
            complaints: BTreeMap::new(),
            commands: BTreeMap::new(),
            boxes: BTreeMap::new(),
            keys: BTreeMap::new(),
            documents: BTreeMap::new(),
            attestations: BTreeMap::new(),
        };
        MemoryStore { ledger, held: Mutex::new(held), end: watch::Sender::new(0) }
    }

    /// Nothing panics halfway through a change, so a poisoned lock guards sound data.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    fn id(&self) -> &LedgerId {
        &self.ledger
    }

    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        let held = self.held();
        let numbers = held.complaints.get(&complaint).map_or(&[][..], Vec::as_slice);
        let keys = held.keys.range((complaint, 0, Digest([0; 32]))..=(complaint, u32::MAX, Digest([255; 32])));
        Ok(Loaded {
            records: numbers.iter().skip(after as usize).map(|number| held.log[*number].clone()).collect(),
            keys: keys.map(|(_, key)| key.clone()).collect(),
        })
    }

    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        append.check()?;
        let mut held = self.held();
        if let Some(range) = held.commands.get(&append.command) {
            return Ok(Outcome::Handled { entries: held.entries(range.clone()) });
        }
        let is_elsewhere = append.at.is_some_and(|at| at != held.end.position + 1);
        if is_elsewhere || append.parts.iter().any(|part| held.version(part.complaint) != part.expected) {
            return Ok(Outcome::Conflict);
        }
        for part in &append.parts {
            part.check_link(held.head(&self.ledger, part.complaint))?;
        }
        let start = held.log.len();
        for part in append.parts {
            held.take(part);
        }
        let end = held.log.len();
        held.commands.insert(append.command, start..end);
        self.end.send_replace(end as Position);
        Ok(Outcome::Appended { first: start as Position + 1 })
    }

    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        let held = self.held();
        Ok(held.commands.get(&command).map_or_else(Vec::new, |range| held.entries(range.clone())))
    }

    async fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let held = self.held();
        Ok(digests.iter().map(|digest| held.boxes.get(&(complaint, *digest)).cloned()).collect())
    }

    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        if documents.iter().any(|document| document.hash != Digest::of(document.text.as_bytes())) {
            return Err(StoreError::Corrupt("a document has a hash that is not that of its text".into()));
        }
        let mut held = self.held();
        for document in documents {
            held.documents.entry(document.hash).or_insert_with(|| document.clone());
        }
        Ok(())
    }

    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        Ok(self.held().documents.get(&hash).cloned())
    }
}

#[async_trait]
impl Log for MemoryStore {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        let held = self.held();
        let start = usize::try_from(position).ok().filter(|start| *start <= held.log.len());
        let start = start.ok_or_else(|| {
            StoreError::Corrupt(format!(
                "asked for what follows position {position}, but the log ends at {}",
                held.log.len()
            ))
        })?;
        let end = start.saturating_add(limit).min(held.log.len());
        Ok(Page { entries: held.entries(start..end), end: end as Position, at_head: end == held.log.len() })
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.held().end.clone())
    }

    async fn more(&self, after: Position) -> Result<(), StoreError> {
        // The sender lives as long as this store does.
        let _ = self.end.subscribe().wait_for(|end| *end > after).await;
        Ok(())
    }
}

#[async_trait]
impl Attestations for MemoryStore {
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
        let key = (attestation.size, attestation.digest());
        self.held().attestations.entry(key).or_insert_with(|| attestation.clone());
        Ok(())
    }

    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        let begin = after.map_or(Bound::Unbounded, |after| Bound::Excluded((after.size, after.digest())));
        let held = self.held();
        Ok(held.attestations.range((begin, Bound::Unbounded)).take(limit).map(|(_, kept)| kept.clone()).collect())
    }
}

impl Held {
    fn version(&self, complaint: ComplaintId) -> Version {
        self.complaints.get(&complaint).map_or(0, |numbers| numbers.len() as Version)
    }

    /// The hash that the next record of a complaint links to.
    fn head(&self, ledger: &LedgerId, complaint: ComplaintId) -> Digest {
        let last = self.complaints.get(&complaint).and_then(|numbers| numbers.last());
        last.map_or_else(|| genesis(ledger, complaint), |number| self.log[*number].hash)
    }

    fn entries(&self, range: Range<usize>) -> Vec<Entry> {
        range.map(|number| Entry { position: number as Position + 1, record: self.log[number].clone() }).collect()
    }

    fn take(&mut self, part: AppendPart) {
        let AppendPart { complaint, records, boxes, keys, .. } = part;
        for record in records {
            self.end.advance(record.hash);
            self.complaints.entry(complaint).or_default().push(self.log.len());
            self.log.push(record);
        }
        for sealed in boxes {
            self.boxes.entry((complaint, sealed.digest)).or_insert(sealed);
        }
        for key in keys {
            self.keys.entry((complaint, key.epoch, key.commitment)).or_insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ledger() -> LedgerId {
        LedgerId::new("mojokerto").unwrap()
    }

    /// A command that adds one record to each complaint, each on the head given.
    fn append(command: u128, on: &[(u128, Option<&Record>)]) -> Append {
        let command = CommandId(Uuid::from_u128(command));
        let parts = on.iter().zip(1..).map(|((complaint, last), part)| {
            let complaint = ComplaintId(Uuid::from_u128(*complaint));
            let prev = last.map_or_else(|| genesis(&ledger(), complaint), |last| last.hash);
            let expected = last.map_or(0, |last| last.sequence);
            let mut record = Record {
                complaint,
                sequence: expected + 1,
                command,
                part,
                event_type: "Received".into(),
                event_version: "1".into(),
                recorded_at: Default::default(),
                payload: "{}".into(),
                metadata: "{}".into(),
                prev,
                hash: prev,
            };
            record.hash = record.hash_in(&ledger());
            AppendPart { complaint, expected, records: vec![record], boxes: vec![], keys: vec![] }
        });
        Append::new(command, parts.collect())
    }

    #[tokio::test]
    async fn a_stale_write_a_repeated_command_and_a_forged_link_store_nothing() {
        let store = MemoryStore::new(ledger());
        let first = append(1, &[(7, None), (8, None)]);
        let record = &first.parts[0].records[0];
        assert_eq!(store.append(first.clone()).await, Ok(Outcome::Appended { first: 1 }));
        assert_eq!(store.append(append(2, &[(9, None), (7, None)])).await, Ok(Outcome::Conflict));
        let Ok(Outcome::Handled { entries }) = store.append(append(1, &[(9, None)])).await else {
            panic!("not handled")
        };
        assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), [1, 2]);
        let forged = Record { hash: Digest::of(b"another"), ..record.clone() };
        assert!(matches!(store.append(append(3, &[(7, Some(&forged))])).await, Err(StoreError::Corrupt(_))));
        assert_eq!(store.head().await.unwrap().position, 2);
        assert_eq!(store.append(append(4, &[(7, Some(record))])).await, Ok(Outcome::Appended { first: 3 }));
    }

    #[tokio::test]
    async fn a_page_says_where_it_ends() {
        let store = MemoryStore::new(ledger());
        for number in 1..=3 {
            store.append(append(number, &[(number, None)])).await.unwrap();
        }
        let page = store.after(1, 1).await.unwrap();
        assert_eq!((page.entries.len(), page.end, page.at_head), (1, 2, false));
        let page = store.after(3, 10).await.unwrap();
        assert_eq!((page.entries.len(), page.end, page.at_head), (0, 3, true));
        assert!(store.after(4, 1).await.is_err(), "a follower ahead of the log has seen what is gone");
    }
}
