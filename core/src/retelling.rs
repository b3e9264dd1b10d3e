//! Retelling: which activities of another system an import can tell as steps of its own, and what they imply.
//!
//! An [import](crate::command::Import) knows seven steps. Everything else that a source shows is kept as a note, which
//! names the activity and changes nothing of where the complaint stands.

use crate::complaint::Stage;
use crate::conformance::Activity;

/// A step that an import can tell: from where, and where it leads.
#[derive(Clone, Copy, Debug)]
struct Tellable {
    /// What it is.
    activity: Activity,
    /// The first stage it can be told at.
    from: Stage,
    /// The last.
    to: Stage,
    /// Where the complaint stands then.
    then: Stage,
}

/// Every step but notes, which are told at any stage from Received on.
#[rustfmt::skip]
const TELLABLE: [Tellable; 9] = {
    use Stage::*;
    const fn row(activity: Activity, from: Stage, to: Stage, then: Stage) -> Tellable {
        Tellable { activity, from, to, then }
    }
    [
        row(Activity::Received,      New,       New,        Received),
        row(Activity::Verified,      Received,  Received,   Verified),
        row(Activity::Dispositioned, Verified,  InProgress, Dispositioned),
        row(Activity::Answered,      Verified,  Responded,  Responded),
        row(Activity::Resolved,      Responded, Responded,  Closed),
        row(Activity::Declined,      Received,  Responded,  Closed),
        row(Activity::Withdrawn,     Received,  Responded,  Closed),
        row(Activity::Duplicate,     Received,  Responded,  Closed),
        row(Activity::Rated,         Closed,    Closed,     Closed),
    ]
};

/// A history that is being retold: where it stands, and what can be told of it there.
///
/// ```
/// use aduan::{conformance::Activity, retelling::Retelling};
/// let mut retelling = Retelling::new();
/// assert!(retelling.tell(Activity::Received));
/// assert!(!retelling.tell(Activity::Resolved), "nothing was answered");
/// assert_eq!(retelling.implied(Activity::Resolved), [Activity::Verified, Activity::Answered]);
/// assert!(!retelling.tell(Activity::Escalated), "no step of an import tells that: it becomes a note");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Retelling {
    stage: Stage,
    is_rated: bool,
}

impl Retelling {
    /// Nothing told yet.
    pub fn new() -> Self {
        Retelling::default()
    }

    /// Whether an activity can be told here as a step of its own. If so, it is told.
    pub fn tell(&mut self, activity: Activity) -> bool {
        let told = told(self.stage, activity).filter(|_| activity != Activity::Rated || !self.is_rated);
        self.is_rated |= told.is_some() && activity == Activity::Rated;
        self.stage = told.unwrap_or(self.stage);
        told.is_some()
    }

    /// The steps that must have been before an activity that the source shows here: what was disposed or answered was
    /// verified, what was resolved was answered. Empty where nothing is implied.
    pub fn implied(&self, activity: Activity) -> &'static [Activity] {
        const BOTH: [Activity; 2] = [Activity::Verified, Activity::Answered];
        match (activity, self.stage) {
            (Activity::Resolved, Stage::Received) => &BOTH,
            (Activity::Resolved, Stage::Verified | Stage::Dispositioned | Stage::InProgress) => &BOTH[1..],
            (Activity::Answered | Activity::Dispositioned, Stage::Received) => &BOTH[..1],
            _ => &[],
        }
    }
}

/// Whether some step of an import tells it, at whichever stage.
pub fn is_tellable(activity: Activity) -> bool {
    TELLABLE.iter().any(|row| row.activity == activity)
}

fn told(stage: Stage, activity: Activity) -> Option<Stage> {
    let row = TELLABLE.iter().find(|row| row.activity == activity)?;
    (row.from <= stage && stage <= row.to).then_some(row.then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::ACTIVITIES;

    #[test]
    fn what_is_implied_can_be_told_and_leads_to_what_is_shown() {
        for stage in [Stage::Received, Stage::Verified, Stage::Dispositioned, Stage::InProgress, Stage::Responded] {
            for (activity, ..) in ACTIVITIES {
                let mut retelling = Retelling { stage, is_rated: false };
                let implied = retelling.implied(activity);
                assert!(implied.iter().all(|step| retelling.tell(*step)), "{activity:?} at {stage:?}");
                assert!(implied.is_empty() || retelling.tell(activity), "{activity:?} at {stage:?}");
            }
        }
    }

    #[test]
    fn a_rating_is_told_once() {
        let mut retelling = Retelling::new();
        let course = [Activity::Received, Activity::Declined, Activity::Rated];
        assert!(course.into_iter().all(|activity| retelling.tell(activity)));
        assert!(!retelling.tell(Activity::Rated), "an import reopens nothing, so it is the same cycle");
    }
}
