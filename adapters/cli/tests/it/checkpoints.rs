//! Checkpoints as officers, auditors and witnesses meet them.

use std::sync::Arc;

use aduan::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use aduan::audit::notary::{Cadence, Mandate, Notary};
use aduan::audit::note::{KeyKind, NoteKey, VerifierKey};
use aduan::audit::proof::ConsistencyProof;
use aduan::audit::sink::TableSink;
use aduan::values::LedgerId;
use aduan_sqlite::SqliteStore;
use aduan_testkit::signer::MemorySigner;
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::desk::Desk;

/// A desk, and the signer of its ledger.
struct Office {
    desk: Desk,
    signer: Arc<MemorySigner>,
}

impl Office {
    fn new() -> Self {
        let signer = Arc::new(MemorySigner::of(&LedgerId::new("aduan").unwrap(), 1));
        signer.set_clock(DateTime::from_timestamp(1_711_688_400, 0).unwrap());
        Office { desk: Desk::new(), signer }
    }

    fn receive(&self, count: u32) {
        for _ in 0..count {
            let receive = json!({ "channel": "walk-in", "class": "Complaint", "text": "Lampu mati" });
            self.desk.receipt(&json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } }), &[]);
        }
    }

    /// Has a checkpoint made, as `aduan notary --once` does.
    fn attest(&self) -> SignedCheckpoint {
        let store = Arc::new(SqliteStore::open(self.desk.path("aduan.db")).unwrap());
        run(async {
            let mandate = Mandate { cadence: Cadence::AT_ONCE, ..Mandate::default() };
            let sink = Arc::new(TableSink(store.clone()));
            let mut notary = Notary::open(store, self.signer.clone(), vec![sink], mandate).await.unwrap();
            notary.step(Utc::now()).await.unwrap().unwrap()
        })
    }

    fn checkpoints(&self, arguments: &[&str]) -> Value {
        self.desk.json(&[&["checkpoints"], arguments].concat())
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A witness's key, and what others verify it by.
fn witness(seed: u8) -> (NoteKey, VerifierKey) {
    let key = NoteKey::from_seed("inspektorat.example", &[seed; 32]).unwrap();
    let verifier = key.verifier().of_kind(KeyKind::Timed);
    (key, verifier)
}

const LONG_AGO: [&str; 2] = ["--now", "2020-01-01T00:00:00Z"];
const MUCH_LATER: [&str; 2] = ["--now", "2199-01-01T00:00:00Z"];

#[test]
fn they_are_listed_with_how_far_the_last_one_is_behind_and_what_is_late_is_said() {
    let office = Office::new();
    let told = |arguments: &[&str]| {
        let ended = office.desk.run(&[&["checkpoints"], arguments].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        ended.out
    };
    assert!(told(&[]).contains("the ledger is empty"));
    office.receive(2);
    assert!(told(&LONG_AGO).contains("no checkpoint yet: 2 events"));
    assert!(told(&MUCH_LATER).contains("NO CHECKPOINT: none of 2 events"));
    let (first, root) =
        (office.attest(), |signed: &SignedCheckpoint| signed.to_string().lines().nth(2).unwrap().to_owned());
    assert!(told(&MUCH_LATER).contains("all 2 events are in the last one"), "however old it is");
    office.receive(3);
    assert!(told(&LONG_AGO).contains("3 of 5 events are in none yet"));
    assert!(told(&MUCH_LATER).contains("LATE: 3 of 5 events are in none"));
    assert!(told(&[&LONG_AGO[..], &["--every-events", "1"]].concat()).contains("LATE"), "too many");

    let listed = office.checkpoints(&MUCH_LATER);
    let key = office.signer.verifier().to_string();
    let wanted = json!([{ "origin": "aduan/aduan", "size": 2, "root": root(&first), "key": key.split('+').nth(1),
                          "at": "2024-03-29T05:00:00Z", "witnesses": [] }]);
    assert_eq!(listed["checkpoints"], wanted);
    let second = office.attest();
    assert_eq!(office.checkpoints(&MUCH_LATER)["is_late"], false);
    assert_eq!(office.checkpoints(&["--last", "1"])["checkpoints"][0]["root"], json!(root(&second)));
    assert_eq!(office.checkpoints(&[])["checkpoints"].as_array().unwrap().len(), 2);
    let lines = told(&[]);
    assert!(lines.contains(&root(&first)) && lines.contains(&root(&second)), "{lines}");
}

#[test]
fn the_last_one_alone_is_what_was_signed() {
    let office = Office::new();
    let ended = office.desk.run(&["checkpoints", "--out", "receipt"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("keeps no checkpoint"), "{}", ended.err);
    office.receive(1);
    office.attest();
    office.receive(1);
    let last = office.attest();
    assert_eq!(office.desk.run(&["checkpoints", "--out", "receipt"]).code, 0);
    assert_eq!(std::fs::read_to_string(office.desk.path("receipt")).unwrap(), last.to_string());
}

#[test]
fn a_witness_is_asked_with_proof_and_its_line_is_kept_only_if_it_is_true() {
    let office = Office::new();
    office.receive(3);
    let first = office.attest();
    office.receive(4);
    let last = office.attest();
    let asked = |old: &str| office.desk.run(&["checkpoints", "--for-witness", old]);
    let request: ConsistencyProof = asked("3").out.parse().unwrap();
    assert_eq!(request.checkpoint, last);
    assert!(request.holds_for(first.checkpoint()));
    assert!(!request.holds_for(last.checkpoint()), "of that size only");
    assert!(asked("0").out.starts_with("old 0\n\n"), "a witness that saw none");
    assert_eq!(asked("8").code, 2);

    let (key, verifier) = witness(7);
    let vkey = verifier.to_string();
    let line = key.sign_timed(last.note(), 1_711_700_000);
    // As a witness answers: its line alone; or the note with it.
    office.desk.write("answer", format!("{line}\n"));
    let add = |file: &str, vkey: &str| office.desk.run(&["checkpoints", "--add", file, "--witness", vkey]);
    let (_, other) = witness(8);
    assert_eq!(add("answer", &other.to_string()).code, 3, "not of that witness");
    let never_kept = Checkpoint { size: 5, ..first.checkpoint().clone() };
    office.desk.write("stray", format!("{}\n", key.sign_timed(&never_kept.note(), 1)));
    assert_eq!(add("stray", &vkey).code, 3, "over nothing that is kept");
    assert_eq!(office.checkpoints(&[])["checkpoints"][1]["witnesses"], json!([]));
    assert_eq!(add("answer", &vkey).code, 0);
    assert_eq!(add("answer", &vkey).code, 0, "twice is harmless");
    let (late_key, late) = witness(9);
    let mut note = first.note().clone();
    note.add(late_key.sign_timed(&note, 1_711_800_000));
    office.desk.write("late", note.to_string());
    assert_eq!(add("late", &late.to_string()).code, 0, "an older one");
    let listed = office.checkpoints(&[]);
    assert_eq!(listed["checkpoints"].as_array().unwrap().len(), 2, "each once");
    assert_eq!(listed["checkpoints"][1]["witnesses"], json!(["inspektorat.example"]));
    assert_eq!(listed["checkpoints"][0]["witnesses"], json!(["inspektorat.example"]));
    office.desk.run(&["checkpoints", "--out", "witnessed"]);
    let witnessed = std::fs::read_to_string(office.desk.path("witnessed")).unwrap();
    let witnessed: SignedCheckpoint = witnessed.parse().unwrap();
    assert_eq!(witnessed.note().is_signed_by(&verifier), Some(1_711_700_000));
    assert!(witnessed.attested(&[office.signer.verifier()]).is_ok());
    assert_eq!(add("aduan.db", &vkey).code, 1, "no text");
    office.desk.write("prose", "Saya saksi.\n");
    assert_eq!(add("prose", &vkey).code, 2);
}

#[test]
fn a_tail_that_was_cut_is_said_to_be_missing() {
    let office = Office::new();
    office.receive(4);
    office.attest();
    let cut = office.desk.unguarded();
    let to = "DELETE FROM events WHERE position > 3; UPDATE ledger SET position = 3, \
              record_hash = (SELECT record_hash FROM events WHERE position = 3)";
    cut.execute_batch(to).unwrap();
    drop(cut);
    let ended = office.desk.run(&["checkpoints"]);
    assert_eq!(ended.code, 5);
    assert!(ended.out.contains("MISSING: 4 events were attested, and the log ends at 3"), "{}", ended.out);
    assert_eq!(office.desk.run(&["checkpoints", "--for-witness", "0"]).code, 5);
}

#[test]
fn a_copy_takes_them_along_and_nothing_twice() {
    let office = Office::new();
    office.receive(2);
    office.attest();
    let copied = office.desk.json(&["copy", "--to", "sqlite:new.db"]);
    assert_eq!(copied["attestations"], 1);
    office.receive(1);
    office.attest();
    assert_eq!(office.desk.json(&["copy", "--to", "sqlite:new.db"])["attestations"], 1);
    assert_eq!(office.desk.json(&["copy", "--to", "sqlite:new.db"])["attestations"], 0);
    let old = office.checkpoints(&[]);
    let new = office.desk.json(&["checkpoints", "--store", "sqlite:new.db"]);
    assert_eq!(new["checkpoints"], old["checkpoints"]);
    assert_eq!(new["checkpoints"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_of_an_older_release_has_none_until_it_is_written_to() {
    let office = Office::new();
    office.receive(1);
    let before = "DROP TABLE attestations; PRAGMA user_version = 1";
    Connection::open(office.desk.path("aduan.db")).unwrap().execute_batch(before).unwrap();
    assert_eq!(office.checkpoints(&[])["checkpoints"], json!([]));
    assert_eq!(office.desk.json(&["verify"])["problems"], json!([]));
    office.attest();
    assert_eq!(office.checkpoints(&[])["checkpoints"].as_array().unwrap().len(), 1);
}

#[test]
fn without_a_signer_nothing_is_made_and_it_is_said() {
    let office = Office::new();
    office.receive(1);
    let ended = office.desk.run(&["notary", "--signer", "nowhere.sock", "--once"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("nowhere.sock"), "{}", ended.err);
    assert_eq!(office.desk.run(&["notary"]).code, 2, "who signs must be said");
    assert_eq!(office.desk.run(&["notary", "--signer", "s", "--key", "aduan+00000000+AQ=="]).code, 2);
    assert_eq!(office.checkpoints(&[])["checkpoints"], json!([]));
}
