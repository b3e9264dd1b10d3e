//! The schema: made once, recognised ever after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aduan::store::Head;
use aduan::values::{Digest, LedgerId};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use crate::OpenError;

/// A kind of file, by what stands in its header.
pub(crate) struct Format {
    application: i64,
    layout: i64,
    /// The oldest layout that is read; whoever writes upgrades it.
    oldest: i64,
    /// What to say of a file of another kind.
    other: fn(PathBuf) -> OpenError,
}

/// A ledger: `adun`, so that `file` can tell. Its layout counts up with every change of the objects below.
pub(crate) const LEDGER: Format =
    Format { application: 0x6164_756e, layout: 2, oldest: 1, other: |path| OpenError::NotALedger { path } };
/// Read models: `adrm`. Their layout is that of what is not generated.
pub(crate) const READ_MODELS: Format =
    Format { application: 0x6164_726d, layout: 1, oldest: 1, other: |path| OpenError::NotReadModels { path } };

impl Format {
    /// Whose ledger the file holds; none where it is empty. Anything else is an error.
    pub(crate) fn recognise(&self, connection: &Connection, path: &Path) -> Result<Option<LedgerId>, OpenError> {
        let other = || (self.other)(path.to_owned());
        let objects = "SELECT count(*) FROM sqlite_schema";
        let objects: i64 =
            connection.query_row(objects, [], |row| row.get(0)).map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => other(),
                _ => error.into(),
            })?;
        let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if (application, objects) == (0, 0) {
            return Ok(None);
        }
        if application != self.application {
            return Err(other());
        }
        let found = layout(connection)?;
        if !(self.oldest..=self.layout).contains(&found) {
            return Err(OpenError::OtherLayout { found, wanted: self.layout });
        }
        let name = connection.query_row("SELECT name FROM ledger", [], |row| row.get::<_, String>(0)).optional()?;
        let name = name.ok_or_else(|| OpenError::Corrupt("the file names no ledger".into()))?;
        LedgerId::new(&name).map(Some).map_err(|error| OpenError::Corrupt(error.to_string()))
    }

    /// Says in the header that the file is of this kind.
    pub(crate) fn mark(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.pragma_update(None, "application_id", self.application)?;
        connection.pragma_update(None, "user_version", self.layout)
    }
}

/// The layout that the file says it has.
fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the file has a table for attestations: one that nobody wrote to since an older release has none.
pub(crate) fn holds_attestations(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(layout(connection)? > 1)
}

/// Makes the schema in an empty file, whole or not at all.
pub(crate) fn create(connection: &mut Connection, ledger: &LedgerId) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    objects_of(LEDGER.layout).try_for_each(|object| transaction.execute_batch(object))?;
    let Head { position, log_hash, .. } = Head::empty(ledger.clone());
    transaction.execute(
        "INSERT INTO ledger (name, position, record_hash, log_hash) VALUES (?1, ?2, ?3, ?4)",
        params![ledger.as_str(), position as i64, Digest::of(b"").0, log_hash.0],
    )?;
    LEDGER.mark(&transaction)?;
    Ok(transaction.commit()?)
}

/// Adds what a ledger of an older layout lacks, whole or not at all. One that is not as it was made is left alone.
pub(crate) fn upgrade(connection: &mut Connection) -> Result<(), OpenError> {
    let found = layout(connection)?;
    if found == LEDGER.layout {
        return Ok(());
    }
    check_objects(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (_, object) in OBJECTS.iter().filter(|(since, _)| *since > found) {
        transaction.execute_batch(object)?;
    }
    LEDGER.mark(&transaction)?;
    Ok(transaction.commit()?)
}

/// Checks that every object of the file's layout is there to the letter, and that no trigger is there that nobody here
/// wrote.
pub(crate) fn check_objects(connection: &Connection) -> Result<(), OpenError> {
    let model = Connection::open_in_memory()?;
    objects_of(layout(connection)?).try_for_each(|object| model.execute_batch(object))?;
    let (wanted, found) = (objects(&model)?, objects(connection)?);
    let missing = wanted.iter().find(|(name, object)| found.get(*name) != Some(object));
    let foreign = found.iter().find(|(name, (kind, _))| kind == "trigger" && !wanted.contains_key(*name));
    let object = missing.map(|(name, _)| name).or(foreign.map(|(name, _)| name));
    object.map_or(Ok(()), |name| Err(OpenError::AlteredSchema { object: name.clone() }))
}

/// The head, checked against the last event.
pub(crate) fn head(connection: &Connection, ledger: &LedgerId) -> rusqlite::Result<Result<Head, String>> {
    let mut statement = connection.prepare_cached(
        "SELECT ledger.position, ledger.record_hash, last.position, last.record_hash, ledger.log_hash
         FROM ledger LEFT JOIN (SELECT position, record_hash FROM events ORDER BY position DESC LIMIT 1) AS last
         WHERE ledger.name = ?1",
    )?;
    let columns = |row: &rusqlite::Row<'_>| {
        let noted: (i64, [u8; 32]) = (row.get(0)?, row.get(1)?);
        let last: (Option<i64>, Option<[u8; 32]>) = (row.get(2)?, row.get(3)?);
        Ok((noted, last, row.get(4)?))
    };
    let Some((noted, last, log_hash)) = statement.query_row([ledger.as_str()], columns).optional()? else {
        return Ok(Err(format!("the ledger {ledger} has no head")));
    };
    let last = (last.0.unwrap_or(0), last.1.unwrap_or(Digest::of(b"").0));
    if noted != last {
        return Ok(Err(format!("the head is at position {}, the last event at {}", noted.0, last.0)));
    }
    Ok(Ok(Head { ledger: ledger.clone(), position: noted.0 as u64, log_hash: Digest(log_hash) }))
}

/// Name → kind and text of every object.
pub(crate) fn objects(connection: &Connection) -> rusqlite::Result<BTreeMap<String, (String, Option<String>)>> {
    let mut statement = connection.prepare("SELECT name, type, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    rows.collect()
}

/// What a ledger of a layout holds, in the order in which it is made.
fn objects_of(layout: i64) -> impl Iterator<Item = &'static str> {
    OBJECTS.iter().filter(move |(since, _)| *since <= layout).map(|(_, object)| *object)
}

/// The layout that brought it, and its text. What is out there never changes: another layout adds to it.
const OBJECTS: [(i64, &str); 25] = [
    (1, include_str!("../sql/ledger.sql")),
    (1, include_str!("../sql/events.sql")),
    (1, include_str!("../sql/boxes.sql")),
    (1, include_str!("../sql/keys.sql")),
    (1, include_str!("../sql/documents.sql")),
    (1, include_str!("../sql/readable_events.sql")),
    (1, include_str!("../sql/ledger_insert_guard.sql")),
    (1, include_str!("../sql/ledger_update_guard.sql")),
    (1, include_str!("../sql/ledger_delete_guard.sql")),
    (1, include_str!("../sql/events_insert_guard.sql")),
    (1, include_str!("../sql/events_update_guard.sql")),
    (1, include_str!("../sql/events_delete_guard.sql")),
    (1, include_str!("../sql/boxes_insert_guard.sql")),
    (1, include_str!("../sql/boxes_update_guard.sql")),
    (1, include_str!("../sql/boxes_delete_guard.sql")),
    (1, include_str!("../sql/keys_insert_guard.sql")),
    (1, include_str!("../sql/keys_update_guard.sql")),
    (1, include_str!("../sql/keys_delete_guard.sql")),
    (1, include_str!("../sql/documents_insert_guard.sql")),
    (1, include_str!("../sql/documents_update_guard.sql")),
    (1, include_str!("../sql/documents_delete_guard.sql")),
    (2, include_str!("../sql/attestations.sql")),
    (2, include_str!("../sql/attestations_insert_guard.sql")),
    (2, include_str!("../sql/attestations_update_guard.sql")),
    (2, include_str!("../sql/attestations_delete_guard.sql")),
];
