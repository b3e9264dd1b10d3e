//! Events grouped by complaint, sorted outside of memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use aduan::event::Event;
use aduan::store::Entry;
use aduan::values::{ComplaintId, Position};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disclosed::Place;
use crate::export::ExportError;

/// Events that come in the order of the ledger.
pub(crate) struct Grouping {
    /// What was put in since the last stretch was written.
    pieces: Vec<Piece>,
    /// How many bytes they hold.
    held: usize,
    file: Option<File>,
    stretches: Vec<Stretch>,
    most: usize,
}

/// An event, and where it belongs. Pieces are sorted by complaint, and within it by position.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    complaint: Uuid,
    position: Position,
    bytes: Vec<u8>,
}

/// A sorted part of the file.
struct Stretch {
    next: u64,
    end: u64,
    /// Read, but not taken yet.
    ahead: Vec<u8>,
    taken: usize,
}

/// An event as it was put in.
#[derive(Deserialize)]
pub(crate) struct Kept {
    pub(crate) place: Place,
    pub(crate) event: Event,
}

#[derive(Serialize)]
struct KeptRef<'e> {
    place: Place,
    event: &'e Event,
}

impl Grouping {
    /// Nothing put in yet.
    pub(crate) fn new() -> Self {
        Grouping::holding(MOST_HELD)
    }

    fn holding(most: usize) -> Self {
        Grouping { pieces: Vec::new(), held: 0, file: None, stretches: Vec::new(), most }
    }

    /// Takes an event.
    pub(crate) fn put(&mut self, entry: &Entry, event: &Event) -> Result<(), ExportError> {
        let record = &entry.record;
        let place = Place { position: entry.position, sequence: record.sequence, hash: record.hash };
        let kept = KeptRef { place, event };
        let bytes = serde_json::to_vec(&kept)?;
        self.held += bytes.len() + OVERHEAD;
        self.pieces.push(Piece { complaint: record.complaint.0, position: entry.position, bytes });
        if self.held >= self.most {
            self.write_stretch()?;
        }
        Ok(())
    }

    /// Everything, complaint by complaint.
    pub(crate) fn finish(mut self) -> Result<Grouped, ExportError> {
        if self.file.is_some() {
            self.write_stretch()?;
        }
        self.pieces.sort_unstable();
        let mut grouped = Grouped {
            file: self.file,
            stretches: self.stretches,
            heads: BinaryHeap::new(),
            rest: self.pieces.into_iter(),
        };
        for number in 0..grouped.stretches.len() {
            grouped.refill(number)?;
        }
        Ok(grouped)
    }

    fn write_stretch(&mut self) -> io::Result<()> {
        self.pieces.sort_unstable();
        let mut file = match self.file.take() {
            Some(file) => file,
            // It has no name: nobody else opens it, and it is gone with us.
            None => tempfile::tempfile()?,
        };
        let start = file.seek(SeekFrom::End(0))?;
        let mut writer = io::BufWriter::new(&mut file);
        for piece in self.pieces.drain(..) {
            writer.write_all(piece.complaint.as_bytes())?;
            writer.write_all(&piece.position.to_be_bytes())?;
            writer.write_all(&(piece.bytes.len() as u64).to_be_bytes())?;
            writer.write_all(&piece.bytes)?;
        }
        writer.flush()?;
        drop(writer);
        let end = file.stream_position()?;
        self.stretches.push(Stretch { next: start, end, ahead: Vec::new(), taken: 0 });
        self.file = Some(file);
        self.held = 0;
        Ok(())
    }
}

/// Events by complaint, and within it in their order.
pub(crate) struct Grouped {
    file: Option<File>,
    stretches: Vec<Stretch>,
    /// The first piece of every stretch, with its number.
    heads: BinaryHeap<Reverse<(Piece, usize)>>,
    /// Where nothing was written, everything.
    rest: std::vec::IntoIter<Piece>,
}

impl Grouped {
    /// The next event.
    pub(crate) fn next(&mut self) -> Result<Option<(ComplaintId, Kept)>, ExportError> {
        let piece = match self.heads.pop() {
            Some(Reverse((piece, number))) => {
                self.refill(number)?;
                Some(piece)
            }
            None => self.rest.next(),
        };
        let Some(Piece { complaint, bytes, .. }) = piece else { return Ok(None) };
        Ok(Some((ComplaintId(complaint), serde_json::from_slice(&bytes)?)))
    }

    fn refill(&mut self, number: usize) -> Result<(), ExportError> {
        let (Some(file), stretch) = (&mut self.file, &mut self.stretches[number]) else { return Ok(()) };
        if let Some(piece) = stretch.piece(file)? {
            self.heads.push(Reverse((piece, number)));
        }
        Ok(())
    }
}

impl Stretch {
    fn piece(&mut self, file: &mut File) -> io::Result<Option<Piece>> {
        if self.taken == self.ahead.len() && self.next == self.end {
            return Ok(None);
        }
        let head = self.take(file, HEAD)?;
        let (complaint, numbers) = head.split_at(16);
        let (position, length) = numbers.split_at(8);
        let short = |_| io::Error::other("a piece is cut");
        let complaint = Uuid::from_bytes(complaint.try_into().map_err(short)?);
        let position = u64::from_be_bytes(position.try_into().map_err(short)?);
        let length = u64::from_be_bytes(length.try_into().map_err(short)?);
        let bytes = self.take(file, usize::try_from(length).map_err(io::Error::other)?)?;
        Ok(Some(Piece { complaint, position, bytes }))
    }

    /// So many bytes, read ahead in larger ones.
    fn take(&mut self, file: &mut File, count: usize) -> io::Result<Vec<u8>> {
        if self.ahead.len() - self.taken < count {
            self.ahead.drain(..self.taken);
            self.taken = 0;
            let wanted = (count - self.ahead.len()).max(READ_AHEAD) as u64;
            let wanted = wanted.min(self.end - self.next);
            file.seek(SeekFrom::Start(self.next))?;
            let read = file.take(wanted).read_to_end(&mut self.ahead)?;
            self.next += read as u64;
        }
        let taken = self.ahead.get(self.taken..self.taken + count);
        let taken = taken.ok_or_else(|| io::Error::other("the temporary file is cut"))?.to_vec();
        self.taken += count;
        Ok(taken)
    }
}

const MOST_HELD: usize = 16 * 1024 * 1024;
const READ_AHEAD: usize = 32 * 1024;
/// What a piece takes beside its bytes, about.
const OVERHEAD: usize = 64;
/// Complaint, position and length.
const HEAD: usize = 16 + 8 + 8;

#[cfg(test)]
mod tests {
    use super::*;
    use aduan::engine::upcast;
    use aduan::rules::Rules;
    use aduan_testkit::town::{Choice, Town};

    /// A town's history, and the same again under other names: one log.
    fn log() -> Vec<Entry> {
        let mut town = Town::new(Rules::mojokerto());
        for step in 0..200_u64 {
            let mixed = aduan::values::Digest::of(&step.to_be_bytes()).0;
            let entropy = mixed.iter().fold(0, |all: u64, byte| all.rotate_left(8) ^ u64::from(*byte));
            drop(town.step(Choice { complaint: mixed[0] % 4, entropy }));
        }
        let towns = (1..=8).flat_map(|number| aduan_testkit::told::renamed(&town.log, number, &Town::ledger()));
        (1..).zip(towns).map(|(position, entry)| Entry { position, ..entry }).collect()
    }

    fn grouped(log: &[Entry], most: usize) -> (Vec<(ComplaintId, Position)>, usize) {
        let mut grouping = Grouping::holding(most);
        for entry in log {
            grouping.put(entry, &upcast(&entry.record, &[]).unwrap()).unwrap();
        }
        let mut grouped = grouping.finish().unwrap();
        let stretches = grouped.stretches.len();
        let mut order = Vec::new();
        while let Some((complaint, kept)) = grouped.next().unwrap() {
            order.push((complaint, kept.place.position));
        }
        (order, stretches)
    }

    #[test]
    fn however_little_is_held_in_memory_the_order_is_the_same() {
        let log = log();
        let mut expected: Vec<_> = log.iter().map(|entry| (entry.record.complaint, entry.position)).collect();
        expected.sort_unstable();
        assert!(expected.len() > 100, "a town that small tests nothing");
        for (most, is_merged) in [(usize::MAX, false), (64 * 1024, true), (5_000, true), (1, true)] {
            let (order, stretches) = grouped(&log, most);
            assert_eq!(order, expected, "holding {most} bytes");
            assert_eq!(stretches > 1, is_merged, "holding {most} bytes");
        }
    }
}
