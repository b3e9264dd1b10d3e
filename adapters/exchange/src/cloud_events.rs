//! One event a line for a bus: CloudEvents 1.0, structured JSON.

use std::io::Write;

use aduan::event::Event;
use aduan::store::Entry;
use serde_json::{Map, Value as Json, json};

use crate::disclosed::{Disclosed, Value, rfc3339, snake, utc};
use crate::export::{ExportError, Form, Origin};
use crate::withheld::Withheld;

/// The lines under way.
pub(crate) struct CloudEvents<W: Write> {
    out: W,
    source: String,
}

impl<W: Write> CloudEvents<W> {
    /// Lines of that ledger.
    pub(crate) fn begin(out: W, origin: &Origin) -> Self {
        CloudEvents { out, source: format!("urn:aduan:ledger:{}", encoded(origin.ledger.as_str())) }
    }
}

impl<W: Write> Form for CloudEvents<W> {
    fn take(&mut self, entry: &Entry, event: &Event, withheld: &Withheld) -> Result<(), ExportError> {
        let told = Disclosed::of(entry, event, withheld);
        let line = json!({
            "specversion": "1.0",
            "id": told.id,
            "source": self.source,
            "type": format!("id.aduan.complaint.{}.v1", snake(told.event)),
            "subject": told.complaint,
            "time": utc(told.recorded_at.at),
            "datacontenttype": "application/json",
            // The extension `sequence` is text, and compared as text.
            "sequence": format!("{:020}", told.position),
            "data": data(&told),
        });
        serde_json::to_writer(&mut self.out, &line)?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn finish(&mut self, _: &Withheld) -> Result<(), ExportError> {
        Ok(self.out.flush()?)
    }
}

/// The payload: what the event says, as far as it may leave.
fn data(told: &Disclosed) -> Json {
    let mut data = Map::new();
    let mut put = |name: &str, value: Json| drop(data.insert(name.to_owned(), value));
    put("event", json!(told.event));
    put("step", json!(told.step.name()));
    put("activity", json!(told.activity));
    put("sequence", json!(told.sequence));
    put("occurred_at", json!(rfc3339(told.occurred_at)));
    put("zone", json!(told.occurred_at.zone));
    put("role", json!(told.role.name()));
    for (name, value) in [
        ("agency", told.agency.as_ref().map(ToString::to_string)),
        ("officer", told.officer.as_ref().map(ToString::to_string)),
    ] {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    if let Some(source) = &told.source {
        put("source", json!(source));
        put("inferred", json!(told.inferred));
    }
    for (name, value) in &told.attributes {
        put(name, as_json(value));
    }
    if !told.clocks.is_empty() {
        put("clocks", json!(told.clocks));
    }
    put("record_hash", json!(told.record_hash));
    Json::Object(data)
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::Microdegrees(degrees) => json!(f64::from(*degrees) / 1e6),
        Value::Complaint(complaint) => json!(complaint),
    }
}

/// A name as a URI holds it.
fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
