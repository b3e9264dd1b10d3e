//! What is of one complaint: its chain, its lawful course, its verdicts, its sealed values, its state at the end.

use std::collections::BTreeMap;

use aduan::audit::verdicts::Judge;
use aduan::event::Event;
use aduan::inspect::{History, ProblemKind};
use aduan::record::Record;
use aduan::sealed::{BoxPlace, ComplaintKey, Field};
use aduan::values::{ComplaintId, Digest, Position};

use super::sealed::{Beside, BoxLine, KeyLine};
use super::{Class, Folder, Part, Problem};
use crate::names;
use crate::records::{Line, Lines, Share};
use crate::state;

/// The complaints of a share.
pub(super) struct Complaints<'a> {
    folder: &'a Folder<'a>,
    share: Share,
    judge: Judge,
    boxes: Beside,
    keys: Beside,
    read: BTreeMap<ComplaintId, Complaint>,
}

#[derive(Default)]
struct Complaint {
    history: History,
    keys: Vec<(Digest, ComplaintKey)>,
    /// Sealed values and keys that are not there: no failure if their key was erased.
    missing: Vec<(Position, String)>,
}

impl<'a> Complaints<'a> {
    pub(super) fn new(folder: &'a Folder<'a>, share: Share) -> Self {
        Complaints {
            folder,
            share,
            judge: Judge::default(),
            boxes: Beside::open(folder, names::BOXES, folder.manifest.boxes),
            keys: Beside::open(folder, names::KEYS, folder.manifest.keys),
            read: BTreeMap::new(),
        }
    }

    /// Reads a complaint's next record.
    pub(super) fn read(&mut self, position: Position, record: &Record, event: Result<&Event, String>, part: &mut Part) {
        let complaint = record.complaint;
        let mut note = |class, why: String| {
            let complaint = Some(complaint);
            part.problems.push(Problem { complaint, ..Problem::at(position, class, why) });
        };
        let read = self.read.entry(complaint).or_default();
        if let (Ok(event), Some(rules), false) = (&event, &self.folder.documents.rules, read.history.is_broken()) {
            for doubt in self.judge.read(position, complaint, read.history.state(), event, rules) {
                note(Class::Verdict, doubt.to_string());
            }
        }
        let told = event.as_ref().map(|event| *event).map_err(String::as_str);
        read.history.read(self.folder.ledger(), record, told, |kind, why| {
            note(class_of(kind), why);
        });
        if let Ok(event) = event {
            self.check_keys(position, complaint, event, part);
            self.check_boxes(position, complaint, event, part);
        }
    }

    fn check_keys(&mut self, position: Position, complaint: ComplaintId, event: &Event, part: &mut Part) {
        if !self.folder.manifest.keys {
            return;
        }
        let mut note = |why: &str| {
            let complaint = Some(complaint);
            part.problems.push(Problem { complaint, ..Problem::at(position, Class::Box, why) });
        };
        let read = self.read.entry(complaint).or_default();
        let mut is_there = false;
        for line in self.keys.at::<KeyLine>(position) {
            match line.as_ref().map(|line| (line.commitment, line.key())) {
                Some((commitment, Some(key))) if event.context.key == Some(commitment) && !is_there => {
                    is_there = true;
                    read.keys.push((commitment, key));
                }
                Some((_, Some(_))) => note("a key is there that it did not issue"),
                Some((_, None)) => note("a key is not the one that was committed to"),
                None => note("a key is not in its form"),
            }
        }
        if event.context.key.is_some() && !is_there {
            read.missing.push((position, "the key it issued is missing".to_owned()));
        }
    }

    fn check_boxes(&mut self, position: Position, complaint: ComplaintId, event: &Event, part: &mut Part) {
        if !self.folder.manifest.boxes {
            return;
        }
        let mut note = |why: String| {
            let complaint = Some(complaint);
            part.problems.push(Problem { complaint, ..Problem::at(position, Class::Box, why) });
        };
        let read = self.read.entry(complaint).or_default();
        let mut lines = self.boxes.at::<BoxLine>(position).into_iter().peekable();
        for (field, digest) in event.fact.boxes() {
            let Some(line) = lines.next_if(|line| line.as_ref().is_none_or(|line| line.field == field)) else {
                read.missing.push((position, format!("the sealed {field} is missing")));
                continue;
            };
            let sealed = line.as_ref().and_then(BoxLine::sealed).filter(|sealed| sealed.digest == digest);
            let Some(sealed) = sealed else {
                note(format!("the sealed {field} is not the one that was recorded"));
                continue;
            };
            let place = Field::named(field).map(|field| BoxPlace {
                ledger: &self.folder.manifest.ledger,
                complaint,
                command: event.context.command,
                field,
            });
            let opens = |place: &BoxPlace<'_>| read.keys.iter().any(|(_, key)| key.open(&sealed, place).is_ok());
            if self.folder.manifest.keys && !read.keys.is_empty() && !place.as_ref().is_some_and(opens) {
                note(format!("the sealed {field} does not open with the complaint's key"));
            }
        }
        if lines.next().is_some() {
            note("a sealed value is there that it does not name".to_owned());
        }
    }

    /// Nothing is to come: what was erased is not missing, and the states are as they should be.
    pub(super) fn end(self, part: &mut Part) {
        part.complaints += self.read.len() as u64;
        part.clocks += self.judge.clocks;
        part.verdicts += self.judge.verdicts;
        for (complaint, read) in &self.read {
            if read.history.state().erased.is_empty() {
                let missing = read.missing.iter();
                part.problems.extend(missing.map(|(position, why)| Problem {
                    complaint: Some(*complaint),
                    ..Problem::at(*position, Class::Box, why.clone())
                }));
            }
        }
        self.check_states(part);
    }

    fn check_states(&self, part: &mut Part) {
        let wrong = |complaint: Option<ComplaintId>, class, why: String| Problem {
            complaint,
            ..Problem::general(class, format!("{}: {why}", names::STATES))
        };
        let mut lines = match Lines::open(&self.folder.file(names::STATES)) {
            Ok(lines) => lines,
            Err(error) => {
                if self.share.is_first() {
                    part.problems.push(wrong(None, Class::Format, error.to_string()));
                }
                return;
            }
        };
        let mut left: BTreeMap<ComplaintId, &Complaint> = self.read.iter().map(|(id, read)| (*id, read)).collect();
        let mut last = None;
        while let Ok(Some(line)) = lines.next() {
            let text = if let Line::Text(text) = line { text } else { "" };
            let Some(complaint) = state::complaint_of(text) else {
                if self.share.is_first() {
                    let why = format!("line {} is not in its form", lines.number());
                    part.problems.push(wrong(None, Class::Format, why));
                }
                continue;
            };
            if !self.share.holds(complaint) {
                continue;
            }
            let should = left.remove(&complaint).map(|read| state::line(complaint, read.history.state()));
            let why = match should {
                None => Some("there is no such complaint, or it was told before".to_owned()),
                Some(should) if should.trim_end() != text => Some("says something else than its records".to_owned()),
                Some(_) if last.is_some_and(|last| last > complaint) => Some("is not in its order".to_owned()),
                Some(_) => None,
            };
            part.problems.extend(why.map(|why| wrong(Some(complaint), Class::State, why)));
            last = Some(complaint);
        }
        for complaint in left.into_keys() {
            part.problems.push(wrong(Some(complaint), Class::State, "says nothing of it".to_owned()));
        }
    }
}

fn class_of(kind: ProblemKind) -> Class {
    match kind {
        ProblemKind::Box => Class::Box,
        ProblemKind::Chain => Class::Chain,
        ProblemKind::Checkpoint => Class::Consistency,
        ProblemKind::Command => Class::Command,
        ProblemKind::Document => Class::Document,
        ProblemKind::Head => Class::Root,
        ProblemKind::Position => Class::Position,
        ProblemKind::Unlawful => Class::Unlawful,
        ProblemKind::Unreadable => Class::Unreadable,
        ProblemKind::Verdict => Class::Verdict,
    }
}
