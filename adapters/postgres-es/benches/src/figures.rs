//! What each side did, in figures of this machine.

use aduan_measure::table::{number, print_grid};
use serde::Serialize;

/// One side under one load: medians of the rounds.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figure {
    pub(crate) section: &'static str,
    pub(crate) what: String,
    pub(crate) side: String,
    /// Commands a second.
    pub(crate) per_second: f64,
    /// Milliseconds that half of the commands waited at most; none where they were not answered one by one.
    pub(crate) p50: Option<f64>,
    /// The same of all but a hundredth.
    pub(crate) p99: Option<f64>,
    /// Of the server, a command.
    pub(crate) fsyncs: f64,
    /// Commands a commit.
    pub(crate) batch: Option<f64>,
}

/// Prints them, one heading a section.
pub(crate) fn print(figures: &[Figure]) {
    for figures in figures.chunk_by(|one, next| one.section == next.section) {
        let heading = ["", "commands/s", "p50 ms", "p99 ms", "fsyncs a command", "commands a commit"];
        let mut last = "";
        let mut lines = Vec::new();
        for figure in figures {
            if figure.what != last {
                last = &figure.what;
                lines.push([
                    figure.what.clone(),
                    String::new(),
                    String::new(),
                    String::new(),
                    String::new(),
                    String::new(),
                ]);
            }
            let some = |figure: Option<f64>| figure.map(number).unwrap_or_default();
            lines.push([
                format!("  {}", figure.side),
                number(figure.per_second),
                some(figure.p50),
                some(figure.p99),
                number(figure.fsyncs),
                some(figure.batch),
            ]);
        }
        print_grid(figures[0].section, heading, &lines);
    }
}
