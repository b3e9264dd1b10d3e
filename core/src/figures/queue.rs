//! What to do next.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use std::str::FromStr;

use super::View;
use crate::complaint::Stage;
use crate::event::{Class, Priority};
use crate::projection::queue::QUEUE;
use crate::read::{Condition, NEVER, ReadError, Row, Select, Value};
use crate::values::{AgencyCode, ComplaintId, InvalidValue, PersonRef, micros};

/// Which open complaints are asked for. Empty: every one but those that only the inspectorate may see.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QueueFilter {
    /// Who holds it.
    pub agency: Option<AgencyCode>,
    /// Who acted on it last for the holder.
    pub officer: Option<PersonRef>,
    /// Where it stands.
    pub stage: Option<Stage>,
    /// Its class.
    pub class: Option<Class>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Only what is due before this instant.
    pub due_before: Option<DateTime<Utc>>,
    /// The inspectorate's own queue: what nobody else may see, and only that.
    pub for_inspectorate: bool,
}

/// A page of a queue, nearest due time first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct QueuePage {
    /// Complaints.
    pub waiting: Vec<Waiting>,
    /// Where the next page begins; none behind the last one.
    pub next: Option<Cursor>,
}

/// An open complaint. No word of it is personal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Waiting {
    /// The complaint.
    pub complaint: ComplaintId,
    /// The number the complainant was told.
    pub tracking_number: String,
    /// Who holds it; empty where nobody does.
    pub agency: String,
    /// Who acted on it last for the holder.
    pub officer: String,
    /// Where it stands.
    pub stage: String,
    /// Its class.
    pub class: String,
    /// What it is about.
    pub category: String,
    /// How urgent it is.
    pub priority: String,
    /// The way it came.
    pub channel: String,
    /// Where, coarsely.
    pub area: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Since when it is held.
    pub held_since: Option<DateTime<Utc>>,
    /// Which life it lives.
    pub cycle: u32,
    /// How far up the ladder.
    pub level: u8,
    /// Whether a question waits for the complainant.
    pub has_question: bool,
    /// The clock that is due next.
    pub next_clock: String,
    /// The last instant in which that is in time.
    pub next_due: Option<DateTime<Utc>>,
    /// From when on the central government watches it.
    pub monitored_from: Option<DateTime<Utc>>,
    /// Who may see it.
    pub visibility: String,
}

/// Where a page begins: behind a due time and a complaint. Written as text for links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    at: DateTime<Utc>,
    complaint: ComplaintId,
}

impl View {
    /// A page of what to do next, nearest due time first; behind them what nothing is due of.
    ///
    /// # Errors
    /// As [`ReadStore::rows`](crate::read::ReadStore::rows).
    pub async fn queue(
        &self,
        filter: &QueueFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<QueuePage, ReadError> {
        self.page(filter.conditions(), "next_due", after, limit).await
    }

    /// A page of the central government's list: past a statutory clock by `now`, or at level 3 and above.
    ///
    /// # Errors
    /// As [`ReadStore::rows`](crate::read::ReadStore::rows).
    pub async fn monitor(
        &self,
        filter: &QueueFilter,
        now: DateTime<Utc>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<QueuePage, ReadError> {
        let mut conditions = filter.conditions();
        conditions.push(Condition::before("monitored_from", now));
        self.page(conditions, "monitored_from", after, limit).await
    }

    async fn page(
        &self,
        filter: Vec<Condition>,
        by: &'static str,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<QueuePage, ReadError> {
        let after = after.map(|cursor| vec![Value::from(cursor.at), Value::Id(cursor.complaint.0)]);
        let limit = limit.clamp(1, MOST_ROWS);
        let select = Select { table: &QUEUE, filter, order: vec![by], after, limit: limit + 1 };
        let mut rows = self.store.rows(self.build.number, &select).await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let place = QUEUE.place(by).unwrap_or_default();
        let cursor = |row: &Row| Cursor { at: row[place].instant(), complaint: ComplaintId(row[0].id()) };
        let next = rows.last().filter(|_| has_more).map(cursor);
        Ok(QueuePage { waiting: rows.iter().map(|row| Waiting::of(row)).collect(), next })
    }
}

impl QueueFilter {
    fn conditions(&self) -> Vec<Condition> {
        let mut conditions = vec![Condition::is("secret", i64::from(self.for_inspectorate))];
        let named = [
            ("agency", self.agency.as_ref().map(|agency| agency.as_str().to_owned())),
            ("officer", self.officer.as_ref().map(|officer| officer.as_str().to_owned())),
            ("stage", self.stage.map(|stage| stage.name().to_owned())),
            ("class", self.class.map(|class| class.name().to_owned())),
            ("priority", self.priority.map(|priority| priority.name().to_owned())),
        ];
        conditions.extend(named.into_iter().filter_map(|(name, wanted)| Some(Condition::is(name, wanted?))));
        conditions.extend(self.due_before.map(|end| Condition::before("next_due", end)));
        conditions
    }
}

impl Waiting {
    fn of(row: &[Value]) -> Self {
        let value = |name: &str| &row[QUEUE.place(name).unwrap_or_default()];
        let text = |name: &str| value(name).text().to_owned();
        let instant = |name: &str| Some(value(name).instant()).filter(|instant| *instant != NEVER);
        Waiting {
            complaint: ComplaintId(row[0].id()),
            tracking_number: text("tracking_number"),
            agency: text("agency"),
            officer: text("officer"),
            stage: text("stage"),
            class: text("class"),
            category: text("category"),
            priority: text("priority"),
            channel: text("channel"),
            area: text("area"),
            received_at: value("received_at").instant(),
            held_since: instant("held_since"),
            cycle: u32::try_from(value("cycle").integer()).unwrap_or(0),
            level: u8::try_from(value("level").integer()).unwrap_or(0),
            has_question: value("question").integer() != 0,
            next_clock: text("next_clock"),
            next_due: instant("next_due"),
            monitored_from: instant("monitored_from"),
            visibility: text("visibility"),
        }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.at.timestamp_micros(), self.complaint)
    }
}
impl FromStr for Cursor {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("cursor", "must be what the page before gave as next");
        let (at, complaint) = text.split_once('_').ok_or_else(wrong)?;
        let at = at.parse().map_err(|_| wrong())?;
        let never = NEVER.timestamp_micros();
        let at = if at == never { Some(NEVER) } else { micros::instant(at) };
        Ok(Cursor { at: at.ok_or_else(wrong)?, complaint: complaint.parse()? })
    }
}
impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A page is for people.
const MOST_ROWS: usize = 1_000;
