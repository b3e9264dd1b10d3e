//! Taking a build away, with all its rows.

use aduan::read::ReadError;

use super::{PostgresReadStore, failed};
use crate::readers::Asked;

/// Takes the build away, so that nobody is answered from it any more, and then its rows. A step that is under way
/// ends before, and the next one finds no build.
pub(super) async fn discard(store: &PostgresReadStore, build: i32) -> Result<(), ReadError> {
    store.rows_of(FORGET, &[&store.ledger.as_str(), &build]).await?;
    sweep(store).await
}

/// Takes away, little by little, the rows of builds that are gone. Whoever is cut short leaves the rest to the next one.
pub(super) async fn sweep(store: &PostgresReadStore) -> Result<(), ReadError> {
    // Of every version: another release may have built it.
    let tables = store.rows_of(TABLES_WITH_BUILDS, &[]).await?;
    for table in &tables {
        let table: String = table.try_get(0).map_err(|error| failed(&error))?;
        let orphans = asked_of(store, builds_gone(&table), None).await?;
        for orphan in &orphans {
            let build: i32 = orphan.try_get(0).map_err(|error| failed(&error))?;
            // Until there is none: of two who sweep the same, one goes on.
            while !asked_of(store, some_rows_away(&table), Some(build)).await?.is_empty() {}
        }
    }
    Ok(())
}

async fn asked_of(
    store: &PostgresReadStore,
    sql: String,
    build: Option<i32>,
) -> Result<Vec<tokio_postgres::Row>, ReadError> {
    let ledger = store.ledger.as_str();
    let ask = async |mut asked: Asked<'_>| {
        let statement = asked.prepared(sql).await.map_err(|error| failed(&error))?;
        let found = match &build {
            Some(build) => asked.client.query(&statement, &[&ledger, build]).await,
            None => asked.client.query(&statement, &[&ledger]).await,
        };
        found.map_err(|error| failed(&error))
    };
    store.ask(ask).await
}

/// The builds that have rows in a table, but are gone. From each it goes to the next along the key, past their rows.
fn builds_gone(table: &str) -> String {
    let next = |and: &str| format!("(SELECT build FROM {table} WHERE ledger = $1{and} ORDER BY build LIMIT 1)");
    let (first, next) = (next(""), next(" AND build > known.build"));
    format!(
        "WITH RECURSIVE known AS ({first} UNION ALL SELECT {next} FROM known WHERE build IS NOT NULL) \
         SELECT build FROM known WHERE build IS NOT NULL AND NOT EXISTS (\
             SELECT FROM aduan_read.builds WHERE builds.ledger = $1 AND builds.number = known.build)"
    )
}

/// Takes some rows of a build away; whether there were any.
fn some_rows_away(table: &str) -> String {
    format!(
        "WITH away AS (DELETE FROM {table} WHERE ctid = ANY (ARRAY(\
             SELECT ctid FROM {table} WHERE ledger = $1 AND build = $2 LIMIT {ROWS_AT_ONCE})) RETURNING 1) \
         SELECT FROM away LIMIT 1"
    )
}

const ROWS_AT_ONCE: u64 = 10_000;

const FORGET: &str = "DELETE FROM aduan_read.builds WHERE ledger = $1 AND number = $2";

const TABLES_WITH_BUILDS: &str = "SELECT c.oid::regclass::text FROM pg_class AS c \
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'build' \
    WHERE c.relnamespace = 'aduan_read'::regnamespace AND c.relkind = 'r'";
