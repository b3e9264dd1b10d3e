//! A view of cqrs-es, as its documentation has it: one document a complaint, replayed through `GenericQuery`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aduan::clock::Clock;
use aduan::complaint::{Complaint, Stage};
use aduan::event::Fact;
use aduan::rules::Rules;
use aduan::values::AgencyCode;
use aduan_measure::life::Life;
use aduan_testkit::postgres::Database;
use cqrs_es::persist::{GenericQuery, QueryReplay};
use cqrs_es::{EventEnvelope, View};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::framework;
use crate::server::Server;

/// Its events and its view.
pub(super) struct Theirs {
    pool: PgPool,
    events: u64,
    _database: Database,
}

/// A row of a queue, and no more: less than what ours keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Shown {
    stage: Stage,
    holder: Option<AgencyCode>,
    clocks: Vec<Clock>,
}

impl View<Complaint> for Shown {
    fn update(&mut self, event: &EventEnvelope<Complaint>) {
        match &event.payload.fact {
            Fact::Received(_) => self.stage = Stage::Received,
            Fact::Verified { .. } | Fact::Returned { .. } => self.stage = Stage::Verified,
            Fact::Dispositioned { to, .. } => {
                self.stage = Stage::Dispositioned;
                self.holder = Some(to.clone());
            }
            Fact::Responded { .. } => self.stage = Stage::Responded,
            Fact::Closed { .. } => self.stage = Stage::Closed,
            _ => {}
        }
        for clock in event.payload.fact.clocks() {
            self.clocks.retain(|known| known.kind != clock.kind);
            self.clocks.push(clock.clone());
        }
    }
}

impl Theirs {
    pub(super) async fn fill(server: &Server) -> Self {
        let database = server.theirs().await;
        let lives = Life::many(&Rules::mojokerto(), 0..LIVES);
        framework::fill(&database, &lives).await;
        let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
        client.batch_execute(VIEW).await.expect("an empty database takes the table");
        client.batch_execute("VACUUM ANALYZE").await.expect("it is ours");
        let pool = framework::open(&database.url(), PgPoolOptions::new().max_connections(10)).await;
        let events = lives.iter().map(|life| life.events().count() as u64).sum();
        Theirs { pool, events, _database: database }
    }

    /// Replays every event into an empty view.
    pub(super) async fn replay(&self) -> (u64, Duration) {
        sqlx::query("TRUNCATE queue_view").execute(&self.pool).await.expect("the table is there");
        let views = Arc::new(PostgresViewRepository::<Shown, Complaint>::new("queue_view", self.pool.clone()));
        let mut query = GenericQuery::new(views);
        query.use_error_handler(Box::new(|error| panic!("{error}")));
        let events = PostgresEventRepository::new(self.pool.clone());
        let replay: QueryReplay<_, _, Complaint> = QueryReplay::new(events, query);
        let start = Instant::now();
        replay.replay_all().await.expect("a sound table");
        (self.events, start.elapsed())
    }
}

const LIVES: u64 = 200;

/// As in the documentation of postgres-es.
const VIEW: &str = "CREATE TABLE queue_view
(
    view_id text                        NOT NULL,
    version bigint CHECK (version >= 0) NOT NULL,
    payload json                        NOT NULL,
    PRIMARY KEY (view_id)
)";
