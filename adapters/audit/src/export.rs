//! Writing the folder: records as they lie in the store, held against a signed checkpoint.
//!
//! What is read is written at once, and how far it has come is noted now and then, so that an export which was
//! cut goes on where it was. `manifest.json` comes last: a folder without it is not finished.

mod ahead;
mod files;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::fork::{self, Loss};
use aduan::audit::proof::{ConsistencyProof, InclusionProof};
use aduan::audit::tree::{self, Frontier, RangeHashes};
use aduan::audit::{keys::Rotation, leaf, notes::ended};
use aduan::complaint::Complaint;
use aduan::record::Record;
use aduan::store::{Attestations, DocumentKind, Entry, KeyVault, Store, StoreError, VaultError};
use aduan::values::{ComplaintId, Digest, DocumentRef, Position};

use self::ahead::Named;
use self::files::{Files, Progress};
use crate::line;
use crate::manifest::{FORMAT, Manifest, Scope};
use crate::names;
use crate::records::{Line, Lines, SHARE, Share};
use crate::state;

/// What is to be exported, and where to.
pub struct Export {
    /// The ledger.
    pub store: Arc<dyn Store>,
    /// What is attested of it.
    pub attestations: Arc<dyn Attestations>,
    /// What everything is held against.
    pub checkpoint: SignedCheckpoint,
    /// Checkpoints the auditor holds: one complaint comes with a proof from each of them.
    pub held: Vec<SignedCheckpoint>,
    /// What of the ledger.
    pub scope: Scope,
    /// Whether sealed values go along.
    pub boxes: bool,
    /// Opens the keys that go along; without it none do.
    pub keys: Option<Arc<dyn KeyVault>>,
    /// The folder: empty, missing, or where the same export was cut.
    pub folder: PathBuf,
    /// When it is made, for people.
    pub made_at: String,
    /// By which release.
    pub made_by: String,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// What is in the folder.
    pub manifest: Manifest,
    /// Where it went on, if it had been cut: behind that position.
    pub resumed_after: Option<Position>,
    /// Whether the records lead to the checkpoint's root. The folder is whole either way: where they do not, it
    /// proves that.
    pub leads_to_checkpoint: bool,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store does not give what is asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is not written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another export is there.
    #[error("{} holds {what}", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// The ledger ends before the checkpoint does.
    #[error("the checkpoint covers {signed} events, and the ledger has {there}: its end is missing")]
    Shorter {
        /// What the checkpoint covers.
        signed: u64,
        /// What there is.
        there: u64,
    },
    /// The checkpoint is another ledger's.
    #[error("the checkpoint is of {0}")]
    OtherLedger(String),
    /// Nothing is in the scope.
    #[error("there is nothing in it: {0}")]
    Nothing(String),
    /// The vault does not open a key.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Writes the folder. `progress` is told the position that was read last, and the last there is.
///
/// # Errors
/// When store or folder fail. What was written stays, and the same export goes on from there.
pub async fn export(export: Export, progress: impl FnMut(Position, Position)) -> Result<Exported, ExportError> {
    export_noting(export, BETWEEN_NOTES, progress).await
}

/// The same, noting how far it has come after every so many positions: each note waits for the disk, and what is behind
/// the last one is written once more by whoever goes on.
///
/// # Errors
/// As [`export`].
pub async fn export_noting(
    export: Export,
    positions: NonZero<u64>,
    mut progress: impl FnMut(Position, Position),
) -> Result<Exported, ExportError> {
    let ledger = export.store.id().clone();
    let signed = export.checkpoint.checkpoint().clone();
    if signed.origin.of_line(1) != aduan::audit::checkpoint::Origin::of(&ledger, 1) {
        return Err(ExportError::OtherLedger(signed.origin.to_string()));
    }
    let there = export.store.head().await?.position;
    if there < signed.size {
        return Err(ExportError::Shorter { signed: signed.size, there });
    }
    let wanted = export.wanted(&mut progress).await?;
    let (mut files, resumed) = Files::begin(&export)?;
    write_attestations(&export).await?;
    let mut writing = Writing::new(&export, &mut files, wanted, resumed)?;
    writing.write(positions, &mut progress).await?;
    let (records, tree, documents) = (writing.records, writing.tree, writing.documents);
    files.finish()?;
    let root = match export.scope {
        Scope::Complaint(complaint) => write_proofs(&export, complaint, &mut progress).await?,
        Scope::Whole | Scope::Period { .. } => tree.root(),
    };
    write_documents(&export, documents).await?;
    let complaints = write_states(&export.folder)?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        ledger,
        size: signed.size,
        scope: export.scope,
        records,
        complaints,
        boxes: export.boxes,
        keys: export.keys.is_some(),
        made_at: export.made_at.clone(),
        made_by: export.made_by.clone(),
    };
    files::write_last(&export.folder, &manifest)?;
    let resumed_after = resumed.map(|resumed| resumed.position);
    Ok(Exported { manifest, resumed_after, leads_to_checkpoint: root == signed.root })
}

/// Which records are to be written.
enum Wanted {
    All,
    /// Those of one complaint.
    OfOne(ComplaintId),
    /// Those of these complaints up to a position, and every loss that is admitted up to there: it explains
    /// checkpoints that do not fit.
    Of(HashSet<ComplaintId>, Position),
}

impl Wanted {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Wanted::All => true,
            Wanted::OfOne(complaint) => entry.record.complaint == *complaint,
            Wanted::Of(complaints, last) => {
                let is_of_them = complaints.contains(&entry.record.complaint) || entry.record.event_type == "Forked";
                entry.position <= *last && is_of_them
            }
        }
    }
}

impl Export {
    fn size(&self) -> Position {
        self.checkpoint.checkpoint().size
    }

    /// A period is looked through once before it is written: what came before of its complaints goes along.
    async fn wanted(&self, progress: &mut impl FnMut(Position, Position)) -> Result<Wanted, ExportError> {
        match self.scope {
            Scope::Whole => Ok(Wanted::All),
            Scope::Complaint(complaint) => Ok(Wanted::OfOne(complaint)),
            Scope::Period { first, last } => {
                if first == 0 || first > last || last > self.size() {
                    let why = format!("positions {first} to {last} of {}", self.size());
                    return Err(ExportError::Nothing(why));
                }
                let mut complaints = HashSet::new();
                let mut position = first - 1;
                while position < last {
                    let page = self.page(position, last).await?;
                    complaints.extend(page.iter().map(|entry| entry.record.complaint));
                    position += page.len() as u64;
                    progress(position, last);
                }
                Ok(Wanted::Of(complaints, last))
            }
        }
    }

    /// The entries behind a position, up to the last one asked for.
    async fn page(&self, after: Position, last: Position) -> Result<Vec<Entry>, ExportError> {
        let limit = usize::try_from(last - after).unwrap_or(PAGE).min(PAGE);
        let page = self.store.after(after, limit).await?;
        if page.entries.is_empty() {
            return Err(ExportError::Shorter { signed: self.size(), there: after });
        }
        Ok(page.entries)
    }
}

/// The one pass over the log.
struct Writing<'a> {
    export: &'a Export,
    files: &'a mut Files,
    wanted: Wanted,
    position: Position,
    records: u64,
    tree: Frontier,
    documents: BTreeMap<DocumentRef, DocumentKind>,
}

impl<'a> Writing<'a> {
    fn new(
        export: &'a Export,
        files: &'a mut Files,
        wanted: Wanted,
        resumed: Option<Progress>,
    ) -> Result<Self, ExportError> {
        let Progress { position, records, .. } = resumed.unwrap_or_default();
        let mut writing =
            Writing { export, files, wanted, position, records, tree: Frontier::default(), documents: BTreeMap::new() };
        if resumed.is_some() {
            writing.files.each_leaf(|leaf| writing.tree.push(leaf))?;
            let mut lines = Lines::open(&export.folder.join(names::RECORDS)).map_err(at(&export.folder))?;
            let mut record = line::blank();
            while let Some(Line::Text(text)) = lines.next().map_err(at(&export.folder))? {
                if line::read(text, &mut record).is_ok() {
                    note_documents(&mut writing.documents, &record);
                }
            }
        }
        Ok(writing)
    }

    async fn write(
        &mut self,
        between_notes: NonZero<u64>,
        progress: &mut impl FnMut(Position, Position),
    ) -> Result<(), ExportError> {
        let last = self.export.size();
        let mut noted = self.position;
        while self.position < last {
            let entries = self.export.page(self.position, last).await?;
            self.write_page(entries).await?;
            if self.position >= noted + between_notes.get() {
                noted = self.position;
                self.files.note(self.position, self.records)?;
            }
            progress(self.position, last);
        }
        if self.records == 0 && !matches!(self.export.scope, Scope::Whole) {
            return Err(ExportError::Nothing("no record of it is below the checkpoint".into()));
        }
        Ok(())
    }

    async fn write_page(&mut self, entries: Vec<Entry>) -> Result<(), ExportError> {
        let mut ahead = ahead::Ahead::new(self.export);
        for entry in entries {
            let leaf = leaf(entry.record.complaint, entry.record.sequence, entry.record.hash);
            self.tree.push(leaf);
            self.files.leaf(leaf)?;
            self.position = entry.position;
            if !self.wanted.holds(&entry) {
                continue;
            }
            self.records += 1;
            self.files.record(entry.position, &entry.record)?;
            note_documents(&mut self.documents, &entry.record);
            if !self.export.boxes && self.export.keys.is_none() {
                continue;
            }
            // What cannot be read is handed over as it is: that is what the folder proves.
            let Ok(event) = entry.record.written() else { continue };
            if let Some(named) = ahead.ask(entry, &event).await? {
                self.write_named(named)?;
            }
        }
        while let Some(named) = ahead.next().await? {
            self.write_named(named)?;
        }
        Ok(())
    }

    fn write_named(&mut self, Named { position, boxes, key }: Named) -> Result<(), ExportError> {
        for (field, sealed) in &boxes {
            self.files.sealed(position, field, sealed)?;
        }
        if let Some(key) = key {
            self.files.key(position, &key)?;
        }
        Ok(())
    }
}

fn note_documents(documents: &mut BTreeMap<DocumentRef, DocumentKind>, record: &Record) {
    let Ok(context) = record.context() else { return };
    let bound = [
        (&context.policy, DocumentKind::Policy),
        (&context.calendar, DocumentKind::Calendar),
        (&context.directory, DocumentKind::Directory),
    ];
    for (reference, kind) in bound {
        if !documents.contains_key(reference) {
            documents.insert(reference.clone(), kind);
        }
    }
}

/// What is attested up to the checkpoint, which is among it. A checkpoint of what was lost goes along where its
/// admission does: without it, nothing would tell why it does not fit.
async fn write_attestations(export: &Export) -> Result<(), ExportError> {
    let losses = fork::losses(&*export.store).await?;
    let unexplained: Vec<&Loss> =
        losses.iter().filter(|loss| !export.scope.holds_admission_at(loss.position)).collect();
    let is_wanted = |signed: &SignedCheckpoint| !unexplained.iter().any(|loss| loss.takes(signed.checkpoint()));
    let line = export.checkpoint.checkpoint().origin.line();
    let mut notes = String::new();
    let mut after = None;
    loop {
        let page = export.attestations.attestations(after.as_ref(), PAGE).await?;
        for kept in &page {
            let signed = kept.note.parse::<SignedCheckpoint>();
            let is_wanted = match kept.note.parse::<Rotation>() {
                Ok(rotation) => rotation.counts_for(line, export.size()),
                Err(_) => kept.size <= export.size() && signed.is_ok_and(|signed| is_wanted(&signed)),
            };
            if is_wanted {
                notes.push_str(&ended(&kept.note));
            }
        }
        match page.last() {
            Some(last) => after = Some(last.clone()),
            None => break,
        }
    }
    write_file(&export.folder, names::ATTESTATIONS, &notes)?;
    write_file(&export.folder, names::CHECKPOINT, &export.checkpoint.to_string())
}

/// For each record of one complaint the proof that it is in the checkpoint, and the checkpoints held in it. Tells the
/// root of all there is.
async fn write_proofs(
    export: &Export,
    complaint: ComplaintId,
    progress: &mut impl FnMut(Position, Position),
) -> Result<Digest, ExportError> {
    let size = export.size();
    let mut positions = Vec::new();
    let path = export.folder.join(names::RECORDS);
    let mut lines = Lines::open(&path).map_err(at(&path))?;
    let mut record = line::blank();
    while let Some(Line::Text(text)) = lines.next().map_err(at(&path))? {
        positions.extend(line::read(text, &mut record).ok());
    }
    // No proof leads from what was lost.
    let losses = fork::losses(&*export.store).await?;
    let held = export.held.iter().map(SignedCheckpoint::checkpoint);
    let held = held.filter(|held| !losses.iter().any(|loss| loss.takes(held)));
    let olds: Vec<u64> = held.map(|held| held.size).filter(|old| (1..=size).contains(old)).collect();
    let mut hashes = RangeHashes::default();
    positions.iter().for_each(|position| hashes.ask(&tree::inclusion(position - 1, size)));
    olds.iter().for_each(|old| hashes.ask(&tree::consistency(*old, size)));
    let mut tree = Frontier::default();
    let mut position = 0;
    while position < size {
        for entry in export.page(position, size).await? {
            let leaf = leaf(entry.record.complaint, entry.record.sequence, entry.record.hash);
            hashes.push(position, leaf);
            tree.push(leaf);
            position = entry.position;
        }
        progress(position, size);
    }
    let gathered = |ranges: Vec<Range<u64>>| {
        hashes.hashes(&ranges).ok_or(ExportError::Nothing(format!("no proof for {complaint}")))
    };
    for position in positions {
        let index = position - 1;
        let hashes = gathered(tree::inclusion(index, size))?;
        let proof = InclusionProof { index, hashes, checkpoint: export.checkpoint.clone() };
        let name = format!("{}/{position}.tlog-proof", names::PROOFS);
        write_file(&export.folder, &name, &proof.to_string())?;
    }
    for old in olds {
        let hashes = gathered(tree::consistency(old, size))?;
        let proof = ConsistencyProof { old, hashes, checkpoint: export.checkpoint.clone() };
        let name = format!("{}/{old}.tlog-witness", names::CONSISTENCY);
        write_file(&export.folder, &name, &proof.to_string())?;
    }
    Ok(tree.root())
}

async fn write_documents(export: &Export, documents: BTreeMap<DocumentRef, DocumentKind>) -> Result<(), ExportError> {
    for (reference, kind) in documents {
        // What is missing is for the verifier to say: it is found there as well.
        if let Some(document) = export.store.document(reference.hash).await? {
            let name = format!("{}/{}.toml", names::folder_of(kind), reference.hash);
            write_file(&export.folder, &name, &document.text)?;
        }
    }
    Ok(())
}

/// Folds what was written, a share of the complaints at a time, and tells how many there are.
fn write_states(folder: &Path) -> Result<u64, ExportError> {
    let (records, states) = (folder.join(names::RECORDS), folder.join(names::STATES));
    let bytes = fs::metadata(&records).map_err(at(&records))?.len();
    let mut out = io::BufWriter::new(fs::File::create(&states).map_err(at(&states))?);
    let mut complaints = 0;
    for share in Share::all(bytes, SHARE) {
        let mut folded: BTreeMap<ComplaintId, Complaint> = BTreeMap::new();
        let mut lines = Lines::open(&records).map_err(at(&records))?;
        let mut record = line::blank();
        let is_ours = |line: &[u8]| line::place_of(line).is_some_and(|(_, complaint)| share.holds(complaint));
        while let Some(line) = lines.next_if(is_ours).map_err(at(&records))? {
            if let Line::Text(text) = line
                && line::read(text, &mut record).is_ok()
            {
                let state = folded.entry(record.complaint).or_default();
                if let Ok(event) = record.written() {
                    state.evolve(&event);
                }
            }
        }
        complaints += folded.len() as u64;
        for (complaint, state) in folded {
            out.write_all(state::line(complaint, &state).as_bytes()).map_err(at(&states))?;
        }
    }
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(at(&states))?;
    Ok(complaints)
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<(), ExportError> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(at(parent))?;
    }
    // The manifest comes last, and says that the rest is there.
    let write = || {
        let mut file = fs::File::create(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(at(&path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> ExportError + '_ {
    move |error| ExportError::File { path: path.to_owned(), error }
}

const PAGE: usize = 2_048;
/// A note waits for the disk.
const BETWEEN_NOTES: NonZero<u64> = NonZero::new(32_768).expect("not zero");
