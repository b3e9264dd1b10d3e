//! The numbers: their names, what each says, how it follows from what was counted.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Question;
use super::counting::{Counts, Key, Tally};
use super::positions::Positions;
use crate::clock::{ClockKind, Verdict};
use crate::event::Class;
use crate::projection::sla::Measure;
use crate::statistics::{Hundredths, Share};

/// A number, and what it rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Number {
    /// Its name, as the figures have it: verb and field.
    pub name: String,
    /// What it is; none of nothing, and where it is withheld.
    pub value: Option<Value>,
    /// Whether it is withheld, since it would tell of single raters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_withheld: bool,
    /// The events it is derived from. What is counted as it stands in the end rests on every event of its complaint.
    pub positions: Positions,
    /// Whether all of those are proven.
    pub stands: bool,
    /// Those that are not, but for a whistleblower's report, of which none is told.
    #[serde(skip_serializing_if = "Positions::is_empty")]
    pub at_fault: Positions,
}

/// What a number is: exact counts, rounded when it is shown and not before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// So many.
    Count(u64),
    /// So many of so many.
    Share(Share),
    /// So many for each hundred of others: it may exceed a hundred.
    PerHundred {
        /// How many.
        count: u64,
        /// For how many others.
        of: u64,
    },
    /// A sum divided once.
    Mean {
        /// All values together.
        sum: u64,
        /// How many there are.
        count: u64,
    },
    /// Working days of the tenant.
    Days(u64),
}

impl Value {
    /// So many, where it is a plain count.
    pub fn count(&self) -> Option<u64> {
        match self {
            Value::Count(count) => Some(*count),
            _ => None,
        }
    }

    /// What it is a fraction of: numerator and denominator, a share in percent.
    pub fn fraction(&self) -> (u128, u128) {
        let wide = |count: u64, of: u64| (u128::from(count), u128::from(of));
        match *self {
            Value::Count(count) | Value::Days(count) => wide(count, 1),
            Value::Share(Share { count, of }) | Value::PerHundred { count, of } => {
                let (count, of) = wide(count, of);
                (100 * count, of)
            }
            Value::Mean { sum, count } => wide(sum, count),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => write!(f, "{count}"),
            Value::Share(share) => write!(f, "{share}"),
            Value::PerHundred { count, of } => {
                write!(f, "{} ({count} for {of})", Hundredths::mean(100 * count, *of).unwrap_or(Hundredths(0)))
            }
            Value::Mean { sum, count } => {
                write!(f, "{} ({sum} divided by {count})", Hundredths::mean(*sum, *count).unwrap_or(Hundredths(0)))
            }
            Value::Days(1) => write!(f, "1 working day"),
            Value::Days(days) => write!(f, "{days} working days"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Value::Count(count) => map.serialize_entry("count", count)?,
            Value::Share(share) => {
                map.serialize_entry("count", &share.count)?;
                map.serialize_entry("of", &share.of)?;
                map.serialize_entry("percent", &share.rounded())?;
            }
            Value::PerHundred { count, of } => {
                map.serialize_entry("count", count)?;
                map.serialize_entry("for", of)?;
                map.serialize_entry("per_hundred", &Hundredths::mean(100 * count, *of))?;
            }
            Value::Mean { sum, count } => {
                map.serialize_entry("sum", sum)?;
                map.serialize_entry("count", count)?;
                map.serialize_entry("mean", &Hundredths::mean(*sum, *count))?;
            }
            Value::Days(days) => map.serialize_entry("working_days", days)?,
        }
        map.end()
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Defined {
    /// The name; `*` stands for a clock, a channel or a class.
    pub name: &'static str,
    /// Words that a claim may use for it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub words: &'static [&'static str],
    /// What it says.
    pub about: &'static str,
}

const fn defined(name: &'static str, words: &'static [&'static str], about: &'static str) -> Defined {
    Defined { name, words, about }
}

/// Every number there is, with the words that claims use: names and meanings are those of the figures.
pub static DEFINED: [Defined; 67] = [
    defined(
        "trend.received",
        &["received", "diterima", "masuk"],
        "Complaints that came in the year, for whoever holds them or held them last.",
    ),
    defined("trend.received_net", &["received net"], "The same without pranks, tests and duplicates."),
    defined("trend.received.channel.*", &[], "Received, by the way they came."),
    defined("trend.received.class.*", &[], "Received, by the class they have now."),
    defined("trend.became.open", &["open", "terbuka", "belum selesai"], "Received in the year, and open still."),
    defined("trend.became.resolved", &["resolved", "selesai"], "Received in the year and resolved, whoever says so."),
    defined(
        "trend.became.resolved_confirmed",
        &["confirmed"],
        "Received in the year and resolved, says the complainant.",
    ),
    defined(
        "trend.became.resolved_silence",
        &["silent"],
        "Received in the year and resolved, and nobody objected in time.",
    ),
    defined(
        "trend.became.resolved_administrative",
        &["administrative"],
        "Received in the year and resolved, says an officer.",
    ),
    defined("trend.became.declined", &["declined", "ditolak"], "Received in the year, and not taken up."),
    defined("trend.became.withdrawn", &["withdrawn", "dicabut"], "Received in the year, and taken back."),
    defined(
        "trend.became.duplicate",
        &["duplicate", "duplikat"],
        "Received in the year, and told in another complaint.",
    ),
    defined(
        "trend.resolved_of_received",
        &["resolution rate", "tingkat penyelesaian"],
        "Resolved of what was received in the year.",
    ),
    defined(
        "trend.closed",
        &["closed", "ditutup"],
        "Closed in the year, whenever it came, for whoever answered it then.",
    ),
    defined("trend.closed.resolved", &[], "Closed in the year as resolved, whoever says so."),
    defined("trend.closed.resolved_confirmed", &[], "Closed in the year as resolved, says the complainant."),
    defined("trend.closed.resolved_silence", &[], "Closed in the year as resolved, and nobody objected in time."),
    defined("trend.closed.resolved_administrative", &[], "Closed in the year as resolved, says an officer."),
    defined("trend.closed.declined", &[], "Closed in the year, not taken up."),
    defined("trend.closed.withdrawn", &[], "Closed in the year, taken back."),
    defined("trend.closed.duplicate", &[], "Closed in the year, told in another complaint."),
    defined("trend.reopened", &["reopened", "dibuka kembali"], "How often a complaint was reopened in the year."),
    defined("trend.reopened_per_hundred", &[], "Reopened for each hundred closed in the year."),
    defined("sla.met", &["met", "tepat waktu"], "Clocks that stopped in time in the year."),
    defined("sla.missed", &["missed", "terlambat"], "Clocks that stopped late in the year."),
    defined("sla.cancelled", &[], "Clocks that were no longer meant: outside every denominator."),
    defined("sla.running", &[], "Clocks that run now and are in time; in the present year only."),
    defined("sla.overdue", &["overdue", "lewat waktu"], "Clocks that run now and are late; in the present year only."),
    defined("sla.paused", &[], "Clocks that wait for the complainant now; in the present year only."),
    defined("sla.compliance", &["compliance", "kepatuhan"], "Met of met and missed."),
    defined("sla.compliance_with_overdue", &[], "Met of met, missed and overdue."),
    defined("sla.*.met", &[], "Met, of this clock alone."),
    defined("sla.*.missed", &[], "Missed, of this clock alone."),
    defined("sla.*.cancelled", &[], "Cancelled, of this clock alone."),
    defined("sla.*.running", &[], "Running, of this clock alone."),
    defined("sla.*.overdue", &[], "Overdue, of this clock alone."),
    defined("sla.*.paused", &[], "Paused, of this clock alone."),
    defined("sla.*.compliance", &[], "Met of met and missed, of this clock alone."),
    defined("sla.*.compliance_with_overdue", &[], "Met of met, missed and overdue, of this clock alone."),
    defined(
        "sla.*.cases",
        &[],
        "How many times the working days of this were counted: verification, first_response, resolution, holding.",
    ),
    defined("sla.*.median", &[], "Half of them took no longer, in working days of the tenant; exact, by nearest rank."),
    defined("sla.*.p90", &[], "Nine in ten took no longer, in working days of the tenant; exact, by nearest rank."),
    defined("satisfaction.eligible", &[], "Cycles closed in the year that could be rated, or were."),
    defined("satisfaction.rated", &["rated", "dinilai"], "How many of them were rated."),
    defined("satisfaction.response", &["response rate"], "Rated of those that could be."),
    defined(
        "satisfaction.mean",
        &["rating", "mean rating", "nilai"],
        "The mean of the stars, 1 to 5: their sum divided once.",
    ),
    defined(
        "satisfaction.satisfied",
        &["satisfaction", "satisfied", "kepuasan", "puas"],
        "CSAT: those who gave 4 or 5 stars, of those who rated.",
    ),
    defined("satisfaction.stars.*", &[], "How many gave so many stars."),
    defined("routing.dispositions", &["dispositions", "disposisi"], "Dispositions in the year."),
    defined("routing.returned", &["returned", "dikembalikan"], "How many were given back as not their own."),
    defined("routing.return_rate", &[], "Given back of disposed."),
    defined("routing.cycles", &[], "Cycles closed in the year that somebody held."),
    defined("routing.mean_dispositions", &[], "Dispositions that such a cycle took, on average."),
    defined("routing.passed_on", &[], "Such cycles that took more than one, of all of them."),
    defined("routing.most", &[], "The most that any took."),
    defined("flow.verified", &["verified", "diverifikasi"], "How often a complaint was verified in the year."),
    defined("flow.reclassified", &[], "How often class, category or priority was corrected."),
    defined("flow.answered_for_now", &[], "Interim responses."),
    defined("flow.answered", &["answered", "dijawab"], "Final responses."),
    defined("flow.accepted", &["accepted"], "How often an answer was accepted."),
    defined("flow.contested", &["contested", "disanggah"], "How often an answer was contested."),
    defined("flow.escalated", &["escalated", "eskalasi"], "How often a complaint went up the ladder."),
    defined("flow.escalated_1", &[], "To level 1, the head of the agency."),
    defined("flow.escalated_2", &[], "To level 2, the secretary or coordinator."),
    defined("flow.escalated_3", &[], "To level 3, the mayor."),
    defined(
        "flow.escalated_4",
        &["ombudsman"],
        "To level 4, the Ombudsman or central government: the complainant's own step.",
    ),
    defined("flow.dispositioned", &[], "Dispositions in the year, by whom they went to."),
];

/// What a number rests on beside its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rests {
    /// On those events alone.
    Events,
    /// On nothing else being recorded: what stands so in the end.
    End,
    /// On what is said of clocks.
    Clocks,
    /// On both.
    ClocksInTheEnd,
}

/// A number before anybody knows whether it stands.
pub(super) struct Draft {
    pub(super) name: Cow<'static, str>,
    pub(super) value: Option<Value>,
    pub(super) positions: Positions,
    pub(super) rests: Rests,
    pub(super) is_withheld: bool,
}

/// Every number that follows from what was counted.
pub(super) fn all(counts: &Counts, question: &Question) -> Vec<Draft> {
    let mut numbers = Numbers { counts, drafts: Vec::new() };
    numbers.trend();
    numbers.sla(None);
    ClockKind::ALL.into_iter().filter(|kind| !kind.is_window()).for_each(|kind| numbers.sla(Some(kind)));
    Measure::ALL.into_iter().for_each(|measure| numbers.took(measure));
    numbers.satisfaction(question.fewest);
    numbers.routing();
    numbers.flow();
    numbers.drafts
}

struct Numbers<'c> {
    counts: &'c Counts,
    drafts: Vec<Draft>,
}

impl Numbers<'_> {
    fn add(&mut self, name: impl Into<Cow<'static, str>>, value: Option<Value>, positions: Positions, rests: Rests) {
        self.drafts.push(Draft { name: name.into(), value, positions: positions.tidy(), rests, is_withheld: false });
    }

    fn count(&mut self, name: impl Into<Cow<'static, str>>, tally: Tally, rests: Rests) {
        self.add(name, Some(Value::Count(tally.count)), tally.positions, rests);
    }

    /// What is counted in `part` is counted in `whole` as well.
    fn share(&mut self, name: impl Into<Cow<'static, str>>, part: u64, whole: Tally, rests: Rests) {
        self.add(name, Share::of(part, whole.count).map(Value::Share), whole.positions, rests);
    }

    fn trend(&mut self) {
        use Rests::{End, Events};
        let counts = self.counts;
        self.count("trend.received", counts.of(&Key::Received), End);
        self.count("trend.received_net", counts.of(&Key::ReceivedNet), End);
        for channel in counts.channels() {
            let tally = counts.of(&Key::ReceivedBy(channel.clone()));
            self.count(format!("trend.received.channel.{channel}"), tally, End);
        }
        for class in Class::ALL {
            self.count(format!("trend.received.class.{}", class.name()), counts.of(&Key::ReceivedAs(class)), End);
        }
        self.count("trend.became.open", counts.of(&Key::Became("open")), End);
        let resolved = counts.sum(RESOLVED.map(Key::Became));
        self.count("trend.became.resolved", resolved.clone(), End);
        for closure in CLOSURES {
            self.count(format!("trend.became.{closure}"), counts.of(&Key::Became(closure)), End);
        }
        let received = counts.sum([Key::Became("open")].into_iter().chain(CLOSURES.map(Key::Became)));
        self.share("trend.resolved_of_received", resolved.count, received, End);
        let closed = counts.sum(CLOSURES.map(Key::Closed));
        self.count("trend.closed", closed.clone(), Events);
        self.count("trend.closed.resolved", counts.sum(RESOLVED.map(Key::Closed)), Events);
        for closure in CLOSURES {
            self.count(format!("trend.closed.{closure}"), counts.of(&Key::Closed(closure)), Events);
        }
        let reopened = counts.of(&Key::Flow("reopened"));
        let mut positions = closed.positions;
        positions.add_all(&reopened.positions);
        let rate = (closed.count > 0).then_some(Value::PerHundred { count: reopened.count, of: closed.count });
        self.count("trend.reopened", reopened, Events);
        self.add("trend.reopened_per_hundred", rate, positions, Events);
    }

    fn sla(&mut self, kind: Option<ClockKind>) {
        use Verdict::{Cancelled, Met, Missed, Overdue, Paused, Running};
        let of = |said: Verdict| Key::Verdict(kind, said);
        let name = |field: &str| match kind {
            None => format!("sla.{field}"),
            Some(kind) => format!("sla.{}.{field}", kind.name()),
        };
        for said in [Met, Missed, Cancelled] {
            self.count(name(said.name()), self.counts.of(&of(said)), Rests::Clocks);
        }
        for said in [Running, Overdue, Paused] {
            self.count(name(said.name()), self.counts.of(&of(said)), Rests::ClocksInTheEnd);
        }
        let met = self.counts.of(&of(Met)).count;
        let judged = self.counts.sum([of(Met), of(Missed)]);
        let late_too = self.counts.sum([of(Met), of(Missed), of(Overdue)]);
        self.share(name("compliance"), met, judged, Rests::Clocks);
        self.share(name("compliance_with_overdue"), met, late_too, Rests::ClocksInTheEnd);
    }

    fn took(&mut self, measure: Measure) {
        let spread = self.counts.duration(measure);
        let name = |field| format!("sla.{}.{field}", measure.name());
        let days = |percent| spread.histogram.quantile(percent).map(Value::Days);
        let (median, p90) = (days(50), days(90));
        let cases = Some(Value::Count(spread.histogram.count()));
        self.add(name("cases"), cases, spread.positions.clone(), Rests::Events);
        self.add(name("median"), median, spread.positions.clone(), Rests::Events);
        self.add(name("p90"), p90, spread.positions, Rests::Events);
    }

    /// Each of these rests on every cycle that could be rated, so that no position tells who gave how many stars.
    fn satisfaction(&mut self, fewest: u64) {
        let stars = [1, 2, 3, 4, 5].map(|stars| self.counts.of(&Key::Rated(stars)));
        let eligible = self.counts.of(&Key::Eligible);
        let mut all = eligible.positions;
        stars.iter().for_each(|tally| all.add_all(&tally.positions));
        let all = all.tidy();
        let counted = |count| Tally { count, positions: all.clone() };
        let rated: u64 = stars.iter().map(|tally| tally.count).sum();
        let sum = (1..).zip(&stars).map(|(stars, tally)| stars * tally.count).sum();
        self.count("satisfaction.eligible", counted(eligible.count), Rests::Events);
        let first = self.drafts.len();
        self.count("satisfaction.rated", counted(rated), Rests::End);
        self.share("satisfaction.response", rated, counted(eligible.count), Rests::End);
        let mean = (rated > 0).then_some(Value::Mean { sum, count: rated });
        self.add("satisfaction.mean", mean, all.clone(), Rests::End);
        self.share("satisfaction.satisfied", stars[3].count + stars[4].count, counted(rated), Rests::End);
        for (number, tally) in (1..).zip(&stars) {
            self.count(format!("satisfaction.stars.{number}"), counted(tally.count), Rests::End);
        }
        if rated < fewest {
            for draft in &mut self.drafts[first..] {
                draft.value = None;
                draft.is_withheld = true;
            }
        }
    }

    fn routing(&mut self) {
        let (disposed, returned) = ["dispositioned", "returned"].map(|what| self.counts.of(&Key::Flow(what))).into();
        let hops = self.counts.dispositions();
        let cycles = Tally { count: hops.histogram.count(), positions: hops.positions.clone() };
        let mean = (cycles.count > 0).then_some(Value::Mean { sum: hops.histogram.sum(), count: cycles.count });
        let (passed_on, most) = (hops.histogram.above(1), hops.histogram.quantile(100).unwrap_or(0));
        let mut both = disposed.clone();
        both.positions.add_all(&returned.positions);
        let given_back = returned.count;
        self.count("routing.dispositions", disposed, Rests::Events);
        self.count("routing.returned", returned, Rests::Events);
        self.share("routing.return_rate", given_back, both, Rests::Events);
        self.count("routing.cycles", cycles.clone(), Rests::Events);
        self.add("routing.mean_dispositions", mean, cycles.positions.clone(), Rests::Events);
        self.count("routing.most", Tally { count: most, ..cycles.clone() }, Rests::Events);
        self.share("routing.passed_on", passed_on, cycles, Rests::Events);
    }

    fn flow(&mut self) {
        for what in FLOW {
            self.count(format!("flow.{what}"), self.counts.of(&Key::Flow(what)), Rests::Events);
        }
        self.count("flow.escalated", self.counts.sum(ESCALATED.map(Key::Flow)), Rests::Events);
    }
}

const RESOLVED: [&str; 3] = ["resolved_confirmed", "resolved_silence", "resolved_administrative"];
const CLOSURES: [&str; 6] =
    ["resolved_confirmed", "resolved_silence", "resolved_administrative", "declined", "withdrawn", "duplicate"];
const ESCALATED: [&str; 4] = ["escalated_1", "escalated_2", "escalated_3", "escalated_4"];
const FLOW: [&str; 11] = [
    "verified",
    "reclassified",
    "dispositioned",
    "answered_for_now",
    "answered",
    "accepted",
    "contested",
    "escalated_1",
    "escalated_2",
    "escalated_3",
    "escalated_4",
];

impl Defined {
    /// What a number of that name says.
    pub fn of(name: &str) -> Option<&'static Defined> {
        DEFINED.iter().find(|defined| defined.fits(name))
    }

    /// Whether it defines that name.
    fn fits(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            Some((before, after)) => {
                let rest = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                rest.is_some_and(|rest| !rest.is_empty())
            }
            None => self.name == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Moment, WIB};

    #[test]
    fn every_number_is_defined_once_and_every_definition_has_a_number() {
        let now = Moment::parse("2024-12-31T00:00:00Z", WIB).unwrap();
        let question = Question { year: 2024, agency: None, now, fewest: 0 };
        let mut counts = Counts::default();
        let channel = crate::values::Channel::new("whatsapp").unwrap();
        counts.add(Key::ReceivedBy(channel), &Positions::default());
        let names: Vec<_> = all(&counts, &question).into_iter().map(|draft| draft.name).collect();
        for name in &names {
            assert!(Defined::of(name).is_some(), "{name} is not defined");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        for defined in &DEFINED {
            assert!(names.iter().any(|name| Defined::of(name) == Some(defined)), "nothing is {}", defined.name);
        }
        let words: Vec<_> = DEFINED.iter().flat_map(|defined| defined.words).collect();
        assert!(words.iter().all(|word| words.iter().filter(|other| other == &word).count() == 1));
    }
}
