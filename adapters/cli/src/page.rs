//! Pages that stand for themselves: one HTML file that needs no other and runs nothing.

pub(crate) mod drawing;
pub(crate) mod markup;
pub(crate) mod names;
pub(crate) mod written;

use std::fmt::{self, Display};

use self::markup::{Element, element};

/// A page. It begins with a line that tells browsers to keep to the standards.
pub(crate) struct Page(Element);

impl Page {
    /// A page around what is told. The style sheet is what this page has beside what all have.
    pub(crate) fn new(title: impl Display, style: &'static str, main: Element) -> Self {
        let body = element("body").child(patterns()).child(main);
        Page(element("html").with("lang", "en").child(head(title, style)).child(body))
    }
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!DOCTYPE html>\n{}\n", self.0)
    }
}

/// A line of what a page is about: a name, and what it is.
pub(crate) fn entry(name: &str, text: impl Display) -> Element {
    element("div").child(element("dt").text(name)).child(element("dd").text(text))
}

fn head(title: impl Display, style: &'static str) -> Element {
    let meta = |name: &'static str, content: &'static str| element("meta").with("name", name).with("content", content);
    element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(meta("viewport", "width=device-width, initial-scale=1"))
        .child(meta("color-scheme", "light dark"))
        .child(element("title").text(title))
        .child(element("style").verbatim(include_str!("page/style.css")).verbatim(style))
}

/// The fillings that tell bars apart without colour.
fn patterns() -> Element {
    let svg = element("svg").class("patterns").with("width", 0).with("height", 0).with("aria-hidden", "true");
    let pattern = |id, class: &str, ground: &str| {
        let pattern = element("pattern").with("id", id).with("width", 5).with("height", 5);
        let pattern = pattern.with("patternUnits", "userSpaceOnUse").with("patternTransform", "rotate(45)");
        let ground = element("rect").class(ground).with("width", 5).with("height", 5);
        let stroke = element("rect").class(class).with("width", 2).with("height", 5);
        pattern.children([ground, stroke])
    };
    let both = [pattern("hatch-main", "main", "paper"), pattern("hatch-soft", "muted", "paper")];
    svg.child(element("defs").children(both))
}
