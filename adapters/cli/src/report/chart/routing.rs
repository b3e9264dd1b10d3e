//! Ping-pong: how often complaints are passed on and given back.

use aduan::figures::RoutingLine;

use super::axis::Axis;
use super::dots::{self, Panel, Shares};
use super::rows::{Row, largest};
use super::{Mark, Section, Table, for_every_room, left_out};
use crate::page::written::if_any;
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let routing = &figures.routing;
    let total = &routing.total;
    if total.dispositions == 0 && total.cycles == 0 {
        return Section::nothing("routing", "Nothing was disposed to an agency");
    }
    let row = |line: &RoutingLine| Row {
        name: figures.names.of(&line.name),
        cells: vec![line.passed_on, line.return_rate],
        size: line.dispositions,
    };
    let lines = routing.lines.iter().filter(|line| line.dispositions + line.cycles > 0);
    let (mut rows, left) = largest(lines.map(row).collect::<Vec<Row<Shares>>>());
    dots::sort(&mut rows);
    let axis = Axis::percent_up_to(rows.iter().flat_map(|row| &row.cells).flatten());
    let panel = |title: &str, total, none| Panel { title: title.to_owned(), total, axis, has_interval: false, none };
    let panels = [
        panel("Took more than one", total.passed_on, "none closed"),
        panel("Given back", total.return_rate, "none disposed"),
    ];
    Section {
        id: "routing",
        message: match total.passed_on {
            Some(share) => format!("{share} of closed cycles took more than one disposition"),
            None => "No disposed cycle is closed yet".to_owned(),
        },
        about: format!(
            "Left: closed cycles that took more than one disposition, by who answered them; a cycle took {} on average, \
             {} at most. Right: given back as not the agency's own, of what was disposed to it.{}",
            if_any(total.mean_dispositions),
            total.most,
            left_out(left)
        ),
        key: vec![
            (Mark::Dot("dot"), "share".into()),
            (Mark::Dot("dot hollow"), dots::few()),
            (Mark::Mean, "all agencies".into()),
        ],
        drawings: for_every_room(|room| dots::draw(room, &panels, &rows)),
        table: table(figures),
    }
}

fn table(figures: &Figures) -> Table {
    let row = |name: String, line: &RoutingLine| {
        vec![
            name,
            line.dispositions.to_string(),
            if_any(line.return_rate),
            line.cycles.to_string(),
            if_any(line.passed_on),
            if_any(line.mean_dispositions),
            line.most.to_string(),
        ]
    };
    let routing = &figures.routing;
    let lines = routing.lines.iter().map(|line| row(figures.names.of(&line.name), line));
    let head = vec![
        "Agency",
        "Dispositions to it",
        "Given back",
        "Closed cycles",
        "Took more than one",
        "Mean dispositions",
        "Most",
    ];
    Table { head, rows: lines.chain([row("All agencies".to_owned(), &routing.total)]).collect() }
}
