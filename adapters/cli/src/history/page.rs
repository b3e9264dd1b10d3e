//! A history as a page that stands for itself: where the complaint stands, its clocks drawn, every event, every clock.

mod events;
mod picture;
mod scale;
mod tables;

use aduan::values::Visibility;

use self::tables::kept_together;
use super::timeline::Timeline;
use super::words;
use crate::page::markup::{Element, element};
use crate::page::{Page, entry};

/// The page of a history.
pub(super) fn of(timeline: &Timeline) -> Page {
    let name = name(timeline);
    let main = element("main").child(header(&name, timeline));
    let main = main.child(picture::section(timeline)).child(events::section(timeline));
    let main = main.child(tables::clocks(timeline)).children(tables::days_off(timeline)).child(tables::reading());
    Page::new(format!("{name} – {}", timeline.look.ledger), include_str!("page/style.css"), main)
}

/// What the complaint is called: by the number its complainant knows.
fn name(timeline: &Timeline) -> String {
    match &timeline.complaint.intake {
        Some(intake) => format!("Complaint {}", intake.tracking_number),
        None => format!("Complaint {}", timeline.look.complaint),
    }
}

fn header(name: &str, timeline: &Timeline) -> Element {
    let header = element("header").child(kept_together(element("h1"), name));
    let header = header.children(warnings(timeline));
    let standing = format!("{}.", words::present(timeline));
    let header = header.child(element("p").class("standing").text(standing));
    let header = header.child(element("p").class("verdicts").text(words::verdicts(timeline)));
    header.child(element("dl").class("origin").children(origin(timeline)))
}

fn warnings(timeline: &Timeline) -> Vec<Element> {
    let warning = |text: &str| element("p").class("warning").text(text);
    let mut warnings = Vec::new();
    if timeline.complaint.is_whistleblowers() {
        warnings.push(warning("A whistleblower’s report: for the inspectorate only. Do not pass this page on."));
    } else if timeline.complaint.visibility != Visibility::Public {
        let visibility = words::visibility(timeline.complaint.visibility);
        warnings.push(warning(&format!("Not public: {visibility}. Look before you pass this page on.")));
    }
    if timeline.look.is_revealed {
        warnings.push(warning("This page holds personal values in the clear: names, contacts, texts."));
    }
    if timeline.entries.iter().any(|entry| entry.texts.are_lost()) {
        warnings
            .push(warning("Some sealed values are unreadable: the vault no longer has their key, or is another one."));
    }
    warnings
}

fn origin(timeline: &Timeline) -> Vec<Element> {
    let (look, zone) = (&timeline.look, timeline.now.zone);
    let mut entries = vec![entry("Complaint id", look.complaint), entry("Ledger", &look.ledger)];
    if let Some(intake) = &timeline.complaint.intake {
        entries.push(entry("Received", format!("{} by {}", words::moment(intake.at), intake.channel)));
    }
    let class = words::class(timeline.complaint.class());
    let category = timeline.complaint.classification.as_ref();
    let category = category.map_or(", claimed".to_owned(), |known| format!(", {}", known.category));
    entries.push(entry("Class", format!("{class}{category}")));
    entries.push(entry("Visibility", words::visibility(timeline.complaint.visibility)));
    if let Some(bound) = &timeline.complaint.bound {
        entries.push(entry("Policy", words::document(&bound.policy)));
        entries.push(entry("Calendar", words::document(&bound.calendar)));
    }
    entries.push(entry("Judged at", words::moment(timeline.now)));
    if let Some(known) = look.as_known {
        let later = match look.later {
            0 => "nothing was recorded later".to_owned(),
            later => format!("{} recorded later left out", words::counted(later, "event")),
        };
        entries.push(entry("As known", format!("{}; {later}", words::moment(known.in_zone(zone)))));
    }
    let sealed = if look.is_revealed { "opened, on request" } else { "not opened; shown as [sealed]" };
    entries.push(entry("Personal values", sealed));
    if let Some(last) = timeline.entries.last() {
        let events = words::counted(timeline.entries.len(), "event");
        let hash = last.recorded.record.hash;
        entries.push(entry("Derived from", format!("{events}, chain checked; hash of the last record {hash}")));
    }
    entries
}
