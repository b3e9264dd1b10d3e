//! Losses that a ledger admits, and the line of checkpoints it goes on in after each.
//!
//! Whoever restores an old backup has lost what came after it. A signer does not sign that away: it remembers more
//! than the log holds. So the ledger says what it lost, in a record behind the last one it kept, and goes on in a new
//! line of checkpoints. Records, name and vault stay what they are.

use chrono::{DateTime, Utc};

use super::checkpoint::{Checkpoint, Origin};
use crate::complaint::MOST_LINES;
use crate::engine::upcast;
use crate::event::{Event, Fact};
use crate::record::{Record, genesis};
use crate::store::{Ledger, StoreError};
use crate::values::{ComplaintId, Digest, LedgerId, Position};

/// A loss that a ledger admits, and the line that began with it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Loss {
    /// When it was admitted.
    pub admitted_at: DateTime<Utc>,
    /// Where it is admitted: right behind what was kept.
    pub position: Position,
    /// The position the log still reached.
    pub kept: Position,
    /// The line that began, from 2.
    pub line: u32,
    /// How far the line before was signed.
    pub lost: Position,
    /// The root it was signed under.
    pub root: Digest,
}

/// Why a checkpoint speaks against an admission: what that names is not the last that was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Contradiction {
    /// More was signed.
    #[error("reaches beyond the {0} events that are admitted to be lost")]
    Beyond(Position),
    /// Something else was signed.
    #[error("has another root than the one of {0} events that is admitted to be lost")]
    OtherRoot(Position),
}

impl Loss {
    /// The loss that an event admits, if it admits one. Whether it may, and whether it stands where it says, is for
    /// whoever reads the log.
    pub fn admitted_by(event: &Event) -> Option<Loss> {
        let Fact::Forked { kept, line, lost, root } = event.fact else { return None };
        let position = kept.saturating_add(1);
        Some(Loss { admitted_at: event.recorded_at(), position, kept, line, lost, root })
    }

    /// Whether it takes what a checkpoint covers, so that nobody can hold the log against it any more.
    pub fn takes(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.origin.line() < self.line && checkpoint.size > self.kept
    }

    /// Why a checkpoint proves it untrue, if it does. An admission names the last that was signed in the line it leaves:
    /// one that names less would explain away more than it owns to.
    pub fn contradicted_by(&self, checkpoint: &Checkpoint) -> Option<Contradiction> {
        let is_of_the_line_left = checkpoint.origin.line().checked_add(1) == Some(self.line);
        match checkpoint.size {
            _ if !is_of_the_line_left => None,
            size if size > self.lost => Some(Contradiction::Beyond(self.lost)),
            size if size == self.lost && checkpoint.root != self.root => Some(Contradiction::OtherRoot(self.lost)),
            _ => None,
        }
    }
}

/// The losses a ledger admits, in the order of their lines.
///
/// # Errors
/// `Unavailable`, or `Corrupt` where something else stands in such a place.
pub async fn losses(ledger: &dyn Ledger) -> Result<Vec<Loss>, StoreError> {
    let mut losses = Vec::new();
    for line in 2..=MOST_LINES {
        let place = ComplaintId::of_fork(ledger.id(), line);
        let loaded = ledger.load(place, 0).await?;
        let Some(record) = loaded.records.first() else { break };
        losses.push(loss_of(ledger.id(), line, record).map_err(StoreError::Corrupt)?);
    }
    Ok(losses)
}

/// The origin of the checkpoints that a ledger goes on in.
///
/// # Errors
/// As [`losses`].
pub async fn present_origin(ledger: &dyn Ledger) -> Result<Origin, StoreError> {
    let last = losses(ledger).await?.last().map_or(1, |loss| loss.line);
    Ok(Origin::of(ledger.id(), last))
}

fn loss_of(ledger: &LedgerId, expected: u32, record: &Record) -> Result<Loss, String> {
    record.check_link(ledger, 1, genesis(ledger, record.complaint)).map_err(|broken| broken.to_string())?;
    let event = upcast(record, &[]).map_err(|broken| broken.to_string())?;
    let loss = Loss::admitted_by(&event).filter(|loss| loss.line == expected);
    loss.ok_or_else(|| format!("where line {expected} should begin, {} is recorded", event.fact.name()))
}
