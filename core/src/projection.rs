//! Read models as pure folds: what each event changes in the tables that officers, mayors and the ministry look at.
//!
//! [`Projection::take`] folds events of a complaint into its [`Case`]. What a case *is* now (its row in the queue, a
//! clock that runs) is a function of the case: the difference between before and after is the change. What *happened*
//! (a verdict, a closure) is added once, in the terms of that moment, and never taken back: whoever held it then, the
//! class it had then. Nothing here asks the time: whether a clock is late is asked when the tables are read.

pub mod cases;
pub mod deadlines;
pub mod queue;
pub mod satisfaction;
pub mod sla;
pub mod trend;

mod case;
mod fold;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

pub use self::case::{Answered, Case, Held, MONITORED_LEVEL, OpenClock, Rateable};
use crate::event::Event;
use crate::read::{Changes, Column, Kind, Row, Table, TableChanges, Text, Value};
use crate::rules::Rules;
use crate::values::{AgencyCode, Channel, ComplaintId, DocumentRef, Month, PersonRef};

/// The version of the read models: what was built by another one is built anew beside it. It changes with every change
/// of [`TABLES`], an index included, and of what a projection makes of an event.
pub const VERSION: u32 = 1;

/// Every table of the read models, by name. Another one is added here, and in no store.
pub static TABLES: [&Table; 12] = [
    &queue::AGES,
    &cases::CASES,
    &trend::COHORT,
    &deadlines::DEADLINES,
    &sla::DURATIONS,
    &trend::FLOW,
    &trend::HOPS,
    &queue::LOAD,
    &queue::QUEUE,
    &satisfaction::RATINGS,
    &sla::RUNNING,
    &sla::VERDICTS,
];

/// Folds events, and collects what they change.
pub struct Projection<'r> {
    rules: &'r Rules,
    collected: Collected,
}

impl<'r> Projection<'r> {
    /// Nothing yet. `rules` must know the policies and calendars that the events name.
    pub fn new(rules: &'r Rules) -> Self {
        Projection { rules, collected: Collected::default() }
    }

    /// Folds the next events of a complaint into what was known of it before; none where it is new. Each complaint is
    /// taken once.
    ///
    /// # Errors
    /// [`Untaken`]. What was collected is then of no use.
    pub fn take(
        &mut self,
        complaint: ComplaintId,
        before: Option<&Case>,
        events: &[Event],
    ) -> Result<Option<Case>, Untaken> {
        let mut known = before.cloned();
        let out = &mut self.collected;
        out.sign = 1;
        for event in events {
            fold::take(complaint, &mut known, event, self.rules, out)?;
        }
        let was = before.map(|case| out.take_case(case, -1)).unwrap_or_default();
        let is = known.as_ref().map(|case| out.take_case(case, 1)).unwrap_or_default();
        out.replace(&was, is);
        if let Some(case) = &known {
            out.rows.push((place_of(&cases::CASES), cases::row(case)));
        }
        Ok(known)
    }

    /// Everything that was collected, in the order of tables and keys.
    pub fn changes(self) -> Changes {
        let Collected { rows, drops, sums, .. } = self.collected;
        let mut puts: Vec<Vec<Row>> = vec![Vec::new(); TABLES.len()];
        let mut taken: Vec<Vec<Row>> = vec![Vec::new(); TABLES.len()];
        rows.into_iter().for_each(|(place, row)| puts[place].push(row));
        drops.into_iter().for_each(|(place, key)| taken[place].push(key));
        for (place, sums) in sums.into_iter().enumerate() {
            for (mut key, deltas) in sums.into_iter().filter(|(_, deltas)| deltas.iter().any(|delta| *delta != 0)) {
                key.extend(deltas.iter().take(TABLES[place].rest.len()).map(|delta| Value::Integer(*delta)));
                puts[place].push(key);
            }
        }
        let tables = TABLES.into_iter().zip(puts.into_iter().zip(taken)).map(|(table, (mut put, mut drop))| {
            put.sort_unstable_by(|one, next| table.key_of(one).cmp(table.key_of(next)));
            drop.sort_unstable();
            TableChanges { table, put, drop }
        });
        Changes { tables: tables.filter(|changes| !changes.put.is_empty() || !changes.drop.is_empty()).collect() }
    }
}

/// What a case is, or what happened to it, as rows; by the places of tables in [`TABLES`].
#[derive(Default)]
struct Collected {
    /// Rows to put.
    rows: Vec<(usize, Row)>,
    /// Keys of rows that are no longer there.
    drops: Vec<(usize, Row)>,
    /// What to add. No table has more sums than that.
    sums: [HashMap<Row, [i64; MOST_SUMS], Hasher>; TABLES.len()],
    /// Rows of the case that is looked at.
    seen: Vec<(usize, Row)>,
    /// Whether what is counted is added, or taken back.
    sign: i64,
}

impl Collected {
    /// Counts what a case is, or takes it back; its rows.
    fn take_case(&mut self, case: &Case, sign: i64) -> Vec<(usize, Row)> {
        self.sign = sign;
        deadlines::of(case, self);
        queue::of(case, self);
        sla::of(case, self);
        trend::of(case, self);
        std::mem::take(&mut self.seen)
    }

    fn row(&mut self, table: &'static Table, values: Row) {
        self.seen.push((place_of(table), values));
    }

    /// Adds the last values of a row, its sums, under the others, its key.
    fn sum(&mut self, table: &'static Table, row: &[Value]) {
        let (key, deltas) = row.split_at(table.key.len());
        let sums = &mut self.sums[place_of(table)];
        let sums = match sums.get_mut(key) {
            Some(sums) => sums,
            None => sums.entry(key.to_vec()).or_default(),
        };
        for (sum, delta) in sums.iter_mut().zip(deltas) {
            *sum += self.sign * delta.integer();
        }
    }

    /// Rows that are no longer there are dropped, those that are as they were are left alone.
    fn replace(&mut self, was: &[(usize, Row)], is: Vec<(usize, Row)>) {
        for (place, row) in was {
            let key = TABLES[*place].key_of(row);
            if !is.iter().any(|(other, new)| other == place && TABLES[*place].key_of(new) == key) {
                self.drops.push((*place, key.to_vec()));
            }
        }
        let is_news = |row: &(usize, Row)| !was.contains(row);
        self.rows.extend(is.into_iter().filter(is_news));
    }
}

fn place_of(table: &'static Table) -> usize {
    TABLES.iter().position(|known| std::ptr::eq(*known, table)).expect("every table is declared in TABLES")
}

/// The same in every run: what is counted is sorted before anybody sees it.
type Hasher = BuildHasherDefault<DefaultHasher>;
const MOST_SUMS: usize = 3;

/// Why an event was not taken. Nothing is skipped: whoever follows the log stops here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// The policy or calendar that binds the event is not at hand.
    #[error("{document} is not at hand")]
    MissingDocument {
        /// Which.
        document: DocumentRef,
    },
    /// A complaint begins with something else than its receipt.
    #[error("a complaint begins with {fact}")]
    NoReceipt {
        /// With what.
        fact: &'static str,
    },
}

/// An agency as a column holds it.
fn agency(code: Option<&AgencyCode>) -> Value {
    code.map_or(Value::from(""), |code| Value::Text(Text::Shared(code.shared())))
}

/// A channel as a column holds it.
fn channel(channel: &Channel) -> Value {
    Value::Text(Text::Shared(channel.shared()))
}

/// An officer as a column holds them.
fn officer(person: Option<&PersonRef>) -> Value {
    person.map_or(Value::from(""), |person| Value::Text(Text::Shared(person.shared())))
}

/// A month as a column holds it.
fn month(month: Month) -> Value {
    Value::from(month)
}

const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Text, about }
}
const fn number(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Integer, about }
}
const fn instant(name: &'static str, about: &'static str) -> Column {
    Column { name, kind: Kind::Instant, about }
}

const AGENCY: Column = text("agency", "The code of the agency; empty where there is none.");
const OFFICER: Column = text("officer", "The pseudonym of the officer; empty where nobody has acted.");
const CLASS: Column = text("class", "information, aspiration, complaint or supervisory.");
const CHANNEL: Column = text("channel", "The way it came.");
const COMPLAINT: Column = Column { name: "complaint", kind: Kind::Id, about: "The complaint." };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_by_name_and_keep_their_promises() {
        assert!(TABLES.is_sorted_by(|one, next| one.name < next.name), "changes are collected in this order");
        for table in TABLES {
            let named = |column: &str| table.place(column).is_some();
            assert!(table.indexes.iter().flat_map(|index| index.iter()).all(|column| named(column)), "{}", table.name);
            assert!(table.secret().is_none_or(named), "{}", table.name);
            if table.is_sum {
                let adds_up = table.rest.iter().all(|column| column.kind == Kind::Integer);
                assert!(adds_up && table.rest.len() <= MOST_SUMS, "{}", table.name);
            }
        }
    }
}
