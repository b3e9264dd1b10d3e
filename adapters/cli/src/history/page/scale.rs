//! The scale of a picture: which time lies where. Long stretches in which nothing happens are folded.

use aduan::values::Zone;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};

/// A scale of time, from left to right.
pub(super) struct Scale {
    pieces: Vec<Piece>,
    zone: Zone,
}

/// A stretch of the scale.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Piece {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) left: f64,
    pub(super) right: f64,
    /// Nothing happens in it, and it is drawn shorter than it is.
    pub(super) is_folded: bool,
}

/// What stands on the axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) text: String,
}

impl Scale {
    /// A scale between two places that shows all these times, of which there is at least one.
    pub(super) fn over(times: &[DateTime<Utc>], left: f64, right: f64, zone: Zone) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        times.dedup();
        let stretches = stretches(&times);
        let folded = stretches.iter().filter(|stretch| stretch.2).count() as f64;
        let lasting: f64 =
            stretches.iter().filter(|stretch| !stretch.2).map(|(from, to, _)| seconds(*to - *from)).sum();
        let per_second = (right - left - folded * FOLD).max(1.0) / lasting.max(1.0);
        let mut place = left;
        let pieces = stretches.into_iter().map(|(from, to, is_folded)| {
            let width = if is_folded { FOLD } else { seconds(to - from) * per_second };
            let piece = Piece { from, to, left: place, right: place + width, is_folded };
            place += width;
            piece
        });
        Scale { pieces: pieces.collect(), zone }
    }

    /// Where a time lies; at the edge, what lies beyond it.
    pub(super) fn x(&self, at: DateTime<Utc>) -> f64 {
        let piece = self.pieces.iter().find(|piece| at <= piece.to).or(self.pieces.last());
        piece.map_or(0.0, |piece| piece.x(at))
    }

    /// Where the scale ends.
    pub(super) fn right(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.right)
    }

    /// Whether a time lies beyond the end.
    pub(super) fn ends_before(&self, at: DateTime<Utc>) -> bool {
        self.pieces.last().is_some_and(|piece| piece.to < at)
    }

    /// Stretches that are drawn shorter than they are.
    pub(super) fn folds(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| piece.is_folded)
    }

    /// How wide a day is where nothing is folded.
    pub(super) fn day_width(&self) -> f64 {
        let piece = self.pieces.iter().find(|piece| !piece.is_folded);
        piece.map_or(0.0, |piece| (piece.right - piece.left) / seconds(piece.to - piece.from).max(1.0) * DAY)
    }

    /// Every local date that is shown, with where it begins and ends.
    pub(super) fn dates(&self) -> impl Iterator<Item = (NaiveDate, f64, f64)> {
        self.pieces.iter().filter(|piece| !piece.is_folded).flat_map(|piece| {
            let (first, last) = (self.zone.date(piece.from), self.zone.date(piece.to));
            first.iter_days().take_while(move |date| *date <= last).map(|date| {
                let (from, to) = (self.start_of(date), self.start_of(next(date)));
                (date, piece.x(from), piece.x(to))
            })
        })
    }

    /// The fine ticks, and above them the coarse ones that say of which day, month or year they are.
    pub(super) fn ticks(&self, apart: f64) -> (Vec<Tick>, Vec<Tick>) {
        let step = Step::for_width(self.day_width(), apart);
        let (mut fine, mut coarse): (Vec<Tick>, Vec<Tick>) = (Vec::new(), Vec::new());
        for piece in self.pieces.iter().filter(|piece| !piece.is_folded) {
            fine.extend(self.starts(step, piece).into_iter().map(|at| {
                let local = at.with_timezone(&self.zone.0).naive_local();
                Tick { x: piece.x(at), text: step.text(local.date(), local.time()) }
            }));
            let edge = (piece.left, self.zone.date(piece.from));
            let dates = edge.1.iter_days().skip(1).take_while(|date| *date <= self.zone.date(piece.to));
            let begun =
                dates.filter(|date| step.is_first_of_coarse(*date)).map(|date| (piece.x(self.start_of(date)), date));
            for (x, date) in std::iter::once(edge).chain(begun) {
                let text = step.of(date);
                // What begins says more than what went on at the edge.
                let is_crowded = |last: &Tick| x - last.x < 10.0 + 6.6 * last.text.len() as f64;
                if coarse.last().is_some_and(is_crowded) {
                    coarse.pop();
                }
                coarse.push(Tick { x, text });
            }
        }
        (fine, coarse)
    }

    /// Where the steps of a piece begin.
    fn starts(&self, step: Step, piece: &Piece) -> Vec<DateTime<Utc>> {
        let (first, last) = (self.zone.date(piece.from), self.zone.date(piece.to));
        let dates = first.iter_days().take_while(|date| *date <= last).filter(|date| step.begins_on(*date));
        let hours = dates.flat_map(|date| {
            let start = self.start_of(date);
            step.hours().map(move |hour| start + TimeDelta::hours(hour))
        });
        hours.filter(|at| piece.from <= *at && *at <= piece.to).collect()
    }

    fn start_of(&self, date: NaiveDate) -> DateTime<Utc> {
        let local = date.and_time(NaiveTime::MIN);
        self.zone.0.from_local_datetime(&local).earliest().map_or(local.and_utc(), |start| start.to_utc())
    }
}

impl Piece {
    fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = seconds(at - self.from) / seconds(self.to - self.from).max(1.0);
        self.left + (self.right - self.left) * share.clamp(0.0, 1.0)
    }
}

/// The distance of fine ticks.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    Hours(u32),
    Days(u32),
    Weeks(u32),
    Months(u32),
    Years(u32),
}

impl Step {
    /// The finest whose ticks are at least so far apart, for days so wide.
    fn for_width(day: f64, apart: f64) -> Self {
        let all = [
            (Step::Hours(1), 1.0 / 24.0),
            (Step::Hours(3), 0.125),
            (Step::Hours(6), 0.25),
            (Step::Hours(12), 0.5),
            (Step::Days(1), 1.0),
            (Step::Weeks(1), 7.0),
            (Step::Weeks(2), 14.0),
            (Step::Months(1), 30.0),
            (Step::Months(3), 90.0),
            (Step::Years(1), 365.0),
            (Step::Years(5), 1_826.0),
        ];
        let found = all.into_iter().find(|(_, days)| days * day >= apart);
        found.map_or(Step::Years(10), |(step, _)| step)
    }

    fn begins_on(self, date: NaiveDate) -> bool {
        match self {
            Step::Hours(_) | Step::Days(_) => true,
            Step::Weeks(n) => date.num_days_from_ce().rem_euclid(7 * n as i32) == 1,
            Step::Months(n) => date.day() == 1 && date.month0().is_multiple_of(n),
            Step::Years(n) => date.ordinal() == 1 && date.year().rem_euclid(n as i32) == 0,
        }
    }

    fn hours(self) -> impl Iterator<Item = i64> + Clone {
        let every = if let Step::Hours(every) = self { every as usize } else { 24 };
        (0..24).step_by(every)
    }

    fn text(self, date: NaiveDate, time: NaiveTime) -> String {
        match self {
            Step::Hours(_) => format!("{:02}:{:02}", time.hour(), time.minute()),
            Step::Days(_) => date.format("%a %-d").to_string(),
            Step::Weeks(_) => date.format("%a %-d").to_string(),
            Step::Months(_) => date.format("%b").to_string(),
            Step::Years(_) => date.format("%Y").to_string(),
        }
    }

    fn is_first_of_coarse(self, date: NaiveDate) -> bool {
        match self {
            Step::Hours(_) => true,
            Step::Days(_) | Step::Weeks(_) => date.day() == 1,
            Step::Months(_) => date.ordinal() == 1,
            Step::Years(_) => false,
        }
    }

    /// What the coarse tick above says.
    fn of(self, date: NaiveDate) -> String {
        match self {
            Step::Hours(_) => date.format("%a %-d %b %Y").to_string(),
            Step::Days(_) | Step::Weeks(_) => date.format("%B %Y").to_string(),
            Step::Months(_) => date.format("%Y").to_string(),
            Step::Years(_) => String::new(),
        }
    }
}

/// From where to where, and whether it is folded.
fn stretches(times: &[DateTime<Utc>]) -> Vec<(DateTime<Utc>, DateTime<Utc>, bool)> {
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else { return Vec::new() };
    let mut gaps: Vec<(DateTime<Utc>, DateTime<Utc>)> = times.windows(2).map(|pair| (pair[0], pair[1])).collect();
    gaps.sort_by_key(|(begin, end)| std::cmp::Reverse(*end - *begin));
    let mut left = seconds(last - first);
    // The longest first: beside it another may seem short, and be most of what is left.
    gaps.retain(|(begin, end)| {
        let gap = seconds(*end - *begin);
        let is_long = gap > FOLD_FROM_DAYS * DAY && gap > left * FOLD_FROM_SHARE;
        left -= if is_long { gap } else { 0.0 };
        is_long
    });
    gaps.sort_unstable();
    // So much of what is left stays on both sides, so that one sees where things end.
    let margin = TimeDelta::seconds((left * 0.04) as i64).clamp(TimeDelta::days(2), TimeDelta::days(20));
    let around = TimeDelta::seconds((left / 40.0) as i64).max(TimeDelta::hours(1));
    let (mut stretches, mut place) = (Vec::new(), first - around);
    for (begin, end) in gaps {
        let (begin, end) = (begin + margin, end - margin);
        stretches.extend([(place, begin, false), (begin, end, true)]);
        place = end;
    }
    stretches.push((place, last + around, false));
    stretches
}

fn next(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(date)
}

fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds() as f64 / 1_000.0
}

const DAY: f64 = 86_400.0;

/// How wide a folded stretch is drawn.
const FOLD: f64 = 34.0;

/// What is folded: nothing happens for that long, and for so much of the whole. Longer than the longest limit of the
/// law, 60 working days: a limit is drawn as long as it is beside what is late.
const FOLD_FROM_DAYS: f64 = 120.0;
const FOLD_FROM_SHARE: f64 = 0.25;

#[cfg(test)]
mod tests {
    use super::*;
    use aduan::values::WIB;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }
    fn told(ticks: &[Tick]) -> String {
        ticks.iter().map(|tick| tick.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn two_days_are_told_in_hours() {
        let scale = Scale::over(&[at("2024-03-04T01:00:00Z"), at("2024-03-06T01:00:00Z")], 0.0, 640.0, WIB);
        let (fine, coarse) = scale.ticks(60.0);
        assert_eq!(told(&fine), "12:00 18:00 00:00 06:00 12:00 18:00 00:00 06:00");
        assert!(told(&coarse).contains("Tue 5 Mar 2024"), "{}", told(&coarse));
    }

    #[test]
    fn a_month_is_told_in_weeks_and_a_year_in_months() {
        let month = Scale::over(&[at("2024-03-04T01:00:00Z"), at("2024-04-06T01:00:00Z")], 0.0, 640.0, WIB);
        assert_eq!(told(&month.ticks(60.0).0), "Mon 4 Mon 11 Mon 18 Mon 25 Mon 1");
        assert_eq!(told(&month.ticks(60.0).1), "March 2024 April 2024");
        let times: Vec<_> = (1..=12).map(|month| at(&format!("2024-{month:02}-02T01:00:00Z"))).collect();
        let year = Scale::over(&times, 0.0, 900.0, WIB);
        assert_eq!(told(&year.ticks(60.0).0), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec");
    }

    #[test]
    fn a_long_silence_is_folded_and_order_is_kept() {
        let times = [at("2022-03-04T01:00:00Z"), at("2022-03-14T01:00:00Z"), at("2024-03-04T01:00:00Z")];
        let scale = Scale::over(&times, 0.0, 640.0, WIB);
        assert_eq!(scale.folds().count(), 1);
        let places: Vec<f64> = times.iter().map(|time| scale.x(*time)).collect();
        assert!(places.is_sorted() && places[1] - places[0] > 150.0, "{places:?}");
        assert!(places[2] <= 640.0 && scale.x(at("2030-01-01T00:00:00Z")) <= 640.0);
    }

    #[test]
    fn one_moment_has_a_scale_as_well() {
        let scale = Scale::over(&[at("2022-03-04T01:00:00Z")], 10.0, 100.0, WIB);
        assert_eq!(scale.x(at("2022-03-04T01:00:00Z")), 55.0);
    }
}
