//! Dots: shares by row, each with its interval, or on a stem where there is none.

use aduan::statistics::Share;

use super::axis::Axis;
use super::rows::{Row, Rows};
use crate::page::drawing::{Drawing, Room};

/// A plot of dots.
pub(super) struct Panel {
    /// What is shared.
    pub(super) title: String,
    /// Over all rows.
    pub(super) total: Option<Share>,
    pub(super) axis: Axis,
    /// Whether the interval of Wilson's score is drawn.
    pub(super) has_interval: bool,
    /// What stands where a row has no share.
    pub(super) none: &'static str,
}

/// One share for each panel.
pub(super) type Shares = Vec<Option<Share>>;

/// Draws rows of shares, below all of them together.
pub(super) fn draw(room: Room, panels: &[Panel], rows: &[Row<Shares>]) -> Drawing {
    let frame = Rows::told_apart(room, panels.len(), 160.0);
    let mut drawing = frame.sheet(rows.len() + 1);
    for (place, panel) in panels.iter().enumerate() {
        frame.scale(&mut drawing, place, &panel.title, &panel.axis, rows.len() + 1);
        if let Some(total) = panel.total {
            let x = frame.x(place, &panel.axis, percent(&total));
            frame.upright(&mut drawing, "mean", x, 0..rows.len() + 1);
        }
    }
    let totals: Shares = panels.iter().map(|panel| panel.total).collect();
    let all = [("All agencies", &totals)].into_iter();
    for (row, (name, shares)) in all.chain(rows.iter().map(|row| (row.name.as_str(), &row.cells))).enumerate() {
        drawing.told(told(name, panels, shares), |part| {
            frame.name(part, row, if row == 0 { "all" } else { "name" }, name);
            for (place, (panel, share)) in panels.iter().zip(shares).enumerate() {
                match share {
                    Some(share) => one(part, &frame, place, row, panel, share),
                    None => frame.value(part, place, row, "none", panel.none),
                }
            }
        });
    }
    drawing
}

/// Whether a share rests on so few that it says little.
fn is_small(share: &Share) -> bool {
    share.of < FEW
}

/// Highest first; behind them those that rest on few, and those without any.
pub(super) fn sort(rows: &mut [Row<Shares>]) {
    let rank = |row: &Row<Shares>| match row.cells.first().copied().flatten() {
        Some(share) if !is_small(&share) => (0, u64::MAX - share.basis_points()),
        Some(share) => (1, u64::MAX - share.basis_points()),
        None => (2, 0),
    };
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
}

fn one(drawing: &mut Drawing, frame: &Rows, panel: usize, row: usize, of: &Panel, share: &Share) {
    let middle = frame.middle(row);
    let x = |value: f64| frame.x(panel, &of.axis, value);
    if of.has_interval {
        let (low, high) = share.wilson();
        drawing.line("interval", (x(low as f64 / 100.0), middle), (x(high as f64 / 100.0), middle));
    } else {
        drawing.line("stem", (x(0.0), middle), (x(percent(share)), middle));
    }
    drawing.dot(if is_small(share) { "dot hollow" } else { "dot" }, x(percent(share)), middle, 3.75);
    frame.share(drawing, panel, row, if is_small(share) { "value few" } else { "value" }, share);
}

fn told(name: &str, panels: &[Panel], shares: &Shares) -> String {
    let one = |(panel, share): (&Panel, &Option<Share>)| match share {
        Some(share) => format!("{}: {share}", panel.title),
        None => format!("{}: {}", panel.title, panel.none),
    };
    let told: Vec<String> = panels.iter().zip(shares).map(one).collect();
    format!("{name}. {}", told.join("; "))
}

fn percent(share: &Share) -> f64 {
    share.basis_points() as f64 / 100.0
}

/// What a hollow dot means.
pub(super) fn few() -> String {
    format!("of fewer than {FEW}: says little, stands below")
}

/// Below so many a share is drawn hollow.
pub(super) const FEW: u64 = 30;
