//! The projector: follows the log, and takes the read models along, each event exactly once.
//!
//! A [`Projector`] knows where to read and where to write. [`Projector::lead`] waits for the lease; whoever leads takes
//! steps: a stretch of the log, what it changes, and the position it reaches, in one transaction. A step that was
//! taken already changes nothing, so a crash between any two lines here costs time and nothing else.
//!
//! A build of another version, or one asked for, grows beside the live one and takes its place when it has caught up.

mod stretch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use cqrs_es::persist::EventUpcaster;
use tokio::sync::watch;

use self::stretch::{Reading, Source, Stop, Stretch};
use crate::projection::{Case, TABLES, VERSION, cases};
use crate::read::{Advance, Build, Lease, ReadError, ReadStore, Select, Table, Value};
use crate::rules::Rules;
use crate::store::{Store, StoreError};
use crate::values::{ComplaintId, Digest, DocumentRef, Position};

/// Takes the read models of a ledger along its log.
pub struct Projector {
    source: Arc<Source>,
    reads: Arc<dyn ReadStore>,
    /// Grows by the documents that bound complaints once.
    rules: Mutex<Arc<Rules>>,
    progress: watch::Sender<Progress>,
}

/// Up to when a look back goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// What was known then: everything recorded by that time.
    Known(DateTime<Utc>),
    /// What is known today of then: everything that happened by that time, whenever it was recorded.
    Of(DateTime<Utc>),
}

/// How far the read models have come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// The build; none before the first step.
    pub build: Option<u32>,
    /// How far it has come.
    pub position: Position,
    /// The end of the log when that was last looked at.
    pub head: Position,
    /// Whether this build answers.
    pub is_live: bool,
    /// The position of the last event that counts: before `position` only where a look back leaves out what came later.
    pub taken: Position,
}

/// Why the read models go no further. The ledger is not touched by any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// An event cannot be taken. Nothing is skipped: the build stands in front of it until that is mended.
    #[error("stopped in front of position {position}: {why}")]
    Poisoned {
        /// The position of the event.
        position: Position,
        /// What it is, and what is wrong with it.
        why: String,
    },
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The read models cannot be read or written.
    #[error(transparent)]
    Reads(#[from] ReadError),
}

impl Projector {
    /// A projector from a log to read models. `rules` are those of the tenant; what bound complaints before is fetched.
    pub fn new(store: Arc<dyn Store>, reads: Arc<dyn ReadStore>, rules: Arc<Rules>) -> Self {
        let progress = watch::Sender::new(Progress::default());
        let source = Arc::new(Source { store, upcasters: Vec::new(), cut: None });
        Projector { source, reads, rules: Mutex::new(rules), progress }
    }

    /// The same, reading events of older versions through upcasters.
    #[must_use]
    pub fn with_upcasters(mut self, upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        self.source_mut().upcasters = upcasters;
        self
    }

    /// The same, as if the log ended at a time: into read models of its own, to look back. Asked with that time as now,
    /// they show what the dashboard showed then, or what is known today of then.
    #[must_use]
    pub fn looking_back(mut self, cut: Cut) -> Self {
        self.source_mut().cut = Some(cut);
        self
    }

    fn source_mut(&mut self) -> &mut Source {
        Arc::get_mut(&mut self.source).expect("nobody reads from it before anybody leads")
    }

    /// The rules as far as they are known here: those of the tenant, and whatever else the log has named.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far this projector has come. Another process may lead instead: then nothing moves here.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Waits until this projector has taken the build that answers as far as a position: after it whoever wrote sees what
    /// they wrote. Where another process leads, nothing moves here: a host asks its runner instead.
    pub async fn wait_for(&self, position: Position) {
        let mut progress = self.progress.subscribe();
        // The sender lives as long as this projector does.
        let _ = progress.wait_for(|now| now.is_live && now.position >= position).await;
    }

    /// Waits until nobody else leads, and goes on where the read models stand.
    ///
    /// Read models of another log than this one, as after a restored backup, are built anew.
    ///
    /// # Errors
    /// When log or read models cannot be reached, or are of different ledgers.
    pub async fn lead(&self) -> Result<Leading<'_>, ProjectError> {
        self.check_ledger()?;
        let lease = self.reads.lease().await?;
        self.led(lease).await
    }

    /// The same without waiting: none where somebody else leads.
    ///
    /// # Errors
    /// As [`Projector::lead`].
    pub async fn try_lead(&self) -> Result<Option<Leading<'_>>, ProjectError> {
        self.check_ledger()?;
        match self.reads.try_lease().await? {
            Some(lease) => self.led(lease).await.map(Some),
            None => Ok(None),
        }
    }

    fn check_ledger(&self) -> Result<(), ProjectError> {
        if self.reads.ledger() == self.source.store.id() {
            return Ok(());
        }
        let why = format!("read models of {} cannot follow {}", self.reads.ledger(), self.source.store.id());
        Err(StoreError::Corrupt(why).into())
    }

    async fn led(&self, lease: Box<dyn Lease>) -> Result<Leading<'_>, ProjectError> {
        let builds = self.reads.builds().await?;
        let ours = || builds.iter().filter(|build| build.version == VERSION);
        let found = ours().max_by_key(|build| (build.is_live, build.number));
        let mut is_of_another_log = false;
        let build = match found {
            Some(build) if self.is_of_this_log(build).await? => build.clone(),
            Some(build) => {
                is_of_another_log = true;
                self.reads.stop(build.number, "the log is not the one it was built from").await?;
                self.reads.begin(VERSION).await?
            }
            None => self.reads.begin(VERSION).await?,
        };
        // What somebody began and never finished: whoever leads is alone.
        for left in ours().filter(|left| !left.is_live && left.number != build.number) {
            self.reads.discard(left.number).await?;
        }
        let (cases, taken) = (Cases::default(), build.position);
        Ok(Leading { projector: self, _lease: lease, build, cases, taken, is_of_another_log, is_unfinished: false })
    }

    /// Whether the log says what it said when this build stood at its position.
    async fn is_of_this_log(&self, build: &Build) -> Result<bool, ProjectError> {
        if build.position == 0 {
            return Ok(true);
        }
        if self.source.store.head().await?.position < build.position {
            return Ok(false);
        }
        let last = self.source.store.after(build.position - 1, 1).await?;
        Ok(last.entries.first().is_some_and(|entry| entry.record.hash == build.record_hash))
    }

    async fn fetch(&self, document: &DocumentRef) -> Result<(), ProjectError> {
        let kept = self.source.store.document(document.hash).await?;
        let kept = kept.filter(|kept| Digest::of(kept.text.as_bytes()) == document.hash);
        let missing = || StoreError::Corrupt(format!("the ledger names {document}, and does not keep it"));
        let kept = kept.ok_or_else(missing)?;
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let more = rules.with_retired(&kept).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        if more.policy(document).is_none() && more.calendar(document).is_none() {
            return Err(StoreError::Corrupt(format!("the kept text of {document} calls itself otherwise")).into());
        }
        *rules = Arc::new(more);
        Ok(())
    }
}

/// The one projector that moves, for as long as this lives.
pub struct Leading<'p> {
    projector: &'p Projector,
    _lease: Box<dyn Lease>,
    build: Build,
    cases: Cases,
    /// The last event that counts.
    taken: Position,
    is_of_another_log: bool,
    /// Whether the last run ended in the middle: what is remembered may be ahead of what is stored.
    is_unfinished: bool,
}

impl Leading<'_> {
    /// Whether the read models that were there had been built from another log, and are being built anew.
    pub fn is_of_another_log(&self) -> bool {
        self.is_of_another_log
    }

    /// The build it takes along.
    pub fn build(&self) -> &Build {
        &self.build
    }

    /// Takes everything that the log holds, makes the build the live one, and clears others away.
    ///
    /// `on_step` hears of each step: for a bar of progress.
    ///
    /// # Errors
    /// [`ProjectError::Poisoned`] with the event named; otherwise what was not reached. Leading again goes on.
    pub async fn catch_up(&mut self, on_step: &mut (dyn FnMut(&Progress) + Send)) -> Result<Progress, ProjectError> {
        let reads = Arc::clone(&self.projector.reads);
        if std::mem::replace(&mut self.is_unfinished, true) {
            self.cases = Cases::default();
            self.build = self.stored().await?.ok_or(ReadError::Overtaken)?;
        }
        let mut reading = Reading::of(&self.projector.source);
        let mut ready: Option<Ready> = None;
        loop {
            let (advance, reached) = ready.take().map(|ready| (ready.advance, ready.reached)).unzip();
            let from = reached.as_ref().map_or(self.build.position, |reached| reached.position);
            // While a step is being written the next one is made ready.
            let write = async {
                match advance {
                    Some(advance) => reads.advance(advance).await,
                    None => Ok(()),
                }
            };
            let (written, next) =
                tokio::join!(write, prepared(self.projector, &mut reading, &mut self.cases, self.build.number, from));
            written?;
            if let Some(reached) = reached {
                self.build.position = reached.position;
                self.build.record_hash = reached.record_hash;
                self.taken = reached.taken.max(self.taken);
                self.tell(reached.head, on_step);
            }
            match next {
                Ok(Some(next)) => ready = Some(next),
                Ok(None) => break,
                Err(ProjectError::Poisoned { position, why }) => {
                    reads.stop(self.build.number, &format!("position {position}: {why}")).await?;
                    return Err(ProjectError::Poisoned { position, why });
                }
                // What is remembered of a case may be of somebody else's step.
                Err(ProjectError::Reads(ReadError::Corrupt(why))) => {
                    let is_ours = self.stored().await?.is_some_and(|stored| stored.position == self.build.position);
                    return Err(if is_ours { ReadError::Corrupt(why) } else { ReadError::Overtaken }.into());
                }
                Err(error) => return Err(error),
            }
        }
        self.go_live().await?;
        self.is_unfinished = false;
        Ok(self.tell(self.build.position, on_step))
    }

    /// The build as it is stored.
    async fn stored(&self) -> Result<Option<Build>, ReadError> {
        let builds = self.projector.reads.builds().await?;
        Ok(builds.into_iter().find(|build| build.number == self.build.number))
    }

    /// Catches up, waits for more, and so on, for as long as nothing fails.
    ///
    /// # Errors
    /// As [`Leading::catch_up`].
    pub async fn follow(&mut self) -> Result<std::convert::Infallible, ProjectError> {
        loop {
            self.catch_up(&mut |_| {}).await?;
            self.projector.source.store.more(self.build.position).await?;
        }
    }

    /// Builds the read models anew beside the live ones, and puts them in their place.
    ///
    /// # Errors
    /// As [`Leading::catch_up`]; the live ones go on answering.
    pub async fn rebuild(&mut self, on_step: &mut (dyn FnMut(&Progress) + Send)) -> Result<Progress, ProjectError> {
        let live = self.build.clone();
        self.build = self.projector.reads.begin(VERSION).await?;
        self.cases = Cases::default();
        self.is_unfinished = false;
        let built = self.catch_up(on_step).await;
        if built.is_err() && !self.build.is_live {
            // Half of it is of no use; the live one goes on.
            let half = std::mem::replace(&mut self.build, live);
            self.projector.reads.discard(half.number).await?;
        }
        built
    }

    /// Builds anew beside the live build, compares every row, and clears the new build away.
    ///
    /// Equal are rows sorted by key whose values are equal. Nobody moves the live build meanwhile.
    ///
    /// # Errors
    /// As [`Leading::catch_up`].
    pub async fn check(
        &mut self,
        on_step: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Vec<Difference>, ProjectError> {
        self.catch_up(&mut |_| {}).await?;
        let reads = &self.projector.reads;
        let fresh = reads.begin(VERSION).await?.number;
        let checked = self.check_against(fresh, on_step).await;
        reads.discard(fresh).await?;
        checked
    }

    async fn check_against(
        &self,
        fresh: u32,
        on_step: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Vec<Difference>, ProjectError> {
        let reads = &self.projector.reads;
        let (mut cases, mut position) = (Cases::default(), 0);
        let mut reading = Reading::of(&self.projector.source);
        while position < self.build.position
            && let Some(ready) =
                prepared_to(self.projector, &mut reading, &mut cases, fresh, position, self.build.position).await?
        {
            position = ready.advance.to;
            reads.advance(ready.advance).await?;
            let head = self.build.position;
            on_step(&Progress { build: Some(fresh), position, head, is_live: false, taken: position });
        }
        let mut differences = Vec::new();
        for table in TABLES {
            compare(reads.as_ref(), table, self.build.number, fresh, &mut differences).await?;
        }
        Ok(differences)
    }

    async fn go_live(&mut self) -> Result<(), ProjectError> {
        if self.build.is_live {
            return Ok(());
        }
        let reads = &self.projector.reads;
        reads.switch(self.build.number).await?;
        self.build.is_live = true;
        for other in reads.builds().await?.iter().filter(|other| other.number != self.build.number) {
            reads.discard(other.number).await?;
        }
        Ok(())
    }

    fn tell(&self, head: Position, on_step: &mut (dyn FnMut(&Progress) + Send)) -> Progress {
        let Build { number, position, is_live, .. } = self.build;
        let progress = Progress { build: Some(number), position, head: head.max(position), is_live, taken: self.taken };
        self.projector.progress.send_replace(progress.clone());
        on_step(&progress);
        progress
    }
}

/// A row that is not the same in the live build and in one built anew.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The key of the row.
    pub key: Vec<Value>,
    /// Its other values in the live build; none where it is not there.
    pub live: Option<Vec<Value>>,
    /// Its other values when built anew.
    pub rebuilt: Option<Vec<Value>>,
}

/// A step that only has to be written.
struct Ready {
    advance: Advance,
    reached: Reached,
}

/// How far a step goes.
struct Reached {
    position: Position,
    record_hash: Digest,
    /// The last event that counts.
    taken: Position,
    /// Where the log ended.
    head: Position,
}

/// Reads a stretch of the log and works out what it changes; none where the log has nothing more.
async fn prepared(
    projector: &Projector,
    reading: &mut Reading,
    cases: &mut Cases,
    build: u32,
    from: Position,
) -> Result<Option<Ready>, ProjectError> {
    prepared_to(projector, reading, cases, build, from, Position::MAX).await
}

/// As [`prepared`], and no further than `end`. What comes before an event that cannot be taken is taken.
async fn prepared_to(
    projector: &Projector,
    reading: &mut Reading,
    cases: &mut Cases,
    build: u32,
    from: Position,
    mut end: Position,
) -> Result<Option<Ready>, ProjectError> {
    loop {
        match stretch_to(projector, reading, cases, build, from, end).await {
            Err(ProjectError::Poisoned { position, .. }) if position > from + 1 => end = position - 1,
            prepared => return prepared,
        }
    }
}

async fn stretch_to(
    projector: &Projector,
    reading: &mut Reading,
    cases: &mut Cases,
    build: u32,
    from: Position,
    end: Position,
) -> Result<Option<Ready>, ProjectError> {
    let Some(stretch) = reading.next(from, end).await? else { return Ok(None) };
    let unknown: Vec<Vec<Value>> = stretch.unknown(cases).map(|id| vec![Value::Id(id.0)]).collect();
    for row in projector.reads.get(build, &cases::CASES, &unknown).await?.into_iter().flatten() {
        cases.put(cases::case_of(&row)?);
    }
    let mut fetched = None;
    let changes = loop {
        let rules = projector.rules();
        match stretch.project(cases, &rules, projector.source.cut) {
            Err(Stop::Missing(document)) if fetched.as_ref() == Some(&document) => {
                let why = format!("an event names {document} as what it is not");
                return Err(StoreError::Corrupt(why).into());
            }
            Err(Stop::Missing(document)) => {
                projector.fetch(&document).await?;
                fetched = Some(document);
            }
            Err(Stop::Failed(error)) => return Err(error),
            Ok((changes, after)) => {
                after.into_iter().for_each(|case| cases.put(case));
                break changes;
            }
        }
    };
    let Stretch { end: to, record_hash, taken, head, .. } = stretch;
    let reached = Reached { position: to, record_hash, taken, head };
    Ok(Some(Ready { advance: Advance { build, from, to, record_hash, changes }, reached }))
}

/// Cases of the last steps. Those of a step that is being written are always among them: the store does not have
/// them yet.
#[derive(Default)]
struct Cases {
    young: BTreeMap<ComplaintId, Arc<Case>>,
    old: BTreeMap<ComplaintId, Arc<Case>>,
}

impl Cases {
    fn put(&mut self, case: Case) {
        self.keep(case.complaint, Arc::new(case));
    }

    fn get(&mut self, id: ComplaintId) -> Option<Arc<Case>> {
        if let Some(case) = self.young.get(&id) {
            return Some(Arc::clone(case));
        }
        let case = self.old.remove(&id)?;
        self.keep(id, Arc::clone(&case));
        Some(case)
    }

    fn keep(&mut self, id: ComplaintId, case: Arc<Case>) {
        if self.young.len() >= MOST_CASES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, case);
    }
}

/// Walks through a table in both builds, side by side.
async fn compare(
    reads: &dyn ReadStore,
    table: &'static Table,
    live: u32,
    rebuilt: u32,
    differences: &mut Vec<Difference>,
) -> Result<(), ReadError> {
    let mut sides = [Side::new(table, live), Side::new(table, rebuilt)];
    loop {
        for side in &mut sides {
            side.fill(reads).await?;
        }
        let [a, b] = &mut sides;
        let (left, right) = (a.rows.last(), b.rows.last());
        let order = match (left, right) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(left), Some(right)) => table.key_of(left).cmp(table.key_of(right)),
        };
        let left = if order.is_le() { a.rows.pop() } else { None };
        let right = if order.is_ge() { b.rows.pop() } else { None };
        if left != right {
            let width = table.key.len();
            let key = left.as_ref().or(right.as_ref()).map(|row| row[..width].to_vec()).unwrap_or_default();
            let rest = |row: Option<Vec<Value>>| row.map(|row| row[width..].to_vec());
            differences.push(Difference { table: table.name, key, live: rest(left), rebuilt: rest(right) });
        }
    }
}

/// A table of one build, page by page; the next row is the last one.
struct Side {
    build: u32,
    select: Select,
    rows: Vec<Vec<Value>>,
    has_more: bool,
}

impl Side {
    fn new(table: &'static Table, build: u32) -> Self {
        let select = Select { table, filter: Vec::new(), order: Vec::new(), after: None, limit: STEP };
        Side { build, select, rows: Vec::new(), has_more: true }
    }

    async fn fill(&mut self, reads: &dyn ReadStore) -> Result<(), ReadError> {
        if self.rows.is_empty() && self.has_more {
            self.rows = reads.rows(self.build, &self.select).await?;
            self.has_more = self.rows.len() == self.select.limit;
            self.select.after = self.rows.last().map(|row| self.select.table.key_of(row).to_vec());
            self.rows.reverse();
        }
        Ok(())
    }
}

/// Events a step: bigger ones write fewer rows, since what changes twice is written once.
const STEP: usize = 12_288;
/// Cases kept in each of two generations; a step never has more complaints than events.
const MOST_CASES: usize = 4 * STEP;
