//! A thread with a read-only connection that answers questions.

use std::sync::mpsc::Receiver;

use aduan::sealed::{BoxDigest, SealedBox, WrappedKey};
use aduan::store::{Attestation, Document, DocumentKind, Entry, Head, Loaded, Page, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use rusqlite::{Connection, OptionalExtension as _, Params, params};
use tokio::sync::oneshot;

use crate::rows::{HANDLED, bytes, entries, entries_of, event_columns, unavailable};
use crate::schema;

/// Where an answer goes. Nobody may be waiting for it any more, which is no error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

pub(crate) enum Question {
    Load { complaint: ComplaintId, after: Version, reply: Reply<Loaded> },
    Handled { command: CommandId, reply: Reply<Vec<Entry>> },
    Boxes { complaint: ComplaintId, digests: Vec<BoxDigest>, reply: Reply<Vec<Option<SealedBox>>> },
    Document { hash: Digest, reply: Reply<Option<Document>> },
    After { position: Position, limit: usize, reply: Reply<Page> },
    Head { reply: Reply<Head> },
    Attestations { after: Option<(Position, Digest)>, limit: usize, reply: Reply<Vec<Attestation>> },
}

pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) ledger: LedgerId,
}

impl Reader {
    /// Answers until nobody can ask any more.
    pub(crate) fn run(self, questions: Receiver<Question>) {
        for question in questions {
            match question {
                Question::Load { complaint, after, reply } => drop(reply.send(self.load(complaint, after))),
                Question::Handled { command, reply } => drop(reply.send(self.handled(command))),
                Question::Boxes { complaint, digests, reply } => drop(reply.send(self.boxes(complaint, &digests))),
                Question::Document { hash, reply } => drop(reply.send(self.document(hash))),
                Question::After { position, limit, reply } => drop(reply.send(self.after(position, limit))),
                Question::Head { reply } => drop(reply.send(self.head())),
                Question::Attestations { after, limit, reply } => {
                    drop(reply.send(self.attestations(after, limit)));
                }
            }
        }
    }

    fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.at_one_moment(|| {
            let mut statement = self.connection.prepare_cached(LOAD).map_err(unavailable)?;
            let id = complaint.0.as_bytes().as_slice();
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            statement.raw_bind_parameter(1, self.ledger.as_str()).map_err(unavailable)?;
            statement.raw_bind_parameter(2, id).map_err(unavailable)?;
            statement.raw_bind_parameter(3, after).map_err(unavailable)?;
            let entries = entries(&mut statement, &self.ledger, 8)?;
            let records: Vec<_> = entries.into_iter().map(|entry| entry.record).collect();
            let gap = records.iter().zip(after as Version + 1..).find(|(record, wanted)| record.sequence != *wanted);
            if let Some((_, wanted)) = gap {
                return Err(StoreError::Corrupt(format!(
                    "complaint {complaint} has no record {wanted}, but later ones"
                )));
            }
            let keys = self.keys(id).map_err(unavailable)?;
            Ok(Loaded { records, keys })
        })
    }

    fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        let mut statement = self.connection.prepare_cached(HANDLED).map_err(unavailable)?;
        entries_of(&mut statement, &self.ledger, command)
    }

    fn keys(&self, complaint: &[u8]) -> rusqlite::Result<Vec<WrappedKey>> {
        let mut statement = self.connection.prepare_cached(KEYS)?;
        let key = |row: &rusqlite::Row<'_>| {
            Ok(WrappedKey { epoch: row.get(0)?, commitment: Digest(bytes(row, 1)?), bytes: row.get(2)? })
        };
        statement.query_map(params![self.ledger.as_str(), complaint], key)?.collect()
    }

    fn boxes(&self, complaint: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let mut statement = self.connection.prepare_cached(BOX).map_err(unavailable)?;
        let id = complaint.0.as_bytes().as_slice();
        let found = |digest: &BoxDigest| {
            let found = statement
                .query_row(params![self.ledger.as_str(), id, digest.0.0.as_slice()], |row| row.get(0))
                .optional()
                .map_err(unavailable)?;
            let sealed = found.map(SealedBox::from_bytes);
            match sealed {
                Some(sealed) if sealed.digest != *digest => {
                    Err(StoreError::Corrupt(format!("the box {} holds other bytes", digest.0)))
                }
                sealed => Ok(sealed),
            }
        };
        digests.iter().map(found).collect()
    }

    fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        let mut statement = self.connection.prepare_cached(DOCUMENT).map_err(unavailable)?;
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let found = statement
            .query_row(params![self.ledger.as_str(), hash.0.as_slice()], columns)
            .optional()
            .map_err(unavailable)?;
        let Some((kind, text)) = found else { return Ok(None) };
        let corrupt = |why: &str| StoreError::Corrupt(format!("the document {hash} {why}"));
        let kind = DocumentKind::named(&kind).ok_or_else(|| corrupt("is of no known kind"))?;
        if Digest::of(text.as_bytes()) != hash {
            return Err(corrupt("holds another text"));
        }
        Ok(Some(Document { hash, kind, text }))
    }

    fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        self.at_one_moment(|| {
            let head: i64 = self
                .connection
                .prepare_cached("SELECT coalesce(max(position), 0) FROM events")
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
                .map_err(unavailable)?;
            let head = u64::try_from(head).unwrap_or(0);
            let Some(rest) = head.checked_sub(position) else {
                let why = format!("asked for what follows position {position}, but the log ends at {head}");
                return Err(StoreError::Corrupt(why));
            };
            let count = rest.min(limit as u64);
            let end = position + count;
            let mut statement = self.connection.prepare_cached(AFTER).map_err(unavailable)?;
            // Both fit: they lie below the head, which SQLite holds in an i64.
            statement.raw_bind_parameter(1, position as i64).map_err(unavailable)?;
            statement.raw_bind_parameter(2, end as i64).map_err(unavailable)?;
            let entries = entries(&mut statement, &self.ledger, count as usize)?;
            let found = |place: usize| entries.get(place).map(|entry| entry.position);
            let missing = (position + 1..=end).enumerate().find(|(place, wanted)| found(*place) != Some(*wanted));
            if let Some((_, missing)) = missing {
                return Err(StoreError::Corrupt(format!("position {missing} is missing")));
            }
            Ok(Page { entries, end, at_head: end == head })
        })
    }

    fn head(&self) -> Result<Head, StoreError> {
        schema::head(&self.connection, &self.ledger).map_err(unavailable)?.map_err(StoreError::Corrupt)
    }

    fn attestations(&self, after: Option<(Position, Digest)>, limit: usize) -> Result<Vec<Attestation>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match after {
            None => self.attested(FIRST_ATTESTATIONS, params![self.ledger.as_str(), limit]),
            Some((size, digest)) => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                self.attested(ATTESTATIONS, params![self.ledger.as_str(), size, digest.0.as_slice(), limit])
            }
        }
    }

    fn attested(&self, sql: &str, parameters: impl Params) -> Result<Vec<Attestation>, StoreError> {
        // Asked each time: somebody may upgrade the file while it is being read.
        if !schema::holds_attestations(&self.connection).map_err(unavailable)? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(sql).map_err(unavailable)?;
        let columns = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get(2)?));
        let rows = statement.query_map(parameters, columns).map_err(unavailable)?;
        rows.map(|row| {
            let (size, digest, note) = row.map_err(unavailable)?;
            let attestation = Attestation { size: size as Position, note };
            match attestation.digest() == Digest(digest) {
                true => Ok(attestation),
                false => Err(StoreError::Corrupt(format!("the attestation of {size} events holds another note"))),
            }
        })
        .collect()
    }

    /// Answers from one snapshot, whatever is written meanwhile.
    fn at_one_moment<T>(&self, answer: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let transaction = self.connection.unchecked_transaction().map_err(unavailable)?;
        let answered = answer();
        transaction.finish().map_err(unavailable)?;
        answered
    }
}

const LOAD: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM events WHERE ledger = ?1 AND aggregate_id = ?2 AND sequence > ?3 ORDER BY sequence"
);
const AFTER: &str =
    concat!("SELECT ", event_columns!(), " FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position");
const KEYS: &str = "SELECT epoch, commitment, wrapped FROM keys WHERE ledger = ?1 AND aggregate_id = ?2 \
                    AND epoch <= 4294967295 ORDER BY epoch, commitment";
const BOX: &str = "SELECT bytes FROM boxes WHERE ledger = ?1 AND aggregate_id = ?2 AND digest = ?3";
const DOCUMENT: &str = "SELECT kind, text FROM documents WHERE ledger = ?1 AND hash = ?2";
const FIRST_ATTESTATIONS: &str = "SELECT size, digest, note FROM attestations WHERE ledger = ?1 \
                                  ORDER BY size, digest LIMIT ?2";
const ATTESTATIONS: &str = "SELECT size, digest, note FROM attestations WHERE ledger = ?1 AND (size, digest) > (?2, ?3) \
                            ORDER BY size, digest LIMIT ?4";
