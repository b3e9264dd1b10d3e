//! Figures of the read models: against a city's own labels, and of a ledger small enough to count by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveDateTime, Utc, Weekday};
use serde_json::{Value, json};

use crate::desk::{Desk, holds, material, root};

/// Met, missed, running, overdue.
type Verdicts = [u64; 4];
const NAMES: [&str; 4] = ["met", "missed", "running", "overdue"];

/// When Boston is looked at: midnight there. Some promises are broken by then, others are not yet due.
const NOW: &str = "2011-07-20T00:00:00-04:00";
const NOW_IN_BOSTON: &str = "2011-07-20 00:00:00";

#[test]
fn boston_is_judged_as_its_own_file_says() {
    let Some(file) = material("tabular/boston311_2011_first2000.csv") else { return };
    let desk = Desk::new();
    let map = root().join("examples/maps/boston311.toml");
    assert_eq!(desk.run(&["import", file.to_str().unwrap(), "--map", map.to_str().unwrap()]).code, 0);
    let sla = desk.json(&["sla", "--by", "agency", "--clock", "statutory", "--now", NOW]);
    let verdicts = |line: &Value| NAMES.map(|name| line[name].as_u64().unwrap());
    let lines = sla["lines"].as_array().unwrap();
    let told: BTreeMap<String, Verdicts> =
        lines.iter().map(|line| (line["name"].as_str().unwrap().to_owned(), verdicts(line))).collect();

    let (expected, labels) = judged(&file);
    println!("department, {}", NAMES.join(", "));
    told.iter().for_each(|(name, verdicts)| println!("{name:<8}{verdicts:?}"));
    assert_eq!(told, expected);
    let total = verdicts(&sla["total"]);
    println!("total   {total:?}, labels {labels:?}");
    assert_eq!(total, expected.values().fold([0; 4], |all, one| std::array::from_fn(|at| all[at] + one[at])));
    assert!(total.iter().all(|count| *count > 0), "every verdict is put to the test");
    // Where the city labelled what it closed, its label is the verdict; three rows it did not label.
    assert_eq!((total[0], total[1]), (labels["ONTIME"] + labels["met"], labels["OVERDUE"] + labels["missed"]));
    assert_eq!(labels["met"] + labels["missed"], 3);
    assert_eq!(sla["total"]["compliance"]["of"], total[0] + total[1]);

    match by_sql(&file) {
        Some(by_sql) => assert_eq!(told, by_sql),
        None => println!("skipped: python3 with sqlite3 is missing"),
    }
}

/// What the file says of each department, and how the city labelled what it closed (or how it would have, by the times).
fn judged(file: &Path) -> (BTreeMap<String, Verdicts>, BTreeMap<&'static str, u64>) {
    let now = DateTime::parse_from_rfc3339(NOW).unwrap().to_utc();
    let (mut departments, mut labels) = (BTreeMap::<String, Verdicts>::new(), BTreeMap::new());
    for name in ["ONTIME", "OVERDUE", "met", "missed"] {
        labels.insert(name, 0);
    }
    for row in csv::Reader::from_path(file).unwrap().deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let (Some(target), closed) = (in_boston(&row["target_dt"]), in_boston(&row["closed_dt"])) else { continue };
        let verdict = match closed {
            Some(closed) => usize::from(target < closed),
            None => 2 + usize::from(target < now),
        };
        departments.entry(row["department"].clone()).or_default()[verdict] += 1;
        if closed.is_some() {
            let label = Some(row["ontime"].as_str()).filter(|label| !label.is_empty());
            *labels.get_mut(label.unwrap_or(NAMES[verdict])).unwrap() += 1;
        }
    }
    (departments, labels)
}

/// A local time of Boston: daylight saving from the second Sunday of March until the first of November.
fn in_boston(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let sunday = |month, nth| NaiveDate::from_weekday_of_month_opt(local.year(), month, Weekday::Sun, nth).unwrap();
    let two = |date: NaiveDate| date.and_hms_opt(2, 0, 0).unwrap();
    let is_summer = two(sunday(3, 2)) <= local && local < two(sunday(11, 1));
    Some((local + Duration::hours(if is_summer { 4 } else { 5 })).and_utc())
}

/// The same once more, by a database.
fn by_sql(file: &Path) -> Option<BTreeMap<String, Verdicts>> {
    let python = Command::new("python3").args(["-c", SQL]).arg(file).arg(NOW_IN_BOSTON).output().ok()?;
    if python.status.code() == Some(77) {
        return None;
    }
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    Some(serde_json::from_slice(&python.stdout).unwrap())
}

const SQL: &str = r#"
import csv, json, sys
try:
    import sqlite3
except ImportError:
    sys.exit(77)
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8", newline="")))
base = sqlite3.connect(":memory:")
base.execute("CREATE TABLE requests (department, target, closed)")
base.executemany("INSERT INTO requests VALUES (:department, :target_dt, :closed_dt)", rows)
counted = base.execute("""
    SELECT department,
           sum(closed <> '' AND closed <= target), sum(closed <> '' AND closed > target),
           sum(closed = '' AND target >= :now), sum(closed = '' AND target < :now)
    FROM requests WHERE target <> '' GROUP BY department""", {"now": sys.argv[2]})
json.dump({row[0]: row[1:] for row in counted}, sys.stdout)
"#;

/// When the small ledger is looked at.
const END: &str = "2024-04-30T09:00:00+07:00";

/// Four complaints: dishub answered the first, which was closed by silence and rated, and holds the second; dlh gave
/// the third back; the fourth happened in March and was told of in April. Their tracking numbers.
fn small() -> (Desk, Vec<String>) {
    let desk = Desk::new();
    let receive = |at: &str, happened: &str, reference: &str| {
        let receive =
            json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": "Lampu mati" });
        let line = json!({ "at": at, "occurred_at": happened, "by": { "role": "Intake" },
            "command": { "Receive": receive } });
        desk.receipt(&line, &["--simulate"])
    };
    let act = |receipt: &Value, at: &str, by: Value, command: Value| {
        let line = json!({ "complaint": receipt["complaint"], "at": at, "by": by, "command": command });
        desk.receipt(&line, &["--simulate"]);
    };
    let dispose = |receipt: &Value, at: &str, to: &str| {
        let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
        act(receipt, at, json!({ "role": "Admin" }), json!({ "Verify": { "classification": classification } }));
        act(receipt, at, json!({ "role": "Admin" }), json!({ "Dispose": { "to": to } }));
    };
    let liaison = |agency: &str| json!({ "role": "Liaison", "agency": agency });
    let [first, second] = [("08", "WA-1"), ("09", "WA-2")].map(|(hour, reference)| {
        let at = format!("2024-03-04T{hour}:00:00+07:00");
        receive(&at, &at, reference)
    });
    dispose(&first, "2024-03-04T10:00:00+07:00", "dishub");
    dispose(&second, "2024-03-04T11:00:00+07:00", "dishub");
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" } });
    act(&first, "2024-03-05T10:00:00+07:00", liaison("dishub"), respond);
    let third = receive("2024-03-25T09:00:00+07:00", "2024-03-25T09:00:00+07:00", "WA-3");
    dispose(&third, "2024-03-25T10:00:00+07:00", "dlh");
    let give_back = json!({ "Return": { "disposition": 1, "suggested": "dishub", "text": "Bukan wewenang kami" } });
    act(&third, "2024-03-25T11:00:00+07:00", liaison("dlh"), give_back);
    let fourth = receive("2024-04-02T09:00:00+07:00", "2024-03-07T09:00:00+07:00", "WA-4");
    assert_eq!(desk.run(&["tick", "--now", "2024-04-30T08:00:00+07:00"]).code, 0);
    let citizen = json!({ "role": "Complainant", "secret": first["tracking"]["secret"] });
    act(&first, END, citizen, json!({ "Rate": { "cycle": 1, "score": 5 } }));
    let numbers = [&first, &second, &third, &fourth].map(|receipt| &receipt["tracking"]["number"]);
    (desk, numbers.map(|number| number.as_str().unwrap().to_owned()).into())
}

/// The tracking numbers of a page.
fn listed(page: &Value) -> Vec<&str> {
    page["waiting"].as_array().unwrap().iter().map(|waiting| waiting["tracking_number"].as_str().unwrap()).collect()
}

#[test]
fn a_queue_goes_by_due_time_and_page_by_page() {
    let (desk, numbers) = small();
    let whole = desk.json(&["queue", "--now", END]);
    let due: Vec<_> = whole["waiting"].as_array().unwrap().iter().map(|waiting| waiting["next_due"].as_str()).collect();
    assert!(due.len() == 3 && due.is_sorted(), "{whole}");
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    while seen.is_empty() || cursor.is_some() {
        let after = cursor.iter().flat_map(|cursor| ["--after", cursor]);
        let page = desk.json(&["queue", "--now", END, "--limit", "1"].into_iter().chain(after).collect::<Vec<_>>());
        seen.extend(listed(&page).into_iter().map(str::to_owned));
        cursor = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, listed(&whole));

    assert_eq!(listed(&desk.json(&["queue", "--agency", "dishub"])), [&numbers[1]]);
    assert_eq!(listed(&desk.json(&["queue", "--stage", "received"])), [&numbers[3]]);
    assert_eq!(listed(&desk.json(&["queue", "--inspectorate"])), [""; 0]);
    assert_eq!(listed(&desk.json(&["monitor", "--now", "2024-03-05T00:00:00+07:00"])), [""; 0]);
    assert_eq!(listed(&desk.json(&["monitor", "--now", END, "--agency", "dishub"])), [&numbers[1]]);
    let page = desk.run(&["queue", "--now", END, "--limit", "2"]).out;
    assert!(page.starts_with("queue of aduan at position ") && page.contains("more: --after "), "{page}");

    let track = |number: &str| desk.json(&["track", number]);
    assert_eq!(
        (&track(&numbers[0])["status"], &track(&numbers[1])["agency"]),
        (&json!("resolved_silence"), &json!("dishub"))
    );
    assert_eq!(desk.run(&["track", "nobody"]).code, 2);
}

#[test]
fn figures_are_those_counted_by_hand() {
    let (desk, _) = small();
    let told = |arguments: &[&str]| {
        let ended = desk.run(&[arguments, &["--now", END]].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        println!("{arguments:?}\n{}", ended.out);
        ended.out
    };
    let has = |text: &str, line: &str| {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.lines().any(|found| squeezed(found) == line), "{line}\n{text}");
    };
    let sla = told(&["sla"]);
    has(&sla, "verification 3 0 0 1 0 0 100.00 % 3/3 75.00 % 3/4");
    has(&sla, "first_response 1 0 0 1 0 1 100.00 % 1/1 50.00 % 1/2");
    has(&sla, "statutory 1 0 0 3 0 0 100.00 % 1/1 25.00 % 1/4");
    assert!(sla.starts_with("clocks of aduan at position 21, seen from 2024-04-30T09:00:00+07:00\n"), "{sla}");
    let by_agency = told(&["sla", "--by", "agency"]);
    has(&by_agency, "dishub 2 0 0 2 0 0 100.00 % 2/2 50.00 % 2/4");
    has(&by_agency, "dlh 0 0 0 0 0 1 – –");
    has(&by_agency, "dishub – – – 1 1 1 1 1 1 11 11 1");
    let trend = told(&["trend"]);
    has(&trend, "2024-03 4 4 3 0 1 0 0 0 0 25.00 % 1/4 – –");
    has(&trend, "2024-03 0 1 0 0 0 0 0 0.00");
    let satisfaction = told(&["satisfaction", "--by", "agency"]);
    has(&satisfaction, "dishub 1 – – – – – – – – – – – fewer than 5");
    let shown = told(&["satisfaction", "--fewest", "1"]);
    has(&shown, "total 1 1 100.00 % 1/1 5.00 0 0 0 0 1 100.00 % 1/1 20.65 100.00");
    let load = told(&["load"]);
    has(&load, "– 2 1 1 0 0 0 0 0 2");
    has(&load, "dishub 1 0 0 1 0 0 0 0 1");
    has(&load, "total 0 0 0 3 0");
    has(&load, "dishub 2 0 0.00 % 0/2 1 1.00 0.00 % 0/1 1");
    has(&load, "total 3 1 33.33 % 1/3 1 1.00 0.00 % 0/1 1");
}

#[test]
fn a_look_back_tells_what_was_known_from_what_is_known() {
    let (desk, _) = small();
    let then = "2024-03-10T00:00:00+07:00";
    let counts = |arguments: &[&str]| {
        let total = desk.json(&[&["trend"], arguments].concat())["total"].clone();
        [&total["received"], &total["became"]["open"]].map(|count| count.as_u64().unwrap())
    };
    assert_eq!(counts(&["--now", END]), [4, 3]);
    assert_eq!(counts(&["--as-known", then]), [2, 2], "the answered one is not closed yet");
    assert_eq!(counts(&["--as-of", then]), [3, 3], "the late one had happened");
    let seen = desk.json(&["queue", "--as-known", then]);
    assert_eq!((listed(&seen).len(), &seen["now"], &seen["as_known"]), (2, &json!(then), &json!(then)));
}

#[test]
fn programs_find_the_same_names_for_ever() {
    let (desk, _) = small();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let asked = "agency as_known as_of by channel class clock";
    for (verb, document, line) in [
        ("sla", "cohort ledger lines now officer position since total until", SLA),
        ("trend", "ledger lines now officer position since total until", TREND),
        ("satisfaction", "fewest ledger lines now officer position since total until", SATISFACTION),
        ("load", "ledger lines now officer position routing since total until", LOAD),
    ] {
        let told = desk.json(&[verb, "--by", "agency"]);
        assert_eq!(names(&told), format!("{asked} {document}"));
        assert_eq!(names(&told["total"]), line);
        assert_eq!(names(&told["lines"][0]), line);
    }
    let queue = desk.json(&["queue"]);
    assert_eq!(names(&queue), "as_known as_of ledger next now position waiting");
    assert_eq!(names(&queue["waiting"][0]), WAITING);
}

const SLA: &str = "cancelled compliance compliance_with_overdue first_response holding met missed name overdue paused \
                   resolution running verification";
const TREND: &str = "became closed growth growth_in_a_year name received received_net reopened reopened_per_hundred \
                     resolved_of_received";
const SATISFACTION: &str = "eligible interval is_suppressed mean name rated response satisfied stars";
const LOAD: &str = "ages escalated name open priorities stages";
const WAITING: &str = "agency area category channel class complaint cycle has_question held_since level monitored_from \
                       next_clock next_due officer priority received_at stage tracking_number visibility";

#[test]
fn a_csv_reads_back_under_its_header() {
    let (desk, _) = small();
    for (verb, header) in [
        ("sla", SLA_HEADER),
        ("trend", TREND_HEADER),
        ("satisfaction", SATISFACTION_HEADER),
        ("load", LOAD_HEADER),
        ("queue", QUEUE_HEADER),
        ("monitor", QUEUE_HEADER),
    ] {
        let ended = desk.run(&[verb, "--csv", "--now", END]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""));
        let mut reader = csv::Reader::from_reader(ended.out.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), header);
        assert!(reader.records().map(Result::unwrap).count() > 0, "{verb}");
        assert!(ended.out.ends_with("\r\n") && !ended.out.ends_with("\r\n\r\n"));
    }
}

const SLA_HEADER: &str = "name,met,missed,running,overdue,paused,cancelled,compliance_count,compliance_of,\
    compliance_percent,compliance_with_overdue_count,compliance_with_overdue_of,compliance_with_overdue_percent,\
    verification_cases,verification_median,verification_p90,first_response_cases,first_response_median,\
    first_response_p90,resolution_cases,resolution_median,resolution_p90,holding_cases,holding_median,holding_p90";
const TREND_HEADER: &str = "name,received,received_net,became_open,became_resolved_confirmed,became_resolved_silence,\
    became_resolved_administrative,became_declined,became_withdrawn,became_duplicate,resolved_of_received_count,\
    resolved_of_received_of,resolved_of_received_percent,growth_now,growth_before,growth_percent,growth_in_a_year_now,\
    growth_in_a_year_before,growth_in_a_year_percent,closed_resolved_confirmed,closed_resolved_silence,\
    closed_resolved_administrative,closed_declined,closed_withdrawn,closed_duplicate,reopened,reopened_per_hundred";
const SATISFACTION_HEADER: &str = "name,eligible,rated,response_count,response_of,response_percent,mean,stars_1,stars_2,\
    stars_3,stars_4,stars_5,satisfied_count,satisfied_of,satisfied_percent,interval_low,interval_high,is_suppressed";
const LOAD_HEADER: &str = "name,open,stages_received,stages_verified,stages_dispositioned,stages_in_progress,\
    stages_responded,priorities_urgent,priorities_emergency,escalated,ages_0_to_3,ages_4_to_5,ages_6_to_14,\
    ages_15_to_60,ages_over_60,routing_dispositions,routing_returned,routing_return_rate_count,routing_return_rate_of,\
    routing_return_rate_percent,routing_cycles,routing_mean_dispositions,routing_passed_on_count,routing_passed_on_of,\
    routing_passed_on_percent,routing_most";
const QUEUE_HEADER: &str = "tracking_number,next_due,next_clock,monitored_from,stage,class,priority,level,agency,officer,\
    category,has_question,complaint,channel,area,received_at,held_since,cycle,visibility";

#[test]
fn read_models_built_anew_are_the_same() {
    let (desk, _) = small();
    let checked = desk.json(&["replay", "--check"]);
    assert_eq!(checked["differences"], json!([]));
    assert_eq!(desk.run(&["replay", "--check"]).code, 0);
    assert_eq!(desk.json(&["replay", "--rebuild"])["position"], checked["position"]);
    assert_eq!(desk.run(&["replay"]).code, 2);
    let models = desk.json(&["models"]);
    let build = &models["builds"][0];
    assert_eq!((&build["position"], &build["lag"]), (&models["head"], &json!(0)));
    assert_eq!((&build["is_live"], &build["stopped"]), (&json!(true), &Value::Null));
    std::fs::remove_file(desk.path("aduan.db.vault")).unwrap();
    assert_eq!(desk.run(&["load"]).code, 0, "figures take no vault");
}

#[test]
fn read_models_show_neither_a_whistleblower_nor_a_personal_word() {
    let desk = Desk::new();
    let mut received = Vec::new();
    for (number, visibility) in ["Public", "Whistleblower"].into_iter().enumerate() {
        let mut receive = json!({ "channel": "whatsapp", "class": "Supervisory", "reference": format!("KENARI-{number}"),
            "reporter": "KENARI Siti", "contact": "KENARI 0812", "text": "KENARI menerima uang", "visibility": visibility });
        receive["whistleblowing"] = json!(visibility == "Whistleblower");
        let line = json!({ "at": "2024-03-04T09:00:00+07:00", "by": { "role": "Intake" },
            "command": { "Receive": receive } });
        received.push(desk.receipt(&line, &["--simulate"]));
    }
    let number = |place: usize| received[place]["tracking"]["number"].as_str().unwrap().to_owned();
    assert_eq!(listed(&desk.json(&["queue"])), [number(0)]);
    assert_eq!(listed(&desk.json(&["queue", "--inspectorate"])), [number(1)], "the control: it is there");
    assert_ne!(desk.run(&["track", &number(1)]).code, 0);
    assert_eq!(desk.run(&["track", &number(0)]).code, 0);
    let reads = rusqlite::Connection::open(desk.path("aduan.db.read")).unwrap();
    let count = |sql: &str| reads.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM queue"), count("SELECT count(*) FROM queue_1")), (1, 2));
    assert_eq!((count("SELECT count(*) FROM cases"), count("SELECT count(*) FROM cases_1")), (1, 2));
    assert!(reads.prepare("SELECT state FROM cases").is_err(), "what the engine keeps for itself");
    for closed in ["deadlines", "running", "ratings"] {
        assert!(reads.prepare(&format!("SELECT * FROM {closed}")).is_err(), "{closed} could point at one report");
    }
    drop(reads);
    let bytes = desk.raw_bytes();
    assert!(holds(&bytes, &number(0)), "the control: the read models are among what is looked through");
    assert!(!holds(&bytes, "KENARI"));
}

#[test]
fn a_row_that_somebody_changed_is_found_and_mended() {
    let (desk, _) = small();
    assert_eq!(desk.run(&["replay", "--check"]).code, 0);
    let changed = rusqlite::Connection::open(desk.path("aduan.db.read")).unwrap();
    assert!(changed.execute("UPDATE verdicts_1 SET met = met + 1 WHERE met = 1", []).unwrap() > 0);
    drop(changed);
    let found = desk.run(&["replay", "--check"]);
    assert_eq!(found.code, 5, "{}", found.out);
    assert!(found.out.contains("verdicts ["), "{}", found.out);
    assert_eq!(desk.run(&["replay", "--rebuild"]).code, 0);
    assert_eq!(desk.run(&["replay", "--check"]).code, 0);
    // All of it is derived: without the file it is there again.
    let before = desk.json(&["sla"]);
    for name in ["aduan.db.read", "aduan.db.read-wal", "aduan.db.read-shm"] {
        let _ = std::fs::remove_file(desk.path(name));
    }
    assert_eq!(desk.json(&["sla"])["lines"], before["lines"]);
}

#[test]
fn what_cannot_be_asked_is_told_with_what_can() {
    let desk = Desk::new();
    let refused = |arguments: &[&str], why: &str| {
        let ended = desk.run(arguments);
        assert_eq!((ended.code, ended.err.contains(why)), (2, true), "{arguments:?}: {}", ended.err);
    };
    refused(
        &["satisfaction", "--by", "clock"],
        "kept by clock; it can be asked by month, agency, officer, class, channel, closure",
    );
    refused(&["load", "--by", "month"], "can be asked by agency, officer, class");
    refused(&["trend", "--officer", "p-1"], "not kept by officer");
    refused(&["trend", "--cohort"], "--cohort");
    refused(&["sla", "--csv", "--json"], "exclude each other");
    refused(&["--json", "queue", "--csv"], "exclude each other");
    refused(&["sla", "--since", "2024-05", "--until", "2024-04"], "--until lies before --since");
    refused(&["sla", "--since", "2024-5"], "must read 2024-03");
    refused(&["monitor", "--as-of", END, "--as-known", END], "cannot be used with");
    assert_eq!(desk.run(&["sla"]).code, 0, "nothing is a figure, too");
}

#[test]
fn nothing_panics_when_nobody_reads_on() {
    let (desk, _) = small();
    for form in [&["sla"][..], &["sla", "--json"], &["queue", "--csv"]] {
        let mut child = desk.command(form).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(1) && !said.contains("panicked"), "{form:?}: {said}");
    }
}
