//! A published index on the scale of the answers: 3.51 of 4.

/// An index from 1 to 4, with up to four decimals, as the table of PermenPANRB 14/2017 has it.
///
/// ```
/// use aduan::ikm::Index;
/// let index: Index = "3,51".parse()?;
/// assert_eq!(index, "3.5100".parse()?);
/// assert_eq!(index.to_string(), "3.51");
/// # Ok::<(), aduan::ikm::NoIndex>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Index(u32);

impl Index {
    /// In ten-thousandths: 35100 is 3.51.
    pub fn ten_thousandths(self) -> u32 {
        self.0
    }
}

impl std::str::FromStr for Index {
    type Err = NoIndex;

    /// Reads `3.51`, or `3,51` as it is written in Indonesian.
    fn from_str(text: &str) -> Result<Self, NoIndex> {
        let (whole, decimals) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        let is_written_so = (1..=DECIMALS).contains(&decimals.len())
            && whole.len() == 1
            && [whole, decimals].iter().all(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_written_so {
            return Err(NoIndex);
        }
        let ten_thousandths = format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| NoIndex)?;
        if (10_000..=40_000).contains(&ten_thousandths) { Ok(Index(ten_thousandths)) } else { Err(NoIndex) }
    }
}

impl std::fmt::Display for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = format!("{:04}", self.0 % 10_000);
        // Two decimals, and more only if they say something.
        let (shown, rest) = decimals.split_at(2);
        write!(f, "{}.{shown}{}", self.0 / 10_000, rest.trim_end_matches('0'))
    }
}

/// What was given is no index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an index lies between 1 and 4 and has at most four decimals, as in 3.51")]
pub struct NoIndex;

const DECIMALS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_exactly_and_shows_them_again() {
        for (text, ten_thousandths, shown) in
            [("3.51", 35_100, "3.51"), ("3,5324", 35_324, "3.5324"), ("4", 40_000, "4.00"), ("1.005", 10_050, "1.005")]
        {
            let index: Index = text.parse().unwrap();
            assert_eq!((index.ten_thousandths(), index.to_string().as_str()), (ten_thousandths, shown));
        }
    }

    #[test]
    fn refuses_what_is_not_between_1_and_4() {
        for text in ["", ".", "3.", ".5", "0.99", "4.0001", "35.1", "3.51234", "-3.5", "+3.5", "3.5.1", "3.5e0", "３.5"]
        {
            assert_eq!(text.parse::<Index>(), Err(NoIndex), "{text}");
        }
    }
}
