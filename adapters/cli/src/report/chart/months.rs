//! What came and what was resolved, month by month.

use aduan::figures::{Trend, TrendLine};
use aduan::values::Month;

use super::axis::Axis;
use super::{Mark, Section, Table, for_every_room};
use crate::page::drawing::{Drawing, Room};
use crate::page::written::if_any;
use crate::report::figures::Figures;

/// A month, and what is drawn of it.
struct Column {
    month: Month,
    received: u64,
    net: u64,
    resolved: u64,
}

pub(super) fn section(figures: &Figures) -> Section {
    let columns = columns(&figures.months);
    let total = &figures.months.total;
    let Some(most) = columns.iter().max_by_key(|column| column.received) else {
        return Section::nothing("months", "Nothing was received or resolved");
    };
    let (received, net, resolved) = (total.received, total.received_net, total.closed.resolved());
    let present = Month::of(figures.origin.now.date());
    let running = columns.last().filter(|last| last.month == present);
    let running = running.map_or(String::new(), |last| format!(" {} is told as far as it has come.", last.month));
    Section {
        id: "months",
        message: format!("Received {received}, resolved {resolved}; most came in {} ({})", most.month, most.received),
        about: format!(
            "By month. Received counts in the month of receipt, {net} of them without pranks, tests and duplicates; \
             resolved counts in the month of the closure, whenever the complaint came.{running}"
        ),
        key: vec![
            (Mark::Bar("net"), "received, net".into()),
            (Mark::Bar("gross"), "pranks, tests and duplicates, gross only".into()),
            (Mark::Line, "resolved".into()),
        ],
        drawings: for_every_room(|room| draw(room, &columns)),
        table: table(&figures.months),
    }
}

/// Every month from the first to the last: one without anything is a gap that must be seen.
fn columns(trend: &Trend) -> Vec<Column> {
    let months = trend.lines.iter().filter_map(|line| Some((line.name.parse::<Month>().ok()?, line)));
    let months: std::collections::BTreeMap<Month, &TrendLine> = months.collect();
    let (Some(first), Some(last)) = (months.keys().next(), months.keys().next_back()) else { return Vec::new() };
    let every = std::iter::successors(Some(*first), |month| Some(month.next()).filter(|next| next <= last));
    every
        .map(|month| {
            let count = |of: fn(&TrendLine) -> u64| months.get(&month).map_or(0, |line| of(line));
            let (received, net) = (count(|line| line.received), count(|line| line.received_net));
            Column { month, received, net, resolved: count(|line| line.closed.resolved()) }
        })
        .collect()
}

fn draw(room: Room, columns: &[Column]) -> Drawing {
    let mut drawing = Drawing::new(room, HEIGHT);
    let most = columns.iter().map(|column| column.received.max(column.resolved)).max().unwrap_or(0);
    let axis = Axis::counts(most);
    let y = |count: u64| BASE - (BASE - TOP) * axis.place(count as f64);
    let (left, width) = (40.0, room.width() - 40.0);
    for (value, text) in axis.ticks() {
        let y = BASE - (BASE - TOP) * axis.place(value);
        drawing.line(if value == 0.0 { "base" } else { "grid" }, (left, y), (left + width, y));
        drawing.text("tick end", left - 8.0, y + 4.0, text);
    }
    let step = width / columns.len() as f64;
    let bar = (step * 0.72).min(56.0);
    let middle = |place: usize| left + step * (place as f64 + 0.5);
    for (place, column) in columns.iter().enumerate() {
        let Column { month, received, net, resolved } = column;
        let x = middle(place) - bar / 2.0;
        drawing.told(format!("{month}: {received} received, {net} of them net; {resolved} resolved"), |part| {
            part.bar("net", x, y(*net), bar, BASE - y(*net));
            part.bar("gross", x, y(*received), bar, y(*net) - y(*received));
            if bar >= 8.0 * received.to_string().len() as f64 && *received > 0 {
                part.text("inside on-net", middle(place), BASE - 8.0, received);
            }
        });
        label(&mut drawing, columns, place, middle(place), step);
    }
    let resolved = || columns.iter().enumerate().map(|(place, column)| (middle(place), y(column.resolved)));
    drawing.through("course", &resolved().collect::<Vec<_>>());
    // Among many months a dot for each would be a band.
    if step >= 12.0 {
        resolved().for_each(|(x, y)| drawing.dot("course-dot", x, y, 4.0));
    }
    drawing
}

/// Names a month below its bar where there is room, and a year below the first of its months.
fn label(drawing: &mut Drawing, columns: &[Column], place: usize, x: f64, step: f64) {
    let month = columns[place].month;
    let (year, number) = (month.year(), month.to_string().split_off(5));
    let has_room = step >= 20.0;
    if has_room {
        drawing.text("tick middle", x, BASE + 17.0, number);
    }
    let is_first = place == 0 || columns[place - 1].month.year() != year;
    let of_year = columns[place..].iter().take_while(|column| column.month.year() == year).count();
    // A year of few months gives way to its neighbour, and most of many years give way.
    let fits = of_year == 12 || step * of_year as f64 >= YEAR;
    let years_apart = (YEAR / (step * 12.0)).ceil() as i32;
    if is_first && fits && year % years_apart == 0 {
        let (class, x, y) = if has_room { ("tick middle", x, 34.0) } else { ("tick", x - step / 2.0, 17.0) };
        drawing.text(class, x, BASE + y, year);
    }
}

fn table(trend: &Trend) -> Table {
    let lines = trend.lines.iter().chain([&trend.total]);
    let row = |line: &TrendLine| {
        vec![
            line.name.clone(),
            line.received.to_string(),
            line.received_net.to_string(),
            line.closed.resolved().to_string(),
            if_any(line.resolved_of_received),
            line.reopened.to_string(),
            if_any(line.growth),
        ]
    };
    let head = vec![
        "Month",
        "Received, gross",
        "Received, net",
        "Resolved in it",
        "Resolved of received",
        "Reopened",
        "Growth on the month before",
    ];
    Table { head, rows: lines.map(row).collect() }
}

const HEIGHT: f64 = 300.0;
/// Pixels for a year.
const YEAR: f64 = 40.0;
/// Where the tallest bar may end, and where all begin.
const TOP: f64 = 12.0;
const BASE: f64 = 258.0;
