//! The clause a verdict rests on: what the rule is, which policy sets its limit, and which calendar counts its days.

use serde::Serialize;

use crate::clock::{Clock, ClockKind, Limit};
use crate::complaint::Bound;
use crate::rules::Rules;
use crate::values::DocumentRef;

/// What a verdict rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Clause {
    /// What starts, stops and pauses the clock: the rule-book, section 5.
    pub rule: &'static str,
    /// How long it runs.
    pub limit: String,
    /// The policy that says so, by name, version and hash.
    pub policy: DocumentRef,
    /// Where that policy takes it from, in its own words; of a promise, that the source of an import gave it.
    pub source: String,
    /// The calendar whose days count, by name, version and hash.
    pub calendar: DocumentRef,
    /// Where that calendar takes its days from, in its own words.
    pub calendar_source: String,
}

impl Clause {
    /// The clause of a clock, under the documents that bind its complaint; none where they are not at hand.
    pub fn of(clock: &Clock, bound: &Bound, rules: &Rules) -> Option<Self> {
        let policy = rules.policy(&bound.policy)?;
        let calendar = rules.calendar(&bound.calendar)?;
        let (limit, source) = match clock.limit {
            Limit::Promise(_) => {
                ("as promised".to_owned(), "the due time that the source of the import gave".to_owned())
            }
            limit => (limit.to_string(), policy.source.clone()),
        };
        Some(Clause {
            rule: rule(clock.kind),
            limit,
            policy: bound.policy.clone(),
            source,
            calendar: bound.calendar.clone(),
            calendar_source: calendar.source().to_owned(),
        })
    }
}

/// What starts and stops a clock, and what it waits for. No citation beyond what the rule-book gives.
fn rule(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Verification => "from receipt to verification or closing; waits for an open question",
        ClockKind::FirstResponse => {
            "from each disposition, or from a contest, to that holder's first response; waits for an open question"
        }
        ClockKind::Statutory => {
            "from receipt, or from the last answer before verification that completed the file, to the final \
             response; never started anew by a disposition; waits for an open question"
        }
        ClockKind::Emergency => "from receipt to the first response; waits for nothing",
        ClockKind::ReturnWindow => "from each disposition; the holder may return it until then",
        ClockKind::ReplyWindow => "from each final response; the complainant may contest it until then",
        ClockKind::Information => "from a question to the complainant to its answer",
        ClockKind::RatingWindow => "from closing; the complainant may rate it until then",
        ClockKind::ReopenWindow => "from closing; the complainant may reopen it until then",
        ClockKind::AppealWindow => "from closing; the complainant may go to the Ombudsman until then",
    }
}
