//! What is asked of a signer and answered, each a line of JSON; the README has the table.

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::signer::{CheckpointSigner as _, Proposal, Refusal, SignerError};
use aduan::values::Digest;
use serde::{Deserialize, Serialize};

use crate::file::FileSigner;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// The public keys that sign now.
    Key {},
    /// What the next checkpoint goes on from.
    Last { origin: String },
    /// The newest checkpoint that is part of a log of so many events.
    Newest { origin: String, at_most: u64 },
    /// The keys handed over.
    Rotations { origin: String },
    /// A checkpoint to be signed.
    Sign { origin: String, size: u64, root: Digest, old: u64, proof: Vec<Digest> },
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Answer {
    Keys(Vec<String>),
    Note(Option<String>),
    Notes(Vec<String>),
    /// By the rule: asking again changes nothing.
    Refused(Refusal),
    /// For a reason of its own: it may have signed.
    Unavailable(String),
    /// The request is none.
    Malformed(String),
}

impl Request {
    /// To sign that.
    pub(crate) fn sign(proposal: &Proposal) -> Self {
        let Checkpoint { origin, size, root } = &proposal.checkpoint;
        let proof = proposal.proof.clone();
        Request::Sign { origin: origin.to_string(), size: *size, root: *root, old: proposal.old, proof }
    }
}

/// The line that answers a line.
pub(crate) async fn answer(signer: &FileSigner, line: &[u8]) -> String {
    let answer = match serde_json::from_slice(line) {
        Ok(request) => ask(signer, request).await.unwrap_or_else(|answer| answer),
        Err(error) => Answer::Malformed(error.to_string()),
    };
    written(&answer)
}

/// An answer as a line.
pub(crate) fn written(answer: &impl Serialize) -> String {
    let mut line = serde_json::to_string(answer).expect("our own types serialise");
    line.push('\n');
    line
}

async fn ask(signer: &FileSigner, request: Request) -> Result<Answer, Answer> {
    Ok(match request {
        Request::Key {} => Answer::Keys(signer.keys().iter().map(ToString::to_string).collect()),
        Request::Last { origin } => note(signer.last(&read(&origin)?).await)?,
        Request::Newest { origin, at_most } => note(signer.newest(&read(&origin)?, at_most).await)?,
        Request::Rotations { origin } => {
            let rotations = signer.rotations(&read(&origin)?).await.map_err(Answer::from)?;
            Answer::Notes(rotations.iter().map(ToString::to_string).collect())
        }
        Request::Sign { origin, size, root, old, proof } => {
            let checkpoint = Checkpoint { origin: read(&origin)?, size, root };
            note(signer.sign(&Proposal { checkpoint, old, proof }).await.map(Some))?
        }
    })
}

fn read(origin: &str) -> Result<Origin, Answer> {
    origin.parse().map_err(|wrong: aduan::values::InvalidValue| Answer::Malformed(wrong.to_string()))
}

fn note(found: Result<Option<SignedCheckpoint>, SignerError>) -> Result<Answer, Answer> {
    Ok(Answer::Note(found?.map(|signed| signed.to_string())))
}

impl From<SignerError> for Answer {
    fn from(error: SignerError) -> Self {
        match error {
            SignerError::Refused(refusal) => Answer::Refused(refusal),
            SignerError::Unavailable(why) => Answer::Unavailable(why),
        }
    }
}

/// A request has at most so many bytes: a proof has 64 hashes, an origin 255.
pub(crate) const LONGEST_REQUEST: usize = 64 << 10;
/// An answer has at most so many: a thousand keys handed over.
pub(crate) const LONGEST_ANSWER: usize = 1 << 20;
