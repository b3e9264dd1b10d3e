//! The process as it really ran: a drawing that stands for itself.

use std::collections::BTreeMap;

use super::findings::{Report, name_of};
use super::flow::{Edge, Node, Transition};
use super::layout::{self, Graph};
use crate::page::markup::{Element, element};

/// The drawing of a log.
pub(super) fn of(report: &Report) -> String {
    let names: Vec<String> = report.activities.iter().map(|activity| activity.activity.clone()).collect();
    let (drawn, left_out) = drawn(report);
    let nodes = nodes(&drawn);
    let boxes: Vec<Shape> = nodes.iter().map(|node| Shape::of(*node, report)).collect();
    let numbers: BTreeMap<Node, usize> = nodes.iter().enumerate().map(|(number, node)| (*node, number)).collect();
    let between = drawn.iter().filter(|((from, to), _)| from != to);
    let edges: Vec<(usize, usize, u64)> =
        between.clone().map(|((from, to), edge)| (numbers[from], numbers[to], edge.events)).collect();
    let layout = layout::of(&Graph { sizes: boxes.iter().map(|shape| shape.size).collect(), edges });

    let head = head(report, left_out);
    let foot = foot(report);
    let top = 44.0 + 20.0 * head.len() as f64 + 28.0;
    let width = (layout.size.0 + 2.0 * MARGIN + LOOP_ROOM).max(760.0);
    let below = top + layout.size.1 + 36.0;
    let height = below + 20.0 * foot.len() as f64 + 16.0;
    // What is narrower than its words stands in the middle.
    let left = (width - layout.size.0) / 2.0;
    let at = |point: &(f64, f64)| (point.0 + left, point.1 + top);

    let mut lines = Vec::new();
    let mut labels = Labels::beside(boxes.iter().zip(&layout.nodes).map(|(shape, place)| (at(place), shape.size)));
    for (((from, to), edge), points) in between.zip(&layout.edges) {
        let points: Vec<(f64, f64)> = points.iter().map(at).collect();
        lines.push(line(*edge, curve(&points), &title(&names, *from, *to, *edge)));
        labels.put(*edge, &points);
    }
    for ((node, _), edge) in drawn.iter().filter(|((from, to), _)| from == to) {
        let number = numbers[node];
        let (x, y) = at(&layout.nodes[number]);
        let right = x + boxes[number].size.0 / 2.0;
        let (far, above, below) = (right + 34.0, y - 24.0, y + 24.0);
        let (from, to) = (y - 10.0, y + 10.0);
        let path = format!("M{right:.1},{from:.1} C{far:.1},{above:.1} {far:.1},{below:.1} {right:.1},{to:.1}");
        lines.push(line(*edge, path, &title(&names, *node, *node, *edge)));
        labels.texts.push(label(*edge, (right + 32.0, y), " after"));
    }
    let shapes = boxes.iter().zip(&layout.nodes).map(|(shape, place)| shape.drawn(at(place)));
    let texts = |class: &'static str, lines: &[String], top: f64| {
        let place = move |number: usize| top + 20.0 * number as f64;
        let text = |(number, text): (usize, &String)| {
            let class = if class == "head" && number == 0 { "title" } else { class };
            element("text").class(class).with("x", MARGIN).with("y", place(number)).text(text)
        };
        lines.iter().enumerate().map(text).collect::<Vec<_>>()
    };
    let svg = element("svg").with("xmlns", "http://www.w3.org/2000/svg").with("role", "img");
    let svg = svg.with("aria-labelledby", "title").with("aria-describedby", "about");
    let svg = svg.with("viewBox", format!("0 0 {width:.0} {height:.0}"));
    let svg = svg.with("width", format!("{width:.0}")).with("height", format!("{height:.0}"));
    svg.child(element("title").with("id", "title").text(&head[0]))
        .child(element("desc").with("id", "about").text(about(report, &names)))
        .child(element("style").verbatim(STYLE))
        .child(element("defs").children([arrow("arrow", "tip"), arrow("arrow-broken", "tip broken")]))
        .child(element("rect").class("paper").with("width", "100%").with("height", "100%"))
        .children(texts("head", &head, 32.0))
        .child(key(MARGIN, top - 32.0))
        .children(lines)
        .children(shapes)
        .children(labels.texts)
        .children(texts("foot", &foot, below + 12.0))
        .to_string()
}

/// Transitions that are drawn, and how many are not: of many the most frequent, those that broke a rule, and for every
/// activity one that leads to it and one that leads on.
fn drawn(report: &Report) -> (Vec<Transition>, usize) {
    let all = report.flow.edges();
    let (mut reached, mut left) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let mut broken = 0;
    let keeps = |(place, ((from, to), edge)): &(usize, Transition)| {
        let is_first = reached.insert(*to) | left.insert(*from);
        broken += usize::from(edge.broken > 0);
        *place < MOST_EDGES || is_first || (edge.broken > 0 && broken <= MOST_EDGES)
    };
    let count = all.len();
    let drawn: Vec<_> = all.into_iter().enumerate().filter(keeps).map(|(_, edge)| edge).collect();
    let left_out = count - drawn.len();
    (drawn, left_out)
}

/// The nodes of the transitions, in the order of the file.
fn nodes(edges: &[Transition]) -> Vec<Node> {
    let nodes: std::collections::BTreeSet<Node> = edges.iter().flat_map(|((from, to), _)| [*from, *to]).collect();
    nodes.into_iter().collect()
}

/// A node as it is drawn.
struct Shape {
    class: &'static str,
    name: Vec<String>,
    about: String,
    size: (f64, f64),
}

impl Shape {
    fn of(node: Node, report: &Report) -> Self {
        let (class, name, about) = match node {
            Node::Start => ("end", vec!["start".to_owned()], format!("{} cases", report.cases)),
            Node::End => ("end", vec!["end".to_owned()], format!("{} cases", report.cases)),
            Node::Activity(number) => {
                let found = &report.activities[number];
                let step = found.step.unwrap_or("not judged");
                let is_same = found.activity == step;
                let about = if is_same { found.events.to_string() } else { format!("{} · {step}", found.events) };
                (if found.step.is_some() { "activity" } else { "activity unjudged" }, wrapped(&found.activity), about)
            }
        };
        let widest = name.iter().map(|line| line.chars().count() as f64 * 7.6).fold(0.0, f64::max);
        let width = widest.max(about.chars().count() as f64 * 6.4) + 24.0;
        Shape { class, size: (width.max(84.0), 16.0 * name.len() as f64 + 30.0), name, about }
    }

    fn drawn(&self, (x, y): (f64, f64)) -> Element {
        let (width, height) = self.size;
        let (left, top) = (x - width / 2.0, y - height / 2.0);
        let place = |value: f64| format!("{value:.1}");
        let rect = element("rect").with("x", place(left)).with("y", place(top)).with("width", place(width));
        let radius = if self.class == "end" { height / 2.0 } else { 6.0 };
        let rect = rect.with("height", place(height)).with("rx", place(radius));
        let text = |class: &str, at: f64, text: &str| {
            element("text").class(class).with("x", place(x)).with("y", place(at)).text(text)
        };
        let names =
            self.name.iter().enumerate().map(|(line, name)| text("name", top + 20.0 + 16.0 * line as f64, name));
        let title = element("title").text(format!("{}: {}", self.name.join(" "), self.about));
        let node = element("g").class(self.class).child(title).child(rect).children(names);
        node.child(text("count", y + height / 2.0 - 10.0, &self.about))
    }
}

/// A name in up to three lines.
fn wrapped(name: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LONGEST_LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let is_long = lines.len() > 3;
    lines.truncate(3);
    for (place, line) in lines.iter_mut().enumerate() {
        if line.chars().count() > LONGEST_LINE || (is_long && place == 2) {
            *line = line.chars().take(LONGEST_LINE - 1).chain(['…']).collect();
        }
    }
    if lines.is_empty() { vec!["(no name)".to_owned()] } else { lines }
}

fn line(edge: Edge, path: String, title: &str) -> Element {
    let class = if edge.broken > 0 { "edge broken" } else { "edge" };
    let marker = if edge.broken > 0 { "url(#arrow-broken)" } else { "url(#arrow)" };
    // Ten times as often is as much wider again.
    let width = 1.25 + (edge.events.max(1) as f64).log10() * 0.75;
    let path = element("path").with("d", path).with("stroke-width", format!("{width:.2}")).with("marker-end", marker);
    element("g").class(class).child(element("title").text(title)).child(path)
}

fn label(edge: Edge, (x, y): (f64, f64), side: &str) -> Element {
    let class = if edge.broken > 0 { format!("label broken{side}") } else { format!("label{side}") };
    let text = element("text").class(&class).with("x", format!("{x:.1}")).with("y", format!("{:.1}", y + 4.0));
    text.text(written(edge))
}

fn written(edge: Edge) -> String {
    match edge {
        Edge { events, broken: 0 } => events.to_string(),
        Edge { events, broken } if events == broken => format!("{events} broken"),
        Edge { events, broken } => format!("{events}, {broken} broken"),
    }
}

fn title(names: &[String], from: Node, to: Node, edge: Edge) -> String {
    let Edge { events, broken } = edge;
    let broken = if broken > 0 { format!(", {broken} of them break a rule") } else { String::new() };
    format!("{} to {}: {events} times{broken}", name_of(from, names), name_of(to, names))
}

/// A smooth line through points.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = points.first().map_or(String::new(), |(x, y)| format!("M{x:.1},{y:.1}"));
    for pair in points.windows(2) {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        let half = (y1 + y2) / 2.0;
        path.push_str(&format!(" C{x1:.1},{half:.1} {x2:.1},{half:.1} {x2:.1},{y2:.1}"));
    }
    path
}

/// Numbers of edges, each where it covers nothing else.
struct Labels {
    texts: Vec<Element>,
    /// What is covered: middles and sizes.
    covered: Vec<((f64, f64), (f64, f64))>,
}

impl Labels {
    fn beside(shapes: impl Iterator<Item = ((f64, f64), (f64, f64))>) -> Self {
        Labels { texts: Vec::new(), covered: shapes.collect() }
    }

    /// Puts the number of an edge half way down its first stretch, where it is near to its node, or else where there
    /// is room.
    fn put(&mut self, edge: Edge, points: &[(f64, f64)]) {
        let is_down = points.first().map(|first| first.1) <= points.last().map(|last| last.1);
        let mut stretches: Vec<_> = points.windows(2).map(|pair| (pair[0], pair[1])).collect();
        if !is_down {
            stretches.reverse();
        }
        let places = [0.5, 0.36, 0.64, 0.24, 0.76];
        let along = stretches.iter().flat_map(|(from, to)| places.map(|share| on_curve(*from, *to, share)));
        let along: Vec<(f64, f64)> = along.collect();
        let size = (written(edge).chars().count() as f64 * 6.6 + 6.0, 15.0);
        let free =
            along.iter().find(|place| !self.covered.iter().any(|(at, other)| overlap(**place, size, *at, *other)));
        let Some(place) = free.or(along.first()).copied() else { return };
        self.covered.push((place, size));
        self.texts.push(label(edge, place, ""));
    }
}

fn overlap(a: (f64, f64), size: (f64, f64), b: (f64, f64), other: (f64, f64)) -> bool {
    (a.0 - b.0).abs() * 2.0 < size.0 + other.0 && (a.1 - b.1).abs() * 2.0 < size.1 + other.1
}

/// A point of a stretch of [`curve`].
fn on_curve((x1, y1): (f64, f64), (x2, y2): (f64, f64), share: f64) -> (f64, f64) {
    let rest = 1.0 - share;
    let (first, second) = (rest * rest * (rest + 3.0 * share), share * share * (share + 3.0 * rest));
    let half = (y1 + y2) / 2.0;
    let between = 3.0 * share * rest;
    (x1 * first + x2 * second, y1 * rest.powi(3) + half * between + y2 * share.powi(3))
}

fn arrow(id: &'static str, class: &str) -> Element {
    let marker = element("marker").with("id", id).with("viewBox", "0 0 8 8").with("refX", 7).with("refY", 4);
    let marker = marker.with("markerWidth", 8).with("markerHeight", 8).with("markerUnits", "userSpaceOnUse");
    marker.with("orient", "auto").child(element("path").class(class).with("d", "M0,0.5 L8,4 L0,7.5 z"))
}

fn head(report: &Report, left_out: usize) -> Vec<String> {
    let Report { log, cases, events, conforming, .. } = report;
    let file = std::path::Path::new(log).file_name().map_or(log.as_str().into(), |name| name.to_string_lossy());
    let mut head = vec![
        format!("{file}: how {cases} cases really ran"),
        format!("{events} events; {conforming} cases break no rule, {} do", cases - conforming),
    ];
    if left_out > 0 {
        head.push(format!("{left_out} rarer transitions are not drawn; `aduan conform --json` tells them"));
    }
    head
}

fn foot(report: &Report) -> Vec<String> {
    let line = |found: &super::findings::RuleFound| {
        format!("{}: {} times in {} cases. {}", found.rule, found.breaches, found.cases, found.asks)
    };
    report.rules.iter().map(line).collect()
}

/// What the drawing shows, for whoever does not see it.
fn about(report: &Report, names: &[String]) -> String {
    let edges = report.flow.edges();
    let told = edges.iter().take(12).map(|((from, to), edge)| title(names, *from, *to, *edge));
    format!("The most frequent transitions. {}.", told.collect::<Vec<_>>().join("; "))
}

/// What the lines mean.
fn key(x: f64, y: f64) -> Element {
    let sample = |class: &str, marker: &str, x: f64| {
        let path = element("path").with("d", format!("M{x:.0},{:.0} h34", y - 4.0)).with("stroke-width", "2");
        element("g").class(class).child(path.with("marker-end", marker))
    };
    let text = |x: f64, text: &str| element("text").class("foot").with("x", x).with("y", y).text(text);
    element("g").with("aria-hidden", "true").children([
        sample("edge", "url(#arrow)", x),
        text(x + 42.0, "followed, how often"),
        sample("edge broken", "url(#arrow-broken)", x + 190.0),
        text(x + 232.0, "dashed: some of it breaks a rule"),
    ])
}

const MARGIN: f64 = 24.0;
/// For what follows itself.
const LOOP_ROOM: f64 = 120.0;
const LONGEST_LINE: usize = 24;
const MOST_EDGES: usize = 40;

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2026; --muted: #545d68; --line: #6c7681; --fill: #eef4fa;
  --main: #0b5c9e; --broken: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e8ecf0; --muted: #a3adb8; --line: #8a95a1; --fill: #1d2a38; --main: #66aee8;
    --broken: #ff8a80; }
}
text { font: 12.5px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif;
  fill: var(--ink); font-variant-numeric: tabular-nums; }
.paper { fill: var(--paper); }
.title { font-size: 17px; font-weight: 650; }
.head, .foot { fill: var(--muted); }
.activity rect { fill: var(--fill); stroke: var(--main); stroke-width: 1.25; }
.unjudged rect { fill: var(--paper); stroke: var(--muted); stroke-dasharray: 2 3; }
.end rect { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; }
.name { font-weight: 600; text-anchor: middle; }
.count { font-size: 11.5px; fill: var(--muted); text-anchor: middle; }
.edge path { fill: none; stroke: var(--line); }
.edge.broken path { stroke: var(--broken); stroke-dasharray: 6 4; }
.tip { fill: var(--line); } .tip.broken { fill: var(--broken); }
.label { font-size: 11.5px; text-anchor: middle; fill: var(--ink);
  paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.label.broken { fill: var(--broken); font-weight: 600; }
.after { text-anchor: start; }
";
