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

/// Waits for the lock on a thread of its own.
///
/// A file lock cannot be awaited, nor its wait called off: the thread of a caller that went away waits on and then
/// gives the lock back. It keeps the turn meanwhile, so that a store has one such thread at most.
pub(super) async fn granted(path: &Path, turn: OwnedMutexGuard<()>) -> Result<Box<dyn Lease>, ReadError> {
    let (file, _) = lock_file(path).map_err(|error| ReadError::Unavailable(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => return Ok(Box::new(FileLease { _file: file, _turn: turn })),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(unlocked(&error)),
    }
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

fn unlocked(error: &io::Error) -> ReadError {
    ReadError::Unavailable(format!("the lease: {error}"))
}
