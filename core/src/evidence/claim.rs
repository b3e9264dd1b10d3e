//! A claim, as a text: read strictly, and held against the evidence.
//!
//! Two forms are understood. A figure and its value, `satisfaction 91.3 %`: the value holds if the figure, rounded half
//! up to as many decimals as the claim gives, is it. A sum, `received 312 = resolved 187 + open 125`: the arithmetic
//! comes first, then each number that says what it counts, then whether the parts are parts of the whole at all. What
//! nobody named cannot be derived, however well it adds up.

use std::fmt;

use serde::Serialize;

use super::number::{DEFINED, Number, Value};
use super::pack::{Pack, ToldProblem};
use super::positions::Positions;

/// What somebody claims.
///
/// ```
/// use aduan::evidence::Claim;
/// let claim: Claim = "kepuasan 91,3 %".parse()?;
/// assert_eq!(claim.to_string(), "kepuasan 91.3 %");
/// assert!("312 = 187 +".parse::<Claim>().is_err());
/// # Ok::<(), aduan::evidence::ClaimError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// What is claimed; of a sum, the total.
    total: Term,
    /// What it is said to be the sum of; nothing: it is no sum.
    parts: Vec<Term>,
}

/// A value, and what it is said to be.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Term {
    /// The name of a figure, or a word for it; empty where nobody said.
    label: String,
    claimed: Decimal,
    is_percent: bool,
}

/// A number as it is written: `digits` without its separator, of which the last `decimals` stand behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Decimal {
    digits: u64,
    decimals: u32,
}

/// Whether a claim holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It follows from the ledger.
    Derivable,
    /// The ledger, or arithmetic, says otherwise.
    Contradicted,
    /// The ledger can say neither.
    NotDerivable,
}

impl Verdict {
    /// What it says to people.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Derivable => "derivable",
            Verdict::Contradicted => "contradicted",
            Verdict::NotDerivable => "not derivable",
        }
    }
}

/// What the evidence says of a claim.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answer {
    /// The claim, as it was understood.
    pub claim: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why, a sentence each.
    pub because: Vec<String>,
    /// Each value that was claimed.
    pub terms: Vec<Told>,
}

/// A value that was claimed, and what the ledger says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    /// What was claimed.
    pub claimed: String,
    /// The figure it is about, if there is one of that name.
    pub figure: Option<String>,
    /// What that is.
    pub value: Option<Value>,
    /// The events it is derived from.
    pub positions: Option<Positions>,
    /// Whether the claimed value is it.
    pub verdict: Verdict,
}

impl Claim {
    /// Holds the claim against the evidence of a year.
    pub fn against(&self, pack: &Pack) -> Answer {
        let mut because = Vec::new();
        let mut verdicts = vec![self.adds_up(&mut because)];
        let terms: Vec<Told> = std::iter::once(&self.total)
            .chain(&self.parts)
            .map(|term| term.against(pack, self.parts.is_empty(), &mut because))
            .collect();
        verdicts.extend(terms.iter().map(|told| told.verdict));
        if !self.parts.is_empty() && verdicts.iter().all(|verdict| *verdict == Verdict::Derivable) {
            verdicts.push(parts_of_a_whole(&terms, &mut because));
        }
        if !pack.at_fault.is_empty() {
            because.push(format!("positions {} are not proven: any figure may lack what was there", pack.at_fault));
        } else if pack.problems.iter().any(|problem| matches!(problem, ToldProblem::Secret { .. })) {
            because.push("something untold is not proven: any figure may lack what was there".to_owned());
        }
        let has = |wanted| verdicts.contains(&wanted);
        let verdict = match () {
            () if has(Verdict::Contradicted) => Verdict::Contradicted,
            () if has(Verdict::NotDerivable) => Verdict::NotDerivable,
            () => Verdict::Derivable,
        };
        Answer { claim: self.to_string(), verdict, because, terms }
    }

    fn adds_up(&self, because: &mut Vec<String>) -> Verdict {
        if self.parts.is_empty() {
            return Verdict::Derivable;
        }
        let decimals = self.parts.iter().chain([&self.total]).map(|term| term.claimed.decimals).max().unwrap_or(0);
        let scaled = |term: &Term| term.claimed.scaled(decimals);
        let sum: u128 = self.parts.iter().map(scaled).sum();
        let parts = self.parts.iter().map(|term| term.claimed.to_string()).collect::<Vec<_>>().join(" + ");
        let written = Decimal { digits: u64::try_from(sum).unwrap_or(u64::MAX), decimals };
        let total = self.total.claimed;
        if sum == scaled(&self.total) {
            because.push(format!("{parts} = {written}: it adds up"));
            Verdict::Derivable
        } else {
            because.push(format!("{parts} = {written}, and not {total}"));
            Verdict::Contradicted
        }
    }
}

impl Term {
    fn against(&self, pack: &Pack, is_alone: bool, because: &mut Vec<String>) -> Told {
        let number = self.number(pack);
        let verdict = match number {
            Some(number) => self.compare(number, because),
            None if self.label.is_empty() => {
                because.push(format!("nobody says what {} counts", self.claimed));
                Verdict::NotDerivable
            }
            None => {
                let beside = if is_alone { ": `aduan claim --list` tells those there are" } else { "" };
                because.push(format!("there is no figure `{}`{beside}", self.label));
                Verdict::NotDerivable
            }
        };
        Told {
            claimed: self.to_string(),
            figure: number.map(|number| number.name.clone()),
            value: number.and_then(|number| number.value),
            positions: number.map(|number| number.positions.clone()),
            verdict,
        }
    }

    fn number<'p>(&self, pack: &'p Pack) -> Option<&'p Number> {
        let label = self.label.to_lowercase();
        let by_word = DEFINED.iter().find(|defined| defined.words.contains(&label.as_str()));
        pack.number(by_word.map_or(label.as_str(), |defined| defined.name))
    }

    fn compare(&self, number: &Number, because: &mut Vec<String>) -> Verdict {
        let name = &number.name;
        if number.is_withheld {
            because.push(format!("{name} is withheld: there are too few ratings to tell it"));
            return Verdict::NotDerivable;
        }
        let Some(value) = &number.value else {
            because.push(format!("{name} is a share or mean of nothing: nothing was counted"));
            return Verdict::NotDerivable;
        };
        let is_share = matches!(value, Value::Share(_));
        if is_share != self.is_percent {
            let unit = if is_share { "a share, to be claimed in %" } else { "no share, and has no %" };
            because.push(format!("{name} is {unit}: it is {value}"));
            return Verdict::NotDerivable;
        }
        if !number.stands {
            because.push(format!("{name} does not stand: it rests on positions {}", told_faults(number)));
            return Verdict::NotDerivable;
        }
        let exact = Decimal::rounded(value.fraction(), self.claimed.decimals);
        let percent = if is_share { " %" } else { "" };
        if exact == Some(self.claimed) {
            because.push(format!("{name} is {value}: {}{percent} when rounded half up", self.claimed));
            Verdict::Derivable
        } else {
            because.push(format!("{}{percent} is claimed; {name} is {value}", self.claimed));
            Verdict::Contradicted
        }
    }
}

fn told_faults(number: &Number) -> String {
    match number.at_fault.is_empty() {
        true => "that nobody has, or that are not told: a hole, another end, or a whistleblower's report".to_owned(),
        false => format!("{} that are not proven", number.at_fault),
    }
}

/// Whether the parts are parts of the whole, each once: otherwise a sum may be right by chance.
fn parts_of_a_whole(terms: &[Told], because: &mut Vec<String>) -> Verdict {
    let names: Vec<&str> = terms.iter().filter_map(|told| told.figure.as_deref()).collect();
    let Some((total, parts)) = names.split_first() else { return Verdict::NotDerivable };
    let are_parts = |family: &&Family| {
        let fit = |name: &&str| {
            family.parts.iter().any(|part| part.strip_suffix('*').map_or(part == name, |stem| name.starts_with(stem)))
        };
        family.whole == *total && parts.iter().all(fit)
    };
    let is_twice = |name: &&str| parts.iter().filter(|other| *other == name).count() > 1;
    if PARTS.iter().any(|family| are_parts(&family)) && !parts.iter().any(is_twice) {
        return Verdict::Derivable;
    }
    because.push(format!("every number is right, but {total} is not made of these: that they add up is chance"));
    Verdict::NotDerivable
}

/// What a figure is the sum of, whatever the ledger holds.
struct Family {
    whole: &'static str,
    parts: &'static [&'static str],
}

const PARTS: [Family; 11] = [
    Family {
        whole: "trend.received",
        parts: &[
            "trend.became.open",
            "trend.became.resolved",
            "trend.became.declined",
            "trend.became.withdrawn",
            "trend.became.duplicate",
        ],
    },
    Family {
        whole: "trend.received",
        parts: &[
            "trend.became.open",
            "trend.became.resolved_*",
            "trend.became.declined",
            "trend.became.withdrawn",
            "trend.became.duplicate",
        ],
    },
    Family { whole: "trend.received", parts: &["trend.received.channel.*"] },
    Family { whole: "trend.received", parts: &["trend.received.class.*"] },
    Family { whole: "trend.became.resolved", parts: &["trend.became.resolved_*"] },
    Family {
        whole: "trend.closed",
        parts: &["trend.closed.resolved", "trend.closed.declined", "trend.closed.withdrawn", "trend.closed.duplicate"],
    },
    Family {
        whole: "trend.closed",
        parts: &[
            "trend.closed.resolved_*",
            "trend.closed.declined",
            "trend.closed.withdrawn",
            "trend.closed.duplicate",
        ],
    },
    Family { whole: "trend.closed.resolved", parts: &["trend.closed.resolved_*"] },
    Family { whole: "satisfaction.rated", parts: &["satisfaction.stars.*"] },
    Family { whole: "flow.escalated", parts: &["flow.escalated_*"] },
    Family {
        whole: "sla.met",
        parts: &["sla.verification.met", "sla.first_response.met", "sla.statutory.met", "sla.emergency.met"],
    },
];

/// Why a claim was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a claim reads `satisfaction 91.3 %` or `received 312 = resolved 187 + open 125`")]
pub struct ClaimError(String);

fn wrong<T>(why: impl Into<String>) -> Result<T, ClaimError> {
    Err(ClaimError(why.into()))
}

impl std::str::FromStr for Claim {
    type Err = ClaimError;
    fn from_str(text: &str) -> Result<Self, ClaimError> {
        if text.chars().count() > LONGEST {
            return wrong(format!("it is longer than {LONGEST} characters"));
        }
        let sides: Vec<&str> = text.split('=').collect();
        match sides[..] {
            [alone] => {
                if alone.contains('+') {
                    return wrong("a sum says what it comes to, with =");
                }
                let total = Term::read(alone)?;
                if total.label.is_empty() {
                    return wrong("it does not say what the number is");
                }
                Ok(Claim { total, parts: Vec::new() })
            }
            [total, parts] => {
                let total = Term::read(total)?;
                let parts: Vec<Term> = parts.split('+').map(Term::read).collect::<Result<_, _>>()?;
                if parts.len() < 2 {
                    return wrong("a sum has two parts at least");
                }
                if total.is_percent || parts.iter().any(|term| term.is_percent) {
                    return wrong("shares of different wholes cannot be added: a sum has no %");
                }
                Ok(Claim { total, parts })
            }
            _ => wrong("it has more than one ="),
        }
    }
}

impl Term {
    /// A label of any words but the last, a number, and perhaps a sign of percent.
    fn read(text: &str) -> Result<Self, ClaimError> {
        let text = text.trim();
        let (text, is_percent) = match PERCENT.iter().find_map(|sign| text.strip_suffix(sign)) {
            Some(rest) => (rest.trim_end(), true),
            None => (text, false),
        };
        let (label, number) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        let claimed = Decimal::read(number)?;
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(sign) = label.chars().find(|sign| !(sign.is_alphanumeric() || "._- ".contains(*sign))) {
            return wrong(format!("`{sign}` is no part of a name"));
        }
        if label.split(' ').any(|word| word.starts_with(|first: char| first.is_ascii_digit())) {
            return wrong(format!("`{label}` holds another number"));
        }
        Ok(Term { label, claimed, is_percent })
    }
}

impl Decimal {
    /// Reads `312`, `91.3`, `91,3`, `1.234.567`, `1.234,5` and `1,234.5`; what could mean two numbers is refused.
    fn read(text: &str) -> Result<Self, ClaimError> {
        let is_written =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        if !is_written || !text.starts_with(|first: char| first.is_ascii_digit()) {
            return wrong(format!("`{text}` is no number"));
        }
        let separators: Vec<(usize, char)> = text.char_indices().filter(|(_, sign)| !sign.is_ascii_digit()).collect();
        let last = separators.last().copied();
        let (whole, behind) = match (last, separators.len()) {
            (None, _) => (text, ""),
            (Some((at, sign)), 1) => {
                let (whole, behind) = (&text[..at], &text[at + 1..]);
                if behind.len() == 3 && whole.len() <= 3 && whole != "0" {
                    let (joined, of) = (format!("{whole}{behind}"), if sign == '.' { ',' } else { '.' });
                    return wrong(format!(
                        "`{text}` may be {joined} or {whole}{of}{behind}: write {joined}, or other decimals"
                    ));
                }
                (whole, behind)
            }
            // The last is the only one of its kind, or they all part thousands.
            (Some((at, sign)), _) if separators.iter().filter(|(_, other)| *other == sign).count() == 1 => {
                (&text[..at], &text[at + 1..])
            }
            (Some(_), _) => (text, ""),
        };
        let groups: Vec<&str> = whole.split(['.', ',']).collect();
        let are_thousands = groups.len() == 1
            || groups[0].len() <= 3 && !groups[0].is_empty() && groups[1..].iter().all(|group| group.len() == 3);
        let parted_alike = whole.contains('.') != whole.contains(',') || groups.len() == 1;
        let is_sound = are_thousands && parted_alike && (last.is_none() || !behind.is_empty() || groups.len() > 1);
        if !is_sound || text.ends_with(['.', ',']) {
            return wrong(format!("`{text}` is no number"));
        }
        if behind.len() > MOST_DECIMALS {
            return wrong(format!("`{text}` has more than {MOST_DECIMALS} decimals"));
        }
        let digits = format!("{}{behind}", groups.concat()).parse();
        let Ok(digits) = digits else { return wrong(format!("`{text}` is too large")) };
        Ok(Decimal { digits, decimals: behind.len() as u32 })
    }

    /// A fraction, rounded half up to so many decimals; none where that is too large.
    fn rounded((numerator, denominator): (u128, u128), decimals: u32) -> Option<Self> {
        let scaled = numerator.checked_mul(10_u128.checked_pow(decimals)?)?.checked_mul(2)?;
        let digits = scaled.checked_add(denominator)?.checked_div(denominator.checked_mul(2)?)?;
        Some(Decimal { digits: u64::try_from(digits).ok()?, decimals })
    }

    /// As a whole number of the smallest decimals.
    fn scaled(self, decimals: u32) -> u128 {
        u128::from(self.digits).saturating_mul(10_u128.saturating_pow(decimals - self.decimals))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u64.pow(self.decimals);
        match self.decimals as usize {
            0 => write!(f, "{}", self.digits),
            width => write!(f, "{}.{:0width$}", self.digits / one, self.digits % one),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.label.is_empty() { "" } else { " " };
        let percent = if self.is_percent { " %" } else { "" };
        write!(f, "{}{space}{}{percent}", self.label, self.claimed)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.total)?;
        for (place, part) in self.parts.iter().enumerate() {
            write!(f, " {} {part}", if place == 0 { '=' } else { '+' })?;
        }
        Ok(())
    }
}

const PERCENT: [&str; 4] = ["%", "percent", "per cent", "persen"];
const LONGEST: usize = 500;
const MOST_DECIMALS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, shown: &str) {
        assert_eq!(text.parse::<Claim>().map(|claim| claim.to_string()), Ok(shown.to_owned()), "{text}");
    }

    fn refuses(text: &str, why: &str) {
        let error = text.parse::<Claim>().map(|claim| claim.to_string()).expect_err(text);
        assert!(error.to_string().contains(why), "{text}: {error}");
    }

    #[test]
    fn numbers_are_read_as_either_language_writes_them() {
        reads("satisfaction 91.3 %", "satisfaction 91.3 %");
        reads("  kepuasan   91,3% ", "kepuasan 91.3 %");
        reads("tingkat penyelesaian 88 persen", "tingkat penyelesaian 88 %");
        reads("received 1.234.567", "received 1234567");
        reads("received 1.234,50", "received 1234.50");
        reads("received 1,234.5", "received 1234.5");
        reads("received 0,125", "received 0.125");
        reads("312 = 187 + 165", "312 = 187 + 165");
        reads("received 312=resolved 187+open 125", "received 312 = resolved 187 + open 125");
    }

    #[test]
    fn what_is_no_claim_is_refused_with_the_reason() {
        refuses("", "`` is no number");
        refuses("satisfaction", "`satisfaction` is no number");
        refuses("91.3 %", "does not say what the number is");
        refuses("received 1.234", "may be 1234 or 1,234");
        refuses("received 12.34.5", "is no number");
        refuses("received 1.234.56", "is no number");
        refuses("received 1.23,4.5", "is no number");
        refuses("received .5", "is no number");
        refuses("received 5.", "is no number");
        refuses("received -5", "is no number");
        refuses("received 99999999999999999999999", "is too large");
        refuses("received 1.2345678", "more than 6 decimals");
        refuses("187 + 165", "what it comes to");
        refuses("312 = 187", "two parts at least");
        refuses("312 = 187 +", "is no number");
        refuses("1 = 2 = 3", "more than one =");
        refuses("100 % = 60 % + 40 %", "has no %");
        refuses("received 5 resolved 3", "holds another number");
        refuses("re<b>ceived 5", "`<` is no part of a name");
        refuses(&"a".repeat(600), "longer than 500");
    }

    #[test]
    fn rounds_half_up_to_the_decimals_that_are_claimed() {
        let rounded = |fraction, decimals| Decimal::rounded(fraction, decimals).unwrap().to_string();
        assert_eq!(rounded((18_700, 205), 1), "91.2");
        assert_eq!(rounded((18_700, 205), 2), "91.22");
        assert_eq!(rounded((1, 8), 2), "0.13");
        assert_eq!(rounded((955, 213), 2), "4.48");
        assert_eq!(Decimal::rounded((u128::MAX, 1), 6), None);
    }
}
