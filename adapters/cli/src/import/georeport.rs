//! Requests of a GeoReport v2 JSON array, with Chicago's dated notes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::columns::{Columns, Told, ToldNote, cleaned};
use super::map::Map;
use super::{Row, Source, Tale};
use crate::answer::Failure;

/// The requests of a file.
pub(crate) struct Requests {
    header: Vec<Vec<u8>>,
    requests: std::vec::IntoIter<Value>,
    length: u64,
    columns: Columns,
    number: u64,
}

impl Requests {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no JSON array.
    pub(crate) fn open(path: &Path, map: &Map) -> Result<Self, Failure> {
        let length = fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
        if length > LONGEST_FILE {
            return Err(Failure::Failed(format!("{} is longer than 256 MiB: split it", path.display())));
        }
        let bytes = fs::read(path).map_err(|error| Failure::file(path, &error))?;
        let requests: Vec<Value> = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::Failed(format!("{} is no JSON array (line {line}, column {column})", path.display()))
        })?;
        Ok(Requests {
            header: vec![b"request".to_vec()],
            length: requests.len() as u64,
            requests: requests.into_iter(),
            columns: map.columns.clone(),
            number: 0,
        })
    }

    fn told(&self, request: &Value) -> Result<Told, String> {
        if !request.is_object() {
            return Err("it is no JSON object".into());
        }
        let notes: Vec<ToldNote> =
            request.get("notes").and_then(Value::as_array).into_iter().flatten().map(note).collect();
        // The last note that says so; a source without notes was last updated when it closed.
        let said = notes.iter().rev().find(|note| note.kind == "closed").and_then(|note| note.at.clone());
        Ok(Told {
            values: self.columns.map(|path| text_at(request, path)),
            is_duplicate: text_at(request, "extended_attributes.duplicate").as_deref() == Some("true"),
            closed_if_so: said.or_else(|| text_at(request, "updated_datetime")),
            notes,
        })
    }
}

impl Source for Requests {
    fn header(&self) -> &[Vec<u8>] {
        &self.header
    }

    fn length(&self) -> (u64, &'static str) {
        (self.length, "requests")
    }

    fn next_row(&mut self) -> Result<Option<Row>, Failure> {
        let Some(request) = self.requests.next() else { return Ok(None) };
        self.number += 1;
        let told = self.told(&request).map(|told| Tale::Columns(Box::new(told)));
        Ok(Some(Row { number: self.number, reached: self.number, raw: vec![request.to_string().into_bytes()], told }))
    }
}

fn note(note: &Value) -> ToldNote {
    let words = [text_at(note, "summary"), text_at(note, "description")];
    let words: Vec<String> = words.into_iter().flatten().filter_map(|text| cleaned(&text)).collect();
    ToldNote {
        at: text_at(note, "datetime"),
        kind: text_at(note, "type").and_then(|kind| cleaned(&kind)).unwrap_or_else(|| "note".into()),
        text: (!words.is_empty()).then(|| words.join("\n")),
    }
}

/// The text at a path whose dots lead into objects; a key that holds dots itself goes first.
fn text_at(value: &Value, path: &str) -> Option<String> {
    let found = value.get(path).or_else(|| path.split('.').try_fold(value, |value, key| value.get(key)))?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An array is read whole.
const LONGEST_FILE: u64 = 256 * 1024 * 1024;
