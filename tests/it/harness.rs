//! The PostgreSQL harness itself: databases are apart, a crash loses nothing committed, and nothing is left behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aduan_testkit::postgres::{Cluster, ClusterOptions, Database, Server, connect};

async fn answer(database: &Database, sql: &str) -> String {
    ask(&database.url(), sql).await
}

async fn ask(url: &str, sql: &str) -> String {
    connect(url).await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

async fn run(database: &Database, sql: &str) {
    connect(&database.url()).await.unwrap().batch_execute(sql).await.unwrap();
}

const COUNT_TABLES: &str = "select count(*)::text from pg_tables where tablename = 'mine'";

#[tokio::test]
async fn a_fresh_database_answers() {
    let database = Server::shared().unwrap().database().await.unwrap();
    assert_eq!(answer(&database, "select (1 + 1)::text").await, "2");
    assert_eq!(answer(&database, "select current_database()::text").await, database.name());
}

#[tokio::test]
async fn databases_do_not_see_each_other() {
    let server = Server::shared().unwrap();
    let (one, two) = (server.database().await.unwrap(), server.database().await.unwrap());
    run(&one, "create table mine ()").await;
    assert_eq!(answer(&one, COUNT_TABLES).await, "1");
    assert_eq!(answer(&two, COUNT_TABLES).await, "0");
}

#[tokio::test]
async fn a_database_is_dropped_although_somebody_is_connected() {
    let server = Server::shared().unwrap();
    let (dropped, removed) = (server.database().await.unwrap(), server.database().await.unwrap());
    let names = format!("'{}', '{}'", dropped.name(), removed.name());
    let count = format!("select count(*)::text from pg_database where datname in ({names})");
    let _connected = connect(&dropped.url()).await.unwrap();
    assert_eq!(ask(server.url(), &count).await, "2");
    drop(dropped);
    removed.remove().await.unwrap();
    assert_eq!(ask(server.url(), &count).await, "0");
}

#[tokio::test]
async fn a_setup_runs_once_and_is_copied() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let setups = std::sync::atomic::AtomicU32::new(0);
    let make = async || {
        let setup = async |url: String| {
            setups.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // It stays connected, as a pool would.
            let client = Box::leak(Box::new(connect(&url).await?));
            let sql = "create role clerk login; create table mine (); grant select on mine to clerk";
            client.batch_execute(sql).await.unwrap();
            Ok::<_, aduan_testkit::postgres::HarnessError>(())
        };
        let database = cluster.server().database_with("v1", setup).await.unwrap();
        assert_eq!(ask(&database.url_as("clerk"), "select count(*)::text from mine").await, "0");
        assert_eq!(ask(&database.url_as("clerk"), "select current_user::text").await, "clerk");
    };
    tokio::join!(make(), make(), make(), make());
    assert_eq!(setups.into_inner(), 1);
}

#[tokio::test]
async fn a_failed_setup_is_tried_again() {
    let server = Server::shared().unwrap();
    let version = format!("failing_{}", std::process::id());
    let error = server.database_with(&version, async |_| Err("no ink")).await.unwrap_err();
    assert!(error.to_string().contains("no ink"), "{error}");
    let setup = async |url: String| {
        connect(&url).await.unwrap().batch_execute("create table mine ()").await.unwrap();
        Ok::<_, String>(())
    };
    let database = server.database_with(&version, setup).await.unwrap();
    assert_eq!(answer(&database, COUNT_TABLES).await, "1");
}

#[tokio::test]
async fn what_was_committed_survives_an_immediate_stop() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let (port, pid) = (cluster.port(), cluster.pid().unwrap());
    let database = cluster.server().database().await.unwrap();
    run(&database, "create table mine (); insert into mine default values").await;
    cluster.stop_immediately().unwrap();
    assert!(!is_running(pid) && cluster.pid().is_none());
    assert!(connect(&database.url()).await.is_err());
    cluster.start_again().unwrap();
    assert_eq!(cluster.port(), port);
    assert_eq!(answer(&database, "select count(*)::text from mine").await, "1");
    assert!(cluster.log_tail().contains("automatic recovery in progress"), "{}", cluster.log_tail());
    cluster.restart().unwrap();
    assert_eq!(answer(&database, "select count(*)::text from mine").await, "1");
}

#[test]
fn a_stopped_cluster_waits_for_its_port() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    cluster.stop_immediately().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", cluster.port())).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("a start has failed", || cluster.log_tail().contains("Address already in use"));
            drop(taken);
        });
        cluster.start_again().unwrap();
    });
    assert!(is_running(cluster.pid().unwrap()));
}

#[tokio::test]
async fn a_session_can_be_ended_alone_or_with_all_others() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let (one, other) = (connect(&cluster.url()).await.unwrap(), connect(&cluster.socket_url()).await.unwrap());
    let pid = one.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    cluster.terminate_backend(pid).await.unwrap();
    assert!(one.batch_execute("select 1").await.is_err());
    assert!(cluster.terminate_backend(pid).await.is_err());
    other.batch_execute("select 1").await.unwrap();

    let one = connect(&cluster.url()).await.unwrap();
    let pid = one.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    cluster.kill_backend_hard(pid).unwrap();
    assert!(one.batch_execute("select 1").await.is_err());
    assert!(other.batch_execute("select 1").await.is_err());
    assert_eq!(ask(&cluster.url(), "select 'back'").await, "back");
}

#[tokio::test]
async fn a_cluster_keeps_every_promise_and_takes_settings_and_environment() {
    let options = ClusterOptions {
        settings: vec![("application_name".into(), "o'clock".into()), ("work_mem".into(), "5MB".into())],
        environment: vec![("ADUAN_HARNESS".into(), "two words".into())],
        ..ClusterOptions::default()
    };
    let cluster = Cluster::start(options).unwrap();
    for promise in ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"] {
        assert_eq!(ask(&cluster.url(), &format!("select current_setting('{promise}')")).await, "on", "{promise}");
    }
    assert_eq!(ask(&cluster.url(), "select current_setting('application_name')").await, "o'clock");
    assert_eq!(ask(&cluster.url(), "select current_setting('work_mem')").await, "5MB");
    let environment = std::fs::read(format!("/proc/{}/environ", cluster.pid().unwrap()));
    // Only Linux tells.
    if let Ok(environment) = environment {
        assert!(String::from_utf8_lossy(&environment).contains("ADUAN_HARNESS=two words"));
    }
}

#[test]
fn a_dropped_cluster_leaves_nothing() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let (folder, pid) = (cluster.folder().to_path_buf(), cluster.pid().unwrap());
    assert!(folder.join("data/PG_VERSION").exists() && is_running(pid));
    drop(cluster);
    assert!(!folder.exists() && !is_running(pid));
}

#[test]
fn a_server_that_cannot_start_says_why_and_leaves_nothing() {
    let parent = tempfile::Builder::new().permissions(open_to_all()).tempdir_in("/tmp").unwrap();
    let options = ClusterOptions {
        parent: Some(parent.path().to_path_buf()),
        settings: vec![("max_connections".into(), "many".into())],
        ..ClusterOptions::default()
    };
    let error = Cluster::start(options).unwrap_err();
    assert!(error.to_string().contains("max_connections"), "{error}");
    assert_eq!(parent.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_killed_owner_leaves_nothing() {
    let mut owner = with_postgres(["sh", "-c", "echo \"$DATABASE_URL\"; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let data = PathBuf::from(ask(url.trim(), "select current_setting('data_directory')").await);
    let pid = postmaster(&data);
    assert!(is_running(pid));

    owner.kill().unwrap();
    owner.wait().unwrap();
    let folder = data.parent().unwrap();
    until("the watchdog has cleaned up", || !folder.exists() && !is_running(pid));
    assert!(connect(url.trim()).await.is_err());
}

#[test]
fn with_postgres_ends_as_its_command_and_leaves_nothing() {
    let output = with_postgres(["sh", "-c", "echo \"$ADUAN_POSTGRES_LOG\"; exit 7"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let log = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    assert!(log.is_absolute() && !log.parent().unwrap().exists(), "{}", log.display());
}

#[test]
fn with_postgres_leaves_a_given_server_alone() {
    let url = "postgres://someone@elsewhere/city";
    let output = with_postgres(["sh", "-c", "echo \"$DATABASE_URL\""]).env("DATABASE_URL", url).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), url);
}

#[test]
fn a_missing_postgresql_is_an_error_that_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let output = with_postgres(["true"]).env("PG_BIN", empty.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("PG_BIN") && said.contains(empty.path().to_str().unwrap()), "{said}");
}

fn with_postgres<const N: usize>(words: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-postgres"));
    command.args(words).env_remove("DATABASE_URL");
    command
}

/// Looks until this holds, where nobody tells when it does, such as the end of another process's child. In vain for a
/// minute is in vain.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed().as_secs() < 60, "in vain for a minute: {what}");
        std::thread::yield_now();
    }
}

fn postmaster(data: &Path) -> u32 {
    std::fs::read_to_string(data.join("postmaster.pid")).unwrap().lines().next().unwrap().parse().unwrap()
}

/// A dead process that nobody has collected yet runs no more, though signals reach it.
fn is_running(pid: u32) -> bool {
    let ask = "kill -0 \"$1\" 2>/dev/null && ! grep -q ') Z ' \"/proc/$1/stat\" 2>/dev/null";
    Command::new("/bin/sh").args(["-c", ask, "sh", &pid.to_string()]).status().unwrap().success()
}

fn open_to_all() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}
