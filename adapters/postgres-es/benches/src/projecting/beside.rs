//! Whether the read models keep up with an office that writes.

use std::sync::Arc;
use std::time::Instant;

use aduan::engine::Engine;
use aduan::projector::Projector;
use aduan::rules::Rules;
use aduan::store::Log as _;
use aduan_measure::life::{Life, OUTER_KEY, ledger};
use aduan_measure::table::Row;
use aduan_memory::MemoryVault;
use aduan_postgres::{Postgres, PostgresOptions};

use super::SECTION;
use crate::clients::send;
use crate::server::Server;

/// 64 clients through the whole engine, with a projector that follows them: how much of the time was left to catch up
/// when the last of them had its answer.
pub(super) async fn rows(rounds: usize, server: &Server) -> Vec<Row> {
    let rules = Rules::mojokerto();
    let (mut speeds, mut left) = (Vec::new(), Vec::new());
    for round in 0..=rounds.min(MOST_ROUNDS) {
        let database = server.ours().await;
        let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await;
        let postgres = postgres.expect("a migrated database");
        let store = Arc::new(postgres.create(&ledger()).await.expect("a database without ledgers takes one"));
        let reads = Arc::new(postgres.read_store(&ledger()).await.expect("tables to read"));
        let engine = Arc::new(Engine::new(store.clone(), Arc::new(MemoryVault::new(OUTER_KEY)), rules.clone()));
        let projector = Arc::new(Projector::new(store.clone(), reads, engine.rules()));
        let following = tokio::spawn({
            let projector = Arc::clone(&projector);
            async move { projector.lead().await.expect("nobody else leads").follow().await }
        });
        let lives = Life::many(&rules, 0..LIVES);
        let mut clients: Vec<Vec<_>> = vec![Vec::new(); CLIENTS];
        for (number, life) in lives.into_iter().enumerate() {
            let id = life.id;
            clients[number % CLIENTS].extend(life.asked.into_iter().map(|asked| (id, asked.clear)));
        }
        let start = Instant::now();
        let asked = Arc::clone(&engine);
        send(clients, move |(id, request)| {
            let engine = Arc::clone(&asked);
            async move { drop(engine.handle(id, request).await.expect("every command here is new and lawful")) }
        })
        .await;
        let wrote = start.elapsed();
        let head = store.head().await.expect("the database is there").position;
        projector.wait_for(head).await;
        let all = start.elapsed();
        following.abort();
        if round > 0 {
            speeds.push(head as f64 / wrote.as_secs_f64());
            left.push(wrote.as_secs_f64() / all.as_secs_f64());
        }
    }
    vec![
        Row::alone(SECTION, "64 clients with a projector beside them", "events/s", &speeds),
        Row::alone(SECTION, "time they wrote, of the time until the read models had it all", "share", &left)
            .at_least(0.9),
    ]
}

const CLIENTS: usize = 64;
const LIVES: u64 = 1_920;
const MOST_ROUNDS: usize = 5;
