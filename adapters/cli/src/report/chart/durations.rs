//! How long answers take, agency by agency.

use aduan::figures::{SlaLine, Took};

use super::rows::{Row, largest};
use super::{Mark, Section, Table, for_every_room, left_out, spans};
use crate::page::written::{if_any, working_days};
use crate::report::figures::Figures;

pub(super) fn section(figures: &Figures) -> Section {
    let took = &figures.took;
    let both = |line: &SlaLine| [line.first_response.clone(), line.resolution.clone()];
    let row = |line: &SlaLine| {
        let cells = both(line);
        let size = cells.iter().flatten().map(|took| took.cases).sum();
        (size > 0).then(|| Row { name: figures.names.of(&line.name), cells, size })
    };
    let (mut rows, left) = largest(took.lines.iter().filter_map(row).collect());
    if rows.is_empty() {
        return Section::nothing("durations", "Nothing was answered");
    }
    let rank = |row: &Row<[Option<Took>; 2]>| {
        let longest = |took: &Option<Took>| took.as_ref().map_or((1, 0, 0), |took| (0, took.median, took.p90));
        row.cells.each_ref().map(longest)
    };
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
    rows.insert(0, Row { name: "All agencies".to_owned(), cells: both(&took.total), size: 0 });
    Section {
        id: "durations",
        message: message(&took.total),
        about: format!(
            "Working days of the tenant from the start of a cycle until anybody answered, and until the final response \
             that stood when it was closed as resolved. Half took no longer than the dot, nine in ten no longer than the \
             mark.{}",
            left_out(left)
        ),
        key: vec![(Mark::Span, "median – 90 %, in working days".into())],
        drawings: for_every_room(|room| spans::draw(room, ["First response", "Resolution"], &rows)),
        table: table(figures),
    }
}

fn message(total: &SlaLine) -> String {
    let within = |took: &Took| format!("within {}, nine in ten within {}", working_days(took.median), took.p90);
    match (&total.first_response, &total.resolution) {
        (Some(first), Some(last)) => {
            format!("Half were answered {}; half were resolved {}", within(first), within(last))
        }
        (Some(first), None) => format!("Half were answered {}; none is resolved", within(first)),
        (None, Some(last)) => format!("Half were resolved {}", within(last)),
        (None, None) => "Nothing was answered".to_owned(),
    }
}

fn table(figures: &Figures) -> Table {
    let row = |name: String, line: &SlaLine| {
        let all = [&line.verification, &line.first_response, &line.resolution, &line.holding];
        let told = all.map(|took| if_any(took.as_ref().map(spans::shown)));
        [name].into_iter().chain(told).collect()
    };
    let took = &figures.took;
    let lines = took.lines.iter().map(|line| row(figures.names.of(&line.name), line));
    let head = vec!["Agency", "Verification", "First response", "Resolution", "Holding"];
    Table { head, rows: lines.chain([row("All agencies".to_owned(), &took.total)]).collect() }
}
