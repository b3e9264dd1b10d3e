//! A ledger, read as an auditor reads it: every entry once, with the documents it names.

use std::collections::BTreeMap;

use aduan::audit::checkpoint::Origin;
use aduan::audit::documents::Documents;
use aduan::audit::verdicts::{Doubt, Judge};
use aduan::complaint::Complaint;
use aduan::engine::upcast;
use aduan::evidence::{Checkpoint, Evidence, Pack, Question};
use aduan::inspect::Inspector;
use aduan::store::{Entry, Store, StoreError};
use aduan::values::{ComplaintId, Position};

use super::Asked;
use crate::answer::{Failure, Teller};
use crate::checkpoints::Kept;
use crate::notary::printed::root;
use crate::progress::Progress;
use crate::tenant::{Opened, Tenant};
use crate::verify::{LONGEST_GAP, page_after};

/// Derives the evidence of a year from the log of a ledger. Takes neither vault nor read models.
///
/// # Errors
/// When the store cannot be reached. That something in it is wrong is no error, but stands in the evidence.
pub(crate) async fn derive(tenant: &Tenant, asked: &Asked, year: i32, teller: Teller) -> Result<Pack, Failure> {
    let Opened { store, attestations, altered, .. } = tenant.place().reader().await?;
    if let Some(object) = altered {
        teller.warn(&format!("beware: {object} is not as it was made, so the store may take changes it should refuse"));
    }
    let now = asked.now.instant();
    let zone = tenant.rules()?.policy_on(now.0.date_naive()).zone;
    let question = Question { year, agency: asked.agency.clone(), now: now.in_zone(zone), fewest: asked.fewest };
    let kept = Kept::last_of(&*attestations, 1).await?.latest().cloned();
    let kept = kept.filter(|kept| kept.checkpoint().origin.of_line(1) == Origin::of(store.id(), 1));
    let mut auditor = Auditor {
        inspector: Inspector::new(store.id().clone())
            .against_checkpoints(kept.iter().map(|kept| kept.checkpoint().clone()).collect()),
        evidence: Evidence::new(question),
        judge: Judge::default(),
        doubts: Vec::new(),
        documents: Documents::default(),
        states: BTreeMap::new(),
    };
    let told = match store.head().await {
        Ok(told) => Some(told),
        Err(StoreError::Corrupt(why)) => {
            auditor.inspector.unreadable(why);
            None
        }
        Err(error) => return Err(error.into()),
    };
    let end = told.as_ref().map_or(Position::MAX, |told| told.position);
    let progress = Progress::start(teller, if told.is_some() { end } else { 0 }, "events");
    auditor.read(&*store, end, &progress).await?;
    drop(progress);
    let report = auditor.inspector.finish(told.as_ref());
    let covering = kept.map(|kept| Checkpoint {
        origin: kept.checkpoint().origin.to_string(),
        size: kept.checkpoint().size,
        root: root(&kept).to_owned(),
    });
    Ok(auditor.evidence.finish(&report, auditor.doubts, covering))
}

/// Everybody who reads along.
struct Auditor {
    inspector: Inspector,
    evidence: Evidence,
    judge: Judge,
    doubts: Vec<Doubt>,
    documents: Documents,
    states: BTreeMap<ComplaintId, Complaint>,
}

impl Auditor {
    async fn read(&mut self, store: &dyn Store, end: Position, progress: &Progress) -> Result<(), Failure> {
        let (mut position, mut gap) = (0, 0);
        while position < end {
            match page_after(store, position, end).await? {
                Ok(page) => {
                    gap = 0;
                    for entry in &page.entries {
                        self.take(store, entry).await?;
                    }
                    if page.at_head {
                        break;
                    }
                    position = page.end;
                }
                Err(why) => {
                    if gap == 0 {
                        self.inspector.unreadable(why);
                    }
                    gap += 1;
                    position += 1;
                    if gap > LONGEST_GAP {
                        break;
                    }
                }
            }
            progress.at(position);
        }
        Ok(())
    }

    async fn take(&mut self, store: &dyn Store, entry: &Entry) -> Result<(), Failure> {
        let event = upcast(&entry.record, &[]).map_err(|broken| broken.to_string());
        self.inspector.read(entry, event.as_ref().map_err(String::as_str));
        let Ok(event) = event else {
            self.evidence.unreadable(entry);
            return Ok(());
        };
        for named in self.documents.lacking(&event) {
            match store.document(named.hash).await {
                Ok(found) => found.into_iter().for_each(|document| self.documents.add(document)),
                // Whoever altered it gains nothing: what names it is doubted.
                Err(StoreError::Corrupt(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let state = self.states.entry(entry.record.complaint).or_default();
        match self.documents.rules() {
            Some(rules) => {
                self.doubts.extend(self.judge.read(entry.position, entry.record.complaint, state, &event, rules));
                self.evidence.read(entry, state, &event, rules);
            }
            None => self.evidence.unreadable(entry),
        }
        state.evolve(&event);
        Ok(())
    }
}
