//! Figures: what officers, mayors and the ministry ask of the read models.
//!
//! A [`View`] answers from one build of the [tables](crate::projection); formulas stand here once, for every store.
//! Percentages carry their counts, means are sums divided once, and whether something is late is asked of the time
//! that the caller gives.

mod load;
mod queue;
mod routing;
mod satisfaction;
mod sla;
mod trend;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::load::{AGE_BUCKETS, Load, LoadLine};
pub use self::queue::{Cursor, QueueFilter, QueuePage, Waiting};
pub use self::routing::{Routing, RoutingLine};
pub use self::satisfaction::{Satisfaction, SatisfactionLine};
pub use self::sla::{Sla, SlaLine, Took};
pub use self::trend::{Became, Trend, TrendLine};
use crate::clock::ClockKind;
use crate::event::Class;
use crate::projection::cases::{self, PublicStatus};
use crate::projection::{Case, VERSION, deadlines};
use crate::read::{Build, Condition, ReadError, ReadStore, Row, Sum, Table, Value};
use crate::values::{AgencyCode, Channel, ComplaintId, Month, PersonRef, Position, TrackingNumber};

/// One build of the read models, to ask.
#[derive(Clone)]
pub struct View {
    store: Arc<dyn ReadStore>,
    build: Build,
}

/// What figures are about. Empty: everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// The agency that answered for it then.
    pub agency: Option<AgencyCode>,
    /// The officer who acted for it then.
    pub officer: Option<PersonRef>,
    /// The class it had then.
    pub class: Option<Class>,
    /// The way it came.
    pub channel: Option<Channel>,
    /// The clock.
    pub clock: Option<ClockKind>,
    /// The first month.
    pub since: Option<Month>,
    /// The last month.
    pub until: Option<Month>,
    /// Which month counts.
    pub basis: Basis,
}

/// Which month a verdict counts in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Basis {
    /// Flow: the month in which it was over. What is not over counts in the present one.
    #[default]
    Ended,
    /// Cohort: the month in which it began.
    Started,
}

/// What figures are listed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Who answered for it then.
    Agency,
    /// Who acted for it then.
    Officer,
    /// The class it had then.
    Class,
    /// The way it came.
    Channel,
    /// The clock.
    Clock,
    /// The month.
    Month,
    /// How it ended.
    Closure,
}

impl By {
    /// Every one.
    pub const ALL: [By; 7] = [By::Agency, By::Officer, By::Class, By::Channel, By::Clock, By::Month, By::Closure];

    /// The name, and the column.
    pub fn name(self) -> &'static str {
        match self {
            By::Agency => "agency",
            By::Officer => "officer",
            By::Class => "class",
            By::Channel => "channel",
            By::Clock => "clock",
            By::Month => "month",
            By::Closure => "closure",
        }
    }
}

/// Why there is no figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// Not kept that way.
    #[error("{table} are not kept by {column}")]
    NotKept {
        /// What is asked.
        table: &'static str,
        /// By what.
        column: &'static str,
    },
    /// The read models do not answer.
    #[error(transparent)]
    Reads(#[from] ReadError),
}

impl View {
    /// The live build of this release's read models.
    ///
    /// # Errors
    /// `NotBuilt` where there is none.
    pub async fn live(store: Arc<dyn ReadStore>) -> Result<Self, ReadError> {
        let builds = store.builds().await?;
        let live = builds.into_iter().find(|build| build.is_live && build.version == VERSION);
        Ok(View { build: live.ok_or(ReadError::NotBuilt)?, store })
    }

    /// How far in the log it had come when it was opened. It goes on moving.
    pub fn position(&self) -> Position {
        self.build.position
    }

    /// Why it stopped, where it did: an event that could not be taken.
    pub fn stopped(&self) -> Option<&str> {
        self.build.stopped.as_deref()
    }

    /// The public status behind a tracking number; `None` where there is none.
    ///
    /// # Errors
    /// As [`ReadStore::rows`].
    pub async fn track(&self, number: TrackingNumber) -> Result<Option<PublicStatus>, ReadError> {
        cases::track(self.store.as_ref(), self.build.number, number).await
    }

    /// What the read models know of a complaint; `None` where it is unknown to them.
    ///
    /// # Errors
    /// As [`ReadStore::get`].
    pub async fn case(&self, complaint: ComplaintId) -> Result<Option<Case>, ReadError> {
        cases::case(self.store.as_ref(), self.build.number, complaint).await
    }

    /// Complaints that time may have done something to by `now`: what [`Engine::tick`](crate::engine::Engine::tick)
    /// is given.
    ///
    /// # Errors
    /// As [`ReadStore::rows`].
    pub async fn due(&self, now: DateTime<Utc>) -> Result<Vec<ComplaintId>, ReadError> {
        deadlines::due(self.store.as_ref(), self.build.number, now).await
    }

    /// Asks several questions of one position: again, where the read models moved meanwhile, a few times over.
    async fn steadily<T>(&self, ask: impl AsyncFn() -> Result<T, FigureError>) -> Result<T, FigureError> {
        let mut looks = 0;
        loop {
            let before = self.stands_at().await?;
            let answer = ask().await?;
            looks += 1;
            if looks == MOST_LOOKS || before == self.stands_at().await? {
                return Ok(answer);
            }
        }
    }

    async fn stands_at(&self) -> Result<Position, ReadError> {
        let builds = self.store.builds().await?;
        let ours = builds.into_iter().find(|build| build.number == self.build.number);
        ours.map(|build| build.position).ok_or(ReadError::NotBuilt)
    }

    /// Sums of a table in a scope, by group; without a grouping all are one, named by the empty text.
    async fn grouped(&self, ask: Ask<'_>) -> Result<BTreeMap<String, Vec<Row>>, FigureError> {
        let mut filter = ask.more.to_vec();
        filter.extend(ask.scope.conditions(ask.table, ask.month)?);
        let group = match ask.by {
            Some(By::Month) => Some(column(ask.table, ask.month.unwrap_or("month"))?),
            Some(by) => Some(column(ask.table, by.name())?),
            None => None,
        };
        let mut by: Vec<&'static str> = group.into_iter().collect();
        by.extend(ask.and_by);
        let sums = self.store.sums(self.build.number, &Sum { table: ask.table, filter, by }).await?;
        let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for mut row in sums {
            let name = if group.is_some() { row.remove(0).to_string() } else { String::new() };
            groups.entry(name).or_default().push(row);
        }
        Ok(groups)
    }
}

/// What [`View::grouped`] is asked.
struct Ask<'a> {
    table: &'static Table,
    scope: &'a Scope,
    by: Option<By>,
    /// Which column holds the month; none where months do not bound the question.
    month: Option<&'static str>,
    /// Columns to tell apart inside a group.
    and_by: &'a [&'static str],
    more: &'a [Condition],
}

impl Scope {
    fn conditions(&self, table: &'static Table, month: Option<&'static str>) -> Result<Vec<Condition>, FigureError> {
        let mut conditions = Vec::new();
        let named = [
            ("agency", self.agency.as_ref().map(|agency| agency.as_str().to_owned())),
            ("officer", self.officer.as_ref().map(|officer| officer.as_str().to_owned())),
            ("class", self.class.map(|class| class.name().to_owned())),
            ("channel", self.channel.as_ref().map(|channel| channel.as_str().to_owned())),
            ("clock", self.clock.map(|clock| clock.name().to_owned())),
        ];
        for (name, wanted) in named {
            if let Some(wanted) = wanted {
                conditions.push(Condition::is(column(table, name)?, wanted));
            }
        }
        if let Some(month) = month {
            conditions.extend(self.since.map(|since| Condition::at_least(month, since.to_string())));
            conditions.extend(self.until.map(|until| Condition::at_most(month, until.to_string())));
        }
        Ok(conditions)
    }

    /// Whether a month lies in it.
    fn holds(&self, month: Month) -> bool {
        self.since.is_none_or(|since| since <= month) && self.until.is_none_or(|until| month <= until)
    }
}

fn column(table: &'static Table, name: &'static str) -> Result<&'static str, FigureError> {
    let kept = table.key.iter().find(|column| column.name == name);
    kept.map(|column| column.name).ok_or(FigureError::NotKept { table: table.name, column: name })
}

/// A sum as a count: a store never keeps fewer than none.
fn count(value: &Value) -> u64 {
    u64::try_from(value.integer()).unwrap_or(0)
}

/// A figure of a city that never pauses may be of two neighbouring positions; who reads it cannot tell.
const MOST_LOOKS: usize = 5;
