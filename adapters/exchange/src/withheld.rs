//! Complaints that stay in the house, whatever form is written.

use std::collections::HashSet;

use aduan::event::{Event, Fact};
use aduan::values::{ComplaintId, Visibility};

/// Whether whistleblowers' reports leave the house.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Confidential {
    /// They stay. That a position is missing, and between which times, shows that something stayed.
    #[default]
    Withheld,
    /// They leave, for whoever answers for it. Never in a form that is meant for the public.
    Included,
}

/// The complaints that stay in the house: whistleblowers' reports (rule-book, section 8).
///
/// A report that ever was one stays, whatever was made of its visibility later: its history would tell. So the whole
/// log is read before anything is written; what is kept is 16 bytes for each report that stays.
#[derive(Clone, Debug, Default)]
pub struct Withheld {
    complaints: HashSet<ComplaintId>,
}

impl Withheld {
    /// None so far.
    pub fn new() -> Self {
        Withheld::default()
    }

    /// Takes the next event of the ledger.
    pub fn take(&mut self, complaint: ComplaintId, event: &Event) {
        let is_confidential = match &event.fact {
            Fact::Received(received) => received.whistleblowing || received.visibility == Visibility::Whistleblower,
            Fact::VisibilityChanged { from, to } => [from, to].contains(&&Visibility::Whistleblower),
            _ => false,
        };
        // What the ledger says of itself is no case of anybody's.
        if is_confidential || event.fact.is_of_the_ledger() {
            self.complaints.insert(complaint);
        }
    }

    /// Whether a complaint stays.
    pub fn holds(&self, complaint: ComplaintId) -> bool {
        self.complaints.contains(&complaint)
    }
}
