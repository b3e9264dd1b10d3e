//! Sections of the page: each a message, the chart that shows it, and the table it was drawn from.

mod ageing;
mod axis;
mod bars;
mod channels;
mod closures;
mod compliance;
mod dots;
mod durations;
mod key;
mod months;
mod ratings;
mod routing;
mod rows;
mod spans;
mod stacks;
mod table;

use self::key::Mark;
use self::table::Table;
use super::figures::Figures;
use crate::page::drawing::{Drawing, Room};
use crate::page::markup::{Element, element};

/// Every section, in the order of the page.
pub(super) fn sections(figures: &Figures) -> Vec<Section> {
    let mut sections = vec![months::section(figures), compliance::section(figures), ageing::section(figures)];
    sections.extend(ratings::sections(figures));
    sections.extend([channels::section(figures), routing::section(figures)]);
    sections.extend([closures::section(figures), durations::section(figures)]);
    sections
}

/// A section of the page.
pub(super) struct Section {
    id: &'static str,
    /// What the chart says, as its heading.
    message: String,
    /// What is drawn, and how it is counted.
    about: String,
    /// What each filling or mark means.
    key: Vec<(Mark, String)>,
    /// For every room; none where there is nothing to draw.
    drawings: Vec<Drawing>,
    table: Table,
}

impl Section {
    /// A section without a chart: there is nothing to draw.
    fn nothing(id: &'static str, message: &str) -> Self {
        let about = "Nothing to draw for this period.".to_owned();
        let (key, drawings, table) = (Vec::new(), Vec::new(), Table::default());
        Section { id, message: message.to_owned(), about, key, drawings, table }
    }

    /// The section as markup.
    pub(super) fn markup(self) -> Element {
        let Section { id, message, about, key, drawings, table } = self;
        let heading = format!("{id}-heading");
        let section = element("section").with("id", id).with("aria-labelledby", &heading);
        // A number and its unit stay on one line.
        let kept_together = message.replace(" %", "\u{a0}%");
        let section = section.child(element("h2").with("id", heading).text(kept_together));
        if drawings.is_empty() {
            return section.child(element("p").class("about").text(about));
        }
        let pictures = drawings.into_iter().map(|drawing| drawing.finished(id, &message, &about));
        let figure = element("figure").child(element("figcaption").text(&about));
        let key =
            key.into_iter().map(|(mark, text)| element("li").child(mark.sample()).child(element("span").text(text)));
        let figure = figure.child(element("ul").class("key").children(key)).children(pictures);
        section.child(figure).child(table.markup(&message))
    }
}

/// A drawing for every room.
fn for_every_room(draw: impl Fn(Room) -> Drawing) -> Vec<Drawing> {
    Room::ALL.into_iter().map(draw).collect()
}

/// What is said of rows that stand in the table only.
fn left_out(left: usize) -> String {
    match left {
        0 => String::new(),
        left => format!(" {left} more, all of them smaller, stand in the table only."),
    }
}
