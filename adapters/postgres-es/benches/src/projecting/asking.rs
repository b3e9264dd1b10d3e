//! What it costs to ask: a page of a long queue, and figures of many complaints.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aduan::figures::{By, Cursor, QueueFilter, Scope, View};
use aduan::projection::VERSION;
use aduan::read::ReadStore;
use aduan::values::{AgencyCode, LedgerId, Moment, WIB};
use aduan_measure::life::ledger;
use aduan_measure::table::Row;
use aduan_postgres::{Postgres, PostgresOptions};
use aduan_testkit::postgres::Database;

use super::{SECTION, Town};
use crate::server::Server;

/// The same questions of few and of many complaints.
pub(super) async fn rows(server: &Server) -> Vec<Row> {
    let (few, many) = (Queue::of(server, FEW).await, Queue::of(server, MANY).await);
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for page in 0..PAGES {
        short.push(few.page(page).await);
        long.push(many.page(page).await);
    }
    let (short, long) = (nearly_all(short), nearly_all(long));
    let mut rows = vec![
        Row::alone(SECTION, "p99 of a page of 50, 10 k open complaints", "ms", &[1_000.0 * short]),
        Row::alone(SECTION, "p99 of a page of 50, 1 M open complaints", "ms", &[1_000.0 * long]),
        Row::alone(SECTION, "pages of the slowest hundredth that 5 ms hold, 1 M open", "pages", &[0.005 / long])
            .at_least(1.0),
        Row::alone(SECTION, "the p99 of 10 k, of that of 1 M", "share", &[short / long]).at_least(0.5),
    ];
    rows.extend(figures(server).await);
    rows
}

/// Everything a dashboard asks, of a tenth of a town and of all of it.
async fn figures(server: &Server) -> Vec<Row> {
    let mut took = Vec::new();
    for lives in [FEW_LIVES, 10 * FEW_LIVES] {
        let town = Town::fill(server, lives).await;
        town.rebuild().await;
        let view = View::live(Arc::clone(&town.reads)).await.expect("what was just built");
        let now = Moment::parse("2026-01-01T00:00:00+07:00", WIB).expect("a fixed time");
        let mut dashboards = Vec::new();
        for round in 0..DASHBOARDS {
            let start = Instant::now();
            view.sla(&Scope::default(), Some(By::Agency), now).await.expect("figures");
            view.trend(&Scope::default(), Some(By::Month), now).await.expect("figures");
            view.satisfaction(&Scope::default(), Some(By::Channel), 5).await.expect("figures");
            view.routing(&Scope::default(), Some(By::Agency)).await.expect("figures");
            if round > 0 {
                dashboards.push(start.elapsed());
            }
        }
        dashboards.sort();
        took.push(dashboards[dashboards.len() / 2].as_secs_f64());
    }
    vec![
        Row::alone(SECTION, "a dashboard of four figures, 2 k complaints", "ms", &[1_000.0 * took[0]]),
        Row::alone(SECTION, "the same, 20 k complaints", "ms", &[1_000.0 * took[1]]),
        Row::alone(SECTION, "the first of the second: counters, not scans", "share", &[took[0] / took[1]])
            .at_least(0.5),
    ]
}

/// A queue of so many open complaints, in a database of its own.
struct Queue {
    view: View,
    open: u64,
    _database: Database,
}

impl Queue {
    async fn of(server: &Server, open: u64) -> Self {
        let database = server.ours().await;
        let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await;
        let postgres = postgres.expect("a migrated database");
        let ledger: LedgerId = ledger();
        postgres.add(&ledger).await.expect("a database without ledgers takes one");
        let reads: Arc<dyn ReadStore> = Arc::new(postgres.read_store(&ledger).await.expect("tables to read"));
        let build = reads.begin(VERSION).await.expect("a build").number;
        let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
        let table = format!("aduan_read.queue_{VERSION}");
        client
            .execute(&ROWS.replace("TABLE", &table), &[&ledger.as_str(), &(build as i32), &(open as i64)])
            .await
            .expect("rows that fit");
        client.batch_execute("VACUUM ANALYZE").await.expect("it is ours");
        reads.switch(build).await.expect("a build");
        let view = View::live(reads).await.expect("what was just switched to");
        Queue { view, open, _database: database }
    }

    /// A page somewhere in the queue of somebody, or of everybody.
    async fn page(&self, number: u64) -> Duration {
        let agency = AgencyCode::new(&format!("agency-{:02}", number % 14)).expect("a fixed name");
        let filter = match number % 3 {
            0 => QueueFilter::default(),
            1 => QueueFilter { agency: Some(agency), ..QueueFilter::default() },
            _ => QueueFilter { stage: Some(aduan::complaint::Stage::Verified), ..QueueFilter::default() },
        };
        // As the rows below are due: one a second, in no order.
        let seconds = number * 7_919 % self.open;
        let cursor = format!("{}_00000000-0000-0000-0000-000000000000", (1_735_689_600 + seconds as i64) * 1_000_000);
        let after: Option<Cursor> = if number.is_multiple_of(2) { None } else { cursor.parse().ok() };
        let start = Instant::now();
        let page = self.view.queue(&filter, after, 50).await.expect("a page");
        std::hint::black_box(page);
        start.elapsed()
    }
}

/// What 99 in 100 do not exceed, in seconds.
fn nearly_all(mut took: Vec<Duration>) -> f64 {
    took.sort();
    took[took.len() * 99 / 100].as_secs_f64()
}

const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;
const PAGES: u64 = 3_000;
const FEW_LIVES: u64 = 2_000;
const DASHBOARDS: usize = 30;

const ROWS: &str = "INSERT INTO TABLE (ledger, build, complaint, tracking_number, agency, officer, stage, class, \
    category, priority, channel, area, received_at, held_since, cycle, level, question, next_clock, next_due, \
    monitored_from, visibility, secret) \
    SELECT $1, $2, md5(n::text)::uuid, 'T' || n, 'agency-' || lpad((n * 31 % 14)::text, 2, '0'), \
        'officer-' || n * 17 % 400, (ARRAY['received', 'verified', 'dispositioned', 'in_progress', 'responded'])[1 + n * 13 % 5], \
        'complaint', 'jalan-rusak', 'normal', 'whatsapp', '', to_timestamp(1735000000 + n % 600000), \
        to_timestamp(1735000000 + n % 600000), 1, 0, 0, 'statutory', \
        to_timestamp(1735689600 + n * 7907 % $3), '9999-12-31 23:59:59Z', 'public', 0 \
    FROM generate_series(1::bigint, $3) AS n";
