//! One line an event: flat, with columns that stay what and where they are. New ones come last.

use std::io::Write;

use aduan::event::Event;
use aduan::store::Entry;
use csv::{Terminator, Writer, WriterBuilder};

use crate::cell::cell;

use crate::disclosed::{ATTRIBUTES, Disclosed, rfc3339};
use crate::export::{ExportError, Form};
use crate::withheld::Withheld;

/// The table under way.
pub(crate) struct EventCsv<W: Write>(Writer<W>);

impl<W: Write> EventCsv<W> {
    /// Writes the header.
    pub(crate) fn begin(out: W) -> Result<Self, ExportError> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        let attributes = ATTRIBUTES.iter().map(|attribute| attribute.name);
        writer.write_record(FIRST.into_iter().chain(attributes).chain(LAST))?;
        Ok(EventCsv(writer))
    }
}

impl<W: Write> Form for EventCsv<W> {
    fn take(&mut self, entry: &Entry, event: &Event, withheld: &Withheld) -> Result<(), ExportError> {
        let told = Disclosed::of(entry, event, withheld);
        let or_empty = |value: Option<String>| value.unwrap_or_default();
        let first = [
            told.position.to_string(),
            told.complaint.to_string(),
            told.sequence.to_string(),
            told.id.to_string(),
            told.event.to_owned(),
            told.step.name().to_owned(),
            told.activity.clone(),
            rfc3339(told.occurred_at),
            rfc3339(told.recorded_at),
            told.occurred_at.zone.to_string(),
            told.role.name().to_owned(),
            or_empty(told.agency.as_ref().map(ToString::to_string)),
            or_empty(told.officer.as_ref().map(ToString::to_string)),
            or_empty(told.source.as_ref().map(ToString::to_string)),
            if told.inferred { "true".to_owned() } else { String::new() },
        ];
        let attributes =
            ATTRIBUTES.iter().map(|attribute| or_empty(told.attribute(attribute.name).map(ToString::to_string)));
        let last = [or_empty(told.clocks_in_one_line()), told.record_hash.to_string()];
        Ok(self.0.write_record(first.into_iter().chain(attributes).chain(last).map(cell))?)
    }

    fn finish(&mut self, _: &Withheld) -> Result<(), ExportError> {
        Ok(self.0.flush()?)
    }
}

const FIRST: [&str; 15] = [
    "position",
    "complaint",
    "sequence",
    "event_id",
    "event",
    "step",
    "activity",
    "occurred_at",
    "recorded_at",
    "zone",
    "role",
    "agency",
    "officer",
    "source",
    "inferred",
];
const LAST: [&str; 2] = ["clocks", "record_hash"];
