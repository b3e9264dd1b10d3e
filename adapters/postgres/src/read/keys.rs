//! Rows by their keys.

use std::collections::HashMap;
use std::sync::LazyLock;

use aduan::projection::TABLES;
use aduan::read::{Column, ReadError, Row, Table};

use super::models::{name_of, names, quoted};
use super::values::{array_type, columns, row};
use super::{failed, of_build, unknown_table};
use crate::readers::Asked;

/// The rows of these keys, in their order.
pub(super) async fn get(
    mut asked: Asked<'_>,
    ledger: &str,
    build: i32,
    table: &'static Table,
    keys: &[Row],
) -> Result<Vec<Option<Row>>, ReadError> {
    let sql = GETS.get(table.name).ok_or_else(|| unknown_table(table))?;
    let key: Vec<&Column> = table.key.iter().collect();
    let arrays = columns(table, &key, keys)?;
    let found = of_build(&mut asked, ledger, build, sql.as_str(), &arrays).await?;
    let mut rows = vec![None; keys.len()];
    for found in &found {
        let place: i32 = found.try_get(0).map_err(|error| failed(&error))?;
        rows[place as usize - 1] = Some(row(found, 1, table.columns())?);
    }
    Ok(rows)
}

/// Asks something of the rows of given keys.
///
/// Each is looked up by itself: in a join, a planner that knows nothing yet of a new table would sooner walk over all
/// of it. And only the index of the key has its rows in this order, so that it takes no other one.
pub(super) fn lookup(table: &Table, wanted: &str) -> String {
    let (name, key) = (name_of(table), names(table.key));
    let arrays = unnested(table.key.iter());
    let given = list_of(table, |column| format!("given.{column}")).join(", ");
    let is_it = list_of(table, |column| format!("found.{column} = given.{column}")).join(" AND ");
    format!(
        "SELECT {wanted} FROM (SELECT {arrays}, generate_series(1, cardinality($3))) AS given ({key}, ordinal) \
         CROSS JOIN LATERAL (SELECT ctid, * FROM {name} WHERE ledger = $1 AND build = $2 AND ({key}) >= ({given}) \
         ORDER BY {key} LIMIT 1) AS found WHERE {is_it}"
    )
}

/// Arrays side by side in a select list: in FROM, each would be written to a store of its own first.
pub(super) fn unnested<'c>(columns: impl Iterator<Item = &'c Column>) -> String {
    let unnested = columns.zip(3..).map(|(column, number)| format!("unnest(${number}::{})", array_type(column)));
    unnested.collect::<Vec<_>>().join(", ")
}

fn list_of(table: &Table, each: impl Fn(String) -> String) -> Vec<String> {
    table.key.iter().map(|column| each(quoted(column.name))).collect()
}

static GETS: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let get = |table: &'static Table| {
        let shown: Vec<String> = table.columns().map(|column| format!("found.{}", quoted(column.name))).collect();
        (table.name, lookup(table, &format!("given.ordinal, {}", shown.join(", "))))
    };
    TABLES.into_iter().map(get).collect()
});
