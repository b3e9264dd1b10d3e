//! Checking the folder: everything the format promises, from signatures to verdicts, and every failure listed.
//!
//! One pass goes over the leaves and the records in order. What is of one complaint (its chain, its lawful course, its
//! verdicts) is judged a share of the complaints at a time, on every core there is, so that memory stays within bounds
//! however long the ledger is.

mod attested;
mod commands;
mod complaints;
mod documents;
mod entries;
mod ground;
mod leaves;
mod left;
mod proofs;
mod said;
mod sealed;
mod times;

use std::fs;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::fork::Loss;
use aduan::audit::note::VerifierKey;
use aduan::values::{ComplaintId, Digest, LedgerId, Position};
use chrono::{NaiveDateTime, TimeDelta};
use serde::{Serialize, Serializer};

use self::attested::Attested;
use self::documents::Documents;
use crate::manifest::{FORMAT, Manifest, Scope};
use crate::names;
use crate::records::{SHARE, Share, whole};

/// What an auditor brings along.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The public keys, from somewhere else than the folder.
    pub keys: Vec<VerifierKey>,
    /// Checkpoints in the auditor's hand.
    pub held: Vec<SignedCheckpoint>,
    /// By how much a recorded time may lie outside the checkpoints around it: clocks of two machines differ.
    pub slack: TimeDelta,
}

impl Trust {
    /// Those keys, nothing in hand, ten minutes.
    pub fn in_keys(keys: Vec<VerifierKey>) -> Self {
        Trust { keys, held: Vec::new(), slack: TimeDelta::minutes(10) }
    }
}

/// What a failure is about, gravest first: its number is an exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A file is missing, or a line not in its form.
    Format = 10,
    /// No key that counts signed it.
    Signature,
    /// The leaves, or the proof of a record, do not lead to the checkpoint's root.
    Root,
    /// An older checkpoint is not the beginning of this one.
    Consistency,
    /// Positions do not rise, or one is missing.
    Position,
    /// The bytes of a record do not have its hash, or its hash is not the leaf.
    Record,
    /// A sequence has a hole, or a record does not link to the one before.
    Chain,
    /// A command is not whole.
    Command,
    /// A sealed value or a key is missing, or is not the one that was named.
    Box,
    /// A policy, calendar or directory is missing or altered.
    Document,
    /// A recorded time lies outside the checkpoints around it.
    Time,
    /// A record is not canonical, or reads as no event.
    Unreadable,
    /// An event does not follow from those before it, or its actor was not allowed to.
    Unlawful,
    /// A clock is not what events, policy and calendar make of it.
    Verdict,
    /// `states.jsonl` does not say what the records fold to.
    State,
}

impl Class {
    /// Every class, gravest first.
    pub const ALL: [Class; 15] = [
        Class::Format,
        Class::Signature,
        Class::Root,
        Class::Consistency,
        Class::Position,
        Class::Record,
        Class::Chain,
        Class::Command,
        Class::Box,
        Class::Document,
        Class::Time,
        Class::Unreadable,
        Class::Unlawful,
        Class::Verdict,
        Class::State,
    ];

    /// The name as the format has it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Format => "format",
            Class::Signature => "signature",
            Class::Root => "root",
            Class::Consistency => "consistency",
            Class::Position => "position",
            Class::Record => "record",
            Class::Chain => "chain",
            Class::Command => "command",
            Class::Box => "box",
            Class::Document => "document",
            Class::Time => "time",
            Class::Unreadable => "unreadable",
            Class::Unlawful => "unlawful",
            Class::Verdict => "verdict",
            Class::State => "state",
        }
    }

    /// What a verifier ends with if this is the gravest it found.
    pub fn exit_code(self) -> u8 {
        self as u8
    }
}

/// Something that is wrong with a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Problem {
    /// Where in the ledger, if it is somewhere there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// What it is about.
    pub class: Class,
    /// Whose it is, if it is one complaint's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// What exactly.
    pub why: String,
}

impl Problem {
    /// Of no position.
    fn general(class: Class, why: impl Into<String>) -> Self {
        Problem { position: None, class, complaint: None, why: why.into() }
    }

    /// Of a position.
    fn at(position: Position, class: Class, why: impl Into<String>) -> Self {
        Problem { position: Some(position), class, complaint: None, why: why.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.class.name())?;
        if let Some(position) = self.position {
            write!(f, "position {position}: ")?;
        }
        if let Some(complaint) = self.complaint {
            write!(f, "complaint {complaint}: ")?;
        }
        f.write_str(&self.why)
    }
}

/// A checkpoint in the auditor's hand that cannot be checked in a folder. It is of a line that was left after a loss, and
/// does not fit; the record that admits the loss is not in what was exported, so that nobody can tell here whether it is
/// of what was lost. The whole ledger tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unchecked {
    /// Of which line.
    #[serde(serialize_with = "as_text")]
    pub origin: Origin,
    /// How many records it covers.
    pub size: Position,
    /// The root over them.
    pub root: Digest,
}

impl Unchecked {
    fn of(Checkpoint { origin, size, root }: &Checkpoint) -> Self {
        Unchecked { origin: origin.clone(), size: *size, root: *root }
    }
}

impl std::fmt::Display for Unchecked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Unchecked { origin, size, .. } = self;
        write!(
            f,
            "the checkpoint of {size} events of {origin} in hand cannot be checked here: that line was left after a "
        )?;
        f.write_str("loss, and the record that admits it is not in this export; the whole ledger tells")
    }
}

/// What a verification found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verification {
    /// What the folder says that it holds; none where it says nothing that can be read.
    pub manifest: Option<Manifest>,
    /// Whose signature the checkpoint bears, as NAME+ID+KEY.
    pub signed_by: Option<String>,
    /// When it was signed.
    pub signed_at: Option<String>,
    /// How many records were read.
    pub records: u64,
    /// Of how many complaints.
    pub complaints: u64,
    /// How many clocks were recomputed.
    pub clocks: u64,
    /// How many verdicts.
    pub verdicts: u64,
    /// Losses that the ledger admits: no failure, and nothing to overlook.
    pub admitted_losses: Vec<Loss>,
    /// Checkpoints in the auditor's hand that nobody can check in this folder: no failure, and nothing to overlook.
    pub unchecked: Vec<Unchecked>,
    /// Everything that is wrong, in the order of positions.
    pub problems: Vec<Problem>,
}

impl Verification {
    /// The gravest class of failure; none where nothing is wrong.
    pub fn gravest(&self) -> Option<Class> {
        self.problems.iter().map(|problem| problem.class).min()
    }

    fn take(&mut self, part: Part) {
        self.records += part.records;
        self.complaints += part.complaints;
        self.clocks += part.clocks;
        self.verdicts += part.verdicts;
        self.admitted_losses.extend(part.losses);
        self.unchecked.extend(part.unchecked);
        self.problems.extend(part.problems);
    }

    fn check_read(&mut self, manifest: &Manifest) {
        let counts =
            [("records", manifest.records, self.records), ("complaints", manifest.complaints, self.complaints)];
        for (what, said, there) in counts.into_iter().filter(|(_, said, there)| said != there) {
            let why = format!("the manifest says {said} {what}, and there are {there}");
            self.problems.push(Problem::general(Class::Format, why));
        }
    }
}

/// Checks a folder. `progress` is told how many records are done, and how many there are to do.
///
/// Nothing in the folder makes it fail: whatever cannot be read is a failure of the folder's.
pub fn verify(folder: &Path, trust: &Trust, progress: impl Fn(u64, u64) + Sync) -> Verification {
    verify_in_shares(folder, trust, SHARE, progress)
}

/// The same, judging the complaints of about so many bytes of records at a time: with three kilobytes a complaint in memory,
/// and a pass over the records for each share.
pub fn verify_in_shares(
    folder: &Path,
    trust: &Trust,
    bytes: NonZero<u64>,
    progress: impl Fn(u64, u64) + Sync,
) -> Verification {
    let mut found = Verification {
        manifest: None,
        signed_by: None,
        signed_at: None,
        records: 0,
        complaints: 0,
        clocks: 0,
        verdicts: 0,
        admitted_losses: Vec::new(),
        unchecked: Vec::new(),
        problems: Vec::new(),
    };
    let manifest = match read_manifest(folder) {
        Ok(manifest) => manifest,
        Err(problem) => {
            found.problems.push(problem);
            return found;
        }
    };
    let problems = &mut found.problems;
    entries::check(folder, &manifest, problems);
    let mut attested = attested::read(folder, &manifest, trust, problems);
    if let Some(attested) = &mut attested {
        left::mark(folder, &manifest.scope, attested);
    }
    // The checkpoint is signed, and the manifest is not.
    let size = attested.as_ref().map_or(manifest.size, |attested| attested.checkpoint.checkpoint().size);
    if attested.is_some() {
        check_counts(&manifest, size, problems);
    }
    let documents = documents::read(folder, problems);
    if let Some(attested) = &attested {
        found.signed_by = attested.signed_by.as_ref().map(ToString::to_string);
        found.signed_at = attested.signed_at.map(|at| at.to_rfc3339());
    }
    let mut folder = Folder {
        path: folder,
        share: bytes,
        manifest: &manifest,
        size,
        attested: attested.as_ref(),
        documents: &documents,
        trust,
        holds_no_json: false,
    };
    let mut parts = folder.read_all(&progress);
    // The first share takes the lines of others for JSON, until one of them is none: then it reads them once more.
    if parts.iter().any(|part| part.holds_no_json) {
        folder.holds_no_json = true;
        parts = folder.read_all(&progress);
    }
    for part in parts {
        found.take(part);
    }
    found.check_read(&manifest);
    found.problems.sort();
    found.manifest = Some(manifest);
    found
}

/// A folder whose small files were read.
struct Folder<'a> {
    path: &'a Path,
    share: NonZero<u64>,
    manifest: &'a Manifest,
    /// Of the checkpoint.
    size: Position,
    attested: Option<&'a Attested>,
    documents: &'a Documents,
    trust: &'a Trust,
    /// Somewhere in the records, so that every line is to be asked whether it is JSON, whoever judges it.
    holds_no_json: bool,
}

/// What a share of the records, or what is of none of them, adds to a verification.
#[derive(Default)]
struct Part {
    records: u64,
    complaints: u64,
    clocks: u64,
    verdicts: u64,
    losses: Vec<Loss>,
    unchecked: Vec<Unchecked>,
    problems: Vec<Problem>,
    /// A line that is not the first share's holds no JSON.
    holds_no_json: bool,
}

impl Folder<'_> {
    fn ledger(&self) -> &LedgerId {
        &self.manifest.ledger
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Of which positions every one has its record.
    fn promised(&self) -> RangeInclusive<Position> {
        match self.manifest.scope {
            Scope::Whole => 1..=self.size,
            Scope::Period { first, last } => first..=last,
            Scope::Complaint(_) => RangeInclusive::new(1, 0),
        }
    }

    fn is_whole(&self) -> bool {
        self.manifest.scope == Scope::Whole
    }

    /// Whether it has all leaves, and not a proof for each record.
    fn has_leaves(&self) -> bool {
        !matches!(self.manifest.scope, Scope::Complaint(_))
    }

    /// Reads all shares; in whichever order the threads come back with them.
    fn read_all(&self, progress: &(impl Fn(u64, u64) + Sync)) -> Vec<Part> {
        let bytes = fs::metadata(self.file(names::RECORDS)).map_or(0, |file| file.len());
        let shares: Vec<Share> = Share::all(bytes, self.share).collect();
        let all = self.manifest.records.saturating_mul(shares.len() as u64);
        let done = AtomicU64::new(0);
        let tell = |more: u64| progress(done.fetch_add(more, Ordering::Relaxed) + more, all);
        let (next, parts) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let work = || {
            while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                let part = ground::read(self, *share, &tell);
                parts.lock().expect("whoever held it went on").push(part);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(shares.len());
        thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        parts.into_inner().expect("whoever held it went on")
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn read_manifest(folder: &Path) -> Result<Manifest, Problem> {
    let wrong = |why: String| Problem::general(Class::Format, format!("{}: {why}", names::MANIFEST));
    let bytes = whole(&folder.join(names::MANIFEST)).map_err(|error| wrong(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(wrong(format!("is not {FORMAT}")));
    }
    if NaiveDateTime::parse_from_str(&manifest.made_at, "%Y-%m-%dT%H:%M:%SZ").is_err() {
        return Err(wrong("was made at no time".into()));
    }
    match manifest.scope {
        Scope::Period { first, last } if first == 0 || first > last => Err(wrong("is of a period without end".into())),
        _ => Ok(manifest),
    }
}

/// Holds what the manifest says against the size of the checkpoint.
fn check_counts(manifest: &Manifest, size: Position, problems: &mut Vec<Problem>) {
    let why = match manifest.scope {
        Scope::Whole if manifest.records != size => format!("{} records of a whole ledger of {size}", manifest.records),
        Scope::Period { last, .. } if last > size => format!("a period up to {last} of a ledger of {size}"),
        Scope::Complaint(_) if manifest.complaints != 1 => {
            format!("{} complaints in place of one", manifest.complaints)
        }
        _ => return,
    };
    problems.push(Problem::general(Class::Format, format!("the manifest says {why}")));
}
