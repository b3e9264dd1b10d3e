//! What was found: by rule, by activity, by transition.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use aduan::conformance::{Activity, Case, RULES, Rule};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::flow::{Flow, Node};

/// Findings under way.
pub(super) struct Findings {
    most_examples: usize,
    cases: u64,
    events: u64,
    conforming: u64,
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    activities: Vec<Seen>,
    flow: Flow,
    broken: BTreeMap<Rule, Broken>,
    passed_over: u64,
    unreadable: u64,
    untimed: u64,
}

/// An activity of the log.
#[derive(Default)]
struct Seen {
    steps: BTreeSet<Activity>,
    events: u64,
}

impl Seen {
    /// What it is here; where it was of several kinds, the fact that they all are.
    fn step(&self) -> Option<&'static str> {
        let name = self.steps.first()?.name();
        let is_one = self.steps.len() == 1;
        if is_one { Some(name) } else { name.split('.').next() }
    }
}

#[derive(Default)]
struct Broken {
    breaches: u64,
    cases: u64,
    transitions: BTreeMap<(Node, Node), u64>,
    examples: Vec<Example>,
}

/// A case that is being read.
pub(super) struct UnderWay {
    name: String,
    case: Case,
    events: u64,
    last: Node,
    broken: BTreeSet<Rule>,
}

impl UnderWay {
    /// A case of which nothing is read yet.
    pub(super) fn new(name: String) -> Self {
        UnderWay { name, case: Case::new(), events: 0, last: Node::Start, broken: BTreeSet::new() }
    }
}

/// An event as a log tells it.
pub(super) struct Told<'e> {
    /// The log's word for it.
    pub(super) activity: &'e str,
    /// What it is here; none where the map does not say.
    pub(super) step: Option<Activity>,
    /// When; none where the log does not say, or not so that it can be read.
    pub(super) at: Option<DateTime<Utc>>,
}

impl Findings {
    /// Nothing found yet.
    pub(super) fn new(most_examples: usize) -> Self {
        Findings {
            most_examples,
            cases: 0,
            events: 0,
            conforming: 0,
            names: Vec::new(),
            numbers: HashMap::new(),
            activities: Vec::new(),
            flow: Flow::default(),
            broken: BTreeMap::new(),
            passed_over: 0,
            unreadable: 0,
            untimed: 0,
        }
    }

    /// Takes the next event of a case.
    pub(super) fn take(&mut self, under_way: &mut UnderWay, told: Told<'_>) {
        let number = self.number(told.activity);
        let seen = &mut self.activities[number];
        seen.events += 1;
        seen.steps.extend(told.step);
        self.events += 1;
        self.untimed += u64::from(told.at.is_none());
        under_way.events += 1;
        let (from, to) = (under_way.last, Node::Activity(number));
        let broken = told.step.map(|step| under_way.case.take(step, told.at)).unwrap_or_default();
        self.flow.follow(from, to, !broken.is_empty());
        under_way.last = to;
        for rule in broken {
            self.note(rule, under_way, from, to);
        }
    }

    /// A case is read to its end.
    pub(super) fn end(&mut self, under_way: UnderWay) {
        self.cases += 1;
        self.conforming += u64::from(under_way.broken.is_empty());
        self.flow.follow(under_way.last, Node::End, false);
    }

    /// An event that only says that an activity began, was scheduled, or the like.
    pub(super) fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    /// An event of which case or activity cannot be read.
    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    fn note(&mut self, rule: Rule, under_way: &mut UnderWay, from: Node, to: Node) {
        let found = self.broken.entry(rule).or_default();
        found.breaches += 1;
        found.cases += u64::from(under_way.broken.insert(rule));
        *found.transitions.entry((from, to)).or_default() += 1;
        if found.examples.len() < self.most_examples {
            let name = |node| name_of(node, &self.names);
            let (case, event) = (under_way.name.clone(), under_way.events);
            found.examples.push(Example { case, event, activity: name(to), after: name(from) });
        }
    }

    fn number(&mut self, activity: &str) -> usize {
        if let Some(number) = self.numbers.get(activity) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(activity.to_owned());
        self.numbers.insert(activity.to_owned(), number);
        self.activities.push(Seen::default());
        number
    }

    /// What was found, to be told.
    pub(super) fn report(self, file: &Path) -> Report {
        let names = &self.names;
        let transition = |(from, to): (Node, Node), events| TransitionFound {
            from: name_of(from, names),
            to: name_of(to, names),
            events,
        };
        let rules = RULES.iter().filter_map(|(rule, ..)| Some((rule, self.broken.get(rule)?)));
        let rules = rules.map(|(rule, found)| {
            let mut transitions: Vec<_> =
                found.transitions.iter().map(|(edge, count)| transition(*edge, *count)).collect();
            transitions.sort_by_key(|found| std::cmp::Reverse(found.events));
            RuleFound {
                rule: rule.name(),
                asks: rule.asks(),
                breaches: found.breaches,
                cases: found.cases,
                transitions,
                examples: found.examples.clone(),
            }
        });
        let rules = rules.collect();
        let activities = names.iter().zip(&self.activities).map(|(name, seen)| ActivityFound {
            activity: name.clone(),
            step: seen.step(),
            events: seen.events,
        });
        Report {
            log: file.display().to_string(),
            cases: self.cases,
            events: self.events,
            conforming: self.conforming,
            activities: activities.collect(),
            rules,
            transitions: self.flow.told(names),
            passed_over: self.passed_over,
            unreadable: self.unreadable,
            untimed: self.untimed,
            flow: self.flow,
        }
    }
}

/// What was found of a log.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) log: String,
    pub(super) cases: u64,
    pub(super) events: u64,
    /// Cases that break no rule.
    pub(super) conforming: u64,
    /// In the order in which they were first seen.
    pub(super) activities: Vec<ActivityFound>,
    /// Those that were broken, in the order of the table.
    pub(super) rules: Vec<RuleFound>,
    transitions: Vec<super::flow::Followed>,
    /// Events that only say that an activity began, was scheduled, or the like.
    passed_over: u64,
    /// Events of which case or activity cannot be read.
    unreadable: u64,
    /// Events without a time that can be read: their order is judged all the same.
    untimed: u64,
    #[serde(skip)]
    pub(super) flow: Flow,
}

#[derive(Serialize)]
pub(super) struct ActivityFound {
    pub(super) activity: String,
    /// None where the map does not say: then it was not judged.
    pub(super) step: Option<&'static str>,
    pub(super) events: u64,
}

#[derive(Serialize)]
pub(super) struct RuleFound {
    pub(super) rule: &'static str,
    pub(super) asks: &'static str,
    pub(super) breaches: u64,
    pub(super) cases: u64,
    transitions: Vec<TransitionFound>,
    examples: Vec<Example>,
}

#[derive(Serialize)]
struct TransitionFound {
    from: String,
    to: String,
    events: u64,
}

/// Where a rule was broken.
#[derive(Clone, Serialize)]
struct Example {
    case: String,
    /// From 1.
    event: u64,
    activity: String,
    after: String,
}

impl Report {
    /// Whether any rule was broken.
    pub(super) fn is_broken(&self) -> bool {
        !self.rules.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { log, cases, events, conforming, activities, rules, .. } = self;
        writeln!(f, "{log}: {cases} cases, {events} events, {} activities", activities.len())?;
        writeln!(f, "{conforming} cases break no rule, {} do; rules broken: {}", cases - conforming, rules.len())?;
        for found in rules {
            writeln!(f, "\n{}  {} times in {} cases", found.rule, found.breaches, found.cases)?;
            writeln!(f, "  {}", found.asks)?;
            for TransitionFound { from, to, events } in found.transitions.iter().take(MOST_TRANSITIONS) {
                writeln!(f, "  {events:>7}  {from} -> {to}")?;
            }
            if let Some(more) = found.transitions.len().checked_sub(MOST_TRANSITIONS).filter(|more| *more > 0) {
                writeln!(f, "           and {more} other transitions (--json tells them)")?;
            }
            for Example { case, event, activity, after } in &found.examples {
                writeln!(f, "  e.g. case {case}, event {event}: {activity}, after {after}")?;
            }
        }
        let unmapped: Vec<_> = activities.iter().filter(|activity| activity.step.is_none()).collect();
        if !unmapped.is_empty() {
            writeln!(f, "\nnot judged, since the map does not name them:")?;
            for ActivityFound { activity, events, .. } in unmapped {
                writeln!(f, "  {events:>7}  {activity}")?;
            }
        }
        for (count, what) in [
            (self.passed_over, "events passed over: their activity is not complete"),
            (self.unreadable, "events passed over: their case or activity cannot be read"),
            (self.untimed, "events without a time that can be read"),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}")?;
            }
        }
        Ok(())
    }
}

/// What a node is called.
pub(super) fn name_of(node: Node, names: &[String]) -> String {
    match node {
        Node::Start => "(start)".to_owned(),
        Node::End => "(end)".to_owned(),
        Node::Activity(number) => names[number].clone(),
    }
}

/// Of each rule, for people.
const MOST_TRANSITIONS: usize = 5;
