//! Input that no line may hold: a typed refusal each, nothing stored, nothing repeated.

use serde_json::{Value, json};

use crate::desk::{Desk, holds};

const CANARY: &str = "Siti-Aminah-0812";

fn receive(fields: &str) -> String {
    format!(
        r#"{{"by":{{"role":"Intake"}},"command":{{"Receive":{{"channel":"sms-1708","class":"Complaint",{fields}}}}}}}"#
    )
}

/// Each line with the kind of its refusal.
fn bad_lines() -> Vec<(Vec<u8>, &'static str)> {
    let text = |text: &str| receive(&format!(r#""text":"{CANARY} {text}""#)).into_bytes();
    let line = |line: String| line.into_bytes();
    let good = receive(&format!(r#""text":"{CANARY}""#));
    let huge = format!("{CANARY} {}", "a".repeat(10 * 1024 * 1024));
    vec![
        (text("a\0b"), "Invalid"),
        (text(r"a\u0000b"), "Rejected"),
        (text("a\u{7}b"), "Invalid"),
        (text(r"a\u0007b"), "Rejected"),
        (text(r"a\u009bb"), "Rejected"),
        (text(r"\ud800"), "Invalid"),
        (text(r"\udc00\ud800"), "Invalid"),
        (text(&huge), "TooLong"),
        (text(&"é".repeat(20_001)), "Rejected"),
        (receive(&format!(r#""title":"{CANARY}{}","text":"b""#, "é".repeat(501))).into_bytes(), "Rejected"),
        (receive(r#""text":"  ""#).into_bytes(), "Rejected"),
        (receive(&format!(r#""text":"a","{CANARY}":1"#)).into_bytes(), "Invalid"),
        (receive(&format!(r#""text":"a","text":"{CANARY}""#)).into_bytes(), "Invalid"),
        (receive(r#""text":"a","area":"a\u0000b""#).into_bytes(), "Invalid"),
        (line(good.replacen('{', &format!(r#"{{"{CANARY}":1,"#), 1)), "Invalid"),
        (line(good.replacen('{', r#"{"by":{"role":"Intake"},"#, 1)), "Invalid"),
        (line(good.replace("Intake", CANARY)), "Invalid"),
        (line(good.replace("\"Receive\"", &format!("\"{CANARY}\""))), "Invalid"),
        (line(good.replacen('{', r#"{"occurred_at":"9999-12-31T23:59:59Z","#, 1)), "Invalid"),
        (line(good.replacen('{', r#"{"occurred_at":253402300799000000,"#, 1)), "Invalid"),
        (line(good.replacen('{', r#"{"occurred_at":9223372036854775808,"#, 1)), "Invalid"),
        (line(good.replacen('{', r#"{"occurred_at":"2150-01-01T00:00:00Z","#, 1)), "Rejected"),
        (line(good.replacen('{', r#"{"at":"2024-01-01T00:00:00Z","#, 1)), "Invalid"),
        (line(format!("{good}{good}")), "Invalid"),
        (line("[".repeat(100_000)), "Invalid"),
        (line("null".into()), "Invalid"),
        (b"\"\xff\xfe\"".to_vec(), "Invalid"),
        (line(CANARY.into()), "Invalid"),
        (line(r#"{"by":{"role":"Admin"},"command":{"Close":{}}}"#.into()), "Invalid"),
        (
            line(
                json!({ "complaint": uuid::Uuid::nil(), "by": { "role": "Admin" }, "command": { "Close": {} } })
                    .to_string(),
            ),
            "Rejected",
        ),
    ]
}

#[test]
fn each_bad_line_is_refused_with_its_kind_and_nothing_is_stored() {
    let desk = Desk::new();
    let lines = bad_lines();
    let mut input = Vec::new();
    for (line, _) in &lines {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\n\r\n");
    }
    let (answers, ended) = desk.do_lines(&input, &[]);
    assert_eq!(ended.code, 3);
    assert_eq!(answers.len(), lines.len());
    for (number, ((line, kind), answer)) in lines.iter().zip(&answers).enumerate() {
        let shown = String::from_utf8_lossy(&line[..line.len().min(200)]);
        assert_eq!(answer["error"]["kind"], *kind, "{shown}: {answer}");
        assert_eq!(answer["line"], number * 2 + 1);
        assert!(answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    assert!(!ended.out.contains(CANARY) && !ended.err.contains(CANARY), "an error repeats what a line says");
    assert_eq!(desk.json(&["summary"])["events"], 0);
    assert!(!holds(&desk.raw_bytes(), CANARY));

    let rejected = answers.iter().find(|answer| answer["error"]["kind"] == "Rejected").unwrap();
    assert_eq!(rejected["error"]["reason"]["Invalid"]["what"], "text", "the rules' reason is a value");
}

#[test]
fn good_lines_among_bad_ones_are_done() {
    let desk = Desk::new();
    let mut input = b"\xef\xbb\xbf\n".to_vec();
    for (line, _) in bad_lines() {
        input.extend_from_slice(&line);
        input.push(b'\n');
    }
    input.extend_from_slice(receive(r#""text":"Air mati, 🙏\n\tsejak pagi""#).as_bytes());
    let (answers, ended) = desk.do_lines(&input, &[]);
    assert_eq!(ended.code, 3);
    assert_eq!(answers.last().unwrap()["receipt"]["version"], 1);
    assert_eq!(desk.json(&["summary"])["events"], 1);
}

#[test]
fn a_text_stands_nowhere_in_the_clear_but_where_somebody_means_to_read_it() {
    let desk = Desk::new();
    let everything = ["reference", "reporter", "contact", "title", "text", "place", "accused"]
        .map(|field| format!(r#""{field}":"{CANARY}-{field}""#))
        .join(",");
    let (answers, _) = desk.do_lines(receive(&everything).as_bytes(), &[]);
    let id = answers[0]["receipt"]["complaint"].as_str().unwrap();
    // The same message again, and a refusal that is about it.
    let (again, ended) = desk.do_lines(receive(&everything).as_bytes(), &[]);
    assert_eq!(again[0]["error"]["kind"], "Rejected");
    for text in [&ended.out, &ended.err, &desk.run(&["show", id]).out, &desk.run(&["history", id, "--json"]).out] {
        assert!(!text.contains(CANARY), "{text}");
    }
    assert!(!holds(&desk.raw_bytes(), CANARY));
    let revealed: Value = desk.json(&["history", "--reveal", id]);
    assert_eq!(revealed["events"][0]["fact"]["accused"], format!("{CANARY}-accused"), "the control");
    assert!(holds(revealed.to_string().as_bytes(), CANARY));
}
