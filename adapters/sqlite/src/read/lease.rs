//! The right to project: a lock on the file `PATH.lock`.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::{io, thread};

use aduan::read::{Lease, ReadError};
use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::path::lock_file;

/// Released by the operating system when it is dropped, or when its process dies.
struct FileLease {
    _file: File,
    // After the file, so that whose turn it is next in this store finds the lock free.
    _turn: OwnedMutexGuard<()>,
}

impl Lease for FileLease {}

/// The lease, where nobody has the lock.
pub(super) fn at_once(path: &Path, turn: OwnedMutexGuard<()>) -> Result<Option<Box<dyn Lease>>, ReadError> {
    let lease = tried(lock_of(path)?, turn)?;
    Ok(lease.ok().map(|lease| Box::new(lease) as Box<dyn Lease>))
}

/// Waits for the lock on a thread of its own.
///
/// A file lock cannot be awaited, nor its wait called off: the thread of a caller that went away waits on and then
/// gives the lock back. It keeps the turn meanwhile, so that a store has one such thread at most.
pub(super) async fn granted(path: &Path, turn: OwnedMutexGuard<()>) -> Result<Box<dyn Lease>, ReadError> {
    let (file, turn) = match tried(lock_of(path)?, turn)? {
        Ok(lease) => return Ok(Box::new(lease)),
        Err(others) => others,
    };
    let (reply, answer) = oneshot::channel();
    let wait = move || {
        let locked = file.lock().map(|()| FileLease { _file: file, _turn: turn });
        drop(reply.send(locked));
    };
    thread::Builder::new().name("aduan-lease".into()).spawn(wait).map_err(|error| unlocked(&error))?;
    match answer.await {
        Ok(Ok(lease)) => Ok(Box::new(lease)),
        Ok(Err(error)) => Err(unlocked(&error)),
        Err(_) => Err(ReadError::Unavailable("the thread that waited for the lease died".into())),
    }
}

fn lock_of(path: &Path) -> Result<File, ReadError> {
    lock_file(path).map(|(file, _)| file).map_err(|error| ReadError::Unavailable(error.to_string()))
}

/// The lease, or what it takes to wait for it.
fn tried(file: File, turn: OwnedMutexGuard<()>) -> Result<Result<FileLease, (File, OwnedMutexGuard<()>)>, ReadError> {
    match file.try_lock() {
        Ok(()) => Ok(Ok(FileLease { _file: file, _turn: turn })),
        Err(TryLockError::WouldBlock) => Ok(Err((file, turn))),
        Err(TryLockError::Error(error)) => Err(unlocked(&error)),
    }
}

fn unlocked(error: &io::Error) -> ReadError {
    ReadError::Unavailable(format!("the lease: {error}"))
}
