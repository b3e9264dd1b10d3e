//! Cases of an event log in XES.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use aduan_exchange::xes::{FORM, FORM_KEY, Trace, Traces, XesError};

use super::map::Map;
use super::{Row, Source, Tale};
use crate::answer::Failure;

/// The map that was named, or for a log that `export` wrote the one that is built in.
///
/// # Errors
/// When the map cannot be read, or none was named for a log of another system.
pub(crate) fn map_or_ours(named: Option<&Path>, file: &Path) -> Result<Map, Failure> {
    if let Some(path) = named {
        return Map::read(path);
    }
    let no_map = || Failure::Usage(format!("{} is no log of ours: name a map with --map", file.display()));
    let mut traces = open(file)?;
    let log = traces.log().map_err(|_| no_map())?;
    let ledger = log.value("concept:name").filter(|_| log.value(FORM_KEY) == Some(FORM));
    Map::of_ours(ledger.ok_or_else(no_map)?)
}

/// A log in a file.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(path: &Path) -> Result<Traces<BufReader<File>>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    Ok(Traces::new(BufReader::new(file)))
}

/// Why a log cannot be read on.
pub(crate) fn failed(path: &Path, error: &XesError) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}

/// The cases of a log, one after the other.
pub(crate) struct Cases {
    path: PathBuf,
    traces: Traces<BufReader<File>>,
    length: u64,
    header: Vec<Vec<u8>>,
}

impl Cases {
    /// Opens a log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let length = path.metadata().map_err(|error| Failure::file(path, &error))?.len();
        let header = ["case", "events", "activities"].map(|name| name.as_bytes().to_vec()).into();
        Ok(Cases { path: path.to_owned(), traces: open(path)?, length, header })
    }
}

impl Source for Cases {
    fn header(&self) -> &[Vec<u8>] {
        &self.header
    }

    fn length(&self) -> (u64, &'static str) {
        (self.length, "bytes")
    }

    fn next_row(&mut self) -> Result<Option<Row>, Failure> {
        let next = self.traces.next_trace().map_err(|error| failed(&self.path, &error))?;
        let Some(trace) = next else { return Ok(None) };
        let raw = raw(&trace);
        let (number, reached) = (trace.number, self.traces.reached());
        Ok(Some(Row { number, reached, raw, told: Ok(Tale::Trace(Box::new(trace))) }))
    }
}

/// A case as the rejects file shows it: enough to find it in the log.
fn raw(trace: &Trace) -> Vec<Vec<u8>> {
    let activities = trace.events.iter().map(|event| {
        let (activity, time) = (event.activity().unwrap_or("?"), event.time().unwrap_or("?"));
        format!("{activity} @ {time}")
    });
    let activities = activities.collect::<Vec<_>>().join("\n");
    [trace.name().unwrap_or_default().to_owned(), trace.events.len().to_string(), activities]
        .map(String::into_bytes)
        .into()
}
