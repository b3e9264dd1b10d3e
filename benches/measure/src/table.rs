//! The table of ratios.

use serde::Serialize;

use crate::rounds::{Quartiles, quartiles};

/// One line: ours, the bare limit, and how they stand to each other.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The part of the program that was measured.
    pub section: &'static str,
    /// What was measured, against what.
    pub what: String,
    /// Ours.
    pub ours: f64,
    /// What it is measured by, if anything.
    pub baseline: Option<f64>,
    /// Of both.
    pub unit: &'static str,
    /// Ours as a share of the baseline, both as speeds: more is better. The median of the ratios of the rounds.
    pub ratio: Option<f64>,
    /// A quarter of these ratios is less than the first, a quarter more than the second.
    pub quartiles: Option<(f64, f64)>,
    /// What it has to be.
    pub target: Option<String>,
    /// Whether it is.
    pub ok: Option<bool>,
    /// How many rounds the medians are of.
    pub rounds: usize,
}

/// What a ratio has to reach.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// A share of the baseline, 0 to 1.
    Share(f64),
    /// A multiple of the baseline.
    Times(f64),
    /// Told for information.
    None,
}

impl Row {
    /// Two speeds, round by round: more is better.
    pub fn speeds(
        section: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        (ours, baseline): (&[f64], &[f64]),
        target: Target,
    ) -> Self {
        let paired: Vec<f64> = ours.iter().zip(baseline).map(|(ours, baseline)| ours / baseline).collect();
        let (ours, baseline, spread) = (quartiles(ours).median, quartiles(baseline).median, quartiles(&paired));
        let row = Row::alone(section, what, unit, &[ours]);
        Row { baseline: Some(baseline), rounds: paired.len(), ..row }.compared(spread, target)
    }

    /// Two times in seconds, round by round, of `count` equal things each: less is better, told in ns a thing.
    pub fn times(
        section: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        count: usize,
        (ours, baseline): (&[f64], &[f64]),
        target: Target,
    ) -> Self {
        let speeds = |seconds: &[f64]| seconds.iter().map(|seconds| count as f64 / seconds / 1e9).collect::<Vec<_>>();
        let row = Row::speeds(section, what, unit, (&speeds(ours), &speeds(baseline)), target);
        Row { ours: 1.0 / row.ours, baseline: row.baseline.map(|baseline| 1.0 / baseline), ..row }
    }

    /// A figure that is measured by nothing.
    pub fn alone(section: &'static str, what: impl Into<String>, unit: &'static str, measured: &[f64]) -> Self {
        Row {
            section,
            what: what.into(),
            ours: quartiles(measured).median,
            baseline: None,
            unit,
            ratio: None,
            quartiles: None,
            target: None,
            ok: None,
            rounds: measured.len(),
        }
    }

    /// The same with a figure that it has to reach.
    #[must_use]
    pub fn at_least(self, least: f64) -> Self {
        Row { target: Some(format!("≥ {}", number(least))), ok: Some(self.ours >= least), ..self }
    }

    fn compared(self, ratio: Quartiles, target: Target) -> Self {
        let (text, least) = match target {
            Target::Share(share) => (Some(format!("≥ {:.0} %", 100.0 * share)), share),
            Target::Times(times) => (Some(format!("≥ {} ×", number(times))), times),
            Target::None => (None, 0.0),
        };
        let ok = text.as_ref().map(|_| ratio.median >= least);
        Row { ratio: Some(ratio.median), quartiles: Some((ratio.low, ratio.high)), target: text, ok, ..self }
    }
}

/// Prints rows under one heading a section.
pub fn print(rows: &[Row]) {
    for rows in rows.chunk_by(|one, next| one.section == next.section) {
        let heading = ["", "ours", "baseline", "ratio", "quartiles", "target", "", "rounds"];
        print_grid(rows[0].section, heading, &rows.iter().map(cells).collect::<Vec<_>>());
    }
}

/// Prints lines under a title and a heading. What a line is stands left, figures stand right.
pub fn print_grid<const N: usize>(title: &str, heading: [&str; N], lines: &[[String; N]]) {
    let heading = heading.map(String::from);
    let mut widths = [0; N];
    for cells in lines.iter().chain([&heading]) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    println!("\n{title}");
    for cells in [&heading].into_iter().chain(lines) {
        println!("{}", aligned(cells, &widths));
    }
}

fn cells(row: &Row) -> [String; 8] {
    let share = |ratio: f64| if ratio < 2.0 { format!("{:.0} %", 100.0 * ratio) } else { format!("{ratio:.1} ×") };
    let figure = |value: f64| format!("{} {}", number(value), row.unit).trim_end().to_owned();
    [
        row.what.clone(),
        figure(row.ours),
        row.baseline.map(figure).unwrap_or_default(),
        row.ratio.map(share).unwrap_or_default(),
        row.quartiles.map(|(low, high)| format!("{} – {}", share(low), share(high))).unwrap_or_default(),
        row.target.clone().unwrap_or_default(),
        row.ok.map(|ok| if ok { "ok" } else { "MISS" }.to_owned()).unwrap_or_default(),
        row.rounds.to_string(),
    ]
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let gap = " ".repeat(width - cell.chars().count());
        line += &if place == 0 { format!("  {cell}{gap}") } else { format!("  {gap}{cell}") };
    }
    line.trim_end().to_owned()
}

/// A figure for people: three digits or so of a small one, thousands apart in a large one.
pub fn number(value: f64) -> String {
    if value < 100.0 {
        let decimals = if value < 1.0 { 3 } else { 2 };
        return format!("{value:.decimals$}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
