//! Evidence of a year: every verdict and every number, derived from the log anew, each with the positions it rests on.
//!
//! [`Evidence`] reads a log once, entry by entry, and knows neither store nor read models: that its numbers equal
//! theirs is a test, not an assumption. Names are those of the figures, so that both can be laid side by side. What an
//! inspection found wrong marks exactly the numbers that rest on it.

mod claim;
mod counting;
mod faults;
mod life;
mod number;
mod pack;
mod positions;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate};

pub use self::claim::{Answer, Claim, ClaimError, Verdict as ClaimVerdict};
use self::counting::Counts;
use self::faults::Faults;
use self::life::{Ended, Life};
pub use self::number::{DEFINED, Defined, Number, Value};
pub use self::pack::{
    ASKED_BY, AskedBy, Checkpoint, ELSEWHERE, Elsewhere, FORMAT, Pack, ToldDoubt, ToldProblem, VerdictRow, Whose,
};
pub use self::positions::Positions;
use crate::audit::verdicts::{Clause, Doubt};
use crate::calendar::WorkingCalendar;
use crate::clock::{Clock, ClockKind, Limit};
use crate::complaint::{Bound, Complaint};
use crate::event::Event;
use crate::inspect::Report;
use crate::policy::Policy;
use crate::rules::Rules;
use crate::store::Entry;
use crate::values::{AgencyCode, ComplaintId, Digest, DocumentRef, Moment, Position};

/// What evidence is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The year, as the tenant counts.
    pub year: i32,
    /// Only what this agency answered for then.
    pub agency: Option<AgencyCode>,
    /// The time to look from, in the tenant's zone: what runs and is late is asked of it.
    pub now: Moment,
    /// Fewer ratings than that are withheld, so that nobody's own can be read off.
    pub fewest: u64,
}

impl Question {
    fn holds(&self, date: NaiveDate) -> bool {
        date.year() == self.year
    }

    fn concerns(&self, agency: Option<&AgencyCode>) -> bool {
        self.agency.as_ref().is_none_or(|asked| Some(asked) == agency)
    }
}

/// Reads a log, and keeps what the numbers of a year rest on.
///
/// ```
/// use aduan::evidence::{Evidence, Question};
/// use aduan::inspect::Inspector;
/// use aduan::values::{LedgerId, Moment, WIB};
///
/// let now = Moment::parse("2024-12-31T23:59:59+07:00", WIB)?;
/// let evidence = Evidence::new(Question { year: 2024, agency: None, now, fewest: 5 });
/// // For each entry of the log: `evidence.read(entry, &complaint_before, &event, &rules)`.
/// let report = Inspector::new(LedgerId::new("mojokerto")?).finish(None);
/// let pack = evidence.finish(&report, Vec::new(), None);
/// assert!(pack.stands);
/// assert_eq!(pack.number("trend.received").and_then(|number| number.value.as_ref()?.count()), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Evidence {
    question: Question,
    lives: BTreeMap<ComplaintId, Life>,
    counts: Counts,
    rows: Vec<Row>,
    clauses: Clauses,
    policies: BTreeSet<DocumentRef>,
    calendars: BTreeSet<DocumentRef>,
    directories: BTreeSet<DocumentRef>,
    /// What could not be counted, for want of documents, or because nobody can read it.
    faults: Faults,
}

/// A verdict that was counted, before anybody knows whether it stands.
struct Row {
    complaint: ComplaintId,
    ended: Ended,
    agency: Option<AgencyCode>,
    clause: Option<usize>,
}

/// One entry, and when it happened as the tenant counts.
#[derive(Clone, Copy)]
struct Occasion<'a> {
    position: Position,
    event: &'a Event,
    before: &'a Complaint,
    policy: &'a Policy,
    days: &'a WorkingCalendar,
    on: NaiveDate,
}

impl Evidence {
    /// Nothing yet.
    pub fn new(question: Question) -> Self {
        Evidence {
            question,
            lives: BTreeMap::new(),
            counts: Counts::default(),
            rows: Vec::new(),
            clauses: Clauses::default(),
            policies: BTreeSet::new(),
            calendars: BTreeSet::new(),
            directories: BTreeSet::new(),
            faults: Faults::default(),
        }
    }

    /// Reads the next entry; `before` is its complaint as the events in front of it make it.
    ///
    /// `rules` hold the documents that the event names: [`Rules::from_documents`]. An event whose documents are not at
    /// hand is not counted, and nothing of its complaint stands from there on.
    pub fn read(&mut self, entry: &Entry, before: &Complaint, event: &Event, rules: &Rules) {
        let position = entry.position;
        self.note_link(entry).note_secrecy(&event.fact);
        self.note_documents(event);
        let context = &event.context;
        let policy = rules.policy(&context.policy);
        let days = policy.and_then(|policy| rules.tenant_days(&context.calendar, policy));
        let (Some(policy), Some(days)) = (policy, days) else {
            return self.faults.add_complaint(entry.record.complaint, position);
        };
        let on = policy.zone.date(event.occurred_at.at);
        let occasion = Occasion { position, event, before, policy, days, on };
        let life = self.lives.entry(entry.record.complaint).or_default();
        let judged = life.take(&occasion, &self.question, &mut self.counts);
        for (ended, agency) in judged {
            let clause = self.clauses.place_of(&ended.clock, event, rules);
            self.rows.push(Row { complaint: entry.record.complaint, ended, agency, clause });
        }
        life.note_clauses(|clock| self.clauses.place_of(clock, event, rules));
    }

    /// Notes an entry that nobody can read: nothing of its complaint stands from there on.
    pub fn unreadable(&mut self, entry: &Entry) {
        self.note_link(entry);
        self.faults.add_complaint(entry.record.complaint, entry.position);
    }

    /// Ends the reading. `report` is what an inspection found of the same entries, `doubts` what a
    /// [`Judge`](crate::audit::verdicts::Judge) did.
    pub fn finish(mut self, report: &Report, doubts: Vec<Doubt>, checkpoint: Option<Checkpoint>) -> Pack {
        let mut running = Vec::new();
        for (complaint, life) in &self.lives {
            let owed = life.finish(&self.question, &mut self.counts);
            running.extend(owed.into_iter().map(|(ended, agency, clause)| Row {
                complaint: *complaint,
                ended,
                agency,
                clause,
            }));
        }
        self.rows.extend(running);
        self.faults.add(report, &doubts);
        pack::of(self, report, doubts, checkpoint)
    }

    /// A record that does not follow the one before it: nobody can say which of the two is not as it was.
    fn note_link(&mut self, entry: &Entry) -> &mut Life {
        let life = self.lives.entry(entry.record.complaint).or_default();
        let follows = life.head.is_none_or(|head| head == entry.record.prev);
        if let Some(last) = life.positions.last().filter(|_| !follows) {
            self.faults.add_complaint(entry.record.complaint, last);
        }
        life.head = Some(entry.record.hash);
        life.positions.add(entry.position);
        life
    }

    fn note_documents(&mut self, event: &Event) {
        let context = &event.context;
        let kinds = [
            (&mut self.policies, &context.policy),
            (&mut self.calendars, &context.calendar),
            (&mut self.directories, &context.directory),
        ];
        for (known, named) in kinds {
            if !known.contains(named) {
                known.insert(named.clone());
            }
        }
    }
}

/// The clauses that verdicts rest on: there are few, and each is kept once.
#[derive(Default)]
struct Clauses {
    /// What tells them apart: clock, limit, and the hashes of policy and calendar.
    keys: Vec<(ClockKind, Limit, Digest, Digest)>,
    clauses: Vec<Clause>,
}

impl Clauses {
    fn place_of(&mut self, clock: &Clock, event: &Event, rules: &Rules) -> Option<usize> {
        let (policy, calendar) = (&event.context.policy, &event.context.calendar);
        let limit = match clock.limit {
            // Every promise is another one; what it rests on is the same.
            Limit::Promise(_) => Limit::Promise(DateTime::UNIX_EPOCH),
            limit => limit,
        };
        let key = (clock.kind, limit, policy.hash, calendar.hash);
        let known = self.keys.iter().rposition(|known| *known == key);
        known.or_else(|| {
            let bound = Bound { policy: policy.clone(), calendar: calendar.clone() };
            self.clauses.push(Clause::of(clock, &bound, rules)?);
            self.keys.push(key);
            Some(self.keys.len() - 1)
        })
    }
}
