//! Serves a signer over a Unix socket, or over any stream of lines.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as Knock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::file::FileSigner;
use crate::protocol::{self, Answer, LONGEST_REQUEST};

/// Listens at a path, for the owner and the group of this process (mode 0660). What a process that ended left there is
/// taken away; a socket somebody listens at is not.
///
/// # Errors
/// When the path has more than [`LONGEST_PATH`] bytes, is something else than a socket, somebody listens there, or the
/// system refuses.
pub fn listen(path: impl AsRef<Path>) -> io::Result<UnixListener> {
    let path = path.as_ref();
    if path.as_os_str().len() > LONGEST_PATH {
        let why = format!("{}: the path of a socket has at most {LONGEST_PATH} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    refuse_taken(path)?;
    // Nobody enters before the mode is set: it is made in a folder of ours, and then given its name.
    let beside = with_suffix(path, BESIDE);
    let socket = beside.join("s");
    // What a crash left, if it is ours to remove.
    if_there(fs::remove_file(&socket))?;
    if_there(fs::remove_dir(&beside))?;
    DirBuilder::new().mode(0o700).create(&beside)?;
    let listener = UnixListener::bind(&socket)?;
    fs::set_permissions(&socket, Permissions::from_mode(0o660))?;
    fs::rename(&socket, path)?;
    fs::remove_dir(&beside)?;
    Ok(listener)
}

/// Answers whoever comes, for as long as this is awaited: several at once, none of them longer than a minute.
///
/// # Errors
/// When nobody can come any more.
pub async fn serve(listener: UnixListener, signer: FileSigner) -> io::Result<std::convert::Infallible> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut clients = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        while clients.try_join_next().is_some() {}
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            // It went away before it was let in.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        let signer = signer.clone();
        clients.spawn(async move {
            // Who goes away, or is too slow, is nobody's loss: what was signed is remembered.
            let _ = timeout(LONGEST_VISIT, visit(client, &signer)).await;
            drop(place);
        });
    }
}

async fn visit(mut client: UnixStream, signer: &FileSigner) -> io::Result<()> {
    let (reads, writes) = client.split();
    answer_lines(BufReader::new(reads), writes, signer, Some(LONGEST_WAIT)).await
}

/// Answers each line with a line, until there are no more: over standard input and output, behind `ssh` or the like.
///
/// # Errors
/// When the stream cannot be read or written, or a line is longer than 64 KiB.
pub async fn serve_lines(
    reads: impl AsyncBufRead + Unpin,
    writes: impl AsyncWrite + Unpin,
    signer: &FileSigner,
) -> io::Result<()> {
    answer_lines(reads, writes, signer, None).await
}

async fn answer_lines(
    mut reads: impl AsyncBufRead + Unpin,
    mut writes: impl AsyncWrite + Unpin,
    signer: &FileSigner,
    wait: Option<Duration>,
) -> io::Result<()> {
    loop {
        let Some(line) = within(wait, next_line(&mut reads)).await? else { return Ok(()) };
        let is_whole = line.ends_with(b"\n");
        let answer = match is_whole {
            true => protocol::answer(signer, &line).await,
            false => protocol::written(&Answer::Malformed(format!("a request has at most {LONGEST_REQUEST} bytes"))),
        };
        within(wait, async {
            writes.write_all(answer.as_bytes()).await?;
            writes.flush().await
        })
        .await?;
        if !is_whole {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// The next line; without its end if it is too long. Nothing where there is no whole one.
async fn next_line(reads: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reads.take(LONGEST_REQUEST as u64 + 1).read_until(b'\n', &mut line).await?;
    let is_cut = !line.ends_with(b"\n") && line.len() <= LONGEST_REQUEST;
    Ok((!is_cut).then_some(line))
}

async fn within<T>(wait: Option<Duration>, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match wait {
        Some(wait) => timeout(wait, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        None => work.await,
    }
}

fn refuse_taken(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let taken = |why: &str| Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{}: {why}", path.display())));
    if !found.file_type().is_socket() {
        return taken("is there, and no socket");
    }
    if Knock::connect(path).is_ok() { taken("another process listens there") } else { Ok(()) }
}

fn if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// How long the path of a socket may be, in bytes: the system's 107, less what stands beside it while it is made.
pub const LONGEST_PATH: usize = 107 - BESIDE.len() - "/s".len();
const BESIDE: &str = ".new";
/// Clients at once; others wait.
const AT_ONCE: usize = 16;
/// For a whole request, and for an answer to be taken.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_VISIT: Duration = Duration::from_secs(60);
