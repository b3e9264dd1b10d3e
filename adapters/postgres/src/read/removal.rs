//! Taking a build away, with all its rows.

use aduan::read::ReadError;
use tokio_postgres::{Client, Error};

use super::{PostgresReadStore, failed};
use crate::readers::Asked;

/// Takes the rows away little by little, and what is left together with the build: a step that is under way then
/// finds none. Whoever is cut short in between finds the build where it was, and begins again.
pub(super) async fn discard(store: &PostgresReadStore, build: i32) -> Result<(), ReadError> {
    let ledger = store.ledger.as_str();
    // Of every version: another release may have built it.
    let tables = store.rows_of(TABLES_WITH_BUILDS, &[]).await?;
    let tables: Vec<String> =
        tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
    for table in &tables {
        let sql = format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(\
             SELECT ctid FROM {table} WHERE ledger = $1 AND build = $2 LIMIT {ROWS_AT_ONCE}))"
        );
        let mut taken = ROWS_AT_ONCE;
        while taken == ROWS_AT_ONCE {
            let one_batch = async |mut asked: Asked<'_>| {
                let statement = asked.prepared(sql.clone()).await.map_err(|error| failed(&error))?;
                asked.client.execute(&statement, &[&ledger, &build]).await.map_err(|error| failed(&error))
            };
            taken = store.ask(one_batch).await?;
        }
    }
    store
        .ask(async |asked| {
            let done = rest(asked.client, ledger, build, &tables).await;
            if done.is_err() {
                // Its answer changes nothing; a connection that is lost is not given to anybody else.
                let _ = asked.client.batch_execute("ROLLBACK").await;
            }
            done.map_err(|error| failed(&error))
        })
        .await
}

async fn rest(client: &Client, ledger: &str, build: i32, tables: &[String]) -> Result<(), Error> {
    client.batch_execute("BEGIN").await?;
    client.execute("DELETE FROM aduan_read.builds WHERE ledger = $1 AND number = $2", &[&ledger, &build]).await?;
    for table in tables {
        let sql = format!("DELETE FROM {table} WHERE ledger = $1 AND build = $2");
        client.execute(&sql, &[&ledger, &build]).await?;
    }
    client.batch_execute("COMMIT").await
}

const ROWS_AT_ONCE: u64 = 10_000;

const TABLES_WITH_BUILDS: &str = "SELECT c.oid::regclass::text FROM pg_class AS c \
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'build' \
    WHERE c.relnamespace = 'aduan_read'::regnamespace AND c.relkind = 'r'";
