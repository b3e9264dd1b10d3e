//! `checkpoints`: what was attested of the ledger, and how far that goes.

mod witness;

use std::collections::VecDeque;
use std::path::PathBuf;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::keys::Rotation;
use aduan::audit::notary::{Standing, witness_request};
use aduan::audit::note::VerifierKey;
use aduan::store::{Attestations, Log};
use aduan::values::{LedgerId, Position};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;

use crate::Now;
use crate::answer::{Exit, Failure, Teller, tell_whole};
use crate::attested::Walk;
use crate::notary::Every;
use crate::notary::printed::root;
use crate::sheet::{Column, Part, Sheet};
use crate::tenant::{Opened, Tenant};
use crate::whole::{Readers, write_whole};

/// What `checkpoints` is told.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Checkpoints {
    /// Print what a witness is sent who saw the checkpoint of that size last (0: none): the last one, and the proof that
    /// it goes on from there.
    #[arg(long, value_name = "OLD", conflicts_with_all = ["add", "out"])]
    for_witness: Option<Position>,
    /// Keep a witness's line: a file with the note and that line beneath it, or with what the witness answered.
    #[arg(long, value_name = "FILE", requires = "witness", conflicts_with = "out")]
    add: Option<PathBuf>,
    /// The public key of that witness.
    #[arg(long, value_name = "VKEY", requires = "add")]
    witness: Option<VerifierKey>,
    /// Write the last one alone, with all its signatures: for an auditor, or on a receipt.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How many to list.
    #[arg(long, default_value_t = 10, value_name = "N")]
    last: usize,
    #[command(flatten)]
    every: Every,
    #[command(flatten)]
    now: Now,
}

impl Checkpoints {
    /// Lists them, or does the one thing asked for.
    ///
    /// # Errors
    /// When the ledger cannot be read, or what is asked for cannot be had.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        if let (Some(file), Some(witness)) = (&self.add, &self.witness) {
            return witness::add(file, witness, tenant, teller).await;
        }
        let Opened { store, attestations, .. } = tenant.place().reader().await?;
        let kept = Kept::last_of(&*attestations, self.last.max(1)).await?;
        if let Some(old) = self.for_witness {
            return print_request(&*store, old, kept.last()?).await;
        }
        if let Some(path) = &self.out {
            let last = kept.last()?;
            write_whole(path, &last.to_string(), Readers::Anyone).map_err(|error| Failure::file(path, &error))?;
            let size = last.checkpoint().size;
            return teller
                .tell(&Listed::of(last), &format!("the checkpoint of {size} events is in {}", path.display()))
                .map(|()| Exit::Done);
        }
        self.list(store.id(), &*store, kept, teller).await
    }

    async fn list(&self, ledger: &LedgerId, log: &dyn Log, kept: Kept, teller: Teller) -> Result<Exit, Failure> {
        let standing = Standing::of(log, kept.latest()).await?;
        let is_late = standing.is_late(self.now.instant().0, &self.every.cadence());
        let listed: Vec<Listed> = kept.checkpoints.iter().map(Listed::of).collect();
        let document = Document {
            ledger,
            behind: standing.behind(),
            missing: standing.missing(),
            is_late,
            standing: &standing,
            checkpoints: &listed,
        };
        let sheet = Sheet {
            title: format!("checkpoints of {ledger}"),
            key: ["events", "size"],
            name: |listed: &Listed| &listed.name,
            parts: PARTS,
            more: &[],
            lines: listed.clone(),
            total: None,
            notes: Vec::new(),
        };
        let text = match listed.is_empty() {
            true => standing_line(&standing, is_late),
            false => format!("{}\n\n{}", sheet.to_string().trim_end(), standing_line(&standing, is_late)),
        };
        teller.tell(&document, &text)?;
        Ok(if standing.missing() > 0 { Exit::Corrupt } else { Exit::Done })
    }
}

async fn print_request(log: &dyn Log, old: Position, last: &SignedCheckpoint) -> Result<Exit, Failure> {
    let size = last.checkpoint().size;
    if old > size {
        return Err(Failure::Usage(format!("the last checkpoint is of {size} events: none goes on from {old}")));
    }
    let request = witness_request(log, old, last).await?;
    tell_whole(&request.to_string()).map(|()| Exit::Done)
}

/// What is kept of a ledger's checkpoints, each with all its signatures.
pub(crate) struct Kept {
    /// The last ones, in order.
    checkpoints: VecDeque<SignedCheckpoint>,
}

impl Kept {
    /// The last `count`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn last_of(attestations: &dyn Attestations, count: usize) -> Result<Self, Failure> {
        let mut kept = Kept { checkpoints: VecDeque::new() };
        let mut walk = Walk::of(attestations);
        while let Some(attestation) = walk.next().await? {
            if let Ok(signed) = attestation.note.parse::<SignedCheckpoint>() {
                kept.take(signed, count);
            }
        }
        Ok(kept)
    }

    fn take(&mut self, signed: SignedCheckpoint, count: usize) {
        let key = |signed: &SignedCheckpoint| {
            let checkpoint = signed.checkpoint();
            // After an admitted loss a line goes on with smaller sizes.
            (checkpoint.origin.line(), checkpoint.size, checkpoint.root)
        };
        let place = self.checkpoints.partition_point(|other| key(other) < key(&signed));
        match self.checkpoints.get_mut(place) {
            Some(other) if other.checkpoint() == signed.checkpoint() => {
                if signed.note().signatures().len() > other.note().signatures().len() {
                    *other = signed;
                }
            }
            _ => self.checkpoints.insert(place, signed),
        }
        if self.checkpoints.len() > count {
            self.checkpoints.pop_front();
        }
    }

    /// The last of them, if there is one.
    pub(crate) fn latest(&self) -> Option<&SignedCheckpoint> {
        self.checkpoints.back()
    }

    /// The last of them.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn last(&self) -> Result<&SignedCheckpoint, Failure> {
        self.latest().ok_or_else(|| Failure::Failed("the ledger keeps no checkpoint: `aduan notary` makes them".into()))
    }

    /// All of them, the last one first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.checkpoints.iter().rev()
    }
}

/// The keys that were handed over, in the order of their sizes.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn rotations(attestations: &dyn Attestations) -> Result<Vec<Rotation>, Failure> {
    let mut rotations = Vec::new();
    let mut walk = Walk::of(attestations);
    while let Some(attestation) = walk.next().await? {
        rotations.extend(attestation.note.parse::<Rotation>());
    }
    Ok(rotations)
}

/// What a program is told.
#[derive(Serialize)]
struct Document<'a> {
    ledger: &'a LedgerId,
    #[serde(flatten)]
    standing: &'a Standing,
    behind: u64,
    missing: u64,
    is_late: bool,
    checkpoints: &'a [Listed],
}

/// A checkpoint as it is listed.
#[derive(Clone, Serialize)]
pub(crate) struct Listed {
    #[serde(skip)]
    name: String,
    origin: String,
    size: Position,
    /// As it stands in the note.
    root: String,
    /// The id of the key that signed it, by its own word.
    key: Option<String>,
    /// When, by its own word.
    at: Option<DateTime<Utc>>,
    /// Who else signed it, by their own word.
    witnesses: Vec<String>,
}

impl Listed {
    /// As people and programs are told of it.
    pub(crate) fn of(signed: &SignedCheckpoint) -> Self {
        let checkpoint = signed.checkpoint();
        let own = checkpoint.origin.key_name();
        let (ours, others): (Vec<_>, Vec<_>) = signed.note().signatures().iter().partition(|line| line.name == own);
        let mut witnesses: Vec<String> = others.into_iter().map(|line| line.name.clone()).collect();
        witnesses.dedup();
        Listed {
            name: checkpoint.size.to_string(),
            origin: checkpoint.origin.to_string(),
            size: checkpoint.size,
            root: root(signed).to_owned(),
            key: ours.first().map(|line| line.key.iter().map(|byte| format!("{byte:02x}")).collect()),
            at: signed.told_at(),
            witnesses,
        }
    }
}

/// How it stands, in one line.
fn standing_line(standing: &Standing, is_late: bool) -> String {
    let Standing { size, head, .. } = *standing;
    let (behind, missing) = (standing.behind(), standing.missing());
    let since = standing.behind_since.map_or(String::new(), |since| format!(", the first since {}", told(since)));
    match (size, behind) {
        _ if missing > 0 => format!(
            "MISSING: {size} events were attested, and the log ends at {head}: the last {missing} are gone (an old backup, \
             or a tail that was cut)"
        ),
        (0, 0) => "the ledger is empty, and has no checkpoint".to_owned(),
        (0, _) if is_late => format!("NO CHECKPOINT: none of {behind} events is in one{since}"),
        (0, _) => format!("no checkpoint yet: {behind} events are in none{since}"),
        (_, 0) => format!("all {head} events are in the last one"),
        _ if is_late => format!("LATE: {behind} of {head} events are in none{since}"),
        _ => format!("{behind} of {head} events are in none yet{since}"),
    }
}

fn told(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

const PARTS: &[Part<Listed>] = &[Part {
    about: "",
    columns: &[
        Column::Text("root", |listed| listed.root.clone()),
        Column::Text("key", |listed| listed.key.clone().unwrap_or_default()),
        Column::Text("at", |listed| listed.at.map(told).unwrap_or_default()),
        Column::Text("witnesses", |listed| listed.witnesses.join(" ")),
    ],
}];

const AFTER_HELP: &str = "\
What is listed is what the ledger keeps; whether signatures are true, an auditor finds out with the public keys.
A checkpoint is late when an event waits for it twice as long as --every-minutes says, or twice as many wait as
--every-events says. The exit code is 0 all the same, and 5 only where events are gone that were attested.

With --json, one document on one line: {ledger, size, at, head, behind_since, behind, missing, is_late,
checkpoints: [{origin, size, root, key, at, witnesses}]}; size and at are of the last one, root is base64 as it
stands in the note.";
