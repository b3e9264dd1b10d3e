//! Connections: what each is told before it is used, and what the server is asked.

use std::str::FromStr as _;
use std::time::Duration;

use aduan::store::Head;
use aduan::values::{Digest, LedgerId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Row as _};

use crate::migrate::source_of;
use crate::{OpenError, PostgresEsOptions};

/// Reads a URL.
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| OpenError::Url(error.to_string()))?;
    // What is said to the server may hold what was recorded.
    Ok(options.application_name("aduan-postgres-es").disable_statement_logging())
}

/// Connections for a ledger, every one of them sure of its server.
pub(crate) async fn pool(url: &str, ledger: &LedgerId, with: &PostgresEsOptions) -> Result<PgPool, OpenError> {
    let address = options(url)?;
    // One by itself first: a pool tells less of why it has none.
    let mut first = PgConnection::connect_in_time(&address, with.deadline).await?;
    set_up(&mut first, ledger, with).await?;
    check_schema(&mut first).await?;
    drop(first);
    let (ledger, set) = (ledger.clone(), with.clone());
    let pool = PgPoolOptions::new()
        .max_connections(with.connections.max(2))
        .acquire_timeout(with.deadline)
        .after_connect(move |connection, _| {
            let (ledger, set) = (ledger.clone(), set.clone());
            Box::pin(async move {
                set_up(connection, &ledger, &set).await.map_err(|error| sqlx::Error::Configuration(error.into()))
            })
        });
    Ok(pool.connect_lazy_with(address))
}

/// Creates a ledger, where it does not exist.
pub(crate) async fn create(pool: &PgPool, ledger: &LedgerId) -> Result<(), OpenError> {
    let Head { position, log_hash, .. } = Head::empty(ledger.clone());
    sqlx::query(CREATE)
        .bind(ledger.as_str())
        .bind(position as i64)
        .bind(Digest::of(b"").0.as_slice())
        .bind(log_hash.0.as_slice())
        .execute(pool)
        .await?;
    Ok(())
}

/// Whether a ledger exists.
pub(crate) async fn exists(pool: &PgPool, ledger: &LedgerId) -> Result<bool, OpenError> {
    let asked = "SELECT EXISTS (SELECT FROM aduan.ledger WHERE name = $1)";
    Ok(sqlx::query_scalar(asked).bind(ledger.as_str()).fetch_one(pool).await?)
}

trait InTime: Sized {
    async fn connect_in_time(address: &PgConnectOptions, deadline: Duration) -> Result<Self, OpenError>;
}

impl InTime for PgConnection {
    async fn connect_in_time(address: &PgConnectOptions, deadline: Duration) -> Result<Self, OpenError> {
        let connected = tokio::time::timeout(deadline, address.connect()).await;
        Ok(connected.map_err(|_| OpenError::Server("no connection within the deadline".into()))??)
    }
}

/// Tells a session its ledger and its limits, and asks whether the server keeps what it acknowledges.
async fn set_up(session: &mut PgConnection, ledger: &LedgerId, with: &PostgresEsOptions) -> Result<(), OpenError> {
    // The server gives up well before we do, so that a limit is its own word: nothing was stored.
    let limit = (with.deadline.as_millis() / 2).max(1).to_string();
    let row = sqlx::query(SET_UP).bind(ledger.as_str()).bind(limit).fetch_one(session).await?;
    for (place, (name, is_sound)) in WANTED.iter().enumerate() {
        let found: String = row.try_get(place)?;
        let is_asked_for = with.unsafe_lose_last_commits && LOSSY.contains(name);
        if !is_sound(&found) && !is_asked_for {
            return Err(OpenError::Setting { name, found });
        }
    }
    Ok(())
}

/// Checks that the functions behind the view are those of this release, and that the tables are guarded.
async fn check_schema(session: &mut PgConnection) -> Result<(), OpenError> {
    let are_there = sqlx::query_scalar::<_, bool>("SELECT to_regclass('aduan.events') IS NOT NULL");
    if !are_there.fetch_one(&mut *session).await? {
        return Err(OpenError::NoTables);
    }
    if !sqlx::query_scalar::<_, bool>(HAS_OUR_BOXES).fetch_one(&mut *session).await? {
        return Err(OpenError::OtherTables);
    }
    let has_trigger: bool = sqlx::query_scalar(HAS_TRIGGER).fetch_one(&mut *session).await?;
    if !has_trigger {
        return Err(OpenError::OtherView { object: "aduan.postgres_es_events" });
    }
    for (object, step) in FUNCTIONS {
        let found: Vec<String> = sqlx::query_scalar(SOURCES).bind(step).fetch_all(&mut *session).await?;
        if found != [source_of(step)] {
            return Err(OpenError::OtherView { object });
        }
    }
    let guards: Vec<String> = sqlx::query_scalar(ACTIVE_GUARDS).fetch_all(&mut *session).await?;
    match GUARDS.into_iter().find(|guard| !guards.iter().any(|found| found == guard)) {
        Some(guard) => Err(OpenError::NoGuard { guard }),
        None => Ok(()),
    }
}

const SET_UP: &str = "SELECT current_setting('server_encoding'), current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit'), pg_is_in_recovery()::text, \
    set_config('aduan.ledger', $1, false), set_config('statement_timeout', $2, false), \
    set_config('lock_timeout', $2, false), set_config('idle_in_transaction_session_timeout', $2, false)";

type Wanted = (&'static str, fn(&str) -> bool);
const WANTED: [Wanted; 5] = [
    ("server_encoding", |found| found == "UTF8"),
    ("fsync", |found| found == "on"),
    ("full_page_writes", |found| found == "on"),
    ("synchronous_commit", |found| found != "off"),
    ("pg_is_in_recovery", |found| found == "false"),
];
/// What the option that says unsafe lets pass.
const LOSSY: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// The one table that was another in an earlier layout.
const HAS_OUR_BOXES: &str = "SELECT count(*) = 2 FROM pg_attribute \
    WHERE attrelid = to_regclass('aduan.boxes') AND attname IN ('marks', 'sealed')";
const HAS_TRIGGER: &str = "SELECT EXISTS (SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid \
    WHERE t.tgrelid = to_regclass('aduan.postgres_es_events') AND t.tgenabled <> 'D' \
    AND p.proname = 'postgres_es_insert' AND p.pronamespace = 'aduan'::regnamespace)";
const SOURCES: &str = "SELECT prosrc FROM pg_proc WHERE proname = $1 AND pronamespace = 'aduan'::regnamespace";
const FUNCTIONS: [(&str, &str); 3] = [
    ("aduan.postgres_es_insert", "postgres_es_insert"),
    ("aduan.record_hash", "record_hash"),
    ("aduan.log_hash", "log_hash"),
];

const ACTIVE_GUARDS: &str = "SELECT t.tgname::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid \
    WHERE c.relnamespace = 'aduan'::regnamespace AND t.tgenabled = 'A'";
const GUARDS: [&str; 9] = [
    "events_insert_guard",
    "events_change_guard",
    "boxes_change_guard",
    "keys_change_guard",
    "documents_change_guard",
    "ledger_insert_guard",
    "ledger_update_guard",
    "ledger_removal_guard",
    "attestations_change_guard",
];

const CREATE: &str = "INSERT INTO aduan.ledger (name, position, record_hash, log_hash) VALUES ($1, $2, $3, $4) \
    ON CONFLICT DO NOTHING";
