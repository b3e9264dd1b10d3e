//! The notary: follows a log, and has checkpoints of it signed and kept.
//!
//! A [`Notary`] reads beside the writers and holds nothing up. It trusts neither its memory nor the log: it goes on
//! from what the signer signed last, and only where the log still begins with that. It has no clock and no timer:
//! whoever runs it calls [`Notary::step`], and between two steps [`Notary::wait`] beside a timer of their own.
//!
//! It may be stopped between any two lines. The signer remembers what it signed, so the next notary finds it, brings it
//! to the sinks once more, and goes on. Two at once disturb nobody: the signer lets one through, and the other goes on
//! from there.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::checkpoint::{Checkpoint, NotSigned, Origin, SignedCheckpoint};
use super::keys::{Keyring, Rotation};
use super::leaf;
use super::proof::ConsistencyProof;
use super::signer::{CheckpointSigner, Proposal, Refusal, SignerError};
use super::sink::{CheckpointSink, SinkError};
use super::tree::{self, Frontier, RangeHashes};
use crate::store::{Attestation, Head, Log, StoreError};
use crate::values::{LedgerId, Position};

/// Has checkpoints of one log made.
pub struct Notary {
    log: Arc<dyn Log>,
    signer: Arc<dyn CheckpointSigner>,
    origin: Origin,
    mandate: Mandate,
    /// What was signed last, and the log up to there.
    last: Option<SignedCheckpoint>,
    prefix: Prefix,
    /// Keys handed over, as far as they were brought to the sinks.
    rotations: Vec<Rotation>,
    outboxes: Vec<Outbox>,
    standing: Standing,
}

/// What a notary is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    /// Which line of the ledger: 1, and one more after every loss that was admitted.
    pub line: u32,
    /// How often.
    pub cadence: Cadence,
    /// The keys it takes signatures of; without them it takes whatever the signer gives.
    pub keys: Option<Keyring>,
}

impl Default for Mandate {
    fn default() -> Self {
        Mandate { line: 1, cadence: Cadence::default(), keys: None }
    }
}

/// How often a checkpoint is made, if there is anything new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cadence {
    /// As soon as so many events are in none.
    pub events: u64,
    /// As soon as any is in none, so many minutes after the last one.
    pub minutes: u32,
}

impl Cadence {
    /// At every chance: whatever is in none yet.
    pub const AT_ONCE: Cadence = Cadence { events: 1, minutes: 0 };
}

impl Default for Cadence {
    fn default() -> Self {
        Cadence { events: 10_000, minutes: 10 }
    }
}

/// How old the last checkpoint is, and how far behind the log.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Standing {
    /// How many events it covers; 0 where there is none.
    pub size: Position,
    /// When it was made, by the word of whoever made it.
    pub at: Option<DateTime<Utc>>,
    /// The end of the log when that was last looked at.
    pub head: Position,
    /// When the first event was recorded that it does not cover; none where it covers all.
    pub behind_since: Option<DateTime<Utc>>,
}

/// Why there is no checkpoint, or one that is not kept everywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotaryError {
    /// The log ends before what was signed: an old backup, or a tail that was cut.
    #[error("{signed} events were signed, and the log has {found}: the last {} are missing", signed - found)]
    Shorter {
        /// How many events were signed.
        signed: Position,
        /// How many there are.
        found: Position,
    },
    /// The log is not the one that was signed.
    #[error("the first {signed} events are not those that were signed: the log was rewritten")]
    Forked {
        /// How many events were signed.
        signed: Position,
    },
    /// The signer does not sign it.
    #[error("the signer refuses: {0}")]
    Refused(Refusal),
    /// The signer was not reached. It may have signed: the next step finds out.
    #[error("the signer does not answer: {0}")]
    NoSigner(String),
    /// The signer gave something else than it was asked for.
    #[error("the signer gave {found}, and {wanted} was asked for")]
    NotAsAsked {
        /// What came, as origin and size.
        found: String,
        /// What should have.
        wanted: String,
    },
    /// The signature is by none of the keys that were given.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// Signed, but not kept everywhere. What a sink lacks is brought again at every step.
    #[error("a checkpoint is not kept everywhere: {}", told(failures))]
    NotKept {
        /// The checkpoint that was made in this step, if one was.
        made: Option<Box<SignedCheckpoint>>,
        /// One for each sink that lacks something.
        failures: Vec<SinkError>,
    },
    /// The log cannot be read, or a record in it is not what its hash says.
    #[error(transparent)]
    Log(#[from] StoreError),
}

impl From<SignerError> for NotaryError {
    fn from(error: SignerError) -> Self {
        match error {
            SignerError::Refused(refusal) => NotaryError::Refused(refusal),
            SignerError::Unavailable(why) => NotaryError::NoSigner(why),
        }
    }
}

impl Notary {
    /// Goes on from what the signer signed last: reads the log up to there, finds that it is the one that was signed,
    /// and brings that checkpoint to the sinks once more. What a sink does not take, the next step tells.
    ///
    /// # Errors
    /// `Shorter` or `Forked` where the log is not the one that was signed; otherwise what was not reached.
    pub async fn open(
        log: Arc<dyn Log>,
        signer: Arc<dyn CheckpointSigner>,
        sinks: Vec<Arc<dyn CheckpointSink>>,
        mandate: Mandate,
    ) -> Result<Self, NotaryError> {
        let ledger = log.head().await?.ledger;
        let origin = Origin::of(&ledger, mandate.line);
        let prefix = Prefix::empty(ledger);
        let outboxes = sinks.into_iter().map(|sink| Outbox { sink, waiting: VecDeque::new() }).collect();
        let standing = Standing::default();
        let mut notary =
            Notary { log, signer, origin, mandate, last: None, prefix, rotations: Vec::new(), outboxes, standing };
        notary.take_up().await?;
        notary.hand_over().await;
        Ok(notary)
    }

    /// Has a checkpoint made where one is due, and brings it to every sink. Too early or twice is harmless.
    ///
    /// # Errors
    /// Nothing is lost by any of them, and stepping again goes on, except where the log is not the one that was signed.
    /// `NotKept` says that a checkpoint is there, and who lacks it. After an error wait a little.
    pub async fn step(&mut self, now: DateTime<Utc>) -> Result<Option<SignedCheckpoint>, NotaryError> {
        let made = self.make_if_due(now).await;
        // Also where none was made: what a sink lacks does not wait for the next one.
        let failures = self.hand_over().await;
        match made? {
            made if failures.is_empty() => Ok(made),
            made => Err(NotaryError::NotKept { made: made.map(Box::new), failures }),
        }
    }

    /// Waits until so many events are in no checkpoint that one is due, as far as the log tells. It may never tell:
    /// whoever waits looks now and then all the same, and steps when the minutes are over.
    ///
    /// # Errors
    /// `Unavailable` when nobody can tell any more.
    pub async fn wait(&self) -> Result<(), StoreError> {
        self.log.more(self.size().saturating_add(self.mandate.cadence.events.max(1) - 1)).await
    }

    /// The last checkpoint, whoever had it made.
    pub fn last(&self) -> Option<&SignedCheckpoint> {
        self.last.as_ref()
    }

    /// How it stood when it last looked.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whose checkpoints it has made.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    fn size(&self) -> Position {
        self.prefix.tree.size()
    }

    async fn make_if_due(&mut self, now: DateTime<Utc>) -> Result<Option<SignedCheckpoint>, NotaryError> {
        let mut tries = 0;
        loop {
            let head = self.log.head().await?;
            self.look_at(head.position).await?;
            if !self.is_due(now) {
                return Ok(None);
            }
            let (prefix, proposal) = self.propose(&head).await?;
            match self.signer.sign(&proposal).await {
                Ok(signed) => {
                    self.take_rotations().await?;
                    self.check(&signed, Some(&proposal.checkpoint))?;
                    self.put(&Waiting::Checkpoint(Attestation::of(&signed)));
                    self.standing =
                        Standing { size: head.position, at: Some(now), behind_since: None, ..self.standing };
                    (self.last, self.prefix) = (Some(signed.clone()), prefix);
                    return Ok(Some(signed));
                }
                // Another notary was faster. Whether the log is to blame after all, is seen from where that one stands.
                Err(SignerError::Refused(Refusal::ProvedFromElsewhere { .. } | Refusal::Shorter { .. }))
                    if tries < TRIES =>
                {
                    tries += 1;
                    self.take_up().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Goes on from what the signer signed last, and finds that the log begins with it.
    async fn take_up(&mut self) -> Result<(), NotaryError> {
        let Some(last) = self.signer.last(&self.origin).await? else { return Ok(()) };
        self.take_rotations().await?;
        self.check(&last, None)?;
        let Checkpoint { size, root, .. } = *last.checkpoint();
        let found = self.log.head().await?.position;
        if found < size {
            return Err(NotaryError::Shorter { signed: size, found });
        }
        let is_ahead = self.size() > size;
        let begin = if is_ahead { Prefix::empty(self.prefix.head.ledger.clone()) } else { self.prefix.clone() };
        let prefix = begin.extended_to(&*self.log, size, &mut RangeHashes::default()).await?;
        if prefix.tree.root() != root {
            return Err(NotaryError::Forked { signed: size });
        }
        if self.last.as_ref() != Some(&last) {
            self.put(&Waiting::Checkpoint(Attestation::of(&last)));
            self.standing = Standing { size, at: last.told_at(), head: found, behind_since: None };
            (self.last, self.prefix) = (Some(last), prefix);
        }
        Ok(())
    }

    /// Keys that were handed over are kept like checkpoints: without them nobody verifies what comes after.
    async fn take_rotations(&mut self) -> Result<(), NotaryError> {
        let rotations = self.signer.rotations(&self.origin).await?;
        if let Some(keys) = &mut self.mandate.keys {
            keys.hand_over_all(&rotations);
        }
        for rotation in rotations {
            if self.rotations.contains(&rotation) {
                continue;
            }
            self.put(&Waiting::Rotation(Attestation::of_rotation(&rotation)));
            self.rotations.push(rotation);
        }
        Ok(())
    }

    fn put(&mut self, waiting: &Waiting) {
        self.outboxes.iter_mut().for_each(|outbox| outbox.put(waiting.clone()));
    }

    /// Notes where the log ends, and since when there is something in no checkpoint.
    async fn look_at(&mut self, head: Position) -> Result<(), NotaryError> {
        let signed = self.size();
        if head < signed {
            return Err(NotaryError::Shorter { signed, found: head });
        }
        if head > signed && self.standing.behind_since.is_none() {
            self.standing.behind_since = behind_since(&*self.log, signed).await?;
        }
        self.standing.head = head;
        Ok(())
    }

    fn is_due(&self, now: DateTime<Utc>) -> bool {
        let Cadence { events, minutes } = self.mandate.cadence;
        let is_time = |at: DateTime<Utc>| {
            // A time to come is no time: somebody's clock is wrong, and a checkpoint sets it right.
            now < at || now - at >= TimeDelta::minutes(minutes.into())
        };
        let behind = self.standing.behind();
        behind > 0 && (behind >= events || self.standing.at.is_none_or(is_time))
    }

    /// The checkpoint of the whole log, with the proof that what was signed last is its beginning.
    async fn propose(&self, head: &Head) -> Result<(Prefix, Proposal), NotaryError> {
        let old = self.size();
        let ranges = tree::consistency(old, head.position);
        let mut hashes = RangeHashes::default();
        hashes.know(&self.prefix.tree);
        hashes.ask(&ranges);
        let prefix = self.prefix.clone().extended_to(&*self.log, head.position, &mut hashes).await?;
        if prefix.head != *head {
            return Err(self.unlike(head).await?);
        }
        let proof = hashes.hashes(&ranges).expect("each is a subtree of what was read before, or went by");
        let checkpoint = Checkpoint { origin: self.origin.clone(), size: head.position, root: prefix.tree.root() };
        Ok((prefix, Proposal { checkpoint, old, proof }))
    }

    /// What is wrong where the log's own head is not what its records lead to.
    async fn unlike(&self, head: &Head) -> Result<NotaryError, NotaryError> {
        let signed = self.size();
        // What was read before may not be there any more.
        let again =
            Prefix::empty(head.ledger.clone()).extended_to(&*self.log, signed, &mut RangeHashes::default()).await?;
        Ok(if again == self.prefix {
            StoreError::Corrupt(format!("the records up to position {} do not lead to the log's head", head.position))
                .into()
        } else {
            NotaryError::Forked { signed }
        })
    }

    /// Whether a checkpoint is what it should be, and by whom it should be.
    fn check(&self, signed: &SignedCheckpoint, wanted: Option<&Checkpoint>) -> Result<(), NotaryError> {
        let found = signed.checkpoint();
        // A line in which nothing is signed yet goes on from the last checkpoint of an older one.
        let is_of_ledger = found.origin.of_line(1) == self.origin.of_line(1);
        let is_ours = is_of_ledger && found.origin.line() <= self.origin.line();
        if !is_ours || wanted.is_some_and(|wanted| wanted != found) {
            let wanted = wanted.map_or_else(|| self.origin.to_string(), told_checkpoint);
            return Err(NotaryError::NotAsAsked { found: told_checkpoint(found), wanted });
        }
        match &self.mandate.keys {
            Some(keys) => keys.attested(signed).map(drop).map_err(NotaryError::from),
            None => Ok(()),
        }
    }

    /// Brings to every sink what it lacks; what each of them says that does not take it.
    async fn hand_over(&mut self) -> Vec<SinkError> {
        let mut failures = Vec::new();
        for outbox in &mut self.outboxes {
            failures.extend(outbox.empty().await.err());
        }
        failures
    }
}

impl Standing {
    /// How a log stands to its last checkpoint.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn of(log: &dyn Log, last: Option<&SignedCheckpoint>) -> Result<Self, StoreError> {
        let size = last.map_or(0, |last| last.checkpoint().size);
        let head = log.head().await?.position;
        let behind_since = if head > size { behind_since(log, size).await? } else { None };
        Ok(Standing { size, at: last.and_then(SignedCheckpoint::told_at), head, behind_since })
    }

    /// How many events are in no checkpoint.
    pub fn behind(&self) -> u64 {
        self.head.saturating_sub(self.size)
    }

    /// How many events that were signed are not there any more.
    pub fn missing(&self) -> u64 {
        self.size.saturating_sub(self.head)
    }

    /// Whether what is in no checkpoint waits for one twice as long, or is twice as much, as it should.
    pub fn is_late(&self, now: DateTime<Utc>, cadence: &Cadence) -> bool {
        let longest = TimeDelta::minutes(2 * i64::from(cadence.minutes));
        let is_old = self.behind_since.is_some_and(|since| now.signed_duration_since(since) >= longest);
        self.behind() > 0 && (is_old || self.behind() >= cadence.events.max(1).saturating_mul(2))
    }
}

/// What a witness is sent who saw the tree of `old` events last: the checkpoint, and the proof that it goes on from
/// there (c2sp.org/tlog-witness).
///
/// # Errors
/// `Shorter` or `Forked` where the log is not the one of the checkpoint, or when it cannot be read.
pub async fn witness_request(
    log: &dyn Log,
    old: Position,
    checkpoint: &SignedCheckpoint,
) -> Result<ConsistencyProof, NotaryError> {
    let Checkpoint { size, root, .. } = *checkpoint.checkpoint();
    let Head { position: found, ledger, .. } = log.head().await?;
    if found < size {
        return Err(NotaryError::Shorter { signed: size, found });
    }
    let ranges = tree::consistency(old, size);
    let mut hashes = RangeHashes::default();
    hashes.ask(&ranges);
    let prefix = Prefix::empty(ledger).extended_to(log, size, &mut hashes).await?;
    if prefix.tree.root() != root {
        return Err(NotaryError::Forked { signed: size });
    }
    let hashes = hashes.hashes(&ranges).expect("every leaf went by");
    Ok(ConsistencyProof { old, hashes, checkpoint: checkpoint.clone() })
}

/// Reads the first `kept` events, and finds that each is what its hash says, and that they begin with what was signed
/// (none: nothing of them was). So much can be gone on from where what came behind them is lost.
///
/// # Errors
/// `Shorter`, `Forked`, or `Corrupt` where they are not; otherwise what was not reached.
pub async fn check_kept(log: &dyn Log, signed: Option<&Checkpoint>, kept: Position) -> Result<(), NotaryError> {
    let mut prefix = Prefix::empty(log.head().await?.ledger);
    if let Some(Checkpoint { size, root, .. }) = signed {
        prefix = prefix.extended_to(log, *size, &mut RangeHashes::default()).await?;
        if prefix.tree.root() != *root {
            return Err(NotaryError::Forked { signed: *size });
        }
    }
    prefix.extended_to(log, kept, &mut RangeHashes::default()).await.map(drop)
}

/// When the first event behind a position was recorded.
async fn behind_since(log: &dyn Log, position: Position) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(log.after(position, 1).await?.entries.first().map(|entry| entry.record.recorded_at))
}

/// The beginning of a log: as much of it as its further growth needs.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Prefix {
    tree: Frontier,
    /// What the log's own head must be there.
    head: Head,
}

impl Prefix {
    fn empty(ledger: LedgerId) -> Self {
        Prefix { tree: Frontier::default(), head: Head::empty(ledger) }
    }

    /// Reads on up to a position that the log has, page by page.
    async fn extended_to(
        mut self,
        log: &dyn Log,
        end: Position,
        hashes: &mut RangeHashes,
    ) -> Result<Self, NotaryError> {
        while self.head.position < end {
            let rest = usize::try_from(end - self.head.position).unwrap_or(PAGE);
            let page = log.after(self.head.position, rest.min(PAGE)).await?;
            if page.entries.is_empty() {
                return Err(NotaryError::Shorter { signed: end, found: self.head.position });
            }
            for entry in page.entries {
                let record = entry.record;
                // Nobody is to sign for bytes that are not those of their hash.
                if entry.position != self.head.position + 1 || record.hash_in(&self.head.ledger) != record.hash {
                    let why = format!("the record at position {} has not the hash of its bytes", entry.position);
                    return Err(StoreError::Corrupt(why).into());
                }
                let leaf = leaf(record.complaint, record.sequence, record.hash);
                hashes.push(self.head.position, leaf);
                self.tree.push(leaf);
                self.head.advance(record.hash);
            }
        }
        Ok(self)
    }
}

/// A sink, and what it lacks.
struct Outbox {
    sink: Arc<dyn CheckpointSink>,
    waiting: VecDeque<Waiting>,
}

/// What a sink lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Waiting {
    Checkpoint(Attestation),
    Rotation(Attestation),
}

impl Outbox {
    /// Of the checkpoints that wait too long the oldest goes: the others still prove what it proved. A key that was
    /// handed over stays, however long: without it nobody verifies what came after.
    fn put(&mut self, new: Waiting) {
        let is_checkpoint = |waiting: &Waiting| matches!(waiting, Waiting::Checkpoint(_));
        if self.waiting.len() >= MOST_WAITING
            && let Some(oldest) = self.waiting.iter().position(is_checkpoint)
        {
            self.waiting.remove(oldest);
        }
        self.waiting.push_back(new);
    }

    async fn empty(&mut self) -> Result<(), SinkError> {
        while let Some(Waiting::Checkpoint(next) | Waiting::Rotation(next)) = self.waiting.front() {
            self.sink.keep(next).await?;
            self.waiting.pop_front();
        }
        Ok(())
    }
}

fn told(failures: &[SinkError]) -> String {
    failures.iter().map(SinkError::to_string).collect::<Vec<_>>().join("; ")
}

fn told_checkpoint(checkpoint: &Checkpoint) -> String {
    format!("{} at {}", checkpoint.origin, checkpoint.size)
}

/// Records held at once, at most.
const PAGE: usize = 1_024;
/// Checkpoints and keys handed over that a sink may lack, a week of them: half a megabyte.
const MOST_WAITING: usize = 1_024;
/// How often others may be faster in one step.
const TRIES: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    #[async_trait::async_trait]
    impl CheckpointSink for Nowhere {
        async fn keep(&self, _: &Attestation) -> Result<(), SinkError> {
            Err(SinkError { sink: "nowhere".into(), why: "is never there".into() })
        }
    }

    fn of_size(size: usize) -> Attestation {
        Attestation { size: size as Position, note: format!("note {size}") }
    }

    #[test]
    fn a_sink_that_is_gone_for_long_lacks_the_oldest_checkpoints_and_no_key_that_was_handed_over() {
        let mut outbox = Outbox { sink: Arc::new(Nowhere), waiting: VecDeque::new() };
        let (first, second) = (Waiting::Rotation(of_size(0)), Waiting::Rotation(of_size(MOST_WAITING)));
        outbox.put(first.clone());
        (1..MOST_WAITING).for_each(|size| outbox.put(Waiting::Checkpoint(of_size(size))));
        assert_eq!(outbox.waiting.len(), MOST_WAITING, "nothing was dropped yet");
        outbox.put(second.clone());
        (1..=10).for_each(|more| outbox.put(Waiting::Checkpoint(of_size(MOST_WAITING + more))));
        assert_eq!(outbox.waiting.len(), MOST_WAITING, "it stays within its bound");
        assert_eq!(outbox.waiting[0], first);
        assert_eq!(outbox.waiting[1], Waiting::Checkpoint(of_size(12)), "the oldest eleven are gone");
        assert!(outbox.waiting.contains(&second));
        assert_eq!(outbox.waiting.back(), Some(&Waiting::Checkpoint(of_size(MOST_WAITING + 10))));
    }
}
