//! A batch of commands and what becomes of each, decided in memory.

use std::collections::HashMap;

use aduan::record::genesis;
use aduan::store::{Append, Entry, Head, Heads, Outcome, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, Position, Version};

/// What is known of complaints and commands while a batch is planned.
pub(crate) enum Sight<'a> {
    /// As it was when the head was last ours. What is not remembered is taken at its word: the constraints know.
    Remembered(&'a mut Heads),
    /// As it was read under the lock: nothing else is there.
    Read(&'a Stored),
}

/// What the ledger holds of a batch.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) heads: HashMap<ComplaintId, (Version, Digest)>,
    pub(crate) handled: HashMap<CommandId, Vec<Entry>>,
}

/// What becomes of a command.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is written, from this position on, if the batch is.
    Write { first: Position },
    /// It is the same command as that one, which is written.
    SameAs(usize),
    /// It looks stale: what is stored must be asked.
    Ask,
    /// It is surely this.
    Answer(Result<Outcome, StoreError>),
}

/// A batch on its way.
pub(crate) struct Plan {
    /// One for each command, in order.
    pub(crate) verdicts: Vec<Verdict>,
    /// The head before it.
    pub(crate) start: Head,
    /// The head after it.
    pub(crate) end: Head,
    /// The hash of the last record of it.
    pub(crate) last_record: Digest,
    /// Where the complaints that it touches stand after it.
    pub(crate) moved: HashMap<ComplaintId, (Version, Digest)>,
}

impl Plan {
    /// Goes through a batch in order.
    pub(crate) fn of<'b>(batch: impl Iterator<Item = &'b Append>, start: Head, mut sight: Sight<'_>) -> Self {
        let last_record = Digest::of(b"");
        let mut plan = Plan { verdicts: Vec::new(), end: start.clone(), start, last_record, moved: HashMap::new() };
        let mut written: HashMap<CommandId, usize> = HashMap::new();
        for (place, append) in batch.enumerate() {
            let verdict = match written.get(&append.command) {
                Some(earlier) => Verdict::SameAs(*earlier),
                None => plan.judge(append, &mut sight),
            };
            if let Verdict::Write { .. } = verdict {
                written.insert(append.command, place);
                plan.take(append);
            }
            plan.verdicts.push(verdict);
        }
        plan
    }

    /// Whether there is anything to write.
    pub(crate) fn writes(&self) -> bool {
        self.end.position > self.start.position
    }

    fn judge(&self, append: &Append, sight: &mut Sight<'_>) -> Verdict {
        if let Sight::Read(stored) = sight
            && let Some(entries) = stored.handled.get(&append.command)
        {
            return Verdict::Answer(Ok(Outcome::Handled { entries: entries.clone() }));
        }
        let stale = |sight: &Sight<'_>| match sight {
            Sight::Remembered(_) => Verdict::Ask,
            Sight::Read(_) => Verdict::Answer(Ok(Outcome::Conflict)),
        };
        if append.at.is_some_and(|at| at != self.end.position + 1) {
            return stale(sight);
        }
        let mut link = Ok(());
        for part in &append.parts {
            let head = self.moved.get(&part.complaint).copied().or_else(|| match sight {
                Sight::Remembered(heads) => heads.find(part.complaint),
                Sight::Read(stored) => {
                    let head = stored.heads.get(&part.complaint).copied();
                    Some(head.unwrap_or_else(|| (0, genesis(&self.start.ledger, part.complaint))))
                }
            });
            let Some((version, hash)) = head else { continue };
            if version != part.expected {
                return stale(sight);
            }
            link = link.and_then(|()| part.check_link(hash));
        }
        match (link, sight) {
            (Ok(()), _) => Verdict::Write { first: self.end.position + 1 },
            (Err(_), Sight::Remembered(_)) => Verdict::Ask,
            (Err(error), Sight::Read(_)) => Verdict::Answer(Err(error)),
        }
    }

    fn take(&mut self, append: &Append) {
        for part in &append.parts {
            for record in &part.records {
                self.end.advance(record.hash);
                self.last_record = record.hash;
                self.moved.insert(part.complaint, (record.sequence, record.hash));
            }
        }
    }
}

/// What a command that was written at `first` recorded.
pub(crate) fn entries_of(append: &Append, first: Position) -> Vec<Entry> {
    let records = append.parts.iter().flat_map(|part| &part.records);
    (first..).zip(records).map(|(position, record)| Entry { position, record: record.clone() }).collect()
}
