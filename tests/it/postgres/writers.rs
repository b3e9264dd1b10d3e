//! Many writers of one complaint, in two processes: each version has one winner.

use std::sync::Arc;

use aduan::store::{Append, Ledger, Log, Outcome};
use aduan::values::Version;
use aduan_testkit::draft::{Draft, command};
use tokio::sync::Barrier;

use super::{another_ledger, connect, database, linked, size, superuser};

#[tokio::test(flavor = "multi_thread")]
async fn of_64_writers_one_wins_each_version() {
    let rounds = size(30, 1_000) as u64;
    let database = database().await;
    let ledger = another_ledger();
    // Two connections of everything, as two processes have.
    let one = Arc::new(connect(&database).await.create(&ledger).await.unwrap());
    let two = Arc::new(connect(&database).await.open(&ledger).await.unwrap());
    let mut draft = Draft::of(&*one, 1);
    let mut won_by_one = 0;
    for round in 0..rounds {
        let start = Arc::new(Barrier::new(WRITERS as usize));
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let store = Arc::clone(if writer % 2 == 0 { &one } else { &two });
            let (start, mut mine, number) = (Arc::clone(&start), draft.clone(), 1 + round * WRITERS + writer);
            tasks.push(tokio::spawn(async move {
                let append = Append::new(command(number), vec![mine.part(number, 1)]);
                start.wait().await;
                (store.append(append).await.unwrap(), writer, mine)
            }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            let (outcome, writer, mine) = task.await.unwrap();
            match outcome {
                Outcome::Appended { first } => {
                    assert_eq!(first, round + 1);
                    winners.push((writer, mine));
                }
                outcome => assert_eq!(outcome, Outcome::Conflict),
            }
        }
        assert_eq!(winners.len(), 1, "winners of round {round}");
        let (writer, winner) = winners.remove(0);
        won_by_one += u64::from(writer % 2 == 0);
        draft = winner;
    }
    assert_eq!(linked(&one).await.len() as u64, rounds);
    assert_eq!(one.load(draft.id, 0).await.unwrap().records.len() as u64, rounds);
    assert_eq!(two.head().await.unwrap(), one.head().await.unwrap());
    println!(
        "{rounds} rounds of {WRITERS} writers in two processes: one winner each ({won_by_one} of them in the first process)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_in_the_key_updates_are_lost() {
    // The control: the same table without its keys and guards.
    let database = database().await;
    let store = connect(&database).await.create(&another_ledger()).await.unwrap();
    let client = Arc::new(superuser(&database).await);
    client.batch_execute("CREATE TABLE public.events (LIKE aduan.events)").await.unwrap();
    let (start, draft) = (Arc::new(Barrier::new(WRITERS as usize)), Draft::of(&store, 1));
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let (client, start, mut mine) = (Arc::clone(&client), Arc::clone(&start), draft.clone());
        let ledger = store.id().clone();
        tasks.push(tokio::spawn(async move {
            let versions = "SELECT count(*) FROM public.events";
            let version: i64 = client.query_one(versions, &[]).await.unwrap().get(0);
            let record = mine.part(writer, 1).records.remove(0);
            // Everybody has looked before anybody writes.
            start.wait().await;
            let insert = super::insert_into("public.events", &ledger, &[(version as Version + 1, &record)]);
            client.batch_execute(&insert).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let winners = "SELECT count(*) FROM public.events WHERE sequence = 1";
    assert_eq!(client.query_one(winners, &[]).await.unwrap().get::<_, i64>(0), WRITERS as i64, "everybody won");
}

const WRITERS: u64 = 64;
