//! The builds: begun, stopped, made live, and taken away.

use aduan::read::{Build, ReadError};
use aduan::values::Digest;
use rusqlite::{Connection, TransactionBehavior, params};

use super::{failed, schema};

/// Every build, by number.
pub(super) fn all(connection: &Connection) -> Result<Vec<Build>, ReadError> {
    let list = || -> rusqlite::Result<Vec<Build>> {
        let mut statement = connection.prepare_cached(ALL)?;
        statement.query_map([], build)?.collect()
    };
    list().map_err(failed)
}

/// Refuses to answer from one that is gone: what is left of its rows is about to be swept out.
pub(super) fn check(connection: &Connection, build: u32) -> Result<(), ReadError> {
    let is_there = connection.prepare_cached(IS_THERE).and_then(|mut is_there| is_there.exists([build]));
    if is_there.map_err(failed)? { Ok(()) } else { Err(ReadError::NotBuilt) }
}

/// A new one, at position 0.
pub(super) fn begin(connection: &Connection, version: u32) -> Result<Build, ReadError> {
    let begun = connection.prepare_cached(BEGIN).and_then(|mut begin| begin.query_row([version], build));
    begun.map_err(failed)
}

/// Notes why it goes no further.
pub(super) fn stop(connection: &Connection, build: u32, why: &str) -> Result<(), ReadError> {
    let stopped = connection.execute("UPDATE builds SET stopped = ?2 WHERE number = ?1", params![build, why]);
    stopped.map(drop).map_err(failed)
}

/// Makes it the live one, and has the views show it.
pub(super) fn switch(connection: &mut Connection, build: u32) -> Result<(), ReadError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    if transaction.execute(SWITCH, [build]).map_err(failed)? == 0 {
        return Err(ReadError::Overtaken);
    }
    schema::show(&transaction).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Takes it away. Its rows are nobody's then, until they are swept out: a build that lacks some is never there.
pub(super) fn forget(connection: &mut Connection, build: u32) -> Result<(), ReadError> {
    connection.execute("DELETE FROM builds WHERE number = ?1", [build]).map(drop).map_err(failed)
}

/// Deletes some rows that are nobody's, of whatever version; whether there may be more.
pub(super) fn sweep(connection: &mut Connection) -> Result<bool, ReadError> {
    let mut sweep = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut deleted = 0;
        for (table, key) in models(&transaction)? {
            if let Some(build) = orphan(&transaction, &table)? {
                let some = format!("SELECT {key} FROM {table} WHERE build = ?1 LIMIT {BATCH}");
                deleted = transaction.execute(&format!("DELETE FROM {table} WHERE ({key}) IN ({some})"), [build])?;
                break;
            }
        }
        transaction.commit()?;
        Ok(deleted > 0)
    };
    sweep().map_err(failed)
}

/// The tables with rows of builds, and their keys, of all versions that are in the file.
fn models(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached(include_str!("../../sql/read/keys_of_models.sql"))?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// A build that has rows in a table, but is gone.
fn orphan(connection: &Connection, table: &str) -> rusqlite::Result<Option<i64>> {
    let mut next = connection.prepare_cached(&format!("SELECT min(build) FROM {table} WHERE build > ?1"))?;
    let mut is_build = connection.prepare_cached(IS_THERE)?;
    let mut last = 0;
    while let Some(build) = next.query_row([last], |row| row.get::<_, Option<i64>>(0))? {
        if !is_build.exists([build])? {
            return Ok(Some(build));
        }
        last = build;
    }
    Ok(None)
}

fn build(row: &rusqlite::Row<'_>) -> rusqlite::Result<Build> {
    Ok(Build {
        number: row.get(0)?,
        version: row.get(1)?,
        position: row.get::<_, i64>(2)? as u64,
        record_hash: Digest(row.get(3)?),
        is_live: row.get(4)?,
        stopped: row.get(5)?,
    })
}

/// How many rows are deleted in one transaction.
pub(super) const BATCH: usize = 10_000;

const ALL: &str = "SELECT number, version, position, record_hash, is_live, stopped FROM builds ORDER BY number";
const BEGIN: &str = "INSERT INTO builds (version) VALUES (?1) \
    RETURNING number, version, position, record_hash, is_live, stopped";
const IS_THERE: &str = "SELECT 1 FROM builds WHERE number = ?1";
const SWITCH: &str = "UPDATE builds SET is_live = number = ?1 WHERE EXISTS (SELECT 1 FROM builds WHERE number = ?1)";
