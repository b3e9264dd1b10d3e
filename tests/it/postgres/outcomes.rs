//! The truth about outcomes: what is told as recorded is, what is told as not recorded is not, and the rest is unknown.

use std::sync::Arc;
use std::time::Duration;

use aduan::actor::{Actor, Role};
use aduan::command::ClearRequest;
use aduan::engine::Error;
use aduan::event::Class;
use aduan::sealed::WrappedKey;
use aduan::store::{Append, Attestation, Attestations, Ledger, Log, Outcome, StoreError};
use aduan::values::{CommandId, Digest};
use aduan_postgres::{Postgres, PostgresOptions, PostgresStore};
use aduan_testkit::conformance::everything;
use aduan_testkit::draft::{Draft, command, complaint};
use aduan_testkit::postgres::{Cut, Database, Proxy};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{another_ledger, by_hand, connect, database, linked, superuser};
use crate::office::{moment, receive};
use crate::stores::engine;

/// A command of a complaint of its own.
fn lone(store: &PostgresStore, number: u64) -> Append {
    Append::new(command(number), vec![Draft::of(store, number).part(number, 2)])
}

async fn connect_with(url: &str, deadline: u64, readers: usize) -> Postgres {
    let deadline = Duration::from_secs(deadline);
    // Alone on its line: whoever tells others would have a say in which message is cut.
    let options = PostgresOptions { deadline, readers, tells_others: false, ..PostgresOptions::default() };
    Postgres::connect(url, options).await.unwrap()
}

/// Asks until the outcome is known.
async fn settled(store: &PostgresStore, append: &Append) -> Outcome {
    let mut last = None;
    for _ in 0..3 {
        match store.append(append.clone()).await {
            Ok(outcome) => return outcome,
            Err(error) => last = Some(error),
        }
    }
    panic!("three times in a row: {last:?}");
}

/// How far a store is when its line is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// It is connected, and nobody else wrote: one statement.
    AtOnce,
    /// Somebody else wrote: a transaction.
    UnderLock,
    /// It has lost its connection: it connects first.
    Anew,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_at_any_message_of_the_server_leaves_a_command_whole_or_absent() {
    for way in [Way::AtOnce, Way::UnderLock, Way::Anew] {
        let told = cut_everywhere(way, Cut::Answer).await;
        println!("{way:?}, the server's messages: {told:?}");
        assert!(told.unknown_and_recorded > 0, "its last message is that of the commit: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_at_any_message_of_the_store_leaves_a_command_whole_or_absent() {
    for way in [Way::AtOnce, Way::UnderLock, Way::Anew] {
        let told = cut_everywhere(way, Cut::Request).await;
        println!("{way:?}, the store's messages: {told:?}");
        assert!(told.unknown_and_absent > 0, "it did not reach the server: {told:?}");
    }
}

/// What the store told of commands whose line was cut.
#[derive(Default, Debug)]
struct Told {
    unknown_and_recorded: usize,
    unknown_and_absent: usize,
    unavailable: usize,
    appended: usize,
}

/// A store whose line can be cut, and another one of the same ledger, whose cannot.
struct Cuttable {
    proxy: Proxy,
    store: PostgresStore,
    other: PostgresStore,
    _database: Database,
}

impl Cuttable {
    async fn create() -> Self {
        let database = database().await;
        let proxy = Proxy::to(&database.url_as("aduan_app")).await.unwrap();
        let ledger = another_ledger();
        let other = connect(&database).await.create(&ledger).await.unwrap();
        let store = connect_with(&proxy.url(), 20, 1).await.open(&ledger).await.unwrap();
        Cuttable { proxy, store, other, _database: database }
    }
}

/// Appends again and again, cutting one message later each time, until nothing is left to cut.
async fn cut_everywhere(way: Way, cut: fn(usize) -> Cut) -> Told {
    let Cuttable { proxy, store, other, _database } = Cuttable::create().await;
    let mut told = Told::default();
    for (round, at) in (1..).enumerate() {
        let number = 3 * round as u64;
        if way == Way::Anew {
            proxy.cut_at(Cut::Answer(1));
            assert!(store.append(lone(&store, number)).await.is_err());
            assert!(proxy.mend());
            settled(&other, &lone(&store, number)).await;
        } else {
            settled(&store, &lone(&store, number)).await;
        }
        if way == Way::UnderLock {
            settled(&other, &lone(&store, number + 1)).await;
        }
        let append = lone(&store, number + 2);
        proxy.cut_at(cut(at));
        let first = store.append(append.clone()).await;
        let was_cut = proxy.mend();
        let again = settled(&store, &append).await;
        match (&first, &again) {
            (Ok(Outcome::Appended { first }), Outcome::Handled { entries }) => {
                assert_eq!(entries[0].position, *first);
                told.appended += 1;
            }
            (Err(StoreError::Unavailable(_)), Outcome::Appended { .. }) => told.unavailable += 1,
            (Err(StoreError::Unknown(_)), Outcome::Appended { .. }) => told.unknown_and_absent += 1,
            (Err(StoreError::Unknown(_)), Outcome::Handled { entries }) => {
                assert_eq!(entries.len(), 2, "all of it");
                told.unknown_and_recorded += 1;
            }
            _ => panic!("cut at {at} ({way:?}): first {first:?}, then {again:?}"),
        }
        if !was_cut {
            assert!(first.is_ok(), "{first:?}");
            let rounds = round + 1;
            let each = if way == Way::UnderLock { 3 } else { 2 };
            assert_eq!(linked(&store).await.len(), 2 * each * rounds, "each command counts once");
            return told;
        }
    }
    unreachable!("the rounds have no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_while_something_is_kept_leaves_it_there_or_not_as_it_is_told() {
    let of_answers = cut_while_keeping(Cut::Answer).await;
    assert!(of_answers.unknown_and_recorded > 0, "its last message is that of the commit: {of_answers:?}");
    let of_requests = cut_while_keeping(Cut::Request).await;
    assert!(of_requests.unknown_and_absent > 0, "it did not reach the server: {of_requests:?}");
}

/// Keeps one attestation after the other, cutting one message later each time, until nothing is left to cut.
async fn cut_while_keeping(cut: fn(usize) -> Cut) -> Told {
    let Cuttable { proxy, store, other, _database } = Cuttable::create().await;
    let mut told = Told::default();
    for at in 1.. {
        let attestation = Attestation { size: at as u64, note: format!("number {at}\n") };
        proxy.cut_at(cut(at));
        let first = store.keep_attestation(&attestation).await;
        let was_cut = proxy.mend();
        let is_there = other.attestations(None, 1_000).await.unwrap().contains(&attestation);
        match (&first, is_there) {
            (Ok(()), true) => told.appended += 1,
            (Err(StoreError::Unavailable(_)), false) => told.unavailable += 1,
            (Err(StoreError::Unknown(_)), false) => told.unknown_and_absent += 1,
            (Err(StoreError::Unknown(_)), true) => told.unknown_and_recorded += 1,
            _ => panic!("cut at {at}: {first:?}, and it is there: {is_there}"),
        }
        assert_eq!(store.keep_attestation(&attestation).await, Ok(()), "keeping it twice is harmless");
        if !was_cut {
            assert!(first.is_ok(), "{first:?}");
            assert_eq!(other.attestations(None, 1_000).await.unwrap().len(), at);
            return told;
        }
    }
    unreachable!("the rounds have no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_is_not_waited_for() {
    let database = database().await;
    let proxy = Proxy::to(&database.url_as("aduan_app")).await.unwrap();
    let store = connect_with(&proxy.url(), 1, 1).await.create(&another_ledger()).await.unwrap();
    settled(&store, &lone(&store, 1)).await;
    proxy.cut_at(Cut::Silence(1));
    let silent = store.append(lone(&store, 2)).await;
    assert!(matches!(silent, Err(StoreError::Unknown(_))), "{silent:?}");
    assert!(proxy.mend());
    let again = settled(&store, &lone(&store, 2)).await;
    assert!(matches!(again, Outcome::Handled { .. }), "the server had it: {again:?}");
    // A reader, too.
    assert_eq!(everything(&store).await.len(), 4);
    proxy.cut_at(Cut::Silence(1));
    let silent = store.after(0, 10).await;
    assert!(matches!(silent, Err(StoreError::Unavailable(_))), "{silent:?}");
    assert!(proxy.mend());
    assert_eq!(everything(&store).await.len(), 4, "the only reader is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_command_a_stale_version_and_a_broken_link_are_told_apart() {
    let database = database().await;
    let ledger = another_ledger();
    let writer = connect(&database).await.create(&ledger).await.unwrap();
    // One that knows an older head, and one that knows the head and nothing of what is before it: there, only the names of
    // the constraints tell.
    let behind = connect(&database).await.open(&ledger).await.unwrap();
    let mut draft = Draft::of(&writer, 1);
    let first = Append::new(command(1), vec![draft.part(1, 2)]);
    assert_eq!(writer.append(first.clone()).await, Ok(Outcome::Appended { first: 1 }));
    let anew = connect(&database).await.open(&ledger).await.unwrap();
    for (number, store) in [(10, &behind), (20, &anew)] {
        let taken = Append::new(command(1), vec![Draft::of(store, number).part(1, 1)]);
        let stale = Append::new(command(number + 1), vec![Draft::of(store, 1).part(number + 1, 1)]);
        let ahead = Draft { version: 7, ..draft.clone() }.part(number + 2, 1);
        let ahead = Append::new(command(number + 2), vec![ahead]);
        let forged = Draft { prev: Digest::of(b"another past"), ..draft.clone() }.part(number + 3, 1);
        let forged = Append::new(command(number + 3), vec![forged]);
        let (good, also_good) = (lone(store, number + 4), lone(store, number + 5));
        // In one batch: nobody spoils another's answer.
        let told = tokio::join!(
            biased;
            store.append(good),
            store.append(taken),
            store.append(stale),
            store.append(ahead),
            store.append(forged),
            store.append(first.clone()),
            store.append(also_good),
        );
        let (good, taken, stale, ahead, forged, repeated, also_good) = told;
        assert!(matches!(good, Ok(Outcome::Appended { .. })), "{good:?}");
        assert!(matches!(also_good, Ok(Outcome::Appended { .. })), "{also_good:?}");
        for handled in [taken, repeated] {
            let Ok(Outcome::Handled { entries }) = handled else { panic!("{handled:?}") };
            assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), [1, 2]);
            assert_eq!(entries[0].record.complaint, complaint(1), "whose it is");
        }
        assert_eq!(stale, Ok(Outcome::Conflict));
        assert_eq!(ahead, Ok(Outcome::Conflict));
        assert!(matches!(forged, Err(StoreError::Corrupt(_))), "{forged:?}");
    }
    assert_eq!(linked(&writer).await.len(), 2 + 4 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_rolled_back_is_unavailable_and_the_retry_succeeds() {
    let database = database().await;
    let ledger = another_ledger();
    let postgres = connect(&database).await;
    let (store, other) = (postgres.create(&ledger).await.unwrap(), postgres.open(&ledger).await.unwrap());
    let admin = superuser(&database).await;
    let mut number = 0;
    // Serialisation, deadlock, lock time-out, statement time-out, full disk, no memory, a read-only server.
    for code in ["40001", "40P01", "55P03", "57014", "53100", "53200", "25006"] {
        for under_lock in [false, true] {
            number += 2;
            let moving = if under_lock { &other } else { &store };
            settled(moving, &lone(&store, number)).await;
            admin.batch_execute(&failing(code)).await.unwrap();
            let failed = store.append(lone(&store, number + 1)).await;
            assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{code}: {failed:?}");
            admin.batch_execute(MENDED).await.unwrap();
            assert!(store.handled(command(number + 1)).await.unwrap().is_empty(), "{code}: nothing was stored");
            let again = store.append(lone(&store, number + 1)).await;
            assert!(matches!(again, Ok(Outcome::Appended { .. })), "{code}: {again:?}");
        }
    }
    linked(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_constraint_refuses_spoils_no_other() {
    let database = database().await;
    let ledger = another_ledger();
    let postgres = connect(&database).await;
    let (store, other) = (postgres.create(&ledger).await.unwrap(), postgres.open(&ledger).await.unwrap());
    let refusing = format!("ALTER TABLE aduan.events ADD CONSTRAINT odd CHECK (aggregate_id <> '{}')", complaint(7));
    superuser(&database).await.batch_execute(&refusing).await.unwrap();
    for (first, moving) in [(10, &store), (20, &other)] {
        settled(moving, &lone(&store, first)).await;
        let told = tokio::join!(
            biased;
            store.append(lone(&store, first + 1)),
            store.append(lone(&store, 7)),
            store.append(lone(&store, first + 2)),
        );
        assert!(matches!(told.0, Ok(Outcome::Appended { .. })), "{:?}", told.0);
        assert!(matches!(&told.1, Err(StoreError::Corrupt(why)) if why.contains("odd")), "{:?}", told.1);
        assert!(matches!(told.2, Ok(Outcome::Appended { .. })), "{:?}", told.2);
    }
    assert_eq!(linked(&store).await.len(), 2 * 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_sheds_and_stores_nothing_of_it() {
    let database = database().await;
    let options = PostgresOptions { queue: 1, ..PostgresOptions::default() };
    let postgres = Postgres::connect(&database.url_as("aduan_app"), options).await.unwrap();
    let store = Arc::new(postgres.create(&another_ledger()).await.unwrap());
    let (holder, admin) = (superuser(&database).await, superuser(&database).await);
    hold(&holder, &store).await;
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.append(lone(&store, 1)).await }
    });
    who_waits(&admin, 1).await;
    // The first is being written; the second waits for its turn, and there is no place for a third.
    let (second, third) = tokio::join!(
        biased;
        store.append(lone(&store, 2)),
        async {
            let shed = store.append(lone(&store, 3)).await;
            holder.batch_execute("ROLLBACK").await.unwrap();
            shed
        }
    );
    assert_eq!(writing.await.unwrap(), Ok(Outcome::Appended { first: 1 }));
    assert_eq!(second, Ok(Outcome::Appended { first: 3 }));
    assert_eq!(third, Err(StoreError::Overloaded));
    assert!(store.handled(command(3)).await.unwrap().is_empty());
    assert_eq!(store.append(lone(&store, 3)).await, Ok(Outcome::Appended { first: 5 }));
}

/// A trigger that fails with a code, whatever is inserted.
fn failing(code: &str) -> String {
    format!(
        "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{code}'; END $$; \
         CREATE TRIGGER fail BEFORE INSERT ON aduan.events FOR EACH STATEMENT EXECUTE FUNCTION public.fail();"
    )
}
const MENDED: &str = "DROP TRIGGER fail ON aduan.events; DROP FUNCTION public.fail()";

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_locked_is_unavailable_until_it_is_not() {
    let database = database().await;
    let store = connect_with(&database.url_as("aduan_app"), 2, 1).await.create(&another_ledger()).await.unwrap();
    settled(&store, &lone(&store, 1)).await;
    let holder = superuser(&database).await;
    for number in [2, 3] {
        hold(&holder, &store).await;
        // The second time the store is under the lock's path.
        let waited = store.append(lone(&store, number)).await;
        assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
        holder.batch_execute("ROLLBACK").await.unwrap();
        assert!(store.handled(command(number)).await.unwrap().is_empty(), "nothing was stored");
    }
    for number in [2, 3] {
        let again = store.append(lone(&store, number)).await;
        assert!(matches!(again, Ok(Outcome::Appended { .. })), "{again:?}");
    }
    assert_eq!(linked(&store).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_an_administrator_cancels_is_unavailable() {
    let database = database().await;
    let store = Arc::new(connect(&database).await.create(&another_ledger()).await.unwrap());
    settled(&store, &lone(&store, 1)).await;
    let (holder, admin) = (superuser(&database).await, superuser(&database).await);
    hold(&holder, &store).await;
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.append(lone(&store, 2)).await }
    });
    let pid = who_waits(&admin, 1).await[0];
    admin.query_one("select pg_cancel_backend($1)", &[&pid]).await.unwrap();
    let cancelled = waiting.await.unwrap();
    assert!(matches!(cancelled, Err(StoreError::Unavailable(_))), "{cancelled:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(matches!(store.append(lone(&store, 2)).await, Ok(Outcome::Appended { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_a_deadlock_is_told_and_tries_again() {
    let database = database().await;
    let admin = superuser(&database).await;
    let quick = format!("ALTER ROLE aduan_app IN DATABASE {} SET deadlock_timeout = '10ms'", database.name());
    admin.batch_execute(&quick).await.unwrap();
    let store = Arc::new(connect(&database).await.create(&another_ledger()).await.unwrap());
    let mut append = lone(&store, 1);
    let key = |epoch| WrappedKey { epoch, commitment: Digest::of(&[epoch as u8]), bytes: vec![9; 72] };
    append.parts[0].keys = [1, 2].map(key).to_vec();
    // Two others insert the same keys first. The store has the ledger's row, and waits for the first of them ...
    let (one, two) = (superuser(&database).await, superuser(&database).await);
    for (client, key) in [(&one, &append.parts[0].keys[0]), (&two, &append.parts[0].keys[1])] {
        let (id, epoch, commitment) = (append.parts[0].complaint, key.epoch, key.commitment);
        let insert = "BEGIN; SET LOCAL deadlock_timeout = '1h'; INSERT INTO aduan.keys VALUES";
        let sql = format!("{insert} ({epoch}, '{}', '{id}', '\\x{commitment}', '\\x00')", store.id());
        client.batch_execute(&sql).await.unwrap();
    }
    let waiting = tokio::spawn({
        let (store, append) = (Arc::clone(&store), append.clone());
        async move { store.append(append).await }
    });
    who_waits(&admin, 1).await;
    // ... the second waits for the store's row ...
    let second = tokio::spawn({
        let lock = format!("SELECT FROM aduan.ledger WHERE name = '{}' FOR UPDATE", store.id());
        async move { two.batch_execute(&lock).await.map(|()| two) }
    });
    who_waits(&admin, 2).await;
    // ... and now the store waits for the second.
    one.batch_execute("ROLLBACK").await.unwrap();
    let lost = waiting.await.unwrap();
    assert!(matches!(&lost, Err(StoreError::Unavailable(why)) if why.contains("40P01")), "{lost:?}");
    second.await.unwrap().unwrap().batch_execute("ROLLBACK").await.unwrap();
    assert!(matches!(store.append(append).await, Ok(Outcome::Appended { first: 1 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_serialises_by_default_fails_nobody() {
    let database = database().await;
    let admin = superuser(&database).await;
    let strict = "ALTER ROLE aduan_app IN DATABASE {} SET default_transaction_isolation = 'serializable'";
    admin.batch_execute(&strict.replace("{}", database.name())).await.unwrap();
    let store = Arc::new(connect(&database).await.create(&another_ledger()).await.unwrap());
    settled(&store, &lone(&store, 1)).await;
    let other = superuser(&database).await;
    let written = by_hand(&lone(&store, 2), &store.head().await.unwrap());
    other.batch_execute(&format!("BEGIN; {written}")).await.unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.append(lone(&store, 3)).await }
    });
    who_waits(&admin, 1).await;
    other.batch_execute("COMMIT").await.unwrap();
    // By that default it would be a serialisation failure: what the other wrote came after its snapshot.
    assert_eq!(waiting.await.unwrap(), Ok(Outcome::Appended { first: 5 }));
    let plain = aduan_testkit::postgres::connect(&database.url_as("aduan_app")).await.unwrap();
    let default: String = plain.query_one("SHOW default_transaction_isolation", &[]).await.unwrap().get(0);
    assert_eq!(default, "serializable", "and such a default it is");
    assert_eq!(linked(&store).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_without_a_free_connection_is_unavailable_and_stores_nothing() {
    let database = database().await;
    let postgres = connect_with(&database.url_as("aduan_app"), 1, 1).await;
    let store = Arc::new(postgres.create(&another_ledger()).await.unwrap());
    let holder = superuser(&database).await;
    holder.batch_execute("BEGIN; LOCK TABLE aduan.events IN ACCESS EXCLUSIVE MODE").await.unwrap();
    // The only reader is kept busy, and both want it.
    let engine = engine(store.clone());
    let seed = [1; 32];
    let by = Actor::new(Role::Intake);
    let at = moment("2024-03-04T09:00:00+07:00");
    let request = ClearRequest::new(CommandId(Uuid::from_u128(1)), at, by, receive(Class::Complaint), seed);
    let (busy, refused) = tokio::join!(biased; store.load(complaint(1), 0), engine.receive(request.clone()));
    assert!(matches!(busy, Err(StoreError::Unavailable(_))), "{busy:?}");
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(everything(&*store).await.is_empty());
    assert!(!engine.receive(request).await.unwrap().repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_an_administrator_ends_costs_at_most_one_answer() {
    let database = database().await;
    let store = connect(&database).await.create(&another_ledger()).await.unwrap();
    settled(&store, &lone(&store, 1)).await;
    let admin = superuser(&database).await;
    let ours = "select count(pg_terminate_backend(pid, 60000)) from pg_stat_activity \
                where usename = 'aduan_app' and datname = current_database()";
    for number in 2..6 {
        let ended: i64 = admin.query_one(ours, &[]).await.unwrap().get(0);
        assert!(ended > 0);
        settled(&store, &lone(&store, number)).await;
        assert_eq!(everything(&store).await.len() as u64, 2 * number);
    }
}

/// Locks the ledger's row until the client's next ROLLBACK.
async fn hold(client: &Client, store: &PostgresStore) {
    let lock = format!("BEGIN; SELECT FROM aduan.ledger WHERE name = '{}' FOR UPDATE", store.id());
    client.batch_execute(&lock).await.unwrap();
}

/// The sessions that wait for a lock, once there are that many.
async fn who_waits(client: &Client, count: usize) -> Vec<i32> {
    let asked = "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    loop {
        let rows = client.query(asked, &[]).await.unwrap();
        if rows.len() >= count {
            return rows.iter().map(|row| row.get(0)).collect();
        }
        tokio::task::yield_now().await;
    }
}
