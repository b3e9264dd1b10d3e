//! The tables of the read models, made from what the core declares.
//!
//! They are no steps of the migration. What they hold is derived, and comes with a version of its own: two releases
//! may work on one database while the newer one builds its models beside those of the older, and neither takes the
//! other's tables for an altered ledger. Each version is made once, and noted with the hash of its text.

use std::fmt::Write as _;

use aduan::projection::{TABLES, VERSION};
use aduan::read::{Column, Kind, Table};
use aduan::values::Digest;
use tokio_postgres::{Client, Error};

use crate::OpenError;
use crate::migrate::Stop;

/// Makes the schema, if it is missing. Whoever migrates may do so, the owner of the tables may not.
pub(crate) async fn make_schema(client: &Client) -> Result<bool, Error> {
    let there = client.query_one("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'aduan_read')", &[]).await?;
    let is_new = !there.try_get::<_, bool>(0)?;
    if is_new {
        client.batch_execute(include_str!("../../sql/read_schema.sql")).await?;
    }
    Ok(is_new)
}

/// Makes the tables of this release's version, as their owner; whether they were missing.
pub(crate) async fn make(client: &Client, schema_is_new: bool) -> Result<bool, Stop> {
    if schema_is_new {
        for table in BOOKS {
            client.batch_execute(table).await?;
        }
    }
    match made(client).await? {
        Some(hash) if hash == digest().0 => Ok(false),
        Some(_) => Err(Stop::Said(other_models())),
        None => {
            client.batch_execute(&definition()).await?;
            let noted = "INSERT INTO aduan_read.versions (version, hash) VALUES ($1, $2)";
            client.execute(noted, &[&(VERSION as i32), &digest().0.as_slice()]).await?;
            Ok(true)
        }
    }
}

/// Checks that this release's tables are there.
pub(crate) async fn check(client: &Client) -> Result<(), OpenError> {
    let there = client.query_one("SELECT to_regclass('aduan_read.versions') IS NOT NULL", &[]).await;
    if !there.and_then(|row| row.try_get::<_, bool>(0)).map_err(OpenError::server)? {
        return Err(OpenError::NotMigrated);
    }
    match made(client).await.map_err(OpenError::server)? {
        Some(hash) if hash == digest().0 => Ok(()),
        Some(_) => Err(other_models()),
        None => Err(OpenError::NotMigrated),
    }
}

/// The text that makes all of it.
pub(crate) fn digest() -> Digest {
    let definition = definition();
    let mut parts: Vec<&[u8]> = BOOKS.iter().map(|sql| sql.as_bytes()).collect();
    parts.push(definition.as_bytes());
    Digest::of_parts("aduan/read-models/v1\n", &parts)
}

/// What a table is called, of this release's version.
pub(crate) fn name_of(table: &Table) -> String {
    format!("aduan_read.{}_{VERSION}", table.name)
}

/// Whether it is one of this release's tables.
pub(crate) fn is_declared(table: &Table) -> bool {
    TABLES.contains(&table)
}

/// A name as SQL takes it, whatever it means there.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The names of columns.
pub(crate) fn names(columns: &[Column]) -> String {
    list(columns.iter().map(|column| column.name))
}

/// Names in a row.
pub(crate) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

async fn made(client: &Client) -> Result<Option<Vec<u8>>, Error> {
    let asked = "SELECT hash FROM aduan_read.versions WHERE version = $1";
    let found = client.query_opt(asked, &[&(VERSION as i32)]).await?;
    found.map(|row| row.try_get(0)).transpose()
}

fn other_models() -> OpenError {
    OpenError::OtherLayout { what: format!("read models {VERSION} were made by another release") }
}

fn definition() -> String {
    TABLES.iter().map(|table| definition_of(table)).collect()
}

fn definition_of(table: &Table) -> String {
    let (name, key) = (name_of(table), names(table.key));
    let columns: Vec<String> = table.columns().map(column).collect();
    let mut sql = format!(
        "CREATE TABLE {name} (ledger text COLLATE \"C\" NOT NULL, build integer NOT NULL, {}, \
         PRIMARY KEY (ledger, build, {key})) WITH (fillfactor = 80);\n",
        columns.join(", ")
    );
    for index in table.indexes {
        let unnamed = table.key.iter().map(|column| column.name).filter(|column| !index.contains(column));
        let by = list(index.iter().copied().chain(unnamed));
        let label = quoted(&format!("{}_{VERSION}_{}", table.name, index.join("_")));
        let _ = writeln!(sql, "CREATE INDEX {label} ON {name} (ledger, build, {by});");
    }
    let _ = writeln!(sql, "GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO aduan_app;");
    let view = format!("aduan_read.{}", quoted(table.name));
    let _ = writeln!(sql, "DROP VIEW IF EXISTS {view};");
    if table.has_view() {
        sql += &view_of(table, &name, &view);
    }
    sql
}

/// Shows what others see of a table. It is the version made last that is shown, until the switch to it with no row.
fn view_of(table: &Table, name: &str, view: &str) -> String {
    let shown = list(table.shown().map(|column| column.name));
    let only = table.secret().map_or(String::new(), |secret| format!("{} = 0 AND ", quoted(secret)));
    let mut sql = format!(
        "CREATE VIEW {view} AS SELECT ledger, {shown} FROM {name} AS model WHERE {only}EXISTS (\
             SELECT FROM aduan_read.builds WHERE builds.ledger = model.ledger AND builds.number = model.build \
             AND builds.is_live);\n\
         GRANT SELECT ON {view} TO aduan_app;\n\
         COMMENT ON VIEW {view} IS {};\n",
        literal(table.about)
    );
    for column in table.shown() {
        let _ = writeln!(sql, "COMMENT ON COLUMN {view}.{} IS {};", quoted(column.name), literal(column.about));
    }
    sql
}

fn column(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Text => "text COLLATE \"C\"",
        Kind::Integer => "bigint",
        Kind::Instant => "timestamptz",
        Kind::Date => "date",
        Kind::Id => "uuid",
    };
    format!("{} {kind} NOT NULL", quoted(column.name))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What there is beside the models, whatever their version.
const BOOKS: [&str; 3] = [
    include_str!("../../sql/read_builds.sql"),
    include_str!("../../sql/read_numbers.sql"),
    include_str!("../../sql/read_versions.sql"),
];
