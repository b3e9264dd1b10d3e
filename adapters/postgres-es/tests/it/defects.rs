//! Each defect of the published crates that our design could bring back: shown with them as the control, then absent here.
//!
//! The numbers are those of README.md; `examples/defects.rs` shows the others.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the controls")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aduan::complaint::Complaint;
use aduan::engine::{CqrsStore, Error};
use aduan::event::Event;
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::store::{Append, AppendPart, Ledger as _, Log as _, Outcome, StoreError};
use aduan::values::ComplaintId;
use aduan_postgres_es::PostgresEsOptions;
use aduan_testkit::conformance::everything;
use aduan_testkit::postgres::{Database, Server, connect};
use async_trait::async_trait;
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{GenericQuery, PersistedEventStore, QueryReplay};
use cqrs_es::{Aggregate as _, AggregateContext as _, AggregateError, EventEnvelope, EventStore as _, Query};
use postgres_es::{
    PostgresEventRepository, PostgresViewRepository, default_postgress_pool, postgres_aggregate_cqrs, postgres_cqrs,
    postgres_snapshot_cqrs,
};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::city::{self, command};
use crate::database::*;
use crate::tally::*;

#[tokio::test]
async fn d1_an_event_counts_once() {
    let (_database, pool) = control().await;
    let snapshots = postgres_snapshot_cqrs::<Tally>(pool.clone(), Vec::new(), 2, ());
    for amount in [1, 10, 100, 1000] {
        snapshots.execute("a", vec![amount]).await.unwrap();
    }
    let store = PersistedEventStore::<_, Tally>::new_snapshot_store(PostgresEventRepository::new(pool.clone()), 2);
    assert_eq!(store.load_aggregate("a").await.unwrap().aggregate.sum, 2121, "the control, for 1111");
    let aggregates = postgres_aggregate_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    for amount in [1, 10, 100] {
        aggregates.execute("b", vec![amount]).await.unwrap();
    }
    let store = PersistedEventStore::<_, Tally>::new_aggregate_store(PostgresEventRepository::new(pool));
    assert_eq!(store.load_aggregate("b").await.unwrap().aggregate.sum, 222, "the control, for 111");

    let database = migrated().await;
    let ledger = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let id = city::engine(ledger.clone()).receive(city::receive(1)).await.unwrap().complaint;
    let (store, rules, id) = (CqrsStore::new(ledger, Vec::new()), Rules::mojokerto(), id.to_string());
    let mut folded = Complaint::default();
    folded.evolve(&store.load_events(&id).await.unwrap()[0].payload);
    for number in 2..=5 {
        let mut context = store.load_aggregate(&id).await.unwrap();
        assert_eq!(*context.aggregate(), folded, "loaded is what was recorded, each event once");
        let sink = EventSink::default();
        context.aggregate().handle(city::sealed(city::remark(number)), &rules, &sink).await.unwrap();
        assert_eq!(*context.aggregate(), folded, "handling applies nothing, so that nothing is applied twice");
        let events: Vec<Event> = sink.collect().await;
        events.iter().for_each(|event| folded.evolve(event));
        store.commit(events, context, HashMap::new()).await.unwrap();
    }
    assert_eq!(*store.load_aggregate(&id).await.unwrap().aggregate(), folded);
    assert_eq!(folded.version, 5);
}

#[tokio::test]
async fn d3_a_conflict_stores_nothing() {
    let (_database, pool) = control().await;
    let store = PersistedEventStore::<_, Tally>::new_snapshot_store(PostgresEventRepository::new(pool.clone()), 1);
    let added = |amount| vec![Happened::Added { amount }];
    let context = store.load_aggregate("a").await.unwrap();
    store.commit(added(1), context, HashMap::new()).await.unwrap();
    let context = store.load_aggregate("a").await.unwrap();
    // Somebody clears the snapshots, as one does when their shape has changed.
    sqlx::raw_sql("DELETE FROM snapshots").execute(&pool).await.unwrap();
    let answer = store.commit(added(10), context, HashMap::new()).await;
    assert!(matches!(answer, Err(AggregateError::AggregateConflict)), "the control: refused, it says");
    assert_eq!(stored(&pool).await, 2, "the control: and stored");
    // Tried again, as one does after a conflict.
    let context = store.load_aggregate("a").await.unwrap();
    store.commit(added(10), context, HashMap::new()).await.unwrap();
    assert_eq!(store.load_aggregate("a").await.unwrap().aggregate.sum, 21, "the control: twice, for 11");

    let database = migrated().await;
    let ledger = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(ledger.clone());
    let id = engine.receive(city::receive(1)).await.unwrap().complaint;
    let store = CqrsStore::new(ledger.clone(), Vec::new());
    let mut stale = store.load_aggregate(&id.to_string()).await.unwrap();
    engine.handle(id, city::remark(2)).await.unwrap();
    let sink = EventSink::default();
    stale.aggregate().handle(city::sealed(city::remark(3)), &Rules::mojokerto(), &sink).await.unwrap();
    let events = sink.collect().await;
    let answer = store.commit(events.clone(), stale, HashMap::new()).await;
    assert!(matches!(answer, Err(AggregateError::AggregateConflict)));
    assert_eq!(everything(&*ledger).await.len(), 2, "refused is not stored");
    let fresh = store.load_aggregate(&id.to_string()).await.unwrap();
    store.commit(events, fresh, HashMap::new()).await.unwrap();
    assert_eq!(ledger.handled(command(3)).await.unwrap().len(), 1, "retried, it is stored once");
    assert_eq!(everything(&*ledger).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_reading_that_was_cut_is_an_error() {
    let (database, pool) = control().await;
    let big = "INSERT INTO events SELECT 'tally', 'a', n, 'Added', '1', \
               json_build_object('Added', json_build_object('amount', 1, 'pad', repeat('x', 200000))), '{}' \
               FROM generate_series(1, 200) AS n";
    sqlx::raw_sql(big).execute(&pool).await.unwrap();
    let (told, cuts) = (Told::default(), Cuts { admin: pool.clone(), told: Told::default() });
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
    let full = one.connect(&database.url()).await.unwrap();
    let only = full.acquire().await.unwrap();
    let replay = QueryReplay::<_, _, Tally>::new(PostgresEventRepository::new(full.clone()), told.clone());
    assert!(replay.replay_all().await.is_ok(), "the control: a full pool is Ok");
    assert_eq!(told.events().len(), 0, "the control: with nothing of 200");
    drop(only);
    let seen = cuts.told.clone();
    let repository = PostgresEventRepository::new(full).with_streaming_channel_size(1);
    let replay = QueryReplay::<_, _, Tally>::new(repository, cuts);
    assert!(replay.replay_all().await.is_ok(), "the control: a cut connection is Ok");
    let seen = seen.events().len();
    assert!((1..200).contains(&seen), "the control: with {seen} of 200");

    let database = migrated().await;
    let patient = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(patient.clone());
    let id = engine.receive(city::receive(1)).await.unwrap().complaint;
    for number in 2..=50 {
        engine.handle(id, city::remark(number)).await.unwrap();
    }
    let options = PostgresEsOptions { connections: 2, ..impatient() };
    let store = Arc::new(through_postgres_es(&database, options).await);
    let lock = Lock::take(&database, "LOCK TABLE aduan.events IN ACCESS EXCLUSIVE MODE").await;
    let (held, queued, loaded) = tokio::join!(store.after(0, 100), store.after(0, 100), store.load(id, 0));
    assert!(matches!(held, Err(StoreError::Unavailable(_))), "{held:?}");
    assert!(matches!(queued, Err(StoreError::Unavailable(_))), "all connections are busy: {queued:?}");
    assert!(matches!(loaded, Err(StoreError::Unavailable(_))), "{loaded:?}");
    lock.release().await;
    let mut lock = Lock::take(&database, "LOCK TABLE aduan.events IN ACCESS EXCLUSIVE MODE").await;
    let reading = tokio::spawn({
        let patient = patient.clone();
        async move { patient.after(0, 100).await }
    });
    lock.until_somebody_waits().await;
    lock.cut_who_waits().await;
    let cut = reading.await.unwrap();
    assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");
    lock.release().await;
    let page = patient.after(0, 100).await.unwrap();
    assert_eq!((page.entries.len(), page.end, page.at_head), (50, 50, true), "what is no error is whole, and says so");
    assert_eq!(patient.load(id, 0).await.unwrap().records.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_a_reader_learns_of_everything_whoever_went_away() {
    let (_database, pool) = control().await;
    let view = Arc::new(PostgresViewRepository::<Seen, Tally>::new("seen", pool.clone()));
    let gate = Arc::new(Gate { view: GenericQuery::new(view.clone()), reached: Notify::new() });
    let framework = postgres_cqrs::<Tally>(pool.clone(), vec![Box::new(Gated(gate.clone()))], ());
    tokio::select! {
        _ = framework.execute("a", vec![1]) => panic!("the query never returns"),
        () = gate.reached.notified() => {} // and the caller goes away
    }
    assert_eq!(stored(&pool).await, 1, "the control: the event is stored");
    let again = GenericQuery::new(view.clone());
    let framework = postgres_cqrs::<Tally>(pool.clone(), vec![Box::new(again)], ());
    framework.execute("a", vec![10]).await.unwrap();
    let seen = GenericQuery::new(view).load("a").await.unwrap();
    assert_eq!(seen, Seen { events: 1, sum: 10 }, "the control: the view never learns of the first");
    assert_eq!(stored(&pool).await, 2);

    let database = migrated().await;
    let store = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(store.clone());
    let id = engine.receive(city::receive(1)).await.unwrap().complaint;
    let mut lock = Lock::take(&database, "SELECT FROM aduan.ledger FOR UPDATE").await;
    tokio::select! {
        _ = engine.handle(id, city::remark(2)) => panic!("somebody holds the ledger"),
        () = lock.until_somebody_waits() => {} // and the caller goes away
    }
    // Whoever asks for the ledger next has it after that command.
    let next = Lock::take(&database, "SELECT FROM aduan.ledger FOR UPDATE");
    let release = async {
        lock.until_waiting(2).await;
        lock.release().await;
    };
    let (next, ()) = tokio::join!(next, release);
    assert_eq!(store.handled(command(2)).await.unwrap().len(), 1, "it went on without its caller");
    next.release().await;
    assert!(engine.handle(id, city::remark(2)).await.unwrap().repeated);
    engine.handle(id, city::remark(3)).await.unwrap();
    let (mut checkpoint, mut seen) = (0, Vec::new());
    while checkpoint < store.head().await.unwrap().position {
        let page = store.after(checkpoint, 1).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.record.command));
        checkpoint = page.end;
    }
    assert_eq!(seen, [command(1), command(2), command(3)]);
}

#[tokio::test]
async fn d11_the_log_is_in_the_order_of_its_commits() {
    let (_database, pool) = control().await;
    let framework = postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    for id in ["a", "a", "b", "b"] {
        framework.execute(id, vec![1]).await.unwrap();
    }
    let told = Told::default();
    QueryReplay::<_, _, Tally>::new(PostgresEventRepository::new(pool), told.clone()).replay_all().await.unwrap();
    let sequences: Vec<usize> = told.events().into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(sequences, [1, 1, 2, 2], "the control: recorded were a1 a2 b1 b2");

    let database = migrated().await;
    let store = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(store.clone());
    let mut recorded = Vec::new();
    for (complaint, remark) in [(1, 2), (3, 4)] {
        let id = engine.receive(city::receive(complaint)).await.unwrap().complaint;
        engine.handle(id, city::remark(remark)).await.unwrap();
        recorded.extend([(id, 1), (id, 2)]);
    }
    let read: Vec<(ComplaintId, u64)> =
        everything(&*store).await.iter().map(|entry| (entry.record.complaint, entry.record.sequence)).collect();
    assert_eq!(read, recorded);
}

#[tokio::test]
async fn d14_a_command_that_comes_again_is_no_conflict() {
    let (_database, pool) = control().await;
    let index = "CREATE UNIQUE INDEX ON events ((metadata ->> 'command'))";
    sqlx::raw_sql(index).execute(&pool).await.unwrap();
    let framework = postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    let again = || HashMap::from([("command".to_owned(), "1".to_owned())]);
    framework.execute_with_metadata("a", vec![1], again()).await.unwrap();
    for _ in 0..5 {
        let answer = framework.execute_with_metadata("a", vec![1], again()).await;
        assert!(
            matches!(answer, Err(AggregateError::AggregateConflict)),
            "the control: loaded anew, and still: {answer:?}"
        );
    }

    let database = migrated().await;
    let store = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(store.clone());
    let first = engine.receive(city::receive(1)).await.unwrap();
    let repeated = engine.receive(city::receive(1)).await.unwrap();
    assert!(repeated.repeated);
    assert_eq!((repeated.events, repeated.position), (first.events, first.position), "the first receipt, again");
    // Also where its complaint has moved on, so that it would conflict.
    engine.handle(first.complaint, city::remark(2)).await.unwrap();
    let entry = store.handled(command(1)).await.unwrap().remove(0);
    let part = AppendPart {
        complaint: first.complaint,
        expected: 0,
        records: vec![entry.record.clone()],
        boxes: Vec::new(),
        keys: Vec::new(),
    };
    let answer = store.append(Append::new(command(1), vec![part])).await;
    assert_eq!(answer, Ok(Outcome::Handled { entries: vec![entry] }));
}

#[tokio::test]
async fn d15_what_can_be_tried_again_is_told_from_what_cannot() {
    let (database, pool) = control().await;
    let framework = postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    for code in ["40001", "40P01", "22023"] {
        sqlx::raw_sql(&failing("events", code)).execute(&pool).await.unwrap();
        let answer = framework.execute("a", vec![1]).await;
        assert!(matches!(answer, Err(AggregateError::UnexpectedError(_))), "the control, {code}: {answer:?}");
    }
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
    let full = one.connect(&database.url()).await.unwrap();
    let _only = full.acquire().await.unwrap();
    let answer = postgres_cqrs::<Tally>(full.clone(), Vec::new(), ()).execute("a", vec![1]).await;
    assert!(matches!(answer, Err(AggregateError::UnexpectedError(_))), "the control, a full pool: {answer:?}");

    let database = migrated().await;
    let store = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = city::engine(store.clone());
    let id = engine.receive(city::receive(1)).await.unwrap().complaint;
    let ours = through_postgres(&database).await;
    let both = [Arc::new(city::engine(Arc::new(ours))), Arc::new(city::engine(store.clone()))];
    let admin = PgPool::connect(&database.url()).await.unwrap();
    for code in ["40001", "40P01"] {
        sqlx::raw_sql(&failing("aduan.events", code)).execute(&admin).await.unwrap();
        for engine in &both {
            let answer = engine.handle(id, city::remark(2)).await;
            assert!(matches!(answer, Err(Error::Unavailable(_))), "{code}: {answer:?}");
        }
    }
    sqlx::raw_sql(&failing("aduan.events", "22023")).execute(&admin).await.unwrap();
    for engine in &both {
        let answer = engine.handle(id, city::remark(2)).await;
        assert!(matches!(answer, Err(Error::Corrupt(_))), "{answer:?}");
    }
    sqlx::raw_sql("DROP TRIGGER failing ON aduan.events").execute(&admin).await.unwrap();
    // One command waits for the ledger in vain, the others for its turn.
    let one = PostgresEsOptions { deadline: Duration::from_secs(2), connections: 2, ..PostgresEsOptions::default() };
    let hasty = city::engine(Arc::new(through_postgres_es(&database, one).await));
    let lock = Lock::take(&database, "SELECT FROM aduan.ledger FOR UPDATE").await;
    let (a, b, c) = tokio::join!(
        hasty.handle(id, city::remark(10)),
        hasty.handle(id, city::remark(11)),
        hasty.handle(id, city::remark(12)),
    );
    for answer in [a, b, c] {
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    }
    lock.release().await;
    assert_eq!(everything(&*store).await.len(), 1, "unavailable is not stored");
    assert!(!engine.handle(id, city::remark(2)).await.unwrap().repeated, "tried again, it is");
}

#[tokio::test]
async fn d17_the_bytes_that_are_hashed_are_the_bytes_that_are_stored() {
    let (_database, pool) = control().await;
    postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ()).execute("a", vec![1]).await.unwrap();
    let written = serde_json::to_string(&Happened::Added { amount: 1 }).unwrap();
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM events").fetch_one(&pool).await.unwrap();
    assert_eq!(stored, written.replace(':', ": "), "the control: through `jsonb`, though the column is `json`");

    let database = migrated().await;
    let store = through_postgres_es(&database, PostgresEsOptions::default()).await;
    let template = {
        let engine = city::engine(Arc::new(through_postgres(&database).await));
        engine.receive(city::receive(1)).await.unwrap();
        everything(&store).await.remove(0).record
    };
    // Spaces, an order of keys, a number and escapes that `jsonb` would each write in another way, or not take at all.
    let payload = "{ \"zz\":1.50,  \"a\" : \"\\u0000 \\/ \\u00e9 \u{1f64f}\", \"a\":1e2}";
    let (complaint, command) = (ComplaintId(Uuid::from_u128(9)), command(9));
    let prev = genesis(&ledger(), complaint);
    let metadata = template.metadata.replace(&template.command.to_string(), &command.to_string());
    let mut record = Record { complaint, command, payload: payload.into(), metadata, prev, ..template };
    record.hash = record.hash_in(&ledger());
    let records = vec![record.clone()];
    let part = AppendPart { complaint, expected: 0, records, boxes: Vec::new(), keys: Vec::new() };
    let appended = store.append(Append::new(command, vec![part])).await;
    assert_eq!(appended, Ok(Outcome::Appended { first: 2 }));
    assert_eq!(store.load(complaint, 0).await.unwrap().records, [record.clone()]);
    assert_eq!(everything(&store).await[1].record, record);
    let admin = connect(&database.url()).await.unwrap();
    let stored = admin.query_one("SELECT payload::text FROM aduan.events WHERE position = 2", &[]).await.unwrap();
    assert_eq!(stored.get::<_, &str>(0), payload);
}

/// A fresh database with the tables of postgres-es's documentation, and its pool.
async fn control() -> (Database, PgPool) {
    let database = Server::shared().expect("a server").database().await.expect("a database");
    let pool = default_postgress_pool(&database.url()).await;
    create_tables(&pool).await;
    (database, pool)
}

/// Makes every insert fail with a code of PostgreSQL's.
fn failing(table: &str, code: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION public.failing() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{code}'; END $$; \
         CREATE OR REPLACE TRIGGER failing BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION public.failing()"
    )
}

/// A query that cuts the connection of its replay when it is told the first event.
struct Cuts {
    admin: PgPool,
    told: Told,
}

#[async_trait]
impl Query<Tally> for Cuts {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Tally>]) {
        if self.told.events().is_empty() {
            let cut = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
                       WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";
            sqlx::query(cut).execute(&self.admin).await.expect("cut");
        }
        self.told.dispatch(id, events).await;
    }
}

/// A query that is reached, and never returns.
struct Gate {
    view: GenericQuery<PostgresViewRepository<Seen, Tally>, Seen, Tally>,
    reached: Notify,
}
struct Gated(Arc<Gate>);

#[async_trait]
impl Query<Tally> for Gated {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Tally>]) {
        self.0.reached.notify_one();
        std::future::pending::<()>().await;
        self.0.view.dispatch(id, events).await;
    }
}
