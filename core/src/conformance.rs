//! Conformance: which events of a process, ours or another system's, break the rules of this lifecycle.
//!
//! A foreign log tells of a case, an activity and a time, and of little else. What it can break is named in [`RULES`].
//! Where a complaint stands follows from [`Complaint::evolve`], and what is lawful there from [`LAWFUL`]: the very
//! fold and the very table that decide here.

use chrono::{DateTime, Utc};

use crate::actor::Role;
use crate::complaint::{Complaint, LAWFUL, Stage};
use crate::event::{
    Basis, Class, Classification, Closure, Context, DeclineReason, ErasureBasis, Event, Fact, Level, Note, Outcome,
    Part, Priority, Provenance, Received, ReopenReason, ReplyKind, ResponseKind, Trigger,
};
use crate::values::{
    AgencyCode, Category, Channel, CommandId, Digest, DocumentRef, Moment, Salt, Score, TrackingNumber, Visibility, WIB,
};

/// An enum and the table of its rows, from one list: no variant is without a row, and no row without a variant.
macro_rules! tabled {
    (
        $(#[$of_kind:meta])* $kind:ident;
        $(#[$of_table:meta])* $table:ident;
        $($variant:ident, $name:literal, $about:literal;)+
    ) => {
        $(#[$of_kind])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $kind {
            $(#[doc = concat!("`", $name, "`: ", $about)] $variant,)+
        }

        $(#[$of_table])*
        pub const $table: [($kind, &str, &str); [$($name),+].len()] = [$(($kind::$variant, $name, $about)),+];

        impl $kind {
            fn row(self) -> &'static ($kind, &'static str, &'static str) {
                match self {
                    $($kind::$variant => &($kind::$variant, $name, $about),)+
                }
            }
        }
    };
}

tabled! {
    /// What an event is in the words of this lifecycle: a fact, and of which kind where a rule tells kinds apart.
    ///
    /// ```
    /// use aduan::conformance::Activity;
    /// assert_eq!(Activity::named("Closed.declined"), Some(Activity::Declined));
    /// assert_eq!(Activity::named("Closed"), Some(Activity::Resolved), "a fact alone is its usual kind");
    /// assert_eq!(Activity::Declined.name(), "Closed.declined");
    /// ```
    Activity;
    /// Every activity, with its name and the command that leads to it: a row of [`LAWFUL`].
    ACTIVITIES;
    Received,            "Received",            "Receive";
    Verified,            "Verified",            "Verify";
    Reclassified,        "Reclassified",        "Reclassify";
    Dispositioned,       "Dispositioned",       "Dispose";
    Returned,            "Returned",            "Return";
    AnsweredInterim,     "Responded.interim",   "Respond";
    Answered,            "Responded.final",     "Respond";
    Accepted,            "Replied.accept",      "Reply";
    Contested,           "Replied.contest",     "Reply";
    Commented,           "Replied.comment",     "Reply";
    InfoRequested,       "InfoRequested",       "RequestInfo";
    InfoProvided,        "InfoProvided",        "ProvideInfo";
    InfoLapsed,          "InfoLapsed",          "Lapse";
    Resolved,            "Closed.resolved",     "Close";
    Declined,            "Closed.declined",     "Decline";
    Withdrawn,           "Closed.withdrawn",    "Withdraw";
    Duplicate,           "Closed.duplicate",    "MarkDuplicate";
    Reopened,            "Reopened",            "Reopen";
    Rated,               "Rated",               "Rate";
    Escalated,           "Escalated",           "Escalate";
    Extended,            "Extended",            "Extend";
    VisibilityChanged,   "VisibilityChanged",   "ChangeVisibility";
    Annotated,           "Annotated",           "Annotate";
    Erased,              "Erased",              "Erase";
    DeadlinesRecomputed, "DeadlinesRecomputed", "Recompute";
}

impl Activity {
    /// The name of the fact, with its kind behind a dot where there are several.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The activity of that name. The name of a fact alone means a final answer, a comment, a resolution.
    pub fn named(name: &str) -> Option<Self> {
        let usual = match name {
            "Responded" => Some(Activity::Answered),
            "Replied" => Some(Activity::Commented),
            "Closed" => Some(Activity::Resolved),
            _ => None,
        };
        usual.or_else(|| ACTIVITIES.iter().find(|row| row.1 == name).map(|row| row.0))
    }

    /// What a fact of ours is.
    pub fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Received(_) => Activity::Received,
            Fact::Verified { .. } => Activity::Verified,
            Fact::Reclassified { .. } => Activity::Reclassified,
            Fact::Dispositioned { .. } => Activity::Dispositioned,
            Fact::Returned { .. } => Activity::Returned,
            Fact::Responded { kind: ResponseKind::Interim, .. } => Activity::AnsweredInterim,
            Fact::Responded { kind: ResponseKind::Final(_), .. } => Activity::Answered,
            Fact::Replied { kind: ReplyKind::Accept, .. } => Activity::Accepted,
            Fact::Replied { kind: ReplyKind::Contest, .. } => Activity::Contested,
            Fact::Replied { kind: ReplyKind::Comment, .. } => Activity::Commented,
            Fact::InfoRequested { .. } => Activity::InfoRequested,
            Fact::InfoProvided { .. } => Activity::InfoProvided,
            Fact::InfoLapsed { .. } => Activity::InfoLapsed,
            Fact::Closed { closure: Closure::Resolved { .. }, .. } => Activity::Resolved,
            Fact::Closed { closure: Closure::Declined { .. }, .. } => Activity::Declined,
            Fact::Closed { closure: Closure::Withdrawn, .. } => Activity::Withdrawn,
            Fact::Closed { closure: Closure::Duplicate { .. }, .. } => Activity::Duplicate,
            Fact::Reopened { .. } => Activity::Reopened,
            Fact::Rated { .. } => Activity::Rated,
            Fact::Escalated { .. } => Activity::Escalated,
            Fact::Extended { .. } => Activity::Extended,
            Fact::VisibilityChanged { .. } => Activity::VisibilityChanged,
            // What a ledger says of itself is a note beside every course of things.
            Fact::Annotated { .. } | Fact::Forked { .. } => Activity::Annotated,
            Fact::Erased { .. } => Activity::Erased,
            Fact::DeadlinesRecomputed { .. } => Activity::DeadlinesRecomputed,
        }
    }

    fn is_closing(self) -> bool {
        use Activity::*;
        matches!(self, Resolved | Declined | Withdrawn | Duplicate)
    }

    fn is_answer(self) -> bool {
        matches!(self, Activity::AnsweredInterim | Activity::Answered)
    }

    fn is_reply(self) -> bool {
        matches!(self, Activity::Accepted | Activity::Contested | Activity::Commented)
    }

    /// Whether [`LAWFUL`] has it at a stage.
    fn is_lawful_at(self, stage: Stage) -> bool {
        let command = self.row().2;
        LAWFUL.iter().any(|row| row.command == command && row.from <= stage && stage <= row.to)
    }
}

tabled! {
    /// A rule that a log can break.
    Rule;
    /// Every rule with its name and what it asks, in the order of a complaint's life.
    RULES;
    ReceivedFirst,           "received-first",            "A case begins with its receipt.";
    ReceivedOnce,            "received-once",             "A case is received once.";
    VerifiedOnce,            "verified-once",             "A complaint is verified once in a cycle, before anything is done about it.";
    VerifiedBeforeDisposed,  "verified-before-disposed",  "An agency is told to act only on what was verified.";
    HolderAnswers,           "holder-answers",            "Only an agency that holds the complaint by a disposition answers it.";
    HolderReturns,           "holder-returns",            "Only an agency that holds the complaint and has not answered for good gives it back.";
    AnsweredBeforeContested, "answered-before-contested", "A contest follows a final answer.";
    AskedBeforeAnswered,     "asked-before-answered",     "Information answers, and a lapse ends, a question that is open.";
    OneQuestionAtATime,      "one-question-at-a-time",    "The complainant is asked nothing while a question is open.";
    AnsweredBeforeResolved,  "answered-before-resolved",  "A complaint is closed as resolved only on a final answer that stands.";
    DeclinedBeforeDisposed,  "declined-before-disposed",  "A complaint is declined before an agency is told to act, not after.";
    ClosedOnce,              "closed-once",               "What is closed is not closed again unless it was reopened.";
    EndsWithClosing,         "ends-with-closing",         "After its closing a complaint is at most rated, annotated, escalated to the Ombudsman or reopened.";
    ClosedBeforeRated,       "closed-before-rated",       "A rating follows the closing.";
    RatedOnce,               "rated-once",                "A cycle is rated at most once.";
    ClosedBeforeReopened,    "closed-before-reopened",    "Only what is closed is reopened.";
    InTurn,                  "in-turn",                   "Every other event has its stages, and stands in none of them here.";
    TimeGoesForward,         "time-goes-forward",         "No event is earlier than the one in front of it.";
}

impl Rule {
    /// The name by which reports know it.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it asks, in one sentence.
    pub fn asks(self) -> &'static str {
        self.row().2
    }
}

/// A case that is judged event by event.
///
/// An event that breaks a rule still happened: those behind it are judged from where it led.
///
/// ```
/// use aduan::conformance::{Activity, Case, Rule};
/// let mut case = Case::new();
/// assert!(case.take(Activity::Received, None).is_empty());
/// assert_eq!(case.take(Activity::Answered, None), [Rule::HolderAnswers]);
/// assert!(case.take(Activity::Resolved, None).is_empty(), "it was answered, by whomever");
/// assert_eq!(case.take(Activity::Resolved, None), [Rule::ClosedOnce]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Case {
    state: Complaint,
    last_at: Option<DateTime<Utc>>,
    /// Whether the last event reopened it: a contest that came late stands right behind.
    was_reopened: bool,
}

impl Case {
    /// A case of which nothing is told yet.
    pub fn new() -> Self {
        Case::default()
    }

    /// Takes the next event, and says which rules it breaks. A time that the log does not tell is not judged.
    pub fn take(&mut self, activity: Activity, at: Option<DateTime<Utc>>) -> Vec<Rule> {
        let mut broken: Vec<Rule> = self.broken(activity).into_iter().collect();
        if let Some(at) = at {
            broken.extend(self.last_at.is_some_and(|last| at < last).then_some(Rule::TimeGoesForward));
            self.last_at = self.last_at.max(Some(at));
        }
        self.was_reopened = activity == Activity::Reopened;
        let fact = fact(activity, &self.state);
        self.state.evolve(&event(fact, at.unwrap_or_default()));
        broken
    }

    /// The stage rule that an activity breaks where the case stands.
    fn broken(&self, activity: Activity) -> Option<Rule> {
        use Activity::*;
        let Complaint { stage, holding, question, .. } = &self.state;
        let is_held = holding.is_some();
        let is_lawful = activity.is_lawful_at(*stage);
        match activity {
            Received => self.state.intake.is_some().then_some(Rule::ReceivedOnce),
            _ if *stage == Stage::New => Some(Rule::ReceivedFirst),
            Rated if *stage != Stage::Closed => Some(Rule::ClosedBeforeRated),
            Rated => self.state.rating().is_some().then_some(Rule::RatedOnce),
            Reopened => (!is_lawful).then_some(Rule::ClosedBeforeReopened),
            _ if activity.is_reply() && self.was_reopened => None,
            _ if activity.is_closing() && *stage == Stage::Closed => Some(Rule::ClosedOnce),
            _ if *stage == Stage::Closed && !is_lawful => Some(Rule::EndsWithClosing),
            Resolved => (!is_lawful).then_some(Rule::AnsweredBeforeResolved),
            Declined => (!is_lawful).then_some(Rule::DeclinedBeforeDisposed),
            Verified => (!is_lawful).then_some(Rule::VerifiedOnce),
            Dispositioned if *stage == Stage::Received => Some(Rule::VerifiedBeforeDisposed),
            Returned => (!is_lawful || !is_held).then_some(Rule::HolderReturns),
            Contested if *stage < Stage::Responded => Some(Rule::AnsweredBeforeContested),
            InfoRequested if question.is_some() => Some(Rule::OneQuestionAtATime),
            InfoProvided | InfoLapsed => question.is_none().then_some(Rule::AskedBeforeAnswered),
            _ if activity.is_answer() => (!is_lawful || !is_held).then_some(Rule::HolderAnswers),
            _ => (!is_lawful).then_some(Rule::InTurn),
        }
    }
}

/// A fact of that kind, in line with what the case counts: all that a foreign log leaves open is filled in.
fn fact(activity: Activity, state: &Complaint) -> Fact {
    use Activity::*;
    let (clocks, text) = (Vec::new(), None);
    let agency = || AgencyCode::new("agency").expect("a fixed name");
    let category = || Category::new("category").expect("a fixed name");
    let classification =
        || Classification { category: category(), class: Class::Complaint, priority: Priority::Normal };
    let closed = |closure| Fact::Closed { clocks: Vec::new(), closure, text: None };
    let replied = |kind| Fact::Replied { clocks: Vec::new(), kind, text: None };
    let disposition = state.dispositions;
    match activity {
        Received => received(),
        Verified => {
            Fact::Verified { accused: Vec::new(), classification: classification(), clocks, public_interest: false }
        }
        Reclassified => Fact::Reclassified { clocks, from: classification(), text, to: classification() },
        Dispositioned => {
            let from = state.holding.as_ref().map(|holding| holding.agency.clone());
            Fact::Dispositioned { cc: Vec::new(), clocks, from, number: disposition + 1, text, to: agency() }
        }
        Returned => Fact::Returned { clocks, disposition, from: agency(), suggested: agency(), text },
        AnsweredInterim => Fact::Responded { clocks, disposition, kind: ResponseKind::Interim, text },
        Answered => Fact::Responded { clocks, disposition, kind: ResponseKind::Final(Outcome::Resolved), text },
        Accepted => replied(ReplyKind::Accept),
        Contested => replied(ReplyKind::Contest),
        Commented => replied(ReplyKind::Comment),
        InfoRequested => Fact::InfoRequested { clocks, request: state.questions + 1, text },
        InfoProvided => Fact::InfoProvided { attachments: Vec::new(), clocks, request: state.questions, text },
        InfoLapsed => Fact::InfoLapsed { clocks, request: state.questions },
        Resolved => closed(Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved }),
        Declined => closed(Closure::Declined { reason: DeclineReason::TooGeneral, referred_to: None }),
        Withdrawn => closed(Closure::Withdrawn),
        Duplicate => closed(Closure::Duplicate { of: None }),
        Reopened => Fact::Reopened { clocks, cycle: state.cycle + 1, reason: ReopenReason::NotResolved, text },
        Rated => Fact::Rated { clocks, cycle: state.cycle, score: Score::try_from(3).expect("1 to 5"), text },
        Escalated => {
            Fact::Escalated { clocks, from: state.level, text, to: Level::OMBUDSMAN, trigger: Trigger::ByHand }
        }
        Extended => Fact::Extended { clocks, days: 1, kind: crate::clock::ClockKind::Statutory, text },
        VisibilityChanged => Fact::VisibilityChanged { from: state.visibility, to: state.visibility },
        Annotated => Fact::Annotated { note: Note::Remark, text },
        Erased => Fact::Erased { basis: ErasureBasis::Request, keys: Vec::new() },
        DeadlinesRecomputed => Fact::DeadlinesRecomputed { clocks, text },
    }
}

fn received() -> Fact {
    Fact::Received(Box::new(Received {
        accused: None,
        agency_hint: None,
        area: None,
        attachments: Vec::new(),
        category_hint: None,
        channel: Channel::new("channel").expect("a fixed name"),
        class: Class::Complaint,
        clocks: Vec::new(),
        contact: None,
        coordinates: None,
        owner: None,
        place: None,
        reference: None,
        reference_mac: None,
        reporter: None,
        secret: Digest::default(),
        split_from: None,
        text: None,
        title: None,
        tracking_number: TrackingNumber::from_seed(&[0; 32]),
        visibility: Visibility::Public,
        whistleblowing: false,
    }))
}

fn event(fact: Fact, at: DateTime<Utc>) -> Event {
    let nothing = || DocumentRef { name: "none".into(), version: 1, hash: Digest::default() };
    let context = Context {
        agency: None,
        calendar: nothing(),
        causation: None,
        command: CommandId(uuid::Uuid::nil()),
        correlation: None,
        directory: nothing(),
        key: None,
        mac: None,
        on_behalf: None,
        part: Part { number: 1, of: 1 },
        person: None,
        policy: nothing(),
        recorded_at: at,
        role: Role::Migrator,
        salt: Salt::default(),
    };
    Event { context, fact, occurred_at: Moment { at, zone: WIB }, provenance: Provenance::Native }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules that a course of activities breaks, as `number of the event: rule`, from 1.
    fn broken(course: &str) -> Vec<String> {
        let mut case = Case::new();
        let named = course.split(' ').map(|name| Activity::named(name).unwrap_or_else(|| panic!("no activity {name}")));
        let judged = (1..).zip(named).map(|(number, activity)| (number, case.take(activity, None)));
        let broken: Vec<(usize, Vec<Rule>)> = judged.collect();
        broken.iter().flat_map(|(n, rules)| rules.iter().map(move |rule| format!("{n}: {}", rule.name()))).collect()
    }

    #[test]
    fn the_tables_hold_everything_once() {
        for (activity, name, command) in ACTIVITIES {
            assert_eq!((activity.name(), Activity::named(name)), (name, Some(activity)));
            assert_eq!(Activity::of(&fact(activity, &Complaint::default())), activity);
            assert!(LAWFUL.iter().any(|row| row.command == command), "no command {command}");
            assert!(Fact::NAMES.contains(&name.split('.').next().unwrap_or_default()), "{name}");
        }
        let facts: std::collections::BTreeSet<_> =
            ACTIVITIES.iter().filter_map(|row| row.1.split('.').next()).collect();
        // What a ledger says of itself is of no case.
        assert_eq!(facts.len(), Fact::NAMES.iter().filter(|name| **name != "Forked").count());
        for (rule, name, asks) in RULES {
            assert_eq!((rule.name(), rule.asks()), (name, asks));
        }
    }

    #[test]
    fn a_usual_life_breaks_no_rule() {
        for course in [
            "Received Verified Dispositioned Responded.interim Responded Closed Rated",
            "Received InfoRequested InfoProvided Verified Dispositioned Returned Dispositioned Responded Replied.contest \
             Responded Replied.accept Closed Reopened Dispositioned Responded Closed Rated Annotated Erased",
            "Received Closed.declined Reopened Verified Dispositioned Extended Escalated Responded Closed Escalated",
            "Received Verified Dispositioned Responded Closed Reopened Replied.contest Dispositioned",
            "Received InfoRequested Closed.declined",
            "Received Verified Dispositioned Closed.duplicate",
            "Received Verified Dispositioned Responded Closed.withdrawn",
        ] {
            assert_eq!(broken(course), [] as [&str; 0], "{course}");
        }
    }

    #[test]
    fn every_rule_is_found_where_it_is_broken_and_only_there() {
        for (course, expected) in [
            ("Verified Received", "1: received-first"),
            ("Received Verified Received", "3: received-once"),
            ("Received Verified Dispositioned Verified", "4: verified-once"),
            ("Received Dispositioned Responded Closed", "2: verified-before-disposed"),
            ("Received Verified Responded Closed", "3: holder-answers"),
            ("Received Verified Dispositioned Responded Returned", "5: holder-returns"),
            ("Received Verified Dispositioned Replied.contest Responded", "4: answered-before-contested"),
            ("Received InfoProvided", "2: asked-before-answered"),
            ("Received InfoRequested InfoRequested", "3: one-question-at-a-time"),
            ("Received Verified Dispositioned Closed", "4: answered-before-resolved"),
            ("Received Verified Dispositioned Closed.declined", "4: declined-before-disposed"),
            ("Received Closed.withdrawn Closed.withdrawn", "3: closed-once"),
            ("Received Closed.declined Dispositioned", "3: ends-with-closing"),
            ("Received Verified Rated", "3: closed-before-rated"),
            ("Received Closed.declined Rated Rated", "4: rated-once"),
            ("Received Reopened", "2: closed-before-reopened"),
            ("Received Extended", "2: in-turn"),
        ] {
            assert_eq!(broken(course), [expected], "{course}");
        }
    }

    #[test]
    fn a_time_that_runs_backwards_is_told_beside_what_else_is_wrong() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let mut case = Case::new();
        assert_eq!(case.take(Activity::Received, at(20)), []);
        assert_eq!(case.take(Activity::Verified, at(20)), [], "at once is not before");
        assert_eq!(case.take(Activity::Verified, at(10)), [Rule::VerifiedOnce, Rule::TimeGoesForward]);
        assert_eq!(case.take(Activity::Dispositioned, at(15)), [Rule::TimeGoesForward], "it is behind the latest");
        assert_eq!(case.take(Activity::Extended, None), []);
    }
}
