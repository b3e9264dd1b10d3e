//! Read models on PostgreSQL: steps whole or not at all, pages along the right index, one projector at a time; and word
//! of an append from process to process.

use std::time::Duration;

use aduan::projection::queue::{LOAD, QUEUE};
use aduan::projection::sla::VERDICTS;
use aduan::projection::{TABLES, VERSION};
use aduan::read::{
    Advance, Build, Changes, Condition, NEVER, ReadError, ReadStore, Row, Select, Sum, Table, TableChanges, Test, Value,
};
use aduan::store::{Append, Ledger, Log, StoreError};
use aduan::values::{Digest, Position};
use aduan_postgres::{OpenError, Postgres, PostgresOptions, PostgresReadStore, PostgresStore, migrate};
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::Database;
use chrono::TimeDelta;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{Chance, another_ledger, connect, database, size, superuser};

/// The read models of a new ledger, and an empty build.
async fn begun(database: &Database) -> (PostgresReadStore, u32) {
    let postgres = connect(database).await;
    let ledger = another_ledger();
    postgres.add(&ledger).await.unwrap();
    let store = postgres.read_store(&ledger).await.unwrap();
    let build = store.begin(VERSION).await.unwrap();
    (store, build.number)
}

fn put(table: &'static Table, put: Vec<Row>) -> TableChanges {
    TableChanges { table, put, drop: Vec::new() }
}

fn step(build: u32, from: Position, to: Position, tables: Vec<TableChanges>) -> Advance {
    Advance { build, from, to, record_hash: hash_at(to), changes: Changes { tables } }
}

fn hash_at(position: Position) -> Digest {
    Digest::of(&position.to_be_bytes())
}

/// Open complaints of an agency in a stage.
fn load(agency: &str, stage: &'static str, complaints: i64) -> Row {
    let text = |text: &str| Value::from(text.to_owned());
    let plain = [Value::from(stage), Value::from("complaint"), Value::from("normal"), Value::from(0)];
    [text(agency), text("")].into_iter().chain(plain).chain([Value::from(complaints)]).collect()
}

/// An open complaint. What else it is, chance tells.
fn open(number: u64, chance: &mut Chance) -> Row {
    let mut one_of = |values: &[&'static str]| Value::from(values[chance.below(values.len() as u64) as usize]);
    let (agency, officer) = (one_of(&["dishub", "dinkes", "Dinkes", "dinas-pu", ""]), one_of(&["", "w-1", "w-2"]));
    let (stage, class) = (one_of(&["verified", "disposed", "responded"]), one_of(&["complaint", "aspiration"]));
    let priority = one_of(&["normal", "urgent"]);
    let mut instant = || NEVER - TimeDelta::hours(chance.below(20) as i64);
    let (received_at, held_since, next_due, monitored) = (instant(), instant(), instant(), instant());
    let row = QUEUE.columns().map(|column| match column.name {
        "complaint" => Value::Id(Uuid::from_u128(u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))),
        "tracking_number" => Value::from(format!("n-{number}")),
        "agency" => agency.clone(),
        "officer" => officer.clone(),
        "stage" => stage.clone(),
        "class" => class.clone(),
        "priority" => priority.clone(),
        "received_at" => Value::from(received_at),
        "held_since" => Value::from(held_since),
        "next_due" => Value::from(next_due),
        "monitored_from" => Value::from(monitored),
        "cycle" | "level" | "question" => Value::from(1),
        "secret" => Value::from(i64::from(number.is_multiple_of(7))),
        _ => Value::from("x"),
    });
    row.collect()
}

async fn all_of(store: &PostgresReadStore, build: u32, table: &'static Table) -> Vec<Row> {
    paged(store, build, Select { table, filter: Vec::new(), order: Vec::new(), after: None, limit: 1_000 }).await
}

/// Every row, page by page.
async fn paged(store: &PostgresReadStore, build: u32, mut select: Select) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let page = store.rows(build, &select).await.unwrap();
        let is_last = page.len() < select.limit;
        rows.extend(page);
        let Some(last) = rows.last().filter(|_| !is_last) else { return rows };
        let order = select.order.iter().map(|column| last[select.table.place(column).unwrap()].clone());
        select.after = Some(order.chain(select.table.key_of(last).iter().cloned()).collect());
    }
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {sql}"), &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_starts_elsewhere_changes_nothing() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    store.advance(step(build, 0, 5, vec![put(&LOAD, vec![load("dishub", "verified", 1)])])).await.unwrap();
    let before = all_of(&store, build, &LOAD).await;
    for (build, from) in [(build, 0), (build, 4), (build, 6), (build + 1, 5)] {
        let late = step(build, from, 9, vec![put(&LOAD, vec![load("dishub", "verified", 1)])]);
        assert_eq!(store.advance(late).await, Err(ReadError::Overtaken), "build {build} from {from}");
    }
    assert_eq!(all_of(&store, build, &LOAD).await, before);
    let stands = &store.builds().await.unwrap()[0];
    assert_eq!((stands.position, stands.record_hash), (5, hash_at(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_take_the_same_step_one_does() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    for turn in 0..20 {
        let again = || step(build, turn, turn + 1, vec![put(&LOAD, vec![load("dishub", "verified", 1)])]);
        let both = tokio::join!(store.advance(again()), store.advance(again()));
        assert!(matches!(both, (Ok(()), Err(ReadError::Overtaken)) | (Err(ReadError::Overtaken), Ok(()))), "{both:?}");
    }
    assert_eq!(all_of(&store, build, &LOAD).await, [load("dishub", "verified", 20)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_half_way_leaves_neither_rows_nor_position() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    store.stop(build, "an event it could not take").await.unwrap();
    let before = store.builds().await.unwrap();
    assert_eq!(before[0].stopped.as_deref(), Some("an event it could not take"));
    let mut chance = Chance(1);
    // PostgreSQL stores no text with a NUL in it.
    let spoilt = step(
        build,
        0,
        9,
        vec![
            put(&LOAD, vec![load("dishub", "verified", 1), load("din\0kes", "verified", 1)]),
            put(&QUEUE, vec![open(1, &mut chance)]),
        ],
    );
    let refused = store.advance(spoilt).await;
    assert!(matches!(refused, Err(ReadError::Corrupt(_))), "{refused:?}");
    assert_eq!(store.builds().await.unwrap(), before);
    for table in [&LOAD, &QUEUE] {
        assert!(all_of(&store, build, table).await.is_empty());
    }
    store.advance(step(build, 0, 9, vec![put(&QUEUE, vec![open(1, &mut chance)])])).await.unwrap();
    let builds = store.builds().await.unwrap();
    assert_eq!(builds, [Build { position: 9, record_hash: hash_at(9), stopped: None, ..before[0].clone() }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_come_to_nothing_are_not_there() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let rows = |each: i64| vec![load("dinkes", "verified", each), load("dishub", "verified", 2 * each)];
    store.advance(step(build, 0, 1, vec![put(&LOAD, rows(-3))])).await.unwrap();
    assert_eq!(all_of(&store, build, &LOAD).await, rows(-3));
    let by = vec!["agency"];
    let sum = |by: &[&'static str]| Sum { table: &LOAD, filter: Vec::new(), by: by.to_vec() };
    assert_eq!(store.sums(build, &sum(&[])).await.unwrap(), [vec![Value::from(-9)]]);
    store.advance(step(build, 1, 2, vec![put(&LOAD, rows(3))])).await.unwrap();
    assert!(all_of(&store, build, &LOAD).await.is_empty());
    assert!(store.sums(build, &sum(&[])).await.unwrap().is_empty());
    // Neither is a row left behind, nor is one made for nothing.
    store.advance(step(build, 2, 3, vec![put(&LOAD, rows(0))])).await.unwrap();
    let admin = superuser(&database).await;
    assert_eq!(count(&admin, &format!("aduan_read.load_{VERSION}")).await, 0);
    // One of several sums is enough to keep a row.
    let verdict = |met: i64, missed: i64| -> Row {
        let key = ["2024-03", "statutory", "dishub", "", "complaint", "web", "2024-02"].map(Value::from);
        key.into_iter().chain([met, missed, 0].map(Value::from)).collect()
    };
    store.advance(step(build, 3, 4, vec![put(&VERDICTS, vec![verdict(1, 1)])])).await.unwrap();
    store.advance(step(build, 4, 5, vec![put(&VERDICTS, vec![verdict(-1, 0)])])).await.unwrap();
    assert_eq!(all_of(&store, build, &VERDICTS).await, [verdict(0, 1)]);
    store
        .advance(step(build, 5, 6, vec![put(&LOAD, vec![load("a", "verified", 1), load("a", "x", -1)])]))
        .await
        .unwrap();
    assert!(store.sums(build, &Sum { table: &LOAD, filter: Vec::new(), by }).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_cover_everything_once_and_byte_by_byte() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let names = [
        "Dinas Perhubungan",
        "dinas perhubungan",
        "dinas_perhubungan",
        "dinas-perhubungan",
        "DINAS",
        "Dinas",
        "dinas",
        "Kesehatan",
        "kesehatan",
        "kesehatan-1",
        "kesehatan_1",
        "kesehatan1",
        "Kesehatan 1",
        "_",
        "-",
        "",
        "Sidoarjo",
        "sidoarjo",
        "Ngawi",
        "ngawi",
        "é",
        "e",
        "f",
        "z",
        "Z",
    ];
    let mut rows: Vec<Row> = names.iter().map(|name| load(name, "verified", 1)).collect();
    rows.sort();
    store.advance(step(build, 0, 1, vec![put(&LOAD, rows.clone())])).await.unwrap();
    for limit in [1, 2, 7, 25, 100] {
        let select = Select { table: &LOAD, filter: Vec::new(), order: Vec::new(), after: None, limit };
        assert_eq!(paged(&store, build, select).await, rows, "{limit} a page");
    }
    let sum = Sum { table: &LOAD, filter: vec![Condition::at_least("agency", "d")], by: vec!["agency"] };
    let wanted: Vec<Row> =
        rows.iter().filter(|row| row[0].text() >= "d").map(|row| vec![row[0].clone(), row[6].clone()]).collect();
    assert_eq!(store.sums(build, &sum).await.unwrap(), wanted);
    let keys: Vec<Row> =
        rows.iter().rev().chain([&load("nobody", "verified", 1)]).map(|row| row[..6].to_vec()).collect();
    let found = store.get(build, &LOAD, &keys).await.unwrap();
    assert_eq!(found, rows.iter().rev().cloned().map(Some).chain([None]).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_is_answered_as_a_list_would() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let mut chance = Chance(7);
    let mut rows: Vec<Row> = (1..=300).map(|number| open(number, &mut chance)).collect();
    store.advance(step(build, 0, 1, vec![put(&QUEUE, rows.clone())])).await.unwrap();
    // Some change, and some go.
    let changed: Vec<Row> = (1..=50).map(|number| open(number, &mut chance)).collect();
    let gone: Vec<Row> = rows.drain(280..).map(|row| vec![row[0].clone()]).collect();
    rows.splice(..50, changed.clone());
    let changes = TableChanges { table: &QUEUE, put: changed, drop: gone.clone() };
    store.advance(step(build, 1, 2, vec![changes])).await.unwrap();
    assert_eq!(store.get(build, &QUEUE, &gone).await.unwrap(), vec![None; 20]);
    let orders: [&[&str]; 8] = [
        &[],
        &["next_due"],
        &["secret", "next_due"],
        &["secret", "agency", "stage", "next_due"],
        &["agency", "next_due"],
        &["monitored_from"],
        &["received_at", "stage"],
        &["next_due", "complaint"],
    ];
    for turn in 0..size(200, 5_000) {
        let order = orders[chance.below(orders.len() as u64) as usize].to_vec();
        let mut filter = Vec::new();
        for column in ["secret", "agency", "stage", "officer", "class", "next_due", "monitored_from", "complaint"] {
            if chance.below(if column == "secret" { 2 } else { 5 }) == 0 {
                let like = &rows[chance.below(rows.len() as u64) as usize];
                let value = like[QUEUE.place(column).unwrap()].clone();
                let test = match (column, chance.below(6)) {
                    (_, 0) => Test::IsNot(value),
                    (_, 1) => Test::AtMost(value),
                    (_, 2) => Test::AtLeast(value),
                    ("next_due" | "monitored_from", _) => Test::Before(value),
                    _ => Test::Is(value),
                };
                filter.push(Condition { column, test });
            }
        }
        let limit = 1 + chance.below(40) as usize;
        let select = Select { table: &QUEUE, filter, order, after: None, limit };
        assert_eq!(paged(&store, build, select.clone()).await, listed(&rows, &select), "turn {turn}: {select:?}");
    }
}

/// What a question gives, looked up in a list.
fn listed(rows: &[Row], select: &Select) -> Vec<Row> {
    let at = |row: &Row, column: &str| row[select.table.place(column).unwrap()].clone();
    let holds = |row: &Row, condition: &Condition| {
        let found = at(row, condition.column);
        match &condition.test {
            Test::Is(value) => found == *value,
            Test::IsNot(value) => found != *value,
            Test::AtLeast(value) => found >= *value,
            Test::AtMost(value) => found <= *value,
            Test::Before(value) => found < *value,
        }
    };
    let mut found: Vec<Row> =
        rows.iter().filter(|row| select.filter.iter().all(|condition| holds(row, condition))).cloned().collect();
    found.sort_by_cached_key(|row| {
        let order: Vec<Value> = select.order.iter().map(|column| at(row, column)).collect();
        (order, select.table.key_of(row).to_vec())
    });
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_nobody_declared_is_named() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let named = |refused: Result<Vec<Row>, ReadError>| match refused {
        Err(ReadError::Corrupt(why)) => assert!(why.contains("no_such"), "{why}"),
        other => panic!("{other:?}"),
    };
    let filter = vec![Condition::is("no_such", 1)];
    let select = Select { table: &QUEUE, filter: Vec::new(), order: vec!["no_such"], after: None, limit: 1 };
    named(store.rows(build, &select).await);
    named(store.rows(build, &Select { filter: filter.clone(), order: Vec::new(), ..select.clone() }).await);
    named(store.sums(build, &Sum { table: &LOAD, filter, by: Vec::new() }).await);
    named(store.sums(build, &Sum { table: &LOAD, filter: Vec::new(), by: vec!["no_such"] }).await);
    let strange = Select { filter: vec![Condition::is("secret", "one")], order: Vec::new(), ..select };
    assert!(matches!(store.rows(build, &strange).await, Err(ReadError::Corrupt(_))), "a text for a number");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_taken_away_leaves_nothing_not_even_its_number() {
    let database = database().await;
    let (store, first) = begun(&database).await;
    let second = store.begin(VERSION).await.unwrap().number;
    for build in [first, second] {
        store.advance(step(build, 0, 1, vec![put(&LOAD, vec![load("dishub", "verified", 1)])])).await.unwrap();
    }
    store.switch(first).await.unwrap();
    store.switch(second).await.unwrap();
    assert_eq!(store.switch(second + 1).await, Err(ReadError::Overtaken));
    let live = |builds: Vec<Build>| builds.iter().map(|build| build.is_live).collect::<Vec<_>>();
    assert_eq!(live(store.builds().await.unwrap()), [false, true]);
    store.discard(first).await.unwrap();
    store.discard(first).await.unwrap();
    let admin = superuser(&database).await;
    let rows = async || count(&admin, &format!("aduan_read.load_{VERSION}")).await;
    assert_eq!(rows().await, 1);
    assert_eq!(all_of(&store, second, &LOAD).await.len(), 1);
    store.discard(second).await.unwrap();
    assert_eq!(rows().await, 0);
    assert!(store.builds().await.unwrap().is_empty());
    let third = store.begin(VERSION).await.unwrap();
    let record_hash = Digest::default();
    assert_eq!(third, Build { number: 3, version: VERSION, position: 0, record_hash, is_live: false, stopped: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_gone_answers_nothing_while_its_rows_are_there() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let other = store.begin(VERSION).await.unwrap().number;
    for build in [build, other] {
        store.advance(step(build, 0, 1, vec![put(&LOAD, vec![load("dishub", "verified", 1)])])).await.unwrap();
    }
    // As a crash in the middle of a removal leaves it.
    let admin = superuser(&database).await;
    admin.execute("DELETE FROM aduan_read.builds WHERE number = $1", &[&(build as i32)]).await.unwrap();
    let select = Select { table: &LOAD, filter: Vec::new(), order: Vec::new(), after: None, limit: 9 };
    assert_eq!(store.rows(build, &select).await, Err(ReadError::NotBuilt));
    let sum = Sum { table: &LOAD, filter: Vec::new(), by: Vec::new() };
    assert_eq!(store.sums(build, &sum).await, Err(ReadError::NotBuilt));
    let keys = [LOAD.key_of(&load("dishub", "verified", 1)).to_vec()];
    assert_eq!(store.get(build, &LOAD, &keys).await, Err(ReadError::NotBuilt));
    let rows = async || count(&admin, &format!("aduan_read.load_{VERSION}")).await;
    assert_eq!(rows().await, 2);
    store.begin(VERSION).await.unwrap();
    assert_eq!(rows().await, 1, "the next one sweeps up");
    assert_eq!(all_of(&store, other, &LOAD).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_while_a_build_goes_sees_all_of_it_or_nothing() {
    let database = database().await;
    let (store, _) = begun(&database).await;
    let store = std::sync::Arc::new(store);
    let rows: Vec<Row> = (0..size(300, 30_000)).map(|number| load(&number.to_string(), "verified", 1)).collect();
    let whole = rows.len() as i64;
    for _ in 0..10 {
        let build = store.begin(VERSION).await.unwrap().number;
        store.advance(step(build, 0, 1, vec![put(&LOAD, rows.clone())])).await.unwrap();
        let asking = store.clone();
        let asking = tokio::spawn(async move {
            let sum = Sum { table: &LOAD, filter: Vec::new(), by: Vec::new() };
            loop {
                match asking.sums(build, &sum).await {
                    Ok(sums) => assert_eq!(sums, [vec![Value::from(whole)]]),
                    gone => return gone,
                }
            }
        });
        store.discard(build).await.unwrap();
        assert_eq!(soon(asking).await.unwrap(), Err(ReadError::NotBuilt));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_has_no_view() {
    let database = database().await;
    let admin = superuser(&database).await;
    for table in TABLES {
        let view = format!("pg_views WHERE schemaname = 'aduan_read' AND viewname = '{}'", table.name);
        assert_eq!(count(&admin, &view).await, i64::from(table.has_view()), "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_shows_the_live_build_and_no_other() {
    let database = database().await;
    let (store, first) = begun(&database).await;
    let second = store.begin(VERSION).await.unwrap().number;
    for (build, agency) in [(first, "old"), (second, "new")] {
        store.advance(step(build, 0, 1, vec![put(&LOAD, vec![load(agency, "verified", 1)])])).await.unwrap();
    }
    let admin = superuser(&database).await;
    admin.batch_execute("CREATE ROLE bi_tool").await.ok();
    admin
        .batch_execute(
            "GRANT USAGE ON SCHEMA aduan_read TO bi_tool; GRANT SELECT ON aduan_read.load TO bi_tool; \
        SET ROLE bi_tool",
        )
        .await
        .unwrap();
    let seen = async || {
        let rows = admin.query("SELECT ledger, agency, complaints FROM aduan_read.load", &[]).await.unwrap();
        rows.iter().map(|row| row.get(1)).collect::<Vec<String>>()
    };
    assert!(seen().await.is_empty());
    store.switch(first).await.unwrap();
    assert_eq!(seen().await, ["old"]);
    store.switch(second).await.unwrap();
    assert_eq!(seen().await, ["new"]);
    let table = admin.query("SELECT FROM aduan_read.builds", &[]).await;
    assert_eq!(table.unwrap_err().code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    admin.batch_execute("RESET ROLE; DROP OWNED BY bi_tool").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_leave_out_what_is_the_inspectorates() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    let mut chance = Chance(5);
    // One in seven is secret.
    let mut rows: Vec<Row> = (1..=70).map(|number| open(number, &mut chance)).collect();
    rows.sort();
    store.advance(step(build, 0, 1, vec![put(&QUEUE, rows)])).await.unwrap();
    store.switch(build).await.unwrap();
    let admin = superuser(&database).await;
    let count = async |from: &str| {
        let row = admin.query_one(&format!("SELECT count(*) FROM aduan_read.{from}"), &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    assert_eq!((count("queue").await, count(&format!("queue_{VERSION}")).await), (60, 70));
    for table in TABLES {
        let view = admin.query(&format!("SELECT FROM aduan_read.{}", table.name), &[]).await;
        assert_eq!(view.is_ok(), table.has_view(), "{}", table.name);
    }
    assert!(admin.query("SELECT state FROM aduan_read.cases", &[]).await.is_err(), "what the engine keeps for itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_read_models_writes_no_ledger() {
    let database = database().await;
    let (store, build) = begun(&database).await;
    store.advance(step(build, 0, 1, vec![put(&LOAD, vec![load("dishub", "verified", 1)])])).await.unwrap();
    let app = aduan_testkit::postgres::connect(&database.url_as("aduan_app")).await.unwrap();
    for refused in [
        "UPDATE aduan.events SET payload = '{}'",
        "DELETE FROM aduan.events",
        "INSERT INTO aduan_read.versions VALUES (99, '')",
        "CREATE TABLE aduan_read.mine ()",
        "DROP TABLE aduan_read.builds",
        "INSERT INTO aduan_read.load SELECT * FROM aduan_read.load",
    ] {
        let error = app.batch_execute(refused).await.unwrap_err();
        assert!(error.as_db_error().is_some(), "{refused}: {error:?}");
    }
    for table in TABLES {
        app.batch_execute(&format!("DELETE FROM aduan_read.{}_{VERSION}", table.name)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_are_made_once_and_missed_where_they_are_not() {
    let database = database().await;
    let postgres = connect(&database).await;
    let ledger = another_ledger();
    assert!(matches!(postgres.read_store(&ledger).await, Err(OpenError::NoSuchLedger { .. })));
    postgres.add(&ledger).await.unwrap();
    let migrated = async || migrate(&database.url(), &PostgresOptions::default()).await;
    assert_eq!(migrated().await, Ok(Vec::new()));
    let admin = superuser(&database).await;
    admin.batch_execute("UPDATE aduan_read.versions SET hash = sha256('')").await.unwrap();
    assert!(matches!(postgres.read_store(&ledger).await, Err(OpenError::OtherLayout { .. })));
    assert!(matches!(migrated().await, Err(OpenError::OtherLayout { .. })));
    // As a database of the release before has it.
    admin.batch_execute("DROP SCHEMA aduan_read CASCADE").await.unwrap();
    assert!(matches!(postgres.read_store(&ledger).await, Err(OpenError::NotMigrated)));
    postgres.open(&ledger).await.unwrap();
    assert_eq!(migrated().await, Ok(vec!["read_models"]));
    postgres.read_store(&ledger).await.unwrap().begin(VERSION).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_projects_at_a_time_and_its_end_is_the_next_ones_turn() {
    let database = database().await;
    let (store, _) = begun(&database).await;
    let (other, _) = begun(&database).await;
    let admin = superuser(&database).await;
    let store = std::sync::Arc::new(store);
    let next = || {
        let store = store.clone();
        tokio::spawn(async move { store.lease().await })
    };
    let locks = "pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let (waits, holds) = (format!("{locks} AND NOT granted"), format!("{locks} AND granted"));
    let are = async |what: &str, many: i64| {
        while count(&admin, what).await != many {
            tokio::task::yield_now().await;
        }
    };
    let waiting = async |many: i64| are(&waits, many).await;
    let first = store.lease().await.unwrap();
    drop(other.lease().await.unwrap());
    // The server notices in its own time.
    are(&holds, 1).await;
    let second = next();
    waiting(1).await;
    // Whoever no longer wants it is not waited for.
    let gone = next();
    waiting(2).await;
    gone.abort();
    assert!(gone.await.is_err());
    drop(first);
    let second = second.await.unwrap().unwrap();
    // A session that is ended takes its lease with it, whatever its holder believes.
    let third = next();
    waiting(1).await;
    let holder = admin.query_one(&format!("SELECT pid FROM {holds}"), &[]).await.unwrap().get(0);
    database.server().terminate_backend(holder).await.unwrap();
    let third = third.await.unwrap().unwrap();
    drop(second);
    let fourth = next();
    waiting(1).await;
    drop(third);
    fourth.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_somebody_has_is_not_waited_for() {
    let database = database().await;
    let postgres = connect(&database).await;
    let ledger = another_ledger();
    postgres.add(&ledger).await.unwrap();
    let (store, other) = (postgres.read_store(&ledger).await.unwrap(), postgres.read_store(&ledger).await.unwrap());
    for _ in 0..10 {
        let held = store.try_lease().await.unwrap().unwrap();
        assert!(other.try_lease().await.unwrap().is_none());
        assert!(store.try_lease().await.unwrap().is_none());
        drop(held);
        drop(store.lease().await.unwrap());
    }
    // Whoever did not get it left no session behind, and keeps nobody waiting.
    assert!(store.try_lease().await.unwrap().is_some());
}

/// In time, where nothing but the clock would tell otherwise.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), work).await.expect("it takes no minute")
}

async fn append(store: &PostgresStore, draft: &mut Draft, number: u64) {
    store.append(Append::new(command(number), vec![draft.part(number, 1)])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_wakes_whoever_waits_for_more() {
    let database = database().await;
    let one = connect(&database).await.create(&another_ledger()).await.unwrap();
    let two = connect(&database).await.open(one.id()).await.unwrap();
    let reader = connect(&database).await.open_read_only(one.id()).await.unwrap();
    let (mut draft, mut foreign) = (Draft::of(&one, 1), Draft::of(&one, 2));
    for number in 1..=20 {
        let before = 2 * (number - 1);
        let (more, ()) = tokio::join!(soon(two.more(before)), append(&one, &mut draft, 2 * number));
        assert_eq!(more, Ok(()), "another process wrote");
        let (more, ()) = tokio::join!(soon(two.more(before + 1)), append(&two, &mut foreign, 2 * number + 1));
        assert_eq!(more, Ok(()), "this one wrote itself");
        assert_eq!(soon(reader.more(before + 1)).await, Ok(()));
    }
    assert_eq!(soon(reader.more(0)).await, Ok(()));
    assert_eq!(one.head().await.unwrap().position, 40);
    // What was written before anybody listened is no reason to wait.
    let late = connect(&database).await.open_read_only(one.id()).await.unwrap();
    assert_eq!(soon(late.more(39)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_is_told_and_mended() {
    let database = database().await;
    let writer = connect(&database).await.create(&another_ledger()).await.unwrap();
    let reader = connect(&database).await.open_read_only(writer.id()).await.unwrap();
    let mut draft = Draft::of(&writer, 1);
    let admin = superuser(&database).await;
    for number in 1..=3 {
        append(&writer, &mut draft, number).await;
        let cut = async {
            let listening = format!(
                "pg_stat_activity WHERE {OURS} AND state = 'idle' AND query LIKE 'SELECT position FROM aduan.ledger WHERE name%'"
            );
            while count(&admin, &listening).await == 0 {
                tokio::task::yield_now().await;
            }
            let end = format!("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE {OURS}");
            admin.query(&end, &[]).await.unwrap();
        };
        let (told, ()) = tokio::join!(soon(reader.more(number)), cut);
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    // Whoever tells others lost its connection as well; the next append is told all the same.
    let append_last =
        async { while writer.append(Append::new(command(4), vec![draft.clone().part(4, 1)])).await.is_err() {} };
    let (told, ()) = tokio::join!(soon(reader.more(3)), append_last);
    assert_eq!(told, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_closed_or_dropped_leaves_no_session_behind() {
    let database = database().await;
    let admin = superuser(&database).await;
    for is_closed in [true, false] {
        let postgres: Postgres = connect(&database).await;
        let store = postgres.create(&another_ledger()).await.unwrap();
        let mut draft = Draft::of(&store, 1);
        let (more, ()) = tokio::join!(soon(store.more(0)), append(&store, &mut draft, 1));
        assert_eq!(more, Ok(()));
        drop(postgres);
        if is_closed {
            store.close().await;
        } else {
            drop(store);
        }
        let left = async {
            while count(&admin, &format!("pg_stat_activity WHERE {OURS}")).await > 0 {
                tokio::task::yield_now().await;
            }
        };
        soon(left).await;
    }
}

const OURS: &str = "usename = 'aduan_app' AND datname = current_database()";
