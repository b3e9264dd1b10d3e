//! `satisfaction`: what complainants say.

use aduan::figures::{Basis, SatisfactionLine};
use aduan::statistics::Hundredths;
use clap::Args;

use super::{Asked, key};
use crate::answer::{Exit, Failure, Teller};
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::Tenant;

/// What `satisfaction` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct SatisfactionFigures {
    #[command(flatten)]
    asked: Asked,
    /// Tell no ratings where there are fewer than this: nobody's own is to be read off.
    #[arg(long, value_name = "N", default_value_t = 5)]
    fewest: u64,
}

impl SatisfactionFigures {
    /// Prints ratings, all together unless a grouping is asked for.
    ///
    /// # Errors
    /// When they are not kept that way, or cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let by = self.asked.by;
        let seen = self.asked.open(tenant, teller).await?;
        let satisfaction = seen.view().satisfaction(&self.asked.scope(Basis::Ended), by, self.fewest).await?;
        let told = |line: &SatisfactionLine| Told { line: line.clone(), fewest: self.fewest };
        let is_hidden = satisfaction.lines.iter().any(|line| line.is_suppressed);
        let sheet = Sheet {
            title: self.asked.title("ratings of closed cycles", &seen),
            key: key(by),
            name: |told: &Told| &told.line.name,
            parts: PARTS,
            more: &[],
            lines: satisfaction.lines.iter().map(told).collect(),
            total: Some(told(&satisfaction.total)),
            notes: if is_hidden && by.is_some() { vec![HIDDEN.to_owned()] } else { Vec::new() },
        };
        self.asked.tell(teller, &self.asked.document(&seen, by, &satisfaction), &sheet)
    }
}

/// A line, and how many ratings it takes to tell it.
struct Told {
    line: SatisfactionLine,
    fewest: u64,
}

const PARTS: &[Part<Told>] = &[Part {
    about: "",
    columns: &[
        Column::Count("eligible", |told| Some(told.line.eligible)),
        Column::Count("rated", |told| told.line.rated),
        Column::Share("response", |told| told.line.response),
        Column::Number("mean", |told| told.line.mean),
        Column::Count("stars.1", |told| told.line.stars.map(|stars| stars[0])),
        Column::Count("stars.2", |told| told.line.stars.map(|stars| stars[1])),
        Column::Count("stars.3", |told| told.line.stars.map(|stars| stars[2])),
        Column::Count("stars.4", |told| told.line.stars.map(|stars| stars[3])),
        Column::Count("stars.5", |told| told.line.stars.map(|stars| stars[4])),
        Column::Share("satisfied", |told| told.line.satisfied),
        Column::Number("interval_low", |told| bound(&told.line, 0)),
        Column::Number("interval_high", |told| bound(&told.line, 1)),
        Column::Flag("is_suppressed", |told| told.line.is_suppressed.then(|| format!("fewer than {}", told.fewest))),
    ],
}];

fn bound(line: &SatisfactionLine, side: usize) -> Option<Hundredths> {
    line.interval.map(|interval| interval[side])
}

const HIDDEN: &str = "Hidden are lines of too few ratings, and one that would give a single hidden line away.";

const JSON: &str = "\
By agency, officer, class, channel, closure or month (in which the cycle was closed) [default: all together].
Satisfied are those who gave 4 or 5 stars; the interval is Wilson's for 95 %, in percent.

With --json, one document on one line (null: none):
  {ledger, position, now, as_known, as_of, by, since, until, agency, officer, class, channel, clock,
   fewest, lines: [LINE], total: LINE}
  LINE   {name, eligible, is_suppressed, rated, response: SHARE, mean, stars: [1, 2, 3, 4, 5], satisfied: SHARE,
          interval: [low, high]}
  SHARE  {count, of, percent}
With --csv, a row a line and no total: name, then the same names, those of a SHARE as response_count and so on.";
