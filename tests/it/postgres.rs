//! The store on PostgreSQL: what every store promises, and what only this one does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aduan::values::LedgerId;
use aduan_postgres::{Postgres, PostgresOptions, PostgresStore, migrate};
use aduan_testkit::conformance;
use aduan_testkit::postgres::{Database, Server};

/// A database with our tables.
pub(crate) async fn database() -> Database {
    let setup = async |url: String| migrate(&url, &PostgresOptions::default()).await.map(drop);
    Server::shared().unwrap().database_with(&aduan_postgres::layout(), setup).await.unwrap()
}

/// The database as the application sees it.
pub(crate) async fn connect(database: &Database) -> Postgres {
    Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap()
}

/// Another ledger at every call.
pub(crate) fn another_ledger() -> LedgerId {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    LedgerId::new(&format!("city-{}", COUNT.fetch_add(1, Ordering::Relaxed))).unwrap()
}

async fn fresh(postgres: &Postgres) -> Arc<PostgresStore> {
    Arc::new(postgres.create(&another_ledger()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_of_a_store() {
    let database = database().await;
    let postgres = connect(&database).await;
    conformance::all(|| fresh(&postgres)).await;
}
