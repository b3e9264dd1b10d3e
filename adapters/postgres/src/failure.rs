//! What an error of PostgreSQL means: surely not stored, refused by a constraint, or unknown.

use aduan::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};

/// Why a statement that writes did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Surely rolled back, and worth another try later: a deadlock, a time limit, a serialisation failure.
    NotStored(String),
    /// Surely rolled back, and not for a reason that passes: the session is no good, a standby for example.
    Unfit(String),
    /// A constraint or a guard refused a row; all of the statement was rolled back.
    Refused(String),
    /// The connection went before the answer came: it may be stored.
    Unknown(String),
}

impl Failure {
    /// What became of a statement that was handed to the server.
    pub(crate) fn of(error: &Error) -> Self {
        let Some(told) = error.as_db_error() else { return Failure::Unknown(chain(error)) };
        // Its detail would repeat values.
        let why = format!("{} ({})", told.message(), told.code().code());
        // A server or a session that dies may do so before or after the commit: a full disk under the log is a PANIC
        // with an ordinary code, and the row is there after the restart.
        if told.parsed_severity() != Some(Severity::Error) {
            return Failure::Unknown(why);
        }
        let code = told.code().code();
        match code.get(..2) {
            Some("08") => Failure::Unknown(why),
            _ if code == "40003" || code.starts_with("57P") => Failure::Unknown(why),
            // Told apart by the name of the constraint, so that a row of ours is never taken for another's conflict.
            Some("23") => match told.constraint() {
                Some(constraint) => Failure::Refused(format!("{constraint}: {why}")),
                None => Failure::Refused(why),
            },
            // What cannot be read as JSON, text or a number.
            Some("22") => Failure::Refused(why),
            Some("40" | "53") => Failure::NotStored(why),
            _ if ["55P03", "57014"].contains(&code) => Failure::NotStored(why),
            _ => Failure::Unfit(why),
        }
    }

    pub(crate) fn into_error(self) -> StoreError {
        match self {
            Failure::NotStored(why) | Failure::Unfit(why) => StoreError::Unavailable(why),
            Failure::Refused(why) => StoreError::Corrupt(why),
            Failure::Unknown(why) => StoreError::Unknown(why),
        }
    }
}

/// What a statement that only reads fails with.
pub(crate) fn unavailable(error: &Error) -> StoreError {
    match error.as_db_error() {
        Some(told) if matches!(*told.code(), SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED) => {
            StoreError::Corrupt(told.message().to_owned())
        }
        Some(told) => StoreError::Unavailable(format!("{} ({})", told.message(), told.code().code())),
        None => StoreError::Unavailable(chain(error)),
    }
}

/// An error with its causes: tokio-postgres keeps the telling part there.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
