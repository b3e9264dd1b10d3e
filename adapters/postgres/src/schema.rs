//! The schema as it is found, compared with the one of this release.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::OpenError;
use crate::migrate::{STEPS, done, pending};

/// Checks that every step of the migration was taken by this release.
pub(crate) async fn check_layout(client: &Client) -> Result<(), OpenError> {
    let there = client.query_one("SELECT to_regclass('aduan.migrations') IS NOT NULL", &[]).await;
    if !there.and_then(|row| row.try_get::<_, bool>(0)).map_err(OpenError::server)? {
        return Err(OpenError::NotMigrated);
    }
    let done = done(client).await.map_err(OpenError::server)?;
    match pending(&done)?.first() {
        None => Ok(()),
        Some((name, _)) => Err(OpenError::OtherLayout { what: format!("step {name} is missing: migrate it") }),
    }
}

/// The first guard that is missing, altered or switched off, or trigger that nobody here wrote.
pub(crate) async fn altered_object(client: &Client) -> Result<Option<String>, OpenError> {
    let rows = client.query(TRIGGERS, &[]).await.map_err(OpenError::server)?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let columns = || -> Result<(String, Found), tokio_postgres::Error> {
            let found = Found {
                table: row.try_get(1)?,
                kind: row.try_get(2)?,
                is_always: row.try_get(3)?,
                is_whole: row.try_get(4)?,
                source: row.try_get(5)?,
            };
            Ok((row.try_get(0)?, found))
        };
        let (name, trigger) = columns().map_err(OpenError::server)?;
        found.insert(name, trigger);
    }
    for (name, table, kind, function) in GUARDS {
        let wanted = Found {
            table: table.to_owned(),
            kind,
            is_always: true,
            is_whole: true,
            source: source_of(function).to_owned(),
        };
        if found.remove(name) != Some(wanted) {
            return Ok(Some(name.to_owned()));
        }
    }
    if let Some(foreign) = found.into_keys().next() {
        return Ok(Some(foreign));
    }
    let rows = client.query(CONSTRAINTS, &[&CONSTRAINED.as_slice()]).await.map_err(OpenError::server)?;
    let missing = rows.first().map(|row| row.try_get(0)).transpose();
    missing.map_err(OpenError::server)
}

/// What is not wrong but unwise.
pub(crate) async fn warnings(client: &Client) -> Result<Vec<String>, OpenError> {
    let asked = "SELECT current_setting('data_checksums') = 'on', current_setting('is_superuser') = 'on'";
    let row = client.query_one(asked, &[]).await.map_err(OpenError::server)?;
    let is = |place| row.try_get::<_, bool>(place).map_err(OpenError::server);
    let mut warnings = Vec::new();
    if !is(0)? {
        warnings.push("the server keeps no data checksums: a page that the disk spoils may go unnoticed".to_owned());
    }
    if is(1)? {
        warnings.push("logged in as a superuser, whom no guard holds back: log in as aduan_app".to_owned());
    }
    Ok(warnings)
}

/// What of a trigger makes a guard.
#[derive(PartialEq, Eq)]
struct Found {
    table: String,
    /// PostgreSQL's bits: 1 each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
    kind: i16,
    /// Whether it fires whatever `session_replication_role` says.
    is_always: bool,
    /// Whether it has neither a condition nor a list of columns.
    is_whole: bool,
    /// The body of its function.
    source: String,
}

/// The body of the function that a step makes.
fn source_of(step: &str) -> &'static str {
    let sql = STEPS.iter().find(|(name, _)| *name == step).map_or("", |(_, sql)| *sql);
    sql.split("$$").nth(1).unwrap_or_default()
}

const TRIGGERS: &str = "SELECT t.tgname::text, c.relname::text, t.tgtype, t.tgenabled = 'A', \
    t.tgqual IS NULL AND cardinality(t.tgattr) = 0, p.prosrc \
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid \
    WHERE c.relnamespace = 'aduan'::regnamespace AND NOT t.tgisinternal \
    AND c.relname IN ('events', 'boxes', 'keys', 'documents', 'ledger')";

/// Trigger, table, kind, and the step that makes its function.
const GUARDS: [(&str, &str, i16, &str); 8] = [
    ("events_insert_guard", "events", 4, "events_insert_guard"),
    ("events_change_guard", "events", 58, "refuse_change"),
    ("boxes_change_guard", "boxes", 58, "refuse_change"),
    ("keys_change_guard", "keys", 58, "refuse_change"),
    ("documents_change_guard", "documents", 58, "refuse_change"),
    ("ledger_insert_guard", "ledger", 7, "ledger_insert_guard"),
    ("ledger_update_guard", "ledger", 17, "ledger_update_guard"),
    ("ledger_removal_guard", "ledger", 42, "refuse_change"),
];

const CONSTRAINTS: &str = "SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS ( \
    SELECT FROM pg_constraint AS c WHERE c.conname = name AND c.connamespace = 'aduan'::regnamespace AND c.convalidated)";
const CONSTRAINED: [&str; 9] = [
    "events_position",
    "events_complaint",
    "events_command",
    "boxes_key",
    "boxes_content",
    "keys_key",
    "documents_key",
    "documents_content",
    "ledger_pkey",
];
