//! How a run ends: an answer as text or JSON, or a failure, and an exit code for both.

use std::io::{self, Write as _};
use std::process::ExitCode;

use aduan::audit::signer::SignerError;
use aduan::engine::Error;
use aduan::store::{StoreError, VaultError};
use aduan_audit::verify::Class;
use aduan_signer::FolderError;
use aduan_vault::FileVaultError;
use serde::Serialize;
use serde_json::json;

/// What the shell is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// All of it was done.
    Done,
    /// Something was not reached, or its outcome is unknown.
    Failed,
    /// The command line, a map or a policy file is not understood.
    Usage,
    /// The rules refused it, or part of it.
    Refused,
    /// Another process writes to the ledger.
    Busy,
    /// What is stored cannot be trusted.
    Corrupt,
    /// The ledger can say neither yes nor no.
    Unknown,
    /// What an auditor was handed cannot be trusted; the gravest failure is of this class.
    Audit(Class),
}

impl Exit {
    /// As the shell sees it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Busy => 4,
            Exit::Corrupt => 5,
            Exit::Unknown => 6,
            Exit::Audit(class) => class.exit_code(),
        }
    }

    /// The exit code that goes with an engine's error.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Rejected(_) => Exit::Refused,
            Error::Corrupt(_) => Exit::Corrupt,
            _ => Exit::Failed,
        }
    }

    /// What was not done outweighs what was refused; a corrupt log outweighs both.
    pub(crate) fn worse(self, other: Exit) -> Exit {
        let weight = |exit| match exit {
            Exit::Done => 0,
            Exit::Refused | Exit::Unknown => 1,
            Exit::Usage | Exit::Failed | Exit::Busy => 2,
            Exit::Corrupt | Exit::Audit(_) => 3,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Not reached, or outcome unknown.
    #[error("{0}")]
    Failed(String),
    /// Not understood.
    #[error("{0}")]
    Usage(String),
    /// Refused.
    #[error("{0}")]
    Refused(String),
    /// Held by another process.
    #[error("{0}; commands that only read work meanwhile")]
    Busy(String),
    /// Not to be trusted.
    #[error("{0}")]
    Corrupt(String),
    /// Nowhere to write what is derived.
    #[error("{0}")]
    NoPlace(String),
}

impl Failure {
    /// What a file could not be used for.
    pub(crate) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Failure::Failed(format!("{}: {error}", path.display()))
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Failed(_) | Failure::NoPlace(_) => Exit::Failed,
            Failure::Usage(_) => Exit::Usage,
            Failure::Refused(_) => Exit::Refused,
            Failure::Busy(_) => Exit::Busy,
            Failure::Corrupt(_) => Exit::Corrupt,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) => Failure::Refused(format!("refused: {rejection}")),
            Error::Corrupt(_) => Failure::Corrupt(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}
impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Failure::Failed(error.to_string())
    }
}
impl From<aduan_sqlite::OpenError> for Failure {
    fn from(error: aduan_sqlite::OpenError) -> Self {
        use aduan_sqlite::OpenError;
        match error {
            OpenError::Locked { .. } => Failure::Busy(error.to_string()),
            OpenError::Missing { .. } => Failure::Failed(format!("{error}: `aduan init` makes a ledger")),
            OpenError::Corrupt(_) | OpenError::AlteredSchema { .. } => Failure::Corrupt(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}
impl From<aduan_postgres::OpenError> for Failure {
    fn from(error: aduan_postgres::OpenError) -> Self {
        use aduan_postgres::OpenError;
        match error {
            OpenError::Url(_) => Failure::Usage(error.to_string()),
            OpenError::NotMigrated => {
                Failure::Failed("the database has no tables of aduan: `aduan init` makes them".to_owned())
            }
            OpenError::NoSuchLedger { .. } => Failure::Failed(format!("{error}: `aduan init` makes one")),
            OpenError::OtherLayout { .. } => {
                Failure::Failed(format!("{error} (`aduan init` takes the missing steps of a newer release)"))
            }
            OpenError::Corrupt(_) | OpenError::AlteredSchema { .. } => Failure::Corrupt(error.to_string()),
            OpenError::Roots(_) | OpenError::Server(_) | OpenError::Setting { .. } => {
                Failure::Failed(error.to_string())
            }
        }
    }
}
impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Locked { .. } => Failure::Busy(error.to_string()),
            FolderError::Damaged { .. } => Failure::Corrupt(error.to_string()),
            FolderError::Refused(_) | FolderError::NotTaken { .. } => Failure::Refused(error.to_string()),
            FolderError::OtherLedgers { .. } => Failure::Usage(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}
impl From<SignerError> for Failure {
    fn from(error: SignerError) -> Self {
        match error {
            SignerError::Refused(_) => Failure::Refused(error.to_string()),
            SignerError::Unavailable(_) => Failure::Failed(error.to_string()),
        }
    }
}
impl From<FileVaultError> for Failure {
    fn from(error: FileVaultError) -> Self {
        match error {
            FileVaultError::Locked { .. } => Failure::Busy(error.to_string()),
            FileVaultError::Damaged { .. } => Failure::Corrupt(error.to_string()),
            FileVaultError::Missing { .. } => {
                Failure::Failed(format!("{error}: without its vault a ledger's texts cannot be read or written"))
            }
            _ => Failure::Failed(error.to_string()),
        }
    }
}

/// Tells answers to people, or to programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Teller {
    /// For programs.
    pub(crate) json: bool,
}

impl Teller {
    /// Writes one answer to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn tell(self, for_programs: &impl Serialize, for_people: &str) -> Result<(), Failure> {
        if self.json { tell_json(for_programs) } else { tell_text(for_people) }
    }

    /// Tells people something on standard error; programs are told in answers.
    pub(crate) fn warn(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "aduan: {text}");
        }
    }

    /// Writes a failure to standard error.
    pub(crate) fn tell_failure(self, failure: &Failure) {
        let text = if self.json {
            json!({ "error": { "exit": failure.exit().code(), "message": failure.to_string() } }).to_string()
        } else {
            format!("aduan: {failure}")
        };
        // Nobody can be told that nobody can be told.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Writes one line of JSON to standard output.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn tell_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
    tell_text(&text)
}

fn tell_text(text: &str) -> Result<(), Failure> {
    tell_whole(&format!("{text}\n"))
}

/// Writes text to standard output as it is, its last line break included.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn tell_whole(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Failed(format!("standard output: {error}")))
}
