//! One document, written as the log is read: what stays in the house is found first, then the rest is told.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use aduan::engine::upcast;
use aduan::event::Event;
use aduan::store::{Entry, Store};
use aduan::values::Position;
use aduan_exchange::{Confidential, Export, ExportError, Format, Origin, Withheld, Written};
use serde::Serialize;

use crate::answer::{Exit, Failure, Teller};
use crate::progress::Progress;
use crate::tenant::Tenant;
use crate::whole::{Readers, Whole};

/// Writes a ledger in that form.
///
/// # Errors
/// When the log cannot be read, contradicts itself, or nothing can be written. A file is then left as it was.
pub(super) async fn write(
    format: Format,
    confidential: Confidential,
    out: &Path,
    tenant: &Tenant,
    teller: Teller,
) -> Result<Exit, Failure> {
    if confidential == Confidential::Included && format.is_public() {
        return Err(ExportError::Public(format.name()).into());
    }
    let store = tenant.reader().await?;
    let position = store.head().await?.position;
    let origin = Origin { ledger: store.id().clone(), position };
    let mut withheld = Withheld::new();
    if confidential == Confidential::Withheld {
        each(&*store, position, teller, |entry, event| {
            withheld.take(entry.record.complaint, event);
            Ok(())
        })
        .await?;
    }
    let failed = |error: io::Error| Failure::file(out, &error);
    let readers = if confidential == Confidential::Included { Readers::Owner } else { Readers::Anyone };
    let mut target = Whole::open(out, readers).map_err(failed)?;
    let written = {
        let mut export = Export::new(format, &mut target, &origin, withheld, confidential)?;
        each(&*store, position, teller, |entry, event| Ok(export.take(entry, event)?)).await?;
        export.finish()?
    };
    if written.events + written.withheld_events != position {
        return Err(Failure::Corrupt(format!("{position} events were to be read, {written:?} were")));
    }
    let is_standard_output = target.is_standard_output();
    target.keep().map_err(failed)?;
    let told = Told { export: format.name(), out: out.display().to_string(), position, written };
    match (is_standard_output, teller.json) {
        (false, _) => teller.tell(&told, &told.to_string())?,
        // Standard output holds the document.
        (true, true) => drop(writeln!(io::stderr(), "{}", serde_json::json!(told))),
        (true, false) => teller.warn(&told.to_string()),
    }
    Ok(Exit::Done)
}

/// Every event up to a position, in order.
async fn each(
    store: &dyn Store,
    end: Position,
    teller: Teller,
    mut take: impl FnMut(&Entry, &Event) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let progress = Progress::start(teller, end, "events");
    let mut position = 0;
    while position < end {
        let limit = usize::try_from(end - position).unwrap_or(PAGE).min(PAGE);
        let page = store.after(position, limit).await?;
        for entry in &page.entries {
            let event = upcast(&entry.record, &[]).map_err(|broken| Failure::Corrupt(broken.to_string()))?;
            take(entry, &event)?;
        }
        if page.entries.is_empty() {
            break;
        }
        position = page.end;
        progress.at(position);
    }
    Ok(())
}

/// What was written, for programs and for people.
#[derive(Serialize)]
struct Told {
    export: &'static str,
    out: String,
    position: Position,
    #[serde(flatten)]
    written: Written,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { export, out, position, written } = self;
        let Written { cases, events, withheld_cases, withheld_events } = written;
        let out = if out == "-" { String::new() } else { format!("{out}: ") };
        write!(f, "{out}{export} of {cases} cases and {events} events, up to position {position}")?;
        match withheld_cases {
            0 => Ok(()),
            _ => write!(f, "; withheld as whistleblowers': {withheld_cases} cases, {withheld_events} events"),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Public(_) => Failure::Usage(error.to_string()),
            ExportError::Io(_) | ExportError::Untold(_) => Failure::Failed(error.to_string()),
        }
    }
}

const PAGE: usize = 2_048;
