//! The thread that writes: whatever has gathered goes into one transaction, and each gets its answer.

use std::sync::mpsc::Receiver;

use aduan::record::genesis;
use aduan::store::{Append, Attestation, Document, Head, Heads, Outcome, StoreError};
use aduan::values::{ComplaintId, Digest, LedgerId, Position, Version};
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension as _, params};
use tokio::sync::watch;

use crate::reader::Reply;
use crate::rows::{HANDLED, INSERT_EVENT, bytes, entries_of, insert, unavailable};

pub(crate) enum Work {
    Append { append: Append, reply: Reply<Outcome> },
    Keep { documents: Vec<Document>, reply: Reply<()> },
    Attest { attestation: Attestation, reply: Reply<()> },
}

pub(crate) struct Writer {
    connection: Connection,
    ledger: LedgerId,
    heads: Heads,
    /// The head after the last commit seen.
    last: Head,
    /// Where those learn its position who wait for more.
    committed: watch::Sender<Position>,
    /// Why nothing is written any more.
    stopped: Option<String>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, head: Head, committed: watch::Sender<Position>) -> Self {
        let ledger = head.ledger.clone();
        Writer { connection, ledger, heads: Heads::default(), last: head, committed, stopped: None }
    }

    /// Writes until nobody can ask any more, then leaves a file without a log beside it.
    pub(crate) fn run(mut self, queue: Receiver<Work>) {
        while let Ok(first) = queue.recv() {
            let batch = gather(first, &queue);
            self.write(batch);
        }
        if self.stopped.is_none() {
            // Readers may hold it up; then the next writer does it.
            let _ = self.connection.pragma_query(None, "wal_checkpoint(TRUNCATE)", |_| Ok(()));
        }
    }

    fn write(&mut self, batch: Vec<Work>) {
        if let Some(why) = &self.stopped {
            let error = StoreError::Unavailable(why.clone());
            return batch.into_iter().for_each(|work| work.fail(&error));
        }
        match self.transaction(&batch) {
            Ok(answers) => batch.into_iter().zip(answers).for_each(|(work, answer)| work.answer(answer)),
            // A guard refused one of them. It must not spoil the others, so each is tried alone.
            Err(Failure::Refused(_)) if batch.len() > 1 => {
                batch.into_iter().for_each(|work| self.write(vec![work]));
            }
            Err(failure) => {
                let error = failure.into_error();
                batch.into_iter().for_each(|work| work.fail(&error));
            }
        }
    }

    /// One transaction for all, and an answer for each. In a failure, nothing of it is remembered.
    fn transaction(&mut self, batch: &[Work]) -> Result<Vec<Answer>, Failure> {
        let written = match self.connection.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => self.fill(batch),
            Err(error) => Err(error),
        };
        let failure = match written {
            Ok((answers, last)) => match self.connection.execute_batch("COMMIT") {
                Ok(()) => {
                    self.committed.send_replace(last.position);
                    self.last = last;
                    return Ok(answers);
                }
                Err(error) => {
                    let failure = Failure::of_commit(&error);
                    if let Failure::Unknown { stop: true, why } = &failure {
                        self.stopped = Some(format!("a commit failed, the file must be opened anew: {why}"));
                    }
                    failure
                }
            },
            Err(error) => Failure::before_commit(error),
        };
        self.heads.forget_all();
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            self.stopped =
                Some(format!("a transaction could not be rolled back, the file must be opened anew: {error}"));
        }
        Err(failure)
    }

    /// Everything between BEGIN and COMMIT.
    fn fill(&mut self, batch: &[Work]) -> rusqlite::Result<(Vec<Answer>, Head)> {
        let mut open = Open {
            ledger: &self.ledger,
            heads: &mut self.heads,
            last: self.last.clone(),
            head: self.connection.prepare_cached(HEAD)?,
            known: self.connection.prepare_cached(KNOWN)?,
            handled: self.connection.prepare_cached(HANDLED)?,
            insert: self.connection.prepare_cached(INSERT_EVENT)?,
            insert_box: self.connection.prepare_cached(INSERT_BOX)?,
            insert_key: self.connection.prepare_cached(INSERT_KEY)?,
            insert_document: self.connection.prepare_cached(INSERT_DOCUMENT)?,
            insert_attestation: self.connection.prepare_cached(INSERT_ATTESTATION)?,
        };
        let mut noted = self.connection.prepare_cached(NOTED)?;
        let noted = noted.query_row([self.ledger.as_str()], |row| {
            let position = row.get::<_, i64>(0)? as Position;
            Ok((
                Head { ledger: self.ledger.clone(), position, log_hash: Digest(bytes(row, 1)?) },
                row.get::<_, i64>(2)?,
            ))
        });
        let (noted, last) = noted?;
        if noted != open.last || last as Position != noted.position {
            // Someone wrote past the lock: where complaints stand, we no longer know. The events say how it goes on from
            // where we were, whatever the head says.
            open.heads.forget_all();
            open.last = catch_up(&self.connection, open.last)?;
        }
        let start = open.last.clone();
        let answers = batch.iter().map(|work| open.apply(work)).collect::<Result<_, _>>()?;
        let end = open.last;
        if end != start {
            let Head { position, log_hash, .. } = &end;
            let head = params![self.ledger.as_str(), *position as i64, log_hash.0.as_slice()];
            self.connection.prepare_cached(MOVE_HEAD)?.execute(head)?;
        }
        Ok((answers, end))
    }
}

/// The head with the events that somebody inserted without moving it.
fn catch_up(connection: &Connection, mut noted: Head) -> rusqlite::Result<Head> {
    let mut behind = connection.prepare_cached(BEHIND)?;
    let mut rows = behind.query([noted.position as i64])?;
    while let Some(row) = rows.next()? {
        noted.advance(Digest(bytes(row, 0)?));
    }
    Ok(noted)
}

/// A transaction in progress.
struct Open<'w> {
    ledger: &'w LedgerId,
    heads: &'w mut Heads,
    last: Head,
    head: CachedStatement<'w>,
    known: CachedStatement<'w>,
    handled: CachedStatement<'w>,
    insert: CachedStatement<'w>,
    insert_box: CachedStatement<'w>,
    insert_key: CachedStatement<'w>,
    insert_document: CachedStatement<'w>,
    insert_attestation: CachedStatement<'w>,
}

impl Open<'_> {
    fn apply(&mut self, work: &Work) -> rusqlite::Result<Answer> {
        match work {
            Work::Append { append, .. } => Ok(Answer::Append(self.append(append)?)),
            Work::Keep { documents, .. } => {
                for Document { hash, kind, text } in documents {
                    self.insert_document.execute(params![
                        self.ledger.as_str(),
                        hash.0.as_slice(),
                        kind.name(),
                        text
                    ])?;
                }
                Ok(Answer::Kept)
            }
            Work::Attest { attestation, .. } => {
                let (size, digest) = (attestation.size as i64, attestation.digest());
                let row = params![self.ledger.as_str(), size, digest.0.as_slice(), attestation.note];
                self.insert_attestation.execute(row)?;
                Ok(Answer::Kept)
            }
        }
    }

    /// Answers without a change, or inserts all of it.
    fn append(&mut self, append: &Append) -> rusqlite::Result<Result<Outcome, StoreError>> {
        if self.known.exists(params![self.ledger.as_str(), append.command.0.as_bytes().as_slice()])? {
            let entries = entries_of(&mut self.handled, self.ledger, append.command);
            return Ok(entries.map(|entries| Outcome::Handled { entries }));
        }
        if append.at.is_some_and(|at| at != self.last.position + 1) {
            return Ok(Ok(Outcome::Conflict));
        }
        let mut link = Ok(());
        for part in &append.parts {
            let (version, hash) = self.head_of(part.complaint)?;
            if version != part.expected {
                return Ok(Ok(Outcome::Conflict));
            }
            link = link.and_then(|()| part.check_link(hash));
        }
        if let Err(error) = link {
            return Ok(Err(error));
        }
        let first = self.last.position + 1;
        for part in &append.parts {
            let id = part.complaint.0.as_bytes().as_slice();
            for sealed in &part.boxes {
                let digest = sealed.digest.0.0.as_slice();
                self.insert_box.execute(params![self.ledger.as_str(), id, digest, sealed.bytes])?;
            }
            for key in &part.keys {
                let commitment = key.commitment.0.as_slice();
                self.insert_key.execute(params![self.ledger.as_str(), id, key.epoch, commitment, key.bytes])?;
            }
            for record in &part.records {
                self.last.advance(record.hash);
                insert(&mut self.insert, self.ledger, self.last.position as i64, record)?;
                self.heads.note(part.complaint, (record.sequence, record.hash));
            }
        }
        Ok(Ok(Outcome::Appended { first }))
    }

    /// Version and last record hash of a complaint; its genesis where there is none.
    fn head_of(&mut self, complaint: ComplaintId) -> rusqlite::Result<(Version, Digest)> {
        if let Some(head) = self.heads.find(complaint) {
            return Ok(head);
        }
        let key = params![self.ledger.as_str(), complaint.0.as_bytes().as_slice()];
        let found = self.head.query_row(key, |row| Ok((row.get::<_, i64>(0)? as Version, Digest(bytes(row, 1)?))));
        let head = found.optional()?;
        if let Some(head) = head {
            self.heads.note(complaint, head);
        }
        Ok(head.unwrap_or_else(|| (0, genesis(self.ledger, complaint))))
    }
}

enum Answer {
    Append(Result<Outcome, StoreError>),
    Kept,
}

impl Work {
    /// Nobody may be waiting any more; what was written stays written.
    fn answer(self, answer: Answer) {
        match (self, answer) {
            (Work::Append { reply, .. }, Answer::Append(outcome)) => drop(reply.send(outcome)),
            (Work::Keep { reply, .. } | Work::Attest { reply, .. }, Answer::Kept) => drop(reply.send(Ok(()))),
            (work, _) => work.fail(&StoreError::Unknown("the answer was lost".into())),
        }
    }

    fn fail(self, error: &StoreError) {
        match self {
            Work::Append { reply, .. } => drop(reply.send(Err(error.clone()))),
            Work::Keep { reply, .. } | Work::Attest { reply, .. } => drop(reply.send(Err(error.clone()))),
        }
    }

    /// How many rows it may write.
    fn size(&self) -> usize {
        match self {
            Work::Append { append, .. } => append.parts.iter().map(|part| part.records.len() + part.boxes.len()).sum(),
            Work::Keep { documents, .. } => documents.len(),
            Work::Attest { .. } => 1,
        }
    }
}

/// What came of a transaction that has no answers.
enum Failure {
    /// Surely not stored.
    NotStored(StoreError),
    /// A guard or a constraint refused a row that our own checks let pass; nothing was stored.
    Refused(String),
    /// What reached the disk is not known. `stop`: nor will it be until the file is opened anew.
    Unknown { why: String, stop: bool },
}

impl Failure {
    fn before_commit(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Failure::Refused(error.to_string()),
            _ => Failure::NotStored(unavailable(error)),
        }
    }

    fn of_commit(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // Refused before the first byte was written.
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::ConstraintViolation) => {
                Failure::NotStored(StoreError::Unavailable(error.to_string()))
            }
            // The log lacks its last frame and is overwritten by the next commit; but a crash comes before that.
            Some(ErrorCode::DiskFull) => Failure::Unknown { why: error.to_string(), stop: false },
            // After a failed fsync nobody knows which pages the disk has, and a second fsync may lie about it.
            _ => Failure::Unknown { why: error.to_string(), stop: true },
        }
    }

    fn into_error(self) -> StoreError {
        match self {
            Failure::NotStored(error) => error,
            Failure::Refused(why) => StoreError::Corrupt(why),
            Failure::Unknown { why, .. } => StoreError::Unknown(why),
        }
    }
}

/// Takes what has queued up while the last transaction was committing, and waits for nothing more.
fn gather(first: Work, queue: &Receiver<Work>) -> Vec<Work> {
    let mut rows = first.size();
    let mut batch = vec![first];
    while rows < ROWS_PER_BATCH
        && let Ok(work) = queue.try_recv()
    {
        rows += work.size();
        batch.push(work);
    }
    batch
}

const ROWS_PER_BATCH: usize = 1024;

const NOTED: &str = "SELECT position, log_hash, (SELECT coalesce(max(position), 0) FROM events) FROM ledger \
                     WHERE name = ?1";
const BEHIND: &str = "SELECT record_hash FROM events WHERE position > ?1 ORDER BY position";
const HEAD: &str = "SELECT sequence, record_hash FROM events WHERE ledger = ?1 AND aggregate_id = ?2 \
                    ORDER BY sequence DESC LIMIT 1";
const KNOWN: &str = "SELECT 1 FROM events WHERE ledger = ?1 AND command_id = ?2 LIMIT 1";
const INSERT_BOX: &str = "INSERT INTO boxes (ledger, aggregate_id, digest, bytes) VALUES (?1, ?2, ?3, ?4)";
const INSERT_KEY: &str =
    "INSERT INTO keys (ledger, aggregate_id, epoch, commitment, wrapped) VALUES (?1, ?2, ?3, ?4, ?5)";
const INSERT_DOCUMENT: &str = "INSERT INTO documents (ledger, hash, kind, text) VALUES (?1, ?2, ?3, ?4)";
const INSERT_ATTESTATION: &str = "INSERT INTO attestations (ledger, size, digest, note) VALUES (?1, ?2, ?3, ?4)";
const MOVE_HEAD: &str = "UPDATE ledger SET position = ?2, log_hash = ?3, \
                         record_hash = (SELECT record_hash FROM events WHERE position = ?2) WHERE name = ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn commit_failing_with(code: i32) -> StoreError {
        Failure::of_commit(&rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into_error()
    }

    #[test]
    fn a_failed_commit_is_unknown_unless_nothing_was_written() {
        assert!(matches!(commit_failing_with(ffi::SQLITE_BUSY), StoreError::Unavailable(_)));
        for code in
            [ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_FULL, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOMEM]
        {
            assert!(matches!(commit_failing_with(code), StoreError::Unknown(_)), "{code}");
        }
    }
}
