//! A folder taken apart, for whoever means to change it: its own reader and writer, and no code of the exporter's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aduan::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::leaf;
use aduan::audit::note::NoteKey;
use aduan::audit::proof::{ConsistencyProof, InclusionProof};
use aduan::audit::tree::{self, Frontier, RangeHashes};
use aduan::complaint::Complaint;
use aduan::event::Event;
use aduan::record::{Record, genesis};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId, Position};
use aduan_audit::manifest::{Manifest, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use super::world::World;

/// Everything a folder holds, and what a thief inside the office has beside it: all leaves, and both keys.
#[derive(Clone)]
pub(super) struct Forge {
    pub(super) world: Arc<World>,
    pub(super) manifest: Manifest,
    pub(super) checkpoint: SignedCheckpoint,
    pub(super) attested: Vec<Attested>,
    /// Of the whole ledger, whatever the scope.
    pub(super) leaves: Vec<Digest>,
    pub(super) lines: Vec<Line>,
    pub(super) states: Vec<String>,
    /// Documents and proofs.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What is done to whole files at the end; without bytes they are missing.
    pub(super) raw: BTreeMap<String, Option<Vec<u8>>>,
    /// What the auditor brings along.
    pub(super) held: Vec<SignedCheckpoint>,
}

/// A record, with the lines of the other files that are its own.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) position: Position,
    pub(super) record: Record,
    pub(super) boxes: Vec<BoxLine>,
    pub(super) keys: Vec<KeyLine>,
}

#[derive(Clone)]
pub(super) struct BoxLine {
    pub(super) field: String,
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct KeyLine {
    pub(super) commitment: Digest,
    pub(super) key: Digest,
}

#[derive(Clone)]
pub(super) enum Attested {
    Checkpoint(SignedCheckpoint),
    Rotation(Rotation),
}

/// Who signs what was changed.
pub(super) enum Signer {
    /// Somebody who has a key of that name, and not the right one.
    Stranger,
    /// Somebody who has the right ones.
    Insider,
}

impl Forge {
    /// Takes a folder apart. `leaves` are those of the whole ledger.
    pub(super) fn read(world: &Arc<World>, folder: &Path, leaves: Option<&[Digest]>) -> Forge {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        let manifest: Manifest = serde_json::from_str(&text("manifest.json")).unwrap();
        let own: Vec<Digest> = fs::read(folder.join("leaves.bin"))
            .unwrap_or_default()
            .chunks(32)
            .map(|leaf| Digest(leaf.try_into().unwrap()))
            .collect();
        let mut lines: Vec<Line> = text("records.jsonl").lines().map(read_line).collect();
        for line in text("boxes.jsonl").lines().map(json) {
            let bytes = STANDARD.decode(text_of(&line, "box")).unwrap();
            let (field, digest) = (text_of(&line, "field").to_owned(), digest_of(&line, "digest"));
            owner(&mut lines, &line).boxes.push(BoxLine { field, digest, bytes });
        }
        for line in text("keys.jsonl").lines().map(json) {
            let key = KeyLine { commitment: digest_of(&line, "commitment"), key: digest_of(&line, "key") };
            owner(&mut lines, &line).keys.push(key);
        }
        Forge {
            manifest,
            checkpoint: text("checkpoint").parse().unwrap(),
            attested: text("attestations").split_terminator("%\n").map(Attested::read).collect(),
            leaves: leaves.map_or(own, <[Digest]>::to_vec),
            lines,
            states: text("states.jsonl").lines().map(str::to_owned).collect(),
            files: others(folder),
            raw: BTreeMap::new(),
            held: Vec::new(),
            world: Arc::clone(world),
        }
    }

    /// The files as they are to be written.
    pub(super) fn folder(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        let mut put = |name: &str, text: String| files.insert(name.to_owned(), text.into_bytes());
        put("manifest.json", serde_json::to_string(&self.manifest).unwrap() + "\n");
        put("checkpoint", self.checkpoint.to_string());
        put("attestations", self.attested.iter().map(|note| format!("{}%\n", note.text())).collect());
        put("records.jsonl", self.lines.iter().map(Line::text).collect());
        put("states.jsonl", self.states.iter().map(|line| format!("{line}\n")).collect());
        if self.manifest.boxes {
            put("boxes.jsonl", self.lines.iter().flat_map(Line::box_lines).collect());
        }
        if self.manifest.keys {
            put("keys.jsonl", self.lines.iter().flat_map(Line::key_lines).collect());
        }
        if self.has_leaves() {
            files.insert("leaves.bin".to_owned(), self.leaves.iter().flat_map(|leaf| leaf.0).collect());
        }
        for (name, bytes) in &self.raw {
            match bytes {
                Some(bytes) => files.insert(name.clone(), bytes.clone()),
                None => files.remove(name),
            };
        }
        files
    }

    pub(super) fn ledger(&self) -> &LedgerId {
        &self.manifest.ledger
    }

    pub(super) fn has_leaves(&self) -> bool {
        !matches!(self.manifest.scope, Scope::Complaint(_))
    }

    /// What a record says.
    pub(super) fn event(&self, line: usize) -> Event {
        self.lines[line].record.written().unwrap()
    }

    /// Writes another event in place of a record's. Nothing is hashed anew.
    pub(super) fn put(&mut self, line: usize, event: &Event) {
        let record = &mut self.lines[line].record;
        let Record { event_type, metadata, payload, .. } =
            Record::write(&self.manifest.ledger, record.complaint, record.sequence, record.prev, event);
        (record.event_type, record.metadata, record.payload) = (event_type, metadata, payload);
    }

    /// A complaint as the records in front of one make it.
    pub(super) fn before(&self, line: usize) -> Complaint {
        let complaint = self.lines[line].record.complaint;
        let earlier = self.lines[..line].iter().filter(|line| line.record.complaint == complaint);
        let events: Vec<Event> = earlier.filter_map(|line| line.record.written().ok()).collect();
        Complaint::replay(&events)
    }

    /// Gives every record its link and its hash, whatever sequence it claims.
    pub(super) fn rehash(&mut self) {
        let ledger = self.ledger().clone();
        let mut heads: BTreeMap<ComplaintId, Digest> = BTreeMap::new();
        for Line { record, .. } in &mut self.lines {
            let complaint = record.complaint;
            record.prev = heads.get(&complaint).copied().unwrap_or_else(|| genesis(&ledger, complaint));
            record.hash = record.hash_in(&ledger);
            heads.insert(complaint, record.hash);
        }
    }

    /// Gives positions and sequences without a hole to what is there.
    pub(super) fn renumber(&mut self) {
        let mut sequences: BTreeMap<ComplaintId, u64> = BTreeMap::new();
        for (index, line) in self.lines.iter_mut().enumerate() {
            let sequence = sequences.entry(line.record.complaint).or_default();
            *sequence += 1;
            (line.position, line.record.sequence) = (index as u64 + 1, *sequence);
        }
    }

    /// Builds the leaves anew: of a whole ledger all of them, otherwise those of the records that are here.
    pub(super) fn regrow(&mut self) {
        if self.manifest.scope == Scope::Whole {
            self.leaves.resize(self.lines.len(), Digest::default());
        }
        for line in &self.lines {
            self.leaves[line.position as usize - 1] = line.leaf();
        }
    }

    /// Folds the states anew, and counts.
    pub(super) fn refold(&mut self) {
        let mut states: BTreeMap<ComplaintId, Complaint> = BTreeMap::new();
        for Line { record, .. } in &self.lines {
            let state = states.entry(record.complaint).or_default();
            if let Ok(event) = record.written() {
                state.evolve(&event);
            }
        }
        self.states = states.iter().map(|(id, state)| state_line(*id, state)).collect();
        self.manifest.records = self.lines.len() as u64;
        self.manifest.complaints = states.len() as u64;
    }

    /// Signs the checkpoint anew, over the leaves as they are.
    pub(super) fn resign(&mut self, signer: &Signer) {
        let size = if self.manifest.scope == Scope::Whole { self.leaves.len() as u64 } else { self.manifest.size };
        self.manifest.size = size;
        self.checkpoint = self.signed_anew(&self.checkpoint, size, signer);
        self.reprove();
    }

    /// The same for every checkpoint that is kept with it.
    pub(super) fn resign_kept(&mut self, signer: &Signer) {
        let last = self.leaves.len() as u64;
        let line = self.checkpoint.checkpoint().origin.line();
        let attested = self.attested.iter().filter(|note| match note {
            Attested::Checkpoint(signed) => signed.checkpoint().size <= last,
            Attested::Rotation(rotation) => rotation.counts_for(line, last),
        });
        let attested = attested.map(|note| match note {
            // Of what was lost there are no leaves.
            Attested::Checkpoint(signed) if !self.is_lost(signed) => {
                Attested::Checkpoint(self.signed_anew(signed, signed.checkpoint().size, signer))
            }
            other => other.clone(),
        });
        self.attested = attested.collect();
    }

    /// Whether a checkpoint is of what the ledger admits to have lost.
    pub(super) fn is_lost(&self, signed: &SignedCheckpoint) -> bool {
        let Checkpoint { origin, size, .. } = signed.checkpoint();
        let mut known = self.world.checkpoints.iter().map(SignedCheckpoint::checkpoint);
        !known.any(|known| known.origin == *origin && known.size == *size)
    }

    /// Nobody holds anything against it, so nothing has to be proved.
    pub(super) fn forget_held(&mut self) {
        self.held.clear();
        self.files.retain(|name, _| !name.starts_with("consistency/"));
    }

    /// Everything an insider can do: links, hashes, leaves, states, and every signature.
    pub(super) fn settle(&mut self) {
        self.forget_held();
        self.rehash();
        self.regrow();
        self.refold();
        self.resign(&Signer::Insider);
        self.resign_kept(&Signer::Insider);
    }

    pub(super) fn root_at(&self, size: Position) -> Digest {
        let mut tree = Frontier::default();
        self.leaves[..size as usize].iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    pub(super) fn signed_anew(&self, like: &SignedCheckpoint, size: Position, signer: &Signer) -> SignedCheckpoint {
        let origin = like.checkpoint().origin.clone();
        let stranger = stranger(origin.key_name());
        let key = match signer {
            Signer::Stranger => &stranger,
            Signer::Insider => self.world.key_at(&origin, size),
        };
        Checkpoint { origin, size, root: self.root_at(size) }.sign(key, seconds_of(like))
    }

    /// Proves again what is in the checkpoint, where there are proofs in place of leaves.
    pub(super) fn reprove(&mut self) {
        if self.has_leaves() {
            return;
        }
        let size = self.checkpoint.checkpoint().size;
        let positions: Vec<Position> = self.lines.iter().map(|line| line.position).collect();
        let olds: Vec<u64> = self.held.iter().map(|held| held.checkpoint().size).collect();
        let mut hashes = RangeHashes::default();
        positions.iter().for_each(|position| hashes.ask(&tree::inclusion(position - 1, size)));
        olds.iter().for_each(|old| hashes.ask(&tree::consistency(*old, size)));
        for (index, leaf) in self.leaves[..size as usize].iter().enumerate() {
            hashes.push(index as u64, *leaf);
        }
        self.files.retain(|name, _| !name.starts_with("proofs/"));
        for position in positions {
            let hashes = hashes.hashes(&tree::inclusion(position - 1, size)).unwrap();
            let proof = InclusionProof { index: position - 1, hashes, checkpoint: self.checkpoint.clone() };
            self.files.insert(format!("proofs/{position}.tlog-proof"), proof.to_string().into_bytes());
        }
        for old in olds {
            let hashes = hashes.hashes(&tree::consistency(old, size)).unwrap();
            let proof = ConsistencyProof { old, hashes, checkpoint: self.checkpoint.clone() };
            self.files.insert(format!("consistency/{old}.tlog-witness"), proof.to_string().into_bytes());
        }
    }
}

impl Line {
    pub(super) fn leaf(&self) -> Digest {
        leaf(self.record.complaint, self.record.sequence, self.record.hash)
    }

    pub(super) fn text(&self) -> String {
        let Record { complaint, sequence, event_type, event_version, prev, hash, metadata, payload, .. } = &self.record;
        format!(
            "{{\"position\":{},\"complaint\":\"{complaint}\",\"sequence\":{sequence},\"type\":\"{event_type}\",\
             \"version\":\"{event_version}\",\"prev\":\"{prev}\",\"hash\":\"{hash}\",\"metadata\":{metadata},\
             \"payload\":{payload}}}\n",
            self.position
        )
    }

    fn box_lines(&self) -> Vec<String> {
        let line = |BoxLine { field, digest, bytes }: &BoxLine| {
            let (position, bytes) = (self.position, STANDARD.encode(bytes));
            format!("{{\"position\":{position},\"field\":\"{field}\",\"digest\":\"{digest}\",\"box\":\"{bytes}\"}}\n")
        };
        self.boxes.iter().map(line).collect()
    }

    fn key_lines(&self) -> Vec<String> {
        let line = |KeyLine { commitment, key }: &KeyLine| {
            format!("{{\"position\":{},\"commitment\":\"{commitment}\",\"key\":\"{key}\"}}\n", self.position)
        };
        self.keys.iter().map(line).collect()
    }
}

impl Attested {
    fn read(text: &str) -> Attested {
        match text.parse() {
            Ok(rotation) => Attested::Rotation(rotation),
            Err(_) => Attested::Checkpoint(text.parse().unwrap()),
        }
    }

    fn text(&self) -> String {
        match self {
            Attested::Checkpoint(signed) => signed.to_string(),
            Attested::Rotation(rotation) => rotation.to_string(),
        }
    }

    pub(super) fn size(&self) -> Position {
        match self {
            Attested::Checkpoint(signed) => signed.checkpoint().size,
            Attested::Rotation(rotation) => rotation.after(),
        }
    }
}

/// A key that is named as the ledger's are.
pub(super) fn stranger(name: &str) -> NoteKey {
    NoteKey::from_seed(name, &[99; 32]).unwrap()
}

/// The second a checkpoint says it was signed in.
pub(super) fn seconds_of(signed: &SignedCheckpoint) -> u64 {
    let timed = signed.note().signatures().iter().find(|line| line.bytes.len() == 72);
    timed.map_or(0, |line| u64::from_be_bytes(line.bytes[..8].try_into().unwrap()))
}

fn read_line(text: &str) -> Line {
    let (head, rest) = text.split_once(r#","metadata":"#).unwrap();
    let cut = rest.find(r#"},"payload":{"#).unwrap() + 1;
    let head = json(&format!("{head}}}"));
    let record = Record {
        complaint: ComplaintId(text_of(&head, "complaint").parse().unwrap()),
        sequence: head["sequence"].as_u64().unwrap(),
        command: CommandId(Uuid::nil()),
        part: 0,
        event_type: text_of(&head, "type").to_owned().into(),
        event_version: text_of(&head, "version").to_owned().into(),
        recorded_at: DateTime::UNIX_EPOCH,
        payload: rest[cut + r#","payload":"#.len()..rest.len() - 1].to_owned(),
        metadata: rest[..cut].to_owned(),
        prev: digest_of(&head, "prev"),
        hash: digest_of(&head, "hash"),
    };
    Line { position: head["position"].as_u64().unwrap(), record, boxes: Vec::new(), keys: Vec::new() }
}

/// A line of `states.jsonl`, as the format has it.
fn state_line(complaint: ComplaintId, state: &Complaint) -> String {
    fn member<T: serde::Serialize>(line: &mut String, name: &str, value: &T) {
        line.push_str(&format!(",\"{name}\":{}", serde_json::to_string(value).unwrap()));
    }
    let mut line = format!("{{\"complaint\":\"{complaint}\"");
    member(&mut line, "version", &state.version);
    member(&mut line, "stage", &state.stage);
    member(&mut line, "cycle", &state.cycle);
    member(&mut line, "level", &state.level);
    member(&mut line, "visibility", &state.visibility);
    state.classification.iter().for_each(|known| member(&mut line, "classification", known));
    state.holding.iter().for_each(|holding| member(&mut line, "holder", &holding.agency));
    state.closure.iter().for_each(|closure| member(&mut line, "closure", closure));
    member(&mut line, "ratings", &state.ratings);
    member(&mut line, "clocks", &state.clocks);
    line + "}"
}

/// Every file in the folders of a folder, by its name.
fn others(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for place in ["policies", "calendars", "directories", "proofs", "consistency"] {
        for entry in fs::read_dir(folder.join(place)).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = format!("{place}/{}", entry.file_name().to_str().unwrap());
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// Writes files into a folder, in place of whatever it held.
pub(super) fn write(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text_of<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap()
}

fn digest_of(line: &Value, name: &str) -> Digest {
    text_of(line, name).parse().unwrap()
}

fn owner<'a>(lines: &'a mut [Line], line: &Value) -> &'a mut Line {
    let position = line["position"].as_u64().unwrap();
    lines.iter_mut().find(|line| line.position == position).unwrap()
}
