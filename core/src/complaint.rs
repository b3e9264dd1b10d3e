//! THE RULES: what a complaint is, who may do what to it and when, and what follows.
//!
//! [`LAWFUL`] is the whole table of commands, roles and stages. [`Complaint::decide`] asks it first and
//! then one leaf per command; [`Complaint::evolve`] applies what was recorded and never refuses it.
//! Nothing here does I/O, reads a clock or draws a number: time, chance and rules are arguments.

mod decide;
mod due;
mod rejection;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::decide::{Decision, MOST_LINES, tracking_secret};
pub use self::due::DueItem;
pub use self::rejection::Rejection;

use crate::actor::Role;
use crate::clock::{Clock, ClockKind};
use crate::event::{Class, Classification, Closure, Event, Fact, Level, Note, Outcome, ReplyKind, ResponseKind};
use crate::values::{
    AgencyCode, Channel, CommandId, ComplaintId, Digest, DocumentRef, Moment, PersonRef, Score, TrackingNumber,
    Version, Visibility,
};

/// Where a complaint stands.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Stage {
    /// Nothing is recorded yet.
    #[default]
    New,
    /// It came in.
    Received,
    /// It is a complaint, and nobody holds it.
    Verified,
    /// An agency holds it.
    Dispositioned,
    /// The holder works on it.
    InProgress,
    /// It is answered for good.
    Responded,
    /// It is over, for this cycle.
    Closed,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 7] = [
        Stage::New,
        Stage::Received,
        Stage::Verified,
        Stage::Dispositioned,
        Stage::InProgress,
        Stage::Responded,
        Stage::Closed,
    ];

    /// The name as tables and JSON keys show it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::New => "new",
            Stage::Received => "received",
            Stage::Verified => "verified",
            Stage::Dispositioned => "dispositioned",
            Stage::InProgress => "in_progress",
            Stage::Responded => "responded",
            Stage::Closed => "closed",
        }
    }
}

/// One row of the table: who may ask what, from where.
#[derive(Clone, Copy, Debug)]
pub struct Lawful {
    /// The command.
    pub command: &'static str,
    /// Who may ask it. For a whistleblower's report [`Role::Inspectorate`] stands for [`Role::Admin`] in every row.
    pub roles: &'static [Role],
    /// The first stage it is lawful at.
    pub from: Stage,
    /// The last.
    pub to: Stage,
}

/// Every lawful (role, stage, command). What else a command asks for stands in its leaf.
#[rustfmt::skip]
pub const LAWFUL: [Lawful; 24] = {
    use Role::*;
    use Stage::*;
    const fn row(command: &'static str, roles: &'static [Role], from: Stage, to: Stage) -> Lawful {
        Lawful { command, roles, from, to }
    }
    [
        row("AdmitLoss",        &[Admin],                                        New,           New),
        row("Annotate",         &[Admin, Superior, DataProtection],              Received,      Closed),
        row("ChangeVisibility", &[Complainant, Admin],                           Received,      Closed),
        row("Close",            &[Admin, Liaison, Complainant, SystemClock],     Responded,     Responded),
        row("Decline",          &[Admin],                                        Received,      Verified),
        row("Dispose",          &[Admin, Superior],                              Verified,      InProgress),
        row("Erase",            &[DataProtection],                               Received,      Closed),
        row("Escalate",         &[SystemClock, Complainant, CentralMonitor, Superior], Received, Closed),
        row("Extend",           &[Superior],                                     Dispositioned, InProgress),
        row("Import",           &[Migrator],                                     New,           Closed),
        row("Lapse",            &[SystemClock],                                  Received,      Responded),
        row("MarkDuplicate",    &[Admin],                                        Received,      InProgress),
        row("ProvideInfo",      &[Complainant, Intake],                          Received,      Responded),
        row("Rate",             &[Complainant],                                  Closed,        Closed),
        row("Receive",          &[Complainant, Intake, Migrator],                New,           New),
        row("Reclassify",       &[Admin],                                        Verified,      Responded),
        row("Recompute",        &[Admin, SystemClock],                           Received,      Closed),
        row("Reopen",           &[Complainant, Superior, CentralMonitor],        Closed,        Closed),
        row("Reply",            &[Complainant],                                  Dispositioned, Closed),
        row("RequestInfo",      &[Admin, Liaison, Operator],                     Received,      InProgress),
        row("Respond",          &[Liaison, Operator, Superior],                  Dispositioned, Responded),
        row("Return",           &[Liaison],                                      Dispositioned, InProgress),
        row("Verify",           &[Admin],                                        Received,      Received),
        row("Withdraw",         &[Complainant],                                  Received,      Responded),
    ]
};

/// A complaint as its events make it. Reading it changes nothing: it is a copy.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Complaint {
    /// How many events it has.
    pub version: Version,
    /// Where it stands.
    pub stage: Stage,
    /// How it ended, if it did.
    pub closure: Option<Closure>,
    /// Whether time alone ended it: a contest that was sent in time and comes late brings it back.
    pub closed_by_time: bool,
    /// Which life it lives: 1, and one more for each reopening.
    pub cycle: u32,
    /// What was received; none while it is new.
    pub intake: Option<Intake>,
    /// What it is, once verified.
    pub classification: Option<Classification>,
    /// Who may see it.
    pub visibility: Visibility,
    /// Agencies it is directed against.
    pub accused: Vec<AgencyCode>,
    /// Goes on even if the complainant withdraws.
    pub public_interest: bool,
    /// Who holds it.
    pub holding: Option<Holding>,
    /// How many dispositions there were, ever; the number of the last one.
    pub dispositions: u32,
    /// How many of them in this cycle.
    pub hops: u32,
    /// The question that waits for the complainant.
    pub question: Option<u32>,
    /// How many questions were asked, ever; the number of the last one.
    pub questions: u32,
    /// The final response of this cycle that stands.
    pub answer: Option<Answer>,
    /// Whether an answer was contested in this cycle.
    pub contested: bool,
    /// Whether the answer that stands was accepted.
    pub accepted: bool,
    /// Whether the complainant said something about the answer that stands without accepting or contesting it.
    pub commented: bool,
    /// How far up the ladder, in this cycle.
    pub level: Level,
    /// The latest clock of each kind in this cycle.
    pub clocks: Vec<Clock>,
    /// Ratings with their cycles.
    pub ratings: Vec<(u32, Score)>,
    /// Complaints that were closed as duplicates of this one.
    pub duplicates: Vec<ComplaintId>,
    /// Nothing of it may be erased.
    pub legal_hold: bool,
    /// Commitments of the keys that were destroyed.
    pub erased: Vec<Digest>,
    /// Rules that bind it.
    pub bound: Option<Bound>,
    /// When its last event was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
    /// Whether anything happened to it in this engine, rather than being brought in.
    pub is_native: bool,
    /// Whether the ledger admits a loss here: then it is no complaint, and nothing follows.
    pub admits_loss: bool,
    /// Commands it has handled, with the sequence of their first event.
    handled: Vec<Handled>,
    /// Steps that were brought in.
    imported: Vec<ImportedStep>,
}

/// What was received.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Intake {
    /// The way it came.
    pub channel: Channel,
    /// What the complainant took it for.
    pub class: Class,
    /// When it came.
    pub at: Moment,
    /// The number the complainant was told.
    pub tracking_number: TrackingNumber,
    /// The account that may follow, reply and rate.
    pub owner: Option<PersonRef>,
    /// SHA-256 of the tracking secret.
    pub secret: Digest,
    /// Against wrongdoing inside.
    pub whistleblowing: bool,
}

/// Who holds a complaint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Holding {
    /// The agency.
    pub agency: AgencyCode,
    /// The number of the disposition; responses quote it.
    pub number: u32,
    /// Since when.
    pub since: Moment,
    /// Whether this holder has answered for good.
    pub has_answered: bool,
}

/// A final response that stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Who gave it; an imported source may not say.
    pub agency: Option<AgencyCode>,
    /// With what result.
    pub outcome: Outcome,
    /// When.
    pub at: Moment,
}

/// The policy and calendar that bind a complaint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bound {
    /// Since receipt, unless a recomputation moved it.
    pub policy: DocumentRef,
    /// Since receipt, unless a recomputation moved it.
    pub calendar: DocumentRef,
}

/// What is known of another complaint when this one is to be its duplicate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The complaint that the one named leads to, when duplicates are followed to their root.
    pub root: ComplaintId,
    /// Whether that is the complaint itself.
    pub is_self: bool,
    /// Whether it exists in this ledger.
    pub exists: bool,
    /// Where the root stands.
    pub stage: Stage,
    /// Whether it has room for nothing but its own course.
    pub is_full: bool,
    /// Who may see the root; a whistleblower's report counts as one whatever was made of its visibility.
    pub visibility: Visibility,
}

impl Target {
    /// What a complaint that is to be closed as a duplicate has to know of the root it was led to.
    pub fn of(root: ComplaintId, state: &Complaint, child: ComplaintId) -> Self {
        let visibility = if state.is_whistleblowers() { Visibility::Whistleblower } else { state.visibility };
        let is_full = state.version >= decide::MOST_EVENTS - decide::RESERVE;
        Target { root, is_self: root == child, exists: state.version > 0, stage: state.stage, is_full, visibility }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Handled {
    command: CommandId,
    mac: Option<Digest>,
    first: Version,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct ImportedStep {
    fact: String,
    micros: i64,
}

impl Complaint {
    /// The state after a history.
    pub fn replay<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut complaint = Complaint::default();
        for event in events {
            complaint.evolve(event);
        }
        complaint
    }

    /// Forgets the commands it has handled: for who reads many histories, and decides nothing.
    pub(crate) fn forget_commands(&mut self) {
        self.handled.clear();
        self.imported.clear();
    }

    /// Applies one event. Total: what was recorded is never refused.
    pub fn evolve(&mut self, event: &Event) {
        self.version += 1;
        self.note_context(event);
        let when = event.occurred_at;
        match &event.fact {
            Fact::Received(received) => {
                self.stage = Stage::Received;
                self.cycle = 1;
                self.visibility = received.visibility;
                self.intake = Some(Intake {
                    channel: received.channel.clone(),
                    class: received.class,
                    at: when,
                    tracking_number: received.tracking_number,
                    owner: received.owner.clone(),
                    secret: received.secret,
                    whistleblowing: received.whistleblowing,
                });
            }
            Fact::Verified { accused, classification, public_interest, .. } => {
                self.stage = Stage::Verified;
                self.accused.clone_from(accused);
                self.classification = Some(classification.clone());
                self.public_interest = *public_interest;
            }
            Fact::Reclassified { to, .. } => self.classification = Some(to.clone()),
            Fact::Dispositioned { number, to, .. } => {
                self.stage = Stage::Dispositioned;
                self.dispositions = *number;
                self.hops += 1;
                self.holding = Some(Holding { agency: to.clone(), number: *number, since: when, has_answered: false });
            }
            Fact::Returned { .. } => {
                self.stage = Stage::Verified;
                self.holding = None;
            }
            Fact::Responded { kind: ResponseKind::Interim, .. } => {
                if self.stage == Stage::Dispositioned {
                    self.stage = Stage::InProgress;
                }
            }
            Fact::Responded { kind: ResponseKind::Final(outcome), .. } => {
                self.stage = Stage::Responded;
                self.accepted = false;
                self.commented = false;
                if let Some(holding) = &mut self.holding {
                    holding.has_answered = true;
                }
                let agency = self.holding.as_ref().map(|holding| holding.agency.clone());
                self.answer = Some(Answer { agency, outcome: *outcome, at: when });
            }
            Fact::Replied { kind, .. } => match kind {
                ReplyKind::Accept => self.accepted = true,
                ReplyKind::Contest => {
                    self.contested = true;
                    self.answer = None;
                    if self.stage == Stage::Responded {
                        self.stage = Stage::InProgress;
                    }
                }
                ReplyKind::Comment => self.commented = self.answer.is_some(),
            },
            Fact::InfoRequested { request, .. } => {
                self.question = Some(*request);
                self.questions = *request;
            }
            Fact::InfoProvided { .. } | Fact::InfoLapsed { .. } => self.question = None,
            Fact::Closed { closure, .. } => {
                self.stage = Stage::Closed;
                self.closure = Some(closure.clone());
                self.closed_by_time = event.context.role == Role::SystemClock;
                self.holding = None;
                self.question = None;
            }
            Fact::Reopened { cycle, .. } => self.start_cycle(*cycle),
            Fact::Escalated { to, .. } => self.level = *to,
            Fact::Rated { cycle, score, .. } => self.ratings.push((*cycle, *score)),
            Fact::VisibilityChanged { to, .. } => self.visibility = *to,
            Fact::Annotated { note, .. } => match note {
                Note::LegalHold { held } => self.legal_hold = *held,
                Note::DuplicateJoined { complaint } if !self.duplicates.contains(complaint) => {
                    self.duplicates.push(*complaint);
                }
                _ => {}
            },
            Fact::Erased { keys, .. } => self.erased.extend(keys),
            Fact::Forked { .. } => self.admits_loss = true,
            Fact::Extended { .. } | Fact::DeadlinesRecomputed { .. } => {}
        }
        for clock in event.fact.clocks() {
            self.set_clock(clock);
        }
    }

    /// The latest clock of a kind in this cycle.
    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.kind == kind)
    }

    /// The class that counts: the verified one, or the claimed one until then.
    pub fn class(&self) -> Class {
        match (&self.classification, &self.intake) {
            (Some(classification), _) => classification.class,
            (None, Some(intake)) => intake.class,
            (None, None) => Class::Complaint,
        }
    }

    /// Whether the inspectorate stands for the administrator.
    pub fn is_whistleblowers(&self) -> bool {
        self.visibility == Visibility::Whistleblower || self.intake.as_ref().is_some_and(|intake| intake.whistleblowing)
    }

    /// The nearest due time among clocks that run, for sorting a queue; windows of the complainant aside.
    pub fn next_due(&self) -> Option<&Clock> {
        let running = self.clocks.iter().filter(|clock| clock.is_open() && !clock.kind.is_window());
        running.min_by_key(|clock| clock.due.instant())
    }

    /// The rating of the current cycle.
    pub fn rating(&self) -> Option<Score> {
        self.ratings.iter().find(|(cycle, _)| *cycle == self.cycle).map(|(_, score)| *score)
    }

    fn start_cycle(&mut self, cycle: u32) {
        self.cycle = cycle;
        // What was never verified has to be verified now.
        self.stage = if self.classification.is_some() { Stage::Verified } else { Stage::Received };
        self.closure = None;
        self.closed_by_time = false;
        self.holding = None;
        self.question = None;
        self.answer = None;
        self.contested = false;
        self.accepted = false;
        self.commented = false;
        self.level = Level::default();
        self.hops = 0;
        self.clocks.clear();
    }

    fn set_clock(&mut self, clock: &Clock) {
        match self.clocks.iter_mut().find(|known| known.kind == clock.kind) {
            Some(known) => known.clone_from(clock),
            None => self.clocks.push(clock.clone()),
        }
    }

    fn note_context(&mut self, event: &Event) {
        let context = &event.context;
        self.recorded_at = self.recorded_at.max(Some(context.recorded_at));
        if event.provenance.is_imported() {
            let step = ImportedStep { fact: event.fact.name().into(), micros: event.occurred_at.at.timestamp_micros() };
            self.imported.push(step);
        } else {
            self.is_native = true;
        }
        if self.handled.last().is_none_or(|last| last.command != context.command) {
            self.handled.push(Handled { command: context.command, mac: context.mac, first: self.version });
        }
        let rebinds = matches!(event.fact, Fact::Received(_) | Fact::DeadlinesRecomputed { .. });
        if rebinds {
            self.bound = Some(Bound { policy: context.policy.clone(), calendar: context.calendar.clone() });
        }
    }
}
