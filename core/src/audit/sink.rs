//! Where checkpoints go once they are signed, and keys once they are handed over: a port, and the table beside the
//! records.

use std::sync::Arc;

use async_trait::async_trait;

use crate::store::{Attestation, Attestations, StoreError};

/// Keeps what is attested where whoever can rewrite the ledger cannot take all of them away: a table, a file, paper.
#[async_trait]
pub trait CheckpointSink: Send + Sync {
    /// Keeps one, durably. Keeping one twice is harmless.
    ///
    /// # Errors
    /// When it is not kept, or nobody knows. It is brought again.
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError>;
}

/// Why something was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sink}: {why}")]
pub struct SinkError {
    /// Where it should have been kept.
    pub sink: String,
    /// What was in the way.
    pub why: String,
}

/// The table beside the records, from which they are exported.
#[derive(Clone)]
pub struct TableSink(pub Arc<dyn Attestations>);

#[async_trait]
impl CheckpointSink for TableSink {
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError> {
        self.0.keep_attestation(attestation).await.map_err(|error| SinkError::of_table(&error))
    }
}

impl SinkError {
    /// What the table beside the records was in the way with.
    pub fn of_table(error: &StoreError) -> Self {
        SinkError { sink: "the ledger's table of attestations".into(), why: error.to_string() }
    }
}
