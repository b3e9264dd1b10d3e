//! A history that is told again to a store, command by command.

use std::collections::BTreeMap;

use aduan::record::genesis;
use aduan::store::{Append, AppendPart, Entry, Ledger, Outcome};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId};
use uuid::Uuid;

/// Appends a log to a store as it was recorded: whole commands, in order, with nothing sealed beside them.
///
/// # Panics
/// When the store refuses what another took.
pub async fn tell(log: &[Entry], store: &dyn Ledger) {
    for append in commands(log) {
        let told = store.append(append).await;
        assert!(matches!(told, Ok(Outcome::Appended { .. })), "a lawful history is refused: {told:?}");
    }
}

/// The commands of a log, as they were appended.
pub fn commands(log: &[Entry]) -> Vec<Append> {
    let same_command = |a: &Entry, b: &Entry| a.record.command == b.record.command;
    log.chunk_by(same_command)
        .map(|entries| {
            let same_complaint = |a: &Entry, b: &Entry| a.record.complaint == b.record.complaint;
            let parts = entries.chunk_by(same_complaint).map(|entries| AppendPart {
                complaint: entries[0].record.complaint,
                expected: entries[0].record.sequence - 1,
                records: entries.iter().map(|entry| entry.record.clone()).collect(),
                boxes: Vec::new(),
                keys: Vec::new(),
            });
            Append::new(entries[0].record.command, parts.collect())
        })
        .collect()
}

/// The same history under other names: of other complaints and by other commands, as if it happened once more.
///
/// # Panics
/// When a record is none of this engine's.
pub fn renamed(log: &[Entry], number: u64, ledger: &LedgerId) -> Vec<Entry> {
    let other = |id: Uuid| Uuid::from_u128(id.as_u128() ^ u128::from(number) << 20);
    let mut heads: BTreeMap<ComplaintId, Digest> = BTreeMap::new();
    let mut renamed = log.to_vec();
    for Entry { record, .. } in &mut renamed {
        let command = other(record.command.0);
        record.metadata = record.metadata.replace(&record.command.to_string(), &command.to_string());
        record.command = CommandId(command);
        record.complaint = ComplaintId(other(record.complaint.0));
        let head = heads.entry(record.complaint).or_insert_with(|| genesis(ledger, record.complaint));
        record.prev = *head;
        record.hash = record.hash_in(ledger);
        *head = record.hash;
    }
    renamed
}
