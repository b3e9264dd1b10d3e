//! A signer in memory: the shortest example of one, as strict as the real ones.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::note::{NoteKey, VerifierKey};
use aduan::audit::signer::{CheckpointSigner, Proposal, Refusal, SignerError};
use aduan::values::LedgerId;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Signs for one ledger, and remembers for as long as it lives. Its clock is set.
#[derive(Debug)]
pub struct MemorySigner {
    key: NoteKey,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    /// What it signed last, line by line.
    last: BTreeMap<Origin, SignedCheckpoint>,
}

impl MemorySigner {
    /// A signer of that ledger, with the key that follows from a seed, in 1970.
    ///
    /// # Panics
    /// Never: an origin is the name of a key.
    pub fn of(ledger: &LedgerId, seed: u8) -> Self {
        let key = NoteKey::from_seed(Origin::of(ledger, 1).key_name(), &[seed; 32]).expect("an origin is a name");
        MemorySigner { key, state: Mutex::new(State { now: DateTime::UNIX_EPOCH, last: BTreeMap::new() }) }
    }

    /// What its signatures verify by.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Sets its clock.
    pub fn set_clock(&self, now: DateTime<Utc>) {
        self.state().now = now;
    }

    /// Nothing panics halfway through a change, so a poisoned lock guards sound data.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CheckpointSigner for MemorySigner {
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError> {
        Ok(self.state().last.get(origin).cloned())
    }

    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError> {
        let (origin, mut state) = (&proposal.checkpoint.origin, self.state());
        if origin.key_name() != self.key.verifier().name() {
            return Err(Refusal::UnknownOrigin(origin.to_string()).into());
        }
        let last = state.last.get(origin);
        if last.is_none() && origin.line() > 1 {
            return Err(Refusal::NotAgreed(origin.to_string()).into());
        }
        proposal.check(last.map(SignedCheckpoint::checkpoint))?;
        if let Some(again) = last.filter(|last| *last.checkpoint() == proposal.checkpoint) {
            return Ok(again.clone());
        }
        let signed = proposal.checkpoint.clone().sign(&self.key, state.now.timestamp().max(0).cast_unsigned());
        state.last.insert(origin.clone(), signed.clone());
        Ok(signed)
    }
}
