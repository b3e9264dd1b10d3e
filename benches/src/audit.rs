//! Export and verification of a ledger beside SHA-256 of the same bytes, and the memory verification takes.
//!
//! The folder is verified by a process of its own, so that what made it leaves no trace in the figures.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::leaf;
use aduan::audit::note::NoteKey;
use aduan::audit::tree::Frontier;
use aduan::rules::Rules;
use aduan::store::{Attestation, Attestations, Ledger as _, Log as _, Outcome, StoreError};
use aduan_audit::export::{Export, export};
use aduan_audit::manifest::Scope;
use aduan_audit::verify::{Trust, verify};
use aduan_measure::life::{Life, ledger};
use aduan_measure::rounds::{in_turn, timed};
use aduan_measure::table::{Row, Target};
use aduan_sqlite::SqliteStore;
use sha2::{Digest as _, Sha256};

const SECTION: &str = "audit: an auditor's folder, beside SHA-256 of its bytes";

/// What a verification in a process of its own took.
#[derive(serde::Serialize, serde::Deserialize)]
struct Took {
    records: u64,
    seconds: f64,
    /// Of all threads.
    cpu_seconds: f64,
    peak_bytes: f64,
}

/// The folder of all events, and of two thirds of them: of a million, both fill the shares that are judged at a time.
pub(crate) fn section(rounds: usize, lives: u64) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads to run on");
    let place = tempfile::tempdir().expect("a temporary folder");
    let (part, all) = (place.path().join("part"), place.path().join("all"));
    let store = runtime.block_on(filled(&place.path().join("city.db"), lives));
    let early = (lives * 2 / 3).next_multiple_of(BESIDE).min(lives);
    runtime.block_on(exported(&store, 10 * early, &part));
    let (mut exporting, mut verifying, mut cpu, mut hashing, mut peaks) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let _ = fs::remove_dir_all(&all);
        exporting.push(timed(|| runtime.block_on(exported(&store, 10 * lives, &all))).as_secs_f64());
        hashing.push(hashed(&all).as_secs_f64());
        let took = verified(&all);
        assert_eq!(took.records, 10 * lives, "the whole folder was verified");
        verifying.push(took.seconds);
        cpu.push(took.records as f64 / took.cpu_seconds);
        peaks.push((verified(&part).peak_bytes, took.peak_bytes));
    }
    let events = 10.0 * lives as f64;
    let rates = |seconds: &[f64]| seconds.iter().map(|seconds| events / seconds).collect::<Vec<_>>();
    let (early, late): (Vec<f64>, Vec<f64>) = peaks.into_iter().unzip();
    let shares: Vec<f64> = early.iter().zip(&late).map(|(early, late)| early / late).collect();
    let megabytes = |bytes: &[f64]| bytes.iter().map(|bytes| bytes / 1e6).collect::<Vec<_>>();
    let mut rows = hashes(31);
    rows.extend([
        Row::speeds(
            SECTION,
            format!("export of {events} events from SQLite"),
            "events/s",
            (&rates(&exporting), &rates(&hashing)),
            Target::None,
        ),
        Row::speeds(
            SECTION,
            "verification: everything, on all cores",
            "events/s",
            (&rates(&verifying), &rates(&hashing)),
            Target::None,
        ),
        Row::alone(SECTION, "verification with rules and verdicts, a core", "events/s", &cpu).at_least(150_000.0),
        Row::alone(SECTION, "memory of two thirds of them", "MB", &megabytes(&early)),
        Row::alone(SECTION, "memory of all of them", "MB", &megabytes(&late)),
        Row::alone(SECTION, "the first of the second: flat", "share", &shares).at_least(0.8),
    ]);
    rows
}

/// The process that verifies: `ratios --verify FOLDER`.
pub(crate) fn verify_alone(folder: &str) -> String {
    let trust = Trust::in_keys(vec![key().verifier()]);
    let mut records = 0;
    let seconds = timed(|| {
        let found = verify(Path::new(folder), &trust, |_, _| {});
        assert_eq!(found.problems, [], "a sound folder");
        records = found.records;
    });
    let took = Took { records, seconds: seconds.as_secs_f64(), cpu_seconds: cpu_seconds(), peak_bytes: peak_bytes() };
    serde_json::to_string(&took).expect("four numbers")
}

fn verified(folder: &Path) -> Took {
    let program = std::env::current_exe().expect("this program is a file");
    let output = Command::new(program).arg("--verify").arg(folder).output().expect("this program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("what it took")
}

/// Hashes of records, leaves and tree, beside SHA-256 of the same bytes in one go a record.
fn hashes(rounds: usize) -> Vec<Row> {
    let lives = Life::many(&Rules::mojokerto(), 0..2_000);
    let records: Vec<_> = lives.iter().flat_map(Life::records).collect();
    let ledger = ledger();
    let mut ours = || {
        timed(|| {
            let mut tree = Frontier::default();
            for record in &records {
                assert!(record.check_hash(&ledger).is_ok());
                tree.push(leaf(record.complaint, record.sequence, record.hash));
            }
            tree.root()
        })
    };
    let mut bare = || {
        timed(|| {
            for record in &records {
                let mut hasher = Sha256::new();
                hasher.update(record.payload.as_bytes());
                hasher.update(record.metadata.as_bytes());
                std::hint::black_box(hasher.finalize());
            }
        })
    };
    let [ours, bare] = in_turn(rounds, [&mut ours, &mut bare]);
    let what = "record hash, leaf and tree, against bare sha2";
    vec![Row::times(SECTION, what, "ns", records.len(), (&ours, &bare), Target::Share(0.5))]
}

/// A ledger of so many lives, ten events each, a thousand of them side by side.
async fn filled(path: &Path, lives: u64) -> Arc<SqliteStore> {
    let store = Arc::new(SqliteStore::create(path, &ledger()).expect("a new file"));
    let rules = Rules::mojokerto();
    store.keep(&rules.documents()).await.expect("they are kept");
    for first in (0..lives).step_by(BESIDE as usize) {
        let lives = Life::many(&rules, first..(first + BESIDE).min(lives));
        for step in 0..10 {
            let appends = lives.iter().filter_map(|life| life.asked.get(step)).map(|asked| asked.append());
            let tasks: Vec<_> = appends
                .map(|append| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.append(append).await })
                })
                .collect();
            for task in tasks {
                let outcome = task.await.expect("it ends").expect("it is stored");
                assert!(matches!(outcome, Outcome::Appended { .. }), "{outcome:?}");
            }
        }
    }
    store
}

/// The folder of the first `size` events, under a checkpoint of just these.
async fn exported(store: &Arc<SqliteStore>, size: u64, folder: &Path) {
    let checkpoint = signed(store, size).await;
    let what = Export {
        store: store.clone(),
        attestations: Arc::new(Nothing),
        checkpoint,
        held: Vec::new(),
        scope: Scope::Whole,
        boxes: false,
        keys: None,
        folder: folder.to_owned(),
        made_at: "2024-04-16T08:00:00Z".to_owned(),
        made_by: "ratios".to_owned(),
    };
    let written = export(what, |_, _| {}).await.expect("a sound ledger");
    assert!(written.leads_to_checkpoint);
}

/// The one checkpoint is handed over by itself.
struct Nothing;

#[async_trait::async_trait]
impl Attestations for Nothing {
    async fn keep_attestation(&self, _: &Attestation) -> Result<(), StoreError> {
        Ok(())
    }

    async fn attestations(&self, _: Option<&Attestation>, _: usize) -> Result<Vec<Attestation>, StoreError> {
        Ok(Vec::new())
    }
}

/// Signed in a second after everything here: what lives record is not measured by the clock of this machine.
async fn signed(store: &SqliteStore, size: u64) -> SignedCheckpoint {
    let mut tree = Frontier::default();
    while tree.size() < size {
        let page = store.after(tree.size(), 4_096).await.expect("a sound ledger");
        for entry in page.entries.iter().take((size - tree.size()) as usize) {
            tree.push(leaf(entry.record.complaint, entry.record.sequence, entry.record.hash));
        }
    }
    let origin = Origin::of(&ledger(), 1);
    Checkpoint { origin, size, root: tree.root() }.sign(&key(), FAR_AHEAD)
}

fn key() -> NoteKey {
    NoteKey::from_seed(Origin::of(&ledger(), 1).as_str(), &[7; 32]).expect("a name")
}

/// SHA-256 of every file in a folder, as a program does that knows nothing of what is in them.
fn hashed(folder: &Path) -> Duration {
    let mut buffer = vec![0; 1 << 18];
    timed(|| {
        for name in ["records.jsonl", "leaves.bin", "states.jsonl"] {
            let mut file = File::open(folder.join(name)).expect("it was written");
            let mut hasher = Sha256::new();
            loop {
                let read = file.read(&mut buffer).expect("it can be read");
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
            }
            std::hint::black_box(hasher.finalize());
        }
    })
}

fn peak_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
    1024.0 * kilobytes
}

/// Of all threads of this process, in user and system.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells it");
    let behind = stat.rsplit_once(") ").expect("a name in brackets").1;
    let ticks = behind.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / TICKS
}

/// Complaints that live at the same time.
const BESIDE: u64 = 1_000;
const FAR_AHEAD: u64 = 4_102_444_800;
/// A second, as Linux counts for programs on every machine of today.
const TICKS: f64 = 100.0;
