//! What the engine remembers of complaints it touched lately. Never a source of truth: every append says
//! which version it stood on, so a stale memory is a conflict and a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::complaint::Complaint;
use crate::event::Event;
use crate::sealed::WrappedKey;
use crate::values::{ComplaintId, Digest};

/// A complaint as it was last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) state: Complaint,
    /// The hash of its last record.
    pub(super) head: Option<Digest>,
    /// The key that its records committed to last: a stored key that no record names opens nothing.
    pub(super) issued: Option<Digest>,
    pub(super) keys: Vec<WrappedKey>,
}

impl Known {
    /// Takes what was recorded next.
    pub(super) fn evolve(&mut self, event: &Event) {
        self.state.evolve(event);
        self.issued = event.context.key.or(self.issued);
    }
}

/// Two generations: what was not touched while the young one filled up is dropped.
#[derive(Default)]
pub(super) struct Cache {
    young: BTreeMap<ComplaintId, Arc<Known>>,
    old: BTreeMap<ComplaintId, Arc<Known>>,
}

impl Cache {
    pub(super) fn take(&mut self, id: ComplaintId) -> Option<Arc<Known>> {
        if let Some(known) = self.young.get(&id) {
            return Some(Arc::clone(known));
        }
        let known = self.old.remove(&id)?;
        self.put(id, Arc::clone(&known));
        Some(known)
    }

    /// Keeps the newer of two views.
    pub(super) fn put(&mut self, id: ComplaintId, known: Arc<Known>) {
        if self.young.get(&id).is_some_and(|kept| kept.state.version > known.state.version) {
            return;
        }
        self.young.insert(id, known);
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub(super) fn forget(&mut self, id: ComplaintId) {
        self.young.remove(&id);
        self.old.remove(&id);
    }
}

const GENERATION: usize = 8_192;
