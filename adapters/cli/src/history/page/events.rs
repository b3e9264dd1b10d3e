//! The list of events: what happened, who did it, and what it did to the clocks.

use aduan::clock::What;
use aduan::values::Moment;

use crate::history::timeline::{Change, Entry, Timeline};
use crate::history::words;
use crate::page::markup::{Element, element};

/// The section with every event, each with the number it has in the picture.
pub(super) fn section(timeline: &Timeline) -> Element {
    let events = timeline.entries.iter().map(|entry| event(entry, timeline));
    element("section")
        .with("aria-labelledby", "events-heading")
        .child(element("h2").with("id", "events-heading").text("What happened"))
        .child(element("ol").class("events").children(events))
}

/// The anchor of an event.
pub(super) fn anchor(number: u64) -> String {
    format!("event-{number}")
}

fn event(entry: &Entry, timeline: &Timeline) -> Element {
    let (event, names) = (&entry.recorded.event, &timeline.names);
    let number = element("div").class("number").text(entry.number());
    let mut what = element("div").class("what").child(element("h3").text(words::headline(&event.fact, names)));
    what = what.child(when(entry)).child(element("p").class("by").text(format!("by {}", words::who(event, names))));
    let asides = [words::origin(event), words::rebound(entry).map(|bound| format!("bound by {bound}"))];
    what = what.children(asides.into_iter().flatten().map(|text| element("p").class("by").text(text)));
    let details = words::details(&event.fact, &entry.texts, names);
    if !details.is_empty() {
        let told = details.into_iter().map(|(name, value)| {
            let class = if value.starts_with('[') { "closed" } else { "open" };
            element("div").child(element("dt").text(name)).child(element("dd").class(class).text(value))
        });
        what = what.child(element("dl").class("details").children(told));
    }
    if !entry.changes.is_empty() {
        let changes = entry.changes.iter().map(|told| change(told, timeline));
        what = what.child(element("ul").class("changes").with("aria-label", "Clocks").children(changes));
    }
    element("li").with("id", anchor(entry.number())).child(number).child(what)
}

fn when(entry: &Entry) -> Element {
    let event = &entry.recorded.event;
    let machine = |at: Moment| at.at.with_timezone(&at.zone.0).format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let time = |at: Moment| element("time").with("datetime", machine(at)).text(words::moment(at));
    let told = element("p").class("when").child(time(event.occurred_at));
    match words::recorded(event) {
        Some(recorded) => told.child(element("span").class("recorded").text(recorded)),
        None => told,
    }
}

fn change(change: &Change, timeline: &Timeline) -> Element {
    let clock = &change.change.after;
    let mut name = words::clock(clock.kind);
    if let Some(whose) = words::whose(clock) {
        name.push_str(&format!(" ({whose})"));
    }
    let class = match change.change.what {
        What::Missed => "late",
        What::Met => "met",
        _ => "other",
    };
    element("li")
        .class(class)
        .child(element("span").class("clock").text(name))
        .child(element("span").text(words::change(change, timeline.now.zone)))
}
