//! A history that is told again to a store, command by command.

use aduan::store::{Append, AppendPart, Entry, Ledger, Outcome};

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
