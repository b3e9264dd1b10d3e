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
pub(crate) async fn section(load: Load, server: &Server) -> (Vec<Figure>, Vec<Row>) {
    let rules = Rules::mojokerto();
    let mut sides = Sides::create(server, &rules, load.crowds.iter().map(|crowd| crowd.clients)).await;
    let mut measured = Measured::default();
    let mut next = 0;
    server.fsyncs.slow_to(load.fsync);
    for round in 0..=load.rounds {
        for crowd in load.crowds {
            let numbers = next..next + crowd.complaints as u64;
            next = numbers.end;
            let lives = crowd.lives(&rules, numbers);
            for (phase, commands) in crowd.phases() {
                let crop = Crop::of(&lives, crowd.clients, commands);
                let note = |side, sample| measured.note(Cell { crowd: *crowd, phase, side }, round, sample);
                sides.play(server, &crop, crowd.clients, round, note).await;
            }
        }
    }
    server.fsyncs.slow_to(Duration::ZERO);
    let cells = || load.crowds.iter().flat_map(|crowd| crowd.phases().map(|(phase, _)| (*crowd, phase)));
    let figures = cells().flat_map(|(crowd, phase)| measured.figures(load.section, crowd, phase)).collect();
    let rows = cells().flat_map(|(crowd, phase)| measured.rows(load, crowd, phase)).collect();
    (figures, rows)
}

/// What each side did, round by round.
#[derive(Default)]
struct Measured(BTreeMap<Cell, Series>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Cell {
    crowd: Crowd,
    phase: Phase,
    side: Side,
}

#[derive(Default)]
struct Series {
    /// Commands a second.
    speeds: Vec<f64>,
    /// Seconds that half of the commands waited at most.
    p50: Vec<f64>,
    /// Seconds that all but a hundredth waited at most.
    p99: Vec<f64>,
    /// Of the server, a command.
    fsyncs: Vec<f64>,
    /// Commands a commit, as the store had them.
    batch: Vec<f64>,
}

impl Measured {
    /// The first round only warms up.
    fn note(&mut self, cell: Cell, round: usize, Sample { commands, batch, fsyncs, sent }: Sample) {
        if round == 0 {
            return;
        }
        let series = self.0.entry(cell).or_default();
        series.speeds.push(commands as f64 / sent.took.as_secs_f64());
        series.p50.extend(sent.wait(0.5).map(|wait| wait.as_secs_f64()));
        series.p99.extend(sent.wait(0.99).map(|wait| wait.as_secs_f64()));
        series.fsyncs.push(fsyncs as f64 / commands as f64);
        series.batch.push(batch as f64);
    }

    fn figures(&self, section: &'static str, crowd: Crowd, phase: Phase) -> Vec<Figure> {
        let of = |side: Side| {
            let series = &self.0[&Cell { crowd, phase, side }];
            let median = |measured: &[f64]| quartiles(measured).median;
            let millis = |measured: &[f64]| (!measured.is_empty()).then(|| 1e3 * median(measured));
            let has_batch = matches!(side, Side::Store | Side::Raw | Side::Unguarded);
            Figure {
                section,
                what: named(crowd, phase),
                side: side.name(),
                per_second: median(&series.speeds),
                p50: millis(&series.p50),
                p99: millis(&series.p99),
                fsyncs: median(&series.fsyncs),
                batch: has_batch.then(|| median(&series.batch)),
            }
        };
        Side::all(crowd.clients).into_iter().map(of).collect()
    }

    fn rows(&self, load: Load, crowd: Crowd, phase: Phase) -> Vec<Row> {
        let of = |side| &self.0[&Cell { crowd, phase, side }];
        let what = |ours: Side, theirs: Side| format!("{}: {} : {}", named(crowd, phase), ours.name(), theirs.name());
        let speed = |ours, theirs, target| {
            let pair = (of(ours).speeds.as_slice(), of(theirs).speeds.as_slice());
            Row::speeds(load.section, what(ours, theirs), "/s", pair, target)
        };
        let p99 = |ours, theirs, target| {
            let pair = (of(ours).p99.as_slice(), of(theirs).p99.as_slice());
            Row::times(load.section, what(ours, theirs) + ", p99", "ms", A_MILLISECOND, pair, target)
        };
        let best_tuned = Side::tuned(crowd.clients).into_iter().max_by(|one, other| {
            let median = |side: &Side| quartiles(&of(*side).speeds).median;
            median(one).total_cmp(&median(other))
        });
        let targets = Targets::of(load.disk, crowd);
        let mut rows = vec![
            speed(Side::Engine, Side::Documented, targets.documented),
            speed(Side::Store, Side::Documented, targets.documented),
            p99(Side::Engine, Side::Documented, targets.p99),
        ];
        if let Some(tuned) = best_tuned {
            rows.push(speed(Side::Engine, tuned, targets.tuned));
            rows.push(speed(Side::Store, tuned, Target::None));
        }
        rows.push(speed(Side::Store, Side::Raw, targets.raw));
        rows.push(speed(Side::Raw, Side::Unguarded, Target::None));
        rows
    }
}

/// What has to be reached.
struct Targets {
    documented: Target,
    tuned: Target,
    p99: Target,
    raw: Target,
}

impl Targets {
    fn of(disk: Disk, crowd: Crowd) -> Self {
        let documented = match (disk, crowd.clients, crowd.events) {
            (Disk::Fast, 1, 100) => Target::Times(3.0),
            (Disk::Fast, 1, _) => Target::Share(1.0),
            (_, 64, 1) => Target::Times(5.0),
            (Disk::Slow, 256, 1) => Target::Times(12.0),
            _ => Target::None,
        };
        let tuned = match (disk, crowd.clients, crowd.events) {
            (Disk::Slow, 64, 1) => Target::Times(1.5),
            (Disk::Slow, 256, 1) => Target::Times(5.0),
            (Disk::Slow, ..) => Target::Share(1.0),
            (Disk::Fast, ..) => Target::None,
        };
        let p99 = if (disk, crowd.clients, crowd.events) == (Disk::Fast, 64, 1) { Target::Times(5.0) } else { Target::None };
        let raw = if disk == Disk::Fast { Target::Share(0.6) } else { Target::None };
        Targets { documented, tuned, p99, raw }
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
