//! The figures at a glance, each with its counts.

use aduan::figures::SlaLine;

use crate::page::markup::{Element, element};
use crate::page::written::{counts, if_any, interval, percent};
use crate::report::figures::Figures;

/// The figures at a glance.
pub(super) fn section(figures: &Figures) -> Element {
    let total = &figures.months.total;
    let clock = |id, name: String, line: &SlaLine| {
        let met = line.compliance.map_or("no verdict yet".to_owned(), |share| format!("{} met", counts(share)));
        let with_overdue = line.compliance_with_overdue.filter(|_| line.overdue > 0);
        let with_overdue = with_overdue.map_or(String::new(), |share| format!("{share} with what is overdue now"));
        key(id, &name, if_any(line.compliance.map(percent)), &[met, with_overdue])
    };
    let limits = &figures.limits;
    let mut keys = vec![
        key("received", "Received", total.received.to_string(), &[format!("{} net", total.received_net)]),
        key(
            "resolved",
            "Resolved of received",
            if_any(total.resolved_of_received.map(percent)),
            &[total.resolved_of_received.map_or(String::new(), counts)],
        ),
        clock("statutory", format!("Statutory ({})", limits.complaint), &figures.statutory.total),
        clock("first-response", format!("First response ({})", limits.first_response), &figures.first_response.total),
    ];
    keys.extend([satisfied(figures), open(figures), overdue(figures)]);
    let glance = element("section").class("glance").with("aria-label", "Figures at a glance");
    glance.child(element("dl").children(keys))
}

fn satisfied(figures: &Figures) -> Element {
    let total = &figures.satisfaction.total;
    let (Some(share), Some(mean)) = (total.satisfied, total.mean) else {
        let told = format!("withheld: fewer than {} ratings", figures.satisfaction.fewest);
        return key("satisfied", "Satisfied", "–".to_owned(), &[told]);
    };
    let rated = format!("{} ratings; 95 % interval {}", counts(share), interval(share));
    let response = total.response.map_or(String::new(), |share| format!("; {share} responded"));
    key("satisfied", "Satisfied", percent(share), &[rated, format!("{mean} of 5 stars{response}")])
}

fn open(figures: &Figures) -> Element {
    let total = &figures.load.total;
    key("open", "Open now", total.open.to_string(), &[format!("{} escalated", total.escalated)])
}

fn overdue(figures: &Figures) -> Element {
    let late = figures.running.lines.iter().filter(|line| line.overdue > 0);
    let late: Vec<String> = late.map(|line| format!("{} {}", line.overdue, line.name.replace('_', " "))).collect();
    let by_clock = if late.is_empty() { "no limit has passed".to_owned() } else { late.join(", ") };
    key("overdue", "Limits overdue now", figures.running.total.overdue.to_string(), &[by_clock])
}

fn key(id: &str, name: &str, value: String, notes: &[String]) -> Element {
    let notes = notes.iter().filter(|note| !note.is_empty()).map(|note| element("span").text(note));
    let value = element("dd").class("figure").with("id", format!("key-{id}")).text(value);
    element("div")
        .class(id)
        .child(element("dt").text(name))
        .child(value)
        .child(element("dd").class("note").children(notes))
}
