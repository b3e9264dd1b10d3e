//! Who asks: a role, the agency it acts for, and a pseudonym.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::{AgencyCode, PersonRef, TrackingSecret};

/// What somebody is to a complaint (rule-book, section 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    /// P: whoever complains, proven by an account or the tracking secret.
    Complainant,
    /// I: an intake officer, or the adapter of a channel.
    Intake,
    /// A: an administrator of the tenant or the nation.
    Admin,
    /// L: *pejabat penghubung*, the liaison officer of an agency.
    Liaison,
    /// O: an operator of an agency.
    Operator,
    /// S: the head of an agency, the secretary, the mayor.
    Superior,
    /// W: the inspectorate, for whistleblowers.
    Inspectorate,
    /// C: the central government's monitor.
    CentralMonitor,
    /// X: the passing of time.
    SystemClock,
    /// M: brings histories in from elsewhere.
    Migrator,
    /// D: the data protection officer.
    DataProtection,
    /// R: reads, and changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 12] = [
        Role::Complainant,
        Role::Intake,
        Role::Admin,
        Role::Liaison,
        Role::Operator,
        Role::Superior,
        Role::Inspectorate,
        Role::CentralMonitor,
        Role::SystemClock,
        Role::Migrator,
        Role::DataProtection,
        Role::Auditor,
    ];

    /// The name as records hold it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Complainant => "Complainant",
            Role::Intake => "Intake",
            Role::Admin => "Admin",
            Role::Liaison => "Liaison",
            Role::Operator => "Operator",
            Role::Superior => "Superior",
            Role::Inspectorate => "Inspectorate",
            Role::CentralMonitor => "CentralMonitor",
            Role::SystemClock => "SystemClock",
            Role::Migrator => "Migrator",
            Role::DataProtection => "DataProtection",
            Role::Auditor => "Auditor",
        }
    }
}

/// Who asks, as the edge has authenticated them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The agency acted for; liaison officers and operators always have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// A pseudonym the host can resolve, never a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// What they are to the complaint.
    pub role: Role,
    /// The tracking secret that a complainant has shown. Its digest is compared; it is never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<TrackingSecret>,
}

impl Actor {
    /// Somebody in a role that needs no agency.
    pub fn new(role: Role) -> Self {
        Actor { agency: None, person: None, role, secret: None }
    }

    /// An officer of an agency.
    pub fn of(role: Role, agency: AgencyCode) -> Self {
        Actor { agency: Some(agency), ..Actor::new(role) }
    }

    /// A complainant known by an account.
    pub fn complainant(person: PersonRef) -> Self {
        Actor { person: Some(person), ..Actor::new(Role::Complainant) }
    }

    /// A complainant who has shown the tracking secret.
    pub fn with_secret(secret: TrackingSecret) -> Self {
        Actor { secret: Some(secret), ..Actor::new(Role::Complainant) }
    }

    /// The same, with a pseudonym.
    pub fn named(self, person: PersonRef) -> Self {
        Actor { person: Some(person), ..self }
    }
}
