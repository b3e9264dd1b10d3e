//! Read models on PostgreSQL: the tables that the core declares, one set for each of its versions.

pub(crate) mod models;

mod keys;
mod lease;
mod page;
mod removal;
mod step;
mod sums;
mod values;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aduan::read::{Advance, Build, Lease, ReadError, ReadStore, Row, Select, Sum, Table};
use aduan::store::StoreError;
use aduan::values::LedgerId;
use async_trait::async_trait;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};

use self::lease::Held;
use self::page::Page;
use self::values::{Parameters, referred};
use crate::connect::Address;
use crate::failure::{Failure, unavailable};
use crate::readers::{Asked, Readers, ask};
use crate::rows::Hash;

/// The read models of a ledger in PostgreSQL. It shares the connections of the [`Postgres`](crate::Postgres) it is of;
/// a lease has one of its own.
pub struct PostgresReadStore {
    pub(crate) address: Address,
    pub(crate) readers: Readers,
    pub(crate) ledger: LedgerId,
    /// Whether a lease of this store was dropped: the server may not have noticed yet.
    pub(crate) let_go: Arc<AtomicBool>,
}

#[async_trait]
impl ReadStore for PostgresReadStore {
    fn ledger(&self) -> &LedgerId {
        &self.ledger
    }

    async fn lease(&self) -> Result<Box<dyn Lease>, ReadError> {
        Ok(Box::new(Held::of(&self.address, &self.ledger, &self.let_go).await?))
    }

    async fn try_lease(&self) -> Result<Option<Box<dyn Lease>>, ReadError> {
        let held = Held::at_once(&self.address, &self.ledger, &self.let_go).await?;
        Ok(held.map(|held| Box::new(held) as Box<dyn Lease>))
    }

    async fn builds(&self) -> Result<Vec<Build>, ReadError> {
        let rows = self.rows_of(BUILDS, &[&self.ledger.as_str()]).await?;
        rows.iter().map(build).collect()
    }

    async fn begin(&self, version: u32) -> Result<Build, ReadError> {
        // What was being taken away when somebody died.
        removal::sweep(self).await?;
        let rows = self.rows_of(BEGIN, &[&self.ledger.as_str(), &(version as i32)]).await?;
        rows.first().map_or_else(|| Err(ReadError::Unavailable("no build was begun".into())), build)
    }

    async fn advance(&self, advance: Advance) -> Result<(), ReadError> {
        self.ask(async |asked| step::advance(asked, self.ledger.as_str(), &advance).await).await
    }

    async fn stop(&self, build: u32, why: &str) -> Result<(), ReadError> {
        self.rows_of(STOP, &[&self.ledger.as_str(), &(build as i32), &why]).await.map(drop)
    }

    async fn switch(&self, build: u32) -> Result<(), ReadError> {
        self.ask(async |asked| {
            let done = switch(asked.client, self.ledger.as_str(), build as i32).await;
            if done.is_err() {
                // Its answer changes nothing; a connection that is lost is not given to anybody else.
                let _ = asked.client.batch_execute("ROLLBACK").await;
            }
            done
        })
        .await
    }

    async fn discard(&self, build: u32) -> Result<(), ReadError> {
        removal::discard(self, build as i32).await
    }

    async fn get(&self, build: u32, table: &'static Table, keys: &[Row]) -> Result<Vec<Option<Row>>, ReadError> {
        self.ask(async |asked| keys::get(asked, self.ledger.as_str(), build as i32, table, keys).await).await
    }

    async fn rows(&self, build: u32, select: &Select) -> Result<Vec<Row>, ReadError> {
        let limit = i64::try_from(select.limit).unwrap_or(i64::MAX);
        let page = Page::of(select, &limit)?;
        self.ask(async |mut asked| {
            let (ledger, sql) = (self.ledger.as_str(), page.sql.clone());
            let rows = of_build(&mut asked, ledger, build as i32, sql, &page.parameters).await?;
            rows.iter().map(|row| values::row(row, 0, select.table.columns())).collect()
        })
        .await
    }

    async fn sums(&self, build: u32, sum: &Sum) -> Result<Vec<Row>, ReadError> {
        self.ask(async |asked| sums::sums(asked, self.ledger.as_str(), build as i32, sum).await).await
    }
}

impl PostgresReadStore {
    /// Asks on a connection of the pool, within the deadline.
    async fn ask<T>(&self, question: impl AsyncFnOnce(Asked<'_>) -> Result<T, ReadError>) -> Result<T, ReadError> {
        ask(&self.readers, self.address.options().deadline, question).await.map_err(ReadError::Unavailable)?
    }

    async fn rows_of(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, ReadError> {
        self.ask(async |mut asked| {
            let statement = asked.prepared(sql).await.map_err(|error| failed(&error))?;
            asked.client.query(&statement, parameters).await.map_err(|error| failed(&error))
        })
        .await
    }
}

impl fmt::Debug for PostgresReadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresReadStore").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// What a question finds, if the build is there.
///
/// That is asked behind it in the same round trip: a build goes before its rows, so where it is still there, none of
/// them was missing.
async fn of_build(
    asked: &mut Asked<'_>,
    ledger: &str,
    build: i32,
    sql: impl Into<Cow<'static, str>>,
    parameters: &Parameters<'_>,
) -> Result<Vec<tokio_postgres::Row>, ReadError> {
    let question = asked.prepared(sql).await.map_err(|error| failed(&error))?;
    let is_there = asked.prepared(IS_THERE).await.map_err(|error| failed(&error))?;
    let parameters = referred(&ledger, &build, parameters);
    let (found, is_there) = tokio::join!(
        biased;
        asked.client.query(&question, &parameters),
        asked.client.query_opt(&is_there, &parameters[..2])
    );
    let found = found.map_err(|error| failed(&error))?;
    is_there.map_err(|error| failed(&error))?.map(|_| found).ok_or(ReadError::NotBuilt)
}

async fn switch(client: &Client, ledger: &str, build: i32) -> Result<(), ReadError> {
    // Whoever comes second waits here, and then sees which one is live.
    let begin = async {
        client.batch_execute("BEGIN").await?;
        client.execute("SELECT FROM aduan_read.numbers WHERE ledger = $1 FOR UPDATE", &[&ledger]).await
    };
    begin.await.map_err(|error| failed(&error))?;
    client.execute(RETIRE, &[&ledger, &build]).await.map_err(|error| failed(&error))?;
    match client.execute(PROMOTE, &[&ledger, &build]).await.map_err(|error| failed(&error))? {
        0 => Err(ReadError::Overtaken),
        _ => client.batch_execute("COMMIT").await.map_err(|error| failed(&error)),
    }
}

fn build(row: &tokio_postgres::Row) -> Result<Build, ReadError> {
    let read = || -> Result<Build, Error> {
        Ok(Build {
            number: row.try_get::<_, i32>(0)? as u32,
            version: row.try_get::<_, i32>(1)? as u32,
            position: row.try_get::<_, i64>(2)? as u64,
            record_hash: row.try_get::<_, Hash>(3)?.0,
            is_live: row.try_get(4)?,
            stopped: row.try_get(5)?,
        })
    };
    read().map_err(|error| ReadError::Corrupt(crate::failure::chain(&error)))
}

/// What a statement failed with. What became of a commit that was lost, the builds tell.
fn failed(error: &Error) -> ReadError {
    match (Failure::of(error), unavailable(error)) {
        (Failure::Refused(why), _) | (_, StoreError::Corrupt(why)) => ReadError::Corrupt(why),
        (Failure::NotStored(why) | Failure::Unfit(why) | Failure::Unknown(why), _) => ReadError::Unavailable(why),
    }
}

fn unknown_table(table: &Table) -> ReadError {
    ReadError::Corrupt(format!("there is no table {}", table.name))
}

fn unknown_column(table: &Table, column: &str) -> ReadError {
    ReadError::Corrupt(format!("there is no column {column} in {}", table.name))
}

const BUILDS: &str = "SELECT number, version, position, record_hash, is_live, stopped FROM aduan_read.builds \
    WHERE ledger = $1 ORDER BY number";
const BEGIN: &str = "WITH next AS (\
        INSERT INTO aduan_read.numbers AS n (ledger, last) VALUES ($1, 1) \
        ON CONFLICT (ledger) DO UPDATE SET last = n.last + 1 RETURNING last) \
    INSERT INTO aduan_read.builds (ledger, number, version, position, is_live) SELECT $1, last, $2, 0, false FROM next \
    RETURNING number, version, position, record_hash, is_live, stopped";
const IS_THERE: &str = "SELECT FROM aduan_read.builds WHERE ledger = $1 AND number = $2";
const STOP: &str = "UPDATE aduan_read.builds SET stopped = $3 WHERE ledger = $1 AND number = $2";
const RETIRE: &str = "UPDATE aduan_read.builds SET is_live = false WHERE ledger = $1 AND is_live AND number <> $2";
const PROMOTE: &str = "UPDATE aduan_read.builds SET is_live = true WHERE ledger = $1 AND number = $2";
