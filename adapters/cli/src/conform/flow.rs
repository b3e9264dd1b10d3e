//! Which activity followed which, how often, and how often that broke a rule.

use std::collections::BTreeMap;

use serde::Serialize;

use super::findings::name_of;

/// Where a case can be: before its first event, at an activity, after its last event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Node {
    /// Before the first event.
    Start,
    /// At an activity, by its number.
    Activity(usize),
    /// After the last event.
    End,
}

/// A directly-follows graph.
#[derive(Default)]
pub(super) struct Flow {
    edges: BTreeMap<(Node, Node), Edge>,
}

/// How often something followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Edge {
    pub(super) events: u64,
    /// How often that broke a rule.
    pub(super) broken: u64,
}

/// From where to where, and how often.
pub(super) type Transition = ((Node, Node), Edge);

/// A transition, for programs.
#[derive(Serialize)]
pub(super) struct Followed {
    from: String,
    to: String,
    events: u64,
    broken: u64,
}

impl Flow {
    /// Something followed.
    pub(super) fn follow(&mut self, from: Node, to: Node, is_broken: bool) {
        let edge = self.edges.entry((from, to)).or_default();
        edge.events += 1;
        edge.broken += u64::from(is_broken);
    }

    /// Every transition, the most frequent first; of equal ones those that broke a rule.
    pub(super) fn edges(&self) -> Vec<Transition> {
        let mut edges: Vec<_> = self.edges.iter().map(|(ends, edge)| (*ends, *edge)).collect();
        edges.sort_by_key(|(ends, edge)| (std::cmp::Reverse((edge.events, edge.broken)), *ends));
        edges
    }

    /// Every transition by its names.
    pub(super) fn told(&self, names: &[String]) -> Vec<Followed> {
        let told = |((from, to), Edge { events, broken })| Followed {
            from: name_of(from, names),
            to: name_of(to, names),
            events,
            broken,
        };
        self.edges().into_iter().map(told).collect()
    }
}
