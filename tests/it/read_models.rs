//! Read models against what follows from the whole history: taken along bit by bit, built anew, in any order.

mod by_hand;
mod exactly_once;
mod same_answers;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use aduan::actor::{Actor, Role};
use aduan::clock::ClockKind;
use aduan::command::ClearRequest;
use aduan::complaint::{Complaint, Stage};
use aduan::event::Class;
use aduan::figures::{Basis, By, QueueFilter, Scope, View};
use aduan::projection::{TABLES, VERSION};
use aduan::projector::{Cut, ProjectError, Projector};
use aduan::read::{Advance, Changes, ReadStore, Row, Select, TableChanges, Value};
use aduan::rules::Rules;
use aduan::store::{Append, AppendPart, Entry, Ledger as _};
use aduan::summary::SummaryFold;
use aduan::values::{CommandId, ComplaintId, Moment, WIB};
use aduan_memory::{MemoryReadStore, MemoryStore};
use aduan_sqlite::SqliteReadStore;
use aduan_testkit::town::{Choice, Town, histories};
use aduan_testkit::{complaints, read_conformance, told};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::stores::ledger;

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::mojokerto()));

/// A ledger and its read models.
struct Portal {
    store: Arc<MemoryStore>,
    reads: Arc<MemoryReadStore>,
    projector: Projector,
}

impl Portal {
    fn new() -> Self {
        let (store, reads) = (Arc::new(MemoryStore::new(ledger())), Arc::new(MemoryReadStore::new(ledger())));
        let projector = Projector::new(store.clone(), reads.clone(), Arc::clone(&RULES));
        Portal { store, reads, projector }
    }

    async fn of(log: &[Entry]) -> Self {
        let portal = Portal::new();
        told::tell(log, &*portal.store).await;
        portal.catch_up().await;
        portal
    }

    async fn catch_up(&self) {
        self.projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
    }

    async fn view(&self) -> View {
        View::live(self.reads.clone()).await.unwrap()
    }

    /// Every row of the live build.
    async fn rows(&self) -> BTreeMap<&'static str, Vec<Row>> {
        everything(&*self.reads).await
    }
}

/// Every row of the live build, by table.
pub(crate) async fn everything(reads: &dyn ReadStore) -> BTreeMap<&'static str, Vec<Row>> {
    let build = reads.builds().await.unwrap().into_iter().find(|build| build.is_live).unwrap().number;
    let mut tables = BTreeMap::new();
    for table in TABLES {
        let all = Select { table, filter: Vec::new(), order: Vec::new(), after: None, limit: usize::MAX >> 1 };
        tables.insert(table.name, reads.rows(build, &all).await.unwrap());
    }
    tables
}

/// Random histories of a town, from a fixed seed.
pub(crate) fn towns(count: usize, steps: usize) -> impl Iterator<Item = Town> {
    let mut runner = TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    (0..count).map(move |_| {
        let choices: Vec<Choice> = histories(steps).new_tree(&mut runner).unwrap().current();
        let mut town = Town::new((**RULES).clone());
        choices.into_iter().for_each(|choice| drop(town.step(choice)));
        town
    })
}

fn last_instant(town: &Town) -> DateTime<Utc> {
    town.log.iter().map(|entry| entry.record.recorded_at).max().unwrap_or_default()
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    read_conformance::all(async || Arc::new(MemoryReadStore::new(ledger()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    read_conformance::all(async || Arc::new(sqlite(&folder))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_answers_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    same_answers::as_memory(async |_| Arc::new(sqlite(&folder)) as Arc<dyn ReadStore>).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_its_promises() {
    let database = crate::postgres::database().await;
    let postgres = crate::postgres::connect(&database).await;
    read_conformance::all(async || {
        let ledger = crate::postgres::another_ledger();
        postgres.add(&ledger).await.unwrap();
        Arc::new(postgres.read_store(&ledger).await.unwrap())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_answers_as_memory_does() {
    let database = crate::postgres::database().await;
    let reads: Arc<dyn ReadStore> = Arc::new(in_postgres(&database).await);
    same_answers::as_memory(async |_| {
        for build in reads.builds().await.unwrap() {
            reads.discard(build.number).await.unwrap();
        }
        Arc::clone(&reads)
    })
    .await;
}

/// Read models in a database.
async fn in_postgres(database: &aduan_testkit::postgres::Database) -> aduan_postgres::PostgresReadStore {
    let postgres = crate::postgres::connect(database).await;
    postgres.add(&ledger()).await.unwrap();
    postgres.read_store(&ledger()).await.unwrap()
}

/// Read models in a file of their own.
fn sqlite(folder: &tempfile::TempDir) -> SqliteReadStore {
    let (_, path) = tempfile::NamedTempFile::new_in(folder).unwrap().keep().unwrap();
    SqliteReadStore::open(path, &ledger()).unwrap()
}

#[tokio::test]
async fn taken_along_bit_by_bit_they_are_as_if_built_anew() {
    for (number, town) in towns(60, 120).enumerate() {
        let portal = Portal::new();
        for (count, append) in told::commands(&town.log).into_iter().enumerate() {
            portal.store.append(append).await.unwrap();
            if count % (1 + number % 5) == 0 {
                portal.catch_up().await;
            }
        }
        portal.catch_up().await;
        assert_eq!(portal.rows().await, Portal::of(&town.log).await.rows().await);
        let differences = portal.projector.lead().await.unwrap().check(&mut |_| {}).await.unwrap();
        assert_eq!(differences, []);
    }
}

#[tokio::test]
async fn order_between_complaints_changes_nothing() {
    for town in towns(60, 120) {
        let mut by_complaint: BTreeMap<ComplaintId, Vec<Entry>> = BTreeMap::new();
        for entry in &town.log {
            by_complaint.entry(entry.record.complaint).or_default().push(entry.clone());
        }
        let portal = Portal::new();
        // A command that touches two complaints is two here: nothing but the order is looked at.
        for (number, entry) in (1..).zip(by_complaint.into_values().flatten()) {
            let mut record = entry.record;
            let mut metadata: serde_json::Value = serde_json::from_str(&record.metadata).unwrap();
            record.command = CommandId(Uuid::from_u128(number));
            record.part = 1;
            metadata["command"] = serde_json::json!(record.command);
            metadata["part"] = serde_json::json!("1/1");
            record.metadata = metadata.to_string();
            let loaded = portal.store.load(record.complaint, 0).await.unwrap();
            let first = aduan::record::genesis(&ledger(), record.complaint);
            record.prev = loaded.records.last().map_or(first, |last| last.hash);
            record.hash = record.hash_in(&ledger());
            let part = AppendPart {
                complaint: record.complaint,
                expected: record.sequence - 1,
                records: vec![record.clone()],
                boxes: Vec::new(),
                keys: Vec::new(),
            };
            portal.store.append(Append::new(record.command, vec![part])).await.unwrap();
        }
        portal.catch_up().await;
        assert_eq!(portal.rows().await, Portal::of(&town.log).await.rows().await);
    }
}

#[tokio::test]
async fn a_case_is_what_the_complaint_is() {
    for town in towns(150, 120) {
        let portal = Portal::of(&town.log).await;
        let view = portal.view().await;
        for (id, complaint) in town.complaints().filter(|(_, complaint)| complaint.version > 0) {
            let case = view.case(id).await.unwrap().unwrap();
            let clocks = |complaint: &Complaint| -> BTreeSet<(ClockKind, DateTime<Utc>)> {
                let open = complaint.clocks.iter().filter(|clock| clock.is_open());
                open.map(|clock| (clock.kind, clock.due.instant())).collect()
            };
            let open = case.clocks.iter().filter(|clock| !clock.is_missed);
            assert_eq!(
                (case.version, case.stage, &case.closure, case.cycle, case.level, case.class, case.has_question),
                (
                    complaint.version,
                    complaint.stage,
                    &complaint.closure,
                    complaint.cycle,
                    complaint.level,
                    complaint.class(),
                    complaint.question.is_some()
                )
            );
            assert_eq!(case.held.map(|held| held.agency), complaint.holding.as_ref().map(|held| held.agency.clone()));
            assert_eq!(open.map(|clock| (clock.kind, clock.due)).collect::<BTreeSet<_>>(), clocks(complaint), "{id}");
            assert_eq!((case.is_native, case.hops), (complaint.is_native, complaint.hops));
            assert_eq!(case.answer.is_some(), complaint.answer.is_some());
        }
    }
}

#[tokio::test]
async fn whatever_time_has_done_something_to_is_in_the_index() {
    let mut found = 0;
    for town in towns(150, 100) {
        let portal = Portal::of(&town.log).await;
        let view = portal.view().await;
        let last = last_instant(&town);
        for days in [0, 1, 3, 4, 5, 7, 8, 11, 14, 20, 30, 90] {
            let now = last + TimeDelta::days(days);
            let due: BTreeSet<_> = view.due(now).await.unwrap().into_iter().collect();
            for (id, complaint) in town.complaints() {
                if !complaint.due_items(now, &RULES).unwrap().is_empty() {
                    assert!(due.contains(&id), "{:?} at {now}", complaint.due_items(now, &RULES));
                    found += 1;
                }
            }
        }
    }
    assert!(found > 1_000, "the sample has {found} items");
}

#[tokio::test]
async fn figures_are_those_of_the_whole_history() {
    for town in towns(150, 120) {
        let portal = Portal::of(&town.log).await;
        let view = portal.view().await;
        let mut fold = SummaryFold::default();
        for entry in &town.log {
            fold.add(entry.record.complaint, &entry.record.event().unwrap());
        }
        let now = last_instant(&town) + TimeDelta::days(3);
        let summary = fold.at(now);
        let now = Moment::new(now, WIB).unwrap();

        let sla = view.sla(&Scope::default(), Some(By::Clock), now).await.unwrap();
        for (name, verdicts) in &summary.clocks {
            let line = sla.lines.iter().find(|line| line.name == *name).cloned().unwrap_or_default();
            let counted = (line.met, line.missed, line.running, line.overdue, line.paused, line.cancelled);
            let v = verdicts;
            assert_eq!(counted, (v.met, v.missed, v.running, v.overdue, v.paused, v.cancelled), "{name}");
        }
        for by in [By::Agency, By::Officer, By::Class, By::Channel, By::Month] {
            for basis in [Basis::Ended, Basis::Started] {
                let scope = Scope { basis, ..Scope::default() };
                let split = view.sla(&scope, Some(by), now).await.unwrap();
                let together = |count: fn(&aduan::figures::SlaLine) -> u64| split.lines.iter().map(count).sum::<u64>();
                assert_eq!((together(|l| l.met), together(|l| l.missed)), (sla.total.met, sla.total.missed), "{by:?}");
                assert_eq!(together(|l| l.overdue), sla.total.overdue, "{by:?} {basis:?}");
            }
        }

        let trend = view.trend(&Scope::default(), None, now).await.unwrap().total;
        assert_eq!((trend.received, trend.became.sum()), (summary.complaints, summary.complaints));
        let closures = summary.closures.values().sum::<u64>();
        assert_eq!(trend.became.sum() - trend.became.open, closures);
        for by in [By::Agency, By::Month, By::Channel, By::Class] {
            for line in view.trend(&Scope::default(), Some(by), now).await.unwrap().lines {
                assert_eq!(line.received, line.became.sum(), "11: {by:?} {}", line.name);
            }
        }

        let rated = view.satisfaction(&Scope::default(), None, 0).await.unwrap().total;
        assert_eq!(rated.stars, Some(summary.ratings.stars));
        assert!(rated.rated.unwrap() <= rated.eligible);

        let open = summary.stages.iter().filter(|(stage, _)| **stage != "closed").map(|(_, count)| count).sum::<u64>();
        let days = RULES.tenant_days_on(now.date());
        let load = view.load(&Scope::default(), Some(By::Agency), now, days).await.unwrap();
        assert_eq!((load.total.open, load.total.ages.map_or(0, |ages| ages.iter().sum())), (open, open));
        let mut queued = BTreeSet::new();
        for for_inspectorate in [false, true] {
            let (mut after, mut last) = (None, None);
            let filter = QueueFilter { for_inspectorate, ..QueueFilter::default() };
            loop {
                let page = view.queue(&filter, after, 2).await.unwrap();
                for waiting in &page.waiting {
                    let key = (waiting.next_due.unwrap_or(DateTime::<Utc>::MAX_UTC), waiting.complaint);
                    assert!(last < Some(key), "the nearest due time comes first");
                    last = Some(key);
                    queued.insert(waiting.complaint);
                }
                let Some(next) = page.next else { break };
                after = Some(next.to_string().parse().unwrap());
            }
        }
        for (_, complaint) in town.complaints() {
            let Some(intake) = &complaint.intake else { continue };
            let shown = view.track(intake.tracking_number).await.unwrap();
            assert_eq!(shown.is_none(), complaint.is_whistleblowers(), "a number alone gives no whistleblower away");
        }
        let is_open = |(_, complaint): &(_, &Complaint)| !matches!(complaint.stage, Stage::New | Stage::Closed);
        assert_eq!(queued, town.complaints().filter(is_open).map(|(id, _)| id).collect());
    }
}

#[tokio::test]
async fn looking_back_shows_what_was_known_then() {
    for town in towns(40, 100) {
        let whole = Portal::of(&town.log).await;
        for share in [1, 2, 3] {
            let place = town.log.len() * share / 4;
            let Some(then) = town.log.get(place).map(|entry| entry.record.recorded_at) else { continue };
            let known: Vec<Entry> = town.log.iter().filter(|entry| entry.record.recorded_at <= then).cloned().collect();
            let of = town.log.iter().map(|entry| (entry.record.complaint, entry.record.event().unwrap()));
            let mut expected = BTreeMap::new();
            for (id, event) in of.filter(|(_, event)| event.occurred_at.at <= then) {
                expected.entry(id).or_insert_with(Complaint::default).evolve(&event);
            }
            for cut in [Cut::Known(then), Cut::Of(then)] {
                let reads = Arc::new(MemoryReadStore::new(ledger()));
                let store = Arc::clone(&whole.store);
                let projector = Projector::new(store, reads.clone(), Arc::clone(&RULES)).looking_back(cut);
                projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
                if cut == Cut::Known(then) {
                    // In this town nobody's clock is ahead: what was known then is a stretch of the log.
                    assert_eq!(everything(&*reads).await, Portal::of(&known).await.rows().await);
                } else {
                    let view = View::live(reads).await.unwrap();
                    for (id, complaint) in &expected {
                        assert_eq!(view.case(*id).await.unwrap().unwrap().stage, complaint.stage, "{id} as of {then}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn read_models_of_another_log_are_built_anew() {
    let town = towns(3, 120).max_by_key(|town| town.log.len()).unwrap();
    // A backup of an earlier day is restored beside them, and the city goes on from there.
    for more in [0, usize::MAX] {
        let portal = Portal::of(&town.log).await;
        let shorter = told::commands(&town.log);
        let kept = shorter.len() / 2;
        let store = Arc::new(MemoryStore::new(ledger()));
        for append in &shorter[..kept] {
            store.append(append.clone()).await.unwrap();
        }
        for append in told::commands(&told::renamed(&town.log, 9, &ledger())).into_iter().take(more) {
            store.append(append).await.unwrap();
        }
        let projector = Projector::new(store.clone(), portal.reads.clone(), Arc::clone(&RULES));
        let mut leading = projector.lead().await.unwrap();
        assert!(leading.is_of_another_log());
        let stopped = View::live(portal.reads.clone()).await.unwrap().stopped().map(str::to_owned);
        assert!(stopped.unwrap().contains("not the one"), "meanwhile the old ones say so");
        leading.catch_up(&mut |_| {}).await.unwrap();
        drop(leading);
        let log = aduan_testkit::conformance::everything(&*store).await;
        assert_eq!(portal.rows().await, Portal::of(&log).await.rows().await);
        assert!(!projector.lead().await.unwrap().is_of_another_log());
    }
}

#[tokio::test]
async fn what_was_begun_and_never_finished_is_cleared_away() {
    let town = towns(1, 60).next().unwrap();
    let portal = Portal::of(&town.log).await;
    portal.reads.begin(VERSION).await.unwrap();
    portal.catch_up().await;
    assert_eq!(portal.reads.builds().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_receipt_by_a_clock_that_is_ahead_spoils_no_look_back() {
    use crate::office::{moment, receive, verify};
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = crate::stores::engine(store.clone());
    let ask = |number: u128, at: &str, role: Role, command| {
        let id = CommandId(Uuid::from_u128(number));
        ClearRequest::new(id, moment(at), Actor::new(role), command, [number as u8; 32])
    };
    let mut early = ask(1, "2024-03-04T12:00:00+07:00", Role::Intake, receive(Class::Complaint));
    early.occurred_at = Some(moment("2024-03-04T12:04:00+07:00"));
    let id = engine.receive(early).await.unwrap().complaint;
    let verified = ask(2, "2024-03-04T12:01:00+07:00", Role::Admin, verify(Class::Complaint));
    engine.handle(id, verified).await.unwrap();
    for (time, known) in [("2024-03-04T12:02:00+07:00", 0), ("2024-03-04T12:05:00+07:00", 1)] {
        let reads = Arc::new(MemoryReadStore::new(ledger()));
        let projector = Projector::new(store.clone(), reads.clone(), Arc::clone(&RULES));
        let projector = projector.looking_back(Cut::Of(moment(time).at));
        projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
        assert_eq!(everything(&*reads).await["cases"].len(), known, "{time}");
    }
}

#[tokio::test]
async fn a_wrong_row_is_found_by_building_anew() {
    let town = towns(1, 120).next().unwrap();
    let portal = Portal::of(&town.log).await;
    let build = portal.reads.builds().await.unwrap()[0].clone();
    // A projection that counts one too many.
    let table = &aduan::projection::trend::COHORT;
    let mut row = portal.rows().await["cohort"][0].clone();
    *row.last_mut().unwrap() = Value::Integer(1);
    let changes = Changes { tables: vec![TableChanges { table, put: vec![row], drop: Vec::new() }] };
    let (from, to, record_hash) = (build.position, build.position, build.record_hash);
    portal.reads.advance(Advance { build: build.number, from, to, record_hash, changes }).await.unwrap();
    let differences = portal.projector.lead().await.unwrap().check(&mut |_| {}).await.unwrap();
    assert_eq!(differences.iter().map(|difference| difference.table).collect::<Vec<_>>(), ["cohort"]);
    assert_eq!(portal.reads.builds().await.unwrap().len(), 1, "what was built to compare is cleared away");
    // Rebuilding mends it.
    portal.projector.lead().await.unwrap().rebuild(&mut |_| {}).await.unwrap();
    assert_eq!(portal.projector.lead().await.unwrap().check(&mut |_| {}).await.unwrap(), []);
}

#[tokio::test]
async fn an_event_that_cannot_be_taken_stops_the_read_models_loudly() {
    let town = towns(5, 120).max_by_key(|town| town.log.len()).unwrap();
    let poison = town.log.len() / 2;
    let mut log = town.log.clone();
    log[poison].record.event_version = "9.0.0".into();
    // Nobody links to what was altered: only this one complaint's later records are left out.
    let complaint = log[poison].record.complaint;
    let log: Vec<Entry> = log
        .into_iter()
        .enumerate()
        .filter(|(place, entry)| *place <= poison || entry.record.complaint != complaint)
        .filter(|(_, entry)| entry.record.metadata.contains("\"part\":\"1/1\""))
        .map(|(_, entry)| entry)
        .collect();
    let portal = Portal::new();
    for append in told::commands(&log) {
        let _ = portal.store.append(append).await;
    }
    let position = told_position(&portal, "9.0.0").await;
    let stopped = portal.projector.lead().await.unwrap().catch_up(&mut |_| {}).await;
    assert!(matches!(&stopped, Err(ProjectError::Poisoned { position: at, .. }) if *at == position), "{stopped:?}");
    let build = portal.reads.builds().await.unwrap()[0].clone();
    assert_eq!((build.position, build.is_live), (position - 1, false), "what comes before it is taken");
    assert!(build.stopped.unwrap().contains(&format!("position {position}")));
    assert!(View::live(portal.reads.clone()).await.is_err(), "half a build does not answer");
}

async fn told_position(portal: &Portal, version: &str) -> u64 {
    let log = aduan_testkit::conformance::everything(&*portal.store).await;
    log.iter().find(|entry| entry.record.event_version == version).unwrap().position
}

#[tokio::test]
async fn whoever_writes_can_wait_for_what_they_wrote() {
    let town = towns(1, 60).next().unwrap();
    let portal = Arc::new(Portal::new());
    let follower = tokio::spawn({
        let portal = Arc::clone(&portal);
        async move { portal.projector.lead().await.unwrap().follow().await.unwrap() }
    });
    for append in told::commands(&town.log) {
        portal.store.append(append).await.unwrap();
        let position = aduan::store::Log::head(&*portal.store).await.unwrap().position;
        portal.projector.wait_for(position).await;
        let known = complaints(&*portal.store).await.len();
        assert_eq!(portal.rows().await["cases"].len(), known);
    }
    follower.abort();
    let _ = follower.await;
    // The lease went with it.
    portal.catch_up().await;
}

#[tokio::test]
async fn a_build_of_another_release_is_replaced_when_the_new_one_has_caught_up() {
    let town = towns(1, 60).next().unwrap();
    let portal = Portal::new();
    told::tell(&town.log, &*portal.store).await;
    let old = portal.reads.begin(VERSION + 1).await.unwrap();
    portal.reads.switch(old.number).await.unwrap();
    assert!(View::live(portal.reads.clone()).await.is_err());
    portal.catch_up().await;
    let builds = portal.reads.builds().await.unwrap();
    assert_eq!(builds.iter().map(|build| (build.version, build.is_live)).collect::<Vec<_>>(), [(VERSION, true)]);
}
