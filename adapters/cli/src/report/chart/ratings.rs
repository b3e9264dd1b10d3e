//! What complainants say: how many stars, and how satisfied they are with each agency.

use aduan::figures::SatisfactionLine;
use aduan::statistics::Share;

use super::axis::Axis;
use super::bars::{self, Bar};
use super::dots::{self, Panel};
use super::rows::{Row, largest};
use super::{Mark, Section, Table, for_every_room, left_out};
use crate::page::written::{if_any, interval};
use crate::report::figures::Figures;

/// Both sections; one that says why, where no rating is told.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    let both = [stars(figures), satisfied(figures)].into_iter().flatten().collect::<Vec<_>>();
    if both.is_empty() { vec![Section::nothing("satisfaction", &untold(figures))] } else { both }
}

fn stars(figures: &Figures) -> Option<Section> {
    let total = &figures.satisfaction.total;
    let (stars, rated, mean) = (total.stars?, total.rated?, total.mean?);
    let rows = stars.into_iter().enumerate().rev().filter_map(|(fewer, times)| {
        let name = if fewer == 0 { "1 star".to_owned() } else { format!("{} stars", fewer + 1) };
        let fill = if fewer >= 3 { "main" } else { "soft" };
        Some(Row { name, cells: Bar { share: Share::of(times, rated)?, fill }, size: times })
    });
    let rows: Vec<Row<Bar>> = rows.collect();
    let table = rows.iter().map(|row| vec![row.name.clone(), row.cells.share.to_string()]);
    Some(Section {
        id: "stars",
        message: format!("Complainants gave {mean} of 5 stars on average; n = {rated}"),
        about: format!(
            "Ratings of closed cycles by stars, for cycles closed in the period. Response rate: {} of the cycles that \
             could be rated.",
            if_any(total.response)
        ),
        key: vec![
            (Mark::Bar("main"), "satisfied: 4 or 5 stars".into()),
            (Mark::Bar("soft"), "not satisfied: 1 to 3 stars".into()),
        ],
        table: Table { head: vec!["Stars", "Ratings"], rows: table.collect() },
        drawings: for_every_room(|room| bars::draw(room, "Ratings", &rows)),
    })
}

fn satisfied(figures: &Figures) -> Option<Section> {
    let satisfaction = &figures.satisfaction;
    let total = &satisfaction.total;
    let share = total.satisfied?;
    let row = |line: &SatisfactionLine| Row {
        name: figures.names.of(&line.name),
        cells: vec![line.satisfied, line.response],
        size: line.eligible,
    };
    let (mut rows, left) = largest(satisfaction.lines.iter().map(row).collect());
    dots::sort(&mut rows);
    let panel = |title: &str, total, has_interval| Panel {
        title: title.to_owned(),
        total,
        axis: Axis::percent(),
        has_interval,
        none: "withheld",
    };
    let panels = [panel("Satisfied", Some(share), true), panel("Response rate", total.response, false)];
    let suppressed = satisfaction.lines.iter().filter(|line| line.is_suppressed).count();
    let suppressed = match suppressed {
        0 => String::new(),
        1 => " One agency is withheld.".to_owned(),
        many => format!(" {many} agencies are withheld."),
    };
    Some(Section {
        id: "satisfaction",
        message: format!("{share} were satisfied; 95 % interval {}", interval(share)),
        about: format!(
            "Left: 4 or 5 stars of all ratings, by the agency that answered the cycle then. Right: rated of the closed \
             cycles that could be rated, whose silence says nothing. Agencies with fewer than {} ratings are withheld, so \
             that nobody's own can be read off.{suppressed}{}",
            satisfaction.fewest,
            left_out(left)
        ),
        key: vec![
            (Mark::Interval, "share satisfied, and its interval".into()),
            (Mark::Dot("dot hollow"), dots::few()),
            (Mark::Mean, "all agencies".into()),
        ],
        drawings: for_every_room(|room| dots::draw(room, &panels, &rows)),
        table: table(figures),
    })
}

/// Why nothing is told of ratings.
fn untold(figures: &Figures) -> String {
    match figures.satisfaction.total.eligible {
        0 => "No closed cycle could be rated".to_owned(),
        eligible => format!(
            "{eligible} closed cycles could be rated; fewer than {} were, so no rating is told",
            figures.satisfaction.fewest
        ),
    }
}

fn table(figures: &Figures) -> Table {
    let row = |name: String, line: &SatisfactionLine| {
        if line.is_suppressed {
            let dash = || "withheld".to_owned();
            return vec![name, line.eligible.to_string(), dash(), dash(), dash(), dash(), dash()];
        }
        let interval = line.satisfied.map(interval);
        let stars = line.stars.map(|stars| stars.map(|times| times.to_string()).join(", "));
        vec![
            name,
            line.eligible.to_string(),
            if_any(line.response),
            if_any(line.mean),
            if_any(stars),
            if_any(line.satisfied),
            if_any(interval),
        ]
    };
    let satisfaction = &figures.satisfaction;
    let lines = satisfaction.lines.iter().map(|line| row(figures.names.of(&line.name), line));
    let head =
        vec!["Agency", "Could be rated", "Rated", "Mean stars", "1, 2, 3, 4, 5 stars", "Satisfied", "95 % interval"];
    Table { head, rows: lines.chain([row("All agencies".to_owned(), &satisfaction.total)]).collect() }
}
