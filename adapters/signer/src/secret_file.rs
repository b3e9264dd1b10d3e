//! A file that only its owner reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::FolderError;

/// Makes it, with these bytes, durably. Its folder is for the caller to sync.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads it.
///
/// # Errors
/// When it is another user's, others may read it, or it is larger than any.
pub(crate) fn read(path: &Path, largest: u64) -> Result<Zeroizing<Vec<u8>>, FolderError> {
    let failed = |error| FolderError::io(path, &error);
    let file = File::open(path).map_err(failed)?;
    refuse_exposed(path, &file)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > largest {
        return Err(FolderError::Damaged { path: path.to_owned(), why: format!("has {length} bytes") });
    }
    // One byte to spare, so that the vector need not grow and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length as usize + 1));
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Refuses one that is not ours alone.
///
/// # Errors
/// When it is another user's, or others may read it.
pub(crate) fn refuse_exposed(path: &Path, file: &File) -> Result<(), FolderError> {
    let found = file.metadata().map_err(|error| FolderError::io(path, &error))?;
    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return Err(FolderError::NotOurs { path: path.to_owned(), owner, user });
    }
    match found.mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(FolderError::Exposed { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

/// Puts one in the place of another, durably, and wipes what that one held.
pub(crate) fn replace(new: &Path, old: &Path) -> io::Result<()> {
    let held = OpenOptions::new().write(true).open(old)?;
    fs::rename(new, old)?;
    sync_folder_of(old)?;
    wipe(held)
}

/// Wipes one, and takes it away; where there is none, nothing.
pub(crate) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => wipe(file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    fs::remove_file(path)?;
    sync_folder_of(path)
}

/// Makes names in the folder of a file durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn wipe(mut file: File) -> io::Result<()> {
    let zeros = vec![0; file.metadata()?.len() as usize];
    file.write_all(&zeros)?;
    file.sync_all()
}
