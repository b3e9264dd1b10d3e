//! `models`: the builds of the read models.

use aduan::projector::ProjectError;
use aduan::read::Build;
use aduan::values::{LedgerId, Position};
use clap::Args;
use serde::Serialize;

use crate::answer::{Exit, Failure, Teller};
use crate::reads::take_along;
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::Tenant;

/// What `models` is told.
#[derive(Args)]
#[command(after_long_help = JSON)]
pub(crate) struct Models {}

impl Models {
    /// Takes the read models along, unless another process does, and prints how far each build has come.
    ///
    /// # Errors
    /// When log or read models cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let reads = tenant.read_store(&*store).await?;
        match take_along(&tenant.projector(store.clone(), &reads)?, teller).await {
            // The build that stopped says so itself.
            Ok(_) | Err(ProjectError::Poisoned { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let (ledger, head) = (store.id().clone(), store.head().await?.position);
        let builds = reads.builds().await?;
        let listed: Vec<_> = builds.into_iter().map(|build| Listed::of(build, head)).collect();
        let sheet = Sheet {
            title: format!("read models of {ledger}"),
            key: ["build", "number"],
            name: |listed: &Listed| &listed.name,
            parts: PARTS,
            more: &[],
            lines: listed.clone(),
            total: None,
            notes: Vec::new(),
        };
        let has_stopped = listed.iter().any(|listed| listed.build.stopped.is_some());
        teller.tell(&Document { ledger: &ledger, head, builds: &listed }, sheet.to_string().trim_end())?;
        Ok(if has_stopped { Exit::Corrupt } else { Exit::Done })
    }
}

/// What a program is told.
#[derive(Serialize)]
struct Document<'a> {
    ledger: &'a LedgerId,
    head: Position,
    builds: &'a [Listed],
}

/// A build, and how far it is behind.
#[derive(Clone, Serialize)]
struct Listed {
    #[serde(skip)]
    name: String,
    #[serde(flatten)]
    build: Build,
    head: Position,
    lag: u64,
}

impl Listed {
    fn of(build: Build, head: Position) -> Self {
        let lag = head.saturating_sub(build.position);
        Listed { name: build.number.to_string(), build, head, lag }
    }
}

const PARTS: &[Part<Listed>] = &[Part {
    about: "",
    columns: &[
        Column::Count("version", |listed| Some(listed.build.version.into())),
        Column::Count("position", |listed| Some(listed.build.position)),
        Column::Count("head", |listed| Some(listed.head)),
        Column::Count("lag", |listed| Some(listed.lag)),
        Column::Flag("is_live", |listed| listed.build.is_live.then(|| "live".to_owned())),
        Column::Flag("stopped", |listed| listed.build.stopped.as_ref().map(|why| format!("stopped: {why}"))),
    ],
}];

const JSON: &str = "\
With --json, one document on one line: {ledger, head, builds: [{number, version, position, is_live, stopped, head, lag}]}
stopped says in front of which event it stands, and why; null where it moves. The exit code is 5 where one stopped.";
