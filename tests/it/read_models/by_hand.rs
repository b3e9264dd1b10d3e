//! Figures counted a second time, the long way round: from whole complaints, before and after each event.

use std::collections::BTreeMap;

use aduan::clock::{Clock, ClockState};
use aduan::complaint::Complaint;
use aduan::event::{Closure, Event, Fact, ResponseKind};
use aduan::figures::{By, Scope, Took};
use aduan::statistics::Histogram;
use aduan::values::{AgencyCode, Moment, Month, WIB};
use aduan_testkit::town::Town;
use chrono::TimeDelta;

use super::{Portal, RULES, last_instant, towns};

/// Of whom a figure tells, in the terms of its own time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Of {
    agency: String,
    class: &'static str,
    month: String,
}

#[derive(Default)]
struct ByHand {
    /// Met, missed, cancelled.
    verdicts: BTreeMap<Of, [u64; 3]>,
    closed: BTreeMap<Of, BTreeMap<&'static str, u64>>,
    dispositions: BTreeMap<Of, u64>,
    returns: BTreeMap<Of, u64>,
    resolution: BTreeMap<Of, Histogram>,
    holding: BTreeMap<Of, Histogram>,
}

impl ByHand {
    fn of(town: &Town) -> Self {
        let mut hand = ByHand::default();
        for (id, _) in town.complaints() {
            let of_it = town.log.iter().filter(|entry| entry.record.complaint == id);
            let mut complaint = Complaint::default();
            let mut cycle_on = None;
            for event in of_it.map(|entry| entry.record.event().unwrap()) {
                let before = complaint.clone();
                complaint.evolve(&event);
                if matches!(event.fact, Fact::Received(_) | Fact::Reopened { .. }) {
                    cycle_on = Some(day(&event));
                }
                hand.take(&before, &event, &complaint, cycle_on.unwrap());
            }
        }
        hand
    }

    fn take(&mut self, before: &Complaint, event: &Event, after: &Complaint, cycle_on: chrono::NaiveDate) {
        let holder = before.holding.as_ref().map(|held| &held.agency);
        let of = |agency: Option<&AgencyCode>, month: Month| Of {
            agency: agency.map_or(String::new(), AgencyCode::to_string),
            class: after.class().name(),
            month: month.to_string(),
        };
        let now = Month::of(day(event));
        for clock in event.fact.clocks().iter().filter(|clock| !clock.is_open() && !clock.kind.is_window()) {
            let (place, month) = match clock.state {
                ClockState::Met(at) => (0, Month::of(WIB.date(at))),
                ClockState::Missed(at) => (1, Month::of(WIB.date(at))),
                _ => (2, now),
            };
            self.verdicts.entry(of(owner(clock, holder), month)).or_default()[place] += 1;
        }
        let days = RULES.tenant_days(&event.context.calendar, RULES.policy(&event.context.policy).unwrap()).unwrap();
        let loses = matches!(event.fact, Fact::Dispositioned { .. } | Fact::Returned { .. } | Fact::Closed { .. });
        if let Some(held) = before.holding.as_ref().filter(|_| loses) {
            let held_for = days.count(WIB.date(held.since.at), day(event));
            self.holding.entry(of(Some(&held.agency), now)).or_default().add(held_for.into(), 1);
        }
        match &event.fact {
            Fact::Dispositioned { to, .. } => *self.dispositions.entry(of(Some(to), now)).or_default() += 1,
            Fact::Returned { from, .. } => *self.returns.entry(of(Some(from), now)).or_default() += 1,
            Fact::Closed { closure, .. } => {
                let answered_by = before.answer.as_ref().and_then(|answer| answer.agency.as_ref());
                let whose = of(answered_by.or(holder), now);
                *self.closed.entry(whose.clone()).or_default().entry(closure.name()).or_default() += 1;
                if let (Closure::Resolved { .. }, Some(answer)) = (closure, &before.answer) {
                    let took = days.count(cycle_on, WIB.date(answer.at.at));
                    self.resolution.entry(whose).or_default().add(took.into(), 1);
                }
            }
            Fact::Responded { kind: ResponseKind::Final(_), .. } => assert!(after.answer.is_some()),
            _ => {}
        }
    }
}

/// Whoever owes what a clock measures: verifying is nobody's disposition.
fn owner<'a>(clock: &'a Clock, holder: Option<&'a AgencyCode>) -> Option<&'a AgencyCode> {
    let is_intake = clock.kind == aduan::clock::ClockKind::Verification;
    clock.agency.as_ref().or(holder.filter(|_| !is_intake))
}

fn day(event: &Event) -> chrono::NaiveDate {
    WIB.date(event.occurred_at.at)
}

/// The same figures, by one of the three.
fn by<T: Clone>(counted: &BTreeMap<Of, T>, by: By, mut add: impl FnMut(&mut T, &T)) -> BTreeMap<String, T> {
    let mut groups: BTreeMap<String, T> = BTreeMap::new();
    for (of, figures) in counted {
        let name = match by {
            By::Agency => of.agency.clone(),
            By::Class => of.class.to_owned(),
            _ => of.month.clone(),
        };
        match groups.get_mut(&name) {
            Some(group) => add(group, figures),
            None => drop(groups.insert(name, figures.clone())),
        }
    }
    groups
}

fn took(days: &Histogram) -> Option<Took> {
    Some(Took { cases: days.count(), median: days.quantile(50)?, p90: days.quantile(90)? })
}

fn add_all(all: &mut Histogram, more: &Histogram) {
    // Histograms are told value by value: the smallest that is above the last.
    let mut last = None;
    while let Some(value) = (last.map_or(0, |last| last + 1)..=1_000).find(|value| more.of(*value) > 0) {
        all.add(value, more.of(value));
        last = Some(value);
    }
}

#[tokio::test]
async fn each_figure_belongs_to_who_and_when_it_says() {
    let mut seen = [0; 4];
    for town in towns(150, 150) {
        let hand = ByHand::of(&town);
        let portal = Portal::of(&town.log).await;
        let view = portal.view().await;
        let now = Moment::new(last_instant(&town) + TimeDelta::days(400), WIB).unwrap();
        // Far ahead, so that what runs still lies in a month of its own.
        let scope = Scope { until: Some(Month::of(now.date()).previous()), ..Scope::default() };
        for group in [By::Agency, By::Class, By::Month] {
            let sla = view.sla(&scope, Some(group), now).await.unwrap();
            let verdicts = by(&hand.verdicts, group, |all, more| (0..3).for_each(|place| all[place] += more[place]));
            let told: BTreeMap<String, [u64; 3]> = sla
                .lines
                .iter()
                .map(|line| (line.name.clone(), [line.met, line.missed, line.cancelled]))
                .filter(|(_, counts)| *counts != [0; 3])
                .collect();
            assert_eq!(told, verdicts, "{group:?}");
            for (measured, of) in [(&hand.resolution, 0), (&hand.holding, 1)] {
                let expected = by(measured, group, add_all);
                for line in &sla.lines {
                    let told = if of == 0 { &line.resolution } else { &line.holding };
                    assert_eq!(*told, expected.get(&line.name).and_then(took), "{group:?} {}", line.name);
                }
            }
            let trend = view.trend(&scope, Some(group), now).await.unwrap();
            let closed = by(&hand.closed, group, |all, more| {
                more.iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
            });
            for line in &trend.lines {
                let told = [
                    ("resolved_confirmed", line.closed.resolved_confirmed),
                    ("resolved_silence", line.closed.resolved_silence),
                    ("resolved_administrative", line.closed.resolved_administrative),
                    ("declined", line.closed.declined),
                    ("withdrawn", line.closed.withdrawn),
                    ("duplicate", line.closed.duplicate),
                ];
                let told: BTreeMap<_, _> = told.into_iter().filter(|(_, count)| *count > 0).collect();
                assert_eq!(told, closed.get(&line.name).cloned().unwrap_or_default(), "{group:?} {}", line.name);
            }
            let routing = view.routing(&scope, Some(group)).await.unwrap();
            let sums = |counted| by(counted, group, |all: &mut u64, more| *all += more);
            let (dispositions, returns) = (sums(&hand.dispositions), sums(&hand.returns));
            for line in &routing.lines {
                let of = |sums: &BTreeMap<String, u64>| sums.get(&line.name).copied().unwrap_or(0);
                assert_eq!((line.dispositions, line.returned), (of(&dispositions), of(&returns)), "{}", line.name);
            }
            let total = |sums: BTreeMap<String, u64>| sums.values().sum::<u64>();
            assert_eq!(routing.total.dispositions, total(dispositions));
            seen[0] += sla.total.met + sla.total.missed;
            seen[1] += trend.total.closed.sum();
            seen[2] += routing.total.returned;
            seen[3] += sla.total.resolution.map_or(0, |took| took.cases);
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "the sample has enough of each: {seen:?}");
}
