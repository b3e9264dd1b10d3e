//! How each figure is defined.

use crate::page::markup::{Element, element};
use crate::report::figures::Figures;

/// The definitions.
pub(super) fn section(figures: &Figures) -> Element {
    let limits = &figures.limits;
    let in_force = format!(
        "Limits in force on {} by {}: first response {}; statutory {}. A complaint keeps the limits that bound it at \
         receipt, an imported one those that its source promised.",
        figures.origin.now.date(),
        limits.policy,
        limits.first_response,
        limits.by_class()
    );
    let texts = DEFINITIONS.into_iter().map(|(name, text)| (name, text.to_owned())).chain([("Limits", in_force)]);
    let entries = texts.flat_map(|(name, text)| [element("dt").text(name), element("dd").text(text)]);
    element("section").class("definitions").with("aria-labelledby", "definitions-heading").children([
        element("h2").with("id", "definitions-heading").text("How these figures are defined"),
        element("dl").children(entries),
    ])
}

const DEFINITIONS: [(&str, &str); 9] = [
    (
        "Where they come from",
        "Every number is derived from the log of events, none is typed in. Who has the log can derive this page again, \
         and “aduan verify” proves that the log is the same.",
    ),
    (
        "Received, resolved",
        "Received is counted in the month of receipt; net leaves out pranks, tests and duplicates. Resolved of received \
         asks what became of those that came in the period; resolved by month counts closures in the month they happened. \
         Complaints declined, withdrawn or merged as duplicates are not resolved.",
    ),
    (
        "Compliance",
        "Met of met and missed. A verdict belongs to the agency that held the complaint then, not to the one that holds it \
         now, and counts in the month in which the clock stopped. Clocks that were cancelled stand outside every \
         denominator. What is overdue is judged at the time of the figures and told apart.",
    ),
    (
        "Shares",
        "A percentage stands with its counts. The interval is Wilson's score for 95 %: where the share would lie if those \
         counted had been drawn by lot. A share of few says little, and is drawn hollow.",
    ),
    (
        "Satisfaction",
        "Each closed cycle may be rated once, from 1 to 5 stars; satisfied is 4 or 5. The mean is the sum of all stars \
         divided once, never a mean of means. Where too few ratings are known they are withheld, and with them one more \
         agency where the total would give the withheld ones away.",
    ),
    (
        "Closures",
        "Confirmed: the complainant says so. Silence: nobody objected in time. Administrative: an officer says so. \
         They are counted apart.",
    ),
    (
        "Durations",
        "Working days of the tenant. Median and 90 % are exact, by nearest rank: the smallest number of days that half, \
         or nine in ten, did not exceed.",
    ),
    (
        "Open and overdue",
        "As they stand at the time of the figures, whatever the period. One complaint may run against several limits.",
    ),
    (
        "Agencies",
        "Named as the directory in force calls them; a code stands where it knows none. No agency: not yet disposed to one.",
    ),
];
