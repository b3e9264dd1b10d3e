//! What can be chosen, and what can go wrong, when a database is opened.

use std::path::PathBuf;
use std::time::Duration;

use aduan::values::LedgerId;

/// What can be chosen. The defaults are right for a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostgresOptions {
    /// How many commands may wait for the writer of a ledger; one more is `Overloaded`.
    pub queue: usize,
    /// How many connections read, beside one that writes for each open ledger. Steps of read models go over them too.
    pub readers: usize,
    /// Tell other processes of every append, on one more connection for each ledger that is written. They learn of it
    /// without, when they look.
    pub tells_others: bool,
    /// How long any call may take, connecting included.
    pub deadline: Duration,
    /// Certificates in PEM that vouch for the server, in place of the system's.
    pub roots: Option<PathBuf>,
    /// Take a server that may lose acknowledged commands when the power fails. Only for experiments.
    pub unsafe_lose_last_commits: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        PostgresOptions {
            queue: 4096,
            readers: 8,
            tells_others: true,
            deadline: Duration::from_secs(20),
            roots: None,
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
    /// The certificates cannot be used.
    #[error("certificates: {0}")]
    Roots(String),
    /// The server was not reached, or refused.
    #[error("PostgreSQL: {0}")]
    Server(String),
    /// The tables are not there.
    #[error("the database has no tables of aduan: migrate it first")]
    NotMigrated,
    /// The tables are those of another release.
    #[error("the tables are not those of this release: {what}")]
    OtherLayout {
        /// Which step of the migration differs.
        what: String,
    },
    /// A guard is missing, switched off or altered, or there is a trigger that nobody here wrote.
    #[error("a guard is not the one of this release: {object} is missing, altered, switched off or foreign")]
    AlteredSchema {
        /// Its name.
        object: String,
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
    /// The ledger contradicts itself.
    #[error("corrupt: {0}")]
    Corrupt(String),
}

impl OpenError {
    pub(crate) fn server(error: impl std::error::Error) -> Self {
        OpenError::Server(crate::failure::chain(&error))
    }
}
