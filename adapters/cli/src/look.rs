//! A look at the read models: of which ledger, from which time, by whose knowledge.

use std::fmt;
use std::sync::Arc;

use aduan::calendar::WorkingCalendar;
use aduan::figures::View;
use aduan::projector::Cut;
use aduan::store::Store;
use aduan::values::{LedgerId, Moment, Position};
use clap::Args;
use serde::Serialize;

use crate::Now;
use crate::answer::{Failure, Teller};
use crate::edge::Instant;
use crate::reads::Reads;
use crate::tenant::Tenant;

/// From when to look, and whether back.
#[derive(Args)]
pub(crate) struct Look {
    #[command(flatten)]
    now: Now,
    /// What was shown then: only what was recorded by that time. `--now` is that time, too, unless it is given.
    #[arg(long, value_name = "TIME", conflicts_with = "as_of")]
    as_known: Option<Instant>,
    /// What is known today of then: only what happened by that time, whenever it was recorded. `--now` likewise.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
}

/// Read models that are being looked at.
pub(crate) struct Seen {
    pub(crate) heading: Heading,
    pub(crate) now: Moment,
    pub(crate) reads: Reads,
    pub(crate) store: Arc<dyn Store>,
}

/// What is looked at, and from when.
#[derive(Serialize)]
pub(crate) struct Heading {
    pub(crate) ledger: LedgerId,
    /// Of the last event that counts.
    pub(crate) position: Position,
    #[serde(serialize_with = "as_text")]
    pub(crate) now: Moment,
    #[serde(serialize_with = "as_text_if_any")]
    pub(crate) as_known: Option<Moment>,
    #[serde(serialize_with = "as_text_if_any")]
    pub(crate) as_of: Option<Moment>,
}

impl Look {
    /// Opens the ledger's read models, as far as the look goes. Takes no vault.
    ///
    /// # Errors
    /// When log or read models cannot be reached, or an event cannot be taken.
    pub(crate) async fn open(&self, tenant: &Tenant, teller: Teller) -> Result<Seen, Failure> {
        let store = tenant.reader().await?;
        let ledger = store.id().clone();
        let reads = match self.cut() {
            Some(cut) => tenant.looking_back(Arc::clone(&store), cut, teller).await?,
            None => tenant.read_models(Arc::clone(&store), teller).await?,
        };
        let now = self.now.now.or(self.as_known).or(self.as_of).unwrap_or_else(Instant::now);
        let zone = reads.rules.policy_on(now.0.date_naive()).zone;
        let heading = Heading {
            ledger,
            position: reads.position,
            now: now.in_zone(zone),
            as_known: self.as_known.map(|time| time.in_zone(zone)),
            as_of: self.as_of.map(|time| time.in_zone(zone)),
        };
        Ok(Seen { heading, now: now.in_zone(zone), reads, store })
    }

    fn cut(&self) -> Option<Cut> {
        let known = self.as_known.map(|time| Cut::Known(time.0));
        known.or(self.as_of.map(|time| Cut::Of(time.0)))
    }
}

impl Seen {
    /// What to ask.
    pub(crate) fn view(&self) -> &View {
        &self.reads.view
    }

    /// The working days of the tenant today.
    pub(crate) fn days(&self) -> &WorkingCalendar {
        self.reads.rules.tenant_days_on(self.now.date())
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at position {}, seen from {}", self.ledger, self.position, self.now)?;
        if let Some(time) = self.as_known {
            write!(f, ", as known at {time}")?;
        }
        if let Some(time) = self.as_of {
            write!(f, ", as of {time}, known today")?;
        }
        Ok(())
    }
}

fn as_text<S: serde::Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

fn as_text_if_any<S: serde::Serializer>(moment: &Option<Moment>, serializer: S) -> Result<S::Ok, S::Error> {
    moment.map(|moment| moment.to_string()).serialize(serializer)
}
