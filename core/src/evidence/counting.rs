//! What is counted: how often, and at which positions.

use std::collections::BTreeMap;

use super::positions::Positions;
use crate::clock::{ClockKind, Verdict};
use crate::event::Class;
use crate::projection::sla::Measure;
use crate::statistics::Histogram;
use crate::values::Channel;

/// What something is counted as.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Key {
    /// Cohort: came in the year.
    Received,
    /// The same, by the way it came.
    ReceivedBy(Channel),
    /// The same, by the class it has now.
    ReceivedAs(Class),
    /// The same, without pranks, tests and duplicates.
    ReceivedNet,
    /// The same, by what became of it.
    Became(&'static str),
    /// Flow: closed in the year, by how.
    Closed(&'static str),
    /// Flow: what happened in the year.
    Flow(&'static str),
    /// Clocks, by what is said of them; none: of every kind.
    Verdict(Option<ClockKind>, Verdict),
    /// Closed cycles that could be rated.
    Eligible,
    /// Those that were, by stars.
    Rated(u8),
}

/// How often something was counted, and where.
#[derive(Clone, Default, Debug)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) positions: Positions,
}

/// Everything that is counted.
#[derive(Default)]
pub(super) struct Counts {
    tallies: BTreeMap<Key, Tally>,
    took: BTreeMap<Measure, Spread>,
    hops: Spread,
}

/// How long or how often, as a whole histogram, and where.
#[derive(Clone, Default, Debug)]
pub(super) struct Spread {
    pub(super) histogram: Histogram,
    pub(super) positions: Positions,
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&mut self, key: Key, positions: &Positions) {
        let tally = self.tallies.entry(key).or_default();
        tally.count += 1;
        tally.positions.add_all(positions);
    }

    /// Counts a clock, by its kind and among all.
    pub(super) fn judge(&mut self, kind: ClockKind, said: Verdict, positions: &Positions) {
        self.add(Key::Verdict(Some(kind), said), positions);
        self.add(Key::Verdict(None, said), positions);
    }

    /// Counts how many working days something took.
    pub(super) fn took(&mut self, measure: Measure, days: u32, positions: &Positions) {
        self.took.entry(measure).or_default().add(days.into(), positions);
    }

    /// Counts how many dispositions a closed cycle took.
    pub(super) fn hops(&mut self, hops: u32, positions: &Positions) {
        self.hops.add(hops.into(), positions);
    }

    pub(super) fn of(&self, key: &Key) -> Tally {
        self.tallies.get(key).cloned().unwrap_or_default()
    }

    /// Several together.
    pub(super) fn sum(&self, keys: impl IntoIterator<Item = Key>) -> Tally {
        let mut sum = Tally::default();
        for tally in keys.into_iter().filter_map(|key| self.tallies.get(&key)) {
            sum.count += tally.count;
            sum.positions.add_all(&tally.positions);
        }
        sum
    }

    /// The ways that anything came.
    pub(super) fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.tallies.keys().filter_map(|key| match key {
            Key::ReceivedBy(channel) => Some(channel),
            _ => None,
        })
    }

    pub(super) fn duration(&self, measure: Measure) -> Spread {
        self.took.get(&measure).cloned().unwrap_or_default()
    }

    pub(super) fn dispositions(&self) -> &Spread {
        &self.hops
    }
}

impl Spread {
    fn add(&mut self, value: u64, positions: &Positions) {
        self.histogram.add(value, 1);
        self.positions.add_all(positions);
    }
}
