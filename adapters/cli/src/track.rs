//! `track`: what anybody who has the tracking number may see.

use std::fmt::Write as _;

use aduan::projection::cases::PublicStatus;
use aduan::values::TrackingNumber;
use clap::Args;

use crate::answer::{Exit, Failure, Teller};
use crate::show;
use crate::tenant::Tenant;

/// What `track` is told.
#[derive(Args)]
pub(crate) struct Track {
    /// The tracking number.
    #[arg(value_name = "NUMBER")]
    number: TrackingNumber,
}

impl Track {
    /// Prints the public status. Who holds it is not told where that would tell what it is about.
    ///
    /// # Errors
    /// When there is no such number, or the read models cannot be reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let reads = tenant.read_models(tenant.reader().await?, teller).await?;
        let status = reads.view.track(self.number).await?.ok_or_else(show::unknown)?;
        teller.tell(&status, text(&status).trim_end())?;
        Ok(Exit::Done)
    }
}

fn text(status: &PublicStatus) -> String {
    let lines = [
        ("tracking", status.tracking_number.to_string()),
        ("received", status.received_on.to_string()),
        ("stage", status.stage.name().to_owned()),
        ("status", status.status.to_owned()),
        ("held by", status.agency.clone().unwrap_or_else(|| "–".to_owned())),
        ("cycle", status.cycle.to_string()),
    ];
    lines.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<14}{value}");
        text
    })
}
