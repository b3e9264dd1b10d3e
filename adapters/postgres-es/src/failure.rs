//! What an error of postgres-es or sqlx means: surely not stored, refused by a guard, or unknown.

use std::io::ErrorKind;

use aduan::store::StoreError;
use cqrs_es::persist::PersistenceError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What became of a `persist` that failed, but for the conflicts, which are asked for their reason.
///
/// postgres-es files a full pool, a deadlock and a missing table under the same variant; the error of sqlx is inside.
pub(crate) fn of_persist(error: &PersistenceError) -> StoreError {
    match inner(error) {
        Some(error) => of_write(error),
        None => StoreError::Unknown(error.to_string()),
    }
}

/// What became of a statement that writes.
pub(crate) fn of_write(error: &sqlx::Error) -> StoreError {
    let why = error.to_string();
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => StoreError::Unavailable(why),
        // Only said while connecting.
        sqlx::Error::Io(io) if matches!(io.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
            StoreError::Unavailable(why)
        }
        sqlx::Error::Database(told) => {
            let (message, code) = (told.message(), told.code().unwrap_or_default());
            let why = format!("{message} ({code})");
            let goes_on = told
                .try_downcast_ref::<PgDatabaseError>()
                .is_some_and(|told| !matches!(told.severity(), PgSeverity::Fatal | PgSeverity::Panic));
            match &code[..code.len().min(2)] {
                // The session ends with it: the last word may have come before or after the commit.
                _ if !goes_on => StoreError::Unknown(why),
                "08" => StoreError::Unknown(why),
                // A guard, or what cannot be read as JSON, text or a number.
                "22" | "23" => StoreError::Corrupt(why),
                // A deadlock, a time limit, a serialisation failure: an error rolls back, and a retry may do.
                _ => StoreError::Unavailable(why),
            }
        }
        _ => StoreError::Unknown(why),
    }
}

/// What a `get_events` failed with.
pub(crate) fn of_get(error: &PersistenceError) -> StoreError {
    match inner(error) {
        Some(error) => of_read(error),
        None => StoreError::Unavailable(error.to_string()),
    }
}

/// What a statement that only reads, or stores the same twice, failed with.
pub(crate) fn of_read(error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|told| told.code());
    let is_broken = matches!(code.as_deref(), Some("XX001" | "XX002"));
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        error if is_broken => StoreError::Corrupt(error.to_string()),
        error => StoreError::Unavailable(error.to_string()),
    }
}

fn inner(error: &PersistenceError) -> Option<&sqlx::Error> {
    match error {
        PersistenceError::OptimisticLockError => None,
        PersistenceError::ConnectionError(inner)
        | PersistenceError::DeserializationError(inner)
        | PersistenceError::UnknownError(inner) => inner.downcast_ref(),
    }
}

/// For a step that did not come to its end in time.
pub(crate) const TOO_LATE: &str = "no answer within the deadline";
