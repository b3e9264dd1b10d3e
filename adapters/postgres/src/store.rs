//! The database and the ledgers in it.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aduan::sealed::{BoxDigest, SealedBox};
use aduan::store::{
    Append, Attestation, Attestations, Document, Entry, Head, Ledger, Loaded, Log, Outcome, Page, StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use async_trait::async_trait;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::connect::Address;
use crate::listener::Listener;
use crate::lookups::Lookups;
use crate::news::News;
use crate::read::{PostgresReadStore, models};
use crate::readers::{Asked, Readers, ask, readers};
use crate::writer::{Waiting, Writer};
use crate::{OpenError, PostgresOptions, bell, schema};

/// A database with the tables of aduan. Cheap to clone; its ledgers share the connections that read.
#[derive(Clone)]
pub struct Postgres {
    address: Address,
    readers: Readers,
    altered: Option<String>,
    warnings: Vec<String>,
}

impl Postgres {
    /// Connects to a database that was [migrated](crate::migrate()), as the application.
    ///
    /// The URL may name several hosts; the first that takes writes is used, also after a failover.
    /// TLS is used where the server offers it, and its certificate is then checked against
    /// [`PostgresOptions::roots`] or the system's: where it stands for nobody, say `sslmode=disable` or name its root.
    /// With `sslmode=require` there is no connection without it.
    ///
    /// # Errors
    /// When it is not reached in time, its tables are not those of this release, or its settings could lose what
    /// was acknowledged.
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        let address = Address::read(url, &options)?;
        let readers = readers(address.clone())?;
        // A connection of its own first: a pool tells less of why it has none.
        let (client, mut carrier) = address.connect().await?;
        let checking = carrier.carry(async {
            schema::check_layout(&client).await?;
            let altered = schema::altered_object(&client).await?;
            Ok((altered, schema::warnings(&client).await?))
        });
        let (altered, warnings) = address.in_time(checking).await??;
        Ok(Postgres { address, readers, altered, warnings })
    }

    /// Creates a ledger and opens it. Where it exists already, only opens it.
    ///
    /// # Errors
    /// As [`Postgres::open`].
    pub async fn create(&self, ledger: &LedgerId) -> Result<PostgresStore, OpenError> {
        self.add(ledger).await?;
        self.open(ledger).await
    }

    /// Adds an empty ledger; whether there was none of that name, so that of two who ask at once one knows.
    ///
    /// # Errors
    /// When the database does not answer or refuses.
    pub async fn add(&self, ledger: &LedgerId) -> Result<bool, OpenError> {
        self.check_guards()?;
        let Head { position, log_hash, .. } = Head::empty(ledger.clone());
        let adding = "INSERT INTO aduan.ledger (name, position, record_hash, log_hash) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT DO NOTHING RETURNING name";
        let (name, none) = (ledger.as_str(), Digest::of(b""));
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&name, &(position as i64), &none.0.as_slice(), &log_hash.0.as_slice()];
        Ok(!self.ask(adding, &parameters).await?.is_empty())
    }

    /// Opens a ledger to read and to write, beside any other process that does.
    ///
    /// # Errors
    /// When there is none, its head is not that of its last event, or a guard is not the one of this release.
    pub async fn open(&self, ledger: &LedgerId) -> Result<PostgresStore, OpenError> {
        self.check_guards()?;
        self.store(ledger, true).await
    }

    /// Opens a ledger to read: every append is `Unavailable`.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open_read_only(&self, ledger: &LedgerId) -> Result<PostgresStore, OpenError> {
        self.store(ledger, false).await
    }

    /// The read models of a ledger. Whoever projects writes them, and needs no right to append.
    ///
    /// # Errors
    /// `NotMigrated` when the tables of this release's read models are not there, or when there is no such ledger.
    pub async fn read_store(&self, ledger: &LedgerId) -> Result<PostgresReadStore, OpenError> {
        self.check_ledger(ledger).await?;
        let question = async |asked: Asked<'_>| models::check(asked.client).await;
        ask(&self.readers, self.address.options().deadline, question).await.map_err(OpenError::Server)??;
        let (address, readers) = (self.address.clone(), self.readers.clone());
        Ok(PostgresReadStore { address, readers, ledger: ledger.clone(), let_go: Arc::default() })
    }

    /// The ledgers of the database, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ledgers(&self) -> Result<Vec<LedgerId>, OpenError> {
        let names = self.ask("SELECT name FROM aduan.ledger ORDER BY name", &[]).await?;
        let name = |row: &Row| {
            let name: String = row.try_get(0).map_err(OpenError::server)?;
            LedgerId::new(&name).map_err(|error| OpenError::Corrupt(error.to_string()))
        };
        names.iter().map(name).collect()
    }

    /// What is not wrong but unwise: to log in as a superuser, or to go without data checksums.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    async fn ask(&self, sql: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, OpenError> {
        let question = async |asked: Asked<'_>| asked.client.query(sql, parameters).await;
        let answer = ask(&self.readers, self.address.options().deadline, question).await;
        answer.map_err(OpenError::Server)?.map_err(OpenError::server)
    }

    fn check_guards(&self) -> Result<(), OpenError> {
        match &self.altered {
            Some(object) => Err(OpenError::AlteredSchema { object: object.clone() }),
            None => Ok(()),
        }
    }

    async fn store(&self, ledger: &LedgerId, writes: bool) -> Result<PostgresStore, OpenError> {
        let options = self.address.options();
        let lookups = Lookups { readers: self.readers.clone(), ledger: ledger.clone(), deadline: options.deadline };
        self.check_ledger(ledger).await?;
        let news = News::none();
        let writer = if writes {
            let head = lookups.head().await.map_err(|error| match error {
                StoreError::Corrupt(why) => OpenError::Corrupt(why),
                other => OpenError::Server(other.to_string()),
            })?;
            let (queue, work) = mpsc::channel(options.queue.max(1));
            news.note(head.position);
            let (written, to_tell) = watch::channel(head.position);
            let bell = bell::ring(self.address.clone(), ledger.clone(), to_tell);
            let bell = options.tells_others.then(|| tokio::spawn(bell));
            let writer = Writer::new(self.address.clone(), ledger.clone(), head, written, news.clone());
            Some(WriterTask { queue, handle: tokio::spawn(writer.run(work)), bell })
        } else {
            None
        };
        let listener = Listener::new(self.address.clone(), ledger.clone(), news.clone());
        Ok(PostgresStore { lookups, altered: self.altered.clone(), writer, news, listener })
    }

    async fn check_ledger(&self, ledger: &LedgerId) -> Result<(), OpenError> {
        let found = self.ask("SELECT FROM aduan.ledger WHERE name = $1", &[&ledger.as_str()]).await?;
        if found.is_empty() { Err(OpenError::NoSuchLedger { ledger: ledger.clone() }) } else { Ok(()) }
    }
}

impl fmt::Debug for Postgres {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("altered", &self.altered).finish_non_exhaustive()
    }
}

/// A ledger in PostgreSQL.
///
/// Dropping it lets what was handed over be written, if the runtime lives that long; [`PostgresStore::close`] waits.
pub struct PostgresStore {
    lookups: Lookups,
    altered: Option<String>,
    /// None where the ledger was opened to read only.
    writer: Option<WriterTask>,
    /// What it has written, and what others told.
    news: News,
    listener: Listener,
}

struct WriterTask {
    queue: mpsc::Sender<Waiting>,
    handle: JoinHandle<()>,
    /// Ends behind the writer.
    bell: Option<JoinHandle<()>>,
}

impl PostgresStore {
    /// A guard, constraint or trigger that is not the one of this crate, if there is one. Nobody writes past it.
    pub fn altered_object(&self) -> Option<&str> {
        self.altered.as_deref()
    }

    /// Listens to others, until nobody can tell any more: why.
    async fn listen(&self) -> StoreError {
        loop {
            let deaf = self.listener.listen().await;
            if self.writer.as_ref().is_none_or(|writer| writer.queue.is_closed()) {
                return deaf;
            }
            // What is written here is told all the same.
            sleep(DEAF).await;
        }
    }

    /// Waits until what was handed over is written, and others were told.
    pub async fn close(mut self) {
        if let Some(WriterTask { queue, handle, bell }) = self.writer.take() {
            drop(queue);
            // A task that panicked has dropped its replies, so everyone who waited knows.
            drop(handle.await);
            if let Some(bell) = bell {
                drop(bell.await);
            }
        }
    }
}

#[async_trait]
impl Ledger for PostgresStore {
    fn id(&self) -> &LedgerId {
        &self.lookups.ledger
    }

    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.lookups.load(complaint, after).await
    }

    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        append.check()?;
        let writer = self.writer.as_ref();
        let writer = writer.ok_or_else(|| StoreError::Unavailable("the ledger was opened to read only".into()))?;
        let (reply, answer) = oneshot::channel();
        writer.queue.try_send(Waiting { append, reply }).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Closed(_) => StoreError::Unavailable("the writing task died".into()),
        })?;
        // What is in the queue may be written later: who stops waiting does not know.
        match timeout(self.lookups.deadline, answer).await {
            Ok(answered) => answered.unwrap_or_else(|_| Err(StoreError::Unknown("the writing task died".into()))),
            Err(_) => Err(StoreError::Unknown("no answer within the deadline".into())),
        }
    }

    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.lookups.handled(command).await
    }

    async fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        self.lookups.boxes(complaint, digests).await
    }

    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        if documents.iter().any(|document| document.hash != Digest::of(document.text.as_bytes())) {
            return Err(StoreError::Corrupt("a document has a hash that is not that of its text".into()));
        }
        self.lookups.keep(documents).await
    }

    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        self.lookups.document(hash).await
    }
}

#[async_trait]
impl Log for PostgresStore {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        self.lookups.after(position, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.lookups.head().await
    }

    async fn more(&self, after: Position) -> Result<(), StoreError> {
        loop {
            let told = self.news.told();
            if told.position <= after {
                break;
            }
            // It may have been told long ago, of a log that was longer then, or by somebody who made it up.
            let head = self.lookups.head().await?.position;
            if head > after {
                return Ok(());
            }
            self.news.correct(told, head);
        }
        tokio::select! {
            biased;
            () = self.news.beyond(after) => Ok(()),
            deaf = self.listen() => Err(deaf),
        }
    }
}

#[async_trait]
impl Attestations for PostgresStore {
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
        if self.writer.is_none() {
            return Err(StoreError::Unavailable("the ledger was opened to read only".into()));
        }
        self.lookups.attest(attestation).await
    }

    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        self.lookups.attestations(after, limit).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("ledger", &self.lookups.ledger).finish_non_exhaustive()
    }
}

/// Before it is tried again to listen.
const DEAF: Duration = Duration::from_secs(5);
