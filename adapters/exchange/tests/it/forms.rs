//! Forms read back by others: as many cases, events, activities as the ledger has, in its order.

use std::collections::{BTreeMap, BTreeSet};

use aduan::complaint::Complaint;
use aduan::conformance::{Activity, Case, Rule};
use aduan::event::{Event, Fact, Note};
use aduan::store::Entry;
use aduan::values::ComplaintId;
use aduan_exchange::disclosed::{ATTRIBUTES, Disclosed, Kind, Value};
use aduan_exchange::{Confidential, Export, ExportError, Format, Origin, Withheld, Written};
use cloudevents::AttributesReader as _;
use process_mining::core::event_data::case_centric::xes::{XESImportOptions, import_xes_str};
use process_mining::core::event_data::case_centric::{AttributeValue, Attributes};
use process_mining::core::event_data::object_centric::ocel_json::import_ocel_json_slice;

use crate::histories::{History, by_complaint, ledger, towns, withheld, written, year};

async fn all() -> Vec<History> {
    towns(20, 150).into_iter().chain([year().await, Vec::new()]).collect()
}

/// What a process model calls an event.
fn activity(event: &Event) -> String {
    match &event.fact {
        Fact::Annotated { note: Note::Source { kind }, .. } => kind.to_string(),
        fact => fact.name().to_owned(),
    }
}

/// The figures of what was written are those of the ledger, however they are counted.
fn assert_figures(history: &History, told: &BTreeMap<ComplaintId, Vec<&(Entry, Event)>>, written: &Written) {
    let complaints: BTreeSet<_> = history.iter().map(|(entry, _)| entry.record.complaint).collect();
    assert_eq!(written.cases, told.len() as u64);
    assert_eq!(written.events, told.values().map(Vec::len).sum::<usize>() as u64);
    assert_eq!(written.cases + written.withheld_cases, complaints.len() as u64);
    assert_eq!(written.events + written.withheld_events, history.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_miner_reads_cases_and_activities_in_their_order_from_xes() {
    let text = |attributes: &Attributes, key: &str| {
        let found = attributes.iter().find(|attribute| attribute.key == key);
        match found.map(|attribute| &attribute.value) {
            Some(AttributeValue::String(text)) => text.clone(),
            Some(AttributeValue::ID(id)) => id.to_string(),
            Some(AttributeValue::Int(number)) => number.to_string(),
            Some(AttributeValue::Date(at)) => at.timestamp_micros().to_string(),
            other => panic!("{key}: {other:?}"),
        }
    };
    for history in all().await {
        let told = by_complaint(&history, Confidential::Withheld);
        let (document, figures) = written(&history, Format::Xes, Confidential::Withheld);
        assert_figures(&history, &told, &figures);
        let options = XESImportOptions { verbose: false, ..XESImportOptions::default() };
        let log = import_xes_str(&document, options).unwrap();
        assert_eq!(log.traces.len(), told.len());
        for (trace, (complaint, events)) in log.traces.iter().zip(&told) {
            assert_eq!(text(&trace.attributes, "concept:name"), complaint.to_string());
            let read = trace.events.iter().map(|event| {
                ["concept:name", "time:timestamp", "position", "identity:id"].map(|key| text(&event.attributes, key))
            });
            let expected = events.iter().map(|(entry, event)| {
                let at = event.occurred_at.at.timestamp_micros().to_string();
                [activity(event), at, entry.position.to_string(), event.id().to_string()]
            });
            assert!(read.eq(expected), "complaint {complaint}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_miner_reads_events_and_the_objects_they_are_about_from_ocel() {
    for history in all().await {
        let told = by_complaint(&history, Confidential::Withheld);
        let (document, figures) = written(&history, Format::Ocel, Confidential::Withheld);
        assert_figures(&history, &told, &figures);
        let log = import_ocel_json_slice(document.as_bytes()).unwrap();

        let objects: BTreeSet<&str> = log.objects.iter().map(|object| object.id.as_str()).collect();
        assert_eq!(objects.len(), log.objects.len(), "an id stands twice");
        let links = log.events.iter().flat_map(|event| &event.relationships);
        for link in links.chain(log.objects.iter().flat_map(|object| &object.relationships)) {
            assert!(objects.contains(link.object_id.as_str()), "a link leads to nothing: {link:?}");
        }
        let types: BTreeMap<&str, BTreeSet<&str>> = log
            .event_types
            .iter()
            .map(|known| (known.name.as_str(), known.attributes.iter().map(|own| own.name.as_str()).collect()))
            .collect();
        let mut read: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in &log.events {
            let about = event.relationships.iter().find(|link| link.qualifier == "complaint").unwrap();
            read.entry(&about.object_id).or_default().push(&event.id);
            for attribute in &event.attributes {
                assert!(types[event.event_type.as_str()].contains(attribute.name.as_str()), "{event:?}");
            }
        }
        assert_eq!(read.len(), told.len());
        for (complaint, events) in &told {
            let expected: Vec<String> = events.iter().map(|(_, event)| event.id().to_string()).collect();
            assert_eq!(read[complaint.to_string().as_str()], expected);
        }

        // The last value of every attribute that changes is that of the complaint as it stands now.
        for object in log.objects.iter().filter(|object| object.object_type == "complaint") {
            let events = &told[&object.id.parse::<ComplaintId>().unwrap()];
            let state = Complaint::replay(events.iter().map(|(_, event)| event));
            let last = |name: &str| {
                let found = object.attributes.iter().rev().find(|change| change.name == name);
                found.map_or_else(String::new, |change| change.value.to_string())
            };
            assert_eq!(last("stage"), state.stage.name());
            assert_eq!(last("closure"), state.closure.as_ref().map_or("", |closure| closure.name()));
            assert_eq!(last("holder"), state.holding.as_ref().map_or("", |holding| holding.agency.as_str()));
            assert_eq!(last("level"), state.level.number().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_reads_every_event_in_the_order_of_the_ledger_from_cloud_events() {
    for history in all().await {
        let told = by_complaint(&history, Confidential::Withheld);
        let (document, figures) = written(&history, Format::CloudEvents, Confidential::Withheld);
        assert_figures(&history, &told, &figures);
        let withheld = withheld(&history);
        let left = history.iter().filter(|(entry, _)| !withheld.holds(entry.record.complaint));
        let mut lines = document.lines();
        let mut last = String::new();
        for (entry, event) in left {
            let line: cloudevents::Event = serde_json::from_str(lines.next().unwrap()).unwrap();
            assert_eq!(line.id(), event.id().to_string());
            assert_eq!(line.source(), "urn:aduan:ledger:mojokerto");
            assert!(line.ty().starts_with("id.aduan.complaint.") && line.ty().ends_with(".v1"), "{}", line.ty());
            assert_eq!(line.subject(), Some(entry.record.complaint.to_string().as_str()));
            assert_eq!(line.time(), Some(&event.recorded_at()));
            let sequence = line.extension("sequence").unwrap().to_string();
            assert_eq!(sequence.parse::<u64>().unwrap(), entry.position);
            assert!(last < sequence, "positions are compared as text");
            last = sequence;
            let Some(cloudevents::Data::Json(data)) = line.data() else { panic!("no data") };
            assert_eq!(data["event"], event.fact.name());
            assert_eq!(data["record_hash"], entry.record.hash.to_string());
        }
        assert_eq!(lines.next(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_one_line_an_event_under_columns_that_stay() {
    for history in all().await {
        let told = by_complaint(&history, Confidential::Withheld);
        let (document, figures) = written(&history, Format::EventCsv, Confidential::Withheld);
        assert_figures(&history, &told, &figures);
        let mut reader = csv::Reader::from_reader(document.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), COLUMNS);
        let withheld = withheld(&history);
        let left: Vec<_> = history.iter().filter(|(entry, _)| !withheld.holds(entry.record.complaint)).collect();
        let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(rows.len(), left.len());
        for (row, (entry, event)) in rows.iter().zip(left) {
            assert_eq!(row["position"], entry.position.to_string());
            assert_eq!(row["event"], event.fact.name());
            assert_eq!(row["record_hash"], entry.record.hash.to_string());
            assert_eq!(row["occurred_at"], event.occurred_at.to_string());
            let recorded = chrono::DateTime::parse_from_rfc3339(&row["recorded_at"]).unwrap();
            assert_eq!(recorded, event.recorded_at());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_data_has_one_line_a_request_as_it_stands() {
    for history in all().await {
        let told = by_complaint(&history, Confidential::Withheld);
        let (document, figures) = written(&history, Format::GeoreportCsv, Confidential::Withheld);
        assert_figures(&history, &told, &figures);
        let mut reader = csv::Reader::from_reader(document.as_bytes());
        let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(rows.len(), told.len());
        for (row, (complaint, events)) in rows.iter().zip(&told) {
            let state = Complaint::replay(events.iter().map(|(_, event)| event));
            assert_eq!(row["service_request_id"], complaint.to_string());
            assert_eq!(row["status_description"] == "Closed", state.closure.is_some());
            assert_eq!(row["closed_date"].is_empty(), state.closure.is_none());
            assert_eq!(row["description"], "");
            for required in ["requested_datetime", "updated_datetime", "status_notes", "service_name"] {
                assert!(!row[required].is_empty(), "{required}");
            }
            for time in ["requested_datetime", "updated_datetime"] {
                assert!(chrono::DateTime::parse_from_rfc3339(&row[time]).is_ok(), "{}", row[time]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_engine_recorded_breaks_none_of_its_rules() {
    let mut judged = 0;
    for history in all().await {
        for (complaint, events) in by_complaint(&history, Confidential::Included) {
            // A source may answer what nobody was told to answer.
            if events.iter().any(|(_, event)| event.provenance.is_imported()) {
                continue;
            }
            let mut case = Case::new();
            for (_, event) in &events {
                let broken = case.take(Activity::of(&event.fact), Some(event.recorded_at()));
                assert!(broken.is_empty(), "{broken:?} by {} of {complaint}", event.fact.name());
                judged += 1;
            }
            // The control: the same history without its first event breaks a rule at once.
            let first = events.get(1).map(|(_, event)| Case::new().take(Activity::of(&event.fact), None));
            assert!(first.is_none_or(|broken| broken == [Rule::ReceivedFirst]));
        }
    }
    assert!(judged > 1_000, "{judged}");
}

#[test]
fn the_same_ledger_is_the_same_document() {
    for history in towns(3, 120) {
        for format in Format::ALL {
            let [one, other] = [(); 2].map(|()| written(&history, format, Confidential::Withheld));
            assert_eq!(one, other, "{}", format.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_stands_in_the_table_with_its_kind_and_its_facts() {
    let mut seen = BTreeSet::new();
    for (entry, event) in all().await.into_iter().flatten() {
        let told = Disclosed::of(&entry, &event, &Withheld::new());
        let mut place = 0;
        for (name, value) in &told.attributes {
            let found = ATTRIBUTES.iter().position(|known| known.name == *name).unwrap();
            let row = &ATTRIBUTES[found];
            assert!(place <= found, "{} are not in the table's order", told.event);
            place = found;
            assert!(row.facts.contains(&told.event), "{name} of {}", told.event);
            let kind = match value {
                Value::Text(_) => Kind::Text,
                Value::Number(_) => Kind::Number,
                Value::Flag(_) => Kind::Flag,
                Value::Microdegrees(_) => Kind::Degrees,
                Value::Complaint(_) => Kind::Complaint,
            };
            assert_eq!(row.kind, kind, "{name}");
            seen.insert(*name);
        }
    }
    let unseen: Vec<_> = ATTRIBUTES.iter().map(|row| row.name).filter(|name| !seen.contains(name)).collect();
    println!("attributes no history had: {unseen:?}");
    assert!(unseen.len() <= 4, "{unseen:?}");
}

#[test]
fn a_form_that_cannot_be_written_says_so() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    let history = &towns(1, 40)[0];
    for format in Format::ALL {
        let origin = Origin { ledger: ledger(), position: 1 };
        let begun = Export::new(format, Full, &origin, Withheld::new(), Confidential::Withheld);
        let ended = begun.and_then(|mut export| {
            history.iter().try_for_each(|(entry, event)| export.take(entry, event))?;
            export.finish()
        });
        assert!(matches!(ended, Err(ExportError::Io(_))), "{}: {ended:?}", format.name());
    }
}

/// What others wrote their readers for.
const COLUMNS: &str = "position,complaint,sequence,event_id,event,step,activity,occurred_at,recorded_at,zone,role,\
    agency,officer,source,inferred,channel,class,category,priority,visibility,whistleblowing,area,latitude,longitude,\
    split_from,public_interest,from_agency,to_agency,cc,suggested_agency,disposition,response,outcome,reply,question,\
    closure,reason,referred_to,duplicate_of,joined,from_level,level,trigger,clock,days,cycle,score,note,corrects,\
    clocks,record_hash";
