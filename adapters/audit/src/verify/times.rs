//! Recorded times lie between the checkpoints around them: who back-dates, dates what is signed already.

use aduan::values::Position;
use chrono::{DateTime, TimeDelta, Utc};

use super::attested::SignedRoot;
use super::{Class, Folder, Loss};

/// When checkpoints were signed.
pub(super) struct Times {
    slack: TimeDelta,
    /// By size.
    signed: Vec<SignedRoot>,
    /// For each: the latest time up to it, the earliest from it on.
    bounds: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Times {
    pub(super) fn of(folder: &Folder<'_>) -> Self {
        let roots = folder.attested.map_or(&[][..], |attested| &attested.roots);
        let signed = roots.iter().filter(|root| root.at.is_some()).cloned().collect();
        let mut times = Times { slack: folder.trust.slack, signed, bounds: Vec::new() };
        times.bound();
        times
    }

    /// Why something that stands there cannot have been recorded then.
    pub(super) fn check(&self, position: Position, recorded_at: DateTime<Utc>) -> Option<String> {
        let covering = self.signed.partition_point(|root| root.checkpoint.size < position);
        let before = covering.checked_sub(1).map(|last| self.bounds[last].0);
        let after = self.bounds.get(covering).map(|bounds| bounds.1);
        if let Some(before) = before.filter(|before| recorded_at < *before - self.slack) {
            return Some(format!("says it was recorded at {recorded_at}, and was not there yet at {before}"));
        }
        let after = after.filter(|after| recorded_at > *after + self.slack)?;
        Some(format!("says it was recorded at {recorded_at}, and was there already at {after}"))
    }

    /// Checkpoints of what is lost say nothing about what stands in its place; the folder's own covers what is here.
    pub(super) fn forget(&mut self, loss: &Loss) {
        self.signed.retain(|root| root.class == Class::Root || !loss.takes(&root.checkpoint));
        self.bound();
    }

    fn bound(&mut self) {
        let times: Vec<DateTime<Utc>> = self.signed.iter().filter_map(|root| root.at).collect();
        self.bounds = times.iter().map(|at| (*at, *at)).collect();
        for index in 1..times.len() {
            self.bounds[index].0 = self.bounds[index].0.max(self.bounds[index - 1].0);
        }
        for index in (1..times.len()).rev() {
            self.bounds[index - 1].1 = self.bounds[index - 1].1.min(self.bounds[index].1);
        }
    }
}
