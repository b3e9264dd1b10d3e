//! For testers: steered random histories, the invariants as checks, and a conformance suite for any store.
//!
//! A store of your own is put through everything in four lines:
//!
//! ```
//! # use std::sync::Arc;
//! # use aduan_memory::MemoryStore as MyStore;
//! # let ledger = aduan::values::LedgerId::new("mojokerto").expect("a name");
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! // In a test of yours: `#[tokio::test(flavor = "multi_thread")]`.
//! aduan_testkit::conformance::all(async || Arc::new(MyStore::new(ledger.clone()))).await;
//! # });
//! ```
//!
//! A lifecycle of your own is checked against random histories:
//!
//! ```
//! use aduan_testkit::{invariants::Invariants, town::Town};
//! let mut town = Town::new(aduan::rules::Rules::mojokerto());
//! let mut invariants = Invariants::default();
//! for entropy in 0..200 {
//!     let step = town.step(aduan_testkit::town::Choice { complaint: 0, entropy });
//!     invariants.check(&step).expect("the rules keep their invariants");
//! }
//! assert!(!town.log.is_empty());
//! ```

pub mod conformance;
pub mod draft;
pub mod invariants;
pub mod postgres;
pub mod read_conformance;
pub mod signer;
pub mod told;
pub mod told_figures;
pub mod town;

/// Every complaint of a log, in the order they came: whoever ticks without read models asks all of them.
///
/// # Panics
/// When the log cannot be read.
pub async fn complaints(log: &dyn aduan::store::Log) -> Vec<aduan::values::ComplaintId> {
    let (mut complaints, mut position) = (Vec::new(), 0);
    loop {
        let page = log.after(position, 1_000).await.expect("the log can be read");
        let first = page.entries.iter().filter(|entry| entry.record.sequence == 1);
        complaints.extend(first.map(|entry| entry.record.complaint));
        position = page.end;
        if page.at_head {
            return complaints;
        }
    }
}

/// The example of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
