//! `aduan`: the command line of the complaint engine.
//!
//! Every verb reads its arguments here, does its work in a file of its own, and ends in an [`Exit`].
//! Nothing here decides about a complaint: that is the library's.

mod ahead;
mod answer;
mod attested;
mod audit;
mod checkpoints;
mod choice;
mod claim;
mod commands;
mod conform;
mod copy;
mod database;
mod edge;
mod evidence;
mod export;
mod figures;
mod held;
mod history;
mod ikm;
mod import;
mod init;
mod ledger;
mod look;
mod models;
mod notary;
mod page;
mod progress;
mod queue;
mod reads;
mod replay;
mod report;
mod sheet;
mod show;
mod signer;
mod signing;
mod summary;
mod tenant;
mod tick;
mod track;
mod verify;
mod whole;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::answer::{Exit, Failure, Teller};
use crate::edge::Instant;
use crate::tenant::Tenant;

/// Keeps complaints: what came in, who must answer by when, what was answered, and proof of all of it.
#[derive(Parser)]
#[command(name = "aduan", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    tenant: Tenant,
    /// Answer in JSON, errors too (those on standard error).
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a ledger and the vault that holds its keys.
    Init(init::Init),
    /// Do commands, one JSON object a line; answer each with one line of JSON.
    Do(commands::Do),
    /// Print the JSON schema of the lines that `do` reads.
    Schema,
    /// Show where a complaint stands.
    Show(show::Show),
    /// Show everything recorded of a complaint, and what it did to the clocks; also as a page.
    History(history::History),
    /// Do what time alone has caused: lapses, closings by silence, escalations.
    Tick(tick::Tick),
    /// Check the whole log, or a folder that was made for an auditor: chains, whole commands, lawful transitions, verdicts.
    Verify(verify::Verify),
    /// Bring complaints in from a file of another system.
    Import(import::ImportFile),
    /// Write the ledger in a form that other tools read: tables, process mining, a bus, open data.
    Export(export::ExportLedger),
    /// Tell which transitions of another system's log break the rules of this lifecycle, and draw how it ran.
    Conform(conform::Conform),
    /// Count complaints, verdicts of clocks, closures and ratings.
    Summary(summary::Count),
    /// Grade a satisfaction survey of nine elements: the Indeks Kepuasan Masyarakat (IKM).
    Ikm(ikm::Ikm),
    /// List open complaints, nearest due time first.
    Queue(queue::Queue),
    /// List what the central government watches: past a statutory clock, or at level 3 and above.
    Monitor(queue::Monitor),
    /// Tell whether limits are met, and how long things take.
    Sla(figures::SlaFigures),
    /// Tell what complainants say.
    Satisfaction(figures::SatisfactionFigures),
    /// Tell what comes in, and what becomes of it.
    Trend(figures::TrendFigures),
    /// Tell how much there is to do, how old it is, and how often it is passed on.
    Load(figures::LoadFigures),
    /// Show the public status behind a tracking number.
    Track(track::Track),
    /// Build the read models anew: to compare them, or to put them in place.
    Replay(replay::Replay),
    /// List the builds of the read models, and how far they have come.
    Models(models::Models),
    /// Write the figures as one page with charts, to read, to print and to pass on.
    Report(report::Report),
    /// Derive every verdict and number of a year from the log anew, each with the positions it rests on.
    Evidence(evidence::WriteEvidence),
    /// Hold a claim against the ledger: `satisfaction 91.3 %`, or `received 312 = resolved 187 + open 125`.
    Claim(claim::HoldClaim),
    /// Copy a ledger into another store, with every position and hash. The vault stays one file for both.
    Copy(copy::CopyLedger),
    /// Have checkpoints of the log signed and kept: proof that nothing before them was changed or cut.
    Notary(notary::FollowLog),
    /// List the checkpoints that are kept, and how far the last one is behind; serve auditors and witnesses.
    Checkpoints(checkpoints::Checkpoints),
    /// Admit that a ledger lost its end, and show the lines of checkpoints it went on in.
    #[command(subcommand)]
    Ledger(ledger::LedgerVerb),
    /// Sign checkpoints in a process of its own, out of reach of whoever can write to the ledger.
    #[command(subcommand)]
    Signer(signer::SignerVerb),
}

/// The moment to look from.
#[derive(Args)]
struct Now {
    /// The time to look from, RFC 3339 with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    now: Option<Instant>,
}

impl Now {
    fn instant(&self) -> Instant {
        self.now.unwrap_or_else(Instant::now)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let teller = Teller { json: cli.json };
    // One worker beside this thread: an import reads rows here while it seals others there.
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))
        .and_then(|runtime| runtime.block_on(run(cli.verb, &cli.tenant, teller)));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            teller.tell_failure(&failure);
            failure.exit().into()
        }
    }
}

async fn run(verb: Verb, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
    match verb {
        Verb::Init(init) => init.run(tenant, teller).await,
        Verb::Do(commands) => commands.run(tenant, teller).await,
        Verb::Schema => commands::print_schema(),
        Verb::Show(show) => show.run(tenant, teller).await,
        Verb::History(history) => history.run(tenant, teller).await,
        Verb::Tick(tick) => tick.run(tenant, teller).await,
        Verb::Verify(verify) => verify.run(tenant, teller).await,
        Verb::Import(import) => import.run(tenant, teller).await,
        Verb::Export(export) => export.run(tenant, teller).await,
        Verb::Conform(conform) => conform.run(teller),
        Verb::Summary(summary) => summary.run(tenant, teller).await,
        Verb::Ikm(ikm) => ikm.run(teller),
        Verb::Queue(queue) => queue.run(tenant, teller).await,
        Verb::Monitor(monitor) => monitor.run(tenant, teller).await,
        Verb::Sla(sla) => sla.run(tenant, teller).await,
        Verb::Satisfaction(satisfaction) => satisfaction.run(tenant, teller).await,
        Verb::Trend(trend) => trend.run(tenant, teller).await,
        Verb::Load(load) => load.run(tenant, teller).await,
        Verb::Track(track) => track.run(tenant, teller).await,
        Verb::Replay(replay) => replay.run(tenant, teller).await,
        Verb::Models(models) => models.run(tenant, teller).await,
        Verb::Report(report) => report.run(tenant, teller).await,
        Verb::Evidence(evidence) => evidence.run(tenant, teller).await,
        Verb::Claim(claim) => claim.run(tenant, teller).await,
        Verb::Copy(copy) => copy.run(tenant, teller).await,
        Verb::Notary(notary) => notary.run(tenant, teller).await,
        Verb::Checkpoints(checkpoints) => checkpoints.run(tenant, teller).await,
        Verb::Ledger(verb) => verb.run(tenant, teller).await,
        Verb::Signer(verb) => verb.run(teller).await,
    }
}

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed: a file or the store was not reached, or the outcome is unknown (ask again with the same id)
  2  the command line, a map or a policy file is not understood
  3  refused by the rules (nothing was recorded of what was refused), or by the signer; `claim`: contradicted
  4  busy: another process writes to this ledger (reading goes on)
  5  the log or the vault is corrupt, `verify` found problems, `replay --check` differences, the log is not the one that
     was signed, or not all `evidence` stands
  6  `claim`: not derivable; the ledger says neither yes nor no
  10 to 24  `verify DIR` found failures; the gravest is of that class (adapters/audit/FORMAT.md)
An import that leaves rows in its rejects file ends with 0 and says how many; with 3 if it took none. `conform` ends
with 3 if the log breaks a rule.

A ledger is a store, which is a SQLite file or lies in a PostgreSQL database, and a file of keys, the vault. Without
the vault everything personal is lost for good, so a backup is both, kept apart. Whoever writes to a ledger in a
database, from whichever machine, uses the same vault. A URL may go without its password: PGPASSWORD is read, too.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
