//! postgres-es: as its documentation says, or with as many connections as help it.

use std::sync::Arc;

use aduan::complaint::Complaint;
use aduan::event::EVENT_VERSION;
use aduan::rules::Rules;
use aduan::sealed::{SealedBox, WrappedKey};
use aduan_measure::life::Life;
use aduan_testkit::postgres::Database;
use cqrs_es::DomainEvent as _;
use postgres_es::{PostgresCqrs, postgres_cqrs};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::clients::{Sent, send};
use crate::crop::Sealed;
use crate::server::Server;

/// A framework on a database of its own, with a pool.
pub(crate) struct Framework {
    cqrs: Arc<PostgresCqrs<Complaint>>,
    pool: PgPool,
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
        let cqrs = Arc::new(postgres_cqrs(pool.clone(), Vec::new(), rules.clone()));
        Framework { cqrs, pool, _database: database }
    }

    /// Loads, decides and commits, as its users do. What it is given is sealed already, which favours it; the texts
    /// are kept first, by the host, as it has no place for them.
    pub(crate) async fn execute(&self, clients: Vec<Vec<Sealed>>) -> Sent {
        let (cqrs, pool) = (Arc::clone(&self.cqrs), self.pool.clone());
        send(clients, move |Sealed { id, request, boxes, keys }| {
            let (cqrs, pool) = (Arc::clone(&cqrs), pool.clone());
            async move {
                keep(&pool, &id, &boxes, &keys).await;
                let executed = cqrs.execute(&id, request).await;
                assert!(executed.is_ok(), "every command here is new and lawful, but: {executed:?}");
            }
        })
        .await
    }
}

/// Keeps what belongs beside a command in one statement, which is its own transaction: the least that it can cost.
async fn keep(pool: &PgPool, id: &str, boxes: &[SealedBox], keys: &[WrappedKey]) {
    if boxes.is_empty() && keys.is_empty() {
        return;
    }
    let of_boxes = (boxes.iter().map(|sealed| sealed.digest.mark()), boxes.iter().map(|sealed| &sealed.bytes[..]));
    let of_keys = (keys.iter().map(|key| &key.commitment.0[..]), keys.iter().map(|key| &key.bytes[..]));
    let kept = sqlx::query(
        "WITH boxed AS (INSERT INTO boxes VALUES ($1, $2, $3)) \
         INSERT INTO keys SELECT $1, unnest($4::bytea[]), unnest($5::bytea[])",
    )
    .bind(id)
    .bind(of_boxes.0.collect::<Vec<_>>())
    .bind(of_boxes.1.collect::<Vec<_>>())
    .bind(of_keys.0.collect::<Vec<_>>())
    .bind(of_keys.1.collect::<Vec<_>>());
    kept.execute(pool).await.expect("the rows are sound");
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
