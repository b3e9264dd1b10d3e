//! Everything that a report tells, asked of the read models once.

use std::sync::Arc;

use aduan::clock::ClockKind;
use aduan::event::Class;
use aduan::figures::{By, Load, Routing, Satisfaction, Scope, Sla, Trend};
use aduan::rules::Rules;
use aduan::values::{Moment, Month, Position};
use chrono::{DateTime, Utc};

use crate::answer::Failure;
use crate::page::names::Names;
use crate::page::written;
use crate::reads::Reads;

/// From which log the figures are derived, and what they are about.
pub(super) struct Origin {
    pub(super) ledger: String,
    /// The last position of the log that counts.
    pub(super) position: Position,
    /// When that was recorded; none while there is nothing.
    pub(super) recorded_at: Option<DateTime<Utc>>,
    /// The hash of everything up to there, where the log has not gone on.
    pub(super) log_hash: Option<String>,
    pub(super) now: Moment,
    /// What was recorded later is left out.
    pub(super) as_known: Option<Moment>,
    /// Only what happened by that time counts, whenever it was recorded.
    pub(super) as_of: Option<Moment>,
    pub(super) since: Option<Month>,
    pub(super) until: Option<Month>,
}

/// The figures of a report.
pub(super) struct Figures {
    pub(super) origin: Origin,
    pub(super) months: Trend,
    pub(super) channels: Trend,
    pub(super) closures: Trend,
    /// Verdicts by agency.
    pub(super) statutory: Sla,
    pub(super) first_response: Sla,
    /// Clocks that run now, whatever the period.
    pub(super) running: Sla,
    /// How long things took, by agency.
    pub(super) took: Sla,
    pub(super) load: Load,
    pub(super) satisfaction: Satisfaction,
    pub(super) routing: Routing,
    pub(super) names: Names,
    pub(super) limits: Limits,
}

/// The limits in force on the day of the report.
pub(super) struct Limits {
    /// The policy, as `name@version`.
    pub(super) policy: String,
    pub(super) first_response: String,
    /// By class.
    statutory: Vec<(&'static str, String)>,
    /// For a complaint in the narrow sense, which most are.
    pub(super) complaint: String,
}

impl Figures {
    /// Asks for all of them; ratings of fewer than `fewest` are suppressed.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub(super) async fn ask(reads: &Reads, origin: Origin, fewest: u64) -> Result<Self, Failure> {
        let Reads { view, rules, .. } = reads;
        let (now, by_agency) = (origin.now, Some(By::Agency));
        let days = rules.tenant_days_on(now.date());
        let (since, until) = (origin.since, origin.until);
        let scope = Scope { since, until, ..Scope::default() };
        let of = |clock| Scope { clock: Some(clock), ..scope.clone() };
        Ok(Figures {
            months: view.trend(&scope, Some(By::Month), now).await?,
            channels: view.trend(&scope, Some(By::Channel), now).await?,
            closures: view.trend(&scope, by_agency, now).await?,
            statutory: view.sla(&of(ClockKind::Statutory), by_agency, now).await?,
            first_response: view.sla(&of(ClockKind::FirstResponse), by_agency, now).await?,
            running: view.sla(&Scope::default(), Some(By::Clock), now).await?,
            took: view.sla(&scope, by_agency, now).await?,
            load: view.load(&Scope::default(), by_agency, now, days).await?,
            satisfaction: view.satisfaction(&scope, by_agency, fewest).await?,
            routing: view.routing(&scope, by_agency).await?,
            names: Names::on(Arc::clone(rules), now.date()),
            limits: Limits::on(rules, now),
            origin,
        })
    }

    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        let total = &self.months.total;
        total.received == 0 && total.closed.sum() == 0 && self.load.total.open == 0
    }
}

impl Limits {
    fn on(rules: &Rules, now: Moment) -> Self {
        let policy = rules.policy_on(now.date());
        let statutory = |class| written::limit(policy.limits.statutory(class));
        Limits {
            policy: format!("{}@{}", policy.reference.name, policy.reference.version),
            first_response: written::limit(policy.limits.of(ClockKind::FirstResponse, Class::Complaint)),
            statutory: Class::ALL.into_iter().map(|class| (class.name(), statutory(class))).collect(),
            complaint: statutory(Class::Complaint),
        }
    }

    /// The statutory limit of each class, in words.
    pub(super) fn by_class(&self) -> String {
        let told: Vec<String> = self.statutory.iter().map(|(class, limit)| format!("{class} {limit}")).collect();
        told.join(", ")
    }
}
