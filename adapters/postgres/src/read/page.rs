//! A page of rows: which index has them in the order asked for, and the statement that walks along it.
//!
//! On a table that was never analysed PostgreSQL takes every index that begins with the ledger for as good as the
//! right one, and one that sorts the whole build for as good as one that has its order. So readers never sort, and
//! the order that is asked for is spelled out until only one index has it.

use aduan::read::{Column, Condition, ReadError, Select, Table, Test, Value};

use super::models::{is_declared, list, name_of, quoted};
use super::values::{Parameters, one};
use super::{unknown_column, unknown_table};

/// A statement, and what is handed over behind the ledger and the build.
pub(super) struct Page<'s> {
    pub(super) sql: String,
    pub(super) parameters: Parameters<'s>,
}

impl<'s> Page<'s> {
    /// # Errors
    /// `Corrupt` when it asks for what the table does not have.
    pub(super) fn of(select: &'s Select, limit: &'s i64) -> Result<Self, ReadError> {
        let table = select.table;
        let mut page = Page { sql: String::new(), parameters: Parameters::new() };
        let walk = Walk::of(select)?;
        let mut wanted = vec!["ledger = $1".to_owned(), "build = $2".to_owned()];
        for condition in &select.filter {
            wanted.push(page.condition(table, condition, &walk)?);
        }
        if let Some(after) = &select.after {
            wanted.push(page.behind(&walk, select, after)?);
        }
        let order = list(walk.order.iter().copied());
        let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
        page.parameters.push(Box::new(limit));
        page.sql = format!(
            "SELECT {} FROM {} WHERE {}{order} LIMIT ${}",
            list(table.columns().map(|column| column.name)),
            name_of(table),
            wanted.join(" AND "),
            page.parameters.len() + 2,
        );
        Ok(page)
    }

    /// What must hold of a column. Of those that name the index, PostgreSQL must not see that they are the same in
    /// every row: it would strike them from the order.
    fn condition(&mut self, table: &Table, condition: &'s Condition, walk: &Walk) -> Result<String, ReadError> {
        let (sign, value) = signed(&condition.test);
        let number = self.take(table, condition.column, value)?;
        let column = quoted(condition.column);
        if sign == "=" && walk.order.contains(&condition.column) {
            return Ok(format!("{column} >= ${number} AND {column} <= ${number}"));
        }
        Ok(format!("{column} {sign} ${number}"))
    }

    /// What comes behind the last row seen.
    fn behind(&mut self, walk: &Walk, select: &'s Select, after: &'s [Value]) -> Result<String, ReadError> {
        let key = select.table.key.iter().map(|column| column.name);
        let seen: Vec<&str> = select.order.iter().copied().chain(key).collect();
        if seen.len() != after.len() {
            let why = format!("{} values of {} are no place to go on from", after.len(), select.table.name);
            return Err(ReadError::Corrupt(why));
        }
        if walk.order.is_empty() {
            return Ok("false".into());
        }
        let mut numbers = Vec::new();
        for column in &walk.order {
            // What is not in the order asked for is the same in every row.
            let place = seen.iter().position(|seen| seen == column);
            let value = place.map(|place| &after[place]).or_else(|| same(select, column));
            let value = value.ok_or_else(|| unknown_column(select.table, column))?;
            numbers.push(format!("${}", self.take(select.table, column, value)?));
        }
        Ok(format!("({}) > ({})", list(walk.order.iter().copied()), numbers.join(", ")))
    }

    /// Hands a value over; its number.
    fn take(&mut self, table: &Table, name: &str, value: &'s Value) -> Result<usize, ReadError> {
        self.parameters.push(one(table, column(table, name)?, value)?);
        Ok(self.parameters.len() + 2)
    }
}

/// How the rows are walked along.
struct Walk {
    /// By which columns they are ordered. Those that begin it may be the same in every row: they name the index.
    order: Vec<&'static str>,
}

impl Walk {
    fn of(select: &Select) -> Result<Walk, ReadError> {
        let table = select.table;
        if !is_declared(table) {
            return Err(unknown_table(table));
        }
        for name in &select.order {
            column(table, name)?;
        }
        let is_same = |column: &&'static str| same(select, column).is_some();
        let order: Vec<&'static str> = asked_order(select).filter(|column| !is_same(column)).collect();
        let indexes: Vec<Vec<&'static str>> = indexes(table).collect();
        // It has the order behind columns that are the same in every row; the more of them, the less is walked over.
        let fitting = indexes.iter().filter_map(|index| {
            let rest = index.len().checked_sub(order.len())?;
            (index[rest..] == order && index[..rest].iter().all(is_same)).then_some((rest, index))
        });
        let Some((rest, index)) = fitting.max_by_key(|(rest, _)| *rest) else {
            // None has it: PostgreSQL sorts what fits.
            return Ok(Walk { order });
        };
        let is_alone = |order: &[&'static str]| {
            let is_struck = |column: &&'static str| is_same(column) && !order.contains(column);
            let others = indexes.iter().filter(|other| *other != index);
            others.into_iter().all(|other| {
                let left: Vec<&str> = other.iter().filter(|column| !is_struck(column)).copied().collect();
                !left.starts_with(order)
            })
        };
        let begin = (1..=rest).rev().find(|begin| is_alone(&index[*begin..])).unwrap_or(0);
        Ok(Walk { order: index[begin..].to_vec() })
    }
}

/// By which columns rows are asked for: the order, then the key.
fn asked_order(select: &Select) -> impl Iterator<Item = &'static str> {
    let key = select.table.key.iter().map(|column| column.name);
    select.order.iter().copied().chain(key.filter(|column| !select.order.contains(column)))
}

/// The columns of each index behind ledger and build.
fn indexes(table: &Table) -> impl Iterator<Item = Vec<&'static str>> {
    let key = || table.key.iter().map(|column| column.name);
    let named = table
        .indexes
        .iter()
        .map(move |index| index.iter().copied().chain(key().filter(|column| !index.contains(column))).collect());
    std::iter::once(key().collect()).chain(named)
}

/// The value that a column has in every row asked for.
fn same<'s>(select: &'s Select, column: &str) -> Option<&'s Value> {
    select.filter.iter().find_map(|condition| match &condition.test {
        Test::Is(value) if condition.column == column => Some(value),
        _ => None,
    })
}

pub(super) fn signed(test: &Test) -> (&'static str, &Value) {
    match test {
        Test::Is(value) => ("=", value),
        Test::IsNot(value) => ("<>", value),
        Test::AtLeast(value) => (">=", value),
        Test::AtMost(value) => ("<=", value),
        Test::Before(value) => ("<", value),
    }
}

pub(super) fn column(table: &Table, name: &str) -> Result<&'static Column, ReadError> {
    table.columns().find(|column| column.name == name).ok_or_else(|| unknown_column(table, name))
}

#[cfg(test)]
mod tests {
    use aduan::projection::deadlines::DEADLINES;
    use aduan::projection::queue::QUEUE;
    use aduan::read::ReadStore as _;
    use aduan::values::LedgerId;
    use aduan_testkit::postgres::Server;
    use chrono::DateTime;
    use tokio_postgres::SimpleQueryMessage;

    use super::*;
    use crate::readers::{Asked, ask};
    use crate::{Postgres, PostgresOptions, PostgresReadStore, migrate};

    const QUEUE_FILTERS: [(&[&str], &str); 6] = [
        (&[], "queue_1_secret_next_due"),
        (&["agency"], "queue_1_secret_agency_next_due"),
        (&["officer"], "queue_1_secret_officer_next_due"),
        (&["stage"], "queue_1_secret_stage_next_due"),
        (&["agency", "stage"], "queue_1_secret_stage_next_due"),
        (&["class", "level"], "queue_1_secret_next_due"),
    ];

    fn queue(by: &[&'static str], is_next: bool) -> Select {
        let held = by.iter().map(|column| match *column {
            "level" => Condition::is(column, 1),
            column => Condition::is(column, format!("{column}-1")),
        });
        let after = vec![Value::Instant(DateTime::UNIX_EPOCH), Value::Id(uuid::Uuid::nil())];
        Select {
            table: &QUEUE,
            filter: [Condition::is("secret", 0)].into_iter().chain(held).collect(),
            order: vec!["next_due"],
            after: is_next.then_some(after),
            limit: 50,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pages_walk_along_their_own_index_before_and_after_the_table_is_analysed() {
        let setup = async |url: String| migrate(&url, &PostgresOptions::default()).await.map(drop);
        let database = Server::shared().unwrap().database_with(&crate::layout(), setup).await.unwrap();
        let admin = aduan_testkit::postgres::connect(&database.url()).await.unwrap();
        let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap();
        let ledger = LedgerId::new("mojokerto").unwrap();
        postgres.add(&ledger).await.unwrap();
        let store = postgres.read_store(&ledger).await.unwrap();
        assert_eq!(store.begin(1).await.unwrap().number, 1);
        admin.batch_execute("ALTER TABLE aduan_read.queue_1 SET (autovacuum_enabled = off)").await.unwrap();
        for state in ["", FILL, "ANALYZE aduan_read.queue_1"] {
            admin.batch_execute(state).await.unwrap();
            for (by, index) in QUEUE_FILTERS {
                for is_next in [false, true] {
                    let select = queue(by, is_next);
                    let plan = explained(&store, &select).await;
                    assert!(plan.contains(&format!("Index Scan using {index} ")), "{by:?} after {state:.20}:\n{plan}");
                    // By two columns there is no index: those of other agencies, classes and levels are passed over.
                    let passes_over = plan.contains("Rows Removed") && by.len() < 2;
                    assert!(!plan.contains("Sort") && !passes_over, "{by:?} after {state:.20}:\n{plan}");
                    assert!(store.rows(1, &select).await.unwrap().len() <= 50);
                }
            }
        }
        let due = Select {
            table: &DEADLINES,
            filter: vec![Condition::at_most("acts_from", DateTime::UNIX_EPOCH)],
            order: vec!["acts_from"],
            after: None,
            limit: 50,
        };
        let plan = explained(&store, &due).await;
        assert!(plan.contains(" using deadlines_1_acts_from on") && !plan.contains("Sort"), "{plan}");
    }

    /// The plan of a page on a session of a reader, made without looking at the values, as there.
    async fn explained(store: &PostgresReadStore, select: &Select) -> String {
        let page = Page::of(select, &50).unwrap();
        let values: Vec<String> = page.parameters.iter().map(|value| format!("{value:?}")).collect();
        let execute = format!("EXPLAIN (ANALYZE, TIMING OFF) EXECUTE page ('mojokerto', 1, {})", values.join(", "));
        let question = async |asked: Asked<'_>| {
            let sql = format!("PREPARE page AS {}; {execute}; DEALLOCATE page", page.sql);
            let said = asked.client.simple_query(&sql).await.unwrap();
            let line = |said: &SimpleQueryMessage| match said {
                SimpleQueryMessage::Row(row) => format!("{}\n", row.get(0).unwrap()),
                _ => String::new(),
            };
            said.iter().map(line).collect::<String>()
        };
        ask(&store.readers, std::time::Duration::from_secs(60), question).await.unwrap()
    }

    const FILL: &str = "INSERT INTO aduan_read.queue_1 \
        SELECT 'mojokerto', 1 + n % 2, gen_random_uuid(), n::text, 'agency-' || n / 2 % 20, 'officer-' || n / 2 % 400, \
            'stage-' || n / 2 % 3, 'class-' || n / 2 % 4, 'x', 'priority-' || n / 2 % 2, 'web', '', now(), now(), 1, \
            n / 2 % 4, 0, 'statutory', now() + n * interval '1 minute', now(), 'public', (n % 100 = 0)::int \
        FROM generate_series(1, 100000) AS n";
}
