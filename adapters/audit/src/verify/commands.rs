//! Commands are whole: as far as the records between which nothing may be missing reach.
//!
//! Part `n` of `m` that stands at position *p* claims the positions from *p* - *n* + 1 to *p* - *n* + *m* for its
//! command. In a period or of one complaint, what another complaint recorded for the same command is not exported, so
//! only positions that the scope promises are missed.

use std::ops::RangeInclusive;

use aduan::values::{CommandId, Position};

/// Reads the parts of commands in the order of records.
pub(super) struct Commands {
    /// Between these, every position has its record.
    promised: RangeInclusive<Position>,
    size: Position,
    current: Option<Claim>,
    /// Where the last record stands.
    last: Position,
}

/// The positions that a command claims: those behind `before`, up to `end`.
#[derive(Clone, Copy, PartialEq)]
struct Claim {
    command: CommandId,
    before: i128,
    end: i128,
}

impl Commands {
    pub(super) fn new(promised: RangeInclusive<Position>, size: Position) -> Self {
        Commands { promised, size, current: None, last: 0 }
    }

    /// Takes the next record: the command that recorded it, which part it is, and of how many; nothing where that cannot
    /// be read. Tells what is wrong with it, and with the command before.
    pub(super) fn read(&mut self, position: Position, part: Option<(CommandId, u32, u32)>) -> Vec<String> {
        let mut wrong = Vec::new();
        let claim = part.filter(|(_, number, of)| 0 < *number && number <= of).map(|(command, number, of)| {
            let before = i128::from(position) - i128::from(number);
            Claim { command, before, end: before + i128::from(of) }
        });
        let is_within = self.current.is_some_and(|current| i128::from(position) <= current.end);
        if !is_within || claim.is_none() {
            wrong.extend(self.leave(position));
        }
        wrong.extend(match claim {
            None => Some("nothing says which part of which command it is".to_owned()),
            Some(claim) if is_within => self.why_not_within(claim, position).map(str::to_owned),
            Some(claim) => self.why_not_new(claim, position).map(str::to_owned),
        });
        self.current = claim;
        self.last = position;
        wrong
    }

    /// Nothing is to come: why the last command is not whole.
    pub(super) fn end(&self) -> Option<String> {
        self.leave(Position::MAX)
    }

    fn why_not_within(&self, claim: Claim, position: Position) -> Option<&'static str> {
        if self.current != Some(claim) {
            return Some("another part of another command should stand here");
        }
        self.misses(i128::from(self.last), i128::from(position) - 1).then_some("a part before it is missing")
    }

    fn why_not_new(&self, claim: Claim, position: Position) -> Option<&'static str> {
        let is_cut = claim.before < i128::from(self.last) || self.misses(claim.before, i128::from(position) - 1);
        if is_cut {
            return Some("it is a later part of a command, and the first one is missing");
        }
        if self.current.is_some_and(|current| current.command == claim.command) {
            return Some("its command was whole before it");
        }
        (claim.end > i128::from(self.size)).then_some("its command has more parts than the ledger has positions")
    }

    /// Why the command is not whole whose records end before a position.
    fn leave(&self, position: Position) -> Option<String> {
        let current = self.current?;
        let is_cut = self.misses(i128::from(self.last), current.end.min(i128::from(position) - 1));
        is_cut.then(|| format!("the command at position {} has more parts, and they are missing", self.last))
    }

    /// Whether a position is promised of those behind one, up to another.
    fn misses(&self, behind: i128, to: i128) -> bool {
        (behind + 1).max(i128::from(*self.promised.start())) <= to.min(i128::from(*self.promised.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// What is wrong with records of `(position, command, part, parts)`, read in that order.
    fn wrong(promised: RangeInclusive<Position>, size: Position, records: &[(Position, u128, u32, u32)]) -> usize {
        let mut commands = Commands::new(promised, size);
        let read = |(position, command, number, of): &(Position, u128, u32, u32)| {
            commands.read(*position, Some((CommandId(Uuid::from_u128(*command)), *number, *of))).len()
        };
        let found: usize = records.iter().map(read).sum();
        found + usize::from(commands.end().is_some())
    }

    #[test]
    fn whole_commands_are_whole() {
        assert_eq!(wrong(1..=4, 4, &[(1, 1, 1, 1), (2, 2, 1, 2), (3, 2, 2, 2), (4, 3, 1, 1)]), 0);
        assert_eq!(wrong(RangeInclusive::new(1, 0), 0, &[]), 0);
    }

    #[test]
    fn half_a_command_is_found_where_its_other_half_is_promised() {
        let half = [(1, 1, 1, 1), (2, 2, 1, 2), (3, 3, 1, 1)];
        assert_eq!(wrong(1..=3, 3, &half), 1);
        assert_eq!(wrong(1..=3, 3, &[(1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 1, 1)]), 1, "its beginning");
        assert_eq!(wrong(1..=2, 2, &[(1, 1, 1, 1), (2, 2, 1, 2)]), 1, "nothing can stand behind the end");
        assert_eq!(wrong(1..=2, 2, &[(1, 1, 1, 2), (2, 2, 2, 2)]), 1, "of another command");
        assert_eq!(wrong(1..=2, 2, &[(1, 1, 1, 1), (2, 1, 1, 1)]), 1, "once more");
        let mut unreadable = Commands::new(1..=1, 1);
        assert_eq!(unreadable.read(1, None).len(), 1);
        let mut last = Commands::new(RangeInclusive::new(1, 0), u64::MAX);
        assert!(last.read(u64::MAX, Some((CommandId(Uuid::nil()), u32::MAX, u32::MAX))).is_empty());
    }

    #[test]
    fn what_another_complaint_recorded_for_a_command_is_not_missed() {
        // One complaint of a ledger: positions 3 and 6 are another's.
        let of_one = [(2, 1, 1, 2), (4, 2, 1, 1), (7, 3, 2, 2)];
        assert_eq!(wrong(RangeInclusive::new(1, 0), 7, &of_one), 0);
        assert_eq!(wrong(1..=7, 7, &of_one), 2, "of the whole ledger both halves are missing");
    }
}
