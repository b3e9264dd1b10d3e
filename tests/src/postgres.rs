//! PostgreSQL for tests and benchmarks: throwaway clusters, and fresh databases on them. No Docker, no fixed address.
//!
//! A test asks for a database of its own, and never for a server:
//!
//! ```
//! use aduan_testkit::postgres::{self, Server};
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! let database = Server::shared()?.database().await?;
//! let client = postgres::connect(&database.url()).await?;
//! let row = client.query_one("select 1", &[]).await?;
//! assert_eq!(row.get::<_, i32>(0), 1);
//! # Ok::<_, Box<dyn std::error::Error>>(()) }).expect("a database answers");
//! ```
//!
//! [`Server::shared`] uses the server of `DATABASE_URL`, and otherwise starts one [`Cluster`] for the process. The binary
//! `with-postgres` starts one for a whole command: `with-postgres cargo nextest run` shares it among all test processes.
//! A test that stops, kills or configures a server takes a [`Cluster`] of its own; one that
//! loses an answer on its way puts a [`Proxy`] in between.

mod cluster;
mod programs;
mod proxy;
mod said;
mod server;

use std::fmt;

pub use cluster::{Cluster, ClusterOptions, Tls};
pub use proxy::{Cut, Proxy};
pub use server::{Database, LOG_VARIABLE, Server};

/// Why there is no server or no database. Its text says what to do about it.
#[derive(Clone, PartialEq, Eq)]
pub struct HarnessError(String);

impl HarnessError {
    fn new(text: impl Into<String>) -> HarnessError {
        HarnessError(text.into())
    }

    /// For `map_err`: puts what was being done in front of what went wrong.
    fn on<E: std::error::Error>(doing: impl fmt::Display) -> impl FnOnce(E) -> HarnessError {
        move |error| {
            let mut text = format!("{doing}: {error}");
            // tokio-postgres says only "db error", and keeps the reason as its source.
            let mut source = error.source();
            while let Some(reason) = source {
                text.push_str(&format!(": {reason}"));
                source = reason.source();
            }
            HarnessError(text)
        }
    }
}

impl fmt::Display for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As `Display`: tests unwrap it, and instructions over several lines are to be read, not unescaped.
impl fmt::Debug for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HarnessError {}

/// A connection without TLS; what drives it is spawned on the runtime of the caller.
///
/// # Errors
/// When the server refuses, or there is none.
pub async fn connect(url: &str) -> Result<tokio_postgres::Client, HarnessError> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .map_err(HarnessError::on(format!("connecting to {url}")))?;
    // It ends with an error where a test kills the server, which the client is told as well.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}
