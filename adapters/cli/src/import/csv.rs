//! Rows of a CSV file with a header.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::columns::{Columns, Told};
use super::map::Map;
use super::{Row, Source, Tale};
use crate::answer::Failure;

/// A CSV file, read row by row. Quoted fields may hold newlines.
pub(crate) struct CsvRows {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    length: u64,
    header: Vec<Vec<u8>>,
    /// Where each named column stands.
    places: BTreeMap<String, usize>,
    columns: Columns,
    record: ByteRecord,
    number: u64,
}

impl CsvRows {
    /// Opens a file, and finds the map's columns in its header.
    ///
    /// # Errors
    /// When it cannot be read, or lacks a column that the map names.
    pub(crate) fn open(path: &Path, map: &Map) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
        let length = file.metadata().map_or(0, |found| found.len());
        let mut reader = ReaderBuilder::new().flexible(true).delimiter(map.delimiter).from_reader(BufReader::new(file));
        let failed = |error: csv::Error| Failure::Failed(format!("{}: {error}", path.display()));
        let header: Vec<Vec<u8>> = reader.byte_headers().map_err(failed)?.iter().map(<[u8]>::to_vec).collect();
        let named = |name: &str| header.iter().position(|column| column.trim_ascii() == name.as_bytes());
        let mut places = BTreeMap::new();
        for name in map.columns.names() {
            let missing = || Failure::Usage(format!("{} has no column `{name}`, which the map names", path.display()));
            places.insert(name.clone(), named(&name).ok_or_else(missing)?);
        }
        let (columns, record) = (map.columns.clone(), ByteRecord::new());
        Ok(CsvRows { path: path.to_owned(), reader, length, header, places, columns, record, number: 0 })
    }

    fn told(&self) -> Result<Told, String> {
        let (found, wanted) = (self.record.len(), self.header.len());
        if found != wanted {
            return Err(format!("the row has {found} fields, the header {wanted}"));
        }
        let mut is_text = true;
        let values = self.columns.map(|name| {
            let bytes = self.record.get(*self.places.get(name)?)?;
            let text = std::str::from_utf8(bytes);
            is_text &= text.is_ok();
            text.ok().map(str::to_owned)
        });
        if is_text { Ok(Told { values, ..Told::default() }) } else { Err("the row is not UTF-8".into()) }
    }
}

impl Source for CsvRows {
    fn header(&self) -> &[Vec<u8>] {
        &self.header
    }

    fn length(&self) -> (u64, &'static str) {
        (self.length, "bytes")
    }

    fn next_row(&mut self) -> Result<Option<Row>, Failure> {
        let read = self.reader.read_byte_record(&mut self.record);
        if !read.map_err(|error| Failure::Failed(format!("{}: {error}", self.path.display())))? {
            return Ok(None);
        }
        self.number += 1;
        if self.record.as_slice().len() > LONGEST_ROW {
            let why = format!(
                "{}: row {} is longer than 256 KiB: a quote that is not closed?",
                self.path.display(),
                self.number
            );
            return Err(Failure::Failed(why));
        }
        Ok(Some(Row {
            number: self.number,
            reached: self.reader.position().byte(),
            raw: self.record.iter().map(<[u8]>::to_vec).collect(),
            told: self.told().map(|told| Tale::Columns(Box::new(told))),
        }))
    }
}

/// The body limit of every edge (256 KiB): what is longer holds other rows.
const LONGEST_ROW: usize = 256 * 1024;
