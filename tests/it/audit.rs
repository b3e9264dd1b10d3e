//! What an auditor is handed: a clean folder raises no alarm, a tampered one raises the right one, with two verifiers.
//!
//! `ADUAN_FULL=1 cargo nextest run --release --locked -p aduan-testkit audit:: --no-capture` tries all of it, and prints
//! what it counted.

mod clean;
mod forge;
mod kinds;
mod python;
mod resume;
mod tampering;
mod world;

/// How often something is tried: here, and where everything is.
fn times(here: usize, full: usize) -> usize {
    if std::env::var_os("ADUAN_FULL").is_some() { full } else { here }
}
