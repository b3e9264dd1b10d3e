//! Rows as PostgreSQL takes them in one statement: an array for each column.

use aduan::record::Record;
use aduan::store::AppendPart;
use chrono::{DateTime, Utc};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// The columns of events, as arrays.
#[derive(Default)]
pub(crate) struct Events<'b> {
    position: Vec<i64>,
    sequence: Vec<i64>,
    recorded_at: Vec<DateTime<Utc>>,
    part: Vec<i32>,
    command: Vec<Uuid>,
    complaint: Vec<String>,
    event_type: Vec<&'b str>,
    event_version: Vec<&'b str>,
    prev: Vec<&'b [u8]>,
    hash: Vec<&'b [u8]>,
    payload: Vec<Json<'b>>,
    metadata: Vec<Json<'b>>,
}

impl<'b> Events<'b> {
    pub(crate) fn of(records: &[&'b Record], after: i64) -> Self {
        let mut events = Events::default();
        for (position, record) in (after + 1..).zip(records) {
            events.position.push(position);
            events.sequence.push(record.sequence as i64);
            events.recorded_at.push(record.recorded_at);
            events.part.push(record.part as i32);
            events.command.push(record.command.0);
            events.complaint.push(record.complaint.to_string());
            events.event_type.push(&record.event_type);
            events.event_version.push(&record.event_version);
            events.prev.push(&record.prev.0);
            events.hash.push(&record.hash.0);
            events.payload.push(Json(&record.payload));
            events.metadata.push(Json(&record.metadata));
        }
        events
    }

    pub(crate) fn columns(&self) -> [&(dyn ToSql + Sync); 12] {
        [
            &self.position,
            &self.sequence,
            &self.recorded_at,
            &self.part,
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
}

/// Rows of boxes: each is a stretch of two arrays, counted from 1.
#[derive(Default)]
pub(crate) struct Boxes<'b> {
    complaint: Vec<String>,
    first: Vec<i32>,
    last: Vec<i32>,
    mark: Vec<i32>,
    bytes: Vec<&'b [u8]>,
}

impl<'b> Boxes<'b> {
    pub(crate) fn of(parts: impl Iterator<Item = &'b AppendPart>) -> Self {
        let mut boxes = Boxes::default();
        for part in parts.filter(|part| !part.boxes.is_empty()) {
            boxes.complaint.push(part.complaint.to_string());
            boxes.first.push(boxes.bytes.len() as i32 + 1);
            boxes.mark.extend(part.boxes.iter().map(|sealed| sealed.digest.mark()));
            boxes.bytes.extend(part.boxes.iter().map(|sealed| sealed.bytes.as_slice()));
            boxes.last.push(boxes.bytes.len() as i32);
        }
        boxes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.complaint.is_empty()
    }

    pub(crate) fn columns(&self) -> [&(dyn ToSql + Sync); 5] {
        [&self.complaint, &self.first, &self.last, &self.mark, &self.bytes]
    }
}

/// The columns of keys, as arrays.
#[derive(Default)]
pub(crate) struct Keys<'b> {
    complaint: Vec<String>,
    epoch: Vec<i64>,
    commitment: Vec<&'b [u8]>,
    wrapped: Vec<&'b [u8]>,
}

impl<'b> Keys<'b> {
    pub(crate) fn of(parts: impl Iterator<Item = &'b AppendPart>) -> Self {
        let mut keys = Keys::default();
        for (part, key) in parts.flat_map(|part| part.keys.iter().map(move |key| (part, key))) {
            keys.complaint.push(part.complaint.to_string());
            keys.epoch.push(i64::from(key.epoch));
            keys.commitment.push(&key.commitment.0);
            keys.wrapped.push(&key.bytes);
        }
        keys
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.epoch.is_empty()
    }

    pub(crate) fn columns(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.complaint, &self.epoch, &self.commitment, &self.wrapped]
    }
}

/// JSON as its text, to the letter.
#[derive(Debug)]
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl ToSql for Json<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::JSON
    }
    to_sql_checked!();
}
