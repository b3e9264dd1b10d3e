//! A process that is killed in the middle: what it acknowledged is there, and nothing counts twice.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn what_was_acknowledged_survives_a_kill_and_a_retry_adds_nothing() {
    for acknowledged in [0, 1, 3, 10, 40] {
        let desk = Desk::new();
        let lines: Vec<Value> = (0..120).map(line).collect();
        killed_after(&desk, &lines, acknowledged);

        assert_eq!(desk.json(&["verify"])["problems"], json!([]), "killed after {acknowledged} answers");
        let stored = desk.json(&["summary"])["events"].as_u64().unwrap();
        assert!(stored >= acknowledged as u64, "{acknowledged} were acknowledged, {stored} are there");

        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (answers, ended) = desk.do_lines(text.as_bytes(), &[]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let repeated = |answer: &&Value| answer["receipt"]["repeated"] == true;
        assert!(answers.iter().take(acknowledged).all(|answer| repeated(&answer)));
        assert_eq!(answers.iter().filter(repeated).count() as u64, stored, "what was stored is known");
        assert_eq!(desk.json(&["summary"])["events"], 120, "each command has one effect");
    }
}

/// Sends lines until some are answered, then kills the process with the rest on its way.
fn killed_after(desk: &Desk, lines: &[Value], acknowledged: usize) {
    let mut child = desk.command(&["do"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let writing = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
    let taken = answers.take(acknowledged).map(Result::unwrap).count();
    assert_eq!(taken, acknowledged);
    child.kill().unwrap();
    child.wait().unwrap();
    writing.join().unwrap();
}

fn line(number: u32) -> Value {
    let receive = json!({ "channel": "walk-in", "class": "Complaint", "reference": format!("slip-{number}"), "text": "Lampu mati" });
    json!({
        "id": format!("01900000-0000-7000-8000-{number:012x}"),
        "by": { "role": "Intake" }, "command": { "Receive": receive },
    })
}
