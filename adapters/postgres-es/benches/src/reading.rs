//! Reading: histories of complaints, and the whole log in order, every event into its type.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aduan::complaint::Complaint;
use aduan::record::genesis;
use aduan::rules::Rules;
use aduan::store::{Ledger as _, Log as _};
use aduan::values::ComplaintId;
use aduan_measure::life::{Life, ledger};
use aduan_measure::table::{Row, Target};
use aduan_postgres::{Postgres, PostgresOptions, PostgresStore};
use aduan_testkit::postgres::Database;
use cqrs_es::EventStore as _;
use cqrs_es::persist::{PersistedEventRepository as _, PersistedEventStore};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::clients::send;
use crate::raw::Raw;
use crate::server::Server;
use crate::{framework, processor};

/// The same events in our table and in that of postgres-es, read by both in turn.
pub(crate) async fn section(rounds: usize, server: &Server) -> Vec<Row> {
    let town = Town::fill(server).await;
    let mut measured: [Series; SIDES] = Default::default();
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..SIDES).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for side in order {
            let (start, cpu) = (Instant::now(), processor::time());
            let events = town.read(side).await;
            let (took, cpu) = (start.elapsed(), processor::time() - cpu);
            if round > 0 {
                measured[side].add(events, took, cpu);
            }
        }
    }
    let row = |what: &str, ours: usize, theirs: usize| {
        let speeds = (measured[ours].speeds.as_slice(), measured[theirs].speeds.as_slice());
        Row::speeds(SECTION, what, "events/s", speeds, Target::None)
    };
    let per_core = |what: &str, side: usize| Row::alone(SECTION, what, "events/s", &measured[side].per_core);
    vec![
        row("64 histories of 200 events, typed : load_events of postgres-es", HISTORIES, THEIR_HISTORIES),
        row("the same with every link and hash checked : load_events", CHECKED, THEIR_HISTORIES),
        row("the whole log in order, typed : stream_all_events (no order)", LOG, THEIR_LOG),
        per_core("the whole log in order, typed: a core of ours", LOG).at_least(300_000.0),
        per_core("the same as records, untyped: a core of ours", PAGES),
        per_core("stream_all_events, typed: a core of postgres-es", THEIR_LOG),
    ]
}

/// What was recorded of a town, twice.
struct Town {
    long: Vec<ComplaintId>,
    store: Arc<PostgresStore>,
    pool: PgPool,
    _databases: [Database; 2],
}

impl Town {
    async fn fill(server: &Server) -> Self {
        let rules = Rules::mojokerto();
        let mut ours = Raw::create(server, true).await;
        let theirs = server.theirs().await;
        let long: Vec<Life> = (0..LONG).map(|number| Life::imported(&rules, number, 2, 100)).collect();
        let mut fill = async |lives: &[Life]| {
            let appends: Vec<_> = lives.iter().flat_map(|life| &life.asked).map(|asked| asked.append()).collect();
            ours.copy(&appends).await;
            framework::fill(&theirs, lives).await;
        };
        fill(&long).await;
        for from in (LONG..LONG + SHORT).step_by(AT_A_TIME) {
            fill(&Life::many(&rules, from..from + AT_A_TIME as u64)).await;
        }
        let long = long.into_iter().map(|life| life.id).collect();
        let ours = ours.into_database();
        // What a server does by itself after a while.
        for database in [&ours, &theirs] {
            let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
            client.batch_execute("VACUUM ANALYZE").await.expect("it is ours");
        }
        let options = PostgresOptions::default();
        let postgres = Postgres::connect(&ours.url_as("aduan_app"), options).await.expect("a migrated database");
        let store = Arc::new(postgres.open_read_only(&ledger()).await.expect("a ledger that was filled"));
        let pool = framework::open(&theirs.url(), PgPoolOptions::new().max_connections(10)).await;
        Town { long, store, pool, _databases: [ours, theirs] }
    }

    /// How many events it read.
    async fn read(&self, side: usize) -> usize {
        match side {
            HISTORIES => self.histories(false).await,
            CHECKED => self.histories(true).await,
            THEIR_HISTORIES => self.their_histories().await,
            LOG => self.log(true).await,
            PAGES => self.log(false).await,
            _ => self.their_log().await,
        }
    }

    async fn histories(&self, is_checked: bool) -> usize {
        let store = Arc::clone(&self.store);
        let clients = self.long.iter().map(|id| vec![*id]).collect();
        send(clients, move |id| {
            let store = Arc::clone(&store);
            async move {
                let loaded = store.load(id, 0).await.expect("a sound history");
                let mut head = genesis(store.id(), id);
                for (sequence, record) in (1..).zip(&loaded.records) {
                    if is_checked {
                        record.check_link(store.id(), sequence, head).expect("the chain holds");
                        head = record.hash;
                    }
                    std::hint::black_box(record.event().expect("a sound record"));
                }
                assert_eq!(loaded.records.len(), LENGTH, "the whole history");
            }
        })
        .await;
        self.long.len() * LENGTH
    }

    async fn their_histories(&self) -> usize {
        let repository = PostgresEventRepository::new(self.pool.clone());
        let store = Arc::new(PersistedEventStore::<_, Complaint>::new_event_store(repository));
        let clients = self.long.iter().map(|id| vec![id.to_string()]).collect();
        send(clients, move |id| {
            let store = Arc::clone(&store);
            async move {
                let events = store.load_events(&id).await.expect("a sound history");
                assert_eq!(std::hint::black_box(events).len(), LENGTH, "the whole history");
            }
        })
        .await;
        self.long.len() * LENGTH
    }

    async fn log(&self, is_typed: bool) -> usize {
        let mut read = 0;
        loop {
            let page = self.store.after(read as u64, PAGE).await.expect("a sound log");
            for entry in page.entries.iter().filter(|_| is_typed) {
                std::hint::black_box(entry.record.event().expect("a sound record"));
            }
            read += page.entries.len();
            if page.at_head {
                return read;
            }
        }
    }

    async fn their_log(&self) -> usize {
        let repository = PostgresEventRepository::new(self.pool.clone());
        let mut stream = repository.stream_all_events::<Complaint>().await.expect("a sound table");
        let mut read = 0;
        while let Some(event) = stream.next::<Complaint>(&[]).await {
            std::hint::black_box(event.expect("a sound event"));
            read += 1;
        }
        read
    }
}

#[derive(Default)]
struct Series {
    /// Events a second.
    speeds: Vec<f64>,
    /// Events a second of one core of this process; the server's are not counted.
    per_core: Vec<f64>,
}

impl Series {
    fn add(&mut self, events: usize, took: Duration, cpu: Duration) {
        self.speeds.push(events as f64 / took.as_secs_f64());
        self.per_core.push(events as f64 / cpu.as_secs_f64());
    }
}

const SECTION: &str = "postgres: reading, typed";
/// As the engine follows the log.
const PAGE: usize = 2_048;
/// Complaints with long histories, and of how many events.
const LONG: u64 = 64;
const LENGTH: usize = 200;
/// Complaints with the usual ten events.
const SHORT: u64 = 8_500;
const AT_A_TIME: usize = 500;

const SIDES: usize = 6;
const HISTORIES: usize = 0;
const CHECKED: usize = 1;
const THEIR_HISTORIES: usize = 2;
const LOG: usize = 3;
const THEIR_LOG: usize = 4;
const PAGES: usize = 5;
