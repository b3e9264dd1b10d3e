//! A sheet of lines: a table to read, or a CSV to go on with.

mod column;

use std::fmt;

use clap::Args;
use csv::{Terminator, WriterBuilder};
use serde::Serialize;

pub(crate) use self::column::Column;
use crate::answer::{Failure, Teller, tell_whole};

/// Lines under columns.
pub(crate) struct Sheet<'a, L: 'static> {
    /// What all of it is, in one line.
    pub(crate) title: String,
    /// What stands over the names of lines: for people (empty where lines are not told apart), and in a CSV.
    pub(crate) key: [&'a str; 2],
    /// What a line is called.
    pub(crate) name: fn(&L) -> &str,
    /// Tables, one below the other for people, side by side in a CSV.
    pub(crate) parts: &'static [Part<L>],
    /// Columns that only a CSV has.
    pub(crate) more: &'static [Column<L>],
    pub(crate) lines: Vec<L>,
    /// All lines together; a CSV goes without it.
    pub(crate) total: Option<L>,
    /// What is to be said below it.
    pub(crate) notes: Vec<String>,
}

/// Columns that are read together.
pub(crate) struct Part<L: 'static> {
    /// What they tell; empty where that is plain.
    pub(crate) about: &'static str,
    pub(crate) columns: &'static [Column<L>],
}

/// In which form a sheet is told.
#[derive(Args)]
pub(crate) struct Form {
    /// Answer in CSV (RFC 4180): a header, then one row a line. Not with `--json`.
    #[arg(long)]
    csv: bool,
}

impl Form {
    /// Whether it is a CSV.
    pub(crate) fn is_csv(&self) -> bool {
        self.csv
    }

    /// Whether it can be told in that form.
    ///
    /// # Errors
    /// When two are asked for.
    pub(crate) fn check(&self, teller: Teller) -> Result<(), Failure> {
        let both = self.csv && teller.json;
        if both { Err(Failure::Usage("--json and --csv exclude each other".into())) } else { Ok(()) }
    }

    /// Tells a sheet; programs that read JSON are told the document instead.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn tell<L>(
        &self,
        teller: Teller,
        document: &impl Serialize,
        sheet: &Sheet<'_, L>,
    ) -> Result<(), Failure> {
        if self.csv { tell_whole(&sheet.csv()?) } else { teller.tell(document, sheet.to_string().trim_end()) }
    }
}

impl<L> Sheet<'_, L> {
    fn csv(&self) -> Result<String, Failure> {
        let columns = || self.parts.iter().flat_map(|part| part.columns).chain(self.more);
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        let head = columns().flat_map(Column::csv_names);
        let mut rows = vec![std::iter::once(self.key[1].to_owned()).chain(head).collect::<Vec<_>>()];
        for line in &self.lines {
            let values = columns().flat_map(|column| column.csv(line));
            rows.push(std::iter::once((self.name)(line).to_owned()).chain(values).collect());
        }
        rows.iter().try_for_each(|row| writer.write_record(row)).map_err(unwritten)?;
        let bytes = writer.into_inner().map_err(unwritten)?;
        String::from_utf8(bytes).map_err(unwritten)
    }

    /// The rows of a part, head first; none where nothing stands in it.
    fn rows(&self, part: &Part<L>) -> Option<Vec<Vec<Cell>>> {
        let row = |line: &L| {
            let cells = part.columns.iter().flat_map(|column| column.cells(line));
            std::iter::once(Cell::name((self.name)(line))).chain(cells).collect::<Vec<_>>()
        };
        // Where lines are not told apart, the total says it all.
        let lines: &[L] = if self.key[0].is_empty() { &[] } else { self.lines.as_slice() };
        let told: Vec<_> = lines.iter().chain(&self.total).map(row).collect();
        let is_empty = told.iter().all(|cells| cells.iter().skip(1).all(Cell::is_none));
        let heads = part.columns.iter().flat_map(Column::heads);
        let head = std::iter::once(Cell::words(self.key[0])).chain(heads).collect();
        (!is_empty).then(|| std::iter::once(head).chain(told).collect())
    }
}

impl<L> fmt::Display for Sheet<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for part in self.parts {
            let Some(rows) = self.rows(part) else { continue };
            writeln!(f)?;
            if !part.about.is_empty() {
                writeln!(f, "{}", part.about)?;
            }
            let width = |place: usize| rows.iter().map(|row| row[place].width()).max().unwrap_or(0);
            let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
            for row in &rows {
                let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| cell.padded(*width)).collect();
                writeln!(f, "{}", cells.join("  ").trim_end())?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(f, "\n{}", self.notes.join("\n"))?;
        }
        Ok(())
    }
}

/// What stands in one place of a table, and the side it is pushed to.
pub(crate) struct Cell {
    /// None where there is nothing to tell.
    text: Option<String>,
    is_right: bool,
}

impl Cell {
    /// A name; none where it is empty.
    pub(crate) fn name(text: &str) -> Self {
        Cell { text: Some(text.to_owned()).filter(|text| !text.is_empty()), is_right: false }
    }

    /// Words, or nothing to be seen.
    pub(crate) fn words(text: &str) -> Self {
        Cell { text: Some(text.to_owned()), is_right: false }
    }

    /// A number, or none.
    pub(crate) fn number(text: Option<String>) -> Self {
        Cell { text, is_right: true }
    }

    /// What stands over numbers.
    pub(crate) fn head(text: &str) -> Self {
        Cell::number(Some(text.to_owned()))
    }

    fn is_none(&self) -> bool {
        self.text.as_deref().is_none_or(str::is_empty)
    }

    /// As wide as all of its column.
    fn padded(&self, width: usize) -> String {
        let text = self.seen();
        if self.is_right { format!("{text:>width$}") } else { format!("{text:<width$}") }
    }

    fn width(&self) -> usize {
        self.seen().chars().count()
    }

    fn seen(&self) -> &str {
        self.text.as_deref().unwrap_or("–")
    }
}

fn unwritten(error: impl fmt::Display) -> Failure {
    Failure::Failed(format!("CSV: {error}"))
}
