//! The tasks.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aduan::engine::Engine;
use aduan::figures::View;
use aduan::projector::{Leading, ProjectError, Projector};
use aduan::read::{ReadError, ReadStore};
use aduan::store::Store;
use aduan::values::{InvalidValue, Moment, Position};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::attest::Attest;
use crate::{Health, RunnerOptions};

/// The tasks of a host. They end when it is dropped.
pub struct Runner {
    projector: Arc<Projector>,
    reads: Arc<dyn ReadStore>,
    health: watch::Receiver<Health>,
    tasks: Vec<JoinHandle<()>>,
}

impl Runner {
    /// Starts following the log, ticking and, where it is told who signs, having checkpoints made, on the runtime it is
    /// called in.
    pub fn start(engine: Arc<Engine>, reads: Arc<dyn ReadStore>, options: RunnerOptions) -> Self {
        let (told, health) = watch::channel(Health::default());
        let told = Arc::new(told);
        let projector = Projector::new(engine.store(), Arc::clone(&reads), engine.rules());
        let projector = Arc::new((options.projector)(projector));
        let follow = Follow {
            projector: Arc::clone(&projector),
            store: engine.store(),
            options: options.clone(),
            health: Arc::clone(&told),
        };
        let log = engine.store();
        let attest = options.attesting.clone();
        let attest =
            attest.map(|attesting| Attest { log, attesting, options: options.clone(), health: Arc::clone(&told) });
        let tick = Tick { engine, reads: Arc::clone(&reads), options, health: told };
        let mut tasks = vec![tokio::spawn(follow.run()), tokio::spawn(tick.run())];
        tasks.extend(attest.map(|attest| tokio::spawn(attest.run())));
        Runner { projector, reads, health, tasks }
    }

    /// How it is, now and whenever that changes.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Waits until the read models that answer have come as far as a position, whichever process takes them along:
    /// after it whoever wrote sees what they wrote.
    ///
    /// # Errors
    /// When they have stopped, are not reached, or something keeps them from going on here.
    pub async fn wait_for(&self, position: Position) -> Result<(), ReadError> {
        let mut progress = self.projector.progress();
        let mut health = self.health();
        loop {
            let view = View::live(Arc::clone(&self.reads)).await;
            match view {
                Ok(view) if view.position() >= position => return Ok(()),
                Ok(view) => {
                    if let Some(why) = view.stopped() {
                        return Err(ReadError::Unavailable(format!("they have stopped: {why}")));
                    }
                }
                Err(ReadError::NotBuilt) => {}
                Err(error) => return Err(error),
            }
            if let Some(why) = &health.borrow_and_update().trouble {
                return Err(ReadError::Unavailable(format!("they do not go on: {why}")));
            }
            tokio::select! {
                // Projector and health are ours, and so live as long.
                _ = progress.changed() => {}
                _ = health.changed() => {}
                () = sleep(ASK_AGAIN) => {}
            }
        }
    }

    /// Ends the tasks and waits until they have ended.
    pub async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            // It was told to end: how it ended tells nothing.
            let _ = task.await;
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Takes the read models along.
struct Follow {
    projector: Arc<Projector>,
    store: Arc<dyn Store>,
    options: RunnerOptions,
    health: Arc<watch::Sender<Health>>,
}

impl Follow {
    async fn run(self) {
        let mut pause = self.options.retry_after;
        loop {
            let before = self.projector.progress().borrow().position;
            let Err(error) = self.lead().await;
            if self.projector.progress().borrow().position > before {
                pause = self.options.retry_after;
            }
            self.health.send_modify(|health| health.trouble = Some(error.to_string()));
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn lead(&self) -> Result<Infallible, ProjectError> {
        let mut leading = self.turn().await?;
        let mut more = None;
        loop {
            let progress = leading.catch_up(&mut |progress| self.tell(progress)).await?;
            // Kept across looks: whoever is told of appends need not ask anew each time.
            let told = more.get_or_insert_with(|| Box::pin(self.store.more(progress.position)));
            tokio::select! {
                told = told => {
                    more = None;
                    if told.is_err() {
                        // Nobody tells any more: looking now and then goes on.
                        sleep(self.options.look_every).await;
                    }
                }
                () = sleep(self.options.look_every) => {}
            }
        }
    }

    /// Waits until nobody else leads.
    async fn turn(&self) -> Result<Leading<'_>, ProjectError> {
        let lead = self.projector.lead();
        tokio::pin!(lead);
        let led = tokio::select! {
            led = &mut lead => led,
            () = sleep(self.options.look_every) => {
                self.health.send_modify(|health| (health.is_waiting, health.trouble) = (true, None));
                lead.await
            }
        };
        self.health.send_modify(|health| health.is_waiting = false);
        led
    }

    fn tell(&self, progress: &aduan::projector::Progress) {
        self.health.send_if_modified(|health| {
            let is_news = health.progress != *progress || health.trouble.is_some();
            health.progress = progress.clone();
            health.trouble = None;
            is_news
        });
    }
}

/// Does what time causes.
struct Tick {
    engine: Arc<Engine>,
    reads: Arc<dyn ReadStore>,
    options: RunnerOptions,
    health: Arc<watch::Sender<Health>>,
}

impl Tick {
    async fn run(self) {
        let mut every = interval(self.options.tick_every);
        // After a pause of the machine one tick makes up for all.
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let trouble = self.tick().await.err();
            self.health.send_modify(|health| health.tick_trouble = trouble.map(|error| error.to_string()));
        }
    }

    async fn tick(&self) -> Result<(), TickError> {
        let view = match View::live(Arc::clone(&self.reads)).await {
            // The read models are on their way: nothing is late by that, only noticed later.
            Err(ReadError::NotBuilt) => return Ok(()),
            view => view?,
        };
        let now = (self.options.clock)();
        let zone = self.engine.rules().policy_on(now.date_naive()).zone;
        let now = Moment::new(now, zone).map_err(TickError::Clock)?;
        let due = view.due(now.at).await?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| TickError::NoChance(error.to_string()))?;
        let ticked = self.engine.tick(&due, now, &seed).await;
        self.health.send_modify(|health| {
            health.ticked_at = Some(now);
            health.done += ticked.done.len() as u64;
            health.failed = ticked.failed.into_iter().map(|(id, error)| (id, error.to_string())).collect();
        });
        Ok(())
    }
}

/// Why a tick was not done at all.
enum TickError {
    Reads(ReadError),
    Clock(InvalidValue),
    NoChance(String),
}

impl std::fmt::Display for TickError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TickError::Reads(error) => error.fmt(f),
            TickError::Clock(error) => write!(f, "the machine's clock: {error}"),
            TickError::NoChance(why) => write!(f, "no random numbers: {why}"),
        }
    }
}
impl From<ReadError> for TickError {
    fn from(error: ReadError) -> Self {
        TickError::Reads(error)
    }
}

pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How soon to look again where another process moves the read models.
const ASK_AGAIN: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aduan::actor::{Actor, Role};
    use aduan::audit::notary::{Cadence, Mandate};
    use aduan::audit::sink::{CheckpointSink, SinkError, TableSink};
    use aduan::command::{ClearRequest, Command, Receive};
    use aduan::event::{Class, Fact, Trigger};
    use aduan::record::{Record, genesis};
    use aduan::rules::Rules;
    use aduan::sealed::Clear;
    use aduan::store::{Append, AppendPart, Attestations as _};
    use aduan::values::{Channel, CommandId, ComplaintId, Digest, LedgerId, WIB};
    use aduan_memory::{MemoryReadStore, MemoryStore, MemoryVault};
    use aduan_testkit::signer::MemorySigner;
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::Attesting;

    fn at(text: &str) -> Moment {
        Moment::parse(text, WIB).unwrap()
    }

    async fn received(engine: &Engine, number: u128, when: Moment) -> ComplaintId {
        let mut receive = Receive::by(Channel::new("whatsapp").unwrap(), Class::Complaint);
        receive.text = Some(Clear::new("Lampu jalan padam"));
        let id = CommandId(uuid::Uuid::from_u128(number));
        let seed = [number as u8; 32];
        let by = Actor::new(Role::Intake);
        let request = ClearRequest::new(id, when, by, Command::Receive(Box::new(receive)), seed);
        engine.receive(request).await.unwrap().complaint
    }

    /// A portal whose clock a test turns.
    struct Portal {
        engine: Arc<Engine>,
        reads: Arc<MemoryReadStore>,
        clock: Arc<Mutex<DateTime<Utc>>>,
    }

    impl Portal {
        fn new() -> Self {
            let ledger = LedgerId::new("mojokerto").unwrap();
            let store = Arc::new(MemoryStore::new(ledger.clone()));
            let engine = Arc::new(Engine::new(store, Arc::new(MemoryVault::new([7; 32])), Rules::mojokerto()));
            let clock = Arc::new(Mutex::new(at("2024-04-05T09:00:00+07:00").at));
            Portal { engine, reads: Arc::new(MemoryReadStore::new(ledger)), clock }
        }

        fn runner(&self) -> Runner {
            self.runner_with(None)
        }

        fn runner_with(&self, attesting: Option<Attesting>) -> Runner {
            let clock = Arc::clone(&self.clock);
            let clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> = Arc::new(move || *clock.lock().unwrap());
            Runner::start(
                Arc::clone(&self.engine),
                self.reads.clone(),
                RunnerOptions { clock, attesting, ..RunnerOptions::default() },
            )
        }
    }

    // The time of tokio stands still and jumps to the next timer when nothing else is to do: nothing here waits.
    #[tokio::test(start_paused = true)]
    async fn a_week_of_downtime_over_lebaran_gives_each_escalation_once_with_its_true_due_time() {
        let portal = Portal::new();
        let mut ids = Vec::new();
        for number in 1..=3 {
            ids.push(received(&portal.engine, number, at("2024-04-05T09:00:00+07:00")).await);
        }
        // Down until long after the leave; then two processes come back at once.
        *portal.clock.lock().unwrap() = at("2024-05-02T08:00:00+07:00").at;
        let (one, two) = (portal.runner(), portal.runner());
        let mut health = one.health();
        let mut other = two.health();
        health.wait_for(|health| health.ticked_at.is_some()).await.unwrap();
        other.wait_for(|health| health.ticked_at.is_some()).await.unwrap();
        let done = health.borrow().done + other.borrow().done;
        assert_eq!(done, 3 * 3, "three levels each");
        one.stop().await;
        two.stop().await;
        for id in ids {
            let history = portal.engine.history(id).await.unwrap();
            let told: Vec<(u8, String)> = history
                .iter()
                .filter_map(|recorded| match &recorded.event.fact {
                    Fact::Escalated { to, trigger: Trigger::Breach { since, .. }, .. } => {
                        assert_eq!(recorded.event.occurred_at.at, *since, "its true time, not the tick's");
                        Some((to.number(), WIB.date(*since).to_string()))
                    }
                    _ => None,
                })
                .collect();
            // Received on Friday before the leave: one working day by the city's policy, the first after it.
            let due = |level, date: &str| (level, date.to_owned());
            assert_eq!(told.len(), 3);
            assert_eq!(told[0], due(1, "2024-04-16"));
            assert!(told.is_sorted());
        }
    }

    /// A sink that takes nothing until it is told to.
    #[derive(Default)]
    struct Drawer {
        kept: Mutex<Vec<u64>>,
        is_open: std::sync::atomic::AtomicBool,
    }

    #[async_trait::async_trait]
    impl CheckpointSink for Drawer {
        async fn keep(&self, attestation: &aduan::store::Attestation) -> Result<(), SinkError> {
            if !self.is_open.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(SinkError { sink: "drawer".into(), why: "is shut".into() });
            }
            self.kept.lock().unwrap().push(attestation.size);
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn checkpoints_are_made_beside_it_all_and_health_tells_how_far_and_what_is_wrong() {
        let portal = Portal::new();
        let signer = Arc::new(MemorySigner::of(&LedgerId::new("mojokerto").unwrap(), 1));
        let (table, drawer) =
            (Arc::new(MemoryStore::new(LedgerId::new("mojokerto").unwrap())), Arc::<Drawer>::default());
        let attesting = Attesting {
            signer: signer.clone(),
            sinks: vec![drawer.clone(), Arc::new(TableSink(table.clone()))],
            mandate: Mandate { cadence: Cadence { events: 3, minutes: 10 }, ..Mandate::default() },
        };
        let runner = portal.runner_with(Some(attesting));
        let mut health = runner.health();
        let now = at("2024-04-05T09:00:00+07:00");
        received(&portal.engine, 1, now).await;
        let told = |size| move |health: &Health| health.attested.as_ref().is_some_and(|attested| attested.size == size);
        let seen = health.wait_for(told(1)).await.unwrap().clone();
        assert!(seen.attest_trouble.unwrap().contains("is shut"), "the sink that fails is told");
        assert_eq!(table.attestations(None, 9).await.unwrap().len(), 1, "the other one has it");
        drawer.is_open.store(true, std::sync::atomic::Ordering::Relaxed);
        health.wait_for(|health| health.attest_trouble.is_none()).await.unwrap();

        // Two are too few, and not late yet; time, or one more, makes the next.
        received(&portal.engine, 2, now).await;
        received(&portal.engine, 3, now).await;
        let behind = |health: &Health| health.attested.as_ref().is_some_and(|attested| attested.behind() == 2);
        let seen = health.wait_for(behind).await.unwrap().attested.clone().unwrap();
        assert_eq!(seen.behind_since, Some(now.at));
        *portal.clock.lock().unwrap() = at("2024-04-05T09:10:00+07:00").at;
        health.wait_for(told(3)).await.unwrap();
        for number in 4..=6 {
            received(&portal.engine, number, at("2024-04-05T09:10:00+07:00")).await;
        }
        health.wait_for(told(6)).await.unwrap();
        assert_eq!(*drawer.kept.lock().unwrap(), [1, 3, 6]);
        runner.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_where_the_read_models_do_not_go_on() {
        let portal = Portal::new();
        let id = received(&portal.engine, 1, at("2024-04-05T09:00:00+07:00")).await;
        let runner = portal.runner();
        runner.wait_for(1).await.unwrap();
        // It names a policy that the ledger does not keep.
        let store = portal.engine.store();
        let mut event = portal.engine.history(id).await.unwrap().remove(0).event;
        event.context.policy.hash = Digest::of(b"kept nowhere");
        event.context.command = CommandId(uuid::Uuid::from_u128(2));
        let complaint = ComplaintId(uuid::Uuid::from_u128(2));
        let record = Record::write(store.id(), complaint, 1, genesis(store.id(), complaint), &event);
        let part = AppendPart { complaint, expected: 0, records: vec![record], boxes: Vec::new(), keys: Vec::new() };
        store.append(Append::new(event.context.command, vec![part])).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(3_600), runner.wait_for(2)).await;
        let told = waited.expect("an hour passes in no time here").unwrap_err();
        assert!(told.to_string().contains("does not keep it"), "{told}");
        runner.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn another_takes_over_when_the_one_that_leads_ends() {
        let portal = Portal::new();
        let (one, two) = (portal.runner(), portal.runner());
        let id = received(&portal.engine, 1, at("2024-04-05T09:00:00+07:00")).await;
        one.wait_for(1).await.unwrap();
        // The one that waits sees it, too.
        two.wait_for(1).await.unwrap();
        one.stop().await;
        let closed = portal.engine.complaint(id).await.unwrap().unwrap().version;
        received(&portal.engine, 2, at("2024-04-05T09:01:00+07:00")).await;
        two.wait_for(closed + 1).await.unwrap();
        assert_eq!(two.health().borrow().trouble, None);
        two.stop().await;
    }
}
