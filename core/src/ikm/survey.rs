//! A survey: what the respondents answered, added up per element.

use super::{Element, Ikm, Weight};
use crate::statistics::Hundredths;

/// The answers of one service's users in one period. Each respondent answered all nine elements from 1 to 4.
///
/// ```
/// use aduan::ikm::{Element, Survey, Weight};
///
/// let mut survey = Survey::default();
/// survey.add([3, 3, 2, 4, 3, 4, 4, 3, 3].map(Some))?;
/// survey.add([4, 3, 3, 4, 4, 4, 4, 3, 3].map(Some))?;
///
/// assert_eq!(survey.mean(Element::Time).ok_or("nobody")?.to_string(), "2.50");
/// assert_eq!(survey.ikm(Weight::Exact).ok_or("nobody")?.to_string(), "84.72");
/// assert_eq!(survey.weakest(), [Element::Time]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    respondents: u64,
    sums: [u64; 9],
}

impl Survey {
    /// A survey of which the number of respondents and each element's sum are known.
    ///
    /// # Errors
    /// When nobody was asked, or that many answers from 1 to 4 cannot have such a sum.
    pub fn of_totals(respondents: u32, sums: [u64; 9]) -> Result<Self, SurveyError> {
        if respondents == 0 {
            return Err(SurveyError::NobodyAsked);
        }
        for (element, sum) in Element::ALL.into_iter().zip(sums) {
            if !reachable(respondents.into(), 1).contains(&sum) {
                return Err(SurveyError::NoSum { element, sum, respondents });
            }
        }
        Ok(Survey { respondents: respondents.into(), sums })
    }

    /// Counts one respondent's answers, in the order of [`Element::ALL`]; one that is refused counts for nothing.
    ///
    /// # Errors
    /// When an answer is missing or not 1 to 4: with its row, counted from 1, and its element.
    pub fn add(&mut self, answers: [Option<u8>; 9]) -> Result<(), SurveyError> {
        let row = self.respondents + 1;
        let mut sums = self.sums;
        for (element, answer) in Element::ALL.into_iter().zip(answers) {
            let answer = answer.ok_or(SurveyError::Unanswered { row, element })?;
            if !SCALE.contains(&answer.into()) {
                return Err(SurveyError::OffTheScale { row, element, answer });
            }
            sums[element as usize] += u64::from(answer);
        }
        *self = Survey { respondents: row, sums };
        Ok(())
    }

    /// How many answered.
    pub fn respondents(&self) -> u64 {
        self.respondents
    }

    /// All answers to one element, added up.
    pub fn sum(&self, element: Element) -> u64 {
        self.sums[element as usize]
    }

    /// All answers, added up.
    pub fn total(&self) -> u64 {
        self.sums.iter().sum()
    }

    /// The mean of an element (*nilai rata-rata*, NRR), 1 to 4, rounded half up to be shown; `None` of nobody.
    pub fn mean(&self, element: Element) -> Option<Hundredths> {
        Hundredths::mean(self.sum(element), self.respondents)
    }

    /// The index, from the sums and not from rounded means; `None` of nobody.
    pub fn ikm(&self, weight: Weight) -> Option<Ikm> {
        (self.respondents > 0).then(|| Ikm::weighted(self.respondents, self.total(), weight))
    }

    /// The elements with the lowest mean: more than one if they are equal.
    pub fn weakest(&self) -> Vec<Element> {
        self.those_with(self.sums.iter().min())
    }

    /// The elements with the highest mean: more than one if they are equal.
    pub fn strongest(&self) -> Vec<Element> {
        self.those_with(self.sums.iter().max())
    }

    fn those_with(&self, sum: Option<&u64>) -> Vec<Element> {
        Element::ALL.into_iter().filter(|element| Some(&self.sum(*element)) == sum).collect()
    }
}

/// Why answers make no survey.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SurveyError {
    /// A respondent left an element out.
    #[error("row {row}: {element} ({}) is not answered", element.name())]
    Unanswered {
        /// The respondent, counted from 1.
        row: u64,
        /// What was left out.
        element: Element,
    },
    /// An answer is not 1 to 4.
    #[error("row {row}: {element} ({}) is answered with {answer}, not with 1 to 4", element.name())]
    OffTheScale {
        /// The respondent, counted from 1.
        row: u64,
        /// What was asked.
        element: Element,
        /// What was answered.
        answer: u8,
    },
    /// There is no index of nobody.
    #[error("nobody was asked: there is no index of that")]
    NobodyAsked,
    /// That many answers to an element cannot have that sum.
    #[error("{respondents} answers to {element} ({}) cannot add up to {sum}", element.name())]
    NoSum {
        /// What was asked.
        element: Element,
        /// The sum that was given.
        sum: u64,
        /// How many answered.
        respondents: u32,
    },
    /// That many respondents cannot have that sum of all answers.
    #[error("nine answers each of {respondents} respondents cannot add up to {sum}")]
    NoTotal {
        /// The sum that was given.
        sum: u64,
        /// How many answered.
        respondents: u32,
    },
}

/// Refuses a sum of all answers that so many respondents cannot have given.
pub(super) fn check_total(respondents: u32, sum: u64) -> Result<(), SurveyError> {
    if respondents == 0 {
        return Err(SurveyError::NobodyAsked);
    }
    let is_reachable = reachable(respondents.into(), Element::ALL.len() as u64).contains(&sum);
    if is_reachable { Ok(()) } else { Err(SurveyError::NoTotal { sum, respondents }) }
}

/// The sums that so many answers of each respondent can have.
fn reachable(respondents: u64, answers: u64) -> std::ops::RangeInclusive<u64> {
    let count = respondents * answers;
    count * SCALE.start()..=count * SCALE.end()
}

const SCALE: std::ops::RangeInclusive<u64> = 1..=4;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [Option<u8>; 9] = [Some(3); 9];

    #[test]
    fn refuses_a_row_whole_and_says_where() {
        let mut survey = Survey::default();
        survey.add(GOOD).unwrap();
        let before = survey.clone();

        let mut answers = GOOD;
        answers[8] = None;
        let element = Element::Facilities;
        let refused = survey.add(answers).unwrap_err();
        assert_eq!(refused, SurveyError::Unanswered { row: 2, element });
        assert_eq!(refused.to_string(), "row 2: U9 (facilities) is not answered");

        for answer in [0, 5, u8::MAX] {
            answers[8] = Some(answer);
            assert_eq!(survey.add(answers), Err(SurveyError::OffTheScale { row: 2, element, answer }));
        }
        assert_eq!(survey, before);
    }

    #[test]
    fn totals_are_as_good_as_answers() {
        let mut survey = Survey::default();
        survey.add([1, 2, 3, 4, 1, 2, 3, 4, 1].map(Some)).unwrap();
        survey.add([1, 2, 3, 4, 4, 3, 2, 1, 1].map(Some)).unwrap();
        assert_eq!(Survey::of_totals(2, [2, 4, 6, 8, 5, 5, 5, 5, 2]), Ok(survey.clone()));
        assert_eq!(survey.weakest(), [Element::Requirements, Element::Facilities]);
        assert_eq!(survey.strongest(), [Element::Fee]);
    }

    #[test]
    fn refuses_sums_that_no_answers_have() {
        let element = Element::Requirements;
        for sum in [28, 117, u64::MAX] {
            let sums = [sum, 29, 29, 29, 29, 29, 29, 29, 29];
            assert_eq!(Survey::of_totals(29, sums), Err(SurveyError::NoSum { element, sum, respondents: 29 }));
        }
        assert!(Survey::of_totals(29, [29; 9]).is_ok() && Survey::of_totals(29, [116; 9]).is_ok());
        assert_eq!(Survey::of_totals(0, [0; 9]), Err(SurveyError::NobodyAsked));
        for sum in [29 * 9 - 1, 29 * 36 + 1] {
            assert_eq!(Ikm::of_totals(29, sum, Weight::Exact), Err(SurveyError::NoTotal { sum, respondents: 29 }));
        }
        assert_eq!(Ikm::of_totals(0, 0, Weight::Exact), Err(SurveyError::NobodyAsked));
    }

    #[test]
    fn there_is_no_index_of_nobody() {
        let nobody = Survey::default();
        assert_eq!((nobody.ikm(Weight::Exact), nobody.mean(Element::Fee)), (None, None));
    }
}
