//! The store: whose turn it is, and what is read.

use std::sync::Arc;
use std::time::Duration;

use aduan::complaint::Complaint;
use aduan::sealed::{BoxDigest, SealedBox, WrappedKey};
use aduan::store::{
    Append, Attestation, Attestations, Document, DocumentKind, Entry, Head, Ledger, Loaded, Log, Outcome, Page,
    StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use async_trait::async_trait;
use cqrs_es::persist::PersistedEventRepository as _;
use postgres_es::PostgresEventRepository;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::failure::{TOO_LATE, of_get, of_read, of_write};
use crate::rows::{columns_beside, digest, entry, event_columns, record_beside};
use crate::{OpenError, PostgresEsOptions, connect};

/// A ledger in PostgreSQL, read and written through postgres-es.
pub struct PostgresEsStore {
    on: Arc<Connections>,
    /// Who may wait.
    queue: Arc<Semaphore>,
}

/// The way to a ledger. There are as many turns as connections, so whoever has one waits for no connection.
pub(crate) struct Connections {
    pub(crate) ledger: LedgerId,
    pub(crate) pool: PgPool,
    /// Only `get_events`, `get_last_events`, and `persist` without a snapshot are sound.
    pub(crate) repository: PostgresEventRepository,
    pub(crate) deadline: Duration,
    pub(crate) writing: Semaphore,
    reading: Semaphore,
}

impl PostgresEsStore {
    /// Creates a ledger and opens it. Where it exists already, only opens it.
    ///
    /// # Errors
    /// As [`PostgresEsStore::open`].
    pub async fn create(url: &str, ledger: &LedgerId, options: PostgresEsOptions) -> Result<Self, OpenError> {
        let pool = connect::pool(url, ledger, &options).await?;
        connect::create(&pool, ledger).await?;
        Ok(Self::over(pool, ledger, &options))
    }

    /// Opens a ledger to read and to write, beside any other process that does.
    ///
    /// # Errors
    /// When there is none, the database is not reached in time, its schema is not the one of this release, or its
    /// settings could lose what was acknowledged.
    pub async fn open(url: &str, ledger: &LedgerId, options: PostgresEsOptions) -> Result<Self, OpenError> {
        let pool = connect::pool(url, ledger, &options).await?;
        if !connect::exists(&pool, ledger).await? {
            return Err(OpenError::NoSuchLedger { ledger: ledger.clone() });
        }
        Ok(Self::over(pool, ledger, &options))
    }

    fn over(pool: PgPool, ledger: &LedgerId, options: &PostgresEsOptions) -> Self {
        let connections = options.connections.max(2) as usize;
        // Without snapshots the second table is never named to the server.
        let repository = PostgresEventRepository::new(pool.clone()).with_tables("aduan.postgres_es_events", "none");
        let on = Connections {
            ledger: ledger.clone(),
            pool,
            repository,
            deadline: options.deadline,
            writing: Semaphore::new(connections / 2),
            reading: Semaphore::new(connections - connections / 2),
        };
        PostgresEsStore { on: Arc::new(on), queue: Arc::new(Semaphore::new(options.queue)) }
    }

    /// Asks, within the bounds of a call.
    async fn read<T>(&self, question: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let _place = self.queue.try_acquire().map_err(|_| StoreError::Overloaded)?;
        let _turn = self.on.turn(&self.on.reading).await?;
        self.on.in_time(question).await
    }

    /// Keeps something, within the same bounds: what became of it when it took too long, nobody knows.
    async fn write(&self, step: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
        let _place = self.queue.try_acquire().map_err(|_| StoreError::Overloaded)?;
        let _turn = self.on.turn(&self.on.writing).await?;
        let done = tokio::time::timeout(self.on.deadline, step).await;
        done.unwrap_or_else(|_| Err(StoreError::Unknown(TOO_LATE.into())))
    }
}

impl Connections {
    pub(crate) async fn turn<'c>(&self, turns: &'c Semaphore) -> Result<SemaphorePermit<'c>, StoreError> {
        let turn = tokio::time::timeout(self.deadline, turns.acquire()).await;
        let late = || StoreError::Unavailable("no connection was free within the deadline".into());
        turn.map_err(|_| late())?.map_err(|_| late())
    }

    /// A step after which nothing is stored, or nothing that matters.
    pub(crate) async fn in_time<T>(&self, step: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let done = tokio::time::timeout(self.deadline, step).await;
        done.unwrap_or_else(|_| Err(StoreError::Unavailable(TOO_LATE.into())))
    }

    pub(crate) async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query(HANDLED).bind(self.ledger.as_str()).bind(command.0).fetch_all(&self.pool).await;
        rows.map_err(|error| of_read(&error))?.iter().map(entry).collect()
    }

    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        let id = complaint.to_string();
        let events = match after {
            0 => self.repository.get_events::<Complaint>(&id).await,
            after => self.repository.get_last_events::<Complaint>(&id, after as usize).await,
        };
        let events = events.map_err(|error| of_get(&error))?;
        // Later, so it holds at least as much.
        let rows = sqlx::query(BESIDE)
            .bind(self.ledger.as_str())
            .bind(&id)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(|error| of_read(&error))?;
        let mut records = Vec::with_capacity(events.len());
        for (wanted, event) in (after + 1..).zip(events) {
            let row = rows.get(records.len()).filter(|_| event.sequence as u64 == wanted);
            let row = row.ok_or_else(|| {
                StoreError::Corrupt(format!("complaint {complaint} has no record {wanted}, but later ones"))
            })?;
            records.push(record_beside(complaint, event, row)?);
        }
        Ok(Loaded { records, keys: self.keys(&id).await.map_err(|error| of_read(&error))? })
    }

    async fn keys(&self, complaint: &str) -> Result<Vec<WrappedKey>, sqlx::Error> {
        let rows = sqlx::query(KEYS).bind(self.ledger.as_str()).bind(complaint).fetch_all(&self.pool).await?;
        let key = |row: &PgRow| {
            let epoch = u32::try_from(row.try_get::<i64, _>("epoch")?);
            let epoch = epoch.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(WrappedKey { epoch, commitment: digest(row, "commitment")?, bytes: row.try_get("wrapped")? })
        };
        rows.iter().map(key).collect()
    }

    async fn boxes(&self, id: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let marks: Vec<i32> = digests.iter().map(BoxDigest::mark).collect();
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| digest.0.0.as_slice()).collect();
        let rows = sqlx::query_scalar::<_, Vec<u8>>(BOXES)
            .bind(self.ledger.as_str())
            .bind(id.to_string())
            .bind(marks)
            .bind(wanted)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| of_read(&error))?;
        let boxes: Vec<SealedBox> = rows.into_iter().map(SealedBox::from_bytes).collect();
        Ok(digests.iter().map(|digest| boxes.iter().find(|sealed| sealed.digest == *digest).cloned()).collect())
    }

    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        let hashes: Vec<&[u8]> = documents.iter().map(|document| document.hash.0.as_slice()).collect();
        let kinds: Vec<&str> = documents.iter().map(|document| document.kind.name()).collect();
        let texts: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
        let query = sqlx::query(KEEP).bind(self.ledger.as_str()).bind(hashes).bind(kinds).bind(texts);
        query.execute(&self.pool).await.map_err(|error| of_write(&error))?;
        Ok(())
    }

    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        let query = sqlx::query_as::<_, (String, String)>(DOCUMENT).bind(self.ledger.as_str()).bind(hash.0.as_slice());
        let found = query.fetch_optional(&self.pool).await.map_err(|error| of_read(&error))?;
        let Some((kind, text)) = found else { return Ok(None) };
        let corrupt = |why: &str| StoreError::Corrupt(format!("the document {hash} {why}"));
        let kind = DocumentKind::named(&kind).ok_or_else(|| corrupt("is of no known kind"))?;
        if Digest::of(text.as_bytes()) != hash {
            return Err(corrupt("holds another text"));
        }
        Ok(Some(Document { hash, kind, text }))
    }

    async fn attest(&self, attestation: &Attestation) -> Result<(), StoreError> {
        let size = i64::try_from(attestation.size);
        let size =
            size.map_err(|_| StoreError::Corrupt("an attestation is of more events than there can be".into()))?;
        let digest = attestation.digest();
        let row = sqlx::query(ATTEST).bind(self.ledger.as_str()).bind(size).bind(digest.0.as_slice());
        row.bind(&attestation.note).execute(&self.pool).await.map_err(|error| of_write(&error))?;
        Ok(())
    }

    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        // Behind nothing at all: no size is less than 0, and no digest is empty.
        let (size, digest) = after.map_or((-1, Vec::new()), |after| {
            (i64::try_from(after.size).unwrap_or(i64::MAX), after.digest().0.to_vec())
        });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = sqlx::query(ATTESTATIONS).bind(self.ledger.as_str()).bind(size).bind(digest).bind(limit);
        let rows = query.fetch_all(&self.pool).await.map_err(|error| of_read(&error))?;
        rows.iter().map(attestation).collect()
    }

    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        // First, so that whatever it covers is there when the page is read.
        let head = self.head().await?.position;
        let Some(rest) = head.checked_sub(position) else {
            let why = format!("asked for what follows position {position}, but the log ends at {head}");
            return Err(StoreError::Corrupt(why));
        };
        let end = position + rest.min(limit.min(LARGEST_PAGE) as u64);
        // Both lie below the head, which PostgreSQL holds in a bigint.
        let page = sqlx::query(AFTER).bind(self.ledger.as_str()).bind(position as i64).bind(end as i64);
        let rows = page.fetch_all(&self.pool).await.map_err(|error| of_read(&error))?;
        let entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let found = |place: usize| entries.get(place).map(|entry| entry.position);
        match (position + 1..=end).enumerate().find(|(place, wanted)| found(*place) != Some(*wanted)) {
            Some((_, missing)) => Err(StoreError::Corrupt(format!("position {missing} is missing"))),
            None => Ok(Page { entries, end, at_head: end == head }),
        }
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let found = sqlx::query(HEAD).bind(self.ledger.as_str()).fetch_optional(&self.pool).await;
        let Some(row) = found.map_err(|error| of_read(&error))? else {
            return Err(StoreError::Corrupt(format!("the ledger {} has no head", self.ledger)));
        };
        let read = || -> Result<_, sqlx::Error> {
            let head = Head {
                ledger: self.ledger.clone(),
                position: row.try_get::<i64, _>("position")? as Position,
                log_hash: digest(&row, "log_hash")?,
            };
            Ok((head, row.try_get::<i64, _>("last")? as Position, row.try_get::<bool, _>("is_its_hash")?))
        };
        let (head, last, is_its_hash) = read().map_err(|error| of_read(&error))?;
        if head.position != last || !is_its_hash {
            let why = format!("the head is at position {}, the last event at {last}", head.position);
            return Err(StoreError::Corrupt(why));
        }
        Ok(head)
    }
}

#[async_trait]
impl Ledger for PostgresEsStore {
    fn id(&self) -> &LedgerId {
        &self.on.ledger
    }

    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.read(self.on.load(complaint, after)).await
    }

    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        append.check()?;
        if append.at.is_some() {
            // The trigger gives positions, and postgres-es has no way to tell it which.
            return Err(StoreError::Unavailable("postgres-es keeps no positions: copy with aduan-postgres".into()));
        }
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| StoreError::Overloaded)?;
        let on = Arc::clone(&self.on);
        // A task of its own: it goes on when the caller goes away.
        let task = tokio::spawn(async move {
            let _place = place;
            on.append(&append).await
        });
        task.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writing task died".into())))
    }

    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.read(self.on.handled(command)).await
    }

    async fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        self.read(self.on.boxes(complaint, digests)).await
    }

    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        if documents.iter().any(|document| document.hash != Digest::of(document.text.as_bytes())) {
            return Err(StoreError::Corrupt("a document has a hash that is not that of its text".into()));
        }
        self.write(self.on.keep(documents)).await
    }

    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        self.read(self.on.document(hash)).await
    }
}

#[async_trait]
impl Log for PostgresEsStore {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        self.read(self.on.after(position, limit)).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.read(self.on.head()).await
    }
}

#[async_trait]
impl Attestations for PostgresEsStore {
    async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
        self.write(self.on.attest(attestation)).await
    }

    async fn attestations(&self, after: Option<&Attestation>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        self.read(self.on.attestations(after, limit)).await
    }
}

fn attestation(row: &PgRow) -> Result<Attestation, StoreError> {
    let read = || -> Result<_, sqlx::Error> {
        let size = row.try_get::<i64, _>("size")? as Position;
        Ok((Attestation { size, note: row.try_get("note")? }, digest(row, "digest")?))
    };
    let (kept, digest) = read().map_err(|error| of_read(&error))?;
    match kept.digest() == digest {
        true => Ok(kept),
        false => Err(StoreError::Corrupt(format!("the attestation of {} events holds another note", kept.size))),
    }
}

/// So many events are read at once at most.
const LARGEST_PAGE: usize = 65_536;

const BESIDE: &str = concat!(
    "SELECT ",
    columns_beside!(),
    " FROM aduan.events WHERE aggregate_id = $2 AND sequence > $3 AND ledger || '' = $1 ORDER BY sequence"
);
const HANDLED: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE command_id = $2 AND ledger || '' = $1 ORDER BY command_part"
);
const AFTER: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE ledger = $1 AND position > $2 AND position <= $3 ORDER BY position"
);
const KEYS: &str = "SELECT epoch, commitment, wrapped FROM aduan.keys WHERE ledger = $1 AND aggregate_id = $2 \
    ORDER BY epoch, commitment";
const BOXES: &str = "SELECT sealed_box FROM aduan.boxes CROSS JOIN unnest(sealed) AS sealed_box \
    WHERE ledger = $1 AND aggregate_id = $2 AND marks && $3 AND sha256(sealed_box) = ANY ($4)";
const KEEP: &str = "INSERT INTO aduan.documents (ledger, hash, kind, text) \
    SELECT $1, new.* FROM unnest($2::bytea[], $3::text[], $4::text[]) AS new (hash, kind, text) ORDER BY new.hash \
    ON CONFLICT DO NOTHING";
const DOCUMENT: &str = "SELECT kind, text FROM aduan.documents WHERE ledger = $1 AND hash = $2";
const ATTEST: &str = "INSERT INTO aduan.attestations (ledger, size, digest, note) VALUES ($1, $2, $3, $4) \
    ON CONFLICT DO NOTHING";
const ATTESTATIONS: &str = "SELECT size, digest, note FROM aduan.attestations \
    WHERE ledger = $1 AND (size, digest) > ($2, $3) ORDER BY size, digest LIMIT $4";
const HEAD: &str = "SELECT ledger.position, ledger.log_hash, coalesce(last.position, 0) AS last, \
        ledger.record_hash = coalesce(last.record_hash, sha256('')) AS is_its_hash \
    FROM aduan.ledger LEFT JOIN LATERAL (SELECT position, record_hash FROM aduan.events \
        WHERE events.ledger = ledger.name ORDER BY position DESC LIMIT 1) AS last ON true WHERE ledger.name = $1";
