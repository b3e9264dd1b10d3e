//! Questions, and what is kept beside the log. Where an answer takes two statements, the second sees no less than the first.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use aduan::sealed::{BoxDigest, SealedBox, WrappedKey};
use aduan::store::{Attestation, Document, DocumentKind, Entry, Head, Loaded, Page, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use futures_core::Stream as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::failure::{Failure, unavailable};
use crate::readers::{Asked, Readers, ask};
use crate::rows::{Hash, IdText, entry, event_columns, head, unreadable};

/// Asks about one ledger.
#[derive(Clone)]
pub(crate) struct Lookups {
    pub(crate) readers: Readers,
    pub(crate) ledger: LedgerId,
    pub(crate) deadline: Duration,
}

impl Lookups {
    pub(crate) async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        let (name, id) = (self.ledger.as_str(), IdText(complaint.0));
        let since = i64::try_from(after).unwrap_or(i64::MAX);
        let (events, keys) = self
            .ask(async |mut asked| {
                let (events, keys) = (asked.prepared(LOAD).await?, asked.prepared(KEYS).await?);
                let of_events: [&(dyn ToSql + Sync); 3] = [&name, &id, &since];
                let of_keys: [&(dyn ToSql + Sync); 2] = [&name, &id];
                // Keys behind events: none is missing that a record issues.
                let (events, keys) = tokio::join!(
                    biased;
                    entries(asked.client, &events, &of_events),
                    asked.client.query(&keys, &of_keys)
                );
                Ok((events?, keys?))
            })
            .await?;
        let events = events?;
        let mut records = Vec::with_capacity(events.len());
        for (Entry { record, .. }, wanted) in events.into_iter().zip(after.saturating_add(1)..) {
            if record.sequence != wanted {
                let why = format!("complaint {complaint} has no record {wanted}, but later ones");
                return Err(StoreError::Corrupt(why));
            }
            records.push(record);
        }
        let keys = keys.iter().map(key).collect::<Result<_, _>>()?;
        Ok(Loaded { records, keys })
    }

    pub(crate) async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        let rows = self.rows(HANDLED, &[&self.ledger.as_str(), &command.0]).await?;
        rows.iter().map(entry).collect()
    }

    pub(crate) async fn boxes(
        &self,
        complaint: ComplaintId,
        digests: &[BoxDigest],
    ) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let marks: Vec<i32> = digests.iter().map(BoxDigest::mark).collect();
        let wanted: Vec<&[u8]> = digests.iter().map(|digest| digest.0.0.as_slice()).collect();
        let rows = self.rows(BOXES, &[&self.ledger.as_str(), &IdText(complaint.0), &marks, &wanted]).await?;
        let boxes = rows.iter().map(|row| row.try_get(0).map(SealedBox::from_bytes));
        let boxes = boxes.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        Ok(digests.iter().map(|digest| boxes.iter().find(|sealed| sealed.digest == *digest).cloned()).collect())
    }

    pub(crate) async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        let hashes: Vec<&[u8]> = documents.iter().map(|document| document.hash.0.as_slice()).collect();
        let kinds: Vec<&str> = documents.iter().map(|document| document.kind.name()).collect();
        let texts: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
        self.write(KEEP, &[&self.ledger.as_str(), &hashes, &kinds, &texts]).await
    }

    pub(crate) async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        let rows = self.rows(DOCUMENT, &[&self.ledger.as_str(), &hash.0.as_slice()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let kind: &str = row.try_get(0).map_err(unreadable)?;
        let text = row.try_get(1).map_err(unreadable)?;
        let kind = DocumentKind::named(kind)
            .ok_or_else(|| StoreError::Corrupt(format!("document {hash} is of an unknown kind")))?;
        Ok(Some(Document { hash, kind, text }))
    }

    pub(crate) async fn attest(&self, attestation: &Attestation) -> Result<(), StoreError> {
        let size = i64::try_from(attestation.size);
        let size =
            size.map_err(|_| StoreError::Corrupt("an attestation is of more events than there can be".into()))?;
        let digest = attestation.digest();
        self.write(ATTEST, &[&self.ledger.as_str(), &size, &digest.0.as_slice(), &attestation.note]).await
    }

    pub(crate) async fn attestations(
        &self,
        after: Option<&Attestation>,
        limit: usize,
    ) -> Result<Vec<Attestation>, StoreError> {
        // Behind nothing at all: no size is less than 0, and no digest is empty.
        let (size, digest) = after.map_or((-1, Vec::new()), |after| {
            (i64::try_from(after.size).unwrap_or(i64::MAX), after.digest().0.to_vec())
        });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.rows(ATTESTATIONS, &[&self.ledger.as_str(), &size, &digest, &limit]).await?;
        rows.iter().map(attestation).collect()
    }

    pub(crate) async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.min(LARGEST_PAGE);
        let from = i64::try_from(position).unwrap_or(i64::MAX);
        let (name, to) = (self.ledger.as_str(), from.saturating_add(limit as i64));
        let (end, entries) = self
            .ask(async |mut asked| {
                let (end, page) = (asked.prepared(END).await?, asked.prepared(AFTER).await?);
                let of_end: [&(dyn ToSql + Sync); 1] = [&name];
                let of_page: [&(dyn ToSql + Sync); 3] = [&name, &from, &to];
                // The end first: whatever it covers is there when the page is read.
                let (end, page) = tokio::join!(
                    biased;
                    asked.client.query_opt(&end, &of_end),
                    entries(asked.client, &page, &of_page)
                );
                Ok((end?, page?))
            })
            .await?;
        let end = end.ok_or_else(|| self.no_head())?;
        let head = end.try_get::<_, i64>(0).map_err(unreadable)? as Position;
        if position > head {
            let why = format!("asked for what follows position {position}, but the log ends at {head}");
            return Err(StoreError::Corrupt(why));
        }
        let entries = entries?;
        let least = (position + limit as Position).min(head) - position;
        let wanted = position + 1..=position + least.max(entries.len() as Position);
        let found = |place: usize| entries.get(place).map(|entry| entry.position);
        let missing = wanted.clone().enumerate().find(|(place, wanted)| found(*place) != Some(*wanted));
        match missing {
            Some((_, missing)) => Err(StoreError::Corrupt(format!("position {missing} is missing"))),
            None => Ok(Page { entries, end: *wanted.end(), at_head: *wanted.end() >= head }),
        }
    }

    pub(crate) async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.rows(HEAD, &[&self.ledger.as_str()]).await?;
        let row = rows.first().ok_or_else(|| self.no_head())?;
        let (noted, record_hash) = head(row, &self.ledger, 0)?;
        let last: Option<i64> = row.try_get(3).map_err(unreadable)?;
        let last_hash: Option<Hash> = row.try_get(4).map_err(unreadable)?;
        let last_hash = last_hash.map_or_else(|| Digest::of(b""), |hash| hash.0);
        let last = last.unwrap_or(0) as Position;
        if (noted.position, record_hash) != (last, last_hash) {
            let why = format!("the head is at position {}, the last event at {last}", noted.position);
            return Err(StoreError::Corrupt(why));
        }
        Ok(noted)
    }

    fn no_head(&self) -> StoreError {
        StoreError::Corrupt(format!("the ledger {} has no head", self.ledger))
    }

    async fn rows(&self, sql: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.ask(async |mut asked| {
            let statement = asked.prepared(sql).await?;
            asked.client.query(&statement, parameters).await
        })
        .await
    }

    /// Keeps something, and tells what became of it as an append does.
    async fn write(&self, sql: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        let mut is_asked = false;
        let answer = ask(&self.readers, self.deadline, async |mut asked: Asked<'_>| {
            let statement = asked.prepared(sql).await?;
            is_asked = true;
            asked.client.execute(&statement, parameters).await
        })
        .await;
        match answer {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if is_asked => Err(Failure::of(&error).into_error()),
            Ok(Err(error)) => Err(unavailable(&error)),
            Err(why) if is_asked => Err(StoreError::Unknown(why)),
            Err(why) => Err(StoreError::Unavailable(why)),
        }
    }

    async fn ask<T>(&self, question: impl AsyncFnOnce(Asked<'_>) -> Result<T, Error>) -> Result<T, StoreError> {
        let answer = ask(&self.readers, self.deadline, question).await.map_err(StoreError::Unavailable)?;
        answer.map_err(|error| unavailable(&error))
    }
}

/// Reads events, each as it comes: a row is gone before the next one wants room.
async fn entries(
    client: &Client,
    statement: &Statement,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Result<Vec<Entry>, StoreError>, Error> {
    let rows = client.query_raw(statement, parameters.iter().copied()).await?;
    let mut rows = pin!(rows);
    let mut entries = Ok(Vec::new());
    // To the end, whatever is in between: what is left on the line would be the next one's.
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        let row = row?;
        if let Ok(read) = &mut entries {
            match entry(&row) {
                Ok(entry) => read.push(entry),
                Err(error) => entries = Err(error),
            }
        }
    }
    Ok(entries)
}

fn key(row: &Row) -> Result<WrappedKey, StoreError> {
    let epoch: i64 = row.try_get(0).map_err(unreadable)?;
    let epoch = u32::try_from(epoch).map_err(|_| StoreError::Corrupt(format!("a key is of epoch {epoch}")))?;
    let commitment = row.try_get::<_, Hash>(1).map_err(unreadable)?.0;
    Ok(WrappedKey { epoch, commitment, bytes: row.try_get(2).map_err(unreadable)? })
}

fn attestation(row: &Row) -> Result<Attestation, StoreError> {
    let size = row.try_get::<_, i64>(0).map_err(unreadable)? as Position;
    let kept = Attestation { size, note: row.try_get(2).map_err(unreadable)? };
    match kept.digest() == row.try_get::<_, Hash>(1).map_err(unreadable)?.0 {
        true => Ok(kept),
        false => Err(StoreError::Corrupt(format!("the attestation of {size} events holds another note"))),
    }
}

/// So many events are read at once at most.
const LARGEST_PAGE: usize = 65_536;

const LOAD: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE aggregate_id = $2 AND sequence > $3 AND ledger || '' = $1 ORDER BY sequence"
);
const HANDLED: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE command_id = $2 AND ledger || '' = $1 ORDER BY command_part"
);
const KEYS: &str = "SELECT epoch, commitment, wrapped FROM aduan.keys WHERE ledger = $1 AND aggregate_id = $2 \
    ORDER BY epoch, commitment";
const BOXES: &str = "SELECT sealed_box FROM aduan.boxes CROSS JOIN unnest(sealed) AS sealed_box \
    WHERE ledger = $1 AND aggregate_id = $2 AND marks && $3 AND sha256(sealed_box) = ANY ($4)";
const KEEP: &str = "INSERT INTO aduan.documents (ledger, hash, kind, text) \
    SELECT $1, new.* FROM unnest($2::bytea[], $3::text[], $4::text[]) AS new (hash, kind, text) ORDER BY hash \
    ON CONFLICT DO NOTHING";
const DOCUMENT: &str = "SELECT kind, text FROM aduan.documents WHERE ledger = $1 AND hash = $2";
const ATTEST: &str = "INSERT INTO aduan.attestations (ledger, size, digest, note) VALUES ($1, $2, $3, $4) \
    ON CONFLICT DO NOTHING";
const ATTESTATIONS: &str = "SELECT size, digest, note FROM aduan.attestations \
    WHERE ledger = $1 AND (size, digest) > ($2, $3) ORDER BY size, digest LIMIT $4";
const END: &str = "SELECT position FROM aduan.ledger WHERE name = $1";
const AFTER: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE ledger = $1 AND position > $2 AND position <= $3 ORDER BY position"
);
const HEAD: &str = "SELECT ledger.position, ledger.record_hash, ledger.log_hash, last.position, last.record_hash \
    FROM aduan.ledger LEFT JOIN LATERAL (SELECT position, record_hash FROM aduan.events \
        WHERE events.ledger = ledger.name ORDER BY position DESC LIMIT 1) AS last ON true WHERE ledger.name = $1";
