//! `sla`: whether limits are met.

use aduan::figures::{Basis, By, Sla, SlaLine};
use clap::Args;
use serde::Serialize;

use super::{Asked, key};
use crate::answer::{Exit, Failure, Teller};
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::Tenant;

/// What `sla` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct SlaFigures {
    #[command(flatten)]
    asked: Asked,
    /// Count a clock in the month in which it started, not in the one in which it stopped.
    #[arg(long)]
    cohort: bool,
}

impl SlaFigures {
    /// Prints verdicts and durations, by clock unless another grouping is asked for.
    ///
    /// # Errors
    /// When they are not kept that way, or cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let by = Some(self.asked.by.unwrap_or(By::Clock));
        let seen = self.asked.open(tenant, teller).await?;
        let basis = if self.cohort { Basis::Started } else { Basis::Ended };
        let sla = seen.view().sla(&self.asked.scope(basis), by, seen.now).await?;
        let counted = if self.cohort { "; by the month of their start" } else { "" };
        let judged = Judged { cohort: self.cohort, sla };
        let sheet = Sheet {
            title: self.asked.title("clocks", &seen) + counted,
            key: key(by),
            name: |line: &SlaLine| &line.name,
            parts: PARTS,
            more: &[],
            lines: judged.sla.lines.clone(),
            total: Some(judged.sla.total.clone()),
            notes: Vec::new(),
        };
        self.asked.tell(teller, &self.asked.document(&seen, by, &judged), &sheet)
    }
}

/// Verdicts, and by which month they are counted.
#[derive(Serialize)]
struct Judged {
    cohort: bool,
    #[serde(flatten)]
    sla: Sla,
}

const PARTS: &[Part<SlaLine>] = &[
    Part {
        about: "",
        columns: &[
            Column::Count("met", |line| Some(line.met)),
            Column::Count("missed", |line| Some(line.missed)),
            Column::Count("running", |line| Some(line.running)),
            Column::Count("overdue", |line| Some(line.overdue)),
            Column::Count("paused", |line| Some(line.paused)),
            Column::Count("cancelled", |line| Some(line.cancelled)),
            Column::Share("compliance", |line| line.compliance),
            Column::Share("compliance_with_overdue", |line| line.compliance_with_overdue),
        ],
    },
    Part {
        about: "Working days: median, nine in ten, and of how many",
        columns: &[
            Column::Took("verification", |line| line.verification.clone()),
            Column::Took("first_response", |line| line.first_response.clone()),
            Column::Took("resolution", |line| line.resolution.clone()),
            Column::Took("holding", |line| line.holding.clone()),
        ],
    },
];

const JSON: &str = "\
By agency, officer, class, channel, clock [default] or month. Compliance is met of met and missed; with overdue, of
those and what runs and is late. What has not stopped counts in the present month. Working days are told where clocks
are not told apart, and not with --cohort.

With --json, one document on one line (null: none):
  {ledger, position, now, as_known, as_of, by, since, until, agency, officer, class, channel, clock,
   cohort, lines: [LINE], total: LINE}
  LINE   {name, met, missed, running, overdue, paused, cancelled, compliance: SHARE, compliance_with_overdue: SHARE,
          verification: TOOK, first_response: TOOK, resolution: TOOK, holding: TOOK}
  SHARE  {count, of, percent}
  TOOK   {cases, median, p90}, in working days of the tenant
With --csv, a row a line and no total: name, then the same names, those of a SHARE as compliance_count and so on.";
