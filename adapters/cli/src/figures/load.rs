//! `load`: how much there is to do, how old it is, and how often it is passed on.

use std::collections::BTreeMap;

use aduan::figures::{Basis, By, FigureError, Load, LoadLine, Routing, RoutingLine};
use clap::Args;
use serde::Serialize;

use super::{Asked, key};
use crate::answer::{Exit, Failure, Teller};
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::Tenant;

/// What `load` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct LoadFigures {
    #[command(flatten)]
    asked: Asked,
}

impl LoadFigures {
    /// Prints what is open and what was passed on, by agency unless another grouping is asked for.
    ///
    /// # Errors
    /// When they are not kept that way, or cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let by = Some(self.asked.by.unwrap_or(By::Agency));
        let seen = self.asked.open(tenant, teller).await?;
        let scope = self.asked.scope(Basis::default());
        let load = seen.view().load(&scope, by, seen.now, seen.days()).await?;
        let routing = match seen.view().routing(&scope, by).await {
            Err(FigureError::NotKept { .. }) => None,
            routing => Some(routing?),
        };
        let answer = LoadAndRouting { load, routing };
        let sheet = Sheet {
            title: self.asked.title("open complaints", &seen),
            key: key(by),
            name: |both: &Both| &both.load.name,
            parts: PARTS,
            more: &[],
            lines: answer.lines(),
            total: Some(answer.total()),
            notes: if answer.routing.is_none() { vec![NOT_ROUTED.to_owned()] } else { Vec::new() },
        };
        self.asked.tell(teller, &self.asked.document(&seen, by, &answer), &sheet)
    }
}

/// What is open, and what was passed on.
#[derive(Serialize)]
struct LoadAndRouting {
    #[serde(flatten)]
    load: Load,
    routing: Option<Routing>,
}

/// Both lines of one group.
struct Both {
    load: LoadLine,
    routing: Option<RoutingLine>,
}

impl LoadAndRouting {
    /// A line for each group that either has. What is kept and not there is none.
    fn lines(&self) -> Vec<Both> {
        let ages = self.load.total.ages.map(|_| [0; 5]);
        let none = |name: &String| Both {
            load: LoadLine { name: name.clone(), ages, ..LoadLine::default() },
            routing: self.routing.as_ref().map(|_| RoutingLine::default()),
        };
        let mut lines: BTreeMap<&str, Both> = BTreeMap::new();
        for load in &self.load.lines {
            lines.entry(&load.name).or_insert_with(|| none(&load.name)).load = load.clone();
        }
        for routing in self.routing.iter().flat_map(|routing| &routing.lines) {
            lines.entry(&routing.name).or_insert_with(|| none(&routing.name)).routing = Some(routing.clone());
        }
        lines.into_values().collect()
    }

    fn total(&self) -> Both {
        Both { load: self.load.total.clone(), routing: self.routing.as_ref().map(|routing| routing.total.clone()) }
    }
}

impl Both {
    fn stage(&self, name: &str) -> Option<u64> {
        Some(self.load.stages.get(name).copied().unwrap_or(0))
    }

    fn priority(&self, name: &str) -> Option<u64> {
        Some(self.load.priorities.get(name).copied().unwrap_or(0))
    }

    fn age(&self, bucket: usize) -> Option<u64> {
        self.load.ages.map(|ages| ages[bucket])
    }

    fn routed(&self, part: fn(&RoutingLine) -> u64) -> Option<u64> {
        self.routing.as_ref().map(part)
    }
}

const PARTS: &[Part<Both>] = &[
    Part {
        about: "",
        columns: &[
            Column::Count("open", |both| Some(both.load.open)),
            Column::Count("stages.received", |both| both.stage("received")),
            Column::Count("stages.verified", |both| both.stage("verified")),
            Column::Count("stages.dispositioned", |both| both.stage("dispositioned")),
            Column::Count("stages.in_progress", |both| both.stage("in_progress")),
            Column::Count("stages.responded", |both| both.stage("responded")),
            Column::Count("priorities.urgent", |both| both.priority("urgent")),
            Column::Count("priorities.emergency", |both| both.priority("emergency")),
            Column::Count("escalated", |both| Some(both.load.escalated)),
        ],
    },
    Part {
        about: "Working days since it came",
        columns: &[
            Column::Count("ages.0_to_3", |both| both.age(0)),
            Column::Count("ages.4_to_5", |both| both.age(1)),
            Column::Count("ages.6_to_14", |both| both.age(2)),
            Column::Count("ages.15_to_60", |both| both.age(3)),
            Column::Count("ages.over_60", |both| both.age(4)),
        ],
    },
    Part {
        about: "Passed on: dispositions and returns, and dispositions of each closed cycle",
        columns: &[
            Column::Count("routing.dispositions", |both| both.routed(|line| line.dispositions)),
            Column::Count("routing.returned", |both| both.routed(|line| line.returned)),
            Column::Share("routing.return_rate", |both| both.routing.as_ref().and_then(|line| line.return_rate)),
            Column::Count("routing.cycles", |both| both.routed(|line| line.cycles)),
            Column::Number("routing.mean_dispositions", |both| {
                both.routing.as_ref().and_then(|line| line.mean_dispositions)
            }),
            Column::Share("routing.passed_on", |both| both.routing.as_ref().and_then(|line| line.passed_on)),
            Column::Count("routing.most", |both| both.routed(|line| line.most)),
        ],
    },
];

const NOT_ROUTED: &str = "Dispositions and returns are kept by agency, class, channel and month, not in this way.";

const JSON: &str = "\
By agency [default], officer or class. --since and --until bound dispositions and returns, not what is open. Ages are
kept by agency. A return rate is what was given back as not its own, of what was disposed to it; passed on are closed
cycles that took more than one disposition.

With --json, one document on one line (null: none, or not kept that way):
  {ledger, position, now, as_known, as_of, by, since, until, agency, officer, class, channel, clock,
   lines: [LINE], total: LINE, routing: {lines: [ROUTED], total: ROUTED}}
  LINE    {name, open, stages: {STAGE: count}, priorities: {PRIORITY: count}, escalated,
           ages: [0 to 3, 4 to 5, 6 to 14, 15 to 60, more than 60 working days]}
  ROUTED  {name, dispositions, returned, return_rate: SHARE, cycles, mean_dispositions, passed_on: SHARE, most}
  SHARE   {count, of, percent}
With --csv, a row a line and no total: name, what is open by stage and priority, ages, and the names of ROUTED.";
