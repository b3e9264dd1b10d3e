//! The story of a complaint that another ledger of ours exported.
//!
//! Kept are the complaint's id, every activity, its order and its time, and what an import can tell: channel, class,
//! visibility (the strictest it ever had), place, classification, agencies, outcomes, closures, scores. What an import
//! has no step for, and what followed from such, becomes a note under the activity's name. Not kept are texts and
//! names, which no export holds, clocks, who acted, and numbers of positions and hashes.

use aduan::command::{ImportStep, Receive, Step};
use aduan::conformance::Activity;
use aduan::event::{Basis, Class, Classification, Closure, DeclineReason, Outcome, Priority};
use aduan::retelling::Retelling;
use aduan::sealed::Clear;
use aduan::values::{AgencyCode, Area, Category, Channel, ComplaintId, Coordinates, Moment, Visibility, Zone};
use aduan_exchange::xes::{Attributes, Trace, TraceEvent};
use serde::de::DeserializeOwned;

use super::{UNKNOWN_CATEGORY, UNKNOWN_CHANNEL, score};
use crate::import::degrees::microdegrees;
use crate::import::story::{Name, Story, name, said};

/// The story of a trace of ours.
pub(super) fn story(trace: &Trace) -> Result<Story, String> {
    let complaint: ComplaintId = trace.name().unwrap_or_default().parse().map_err(said)?;
    let mut retelling = Retelling::new();
    let mut steps: Vec<ImportStep<Clear>> = Vec::new();
    for (number, event) in (1..).zip(&trace.events) {
        let told = tell(event, trace, &mut retelling, steps.last().map(|last| last.occurred_at));
        steps.push(told.map_err(|why| format!("event {number}: {why}"))?);
    }
    Ok(Story { name: Name::Complaint(complaint), steps })
}

fn tell(
    event: &TraceEvent,
    trace: &Trace,
    retelling: &mut Retelling,
    last: Option<Moment>,
) -> Result<ImportStep<Clear>, String> {
    let shown = event.activity().ok_or("it has no activity")?;
    let activity = event.attributes.value("step").and_then(Activity::named).ok_or("it has no step")?;
    let step = if retelling.tell(activity) { step(activity, &event.attributes, trace)? } else { None };
    let step = match step {
        Some(step) => step,
        None => Step::Note { kind: name(shown)?, text: None },
    };
    let inferred = event.attributes.value("inferred") == Some("true");
    Ok(ImportStep { inferred, occurred_at: moment(&event.attributes, last)?, step })
}

/// When it happened. What came late happened before what was recorded in front of it: its place in the order is kept,
/// and its time is then the one at which it was recorded.
fn moment(attributes: &Attributes, last: Option<Moment>) -> Result<Moment, String> {
    let zone: Zone = attributes.value("zone").ok_or("it has no zone")?.parse().map_err(said)?;
    let read = |key: &str| {
        let text = attributes.value(key).ok_or_else(|| format!("it has no `{key}`"))?;
        Moment::parse(text, zone).map_err(said)
    };
    let occurred = read("time:timestamp")?;
    if last.is_none_or(|last| last.at <= occurred.at) { Ok(occurred) } else { read("recorded_at") }
}

/// The step of an activity; none where an import has none.
fn step(activity: Activity, told: &Attributes, trace: &Trace) -> Result<Option<Step<Clear>>, String> {
    Ok(Some(match activity {
        Activity::Received => Step::Receive { complaint: Box::new(receive(told, trace)?), due: None },
        Activity::Verified => {
            let category = Category::new(told.value("category").unwrap_or(UNKNOWN_CATEGORY)).map_err(said)?;
            let (class, priority) = (word(told, "class")?, word(told, "priority")?);
            let (class, priority) = (class.unwrap_or(Class::Complaint), priority.unwrap_or(Priority::Normal));
            Step::Verify { classification: Classification { category, class, priority } }
        }
        Activity::Dispositioned => {
            let to = AgencyCode::new(told.value("to_agency").unwrap_or_default()).map_err(said)?;
            Step::Dispose { to }
        }
        Activity::Answered => {
            Step::Respond { outcome: word(told, "outcome")?.unwrap_or(Outcome::Resolved), text: None }
        }
        Activity::Resolved => {
            let outcome = word(told, "outcome")?.unwrap_or(Outcome::Resolved);
            let basis = match told.value("closure") {
                Some("resolved_confirmed") => Basis::Confirmed,
                Some("resolved_silence") => Basis::Silence,
                _ => Basis::Administrative,
            };
            closed(Closure::Resolved { basis, outcome })
        }
        Activity::Declined => {
            let reason = word(told, "reason")?.unwrap_or(DeclineReason::TooGeneral);
            let referred_to = told.value("referred_to").map(AgencyCode::new).transpose().map_err(said)?;
            closed(Closure::Declined { reason, referred_to })
        }
        Activity::Withdrawn => closed(Closure::Withdrawn),
        Activity::Duplicate => {
            let of = told.value("duplicate_of").map(str::parse).transpose().map_err(said)?;
            closed(Closure::Duplicate { of })
        }
        Activity::Rated => Step::Rate { score: score(told.value("score").unwrap_or_default())? },
        _ => return Ok(None),
    }))
}

fn closed(closure: Closure) -> Step<Clear> {
    Step::Close { closure, text: None }
}

fn receive(told: &Attributes, trace: &Trace) -> Result<Receive<Clear>, String> {
    let channel = Channel::new(told.value("channel").unwrap_or(UNKNOWN_CHANNEL)).map_err(said)?;
    let class = word(told, "class")?.unwrap_or(Class::Complaint);
    let place = told.value("latitude").zip(told.value("longitude"));
    let coordinates = place
        .map(|(latitude, longitude)| {
            Coordinates::rounded(microdegrees(latitude)?, microdegrees(longitude)?).map_err(said)
        })
        .transpose()?;
    Ok(Receive {
        area: told.value("area").map(Area::new).transpose().map_err(said)?,
        category_hint: told.value("category").map(Category::new).transpose().map_err(said)?,
        coordinates,
        split_from: told.value("split_from").map(str::parse).transpose().map_err(said)?,
        visibility: strictest(trace)?,
        whistleblowing: told.value("whistleblowing") == Some("true"),
        ..Receive::by(channel, class)
    })
}

/// An import changes no visibility, and copying never lowers one: the complaint is as secret as it ever was.
fn strictest(trace: &Trace) -> Result<Visibility, String> {
    let mut strictest = Visibility::Public;
    for event in &trace.events {
        strictest = strictest.join(word(&event.attributes, "visibility")?.unwrap_or_default());
    }
    Ok(strictest)
}

/// A word of a list, as `partly_resolved` is.
fn word<T: DeserializeOwned>(told: &Attributes, key: &str) -> Result<Option<T>, String> {
    let Some(text) = told.value(key) else { return Ok(None) };
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let variant: String = text.split('_').map(capital).collect();
    let read = serde_json::from_value(serde_json::Value::String(variant));
    read.map(Some).map_err(|_| format!("{key}: is no word of the list"))
}
