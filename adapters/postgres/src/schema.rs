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
    let rows = client.query(TRIGGERS, &[&TABLES.as_slice()]).await.map_err(OpenError::server)?;
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
    let (tables, names, definitions) = (CONSTRAINTS.map(|c| c.0), CONSTRAINTS.map(|c| c.1), CONSTRAINTS.map(|c| c.2));
    let genesis = source_of("genesis");
    let (tables, names, definitions) = (tables.as_slice(), names.as_slice(), definitions.as_slice());
    let rows = client.query(STRANGE, &[&tables, &names, &definitions, &genesis, &TABLES.as_slice()]).await;
    let rows = rows.map_err(OpenError::server)?;
    rows.first().map(|row| row.try_get(0)).transpose().map_err(OpenError::server)
}

/// What is not wrong but unwise.
pub(crate) async fn warnings(client: &Client) -> Result<Vec<String>, OpenError> {
    let asked = "SELECT current_setting('data_checksums') = 'on', current_setting('is_superuser') = 'on', \
                 pg_has_role(current_user, 'aduan_owner', 'MEMBER')";
    let row = client.query_one(asked, &[]).await.map_err(OpenError::server)?;
    let is = |place| row.try_get::<_, bool>(place).map_err(OpenError::server);
    let mut warnings = Vec::new();
    if !is(0)? {
        warnings.push("the server keeps no data checksums: a page that the disk spoils may go unnoticed".to_owned());
    }
    if is(1)? {
        warnings.push("logged in as a superuser, whom no guard holds back: log in as aduan_app".to_owned());
    } else if is(2)? {
        warnings.push("logged in as a member of aduan_owner, who may drop guards: log in as aduan_app".to_owned());
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
    /// Whether it has neither a condition nor a list of columns, and its function nobody else's rights or search path.
    is_whole: bool,
    /// The body of its function.
    source: String,
}

/// The body of the function that a step makes.
fn source_of(step: &str) -> &'static str {
    let sql = STEPS.iter().find(|(name, _)| *name == step).map_or("", |(_, sql)| *sql);
    sql.split("$$").nth(1).unwrap_or_default()
}

/// What is guarded.
const TABLES: [&str; 6] = ["events", "boxes", "keys", "documents", "ledger", "attestations"];

const TRIGGERS: &str = "SELECT t.tgname::text, c.relname::text, t.tgtype, t.tgenabled = 'A', \
    t.tgqual IS NULL AND cardinality(t.tgattr) = 0 AND NOT p.prosecdef \
    AND p.proconfig IS NOT DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp'], p.prosrc \
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid \
    WHERE c.relnamespace = 'aduan'::regnamespace AND NOT t.tgisinternal \
    AND c.relname = ANY ($1)";

/// Trigger, table, kind, and the step that makes its function.
const GUARDS: [(&str, &str, i16, &str); 9] = [
    ("events_insert_guard", "events", 4, "events_insert_guard"),
    ("events_change_guard", "events", 58, "refuse_change"),
    ("boxes_change_guard", "boxes", 58, "refuse_change"),
    ("keys_change_guard", "keys", 58, "refuse_change"),
    ("documents_change_guard", "documents", 58, "refuse_change"),
    ("ledger_insert_guard", "ledger", 7, "ledger_insert_guard"),
    ("ledger_update_guard", "ledger", 17, "ledger_update_guard"),
    ("ledger_removal_guard", "ledger", 42, "refuse_change"),
    ("attestations_change_guard", "attestations", 58, "refuse_change"),
];

/// What else could let something past, or keep it from being found: a constraint of ours that is missing or altered, a
/// rule, a policy, another `genesis`, no index over boxes.
const STRANGE: &str = "
    SELECT ours.name FROM unnest($1::text[], $2::text[], $3::text[]) AS ours (place, name, definition)
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid
        WHERE c.conname = ours.name AND t.relname = ours.place AND t.relnamespace = 'aduan'::regnamespace
          AND c.convalidated AND pg_get_constraintdef(c.oid) = ours.definition)
    UNION ALL
    SELECT r.rulename FROM pg_rewrite AS r JOIN pg_class AS t ON t.oid = r.ev_class
    WHERE t.relnamespace = 'aduan'::regnamespace AND t.relname = ANY ($5)
    UNION ALL
    SELECT 'row security of ' || relname FROM pg_class
    WHERE relnamespace = 'aduan'::regnamespace AND relname = ANY ($5) AND relrowsecurity
    UNION ALL
    SELECT 'genesis' WHERE $4 IS DISTINCT FROM (
        SELECT string_agg(prosrc, '') FROM pg_proc WHERE pronamespace = 'aduan'::regnamespace AND proname = 'genesis')
    UNION ALL
    SELECT 'boxes_complaint' WHERE NOT EXISTS (
        SELECT FROM pg_index WHERE indexrelid = to_regclass('aduan.boxes_complaint') AND indisvalid
          AND indrelid = to_regclass('aduan.boxes'))";

/// Table, name and definition.
const CONSTRAINTS: [(&str, &str, &str); 11] = [
    ("events", "events_position", "PRIMARY KEY (ledger, \"position\")"),
    ("events", "events_complaint", "UNIQUE (aggregate_id, sequence, ledger)"),
    ("events", "events_command", "UNIQUE (command_id, command_part, ledger)"),
    ("keys", "keys_key", "PRIMARY KEY (aggregate_id, epoch, commitment, ledger)"),
    (
        "keys",
        "keys_form",
        "CHECK (((epoch >= 0) AND (epoch <= '4294967295'::bigint) AND (octet_length(commitment) = 32)))",
    ),
    ("documents", "documents_key", "PRIMARY KEY (ledger, hash)"),
    ("documents", "documents_content", "CHECK ((hash = sha256(convert_to(text, 'UTF8'::name))))"),
    ("ledger", "ledger_pkey", "PRIMARY KEY (name)"),
    ("attestations", "attestations_key", "PRIMARY KEY (ledger, size, digest)"),
    ("attestations", "attestations_content", "CHECK ((digest = sha256(convert_to(note, 'UTF8'::name))))"),
    ("attestations", "attestations_size", "CHECK ((size >= 0))"),
];
