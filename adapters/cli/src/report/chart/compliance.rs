//! Whether limits are met, agency by agency.

use std::collections::BTreeMap;

use aduan::figures::{Sla, SlaLine};
use aduan::statistics::Share;

use super::axis::Axis;
use super::dots::{self, FEW, Panel, Shares};
use super::rows::{Row, largest};
use super::{Mark, Section, Table, for_every_room, left_out};
use crate::page::written::{if_any, interval};
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let Figures { statutory, first_response, limits, .. } = figures;
    let clocks = [
        (format!("Statutory ({})", limits.complaint), statutory),
        (format!("First response ({})", limits.first_response), first_response),
    ];
    // A clock that judged nobody has no plot: what was imported knows no first responses.
    let judged = clocks.map(|(title, sla)| sla.total.compliance.map(|total| panel(title, total)));
    let is_judged = judged.each_ref().map(Option::is_some);
    let panels: Vec<Panel> = judged.into_iter().flatten().collect();
    if panels.is_empty() {
        return Section::nothing("compliance", "No limit was met or missed");
    }
    let lines = paired(statutory, first_response);
    let rows = lines.iter().filter_map(|(code, lines)| {
        let of_judged = lines.iter().zip(is_judged).filter(|(_, is_judged)| *is_judged);
        let cells: Shares = of_judged.map(|(line, _)| line.and_then(|line| line.compliance)).collect();
        let size = cells.iter().flatten().map(|share| share.of).sum();
        (size > 0).then(|| Row { name: figures.names.of(code), cells, size })
    });
    let (mut rows, left) = largest(rows.collect());
    dots::sort(&mut rows);
    Section {
        id: "compliance",
        message: message(&statutory.total, &rows),
        about: format!(
            "Met of met and missed, by the agency that held the complaint then, with the interval of Wilson's score for \
             95 %. Statutory limits in force: {}.{}",
            limits.by_class(),
            left_out(left)
        ),
        key: vec![
            (Mark::Interval, "share met, and its interval".into()),
            (Mark::Dot("dot hollow"), dots::few()),
            (Mark::Mean, "all agencies".into()),
        ],
        drawings: for_every_room(|room| dots::draw(room, &panels, &rows)),
        table: table(figures, &lines),
    }
}

fn panel(title: String, total: Share) -> Panel {
    Panel { title, total: Some(total), axis: Axis::percent(), has_interval: true, none: "no verdict" }
}

/// The verdicts on both clocks, by agency.
type Paired<'s> = BTreeMap<&'s str, [Option<&'s SlaLine>; 2]>;

fn paired<'s>(statutory: &'s Sla, first_response: &'s Sla) -> Paired<'s> {
    let mut lines = Paired::new();
    for (place, sla) in [statutory, first_response].into_iter().enumerate() {
        for line in &sla.lines {
            lines.entry(&line.name).or_default()[place] = Some(line);
        }
    }
    lines
}

fn message(statutory: &SlaLine, rows: &[Row<Shares>]) -> String {
    let Some(share) = statutory.compliance else {
        return "No statutory limit was met or missed; first responses were judged".to_owned();
    };
    let judged = rows.iter().filter_map(|row| Some((&row.name, row.cells.first().copied().flatten()?)));
    let lowest = judged.filter(|(_, share)| share.of >= FEW).min_by_key(|(_, share)| share.basis_points());
    let lowest = lowest.filter(|(_, lowest): &(_, Share)| lowest.basis_points() < share.basis_points());
    let lowest = lowest.map_or(String::new(), |(name, share)| format!("; lowest at {name}, {share}"));
    format!("The statutory limit was met in {share}{lowest}")
}

fn table(figures: &Figures, lines: &Paired<'_>) -> Table {
    let totals = [Some(&figures.statutory.total), Some(&figures.first_response.total)];
    let clocks = ["statutory", "first response"];
    let named = lines.iter().map(|(code, lines)| (figures.names.of(code), *lines));
    let row = |name: &str, clock: &str, line: &SlaLine| {
        let counts = [line.met, line.missed, line.overdue, line.running, line.paused, line.cancelled];
        let mut row = vec![name.to_owned(), clock.to_owned()];
        row.extend(counts.iter().map(u64::to_string));
        row.extend([
            if_any(line.compliance),
            if_any(line.compliance.map(interval)),
            if_any(line.compliance_with_overdue),
        ]);
        row
    };
    let rows = named.chain([("All agencies".to_owned(), totals)]).flat_map(|(name, lines)| {
        let told = clocks.into_iter().zip(lines).filter_map(|(clock, line)| Some(row(&name, clock, line?)));
        told.collect::<Vec<_>>()
    });
    let head = vec![
        "Agency",
        "Clock",
        "Met",
        "Missed",
        "Overdue",
        "Running",
        "Paused",
        "Cancelled",
        "Met of judged",
        "95 % interval",
        "With overdue",
    ];
    Table { head, rows: rows.collect() }
}
