//! The one server that all sides share: its fsyncs are counted, and every side has a database of its own.

use aduan_measure::fsync::{Fsyncs, Library};
use aduan_postgres::{PostgresOptions, migrate};
use aduan_testkit::postgres::{Cluster, ClusterOptions, Database};

/// A throwaway server, as durable as an office's.
pub(crate) struct Server {
    cluster: Cluster,
    /// Of all its processes.
    pub(crate) fsyncs: Fsyncs,
    /// Last, so that it goes after the server that loaded it.
    _library: Library,
}

impl Server {
    /// Starts one, with the library that counts fsyncs in each of its processes.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(crate) async fn start() -> Result<Self, String> {
        let library = Library::build().map_err(|error| error.to_string())?;
        let fsyncs = library.fsyncs().map_err(|error| error.to_string())?;
        let environment = library.environment().to_vec();
        let settings = vec![("min_wal_size".to_owned(), format!("{}MB", SEGMENTS * 16))];
        let cluster = Cluster::start(ClusterOptions { environment, settings, ..ClusterOptions::default() });
        let cluster = cluster.map_err(|error| error.to_string())?;
        age(&cluster).await.map_err(|error| error.to_string())?;
        if !fsyncs.is_loaded() {
            return Err("the server could not load the library that counts its fsyncs: \
                        set TMPDIR to a folder that every user may enter"
                .to_owned());
        }
        Ok(Server { cluster, fsyncs, _library: library })
    }

    /// A database with our tables.
    pub(crate) async fn ours(&self) -> Database {
        let setup = async |url: String| migrate(&url, &PostgresOptions::default()).await.map(drop);
        let made = self.cluster.server().database_with(&aduan_postgres::layout(), setup).await;
        made.expect("an empty server takes our tables")
    }

    /// A database with the table that the documentation of postgres-es asks for.
    pub(crate) async fn theirs(&self) -> Database {
        let database = self.cluster.server().database().await.expect("an empty server takes a database");
        let client = aduan_testkit::postgres::connect(&database.url()).await.expect("the database was just made");
        client.batch_execute(EVENTS_OF_POSTGRES_ES).await.expect("an empty database takes the table");
        client.batch_execute(KEPT_BY_ITS_HOST).await.expect("an empty database takes the tables");
        database
    }
}

/// Leaves the server with files for its log as one has them that has run for a while: only a new server makes them while
/// somebody waits, and a large batch would meet every one.
async fn age(cluster: &Cluster) -> Result<(), Box<dyn std::error::Error>> {
    let client = aduan_testkit::postgres::connect(&cluster.url()).await?;
    for _ in 0..SEGMENTS {
        client.batch_execute("SELECT pg_logical_emit_message(false, 'aduan', ''); SELECT pg_switch_wal()").await?;
    }
    Ok(client.batch_execute("CHECKPOINT").await?)
}

/// Of 16 MiB each.
const SEGMENTS: usize = 192;

/// What a host of it needs beside, as lean as ours.
const KEPT_BY_ITS_HOST: &str = "
    CREATE TABLE boxes (complaint text NOT NULL, marks integer[] NOT NULL, sealed bytea[] NOT NULL);
    CREATE INDEX boxes_complaint ON boxes (complaint);
    CREATE TABLE keys (complaint text, commitment bytea, wrapped bytea NOT NULL, PRIMARY KEY (complaint, commitment));";

/// As in `db/init.sql` of postgres-es.
const EVENTS_OF_POSTGRES_ES: &str = "CREATE TABLE events
(
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";
