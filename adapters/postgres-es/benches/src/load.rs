//! How much is sent: by how many clients, on how many complaints, on what disk.

use std::ops::Range;
use std::time::Duration;

use aduan::rules::Rules;
use aduan_measure::life::Life;

/// What one section measures.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) section: &'static str,
    pub(crate) rounds: usize,
    /// What an fsync takes at least.
    pub(crate) fsync: Duration,
    pub(crate) crowds: Vec<Crowd>,
    pub(crate) disk: Disk,
}

impl Load {
    pub(crate) fn on_fast_disk() -> Self {
        Load {
            section: "postgres: commands, on this disk",
            rounds: 7,
            fsync: Duration::ZERO,
            crowds: vec![
                Crowd::of(1, 64, 7),
                Crowd::of(8, 128, 6),
                Crowd::of(64, 512, 6),
                Crowd::of(256, 512, 5),
                Crowd::of(1_024, 1_024, 4),
                Crowd::of_imports(1, 16, 3, 10),
                Crowd::of_imports(64, 128, 3, 10),
                Crowd::of_imports(1, 64, 1, 100),
            ],
            disk: Disk::Fast,
        }
    }

    pub(crate) fn on_slow_disk() -> Self {
        Load {
            section: "slow-postgres: commands, no fsync faster than 3 ms",
            rounds: 3,
            fsync: Duration::from_millis(3),
            crowds: vec![
                Crowd::of(1, 32, 4),
                Crowd::of(8, 64, 3),
                Crowd::of(64, 256, 3),
                Crowd::of(256, 512, 4),
                Crowd::of(1_024, 1_024, 3),
                Crowd::of_imports(64, 64, 2, 10),
            ],
            disk: Disk::Slow,
        }
    }
}

/// What the targets depend on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Disk {
    /// This machine's.
    Fast,
    /// As slow as an ordinary one.
    Slow,
}

/// Clients who work at the same time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Crowd {
    pub(crate) clients: usize,
    /// New complaints of all clients together, each round.
    pub(crate) complaints: usize,
    /// Commands on each: the first brings it in.
    pub(crate) commands: usize,
    /// Of each command.
    pub(crate) events: usize,
}

impl Crowd {
    /// Single events, of the usual life of a complaint.
    pub(crate) const fn of(clients: usize, complaints: usize, commands: usize) -> Self {
        Crowd { clients, complaints, commands, events: 1 }
    }

    /// Several events a command, as imports bring them.
    pub(crate) const fn of_imports(clients: usize, complaints: usize, commands: usize, events: usize) -> Self {
        Crowd { clients, complaints, commands, events }
    }

    /// The complaints of these numbers.
    pub(crate) fn lives(&self, rules: &Rules, numbers: Range<u64>) -> Vec<Life> {
        match self.events {
            1 => Life::many(rules, numbers),
            events => numbers.map(|number| Life::imported(rules, number, self.commands, events)).collect(),
        }
    }

    /// What is measured of it: where targets are, new and existing complaints by themselves, too.
    pub(crate) fn phases(&self) -> &'static [Phase] {
        match self.commands {
            1 => &[Phase::New],
            _ if self.events == 1 && [1, 64, 256].contains(&self.clients) => &[Phase::New, Phase::Known, Phase::Mixed],
            _ => &[Phase::Mixed],
        }
    }
}

/// What commands find.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// Complaints that are not there yet.
    New,
    /// Complaints with a history, however short.
    Known,
    /// As an office has them on any day: some that are new, among steps of those that are there.
    Mixed,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::New => "new complaints",
            Phase::Known => "existing ones",
            Phase::Mixed => "mixed",
        }
    }
}
