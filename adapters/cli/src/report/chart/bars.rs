//! Bars: counts by row, each with its number and what part of all it is.

use aduan::statistics::Share;

use super::axis::Axis;
use super::rows::{Row, Rows};
use crate::page::drawing::{Drawing, Room};

/// A bar: how many, of how many, and how it is filled.
pub(super) struct Bar {
    pub(super) share: Share,
    pub(super) fill: &'static str,
}

/// Draws bars in the order of the rows.
pub(super) fn draw(room: Room, title: &str, rows: &[Row<Bar>]) -> Drawing {
    let frame = Rows::bars(room, 172.0);
    let axis = Axis::counts(rows.iter().map(|row| row.cells.share.count).max().unwrap_or(0));
    let mut drawing = frame.sheet(rows.len());
    frame.scale(&mut drawing, 0, title, &axis, rows.len());
    for (place, Row { name, cells: Bar { share, fill }, .. }) in rows.iter().enumerate() {
        let (left, middle) = (frame.plot(0).0, frame.middle(place));
        let end = frame.x(0, &axis, share.count as f64);
        drawing.told(format!("{name}: {share}"), |part| {
            frame.name(part, place, "name", name);
            part.bar(fill, left, middle - 7.0, end - left, 14.0);
            part.text("value", end + 8.0, middle + 4.5, share);
        });
    }
    drawing
}
