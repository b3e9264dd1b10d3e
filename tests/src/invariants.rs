//! The invariants of the rule-book as checks over what happened, written apart from the rules.

use std::collections::BTreeMap;

use aduan::complaint::{Complaint, Stage};
use aduan::event::{Closure, Event, Fact, Level};
use aduan::values::ComplaintId;
use chrono::TimeDelta;

use crate::town::{CANARY, Step};

/// Watches a town, step by step.
#[derive(Default)]
pub struct Invariants {
    duplicates: BTreeMap<ComplaintId, ComplaintId>,
}

impl Invariants {
    /// Checks one step against what came before.
    ///
    /// # Errors
    /// The invariant that does not hold, by its number in the rule-book.
    pub fn check(&mut self, step: &Step) -> Result<(), String> {
        let Ok(events) = &step.result else { return refusal_changes_nothing(step) };
        let mut state = step.before.clone();
        for event in events {
            response_quotes_the_holding_disposition(&state, event)?;
            rated_once_per_cycle_after_closing(&state, event)?;
            nothing_happens_after_the_end(&state, event)?;
            level_never_falls(&state, event)?;
            no_sealed_text(event)?;
            self.duplicates_form_a_forest(step.id, event)?;
            state.evolve(event);
        }
        folding_gives_the_state(step)?;
        holding_adds_up_to_the_life(&step.events)
    }

    fn duplicates_form_a_forest(&mut self, id: ComplaintId, event: &Event) -> Result<(), String> {
        if let Fact::Closed { closure: Closure::Duplicate { of: Some(of) }, .. } = &event.fact {
            self.duplicates.insert(id, *of);
        }
        if matches!(event.fact, Fact::Reopened { .. }) {
            self.duplicates.remove(&id);
        }
        let mut at = id;
        for _ in 0..=self.duplicates.len() {
            match self.duplicates.get(&at) {
                Some(next) => at = *next,
                None => return Ok(()),
            }
        }
        Err(format!("9: duplicates of {id} lead in a circle"))
    }
}

fn refusal_changes_nothing(step: &Step) -> Result<(), String> {
    let said = step.result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if said.contains(CANARY) {
        return Err(format!("13: a refusal repeats a sealed text: {said}"));
    }
    if step.before == step.after { Ok(()) } else { Err("8: a refusal changed something".into()) }
}

fn response_quotes_the_holding_disposition(state: &Complaint, event: &Event) -> Result<(), String> {
    let Fact::Responded { disposition, .. } = &event.fact else { return Ok(()) };
    let Some(holding) = &state.holding else { return Ok(()) };
    let is_holder = event.provenance.is_imported() || event.context.agency.as_ref() == Some(&holding.agency);
    if holding.number == *disposition && is_holder {
        Ok(())
    } else {
        Err("1: a response comes from somebody who does not hold the complaint".into())
    }
}

fn rated_once_per_cycle_after_closing(state: &Complaint, event: &Event) -> Result<(), String> {
    let Fact::Rated { cycle, .. } = &event.fact else { return Ok(()) };
    let rated_before = state.ratings.iter().any(|(rated, _)| rated == cycle);
    if state.stage == Stage::Closed && *cycle == state.cycle && !rated_before {
        Ok(())
    } else {
        Err(format!("2: cycle {cycle} is rated before its end, or twice"))
    }
}

fn nothing_happens_after_the_end(state: &Complaint, event: &Event) -> Result<(), String> {
    let may = match &event.fact {
        Fact::Escalated { to, .. } => *to == Level::OMBUDSMAN,
        fact => matches!(
            fact.name(),
            "Rated" | "Reopened" | "Annotated" | "VisibilityChanged" | "Erased" | "DeadlinesRecomputed"
        ),
    };
    if state.stage != Stage::Closed || may { Ok(()) } else { Err(format!("3: {} after Closed", event.fact.name())) }
}

fn level_never_falls(state: &Complaint, event: &Event) -> Result<(), String> {
    let mut after = state.clone();
    after.evolve(event);
    let same_cycle = after.cycle == state.cycle;
    if same_cycle && after.level < state.level { Err("4: the level fell".into()) } else { Ok(()) }
}

fn folding_gives_the_state(step: &Step) -> Result<(), String> {
    let folded = Complaint::replay(&step.events);
    if folded != step.after {
        return Err("5: folding the events does not give the state".into());
    }
    let kept = serde_json::to_string(&folded).map_err(|error| error.to_string())?;
    let restored: Complaint = serde_json::from_str(&kept).map_err(|error| error.to_string())?;
    if restored == folded { Ok(()) } else { Err("5: a state that was kept comes back changed".into()) }
}

/// Held and unheld intervals, told from the facts alone, leave no gap, and end with the holder the state names.
fn holding_adds_up_to_the_life(events: &[Event]) -> Result<(), String> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
    let mut holder = None;
    let (mut held, mut unheld) = (TimeDelta::zero(), TimeDelta::zero());
    for pair in events.windows(2) {
        match &pair[0].fact {
            Fact::Dispositioned { to, .. } => holder = Some(to),
            Fact::Returned { .. } | Fact::Closed { .. } => holder = None,
            _ => {}
        }
        let interval = pair[1].recorded_at() - pair[0].recorded_at();
        if interval < TimeDelta::zero() {
            return Err("10: time runs backwards between two events".into());
        }
        *(if holder.is_some() { &mut held } else { &mut unheld }) += interval;
    }
    match &last.fact {
        Fact::Dispositioned { to, .. } => holder = Some(to),
        Fact::Returned { .. } | Fact::Closed { .. } => holder = None,
        _ => {}
    }
    let state = Complaint::replay(events);
    if state.holding.as_ref().map(|holding| &holding.agency) != holder {
        return Err("10: the state names another holder than the facts".into());
    }
    let life = last.recorded_at() - first.recorded_at();
    if held + unheld == life { Ok(()) } else { Err("10: holding and unheld time do not add up to the life".into()) }
}

fn no_sealed_text(event: &Event) -> Result<(), String> {
    let stored = serde_json::to_string(event).map_err(|error| error.to_string())?;
    if stored.contains(CANARY) { Err("13: a sealed text stands in an event".into()) } else { Ok(()) }
}
