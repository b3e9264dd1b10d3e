//! Figures: what is asked of them, and how they are told.

mod load;
mod satisfaction;
mod sla;
mod trend;

use aduan::clock::ClockKind;
use aduan::event::Class;
use aduan::figures::{Basis, By, FigureError, Scope};
use aduan::projection::TABLES;
use aduan::values::{AgencyCode, Channel, Month, PersonRef};
use clap::Args;
use serde::Serialize;

pub(crate) use self::load::LoadFigures;
pub(crate) use self::satisfaction::SatisfactionFigures;
pub(crate) use self::sla::SlaFigures;
pub(crate) use self::trend::TrendFigures;
use crate::answer::{Exit, Failure, Teller};
use crate::choice::named;
use crate::look::{Heading, Look, Seen};
use crate::sheet::{Form, Sheet};
use crate::tenant::Tenant;

/// What every figure can be asked.
#[derive(Args)]
pub(crate) struct Asked {
    /// What there is a line for.
    #[arg(long, value_name = "WHAT", value_parser = named(&By::ALL, By::name))]
    by: Option<By>,
    /// The first month that counts, as 2024-03.
    #[arg(long, value_name = "MONTH")]
    since: Option<Month>,
    /// The last month that counts.
    #[arg(long, value_name = "MONTH")]
    until: Option<Month>,
    /// Only what this agency answered for then.
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
    /// Only what this officer acted on then.
    #[arg(long, value_name = "REFERENCE")]
    officer: Option<PersonRef>,
    /// Only what had this class then.
    #[arg(long, value_name = "CLASS", value_parser = named(&Class::ALL, Class::name))]
    class: Option<Class>,
    /// Only what came this way.
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
    /// Only this clock.
    #[arg(long, value_name = "CLOCK", value_parser = named(&ClockKind::ALL, ClockKind::name))]
    clock: Option<ClockKind>,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    form: Form,
}

impl Asked {
    /// Opens what is asked of.
    ///
    /// # Errors
    /// When the question makes no sense, or there is nothing that could answer it.
    async fn open(&self, tenant: &Tenant, teller: Teller) -> Result<Seen, Failure> {
        self.form.check(teller)?;
        if self.since.zip(self.until).is_some_and(|(since, until)| until < since) {
            return Err(Failure::Usage("--until lies before --since".into()));
        }
        self.look.open(tenant, teller).await
    }

    fn scope(&self, basis: Basis) -> Scope {
        Scope {
            agency: self.agency.clone(),
            officer: self.officer.clone(),
            class: self.class,
            channel: self.channel.clone(),
            clock: self.clock,
            since: self.since,
            until: self.until,
            basis,
        }
    }

    /// What is told above figures in JSON.
    fn document<'a, F: Serialize>(&'a self, seen: &'a Seen, by: Option<By>, figures: &'a F) -> Document<'a, F> {
        Document {
            heading: &seen.heading,
            by: by.map(By::name),
            since: self.since,
            until: self.until,
            agency: self.agency.as_ref(),
            officer: self.officer.as_ref(),
            class: self.class.map(Class::name),
            channel: self.channel.as_ref(),
            clock: self.clock.map(ClockKind::name),
            figures,
        }
    }

    /// The first line of a sheet.
    fn title(&self, what: &str, seen: &Seen) -> String {
        let limits = [
            ("since", self.since.map(|month| month.to_string())),
            ("until", self.until.map(|month| month.to_string())),
            ("agency", self.agency.as_ref().map(|agency| agency.to_string())),
            ("officer", self.officer.as_ref().map(|officer| officer.to_string())),
            ("class", self.class.map(|class| class.name().to_owned())),
            ("channel", self.channel.as_ref().map(|channel| channel.to_string())),
            ("clock", self.clock.map(|clock| clock.name().to_owned())),
        ];
        let limits = limits.into_iter().filter_map(|(name, limit)| Some(format!("; {name} {}", limit?)));
        format!("{what} of {}{}", seen.heading, limits.collect::<String>())
    }

    /// Tells figures in the form that is asked for.
    ///
    /// # Errors
    /// When standard output is closed.
    fn tell<L>(&self, teller: Teller, document: &impl Serialize, sheet: &Sheet<'_, L>) -> Result<Exit, Failure> {
        self.form.tell(teller, document, sheet)?;
        Ok(Exit::Done)
    }
}

/// What a program is told: what was asked, and the figures, whose own fields stand behind it.
#[derive(Serialize)]
struct Document<'a, F> {
    #[serde(flatten)]
    heading: &'a Heading,
    by: Option<&'static str>,
    since: Option<Month>,
    until: Option<Month>,
    agency: Option<&'a AgencyCode>,
    officer: Option<&'a PersonRef>,
    class: Option<&'static str>,
    channel: Option<&'a Channel>,
    clock: Option<&'static str>,
    #[serde(flatten)]
    figures: &'a F,
}

impl From<FigureError> for Failure {
    fn from(error: FigureError) -> Self {
        match error {
            FigureError::NotKept { table, column } => Failure::Usage(format!(
                "this is not kept by {column}; it can be asked by {}, and limited to one of these",
                kept_by(table)
            )),
            FigureError::Reads(error) => error.into(),
        }
    }
}

/// What a table is kept by, of what can be asked.
fn kept_by(table: &str) -> String {
    let keys = TABLES.iter().filter(|known| known.name == table).flat_map(|table| table.key);
    let names = keys.map(|column| column.name).filter(|name| By::ALL.iter().any(|by| by.name() == *name));
    names.collect::<Vec<_>>().join(", ")
}

/// What stands over the names of lines.
fn key(by: Option<By>) -> [&'static str; 2] {
    [by.map_or("", By::name), "name"]
}
