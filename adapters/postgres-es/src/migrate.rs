//! The view and its trigger, made over the tables of `aduan-postgres`.

use sqlx::{Connection as _, PgConnection};

use crate::OpenError;
use crate::connect::options;

/// Makes the view through which postgres-es works, or makes it anew where it is that of another release.
///
/// Run it as somebody who may act as `aduan_owner`, after `aduan_postgres::migrate`. Again, it changes nothing.
///
/// # Errors
/// When the tables are not there, or the database is not reached or refuses.
pub async fn migrate(url: &str) -> Result<(), OpenError> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    let mut transaction = connection.begin().await?;
    // The lock of `aduan_postgres::migrate`: one at a time.
    sqlx::raw_sql("SELECT pg_advisory_xact_lock(hashtextextended('aduan.migrate', 0))")
        .execute(&mut *transaction)
        .await?;
    let are_there: bool = sqlx::query_scalar(TABLES_ARE_THERE).fetch_one(&mut *transaction).await?;
    if !are_there {
        return Err(OpenError::NoTables);
    }
    sqlx::raw_sql("SET LOCAL ROLE aduan_owner").execute(&mut *transaction).await?;
    for (_, sql) in STEPS {
        sqlx::raw_sql(sql).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

/// The body of the function that a step makes.
pub(crate) fn source_of(step: &str) -> &'static str {
    let sql = STEPS.iter().find(|(name, _)| *name == step).map_or("", |(_, sql)| *sql);
    sql.split("$$").nth(1).unwrap_or_default()
}

const TABLES_ARE_THERE: &str = "SELECT to_regclass('aduan.events') IS NOT NULL AND to_regclass('aduan.ledger') IS NOT NULL \
    AND to_regprocedure('aduan.genesis(text, text)') IS NOT NULL";

const STEPS: [(&str, &str); 4] = [
    ("record_hash", include_str!("../sql/record_hash.sql")),
    ("log_hash", include_str!("../sql/log_hash.sql")),
    ("postgres_es_events", include_str!("../sql/postgres_es_events.sql")),
    ("postgres_es_insert", include_str!("../sql/postgres_es_insert.sql")),
];
