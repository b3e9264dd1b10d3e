//! The schema: made step by step, each once.

use aduan::values::Digest;
use tokio_postgres::Client;

use crate::connect::Address;
use crate::read::models;
use crate::{OpenError, PostgresOptions};

/// Makes the tables, guards and roles that are missing, whole or not at all; the names of the steps it took, and
/// `read_models` where it made those of this release.
///
/// Run it as somebody who may create schemas in the database and, the first time, roles: never as the application.
/// Again, it does nothing. Rows are never touched.
///
/// # Errors
/// When the database is not reached or refuses, or its tables are those of another release.
pub async fn migrate(url: &str, options: &PostgresOptions) -> Result<Vec<&'static str>, OpenError> {
    let (client, mut carrier) = Address::read(url, options)?.connect_plainly().await?;
    carrier.carry(until_no_race(&client)).await
}

async fn until_no_race(client: &Client) -> Result<Vec<&'static str>, OpenError> {
    let mut tries = 0;
    loop {
        client.batch_execute("BEGIN").await.map_err(OpenError::server)?;
        let migrated = match in_transaction(client).await {
            Ok(steps) => client.batch_execute("COMMIT").await.map(|()| steps).map_err(Stop::from),
            Err(stop) => Err(stop),
        };
        match migrated {
            Ok(steps) => return Ok(steps),
            Err(Stop::Said(error)) => return Err(error),
            Err(Stop::Server(error)) => {
                if client.batch_execute("ROLLBACK").await.is_err() {
                    return Err(OpenError::server(error));
                }
                tries += 1;
                // Roles are the whole cluster's: somebody migrated another database of it at the same moment.
                let raced = error.code().is_some_and(|code| ["23505", "42710", "XX000"].contains(&code.code()));
                if !raced || tries == TRIES {
                    return Err(OpenError::server(error));
                }
            }
        }
    }
}

/// A name for the tables that this release makes: another one where any of them is made in another way.
pub fn layout() -> String {
    let models = models::digest();
    let steps = STEPS.iter().map(|(_, sql)| sql.as_bytes());
    let parts: Vec<&[u8]> = steps.chain([models.0.as_slice()]).collect();
    Digest::of_parts("aduan/layout/v1\n", &parts).to_string()[..16].to_owned()
}

pub(crate) enum Stop {
    Server(tokio_postgres::Error),
    Said(OpenError),
}

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        Stop::Server(error)
    }
}

async fn in_transaction(client: &Client) -> Result<Vec<&'static str>, Stop> {
    client.batch_execute("SELECT pg_advisory_xact_lock(hashtextextended('aduan.migrate', 0))").await?;
    let there = client.query_one("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'aduan')", &[]).await?;
    let is_new = !there.try_get::<_, bool>(0)?;
    if is_new {
        client.batch_execute(include_str!("../sql/roles.sql")).await?;
    }
    let is_lent = lend_ownership(client).await?;
    if is_new {
        client.batch_execute(include_str!("../sql/schema.sql")).await?;
    }
    let reads_are_new = models::make_schema(client).await?;
    client.batch_execute("SET LOCAL ROLE aduan_owner").await?;
    if is_new {
        client.batch_execute(include_str!("../sql/migrations.sql")).await?;
    }
    let done = done(client).await?;
    let missing = pending(&done).map_err(Stop::Said)?;
    for (name, sql) in missing {
        client.batch_execute(sql).await?;
        let hash = Digest::of(sql.as_bytes());
        let noted = "INSERT INTO aduan.migrations (name, hash) VALUES ($1, $2)";
        client.execute(noted, &[name, &hash.0.as_slice()]).await?;
    }
    let mut taken: Vec<&'static str> = missing.iter().map(|(name, _)| *name).collect();
    if models::make(client, reads_are_new).await? {
        taken.push("read_models");
    }
    if is_lent {
        // Nobody who can log in keeps the right to drop a guard.
        client.batch_execute("RESET ROLE; REVOKE aduan_owner FROM CURRENT_USER").await?;
    }
    Ok(taken)
}

/// Makes whoever migrates a member of the owner, for as long as that takes; whether they were not.
async fn lend_ownership(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let has = "SELECT pg_has_role(current_user, 'aduan_owner', 'USAGE')";
    if client.query_one(has, &[]).await?.try_get(0)? {
        return Ok(false);
    }
    client.batch_execute("GRANT aduan_owner TO CURRENT_USER").await?;
    Ok(true)
}

/// Name and hash of every step that was taken, in order.
pub(crate) async fn done(client: &Client) -> Result<Vec<(String, Vec<u8>)>, tokio_postgres::Error> {
    let rows = client.query("SELECT name, hash FROM aduan.migrations ORDER BY number", &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The steps that are missing; an error where those that were taken are not ours.
pub(crate) fn pending(done: &[(String, Vec<u8>)]) -> Result<&'static [Step], OpenError> {
    for (place, (name, hash)) in done.iter().enumerate() {
        let ours = STEPS.get(place).is_some_and(|(our_name, sql)| {
            our_name == name && Digest::of(sql.as_bytes()).0.as_slice() == hash.as_slice()
        });
        if !ours {
            return Err(OpenError::OtherLayout { what: format!("step {name} was taken by another release") });
        }
    }
    Ok(&STEPS[done.len()..])
}

const TRIES: u32 = 5;

type Step = (&'static str, &'static str);

macro_rules! steps {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../sql/", $name, ".sql")))),*] };
}

/// In the order in which they are made. A step that is out there never changes: another one is added.
pub(crate) const STEPS: [Step; 17] = steps![
    "ledger",
    "events",
    "boxes",
    "keys",
    "documents",
    "genesis",
    "refuse_change",
    "events_insert_guard",
    "events_change_guard",
    "boxes_change_guard",
    "keys_change_guard",
    "documents_change_guard",
    "ledger_insert_guard",
    "ledger_update_guard",
    "ledger_removal_guard",
    "attestations",
    "attestations_change_guard",
];
