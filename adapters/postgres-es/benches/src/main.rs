//! `postgres-ratios`: ours, postgres-es and the raw limit, side by side in one run on one throwaway PostgreSQL.
//!
//! ```text
//! cargo run --release --locked --manifest-path adapters/postgres-es/benches/Cargo.toml -- \
//!     [postgres] [bulk] [reading] [projecting] [slow-postgres] [--clients N] [--rounds N] [--json]
//! ```
//!
//! - **engine**: ours as an office runs it: every command is sealed, decided, hashed and appended with its boxes and
//!   keys. **store**: only the append, of what was decided before.
//! - **postgres-es, documented**: `postgres_cqrs` over our aggregate, on its own table, with its default pool of 10.
//!   Its commands are sealed already, and it stores neither positions, hashes nor command ids: all of that favours it.
//!   The sealed texts and the keys are kept by its host, in one statement before the command that brings some.
//!   **tuned**: a connection a client, up to 64 and to 256, none of them pinged before it is used.
//! - **raw INSERT**: one connection that inserts the very rows that the store inserted, as many commands a commit,
//!   prepared, in one round trip. With the guards of the tables, and without.
//!
//! The server has the files of its log before anything is measured, as one has that has run for a while: 3 GB of the
//! temporary folder, and about as much again for the tables.
//!
//! Sides take turns, round by round; figures are medians of the rounds, and so is the ratio. Fsyncs are the server's,
//! counted and slowed by a preloaded library. A line that misses its target ends the run with code 1. `--clients N` leaves
//! out every other crowd.

mod bulk;
mod clients;
mod commands;
mod crop;
mod figures;
mod framework;
mod load;
mod ours;
mod processor;
mod projecting;
mod raw;
mod reading;
mod server;
mod sides;

use std::process::ExitCode;

use aduan_measure::table::{self, Row};
use serde::Serialize;

use crate::figures::Figure;
use crate::load::Load;
use crate::server::Server;

fn main() -> ExitCode {
    let wanted = match Wanted::read(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(why) => {
            eprintln!(
                "postgres-ratios: {why}\nusage: postgres-ratios [{}] [--clients N] [--rounds N] [--json]",
                SECTIONS.join("] [")
            );
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads for the clients");
    let server = match runtime.block_on(Server::start()) {
        Ok(server) => server,
        Err(why) => {
            eprintln!("postgres-ratios: {why}");
            return ExitCode::from(2);
        }
    };
    let mut told = Told::default();
    for section in &wanted.sections {
        let more = runtime.block_on(measure(section, &wanted, &server));
        if !wanted.as_json {
            figures::print(&more.figures);
            table::print(&more.ratios);
        }
        told.figures.extend(more.figures);
        told.ratios.extend(more.ratios);
    }
    if wanted.as_json {
        println!("{}", serde_json::to_string_pretty(&told).expect("figures are JSON"));
    }
    if told.ratios.iter().all(is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(section: &str, wanted: &Wanted, server: &Server) -> Told {
    let rounds = wanted.rounds;
    let commands = async |mut load: Load| {
        load.rounds = rounds.unwrap_or(load.rounds);
        load.crowds.retain(|crowd| wanted.clients.is_none_or(|clients| crowd.clients == clients));
        let (figures, ratios) = commands::section(&load, server).await;
        Told { figures, ratios }
    };
    let only = |ratios| Told { figures: Vec::new(), ratios };
    match section {
        "postgres" => commands(Load::on_fast_disk()).await,
        "bulk" => only(bulk::section(rounds.unwrap_or(ROUNDS), server).await),
        "projecting" => only(projecting::section(rounds.unwrap_or(ROUNDS), server).await),
        "reading" => only(reading::section(rounds.unwrap_or(ROUNDS), server).await),
        _ => commands(Load::on_slow_disk()).await,
    }
}

/// Everything that was measured.
#[derive(Default, Serialize)]
struct Told {
    figures: Vec<Figure>,
    ratios: Vec<Row>,
}

fn is_met(row: &Row) -> bool {
    row.ok != Some(false)
}

/// What was asked for.
struct Wanted {
    sections: Vec<&'static str>,
    /// Only crowds of so many.
    clients: Option<usize>,
    rounds: Option<usize>,
    as_json: bool,
}

impl Wanted {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wanted = Wanted { sections: Vec::new(), clients: None, rounds: None, as_json: false };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => wanted.as_json = true,
                "--clients" => wanted.clients = Some(number(&arg, args.next())?),
                "--rounds" => wanted.rounds = Some(number(&arg, args.next())?),
                name => {
                    let known = SECTIONS.into_iter().find(|section| *section == name);
                    wanted.sections.push(known.ok_or_else(|| format!("there is no section {name}"))?);
                }
            }
        }
        if wanted.sections.is_empty() {
            wanted.sections = SECTIONS.to_vec();
        }
        if let Some(clients) = wanted.clients {
            let is_crowd = |load: Load| load.crowds.iter().any(|crowd| crowd.clients == clients);
            if !is_crowd(Load::on_fast_disk()) || !is_crowd(Load::on_slow_disk()) {
                return Err(format!("no crowd is of {clients} clients"));
            }
        }
        Ok(wanted)
    }
}

fn number(option: &str, given: Option<String>) -> Result<usize, String> {
    let number = given.and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| format!("{option} takes a number"))
}

const SECTIONS: [&str; 5] = ["postgres", "bulk", "reading", "projecting", "slow-postgres"];

/// Of what is measured without clients.
const ROUNDS: usize = 9;
