//! The story of a trace: what an import can tell as a step is one, the rest is noted under the activity's own name.

mod ours;

use aduan::command::{ImportStep, Step};
use aduan::conformance::Activity;
use aduan::event::{Basis, Class, Classification, Closure, DeclineReason, Outcome, Priority};
use aduan::retelling::{Retelling, is_tellable};
use aduan::sealed::Clear;
use aduan::values::{AgencyCode, Category, Channel, Moment, Score};
use aduan_exchange::xes::{Trace, TraceEvent};

use super::{Name, Story, UNKNOWN_CATEGORY, UNKNOWN_CHANNEL, name, receive, said, time};
use crate::import::columns::Columns;
use crate::import::map::{Map, OutOfTurn};
use crate::import::times::OfDay;

/// The story that a trace tells.
///
/// # Errors
/// Which event cannot be read or mapped, and why: then the whole case is rejected.
pub(super) fn story(trace: &Trace, map: &Map) -> Result<Story, String> {
    if trace.events.is_empty() {
        return Err("the case has no events".into());
    }
    // A map without activities is the one of our own logs.
    if map.activities.is_empty() { ours::story(trace) } else { Foreign::of(trace, map)?.story(trace) }
}

/// A case of another system under way.
struct Foreign<'m> {
    map: &'m Map,
    values: Columns,
    channel: Channel,
    reference: Clear,
    retelling: Retelling,
    steps: Vec<ImportStep<Clear>>,
}

impl<'m> Foreign<'m> {
    fn of(trace: &Trace, map: &'m Map) -> Result<Self, String> {
        let values = map.columns.map(|key| trace.attributes.value(key).map(str::to_owned));
        let reference = values.reference.as_deref().map(Clear::new).ok_or("reference: is missing")?;
        let channel = Channel::new(values.channel.as_deref().unwrap_or(UNKNOWN_CHANNEL)).map_err(said)?;
        Ok(Foreign { map, values, channel, reference, retelling: Retelling::new(), steps: Vec::new() })
    }

    fn story(mut self, trace: &Trace) -> Result<Story, String> {
        for (number, event) in (1..).zip(&trace.events) {
            self.take(event).map_err(|why| format!("event {number}: {why}"))?;
        }
        Ok(Story { name: Name::Reference { channel: self.channel, reference: self.reference }, steps: self.steps })
    }

    fn take(&mut self, event: &TraceEvent) -> Result<(), String> {
        let shown = event.activity().ok_or("it has no activity")?;
        let activity = self.map.activities.meant(shown).ok_or("the map does not say what this activity is")?;
        let at = time(self.map, "time", event.time(), OfDay::Start)?.ok_or("it has no time")?;
        if self.steps.is_empty() && activity != Activity::Received {
            self.tell(Activity::Received, at, None)?;
        }
        if !event.is_complete() {
            let kind = format!("{shown} ({})", event.transition().unwrap_or_default());
            return self.note(&kind, at);
        }
        if !is_tellable(activity) {
            return self.note(shown, at);
        }
        for implied in self.retelling.implied(activity) {
            self.tell(*implied, at, None)?;
        }
        let is_noted = self.map.activities.out_of_turn == OutOfTurn::Note;
        if is_noted && !self.retelling.clone().tell(activity) {
            return self.note(shown, at);
        }
        self.tell(activity, at, Some(event))
    }

    /// Tells an activity; one that the source does not show is marked inferred.
    fn tell(&mut self, activity: Activity, at: Moment, shown: Option<&TraceEvent>) -> Result<(), String> {
        let step = self.step(activity, shown)?;
        if !self.retelling.tell(activity) {
            return Err(format!("{} does not follow from where the complaint stands", activity.name()));
        }
        self.steps.push(ImportStep { inferred: shown.is_none(), occurred_at: at, step });
        Ok(())
    }

    fn note(&mut self, kind: &str, at: Moment) -> Result<(), String> {
        let step = Step::Note { kind: name(kind)?, text: None };
        self.steps.push(ImportStep { inferred: false, occurred_at: at, step });
        Ok(())
    }

    fn step(&self, activity: Activity, shown: Option<&TraceEvent>) -> Result<Step<Clear>, String> {
        let closed = |closure| Step::Close { closure, text: self.values.closure.as_deref().map(Clear::new) };
        Ok(match activity {
            Activity::Received => receive(&self.values, self.map, &self.reference, &self.channel)?,
            Activity::Verified => {
                let category = self.values.category.as_deref().unwrap_or(UNKNOWN_CATEGORY);
                let category = Category::new(category).map_err(said)?;
                let classification = Classification { category, class: Class::Complaint, priority: Priority::Normal };
                Step::Verify { classification }
            }
            Activity::Dispositioned => {
                let named =
                    shown.and_then(|event| event.attributes.value("org:group")).or(self.values.agency.as_deref());
                let agency = named.ok_or("it says neither `org:group` nor is a column `agency` mapped")?;
                Step::Dispose { to: AgencyCode::new(agency).map_err(said)? }
            }
            Activity::Answered => Step::Respond { outcome: Outcome::Resolved, text: None },
            Activity::Resolved => {
                closed(Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved })
            }
            Activity::Declined => closed(Closure::Declined { reason: DeclineReason::TooGeneral, referred_to: None }),
            Activity::Withdrawn => closed(Closure::Withdrawn),
            Activity::Duplicate => closed(Closure::Duplicate { of: None }),
            Activity::Rated => {
                let key = self.map.columns.rating.as_deref().unwrap_or("score");
                let stars = shown.and_then(|event| event.attributes.value(key));
                Step::Rate { score: score(stars.ok_or("it says no score")?)? }
            }
            other => return Err(format!("{} is no step of an import", other.name())),
        })
    }
}

fn score(text: &str) -> Result<Score, String> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let stars: u8 = whole.parse().map_err(|_| "score: is no whole number")?;
    Score::try_from(stars).map_err(said)
}
