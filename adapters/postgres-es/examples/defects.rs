//! What the published crates do: one line for each defect that no test of ours shows beside our own way.
//!
//! The numbers are those of README.md, which holds the output of a run.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "these are the controls")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aduan_testkit::postgres::{Database, Server};
use async_trait::async_trait;
use cqrs_es::mem_store::MemStore;
use cqrs_es::persist::{GenericQuery, PersistedEventStore, QueryReplay};
use cqrs_es::{AggregateError, EventEnvelope, EventStore as _, Query};
use postgres_es::{PostgresEventRepository, PostgresViewRepository, default_postgress_pool, postgres_cqrs};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use tally::{Happened, Seen, Tally, Told, create_tables, stored};

#[path = "../tests/it/tally.rs"]
mod tally;

type Failure = Box<dyn std::error::Error>;
type View = PostgresViewRepository<Seen, Tally>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    d2().await?;
    d4().await?;
    d6().await?;
    d7().await?;
    d9().await?;
    d10().await?;
    d12().await?;
    d13().await?;
    d16().await?;
    d17().await
}

async fn d2() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    let store = PersistedEventStore::<_, Tally>::new_snapshot_store(PostgresEventRepository::new(pool), 4);
    let events = (1..=6).map(|amount| Happened::Added { amount }).collect();
    let context = store.load_aggregate("a").await?;
    store.commit(events, context, HashMap::new()).await?;
    let sum = store.load_aggregate("a").await?.aggregate.sum;
    println!("D2: one commit of 1 + 2 + … + 6 over a snapshot of 4 loads as {sum}, not 21");
    Ok(())
}

async fn d4() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    let store = PersistedEventStore::<_, Tally>::new_aggregate_store(PostgresEventRepository::new(pool.clone()));
    let add = async || {
        let context = store.load_aggregate("a").await?;
        store.commit(vec![Happened::Added { amount: 1 }], context, HashMap::new()).await
    };
    add().await?;
    sqlx::raw_sql("UPDATE snapshots SET payload = '{\"another\": \"shape\"}'").execute(&pool).await?;
    for _ in 0..5 {
        add().await?;
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM snapshots").fetch_one(&pool).await?;
    sqlx::raw_sql("DELETE FROM snapshots").execute(&pool).await?;
    let mut conflicts = 0;
    for _ in 0..5 {
        conflicts += usize::from(matches!(add().await, Err(AggregateError::AggregateConflict)));
    }
    println!(
        "D4: with a snapshot that cannot be decoded, 5 commands leave {rows} snapshots of one aggregate; with all of them \
         deleted, {conflicts} of 5 commands conflict, each loaded anew"
    );
    Ok(())
}

async fn d6() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    add(&pool, "a", 2).await?;
    sqlx::raw_sql("UPDATE events SET payload = '{\"another\": \"shape\"}' WHERE sequence = 1").execute(&pool).await?;
    let told = Told::default();
    let replayed = QueryReplay::<_, _, Tally>::new(PostgresEventRepository::new(pool), told.clone()).replay_all().await;
    println!(
        "D6: a replay over an event that cannot be decoded saw {} of 2, and said {replayed:?}",
        told.events().len()
    );
    Ok(())
}

async fn d7() -> Result<(), Failure> {
    let mut seen = Vec::new();
    for aggregates in [1, 8] {
        let (_database, pool) = database().await?;
        let framework = Arc::new(postgres_cqrs::<Tally>(pool.clone(), vec![Box::new(Shared(view(&pool)))], ()));
        let mut tasks = Vec::new();
        for writer in 0..8 {
            let framework = framework.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..50 {
                    let id = format!("{}", writer % aggregates);
                    while framework.execute(&id, vec![1]).await.is_err() {}
                }
            }));
        }
        for task in tasks {
            task.await?;
        }
        let count = stored(&pool).await;
        seen.push((count, view(&pool).load("all").await.unwrap_or_default().events));
    }
    let [(one, of_one), (eight, of_eight)] = seen[..] else { return Err("two runs".into()) };
    println!(
        "D7: 8 writers, {one} commands Ok on one aggregate: its view has {of_one}; {eight} on 8 aggregates with one view \
         between them: it has {of_eight} (another number each run)"
    );
    Ok(())
}

async fn d9() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    add(&pool, "a", 10).await?;
    let replay = QueryReplay::<_, _, Tally>::new(PostgresEventRepository::new(pool.clone()), view(&pool));
    replay.replay_all().await?;
    let once = view(&pool).load("a").await.unwrap_or_default().events;
    replay.replay_all().await?;
    let twice = view(&pool).load("a").await.unwrap_or_default().events;
    println!("D9: after one replay of 10 events the view has {once}, after two {twice}");
    Ok(())
}

async fn d10() -> Result<(), Failure> {
    let (database, pool) = database().await?;
    add(&pool, "a", 405).await?;
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(5));
    let one = one.connect(&database.url()).await?;
    let replay = QueryReplay::<_, _, Tally>::new(PostgresEventRepository::new(one.clone()), view(&one));
    let replayed = replay.replay_all().await;
    let seen = view(&pool).load("a").await.unwrap_or_default().events;
    println!("D10: a replay that shares a pool of one with its view brought {seen} of 405, and said {replayed:?}");
    Ok(())
}

async fn d12() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    let asked = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'events' ORDER BY ordinal_position";
    let columns: Vec<String> = sqlx::query_scalar(asked).fetch_all(&pool).await?;
    println!("D12: an event has {}: no recorded time, no id, no position", columns.join(", "));
    Ok(())
}

async fn d13() -> Result<(), Failure> {
    let store = MemStore::<Tally>::default();
    let (first, second) = (store.load_aggregate("a").await?, store.load_aggregate("a").await?);
    for context in [first, second] {
        store.commit(vec![Happened::Added { amount: 1 }], context, HashMap::new()).await?;
    }
    let sequences: Vec<usize> = store.load_events("a").await?.iter().map(|event| event.sequence).collect();
    println!(
        "D13: two writers that both loaded version 0 of a MemStore are both Ok, stored as {sequences:?}; it prints on every call, as above"
    );
    Ok(())
}

async fn d16() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    let framework = postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    let add = || framework.execute("a", vec![1]);
    let (a, b, c, d) = tokio::join!(add(), add(), add(), add());
    let said: [Result<(), AggregateError<_>>; 4] = [a, b, c, d];
    let lost = said.iter().filter(|answer| answer.is_err()).count();
    println!(
        "D16: of 4 commands at once, {lost} conflict and nobody tries again; the others say () and not what they stored (another number each run)"
    );
    Ok(())
}

async fn d17() -> Result<(), Failure> {
    let (_database, pool) = database().await?;
    add(&pool, "a", 1).await?;
    let written = serde_json::to_string(&Happened::Added { amount: 1 })?;
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM events").fetch_one(&pool).await?;
    println!("D17: {written} is stored as {stored}: through jsonb, in a column of json");
    Ok(())
}

/// A fresh database with the documented tables, and the documented pool.
async fn database() -> Result<(Database, PgPool), Failure> {
    let database = Server::shared()?.database().await?;
    let pool = default_postgress_pool(&database.url()).await;
    create_tables(&pool).await;
    Ok((database, pool))
}

async fn add(pool: &PgPool, id: &str, count: u64) -> Result<(), Failure> {
    let framework = postgres_cqrs::<Tally>(pool.clone(), Vec::new(), ());
    for _ in 0..count {
        framework.execute(id, vec![1]).await?;
    }
    Ok(())
}

fn view(pool: &PgPool) -> GenericQuery<View, Seen, Tally> {
    GenericQuery::new(Arc::new(PostgresViewRepository::new("seen", pool.clone())))
}

/// One view of all aggregates.
struct Shared(GenericQuery<View, Seen, Tally>);

#[async_trait]
impl Query<Tally> for Shared {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<Tally>]) {
        self.0.dispatch("all", events).await;
    }
}
