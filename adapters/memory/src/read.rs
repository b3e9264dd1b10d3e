//! Read models in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aduan::read::{
    Advance, Build, Changes, Condition, Lease, ReadError, ReadStore, Row, Select, Sum, Table, TableChanges, Test, Value,
};
use aduan::values::{Digest, LedgerId};
use async_trait::async_trait;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The read models of a ledger in memory: for tests, for looking back, and the shortest example of the port.
#[derive(Debug)]
pub struct MemoryReadStore {
    ledger: LedgerId,
    lease: Arc<AsyncMutex<()>>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    begun: u32,
    builds: BTreeMap<u32, Built>,
}

#[derive(Debug)]
struct Built {
    build: Build,
    tables: BTreeMap<&'static str, Rows>,
}

/// By key; the values are the other columns.
type Rows = BTreeMap<Row, Row>;

impl MemoryReadStore {
    /// No builds.
    pub fn new(ledger: LedgerId) -> Self {
        MemoryReadStore { ledger, lease: Arc::default(), held: Mutex::default() }
    }

    /// Nothing panics halfway through a change, so a poisoned lock guards sound data.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked<T>(&self, build: u32, ask: impl FnOnce(&Built) -> Result<T, ReadError>) -> Result<T, ReadError> {
        ask(self.held().builds.get(&build).ok_or(ReadError::NotBuilt)?)
    }
}

struct Holding {
    _guard: OwnedMutexGuard<()>,
}
impl Lease for Holding {}

#[async_trait]
impl ReadStore for MemoryReadStore {
    fn ledger(&self) -> &LedgerId {
        &self.ledger
    }

    async fn lease(&self) -> Result<Box<dyn Lease>, ReadError> {
        Ok(Box::new(Holding { _guard: Arc::clone(&self.lease).lock_owned().await }))
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, ReadError> {
        let lease = Arc::clone(&self.lease).try_lock_owned().ok();
        Ok(lease.map(|guard| Box::new(Holding { _guard: guard }) as Box<dyn Lease>))
    }

    async fn builds(&self) -> Result<Vec<Build>, ReadError> {
        Ok(self.held().builds.values().map(|built| built.build.clone()).collect())
    }

    async fn begin(&self, version: u32) -> Result<Build, ReadError> {
        let mut held = self.held();
        held.begun += 1;
        let (number, record_hash) = (held.begun, Digest::default());
        let build = Build { number, version, position: 0, record_hash, is_live: false, stopped: None };
        held.builds.insert(number, Built { build: build.clone(), tables: BTreeMap::new() });
        Ok(build)
    }

    async fn advance(&self, advance: Advance) -> Result<(), ReadError> {
        let mut held = self.held();
        let built = held.builds.get_mut(&advance.build).ok_or(ReadError::Overtaken)?;
        if built.build.position != advance.from {
            return Err(ReadError::Overtaken);
        }
        built.take(advance.changes);
        built.build.position = advance.to;
        built.build.record_hash = advance.record_hash;
        built.build.stopped = None;
        Ok(())
    }

    async fn stop(&self, build: u32, why: &str) -> Result<(), ReadError> {
        if let Some(built) = self.held().builds.get_mut(&build) {
            built.build.stopped = Some(why.to_owned());
        }
        Ok(())
    }

    async fn switch(&self, build: u32) -> Result<(), ReadError> {
        let mut held = self.held();
        if !held.builds.contains_key(&build) {
            return Err(ReadError::Overtaken);
        }
        held.builds.iter_mut().for_each(|(number, built)| built.build.is_live = *number == build);
        Ok(())
    }

    async fn discard(&self, build: u32) -> Result<(), ReadError> {
        self.held().builds.remove(&build);
        Ok(())
    }

    async fn get(&self, build: u32, table: &'static Table, keys: &[Row]) -> Result<Vec<Option<Row>>, ReadError> {
        self.asked(build, |built| {
            let rows = built.tables.get(table.name);
            let found = |key: &Row| rows.and_then(|rows| rows.get(key)).map(|rest| [&key[..], rest].concat());
            Ok(keys.iter().map(found).collect())
        })
    }

    async fn rows(&self, build: u32, select: &Select) -> Result<Vec<Row>, ReadError> {
        self.asked(build, |built| {
            let order = places(select.table, &select.order)?;
            let sort_key = |row: &Row| {
                let by_order = order.iter().map(|place| row[*place].clone());
                by_order.chain(select.table.key_of(row).iter().cloned()).collect::<Row>()
            };
            let mut rows: Vec<(Row, Row)> = built
                .matching(select.table, &select.filter)?
                .into_iter()
                .map(|row| (sort_key(&row), row))
                .filter(|(key, _)| select.after.as_ref().is_none_or(|after| key > after))
                .collect();
            rows.sort();
            Ok(rows.into_iter().take(select.limit).map(|(_, row)| row).collect())
        })
    }

    async fn sums(&self, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
        self.asked(build, |built| {
            let by = places(sum.table, &sum.by)?;
            let mut groups: Rows = BTreeMap::new();
            for row in built.matching(sum.table, &sum.filter)? {
                let group = groups.entry(by.iter().map(|place| row[*place].clone()).collect()).or_default();
                add(group, &row[sum.table.key.len()..]);
            }
            groups.retain(|_, sums| sums.iter().any(|sum| sum.integer() != 0));
            Ok(groups.into_iter().map(|(by, sums)| [by, sums].concat()).collect())
        })
    }
}

impl Built {
    fn take(&mut self, changes: Changes) {
        for TableChanges { table, put, drop } in changes.tables {
            let rows = self.tables.entry(table.name).or_default();
            for key in drop {
                rows.remove(&key);
            }
            for mut key in put {
                let rest = key.split_off(table.key.len());
                if table.is_sum {
                    let sums = rows.entry(key.clone()).or_default();
                    add(sums, &rest);
                    if sums.iter().all(|sum| sum.integer() == 0) {
                        rows.remove(&key);
                    }
                } else {
                    rows.insert(key, rest);
                }
            }
        }
    }

    fn matching(&self, table: &'static Table, filter: &[Condition]) -> Result<Vec<Row>, ReadError> {
        let columns: Vec<&'static str> = filter.iter().map(|condition| condition.column).collect();
        let places = places(table, &columns)?;
        let holds =
            |row: &Row| filter.iter().zip(&places).all(|(condition, place)| passes(&row[*place], &condition.test));
        let rows = self.tables.get(table.name).into_iter().flatten();
        Ok(rows.map(|(key, rest)| [&key[..], rest].concat()).filter(holds).collect())
    }
}

fn add(sums: &mut Row, deltas: &[Value]) {
    sums.resize(deltas.len(), Value::Integer(0));
    for (sum, delta) in sums.iter_mut().zip(deltas) {
        *sum = Value::Integer(sum.integer() + delta.integer());
    }
}

fn passes(value: &Value, test: &Test) -> bool {
    match test {
        Test::Is(wanted) => value == wanted,
        Test::IsNot(unwanted) => value != unwanted,
        Test::AtLeast(least) => value.cmp(least) != Ordering::Less,
        Test::AtMost(most) => value.cmp(most) != Ordering::Greater,
        Test::Before(end) => value.cmp(end) == Ordering::Less,
    }
}

fn places(table: &'static Table, columns: &[&'static str]) -> Result<Vec<usize>, ReadError> {
    let place = |column: &&'static str| {
        table.place(column).ok_or_else(|| ReadError::Corrupt(format!("table {} has no column {column}", table.name)))
    };
    columns.iter().map(place).collect()
}
