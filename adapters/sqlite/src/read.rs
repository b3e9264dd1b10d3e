//! Read models in a SQLite file of their own.

mod builds;
mod layout;
mod lease;
mod question;
mod schema;
mod step;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aduan::read::{Advance, Build, Lease, ReadError, ReadStore, Row, Select, Sum, Table};
use aduan::values::LedgerId;
use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{Mutex, oneshot};

use crate::connection::{self, Synchronous};
use crate::path::{existing, resolved};
use crate::schema::READ_MODELS;
use crate::thread::Thread;
use crate::{OpenError, SqliteOptions};

/// The read models of a ledger, in a SQLite file beside the ledger's own.
///
/// They have a file of their own so that projecting never holds up a command: SQLite has one writer a file. All of it
/// derives from the ledger. Deleting the file while nobody has it open (and `PATH-wal`, `PATH-shm` with it) does no
/// harm: it is built anew.
///
/// Each table of [`aduan::projection`] of which others see anything is there as a view of its name with the rows of the
/// live build: `SELECT * FROM queue` is for everyone who has a SQL prompt. Instants are text as
/// `2024-03-29T05:00:00.000000Z`. The tables behind the views (`queue_1` and so on), and those without one, belong to
/// this crate.
///
/// ```
/// use aduan::projection::VERSION;
/// use aduan::read::ReadStore;
/// use aduan::values::LedgerId;
/// use aduan_sqlite::SqliteReadStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("mojokerto.read.db");
/// let store = SqliteReadStore::open(&path, &LedgerId::new("mojokerto")?)?;
/// let build = store.begin(VERSION).await?;
/// let dashboard = SqliteReadStore::open_read_only(&path)?;
/// assert_eq!(dashboard.builds().await?, [build]);
/// # Ok(())
/// # }
/// ```
pub struct SqliteReadStore {
    path: PathBuf,
    ledger: LedgerId,
    // Dropped in this order: the writer closes last and moves the log into the file.
    /// Answers by key: never behind a question that sums up a year.
    lookups: Thread<Job>,
    /// Answers everything else.
    questions: Thread<Job>,
    /// None where the file was opened to read only.
    writer: Option<Thread<Job>>,
    /// Whose turn it is, in this store, to have or await the lease.
    turn: Arc<Mutex<()>>,
}

impl SqliteReadStore {
    /// Opens the read models of a ledger; makes the file, and the tables of this release, where they are missing.
    ///
    /// Several stores and processes may have it open, so that one of them projects when another has died. Where nothing
    /// is missing, nothing is written, and nobody who writes is waited for.
    ///
    /// # Errors
    /// When the file is something else or of another ledger, or tables in it are not as this release makes them.
    pub fn open(path: impl AsRef<Path>, ledger: &LedgerId) -> Result<Self, OpenError> {
        let path = resolved(path.as_ref())?;
        let mut connection = connection::open_or_create(&path)?;
        // Before anything is changed in a file that may be somebody else's.
        schema::check_ledger(&connection, &path, ledger)?;
        // A commit need not reach the disk: a build's position goes with its rows, and what a power failure takes
        // is projected again.
        connection::set_to_write(&connection, Synchronous::Normal)?;
        // 64 MiB: steps touch pages all over the file, and one checkpoint does for several of them.
        connection::set(&connection, &[("wal_autocheckpoint", "16000")])?;
        schema::make(&mut connection, &path, ledger)?;
        Self::start(path, Some(connection))
    }

    /// Opens read models to ask, beside whoever projects them: whatever changes them is `Unavailable`.
    ///
    /// The folder must be writable, since readers of a write-ahead log share an index beside it.
    ///
    /// # Errors
    /// When there are none, or the file is something else.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::start(existing(path.as_ref())?, None)
    }

    /// The file, with symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn start(path: PathBuf, writer: Option<Connection>) -> Result<Self, OpenError> {
        let readers = [connection::reading(&path)?, connection::reading(&path)?];
        let ledger = READ_MODELS.recognise(&readers[0], &path)?;
        let ledger = ledger.ok_or_else(|| OpenError::NotReadModels { path: path.clone() })?;
        let [lookups, questions] = readers.map(|connection| worker("aduan-ask", connection));
        let writer = writer.map(|connection| worker("aduan-project", connection)).transpose()?;
        let turn = Arc::new(Mutex::new(()));
        Ok(SqliteReadStore { path, ledger, lookups: lookups?, questions: questions?, writer, turn })
    }

    /// Deletes the rows that are nobody's: one batch each, so that steps of other builds go on between them.
    async fn sweep(&self) -> Result<(), ReadError> {
        while on(self.writer()?, builds::sweep).await? {}
        Ok(())
    }

    fn writer(&self) -> Result<&Thread<Job>, ReadError> {
        let read_only = || ReadError::Unavailable("the file was opened to read only".into());
        self.writer.as_ref().ok_or_else(read_only)
    }
}

#[async_trait]
impl ReadStore for SqliteReadStore {
    fn ledger(&self) -> &LedgerId {
        &self.ledger
    }

    async fn lease(&self) -> Result<Box<dyn Lease>, ReadError> {
        self.writer()?;
        let turn = Arc::clone(&self.turn).lock_owned().await;
        lease::granted(&self.path, turn).await
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, ReadError> {
        self.writer()?;
        match Arc::clone(&self.turn).try_lock_owned() {
            Ok(turn) => lease::at_once(&self.path, turn),
            Err(_) => Ok(None),
        }
    }

    async fn builds(&self) -> Result<Vec<Build>, ReadError> {
        on(&self.lookups, |connection| builds::all(connection)).await
    }

    async fn begin(&self, version: u32) -> Result<Build, ReadError> {
        // What was being taken away when somebody died.
        self.sweep().await?;
        on(self.writer()?, move |connection| builds::begin(connection, version)).await
    }

    async fn advance(&self, advance: Advance) -> Result<(), ReadError> {
        on(self.writer()?, move |connection| step::take(connection, &advance)).await
    }

    async fn stop(&self, build: u32, why: &str) -> Result<(), ReadError> {
        let why = why.to_owned();
        on(self.writer()?, move |connection| builds::stop(connection, build, &why)).await
    }

    async fn switch(&self, build: u32) -> Result<(), ReadError> {
        on(self.writer()?, move |connection| builds::switch(connection, build)).await
    }

    async fn discard(&self, build: u32) -> Result<(), ReadError> {
        on(self.writer()?, move |connection| builds::forget(connection, build)).await?;
        self.sweep().await
    }

    async fn get(&self, build: u32, table: &'static Table, keys: &[Row]) -> Result<Vec<Option<Row>>, ReadError> {
        let keys = keys.to_vec();
        on(&self.lookups, move |connection| question::get(connection, build, table, &keys)).await
    }

    async fn rows(&self, build: u32, select: &Select) -> Result<Vec<Row>, ReadError> {
        let select = select.clone();
        on(&self.questions, move |connection| question::rows(connection, build, &select)).await
    }

    async fn sums(&self, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
        let sum = sum.clone();
        on(&self.questions, move |connection| question::sums(connection, build, &sum)).await
    }
}

impl fmt::Debug for SqliteReadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, ledger, .. } = self;
        f.debug_struct("SqliteReadStore").field("path", path).field("ledger", ledger).finish_non_exhaustive()
    }
}

/// Something to do with a connection.
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

fn worker(name: &str, mut connection: Connection) -> Result<Thread<Job>, OpenError> {
    // A few statements for each table, and whatever questions come again and again.
    connection.set_prepared_statement_cache_capacity(128);
    Thread::start(name, SqliteOptions::default().queue, move |jobs| {
        jobs.into_iter().for_each(|job: Job| job(&mut connection));
    })
}

/// Has a thread do something, whole, even where nobody waits for it any more.
async fn on<T: Send + 'static>(
    thread: &Thread<Job>,
    job: impl FnOnce(&mut Connection) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    let (reply, answer) = oneshot::channel();
    let job: Job = Box::new(move |connection| drop(reply.send(job(connection))));
    thread.hand_over(job).map_err(|error| ReadError::Unavailable(error.to_string()))?;
    answer.await.unwrap_or_else(|_| Err(ReadError::Unavailable("the thread of the store died".into())))
}

/// SQLite names tables and columns in its errors, never values.
fn failed(error: rusqlite::Error) -> ReadError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) => {
            ReadError::Corrupt(error.to_string())
        }
        _ => ReadError::Unavailable(error.to_string()),
    }
}
