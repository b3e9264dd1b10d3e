//! The bare limit of a store: prepared INSERTs of the same rows into the same tables, and nothing else.

use std::path::Path;
use std::time::Duration;

use aduan::record::Record;
use aduan::store::Append;
use aduan_measure::life::ledger;
use aduan_measure::rounds::timed;
use aduan_sqlite::SqliteStore;
use rusqlite::{Connection, Statement, params};

/// One connection on a file of its own.
pub(crate) struct Bare {
    connection: Connection,
    position: i64,
    shape: Shape,
}

/// How rows are inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// One prepared INSERT after another.
    RowByRow,
    /// One INSERT of all events of a commit; boxes and keys the same way.
    ManyRows,
}

impl Bare {
    /// A file that the store made, with its settings; its guards only if wanted.
    pub(crate) fn create(path: &Path, shape: Shape, with_guards: bool) -> Self {
        drop(SqliteStore::create(path, &ledger()).expect("a new file in a new folder"));
        let connection = Connection::open(path).expect("the file was just made");
        for (name, value) in SETTINGS {
            let set = connection.pragma_update_and_check(None, name, value, |_| Ok(()));
            assert!(matches!(set, Ok(()) | Err(rusqlite::Error::QueryReturnedNoRows)), "{name} did not take");
        }
        if !with_guards {
            let dropped = "DROP TRIGGER events_insert_guard; DROP TRIGGER boxes_insert_guard; \
                           DROP TRIGGER keys_insert_guard;";
            connection.execute_batch(dropped).expect("the guards have these names");
        }
        connection.set_prepared_statement_cache_capacity(512);
        Bare { connection, position: 0, shape }
    }

    /// Inserts everything, `batch` commands a commit.
    pub(crate) fn insert(&mut self, appends: &[&Append], batch: usize) -> Duration {
        timed(|| {
            for batch in appends.chunks(batch) {
                let inserted = match self.shape {
                    Shape::RowByRow => self.row_by_row(batch),
                    Shape::ManyRows => self.many_rows(batch),
                };
                inserted.expect("the rows are sound");
            }
        })
    }

    fn row_by_row(&mut self, batch: &[&Append]) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let ledger = ledger();
        let mut event = self.connection.prepare_cached(EVENT)?;
        let mut sealed_box = self.connection.prepare_cached(BOX)?;
        let mut wrapped = self.connection.prepare_cached(KEY)?;
        for part in batch.iter().flat_map(|append| &append.parts) {
            let id = part.complaint.0.as_bytes().as_slice();
            for sealed in &part.boxes {
                sealed_box.execute(params![ledger.as_str(), id, sealed.digest.0.0.as_slice(), sealed.bytes])?;
            }
            for key in &part.keys {
                let commitment = key.commitment.0.as_slice();
                wrapped.execute(params![ledger.as_str(), id, key.epoch, commitment, key.bytes])?;
            }
            for record in &part.records {
                self.position += 1;
                bind(&mut event, 0, ledger.as_str(), self.position, record)?;
                event.raw_execute()?;
            }
        }
        drop((event, sealed_box, wrapped));
        self.connection.execute_batch("COMMIT")
    }

    fn many_rows(&mut self, batch: &[&Append]) -> rusqlite::Result<()> {
        let ledger = ledger();
        let parts = || batch.iter().flat_map(|append| &append.parts);
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let boxes: Vec<_> = parts().flat_map(|part| part.boxes.iter().map(move |sealed| (part, sealed))).collect();
        if !boxes.is_empty() {
            let mut statement = self.connection.prepare_cached(&rows_of(BOX, boxes.len()))?;
            for (row, (part, sealed)) in boxes.iter().enumerate() {
                statement.raw_bind_parameter(4 * row + 1, ledger.as_str())?;
                statement.raw_bind_parameter(4 * row + 2, part.complaint.0.as_bytes().as_slice())?;
                statement.raw_bind_parameter(4 * row + 3, sealed.digest.0.0.as_slice())?;
                statement.raw_bind_parameter(4 * row + 4, sealed.bytes.as_slice())?;
            }
            statement.raw_execute()?;
        }
        let keys: Vec<_> = parts().flat_map(|part| part.keys.iter().map(move |key| (part, key))).collect();
        if !keys.is_empty() {
            let mut statement = self.connection.prepare_cached(&rows_of(KEY, keys.len()))?;
            for (row, (part, key)) in keys.iter().enumerate() {
                statement.raw_bind_parameter(5 * row + 1, ledger.as_str())?;
                statement.raw_bind_parameter(5 * row + 2, part.complaint.0.as_bytes().as_slice())?;
                statement.raw_bind_parameter(5 * row + 3, key.epoch)?;
                statement.raw_bind_parameter(5 * row + 4, key.commitment.0.as_slice())?;
                statement.raw_bind_parameter(5 * row + 5, key.bytes.as_slice())?;
            }
            statement.raw_execute()?;
        }
        let records: Vec<_> = parts().flat_map(|part| &part.records).collect();
        let mut statement = self.connection.prepare_cached(&rows_of(EVENT, records.len()))?;
        for (row, record) in records.iter().enumerate() {
            self.position += 1;
            bind(&mut statement, 13 * row, ledger.as_str(), self.position, record)?;
        }
        statement.raw_execute()?;
        drop(statement);
        self.connection.execute_batch("COMMIT")
    }
}

fn bind(
    statement: &mut Statement<'_>,
    before: usize,
    ledger: &str,
    position: i64,
    record: &Record,
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(before + 1, position)?;
    statement.raw_bind_parameter(before + 2, ledger)?;
    statement.raw_bind_parameter(before + 3, record.complaint.0.as_bytes().as_slice())?;
    statement.raw_bind_parameter(before + 4, record.sequence as i64)?;
    statement.raw_bind_parameter(before + 5, &*record.event_type)?;
    statement.raw_bind_parameter(before + 6, &*record.event_version)?;
    statement.raw_bind_parameter(before + 7, record.command.0.as_bytes().as_slice())?;
    statement.raw_bind_parameter(before + 8, record.part)?;
    statement.raw_bind_parameter(before + 9, record.recorded_at.timestamp_micros())?;
    statement.raw_bind_parameter(before + 10, record.prev.0.as_slice())?;
    statement.raw_bind_parameter(before + 11, record.hash.0.as_slice())?;
    statement.raw_bind_parameter(before + 12, record.payload.as_str())?;
    statement.raw_bind_parameter(before + 13, record.metadata.as_str())
}

/// The statement for one row, made one for many.
fn rows_of(statement: &str, rows: usize) -> String {
    let (head, values) = statement.split_once(" VALUES ").expect("every statement here has values");
    format!("{head} VALUES {}", vec![values; rows].join(", "))
}

const EVENT: &str = "INSERT INTO events (aggregate_type, position, ledger, aggregate_id, sequence, event_type, \
    event_version, command_id, command_part, recorded_at, prev_hash, record_hash, payload, metadata) \
    VALUES ('complaint', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const BOX: &str = "INSERT INTO boxes (ledger, aggregate_id, digest, bytes) VALUES (?, ?, ?, ?)";
const KEY: &str = "INSERT INTO keys (ledger, aggregate_id, epoch, commitment, wrapped) VALUES (?, ?, ?, ?, ?)";

/// As the store sets its writer.
const SETTINGS: [(&str, &str); 12] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("foreign_keys", "1"),
    ("recursive_triggers", "1"),
    ("trusted_schema", "0"),
    ("cell_size_check", "1"),
    ("secure_delete", "1"),
    ("wal_autocheckpoint", "4000"),
    ("journal_size_limit", "67108864"),
    ("cache_size", "-65536"),
];
