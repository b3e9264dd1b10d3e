//! The port of read models: tables that are declared in the core, and what a store does with their rows.
//!
//! A read model is rows and sums in [`TABLES`](crate::projection::TABLES). A [`ReadStore`] makes a real table of
//! each, with its indexes, takes changes together with the position they reach up to, and answers filtered, ordered
//! and summed questions. It knows nothing of complaints: another read model is another declaration.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::values::{Digest, LedgerId, Month, Position};

/// A table of a read model. There is no NULL in it: what is not there is `''`, 0 or [`NEVER`].
#[derive(Debug)]
pub struct Table {
    /// Its name, the same in every store.
    pub name: &'static str,
    /// What a row says, in one sentence.
    pub about: &'static str,
    /// The columns that make a row one of its kind, in order.
    pub key: &'static [Column],
    /// The others. Those of a table of sums are [`Kind::Integer`] and add up.
    pub rest: &'static [Column],
    /// Whether changes are added to a row. A row whose sums are all 0 is not there.
    pub is_sum: bool,
    /// By which columns rows are looked for, beside the key; each index ends with the key.
    pub indexes: &'static [&'static [&'static str]],
    /// What is kept for the engine alone, and left out where others look.
    pub privacy: Privacy,
}

/// What of a table others see: the view that a city's own tools read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Privacy {
    /// All of it.
    Open,
    /// Nothing: there is no view of it.
    Closed,
    /// Only rows in which this column is 0: the others are the inspectorate's.
    Rows(&'static str),
    /// Only such rows, and without this other column, which is the engine's own.
    RowsAndColumn(&'static str, &'static str),
}

impl Table {
    /// Every column: the key, then the others. Rows have their values in this order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + Clone {
        self.key.iter().chain(self.rest)
    }

    /// Whether there is a view of it at all.
    pub fn has_view(&self) -> bool {
        self.privacy != Privacy::Closed
    }

    /// The columns that others see.
    pub fn shown(&self) -> impl Iterator<Item = &'static Column> + Clone {
        let hidden = match self.privacy {
            Privacy::RowsAndColumn(_, hidden) => Some(hidden),
            Privacy::Open | Privacy::Closed | Privacy::Rows(_) => None,
        };
        self.columns().filter(move |column| Some(column.name) != hidden)
    }

    /// The column that is 0 in rows that others see; none where they see all.
    pub fn secret(&self) -> Option<&'static str> {
        match self.privacy {
            Privacy::Open | Privacy::Closed => None,
            Privacy::Rows(secret) | Privacy::RowsAndColumn(secret, _) => Some(secret),
        }
    }

    /// Where in a row a column stands.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns().position(|known| known.name == column)
    }

    /// The key of a row.
    pub fn key_of<'r>(&self, row: &'r [Value]) -> &'r [Value] {
        &row[..self.key.len()]
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Table {}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text, compared byte by byte.
    Text,
    /// A whole number.
    Integer,
    /// An instant, to the microsecond.
    Instant,
    /// A date.
    Date,
    /// The id of a complaint.
    Id,
}

/// A value in a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// Of [`Kind::Text`].
    Text(Text),
    /// Of [`Kind::Integer`].
    Integer(i64),
    /// Of [`Kind::Instant`].
    Instant(DateTime<Utc>),
    /// Of [`Kind::Date`].
    Date(NaiveDate),
    /// Of [`Kind::Id`].
    Id(Uuid),
}

impl Value {
    /// What column it fits.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Text(_) => Kind::Text,
            Value::Integer(_) => Kind::Integer,
            Value::Instant(_) => Kind::Instant,
            Value::Date(_) => Kind::Date,
            Value::Id(_) => Kind::Id,
        }
    }

    /// The text; empty where it is none.
    pub fn text(&self) -> &str {
        if let Value::Text(text) = self { text.as_str() } else { "" }
    }

    /// The number; 0 where it is none.
    pub fn integer(&self) -> i64 {
        if let Value::Integer(number) = self { *number } else { 0 }
    }

    /// The instant; [`NEVER`] where it is none.
    pub fn instant(&self) -> DateTime<Utc> {
        if let Value::Instant(instant) = self { *instant } else { NEVER }
    }

    /// The date; the last one there is where it is none.
    pub fn date(&self) -> NaiveDate {
        if let Value::Date(date) = self { *date } else { NaiveDate::MAX }
    }

    /// The id; the nil one where it is none.
    pub fn id(&self) -> Uuid {
        if let Value::Id(id) = self { *id } else { Uuid::nil() }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Value::Text(Text::Static(text))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(Text::Shared(text.into()))
    }
}
impl From<Month> for Value {
    fn from(month: Month) -> Self {
        Value::Text(Text::Month(month.digits()))
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}
impl From<DateTime<Utc>> for Value {
    /// Cut to the microsecond, which is what every store keeps.
    fn from(instant: DateTime<Utc>) -> Self {
        Value::Instant(DateTime::from_timestamp_micros(instant.timestamp_micros()).unwrap_or(instant))
    }
}
impl From<NaiveDate> for Value {
    fn from(date: NaiveDate) -> Self {
        Value::Date(date)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text.as_str()),
            Value::Integer(number) => number.fmt(f),
            Value::Instant(instant) if *instant == NEVER => f.write_str("never"),
            Value::Instant(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Value::Date(date) => date.fmt(f),
            Value::Id(id) => id.fmt(f),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Instant(instant) if *instant == NEVER => serializer.serialize_none(),
            other => serializer.collect_str(other),
        }
    }
}

/// A text that is known to the program, or shared: counting a million rows copies none.
#[derive(Clone, Debug)]
pub enum Text {
    /// Known to the program.
    Static(&'static str),
    /// Shared.
    Shared(Arc<str>),
    /// A month, as `2024-03`.
    Month([u8; 7]),
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Text::Static(text) => text,
            Text::Shared(text) => text,
            Text::Month(digits) => std::str::from_utf8(digits).unwrap_or_default(),
        }
    }
}
impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Text {}
impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The instant of what has no time: late enough to sort behind everything.
pub const NEVER: DateTime<Utc> = DateTime::from_timestamp(253_402_300_799, 0).expect("the last second of 9999 exists");

/// The values of a row, in the order of the table's columns.
pub type Row = Vec<Value>;

/// What changes in the tables, each named once and each key of it once, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// By table.
    pub tables: Vec<TableChanges>,
}

/// What changes in one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableChanges {
    /// Which.
    pub table: &'static Table,
    /// Rows to put in the place of what has the same key; in a table of sums, what to add to them.
    pub put: Vec<Row>,
    /// Keys of rows to take away; none in a table of sums.
    pub drop: Vec<Row>,
}

/// A step of a projector: changes, and how far they reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advance {
    /// The build.
    pub build: u32,
    /// The position the build must stand at: another one means that somebody else took this step.
    pub from: Position,
    /// The position it stands at afterwards.
    pub to: Position,
    /// The hash of the record at that position.
    pub record_hash: Digest,
    /// What changes.
    pub changes: Changes,
}

/// One build of the read models of a ledger. The live one answers; another may grow beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Build {
    /// Its number, from 1.
    pub number: u32,
    /// The [version](crate::projection::VERSION) of the read models it was built by.
    pub version: u32,
    /// How far in the log it has come.
    pub position: Position,
    /// The hash of the record there: a log that says otherwise is not the one it was built from. The empty digest at
    /// position 0.
    pub record_hash: Digest,
    /// Whether it is the one that answers.
    pub is_live: bool,
    /// Why it stopped, where it did: an event it could not take.
    pub stopped: Option<String>,
}

/// A question for rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Select {
    /// Of which table.
    pub table: &'static Table,
    /// What must hold, all of it.
    pub filter: Vec<Condition>,
    /// By which columns rows are ordered, smallest first; behind them the key orders.
    pub order: Vec<&'static str>,
    /// The values of the order's columns, and behind them the whole key, of the last row seen, which fits the filter:
    /// only what comes behind it.
    pub after: Option<Row>,
    /// How many at most.
    pub limit: usize,
}

/// A question for sums of a table of sums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sum {
    /// Of which table.
    pub table: &'static Table,
    /// What must hold, all of it.
    pub filter: Vec<Condition>,
    /// One row for each combination of these columns, in their order; without any, one row or none.
    pub by: Vec<&'static str>,
}

/// Something that must hold of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Which column.
    pub column: &'static str,
    /// What of it.
    pub test: Test,
}

/// What must hold of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Test {
    /// It is this.
    Is(Value),
    /// It is not this.
    IsNot(Value),
    /// It is this or later, this or more.
    AtLeast(Value),
    /// It is this or earlier, this or less.
    AtMost(Value),
    /// It is earlier, or less.
    Before(Value),
}

impl Condition {
    /// The column is this value.
    pub fn is(column: &'static str, value: impl Into<Value>) -> Self {
        Condition { column, test: Test::Is(value.into()) }
    }
    /// The column is anything but this value.
    pub fn is_not(column: &'static str, value: impl Into<Value>) -> Self {
        Condition { column, test: Test::IsNot(value.into()) }
    }
    /// The column is this value or more.
    pub fn at_least(column: &'static str, value: impl Into<Value>) -> Self {
        Condition { column, test: Test::AtLeast(value.into()) }
    }
    /// The column is this value or less.
    pub fn at_most(column: &'static str, value: impl Into<Value>) -> Self {
        Condition { column, test: Test::AtMost(value.into()) }
    }
    /// The column is less than this value.
    pub fn before(column: &'static str, value: impl Into<Value>) -> Self {
        Condition { column, test: Test::Before(value.into()) }
    }
}

/// A store of read models, for one ledger.
///
/// # Promises every implementation keeps (the conformance suite asks for each)
/// - The changes of a step and its position are stored together or not at all.
/// - A step that does not start where the build stands changes nothing.
/// - Whoever holds the [lease](ReadStore::lease) is the only one, and loses it with its life.
/// - A build that is gone answers nothing: half of what was there would be a wrong figure.
/// - Text is compared byte by byte, rows come in the order asked for, and a page begins where the last one ended.
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// Whose read models these are.
    fn ledger(&self) -> &LedgerId;

    /// Waits until nobody else projects this ledger; until the lease is dropped nobody else does.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn lease(&self) -> Result<Box<dyn Lease>, ReadError>;

    /// The lease, if nobody has it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, ReadError>;

    /// Every build, by number.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn builds(&self) -> Result<Vec<Build>, ReadError>;

    /// Begins an empty build at position 0, which is not live.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn begin(&self, version: u32) -> Result<Build, ReadError>;

    /// Takes a step, whole or not at all; clears why the build stopped.
    ///
    /// # Errors
    /// `Overtaken` when the build does not stand where the step starts, or is gone; nothing was changed.
    async fn advance(&self, advance: Advance) -> Result<(), ReadError>;

    /// Notes why a build goes no further.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn stop(&self, build: u32, why: &str) -> Result<(), ReadError>;

    /// Makes a build the live one, and the one before it not.
    ///
    /// # Errors
    /// `Overtaken` when there is no such build.
    async fn switch(&self, build: u32) -> Result<(), ReadError>;

    /// Takes a build away, with all its rows; from its beginning on nobody is answered from it any more. One that is
    /// gone is no error.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn discard(&self, build: u32) -> Result<(), ReadError>;

    /// Rows by their keys, in the order asked; `None` where there is none.
    ///
    /// # Errors
    /// `NotBuilt` when there is no such build; `Unavailable`; `Corrupt` when a stored value does not fit its column, or
    /// a name is none of the table's.
    async fn get(&self, build: u32, table: &'static Table, keys: &[Row]) -> Result<Vec<Option<Row>>, ReadError>;

    /// Rows that fit, in order.
    ///
    /// # Errors
    /// As [`ReadStore::get`].
    async fn rows(&self, build: u32, select: &Select) -> Result<Vec<Row>, ReadError>;

    /// Sums: for each combination of the columns asked for, these and then the sums of the other columns, in order.
    /// A combination whose sums are all 0 is left out.
    ///
    /// # Errors
    /// As [`ReadStore::get`].
    async fn sums(&self, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError>;
}

/// The right to project, until it is dropped.
pub trait Lease: Send + Sync {}

/// What went wrong with read models. The ledger is not touched by any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not reached, or the outcome is unknown: asking [`ReadStore::builds`] tells how far a build has come.
    #[error("read models unavailable: {0}")]
    Unavailable(String),
    /// Somebody else has taken this step.
    #[error("read models were taken further by somebody else")]
    Overtaken,
    /// What is stored does not fit the tables.
    #[error("read models corrupt: {0}; they can be rebuilt from the ledger")]
    Corrupt(String),
    /// There is no live build, or one of another release.
    #[error("the read models of this release are not built yet")]
    NotBuilt,
}
