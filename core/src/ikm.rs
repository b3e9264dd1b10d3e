//! *Indeks Kepuasan Masyarakat*: how satisfied those are who used a service, by PermenPANRB 14/2017.

mod element;
mod index;
mod survey;

pub use element::Element;
pub use index::{Index, NoIndex};
pub use survey::{Survey, SurveyError};

use serde::Serialize;

use crate::bands::Score;
use crate::statistics::Hundredths;

/// The index of one service in one period, 0 to 100: an exact fraction, rounded when it is shown and not before.
///
/// The mean of each element times its [`Weight`], added up, times 25 (PermenPANRB 14/2017).
///
/// ```
/// use aduan::bands::Bands;
/// use aduan::ikm::{Ikm, Weight};
///
/// // 29 people were asked; all their answers together make 955.
/// let exact = Ikm::of_totals(29, 955, Weight::Exact)?;
/// assert_eq!((exact.to_string(), exact.fraction()), ("91.48".to_owned(), (23_875, 261)));
/// assert_eq!(Bands::ikm_2017().band(exact.score()).grade, "A");
///
/// assert_eq!(Ikm::of_totals(29, 955, Weight::Rounded)?.to_string(), "90.56");
/// # Ok::<(), aduan::ikm::SurveyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ikm {
    numerator: u64,
    denominator: u64,
}

/// What one element of the nine weighs.
///
/// The regulation divides 1 by 9 and prints 0.11, so both are in use, and the same answers give two figures.
/// A figure is comparable only with those of the same weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// 1/9: the index lies between 25 and 100.
    #[default]
    Exact,
    /// 0.11, as printed: the index lies between 24.75 and 99.
    Rounded,
}

impl Ikm {
    /// The index of a survey of which only the number of respondents and the sum of all their answers are known.
    ///
    /// # Errors
    /// When nobody was asked, or that many respondents cannot have that sum: each gave nine answers from 1 to 4.
    pub fn of_totals(respondents: u32, sum: u64, weight: Weight) -> Result<Self, SurveyError> {
        survey::check_total(respondents, sum)?;
        Ok(Ikm::weighted(respondents.into(), sum, weight))
    }

    /// The index that was published as so much of 4: as exact as it was published, whatever its weight was.
    ///
    /// ```
    /// use aduan::ikm::Ikm;
    /// assert_eq!(Ikm::of_index("3.51".parse()?).to_string(), "87.75");
    /// # Ok::<(), aduan::ikm::NoIndex>(())
    /// ```
    pub fn of_index(index: Index) -> Self {
        Ikm::new(u64::from(index.ten_thousandths()) * PER_POINT, 10_000)
    }

    /// Rounded half up to two decimals, which is what grades are given for.
    pub fn score(self) -> Score {
        let rounded = Hundredths::mean(self.numerator, self.denominator).expect("no constructor divides by nothing");
        Score::new(rounded).expect("answers end at 4, and so the index at 100")
    }

    /// Numerator and denominator, in lowest terms.
    pub fn fraction(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    fn weighted(respondents: u64, sum: u64, weight: Weight) -> Self {
        let (part, whole) = weight.fraction();
        Ikm::new(sum * PER_POINT * part, respondents * whole)
    }

    fn new(numerator: u64, denominator: u64) -> Self {
        let divisor = greatest_common_divisor(numerator, denominator);
        Ikm { numerator: numerator / divisor, denominator: denominator / divisor }
    }
}

impl std::fmt::Display for Ikm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.score().fmt(f)
    }
}

impl Weight {
    /// Numerator and denominator.
    pub fn fraction(self) -> (u64, u64) {
        match self {
            Weight::Exact => (1, 9),
            Weight::Rounded => (11, 100),
        }
    }

    /// As it is written: `exact` or `rounded`.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Exact => "exact",
            Weight::Rounded => "rounded",
        }
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// An answer of 1 counts 25 of 100, one of 4 all.
const PER_POINT: u64 = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bands::Bands;
    use proptest::array::uniform9;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn graded(ikm: Ikm) -> (String, String) {
        (ikm.to_string(), Bands::ikm_2017().band(ikm.score()).grade.clone())
    }

    fn check(ikm: Ikm, expected: &str, grade: &str) {
        assert_eq!(graded(ikm), (expected.to_owned(), grade.to_owned()));
    }

    #[test]
    fn the_published_figures_come_out() {
        check(Ikm::of_index("3.51".parse().unwrap()), "87.75", "B");
        check(Ikm::of_totals(29, 955, Weight::Exact).unwrap(), "91.48", "A");
        check(Ikm::of_totals(29, 955, Weight::Rounded).unwrap(), "90.56", "A");
    }

    #[test]
    fn half_a_hundredth_is_rounded_up_and_into_the_better_grade() {
        // 88.305 by either weight.
        check(Ikm::of_totals(5_000, 158_949, Weight::Exact).unwrap(), "88.31", "A");
        check(Ikm::of_totals(550, 17_661, Weight::Rounded).unwrap(), "88.31", "A");
        check(Ikm::of_index("3.5322".parse().unwrap()), "88.31", "A");
    }

    #[test]
    fn a_figure_is_rounded_once_and_not_from_one_already_rounded() {
        // 88.30492…: to three decimals it is 88.305, and that would become 88.31.
        let below = Ikm::of_totals(176, 5_595, Weight::Exact).unwrap();
        check(below, "88.30", "B");
    }

    #[test]
    fn the_extremes_stay_within_their_bounds() {
        let index = |sum, weight| Ikm::of_totals(1, sum, weight).unwrap().to_string();
        assert_eq!([index(9, Weight::Exact), index(36, Weight::Exact)], ["25.00", "100.00"]);
        assert_eq!([index(9, Weight::Rounded), index(36, Weight::Rounded)], ["24.75", "99.00"]);
        let everybody = Ikm::of_totals(u32::MAX, u64::from(u32::MAX) * 36, Weight::Rounded).unwrap();
        assert_eq!(everybody.to_string(), "99.00");
    }

    /// A fraction, as school has it.
    #[derive(Clone, Copy)]
    struct Fraction(i128, i128);

    impl Fraction {
        fn plus(self, other: Fraction) -> Fraction {
            Fraction(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
        }

        fn times(self, other: Fraction) -> Fraction {
            Fraction(self.0 * other.0, self.1 * other.1).reduced()
        }

        fn reduced(self) -> Fraction {
            let (mut divisor, mut rest) = (self.0, self.1);
            while rest != 0 {
                (divisor, rest) = (rest, divisor % rest);
            }
            Fraction(self.0 / divisor, self.1 / divisor)
        }

        fn hundredths(self) -> i128 {
            (self.0 * 100).div_euclid(self.1) + i128::from((self.0 * 100).rem_euclid(self.1) * 2 >= self.1)
        }
    }

    proptest! {
        #[test]
        fn the_index_is_the_weighted_sum_of_means_times_25(answers in vec(uniform9(1..=4_u8), 1..60)) {
            let mut survey = Survey::default();
            for row in &answers {
                survey.add(row.map(Some)).unwrap();
            }
            for (weight, of_nine) in [(Weight::Exact, Fraction(1, 9)), (Weight::Rounded, Fraction(11, 100))] {
                let mean = |element: usize| {
                    let sum: i128 = answers.iter().map(|row| i128::from(row[element])).sum();
                    Fraction(sum, answers.len() as i128)
                };
                let sum = (0..9).map(|element| mean(element).times(of_nine)).reduce(Fraction::plus).unwrap();
                let expected = sum.times(Fraction(25, 1));
                let ikm = survey.ikm(weight).unwrap();
                prop_assert_eq!(ikm.fraction(), (expected.0 as u64, expected.1 as u64));
                prop_assert_eq!(i128::from(ikm.score().hundredths().0), expected.hundredths());
                let lowest = if weight == Weight::Exact { 25_00 } else { 24_75 };
                prop_assert!((lowest..=10_000).contains(&ikm.score().hundredths().0));
                let total = survey.total();
                prop_assert_eq!(Ikm::of_totals(answers.len() as u32, total, weight).unwrap(), ikm);
            }
        }
    }
}
