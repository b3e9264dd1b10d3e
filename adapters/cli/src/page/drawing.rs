//! Drawings: shapes in pixels, from the left and from the top, as inline SVG.

use std::fmt::{self, Display};

use super::markup::{Element, element};

/// For which room a drawing is made. Both stand on the page, and the style sheet shows the one that fits: text keeps
/// its size on a telephone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// A desk or a sheet of paper.
    Wide,
    /// A telephone.
    Narrow,
}

impl Room {
    /// Both.
    pub(crate) const ALL: [Room; 2] = [Room::Wide, Room::Narrow];

    /// How wide a drawing is there, in pixels.
    pub(crate) fn width(self) -> f64 {
        match self {
            Room::Wide => 860.0,
            Room::Narrow => 340.0,
        }
    }

    /// The name, and the class of the style sheet.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Room::Wide => "wide",
            Room::Narrow => "narrow",
        }
    }
}

/// A drawing under way.
pub(crate) struct Drawing {
    room: Room,
    height: f64,
    shapes: Vec<Element>,
    has_links: bool,
}

impl Drawing {
    /// An empty sheet.
    pub(crate) fn new(room: Room, height: f64) -> Self {
        Drawing { room, height, shapes: Vec::new(), has_links: false }
    }

    /// A rectangle; none where nothing is to be seen.
    pub(crate) fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        if width > 0.0 && height > 0.0 {
            let bar = element("rect").class(class).with("x", Px(x)).with("y", Px(y));
            self.shapes.push(bar.with("width", Px(width)).with("height", Px(height)));
        }
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let line = element("line").class(class).with("x1", Px(from.0)).with("y1", Px(from.1));
        self.shapes.push(line.with("x2", Px(to.0)).with("y2", Px(to.1)));
    }

    /// A line through points.
    pub(crate) fn through(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y))).collect();
        self.shapes.push(element("polyline").class(class).with("points", points.join(" ")));
    }

    /// A dot.
    pub(crate) fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        let dot = element("circle").class(class).with("cx", Px(x)).with("cy", Px(y));
        self.shapes.push(dot.with("r", Px(radius)));
    }

    /// A text on a baseline; the class says to which side of `x` it stands.
    pub(crate) fn text(&mut self, class: &str, x: f64, y: f64, text: impl Display) {
        self.shapes.push(element("text").class(class).with("x", Px(x)).with("y", Px(y)).text(text));
    }

    /// Shapes that belong together, and what is told of them.
    pub(crate) fn told(&mut self, title: impl Display, draw: impl FnOnce(&mut Drawing)) {
        let mut part = Drawing::new(self.room, self.height);
        draw(&mut part);
        self.shapes.push(element("g").child(element("title").text(title)).children(part.shapes));
    }

    /// A rectangle with round ends.
    pub(crate) fn pill(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let pill = element("rect").class(class).with("x", Px(x)).with("y", Px(y)).with("rx", Px(height / 2.0));
        self.shapes.push(pill.with("width", Px(width)).with("height", Px(height)));
    }

    /// A filled outline, in the words of SVG.
    pub(crate) fn shape(&mut self, class: &str, outline: &str) {
        self.shapes.push(element("path").class(class).with("d", outline));
    }

    /// Shapes that lead to an element of the same page, and what is told of them.
    pub(crate) fn linked(&mut self, id: &str, title: impl Display, draw: impl FnOnce(&mut Drawing)) {
        let mut part = Drawing::new(self.room, self.height);
        draw(&mut part);
        let link = element("a").with("href", format!("#{id}")).with("aria-label", &title);
        self.has_links = true;
        self.shapes.push(link.child(element("title").text(title)).children(part.shapes));
    }

    /// A small picture that only repeats what stands beside it.
    pub(crate) fn sample(self, width: f64) -> Element {
        let (width, height) = (Px(width), Px(self.height));
        let svg = element("svg").class("sample").with("aria-hidden", "true").with("focusable", "false");
        let svg = svg.with("viewBox", format!("0 0 {width} {height}")).with("width", &width).with("height", &height);
        svg.children(self.shapes)
    }

    /// The picture, with what it shows for whoever does not see it.
    pub(crate) fn finished(self, id: &str, title: &str, about: &str) -> Element {
        let (room, width, height) = (self.room.name(), Px(self.room.width()), Px(self.height));
        let (title_id, about_id) = (format!("{id}-{room}-title"), format!("{id}-{room}-about"));
        // What is one image to whoever cannot see it hides the links in it.
        let role = if self.has_links { "group" } else { "img" };
        let svg = element("svg").class(room).with("role", role);
        let svg = svg.with("aria-labelledby", &title_id).with("aria-describedby", &about_id);
        let svg = svg.with("viewBox", format!("0 0 {width} {height}")).with("width", &width).with("height", &height);
        let svg = svg.child(element("title").with("id", title_id).text(title));
        svg.child(element("desc").with("id", about_id).text(about)).children(self.shapes)
    }
}

/// Pixels, to a tenth.
struct Px(f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.1}", self.0);
        f.write_str(text.strip_suffix(".0").unwrap_or(&text))
    }
}
