//! `states.jsonl`: where a complaint stands, for those who have no engine to fold its records.

use aduan::clock::Clock;
use aduan::complaint::{Complaint, Stage};
use aduan::event::{Classification, Closure, Level};
use aduan::values::{AgencyCode, ComplaintId, Score, Version, Visibility};
use serde::Serialize;
use uuid::Uuid;

use crate::records::Share;

/// One line. Nothing personal is in it, and no tracking number.
#[derive(Serialize)]
struct State<'a> {
    complaint: ComplaintId,
    version: Version,
    stage: Stage,
    cycle: u32,
    level: Level,
    visibility: Visibility,
    #[serde(skip_serializing_if = "Option::is_none")]
    classification: Option<&'a Classification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<&'a AgencyCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closure: Option<&'a Closure>,
    ratings: &'a [(u32, Score)],
    clocks: &'a [Clock],
}

/// The line of a complaint, with its end.
pub(crate) fn line(complaint: ComplaintId, state: &Complaint) -> String {
    let state = State {
        complaint,
        version: state.version,
        stage: state.stage,
        cycle: state.cycle,
        level: state.level,
        visibility: state.visibility,
        classification: state.classification.as_ref(),
        holder: state.holding.as_ref().map(|holding| &holding.agency),
        closure: state.closure.as_ref(),
        ratings: &state.ratings,
        clocks: &state.clocks,
    };
    serde_json::to_string(&state).expect("our own types serialise") + "\n"
}

/// The complaint of a line, which begins as a line does.
pub(crate) fn complaint_of(line: &str) -> Option<ComplaintId> {
    let mut rest = line;
    let complaint = crate::line::text(&mut rest, r#"{"complaint":""#).and_then(crate::line::uuid)?;
    crate::line::number(&mut rest, r#","version":"#).filter(|version| *version > 0)?;
    crate::line::text(&mut rest, r#","stage":""#)?;
    rest.starts_with([',', '}']).then_some(ComplaintId(complaint))
}

/// Whether a line is of a complaint of that share, as far as its beginning tells.
pub(crate) fn is_of(line: &[u8], share: Share) -> bool {
    let id = line.strip_prefix(br#"{"complaint":""#).and_then(|rest| Uuid::try_parse_ascii(rest.get(..36)?).ok());
    id.is_some_and(|id| share.holds(ComplaintId(id)))
}
