//! Whether limits are met.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ask, Basis, By, FigureError, Scope, View, count};
use crate::projection::sla::{DURATIONS, Measure, RUNNING, VERDICTS};
use crate::read::{Condition, Row};
use crate::statistics::{Histogram, Share};
use crate::values::{Moment, Month};

/// Verdicts and durations, by group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sla {
    /// One for each group, by name.
    pub lines: Vec<SlaLine>,
    /// All of them together.
    pub total: SlaLine,
}

/// Verdicts and durations of one group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SlaLine {
    /// The group.
    pub name: String,
    /// Clocks stopped in time.
    pub met: u64,
    /// Clocks stopped late.
    pub missed: u64,
    /// Clocks that run and are in time.
    pub running: u64,
    /// Clocks that run and are late.
    pub overdue: u64,
    /// Clocks that wait for the complainant.
    pub paused: u64,
    /// Clocks no longer meant: outside every denominator.
    pub cancelled: u64,
    /// Met of met and missed.
    pub compliance: Option<Share>,
    /// Met of met, missed and overdue.
    pub compliance_with_overdue: Option<Share>,
    /// Working days from the start of a cycle until it was verified; none where clocks are told apart.
    pub verification: Option<Took>,
    /// Working days until anybody answered.
    pub first_response: Option<Took>,
    /// Working days until the final response that stood; counted when the cycle is closed as resolved.
    pub resolution: Option<Took>,
    /// Working days that an agency held it.
    pub holding: Option<Took>,
}

/// How many working days something took.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Took {
    /// How many were counted.
    pub cases: u64,
    /// Half of them took no longer; exact, by nearest rank.
    pub median: u64,
    /// Nine in ten took no longer; exact, by nearest rank.
    pub p90: u64,
}

impl View {
    /// Verdicts of the clocks that somebody owes, and how long things took, in a scope.
    ///
    /// # Errors
    /// `NotKept` for a grouping that is not kept; otherwise as [`ReadStore::sums`](crate::read::ReadStore::sums).
    pub async fn sla(&self, scope: &Scope, by: Option<By>, now: Moment) -> Result<Sla, FigureError> {
        self.steadily(async || self.sla_now(scope, by, now).await).await
    }

    async fn sla_now(&self, scope: &Scope, by: Option<By>, now: Moment) -> Result<Sla, FigureError> {
        let mut lines: BTreeMap<String, SlaLine> = BTreeMap::new();
        let mut total = SlaLine { name: "total".into(), ..SlaLine::default() };
        let month = match scope.basis {
            Basis::Ended => "month",
            Basis::Started => "started",
        };
        let ask = Ask { table: &VERDICTS, scope, by, month: Some(month), and_by: &[], more: &[] };
        for (name, rows) in self.grouped(ask).await? {
            let line = lines.entry(name).or_default();
            for row in rows {
                for line in [line as &mut SlaLine, &mut total] {
                    line.met += count(&row[0]);
                    line.missed += count(&row[1]);
                    line.cancelled += count(&row[2]);
                }
            }
        }
        self.add_running(scope, by, now, &mut lines, &mut total).await?;
        let tells_clocks_apart = by == Some(By::Clock) || scope.clock.is_some();
        // Durations are kept by the month in which they were over.
        if !tells_clocks_apart && scope.basis == Basis::Ended {
            self.add_durations(scope, by, &mut lines, &mut total).await?;
        }
        let finished = |(name, line): (String, SlaLine)| SlaLine { name, ..line.finished() };
        Ok(Sla { lines: lines.into_iter().map(finished).collect(), total: total.finished() })
    }

    async fn add_running(
        &self,
        scope: &Scope,
        by: Option<By>,
        now: Moment,
        lines: &mut BTreeMap<String, SlaLine>,
        total: &mut SlaLine,
    ) -> Result<(), FigureError> {
        let present = Month::of(now.date());
        let is_flow = scope.basis == Basis::Ended;
        if is_flow && !scope.holds(present) {
            return Ok(());
        }
        let month = (!is_flow).then_some("started");
        let late = [Condition::is("state", "running"), Condition::before("due", now.at)];
        let asked_by = by.filter(|by| !is_flow || *by != By::Month);
        let ask = |more| Ask { table: &RUNNING, scope, by: asked_by, month, and_by: &["state"], more };
        let name_of = |name: String| if asked_by == by { name } else { present.to_string() };
        for (is_late, more) in [(false, &[][..]), (true, &late[..])] {
            for (name, rows) in self.grouped(ask(more)).await? {
                let line = lines.entry(name_of(name)).or_default();
                for row in rows {
                    for line in [line as &mut SlaLine, &mut *total] {
                        line.add_running(&row, is_late);
                    }
                }
            }
        }
        Ok(())
    }

    async fn add_durations(
        &self,
        scope: &Scope,
        by: Option<By>,
        lines: &mut BTreeMap<String, SlaLine>,
        total: &mut SlaLine,
    ) -> Result<(), FigureError> {
        for measure in Measure::ALL {
            let more = [Condition::is("measure", measure.name())];
            let ask =
                Ask { table: &DURATIONS, scope, by, month: Some("month"), and_by: &["days"], more: more.as_slice() };
            let mut all = Histogram::default();
            for (name, rows) in self.grouped(ask).await? {
                let mut days = Histogram::default();
                for row in rows {
                    days.add(count(&row[0]), count(&row[1]));
                    all.add(count(&row[0]), count(&row[1]));
                }
                *lines.entry(name).or_default().took(measure) = took(&days);
            }
            *total.took(measure) = took(&all);
        }
        Ok(())
    }
}

impl SlaLine {
    fn took(&mut self, measure: Measure) -> &mut Option<Took> {
        match measure {
            Measure::Verification => &mut self.verification,
            Measure::FirstResponse => &mut self.first_response,
            Measure::Resolution => &mut self.resolution,
            Measure::Holding => &mut self.holding,
        }
    }

    /// A row of state and clocks. What is late was counted as running before.
    fn add_running(&mut self, row: &Row, is_late: bool) {
        let clocks = count(&row[1]);
        match (row[0].text(), is_late) {
            ("paused", _) => self.paused += clocks,
            (_, false) => self.running += clocks,
            (_, true) => {
                self.running -= clocks.min(self.running);
                self.overdue += clocks;
            }
        }
    }

    fn finished(mut self) -> Self {
        let judged = self.met + self.missed;
        self.compliance = Share::of(self.met, judged);
        self.compliance_with_overdue = Share::of(self.met, judged + self.overdue);
        self
    }
}

fn took(days: &Histogram) -> Option<Took> {
    Some(Took { cases: days.count(), median: days.quantile(50)?, p90: days.quantile(90)? })
}
