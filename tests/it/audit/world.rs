//! A town whose history is signed as it grows: by one key at first, then by the one it was handed over to.

use std::path::Path;
use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::Rotation;
use aduan::audit::leaf;
use aduan::audit::note::NoteKey;
use aduan::audit::tree::Frontier;
use aduan::command::{ClearRequest, Command};
use aduan::engine::Engine;
use aduan::store::{Attestation, Attestations, KeyVault, Log};
use aduan::values::{CommandId, ComplaintId, Digest, Moment, Position};
use aduan_audit::export::Export;
use aduan_audit::manifest::Scope;
use aduan_audit::verify::Trust;
use aduan_memory::{MemoryStore, MemoryVault};
use aduan_testkit::town::{Choice, Town, rules_and_their_revision};
use chrono::TimeDelta;

/// A ledger with everything that was signed of it.
pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) vault: Arc<MemoryVault>,
    /// By size. The last is what exports are held against; the ledger goes on behind it.
    pub(super) checkpoints: Vec<SignedCheckpoint>,
    /// Whose complaints the records are, in their order.
    pub(super) complaints: Vec<ComplaintId>,
    /// What was signed and is lost, in order.
    pub(super) lost: Vec<SignedCheckpoint>,
    keys: [NoteKey; 2],
    /// The line and the size after which the second key signs.
    rotated_after: (u32, Position),
    /// Whether the key is handed over in what is lost, far behind everything that there will be.
    pub(super) hands_over_late: bool,
    /// Whether an earlier admission is lost with the rest.
    is_unlucky: bool,
    /// One more for each loss that was admitted.
    line: u32,
}

impl World {
    /// Grows a town of five complaints. Halfway it learns of a revised calendar, and its signer gets a new key; in every
    /// other town records are lost later on, and the ledger admits it; in every fourth its admission of an earlier loss
    /// is lost with them, and is made once more; in every eighth the key is handed over in what is lost.
    pub(super) async fn grow(seed: u64, steps: usize) -> World {
        let mut chance = fastrand::Rng::with_seed(seed);
        let origin = Origin::of(&Town::ledger(), 1);
        let keys = [1, 2].map(|number| NoteKey::from_seed(origin.key_name(), &[number; 32]).unwrap());
        let mut world = World {
            store: Arc::new(MemoryStore::new(Town::ledger())),
            vault: Arc::new(MemoryVault::new([7; 32])),
            checkpoints: Vec::new(),
            complaints: Vec::new(),
            lost: Vec::new(),
            keys,
            rotated_after: (u32::MAX, Position::MAX),
            hands_over_late: seed % 8 == 5,
            is_unlucky: seed % 4 == 3,
            line: 1,
        };
        let [rules, revised] = rules_and_their_revision();
        let engine = Engine::new(world.store.clone(), world.vault.clone(), rules.clone());
        let mut town = Town::new(rules);
        for step in 0..steps {
            if step == steps / 2 {
                town.rules = revised.clone();
                engine.set_rules(revised.clone()).await.unwrap();
                if !world.hands_over_late {
                    world.rotate(world.store.head().await.unwrap().position).await;
                }
            }
            let choice = Choice { complaint: chance.u8(..5), entropy: chance.u64(..) };
            let mut now = drive(&engine, &mut town, choice).await;
            if step == steps / 4 * 3 && seed % 2 == 1 {
                now = world.lose(&engine, &mut town, now, chance.u64(..)).await;
            }
            if chance.u8(..14) == 0 || step + 5 == steps {
                world.sign(now.at.timestamp()).await;
            }
        }
        world
    }

    /// What everything is held against.
    pub(super) fn checkpoint(&self) -> &SignedCheckpoint {
        self.checkpoints.last().unwrap()
    }

    /// An older one that an auditor may have kept.
    pub(super) fn held(&self) -> &SignedCheckpoint {
        &self.checkpoints[self.checkpoints.len() / 2 - 1]
    }

    /// That one, and those that are lost.
    pub(super) fn all_held(&self) -> Vec<SignedCheckpoint> {
        [vec![self.held().clone()], self.lost.clone()].concat()
    }

    /// An auditor who knows the first key, and nothing more.
    pub(super) fn trust(&self) -> Trust {
        Trust::in_keys(vec![self.keys[0].verifier()])
    }

    /// Which key signs checkpoints of that line and size.
    pub(super) fn key_at(&self, origin: &Origin, size: Position) -> &NoteKey {
        &self.keys[usize::from((origin.line(), size) > self.rotated_after)]
    }

    /// An export into a folder.
    pub(super) fn export(&self, scope: Scope, boxes: bool, keys: bool, folder: &Path) -> Export {
        let vault: Arc<dyn KeyVault> = self.vault.clone();
        Export {
            store: self.store.clone(),
            attestations: self.store.clone(),
            checkpoint: self.checkpoint().clone(),
            held: self.all_held(),
            scope,
            boxes,
            keys: keys.then_some(vault),
            folder: folder.to_owned(),
            made_at: "2026-11-23T03:00:00Z".to_owned(),
            made_by: "aduan 0.1.0".to_owned(),
        }
    }

    /// A third of the ledger, in positions, from 0.
    pub(super) fn third(&self, number: u64) -> Scope {
        let size = self.checkpoint().checkpoint().size;
        Scope::Period { first: number * size / 3 + 1, last: (number + 1) * size / 3 }
    }

    /// Whether a loss was admitted.
    pub(super) fn has_lost(&self) -> bool {
        self.line > 1
    }

    /// How many were admitted.
    pub(super) fn losses(&self) -> usize {
        self.line as usize - 1
    }

    /// The complaint with most records up to the checkpoint.
    pub(super) fn busiest(&self) -> ComplaintId {
        let signed = &self.complaints[..self.checkpoint().checkpoint().size as usize];
        let count = |id: &ComplaintId| signed.iter().filter(|other| *other == id).count();
        *signed.iter().max_by_key(|id| (count(id), **id)).unwrap()
    }

    async fn sign(&mut self, now: i64) {
        let mut tree = Frontier::default();
        self.complaints.clear();
        for entry in aduan_testkit::conformance::everything(&*self.store).await {
            tree.push(leaf(entry.record.complaint, entry.record.sequence, entry.record.hash));
            self.complaints.push(entry.record.complaint);
        }
        let size = tree.size();
        if size == 0 || self.checkpoints.last().is_some_and(|last| last.checkpoint().size == size) {
            return;
        }
        let signed = self.sign_root(size, tree.root(), now).await;
        self.checkpoints.push(signed);
    }

    async fn sign_root(&self, size: Position, root: Digest, now: i64) -> SignedCheckpoint {
        let origin = Origin::of(&Town::ledger(), self.line);
        let key = self.key_at(&origin, size);
        let signed = Checkpoint { origin: origin.clone(), size, root }.sign(key, now.cast_unsigned());
        self.store.keep_attestation(&Attestation { size, note: signed.to_string() }).await.unwrap();
        signed
    }

    /// What is there is an old backup: more was signed, of one line or of two, and that is admitted a day later. Tells when.
    async fn lose(&mut self, engine: &Engine, town: &mut Town, now: Moment, entropy: u64) -> Moment {
        let kept = self.store.head().await.unwrap().position;
        let mut last = Vec::new();
        let beyond: [&[Position]; 2] = [if self.hands_over_late { &[1, 4, FAR] } else { &[1, 4] }, &[5, 7]];
        for (line, beyond) in (1..).zip(beyond).take(if self.is_unlucky { 2 } else { 1 }) {
            self.line = line;
            let mut signed = (0, Digest::default());
            for more in beyond {
                signed = (kept + *more, Digest::of(&(entropy ^ *more).to_be_bytes()));
                let lost = self.sign_root(signed.0, signed.1, now.at.timestamp()).await;
                self.lost.push(lost);
            }
            if self.hands_over_late {
                self.rotate(signed.0).await;
            }
            last.push(signed);
        }
        town.rest(24);
        let now = Moment { at: now.at + TimeDelta::hours(24), ..now };
        for (position, (lost, root)) in (kept..).zip(last) {
            let line = 2 + (position - kept) as u32;
            let command = CommandId(uuid::Uuid::from_u128(u128::from(entropy) << 8 | u128::from(line)));
            let admission = Command::AdmitLoss { kept: position, line, lost, root };
            let request = ClearRequest::new(command, now, Actor::new(Role::Admin), admission, [9; 32]);
            engine.handle(ComplaintId::of_fork(&Town::ledger(), line), request).await.unwrap();
            self.line = line;
        }
        now
    }

    async fn rotate(&mut self, after: Position) {
        let origin = Origin::of(&Town::ledger(), 1);
        let rotation = Rotation::sign(origin, after, &self.keys[0], &self.keys[1]);
        self.rotated_after = (1, after);
        self.store.keep_attestation(&Attestation { size: after, note: rotation.to_string() }).await.unwrap();
    }
}

/// Behind everything that a town comes to.
const FAR: Position = 4_000;

/// Plays a step; when it happened.
async fn drive(engine: &Engine, town: &mut Town, choice: Choice) -> Moment {
    let (id, mut request) = town.request(choice);
    let (seed, now) = (request.seed, request.at);
    spread_within(&mut request);
    if let Ok(receipt) = engine.handle(spread(id), request).await
        && !receipt.repeated
    {
        town.learn(id, &receipt.events, &seed);
    }
    now
}

/// The ids of a town stand side by side; those of a ledger lie anywhere, and so in every share of a verification.
fn spread(id: ComplaintId) -> ComplaintId {
    let digest = Digest::of(id.0.as_bytes());
    ComplaintId(uuid::Builder::from_custom_bytes(digest.0[..16].try_into().unwrap()).into_uuid())
}

fn spread_within(request: &mut ClearRequest) {
    if let Command::MarkDuplicate { of, .. } = &mut request.command {
        *of = spread(*of);
    }
}
