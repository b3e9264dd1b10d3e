//! The second verifier, which shares no line with the first: one process for many folders.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan_audit::verify::{Class, Trust};
use serde_json::{Value, json};

/// A running verifier.
pub(super) struct Python {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What it says of a folder.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) exit: u8,
    /// Each once, gravest first.
    pub(super) classes: Vec<Class>,
    pub(super) problems: Vec<Value>,
    /// Checkpoints in hand that it could not check.
    pub(super) unchecked: Value,
}

impl Python {
    pub(super) fn start() -> Python {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/audit/batch.py");
        let child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!(
                "the second verifier needs python3, 3.9 or newer, and nothing else ({error}). Install it (Debian: \
                 python3) and run this again."
            )
        });
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Python { child, requests, answers }
    }

    /// Begins on a folder; [`Python::answer`] tells when it is done. `beside` takes what the auditor holds.
    pub(super) fn ask(&mut self, folder: &Path, trust: &Trust, beside: &Path) {
        let holds = trust.held.iter().enumerate().map(|(number, held)| write_held(beside, number, held));
        let keys = trust.keys.iter().map(ToString::to_string);
        let request = json!({
            "folder": folder, "keys": keys.collect::<Vec<_>>(), "holds": holds.collect::<Vec<_>>(),
        });
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{request}").and_then(|()| requests.flush()).unwrap();
    }

    pub(super) fn answer(&mut self) -> Answer {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the second verifier died"));
        assert!(told["crash"].is_null(), "{}", told["crash"].as_str().unwrap_or_default());
        let problems = told["problems"].as_array().unwrap().clone();
        let mut classes: Vec<Class> = problems.iter().map(class_of).collect();
        classes.sort();
        classes.dedup();
        let unchecked = told["unchecked"].clone();
        Answer { exit: told["exit"].as_u64().unwrap() as u8, classes, problems, unchecked }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // Without requests it ends.
        self.requests.take();
        let _ = self.child.wait();
    }
}

fn write_held(beside: &Path, number: usize, held: &SignedCheckpoint) -> String {
    fs::create_dir_all(beside).unwrap();
    let path = beside.join(format!("held-{number}"));
    fs::write(&path, held.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn class_of(problem: &Value) -> Class {
    let name = problem["class"].as_str().unwrap();
    Class::ALL.into_iter().find(|class| class.name() == name).unwrap_or_else(|| panic!("{name} is no class"))
}
