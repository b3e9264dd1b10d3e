//! A map: what the columns of a source mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aduan::conformance::Activity;
use aduan::event::{Basis, Closure, DeclineReason, Outcome};
use aduan::values::{SourceName, WIB, Zone};
use serde::Deserialize;

use super::columns::Columns;
use super::times::Times;
use crate::answer::Failure;

/// A map as it is used.
pub(crate) struct Map {
    /// How the file is written.
    pub(crate) format: Format,
    /// The name of the source; without one, the file's. Keep it the same for every export of one system.
    pub(crate) source: Option<SourceName>,
    /// The zone of local times.
    pub(crate) zone: Zone,
    /// How times are read.
    pub(crate) times: Times,
    /// The byte between fields of a CSV file.
    pub(crate) delimiter: u8,
    /// Which column is what.
    pub(crate) columns: Columns,
    /// Which words of the source mean which closure.
    pub(crate) closures: Closures,
    /// Which words of a status column mean that it is closed.
    closed_words: Vec<String>,
    /// What the activities of an event log are.
    pub(crate) activities: Activities,
    /// Which columns of an event CSV tell of an event.
    pub(crate) event: EventColumns,
}

/// What the activities of an event log are in the words of this lifecycle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activities {
    named: BTreeMap<String, Activity>,
    others: Option<Activity>,
    /// What becomes of a step that cannot be told where the complaint stands.
    pub(crate) out_of_turn: OutOfTurn,
}

/// What an import does with a step that does not follow from those in front of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutOfTurn {
    /// The case is rejected.
    #[default]
    Reject,
    /// It is kept as a note, under its own name.
    Note,
}

impl Activities {
    /// What an activity is; none where the map does not say.
    pub(crate) fn meant(&self, activity: &str) -> Option<Activity> {
        self.named.get(activity.trim()).copied().or(self.others)
    }

    /// Whether the map says anything of activities.
    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.others.is_none()
    }
}

/// The columns of an event CSV.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventColumns {
    /// Which case.
    pub(crate) case: Option<String>,
    /// What was done.
    pub(crate) activity: Option<String>,
    /// When.
    pub(crate) time: Option<String>,
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// A JSON array of GeoReport v2 requests.
    GeoreportJson,
    /// An event log in XES: a trace is a complaint.
    Xes,
    /// An event log in CSV, one line an event: to be judged, not to be imported.
    EventCsv,
}

/// Pieces of the source's closing words, by the closure they mean. Everything else is resolved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Closures {
    duplicate: Vec<String>,
    withdrawn: Vec<String>,
    declined: Vec<String>,
    declined_reason: Option<DeclineReason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapText {
    format: Format,
    source: Option<SourceName>,
    zone: Zone,
    #[serde(default)]
    time: Vec<String>,
    delimiter: Option<char>,
    #[serde(default)]
    columns: Columns,
    #[serde(default)]
    closure: Closures,
    #[serde(default)]
    status: StatusText,
    /// Activities with the names of facts.
    #[serde(default)]
    activities: BTreeMap<String, String>,
    /// What every other activity is.
    others: Option<String>,
    #[serde(default)]
    out_of_turn: OutOfTurn,
    #[serde(default)]
    event: EventColumns,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatusText {
    closed: Vec<String>,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// When the file cannot be read, or does not read as a map.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        Map::parse(&text).map_err(|why| Failure::Usage(format!("{}: {why}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let MapText {
            format,
            source,
            zone,
            time,
            delimiter,
            columns,
            closure,
            status,
            activities,
            others,
            out_of_turn,
            event,
        } = toml::from_str(text).map_err(|error| error.to_string())?;
        let columns = match format {
            Format::Csv | Format::EventCsv => columns,
            Format::GeoreportJson => columns.or(georeport_columns()),
            Format::Xes => columns.or(xes_columns()),
        };
        let is_table = matches!(format, Format::Csv | Format::GeoreportJson);
        if is_table && (columns.reference.is_none() || columns.received.is_none()) {
            return Err("the columns `reference` and `received` are required".into());
        }
        let activities = read_activities(activities, others, out_of_turn)?;
        if is_table != activities.is_empty() {
            return Err("an event log needs `[activities]` or `others`, and nothing else has them".into());
        }
        if format == Format::EventCsv && (event.case.is_none() || event.activity.is_none()) {
            return Err("`[event]` must name the columns `case` and `activity`".into());
        }
        let delimiter =
            u8::try_from(delimiter.unwrap_or(',')).map_err(|_| "`delimiter` must be one ASCII character")?;
        let closed_words = if status.closed.is_empty() {
            CLOSED_WORDS.iter().map(|word| (*word).to_owned()).collect()
        } else {
            status.closed.iter().map(|word| word.to_lowercase()).collect()
        };
        let formats = if format == Format::Xes { time.into_iter().chain(xes_times()).collect() } else { time };
        let times = Times::new(formats, zone)?;
        Ok(Map { format, source, zone, times, delimiter, columns, closures: closure, closed_words, activities, event })
    }

    /// The map of logs that `export` wrote: the steps stand in them. The source is the ledger they came from.
    ///
    /// # Errors
    /// When the name of the ledger is none of a source.
    pub(crate) fn of_ours(ledger: &str) -> Result<Self, Failure> {
        let source = SourceName::new(ledger).map_err(|error| Failure::Usage(error.to_string()))?;
        let times = Times::new(Vec::new(), WIB).map_err(Failure::Usage)?;
        Ok(Map {
            format: Format::Xes,
            source: Some(source),
            zone: WIB,
            times,
            delimiter: b',',
            columns: Columns::default(),
            closures: Closures::default(),
            closed_words: Vec::new(),
            activities: Activities::default(),
            event: EventColumns::default(),
        })
    }

    /// Whether a status says that it is closed.
    pub(crate) fn is_closed(&self, status: &str) -> bool {
        self.closed_words.contains(&status.to_lowercase())
    }
}

impl Closures {
    /// The closure that the source's words mean.
    pub(crate) fn meant(&self, words: Option<&str>) -> Closure {
        let words = words.unwrap_or_default().to_lowercase();
        let speaks_of = |pieces: &[String]| pieces.iter().any(|piece| words.contains(&piece.to_lowercase()));
        if speaks_of(&self.duplicate) {
            Closure::Duplicate { of: None }
        } else if speaks_of(&self.withdrawn) {
            Closure::Withdrawn
        } else if speaks_of(&self.declined) {
            let reason = self.declined_reason.unwrap_or(DeclineReason::TooGeneral);
            Closure::Declined { reason, referred_to: None }
        } else {
            Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved }
        }
    }
}

fn read_activities(
    named: BTreeMap<String, String>,
    others: Option<String>,
    out_of_turn: OutOfTurn,
) -> Result<Activities, String> {
    let read = |name: &str| {
        let unknown = || format!("`{name}` is no fact, as Received, Responded.interim or Closed.declined are");
        Activity::named(name).ok_or_else(unknown)
    };
    let named = named.iter().map(|(theirs, ours)| Ok((theirs.trim().to_owned(), read(ours)?)));
    let named = named.collect::<Result<_, String>>()?;
    Ok(Activities { named, others: others.as_deref().map(read).transpose()?, out_of_turn })
}

/// Which attribute of a trace is its name.
fn xes_columns() -> Columns {
    Columns { reference: Some("concept:name".to_owned()), ..Columns::default() }
}

/// XES asks for an offset; many logs have none, or one without a colon.
fn xes_times() -> [String; 2] {
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f"].map(str::to_owned)
}

/// Where GeoReport v2 keeps things; a dot leads into an object.
fn georeport_columns() -> Columns {
    let named = |name: &str| Some(name.to_owned());
    Columns {
        reference: named("service_request_id"),
        received: named("requested_datetime"),
        due: named("expected_datetime"),
        agency: named("agency_responsible"),
        channel: named("extended_attributes.channel"),
        category: named("service_name"),
        text: named("description"),
        closure: named("status_notes"),
        place: named("address"),
        latitude: named("lat"),
        longitude: named("long"),
        status: named("status"),
        ..Columns::default()
    }
}

const CLOSED_WORDS: [&str; 4] = ["closed", "resolved", "selesai", "ditutup"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maps_that_ship_are_read() {
        for map in [
            include_str!("../../../../examples/maps/boston311.toml"),
            include_str!("../../../../examples/maps/chicago311.toml"),
            include_str!("../../../../examples/maps/permits-receipt.toml"),
            include_str!("../../../../examples/maps/compensation.toml"),
        ] {
            Map::parse(map).unwrap();
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let good = "format = \"csv\"\nzone = \"WIB\"\n[columns]\nreference = \"a\"\nreceived = \"b\"\n";
        assert!(Map::parse(good).is_ok());
        for wrong in [
            good.replace("csv", "xml"),
            good.replace("WIB", "Mars"),
            good.replace("received", "recieved"),
            good.replace("reference = \"a\"\n", ""),
            good.replace("zone", "time = [\"%Q\"]\nzone"),
            good.replace("zone", "others = \"Annotated\"\nzone"),
            good.replace("csv", "xes"),
            good.replace("csv", "event-csv").replace("zone", "others = \"Annotated\"\nzone"),
            format!("{}[activities]\nfoo = \"Bar\"\n", good.replace("csv", "xes")),
        ] {
            assert!(Map::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn closing_words_say_which_closure() {
        let closures = Closures { duplicate: vec!["Duplicate of Existing".into()], ..Closures::default() };
        let duplicate = closures.meant(Some("Case Closed Case Invalid DUPLICATE of existing case  "));
        assert_eq!(duplicate, Closure::Duplicate { of: None });
        assert!(matches!(closures.meant(None), Closure::Resolved { .. }));
    }
}
