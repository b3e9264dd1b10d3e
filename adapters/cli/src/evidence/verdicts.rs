//! Every verdict of a year as CSV: one row a clock, with its clause beside it.

use aduan::evidence::Pack;
use csv::{Terminator, WriterBuilder};

use crate::answer::Failure;

/// The rows, under their names.
///
/// # Errors
/// When it cannot be put together, which memory alone could prevent.
pub(super) fn csv(pack: &Pack) -> Result<String, Failure> {
    let unwritten = |error: &dyn std::fmt::Display| Failure::Failed(format!("CSV: {error}"));
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| unwritten(&error))?;
    for row in &pack.verdicts {
        let clause = row.clause.and_then(|place| pack.clauses.get(place));
        let whose = row.whose.as_ref();
        let of = |field: Option<String>| field.unwrap_or_default();
        let cells = [
            row.clock.name().to_owned(),
            row.verdict.name().to_owned(),
            row.stands.to_string(),
            of(whose.map(|whose| whose.complaint.to_string())),
            of(whose.and_then(|whose| whose.agency.as_ref()).map(|agency| agency.to_string())),
            of(whose.map(|whose| whose.anchor.to_string())),
            of(whose.map(|whose| whose.due.to_string())),
            of(whose.map(|whose| whose.extended.to_string())),
            of(whose.map(|whose| whose.paused.to_string())),
            of(whose.and_then(|whose| whose.stopped_at).map(|at| at.to_rfc3339())),
            of(clause.map(|clause| clause.limit.clone())),
            of(clause.map(|clause| clause.rule.to_owned())),
            of(clause.map(|clause| clause.policy.to_string())),
            of(clause.map(|clause| clause.source.clone())),
            of(clause.map(|clause| clause.calendar.to_string())),
            of(whose.map(|whose| whose.positions.to_string())),
        ];
        writer.write_record(cells).map_err(|error| unwritten(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| unwritten(&error))?;
    String::from_utf8(bytes).map_err(|error| unwritten(&error))
}

const COLUMNS: [&str; 16] = [
    "clock",
    "verdict",
    "stands",
    "complaint",
    "agency",
    "anchor",
    "due",
    "extended",
    "paused",
    "stopped_at",
    "limit",
    "rule",
    "policy",
    "source",
    "calendar",
    "positions",
];
