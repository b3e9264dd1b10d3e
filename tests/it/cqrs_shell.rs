//! cqrs-es's own tools work over our rules, and say the same as we do.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use aduan::actor::Role;
use aduan::complaint::{Complaint, Decision, Rejection};
use aduan::engine::CqrsStore;
use aduan::event::{Class, Event};
use aduan::rules::Rules;
use aduan_memory::MemoryStore;
use aduan_testkit::conformance::everything;
use aduan_testkit::town::{Choice, Town};
use cqrs_es::event_sink::EventSink;
use cqrs_es::test::TestFramework;
use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventStore};

use crate::office::*;
use crate::stores::ledger;

static RULES: LazyLock<Rules> = LazyLock::new(Rules::mojokerto);

#[test]
fn its_test_framework_sees_the_same_events_and_refusals() {
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    let given = office.events.clone();
    let request = office.request(Role::Admin, verify(Class::Complaint));
    let Ok(Decision::Record(expected)) = office.complaint.decide(&request, &office.rules) else { panic!("lawful") };
    TestFramework::<Complaint>::with(RULES.clone()).given(given.clone()).when(request).then_expect_events(expected);
    let request = office.request(of("dishub"), answer(1));
    let expected = office.complaint.decide(&request, &office.rules).unwrap_err();
    let said = TestFramework::<Complaint>::with(RULES.clone()).given(given).when(request).inspect_result();
    assert_eq!(said.unwrap_err(), expected);
}

#[tokio::test]
async fn handle_writes_what_decide_decides_and_each_event_counts_once() {
    // As published, a sink applies each event and the store applies it again: a scratch copy takes the first.
    let mut town = Town::new(RULES.clone());
    for entropy in 0..400_u64 {
        let step = town.step(Choice { complaint: (entropy % 2) as u8, entropy: entropy.wrapping_mul(0x9e37_79b9) });
        let request = seal(step.request.clone());
        let decided = match step.before.decide(&request, &RULES) {
            Ok(Decision::Record(events)) => Ok(events),
            Ok(Decision::Already) => Ok(Vec::new()),
            Err(rejection) => Err(rejection),
        };
        let mut aggregate = step.before.clone();
        let sink = EventSink::default();
        let handled: Result<(), Rejection> = Aggregate::handle(&mut aggregate, request, &RULES, &sink).await;
        let handled = match handled {
            Ok(()) => Ok(sink.collect().await),
            Err(rejection) => Err(rejection),
        };
        assert_eq!(aggregate, step.before, "handling changes nothing by itself");
        assert_eq!(handled, decided);
        for event in handled.into_iter().flatten() {
            aggregate.apply(event);
        }
        assert_eq!(aggregate.version, step.before.version + decided.map_or(0, |events| events.len() as u64));
    }
}

#[tokio::test]
async fn a_ledger_is_an_event_store_with_a_real_lock() {
    let ledger = Arc::new(MemoryStore::new(ledger()));
    let store = CqrsStore::new(Arc::clone(&ledger), Vec::new());
    let id = "ad0a0000-0000-8000-8000-000000000001";
    let office = Office::disposed("2024-03-04T09:00:00+07:00");
    let commit = |events: Vec<Event>, context| store.commit(events, context, HashMap::new());
    let mut stale = Some(store.load_aggregate(id).await.unwrap());
    for event in &office.events {
        let context = store.load_aggregate(id).await.unwrap();
        commit(vec![event.clone()], context).await.unwrap();
    }
    let mut loaded = store.load_aggregate(id).await.unwrap();
    assert_eq!(*loaded.aggregate(), office.complaint);
    let envelopes = store.load_events(id).await.unwrap();
    assert_eq!(envelopes.iter().map(|envelope| envelope.payload.clone()).collect::<Vec<_>>(), office.events);
    assert_eq!(envelopes[0].metadata["role"], "Intake");
    let mut event = office.events[0].clone();
    event.context.command = aduan::values::CommandId(uuid::Uuid::from_u128(77));
    let conflict = commit(vec![event], stale.take().unwrap()).await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)));
    assert_eq!(everything(&*ledger).await.len(), office.events.len());
}
