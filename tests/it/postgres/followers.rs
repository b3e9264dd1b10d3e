//! Followers beside many writers, some of whom roll back, and some of whom take their time: nothing is missed, nothing comes
//! twice, and the order is the order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use aduan::store::{Append, Head, Ledger, Log, Outcome};
use aduan::values::{CommandId, ComplaintId, Digest, Position, Version};
use aduan_postgres::PostgresStore;
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::Database;
use tokio::sync::watch;
use tokio_postgres::Client;

use super::{another_ledger, by_hand, connect, database, is_full, size, superuser};

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_beside_64_writers_misses_nothing() {
    let events = size(20_000, 1_000_000) as u64;
    let database = database().await;
    let ledger = another_ledger();
    let one = Arc::new(connect(&database).await.create(&ledger).await.unwrap());
    let two = Arc::new(connect(&database).await.open(&ledger).await.unwrap());
    let written = Arc::new(watch::channel(0).0);
    // As another process each; one of them reads little by little.
    let mut followers = Vec::new();
    for page in [64, 5_000] {
        let store = connect(&database).await.open_read_only(&ledger).await.unwrap();
        followers.push(tokio::spawn(follow(store, page, written.subscribe())));
    }
    let rolling_back =
        tokio::spawn(roll_back(superuser(&database).await, Arc::clone(&one), written.subscribe(), events / 200));

    let stores = [one.clone(), two];
    let mut appended = write(&stores, 0, events / 2, &written).await;
    let slow = hold_transactions(&database).await;
    appended.extend(write(&stores, 1, events - events / 2, &written).await);
    for client in slow {
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    written.send_replace(u64::MAX);
    let rolled_back = rolling_back.await.unwrap();

    let head = one.head().await.unwrap();
    for follower in followers {
        let seen = follower.await.unwrap();
        assert_eq!(seen.head, head, "all of it, in order");
        assert_eq!(seen.commands, appended, "each command where its writer was told");
    }
    assert!(head.position >= events);
    let conflicts = appended.len() as u64 / ONE_IN;
    println!(
        "{} events, {conflicts} conflicts and {rolled_back} rollbacks: both followers saw each once, in order",
        head.position
    );
    assert!(rolled_back > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_stays_open_stops_nobody() {
    // Every append leaves a dead row of the ledger behind, which nobody may clear away while somebody might still see it.
    let appends = size(200, 10_000) as u64;
    let database = database().await;
    let store = connect(&database).await.create(&another_ledger()).await.unwrap();
    let mut draft = Draft::of(&store, 1);
    let mut number = 0;
    let mut write = async |beside: &str| {
        let start = Instant::now();
        for turn in 1..=appends {
            number += 1;
            let append = Append::new(command(number), vec![draft.part(number, 1)]);
            assert_eq!(store.append(append).await, Ok(Outcome::Appended { first: number }));
            if turn == appends / 2 || turn == appends {
                let rate = turn as f64 / start.elapsed().as_secs_f64();
                println!("{turn} appends one after the other{beside}: {rate:.0} appends/s");
            }
        }
    };
    write("").await;
    let open = hold_transactions(&database).await;
    write(", beside transactions that stay open").await;
    for client in open {
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    write(", after they ended").await;
    assert_eq!(store.head().await.unwrap().position, 3 * appends);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_on_an_identity_column_misses_events() {
    // The control: a number is taken before the commit, and the later one may commit first.
    let database = database().await;
    let admin = superuser(&database).await;
    let table = "CREATE TABLE public.events (position bigint GENERATED ALWAYS AS IDENTITY, name text)";
    admin.batch_execute(table).await.unwrap();
    let (early, late, reader) = (superuser(&database).await, superuser(&database).await, admin);
    let insert = |name: &str| format!("BEGIN; INSERT INTO public.events (name) VALUES ('{name}')");
    let (mut cursor, mut seen): (i64, Vec<String>) = (0, Vec::new());
    let mut follow = async || {
        let after = "SELECT position, name FROM public.events WHERE position > $1 ORDER BY position";
        for row in reader.query(after, &[&cursor]).await.unwrap() {
            cursor = row.get(0);
            seen.push(row.get(1));
        }
    };
    early.batch_execute(&insert("early")).await.unwrap();
    late.batch_execute(&insert("late")).await.unwrap();
    late.batch_execute("COMMIT").await.unwrap();
    follow().await;
    early.batch_execute("COMMIT").await.unwrap();
    follow().await;
    // And a rollback leaves a hole that nobody can tell from an event that is yet to come.
    late.batch_execute(&format!("{}; ROLLBACK; {}; COMMIT", insert("none"), insert("last"))).await.unwrap();
    follow().await;
    assert_eq!((seen, cursor), (vec!["late".to_owned(), "last".to_owned()], 4), "one event is missed, and one number");
}

const WRITERS: u64 = 64;
/// One append of so many is stale.
const ONE_IN: u64 = 8;

/// Writes so many events, each writer its own complaint; where each command begins.
async fn write(
    stores: &[Arc<PostgresStore>; 2],
    round: u64,
    events: u64,
    written: &Arc<watch::Sender<u64>>,
) -> BTreeMap<Position, CommandId> {
    let start = Instant::now();
    let each = if is_full() { 25 } else { 5 };
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let (store, written) = (Arc::clone(&stores[writer as usize % 2]), Arc::clone(written));
        tasks.push(tokio::spawn(async move {
            let mut draft = Draft::of(&*store, round * WRITERS + writer);
            let mut mine = Vec::new();
            for number in 1..=events.div_ceil(WRITERS * each) {
                let number = (round * WRITERS + writer) << 32 | number;
                if number.is_multiple_of(ONE_IN) {
                    let stale = Draft::of(&*store, round * WRITERS + writer).part(number, 1);
                    let stale = store.append(Append::new(command(number), vec![stale])).await;
                    assert_eq!(stale, Ok(Outcome::Conflict));
                }
                match store.append(Append::new(command(number), vec![draft.part(number, each)])).await {
                    Ok(Outcome::Appended { first }) => mine.push((first, command(number))),
                    other => panic!("{other:?}"),
                }
                written.send_modify(|written| *written += each);
            }
            mine
        }));
    }
    let mut appended = BTreeMap::new();
    for task in tasks {
        appended.extend(task.await.unwrap());
    }
    if is_full() {
        let beside = ["", ", beside transactions that stay open"][round as usize];
        println!("{:.0} events/s{beside}", events as f64 / start.elapsed().as_secs_f64());
    }
    appended
}

/// Transactions that stay open: one that has seen everything so far, and one that has written something.
async fn hold_transactions(database: &Database) -> [Client; 2] {
    let (seeing, writing) = (superuser(database).await, superuser(database).await);
    let see = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM aduan.ledger";
    seeing.batch_execute(see).await.unwrap();
    writing.batch_execute("CREATE TABLE public.mine (); BEGIN; INSERT INTO public.mine DEFAULT VALUES").await.unwrap();
    [seeing, writing]
}

/// Appends whole commands in good order, and rolls each back, one whenever so many events more were written.
async fn roll_back(
    client: Client,
    store: Arc<PostgresStore>,
    mut written: watch::Receiver<u64>,
    after_each: u64,
) -> u64 {
    let lock = format!("BEGIN; SELECT FROM aduan.ledger WHERE name = '{}' FOR UPDATE", store.id());
    let mut count = 0;
    while *written.wait_for(|written| *written >= count * after_each).await.unwrap() != u64::MAX {
        client.batch_execute(&lock).await.unwrap();
        // Nobody else can move the head now.
        let head = store.head().await.unwrap();
        let number = 1 << 60 | count;
        let append = Append::new(command(number), vec![Draft::of(&*store, number).part(number, 3)]);
        client.batch_execute(&by_hand(&append, &head)).await.unwrap();
        client.batch_execute("ROLLBACK").await.unwrap();
        count += 1;
    }
    count
}

/// What a follower has seen.
struct Seen {
    /// Computed from the records alone.
    head: Head,
    /// Where each command begins.
    commands: BTreeMap<Position, CommandId>,
}

/// Reads page after page, until the writers are done and the end is reached.
async fn follow(store: PostgresStore, page: usize, mut written: watch::Receiver<u64>) -> Seen {
    let mut seen = Seen { head: Head::empty(store.id().clone()), commands: BTreeMap::new() };
    let mut chains: BTreeMap<ComplaintId, (Version, Digest)> = BTreeMap::new();
    loop {
        let is_over = *written.borrow_and_update() == u64::MAX;
        let read = store.after(seen.head.position, page).await.unwrap();
        for entry in &read.entries {
            assert_eq!(entry.position, seen.head.position + 1, "nothing is missed, and nothing comes twice");
            let record = &entry.record;
            let genesis = || (0, aduan::record::genesis(store.id(), record.complaint));
            let (version, hash) = chains.get(&record.complaint).copied().unwrap_or_else(genesis);
            record.check_link(store.id(), version + 1, hash).unwrap();
            chains.insert(record.complaint, (record.sequence, record.hash));
            seen.head.advance(record.hash);
            if record.part == 1 {
                seen.commands.insert(entry.position, record.command);
            }
        }
        if read.at_head && is_over {
            return seen;
        }
        if read.at_head {
            written.changed().await.unwrap();
        }
    }
}
