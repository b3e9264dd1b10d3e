//! Each event once, whoever crashes where: rows and position move together, and nobody takes a step twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aduan::projector::{ProjectError, Projector};
use aduan::read::{Advance, Build, Lease, ReadError, ReadStore, Row, Select, Sum, Table};
use aduan::store::Append;
use aduan::values::LedgerId;
use aduan_memory::{MemoryReadStore, MemoryStore};
use aduan_testkit::told;
use async_trait::async_trait;

use super::{RULES, everything, towns};
use crate::stores::ledger;

#[tokio::test(flavor = "multi_thread")]
async fn memory_takes_each_event_once() {
    assert!(survives(Arc::new(MemoryReadStore::new(ledger())), Crash::AroundTheStep).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_each_event_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(survives(Arc::new(super::sqlite(&folder)), Crash::AroundTheStep).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_takes_each_event_once() {
    let database = crate::postgres::database().await;
    assert!(survives(Arc::new(super::in_postgres(&database).await), Crash::AroundTheStep).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_written_apart_from_the_rows_takes_events_twice() {
    let lost = survives(Arc::new(MemoryReadStore::new(ledger())), Crash::BetweenRowsAndPosition).await;
    assert!(!lost, "the control must fail");
}

/// The build that has just gone live is not half of one, whatever fails behind it.
#[tokio::test]
async fn what_cannot_be_cleared_away_takes_nothing_live_with_it() {
    let store = Arc::new(MemoryStore::new(ledger()));
    for append in long_log(200) {
        aduan::store::Ledger::append(&*store, append).await.unwrap();
    }
    let reads: Arc<dyn ReadStore> = Arc::new(MemoryReadStore::new(ledger()));
    let sound = Projector::new(store.clone(), reads.clone(), Arc::clone(&RULES));
    sound.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
    let before = everything(&*reads).await;
    let crashing = Crashing {
        inner: reads.clone(),
        crash: Crash::Clearing,
        steps: AtomicUsize::new(0),
        crashes: AtomicUsize::new(0),
    };
    let projector = Projector::new(store, Arc::new(crashing), Arc::clone(&RULES));
    let mut leading = projector.lead().await.unwrap();
    assert!(leading.rebuild(&mut |_| {}).await.is_err(), "the control: it does fail");
    let builds = reads.builds().await.unwrap();
    assert!(builds.iter().any(|build| build.is_live), "{builds:?}");
    assert_eq!(everything(&*reads).await, before);
    assert!(leading.catch_up(&mut |_| {}).await.unwrap().is_live);
}

/// Two projectors without a lease between them, crashed at every fifth step: whether what they leave is as if built
/// anew by one that nothing happens to.
pub(crate) async fn survives(reads: Arc<dyn ReadStore>, crash: Crash) -> bool {
    let events = if std::env::var_os("ADUAN_FULL").is_some() { 100_000 } else { 10_000 };
    let log = long_log(events);
    let store = Arc::new(MemoryStore::new(ledger()));
    let crashing = Arc::new(Crashing { inner: reads, crash, steps: AtomicUsize::new(0), crashes: AtomicUsize::new(0) });
    let projectors = [0, 1].map(|_| Arc::new(Projector::new(store.clone(), crashing.clone(), Arc::clone(&RULES))));
    // One build to begin with: two that begin at once would make one each.
    let _ = projectors[0].lead().await.unwrap().catch_up(&mut |_| {}).await;
    for commands in log.chunks(60) {
        for append in commands {
            aduan::store::Ledger::append(&*store, append.clone()).await.unwrap();
        }
        let both = projectors.each_ref().map(|projector| {
            let projector = Arc::clone(projector);
            tokio::spawn(async move { projector.lead().await?.catch_up(&mut |_| {}).await })
        });
        for one in both {
            // Crashed or overtaken: the next one goes on.
            drop(one.await.unwrap());
        }
    }
    loop {
        match projectors[0].lead().await.unwrap().catch_up(&mut |_| {}).await {
            Ok(_) => break,
            // What is remembered of a case does not fit the position: no rebuild is needed to see it.
            Err(ProjectError::Reads(ReadError::Corrupt(_))) => return false,
            Err(ProjectError::Reads(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let head = aduan::store::Log::head(&*store).await.unwrap().position;
    println!(
        "{head} events, {} steps, {} crashes",
        crashing.steps.load(Ordering::SeqCst),
        crashing.crashes.load(Ordering::SeqCst)
    );
    assert!(head >= events as u64 && crashing.crashes.load(Ordering::SeqCst) > 20);
    let alone = Arc::new(MemoryReadStore::new(ledger()));
    let projector = Projector::new(store, alone.clone(), Arc::clone(&RULES));
    projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
    everything(&*crashing.inner).await == everything(&*alone).await
}

/// Where it crashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Before a step, or after it and before anybody hears of it.
    AroundTheStep,
    /// Rows are written, and then the position: what the frameworks do.
    BetweenRowsAndPosition,
    /// Whenever something is to be cleared away.
    Clearing,
}

/// Random histories one after another until there are so many events.
fn long_log(events: usize) -> Vec<Append> {
    let mut log = Vec::new();
    let mut count = 0;
    for (number, town) in (1..).zip(towns(usize::MAX, 200)) {
        count += town.log.len();
        log.extend(told::commands(&told::renamed(&town.log, number, &ledger())));
        if count >= events {
            return log;
        }
    }
    unreachable!("towns have no end")
}

/// Read models whose projector crashes at every fifth step. It has no lease: only the position keeps order.
struct Crashing {
    inner: Arc<dyn ReadStore>,
    crash: Crash,
    steps: AtomicUsize,
    crashes: AtomicUsize,
}

struct NoLease;
impl Lease for NoLease {}

#[async_trait]
impl ReadStore for Crashing {
    fn ledger(&self) -> &LedgerId {
        self.inner.ledger()
    }
    async fn lease(&self) -> Result<Box<dyn Lease>, ReadError> {
        Ok(Box::new(NoLease))
    }
    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, ReadError> {
        Ok(Some(Box::new(NoLease)))
    }
    async fn builds(&self) -> Result<Vec<Build>, ReadError> {
        self.inner.builds().await
    }
    async fn begin(&self, version: u32) -> Result<Build, ReadError> {
        self.inner.begin(version).await
    }
    async fn advance(&self, advance: Advance) -> Result<(), ReadError> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        let crashed = || {
            self.crashes.fetch_add(1, Ordering::SeqCst);
            Err(ReadError::Unavailable("crashed".into()))
        };
        match (step % 10, self.crash) {
            (4, Crash::AroundTheStep) => crashed(),
            (9, Crash::AroundTheStep) => {
                self.inner.advance(advance).await?;
                crashed()
            }
            (4 | 9, Crash::BetweenRowsAndPosition) => {
                let to = advance.from;
                let stood = self.inner.builds().await?.into_iter().find(|build| build.number == advance.build);
                let record_hash = stood.map(|build| build.record_hash).unwrap_or_default();
                self.inner.advance(Advance { to, record_hash, ..advance }).await?;
                crashed()
            }
            _ => self.inner.advance(advance).await,
        }
    }
    async fn stop(&self, build: u32, why: &str) -> Result<(), ReadError> {
        self.inner.stop(build, why).await
    }
    async fn switch(&self, build: u32) -> Result<(), ReadError> {
        self.inner.switch(build).await
    }
    async fn discard(&self, build: u32) -> Result<(), ReadError> {
        match self.crash {
            // What is worst: it is gone, or nearly, and that is not told.
            Crash::Clearing => {
                self.inner.discard(build).await?;
                Err(ReadError::Unavailable("crashed".into()))
            }
            _ => self.inner.discard(build).await,
        }
    }
    async fn get(&self, build: u32, table: &'static Table, keys: &[Row]) -> Result<Vec<Option<Row>>, ReadError> {
        self.inner.get(build, table, keys).await
    }
    async fn rows(&self, build: u32, select: &Select) -> Result<Vec<Row>, ReadError> {
        self.inner.rows(build, select).await
    }
    async fn sums(&self, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
        self.inner.sums(build, sum).await
    }
}
