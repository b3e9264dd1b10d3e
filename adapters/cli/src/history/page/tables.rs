//! What the picture shows, in tables, and how to read it.

use aduan::calendar::{DayKind, DayStatus};
use aduan::clock::ClockKind;
use aduan::values::Moment;
use chrono::Datelike as _;

use crate::history::lane::Lane;
use crate::history::timeline::Timeline;
use crate::history::words;
use crate::page::markup::{Element, element};

/// Every clock, and who held the complaint.
pub(super) fn clocks(timeline: &Timeline) -> Element {
    let section = element("section")
        .with("aria-labelledby", "clocks-heading")
        .child(element("h2").with("id", "clocks-heading").text("The clocks, as a table"))
        .child(table("The clocks", &CLOCKS, timeline.lanes.iter().map(|lane| clock(lane, timeline)).collect()));
    if timeline.holdings.is_empty() {
        return section;
    }
    let held = timeline.holdings.iter().map(|held| {
        let zone = held.from.zone;
        let until = held.until.map_or("still holds it".to_owned(), |until| words::local(until, zone));
        let holder = words::agency(&timeline.names, &held.agency);
        vec![format!("Disposisi {}", held.disposition), holder, words::moment(held.from), until]
    });
    section.child(element("h2").class("second").text("Who held it")).child(table(
        "Who held it",
        &["Disposisi", "Agency", "From", "Until"],
        held.collect(),
    ))
}

fn clock(lane: &Lane, timeline: &Timeline) -> Vec<String> {
    let (clock, home) = (&lane.clock, timeline.now.zone);
    let zone = clock.anchor.zone;
    let dues: Vec<String> = lane.dues.iter().map(|(_, due)| words::due_of(*due, zone, home)).collect();
    let more = [(clock.paused, "paused"), (clock.extended, "extended")];
    let more: Vec<String> = more
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{how} {}", words::span(words::unit(clock.limit, count))))
        .collect();
    vec![
        words::sentence(&words::named(lane, timeline)),
        if_any(words::whose_of_all(clock)),
        words::moment(Moment { at: lane.start, zone }),
        words::limit(clock.limit),
        if_any(more.join(", ")),
        dues.join(" → "),
        lane.end_at(timeline.now.at).map_or("open".to_owned(), |end| words::local(end, zone)),
        words::standing(lane, timeline),
    ]
}

/// Days off by name, between the first event and the last thing drawn.
pub(super) fn days_off(timeline: &Timeline) -> Option<Element> {
    let (calendar, unit) = timeline.calendar()?;
    let first = timeline.first()?.event.occurred_at.date();
    let ends = timeline.lanes.iter().map(|lane| lane.end.unwrap_or(lane.clock.due.instant()));
    let last = timeline.now.zone.date(ends.max()?);
    let days = calendar.days().iter().filter(|day| first <= day.date && day.date <= last && day.concerns(&unit));
    let rows: Vec<Vec<String>> = days
        .map(|day| {
            let kind = match day.kind {
                DayKind::National => "national holiday",
                DayKind::JointLeave => "joint leave (cuti bersama)",
                DayKind::Regional => "regional holiday",
                DayKind::Substitute => "declared a working day",
            };
            let tentative = if day.status == DayStatus::Tentative { ", tentative" } else { "" };
            vec![words::day(day.date), day.name.to_string(), format!("{kind}{tentative}")]
        })
        .collect();
    // Before and beyond what a calendar lists it knows weekends only, and an auditor has to know that.
    let listed = calendar.days().first().zip(calendar.days().last());
    let beyond = listed.is_none_or(|(from, to)| first.year() < from.date.year() || last.year() > to.date.year());
    let about = if beyond {
        "The calendar lists no holidays for some of these years: there, only weekends are off."
    } else {
        ""
    };
    let reference = calendar.reference();
    let heading = format!("Days off by name, of calendar {}@{}", reference.name, reference.version);
    let section = element("section").child(element("h2").text(&heading));
    let section = if about.is_empty() { section } else { section.child(element("p").class("about").text(about)) };
    Some(if rows.is_empty() {
        section.child(element("p").class("about").text("None but weekends."))
    } else {
        section.child(table(&heading, &["Date", "Name", "Kind"], rows))
    })
}

/// How to read the page.
pub(super) fn reading() -> Element {
    let clocks = ClockKind::ALL.into_iter().map(|kind| (words::sentence(&words::clock(kind)), words::about(kind)));
    let terms = TERMS.into_iter().map(|(name, text)| (name.to_owned(), text));
    let entries = terms.chain(clocks).flat_map(|(name, text)| [element("dt").text(name), element("dd").text(text)]);
    element("section").class("reading").with("aria-labelledby", "reading-heading").children([
        element("h2").with("id", "reading-heading").text("How to read this page"),
        element("dl").children(entries),
    ])
}

fn if_any(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

/// A text at the end of an element, in which no date or number is broken in two.
pub(super) fn kept_together(around: Element, text: &str) -> Element {
    text.split(' ').enumerate().fold(around, |around, (place, word)| {
        let around = if place > 0 { around.text(' ') } else { around };
        if word.contains('-') { around.child(element("span").class("kept").text(word)) } else { around.text(word) }
    })
}

fn table(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> Element {
    let head = head.iter().map(|name| element("th").with("scope", "col").text(name));
    let head = element("thead").child(element("tr").children(head));
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter().enumerate().map(|(column, text)| match column {
            0 => kept_together(element("th").with("scope", "row"), &text),
            _ => kept_together(element("td"), &text),
        });
        element("tr").children(cells)
    });
    let table = element("table").child(element("caption").text(caption)).child(head);
    // What scrolls must be reached without a mouse.
    element("div")
        .class("scroll")
        .with("role", "region")
        .with("tabindex", 0)
        .with("aria-label", format!("Table: {caption}"))
        .child(table.child(element("tbody").children(rows)))
}

const CLOCKS: [&str; 8] = ["Clock", "Whose", "Started", "Limit", "Paused, extended", "Due", "Ended", "How it stands"];

const TERMS: [(&str, &str); 7] = [
    (
        "Where it comes from",
        "Every line is derived from the recorded events, none is typed in. Each record is chained to the one before by its \
         hash; “aduan history” with the same arguments derives this page again, “aduan verify” checks the whole log.",
    ),
    (
        "Happened, recorded",
        "When something happened and when it was recorded may differ: a message comes late, an import brings in old \
         things. Officers’ acts count when they are recorded.",
    ),
    (
        "Due",
        "The local date of receipt is day 0; the first day that counts is the first working day after it, and the last \
         one lasts until midnight. Due times are fixed when a clock starts and move only by an event on this page.",
    ),
    (
        "Days off",
        "Weekends, national and regional holidays, and joint leave (cuti bersama) where the policy says so, as the \
         calendar document says that bound the complaint.",
    ),
    ("Disposisi", "An agency is told to act. Each has a number, and a response quotes it."),
    ("Tunda", "A question to the complainant pauses the clocks of the offices until it is answered, or lapses."),
    (
        "Ends without a verdict",
        "The clock was no longer meant, as when the complaint went to another agency in time. It counts for nobody.",
    ),
];
