//! The working calendar: which days an agency works, between which hours, and what that makes of a deadline.
//!
//! A [`Calendar`] is a versioned document. [`Calendar::working`] resolves it for one unit into a [`WorkingCalendar`],
//! which adds and counts working days and office minutes. Neither ever asks what day it is today.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::values::{Digest, DocumentRef, InvalidValue, WorkingDays, checked};

/// Days off, declared working days, Ramadan and office hours: one version of one published calendar.
///
/// A version never changes. When a joint decree (*SKB 3 Menteri*) is revised, a new version says so, and the clocks
/// that still run are recomputed by an event. Beyond the days it lists a calendar knows the weekly pattern only.
///
/// ```
/// use aduan::calendar::{Calendar, Unit, Week};
/// use aduan::values::WorkingDays;
/// use chrono::NaiveDate;
///
/// let calendar = Calendar::indonesia();
/// let agency = calendar.working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
///
/// // A complaint of the last Friday before Lebaran 2024: three working days last until the Thursday after next.
/// let received = NaiveDate::from_ymd_opt(2024, 4, 5).ok_or("no such day")?;
/// assert_eq!(agency.add(received, WorkingDays(3)).to_string(), "2024-04-18");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    reference: DocumentRef,
    effective_from: NaiveDate,
    source: Arc<str>,
    zone: Tz,
    default_week: Week,
    days: Arc<[Day]>,
    five_days: Arc<Office>,
    six_days: Arc<Office>,
    document: Arc<str>,
}

impl Calendar {
    /// Reads a calendar from TOML; `data/calendars/id-national.toml` is the model.
    ///
    /// ```
    /// use aduan::calendar::{Calendar, CalendarError};
    ///
    /// let calendar = Calendar::parse(r#"
    ///     name = "kediri"
    ///     version = 3
    ///     effective_from = 2024-07-01
    ///     source = "SK Walikota"
    ///     zone = "Asia/Jakarta"
    ///     default_week = "five-days"
    ///     hours.five-days.normal = { any = "07:30-12:00, 13:00-16:00", friday = "07:30-11:30, 13:00-16:30" }
    ///     hours.five-days.ramadan = { any = "08:00-12:00, 12:30-15:00" }
    ///     hours.six-days.normal = { any = "07:30-14:00" }
    ///     hours.six-days.ramadan = { any = "08:00-13:00" }
    ///     days = [
    ///       { date = 2024-07-27, kind = "regional", region = "35.71", name = "Hari Jadi Kota Kediri" },
    ///       { date = 2024-08-16, kind = "joint-leave", name = "Cuti Bersama", status = "tentative" },
    ///       { date = 2024-08-24, kind = "substitute", name = "Pengganti 16 Agustus" },
    ///     ]
    /// "#)?;
    /// assert_eq!(calendar.reference().version, 3);
    /// assert_eq!(calendar.days().len(), 3);
    /// # Ok::<(), CalendarError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no TOML of this form, has a field it should not have, or says something that cannot be: see
    /// [`CalendarError`].
    pub fn parse(text: &str) -> Result<Calendar, CalendarError> {
        let document: Document = toml::from_str(text)?;
        if document.version == 0 {
            return Err(CalendarError::VersionZero);
        }
        let name = checked("calendar name", &document.name, 100)?;
        if name.contains('@') {
            // A reference is written `name@version:hash`.
            return Err(InvalidValue::new("calendar name", "must not contain @").into());
        }
        let zone = document.zone.parse().map_err(|_| CalendarError::UnknownZone(document.zone.clone()))?;
        let ramadan: Arc<[Period]> = periods(&document.ramadan)?.into();
        Ok(Calendar {
            reference: DocumentRef { name: name.into(), version: document.version, hash: Digest::of(text.as_bytes()) },
            effective_from: date(document.effective_from)?,
            source: checked("calendar source", &document.source, 1_000)?.into(),
            zone,
            default_week: document.default_week,
            days: days(document.days)?.into(),
            five_days: Arc::new(Office::new(&document.hours.five_days, &ramadan)?),
            six_days: Arc::new(Office::new(&document.hours.six_days, &ramadan)?),
            document: text.into(),
        })
    }

    /// National days off and *cuti bersama* of Indonesia, 2018 to 2027, with the office hours of Perpres 21/2023.
    pub fn indonesia() -> Calendar {
        Calendar::parse(INDONESIA).expect("a test parses the calendar that is shipped")
    }

    /// Name, version and hash: what an event records to say which calendar bound it.
    pub fn reference(&self) -> &DocumentRef {
        &self.reference
    }

    /// The first day this version applies to.
    pub fn effective_from(&self) -> NaiveDate {
        self.effective_from
    }

    /// Where the days come from, and under which licence.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The zone of a unit that names none.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The week of a unit that names none.
    pub fn default_week(&self) -> Week {
        self.default_week
    }

    /// Every listed day, by date.
    pub fn days(&self) -> &[Day] {
        &self.days
    }

    /// The TOML text it was read from, byte for byte.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The calendar as it holds for one unit. Worth keeping: resolving reads every listed day.
    ///
    /// A working day is the weekly pattern, less national days off, joint leave if the unit takes it and the regional
    /// days of its region, plus the substitute days declared for it: a substitute day wins over any day off.
    pub fn working(&self, unit: &Unit<'_>) -> WorkingCalendar {
        let mut declared = BTreeMap::new();
        for day in self.days.iter().filter(|day| day.concerns(unit)) {
            *declared.entry(day.date).or_insert(false) |= day.kind == DayKind::Substitute;
        }
        let mut shift = 0;
        let exceptions = declared
            .into_iter()
            .filter(|(date, works)| *works != unit.week.works_on(date.weekday()))
            .map(|(date, works)| {
                let day = i64::from(date.num_days_from_ce());
                shift += if works { 1 } else { -1 };
                Exception { day, shift, rank: unit.week.rank(day) + shift }
            })
            .collect();
        let office = match unit.week {
            Week::FiveDays => &self.five_days,
            Week::SixDays => &self.six_days,
        };
        WorkingCalendar { week: unit.week, exceptions, office: Arc::clone(office) }
    }
}

/// What decides, beside the calendar, whether a unit works on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit<'a> {
    /// The code of its region. `35.71` keeps the days of `35.71` and of the province `35`.
    pub region: Option<&'a str>,
    /// The days of the week it works.
    pub week: Week,
    /// Whether *cuti bersama* is a day off for it, as it is by default; a hospital may say no.
    pub joint_leave_is_off: bool,
}

/// The days of the week a unit works: five by Perpres 21/2023, article 3; article 7 lets units that serve the public
/// directly, as hospitals do, work otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Week {
    /// Monday to Friday.
    FiveDays,
    /// Monday to Saturday.
    SixDays,
}

impl Week {
    /// Working days in a week without holidays.
    fn length(self) -> i64 {
        match self {
            Week::FiveDays => 5,
            Week::SixDays => 6,
        }
    }

    fn works_on(self, weekday: Weekday) -> bool {
        i64::from(weekday.num_days_from_monday()) < self.length()
    }

    /// How many days of the pattern there are up to and including `day`, counted from 1 January of the year 1, which
    /// is day 1 and a Monday.
    fn rank(self, day: i64) -> i64 {
        day.div_euclid(7) * self.length() + day.rem_euclid(7).min(self.length())
    }

    /// The day with this rank: the inverse of [`Week::rank`] on the days of the pattern.
    fn day(self, rank: i64) -> i64 {
        (rank - 1).div_euclid(self.length()) * 7 + (rank - 1).rem_euclid(self.length()) + 1
    }
}

/// A day that differs from the weekly pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The local date.
    pub date: NaiveDate,
    /// What people call it.
    pub name: Arc<str>,
    /// For whom it is off, or that it is not.
    pub kind: DayKind,
    /// The region it holds in, subregions included; none is the whole nation.
    pub region: Option<Arc<str>>,
    /// Whether it is certain.
    pub status: DayStatus,
}

impl Day {
    /// Whether it makes a difference to the unit: the days of its region, and joint leave only where it is taken.
    pub fn concerns(&self, unit: &Unit<'_>) -> bool {
        let here = match (&self.region, unit.region) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(region), Some(place)) => {
                place.strip_prefix(&**region).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
        };
        here && (self.kind != DayKind::JointLeave || unit.joint_leave_is_off)
    }
}

/// What makes a day differ from the weekly pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayKind {
    /// A national day off.
    National,
    /// *Cuti bersama*: leave the government takes together. Each unit's policy says whether it is off.
    JointLeave,
    /// A day off in one region.
    Regional,
    /// A working day declared on what would be a day off, in one region or everywhere.
    Substitute,
}

/// Whether a day is certain. It does not change the counting: a deadline must be told today, and an announced holiday
/// is off far more often than not. If it moves, a new version of the calendar does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayStatus {
    /// Decreed.
    #[default]
    Fixed,
    /// Announced or computed, not confirmed: the feasts of the moon, until it is sighted.
    Tentative,
}

/// A [`Calendar`] as it holds for one unit: an arithmetic of working days.
///
/// Days are counted without walking through them: a search among the unit's holidays, and whole weeks between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    week: Week,
    exceptions: Vec<Exception>,
    office: Arc<Office>,
}

impl WorkingCalendar {
    /// Whether the unit works on this local date.
    pub fn is_working(&self, date: NaiveDate) -> bool {
        let day = i64::from(date.num_days_from_ce());
        let excepted = self.exceptions.binary_search_by_key(&day, |exception| exception.day).is_ok();
        self.week.works_on(date.weekday()) != excepted
    }

    /// The `n`-th working day after `date`: the last day of a term of `n` working days.
    ///
    /// `date` is day 0 whether or not it is worked; the first day that counts is the first working day strictly after
    /// it. So run the terms of PermenPANRB 62/2018, which are given in working days. No days give `date` itself. A term
    /// that leads past 2199 ends on 2199-12-31, or on `date` if that is later still.
    pub fn add(&self, date: NaiveDate, WorkingDays(n): WorkingDays) -> NaiveDate {
        if n == 0 {
            return date;
        }
        let rank = self.rank(i64::from(date.num_days_from_ce())) + i64::from(n);
        // The day looked for lies after every exception of a lower rank, and not after the first of the others.
        let next = self.exceptions.partition_point(|exception| exception.rank < rank);
        let by_pattern = self.week.day(rank - self.shift(next));
        let day = self.exceptions.get(next).map_or(by_pattern, |exception| by_pattern.min(exception.day));
        let end = LAST_DAY.max(date);
        i32::try_from(day).ok().and_then(NaiveDate::from_num_days_from_ce_opt).map_or(end, |day| day.min(end))
    }

    /// How many working days lie after `from`, up to and including `to`; none if `to` is not after `from`.
    ///
    /// ```
    /// use aduan::calendar::{Calendar, Unit, Week};
    /// use chrono::NaiveDate;
    ///
    /// let agency =
    ///     Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
    /// let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).ok_or("no such day");
    ///
    /// // From Friday to the Friday after, across Christmas, its joint leave and New Year.
    /// assert_eq!(agency.count(day(2024, 12, 20)?, day(2025, 1, 3)?), 7);
    /// assert_eq!(agency.count(day(2025, 1, 3)?, day(2024, 12, 20)?), 0);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn count(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let rank = |date: NaiveDate| self.rank(i64::from(date.num_days_from_ce()));
        u32::try_from(rank(to) - rank(from)).unwrap_or(0)
    }

    /// The instant at which the office has been open for `minutes` since `start`.
    ///
    /// Hours are local to `zone`, and shorter in Ramadan; breaks, nights and days off do not count (Perpres 21/2023,
    /// article 4). A start outside office hours counts from the next opening; what ends with the day ends at closing
    /// time, not at the next opening. No minutes give `start` itself. Walks from working day to working day, and past
    /// 2199 ends with that year; a start before 1900 or after 2199 is given back.
    ///
    /// ```
    /// use aduan::calendar::{Calendar, Unit, Week};
    /// use chrono::{DateTime, Utc};
    /// use chrono_tz::Asia::Jakarta;
    ///
    /// let agency =
    ///     Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true });
    ///
    /// // Three hours from Tuesday 15:30: half an hour until closing, the rest from 07:30 on Wednesday.
    /// let start: DateTime<Utc> = "2024-07-16T15:30:00+07:00".parse()?;
    /// let end: DateTime<Utc> = "2024-07-17T10:00:00+07:00".parse()?;
    /// assert_eq!(agency.add_office_minutes(start, Jakarta, 180), end);
    /// # Ok::<(), chrono::ParseError>(())
    /// ```
    pub fn add_office_minutes(&self, start: DateTime<Utc>, zone: Tz, minutes: u32) -> DateTime<Utc> {
        if minutes == 0 || !YEARS.contains(&start.year()) {
            return start;
        }
        let local = start.with_timezone(&zone).naive_local();
        let (mut date, mut since) = (local.date(), local.time());
        let mut left = TimeDelta::minutes(minutes.into());
        loop {
            for span in self.open_spans(date) {
                let opens = span.opens.max(since);
                let open_for = span.closes.signed_duration_since(opens).max(TimeDelta::zero());
                if left <= open_for {
                    return instant(date.and_time(opens + left), zone).max(start);
                }
                left -= open_for;
            }
            let next = self.add(date, WorkingDays(1));
            if next <= date {
                return instant(LAST_DAY.and_time(NaiveTime::MIN) + TimeDelta::days(1), zone).max(start);
            }
            (date, since) = (next, NaiveTime::MIN);
        }
    }

    /// How many whole minutes the office is open between two instants: what a pause adds to a clock of office minutes.
    pub fn office_minutes(&self, from: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> u32 {
        let [from, until] = [from, until].map(|instant| instant.with_timezone(&zone).naive_local());
        let (mut date, mut open) = (from.date(), TimeDelta::zero());
        while date <= until.date() {
            for span in self.open_spans(date) {
                let (opens, closes) = (date.and_time(span.opens).max(from), date.and_time(span.closes).min(until));
                open += closes.signed_duration_since(opens).max(TimeDelta::zero());
            }
            let next = self.add(date, WorkingDays(1));
            if next <= date {
                break;
            }
            date = next;
        }
        u32::try_from(open.num_minutes()).unwrap_or(u32::MAX)
    }

    fn open_spans(&self, date: NaiveDate) -> &[Span] {
        if self.is_working(date) { self.office.spans(date) } else { &[] }
    }

    /// How many working days there are up to and including `day`; only differences of ranks mean anything.
    fn rank(&self, day: i64) -> i64 {
        let next = self.exceptions.partition_point(|exception| exception.day <= day);
        self.week.rank(day) + self.shift(next)
    }

    /// What the exceptions before number `next` add to the pattern together.
    fn shift(&self, next: usize) -> i64 {
        next.checked_sub(1).map_or(0, |last| self.exceptions[last].shift)
    }
}

/// Why a document is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// It is no TOML, lacks a field, or has one that calendars do not have.
    #[error("not a calendar: {0}")]
    Form(#[from] toml::de::Error),
    /// A name or a code is empty, too long, or not one line.
    #[error(transparent)]
    Text(#[from] InvalidValue),
    /// Versions count from 1.
    #[error("version 0: versions count from 1")]
    VersionZero,
    /// The zone is not in the IANA database.
    #[error("`{0}` is no IANA time zone")]
    UnknownZone(String),
    /// No date of the years 1900 to 2199.
    #[error("{0} is no date of the years 1900 to 2199")]
    Date(toml::value::Date),
    /// Two entries say what one day is in one place.
    #[error("{date} is listed twice for {}", region.as_deref().unwrap_or("the nation"))]
    DuplicateDay {
        /// The day.
        date: NaiveDate,
        /// The place; none is the nation.
        region: Option<Arc<str>>,
    },
    /// A regional day without a region, or a national one with it.
    #[error("{date}: a regional day names its region, a substitute day may, no other does")]
    Region {
        /// The day.
        date: NaiveDate,
    },
    /// Office hours that are no spans of a day, in order.
    #[error("`{0}` are no office hours: write them in order, as `07:30-12:00, 13:00-16:00`")]
    Hours(String),
    /// A Ramadan that ends before it begins, or begins before the last one ended.
    #[error("the Ramadan of {from} ends before it begins, or overlaps the one before")]
    Ramadan {
        /// Its first day.
        from: NaiveDate,
    },
}

/// A day the unit's week does not foretell: worked against the pattern, or off against it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    /// Days since the year 1.
    day: i64,
    /// Working days gained (lost, if negative) against the pattern by this and all exceptions before.
    shift: i64,
    /// Working days up to and including this one.
    rank: i64,
}

/// When the offices of one kind of week are open.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Office {
    normal: [Arc<[Span]>; 7],
    in_ramadan: [Arc<[Span]>; 7],
    ramadan: Arc<[Period]>,
}

impl Office {
    fn new(hours: &Hours, ramadan: &Arc<[Period]>) -> Result<Office, CalendarError> {
        let (normal, in_ramadan) = (hours.normal.spans()?, hours.ramadan.spans()?);
        Ok(Office { normal, in_ramadan, ramadan: Arc::clone(ramadan) })
    }

    fn spans(&self, date: NaiveDate) -> &[Span] {
        let begun = self.ramadan.partition_point(|period| period.from <= date);
        let fasting = begun.checked_sub(1).is_some_and(|last| date <= self.ramadan[last].to);
        let week = if fasting { &self.in_ramadan } else { &self.normal };
        &week[date.weekday().num_days_from_monday() as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    opens: NaiveTime,
    closes: NaiveTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: NaiveDate,
    to: NaiveDate,
}

/// The form of the TOML text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    version: u32,
    effective_from: toml::value::Date,
    source: String,
    zone: String,
    default_week: Week,
    hours: HoursByWeek,
    #[serde(default)]
    ramadan: Vec<PeriodEntry>,
    #[serde(default)]
    days: Vec<DayEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HoursByWeek {
    five_days: Hours,
    six_days: Hours,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    normal: HoursByDay,
    ramadan: HoursByDay,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursByDay {
    /// Every day without a line of its own, so that a substitute day on a Sunday has hours as well.
    any: String,
    monday: Option<String>,
    tuesday: Option<String>,
    wednesday: Option<String>,
    thursday: Option<String>,
    friday: Option<String>,
    saturday: Option<String>,
    sunday: Option<String>,
}

impl HoursByDay {
    fn spans(&self) -> Result<[Arc<[Span]>; 7], CalendarError> {
        let of = |day: &Option<String>| spans(day.as_ref().unwrap_or(&self.any)).map(Arc::from);
        Ok([
            of(&self.monday)?,
            of(&self.tuesday)?,
            of(&self.wednesday)?,
            of(&self.thursday)?,
            of(&self.friday)?,
            of(&self.saturday)?,
            of(&self.sunday)?,
        ])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodEntry {
    from: toml::value::Date,
    to: toml::value::Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayEntry {
    date: toml::value::Date,
    name: String,
    kind: DayKind,
    region: Option<String>,
    #[serde(default)]
    status: DayStatus,
}

fn date(date: toml::value::Date) -> Result<NaiveDate, CalendarError> {
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        .filter(|date| YEARS.contains(&date.year()))
        .ok_or(CalendarError::Date(date))
}

fn days(entries: Vec<DayEntry>) -> Result<Vec<Day>, CalendarError> {
    let mut seen = BTreeSet::new();
    let mut days = Vec::with_capacity(entries.len());
    for entry in entries {
        let date = date(entry.date)?;
        let name = checked("name of a day", &entry.name, 200)?.into();
        let region = entry.region.map(|region| checked("region", &region, 100).map(Arc::from)).transpose()?;
        match (entry.kind, &region) {
            (DayKind::National | DayKind::JointLeave, None)
            | (DayKind::Regional, Some(_))
            | (DayKind::Substitute, _) => {}
            _ => return Err(CalendarError::Region { date }),
        }
        if !seen.insert((date, region.clone())) {
            return Err(CalendarError::DuplicateDay { date, region });
        }
        days.push(Day { date, name, kind: entry.kind, region, status: entry.status });
    }
    days.sort_by(|a, b| (a.date, &a.region).cmp(&(b.date, &b.region)));
    Ok(days)
}

fn periods(entries: &[PeriodEntry]) -> Result<Vec<Period>, CalendarError> {
    let mut periods: Vec<Period> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (from, to) = (date(entry.from)?, date(entry.to)?);
        if to < from || periods.last().is_some_and(|before| from <= before.to) {
            return Err(CalendarError::Ramadan { from });
        }
        periods.push(Period { from, to });
    }
    Ok(periods)
}

fn spans(text: &str) -> Result<Vec<Span>, CalendarError> {
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let span = |text: &str| {
        let (opens, closes) = text.split_once('-')?;
        Some(Span { opens: time(opens)?, closes: time(closes)? })
    };
    text.split(',')
        .map(span)
        .collect::<Option<Vec<Span>>>()
        .filter(|spans| spans.iter().all(|span| span.opens < span.closes))
        .filter(|spans| spans.is_sorted_by(|earlier, later| earlier.closes <= later.opens))
        .ok_or_else(|| CalendarError::Hours(text.to_owned()))
}

/// The instant of a local time; of the two when clocks are put back, the first.
fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    // A time that the clocks skip (no zone of Indonesia skips any today) is read by an offset of that day.
    let skipped = || (local - zone.offset_from_utc_datetime(&local).fix()).and_utc();
    zone.from_local_datetime(&local).earliest().map_or_else(skipped, |local| local.to_utc())
}

const INDONESIA: &str = include_str!("../data/calendars/id-national.toml");

/// The years a calendar speaks of; what lies outside is a typing error.
const YEARS: Range<i32> = 1900..2200;

const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2199, 12, 31).expect("December has 31 days");

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::{Jakarta, Jayapura};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    const CITY: Unit<'_> = Unit { region: Some("35.71"), week: Week::FiveDays, joint_leave_is_off: true };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn document(entries: &str) -> String {
        format!(
            r#"
            name = "test"
            version = 1
            effective_from = 2024-01-01
            source = "made up"
            zone = "Asia/Jakarta"
            default_week = "five-days"
            hours.five-days.normal = {{ any = "07:30-12:00, 13:00-16:00", friday = "07:30-11:30, 13:00-16:30" }}
            hours.five-days.ramadan = {{ any = "08:00-12:00, 12:30-15:00", friday = "08:00-11:30, 12:30-15:30" }}
            hours.six-days.normal = {{ any = "07:30-14:00" }}
            hours.six-days.ramadan = {{ any = "08:00-13:00" }}
            {entries}"#
        )
    }

    fn with_days(days: &[String]) -> Calendar {
        let days: Vec<_> = days.iter().map(|day| format!("{{ name = \"x\", date = {day} }}")).collect();
        Calendar::parse(&document(&format!("days = [{}]", days.join(",\n")))).unwrap()
    }

    /// Checks `add` and, where `due` is a working day, `count` as well.
    #[track_caller]
    fn term(unit: Unit<'_>, calendar: &Calendar, from: &str, n: u32, due: &str) {
        let working = calendar.working(&unit);
        assert_eq!(working.add(day(from), WorkingDays(n)), day(due));
        assert_eq!(working.count(day(from), day(due)), n);
    }

    #[test]
    fn lebaran_leave_is_not_counted() {
        let calendar = Calendar::indonesia();
        term(CITY, &calendar, "2024-04-05", 3, "2024-04-18");
        term(CITY, &calendar, "2024-04-05", 1, "2024-04-16");
    }

    #[test]
    fn joint_leave_counts_where_the_policy_says_so() {
        let open = Unit { joint_leave_is_off: false, ..CITY };
        term(open, &Calendar::indonesia(), "2024-04-05", 3, "2024-04-12");
    }

    #[test]
    fn a_term_crosses_the_turn_of_the_year() {
        // Surga's formula gave 109 days here instead of 6.
        let calendar = Calendar::indonesia();
        term(CITY, &calendar, "2024-12-24", 6, "2025-01-06");
        assert_eq!(calendar.working(&CITY).count(day("2025-01-06"), day("2024-12-24")), 0);
    }

    #[test]
    fn a_holiday_on_the_due_day_moves_it() {
        let holiday = with_days(&["2024-07-17, kind = 'national'".into()]);
        term(CITY, &with_days(&[]), "2024-07-15", 2, "2024-07-17");
        term(CITY, &holiday, "2024-07-15", 2, "2024-07-18");
    }

    #[test]
    fn a_term_may_end_on_the_one_working_day_between_two_holidays() {
        let calendar = with_days(&["2024-07-16, kind = 'national'".into(), "2024-07-18, kind = 'national'".into()]);
        term(CITY, &calendar, "2024-07-15", 1, "2024-07-17");
        term(CITY, &calendar, "2024-07-15", 2, "2024-07-19");
    }

    #[test]
    fn a_hospital_works_on_saturdays() {
        let hospital = Unit { week: Week::SixDays, ..CITY };
        term(hospital, &with_days(&[]), "2024-07-12", 1, "2024-07-13");
        term(hospital, &with_days(&[]), "2024-07-12", 2, "2024-07-15");
        term(hospital, &with_days(&["2024-07-13, kind = 'national'".into()]), "2024-07-12", 1, "2024-07-15");
    }

    #[test]
    fn a_substitute_day_is_worked_even_on_a_holiday() {
        let saturday = with_days(&["2024-07-13, kind = 'substitute'".into()]);
        term(CITY, &saturday, "2024-07-12", 1, "2024-07-13");
        term(CITY, &saturday, "2024-07-12", 2, "2024-07-15");
        let holiday = "2024-07-16, kind = 'national'".into();
        let here = "2024-07-16, kind = 'substitute', region = '35.71'".into();
        term(CITY, &with_days(&[holiday, here]), "2024-07-15", 1, "2024-07-16");
        let everywhere = "2024-07-16, kind = 'substitute'".into();
        let feast = "2024-07-16, kind = 'regional', region = '35'".into();
        term(CITY, &with_days(&[everywhere, feast]), "2024-07-15", 1, "2024-07-16");
    }

    #[test]
    fn no_days_end_the_same_day_even_on_a_sunday() {
        term(CITY, &Calendar::indonesia(), "2024-07-14", 0, "2024-07-14");
        term(CITY, &Calendar::indonesia(), "2024-07-14", 1, "2024-07-15");
    }

    #[test]
    fn a_regional_day_is_off_in_its_region_and_below() {
        let of = |region: &str| with_days(&[format!("2024-07-16, kind = 'regional', region = '{region}'")]);
        term(CITY, &of("35.71"), "2024-07-15", 1, "2024-07-17");
        term(CITY, &of("35"), "2024-07-15", 1, "2024-07-17");
        term(CITY, &of("35.7"), "2024-07-15", 1, "2024-07-16");
        term(CITY, &of("35.71.01"), "2024-07-15", 1, "2024-07-16");
        term(Unit { region: None, ..CITY }, &of("35"), "2024-07-15", 1, "2024-07-16");
    }

    #[test]
    fn an_endless_term_ends_with_2199() {
        let working = Calendar::indonesia().working(&CITY);
        for n in [70_000, u32::MAX] {
            assert_eq!(working.add(day("2024-07-15"), WorkingDays(n)), LAST_DAY);
            assert!(working.add(NaiveDate::MIN, WorkingDays(n)) <= LAST_DAY);
            assert_eq!(working.add(NaiveDate::MAX, WorkingDays(n)), NaiveDate::MAX);
        }
        assert!(working.count(NaiveDate::MIN, NaiveDate::MAX) > 130_000_000);
    }

    /// Adds `minutes` of office hours at the local times of Jakarta.
    #[track_caller]
    fn hours(start: &str, minutes: u32, end: &str) {
        let at = |text: &str| instant(text.parse().unwrap(), Jakarta);
        let end_found = Calendar::indonesia().working(&CITY).add_office_minutes(at(start), Jakarta, minutes);
        assert_eq!(end_found, at(end), "{}", end_found.with_timezone(&Jakarta));
    }

    #[test]
    fn three_hours_from_half_past_three_end_the_next_morning() {
        hours("2024-07-16T15:30:00", 180, "2024-07-17T10:00:00");
    }

    #[test]
    fn after_hours_the_clock_starts_at_the_next_opening() {
        hours("2024-07-16T16:01:00", 30, "2024-07-17T08:00:00");
        hours("2024-07-13T09:00:00", 30, "2024-07-15T08:00:00");
        hours("2024-07-16T03:00:00", 30, "2024-07-16T08:00:00");
    }

    #[test]
    fn on_friday_the_office_closes_at_half_past_four() {
        hours("2024-07-19T16:01:00", 29, "2024-07-19T16:30:00");
        hours("2024-07-19T16:01:00", 30, "2024-07-22T07:31:00");
    }

    #[test]
    fn the_friday_prayer_is_a_break() {
        hours("2024-07-19T11:00:00", 60, "2024-07-19T13:30:00");
        hours("2024-07-19T12:15:00", 1, "2024-07-19T13:01:00");
    }

    #[test]
    fn in_ramadan_the_office_opens_later_and_closes_earlier() {
        hours("2024-03-14T14:30:00", 60, "2024-03-15T08:30:00");
        hours("2024-03-15T15:00:00", 60, "2024-03-18T08:30:00");
        hours("2024-03-14T12:15:00", 1, "2024-03-14T12:31:00");
        // Across Lebaran to the usual hours; and from the last day of the fast, where that is worked.
        hours("2024-04-05T15:00:00", 60, "2024-04-16T08:00:00");
        let open = Calendar::indonesia().working(&Unit { joint_leave_is_off: false, ..CITY });
        let at = |text: &str| instant(text.parse().unwrap(), Jakarta);
        assert_eq!(open.add_office_minutes(at("2024-04-09T14:30:00"), Jakarta, 60), at("2024-04-12T08:00:00"));
    }

    #[test]
    fn office_hours_are_those_of_the_zone() {
        let working = Calendar::indonesia().working(&CITY);
        let start = instant("2024-07-16T13:30:00".parse().unwrap(), Jakarta);
        let end = instant("2024-07-16T16:00:00".parse().unwrap(), Jayapura);
        assert_eq!(working.add_office_minutes(start, Jayapura, 30), end);
    }

    #[test]
    fn no_office_minutes_overflow() {
        let working = Calendar::indonesia().working(&CITY);
        let start = instant("2024-07-16T13:30:00".parse().unwrap(), Jakarta);
        assert_eq!(working.add_office_minutes(start, Jakarta, 0), start);
        assert_eq!(working.add_office_minutes(start, Jakarta, u32::MAX).to_rfc3339(), "2199-12-31T17:00:00+00:00");
        for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(working.add_office_minutes(start, Jakarta, 1), start);
        }
    }

    #[test]
    fn the_shipped_calendar_knows_its_days() {
        let calendar = Calendar::indonesia();
        let found = |date: &str| calendar.days().iter().find(|listed| listed.date == day(date)).unwrap();
        assert_eq!(&*found("2021-05-13").name, "Hari Raya Idul Fitri / Kenaikan Yesus Kristus");
        assert_eq!(found("2024-02-14").kind, DayKind::National);
        assert_eq!(found("2025-08-18").kind, DayKind::JointLeave);
        assert_eq!(found("2026-08-17").status, DayStatus::Fixed);
        assert_eq!(
            (found("2027-03-10").status, &*found("2027-03-10").name),
            (DayStatus::Tentative, "Hari Raya Idul Fitri")
        );
        assert_eq!(calendar.reference().hash, Digest::of(calendar.document().as_bytes()));
        assert_eq!((calendar.zone(), calendar.default_week()), (Jakarta, Week::FiveDays));
    }

    #[test]
    fn beyond_the_listed_years_only_the_week_counts() {
        term(CITY, &Calendar::indonesia(), "2012-12-28", 1, "2012-12-31");
        term(CITY, &Calendar::indonesia(), "2038-01-18", 1, "2038-01-19");
    }

    #[test]
    fn refuses_what_cannot_be() {
        macro_rules! refuses {
            ($document:expr, $error:pat) => {
                let error = Calendar::parse(&$document).unwrap_err();
                assert!(matches!(error, $error), "{error:?}");
            };
        }
        let day = |day: &str| document(&format!("days = [{{ name = 'x', {day} }}]"));
        refuses!(day("date = 2024-07-16, kind = 'national', colour = 1"), CalendarError::Form(_));
        refuses!(day("date = 2024-02-30, kind = 'national'"), CalendarError::Form(_));
        refuses!(day("date = 1899-12-31, kind = 'national'"), CalendarError::Date(_));
        refuses!(day("date = 2200-01-01, kind = 'national'"), CalendarError::Date(_));
        refuses!(day("date = 2024-07-16, kind = 'regional'"), CalendarError::Region { .. });
        refuses!(day("date = 2024-07-16, kind = 'national', region = '35'"), CalendarError::Region { .. });
        let twice =
            day("date = 2024-07-16, kind = 'national' }, { name = 'y', date = 2024-07-16, kind = 'joint-leave'");
        refuses!(twice, CalendarError::DuplicateDay { .. });

        let good = document("");
        refuses!(document("colour = 1"), CalendarError::Form(_));
        refuses!(good.replace("version = 1", "version = 0"), CalendarError::VersionZero);
        refuses!(good.replace("Asia/Jakarta", "Asia/Kediri"), CalendarError::UnknownZone(_));
        refuses!(good.replace("effective_from = 2024", "effective_from = 1024"), CalendarError::Date(_));
        for name in ["", "te@st", &"x".repeat(101)] {
            refuses!(good.replace("\"test\"", &format!("{name:?}")), CalendarError::Text(_));
        }
        for hours in ["", "07:30", "16:00-07:30", "07:30-12:00, 11:00-16:00", "07:30-24:00"] {
            refuses!(good.replace("07:30-14:00", hours), CalendarError::Hours(_));
        }
        for ramadan in
            ["{ from = 2024-03-12, to = 2024-03-11 }", "{ from = 2024-03-12, to = 2024-04-09 }, ".repeat(2).as_str()]
        {
            refuses!(document(&format!("ramadan = [{ramadan}]")), CalendarError::Ramadan { .. });
        }
    }

    /// Listed days of early 2024, half of them close together, as (day of the year, kind).
    fn listed() -> impl Strategy<Value = BTreeMap<u32, &'static str>> {
        const KINDS: [&str; 4] =
            ["kind = 'national'", "kind = 'joint-leave'", "kind = 'substitute'", "kind = 'regional', region = '35'"];
        vec((prop_oneof![1..20_u32, 1..90_u32], select(&KINDS[..])), 0..30).prop_map(|days| days.into_iter().collect())
    }

    fn unit() -> impl Strategy<Value = Unit<'static>> {
        (select(vec![None, Some("35.71"), Some("33")]), select(vec![Week::FiveDays, Week::SixDays]), any::<bool>())
            .prop_map(|(region, week, joint_leave_is_off)| Unit { region, week, joint_leave_is_off })
    }

    fn of_2024(ordinal: u32) -> NaiveDate {
        NaiveDate::from_yo_opt(2024, ordinal).unwrap()
    }

    fn calendar(listed: &BTreeMap<u32, &str>) -> Calendar {
        with_days(&listed.iter().map(|(ordinal, kind)| format!("{}, {kind}", of_2024(*ordinal))).collect::<Vec<_>>())
    }

    /// The definition of a working day, word by word.
    fn works(listed: &BTreeMap<u32, &str>, unit: Unit<'_>, date: NaiveDate) -> bool {
        let entry = (date.year() == 2024).then(|| listed.get(&date.ordinal())).flatten();
        let by_pattern = match date.weekday() {
            Weekday::Sun => false,
            Weekday::Sat => unit.week == Week::SixDays,
            _ => true,
        };
        match entry {
            Some(kind) if kind.contains("substitute") => true,
            Some(kind) if kind.contains("national") => false,
            Some(kind) if kind.contains("joint-leave") => by_pattern && !unit.joint_leave_is_off,
            Some(_) => by_pattern && unit.region != Some("35.71"),
            None => by_pattern,
        }
    }

    proptest! {
        #[test]
        fn adding_and_counting_agree_with_walking_day_by_day(
            listed in listed(), unit in unit(), from in 1..100_u32, n in 0..60_u32,
        ) {
            let working = calendar(&listed).working(&unit);
            let from = of_2024(from);
            let (mut due, mut counted) = (from, 0);
            while counted < n {
                due = due.succ_opt().unwrap();
                prop_assert_eq!(working.is_working(due), works(&listed, unit, due));
                counted += u32::from(works(&listed, unit, due));
                prop_assert_eq!(working.count(from, due), counted);
            }
            prop_assert_eq!(working.add(from, WorkingDays(n)), due);
        }

        #[test]
        fn a_term_grows_with_its_length_and_its_start(
            listed in listed(), unit in unit(), from in 1..100_u32, n in 0..60_u32,
        ) {
            let working = calendar(&listed).working(&unit);
            let due = working.add(of_2024(from), WorkingDays(n));
            prop_assert!(due < working.add(of_2024(from), WorkingDays(n + 1)));
            prop_assert!(due <= working.add(of_2024(from + 1), WorkingDays(n)));
            prop_assert_eq!(working.count(of_2024(from), due), n);
        }

        #[test]
        fn fewer_holidays_never_make_a_term_longer(
            listed in listed(), unit in unit(), from in 1..100_u32, n in 0..60_u32, gone in any::<Index>(),
        ) {
            let (substitutes, mut off): (BTreeMap<_, _>, BTreeMap<_, _>) =
                listed.into_iter().partition(|(_, kind)| kind.contains("substitute"));
            let all: BTreeMap<_, _> = substitutes.iter().chain(&off).map(|(day, kind)| (*day, *kind)).collect();
            if !off.is_empty() {
                let day = *gone.get(&off.keys().copied().collect::<Vec<_>>());
                off.remove(&day);
            }
            let fewer: BTreeMap<_, _> = substitutes.into_iter().chain(off).collect();
            let due = |listed| calendar(listed).working(&unit).add(of_2024(from), WorkingDays(n));
            prop_assert!(due(&fewer) <= due(&all));
        }

        #[test]
        fn office_minutes_agree_with_walking_minute_by_minute(
            listed in listed(), start in 0..(60 * 24 * 60_i64), minutes in 0..2_000_u32,
        ) {
            let working = calendar(&listed).working(&CITY);
            let start = of_2024(1).and_time(NaiveTime::MIN) + TimeDelta::minutes(start);
            let open = |at: NaiveDateTime| {
                let breaks = if at.weekday() == Weekday::Fri { "11:30".."13:00" } else { "12:00".."13:00" };
                let hours = if at.weekday() == Weekday::Fri { "07:30".."16:30" } else { "07:30".."16:00" };
                let time = at.format("%H:%M").to_string();
                works(&listed, CITY, at.date()) && hours.contains(&&*time) && !breaks.contains(&&*time)
            };
            let (mut end, mut counted) = (start, 0);
            while counted < minutes {
                counted += u32::from(open(end));
                end += TimeDelta::minutes(1);
            }
            let found = working.add_office_minutes(instant(start, Jakarta), Jakarta, minutes);
            prop_assert_eq!(found, instant(end, Jakarta));
            prop_assert_eq!(working.office_minutes(instant(start, Jakarta), found, Jakarta), minutes);
        }
    }
}
