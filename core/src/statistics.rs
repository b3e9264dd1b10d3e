//! Figures that say what they rest on: shares with their counts, exact quantiles, intervals, means without rounding twice.

use serde::Serialize;
use serde::ser::SerializeStruct as _;

/// So many of so many. There is none of nothing.
///
/// ```
/// use aduan::statistics::Share;
/// let met = Share::of(187, 205).ok_or("of nothing")?;
/// assert_eq!(met.to_string(), "91.22 % (187 of 205)");
/// assert_eq!(Share::of(0, 0), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// `count` of `of`; `None` of nothing.
    pub fn of(count: u64, of: u64) -> Option<Self> {
        (of > 0).then_some(Share { count, of })
    }

    /// Hundredths of a percent, rounded half up: 9122 is 91.22 %.
    pub fn basis_points(&self) -> u64 {
        ratio(self.count, self.of, 10_000)
    }

    /// The same in percent.
    pub(crate) fn rounded(&self) -> Hundredths {
        Hundredths(self.basis_points())
    }

    /// The interval of Wilson's score for 95 %, in hundredths of a percent, rounded outwards: where the share of all
    /// would lie if those counted were drawn from them by lot.
    pub fn wilson(&self) -> (u64, u64) {
        let (n, share) = (self.of as f64, self.count as f64 / self.of as f64);
        let z2 = Z * Z;
        let middle = share + z2 / (2.0 * n);
        let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let bound = |value: f64| (value / (1.0 + z2 / n) * 10_000.0).clamp(0.0, 10_000.0);
        (bound(middle - spread).floor() as u64, bound(middle + spread).ceil() as u64)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} % ({} of {})", Hundredths(self.basis_points()), self.count, self.of)
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut share = serializer.serialize_struct("Share", 3)?;
        share.serialize_field("count", &self.count)?;
        share.serialize_field("of", &self.of)?;
        share.serialize_field("percent", &self.rounded())?;
        share.end()
    }
}

/// A number of hundredths, shown with two decimals: 441 is 4.41.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hundredths(pub u64);

impl Hundredths {
    /// `sum` divided by `count`, rounded half up; `None` of nothing.
    pub fn mean(sum: u64, count: u64) -> Option<Self> {
        (count > 0).then(|| Hundredths(ratio(sum, count, 100)))
    }
}

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Hundredths {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The nearest double of two decimals is written with two decimals, or fewer.
        serializer.serialize_f64(self.0 as f64 / 100.0)
    }
}

/// How much more there is than before; `None` from nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Growth {
    /// Now.
    pub now: u64,
    /// Before.
    pub before: u64,
}

impl Growth {
    /// From `before` to `now`; `None` from nothing.
    pub fn from(before: u64, now: u64) -> Option<Self> {
        (before > 0).then_some(Growth { now, before })
    }

    /// Hundredths of a percent, rounded half away from zero: -1250 is a fall by an eighth.
    pub fn basis_points(&self) -> i64 {
        let change = ratio(self.now.abs_diff(self.before), self.before, 10_000) as i64;
        if self.now < self.before { -change } else { change }
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let points = self.basis_points();
        let sign = if points < 0 { '-' } else { '+' };
        write!(f, "{sign}{} %", Hundredths(points.unsigned_abs()))
    }
}

impl Serialize for Growth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut growth = serializer.serialize_struct("Growth", 3)?;
        growth.serialize_field("now", &self.now)?;
        growth.serialize_field("before", &self.before)?;
        growth.serialize_field("percent", &(self.basis_points() as f64 / 100.0))?;
        growth.end()
    }
}

/// A whole histogram: how many took how long. Its quantiles are exact, by nearest rank.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Histogram(std::collections::BTreeMap<u64, u64>);

impl Histogram {
    /// Counts `times` more of `value`.
    pub fn add(&mut self, value: u64, times: u64) {
        *self.0.entry(value).or_default() += times;
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// All values together.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|(value, times)| value * times).sum()
    }

    /// How many were of this value.
    pub fn of(&self, value: u64) -> u64 {
        self.0.get(&value).copied().unwrap_or(0)
    }

    /// How many were above a value.
    pub fn above(&self, value: u64) -> u64 {
        self.0.range(value + 1..).map(|(_, times)| times).sum()
    }

    /// The smallest value that at least `percent` of all do not exceed; `None` of nothing.
    ///
    /// ```
    /// let mut days = aduan::statistics::Histogram::default();
    /// (1..=10).for_each(|day| days.add(day, 1));
    /// assert_eq!((days.quantile(50), days.quantile(90)), (Some(5), Some(9)));
    /// ```
    pub fn quantile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|(value, times)| {
            seen += times;
            (seen >= rank).then_some(*value)
        })
    }
}

/// `count / of × scale`, rounded half up.
fn ratio(count: u64, of: u64, scale: u64) -> u64 {
    let (count, of, scale) = (u128::from(count), u128::from(of), u128::from(scale));
    u64::try_from((2 * count * scale + of) / (2 * of)).unwrap_or(u64::MAX)
}

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_the_published_example() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611; 1 of 29: 0.0061 to 0.1718.
        let within = |count, of| Share::of(count, of).unwrap().wilson();
        assert_eq!(within(81, 263), (2552, 3663));
        assert_eq!(within(0, 20), (0, 1612));
        assert_eq!(within(1, 29), (61, 1718));
        assert_eq!(within(20, 20).1, 10_000);
    }

    #[test]
    fn rounds_half_up_once() {
        assert_eq!(Share::of(1, 8).unwrap().basis_points(), 1250);
        assert_eq!(Share::of(1, 3).unwrap().to_string(), "33.33 % (1 of 3)");
        assert_eq!(Share::of(2, 3).unwrap().to_string(), "66.67 % (2 of 3)");
        assert_eq!(Hundredths::mean(955, 261).unwrap().to_string(), "3.66");
        assert_eq!(Growth::from(8, 7).unwrap().to_string(), "-12.50 %");
        assert_eq!(Growth::from(0, 7), None);
    }

    #[test]
    fn a_quantile_of_one_is_it() {
        let mut days = Histogram::default();
        assert_eq!(days.quantile(50), None);
        days.add(7, 1);
        assert_eq!((days.quantile(50), days.quantile(90)), (Some(7), Some(7)));
    }
}
