//! The year as an auditor derives it: from the log alone, and laid beside the live figures.

use std::collections::BTreeMap;
use std::sync::Arc;

use aduan::audit::documents::Documents;
use aduan::audit::verdicts::{Doubt, Judge};
use aduan::complaint::Complaint;
use aduan::engine::upcast;
use aduan::evidence::{Evidence, Pack, Question};
use aduan::figures::View;
use aduan::inspect::Inspector;
use aduan::projector::Projector;
use aduan::read::ReadStore;
use aduan::rules::Rules;
use aduan::store::Store;
use aduan::values::{ComplaintId, Moment};
use aduan_testkit::told_figures;

use crate::Fallible;

/// Derives the evidence of the year that `now` lies in.
pub(crate) async fn derive(store: &dyn Store, now: Moment) -> Fallible<(Pack, Judge)> {
    let mut documents = Documents::default();
    let mut inspector = Inspector::new(store.id().clone());
    let mut evidence = Evidence::new(Question { year: year_of(now), agency: None, now, fewest: 5 });
    let mut judge = Judge::default();
    let mut doubts: Vec<Doubt> = Vec::new();
    let mut states: BTreeMap<ComplaintId, Complaint> = BTreeMap::new();
    let mut position = 0;
    loop {
        let page = store.after(position, 2_000).await?;
        for entry in &page.entries {
            let event = upcast(&entry.record, &[])?;
            inspector.read(entry, Ok(&event));
            for named in documents.lacking(&event) {
                store.document(named.hash).await?.into_iter().for_each(|document| documents.add(document));
            }
            let kept = documents.rules().ok_or("the documents that bound the events are not at hand")?;
            let state = states.entry(entry.record.complaint).or_default();
            doubts.extend(judge.read(entry.position, entry.record.complaint, state, &event, kept));
            evidence.read(entry, state, &event, kept);
            state.evolve(&event);
        }
        position = page.end;
        if page.at_head {
            break;
        }
    }
    let report = inspector.finish(Some(&store.head().await?));
    Ok((evidence.finish(&report, doubts, None), judge))
}

/// Takes the read models to the end of the log, and holds them against the evidence: where they differ.
pub(crate) async fn compare(
    pack: &Pack,
    store: Arc<dyn Store>,
    reads: Arc<dyn ReadStore>,
    rules: &Rules,
    now: Moment,
) -> Fallible<Vec<String>> {
    let projector = Projector::new(store, Arc::clone(&reads), Arc::new(rules.clone()));
    projector.lead().await?.catch_up(&mut |_| {}).await?;
    let view = View::live(Arc::clone(&reads)).await?;
    let asked = Question { year: year_of(now), agency: None, now, fewest: 5 };
    let live = told_figures::told(&view, &*reads, &asked).await;
    Ok(told_figures::differences(pack, &live))
}

fn year_of(now: Moment) -> i32 {
    chrono::Datelike::year(&now.date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::City;
    use aduan::engine::Engine;
    use aduan::values::{LedgerId, WIB};
    use aduan_sqlite::{SqliteReadStore, SqliteStore};
    use aduan_vault::FileVault;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_evidence_of_a_year_equals_the_live_figures_number_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = LedgerId::new("mojokerto").unwrap();
        let store = Arc::new(SqliteStore::create(folder.path().join("city.db"), &ledger).unwrap());
        let vault = Arc::new(FileVault::create(folder.path().join("city.vault"), &ledger, [7; 32]).unwrap());
        let reads = Arc::new(SqliteReadStore::open(folder.path().join("city.db.read"), &ledger).unwrap());
        let engine = Arc::new(Engine::new(Arc::clone(&store) as _, vault, Rules::mojokerto()));
        let rng = fastrand::Rng::with_seed(1708);
        City::new(engine, Arc::clone(&reads) as _, 2024, 250, rng).unwrap().live(|_, _| {}).await.unwrap();

        let now = Moment::parse("2024-12-31T23:59:59+07:00", WIB).unwrap();
        let (pack, judge) = derive(&*store, now).await.unwrap();
        let different = compare(&pack, store, reads, &Rules::mojokerto(), now).await.unwrap();
        assert_eq!(different, Vec::<String>::new());
        assert!(pack.stands && judge.doubts == 0 && judge.verdicts > 500, "{:?} {:?}", pack.problems, pack.doubts);
    }
}
