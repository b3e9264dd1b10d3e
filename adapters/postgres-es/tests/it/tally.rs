//! The controls: a tiny aggregate on cqrs-es and postgres-es as published, with tables as they document them.

use async_trait::async_trait;
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, Query, View};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use std::sync::{Arc, Mutex};

/// A sum.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Of everything added.
    pub(crate) sum: u64,
}

/// What happens to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Happened {
    /// An amount was added.
    Added {
        /// The amount.
        amount: u64,
    },
}

/// A tally refuses nothing.
#[derive(Debug, thiserror::Error)]
#[error("never")]
pub(crate) struct Never;

impl DomainEvent for Happened {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Tally {
    const TYPE: &'static str = "tally";
    type Command = Vec<u64>;
    type Event = Happened;
    type Error = Never;
    type Services = ();

    /// As the documentation shows it.
    async fn handle(&mut self, amounts: Vec<u64>, (): &(), sink: &EventSink<Self>) -> Result<(), Never> {
        for amount in amounts {
            sink.write(Happened::Added { amount }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Happened) {
        let Happened::Added { amount } = event;
        self.sum += amount;
    }
}

/// A view of a tally: a read model.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// How many events it was told.
    pub(crate) events: u64,
    /// Their sum.
    pub(crate) sum: u64,
}

impl View<Tally> for Seen {
    fn update(&mut self, event: &EventEnvelope<Tally>) {
        let Happened::Added { amount } = event.payload;
        self.events += 1;
        self.sum += amount;
    }
}

/// A query that only writes down what it is told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<(String, usize)>>>);

impl Told {
    /// Which event of which tally, in the order told.
    pub(crate) fn events(&self) -> Vec<(String, usize)> {
        self.0.lock().expect("nobody panics here").clone()
    }
}

#[async_trait]
impl Query<Tally> for Told {
    async fn dispatch(&self, id: &str, events: &[EventEnvelope<Tally>]) {
        let mut told = self.0.lock().expect("nobody panics here");
        told.extend(events.iter().map(|event| (id.to_owned(), event.sequence)));
    }
}

/// The tables of postgres-es's documentation, with one view.
pub(crate) async fn create_tables(pool: &PgPool) {
    sqlx::raw_sql(TABLES).execute(pool).await.expect("an empty database takes tables");
}

/// How many events are stored.
pub(crate) async fn stored(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(pool).await.expect("a count")
}

const TABLES: &str = "
    CREATE TABLE events (
        aggregate_type text NOT NULL,
        aggregate_id   text NOT NULL,
        sequence       bigint CHECK (sequence >= 0) NOT NULL,
        event_type     text NOT NULL,
        event_version  text NOT NULL,
        payload        json NOT NULL,
        metadata       json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence)
    );
    CREATE TABLE snapshots (
        aggregate_type   text NOT NULL,
        aggregate_id     text NOT NULL,
        last_sequence    bigint CHECK (last_sequence >= 0) NOT NULL,
        current_snapshot bigint CHECK (current_snapshot >= 0) NOT NULL,
        payload          json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
    );
    CREATE TABLE seen (
        view_id text NOT NULL,
        version bigint CHECK (version >= 0) NOT NULL,
        payload json NOT NULL,
        PRIMARY KEY (view_id)
    );";
