//! What does not stand: positions that an inspection found fault with, and how far each reaches.

use std::collections::BTreeMap;

use super::life::Life;
use super::positions::Positions;
use crate::audit::verdicts::Doubt;
use crate::inspect::{ProblemKind, Report};
use crate::values::{ComplaintId, Position};

/// What an inspection found, in terms of positions.
///
/// A record that is not as it was reaches over every later one of its complaint, since all that follows was read in its
/// light. A hole in the log, or an end that is not the saved one, reaches over everything behind it, and over
/// everything that is so only because nothing else is recorded. A doubted clock reaches over the verdicts that rest on
/// it, and over nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Faults {
    complaints: BTreeMap<ComplaintId, Position>,
    /// Whose complaint is still to be looked up.
    single: Vec<Position>,
    /// From here on nobody knows what is missing.
    from: Option<Position>,
    clocks: Positions,
}

impl Faults {
    /// Notes that nothing of a complaint stands from a position on.
    pub(super) fn add_complaint(&mut self, complaint: ComplaintId, from: Position) {
        let known = self.complaints.entry(complaint).or_insert(from);
        *known = from.min(*known);
    }

    /// Notes that nothing stands from a position on, whosever it is.
    fn add_hole(&mut self, from: Position) {
        self.from = Some(self.from.map_or(from, |known| known.min(from)));
    }

    pub(super) fn add(&mut self, report: &Report, doubts: &[Doubt]) {
        for problem in &report.problems {
            match (problem.kind, problem.complaint) {
                (ProblemKind::Chain | ProblemKind::Unreadable | ProblemKind::Unlawful, Some(complaint)) => {
                    self.add_complaint(complaint, problem.position);
                }
                (ProblemKind::Position, _) => self.add_hole(problem.position),
                // The log leads to another end than the one that was saved: nobody can say where it leaves the way.
                (ProblemKind::Head | ProblemKind::Checkpoint, _) => self.add_hole(1),
                (ProblemKind::Command, _) => self.single.push(problem.position),
                // No number rests on a sealed text. A lost document is told for each event that names it.
                // Doubts of clocks come by themselves.
                (ProblemKind::Box | ProblemKind::Document | ProblemKind::Verdict, _) => {}
                (_, None) => self.single.push(problem.position),
            }
        }
        self.clocks = doubts.iter().map(|doubt| doubt.position).collect();
    }

    /// The positions that do not stand, by the lives they belong to; of what came to light in complaints, only of those
    /// that are asked for.
    pub(super) fn positions(
        &self,
        lives: &BTreeMap<ComplaintId, Life>,
        is_wanted: impl Fn(ComplaintId) -> bool,
    ) -> Positions {
        let mut all = self.from.map(Positions::since).unwrap_or_default();
        let mut complaints = self.complaints.clone();
        for position in &self.single {
            if let Some(complaint) = whose(*position, lives) {
                let known = complaints.entry(complaint).or_insert(*position);
                *known = (*known).min(*position);
            }
        }
        for (complaint, from) in complaints.into_iter().filter(|(complaint, _)| is_wanted(*complaint)) {
            if let Some(life) = lives.get(&complaint) {
                all.add_all(&life.positions.from(from));
            }
        }
        all.tidy()
    }

    /// Positions whose clocks are doubted.
    pub(super) fn clocks(&self) -> &Positions {
        &self.clocks
    }

    /// Whether something may be missing, nobody knows of what.
    pub(super) fn has_hole(&self) -> bool {
        self.from.is_some()
    }
}

/// Whose complaint a position is of.
pub(super) fn whose(position: Position, lives: &BTreeMap<ComplaintId, Life>) -> Option<ComplaintId> {
    lives.iter().find(|(_, life)| life.positions.holds(position)).map(|(complaint, _)| *complaint)
}
