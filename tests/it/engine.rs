//! The engine tells the truth about outcomes, whatever the store does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aduan::actor::{Actor, Role};
use aduan::audit::checkpoint::{Checkpoint, Origin};
use aduan::audit::leaf;
use aduan::audit::tree::Frontier;
use aduan::command::{ClearRequest, Command, Receive};
use aduan::complaint::{Rejection, Stage};
use aduan::engine::{Engine, Error};
use aduan::event::{Class, Event, Fact, Note};
use aduan::inspect::{Inspector, ProblemKind};
use aduan::projector::{ProjectError, Projector};
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, Clear, Field, SealedBox, WrappedKey};
use aduan::store::{
    Append, AppendPart, Document, Entry, Head, KeyVault, Ledger, Loaded, Log, Outcome, Page, Store, StoreError,
};
use aduan::values::{Channel, CommandId, ComplaintId, Digest, LedgerId, Position, Version};
use aduan_memory::{MemoryReadStore, MemoryStore, MemoryVault};
use aduan_testkit::complaints;
use aduan_testkit::conformance::everything;
use aduan_testkit::draft::{Draft, command};
use aduan_vault::FileVault;
use async_trait::async_trait;
use cqrs_es::persist::SemanticVersionEventUpcaster;
use uuid::Uuid;

use crate::office::*;
use crate::stores::{engine, ledger};

fn request(number: u128, by: Actor, command: Command<Clear>) -> ClearRequest {
    let seed = Digest::of(&number.to_be_bytes()).0;
    ClearRequest::new(CommandId(Uuid::from_u128(number)), moment("2024-03-04T09:00:00+07:00"), by, command, seed)
}

fn by(role: Role) -> Actor {
    Actor::new(role)
}

fn message(reference: &str) -> Command<Clear> {
    let mut receive = Receive::by(Channel::new("whatsapp").unwrap(), Class::Complaint);
    receive.text = Some(text());
    receive.reporter = Some(Clear::new("Siti Aminah"));
    receive.reference = Some(Clear::new(reference));
    Command::Receive(Box::new(receive))
}

#[tokio::test]
async fn a_complaint_is_received_read_and_opened_again() {
    let engine = engine(Arc::new(MemoryStore::new(ledger())));
    let receipt = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    assert_eq!((receipt.version, receipt.position, receipt.repeated), (1, Some(1), false));
    let tracking = receipt.tracking.unwrap();
    assert!(tracking.secret.is_some());
    let complaint = engine.complaint(receipt.complaint).await.unwrap().unwrap();
    assert_eq!(complaint.stage, Stage::Received);
    assert_eq!(complaint.intake.unwrap().tracking_number, tracking.number);
    let history = engine.history(receipt.complaint).await.unwrap();
    let opened = engine.reveal(receipt.complaint, &history[0].event).await.unwrap();
    assert!(opened.contains(&(Field::REPORTER, Clear::new("Siti Aminah"))));
    assert_eq!(engine.complaint(ComplaintId(Uuid::from_u128(404))).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_message_is_the_same_complaint() {
    let engine = engine(Arc::new(MemoryStore::new(ledger())));
    let first = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    let again = engine.receive(request(2, by(Role::Intake), message("wamid.1"))).await;
    let tracking_number = first.tracking.unwrap().number;
    assert_eq!(again, Err(Error::Rejected(Rejection::AlreadyReceived { tracking_number })));
    let other = engine.receive(request(3, by(Role::Intake), message("wamid.2"))).await.unwrap();
    assert_ne!(other.complaint, first.complaint);
}

#[tokio::test]
async fn a_retry_gets_the_first_outcome_and_another_body_is_refused() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let sent = request(1, by(Role::Intake), message("wamid.1"));
    let first = engine.receive(sent.clone()).await.unwrap();
    let mut retry = sent.clone();
    retry.seed = [9; 32];
    retry.at = moment("2024-03-05T09:00:00+07:00");
    let second = engine.receive(retry).await.unwrap();
    assert!(second.repeated);
    assert_eq!(
        (second.position, second.record_hash, &second.events),
        (first.position, first.record_hash, &first.events)
    );
    assert_eq!(second.tracking.unwrap().secret, None, "another seed does not know the secret");
    let mut other = sent;
    other.by = by(Role::Migrator);
    assert_eq!(engine.receive(other).await, Err(Error::Rejected(Rejection::CommandIdReused)));
    let elsewhere = engine.receive(request(1, by(Role::Intake), message("wamid.2"))).await;
    assert_eq!(elsewhere, Err(Error::Rejected(Rejection::CommandIdReused)));
    assert_eq!(everything(&*store).await.len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_asking_again() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    let engine = engine(store.clone());
    store.next_appends(&[Fault::LostAfterCommit]);
    let sent = request(1, by(Role::Intake), message("wamid.1"));
    assert!(matches!(engine.receive(sent.clone()).await, Err(Error::Unknown(_))));
    let again = engine.receive(sent).await.unwrap();
    assert!(again.repeated, "it had been recorded");
    store.next_appends(&[Fault::LostBeforeCommit]);
    let lost = request(2, by(Role::Intake), message("wamid.2"));
    assert!(matches!(engine.receive(lost.clone()).await, Err(Error::Unknown(_))));
    assert!(!engine.receive(lost).await.unwrap().repeated, "it had not");
    assert_eq!(everything(&*store).await.len(), 2);
}

#[tokio::test]
async fn nobody_is_told_that_nothing_was_recorded_where_something_was() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    let (remembers, knows_nothing) = (engine(store.clone()), engine(store.clone()));
    let sent = request(1, by(Role::Intake), message("wamid.1"));
    let id = remembers.receive(sent.clone()).await.unwrap().complaint;
    store.silent.store(1, Ordering::SeqCst);
    for engine in [&remembers, &knows_nothing] {
        let told = engine.receive(sent.clone()).await;
        assert!(matches!(told, Err(Error::Unknown(_))), "{told:?}");
    }
    // The control: of what nobody asked before, nothing was recorded.
    let shed = knows_nothing.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await;
    assert_eq!(shed, Err(Error::Overloaded));
    store.silent.store(0, Ordering::SeqCst);
    assert!(knows_nothing.receive(sent).await.unwrap().repeated);
}

#[tokio::test]
async fn conflicts_are_tried_again_a_few_times_and_then_told() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    let engine = engine(store.clone());
    store.next_appends(&[Fault::Conflict; 3]);
    assert!(engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.is_ok());
    store.next_appends(&[Fault::Conflict; 100]);
    let contended = engine.receive(request(2, by(Role::Intake), message("wamid.2"))).await;
    assert_eq!(contended, Err(Error::Contended));
    store.next_appends(&[Fault::Overloaded]);
    let shed = engine.receive(request(3, by(Role::Intake), message("wamid.3"))).await;
    assert_eq!(shed, Err(Error::Overloaded));
    assert_eq!(everything(&*store).await.len(), 1);
}

#[tokio::test]
async fn two_engines_over_one_store_never_build_on_a_stale_view() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let (one, two) = (engine(store.clone()), engine(store.clone()));
    let id = one.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    two.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await.unwrap();
    // The first still remembers Received; the rules see Verified all the same.
    let refused = one.handle(id, request(3, by(Role::Admin), verify(Class::Complaint))).await;
    assert!(matches!(refused, Err(Error::Rejected(Rejection::WrongStage { .. }))), "{refused:?}");
    one.handle(id, request(4, by(Role::Admin), dispose("dishub"))).await.unwrap();
    // The second still remembers Verified, where an answer would be refused.
    two.handle(id, request(5, of("dishub"), answer(1))).await.unwrap();
    assert_eq!(one.complaint(id).await.unwrap().unwrap().stage, Stage::Responded, "a read is never behind");
    assert_eq!(everything(&*store).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_verify_at_once_one_wins_and_the_other_learns_why() {
    let engine = Arc::new(engine(Arc::new(MemoryStore::new(ledger()))));
    let id = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let mut tasks = Vec::new();
    for number in 2..34 {
        let engine = Arc::clone(&engine);
        tasks.push(tokio::spawn(async move {
            engine.handle(id, request(number, by(Role::Admin), verify(Class::Complaint))).await
        }));
    }
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(error, Error::Rejected(Rejection::WrongStage { .. })), "{error:?}"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_duplicate_joins_the_root_of_its_target_in_one_command() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let mut ids = Vec::new();
    for number in 1..=3 {
        let receipt = engine.receive(request(number, by(Role::Intake), message(&format!("wamid.{number}")))).await;
        ids.push(receipt.unwrap().complaint);
    }
    let mark = |number, child: usize, of: usize| {
        let command = Command::MarkDuplicate { of: ids[of], target: None };
        engine.handle(ids[child], request(number, by(Role::Admin), command))
    };
    mark(11, 1, 0).await.unwrap();
    // The third names the second, which is a duplicate of the first.
    let receipt = mark(12, 2, 1).await.unwrap();
    assert!(matches!(&receipt.events[0].fact, Fact::Closed { .. }));
    let circle = mark(13, 0, 2).await;
    assert!(matches!(circle, Err(Error::Rejected(Rejection::BadTarget { .. }))), "{circle:?}");
    let root = engine.complaint(ids[0]).await.unwrap().unwrap();
    assert_eq!(root.duplicates, [ids[1], ids[2]], "their complainants still get the answer");
    let parts: Vec<_> = everything(&*store).await.iter().skip(3).map(|entry| entry.record.part).collect();
    assert_eq!(parts, [1, 2, 1, 2]);
    let again = mark(12, 2, 1).await.unwrap();
    assert!(again.repeated);
}

#[tokio::test]
async fn a_tick_has_one_effect_from_two_machines() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let (one, two) = (engine(store.clone()), engine(store.clone()));
    for number in 1..=5 {
        one.receive(request(number, by(Role::Intake), message(&format!("wamid.{number}")))).await.unwrap();
    }
    let all = complaints(&*store).await;
    assert_eq!(one.tick(&all, moment("2024-03-04T10:00:00+07:00"), &[1; 32]).await.done.len(), 0);
    let late = moment("2024-04-16T09:00:00+07:00");
    // Each machine looks before the other acts: the second finds everything done.
    let (first, second) = (one.tick(&all, late, &[1; 32]).await, two.tick(&all, late, &[2; 32]).await);
    assert_eq!((first.done.len(), second.done.len()), (15, 0), "three levels each, once");
    assert_eq!((first.failed.len(), second.failed.len()), (0, 0));
    assert_eq!(one.tick(&all, late, &[3; 32]).await.done.len(), 0);
    assert_eq!(everything(&*store).await.len(), 5 + 15);
}

#[tokio::test]
async fn nobody_keeps_an_escalation_from_its_complaint_by_using_its_id_first() {
    let (vault, late) = (MemoryVault::new([7; 32]), moment("2024-04-16T09:00:00+07:00"));
    let secret = vault.ledger_secret(&ledger()).await.unwrap();
    // Whoever has only what the log says, and whoever has the secret of the ledger.
    for (known, done, failed) in [([0; 32], 3, 0), (secret, 0, 3)] {
        let store = Arc::new(MemoryStore::new(ledger()));
        let (one, two) = (engine(store.clone()), engine(store));
        let id = one.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
        let other = one.receive(request(2, by(Role::Intake), message("wamid.2"))).await.unwrap().complaint;
        let items = one.complaint(id).await.unwrap().unwrap().due_items(late.at, &Rules::mojokerto()).unwrap();
        assert_eq!(items.len(), 3);
        for item in items {
            let taken = ClearRequest {
                id: item.command_id(id, &known),
                ..request(3, by(Role::Admin), Command::Annotate { note: Note::Remark, text: None })
            };
            one.handle(other, taken).await.unwrap();
        }
        let ticked = two.tick(&[id], late, &[1; 32]).await;
        assert_eq!((ticked.done.len(), ticked.failed.len()), (done, failed), "{:?}", ticked.failed);
    }
}

#[tokio::test]
async fn a_document_that_is_named_as_what_it_is_not_is_told_by_tick_and_read_models() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let then = engine(store.clone());
    let id = then.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let mut event = then.history(id).await.unwrap().remove(0).event;
    event.context.calendar = event.context.policy.clone();
    event.context.command = CommandId(Uuid::from_u128(2));
    let forged = ComplaintId(Uuid::from_u128(2));
    let record = Record::write(&ledger(), forged, 1, genesis(&ledger(), forged), &event);
    let part =
        AppendPart { complaint: forged, expected: 0, records: vec![record], boxes: Vec::new(), keys: Vec::new() };
    store.append(Append::new(event.context.command, vec![part])).await.unwrap();
    let only_national = Rules::national(aduan::agency::Directory::mojokerto());
    let now = Engine::new(store.clone(), Arc::new(MemoryVault::new([7; 32])), only_national.clone());
    let ticked = now.tick(&[forged, id], moment("2024-04-16T09:00:00+07:00"), &[1; 32]).await;
    assert_eq!(ticked.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [forged], "{:?}", ticked.failed);
    assert_eq!(ticked.done.len(), 3, "the control: the other goes on");
    let reads = Arc::new(MemoryReadStore::new(ledger()));
    let projector = Projector::new(store, reads, Arc::new(only_national));
    let taken = projector.lead().await.unwrap().catch_up(&mut |_| {}).await;
    let is_told = |why: &str| why.contains("as what it is not");
    assert!(matches!(&taken, Err(ProjectError::Store(StoreError::Corrupt(why))) if is_told(why)), "{taken:?}");
}

#[tokio::test]
async fn a_key_that_is_wrapped_anew_beside_a_running_engine_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(FileVault::create(folder.path().join("vault"), &ledger(), [1; 32]).unwrap());
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = Engine::new(store.clone(), vault.clone(), Rules::mojokerto());
    let receipt = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    let (id, event) = (receipt.complaint, &receipt.events[0]);
    let opened = engine.reveal(id, event).await.unwrap();
    // As the vault says: a new epoch, the surviving keys wrapped again, the old epoch destroyed.
    let old = store.keys(id).await.unwrap().remove(0);
    let key = vault.unwrap(&ledger(), id, &old).await.unwrap();
    vault.new_epoch([2; 32]).unwrap();
    let wrapped = vault.wrap(&ledger(), id, &key, &[3; 32]).await.unwrap();
    let mut next = Draft { ledger: ledger(), id, version: 1, prev: receipt.record_hash.unwrap() };
    let part = AppendPart { keys: vec![wrapped], ..next.part(2, 1) };
    store.append(Append::new(command(2), vec![part])).await.unwrap();
    vault.destroy_epoch(old.epoch).unwrap();
    assert_eq!(engine.reveal(id, event).await.unwrap(), opened);
}

#[tokio::test]
async fn rules_of_years_ago_are_found_beside_the_ledger() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let then = engine(store.clone());
    let id = then.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let only_national = Rules::national(aduan::agency::Directory::mojokerto());
    let now = Engine::new(store, Arc::new(MemoryVault::new([7; 32])), only_national);
    let receipt = now.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await.unwrap();
    assert_eq!(&*receipt.events[0].context.policy.name, "mojokerto-2020");
    let receipt = now.receive(request(3, by(Role::Intake), message("wamid.2"))).await.unwrap();
    assert_eq!(&*receipt.events[0].context.policy.name, "id-sp4n-2018", "what was retired binds nothing new");
}

#[tokio::test]
async fn a_clock_that_starts_anew_finds_the_rules_of_years_ago() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let then = engine(store.clone());
    let id = then.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let only_national = Rules::national(aduan::agency::Directory::mojokerto());
    let now = Engine::new(store, Arc::new(MemoryVault::new([7; 32])), only_national);
    let ticked = now.tick(&[id], moment("2024-04-16T09:00:00+07:00"), &[1; 32]).await;
    assert_eq!((ticked.done.len(), ticked.failed.len()), (3, 0));
}

#[tokio::test]
async fn one_late_tick_does_all_that_is_due() {
    // A lapse wakes clocks that are late by then: they escalate in the same tick.
    let engine = engine(Arc::new(MemoryStore::new(ledger())));
    let id = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    engine.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await.unwrap();
    engine.handle(id, request(3, by(Role::Admin), dispose("dishub"))).await.unwrap();
    engine.handle(id, request(4, of("dishub"), Command::RequestInfo { text: text() })).await.unwrap();
    let late = moment("2024-08-01T09:00:00+07:00");
    let ticked = engine.tick(&[id], late, &[1; 32]).await;
    let done: Vec<_> = ticked.done.iter().map(|receipt| receipt.events[0].fact.name()).collect();
    assert_eq!(done, ["InfoLapsed", "Escalated", "Escalated", "Escalated"]);
    assert_eq!(engine.tick(&[id], late, &[2; 32]).await.done.len(), 0);
}

#[tokio::test]
async fn a_duplicate_joined_after_a_later_event_is_lawful_too() {
    // Two machines: the target's last event was recorded by a clock that is ahead.
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let child = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let mut ahead = request(2, by(Role::Intake), message("wamid.2"));
    ahead.at = moment("2024-03-04T09:02:00+07:00");
    let root = engine.receive(ahead).await.unwrap().complaint;
    let command = Command::MarkDuplicate { of: root, target: None };
    engine.handle(child, request(3, by(Role::Admin), command)).await.unwrap();
    let mut inspector = Inspector::new(ledger());
    for entry in everything(&*store).await {
        inspector.read(&entry, Ok(&entry.record.event().unwrap()));
    }
    assert_eq!(inspector.finish(None).problems, []);
}

#[tokio::test]
async fn an_erasure_that_cannot_be_carried_out_is_not_recorded() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let id = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let erase = Command::Erase { basis: aduan::event::ErasureBasis::Request };
    let refused = engine.handle(id, request(2, by(Role::DataProtection), erase)).await;
    assert_eq!(refused, Err(Error::Rejected(Rejection::CannotErase)));
    assert_eq!(everything(&*store).await.len(), 1);
}

#[tokio::test]
async fn a_retry_without_a_reference_finds_its_complaint() {
    let engine = engine(Arc::new(MemoryStore::new(ledger())));
    let sent = request(1, by(Role::Intake), receive(Class::Complaint));
    let first = engine.receive(sent.clone()).await.unwrap();
    let second = engine.receive(ClearRequest { seed: [9; 32], ..sent }).await.unwrap();
    assert_eq!((second.complaint, second.repeated), (first.complaint, true));
}

#[tokio::test]
async fn an_attachment_cannot_be_recognised_without_the_key() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let picture = Digest::of(b"a picture");
    let Command::Receive(mut complaint) = message("wamid.1") else { panic!("a message is received") };
    complaint.attachments = vec![aduan::event::Attachment { bytes: 9, digest: picture }];
    engine.receive(request(1, by(Role::Intake), Command::Receive(complaint))).await.unwrap();
    let payload = &everything(&*store).await[0].record.payload;
    assert!(payload.contains("\"bytes\":9") && !payload.contains(&picture.to_string()));
}

#[tokio::test]
async fn a_target_that_lives_again_is_no_longer_closed() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let (one, two) = (engine(store.clone()), engine(store.clone()));
    let root = one.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    let child = one.receive(request(2, by(Role::Intake), message("wamid.2"))).await.unwrap().complaint;
    let decline = Command::Decline { reason: aduan::event::DeclineReason::TooGeneral, referred_to: None, text: None };
    one.handle(root, request(3, by(Role::Admin), decline)).await.unwrap();
    let reopen = Command::Reopen { reason: aduan::event::ReopenReason::Ordered, text: None };
    two.handle(root, request(4, by(Role::Superior), reopen)).await.unwrap();
    let mark = Command::MarkDuplicate { of: root, target: None };
    assert!(one.handle(child, request(5, by(Role::Admin), mark)).await.is_ok());
}

#[tokio::test]
async fn one_unreadable_record_stops_its_complaint_and_no_other() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    let writer = engine(store.clone());
    for number in 1..=3 {
        writer.receive(request(number, by(Role::Intake), message(&format!("wamid.{number}")))).await.unwrap();
    }
    store.unreadable.store(2, Ordering::SeqCst);
    let all = complaints(&*store).await;
    let ticked = engine(store.clone()).tick(&all, moment("2024-04-16T09:00:00+07:00"), &[1; 32]).await;
    assert_eq!((ticked.done.len(), ticked.failed.len()), (6, 1));
}

#[tokio::test]
async fn an_engine_reads_older_versions_through_its_upcasters() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let id = ComplaintId(Uuid::from_u128(7));
    let office = Office::received("2024-03-04T09:00:00+07:00");
    let prev = genesis(&ledger(), id);
    let mut record = Record::write(&ledger(), id, 1, prev, &office.events[0]);
    record.event_version = "0.9.0".into();
    record.payload = record.payload.replace("\"channel\":", "\"via\":");
    record.hash = record.hash_in(&ledger());
    let command = record.command;
    let part = AppendPart { complaint: id, expected: 0, records: vec![record], boxes: Vec::new(), keys: Vec::new() };
    store.append(Append::new(command, vec![part])).await.unwrap();
    assert!(matches!(engine(store.clone()).history(id).await, Err(Error::Corrupt(_))), "nothing is guessed");
    let rename = |mut payload: serde_json::Value| {
        let received = &mut payload["fact"]["Received"];
        received["channel"] = received.as_object_mut().and_then(|fields| fields.remove("via")).unwrap_or_default();
        payload
    };
    let upcaster = SemanticVersionEventUpcaster::new("Received", "1.0.0", Box::new(rename));
    let engine = engine(store).with_upcasters(vec![Box::new(upcaster)]);
    assert_eq!(engine.history(id).await.unwrap()[0].event, office.events[0]);
    assert_eq!(engine.complaint(id).await.unwrap(), Some(office.complaint));
}

#[tokio::test]
async fn a_record_that_was_changed_stops_its_complaint() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    let id = {
        let engine = engine(store.clone());
        engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint
    };
    store.tamper.store(1, Ordering::SeqCst);
    let engine = engine(store.clone());
    let refused = engine.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await;
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
    assert!(matches!(engine.history(id).await, Err(Error::Corrupt(_))));
    store.tamper.store(0, Ordering::SeqCst);
    assert!(engine.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await.is_ok());
}

#[tokio::test]
async fn what_no_field_may_hold_is_refused_and_not_repeated() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    for wrong in ["RAHASIA\0", "RAHASIA\u{1b}[31m", "  ", &"RAHASIA ".repeat(10_000)] {
        let mut receive = Receive::by(Channel::new("whatsapp").unwrap(), Class::Complaint);
        receive.text = Some(Clear::new(wrong));
        let refused = engine.receive(request(1, by(Role::Intake), Command::Receive(Box::new(receive)))).await;
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Rejected(Rejection::Invalid { .. })), "{error:?}");
        assert!(!error.to_string().contains("RAHASIA") && !format!("{error:?}").contains("RAHASIA"));
    }
    assert!(everything(&*store).await.is_empty());
}

#[tokio::test]
async fn a_stored_key_that_no_record_issued_opens_and_seals_nothing() {
    let store = Arc::new(Faulty::over(MemoryStore::new(ledger())));
    store.orphan.store(1, Ordering::SeqCst);
    let asked = request(1, by(Role::Intake), message("wamid.1"));
    // An engine that remembers nothing each time: the key is there before the complaint, and after it.
    engine(store.clone()).complaint(ComplaintId(Uuid::from_u128(1))).await.unwrap();
    let first = engine(store.clone()).receive(asked.clone()).await.unwrap();
    assert!(first.events[0].context.key.is_some(), "the record commits to a key of its own");
    let again = engine(store.clone()).receive(asked).await.unwrap();
    assert!(again.repeated && again.events == first.events);
    let opened = engine(store.clone()).reveal(first.complaint, &first.events[0]).await.unwrap();
    assert!(opened.contains(&(Field::REPORTER, Clear::new("Siti Aminah"))));
    // The same without such a key gives the same bytes.
    let plain = Arc::new(MemoryStore::new(ledger()));
    engine(plain.clone()).receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    assert_eq!(everything(&*store).await, everything(&*plain).await);
}

/// A store that fails as told.
struct Faulty<S> {
    inner: S,
    faults: std::sync::Mutex<Vec<Fault>>,
    tamper: AtomicUsize,
    /// The position of a record that cannot be read.
    unreadable: AtomicUsize,
    /// Whether every complaint has a key that no record issued, of a later epoch than its own.
    orphan: AtomicUsize,
    /// Whether questions about complaints and commands are shed.
    silent: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Fault {
    LostAfterCommit,
    LostBeforeCommit,
    Conflict,
    Overloaded,
}

impl<S: Store> Faulty<S> {
    fn over(inner: S) -> Self {
        let faults = Vec::new().into();
        Faulty { inner, faults, tamper: 0.into(), unreadable: 0.into(), orphan: 0.into(), silent: 0.into() }
    }
    fn listen(&self) -> Result<(), StoreError> {
        if self.silent.load(Ordering::SeqCst) == 0 { Ok(()) } else { Err(StoreError::Overloaded) }
    }
    fn next_appends(&self, faults: &[Fault]) {
        *self.faults.lock().unwrap() = faults.to_vec();
    }
}

#[async_trait]
impl<S: Store> Ledger for Faulty<S> {
    fn id(&self) -> &LedgerId {
        self.inner.id()
    }
    async fn load(&self, complaint: ComplaintId, after: Version) -> Result<Loaded, StoreError> {
        self.listen()?;
        let mut loaded = self.inner.load(complaint, after).await?;
        if self.tamper.load(Ordering::SeqCst) > 0 {
            for record in &mut loaded.records {
                record.payload = record.payload.replace("whatsapp", "facebook");
            }
        }
        let unreadable = self.inner.after(0, 1_000).await?.entries.into_iter();
        let position = self.unreadable.load(Ordering::SeqCst) as u64;
        for entry in unreadable.filter(|entry| entry.position == position && entry.record.complaint == complaint) {
            loaded
                .records
                .iter_mut()
                .filter(|record| **record == entry.record)
                .for_each(|record| record.payload.clear());
        }
        if self.orphan.load(Ordering::SeqCst) > 0 {
            loaded.keys.push(WrappedKey { commitment: Digest([255; 32]), epoch: 9, bytes: vec![7; 72] });
        }
        Ok(loaded)
    }
    async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        let fault = self.faults.lock().unwrap().pop();
        match fault {
            None => self.inner.append(append).await,
            Some(Fault::Conflict) => Ok(Outcome::Conflict),
            Some(Fault::Overloaded) => Err(StoreError::Overloaded),
            Some(Fault::LostBeforeCommit) => Err(StoreError::Unknown("the line was cut".into())),
            Some(Fault::LostAfterCommit) => {
                self.inner.append(append).await?;
                Err(StoreError::Unknown("the line was cut".into()))
            }
        }
    }
    async fn handled(&self, command: CommandId) -> Result<Vec<Entry>, StoreError> {
        self.listen()?;
        self.inner.handled(command).await
    }
    async fn boxes(&self, id: ComplaintId, digests: &[BoxDigest]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        self.inner.boxes(id, digests).await
    }
    async fn keep(&self, documents: &[Document]) -> Result<(), StoreError> {
        self.inner.keep(documents).await
    }
    async fn document(&self, hash: Digest) -> Result<Option<Document>, StoreError> {
        self.inner.document(hash).await
    }
}

#[async_trait]
impl<S: Store> Log for Faulty<S> {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        let mut page = self.inner.after(position, limit).await?;
        let unreadable = self.unreadable.load(Ordering::SeqCst) as u64;
        page.entries.iter_mut().filter(|entry| entry.position == unreadable).for_each(|entry| {
            entry.record.payload.clear();
        });
        Ok(page)
    }
    async fn head(&self) -> Result<Head, StoreError> {
        self.inner.head().await
    }
}

fn admission(number: u128, kept: u64, lost: u64) -> ClearRequest {
    let root = Digest::of(b"what was signed");
    request(number, by(Role::Admin), Command::AdmitLoss { kept, line: 2, lost, root })
}

#[tokio::test]
async fn a_loss_is_admitted_right_behind_what_was_kept_and_where_ledger_and_line_say() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let place = ComplaintId::of_fork(&ledger(), 2);
    for number in 1..=3 {
        engine.receive(request(number, by(Role::Intake), message(&format!("wamid.{number}")))).await.unwrap();
    }
    for kept in [2, 4] {
        assert_eq!(engine.handle(place, admission(4, kept, 9)).await, Err(Error::Contended), "the log ends at 3");
    }
    let elsewhere = engine.handle(ComplaintId(Uuid::from_u128(7)), admission(4, 3, 9)).await;
    assert!(matches!(elsewhere, Err(Error::Rejected(Rejection::Invalid { .. }))));
    let receipt = engine.handle(place, admission(4, 3, 9)).await.unwrap();
    assert_eq!((receipt.position, receipt.version), (Some(4), 1));
    assert!(store.load(place, 0).await.unwrap().keys.is_empty(), "nothing is sealed, so no key is issued");

    let again = engine.handle(place, admission(4, 3, 9)).await.unwrap();
    assert!(again.repeated && again.events == receipt.events);
    let other = engine.handle(place, admission(4, 3, 10)).await;
    assert_eq!(other, Err(Error::Rejected(Rejection::CommandIdReused)));
    let fresh = self::engine(store.clone());
    assert!(fresh.handle(place, admission(4, 3, 9)).await.unwrap().repeated, "after a restart, too");
    assert_eq!(fresh.handle(place, admission(5, 4, 9)).await, Err(Error::Rejected(Rejection::NoChange)));
    let remark = Command::Annotate { note: aduan::event::Note::Remark, text: Some(text()) };
    let remarked = fresh.handle(place, request(6, by(Role::Admin), remark)).await;
    assert_eq!(remarked, Err(Error::Rejected(Rejection::NoSuchComplaint)));
    assert_eq!(aduan::audit::fork::losses(&*store).await.unwrap()[0].lost, 9);
    let origin = aduan::audit::fork::present_origin(&*store).await.unwrap();
    assert_eq!(origin.as_str(), "aduan/mojokerto/2");

    let report = inspect(&store).await;
    assert_eq!((report.problems, report.complaints, report.events), (Vec::new(), 3, 4));
}

#[tokio::test]
async fn a_loss_is_admitted_in_the_next_line_and_none_is_left_out() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    let admit = async |number: u128, kept, line| {
        let command = Command::AdmitLoss { kept, line, lost: 9, root: Digest::of(b"what was signed") };
        engine.handle(ComplaintId::of_fork(&ledger(), line), request(number, by(Role::Admin), command)).await
    };
    for line in [3, 4, 100] {
        let missing = line - 1;
        assert_eq!(admit(line.into(), 1, line).await, Err(Error::Rejected(Rejection::LineMissing { missing })));
    }
    assert_eq!(store.head().await.unwrap().position, 1, "nothing is recorded");
    assert!(matches!(admit(5, 1, u32::MAX).await, Err(Error::Rejected(Rejection::Invalid { .. }))));
    assert_eq!(admit(6, 1, 2).await.unwrap().position, Some(2), "the control");
    assert_eq!(admit(7, 2, 4).await, Err(Error::Rejected(Rejection::LineMissing { missing: 3 })));
    assert_eq!(admit(8, 2, 3).await.unwrap().position, Some(3));
    let losses = aduan::audit::fork::losses(&*store).await.unwrap();
    assert_eq!(losses.iter().map(|loss| (loss.line, loss.position)).collect::<Vec<_>>(), [(2, 2), (3, 3)]);
}

#[tokio::test]
async fn nothing_else_is_received_where_a_loss_may_have_to_be_admitted() {
    let engine = engine(Arc::new(MemoryStore::new(ledger())));
    let mut receive = Receive::by(Channel::new("walk-in").unwrap(), Class::Complaint);
    receive.text = Some(text());
    for line in [2, 100] {
        let sent = request(line.into(), by(Role::Intake), Command::Receive(Box::new(receive.clone())));
        let refused = engine.handle(ComplaintId::of_fork(&ledger(), line), sent.clone()).await;
        assert!(matches!(refused, Err(Error::Rejected(Rejection::Invalid { .. }))), "{refused:?}");
        assert!(engine.handle(ComplaintId(Uuid::from_u128(line.into())), sent).await.is_ok(), "elsewhere it is");
    }
}

#[tokio::test]
async fn an_admission_that_stands_elsewhere_or_out_of_line_is_found() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap();
    engine.handle(ComplaintId::of_fork(&ledger(), 2), admission(2, 1, 9)).await.unwrap();
    let entries = store.after(0, 10).await.unwrap().entries;
    let event = entries[1].record.event().unwrap();
    let told = |complaint: ComplaintId, change: &dyn Fn(&mut Event)| {
        let mut event = event.clone();
        change(&mut event);
        let prev = genesis(&ledger(), complaint);
        let record = Record::write(&ledger(), complaint, 1, prev, &event);
        let mut inspector = Inspector::new(ledger());
        inspector.read(&entries[0], Ok(&entries[0].record.event().unwrap()));
        inspector.read(&Entry { position: 2, record }, Ok(&event));
        inspector.finish(None).problems
    };
    let fact = |kept, line, lost| {
        move |event: &mut Event| event.fact = Fact::Forked { kept, line, lost, root: Digest::of(b"what was signed") }
    };
    let place = |line| ComplaintId::of_fork(&ledger(), line);
    assert_eq!(told(place(2), &fact(1, 2, 9)), [], "the control");
    assert_eq!(told(place(2), &fact(0, 2, 9)).len(), 1, "not behind what was kept");
    assert_eq!(told(place(2), &fact(1, 2, 1)).len(), 1, "nothing was lost");
    assert_eq!(told(place(3), &fact(1, 3, 9)).len(), 1, "a line was left out");
    assert_eq!(told(place(3), &fact(1, 2, 9)).len(), 1, "elsewhere");
    assert!(!told(place(u32::MAX), &fact(u64::MAX, u32::MAX, u64::MAX)).is_empty(), "numbers that nobody can reach");
    assert_eq!(told(place(2), &|event| event.context.role = Role::Intake).len(), 1, "not by an administrator");
}

/// What an inspection of these entries finds, held against one checkpoint.
fn held_against(entries: &[Entry], origin: &Origin, size: Position, root: Digest) -> Vec<ProblemKind> {
    held_against_all(entries, vec![Checkpoint { origin: origin.clone(), size, root }])
}

fn held_against_all(entries: &[Entry], checkpoints: Vec<Checkpoint>) -> Vec<ProblemKind> {
    let mut inspector = Inspector::new(ledger()).against_checkpoints(checkpoints);
    for entry in entries {
        inspector.read(entry, Ok(&entry.record.event().unwrap()));
    }
    inspector.finish(None).problems.iter().map(|problem| problem.kind).collect()
}

#[tokio::test]
async fn a_log_is_held_against_checkpoints_but_for_what_it_admits_to_have_lost() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    for number in 1..=3 {
        engine.receive(request(number, by(Role::Intake), message(&format!("wamid.{number}")))).await.unwrap();
    }
    let place = ComplaintId::of_fork(&ledger(), 2);
    engine.handle(place, admission(4, 3, 9)).await.unwrap();
    engine.receive(request(5, by(Role::Intake), message("wamid.5"))).await.unwrap();
    let log = everything(&*store).await;
    let root = |size: usize| {
        let mut tree = Frontier::default();
        log[..size].iter().for_each(|Entry { record, .. }| {
            tree.push(leaf(record.complaint, record.sequence, record.hash));
        });
        tree.root()
    };
    let (signed, other) = (Digest::of(b"what was signed"), Digest::of(b"something else"));
    let (fine, wrong) = (vec![], vec![ProblemKind::Checkpoint]);
    let [first, second, third] = [1, 2, 3].map(|line| Origin::of(&ledger(), line));
    for (case, entries, origin, size, root, wanted) in [
        ("the log begins with it", &log[..], &first, 3, root(3), &fine),
        ("the log was rewritten", &log, &first, 3, other, &wrong),
        ("the tail was cut", &log[..3], &first, 4, root(4), &wrong),
        ("the loss is admitted", &log, &first, 9, signed, &fine),
        ("what was signed before the last is lost, too", &log, &first, 4, other, &fine),
        ("it goes on in the line that was begun", &log, &second, 5, root(5), &fine),
        ("that line was rewritten", &log, &second, 5, other, &wrong),
        ("a tail of the line that was begun is no part of the loss", &log, &second, 9, signed, &wrong),
        ("nor one of a line nobody began", &log, &third, 9, signed, &wrong),
        ("more was signed than is admitted", &log, &first, 10, other, &wrong),
        ("something else was signed than is admitted", &log, &first, 9, other, &wrong),
    ] {
        assert_eq!(&held_against(entries, origin, size, root), wanted, "{case}");
    }

    // Of what is lost nobody can tell which root is true; that there are two of one size is wrong in any case.
    let of = |origin: &Origin, size, root| Checkpoint { origin: origin.clone(), size, root };
    for (case, held, wanted) in [
        ("the same twice", vec![of(&first, 4, other), of(&first, 9, signed), of(&first, 4, other)], &fine),
        ("of two sizes", vec![of(&first, 4, other), of(&first, 5, signed)], &fine),
        ("of two lines", vec![of(&first, 5, other), of(&second, 5, root(5))], &fine),
        ("two roots", vec![of(&first, 4, other), of(&second, 4, root(4)), of(&first, 4, signed)], &wrong),
    ] {
        assert_eq!(&held_against_all(&log, held), wanted, "{case}");
    }

    // What something is wrong with admits nothing.
    let mut log = log;
    log[3].record.hash = other;
    assert_eq!(held_against(&log, &first, 9, signed), [ProblemKind::Chain, ProblemKind::Checkpoint]);
}

#[tokio::test]
async fn a_bent_clock_is_found_where_the_inspector_judges() {
    let store = Arc::new(MemoryStore::new(ledger()));
    let engine = engine(store.clone());
    let id = engine.receive(request(1, by(Role::Intake), message("wamid.1"))).await.unwrap().complaint;
    engine.handle(id, request(2, by(Role::Admin), verify(Class::Complaint))).await.unwrap();
    let log = everything(&*store).await;
    let mut bent = log.clone();
    let mut event = log[1].record.event().unwrap();
    let Fact::Verified { clocks, .. } = &mut event.fact else { panic!("the second is the verification") };
    clocks[0].anchor.at += chrono::TimeDelta::days(1);
    bent[1].record = Record::write(&ledger(), id, 2, log[0].record.hash, &event);
    let inspected = |log: &[Entry], judges: bool| {
        let mut inspector = Inspector::new(ledger());
        if judges {
            inspector.judge_by(Rules::mojokerto());
        }
        for entry in log {
            inspector.read(entry, Ok(&entry.record.event().unwrap()));
        }
        inspector.finish(None).problems.iter().map(|problem| problem.kind).collect::<Vec<_>>()
    };
    assert_eq!(inspected(&bent, true), [ProblemKind::Verdict]);
    assert_eq!(inspected(&bent, false), [], "the control: nobody judges");
    assert_eq!(inspected(&log, true), [], "the control: nobody bent it");
}

async fn inspect(store: &MemoryStore) -> aduan::inspect::Report {
    let mut inspector = Inspector::new(ledger());
    for entry in store.after(0, 1_000).await.unwrap().entries {
        inspector.read(&entry, Ok(&entry.record.event().unwrap()));
    }
    inspector.finish(Some(&store.head().await.unwrap()))
}
