//! Losses that a ledger admits, and the line of checkpoints it goes on in after each.
//!
//! Whoever restores an old backup has lost what came after it. A signer does not sign that away: it remembers more
//! than the log holds. So the ledger says what it lost, in a record behind the last one it kept, and goes on in a new
//! line of checkpoints. Records, name and vault stay what they are.

use chrono::{DateTime, Utc};

use super::checkpoint::Origin;
use crate::complaint::MOST_LINES;
use crate::engine::upcast;
use crate::event::Fact;
use crate::record::{Record, genesis};
use crate::store::{Ledger, StoreError};
use crate::values::{ComplaintId, Digest, LedgerId, Position};

/// A loss that a ledger admits, and the line that began with it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Loss {
    /// When it was admitted.
    pub admitted_at: DateTime<Utc>,
    /// The position the log still reached. What admits the loss stands behind it.
    pub kept: Position,
    /// The line that began, from 2.
    pub line: u32,
    /// How far the line before was signed.
    pub lost: Position,
    /// The root it was signed under.
    pub root: Digest,
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
    match event.fact {
        Fact::Forked { kept, line, lost, root } if line == expected => {
            Ok(Loss { admitted_at: event.recorded_at(), kept, line, lost, root })
        }
        fact => Err(format!("where line {expected} should begin, {} is recorded", fact.name())),
    }
}
