//! The store: opens the file, and hands questions and work to the threads.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use aduan::sealed::{BoxDigest, SealedBox};
use aduan::store::{
    Append, Attestation, Attestations, Document, Entry, Head, Ledger, Loaded, Log, Outcome, Page, StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::connection::{self, Synchronous};
use crate::path::{existing, lock_file, resolved, sync_folder};
use crate::reader::{Question, Reader, Reply};
use crate::schema::{self, LEDGER};
use crate::thread::Thread;
use crate::writer::{Work, Writer};
use crate::{OpenError, SqliteOptions};

/// A ledger in a SQLite file.
///
/// Dropping it waits until what was handed over is written, moves the log into the file and closes it.
pub struct SqliteStore {
    path: PathBuf,
    ledger: LedgerId,
    altered: Option<String>,
    // Dropped in this order: the writer cannot empty the log under a reader, and the lock outlives the writer.
    /// Answers about single complaints: never behind a rebuild that reads the whole log.
    lookups: Thread<Question>,
    /// Reads the log in pages.
    pages: Thread<Question>,
    /// None where the file was opened to read only.
    writer: Option<Thread<Work>>,
    /// The position after the writer's last commit.
    position: Option<watch::Receiver<Position>>,
    /// Held for as long as this store may write.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Creates a ledger and opens it as its writer. Where it exists already, only opens it.
    ///
    /// # Errors
    /// When the file is something else or another ledger, and as [`SqliteStore::open`].
    pub fn create(path: impl AsRef<Path>, ledger: &LedgerId) -> Result<Self, OpenError> {
        Self::create_with(path, ledger, SqliteOptions::default())
    }

    /// As [`SqliteStore::create`], with options.
    ///
    /// # Errors
    /// As [`SqliteStore::create`].
    pub fn create_with(path: impl AsRef<Path>, ledger: &LedgerId, options: SqliteOptions) -> Result<Self, OpenError> {
        let path = resolved(path.as_ref())?;
        let lock = locked(&path)?;
        let mut connection = connection::open_or_create(&path)?;
        let found = LEDGER.recognise(&connection, &path)?;
        if let Some(found) = &found
            && found != ledger
        {
            return Err(OpenError::OtherLedger { found: found.clone(), wanted: ledger.clone() });
        }
        connection::set_to_write(&connection, options.synchronous())?;
        match found {
            Some(_) => schema::upgrade(&mut connection)?,
            None => {
                schema::create(&mut connection, ledger)?;
                sync_folder(&path)?;
            }
        }
        Self::start(path, Some((connection, lock)), options)
    }

    /// Opens a ledger as its only writer. A file of an older layout gets what it lacks, and older releases open it no
    /// more.
    ///
    /// # Errors
    /// When there is none, another writer has it ([`OpenError::Locked`]), or its schema or settings are not as they should.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// As [`SqliteStore::open`], with options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, OpenError> {
        let path = existing(path.as_ref())?;
        let lock = locked(&path)?;
        let mut connection = connection::open_existing(&path)?;
        if LEDGER.recognise(&connection, &path)?.is_none() {
            return Err(OpenError::NotALedger { path });
        }
        connection::set_to_write(&connection, options.synchronous())?;
        schema::upgrade(&mut connection)?;
        Self::start(path, Some((connection, lock)), options)
    }

    /// Opens a ledger to read, beside its writer if there is one: every append is `Unavailable`.
    ///
    /// A file that nobody wrote to since an older release has no attestations, until somebody opens it to write.
    /// The folder must be writable, since readers of a write-ahead log share an index beside it.
    ///
    /// # Errors
    /// When there is none, or it has another layout.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::start(existing(path.as_ref())?, None, SqliteOptions::default())
    }

    /// A table, index or guard that is not the one of this crate, if there is one. A writer is not opened over it.
    pub fn altered_object(&self) -> Option<&str> {
        self.altered.as_deref()
    }

    /// The file, with symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn start(path: PathBuf, writer: Option<(Connection, File)>, options: SqliteOptions) -> Result<Self, OpenError> {
        let readers = [connection::reading(&path)?, connection::reading(&path)?];
        let ledger = LEDGER.recognise(&readers[0], &path)?;
        let ledger = ledger.ok_or_else(|| OpenError::NotALedger { path: path.clone() })?;
        let altered = match schema::check_objects(&readers[0]) {
            Err(OpenError::AlteredSchema { object }) if writer.is_none() => Some(object),
            checked => checked.map(|()| None)?,
        };
        let [lookups, pages] = readers.map(|connection| {
            let reader = Reader { connection, ledger: ledger.clone() };
            Thread::start("aduan-read", options.queue, |queue| reader.run(queue))
        });
        let (lookups, pages) = (lookups?, pages?);
        let (writer, position, lock) = match writer {
            Some((connection, lock)) => {
                let head = schema::head(&connection, &ledger)?.map_err(OpenError::Corrupt)?;
                let (committed, position) = watch::channel(head.position);
                let writer = Writer::new(connection, head, committed);
                let thread = Thread::start("aduan-write", options.queue, |queue| writer.run(queue))?;
                (Some(thread), Some(position), Some(lock))
            }
            None => (None, None, None),
        };
        Ok(SqliteStore { path, ledger, altered, lookups, pages, writer, position, _lock: lock })
    }

    async fn ask<T>(
        &self,
        thread: &Thread<Question>,
        question: impl FnOnce(Reply<T>) -> Question,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        thread.hand_over(question(reply))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the reading thread died".into())))
    }

    async fn write<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let writer = self.writer.as_ref();
        let writer = writer.ok_or_else(|| StoreError::Unavailable("the file was opened to read only".into()))?;
        let (reply, answer) = oneshot::channel();
        writer.hand_over(work(reply))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writing thread died".into())))
    }
}

#[async_trait]
impl Ledger for SqliteStore {
    fn id(&self) -> &LedgerId {
        &self.ledger
    }

    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.ask(&self.lookups, |reply| Question::Load { complaint, after, reply }).await
    }

    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        append.check()?;
        self.write(|reply| Work::Append { append, reply }).await
    }

    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.ask(&self.lookups, |reply| Question::Handled { command, reply }).await
    }

    async fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let digests = digests.to_vec();
        self.ask(&self.lookups, |reply| Question::Boxes { complaint, digests, reply }).await
    }

    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        if documents.iter().any(|document| document.hash != Digest::of(document.text.as_bytes())) {
            return Err(StoreError::Corrupt("a document has a hash that is not that of its text".into()));
        }
        let documents = documents.to_vec();
        self.write(|reply| Work::Keep { documents, reply }).await
    }

    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        self.ask(&self.lookups, |reply| Question::Document { hash, reply }).await
    }
}

#[async_trait]
impl Log for SqliteStore {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        self.ask(&self.pages, |reply| Question::After { position, limit, reply }).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.ask(&self.lookups, |reply| Question::Head { reply }).await
    }

    /// Told by the writer of this store, after its commit. One that was opened to read only learns of nothing.
    async fn more(&self, after: Position) -> Result<(), StoreError> {
        let Some(position) = &self.position else { return std::future::pending().await };
        let beyond = position.clone().wait_for(|position| *position > after).await.map(drop);
        beyond.map_err(|_| StoreError::Unavailable("the writing thread died".into()))
    }
}

#[async_trait]
impl Attestations for SqliteStore {
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
        let attestation = attestation.clone();
        self.write(|reply| Work::Attest { attestation, reply }).await
    }

    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        let after = after.map(|after| (after.size, after.digest()));
        self.ask(&self.lookups, |reply| Question::Attestations { after, limit, reply }).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, ledger, .. } = self;
        f.debug_struct("SqliteStore").field("path", path).field("ledger", ledger).finish_non_exhaustive()
    }
}

impl SqliteOptions {
    fn synchronous(self) -> Synchronous {
        if self.unsafe_lose_last_commits { Synchronous::Normal } else { Synchronous::Full }
    }
}

/// The right to write, which one store has at a time.
fn locked(path: &Path) -> Result<File, OpenError> {
    let (file, lock) = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { lock }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(lock, error)),
    }
}
