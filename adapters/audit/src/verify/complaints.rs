//! What is of one complaint: its chain, its lawful course, its verdicts, its sealed values, its state at the end.

use std::collections::{BTreeMap, HashMap};

use aduan::audit::verdicts::Judge;
use aduan::event::Event;
use aduan::inspect::{History, ProblemKind};
use aduan::record::Record;
use aduan::sealed::{BoxDigest, BoxPlace, ComplaintKey, Field};
use aduan::values::{CommandId, ComplaintId, Digest, Position};

use super::sealed::{Beside, BoxLine, KeyLine};
use super::{Class, Folder, Part, Problem};
use crate::json::Json;
use crate::line;
use crate::manifest::Scope;
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
    /// Boxed: a table keeps room for as many again.
    read: HashMap<ComplaintId, Box<Complaint>>,
}

#[derive(Default)]
struct Complaint {
    history: History,
    keys: Vec<(Digest, ComplaintKey)>,
    /// The commitment to the key that seals now.
    key: Option<Digest>,
    /// Sealed values and keys that are not there: no failure if their key was erased.
    missing: Vec<Missing>,
    /// The greatest of its positions.
    last: Position,
}

/// A sealed value or a key that a record names.
struct Missing {
    position: Position,
    key: Option<Digest>,
    why: String,
}

/// What a record names that lies beside it.
struct Named {
    command: Option<CommandId>,
    /// The commitment to a key that it issues.
    key: Option<Digest>,
    boxes: Vec<(Field, BoxDigest)>,
    /// Of what it names, what is no commitment, and what is no digest.
    no_commitment: bool,
    no_digests: Vec<Field>,
}

impl<'a> Complaints<'a> {
    pub(super) fn new(folder: &'a Folder<'a>, share: Share) -> Self {
        Complaints {
            folder,
            share,
            judge: Judge::default(),
            boxes: Beside::open(folder, names::BOXES, folder.manifest.boxes),
            keys: Beside::open(folder, names::KEYS, folder.manifest.keys),
            read: HashMap::new(),
        }
    }

    /// Passes over a record of another share.
    pub(super) fn pass(&mut self, position: Position) {
        self.boxes.pass(position);
        self.keys.pass(position);
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
            if kind == ProblemKind::Unreadable
                && let Some(why) = line::odd(record)
            {
                note(Class::Format, why.to_owned());
            }
            note(class_of(kind), why);
        });
        read.last = read.last.max(position);
        if !self.keys.is_there() && !self.boxes.is_there() {
            return;
        }
        let named = match event {
            Ok(event) => Named::by(event),
            Err(_) => Named::within(record),
        };
        read.key = named.key.or(read.key);
        self.check_keys(position, complaint, &named, part);
        self.check_boxes(position, complaint, &named, part);
    }

    fn check_keys(&mut self, position: Position, complaint: ComplaintId, named: &Named, part: &mut Part) {
        if !self.keys.is_there() {
            return;
        }
        let mut note = |why: &str| {
            let complaint = Some(complaint);
            part.problems.push(Problem { complaint, ..Problem::at(position, Class::Box, why) });
        };
        let read = self.read.entry(complaint).or_default();
        let mut is_there = false;
        if named.no_commitment {
            note("what it names is no commitment to a key");
        }
        for line in self.keys.at::<KeyLine>(position) {
            let commitment = line.commitment;
            match line.key() {
                Some(key) if named.key == Some(commitment) && !is_there => read.keys.push((commitment, key)),
                Some(_) => note("a key is there that it did not issue"),
                None => note("a key is not the one that was committed to"),
            }
            is_there = true;
        }
        if named.key.is_some() && !is_there {
            read.missing.push(Missing { position, key: named.key, why: "the key it issued is missing".to_owned() });
        }
    }

    fn check_boxes(&mut self, position: Position, complaint: ComplaintId, named: &Named, part: &mut Part) {
        if !self.boxes.is_there() {
            return;
        }
        let mut note = |why: String| {
            let complaint = Some(complaint);
            part.problems.push(Problem { complaint, ..Problem::at(position, Class::Box, why) });
        };
        let read = self.read.entry(complaint).or_default();
        let mut lines = self.boxes.at::<BoxLine>(position).into_iter().peekable();
        for (field, digest) in &named.boxes {
            let Some(line) = lines.next_if(|line| line.field == *field) else {
                let why = format!("the sealed {field} is missing");
                read.missing.push(Missing { position, key: read.key, why });
                continue;
            };
            let Some(sealed) = line.sealed().filter(|sealed| sealed.digest == *digest) else {
                note(format!("the sealed {field} is not the one that was recorded"));
                continue;
            };
            let ledger = self.folder.ledger();
            let place = named.command.map(|command| BoxPlace { ledger, complaint, command, field: *field });
            let opens = |place: &BoxPlace<'_>| read.keys.iter().any(|(_, key)| key.open(&sealed, place).is_ok());
            if !read.keys.is_empty() && !place.as_ref().is_none_or(opens) {
                note(format!("the sealed {field} does not open with the complaint's key"));
            }
        }
        for field in &named.no_digests {
            note(format!("what it names is no digest of the sealed {field}"));
        }
        if lines.next().is_some() {
            note("a sealed value is there that it does not name".to_owned());
        }
    }

    /// Nothing is to come: what was erased is not missing, the complaints are those of the scope, and the states are as
    /// they should be.
    pub(super) fn end(self, part: &mut Part) {
        part.complaints += self.read.len() as u64;
        part.clocks += self.judge.clocks;
        part.verdicts += self.judge.verdicts;
        for (complaint, read) in &self.read {
            let erased = &read.history.state().erased;
            let missing = read.missing.iter().filter(|missing| !missing.key.is_some_and(|key| erased.contains(&key)));
            part.problems.extend(missing.map(|missing| Problem {
                complaint: Some(*complaint),
                ..Problem::at(missing.position, Class::Box, missing.why.clone())
            }));
            let why = match self.folder.manifest.scope {
                Scope::Complaint(other) if other != *complaint => "it is not the complaint that was exported",
                // A loss that was admitted before a period explains checkpoints that do not fit.
                Scope::Period { first, .. } if read.last < first && !read.history.state().admits_loss => {
                    "it does not occur in the period"
                }
                _ => continue,
            };
            let complaint = Some(*complaint);
            part.problems.push(Problem { complaint, ..Problem::at(read.last, Class::Format, why) });
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
        let mut left: BTreeMap<ComplaintId, &Complaint> = self.read.iter().map(|(id, read)| (*id, &**read)).collect();
        let mut last = None;
        let mut number = 0;
        // The first share tells what is wrong with the form of any line; the others look at their own only.
        let is_wanted = |line: &[u8]| self.share.is_first() || state::is_of(line, self.share);
        while let Ok(Some(line)) = lines.next_if(is_wanted) {
            number += 1;
            let (text, form) = match line {
                Line::Text(text) => (text, None),
                Line::Endless(text) => (text, Some("has no end")),
                Line::Broken(why) => ("", Some(why)),
                Line::Passed => continue,
            };
            let complaint = state::complaint_of(text);
            let form = form
                .or(complaint.is_none().then_some("is not in its form"))
                .or((complaint.is_some() && last >= complaint).then_some("is not in its order"));
            if let (Some(form), true) = (form, self.share.is_first()) {
                let why = format!("line {number} {form}");
                part.problems.push(wrong(None, Class::Format, why));
            }
            last = last.max(complaint);
            let Some(complaint) = complaint.filter(|complaint| self.share.holds(*complaint)) else { continue };
            let should = left.remove(&complaint).map(|read| state::line(complaint, read.history.state()));
            let (class, why) = match should {
                Some(should) if should.trim_end() == text => continue,
                _ if Json::read(text).is_none() => (Class::Format, "is not in its form"),
                Some(_) => (Class::State, "says something else than its records"),
                None => (Class::State, "there is no such complaint, or it was told before"),
            };
            part.problems.push(wrong(Some(complaint), class, why.to_owned()));
        }
        for complaint in left.into_keys() {
            part.problems.push(wrong(Some(complaint), Class::State, "says nothing of it".to_owned()));
        }
    }
}

impl Named {
    fn by(event: &Event) -> Self {
        let boxes = event.fact.boxes().into_iter();
        Named {
            command: Some(event.context.command),
            key: event.context.key,
            boxes: boxes.filter_map(|(field, digest)| Some((Field::named(field)?, digest))).collect(),
            no_commitment: false,
            no_digests: Vec::new(),
        }
    }

    /// The same of a record that cannot be read as an event.
    fn within(record: &Record) -> Self {
        let metadata = Json::read(&record.metadata);
        let key = metadata.as_ref().and_then(|metadata| metadata.member("key")).and_then(Json::text);
        let payload = Json::read(&record.payload);
        let fact = payload.as_ref().and_then(|payload| payload.member("fact")?.member(&record.event_type));
        let commitment = key.and_then(|key| key.parse().ok());
        let mut named = Named {
            command: None,
            key: commitment,
            boxes: Vec::new(),
            no_commitment: key.is_some() && commitment.is_none(),
            no_digests: Vec::new(),
        };
        for name in fact.map(Json::names).unwrap_or_default() {
            let text = fact.and_then(|fact| fact.member(name)).and_then(Json::text);
            let Some((field, text)) = Field::named(name).zip(text) else { continue };
            match text.parse() {
                Ok(digest) => named.boxes.push((field, BoxDigest(digest))),
                Err(_) => named.no_digests.push(field),
            }
        }
        named
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
