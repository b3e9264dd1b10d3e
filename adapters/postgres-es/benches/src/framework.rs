//! postgres-es: as its documentation says, or with as many connections as help it.

use std::sync::Arc;

use aduan::command::SealedRequest;
use aduan::complaint::Complaint;
use aduan::event::EVENT_VERSION;
use aduan::rules::Rules;
use aduan_measure::life::Life;
use aduan_testkit::postgres::Database;
use cqrs_es::DomainEvent as _;
use postgres_es::{PostgresCqrs, postgres_cqrs};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::clients::{Sent, send};
use crate::server::Server;

/// A framework on a database of its own, with a pool.
pub(crate) struct Framework {
    cqrs: Arc<PostgresCqrs<Complaint>>,
    _database: Database,
}

impl Framework {
    /// As the documentation says.
    pub(crate) async fn documented(server: &Server, rules: &Rules) -> Self {
        // What `default_postgress_pool` gives.
        let options = PgPoolOptions::new().max_connections(10);
        Framework::create(server, rules, options).await
    }

    /// With another number of connections, which are not asked whether they are alive each time they are used.
    pub(crate) async fn tuned(server: &Server, rules: &Rules, connections: usize) -> Self {
        let options = PgPoolOptions::new().max_connections(connections as u32).test_before_acquire(false);
        Framework::create(server, rules, options).await
    }

    async fn create(server: &Server, rules: &Rules, options: PgPoolOptions) -> Self {
        let database = server.theirs().await;
        let pool = open(&database.url(), options).await;
        Framework { cqrs: Arc::new(postgres_cqrs(pool, Vec::new(), rules.clone())), _database: database }
    }

    /// Loads, decides and commits, as its users do. What it is given is sealed already, which favours it.
    pub(crate) async fn execute(&self, clients: Vec<Vec<(String, SealedRequest)>>) -> Sent {
        let cqrs = Arc::clone(&self.cqrs);
        send(clients, move |(id, request)| {
            let cqrs = Arc::clone(&cqrs);
            async move {
                let executed = cqrs.execute(&id, request).await;
                assert!(executed.is_ok(), "every command here is new and lawful, but: {executed:?}");
            }
        })
        .await
    }
}

/// A pool with all its connections open, so that nobody pays for them in the first round that counts.
pub(crate) async fn open(url: &str, options: PgPoolOptions) -> PgPool {
    let connections = options.get_max_connections();
    let pool = options.connect(url).await.expect("the server has room for these connections");
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(pool.acquire().await.expect("the server has room for these connections"));
    }
    drop(open);
    pool
}

/// Puts what happened into its table, as its users would have.
pub(crate) async fn fill(database: &Database, lives: &[Life]) {
    let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
    let mut columns: (Vec<String>, Vec<i64>, Vec<String>, Vec<String>) = Default::default();
    for (life, (sequence, event)) in lives.iter().flat_map(|life| (1..).zip(life.events()).map(move |it| (life, it))) {
        columns.0.push(life.id.to_string());
        columns.1.push(sequence);
        columns.2.push(event.event_type());
        columns.3.push(serde_json::to_string(event).expect("our own types serialise"));
    }
    let filling = "INSERT INTO events SELECT 'complaint', id, sequence, type, $5, payload::json, '{}' \
                   FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS new (id, sequence, type, payload)";
    let (id, sequence, kind, payload) = columns;
    let filled = client.execute(filling, &[&id, &sequence, &kind, &payload, &EVENT_VERSION]).await;
    filled.expect("the rows are sound");
}
