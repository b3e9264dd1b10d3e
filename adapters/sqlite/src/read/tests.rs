//! What only this store promises, and what its SQL must be like. What every store promises, the suite asks.

use aduan::projection::VERSION;
use aduan::projection::deadlines::DEADLINES;
use aduan::projection::queue::{AGES, QUEUE};
use aduan::projection::sla::VERDICTS;
use aduan::read::{Changes, Condition, Kind, TableChanges, Value};
use aduan::values::Digest;
use chrono::{DateTime, NaiveDate};
use tempfile::TempDir;
use uuid::Uuid;

use super::question::Question;
use super::*;
use crate::SqliteStore;
use crate::tests::poll_once;

fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").unwrap()
}

/// A folder, a new store in it, and the number of a build in that.
async fn store() -> (TempDir, SqliteReadStore, u32) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteReadStore::open(folder.path().join("l.read.db"), &ledger()).unwrap();
    let build = store.begin(VERSION).await.unwrap().number;
    (folder, store, build)
}

/// What a person with a `sqlite3` shell has.
fn shell(store: &SqliteReadStore) -> Connection {
    Connection::open(store.path()).unwrap()
}

/// The name of the table behind a view.
fn stored(table: &Table) -> &'static str {
    &layout::of(table).unwrap().name
}

/// A row with the values given, and something that fits in every other column.
fn row(table: &'static Table, given: &[(&str, Value)]) -> Row {
    let value = |column: &aduan::read::Column| {
        let given = given.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
        given.unwrap_or_else(|| match column.kind {
            Kind::Text => Value::from("x"),
            Kind::Integer => Value::from(0),
            Kind::Instant => at(0),
            Kind::Date => Value::from(NaiveDate::from_ymd_opt(2024, 3, 29).unwrap()),
            Kind::Id => id(0),
        })
    };
    table.columns().map(value).collect()
}

fn queued(complaint: u128, next_due: i64) -> Row {
    row(&QUEUE, &[("complaint", id(complaint)), ("next_due", at(next_due))])
}

fn aged(agency: &'static str, complaints: i64) -> Row {
    row(&AGES, &[("agency", agency.into()), ("complaints", complaints.into())])
}

fn id(number: u128) -> Value {
    Value::Id(Uuid::from_u128(number))
}

fn at(micros: i64) -> Value {
    Value::from(DateTime::from_timestamp_micros(1_711_688_400_000_000 + micros).unwrap())
}

fn puts(table: &'static Table, put: Vec<Row>) -> TableChanges {
    TableChanges { table, put, drop: Vec::new() }
}

fn step(build: u32, from: u64, tables: impl IntoIterator<Item = TableChanges>) -> Advance {
    let changes = Changes { tables: tables.into_iter().collect() };
    Advance { build, from, to: from + 1, record_hash: hash_at(from + 1), changes }
}

fn hash_at(position: u64) -> Digest {
    Digest::of(&position.to_be_bytes())
}

fn everything(table: &'static Table) -> Select {
    Select { table, filter: Vec::new(), order: Vec::new(), after: None, limit: usize::MAX }
}

#[tokio::test]
async fn a_step_that_starts_elsewhere_changes_nothing() {
    let (_folder, store, build) = store().await;
    store.advance(step(build, 0, [puts(&QUEUE, vec![queued(1, 0)])])).await.unwrap();
    for stale in [step(build, 0, [puts(&QUEUE, vec![queued(2, 0)])]), step(build + 1, 1, [])] {
        assert_eq!(store.advance(stale).await, Err(ReadError::Overtaken));
    }
    assert_eq!(store.rows(build, &everything(&QUEUE)).await, Ok(vec![queued(1, 0)]));
    assert_eq!(store.builds().await.unwrap()[0].position, 1);
}

#[tokio::test]
async fn rows_and_position_move_together() {
    let (_folder, store, build) = store().await;
    let guard = format!(
        "CREATE TRIGGER guard BEFORE INSERT ON {} WHEN NEW.agency = 'no' BEGIN SELECT RAISE(ABORT, 'no'); END",
        stored(&QUEUE)
    );
    shell(&store).execute_batch(&guard).unwrap();
    let refused = row(&QUEUE, &[("complaint", id(2)), ("agency", "no".into())]);
    let misfit = row(&QUEUE, &[("complaint", id(2)), ("agency", 7.into())]);
    let short = queued(2, 0)[1..].to_vec();
    for bad in [refused, misfit, short] {
        let failing = step(build, 0, [puts(&AGES, vec![aged("a", 1)]), puts(&QUEUE, vec![queued(1, 0), bad])]);
        assert!(matches!(store.advance(failing).await, Err(ReadError::Corrupt(_))));
    }
    assert_eq!(store.rows(build, &everything(&QUEUE)).await, Ok(vec![]));
    assert_eq!(store.rows(build, &everything(&AGES)).await, Ok(vec![]));
    let begun = &store.builds().await.unwrap()[0];
    assert_eq!((begun.position, begun.record_hash), (0, Digest::default()));
    store.stop(build, "why").await.unwrap();
    store.advance(step(build, 0, [puts(&QUEUE, vec![queued(1, 0)])])).await.unwrap();
    let advanced = &store.builds().await.unwrap()[0];
    assert_eq!((advanced.position, advanced.record_hash, &advanced.stopped), (1, hash_at(1), &None));
}

#[tokio::test]
async fn sums_that_become_zero_disappear() {
    let (_folder, store, build) = store().await;
    let verdict = |month: &'static str, met: i64, missed: i64| {
        row(&VERDICTS, &[("month", month.into()), ("met", met.into()), ("missed", missed.into())])
    };
    let first = [puts(&AGES, vec![aged("a", 2), aged("b", -1)]), puts(&VERDICTS, vec![verdict("2024-03", 1, -1)])];
    store.advance(step(build, 0, first)).await.unwrap();
    let second = [puts(&AGES, vec![aged("a", -2), aged("b", 3)]), puts(&VERDICTS, vec![verdict("2024-03", -1, 2)])];
    store.advance(step(build, 1, second)).await.unwrap();
    assert_eq!(store.rows(build, &everything(&AGES)).await, Ok(vec![aged("b", 2)]));
    assert_eq!(store.rows(build, &everything(&VERDICTS)).await, Ok(vec![verdict("2024-03", 0, 1)]));
    let sums = |filter: Vec<Condition>, by: &[&'static str]| Sum { table: &VERDICTS, filter, by: by.to_vec() };
    store.advance(step(build, 2, [puts(&VERDICTS, vec![verdict("2024-04", 0, -1)])])).await.unwrap();
    assert_eq!(store.sums(build, &sums(vec![], &[])).await, Ok(vec![]), "they cancel out");
    let of_march = vec![Condition::before("month", "2024-04")];
    assert_eq!(store.sums(build, &sums(of_march, &[])).await, Ok(vec![vec![0.into(), 1.into(), 0.into()]]));
    let months = store.sums(build, &sums(vec![], &["clock", "month"])).await.unwrap();
    assert_eq!(months.iter().map(|row| row[1].text()).collect::<Vec<_>>(), ["2024-03", "2024-04"]);
    assert_eq!(store.sums(build, &sums(vec![Condition::is("month", "2023-01")], &[])).await, Ok(vec![]));
}

#[tokio::test]
async fn pages_cover_everything_once_and_in_order() {
    let (_folder, store, build) = store().await;
    let mut queue: Vec<_> = (0..50).map(|n| queued(n * 7 % 50, n as i64 % 5)).collect();
    store.advance(step(build, 0, [puts(&QUEUE, queue.clone())])).await.unwrap();
    let due = QUEUE.place("next_due").unwrap();
    queue.sort_by(|a, b| (&a[due], &a[0]).cmp(&(&b[due], &b[0])));
    let some = vec![Condition::is("secret", 0), Condition::at_least("next_due", DateTime::UNIX_EPOCH)];
    for (filter, order) in [
        (vec![], vec!["next_due"]),
        (some, vec!["secret", "next_due"]),
        (vec![], vec!["stage", "next_due", "complaint"]),
    ] {
        let mut select = Select { table: &QUEUE, filter, order, after: None, limit: 3 };
        let mut seen = Vec::new();
        loop {
            let page = store.rows(build, &select).await.unwrap();
            let Some(last) = page.last() else { break };
            let of_order = select.order.iter().map(|name| last[QUEUE.place(name).unwrap()].clone());
            select.after = Some(of_order.chain([last[0].clone()]).collect());
            seen.extend(page);
        }
        assert!(seen == queue, "by {:?}", select.order);
    }
    let one = Select { filter: vec![Condition::is("complaint", id(7))], ..everything(&QUEUE) };
    assert_eq!(store.rows(build, &one).await.unwrap().len(), 1);
    assert_eq!(store.rows(build, &Select { after: Some(vec![id(7)]), ..one }).await, Ok(vec![]));
}

#[tokio::test]
async fn every_declared_index_gives_its_pages_without_sorting() {
    let (_folder, store, build) = store().await;
    let shell = shell(&store);
    for table in aduan::projection::TABLES {
        for index in table.indexes {
            let any = row(table, &[]);
            let value = |name: &str| any[table.place(name).unwrap()].clone();
            let (last, held) = index.split_last().unwrap();
            let filter = held.iter().map(|name| Condition::is(name, value(name))).collect();
            let behind = index.iter().copied().chain(table.key.iter().map(|column| column.name));
            let first = Select { table, filter, order: index.to_vec(), after: None, limit: 50 };
            let next = Select { after: Some(behind.map(value).collect()), ..first.clone() };
            let by_last = Select { order: vec![last], ..first.clone() };
            for (select, is_next) in [(&first, false), (&next, true), (&by_last, false)] {
                let plan = plan(&shell, &Question::for_rows(build, select).unwrap());
                let wanted = format!("INDEX {}_by_{} (", stored(table), index.join("_"));
                assert!(plan.contains(&wanted) && !plan.contains("B-TREE"), "{plan}");
                assert_eq!(plan.contains(&format!("({last},")), is_next, "goes to where the page begins: {plan}");
            }
        }
    }
    let due = vec![Condition::at_most("acts_from", DateTime::UNIX_EPOCH)];
    let due = Select { table: &DEADLINES, filter: due, order: vec!["acts_from"], after: None, limit: 50 };
    let plan = plan(&shell, &Question::for_rows(build, &due).unwrap());
    assert!(plan.contains("(build=? AND acts_from<?)") && !plan.contains("B-TREE"), "{plan}");
}

fn plan(connection: &Connection, question: &Question) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", question.sql)).unwrap();
    for (place, value) in question.bound.iter().enumerate() {
        values::bind(&mut statement, place + 1, value).unwrap();
    }
    let (mut rows, mut plan) = (statement.raw_query(), String::new());
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>(3).unwrap();
    }
    plan
}

#[tokio::test]
async fn two_leases_exclude_each_other() {
    let (_folder, store, _) = store().await;
    let other = SqliteReadStore::open(store.path(), &ledger()).unwrap();
    let first = store.lease().await.unwrap();
    let (mut beside, mut elsewhere) = (Box::pin(store.lease()), Box::pin(other.lease()));
    assert!(poll_once(&mut beside).await.is_pending());
    assert!(poll_once(&mut elsewhere).await.is_pending());
    // Whoever goes away while waiting keeps nothing.
    drop(beside);
    drop(first);
    let second = elsewhere.await.unwrap();
    let mut gone = Box::pin(store.lease());
    assert!(poll_once(&mut gone).await.is_pending());
    drop(gone);
    let mut third = Box::pin(store.lease());
    assert!(poll_once(&mut third).await.is_pending());
    drop(second);
    third.await.unwrap();
}

#[tokio::test]
async fn a_lease_that_somebody_has_is_not_waited_for() {
    let (_folder, store, _) = store().await;
    let other = SqliteReadStore::open(store.path(), &ledger()).unwrap();
    let first = store.try_lease().await.unwrap().unwrap();
    assert!(store.try_lease().await.unwrap().is_none());
    assert!(other.try_lease().await.unwrap().is_none());
    drop(first);
    let second = other.try_lease().await.unwrap().unwrap();
    assert!(store.try_lease().await.unwrap().is_none());
    drop(second);
    drop(store.lease().await.unwrap());
    assert!(store.try_lease().await.unwrap().is_some());
}

#[tokio::test]
async fn opens_beside_somebody_who_writes() {
    let (_folder, store, build) = store().await;
    let writer = shell(&store);
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE builds SET stopped = 'why'").unwrap();
    let other = SqliteReadStore::open(store.path(), &ledger()).unwrap();
    assert_eq!(other.builds().await.unwrap()[0].number, build);
    // What is missing is made, and that waits in vain.
    writer.execute_batch("ROLLBACK; DROP VIEW queue; BEGIN IMMEDIATE").unwrap();
    assert!(matches!(SqliteReadStore::open(store.path(), &ledger()), Err(OpenError::Sqlite(_))));
    writer.execute_batch("ROLLBACK").unwrap();
    SqliteReadStore::open(store.path(), &ledger()).unwrap();
    writer.query_row("SELECT count(*) FROM queue", [], |row| row.get::<_, i64>(0)).unwrap();
}

#[tokio::test]
async fn a_reader_sees_what_another_connection_wrote_and_changes_nothing() {
    let (_folder, store, build) = store().await;
    let reader = SqliteReadStore::open_read_only(store.path()).unwrap();
    assert_eq!(reader.ledger(), &ledger());
    store.advance(step(build, 0, [puts(&QUEUE, vec![queued(1, 0)])])).await.unwrap();
    assert_eq!(reader.get(build, &QUEUE, &[vec![id(2)], vec![id(1)]]).await, Ok(vec![None, Some(queued(1, 0))]));
    assert_eq!(reader.builds().await, store.builds().await);
    assert!(matches!(reader.advance(step(build, 1, [])).await, Err(ReadError::Unavailable(_))));
    assert!(matches!(reader.begin(VERSION).await, Err(ReadError::Unavailable(_))));
    assert!(matches!(reader.lease().await, Err(ReadError::Unavailable(_))));
    assert!(matches!(reader.try_lease().await, Err(ReadError::Unavailable(_))));
}

#[tokio::test]
async fn the_views_show_the_live_build_only() {
    let (_folder, store, first) = store().await;
    let second = store.begin(VERSION).await.unwrap().number;
    store.advance(step(first, 0, [puts(&QUEUE, vec![queued(1, 0)])])).await.unwrap();
    store.advance(step(second, 0, [puts(&QUEUE, vec![queued(2, 1)])])).await.unwrap();
    let shell = shell(&store);
    let shown = || {
        let mut statement = shell.prepare("SELECT * FROM queue").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>("next_due")).unwrap();
        let rows = rows.collect::<Result<Vec<_>, _>>().unwrap();
        assert!(statement.column_names().eq(QUEUE.columns().map(|column| column.name)));
        rows
    };
    assert_eq!(shown(), Vec::<String>::new());
    store.switch(first).await.unwrap();
    assert_eq!(shown(), ["2024-03-29T05:00:00.000000Z"]);
    // The views of another release, which showed what this one does not.
    let old = "DROP VIEW queue; CREATE VIEW queue AS SELECT 'old' AS next_due; CREATE VIEW deadlines AS SELECT 'old'";
    shell.execute_batch(old).unwrap();
    store.switch(second).await.unwrap();
    for table in aduan::projection::TABLES {
        let is_view = "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name = ?1";
        let is_view = shell.query_row(is_view, [table.name], |row| row.get::<_, bool>(0));
        assert_eq!(is_view, Ok(table.has_view()), "{}", table.name);
    }
    assert_eq!(shown(), ["2024-03-29T05:00:00.000001Z"]);
    assert_eq!(store.switch(9).await, Err(ReadError::Overtaken));
    let live: Vec<_> = store.builds().await.unwrap().iter().map(|build| build.is_live).collect();
    assert_eq!(live, [false, true]);
}

#[tokio::test]
async fn a_discarded_build_leaves_neither_rows_nor_its_number() {
    let (_folder, store, first) = store().await;
    let second = store.begin(VERSION).await.unwrap().number;
    let shell = shell(&store);
    shell
        .execute_batch("CREATE TABLE queue_0 (build, id, PRIMARY KEY (build, id)); INSERT INTO queue_0 VALUES (2, 7);")
        .unwrap();
    let many = (0..builds::BATCH as u128 * 2 + 1).map(|n| row(&DEADLINES, &[("complaint", id(n))])).collect();
    store.advance(step(second, 0, [puts(&DEADLINES, many)])).await.unwrap();
    for build in [first, second] {
        store.advance(step(build, u64::from(build) - 1, [puts(&AGES, vec![aged("a", 1)])])).await.unwrap();
    }
    store.discard(second).await.unwrap();
    store.discard(second).await.unwrap();
    for (table, left) in [("queue_0", 0), (stored(&DEADLINES), 0), (stored(&AGES), 1)] {
        let count = shell.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        assert_eq!(count, Ok(left), "{table}");
    }
    assert_eq!(store.begin(VERSION).await.unwrap().number, 3);
}

#[tokio::test]
async fn a_build_that_is_gone_answers_nothing_while_its_rows_are_there() {
    let (_folder, store, build) = store().await;
    let tables = [puts(&QUEUE, vec![queued(1, 0)]), puts(&AGES, vec![aged("a", 1)])];
    store.advance(step(build, 0, tables)).await.unwrap();
    // As a crash in the middle of a removal leaves it.
    let shell = shell(&store);
    shell.execute_batch("DELETE FROM builds").unwrap();
    let rows = || shell.query_row(&format!("SELECT count(*) FROM {}", stored(&QUEUE)), [], |row| row.get::<_, i64>(0));
    assert_eq!(rows(), Ok(1));
    let sum = Sum { table: &AGES, filter: vec![], by: vec![] };
    assert_eq!(store.rows(build, &everything(&QUEUE)).await, Err(ReadError::NotBuilt));
    assert_eq!(store.sums(build, &sum).await, Err(ReadError::NotBuilt));
    assert_eq!(store.get(build, &QUEUE, &[vec![id(1)]]).await, Err(ReadError::NotBuilt));
    store.begin(VERSION).await.unwrap();
    assert_eq!(rows(), Ok(0), "the next one sweeps up");
}

#[tokio::test]
async fn an_undeclared_name_is_an_error_and_no_sql() {
    let (_folder, store, build) = store().await;
    let corrupt =
        |asked: Result<Vec<Row>, ReadError>| matches!(asked, Err(ReadError::Corrupt(why)) if why.contains("1=1"));
    let filter = vec![Condition::is("1=1; --", 1)];
    assert!(corrupt(store.rows(build, &Select { filter: filter.clone(), ..everything(&QUEUE) }).await));
    assert!(corrupt(store.rows(build, &Select { order: vec!["1=1"], ..everything(&QUEUE) }).await));
    assert!(corrupt(store.sums(build, &Sum { table: &AGES, filter, by: vec![] }).await));
    assert!(corrupt(store.sums(build, &Sum { table: &AGES, filter: vec![], by: vec!["1=1"] }).await));
}

#[tokio::test]
async fn refuses_what_is_not_its_own() {
    let (folder, store, build) = store().await;
    let path = store.path().to_owned();
    let kediri = LedgerId::new("kediri").unwrap();
    assert!(matches!(SqliteReadStore::open(&path, &kediri), Err(OpenError::OtherLedger { .. })));
    assert!(matches!(SqliteStore::open_read_only(&path), Err(OpenError::NotALedger { .. })));
    let log = folder.path().join("l.db");
    assert!(matches!(SqliteReadStore::open_read_only(&log), Err(OpenError::Missing { .. })));
    drop(SqliteStore::create(&log, &ledger()).unwrap());
    assert!(matches!(SqliteReadStore::open(&log, &ledger()), Err(OpenError::NotReadModels { .. })));
    drop(store);
    let reopened = SqliteReadStore::open(&path, &ledger()).unwrap();
    assert_eq!(reopened.builds().await.unwrap()[0].number, build);
    let object = stored(&AGES).to_owned();
    shell(&reopened).execute_batch(&format!("ALTER TABLE {object} ADD COLUMN more TEXT")).unwrap();
    assert_eq!(SqliteReadStore::open(&path, &ledger()).unwrap_err(), OpenError::AlteredSchema { object });
}
