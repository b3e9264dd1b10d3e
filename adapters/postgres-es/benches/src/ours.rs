//! Our store on PostgreSQL, by itself and under the whole engine.

use std::sync::Arc;

use aduan::command::ClearRequest;
use aduan::engine::Engine;
use aduan::rules::Rules;
use aduan::store::{Append, Ledger as _, Outcome};
use aduan::values::ComplaintId;
use aduan_measure::life::{OUTER_KEY, ledger};
use aduan_memory::MemoryVault;
use aduan_postgres::{Postgres, PostgresOptions, PostgresStore};
use aduan_testkit::postgres::Database;
use tokio_postgres::Client;

use crate::clients::{Sent, send};
use crate::server::Server;

/// A ledger in a database of its own.
pub(crate) struct Ours {
    pub(crate) store: Arc<PostgresStore>,
    /// Looks on, as the owner of the database.
    watcher: Client,
    _database: Database,
}

impl Ours {
    pub(crate) async fn create(server: &Server) -> Self {
        let database = server.ours().await;
        let options = PostgresOptions::default();
        let postgres = Postgres::connect(&database.url_as("aduan_app"), options).await.expect("a migrated database");
        let store = Arc::new(postgres.create(&ledger()).await.expect("a database without ledgers takes one"));
        let watcher = aduan_testkit::postgres::connect(&database.url()).await.expect("the database is there");
        Ours { store, watcher, _database: database }
    }

    /// Appends what was decided before: the store and nothing else.
    pub(crate) async fn append(&self, clients: Vec<Vec<Append>>) -> Sent {
        let store = Arc::clone(&self.store);
        send(clients, move |append| {
            let store = Arc::clone(&store);
            async move {
                let outcome = store.append(append).await;
                assert!(matches!(outcome, Ok(Outcome::Appended { .. })), "not appended: {outcome:?}");
            }
        })
        .await
    }

    /// How many transactions wrote the last `events`.
    pub(crate) async fn transactions(&self, events: usize) -> usize {
        let asked = "SELECT count(DISTINCT xmin::text) FROM aduan.events \
                     WHERE position > (SELECT position FROM aduan.ledger) - $1";
        let row = self.watcher.query_one(asked, &[&(events as i64)]).await.expect("the table is there");
        row.get::<_, i64>(0) as usize
    }
}

/// The same under the whole engine: sealed, decided, written and hashed on the way.
pub(crate) struct Whole {
    engine: Arc<Engine>,
    _ours: Ours,
}

impl Whole {
    pub(crate) async fn create(server: &Server, rules: &Rules) -> Self {
        let ours = Ours::create(server).await;
        let vault = Arc::new(MemoryVault::new(OUTER_KEY));
        let engine = Arc::new(Engine::new(ours.store.clone(), vault, rules.clone()));
        Whole { engine, _ours: ours }
    }

    pub(crate) async fn handle(&self, clients: Vec<Vec<(ComplaintId, ClearRequest)>>) -> Sent {
        let engine = Arc::clone(&self.engine);
        send(clients, move |(id, request)| {
            let engine = Arc::clone(&engine);
            async move {
                let receipt = engine.handle(id, request).await;
                let is_new = receipt.as_ref().is_ok_and(|receipt| !receipt.repeated);
                assert!(is_new, "every command here is new and lawful, but: {receipt:?}");
            }
        })
        .await
    }
}
