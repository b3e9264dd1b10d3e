//! A stretch of the log, event by event into its type, and ahead of whoever takes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqrs_es::persist::EventUpcaster;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{Cases, Cut, ProjectError, STEP};
use crate::engine::upcast;
use crate::event::{Event, Fact};
use crate::projection::{Case, Projection, Untaken};
use crate::read::{Changes, ReadError};
use crate::rules::Rules;
use crate::store::{Page, Store};
use crate::values::{ComplaintId, Digest, DocumentRef, Position};

/// Where events come from, and how they are read.
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    pub(super) upcasters: Vec<Box<dyn EventUpcaster>>,
    pub(super) cut: Option<Cut>,
}

impl Source {
    /// What follows a position, up to `end`; none where the log has nothing more.
    async fn stretch(&self, from: Position, end: Position) -> Result<Option<Stretch>, ProjectError> {
        let limit = usize::try_from(end - from).unwrap_or(STEP).min(STEP);
        let page = self.store.after(from, limit).await?;
        if page.entries.is_empty() {
            return Ok(None);
        }
        let head = if page.at_head { page.end } else { self.store.head().await?.position };
        Stretch::of(page, head, self).map(Some)
    }
}

/// Reads one stretch after another: the next one while the last one is being taken.
pub(super) struct Reading {
    source: Arc<Source>,
    ahead: Option<Ahead>,
}

/// A stretch that is being read. Whoever drops it wants it no more.
struct Ahead {
    from: Position,
    end: Position,
    read: JoinHandle<Result<Option<Stretch>, ProjectError>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.read.abort();
    }
}

impl Reading {
    pub(super) fn of(source: &Arc<Source>) -> Self {
        Reading { source: Arc::clone(source), ahead: None }
    }

    /// What follows a position, up to `end`; none where the log has nothing more.
    pub(super) async fn next(&mut self, from: Position, end: Position) -> Result<Option<Stretch>, ProjectError> {
        let ahead = self.ahead.take().filter(|ahead| (ahead.from, ahead.end) == (from, end));
        let stretch = match ahead {
            Some(mut ahead) => match (&mut ahead.read).await {
                Ok(stretch) => stretch?,
                // It was cut off, with its runtime: read here.
                Err(_) => self.source.stretch(from, end).await?,
            },
            None => self.source.stretch(from, end).await?,
        };
        if let Some(stretch) = &stretch
            && stretch.end < stretch.head.min(end)
            && let Ok(runtime) = Handle::try_current()
        {
            let (source, from) = (Arc::clone(&self.source), stretch.end);
            let read = runtime.spawn(async move { source.stretch(from, end).await });
            self.ahead = Some(Ahead { from, end, read });
        }
        Ok(stretch)
    }
}

impl Cut {
    fn holds(self, event: &Event) -> bool {
        match self {
            Cut::Known(time) => event.recorded_at() <= time,
            Cut::Of(time) => event.occurred_at.at <= time,
        }
    }
}

/// A stretch of the log, by complaint.
pub(super) struct Stretch {
    events: BTreeMap<ComplaintId, Told>,
    pub(super) end: Position,
    /// The hash of the record there.
    pub(super) record_hash: Digest,
    /// The last event that counts.
    pub(super) taken: Position,
    /// Where the log ended.
    pub(super) head: Position,
}

#[derive(Default)]
struct Told {
    events: Vec<Event>,
    /// The position of the first of them, and its number among those of the complaint.
    first: (Position, u64),
}

pub(super) enum Stop {
    Missing(DocumentRef),
    Failed(ProjectError),
}

impl Stretch {
    /// Reads a page up to the first record that cannot be read; where that is the first of all, it is the poison.
    fn of(page: Page, head: Position, source: &Source) -> Result<Self, ProjectError> {
        let mut stretch =
            Stretch { events: BTreeMap::new(), end: page.end, record_hash: Digest::default(), taken: 0, head };
        for (place, entry) in page.entries.iter().enumerate() {
            let position = entry.position;
            let event = match upcast(&entry.record, &source.upcasters) {
                Ok(event) => event,
                Err(broken) if place == 0 => {
                    return Err(ProjectError::Poisoned { position, why: broken.to_string() });
                }
                Err(_) => {
                    stretch.end = position - 1;
                    return Ok(stretch);
                }
            };
            stretch.record_hash = entry.record.hash;
            if source.cut.is_some_and(|cut| !cut.holds(&event)) {
                continue;
            }
            stretch.taken = position;
            let told = stretch.events.entry(entry.record.complaint).or_default();
            if told.events.is_empty() {
                told.first = (position, entry.record.sequence);
            }
            told.events.push(event);
        }
        Ok(stretch)
    }

    /// Complaints that are neither new nor remembered.
    pub(super) fn unknown<'s>(&'s self, cases: &'s mut Cases) -> impl Iterator<Item = ComplaintId> + 's {
        self.events.iter().filter(|(id, told)| told.first.1 > 1 && cases.get(**id).is_none()).map(|(id, _)| *id)
    }

    /// What it changes, and what is known of its complaints afterwards.
    pub(super) fn project(
        &self,
        cases: &mut Cases,
        rules: &Rules,
        cut: Option<Cut>,
    ) -> Result<(Changes, Vec<Case>), Stop> {
        let mut projection = Projection::new(rules);
        let mut after = Vec::with_capacity(self.events.len());
        for (id, told) in &self.events {
            let (position, sequence) = told.first;
            let before = if sequence > 1 { cases.get(*id) } else { None };
            let known = before.as_ref().map_or(0, |case| case.version);
            // What happened by a time need not be what was recorded first: what goes before a receipt tells nothing.
            let may_skip = matches!(cut, Some(Cut::Of(_)));
            let is_receipt = |event: &Event| matches!(event.fact, Fact::Received(_));
            if may_skip && before.is_none() && !told.events.first().is_some_and(is_receipt) {
                continue;
            }
            if known + 1 != sequence && !may_skip {
                let why = format!("of complaint {id} {known} events were taken, and the next one is number {sequence}");
                return Err(Stop::Failed(ReadError::Corrupt(why).into()));
            }
            match projection.take(*id, before.as_deref(), &told.events) {
                Ok(case) => after.extend(case),
                Err(Untaken::MissingDocument { document }) => return Err(Stop::Missing(document)),
                Err(untaken) => {
                    let why = format!("event {sequence} of complaint {id}: {untaken}");
                    return Err(Stop::Failed(ProjectError::Poisoned { position, why }));
                }
            }
        }
        Ok((projection.changes(), after))
    }
}
