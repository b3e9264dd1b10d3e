//! The same histories give the same answers to every question, whatever store keeps the read models.

use std::sync::Arc;

use aduan::clock::ClockKind;
use aduan::complaint::Stage;
use aduan::event::{Class, Priority};
use aduan::figures::{Basis, By, QueueFilter, Scope, View};
use aduan::projector::Projector;
use aduan::read::ReadStore;
use aduan::values::{Moment, Month, WIB};
use aduan_memory::{MemoryReadStore, MemoryStore};
use aduan_testkit::told;
use aduan_testkit::town::{Choice, Town};
use chrono::TimeDelta;

use super::{RULES, everything, last_instant};
use crate::stores::ledger;

/// Batches of twenty random histories: each store answers as memory does, and building anew finds no difference.
///
/// `make` gives read models of a ledger of their own for a batch.
pub(crate) async fn as_memory(make: impl AsyncFn(usize) -> Arc<dyn ReadStore>) {
    let batches = if std::env::var_os("ADUAN_FULL").is_some() { 500 } else { 25 };
    let mut asked = 0;
    for batch in 0..batches {
        let town = twenty_histories(batch);
        let now = Moment::new(last_instant(&town) + TimeDelta::days(batch as i64 % 40), WIB).unwrap();
        let store = Arc::new(MemoryStore::new(ledger()));
        let (model, reads): (Arc<dyn ReadStore>, _) = (Arc::new(MemoryReadStore::new(ledger())), make(batch).await);
        let projectors = [&model, &reads].map(|reads| Projector::new(store.clone(), reads.clone(), RULES.clone()));
        let commands = told::commands(&town.log);
        // In three stretches: what is there already is read back and changed.
        for stretch in commands.chunks(commands.len().div_ceil(3)) {
            for append in stretch {
                aduan::store::Ledger::append(&*store, append.clone()).await.unwrap();
            }
            for projector in &projectors {
                projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
            }
        }
        let ours = answers(&View::live(reads.clone()).await.unwrap(), now, &town).await;
        let theirs = answers(&View::live(model.clone()).await.unwrap(), now, &town).await;
        asked += ours.len();
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "batch {batch}");
        }
        assert_eq!(everything(&*reads).await, everything(&*model).await, "batch {batch}");
        let differences = projectors[1].lead().await.unwrap().check(&mut |_| {}).await.unwrap();
        assert_eq!(differences, [], "batch {batch}");
    }
    println!("{batches} batches of 20 histories, {asked} answers compared");
}

/// A town of twenty complaints, each with a dozen steps or so.
fn twenty_histories(batch: usize) -> Town {
    let mut town = Town::new((**RULES).clone());
    for step in 0..260_u64 {
        let entropy = (batch as u64 * 1_000 + step).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        town.step(Choice { complaint: (entropy % 20) as u8, entropy: entropy.wrapping_mul(0xd6e8_feb8_6659_fd93) });
    }
    town
}

/// Every question there is, in many scopes.
async fn answers(view: &View, now: Moment, town: &Town) -> Vec<String> {
    let mut answers = Vec::new();
    let everything = Scope::default();
    let agency =
        town.complaints().find_map(|(_, complaint)| complaint.holding.as_ref().map(|held| held.agency.clone()));
    let scopes = [
        everything.clone(),
        Scope { agency: agency.clone(), ..everything.clone() },
        Scope { class: Some(Class::Complaint), ..everything.clone() },
        Scope { clock: Some(ClockKind::FirstResponse), basis: Basis::Started, ..everything.clone() },
        Scope { since: Some(Month::of(now.date()).previous()), ..everything.clone() },
        Scope { until: Some(Month::of(now.date()).previous()), basis: Basis::Started, ..everything },
    ];
    let days = RULES.tenant_days_on(now.date());
    for scope in &scopes {
        for by in By::ALL.map(Some).into_iter().chain([None]) {
            answers.push(format!("{:?}", view.sla(scope, by, now).await));
            answers.push(format!("{:?}", view.trend(scope, by, now).await));
            answers.push(format!("{:?}", view.satisfaction(scope, by, 2).await));
            answers.push(format!("{:?}", view.load(scope, by, now, days).await));
            answers.push(format!("{:?}", view.routing(scope, by).await));
        }
    }
    let all = QueueFilter::default();
    let filters = [
        all.clone(),
        QueueFilter { agency, ..all.clone() },
        QueueFilter { stage: Some(Stage::Verified), ..all.clone() },
        QueueFilter { class: Some(Class::Supervisory), due_before: Some(now.at), ..all.clone() },
        QueueFilter { priority: Some(Priority::Emergency), ..all.clone() },
        QueueFilter { for_inspectorate: true, ..all },
    ];
    for filter in &filters {
        let mut after = None;
        loop {
            let page = view.queue(filter, after, 3).await.unwrap();
            answers.push(format!("{page:?}"));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        answers.push(format!("{:?}", view.monitor(filter, now.at, None, 100).await));
    }
    answers.push(format!("{:?}", view.due(now.at).await));
    for (id, complaint) in town.complaints() {
        answers.push(format!("{:?}", view.case(id).await));
        if let Some(intake) = &complaint.intake {
            answers.push(format!("{:?}", view.track(intake.tracking_number).await));
        }
    }
    answers
}
