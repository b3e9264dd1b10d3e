//! Rows and records, each made from the other.

use aduan::complaint::Complaint;
use aduan::record::{Record, intern};
use aduan::store::{Entry, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest};
use chrono::{DateTime, Utc};
use cqrs_es::Aggregate as _;
use cqrs_es::persist::SerializedEvent;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

/// What [`record_beside`] reads: what postgres-es does not know of.
macro_rules! columns_beside {
    () => {
        "sequence, command_part, command_id, recorded_at, prev_hash, record_hash"
    };
}
pub(crate) use columns_beside;

/// What [`entry`] reads.
macro_rules! event_columns {
    () => {
        "sequence, command_part, command_id, recorded_at, prev_hash, record_hash, position, aggregate_id, event_type, \
         event_version, payload::text AS payload, metadata::text AS metadata"
    };
}
pub(crate) use event_columns;

/// A record as postgres-es takes it: payload and metadata as strings, which keep their bytes on the way.
pub(crate) fn serialized(record: &Record) -> SerializedEvent {
    SerializedEvent {
        aggregate_id: record.complaint.to_string(),
        sequence: record.sequence as usize,
        aggregate_type: Complaint::TYPE.to_owned(),
        event_type: record.event_type.to_string(),
        event_version: record.event_version.to_string(),
        payload: Value::String(record.payload.clone()),
        metadata: Value::String(record.metadata.clone()),
    }
}

/// The record of an event that postgres-es gave, and the columns beside it.
pub(crate) fn record_beside(complaint: ComplaintId, event: SerializedEvent, row: &PgRow) -> Result<Record, StoreError> {
    let SerializedEvent { sequence, event_type, event_version, payload, metadata, .. } = event;
    let (Value::String(payload), Value::String(metadata)) = (payload, metadata) else {
        return Err(StoreError::Corrupt("the view gives something else than texts".into()));
    };
    let record = beside(row, complaint, (intern(&event_type), intern(&event_version)), (payload, metadata));
    let record = record.map_err(|error| crate::failure::of_read(&error))?;
    if record.sequence != sequence as u64 {
        let why =
            format!("complaint {complaint} has a record {sequence} in the view, {} in the table", record.sequence);
        return Err(StoreError::Corrupt(why));
    }
    Ok(record)
}

/// A record and its position.
pub(crate) fn entry(row: &PgRow) -> Result<Entry, StoreError> {
    let read = || -> Result<Entry, sqlx::Error> {
        let id: &str = row.try_get("aggregate_id")?;
        let complaint = id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let names = (intern(row.try_get("event_type")?), intern(row.try_get("event_version")?));
        let record = beside(row, complaint, names, (row.try_get("payload")?, row.try_get("metadata")?))?;
        Ok(Entry { position: row.try_get::<i64, _>("position")? as u64, record })
    };
    read().map_err(|error| crate::failure::of_read(&error))
}

type Names = (std::borrow::Cow<'static, str>, std::borrow::Cow<'static, str>);

fn beside(row: &PgRow, complaint: ComplaintId, names: Names, texts: (String, String)) -> Result<Record, sqlx::Error> {
    Ok(Record {
        complaint,
        sequence: row.try_get::<i64, _>("sequence")? as u64,
        command: CommandId(row.try_get("command_id")?),
        part: row.try_get::<i32, _>("command_part")? as u32,
        event_type: names.0,
        event_version: names.1,
        recorded_at: row.try_get::<DateTime<Utc>, _>("recorded_at")?,
        payload: texts.0,
        metadata: texts.1,
        prev: digest(row, "prev_hash")?,
        hash: digest(row, "record_hash")?,
    })
}

/// A column of 32 bytes.
pub(crate) fn digest(row: &PgRow, column: &str) -> Result<Digest, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    let bytes = bytes.try_into().map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::<std::array::TryFromSliceError>::new(error),
    })?;
    Ok(Digest(bytes))
}
