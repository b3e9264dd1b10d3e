//! Where a file lies, free of symbolic links, and what lies beside it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The path of a file that exists, free of symbolic links, so that one ledger has one lock.
pub(crate) fn existing(path: &Path) -> Result<PathBuf, OpenError> {
    path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => OpenError::Missing { path: path.to_owned() },
        _ => OpenError::io(path, error),
    })
}

/// The same of a file that may not exist yet.
pub(crate) fn resolved(path: &Path) -> Result<PathBuf, OpenError> {
    match existing(path) {
        Err(OpenError::Missing { .. }) => {}
        found => return found,
    }
    let name = path.file_name().ok_or_else(|| OpenError::NotALedger { path: path.to_owned() })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(existing(folder)?.join(name))
}

/// The lock file beside a file. It stays: removing it would race with the next one to lock it.
pub(crate) fn lock_file(path: &Path) -> Result<(File, PathBuf), OpenError> {
    let mut lock = OsString::from(path);
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    let file = File::options().create(true).truncate(false).write(true).open(&lock);
    Ok((file.map_err(|error| OpenError::io(&lock, error))?, lock))
}

/// Makes the name of a new file durable, as far as the system lets folders be synced.
pub(crate) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| OpenError::io(folder, error))?;
    }
    Ok(())
}
