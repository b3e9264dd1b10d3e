//! Our own suites. Each file is one question; each test is a sentence.

mod cqrs_shell;
mod engine;
mod golden;
mod histories;
mod lifecycle;
mod office;
mod privacy;
mod stores;
