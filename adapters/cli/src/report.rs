//! `report`: the figures of a ledger as one page, to read, to print and to pass on.

mod chart;
mod figures;
mod page;

use std::path::PathBuf;

use aduan::values::Month;
use clap::Args;
use serde_json::json;

use self::figures::{Figures, Origin};
use crate::answer::{Exit, Failure, Teller};
use crate::look::{Heading, Look, Seen};
use crate::tenant::Tenant;
use crate::whole::{Readers, write_whole};

/// What `report` is told.
#[derive(Args)]
pub(crate) struct Report {
    /// The page to write: one HTML file that needs no other.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The first month that counts, as 2024-01 [default: the first there is].
    #[arg(long, value_name = "MONTH")]
    since: Option<Month>,
    /// The last month that counts [default: the last there is].
    #[arg(long, value_name = "MONTH")]
    until: Option<Month>,
    #[command(flatten)]
    look: Look,
    /// What stands at the head of the page.
    #[arg(long, value_name = "TEXT", default_value = "Complaints, answers and limits")]
    title: String,
    /// Do not tell fewer ratings than that, so that nobody's own can be read off.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    fewest: u64,
}

impl Report {
    /// Derives the figures, and writes the page: the old one stays until the new one is whole.
    ///
    /// # Errors
    /// When the log cannot be read, or the page not written.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && until < since
        {
            return Err(Failure::Usage(format!("--until {until} lies before --since {since}")));
        }
        let seen = self.look.open(tenant, teller).await?;
        let origin = self.origin(&seen).await?;
        let position = origin.position;
        let figures = Figures::ask(&seen.reads, origin, self.fewest).await?;
        let page = page::of(&self.title, &figures).to_string();
        write_whole(&self.out, &page, Readers::Anyone).map_err(|error| Failure::file(&self.out, &error))?;
        let told = json!({ "report": self.out.display().to_string(), "position": position, "bytes": page.len() });
        teller.tell(&told, &format!("{}: derived from {position} events", self.out.display()))?;
        Ok(Exit::Done)
    }

    async fn origin(&self, seen: &Seen) -> Result<Origin, Failure> {
        let Heading { ledger, position, now, as_known, as_of } = &seen.heading;
        let last = seen.store.after(position.saturating_sub(1), 1).await?.entries;
        let head = seen.store.head().await?;
        let is_whole = head.position == *position && as_known.is_none() && as_of.is_none();
        Ok(Origin {
            ledger: ledger.to_string(),
            position: *position,
            recorded_at: last.first().map(|entry| entry.record.recorded_at),
            log_hash: is_whole.then(|| head.log_hash.to_string()),
            now: *now,
            as_known: *as_known,
            as_of: *as_of,
            since: self.since,
            until: self.until,
        })
    }
}
