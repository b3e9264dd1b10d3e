//! Rows: one for each agency or channel, its name beside the plots where there is room, above them where there is none.

use std::ops::Range;

use aduan::statistics::Share;

use super::axis::Axis;
use crate::page::drawing::{Drawing, Room};
use crate::page::names::shortened;
use crate::page::written::{counts, percent};

/// A row: its name, what is plotted of it, and how much stands behind it.
pub(super) struct Row<C> {
    pub(super) name: String,
    pub(super) cells: C,
    /// How many were counted: what orders rows by size.
    pub(super) size: u64,
}

/// The rows to draw, and how many small ones stand in the table only.
pub(super) fn largest<C>(mut rows: Vec<Row<C>>) -> (Vec<Row<C>>, usize) {
    rows.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    let left = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    (rows, left)
}

/// Where rows and plots lie.
pub(super) struct Rows {
    room: Room,
    panels: usize,
    /// Pixels right of each plot, for what is written there.
    beside: f64,
    /// Whether in a narrow room values stand below the plots.
    is_below: bool,
}

impl Rows {
    /// `panels` plots side by side, with room for values: beside the plots, or below them in a narrow room.
    pub(super) fn told_apart(room: Room, panels: usize, beside: f64) -> Self {
        let beside = if room == Room::Wide { beside } else { 0.0 };
        Rows { room, panels, beside, is_below: room == Room::Narrow }
    }

    /// One plot of bars, with room for a value behind the longest.
    pub(super) fn bars(room: Room, beside: f64) -> Self {
        Rows { room, panels: 1, beside, is_below: false }
    }

    /// An empty sheet for so many rows.
    pub(super) fn sheet(&self, rows: usize) -> Drawing {
        Drawing::new(self.room, self.bottom(rows) + 2.0)
    }

    /// The height of the middle of a row's plots.
    pub(super) fn middle(&self, row: usize) -> f64 {
        let within = if self.room == Room::Wide { 11.0 } else { 24.0 };
        HEAD + self.height() * row as f64 + within
    }

    /// The left end of a plot, and its width.
    pub(super) fn plot(&self, panel: usize) -> (f64, f64) {
        let names = if self.room == Room::Wide { NAMES } else { 0.0 };
        let one = (self.room.width() - names - GAP * (self.panels - 1) as f64) / self.panels as f64;
        (names + (one + GAP) * panel as f64, one - self.beside)
    }

    /// Where a value lies in a plot.
    pub(super) fn x(&self, panel: usize, axis: &Axis, value: f64) -> f64 {
        let (left, width) = self.plot(panel);
        left + width * axis.place(value)
    }

    /// Writes a row's name; `class` tells the row of all together from the others.
    pub(super) fn name(&self, drawing: &mut Drawing, row: usize, class: &str, name: &str) {
        let (drop, most) = if self.room == Room::Wide { (4.5, 30) } else { (-11.0, 44) };
        drawing.text(class, 0.0, self.middle(row) + drop, shortened(name, most));
    }

    /// Writes what a row's plot says in words.
    pub(super) fn value(&self, drawing: &mut Drawing, panel: usize, row: usize, class: &str, text: &str) {
        let (x, y) = self.beside(panel, row);
        drawing.text(class, x, y, text);
    }

    /// Writes a share, percentages below percentages and counts below counts.
    pub(super) fn share(&self, drawing: &mut Drawing, panel: usize, row: usize, class: &str, share: &Share) {
        let (x, y) = self.beside(panel, row);
        drawing.text(&format!("{class} end"), x + PERCENT, y, percent(*share));
        drawing.text("counts", x + PERCENT + 7.0, y, counts(*share));
    }

    /// Where a row's value stands.
    fn beside(&self, panel: usize, row: usize) -> (f64, f64) {
        let (left, width) = self.plot(panel);
        let (x, drop) = if self.is_below { (left, 16.0) } else { (left + width + 10.0, 4.5) };
        (x, self.middle(row) + drop)
    }

    /// Draws the scale of a plot behind its rows, and writes above it what it measures.
    pub(super) fn scale(&self, drawing: &mut Drawing, panel: usize, title: &str, axis: &Axis, rows: usize) {
        let (left, _) = self.plot(panel);
        // What stands in brackets has no room on a telephone; the text above the chart says it, too.
        let title = if self.is_below { title.split(" (").next().unwrap_or(title) } else { title };
        drawing.text("panel", left, 12.0, title);
        let ticks: Vec<(f64, String)> = axis.ticks().collect();
        let last = ticks.len().saturating_sub(1);
        if self.is_below {
            let right = left + self.plot(panel).1;
            (0..rows).for_each(|row| drawing.line("grid", (left, self.middle(row)), (right, self.middle(row))));
        }
        for (place, (value, text)) in ticks.into_iter().enumerate() {
            let x = self.x(panel, axis, value);
            self.upright(drawing, if place == 0 { "base" } else { "grid" }, x, 0..rows);
            match place {
                0 if left == 0.0 || self.is_below => drawing.text("tick", x, HEAD - 9.0, text),
                _ if place == last && self.is_below => drawing.text("tick end", x, HEAD - 9.0, text),
                _ if self.is_below => {}
                _ => drawing.text("tick middle", x, HEAD - 9.0, text),
            }
        }
    }

    /// Draws an upright line through the plots of rows, and not through names and values above and below them.
    pub(super) fn upright(&self, drawing: &mut Drawing, class: &str, x: f64, rows: Range<usize>) {
        let reach = if self.room == Room::Wide { self.height() / 2.0 } else { 7.0 };
        let ends = |first, last| ((x, self.middle(first) - reach), (x, self.middle(last) + reach));
        if self.room == Room::Wide {
            let (top, bottom) = ends(rows.start, rows.end.saturating_sub(1));
            return drawing.line(class, top, bottom);
        }
        for row in rows {
            let (top, bottom) = ends(row, row);
            drawing.line(class, top, bottom);
        }
    }

    /// Where the last row ends.
    fn bottom(&self, rows: usize) -> f64 {
        HEAD + self.height() * rows as f64
    }

    fn height(&self) -> f64 {
        match (self.room, self.is_below) {
            (Room::Wide, _) => 22.0,
            (Room::Narrow, false) => 40.0,
            (Room::Narrow, true) => 58.0,
        }
    }
}

/// Pixels above the first row: what is measured, and its scale.
const HEAD: f64 = 40.0;
/// Pixels for names.
const NAMES: f64 = 226.0;
/// Pixels for a percentage.
const PERCENT: f64 = 60.0;
/// Pixels between two plots.
const GAP: f64 = 18.0;
/// More agencies than that nobody compares by eye.
const MOST_ROWS: usize = 24;
