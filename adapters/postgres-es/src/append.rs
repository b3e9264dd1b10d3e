//! An append: looked at, its sealed values kept, handed to postgres-es, read back.

use std::collections::HashMap;

use aduan::complaint::Complaint;
use aduan::record::{Record, genesis};
use aduan::store::{Append, Outcome, StoreError};
use aduan::values::{ComplaintId, Digest, LedgerId, Version};
use cqrs_es::persist::{PersistedEventRepository as _, PersistenceError, SerializedEvent};
use serde_json::Value;
use sqlx::Row as _;

use crate::failure::{TOO_LATE, of_persist, of_read};
use crate::rows::{digest, serialized};
use crate::store::Connections;

impl Connections {
    pub(crate) async fn append(&self, append: &Append) -> Result<Outcome, StoreError> {
        let records = || append.parts.iter().flat_map(|part| &part.records);
        let _turn = self.turn(&self.writing).await?;
        if let Some(outcome) = self.in_time(self.answer(append)).await? {
            return Ok(outcome);
        }
        records().try_for_each(|record| check_bytes(record, &self.ledger))?;
        // First, and in a transaction of their own: an orphan is harmless, a record never names a missing one.
        self.in_time(self.keep_sealed(append)).await?;
        let events: Vec<SerializedEvent> = records().map(serialized).collect();
        let persisting = self.repository.persist::<Complaint>(&events, None);
        match tokio::time::timeout(self.deadline, persisting).await {
            Err(_) => Err(StoreError::Unknown(TOO_LATE.into())),
            Ok(Ok(())) => self.read_back(append).await,
            Ok(Err(PersistenceError::OptimisticLockError)) => {
                // To postgres-es any unique key that is taken is a conflict.
                let answer = self.in_time(self.answer(append)).await?;
                answer.ok_or_else(|| StoreError::Corrupt("a key is taken by what nobody finds".into()))
            }
            Ok(Err(error)) => Err(of_persist(&error)),
        }
    }

    /// What can be said without writing: that it was handled, or does not follow. Nothing, where it is to be written.
    async fn answer(&self, append: &Append) -> Result<Option<Outcome>, StoreError> {
        let heads = self.heads(append).await.map_err(|error| of_read(&error))?;
        // Read after the heads: where this very command moved them, it is found.
        let entries = self.handled(append.command).await?;
        if !entries.is_empty() {
            return Ok(Some(Outcome::Handled { entries }));
        }
        let head_of = |complaint| heads.get(&complaint).copied().unwrap_or((0, genesis(&self.ledger, complaint)));
        if append.parts.iter().any(|part| part.expected != head_of(part.complaint).0) {
            return Ok(Some(Outcome::Conflict));
        }
        // What follows a version once follows it for ever, so this holds whoever is faster.
        append.parts.iter().try_for_each(|part| part.check_link(head_of(part.complaint).1))?;
        Ok(None)
    }

    async fn heads(&self, append: &Append) -> Result<HashMap<ComplaintId, (Version, Digest)>, sqlx::Error> {
        let ids: Vec<String> = append.parts.iter().map(|part| part.complaint.to_string()).collect();
        let rows = sqlx::query(HEADS).bind(self.ledger.as_str()).bind(ids).fetch_all(&self.pool).await?;
        let mut heads = HashMap::new();
        for row in &rows {
            let complaint = append.parts[row.try_get::<i64, _>("place")? as usize - 1].complaint;
            heads.insert(complaint, (row.try_get::<i64, _>("sequence")? as Version, digest(row, "record_hash")?));
        }
        Ok(heads)
    }

    async fn keep_sealed(&self, append: &Append) -> Result<(), StoreError> {
        // A row of boxes is a stretch of two arrays, counted from 1: an array of arrays has to be rectangular.
        let (mut box_ids, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut marks, mut boxes) = (Vec::new(), Vec::new());
        let (mut key_ids, mut epochs, mut commitments, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for part in &append.parts {
            if !part.boxes.is_empty() {
                box_ids.push(part.complaint.to_string());
                firsts.push(boxes.len() as i32 + 1);
                marks.extend(part.boxes.iter().map(|sealed| sealed.digest.mark()));
                boxes.extend(part.boxes.iter().map(|sealed| sealed.bytes.as_slice()));
                lasts.push(boxes.len() as i32);
            }
            for key in &part.keys {
                key_ids.push(part.complaint.to_string());
                epochs.push(i64::from(key.epoch));
                commitments.push(key.commitment.0.as_slice());
                keys.push(key.bytes.as_slice());
            }
        }
        if boxes.is_empty() && keys.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(KEEP_SEALED).bind(self.ledger.as_str());
        let query = query.bind(box_ids).bind(firsts).bind(lasts).bind(marks).bind(boxes);
        let query = query.bind(key_ids).bind(epochs).bind(commitments).bind(keys);
        query.execute(&self.pool).await.map_err(|error| of_read(&error))?;
        Ok(())
    }

    /// Success is rows, not the absence of an error: the commit of an aborted transaction says Ok as well.
    async fn read_back(&self, append: &Append) -> Result<Outcome, StoreError> {
        let unknown = |why: &str| StoreError::Unknown(format!("committed, but {why}"));
        let found = tokio::time::timeout(self.deadline, self.handled(append.command)).await;
        let entries = found.map_err(|_| unknown(TOO_LATE))?.map_err(|error| unknown(&error.to_string()))?;
        let Some(first) = entries.first() else { return Err(unknown("its records are not there")) };
        let records = append.parts.iter().flat_map(|part| &part.records);
        if !entries.iter().map(|entry| &entry.record).eq(records) {
            return Err(StoreError::Corrupt(format!("command {} was stored as something else", append.command)));
        }
        Ok(Outcome::Appended { first: first.position })
    }
}

/// Refuses a record that the trigger would store as another: it takes command, part and time from the metadata, and
/// computes the hash.
fn check_bytes(record: &Record, ledger: &LedgerId) -> Result<(), StoreError> {
    let context: Value = serde_json::from_str(&record.metadata).unwrap_or_default();
    let part = context["part"].as_str().and_then(|part| part.split_once('/'));
    let agrees = context["command"].as_str() == Some(&record.command.to_string())
        && part.is_some_and(|(number, _)| number == record.part.to_string())
        && context["recorded_at"].as_str() == Some(&record.recorded_at.timestamp_micros().to_string());
    if agrees && record.hash == record.hash_in(ledger) {
        return Ok(());
    }
    let why = "has a hash that is not that of its bytes, or columns that contradict them";
    Err(StoreError::Corrupt(format!("record {} of complaint {} {why}", record.sequence, record.complaint)))
}

const HEADS: &str = "SELECT wanted.place, last.sequence, last.record_hash \
    FROM unnest($2::text[]) WITH ORDINALITY AS wanted (id, place) CROSS JOIN LATERAL ( \
        SELECT sequence, record_hash FROM aduan.events WHERE aggregate_id = wanted.id AND ledger || '' = $1 \
        ORDER BY sequence DESC LIMIT 1) AS last";
/// Boxes that an earlier try left behind are not kept twice, and it is by their bytes that they are known. Keys in their
/// order, so that two appends with the same ones never wait for each other in a circle.
const KEEP_SEALED: &str = "WITH added AS ( \
        SELECT id, ($5::integer[])[first:last] AS marks, ($6::bytea[])[first:last] AS sealed \
        FROM unnest($2::text[], $3::integer[], $4::integer[]) AS new (id, first, last)), \
    boxed AS ( \
        INSERT INTO aduan.boxes (ledger, aggregate_id, marks, sealed) \
        SELECT $1, id, marks, sealed FROM added WHERE NOT EXISTS ( \
            SELECT FROM aduan.boxes AS kept WHERE kept.aggregate_id = added.id AND kept.ledger = $1 \
                AND kept.marks = added.marks AND kept.sealed = added.sealed)) \
    INSERT INTO aduan.keys (ledger, aggregate_id, epoch, commitment, wrapped) \
    SELECT $1, new.* FROM unnest($7::text[], $8::bigint[], $9::bytea[], $10::bytea[]) AS new (id, epoch, commitment, wrapped) \
    ORDER BY 2, 3, 4 ON CONFLICT DO NOTHING";
