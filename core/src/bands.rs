//! Bands: which score earns which grade, by a table that says who drew it and from when it holds.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::statistics::Hundredths;

/// A table of grades over scores from 0 to 100, best first.
///
/// ```
/// use aduan::bands::{Bands, Score};
/// use aduan::statistics::Hundredths;
///
/// let bands = Bands::ombudsman(2022)?;
/// let score = Score::new(Hundredths(63_67))?;
/// assert_eq!(bands.band(score).grade, "C");
///
/// let next = bands.next(score).ok_or("the best already")?;
/// assert_eq!((next.band.grade.as_str(), next.missing.to_string()), ("B", "14.33".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bands {
    /// What the table is called.
    pub name: String,
    /// Who drew it.
    pub source: String,
    /// The first day it holds.
    pub effective_from: NaiveDate,
    /// The last day it holds, if it was superseded.
    pub effective_until: Option<NaiveDate>,
    bands: Vec<Band>,
}

/// One grade, with the score that earns it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Band {
    /// `A`, or `medium`.
    pub grade: String,
    /// In English.
    pub meaning: String,
    /// As the source words it, in Indonesian.
    pub official: String,
    /// The lowest score that earns it.
    pub from: Hundredths,
}

/// The way up to the next better grade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Step<'a> {
    /// The next better grade.
    #[serde(flatten)]
    pub band: &'a Band,
    /// How much the score lacks.
    pub missing: Hundredths,
}

/// A score from 0 to 100, rounded to two decimals: banding comes after rounding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Score(Hundredths);

impl Bands {
    /// Grades of the *Indeks Kepuasan Masyarakat*: PermenPANRB 14/2017.
    pub fn ikm_2017() -> Self {
        built_in(include_str!("../data/bands/id-ikm-2017.toml"))
    }

    /// The bands in which the Ombudsman of Indonesia placed the compliance of that year.
    ///
    /// ```
    /// use aduan::bands::Bands;
    /// let unknown = Bands::ombudsman(2025).unwrap_err();
    /// assert_eq!(unknown.known, [2021, 2022, 2023, 2024]);
    /// ```
    ///
    /// # Errors
    /// When no table is known for that year: each scheme was another, so the neighbouring one is no guess to make.
    pub fn ombudsman(year: i32) -> Result<Self, UnknownYear> {
        let tables = || OMBUDSMAN.into_iter().map(built_in);
        tables()
            .find(|table| table.years().contains(&year))
            .ok_or_else(|| UnknownYear { year, known: tables().flat_map(|table| table.years()).collect() })
    }

    /// Reads a table from TOML.
    ///
    /// # Errors
    /// When a field is missing or unknown, or the bands do not fall from at most 100 to 0 under names of their own.
    pub fn parse(text: &str) -> Result<Self, BandsError> {
        let parsed: BandsText = toml::from_str(text).map_err(|error| BandsError(error.message().to_owned()))?;
        let name = crate::values::document_name(&parsed.name).map_err(|error| BandsError(error.to_string()))?;
        let refuse = |why: &str| Err(BandsError(why.into()));
        if parsed.effective_until.is_some_and(|until| until < parsed.effective_from) {
            return refuse("it ends before it takes effect");
        }
        let bands: Vec<Band> = parsed.band.into_iter().map(Band::from).collect();
        if !bands.is_sorted_by(|better, worse| better.from > worse.from) {
            return refuse("the best band comes first, and each starts lower than the one before");
        }
        if bands.first().is_none_or(|best| best.from > Score::HIGHEST.0) {
            return refuse("the best band starts at 100 at most");
        }
        if bands.last().is_none_or(|worst| worst.from != Hundredths(0)) {
            return refuse("the worst band starts at 0");
        }
        if (1..bands.len()).any(|i| bands[..i].iter().any(|better| better.grade == bands[i].grade)) {
            return refuse("two bands have the same grade");
        }
        let BandsText { source, effective_from, effective_until, .. } = parsed;
        Ok(Bands { name: name.to_string(), source, effective_from, effective_until, bands })
    }

    /// All bands, best first.
    pub fn all(&self) -> &[Band] {
        &self.bands
    }

    /// The band that a score lies in.
    pub fn band(&self, score: Score) -> &Band {
        self.bands.iter().find(|band| band.from <= score.0).expect("`parse` lets the worst band start at 0")
    }

    /// The way from a score to the next better grade; `None` from the best.
    pub fn next(&self, score: Score) -> Option<Step<'_>> {
        let band = self.bands.iter().rev().find(|band| band.from > score.0)?;
        Some(Step { band, missing: Hundredths(band.from.0 - score.0.0) })
    }

    /// The years it holds in: of one that was not superseded, the first.
    fn years(&self) -> std::ops::RangeInclusive<i32> {
        let first = self.effective_from.year();
        first..=self.effective_until.map_or(first, |until| until.year())
    }
}

impl Score {
    /// The best there is.
    pub const HIGHEST: Score = Score(Hundredths(10_000));

    /// A score of that many hundredths.
    ///
    /// # Errors
    /// When it is above 100.
    pub fn new(score: Hundredths) -> Result<Self, NoScore> {
        if score > Score::HIGHEST.0 { Err(NoScore(score)) } else { Ok(Score(score)) }
    }

    /// In hundredths.
    pub fn hundredths(self) -> Hundredths {
        self.0
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a number is no score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a score lies between 0 and 100: {0} does not")]
pub struct NoScore(Hundredths);

/// No bands are known for a year.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no bands of the Ombudsman are known for {year}: known are those for {}", listed(known))]
pub struct UnknownYear {
    /// The year that was asked for.
    pub year: i32,
    /// The years with bands, ascending.
    pub known: Vec<i32>,
}

/// Why a table could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("bands: {0}")]
pub struct BandsError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandsText {
    name: String,
    source: String,
    effective_from: NaiveDate,
    effective_until: Option<NaiveDate>,
    band: Vec<BandText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandText {
    grade: String,
    meaning: String,
    official: String,
    from: u64,
}

impl From<BandText> for Band {
    fn from(BandText { grade, meaning, official, from }: BandText) -> Self {
        Band { grade, meaning, official, from: Hundredths(from) }
    }
}

fn built_in(text: &str) -> Bands {
    Bands::parse(text).expect("the built-in bands are tested")
}

fn listed(years: &[i32]) -> String {
    years.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}

const OMBUDSMAN: [&str; 2] =
    [include_str!("../data/bands/id-ombudsman-2021.toml"), include_str!("../data/bands/id-ombudsman-2022.toml")];

#[cfg(test)]
mod tests {
    use super::*;

    fn score(hundredths: u64) -> Score {
        Score::new(Hundredths(hundredths)).unwrap()
    }

    fn check(bands: &Bands, expected: &[(u64, &str)]) {
        for (hundredths, grade) in expected {
            assert_eq!(bands.band(score(*hundredths)).grade, *grade, "{hundredths}");
        }
    }

    #[test]
    fn each_band_starts_at_its_threshold() {
        check(
            &Bands::ikm_2017(),
            &[
                (10_000, "A"),
                (88_31, "A"),
                (88_30, "B"),
                (76_61, "B"),
                (76_60, "C"),
                (65_00, "C"),
                (64_99, "D"),
                (0, "D"),
            ],
        );
        check(
            &Bands::ombudsman(2021).unwrap(),
            &[(81_00, "high"), (80_99, "medium"), (51_00, "medium"), (50_99, "low"), (0, "low")],
        );
        check(
            &Bands::ombudsman(2024).unwrap(),
            &[(88_00, "A"), (87_99, "B"), (78_00, "B"), (54_00, "C"), (53_99, "D"), (32_00, "D"), (31_99, "E")],
        );
    }

    #[test]
    fn the_published_assessments_of_the_city_get_their_bands() {
        let yellow = Bands::ombudsman(2021).unwrap();
        assert_eq!(yellow.band(score(58_40)).meaning, "medium compliance, yellow zone");
        check(&Bands::ombudsman(2022).unwrap(), &[(63_67, "C")]);
    }

    #[test]
    fn a_year_without_a_table_is_refused_with_the_years_that_have_one() {
        for year in [2020, 2025, i32::MAX] {
            let unknown = Bands::ombudsman(year).unwrap_err();
            assert_eq!(unknown, UnknownYear { year, known: vec![2021, 2022, 2023, 2024] });
            assert!(unknown.to_string().ends_with("known are those for 2021, 2022, 2023, 2024"), "{unknown}");
        }
    }

    #[test]
    fn the_next_grade_is_the_nearest_better_one() {
        let bands = Bands::ikm_2017();
        let next = |hundredths| bands.next(score(hundredths)).map(|step| (step.band.grade.as_str(), step.missing.0));
        assert_eq!(next(87_75), Some(("A", 56)));
        assert_eq!(next(88_30), Some(("A", 1)));
        assert_eq!(next(25_00), Some(("C", 40_00)));
        assert_eq!(next(88_31), None);
    }

    #[test]
    fn there_is_no_score_above_100() {
        assert_eq!(Score::new(Hundredths(10_001)).unwrap_err(), NoScore(Hundredths(10_001)));
    }

    #[test]
    fn refuses_a_table_with_a_hole_or_a_doubt() {
        let text = include_str!("../data/bands/id-ikm-2017.toml");
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from));
            Bands::parse(&text.replace(from, to)).unwrap_err()
        };
        refused("from = 0", "from = 1");
        refused("from = 8831", "from = 10001");
        refused("from = 7661", "from = 8831");
        refused("grade = \"B\"", "grade = \"A\"");
        refused("source =", "sumber =");
        refused("source =", "effective_until = \"2016-12-31\"\nsource =");
        refused("id-ikm-2017", "ikm@2017");
        assert!(Bands::parse(&format!("band = []\n{}", text.split("[[").next().unwrap())).is_err());
    }
}
