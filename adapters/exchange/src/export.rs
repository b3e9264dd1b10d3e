//! An export under way: what stays is held back, what leaves is counted and written.

use std::io::{self, Write};

use aduan::event::{Event, Fact};
use aduan::store::Entry;
use aduan::values::{LedgerId, Position};
use serde::Serialize;

use crate::cloud_events::CloudEvents;
use crate::event_csv::EventCsv;
use crate::georeport::Georeport;
use crate::ocel::Ocel;
use crate::withheld::{Confidential, Withheld};
use crate::xes::Xes;

/// A form that others read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One line an event: RFC 4180, columns that stay what and where they are.
    EventCsv,
    /// Complaints with their events, for process mining: XES, IEEE 1849-2016.
    Xes,
    /// Events and the objects they are about, for process mining: OCEL 2.0 in JSON.
    Ocel,
    /// One event a line, for a bus: CloudEvents 1.0, structured JSON.
    CloudEvents,
    /// One complaint a line as it stands now, for the public: GeoReport Bulk in CSV.
    GeoreportCsv,
}

impl Format {
    /// Every form.
    pub const ALL: [Format; 5] =
        [Format::EventCsv, Format::Xes, Format::Ocel, Format::CloudEvents, Format::GeoreportCsv];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::EventCsv => "event-csv",
            Format::Xes => "xes",
            Format::Ocel => "ocel",
            Format::CloudEvents => "cloudevents",
            Format::GeoreportCsv => "georeport-csv",
        }
    }

    /// Whether it is meant for everybody: then no whistleblower's report is ever in it.
    pub fn is_public(self) -> bool {
        self == Format::GeoreportCsv
    }
}

/// What is exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The ledger.
    pub ledger: LedgerId,
    /// The last position that is in it.
    pub position: Position,
}

/// What was written, and what stayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Written {
    /// Complaints that were written.
    pub cases: u64,
    /// Events that were written, or from which what was written follows.
    pub events: u64,
    /// Complaints that stayed in the house. With those written they are the ledger's.
    pub withheld_cases: u64,
    /// Their events.
    pub withheld_events: u64,
}

/// Why an export ended early. What was written until then is no whole document.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Whistleblowers' reports were asked for in a form that is meant for everybody.
    #[error("{0} is meant for the public: whistleblowers' reports are never in it")]
    Public(&'static str),
    /// Nothing can be written any more, or the temporary file not be used.
    #[error("the export cannot be written: {0}")]
    Io(#[from] io::Error),
    /// Ours: an event cannot be told in the form.
    #[error("an event cannot be told: {0}")]
    Untold(serde_json::Error),
}

impl From<serde_json::Error> for ExportError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { ExportError::Io(error.into()) } else { ExportError::Untold(error) }
    }
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        ExportError::Io(error.into())
    }
}

/// One form of a ledger, written as its entries come.
///
/// ```
/// use aduan::values::LedgerId;
/// use aduan_exchange::{Confidential, Export, Format, Origin, Withheld};
/// let origin = Origin { ledger: LedgerId::new("mojokerto")?, position: 0 };
/// let mut out = Vec::new();
/// let export = Export::new(Format::EventCsv, &mut out, &origin, Withheld::new(), Confidential::Withheld)?;
/// assert_eq!(export.finish()?.events, 0);
/// assert!(out.starts_with(b"position,complaint,sequence,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Export<'w> {
    form: Box<dyn Form + 'w>,
    withheld: Withheld,
    written: Written,
}

impl<'w> Export<'w> {
    /// Begins. `withheld` has seen the whole ledger up to the origin's position.
    ///
    /// # Errors
    /// [`ExportError::Public`] where confidential reports are to be in a public form; when nothing can be written.
    pub fn new(
        format: Format,
        out: impl Write + 'w,
        origin: &Origin,
        withheld: Withheld,
        confidential: Confidential,
    ) -> Result<Self, ExportError> {
        let withheld = match confidential {
            Confidential::Included if format.is_public() => return Err(ExportError::Public(format.name())),
            Confidential::Included => Withheld::new(),
            Confidential::Withheld => withheld,
        };
        let form: Box<dyn Form + 'w> = match format {
            Format::EventCsv => Box::new(EventCsv::begin(out)?),
            Format::Xes => Box::new(Xes::begin(out, origin)?),
            Format::Ocel => Box::new(Ocel::begin(out)?),
            Format::CloudEvents => Box::new(CloudEvents::begin(out, origin)),
            Format::GeoreportCsv => Box::new(Georeport::begin(out)?),
        };
        Ok(Export { form, withheld, written: Written::default() })
    }

    /// Takes the next entry of the ledger, and what its record says.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(&mut self, entry: &Entry, event: &Event) -> Result<(), ExportError> {
        let is_first = u64::from(matches!(event.fact, Fact::Received(_)));
        if self.withheld.holds(entry.record.complaint) {
            self.written.withheld_cases += is_first;
            self.written.withheld_events += 1;
            return Ok(());
        }
        self.written.cases += is_first;
        self.written.events += 1;
        self.form.take(entry, event, &self.withheld)
    }

    /// Ends the document, and says what is in it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<Written, ExportError> {
        self.form.finish(&self.withheld)?;
        Ok(self.written)
    }
}

/// One of the forms.
pub(crate) trait Form {
    /// Takes an event that may leave.
    fn take(&mut self, entry: &Entry, event: &Event, withheld: &Withheld) -> Result<(), ExportError>;

    /// Writes what is left, and the end.
    fn finish(&mut self, withheld: &Withheld) -> Result<(), ExportError>;
}
