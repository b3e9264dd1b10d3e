//! The table of a ledger in a file, which one process writes to at a time.

use std::path::PathBuf;
use std::sync::Arc;

use aduan::audit::sink::{CheckpointSink, SinkError, TableSink};
use aduan::store::Attestation;
use aduan_sqlite::SqliteStore;
use async_trait::async_trait;

/// Opens the file for each checkpoint, and lets it go: a notary must not keep others from writing.
pub(super) struct FileTable {
    path: PathBuf,
}

impl FileTable {
    /// Of the ledger in that file.
    pub(super) fn new(path: PathBuf) -> Self {
        FileTable { path }
    }
}

#[async_trait]
impl CheckpointSink for FileTable {
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError> {
        let store = SqliteStore::open(&self.path)
            .map_err(|error| SinkError { sink: self.path.display().to_string(), why: error.to_string() })?;
        TableSink(Arc::new(store)).keep(attestation).await
    }
}
