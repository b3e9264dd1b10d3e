//! A server that could lose or spoil what was acknowledged is refused by the name of what is wrong with it.

use aduan_postgres::{OpenError, Postgres, PostgresOptions, migrate};
use aduan_testkit::postgres::{Database, Server, connect as client_of};
use tokio::task::block_in_place;

use super::{cluster, database, database_on, superuser};

async fn opened(url: &str, unsafe_lose_last_commits: bool) -> Result<(), OpenError> {
    let options = PostgresOptions { unsafe_lose_last_commits, ..PostgresOptions::default() };
    Postgres::connect(url, options).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_lose_commits_is_refused_unless_asked_for() {
    let cluster = cluster(&[]);
    let database = database_on(&cluster.server()).await;
    let url = database.url_as("aduan_app");
    assert_eq!(opened(&url, false).await, Ok(()));
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        set(&database, name, "off").await;
        assert_eq!(opened(&url, false).await, Err(OpenError::Setting { name, found: "off".into() }));
        assert_eq!(opened(&url, true).await, Ok(()), "{name}: asked for");
        set(&database, name, "on").await;
    }
    assert_eq!(opened(&url, false).await, Ok(()));
}

/// Sets what every new session finds, and returns when one does.
async fn set(database: &Database, name: &str, value: &str) {
    let admin = superuser(database).await;
    admin.batch_execute(&format!("ALTER SYSTEM SET {name} = {value}")).await.unwrap();
    admin.query_one("SELECT pg_reload_conf()", &[]).await.unwrap();
    let asked = format!("SELECT current_setting('{name}')");
    while superuser(database).await.query_one(&asked, &[]).await.unwrap().get::<_, String>(0) != value {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_or_a_database_that_may_lose_commits_is_refused_as_well() {
    let database = database().await;
    let admin = superuser(&database).await;
    let name = database.name();
    for (set, reset) in [
        (format!("DATABASE {name} SET synchronous_commit = off"), format!("DATABASE {name} RESET synchronous_commit")),
        (
            format!("ROLE aduan_app IN DATABASE {name} SET synchronous_commit = off"),
            format!("ROLE aduan_app IN DATABASE {name} RESET synchronous_commit"),
        ),
    ] {
        admin.batch_execute(&format!("ALTER {set}")).await.unwrap();
        let refused = opened(&database.url_as("aduan_app"), false).await;
        assert_eq!(refused, Err(OpenError::Setting { name: "synchronous_commit", found: "off".into() }));
        admin.batch_execute(&format!("ALTER {reset}")).await.unwrap();
    }
    assert_eq!(opened(&database.url_as("aduan_app"), false).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_encoding_is_refused_whatever_is_asked_for() {
    let server = Server::shared().unwrap();
    // It makes the roles.
    let ours = database().await;
    let name = format!("{}_ascii", ours.name());
    let admin = client_of(server.url()).await.unwrap();
    let create = format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    admin.batch_execute(&create).await.unwrap();
    let url = ours.url().replace(ours.name(), &name);
    migrate(&url, &PostgresOptions::default()).await.ok();
    for unsafely in [false, true] {
        let refused = opened(&url, unsafely).await;
        assert_eq!(refused, Err(OpenError::Setting { name: "server_encoding", found: "SQL_ASCII".into() }));
    }
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused() {
    let cluster = cluster(&[]);
    let database = database_on(&cluster.server()).await;
    let url = database.url_as("aduan_app");
    assert_eq!(opened(&url, false).await, Ok(()));
    block_in_place(|| cluster.stop_immediately()).unwrap();
    // It follows nobody, and takes no writes.
    std::fs::write(cluster.folder().join("data/standby.signal"), "").unwrap();
    block_in_place(|| cluster.start_again()).unwrap();
    let asked = "SELECT pg_is_in_recovery()";
    assert!(superuser(&database).await.query_one(asked, &[]).await.unwrap().get::<_, bool>(0));
    let refused = opened(&url, true).await;
    assert!(matches!(&refused, Err(OpenError::Server(why)) if why.contains("does not allow writes")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_never_migrated_is_told_apart_from_one_that_is_not_there() {
    let database = Server::shared().unwrap().database().await.unwrap();
    assert_eq!(opened(&database.url(), false).await, Err(OpenError::NotMigrated));
    let missing = opened(&database.url().replace(database.name(), "no_such_database"), false).await;
    assert!(matches!(&missing, Err(OpenError::Server(why)) if why.contains("no_such_database")), "{missing:?}");
    assert!(matches!(opened("postgres://127.0.0.1:none/x", false).await, Err(OpenError::Url(_))));
}
