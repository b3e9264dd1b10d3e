//! `export`: the ledger in a form that other tools read.

mod document;

use std::path::PathBuf;

use aduan_exchange::{Confidential, Format};
use clap::{Args, ValueEnum};

use crate::answer::{Exit, Failure, Teller};
use crate::audit::ForAuditor;
use crate::tenant::Tenant;

/// What `export` is told.
#[derive(Args)]
pub(crate) struct ExportLedger {
    /// The form.
    #[arg(long, value_name = "FORMAT")]
    format: Form,
    /// Where to write it; `-` is standard output. For `audit` a folder, where an export that was cut goes on.
    #[arg(long, value_name = "FILE|DIR", default_value = "-")]
    out: PathBuf,
    /// Whistleblowers' reports, too: for the inspectorate, never for the public. The file is its owner's alone.
    #[arg(long)]
    with_confidential: bool,
    #[command(flatten, next_help_heading = "For an auditor (--format audit)")]
    for_auditor: ForAuditor,
}

/// The forms there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// One line an event: CSV (RFC 4180), columns that stay what and where they are.
    EventCsv,
    /// Complaints with their events, for process mining: XES (IEEE 1849-2016).
    Xes,
    /// Events and what they are about, for process mining: OCEL 2.0, JSON.
    Ocel,
    /// One event a line, for a bus: CloudEvents 1.0, JSON.
    #[value(name = "cloudevents")]
    CloudEvents,
    /// One complaint a line as it stands, for the public: GeoReport Bulk, CSV.
    GeoreportCsv,
    /// A folder for an auditor: every record as it was hashed, held against a signed checkpoint; `verify DIR` checks it.
    Audit,
}

impl ExportLedger {
    /// Writes the ledger as it is when this begins; a writer may go on beside it.
    ///
    /// # Errors
    /// When the log cannot be read, or the form not be written. A file is then left as it was.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let format = match self.format {
            Form::EventCsv => Format::EventCsv,
            Form::Xes => Format::Xes,
            Form::Ocel => Format::Ocel,
            Form::CloudEvents => Format::CloudEvents,
            Form::GeoreportCsv => Format::GeoreportCsv,
            Form::Audit => return self.for_auditor.export(self.out, self.with_confidential, tenant, teller).await,
        };
        if self.for_auditor.is_asked() {
            return Err(Failure::Usage(
                "a part of the ledger, checkpoints and keys go with --format audit only".into(),
            ));
        }
        let confidential = if self.with_confidential { Confidential::Included } else { Confidential::Withheld };
        document::write(format, confidential, &self.out, tenant, teller).await
    }
}
