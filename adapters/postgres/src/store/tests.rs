//! Waiting for more: what is told, by whom, and whether it is true.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::{Database, Server};

use super::*;
use crate::bell::channel;
use crate::migrate;

async fn database() -> Database {
    let setup = async |url: String| migrate(&url, &PostgresOptions::default()).await.map(drop);
    Server::shared().unwrap().database_with(&crate::layout(), setup).await.unwrap()
}

async fn connect(database: &Database) -> Postgres {
    Postgres::connect(&database.url_as("aduan_app"), PostgresOptions::default()).await.unwrap()
}

fn mojokerto() -> LedgerId {
    LedgerId::new("mojokerto").unwrap()
}

async fn append(store: &PostgresStore, draft: &mut Draft, number: u64) {
    store.append(Append::new(command(number), vec![draft.part(number, 1)])).await.unwrap();
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_have_wakes_once_at_most() {
    let database = database().await;
    let store = connect(&database).await.create(&mojokerto()).await.unwrap();
    let other = connect(&database).await.open(&mojokerto()).await.unwrap();
    let (mut draft, mut foreign) = (Draft::of(&store, 1), Draft::of(&other, 2));
    append(&store, &mut draft, 1).await;
    let admin = aduan_testkit::postgres::connect(&database.url()).await.unwrap();
    let mut last = 1;
    for round in 0..5 {
        if round % 2 == 0 {
            let forged = async {
                let notify = format!("SELECT pg_notify('{}', '9000000')", channel(&mojokerto()));
                // Until somebody listens.
                while store.news.told().position < 9_000_000 {
                    admin.batch_execute(&notify).await.unwrap();
                }
            };
            let (woken, ()) = tokio::join!(store.more(last), forged);
            assert_eq!(woken, Ok(()));
        } else {
            // As a log that was longer before a failover.
            store.news.note(9_000_000);
        }
        assert_eq!(store.more(last - 1).await, Ok(()), "that is there");
        let mut more = Box::pin(store.more(last));
        while store.news.told().position > last {
            // A forged one that came late may wake once more.
            if poll_once(&mut more).await.is_ready() {
                more = Box::pin(store.more(last));
            }
            tokio::task::yield_now().await;
        }
        assert!(poll_once(&mut more).await.is_pending(), "it waits");
        last += 1;
        let (woken, ()) = tokio::join!(more, append(&other, &mut foreign, last));
        assert_eq!(woken, Ok(()));
        assert_eq!(store.head().await.unwrap().position, last);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_listen_hears_of_what_it_writes() {
    let database = database().await;
    let mut store = connect(&database).await.create(&mojokerto()).await.unwrap();
    let mut reader = connect(&database).await.open_read_only(&mojokerto()).await.unwrap();
    for store in [&mut store, &mut reader] {
        let nowhere = "postgres://nobody@127.0.0.1:1/none?sslmode=disable";
        let nowhere = Address::read(nowhere, &PostgresOptions::default()).unwrap();
        store.listener = Listener::new(nowhere, mojokerto(), store.news.clone());
    }
    let mut draft = Draft::of(&store, 1);
    let mut more = Box::pin(store.more(0));
    assert!(poll_once(&mut more).await.is_pending());
    assert!(matches!(reader.more(0).await, Err(StoreError::Unavailable(_))));
    let (woken, ()) = tokio::join!(more, append(&store, &mut draft, 1));
    assert_eq!(woken, Ok(()));
}
