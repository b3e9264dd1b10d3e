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

use std::collections::BTreeMap;

pub use self::case::{Answered, Case, Held, MONITORED_LEVEL, OpenClock, Rateable};
use crate::event::Event;
use crate::read::{Changes, Column, Kind, Row, Table, TableChanges, Text, Value};
use crate::rules::Rules;
use crate::values::{AgencyCode, ComplaintId, DocumentRef, Month, PersonRef};

/// The version of the read models: what was built by another one is built anew beside it.
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
    /// Rows to put, or none where there is no longer one.
    rows: BTreeMap<(&'static str, Row), Option<Row>>,
    /// What to add.
    sums: BTreeMap<(&'static str, Row), Row>,
}

impl<'r> Projection<'r> {
    /// Nothing yet. `rules` must know the policies and calendars that the events name.
    pub fn new(rules: &'r Rules) -> Self {
        Projection { rules, rows: BTreeMap::new(), sums: BTreeMap::new() }
    }

    /// Folds the next events of a complaint into what was known of it before; none where it is new.
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
        let mut happened = Rows::default();
        for event in events {
            fold::take(complaint, &mut known, event, self.rules, &mut happened)?;
        }
        let mut was = Rows::default();
        before.into_iter().for_each(|case| was.add_case(case));
        let mut is = Rows::default();
        known.iter().for_each(|case| is.add_case(case));
        self.merge(&happened, 1);
        self.merge(&was, -1);
        self.merge(&is, 1);
        self.replace(was, is);
        Ok(known)
    }

    /// Everything that was collected, in the order of tables and keys.
    pub fn changes(self) -> Changes {
        let mut tables: Vec<TableChanges> = Vec::new();
        let Projection { mut rows, mut sums, .. } = self;
        sums.retain(|_, deltas| deltas.iter().any(|delta| delta.integer() != 0));
        for table in TABLES {
            let (mut put, mut drop) = (Vec::new(), Vec::new());
            if table.is_sum {
                while let Some(((name, _), _)) = sums.first_key_value()
                    && *name == table.name
                    && let Some(((_, mut row), deltas)) = sums.pop_first()
                {
                    row.extend(deltas);
                    put.push(row);
                }
            } else {
                while let Some(((name, _), _)) = rows.first_key_value()
                    && *name == table.name
                    && let Some(((_, mut key), rest)) = rows.pop_first()
                {
                    match rest {
                        Some(rest) => {
                            key.extend(rest);
                            put.push(key);
                        }
                        None => drop.push(key),
                    }
                }
            }
            if !put.is_empty() || !drop.is_empty() {
                tables.push(TableChanges { table, put, drop });
            }
        }
        Changes { tables }
    }

    fn merge(&mut self, rows: &Rows, sign: i64) {
        for (table, row) in rows.sums.iter() {
            let (key, deltas) = row.split_at(table.key.len());
            let sums = self.sums.entry((table.name, key.to_vec()));
            let sums = sums.or_insert_with(|| vec![Value::Integer(0); deltas.len()]);
            for (sum, delta) in sums.iter_mut().zip(deltas) {
                *sum = Value::Integer(sum.integer() + sign * delta.integer());
            }
        }
    }

    fn replace(&mut self, was: Rows, is: Rows) {
        let was = was.rows;
        for (table, row) in &was {
            if !is.rows.iter().any(|(other, new)| other == table && table.key_of(new) == table.key_of(row)) {
                self.rows.insert((table.name, table.key_of(row).to_vec()), None);
            }
        }
        for (table, mut row) in is.rows {
            let is_known = was.iter().any(|(other, old)| *other == table && *old == row);
            if is_known && !self.rows.contains_key(&(table.name, table.key_of(&row).to_vec())) {
                continue;
            }
            let rest = row.split_off(table.key.len());
            self.rows.insert((table.name, row), Some(rest));
        }
    }
}

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

/// What a case is, or what happened to it, as rows.
#[derive(Default)]
struct Rows {
    rows: Vec<(&'static Table, Row)>,
    sums: Vec<(&'static Table, Row)>,
}

impl Rows {
    /// Everything that a case is now.
    fn add_case(&mut self, case: &Case) {
        cases::of(case, self);
        deadlines::of(case, self);
        queue::of(case, self);
        sla::of(case, self);
        trend::of(case, self);
    }

    fn row(&mut self, table: &'static Table, values: impl IntoIterator<Item = Value>) {
        self.rows.push((table, values.into_iter().collect()));
    }

    fn sum(&mut self, table: &'static Table, values: impl IntoIterator<Item = Value>) {
        self.sums.push((table, values.into_iter().collect()));
    }
}

/// An agency as a column holds it.
fn agency(code: Option<&AgencyCode>) -> Value {
    code.map_or(Value::from(""), |code| Value::Text(Text::Shared(code.shared())))
}

/// An officer as a column holds them.
fn officer(person: Option<&PersonRef>) -> Value {
    person.map_or(Value::from(""), |person| Value::Text(Text::Shared(person.shared())))
}

/// A month as a column holds it.
fn month(month: Month) -> Value {
    Value::from(month.to_string())
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
