//! Event logs in XES: into a ledger and out again, with the same cases, activities and order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use aduan::rules::Rules;
use aduan_exchange::xes::{Trace, Traces};
use aduan_sqlite::SqliteStore;
use aduan_testkit::told;
use aduan_testkit::town::{Choice, Town, histories};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::desk::{Desk, material, root};

fn map(name: &str) -> String {
    root().join("examples/maps").join(name).display().to_string()
}

fn traces(file: &Path) -> Vec<Trace> {
    let mut traces = Traces::new(BufReader::new(File::open(file).unwrap()));
    std::iter::from_fn(|| traces.next_trace().unwrap()).collect()
}

/// What happened in a case: activities, in order. Those that an import only inferred aside.
fn course(trace: &Trace) -> Vec<String> {
    let shown = trace.events.iter().filter(|event| event.attributes.value("inferred") != Some("true"));
    shown.map(|event| event.activity().unwrap().to_owned()).collect()
}

/// Courses by case.
fn by_case(traces: &[Trace]) -> BTreeMap<String, Vec<String>> {
    let all = traces.iter().map(|trace| {
        let activities = trace.events.iter().map(|event| event.activity().unwrap().to_owned()).collect();
        (trace.name().unwrap().to_owned(), activities)
    });
    all.collect()
}

/// Courses with their times: what makes cases the same where their names stay behind.
fn sorted(traces: &[Trace], name: impl Fn(&str) -> String) -> Vec<Vec<(String, i64)>> {
    let told = |trace: &Trace| {
        let shown = trace.events.iter().filter(|event| event.attributes.value("inferred") != Some("true"));
        let micros = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
        shown.map(|event| (name(event.activity().unwrap()), micros(event.time().unwrap()))).collect()
    };
    let mut all: Vec<Vec<(String, i64)>> = traces.iter().map(told).collect();
    all.sort();
    all
}

fn import(desk: &Desk, file: &Path, map: &str) -> Value {
    desk.json(&["import", file.to_str().unwrap(), "--map", map, "--rejects", "rejects.csv"])
}

/// An activity, and the fact it is here.
type Renamed = (&'static str, &'static str);

#[test]
fn foreign_logs_keep_their_cases_activities_and_order() {
    let logs: [(&str, &str, u64, &[Renamed]); 2] = [
        (
            "running-example",
            "compensation.toml",
            6,
            &[
                ("register request", "Received"),
                ("decide", "Responded"),
                ("pay compensation", "Closed"),
                ("reject request", "Closed"),
            ],
        ),
        (
            "receipt_first100",
            "permits-receipt.toml",
            100,
            &[("Confirmation of receipt", "Received"), ("T05 Print and send confirmation of receipt", "Responded")],
        ),
    ];
    for (name, map_name, cases, renamed) in logs {
        let Some(file) = material(&format!("eventlogs/{name}.xes")) else { continue };
        let desk = Desk::new();
        let tally = import(&desk, &file, &map(map_name));
        println!("{name}: {tally}");
        assert_eq!(
            (&tally["rows"], &tally["complaints"], &tally["rejects"]),
            (&json!(cases), &json!(cases), &json!(0))
        );
        assert_eq!(desk.run(&["export", "--format", "xes", "--out", "out.xes"]).code, 0);
        let (theirs, ours) = (traces(&file), traces(&desk.path("out.xes")));
        // The second check is a note: a complaint is verified once.
        let is_first_check = |place: usize, course: &[String]| !course[..place].contains(&course[place]);
        let mut expected: Vec<Vec<String>> = theirs
            .iter()
            .map(|trace| {
                let shown = course(trace);
                let meant = |(place, activity): (usize, &String)| match renamed.iter().find(|row| row.0 == activity) {
                    Some((_, fact)) => (*fact).to_owned(),
                    None if activity.starts_with("T02 ") && is_first_check(place, &shown) => "Verified".to_owned(),
                    None => activity.clone(),
                };
                shown.iter().enumerate().map(meant).collect()
            })
            .collect();
        let mut found: Vec<Vec<String>> = ours.iter().map(course).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
        // Times, too, whatever the activities are called.
        assert_eq!(sorted(&ours, |_| String::new()), sorted(&theirs, |_| String::new()), "{name}");
        assert_eq!(desk.run(&["verify"]).code, 0);
        let again = import(&desk, &file, &map(map_name));
        assert_eq!((&again["known"], &again["events"]), (&json!(cases), &json!(0)), "twice adds nothing");
    }
}

/// A ledger whose complaints live in ways that no import can tell: asked, escalated, reopened, made secret, told late.
fn lived() -> Desk {
    let desk = Desk::new();
    let line = |at: &str, complaint: Option<&Value>, by: Value, command: Value| {
        let mut line = json!({ "at": at, "by": by, "command": command });
        if let Some(complaint) = complaint {
            line["complaint"] = complaint.clone();
        }
        desk.receipt(&line, &["--simulate"])
    };
    let receive = json!({ "Receive": { "channel": "whatsapp", "class": "Complaint", "reference": "WA-1", "text": "Got",
        "area": "35.76.01", "coordinates": { "latitude": -7470000, "longitude": 112430000 } } });
    let receipt = line("2024-03-04T08:00:00+07:00", None, json!({ "role": "Intake" }), receive);
    let id = &receipt["complaint"];
    let complainant = || json!({ "role": "Complainant", "secret": receipt["tracking"]["secret"] });
    let admin = || json!({ "role": "Admin" });
    let liaison = || json!({ "role": "Liaison", "agency": "dishub" });
    let act = |at: &str, by: Value, command: Value| drop(line(at, Some(id), by, command));
    act("2024-03-04T09:00:00+07:00", admin(), json!({ "RequestInfo": { "text": "Di mana?" } }));
    // Sent before the question was asked, and told after it.
    let mut late = json!({ "at": "2024-03-04T10:00:00+07:00", "complaint": id, "by": complainant() });
    late["occurred_at"] = json!("2024-03-04T08:30:00+07:00");
    late["command"] = json!({ "ProvideInfo": { "request": 1, "text": "Di sini" } });
    desk.receipt(&late, &["--simulate"]);
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    act("2024-03-04T11:00:00+07:00", admin(), json!({ "Verify": { "classification": classification } }));
    act("2024-03-04T12:00:00+07:00", admin(), json!({ "Dispose": { "to": "dishub" } }));
    act("2024-03-05T08:00:00+07:00", complainant(), json!({ "ChangeVisibility": { "to": "Secret" } }));
    let interim = json!({ "Respond": { "disposition": 1, "kind": "Interim", "text": "Diproses" } });
    act("2024-03-05T09:00:00+07:00", liaison(), interim);
    let answer = json!({ "Respond": { "disposition": 1, "kind": { "Final": "PartlyResolved" }, "text": "Sebagian" } });
    act("2024-03-06T09:00:00+07:00", liaison(), answer.clone());
    act("2024-03-06T10:00:00+07:00", complainant(), json!({ "Reply": { "kind": "Contest", "text": "Belum" } }));
    act("2024-03-07T09:00:00+07:00", liaison(), answer);
    act("2024-03-07T10:00:00+07:00", complainant(), json!({ "Reply": { "kind": "Accept" } }));
    act("2024-03-07T11:00:00+07:00", complainant(), json!({ "Rate": { "cycle": 1, "score": 2 } }));
    let reopen = json!({ "Reopen": { "reason": "Recurred", "text": "Lagi" } });
    act("2024-03-08T09:00:00+07:00", complainant(), reopen);
    act("2024-03-08T10:00:00+07:00", admin(), json!({ "Dispose": { "to": "dishub" } }));
    desk
}

#[test]
fn an_export_of_ours_comes_back_with_the_same_cases_activities_and_order() {
    let first = lived();
    assert_eq!(first.run(&["export", "--format", "xes", "--out", "first.xes"]).code, 0);
    let second = Desk::new();
    let log = first.path("first.xes");
    let tally = second.json(&["import", log.to_str().unwrap(), "--rejects", "rejects.csv"]);
    assert_eq!((&tally["complaints"], &tally["rejects"]), (&json!(1), &json!(0)), "{tally}");
    assert_eq!(tally["events"], first.json(&["summary"])["events"]);
    assert_eq!(second.run(&["verify"]).code, 0);
    assert_eq!(second.run(&["export", "--format", "xes", "--out", "second.xes"]).code, 0);
    let (one, other) = (traces(&log), traces(&second.path("second.xes")));
    assert_eq!(by_case(&one), by_case(&other));
    // And once more: nothing is lost on a second way.
    let third = Desk::new();
    let log = second.path("second.xes");
    assert_eq!(third.json(&["import", log.to_str().unwrap()])["rejects"], 0);
    assert_eq!(third.run(&["export", "--format", "xes", "--out", "third.xes"]).code, 0);
    let third = traces(&third.path("third.xes"));
    assert_eq!(by_case(&other), by_case(&third));
    assert_eq!(sorted(&other, str::to_owned), sorted(&third, str::to_owned), "times stay, too");

    let events = &other[0].events;
    let told = |place: usize, key: &str| events[place].attributes.value(key);
    assert_eq!(told(0, "visibility"), Some("secret"), "copying never lowers what is hidden");
    assert_eq!((told(0, "latitude"), told(0, "area")), (Some("-7.47"), Some("35.76.01")));
    let answered = events.iter().position(|event| event.attributes.value("step") == Some("Responded.final")).unwrap();
    assert_eq!(told(answered, "outcome"), Some("partly_resolved"));
    let rated = events.iter().position(|event| event.activity() == Some("Rated")).unwrap();
    assert_eq!(told(rated, "score"), Some("2"));
}

/// Histories of a town that lives at random, from a fixed seed.
fn towns(count: usize) -> Vec<Town> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let rules = Rules::mojokerto();
    let live = |_| {
        let choices: Vec<Choice> = histories(160).new_tree(&mut runner).unwrap().current();
        let mut town = Town::new(rules.clone());
        choices.into_iter().for_each(|choice| drop(town.step(choice)));
        town
    };
    (0..count).map(live).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_town_lived_through_comes_back_with_the_same_cases_activities_and_order() {
    for town in towns(12) {
        let (first, second) = (Desk::empty(), Desk::new());
        let store = SqliteStore::create(first.path("aduan.db"), &Town::ledger()).unwrap();
        told::tell(&town.log, &store).await;
        let export = ["export", "--format", "xes", "--with-confidential", "--out", "out.xes"];
        let told = first.json(&export);
        assert_eq!((&told["events"], &told["withheld_cases"]), (&json!(town.log.len()), &json!(0)));
        let log = first.path("out.xes");
        let tally = second.json(&["import", log.to_str().unwrap(), "--rejects", "rejects.csv"]);
        assert_eq!((&tally["rejects"], &tally["events"]), (&json!(0), &told["events"]), "{tally}");
        assert_eq!(second.run(&["verify"]).code, 0);
        assert_eq!(second.run(&export).code, 0);
        assert_eq!(by_case(&traces(&log)), by_case(&traces(&second.path("out.xes"))));
        // What may not be seen by all before may not be seen by all now.
        let [before, after] = [&first, &second]
            .map(|desk| desk.json(&["export", "--format", "event-csv", "--out", "out.csv"])["withheld_cases"].clone());
        assert_eq!(before, after);
    }
}

#[test]
fn an_export_of_ours_is_refused_by_the_ledger_it_came_from() {
    let desk = lived();
    assert_eq!(desk.run(&["export", "--format", "xes", "--out", "own.xes"]).code, 0);
    let before = desk.json(&["summary"]);
    let tally = desk.json(&["import", "own.xes"]);
    assert_eq!((&tally["rejects"], &tally["events"]), (&json!(1), &json!(0)), "{tally}");
    assert_eq!(desk.json(&["summary"])["events"], before["events"]);
    let rejects = std::fs::read_to_string(desk.path("own.xes.rejects.csv")).unwrap();
    assert!(rejects.contains("Reopened @ 2024-03-08T09:00:00+07:00"), "{rejects}");
}

const MAP: &str = "format = \"xes\"\nsource = \"lain\"\nzone = \"WIB\"\n[activities]\nmasuk = \"Received\"\ncek = \"Verified\"\n\
    disposisi = \"Dispositioned\"\njawab = \"Responded\"\nselesai = \"Closed\"\nnilai = \"Rated\"\ncatat = \"Annotated\"\n";

fn log(cases: &[&[&str]]) -> String {
    let mut text = "<log>".to_owned();
    for (number, events) in (1..).zip(cases) {
        text += &format!("<trace><string key='concept:name' value='{number}'/>");
        events.iter().for_each(|event| text += &format!("<event>{event}</event>"));
        text += "</trace>";
    }
    text + "</log>"
}

fn event(activity: &str, time: &str, more: &str) -> String {
    let time = if time.is_empty() { String::new() } else { format!("<date value='{time}' key='time:timestamp'/>") };
    format!("<string value='{activity}' key='concept:name'/>{time}{more}")
}

#[test]
fn what_cannot_be_mapped_is_rejected_with_its_reason_and_the_rest_comes_in() {
    let group = "<string key='org:group' value='dishub'/>";
    let (day, later) = ("2024-03-01T08:00:00", "2024-03-02T08:00:00.000+0700");
    let good: Vec<String> = vec![
        event("masuk", day, ""),
        event("disposisi", day, group),
        event("jawab", later, "<string key='lifecycle:transition' value='start'/>"),
        event("selesai", later, "<string key='lifecycle:transition' value='COMPLETE'/>"),
        event("nilai", later, "<int key='score' value='4'/>"),
    ];
    let cases: Vec<(Vec<String>, &str)> = vec![
        (good, ""),
        (vec![event("masuk", day, ""), event("entah", day, "")], "event 2: the map does not say what this activity is"),
        (vec![event("masuk", "", "")], "event 1: it has no time"),
        (vec![event("masuk", "kemarin", "")], "is no time"),
        (vec![event("masuk", later, ""), event("cek", day, "")], "it happened before the step in front of it"),
        (vec![event("masuk", day, ""), event("disposisi", day, "")], "event 2: it says neither `org:group`"),
        (vec![event("masuk", day, ""), event("nilai", day, "<int key='score' value='4'/>")], "does not follow"),
        (vec![], "the case has no events"),
        (vec![event("cek", day, "")], ""),
    ];
    let desk = Desk::new();
    desk.write("map.toml", MAP);
    let texts: Vec<Vec<&str>> = cases.iter().map(|(events, _)| events.iter().map(String::as_str).collect()).collect();
    desk.write("lain.xes", log(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    let tally = desk.json(&["import", "lain.xes", "--map", "map.toml"]);
    assert_eq!((&tally["rows"], &tally["complaints"], &tally["rejects"]), (&json!(9), &json!(2), &json!(7)), "{tally}");
    let mut rejects = csv::Reader::from_path(desk.path("lain.xes.rejects.csv")).unwrap();
    let reasons: BTreeMap<usize, String> =
        rejects.records().map(|row| row.unwrap()).map(|row| (row[0].parse().unwrap(), row[1].to_owned())).collect();
    for (number, (_, reason)) in (1..).zip(&cases).filter(|(_, (_, reason))| !reason.is_empty()) {
        assert!(reasons[&number].contains(reason), "{number}: {}", reasons[&number]);
    }

    // What the source does not show is inferred, and what only began is noted.
    assert_eq!(desk.run(&["export", "--format", "xes", "--out", "out.xes"]).code, 0);
    let out = traces(&desk.path("out.xes"));
    let whole = out.iter().find(|trace| trace.events.len() > 3).unwrap();
    let told: Vec<_> = whole
        .events
        .iter()
        .map(|event| (event.activity().unwrap(), event.attributes.value("inferred").unwrap()))
        .collect();
    let expected = [
        ("Received", "false"),
        ("Verified", "true"),
        ("Dispositioned", "false"),
        ("jawab (start)", "false"),
        ("Responded", "true"),
        ("Closed", "false"),
        ("Rated", "false"),
    ];
    assert_eq!(told, expected);
    let short = out.iter().find(|trace| trace.events.len() == 2).unwrap();
    assert_eq!(short.events[0].attributes.value("inferred"), Some("true"), "nothing is there that was not received");
}

#[test]
fn a_file_that_is_no_log_ends_the_import_and_a_foreign_one_needs_a_map() {
    let desk = Desk::new();
    desk.write("map.toml", MAP);
    desk.write("broken.xes", "<log><trace>");
    assert_eq!(desk.run(&["import", "broken.xes", "--map", "map.toml"]).code, 1);
    desk.write("foreign.xes", log(&[&[&event("masuk", "2024-03-01T08:00:00", "")]]));
    let ended = desk.run(&["import", "foreign.xes"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("name a map"), "{}", ended.err);
    desk.write(
        "bomb.xes",
        "<!DOCTYPE log [<!ENTITY a 'b'>]><log><trace><string key='concept:name' value='&a;'/></trace></log>",
    );
    assert_eq!(desk.run(&["import", "bomb.xes", "--map", "map.toml"]).code, 1);
    assert_eq!(desk.json(&["summary"])["events"], 0);
}
