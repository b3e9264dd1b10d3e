//! Ping-pong: how often complaints are passed on and given back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ask, By, FigureError, Scope, View, count};
use crate::projection::trend::{FLOW, HOPS};
use crate::statistics::{Histogram, Hundredths, Share};

/// Dispositions and returns, by group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Routing {
    /// One for each group, by name.
    pub lines: Vec<RoutingLine>,
    /// All of them together.
    pub total: RoutingLine,
}

/// Dispositions and returns of one group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RoutingLine {
    /// The group.
    pub name: String,
    /// Dispositions to it.
    pub dispositions: u64,
    /// How many it gave back as not its own.
    pub returned: u64,
    /// Given back of disposed.
    pub return_rate: Option<Share>,
    /// Closed cycles it answered for.
    pub cycles: u64,
    /// Dispositions a closed cycle took, on average.
    pub mean_dispositions: Option<Hundredths>,
    /// Closed cycles that took more than one.
    pub passed_on: Option<Share>,
    /// The most that any took.
    pub most: u64,
}

impl View {
    /// Dispositions and returns in a scope, by agency, class, channel or month.
    ///
    /// # Errors
    /// `NotKept` for a grouping that is not kept; otherwise as [`ReadStore::sums`](crate::read::ReadStore::sums).
    pub async fn routing(&self, scope: &Scope, by: Option<By>) -> Result<Routing, FigureError> {
        self.steadily(async || self.routing_now(scope, by).await).await
    }

    async fn routing_now(&self, scope: &Scope, by: Option<By>) -> Result<Routing, FigureError> {
        let mut lines: BTreeMap<String, (RoutingLine, Histogram)> = BTreeMap::new();
        let mut total = (RoutingLine { name: "total".into(), ..RoutingLine::default() }, Histogram::default());
        let flow = Ask { table: &FLOW, scope, by, month: Some("month"), and_by: &["happening"], more: &[] };
        for (name, rows) in self.grouped(flow).await? {
            for row in rows {
                let times = count(&row[1]);
                let is_ours = |what: &str| matches!(what, "dispositioned" | "returned");
                if !is_ours(row[0].text()) {
                    continue;
                }
                for (line, _) in [lines.entry(name.clone()).or_default(), &mut total] {
                    match row[0].text() {
                        "dispositioned" => line.dispositions += times,
                        _ => line.returned += times,
                    }
                }
            }
        }
        let hops = Ask { table: &HOPS, scope, by, month: Some("month"), and_by: &["dispositions"], more: &[] };
        for (name, rows) in self.grouped(hops).await? {
            for (_, hops) in [lines.entry(name).or_default(), &mut total] {
                rows.iter().for_each(|row| hops.add(count(&row[0]), count(&row[1])));
            }
        }
        let named =
            |(name, (line, hops)): (String, (RoutingLine, Histogram))| finished(RoutingLine { name, ..line }, &hops);
        let (line, all) = total;
        Ok(Routing { lines: lines.into_iter().map(named).collect(), total: finished(line, &all) })
    }
}

fn finished(line: RoutingLine, hops: &Histogram) -> RoutingLine {
    let cycles = hops.count();
    RoutingLine {
        return_rate: Share::of(line.returned, line.dispositions),
        cycles,
        mean_dispositions: Hundredths::mean(hops.sum(), cycles),
        passed_on: Share::of(hops.above(1), cycles),
        most: hops.quantile(100).unwrap_or(0),
        ..line
    }
}
