#![doc = include_str!("../README.md")]

mod file;
mod journal;
mod key;
mod memory;
mod protocol;
mod remote;
mod secret_file;
mod server;
mod statement;

use std::path::PathBuf;

use aduan::audit::signer::Refusal;

pub use file::{Beginning, FileSigner};
pub use remote::RemoteSigner;
pub use server::{LONGEST_PATH, listen, serve, serve_lines};
pub use statement::Agreement;

/// Why a signer's folder was not made, opened or changed. It never repeats a private key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// There is a signer already.
    #[error("{path} holds a signer already, and it is not overwritten")]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("{path} does not exist")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The key is there, and what it signed is not.
    #[error("{path} is lost: tell the signer the newest checkpoint there is, with init --after")]
    Forgotten {
        /// The file that is missing.
        path: PathBuf,
    },
    /// Others than its owner may read the file.
    #[error("{path} may be read by others (mode {mode:o}): chmod 600 it, and consider its keys known: rotate them")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file belongs to another user.
    #[error("{path} belongs to the user {owner}, and this is the user {user}: run it as its owner")]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// The file does not say what a signer of this release writes.
    #[error("{path}: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without what it holds.
        why: String,
    },
    /// Another process signs from the folder.
    #[error("another process signs from {path}: stop it first")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// It was told other ledgers than it has keys of.
    #[error("{path} has keys of other ledgers than were named, or one was named twice, or none")]
    OtherLedgers {
        /// The folder.
        path: PathBuf,
    },
    /// The checkpoint it should go on from cannot be taken.
    #[error("the checkpoint to go on from {why}")]
    NotTaken {
        /// Why.
        why: String,
    },
    /// The rule of a signer forbids it.
    #[error("the signer refuses: {0}")]
    Refused(#[from] Refusal),
    /// The operating system refused.
    #[error("{path}: {why}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        why: String,
    },
}

impl FolderError {
    fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => FolderError::Missing { path: path.to_owned() },
            _ => FolderError::Io { path: path.to_owned(), why: error.to_string() },
        }
    }
}
