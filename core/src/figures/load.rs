//! How much there is to do, and how old it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ask, By, FigureError, Scope, View, count};
use crate::calendar::WorkingCalendar;
use crate::projection::queue::{AGES, LOAD};
use crate::values::Moment;

/// Open complaints, by group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Load {
    /// One for each group, by name.
    pub lines: Vec<LoadLine>,
    /// All of them together.
    pub total: LoadLine,
}

/// Open complaints of one group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LoadLine {
    /// The group.
    pub name: String,
    /// How many are open.
    pub open: u64,
    /// By stage.
    pub stages: BTreeMap<String, u64>,
    /// By priority.
    pub priorities: BTreeMap<String, u64>,
    /// How many went up the ladder.
    pub escalated: u64,
    /// By age in working days of the tenant, as [`AGE_BUCKETS`] names them; none where they are not kept by that.
    pub ages: Option<[u64; 5]>,
}

/// What the ages are told by, in working days.
pub const AGE_BUCKETS: [&str; 5] = ["0–3", "4–5", "6–14", "15–60", "> 60"];

impl View {
    /// Open complaints in a scope, by agency, officer or class. `days` are the tenant's, to tell how old they are.
    ///
    /// Months do not bound what is open.
    ///
    /// # Errors
    /// `NotKept` for a grouping that is not kept; otherwise as [`ReadStore::sums`](crate::read::ReadStore::sums).
    pub async fn load(
        &self,
        scope: &Scope,
        by: Option<By>,
        now: Moment,
        days: &WorkingCalendar,
    ) -> Result<Load, FigureError> {
        self.steadily(async || self.load_now(scope, by, now, days).await).await
    }

    async fn load_now(
        &self,
        scope: &Scope,
        by: Option<By>,
        now: Moment,
        days: &WorkingCalendar,
    ) -> Result<Load, FigureError> {
        let mut lines: BTreeMap<String, LoadLine> = BTreeMap::new();
        let mut total = LoadLine { name: "total".into(), ..LoadLine::default() };
        let and_by = &["stage", "priority", "level"];
        let ask = Ask { table: &LOAD, scope, by, month: None, and_by, more: &[] };
        for (name, rows) in self.grouped(ask).await? {
            let line = lines.entry(name).or_default();
            for row in rows {
                let open = count(&row[3]);
                for line in [line as &mut LoadLine, &mut total] {
                    line.open += open;
                    *line.stages.entry(row[0].text().into()).or_default() += open;
                    *line.priorities.entry(row[1].text().into()).or_default() += open;
                    line.escalated += if row[2].integer() > 0 { open } else { 0 };
                }
            }
        }
        let ages_are_kept = matches!(by, None | Some(By::Agency)) && scope.officer.is_none() && scope.class.is_none();
        if ages_are_kept {
            let ask = Ask { table: &AGES, scope, by, month: None, and_by: &["received_on"], more: &[] };
            for (name, rows) in self.grouped(ask).await? {
                let ages = lines.entry(name).or_default().ages.get_or_insert_default();
                for row in rows {
                    let bucket = bucket(days.count(row[0].date(), now.date()));
                    ages[bucket] += count(&row[1]);
                    total.ages.get_or_insert_default()[bucket] += count(&row[1]);
                }
            }
        }
        let named = |(name, line): (String, LoadLine)| LoadLine { name, ..line };
        Ok(Load { lines: lines.into_iter().map(named).collect(), total })
    }
}

fn bucket(days: u32) -> usize {
    match days {
        0..=3 => 0,
        4..=5 => 1,
        6..=14 => 2,
        15..=60 => 3,
        _ => 4,
    }
}
