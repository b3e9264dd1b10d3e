//! The raw limit: one connection that writes the same rows into the same tables, and does nothing else.

mod columns;
mod copy;

use std::time::{Duration, Instant};

use aduan::record::Record;
use aduan::store::Append;
use aduan_measure::life::ledger;
use aduan_testkit::postgres::Database;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use self::columns::{Boxes, Events, Keys};
use crate::server::Server;

/// Prepared statements on a ledger in a database of its own.
pub(crate) struct Raw {
    client: Client,
    guarded: bool,
    head: Statement,
    events: Statement,
    boxes: Statement,
    keys: Statement,
    position: i64,
    database: Database,
}

impl Raw {
    /// With the guards of the tables, or with none.
    pub(crate) async fn create(server: &Server, guarded: bool) -> Self {
        let database = server.ours().await;
        let url = if guarded { database.url_as("aduan_app") } else { database.url() };
        let client = aduan_testkit::postgres::connect(&url).await.expect("a migrated database");
        let prepared = prepare(client, guarded).await;
        let (client, [head, events, boxes, keys]) = prepared.expect("a migrated database takes these statements");
        Raw { client, guarded, head, events, boxes, keys, position: 0, database }
    }

    /// Inserts everything, `batch` commands a commit.
    pub(crate) async fn insert(&mut self, appends: &[Append], batch: usize) -> Duration {
        let start = Instant::now();
        for batch in appends.chunks(batch) {
            self.insert_batch(batch).await.expect("the rows are sound");
        }
        start.elapsed()
    }

    /// Copies everything, in one commit.
    pub(crate) async fn copy(&mut self, appends: &[Append]) -> Duration {
        let start = Instant::now();
        self.copy_batch(appends).await.expect("the rows are sound");
        start.elapsed()
    }

    /// Where it wrote.
    pub(crate) fn into_database(self) -> Database {
        self.database
    }

    /// One transaction of a few statements, all on their way before the first is answered.
    async fn insert_batch(&mut self, batch: &[Append]) -> Result<(), Error> {
        let parts = || batch.iter().flat_map(|append| &append.parts);
        let records: Vec<&Record> = parts().flat_map(|part| &part.records).collect();
        let Some(last) = records.last() else { return Ok(()) };
        let events = Events::of(&records, self.position);
        let (boxes, keys) = (Boxes::of(parts()), Keys::of(parts()));
        self.position += records.len() as i64;
        let hash = last.hash.0.as_slice();
        let head: [&(dyn ToSql + Sync); 2] = [&self.position, &hash];
        let client = &self.client;
        let (no_boxes, no_keys) = (boxes.is_empty(), keys.is_empty());
        let (events, boxes, keys) = (events.columns(), boxes.columns(), keys.columns());
        let (begun, moved, boxed, keyed, inserted, committed) = tokio::join!(
            biased;
            client.batch_execute("BEGIN"),
            async { if self.guarded { client.execute(&self.head, &head).await } else { Ok(0) } },
            async { if no_boxes { Ok(0) } else { client.execute(&self.boxes, &boxes).await } },
            async { if no_keys { Ok(0) } else { client.execute(&self.keys, &keys).await } },
            client.execute(&self.events, &events),
            client.batch_execute("COMMIT"),
        );
        begun?;
        moved?;
        boxed?;
        keyed?;
        inserted?;
        committed
    }
}

async fn prepare(client: Client, guarded: bool) -> Result<(Client, [Statement; 4]), Error> {
    // As the store sets its sessions.
    client.batch_execute("SET jit = off; SET plan_cache_mode = force_generic_plan").await?;
    if !guarded {
        let dropped =
            "DROP TRIGGER events_insert_guard ON aduan.events; DROP TRIGGER ledger_update_guard ON aduan.ledger";
        client.batch_execute(dropped).await?;
    }
    let name = ledger();
    let empty = aduan::store::Head::empty(name.clone());
    let nothing = aduan::values::Digest::of(b"");
    let created = "INSERT INTO aduan.ledger (name, position, record_hash, log_hash) VALUES ($1, 0, $2, $3)";
    let (nothing, log_hash) = (nothing.0.as_slice(), empty.log_hash.0.as_slice());
    client.execute(created, &[&name.as_str(), &nothing, &log_hash]).await?;
    let statements = [
        client.prepare(&HEAD.replace("LEDGER", name.as_str())).await?,
        client.prepare(&EVENTS.replace("LEDGER", name.as_str())).await?,
        client.prepare(&BOXES.replace("LEDGER", name.as_str())).await?,
        client.prepare(&KEYS.replace("LEDGER", name.as_str())).await?,
    ];
    Ok((client, statements))
}

/// The guards want it; that of the log hash is nobody's but ours, so any will do.
const HEAD: &str = "UPDATE aduan.ledger SET position = $1, record_hash = $2, log_hash = $2 WHERE name = 'LEDGER'";
const EVENTS: &str = "INSERT INTO aduan.events (ledger, aggregate_type, position, sequence, recorded_at, command_part, \
    command_id, aggregate_id, event_type, event_version, prev_hash, record_hash, payload, metadata) \
    SELECT 'LEDGER', 'complaint', new.* FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::integer[], \
    $5::uuid[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::json[], $12::json[]) AS new";
const BOXES: &str = "INSERT INTO aduan.boxes (ledger, aggregate_id, marks, sealed) \
    SELECT 'LEDGER', id, ($4::integer[])[first:last], ($5::bytea[])[first:last] \
    FROM unnest($1::text[], $2::integer[], $3::integer[]) AS new (id, first, last)";
const KEYS: &str = "INSERT INTO aduan.keys (ledger, aggregate_id, epoch, commitment, wrapped) \
    SELECT 'LEDGER', new.* FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[]) AS new";
