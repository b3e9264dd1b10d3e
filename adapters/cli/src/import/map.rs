//! A map: what the columns of a source mean.

use std::fs;
use std::path::Path;

use aduan::event::{Basis, Closure, DeclineReason, Outcome};
use aduan::values::{SourceName, Zone};
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
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// A JSON array of GeoReport v2 requests.
    GeoreportJson,
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
        let MapText { format, source, zone, time, delimiter, columns, closure, status } =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let columns = match format {
            Format::Csv => columns,
            Format::GeoreportJson => columns.or(georeport_columns()),
        };
        if columns.reference.is_none() || columns.received.is_none() {
            return Err("the columns `reference` and `received` are required".into());
        }
        let delimiter =
            u8::try_from(delimiter.unwrap_or(',')).map_err(|_| "`delimiter` must be one ASCII character")?;
        let closed_words = if status.closed.is_empty() {
            CLOSED_WORDS.iter().map(|word| (*word).to_owned()).collect()
        } else {
            status.closed.iter().map(|word| word.to_lowercase()).collect()
        };
        let times = Times::new(time, zone)?;
        Ok(Map { format, source, zone, times, delimiter, columns, closures: closure, closed_words })
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
