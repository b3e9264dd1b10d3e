//! A ledger that moves into another store: the same bytes in the same places, or nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::desk::{Desk, Ended, root};

const TO: [&str; 4] = ["copy", "--to", "sqlite:new.db", "--json"];
const NEW: [&str; 4] = ["--store", "sqlite:new.db", "--vault", "aduan.db.vault"];
const MAP: &str = r#"
format = "csv"
source = "dinas"
zone = "WIB"
[columns]
reference = "nomor"
received = "masuk"
closed = "selesai"
agency = "opd"
text = "isi"
reporter = "nama"
"#;

/// A ledger with an import, and three complaints that were handled: one to its answer, one as another's duplicate.
/// More commands than are under way at once, and more events than fit on a page.
fn handled() -> (Desk, String) {
    let desk = Desk::new();
    let mut rows = String::from("nomor,masuk,selesai,opd,isi,nama\n");
    for number in 0..600 {
        rows += &format!("{number},2024-03-01T08:00:00Z,2024-03-04T08:00:00Z,dishub,lampu {number},Budi\n");
    }
    desk.write("dinas.csv", rows);
    desk.write("dinas.toml", MAP);
    assert_eq!(desk.json(&["import", "dinas.csv", "--map", "dinas.toml"])["complaints"], 600);
    let ids = ["WA-1", "WA-2", "WA-3"].map(|reference| receive(&desk, reference, &[]));
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    act(&desk, &ids[0], json!({ "role": "Admin" }), json!({ "Verify": { "classification": classification } }));
    act(&desk, &ids[0], json!({ "role": "Admin" }), json!({ "Dispose": { "to": "dishub" } }));
    let joined = act(&desk, &ids[2], json!({ "role": "Admin" }), json!({ "MarkDuplicate": { "of": ids[0] } }));
    assert_eq!(joined["events"], json!(["Closed"]), "and a note on the other");
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" } });
    act(&desk, &ids[0], json!({ "role": "Liaison", "agency": "dishub" }), respond);
    (desk, ids[0].as_str().unwrap().to_owned())
}

/// A new ledger with a complaint in it.
fn small() -> (Desk, String) {
    let desk = Desk::new();
    let id = receive(&desk, "WA-1", &[]).as_str().unwrap().to_owned();
    (desk, id)
}

fn receive(desk: &Desk, reference: &str, arguments: &[&str]) -> Value {
    let text = format!("Lampu mati di depan {reference}");
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": text });
    let line = json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } });
    desk.receipt(&line, arguments)["complaint"].clone()
}

fn act(desk: &Desk, complaint: &Value, by: Value, command: Value) -> Value {
    desk.receipt(&json!({ "complaint": complaint, "by": by, "command": command }), &[])
}

fn copy(desk: &Desk) -> Value {
    let ended = desk.run(&TO);
    assert_eq!(ended.code, 0, "{}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// A copy that must end with this code; what it says.
fn refused(desk: &Desk, code: i32) -> String {
    let ended = desk.run(&TO);
    assert_eq!(ended.code, code, "{}{}", ended.out, ended.err);
    ended.err
}

/// Every row of every table is the same in both files.
fn assert_equal(desk: &Desk) {
    let connection = Connection::open(desk.path("aduan.db")).unwrap();
    connection.execute("ATTACH ?1 AS new", [desk.path("new.db").to_str().unwrap()]).unwrap();
    let differences = |one: &str, other: &str| {
        let both = format!("SELECT count(*) FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other})");
        connection.query_row(&both, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    for table in ["events", "ledger", "boxes", "keys", "attestations"] {
        let (old, new) = (format!("main.{table}"), format!("new.{table}"));
        assert_eq!((differences(&old, &new), differences(&new, &old)), (0, 0), "{table}");
    }
    assert_eq!(differences("new.documents", "main.documents"), 0);
}

/// How many events are in the copy; none where there is none.
fn events_copied(desk: &Desk) -> i64 {
    let count = |connection: Connection| connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0));
    Connection::open_with_flags(desk.path("new.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(count).unwrap_or(0)
}

#[test]
fn a_copy_is_the_same_ledger_and_proves_an_old_head() {
    let (desk, id) = handled();
    let receive_once = json!({ "Receive": { "channel": "walk-in", "class": "Information", "text": "Jam buka?" } });
    let once = "01900000-0000-7000-8000-000000000001";
    let once = json!({ "id": once, "by": { "role": "Intake" }, "command": receive_once });
    let receipt = desk.receipt(&once, &[]);
    assert_eq!(desk.run(&["verify", "--save-head", "head"]).code, 0);
    let report = desk.json(&["verify"]);

    let copied = copy(&desk);
    assert_eq!(
        (&copied["ledger"], &copied["already_there"], &copied["behind"]),
        (&json!("aduan"), &json!(0), &json!(0))
    );
    assert_eq!((&copied["events"], &copied["complaints"]), (&report["events"], &report["complaints"]));
    assert_eq!((&copied["keys"], &copied["head"]), (&json!(604), &report["saved_head"]));
    assert_equal(&desk);
    assert_eq!(desk.run(&[&NEW[..], &["verify", "--head", "head"]].concat()).code, 0);

    // The vault of the old store opens the new one, and life goes on there.
    let history = ["history", "--reveal", &id, "--now", "2030-01-01T00:00:00Z"];
    let (old, new) = (desk.json(&history), desk.json(&[&NEW[..], &history].concat()));
    assert_eq!(old, new);
    assert_eq!(new["events"][0]["fact"]["text"], "Lampu mati di depan WA-1");
    assert_eq!(desk.json(&["summary"]), desk.json(&[&NEW[..], &["summary"]].concat()));
    let again = desk.receipt(&once, &NEW);
    assert_eq!((&again["repeated"], &again["record_hash"]), (&json!(true), &receipt["record_hash"]));
    receive(&desk, "WA-4", &NEW);
    assert_eq!(desk.run(&[&NEW[..], &["verify", "--head", "head"]].concat()).code, 0);
}

#[test]
fn a_second_copy_copies_nothing_and_says_how_to_go_on() {
    let (desk, _) = handled();
    let first = copy(&desk);
    let second = copy(&desk);
    for nothing in ["complaints", "events", "boxes", "keys", "documents"] {
        assert_eq!(second[nothing], 0, "{nothing}");
    }
    assert_eq!((&second["already_there"], &second["head"]), (&first["events"], &first["head"]));
    let Ended { out, .. } = desk.run(&TO[..3]);
    let vault = desk.path("aduan.db.vault").canonicalize().unwrap();
    assert!(out.contains(&format!("aduan --store 'sqlite:new.db' --vault '{}'", vault.display())), "{out}");
}

#[test]
fn a_copy_goes_on_where_the_one_before_ended() {
    let (desk, id) = handled();
    let before = copy(&desk);
    receive(&desk, "WA-5", &[]);
    act(
        &desk,
        &json!(id),
        json!({ "role": "Admin" }),
        json!({ "Annotate": { "note": "Remark", "text": "Warga berterima kasih" } }),
    );
    let copied = copy(&desk);
    assert_eq!((&copied["already_there"], &copied["events"]), (&before["events"], &json!(2)));
    assert_equal(&desk);
    // The new store by itself is a source, too.
    let back = desk.json(&["copy", "--from", "sqlite:new.db", "--to", "sqlite:third.db", "--vault", "aduan.db.vault"]);
    assert_eq!(back["head"], copied["head"]);
    let into_memory = desk.json(&["copy", "--to", "memory:"]);
    assert_eq!((&into_memory["head"], &into_memory["keys"]), (&copied["head"], &json!(604)));
}

#[test]
fn a_copy_that_is_killed_goes_on() {
    let (desk, _) = handled();
    let mut child = desk.command(&TO).stdout(Stdio::null()).spawn().unwrap();
    while events_copied(&desk) == 0 && child.try_wait().unwrap().is_none() {}
    child.kill().unwrap();
    child.wait().unwrap();
    let there = events_copied(&desk);
    let copied = copy(&desk);
    println!("killed with {there} events there");
    assert_eq!(copied["already_there"], there);
    assert_equal(&desk);
}

#[test]
fn keys_that_no_record_names_go_with_their_complaint_or_stop_it() {
    let (desk, _) = small();
    let rewrap = |epoch: u32| {
        let again = "INSERT INTO keys SELECT ledger, aggregate_id, ?1, commitment, wrapped FROM keys WHERE epoch = 1";
        Connection::open(desk.path("aduan.db")).unwrap().execute(again, [epoch]).unwrap();
    };
    rewrap(2);
    assert_eq!(copy(&desk)["keys"], 2);
    assert_equal(&desk);
    rewrap(3);
    let told = refused(&desk, 1);
    assert!(told.contains("of epoch 3"), "{told}");
}

#[test]
fn another_history_is_refused() {
    let (desk, id) = small();
    std::fs::copy(desk.path("aduan.db"), desk.path("old.db")).unwrap();
    receive(&desk, "WA-2", &[]);
    copy(&desk);

    // Shorter than the target.
    let shorter = desk.run(&["copy", "--from", "sqlite:old.db", "--to", "sqlite:new.db"]);
    assert_eq!(shorter.code, 2, "{}", shorter.err);
    // As long, and longer, but not the same.
    let same_vault = ["--store", "sqlite:old.db", "--vault", "aduan.db.vault"];
    for reference in ["WA-3", "WA-4"] {
        receive(&desk, reference, &same_vault);
        let another = desk.run(&["copy", "--from", "sqlite:old.db", "--to", "sqlite:new.db"]);
        assert_eq!(another.code, 2, "{}", another.err);
        assert!(another.err.contains("another history: up to position 2"), "{}", another.err);
    }
    // What went on in the target alone is another history as well.
    let admin = json!({ "by": { "role": "Admin" }, "complaint": id, "command": { "Annotate": { "note": "Remark", "text": "Di sini" } } });
    desk.receipt(&admin, &NEW);
    receive(&desk, "WA-3", &[]);
    refused(&desk, 2);
    assert_eq!(events_copied(&desk), 3);
}

#[test]
fn a_source_with_a_problem_is_not_copied() {
    let (desk, _) = handled();
    let end = copy(&desk)["events"].as_i64().unwrap();
    receive(&desk, "WA-5", &[]);
    let last = receive(&desk, "WA-6", &[]);
    let tampered = "UPDATE events SET payload = replace(payload, 'whatsapp', 'walk-in') WHERE position = ?1";
    assert_eq!(desk.unguarded().execute(tampered, [end + 1]), Ok(1));
    let told = refused(&desk, 5);
    assert!(told.contains(&format!("position {}", end + 1)) && told.contains("source"), "{told}");
    assert_eq!(events_copied(&desk), end);
    assert_eq!(desk.run(&[&NEW[..], &["show", last.as_str().unwrap()]].concat()).code, 3, "nothing beyond it");
    assert_eq!(desk.run(&[&NEW[..], &["verify"]].concat()).code, 0);
}

#[test]
fn a_source_that_lacks_a_box_a_key_or_a_document_is_not_copied() {
    for lost in ["DELETE FROM boxes", "DELETE FROM keys", "DELETE FROM documents WHERE kind = 'calendar'"] {
        let (desk, _) = small();
        desk.unguarded().execute_batch(lost).unwrap();
        refused(&desk, 5);
        assert_eq!(events_copied(&desk), 0, "{lost}");
    }
}

#[test]
fn a_target_that_is_not_of_this_ledger_is_refused() {
    let (desk, _) = small();
    assert_eq!(desk.run(&["--store", "sqlite:new.db", "init", "--ledger", "kediri"]).code, 0);
    let told = refused(&desk, 2);
    assert!(told.contains("kediri"), "{told}");
    let itself = desk.run(&["copy", "--to", "sqlite:aduan.db"]);
    assert_eq!(itself.code, 2, "{}", itself.err);
    assert_eq!(desk.run(&["copy", "--from", "sqlite:nowhere.db", "--to", "sqlite:third.db"]).code, 1);
    assert!(!desk.path("third.db").exists());
}

#[test]
fn a_copy_reads_beside_a_writer_and_writes_beside_none() {
    let (desk, _) = small();
    let hold = |store: &str| {
        let mut command = desk.command(&["--vault", "aduan.db.vault", "--store", store, "do"]);
        let mut writer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = writer.stdin.take().unwrap();
        writeln!(lines, "nonsense").unwrap();
        let mut answers = BufReader::new(writer.stdout.take().unwrap()).lines();
        answers.next().unwrap().unwrap();
        (writer, lines)
    };
    let (mut writer, lines) = hold("sqlite:aduan.db");
    assert_eq!(copy(&desk)["events"], 1);
    drop(lines);
    writer.wait().unwrap();
    let (mut writer, lines) = hold("sqlite:new.db");
    refused(&desk, 4);
    drop(lines);
    writer.wait().unwrap();
}

#[test]
fn a_city_of_thousands_is_copied() {
    let Some(file) = crate::desk::material("tabular/boston311_2011_first2000.csv") else { return };
    let desk = Desk::new();
    let map = root().join("examples/maps/boston311.toml").display().to_string();
    desk.json(&["import", file.to_str().unwrap(), "--map", &map, "--rejects", "rejects.csv"]);
    let copied = copy(&desk);
    println!("boston: {copied}");
    assert_eq!((&copied["events"], &copied["complaints"]), (&json!(9290), &json!(2000)));
    assert_equal(&desk);
}
