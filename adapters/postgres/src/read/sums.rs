//! Sums over a table of sums.

use aduan::read::{Column, ReadError, Row, Sum};

use super::models::{is_declared, list, name_of, quoted};
use super::page::{column, signed};
use super::values::{Parameters, one, row};
use super::{of_build, unknown_table};
use crate::readers::Asked;

/// The sums asked for, in order.
pub(super) async fn sums(mut asked: Asked<'_>, ledger: &str, build: i32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
    let table = sum.table;
    if !is_declared(table) {
        return Err(unknown_table(table));
    }
    let mut shown: Vec<&Column> = Vec::new();
    for name in &sum.by {
        shown.push(column(table, name)?);
    }
    shown.extend(table.rest);
    let mut parameters = Parameters::new();
    let mut wanted = vec!["ledger = $1".to_owned(), "build = $2".to_owned()];
    for condition in &sum.filter {
        let (sign, value) = signed(&condition.test);
        parameters.push(one(table, column(table, condition.column)?, value)?);
        wanted.push(format!("{} {sign} ${}", quoted(condition.column), parameters.len() + 2));
    }
    let by = list(sum.by.iter().copied());
    let added = |column: &Column| format!("sum({})::bigint", quoted(column.name));
    let added: Vec<String> = table.rest.iter().map(added).collect();
    let some: Vec<String> = added.iter().map(|sum| format!("{sum} <> 0")).collect();
    let sql = format!(
        "SELECT {by}{} {} FROM {} WHERE {}{} {by} HAVING {}",
        if by.is_empty() { "" } else { "," },
        added.join(", "),
        name_of(table),
        wanted.join(" AND "),
        if by.is_empty() { "" } else { " GROUP BY" },
        some.join(" OR ")
    );
    let found = of_build(&mut asked, ledger, build, sql, &parameters).await?;
    let mut rows = Vec::with_capacity(found.len());
    for found in &found {
        rows.push(row(found, 0, shown.iter().copied())?);
    }
    // Few, and in the order in which values are here: the server would have to sort all that it adds up.
    rows.sort();
    Ok(rows)
}
