//! What is exported: towns that live at random, and the example's city.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aduan::engine::{Engine, upcast};
use aduan::event::Event;
use aduan::rules::Rules;
use aduan::store::{Entry, Log as _};
use aduan::values::{ComplaintId, LedgerId};
use aduan_exchange::{Confidential, Export, Format, Origin, Withheld, Written};
use aduan_memory::{MemoryReadStore, MemoryStore, MemoryVault};
use aduan_testkit::town::{Choice, Town, histories};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::city::City;

/// A log with what its records say.
pub(crate) type History = Vec<(Entry, Event)>;

/// Random towns, from a fixed seed.
pub(crate) fn towns(count: usize, steps: usize) -> Vec<History> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let rules = Rules::mojokerto();
    let live = |_| {
        let choices: Vec<Choice> = histories(steps).new_tree(&mut runner).unwrap().current();
        let mut town = Town::new(rules.clone());
        choices.into_iter().for_each(|choice| drop(town.step(choice)));
        read(town.log)
    };
    (0..count).map(live).collect()
}

/// The example's year, with fewer complaints: lived once for all tests of a process.
pub(crate) async fn year() -> History {
    let ledger = ledger();
    let (store, vault) = (Arc::new(MemoryStore::new(ledger.clone())), Arc::new(MemoryVault::new([7; 32])));
    let engine = Arc::new(Engine::new(store.clone(), vault, Rules::mojokerto()));
    let reads = Arc::new(MemoryReadStore::new(ledger));
    let mut city = City::new(engine, reads, 2024, 200, fastrand::Rng::with_seed(1708)).unwrap();
    city.live(|_, _| {}).await.unwrap();
    let mut log = Vec::new();
    loop {
        let page = store.after(log.len() as u64, 2_000).await.unwrap();
        log.extend(page.entries);
        if page.at_head {
            return read(log);
        }
    }
}

fn read(log: Vec<Entry>) -> History {
    log.into_iter()
        .map(|entry| (upcast(&entry.record, &[]).unwrap(), entry))
        .map(|(event, entry)| (entry, event))
        .collect()
}

pub(crate) fn ledger() -> LedgerId {
    Town::ledger()
}

/// The complaints that stay.
pub(crate) fn withheld(history: &History) -> Withheld {
    let mut withheld = Withheld::new();
    history.iter().for_each(|(entry, event)| withheld.take(entry.record.complaint, event));
    withheld
}

/// A form of a history, and what it says of itself.
pub(crate) fn written(history: &History, format: Format, confidential: Confidential) -> (String, Written) {
    let mut out = Vec::new();
    let origin = Origin { ledger: ledger(), position: history.len() as u64 };
    let mut export = Export::new(format, &mut out, &origin, withheld(history), confidential).unwrap();
    history.iter().for_each(|(entry, event)| export.take(entry, event).unwrap());
    let written = export.finish().unwrap();
    (String::from_utf8(out).unwrap(), written)
}

/// What may leave of a history, by complaint.
pub(crate) fn by_complaint(
    history: &History,
    confidential: Confidential,
) -> BTreeMap<ComplaintId, Vec<&(Entry, Event)>> {
    let withheld = if confidential == Confidential::Withheld { withheld(history) } else { Withheld::new() };
    let mut complaints: BTreeMap<ComplaintId, Vec<&(Entry, Event)>> = BTreeMap::new();
    for told in history.iter().filter(|(entry, _)| !withheld.holds(entry.record.complaint)) {
        complaints.entry(told.0.record.complaint).or_default().push(told);
    }
    complaints
}

/// Real material beside the project, or where `ADUAN_MATERIAL` says, if it is there.
pub(crate) fn material(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("ADUAN_MATERIAL").map_or_else(beside, PathBuf::from).join(name);
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
    }
    path.exists().then_some(path)
}
