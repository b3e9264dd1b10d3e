//! `history`: everything recorded of a complaint as a timeline: who did what, when, under which rules, and what it did
//! to the clocks.

mod lane;
mod page;
mod programs;
mod terminal;
mod texts;
mod timeline;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use aduan::engine::Engine;
use aduan::values::ComplaintId;
use clap::Args;
use serde_json::json;

use self::texts::Texts;
use self::timeline::{Entry, Look, Timeline};
use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::edge::Instant;
use crate::show::{find, unknown};
use crate::tenant::Tenant;
use crate::whole::{Readers, write_whole};

/// What `history` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct History {
    /// The complaint's id, or its tracking number.
    id: String,
    /// Open sealed values: names, contacts, texts. Takes the vault.
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    now: Now,
    /// Only what had been recorded by that time. `--now` is that time, too, unless it is given.
    #[arg(long, value_name = "TIME")]
    as_known: Option<Instant>,
    /// Write it as a page with the clocks drawn: one HTML file that needs no other. With --reveal only its owner may
    /// read it.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl History {
    /// Tells every event, its chain checked. Texts that were asked for and could not be opened are a failure.
    ///
    /// # Errors
    /// When there is none, its history cannot be read or trusted, or the page not written.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let id = find(&*store, &self.id).await?;
        let engine = tenant.reading_engine(Arc::clone(&store), self.reveal).await?;
        let timeline = self.timeline(&engine, id).await?;
        match &self.html {
            Some(path) => {
                let page = page::of(&timeline).to_string();
                let readers = if self.reveal { Readers::Owner } else { Readers::Anyone };
                write_whole(path, &page, readers).map_err(|error| Failure::file(path, &error))?;
                let (path, events) = (path.display().to_string(), timeline.entries.len());
                let told = json!({ "history": path, "complaint": id, "events": events, "bytes": page.len() });
                teller.tell(&told, &format!("{path}: {} of {id}", words::counted(events, "event")))?;
            }
            None if teller.json => teller.tell(&programs::of(&timeline), "")?,
            None => teller.tell(&(), terminal::of(&timeline).trim_end())?,
        }
        let is_whole = !timeline.entries.iter().any(|entry| entry.texts.are_lost());
        Ok(if is_whole { Exit::Done } else { Exit::Failed })
    }

    async fn timeline(&self, engine: &Engine, id: ComplaintId) -> Result<Timeline, Failure> {
        let mut history = engine.history(id).await?;
        if history.is_empty() {
            return Err(unknown());
        }
        let all = history.len();
        if let Some(known) = self.as_known {
            history.retain(|recorded| recorded.event.recorded_at() <= known.0);
        }
        if history.is_empty() {
            return Err(Failure::Refused("nothing had been recorded of it by then".into()));
        }
        let rules = engine.rules_that_bound(&history).await?;
        let look = Look {
            ledger: engine.store().id().clone(),
            complaint: id,
            now: self.now.now.or(self.as_known).unwrap_or_else(Instant::now),
            as_known: self.as_known,
            later: all - history.len(),
            is_revealed: self.reveal,
        };
        let mut entries = Vec::with_capacity(history.len());
        for recorded in history {
            let texts = if self.reveal { Texts::open(engine, id, &recorded.event).await? } else { Texts::Sealed };
            entries.push(Entry::new(recorded, texts));
        }
        Ok(Timeline::of(look, entries, rules))
    }
}

const JSON: &str = "\
With --json, one document on one line: {complaint, ledger, now, as_known, later_events, events, clocks, holdings, present}
  events    as recorded, each with its cycle and clock_changes: [{kind, agency, what, at, from, to, due_before, due, limit, added, by,
            margin}]; what is started, restarted, paused, resumed, extended, moved, met, missed or cancelled
  clocks    every clock there was, in the order they started: {kind, agency, cycle, disposition, started_at, limit, due,
            dues, paused, extended, ended_at, verdict, margin}; dues are the due times it had, in order
  holdings  who held it: {agency, disposition, cycle, from, until}
  present   what `aduan show` tells
A margin is {is_late, span: {working_days | calendar_days | minutes | office_minutes}}: what was left, or by how much it was
late. Times of clocks are RFC 3339 in the clock's zone. Of sealed values \"[sealed]\" is told, or \"[unreadable]\" where the
vault no longer opens them.";
