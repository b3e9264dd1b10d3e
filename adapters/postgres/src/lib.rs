//! A store on PostgreSQL (14 or newer): many ledgers in one database, many processes on one ledger.
//!
//! # The tables
//! In the schema `aduan`, made by [`migrate`] from the files in `sql/`, one object each:
//!
//! | table | holds |
//! |---|---|
//! | `events` | the log: the columns of postgres-es, and position, command, recorded time and hashes |
//! | `ledger` | one row a ledger: name, last position, record hash at it, log hash |
//! | `boxes` | sealed personal values, a row for what a command adds to a complaint |
//! | `keys` | wrapped keys of complaints |
//! | `documents` | policies, calendars and directories under the hash of their text |
//! | `attestations` | signed checkpoints and keys handed over, by size and digest |
//!
//! The ledger is in every key, and in every row. They belong to `aduan_owner`, which cannot log in. An application logs in as
//! `aduan_app` or a member of it: it reads, inserts, and moves the head, and nothing else. Roles belong to the whole
//! server: whoever may log in as `aduan_app` may do so in each of its databases that lets them connect. A pooler in
//! between must keep sessions, since statements are prepared.
//!
//! # The read models
//! In a schema of their own, `aduan_read`, made by [`migrate`] from what the core declares: `queue_1` is the table
//! `queue` of version 1, and the view `queue` shows what is in its live build. The views are what a city's own reports
//! read, with columns and comments as in [`TABLES`](aduan::projection::TABLES) and the ledger in front:
//!
//! ```sql
//! GRANT USAGE ON SCHEMA aduan_read TO reports;
//! GRANT SELECT ON aduan_read.verdicts, aduan_read.flow TO reports;
//! ```
//!
//! What only the inspectorate may see is not in the views, and neither is what the engine keeps for itself: of
//! `deadlines`, `running` and `ratings` there is none. Another version makes them anew, so grant again after it; a view
//! of one's own upon them must be taken away before. An application writes all of this, and nothing of the ledger by
//! it: what is here can be built again.
//!
//! # What it promises
//! All of [`Ledger`], [`Log`] and [`Attestations`], and:
//! - **One gapless order a ledger.** Whatever gathered while the last transaction was committing goes into one
//!   statement that moves the ledger row and inserts, and each command gets its own answer. Nothing is timed, and a
//!   lone client waits for one round trip and one fsync. Ledgers do not wait for each other.
//! - **The truth about outcomes.** The statement is its own transaction and counts what it wrote, so `Appended` is
//!   what PostgreSQL said after the commit. A connection lost meanwhile is `Unknown`: ask again with the same id.
//!   What it surely rolled back (a deadlock, a time limit, no free connection) is `Unavailable`.
//! - **Conflicts spoil no one else.** If another process was faster, or a constraint refuses a row, the batch rolls
//!   back; then the ledger row is locked first, versions and command ids are read anew, losers get their answers
//!   and the rest is written.
//! - Triggers refuse to change or remove what was recorded, and to append what does not follow, whoever asks and
//!   whatever `session_replication_role` says. Their text is compared with the one of this release at open.
//! - A server that could lose what it acknowledged (`fsync`, `full_page_writes` or `synchronous_commit` off, a
//!   standby) is refused at open.
//! - Every call has a deadline, the queue has an end, and no error repeats a payload or a box. Only
//!   [`Log::more`] and [`ReadStore::lease`] wait as long as they must.
//! - [`Log::more`] wakes for an append of any process: a task behind the writer tells them, apart from any
//!   transaction that appends. What was told before is checked against the ledger, so that neither a log that became
//!   shorter nor a made-up notification wakes anybody for ever. Where nobody can be listened to, a store that writes
//!   still wakes for what it writes itself.
//! - A build of the read models that is taken away answers nothing from then on, never half of its rows.
//!
//! It needs a tokio runtime with I/O and time.
//!
//! # To know when running it
//! - A snapshot that stays open for hours (`pg_dump`, an analyst's REPEATABLE READ) keeps the dead versions of the
//!   ledger row, and every append walks over them: 11 µs more for each 1,000 batches since it began. Dump from a
//!   standby, or when little is written.
//! - A batch that loses against another process shows in the server's log as a duplicate key with the whole
//!   statement. It is no fault: it is tried again under the lock.
//!
//! ```no_run
//! use aduan::values::LedgerId;
//! use aduan_postgres::{Postgres, PostgresOptions, migrate};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Once, as somebody who may create schemas and roles:
//! migrate("postgres://postgres@db.example/city", &PostgresOptions::default()).await?;
//! // Ever after, as the application:
//! let database = Postgres::connect("postgres://aduan_app@db.example/city", PostgresOptions::default()).await?;
//! let store = database.create(&LedgerId::new("mojokerto")?).await?;
//! let read_models = database.read_store(&LedgerId::new("mojokerto")?).await?;
//! # Ok(())
//! # }
//! ```

#[cfg(doc)]
use aduan::read::ReadStore;
#[cfg(doc)]
use aduan::store::{Attestations, Ledger, Log};

mod batch;
mod bell;
mod connect;
mod failure;
mod listener;
mod lookups;
mod migrate;
mod news;
mod open;
mod read;
mod readers;
mod rows;
mod schema;
mod store;
mod writer;

pub use migrate::{layout, migrate};
pub use open::{OpenError, PostgresOptions};
pub use read::PostgresReadStore;
pub use store::{Postgres, PostgresStore};
