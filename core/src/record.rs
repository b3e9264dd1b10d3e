//! Records: the very bytes that are hashed, chained, stored and exported.
//!
//! Payload and metadata are canonical JSON (compact, keys sorted bytewise, integers only). Nobody
//! re-encodes anything to verify it: hashes are taken over the stored bytes.

use std::borrow::Cow;
use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::event::{Context, EVENT_VERSION, Event, Fact, Provenance};
use crate::values::{CommandId, ComplaintId, Digest, EventId, LedgerId, Moment, Version};

/// One stored event of a complaint.
///
/// The hash covers ledger, complaint, sequence, type, version, payload, metadata and the hash before.
/// The other fields are copies that [`Record::event`] checks against the hashed bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The complaint.
    pub complaint: ComplaintId,
    /// From 1, without gaps.
    pub sequence: Version,
    /// The command that caused it.
    pub command: CommandId,
    /// Which event of its command it is, from 1.
    pub part: u32,
    /// The name of the fact.
    pub event_type: Cow<'static, str>,
    /// The schema version it was written in.
    pub event_version: Cow<'static, str>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Canonical JSON: the fact, when it occurred, where it came from.
    pub payload: String,
    /// Canonical JSON: a flat map of strings.
    pub metadata: String,
    /// The hash of the complaint's record before; of nothing but its name for the first.
    pub prev: Digest,
    /// The hash of this record.
    pub hash: Digest,
}

/// What a payload holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    fact: Fact,
    occurred_at: Moment,
    provenance: Provenance,
}

#[derive(Serialize)]
struct PayloadRef<'a> {
    fact: &'a Fact,
    occurred_at: &'a Moment,
    provenance: &'a Provenance,
}

impl Record {
    /// Writes an event as record number `sequence` of a complaint, behind `prev`.
    pub fn write(ledger: &LedgerId, complaint: ComplaintId, sequence: Version, prev: Digest, event: &Event) -> Self {
        let Event { context, fact, occurred_at, provenance } = event;
        let mut record = Record {
            complaint,
            sequence,
            command: context.command,
            part: context.part.number,
            event_type: Cow::Borrowed(fact.name()),
            event_version: Cow::Borrowed(EVENT_VERSION),
            recorded_at: context.recorded_at,
            payload: canonical(&PayloadRef { fact, occurred_at, provenance }, 1024),
            metadata: canonical(context, 1024),
            prev,
            hash: prev,
        };
        record.hash = record.hash_in(ledger);
        record
    }

    /// Its id, which follows from command and part.
    pub fn event_id(&self) -> EventId {
        EventId::of(self.command, self.part)
    }

    /// The hash its bytes have, in that ledger.
    pub fn hash_in(&self, ledger: &LedgerId) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(b"aduan/record/v1\n");
        let mut id = [0; 36];
        let id = self.complaint.0.hyphenated().encode_lower(&mut id).as_bytes();
        let sequence = self.sequence.to_be_bytes();
        let parts: [&[u8]; 8] = [
            ledger.as_str().as_bytes(),
            id,
            &sequence,
            self.event_type.as_bytes(),
            self.event_version.as_bytes(),
            self.payload.as_bytes(),
            self.metadata.as_bytes(),
            &self.prev.0,
        ];
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Digest(hasher.finalize().into())
    }

    /// Whether its bytes are those that its event is written as.
    pub fn is_canonical(&self, event: &Event) -> bool {
        let Event { context, fact, occurred_at, provenance } = event;
        is_written_as(&PayloadRef { fact, occurred_at, provenance }, &self.payload)
            && is_written_as(context, &self.metadata)
    }

    /// Reads the event back.
    ///
    /// # Errors
    /// When it was written in another version (an upcaster is needed), does not parse, or its columns
    /// contradict its bytes. The error never repeats the bytes.
    pub fn event(&self) -> Result<Event, BrokenRecord> {
        let event = self.written()?;
        let agrees = self.command == event.context.command
            && self.part == event.context.part.number
            && self.recorded_at == event.context.recorded_at;
        if agrees { Ok(event) } else { Err(self.broken("has columns that contradict its bytes".into())) }
    }

    /// The event as its hashed bytes alone tell it, whatever the copies beside them say.
    ///
    /// # Errors
    /// As [`Record::event`], but for the columns that no hash covers.
    pub fn written(&self) -> Result<Event, BrokenRecord> {
        if self.event_version != EVENT_VERSION {
            return Err(self.broken(format!("is of version {}, and nothing here reads it", self.event_version)));
        }
        let payload: Payload = serde_json::from_str(&self.payload).map_err(|e| self.unreadable("a payload", &e))?;
        let context = self.context()?;
        let Payload { fact, occurred_at, provenance } = payload;
        if self.event_type != fact.name() {
            return Err(self.broken("has columns that contradict its bytes".into()));
        }
        Ok(Event { context, fact, occurred_at, provenance })
    }

    /// Its metadata alone.
    ///
    /// # Errors
    /// When they cannot be read. The error never repeats them.
    pub fn context(&self) -> Result<Context, BrokenRecord> {
        serde_json::from_str(&self.metadata).map_err(|error| self.unreadable("metadata", &error))
    }

    /// Checks that it follows `prev` as number `sequence`, and that its hash is that of its bytes.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check_link(&self, ledger: &LedgerId, sequence: Version, prev: Digest) -> Result<(), BrokenRecord> {
        self.check_follows(sequence, prev)?;
        self.check_hash(ledger)
    }

    /// Checks that it follows `prev` as number `sequence`.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check_follows(&self, sequence: Version, prev: Digest) -> Result<(), BrokenRecord> {
        if self.sequence != sequence {
            return Err(self.broken(format!("stands where number {sequence} should")));
        }
        if self.prev != prev {
            return Err(self.broken("does not link to the record before it".into()));
        }
        Ok(())
    }

    /// Checks that its hash is that of its bytes.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_hash(&self, ledger: &LedgerId) -> Result<(), BrokenRecord> {
        if self.hash == self.hash_in(ledger) {
            return Ok(());
        }
        Err(self.broken("has a hash that is not that of its bytes".into()))
    }

    fn unreadable(&self, what: &str, error: &serde_json::Error) -> BrokenRecord {
        self.broken(format!("has {what} that cannot be read (line {}, column {})", error.line(), error.column()))
    }

    fn broken(&self, why: String) -> BrokenRecord {
        BrokenRecord { complaint: self.complaint, sequence: self.sequence, why }
    }
}

/// A record that cannot be trusted or read. Nothing is built on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} of complaint {complaint} {why}")]
pub struct BrokenRecord {
    /// The complaint.
    pub complaint: ComplaintId,
    /// The number of the record.
    pub sequence: Version,
    /// What is wrong with it.
    pub why: String,
}

/// What the first record of a complaint links to.
pub fn genesis(ledger: &LedgerId, complaint: ComplaintId) -> Digest {
    Digest::of_parts("aduan/genesis/v1\n", &[ledger.as_str().as_bytes(), complaint.to_string().as_bytes()])
}

/// The static form of a known name, so that reading a million records allocates none.
pub fn intern(name: &str) -> Cow<'static, str> {
    let known = Fact::NAMES.binary_search(&name).map(|found| Fact::NAMES[found]).ok();
    match known.or((name == EVENT_VERSION).then_some(EVENT_VERSION)) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}

/// Whether a text is the canonical JSON of a value: compared while it is written, and kept nowhere.
fn is_written_as<T: Serialize>(value: &T, text: &str) -> bool {
    let mut rest = Rest(text.as_bytes());
    serde_json::to_writer(&mut rest, value).is_ok() && rest.0.is_empty()
}

/// What of a text is still to be written: takes that, and nothing else.
struct Rest<'a>(&'a [u8]);

impl io::Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact JSON of a type whose fields are declared in the order of their names.
pub(crate) fn canonical<T: Serialize>(value: &T, capacity: usize) -> String {
    let mut bytes = Vec::with_capacity(capacity);
    serde_json::to_writer(&mut bytes, value).expect("our own types serialise");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
