//! Spans: how long things took, from the median to what nine in ten did not exceed.

use aduan::figures::Took;

use super::axis::Axis;
use super::rows::{Row, Rows};
use crate::page::drawing::{Drawing, Room};

/// Draws rows of spans, one for each panel, all on one scale. The first row is all together.
pub(super) fn draw<const N: usize>(room: Room, titles: [&str; N], rows: &[Row<[Option<Took>; N]>]) -> Drawing {
    let frame = Rows::told_apart(room, N, 120.0);
    let longest = rows.iter().flat_map(|row| &row.cells).flatten().map(|took| took.p90).max();
    let axis = Axis::counts(longest.unwrap_or(0));
    let mut drawing = frame.sheet(rows.len());
    for (panel, title) in titles.into_iter().enumerate() {
        frame.scale(&mut drawing, panel, title, &axis, rows.len());
    }
    for (place, Row { name, cells, .. }) in rows.iter().enumerate() {
        drawing.told(told(name, titles, cells), |part| {
            frame.name(part, place, if place == 0 { "all" } else { "name" }, name);
            for (panel, took) in cells.iter().enumerate() {
                match took {
                    Some(took) => span(part, &frame, &axis, panel, place, took),
                    None => frame.value(part, panel, place, "none", "none"),
                }
            }
        });
    }
    drawing
}

fn span(drawing: &mut Drawing, frame: &Rows, axis: &Axis, panel: usize, row: usize, took: &Took) {
    let middle = frame.middle(row);
    let (median, p90) = (frame.x(panel, axis, took.median as f64), frame.x(panel, axis, took.p90 as f64));
    drawing.line("interval", (median, middle), (p90, middle));
    drawing.line("end-mark", (p90, middle - 5.0), (p90, middle + 5.0));
    drawing.dot("dot", median, middle, 3.75);
    frame.value(drawing, panel, row, "value", &shown(took));
}

/// A span in words.
pub(super) fn shown(took: &Took) -> String {
    format!("{} – {}, n = {}", took.median, took.p90, took.cases)
}

fn told<const N: usize>(name: &str, titles: [&str; N], spans: &[Option<Took>; N]) -> String {
    let one = |(title, took): (&str, &Option<Took>)| match took {
        Some(took) => format!("{title}: median {}, 90 % within {}, of {} cases", took.median, took.p90, took.cases),
        None => format!("{title}: none"),
    };
    let told: Vec<String> = titles.into_iter().zip(spans).map(one).collect();
    format!("{name}. {}", told.join("; "))
}
