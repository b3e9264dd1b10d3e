//! `queue` and `monitor`: what to do next, and what of it the central government watches.

use aduan::complaint::Stage;
use aduan::event::{Class, Priority};
use aduan::figures::{Cursor, QueueFilter, QueuePage, Waiting};
use aduan::values::{AgencyCode, Moment, PersonRef, Zone};
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::answer::{Exit, Failure, Teller};
use crate::choice::named;
use crate::edge::Instant;
use crate::look::{Heading, Look, Seen};
use crate::sheet::{Column, Form, Part, Sheet};
use crate::tenant::Tenant;

/// What `queue` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct Queue {
    #[command(flatten)]
    listing: Listing,
}

/// What `monitor` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct Monitor {
    #[command(flatten)]
    listing: Listing,
}

impl Queue {
    /// Prints a page, nearest due time first.
    ///
    /// # Errors
    /// When the read models cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let Listing { after, limit, .. } = self.listing;
        let seen = self.listing.open(tenant, teller).await?;
        let page = seen.view().queue(&self.listing.filter(), after, limit.into()).await?;
        self.listing.tell("queue", &seen, &page, teller)
    }
}

impl Monitor {
    /// Prints a page of what is watched at that time, longest watched first.
    ///
    /// # Errors
    /// When the read models cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let Listing { after, limit, .. } = self.listing;
        let seen = self.listing.open(tenant, teller).await?;
        let page = seen.view().monitor(&self.listing.filter(), seen.now.at, after, limit.into()).await?;
        self.listing.tell("monitor", &seen, &page, teller)
    }
}

/// Which open complaints, and how many at once.
#[derive(Args)]
struct Listing {
    /// Only what this agency holds.
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
    /// Only what this officer acted on last for the holder.
    #[arg(long, value_name = "REFERENCE")]
    officer: Option<PersonRef>,
    /// Only what stands here.
    #[arg(long, value_name = "STAGE", value_parser = named(&Stage::ALL, Stage::name))]
    stage: Option<Stage>,
    /// Only this class.
    #[arg(long, value_name = "CLASS", value_parser = named(&Class::ALL, Class::name))]
    class: Option<Class>,
    /// Only what is so urgent.
    #[arg(long, value_name = "PRIORITY", value_parser = named(&Priority::ALL, Priority::name))]
    priority: Option<Priority>,
    /// The inspectorate's own: what nobody else may see, and only that.
    #[arg(long)]
    inspectorate: bool,
    /// Only what is due before this time.
    #[arg(long, value_name = "TIME")]
    due_before: Option<Instant>,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// The next page: what the page before gave as next.
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    form: Form,
}

impl Listing {
    async fn open(&self, tenant: &Tenant, teller: Teller) -> Result<Seen, Failure> {
        self.form.check(teller)?;
        self.look.open(tenant, teller).await
    }

    fn filter(&self) -> QueueFilter {
        QueueFilter {
            agency: self.agency.clone(),
            officer: self.officer.clone(),
            stage: self.stage,
            class: self.class,
            priority: self.priority,
            due_before: self.due_before.map(|time| time.0),
            for_inspectorate: self.inspectorate,
        }
    }

    fn tell(&self, what: &str, seen: &Seen, page: &QueuePage, teller: Teller) -> Result<Exit, Failure> {
        let zone = seen.now.zone;
        let next = page.next.map(|next| format!("more: --after {next}"));
        let sheet = Sheet {
            title: format!("{what} of {}", seen.heading),
            key: ["number", "tracking_number"],
            name: |listed: &Listed| &listed.waiting.tracking_number,
            parts: PARTS,
            more: MORE,
            lines: page.waiting.iter().map(|waiting| Listed { waiting: waiting.clone(), zone }).collect(),
            total: None,
            notes: next.clone().into_iter().collect(),
        };
        self.form.tell(teller, &Document { heading: &seen.heading, page }, &sheet)?;
        if let Some(next) = next.filter(|_| self.form.is_csv()) {
            teller.warn(&next);
        }
        Ok(Exit::Done)
    }
}

/// What a program is told.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    heading: &'a Heading,
    #[serde(flatten)]
    page: &'a QueuePage,
}

/// A complaint, and the zone whose times it is told in.
struct Listed {
    waiting: Waiting,
    zone: Zone,
}

impl Listed {
    fn local(&self, at: Option<DateTime<Utc>>) -> Option<Moment> {
        at.map(|at| Moment { at, zone: self.zone })
    }
}

const PARTS: &[Part<Listed>] = &[Part {
    about: "",
    columns: &[
        Column::Time("next_due", |listed| listed.local(listed.waiting.next_due)),
        Column::Text("next_clock", |listed| listed.waiting.next_clock.clone()),
        Column::Time("monitored_from", |listed| listed.local(listed.waiting.monitored_from)),
        Column::Text("stage", |listed| listed.waiting.stage.clone()),
        Column::Text("class", |listed| listed.waiting.class.clone()),
        Column::Text("priority", |listed| listed.waiting.priority.clone()),
        Column::Count("level", |listed| Some(listed.waiting.level.into())),
        Column::Text("agency", |listed| listed.waiting.agency.clone()),
        Column::Text("officer", |listed| listed.waiting.officer.clone()),
        Column::Text("category", |listed| listed.waiting.category.clone()),
        Column::Flag("has_question", |listed| listed.waiting.has_question.then(|| "asked".to_owned())),
    ],
}];

const MORE: &[Column<Listed>] = &[
    Column::Text("complaint", |listed| listed.waiting.complaint.to_string()),
    Column::Text("channel", |listed| listed.waiting.channel.clone()),
    Column::Text("area", |listed| listed.waiting.area.clone()),
    Column::Time("received_at", |listed| listed.local(Some(listed.waiting.received_at))),
    Column::Time("held_since", |listed| listed.local(listed.waiting.held_since)),
    Column::Count("cycle", |listed| Some(listed.waiting.cycle.into())),
    Column::Text("visibility", |listed| listed.waiting.visibility.clone()),
];

const JSON: &str = "\
No line holds anything personal. What only the inspectorate may see is in its own list, and in no other.

With --json, one document on one line (null: none):
  {ledger, position, now, as_known, as_of, waiting: [WAITING], next}
  WAITING  {complaint, tracking_number, agency, officer, stage, class, category, priority, channel, area, received_at,
            held_since, cycle, level, has_question, next_clock, next_due, monitored_from, visibility}
next is what --after takes for the page behind this one. With --csv, a row each with the same names; next is told on
standard error.";
