//! THE SHELL: seal, load, decide, append, and again on a conflict.
//!
//! The engine owns no rule and no byte format; it carries requests to the [rules](crate::complaint)
//! and what they decide to a [store](crate::store).

mod cache;
mod cqrs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use cqrs_es::persist::EventUpcaster;
use tokio::sync::OnceCell;

use self::cache::{Cache, Known};
pub use self::cqrs::{CqrsContext, CqrsStore, upcast};
use crate::actor::{Actor, Role};
use crate::command::{ClearRequest, Command, Marks, Receive, SealedRequest, Step};
use crate::complaint::{Complaint, Decision, DueItem, MOST_LINES, Rejection, Stage, Target, tracking_secret};
use crate::event::{Attachment, Closure, Event, Fact};
use crate::record::{BrokenRecord, Record, canonical, genesis};
use crate::rules::Rules;
use crate::sealed::{BoxPlace, Clear, ComplaintKey, Field, SealedBox, WrappedKey, derive, mac};
use crate::store::{Append, AppendPart, Entry, Head, KeyVault, Outcome, Store, StoreError, VaultError};
use crate::values::{
    Channel, CommandId, ComplaintId, Digest, DocumentRef, InvalidValue, Moment, Position, TrackingNumber,
    TrackingSecret, Version,
};

/// The engine over one ledger. Share it behind an `Arc`; every method takes `&self`.
pub struct Engine {
    store: Arc<dyn Store>,
    vault: Arc<dyn KeyVault>,
    rules: RwLock<Arc<Rules>>,
    upcasters: Vec<Box<dyn EventUpcaster>>,
    cache: Mutex<Cache>,
    /// Whether what came in last was new. A guess that costs time where it is wrong, and nothing else.
    expects_new: AtomicBool,
    documents_kept: OnceCell<()>,
    ledger_secret: OnceCell<[u8; 32]>,
    admissions: OnceLock<BTreeSet<ComplaintId>>,
}

/// What became of a command that was recorded, now or before.
#[derive(Clone, PartialEq, Debug)]
pub struct Receipt {
    /// The complaint.
    pub complaint: ComplaintId,
    /// What was recorded for this command, on this complaint.
    pub events: Vec<Event>,
    /// The complaint's version after it.
    pub version: Version,
    /// The position of the last of these events; none where nothing was left to record.
    pub position: Option<Position>,
    /// The record hash of the last of these events: whoever keeps it can later prove what was recorded.
    pub record_hash: Option<Digest>,
    /// Whether the command had been handled before.
    pub repeated: bool,
    /// For a new complaint: what the complainant is told.
    pub tracking: Option<Tracking>,
}

/// What a complainant is told about a new complaint.
#[derive(Clone, PartialEq, Debug)]
pub struct Tracking {
    /// Identifies it, and shows its public status.
    pub number: TrackingNumber,
    /// Opens following, replying and rating. Shown once; lost where a repeated request came with another seed.
    pub secret: Option<TrackingSecret>,
}

/// Why a request has no receipt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The rules refused it; nothing was recorded.
    #[error("refused: {0}")]
    Rejected(#[from] Rejection),
    /// Others were faster, several times in a row; nothing was recorded.
    #[error("contended: others changed the complaint at the same time, nothing was recorded")]
    Contended,
    /// The store's queue is full; nothing was recorded.
    #[error("overloaded, nothing was recorded")]
    Overloaded,
    /// It may or may not be recorded: ask again with the same id.
    #[error("outcome unknown, ask again with the same command id: {0}")]
    Unknown(String),
    /// The store or the vault was not reached; nothing was recorded.
    #[error("unavailable, nothing was recorded: {0}")]
    Unavailable(String),
    /// What is stored cannot be trusted; nothing is built on it.
    #[error("corrupt: {0}")]
    Corrupt(String),
}

impl Error {
    /// Of a question about a command that is surely recorded: what did not answer must not say that nothing is.
    fn of_what_is_recorded(self) -> Self {
        match self {
            Error::Overloaded => Error::Unknown("overloaded".into()),
            Error::Unavailable(why) => Error::Unknown(why),
            error => error,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Error::Overloaded,
            StoreError::Unavailable(why) => Error::Unavailable(why),
            StoreError::Unknown(why) => Error::Unknown(why),
            StoreError::Corrupt(why) => Error::Corrupt(why),
        }
    }
}
impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        Error::Unavailable(error.to_string())
    }
}
impl From<BrokenRecord> for Error {
    fn from(error: BrokenRecord) -> Self {
        Error::Corrupt(error.to_string())
    }
}
impl From<InvalidValue> for Error {
    fn from(error: InvalidValue) -> Self {
        Error::Rejected(error.into())
    }
}

/// A recorded event with its record, as history shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// The event.
    pub event: Event,
    /// The record it stands in.
    pub record: Record,
}

/// What a tick did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ticked {
    /// What took effect, in order.
    pub done: Vec<Receipt>,
    /// Commands that had been handled before, by this or another clock.
    pub repeated: usize,
    /// Complaints that could not be served, with the reason; the others were.
    pub failed: Vec<(ComplaintId, Error)>,
}

impl Engine {
    /// An engine over a store, with a vault for sealed values and the rules of the tenant.
    pub fn new(store: Arc<dyn Store>, vault: Arc<dyn KeyVault>, rules: Rules) -> Self {
        Engine {
            store,
            vault,
            rules: RwLock::new(Arc::new(rules)),
            upcasters: Vec::new(),
            cache: Mutex::new(Cache::default()),
            expects_new: AtomicBool::new(true),
            documents_kept: OnceCell::new(),
            ledger_secret: OnceCell::new(),
            admissions: OnceLock::new(),
        }
    }

    /// The same, reading events of older versions through upcasters.
    #[must_use]
    pub fn with_upcasters(self, upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        Engine { upcasters, ..self }
    }

    /// Receives a complaint under the id that follows from its channel and reference (from the command id where it
    /// has none), so that a retry finds it again.
    ///
    /// # Errors
    /// As [`Engine::handle`].
    pub async fn receive(&self, request: ClearRequest) -> Result<Receipt, Error> {
        let received = request.command.received();
        let received = received.ok_or_else(|| InvalidValue::new("command", "brings in no complaint"))?;
        let id = self.id_of(received, request.id).await?;
        self.handle(id, request).await
    }

    /// The id of the complaint that a channel knows by a reference: the same message is the same complaint.
    ///
    /// # Errors
    /// When the vault, which keeps the ledger's secret, cannot be reached.
    pub async fn complaint_id(&self, channel: &Channel, reference: &Clear) -> Result<ComplaintId, Error> {
        Ok(id_from(self.reference_mac(channel, reference).await?))
    }

    /// Handles a request: sealed, decided, recorded durably, or refused with nothing recorded.
    ///
    /// Dropping the future does not cut the work in half: ask again with the same command id.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the reason; otherwise which of the outcomes it was.
    pub async fn handle(&self, id: ComplaintId, request: ClearRequest) -> Result<Receipt, Error> {
        self.check_id(id, &request).await?;
        for attempt in 0..ATTEMPTS {
            match self.attempt(id, &request, attempt == 0).await? {
                Attempt::Done(receipt) => return Ok(*receipt),
                Attempt::Again => {}
            }
        }
        Err(Error::Contended)
    }

    /// The present state, other engines' writes included; `None` where there is no such complaint.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub async fn complaint(&self, id: ComplaintId) -> Result<Option<Complaint>, Error> {
        let known = self.load_fresh(id).await?;
        Ok((known.state.version > 0).then(|| known.state.clone()))
    }

    /// Everything recorded of a complaint, in order, its chain checked.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    pub async fn history(&self, id: ComplaintId) -> Result<Vec<Recorded>, Error> {
        let loaded = self.store.load(id, 0).await?;
        let mut prev = genesis(self.store.id(), id);
        let mut history = Vec::with_capacity(loaded.records.len());
        for (sequence, record) in (1..).zip(loaded.records) {
            record.check_link(self.store.id(), sequence, prev)?;
            prev = record.hash;
            history.push(Recorded { event: upcast(&record, &self.upcasters)?, record });
        }
        Ok(history)
    }

    /// Opens the sealed values of one event of a complaint, by field.
    ///
    /// # Errors
    /// `Unavailable` when the vault no longer has the key; `Corrupt` when a box is missing or does not open.
    pub async fn reveal(&self, id: ComplaintId, event: &Event) -> Result<Vec<(Field, Clear)>, Error> {
        let named = event.fact.boxes();
        let digests: Vec<_> = named.iter().map(|(_, digest)| *digest).collect();
        let known = self.load(id, None).await?;
        let key = self.key_of(id, &known).await?.ok_or_else(|| Error::Corrupt("the complaint has no key".into()))?;
        let boxes = self.store.boxes(id, &digests).await?;
        let mut opened = Vec::new();
        for ((name, digest), sealed) in named.into_iter().zip(boxes) {
            let broken = |why: &str| Error::Corrupt(format!("box {} of complaint {id} {why}", digest.0));
            let sealed = sealed.ok_or_else(|| broken("is missing"))?;
            let field = Field::named(name).ok_or_else(|| broken("has no field"))?;
            let place = BoxPlace { ledger: self.store.id(), complaint: id, command: event.context.command, field };
            opened.push((field, key.open(&sealed, &place).map_err(|_| broken("does not open"))?));
        }
        Ok(opened)
    }

    /// The rules in use, with the policies and calendars that bound a history, as the ledger kept them. One that the
    /// ledger does not keep is left out: what happened is recorded all the same.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` where a kept text is not what the record names.
    pub async fn rules_that_bound(&self, history: &[Recorded]) -> Result<Arc<Rules>, Error> {
        for Recorded { event, .. } in history {
            let (rules, context) = (self.rules(), &event.context);
            let policy = rules.policy(&context.policy).is_none().then_some(&context.policy);
            let calendar = rules.calendar(&context.calendar).is_none().then_some(&context.calendar);
            for document in [policy, calendar].into_iter().flatten() {
                match self.fetch_document(document).await {
                    Ok(()) | Err(Error::Rejected(Rejection::MissingDocument { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.rules())
    }

    /// The end of the log.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn head(&self) -> Result<Head, Error> {
        Ok(self.store.head().await?)
    }

    /// The store it works on: for whoever follows its log.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The rules in use.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts newer rules in use, and keeps their documents beside the ledger. Running clocks move only by `Recompute`.
    ///
    /// # Errors
    /// As [`Ledger::keep`](crate::store::Ledger::keep).
    pub async fn set_rules(&self, rules: Rules) -> Result<(), Error> {
        self.store.keep(&rules.documents()).await?;
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        Ok(())
    }

    /// Does what time alone has caused by `now`: lapses, closings by silence, escalations, by true due instant.
    ///
    /// `due` are the complaints to ask: what [`View::due`](crate::figures::View::due) tells, or more. Whether something
    /// is due is decided by what is recorded of them. Early, late, twice or from two machines: the outcome is the same.
    ///
    /// What fails for a complaint is told in [`Ticked::failed`], and the others go on; where the store is not reached
    /// at all, the next tick does what this one could not.
    pub async fn tick(&self, due: &[ComplaintId], now: Moment, seed: &[u8; 32]) -> Ticked {
        let mut ticked = Ticked::default();
        let mut asked: BTreeSet<ComplaintId> = due.iter().copied().collect();
        // What is done may make something else due: a lapse wakes clocks that are late by then.
        for _ in 0..ROUNDS {
            let items = self.due_items(&asked, now, &mut ticked).await;
            let before = ticked.done.len();
            for (id, item) in items {
                self.do_item(id, item, now, seed, &mut ticked).await;
            }
            asked = ticked.done[before..].iter().map(|receipt| receipt.complaint).collect();
            if asked.is_empty() {
                break;
            }
        }
        ticked
    }

    /// What is due of these complaints, by true due instant.
    async fn due_items(
        &self,
        asked: &BTreeSet<ComplaintId>,
        now: Moment,
        ticked: &mut Ticked,
    ) -> Vec<(ComplaintId, DueItem)> {
        let mut due = Vec::new();
        for id in asked {
            match self.due_items_of(*id, now).await {
                Ok(items) => due.extend(items.into_iter().map(|item| (*id, item))),
                Err(error) => {
                    let is_gone = matches!(error, Error::Unavailable(_));
                    ticked.failed.push((*id, error));
                    // The others would wait as long for the same answer.
                    if is_gone {
                        break;
                    }
                }
            }
        }
        due.sort_by_key(|(id, item)| (item.since, *id));
        due
    }

    async fn due_items_of(&self, id: ComplaintId, now: Moment) -> Result<Vec<DueItem>, Error> {
        let known = self.load_fresh(id).await?;
        let mut fetched = None;
        loop {
            match known.state.due_items(now.at, &self.rules()) {
                // One that is still missing is not what it is taken for.
                Err(Rejection::MissingDocument { document }) if fetched.as_ref() != Some(&document) => {
                    self.fetch_document(&document).await?;
                    fetched = Some(document);
                }
                Err(rejection) => return Err(rejection.into()),
                Ok(items) => return Ok(items),
            }
        }
    }

    async fn do_item(&self, id: ComplaintId, item: DueItem, now: Moment, seed: &[u8; 32], ticked: &mut Ticked) {
        let command_id = match self.ledger_secret().await {
            Ok(secret) => item.command_id(id, secret),
            Err(error) => return ticked.failed.push((id, error)),
        };
        let seed = derive(seed, &[b"tick", command_id.0.as_bytes()]);
        let request = ClearRequest::new(command_id, now, Actor::new(Role::SystemClock), item.command, seed);
        match self.handle(id, request).await {
            Ok(receipt) if receipt.repeated => ticked.repeated += 1,
            Ok(receipt) => ticked.done.push(receipt),
            // Something else happened in between, and it is no longer due.
            Err(Error::Rejected(rejection)) if rejection != Rejection::CommandIdReused => {}
            Err(error) => ticked.failed.push((id, error)),
        }
    }

    async fn attempt(&self, id: ComplaintId, request: &ClearRequest, is_first: bool) -> Result<Attempt, Error> {
        let remembered = self.cached(id);
        // Most that comes in is new, so it is not looked for first: where it is not, the append conflicts, and the
        // next ones are looked for until one is new.
        let may_be_new = remembered.is_none() && request.command.received().is_some();
        let is_assumed = may_be_new && is_first && self.expects_new.load(Ordering::Relaxed);
        let known = match &remembered {
            Some(known) => Arc::clone(known),
            None if is_assumed => Arc::default(),
            None => self.load(id, None).await?,
        };
        if may_be_new && !is_assumed {
            self.expects_new.store(known.state.version == 0, Ordering::Relaxed);
        }
        let issue = match self.key_of(id, &known).await? {
            Some(key) => KeyIssue { key, wrapped: None },
            None if request.command.received().is_some() => self.issue_key(id, &request.seed).await?,
            None if is_admission(&request.command) => KeyIssue { key: self.admission_key(id).await?, wrapped: None },
            None => return Err(Rejection::NoSuchComplaint.into()),
        };
        let (mut sealed, boxes) = self.seal(id, request, &issue).await?;
        let target = self.look_up_target(id, &mut sealed).await?;
        let rules = self.rules();
        let mut events = match known.state.decide(&sealed, &rules) {
            Ok(Decision::Record(events)) => events,
            Ok(Decision::Already) => return self.repeat(id, request, &known).await.map(Attempt::done),
            Err(Rejection::MissingDocument { document }) => {
                self.fetch_document(&document).await?;
                return Ok(Attempt::Again);
            }
            // Another engine may have written since: no refusal rests on memory alone.
            Err(rejection) => {
                let is_loaded = remembered.is_none() && !is_assumed;
                let is_current = is_loaded || self.refresh(id, &known).await? == known.state.version;
                return if is_current { Err(rejection.into()) } else { Ok(Attempt::Again) };
            }
        };
        if matches!(request.command, Command::Erase { .. }) {
            // Recording an erasure that no vault can carry out would be a lie.
            return Err(Rejection::CannotErase.into());
        }
        let joined = target.and_then(|(root, target)| {
            let event = target.state.join_duplicate(id, &mut events)?;
            Some((root, target, event))
        });
        let mut parts = vec![self.part(id, &known, &events, boxes, issue.wrapped.clone())];
        if let Some((root, target, event)) = &joined {
            parts.push(self.part(*root, target, std::slice::from_ref(event), Vec::new(), None));
        }
        let last = parts[0].records.last().map(|record| record.hash);
        let count = events.len() as u64;
        self.keep_documents().await?;
        let at = match request.command {
            Command::AdmitLoss { kept, .. } => Some(kept + 1),
            _ => None,
        };
        match self.store.append(Append { at, ..Append::new(request.id, parts) }).await? {
            Outcome::Appended { first } => {
                self.remember(id, &known, &events, last, issue.wrapped);
                if let Some((root, ..)) = joined {
                    self.forget(root);
                }
                let tracking = tracking_of(&events, &request.seed);
                Ok(Attempt::done(Receipt {
                    complaint: id,
                    version: known.state.version + count,
                    position: Some(first + count - 1),
                    record_hash: last,
                    repeated: false,
                    tracking,
                    events,
                }))
            }
            Outcome::Conflict => {
                self.expects_new.fetch_and(!is_assumed, Ordering::Relaxed);
                self.refresh(id, &known).await?;
                if let Some((root, ..)) = joined {
                    self.forget(root);
                }
                Ok(Attempt::Again)
            }
            Outcome::Handled { entries } if entries.iter().any(|entry| entry.record.complaint == id) => {
                self.expects_new.fetch_and(!is_assumed, Ordering::Relaxed);
                self.refresh(id, &known).await.map_err(Error::of_what_is_recorded)?;
                Ok(Attempt::Again)
            }
            Outcome::Handled { .. } => Err(Rejection::CommandIdReused.into()),
        }
    }

    /// What the command recorded the first time.
    async fn repeat(&self, id: ComplaintId, request: &ClearRequest, known: &Known) -> Result<Receipt, Error> {
        let entries = self.store.handled(request.id).await;
        let entries = entries.map_err(|error| Error::of_what_is_recorded(error.into()))?;
        let mine: Vec<Entry> = entries.into_iter().filter(|entry| entry.record.complaint == id).collect();
        let events: Result<Vec<Event>, BrokenRecord> =
            mine.iter().map(|entry| upcast(&entry.record, &self.upcasters)).collect();
        let events = events?;
        let last = mine.last();
        Ok(Receipt {
            complaint: id,
            version: last.map_or(known.state.version, |entry| entry.record.sequence),
            position: last.map(|entry| entry.position),
            record_hash: last.map(|entry| entry.record.hash),
            repeated: true,
            tracking: tracking_of(&events, &request.seed),
            events,
        })
    }

    /// A reference names its complaint; where a host has none it may name the complaint itself. Where the ledger admits
    /// its losses nothing else comes in, or nothing could be admitted any more.
    async fn check_id(&self, id: ComplaintId, request: &ClearRequest) -> Result<(), Error> {
        if let Command::AdmitLoss { line, .. } = request.command {
            if id != ComplaintId::of_fork(self.store.id(), line) {
                let why = "must follow from ledger and line: `ComplaintId::of_fork`";
                return Err(InvalidValue::new("complaint id", why).into());
            }
            return self.check_line_before(line).await;
        }
        let Some(received) = request.command.received() else { return Ok(()) };
        if received.reference.is_none() && self.admissions().contains(&id) {
            return Err(InvalidValue::new("complaint id", "is where the ledger admits a loss").into());
        }
        if received.reference.is_none() || id == self.id_of(received, request.id).await? {
            return Ok(());
        }
        Err(InvalidValue::new("complaint id", "must follow from channel and reference: ask `complaint_id`").into())
    }

    /// Losses are read from line 2 on, up to the first place that holds none: one behind a gap nobody would find.
    async fn check_line_before(&self, line: u32) -> Result<(), Error> {
        if !(3..=MOST_LINES).contains(&line) {
            return Ok(());
        }
        let missing = line - 1;
        let before = self.load_fresh(ComplaintId::of_fork(self.store.id(), missing)).await?;
        if before.state.admits_loss { Ok(()) } else { Err(Rejection::LineMissing { missing }.into()) }
    }

    async fn id_of(&self, received: &Receive<Clear>, command: CommandId) -> Result<ComplaintId, Error> {
        match &received.reference {
            Some(reference) => self.complaint_id(&received.channel, reference).await,
            None => Ok(id_from(mac(self.ledger_secret().await?, &[b"aduan/command/v1", command.0.as_bytes()]))),
        }
    }

    async fn reference_mac(&self, channel: &Channel, reference: &Clear) -> Result<Digest, Error> {
        let parts = [b"aduan/reference/v1".as_slice(), channel.as_str().as_bytes(), reference.reveal().as_bytes()];
        Ok(mac(self.ledger_secret().await?, &parts))
    }

    async fn ledger_secret(&self) -> Result<&[u8; 32], Error> {
        Ok(self.ledger_secret.get_or_try_init(|| self.vault.ledger_secret(self.store.id())).await?)
    }

    async fn key_of(&self, id: ComplaintId, known: &Known) -> Result<Option<ComplaintKey>, Error> {
        let opened = match known.issued {
            Some(issued) => self.open_key(id, issued, known).await?,
            None => None,
        };
        match opened {
            Some(key) => Ok(Some(key)),
            None if known.state.admits_loss => Ok(Some(self.admission_key(id).await?)),
            None if known.state.version > 0 => Err(Error::Corrupt(format!("complaint {id} has no key"))),
            None => Ok(None),
        }
    }

    async fn open_key(&self, id: ComplaintId, issued: Digest, known: &Known) -> Result<Option<ComplaintKey>, Error> {
        let open = async |keys: &[WrappedKey]| self.vault.unwrap_committed(self.store.id(), id, issued, keys).await;
        if let Ok(opened) = open(&known.keys).await {
            return Ok(opened);
        }
        // It may have been wrapped anew since it was remembered, and the older outer key destroyed.
        let keys = self.store.keys(id).await?;
        let opened = open(&keys).await?;
        self.forget(id);
        Ok(opened)
    }

    /// Where the ledger admits its losses.
    fn admissions(&self) -> &BTreeSet<ComplaintId> {
        self.admissions
            .get_or_init(|| (2..=MOST_LINES).map(|line| ComplaintId::of_fork(self.store.id(), line)).collect())
    }

    /// Nothing is sealed where a loss is admitted, so that no key is issued. One is needed all the same, to tell another
    /// body under the same command id.
    async fn admission_key(&self, id: ComplaintId) -> Result<ComplaintKey, Error> {
        let secret = self.ledger_secret().await?;
        Ok(ComplaintKey::from_seed(&mac(secret, &[b"aduan/admission/v1", id.0.as_bytes()]).0))
    }

    async fn issue_key(&self, id: ComplaintId, seed: &[u8; 32]) -> Result<KeyIssue, Error> {
        let key = ComplaintKey::from_seed(seed);
        let wrapped = self.vault.wrap(self.store.id(), id, &key, seed).await?;
        Ok(KeyIssue { key, wrapped: Some(wrapped) })
    }

    /// Every personal value into a box; in its place stays the digest.
    async fn seal(
        &self,
        id: ComplaintId,
        request: &ClearRequest,
        issue: &KeyIssue,
    ) -> Result<(SealedRequest, Vec<SealedBox>), Error> {
        let body = ClearBody { by: &request.by, command: &request.command, on_behalf: request.on_behalf.as_ref() };
        let received = request.command.received();
        let reference = match received.and_then(|received| Some((&received.channel, received.reference.as_ref()?))) {
            Some((channel, reference)) => Some(self.reference_mac(channel, reference).await?),
            None => None,
        };
        let marks = Marks {
            mac: Some(issue.key.mac(canonical(&body, 1024).as_bytes())),
            key: issue.wrapped.as_ref().map(|wrapped| wrapped.commitment),
            reference,
        };
        let mut boxes: BTreeMap<_, SealedBox> = BTreeMap::new();
        let mut put = |field: Field, text: Clear| -> Result<_, InvalidValue> {
            let place = BoxPlace { ledger: self.store.id(), complaint: id, command: request.id, field };
            let sealed = issue.key.seal(text.reveal(), &place, &request.seed)?;
            let digest = sealed.digest;
            boxes.insert(digest, sealed);
            Ok(digest)
        };
        let mut sealed = request.clone().map(&mut put)?;
        for attachment in attachments_of(&mut sealed.command) {
            attachment.digest = issue.key.mac(&attachment.digest.0);
        }
        Ok((SealedRequest { marks, ..sealed }, boxes.into_values().collect()))
    }

    /// Follows duplicates from the complaint named to their root, before the decision.
    async fn look_up_target(
        &self,
        id: ComplaintId,
        request: &mut SealedRequest,
    ) -> Result<Option<(ComplaintId, Arc<Known>)>, Error> {
        let Command::MarkDuplicate { of, target } = &mut request.command else { return Ok(None) };
        let mut root = *of;
        for _ in 0..LONGEST_CHAIN {
            let known = self.load_fresh(root).await?;
            if let (Some(Closure::Duplicate { of: Some(next) }), true) = (&known.state.closure, root != id) {
                root = *next;
                continue;
            }
            *target = Some(Target::of(root, &known.state, id));
            return Ok((known.state.stage != Stage::New && root != id).then_some((root, known)));
        }
        Err(Error::Corrupt(format!("duplicates of complaint {of} lead in a circle")))
    }

    /// Rules that bound a complaint years ago stand beside the ledger.
    async fn fetch_document(&self, document: &DocumentRef) -> Result<(), Error> {
        let missing = || Rejection::MissingDocument { document: document.clone() };
        let kept = self.store.document(document.hash).await?.ok_or_else(missing)?;
        if Digest::of(kept.text.as_bytes()) != document.hash {
            return Err(Error::Corrupt(format!("the kept text of {document} has another hash")));
        }
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let more = rules.with_retired(&kept).map_err(|error| Error::Corrupt(error.to_string()))?;
        if more.policy(document).is_none() && more.calendar(document).is_none() {
            return Err(Error::Corrupt(format!("the kept text of {document} calls itself otherwise")));
        }
        *rules = Arc::new(more);
        Ok(())
    }

    async fn keep_documents(&self) -> Result<(), Error> {
        let keep = || async { self.store.keep(&self.rules().documents()).await };
        self.documents_kept.get_or_try_init(keep).await?;
        Ok(())
    }

    fn part(
        &self,
        id: ComplaintId,
        known: &Known,
        events: &[Event],
        boxes: Vec<SealedBox>,
        key: Option<WrappedKey>,
    ) -> AppendPart {
        let mut prev = known.head.unwrap_or_else(|| genesis(self.store.id(), id));
        let mut records = Vec::with_capacity(events.len());
        for (sequence, event) in (known.state.version + 1..).zip(events) {
            let record = Record::write(self.store.id(), id, sequence, prev, event);
            prev = record.hash;
            records.push(record);
        }
        // Of what was sealed, only what the records name is kept: repeated steps of an import name nothing new.
        let named: Vec<_> = events.iter().flat_map(|event| event.fact.boxes()).map(|(_, digest)| digest).collect();
        let boxes = boxes.into_iter().filter(|sealed| named.contains(&sealed.digest)).collect();
        AppendPart { complaint: id, expected: known.state.version, records, boxes, keys: key.into_iter().collect() }
    }

    /// From the cache, or from the store with every link and hash checked.
    async fn load(&self, id: ComplaintId, stale: Option<&Known>) -> Result<Arc<Known>, Error> {
        if stale.is_none()
            && let Some(known) = self.cached(id)
        {
            return Ok(known);
        }
        let mut known = stale.cloned().unwrap_or_default();
        let loaded = self.store.load(id, known.state.version).await?;
        let mut prev = known.head.unwrap_or_else(|| genesis(self.store.id(), id));
        for record in &loaded.records {
            record.check_link(self.store.id(), known.state.version + 1, prev)?;
            known.evolve(&upcast(record, &self.upcasters)?);
            prev = record.hash;
            known.head = Some(prev);
        }
        known.keys = loaded.keys;
        let known = Arc::new(known);
        if known.state.version > 0 {
            self.lock_cache().put(id, Arc::clone(&known));
        }
        Ok(known)
    }

    /// As it is now, other engines' writes included.
    async fn load_fresh(&self, id: ComplaintId) -> Result<Arc<Known>, Error> {
        let remembered = self.cached(id);
        self.load(id, remembered.as_deref()).await
    }

    /// Reads what came after a view that may be stale; the version now.
    async fn refresh(&self, id: ComplaintId, stale: &Known) -> Result<Version, Error> {
        Ok(self.load(id, Some(stale)).await?.state.version)
    }

    fn remember(
        &self,
        id: ComplaintId,
        known: &Known,
        events: &[Event],
        head: Option<Digest>,
        key: Option<WrappedKey>,
    ) {
        let mut next = known.clone();
        events.iter().for_each(|event| next.evolve(event));
        next.head = head;
        next.keys.extend(key);
        self.lock_cache().put(id, Arc::new(next));
    }

    fn cached(&self, id: ComplaintId) -> Option<Arc<Known>> {
        self.lock_cache().take(id)
    }

    fn forget(&self, id: ComplaintId) {
        self.lock_cache().forget(id);
    }

    fn lock_cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Attempt {
    Done(Box<Receipt>),
    Again,
}

impl Attempt {
    fn done(receipt: Receipt) -> Self {
        Attempt::Done(Box::new(receipt))
    }
}

struct KeyIssue {
    key: ComplaintKey,
    wrapped: Option<WrappedKey>,
}

/// Whether it records where no complaint is received.
fn is_admission(command: &Command<Clear>) -> bool {
    matches!(command, Command::AdmitLoss { .. })
}

/// What nobody can guess becomes an id that nobody can guess, and that does not give it back.
fn id_from(unguessable: Digest) -> ComplaintId {
    ComplaintId(Digest::of_parts("aduan/complaint-id/v1\n", &[&unguessable.0]).to_uuid())
}

fn attachments_of<T>(command: &mut Command<T>) -> Vec<&mut Attachment> {
    match command {
        Command::Receive(receive) => receive.attachments.iter_mut().collect(),
        Command::ProvideInfo { attachments, .. } => attachments.iter_mut().collect(),
        Command::Import(import) => {
            let received = import.steps.iter_mut().filter_map(|step| match &mut step.step {
                Step::Receive { complaint, .. } => Some(complaint),
                _ => None,
            });
            received.flat_map(|complaint| &mut complaint.attachments).collect()
        }
        _ => Vec::new(),
    }
}

/// What the command MAC covers: who asks what, without time and seed.
#[derive(serde::Serialize)]
struct ClearBody<'a> {
    by: &'a Actor,
    command: &'a Command<Clear>,
    on_behalf: Option<&'a crate::values::PersonRef>,
}

fn tracking_of(events: &[Event], seed: &[u8; 32]) -> Option<Tracking> {
    let received = events.iter().find_map(|event| match &event.fact {
        Fact::Received(received) => Some(received),
        _ => None,
    })?;
    let secret = tracking_secret(seed);
    let secret = (secret.digest() == received.secret).then_some(secret);
    Some(Tracking { number: received.tracking_number, secret })
}

const ATTEMPTS: usize = 16;
/// How often what was done may make something else due: a lapse, then three levels of escalation, then some.
const ROUNDS: usize = 16;
const LONGEST_CHAIN: usize = 1_000;
