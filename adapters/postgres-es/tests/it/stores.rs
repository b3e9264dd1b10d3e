//! Every promise of a store; the same bytes as in memory; and whatever one adapter wrote, the other continues.

use std::cell::RefCell;
use std::sync::Arc;

use aduan::command::{ClearRequest, Command};
use aduan::engine::Engine;
use aduan::event::Note;
use aduan::inspect::Inspector;
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::{Clear, SealedBox};
use aduan::store::{Append, AppendPart, Attestations as _, Entry, Ledger as _, Log as _, Outcome, Store, StoreError};
use aduan::values::{ComplaintId, LedgerId};
use aduan_memory::MemoryStore;
use aduan_postgres_es::{OpenError, PostgresEsOptions, PostgresEsStore};
use aduan_testkit::conformance::{self, everything};
use aduan_testkit::postgres::{Server, connect};
use aduan_testkit::town::{Choice, Town, histories};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::city::{self, command};
use crate::database::*;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_es_keeps_every_promise_of_a_store() {
    let databases = RefCell::new(Vec::new());
    conformance::all(async || {
        let database = migrated().await;
        let store = through_postgres_es(&database, PostgresEsOptions::default()).await;
        databases.borrow_mut().push(database);
        Arc::new(store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_es_keeps_attestations_that_the_other_adapter_reads() {
    let (database, elsewhere) = (migrated().await, migrated().await);
    let store = through_postgres_es(&database, PostgresEsOptions::default()).await;
    let other = through_postgres_es(&elsewhere, PostgresEsOptions::default()).await;
    conformance::attestations(&store, &other).await;
    let kept = store.attestations(None, usize::MAX).await.unwrap();
    conformance::holds_attestations(&through_postgres(&database).await, &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_adapter_wrote_the_other_reads_and_continues_to_the_byte() {
    for choices in random_histories() {
        let memory = Arc::new(MemoryStore::new(ledger()));
        let said_by_memory = drive(&[city::engine(memory.clone())], &choices).await;
        let log = everything(&*memory).await;

        let database = migrated().await;
        let ours = Arc::new(through_postgres(&database).await);
        let theirs = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
        // Each with a cache of its own, which the other one's commands make stale.
        let engines = [city::engine(ours.clone()), city::engine(theirs.clone())];
        assert_eq!(drive(&engines, &choices).await, said_by_memory);

        for store in [&*ours as &dyn Store, &*theirs] {
            assert_eq!(everything(store).await, log, "positions, bytes and hashes");
            assert_eq!(boxes(store, &log).await, boxes(&*memory, &log).await, "sealed values");
            assert_eq!(store.head().await, memory.head().await, "the hash of the log");
            for complaint in complaints(&log) {
                assert_eq!(store.load(complaint, 0).await, memory.load(complaint, 0).await);
                assert_eq!(store.load(complaint, 2).await, memory.load(complaint, 2).await);
            }
        }
        assert_no_problem(&log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_adapters_write_at_once_and_each_command_counts_once() {
    let database = migrated().await;
    let ours = Arc::new(through_postgres(&database).await);
    let theirs = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engines = [Arc::new(city::engine(ours.clone())), Arc::new(city::engine(theirs.clone()))];
    let id = engines[0].receive(city::receive(1)).await.unwrap().complaint;
    let mut tasks = Vec::new();
    for number in 2..=60 {
        // The same command through both, at once.
        for engine in engines.clone() {
            tasks.push(tokio::spawn(async move {
                loop {
                    match engine.handle(id, city::remark(number)).await {
                        Ok(receipt) => return receipt,
                        Err(aduan::engine::Error::Contended) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }));
        }
    }
    let mut first_times = 0;
    for task in tasks {
        first_times += usize::from(!task.await.unwrap().repeated);
    }
    assert_eq!(first_times, 59);
    let log = everything(&*theirs).await;
    assert_eq!(log.len(), 60, "one record a command");
    assert_eq!(log, everything(&*ours).await);
    assert_no_problem(&log);
}

#[tokio::test]
async fn refuses_a_record_that_the_trigger_would_store_as_another() {
    let database = migrated().await;
    let store = through_postgres_es(&database, PostgresEsOptions::default()).await;
    city::engine(Arc::new(through_postgres(&database).await)).receive(city::receive(1)).await.unwrap();
    let sound = everything(&store).await.remove(0).record;
    let complaint = ComplaintId(Uuid::from_u128(9));
    type Change<'c> = &'c dyn Fn(&mut Record);
    let append = async |change: Change<'_>, is_hashed: bool| {
        let command = command(9);
        let metadata = sound.metadata.replace(&sound.command.to_string(), &command.to_string());
        let mut record = Record { complaint, command, metadata, prev: genesis(&ledger(), complaint), ..sound.clone() };
        change(&mut record);
        if is_hashed {
            record.hash = record.hash_in(&ledger());
        }
        let part = AppendPart { complaint, expected: 0, records: vec![record], boxes: Vec::new(), keys: Vec::new() };
        store.append(Append::new(command, vec![part])).await
    };
    let wrong: [(Change<'_>, bool); 5] = [
        (&|record| record.metadata = record.metadata.replace("1/1", "2/2"), true),
        (&|record| record.metadata = record.metadata.replace("\"command\"", "\"commend\""), true),
        (&|record| record.recorded_at += std::time::Duration::from_micros(1), true),
        (&|record| record.payload.push(' '), false),
        (&|record| record.payload = "not JSON".into(), true),
    ];
    for (place, (change, is_hashed)) in wrong.into_iter().enumerate() {
        let answer = append(change, is_hashed).await;
        assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{place}: {answer:?}");
    }
    assert_eq!(everything(&store).await.len(), 1, "nothing was stored");
    assert_eq!(append(&|_| {}, true).await, Ok(Outcome::Appended { first: 2 }), "the control");
}

#[tokio::test]
async fn the_view_refuses_what_lacks_a_command_or_does_not_follow() {
    let database = migrated().await;
    let store = through_postgres_es(&database, PostgresEsOptions::default()).await;
    city::engine(Arc::new(through_postgres(&database).await)).receive(city::receive(1)).await.unwrap();
    let entry = everything(&store).await.remove(0);
    let app = connect(&database.url_as("aduan_app")).await.unwrap();
    let insert = async |ledger: &str, sequence: i64, payload: &str, metadata: &str| {
        app.execute("SELECT set_config('aduan.ledger', $1, false)", &[&ledger]).await.unwrap();
        let text = "INSERT INTO aduan.postgres_es_events VALUES ('complaint', $1, $2, 'Annotated', '1', $3::text::json, \
                    $4::text::json)";
        let id = entry.record.complaint.to_string();
        let inserted = app.execute(text, &[&id, &sequence, &payload, &metadata]).await;
        inserted.map_err(|error| error.code().map(|code| code.code().to_owned()).unwrap_or_default())
    };
    let string = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
    let said = |command: &str| {
        string(&entry.record.metadata.replace(&entry.record.command.to_string(), &Uuid::nil().to_string()))
            .replace("command", command)
    };
    let fact = string("{}");
    assert_eq!(insert("mojokerto", 2, "{}", &said("command")).await, Err("22023".into()), "an object loses its bytes");
    assert_eq!(insert("mojokerto", 2, &fact, &said("commend")).await, Err("22023".into()), "no command");
    assert_eq!(insert("mojokerto", 3, &fact, &said("command")).await, Err("23505".into()), "a gap is a lost race");
    assert_eq!(insert("mojokerto", 1, &fact, &said("command")).await, Err("23505".into()), "so is a stale version");
    assert_eq!(insert("kediri", 1, &fact, &said("command")).await, Err("P0002".into()), "no such ledger");
    assert_eq!(
        insert("mojokerto", 2, &fact, &string(&entry.record.metadata)).await,
        Err("23505".into()),
        "command taken"
    );
    assert_eq!(everything(&store).await.len(), 1, "nothing was stored");
    assert_eq!(insert("mojokerto", 2, &fact, &said("command")).await, Ok(1), "the control");
    let log = everything(&store).await;
    assert_eq!((log[1].position, log[1].record.part), (2, 1));
    assert_eq!(log[1].record.recorded_at, entry.record.recorded_at, "to the microsecond");
    log[1].record.check_link(&ledger(), 2, entry.record.hash).unwrap();
    for change in ["UPDATE aduan.postgres_es_events SET sequence = 7", "DELETE FROM aduan.postgres_es_events"] {
        assert!(app.execute(change, &[]).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_ledger_does_not_see_another() {
    let database = migrated().await;
    let kediri = LedgerId::new("kediri").unwrap();
    let url = database.url_as("aduan_app");
    let other = Arc::new(PostgresEsStore::create(&url, &kediri, PostgresEsOptions::default()).await.unwrap());
    let here = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let id = city::engine(here.clone()).receive(city::receive(1)).await.unwrap().complaint;
    city::engine(other.clone()).receive(city::receive(1)).await.unwrap();
    assert_eq!(everything(&*here).await.len(), 1);
    assert_eq!(everything(&*other).await.len(), 1);
    assert!(other.load(id, 0).await.unwrap().records.is_empty());
    assert_eq!(here.load(id, 0).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn what_it_cannot_vouch_for_is_refused_at_open() {
    let database = migrated().await;
    let app = database.url_as("aduan_app");
    let open = async |url: &str| PostgresEsStore::open(url, &ledger(), PostgresEsOptions::default()).await.err();
    assert_eq!(open(&app).await, Some(OpenError::NoSuchLedger { ledger: ledger() }));
    drop(through_postgres_es(&database, PostgresEsOptions::default()).await);
    assert_eq!(open(&app).await, None, "the control");
    let lossy = format!("{app}?options=-c%20synchronous_commit%3Doff");
    let setting = OpenError::Setting { name: "synchronous_commit", found: "off".into() };
    assert_eq!(open(&lossy).await, Some(setting));
    let unsafely = PostgresEsOptions { unsafe_lose_last_commits: true, ..PostgresEsOptions::default() };
    assert!(PostgresEsStore::open(&lossy, &ledger(), unsafely).await.is_ok(), "unless asked for");
    assert!(matches!(open("no url").await, Some(OpenError::Url(_))));

    let admin = connect(&database.url()).await.unwrap();
    let changed = async |change: &str| {
        admin.batch_execute(change).await.unwrap();
        open(&app).await
    };
    let disabled = changed("ALTER TABLE aduan.events DISABLE TRIGGER events_change_guard").await;
    assert_eq!(disabled, Some(OpenError::NoGuard { guard: "events_change_guard" }));
    assert_eq!(changed("ALTER TABLE aduan.events ENABLE ALWAYS TRIGGER events_change_guard").await, None);
    let altered = changed(
        "CREATE OR REPLACE FUNCTION aduan.log_hash(log_hash bytea, \"position\" bigint, record_hash bytea) \
         RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS 'SELECT record_hash'",
    );
    assert_eq!(altered.await, Some(OpenError::OtherView { object: "aduan.log_hash" }));
    aduan_postgres_es::migrate(&database.url()).await.unwrap();
    assert_eq!(open(&app).await, None, "migrating puts it right");
    let older = changed("ALTER TABLE aduan.boxes RENAME sealed TO bytes").await;
    assert_eq!(older, Some(OpenError::OtherTables));
    assert_eq!(changed("ALTER TABLE aduan.boxes RENAME bytes TO sealed").await, None);
    let dropped = changed("DROP VIEW aduan.postgres_es_events").await;
    assert_eq!(dropped, Some(OpenError::OtherView { object: "aduan.postgres_es_events" }));
}

#[tokio::test]
async fn the_view_is_made_over_tables_only() {
    let database = Server::shared().unwrap().database().await.unwrap();
    assert_eq!(aduan_postgres_es::migrate(&database.url()).await, Err(OpenError::NoTables));
    let opened = PostgresEsStore::open(&database.url(), &ledger(), PostgresEsOptions::default()).await;
    assert_eq!(opened.err(), Some(OpenError::NoTables));
    aduan_postgres::migrate(&database.url(), &Default::default()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(aduan_postgres_es::migrate(&database.url()).await, Ok(()), "again, it changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_unknown_and_the_same_command_tells_the_outcome() {
    let database = migrated().await;
    let store = Arc::new(through_postgres_es(&database, PostgresEsOptions::default()).await);
    let engine = Arc::new(city::engine(store.clone()));
    let id = engine.receive(city::receive(1)).await.unwrap().complaint;
    let text = Some(Clear::new("Sudah ditelepon, belum diangkat."));
    let remark = ClearRequest { command: Command::Annotate { note: Note::Remark, text }, ..city::remark(2) };
    let mut lock = Lock::take(&database, "SELECT FROM aduan.ledger FOR UPDATE").await;
    let asked = tokio::spawn({
        let (engine, remark) = (engine.clone(), remark.clone());
        async move { engine.handle(id, remark).await }
    });
    lock.until_somebody_waits().await;
    lock.cut_who_waits().await;
    let answer = asked.await.unwrap();
    assert!(matches!(answer, Err(aduan::engine::Error::Unknown(_))), "{answer:?}");
    lock.release().await;
    let admin = connect(&database.url()).await.unwrap();
    let kept = async || {
        let row = admin.query_one("SELECT count(*) FROM aduan.boxes", &[]).await;
        row.unwrap().get::<_, i64>(0)
    };
    assert_eq!(kept().await, 2, "what it sealed was kept before the line was cut");
    assert!(!engine.handle(id, remark.clone()).await.unwrap().repeated, "it was not stored; now it is");
    assert!(engine.handle(id, remark).await.unwrap().repeated);
    let log = everything(&*store).await;
    assert_eq!(log.len(), 2);
    assert_eq!(kept().await, 2, "the next try sealed the same, and found it there");
    let event = log[1].record.event().unwrap();
    assert_eq!(engine.reveal(id, &event).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_bound_of_its_queue_it_sheds_and_stores_nothing() {
    let database = migrated().await;
    let options = PostgresEsOptions { queue: 1, ..PostgresEsOptions::default() };
    let store = Arc::new(through_postgres_es(&database, options).await);
    let mut lock = Lock::take(&database, "LOCK TABLE aduan.events IN ACCESS EXCLUSIVE MODE").await;
    let waits = tokio::spawn({
        let store = store.clone();
        async move { store.after(0, 10).await }
    });
    lock.until_somebody_waits().await;
    assert_eq!(store.after(0, 10).await, Err(StoreError::Overloaded));
    lock.release().await;
    assert!(waits.await.unwrap().is_ok());
    assert!(store.after(0, 10).await.is_ok());
}

fn random_histories() -> Vec<Vec<Choice>> {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    (0..8).map(|_| histories(100).new_tree(&mut runner).expect("a history").current()).collect()
}

/// Plays a history, the engines taking turns command by command; what was said to each request.
async fn drive(engines: &[Engine], choices: &[Choice]) -> Vec<String> {
    let mut town = Town::new(Rules::mojokerto());
    let mut said = Vec::new();
    for (choice, engine) in choices.iter().zip(engines.iter().cycle()) {
        let (id, request) = town.request(*choice);
        let seed = request.seed;
        said.push(match engine.handle(id, request).await {
            Ok(receipt) => {
                if !receipt.repeated {
                    town.learn(id, &receipt.events, &seed);
                }
                format!("{receipt:?}")
            }
            Err(error) => format!("{error:?}"),
        });
    }
    said
}

fn complaints(log: &[Entry]) -> std::collections::BTreeSet<ComplaintId> {
    log.iter().map(|entry| entry.record.complaint).collect()
}

async fn boxes(store: &dyn Store, log: &[Entry]) -> Vec<Option<SealedBox>> {
    let mut all = Vec::new();
    for entry in log {
        let event = entry.record.event().expect("a sound event");
        let digests: Vec<_> = event.fact.boxes().into_iter().map(|(_, digest)| digest).collect();
        all.extend(store.boxes(entry.record.complaint, &digests).await.expect("boxes"));
    }
    assert!(all.iter().all(Option::is_some), "a record never names a box that is missing");
    all
}

fn assert_no_problem(log: &[Entry]) {
    let mut inspector = Inspector::new(ledger());
    for entry in log {
        let event = entry.record.event().map_err(|broken| broken.to_string());
        inspector.read(entry, event.as_ref().map_err(String::as_str));
    }
    assert_eq!(inspector.finish(None).problems, []);
}
