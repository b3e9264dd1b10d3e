//! What an auditor is handed, and how it is checked: the folder `aduan-audit/1`.
//!
//! `FORMAT.md` beside this crate describes it to the letter, so that others can write a verifier of their own.
//! [`export`](export::export) reads a ledger and writes the folder; [`verify`](verify::verify) reads the folder and
//! nothing else: no database, no network, no clock.

pub mod export;
mod json;
mod line;
pub mod manifest;
mod records;
mod state;
pub mod verify;

/// The names in the folder.
mod names {
    pub(crate) const MANIFEST: &str = "manifest.json";
    pub(crate) const CHECKPOINT: &str = "checkpoint";
    pub(crate) const ATTESTATIONS: &str = "attestations";
    pub(crate) const LEAVES: &str = "leaves.bin";
    pub(crate) const RECORDS: &str = "records.jsonl";
    pub(crate) const BOXES: &str = "boxes.jsonl";
    pub(crate) const KEYS: &str = "keys.jsonl";
    pub(crate) const STATES: &str = "states.jsonl";
    pub(crate) const PROOFS: &str = "proofs";
    pub(crate) const CONSISTENCY: &str = "consistency";
    /// How far an export has come that is not at its end.
    pub(crate) const PROGRESS: &str = "progress.json";

    use aduan::store::DocumentKind;

    /// Where documents of a kind lie.
    pub(crate) fn folder_of(kind: DocumentKind) -> &'static str {
        match kind {
            DocumentKind::Policy => "policies",
            DocumentKind::Calendar => "calendars",
            DocumentKind::Directory => "directories",
        }
    }
}
