//! Limits as data: what a regulation says, with its version, its hash and the date it takes effect.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::clock::{ClockKind, Limit};
use crate::event::{Class, Level};
use crate::store::{Document, DocumentKind};
use crate::values::{Digest, DocumentRef, Zone};

/// One version of a policy.
///
/// ```
/// use aduan::{clock::Limit, event::Class, policy::Policy};
/// let policy = Policy::sp4n_2018();
/// assert_eq!(policy.limits.statutory(Class::Supervisory), Limit::WorkingDays(60));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Name, version, hash of the document.
    pub reference: DocumentRef,
    /// Complaints received from this date on are bound by it.
    pub effective_from: NaiveDate,
    /// Where its limits come from, in its own words: what a verdict under it cites.
    pub source: String,
    /// The zone of the tenant, in which clocks run before an agency holds the complaint.
    pub zone: Zone,
    /// The region of the tenant, whose own holidays count before an agency holds the complaint.
    pub region: Option<String>,
    /// Whether *cuti bersama* is a day off.
    pub joint_leave_is_off: bool,
    /// Whether complaints that run already may be moved to this policy.
    pub applies_to_running: bool,
    /// How long each clock runs.
    pub limits: Limits,
    /// What people may do, and how often.
    pub conduct: Conduct,
    /// When a complaint goes up by itself, lowest level first.
    pub ladder: Vec<Rung>,
    text: String,
}

/// How long each clock runs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    verification: Limit,
    first_response: Limit,
    emergency: Limit,
    return_window: Limit,
    reply_window: Limit,
    information: Limit,
    rating_window: Limit,
    reopen_window: Limit,
    appeal_window: Limit,
    statutory: StatutoryLimits,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StatutoryLimits {
    information: Limit,
    aspiration: Limit,
    complaint: Limit,
    supervisory: Limit,
}

impl Limits {
    /// The statutory limit of a class.
    pub fn statutory(&self, class: Class) -> Limit {
        match class {
            Class::Information => self.statutory.information,
            Class::Aspiration => self.statutory.aspiration,
            Class::Complaint => self.statutory.complaint,
            Class::Supervisory => self.statutory.supervisory,
        }
    }

    fn all(&self) -> [Limit; 13] {
        let StatutoryLimits { information, aspiration, complaint, supervisory } = self.statutory;
        [
            self.verification,
            self.first_response,
            self.emergency,
            self.return_window,
            self.reply_window,
            self.information,
            self.rating_window,
            self.reopen_window,
            self.appeal_window,
            information,
            aspiration,
            complaint,
            supervisory,
        ]
    }

    /// The limit of a clock, for a complaint of that class.
    pub fn of(&self, kind: ClockKind, class: Class) -> Limit {
        match kind {
            ClockKind::Verification => self.verification,
            ClockKind::FirstResponse => self.first_response,
            ClockKind::Statutory => self.statutory(class),
            ClockKind::Emergency => self.emergency,
            ClockKind::ReturnWindow => self.return_window,
            ClockKind::ReplyWindow => self.reply_window,
            ClockKind::Information => self.information,
            ClockKind::RatingWindow => self.rating_window,
            ClockKind::ReopenWindow => self.reopen_window,
            ClockKind::AppealWindow => self.appeal_window,
        }
    }
}

/// What people may do, and how often.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conduct {
    /// How far ahead of the recording clock something may have happened, in seconds: clocks of machines differ.
    pub clock_skew_seconds: u32,
    /// How much earlier than it is recorded an act of a complainant may have happened, in days: channels deliver late.
    pub delivery_days: u32,
    /// How often the complainant may be asked something.
    pub question_rounds: u32,
    /// Dispositions in one cycle before only a superior may dispose again.
    pub hops: u32,
    /// Cycles before the complainant's way leads to the Ombudsman instead.
    pub cycles: u32,
    /// The most that a clock may be extended by in all, in its unit.
    pub extension: u32,
    /// Whether accepting the answer closes the complaint.
    pub accept_closes: bool,
    /// Whether silence through the reply window closes it.
    pub silence_closes: bool,
    /// Whether a final response is given by the head of the agency.
    pub final_needs_superior: bool,
    /// A rating this low opens the way to the Ombudsman.
    pub poor_score: u8,
}

/// One rung of the escalation ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The level it leads to.
    pub level: Level,
    /// Which clocks lead there.
    pub on: RungClock,
    /// Working days after the due date.
    pub after: u32,
}

/// Which clocks a rung listens to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum RungClock {
    /// Verification, first response, emergency.
    Operational,
    /// The statutory clock.
    Statutory,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyText {
    name: String,
    version: u32,
    effective_from: NaiveDate,
    source: String,
    zone: Zone,
    #[serde(default)]
    region: Option<String>,
    joint_leave_is_off: bool,
    #[serde(default)]
    applies_to_running: bool,
    limits: Limits,
    conduct: Conduct,
    ladder: Vec<Rung>,
}

impl Policy {
    /// The national default: PermenPANRB 62/2018.
    pub fn sp4n_2018() -> Self {
        Policy::parse(include_str!("../data/policies/id-sp4n-2018.toml")).expect("the built-in policy is tested")
    }

    /// A city's own, stricter policy, as an example.
    pub fn mojokerto() -> Self {
        Policy::parse(include_str!("../data/policies/mojokerto.toml")).expect("the built-in policy is tested")
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    /// When a field is missing, unknown or out of range.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let parsed: PolicyText = toml::from_str(text).map_err(|error| PolicyError(error.message().to_owned()))?;
        let name = crate::values::document_name(&parsed.name).map_err(|error| PolicyError(error.to_string()))?;
        let refuse = |why: &str| Err(PolicyError(why.into()));
        if parsed.version == 0 {
            return refuse("versions count from 1");
        }
        if parsed.ladder.iter().any(|rung| rung.level.number() == 0 || rung.level == Level::OMBUDSMAN) {
            return refuse("the ladder leads to levels 1 to 3: level 4 is the complainant's own step");
        }
        if !parsed.limits.all().into_iter().all(is_bounded) || parsed.conduct.extension > LONGEST_EXTENSION {
            return refuse("a limit is at most ten years, and no promise: that is what sources of imports give");
        }
        let Conduct { clock_skew_seconds, delivery_days, .. } = parsed.conduct;
        if clock_skew_seconds > 24 * 60 * 60 || delivery_days > 366 {
            return refuse("clocks differ by a day at most, and channels deliver within a year");
        }
        if !(1..=5).contains(&parsed.conduct.poor_score) {
            return refuse("poor_score must be 1 to 5");
        }
        let mut ladder = parsed.ladder;
        ladder.sort_by_key(|rung| (rung.level, rung.after));
        Ok(Policy {
            reference: DocumentRef { name, version: parsed.version, hash: Digest::of(text.as_bytes()) },
            effective_from: parsed.effective_from,
            source: parsed.source,
            zone: parsed.zone,
            region: parsed.region,
            joint_leave_is_off: parsed.joint_leave_is_off,
            applies_to_running: parsed.applies_to_running,
            limits: parsed.limits,
            conduct: parsed.conduct,
            ladder,
            text: text.to_owned(),
        })
    }

    /// The document as it is kept beside the ledger.
    pub fn document(&self) -> Document {
        Document { hash: self.reference.hash, kind: DocumentKind::Policy, text: self.text.clone() }
    }
}

fn is_bounded(limit: Limit) -> bool {
    match limit {
        Limit::WorkingDays(days) | Limit::CalendarDays(days) => days <= 3_660,
        Limit::Minutes(minutes) | Limit::OfficeMinutes(minutes) => minutes <= 3_660 * 24 * 60,
        Limit::Promise(_) => false,
    }
}

const LONGEST_EXTENSION: u32 = 3_660;

/// Why a policy could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy: {0}")]
pub struct PolicyError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policies_say_what_the_rule_book_says() {
        let policy = Policy::sp4n_2018();
        let limits = |kind| policy.limits.of(kind, Class::Complaint);
        assert_eq!(limits(ClockKind::Verification), Limit::WorkingDays(3));
        assert_eq!(limits(ClockKind::FirstResponse), Limit::WorkingDays(5));
        assert_eq!(limits(ClockKind::Statutory), Limit::WorkingDays(14));
        assert_eq!(limits(ClockKind::ReplyWindow), Limit::WorkingDays(10));
        assert_eq!(limits(ClockKind::RatingWindow), Limit::CalendarDays(14));
        assert_eq!(policy.limits.statutory(Class::Information), Limit::WorkingDays(5));
        assert_ne!(Policy::mojokerto().reference, policy.reference);
    }

    #[test]
    fn refuses_unknown_fields_and_levels_beyond_the_ladder() {
        let text = Policy::sp4n_2018().text;
        assert!(Policy::parse(&format!("colour = 1\n{text}")).is_err());
        assert!(Policy::parse(&text.replace("level = 3", "level = 4")).is_err());
        assert!(Policy::parse(&text.replace("version = 1", "version = 0")).is_err());
        assert!(Policy::parse(&text.replace("id-sp4n-2018", "id@sp4n")).is_err());
        assert!(Policy::parse(&text.replace("Minutes = 180", "Minutes = 100000000")).is_err());
        assert!(Policy::parse(&text.replace("Minutes = 180", "Promise = 0")).is_err());
        assert!(Policy::parse(&text.replace("delivery_days = 14", "delivery_days = 4000000000")).is_err());
        assert!(Policy::parse(&text.replace("verification =", "verifikasi =")).is_err());
    }

    #[test]
    fn another_byte_is_another_policy() {
        let text = Policy::sp4n_2018().text;
        let other = Policy::parse(&format!("{text}\n# a remark\n")).unwrap();
        assert_ne!(other.reference.hash, Policy::sp4n_2018().reference.hash);
    }
}
