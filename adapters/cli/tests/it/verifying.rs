//! What `verify` finds when somebody has been at the file with the guards switched off.

use aduan::store::Head;
use aduan::values::{Digest, LedgerId};
use serde_json::{Value, json};

use crate::desk::Desk;

/// A ledger with three complaints of three events each, in turn, and its head.
fn written() -> (Desk, String) {
    let desk = Desk::new();
    let mut ids = Vec::new();
    for reference in ["WA-1", "WA-2", "WA-3"] {
        let receive =
            json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": "Lampu mati" });
        let line = json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } });
        ids.push(desk.receipt(&line, &[])["complaint"].clone());
    }
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    let steps = [json!({ "Verify": { "classification": classification } }), json!({ "Dispose": { "to": "dishub" } })];
    let mut lines = String::new();
    for step in steps {
        for id in &ids {
            lines += &json!({ "complaint": id, "by": { "role": "Admin" }, "command": step }).to_string();
            lines.push('\n');
        }
    }
    assert_eq!(desk.do_lines(lines.as_bytes(), &[]).1.code, 0);
    let saved = desk.run(&["verify", "--save-head", "head"]);
    assert_eq!(saved.code, 0, "{}", saved.out);
    let head = std::fs::read_to_string(desk.path("head")).unwrap().trim().to_owned();
    (desk, head)
}

fn problems(desk: &Desk, arguments: &[&str]) -> Vec<(u64, String)> {
    let ended = desk.run(&[&["verify", "--json"], arguments].concat());
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(ended.code, if problems.is_empty() { 0 } else { 5 });
    let told = |problem: &Value| (problem["position"].as_u64().unwrap(), problem["kind"].as_str().unwrap().to_owned());
    problems.iter().map(told).collect()
}

fn finds(desk: &Desk, arguments: &[&str], position: u64, kind: &str) {
    let found = problems(desk, arguments);
    assert!(found.contains(&(position, kind.to_owned())), "{found:?}");
}

#[test]
fn a_sound_log_leads_to_its_saved_head() {
    let (desk, head) = written();
    assert!(head.starts_with("aduan,9,"));
    assert!(problems(&desk, &["--head", &head]).is_empty());
    assert!(problems(&desk, &["--head", "head"]).is_empty());
    // The log grows; the old head still lies on it.
    desk.run(&["tick", "--now", "2030-01-01T00:00:00Z"]);
    assert!(desk.json(&["verify"])["events"].as_u64() > Some(9));
    assert!(problems(&desk, &["--head", "head"]).is_empty());
}

#[test]
fn finds_a_changed_byte_in_a_payload() {
    let (desk, _) = written();
    let changed = desk
        .unguarded()
        .execute("UPDATE events SET payload = replace(payload, 'penerangan', 'penerengan') WHERE position = 5", []);
    assert_eq!(changed, Ok(1));
    finds(&desk, &[], 5, "Chain");
}

#[test]
fn finds_a_changed_byte_that_breaks_the_json() {
    let (desk, _) = written();
    desk.unguarded().execute("UPDATE events SET payload = substr(payload, 2) WHERE position = 5", []).unwrap();
    finds(&desk, &[], 5, "Chain");
    finds(&desk, &[], 5, "Unreadable");
}

#[test]
fn finds_a_deleted_row() {
    let (desk, _) = written();
    desk.unguarded().execute("DELETE FROM events WHERE position IN (4, 6)", []).unwrap();
    finds(&desk, &[], 4, "Position");
    finds(&desk, &[], 6, "Position");
    finds(&desk, &[], 7, "Chain");
}

#[test]
fn finds_two_swapped_rows_of_a_complaint() {
    let (desk, _) = written();
    swap(&desk, 4, 7);
    finds(&desk, &[], 4, "Chain");
    finds(&desk, &[], 7, "Chain");
}

#[test]
fn finds_two_swapped_rows_of_two_complaints_when_one_had_not_begun() {
    let (desk, _) = written();
    swap(&desk, 1, 5);
    assert!(!problems(&desk, &[]).is_empty());
}

/// Each complaint has a chain of its own; the log hash binds their order.
#[test]
fn finds_two_swapped_commands_of_two_complaints() {
    let (desk, _) = written();
    swap(&desk, 4, 5);
    finds(&desk, &[], 9, "Head");
}

fn swap(desk: &Desk, one: i64, other: i64) {
    let connection = desk.unguarded();
    for (from, to) in [(one, -1), (other, one), (-1, other)] {
        connection.execute("UPDATE events SET position = ?2 WHERE position = ?1", [from, to]).unwrap();
    }
}

#[test]
fn tells_that_guards_were_dropped_even_where_nothing_was_changed() {
    let (desk, _) = written();
    assert_eq!(desk.json(&["verify"])["altered_guard"], Value::Null);
    drop(desk.unguarded());
    let report = desk.json(&["verify"]);
    assert_eq!(report["problems"], json!([]));
    assert!(report["altered_guard"].as_str().is_some_and(|name| name.ends_with("_guard")), "{report}");
    assert_eq!(desk.run(&["tick"]).code, 5, "nobody writes over it");
}

#[test]
fn finds_a_box_that_is_missing_and_one_that_was_changed() {
    let (desk, _) = written();
    let connection = desk.unguarded();
    let first = "WHERE rowid = (SELECT min(rowid) FROM boxes)";
    connection.execute(&format!("UPDATE boxes SET bytes = x'00' {first}"), []).unwrap();
    let found = problems(&desk, &[]);
    assert_eq!(found.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["Box"]);
    connection.execute(&format!("DELETE FROM boxes {first}"), []).unwrap();
    assert_eq!(problems(&desk, &[]).len(), 1);
}

#[test]
fn finds_a_key_and_a_document_that_are_missing() {
    let (desk, _) = written();
    let connection = desk.unguarded();
    connection.execute("DELETE FROM keys WHERE commitment = (SELECT min(commitment) FROM keys)", []).unwrap();
    assert_eq!(problems(&desk, &[]).iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["Box"]);
    connection.execute("UPDATE documents SET text = text || ' ' WHERE kind = 'calendar'", []).unwrap();
    finds(&desk, &[], 1, "Document");
}

#[test]
fn finds_a_cut_tail_even_when_the_ledger_row_was_cut_too() {
    let (desk, head) = written();
    let connection = desk.unguarded();
    connection.execute("DELETE FROM events WHERE position > 7", []).unwrap();
    finds(&desk, &[], 8, "Position");
    let cut = "UPDATE ledger SET position = 7, record_hash = (SELECT record_hash FROM events WHERE position = 7)";
    connection.execute(cut, []).unwrap();
    finds(&desk, &[], 7, "Head");
    // Whoever recomputes the log hash too is found out only by a head that was saved elsewhere.
    let mut forged = Head::empty(LedgerId::new("aduan").unwrap());
    let mut hashes = connection.prepare("SELECT record_hash FROM events ORDER BY position").unwrap();
    let hashes = hashes.query_map([], |row| row.get::<_, [u8; 32]>(0)).unwrap();
    hashes.for_each(|hash| forged.advance(Digest(hash.unwrap())));
    connection.execute("UPDATE ledger SET log_hash = ?1", [forged.log_hash.0]).unwrap();
    assert!(problems(&desk, &[]).is_empty(), "the log alone cannot tell");
    finds(&desk, &["--head", &head], 7, "Head");
    let unsaved = desk.run(&["verify", "--head", &head, "--save-head", "head"]);
    assert_eq!(unsaved.code, 5);
    assert_eq!(std::fs::read_to_string(desk.path("head")).unwrap().trim(), head, "a head of a cut log is not saved");
}

#[test]
fn finds_records_behind_the_end() {
    let (desk, _) = written();
    let cut = "UPDATE ledger SET position = 7, record_hash = (SELECT record_hash FROM events WHERE position = 7)";
    desk.unguarded().execute(cut, []).unwrap();
    // It is told where the log really ends.
    finds(&desk, &[], 10, "Position");
}

#[test]
fn a_head_that_is_none_is_not_understood() {
    let (desk, _) = written();
    assert_eq!(desk.run(&["verify", "--head", "nowhere"]).code, 1);
    desk.write("nonsense", "nonsense");
    assert_eq!(desk.run(&["verify", "--head", "nonsense"]).code, 2);
    let of_another = format!("kediri,1,{}", "0".repeat(64));
    assert_eq!(desk.run(&["verify", "--head", &of_another]).code, 2);
}
