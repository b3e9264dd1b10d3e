//! The way of a ledger's commands from one store into another, in their order.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use aduan::engine::upcast;
use aduan::event::Event;
use aduan::record::Record;
use aduan::store::{Append, AppendPart, Entry, Head, Outcome, Store, StoreError};
use aduan::values::{ComplaintId, Digest, Position};
use serde::Serialize;
use tokio::task::unconstrained;

use crate::ahead::Ahead;
use crate::answer::Failure;
use crate::progress::Progress;
use crate::verify::named_boxes;

/// What went over.
#[derive(Default, Serialize)]
pub(super) struct Tally {
    /// Complaints that the events are of.
    pub(super) complaints: u64,
    /// Events.
    pub(super) events: u64,
    /// Sealed values that the events name.
    pub(super) boxes: u64,
    /// Wrapped keys of the complaints.
    pub(super) keys: u64,
    /// Policies, calendars and directories that bound the events.
    pub(super) documents: u64,
}

/// A copy on its way.
///
/// Every command says where it must come to stand, and the target refuses it anywhere else. So they are handed over
/// strictly in their order, and whatever goes wrong, what the target holds is the beginning of the source. Many are
/// under way at once: the target commits them together.
pub(super) struct Transfer<'s> {
    source: &'s Arc<dyn Store>,
    target: &'s Arc<dyn Store>,
    /// Where the target ended before.
    there: Head,
    /// How far the source was read.
    read: Head,
    /// Complaints of everything that was read.
    complaints: BTreeSet<ComplaintId>,
    /// Those whose keys went over.
    carried: BTreeSet<ComplaintId>,
    /// Documents that went over.
    documents: BTreeSet<Digest>,
    /// What was read of a command that is not whole yet.
    command: Vec<(Entry, Event)>,
    /// Commands whose boxes and keys are looked for.
    ahead: Ahead<Result<Whole, Failure>>,
    /// In the order of positions.
    flying: VecDeque<Flying<'s>>,
    tally: Tally,
}

/// A command, ready to be appended.
struct Whole {
    /// The documents that bound it.
    bound: BTreeSet<Digest>,
    /// Where it must come to stand.
    first: Position,
    append: Append,
}

/// A command in the target's queue.
struct Flying<'s> {
    /// Where it must come to stand.
    first: Position,
    appending: Appending<'s>,
}

type Appending<'s> = Pin<Box<dyn Future<Output = Result<Outcome, StoreError>> + Send + 's>>;

impl<'s> Transfer<'s> {
    /// From one store into another of the same ledger, which ends `there`.
    pub(super) fn new(source: &'s Arc<dyn Store>, target: &'s Arc<dyn Store>, there: Head) -> Self {
        Transfer {
            source,
            target,
            there,
            read: Head::empty(source.id().clone()),
            complaints: BTreeSet::new(),
            carried: BTreeSet::new(),
            documents: BTreeSet::new(),
            command: Vec::new(),
            ahead: Ahead::new(),
            flying: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// Reads the source up to `end`, and copies what the target lacks.
    ///
    /// # Errors
    /// When the target holds another history, a store fails, or somebody changes one meanwhile.
    pub(super) async fn run(mut self, end: &Head, progress: Progress) -> Result<Tally, Failure> {
        while self.read.position < end.position {
            let limit = usize::try_from(end.position - self.read.position).unwrap_or(PAGE).min(PAGE);
            let page = self.source.after(self.read.position, limit).await.map_err(of_source)?;
            if page.entries.is_empty() {
                return Err(changed());
            }
            for entry in page.entries {
                self.take(entry).await?;
            }
            progress.at(self.read.position);
        }
        while let Some(whole) = self.ahead.next().await? {
            self.hand_over(whole?).await?;
        }
        self.land_all().await?;
        if self.read != *end || !self.command.is_empty() {
            return Err(changed());
        }
        self.check_keys().await?;
        Ok(Tally { complaints: self.carried.len() as u64, ..self.tally })
    }

    async fn take(&mut self, entry: Entry) -> Result<(), Failure> {
        self.read.advance(entry.record.hash);
        self.complaints.insert(entry.record.complaint);
        if entry.position <= self.there.position {
            let is_another = entry.position == self.there.position && self.read != self.there;
            return if is_another { Err(another_history(entry.position)) } else { Ok(()) };
        }
        // It was inspected, and is about to be written for good: were these bytes the ones?
        let Entry { position, record } = &entry;
        let event = match record.check_link(self.source.id(), record.sequence, record.prev) {
            Ok(()) if *position == self.read.position => upcast(record, &[]),
            Ok(()) => return Err(changed()),
            Err(broken) => Err(broken),
        };
        let event = event.map_err(|broken| Failure::Corrupt(format!("the source: {broken}")))?;
        let is_whole = event.context.part.number == event.context.part.of;
        self.command.push((entry, event));
        if is_whole {
            self.gather();
        }
        if self.ahead.is_full()
            && let Some(whole) = self.ahead.next().await?
        {
            self.hand_over(whole?).await?;
        }
        Ok(())
    }

    /// Looks for what goes with the command that is whole now.
    ///
    /// The keys of a complaint go with the first of its commands, all of them: those that no record names, too.
    fn gather(&mut self) {
        let command = std::mem::take(&mut self.command);
        let touched = command.iter().map(|(entry, _)| entry.record.complaint);
        let with_keys: BTreeSet<_> = touched.filter(|complaint| self.carried.insert(*complaint)).collect();
        let source = Arc::clone(self.source);
        self.ahead.ask(async move { whole(&*source, &command, &with_keys).await });
    }

    async fn hand_over(&mut self, whole: Whole) -> Result<(), Failure> {
        let Whole { bound, first, append } = whole;
        self.keep(bound).await?;
        for part in &append.parts {
            self.tally.events += part.records.len() as u64;
            self.tally.boxes += part.boxes.len() as u64;
            self.tally.keys += part.keys.len() as u64;
        }
        self.launch(first, append).await
    }

    /// The rules that bound a command are in the target before it is.
    async fn keep(&mut self, bound: BTreeSet<Digest>) -> Result<(), Failure> {
        for hash in bound {
            if !self.documents.insert(hash) {
                continue;
            }
            let document = self.source.document(hash).await.map_err(of_source)?.ok_or_else(changed)?;
            // It happens a few times in a copy, and finds room in the queue.
            self.land_all().await?;
            self.target.keep(&[document]).await.map_err(of_target)?;
            self.tally.documents += 1;
        }
        Ok(())
    }

    async fn launch(&mut self, first: Position, append: Append) -> Result<(), Failure> {
        if self.flying.len() >= MOST_FLYING {
            self.land_first().await?;
        }
        let mut appending = self.target.append(append.clone());
        match handed_over(&mut appending).await {
            Poll::Pending => {
                self.flying.push_back(Flying { first, appending });
                Ok(())
            }
            Poll::Ready(Err(StoreError::Overloaded)) => {
                // Nothing was stored, and nothing handed over behind it. An empty queue takes it, or never will.
                self.land_all().await?;
                landed(first, self.target.append(append).await)
            }
            Poll::Ready(outcome) => landed(first, outcome),
        }
    }

    /// Waits for the command that has been under way longest.
    async fn land_first(&mut self) -> Result<(), Failure> {
        let Some(Flying { first, appending }) = self.flying.pop_front() else { return Ok(()) };
        landed(first, appending.await)
    }

    async fn land_all(&mut self) -> Result<(), Failure> {
        while !self.flying.is_empty() {
            self.land_first().await?;
        }
        Ok(())
    }

    /// The log hash does not cover keys, and one that came without a record may have come too late for its
    /// complaint's commands.
    async fn check_keys(&self) -> Result<(), Failure> {
        let mut ahead = Ahead::new();
        for complaint in self.complaints.iter().copied() {
            let (source, target) = (Arc::clone(self.source), Arc::clone(self.target));
            ahead.ask(async move { lacking_key(&*source, &*target, complaint).await });
            if ahead.is_full() {
                ahead.next().await?.transpose()?;
            }
        }
        while let Some(checked) = ahead.next().await? {
            checked?;
        }
        Ok(())
    }
}

/// Fails where the target lacks a key of a complaint.
async fn lacking_key(source: &dyn Store, target: &dyn Store, complaint: ComplaintId) -> Result<(), Failure> {
    let held = target.keys(complaint).await.map_err(of_target)?;
    let keys = source.keys(complaint).await.map_err(of_source)?;
    let Some(key) = keys.iter().find(|key| !held.contains(key)) else { return Ok(()) };
    Err(Failure::Failed(format!(
        "the target lacks a key of complaint {complaint}, of epoch {}: it came to the source after the complaint's \
         last record was copied; copy to a new store",
        key.epoch
    )))
}

/// A command as it is appended, with its boxes and the keys of these complaints.
async fn whole(
    source: &dyn Store,
    command: &[(Entry, Event)],
    with_keys: &BTreeSet<ComplaintId>,
) -> Result<Whole, Failure> {
    let [(Entry { position: first, record }, _), ..] = command else { return Err(changed()) };
    let contexts = command.iter().map(|(_, event)| &event.context);
    let bound = contexts.flat_map(|context| [&context.policy, &context.calendar, &context.directory]);
    let mut whole = Whole {
        bound: bound.map(|document| document.hash).collect(),
        first: *first,
        append: Append { at: Some(*first), ..Append::new(record.command, Vec::new()) },
    };
    for entries in command.chunk_by(|(one, _), (next, _)| one.record.complaint == next.record.complaint) {
        let named: Vec<_> = entries.iter().flat_map(|(_, event)| named_boxes(event)).collect();
        let records: Vec<_> = entries.iter().map(|(entry, _)| entry.record.clone()).collect();
        let Some(Record { complaint, sequence, .. }) = records.first() else { continue };
        let (complaint, expected) = (*complaint, sequence.saturating_sub(1));
        let boxes = match named.is_empty() {
            true => Vec::new(),
            false => source.boxes(complaint, &named).await.map_err(of_source)?,
        };
        let boxes = boxes.into_iter().collect::<Option<_>>().ok_or_else(changed)?;
        let keys = match with_keys.contains(&complaint) {
            true => source.keys(complaint).await.map_err(of_source)?,
            false => Vec::new(),
        };
        whole.append.parts.push(AppendPart { complaint, expected, records, boxes, keys });
    }
    Ok(whole)
}

/// Polls an append once: that is when a store puts it into its queue.
///
/// Unconstrained, since a channel whose turn is over by tokio's count would answer `Pending` and take nothing,
/// and the next command would overtake this one, only to be refused.
async fn handed_over(appending: &mut Appending<'_>) -> Poll<Result<Outcome, StoreError>> {
    let mut appending = pin!(unconstrained(appending));
    poll_fn(|context| Poll::Ready(appending.as_mut().poll(context))).await
}

/// Whether a command stands where it stands in the source.
fn landed(first: Position, outcome: Result<Outcome, StoreError>) -> Result<(), Failure> {
    match outcome.map_err(of_target)? {
        Outcome::Appended { .. } => Ok(()),
        // Another copy of this ledger was faster. Whether that was all of it, the heads say in the end.
        Outcome::Handled { entries } if entries.first().is_some_and(|entry| entry.position == first) => Ok(()),
        Outcome::Handled { .. } | Outcome::Conflict => {
            let why = format!("somebody else writes to the target: the command of position {first} does not fit there");
            Err(Failure::Busy(format!("{why}. It was not copied, and nothing is lost: copy again when nobody does")))
        }
    }
}

fn another_history(position: Position) -> Failure {
    Failure::Usage(format!("the target holds another history: up to position {position} it is not the source"))
}

fn changed() -> Failure {
    Failure::Corrupt("the source is not any more what it was when it was inspected".into())
}

fn of_source(error: StoreError) -> Failure {
    match Failure::from(error) {
        Failure::Corrupt(why) => Failure::Corrupt(format!("the source: {why}")),
        other => Failure::Failed(format!("the source: {other}; {AGAIN}")),
    }
}

fn of_target(error: StoreError) -> Failure {
    match Failure::from(error) {
        Failure::Corrupt(why) => Failure::Corrupt(format!("the target: {why}")),
        other => Failure::Failed(format!("the target: {other}; {AGAIN}")),
    }
}

const AGAIN: &str = "copy again to go on, it copies nothing twice";
const PAGE: usize = 2_048;
/// Below the queue of every store.
const MOST_FLYING: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::RangeInclusive;
    use std::sync::Mutex;

    use aduan::actor::{Actor, Role};
    use aduan::command::{ClearRequest, Command, Receive};
    use aduan::engine::Engine;
    use aduan::event::Class;
    use aduan::rules::Rules;
    use aduan::sealed::{BoxDigest, Clear, SealedBox};
    use aduan::store::{Document, Ledger, Loaded, Log, Page};
    use aduan::values::{Channel, CommandId, LedgerId, Moment, Version, WIB};
    use aduan_memory::{MemoryStore, MemoryVault};
    use async_trait::async_trait;
    use tokio::task::coop::consume_budget;

    use crate::answer::Teller;

    /// A target with a queue, which takes an append at its first poll and answers at the second.
    struct Queued {
        held: MemoryStore,
        /// What becomes of the appends that come first, the last one first.
        moods: Mutex<Vec<Option<StoreError>>>,
    }

    #[async_trait]
    impl Ledger for Queued {
        fn id(&self) -> &LedgerId {
            self.held.id()
        }
        async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
            self.held.load(complaint, after).await
        }
        async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
            // As a channel does, by whose count the task's turn may be over.
            for _ in 0..8 {
                consume_budget().await;
            }
            let mood = self.moods.lock().unwrap().pop().flatten();
            if mood == Some(StoreError::Overloaded) {
                return Err(StoreError::Overloaded);
            }
            let outcome = match mood {
                Some(error) => Err(error),
                None => self.held.append(append).await,
            };
            tokio::task::yield_now().await;
            outcome
        }
        async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
            self.held.handled(command).await
        }
        async fn boxes(&self, id: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
            self.held.boxes(id, digests).await
        }
        async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
            self.held.keep(documents).await
        }
        async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
            self.held.document(hash).await
        }
    }

    #[async_trait]
    impl Log for Queued {
        async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
            self.held.after(position, limit).await
        }
        async fn head(&self) -> Result<Head, StoreError> {
            self.held.head().await
        }
    }

    fn ledger() -> LedgerId {
        LedgerId::new("mojokerto").unwrap()
    }

    /// A ledger with that many complaints.
    async fn source(complaints: u8) -> Arc<dyn Store> {
        source_of(1..=complaints).await
    }

    async fn source_of(complaints: RangeInclusive<u8>) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(ledger()));
        let engine = Engine::new(Arc::clone(&store), Arc::new(MemoryVault::new([1; 32])), Rules::mojokerto());
        let now = Moment::parse("2024-04-05T16:01:00+07:00", WIB).unwrap();
        for number in complaints {
            let mut receive = Receive::by(Channel::new("whatsapp").unwrap(), Class::Complaint);
            receive.text = Some(Clear::new("Lampu mati"));
            let id = CommandId(uuid::Uuid::from_u128(number.into()));
            let command = Command::Receive(Box::new(receive));
            let request = ClearRequest::new(id, now, Actor::new(Role::Intake), command, [number; 32]);
            engine.receive(request).await.unwrap();
        }
        store
    }

    /// Copies 200 complaints into a target in these moods; how it ended, and what the target holds.
    fn copied(mut moods: Vec<Option<StoreError>>) -> (Result<Tally, Failure>, [Head; 2]) {
        moods.reverse();
        let target = Queued { held: MemoryStore::new(ledger()), moods: Mutex::new(moods) };
        run(async { transferred(source(200).await, Arc::new(target)).await })
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(test)
    }

    /// Copies into a target that was empty when it was looked at.
    async fn transferred(source: Arc<dyn Store>, target: Arc<dyn Store>) -> (Result<Tally, Failure>, [Head; 2]) {
        let end = source.head().await.unwrap();
        let progress = Progress::start(Teller { json: true }, 0, "events");
        let ended = Transfer::new(&source, &target, Head::empty(ledger())).run(&end, progress).await;
        (ended, [end, target.head().await.unwrap()])
    }

    #[test]
    fn commands_are_handed_over_in_their_order() {
        let (ended, [end, head]) = copied(Vec::new());
        assert_eq!((ended.unwrap().events, &head), (200, &end));
    }

    #[test]
    fn a_full_queue_is_waited_for() {
        let moods = (0..300).map(|turn| (turn % 7 == 3).then_some(StoreError::Overloaded)).collect();
        let (ended, [end, head]) = copied(moods);
        assert_eq!((ended.unwrap().events, &head), (200, &end));
        let (ended, [_, head]) = copied(vec![Some(StoreError::Overloaded); 2]);
        assert!(matches!(ended, Err(Failure::Failed(_))), "an empty queue takes nothing");
        assert_eq!(head.position, 0);
    }

    #[test]
    fn whoever_else_writes_to_the_target_is_noticed_unless_it_is_the_same_copy() {
        run(async {
            let (ended, [_, head]) = transferred(source(5).await, source_of(7..=9).await).await;
            assert!(matches!(&ended, Err(Failure::Busy(why)) if why.contains("somebody else")), "{:?}", ended.err());
            assert_eq!(head.position, 3, "nothing of the source came between");
            let (source, halfway) = (source(5).await, source(3).await);
            let (ended, [end, head]) = transferred(source, halfway).await;
            assert_eq!((ended.is_ok(), head), (true, end));
        });
    }

    #[test]
    fn a_command_that_fails_lets_none_behind_it_in() {
        let mut moods = vec![None; 10];
        moods.push(Some(StoreError::Unavailable("away".into())));
        let (ended, [_, head]) = copied(moods);
        assert!(matches!(&ended, Err(Failure::Failed(why)) if why.contains("copy again")), "{:?}", ended.err());
        assert_eq!(head.position, 10);
    }
}
