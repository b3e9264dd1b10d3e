//! The objects of a file with read models: what is missing is made, what differs is refused.

use std::path::Path;

use aduan::projection::TABLES;
use aduan::values::LedgerId;
use rusqlite::{Connection, TransactionBehavior};

use super::layout::LAYOUTS;
use crate::OpenError;
use crate::schema::{READ_MODELS, objects};

/// Refuses the file of another ledger, and other files. Returns whether it is empty.
pub(super) fn check_ledger(connection: &Connection, path: &Path, wanted: &LedgerId) -> Result<bool, OpenError> {
    match READ_MODELS.recognise(connection, path)? {
        Some(found) if found != *wanted => Err(OpenError::OtherLedger { found, wanted: wanted.clone() }),
        found => Ok(found.is_none()),
    }
}

/// Makes what is missing, whole or not at all.
pub(super) fn make(connection: &mut Connection, path: &Path, ledger: &LedgerId) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if check_ledger(&transaction, path, ledger)? {
        transaction.execute_batch(include_str!("../../sql/read/ledger.sql"))?;
        transaction.execute_batch(include_str!("../../sql/read/builds.sql"))?;
        transaction.execute("INSERT INTO ledger (name) VALUES (?1)", [ledger.as_str()])?;
        READ_MODELS.mark(&transaction)?;
    }
    let found = objects(&transaction)?;
    for (table, layout) in TABLES.iter().zip(LAYOUTS.iter()) {
        for (name, create) in &layout.objects {
            match found.get(name) {
                None => transaction.execute_batch(create)?,
                Some((_, Some(text))) if text == create => {}
                Some(_) => return Err(OpenError::AlteredSchema { object: name.clone() }),
            }
        }
        // One of another release stays until a build of this one is live.
        if !found.contains_key(table.name) {
            transaction.execute_batch(&layout.view)?;
        }
    }
    Ok(transaction.commit()?)
}

/// Makes the views anew where they are those of another release.
pub(super) fn show(connection: &Connection) -> rusqlite::Result<()> {
    let found = objects(connection)?;
    for (table, layout) in TABLES.iter().zip(LAYOUTS.iter()) {
        if !matches!(found.get(table.name), Some((_, Some(text))) if *text == layout.view) {
            connection.execute_batch(&format!("DROP VIEW IF EXISTS {}; {}", table.name, layout.view))?;
        }
    }
    Ok(())
}
