//! Where the events that are judged come from: traces of XES, or lines of CSV.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use aduan::conformance::Activity;
use aduan::values::{Moment, WIB};
use aduan_exchange::xes::TraceEvent;
use chrono::{DateTime, Utc};
use csv::{ByteRecord, ReaderBuilder};

use super::findings::{Findings, Told, UnderWay};
use crate::answer::Failure;
use crate::import::map::{Format, Map};
use crate::import::times::OfDay;
use crate::import::xes;
use crate::progress::Progress;

/// Judges every event of a log.
///
/// # Errors
/// When it cannot be read, or the map is for something else.
pub(super) fn judge(file: &Path, map: &Map, findings: &mut Findings, progress: &Progress) -> Result<(), Failure> {
    match map.format {
        Format::Xes => judge_traces(file, map, findings, progress),
        Format::EventCsv => judge_lines(file, map, findings, progress),
        Format::Csv | Format::GeoreportJson => {
            Err(Failure::Usage("the map tells of complaints, not of events: its format is xes or event-csv".into()))
        }
    }
}

fn judge_traces(file: &Path, map: &Map, findings: &mut Findings, progress: &Progress) -> Result<(), Failure> {
    let mut traces = xes::open(file)?;
    let next =
        |traces: &mut aduan_exchange::xes::Traces<_>| traces.next_trace().map_err(|error| xes::failed(file, &error));
    while let Some(trace) = next(&mut traces)? {
        let name = trace.name().map_or_else(|| format!("trace {}", trace.number), str::to_owned);
        let mut case = UnderWay::new(name);
        for event in &trace.events {
            match event.activity() {
                Some(activity) if event.is_complete() => findings.take(&mut case, told(event, activity, map)),
                Some(_) => findings.pass_over(),
                None => findings.unreadable(),
            }
        }
        findings.end(case);
        progress.at(traces.reached());
    }
    Ok(())
}

fn told<'e>(event: &'e TraceEvent, activity: &'e str, map: &Map) -> Told<'e> {
    // A map without activities is the one of our own logs: the step stands in the event. Our order is that of the
    // recording, and an event that came late happened before.
    if map.activities.is_empty() {
        let step = event.attributes.value("step").and_then(Activity::named);
        let at = event.attributes.value("recorded_at").and_then(|text| Moment::parse(text, WIB).ok());
        return Told { activity, step, at: at.map(|at| at.at) };
    }
    Told { activity, step: map.activities.meant(activity), at: event.time().and_then(|text| time(map, text)) }
}

fn judge_lines(file: &Path, map: &Map, findings: &mut Findings, progress: &Progress) -> Result<(), Failure> {
    let opened = File::open(file).map_err(|error| Failure::file(file, &error))?;
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(map.delimiter).from_reader(BufReader::new(opened));
    let failed = |error: csv::Error| Failure::Failed(format!("{}: {error}", file.display()));
    let header = reader.byte_headers().map_err(failed)?.clone();
    let place = |name: &Option<String>| -> Result<Option<usize>, Failure> {
        let Some(name) = name else { return Ok(None) };
        let found = header.iter().position(|column| column.trim_ascii() == name.as_bytes());
        let missing = || Failure::Usage(format!("{} has no column `{name}`, which the map names", file.display()));
        found.map(Some).ok_or_else(missing)
    };
    let (case_at, activity_at, time_at) =
        (place(&map.event.case)?, place(&map.event.activity)?, place(&map.event.time)?);
    let mut cases: HashMap<String, UnderWay> = HashMap::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let text = |at: Option<usize>| {
            let bytes = record.get(at?)?.trim_ascii();
            std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
        };
        let (Some(case), Some(activity)) = (text(case_at), text(activity_at)) else {
            findings.unreadable();
            continue;
        };
        let at = text(time_at).and_then(|text| time(map, text));
        let under_way = cases.entry(case.to_owned()).or_insert_with(|| UnderWay::new(case.to_owned()));
        findings.take(under_way, Told { activity, step: map.activities.meant(activity), at });
        progress.at(reader.position().byte());
    }
    cases.into_values().for_each(|case| findings.end(case));
    Ok(())
}

fn time(map: &Map, text: &str) -> Option<DateTime<Utc>> {
    map.times.read(text, OfDay::Start).ok().map(|moment| moment.at)
}
