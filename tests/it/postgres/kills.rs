//! A server that goes down under load: nothing acknowledged is lost, nothing counts twice.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command};
use aduan::engine::{Engine, Error, Receipt};
use aduan::event::Class;
use aduan::sealed::{Clear, SealedBox};
use aduan::store::{Append, Ledger, Log, Outcome, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, Position};
use aduan_postgres::{OpenError, Postgres, PostgresOptions};
use aduan_testkit::conformance::everything;
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::{Cluster, Database, connect as client_of};
use tokio::sync::watch;
use tokio::task::block_in_place;
use uuid::Uuid;

use super::{Chance, another_ledger, audited, cluster, database_on, size};
use crate::office::{answer, dispose, moment, of, receive, verify};
use crate::stores::engine;

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_kills_under_load_lose_nothing_and_double_nothing() {
    let (stops, kills, ends) = (size(3, 100), size(5, 100), size(3, 100));
    let cluster = cluster(&[]);
    let database = database_on(&cluster.server()).await;
    let ledger = another_ledger();
    let options = PostgresOptions { readers: 4, ..PostgresOptions::default() };
    // Two of each, as two processes have.
    let one = Postgres::connect(&database.url_as("aduan_app"), options.clone()).await.unwrap();
    let two = Postgres::connect(&database.url_as("aduan_app"), options).await.unwrap();
    let (one, two) = (Arc::new(one.create(&ledger).await.unwrap()), Arc::new(two.open(&ledger).await.unwrap()));
    let engines = [Arc::new(engine(one.clone())), Arc::new(engine(two))];
    let office = Arc::new(Load::default());
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let (engine, office) = (Arc::clone(&engines[number % 2]), Arc::clone(&office));
        clients.push(tokio::spawn(async move { office.work(number as u128, &engine).await }));
    }

    let mut blows = [vec![Blow::Stop; stops], vec![Blow::Kill; kills], vec![Blow::End; ends]].concat();
    let mut chance = Chance(4);
    chance.shuffle(&mut blows);
    for blow in blows {
        office.has_acknowledged_more(20 + chance.below(150) as usize).await;
        office.is_up.send_replace(false);
        blow.strike(&cluster, &database, &mut chance).await;
        office.is_up.send_replace(true);
    }
    office.has_acknowledged_more(200).await;
    office.is_closing.send_replace(true);
    for client in clients {
        client.await.unwrap();
    }

    let log = audited(&one).await;
    let mut found: BTreeMap<CommandId, (Position, Digest, usize)> = BTreeMap::new();
    for entry in &log {
        let seen = found.entry(entry.record.command).or_insert((0, entry.record.hash, 0));
        *seen = (entry.position, entry.record.hash, seen.2 + 1);
    }
    let receipts = office.receipts.lock().unwrap();
    for (command, receipt) in &*receipts {
        let there = (receipt.position.unwrap(), receipt.record_hash.unwrap(), receipt.events.len());
        assert_eq!(found.get(command), Some(&there), "what was acknowledged is there, once");
    }
    assert_eq!(found.len(), receipts.len(), "and nothing else is");
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!(
        "{stops} immediate stops, {kills} killed and {ends} terminated backends under {CLIENTS} clients: {} commands \
         acknowledged, none lost, none doubled; outcomes on the way: {} unknown ({} of them were recorded), {} unavailable",
        receipts.len(),
        count(&office.unknown),
        count(&office.unknown_but_recorded),
        count(&office.unavailable),
    );
    assert!(count(&office.unknown) > 0, "a blow that nobody felt proves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_ends_in_a_panic_of_the_server_is_unknown() {
    let cluster = cluster(&[("max_wal_size", "32MB"), ("wal_recycle", "off")]);
    let database = database_on(&cluster.server()).await;
    let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap();
    let store = postgres.create(&another_ledger()).await.unwrap();
    let large = |number: u64| {
        let mut part = Draft::of(&store, number).part(number, 1);
        part.boxes = (0..32).map(|place| SealedBox::from_bytes(noise(number * 32 + place))).collect();
        Append::new(command(number), vec![part])
    };
    assert_eq!(store.append(large(1)).await, Ok(Outcome::Appended { first: 1 }));
    // No new segment of the write-ahead log can be made from here on, as on a full disk.
    let wal = cluster.folder().join("data/pg_wal");
    let mode = |mode| std::fs::set_permissions(&wal, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    let mut acknowledged = 1;
    let failed = loop {
        match store.append(large(acknowledged + 1)).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 400, "the log goes on without a new segment");
    };
    mode(0o700);
    assert!(matches!(failed, StoreError::Unknown(_)), "{failed:?}");
    block_in_place(|| cluster.restart()).unwrap();
    assert!(std::fs::read_to_string(cluster.log_path()).unwrap().contains("PANIC:"), "it was one");
    // Whether it was recorded is found out by asking again, and it counts once.
    let mut last = store.append(large(acknowledged + 1)).await;
    for _ in 0..2 {
        if last.is_err() {
            last = store.append(large(acknowledged + 1)).await;
        }
    }
    assert!(last.is_ok(), "{last:?}");
    assert_eq!(everything(&store).await.len() as u64, acknowledged + 1);
}

/// Bytes that cannot be compressed.
fn noise(seed: u64) -> Vec<u8> {
    (0..256_u64).flat_map(|block| Digest::of(&(seed << 16 | block).to_be_bytes()).0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_acknowledges_early_does_lose_it() {
    // The control: what the test above holds against us, it would find.
    let cluster = cluster(&[("synchronous_commit", "off"), ("wal_writer_delay", "10s")]);
    let database = database_on(&cluster.server()).await;
    let url = database.url_as("aduan_app");
    let refused = Postgres::connect(&url, PostgresOptions::default()).await.unwrap_err();
    assert_eq!(refused, OpenError::Setting { name: "synchronous_commit", found: "off".into() });
    let unsafely = PostgresOptions { unsafe_lose_last_commits: true, ..PostgresOptions::default() };
    let postgres = Postgres::connect(&url, unsafely).await.unwrap();
    let store = postgres.create(&another_ledger()).await.unwrap();
    // The log is flushed by itself once in ten seconds. Should that be just now, the next time it is not.
    for number in 1..=5 {
        let part = Draft::of(&store, number).part(number, 1);
        let append = Append::new(command(number), vec![part]);
        while store.append(append.clone()).await.is_err() {}
        assert!(!store.handled(command(number)).await.unwrap().is_empty(), "it is acknowledged, and there");
        block_in_place(|| cluster.restart()).unwrap();
        let again = loop {
            match store.handled(command(number)).await {
                Ok(entries) => break entries,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        if again.is_empty() {
            return;
        }
    }
    panic!("five times an immediate stop lost nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_used_again() {
    let cluster = cluster(&[]);
    let database = database_on(&cluster.server()).await;
    let postgres = Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap();
    let store = postgres.create(&another_ledger()).await.unwrap();
    let mut draft = Draft::of(&store, 1);
    let first = Append::new(command(1), vec![draft.part(1, 1)]);
    assert_eq!(store.append(first).await, Ok(Outcome::Appended { first: 1 }));
    block_in_place(|| cluster.stop_immediately()).unwrap();
    let second = Append::new(command(2), vec![draft.part(2, 1)]);
    // Not reached, or not known to be: never an answer.
    for _ in 0..3 {
        assert!(store.append(second.clone()).await.is_err());
        assert!(store.after(0, 10).await.is_err());
    }
    block_in_place(|| cluster.start_again()).unwrap();
    assert_eq!(store.append(second.clone()).await, Ok(Outcome::Appended { first: 2 }));
    assert_eq!(everything(&store).await.len(), 2);
}

const CLIENTS: usize = 32;

/// What happens to the server.
#[derive(Clone, Copy)]
enum Blow {
    /// It stops at once, and starts again.
    Stop,
    /// A process of it is killed: it throws out everybody, and recovers.
    Kill,
    /// A session is ended.
    End,
}

impl Blow {
    async fn strike(self, cluster: &Cluster, database: &Database, chance: &mut Chance) {
        if let Blow::Stop = self {
            return block_in_place(|| cluster.restart()).unwrap();
        }
        loop {
            let sessions = client_of(&database.url()).await.unwrap().query(SESSIONS, &[]).await.unwrap();
            if sessions.is_empty() {
                // Everybody is connecting anew.
                tokio::task::yield_now().await;
                continue;
            }
            let pid = sessions[chance.below(sessions.len() as u64) as usize].get(0);
            let struck = match self {
                Blow::End => cluster.terminate_backend(pid).await,
                _ => block_in_place(|| cluster.kill_backend_hard(pid)),
            };
            // It may have gone by itself in between.
            if struck.is_ok() {
                return;
            }
        }
    }
}

/// The application's sessions: those at work, and if there is none all of them.
const SESSIONS: &str = "with ours as (select pid, state from pg_stat_activity where usename = 'aduan_app') \
    select pid from ours where state <> 'idle' or not exists (select from ours where state <> 'idle')";

/// Clients at work, and what they were told.
struct Load {
    receipts: Mutex<BTreeMap<CommandId, Receipt>>,
    acknowledged: watch::Sender<usize>,
    is_up: watch::Sender<bool>,
    is_closing: watch::Sender<bool>,
    unknown: AtomicUsize,
    unknown_but_recorded: AtomicUsize,
    unavailable: AtomicUsize,
}

impl Default for Load {
    fn default() -> Self {
        Load {
            receipts: Mutex::default(),
            acknowledged: watch::channel(0).0,
            is_up: watch::channel(true).0,
            is_closing: watch::channel(false).0,
            unknown: AtomicUsize::default(),
            unknown_but_recorded: AtomicUsize::default(),
            unavailable: AtomicUsize::default(),
        }
    }
}

impl Load {
    async fn has_acknowledged_more(&self, count: usize) {
        let wanted = *self.acknowledged.borrow() + count;
        self.acknowledged.subscribe().wait_for(|acknowledged| *acknowledged >= wanted).await.unwrap();
    }

    /// One complaint after the other, from its receipt to its answer.
    async fn work(&self, client: u128, engine: &Engine) {
        let mut number = client << 64;
        while !*self.is_closing.borrow() {
            let steps = [
                (Actor::new(Role::Intake), receive(Class::Complaint)),
                (Actor::new(Role::Admin), verify(Class::Complaint)),
                (Actor::new(Role::Admin), dispose("dishub")),
                (of("dishub"), answer(1)),
            ];
            let mut complaint = None;
            for (by, command) in steps {
                number += 1;
                complaint = Some(self.insist(engine, complaint, request(number, by, command)).await);
            }
        }
    }

    /// Asks until there is an answer, always with the same id.
    async fn insist(&self, engine: &Engine, complaint: Option<ComplaintId>, request: ClearRequest) -> ComplaintId {
        let mut was_unknown = false;
        let receipt = loop {
            let asked = match complaint {
                None => engine.receive(request.clone()).await,
                Some(id) => engine.handle(id, request.clone()).await,
            };
            match asked {
                Ok(receipt) => break receipt,
                Err(Error::Unknown(_)) => {
                    was_unknown = true;
                    self.unknown.fetch_add(1, Ordering::Relaxed);
                }
                Err(Error::Unavailable(_)) => drop(self.unavailable.fetch_add(1, Ordering::Relaxed)),
                Err(error) => panic!("{error}"),
            }
            self.is_up.subscribe().wait_for(|is_up| *is_up).await.unwrap();
        };
        assert!(was_unknown || !receipt.repeated, "what is told as not recorded was not");
        self.unknown_but_recorded.fetch_add(usize::from(receipt.repeated), Ordering::Relaxed);
        let id = receipt.complaint;
        self.receipts.lock().unwrap().insert(request.id, receipt);
        self.acknowledged.send_modify(|acknowledged| *acknowledged += 1);
        id
    }
}

fn request(number: u128, by: Actor, command: Command<Clear>) -> ClearRequest {
    let seed = Digest::of(&number.to_be_bytes()).0;
    ClearRequest::new(CommandId(Uuid::from_u128(number)), moment("2024-03-04T09:00:00+07:00"), by, command, seed)
}
