//! What comes in, and what becomes of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ask, By, FigureError, Scope, View, count};
use crate::projection::trend::{COHORT, FLOW};
use crate::statistics::{Growth, Hundredths, Share};
use crate::values::{Moment, Month};

/// What came and what happened, by group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trend {
    /// One for each group, by name.
    pub lines: Vec<TrendLine>,
    /// All of them together.
    pub total: TrendLine,
}

/// What came and what happened, in one group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TrendLine {
    /// The group.
    pub name: String,
    /// Cohort: what came in these months, for whoever holds it or held it last.
    pub received: u64,
    /// The same without pranks, tests and duplicates.
    pub received_net: u64,
    /// What became of what was received. Its parts add up to `received`.
    pub became: Became,
    /// Resolved of what was received.
    pub resolved_of_received: Option<Share>,
    /// Flow: what was closed in these months, whenever it came, for whoever answered it then.
    pub closed: Became,
    /// Flow: how often a complaint was reopened in these months.
    pub reopened: u64,
    /// Reopened for each hundred closed in these months: what is reopened may have been closed before them.
    pub reopened_per_hundred: Option<Hundredths>,
    /// Received against the month before; only by month.
    pub growth: Option<Growth>,
    /// Received against the same month of the year before; only by month.
    pub growth_in_a_year: Option<Growth>,
}

/// How complaints stand or ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Became {
    /// Still open; none where closures are counted.
    pub open: u64,
    /// Resolved, says the complainant.
    pub resolved_confirmed: u64,
    /// Resolved, and nobody objected in time.
    pub resolved_silence: u64,
    /// Resolved, says an officer.
    pub resolved_administrative: u64,
    /// Not taken up.
    pub declined: u64,
    /// Taken back.
    pub withdrawn: u64,
    /// Told in another complaint.
    pub duplicate: u64,
}

impl Became {
    /// Resolved, whoever says so.
    pub fn resolved(&self) -> u64 {
        self.resolved_confirmed + self.resolved_silence + self.resolved_administrative
    }

    /// All of them.
    pub fn sum(&self) -> u64 {
        self.open + self.resolved() + self.declined + self.withdrawn + self.duplicate
    }

    /// Counts a status; whether it is one.
    fn add(&mut self, status: &str, times: u64) -> bool {
        let counter = match status {
            "open" => &mut self.open,
            "resolved_confirmed" => &mut self.resolved_confirmed,
            "resolved_silence" => &mut self.resolved_silence,
            "resolved_administrative" => &mut self.resolved_administrative,
            "declined" => &mut self.declined,
            "withdrawn" => &mut self.withdrawn,
            "duplicate" => &mut self.duplicate,
            _ => return false,
        };
        *counter += times;
        true
    }
}

impl View {
    /// What came and what happened in a scope. The month of `now` is not over, so nothing is said of its growth.
    ///
    /// # Errors
    /// `NotKept` for a grouping that is not kept; otherwise as [`ReadStore::sums`](crate::read::ReadStore::sums).
    pub async fn trend(&self, scope: &Scope, by: Option<By>, now: Moment) -> Result<Trend, FigureError> {
        self.steadily(async || self.trend_now(scope, by, now).await).await
    }

    async fn trend_now(&self, scope: &Scope, by: Option<By>, now: Moment) -> Result<Trend, FigureError> {
        let mut lines: BTreeMap<String, TrendLine> = BTreeMap::new();
        let mut total = TrendLine { name: "total".into(), ..TrendLine::default() };
        let and_by = &["status", "detail"];
        let cohort = Ask { table: &COHORT, scope, by, month: Some("month"), and_by, more: &[] };
        for (name, rows) in self.grouped(cohort).await? {
            let line = lines.entry(name).or_default();
            for row in rows {
                let (status, detail, times) = (row[0].text(), row[1].text(), count(&row[2]));
                let is_gross_only = status == "duplicate" || matches!(detail, "prank" | "test");
                for line in [line as &mut TrendLine, &mut total] {
                    line.received += times;
                    line.received_net += if is_gross_only { 0 } else { times };
                    line.became.add(status, times);
                }
            }
        }
        let flow = Ask { table: &FLOW, scope, by, month: Some("month"), and_by: &["happening"], more: &[] };
        for (name, rows) in self.grouped(flow).await? {
            for row in rows {
                let (what, times) = (row[0].text(), count(&row[1]));
                let mut noted = TrendLine::default();
                if !noted.closed.add(what, times) && what != "reopened" {
                    continue;
                }
                let line = lines.entry(name.clone()).or_default();
                for line in [line, &mut total] {
                    if !line.closed.add(what, times) {
                        line.reopened += times;
                    }
                }
            }
        }
        if by == Some(By::Month) {
            self.add_growth(scope, Month::of(now.date()), &mut lines).await?;
        }
        let finished = |(name, line): (String, TrendLine)| TrendLine { name, ..line.finished() };
        Ok(Trend { lines: lines.into_iter().map(finished).collect(), total: total.finished() })
    }

    /// The months before the scope count as what it grew from.
    async fn add_growth(
        &self,
        scope: &Scope,
        present: Month,
        lines: &mut BTreeMap<String, TrendLine>,
    ) -> Result<(), FigureError> {
        let since = scope.since.map(|since| since.a_year_before());
        let wider = Scope { since, ..scope.clone() };
        let ask =
            Ask { table: &COHORT, scope: &wider, by: Some(By::Month), month: Some("month"), and_by: &[], more: &[] };
        let sums = self.grouped(ask).await?;
        let received = |month: Month| {
            sums.get(&month.to_string()).map_or(0, |rows| rows.iter().map(|row| count(&row[0])).sum::<u64>())
        };
        for (name, line) in lines.iter_mut() {
            let Some(month) = name.parse::<Month>().ok().filter(|month| *month < present) else { continue };
            line.growth = Growth::from(received(month.previous()), line.received);
            line.growth_in_a_year = Growth::from(received(month.a_year_before()), line.received);
        }
        Ok(())
    }
}

impl TrendLine {
    fn finished(mut self) -> Self {
        self.resolved_of_received = Share::of(self.became.resolved(), self.received);
        self.reopened_per_hundred = Hundredths::mean(100 * self.reopened, self.closed.sum());
        self
    }
}
