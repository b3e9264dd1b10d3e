//! Golden stored lines: one of every fact. From here on the form changes only with an upcaster.
//!
//! To write them anew after a deliberate change of version: `ADUAN_BLESS=1 cargo test -p aduan-testkit golden`.

use std::collections::BTreeSet;

use aduan::actor::{Actor, Role};
use aduan::agency::Directory;
use aduan::calendar::Calendar;
use aduan::clock::ClockKind;
use aduan::command::{Command, Import, ImportStep, Receive, Step};
use aduan::engine::upcast;
use aduan::event::{
    Attachment, Basis, Class, Closure, Event, Fact, Note, Outcome, ReopenReason, ReplyKind, ResponseKind,
};
use aduan::policy::Policy;
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::Clear;
use aduan::store::{Document, DocumentKind};
use aduan::values::{
    AgencyCode, Area, Category, Channel, ComplaintId, Coordinates, Digest, LedgerId, PersonRef, SourceName, Visibility,
};
use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster};
use uuid::Uuid;

use crate::office::*;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/records.jsonl");

#[test]
fn stored_lines_are_what_they_always_were() {
    let lines: Vec<String> = records().iter().map(line).collect();
    let written = lines.join("\n") + "\n";
    if std::env::var_os("ADUAN_BLESS").is_some() {
        std::fs::write(GOLDEN, &written).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (number, (now, then)) in lines.iter().zip(golden.lines()).enumerate() {
        assert_eq!(now, then, "golden line {} changed: that takes an upcaster", number + 1);
    }
    assert_eq!(written, golden);
}

#[test]
fn the_golden_lines_hold_every_fact() {
    let facts: BTreeSet<String> = golden().iter().map(|record| record.event_type.to_string()).collect();
    assert_eq!(facts, Fact::NAMES.into_iter().map(str::to_owned).collect());
}

#[test]
fn a_golden_line_reads_back_and_writes_the_same_bytes() {
    for record in golden() {
        let event = record.event().unwrap();
        let again = Record::write(&ledger(), record.complaint, record.sequence, record.prev, &event);
        assert_eq!(again, record);
        assert_eq!(record.hash_in(&ledger()), record.hash);
    }
}

#[test]
fn stored_json_is_canonical_without_floats_and_metadata_is_flat() {
    for record in golden() {
        for text in [&record.payload, &record.metadata] {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(&value.to_string(), text, "keys are sorted, and nothing is spaced");
            assert_no_floats(&value);
        }
        let metadata: std::collections::BTreeMap<String, String> = serde_json::from_str(&record.metadata).unwrap();
        assert!(metadata.contains_key("salt") && metadata.contains_key("policy"));
    }
}

#[test]
fn refuses_duplicate_keys_unknown_fields_and_columns_that_contradict() {
    let golden = golden();
    let broken = |change: &dyn Fn(&mut Record)| {
        let mut record = golden[1].clone();
        change(&mut record);
        record.event().unwrap_err().to_string()
    };
    broken(&|record| record.payload = record.payload.replacen("{\"fact\"", "{\"colour\":1,\"fact\"", 1));
    broken(&|record| {
        record.payload = record.payload.replacen("\"provenance\":", "\"provenance\":\"Native\",\"provenance\":", 1)
    });
    broken(&|record| record.metadata = record.metadata.replacen("\"role\":", "\"role\":\"Admin\",\"role\":", 1));
    broken(&|record| record.event_type = "Closed".into());
    broken(&|record| record.part = 2);
    let said = broken(&|record| record.event_version = "9.0.0".into());
    assert!(said.contains("9.0.0"), "{said}");
}

#[test]
fn an_older_version_is_read_through_an_upcaster_and_its_bytes_stay() {
    // 48: a version that did not yet know who told whom; its hash is over the bytes of then.
    let golden = golden();
    let mut old = golden.iter().find(|record| record.event_type == "Annotated").unwrap().clone();
    old.event_version = "0.9.0".into();
    old.payload = old.payload.replace("\"note\":", "\"remark\":");
    old.hash = old.hash_in(&ledger());
    assert!(upcast(&old, &[]).is_err(), "nothing is guessed");
    let rename = |mut payload: serde_json::Value| {
        let fact = &mut payload["fact"]["Annotated"];
        fact["note"] = fact.as_object_mut().and_then(|fact| fact.remove("remark")).unwrap_or_default();
        payload
    };
    let upcaster: Box<dyn EventUpcaster> =
        Box::new(SemanticVersionEventUpcaster::new("Annotated", "1.0.0", Box::new(rename)));
    let event = upcast(&old, &[upcaster]).unwrap();
    assert_eq!(event.fact.name(), "Annotated");
    assert_eq!(old.hash, old.hash_in(&ledger()));
}

#[test]
fn the_hash_covers_every_part_of_a_record() {
    let record = golden().remove(1);
    let hash = record.hash_in(&ledger());
    let changes: [&dyn Fn(&mut Record); 7] = [
        &|record| record.complaint = ComplaintId(Uuid::from_u128(1)),
        &|record| record.sequence += 1,
        &|record| record.event_type = "Closed".into(),
        &|record| record.event_version = "1.0.1".into(),
        &|record| record.payload.push(' '),
        &|record| record.metadata.push(' '),
        &|record| record.prev = Digest::of(b"another past"),
    ];
    for change in changes {
        let mut changed = record.clone();
        change(&mut changed);
        assert_ne!(changed.hash_in(&ledger()), hash);
    }
    assert_ne!(record.hash_in(&LedgerId::new("kediri").unwrap()), hash);
}

fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").unwrap()
}

fn line(record: &Record) -> String {
    serde_json::json!({
        "complaint": record.complaint, "sequence": record.sequence, "event_type": record.event_type,
        "event_version": record.event_version, "payload": record.payload, "metadata": record.metadata,
        "prev": record.prev, "hash": record.hash,
    })
    .to_string()
}

/// The golden lines as records.
fn golden() -> Vec<Record> {
    let text = std::fs::read_to_string(GOLDEN).unwrap();
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| value[key].as_str().unwrap().to_owned();
            let metadata: serde_json::Value = serde_json::from_str(&text("metadata")).unwrap();
            let command = metadata["command"].as_str().unwrap().parse().unwrap();
            let part = metadata["part"].as_str().unwrap().split('/').next().unwrap().parse().unwrap();
            let micros: i64 = metadata["recorded_at"].as_str().unwrap().parse().unwrap();
            Record {
                complaint: text("complaint").parse().unwrap(),
                sequence: value["sequence"].as_u64().unwrap(),
                command,
                part,
                event_type: text("event_type").into(),
                event_version: text("event_version").into(),
                recorded_at: chrono::DateTime::from_timestamp_micros(micros).unwrap(),
                payload: text("payload"),
                metadata: text("metadata"),
                prev: text("prev").parse().unwrap(),
                hash: text("hash").parse().unwrap(),
            }
        })
        .collect()
}

/// A few lives that together hold every fact with its fields filled.
fn records() -> Vec<Record> {
    let lives = [long_life(), whistleblower(), erased(), imported(), loss()];
    let mut records = Vec::new();
    for (number, events) in (1..).zip(lives) {
        let id = ComplaintId(Uuid::from_u128(0xad0a_0000_0000_8000_8000_0000_0000_0000 + number));
        let mut prev = genesis(&ledger(), id);
        for (sequence, event) in (1..).zip(&events) {
            let record = Record::write(&ledger(), id, sequence, prev, event);
            prev = record.hash;
            records.push(record);
        }
    }
    records
}

/// A desk with rules frozen beside the golden lines: the shipped calendar grows by a year every year.
fn desk() -> Office {
    let policies =
        [include_str!("../golden/rules/id-sp4n-2018.toml"), include_str!("../golden/rules/mojokerto-2020.toml")];
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    office.rules = Rules::new(
        policies.map(|text| Policy::parse(text).unwrap()).into(),
        vec![Calendar::parse(include_str!("../golden/rules/id-national.toml")).unwrap()],
        vec![Directory::parse(include_str!("../golden/rules/directory.toml")).unwrap()],
    )
    .unwrap();
    office
}

fn long_life() -> Vec<Event> {
    let mut office = desk();
    let mut receive = Receive::by(Channel::new("whatsapp").unwrap(), Class::Complaint);
    receive.accused = Some(Clear::new("petugas parkir"));
    receive.agency_hint = Some(agency("dishub"));
    receive.area = Some(Area::new("magersari").unwrap());
    receive.attachments = vec![Attachment { bytes: 2_048, digest: Digest::of(b"foto") }];
    receive.category_hint = Some(Category::new("parkir").unwrap());
    receive.contact = Some(Clear::new("0812-0000-1708"));
    receive.coordinates = Some(Coordinates::rounded(-7_472_613, 112_434_998).unwrap());
    receive.place = Some(Clear::new("Jl. Majapahit 12"));
    receive.reference = Some(Clear::new("wamid.1"));
    receive.reporter = Some(Clear::new("Siti"));
    receive.split_from = Some(ComplaintId(Uuid::from_u128(9)));
    receive.text = Some(text());
    receive.title = Some(Clear::new("Lampu mati"));
    receive.visibility = Visibility::Anonymous;
    let mut request = office.request(Role::Intake, Command::Receive(Box::new(receive)));
    request.on_behalf = Some(PersonRef::new("p-1").unwrap());
    request.correlation = Some(Uuid::from_u128(5));
    request.causation = Some(Uuid::from_u128(6));
    request.marks.reference = Some(Digest::of(b"reference"));
    office.sends(&request.occurred(moment("2024-03-04T08:30:00+07:00"))).unwrap();
    office.does(Role::Admin, Command::RequestInfo { text: text() });
    let attachments = vec![Attachment { bytes: 1, digest: Digest::of(b"lampiran") }];
    office.does(Role::Complainant, Command::ProvideInfo { attachments, request: 1, text: text() });
    office.does(Actor::new(Role::Admin).named(PersonRef::new("a-7").unwrap()), verify(Class::Complaint));
    let cc = vec![agency("dlh")];
    office.does(Role::Admin, Command::Dispose { cc, text: Some(text()), to: agency("dpuprperakim") });
    office.does(of("dpuprperakim"), Command::Return { disposition: 1, suggested: agency("dishub"), text: text() });
    office.does(Role::Admin, dispose("dishub"));
    office.does(Role::Superior, Command::Extend { days: 2, kind: ClockKind::Statutory, text: text() });
    office.does(of("dishub"), Command::RequestInfo { text: text() });
    office.wait_until("2024-03-25T09:00:00+07:00").ticks();
    office.does(Role::Admin, Command::Reclassify { text: text(), to: classification(Class::Information) });
    office.wait_until("2024-03-26T09:00:00+07:00").ticks();
    office.does(of("dishub"), Command::Respond { disposition: 2, kind: ResponseKind::Interim, text: text() });
    office.does(of("dishub"), answer(2));
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Contest, text: Some(text()) });
    office.does(of("dishub"), answer(2));
    office.does(Role::Admin, Command::Close { text: Some(text()) });
    let score = 4.try_into().unwrap();
    office.does(Role::Complainant, Command::Rate { cycle: 1, score, text: Some(text()) });
    office.does(Role::Complainant, Command::Reopen { reason: ReopenReason::Recurred, text: Some(text()) });
    recompute(&mut office);
    office.does(Role::Complainant, Command::ChangeVisibility { to: Visibility::AnonymousSecret });
    office.does(Role::Admin, Command::Annotate { note: Note::Correction { of: 4 }, text: Some(text()) });
    office.events
}

fn recompute(office: &mut Office) {
    let documents = office.rules.documents();
    let calendar = documents.iter().find(|document| document.kind == DocumentKind::Calendar).unwrap();
    let text = calendar.text.replacen("version = 1", "version = 2", 1);
    let newer = Document { hash: Digest::of(text.as_bytes()), kind: DocumentKind::Calendar, text };
    office.rules = office.rules.with(&newer).unwrap();
    let calendar = Calendar::parse(&newer.text).unwrap().reference().clone();
    office.does(Role::Admin, Command::Recompute { calendar, policy: None, text: text_of("SKB berubah") });
}

fn whistleblower() -> Vec<Event> {
    let mut office = desk();
    let mut receive = Receive::by(Channel::new("lapor.go.id").unwrap(), Class::Supervisory);
    receive.text = Some(text());
    receive.visibility = Visibility::Whistleblower;
    receive.whistleblowing = true;
    office.does(Actor::complainant(PersonRef::new("p-2").unwrap()), Command::Receive(Box::new(receive)));
    let classification = classification(Class::Supervisory);
    let accused = vec![AgencyCode::new("dishub").unwrap()];
    office.does(Role::Inspectorate, Command::Verify { accused, classification, public_interest: true });
    office.does(Role::Complainant, Command::Withdraw { text: Some(text()) });
    office.events
}

fn erased() -> Vec<Event> {
    let mut office = desk();
    office.does(Role::Intake, receive(Class::Complaint));
    office.does(Role::DataProtection, Command::Erase { basis: aduan::event::ErasureBasis::Request });
    office.events
}

fn imported() -> Vec<Event> {
    let mut office = desk();
    let mut complaint = Receive::by(Channel::new("Self Service").unwrap(), Class::Complaint);
    complaint.text = Some(text());
    let step = |inferred, time: &str, step| ImportStep { inferred, occurred_at: moment(time), step };
    let name = |text| SourceName::new(text).unwrap();
    let duplicate = Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved };
    let steps = vec![
        step(
            false,
            "2011-07-01T01:32:33Z",
            Step::Receive { complaint: Box::new(complaint), due: Some(moment("2011-07-15T01:32:32Z")) },
        ),
        step(true, "2011-07-01T01:32:33Z", Step::Verify { classification: classification(Class::Complaint) }),
        step(true, "2011-07-01T01:32:33Z", Step::Dispose { to: agency("PWDx") }),
        step(false, "2011-07-02T01:32:33Z", Step::Note { kind: name("activity"), text: Some(text()) }),
        step(true, "2011-07-03T01:32:33Z", Step::Respond { outcome: Outcome::Resolved, text: Some(text()) }),
        step(false, "2011-07-03T01:32:33Z", Step::Close { closure: duplicate, text: Some(text()) }),
        step(false, "2011-07-04T01:32:33Z", Step::Rate { score: 5.try_into().unwrap() }),
    ];
    office
        .does(Role::Migrator, Command::Import(Import { batch: name("run-1"), row: 1, source: name("boston"), steps }));
    office.events
}

fn loss() -> Vec<Event> {
    let mut office = desk();
    let root = Digest::of(b"what was signed");
    office.does(Role::Admin, Command::AdmitLoss { kept: 1_000, line: 2, lost: 1_234, root });
    office.events
}

fn text_of(text: &str) -> Clear {
    Clear::new(text)
}

fn assert_no_floats(value: &serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => {
            let number = number.as_i64().expect("an integer");
            assert!(number.abs() < 1 << 53, "{number} is more than every reader can hold");
        }
        serde_json::Value::Array(items) => items.iter().for_each(assert_no_floats),
        serde_json::Value::Object(fields) => fields.values().for_each(assert_no_floats),
        _ => {}
    }
}
