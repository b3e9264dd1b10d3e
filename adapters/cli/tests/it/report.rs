//! The page of figures: well formed, alone, escaped, and with the numbers of the log.

use serde_json::{Value, json};

use crate::desk::Desk;

/// A small ledger: one complaint that was answered, confirmed and rated, one that is late, one declined, and an agency
/// whose code is somebody's attempt at markup.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("agencies.toml", DIRECTORY);
    let rated = received(&desk, "WA-1", "whatsapp");
    verified(&desk, &rated);
    disposed(&desk, &rated, "a<b>&c");
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" } });
    act(&desk, &rated, "2024-03-05T10:00:00+07:00", json!({ "role": "Liaison", "agency": "a<b>&c" }), respond);
    let complainant = json!({ "role": "Complainant", "secret": rated["tracking"]["secret"] });
    let accept = json!({ "Reply": { "kind": "Accept" } });
    act(&desk, &rated, "2024-03-06T10:00:00+07:00", complainant.clone(), accept);
    act(&desk, &rated, "2024-03-06T11:00:00+07:00", complainant, json!({ "Rate": { "cycle": 1, "score": 5 } }));

    let late = received(&desk, "FB-1", "facebook");
    verified(&desk, &late);
    disposed(&desk, &late, "dishub");

    let prank = received(&desk, "FB-2", "facebook");
    act(
        &desk,
        &prank,
        "2024-03-04T09:00:00+07:00",
        json!({ "role": "Admin" }),
        json!({ "Decline": { "reason": "Prank" } }),
    );
    desk
}

fn received(desk: &Desk, reference: &str, channel: &str) -> Value {
    let receive =
        json!({ "channel": channel, "class": "Complaint", "reference": reference, "text": "Lampu jalan mati" });
    let by = json!({ "role": "Intake" });
    let line = json!({ "at": "2024-03-04T08:00:00+07:00", "by": by, "command": { "Receive": receive } });
    desk.receipt(&line, &[&["--simulate"][..], &RULES].concat())
}

fn verified(desk: &Desk, receipt: &Value) {
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    let verify = json!({ "Verify": { "classification": classification } });
    act(desk, receipt, "2024-03-04T09:00:00+07:00", json!({ "role": "Admin" }), verify);
}

fn disposed(desk: &Desk, receipt: &Value, agency: &str) {
    let dispose = json!({ "Dispose": { "to": agency } });
    act(desk, receipt, "2024-03-04T10:00:00+07:00", json!({ "role": "Admin" }), dispose);
}

fn act(desk: &Desk, receipt: &Value, at: &str, by: Value, command: Value) {
    let line = json!({ "complaint": receipt["complaint"], "at": at, "by": by, "command": command });
    desk.receipt(&line, &[&["--simulate"][..], &RULES].concat());
}

/// Writes the report, and reads it.
fn page(desk: &Desk, arguments: &[&str]) -> String {
    let ended = desk.run(&[&["report", "--out", "report.html"], &RULES[..], arguments].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    std::fs::read_to_string(desk.path("report.html")).unwrap()
}

/// The text of the element with an id.
fn text_of<'p>(page: &'p str, id: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("no {id}"));
    rest.split_once('<').unwrap().0
}

/// Every element is closed in its turn, attributes are quoted and stand once: what an XML parser asks.
pub(crate) fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    while let Some((text, after)) = rest.split_once('<') {
        assert_text(text);
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of turn");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{tag}");
        assert_attributes(attributes.strip_suffix(" /").unwrap_or(attributes));
        if !tag.ends_with(" /") {
            open.push(name);
        }
    }
    assert_eq!((open, rest.trim()), (vec![], ""));
}

fn assert_attributes(mut attributes: &str) {
    let mut seen = Vec::new();
    while !attributes.is_empty() {
        let (name, rest) = attributes.split_once("=\"").unwrap_or_else(|| panic!("{attributes}"));
        let (value, rest) = rest.split_once('"').unwrap();
        assert!(!seen.contains(&name), "{name} twice");
        assert_text(value);
        seen.push(name);
        attributes = rest.trim_start();
    }
}

fn assert_text(text: &str) {
    for (_, entity) in text.match_indices('&').map(|(at, _)| text[at..].split_at(1)) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|name| entity.starts_with(name)), "a bare & in {text}");
    }
}

#[test]
fn the_page_stands_alone_and_is_well_formed() {
    let page = page(&desk(), &["--now", NOW, "--fewest", "1"]);
    assert_well_formed(&page);
    for foreign in ["<script", "http://", "https://", "<link", "<img", "@import", "src=", "href="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for id in
        ["months", "compliance", "ageing", "stars", "satisfaction", "channels", "routing", "closures", "durations"]
    {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
        assert!(page.contains(&format!("id=\"{id}-wide-title\"")), "{id} is not drawn");
    }
}

#[test]
fn no_name_becomes_markup() {
    let page = page(&desk(), &["--now", NOW, "--title", "</title><script>alert(1)</script>"]);
    assert_well_formed(&page);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("Dinas &lt;A&gt; &amp; &quot;B&quot;"), "named as the directory does");
    assert!(!page.contains("a<b>"));
}

#[test]
fn its_numbers_are_those_of_the_summary() {
    let desk = desk();
    let page = page(&desk, &["--now", NOW, "--fewest", "1"]);
    let summary = desk.json(&["summary", "--now", NOW]);
    let number = |value: &Value| value.as_u64().unwrap();
    let told = |id: &str| text_of(&page, &format!("key-{id}")).to_owned();

    assert_eq!(told("received"), summary["complaints"].to_string());
    let stages = summary["stages"].as_object().unwrap();
    let open: u64 = stages.iter().filter(|(stage, _)| *stage != "closed").map(|(_, count)| number(count)).sum();
    assert_eq!(told("open"), open.to_string());
    let overdue: u64 =
        summary["clocks"].as_object().unwrap().values().map(|verdicts| number(&verdicts["overdue"])).sum();
    assert!(overdue > 0);
    assert_eq!(told("overdue"), overdue.to_string());
    for (id, clock) in [("statutory", "statutory"), ("first-response", "first_response")] {
        let verdicts = &summary["clocks"][clock];
        let (met, judged) = (number(&verdicts["met"]), number(&verdicts["met"]) + number(&verdicts["missed"]));
        assert_eq!((told(id), judged), (format!("{}.00 %", met * 100 / judged), 1));
        assert!(page.contains(&format!("{met} of {judged} met")));
    }
    let ratings = &summary["ratings"];
    assert!(page.contains(&format!("{}.00 of 5 stars", number(&ratings["sum"]) / number(&ratings["count"]))));
    assert_eq!(summary["closures"], json!({ "declined": 1, "resolved_confirmed": 1 }));
    assert!(page.contains("Resolved: 1 confirmed by the complainant, 0 by silence, 0 on an officer&#39;s word"));
    for (channel, count) in summary["channels"].as_object().unwrap() {
        assert!(page.contains(&format!("<th scope=\"row\">{channel}</th><td>{count}</td>")), "{channel}");
    }
}

#[test]
fn few_ratings_are_withheld_everywhere() {
    let page = page(&desk(), &["--now", NOW]);
    assert_eq!(text_of(&page, "key-satisfied"), "–");
    assert!(page.contains("withheld: fewer than 5 ratings"));
    assert!(!page.contains("of 5 stars"));
}

#[test]
fn an_empty_ledger_says_so() {
    let desk = Desk::new();
    desk.write("agencies.toml", DIRECTORY);
    let empty = page(&desk, &[]);
    assert_well_formed(&empty);
    assert!(empty.contains("There is nothing yet.") && !empty.contains("<figure"));
}

#[test]
fn a_period_and_a_look_back_leave_the_rest_out() {
    let desk = desk();
    let before = page(&desk, &["--until", "2024-02", "--now", NOW]);
    assert_well_formed(&before);
    assert_eq!(text_of(&before, "key-received"), "0", "none came before March");
    assert_eq!(text_of(&before, "key-open"), "1", "what is open is open, whatever the period");
    let of = page(&desk, &["--as-of", "2024-03-04T09:30:00+07:00"]);
    assert!(of.contains("nothing that happened later counts") && !of.contains("Log hash"));
    let then = page(&desk, &["--as-known", "2024-03-04T09:30:00+07:00"]);
    assert_well_formed(&then);
    assert_eq!((text_of(&then, "key-received"), text_of(&then, "key-open")), ("3", "2"));
    assert!(then.contains("2024-03-04 09:30 WIB; nothing recorded later counts"));
    let early = page(&desk, &["--now", "2024-03-04T08:30:00+07:00"]);
    assert!(early.contains("2024-03-04 08:30 WIB; what the log recorded later counts, too"));
    assert_eq!(desk.run(&["report", "--out", "x", "--since", "2024-04", "--until", "2024-03"]).code, 2);
}

#[test]
fn a_page_that_cannot_be_written_leaves_nothing_behind() {
    let desk = desk();
    std::fs::create_dir(desk.path("taken")).unwrap();
    let ended = desk.run(&[&["report", "--out", "taken"], &RULES[..]].concat());
    assert_eq!(ended.code, 1, "{}", ended.err);
    let names = std::fs::read_dir(desk.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".new")));
}

const RULES: [&str; 2] = ["--directory", "agencies.toml"];
const NOW: &str = "2024-06-03T08:00:00+07:00";
const DIRECTORY: &str = r#"
name = "test"
version = 1
effective_from = "2017-01-01"
source = "test"

[[agency]]
code = "a<b>&c"
name = 'Dinas <A> & "B"'
valid_from = "2017-01-01"
zone = "WIB"

[[agency]]
code = "dishub"
name = "Dinas Perhubungan"
valid_from = "2017-01-01"
zone = "WIB"
"#;
