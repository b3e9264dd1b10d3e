//! The page: what it is about, and around what it holds the frame that browsers ask for.

mod definitions;
mod glance;

use aduan::values::Moment;
use chrono::{DateTime, Utc};

use super::chart;
use super::figures::{Figures, Origin};
use crate::page::markup::{Element, element};
use crate::page::{Page, entry, written};

/// The page of these figures.
pub(super) fn of(title: &str, figures: &Figures) -> Page {
    let origin = &figures.origin;
    let main = element("main").child(header(title, origin));
    let main = if figures.is_empty() {
        let about = "No complaint was received, closed or left open in this period. The page fills as the log does.";
        main.child(element("p").class("nothing").text("There is nothing yet.")).child(element("p").text(about))
    } else {
        let sections = chart::sections(figures).into_iter().map(|section| section.markup());
        main.child(glance::section(figures)).children(sections)
    };
    let main = main.child(definitions::section(figures));
    Page::new(format!("{title} – {}", origin.ledger), include_str!("style.css"), main)
}

fn header(title: &str, origin: &Origin) -> Element {
    let zone = |at: DateTime<Utc>| written::moment(Moment { at, zone: origin.now.zone });
    let recorded = origin.recorded_at.map_or(String::new(), |at| format!(", recorded {}", zone(at)));
    let goes_on =
        origin.as_known.or(origin.as_of).is_none() && origin.recorded_at.is_some_and(|last| last > origin.now.at);
    let later = if goes_on { "; what the log recorded later counts, too" } else { "" };
    let derived = match origin.position {
        0 => "an empty log".to_owned(),
        position => format!("the log up to position {position}{recorded}"),
    };
    let mut entries = vec![
        entry("Ledger", origin.ledger.clone()),
        entry("Period", period(origin)),
        entry("Figures as of", format!("{}{later}", written::moment(origin.now))),
    ];
    entries.extend(
        origin
            .as_known
            .map(|time| entry("As known on", format!("{}; nothing recorded later counts", written::moment(time)))),
    );
    entries.extend(
        origin
            .as_of
            .map(|time| entry("As of", format!("{}; nothing that happened later counts", written::moment(time)))),
    );
    entries.push(entry("Derived from", derived));
    entries.extend(origin.log_hash.clone().map(|hash| entry("Log hash", hash)));
    element("header").child(element("h1").text(title)).child(element("dl").class("origin").children(entries))
}

fn period(origin: &Origin) -> String {
    match (origin.since, origin.until) {
        (None, None) => "everything in the log".to_owned(),
        (Some(since), None) => format!("from {since}"),
        (None, Some(until)) => format!("up to {until}"),
        (Some(since), Some(until)) if since == until => since.to_string(),
        (Some(since), Some(until)) => format!("{since} to {until}"),
    }
}
