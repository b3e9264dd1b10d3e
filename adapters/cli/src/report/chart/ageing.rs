//! How old open complaints are, agency by agency.

use aduan::figures::{AGE_BUCKETS, LoadLine};

use super::rows::{Row, largest};
use super::{Mark, Section, Table, for_every_room, left_out, stacks};
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let load = &figures.load;
    let Some(ages) = load.total.ages.filter(|_| load.total.open > 0) else {
        return Section::nothing("ageing", "No complaint is open");
    };
    let row = |line: &LoadLine| Some(Row { name: figures.names.of(&line.name), cells: line.ages?, size: line.open });
    let (rows, left) = largest(load.lines.iter().filter_map(row).collect());
    let old = ages[3] + ages[4];
    Section {
        id: "ageing",
        message: format!(
            "Open: {}; {old} of them older than 14 working days, {} older than 60",
            load.total.open, ages[4]
        ),
        about: format!(
            "Open complaints at the time of the figures, whatever the period, by who holds them and by their age in \
             working days of the tenant.{}",
            left_out(left)
        ),
        key: FILLS.into_iter().zip(AGE_BUCKETS).map(|(fill, days)| (Mark::Bar(fill), days.to_owned())).collect(),
        drawings: for_every_room(|room| stacks::draw(room, "Open complaints, by age in working days", FILLS, &rows)),
        table: table(figures),
    }
}

fn table(figures: &Figures) -> Table {
    let row = |name: String, line: &LoadLine| {
        let ages = line.ages.unwrap_or_default();
        let counts = ages.into_iter().chain([line.open, line.escalated]);
        [name].into_iter().chain(counts.map(|count| count.to_string())).collect()
    };
    let load = &figures.load;
    let lines = load.lines.iter().map(|line| row(figures.names.of(&line.name), line));
    let mut head = vec!["Agency"];
    head.extend(AGE_BUCKETS);
    head.extend(["Open", "Escalated"]);
    Table { head, rows: lines.chain([row("All".to_owned(), &load.total)]).collect() }
}

/// The older, the heavier.
const FILLS: [&str; 5] = ["age-1", "age-2", "age-3", "age-4", "age-5"];
