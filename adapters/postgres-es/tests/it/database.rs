//! Databases with our tables and the view.

use std::time::Duration;

use aduan::values::{Digest, LedgerId};
use aduan_postgres::{Postgres, PostgresOptions};
use aduan_postgres_es::{PostgresEsOptions, PostgresEsStore};
use aduan_testkit::postgres::{Database, Server, connect};

pub(crate) fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").expect("a fixed name")
}

/// A fresh database with the tables of one adapter and the view of the other.
pub(crate) async fn migrated() -> Database {
    let view = [
        include_str!("../../sql/record_hash.sql"),
        include_str!("../../sql/log_hash.sql"),
        include_str!("../../sql/postgres_es_events.sql"),
        include_str!("../../sql/postgres_es_insert.sql"),
    ];
    let view = Digest::of(view.concat().as_bytes()).to_string();
    let version = format!("es_{}_{}", aduan_postgres::layout(), &view[..16]);
    let set_up = |url: String| async move {
        aduan_postgres::migrate(&url, &PostgresOptions::default()).await.map_err(|error| error.to_string())?;
        aduan_postgres_es::migrate(&url).await.map_err(|error| error.to_string())
    };
    Server::shared().expect("a server").database_with(&version, set_up).await.expect("a database")
}

/// The ledger in it, through postgres-es, as the application.
pub(crate) async fn through_postgres_es(database: &Database, options: PostgresEsOptions) -> PostgresEsStore {
    let url = database.url_as("aduan_app");
    PostgresEsStore::create(&url, &ledger(), options).await.expect("a store")
}

/// The ledger in it, through our own adapter.
pub(crate) async fn through_postgres(database: &Database) -> aduan_postgres::PostgresStore {
    let connected = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await;
    connected.expect("a connection").create(&ledger()).await.expect("a store")
}

/// Gives up soon, where a test blocks it for good.
pub(crate) fn impatient() -> PostgresEsOptions {
    PostgresEsOptions { deadline: Duration::from_millis(200), ..PostgresEsOptions::default() }
}

/// Something that stores need, held by somebody else.
pub(crate) struct Lock {
    holder: tokio_postgres::Client,
    admin: tokio_postgres::Client,
}

impl Lock {
    pub(crate) async fn take(database: &Database, statement: &str) -> Self {
        let holder = connect(&database.url()).await.expect("a connection");
        let admin = connect(&database.url()).await.expect("a connection");
        holder.batch_execute(&format!("BEGIN; {statement}")).await.expect("a lock");
        Lock { holder, admin }
    }

    /// Nothing tells of a session that waits, so it is asked for.
    pub(crate) async fn until_somebody_waits(&mut self) {
        self.until_waiting(1).await;
    }

    pub(crate) async fn until_waiting(&mut self, sessions: usize) {
        while self.admin.query(WAITING, &[]).await.expect("an answer").len() < sessions {
            tokio::task::yield_now().await;
        }
    }

    /// Ends the sessions that wait.
    pub(crate) async fn cut_who_waits(&mut self) {
        let cut = format!("SELECT pg_terminate_backend(pid, 60000) FROM ({WAITING}) AS waiting");
        assert!(!self.admin.query(&cut, &[]).await.expect("an answer").is_empty(), "somebody waited");
    }

    pub(crate) async fn release(self) {
        self.holder.batch_execute("ROLLBACK").await.expect("released");
    }
}

const WAITING: &str =
    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
