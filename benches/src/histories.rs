//! Random histories by the hundred thousand: invariants that break, and mistakes that have to be noticed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aduan::inspect::Inspector;
use aduan::rules::Rules;
use aduan_measure::table::Row;
use aduan_testkit::invariants::Invariants;
use aduan_testkit::town::{Bug, Choice, Town};

const SECTION: &str = "histories: random sequences of commands, steered as a town would";

pub(crate) fn section(sequences: u64) -> Vec<Row> {
    let rules = Rules::mojokerto();
    let (next, steps, events) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let broken = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= sequences {
                        break;
                    }
                    let played = play(&rules, number, None);
                    steps.fetch_add(played.steps, Ordering::Relaxed);
                    events.fetch_add(played.events, Ordering::Relaxed);
                    if let Some(why) = played.broken {
                        broken.fetch_add(1, Ordering::Relaxed);
                        eprintln!("sequence {number}: {why}");
                    }
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let (steps, events, broken) = (steps.into_inner(), events.into_inner(), broken.into_inner());
    let what = format!("{sequences} sequences of {steps} commands ({events} events): broken invariants");
    let mut rows = vec![
        Row {
            target: Some("0".into()),
            ok: Some(broken == 0),
            ..Row::alone(SECTION, what, "broken", &[broken as f64])
        },
        Row::alone(SECTION, "sequences, with every check", "a second", &[sequences as f64 / seconds]),
        Row::alone(SECTION, "commands, with every check", "a second", &[steps as f64 / seconds]),
    ];
    rows.extend([Bug::RatesTwice, Bug::AnybodyAnswers, Bug::LevelFalls].map(|bug| control(&rules, bug)));
    rows
}

/// A mistake planted into the rules has to be noticed.
fn control(rules: &Rules, bug: Bug) -> Row {
    let caught = (0..PATIENCE).find(|number| play(rules, *number, Some(bug)).broken.is_some());
    let at = caught.map_or(f64::INFINITY, |number| number as f64 + 1.0);
    let row = Row::alone(SECTION, format!("control: {bug:?} is noticed, in sequence"), "", &[at]);
    Row { target: Some(format!("≤ {PATIENCE}")), ok: Some(caught.is_some()), ..row }
}

#[derive(Default)]
struct Played {
    steps: u64,
    events: u64,
    broken: Option<String>,
}

/// Plays one sequence until an invariant breaks, then reads its whole log as `verify` would.
fn play(rules: &Rules, number: u64, bug: Option<Bug>) -> Played {
    let mut chance = fastrand::Rng::with_seed(number);
    let mut town = Town::new(rules.clone());
    town.bug = bug;
    let mut invariants = Invariants::default();
    let mut played = Played::default();
    for _ in 0..chance.u64(1..=LONGEST) {
        let step = town.step(Choice { complaint: chance.u8(0..4), entropy: chance.u64(..) });
        played.steps += 1;
        if let Err(why) = invariants.check(&step) {
            return Played { broken: Some(format!("{why}, after {:?}", step.request)), ..played };
        }
    }
    played.events = town.log.len() as u64;
    played.broken = (bug.is_none()).then(|| inspect(&town)).flatten();
    played
}

fn inspect(town: &Town) -> Option<String> {
    let mut inspector = Inspector::new(Town::ledger());
    for entry in &town.log {
        let event = entry.record.event().map_err(|broken| broken.to_string());
        inspector.read(entry, event.as_ref().map_err(String::as_str));
    }
    let problems = inspector.finish(None).problems;
    (!problems.is_empty()).then(|| format!("{problems:?}"))
}

const LONGEST: u64 = 60;
const PATIENCE: u64 = 3_000;
