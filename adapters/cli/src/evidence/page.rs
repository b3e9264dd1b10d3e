//! The evidence as one page: what it is of, every number, what does not stand, and what verdicts rest on.

use aduan::evidence::{Defined, Number, Pack};

use super::{shown, standing};
use crate::page::markup::{Element, element};
use crate::page::{Page, entry};

/// The page, whole.
pub(super) fn of(pack: &Pack) -> Page {
    let title = format!("Evidence of {}", pack.year);
    let main = element("main")
        .child(origin(&title, pack))
        .child(numbers(pack))
        .children(faults(pack))
        .child(clauses(pack))
        .child(asked(pack));
    Page::new(format!("{title} – {}", pack.head.ledger), include_str!("style.css"), main)
}

fn origin(title: &str, pack: &Pack) -> Element {
    let checkpoint = pack.checkpoint.as_ref().map_or("none".to_owned(), |checkpoint| {
        format!("{}, {} records, root {}", checkpoint.origin, checkpoint.size, checkpoint.root)
    });
    let documents = pack.policies.iter().chain(&pack.calendars).chain(&pack.directories);
    let documents = documents.map(|document| document.to_string()).collect::<Vec<_>>().join("; ");
    let entries = [
        entry("Ledger", &pack.head.ledger),
        entry("Agency", pack.agency.as_ref().map_or("all".to_owned(), |agency| agency.to_string())),
        entry("Derived from", format!("positions 1 to {}", pack.head.position)),
        entry("Log hash", pack.head.log_hash),
        entry("Checkpoint", checkpoint),
        entry("Seen from", pack.now),
        entry("Bound by", documents),
        entry("Result", standing(pack)),
    ];
    let list = element("dl").class("origin").children(entries);
    element("header").child(element("h1").text(title)).child(list)
}

fn numbers(pack: &Pack) -> Element {
    let rows = pack.numbers.iter().map(row);
    let heads = ["Number", "Value", "Says", "Positions"];
    let table = element("table").child(line("th", heads.map(str::to_owned))).children(rows);
    section("Numbers", "Each with the events it is derived from. Shares and means carry their counts.").child(table)
}

fn row(number: &Number) -> Element {
    let about = Defined::of(&number.name).map_or("", |defined| defined.about);
    let positions = format!("{} events", number.positions.count());
    let proof = match number.stands {
        true => positions,
        false => format!("{positions}; does not stand: {}", number.at_fault),
    };
    let cells = [number.name.clone(), shown(number), about.to_owned(), proof];
    let row = line("td", cells);
    // The whole list, for who looks closer.
    let row = row.with("title", abridged(&number.positions.to_string()));
    if number.stands { row } else { row.class("fallen") }
}

fn faults(pack: &Pack) -> Option<Element> {
    if pack.problems.is_empty() && pack.doubts.is_empty() {
        return None;
    }
    let items = super::fault_lines(pack).map(|text| element("li").text(text));
    let about = "What was there instead nobody can say, so that any count may lack it.";
    Some(section("What is not proven", about).child(element("ul").children(items)))
}

fn clauses(pack: &Pack) -> Element {
    let heads = ["Rule", "Limit", "Policy, and where it takes it from", "Calendar", "Verdicts"];
    let rows = pack.clauses.iter().enumerate().map(|(place, clause)| {
        let verdicts = pack.verdicts.iter().filter(|row| row.clause == Some(place)).count();
        let policy = format!("{}: {}", clause.policy, clause.source);
        let calendar = format!("{}: {}", clause.calendar, clause.calendar_source);
        line("td", [clause.rule.to_owned(), clause.limit.clone(), policy, calendar, verdicts.to_string()])
    });
    let table = element("table").child(line("th", heads.map(str::to_owned))).children(rows);
    section("Clauses", "What the verdicts of the year rest on. Each verdict stands in the file of `--verdicts`.")
        .child(table)
}

fn asked(pack: &Pack) -> Element {
    let asked = pack
        .asked_by
        .iter()
        .map(|asked| line("td", [asked.who.to_owned(), asked.about.to_owned(), asked.numbers.join(", ")]));
    let elsewhere =
        pack.elsewhere.iter().map(|other| line("td", [other.what.to_owned(), other.why.to_owned(), "not here".into()]));
    let table = element("table").children(asked).children(elsewhere);
    section("Who asks for what", "This project's reading of their headings; no form of theirs is quoted.").child(table)
}

fn section(title: &str, about: &str) -> Element {
    element("section").child(element("h2").text(title)).child(element("p").text(about))
}

fn line<const N: usize>(cell: &'static str, texts: [String; N]) -> Element {
    element("tr").children(texts.map(|text| element(cell).text(text)))
}

fn abridged(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

const LONGEST_TITLE: usize = 400;
