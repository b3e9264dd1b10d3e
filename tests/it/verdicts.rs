//! Verdicts recomputed apart from the decisions: nothing honest is doubted, and nothing altered goes unseen.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aduan::audit::verdicts::{Doubt, Judge, Why};
use aduan::clock::{Clock, ClockKind, ClockState, Due, Limit};
use aduan::complaint::Complaint;
use aduan::event::{Event, Fact, Trigger};
use aduan::rules::Rules;
use aduan::store::{Document, DocumentKind, Entry};
use aduan::values::{AgencyCode, Digest, DocumentRef};
use aduan_testkit::town::{Choice, Town, histories, rules_and_their_revision};
use chrono::{Days, TimeDelta};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The rules of a town before and after a decree is revised.
static RULES: LazyLock<[Rules; 2]> = LazyLock::new(rules_and_their_revision);

/// What an auditor is handed: every document that was kept beside the ledger.
static KEPT: LazyLock<Rules> = LazyLock::new(|| Rules::from_documents(&RULES[1].documents()).unwrap());

/// A town that learns of the revised decree halfway.
fn play(choices: &[Choice]) -> Town {
    let mut town = Town::new(RULES[0].clone());
    for (number, choice) in choices.iter().enumerate() {
        if number == choices.len() / 2 {
            town.rules = RULES[1].clone();
        }
        town.step(*choice);
    }
    town
}

/// Reads a log as an inspector would; `look` is given every event with the complaint before it.
fn read(log: &[Entry], mut look: impl FnMut(&Entry, &Complaint, &Event)) {
    let mut states: BTreeMap<_, Complaint> = BTreeMap::new();
    for entry in log {
        let event = entry.record.event().unwrap();
        let state = states.entry(entry.record.complaint).or_default();
        look(entry, state, &event);
        state.evolve(&event);
    }
}

fn judged(judge: &mut Judge, log: &[Entry]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    read(log, |entry, before, event| {
        doubts.extend(judge.read(entry.position, entry.record.complaint, before, event, &KEPT));
    });
    doubts
}

fn run(cases: u32, steps: usize, check: impl Fn(&Town) -> Result<(), String>) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&histories(steps), |choices| check(&play(&choices)).map_err(TestCaseError::fail))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Towns that are the same in every run.
fn fixed_towns() -> impl Iterator<Item = Town> {
    (0..200_u64).map(|history| {
        let choices: Vec<_> = (0..60_u64)
            .map(|step| Choice { complaint: (step % 3) as u8, entropy: history << 32 | step.wrapping_mul(0x9e37_79b9) })
            .collect();
        play(&choices)
    })
}

fn none_is_doubted(town: &Town) -> Result<(), String> {
    match judged(&mut Judge::default(), &town.log).first() {
        None => Ok(()),
        Some(doubt) => {
            let entry = &town.log[doubt.position as usize - 1];
            Err(format!("position {}: {doubt}\n{:?}", doubt.position, entry.record.event()))
        }
    }
}

#[test]
fn nothing_honest_is_doubted() {
    run(4_000, 60, none_is_doubted);
}

#[test]
#[ignore = "the long run: cargo nextest run -p aduan-testkit --run-ignored only"]
fn nothing_honest_of_fifty_thousand_histories_is_doubted() {
    run(50_000, 60, none_is_doubted);
}

#[test]
fn a_fixed_sample_recomputes_every_clock_in_every_state() {
    let mut seen = BTreeMap::new();
    let mut recomputed = 0;
    let mut judge = Judge::default();
    for town in fixed_towns() {
        assert_eq!(judged(&mut judge, &town.log), []);
        read(&town.log, |_, _, event| {
            recomputed += u64::from(matches!(event.fact, Fact::DeadlinesRecomputed { .. }));
            for clock in event.fact.clocks() {
                *seen.entry((clock.kind, name_of(clock))).or_insert(0_u64) += 1;
            }
        });
    }
    println!("{judge:?} {seen:?}, recomputed {recomputed}");
    for kind in ClockKind::ALL {
        assert!(seen.keys().any(|(known, _)| *known == kind), "{kind:?}");
    }
    for state in ["running", "paused", "met", "missed", "cancelled", "extended", "resumed"] {
        assert!(seen.keys().any(|(_, known)| *known == state), "{state}");
    }
    assert!(recomputed > 0 && judge.verdicts > 1_000);
}

fn name_of(clock: &Clock) -> &'static str {
    match clock.state {
        ClockState::Running if clock.extended > 0 => "extended",
        ClockState::Running if clock.paused > 0 => "resumed",
        ClockState::Running => "running",
        ClockState::Paused(_) => "paused",
        ClockState::Met(_) => "met",
        ClockState::Missed(_) => "missed",
        ClockState::Cancelled => "cancelled",
    }
}

/// One way to alter a clock; whether it could.
type Alteration = (&'static str, fn(&mut Clock) -> bool);

const ALTERATIONS: [Alteration; 10] = [
    ("a day later", |clock| match &mut clock.due {
        Due::EndOf { date, .. } => {
            *date = *date + Days::new(1);
            true
        }
        Due::At(at) => {
            *at += TimeDelta::days(1);
            true
        }
    }),
    ("missed for met", |clock| match clock.state {
        ClockState::Met(at) => {
            clock.state = ClockState::Missed(at);
            true
        }
        _ => false,
    }),
    ("met for missed", |clock| match clock.state {
        ClockState::Missed(at) => {
            clock.state = ClockState::Met(at);
            true
        }
        _ => false,
    }),
    ("cancelled for missed", |clock| match clock.state {
        ClockState::Missed(_) => {
            clock.state = ClockState::Cancelled;
            true
        }
        _ => false,
    }),
    ("stopped earlier", |clock| match &mut clock.state {
        ClockState::Met(at) | ClockState::Missed(at) => {
            *at -= TimeDelta::seconds(1);
            true
        }
        _ => false,
    }),
    ("another anchor", |clock| {
        clock.anchor.at += TimeDelta::microseconds(1);
        true
    }),
    ("another limit", |clock| match &mut clock.limit {
        Limit::WorkingDays(n) | Limit::CalendarDays(n) | Limit::Minutes(n) | Limit::OfficeMinutes(n) => {
            *n += 1;
            true
        }
        // What a source promised is its own word: it is held against the due time alone.
        Limit::Promise(_) => false,
    }),
    ("a day more of pause", |clock| {
        clock.paused += 1;
        true
    }),
    ("a day more granted", |clock| {
        clock.extended += 1;
        true
    }),
    ("another agency", |clock| {
        let other = AgencyCode::new("somebody-else").unwrap();
        let was = clock.agency.replace(other.clone());
        was != Some(other)
    }),
];

/// The doubts about one event, once `alter` has been at its clocks; none where it could not.
fn altered(
    entry: &Entry,
    before: &Complaint,
    event: &Event,
    alter: impl FnOnce(&mut Vec<Clock>) -> bool,
) -> Option<Vec<Doubt>> {
    let mut event = event.clone();
    let clocks = clocks_of(&mut event.fact)?;
    alter(clocks).then(|| Judge::default().read(entry.position, entry.record.complaint, before, &event, &KEPT))
}

/// The clocks of a fact, to be altered.
pub(crate) fn clocks_of(fact: &mut Fact) -> Option<&mut Vec<Clock>> {
    match fact {
        Fact::Closed { clocks, .. }
        | Fact::DeadlinesRecomputed { clocks, .. }
        | Fact::Dispositioned { clocks, .. }
        | Fact::Escalated { clocks, .. }
        | Fact::Extended { clocks, .. }
        | Fact::InfoLapsed { clocks, .. }
        | Fact::InfoProvided { clocks, .. }
        | Fact::InfoRequested { clocks, .. }
        | Fact::Rated { clocks, .. }
        | Fact::Reclassified { clocks, .. }
        | Fact::Reopened { clocks, .. }
        | Fact::Replied { clocks, .. }
        | Fact::Responded { clocks, .. }
        | Fact::Returned { clocks, .. }
        | Fact::Verified { clocks, .. } => Some(clocks),
        Fact::Received(received) => Some(&mut received.clocks),
        Fact::Annotated { .. } | Fact::Erased { .. } | Fact::Forked { .. } | Fact::VisibilityChanged { .. } => None,
    }
}

#[test]
fn every_alteration_of_every_clock_is_found() {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for town in fixed_towns() {
        read(&town.log, |entry, before, event| {
            for (name, alter) in ALTERATIONS {
                for place in 0..event.fact.clocks().len() {
                    let Some(doubts) = altered(entry, before, event, |clocks| alter(&mut clocks[place])) else {
                        continue;
                    };
                    let kind = event.fact.clocks()[place].kind;
                    assert!(doubts.iter().any(|doubt| doubt.clock == Some(kind)), "{name}: {event:?}");
                    *found.entry(name).or_default() += 1;
                }
            }
        });
    }
    println!("{found:?}");
    assert_eq!(found.len(), ALTERATIONS.len(), "each was tried");
    assert!(found.values().all(|times| *times > 20));
}

#[test]
fn a_clock_that_is_left_out_and_one_that_is_added_are_found() {
    let (mut left_out, mut added) = (0, 0);
    for town in fixed_towns() {
        read(&town.log, |entry, before, event| {
            for place in 0..event.fact.clocks().len() {
                let kind = event.fact.clocks()[place].kind;
                let leave_out = |clocks: &mut Vec<Clock>| {
                    clocks.remove(place);
                    true
                };
                // A promise is the word of the source: that there was one, only the event can say.
                let is_a_promise = matches!(event.fact, Fact::Received(_)) && event.provenance.is_imported();
                if !is_a_promise {
                    let doubts = altered(entry, before, event, leave_out).unwrap();
                    let named = doubts.iter().filter(|doubt| doubt.clock == Some(kind));
                    assert!(named.count() > 0, "{kind:?} of {event:?}");
                    left_out += 1;
                }
            }
            for kind in ClockKind::ALL {
                let known = event.fact.clocks().iter().find(|clock| clock.kind == kind).or(before.clock(kind));
                let Some(clock) = known.cloned() else { continue };
                let Some(doubts) = altered(entry, before, event, |clocks| {
                    clocks.push(clock);
                    true
                }) else {
                    continue;
                };
                let named = |doubt: &&Doubt| doubt.clock == Some(kind);
                assert!(doubts.iter().find(named).is_some(), "{kind:?} of {event:?}");
                added += 1;
            }
        });
    }
    println!("left out {left_out}, added {added}");
    assert!(left_out > 1_000 && added > 1_000);
}

#[test]
fn another_policy_a_lost_document_and_a_moved_lapse_are_found() {
    let national = Rules::mojokerto().policy_on("2019-01-01".parse().unwrap()).reference.clone();
    let without = Rules::national(aduan::agency::Directory::mojokerto());
    let (mut others, mut lost, mut moved) = (0, 0, 0);
    for town in fixed_towns() {
        read(&town.log, |entry, before, event| {
            let judge = |event: &Event, rules: &Rules| {
                Judge::default().read(entry.position, entry.record.complaint, before, event, rules)
            };
            if before.version > 0 && !matches!(event.fact, Fact::DeadlinesRecomputed { .. }) {
                let mut other = event.clone();
                other.context.policy = national.clone();
                let is_other = |doubt: &Doubt| matches!(doubt.why, Why::OtherDocument { .. });
                if event.context.policy != national {
                    assert!(judge(&other, &KEPT).iter().any(is_other));
                    others += 1;
                }
            }
            if !event.fact.clocks().is_empty() && event.context.policy != national {
                assert!(matches!(judge(event, &without)[..], [Doubt { why: Why::NoDocument { .. }, .. }]));
                lost += 1;
            }
            let is_timed = matches!(event.fact, Fact::InfoLapsed { .. })
                || matches!(&event.fact, Fact::Escalated { trigger: Trigger::Breach { .. }, .. });
            if is_timed {
                let mut earlier = event.clone();
                earlier.occurred_at.at -= TimeDelta::days(1);
                let is_timing = |doubt: &Doubt| matches!(doubt.why, Why::Time { .. });
                assert!(judge(&earlier, &KEPT).iter().any(is_timing));
                moved += 1;
            }
        });
    }
    println!("others {others}, lost {lost}, moved {moved}");
    assert!(others > 100 && lost > 100 && moved > 20);
}

#[test]
fn two_texts_of_one_name_and_version_are_both_looked_back_at() {
    let mut documents = RULES[0].documents();
    let policy = documents.iter().find(|document| document.text.contains("mojokerto-2020")).unwrap();
    let text = format!("{}# another text\n", policy.text);
    let other = Document { hash: Digest::of(text.as_bytes()), kind: DocumentKind::Policy, text };
    documents.push(other.clone());
    let rules = Rules::from_documents(&documents).unwrap();
    let first = &rules.policy_on("2024-03-29".parse().unwrap()).reference;
    assert_eq!(first.hash, RULES[0].policy_on("2024-03-29".parse().unwrap()).reference.hash, "the first one binds");
    let retired = DocumentRef { hash: other.hash, ..first.clone() };
    assert!(rules.policy(&retired).is_some() && rules.policy(first).is_some());
    let directory = &rules.directory_on("2024-03-29".parse().unwrap()).reference;
    assert!(rules.directory(directory).is_some());
    let unknown = DocumentRef { hash: other.hash, ..directory.clone() };
    assert!(rules.directory(&unknown).is_none());
    assert!(Rules::from_documents(&documents[..1]).is_err(), "a calendar and a directory are missing");
}
