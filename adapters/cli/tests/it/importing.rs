//! Imports of real files, and of files made to be difficult.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::desk::{Desk, material, root};

fn map(name: &str) -> String {
    root().join("examples/maps").join(name).display().to_string()
}

fn import(desk: &Desk, file: &Path, map: &str) -> Value {
    desk.json(&["import", file.to_str().unwrap(), "--map", map, "--rejects", "rejects.csv"])
}

fn counts(tally: &Value) -> [u64; 5] {
    ["rows", "complaints", "events", "known", "rejects"].map(|name| tally[name].as_u64().unwrap())
}

/// Payloads of one kind of event, by the row they came from.
fn payloads(desk: &Desk, event: &str) -> BTreeMap<u64, Vec<Value>> {
    let connection = Connection::open(desk.path("aduan.db")).unwrap();
    let mut found = connection.prepare("SELECT payload FROM events WHERE event_type = ?1 ORDER BY position").unwrap();
    let mut by_row: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for payload in found.query_map([event], |row| row.get::<_, String>(0)).unwrap() {
        let payload: Value = serde_json::from_str(&payload.unwrap()).unwrap();
        let row = payload["provenance"]["Imported"]["row"].as_u64().unwrap();
        by_row.entry(row).or_default().push(payload);
    }
    by_row
}

#[test]
fn boston_comes_in_whole_with_its_own_verdicts() {
    let Some(file) = material("tabular/boston311_2011_first2000.csv") else { return };
    let desk = Desk::new();
    let tally = import(&desk, &file, &map("boston311.toml"));
    println!("boston: {tally}");
    assert_eq!(counts(&tally), [2000, 2000, 9290, 0, 0]);
    assert!(!desk.path("rejects.csv").exists());

    let summary = desk.json(&["summary", "--now", "2017-07-01T00:00:00Z"]);
    let statutory = &summary["clocks"]["statutory"];
    assert_eq!((&statutory["met"], &statutory["missed"]), (&json!(1107), &json!(266)));
    assert_eq!((&statutory["overdue"], &statutory["running"]), (&json!(339), &json!(0)), "open ones stand apart");
    assert_eq!(summary["closures"]["duplicate"], 28);
    let before = desk.json(&["summary", "--now", "2011-07-01T00:00:00Z"]);
    assert_eq!(before["clocks"]["statutory"]["running"], 339);

    // Row by row the verdict is the city's label, wherever there is one.
    let closed = payloads(&desk, "Closed");
    let mut labelled = 0;
    for (number, row) in (1_u64..).zip(csv::Reader::from_path(&file).unwrap().deserialize::<BTreeMap<String, String>>())
    {
        let row = row.unwrap();
        let state = closed.get(&number).map(|closed| &closed[0]["fact"]["Closed"]["clocks"][0]["state"]);
        let verdict = state.and_then(Value::as_object).and_then(|state| state.keys().next()).map(String::as_str);
        let is_judged = !row["closed_dt"].is_empty() && !row["target_dt"].is_empty();
        let expected = match row["ontime"].as_str() {
            _ if !is_judged => None,
            "ONTIME" => Some("Met"),
            "OVERDUE" => Some("Missed"),
            _ => verdict,
        };
        assert_eq!(verdict, expected, "row {number}");
        labelled += u32::from(is_judged && !row["ontime"].is_empty());
    }
    assert_eq!(labelled, 1370);

    let again = import(&desk, &file, &map("boston311.toml"));
    assert_eq!(counts(&again), [2000, 0, 0, 2000, 0]);
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn the_map_of_the_manual_works_to_the_letter() {
    let Some(file) = material("tabular/boston311_2011_first2000.csv") else { return };
    let desk = Desk::new();
    let ours = fs::read_to_string(map("boston311.toml")).unwrap();
    desk.write("map.toml", ours.replace("source = \"boston311\"\n", ""));
    assert_eq!(counts(&import(&desk, &file, "map.toml")), [2000, 2000, 9290, 0, 0]);
}

#[test]
fn chicago_keeps_every_dated_note_in_order() {
    let Some(file) = material("tabular/chicago_open311_10.json") else { return };
    let desk = Desk::new();
    let tally = import(&desk, &file, &map("chicago311.toml"));
    println!("chicago: {tally}");
    assert_eq!(counts(&tally), [10, 10, 101, 0, 0]);
    let requests: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let notes = payloads(&desk, "Annotated");
    for (row, request) in (1_u64..).zip(&requests) {
        let kinds: Vec<_> =
            notes[&row].iter().map(|note| &note["fact"]["Annotated"]["note"]["Source"]["kind"]).collect();
        let told: Vec<_> = request["notes"].as_array().unwrap().iter().map(|note| &note["type"]).collect();
        assert_eq!(kinds, told, "row {row}");
        let times: Vec<_> = notes[&row].iter().map(|note| note["occurred_at"]["at"].as_i64().unwrap()).collect();
        assert!(times.is_sorted());
    }
    let closed = payloads(&desk, "Closed");
    assert_eq!(closed[&2][0]["fact"]["Closed"]["closure"], json!({ "Duplicate": {} }));
    assert!(closed.values().all(|closed| closed[0]["fact"]["Closed"]["clocks"] == Value::Null), "no promise, no clock");
    assert_eq!(counts(&import(&desk, &file, &map("chicago311.toml"))), [10, 0, 0, 10, 0]);

    // The words of a note are sealed, and are there.
    let connection = Connection::open(desk.path("aduan.db")).unwrap();
    let id: [u8; 16] = connection.query_row(FIRST_ROW, [], |row| row.get(0)).unwrap();
    let history = desk.run(&["history", "--reveal", &uuid::Uuid::from_bytes(id).to_string()]);
    assert!(history.out.contains("Inspect Public Way Survey #14-01225670 created for Transportation"));
}

#[test]
fn what_is_not_clean_comes_in_as_far_as_it_is() {
    let desk = Desk::new();
    if let Some(file) = material("tabular/qsv_boston311-100.csv") {
        let tally = import(&desk, &file, &map("boston311.toml"));
        println!("qsv boston: {tally}");
        assert_eq!(counts(&tally)[..2], [100, 100]);
    }
    if let Some(file) = material("tabular/qsv_nyc311-100.csv") {
        desk.write("nyc.toml", NYC);
        let tally = import(&desk, &file, "nyc.toml");
        println!("qsv nyc: {tally}");
        assert_eq!((&tally["rows"], &tally["complaints"], &tally["rejects"]), (&json!(100), &json!(98), &json!(2)));
        let rejects = fs::read_to_string(desk.path("rejects.csv")).unwrap();
        for reason in ["status: says that it is open, though it has a closing time", "must not hold control characters"]
        {
            assert!(rejects.contains(reason), "{rejects}");
        }
    }
    assert_eq!(desk.run(&["verify"]).code, 0);
}

const FIRST_ROW: &str = "SELECT aggregate_id FROM events WHERE json_extract(payload, '$.provenance.Imported.row') = 1";

const NYC: &str = r#"
format = "csv"
zone = "America/New_York"
time = ["%m/%d/%Y %I:%M:%S %p"]
[columns]
reference = "Unique Key"
received = "Created Date"
due = "Due Date"
closed = "Closed Date"
agency = "Agency"
channel = "Open Data Channel Type"
category = "Complaint Type"
title = "Descriptor"
closure = "Resolution Description"
place = "Incident Address"
latitude = "Latitude"
longitude = "Longitude"
status = "Status"
"#;

const DINAS: &str = r#"
format = "csv"
source = "dinas"
zone = "WIB"
time = ["%d-%m-%Y %H:%M:%S", "%d-%m-%Y"]
[columns]
reference = "nomor"
received = "masuk"
closed = "selesai"
agency = "opd"
text = "isi"
reporter = "nama"
officer = "petugas"
rating = "bintang"
closure = "keterangan"
[closure]
declined = ["bukan wewenang"]
declined_reason = "NotGovernment"
withdrawn = ["dicabut"]
"#;
const HEADER: &str = "nomor,masuk,selesai,opd,isi,nama,petugas,bintang,keterangan\n";

#[test]
fn bad_rows_go_to_the_rejects_file_with_their_reason() {
    let desk = Desk::new();
    desk.write("dinas.toml", DINAS);
    let long = "x".repeat(20_001);
    let rows = [
        "1,01-03-2024 08:00:00,02-03-2024 09:00:00,dishub,\"Lampu\r\nmati\",Budi,Sari,5,ok",
        ",01-03-2024 08:00:00,,,tanpa nomor,,,,",
        "3,,,,tanpa tanggal,,,,",
        "4,31-02-2024 08:00:00,,,tanggal salah,,,,",
        "5,02-03-2024 08:00:00,01-03-2024 08:00:00,dishub,mundur,,,,",
        "6,01-03-2024 08:00:00,02-03-2024,dishub,bintang,,,6,",
        "7,01-03-2024 08:00:00,,,bunyi \u{7} bel,,,,",
        "8,01-03-2024 08:00:00,02-03-2024,,ditolak,,,,Bukan wewenang kami",
        "9,01-03-2024,,dishub,hari saja,,,,",
        "10,01-03-2024 08:00:00,02-03-2024,,dicabut,,,,Dicabut pelapor",
        "11,too,few",
        &format!("12,01-03-2024 08:00:00,,,{long},,,,"),
        "13,01-03-2999 08:00:00,,,jauh,,,,",
        "14,01-03-2024 08:00:00,,,belum selesai,,,4,",
    ];
    let mut file = format!("\u{feff}{HEADER}{}\n", rows.join("\n")).into_bytes();
    file.extend_from_slice(b"15,01-03-2024 08:00:00,,,\xff\xfe,,,,\n");
    desk.write("dinas.csv", file);
    let tally = desk.json(&["import", "dinas.csv", "--map", "dinas.toml"]);
    assert_eq!(counts(&tally)[..2], [15, 4], "{tally}");
    assert_eq!(tally["rejects"], 11);

    let mut rejects = csv::Reader::from_path(desk.path("dinas.csv.rejects.csv")).unwrap();
    let mut reasons = BTreeMap::new();
    let mut record = csv::ByteRecord::new();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(desk.path("dinas.csv.rejects.csv")).unwrap();
    while reader.read_byte_record(&mut record).unwrap() {
        let text = |at: usize| String::from_utf8(record[at].to_vec()).unwrap();
        reasons.insert(text(0).parse::<u64>().unwrap(), text(1));
    }
    assert_eq!(&rejects.headers().unwrap()[0], "reject_row");
    for (row, reason) in [
        (2, "reference: is missing"),
        (3, "received: is missing"),
        (4, "received: is no time"),
        (5, "it happened before the step in front of it"),
        (6, "score: must be 1 to 5"),
        (7, "control characters"),
        (11, "the row has 3 fields, the header 9"),
        (12, "at most 20000 characters"),
        (13, "received: "),
        (14, "does not stand there"),
        (15, "not UTF-8"),
    ] {
        assert!(reasons[&row].contains(reason), "row {row}: {}", reasons[&row]);
    }
    let summary = desk.json(&["summary"]);
    assert_eq!(summary["closures"], json!({ "declined": 1, "resolved_administrative": 1, "withdrawn": 1 }));
    assert_eq!(summary["ratings"]["sum"], 5);

    // Mended, the rejects file is imported with the same map, and its own rejects file goes when none is left.
    let mended =
        format!("reject_row,reject_reason,{HEADER}5,x,5,02-03-2024 08:00:00,03-03-2024 08:00:00,dishub,maju,,,,\n");
    desk.write("dinas.csv.rejects.csv", mended);
    desk.write("dinas.csv.rejects.csv.rejects.csv", "of an earlier run");
    let tally = desk.json(&["import", "dinas.csv.rejects.csv", "--map", "dinas.toml"]);
    assert_eq!((&tally["complaints"], &tally["rejects"]), (&json!(1), &json!(0)), "{tally}");
    assert!(!desk.path("dinas.csv.rejects.csv.rejects.csv").exists());
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn a_later_export_adds_only_what_is_new() {
    let desk = Desk::new();
    desk.write("dinas.toml", DINAS);
    let old = "1,01-03-2024 08:00:00,,dishub,satu,,,,\n2,01-03-2024 09:00:00,,dishub,dua,,,,\n";
    desk.write("old.csv", format!("{HEADER}{old}"));
    assert_eq!(counts(&desk.json(&["import", "old.csv", "--map", "dinas.toml"])), [2, 2, 6, 0, 0]);
    // Other rows stand before them, one is closed by now, and one stands twice.
    let new = "3,02-03-2024 08:00:00,,dishub,tiga,,,,\n2,01-03-2024 09:00:00,,dishub,dua,,,,\n\
               1,01-03-2024 08:00:00,03-03-2024 08:00:00,dishub,satu,,,5,beres\n3,02-03-2024 08:00:00,,dishub,tiga,,,,\n";
    desk.write("new.csv", format!("{HEADER}{new}"));
    let tally = desk.json(&["import", "new.csv", "--map", "dinas.toml"]);
    assert_eq!(counts(&tally), [4, 1, 6, 2, 0], "one new complaint, and answer, closing and rating of an old one");
    assert_eq!(counts(&desk.json(&["import", "new.csv", "--map", "dinas.toml"])), [4, 0, 0, 4, 0]);
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn a_map_that_does_not_fit_is_told_before_anything_is_written() {
    let desk = Desk::new();
    desk.write("dinas.toml", DINAS);
    desk.write("other.csv", "a,b\n1,2\n");
    let ended = desk.run(&["import", "other.csv", "--map", "dinas.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("has no column `"), "{}", ended.err);
    desk.write("none.csv", format!("{HEADER},,,,,,,,\n"));
    assert_eq!(desk.run(&["import", "none.csv", "--map", "dinas.toml"]).code, 3, "it took none");
    desk.write("broken.json", "[{\"a\":");
    desk.write("geo.toml", "format = \"georeport-json\"\nzone = \"WIB\"\n");
    assert_eq!(desk.run(&["import", "broken.json", "--map", "geo.toml"]).code, 1);
}
