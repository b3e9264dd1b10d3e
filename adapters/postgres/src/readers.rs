//! Connections to read with, as many as there may be questions at once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use tokio::time::timeout;
use tokio_postgres::{Client, Error, Statement};

use crate::OpenError;
use crate::connect::{Address, Carrier};

/// Connections, made when they are needed.
pub(crate) type Readers = Pool<Reading>;

/// A pool of readers.
pub(crate) fn readers(address: Address) -> Result<Readers, OpenError> {
    let (size, deadline) = (address.options().readers.max(1), Some(address.options().deadline));
    Pool::builder(Reading { address })
        .max_size(size)
        .timeouts(Timeouts { wait: deadline, create: deadline, recycle: deadline })
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(OpenError::server)
}

/// Makes readers, and looks after them.
pub(crate) struct Reading {
    address: Address,
}

/// One connection, with what was prepared on it.
pub(crate) struct Reader {
    client: Client,
    carrier: Carrier,
    statements: HashMap<Cow<'static, str>, Statement>,
}

/// A reader while it is asked.
pub(crate) struct Asked<'r> {
    pub(crate) client: &'r Client,
    statements: &'r mut HashMap<Cow<'static, str>, Statement>,
}

impl Manager for Reading {
    type Type = Reader;
    type Error = OpenError;

    async fn create(&self) -> Result<Reader, OpenError> {
        let (client, mut carrier) = self.address.connect().await?;
        let set_up = carrier.carry(client.batch_execute(NEVER_SORT));
        self.address.in_time(set_up).await?.map_err(OpenError::server)?;
        Ok(Reader { client, carrier, statements: HashMap::new() })
    }

    async fn recycle(&self, reader: &mut Reader, _: &Metrics) -> RecycleResult<OpenError> {
        if reader.carrier.has_ended().await { Err(RecycleError::message("the connection has ended")) } else { Ok(()) }
    }
}

impl Reader {
    /// Asks, and carries the answer: nobody else is woken for it.
    async fn ask<T>(&mut self, question: impl AsyncFnOnce(Asked<'_>) -> T) -> T {
        let Reader { client, carrier, statements } = self;
        carrier.carry(question(Asked { client, statements })).await
    }
}

impl Asked<'_> {
    /// A statement, prepared once a connection.
    pub(crate) async fn prepared(&mut self, sql: impl Into<Cow<'static, str>>) -> Result<Statement, Error> {
        let sql = sql.into();
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql).await?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

/// Asks on a connection of the pool. Says why there is no answer at all.
pub(crate) async fn ask<T>(
    readers: &Readers,
    deadline: Duration,
    question: impl AsyncFnOnce(Asked<'_>) -> T,
) -> Result<T, String> {
    let reader = readers.get().await.map_err(|error| match error {
        PoolError::Timeout(_) => "no connection was free within the deadline".to_owned(),
        other => crate::failure::chain(&other),
    })?;
    let mut lease = Lease { reader: Some(reader) };
    let Some(reader) = &mut lease.reader else { return Err("no connection".into()) };
    let answer = timeout(deadline, reader.ask(question)).await.map_err(|_| "no answer within the deadline")?;
    // Answered to the end: the next one may have it.
    drop(lease.reader.take());
    Ok(answer)
}

/// A reader that is not given back while an answer is under way: whoever had it next would read that first, and the
/// server would hold its snapshot until then.
struct Lease {
    reader: Option<Object<Reading>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            drop(Object::take(reader));
        }
    }
}

/// So many are kept prepared at most: questions come in many forms, but few of them again and again.
const STATEMENTS: usize = 512;

/// Whatever is read in an order is read from an index that has it. On a new table PostgreSQL knows that of none.
const NEVER_SORT: &str = "SET enable_sort = off; SET enable_incremental_sort = off";
