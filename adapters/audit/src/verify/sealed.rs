//! Sealed values and keys: read beside the records, in their order.

use std::io;

use aduan::sealed::{BoxDigest, ComplaintKey, SealedBox};
use aduan::values::{Digest, Position};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Class, Folder, Problem};
use crate::line;
use crate::names;
use crate::records::{Line, Lines};

/// One line of `boxes.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoxLine {
    #[serde(rename = "position")]
    _position: Position,
    pub(super) field: String,
    digest: Digest,
    #[serde(rename = "box")]
    bytes: String,
}

/// One line of `keys.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLine {
    #[serde(rename = "position")]
    _position: Position,
    pub(super) commitment: Digest,
    key: Digest,
}

impl BoxLine {
    /// The box, if its bytes have its digest.
    pub(super) fn sealed(&self) -> Option<SealedBox> {
        let sealed = SealedBox::from_bytes(STANDARD.decode(&self.bytes).ok()?);
        (sealed.digest == BoxDigest(self.digest)).then_some(sealed)
    }
}

impl KeyLine {
    /// The key, if it is the one that was committed to.
    pub(super) fn key(&self) -> Option<ComplaintKey> {
        let key = ComplaintKey::from_bytes(self.key.0);
        (key.commitment() == self.commitment).then_some(key)
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

    /// The lines of the record at a position. Records are asked for in order; lines of others are passed over.
    pub(super) fn at<T: for<'de> Deserialize<'de>>(&mut self, position: Position) -> Vec<Option<T>> {
        let mut found = Vec::new();
        while let Some((stands, text)) = self.next.take_if(|(stands, _)| *stands <= position) {
            if stands == position {
                found.push(serde_json::from_str(&text).ok());
            }
            self.advance();
        }
        found
    }

    fn advance(&mut self) {
        let Some(lines) = &mut self.lines else { return };
        self.next = loop {
            match lines.next() {
                Ok(Some(Line::Text(text))) => match position_of(text) {
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
    files: Vec<(&'static str, Positions)>,
}

/// The positions that a file names.
struct Positions {
    lines: Lines,
    next: Option<Position>,
}

impl Strays {
    pub(super) fn open(folder: &Folder<'_>, problems: &mut Vec<Problem>) -> Self {
        let promised = [(names::BOXES, folder.manifest.boxes), (names::KEYS, folder.manifest.keys)];
        let mut files = Vec::new();
        for (name, is_promised) in promised {
            match Lines::open(&folder.file(name)) {
                Ok(lines) if is_promised => {
                    let mut positions = Positions { lines, next: None };
                    positions.advance(name, problems);
                    files.push((name, positions));
                }
                Ok(_) => {
                    problems.push(Problem::general(Class::Format, format!("{name}: the manifest says there is none")));
                }
                Err(error) if is_promised || error.kind() != io::ErrorKind::NotFound => {
                    problems.push(Problem::general(Class::Format, format!("{name}: {error}")));
                }
                Err(_) => {}
            }
        }
        Strays { files }
    }

    /// The next record stands there: what stands before it is of no record.
    pub(super) fn pass(&mut self, position: Position, problems: &mut Vec<Problem>) {
        for (name, positions) in &mut self.files {
            while let Some(stands) = positions.next.filter(|stands| *stands <= position) {
                if stands < position {
                    problems.push(stray(name, stands));
                }
                positions.advance(name, problems);
            }
        }
    }

    /// There are no more records.
    pub(super) fn end(&mut self, problems: &mut Vec<Problem>) {
        self.pass(Position::MAX, problems);
    }
}

impl Positions {
    fn advance(&mut self, name: &str, problems: &mut Vec<Problem>) {
        self.next = loop {
            let why = match self.lines.next() {
                Ok(None) => break None,
                Ok(Some(Line::Text(text))) => match position_of(text) {
                    Some(position) => break Some(position),
                    None => "is not in its form".to_owned(),
                },
                Ok(Some(Line::Broken(why))) => why.to_owned(),
                Ok(Some(Line::Passed)) => continue,
                Err(error) => {
                    problems.push(Problem::general(Class::Format, format!("{name}: {error}")));
                    break None;
                }
            };
            let why = format!("{name}, line {}: {why}", self.lines.number());
            problems.push(Problem::general(Class::Format, why));
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
    line::number(&mut rest, r#"{"position":"#)
}
