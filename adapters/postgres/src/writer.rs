//! The task that writes: whatever has gathered goes into one statement, and each gets its answer.

use std::collections::HashMap;

use aduan::store::{Append, Entry, Head, Heads, Outcome, StoreError};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::batch::{Plan, Sight, Stored, Verdict, entries_of};
use crate::connect::{Address, Carrier};
use crate::failure::Failure;
use crate::news::News;
use crate::rows::{Columns, Hash, IdText, entry, event_columns, head, unreadable};

/// A command that waits for its answer.
pub(crate) struct Waiting {
    pub(crate) append: Append,
    /// Nobody may be waiting any more; what was written stays written.
    pub(crate) reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

pub(crate) struct Writer {
    address: Address,
    ledger: LedgerId,
    link: Option<Link>,
    /// The head after our last append, while no other process is known to have moved it.
    last: Option<Head>,
    /// Where complaints stand at that head.
    heads: Heads,
    /// How far it has written, for whoever tells others.
    written: watch::Sender<Position>,
    /// The same for whoever waits here.
    news: News,
}

/// The connection, and who carries its messages.
struct Link {
    session: Session,
    carrier: Carrier,
}

/// What asks, and what was prepared for it.
struct Session {
    client: Client,
    append: Statement,
    append_bare: Statement,
    lock: Statement,
    heads: Statement,
    handled: Statement,
    read_back: Statement,
}

/// What came of a statement that appends.
enum Written {
    /// All of it, durably.
    Whole,
    /// Nothing: somebody else moved the head.
    Moved,
}

impl Writer {
    pub(crate) fn new(
        address: Address,
        ledger: LedgerId,
        head: Head,
        written: watch::Sender<Position>,
        news: News,
    ) -> Self {
        Writer { address, ledger, link: None, last: Some(head), heads: Heads::default(), written, news }
    }

    /// Writes until nobody can ask any more.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut answered = 1;
        while let Some(first) = self.next(&mut queue).await {
            come_back(answered, &queue).await;
            let batch = gather(first, &mut queue);
            answered = batch.len();
            self.write(batch).await;
        }
    }

    /// The next command. A connection that ends while nobody asks is noticed before somebody does.
    async fn next(&mut self, queue: &mut mpsc::Receiver<Waiting>) -> Option<Waiting> {
        if let Some(link) = &mut self.link {
            tokio::select! {
                biased;
                () = link.carrier.ended() => self.link = None,
                first = queue.recv() => return first,
            }
        }
        queue.recv().await
    }

    async fn write(&mut self, batch: Vec<Waiting>) {
        if self.link.is_none() {
            match Link::open(&self.address).await {
                Ok(link) => self.link = Some(link),
                Err(why) => return fail_all(batch, &StoreError::Unavailable(why)),
            }
        }
        match self.last.take() {
            Some(start) => self.write_at_once(batch, start).await,
            None => self.write_under_lock(batch).await,
        }
    }

    /// Nobody else wrote since, as far as we know: what is remembered is true if the head is still where it was,
    /// and the statement asks just that.
    async fn write_at_once(&mut self, batch: Vec<Waiting>, start: Head) {
        let appends = batch.iter().map(|waiting| &waiting.append);
        let plan = Plan::of(appends, start, Sight::Remembered(&mut self.heads));
        let asked: Vec<&Append> = chosen(&batch, &plan, |verdict| matches!(verdict, Verdict::Ask));
        let Some(Link { session, carrier }) = &mut self.link else {
            return fail_all(batch, &StoreError::Unavailable("no connection".into()));
        };
        let limit = self.address.options().deadline;
        // One round trip: what is asked is asked behind what is written.
        let both = async { tokio::join!(biased; session.write(&batch, &plan), session.look_up(&self.ledger, &asked)) };
        let (written, found) = match timeout(limit, carrier.carry(both)).await {
            Ok(answers) => answers,
            Err(_) => {
                let failure = Failure::Unknown("no answer within the deadline".into());
                (Err(failure), Err(StoreError::Unavailable("no answer within the deadline".into())))
            }
        };
        match written {
            Ok(Written::Whole) => {
                self.remember(&plan);
                let again = answer(batch, plan, found);
                if !again.is_empty() {
                    // What looked stale is not: somebody else's write is seen and ours is not, or the other way round.
                    self.forget();
                    self.write_under_lock(again).await;
                }
            }
            Ok(Written::Moved) | Err(Failure::Refused(_)) => {
                self.forget();
                self.write_under_lock(batch).await;
            }
            Err(failure) => {
                self.forget();
                self.give_up(batch, failure);
            }
        }
    }

    /// Locks the head, reads what the batch touches, answers who lost, and writes the rest.
    async fn write_under_lock(&mut self, batch: Vec<Waiting>) {
        let mut rest = vec![batch];
        while let Some(batch) = rest.pop() {
            let Some(Link { session, carrier }) = &mut self.link else {
                fail_all(batch, &StoreError::Unavailable("the connection was lost".into()));
                continue;
            };
            let limit = self.address.options().deadline;
            let done = match timeout(limit, carrier.carry(session.transact(&self.ledger, &batch))).await {
                Ok(done) => done,
                Err(_) => Err(Failure::Unknown("no answer within the deadline".into())),
            };
            match done {
                Ok(plan) => {
                    self.remember(&plan);
                    answer(batch, plan, Ok(Stored::default()));
                }
                // One of them breaks a constraint. It must not spoil the others, so each is tried alone.
                Err(Failure::Refused(_)) if batch.len() > 1 => {
                    self.forget();
                    rest.extend(batch.into_iter().rev().map(|waiting| vec![waiting]));
                }
                Err(failure) => {
                    self.forget();
                    // The next ones would wait as long for the same reason.
                    let error = self.give_up(batch, failure);
                    if !matches!(error, StoreError::Corrupt(_)) {
                        let error = StoreError::Unavailable("not tried: one before it failed".into());
                        rest.drain(..).for_each(|batch| fail_all(batch, &error));
                    }
                }
            }
        }
    }

    fn remember(&mut self, plan: &Plan) {
        for (complaint, head) in &plan.moved {
            self.heads.note(*complaint, *head);
        }
        self.last = Some(plan.end.clone());
        self.written.send_replace(plan.end.position);
        self.news.note(plan.end.position);
    }

    fn forget(&mut self) {
        self.last = None;
        self.heads.forget_all();
    }

    fn give_up(&mut self, batch: Vec<Waiting>, failure: Failure) -> StoreError {
        let is_usable = self.link.as_ref().is_some_and(|link| !link.session.client.is_closed());
        if !is_usable || matches!(failure, Failure::Unknown(_) | Failure::Unfit(_)) {
            self.link = None;
        }
        let error = failure.into_error();
        fail_all(batch, &error);
        error
    }
}

impl Link {
    async fn open(address: &Address) -> Result<Self, String> {
        let (client, mut carrier) = address.connect().await.map_err(|error| error.to_string())?;
        let preparing = async {
            tokio::try_join!(
                client.prepare(APPEND),
                client.prepare(APPEND_BARE),
                client.prepare(LOCK),
                client.prepare(HEADS),
                client.prepare(HANDLED),
                client.prepare(READ_BACK),
            )
        };
        let prepared = address.in_time(carrier.carry(preparing)).await.map_err(|error| error.to_string())?;
        let (append, append_bare, lock, heads, handled, read_back) =
            prepared.map_err(|error| crate::failure::chain(&error))?;
        let session = Session { client, append, append_bare, lock, heads, handled, read_back };
        Ok(Link { session, carrier })
    }
}

impl Session {
    /// One statement that moves the head and appends what the plan writes.
    async fn write(&self, batch: &[Waiting], plan: &Plan) -> Result<Written, Failure> {
        if !plan.writes() {
            return Ok(Written::Whole);
        }
        let mut columns = Columns::default();
        for append in chosen(batch, plan, |verdict| matches!(verdict, Verdict::Write { .. })) {
            append.parts.iter().for_each(|part| columns.add(part));
        }
        let (name, position) = (plan.start.ledger.as_str(), plan.start.position as i64);
        let (before, after) = (plan.start.log_hash.0.as_slice(), plan.end.log_hash.0.as_slice());
        let record = plan.last_record.0.as_slice();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&name, &position, &before, &record, &after];
        let (events, sealed) = (columns.events(), columns.sealed());
        parameters.extend(events);
        let statement = if columns.is_bare() { &self.append_bare } else { &self.append };
        if !columns.is_bare() {
            parameters.extend(sealed);
        }
        // Outside of a transaction it is one, and its answer ends after its commit.
        let row = self.client.query_one(statement, &parameters).await;
        let written: i64 = row.and_then(|row| row.try_get(0)).map_err(|error| Failure::of(&error))?;
        match usize::try_from(written) {
            Ok(0) => Ok(Written::Moved),
            Ok(written) if written == columns.len() => Ok(Written::Whole),
            _ => Err(Failure::Unknown(format!("{written} of {} events were written", columns.len()))),
        }
    }

    /// Where the complaints of these commands stand, and which of the commands are known.
    async fn look_up(&self, ledger: &LedgerId, appends: &[&Append]) -> Result<Stored, StoreError> {
        if appends.is_empty() {
            return Ok(Stored::default());
        }
        let complaints: Vec<IdText> =
            appends.iter().flat_map(|append| &append.parts).map(|part| IdText(part.complaint.0)).collect();
        let commands: Vec<_> = appends.iter().map(|append| append.command.0).collect();
        let name = ledger.as_str();
        let (client, of_complaints, of_commands): (_, [&(dyn ToSql + Sync); 2], [&(dyn ToSql + Sync); 2]) =
            (&self.client, [&name, &complaints], [&name, &commands]);
        // Heads first: if the very command was what moved one, it is then known.
        let (heads, handled) = tokio::join!(
            biased;
            client.query(&self.heads, &of_complaints),
            client.query(&self.handled, &of_commands)
        );
        let unavailable = |error: Error| crate::failure::unavailable(&error);
        stored(&heads.map_err(unavailable)?, &handled.map_err(unavailable)?)
    }

    /// The whole of it in one transaction that holds the head.
    async fn transact(&self, ledger: &LedgerId, batch: &[Waiting]) -> Result<Plan, Failure> {
        let client = &self.client;
        let done = self.lock_and_write(ledger, batch).await;
        if let Err(failure) = &done
            && !matches!(failure, Failure::Unknown(_))
        {
            // Its answer changes nothing: the failure is told, and a lost connection is found out by the next batch.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        done
    }

    async fn lock_and_write(&self, ledger: &LedgerId, batch: &[Waiting]) -> Result<Plan, Failure> {
        let client = &self.client;
        let name = ledger.as_str();
        let of_ledger: [&(dyn ToSql + Sync); 1] = [&name];
        let appends: Vec<&Append> = batch.iter().map(|waiting| &waiting.append).collect();
        // The lock is had before the next statement begins, so that one sees what its last holder wrote.
        let (begun, locked, found) = tokio::join!(
            biased;
            client.batch_execute("BEGIN"),
            client.query_opt(&self.lock, &of_ledger),
            self.look_up(ledger, &appends)
        );
        begun.map_err(|error| Failure::of(&error))?;
        let locked = locked.map_err(|error| Failure::of(&error))?;
        let found = found.map_err(not_stored)?;
        let row = locked.ok_or_else(|| Failure::Refused(format!("the ledger {ledger} has no head")))?;
        let (start, _) = head(&row, ledger, 0).map_err(not_stored)?;
        let plan = Plan::of(appends.into_iter(), start, Sight::Read(&found));
        if !plan.writes() {
            client.batch_execute("ROLLBACK").await.map_err(|error| Failure::of(&error))?;
            return Ok(plan);
        }
        let position = plan.end.position as i64;
        let of_last: [&(dyn ToSql + Sync); 2] = [&name, &position];
        let (written, committed, read_back) = tokio::join!(
            biased;
            self.write(batch, &plan),
            client.batch_execute("COMMIT"),
            client.query_opt(&self.read_back, &of_last)
        );
        let written = written?;
        committed.map_err(|error| Failure::of(&error))?;
        // COMMIT says Ok of a transaction that it rolled back, too. Only the row itself is proof.
        let row = read_back.map_err(|error| Failure::Unknown(crate::failure::chain(&error)))?;
        let hash = row.map(|row| row.try_get::<_, Hash>(0)).transpose();
        let hash = hash.map_err(|error| Failure::Unknown(crate::failure::chain(&error)))?;
        match (written, hash) {
            (Written::Whole, Some(hash)) if hash.0 == plan.last_record => Ok(plan),
            (_, None) => Err(Failure::NotStored("the transaction was rolled back".into())),
            _ => Err(Failure::Unknown("another event stands where ours should".into())),
        }
    }
}

fn not_stored(error: StoreError) -> Failure {
    match error {
        StoreError::Corrupt(why) => Failure::Refused(why),
        other => Failure::NotStored(other.to_string()),
    }
}

fn stored(heads: &[Row], handled: &[Row]) -> Result<Stored, StoreError> {
    let mut stored = Stored::default();
    for row in heads {
        let complaint = ComplaintId(row.try_get::<_, IdText>(0).map_err(unreadable)?.0);
        let version = row.try_get::<_, i64>(1).map_err(unreadable)? as Version;
        let hash: Digest = row.try_get::<_, Hash>(2).map_err(unreadable)?.0;
        stored.heads.insert(complaint, (version, hash));
    }
    let mut entries: HashMap<CommandId, Vec<Entry>> = HashMap::new();
    for row in handled {
        let entry = entry(row)?;
        entries.entry(entry.record.command).or_default().push(entry);
    }
    stored.handled = entries;
    Ok(stored)
}

/// Whoever was just answered asks again before we look, as long as they keep coming: untimed, and nothing to a lone
/// client. A batch that leaves without most of them costs a commit more.
async fn come_back(answered: usize, queue: &mpsc::Receiver<Waiting>) {
    tokio::task::yield_now().await;
    let mut in_vain = 0;
    while queue.len() + 1 < answered && in_vain < PATIENCE {
        let before = queue.len();
        tokio::task::yield_now().await;
        in_vain = if queue.len() > before { 0 } else { in_vain + 1 };
    }
}

/// The commands of a batch that a plan says this of, in order.
fn chosen<'b>(batch: &'b [Waiting], plan: &Plan, is_one: impl Fn(&Verdict) -> bool) -> Vec<&'b Append> {
    let both = batch.iter().zip(&plan.verdicts);
    both.filter(|(_, verdict)| is_one(verdict)).map(|(waiting, _)| &waiting.append).collect()
}

/// Answers everyone whose answer is known; gives back the others.
fn answer(batch: Vec<Waiting>, plan: Plan, found: Result<Stored, StoreError>) -> Vec<Waiting> {
    let mut again = Vec::new();
    let mut same: Vec<(usize, Waiting)> = Vec::new();
    let mut written: HashMap<usize, Vec<Entry>> = HashMap::new();
    let wanted: Vec<usize> = plan.verdicts.iter().filter_map(repeated).collect();
    for (place, (waiting, verdict)) in batch.into_iter().zip(plan.verdicts).enumerate() {
        let told = match verdict {
            Verdict::Write { first } => {
                if wanted.contains(&place) {
                    written.insert(place, entries_of(&waiting.append, first));
                }
                Ok(Outcome::Appended { first })
            }
            Verdict::SameAs(earlier) => {
                same.push((earlier, waiting));
                continue;
            }
            Verdict::Answer(told) => told,
            Verdict::Ask => match &found {
                Err(error) => Err(error.clone()),
                Ok(found) => match found.tell(&waiting.append) {
                    Some(outcome) => Ok(outcome),
                    None => {
                        again.push(waiting);
                        continue;
                    }
                },
            },
        };
        drop(waiting.reply.send(told));
    }
    for (earlier, waiting) in same {
        let entries = written.get(&earlier).cloned().unwrap_or_default();
        drop(waiting.reply.send(Ok(Outcome::Handled { entries })));
    }
    again
}

fn repeated(verdict: &Verdict) -> Option<usize> {
    match verdict {
        Verdict::SameAs(earlier) => Some(*earlier),
        _ => None,
    }
}

impl Stored {
    /// What a command is told by what is stored; nothing if it would fit.
    fn tell(&self, append: &Append) -> Option<Outcome> {
        if let Some(entries) = self.handled.get(&append.command) {
            return Some(Outcome::Handled { entries: entries.clone() });
        }
        let version = |complaint| self.heads.get(&complaint).map_or(0, |(version, _)| *version);
        append.parts.iter().any(|part| version(part.complaint) != part.expected).then_some(Outcome::Conflict)
    }
}

fn fail_all(batch: Vec<Waiting>, error: &StoreError) {
    batch.into_iter().for_each(|waiting| drop(waiting.reply.send(Err(error.clone()))));
}

/// Takes what has queued up while the last statement was on its way, and waits for nothing more.
fn gather(first: Waiting, queue: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut size = Size::default();
    size.add(&first.append);
    let mut batch = vec![first];
    while size.has_room()
        && let Ok(waiting) = queue.try_recv()
    {
        size.add(&waiting.append);
        batch.push(waiting);
    }
    batch
}

/// How much a batch adds: about so many bytes.
#[derive(Default)]
struct Size {
    events: usize,
    boxes: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, append: &Append) {
        for part in &append.parts {
            self.events += part.records.len();
            self.boxes += part.boxes.len();
            self.bytes += part.records.iter().map(|record| record.payload.len() + record.metadata.len()).sum::<usize>();
            self.bytes += part.boxes.iter().map(|sealed| sealed.bytes.len()).sum::<usize>();
            self.bytes += part.keys.iter().map(|key| key.bytes.len()).sum::<usize>();
        }
    }

    fn has_room(&self) -> bool {
        self.events < EVENTS_PER_BATCH && self.boxes < BOXES_PER_BATCH && self.bytes < BYTES_PER_BATCH
    }
}

const EVENTS_PER_BATCH: usize = 1024;
/// The server walks an array from its beginning for each stretch that it cuts out.
const BOXES_PER_BATCH: usize = 1024;
const BYTES_PER_BATCH: usize = 16 * 1024 * 1024;

/// So often others are let go first without one more command.
const PATIENCE: usize = 64;
const APPEND: &str = concat!(
    include_str!("../sql/append_head.sql"),
    include_str!("../sql/append_sealed.sql"),
    include_str!("../sql/append_events.sql")
);
/// Of events without boxes and keys, as most commands are: a lone client notices the difference.
const APPEND_BARE: &str = concat!(include_str!("../sql/append_head.sql"), include_str!("../sql/append_events.sql"));
const LOCK: &str = "SELECT position, record_hash, log_hash FROM aduan.ledger WHERE name = $1 FOR UPDATE";
const HEADS: &str = "SELECT wanted.id, last.sequence, last.record_hash FROM unnest($2::text[]) AS wanted (id) \
    CROSS JOIN LATERAL (SELECT sequence, record_hash FROM aduan.events \
        WHERE aggregate_id = wanted.id AND ledger || '' = $1 ORDER BY sequence DESC LIMIT 1) AS last";
const HANDLED: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM aduan.events WHERE command_id = ANY ($2) AND ledger || '' = $1 ORDER BY position"
);
const READ_BACK: &str = "SELECT record_hash FROM aduan.events WHERE ledger = $1 AND position = $2";
