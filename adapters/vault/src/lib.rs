//! A key vault in one small file, apart from the store: without it, sealed boxes are noise.
//!
//! # The file
//! JSON, readable by its owner only (mode 0600), a few hundred bytes:
//!
//! ```json
//! {"format":1,"ledgers":{"mojokerto":"<64 hex digits>"},"epochs":{"1":"<64 hex digits>"}}
//! ```
//!
//! `ledgers` holds the secrets from which complaint ids derive, `epochs` the outer keys that wrap the
//! keys of complaints. Keep it on another disk than the store, and back it up **elsewhere** than the
//! store: a backup that holds both has erased nothing.
//!
//! # What it promises
//! - Nothing is overwritten by accident: [`FileVault::create`] refuses a file that exists.
//! - A change is whole or did not happen: it is written beside the file, synced, and renamed over it.
//! - A change by another process (a rotation by the command line beside a running service) is seen by the
//!   next call, so that nothing is wrapped under an epoch that is gone.
//! - New keys are wrapped under the newest epoch; old ones open for as long as their epoch is kept.
//! - Keys are wiped from memory when they are dropped, and never shown.
//!
//! # To erase
//! Destroying an outer key makes every key wrapped under it unreadable, wherever copies of it lie. So:
//! [`FileVault::new_epoch`], wrap the surviving keys again, then [`FileVault::destroy_epoch`]. The old file
//! is overwritten with zeros; a disk or a file system that writes elsewhere may keep the old bytes for a
//! while, and so does a backup of this file.
//!
//! ```
//! use aduan::sealed::ComplaintKey;
//! use aduan::store::KeyVault;
//! use aduan::values::{ComplaintId, LedgerId};
//! use aduan_vault::FileVault;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("mojokerto.vault");
//! # let drawn = |byte| [byte; 32];
//! let ledger = LedgerId::new("mojokerto")?;
//! let vault = FileVault::create(&path, &ledger, drawn(1))?;
//!
//! let (complaint, key) = (ComplaintId(uuid::Uuid::from_u128(1)), ComplaintKey::from_seed(&drawn(2)));
//! let wrapped = vault.wrap(&ledger, complaint, &key, &drawn(3)).await?;
//! vault.new_epoch(drawn(4))?;
//! assert!(vault.unwrap(&ledger, complaint, &wrapped).await.is_ok());
//! vault.destroy_epoch(wrapped.epoch)?;
//! assert!(vault.unwrap(&ledger, complaint, &wrapped).await.is_err());
//! # Ok(())
//! # }
//! ```

mod contents;
mod file;

use std::path::PathBuf;

pub use file::FileVault;

/// Why a vault was not made, opened or changed. It never repeats a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileVaultError {
    /// There is a file already; it is never overwritten.
    #[error("{path} exists already and is not overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("{path} does not exist")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read the file.
    #[error("{path} may be read by others (mode {mode:o}): chmod 600 it, and consider its keys known")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file does not read as a vault.
    #[error("{path} is no vault of this release: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without its contents.
        why: String,
    },
    /// Another process is changing the vault.
    #[error("another process is changing {path}")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The ledger has a secret already: another one would give its complaints other ids.
    #[error("the vault has a secret of that ledger already")]
    LedgerExists,
    /// The vault has no outer key of that epoch.
    #[error("the vault has no outer key of epoch {epoch}")]
    NoEpoch {
        /// The epoch.
        epoch: u32,
    },
    /// The newest epoch is in use: make a newer one first.
    #[error("epoch {epoch} is the newest and in use; make a newer one first")]
    EpochInUse {
        /// The epoch.
        epoch: u32,
    },
    /// The operating system refused.
    #[error("{path}: {why}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        why: String,
    },
}
