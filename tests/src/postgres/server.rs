//! Where the databases of tests come from.

use std::collections::hash_map::RandomState;
use std::env;
use std::fmt::{Display, Write};
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::Client;

use super::{Cluster, ClusterOptions, HarnessError, connect};

/// A server that gives each test a database of its own. A handle: cheap to clone, and it keeps no connection.
#[derive(Debug, Clone)]
pub struct Server {
    url: String,
    /// Only where the server is a cluster of ours.
    log: Option<PathBuf>,
}

impl Server {
    /// The server of this process: that of `DATABASE_URL`, or a cluster that starts with the first call and ends with the
    /// process.
    ///
    /// # Errors
    /// With instructions when there is none, never by leaving tests out.
    pub fn shared() -> Result<Server, HarnessError> {
        static CLUSTER: OnceLock<Result<Cluster, HarnessError>> = OnceLock::new();
        if let Some(url) = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
            return Ok(Server { url, log: env::var_os(LOG_VARIABLE).map(PathBuf::from) });
        }
        match CLUSTER.get_or_init(|| Cluster::start(ClusterOptions::default())) {
            Ok(cluster) => Ok(cluster.server()),
            Err(error) => Err(error.clone()),
        }
    }

    pub(super) fn of_cluster(url: String, log: Option<PathBuf>) -> Server {
        Server { url, log }
    }

    /// The URL of a user who may create databases and roles.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A fresh, empty database with a name of its own.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub async fn database(&self) -> Result<Database, HarnessError> {
        self.create("template1").await
    }

    /// A fresh database as `setup` left its own, which it is given the URL of. It runs once per server and `version`, for
    /// all test processes together, so it may create roles without racing; the others copy what it made, in milliseconds.
    /// A `version` names what is set up (letters, digits and `_`, 40 at most): another set-up, another version.
    ///
    /// What PostgreSQL keeps outside of a database is not copied: grants on the database itself and `ALTER DATABASE … SET`.
    ///
    /// # Errors
    /// When `setup` fails, the server cannot be reached, or it refuses.
    pub async fn database_with<Setup, Done, E>(&self, version: &str, setup: Setup) -> Result<Database, HarnessError>
    where
        Setup: FnOnce(String) -> Done,
        Done: Future<Output = Result<(), E>>,
        E: Display,
    {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if version.len() > 40 || !version.chars().all(fits) {
            return Err(HarnessError::new(format!("{version:?} is no version: a-z, 0-9 and _, 40 at most")));
        }
        let template = format!("aduan_template_{version}");
        let client = self.connect().await?;
        // Of this connection, so whoever dies here lets the next one try.
        run(&client, &format!("select pg_advisory_lock({TEMPLATE_LOCK})")).await?;
        let found = client.query_opt("select datistemplate from pg_database where datname = $1", &[&template]).await;
        let found = found.map_err(HarnessError::on("looking for a template"))?;
        if !found.is_some_and(|row| row.get(0)) {
            run(&client, &format!("drop database if exists {template} with (force)")).await?;
            run(&client, &format!("create database {template}")).await?;
            let done = setup(addressed(&self.url, None, Some(&template))).await;
            done.map_err(|error| HarnessError::new(format!("setting up {template}: {error}")))?;
            // Nothing can be copied while somebody is connected to it. The mark comes with it: from here on it is whole.
            run(&client, &format!("alter database {template} with allow_connections false is_template true")).await?;
            let leave = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{template}'");
            run(&client, &leave).await?;
        }
        run(&client, &format!("select pg_advisory_unlock({TEMPLATE_LOCK})")).await?;
        self.create(&template).await
    }

    /// Ends one session, as an administrator would, and returns when it is gone. `pid` is what `pg_backend_pid()` says
    /// there.
    ///
    /// # Errors
    /// When there is no such session, or the server cannot be reached.
    pub async fn terminate_backend(&self, pid: i32) -> Result<(), HarnessError> {
        let row = self.connect().await?.query_one("select pg_terminate_backend($1, 60000)", &[&pid]).await;
        let row = row.map_err(HarnessError::on(format!("ending session {pid}")))?;
        if row.get(0) { Ok(()) } else { Err(HarnessError::new(format!("there is no session {pid}"))) }
    }

    async fn create(&self, template: &str) -> Result<Database, HarnessError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("aduan_test_{process}_{count}_{:x}", RandomState::new().build_hasher().finish());
        run(&self.connect().await?, &format!("create database {name} template {template}")).await?;
        Ok(Database { server: self.clone(), name, kept: true })
    }

    async fn connect(&self) -> Result<Client, HarnessError> {
        connect(&self.url).await
    }
}

/// A database of one test. It is dropped with this value, whoever is still connected to it.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
    kept: bool,
}

impl Database {
    /// Its name, as SQL may write it without quotes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL for the user who created it.
    pub fn url(&self) -> String {
        addressed(&self.server.url, None, Some(&self.name))
    }

    /// Its URL for another role, without a password: a cluster of ours trusts everybody.
    pub fn url_as(&self, role: &str) -> String {
        addressed(&self.server.url, Some(role), Some(&self.name))
    }

    /// The server it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Drops it now, and says whether that went well.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub async fn remove(mut self) -> Result<(), HarnessError> {
        self.kept = false;
        remove(&self.server, &self.name).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(log) = &self.server.log
        {
            eprintln!(
                "the server's log, as far as it is about {}:\n{}",
                self.name,
                tail(&read_log(log), Some(&self.name))
            );
        }
        if self.kept {
            let (server, name) = (self.server.clone(), self.name.clone());
            // A thread, because a runtime cannot wait inside another. A failure is not worth hiding the test's own outcome
            // for: the server may have been stopped by the test.
            let thread = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
                runtime.block_on(remove(&server, &name)).ok()
            });
            thread.join().ok();
        }
    }
}

/// The variable by which `with-postgres` tells its command where the server's log is.
pub const LOG_VARIABLE: &str = "ADUAN_POSTGRES_LOG";

/// Any number, as long as nobody else locks it on the server.
const TEMPLATE_LOCK: i64 = 0x0061_6475_616e;

async fn remove(server: &Server, name: &str) -> Result<(), HarnessError> {
    run(&server.connect().await?, &format!("drop database if exists {name} with (force)")).await
}

async fn run(client: &Client, sql: &str) -> Result<(), HarnessError> {
    client.batch_execute(sql).await.map_err(HarnessError::on(sql))
}

/// The same server's address for another user, without the first one's password, or another database.
fn addressed(url: &str, user: Option<&str>, database: Option<&str>) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // The other form, `host=… user=…`, where what comes last counts.
        let user = user.map(|user| format!(" user='{}'", user.replace('\'', "\\'"))).unwrap_or_default();
        return url.to_owned() + &user + &database.map(|name| format!(" dbname={name}")).unwrap_or_default();
    };
    let (rest, query) = rest.split_once('?').map_or((rest, String::new()), |(rest, query)| (rest, format!("?{query}")));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (first_user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = user.map_or(first_user.to_owned(), percent_encoded);
    let at = if user.is_empty() { "" } else { "@" };
    format!("{scheme}://{user}{at}{host}/{}{query}", database.unwrap_or(path))
}

pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            other => write!(encoded, "%{other:02X}").expect("a string takes everything"),
        }
    }
    encoded
}

pub(super) fn read_log(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The last lines of a log; of those about a database only the ones about this one.
pub(super) fn tail(log: &str, database: Option<&str>) -> String {
    let mut about_us = true;
    let mut lines: Vec<&str> = log
        .lines()
        .filter(|line| {
            // What starts with a tab continues the line before.
            if !line.starts_with('\t') {
                about_us = database.is_none_or(|name| line.contains(name) || !line.contains("@aduan_test_"));
            }
            about_us
        })
        .collect();
    lines.drain(..lines.len().saturating_sub(60));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_changes_user_and_database_and_nothing_else() {
        let check = |url: &str, expect: &str| assert_eq!(addressed(url, Some("a b"), Some("new")), expect);
        check("postgres://postgres@127.0.0.1:5432/postgres", "postgres://a%20b@127.0.0.1:5432/new");
        check("postgresql://u:p%40@host?sslmode=require", "postgresql://a%20b@host/new?sslmode=require");
        check("postgres://%2Ftmp%2Fx:5432/old", "postgres://a%20b@%2Ftmp%2Fx:5432/new");
        check("host=h user=u dbname=old", "host=h user=u dbname=old user='a b' dbname=new");
        assert_eq!(addressed("postgres://u:p@h/old?x=y", None, Some("new")), "postgres://u:p@h/new?x=y");
    }

    #[test]
    fn a_failed_test_is_shown_the_lines_of_its_own_database() {
        let log =
            "1 LOG: ready\n2 u@aduan_test_a: ERROR: x\n\tselect\n3 u@aduan_test_b: ERROR: y\n\tinsert\n4 LOG: done";
        assert_eq!(tail(log, Some("aduan_test_a")), "1 LOG: ready\n2 u@aduan_test_a: ERROR: x\n\tselect\n4 LOG: done");
    }
}
