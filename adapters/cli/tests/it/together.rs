//! Two processes at one ledger: one writes, the others read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::desk::{Desk, holds};

#[test]
fn a_second_writer_is_told_and_readers_go_on() {
    let desk = Desk::new();
    let mut writer = desk.command(&["do"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = writer.stdin.take().unwrap();
    let mut answers = BufReader::new(writer.stdout.take().unwrap()).lines();
    let canary = "Kenari-di-tambang";
    let receive = json!({ "channel": "walk-in", "class": "Complaint", "text": canary });
    writeln!(lines, "{}", json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } })).unwrap();
    let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
    let id = answer["receipt"]["complaint"].as_str().unwrap();

    // What was answered is in the write-ahead log by now, and not in the clear.
    assert!(std::fs::metadata(desk.path("aduan.db-wal")).unwrap().len() > 0);
    assert!(!holds(&desk.raw_bytes(), canary));

    desk.write("lines", "");
    for second in [&["do", "lines"][..], &["tick"], &["init"]] {
        let ended = desk.run(second);
        assert_eq!(ended.code, 4, "{second:?}: {}", ended.err);
        assert!(ended.err.contains("another process"), "{}", ended.err);
    }
    assert_eq!(desk.json(&["show", id])["stage"], "Received");
    assert_eq!(desk.json(&["history", "--reveal", id])["events"][0]["fact"]["text"], canary);
    assert_eq!(desk.json(&["summary"])["events"], 1);
    assert_eq!(desk.json(&["verify"])["problems"], json!([]));

    drop(lines);
    assert!(writer.wait().unwrap().success());
    assert_eq!(desk.run(&["tick"]).code, 0, "the lock went with its holder");
}
