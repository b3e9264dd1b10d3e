//! Stacks: counts by row, told apart by what they are made of.

use super::axis::Axis;
use super::rows::{Row, Rows};
use crate::page::drawing::{Drawing, Room};

/// Draws rows of parts, filled as `fills` say in their order; the sum stands at the end.
pub(super) fn draw<const N: usize>(room: Room, title: &str, fills: [&str; N], rows: &[Row<[u64; N]>]) -> Drawing {
    let frame = Rows::bars(room, 44.0);
    let axis = Axis::counts(rows.iter().map(|row| row.cells.iter().sum()).max().unwrap_or(0));
    let mut drawing = frame.sheet(rows.len());
    frame.scale(&mut drawing, 0, title, &axis, rows.len());
    for (place, Row { name, cells, .. }) in rows.iter().enumerate() {
        drawing.told(told(name, cells), |part| {
            frame.name(part, place, "name", name);
            stack(part, &frame, &axis, place, fills, cells);
        });
    }
    drawing
}

fn stack<const N: usize>(
    drawing: &mut Drawing,
    frame: &Rows,
    axis: &Axis,
    row: usize,
    fills: [&str; N],
    parts: &[u64; N],
) {
    let middle = frame.middle(row);
    let (mut sum, mut x) = (0, frame.x(0, axis, 0.0));
    for (fill, part) in fills.into_iter().zip(parts) {
        sum += part;
        let end = frame.x(0, axis, sum as f64);
        // A gap of the paper's colour keeps two parts apart in any print.
        drawing.bar(fill, x, middle - 8.0, end - x - 1.0, 16.0);
        let digits = part.to_string();
        if end - x > 7.5 * digits.len() as f64 + 6.0 && *part > 0 {
            drawing.text(&format!("inside on-{fill}"), (x + end) / 2.0, middle + 4.0, digits);
        }
        x = end;
    }
    drawing.text("value", x + 8.0, middle + 4.5, sum);
}

fn told(name: &str, parts: &[u64]) -> String {
    let parts: Vec<String> = parts.iter().map(u64::to_string).collect();
    format!("{name}: {}", parts.join(", "))
}
