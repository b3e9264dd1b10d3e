//! How fast it is. `benches/core.rs` is for daily use; the binary `ratios` sets every part beside its bare limit.

pub mod life;
pub mod measure;
pub mod table;
