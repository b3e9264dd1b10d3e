//! What every store of read models promises, as a suite: the same questions as the memory store's, the same answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use aduan::projection::{TABLES, VERSION, queue::QUEUE, trend::COHORT};
use aduan::read::{
    Advance, Changes, Condition, Kind, NEVER, ReadError, ReadStore, Row, Select, Sum, Table, TableChanges, Test, Value,
};
use aduan::values::Digest;
use aduan_memory::MemoryReadStore;
use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use uuid::Uuid;

/// Asks everything of stores that `open` makes, each empty and of the same ledger.
///
/// # Panics
/// When a promise is broken.
pub async fn all<S: ReadStore + 'static>(open: impl AsyncFn() -> Arc<S>) {
    a_step_from_elsewhere_changes_nothing(&*open().await).await;
    builds_are_numbered_once_and_keep_apart(&*open().await).await;
    text_is_compared_byte_by_byte(&*open().await).await;
    unknown_columns_are_told(&*open().await).await;
    only_one_holds_the_lease(&*open().await).await;
    whatever_is_asked_it_answers_as_memory_does(&*open().await).await;
}

async fn a_step_from_elsewhere_changes_nothing(store: &dyn ReadStore) {
    let build = begun(store).await;
    let changes = || one(&COHORT, vec![sample(&COHORT, 1)]);
    store
        .advance(Advance { build, from: 0, to: 5, record_hash: Digest::of(b"5"), changes: changes() })
        .await
        .expect("the first step");
    for from in [0, 4, 6] {
        let again =
            store.advance(Advance { build, from, to: 9, record_hash: Digest::of(b"9"), changes: changes() }).await;
        assert_eq!(again, Err(ReadError::Overtaken), "from {from}");
    }
    assert_eq!(
        store
            .advance(Advance { build: build + 1, from: 0, to: 1, record_hash: Digest::default(), changes: changes() })
            .await,
        Err(ReadError::Overtaken)
    );
    assert_eq!(rows(store, build, &COHORT).await, [sample(&COHORT, 1)]);
    let back = vec![negated(&COHORT, &sample(&COHORT, 1))];
    store
        .advance(Advance { build, from: 5, to: 6, record_hash: Digest::of(b"6"), changes: one(&COHORT, back) })
        .await
        .expect("the next step");
    assert_eq!(rows(store, build, &COHORT).await, Vec::<Row>::new(), "what sums to nothing is not there");
    let stands = &store.builds().await.expect("builds")[0];
    assert_eq!((stands.position, stands.record_hash), (6, Digest::of(b"6")));
}

async fn builds_are_numbered_once_and_keep_apart(store: &dyn ReadStore) {
    let (one_build, other) = (begun(store).await, begun(store).await);
    let put = |build, seed| Advance {
        build,
        from: 0,
        to: 1,
        record_hash: Digest::default(),
        changes: one(&QUEUE, vec![sample(&QUEUE, seed)]),
    };
    store.advance(put(one_build, 1)).await.expect("a step");
    store.advance(put(other, 2)).await.expect("a step");
    assert_eq!(rows(store, one_build, &QUEUE).await, [sample(&QUEUE, 1)]);
    store.switch(one_build).await.expect("switched");
    store.switch(other).await.expect("switched");
    let live: Vec<u32> =
        store.builds().await.expect("builds").iter().filter(|build| build.is_live).map(|build| build.number).collect();
    assert_eq!(live, [other], "one answers");
    store.stop(other, "position 2: no reason").await.expect("stopped");
    let stopped = async || store.builds().await.expect("builds").into_iter().find(|build| build.number == other);
    assert_eq!(stopped().await.and_then(|build| build.stopped).as_deref(), Some("position 2: no reason"));
    let on = Advance { build: other, from: 1, to: 2, record_hash: Digest::default(), changes: Changes::default() };
    store.advance(on).await.expect("a step");
    assert_eq!(stopped().await.and_then(|build| build.stopped), None, "it goes on");
    store.discard(other).await.expect("discarded");
    store.discard(other).await.expect("twice is no error");
    // Half of what was there would be a wrong figure.
    let all = Select { table: &QUEUE, filter: Vec::new(), order: Vec::new(), after: None, limit: 9 };
    assert_eq!(store.rows(other, &all).await, Err(ReadError::NotBuilt));
    let sum = Sum { table: &COHORT, filter: Vec::new(), by: Vec::new() };
    assert_eq!(store.sums(other, &sum).await, Err(ReadError::NotBuilt));
    let key = QUEUE.key_of(&sample(&QUEUE, 2)).to_vec();
    assert_eq!(store.get(other, &QUEUE, &[key]).await, Err(ReadError::NotBuilt));
    assert_eq!(store.switch(other).await, Err(ReadError::Overtaken));
    assert!(begun(store).await > other, "a number is never given twice");
    assert_eq!(rows(store, one_build, &QUEUE).await, [sample(&QUEUE, 1)]);
}

async fn text_is_compared_byte_by_byte(store: &dyn ReadStore) {
    let build = begun(store).await;
    let names =
        ["", "-", "Zona", "_", "a-b", "a_b", "ab", "dinas kesehatan", "dinas-kesehatan", "zona", "Éa", "é", "😀"];
    let row = |name: &str| {
        let mut row = sample(&COHORT, 1);
        row[1] = Value::from(name.to_owned());
        row
    };
    let put = names.iter().rev().map(|name| row(name)).collect();
    store
        .advance(Advance { build, from: 0, to: 1, record_hash: Digest::default(), changes: one(&COHORT, put) })
        .await
        .expect("a step");
    let mut sorted = names;
    sorted.sort_unstable();
    let found: Vec<String> = rows(store, build, &COHORT).await.iter().map(|row| row[1].to_string()).collect();
    assert_eq!(found, sorted);
    let sum = Sum { table: &COHORT, filter: vec![Condition::at_least("agency", "a_b")], by: vec!["agency"] };
    let found: Vec<String> = sums(store, build, &sum).await.iter().map(|row| row[0].to_string()).collect();
    assert_eq!(found, sorted.into_iter().filter(|name| *name >= "a_b").collect::<Vec<_>>());
}

async fn unknown_columns_are_told(store: &dyn ReadStore) {
    let build = begun(store).await;
    let bad =
        Select { table: &QUEUE, filter: vec![Condition::is("colour", 1)], order: Vec::new(), after: None, limit: 1 };
    assert!(matches!(store.rows(build, &bad).await, Err(ReadError::Corrupt(_))));
    let bad = Sum { table: &COHORT, filter: Vec::new(), by: vec!["1; DROP TABLE cohort"] };
    assert!(matches!(store.sums(build, &bad).await, Err(ReadError::Corrupt(_))));
}

async fn only_one_holds_the_lease(store: &dyn ReadStore) {
    let first = store.lease().await.expect("a lease");
    assert!(store.try_lease().await.expect("an answer").is_none(), "two lead at once");
    let mut second = Box::pin(store.lease());
    for _ in 0..1_000 {
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(second.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "two lead at once");
        tokio::task::yield_now().await;
    }
    drop(first);
    let second = second.await.expect("the next one leads");
    // Whoever stops waiting holds nothing.
    let mut third = Box::pin(store.lease());
    let _ = std::future::poll_fn(|context| std::task::Poll::Ready(third.as_mut().poll(context))).await;
    drop(third);
    drop(second);
    drop(store.lease().await.expect("a lease"));
    assert!(store.try_lease().await.expect("an answer").is_some(), "nobody has it");
}

/// Random rows, filters, orders and pages over every table that is declared.
async fn whatever_is_asked_it_answers_as_memory_does(store: &dyn ReadStore) {
    let memory = MemoryReadStore::new(store.ledger().clone());
    let (build, model) = (begun(store).await, begun(&memory).await);
    let mut chance = Chance(0x5eed);
    for step in 0..60_u64 {
        let changes = chance.changes();
        let record_hash = Digest::of(&step.to_be_bytes());
        let advance = |build| Advance { build, from: step, to: step + 1, record_hash, changes: changes.clone() };
        store.advance(advance(build)).await.expect("a step");
        memory.advance(advance(model)).await.expect("a step");
        for _ in 0..12 {
            let table = chance.of(&TABLES);
            let select = chance.select(table);
            assert_eq!(
                store.rows(build, &select).await.expect("rows"),
                memory.rows(model, &select).await.expect("rows"),
                "{select:?}"
            );
            let keys: Vec<Row> = (0..5).map(|_| table.key_of(&chance.row(table)).to_vec()).collect();
            let found = store.get(build, table, &keys).await.expect("rows");
            assert_eq!(found, memory.get(model, table, &keys).await.expect("rows"));
            let sum = chance.sum();
            assert_eq!(
                store.sums(build, &sum).await.expect("sums"),
                memory.sums(model, &sum).await.expect("sums"),
                "{sum:?}"
            );
        }
    }
    for table in TABLES {
        assert_eq!(rows(store, build, table).await, rows(&memory, model, table).await, "{}", table.name);
        assert_eq!(paged(store, build, table, 7).await, rows(&memory, model, table).await, "{} by pages", table.name);
    }
}

async fn begun(store: &dyn ReadStore) -> u32 {
    store.begin(VERSION).await.expect("a build").number
}

async fn rows(store: &dyn ReadStore, build: u32, table: &'static Table) -> Vec<Row> {
    let all = Select { table, filter: Vec::new(), order: Vec::new(), after: None, limit: 100_000 };
    store.rows(build, &all).await.expect("rows")
}

async fn paged(store: &dyn ReadStore, build: u32, table: &'static Table, limit: usize) -> Vec<Row> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let select = Select { table, filter: Vec::new(), order: Vec::new(), after, limit };
        let page = store.rows(build, &select).await.expect("rows");
        let Some(last) = page.last() else { return all };
        after = Some(table.key_of(last).to_vec());
        all.extend(page);
    }
}

async fn sums(store: &dyn ReadStore, build: u32, sum: &Sum) -> Vec<Row> {
    store.sums(build, sum).await.expect("sums")
}

fn one(table: &'static Table, put: Vec<Row>) -> Changes {
    Changes { tables: vec![TableChanges { table, put, drop: Vec::new() }] }
}

fn sample(table: &'static Table, seed: u64) -> Row {
    let mut row = Chance(seed).row(table);
    if table.is_sum {
        row[table.key.len()..].fill(Value::Integer(3));
    }
    row
}

fn negated(table: &'static Table, row: &Row) -> Row {
    let mut row = row.clone();
    for value in &mut row[table.key.len()..] {
        *value = Value::Integer(-value.integer());
    }
    row
}

/// Few values of each kind, so that keys meet again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }

    fn value(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Text => Value::from(self.of(&["", "dishub", "Dishub", "dlh", "2024-03", "it's \"quoted\" \\ 😀"])),
            Kind::Integer => Value::from(self.below(4) as i64),
            Kind::Instant => {
                let day = DateTime::UNIX_EPOCH + TimeDelta::days(19_000 + self.below(3) as i64);
                Value::from(self.of(&[NEVER, day, day - TimeDelta::microseconds(1)]))
            }
            Kind::Date => {
                let day = NaiveDate::from_ymd_opt(2024, 2, 28).unwrap_or_default();
                Value::from(day + Days::new(self.below(3)))
            }
            Kind::Id => Value::Id(Uuid::from_u128(u128::from(self.below(20)) << 100 | 7)),
        }
    }

    fn row(&mut self, table: &'static Table) -> Row {
        table.columns().map(|column| self.value(column.kind)).collect()
    }

    fn changes(&mut self) -> Changes {
        let mut tables = Vec::new();
        for table in TABLES {
            let mut put: BTreeMap<Row, Row> = BTreeMap::new();
            for _ in 0..self.below(12) {
                let mut key = self.row(table);
                let mut rest = key.split_off(table.key.len());
                if table.is_sum {
                    rest.fill_with(|| Value::from(self.below(5) as i64 - 2));
                }
                put.insert(key, rest);
            }
            let drops = if table.is_sum { 0 } else { self.below(4) };
            let mut drop: Vec<Row> = (0..drops).map(|_| table.key_of(&self.row(table)).to_vec()).collect();
            drop.sort();
            drop.dedup();
            drop.retain(|key| !put.contains_key(key));
            let put: Vec<Row> = put.into_iter().map(|(key, rest)| [key, rest].concat()).collect();
            if !put.is_empty() || !drop.is_empty() {
                tables.push(TableChanges { table, put, drop });
            }
        }
        Changes { tables }
    }

    fn filter(&mut self, table: &'static Table) -> Vec<Condition> {
        let columns: Vec<_> = table.columns().collect();
        let count = self.below(3);
        let mut conditions = Vec::new();
        for _ in 0..count {
            let column = columns[self.below(columns.len() as u64) as usize];
            let value = self.value(column.kind);
            let test = match self.below(5) {
                0 => Test::Is(value),
                1 => Test::IsNot(value),
                2 => Test::AtLeast(value),
                3 => Test::AtMost(value),
                _ => Test::Before(value),
            };
            conditions.push(Condition { column: column.name, test });
        }
        conditions
    }

    fn select(&mut self, table: &'static Table) -> Select {
        let columns: Vec<&'static str> = table.rest.iter().map(|column| column.name).collect();
        let order: Vec<&'static str> =
            if table.is_sum || self.below(2) == 0 { Vec::new() } else { vec![self.of(&columns)] };
        let filter = self.filter(table);
        let after = (self.below(2) == 0).then(|| {
            let mut row = self.row(table);
            // The last row seen was one that fits.
            for Condition { column, test } in &filter {
                if let (Some(place), Test::Is(value)) = (table.place(column), test) {
                    row[place] = value.clone();
                }
            }
            let by_order = order.iter().map(|column| row[table.place(column).unwrap_or_default()].clone());
            by_order.chain(table.key_of(&row).iter().cloned()).collect()
        });
        Select { table, filter, order, after, limit: 1 + self.below(30) as usize }
    }

    fn sum(&mut self) -> Sum {
        let summed: Vec<&'static Table> = TABLES.into_iter().filter(|table| table.is_sum).collect();
        let table = self.of(&summed);
        let mut by: Vec<&'static str> = table.key.iter().map(|column| column.name).collect();
        by.retain(|_| self.below(3) == 0);
        Sum { table, filter: self.filter(table), by }
    }
}
