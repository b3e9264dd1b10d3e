//! What every program of ratios measures with: typical lives, rounds in turn, fsyncs that are counted, and the table.

pub mod fsync;
pub mod life;
pub mod rounds;
pub mod table;
