//! Which way complaints come.

use aduan::figures::TrendLine;
use aduan::statistics::Share;

use super::bars::{self, Bar};
use super::rows::{Row, largest};
use super::{Section, Table, for_every_room, left_out};
use crate::page::written::if_any;
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let Figures { channels, .. } = figures;
    let of_all = |line: &TrendLine| Share::of(line.received, channels.total.received);
    let row = |line: &TrendLine| {
        let bar = Bar { share: of_all(line)?, fill: "main" };
        (line.received > 0).then(|| Row { name: line.name.clone(), cells: bar, size: line.received })
    };
    let (rows, left) = largest(channels.lines.iter().filter_map(row).collect());
    let Some(first) = rows.first() else { return Section::nothing("channels", "Nothing was received") };
    let table = channels.lines.iter().chain([&channels.total]).map(|line| {
        let (received, net) = (line.received.to_string(), line.received_net.to_string());
        vec![line.name.clone(), received, net, if_any(of_all(line)), if_any(line.resolved_of_received)]
    });
    Section {
        id: "channels",
        message: format!("Most complaints come by {}: {}", first.name, first.cells.share),
        about: format!("Received, gross, by the way it came.{}", left_out(left)),
        key: Vec::new(),
        table: Table {
            head: vec!["Channel", "Received, gross", "Received, net", "Of all", "Resolved of received"],
            rows: table.collect(),
        },
        drawings: for_every_room(|room| bars::draw(room, "Received", &rows)),
    }
}
