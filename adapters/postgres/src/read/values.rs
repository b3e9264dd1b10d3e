//! Values of read models, as PostgreSQL takes and gives them.

use std::error::Error;
use std::fmt;

use aduan::read::{Column, Kind, ReadError, Row, Table, Text, Value};
use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// What is handed over with a statement.
pub(super) type Parameters<'v> = Vec<Box<dyn ToSql + Sync + Send + 'v>>;

/// References to them, behind the ledger and the build.
pub(super) fn referred<'p>(
    ledger: &'p &str,
    build: &'p i32,
    parameters: &'p Parameters<'_>,
) -> Vec<&'p (dyn ToSql + Sync)> {
    let mut all: Vec<&(dyn ToSql + Sync)> = vec![ledger, build];
    all.extend(parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)));
    all
}

/// A value for a column.
///
/// # Errors
/// `Corrupt` when it is of another kind.
pub(super) fn one<'v>(
    table: &Table,
    column: &Column,
    value: &'v Value,
) -> Result<Box<dyn ToSql + Sync + Send + 'v>, ReadError> {
    if value.kind() == column.kind { Ok(Box::new(One(value))) } else { Err(misfit(table, column)) }
}

/// The columns of rows, as an array each.
///
/// # Errors
/// `Corrupt` when a row does not have these columns.
pub(super) fn columns<'v>(table: &Table, of: &[&Column], rows: &'v [Row]) -> Result<Parameters<'v>, ReadError> {
    if let Some(row) = rows.iter().find(|row| row.len() != of.len()) {
        let why = format!("a row of {} has {} values in place of {}", table.name, row.len(), of.len());
        return Err(ReadError::Corrupt(why));
    }
    of.iter().enumerate().map(|(place, column)| array(table, column, place, rows)).collect()
}

/// Reads a row, from this column on.
///
/// # Errors
/// `Corrupt` when it does not hold what the table declares.
pub(super) fn row<'c>(
    found: &tokio_postgres::Row,
    from: usize,
    columns: impl Iterator<Item = &'c Column>,
) -> Result<Row, ReadError> {
    let read = |(place, column): (usize, &Column)| -> Result<Value, tokio_postgres::Error> {
        Ok(match column.kind {
            Kind::Text => Value::Text(Text::Shared(found.try_get::<_, &str>(place)?.into())),
            Kind::Integer => Value::Integer(found.try_get(place)?),
            Kind::Instant => Value::Instant(found.try_get(place)?),
            Kind::Date => Value::Date(found.try_get(place)?),
            Kind::Id => Value::Id(found.try_get(place)?),
        })
    };
    let values = (from..).zip(columns).map(read).collect::<Result<_, _>>();
    values.map_err(|error| ReadError::Corrupt(crate::failure::chain(&error)))
}

/// The type of a column's arrays.
pub(super) fn array_type(column: &Column) -> &'static str {
    match column.kind {
        Kind::Text => "text[]",
        Kind::Integer => "bigint[]",
        Kind::Instant => "timestamptz[]",
        Kind::Date => "date[]",
        Kind::Id => "uuid[]",
    }
}

fn array<'v>(
    table: &Table,
    column: &Column,
    place: usize,
    rows: &'v [Row],
) -> Result<Box<dyn ToSql + Sync + Send + 'v>, ReadError> {
    macro_rules! array {
        ($kind:ident, $value:ident => $plain:expr, $type:ty) => {{
            let plain = rows.iter().map(|row| match &row[place] {
                Value::$kind($value) => Some($plain),
                _ => None,
            });
            let plain: Option<Vec<$type>> = plain.collect();
            plain.map(|plain| Box::new(plain) as Box<dyn ToSql + Sync + Send + 'v>)
        }};
    }
    let array = match column.kind {
        Kind::Text => array!(Text, text => text.as_str(), &'v str),
        Kind::Integer => array!(Integer, number => *number, i64),
        Kind::Instant => array!(Instant, instant => *instant, DateTime<Utc>),
        Kind::Date => array!(Date, date => *date, NaiveDate),
        Kind::Id => array!(Id, id => *id, Uuid),
    };
    array.ok_or_else(|| misfit(table, column))
}

fn misfit(table: &Table, column: &Column) -> ReadError {
    ReadError::Corrupt(format!("a value for {}.{} is not of its kind", table.name, column.name))
}

/// A value that is known to be of the right kind.
struct One<'v>(&'v Value);

impl fmt::Debug for One<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

impl ToSql for One<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Text(text) => text.as_str().to_sql(wanted, out),
            Value::Integer(number) => number.to_sql(wanted, out),
            Value::Instant(instant) => instant.to_sql(wanted, out),
            Value::Date(date) => date.to_sql(wanted, out),
            Value::Id(id) => id.to_sql(wanted, out),
        }
    }
    fn accepts(wanted: &Type) -> bool {
        [Type::TEXT, Type::INT8, Type::TIMESTAMPTZ, Type::DATE, Type::UUID].contains(wanted)
    }
    to_sql_checked!();
}
