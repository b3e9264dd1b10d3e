//! What signers attested of a ledger, on its way into another store.

use std::cmp::Ordering;

use aduan::audit::keys::Rotation;
use aduan::store::{Attestation, Attestations};
use aduan::values::{Digest, Position};

use crate::answer::Failure;
use crate::attested::Walk;

/// Copies what the target lacks, as far as it speaks of events that were copied, and every key that signs there; how
/// many that were. `line` is the line of checkpoints in which the events up to `end` go on.
///
/// # Errors
/// When a store fails, or something it holds is not what its digest says.
pub(super) async fn copy_attestations(
    source: &dyn Attestations,
    target: &dyn Attestations,
    line: u32,
    end: Position,
) -> Result<u64, Failure> {
    let (mut theirs, mut ours) = (Walk::of(source), Walk::of(target));
    let mut copied = 0;
    while let Some(next) = theirs.next().await? {
        if !counts(&next, line, end) {
            continue;
        }
        while ours.peek().await?.is_some_and(|held| order(held, &next) == Ordering::Less) {
            ours.next().await?;
        }
        if ours.peek().await? != Some(&next) {
            target.keep_attestation(&next).await?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// Whether it speaks of what was copied. A key may have been handed over behind that, in a line that was left.
fn counts(attestation: &Attestation, line: u32, end: Position) -> bool {
    let is_handed_over = |rotation: Rotation| rotation.counts_for(line, end);
    attestation.size <= end || attestation.note.parse().is_ok_and(is_handed_over)
}

/// The order in which stores give them.
fn order(one: &Attestation, other: &Attestation) -> Ordering {
    let key = |attestation: &Attestation| -> (Position, Digest) { (attestation.size, attestation.digest()) };
    key(one).cmp(&key(other))
}

#[cfg(test)]
mod tests {
    use aduan::values::LedgerId;
    use aduan_memory::MemoryStore;

    use super::*;

    fn store() -> MemoryStore {
        MemoryStore::new(LedgerId::new("mojokerto").unwrap())
    }

    #[test]
    fn what_the_target_lacks_is_copied_and_nothing_twice() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (source, target) = (store(), store());
            for number in 0..2_500 {
                let attestation = Attestation { size: number / 2, note: format!("note {number}") };
                source.keep_attestation(&attestation).await.unwrap();
                if number % 3 == 0 {
                    target.keep_attestation(&attestation).await.unwrap();
                }
            }
            // One that only the target has, and of the source none that speaks of what was not copied.
            target.keep_attestation(&Attestation { size: 7, note: "another's".into() }).await.unwrap();
            assert_eq!(copy_attestations(&source, &target, 1, 1_000).await.unwrap(), 2_002 - 668);
            assert_eq!(copy_attestations(&source, &target, 1, 1_000).await.unwrap(), 0);
            assert_eq!(copy_attestations(&source, &target, 1, Position::MAX).await.unwrap(), 498 - 166);
            let mut held = target.attestations(None, usize::MAX).await.unwrap();
            held.retain(|held| held.note != "another's");
            assert_eq!(held, source.attestations(None, usize::MAX).await.unwrap());
        });
    }
}
