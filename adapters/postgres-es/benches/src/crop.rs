//! The same commands in the forms the sides take.

use aduan::command::{ClearRequest, SealedRequest};
use aduan::sealed::{SealedBox, WrappedKey};
use aduan::store::Append;
use aduan::values::ComplaintId;
use aduan_measure::life::{Asked, Life};

/// What the clients of one round send, client by client, in order.
pub(crate) struct Crop {
    asked: Vec<Vec<(ComplaintId, Asked)>>,
    /// How many commands that is.
    pub(crate) commands: usize,
    /// How many events they record.
    pub(crate) events: usize,
}

/// A command for a framework.
pub(crate) struct Sealed {
    pub(crate) id: String,
    pub(crate) request: SealedRequest,
    pub(crate) boxes: Vec<SealedBox>,
    pub(crate) keys: Vec<WrappedKey>,
}

impl Crop {
    /// The given steps of every life. A client has whole lives, and works on all of them at once.
    pub(crate) fn of(lives: &[Life], clients: usize, steps: std::ops::Range<usize>) -> Self {
        let by_client = |lives: &[Life]| -> Vec<(ComplaintId, Asked)> {
            let steps = steps.clone();
            steps.flat_map(|step| lives.iter().map(move |life| (life.id, life.asked[step].clone()))).collect()
        };
        let asked: Vec<Vec<_>> = lives.chunks(lives.len().div_ceil(clients)).map(by_client).collect();
        let (commands, events) =
            (lives.len() * steps.len(), asked.iter().flatten().map(|(_, asked)| asked.records.len()));
        Crop { commands, events: events.sum(), asked }
    }

    /// A new complaint among every so many commands: the other steps of lives that began before, and in between the
    /// first ones of others. No two neighbours bring in a new one at the same turn.
    pub(crate) fn mixed(known: &[Life], new: &[Life], clients: usize, commands: usize) -> Self {
        let mut crop = Crop::of(known, clients, 1..commands);
        for (client, begun) in Crop::of(new, clients, 0..1).asked.into_iter().enumerate() {
            let mine = &mut crop.asked[client];
            for (turn, first) in begun.into_iter().enumerate() {
                let place = turn * commands + client % commands;
                crop.events += first.1.records.len();
                crop.commands += 1;
                mine.insert(place.min(mine.len()), first);
            }
        }
        crop
    }

    /// Prepared, for a store.
    pub(crate) fn appends(&self) -> Vec<Vec<Append>> {
        self.map(|_, asked| asked.append())
    }

    /// As they come to the edge, for an engine.
    pub(crate) fn requests(&self) -> Vec<Vec<(ComplaintId, ClearRequest)>> {
        self.map(|id, asked| (id, asked.clear.clone()))
    }

    /// Sealed already, for a framework that seals nothing, with the texts and keys that its host has to keep.
    pub(crate) fn sealed(&self) -> Vec<Vec<Sealed>> {
        self.map(|id, asked| Sealed {
            id: id.to_string(),
            request: asked.sealed.clone(),
            boxes: asked.boxes.clone(),
            keys: asked.keys.clone(),
        })
    }

    /// In the order in which clients that take turns send them.
    pub(crate) fn in_order(&self) -> Vec<Append> {
        let longest = self.asked.iter().map(Vec::len).max().unwrap_or(0);
        let at = |place: usize| self.asked.iter().filter_map(move |mine| mine.get(place));
        (0..longest).flat_map(at).map(|(_, asked)| asked.append()).collect()
    }

    fn map<T>(&self, form: impl Fn(ComplaintId, &Asked) -> T) -> Vec<Vec<T>> {
        self.asked.iter().map(|mine| mine.iter().map(|(id, asked)| form(*id, asked)).collect()).collect()
    }
}
