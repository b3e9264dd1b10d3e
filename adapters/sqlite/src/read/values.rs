//! Values as SQLite holds them: whole numbers as they are, everything else as text that sorts as the values do.

use aduan::read::{Column, Kind, NEVER, ReadError, Table, Text, Value};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::Statement;
use rusqlite::types::ValueRef;
use uuid::Uuid;

use super::failed;

/// The type of a column.
pub(super) fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "INTEGER",
        Kind::Text | Kind::Instant | Kind::Date | Kind::Id => "TEXT",
    }
}

/// Binds a value to a parameter.
pub(super) fn bind(statement: &mut Statement<'_>, place: usize, value: &Value) -> rusqlite::Result<()> {
    match value {
        Value::Text(text) => statement.raw_bind_parameter(place, text.as_str()),
        Value::Integer(number) => statement.raw_bind_parameter(place, number),
        Value::Instant(instant) => {
            let instant = instant.clamp(&FIRST_INSTANT, &NEVER);
            statement.raw_bind_parameter(place, instant.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        Value::Date(date) => statement.raw_bind_parameter(place, date.clamp(&FIRST_DATE, &LAST_DATE).to_string()),
        Value::Id(id) => {
            statement.raw_bind_parameter(place, &*id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
        }
    }
}

/// Binds a build, and behind it the `width` first values of a row.
pub(super) fn bind_row(
    statement: &mut Statement<'_>,
    build: u32,
    table: &Table,
    row: &[Value],
    width: usize,
) -> Result<(), ReadError> {
    if row.len() != width {
        return Err(ReadError::Corrupt(format!("{} values in {}, not {width}", row.len(), table.name)));
    }
    statement.raw_bind_parameter(1, build).map_err(failed)?;
    for (place, (column, value)) in table.columns().zip(row).enumerate() {
        check(table, column, value)?;
        bind(statement, place + 2, value).map_err(failed)?;
    }
    Ok(())
}

/// Refuses what does not fit its column: SQLite would make text of a number, and compare the wrong things.
pub(super) fn check(table: &Table, column: &Column, value: &Value) -> Result<(), ReadError> {
    if value.kind() == column.kind {
        return Ok(());
    }
    let why = format!("{:?} in {}.{}, which holds {:?}", value.kind(), table.name, column.name, column.kind);
    Err(ReadError::Corrupt(why))
}

/// A stored value of a column.
pub(super) fn read(table: &Table, column: &Column, stored: ValueRef<'_>) -> Result<Value, ReadError> {
    parsed(column.kind, stored)
        .ok_or_else(|| ReadError::Corrupt(format!("{}.{} holds no {:?}", table.name, column.name, column.kind)))
}

fn parsed(kind: Kind, stored: ValueRef<'_>) -> Option<Value> {
    if kind == Kind::Integer {
        return stored.as_i64().ok().map(Value::Integer);
    }
    let text = stored.as_str().ok()?;
    match kind {
        Kind::Integer => None,
        Kind::Text => Some(Value::Text(Text::Shared(text.into()))),
        Kind::Instant => DateTime::parse_from_rfc3339(text).ok().map(|instant| Value::Instant(instant.to_utc())),
        Kind::Date => text.parse().ok().map(Value::Date),
        Kind::Id => Uuid::try_parse(text).ok().map(Value::Id),
    }
}

// The years that have four digits: beyond them text would not sort. No fact lies there, but a question may.
const FIRST_INSTANT: DateTime<Utc> = DateTime::from_timestamp(-62_167_219_200, 0).expect("the year 0 exists");
const FIRST_DATE: NaiveDate = NaiveDate::from_ymd_opt(0, 1, 1).expect("the year 0 exists");
const LAST_DATE: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("the year 9999 exists");

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn stored_values_come_back_and_sort_as_they_do_here() {
        let instant = |micros| Value::Instant(DateTime::from_timestamp_micros(micros).unwrap());
        let kinds: [Vec<Value>; 5] = [
            ["", "A", "Z", "a", "a\0b", "é", "本", "😀"].map(Value::from).into(),
            [i64::MIN, -1, 0, 9, 10, i64::MAX].map(Value::from).into(),
            vec![Value::Instant(FIRST_INSTANT), instant(-1), instant(0), instant(1), instant(1_000_000), NEVER.into()],
            [FIRST_DATE, NaiveDate::from_ymd_opt(2024, 2, 29).unwrap(), LAST_DATE].map(Value::from).into(),
            [0, 10, u128::MAX].map(|id| Value::Id(Uuid::from_u128(id))).into(),
        ];
        for values in kinds {
            assert!(values.is_sorted());
            let kind = values[0].kind();
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE t (v {}) STRICT", sql_type(kind))).unwrap();
            let mut insert = connection.prepare("INSERT INTO t VALUES (?1)").unwrap();
            for value in values.iter().rev() {
                bind(&mut insert, 1, value).unwrap();
                insert.raw_execute().unwrap();
            }
            let mut select = connection.prepare("SELECT v FROM t ORDER BY v").unwrap();
            let stored = select.query_map([], |row| Ok(parsed(kind, row.get_ref(0)?).unwrap())).unwrap();
            assert_eq!(stored.collect::<Result<Vec<_>, _>>().unwrap(), values);
        }
    }
}
