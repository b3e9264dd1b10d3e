//! Appending to SQLite: many clients, one client, and the whole engine, beside the bare INSERT.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aduan::command::ClearRequest;
use aduan::engine::Engine;
use aduan::rules::Rules;
use aduan::store::{Append, Ledger as _, Outcome};
use aduan::values::ComplaintId;
use aduan_measure::fsync::Fsyncs;
use aduan_measure::life::{Asked, Life, OUTER_KEY, ledger};
use aduan_measure::table::{Row, Target};
use aduan_memory::MemoryVault;
use aduan_sqlite::SqliteStore;
use tokio::runtime::Runtime;

use crate::bare::{Bare, Shape};

/// How much is measured, and on what disk.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) section: &'static str,
    pub(crate) rounds: usize,
    /// New complaints of each client, each round.
    pub(crate) lives: usize,
    /// What an fsync takes at least.
    pub(crate) fsync: Duration,
    /// How many times one durable commit per command 64 clients have to reach.
    pub(crate) times: f64,
    /// Whether the share of the bare INSERT has a target here.
    pub(crate) is_bound: bool,
}

pub(crate) fn section(load: Load, fsyncs: &Fsyncs) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let rules = Rules::mojokerto();
    let mut sides = Sides::create(folder.path(), &rules);
    let mut measured = Measured::default();
    fsyncs.slow_to(load.fsync);
    for round in 0..=load.rounds {
        let per_round = (CLIENTS * load.lives) as u64;
        let lives = Life::many(&rules, per_round * round as u64..per_round * (round as u64 + 1));
        for (phase, steps) in [(NEW, 0..1), (KNOWN, 1..7)] {
            let crop = Crop::of(&lives, steps);
            sides.play(&crop, fsyncs, &mut measured.0[phase], round);
        }
    }
    fsyncs.slow_to(Duration::ZERO);
    NAMES.into_iter().zip(&measured.0).flat_map(|(name, phase)| rows(load, name, phase)).collect()
}

fn rows(load: Load, name: &str, measured: &[Series; SIDES]) -> Vec<Row> {
    let speeds = |side: usize| measured[side].speeds.as_slice();
    let row = |what: String, ours: usize, baseline: usize, target| {
        Row::speeds(load.section, what, "/s", (speeds(ours), speeds(baseline)), target)
    };
    let share = if load.is_bound { Target::Share(0.7) } else { Target::None };
    let faster = if median(speeds(BARE_ROWS)) >= median(speeds(BARE_MANY)) { BARE_ROWS } else { BARE_MANY };
    let (target_of_rows, target_of_many) =
        if faster == BARE_ROWS { (share, Target::None) } else { (Target::None, share) };
    let mut rows = vec![
        row(format!("{name}, 64 clients : bare INSERT, row by row, same batch"), STORE_64, BARE_ROWS, target_of_rows),
        row(format!("{name}, 64 clients : bare multi-row INSERT, same batch"), STORE_64, BARE_MANY, target_of_many),
        row(
            format!("{name}, 64 clients : bare INSERT without guards, row by row"),
            STORE_64,
            BARE_UNGUARDED,
            Target::None,
        ),
        row(format!("{name}, 64 clients : bare INSERT, 64 commands a commit"), STORE_64, BARE_64, Target::None),
        row(
            format!("{name}, 64 clients : one durable commit a command"),
            STORE_64,
            BARE_ONE,
            Target::Times(load.times),
        ),
        row(format!("{name}, 1 client : one durable commit a command"), STORE_1, BARE_ONE, Target::None),
        row(format!("{name}, engine, 64 clients : one durable commit a command"), ENGINE_64, BARE_ONE, Target::None),
        row(
            format!("{name}, engine, 64 clients : bare INSERT, row by row, same batch"),
            ENGINE_64,
            BARE_ROWS,
            Target::None,
        ),
    ];
    let counted = [
        (STORE_64, "64 clients"),
        (STORE_1, "1 client"),
        (ENGINE_64, "engine, 64 clients"),
        (BARE_ROWS, "bare INSERT"),
        (BARE_ONE, "one durable commit a command"),
    ];
    rows.extend(counted.map(|(side, who)| {
        Row::alone(load.section, format!("{name}, {who}: fsyncs a command"), "", &measured[side].fsyncs)
    }));
    rows
}

/// The same commands in the forms the sides take.
struct Crop {
    /// For each client, in order.
    appends: Vec<Vec<Append>>,
    requests: Vec<Vec<(ComplaintId, ClearRequest)>>,
    commands: usize,
}

impl Crop {
    /// The given steps of every life; a client has whole lives, and works on all of them at once.
    fn of(lives: &[Life], steps: std::ops::Range<usize>) -> Self {
        let share = lives.len().div_ceil(CLIENTS);
        let by_client = |lives: &[Life]| -> Vec<(ComplaintId, Asked)> {
            let steps = steps.clone();
            steps.flat_map(|step| lives.iter().map(move |life| (life.id, life.asked[step].clone()))).collect()
        };
        let asked: Vec<Vec<(ComplaintId, Asked)>> = lives.chunks(share).map(by_client).collect();
        let appends = asked.iter().map(|asked| asked.iter().map(|(_, asked)| asked.append()).collect()).collect();
        let requests =
            asked.into_iter().map(|asked| asked.into_iter().map(|(id, asked)| (id, asked.clear)).collect()).collect();
        Crop { appends, requests, commands: lives.len() * steps.len() }
    }

    /// In the order in which clients that take turns send them.
    fn in_order(&self) -> Vec<&Append> {
        let longest = self.appends.iter().map(Vec::len).max().unwrap_or(0);
        (0..longest).flat_map(|place| self.appends.iter().filter_map(move |mine| mine.get(place))).collect()
    }
}

/// Every side on a file of its own.
struct Sides {
    runtime: Runtime,
    store: Arc<SqliteStore>,
    store_of_one: Arc<SqliteStore>,
    engine: Arc<Engine>,
    rows: Bare,
    many: Bare,
    unguarded: Bare,
    full: Bare,
    one: Bare,
    /// Commands a commit, as the store had them the last time.
    batch: usize,
}

impl Sides {
    fn create(folder: &Path, rules: &Rules) -> Self {
        let store = |name| Arc::new(SqliteStore::create(folder.join(name), &ledger()).expect("a new file"));
        let bare = |name, shape, with_guards| Bare::create(&folder.join(name), shape, with_guards);
        let vault = Arc::new(MemoryVault::new(OUTER_KEY));
        Sides {
            runtime: tokio::runtime::Builder::new_multi_thread().build().expect("threads for the clients"),
            store: store("store.db"),
            store_of_one: store("one-client.db"),
            engine: Arc::new(Engine::new(store("engine.db"), vault, rules.clone())),
            rows: bare("rows.db", Shape::RowByRow, true),
            many: bare("many.db", Shape::ManyRows, true),
            unguarded: bare("unguarded.db", Shape::RowByRow, false),
            full: bare("full.db", Shape::RowByRow, true),
            one: bare("one.db", Shape::RowByRow, true),
            batch: 1,
        }
    }

    /// Every side once, backwards every other round; the store first, since the others take its batch.
    fn play(&mut self, crop: &Crop, fsyncs: &Fsyncs, measured: &mut [Series; SIDES], round: usize) {
        let mut order: Vec<usize> = (0..SIDES).filter(|side| *side != STORE_64).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        order.insert(0, STORE_64);
        for side in order {
            let before = fsyncs.count();
            let took = self.take_turn(side, crop);
            let synced = (fsyncs.count() - before) as f64;
            if side == STORE_64 {
                self.batch = ((crop.commands as f64 / synced).ceil() as usize).max(1);
            }
            if round > 0 {
                measured[side].speeds.push(crop.commands as f64 / took.as_secs_f64());
                measured[side].fsyncs.push(synced / crop.commands as f64);
            }
        }
    }

    fn take_turn(&mut self, side: usize, crop: &Crop) -> Duration {
        match side {
            STORE_64 => append(&self.runtime, &self.store, crop.appends.clone()),
            STORE_1 => {
                let all = crop.in_order().into_iter().cloned().collect();
                append(&self.runtime, &self.store_of_one, vec![all])
            }
            ENGINE_64 => handle(&self.runtime, &self.engine, crop.requests.clone()),
            BARE_ROWS => self.rows.insert(&crop.in_order(), self.batch),
            BARE_MANY => self.many.insert(&crop.in_order(), self.batch),
            BARE_UNGUARDED => self.unguarded.insert(&crop.in_order(), self.batch),
            BARE_64 => self.full.insert(&crop.in_order(), CLIENTS),
            _ => self.one.insert(&crop.in_order(), 1),
        }
    }
}

/// Every client sends what it has, one command after another; timed until the last has its answer.
fn append(runtime: &Runtime, store: &Arc<SqliteStore>, clients: Vec<Vec<Append>>) -> Duration {
    runtime.block_on(async {
        let start = Instant::now();
        let clients = clients.into_iter().map(|mine| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for append in mine {
                    let outcome = store.append(append).await;
                    assert!(matches!(outcome, Ok(Outcome::Appended { .. })), "not appended: {outcome:?}");
                }
            })
        });
        finish(clients.collect()).await;
        start.elapsed()
    })
}

/// The same through the whole engine: sealed, decided, written and hashed on the way.
fn handle(runtime: &Runtime, engine: &Arc<Engine>, clients: Vec<Vec<(ComplaintId, ClearRequest)>>) -> Duration {
    runtime.block_on(async {
        let start = Instant::now();
        let clients = clients.into_iter().map(|mine| {
            let engine = Arc::clone(engine);
            tokio::spawn(async move {
                for (id, request) in mine {
                    let receipt = engine.handle(id, request).await;
                    assert!(receipt.is_ok_and(|receipt| !receipt.repeated), "every command here is new and lawful");
                }
            })
        });
        finish(clients.collect()).await;
        start.elapsed()
    })
}

async fn finish(clients: Vec<tokio::task::JoinHandle<()>>) {
    for client in clients {
        client.await.expect("a client says why it failed");
    }
}

/// What the sides of one phase did, round by round.
#[derive(Default)]
struct Measured([[Series; SIDES]; 2]);

#[derive(Default)]
struct Series {
    /// Commands a second.
    speeds: Vec<f64>,
    /// Fsyncs a command, those of checkpoints among them.
    fsyncs: Vec<f64>,
}

fn median(measured: &[f64]) -> f64 {
    aduan_measure::rounds::quartiles(measured).median
}

const CLIENTS: usize = 64;

const NEW: usize = 0;
const KNOWN: usize = 1;
const NAMES: [&str; 2] = ["new complaints", "existing ones"];

const SIDES: usize = 8;
const STORE_64: usize = 0;
const STORE_1: usize = 1;
const ENGINE_64: usize = 2;
const BARE_ROWS: usize = 3;
const BARE_MANY: usize = 4;
const BARE_UNGUARDED: usize = 5;
const BARE_64: usize = 6;
const BARE_ONE: usize = 7;
