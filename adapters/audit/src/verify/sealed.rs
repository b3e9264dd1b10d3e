//! Sealed values and keys: read beside the records, in their order.

use std::io;
use std::marker::PhantomData;

use aduan::sealed::{BoxDigest, ComplaintKey, Field, SealedBox};
use aduan::values::{Digest, Position};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Class, Folder, Problem};
use crate::line;
use crate::manifest::Manifest;
use crate::names;
use crate::records::{Line, Lines};

/// A line of one of the files beside the records.
pub(super) trait Beneath: Sized {
    /// The file.
    const NAME: &str;

    /// Where its record stands, and what it holds; nothing where it is not in its form.
    fn read(text: &str) -> Option<(Position, Self)>;
}

/// One line of `boxes.jsonl`.
pub(super) struct BoxLine {
    pub(super) field: Field,
    digest: BoxDigest,
    sealed: SealedBox,
}

/// One line of `keys.jsonl`.
pub(super) struct KeyLine {
    pub(super) commitment: Digest,
    key: ComplaintKey,
}

impl Beneath for BoxLine {
    const NAME: &str = names::BOXES;

    fn read(text: &str) -> Option<(Position, Self)> {
        let mut rest = text;
        let position = line::position(&mut rest)?;
        let field = Field::named(line::text(&mut rest, r#","field":""#)?)?;
        let digest = BoxDigest(line::text(&mut rest, r#","digest":""#)?.parse().ok()?);
        let bytes = STANDARD.decode(line::text(&mut rest, r#","box":""#)?).ok()?;
        (rest == "}").then(|| (position, BoxLine { field, digest, sealed: SealedBox::from_bytes(bytes) }))
    }
}

impl Beneath for KeyLine {
    const NAME: &str = names::KEYS;

    fn read(text: &str) -> Option<(Position, Self)> {
        let mut rest = text;
        let position = line::position(&mut rest)?;
        let commitment = line::text(&mut rest, r#","commitment":""#)?.parse().ok()?;
        let key: Digest = line::text(&mut rest, r#","key":""#)?.parse().ok()?;
        (rest == "}").then(|| (position, KeyLine { commitment, key: ComplaintKey::from_bytes(key.0) }))
    }
}

impl BoxLine {
    /// The box, if its bytes have its digest.
    pub(super) fn sealed(self) -> Option<SealedBox> {
        (self.sealed.digest == self.digest).then_some(self.sealed)
    }
}

impl KeyLine {
    /// The key, if it is the one that was committed to.
    pub(super) fn key(self) -> Option<ComplaintKey> {
        (self.key.commitment() == self.commitment).then_some(self.key)
    }
}

/// Lines of such a file, by the positions of their records.
pub(super) struct Beside {
    lines: Option<Lines>,
    /// The line that was read last, and not yet asked for.
    next: Option<(Position, String)>,
}

impl Beside {
    /// The file, if it should be there and is.
    pub(super) fn open(folder: &Folder<'_>, name: &str, is_promised: bool) -> Self {
        let lines = is_promised.then(|| Lines::open(&folder.file(name)).ok()).flatten();
        let mut beside = Beside { lines, next: None };
        beside.advance();
        beside
    }

    /// Whether there is such a file: where there is none, nothing is missed for each record.
    pub(super) fn is_there(&self) -> bool {
        self.lines.is_some()
    }

    /// The lines of the record at a position. Every record is asked for, in the order of records: what stands before
    /// its lines is of none.
    pub(super) fn at<T: Beneath>(&mut self, position: Position) -> Vec<T> {
        self.pass_before(position);
        let mut found = Vec::new();
        while let Some((_, text)) = self.next.take_if(|(stands, _)| *stands == position) {
            found.extend(T::read(&text).map(|(_, line)| line));
            self.advance();
        }
        found
    }

    /// Passes over the lines of a record that somebody else judges.
    pub(super) fn pass(&mut self, position: Position) {
        self.pass_before(position);
        while self.next.take_if(|(stands, _)| *stands == position).is_some() {
            self.advance();
        }
    }

    fn pass_before(&mut self, position: Position) {
        while self.next.take_if(|(stands, _)| *stands < position).is_some() {
            self.advance();
        }
    }

    fn advance(&mut self) {
        let Some(lines) = &mut self.lines else { return };
        self.next = loop {
            match lines.next() {
                Ok(Some(Line::Text(text) | Line::Endless(text))) => match position_of(text) {
                    Some(position) => break Some((position, text.to_owned())),
                    None => continue,
                },
                // The pass over all of them tells what is wrong with it.
                Ok(Some(Line::Broken(_) | Line::Passed)) => continue,
                Ok(None) | Err(_) => break None,
            }
        };
    }
}

/// Lines of no record: read once, in order, beside all records.
pub(super) struct Strays {
    boxes: Option<Positions<BoxLine>>,
    keys: Option<Positions<KeyLine>>,
}

/// The positions that a file names.
struct Positions<T> {
    lines: Lines,
    next: Option<Position>,
    of: PhantomData<T>,
}

impl Strays {
    pub(super) fn open(folder: &Folder<'_>, problems: &mut Vec<Problem>) -> Self {
        let Manifest { boxes, keys, .. } = *folder.manifest;
        Strays { boxes: Positions::open(folder, boxes, problems), keys: Positions::open(folder, keys, problems) }
    }

    /// The next record stands there: what stands before it is of no record.
    pub(super) fn pass(&mut self, position: Position, problems: &mut Vec<Problem>) {
        self.boxes.iter_mut().for_each(|boxes| boxes.pass(position, problems));
        self.keys.iter_mut().for_each(|keys| keys.pass(position, problems));
    }

    /// There are no more records.
    pub(super) fn end(&mut self, problems: &mut Vec<Problem>) {
        self.boxes.iter_mut().for_each(|boxes| boxes.end(problems));
        self.keys.iter_mut().for_each(|keys| keys.end(problems));
    }
}

impl<T: Beneath> Positions<T> {
    fn open(folder: &Folder<'_>, is_promised: bool, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut wrong = |why: &str| problems.push(Problem::general(Class::Format, format!("{}: {why}", T::NAME)));
        match Lines::open(&folder.file(T::NAME)) {
            Ok(lines) if is_promised => {
                let mut positions = Positions { lines, next: None, of: PhantomData };
                positions.advance(problems);
                return Some(positions);
            }
            Ok(_) => wrong("the manifest says there is none"),
            Err(error) if is_promised || error.kind() != io::ErrorKind::NotFound => wrong(&error.to_string()),
            Err(_) => {}
        }
        None
    }

    fn pass(&mut self, position: Position, problems: &mut Vec<Problem>) {
        while let Some(stands) = self.next.filter(|stands| *stands < position) {
            problems.push(stray(T::NAME, stands));
            self.advance(problems);
        }
        while self.next == Some(position) {
            self.advance(problems);
        }
    }

    fn end(&mut self, problems: &mut Vec<Problem>) {
        while let Some(stands) = self.next {
            problems.push(stray(T::NAME, stands));
            self.advance(problems);
        }
    }

    fn advance(&mut self, problems: &mut Vec<Problem>) {
        let mut wrong = |number: Option<u64>, why: &str| {
            let line = number.map(|number| format!(", line {number}")).unwrap_or_default();
            problems.push(Problem::general(Class::Format, format!("{}{line}: {why}", T::NAME)));
        };
        self.next = loop {
            let (read, why) = match self.lines.next() {
                Ok(None) => break None,
                Ok(Some(Line::Passed)) => continue,
                Ok(Some(Line::Text(text))) => (T::read(text), None),
                Ok(Some(Line::Endless(text))) => (T::read(text), Some("has no end")),
                Ok(Some(Line::Broken(why))) => (None, Some(why)),
                Err(error) => {
                    wrong(None, &error.to_string());
                    break None;
                }
            };
            let why = why.or(read.is_none().then_some("is not in its form"));
            why.into_iter().for_each(|why| wrong(Some(self.lines.number()), why));
            if let Some((position, _)) = read {
                break Some(position);
            }
        };
    }
}

fn stray(name: &str, position: Position) -> Problem {
    Problem::at(
        position,
        Class::Box,
        format!("{name} has a line for it, and there is no such record, or it came before"),
    )
}

fn position_of(text: &str) -> Option<Position> {
    let mut rest = text;
    line::position(&mut rest)
}
