//! The pass over records and leaves, in order. The first share looks after what is of no single complaint.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use aduan::audit::checkpoint::{Checkpoint, Origin};
use aduan::audit::fork::Loss;
use aduan::audit::leaf;
use aduan::record::Record;
use aduan::values::{ComplaintId, Digest, Position};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::commands::Commands;
use super::complaints::Complaints;
use super::documents::Bound;
use super::leaves::Leaves;
use super::said::Said;
use super::sealed::Strays;
use super::times::Times;
use super::{Class, Folder, Part, Problem, Unchecked, entries, proofs};
use crate::json::{self, Json};
use crate::line;
use crate::manifest::Scope;
use crate::names;
use crate::records::{Line, Lines, Share};

/// Reads the records: all of what is of this share, and in the first share what is of none.
pub(super) fn read(folder: &Folder<'_>, share: Share, progress: &impl Fn(u64)) -> Part {
    let mut reading = Reading::new(folder, share);
    if let Err(error) = reading.read_all(progress)
        && share.is_first()
    {
        reading.part.problems.push(Problem::general(Class::Format, format!("{}: {error}", names::RECORDS)));
    }
    reading.end()
}

/// The pass of one share.
struct Reading<'a> {
    folder: &'a Folder<'a>,
    share: Share,
    /// In the first share.
    ground: Option<Ground<'a>>,
    complaints: Complaints<'a>,
    record: Record,
    part: Part,
}

impl<'a> Reading<'a> {
    fn new(folder: &'a Folder<'a>, share: Share) -> Self {
        let mut part = Part::default();
        Reading {
            folder,
            share,
            ground: share.is_first().then(|| Ground::new(folder, &mut part.problems)),
            complaints: Complaints::new(folder, share),
            record: line::blank(),
            part,
        }
    }

    fn read_all(&mut self, progress: &impl Fn(u64)) -> io::Result<()> {
        let mut lines = Lines::open(&self.folder.file(names::RECORDS))?;
        let (share, mut untold) = (self.share, 0);
        loop {
            // What others judge is passed over; the first share reads it all the same.
            let complaints = &mut self.complaints;
            let is_wanted = |line: &[u8]| {
                let place = line::place_of(line);
                let is_own = place.is_some_and(|(_, complaint)| share.holds(complaint));
                if let Some((position, _)) = place.filter(|_| !is_own) {
                    complaints.pass(position);
                }
                is_own || share.is_first()
            };
            let (read, form) = match lines.next_if(is_wanted)? {
                None => break,
                Some(Line::Passed) => (Ok(()), None),
                Some(Line::Text(text)) => (self.read_line(text), None),
                Some(Line::Endless(text)) => (self.read_line(text), Some("has no end")),
                Some(Line::Broken(why)) => (Ok(()), Some(why)),
            };
            // Told once, by the first share.
            for why in read.err().iter().map(String::as_str).chain(form).filter(|_| share.is_first()) {
                let why = format!("{}, line {}: {why}", names::RECORDS, lines.number());
                self.part.problems.push(Problem::general(Class::Format, why));
            }
            untold += 1;
            if untold == TOLD {
                progress(std::mem::take(&mut untold));
            }
        }
        progress(untold);
        Ok(())
    }

    /// Reads a line, or tells why it is none: then no record stands there.
    fn read_line(&mut self, text: &str) -> Result<(), String> {
        let record = &mut self.record;
        let position = line::read(text, record).map_err(|what| format!("its {what} is not in its form"))?;
        let event = self.share.holds(record.complaint).then(|| record.written());
        let said = match &event {
            Some(Ok(event)) => Said::by(&event.context),
            // What is read as an event is JSON; of what is not, that is asked here.
            event => {
                let said = said_in(record).filter(|_| {
                    let is_asked = event.is_some() || self.folder.holds_no_json;
                    !is_asked || json::is_valid(&record.payload)
                });
                self.part.holds_no_json |= said.is_none() && !self.share.is_first();
                said.ok_or("it holds no JSON")?
            }
        };
        if let Some(ground) = &mut self.ground {
            ground.read(position, record, said, &mut self.part);
        }
        if let Some(event) = event {
            let event = event.as_ref().map_err(ToString::to_string);
            self.complaints.read(position, record, event, &mut self.part);
        }
        Ok(())
    }

    fn end(mut self) -> Part {
        if let Some(ground) = self.ground {
            ground.end(&mut self.part);
        }
        self.complaints.end(&mut self.part);
        self.part
    }
}

/// What metadata say that are those of an event, or at least JSON.
fn said_in(record: &Record) -> Option<Said> {
    match record.context() {
        Ok(context) => Some(Said::by(&context)),
        Err(_) => Json::read(&record.metadata).map(|metadata| Said::in_metadata(&metadata)),
    }
}

/// What is of no single complaint: leaves, positions, commands, times, documents.
struct Ground<'a> {
    folder: &'a Folder<'a>,
    leaves: Option<Leaves<'a>>,
    /// Which records have a proof.
    proved: BTreeSet<Position>,
    position: Position,
    commands: Commands,
    bound: Bound<'a>,
    strays: Strays,
    times: Times,
    /// Admissions that stand one behind the other, and when they were recorded. A backup from before an earlier loss
    /// makes each of them at once, so that only the last tells which checkpoints hold none of them.
    admitted: Vec<(Position, DateTime<Utc>)>,
}

impl<'a> Ground<'a> {
    fn new(folder: &'a Folder<'a>, problems: &mut Vec<Problem>) -> Self {
        Ground {
            folder,
            leaves: folder.has_leaves().then(|| Leaves::open(folder, problems)).flatten(),
            proved: BTreeSet::new(),
            position: 0,
            commands: Commands::new(folder.promised(), folder.size),
            bound: Bound::to(folder.documents),
            strays: Strays::open(folder, problems),
            times: Times::of(folder),
            admitted: Vec::new(),
        }
    }

    fn read(&mut self, position: Position, record: &Record, said: Said, part: &mut Part) {
        part.records += 1;
        self.check_position(position, &mut part.problems);
        let hash = record.check_hash(self.folder.ledger());
        let is_hashed = hash.is_ok();
        part.problems.extend(hash.err().map(|broken| Problem::at(position, Class::Record, broken.to_string())));
        let is_tied = self.check_leaf(position, record, part);
        let is_admission = record.event_type == FORKED;
        if !is_admission || self.admitted.last().is_some_and(|(last, _)| last.checked_add(1) != Some(position)) {
            self.check_admitted(&mut part.problems);
        }
        let admitted_at = said.recorded_at.filter(|_| is_hashed && is_tied);
        let is_admitted = is_admission && self.note_loss(position, record, admitted_at, part);
        self.strays.pass(position, &mut part.problems);
        let broken = self.commands.read(position, said.part);
        part.problems.extend(broken.into_iter().map(|why| Problem::at(position, Class::Command, why)));
        self.bound.check(position, said.bound, &mut part.problems);
        let why = match said.recorded_at {
            Some(recorded_at) if is_admitted => {
                self.admitted.push((position, recorded_at));
                None
            }
            Some(recorded_at) => self.times.check(position, recorded_at),
            None => Some("nothing says when it was recorded".to_owned()),
        };
        part.problems.extend(why.map(|why| Problem::at(position, Class::Time, why)));
    }

    fn check_admitted(&mut self, problems: &mut Vec<Problem>) {
        for (position, recorded_at) in self.admitted.drain(..) {
            let why = self.times.check(position, recorded_at);
            problems.extend(why.map(|why| Problem::at(position, Class::Time, why)));
        }
    }

    fn check_position(&mut self, position: Position, problems: &mut Vec<Problem>) {
        let end = match self.folder.manifest.scope {
            Scope::Period { last, .. } => last,
            Scope::Whole | Scope::Complaint(_) => self.folder.size,
        };
        let wrong = match position {
            _ if position <= self.position => Some(format!("stands behind position {}", self.position)),
            _ if position > end => Some(format!("lies behind the end, which is {end}")),
            _ => self.missing_before(position).map(|missing| format!("position {missing} should stand here")),
        };
        problems.extend(wrong.map(|why| Problem::at(position, Class::Position, why)));
        self.position = self.position.max(position);
    }

    /// The first position that is missing before that one, of those the scope promises.
    fn missing_before(&self, position: Position) -> Option<Position> {
        let promised = self.folder.promised();
        let next = self.position.saturating_add(1).max(*promised.start());
        (next < position && next <= *promised.end()).then_some(next)
    }

    /// Whether the record is in the checkpoint, by leaf or proof.
    fn check_leaf(&mut self, position: Position, record: &Record, part: &mut Part) -> bool {
        let leaf: Digest = leaf(record.complaint, record.sequence, record.hash);
        if !self.folder.has_leaves() {
            self.proved.insert(position);
            return proofs::check(self.folder, position, leaf, &mut part.problems);
        }
        let Some(leaves) = &mut self.leaves else { return false };
        let why = match leaves.leaf(position, &mut part.problems) {
            Some(there) if there == leaf => return true,
            Some(_) => "it is not the leaf at its position",
            None => "there is no leaf at its position",
        };
        part.problems.push(Problem::at(position, Class::Record, why));
        false
    }

    /// A loss that is admitted takes the checkpoints beyond it out of every comparison, so it must be one: it stands
    /// where the loss began, in the order of lines, and nobody has put it there since. Where it was not signed as it is,
    /// or does not say when it was recorded, `admitted_at` is none, and nothing is admitted. Tells whether it is.
    fn note_loss(
        &mut self,
        position: Position,
        record: &Record,
        admitted_at: Option<DateTime<Utc>>,
        part: &mut Part,
    ) -> bool {
        let Ok(Admission { fact: Fact::Forked { kept, line, lost, root } }) = serde_json::from_str(&record.payload)
        else {
            part.problems.push(Problem::at(position, Class::Format, "admits a loss in another form"));
            return false;
        };
        let line_before = part.losses.iter().map(|loss| loss.line).max().unwrap_or(1);
        // Of one complaint the admissions of earlier lines are not there.
        let is_next = match self.folder.has_leaves() {
            true => Some(line) == line_before.checked_add(1),
            false => line > line_before,
        };
        let why = match position {
            _ if Some(position) != kept.checked_add(1) => "admits a loss, and does not stand where it begins",
            _ if lost <= kept => "admits a loss of nothing",
            _ if line <= line_before => "admits a loss, and begins a line that was begun before",
            _ if !is_next => "admits a loss, and leaves out a line before the one it begins",
            _ if record.complaint != ComplaintId::of_fork(self.folder.ledger(), line) => {
                let why = "a loss is admitted where another complaint should stand";
                part.problems.push(Problem::at(position, Class::Unlawful, why));
                return false;
            }
            _ => {
                let Some(admitted_at) = admitted_at else { return false };
                let loss = Loss { admitted_at, position, kept, line, lost, root };
                self.times.forget(&loss);
                part.losses.push(loss);
                return true;
            }
        };
        part.problems.push(Problem::at(position, Class::Consistency, why));
        false
    }

    fn end(mut self, part: &mut Part) {
        self.check_admitted(&mut part.problems);
        let promised = self.folder.promised();
        if let Some(missing) = self.missing_before(promised.end().saturating_add(1)) {
            let why = format!("the records end here, and position {missing} is to come");
            part.problems.push(Problem::at(self.position, Class::Position, why));
        }
        if matches!(self.folder.manifest.scope, Scope::Complaint(_)) && part.records == 0 {
            part.problems.push(Problem::general(Class::Position, "there is no record of the complaint"));
        }
        if let Some(why) = self.commands.end() {
            part.problems.push(Problem::at(self.position, Class::Command, why));
        }
        match &mut self.leaves {
            Some(leaves) => leaves.end(&part.losses, &mut part.problems),
            None if self.folder.has_leaves() => {}
            None => {
                entries::check_proofs(self.folder.path, &self.proved, &mut part.problems);
                proofs::check_older(self.folder, &part.losses, &mut part.problems);
            }
        }
        self.check_lines(part);
        self.check_rotations(part);
        self.tell_unchecked(part);
        self.strays.end(&mut part.problems);
    }

    /// Of one size and line, one root is signed; and where every record is there, so is each that began a line: a
    /// checkpoint is of the line that was begun last.
    fn check_lines(&self, part: &mut Part) {
        let own = self.folder.attested.map(|attested| attested.checkpoint.checkpoint());
        let is_ours = |own: &&Checkpoint| own.origin.of_line(1) == Origin::of(self.folder.ledger(), 1);
        let is_left = |own: &&Checkpoint| part.losses.iter().any(|loss| loss.takes(own));
        if let Some(own) = own.filter(is_ours).filter(|own| !self.folder.is_whole() && is_left(own)) {
            let why =
                format!("the checkpoint is of line {}, and a loss within it begins a later one", own.origin.line());
            part.problems.push(Problem::general(Class::Consistency, why));
        }
        let mut signed = BTreeMap::new();
        let attested = self.folder.attested.map_or(&[][..], |attested| &attested.roots);
        for root in attested.iter().filter(|root| root.is_ours) {
            let Checkpoint { origin, size, root: hash } = &root.checkpoint;
            let begun = part.losses.iter().filter(|loss| loss.position <= *size);
            let (line, is_whole) = (begun.map(|loss| loss.line).max().unwrap_or(1), self.folder.is_whole());
            let why = match signed.entry((origin.line(), *size)).or_insert(hash) {
                other if *other != hash => "has another root than one of the same size".to_owned(),
                _ if is_whole && origin.line() != line && !root.is_lost(&part.losses) => {
                    format!("is of line {}, and by the records it should be of line {line}", origin.line())
                }
                _ => continue,
            };
            let why = format!("{} of {size} events {why}", root.what);
            part.problems.push(Problem::general(Class::Consistency, why));
        }
    }

    /// No key is handed over behind the checkpoint, but in a line that was left.
    fn check_rotations(&self, part: &mut Part) {
        let Some(attested) = self.folder.attested else { return };
        let line = attested.checkpoint.checkpoint().origin.line();
        let rotations = attested.rotations.iter();
        for rotation in rotations.filter(|rotation| !rotation.counts_for(line, self.folder.size)) {
            let why = format!("a key rotation after {} lies behind the checkpoint", rotation.after());
            part.problems.push(Problem::general(Class::Format, why));
        }
    }

    fn tell_unchecked(&self, part: &mut Part) {
        let Some(attested) = self.folder.attested else { return };
        let roots = attested.roots.iter().filter(|root| attested.is_unchecked(root, &part.losses));
        part.unchecked.extend(roots.map(|root| Unchecked::of(&root.checkpoint)));
    }
}

/// As much of the payload of an admission as is needed here.
#[derive(Deserialize)]
struct Admission {
    fact: Fact,
}

#[derive(Deserialize)]
enum Fact {
    Forked { kept: Position, line: u32, lost: Position, root: Digest },
}

const FORKED: &str = "Forked";
/// So many records between two words of progress.
const TOLD: u64 = 4_096;
