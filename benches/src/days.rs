//! The calendar beside a loop that looks at every day.

use std::collections::HashSet;
use std::hint::black_box;

use aduan::calendar::{Calendar, Unit, Week, WorkingCalendar};
use aduan::values::WorkingDays;
use aduan_measure::rounds::{in_turn, timed};
use aduan_measure::table::{Row, Target};
use chrono::{Datelike as _, Days, NaiveDate};

const SECTION: &str = "calendar: working days of an agency, 2018 to 2027";

pub(crate) fn section(rounds: usize) -> Vec<Row> {
    let calendar =
        Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
    let walk = Walk::of(&calendar);
    let mut rows = Vec::new();
    for (terms, most) in [("1 to 14 days", 14), ("1 to 60 days", 60), ("1 to 1,000 days", 1_000)] {
        let asked = questions(most);
        for (from, days) in &asked {
            let to = calendar.add(*from, WorkingDays(*days));
            assert_eq!(to, walk.add(*from, *days), "both count alike");
            assert_eq!(calendar.count(*from, to), walk.count(*from, to), "both count alike");
        }
        let spans: Vec<_> = asked.iter().map(|(from, days)| (*from, walk.add(*from, *days))).collect();
        let mut add = || timed(|| for_all(&asked, |from, n| calendar.add(from, WorkingDays(n))));
        let mut add_walking = || timed(|| for_all(&asked, |from, n| walk.add(from, n)));
        let mut count = || timed(|| for_all(&spans, |from, to| calendar.count(from, to)));
        let mut count_walking = || timed(|| for_all(&spans, |from, to| walk.count(from, to)));
        let [add, add_walking, count, count_walking] =
            in_turn(rounds, [&mut add, &mut add_walking, &mut count, &mut count_walking]);
        let row = |what: String, pair| Row::times(SECTION, what, "ns", asked.len(), pair, Target::None);
        rows.push(row(format!("add {terms} : day by day"), (&add, &add_walking)));
        rows.push(row(format!("count {terms} : day by day"), (&count, &count_walking)));
    }
    rows
}

/// The bare way: one day after another, a look at the weekday and into a set of holidays.
struct Walk {
    off: HashSet<NaiveDate>,
}

impl Walk {
    fn of(calendar: &WorkingCalendar) -> Self {
        let days = first().iter_days().take(20 * 366);
        Walk { off: days.filter(|day| is_weekday(*day) && !calendar.is_working(*day)).collect() }
    }

    fn is_working(&self, day: NaiveDate) -> bool {
        is_weekday(day) && !self.off.contains(&day)
    }

    fn add(&self, from: NaiveDate, days: u32) -> NaiveDate {
        let worked = from.iter_days().skip(1).filter(|day| self.is_working(*day));
        worked.take(days as usize).last().unwrap_or(from)
    }

    fn count(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| self.is_working(*day)).count() as u32
    }
}

fn for_all<A: Copy, B: Copy, T>(asked: &[(A, B)], mut answer: impl FnMut(A, B) -> T) {
    for (a, b) in asked {
        black_box(answer(*a, *b));
    }
}

fn questions(most: u32) -> Vec<(NaiveDate, u32)> {
    let mut chance = fastrand::Rng::with_seed(u64::from(most));
    (0..QUESTIONS).map(|_| (first() + Days::new(chance.u64(0..3_650)), chance.u32(1..=most))).collect()
}

fn is_weekday(day: NaiveDate) -> bool {
    day.weekday().num_days_from_monday() < 5
}

fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2018, 1, 1).expect("a day that was")
}

const QUESTIONS: usize = 1_000;
