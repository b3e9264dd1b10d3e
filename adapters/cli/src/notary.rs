//! `notary`: has checkpoints of the ledger signed, and keeps them.

mod file;
pub(crate) mod printed;
mod table;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aduan::audit::fork::present_origin;
use aduan::audit::keys::Keyring;
use aduan::audit::notary::{Cadence, Mandate, Notary, NotaryError, Standing};
use aduan::audit::note::VerifierKey;
use aduan::audit::signer::CheckpointSigner;
use aduan::audit::sink::{CheckpointSink, TableSink};
use aduan::store::Attestations;
use clap::Args;
use serde::Serialize;

use self::file::FileSink;
use self::printed::{PrintedSink, line};
use self::table::FileTable;
use crate::answer::{Exit, Failure, Teller, tell_json};
use crate::checkpoints::{Listed, rotations};
use crate::edge::Instant;
use crate::signing::connect_signer;
use crate::tenant::{Opened, Place, Tenant};

/// What `notary` is told.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct FollowLog {
    /// The socket of the signer.
    #[arg(long, value_name = "SOCKET")]
    signer: PathBuf,
    /// The signer's public key: nothing else is kept. Those it handed over to count, too.
    #[arg(long, value_name = "VKEY")]
    key: Option<VerifierKey>,
    /// Also append every checkpoint to this file. Keep it where who can rewrite the ledger cannot.
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    /// Also print one line a checkpoint, `ORIGIN SIZE ROOT TIME`, for paper.
    #[arg(long, conflicts_with = "json")]
    print: bool,
    #[command(flatten)]
    every: Every,
    /// Make one now, if there is anything new, and end.
    #[arg(long)]
    once: bool,
}

/// How often there should be a checkpoint.
#[derive(Args)]
pub(crate) struct Every {
    /// As soon as so many events are in none.
    #[arg(long, default_value_t = Cadence::default().events, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    every_events: u64,
    /// As soon as any event is in none, so many minutes after the last.
    #[arg(long, default_value_t = Cadence::default().minutes, value_name = "M")]
    every_minutes: u32,
}

impl Every {
    pub(crate) fn cadence(&self) -> Cadence {
        Cadence { events: self.every_events, minutes: self.every_minutes }
    }
}

/// What `notary --once` came to.
#[derive(Serialize)]
struct Made {
    /// The checkpoint that was made; none where nothing is new.
    made: Option<Listed>,
    /// How the log stands to the last one.
    #[serde(flatten)]
    standing: Standing,
}

impl FollowLog {
    /// Follows the log until it is ended, which it may be at any moment; with `--once`, makes one checkpoint at most.
    ///
    /// # Errors
    /// When the log is not the one that was signed, the signer refuses or is not the one whose key was given, or, at the
    /// start or once, when something is not reached.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let signer = connect_signer(&self.signer)?;
        self.with(signer, tenant, teller).await
    }

    async fn with(self, signer: Arc<dyn CheckpointSigner>, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let Opened { store, attestations, altered, .. } = tenant.place().reader().await?;
        if let Some(object) = altered {
            teller.warn(&format!("beware: {object} is not as it was made"));
        }
        let cadence = if self.once { Cadence::AT_ONCE } else { self.every.cadence() };
        let keys = match &self.key {
            Some(key) => Some(keyring(key, &*attestations).await?),
            None => None,
        };
        let sinks = self.sinks(tenant.place(), teller).await?;
        let line = present_origin(&*store).await?.line();
        let mandate = Mandate { line, cadence, keys };
        let mut notary = Notary::open(store, signer, sinks, mandate).await?;
        if self.once { make_one(&mut notary, teller).await } else { follow(&mut notary, teller).await }
    }

    async fn sinks(&self, place: &Place, teller: Teller) -> Result<Vec<Arc<dyn CheckpointSink>>, Failure> {
        // What is fast, and what is nobody else's, first.
        let mut sinks: Vec<Arc<dyn CheckpointSink>> = Vec::new();
        if let Some(path) = &self.checkpoints {
            sinks.push(Arc::new(FileSink::new(path.clone())));
        }
        if self.print {
            sinks.push(Arc::new(PrintedSink));
        }
        match place {
            Place::Sqlite(path) => sinks.push(Arc::new(FileTable::new(path.clone()))),
            Place::Postgres(_) | Place::Memory => {
                sinks.push(Arc::new(TableSink(place.attestations_writer(teller).await?)));
            }
        }
        Ok(sinks)
    }
}

/// A key, and those it handed over to.
async fn keyring(key: &VerifierKey, attestations: &dyn Attestations) -> Result<Keyring, Failure> {
    let mut keys = Keyring::new([key.clone()]);
    keys.hand_over_all(&rotations(attestations).await?);
    Ok(keys)
}

async fn make_one(notary: &mut Notary, teller: Teller) -> Result<Exit, Failure> {
    let made = notary.step(Instant::now().0).await?;
    let text = match &made {
        Some(made) => line(made),
        None if notary.last().is_some() => {
            format!("nothing is new since the checkpoint of {} events", notary.standing().size)
        }
        None => "the ledger is empty".to_owned(),
    };
    let told = Made { made: made.as_ref().map(Listed::of), standing: notary.standing().clone() };
    teller.tell(&told, &text)?;
    Ok(Exit::Done)
}

/// Steps, and waits, for as long as nothing happens that waiting does not mend. What goes wrong is told when it
/// changes.
async fn follow(notary: &mut Notary, teller: Teller) -> Result<Exit, Failure> {
    let mut trouble = String::new();
    loop {
        let stepped = notary.step(Instant::now().0).await;
        let (made, error) = match stepped {
            Ok(made) => (made, None),
            Err(NotaryError::NotKept { made, failures }) => {
                let error = NotaryError::NotKept { made: None, failures };
                (made.map(|made| *made), Some(error))
            }
            Err(error) if passes(&error) => (None, Some(error)),
            Err(error) => return Err(error.into()),
        };
        if let Some(made) = made.filter(|_| teller.json) {
            tell_json(&Listed::of(&made))?;
        }
        let told = error.as_ref().map(NotaryError::to_string).unwrap_or_default();
        if told != trouble {
            teller.warn(if told.is_empty() { "goes on" } else { &told });
            trouble = told;
        }
        match error {
            Some(_) => tokio::time::sleep(RETRY_AFTER).await,
            None => wait(notary).await,
        }
    }
}

/// Until there is enough, or it is time to look.
async fn wait(notary: &Notary) {
    let told = async {
        if notary.wait().await.is_err() {
            // Nobody tells any more: looking now and then goes on.
            std::future::pending().await
        }
    };
    tokio::select! {
        () = told => {}
        () = tokio::time::sleep(LOOK_EVERY) => {}
    }
}

/// Whether waiting may mend it.
fn passes(error: &NotaryError) -> bool {
    use aduan::store::StoreError;
    matches!(error, NotaryError::NoSigner(_) | NotaryError::Log(StoreError::Unavailable(_) | StoreError::Overloaded))
}

impl From<NotaryError> for Failure {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Shorter { .. }
            | NotaryError::Forked { .. }
            | NotaryError::NotAsAsked { .. }
            | NotaryError::NotSigned(_) => Failure::Corrupt(error.to_string()),
            NotaryError::Refused(_) => Failure::Refused(error.to_string()),
            NotaryError::Log(error) => error.into(),
            NotaryError::NoSigner(_) | NotaryError::NotKept { .. } => Failure::Failed(error.to_string()),
        }
    }
}

/// A store that others write to may not hear of it: look all the same.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Before it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
It reads beside whoever writes, and may be ended at any moment: it goes on from what the signer signed last, after it
has found that the log still begins with that. Two at once disturb nobody.

Checkpoints are kept in the ledger's own table, from which they are exported, and in FILE. The table of a ledger in a
SQLite file is opened for each of them for a moment; while another process writes to the file they wait, and FILE has
them. Where a program writes to such a file all day, let it run the notary itself (aduan-runner).

It ends by itself with 5 when the log is not the one that was signed (shorter: an old backup, or a tail that was cut;
otherwise rewritten) or the signature is not of the key given, and with 3 when the signer refuses.
With --json, each checkpoint is one line as `checkpoints --json` lists it.";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use aduan::audit::checkpoint::SignedCheckpoint;
    use aduan::audit::notes;
    use aduan::store::{Append, Ledger as _};
    use aduan::values::LedgerId;
    use aduan_sqlite::SqliteStore;
    use aduan_testkit::draft::{Draft, command};
    use aduan_testkit::signer::MemorySigner;
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        tenant: Tenant,
        #[command(flatten)]
        notary: FollowLog,
        #[arg(long)]
        json: bool,
    }

    fn ledger() -> LedgerId {
        LedgerId::new("mojokerto").unwrap()
    }

    /// A ledger in a file with so many events.
    async fn ledger_of(path: &Path, events: u64) -> SqliteStore {
        let store = SqliteStore::create(path, &ledger()).unwrap();
        let mut draft = Draft::of(&store, 1);
        draft.version = store.load(draft.id, 0).await.unwrap().records.len() as u64;
        draft.prev = store.load(draft.id, 0).await.unwrap().records.last().map_or(draft.prev, |last| last.hash);
        for number in draft.version + 1..=events {
            store.append(Append::new(command(number), vec![draft.part(number, 1)])).await.unwrap();
        }
        store
    }

    /// Runs the verb on that file beside the signer.
    async fn notarise(path: &Path, signer: &Arc<MemorySigner>, arguments: &[&str]) -> Result<Exit, Failure> {
        let store = format!("sqlite:{}", path.display());
        let line = [&["notary", "--store", &store, "--signer", "unused", "--json"], arguments].concat();
        let Line { tenant, notary, json } = Line::try_parse_from(line).unwrap();
        notary.with(signer.clone(), &tenant, Teller { json }).await
    }

    fn in_file(path: &Path) -> Vec<SignedCheckpoint> {
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(notes::whole(text.as_bytes()), text.len());
        notes::split(&text).map(|note| note.parse().unwrap()).collect()
    }

    async fn in_table(path: &Path) -> Vec<String> {
        let store = SqliteStore::open_read_only(path).unwrap();
        store.attestations(None, usize::MAX).await.unwrap().into_iter().map(|kept| kept.note).collect()
    }

    #[tokio::test]
    async fn a_checkpoint_is_kept_in_the_table_and_in_the_file_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("city.db"), folder.path().join("checkpoints"));
        let signer = Arc::new(MemorySigner::of(&ledger(), 1));
        let key = signer.verifier().to_string();
        let arguments = ["--once", "--key", &key, "--checkpoints", out.to_str().unwrap()];
        for events in [3, 3, 7, 7, 8] {
            drop(ledger_of(&path, events).await);
            assert_eq!(notarise(&path, &signer, &arguments).await.unwrap(), Exit::Done);
        }
        let kept = in_file(&out);
        assert_eq!(kept.iter().map(|signed| signed.checkpoint().size).collect::<Vec<_>>(), [3, 7, 8]);
        assert_eq!(kept.iter().map(SignedCheckpoint::to_string).collect::<Vec<_>>(), in_table(&path).await);
        let stranger = MemorySigner::of(&ledger(), 2).verifier().to_string();
        let ended = notarise(&path, &signer, &["--once", "--key", &stranger]).await;
        assert!(matches!(ended, Err(Failure::Corrupt(_))), "another's key");
    }

    #[tokio::test]
    async fn while_another_process_writes_the_file_has_it_and_the_table_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("city.db"), folder.path().join("checkpoints"));
        let signer = Arc::new(MemorySigner::of(&ledger(), 1));
        let arguments = ["--once", "--checkpoints", out.to_str().unwrap()];
        let writer = ledger_of(&path, 3).await;
        let ended = notarise(&path, &signer, &arguments).await;
        assert!(matches!(&ended, Err(Failure::Failed(why)) if why.contains("another process")), "{ended:?}");
        assert_eq!((in_file(&out).len(), in_table(&path).await.len()), (1, 0));
        drop(writer);
        assert_eq!(notarise(&path, &signer, &arguments).await.unwrap(), Exit::Done);
        assert_eq!((in_file(&out).len(), in_table(&path).await.len()), (1, 1));
    }

    #[tokio::test]
    async fn it_ends_by_itself_where_waiting_mends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("city.db"), folder.path().join("backup.db"));
        let signer = Arc::new(MemorySigner::of(&ledger(), 1));
        drop(ledger_of(&path, 5).await);
        drop(ledger_of(&backup, 3).await);
        let strange = Arc::new(MemorySigner::of(&LedgerId::new("kediri").unwrap(), 1));
        let ended = notarise(&path, &strange, &[]).await;
        assert!(matches!(&ended, Err(Failure::Refused(why)) if why.contains("does not sign for")), "{ended:?}");
        assert_eq!(notarise(&path, &signer, &["--once"]).await.unwrap(), Exit::Done);
        let ended = notarise(&backup, &signer, &[]).await;
        assert!(matches!(&ended, Err(Failure::Corrupt(why)) if why.contains("the last 2 are missing")), "{ended:?}");
    }
}
