//! Evidence and claims, as an auditor runs them: beside the figures, on imported years, and on a ledger somebody altered.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, material, root};
use crate::report::assert_well_formed;

const NOW: [&str; 2] = ["--now", "2024-12-31T23:59:59+07:00"];

/// Five complaints that were answered, closed and rated, of which one was answered late; and two that are open.
fn desk() -> Desk {
    let desk = Desk::new();
    for (number, stars) in (1..).zip([5, 4, 5, 2, 4]) {
        let receipt = disposed(&desk, &format!("WA-{number}"));
        let day = if number == 4 { "2024-04-05" } else { "2024-03-06" };
        let liaison = json!({ "role": "Liaison", "agency": "dishub" });
        let final_answer = json!({ "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" });
        act(&desk, &receipt, &format!("{day}T10:00:00+07:00"), liaison, json!({ "Respond": final_answer }));
        let complainant = json!({ "role": "Complainant", "secret": receipt["tracking"]["secret"] });
        let accept = json!({ "Reply": { "kind": "Accept" } });
        act(&desk, &receipt, &format!("{day}T11:00:00+07:00"), complainant.clone(), accept);
        let rate = json!({ "Rate": { "cycle": 1, "score": stars } });
        act(&desk, &receipt, &format!("{day}T12:00:00+07:00"), complainant, rate);
    }
    disposed(&desk, "WA-6");
    disposed(&desk, "WA-7");
    desk
}

fn disposed(desk: &Desk, reference: &str) -> Value {
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": "Lampu mati" });
    let line =
        json!({ "at": "2024-03-04T08:00:00+07:00", "by": { "role": "Intake" }, "command": { "Receive": receive } });
    let receipt = desk.receipt(&line, &["--simulate"]);
    let verify = json!({ "Verify": { "classification": { "category": "penerangan-jalan", "class": "Complaint" } } });
    act(desk, &receipt, "2024-03-04T09:00:00+07:00", json!({ "role": "Admin" }), verify);
    let dispose = json!({ "Dispose": { "to": "dishub" } });
    act(desk, &receipt, "2024-03-04T10:00:00+07:00", json!({ "role": "Admin" }), dispose);
    receipt
}

fn act(desk: &Desk, receipt: &Value, at: &str, by: Value, command: Value) {
    let line = json!({ "complaint": receipt["complaint"], "at": at, "by": by, "command": command });
    desk.receipt(&line, &["--simulate"]);
}

fn evidence(desk: &Desk, year: &str, arguments: &[&str]) -> Value {
    desk.json(&[&["evidence", "--year", year], arguments].concat())
}

fn number<'e>(evidence: &'e Value, name: &str) -> &'e Value {
    let numbers = evidence["numbers"].as_array().unwrap();
    numbers.iter().find(|number| number["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

/// Holds evidence against what the figures say of the same year.
fn assert_equals_figures(desk: &Desk, pack: &Value, year: &str, arguments: &[&str]) {
    let months = [format!("{year}-01"), format!("{year}-12")];
    let asked = |verb: &'static str, more: &[&str]| {
        let scope = [verb, "--since", &months[0], "--until", &months[1]];
        desk.json(&[&scope, arguments, more].concat())
    };
    let count = |name: &str| number(pack, name)["value"]["count"].clone();
    let trend = &asked("trend", &["--by", "month"])["total"];
    assert_eq!(count("trend.received"), trend["received"]);
    for became in ["open", "resolved_confirmed", "resolved_administrative", "declined", "duplicate"] {
        assert_eq!(count(&format!("trend.became.{became}")), trend["became"][became], "{became}");
    }
    assert_eq!(number(pack, "trend.resolved_of_received")["value"], trend["resolved_of_received"]);
    let by_agency = &asked("sla", &["--by", "agency"])["total"];
    for measure in ["verification", "first_response", "resolution", "holding"] {
        let cases = by_agency[measure].get("cases").cloned().unwrap_or(json!(0));
        assert_eq!(count(&format!("sla.{measure}.cases")), cases, "{measure}");
        let median = number(pack, &format!("sla.{measure}.median"))["value"].get("working_days");
        assert_eq!(median, by_agency[measure].get("median"), "{measure}");
    }
    let sla = asked("sla", &["--by", "clock"]);
    for line in sla["lines"].as_array().unwrap().iter().chain([&sla["total"]]) {
        let of = match line["name"].as_str().unwrap() {
            "total" => "sla".to_owned(),
            clock => format!("sla.{clock}"),
        };
        for field in ["met", "missed", "running", "overdue", "paused", "cancelled"] {
            assert_eq!(count(&format!("{of}.{field}")), line[field], "{of}.{field}");
        }
        for field in ["compliance", "compliance_with_overdue"] {
            assert_eq!(number(pack, &format!("{of}.{field}"))["value"], line[field], "{of}.{field}");
        }
    }
}

#[test]
fn evidence_says_what_the_figures_say_and_what_each_rests_on() {
    let desk = desk();
    let pack = evidence(&desk, "2024", &NOW);
    assert_eq!((&pack["format"], &pack["stands"]), (&json!("aduan-evidence/1"), &json!(true)));
    assert_eq!(pack["head"]["position"], pack["numbers"].as_array().map(|_| json!(41)).unwrap());
    assert_equals_figures(&desk, &pack, "2024", &NOW);
    assert_equals_figures(
        &desk,
        &evidence(&desk, "2024", &[&NOW[..], &["--agency", "dishub"]].concat()),
        "2024",
        &[&NOW[..], &["--agency", "dishub"]].concat(),
    );
    let satisfied = number(&pack, "satisfaction.satisfied");
    assert_eq!(satisfied["value"], json!({ "count": 4, "of": 5, "percent": 80.0 }));
    assert_eq!(number(&pack, "satisfaction.mean")["value"], json!({ "sum": 20, "count": 5, "mean": 4.0 }));
    assert_eq!(number(&pack, "trend.received")["positions"].as_str().map(|ranges| ranges.split(',').count()), Some(7));

    let missed = pack["verdicts"].as_array().unwrap().iter().find(|row| row["verdict"] == "missed").unwrap();
    assert_eq!((&missed["clock"], &missed["agency"]), (&json!("first_response"), &json!("dishub")));
    let clause = &pack["clauses"][missed["clause"].as_u64().unwrap() as usize];
    assert_eq!(clause["limit"], "3 working days");
    assert_eq!(
        clause["source"],
        "Example of a local service promise within PermenPANRB 62/2018; not a decree of the city"
    );
    assert!(clause["calendar"].as_str().unwrap().starts_with("id-national@1:"), "{clause}");
}

#[test]
fn files_are_whole_and_the_page_stands_alone() {
    let desk = desk();
    let files = ["--out", "evidence.json", "--html", "evidence.html", "--verdicts", "verdicts.csv"];
    let ended = desk.run(&[&["evidence", "--year", "2024"], &NOW[..], &files].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("derived from 41 events; all "), "{}", ended.out);
    let pack: Value = serde_json::from_str(&fs::read_to_string(desk.path("evidence.json")).unwrap()).unwrap();
    assert_eq!(pack, evidence(&desk, "2024", &NOW));

    let page = fs::read_to_string(desk.path("evidence.html")).unwrap();
    assert_well_formed(&page);
    assert!(["<script", "http://", "https://", "<link", "src=", "href="].iter().all(|foreign| !page.contains(foreign)));
    assert!(page.contains("80.00 % (4 of 5)"));

    let mut rows = csv::Reader::from_path(desk.path("verdicts.csv")).unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), pack["verdicts"].as_array().unwrap().len());
    assert!(rows.iter().all(|row| row.iter().filter(|cell| cell.is_empty()).count() <= 2), "{rows:?}");
}

#[test]
fn one_altered_event_takes_down_the_numbers_that_rest_on_it() {
    let desk = desk();
    let honest = evidence(&desk, "2024", &NOW);
    let rated = "SELECT position FROM events WHERE event_type = 'Rated' ORDER BY position LIMIT 1 OFFSET 3";
    let position: i64 = desk.unguarded().query_row(rated, [], |row| row.get(0)).unwrap();
    let alter = "UPDATE events SET payload = replace(payload, '\"score\":2', '\"score\":5') WHERE position = ?1";
    assert_eq!(rusqlite::Connection::open(desk.path("aduan.db")).unwrap().execute(alter, [position]), Ok(1));

    let ended = desk.run(&[&["evidence", "--year", "2024", "--json"], &NOW[..]].concat());
    assert_eq!(ended.code, 5);
    let pack: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&pack["stands"], &pack["at_fault"]), (&json!(false), &json!(position.to_string())));
    let fallen: Vec<_> =
        pack["numbers"].as_array().unwrap().iter().filter(|number| number["stands"] == false).collect();
    let names: Vec<_> = fallen.iter().map(|number| number["name"].as_str().unwrap()).collect();
    assert!(["satisfaction.mean", "satisfaction.satisfied"].iter().all(|name| names.contains(name)), "{names:?}");
    // What became of a complaint, and in which class, rests on all that is recorded of it; limits and receipts do not.
    let falls =
        |name: &str| name.starts_with("satisfaction.") || name.starts_with("trend.became.") || name.contains("class");
    let is_sum = |name: &str| ["trend.received_net", "trend.resolved_of_received"].contains(&name);
    assert!(names.iter().all(|name| falls(name) || is_sum(name)), "{names:?}");
    for number in &fallen {
        assert_eq!(number["at_fault"], position.to_string());
    }
    for name in ["trend.received", "trend.closed", "sla.met", "sla.statutory.compliance"] {
        assert_eq!(number(&pack, name), number(&honest, name), "{name}");
    }

    let claim = |text: &str| desk.run(&[&["claim", text], &NOW[..]].concat());
    let fell = claim("satisfaction 100 %");
    assert_eq!(fell.code, 6, "{}", fell.out);
    assert!(fell.out.contains("does not stand"), "{}", fell.out);
    assert_eq!(claim("received 7").code, 0);
}

#[test]
fn claims_are_derivable_contradicted_or_neither() {
    let desk = desk();
    let claim = |text: &str, code: i32, says: &str| {
        let ended = desk.run(&[&["claim", text], &NOW[..]].concat());
        assert_eq!(ended.code, code, "{text}: {}{}", ended.out, ended.err);
        assert!(format!("{}{}", ended.out, ended.err).contains(says), "{text}: {}{}", ended.out, ended.err);
    };
    claim("satisfaction 80 %", 0, "derivable: satisfaction 80 %");
    claim("kepuasan 80,0 persen", 0, "80.00 % (4 of 5)");
    claim("satisfaction 91.3 %", 3, "91.3 % is claimed; satisfaction.satisfied is 80.00 % (4 of 5)");
    claim("rating 4", 0, "4.00 (20 divided by 5)");
    claim("rating 4.47", 3, "4.00 (20 divided by 5)");
    claim("sla.statutory.median 4", 6, "there is no figure");
    claim("IKM 87.75", 6, "there is no figure `IKM`");
    claim("312 = 187 + 165", 3, "187 + 165 = 352, and not 312");
    claim("352 = 187 + 165", 6, "nobody says what 187 counts");
    claim("received 7 = resolved 5 + open 2", 0, "it adds up");
    claim("received 8 = resolved 5 + open 3", 3, "3 is claimed; trend.became.open is 2");
    claim("received 7 = rated 5 + open 2", 6, "that they add up is chance");
    claim("received 1.234", 2, "may be 1234");
    claim("received", 2, "is no number");
    let told = desk.json(&["claim", "received 7 = resolved 5 + open 2", "--year", "2024"]);
    assert_eq!((&told["answer"]["verdict"], &told["year"]), (&json!("derivable"), &json!(2024)));
    assert_eq!(told["answer"]["terms"][1]["figure"], "trend.became.resolved");
    assert_eq!(desk.json(&["claim", "received 7", "--year", "2023"])["answer"]["verdict"], "contradicted");
    assert!(desk.run(&["claim", "--list"]).out.contains("kepuasan"));
    assert_eq!(desk.run(&["claim"]).code, 2);
}

#[test]
fn imported_years_raise_no_doubt_and_equal_their_figures() {
    for (file, map, years) in [
        ("tabular/boston311_2011_first2000.csv", "boston311.toml", ["2011", "2012"]),
        ("tabular/chicago_open311_10.json", "chicago311.toml", ["2011", "2012"]),
    ] {
        let Some(file) = material(file) else { continue };
        let desk = Desk::new();
        let map = root().join("examples/maps").join(map);
        let imported = desk.json(&["import", file.to_str().unwrap(), "--map", map.to_str().unwrap()]);
        assert!(imported["events"].as_u64() > Some(0), "{imported}");
        let now = ["--now", "2012-07-01T00:00:00Z"];
        for year in years {
            let pack = evidence(&desk, year, &now);
            assert_eq!((&pack["doubts"], &pack["stands"]), (&json!([]), &json!(true)), "{}", pack["problems"]);
            assert_equals_figures(&desk, &pack, year, &now);
            println!(
                "{year}: {} received, {} verdicts",
                number(&pack, "trend.received")["value"]["count"],
                pack["verdicts"].as_array().unwrap().len()
            );
        }
    }
}
