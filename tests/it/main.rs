//! Our own suites. Each file is one question; each test is a sentence.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cqrs_shell;
mod engine;
mod golden;
mod histories;
mod lifecycle;
mod office;
mod oracles;
mod privacy;
mod stores;
