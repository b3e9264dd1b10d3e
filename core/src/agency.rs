//! The dated directory of agencies: reorganisations rename, merge and abolish them every year.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::calendar::Week;
use crate::store::{Document, DocumentKind};
use crate::values::{AgencyCode, Digest, DocumentRef, Zone};

/// One version of the directory.
///
/// ```
/// use aduan::{agency::Directory, values::AgencyCode};
/// let directory = Directory::mojokerto();
/// let day = "2024-03-29".parse()?;
/// assert!(directory.active(&AgencyCode::new("dishub")?, day).is_some());
/// assert!(directory.active(&AgencyCode::new("dinas-pasar")?, day).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// Name, version, hash of the document.
    pub reference: DocumentRef,
    /// From when on this version is the one that counts.
    pub effective_from: NaiveDate,
    agencies: BTreeMap<AgencyCode, Agency>,
    text: String,
}

/// An agency (*OPD*).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Its code; never given to another.
    pub code: AgencyCode,
    /// Its name.
    pub name: String,
    /// The agency it belongs to.
    #[serde(default)]
    pub parent: Option<AgencyCode>,
    /// Its region, whose own holidays it keeps.
    #[serde(default)]
    pub region: Option<String>,
    /// The agency that took over its cases.
    #[serde(default)]
    pub successor: Option<AgencyCode>,
    /// The first day it existed.
    pub valid_from: NaiveDate,
    /// The last day it existed.
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
    /// Its working week: hospitals work six days.
    #[serde(default = "five_days")]
    pub week: Week,
    /// The zone it works in.
    pub zone: Zone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryText {
    name: String,
    version: u32,
    effective_from: NaiveDate,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    agency: Vec<Agency>,
}

impl Directory {
    /// The agencies of Kota Mojokerto, as an example.
    pub fn mojokerto() -> Self {
        Directory::parse(include_str!("../data/directories/mojokerto.toml")).expect("the built-in directory is tested")
    }

    /// Reads a directory from TOML.
    ///
    /// # Errors
    /// When a field is missing or unknown, a code stands twice, or a parent or successor does not exist.
    pub fn parse(text: &str) -> Result<Self, DirectoryError> {
        let parsed: DirectoryText = toml::from_str(text).map_err(|error| DirectoryError(error.message().to_owned()))?;
        let name = crate::values::document_name(&parsed.name).map_err(|error| DirectoryError(error.to_string()))?;
        if parsed.version == 0 {
            return Err(DirectoryError("versions count from 1".into()));
        }
        let reference = DocumentRef { name, version: parsed.version, hash: Digest::of(text.as_bytes()) };
        let mut agencies = BTreeMap::new();
        for agency in parsed.agency {
            if agency.valid_to.is_some_and(|to| to < agency.valid_from) {
                return Err(DirectoryError(format!("{} ends before it begins", agency.code)));
            }
            if let Some(twice) = agencies.insert(agency.code.clone(), agency) {
                return Err(DirectoryError(format!("{} stands twice", twice.code)));
            }
        }
        for agency in agencies.values() {
            let named = [&agency.parent, &agency.successor].into_iter().flatten();
            if let Some(unknown) = named.into_iter().find(|code| !agencies.contains_key(code)) {
                return Err(DirectoryError(format!("{} names {unknown}, which is not in the directory", agency.code)));
            }
        }
        Ok(Directory { reference, effective_from: parsed.effective_from, agencies, text: text.to_owned() })
    }

    /// An agency, whether it still exists or not.
    pub fn agency(&self, code: &AgencyCode) -> Option<&Agency> {
        self.agencies.get(code)
    }

    /// An agency that exists on a day.
    pub fn active(&self, code: &AgencyCode, day: NaiveDate) -> Option<&Agency> {
        self.agencies
            .get(code)
            .filter(|agency| agency.valid_from <= day && agency.valid_to.is_none_or(|last| day <= last))
    }

    /// Every agency, by code.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// The document as it is kept beside the ledger.
    pub fn document(&self) -> Document {
        Document { hash: self.reference.hash, kind: DocumentKind::Directory, text: self.text.clone() }
    }
}

/// Why a directory could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("directory: {0}")]
pub struct DirectoryError(String);

fn five_days() -> Week {
    Week::FiveDays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abolished_agency_is_known_but_not_active() {
        let directory = Directory::mojokerto();
        let code = AgencyCode::new("dinas-pasar").unwrap();
        let abolished = directory.agency(&code).unwrap();
        assert_eq!(abolished.successor.as_ref().unwrap().as_str(), "diskopukmperindag");
        assert!(directory.active(&code, abolished.valid_to.unwrap()).is_some(), "its last day still counts");
        assert!(directory.active(&code, abolished.valid_to.unwrap().succ_opt().unwrap()).is_none());
    }

    #[test]
    fn refuses_a_successor_that_does_not_exist() {
        let text = Directory::mojokerto().text.replace("successor = \"diskopukmperindag\"", "successor = \"nobody\"");
        assert!(Directory::parse(&text).is_err());
    }
}
