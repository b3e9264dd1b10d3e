//! A store in one SQLite file, which an auditor opens with `sqlite3`.
//!
//! # The file
//! Write-ahead log, `synchronous=FULL`, STRICT tables, all of them in `sql/`:
//!
//! | table | holds |
//! |---|---|
//! | `events` | the log; its rowid is the position |
//! | `ledger` | one row: name, last position, record hash at it |
//! | `boxes` | sealed personal values under their digests |
//! | `keys` | wrapped keys of complaints |
//! | `documents` | policies, calendars and directories under the hash of their text |
//! | `attestations` | signed checkpoints and keys handed over, by size and digest |
//!
//! Ids are blobs of 16 bytes, hashes of 32: as text, ids cost every append a seventh of its speed. The
//! view `readable_events` shows the log with all of them as text.
//!
//! Beside the file `PATH` lie `PATH-wal` and `PATH-shm` while it is open, and `PATH.lock` for good.
//! To copy a ledger in use, `VACUUM INTO` or `.backup`, never `cp`.
//!
//! A file of layout 1, of before `attestations`, is given that table by whoever opens it to write; read as it is, it
//! has none.
//!
//! # What it promises
//! All of [`Ledger`], [`Log`] and [`Attestations`], and:
//! - One connection of one process writes **and** checkpoints; a second writer gets [`OpenError::Locked`].
//!   Any number of readers, of this process and of others, go on beside it.
//! - What commands have gathered while the last transaction was committing goes into one transaction,
//!   and each gets its own answer after the commit. Nothing is timed.
//! - Triggers refuse to change or delete an event, a box, a wrapped key, a document or an attestation, to insert an event
//!   anywhere but at the end, and `INSERT OR REPLACE`, whoever asks: they hold in a `sqlite3` shell, too.
//!   Whoever owns the file can still drop them; they are compared with the ones of this crate, and nobody writes
//!   over a file where they differ.
//! - Every setting is read back at open. A SQLite with the WAL-reset bug (before 3.51.3) is refused.
//! - After an I/O error in a commit its commands are `Unknown`, and the store refuses to write until the
//!   file is opened anew, since only then is it known what reached the disk.
//! - No error repeats a payload or a box.
//!
//! [`SqliteReadStore`] keeps read models, in a file of their own.
//!
//! It needs no runtime: its threads are its own, and its futures await plain channels.
//!
//! ```
//! use aduan::store::{Head, Log};
//! use aduan::values::LedgerId;
//! use aduan_sqlite::{OpenError, SqliteStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("mojokerto.db");
//! let ledger = LedgerId::new("mojokerto")?;
//! let store = SqliteStore::create(&path, &ledger)?;
//! assert_eq!(store.head().await?, Head::empty(ledger));
//! assert!(matches!(SqliteStore::open(&path), Err(OpenError::Locked { .. })));
//! let reader = SqliteStore::open_read_only(&path)?;
//! assert_eq!(reader.head().await?, store.head().await?);
//! # Ok(())
//! # }
//! ```

#[cfg(doc)]
use aduan::store::{Attestations, Ledger, Log};

mod connection;
mod open;
mod path;
mod read;
mod reader;
mod rows;
mod schema;
mod store;
mod thread;
mod writer;

pub use open::{OpenError, SqliteOptions};
pub use read::SqliteReadStore;
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
