//! Read models of a ledger: brought up to date, then asked.

use std::sync::Arc;
use std::time::Duration;

use aduan::figures::View;
use aduan::projector::{Cut, ProjectError, Projector};
use aduan::read::{ReadError, ReadStore};
use aduan::rules::Rules;
use aduan::store::Store;
use aduan_memory::MemoryReadStore;

use crate::answer::{Failure, Teller};
use crate::progress::Progress;
use crate::tenant::Tenant;

/// Read models that are as far as the log, or as far as whoever else takes them along.
pub(crate) struct Reads {
    pub(crate) view: View,
    /// The tenant's rules, and those that bound complaints once.
    pub(crate) rules: Arc<Rules>,
}

impl Tenant {
    /// The read models of a ledger, taken to the end of its log first, unless another process does that.
    ///
    /// # Errors
    /// When log or read models cannot be reached, or an event cannot be taken.
    pub(crate) async fn read_models(&self, store: Arc<dyn Store>, teller: Teller) -> Result<Reads, Failure> {
        let reads: Arc<dyn ReadStore> = Arc::new(MemoryReadStore::new(store.id().clone()));
        self.caught_up(Projector::new(store, Arc::clone(&reads), Arc::new(self.rules()?)), reads, teller).await
    }

    /// Read models as they were, or as they would have been, at a time: for this one question.
    ///
    /// # Errors
    /// When the log cannot be reached, or an event cannot be taken.
    #[expect(dead_code, reason = "the verbs that ask it come next")]
    pub(crate) async fn looking_back(&self, store: Arc<dyn Store>, cut: Cut, teller: Teller) -> Result<Reads, Failure> {
        let reads: Arc<dyn ReadStore> = Arc::new(MemoryReadStore::new(store.id().clone()));
        let projector = Projector::new(store, Arc::clone(&reads), Arc::new(self.rules()?)).looking_back(cut);
        self.caught_up(projector, reads, teller).await
    }

    async fn caught_up(
        &self,
        projector: Projector,
        reads: Arc<dyn ReadStore>,
        teller: Teller,
    ) -> Result<Reads, Failure> {
        match tokio::time::timeout(LEASE, projector.lead()).await {
            Ok(leading) => {
                let bar = Progress::start(teller, 0, "events");
                let mut on_step = |progress: &aduan::projector::Progress| {
                    bar.reaches(progress.head);
                    bar.at(progress.position);
                };
                leading?.catch_up(&mut on_step).await?;
            }
            Err(_) => teller.warn("another process takes the read models along: shown as far as it has come"),
        }
        Ok(Reads { view: View::live(reads).await?, rules: projector.rules() })
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Corrupt(_) => Failure::Corrupt(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}
impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Store(error) => error.into(),
            ProjectError::Reads(error) => error.into(),
            ProjectError::Poisoned { .. } => Failure::Corrupt(format!("read models: {error}")),
        }
    }
}

/// How long to wait for whoever leads: a service does as long as it runs.
const LEASE: Duration = Duration::from_millis(300);
