//! The drill: a backup is restored, the signer refuses, the loss is admitted and agreed to, and the ledger goes on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::{Keyring, Rotation};
use aduan::audit::leaf;
use aduan::audit::note::NoteKey;
use aduan::audit::signer::{CheckpointSigner as _, Proposal, Refusal, SignerError};
use aduan::audit::tree::{Frontier, RangeHashes, consistency, is_consistent};
use aduan::event::Fact;
use aduan::store::{Entry, Log as _};
use aduan::values::{Digest, LedgerId};
use aduan_signer::RemoteSigner;
use aduan_sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::desk::{Desk, Ended};

/// A city: a desk with a ledger, and a signer of its own beside it.
struct City {
    desk: Desk,
    runtime: tokio::runtime::Runtime,
    server: Option<Child>,
    key: String,
    written: u32,
}

impl Drop for City {
    fn drop(&mut self) {
        self.stop_signer();
    }
}

impl City {
    fn new() -> Self {
        let desk = Desk::empty();
        assert_eq!(desk.run(&["init", "--ledger", "mojokerto"]).code, 0);
        let made = desk.json(&["signer", "init", "--keys", "keys", "--ledger", "mojokerto"]);
        let key = made["keys"][0].as_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut city = City { desk, runtime, server: None, key, written: 0 };
        city.start_signer(&[]);
        city
    }

    /// Starts it, and waits until it says that it listens.
    fn start_signer(&mut self, more: &[&str]) {
        let arguments = [&["signer", "serve", "--keys", "keys", "--socket", "socket", "--json"], more].concat();
        let mut child = self.desk.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("socket"), "{line}");
        self.server = Some(child);
    }

    fn stop_signer(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    fn signer(&self) -> RemoteSigner {
        RemoteSigner::new(self.desk.path("socket"))
    }

    /// So many complaints come in: an event each.
    fn write(&mut self, events: u32) {
        let line = |number: u32| {
            let receive = json!({ "channel": "walk-in", "class": "Complaint", "reference": format!("slip-{number}"), "text": "Lampu" });
            json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } })
        };
        let lines: String = (self.written..self.written + events).map(|number| format!("{}\n", line(number))).collect();
        self.written += events;
        assert_eq!(self.desk.do_lines(lines.as_bytes(), &[]).1.code, 0);
    }

    fn log(&self) -> Vec<Entry> {
        let store = SqliteStore::open_read_only(self.desk.path("aduan.db")).unwrap();
        self.runtime.block_on(store.after(0, 10_000)).unwrap().entries
    }

    fn leaves(&self) -> Vec<Digest> {
        let leaf = |entry: &Entry| leaf(entry.record.complaint, entry.record.sequence, entry.record.hash);
        self.log().iter().map(leaf).collect()
    }

    /// As a notary would propose the whole log, in a line.
    fn proposal(&self, line: u32) -> Proposal {
        let origin = Origin::of(&LedgerId::new("mojokerto").unwrap(), line);
        let base = self.runtime.block_on(self.signer().last(&origin)).unwrap();
        let (old, leaves) = (base.map_or(0, |base| base.checkpoint().size), self.leaves());
        let (ranges, mut hashes) = (consistency(old, leaves.len() as u64), RangeHashes::default());
        hashes.ask(&ranges);
        leaves.iter().enumerate().for_each(|(index, leaf)| hashes.push(index as u64, *leaf));
        let checkpoint = Checkpoint { origin, size: leaves.len() as u64, root: root_of(&leaves) };
        Proposal { checkpoint, old, proof: hashes.hashes(&ranges).unwrap_or_default() }
    }

    fn sign(&self, line: u32) -> Result<SignedCheckpoint, SignerError> {
        self.runtime.block_on(self.signer().sign(&self.proposal(line)))
    }

    fn back_up(&self) {
        let connection = rusqlite::Connection::open(self.desk.path("aduan.db")).unwrap();
        connection.execute("VACUUM INTO ?1", [self.desk.path("backup.db").to_str().unwrap()]).unwrap();
    }

    fn restore(&self) {
        for beside in ["aduan.db-wal", "aduan.db-shm", "aduan.db.read"] {
            let _ = fs::remove_file(self.desk.path(beside));
        }
        fs::copy(self.desk.path("backup.db"), self.desk.path("aduan.db")).unwrap();
    }

    fn fork(&self) -> Ended {
        self.fork_trusting(&self.key)
    }

    fn fork_trusting(&self, key: &str) -> Ended {
        self.desk.run(&["ledger", "fork", "--signer", "socket", "--key", key, "--json"])
    }

    fn agree(&mut self, kept: u64) -> Ended {
        self.stop_signer();
        let kept = kept.to_string();
        let agreed =
            self.desk.run(&["signer", "agree-to-fork", "--keys", "keys", "--ledger", "mojokerto", "--kept", &kept]);
        self.start_signer(&[]);
        agreed
    }
}

fn root_of(leaves: &[Digest]) -> Digest {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// What an auditor makes of a checkpoint in hand, from the log and the losses it admits.
fn judged(held: &Checkpoint, log: &[Entry]) -> &'static str {
    let leaves: Vec<Digest> =
        log.iter().map(|entry| leaf(entry.record.complaint, entry.record.sequence, entry.record.hash)).collect();
    let losses = log.iter().filter_map(|entry| match entry.record.event().unwrap().fact {
        Fact::Forked { kept, line, lost, root } => Some((line, kept, lost, root)),
        _ => None,
    });
    let left = losses.filter(|(line, ..)| *line > held.origin.line()).min_by_key(|(_, kept, ..)| *kept);
    match left {
        Some((_, kept, lost, root)) if held.size > kept => {
            let is_the_last = held.size == lost && held.origin.line() == 1;
            if is_the_last && held.root != root { "another history" } else { "an admitted loss" }
        }
        _ if held.size <= leaves.len() as u64 && root_of(&leaves[..held.size as usize]) == held.root => "consistent",
        _ => "another history",
    }
}

#[test]
fn a_restored_backup_goes_on_only_as_an_admitted_loss() {
    let mut city = City::new();
    city.write(10);
    let before = city.sign(1).unwrap();
    city.write(2);
    city.back_up();
    city.write(8);
    // The control: without a restore it signs.
    let lost = city.sign(1).unwrap();
    let stranger = NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap().verifier().to_string();
    assert_eq!(city.fork_trusting(&stranger).code, 3, "nothing is admitted on a stranger's word");
    let told = city.fork();
    assert_eq!(told.code, 3, "nothing was lost: {}{}", told.out, told.err);

    city.restore();
    city.write(2);
    let shorter = Refusal::Shorter { signed: 20, proposed: 14 };
    assert_eq!(city.sign(1), Err(SignerError::Refused(shorter)));
    assert_eq!(judged(lost.checkpoint(), &city.log()), "another history", "an auditor sees it, too");

    let told = city.fork();
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["kept"], &told["proved"]), (&json!(14), &json!(10)));
    assert_eq!((&told["lines"][0]["lost"], &told["lines"][0]["position"]), (&json!(20), &json!(15)));
    assert_eq!(told["lines"][0]["root"], json!(lost.checkpoint().root));
    let not_agreed = Refusal::NotAgreed("aduan/mojokerto/2".into());
    assert_eq!(city.sign(2), Err(SignerError::Refused(not_agreed)), "its keeper has not agreed");
    assert_eq!(city.fork().code, 3, "it is admitted already");

    assert_eq!(city.desk.run(&["signer", "key", "--keys", "keys"]).out.trim(), city.key);
    let busy = ["signer", "agree-to-fork", "--keys", "keys", "--ledger", "mojokerto", "--kept", "14"];
    assert_eq!(city.desk.run(&busy).code, 4, "it is serving");
    assert_eq!(city.agree(20).code, 3, "as much as was signed");
    assert_eq!(city.agree(14).code, 0);

    city.write(1);
    let after = city.sign(2).unwrap();
    assert_eq!((after.checkpoint().origin.as_str(), after.checkpoint().size), ("aduan/mojokerto/2", 16));
    let (old, new) = (before.checkpoint(), after.checkpoint());
    let (leaves, mut hashes) = (city.leaves(), RangeHashes::default());
    hashes.ask(&consistency(10, 16));
    leaves.iter().enumerate().for_each(|(index, leaf)| hashes.push(index as u64, *leaf));
    let proof = hashes.hashes(&consistency(10, 16)).unwrap();
    assert!(
        is_consistent((old.size, old.root), (new.size, new.root), &proof),
        "what was before the backup stays bound"
    );
    let log = city.log();
    assert_eq!(judged(old, &log), "consistent");
    assert_eq!(judged(lost.checkpoint(), &log), "an admitted loss");
    assert_eq!(judged(new, &log), "consistent");
    let keys = Keyring::new([city.key.parse().unwrap()]);
    assert!([&before, &lost, &after].iter().all(|signed| keys.attested(signed).is_ok()));
    assert!(matches!(city.sign(1), Err(SignerError::Refused(Refusal::LineLeft(_)))));

    let verified = city.desk.json(&["verify"]);
    assert_eq!(
        (&verified["problems"], &verified["complaints"], &verified["events"]),
        (&json!([]), &json!(15), &json!(16))
    );
    let summary = city.desk.json(&["summary"]);
    assert_eq!((&summary["complaints"], &summary["stages"]), (&json!(15), &json!({ "received": 15 })));
    assert_eq!(city.desk.run(&["replay", "--check"]).code, 0);
    let queue = city.desk.json(&["queue"]);
    assert_eq!(queue["waiting"].as_array().unwrap().len(), 15);
    let lines = city.desk.json(&["ledger", "lines"]);
    assert_eq!(lines["lines"][0], json!({ "origin": "aduan/mojokerto", "line": 1, "loss": null }));
    assert_eq!(lines["lines"][1]["loss"]["kept"], json!(14));
}

#[test]
fn a_backup_from_before_an_earlier_loss_admits_both() {
    let mut city = City::new();
    city.write(5);
    let kept = city.sign(1).unwrap();
    city.back_up();
    city.write(5);
    let first = city.sign(1).unwrap();
    city.restore();
    assert_eq!(city.fork().code, 0);
    assert_eq!(city.agree(5).code, 0);
    city.write(3);
    let second = city.sign(2).unwrap();

    city.restore();
    let told: Value = serde_json::from_str(&city.fork().out).unwrap();
    let lines: Vec<_> =
        told["lines"].as_array().unwrap().iter().map(|line| (&line["line"], &line["position"])).collect();
    assert_eq!(lines, [(&json!(2), &json!(6)), (&json!(3), &json!(7))]);
    assert_eq!(city.agree(5).code, 0);
    let third = city.sign(3).unwrap();
    let log = city.log();
    for (held, judgement) in
        [(&kept, "consistent"), (&first, "an admitted loss"), (&second, "an admitted loss"), (&third, "consistent")]
    {
        assert_eq!(judged(held.checkpoint(), &log), judgement, "{}", held.checkpoint().origin);
    }
    assert_eq!(city.desk.json(&["verify"])["problems"], json!([]));
}

#[test]
fn a_rewritten_ledger_is_no_loss_to_be_admitted() {
    let mut city = City::new();
    city.write(4);
    city.back_up();
    city.write(4);
    city.sign(1).unwrap();
    city.write(4);
    city.sign(1).unwrap();
    // An old backup, and other events up to where a checkpoint says what stood there.
    city.restore();
    city.write(6);
    let refused = city.fork();
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("before anything else is written"), "{}", refused.err);
    assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 1, "nothing was admitted");
    // Restored once more, and admitted first.
    city.restore();
    assert_eq!(city.fork().code, 0);
}

#[test]
fn a_signer_that_is_killed_at_any_moment_forgets_nothing_it_answered() {
    let mut city = City::new();
    let mut answered: Option<SignedCheckpoint> = None;
    for _ in 0..8 {
        city.write(3);
        let proposal = city.proposal(1);
        let request = json!({ "sign": {
            "origin": proposal.checkpoint.origin.as_str(), "size": proposal.checkpoint.size,
            "root": proposal.checkpoint.root, "old": proposal.old, "proof": proposal.proof,
        }});
        // It is killed with the request on its way: before, while or after it is written down.
        let mut stream = std::os::unix::net::UnixStream::connect(city.desk.path("socket")).unwrap();
        std::io::Write::write_all(&mut stream, format!("{request}\n").as_bytes()).unwrap();
        city.stop_signer();
        city.start_signer(&[]);
        let last = city.runtime.block_on(city.signer().last(&proposal.checkpoint.origin)).unwrap();
        assert!(last == answered || last.as_ref().unwrap().checkpoint() == &proposal.checkpoint);
        let signed = city.sign(1).unwrap();
        assert_eq!(signed.checkpoint(), &proposal.checkpoint, "it is signed now, if it was not before");
        answered = Some(signed);
    }
}

#[test]
fn a_key_is_rotated_and_the_statement_leads_from_the_old_one_to_the_new() {
    let mut city = City::new();
    city.write(3);
    let before = city.sign(1).unwrap();
    city.stop_signer();
    let rotated = city.desk.json(&["signer", "rotate", "--keys", "keys", "--ledger", "mojokerto"]);
    assert_eq!((&rotated["after"], &rotated["origin"]), (&json!(3), &json!("aduan/mojokerto")));
    city.start_signer(&["--now", "2030-01-01T00:00:00Z"]);
    city.write(1);
    let after = city.sign(1).unwrap();
    let told = city.runtime.block_on(city.signer().rotations(&before.checkpoint().origin)).unwrap();
    let printed: Rotation = rotated["rotation"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, [printed]);
    let mut keys = Keyring::new([city.key.parse().unwrap()]);
    assert!(keys.attested(&after).is_err());
    assert!(keys.hand_over(&told[0]));
    assert_eq!(keys.attested(&after).unwrap().at.unwrap().to_rfc3339(), "2030-01-01T00:00:00+00:00");
    assert_eq!(city.desk.json(&["signer", "key", "--keys", "keys"])["keys"][0], rotated["key"]);
}

#[test]
fn the_signers_lines_go_over_standard_input_and_output() {
    let mut city = City::new();
    city.write(1);
    let signed = city.sign(1).unwrap();
    city.stop_signer();
    let mut child = city.desk.command(&["signer", "serve", "--keys", "keys", "--stdio"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"{\"last\":{\"origin\":\"aduan/mojokerto\"}}\nhello\n").unwrap();
    drop(input);
    let ended = Ended::from(child.wait_with_output().unwrap());
    let answers: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((ended.code, answers.len()), (0, 2));
    assert_eq!(answers[0]["note"], json!(signed.to_string()));
    assert!(answers[1]["malformed"].is_string());
}

#[test]
fn a_signer_that_forgot_is_made_again_from_a_file_of_checkpoints() {
    let mut city = City::new();
    city.write(3);
    city.sign(1).unwrap();
    let last = {
        city.write(1);
        city.sign(1).unwrap()
    };
    city.stop_signer();
    let all = fs::read_to_string(city.desk.path("keys/signed")).unwrap();
    city.desk.write("checkpoints", all.split_once("%\n").unwrap().1);
    fs::rename(city.desk.path("keys/signed"), city.desk.path("lost")).unwrap();
    let init = ["signer", "init", "--keys", "keys", "--ledger", "mojokerto"];
    assert_eq!(city.desk.run(&init).code, 1, "it must be told");
    let again = city.desk.run(&[&init[..], &["--after", "checkpoints"]].concat());
    assert_eq!(again.code, 0, "{}", again.err);
    city.start_signer(&[]);
    let told = city.runtime.block_on(city.signer().last(&last.checkpoint().origin)).unwrap();
    assert_eq!(told, Some(last));
}
