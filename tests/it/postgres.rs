//! The store on PostgreSQL: what every store promises, and what only this one does.
//!
//! Sizes are small here. The whole of it, a few minutes, with its figures:
//! `ADUAN_FULL=1 cargo nextest run --release --locked -p aduan-testkit postgres:: --no-capture`.

mod deliveries;
mod dropped;
mod followers;
mod guards;
mod kills;
mod outcomes;
mod read;
mod settings;
mod tls;
mod writers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aduan::inspect::{Inspector, ProblemKind};
use aduan::record::Record;
use aduan::store::{Append, Attestations as _, Entry, Head, Ledger, Log, StoreError};
use aduan::values::{LedgerId, Position};
use aduan_postgres::{OpenError, Postgres, PostgresOptions, PostgresStore, migrate};
use aduan_testkit::conformance;
use aduan_testkit::postgres::{Cluster, Database, Server};

/// A database with our tables.
pub(crate) async fn database() -> Database {
    database_on(&Server::shared().unwrap()).await
}

/// A database with our tables on a server of one's own.
async fn database_on(server: &Server) -> Database {
    let setup = async |url: String| migrate(&url, &PostgresOptions::default()).await.map(drop);
    server.database_with(&aduan_postgres::layout(), setup).await.unwrap()
}

/// A cluster with these settings, to stop and to spoil.
fn cluster(settings: &[(&str, &str)]) -> Cluster {
    let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let options = aduan_testkit::postgres::ClusterOptions { settings, ..Default::default() };
    Cluster::start(options).unwrap()
}

/// The database as the application sees it.
pub(crate) async fn connect(database: &Database) -> Postgres {
    Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap()
}

/// Another ledger at every call.
pub(crate) fn another_ledger() -> LedgerId {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    LedgerId::new(&format!("city-{}", COUNT.fetch_add(1, Ordering::Relaxed))).unwrap()
}

async fn fresh(postgres: &Postgres) -> Arc<PostgresStore> {
    Arc::new(postgres.create(&another_ledger()).await.unwrap())
}

/// A client of the database's owner, who may do anything.
async fn superuser(database: &Database) -> tokio_postgres::Client {
    aduan_testkit::postgres::connect(&database.url()).await.unwrap()
}

/// Whether the whole sizes are asked for.
fn is_full() -> bool {
    std::env::var_os("ADUAN_FULL").is_some()
}

/// The size of a test: `whole` where that is asked for.
fn size(small: usize, whole: usize) -> usize {
    if is_full() { whole } else { small }
}

/// The log as an auditor reads it: no problem in it, and the head that the store tells is where it leads.
async fn audited(store: &PostgresStore) -> Vec<Entry> {
    inspected(store, &[]).await
}

/// The same of drafts, which obey no rule of the office.
async fn linked(store: &PostgresStore) -> Vec<Entry> {
    inspected(store, &[ProblemKind::Unlawful]).await
}

async fn inspected(store: &PostgresStore, but: &[ProblemKind]) -> Vec<Entry> {
    let log = conformance::everything(store).await;
    let mut inspector = Inspector::new(store.id().clone());
    for entry in &log {
        let event = entry.record.event().map_err(|broken| broken.to_string());
        inspector.read(entry, event.as_ref().map_err(String::as_str));
    }
    let report = inspector.finish(Some(&store.head().await.unwrap()));
    let problems: Vec<_> = report.problems.iter().filter(|problem| !but.contains(&problem.kind)).collect();
    assert!(problems.is_empty(), "{problems:?}");
    log
}

/// SQL that appends a command as any program could, behind a head: moves it, and inserts.
fn by_hand(append: &Append, head: &Head) -> String {
    let mut head = head.clone();
    let mut rows = Vec::new();
    for record in append.parts.iter().flat_map(|part| &part.records) {
        head.advance(record.hash);
        rows.push((head.position, record));
    }
    let (_, last) = rows.last().unwrap();
    format!("{}; {}", move_head("aduan.ledger", &head, last), insert_into("aduan.events", &head.ledger, &rows))
}

/// SQL that inserts records at positions, all in one statement.
fn insert_into(table: &str, ledger: &LedgerId, rows: &[(Position, &Record)]) -> String {
    let row = |(position, record): &(Position, &Record)| {
        let Record { complaint, sequence, command, part, event_type, event_version, prev, hash, .. } = record;
        let (payload, metadata) = (record.payload.replace('\'', "''"), record.metadata.replace('\'', "''"));
        format!(
            "('{ledger}', 'complaint', {position}, {sequence}, '{}', {part}, '{}', '{complaint}', '{event_type}', \
             '{event_version}', '\\x{prev}', '\\x{hash}', '{payload}', '{metadata}')",
            record.recorded_at.to_rfc3339(),
            command.0,
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!(
        "INSERT INTO {table} (ledger, aggregate_type, position, sequence, recorded_at, command_part, command_id, \
         aggregate_id, event_type, event_version, prev_hash, record_hash, payload, metadata) VALUES {}",
        rows.join(", ")
    )
}

/// SQL that moves a head to a record.
fn move_head(table: &str, to: &Head, record: &Record) -> String {
    format!(
        "UPDATE {table} SET position = {}, record_hash = '\\x{}', log_hash = '\\x{}' WHERE name = '{}'",
        to.position, record.hash, to.log_hash, to.ledger
    )
}

/// Numbers that follow from one number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_a_store() {
    let database = database().await;
    let postgres = connect(&database).await;
    conformance::all(|| fresh(&postgres)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_attestations_and_has_them_when_it_is_opened_again() {
    let database = database().await;
    let postgres = connect(&database).await;
    let (store, elsewhere) = (fresh(&postgres).await, fresh(&postgres).await);
    conformance::attestations(&*store, &*elsewhere).await;
    let kept = store.attestations(None, usize::MAX).await.unwrap();
    let beside = connect(&database).await.open_read_only(store.id()).await.unwrap();
    conformance::holds_attestations(&beside, &kept).await;
    assert!(matches!(beside.keep_attestation(&kept[0]).await, Err(StoreError::Unavailable(_))), "it only reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_before_attestations_is_given_their_table_and_keeps_its_rows() {
    let database = database().await;
    let store = fresh(&connect(&database).await).await;
    let mut draft = aduan_testkit::draft::Draft::of(&*store, 1);
    let append = Append::new(aduan_testkit::draft::command(1), vec![draft.part(1, 2)]);
    store.append(append).await.unwrap();
    let admin = superuser(&database).await;
    // As the release before left it.
    let before = "DROP TABLE aduan.attestations; DELETE FROM aduan.migrations WHERE name LIKE 'attestations%'";
    admin.batch_execute(before).await.unwrap();
    let refused = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await;
    assert!(matches!(refused, Err(OpenError::OtherLayout { .. })), "it says to migrate");
    let steps = migrate(&database.url(), &PostgresOptions::default()).await.unwrap();
    assert_eq!(steps, ["attestations", "attestations_change_guard"]);
    assert_eq!(migrate(&database.url(), &PostgresOptions::default()).await, Ok(Vec::new()));
    let again = connect(&database).await.open(store.id()).await.unwrap();
    assert_eq!(conformance::everything(&again).await.len(), 2);
    conformance::attestations(&again, &*fresh(&connect(&database).await).await).await;
}
