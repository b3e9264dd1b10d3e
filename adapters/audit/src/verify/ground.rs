//! The pass over records and leaves, in order. The first share looks after what is of no single complaint.

use aduan::audit::leaf;
use aduan::event::{Context, Event};
use aduan::inspect::Commands;
use aduan::record::{BrokenRecord, Record};
use aduan::values::{Digest, Position};
use serde::Deserialize;

use super::complaints::Complaints;
use super::documents::Bound;
use super::leaves::Leaves;
use super::sealed::Strays;
use super::times::Times;
use super::{Class, Folder, Loss, Part, Problem, proofs};
use crate::line;
use crate::manifest::Scope;
use crate::names;
use crate::records::{Line, Lines, Share};

/// Reads the records: all of what is of this share, and in the first share what is of none.
pub(super) fn read(folder: &Folder<'_>, share: Share, progress: &impl Fn(u64)) -> Part {
    let mut part = Part::default();
    let mut lines = match Lines::open(&folder.file(names::RECORDS)) {
        Ok(lines) => lines,
        Err(error) => {
            if share.is_first() {
                part.problems.push(Problem::general(Class::Format, format!("{}: {error}", names::RECORDS)));
            }
            return part;
        }
    };
    let mut ground = share.is_first().then(|| Ground::new(folder, &mut part.problems));
    let mut complaints = Complaints::new(folder, share);
    let mut record = line::blank();
    let mut untold = 0;
    loop {
        let is_wanted = |line: &[u8]| ground.is_some() || is_of(share, line);
        let stands = match lines.next_if(is_wanted) {
            Ok(None) => break,
            Ok(Some(Line::Passed)) => None,
            Ok(Some(Line::Text(text))) => {
                Some(line::read(text, &mut record).map_err(|what| format!("its {what} is not in its form")))
            }
            Ok(Some(Line::Broken(why))) => Some(Err(why.to_owned())),
            Err(error) => {
                if share.is_first() {
                    part.problems.push(Problem::general(Class::Format, format!("{}: {error}", names::RECORDS)));
                }
                break;
            }
        };
        match stands {
            None => {}
            Some(Ok(position)) => {
                let event = share.holds(record.complaint).then(|| record.written());
                let hash = ground.is_some().then(|| record.check_hash(folder.ledger()));
                let is_wrong = matches!(event, Some(Err(_))) || matches!(hash, Some(Err(_)));
                if is_wrong && !line::is_json(&record) {
                    // Told once: by the first share, unless only whoever reads the event can see it.
                    let is_seen_there = record.check_hash(folder.ledger()).is_err();
                    if let Some(ground) = &mut ground {
                        ground.lose();
                    }
                    if ground.is_some() || !is_seen_there {
                        part.problems.push(wrong_line(&lines, "holds no JSON"));
                    }
                    continue;
                }
                if let (Some(ground), Some(hash)) = (&mut ground, hash) {
                    let read = event.as_ref().and_then(|event| event.as_ref().ok());
                    ground.read(position, &record, hash, read, &mut part);
                }
                if let Some(event) = event {
                    complaints.read(position, &record, event.as_ref().map_err(ToString::to_string), &mut part);
                }
            }
            Some(Err(why)) => {
                if let Some(ground) = &mut ground {
                    part.problems.push(wrong_line(&lines, &why));
                    ground.lose();
                }
            }
        }
        untold += 1;
        if untold == TOLD {
            progress(std::mem::take(&mut untold));
        }
    }
    progress(untold);
    if let Some(ground) = ground {
        ground.end(&mut part);
    }
    complaints.end(&mut part);
    part
}

fn wrong_line(lines: &Lines, why: &str) -> Problem {
    Problem::general(Class::Format, format!("{}, line {}: {why}", names::RECORDS, lines.number()))
}

fn is_of(share: Share, line: &[u8]) -> bool {
    line::complaint_of(line).is_some_and(|complaint| share.holds(complaint))
}

/// What is of no single complaint: leaves, positions, commands, times, documents.
struct Ground<'a> {
    folder: &'a Folder<'a>,
    leaves: Option<Leaves<'a>>,
    position: Position,
    /// Lines whose place nobody knows: as many positions may be missing.
    lost: u64,
    commands: Commands,
    bound: Bound<'a>,
    strays: Strays,
    times: Times,
}

impl<'a> Ground<'a> {
    fn new(folder: &'a Folder<'a>, problems: &mut Vec<Problem>) -> Self {
        if !folder.has_leaves() {
            proofs::check_held(folder, problems);
        }
        Ground {
            folder,
            leaves: folder.has_leaves().then(|| Leaves::open(folder, problems)).flatten(),
            position: 0,
            lost: 0,
            commands: Commands::default(),
            bound: Bound::to(folder.documents),
            strays: Strays::open(folder, problems),
            times: Times::of(folder),
        }
    }

    fn read(
        &mut self,
        position: Position,
        record: &Record,
        hash: Result<(), BrokenRecord>,
        event: Option<&Event>,
        part: &mut Part,
    ) {
        part.records += 1;
        self.note_loss(position, record, part);
        self.check_position(position, &mut part.problems);
        part.problems.extend(hash.err().map(|broken| Problem::at(position, Class::Record, broken.to_string())));
        self.check_leaf(position, record, part);
        self.strays.pass(position, &mut part.problems);
        let read;
        let context: Option<&Context> = match event {
            Some(event) => Some(&event.context),
            // Of another share: what its command and its documents are is asked here all the same.
            None => {
                read = record.context().ok();
                read.as_ref()
            }
        };
        let Some(context) = context else { return self.commands.lose() };
        if let Some(why) = self.commands.read(context.command, context.part) {
            part.problems.push(Problem::at(position, Class::Command, why));
        }
        self.bound.check(position, context, &mut part.problems);
        if let Some(why) = self.times.check(position, context.recorded_at) {
            part.problems.push(Problem::at(position, Class::Time, why));
        }
    }

    fn lose(&mut self) {
        self.lost += 1;
        self.commands.lose();
    }

    fn check_position(&mut self, position: Position, problems: &mut Vec<Problem>) {
        let (expected, size) = (self.position + 1, self.folder.manifest.size);
        let wrong = match self.folder.manifest.scope {
            _ if position < expected => Some(format!("stands behind position {}", self.position)),
            _ if position > size => Some(format!("lies beyond the checkpoint, which is of {size}")),
            Scope::Period { last, .. } if position > last => Some("lies behind the period".to_owned()),
            _ => self.missing_before(position).map(|missing| format!("position {missing} should stand here")),
        };
        problems.extend(wrong.map(|why| Problem::at(position, Class::Position, why)));
        self.lost = 0;
        self.position = self.position.max(position);
    }

    /// The first position that is missing, of those the scope promises.
    fn missing_before(&self, position: Position) -> Option<Position> {
        let promised = match self.folder.manifest.scope {
            Scope::Whole => self.position + 1,
            Scope::Period { first, .. } => first.max(self.position + 1),
            Scope::Complaint(_) => return None,
        };
        (position.saturating_sub(promised) > self.lost).then_some(promised)
    }

    fn check_leaf(&mut self, position: Position, record: &Record, part: &mut Part) {
        let leaf: Digest = leaf(record.complaint, record.sequence, record.hash);
        match &mut self.leaves {
            Some(leaves) => {
                leaves.read_to(position, &part.losses, &mut part.problems);
                if leaves.last(position).is_some_and(|last| last != leaf) {
                    part.problems.push(Problem::at(position, Class::Record, "it is not the leaf at its position"));
                }
            }
            None if self.folder.has_leaves() => {}
            None => proofs::check(self.folder, position, leaf, &mut part.problems),
        }
    }

    /// A loss that is admitted takes the checkpoints beyond it out of every comparison.
    fn note_loss(&mut self, position: Position, record: &Record, part: &mut Part) {
        if record.event_type != "Forked" {
            return;
        }
        if let Ok(Admission { fact: Fact::Forked { kept, line, lost, root } }) = serde_json::from_str(&record.payload) {
            let loss = Loss { position, kept, lost, line, root };
            self.times.forget(&loss);
            part.losses.push(loss);
        }
    }

    fn end(mut self, part: &mut Part) {
        let end = match self.folder.manifest.scope {
            Scope::Whole => self.folder.manifest.size,
            Scope::Period { last, .. } => last,
            Scope::Complaint(_) => self.position,
        };
        if self.missing_before(end + 1).is_some() {
            let why = format!("the records end here, and should at {end}");
            part.problems.push(Problem::at(self.position, Class::Position, why));
        }
        if let Some(why) = self.commands.end() {
            part.problems.push(Problem::at(self.position, Class::Command, why));
        }
        if let Some(leaves) = &mut self.leaves {
            leaves.end(&part.losses, &mut part.problems);
        }
        self.strays.end(&mut part.problems);
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

/// So many records between two words of progress.
const TOLD: u64 = 4_096;
