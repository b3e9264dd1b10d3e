//! A key: samples of the marks of a chart, for what cannot be written at the mark itself.

use crate::page::markup::{Element, element};

/// A mark that a key explains.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// A filling.
    Bar(&'static str),
    /// A line with dots.
    Line,
    /// A dot.
    Dot(&'static str),
    /// A dot with its interval.
    Interval,
    /// From a dot to the end of a span.
    Span,
    /// The line of all together.
    Mean,
}

impl Mark {
    /// The mark as it is drawn.
    pub(super) fn sample(self) -> Element {
        let shape = |name, class: &str| element(name).class(class);
        let rect = |class| shape("rect", class).with("y", 1).with("width", 14).with("height", 10);
        let line = |class| shape("line", class).with("x1", 0).with("y1", 6).with("x2", 22).with("y2", 6);
        let dot = |class, x| shape("circle", class).with("cx", x).with("cy", 6).with("r", 4);
        let mark = |x| shape("line", "end-mark").with("x1", x).with("y1", 1).with("x2", x).with("y2", 11);
        let shapes = match self {
            Mark::Bar(fill) => vec![rect(fill)],
            Mark::Line => vec![line("course"), dot("course-dot", 11)],
            Mark::Dot(class) => vec![dot(class, 7)],
            Mark::Interval => vec![line("interval"), dot("dot", 11)],
            Mark::Span => vec![line("interval"), dot("dot", 5), mark(21)],
            Mark::Mean => vec![line("mean")],
        };
        let width = if matches!(self, Mark::Bar(_) | Mark::Dot(_)) { 14 } else { 22 };
        let svg = element("svg").class("sample").with("aria-hidden", "true").with("focusable", "false");
        svg.with("viewBox", format!("0 0 {width} 12")).with("width", width).with("height", 12).children(shapes)
    }
}
