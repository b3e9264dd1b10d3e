//! A step of a projector: its changes and its position, in one transaction.

use aduan::read::{Advance, ReadError, Row, Table, TableChanges, Value};
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};

use super::{failed, layout, values};

/// Takes a step, whole or not at all.
pub(super) fn take(connection: &mut Connection, step: &Advance) -> Result<(), ReadError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let stand = params![step.build, step.from as i64, step.to as i64, step.record_hash.0];
    let moved = transaction.prepare_cached(MOVE).and_then(|mut statement| statement.execute(stand));
    if moved.map_err(failed)? == 0 {
        return Err(ReadError::Overtaken);
    }
    for TableChanges { table, put, drop } in &step.changes.tables {
        let mut rows = Rows::of(&transaction, step.build, table)?;
        put.iter().try_for_each(|row| rows.put(row))?;
        drop.iter().try_for_each(|key| rows.drop(key))?;
    }
    transaction.commit().map_err(failed)
}

/// The rows of a build in a table.
struct Rows<'c> {
    build: u32,
    table: &'static Table,
    put: CachedStatement<'c>,
    drop: CachedStatement<'c>,
}

impl<'c> Rows<'c> {
    fn of(connection: &'c Connection, build: u32, table: &'static Table) -> Result<Self, ReadError> {
        let layout = layout::of(table)?;
        let prepare = |sql| connection.prepare_cached(sql).map_err(failed);
        Ok(Rows { build, table, put: prepare(&layout.put)?, drop: prepare(&layout.drop)? })
    }

    fn put(&mut self, row: &Row) -> Result<(), ReadError> {
        values::bind_row(&mut self.put, self.build, self.table, row, self.table.columns().count())?;
        if !self.table.is_sum {
            return self.put.raw_execute().map(drop).map_err(failed);
        }
        let mut summed = self.put.raw_query();
        let is_zero = summed.next().and_then(|row| row.map_or(Ok(false), |row| row.get(0)));
        drop(summed);
        if is_zero.map_err(failed)? { self.drop(self.table.key_of(row)) } else { Ok(()) }
    }

    fn drop(&mut self, key: &[Value]) -> Result<(), ReadError> {
        values::bind_row(&mut self.drop, self.build, self.table, key, self.table.key.len())?;
        self.drop.raw_execute().map(drop).map_err(failed)
    }
}

const MOVE: &str = "UPDATE builds SET position = ?3, record_hash = ?4, stopped = NULL \
    WHERE number = ?1 AND position = ?2";
