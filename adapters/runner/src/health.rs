//! What can be seen from outside: how far the read models are, and what is wrong.

use aduan::audit::notary::Standing;
use aduan::projector::Progress;
use aduan::values::{ComplaintId, Moment};

/// How a runner is. A read model that stands is an alarm: watch `trouble` and how far `progress` is behind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Health {
    /// How far the read models have come here; nothing moves while another process leads.
    pub progress: Progress,
    /// Whether another process takes the read models along.
    pub is_waiting: bool,
    /// What keeps the read models from going on here; none while they do, or another process sees to it.
    pub trouble: Option<String>,
    /// When what time causes was last done.
    pub ticked_at: Option<Moment>,
    /// How much was done, ever, by this runner.
    pub done: u64,
    /// What the last tick could not do.
    pub failed: Vec<(ComplaintId, String)>,
    /// What kept the last tick from being done at all.
    pub tick_trouble: Option<String>,
    /// How the log stands to its last checkpoint; none where nobody here makes any, or not yet. One that
    /// [is late](Standing::is_late) is an alarm.
    pub attested: Option<Standing>,
    /// What keeps checkpoints from being made, or from being kept everywhere.
    pub attest_trouble: Option<String>,
}
