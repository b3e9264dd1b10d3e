//! What complainants say.

use serde::Serialize;

use super::{Ask, By, FigureError, Scope, View, count};
use crate::projection::satisfaction::RATINGS;
use crate::read::Row;
use crate::statistics::{Hundredths, Share};

/// Ratings of closed cycles, by group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Satisfaction {
    /// Below so many ratings a line tells none.
    pub fewest: u64,
    /// One for each group, by name.
    pub lines: Vec<SatisfactionLine>,
    /// All of them together.
    pub total: SatisfactionLine,
}

/// Ratings of one group. They are not told where there are too few, so that nobody's rating can be read off.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SatisfactionLine {
    /// The group.
    pub name: String,
    /// Closed cycles that could be rated, or were.
    pub eligible: u64,
    /// Whether there are too few ratings to tell them, or this line would give away another one.
    pub is_suppressed: bool,
    /// How many were rated.
    pub rated: Option<u64>,
    /// Rated of those that could be.
    pub response: Option<Share>,
    /// The mean of the stars: their sum divided once.
    pub mean: Option<Hundredths>,
    /// How many gave 1, 2, 3, 4 and 5 stars.
    pub stars: Option<[u64; 5]>,
    /// CSAT: those who gave 4 or 5.
    pub satisfied: Option<Share>,
    /// The interval of Wilson's score around that for 95 %, in percent.
    pub interval: Option<[Hundredths; 2]>,
}

impl View {
    /// Ratings in a scope; lines of fewer than `fewest` ratings are suppressed.
    ///
    /// # Errors
    /// `NotKept` for a grouping that is not kept; otherwise as [`ReadStore::sums`](crate::read::ReadStore::sums).
    pub async fn satisfaction(&self, scope: &Scope, by: Option<By>, fewest: u64) -> Result<Satisfaction, FigureError> {
        let ask = Ask { table: &RATINGS, scope, by, month: Some("month"), and_by: &["stars"], more: &[] };
        let mut all = Counted::default();
        let mut counted: Vec<(String, Counted)> = Vec::new();
        for (name, rows) in self.grouped(ask).await? {
            let mut group = Counted::default();
            for row in &rows {
                group.add(row);
                all.add(row);
            }
            counted.push((name, group));
        }
        let mut is_hidden: Vec<bool> = counted.iter().map(|(_, group)| group.rated() < fewest).collect();
        // One hidden line alone is the total less the others: the next smallest hides with it.
        let ratings_hidden =
            counted.iter().zip(&is_hidden).filter(|((_, group), hidden)| **hidden && group.rated() > 0);
        if ratings_hidden.count() == 1 {
            let shown = counted.iter().enumerate().filter(|(place, _)| !is_hidden[*place]);
            if let Some((place, _)) = shown.min_by_key(|(_, (_, group))| group.rated()) {
                is_hidden[place] = true;
            }
        }
        let lines = counted.iter().zip(is_hidden).map(|((name, group), hidden)| group.line(name, hidden)).collect();
        Ok(Satisfaction { fewest, lines, total: all.line("total", all.rated() < fewest) })
    }
}

#[derive(Default)]
struct Counted {
    eligible: u64,
    stars: [u64; 5],
}

impl Counted {
    fn add(&mut self, row: &Row) {
        let (stars, cycles) = (row[0].integer(), count(&row[1]));
        self.eligible += cycles;
        if let Some(rated) = usize::try_from(stars - 1).ok().and_then(|place| self.stars.get_mut(place)) {
            *rated += cycles;
        }
    }

    fn rated(&self) -> u64 {
        self.stars.iter().sum()
    }

    fn line(&self, name: &str, is_suppressed: bool) -> SatisfactionLine {
        let line = SatisfactionLine { name: name.into(), eligible: self.eligible, is_suppressed, ..Default::default() };
        if is_suppressed {
            return line;
        }
        let rated = self.rated();
        let sum = (1..).zip(self.stars).map(|(stars, times)| stars * times).sum();
        let satisfied = Share::of(self.stars[3] + self.stars[4], rated);
        let interval = satisfied.map(|share| share.wilson());
        SatisfactionLine {
            rated: Some(rated),
            response: Share::of(rated, self.eligible),
            mean: Hundredths::mean(sum, rated),
            stars: Some(self.stars),
            satisfied,
            interval: interval.map(|(low, high)| [Hundredths(low), Hundredths(high)]),
            ..line
        }
    }
}
