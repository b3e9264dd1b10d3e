//! A printed line for each checkpoint: on paper nobody rewrites it.

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::sink::{CheckpointSink, SinkError};
use aduan::store::Attestation;
use async_trait::async_trait;
use chrono::SecondsFormat;

use crate::answer::tell_whole;

/// Prints `ORIGIN SIZE ROOT TIME` on standard output, for a receipt printer or a paper log.
pub(super) struct PrintedSink;

#[async_trait]
impl CheckpointSink for PrintedSink {
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError> {
        // A key that was handed over is for files: nobody types it in from paper.
        let Ok(checkpoint) = attestation.note.parse::<SignedCheckpoint>() else { return Ok(()) };
        let printed = tell_whole(&format!("{}\n", line(&checkpoint)));
        printed.map_err(|failure| SinkError { sink: "print".into(), why: failure.to_string() })
    }
}

/// A checkpoint in one line, its root as it stands in the note.
pub(crate) fn line(signed: &SignedCheckpoint) -> String {
    let checkpoint = signed.checkpoint();
    let at = signed.told_at().map_or("-".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    format!("{} {} {} {at}", checkpoint.origin, checkpoint.size, root(signed))
}

/// The root as it stands in the note, so that people can compare the two.
pub(crate) fn root(signed: &SignedCheckpoint) -> &str {
    signed.note().text().lines().nth(2).unwrap_or_default()
}
