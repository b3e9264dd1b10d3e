//! The pack: numbers, verdicts and what they rest on, as one document.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::faults;
use super::life::Life;
use super::number::{self, Draft, Number, Rests};
use super::positions::Positions;
use super::{Evidence, Row};
use crate::audit::verdicts::{Clause, Doubt};
use crate::clock::{Clock, ClockKind, ClockState, Verdict};
use crate::inspect::{Problem, ProblemKind, Report};
use crate::store::Head;
use crate::values::{AgencyCode, ComplaintId, DocumentRef, Moment};

/// The format of the document; another one is another format.
pub const FORMAT: &str = "aduan-evidence/1";

/// The evidence of a year.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pack {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The year, as the tenant counts.
    pub year: i32,
    /// The agency it is about; none: all of them.
    pub agency: Option<AgencyCode>,
    /// The time it looks from.
    #[serde(serialize_with = "as_text")]
    pub now: Moment,
    /// The ledger, and the end of the log that was read.
    pub head: Head,
    /// The checkpoint that covers the log up to there, where there is one.
    pub checkpoint: Option<Checkpoint>,
    /// Policies that bound an event, by name, version and hash.
    pub policies: Vec<DocumentRef>,
    /// Calendars likewise.
    pub calendars: Vec<DocumentRef>,
    /// Directories likewise.
    pub directories: Vec<DocumentRef>,
    /// Whether every number stands, and nothing is wrong with the log.
    pub stands: bool,
    /// What an inspection of the log found.
    pub problems: Vec<ToldProblem>,
    /// Clocks that are not what the rules make of them.
    pub doubts: Vec<ToldDoubt>,
    /// Positions that are not proven. What was there instead nobody can say, so that any count may lack it; numbers that
    /// rest on none of them are right as far as anything is proven. Of a whistleblower's report none is told: whether
    /// all is proven, and which numbers are, `stands` says.
    pub at_fault: Positions,
    /// Every number.
    pub numbers: Vec<Number>,
    /// Who asks for which of them.
    pub asked_by: &'static [AskedBy],
    /// What is asked for and does not follow from a ledger.
    pub elsewhere: &'static [Elsewhere],
    /// What verdicts rest on.
    pub clauses: Vec<Clause>,
    /// Every verdict that `sla` numbers count, in the order the clocks stopped, those that run behind them.
    pub verdicts: Vec<VerdictRow>,
}

/// Something that is wrong with the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum ToldProblem {
    /// As it was found.
    Open(Problem),
    /// In a whistleblower's report, of which nothing else is told; or in one of which nobody can read whether it is.
    Secret {
        /// What kind it is of.
        kind: ProblemKind,
    },
}

/// A clock that is not what the rules make of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum ToldDoubt {
    /// As it was found.
    Open(Doubt),
    /// In a whistleblower's report, of which nothing else is told; or in one of which nobody can read whether it is.
    Secret {
        /// Which clock; none where it is about the documents that bind all of them.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_name_if_any")]
        clock: Option<ClockKind>,
    },
}

/// A checkpoint that is kept with a log, and that the log begins with. Whose signature it bears is not asked here:
/// that takes a key from somewhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Checkpoint {
    /// Whose log.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    /// The root of the tree over them, as the checkpoint writes it.
    pub root: String,
}

/// A clock, and what is said of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VerdictRow {
    /// Which clock.
    #[serde(serialize_with = "by_name")]
    pub clock: ClockKind,
    /// What is said of it.
    #[serde(serialize_with = "by_verdict")]
    pub verdict: Verdict,
    /// Whose it is; none in a whistleblower's report, of which nothing else is told either.
    #[serde(flatten)]
    pub whose: Option<Whose>,
    /// The place of its clause in [`Pack::clauses`].
    pub clause: Option<usize>,
    /// Whether all it rests on is proven.
    pub stands: bool,
}

/// Whose clock it is, and how it ran.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Whose {
    /// The complaint.
    pub complaint: ComplaintId,
    /// Who answered for it then.
    pub agency: Option<AgencyCode>,
    /// When it started.
    #[serde(serialize_with = "as_text")]
    pub anchor: Moment,
    /// When it was due, in its own terms.
    #[serde(serialize_with = "as_text")]
    pub due: crate::clock::Due,
    /// What was granted beyond the limit, in its unit.
    pub extended: u32,
    /// What did not count, since a question was open, in its unit.
    pub paused: u32,
    /// When it stopped.
    pub stopped_at: Option<DateTime<Utc>>,
    /// Start, every change, and stop.
    pub positions: Positions,
}

/// Who asks for which numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct AskedBy {
    /// Who.
    pub who: &'static str,
    /// What for.
    pub about: &'static str,
    /// Names, `*` for any.
    pub numbers: &'static [&'static str],
}

/// Who asks for what: this project's reading of their headings, and no form of theirs.
pub static ASKED_BY: [AskedBy; 5] = [
    AskedBy {
        who: "ministry",
        about: "how a complaint system is run: what comes by which way, what is followed up, how fast, with what end",
        numbers: &["trend.*", "sla.statutory.*", "sla.first_response.*", "sla.resolution.*", "flow.*"],
    },
    AskedBy {
        who: "ombudsman",
        about: "whether statutory limits are kept, what is late, and what was taken further",
        numbers: &["sla.*", "flow.contested", "flow.escalated_4", "trend.reopened", "trend.became.*"],
    },
    AskedBy {
        who: "ISO 10002, 8.2",
        about: "analysis and evaluation of complaints",
        numbers: &["trend.*", "routing.*", "flow.reclassified"],
    },
    AskedBy {
        who: "ISO 10002, 8.3",
        about: "satisfaction with the complaints-handling process",
        numbers: &["satisfaction.*", "flow.accepted", "flow.contested"],
    },
    AskedBy {
        who: "ISO 10002, 8.4",
        about: "monitoring of the complaints-handling process",
        numbers: &["sla.*", "flow.escalated*", "trend.reopened*", "routing.return_rate"],
    },
];

/// What is asked for and does not follow from a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Elsewhere {
    /// What.
    pub what: &'static str,
    /// Where it comes from instead.
    pub why: &'static str,
}

/// Three instruments are never mixed, and a score that somebody else gives is theirs.
pub static ELSEWHERE: [Elsewhere; 2] = [
    Elsewhere {
        what: "IKM",
        why: "it is graded from a survey of nine elements (PermenPANRB 14/2017), which ratings of complaints are not",
    },
    Elsewhere { what: "the Ombudsman's compliance score", why: "the Ombudsman gives it; a ledger holds none" },
];

impl Pack {
    /// A number by its name.
    pub fn number(&self, name: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.name == name)
    }
}

pub(super) fn of(evidence: Evidence, report: &Report, doubts: Vec<Doubt>, checkpoint: Option<Checkpoint>) -> Pack {
    let Evidence { question, lives, counts, mut rows, clauses, policies, calendars, directories, faults } = evidence;
    let is_open = |complaint: ComplaintId| !is_secret(complaint, &lives);
    let proof = Proof {
        at_fault: faults.positions(&lives, |_| true),
        clocks: faults.clocks(),
        has_hole: faults.has_hole(),
        told: faults.positions(&lives, is_open),
        told_clocks: doubts.iter().filter(|doubt| is_open(doubt.complaint)).map(|doubt| doubt.position).collect(),
    };
    let drafts = number::all(&counts, &question);
    let families = families(&drafts);
    let numbers: Vec<Number> = drafts.into_iter().map(|draft| proof.number(draft, &families)).collect();
    rows.sort_by_key(|row| (stopped_at(&row.ended.clock).unwrap_or(DateTime::<Utc>::MAX_UTC), row.complaint));
    let verdicts = rows.into_iter().map(|row| proof.row(row, &lives)).collect();
    let stands = numbers.iter().all(|number| number.stands)
        && proof.at_fault.is_empty()
        && report.problems.is_empty()
        && doubts.is_empty();
    let problems = report.problems.iter().map(|problem| ToldProblem::of(problem, &lives)).collect();
    let doubts = doubts.into_iter().map(|doubt| ToldDoubt::of(doubt, &lives)).collect();
    Pack {
        format: FORMAT,
        year: question.year,
        agency: question.agency,
        now: question.now,
        head: report.head.clone(),
        checkpoint,
        policies: policies.into_iter().collect(),
        calendars: calendars.into_iter().collect(),
        directories: directories.into_iter().collect(),
        stands,
        problems,
        doubts,
        at_fault: proof.told,
        numbers,
        asked_by: &ASKED_BY,
        elsewhere: &ELSEWHERE,
        clauses: clauses.clauses,
        verdicts,
    }
}

impl ToldProblem {
    fn of(problem: &Problem, lives: &BTreeMap<ComplaintId, Life>) -> Self {
        // That a command is not whole is found between complaints, and told of the one whose part stands there.
        let is_secret = match (problem.complaint, problem.kind) {
            (Some(complaint), _) => is_secret(complaint, lives),
            (None, ProblemKind::Command) => {
                faults::whose(problem.position, lives).is_none_or(|complaint| is_secret(complaint, lives))
            }
            (None, _) => false,
        };
        match is_secret {
            true => ToldProblem::Secret { kind: problem.kind },
            false => ToldProblem::Open(problem.clone()),
        }
    }
}

impl ToldDoubt {
    fn of(doubt: Doubt, lives: &BTreeMap<ComplaintId, Life>) -> Self {
        match is_secret(doubt.complaint, lives) {
            true => ToldDoubt::Secret { clock: doubt.clock },
            false => ToldDoubt::Open(doubt),
        }
    }
}

fn is_secret(complaint: ComplaintId, lives: &BTreeMap<ComplaintId, Life>) -> bool {
    lives.get(&complaint).is_none_or(Life::is_secret)
}

/// What is proven, and what is not.
struct Proof<'f> {
    at_fault: Positions,
    clocks: &'f Positions,
    has_hole: bool,
    /// Of those, without what is of a whistleblower's report.
    told: Positions,
    told_clocks: Positions,
}

impl Proof<'_> {
    fn number(&self, draft: Draft, families: &BTreeMap<String, Positions>) -> Number {
        let family = family(&draft.name).and_then(|family| families.get(family));
        let Draft { name, value, positions, rests, is_withheld } = draft;
        // What was counted as one of several may have been another of them.
        let sorted_from = family.unwrap_or(&positions);
        let rests_on_clocks = matches!(rests, Rests::Clocks | Rests::ClocksInTheEnd);
        let among = |faults: &Positions, clocks: &Positions| {
            let mut among = sorted_from.common(faults);
            if rests_on_clocks {
                among.add_all(&sorted_from.common(clocks));
            }
            among
        };
        let is_of_the_end = matches!(rests, Rests::End | Rests::ClocksInTheEnd);
        let stands = among(&self.at_fault, self.clocks).is_empty() && !(is_of_the_end && self.has_hole);
        let at_fault = among(&self.told, &self.told_clocks).tidy();
        Number { name: name.into_owned(), value, is_withheld, positions, stands, at_fault }
    }

    fn row(&self, row: Row, lives: &BTreeMap<ComplaintId, Life>) -> VerdictRow {
        let Row { complaint, ended, agency, clause } = row;
        let life = lives.get(&complaint);
        let clock = ended.clock;
        let is_over = !clock.is_open();
        // That a clock still runs rests on nothing else being recorded.
        let whole = life.filter(|_| !is_over).map(|life| &life.positions);
        let rests = whole.unwrap_or(&ended.positions);
        let is_proven = rests.common(&self.at_fault).is_empty() && ended.positions.common(self.clocks).is_empty();
        let whose = (!is_secret(complaint, lives)).then(|| Whose {
            complaint,
            agency,
            anchor: clock.anchor,
            due: clock.due,
            extended: clock.extended,
            paused: clock.paused,
            stopped_at: stopped_at(&clock),
            positions: ended.positions.tidy(),
        });
        let stands = is_proven && (is_over || !self.has_hole);
        VerdictRow { clock: clock.kind, verdict: ended.said, whose, clause, stands }
    }
}

/// The events among which those of a number are told apart, by the name that is common to all of them.
fn families(drafts: &[Draft]) -> BTreeMap<String, Positions> {
    let mut families: BTreeMap<String, Positions> = BTreeMap::new();
    for draft in drafts {
        if let Some(family) = family(&draft.name) {
            families.entry(family.to_owned()).or_default().add_all(&draft.positions);
        }
    }
    families.into_iter().map(|(name, positions)| (name, positions.tidy())).collect()
}

/// What a number shares with those that the same events are sorted into: ways, classes, ends, verdicts of a clock,
/// levels.
fn family(name: &str) -> Option<&str> {
    let (family, field) = name.rsplit_once('.')?;
    let is_said_of_clocks = Verdict::ALL.iter().any(|said| said.name() == field);
    match family {
        "trend.received.channel" | "trend.received.class" | "trend.became" | "trend.closed" => Some(family),
        _ if family.starts_with("sla") && (is_said_of_clocks || field.starts_with("compliance")) => Some(family),
        "flow" if field.starts_with("escalated") => Some("flow.escalated"),
        _ => None,
    }
}

fn stopped_at(clock: &Clock) -> Option<DateTime<Utc>> {
    match clock.state {
        ClockState::Met(at) | ClockState::Missed(at) => Some(at),
        _ => None,
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn by_name<S: Serializer>(clock: &ClockKind, serializer: S) -> Result<S::Ok, S::Error> {
    clock.name().serialize(serializer)
}

fn by_name_if_any<S: Serializer>(clock: &Option<ClockKind>, serializer: S) -> Result<S::Ok, S::Error> {
    clock.map(ClockKind::name).serialize(serializer)
}

fn by_verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    verdict.name().serialize(serializer)
}
