//! Read models: built anew, asked, and taken along beside writers.

mod asking;
mod beside;
mod long;
mod theirs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aduan::projector::Projector;
use aduan::read::ReadStore;
use aduan::rules::Rules;
use aduan::store::{Append, Log as _};
use aduan_measure::life::{Life, ledger};
use aduan_measure::table::{Row, Target};
use aduan_postgres::{Postgres, PostgresOptions, PostgresStore};
use aduan_testkit::postgres::Database;

use self::theirs::Theirs;
use crate::raw::Raw;
use crate::server::Server;

/// A rebuild of every read model, beside reading alone and beside a view of cqrs-es.
pub(crate) async fn section(rounds: usize, server: &Server) -> Vec<Row> {
    let town = Town::fill(server, LIVES).await;
    let theirs = Theirs::fill(server).await;
    let mut measured: [Vec<f64>; 3] = Default::default();
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..measured.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            let (events, took) = match side {
                REBUILD => town.rebuild().await,
                READ => town.read().await,
                _ => theirs.replay().await,
            };
            if round > 0 {
                measured[side].push(events as f64 / took.as_secs_f64());
            }
        }
    }
    let row = |what: &str, baseline: usize, target: Target| {
        Row::speeds(SECTION, what, "events/s", (&measured[REBUILD], &measured[baseline]), target)
    };
    let mut rows = vec![
        row("all read models built anew : one view of GenericQuery, by QueryReplay", THEIRS, Target::Times(40.0)),
        row("all read models built anew : the whole log in order, typed", READ, Target::Share(0.6)),
    ];
    rows.extend(beside::rows(rounds, server).await);
    rows.extend(asking::rows(server).await);
    rows.extend(long::rows(server).await);
    rows
}

/// A ledger of lives that go on side by side, and its read models.
struct Town {
    store: Arc<PostgresStore>,
    reads: Arc<dyn ReadStore>,
    projector: Projector,
    _database: Database,
}

impl Town {
    async fn fill(server: &Server, lives: u64) -> Self {
        let rules = Rules::mojokerto();
        let mut raw = Raw::create(server, true).await;
        for from in (0..lives).step_by(AT_A_TIME as usize) {
            raw.copy(&side_by_side(&Life::many(&rules, from..from + AT_A_TIME))).await;
        }
        let database = raw.into_database();
        // What a server does by itself after a while.
        let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
        client.batch_execute("VACUUM ANALYZE").await.expect("it is ours");
        let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await;
        let postgres = postgres.expect("a migrated database");
        let store = Arc::new(postgres.open_read_only(&ledger()).await.expect("a ledger that was filled"));
        let reads: Arc<dyn ReadStore> = Arc::new(postgres.read_store(&ledger()).await.expect("tables to read"));
        let projector = Projector::new(store.clone(), Arc::clone(&reads), Arc::new(rules));
        Town { store, reads, projector, _database: database }
    }

    /// Builds everything from nothing.
    async fn rebuild(&self) -> (u64, Duration) {
        for build in self.reads.builds().await.expect("the database is there") {
            self.reads.discard(build.number).await.expect("a build to take away");
        }
        let start = Instant::now();
        let mut leading = self.projector.lead().await.expect("nobody else leads");
        let progress = leading.catch_up(&mut |_| {}).await.expect("a sound log");
        (progress.position, start.elapsed())
    }

    /// Reads every event into its type.
    async fn read(&self) -> (u64, Duration) {
        let start = Instant::now();
        let mut position = 0;
        loop {
            let page = self.store.after(position, PAGE).await.expect("a sound log");
            for entry in &page.entries {
                std::hint::black_box(entry.record.event().expect("a sound record"));
            }
            position = page.end;
            if page.at_head {
                return (position, start.elapsed());
            }
        }
    }
}

/// Commands as they come in a city: many complaints at once, each in its order.
fn side_by_side(lives: &[Life]) -> Vec<Append> {
    let longest = lives.iter().map(|life| life.asked.len()).max().unwrap_or(0);
    let nth = |place: usize| lives.iter().filter_map(move |life| life.asked.get(place));
    (0..longest).flat_map(nth).map(|asked| asked.append()).collect()
}

const SECTION: &str = "postgres: read models";
const LIVES: u64 = 20_000;
const AT_A_TIME: u64 = 500;
/// As the projector reads.
const PAGE: usize = 12_288;

const REBUILD: usize = 0;
const READ: usize = 1;
const THEIRS: usize = 2;
