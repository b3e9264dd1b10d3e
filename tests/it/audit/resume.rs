//! An export that is cut goes on where it was; one of a log that was rewritten proves that it was.

use std::collections::BTreeMap;
use std::fs;
use std::future::{Future, poll_fn};
use std::num::NonZero;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use aduan::sealed::{BoxDigest, SealedBox};
use aduan::store::{Append, Document, Entry, Head, Ledger, Loaded, Log, Outcome, Page, Store, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use aduan_audit::export::{Export, ExportError, Exported, export, export_noting};
use aduan_audit::manifest::Scope;
use aduan_audit::verify::{Class, verify};
use aduan_memory::MemoryStore;
use aduan_testkit::town::Town;
use async_trait::async_trait;

use super::world::World;

/// A store that gives few entries at a time, and fails or waits when it is told to.
struct Slow {
    inner: Arc<MemoryStore>,
    /// After so many pages it fails.
    pages: AtomicUsize,
    /// In place of the record that stands there, this one.
    instead: Option<Entry>,
}

impl Slow {
    fn over(world: &World, pages: usize) -> Arc<Slow> {
        Arc::new(Slow { inner: world.store.clone(), pages: AtomicUsize::new(pages), instead: None })
    }
}

#[async_trait]
impl Ledger for Slow {
    fn id(&self) -> &LedgerId {
        self.inner.id()
    }
    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.inner.load(complaint, after).await
    }
    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        self.inner.append(append).await
    }
    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.inner.handled(command).await
    }
    async fn boxes(&self, id: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        self.inner.boxes(id, digests).await
    }
    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        self.inner.keep(documents).await
    }
    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        tokio::task::yield_now().await;
        self.inner.document(hash).await
    }
}

#[async_trait]
impl Log for Slow {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        tokio::task::yield_now().await;
        let left = self.pages.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pages| pages.checked_sub(1));
        left.map_err(|_| StoreError::Unavailable("the line is cut".to_owned()))?;
        let mut page = self.inner.after(position, limit.min(7)).await?;
        for entry in &mut page.entries {
            if let Some(instead) = self.instead.as_ref().filter(|instead| instead.position == entry.position) {
                *entry = instead.clone();
            }
        }
        Ok(page)
    }
    async fn head(&self) -> Result<Head, StoreError> {
        self.inner.head().await
    }
}

const SCOPES: usize = 4;

fn scope_of(world: &World, number: usize) -> (Scope, bool, bool) {
    match number {
        0 => (Scope::Whole, true, true),
        1 => (Scope::Whole, false, false),
        2 => (world.third(1), true, true),
        _ => (Scope::Complaint(world.busiest()), true, true),
    }
}

fn of(world: &World, store: Arc<dyn Store>, number: usize, folder: &Path) -> Export {
    let (scope, boxes, keys) = scope_of(world, number);
    Export { store, ..world.export(scope, boxes, keys, folder) }
}

/// Notes how far it has come after every other page.
async fn write(export: Export) -> Result<Exported, ExportError> {
    export_noting(export, NonZero::new(14).unwrap(), |_, _| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_at_any_page_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::grow(11, 100).await;
    let (mut cuts, mut resumed) = (0, 0);
    for number in 0..SCOPES {
        let uncut = folder.path().join(format!("uncut-{number}"));
        write(of(&world, world.store.clone(), number, &uncut)).await.unwrap();
        for pages in 0.. {
            let cut = folder.path().join(format!("{number}-{pages}"));
            match write(of(&world, Slow::over(&world, pages), number, &cut)).await {
                Ok(_) => break,
                Err(ExportError::Store(StoreError::Unavailable(_))) => cuts += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(!cut.join("manifest.json").exists(), "a folder without a manifest is not finished");
            let exported = write(of(&world, world.store.clone(), number, &cut)).await.unwrap();
            resumed += usize::from(exported.resumed_after.is_some_and(|position| position > 0));
            assert_eq!(files_of(&cut), files_of(&uncut), "scope {number}, cut after {pages} pages");
        }
    }
    println!("{cuts} cuts, {resumed} of them behind a note");
    assert!(resumed > SCOPES);
}

#[tokio::test]
async fn an_export_whose_caller_goes_away_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::grow(12, 60).await;
    let mut cuts = 0;
    for number in 0..SCOPES {
        let uncut = folder.path().join(format!("uncut-{number}"));
        write(of(&world, world.store.clone(), number, &uncut)).await.unwrap();
        for polls in 0.. {
            let cut = folder.path().join(format!("{number}-{polls}"));
            if polled(write(of(&world, Slow::over(&world, usize::MAX), number, &cut)), polls).await.is_some() {
                break;
            }
            cuts += 1;
            write(of(&world, world.store.clone(), number, &cut)).await.unwrap();
            assert_eq!(files_of(&cut), files_of(&uncut), "scope {number}, dropped after {polls} polls");
            fs::remove_dir_all(cut).unwrap();
        }
    }
    println!("dropped {cuts} times");
    assert!(cuts > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_export_and_a_finished_one_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::grow(13, 60).await;
    for first in 0..SCOPES {
        let path = folder.path().join(first.to_string());
        write(of(&world, Slow::over(&world, 2), first, &path)).await.unwrap_err();
        let before = files_of(&path);
        for second in (0..SCOPES).filter(|second| *second != first) {
            let refused = write(of(&world, world.store.clone(), second, &path)).await;
            assert!(matches!(refused, Err(ExportError::Occupied { .. })), "{second} into {first}");
        }
        let older = Export { checkpoint: world.held().clone(), ..of(&world, world.store.clone(), first, &path) };
        write(older).await.unwrap_err();
        assert_eq!(files_of(&path), before, "what is refused changes nothing");
        write(of(&world, world.store.clone(), first, &path)).await.unwrap();
        let before = files_of(&path);
        let again = write(of(&world, world.store.clone(), first, &path)).await;
        assert!(matches!(again, Err(ExportError::Occupied { what: "a finished export", .. })));
        assert_eq!(files_of(&path), before);
    }
    let strange = folder.path().join("strange");
    fs::create_dir_all(&strange).unwrap();
    fs::write(strange.join("a letter"), "not ours").unwrap();
    assert!(matches!(write(of(&world, world.store.clone(), 0, &strange)).await, Err(ExportError::Occupied { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_a_rewritten_log_is_whole_and_proves_that_it_was_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::grow(14, 60).await;
    let log = aduan_testkit::conformance::everything(&*world.store).await;
    for (number, original) in log.iter().take(12).enumerate() {
        let mut entry = original.clone();
        entry.record.metadata = entry.record.metadata.replacen("\"salt\":\"", "\"salt\":\"0", 1);
        let cut = entry.record.metadata.rfind("\"}").unwrap() - 1;
        entry.record.metadata.remove(cut);
        entry.record.hash = entry.record.hash_in(&Town::ledger());
        if entry.record.hash == original.record.hash {
            continue;
        }
        let store = Slow { inner: world.store.clone(), pages: AtomicUsize::new(usize::MAX), instead: Some(entry) };
        let store = Arc::new(store);
        for scope in [1, 3] {
            let path = folder.path().join(format!("{number}-{scope}"));
            let exported = export(of(&world, store.clone(), scope, &path), |_, _| {}).await.unwrap();
            assert!(!exported.leads_to_checkpoint);
            let found = verify(&path, &world.trust(), |_, _| {});
            assert_eq!(found.gravest(), Some(Class::Root), "{:?}", found.problems);
        }
    }
}

/// Polls a future so often, and drops it.
async fn polled<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Every file below a folder, with its bytes.
pub(super) fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_str().unwrap().to_owned();
        match entry.file_type().unwrap().is_dir() {
            true => files
                .extend(files_of(&entry.path()).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes))),
            false => drop(files.insert(name, fs::read(entry.path()).unwrap())),
        }
    }
    files
}
