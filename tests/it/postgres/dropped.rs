//! A caller that goes away, at every point where it may: the command is whole or absent, and nothing is stuck.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command};
use aduan::event::Class;
use aduan::sealed::Clear;
use aduan::store::{Append, Ledger, Log, Outcome};
use aduan::values::{CommandId, Digest, Moment};
use aduan_postgres::{Postgres, PostgresOptions};
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::Database;
use uuid::Uuid;

use super::{another_ledger, audited, database, linked, superuser};
use crate::office::{dispose, moment, receive, verify};
use crate::stores::engine;

/// Polls a future that often, each time when it is woken, and drops it where that does not do.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// With a single reader: one that got lost would be missed by the next call.
async fn connect(database: &Database) -> Postgres {
    let options = PostgresOptions { readers: 1, deadline: Duration::from_secs(10), ..PostgresOptions::default() };
    Postgres::connect(&database.url_as("aduan_app"), options).await.unwrap()
}

#[tokio::test]
async fn an_append_is_whole_or_absent() {
    let database = database().await;
    let store = connect(&database).await.create(&another_ledger()).await.unwrap();
    let (mut one, mut two) = (Draft::of(&store, 1), Draft::of(&store, 2));
    let (mut dropped, mut number) = (0, 0);
    loop {
        number += 1;
        // Two complaints in one command, so that there is something to cut in half.
        let parts = vec![one.part_of(number, 1, 2, 4), two.part_of(number, 3, 2, 4)];
        let append = Append::new(command(number), parts);
        let first = polled(dropped, store.append(append.clone())).await;
        let again = store.append(append).await.unwrap();
        match (&first, &again) {
            (None, Outcome::Appended { .. }) => {}
            (None | Some(Ok(Outcome::Appended { .. })), Outcome::Handled { entries }) => assert_eq!(entries.len(), 4),
            _ => panic!("after {dropped} polls: {first:?}, then {again:?}"),
        }
        assert_eq!(store.handled(command(number)).await.unwrap().len(), 4);
        if first.is_some() {
            break;
        }
        dropped += 1;
    }
    assert!(dropped >= 2, "before it was handed over, and after");
    assert_eq!(linked(&store).await.len() as u64, 4 * number);
}

#[tokio::test]
async fn a_request_is_whole_or_absent() {
    let database = database().await;
    let postgres = connect(&database).await;
    let ledger = another_ledger();
    let store = Arc::new(postgres.create(&ledger).await.unwrap());
    let by_admin = || Actor::new(Role::Admin);
    let mut most = 0;
    let mut number = 0;
    let mut asked = 0;
    // What brings a complaint in, and what an engine does that must read it first.
    for is_first in [true, false] {
        let mut dropped = 0;
        loop {
            let mut next = |by, command| {
                number += 1;
                request(number, by, command)
            };
            // An engine that remembers nothing.
            let engine = engine(store.clone());
            let received = next(Actor::new(Role::Intake), receive(Class::Complaint));
            let verified = next(by_admin(), verify(Class::Complaint));
            let disposed = next(by_admin(), dispose("dishub"));
            let first = if is_first {
                let first = polled(dropped, engine.receive(received.clone())).await;
                let again = engine.receive(received).await.unwrap();
                assert!(again.repeated || first.is_none());
                engine.handle(again.complaint, verified).await.unwrap();
                first
            } else {
                let id = crate::stores::engine(store.clone()).receive(received).await.unwrap().complaint;
                let first = polled(dropped, engine.handle(id, verified.clone())).await;
                let again = engine.handle(id, verified).await.unwrap();
                assert!(again.repeated || first.is_none());
                engine.handle(id, disposed).await.unwrap();
                first
            };
            asked += if is_first { 2 } else { 3 };
            if let Some(receipt) = first {
                receipt.unwrap();
                break;
            }
            dropped += 1;
        }
        most = most.max(dropped);
    }
    assert!(most >= 5, "an engine waits more often than that");
    assert_eq!(audited(&store).await.len(), asked, "each counts once");
}

#[tokio::test]
async fn a_tick_is_finished_by_the_next_one() {
    let database = database().await;
    let postgres = connect(&database).await;
    let late = moment("2024-04-16T09:00:00+07:00");
    let mut dropped = 0;
    loop {
        let store = Arc::new(postgres.create(&another_ledger()).await.unwrap());
        let engine = engine(store.clone());
        let received = engine.receive(request(1, Actor::new(Role::Intake), receive(Class::Complaint))).await.unwrap();
        let due = [received.complaint];
        let first = polled(dropped, engine.tick(&due, late, &[1; 32])).await;
        let rest = engine.tick(&due, late, &[2; 32]).await;
        assert_eq!(rest.failed, []);
        assert_eq!(audited(&store).await.len(), 1 + 3, "three levels, whoever rose to them");
        if let Some(ticked) = first {
            assert_eq!((ticked.done.len(), rest.done.len()), (3, 0));
            break;
        }
        dropped += 1;
    }
    assert!(dropped >= 5);
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_no_statement_behind() {
    let database = database().await;
    let store = connect(&database).await.create(&another_ledger()).await.unwrap();
    let mut draft = Draft::of(&store, 1);
    for number in 1..=10 {
        store.append(Append::new(command(number), vec![draft.part(number, 1_000)])).await.unwrap();
    }
    let admin = superuser(&database).await;
    let busy = "select count(*) from pg_stat_activity where usename = 'aduan_app' and datname = current_database() \
                and state <> 'idle'";
    // The page is more than the line holds.
    for times in (0..12).map(|power| 1 << power) {
        let page = polled(times, store.after(0, 10_000)).await;
        // It would hold its snapshot for as long as nobody else reads, and no row that died since could be cleared away.
        let start = std::time::Instant::now();
        while admin.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            let waits = start.elapsed() > Duration::from_secs(20);
            assert!(!waits, "after {times} polls, the server still waits for somebody to take its answer");
        }
        if page.is_some() {
            break;
        }
    }
    assert_eq!(linked(&store).await.len(), 10_000);
}

#[tokio::test]
async fn a_caller_who_writes_for_itself_leaves_halves() {
    // The control: what is not handed over to a task ends with its caller.
    let database = database().await;
    let client = superuser(&database).await;
    client.batch_execute("CREATE TABLE public.events (command integer, part integer)").await.unwrap();
    let insert = client.prepare("INSERT INTO public.events VALUES ($1, $2)").await.unwrap();
    for command in 0.. {
        let naive = async {
            client.execute(&insert, &[&command, &1]).await.unwrap();
            client.execute(&insert, &[&command, &2]).await.unwrap();
        };
        if polled(command as usize, naive).await.is_some() {
            break;
        }
    }
    let halves = "SELECT count(*) FROM (SELECT FROM public.events GROUP BY command HAVING count(*) = 1) AS halves";
    let halves: i64 = client.query_one(halves, &[]).await.unwrap().get(0);
    assert!(halves > 0);
}

fn request(number: u128, by: Actor, command: Command<Clear>) -> ClearRequest {
    let at: Moment = moment("2024-03-04T09:00:00+07:00");
    ClearRequest::new(CommandId(Uuid::from_u128(number)), at, by, command, Digest::of(&number.to_be_bytes()).0)
}
