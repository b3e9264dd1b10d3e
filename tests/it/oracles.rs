//! Answers that nobody here wrote. They do not ship with the project: without them these tests skip, and say so.

use std::path::{Path, PathBuf};

use aduan::calendar::{Calendar, Unit, Week};
use aduan::clock::{Clock, ClockKind, Limit};
use aduan::values::{Moment, Zone};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// A file of the shared data, if it is there.
fn shared(path: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(path);
    if !file.exists() {
        println!("skipped: {path} is not here");
    }
    file.exists().then_some(file)
}

#[test]
fn every_holiday_of_the_shared_list_is_a_day_off() {
    let Some(file) = shared("indonesia/holidays_id_2024_2026.csv") else { return };
    let calendar = Calendar::indonesia();
    let off = |joint_leave_is_off| calendar.working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off });
    let (all_off, national_off) = (off(true), off(false));
    let mut count = 0;
    for row in csv::Reader::from_path(file).unwrap().records() {
        let row = row.unwrap();
        let date: NaiveDate = row[0].parse().unwrap();
        assert!(!all_off.is_working(date), "{date} {}", &row[2]);
        if &row[1] == "public" {
            assert!(!national_off.is_working(date), "{date} {}", &row[2]);
        }
        count += 1;
    }
    assert_eq!(count, 82);
}

#[test]
fn another_citys_hand_written_deadlines_fall_on_the_same_dates() {
    let Some(file) = shared("oracles/signals_deadline_vectors_10.csv") else { return };
    // Amsterdam knows weekends only.
    let text = Calendar::indonesia().document().to_owned();
    let bare: String =
        text.lines().filter(|line| !line.trim_start().starts_with("{ date")).collect::<Vec<_>>().join("\n");
    let calendar = Calendar::parse(&bare).unwrap();
    let days = calendar.working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
    let zone: Zone = "Europe/Amsterdam".parse().unwrap();
    let mut count = 0;
    for row in csv::Reader::from_path(file).unwrap().records() {
        let row = row.unwrap();
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let created = local(&row[0]).and_local_timezone(zone.0).unwrap();
        let anchor = Moment::new(created.to_utc(), zone).unwrap();
        let n: u32 = row[1].parse::<u32>().unwrap() * row[3].parse::<u32>().unwrap();
        let limit = if &row[2] == "True" { Limit::CalendarDays(n) } else { Limit::WorkingDays(n) };
        let clock = Clock::start(ClockKind::Statutory, anchor, limit, None, &days);
        // Theirs is an instant, ours the end of a date: midnight is the end of the day before.
        let last_moment = local(&row[4]) - TimeDelta::seconds(1);
        assert_eq!(clock.due.to_string(), format!("end of {} (Europe/Amsterdam)", last_moment.date()), "{row:?}");
        count += 1;
    }
    assert_eq!(count, 10);
}
