//! Inspection of a whole log: positions, chains, hashes, whole commands, lawful transitions.
//!
//! It reads entries in order and lists every problem it finds, rather than the first. What it cannot see
//! alone is a tail that was cut together with the head: that takes a [head](Head) somebody saved.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::actor::Role;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::fork::Loss;
use crate::audit::leaf;
use crate::audit::tree::Frontier;
use crate::audit::verdicts::Judge;
use crate::complaint::{Complaint, LAWFUL, Stage};
use crate::event::{Closure, EVENT_VERSION, Event, Fact, Level, Part, ReopenReason, ResponseKind};
use crate::record::{Record, genesis};
use crate::rules::Rules;
use crate::store::{Entry, Head};
use crate::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};

/// Reads a log and notes what is wrong with it.
///
/// ```
/// use aduan::{inspect::Inspector, values::LedgerId};
/// let report = Inspector::new(LedgerId::new("mojokerto")?).finish(None);
/// assert!(report.problems.is_empty());
/// assert_eq!(report.head.position, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Inspector {
    head: Head,
    histories: BTreeMap<ComplaintId, History>,
    commands: Commands,
    forks: Forks,
    losses: Vec<Loss>,
    saved: Option<Head>,
    /// What is to be compared with checkpoints: the last of them is the next.
    tree: Frontier,
    checkpoints: Vec<Checkpoint>,
    /// Why they cannot all be true, whatever the log is.
    disputed: Vec<String>,
    rules: Option<Rules>,
    judge: Judge,
    problems: Vec<Problem>,
}

/// What was read of one complaint.
#[derive(Default)]
pub struct History {
    state: Complaint,
    sequence: Version,
    head: Option<Digest>,
    last: Option<(CommandId, ReopenReason)>,
    /// Something in it cannot be read: its later events are held against nothing.
    is_broken: bool,
}

/// Which line of checkpoints a log goes on in: one more for every loss it admits.
struct Forks {
    line: u32,
}

/// Whether commands are whole: their parts stand one behind the other.
#[derive(Default)]
struct Commands {
    /// The command whose parts are being read: the next part, and how many it has.
    current: Option<(CommandId, u64, u64)>,
    /// Within a command whose beginning could not be read.
    is_lost: bool,
}

/// Something that is wrong with a log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Problem {
    /// Where it was found.
    pub position: Position,
    /// The complaint it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// What kind it is of.
    pub kind: ProblemKind,
    /// What exactly.
    pub why: String,
}

/// The kinds of problem.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum ProblemKind {
    /// A position is missing, repeated, or out of order.
    Position,
    /// A sequence, link or hash of a complaint's chain does not fit.
    Chain,
    /// A record cannot be read, or is not in canonical form.
    Unreadable,
    /// A command is not whole.
    Command,
    /// An event does not follow from those before it, or its actor could not cause it.
    Unlawful,
    /// The log does not lead to the head that was saved.
    Head,
    /// A sealed value that a record names is missing, or is not the one it names; or its key is.
    Box,
    /// A policy, calendar or directory that bound a record is missing, or is not the one that did.
    Document,
    /// A clock is not what events, policy and calendar make of it.
    Verdict,
    /// The log does not begin with what a checkpoint covers.
    Checkpoint,
}

/// What an inspection found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// How many complaints there are.
    pub complaints: u64,
    /// How many events there are.
    pub events: u64,
    /// Where the log ends: what to save for the next inspection.
    pub head: Head,
    /// Losses that the ledger admits: nothing wrong, and nothing to overlook.
    pub admitted_losses: Vec<Loss>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

impl Inspector {
    /// An inspector of that ledger.
    pub fn new(ledger: LedgerId) -> Self {
        Inspector {
            head: Head::empty(ledger),
            histories: BTreeMap::new(),
            commands: Commands::default(),
            forks: Forks::default(),
            losses: Vec::new(),
            saved: None,
            tree: Frontier::default(),
            checkpoints: Vec::new(),
            disputed: Vec::new(),
            rules: None,
            judge: Judge::default(),
            problems: Vec::new(),
        }
    }

    /// The same, holding the log against a head that was saved.
    #[must_use]
    pub fn against(self, saved: Head) -> Self {
        Inspector { saved: Some(saved), ..self }
    }

    /// The same, holding the log against checkpoints, and them against each other: of one size and line there is one
    /// root, even of what was lost. Whether somebody signed them is for the caller to know.
    #[must_use]
    pub fn against_checkpoints(self, mut checkpoints: Vec<Checkpoint>) -> Self {
        checkpoints.sort_by(|one, other| {
            other.size.cmp(&one.size).then_with(|| one.origin.as_str().cmp(other.origin.as_str()))
        });
        let dispute = |pair: &[Checkpoint]| {
            let [Checkpoint { origin, size, root }, other] = pair else { return None };
            let is_disputed = other.origin == *origin && other.size == *size && other.root != *root;
            is_disputed.then(|| format!("two checkpoints of {size} events of {origin} have different roots"))
        };
        let disputed = checkpoints.windows(2).filter_map(dispute).collect();
        Inspector { checkpoints, disputed, ..self }
    }

    /// From here on recomputes every clock, by the documents that are known so far.
    pub fn judge_by(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    /// Reads the next entry. `event` is what its record says, upcast where needed.
    pub fn read(&mut self, entry: &Entry, event: Result<&Event, &str>) {
        let Entry { position, record } = entry;
        if *position != self.head.position + 1 {
            let expected = self.head.position + 1;
            self.note(*position, None, ProblemKind::Position, format!("position {expected} should stand here"));
        }
        let history = self.histories.entry(record.complaint).or_default();
        let mut found = Vec::new();
        if let Err(broken) = record.check_hash(&self.head.ledger) {
            found.push((ProblemKind::Chain, broken.to_string()));
        }
        if let (Ok(event), Some(rules), false) = (event, &self.rules, history.is_broken()) {
            let doubts = self.judge.read(*position, record.complaint, history.state(), event, rules);
            found.extend(doubts.iter().map(|doubt| (ProblemKind::Verdict, doubt.to_string())));
        }
        history.read(&self.head.ledger, record, event, |kind, why| found.push((kind, why)));
        let is_sound = found.is_empty();
        for (kind, why) in found {
            self.note(*position, Some(record.complaint), kind, why);
        }
        match event {
            Ok(event) => {
                if let Some(why) = self.commands.read(event.context.command, event.context.part) {
                    self.note(*position, None, ProblemKind::Command, why);
                }
                if let Some(loss) = Loss::admitted_by(event) {
                    match self.forks.read(&self.head.ledger, *position, record.complaint, &loss) {
                        Some(why) => self.note(*position, Some(record.complaint), ProblemKind::Unlawful, why),
                        // It takes checkpoints out of every comparison, so nothing may be wrong with it.
                        None if is_sound => self.losses.push(loss),
                        None => {}
                    }
                }
            }
            Err(_) => self.commands.lose(),
        }
        self.head.position = position.saturating_sub(1);
        self.head.advance(record.hash);
        if let Some(saved) = self.saved.take_if(|saved| saved.position == *position)
            && saved.log_hash != self.head.log_hash
        {
            let why = "the log up to here is not the one whose head was saved".to_owned();
            self.note(*position, None, ProblemKind::Head, why);
        }
        if !self.checkpoints.is_empty() {
            self.tree.push(leaf(record.complaint, record.sequence, record.hash));
            self.check_roots(*position);
        }
    }

    fn check_roots(&mut self, position: Position) {
        while let Some(checkpoint) = self.checkpoints.pop_if(|checkpoint| checkpoint.size <= position) {
            let is_another = checkpoint.size == position && checkpoint.root != self.tree.root();
            let why = is_another.then(|| {
                format!("the first {position} events are not those of the checkpoint of {}", checkpoint.origin)
            });
            self.hold_against(&checkpoint, why);
        }
    }

    /// Notes why the log does not bear a checkpoint out, but for what is admitted to be lost; and in any case where the
    /// checkpoint shows that more was lost than is admitted.
    fn hold_against(&mut self, checkpoint: &Checkpoint, why: Option<String>) {
        let Checkpoint { origin, size, .. } = checkpoint;
        let untrue = self.losses.iter().find_map(|loss| loss.contradicted_by(checkpoint));
        let is_lost = self.losses.iter().any(|loss| loss.takes(checkpoint));
        let why = match untrue {
            Some(untrue) => Some(format!("the checkpoint of {size} events of {origin} {untrue}")),
            None => why.filter(|_| !is_lost),
        };
        if let Some(why) = why {
            self.note(self.head.position, None, ProblemKind::Checkpoint, why);
        }
    }

    /// Something that an entry names was looked for and is not there.
    pub fn missing(&mut self, entry: &Entry, kind: ProblemKind, why: String) {
        self.note(entry.position, Some(entry.record.complaint), kind, why);
    }

    /// A stretch of the log could not be read at all.
    pub fn unreadable(&mut self, why: String) {
        self.note(self.head.position + 1, None, ProblemKind::Position, why);
    }

    /// Ends the inspection, against the head that the store itself tells, if any.
    pub fn finish(mut self, told: Option<&Head>) -> Report {
        let end = self.head.position;
        if let Some(why) = self.commands.end() {
            self.note(end, None, ProblemKind::Command, why);
        }
        if let Some(saved) = self.saved.take().filter(|saved| saved.position > 0) {
            let why = format!("the log ends here, but position {} was seen", saved.position);
            self.note(end, None, ProblemKind::Head, why);
        }
        for checkpoint in std::mem::take(&mut self.checkpoints) {
            let why = || format!("the log ends here, but a checkpoint covers {} events", checkpoint.size);
            self.hold_against(&checkpoint, (checkpoint.size > end).then(why));
        }
        for why in std::mem::take(&mut self.disputed) {
            self.note(end, None, ProblemKind::Checkpoint, why);
        }
        if let Some(told) = told.filter(|told| **told != self.head) {
            let why = match told.position == end {
                true => {
                    "records do not stand in the order they were written in, by the store's own log hash".to_owned()
                }
                false => format!("the store says that it ends at position {}", told.position),
            };
            self.note(end, None, ProblemKind::Head, why);
        }
        let events = self.histories.values().map(|history| history.sequence).sum();
        let complaints = self.histories.values().filter(|history| !history.state.admits_loss).count() as u64;
        Report { complaints, events, head: self.head, admitted_losses: self.losses, problems: self.problems }
    }

    fn note(&mut self, position: Position, complaint: Option<ComplaintId>, kind: ProblemKind, why: String) {
        self.problems.push(Problem { position, complaint, kind, why });
    }
}

impl History {
    /// Reads the complaint's next record, and tells everything that is wrong with it but for its hash, which needs
    /// no history. `event` is what it says.
    pub fn read(
        &mut self,
        ledger: &LedgerId,
        record: &Record,
        event: Result<&Event, &str>,
        mut note: impl FnMut(ProblemKind, String),
    ) {
        let prev = self.head.unwrap_or_else(|| genesis(ledger, record.complaint));
        if let Err(broken) = record.check_follows(self.sequence + 1, prev) {
            note(ProblemKind::Chain, broken.to_string());
        }
        self.sequence += 1;
        self.head = Some(record.hash);
        match event {
            Ok(event) => {
                if record.event_version == EVENT_VERSION && !record.is_canonical(event) {
                    note(ProblemKind::Unreadable, "the record is not in canonical form".to_owned());
                }
                if let Some(why) = self.why_unlawful(event) {
                    note(ProblemKind::Unlawful, format!("{} {why}", event.fact.name()));
                }
                self.state.evolve(event);
                self.state.forget_commands();
            }
            Err(why) => {
                note(ProblemKind::Unreadable, why.to_owned());
                // What follows cannot be judged by what nobody can read.
                self.is_broken = true;
            }
        }
    }

    /// The complaint as its events make it, but for the commands it has handled: it decides nothing.
    pub fn state(&self) -> &Complaint {
        &self.state
    }

    /// Whether something in it could not be read, so that its later events are held against nothing.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    fn why_unlawful(&mut self, event: &Event) -> Option<&'static str> {
        let after_late_delivery = self.last == Some((event.context.command, ReopenReason::LateDelivered));
        self.last = match event.fact {
            Fact::Reopened { reason, .. } => Some((event.context.command, reason)),
            _ => None,
        };
        why_unlawful(&self.state, event, after_late_delivery).filter(|_| !self.is_broken)
    }
}

impl Default for Forks {
    fn default() -> Self {
        Forks { line: 1 }
    }
}

impl Forks {
    /// Takes what is admitted at a position, and tells why it cannot be admitted there: line follows line, each behind
    /// what was kept.
    fn read(&mut self, ledger: &LedgerId, position: Position, complaint: ComplaintId, loss: &Loss) -> Option<String> {
        let Loss { kept, line, .. } = *loss;
        let next = self.line.saturating_add(1);
        self.line = line.max(next);
        if complaint != ComplaintId::of_fork(ledger, line) {
            Some("a loss is admitted where another complaint should stand".to_owned())
        } else if kept.checked_add(1) != Some(position) {
            Some(format!("a loss is admitted of what came after position {kept}, and does not stand behind it"))
        } else {
            (line != next).then(|| format!("line {line} begins where line {next} should"))
        }
    }
}

impl Commands {
    /// Takes the next part of a command in the order of positions, and tells why it does not belong there.
    fn read(&mut self, command: CommandId, part: Part) -> Option<String> {
        let (number, parts) = (u64::from(part.number), u64::from(part.of));
        let fits = match self.current {
            Some((current, next, of)) if next <= of => current == command && number == next && parts == of,
            _ => number == 1 || self.is_lost,
        };
        self.is_lost = false;
        self.current = Some((command, number + 1, parts));
        let why = || format!("part {} of {} of a command stands where it does not belong", part.number, part.of);
        (!fits).then(why)
    }

    /// A part could not be read: the next one may be any.
    fn lose(&mut self) {
        *self = Commands { current: None, is_lost: true };
    }

    /// Why the last command is not whole.
    fn end(&self) -> Option<String> {
        let (_, next, of) = self.current.filter(|(_, next, of)| next <= of)?;
        Some(format!("the last command ends before part {next} of {of}"))
    }
}

/// Why an event could not follow from a state: written apart from the decisions, from what events say alone.
fn why_unlawful(state: &Complaint, event: &Event, after_late_delivery: bool) -> Option<&'static str> {
    if !was_allowed(event) {
        return Some("was caused by a role that may not");
    }
    if state.recorded_at.is_some_and(|last| event.recorded_at() < last) {
        return Some("was recorded before the event in front of it");
    }
    if state.is_whistleblowers() && event.context.role == Role::Admin {
        return Some("is an administrator's, in a whistleblower's report");
    }
    let is_imported = event.provenance.is_imported();
    let counts_when_recorded =
        !matches!(event.context.role, Role::Complainant | Role::Intake | Role::Migrator | Role::SystemClock);
    if counts_when_recorded && !is_imported && event.occurred_at.at != event.recorded_at() {
        return Some("is back-dated by an officer");
    }
    why_out_of_place(state, event, is_imported, after_late_delivery)
}

fn why_out_of_place(
    state: &Complaint,
    event: &Event,
    is_imported: bool,
    after_late_delivery: bool,
) -> Option<&'static str> {
    let stage = state.stage;
    let within = |from: Stage, to: Stage| from <= stage && stage <= to;
    let holds = |number: u32| state.holding.as_ref().is_some_and(|holding| holding.number == number);
    let refuse = |is_wrong: bool, why| is_wrong.then_some(why);
    let misplaced = "does not follow from where the complaint stands";
    match &event.fact {
        _ if state.admits_loss => Some("is told of what is no complaint"),
        Fact::Forked { kept, lost, .. } => {
            refuse(state.version > 0, misplaced).or(refuse(lost <= kept, "admits a loss of nothing"))
        }
        Fact::Received(_) => refuse(stage != Stage::New, misplaced),
        _ if stage == Stage::New => Some("stands before anything was received"),
        Fact::Verified { .. } => refuse(stage != Stage::Received, misplaced),
        Fact::Reclassified { .. } => refuse(!within(Stage::Verified, Stage::Responded), misplaced),
        Fact::Extended { .. } => refuse(!within(Stage::Dispositioned, Stage::InProgress), misplaced),
        Fact::Dispositioned { number, from, to, .. } => {
            let holder = state.holding.as_ref().map(|holding| &holding.agency);
            refuse(!within(Stage::Verified, Stage::InProgress), misplaced)
                .or(refuse(Some(*number) != state.dispositions.checked_add(1), "breaks the numbering of dispositions"))
                .or(refuse(from.as_ref() != holder, "names another holder than there was"))
                .or(refuse(state.accused.contains(to), "goes to an agency that is accused"))
        }
        Fact::Returned { disposition, .. } => refuse(!within(Stage::Dispositioned, Stage::InProgress), misplaced)
            .or(refuse(!holds(*disposition), "refuses a disposition that does not hold")),
        Fact::Responded { .. } if is_imported => refuse(!within(Stage::Verified, Stage::Responded), misplaced),
        Fact::Responded { disposition, kind, .. } => {
            let holder = state.holding.as_ref().map(|holding| &holding.agency);
            let is_final = matches!(kind, ResponseKind::Final(_));
            refuse(!within(Stage::Dispositioned, Stage::Responded), misplaced)
                .or(refuse(!holds(*disposition), "quotes a disposition that does not hold"))
                .or(refuse(holder != event.context.agency.as_ref(), "comes from an agency that does not hold it"))
                .or(refuse(!is_final && event.context.role == Role::Superior, "is an interim answer of a superior"))
        }
        Fact::Replied { .. } => {
            refuse(!within(Stage::Dispositioned, Stage::Responded) && !after_late_delivery, misplaced)
        }
        Fact::InfoRequested { request, .. } => refuse(!within(Stage::Received, Stage::InProgress), misplaced)
            .or(refuse(state.question.is_some(), "asks while a question is open"))
            .or(refuse(Some(*request) != state.questions.checked_add(1), "breaks the numbering of questions")),
        Fact::InfoProvided { request, .. } | Fact::InfoLapsed { request, .. } => {
            refuse(state.question != Some(*request), "is about a question that is not open")
        }
        Fact::Closed { closure, .. } => {
            let needs_answer = matches!(closure, Closure::Resolved { .. });
            refuse(stage == Stage::Closed, "closes what is closed")
                .or(refuse(needs_answer && stage != Stage::Responded, "resolves what is not answered"))
        }
        Fact::Reopened { cycle, .. } => refuse(stage != Stage::Closed, misplaced)
            .or(refuse(Some(*cycle) != state.cycle.checked_add(1), "breaks the numbering of cycles")),
        Fact::Rated { cycle, .. } => refuse(stage != Stage::Closed, "rates what is not closed")
            .or(refuse(*cycle != state.cycle || state.rating().is_some(), "rates another cycle, or twice")),
        Fact::Escalated { from, to, .. } => refuse(*from != state.level || to <= from, "does not rise")
            .or(refuse(stage == Stage::Closed && *to != Level::OMBUDSMAN, "escalates what is closed")),
        Fact::VisibilityChanged { from, .. } => {
            refuse(*from != state.visibility, "names another visibility than there was")
        }
        Fact::Annotated { .. } | Fact::Erased { .. } | Fact::DeadlinesRecomputed { .. } => None,
    }
}

/// Whether the actor's role may ask for any command that leads to this fact.
fn was_allowed(event: &Event) -> bool {
    let role = event.context.role;
    if event.provenance.is_imported() {
        return role == Role::Migrator;
    }
    let commands: &[&str] = match &event.fact {
        Fact::Annotated { .. } => &["Annotate", "MarkDuplicate", "Withdraw", "Reply"],
        Fact::Closed { .. } => &["Close", "Decline", "Withdraw", "MarkDuplicate", "Lapse", "Reply"],
        Fact::DeadlinesRecomputed { .. } => &["Recompute"],
        Fact::Dispositioned { .. } => &["Dispose"],
        Fact::Erased { .. } => &["Erase"],
        Fact::Escalated { .. } => &["Escalate"],
        Fact::Extended { .. } => &["Extend"],
        Fact::Forked { .. } => &["AdmitLoss"],
        Fact::InfoLapsed { .. } => &["Lapse"],
        Fact::InfoProvided { .. } => &["ProvideInfo"],
        Fact::InfoRequested { .. } => &["RequestInfo"],
        Fact::Rated { .. } => &["Rate"],
        Fact::Received(_) => &["Receive"],
        Fact::Reclassified { .. } => &["Reclassify"],
        Fact::Reopened { .. } => &["Reopen", "Reply"],
        Fact::Replied { .. } => &["Reply"],
        Fact::Responded { .. } => &["Respond"],
        Fact::Returned { .. } => &["Return"],
        Fact::Verified { .. } => &["Verify"],
        Fact::VisibilityChanged { .. } => &["ChangeVisibility"],
    };
    LAWFUL
        .iter()
        .filter(|row| commands.contains(&row.command))
        .any(|row| row.roles.contains(&role) || role == Role::Inspectorate && row.roles.contains(&Role::Admin))
}
