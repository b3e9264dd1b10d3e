//! A column of a sheet: what stands in it of a line.

use aduan::figures::Took;
use aduan::statistics::{Growth, Hundredths, Share};
use aduan::values::Moment;
use chrono::SubsecRound as _;

use super::Cell;

/// A name, and what a line has there. The name is that of the field in JSON, behind the names of what that is in:
/// `became.open` stands over it as `open`, and in a CSV as `became_open`. Some take several places.
pub(crate) enum Column<L: 'static> {
    /// A name of something; empty where there is none.
    Text(&'static str, fn(&L) -> String),
    /// When something is; people are told it to the second.
    Time(&'static str, fn(&L) -> Option<Moment>),
    /// Whether something is so: people read what is said of it, under no head.
    Flag(&'static str, fn(&L) -> Option<String>),
    /// How many.
    Count(&'static str, fn(&L) -> Option<u64>),
    /// A number with two decimals.
    Number(&'static str, fn(&L) -> Option<Hundredths>),
    /// So many of so many.
    Share(&'static str, fn(&L) -> Option<Share>),
    /// How much more than before.
    Growth(&'static str, fn(&L) -> Option<Growth>),
    /// Days that something took.
    Took(&'static str, fn(&L) -> Option<Took>),
}

impl<L> Column<L> {
    /// What stands over it in a CSV: as in JSON, a name for each value.
    pub(crate) fn csv_names(&self) -> Vec<String> {
        let (name, values): (&str, &[&str]) = match self {
            Column::Text(name, _) | Column::Time(name, _) | Column::Flag(name, _) => (name, &[""]),
            Column::Count(name, _) | Column::Number(name, _) => (name, &[""]),
            Column::Share(name, _) => (name, &["_count", "_of", "_percent"]),
            Column::Growth(name, _) => (name, &["_now", "_before", "_percent"]),
            Column::Took(name, _) => (name, &["_cases", "_median", "_p90"]),
        };
        values.iter().map(|value| name.replace('.', "_") + value).collect()
    }

    /// What a line has there in a CSV: always as many values as names, empty where there is none.
    pub(crate) fn csv(&self, line: &L) -> Vec<String> {
        match self {
            Column::Text(_, of) => vec![of(line)],
            Column::Time(_, of) => vec![text(of(line))],
            Column::Flag(_, of) => vec![of(line).is_some().to_string()],
            Column::Count(_, of) => vec![text(of(line))],
            Column::Number(_, of) => vec![text(of(line))],
            Column::Share(_, of) => three(of(line).map(|share| {
                [share.count.to_string(), share.of.to_string(), Hundredths(share.basis_points()).to_string()]
            })),
            Column::Growth(_, of) => {
                three(of(line).map(|growth| [growth.now.to_string(), growth.before.to_string(), signed(&growth)]))
            }
            Column::Took(_, of) => {
                three(of(line).map(|took| [took.cases, took.median, took.p90].map(|number| number.to_string())))
            }
        }
    }

    /// What stands over it for people.
    pub(crate) fn heads(&self) -> Vec<Cell> {
        let spaced = |name: &str| name.rsplit('.').next().unwrap_or(name).replace('_', " ");
        match self {
            Column::Text(name, _) | Column::Time(name, _) => vec![Cell::words(&spaced(name))],
            Column::Flag(..) => vec![Cell::words("")],
            Column::Count(name, _) | Column::Number(name, _) | Column::Growth(name, _) => {
                vec![Cell::head(&spaced(name))]
            }
            Column::Share(name, _) => vec![Cell::head(&spaced(name)), Cell::head("")],
            Column::Took(name, _) => vec![Cell::head(&spaced(name)), Cell::head("p90"), Cell::head("cases")],
        }
    }

    /// What a line has there for people.
    pub(crate) fn cells(&self, line: &L) -> Vec<Cell> {
        match self {
            Column::Text(_, of) => vec![Cell::name(&of(line))],
            Column::Time(_, of) => vec![Cell::name(&text(of(line).map(to_the_second)))],
            Column::Flag(_, of) => vec![Cell::words(&of(line).unwrap_or_default())],
            Column::Count(_, of) => vec![Cell::number(of(line).map(|count| count.to_string()))],
            Column::Number(_, of) => vec![Cell::number(of(line).map(|hundredths| hundredths.to_string()))],
            Column::Growth(_, of) => vec![Cell::number(of(line).map(|growth| growth.to_string()))],
            Column::Share(_, of) => {
                let share = of(line);
                let percent = share.map(|share| format!("{} %", Hundredths(share.basis_points())));
                let counts = share.map_or(String::new(), |share| format!("{}/{}", share.count, share.of));
                vec![Cell::number(percent), Cell::head(&counts)]
            }
            Column::Took(_, of) => {
                let took = of(line);
                let of_it = |part: fn(&Took) -> u64| Cell::number(took.as_ref().map(|took| part(took).to_string()));
                vec![of_it(|took| took.median), of_it(|took| took.p90), of_it(|took| took.cases)]
            }
        }
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn to_the_second(time: Moment) -> Moment {
    Moment { at: time.at.trunc_subsecs(0), ..time }
}

fn three(values: Option<[String; 3]>) -> Vec<String> {
    values.unwrap_or_default().into()
}

fn signed(growth: &Growth) -> String {
    growth.to_string().trim_start_matches('+').trim_end_matches(" %").to_owned()
}
