//! Our own suites. Each file is one question; each test is a sentence.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod audit;
mod cqrs_shell;
mod engine;
mod evidence;
mod golden;
mod harness;
mod histories;
mod lifecycle;
mod notary;
mod office;
mod oracles;
mod postgres;
mod privacy;
mod read_models;
mod stores;
mod verdicts;
