//! Read models of a ledger: brought up to date, then asked.

use std::sync::Arc;
use std::time::Duration;

use aduan::figures::View;
use aduan::projector::{Cut, Leading, ProjectError, Projector};
use aduan::read::{ReadError, ReadStore};
use aduan::rules::Rules;
use aduan::store::Store;
use aduan::values::Position;
use aduan_memory::MemoryReadStore;
use aduan_sqlite::{OpenError, SqliteReadStore};

use crate::answer::{Failure, Teller};
use crate::progress::Progress;
use crate::tenant::{Place, Tenant, beside};

/// Read models that are as far as the log, or as far as whoever else takes them along.
pub(crate) struct Reads {
    pub(crate) view: View,
    /// The tenant's rules, and those that bound complaints once.
    pub(crate) rules: Arc<Rules>,
    /// The position of the last event that counts.
    pub(crate) position: Position,
}

impl Tenant {
    /// The read models of a ledger, taken to the end of its log first, unless another process does that.
    ///
    /// # Errors
    /// When log or read models cannot be reached, or an event cannot be taken.
    pub(crate) async fn read_models(&self, store: Arc<dyn Store>, teller: Teller) -> Result<Reads, Failure> {
        let reads = match self.read_store(&*store).await {
            Ok(reads) => reads,
            // Whoever may only read builds their own, for this once.
            Err(Failure::NoPlace(why)) => {
                teller.warn(&format!("{why}: read models are built in memory, for this once"));
                in_memory(&*store)
            }
            Err(failure) => return Err(failure),
        };
        asked(self.projector(store, &reads)?, reads, teller).await
    }

    /// Read models as they were, or as they would have been, at a time: for this one question.
    ///
    /// # Errors
    /// When the log cannot be reached, or an event cannot be taken.
    pub(crate) async fn looking_back(&self, store: Arc<dyn Store>, cut: Cut, teller: Teller) -> Result<Reads, Failure> {
        let reads = in_memory(&*store);
        asked(self.projector(store, &reads)?.looking_back(cut), reads, teller).await
    }

    /// Where the read models of a ledger are kept: beside it.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub(crate) async fn read_store(&self, store: &dyn Store) -> Result<Arc<dyn ReadStore>, Failure> {
        Ok(match self.place() {
            Place::Sqlite(path) => {
                let path = beside(path, ".read");
                match SqliteReadStore::open(&path, store.id()) {
                    Ok(reads) => Arc::new(reads),
                    // They are derived: nothing is lost with them.
                    Err(
                        error @ (OpenError::AlteredSchema { .. }
                        | OpenError::Corrupt(_)
                        | OpenError::OtherLayout { .. }),
                    ) => return Err(Failure::Failed(format!("{error}: delete {}, it is built anew", path.display()))),
                    Err(error @ (OpenError::Io { .. } | OpenError::Sqlite(_))) => {
                        return Err(Failure::NoPlace(format!("{}: {error}", path.display())));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Place::Postgres(database) => Arc::new(database.connect().await?.read_store(store.id()).await?),
            Place::Memory => in_memory(store),
        })
    }

    /// Whoever takes read models along, under the tenant's rules.
    ///
    /// # Errors
    /// When a file of rules cannot be read.
    pub(crate) fn projector(&self, store: Arc<dyn Store>, reads: &Arc<dyn ReadStore>) -> Result<Projector, Failure> {
        Ok(Projector::new(store, Arc::clone(reads), Arc::new(self.rules()?)))
    }
}

fn in_memory(store: &dyn Store) -> Arc<dyn ReadStore> {
    Arc::new(MemoryReadStore::new(store.id().clone()))
}

/// The lead; none where another process has it and does not give it up.
///
/// # Errors
/// When the read models cannot be reached.
pub(crate) async fn lead(projector: &Projector) -> Result<Option<Leading<'_>>, ProjectError> {
    for _ in 0..LOOKS {
        if let Some(leading) = projector.try_lead().await? {
            return Ok(Some(leading));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(None)
}

/// Takes read models to the end of the log, unless another process does that; up to which event.
///
/// # Errors
/// As [`Leading::catch_up`].
pub(crate) async fn take_along(projector: &Projector, teller: Teller) -> Result<Option<Position>, ProjectError> {
    let Some(mut leading) = lead(projector).await? else {
        teller.warn("another process takes the read models along: shown as far as it has come");
        return Ok(None);
    };
    if leading.is_of_another_log() {
        teller.warn("the read models were of another log, as after a restored backup: they are built anew");
    }
    let bar = Progress::start(teller, 0, "events");
    Ok(Some(leading.catch_up(&mut |progress| bar.follows(progress)).await?.taken))
}

async fn asked(projector: Projector, reads: Arc<dyn ReadStore>, teller: Teller) -> Result<Reads, Failure> {
    let taken = take_along(&projector, teller).await?;
    let view = View::live(reads).await?;
    Ok(Reads { position: taken.unwrap_or(view.position()), view, rules: projector.rules() })
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

/// How long to wait for whoever leads: another command is done soon, a service leads for as long as it runs.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
