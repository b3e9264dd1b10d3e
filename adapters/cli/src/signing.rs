//! Where a signer is reached: a process of its own behind a socket.

use std::path::Path;
use std::sync::Arc;

use aduan_signer::{LONGEST_PATH, RemoteSigner};

use crate::answer::Failure;

/// The signer that listens at a socket. It is asked when there is something to ask.
///
/// # Errors
/// When there can be no socket of that path.
pub(crate) fn connect_signer(socket: &Path) -> Result<Arc<RemoteSigner>, Failure> {
    if socket.as_os_str().len() > LONGEST_PATH {
        let why = format!("{}: the path of a socket has at most {LONGEST_PATH} bytes", socket.display());
        return Err(Failure::Usage(why));
    }
    Ok(Arc::new(RemoteSigner::new(socket)))
}
