//! The signer itself: a folder with its keys and everything it ever signed.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::note::VerifierKey;
use aduan::audit::signer::{CheckpointSigner, Proposal, Refusal, SignerError};
use aduan::values::LedgerId;
use async_trait::async_trait;

use crate::FolderError;
use crate::journal::Journal;
use crate::key::{self, PrivateKey};
use crate::memory::{Memory, Place};
use crate::secret_file;
use crate::statement::{Agreement, Statement};

/// What a new signer is told.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    /// The ledgers it signs for. It never signs for another.
    pub ledgers: Vec<LedgerId>,
    /// Checkpoints to go on from, where an earlier signer's memory was lost: at most one of a ledger.
    pub after: Vec<SignedCheckpoint>,
    /// Keys that may have signed those, where the folder does not hold them any more.
    pub signed_by: Vec<VerifierKey>,
}

/// A signer that keeps a folder. Share it by cloning.
#[derive(Clone)]
pub struct FileSigner {
    folder: Arc<Mutex<Folder>>,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

struct Folder {
    path: PathBuf,
    keys: Vec<PrivateKey>,
    journal: Journal,
    /// By the names of their keys.
    ledgers: BTreeMap<String, Memory>,
    torn: u64,
}

impl FileSigner {
    /// Makes a signer in a folder, with a key for each ledger, drawn from 32 random bytes; the public keys. In a folder
    /// whose memory was lost its keys stay, and it must be told from where to go on.
    ///
    /// # Errors
    /// When there is a signer, the checkpoints to go on from are not signed, or the folder cannot be written.
    pub fn create(
        folder: impl AsRef<Path>,
        beginning: &Beginning,
        chance: [u8; 32],
    ) -> Result<Vec<VerifierKey>, FolderError> {
        let path = folder.as_ref();
        let (key_file, signed) = (path.join(KEY), path.join(SIGNED));
        let io = |at: &Path| {
            let at = at.to_owned();
            move |error| FolderError::io(&at, &error)
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io(path))?;
        if signed.try_exists().map_err(io(&signed))? {
            return Err(FolderError::Exists { path: path.to_owned() });
        }
        let is_new = !key_file.try_exists().map_err(io(&key_file))?;
        let keys = if is_new { drawn(&beginning.ledgers, &chance) } else { read_keys(&key_file)? };
        check_ledgers(path, &beginning.ledgers, &keys)?;
        if !is_new && beginning.after.is_empty() {
            return Err(FolderError::Forgotten { path: signed });
        }
        let told = first_notes(&keys, beginning)?;
        if is_new {
            let made = secret_file::create(&key_file, key::write(&keys).as_bytes());
            made.and_then(|()| secret_file::sync_folder_of(&key_file)).map_err(io(&key_file))?;
        }
        Journal::create(&signed, &told)?;
        Ok(keys.iter().map(PrivateKey::verifier).collect())
    }

    /// Opens a signer, alone, and checks every note it ever signed. `clock` tells seconds since 1970.
    ///
    /// # Errors
    /// When there is none, another process has it, others may read it, or a note is not what it would have signed.
    pub fn open(
        folder: impl AsRef<Path>,
        clock: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Self, FolderError> {
        let folder = Folder::open(folder.as_ref())?;
        Ok(FileSigner { folder: Arc::new(Mutex::new(folder)), clock: Arc::new(clock) })
    }

    /// The public keys of a folder, beside whoever signs from it.
    ///
    /// # Errors
    /// When there is none, or it is not ours to read.
    pub fn keys_of(folder: impl AsRef<Path>) -> Result<Vec<VerifierKey>, FolderError> {
        Ok(read_keys(&folder.as_ref().join(KEY))?.iter().map(PrivateKey::verifier).collect())
    }

    /// The public keys that sign now.
    pub fn keys(&self) -> Vec<VerifierKey> {
        self.held().keys.iter().map(PrivateKey::verifier).collect()
    }

    /// How many bytes of a note were cut when it was opened: a crash tore it, and nobody was ever answered with it.
    pub fn torn_bytes(&self) -> u64 {
        self.held().torn
    }

    /// The newest checkpoint it signed, in that line or one before, that is part of a log of that many events.
    ///
    /// # Errors
    /// When it does not sign for that origin, or its file cannot be read.
    pub async fn newest(&self, origin: &Origin, at_most: u64) -> Result<Option<SignedCheckpoint>, SignerError> {
        let origin = origin.clone();
        self.blocking(move |folder, _| folder.newest(&origin, at_most)).await
    }

    /// Draws a new key for a ledger from 32 random bytes, hands over to it, and destroys the old one.
    ///
    /// # Errors
    /// When it does not sign for that ledger, or the folder cannot be written.
    pub fn rotate(&self, ledger: &LedgerId, chance: [u8; 32]) -> Result<Rotation, FolderError> {
        self.held().rotate(&Origin::of(ledger, 1), &chance)
    }

    /// Agrees, for whoever keeps this signer, that a ledger lost what came after `kept` and goes on in a new line. `lost`
    /// is how many events the ledger says were signed in the present line, which is signed no more.
    ///
    /// # Errors
    /// When nothing was lost, more was signed than the ledger says, it does not sign for that ledger, or the folder cannot
    /// be written.
    pub fn agree_to_fork(&self, ledger: &LedgerId, kept: u64, lost: u64) -> Result<Agreement, FolderError> {
        self.held().agree_to_fork(&Origin::of(ledger, 1), kept, lost)
    }

    /// Asks the folder where it may wait for the disk. Who goes away does not cut it in half.
    async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Folder, u64) -> Result<T, SignerError> + Send + 'static,
    ) -> Result<T, SignerError> {
        let signer = self.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&mut signer.held(), (signer.clock)()));
        asked.await.unwrap_or_else(|error| Err(SignerError::Unavailable(error.to_string())))
    }

    /// After a note that was not remembered the journal takes no other, so a poisoned lock guards a sound folder.
    fn held(&self) -> MutexGuard<'_, Folder> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CheckpointSigner for FileSigner {
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError> {
        let origin = origin.clone();
        self.blocking(move |folder, _| Ok(folder.ledger(&origin)?.goes_on_from(&origin).cloned())).await
    }

    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError> {
        let proposal = proposal.clone();
        self.blocking(move |folder, now| folder.sign(&proposal, now)).await
    }

    async fn rotations(&self, origin: &Origin) -> Result<Vec<Rotation>, SignerError> {
        let origin = origin.clone();
        self.blocking(move |folder, _| Ok(folder.ledger(&origin)?.rotations.clone())).await
    }
}

impl Folder {
    fn open(path: &Path) -> Result<Self, FolderError> {
        let (key_file, signed) = (path.join(KEY), path.join(SIGNED));
        if !signed.exists() && key_file.exists() {
            return Err(FolderError::Forgotten { path: signed });
        }
        let mut journal = Journal::open(&signed)?;
        let (ledgers, end) = remembered(&journal)?;
        let keys = present_keys(path, &ledgers)?;
        let torn = journal.cut_at(end)?;
        Ok(Folder { path: path.to_owned(), keys, journal, ledgers, torn })
    }

    fn ledger(&self, origin: &Origin) -> Result<&Memory, Refusal> {
        self.ledgers.get(origin.key_name()).ok_or_else(|| Refusal::UnknownOrigin(origin.to_string()))
    }

    fn key(&self, name: &str) -> Result<&PrivateKey, Refusal> {
        self.keys.iter().find(|key| key.name() == name).ok_or_else(|| Refusal::UnknownOrigin(name.to_owned()))
    }

    fn newest(&self, origin: &Origin, at_most: u64) -> Result<Option<SignedCheckpoint>, SignerError> {
        let place = self.ledger(origin)?.newest(origin.line(), at_most);
        place.map(|place| checkpoint_at(&self.journal, place).map_err(SignerError::Unavailable)).transpose()
    }

    fn sign(&mut self, proposal: &Proposal, now: u64) -> Result<SignedCheckpoint, SignerError> {
        let checkpoint = &proposal.checkpoint;
        let memory = self.ledger(&checkpoint.origin)?;
        memory.line.check(proposal)?;
        let last = memory.goes_on_from(&checkpoint.origin);
        if let Some(last) = last.filter(|last| last.checkpoint() == checkpoint) {
            return Ok(last.clone());
        }
        let second = memory.second(now)?;
        let signed = checkpoint.clone().sign(&self.key(checkpoint.origin.key_name())?.note_key(), second);
        self.write(Statement::Checkpoint(signed.clone())).map_err(SignerError::Unavailable)?;
        Ok(signed)
    }

    fn agree_to_fork(&mut self, first: &Origin, kept: u64, lost: u64) -> Result<Agreement, FolderError> {
        let memory = self.ledger(first)?;
        let line = memory.line.fork(kept, Some(lost), None)?;
        let agreement = Agreement::sign(line.origin(), kept, lost, &self.key(first.key_name())?.note_key());
        let written = self.write(Statement::Agreement(agreement.clone()));
        written.map_err(|why| FolderError::Io { path: self.path.join(SIGNED), why })?;
        Ok(agreement)
    }

    /// The new key is on the disk before anything is handed over to it, and the old one goes last: a crash in between
    /// leaves two keys, of which the notes tell the one that counts.
    fn rotate(&mut self, first: &Origin, chance: &[u8; 32]) -> Result<Rotation, FolderError> {
        let memory = self.ledger(first)?;
        let old = self.key(first.key_name())?;
        let new = PrivateKey::draw(first, chance);
        let origin = memory.line.origin().clone();
        let rotation = Rotation::sign(origin, memory.reached(), &old.note_key(), &new.note_key());
        let others = self.keys.iter().filter(|key| key.name() != new.name()).map(PrivateKey::again);
        let keys: Vec<PrivateKey> = others.chain([new.again()]).collect();
        let (present, next) = (self.path.join(KEY), self.path.join(NEXT_KEY));
        let failed = |error| FolderError::io(&next, &error);
        secret_file::destroy(&next).map_err(failed)?;
        secret_file::create(&next, key::write(&keys).as_bytes()).map_err(failed)?;
        secret_file::sync_folder_of(&next).map_err(failed)?;
        let written = self.write(Statement::Rotation(rotation.clone()));
        written.map_err(|why| FolderError::Io { path: self.path.join(SIGNED), why })?;
        // Handed over is handed over, whatever becomes of the file: the next start finds both keys, and takes this one.
        self.keys = keys;
        secret_file::replace(&next, &present).map_err(failed)?;
        Ok(rotation)
    }

    /// Writes a note down, durably, and remembers it.
    fn write(&mut self, statement: Statement) -> Result<(), String> {
        let at = self.journal.append(&statement).map_err(|error| format!("not written: {error}"))?;
        let name = statement.key_name().to_owned();
        let memory = self.ledgers.get_mut(&name).ok_or("it is of no ledger")?;
        let journal = &self.journal;
        memory.take(at, statement, &mut |place| checkpoint_at(journal, place))?;
        self.journal.settle();
        Ok(())
    }
}

/// What a file of notes makes it remember, and how far it is whole.
fn remembered(journal: &Journal) -> Result<(BTreeMap<String, Memory>, u64), FolderError> {
    let mut ledgers: BTreeMap<String, Memory> = BTreeMap::new();
    let mut reading = journal.read()?;
    loop {
        let (at, statement) = match reading.next_note()? {
            Ok(next) => next,
            Err(end) => return Ok((ledgers, end)),
        };
        let name = statement.key_name().to_owned();
        let taken = match (&statement, ledgers.get_mut(&name)) {
            (_, Some(memory)) => memory.take(at, statement, &mut |place| checkpoint_at(journal, place)),
            (Statement::Begins { key, .. }, None) if statement.is_signed_by(key) => {
                Memory::new(key.clone()).map(|memory| drop(ledgers.insert(name, memory)))
            }
            _ => Err("is of a ledger that this signer did not begin to sign for".to_owned()),
        };
        taken.map_err(|why| reading.damaged(at, &why))?;
    }
}

fn checkpoint_at(journal: &Journal, place: Place) -> Result<SignedCheckpoint, String> {
    let text = journal.note_at(place.at).map_err(|error| error.to_string())?;
    text.parse().map_err(|wrong: aduan::values::InvalidValue| wrong.to_string())
}

/// The private keys that sign now, by what was signed: a rotation that a crash cut short is ended here.
fn present_keys(folder: &Path, ledgers: &BTreeMap<String, Memory>) -> Result<Vec<PrivateKey>, FolderError> {
    let (present, next) = (folder.join(KEY), folder.join(NEXT_KEY));
    let signs = |keys: &[PrivateKey]| {
        let is_present = |memory: &Memory| keys.iter().any(|key| key.verifier() == memory.key);
        keys.len() == ledgers.len() && ledgers.values().all(is_present)
    };
    let keys = read_keys(&present)?;
    if signs(&keys) {
        secret_file::destroy(&next).map_err(|error| FolderError::io(&next, &error))?;
        return Ok(keys);
    }
    let wrong = || FolderError::Damaged { path: present.clone(), why: "holds other keys than signed last".to_owned() };
    let keys = if next.exists() { read_keys(&next)? } else { return Err(wrong()) };
    if !signs(&keys) {
        return Err(wrong());
    }
    secret_file::replace(&next, &present).map_err(|error| FolderError::io(&next, &error))?;
    Ok(keys)
}

fn read_keys(path: &Path) -> Result<Vec<PrivateKey>, FolderError> {
    let bytes = secret_file::read(path, LARGEST_KEY_FILE)?;
    let damaged = || FolderError::Damaged { path: path.to_owned(), why: "holds other lines than private keys".into() };
    key::parse(&bytes).ok_or_else(damaged)
}

fn drawn(ledgers: &[LedgerId], chance: &[u8; 32]) -> Vec<PrivateKey> {
    ledgers.iter().map(|ledger| PrivateKey::draw(&Origin::of(ledger, 1), chance)).collect()
}

/// The ledgers it was told are those it has keys of, each once.
fn check_ledgers(folder: &Path, ledgers: &[LedgerId], keys: &[PrivateKey]) -> Result<(), FolderError> {
    let mut told: Vec<String> = ledgers.iter().map(|ledger| Origin::of(ledger, 1).key_name().to_owned()).collect();
    let mut held: Vec<String> = keys.iter().map(|key| key.name().to_owned()).collect();
    told.sort();
    held.sort();
    let is_once = held.windows(2).all(|pair| pair[0] != pair[1]);
    if told == held && is_once && !held.is_empty() {
        return Ok(());
    }
    Err(FolderError::OtherLedgers { path: folder.to_owned() })
}

/// What the file of a new signer begins with.
fn first_notes(keys: &[PrivateKey], beginning: &Beginning) -> Result<Vec<Statement>, FolderError> {
    let mut notes: Vec<Statement> = keys.iter().map(|key| Statement::begins(&key.note_key())).collect();
    for (place, told) in beginning.after.iter().enumerate() {
        let Checkpoint { origin, .. } = told.checkpoint();
        let not_taken = |why: String| FolderError::NotTaken { why: format!("of {origin} {why}") };
        let key = keys.iter().find(|key| key.name() == origin.key_name());
        let key = key.ok_or_else(|| not_taken("is of no ledger it signs for".into()))?;
        let is_same = |other: &SignedCheckpoint| other.checkpoint().origin.key_name() == origin.key_name();
        if beginning.after[..place].iter().any(is_same) {
            return Err(not_taken("is not the only one of that ledger".into()));
        }
        notes.push(Statement::Checkpoint(taken_over(key, told, &beginning.signed_by).map_err(not_taken)?));
    }
    Ok(notes)
}

/// The checkpoint under our own key, and of the second it was signed in: who recorded since then was not late.
fn taken_over(
    key: &PrivateKey,
    told: &SignedCheckpoint,
    signed_by: &[VerifierKey],
) -> Result<SignedCheckpoint, String> {
    let unsigned = "is signed by none of the keys it may be signed by: name its key with --signed-by";
    let (own, others) = (told.attested(&[key.verifier()]), told.attested(signed_by));
    let attested = own.as_ref().or(others.as_ref()).map_err(|_| unsigned.to_owned())?;
    let at = attested.at.ok_or("does not say when it was signed")?;
    if own.is_ok() {
        return Ok(told.clone());
    }
    let second = u64::try_from(at.timestamp()).map_err(|_| "was signed before 1970")?;
    Ok(told.checkpoint().clone().sign(&key.note_key(), second))
}

/// The private keys.
const KEY: &str = "key";
/// The private keys as they will be, while one is handed over.
const NEXT_KEY: &str = "key.next";
/// Everything it ever signed.
const SIGNED: &str = "signed";
/// Enough for hundreds of ledgers.
const LARGEST_KEY_FILE: u64 = 1 << 17;
