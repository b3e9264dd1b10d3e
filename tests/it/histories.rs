//! Random histories: the invariants of the rule-book, over and over.

use std::collections::{BTreeMap, BTreeSet};

use aduan::complaint::Stage;
use aduan::event::Fact;
use aduan::inspect::Inspector;
use aduan::rules::Rules;
use aduan::summary::SummaryFold;
use aduan_testkit::invariants::Invariants;
use aduan_testkit::town::{Bug, Choice, Town, histories};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(Rules::mojokerto);

/// Plays a history; the first invariant that breaks is the error.
fn play(choices: &[Choice], bug: Option<Bug>) -> Result<Town, String> {
    let mut town = Town::new(RULES.clone());
    town.bug = bug;
    let mut invariants = Invariants::default();
    for choice in choices {
        let step = town.step(*choice);
        invariants.check(&step).map_err(|broken| format!("{broken}\nafter {:?}", step.request))?;
    }
    Ok(town)
}

fn inspect(town: &Town) -> Result<(), String> {
    let mut inspector = Inspector::new(Town::ledger());
    for entry in &town.log {
        let event = entry.record.event().map_err(|broken| broken.to_string());
        inspector.read(entry, event.as_ref().map_err(String::as_str));
    }
    let problems = inspector.finish(None).problems;
    if problems.is_empty() { Ok(()) } else { Err(format!("{problems:?}")) }
}

fn check(choices: &[Choice]) -> Result<(), String> {
    let town = play(choices, None)?;
    inspect(&town)?;
    received_is_open_and_closed_together(&town)?;
    order_between_complaints_changes_nothing(&town)
}

/// Invariant 11.
fn received_is_open_and_closed_together(town: &Town) -> Result<(), String> {
    let summary = fold(town.log.iter()).at(chrono::DateTime::UNIX_EPOCH);
    let closed: u64 = summary.closures.values().sum();
    let open: u64 = summary.stages.iter().filter(|(stage, _)| **stage != "closed").map(|(_, count)| count).sum();
    if summary.complaints == open + closed { Ok(()) } else { Err("11: received is not open plus closed".into()) }
}

/// Invariant 7: events of different complaints may come in any order against each other.
fn order_between_complaints_changes_nothing(town: &Town) -> Result<(), String> {
    let mut by_complaint: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in &town.log {
        by_complaint.entry(entry.record.complaint).or_default().push(entry);
    }
    let one_after_another = fold(by_complaint.into_values().flatten());
    let as_it_was = fold(town.log.iter());
    let at = chrono::DateTime::UNIX_EPOCH;
    if one_after_another.at(at) == as_it_was.at(at) { Ok(()) } else { Err("7: order changed a count".into()) }
}

fn fold<'e>(entries: impl Iterator<Item = &'e aduan::store::Entry>) -> SummaryFold {
    let mut fold = SummaryFold::default();
    for entry in entries {
        fold.add(entry.record.complaint, &entry.record.event().expect("a record just written"));
    }
    fold
}

/// Runs `cases` histories of up to `steps` steps.
fn run(cases: u32, steps: usize) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&histories(steps), |choices| check(&choices).map_err(TestCaseError::fail))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn no_history_breaks_an_invariant() {
    run(3_000, 60);
}

#[test]
#[ignore = "the long run: cargo nextest run -p aduan-testkit --run-ignored only"]
fn no_history_of_a_hundred_thousand_breaks_an_invariant() {
    run(100_000, 60);
}

#[test]
fn a_fixed_sample_reaches_every_stage_and_every_fact() {
    let mut facts = BTreeSet::new();
    let mut stages = BTreeSet::new();
    for history in 0..400_u64 {
        let mut town = Town::new(RULES.clone());
        for step in 0..60_u64 {
            let choice =
                Choice { complaint: (step % 3) as u8, entropy: history << 32 | step.wrapping_mul(0x9e37_79b9) };
            let step = town.step(choice);
            stages.insert(step.after.stage);
            facts.extend(step.result.into_iter().flatten().map(|event| event.fact.name()));
        }
    }
    // Erasing is decided here too; recording a recomputation takes a newer calendar, which a town does not have, and a
    // loss is no complaint's.
    let is_of_a_town = |name: &&str| !["DeadlinesRecomputed", "Forked"].contains(name);
    let expected: BTreeSet<_> = Fact::NAMES.into_iter().filter(is_of_a_town).collect();
    assert_eq!(facts, expected);
    assert_eq!(stages, Stage::ALL.into_iter().collect());
}

#[test]
fn a_planted_bug_is_caught() {
    for bug in [Bug::RatesTwice, Bug::AnybodyAnswers, Bug::LevelFalls] {
        let mut runner = TestRunner::new(Config { cases: 3_000, failure_persistence: None, ..Config::default() });
        let caught =
            runner.run(&histories(60), |choices| play(&choices, Some(bug)).map(drop).map_err(TestCaseError::fail));
        assert!(caught.is_err(), "{bug:?} went unnoticed");
    }
}
