//! Questions as SQL: only declared names get into a text, everything that is asked is bound to it.

use aduan::read::{Column, Condition, ReadError, Row, Select, Sum, Table, Test, Value};
use rusqlite::{Connection, Statement};

use super::layout::{self, column};
use super::{builds, failed, values};

/// Rows by their keys.
pub(super) fn get(
    connection: &mut Connection,
    build: u32,
    table: &'static Table,
    keys: &[Row],
) -> Result<Vec<Option<Row>>, ReadError> {
    of_build(connection, build, |connection| {
        let mut statement = connection.prepare_cached(&layout::of(table)?.get).map_err(failed)?;
        let columns: Vec<_> = table.columns().collect();
        let find = |key: &Row| {
            values::bind_row(&mut statement, build, table, key, table.key.len())?;
            Ok(answers(&mut statement, table, &columns)?.pop())
        };
        keys.iter().map(find).collect()
    })
}

/// Rows that fit, in order.
pub(super) fn rows(connection: &mut Connection, build: u32, select: &Select) -> Result<Vec<Row>, ReadError> {
    let question = Question::for_rows(build, select)?;
    of_build(connection, build, |connection| question.answer(connection))
}

/// Sums, for each combination.
pub(super) fn sums(connection: &mut Connection, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
    let question = Question::for_sums(build, sum)?;
    of_build(connection, build, |connection| question.answer(connection))
}

/// Asks all of one moment, in which the build is there.
fn of_build<T>(
    connection: &mut Connection,
    build: u32,
    ask: impl FnOnce(&Connection) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let moment = connection.transaction().map_err(failed)?;
    builds::check(&moment, build)?;
    ask(&moment)
}

/// A statement, what is bound to it, and the columns it answers with.
pub(super) struct Question {
    pub(super) sql: String,
    pub(super) bound: Vec<Value>,
    table: &'static Table,
    columns: Vec<&'static Column>,
}

impl Question {
    pub(super) fn for_rows(build: u32, select: &Select) -> Result<Self, ReadError> {
        let Select { table, filter, after, limit, .. } = select;
        let mut question = Question::new(build, table, table.columns().collect(), &layout::of(table)?.columns)?;
        question.filter(filter)?;
        let order = order(select)?;
        let names: Vec<_> = order.iter().map(|(column, _)| column.name).collect();
        let (names, places) = (names.join(", "), vec!["?"; order.len()].join(", "));
        match after {
            None => {}
            // Nothing comes behind the only row there can be.
            Some(_) if order.is_empty() => question.sql += " AND FALSE",
            Some(_) => question.sql += &format!(" AND ({names}) > ({places})"),
        }
        for (column, last) in &order {
            last.map_or(Ok(()), |last| question.bind(column, last))?;
        }
        if !order.is_empty() {
            question.sql += &format!(" ORDER BY {names}");
        }
        question.sql += " LIMIT ?";
        question.bound.push(Value::Integer(i64::try_from(*limit).unwrap_or(i64::MAX)));
        Ok(question)
    }

    pub(super) fn for_sums(build: u32, sum: &Sum) -> Result<Self, ReadError> {
        let Sum { table, filter, by } = sum;
        if !table.is_sum {
            return Err(unfit(table, "is no table of sums"));
        }
        let by = by.iter().map(|name| column(table, name)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<_> = by.iter().map(|column| column.name).collect();
        let sums: Vec<_> = table.rest.iter().map(|column| format!("sum({})", column.name)).collect();
        let shown: Vec<_> = names.iter().copied().chain(sums.iter().map(String::as_str)).collect();
        let columns = by.into_iter().chain(table.rest).collect();
        let mut question = Question::new(build, table, columns, &shown.join(", "))?;
        question.filter(filter)?;
        if !names.is_empty() {
            question.sql += &format!(" GROUP BY {}", names.join(", "));
        }
        // Without rows a sum is NULL, which is not different from 0 either.
        question.sql += &format!(" HAVING {} <> 0", sums.join(" <> 0 OR "));
        if !names.is_empty() {
            question.sql += &format!(" ORDER BY {}", names.join(", "));
        }
        Ok(question)
    }

    fn new(build: u32, table: &'static Table, columns: Vec<&'static Column>, shown: &str) -> Result<Self, ReadError> {
        let sql = format!("SELECT {shown} FROM {} WHERE build = ?", layout::of(table)?.name);
        Ok(Question { sql, bound: vec![Value::Integer(build.into())], table, columns })
    }

    fn filter(&mut self, filter: &[Condition]) -> Result<(), ReadError> {
        for condition in filter {
            let (operator, value) = match &condition.test {
                Test::Is(value) => ("=", value),
                Test::IsNot(value) => ("<>", value),
                Test::AtLeast(value) => (">=", value),
                Test::AtMost(value) => ("<=", value),
                Test::Before(value) => ("<", value),
            };
            let column = column(self.table, condition.column)?;
            self.sql += &format!(" AND {} {operator} ?", column.name);
            self.bind(column, value)?;
        }
        Ok(())
    }

    fn bind(&mut self, column: &Column, value: &Value) -> Result<(), ReadError> {
        values::check(self.table, column, value)?;
        self.bound.push(value.clone());
        Ok(())
    }

    fn answer(&self, connection: &Connection) -> Result<Vec<Row>, ReadError> {
        let mut statement = connection.prepare_cached(&self.sql).map_err(failed)?;
        for (place, value) in self.bound.iter().enumerate() {
            values::bind(&mut statement, place + 1, value).map_err(failed)?;
        }
        answers(&mut statement, self.table, &self.columns)
    }
}

/// The columns that order rows, each with its value in the last row seen.
///
/// What the filter holds to one value orders nothing; without it, a page is one stretch of an index from where the
/// last one ended.
fn order(select: &Select) -> Result<Vec<(&'static Column, Option<&Value>)>, ReadError> {
    let Select { table, filter, order, after, .. } = select;
    let names: Vec<_> = order.iter().copied().chain(table.key.iter().map(|column| column.name)).collect();
    if after.as_ref().is_some_and(|after| after.len() != names.len()) {
        return Err(unfit(table, "a page begins behind the values of its order and a key"));
    }
    let mut ordering: Vec<(&'static Column, Option<&Value>)> = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let column = column(table, name)?;
        let last = after.as_ref().map(|after| &after[place]);
        let holds = |test: &Test| matches!(test, Test::Is(value) if last.is_none_or(|last| last == value));
        let is_held = filter.iter().any(|condition| condition.column == name && holds(&condition.test));
        if !is_held && ordering.iter().all(|(known, _)| known.name != name) {
            ordering.push((column, last));
        }
    }
    Ok(ordering)
}

/// Runs a statement that is bound.
fn answers(
    statement: &mut Statement<'_>,
    table: &'static Table,
    columns: &[&'static Column],
) -> Result<Vec<Row>, ReadError> {
    let mut answers = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        let value = |(place, column): (usize, &&'static Column)| {
            values::read(table, column, row.get_ref(place).map_err(failed)?)
        };
        answers.push(columns.iter().enumerate().map(value).collect::<Result<_, _>>()?);
    }
    Ok(answers)
}

fn unfit(table: &Table, why: &str) -> ReadError {
    ReadError::Corrupt(format!("{}: {why}", table.name))
}
