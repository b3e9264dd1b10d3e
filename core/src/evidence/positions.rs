//! Positions of a log, as ranges.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::values::Position;

/// A set of positions, written as ranges: `3,7-9`.
///
/// ```
/// use aduan::evidence::Positions;
/// let positions: Positions = [9, 3, 7, 8, 7].into_iter().collect();
/// assert_eq!((positions.to_string(), positions.count()), ("3,7-9".to_owned(), 4));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Positions {
    /// First and last of each range: in order and apart once `is_rough` is off.
    ranges: Vec<(Position, Position)>,
    is_rough: bool,
}

impl Positions {
    /// Everything from a position on.
    pub fn since(position: Position) -> Self {
        Positions { ranges: vec![(position, Position::MAX)], is_rough: false }
    }

    /// Adds a position.
    pub fn add(&mut self, position: Position) {
        self.add_range(position, position);
    }

    /// Adds all of another set.
    pub fn add_all(&mut self, other: &Positions) {
        other.ranges.iter().for_each(|(first, last)| self.add_range(*first, *last));
    }

    /// Those that both sets hold.
    pub fn common(&self, other: &Positions) -> Positions {
        let (mine, theirs) = (self.clone().tidy().ranges, other.clone().tidy().ranges);
        let mut common = Positions::default();
        let mut next = 0;
        for (first, last) in mine {
            while theirs.get(next).is_some_and(|range| range.1 < first) {
                next += 1;
            }
            let touching = theirs[next..].iter().take_while(|range| range.0 <= last);
            touching.for_each(|range| common.add_range(range.0.max(first), range.1.min(last)));
        }
        common
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.clone().tidy().ranges.iter().map(|(first, last)| (last - first).saturating_add(1)).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether it is one of them.
    pub fn holds(&self, position: Position) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&position))
    }

    /// The one that was added last.
    pub(super) fn last(&self) -> Option<Position> {
        self.ranges.last().map(|(_, last)| *last)
    }

    /// Those from a position on.
    pub(super) fn from(&self, position: Position) -> Positions {
        self.common(&Positions::since(position))
    }

    /// The ranges in order, none touching another.
    pub(super) fn tidy(mut self) -> Self {
        if std::mem::take(&mut self.is_rough) {
            self.ranges.sort_unstable();
            let mut tidy: Vec<(Position, Position)> = Vec::with_capacity(self.ranges.len());
            for (first, last) in self.ranges {
                match tidy.last_mut().filter(|before| first <= before.1.saturating_add(1)) {
                    Some(before) => before.1 = before.1.max(last),
                    None => tidy.push((first, last)),
                }
            }
            self.ranges = tidy;
        }
        self
    }

    fn add_range(&mut self, first: Position, last: Position) {
        match self.ranges.last_mut() {
            Some(before) if before.1.checked_add(1) == Some(first) => before.1 = last,
            Some(before) if (before.0..=before.1).contains(&first) && last <= before.1 => {}
            Some(before) => {
                self.is_rough |= first <= before.1;
                self.ranges.push((first, last));
            }
            None => self.ranges.push((first, last)),
        }
    }
}

impl FromIterator<Position> for Positions {
    fn from_iter<I: IntoIterator<Item = Position>>(positions: I) -> Self {
        let mut all = Positions::default();
        positions.into_iter().for_each(|position| all.add(position));
        all
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.clone().tidy().ranges.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match last {
                _ if first == last => write!(f, "{comma}{first}")?,
                Position::MAX => write!(f, "{comma}{first}-")?,
                last => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(positions: &[Position]) -> Positions {
        positions.iter().copied().collect()
    }

    #[test]
    fn ranges_are_in_order_and_apart_however_positions_come() {
        assert_eq!(of(&[5, 1, 2, 3, 4]).to_string(), "1-5");
        assert_eq!(of(&[5, 5, 5]).to_string(), "5");
        assert_eq!(of(&[]).to_string(), "");
        assert_eq!(Positions::since(7).to_string(), "7-");
    }

    #[test]
    fn what_is_common_is_what_both_hold() {
        let (one, other) = (of(&[1, 2, 3, 7, 9, 12, 11]), of(&[3, 2, 8, 9, 10, 11]));
        assert_eq!(one.common(&other).to_string(), "2-3,9,11");
        assert_eq!(other.common(&one).to_string(), "2-3,9,11");
        assert_eq!(one.from(8).to_string(), "9,11-12");
        assert_eq!((one.count(), one.holds(9), one.holds(8)), (7, true, false));
    }
}
