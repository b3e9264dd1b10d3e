//! Tasks for a host: read models that follow the log, a clock that does what time causes, and, where it is told who
//! signs, checkpoints of the log.
//!
//! The engine reads no clock and starts nothing; this crate does both, at the edge. Run it in every process of a
//! portal: one of them leads, and another takes over when that ends. Ticking twice has the effect of ticking once.
//! Two that have checkpoints made get one after the other, from the same signer.
//!
//! ```
//! use std::sync::Arc;
//! use aduan::engine::Engine;
//! use aduan::rules::Rules;
//! use aduan::values::LedgerId;
//! use aduan_memory::{MemoryReadStore, MemoryStore, MemoryVault};
//! use aduan_runner::{Runner, RunnerOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = LedgerId::new("mojokerto")?;
//! let store = Arc::new(MemoryStore::new(ledger.clone()));
//! let engine = Arc::new(Engine::new(store, Arc::new(MemoryVault::new([7; 32])), Rules::mojokerto()));
//!
//! let runner = Runner::start(Arc::clone(&engine), Arc::new(MemoryReadStore::new(ledger)), RunnerOptions::default());
//! let mut health = runner.health();
//! health.wait_for(|health| health.progress.is_live).await?;
//! assert_eq!(health.borrow().trouble, None);
//! runner.stop().await;
//! # Ok(())
//! # }
//! ```

mod attest;
mod health;
mod options;
mod runner;

pub use health::Health;
pub use options::{Attesting, RunnerOptions};
pub use runner::Runner;
