//! Rows and records, each made from the other.

use std::error::Error;

use aduan::record::{Record, intern};
use aduan::sealed::WrappedKey;
use aduan::store::{AppendPart, Entry, Head, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position};
use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// Every column of an event but the constant `aggregate_type` and the ledger, in the order in which [`entry`] reads them.
macro_rules! event_columns {
    () => {
        "position, sequence, recorded_at, command_part, command_id, aggregate_id, event_type, event_version, \
         prev_hash, record_hash, payload, metadata"
    };
}
pub(crate) use event_columns;

/// Rows of boxes: each is a stretch of two arrays, counted from 1, since an array of arrays has to be rectangular.
#[derive(Default)]
struct Boxes<'b> {
    complaint: Vec<IdText>,
    first: Vec<i32>,
    last: Vec<i32>,
    mark: Vec<i32>,
    bytes: Vec<&'b [u8]>,
}

/// The columns of a batch, as arrays: one statement for every number of rows.
#[derive(Default)]
pub(crate) struct Columns<'b> {
    sequence: Vec<i64>,
    recorded_at: Vec<DateTime<Utc>>,
    command_part: Vec<i32>,
    command: Vec<Uuid>,
    complaint: Vec<IdText>,
    event_type: Vec<&'b str>,
    event_version: Vec<&'b str>,
    prev: Vec<&'b [u8]>,
    hash: Vec<&'b [u8]>,
    payload: Vec<Json<'b>>,
    metadata: Vec<Json<'b>>,
    boxes: Boxes<'b>,
    key_complaint: Vec<IdText>,
    key_epoch: Vec<i64>,
    key_commitment: Vec<&'b [u8]>,
    key_wrapped: Vec<&'b [u8]>,
}

impl<'b> Columns<'b> {
    /// Adds what a command adds to one complaint.
    pub(crate) fn add(&mut self, part: &'b AppendPart) {
        let complaint = IdText(part.complaint.0);
        for record in &part.records {
            self.sequence.push(record.sequence as i64);
            self.recorded_at.push(record.recorded_at);
            self.command_part.push(record.part as i32);
            self.command.push(record.command.0);
            self.complaint.push(complaint);
            self.event_type.push(&record.event_type);
            self.event_version.push(&record.event_version);
            self.prev.push(&record.prev.0);
            self.hash.push(&record.hash.0);
            self.payload.push(Json(&record.payload));
            self.metadata.push(Json(&record.metadata));
        }
        if !part.boxes.is_empty() {
            self.boxes.complaint.push(complaint);
            self.boxes.first.push(self.boxes.bytes.len() as i32 + 1);
            self.boxes.mark.extend(part.boxes.iter().map(|sealed| sealed.digest.mark()));
            self.boxes.bytes.extend(part.boxes.iter().map(|sealed| sealed.bytes.as_slice()));
            self.boxes.last.push(self.boxes.bytes.len() as i32);
        }
        for WrappedKey { commitment, epoch, bytes } in &part.keys {
            self.key_complaint.push(complaint);
            self.key_epoch.push(i64::from(*epoch));
            self.key_commitment.push(&commitment.0);
            self.key_wrapped.push(bytes);
        }
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.sequence.len()
    }

    /// Whether there is nothing but events.
    pub(crate) fn is_bare(&self) -> bool {
        self.boxes.bytes.is_empty() && self.key_complaint.is_empty()
    }

    /// The parameters of `append_events.sql`, behind those of the head.
    pub(crate) fn events(&self) -> [&(dyn ToSql + Sync); 11] {
        [
            &self.sequence,
            &self.recorded_at,
            &self.command_part,
            &self.command,
            &self.complaint,
            &self.event_type,
            &self.event_version,
            &self.prev,
            &self.hash,
            &self.payload,
            &self.metadata,
        ]
    }

    /// What `append_sealed.sql` has behind them.
    pub(crate) fn sealed(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.boxes.complaint,
            &self.boxes.first,
            &self.boxes.last,
            &self.boxes.mark,
            &self.boxes.bytes,
            &self.key_complaint,
            &self.key_epoch,
            &self.key_commitment,
            &self.key_wrapped,
        ]
    }
}

/// Reads the columns of [`event_columns`].
pub(crate) fn entry(row: &Row) -> Result<Entry, StoreError> {
    let position: i64 = row.try_get(0).map_err(unreadable)?;
    let read = || -> Result<Record, tokio_postgres::Error> {
        Ok(Record {
            sequence: row.try_get::<_, i64>(1)? as u64,
            recorded_at: row.try_get(2)?,
            part: row.try_get::<_, i32>(3)? as u32,
            command: CommandId(row.try_get(4)?),
            complaint: ComplaintId(row.try_get::<_, IdText>(5)?.0),
            event_type: intern(row.try_get(6)?),
            event_version: intern(row.try_get(7)?),
            prev: row.try_get::<_, Hash>(8)?.0,
            hash: row.try_get::<_, Hash>(9)?.0,
            payload: row.try_get::<_, Json<'_>>(10)?.0.to_owned(),
            metadata: row.try_get::<_, Json<'_>>(11)?.0.to_owned(),
        })
    };
    let record = read().map_err(|error| {
        StoreError::Corrupt(format!(
            "the event at position {position} cannot be read: {}",
            crate::failure::chain(&error)
        ))
    })?;
    Ok(Entry { position: position as Position, record })
}

/// Reads position, record hash and log hash of a ledger, from this column on.
pub(crate) fn head(row: &Row, ledger: &LedgerId, from: usize) -> Result<(Head, Digest), StoreError> {
    let position: i64 = row.try_get(from).map_err(unreadable)?;
    let record_hash = row.try_get::<_, Hash>(from + 1).map_err(unreadable)?.0;
    let log_hash = row.try_get::<_, Hash>(from + 2).map_err(unreadable)?.0;
    Ok((Head { ledger: ledger.clone(), position: position as Position, log_hash }, record_hash))
}

/// A column that does not hold what it should. The error names types, never values.
pub(crate) fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Corrupt(crate::failure::chain(&error))
}

/// A UUID in a column of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdText(pub(crate) Uuid);

impl ToSql for IdText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let mut text = Uuid::encode_buffer();
        out.extend_from_slice(self.0.hyphenated().encode_lower(&mut text).as_bytes());
        Ok(IsNull::No)
    }
    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::TEXT
    }
    to_sql_checked!();
}

impl<'a> FromSql<'a> for IdText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(IdText(Uuid::try_parse_ascii(raw)?))
    }
    fn accepts(found: &Type) -> bool {
        *found == Type::TEXT
    }
}

/// JSON as its text, to the letter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl ToSql for Json<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::JSON
    }
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Json(std::str::from_utf8(raw)?))
    }
    fn accepts(found: &Type) -> bool {
        *found == Type::JSON
    }
}

/// 32 bytes.
pub(crate) struct Hash(pub(crate) Digest);

impl<'a> FromSql<'a> for Hash {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Hash(Digest(raw.try_into()?)))
    }
    fn accepts(found: &Type) -> bool {
        *found == Type::BYTEA
    }
}
