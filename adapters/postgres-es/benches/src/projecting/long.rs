//! Whether memory stays flat over a long log.

use aduan_measure::table::Row;

use super::{SECTION, Town};
use crate::server::Server;

/// The most memory this process had, when a tenth of the log was taken and when all of it was.
pub(super) async fn rows(server: &Server) -> Vec<Row> {
    let town = Town::fill(server, LIVES).await;
    let mut leading = town.projector.lead().await.expect("nobody else leads");
    let mut early = None;
    let mut on_step = |progress: &aduan::projector::Progress| {
        if progress.position > progress.head / 10 && early.is_none() {
            early = Some(resident());
        }
    };
    forget_the_peak();
    let progress = leading.catch_up(&mut on_step).await.expect("a sound log");
    let (early, late) = (early.unwrap_or_else(resident), resident());
    let megabytes = |bytes: f64| bytes / 1e6;
    vec![
        Row::alone(SECTION, format!("memory after a tenth of {} events", progress.position), "MB", &[megabytes(early)]),
        Row::alone(SECTION, "memory after all of them", "MB", &[megabytes(late)]),
        Row::alone(SECTION, "the first of the second: flat", "share", &[early / late]).at_least(0.8),
    ]
}

/// What it has in memory, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    1024.0 * kilobytes
}

/// From here on the most is counted anew: what was measured before had its own.
fn forget_the_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may forget its own peak");
}

const LIVES: u64 = 200_000;
