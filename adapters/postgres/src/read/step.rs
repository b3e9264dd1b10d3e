//! A step of a projector: the build moves, and its rows change, in one transaction.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::Poll;

use aduan::projection::TABLES;
use aduan::read::{Advance, Column, ReadError, Table, TableChanges};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use super::keys::{lookup, unnested};
use super::models::{list, name_of, names, quoted};
use super::values::{Parameters, columns, referred};
use super::{failed, unknown_table};
use crate::readers::Asked;

/// Takes a step, whole or not at all.
pub(super) async fn advance(mut asked: Asked<'_>, ledger: &str, step: &Advance) -> Result<(), ReadError> {
    let moving = asked.prepared(MOVE).await.map_err(|error| failed(&error))?;
    let pieces = pieces(&mut asked, &step.changes.tables).await?;
    let client = asked.client;
    let done = take(client, &moving, &pieces, ledger, step).await;
    if done.is_err() {
        // Its answer changes nothing; a connection that is lost is not given to anybody else.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    done
}

async fn take(
    client: &Client,
    moving: &Statement,
    pieces: &[Piece<'_>],
    ledger: &str,
    step: &Advance,
) -> Result<(), ReadError> {
    let (build, from, to) = (step.build as i32, step.from as i64, step.to as i64);
    let record_hash = step.record_hash.0.as_slice();
    let of_build: [&(dyn ToSql + Sync); 5] = [&ledger, &build, &from, &to, &record_hash];
    // One round trip: what changes is handed over behind the move, and undone where that found nothing to move.
    let changing = pieces.iter().map(|piece| piece.apply(client, &ledger, &build)).collect();
    let (begun, moved, changed) =
        tokio::join!(biased; client.batch_execute(BEGIN), client.execute(moving, &of_build), all(changing));
    begun.map_err(|error| failed(&error))?;
    if moved.map_err(|error| failed(&error))? == 0 {
        return Err(ReadError::Overtaken);
    }
    let mut sweeping = Vec::new();
    for (piece, zeros) in pieces.iter().zip(changed) {
        let zeros = zeros.map_err(|error| failed(&error))?;
        if let Some(sweep) = piece.sweep.as_ref().filter(|_| !zeros.is_empty()) {
            sweeping.push(async move { client.execute(sweep, &[&zeros]).await });
        }
    }
    // A sweep that fails makes the commit behind it undo all.
    let (swept, committed) = tokio::join!(biased; all(sweeping), client.batch_execute("COMMIT"));
    swept.into_iter().try_for_each(|swept| swept.map(drop)).and(committed).map_err(|error| failed(&error))
}

/// A statement and its rows.
struct Piece<'c> {
    statement: Statement,
    rows: Parameters<'c>,
    /// Takes away the sums that came to 0.
    sweep: Option<Statement>,
}

impl Piece<'_> {
    /// Where sums came to 0.
    async fn apply(&self, client: &Client, ledger: &&str, build: &i32) -> Result<Vec<String>, Error> {
        let parameters = referred(ledger, build, &self.rows);
        if self.sweep.is_none() {
            return client.execute(&self.statement, &parameters).await.map(|_| Vec::new());
        }
        let zeros = client.query(&self.statement, &parameters).await?;
        zeros.iter().map(|row| row.try_get(0)).collect()
    }
}

/// Everything that is to be done, in order.
async fn pieces<'c>(asked: &mut Asked<'_>, tables: &'c [TableChanges]) -> Result<Vec<Piece<'c>>, ReadError> {
    let mut pieces = Vec::new();
    for TableChanges { table, put, drop } in tables {
        let writes = WRITES.get(table.name).ok_or_else(|| unknown_table(table))?;
        let (every, key): (Vec<&Column>, Vec<&Column>) = (table.columns().collect(), table.key.iter().collect());
        for (sql, of, rows) in [(&writes.put, every, put), (&writes.take, key, drop)] {
            for rows in rows.chunks(ROWS_PER_STATEMENT) {
                let statement = asked.prepared(sql.as_str()).await.map_err(|error| failed(&error))?;
                let sweep = match &writes.sweep {
                    Some(sweep) => Some(asked.prepared(sweep.as_str()).await.map_err(|error| failed(&error))?),
                    None => None,
                };
                pieces.push(Piece { statement, rows: columns(table, &of, rows)?, sweep });
            }
        }
    }
    Ok(pieces)
}

/// What all of these give, each begun before the one after it.
async fn all<F: Future>(asked: Vec<F>) -> Vec<F::Output> {
    let mut asked: Vec<Pin<Box<F>>> = asked.into_iter().map(Box::pin).collect();
    let mut answers: Vec<Option<F::Output>> = asked.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        let waiting = asked.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none());
        for (question, answer) in waiting {
            if let Poll::Ready(told) = question.as_mut().poll(context) {
                *answer = Some(told);
            }
        }
        if answers.iter().all(Option::is_some) {
            Poll::Ready(answers.drain(..).flatten().collect())
        } else {
            Poll::Pending
        }
    })
    .await
}

/// The statements that write a table.
struct Writes {
    put: String,
    take: String,
    /// Of a table of sums.
    sweep: Option<String>,
}

static WRITES: LazyLock<HashMap<&'static str, Writes>> = LazyLock::new(|| {
    let writes = |table: &'static Table| {
        let sweep = table.is_sum.then(|| sweep(table));
        (table.name, Writes { put: put(table), take: take_away(table), sweep })
    };
    TABLES.into_iter().map(writes).collect()
});

fn put(table: &Table) -> String {
    let (name, key) = (name_of(table), names(table.key));
    let every = list(table.columns().map(|column| column.name));
    let set = table.rest.iter().map(|column| {
        let column = quoted(column.name);
        let before = if table.is_sum { format!("t.{column} + ") } else { String::new() };
        format!("{column} = {before}excluded.{column}")
    });
    let set = set.collect::<Vec<_>>().join(", ");
    let put = format!(
        "INSERT INTO {name} AS t (ledger, build, {every}) SELECT $1, $2, {} \
         ON CONFLICT (ledger, build, {key}) DO UPDATE SET {set}",
        unnested(table.columns()),
    );
    if table.is_sum {
        // No other statement sees what this one wrote before it ends, so the zeros are told, and swept by the next.
        let zero = all_zero(table);
        format!(
            "WITH put AS ({put} RETURNING t.ctid AS place, {zero} AS is_zero) SELECT place::text FROM put WHERE is_zero"
        )
    } else {
        put
    }
}

fn take_away(table: &Table) -> String {
    format!("DELETE FROM {} WHERE ctid = ANY (ARRAY({}))", name_of(table), lookup(table, "found.ctid"))
}

fn sweep(table: &Table) -> String {
    format!("DELETE FROM {} WHERE ctid = ANY ($1::text[]::tid[]) AND {}", name_of(table), all_zero(table))
}

fn all_zero(table: &Table) -> String {
    let zero = table.rest.iter().map(|column| format!("{} = 0", quoted(column.name)));
    zero.collect::<Vec<_>>().join(" AND ")
}

const ROWS_PER_STATEMENT: usize = 4096;

// Rows and position are there together or not at all, so a step that a crash takes back is merely taken again: it
// need not wait for the disk.
const BEGIN: &str = "BEGIN; SET LOCAL synchronous_commit = off";
const MOVE: &str = "UPDATE aduan_read.builds SET position = $4, record_hash = $5, stopped = NULL \
    WHERE ledger = $1 AND number = $2 AND position = $3";
