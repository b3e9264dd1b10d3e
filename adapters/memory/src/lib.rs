//! A store, read models and a vault in memory: the shortest example of each port, as strict as the real ones.
//!
//! Everything is gone when it is dropped, so `Appended` means durable only for as long as that.
//! All other promises of [`Ledger`], [`Log`], [`Attestations`] and [`KeyVault`] hold: versions are checked, positions
//! have no gap, a command id has one effect, an append is whole.
//!
//! ```
//! use aduan::store::{Head, Log};
//! use aduan::values::LedgerId;
//! use aduan_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ledger = LedgerId::new("mojokerto")?;
//! let store = MemoryStore::new(ledger.clone());
//! assert_eq!(store.head().await?, Head::empty(ledger));
//! # Ok(())
//! # }
//! ```

#[cfg(doc)]
use aduan::store::{Attestations, KeyVault, Ledger, Log};

mod read;
mod store;
mod vault;

pub use read::MemoryReadStore;
pub use store::MemoryStore;
pub use vault::MemoryVault;
