//! What can be chosen, and what can go wrong, when a file is opened.

use std::path::PathBuf;

use aduan::values::LedgerId;

/// What can be chosen. The defaults are right for a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SqliteOptions {
    /// How many commands may wait for the writer, and questions for a reader; one more is `Overloaded`.
    pub queue: usize,
    /// `synchronous=NORMAL`: an acknowledged command may be lost when the power fails. Only for experiments.
    pub unsafe_lose_last_commits: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions { queue: 4096, unsafe_lose_last_commits: false }
    }
}

/// Why a file was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{path} does not exist")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another store has the file open for writing.
    #[error("another process or store writes to this ledger (it holds {lock})")]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a ledger of aduan")]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} does not hold read models of aduan")]
    NotReadModels {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by another release.
    #[error("the file has layout {found}, this release reads layout {wanted}")]
    OtherLayout {
        /// The layout of the file.
        found: i64,
        /// The layout of this release.
        wanted: i64,
    },
    /// The file holds another ledger than the one to create.
    #[error("the file holds the ledger {found}, not {wanted}")]
    OtherLedger {
        /// The ledger of the file.
        found: LedgerId,
        /// The ledger asked for.
        wanted: LedgerId,
    },
    /// A table, index, view or guard is missing or altered, or there is a trigger that nobody here wrote.
    #[error("the schema is not the one of this release: {object} is missing, altered or foreign")]
    AlteredSchema {
        /// Its name.
        object: String,
    },
    /// The linked SQLite can corrupt a file.
    #[error("SQLite {found} has the WAL-reset bug; at least 3.51.3 is needed")]
    SqliteTooOld {
        /// Its version.
        found: String,
    },
    /// A setting did not take.
    #[error("the setting {name} is {found}, not {wanted}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What was set.
        wanted: String,
        /// What was read back.
        found: String,
    },
    /// The file contradicts itself.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// The operating system refused.
    #[error("{path}: {why}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        why: String,
    },
    /// SQLite refused.
    #[error("SQLite: {0}")]
    Sqlite(String),
}

impl OpenError {
    pub(crate) fn io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        OpenError::Io { path: path.into(), why: error.to_string() }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => OpenError::Corrupt(error.to_string()),
            _ => OpenError::Sqlite(error.to_string()),
        }
    }
}
