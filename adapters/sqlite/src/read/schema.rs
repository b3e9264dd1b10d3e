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

/// Makes what is missing, whole or not at all. Where nothing is, whoever writes is not waited for.
pub(super) fn make(connection: &mut Connection, path: &Path, ledger: &LedgerId) -> Result<(), OpenError> {
    if !check_ledger(connection, path, ledger)? && missing(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again: somebody else may have made it meanwhile.
    if check_ledger(&transaction, path, ledger)? {
        transaction.execute_batch(include_str!("../../sql/read/ledger.sql"))?;
        transaction.execute_batch(include_str!("../../sql/read/builds.sql"))?;
        transaction.execute("INSERT INTO ledger (name) VALUES (?1)", [ledger.as_str()])?;
        READ_MODELS.mark(&transaction)?;
    }
    for create in missing(&transaction)? {
        transaction.execute_batch(create)?;
    }
    Ok(transaction.commit()?)
}

/// What makes the tables, indexes and views that are not there.
fn missing(connection: &Connection) -> Result<Vec<&'static str>, OpenError> {
    let found = objects(connection)?;
    let mut missing = Vec::new();
    for (table, layout) in TABLES.iter().zip(LAYOUTS.iter()) {
        for (name, create) in &layout.objects {
            match found.get(name) {
                None => missing.push(create.as_str()),
                Some((_, Some(text))) if text == create => {}
                Some(_) => return Err(OpenError::AlteredSchema { object: name.clone() }),
            }
        }
        // One of another release stays until a build of this one is live.
        missing.extend(layout.view.as_deref().filter(|_| !found.contains_key(table.name)));
    }
    Ok(missing)
}

/// Makes the views anew where they are those of another release.
pub(super) fn show(connection: &Connection) -> rusqlite::Result<()> {
    let found = objects(connection)?;
    for (table, layout) in TABLES.iter().zip(LAYOUTS.iter()) {
        let shown = found.get(table.name).and_then(|(_, text)| text.as_deref());
        if shown != layout.view.as_deref() {
            let view = layout.view.as_deref().unwrap_or_default();
            connection.execute_batch(&format!("DROP VIEW IF EXISTS {}; {view}", table.name))?;
        }
    }
    Ok(())
}
