//! Who takes turns: each on a database of its own, all on one server.

use std::collections::BTreeMap;

use aduan::rules::Rules;

use crate::clients::Sent;
use crate::crop::Crop;
use crate::framework::Framework;
use crate::ours::{Ours, Whole};
use crate::raw::Raw;
use crate::server::Server;

/// Who does the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    /// Our engine on our store: seals, decides, writes, appends.
    Engine,
    /// Our store, given what was decided.
    Store,
    /// postgres-es with its default pool.
    Documented,
    /// postgres-es with so many connections, none of them asked whether it is alive each time it is used.
    Tuned { connections: usize },
    /// One connection that inserts what the store inserted, as many commands a commit.
    Raw,
    /// The same without the guards of the tables.
    Unguarded,
}

impl Side {
    /// Everybody who serves this many clients; the store first, since the raw ones take its batch.
    pub(crate) fn all(clients: usize) -> Vec<Side> {
        let mut sides = vec![Side::Store, Side::Engine, Side::Documented];
        sides.extend(Side::tuned(clients));
        sides.extend([Side::Raw, Side::Unguarded]);
        sides
    }

    /// As many connections as clients, but no more than the server has room for. Where that is many, fewer as well:
    /// on few cores they do better.
    pub(crate) fn tuned(clients: usize) -> Vec<Side> {
        let many = clients.min(MOST_CONNECTIONS);
        let few = clients.min(SOME_CONNECTIONS);
        let mut counts = vec![few, many];
        counts.dedup();
        counts.into_iter().map(|connections| Side::Tuned { connections }).collect()
    }

    /// Whether it has as many commands a commit as the store had.
    pub(crate) fn commits_as_store(self) -> bool {
        matches!(self, Side::Store | Side::Raw | Side::Unguarded)
    }

    pub(crate) fn name(self) -> String {
        match self {
            Side::Engine => "engine".to_owned(),
            Side::Store => "store".to_owned(),
            Side::Documented => "postgres-es, documented".to_owned(),
            Side::Tuned { connections } => format!("postgres-es, tuned, {connections} conn."),
            Side::Raw => "raw INSERT".to_owned(),
            Side::Unguarded => "raw INSERT, no guards".to_owned(),
        }
    }
}

/// All of them, ready to work.
pub(crate) struct Sides {
    store: Ours,
    engine: Whole,
    documented: Framework,
    tuned: BTreeMap<usize, Framework>,
    raw: Raw,
    unguarded: Raw,
}

impl Sides {
    pub(crate) async fn create(server: &Server, rules: &Rules, clients: impl Iterator<Item = usize>) -> Self {
        let mut tuned = BTreeMap::new();
        for side in clients.flat_map(Side::tuned) {
            if let Side::Tuned { connections } = side
                && !tuned.contains_key(&connections)
            {
                tuned.insert(connections, Framework::tuned(server, rules, connections).await);
            }
        }
        Sides {
            store: Ours::create(server).await,
            engine: Whole::create(server, rules).await,
            documented: Framework::documented(server, rules).await,
            tuned,
            raw: Raw::create(server, true).await,
            unguarded: Raw::create(server, false).await,
        }
    }

    /// Lets everybody work once, backwards every other round, and tells what each did.
    pub(crate) async fn play(
        &mut self,
        server: &Server,
        crop: &Crop,
        clients: usize,
        round: usize,
        mut tell: impl FnMut(Side, Sample),
    ) {
        let mut order = Side::all(clients);
        if round % 2 == 1 {
            order[1..].reverse();
        }
        let mut batch = 1;
        for side in order {
            let before = server.fsyncs.count();
            let sent = self.take_turn(side, crop, batch).await;
            let fsyncs = server.fsyncs.count() - before;
            if side == Side::Store {
                batch = crop.commands.div_ceil(self.store.transactions(crop.events).await);
            }
            tell(side, Sample { commands: crop.commands, batch, fsyncs, sent });
        }
    }

    async fn take_turn(&mut self, side: Side, crop: &Crop, batch: usize) -> Sent {
        match side {
            Side::Engine => self.engine.handle(crop.requests()).await,
            Side::Store => self.store.append(crop.appends()).await,
            Side::Documented => self.documented.execute(crop.sealed()).await,
            Side::Tuned { connections } => self.tuned[&connections].execute(crop.sealed()).await,
            Side::Raw => Sent::whole(self.raw.insert(&crop.in_order(), batch).await),
            Side::Unguarded => Sent::whole(self.unguarded.insert(&crop.in_order(), batch).await),
        }
    }
}

/// What one side did in one round.
pub(crate) struct Sample {
    pub(crate) commands: usize,
    /// Commands a commit, as the store had them.
    pub(crate) batch: usize,
    /// Of the server.
    pub(crate) fsyncs: u64,
    pub(crate) sent: Sent,
}

const SOME_CONNECTIONS: usize = 64;
const MOST_CONNECTIONS: usize = 256;
