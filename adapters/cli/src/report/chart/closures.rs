//! How complaints ended, and who says so.

use aduan::figures::Became;
use aduan::statistics::Share;

use super::bars::{self, Bar};
use super::rows::Row;
use super::{Section, Table, for_every_room};
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let closed = figures.closures.total.closed;
    if closed.sum() == 0 {
        return Section::nothing("closures", "Nothing was closed");
    }
    let bars = NAMES.into_iter().zip(FILLS).zip(counts(&closed)).filter_map(|((name, fill), count)| {
        Some(Row { name: name.to_owned(), cells: Bar { share: Share::of(count, closed.sum())?, fill }, size: count })
    });
    let bars: Vec<Row<Bar>> = bars.collect();
    Section {
        id: "closures",
        message: format!(
            "Resolved: {} confirmed by the complainant, {} by silence, {} on an officer's word",
            closed.resolved_confirmed, closed.resolved_silence, closed.resolved_administrative
        ),
        about:
            "Closures in the period, whenever the complaint came; one that was reopened is closed again. Who says so \
                is told apart: silence is no confirmation."
                .to_owned(),
        key: Vec::new(),
        drawings: for_every_room(|room| bars::draw(room, "Closures", &bars)),
        table: table(figures),
    }
}

fn counts(became: &Became) -> [u64; 6] {
    let Became { resolved_confirmed, resolved_silence, resolved_administrative, .. } = *became;
    let Became { declined, withdrawn, duplicate, .. } = *became;
    [resolved_confirmed, resolved_silence, resolved_administrative, declined, withdrawn, duplicate]
}

fn table(figures: &Figures) -> Table {
    let row = |name: String, became: &Became| {
        [name].into_iter().chain(counts(became).iter().map(u64::to_string)).collect::<Vec<_>>()
    };
    let closures = &figures.closures;
    let lines = closures.lines.iter().filter(|line| line.closed.sum() > 0);
    let rows = lines.map(|line| row(figures.names.of(&line.name), &line.closed));
    let mut head = vec!["Agency"];
    head.extend(NAMES);
    Table { head, rows: rows.chain([row("All".to_owned(), &closures.total.closed)]).collect() }
}

const NAMES: [&str; 6] = [
    "Confirmed by complainant",
    "Silence: nobody objected",
    "Administrative: officer says",
    "Declined",
    "Withdrawn",
    "Duplicate",
];
const FILLS: [&str; 6] = ["main", "hatched", "soft", "plain", "plain", "plain"];
