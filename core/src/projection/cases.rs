//! Every complaint, one row each: its public status, and what the projection remembers of it.

use super::{AGENCY, CHANNEL, CLASS, COMPLAINT, Case, agency, channel, instant, number, text};
use crate::complaint::Stage;
use crate::read::{Column, Condition, Kind, Privacy, ReadError, ReadStore, Row, Select, Table, Value};
use crate::values::{ComplaintId, TrackingNumber, Visibility};
use chrono::NaiveDate;
use serde::Serialize;

/// One row for each complaint.
pub static CASES: Table = Table {
    name: "cases",
    about: "Every complaint, open or closed.",
    key: &[COMPLAINT],
    rest: &[
        text("tracking_number", "The number the complainant was told."),
        Column { name: "received_on", kind: Kind::Date, about: "The tenant's date when it came." },
        instant("received_at", "When it came."),
        CHANNEL,
        CLASS,
        text("stage", "Where it stands."),
        text("status", "open, or how it ended."),
        AGENCY,
        number("cycle", "Which life it lives: 1, and one more for each reopening."),
        text("visibility", "Who may see it."),
        number("secret", "1 where only the inspectorate may see it."),
        number("version", "How many of its events were taken."),
        text("state", "What the projection remembers, in JSON. Not for others to rely on."),
    ],
    is_sum: false,
    indexes: &[&["tracking_number"]],
    privacy: Privacy::RowsAndColumn("secret", "state"),
};

pub(super) fn row(case: &Case) -> Row {
    let state = crate::record::canonical(case, 768);
    vec![
        Value::Id(case.complaint.0),
        Value::from(case.tracking_number.to_string()),
        Value::from(case.received_on),
        Value::from(case.received_at),
        channel(&case.channel),
        Value::from(case.class.name()),
        Value::from(case.stage.name()),
        Value::from(case.status()),
        agency(case.last_holder.as_ref()),
        Value::from(i64::from(case.cycle)),
        Value::from(case.visibility.name()),
        Value::from(i64::from(case.is_whistleblowers())),
        Value::from(case.version as i64),
        Value::from(state),
    ]
}

/// The case that a row remembers.
///
/// # Errors
/// `Corrupt` when the row does not hold one.
pub fn case_of(row: &[Value]) -> Result<Case, ReadError> {
    let state = row.last().map_or("", Value::text);
    serde_json::from_str(state).map_err(|error| {
        let why = format!("the state of complaint {} cannot be read (column {})", row[0], error.column());
        ReadError::Corrupt(why)
    })
}

/// What whoever has the tracking number may see: where it stands, and no more than its visibility allows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublicStatus {
    /// The number.
    pub tracking_number: TrackingNumber,
    /// The day it came.
    pub received_on: NaiveDate,
    /// Where it stands.
    pub stage: Stage,
    /// `open`, or how it ended.
    pub status: &'static str,
    /// Who holds it or held it last; none where that would tell what it is about.
    pub agency: Option<String>,
    /// Which life it lives.
    pub cycle: u32,
}

/// The public status behind a tracking number; `None` where there is none, or only the inspectorate may know of it.
///
/// # Errors
/// As [`ReadStore::rows`].
pub async fn track(
    store: &dyn ReadStore,
    build: u32,
    number: TrackingNumber,
) -> Result<Option<PublicStatus>, ReadError> {
    let filter = vec![Condition::is("tracking_number", number.to_string())];
    let select = Select { table: &CASES, filter, order: Vec::new(), after: None, limit: 1 };
    let Some(row) = store.rows(build, &select).await?.pop() else { return Ok(None) };
    let case = case_of(&row)?;
    if case.is_whistleblowers() {
        return Ok(None);
    }
    let hides_content = case.visibility.is_at_least(Visibility::Secret);
    let agency = case.last_holder.as_ref().filter(|_| !hides_content).map(|agency| agency.as_str().to_owned());
    Ok(Some(PublicStatus {
        tracking_number: case.tracking_number,
        received_on: case.received_on,
        stage: case.stage,
        status: case.status(),
        agency,
        cycle: case.cycle,
    }))
}

/// The case of a complaint; `None` where it is unknown.
///
/// # Errors
/// As [`ReadStore::get`].
pub async fn case(store: &dyn ReadStore, build: u32, complaint: ComplaintId) -> Result<Option<Case>, ReadError> {
    let found = store.get(build, &CASES, &[vec![Value::Id(complaint.0)]]).await?;
    found.into_iter().flatten().next().map(|row| case_of(&row)).transpose()
}
