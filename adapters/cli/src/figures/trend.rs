//! `trend`: what comes in, and what becomes of it.

use aduan::figures::{Basis, By, TrendLine};
use clap::Args;

use super::{Asked, key};
use crate::answer::{Exit, Failure, Teller};
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::Tenant;

/// What `trend` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct TrendFigures {
    #[command(flatten)]
    asked: Asked,
}

impl TrendFigures {
    /// Prints what came and what happened, by month unless another grouping is asked for.
    ///
    /// # Errors
    /// When they are not kept that way, or cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let by = Some(self.asked.by.unwrap_or(By::Month));
        let seen = self.asked.open(tenant, teller).await?;
        let trend = seen.view().trend(&self.asked.scope(Basis::default()), by, seen.now).await?;
        let sheet = Sheet {
            title: self.asked.title("complaints", &seen),
            key: key(by),
            name: |line: &TrendLine| &line.name,
            parts: PARTS,
            more: &[],
            lines: trend.lines.clone(),
            total: Some(trend.total.clone()),
            notes: Vec::new(),
        };
        self.asked.tell(teller, &self.asked.document(&seen, by, &trend), &sheet)
    }
}

const PARTS: &[Part<TrendLine>] = &[
    Part {
        about: "Received in these months, and what has become of it",
        columns: &[
            Column::Count("received", |line| Some(line.received)),
            Column::Count("received_net", |line| Some(line.received_net)),
            Column::Count("became.open", |line| Some(line.became.open)),
            Column::Count("became.resolved.confirmed", |line| Some(line.became.resolved_confirmed)),
            Column::Count("became.resolved.silence", |line| Some(line.became.resolved_silence)),
            Column::Count("became.resolved.administrative", |line| Some(line.became.resolved_administrative)),
            Column::Count("became.declined", |line| Some(line.became.declined)),
            Column::Count("became.withdrawn", |line| Some(line.became.withdrawn)),
            Column::Count("became.duplicate", |line| Some(line.became.duplicate)),
            Column::Share("resolved_of_received", |line| line.resolved_of_received),
            Column::Growth("growth", |line| line.growth),
            Column::Growth("growth_in_a_year", |line| line.growth_in_a_year),
        ],
    },
    Part {
        about: "Closed and reopened in these months, whenever it came",
        columns: &[
            Column::Count("closed.resolved.confirmed", |line| Some(line.closed.resolved_confirmed)),
            Column::Count("closed.resolved.silence", |line| Some(line.closed.resolved_silence)),
            Column::Count("closed.resolved.administrative", |line| Some(line.closed.resolved_administrative)),
            Column::Count("closed.declined", |line| Some(line.closed.declined)),
            Column::Count("closed.withdrawn", |line| Some(line.closed.withdrawn)),
            Column::Count("closed.duplicate", |line| Some(line.closed.duplicate)),
            Column::Count("reopened", |line| Some(line.reopened)),
            Column::Number("reopened_per_hundred", |line| line.reopened_per_hundred),
        ],
    },
];

const JSON: &str = "\
By agency, class, channel or month [default]. Net is without pranks, tests and duplicates. Growth is against the month
before, and against the same month of the year before; of nothing, and of the present month, there is none. Reopened are told
for each hundred that were closed in these months; what is reopened may have been closed before them.

With --json, one document on one line (null: none):
  {ledger, position, now, as_known, as_of, by, since, until, agency, officer, class, channel, clock,
   lines: [LINE], total: LINE}
  LINE    {name, received, received_net, became: BECAME, resolved_of_received: SHARE, closed: BECAME, reopened,
           reopened_per_hundred, growth: GROWTH, growth_in_a_year: GROWTH}
  BECAME  {open, resolved_confirmed, resolved_silence, resolved_administrative, declined, withdrawn, duplicate}
  SHARE   {count, of, percent}
  GROWTH  {now, before, percent}
With --csv, a row a line and no total: name, then the same names, those inside others as became_open and so on.";
