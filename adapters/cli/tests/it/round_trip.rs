//! A complaint's life by the command line.

use serde_json::{Value, json};

use crate::desk::{Desk, Ended};

const AT: [&str; 6] = [
    "2024-03-04T08:00:00+07:00",
    "2024-03-04T09:00:00+07:00",
    "2024-03-04T10:00:00+07:00",
    "2024-03-05T10:00:00+07:00",
    "2024-04-30T08:00:00+07:00",
    "2024-04-30T09:00:00+07:00",
];

fn received(desk: &Desk) -> Value {
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": "WA-1",
        "reporter": "Siti Aminah", "text": "Lampu jalan mati" });
    let line = json!({ "at": AT[0], "by": { "role": "Intake" }, "command": { "Receive": receive } });
    desk.receipt(&line, &["--simulate"])
}

fn act(desk: &Desk, complaint: &Value, at: &str, by: Value, command: Value) -> Value {
    let line = json!({ "complaint": complaint, "at": at, "by": by, "command": command });
    desk.receipt(&line, &["--simulate"])
}

#[test]
fn a_complaint_lives_from_receipt_to_rating() {
    let desk = Desk::new();
    let receipt = received(&desk);
    let (id, tracking) = (&receipt["complaint"], &receipt["tracking"]);
    assert_eq!(receipt["events"], json!(["Received"]));
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    act(&desk, id, AT[1], json!({ "role": "Admin" }), json!({ "Verify": { "classification": classification } }));
    act(&desk, id, AT[2], json!({ "role": "Admin" }), json!({ "Dispose": { "to": "dishub" } }));
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" } });
    let liaison = json!({ "role": "Liaison", "agency": "dishub" });
    act(&desk, id, AT[3], liaison, respond);

    let number = tracking["number"].as_str().unwrap();
    let show = desk.json(&["show", number, "--now", AT[3]]);
    assert_eq!((&show["complaint"], &show["stage"]), (id, &json!("Responded")));
    let verdicts: Vec<_> =
        show["clocks"].as_array().unwrap().iter().map(|clock| (&clock["kind"], &clock["verdict"])).collect();
    assert!(verdicts.contains(&(&json!("Statutory"), &json!("Met"))), "{verdicts:?}");

    let ticked = desk.json(&["tick", "--now", AT[4]]);
    let done = &ticked["done"][0];
    assert_eq!((&done["complaint"], &done["event"]), (id, &json!("Closed")));
    assert_eq!(desk.json(&["tick", "--now", AT[4]])["done"], json!([]), "a second tick adds nothing");

    let citizen = json!({ "role": "Complainant", "secret": tracking["secret"] });
    // The closing happened when the reply window was over; the rating window is counted from there.
    act(&desk, id, AT[5], citizen, json!({ "Rate": { "cycle": 1, "score": 5 } }));

    let summary = desk.json(&["summary", "--now", AT[5]]);
    assert_eq!(summary["closures"], json!({ "resolved_silence": 1 }));
    assert_eq!(summary["clocks"]["statutory"]["met"], 1);
    assert_eq!(summary["ratings"], json!({ "count": 1, "sum": 5, "stars": [0, 0, 0, 0, 1] }));
    let report = desk.json(&["verify"]);
    assert_eq!((&report["problems"], &report["events"]), (&json!([]), &json!(6)));
}

#[test]
fn history_is_sealed_until_somebody_means_to_read_it() {
    let desk = Desk::new();
    let id = received(&desk)["complaint"].as_str().unwrap().to_owned();
    let sealed = desk.run(&["history", &id]);
    assert!(sealed.out.contains("text: [sealed]") && !sealed.out.contains("Lampu"));
    let open = desk.json(&["history", "--reveal", &id]);
    assert_eq!(open["events"][0]["fact"]["text"], "Lampu jalan mati");
    assert_eq!(open["events"][0]["fact"]["secret"], Value::Null, "whoever has that digest is the complainant");
    std::fs::rename(desk.path("aduan.db.vault"), desk.path("elsewhere")).unwrap();
    assert_eq!(desk.run(&["history", &id]).code, 0, "what is not personal needs no vault");
    assert_eq!(desk.run(&["history", "--reveal", &id]).code, 1);
    assert_eq!(desk.run(&["init"]).code, 1, "a new vault would not open old texts");
    assert_eq!(desk.run(&["history", "--reveal", &id, "--vault", "elsewhere"]).code, 0);
}

#[test]
fn a_command_sent_twice_has_one_effect() {
    let desk = Desk::new();
    let id = "018e8a00-0000-7000-8000-000000000001";
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": "WA-1", "text": "Banjir" });
    let line = json!({ "id": id, "by": { "role": "Intake" }, "command": { "Receive": receive } });
    let first = desk.receipt(&line, &[]);
    let second = desk.receipt(&line, &[]);
    assert_eq!((&first["repeated"], &second["repeated"]), (&json!(false), &json!(true)));
    assert_eq!(first["record_hash"], second["record_hash"]);
    assert_eq!(desk.json(&["summary"])["events"], 1);
}

#[test]
fn init_says_where_everything_lies_and_is_harmless_twice() {
    let desk = Desk::empty();
    let Ended { code, out, .. } = desk.run(&["init", "--ledger", "mojokerto"]);
    assert_eq!(code, 0);
    assert!(out.contains("aduan.db.vault") && out.contains("lost for good") && out.contains("backup is both"), "{out}");
    assert_eq!(desk.run(&["init", "--ledger", "mojokerto"]).code, 0);
    assert_eq!(desk.run(&["init", "--ledger", "kediri"]).code, 1);
    assert!(desk.run(&["verify"]).out.contains("head mojokerto,0,"));
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let desk = Desk::empty();
    let help = desk.run(&["--help"]);
    assert!(help.out.contains("Exit codes:"));
    assert_eq!(desk.run(&["verify"]).code, 1, "no ledger");
    assert_eq!(desk.run(&["frobnicate"]).code, 2);
    assert_eq!(desk.run(&["--store", "postgres:x", "verify"]).code, 2);
    desk.run(&["init"]);
    assert_eq!(desk.run(&["show", "nobody"]).code, 2);
    let unknown = desk.run(&["show", "018e8a00-0000-7000-8000-000000000001", "--json"]);
    let told: Value = serde_json::from_str(&unknown.err).unwrap();
    assert_eq!((unknown.code, &told["error"]["exit"]), (3, &json!(3)));
    desk.write("aduan.db.vault", "nonsense");
    assert_eq!(desk.run(&["tick"]).code, 5);
}

#[test]
fn a_ledger_in_memory_lasts_for_one_run() {
    let desk = Desk::empty();
    let receive = json!({ "channel": "sms-1708", "class": "Information", "text": "Jam buka?" });
    let line = json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } });
    assert_eq!(desk.receipt(&line, &["--store", "memory:"])["version"], 1);
    assert_eq!(desk.json(&["summary", "--store", "memory:"])["events"], 0);
    assert_eq!(std::fs::read_dir(desk.path(".")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn rules_of_ones_own_replace_the_built_in_ones() {
    let desk = Desk::new();
    let policy = include_str!("../../../../core/data/policies/id-sp4n-2018.toml");
    desk.write("own.toml", policy.replacen("name = \"", "name = \"own-", 1));
    let receive = json!({ "channel": "sms-1708", "class": "Information", "text": "Jam buka?" });
    let line = json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } });
    let receipt = desk.receipt(&line, &["--policy", "own.toml"]);
    let show = desk.json(&["show", receipt["complaint"].as_str().unwrap()]);
    assert!(show["policy"].as_str().unwrap().starts_with("own-"), "{}", show["policy"]);
    desk.write("own.toml", "name = 1");
    assert_eq!(desk.run(&["tick", "--policy", "own.toml"]).code, 2);
}

#[test]
fn the_schema_tells_programs_what_a_line_is() {
    let schema = Desk::empty().json(&["schema"]);
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["by", "command"]));
}

#[test]
fn texts_that_a_vault_cannot_open_are_told_and_fail() {
    let desk = Desk::new();
    let id = received(&desk)["complaint"].as_str().unwrap().to_owned();
    let other = Desk::new();
    std::fs::copy(other.path("aduan.db.vault"), desk.path("other.vault")).unwrap();
    let ended = desk.run(&["--vault", "other.vault", "history", "--reveal", &id]);
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("[unreadable]"));
    assert_eq!(desk.run(&["history", "--reveal", &id]).code, 0);
}

#[test]
fn a_walk_in_without_a_reference_is_found_again_by_its_command() {
    let desk = Desk::new();
    let receive = json!({ "channel": "walk-in", "class": "Complaint", "text": "Lampu mati" });
    let line = json!({ "id": "01900000-0000-7000-8000-000000000001", "by": { "role": "Intake" }, "command": { "Receive": receive } });
    let (first, second) = (desk.receipt(&line, &[]), desk.receipt(&line, &[]));
    assert_eq!((&first["complaint"], first["repeated"].as_bool()), (&second["complaint"], Some(false)));
    assert_eq!(second["repeated"], true);
    assert_eq!(first["tracking"]["number"], second["tracking"]["number"]);
    assert_eq!(desk.json(&["summary"])["events"], 1);
}
