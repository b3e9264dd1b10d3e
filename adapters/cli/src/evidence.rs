//! `evidence`: every verdict and number of a year, derived from the log anew, with what each rests on.

mod page;
mod reading;
mod verdicts;

use std::fmt::Write as _;
use std::path::PathBuf;

use aduan::clock::ClockKind;
use aduan::evidence::{Number, Pack, ToldDoubt, ToldProblem};
use aduan::values::AgencyCode;
use clap::Args;
use serde_json::json;

pub(crate) use self::reading::derive;
use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::tenant::Tenant;
use crate::whole::{Readers, write_whole};

/// Of what evidence is asked.
#[derive(Args)]
pub(crate) struct Asked {
    /// Only what this agency answered for then.
    #[arg(long, value_name = "CODE")]
    pub(crate) agency: Option<AgencyCode>,
    /// Withhold ratings where there are fewer, so that nobody's own can be read off.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) fewest: u64,
    #[command(flatten)]
    pub(crate) now: Now,
}

/// What `evidence` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct WriteEvidence {
    /// The year, as the tenant counts.
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1900..2200))]
    year: i32,
    #[command(flatten)]
    asked: Asked,
    /// Write all of it into this file, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write it as one HTML page that needs no other file, to read and to print.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write every verdict of the year into this file, as CSV.
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
}

impl WriteEvidence {
    /// Reads the whole log, and tells or writes what follows from it.
    ///
    /// # Errors
    /// When the log cannot be read, or a file not be written.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let pack = derive(tenant, &self.asked, self.year, teller).await?;
        let mut files = Vec::new();
        let mut write = |path: &Option<PathBuf>, text: &dyn Fn() -> Result<String, Failure>| {
            let Some(path) = path else { return Ok(()) };
            // Positions could point at a whistleblower's report.
            write_whole(path, &text()?, Readers::Owner).map_err(|error| Failure::file(path, &error))?;
            files.push(path.display().to_string());
            Ok::<_, Failure>(())
        };
        write(&self.out, &|| in_json(&pack))?;
        write(&self.html, &|| Ok(page::of(&pack).to_string()))?;
        write(&self.verdicts, &|| verdicts::csv(&pack))?;
        if files.is_empty() {
            teller.tell(&pack, &told(&pack))?;
        } else {
            let (position, stands) = (pack.head.position, pack.stands);
            let brief = json!({ "files": files, "position": position, "stands": stands, "at_fault": pack.at_fault });
            let text = format!("{}: derived from {position} events; {}", files.join(", "), standing(&pack));
            teller.tell(&brief, &text)?;
        }
        Ok(if pack.stands { Exit::Done } else { Exit::Corrupt })
    }
}

fn in_json(pack: &Pack) -> Result<String, Failure> {
    let text = serde_json::to_string(pack).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(text + "\n")
}

/// What stands and what does not, in one sentence.
pub(crate) fn standing(pack: &Pack) -> String {
    let (problems, doubts) = (pack.problems.len(), pack.doubts.len());
    let fallen = pack.numbers.iter().filter(|number| !number.stands).count();
    if pack.stands {
        return format!("all {} numbers stand", pack.numbers.len());
    }
    let at_fault = if pack.at_fault.is_empty() { "none that is told".to_owned() } else { pack.at_fault.to_string() };
    format!(
        "{fallen} of {} numbers do not stand: {problems} problems of the log, {doubts} doubted clocks, positions not \
         proven: {at_fault}",
        pack.numbers.len()
    )
}

/// The numbers as lines.
fn told(pack: &Pack) -> String {
    let mut text = heading(pack);
    let width = pack.numbers.iter().map(|number| number.name.len()).max().unwrap_or(0);
    for number in &pack.numbers {
        let mark = if number.stands { " " } else { "!" };
        let faults = if number.stands { String::new() } else { format!("  does not stand: {}", number.at_fault) };
        // Writing to a string does not fail.
        let _ = write!(text, "\n{mark} {:<width$}  {}{faults}", number.name, shown(number));
    }
    for fault in fault_lines(pack) {
        let _ = write!(text, "\n! {fault}");
    }
    let _ = write!(text, "\n\n{}; {} verdicts, {} clauses", standing(pack), pack.verdicts.len(), pack.clauses.len());
    text
}

/// What is wrong with the log and its clocks, a line each; of a whistleblower's report only that it is.
pub(crate) fn fault_lines(pack: &Pack) -> impl Iterator<Item = String> {
    let problems = pack.problems.iter().map(|problem| match problem {
        ToldProblem::Open(problem) => crate::verify::problem_line(problem),
        ToldProblem::Secret { kind } => format!("in a report that is kept secret {kind:?}"),
    });
    let doubts = pack.doubts.iter().map(|doubt| match doubt {
        ToldDoubt::Open(doubt) => format!("position {} complaint {}: {doubt}", doubt.position, doubt.complaint),
        ToldDoubt::Secret { clock } => {
            let clock = clock.map_or("its documents", ClockKind::name);
            format!("in a report that is kept secret: {clock}: not what the rules make of it")
        }
    });
    problems.chain(doubts)
}

/// What a number is, for people.
pub(crate) fn shown(number: &Number) -> String {
    match &number.value {
        Some(value) => value.to_string(),
        None if number.is_withheld => "withheld: too few ratings".to_owned(),
        None => "of nothing".to_owned(),
    }
}

/// What the evidence is of, in one line.
fn heading(pack: &Pack) -> String {
    let agency = pack.agency.as_ref().map_or(String::new(), |agency| format!(", agency {agency}"));
    let head = &pack.head;
    format!(
        "evidence of {} of {}{agency}, from position 1 to {}, seen from {}\nlog hash {}\n",
        pack.year, head.ledger, head.position, pack.now, head.log_hash
    )
}

const JSON: &str = "\
Numbers have the names of the figures: `trend.received` is `received` of `aduan trend`, `sla.statutory.met` the line
`statutory` of `aduan sla`. Months and agencies count as there. A number stands if every event it rests on is proven.
Ends with 5 if the log has a problem, a clock is doubted, or a number does not stand.

With --json or in the file of --out, one document on one line (null: none):
  {format: \"aduan-evidence/1\", year, agency, now, head: {ledger, position, log_hash}, checkpoint, policies, calendars,
   directories, stands, problems: [PROBLEM], doubts: [DOUBT], at_fault: RANGES, numbers: [NUMBER],
   asked_by: [{who, about, numbers}], elsewhere: [{what, why}], clauses: [CLAUSE], verdicts: [VERDICT]}
  NUMBER   {name, value, positions: RANGES, stands, at_fault: RANGES, is_withheld}; at_fault and is_withheld where they
           apply; value is {count}, {count, of, percent}, {count, for, per_hundred}, {sum, count, mean} or {working_days}
  PROBLEM  {position, complaint, kind, why}; of a whistleblower's report only kind
  DOUBT    {position, complaint, clock, why, …}; of a whistleblower's report only clock
  VERDICT  {clock, verdict, complaint, agency, anchor, due, extended, paused, stopped_at, positions: RANGES, clause, stands};
           of a whistleblower's report only clock, verdict, clause, stands
  CLAUSE   {rule, limit, policy, source, calendar, calendar_source}; VERDICT.clause is its place, from 0
  RANGES   positions of the log, as 3,7-9";
