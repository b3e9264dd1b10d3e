//! Every command of the program on a ledger in PostgreSQL.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::LazyLock;

use aduan_testkit::postgres::{self, Database, Server};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::desk::{Desk, Ended, material, root};

const PASSWORD: &str = "Rahasia-124";

/// A desk beside a database, on which `init` made the ledger `mojokerto`.
struct Office {
    desk: Desk,
    database: Database,
}

impl Office {
    fn new() -> Self {
        let office = Office::empty();
        let told = office.desk.json(&["init", "--store", &office.as_owner(""), "--ledger", "mojokerto"]);
        assert_eq!(told["ledger"], "mojokerto");
        office
    }

    /// With a database that is empty.
    fn empty() -> Self {
        let database = on_runtime(async { Server::shared().unwrap().database().await.unwrap() });
        Office { desk: Desk::empty(), database }
    }

    /// The database for whoever made it.
    fn as_owner(&self, parameters: &str) -> String {
        self.database.url() + parameters
    }

    /// The ledger for the application, which brings a password that nobody may see.
    fn store(&self) -> String {
        self.store_of("mojokerto")
    }

    fn store_of(&self, ledger: &str) -> String {
        let url = self.database.url_as("aduan_app").replace("aduan_app@", &format!("aduan_app:{PASSWORD}@"));
        format!("{url}?ledger={ledger}")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.desk.run(&[&["--store", &self.store()], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.desk.json(&[&["--store", &self.store()], arguments].concat())
    }

    fn receipt(&self, line: &Value) -> Value {
        self.desk.receipt(line, &["--store", &self.store(), "--simulate"])
    }

    /// `do`, with lines to come.
    fn doing(&self, lines: &str) -> Child {
        let mut command = self.desk.command(&["--store", &self.store(), "do"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        child
    }

    fn as_superuser(&self, sql: &str) {
        on_runtime(async { postgres::connect(&self.database.url()).await.unwrap().batch_execute(sql).await.unwrap() });
    }
}

/// The harness is asynchronous, and the program under test is another process: one small runtime drives the former.
fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(future)
}

fn receive(reference: &str) -> Value {
    let text = format!("Lampu mati di depan {reference}");
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": text });
    json!({ "at": "2024-03-04T08:00:00+07:00", "by": { "role": "Intake" }, "command": { "Receive": receive } })
}

fn by_admin(complaint: &Value, command: Value) -> Value {
    json!({ "complaint": complaint, "at": "2024-03-04T09:00:00+07:00", "by": { "role": "Admin" }, "command": command })
}

#[test]
fn a_complaint_lives_in_a_database_from_receipt_to_closing() {
    let office = Office::new();
    let receipt = office.receipt(&receive("WA-1"));
    let (id, number) = (&receipt["complaint"], receipt["tracking"]["number"].as_str().unwrap());
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    office.receipt(&by_admin(id, json!({ "Verify": { "classification": classification } })));
    office.receipt(&by_admin(id, json!({ "Dispose": { "to": "dishub" } })));
    let respond = json!({ "Respond": { "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" } });
    let answer = json!({ "complaint": id, "at": "2024-03-05T10:00:00+07:00",
        "by": { "role": "Liaison", "agency": "dishub" }, "command": respond });
    office.receipt(&answer);

    assert_eq!(office.json(&["show", number, "--now", "2024-03-05T10:00:00+07:00"])["stage"], "Responded");
    let sealed = office.run(&["history", number]);
    assert!(sealed.out.contains("text: [sealed]") && !sealed.out.contains("Lampu"), "{}", sealed.out);
    let open = office.json(&["history", "--reveal", number]);
    assert_eq!(open["events"][0]["fact"]["text"], "Lampu mati di depan WA-1");

    let ticked = office.json(&["tick", "--now", "2024-04-30T08:00:00+07:00"]);
    assert_eq!(ticked["done"][0]["event"], "Closed");
    assert_eq!(office.json(&["tick", "--now", "2024-04-30T08:00:00+07:00"])["done"], json!([]));
    assert_eq!(office.json(&["summary"])["closures"], json!({ "resolved_silence": 1 }));
    let report = office.json(&["verify", "--save-head", "head"]);
    assert_eq!(
        (&report["problems"], &report["events"], &report["altered_guard"]),
        (&json!([]), &json!(5), &json!(null))
    );
    office.receipt(&receive("WA-2"));
    assert_eq!(office.run(&["verify", "--head", "head"]).code, 0);

    // Its vault lies where it was said to be, and nobody reveals anything without it.
    fs::rename(office.desk.path("mojokerto.vault"), office.desk.path("elsewhere")).unwrap();
    assert_eq!(office.run(&["history", number]).code, 0);
    assert_eq!(office.run(&["history", "--reveal", number]).code, 1);
    assert_eq!(office.run(&["history", "--reveal", number, "--vault", "elsewhere"]).code, 0);
    let init = office.run(&["init"]);
    assert!(init.code == 1 && init.err.contains("--vault"), "{}", init.err);
}

#[test]
fn init_says_what_it_made_and_what_to_keep_and_again_makes_nothing() {
    let office = Office::empty();
    let owner = office.as_owner("");
    let first = office.desk.run(&["init", "--store", &owner]);
    assert_eq!(first.code, 0, "{}", first.err);
    let url = office.database.url_as("aduan_app");
    for said in ["ledger  aduan\n", "made: ledger, events", "aduan.vault", "pg_dump", "ALTER ROLE aduan_app PASSWORD"] {
        assert!(first.out.contains(said), "{said}: {}", first.out);
    }
    assert!(first.out.contains(&format!("aduan --store '{url}?ledger=aduan' --vault")), "{}", first.out);
    let again = office.desk.run(&["init", "--store", &owner]);
    assert!(again.code == 0 && again.out.contains("ledger  aduan (was there)\n"), "{}{}", again.out, again.err);
    assert!(again.out.contains("tables  were there"), "{}", again.out);

    // The application makes one more ledger without being able to make tables.
    let kediri = office.desk.run(&["init", "--store", &url, "--ledger", "kediri"]);
    assert_eq!(kediri.code, 0, "{}", kediri.err);
    let other = office.desk.run(&["init", "--store", &office.store_of("blitar"), "--ledger", "kediri"]);
    assert_eq!(other.code, 2, "{}", other.err);
    let vague = office.desk.run(&["init", "--store", &url]);
    assert!(vague.code == 2 && vague.err.contains("aduan, kediri"), "{}", vague.err);
    // Two ledgers may share a vault.
    let shared = office.desk.run(&["init", "--store", &office.store_of("blitar"), "--vault", "kediri.vault"]);
    assert_eq!(shared.code, 0, "{}", shared.err);
    let lost = office.desk.run(&["init", "--store", &office.store_of("aduan"), "--vault", "kediri.vault"]);
    assert_eq!(lost.code, 1, "its texts are under other keys: {}", lost.out);
}

#[test]
fn a_ledger_is_named_or_is_the_only_one() {
    let office = Office::empty();
    let url = office.database.url();
    for arguments in [&["summary"][..], &["tick"], &["verify"]] {
        let ended = office.desk.run(&[&["--store", &url], arguments].concat());
        assert!(ended.code == 1 && ended.err.contains("`aduan init`"), "{arguments:?} {}", ended.err);
    }
    assert_eq!(office.desk.run(&["init", "--store", &url, "--ledger", "mojokerto"]).code, 0);
    let application = office.database.url_as("aduan_app");
    assert_eq!(office.desk.json(&["--store", &application, "summary"])["events"], 0);
    assert_eq!(office.desk.run(&["--store", &application.replace("postgres://", "postgresql://"), "tick"]).code, 0);
    let unknown = office.desk.run(&["--store", &office.store_of("kediri"), "summary"]);
    assert!(unknown.code == 1 && unknown.err.contains("no ledger kediri"), "{}", unknown.err);
    assert_eq!(office.desk.run(&["init", "--store", &url, "--ledger", "kediri"]).code, 0);
    for arguments in [&["summary"][..], &["tick"]] {
        let several = office.desk.run(&[&["--store", &application], arguments].concat());
        assert!(several.code == 2 && several.err.contains("kediri, mojokerto"), "{}", several.err);
    }
}

#[test]
fn a_city_comes_in_once_and_moves_to_a_database_and_back() {
    let Some(file) = material("tabular/boston311_2011_first2000.csv") else { return };
    let office = Office::new();
    let map = root().join("examples/maps/boston311.toml").display().to_string();
    let import = ["import", file.to_str().unwrap(), "--map", &map, "--rejects", "rejects.csv"];
    let tally = office.json(&import);
    println!("boston: {tally}");
    assert_eq!((&tally["complaints"], &tally["events"], &tally["rejects"]), (&json!(2000), &json!(9290), &json!(0)));
    let again = office.json(&import);
    println!("boston again: {again}");
    assert_eq!((&again["events"], &again["known"]), (&json!(0), &json!(2000)));
    let report = office.json(&["verify"]);
    assert_eq!(report["problems"], json!([]));

    let copied = office.json(&["copy", "--to", "sqlite:city.db"]);
    println!("to a file: {copied}");
    assert_eq!((&copied["events"], &copied["head"]), (&json!(9290), &report["saved_head"]));
    // On into another database: its tables are made, and its ledger.
    let next = Office::empty();
    let (to, back) = (next.as_owner("?ledger=mojokerto"), ["--from", "sqlite:city.db", "--vault", "mojokerto.vault"]);
    let copied = office.desk.json(&[&["copy", "--to", &to], &back[..]].concat());
    println!("to a database: {copied}");
    assert_eq!((&copied["events"], &copied["head"]), (&json!(9290), &report["saved_head"]));
    assert_eq!(office.desk.json(&[&["copy", "--to", &to], &back[..]].concat())["events"], 0);
    let vault = office.desk.path("mojokerto.vault").display().to_string();
    let summary = ["summary", "--now", "2017-07-01T00:00:00Z"];
    assert_eq!(next.json(&summary), office.json(&summary));
    let known = next.json(&[&import[..], &["--vault", &vault]].concat());
    assert_eq!((&known["events"], &known["known"]), (&json!(0), &json!(2000)));
    let other = office.desk.run(&[&["copy", "--to", &next.store_of("kediri")], &back[..]].concat());
    assert_eq!(other.code, 2, "{}", other.err);
}

#[test]
fn a_copy_in_a_database_opens_with_the_old_vault_and_goes_on() {
    let office = Office::empty();
    let desk = &office.desk;
    assert_eq!(desk.run(&["init", "--ledger", "mojokerto"]).code, 0);
    let receipt = desk.receipt(&receive("WA-1"), &["--simulate"]);
    let id = receipt["complaint"].as_str().unwrap();
    desk.receipt(&receive("WA-2"), &["--simulate"]);
    assert_eq!(desk.run(&["verify", "--save-head", "head"]).code, 0);

    let ended = desk.run(&["copy", "--to", &office.as_owner("")]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("?ledger=mojokerto' --vault"), "{}", ended.out);
    let with_vault = |arguments: &[&str]| office.json(&[arguments, &["--vault", "aduan.db.vault"]].concat());
    let history = ["history", "--reveal", id, "--now", "2030-01-01T00:00:00Z"];
    assert_eq!(with_vault(&history), desk.json(&history));
    assert_eq!(office.run(&["verify", "--head", "head"]).code, 0);

    // A copy goes on after its source did, and comes back with what the database added.
    desk.receipt(&receive("WA-3"), &["--simulate"]);
    assert_eq!(desk.json(&["copy", "--to", &office.store()])["events"], 1);
    desk.receipt(&receive("WA-4"), &["--simulate", "--store", &office.store(), "--vault", "aduan.db.vault"]);
    let back = with_vault(&["copy", "--to", "sqlite:aduan.db"]);
    assert_eq!((&back["already_there"], &back["events"]), (&json!(3), &json!(1)));
    assert_eq!(back["head"], desk.json(&["verify"])["saved_head"]);
}

#[test]
fn two_processes_write_to_one_ledger_at_once() {
    let office = Office::new();
    let id = office.receipt(&receive("WA-0"))["complaint"].clone();
    let lines = |desk: u32| {
        let mut lines = String::new();
        for number in 0..60 {
            let mut line = receive(&format!("{desk}-{number}"));
            line.as_object_mut().unwrap().remove("at");
            lines += &format!("{line}\n");
            let note = json!({ "Annotate": { "note": "Remark", "text": "Warga bertanya lagi" } });
            lines += &format!("{}\n", json!({ "complaint": id, "by": { "role": "Admin" }, "command": note }));
        }
        lines
    };
    let both = [1, 2].map(|desk| office.doing(&lines(desk)));
    let mut contended = 0;
    for child in both {
        let output = child.wait_with_output().unwrap();
        let answers = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(answers.lines().count(), 120);
        for answer in answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            // Whoever is overtaken at one complaint again and again is told so in the end.
            let is_contended = answer["error"]["kind"] == "Contended" && answer["line"].as_u64().unwrap() % 2 == 0;
            assert!(is_contended || answer["receipt"].is_object(), "{answer}");
            contended += u64::from(is_contended);
        }
    }
    println!("contended: {contended}");
    let report = office.json(&["verify"]);
    assert_eq!((&report["problems"], &report["complaints"]), (&json!([]), &json!(121)));
    assert_eq!(report["events"], 241 - contended);
}

#[test]
fn a_guard_that_is_switched_off_is_told_and_stops_whoever_writes() {
    let office = Office::new();
    let id = office.receipt(&receive("WA-1"))["complaint"].as_str().unwrap().to_owned();
    office.as_superuser("ALTER TABLE aduan.events DISABLE TRIGGER events_change_guard");
    let verify = office.run(&["verify"]);
    assert!(verify.code == 0 && verify.out.contains("beware: events_change_guard"), "{}{}", verify.out, verify.err);
    assert_eq!(office.json(&["verify"])["altered_guard"], "events_change_guard");
    for writing in [&["do"][..], &["tick"], &["init"]] {
        let ended = office.run(writing);
        assert!(ended.code == 5 && ended.err.contains("events_change_guard"), "{writing:?} {}", ended.err);
    }
    assert_eq!(office.json(&["show", &id])["stage"], "Received", "reading goes on");

    // What somebody changed meanwhile is found when the guard is back.
    office.as_superuser(
        "UPDATE aduan.events SET payload = replace(payload::text, 'whatsapp', 'walk-in')::json;
         ALTER TABLE aduan.events ENABLE ALWAYS TRIGGER events_change_guard",
    );
    let verify = office.json(&["verify"]);
    assert_eq!((&verify["altered_guard"], &verify["problems"][0]["position"]), (&json!(null), &json!(1)));
}

#[test]
fn whoever_is_held_back_by_no_guard_is_warned() {
    let office = Office::new();
    let owner = office.as_owner("");
    assert_eq!(office.run(&["tick"]).err, "");
    let tick = office.desk.run(&["--store", &owner, "tick"]);
    assert_eq!((tick.code, tick.err.matches("superuser").count()), (0, 1), "{}", tick.err);
    assert_eq!(office.desk.run(&["--store", &owner, "summary"]).err, "");
    assert!(office.desk.run(&["--store", &owner, "verify"]).out.contains("beware: logged in as a superuser"));
    let told = office.desk.json(&["--store", &owner, "verify"]);
    assert_eq!((told["warnings"].as_array().unwrap().len(), &office.json(&["verify"])["warnings"]), (1, &json!([])));
}

#[test]
fn a_password_is_never_shown() {
    let office = Office::new();
    let store = office.store();
    let (ledger, open) = (office.store_of("kediri"), format!("{}&note=x", store));
    let nowhere = format!("postgres://aduan_app:{PASSWORD}@127.0.0.1:1/city");
    let unencoded = format!("postgres://aduan_app:x@{PASSWORD}@127.0.0.1/city");
    let misspelt = format!("postgress://aduan_app:{PASSWORD}@127.0.0.1/city");
    let parameter = format!("{}?ledger=mojokerto&password={PASSWORD}", office.database.url_as("aduan_app"));
    let both = ["--store", &store, "copy", "--to", &store];
    let runs: [&[&str]; 13] = [
        &["--store", &store, "init"],
        &["--store", &store, "verify"],
        &["--store", &parameter, "verify"],
        &["--store", &store, "copy", "--to", "sqlite:copy.db"],
        &["--from", "sqlite:copy.db", "copy", "--to", &store],
        &["copy", "--from", "sqlite:copy.db", "--to", &parameter],
        &both,
        &["--store", &ledger, "summary"],
        &["--store", &open, "summary"],
        &["--store", &nowhere, "summary"],
        &["--store", &unencoded, "summary"],
        &["--store", &misspelt, "summary"],
        &["copy", "--to", &misspelt],
    ];
    for arguments in runs {
        for how in [&[][..], &["--json"]] {
            let Ended { out, err, code } = office.desk.run(&[arguments, how].concat());
            assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{arguments:?} ended with {code}:\n{out}{err}");
            assert!(code == 0 || !err.is_empty(), "{arguments:?}");
        }
    }
    for store in [store, misspelt, nowhere] {
        for arguments in [&["--help"][..], &["do", "--help"], &["summary"]] {
            let output = office.desk.command(arguments).env("ADUAN_STORE", &store).output().unwrap();
            let Ended { out, err, .. } = output.into();
            assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{out}{err}");
        }
    }
}

#[test]
fn a_database_that_is_not_reached_or_not_understood_is_told_apart() {
    let office = Office::new();
    let check = |store: &str, code: i32, why: &str| {
        let ended = office.desk.run(&["--store", store, "summary"]);
        assert!(ended.code == code && ended.err.contains(why), "{store}: {} {}", ended.code, ended.err);
    };
    check("postgres://aduan_app@127.0.0.1:1/city", 1, "refused");
    check("postgres://aduan_app@127.0.0.1:one/city", 2, "port");
    check("postgres://aduan_app@127.0.0.1/city?colour=red", 2, "colour");
    check("postgres://aduan_app@127.0.0.1/city?sslrootcert=nowhere.pem", 1, "nowhere.pem");
    check("postgres:city", 2, "postgres://");
    check("mysql://aduan_app@127.0.0.1/city", 2, "sqlite:PATH");
    check(&office.database.url_as("nobody_we_know"), 1, "nobody_we_know");
    let unlit = office.database.url_as("aduan_app") + "?sslmode=require";
    check(&unlit, 1, "TLS");
}
