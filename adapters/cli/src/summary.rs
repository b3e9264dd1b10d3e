//! `summary`: counts over the whole log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aduan::engine::upcast;
use aduan::store::Store;
use aduan::summary::{Summary, SummaryFold, Verdicts};
use clap::Args;

use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::progress::Progress;
use crate::tenant::Tenant;

/// What `summary` is told.
#[derive(Args)]
pub(crate) struct Count {
    #[command(flatten)]
    now: Now,
}

impl Count {
    /// Folds the log, and prints the counts at `--now`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let summary = fold(&*store, teller).await?.at(self.now.instant().0);
        teller.tell(&summary, table(&summary).trim_end())?;
        Ok(Exit::Done)
    }
}

async fn fold(store: &dyn Store, teller: Teller) -> Result<SummaryFold, Failure> {
    let progress = Progress::start(teller, store.head().await?.position, "events");
    let mut fold = SummaryFold::default();
    let mut position = 0;
    loop {
        let page = store.after(position, PAGE).await?;
        for entry in &page.entries {
            let event = upcast(&entry.record, &[]).map_err(|broken| Failure::Corrupt(broken.to_string()))?;
            fold.add(entry.record.complaint, &event);
        }
        position = page.end;
        progress.at(position);
        if page.at_head {
            return Ok(fold);
        }
    }
}

fn table(summary: &Summary) -> String {
    let mut text = format!("{} complaints, {} events\n", summary.complaints, summary.events);
    counts(&mut text, "stages", &summary.stages);
    counts(&mut text, "closures", &summary.closures);
    counts(&mut text, "channels", &summary.channels);
    counts(&mut text, "agencies", &summary.agencies);
    verdicts(&mut text, "clocks", "overdue", &summary.clocks);
    verdicts(&mut text, "windows", "elapsed", &summary.windows);
    let ratings = &summary.ratings;
    let _ = writeln!(text, "\nratings  {} in all, {} stars together", ratings.count, ratings.sum);
    for (stars, count) in (1..).zip(ratings.stars) {
        let _ = writeln!(text, "  {:<38}{count:>9}", format!("{stars} of 5"));
    }
    text
}

fn verdicts(text: &mut String, title: &str, overdue: &str, verdicts: &BTreeMap<&'static str, Verdicts>) {
    let _ = writeln!(
        text,
        "\n{title:<18}{:>9}{:>9}{:>9}{overdue:>9}{:>9}{:>11}",
        "met", "missed", "running", "paused", "cancelled"
    );
    for (clock, v) in verdicts {
        let _ = writeln!(
            text,
            "  {clock:<16}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}",
            v.met, v.missed, v.running, v.overdue, v.paused, v.cancelled
        );
    }
}

fn counts<K: std::fmt::Display>(text: &mut String, title: &str, counts: &BTreeMap<K, u64>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "\n{title}");
    for (name, count) in counts {
        let _ = writeln!(text, "  {:<38}{count:>9}", name.to_string());
    }
}

const PAGE: usize = 2_048;
