//! A city: a desk with a ledger, a signer of its own beside it, and the notary that has its checkpoints signed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Stdio};

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::notes;
use aduan::audit::signer::CheckpointSigner as _;
use aduan::values::LedgerId;
use aduan_signer::RemoteSigner;
use serde_json::{Value, json};

use crate::desk::{Desk, Ended};

/// A desk with the ledger `mojokerto`, and its signer, which listens at `socket`.
pub(crate) struct City {
    pub(crate) desk: Desk,
    /// The public key that the signer began with.
    pub(crate) key: String,
    runtime: tokio::runtime::Runtime,
    server: Option<Child>,
    written: u32,
}

/// Where the way of a request to sign ends, and the signer with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// Half of it arrived.
    Half,
    /// All of it is on its way.
    Sent,
    /// The answer is on its way back.
    Answered,
}

impl Drop for City {
    fn drop(&mut self) {
        self.stop_signer();
    }
}

impl City {
    pub(crate) fn new() -> Self {
        let desk = Desk::empty();
        assert_eq!(desk.run(&["init", "--ledger", "mojokerto"]).code, 0);
        let made = desk.json(&["signer", "init", "--keys", "keys", "--ledger", "mojokerto"]);
        let key = made["keys"][0].as_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut city = City { desk, key, runtime, server: None, written: 0 };
        city.start_signer(&[]);
        city
    }

    /// Starts it, and waits until it says that it listens.
    pub(crate) fn start_signer(&mut self, more: &[&str]) {
        let arguments = [&["signer", "serve", "--keys", "keys", "--socket", "socket", "--json"], more].concat();
        let mut child = self.desk.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("socket"), "{line}");
        self.server = Some(child);
    }

    pub(crate) fn stop_signer(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// What the signer remembers to have signed last, in a line.
    pub(crate) fn remembered(&self, line: u32) -> Option<SignedCheckpoint> {
        self.runtime.block_on(self.signer().last(&origin(line))).unwrap()
    }

    /// The keys that the signer says were handed over.
    pub(crate) fn handed_over(&self) -> Vec<Rotation> {
        self.runtime.block_on(self.signer().rotations(&origin(1))).unwrap()
    }

    fn signer(&self) -> RemoteSigner {
        RemoteSigner::new(self.desk.path("socket"))
    }

    /// So many complaints come in: an event each.
    pub(crate) fn write(&mut self, events: u32) {
        self.write_to(events, &[]);
    }

    /// So many come in where somebody keeps another copy of the ledger.
    pub(crate) fn write_to(&mut self, events: u32, place: &[&str]) {
        let line = |number: u32| {
            let receive = json!({ "channel": "walk-in", "class": "Complaint", "reference": format!("slip-{number}"), "text": "Lampu" });
            json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } })
        };
        let lines: String = (self.written..self.written + events).map(|number| format!("{}\n", line(number))).collect();
        self.written += events;
        let (answers, ended) = self.desk.do_lines(lines.as_bytes(), place);
        assert_eq!(ended.code, 0, "{answers:?}{}", ended.err);
    }

    /// `aduan notary --once`, which takes the city's first key and those it handed over to, and appends to `held`.
    pub(crate) fn notarise(&self, more: &[&str]) -> Ended {
        self.desk.run(&[&self.notary("socket"), more].concat())
    }

    fn notary<'a>(&'a self, socket: &'a str) -> [&'a str; 9] {
        ["notary", "--signer", socket, "--key", &self.key, "--checkpoints", "held", "--once", "--json"]
    }

    /// Has everything signed that is written; the checkpoint of it.
    pub(crate) fn sign(&self) -> SignedCheckpoint {
        let ended = self.notarise(&[]);
        assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
        self.held().pop().unwrap()
    }

    /// The checkpoints that notaries appended outside of the ledger.
    pub(crate) fn held(&self) -> Vec<SignedCheckpoint> {
        let text = fs::read_to_string(self.desk.path("held")).unwrap();
        notes::split(&text).filter_map(|note| note.parse().ok()).collect()
    }

    /// Has a notary ask for a checkpoint, and kills the signer where the request to sign is cut; what the signer had
    /// answered by then, and how the notary ended.
    pub(crate) fn sign_cut(&mut self, cut: Cut) -> (Option<SignedCheckpoint>, Ended) {
        let between = self.desk.path("between");
        let listener = UnixListener::bind(&between).unwrap();
        let mut notary = self.desk.command(&self.notary("between"));
        let notary = notary.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let answered = loop {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            BufReader::new(&client).read_until(b'\n', &mut request).unwrap();
            let mut signer = UnixStream::connect(self.desk.path("socket")).unwrap();
            let is_to_sign = request.starts_with(b"{\"sign\"");
            let arrives = if is_to_sign && cut == Cut::Half { request.len() / 2 } else { request.len() };
            signer.write_all(&request[..arrives]).unwrap();
            let mut answer = Vec::new();
            if !is_to_sign || cut == Cut::Answered {
                BufReader::new(&signer).read_until(b'\n', &mut answer).unwrap();
            }
            if !is_to_sign {
                client.write_all(&answer).unwrap();
                continue;
            }
            self.stop_signer();
            break serde_json::from_slice::<Value>(&answer).ok();
        };
        drop(listener);
        fs::remove_file(between).unwrap();
        let answered = answered.map(|answer| answer["note"].as_str().unwrap().parse().unwrap());
        (answered, notary.wait_with_output().unwrap().into())
    }

    /// Has a loss admitted by way of a signer that goes away when it is asked for what it signed last in that line.
    pub(crate) fn fork_until_asked_for(&mut self, line: u32) -> Ended {
        let between = self.desk.path("between");
        let listener = UnixListener::bind(&between).unwrap();
        let mut fork = self.desk.command(&["ledger", "fork", "--signer", "between", "--key", &self.key, "--json"]);
        let fork = fork.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let asked_for = json!({ "last": { "origin": origin(line).as_str() } });
        loop {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            BufReader::new(&client).read_until(b'\n', &mut request).unwrap();
            if serde_json::from_slice::<Value>(&request).unwrap() == asked_for {
                break;
            }
            let mut signer = UnixStream::connect(self.desk.path("socket")).unwrap();
            signer.write_all(&request).unwrap();
            let mut answer = Vec::new();
            BufReader::new(&signer).read_until(b'\n', &mut answer).unwrap();
            client.write_all(&answer).unwrap();
        }
        drop(listener);
        fs::remove_file(between).unwrap();
        fork.wait_with_output().unwrap().into()
    }

    /// Writes checkpoints into a file, as somebody holds them; its name.
    pub(crate) fn hold<'n>(&self, name: &'n str, checkpoints: &[&SignedCheckpoint]) -> &'n str {
        let alone = checkpoints.len() == 1;
        let note = |signed: &&SignedCheckpoint| if alone { signed.to_string() } else { notes::ended(signed) };
        self.desk.write(name, checkpoints.iter().map(note).collect::<String>());
        name
    }

    /// The ledger, held against a checkpoint in hand.
    pub(crate) fn against(&self, held: &SignedCheckpoint) -> Ended {
        self.hold("in-hand", &[held]);
        self.desk.run(&["verify", "--against", "in-hand", "--key", &self.key, "--json"])
    }

    pub(crate) fn back_up(&self, name: &str) {
        let connection = rusqlite::Connection::open(self.desk.path("aduan.db")).unwrap();
        connection.execute("VACUUM INTO ?1", [self.desk.path(name).to_str().unwrap()]).unwrap();
    }

    pub(crate) fn restore(&self, name: &str) {
        for beside in ["aduan.db-wal", "aduan.db-shm", "aduan.db.read"] {
            let _ = fs::remove_file(self.desk.path(beside));
        }
        fs::copy(self.desk.path(name), self.desk.path("aduan.db")).unwrap();
    }

    /// Alters the ledger past its guards, and puts them back, as somebody would who wants nobody to see it.
    pub(crate) fn alter(&self, how: &str) {
        let guards: Vec<String> = {
            let connection = rusqlite::Connection::open(self.desk.path("aduan.db")).unwrap();
            let mut found = connection.prepare("SELECT sql FROM sqlite_master WHERE type = 'trigger'").unwrap();
            found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let connection = self.desk.unguarded();
        connection.execute_batch(how).unwrap();
        assert!(connection.changes() > 0, "{how}");
        connection.execute_batch(&guards.join(";\n")).unwrap();
    }

    pub(crate) fn fork(&self) -> Ended {
        self.fork_trusting(&self.key)
    }

    pub(crate) fn fork_trusting(&self, key: &str) -> Ended {
        self.desk.run(&["ledger", "fork", "--signer", "socket", "--key", key, "--json"])
    }

    pub(crate) fn agree(&mut self, kept: u64) -> Ended {
        self.stop_signer();
        let lines = self.desk.json(&["ledger", "lines"]);
        let lost = lines["lines"].as_array().unwrap().last().unwrap()["loss"]["lost"].to_string();
        let command = ["signer", "agree-to-fork", "--keys", "keys", "--ledger", "mojokerto"];
        let agreed = self.desk.run(&[&command[..], &["--kept", &kept.to_string(), "--lost", &lost]].concat());
        self.start_signer(&[]);
        agreed
    }

    /// Writes five more, has them signed, and loses them to a backup that kept so many: admitted, and agreed to. What
    /// was signed of them.
    pub(crate) fn lose(&mut self, kept: u64, backup: &str) -> SignedCheckpoint {
        self.write(5);
        let lost = self.sign();
        self.restore(backup);
        assert_eq!(self.fork().code, 0);
        assert_eq!(self.agree(kept).code, 0);
        lost
    }

    /// Hands over to a new key; what is printed of it.
    pub(crate) fn rotate(&mut self) -> Value {
        self.stop_signer();
        let rotated = self.desk.json(&["signer", "rotate", "--keys", "keys", "--ledger", "mojokerto"]);
        self.start_signer(&[]);
        rotated
    }
}

/// A line of the city's ledger.
pub(crate) fn origin(line: u32) -> Origin {
    Origin::of(&LedgerId::new("mojokerto").unwrap(), line)
}
