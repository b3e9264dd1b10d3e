//! Commands, as many clients send them: ours, postgres-es and the raw limit take turns.

use std::collections::BTreeMap;
use std::time::Duration;

use aduan::rules::Rules;
use aduan_measure::rounds::quartiles;
use aduan_measure::table::{Row, Target};

use crate::crop::Crop;
use crate::figures::Figure;
use crate::load::{Crowd, Disk, Load, Phase};
use crate::server::Server;
use crate::sides::{Sample, Side, Sides};

/// Measures a section: what each side did, and how they stand to each other.
pub(crate) async fn section(load: &Load, server: &Server) -> (Vec<Figure>, Vec<Row>) {
    let rules = Rules::mojokerto();
    let mut sides = Sides::create(server, &rules, load.crowds.iter().map(|crowd| crowd.clients)).await;
    let mut measured = Measured::default();
    let mut next = 0;
    server.fsyncs.slow_to(load.fsync);
    for round in 0..=load.rounds {
        for crowd in &load.crowds {
            let mut lives = || {
                let numbers = next..next + crowd.complaints as u64;
                next = numbers.end;
                crowd.lives(&rules, numbers)
            };
            let mut known = lives();
            for phase in crowd.phases() {
                let (clients, commands) = (crowd.clients, crowd.commands);
                let crop = match phase {
                    Phase::New => Crop::of(&known, clients, 0..1),
                    Phase::Known => Crop::of(&known, clients, 1..commands),
                    Phase::Mixed => {
                        known = lives();
                        sides.play(server, &Crop::of(&known, clients, 0..1), clients, round, |_, _| {}).await;
                        Crop::mixed(&known, &lives(), clients, commands)
                    }
                };
                let note = |side, sample| measured.note(Cell { crowd: *crowd, phase: *phase, side }, round, sample);
                sides.play(server, &crop, clients, round, note).await;
            }
        }
    }
    server.fsyncs.slow_to(Duration::ZERO);
    (measured.figures(load), measured.rows(load))
}

/// What each side did, round by round.
#[derive(Default)]
struct Measured(BTreeMap<Cell, Vec<Sample>>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Cell {
    crowd: Crowd,
    phase: Phase,
    side: Side,
}

impl Measured {
    /// The first round only warms up.
    fn note(&mut self, cell: Cell, round: usize, sample: Sample) {
        if round > 0 {
            self.0.entry(cell).or_default().push(sample);
        }
    }

    fn figures(&self, load: &Load) -> Vec<Figure> {
        let mut figures = Vec::new();
        for crowd in &load.crowds {
            for phase in crowd.phases() {
                let of = |side| Figure {
                    section: load.section,
                    what: named(*crowd, *phase),
                    side: Side::name(side),
                    ..figure(&self.0[&Cell { crowd: *crowd, phase: *phase, side }], side.commits_as_store())
                };
                figures.extend(Side::all(crowd.clients).into_iter().map(of));
            }
        }
        figures
    }

    fn rows(&self, load: &Load) -> Vec<Row> {
        let all = load.crowds.iter().flat_map(|crowd| crowd.phases().iter().map(move |phase| (*crowd, *phase)));
        all.flat_map(|(crowd, phase)| self.compared(load, crowd, phase)).collect()
    }

    /// The sides beside each other.
    fn compared(&self, load: &Load, crowd: Crowd, phase: Phase) -> Vec<Row> {
        let name = named(crowd, phase);
        let of = |side: Side, what: &dyn Fn(&Sample) -> f64| -> Vec<f64> {
            self.0[&Cell { crowd, phase, side }].iter().map(what).collect()
        };
        let speeds = |side| of(side, &speed);
        let what = |ours: Side, theirs: Side| format!("{name}: {} : {}", ours.name(), theirs.name());
        let faster = |ours: Side, theirs: Side, target| {
            Row::speeds(load.section, what(ours, theirs), "/s", (&speeds(ours), &speeds(theirs)), target)
        };
        let waits = (of(Side::Engine, &p99), of(Side::Documented, &p99));
        let targets = Targets::of(load.disk, crowd, phase);
        let mut rows = vec![
            // Of a hundred events it is the append that is wanted: the engine decides and seals them one by one.
            faster(Side::Engine, Side::Documented, if crowd.events == 100 { Target::None } else { targets.documented }),
            faster(Side::Store, Side::Documented, targets.documented),
            Row::times(
                load.section,
                what(Side::Engine, Side::Documented) + ", p99",
                "ms",
                A_MILLISECOND,
                (&waits.0, &waits.1),
                targets.p99,
            ),
        ];
        for tuned in Side::tuned(crowd.clients) {
            let is_as_many = tuned == Side::Tuned { connections: crowd.clients };
            rows.push(faster(Side::Engine, tuned, if is_as_many { targets.tuned } else { targets.tuned_otherwise }));
        }
        rows.push(faster(Side::Store, Side::Raw, targets.raw));
        if crowd.clients == 64 {
            rows.push(faster(Side::Raw, Side::Unguarded, Target::None));
        }
        rows
    }
}

fn figure(samples: &[Sample], has_batch: bool) -> Figure {
    let median = |of: &dyn Fn(&Sample) -> f64| quartiles(&samples.iter().map(of).collect::<Vec<_>>()).median;
    let wait = |share: f64| {
        let waits: Option<Vec<f64>> =
            samples.iter().map(|sample| Some(sample.sent.wait(share)?.as_secs_f64())).collect();
        waits.map(|waits| 1e3 * quartiles(&waits).median)
    };
    Figure {
        per_second: median(&speed),
        p50: wait(0.5),
        p99: wait(0.99),
        fsyncs: median(&|sample| sample.fsyncs as f64 / sample.commands as f64),
        batch: has_batch.then(|| median(&|sample| sample.batch as f64)),
        ..Figure::default()
    }
}

/// Commands a second.
fn speed(sample: &Sample) -> f64 {
    sample.commands as f64 / sample.sent.took.as_secs_f64()
}

/// Seconds that all but a hundredth of the commands waited at most.
fn p99(sample: &Sample) -> f64 {
    sample.sent.wait(0.99).map_or(f64::NAN, |wait| wait.as_secs_f64())
}

/// What has to be reached.
struct Targets {
    documented: Target,
    /// With as many connections as clients.
    tuned: Target,
    /// With fewer.
    tuned_otherwise: Target,
    p99: Target,
    raw: Target,
}

impl Targets {
    /// What an office does on any day has to be several times as fast. Where everything is new, it is told how fast and
    /// held against bare INSERTs only: each new complaint brings three rows (its event, its key, its four sealed texts),
    /// and to seal those takes as long as to store them. That the sealing falls to us alone favours postgres-es.
    fn of(disk: Disk, crowd: Crowd, phase: Phase) -> Self {
        let is_single = crowd.events == 1 && phase == Phase::Mixed;
        let documented = match (disk, crowd.clients) {
            (Disk::Fast, 1) if crowd.events == 100 => Target::Times(3.0),
            (Disk::Fast, 1) => Target::Share(1.0),
            (_, 64) if is_single => Target::Times(5.0),
            (Disk::Slow, 256) if is_single => Target::Times(12.0),
            _ => Target::None,
        };
        let never_slower = if disk == Disk::Slow { Target::Share(1.0) } else { Target::None };
        let tuned = match (disk, crowd.clients) {
            (Disk::Slow, 64) if is_single => Target::Times(1.5),
            (Disk::Slow, 256) if is_single => Target::Times(5.0),
            _ => never_slower,
        };
        let p99 =
            if (disk, crowd.clients) == (Disk::Fast, 64) && is_single { Target::Times(5.0) } else { Target::None };
        let raw = if disk == Disk::Fast { Target::Share(0.6) } else { Target::None };
        Targets { documented, tuned, tuned_otherwise: never_slower, p99, raw }
    }
}

fn named(crowd: Crowd, phase: Phase) -> String {
    let clients = if crowd.clients == 1 { "1 client".to_owned() } else { format!("{} clients", crowd.clients) };
    match crowd.events {
        1 => format!("{}, {clients}", phase.name()),
        events => format!("{}, {events} events a command, {clients}", phase.name()),
    }
}

/// In what [`Row::times`] tells, which is nanoseconds.
const A_MILLISECOND: usize = 1_000_000;
