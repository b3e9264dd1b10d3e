//! A history as programs read it.

use aduan::clock::{Clock, Due};
use aduan::engine::Recorded;
use aduan::values::{Moment, Zone};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::lane::Lane;
use super::timeline::{Change, Entry, Held, Timeline};
use crate::show::Present;

/// The whole history.
pub(super) fn of(timeline: &Timeline) -> Value {
    let Timeline { look, complaint, lanes, entries, holdings, now, .. } = timeline;
    json!({
        "complaint": look.complaint,
        "ledger": look.ledger,
        "now": now.to_string(),
        "as_known": look.as_known.map(|known| known.in_zone(now.zone).to_string()),
        "later_events": look.later,
        "events": entries.iter().map(event).collect::<Vec<_>>(),
        "clocks": lanes.iter().map(|lane| clock(lane, timeline)).collect::<Vec<_>>(),
        "holdings": holdings.iter().map(holding).collect::<Vec<_>>(),
        "present": Present::of(look.complaint, complaint, look.now),
    })
}

fn event(entry: &Entry) -> Value {
    let Recorded { event, record } = &entry.recorded;
    let context = &event.context;
    json!({
        "sequence": record.sequence,
        "event_id": event.id(),
        "event": event.fact.name(),
        "occurred_at": told_time(event.occurred_at),
        "recorded_at": told_time(Moment { at: event.recorded_at(), zone: event.occurred_at.zone }),
        "by": context.actor(),
        "on_behalf": context.on_behalf,
        "command": context.command,
        "causation": context.causation,
        "correlation": context.correlation,
        "policy": context.policy,
        "calendar": context.calendar,
        "directory": context.directory,
        "provenance": event.provenance,
        "record_hash": record.hash,
        "fact": fact(entry),
        "cycle": entry.cycle,
        "clock_changes": entry.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// The fact's own fields, sealed values as they are to be shown.
fn fact(entry: &Entry) -> Value {
    let event = &entry.recorded.event;
    let mut fields = match serde_json::to_value(&event.fact) {
        Ok(Value::Object(mut named)) => named.remove(event.fact.name()),
        _ => None,
    };
    if let Some(Value::Object(fields)) = &mut fields {
        for (field, _) in event.fact.boxes() {
            fields.insert(field.to_owned(), entry.texts.shown(field).into());
        }
        // Of no use to a reader.
        fields.remove("secret");
    }
    fields.unwrap_or(Value::Object(Map::new()))
}

fn change(change: &Change) -> Value {
    let Change { change, margin } = change;
    let (before, after) = (change.before.as_ref(), &change.after);
    let zone = after.anchor.zone;
    let (added, by) = match change.what {
        aduan::clock::What::Resumed { added } => (Some(added), None),
        aduan::clock::What::Extended { by } => (None, Some(by)),
        _ => (None, None),
    };
    json!({
        "kind": after.kind.name(),
        "agency": after.agency,
        "what": change.what.name(),
        "at": told(change.at, zone),
        "from": before.map(state),
        "to": state(after),
        "due_before": before.map(|before| due(before.due, zone)),
        "due": due(after.due, zone),
        "limit": after.limit,
        "added": added,
        "by": by,
        "margin": margin,
    })
}

fn clock(lane: &Lane, timeline: &Timeline) -> Value {
    let Lane { clock, .. } = lane;
    let zone = clock.anchor.zone;
    json!({
        "kind": clock.kind.name(),
        "agency": clock.agency,
        "cycle": lane.cycle,
        "disposition": lane.disposition,
        "started_at": told(lane.start, zone),
        "limit": clock.limit,
        "due": due(clock.due, zone),
        "dues": lane.dues.iter().map(|(_, known)| due(*known, zone)).collect::<Vec<_>>(),
        "paused": clock.paused,
        "extended": clock.extended,
        "ended_at": lane.end.map(|end| told(end, zone)),
        "verdict": clock.verdict(timeline.now.at),
        "margin": lane.margin.or_else(|| timeline.margin_now(clock)),
    })
}

fn holding(held: &Held) -> Value {
    json!({
        "agency": held.agency,
        "disposition": held.disposition,
        "cycle": held.cycle,
        "from": held.from.to_string(),
        "until": held.until.map(|until| told(until, held.from.zone)),
    })
}

fn state(clock: &Clock) -> &'static str {
    use aduan::clock::ClockState;
    match clock.state {
        ClockState::Running => "running",
        ClockState::Paused(_) => "paused",
        ClockState::Met(_) => "met",
        ClockState::Missed(_) => "missed",
        ClockState::Cancelled => "cancelled",
    }
}

/// The last instant in time.
fn due(due: Due, zone: Zone) -> String {
    told(due.instant(), zone)
}

fn told(at: DateTime<Utc>, zone: Zone) -> String {
    Moment { at, zone }.to_string()
}

fn told_time(at: Moment) -> Value {
    json!({ "at": at.to_string(), "zone": at.zone })
}
