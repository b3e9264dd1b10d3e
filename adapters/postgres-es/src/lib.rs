//! A store on PostgreSQL through cqrs-es and postgres-es, for hosts that already run that framework.
//!
//! It works on the tables of `aduan-postgres` and makes none of its own: what one adapter wrote, the other reads and
//! continues. It is slower (a round trip for each event, a transaction for each command), and otherwise the same.
//!
//! # How
//! postgres-es knows seven columns. It sees them in the view `aduan.postgres_es_events`, made by [`migrate`] from the
//! files in `sql/`: the log of one ledger, that of the setting `aduan.ledger`. A trigger on the view gives an event what
//! postgres-es does not know of: position, command, recorded time and the hashes.
//!
//! # What it promises
//! All of [`Ledger`](aduan::store::Ledger) and [`Log`](aduan::store::Log), and:
//! - **Only what is sound in postgres-es is used**: `get_events`, `get_last_events`, and `persist` without a snapshot. The
//!   repository is private here, so snapshots, streams and replays cannot be reached through it.
//! - **The truth about outcomes.** postgres-es says Ok, *conflict* or *unknown error*. `Appended` is rows that were read
//!   back; a conflict is asked for its reason; a time limit or a deadlock is `Unavailable`, a lost connection `Unknown`.
//! - A caller that goes away cuts nothing in half: an append runs in a task of its own.
//! - Every call has its deadlines, the queue has an end, and no error repeats a payload or a box.
//! - A server that could lose what it acknowledged (`fsync`, `full_page_writes` or `synchronous_commit` off, a standby) is
//!   refused at open.
//!
//! It needs a tokio runtime with I/O and time.
//!
//! ```no_run
//! use std::sync::Arc;
//! use aduan::{engine::{CqrsStore, Engine}, rules::Rules, values::LedgerId};
//! use aduan_postgres_es::{PostgresEsOptions, PostgresEsStore, migrate};
//!
//! # async fn run(vault: Arc<dyn aduan::store::KeyVault>) -> Result<(), Box<dyn std::error::Error>> {
//! // Once, after the tables of `aduan-postgres` are there, as somebody who may change them:
//! migrate("postgres://postgres@db.example/city").await?;
//! // Ever after, as the application:
//! let (url, ledger) = ("postgres://aduan_app@db.example/city", LedgerId::new("mojokerto")?);
//! let store = Arc::new(PostgresEsStore::create(url, &ledger, PostgresEsOptions::default()).await?);
//! let engine = Engine::new(store.clone(), vault, Rules::mojokerto());
//! // And as an event store of cqrs-es:
//! let framework = CqrsStore::new(store, Vec::new());
//! # Ok(())
//! # }
//! ```

mod append;
mod connect;
mod failure;
mod migrate;
mod open;
mod rows;
mod store;

pub use migrate::migrate;
pub use open::{OpenError, PostgresEsOptions};
pub use store::PostgresEsStore;
