//! The timeline of a complaint: as text, as JSON, as a page; as known at a time; sealed unless somebody means to open it.

use aduan::calendar::Calendar;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::report::assert_well_formed;

/// A complaint with a return, a question that was answered late by post, more time, and limits that passed.
fn eventful(desk: &Desk) -> Value {
    let receipt = received(desk, json!({}));
    let admin = json!({ "role": "Admin" });
    let at = |time: &str| format!("2024-05-{time}:00+07:00");
    act(desk, &receipt, &at("06T09:00"), &admin, json!({ "Verify": { "classification": class() } }));
    act(desk, &receipt, &at("06T09:30"), &admin, json!({ "Dispose": { "to": "dlh" } }));
    let back = json!({ "Return": { "disposition": 1, "suggested": "dishub", "text": "Bukan kewenangan kami" } });
    act(desk, &receipt, &at("07T10:00"), &json!({ "role": "Liaison", "agency": "dlh" }), back);
    act(desk, &receipt, &at("07T13:00"), &admin, json!({ "Dispose": { "to": "dishub" } }));
    let liaison = json!({ "role": "Liaison", "agency": "dishub", "person": "petugas-12" });
    act(desk, &receipt, &at("08T08:00"), &liaison, json!({ "RequestInfo": { "text": "Di tiang berapa?" } }));
    let answer = json!({ "complaint": receipt["complaint"], "at": at("15T19:00"), "occurred_at": at("14T21:10"),
        "by": { "role": "Complainant", "secret": receipt["tracking"]["secret"] },
        "command": { "ProvideInfo": { "request": 1, "text": "Tiang 44", "attachments": [] } } });
    desk.receipt(&answer, &["--simulate"]);
    let extend = json!({ "Extend": { "days": 5, "kind": "Statutory", "text": "Menunggu suku cadang" } });
    act(desk, &receipt, &at("16T09:00"), &json!({ "role": "Superior" }), extend);
    desk.run(&["tick", "--now", "2024-05-27T06:00:00+07:00"]);
    receipt
}

fn received(desk: &Desk, more: Value) -> Value {
    let mut receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": "WA-1", "text": SEALED,
        "reporter": "Siti <b>Rahma</b>" });
    receive.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let line =
        json!({ "at": "2024-05-06T08:12:00+07:00", "by": { "role": "Intake" }, "command": { "Receive": receive } });
    desk.receipt(&line, &["--simulate"])
}

fn act(desk: &Desk, receipt: &Value, at: &str, by: &Value, command: Value) {
    let line = json!({ "complaint": receipt["complaint"], "at": at, "by": by, "command": command });
    desk.receipt(&line, &["--simulate"]);
}

fn class() -> Value {
    json!({ "category": "penerangan-jalan", "class": "Complaint" })
}

fn id(receipt: &Value) -> &str {
    receipt["complaint"].as_str().unwrap()
}

/// Writes the page, and reads it.
fn page(desk: &Desk, arguments: &[&str]) -> String {
    let ended = desk.run(&[&["history", "--html", "history.html"], arguments].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    std::fs::read_to_string(desk.path("history.html")).unwrap()
}

/// One space wherever there is any: lines are folded where they end.
fn unfolded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_text_says_who_when_under_what_and_what_it_did_to_the_clocks() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    let ended = desk.run(&["history", id(&receipt), "--now", NOW]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.lines().all(|line| line.chars().count() <= 100), "{}", ended.out);
    let told = unfolded(&ended.out);
    for expected in [
        "1 Mon 2024-05-06 08:12 WIB Received by whatsapp (complaint) by intake",
        "> statutory started: 10 working days, due end of Wed 2024-05-22",
        "> verification met, 1 working day to spare (due end of Tue 2024-05-07)",
        "Disposisi 1 returned by Dinas Lingkungan Hidup (dlh) (bukan wewenang); it suggests Dinas Perhubungan (dishub)",
        "> first response ends without a verdict: no longer meant",
        "Question 1 to the complainant (tunda) by the liaison officer (pejabat penghubung) of Dinas Perhubungan (dishub), \
         known as petugas-12",
        "> first response paused (tunda) until the complainant answers",
        "7 Tue 2024-05-14 21:10 WIB Question 1 answered by the complainant recorded Wed 2024-05-15 19:00 WIB, \
         21 h 50 min later",
        "> statutory runs again, 3 working days added: due end of Wed 2024-05-29",
        "> statutory extended by 5 working days: due end of Wed 2024-06-05 instead of end of Wed 2024-05-29",
        "Escalated from level 0 to 1 (head of agency): the first response clock had passed its due time by the passing of \
         time recorded Mon 2024-05-27 06:00 WIB",
        "held by Dinas Perhubungan (dishub) since Tue 2024-05-07 13:00 WIB (disposisi 2); escalated to level 2",
        "statutory due end of Wed 2024-06-05, 3 working days left",
        "first response overdue by 8 working days, was due end of Fri 2024-05-17 (dishub)",
    ] {
        assert!(told.contains(expected), "{expected}\n{}", ended.out);
    }
    assert_eq!(told.matches("policy mojokerto-2020@1").count(), 1, "said once");
}

#[test]
fn the_json_tells_each_change_beside_what_it_always_told() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    let told = desk.json(&["history", id(&receipt), "--now", NOW]);
    let first = &told["events"][0];
    for key in ["sequence", "event_id", "event", "occurred_at", "recorded_at", "by", "policy", "record_hash", "fact"] {
        assert_ne!(first[key], Value::Null, "{key}");
    }
    let change = |event: usize, place: usize| &told["events"][event]["clock_changes"][place];
    assert_eq!(
        *change(1, 0),
        json!({
            "kind": "verification", "agency": null, "what": "met", "at": "2024-05-06T09:00:00+07:00",
            "from": "running", "to": "met", "due_before": "2024-05-07T23:59:59.999999+07:00",
            "due": "2024-05-07T23:59:59.999999+07:00", "limit": { "WorkingDays": 1 }, "added": null, "by": null,
            "margin": { "is_late": false, "span": { "working_days": 1 } },
        })
    );
    let whats = |event: usize| -> Vec<&Value> {
        told["events"][event]["clock_changes"].as_array().unwrap().iter().map(|change| &change["what"]).collect()
    };
    assert_eq!(whats(5), ["paused", "paused", "started"]);
    assert_eq!(whats(6), ["met", "resumed", "resumed"]);
    assert_eq!((change(6, 1)["added"].clone(), change(7, 0)["by"].clone()), (json!(3), json!(5)));
    let holders: Vec<_> = told["holdings"].as_array().unwrap().iter().map(|held| &held["agency"]).collect();
    assert_eq!(holders, ["dlh", "dishub"]);
    assert_eq!(told["clocks"].as_array().unwrap().len(), 7, "one for each disposition");
    assert_eq!(told["clocks"][1]["dues"].as_array().unwrap().len(), 3);
    assert_eq!(told["present"], desk.json(&["show", id(&receipt), "--now", NOW]));
}

#[test]
fn the_page_stands_alone_and_every_link_leads_somewhere() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    let page = page(&desk, &[id(&receipt), "--now", NOW]);
    assert_well_formed(&page);
    for foreign in ["<script", "http://", "https://", "<link", "<img", "@import", "src=", "url(h"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let links: Vec<&str> =
        page.split("href=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0.strip_prefix('#').unwrap()).collect();
    assert!(!links.is_empty() && links.iter().all(|id| page.contains(&format!("<li id=\"{id}\""))), "{links:?}");
    for event in 1..=10 {
        assert!(page.contains(&format!("<li id=\"event-{event}\"")), "{event}");
    }
    for room in ["wide", "narrow"] {
        assert!(
            page.contains(&format!("id=\"clocks-{room}-title\""))
                && page.contains(&format!("id=\"clocks-{room}-about\""))
        );
    }
    assert!(page.contains("<caption>The clocks</caption>") && page.contains("Hari Raya Waisak"));
    assert!(page.contains("overdue by 8 working days"), "said, not only coloured");
}

#[test]
fn sealed_values_are_on_the_page_only_where_somebody_means_it() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    let sealed = page(&desk, &[id(&receipt)]);
    assert!(sealed.contains("[sealed]"));
    for text in [SEALED, "Rahma", "Tiang 44", "tiang berapa", "suku cadang"] {
        assert!(!sealed.contains(text), "{text}");
    }
    let open = page(&desk, &[id(&receipt), "--reveal"]);
    assert_well_formed(&open);
    assert!(open.contains(SEALED) && open.contains("Tiang 44"), "the control");
    assert!(open.contains("Siti &lt;b&gt;Rahma&lt;/b&gt;") && !open.contains("<b>"), "no name becomes markup");
    assert!(open.contains("personal values in the clear"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(desk.path("history.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may read it");
    }
}

#[test]
fn lost_values_are_said_to_be_unreadable_on_the_page_too() {
    let desk = Desk::new();
    let receipt = received(&desk, json!({}));
    let other = Desk::new();
    std::fs::copy(other.path("aduan.db.vault"), desk.path("other.vault")).unwrap();
    let arguments = ["history", id(&receipt), "--reveal", "--vault", "other.vault", "--html", "lost.html"];
    assert_eq!(desk.run(&arguments).code, 1, "asked for, and not given");
    let page = std::fs::read_to_string(desk.path("lost.html")).unwrap();
    assert!(page.contains("[unreadable]") && !page.contains(SEALED) && page.contains("values are unreadable"));
}

#[test]
fn as_known_leaves_out_what_was_recorded_later_however_early_it_happened() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    // The answer was sent on the 14th, and came on the 15th.
    let known = ["history", id(&receipt), "--as-known", "2024-05-15T08:00:00+07:00"];
    let then = desk.json(&known);
    let names = |told: &Value| -> Vec<String> {
        told["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    assert!(!names(&then).contains(&"InfoProvided".to_owned()));
    assert_eq!((&then["later_events"], then["events"].as_array().unwrap().len()), (&json!(4), 6));
    let later = desk.json(&["history", id(&receipt), "--as-known", "2024-05-15T20:00:00+07:00"]);
    assert!(names(&later).contains(&"InfoProvided".to_owned()), "the control");
    assert_eq!((&then["now"], &then["present"]["question"]), (&json!("2024-05-15T08:00:00+07:00"), &json!(1)));
    let page = page(&desk, &[id(&receipt), "--as-known", "2024-05-15T08:00:00+07:00"]);
    assert!(!page.contains("Question 1 answered") && page.contains("4 events recorded later left out"));
    let text = desk.run(&known).out;
    assert!(text.contains("4 events recorded later left out") && !text.contains("Question 1 answered"), "{text}");
    let before = desk.run(&["history", id(&receipt), "--as-known", "2024-05-01T00:00:00+07:00"]);
    assert_eq!(before.code, 3, "{}", before.err);
}

#[test]
fn open_clocks_are_judged_then_unless_now_says_otherwise() {
    let desk = Desk::new();
    let receipt = eventful(&desk);
    let overdue = |arguments: &[&str]| {
        let told = desk.json(&[&["history", id(&receipt)], arguments].concat());
        let clocks = told["clocks"].as_array().unwrap().clone();
        clocks.iter().filter(|clock| clock["verdict"] == "Overdue" && clock["kind"] == "first_response").count()
    };
    assert_eq!(overdue(&["--as-known", "2024-05-17T20:00:00+07:00"]), 0, "its last day");
    assert_eq!(overdue(&["--as-known", "2024-05-17T20:00:00+07:00", "--now", NOW]), 1);
}

#[test]
fn a_whistleblowers_page_says_for_whom_it_is() {
    let desk = Desk::new();
    let hidden = json!({ "visibility": "Whistleblower", "whistleblowing": true, "accused": "Kepala seksi" });
    let report = received(&desk, hidden);
    let told = page(&desk, &[id(&report)]);
    assert!(told.contains("for the inspectorate only") && !told.contains("Kepala seksi"));
    assert!(desk.run(&["history", id(&report)]).out.contains("A whistleblower's report"));
    let public = received(&desk, json!({ "reference": "WA-2" }));
    assert!(!page(&desk, &[id(&public)]).contains("inspectorate only"), "the control");
}

#[test]
fn another_calendar_is_said_where_it_begins_to_bind() {
    let desk = Desk::new();
    let receipt = received(&desk, json!({}));
    let text = include_str!("../../../../core/data/calendars/id-national.toml");
    let newer = text.replacen("version = 1", "version = 2", 1);
    let newer =
        newer.replacen("days = [", "days = [\n  { date = 2024-05-13, kind = \"national\", name = \"Libur baru\" },", 1);
    let calendar = Calendar::parse(&newer).unwrap();
    desk.write("old.toml", text);
    desk.write("new.toml", &newer);
    let recompute = json!({ "Recompute": { "calendar": calendar.reference(), "text": "SKB direvisi" } });
    let line = json!({ "complaint": id(&receipt), "at": "2024-05-07T09:00:00+07:00", "by": { "role": "Admin" },
        "command": recompute });
    desk.receipt(&line, &["--simulate", "--calendar", "old.toml", "--calendar", "new.toml"]);
    // The new calendar is not among the built-in ones: the ledger kept it.
    let told = unfolded(&desk.run(&["history", id(&receipt), "--now", NOW]).out);
    assert!(told.contains("calendar id-national@1") && told.contains("calendar id-national@2"), "{told}");
    assert!(told.contains("statutory moved: due end of Mon 2024-05-27 instead of end of Wed 2024-05-22"), "{told}");
    let page = page(&desk, &[id(&receipt), "--now", NOW]);
    assert!(page.contains("Libur baru"), "drawn and told by the calendar that binds it");
}

#[test]
fn years_of_silence_are_folded_and_said() {
    let desk = Desk::new();
    let receipt = received(&desk, json!({}));
    let page = page(&desk, &[id(&receipt), "--now", "2026-05-06T08:00:00+07:00"]);
    assert_well_formed(&page);
    assert!(page.contains("days in which nothing happened, drawn shorter"));
    let short = self::page(&desk, &[id(&receipt), "--now", "2024-05-10T08:00:00+07:00"]);
    assert!(!short.contains("drawn shorter"), "the control");
}

#[test]
fn a_page_that_cannot_be_written_leaves_nothing_behind() {
    let desk = Desk::new();
    let receipt = received(&desk, json!({}));
    std::fs::create_dir(desk.path("taken")).unwrap();
    assert_eq!(desk.run(&["history", id(&receipt), "--html", "taken"]).code, 1);
    let names = std::fs::read_dir(desk.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".new")));
}

const SEALED: &str = "Lampu jalan mati di depan rumah Pak Hasan";
const NOW: &str = "2024-06-01T08:00:00+07:00";
