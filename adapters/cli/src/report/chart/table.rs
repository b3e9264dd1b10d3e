//! The table behind a chart.

use crate::page::markup::{Element, element};

/// The numbers behind a chart. The first column names the rows.
#[derive(Default)]
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// The table, folded away until somebody asks.
    pub(super) fn markup(self, caption: &str) -> Element {
        let head = self.head.into_iter().map(|name| element("th").with("scope", "col").text(name));
        let head = element("thead").child(element("tr").children(head));
        let rows = self.rows.into_iter().map(|row| {
            let cells = row.into_iter().enumerate().map(|(column, text)| match column {
                0 => element("th").with("scope", "row").text(text),
                _ => element("td").text(text),
            });
            element("tr").children(cells)
        });
        let table = element("table").child(element("caption").text(caption)).child(head);
        let table = table.child(element("tbody").children(rows));
        // What scrolls must be reached without a mouse.
        let scrolls = element("div").class("scroll").with("role", "region").with("tabindex", 0);
        let scrolls = scrolls.with("aria-label", format!("Table: {caption}")).child(table);
        element("details").child(element("summary").text("The numbers as a table")).child(scrolls)
    }
}
