//! Rows and records, each made from the other.

use aduan::record::{Record, intern};
use aduan::store::{Entry, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId};
use chrono::DateTime;
use rusqlite::{ErrorCode, Row, Statement};
use uuid::Uuid;

/// Every column of an event but the constant `aggregate_type`, in the order in which [`entry`] reads them.
macro_rules! event_columns {
    () => {
        "position, ledger, aggregate_id, sequence, event_type, event_version, command_id, command_part, \
         recorded_at, prev_hash, record_hash, payload, metadata"
    };
}
pub(crate) use event_columns;

pub(crate) const INSERT_EVENT: &str = concat!(
    "INSERT INTO events (aggregate_type, ",
    event_columns!(),
    ") VALUES ('complaint', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
);

pub(crate) const HANDLED: &str =
    concat!("SELECT ", event_columns!(), " FROM events WHERE ledger = ?1 AND command_id = ?2 ORDER BY command_part");

/// Inserts a record at a position.
pub(crate) fn insert(
    statement: &mut Statement<'_>,
    ledger: &LedgerId,
    position: i64,
    record: &Record,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, position)?;
    statement.raw_bind_parameter(2, ledger.as_str())?;
    statement.raw_bind_parameter(3, record.complaint.0.as_bytes().as_slice())?;
    statement.raw_bind_parameter(4, record.sequence as i64)?;
    statement.raw_bind_parameter(5, &*record.event_type)?;
    statement.raw_bind_parameter(6, &*record.event_version)?;
    statement.raw_bind_parameter(7, record.command.0.as_bytes().as_slice())?;
    statement.raw_bind_parameter(8, record.part)?;
    statement.raw_bind_parameter(9, record.recorded_at.timestamp_micros())?;
    statement.raw_bind_parameter(10, record.prev.0.as_slice())?;
    statement.raw_bind_parameter(11, record.hash.0.as_slice())?;
    statement.raw_bind_parameter(12, record.payload.as_str())?;
    statement.raw_bind_parameter(13, record.metadata.as_str())?;
    statement.raw_execute()?;
    Ok(())
}

/// Runs a statement that selects [`event_columns`], its parameters bound, and reads all rows.
pub(crate) fn entries(
    statement: &mut Statement<'_>,
    ledger: &LedgerId,
    capacity: usize,
) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::with_capacity(capacity);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(unavailable)? {
        entries.push(entry(row, ledger)?);
    }
    Ok(entries)
}

/// What a command recorded, by [`HANDLED`].
pub(crate) fn entries_of(
    statement: &mut Statement<'_>,
    ledger: &LedgerId,
    command: CommandId,
) -> Result<Vec<Entry>, StoreError> {
    statement.raw_bind_parameter(1, ledger.as_str()).map_err(unavailable)?;
    statement.raw_bind_parameter(2, command.0.as_bytes().as_slice()).map_err(unavailable)?;
    entries(statement, ledger, 4)
}

fn entry(row: &Row<'_>, ledger: &LedgerId) -> Result<Entry, StoreError> {
    let position = row.get_ref(0).and_then(|value| Ok(value.as_i64()?)).map_err(unavailable)?;
    let read = || -> rusqlite::Result<Option<Entry>> {
        if row.get_ref(1)?.as_str()? != ledger.as_str() {
            return Ok(None);
        }
        let command = CommandId(Uuid::from_bytes(bytes(row, 6)?));
        let part = row.get(7)?;
        let Some(recorded_at) = DateTime::from_timestamp_micros(row.get(8)?) else { return Ok(None) };
        let record = Record {
            complaint: ComplaintId(Uuid::from_bytes(bytes(row, 2)?)),
            sequence: row.get::<_, i64>(3)? as u64,
            command,
            part,
            event_type: intern(row.get_ref(4)?.as_str()?),
            event_version: intern(row.get_ref(5)?.as_str()?),
            recorded_at,
            payload: row.get_ref(11)?.as_str()?.to_owned(),
            metadata: row.get_ref(12)?.as_str()?.to_owned(),
            prev: Digest(bytes(row, 9)?),
            hash: Digest(bytes(row, 10)?),
        };
        Ok(Some(Entry { position: position as u64, record }))
    };
    let corrupt = |why: String| StoreError::Corrupt(format!("the event at position {position} {why}"));
    match read() {
        Ok(Some(entry)) => Ok(entry),
        Ok(None) => Err(corrupt("has another ledger, or a time that is none".into())),
        Err(error) => Err(corrupt(format!("cannot be read: {error}"))),
    }
}

/// A blob of exactly `N` bytes, without a copy on the heap.
pub(crate) fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    let found = row.get_ref(column)?.as_blob()?;
    found
        .try_into()
        .map_err(|_| rusqlite::types::FromSqlError::InvalidBlobSize { expected_size: N, blob_size: found.len() }.into())
}

/// A failure in which nothing was stored. SQLite names tables and columns in its errors, never values.
pub(crate) fn unavailable(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    let corrupt = matches!(
        error,
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)
    ) || matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
    if corrupt { StoreError::Corrupt(error.to_string()) } else { StoreError::Unavailable(error.to_string()) }
}
