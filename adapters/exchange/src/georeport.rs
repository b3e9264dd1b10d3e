//! One complaint a line as it stands now, for the public: GeoReport Bulk (proposed), in CSV.
//!
//! It holds what a city may show to everybody. Texts are sealed, so `description` stays empty; of a secret complaint
//! (*rahasia*) neither is told what it is about, nor where, nor whose it is, as the public status does not.

use std::io::Write;

use aduan::complaint::{Complaint, Stage};
use aduan::event::{Closure, Event, Fact};
use aduan::store::Entry;
use aduan::values::{Area, Category, ComplaintId, Coordinates, Moment, Visibility};
use csv::{Terminator, Writer, WriterBuilder};

use crate::cell::cell;

use crate::disclosed::{Value, rfc3339};
use crate::export::{ExportError, Form};
use crate::grouping::Grouping;
use crate::withheld::Withheld;

/// The table under way.
pub(crate) struct Georeport<W: Write> {
    writer: Writer<W>,
    events: Grouping,
}

impl<W: Write> Georeport<W> {
    /// Writes the header.
    pub(crate) fn begin(out: W) -> Result<Self, ExportError> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        writer.write_record(COLUMNS)?;
        Ok(Georeport { writer, events: Grouping::new() })
    }
}

impl<W: Write> Form for Georeport<W> {
    fn take(&mut self, entry: &Entry, event: &Event, _: &Withheld) -> Result<(), ExportError> {
        self.events.put(entry, event)
    }

    fn finish(&mut self, _: &Withheld) -> Result<(), ExportError> {
        let mut events = std::mem::replace(&mut self.events, Grouping::new()).finish()?;
        let mut under_way: Option<Request> = None;
        while let Some((complaint, kept)) = events.next()? {
            if under_way.as_ref().is_none_or(|request| request.complaint != complaint)
                && let Some(whole) = under_way.replace(Request::of(complaint))
            {
                self.writer.write_record(whole.row().map(cell))?;
            }
            if let Some(request) = &mut under_way {
                request.take(&kept.event);
            }
        }
        if let Some(whole) = under_way {
            self.writer.write_record(whole.row().map(cell))?;
        }
        Ok(self.writer.flush()?)
    }
}

/// A request under way.
struct Request {
    complaint: ComplaintId,
    state: Complaint,
    updated: Option<Moment>,
    closed: Option<Moment>,
    area: Option<Area>,
    place: Option<Coordinates>,
    /// Who holds it, or held it last.
    agency: Option<String>,
    /// The strictest it ever was: what was secret once is not told because it is no more.
    visibility: Visibility,
}

impl Request {
    fn of(complaint: ComplaintId) -> Self {
        Request {
            complaint,
            state: Complaint::default(),
            updated: None,
            closed: None,
            area: None,
            place: None,
            agency: None,
            visibility: Visibility::Public,
        }
    }

    fn take(&mut self, event: &Event) {
        let at = event.occurred_at;
        match &event.fact {
            Fact::Received(received) => {
                self.area.clone_from(&received.area);
                self.place = received.coordinates;
            }
            Fact::Dispositioned { to, .. } => self.agency = Some(to.to_string()),
            Fact::Closed { .. } => self.closed = Some(at),
            Fact::Reopened { .. } => self.closed = None,
            _ => {}
        }
        self.state.evolve(event);
        self.visibility = self.visibility.join(self.state.visibility);
        let is_later = self.updated.is_none_or(|last| last.at < at.at);
        if is_later {
            self.updated = Some(at);
        }
    }

    fn row(&self) -> [String; 14] {
        let is_secret = self.visibility.is_at_least(Visibility::Secret);
        let unless_secret = |text: Option<String>| text.filter(|_| !is_secret).unwrap_or_default();
        let category = self.state.classification.as_ref().map(|known| &known.category);
        let intake = self.state.intake.as_ref();
        let place = self.place.map(|place| place.microdegrees());
        let degrees = |value: Option<i32>| unless_secret(value.map(|value| Value::Microdegrees(value).to_string()));
        // What a complainant called it is the complainant's word, and not for the public.
        let service = if is_secret { "withheld" } else { category.map_or("unclassified", Category::as_str) };
        [
            self.complaint.to_string(),
            intake.map_or_else(String::new, |intake| rfc3339(intake.at)),
            // The standard: of what is closed it is when it was closed.
            self.closed.or(self.updated).map_or_else(String::new, rfc3339),
            self.closed.map_or_else(String::new, rfc3339),
            self.status().to_owned(),
            self.notes(is_secret),
            intake.map_or_else(String::new, |intake| intake.channel.to_string()),
            service.to_owned(),
            self.state.class().name().to_owned(),
            String::new(),
            unless_secret(self.agency.clone()),
            unless_secret(self.area.as_ref().map(ToString::to_string)),
            degrees(place.map(|place| place.0)),
            degrees(place.map(|place| place.1)),
        ]
    }

    /// One of the four usual words of the standard.
    fn status(&self) -> &'static str {
        match self.state.stage {
            Stage::Closed => "Closed",
            _ if self.state.question.is_some() => "Hold",
            Stage::New | Stage::Received | Stage::Verified => "Open",
            Stage::Dispositioned | Stage::InProgress | Stage::Responded => "Processing",
        }
    }

    fn notes(&self, is_secret: bool) -> String {
        let Some(closure) = &self.state.closure else { return self.open_notes().to_owned() };
        let words = |name: &str| name.replace('_', " ");
        match closure {
            Closure::Resolved { outcome, .. } => format!("{}: {}", words(closure.name()), words(outcome.name())),
            Closure::Declined { reason, referred_to: Some(agency) } if !is_secret => {
                format!("declined: {}, referred to {agency}", words(reason.name()))
            }
            Closure::Declined { reason, .. } => format!("declined: {}", words(reason.name())),
            Closure::Withdrawn => "withdrawn by the complainant".to_owned(),
            Closure::Duplicate { .. } => "duplicate of another request".to_owned(),
        }
    }

    fn open_notes(&self) -> &'static str {
        match self.state.stage {
            _ if self.state.question.is_some() => "the complainant was asked for information",
            Stage::New | Stage::Received => "received, waits for verification",
            Stage::Verified => "verified, waits for an agency",
            Stage::Dispositioned => "an agency was told to act",
            Stage::InProgress => "an agency works on it",
            Stage::Responded => "answered, the complainant may reply",
            Stage::Closed => "closed",
        }
    }
}

const COLUMNS: [&str; 14] = [
    "service_request_id",
    "requested_datetime",
    "updated_datetime",
    "closed_date",
    "status_description",
    "status_notes",
    "source",
    "service_name",
    "service_subtype",
    "description",
    "agency_responsible",
    "address",
    "lat",
    "long",
];
