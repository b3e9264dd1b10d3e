//! A signer in another process, asked over its socket.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::note::VerifierKey;
use aduan::audit::signer::{CheckpointSigner, Proposal, SignerError};
use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::protocol::{self, Answer, LONGEST_ANSWER, Request};

/// A signer behind a socket. It connects anew for each question, so that a signer may be started again at any time.
#[derive(Clone, Debug)]
pub struct RemoteSigner {
    socket: PathBuf,
    deadline: Duration,
}

impl RemoteSigner {
    /// The signer that listens there. Nobody is asked yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        RemoteSigner { socket: socket.into(), deadline: DEADLINE }
    }

    /// The same, waiting that long for an answer, connecting included [default: ten seconds].
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        RemoteSigner { deadline, ..self }
    }

    /// The public keys that sign now. What a socket says is no reason to trust a key.
    ///
    /// # Errors
    /// When it is not reached.
    pub async fn keys(&self) -> Result<Vec<VerifierKey>, SignerError> {
        match self.ask(&Request::Key {}).await? {
            Answer::Keys(keys) => keys.iter().map(|key| key.parse().map_err(strange)).collect(),
            other => Err(strange(format!("{other:?}"))),
        }
    }

    /// The newest checkpoint it signed, in that line or one before, that is part of a log of that many events.
    ///
    /// # Errors
    /// When it does not sign for that origin, or is not reached.
    pub async fn newest(&self, origin: &Origin, at_most: u64) -> Result<Option<SignedCheckpoint>, SignerError> {
        self.note(&Request::Newest { origin: origin.to_string(), at_most }).await
    }

    async fn note(&self, request: &Request) -> Result<Option<SignedCheckpoint>, SignerError> {
        match self.ask(request).await? {
            Answer::Note(note) => note.map(|note| note.parse().map_err(strange)).transpose(),
            other => Err(strange(format!("{other:?}"))),
        }
    }

    /// Asks, and sorts out what is no answer to it.
    async fn ask(&self, request: &Request) -> Result<Answer, SignerError> {
        let asked = timeout(self.deadline, self.line(&protocol::written(request))).await;
        let unreached = |error: io::Error| SignerError::Unavailable(format!("{}: {error}", self.socket.display()));
        let line = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(unreached)?;
        match serde_json::from_slice(&line).map_err(strange)? {
            Answer::Refused(refusal) => Err(SignerError::Refused(refusal)),
            Answer::Unavailable(why) => Err(SignerError::Unavailable(why)),
            Answer::Malformed(why) => Err(strange(format!("it does not understand: {why}"))),
            answer => Ok(answer),
        }
    }

    async fn line(&self, request: &str) -> io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut line = Vec::new();
        BufReader::new(stream).take(LONGEST_ANSWER as u64).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it went away before it had answered"));
        }
        Ok(line)
    }
}

#[async_trait]
impl CheckpointSigner for RemoteSigner {
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError> {
        self.note(&Request::Last { origin: origin.to_string() }).await
    }

    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError> {
        let signed = self.note(&Request::sign(proposal)).await?;
        let is_meant = |signed: &SignedCheckpoint| *signed.checkpoint() == proposal.checkpoint;
        signed.filter(is_meant).ok_or_else(|| strange("it signed something else than it was asked to"))
    }

    async fn rotations(&self, origin: &Origin) -> Result<Vec<Rotation>, SignerError> {
        match self.ask(&Request::Rotations { origin: origin.to_string() }).await? {
            Answer::Notes(notes) => notes.iter().map(|note| note.parse().map_err(strange)).collect(),
            other => Err(strange(format!("{other:?}"))),
        }
    }
}

fn strange(why: impl ToString) -> SignerError {
    SignerError::Unavailable(format!("its answer is none: {}", why.to_string()))
}

const DEADLINE: Duration = Duration::from_secs(10);
