//! `tick`: what time alone has caused.

use aduan::engine::Ticked;
use clap::Args;
use serde_json::json;

use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::edge::{self, Instant};
use crate::tenant::Tenant;

/// What `tick` is told. Early, late or twice: the outcome is the same.
#[derive(Args)]
pub(crate) struct Tick {
    #[command(flatten)]
    now: Now,
}

impl Tick {
    /// Does what is due, and prints it in the order it fell due.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let engine = tenant.engine(teller).await?;
        let now = self.now.instant();
        let zone = engine.rules().policy_on(now.0.date_naive()).zone;
        if now.0 > Instant::now().0 {
            teller
                .warn("this records what is due as of a time to come, and for good: what follows is recorded after it");
        }
        let reads = tenant.read_models(engine.store(), teller).await?;
        let due = reads.view.due(now.0).await?;
        let ticked = engine.tick(&due, now.in_zone(zone), &edge::seed()?).await;
        tell(&ticked, teller)?;
        let exits = ticked.failed.iter().map(|(_, error)| Exit::of(error));
        Ok(exits.fold(Exit::Done, Exit::worse))
    }
}

fn tell(ticked: &Ticked, teller: Teller) -> Result<(), Failure> {
    let events =
        || ticked.done.iter().flat_map(|receipt| receipt.events.iter().map(|event| (receipt.complaint, event)));
    let done: Vec<_> = events()
        .map(|(complaint, event)| {
            json!({ "complaint": complaint, "event": event.fact.name(), "occurred_at": event.occurred_at })
        })
        .collect();
    let failed: Vec<_> = ticked
        .failed
        .iter()
        .map(|(complaint, error)| json!({ "complaint": complaint, "message": error.to_string() }))
        .collect();
    let mut lines: Vec<String> = events()
        .map(|(complaint, event)| format!("{complaint}  {}  {}", event.occurred_at, event.fact.name()))
        .collect();
    lines.extend(ticked.failed.iter().map(|(complaint, error)| format!("{complaint}  FAILED: {error}")));
    lines.push(format!("{} done, {} done before, {} failed", done.len(), ticked.repeated, failed.len()));
    teller.tell(&json!({ "done": done, "repeated": ticked.repeated, "failed": failed }), &lines.join("\n"))
}
