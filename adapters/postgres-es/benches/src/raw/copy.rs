//! COPY of the same rows: what PostgreSQL offers to whoever brings in much at once.

use std::pin::Pin;

use aduan::store::Append;
use aduan_measure::life::ledger;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::Raw;
use super::columns::Json;

impl Raw {
    /// Boxes, keys and events, in one transaction.
    pub(super) async fn copy_batch(&mut self, appends: &[Append]) -> Result<(), Error> {
        let parts = || appends.iter().flat_map(|append| &append.parts);
        let records = || parts().flat_map(|part| &part.records);
        let Some(last) = records().last() else { return Ok(()) };
        let first = self.position + 1;
        self.position += records().count() as i64;
        self.client.batch_execute("BEGIN").await?;
        if self.guarded {
            self.client.execute(&self.head, &[&self.position, &last.hash.0.as_slice()]).await?;
        }
        let name = ledger();
        let name = name.as_str();
        let mut boxes = Rows::into(&self.client, BOXES, &BOX_TYPES).await?;
        for part in parts().filter(|part| !part.boxes.is_empty()) {
            let marks: Vec<i32> = part.boxes.iter().map(|sealed| sealed.digest.mark()).collect();
            let sealed: Vec<&[u8]> = part.boxes.iter().map(|sealed| sealed.bytes.as_slice()).collect();
            boxes.write(&[&name, &part.complaint.to_string(), &marks, &sealed]).await?;
        }
        boxes.finish().await?;
        let mut keys = Rows::into(&self.client, KEYS, &KEY_TYPES).await?;
        for (part, key) in parts().flat_map(|part| part.keys.iter().map(move |key| (part, key))) {
            let (complaint, epoch) = (part.complaint.to_string(), i64::from(key.epoch));
            keys.write(&[&name, &complaint, &epoch, &key.commitment.0.as_slice(), &key.bytes]).await?;
        }
        keys.finish().await?;
        let mut events = Rows::into(&self.client, EVENTS, &EVENT_TYPES).await?;
        for (position, record) in (first..).zip(records()) {
            let (sequence, part) = (record.sequence as i64, record.part as i32);
            let (complaint, kind, version) =
                (record.complaint.to_string(), &*record.event_type, &*record.event_version);
            let (prev, hash) = (record.prev.0.as_slice(), record.hash.0.as_slice());
            let (payload, metadata) = (Json(&record.payload), Json(&record.metadata));
            events
                .write(&[
                    &name,
                    &"complaint",
                    &position,
                    &sequence,
                    &record.recorded_at,
                    &part,
                    &record.command.0,
                    &complaint,
                    &kind,
                    &version,
                    &prev,
                    &hash,
                    &payload,
                    &metadata,
                ])
                .await?;
        }
        events.finish().await?;
        self.client.batch_execute("COMMIT").await
    }
}

/// Rows on their way.
struct Rows(Pin<Box<BinaryCopyInWriter>>);

impl Rows {
    async fn into(client: &Client, table: &str, types: &[Type]) -> Result<Self, Error> {
        let sink = client.copy_in(&format!("COPY {table} FROM STDIN BINARY")).await?;
        Ok(Rows(Box::pin(BinaryCopyInWriter::new(sink, types))))
    }

    async fn write(&mut self, row: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
        self.0.as_mut().write(row).await
    }

    async fn finish(mut self) -> Result<(), Error> {
        self.0.as_mut().finish().await.map(drop)
    }
}

const BOXES: &str = "aduan.boxes (ledger, aggregate_id, marks, sealed)";
const BOX_TYPES: [Type; 4] = [Type::TEXT, Type::TEXT, Type::INT4_ARRAY, Type::BYTEA_ARRAY];
const KEYS: &str = "aduan.keys (ledger, aggregate_id, epoch, commitment, wrapped)";
const KEY_TYPES: [Type; 5] = [Type::TEXT, Type::TEXT, Type::INT8, Type::BYTEA, Type::BYTEA];
const EVENTS: &str = "aduan.events (ledger, aggregate_type, position, sequence, recorded_at, command_part, command_id, \
    aggregate_id, event_type, event_version, prev_hash, record_hash, payload, metadata)";
const EVENT_TYPES: [Type; 14] = [
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::INT4,
    Type::UUID,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::JSON,
    Type::JSON,
];
