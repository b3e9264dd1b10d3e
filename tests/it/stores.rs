//! Both stores keep every promise, and the same history gives the same bytes on each.

use std::sync::{Arc, Mutex};

use aduan::engine::Engine;
use aduan::inspect::Inspector;
use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, SealedBox};
use aduan::store::{
    Append, Attestation, Attestations, Document, Entry, Head, Ledger, Loaded, Log, Outcome, Page, Store, StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use aduan_memory::{MemoryStore, MemoryVault};
use aduan_sqlite::SqliteStore;
use aduan_testkit::conformance;
use aduan_testkit::town::{Choice, Town, histories};
use async_trait::async_trait;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

pub(crate) fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").expect("a fixed name")
}

pub(crate) fn engine(store: Arc<dyn Store>) -> Engine {
    Engine::new(store, Arc::new(MemoryVault::new([7; 32])), Rules::mojokerto())
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_its_promises() {
    conformance::all(async || Arc::new(MemoryStore::new(ledger()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    conformance::all(async || {
        count.set(count.get() + 1);
        let path = folder.path().join(format!("{}.db", count.get()));
        Arc::new(SqliteStore::create(&path, &ledger()).unwrap())
    })
    .await;
}

#[tokio::test]
async fn memory_keeps_attestations() {
    let elsewhere = LedgerId::new("kediri").unwrap();
    conformance::attestations(&MemoryStore::new(ledger()), &MemoryStore::new(elsewhere)).await;
}

#[tokio::test]
async fn sqlite_keeps_attestations_and_has_them_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = SqliteStore::create(folder.path().join("2.db"), &LedgerId::new("kediri").unwrap()).unwrap();
    let path = folder.path().join("1.db");
    let store = SqliteStore::create(&path, &ledger()).unwrap();
    let beside = SqliteStore::open_read_only(&path).unwrap();
    conformance::attestations(&store, &elsewhere).await;
    let kept = store.attestations(None, usize::MAX).await.unwrap();
    conformance::holds_attestations(&beside, &kept).await;
    assert!(matches!(beside.keep_attestation(&kept[0]).await, Err(StoreError::Unavailable(_))), "it only reads");
    drop((store, beside));
    conformance::holds_attestations(&SqliteStore::open(&path).unwrap(), &kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_a_keeper_that_breaks_its_promises() {
    for flaw in [Lapse::KeepsTwice, Lapse::HasNoOrder, Lapse::IgnoresAfter, Lapse::MixesLedgers] {
        let tried = tokio::spawn(async move {
            let store = Lapsing { kept: Arc::default(), flaw };
            let elsewhere = match flaw {
                Lapse::MixesLedgers => Lapsing { kept: Arc::clone(&store.kept), flaw },
                _ => Lapsing { kept: Arc::default(), flaw },
            };
            conformance::attestations(&store, &elsewhere).await;
        });
        assert!(tried.await.is_err(), "{flaw:?} went unnoticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_a_store_that_breaks_its_promises() {
    for flaw in [Flaw::TakesACommandTwice, Flaw::LosesBoxes, Flaw::SkipsAPosition, Flaw::ForgetsAPart, Flaw::HasNoLock]
    {
        let tried = tokio::spawn(async move {
            conformance::all(|| async move { Arc::new(Flawed { inner: MemoryStore::new(ledger()), flaw }) }).await;
        });
        assert!(tried.await.is_err(), "{flaw:?} went unnoticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_histories_give_the_same_bytes_on_every_store() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40 {
        // A database for each: the ledger's name is part of what is hashed, so it must be the same.
        let database = crate::postgres::database().await;
        let choices = histories(120).new_tree(&mut runner).unwrap().current();
        let memory = Arc::new(MemoryStore::new(ledger()));
        let sqlite = SqliteStore::create(folder.path().join(format!("{number}.db")), &ledger()).unwrap();
        let sqlite: Arc<dyn Store> = Arc::new(sqlite);
        let said_by_memory = drive(&engine(memory.clone()), &choices).await;
        let log = conformance::everything(&*memory).await;
        let postgres = crate::postgres::connect(&database).await;
        let postgres: Arc<dyn Store> = Arc::new(postgres.create(&ledger()).await.unwrap());
        for store in [sqlite, postgres] {
            assert_eq!(said_by_memory, drive(&engine(Arc::clone(&store)), &choices).await);
            assert_eq!(log, conformance::everything(&*store).await);
            assert_eq!(boxes(&*memory, &log).await, boxes(&*store, &log).await, "sealed values to the byte");
            assert_eq!(memory.head().await.unwrap(), store.head().await.unwrap());
        }
        assert_no_problem(&log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_opened_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let choices: Vec<Choice> = (0..80).map(|entropy| Choice { complaint: 0, entropy: entropy * 77 }).collect();
    let memory = Arc::new(MemoryStore::new(ledger()));
    drive(&engine(memory.clone()), &choices).await;
    drop(SqliteStore::create(&path, &ledger()).unwrap());
    let mut town = Town::new(Rules::mojokerto());
    for choice in &choices {
        // A new process for every request.
        let store = Arc::new(SqliteStore::open(&path).unwrap());
        drive_one(&engine(store), &mut town, *choice).await;
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(conformance::everything(&store).await, conformance::everything(&*memory).await);
}

/// Plays a history on an engine; what it said to each request.
async fn drive(engine: &Engine, choices: &[Choice]) -> Vec<String> {
    let mut town = Town::new(Rules::mojokerto());
    let mut said = Vec::new();
    for choice in choices {
        said.push(drive_one(engine, &mut town, *choice).await);
    }
    said
}

async fn drive_one(engine: &Engine, town: &mut Town, choice: Choice) -> String {
    let (id, request) = town.request(choice);
    let seed = request.seed;
    match engine.handle(id, request).await {
        Ok(receipt) => {
            if !receipt.repeated {
                town.learn(id, &receipt.events, &seed);
            }
            format!("{receipt:?}")
        }
        Err(error) => format!("{error:?}"),
    }
}

async fn boxes(store: &dyn Store, log: &[Entry]) -> Vec<Option<aduan::sealed::SealedBox>> {
    let mut all = Vec::new();
    for entry in log {
        let event = entry.record.event().unwrap();
        let digests: Vec<_> = event.fact.boxes().into_iter().map(|(_, digest)| digest).collect();
        all.extend(store.boxes(entry.record.complaint, &digests).await.unwrap());
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

/// A mistake a keeper of attestations can make.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Lapse {
    KeepsTwice,
    HasNoOrder,
    IgnoresAfter,
    MixesLedgers,
}

/// A keeper that makes it.
struct Lapsing {
    kept: Arc<Mutex<Vec<Attestation>>>,
    flaw: Lapse,
}

#[async_trait]
impl Attestations for Lapsing {
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().unwrap();
        if self.flaw == Lapse::KeepsTwice || !kept.contains(attestation) {
            kept.push(attestation.clone());
        }
        if self.flaw != Lapse::HasNoOrder {
            kept.sort_by_key(|attestation| (attestation.size, attestation.digest()));
        }
        Ok(())
    }
    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        let kept = self.kept.lock().unwrap();
        let key = |attestation: &Attestation| (attestation.size, attestation.digest());
        let after = after.filter(|_| self.flaw != Lapse::IgnoresAfter).map(key);
        Ok(kept.iter().filter(|kept| Some(key(kept)) > after).take(limit).cloned().collect())
    }
}

/// A mistake a store can make.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    TakesACommandTwice,
    LosesBoxes,
    SkipsAPosition,
    ForgetsAPart,
    HasNoLock,
}

/// A store that makes it.
struct Flawed {
    inner: MemoryStore,
    flaw: Flaw,
}

#[async_trait]
impl Ledger for Flawed {
    fn id(&self) -> &LedgerId {
        self.inner.id()
    }
    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.inner.load(complaint, after).await
    }
    async fn append(&self, mut append: Append) -> Result<Outcome, StoreError> {
        if matches!(self.flaw, Flaw::ForgetsAPart) {
            append.parts.truncate(1);
        }
        match (self.flaw, self.inner.append(append).await?) {
            (Flaw::TakesACommandTwice, Outcome::Handled { .. }) => Ok(Outcome::Appended { first: 1 }),
            // Who lost is told that they won.
            (Flaw::HasNoLock, Outcome::Conflict) => Ok(Outcome::Appended { first: 1 }),
            (_, outcome) => Ok(outcome),
        }
    }
    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.inner.handled(command).await
    }
    async fn boxes(&self, id: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        match self.flaw {
            Flaw::LosesBoxes => Ok(vec![None; digests.len()]),
            _ => self.inner.boxes(id, digests).await,
        }
    }
    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        self.inner.keep(documents).await
    }
    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        self.inner.document(hash).await
    }
}

#[async_trait]
impl Log for Flawed {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        let mut page = self.inner.after(position, limit).await?;
        if matches!(self.flaw, Flaw::SkipsAPosition) {
            page.entries.retain(|entry| entry.position != 2);
        }
        Ok(page)
    }
    async fn head(&self) -> Result<Head, StoreError> {
        self.inner.head().await
    }
}
