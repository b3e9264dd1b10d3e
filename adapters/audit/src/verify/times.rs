//! Recorded times lie between the checkpoints around them: who back-dates, dates what is signed already.

use aduan::audit::fork::Loss;
use aduan::values::Position;
use chrono::{DateTime, TimeDelta, Utc};

use super::attested::SignedRoot;
use super::{Class, Folder};

/// When checkpoints were signed.
pub(super) struct Times {
    slack: TimeDelta,
    /// By size, each with the latest time up to it: what stands behind it was recorded later.
    behind: Vec<(Position, DateTime<Utc>)>,
    /// Those that hold what is here, by size.
    holding: Vec<SignedRoot>,
    /// Of those, each with the earliest time from it on: what stands in it was recorded before.
    within: Vec<(Position, DateTime<Utc>)>,
}

impl Times {
    pub(super) fn of(folder: &Folder<'_>) -> Self {
        let roots = folder.attested.map_or(&[][..], |attested| &attested.roots);
        let mut holding: Vec<SignedRoot> = roots.iter().filter(|root| root.at.is_some()).cloned().collect();
        let mut latest = DateTime::<Utc>::MIN_UTC;
        let behind = signed(&holding).map(|(size, at)| {
            latest = latest.max(at);
            (size, latest)
        });
        let behind = behind.collect();
        // What may be lost perhaps never held what is here.
        holding.retain(|root| !root.may_be_lost);
        let mut times = Times { slack: folder.trust.slack, behind, holding, within: Vec::new() };
        times.bound();
        times
    }

    /// Why something that stands there cannot have been recorded then.
    pub(super) fn check(&self, position: Position, recorded_at: DateTime<Utc>) -> Option<String> {
        let smaller = |bounds: &[(Position, DateTime<Utc>)]| bounds.partition_point(|(size, _)| *size < position);
        let before = smaller(&self.behind).checked_sub(1).map(|last| self.behind[last].1);
        let is_before = |at: &DateTime<Utc>| at.checked_sub_signed(self.slack).is_some_and(|least| recorded_at < least);
        let is_after = |at: &DateTime<Utc>| at.checked_add_signed(self.slack).is_some_and(|most| recorded_at > most);
        if let Some(before) = before.filter(is_before) {
            return Some(format!("says it was recorded at {recorded_at}, and was not there yet at {before}"));
        }
        let after = self.within.get(smaller(&self.within)).map(|(_, at)| *at);
        let after = after.filter(is_after)?;
        Some(format!("says it was recorded at {recorded_at}, and was there already at {after}"))
    }

    /// Checkpoints of what is lost do not hold what stands in its place. Signed before it they were all the same. The
    /// folder's own holds what is here.
    pub(super) fn forget(&mut self, loss: &Loss) {
        self.holding.retain(|root| root.class == Class::Root || !loss.takes(&root.checkpoint));
        self.bound();
    }

    fn bound(&mut self) {
        let mut earliest = DateTime::<Utc>::MAX_UTC;
        let mut within: Vec<_> = signed(&self.holding).collect();
        for (_, at) in within.iter_mut().rev() {
            earliest = earliest.min(*at);
            *at = earliest;
        }
        self.within = within;
    }
}

fn signed(roots: &[SignedRoot]) -> impl Iterator<Item = (Position, DateTime<Utc>)> {
    roots.iter().filter_map(|root| Some((root.checkpoint.size, root.at?)))
}
