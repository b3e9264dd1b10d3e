//! What can be chosen, and what can go wrong, when a database is opened.

use std::time::Duration;

use aduan::values::LedgerId;

/// What can be chosen. The defaults are right for a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostgresEsOptions {
    /// How many calls may wait at once; one more is `Overloaded`.
    pub queue: usize,
    /// How many connections there are, at least 2: half of them write.
    pub connections: u32,
    /// How long a call waits for a connection, and for each of its steps. The server gives up at half of it.
    pub deadline: Duration,
    /// Take a server that may lose acknowledged commands when the power fails. Only for experiments.
    pub unsafe_lose_last_commits: bool,
}

impl Default for PostgresEsOptions {
    fn default() -> Self {
        PostgresEsOptions {
            queue: 4096,
            connections: 8,
            deadline: Duration::from_secs(20),
            unsafe_lose_last_commits: false,
        }
    }
}

/// Why a database or a ledger in it was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL is none.
    #[error("not a PostgreSQL URL: {0}")]
    Url(String),
    /// The server was not reached, or refused.
    #[error("PostgreSQL: {0}")]
    Server(String),
    /// The tables of `aduan-postgres` are not there.
    #[error("the database has no tables of aduan: migrate it with aduan-postgres first")]
    NoTables,
    /// The tables are those of another release of `aduan-postgres`.
    #[error("the tables of aduan are those of another release")]
    OtherTables,
    /// The view is missing, or its trigger or a function of it is not the one of this release.
    #[error("{object} is missing or not that of this release: migrate the view")]
    OtherView {
        /// Which of them.
        object: &'static str,
    },
    /// A guard of the tables is missing or switched off.
    #[error("the guard {guard} is missing or switched off")]
    NoGuard {
        /// Its name.
        guard: &'static str,
    },
    /// There is no such ledger in the database.
    #[error("the database has no ledger {ledger}")]
    NoSuchLedger {
        /// The one asked for.
        ledger: LedgerId,
    },
    /// The server could lose what it acknowledged, or spoil what it stores.
    #[error("the server's setting {name} is {found}, which could lose or spoil what was acknowledged")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        found: String,
    },
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        OpenError::Server(error.to_string())
    }
}
