//! The timeline of a complaint: its events, each with what it did to the clocks, and who held it from when to when.

use std::sync::Arc;

use aduan::calendar::{Calendar, Unit, WorkingCalendar};
use aduan::clock::{Clock, ClockChange, Margin, What};
use aduan::complaint::Complaint;
use aduan::engine::Recorded;
use aduan::event::{Context, Level};
use aduan::rules::Rules;
use aduan::values::{AgencyCode, ComplaintId, DocumentRef, LedgerId, Moment, WIB};
use chrono::{DateTime, Utc};

use super::lane::{self, Lane};
use super::texts::Texts;
use crate::edge::Instant;
use crate::page::names::Names;

/// Of what, and from when, a timeline is told.
pub(super) struct Look {
    pub(super) ledger: LedgerId,
    pub(super) complaint: ComplaintId,
    pub(super) now: Instant,
    pub(super) as_known: Option<Instant>,
    /// Events that were recorded after that.
    pub(super) later: usize,
    /// Whether sealed values were to be opened.
    pub(super) is_revealed: bool,
}

/// A complaint's life as it was recorded.
pub(super) struct Timeline {
    pub(super) look: Look,
    pub(super) entries: Vec<Entry>,
    /// Every clock there was, in the order in which they started.
    pub(super) lanes: Vec<Lane>,
    pub(super) holdings: Vec<Held>,
    pub(super) levels: Vec<Raised>,
    /// Where it stands after the last event.
    pub(super) complaint: Complaint,
    pub(super) rules: Arc<Rules>,
    pub(super) names: Names,
    /// In the zone the complaint came in.
    pub(super) now: Moment,
}

/// An event with what it did.
pub(super) struct Entry {
    pub(super) recorded: Recorded,
    /// Its sealed values.
    pub(super) texts: Texts,
    pub(super) changes: Vec<Change>,
    /// The policy and calendar, where they are not those of the event before.
    pub(super) rebound: Option<[DocumentRef; 2]>,
    /// Which life the complaint lived after it.
    pub(super) cycle: u32,
}

/// One thing an event did to a clock, and how far from its due time it stopped.
pub(super) struct Change {
    pub(super) change: ClockChange,
    pub(super) margin: Option<Margin>,
}

/// Somebody held the complaint.
pub(super) struct Held {
    pub(super) agency: AgencyCode,
    pub(super) disposition: u32,
    pub(super) cycle: u32,
    pub(super) from: Moment,
    /// None while they hold it.
    pub(super) until: Option<DateTime<Utc>>,
}

/// A stretch of time on a level of the ladder above the officer's.
pub(super) struct Raised {
    pub(super) level: Level,
    pub(super) from: DateTime<Utc>,
    pub(super) until: Option<DateTime<Utc>>,
}

impl Entry {
    /// An event, nothing yet told of what it did.
    pub(super) fn new(recorded: Recorded, texts: Texts) -> Self {
        Entry { recorded, texts, changes: Vec::new(), rebound: None, cycle: 0 }
    }

    /// Its number in the history, from 1.
    pub(super) fn number(&self) -> u64 {
        self.recorded.record.sequence
    }
}

impl Timeline {
    /// Replays the events, and notes what each of them changed. There is at least one.
    pub(super) fn of(look: Look, entries: Vec<Entry>, rules: Arc<Rules>) -> Self {
        let mut complaint = Complaint::default();
        // The zone it came in, which is the tenant's unless an import says otherwise.
        let zone = entries.first().map_or(WIB, |entry| entry.recorded.event.occurred_at.zone);
        let mut told = Timeline {
            now: look.now.in_zone(zone),
            names: Names::on(Arc::clone(&rules), look.now.0.date_naive()),
            look,
            entries: Vec::with_capacity(entries.len()),
            lanes: Vec::new(),
            holdings: Vec::new(),
            levels: Vec::new(),
            complaint: Complaint::default(),
            rules,
        };
        for mut entry in entries {
            let event = &entry.recorded.event;
            let context = &event.context;
            let changes = ClockChange::of(&complaint.clocks, event);
            complaint.evolve(event);
            let at = event.occurred_at;
            told.note_holder(&complaint, at);
            told.note_level(complaint.level, at.at);
            for change in &changes {
                let days = days(&told.rules, context, change.after.agency.as_ref());
                lane::note(&mut told.lanes, change, &complaint, days);
            }
            entry.changes = changes.into_iter().map(|change| told.with_margin(change, context)).collect();
            let documents = [context.policy.clone(), context.calendar.clone()];
            let last = told.entries.last().map(|last| &last.recorded.event.context);
            let is_new = last.is_none_or(|last| [&last.policy, &last.calendar] != [&documents[0], &documents[1]]);
            entry.rebound = is_new.then_some(documents);
            entry.cycle = complaint.cycle;
            told.entries.push(entry);
        }
        told.complaint = complaint;
        told
    }

    /// The first event.
    pub(super) fn first(&self) -> Option<&Recorded> {
        self.entries.first().map(|entry| &entry.recorded)
    }

    /// The calendar that bound it last, and for which unit the tenant reads it.
    pub(super) fn calendar(&self) -> Option<(&Calendar, Unit<'_>)> {
        let bound = self.complaint.bound.as_ref()?;
        let policy = self.rules.policy(&bound.policy)?;
        let directory = self.rules.directory_on(self.now.date());
        let unit = self.rules.unit(&bound.calendar, policy, directory, None)?;
        Some((self.rules.calendar(&bound.calendar)?, unit))
    }

    /// The working days of an agency (none: of the tenant), under the rules that bound the complaint last.
    pub(super) fn days_of(&self, agency: Option<&AgencyCode>) -> Option<&WorkingCalendar> {
        days(&self.rules, &self.entries.last()?.recorded.event.context, agency)
    }

    /// How far `now` lies from the due time of a clock that is open.
    pub(super) fn margin_now(&self, clock: &Clock) -> Option<Margin> {
        clock.is_open().then(|| Some(clock.margin(self.now.at, self.days_of(clock.agency.as_ref())?)))?
    }

    fn with_margin(&self, change: ClockChange, context: &Context) -> Change {
        let is_verdict = matches!(change.what, What::Met | What::Missed);
        let days = days(&self.rules, context, change.after.agency.as_ref()).filter(|_| is_verdict);
        Change { margin: days.map(|days| change.after.margin(change.at, days)), change }
    }

    fn note_holder(&mut self, complaint: &Complaint, at: Moment) {
        let now = complaint.holding.as_ref();
        let open = self.holdings.last_mut().filter(|held| held.until.is_none());
        if open.as_ref().map(|held| held.disposition) == now.map(|holding| holding.number) {
            return;
        }
        if let Some(held) = open {
            held.until = Some(at.at);
        }
        self.holdings.extend(now.map(|holding| Held {
            agency: holding.agency.clone(),
            disposition: holding.number,
            cycle: complaint.cycle,
            from: at,
            until: None,
        }));
    }

    fn note_level(&mut self, level: Level, at: DateTime<Utc>) {
        let open = self.levels.last_mut().filter(|raised| raised.until.is_none());
        if open.as_ref().map_or(Level::default(), |raised| raised.level) == level {
            return;
        }
        if let Some(raised) = open {
            raised.until = Some(at);
        }
        if level > Level::default() {
            self.levels.push(Raised { level, from: at, until: None });
        }
    }
}

/// The working days of an agency (none: of the tenant) under the rules of an event, where they are at hand.
fn days<'r>(rules: &'r Rules, context: &Context, agency: Option<&AgencyCode>) -> Option<&'r WorkingCalendar> {
    let policy = rules.policy(&context.policy)?;
    rules.working(&context.calendar, policy, rules.directory_on(policy.zone.date(context.recorded_at)), agency)
}
