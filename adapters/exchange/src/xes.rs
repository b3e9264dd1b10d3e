//! XES (IEEE 1849-2016): written strictly, one trace a complaint; read leniently.

mod reader;
mod traces;

use std::fmt::{self, Display, Write as _};
use std::io::Write;

use aduan::event::Event;
use aduan::store::Entry;

pub use self::reader::XesError;
pub use self::traces::{Attributes, Trace, TraceEvent, Traces};

use crate::disclosed::{Disclosed, Value, rfc3339};
use crate::export::{ExportError, Form, Origin};
use crate::grouping::Grouping;
use crate::withheld::Withheld;

/// What a log of ours says of itself, as the attribute [`FORM_KEY`]: its keys are those of this crate.
pub const FORM: &str = "aduan-xes/1";
/// The key of the attribute of a log that says whose it is.
pub const FORM_KEY: &str = "form";

/// A log under way.
pub(crate) struct Xes<W: Write> {
    out: W,
    events: Grouping,
}

impl<W: Write> Xes<W> {
    /// Writes what stands in front of the traces.
    pub(crate) fn begin(mut out: W, origin: &Origin) -> Result<Self, ExportError> {
        let mut head = Lines::default();
        attribute(&mut head, 1, "string", "concept:name", &origin.ledger);
        attribute(&mut head, 1, "string", "lifecycle:model", "standard");
        attribute(&mut head, 1, "string", FORM_KEY, FORM);
        attribute(&mut head, 1, "int", "position", origin.position);
        out.write_all(HEAD.as_bytes())?;
        out.write_all(head.0.as_bytes())?;
        Ok(Xes { out, events: Grouping::new() })
    }
}

impl<W: Write> Form for Xes<W> {
    fn take(&mut self, entry: &Entry, event: &Event, _: &Withheld) -> Result<(), ExportError> {
        self.events.put(entry, event)
    }

    fn finish(&mut self, withheld: &Withheld) -> Result<(), ExportError> {
        let mut events = std::mem::replace(&mut self.events, Grouping::new()).finish()?;
        let mut under_way = None;
        while let Some((complaint, kept)) = events.next()? {
            let told = Disclosed::at(kept.place, complaint, &kept.event, withheld);
            if under_way != Some(complaint) {
                if under_way.replace(complaint).is_some() {
                    self.out.write_all(b"  </trace>\n")?;
                }
                self.out.write_all(trace(&told).0.as_bytes())?;
            }
            self.out.write_all(event_lines(&told).0.as_bytes())?;
        }
        if under_way.is_some() {
            self.out.write_all(b"  </trace>\n")?;
        }
        self.out.write_all(b"</log>\n")?;
        Ok(self.out.flush()?)
    }
}

/// The head of a trace: what was known when the complaint came in.
fn trace(first: &Disclosed) -> Lines {
    let mut lines = Lines::default();
    lines.0.push_str("  <trace>\n");
    attribute(&mut lines, 2, "string", "concept:name", first.complaint);
    attribute(&mut lines, 2, "id", "identity:id", first.complaint);
    for name in ["channel", "class", "visibility"] {
        if let Some(value) = first.attribute(name) {
            told(&mut lines, 2, name, value);
        }
    }
    lines
}

fn event_lines(event: &Disclosed) -> Lines {
    let mut lines = Lines::default();
    lines.0.push_str("    <event>\n");
    let mut put = |kind: &str, key: &str, value: &dyn Display| attribute(&mut lines, 3, kind, key, value);
    put("string", "concept:name", &event.activity);
    put("date", "time:timestamp", &rfc3339(event.occurred_at));
    put("string", "lifecycle:transition", &"complete");
    put("id", "identity:id", &event.id);
    put("string", "org:role", &event.role.name());
    if let Some(agency) = &event.agency {
        put("string", "org:group", agency);
    }
    if let Some(officer) = &event.officer {
        put("string", "org:resource", officer);
    }
    put("string", "step", &event.step.name());
    put("int", "position", &event.position);
    put("int", "sequence", &event.sequence);
    put("date", "recorded_at", &rfc3339(event.recorded_at));
    put("string", "zone", &event.occurred_at.zone);
    if let Some(source) = &event.source {
        put("string", "source", source);
        put("boolean", "inferred", &event.inferred);
    }
    for (name, value) in &event.attributes {
        told(&mut lines, 3, name, value);
    }
    if let Some(clocks) = event.clocks_in_one_line() {
        attribute(&mut lines, 3, "string", "clocks", clocks);
    }
    attribute(&mut lines, 3, "string", "record_hash", event.record_hash);
    lines.0.push_str("    </event>\n");
    lines
}

fn told(lines: &mut Lines, depth: usize, key: &str, value: &Value) {
    let kind = match value {
        Value::Text(_) => "string",
        Value::Number(_) => "int",
        Value::Flag(_) => "boolean",
        Value::Microdegrees(_) => "float",
        Value::Complaint(_) => "id",
    };
    attribute(lines, depth, kind, key, value);
}

/// Lines of XML under way.
#[derive(Default)]
struct Lines(String);

fn attribute(lines: &mut Lines, depth: usize, kind: &str, key: &str, value: impl Display) {
    // Writing to a string does not fail.
    let _ = write!(lines.0, "{:indent$}<{kind} key=\"{key}\" value=\"", "", indent = depth * 2);
    let _ = write!(Escaping(&mut lines.0), "{value}");
    lines.0.push_str("\"/>\n");
}

/// Writes text as an attribute of XML holds it.
struct Escaping<'s>(&'s mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // No escape makes these lawful in XML 1.0.
                '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    self.0.push('\u{fffd}');
                }
                '\t' | '\n' | '\r' => write!(self.0, "&#{};", u32::from(character))?,
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <extension name="Identity" prefix="identity" uri="http://www.xes-standard.org/identity.xesext"/>
  <global scope="trace">
    <string key="concept:name" value=""/>
    <id key="identity:id" value="00000000-0000-0000-0000-000000000000"/>
  </global>
  <global scope="event">
    <string key="concept:name" value=""/>
    <date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
    <string key="lifecycle:transition" value="complete"/>
    <id key="identity:id" value="00000000-0000-0000-0000-000000000000"/>
    <string key="org:role" value=""/>
    <string key="step" value=""/>
    <int key="position" value="0"/>
    <int key="sequence" value="0"/>
    <date key="recorded_at" value="1970-01-01T00:00:00Z"/>
    <string key="zone" value=""/>
    <string key="record_hash" value=""/>
  </global>
  <classifier name="Activity" scope="event" keys="concept:name"/>
  <classifier name="Step" scope="event" keys="step"/>
  <classifier name="Agency" scope="event" keys="org:group"/>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_markup() {
        let mut lines = Lines::default();
        attribute(&mut lines, 0, "string", "category", "a\"b<c>&d\u{1}\u{ffff}\n");
        assert_eq!(lines.0, "<string key=\"category\" value=\"a&quot;b&lt;c&gt;&amp;d\u{fffd}\u{fffd}&#10;\"/>\n");
    }
}
