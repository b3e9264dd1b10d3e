//! `show`: where a complaint stands.

mod present;

use std::sync::Arc;

use aduan::complaint::Complaint;
use aduan::engine::upcast;
use aduan::event::Fact;
use aduan::store::Store;
use aduan::values::{ComplaintId, TrackingNumber};
use clap::Args;

pub(crate) use self::present::Present;
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

/// The complaint of that id or tracking number.
///
/// # Errors
/// When the name is neither, or there is no such complaint.
pub(crate) async fn find(store: &dyn Store, name: &str) -> Result<ComplaintId, Failure> {
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
