//! What can be chosen.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aduan::audit::notary::Mandate;
use aduan::audit::signer::CheckpointSigner;
use aduan::audit::sink::CheckpointSink;
use aduan::projector::Projector;
use chrono::{DateTime, Utc};

/// What can be chosen. The defaults are right for a portal.
#[derive(Clone)]
pub struct RunnerOptions {
    /// How often to look for events that nobody told of: a store that others write to may not hear of it.
    pub look_every: Duration,
    /// How often to ask what time has caused.
    pub tick_every: Duration,
    /// How long to wait after trouble; twice as long after each more that follows, up to a minute.
    pub retry_after: Duration,
    /// The clock.
    pub clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Who signs checkpoints of the log, and where they are kept; without it nobody makes any here.
    pub attesting: Option<Attesting>,
    /// Changes the projector before it starts: upcasters for a log with older events.
    pub projector: fn(Projector) -> Projector,
}

/// Has checkpoints of the log made. In every process of a portal: the signer lets one through.
#[derive(Clone)]
pub struct Attesting {
    /// Who signs, in a process of its own.
    pub signer: Arc<dyn CheckpointSigner>,
    /// Where checkpoints are kept: at least the table beside the records, and something that is not in the database.
    pub sinks: Vec<Arc<dyn CheckpointSink>>,
    /// How often, and by which keys.
    pub mandate: Mandate,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        RunnerOptions {
            look_every: Duration::from_secs(1),
            tick_every: Duration::from_secs(60),
            retry_after: Duration::from_secs(1),
            attesting: None,
            clock: Arc::new(|| SystemTime::now().into()),
            projector: |projector| projector,
        }
    }
}
