//! The vault itself: reads its file anew when someone changed it, and changes it whole or not at all.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aduan::sealed::{self, ComplaintKey, WrappedKey};
use aduan::store::{KeyVault, VaultError};
use aduan::values::{ComplaintId, LedgerId};
use async_trait::async_trait;
use zeroize::{Zeroize as _, Zeroizing};

use crate::FileVaultError;
use crate::contents::{Contents, FORMAT, Key};

/// A vault in a file.
pub struct FileVault {
    path: PathBuf,
    read: Mutex<(Stamp, Contents)>,
}

impl FileVault {
    /// Makes a vault with a secret for one ledger and a first outer key, both drawn from 32 random bytes.
    ///
    /// # Errors
    /// When the file exists, or cannot be written.
    pub fn create(path: impl AsRef<Path>, ledger: &LedgerId, mut seed: [u8; 32]) -> Result<Self, FileVaultError> {
        let path = path.as_ref();
        let contents = Contents {
            format: FORMAT,
            ledgers: [(ledger.as_str().to_owned(), ledger_secret(ledger, &seed))].into(),
            epochs: [(1, outer_key(1, &seed))].into(),
        };
        seed.zeroize();
        // Takes the name first, so that of two who create the vault one fails.
        private(OpenOptions::new().write(true).create_new(true)).open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FileVaultError::Exists { path: path.to_owned() },
            _ => failed(path, error),
        })?;
        replace(path, &contents).inspect_err(|_| {
            // Nobody has used it: nothing is lost, and the next attempt finds the name free.
            let _ = fs::remove_file(path);
        })?;
        Self::open(path)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// When there is none, others may read it, or it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileVaultError> {
        let path = path.as_ref().to_owned();
        let read = Mutex::new(read(&path)?);
        Ok(FileVault { path, read })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The epochs whose outer keys are kept, oldest first.
    ///
    /// # Errors
    /// When the file changed and cannot be read.
    pub fn epochs(&self) -> Result<Vec<u32>, FileVaultError> {
        self.with(|contents| contents.epochs.keys().copied().collect())
    }

    /// Adds a ledger with a secret of its own, drawn from 32 random bytes.
    ///
    /// # Errors
    /// When the vault has that ledger, or cannot be changed.
    pub fn add_ledger(&self, ledger: &LedgerId, mut seed: [u8; 32]) -> Result<(), FileVaultError> {
        let secret = ledger_secret(ledger, &seed);
        seed.zeroize();
        self.change(|contents| match contents.ledgers.insert(ledger.as_str().to_owned(), secret) {
            None => Ok(()),
            Some(_) => Err(FileVaultError::LedgerExists),
        })
    }

    /// Adds an outer key, drawn from 32 random bytes, under which new keys are wrapped from now on. Says its epoch.
    ///
    /// # Errors
    /// When the vault cannot be changed.
    pub fn new_epoch(&self, mut seed: [u8; 32]) -> Result<u32, FileVaultError> {
        let added = self.change(|contents| {
            let epoch = contents.newest().map_or(1, |(newest, _)| newest + 1);
            contents.epochs.insert(epoch, outer_key(epoch, &seed));
            Ok(epoch)
        });
        seed.zeroize();
        added
    }

    /// Destroys an outer key: whatever it wrapped and nobody wrapped again is unreadable for good.
    ///
    /// # Errors
    /// When there is no such epoch, it is the newest, or the vault cannot be changed.
    pub fn destroy_epoch(&self, epoch: u32) -> Result<(), FileVaultError> {
        self.change(|contents| {
            if !contents.epochs.contains_key(&epoch) {
                return Err(FileVaultError::NoEpoch { epoch });
            }
            if contents.newest().is_some_and(|(newest, _)| newest == epoch) {
                return Err(FileVaultError::EpochInUse { epoch });
            }
            contents.epochs.remove(&epoch);
            Ok(())
        })
    }

    /// Asks the contents as the file has them now.
    fn with<T>(&self, ask: impl FnOnce(&Contents) -> T) -> Result<T, FileVaultError> {
        let mut held = self.held();
        let stamp =
            fs::metadata(&self.path).map_err(|error| failed(&self.path, error)).map(|found| Stamp::of(&found))?;
        if held.0 != stamp {
            *held = read(&self.path)?;
        }
        Ok(ask(&held.1))
    }

    /// Changes the file as it is now, alone.
    fn change<T>(&self, change: impl FnOnce(&mut Contents) -> Result<T, FileVaultError>) -> Result<T, FileVaultError> {
        let mut held = self.held();
        let lock = beside(&self.path, ".lock");
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(&lock);
        let file = file.map_err(|error| failed(&lock, error))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FileVaultError::Locked { path: self.path.clone() },
            TryLockError::Error(error) => failed(&lock, error),
        })?;
        let (_, mut contents) = read(&self.path)?;
        let changed = change(&mut contents)?;
        replace(&self.path, &contents)?;
        *held = read(&self.path)?;
        Ok(changed)
    }

    /// Nothing panics halfway through a change, so a poisoned lock guards sound contents.
    fn held(&self) -> MutexGuard<'_, (Stamp, Contents)> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FileVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileVault").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyVault for FileVault {
    async fn ledger_secret(&self, ledger: &LedgerId) -> Result<[u8; 32], VaultError> {
        self.with(|contents| contents.ledgers.get(ledger.as_str()).map(|secret| secret.0))?
            .ok_or_else(|| VaultError(format!("there is no secret of the ledger {ledger}")))
    }

    async fn wrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        key: &ComplaintKey,
        seed: &[u8; 32],
    ) -> Result<WrappedKey, VaultError> {
        self.with(|contents| {
            contents.newest().map(|(epoch, outer)| sealed::wrap(&outer.0, epoch, ledger, complaint, key, seed))
        })?
        .ok_or_else(|| VaultError("there is no outer key".into()))
    }

    async fn unwrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        wrapped: &WrappedKey,
    ) -> Result<ComplaintKey, VaultError> {
        self.with(|contents| {
            let outer = contents.epochs.get(&wrapped.epoch)?;
            Some(sealed::unwrap(&outer.0, ledger, complaint, wrapped))
        })?
        .ok_or_else(|| VaultError::from(FileVaultError::NoEpoch { epoch: wrapped.epoch }))?
        .map_err(|error| VaultError(error.to_string()))
    }
}

impl From<FileVaultError> for VaultError {
    fn from(error: FileVaultError) -> Self {
        VaultError(error.to_string())
    }
}

/// Tells one state of the file from another. A change renames a new file over the old one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let inode = 0;
        Stamp { length: found.len(), modified: found.modified().ok(), inode }
    }
}

fn ledger_secret(ledger: &LedgerId, seed: &[u8; 32]) -> Key {
    Key(sealed::derive(seed, &[b"ledger-secret", ledger.as_str().as_bytes()]))
}

fn outer_key(epoch: u32, seed: &[u8; 32]) -> Key {
    Key(sealed::derive(seed, &[b"outer-key", &epoch.to_be_bytes()]))
}

/// Reads the file. One that was replaced, and wiped, while it was being read is read again.
fn read(path: &Path) -> Result<(Stamp, Contents), FileVaultError> {
    loop {
        let mut file = File::open(path).map_err(|error| failed(path, error))?;
        let found = file.metadata().map_err(|error| failed(path, error))?;
        refuse_exposed(path, &found)?;
        let contents = parse(&mut file, found.len());
        let now = fs::metadata(path).map_err(|error| failed(path, error))?;
        match contents {
            Ok(contents) => return Ok((Stamp::of(&found), contents)),
            Err(_) if Stamp::of(&now) != Stamp::of(&found) => {}
            Err(why) => return Err(FileVaultError::Damaged { path: path.to_owned(), why }),
        }
    }
}

fn parse(file: &mut File, length: u64) -> Result<Contents, String> {
    if length > LARGEST {
        return Err(format!("it has {length} bytes"));
    }
    // One byte to spare, so that the vector need not grow and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length as usize + 1));
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Contents::read(&bytes)
}

/// Writes a new file beside the old one, syncs it, renames it over the old one, and wipes what the old one held.
fn replace(path: &Path, contents: &Contents) -> Result<(), FileVaultError> {
    let new = beside(path, ".new");
    let text = contents.write();
    if text.len() as u64 > LARGEST {
        // Nobody could read it any more.
        return Err(FileVaultError::Io { path: path.to_owned(), why: format!("it would have {} bytes", text.len()) });
    }
    let write = || -> io::Result<()> {
        let old = OpenOptions::new().write(true).open(path)?;
        // One that a crash left behind may be anyone's.
        fs::remove_file(&new)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        let mut file = private(OpenOptions::new().create_new(true).write(true)).open(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(path)?;
        wipe(old)
    };
    write().map_err(|error| failed(path, error))
}

fn wipe(mut old: File) -> io::Result<()> {
    let zeros = vec![0; old.metadata()?.len() as usize];
    old.write_all(&zeros)?;
    old.sync_all()
}

/// Makes the rename durable, as far as the system lets folders be synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Only the owner reads what is made with these options.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, found: &Metadata) -> Result<(), FileVaultError> {
    let mode = std::os::unix::fs::MetadataExt::mode(found) & 0o777;
    if mode & 0o077 != 0 { Err(FileVaultError::Exposed { path: path.to_owned(), mode }) } else { Ok(()) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &Metadata) -> Result<(), FileVaultError> {
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn failed(path: &Path, error: io::Error) -> FileVaultError {
    match error.kind() {
        io::ErrorKind::NotFound => FileVaultError::Missing { path: path.to_owned() },
        _ => FileVaultError::Io { path: path.to_owned(), why: error.to_string() },
    }
}

/// Enough for thousands of ledgers and epochs.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const COMPLAINT: ComplaintId = ComplaintId(Uuid::from_u128(1));

    fn ledger(name: &str) -> LedgerId {
        LedgerId::new(name).unwrap()
    }

    fn vault(folder: &tempfile::TempDir) -> FileVault {
        FileVault::create(folder.path().join("v"), &ledger("mojokerto"), [1; 32]).unwrap()
    }

    #[tokio::test]
    async fn what_was_created_opens_again_with_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        let key = ComplaintKey::from_seed(&[2; 32]);
        let wrapped = vault.wrap(&ledger("mojokerto"), COMPLAINT, &key, &[3; 32]).await.unwrap();
        let again = FileVault::open(vault.path()).unwrap();
        let opened = again.unwrap(&ledger("mojokerto"), COMPLAINT, &wrapped).await.unwrap();
        assert_eq!(opened.expose(), key.expose());
        let secret = vault.ledger_secret(&ledger("mojokerto")).await.unwrap();
        assert_eq!(again.ledger_secret(&ledger("mojokerto")).await, Ok(secret));
        assert!(again.ledger_secret(&ledger("kediri")).await.is_err());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["v"], "nothing is left beside it");
    }

    #[test]
    fn never_overwrites_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = vault(&folder).path;
        let before = fs::read(&path).unwrap();
        let again = FileVault::create(&path, &ledger("mojokerto"), [9; 32]);
        assert_eq!(again.unwrap_err(), FileVaultError::Exists { path: path.clone() });
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[tokio::test]
    async fn a_running_vault_sees_a_rotation_by_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let running = vault(&folder);
        let here = ledger("mojokerto");
        let key = ComplaintKey::from_seed(&[2; 32]);
        let old = running.wrap(&here, COMPLAINT, &key, &[3; 32]).await.unwrap();
        let other = FileVault::open(running.path()).unwrap();
        assert_eq!(other.destroy_epoch(1), Err(FileVaultError::EpochInUse { epoch: 1 }));
        assert_eq!(other.new_epoch([4; 32]), Ok(2));
        let new = running.wrap(&here, COMPLAINT, &key, &[5; 32]).await.unwrap();
        assert_eq!((old.epoch, new.epoch), (1, 2));
        other.destroy_epoch(1).unwrap();
        assert_eq!(other.destroy_epoch(1), Err(FileVaultError::NoEpoch { epoch: 1 }));
        assert_eq!(running.epochs(), Ok(vec![2]));
        assert!(running.unwrap(&here, COMPLAINT, &old).await.is_err(), "it is dead");
        assert!(running.unwrap(&here, COMPLAINT, &new).await.is_ok());
    }

    #[tokio::test]
    async fn each_ledger_has_a_secret_of_its_own_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        vault.add_ledger(&ledger("kediri"), [1; 32]).unwrap();
        let (one, other) = (ledger("mojokerto"), ledger("kediri"));
        let secret = vault.ledger_secret(&other).await.unwrap();
        assert_ne!(vault.ledger_secret(&one).await.unwrap(), secret);
        assert_eq!(vault.add_ledger(&other, [9; 32]), Err(FileVaultError::LedgerExists));
        assert_eq!(vault.ledger_secret(&other).await, Ok(secret));
    }

    #[test]
    fn refuses_what_is_damaged_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = vault(&folder).path;
        let whole = fs::read_to_string(&path).unwrap();
        let key = whole.split('"').find(|text| text.len() == 64).unwrap().to_owned();
        let other_format = whole.replace("\"format\":1", "\"format\":2");
        let unknown_field = whole.replace("\"format\"", "\"farmat\"");
        for damaged in
            ["", "{}", &whole[..whole.len() / 2], &whole.replace(&key, &key[1..]), &other_format, &unknown_field]
        {
            fs::write(&path, damaged).unwrap();
            let error = FileVault::open(&path).unwrap_err();
            assert!(matches!(error, FileVaultError::Damaged { .. }), "{error}");
            assert!(!error.to_string().contains(&key[1..]));
        }
        let missing = folder.path().join("none");
        assert_eq!(FileVault::open(&missing).unwrap_err(), FileVaultError::Missing { path: missing });
    }

    #[test]
    fn it_never_grows_beyond_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        let fill = |contents: &mut Contents| {
            contents.epochs.extend((2..20_000).map(|epoch| (epoch, outer_key(epoch, &[1; 32]))));
            Ok(())
        };
        let error = vault.change(fill).unwrap_err();
        assert!(matches!(error, FileVaultError::Io { .. }), "{error}");
        assert_eq!(vault.epochs(), Ok(vec![1]), "it is as it was");
        assert_eq!(vault.new_epoch([4; 32]), Ok(2));
    }

    #[test]
    fn only_one_changes_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        let lock = File::create(beside(vault.path(), ".lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(vault.new_epoch([4; 32]), Err(FileVaultError::Locked { path: vault.path.clone() }));
        lock.unlock().unwrap();
        assert_eq!(vault.new_epoch([4; 32]), Ok(2));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        vault.new_epoch([4; 32]).unwrap();
        assert_eq!(fs::metadata(vault.path()).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(vault.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let error = FileVault::open(vault.path()).unwrap_err();
        assert_eq!(error, FileVaultError::Exposed { path: vault.path, mode: 0o640 });
    }
}
