//! `export` as people run it: whole files, figures that agree with the ledger, and nothing that must not leave.

use serde_json::{Value, json};

use crate::desk::Desk;

/// A ledger with a complaint that was answered, one that is open, and a whistleblower's report.
fn desk() -> Desk {
    let desk = Desk::new();
    let answered = received(&desk, json!({ "channel": "whatsapp", "class": "Complaint", "text": "Lampu KENARI mati" }));
    let admin = json!({ "role": "Admin" });
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    act(&desk, &answered, &admin, &json!({ "Verify": { "classification": classification } }));
    act(&desk, &answered, &admin, &json!({ "Dispose": { "to": "dishub" } }));
    let liaison = json!({ "role": "Liaison", "agency": "dishub", "person": "petugas-7" });
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah KENARI" } });
    act(&desk, &answered, &liaison, &respond);
    received(&desk, json!({ "channel": "facebook", "class": "Information", "text": "Jam buka?" }));
    let visibility = "Whistleblower";
    let report = json!({ "channel": "walk-in", "class": "Supervisory", "text": "Pungli", "visibility": visibility, "whistleblowing": true });
    received(&desk, report);
    desk
}

fn received(desk: &Desk, receive: Value) -> Value {
    desk.receipt(&json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } }), &[])
}

fn act(desk: &Desk, receipt: &Value, by: &Value, command: &Value) {
    desk.receipt(&json!({ "complaint": receipt["complaint"], "by": by, "command": command }), &[]);
}

const FORMATS: [&str; 5] = ["event-csv", "xes", "ocel", "cloudevents", "georeport-csv"];

#[test]
fn figures_agree_with_the_ledger_in_every_form() {
    let desk = desk();
    let position = desk.json(&["summary"])["events"].clone();
    for format in FORMATS {
        let told = desk.json(&["export", "--format", format, "--out", "out"]);
        assert_eq!((&told["cases"], &told["events"]), (&json!(2), &json!(5)), "{format}");
        assert_eq!((&told["withheld_cases"], &told["withheld_events"]), (&json!(1), &json!(1)), "{format}");
        assert_eq!(told["position"], position);
        let document = std::fs::read_to_string(desk.path("out")).unwrap();
        assert!(!document.contains("KENARI") && !document.contains("supervisory"), "{format}");
        assert_eq!(document.contains("petugas-7"), format != "georeport-csv", "{format}");
        assert!(document.contains("dishub"), "{format}");
    }
    let told = desk.json(&["export", "--format", "xes", "--out", "out", "--with-confidential"]);
    assert_eq!((&told["cases"], &told["withheld_cases"]), (&json!(3), &json!(0)));
    assert!(std::fs::read_to_string(desk.path("out")).unwrap().contains("supervisory"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(desk.path("out")).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "only its owner reads it");
    }
}

#[test]
fn standard_output_holds_the_document_and_standard_error_the_figures() {
    let desk = desk();
    let ended = desk.run(&["export", "--format", "cloudevents"]);
    assert_eq!((ended.code, ended.out.lines().count()), (0, 5));
    assert!(ended.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(ended.err.contains("2 cases and 5 events") && ended.err.contains("withheld"), "{}", ended.err);
    let ended = desk.run(&["export", "--format", "cloudevents", "--json"]);
    let told: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((ended.out.lines().count(), &told["events"]), (5, &json!(5)));
    #[cfg(unix)]
    {
        // By a name of its own, too; and through a link, which stays one.
        let whole = desk.run(&["export", "--format", "cloudevents"]).out;
        std::os::unix::fs::symlink("/dev/stdout", desk.path("screen")).unwrap();
        let ended = desk.run(&["export", "--format", "cloudevents", "--out", "screen"]);
        assert_eq!((ended.code, &ended.out), (0, &whole));
        assert!(ended.err.contains("2 cases and 5 events"), "{}", ended.err);
        std::os::unix::fs::symlink("published", desk.path("link")).unwrap();
        assert_eq!(desk.run(&["export", "--format", "cloudevents", "--out", "link"]).code, 0);
        assert_eq!(std::fs::read_to_string(desk.path("published")).unwrap(), whole);
        assert!(desk.path("screen").is_symlink() && desk.path("link").is_symlink());
    }
}

#[test]
fn what_cannot_be_written_leaves_a_file_as_it_was() {
    let desk = desk();
    desk.write("old", "as it was");
    let ended = desk.run(&["export", "--format", "georeport-csv", "--out", "old", "--with-confidential"]);
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(ended.err.contains("meant for the public"));
    // A record that cannot be read: nothing is built on it.
    desk.unguarded().execute("UPDATE events SET payload = '{}' WHERE position = 3", []).unwrap();
    let ended = desk.run(&["export", "--format", "xes", "--out", "old"]);
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert_eq!(std::fs::read_to_string(desk.path("old")).unwrap(), "as it was");
    let left: Vec<_> = std::fs::read_dir(desk.path(".")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".new")), "{left:?}");
    assert_eq!(desk.run(&["export", "--format", "pdf"]).code, 2);
}
