//! `ratios`: every part beside its bare limit, side by side in one run.
//!
//! ```text
//! cargo run --release -p aduan-benches --bin ratios -- [core] [calendar] [sqlite] [slow-sqlite] [histories] [audit]
//!     [--rounds N] [--sequences N] [--lives N] [--json]
//! ```
//!
//! Sides take turns, round by round; figures are medians of the rounds, and so is the ratio. A line that misses
//! its target ends the run with code 1.

mod appends;
mod audit;
mod bare;
mod days;
mod histories;
mod records;

use std::process::ExitCode;
use std::time::Duration;

use aduan_measure::fsync::{self, Fsyncs};
use aduan_measure::table::{self, Row};

use crate::appends::Load;

fn main() -> ExitCode {
    if let [_, verify, folder] = &std::env::args().collect::<Vec<_>>()[..]
        && verify == "--verify"
    {
        println!("{}", audit::verify_alone(folder));
        return ExitCode::SUCCESS;
    }
    let wanted = match Wanted::read(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!(
                "ratios: {why}\nusage: ratios [{}] [--rounds N] [--sequences N] [--lives N] [--json]",
                SECTIONS.join("] [")
            );
            return ExitCode::from(2);
        }
    };
    if wanted.sections.iter().any(|section| section.contains("sqlite")) && !fsync::is_second_run() {
        return fsync::run_again().unwrap_or_else(|why| {
            eprintln!("ratios: {why}");
            ExitCode::from(2)
        });
    }
    let mut rows = Vec::new();
    for section in &wanted.sections {
        let more = match *section {
            "core" => records::section(wanted.rounds.unwrap_or(201)),
            "calendar" => days::section(wanted.rounds.unwrap_or(201)),
            "sqlite" => on_disk(Load { rounds: wanted.rounds.unwrap_or(15), ..FAST_DISK }),
            "audit" => audit::section(wanted.rounds.unwrap_or(3), wanted.lives),
            "slow-sqlite" => on_disk(Load { rounds: wanted.rounds.unwrap_or(5), ..SLOW_DISK }),
            _ => histories::section(wanted.sequences),
        };
        if !wanted.as_json {
            table::print(&more);
        }
        rows.extend(more);
    }
    if wanted.as_json {
        println!("{}", serde_json::to_string_pretty(&rows).expect("rows are JSON"));
    }
    if rows.iter().all(is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn on_disk(load: Load) -> Vec<Row> {
    let fsyncs = Fsyncs::preloaded().expect("the program was started anew with the library that counts fsyncs");
    appends::section(load, &fsyncs)
}

fn is_met(row: &Row) -> bool {
    row.ok != Some(false)
}

/// What was asked for.
struct Wanted {
    sections: Vec<&'static str>,
    rounds: Option<usize>,
    sequences: u64,
    lives: u64,
    as_json: bool,
}

impl Wanted {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted =
            Wanted { sections: Vec::new(), rounds: None, sequences: 100_000, lives: 100_000, as_json: false };
        while let Some(arg) = args.next() {
            let mut number = || {
                let number = args.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                number.ok_or_else(|| format!("{arg} takes a number"))
            };
            match arg.as_str() {
                "--json" => wanted.as_json = true,
                "--rounds" => wanted.rounds = Some(number()? as usize),
                "--sequences" => wanted.sequences = number()?,
                "--lives" => wanted.lives = number()?,
                name => {
                    let known = SECTIONS.into_iter().find(|section| *section == name);
                    wanted.sections.push(known.ok_or_else(|| format!("there is no section {name}"))?);
                }
            }
        }
        if wanted.sections.is_empty() {
            wanted.sections = SECTIONS.to_vec();
        }
        Ok(wanted)
    }
}

const SECTIONS: [&str; 6] = ["core", "calendar", "sqlite", "slow-sqlite", "histories", "audit"];

const FAST_DISK: Load = Load {
    section: "sqlite: one-event commands on this disk",
    rounds: 15,
    lives: 16,
    fsync: Duration::ZERO,
    times: 2.0,
    is_bound: true,
};
const SLOW_DISK: Load = Load {
    section: "slow-sqlite: the same, no fsync faster than 3 ms",
    rounds: 5,
    lives: 4,
    fsync: Duration::from_millis(3),
    times: 15.0,
    is_bound: false,
};
