//! What a signer knows of one ledger from the notes it signed, and whether the next note follows from them.

use std::collections::BTreeMap;

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::note::{KeyKind, VerifierKey};
use aduan::audit::signer::{Refusal, SignedLine};

use crate::statement::{Agreement, Statement};

/// A ledger it signs for.
pub(crate) struct Memory {
    /// Its key now.
    pub(crate) key: VerifierKey,
    /// The line it signs now.
    pub(crate) line: SignedLine,
    /// What the present line goes on from, where nothing is signed in it.
    base: Option<SignedCheckpoint>,
    /// What was signed last, by line.
    last: BTreeMap<u32, SignedCheckpoint>,
    /// Where each checkpoint stands in the file, in order.
    places: Vec<Place>,
    /// How many events were kept when a line began.
    kept: BTreeMap<u32, u64>,
    pub(crate) rotations: Vec<Rotation>,
    /// When it signed last, in seconds since 1970.
    signed_at: u64,
}

/// Where a checkpoint stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    line: u32,
    size: u64,
    /// The byte its note begins at.
    pub(crate) at: u64,
}

impl Memory {
    /// A ledger of which nothing was signed.
    pub(crate) fn new(key: VerifierKey) -> Result<Self, String> {
        let origin: Origin = key.name().parse().map_err(|_| "a key is not named as an origin".to_owned())?;
        if origin.line() != 1 {
            return Err("a key is not named as a ledger's first line".to_owned());
        }
        Ok(Memory {
            key,
            line: SignedLine::new(origin),
            base: None,
            last: BTreeMap::new(),
            places: Vec::new(),
            kept: BTreeMap::new(),
            rotations: Vec::new(),
            signed_at: 0,
        })
    }

    /// What the next checkpoint of that line goes on from.
    pub(crate) fn goes_on_from(&self, origin: &Origin) -> Option<&SignedCheckpoint> {
        let base = self.base.as_ref().filter(|_| origin == self.line.origin());
        self.last.get(&origin.line()).or(base)
    }

    /// The newest checkpoint in that line or one before that is part of a log of that many events.
    pub(crate) fn newest(&self, line: u32, at_most: u64) -> Option<Place> {
        let between = |since: u32| move |begun: &(&u32, &u64)| since < *begun.0 && *begun.0 <= line;
        let kept_since = |since: u32| self.kept.iter().filter(between(since)).map(|(_, kept)| *kept).min();
        let is_part = |place: &&Place| {
            let bound = kept_since(place.line).map_or(at_most, |kept| kept.min(at_most));
            place.line <= line && place.size <= bound
        };
        self.places.iter().rev().find(is_part).copied()
    }

    /// The newest checkpoint of what would be left, if so many events of the line were kept that was lost.
    pub(crate) fn newest_kept(&self, kept: u64) -> Option<Place> {
        let present = self.line.origin().line();
        let lost = if self.line.last().is_some() { present } else { present.saturating_sub(1) };
        self.newest(lost, kept)
    }

    /// When to say that it signs: now; or when it signed last, if a clock is behind that by no more than auditors allow.
    pub(crate) fn second(&self, now: u64) -> Result<u64, Refusal> {
        let signed = self.signed_at;
        if now.saturating_add(TOLERATED) < signed {
            Err(Refusal::ClockBehind { signed, now })
        } else {
            Ok(now.max(signed))
        }
    }

    /// Takes a note that was just signed, or is read again; `read` looks up what stands at a place.
    ///
    /// # Errors
    /// Why it cannot follow from those before it.
    pub(crate) fn take(
        &mut self,
        at: u64,
        statement: Statement,
        read: &mut dyn FnMut(Place) -> Result<SignedCheckpoint, String>,
    ) -> Result<(), String> {
        if !statement.is_signed_by(&self.key) {
            return Err("is not signed by the key that signs there".to_owned());
        }
        match statement {
            Statement::Begins { .. } => Err("begins a ledger a second time".to_owned()),
            Statement::Checkpoint(signed) => self.take_checkpoint(at, signed),
            Statement::Rotation(rotation) => self.take_rotation(rotation),
            Statement::Agreement(agreement) => self.take_agreement(&agreement, read),
        }
    }

    fn take_checkpoint(&mut self, at: u64, signed: SignedCheckpoint) -> Result<(), String> {
        let seconds = signed.note().is_signed_by(&self.key.of_kind(KeyKind::Timed)).ok_or("names no second")?;
        let Checkpoint { origin, size, .. } = signed.checkpoint().clone();
        // Told at the beginning, it may be of any line.
        if self.places.is_empty() && self.kept.is_empty() {
            self.line = SignedLine::new(origin.clone());
        }
        let is_next = self.line.last().map_or(self.kept.get(&origin.line()).copied(), |last| Some(last.size));
        if origin != *self.line.origin() || is_next.is_some_and(|before| size <= before) {
            return Err("does not come after the checkpoint before it".to_owned());
        }
        if seconds < self.signed_at {
            return Err("is signed before the checkpoint before it".to_owned());
        }
        self.signed_at = seconds;
        self.places.push(Place { line: origin.line(), size, at });
        self.line.signed(signed.checkpoint().clone());
        self.last.insert(origin.line(), signed);
        Ok(())
    }

    fn take_rotation(&mut self, rotation: Rotation) -> Result<(), String> {
        let is_meant = rotation.origin() == self.line.origin() && rotation.after() == self.reached();
        let is_sound = rotation.to().name() == self.key.name() && rotation.is_signed_by(rotation.to());
        if !is_meant || !is_sound {
            return Err("hands over elsewhere, or to a key that did not sign it".to_owned());
        }
        self.key = rotation.to().clone();
        self.rotations.push(rotation);
        Ok(())
    }

    fn take_agreement(
        &mut self,
        agreement: &Agreement,
        read: &mut dyn FnMut(Place) -> Result<SignedCheckpoint, String>,
    ) -> Result<(), String> {
        let base = self.newest_kept(agreement.kept()).map(read).transpose()?;
        let newest = base.as_ref().map(|signed| signed.checkpoint().clone());
        let line = self.line.fork(agreement.kept(), agreement.lost(), newest).map_err(|refusal| refusal.to_string())?;
        if line.origin() != agreement.origin() {
            return Err("agrees to another line than the next".to_owned());
        }
        self.kept.insert(line.origin().line(), agreement.kept());
        self.line = line;
        self.base = base;
        Ok(())
    }

    /// How far the present line is signed.
    pub(crate) fn reached(&self) -> u64 {
        self.line.last().map_or(0, |last| last.size)
    }
}

/// How far an auditor lets recorded times and signed ones be apart, in seconds.
const TOLERATED: u64 = 600;
