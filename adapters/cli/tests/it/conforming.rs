//! `conform`: foreign logs judged by the rules of this lifecycle, told by rule, and drawn.

use serde_json::{Value, json};

use crate::desk::{Desk, material, root};

const MAP: &str = r#"
format = "event-csv"
zone = "WIB"
time = ["%d-%m-%Y %H:%M"]
[event]
case = "nomor"
activity = "kegiatan"
time = "waktu"
[activities]
masuk = "Received"
verifikasi = "Verified"
disposisi = "Dispositioned"
jawaban = "Responded"
selesai = "Closed"
bintang = "Rated"
"#;

/// Cases of a city whose desk does not follow the rules, their lines mixed as they came.
const LOG: &str = "\
nomor,kegiatan,waktu
A,masuk,01-03-2024 08:00
B,masuk,01-03-2024 09:00
A,verifikasi,01-03-2024 10:00
B,jawaban,02-03-2024 08:00
A,disposisi,02-03-2024 09:00
B,selesai,02-03-2024 10:00
A,jawaban,03-03-2024 08:00
B,disposisi,03-03-2024 09:00
A,selesai,04-03-2024 08:00
A,bintang,04-03-2024 09:00
C,masuk,05-03-2024 08:00
C,selesai,04-03-2024 08:00
C,entah,besok
,masuk,05-03-2024 08:00
";

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.write("map.toml", MAP);
    desk.write("log.csv", LOG);
    desk
}

fn rule<'r>(report: &'r Value, name: &str) -> &'r Value {
    let rules = report["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["rule"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn a_log_that_breaks_rules_is_told_by_rule_with_examples() {
    let desk = desk();
    let ended = desk.run(&["conform", "log.csv", "--map", "map.toml"]);
    assert_eq!(ended.code, 3, "{}", ended.err);
    assert!(ended.out.contains("e.g. case B, event 2: jawaban, after masuk"), "{}", ended.out);
    let report = desk.json(&["conform", "log.csv", "--map", "map.toml"]);
    assert_eq!((&report["cases"], &report["events"], &report["conforming"]), (&json!(3), &json!(13), &json!(1)));
    assert_eq!((&report["unreadable"], &report["untimed"]), (&json!(1), &json!(1)));
    assert_eq!(rule(&report, "holder-answers")["examples"][0]["case"], "B");
    assert_eq!(rule(&report, "ends-with-closing")["transitions"][0]["from"], "selesai");
    assert_eq!(rule(&report, "answered-before-resolved")["breaches"], 1);
    assert_eq!(rule(&report, "time-goes-forward")["examples"][0]["event"], 2);
    assert_eq!(report["rules"].as_array().unwrap().len(), 4, "and no other");
    let unnamed = report["activities"].as_array().unwrap().iter().find(|found| found["activity"] == "entah").unwrap();
    assert_eq!(unnamed["step"], Value::Null, "what the map does not name is told, and not judged");
}

#[test]
fn a_log_that_breaks_none_ends_well() {
    let desk = desk();
    let good: String = LOG
        .lines()
        .filter(|line| line.starts_with("nomor") || line.starts_with("A,"))
        .fold(String::new(), |all, line| all + line + "\n");
    desk.write("good.csv", good);
    let ended = desk.run(&["conform", "good.csv", "--map", "map.toml", "--svg", "good.svg"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(!std::fs::read_to_string(desk.path("good.svg")).unwrap().contains("class=\"edge broken\"><title>"));
}

#[test]
fn the_drawing_stands_for_itself_and_tells_what_is_broken_without_colour() {
    let desk = desk();
    let hostile = LOG
        .replace("entah", "<script>&\"x\"")
        .replace("C,<", "C,\"<")
        .replace("x\",besok", "x\"\"\",besok")
        .replace("&\"x", "&\"\"x");
    desk.write("log.csv", hostile);
    assert_eq!(desk.run(&["conform", "log.csv", "--map", "map.toml", "--svg", "out.svg"]).code, 3);
    let svg = std::fs::read_to_string(desk.path("out.svg")).unwrap();
    assert!(!svg.contains("<script"), "a name became markup");
    assert!(!svg.contains("http") || svg.matches("http").count() == 1, "only the namespace");
    for piece in
        ["role=\"img\"", "aria-labelledby=\"title\"", "stroke-dasharray", "prefers-color-scheme: dark", "1 broken"]
    {
        assert!(svg.contains(piece), "{piece}");
    }
    // Read by an XML parser, every element closes.
    let mut reader = quick_xml::Reader::from_str(&svg);
    reader.config_mut().check_end_names = true;
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
}

#[test]
fn a_log_of_ours_breaks_no_rule_and_needs_no_map() {
    let desk = Desk::new();
    let receive = json!({ "channel": "sms-1708", "class": "Information", "text": "Jam buka?" });
    let receipt = desk.receipt(&json!({ "by": { "role": "Intake" }, "command": { "Receive": receive } }), &[]);
    let decline = json!({ "complaint": receipt["complaint"], "by": { "role": "Admin" }, "command": { "Decline": { "reason": "Test" } } });
    desk.receipt(&decline, &[]);
    assert_eq!(desk.run(&["export", "--format", "xes", "--out", "own.xes"]).code, 0);
    let report = desk.json(&["conform", "own.xes"]);
    assert_eq!((&report["cases"], &report["conforming"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(desk.run(&["conform", "own.xes"]).code, 0);
}

#[test]
fn reference_logs_are_judged() {
    let map = |name: &str| root().join("examples/maps").join(name).display().to_string();
    for (name, map_name, cases, rule_name, breaches) in [
        ("running-example", "compensation.toml", 6, "holder-answers", 9),
        ("receipt_first100", "permits-receipt.toml", 100, "verified-once", 3),
    ] {
        let Some(file) = material(&format!("eventlogs/{name}.xes")) else { continue };
        let report = Desk::empty().json(&["conform", file.to_str().unwrap(), "--map", &map(map_name)]);
        assert_eq!(report["cases"], cases, "{name}");
        assert_eq!(rule(&report, rule_name)["breaches"], breaches, "{name}");
    }
}

#[test]
fn what_is_no_log_or_no_map_for_one_is_said() {
    let desk = desk();
    assert_eq!(desk.run(&["conform", "log.csv"]).code, 2, "no map");
    assert_eq!(desk.run(&["conform", "none.csv", "--map", "map.toml"]).code, 1);
    desk.write(
        "table.toml",
        "format = \"csv\"\nzone = \"WIB\"\n[columns]\nreference = \"nomor\"\nreceived = \"waktu\"\n",
    );
    let ended = desk.run(&["conform", "log.csv", "--map", "table.toml"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("tells of complaints, not of events"), "{}", ended.err);
    desk.write("wrong.toml", MAP.replace("\"Rated\"", "\"Starred\""));
    let ended = desk.run(&["conform", "log.csv", "--map", "wrong.toml"]);
    assert!(ended.code == 2 && ended.err.contains("`Starred` is no fact"), "{}", ended.err);
    let ended = desk.run(&["import", "log.csv", "--map", "map.toml"]);
    assert!(ended.code == 2 && ended.err.contains("conform"), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_drawing_goes_where_a_link_leads_into_a_pipe_and_to_standard_output() {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    use std::process::Command;
    use std::thread;

    let desk = desk();
    let draw = |svg: &str| desk.run(&["conform", "log.csv", "--map", "map.toml", "--svg", svg]);
    assert_eq!(draw("plain.svg").code, 3);
    let drawing = fs::read_to_string(desk.path("plain.svg")).unwrap();
    assert!(drawing.starts_with("<svg"), "{drawing}");

    // A link to a file, and one over another link to a file that is not there yet.
    fs::create_dir(desk.path("published")).unwrap();
    desk.write("published/old.svg", "as it was");
    symlink("published/old.svg", desk.path("old.svg")).unwrap();
    symlink("new.svg", desk.path("published/latest.svg")).unwrap();
    symlink("published/latest.svg", desk.path("latest.svg")).unwrap();
    for (link, leads_to) in [("old.svg", "published/old.svg"), ("latest.svg", "published/new.svg")] {
        assert_eq!(draw(link).code, 3);
        assert!(desk.path(link).is_symlink(), "{link} stays what it is");
        assert!(desk.path(leads_to).is_file(), "{leads_to}");
        assert_eq!(fs::read_to_string(desk.path(leads_to)).unwrap(), drawing, "{leads_to}");
    }
    symlink("round.svg", desk.path("round.svg")).unwrap();
    assert_eq!(draw("round.svg").code, 1, "it leads nowhere");

    assert!(Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap().success());
    let pipe = desk.path("pipe");
    let reader = thread::spawn(move || fs::read(pipe).unwrap());
    assert_eq!(draw("pipe").code, 3);
    assert!(fs::metadata(desk.path("pipe")).unwrap().file_type().is_fifo(), "it stays what it is");
    assert_eq!(reader.join().unwrap(), drawing.as_bytes());

    // Standard output, by a name of its own: a pipe, and a file, in which the report stands behind the drawing.
    symlink("/dev/stdout", desk.path("out.svg")).unwrap();
    let piped = draw("out.svg");
    assert_eq!(piped.code, 3, "{}", piped.err);
    assert!(piped.out.starts_with(&drawing) && piped.out.len() > drawing.len(), "{}", piped.out);
    let mut command = desk.command(&["conform", "log.csv", "--map", "map.toml", "--svg", "out.svg"]);
    command.stdout(fs::File::create(desk.path("both")).unwrap());
    assert_eq!(command.status().unwrap().code(), Some(3));
    assert_eq!(fs::read_to_string(desk.path("both")).unwrap(), piped.out);
    assert!(desk.path("out.svg").is_symlink());
    let beside = fs::read_dir(desk.path("published")).unwrap().chain(fs::read_dir(desk.path(".")).unwrap());
    assert!(beside.map(|entry| entry.unwrap().file_name()).all(|name| !name.to_string_lossy().ends_with(".new")));
}
