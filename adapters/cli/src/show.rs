//! `show` and `history`: where a complaint stands, and how it came there.

mod past;
mod present;

use std::sync::Arc;

use aduan::complaint::Complaint;
use aduan::engine::upcast;
use aduan::event::Fact;
use aduan::store::Store;
use aduan::values::{ComplaintId, TrackingNumber};
use clap::Args;
use serde_json::{Value, json};

use self::past::{Happening, Texts};
use self::present::Present;
use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::tenant::Tenant;

/// What `show` is told.
#[derive(Args)]
pub(crate) struct Show {
    /// The complaint's id, or its tracking number.
    id: String,
    #[command(flatten)]
    now: Now,
}

impl Show {
    /// Prints where the complaint stands. Nothing personal is opened.
    ///
    /// # Errors
    /// When there is none, or its history cannot be read or trusted.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let id = find(&*store, &self.id).await?;
        let history = tenant.reading_engine(Arc::clone(&store), false).await?.history(id).await?;
        if history.is_empty() {
            return Err(unknown());
        }
        let complaint = Complaint::replay(history.iter().map(|recorded| &recorded.event));
        let present = Present::of(id, &complaint, self.now.instant());
        teller.tell(&present, &present.to_string())?;
        Ok(Exit::Done)
    }
}

/// What `history` is told.
#[derive(Args)]
pub(crate) struct History {
    /// The complaint's id, or its tracking number.
    id: String,
    /// Open sealed values: names, contacts, texts. Takes the vault.
    #[arg(long)]
    reveal: bool,
}

impl History {
    /// Prints every event, its chain checked. Texts that were asked for and could not be opened are a failure.
    ///
    /// # Errors
    /// When there is none, or its history cannot be read or trusted.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let id = find(&*store, &self.id).await?;
        let engine = tenant.reading_engine(Arc::clone(&store), self.reveal).await?;
        let history = engine.history(id).await?;
        if history.is_empty() {
            return Err(unknown());
        }
        let mut happenings = Vec::with_capacity(history.len());
        for recorded in &history {
            let texts = if self.reveal { Texts::open(&engine, id, &recorded.event).await? } else { Texts::Sealed };
            happenings.push(Happening { recorded, texts });
        }
        let told: Vec<Value> = happenings.iter().map(Happening::to_json).collect();
        let lines: Vec<String> = happenings.iter().map(Happening::to_string).collect();
        teller.tell(&json!({ "complaint": id, "events": told }), &lines.join("\n"))?;
        let is_whole = !happenings.iter().any(|happening| happening.texts.are_lost());
        Ok(if is_whole { Exit::Done } else { Exit::Failed })
    }
}

/// The complaint of that id or tracking number.
async fn find(store: &dyn Store, name: &str) -> Result<ComplaintId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let wrong = |_| Failure::Usage("that is neither a complaint's id nor a tracking number".into());
    let number: TrackingNumber = name.parse().map_err(wrong)?;
    let mut position = 0;
    let mut unread = None;
    loop {
        let page = store.after(position, PAGE).await?;
        for entry in page.entries.iter().filter(|entry| entry.record.sequence == 1) {
            let event = match upcast(&entry.record, &[]) {
                Ok(event) => event,
                // Another complaint's broken record is none of this one's business, unless it is this one.
                Err(broken) => {
                    unread = Some(broken);
                    continue;
                }
            };
            if matches!(&event.fact, Fact::Received(received) if received.tracking_number == number) {
                return Ok(entry.record.complaint);
            }
        }
        position = page.end;
        if page.at_head {
            return Err(unread.map_or_else(unknown, |broken| Failure::Corrupt(broken.to_string())));
        }
    }
}

/// Why nothing is shown of a complaint that is not there.
pub(crate) fn unknown() -> Failure {
    Failure::Refused("there is no such complaint".into())
}

const PAGE: usize = 2_048;
