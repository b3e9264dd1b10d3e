//! The clocks of a complaint: how they start, pause, stop, and what the verdict is.
//!
//! A clock is a fact: its due time is computed once, when a decision starts or moves it, and stands
//! in the event. Folding and reading need no policy and no calendar.

mod change;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

pub use self::change::{ClockChange, What};
use crate::calendar::WorkingCalendar;
use crate::values::{AgencyCode, Moment, WorkingDays, Zone, micros};

/// What a clock measures (rule-book, section 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ClockKind {
    /// Received until Verified or Closed.
    Verification,
    /// Each disposition until that holder's first response.
    FirstResponse,
    /// The file is complete until the final response; a re-disposition never restarts it.
    Statutory,
    /// An emergency until its first response.
    Emergency,
    /// How long the holder may say *bukan wewenang*.
    ReturnWindow,
    /// How long the complainant may contest a final response.
    ReplyWindow,
    /// How long the complainant has to answer a question.
    Information,
    /// How long a closed cycle may be rated.
    RatingWindow,
    /// How long the complainant may reopen.
    ReopenWindow,
    /// How long the complainant may take a closed complaint to the Ombudsman.
    AppealWindow,
}

impl ClockKind {
    /// Every kind, in the order above.
    pub const ALL: [ClockKind; 10] = [
        ClockKind::Verification,
        ClockKind::FirstResponse,
        ClockKind::Statutory,
        ClockKind::Emergency,
        ClockKind::ReturnWindow,
        ClockKind::ReplyWindow,
        ClockKind::Information,
        ClockKind::RatingWindow,
        ClockKind::ReopenWindow,
        ClockKind::AppealWindow,
    ];

    /// The name as tables and JSON keys show it.
    pub fn name(self) -> &'static str {
        match self {
            ClockKind::Verification => "verification",
            ClockKind::FirstResponse => "first_response",
            ClockKind::Statutory => "statutory",
            ClockKind::Emergency => "emergency",
            ClockKind::ReturnWindow => "return_window",
            ClockKind::ReplyWindow => "reply_window",
            ClockKind::Information => "information",
            ClockKind::RatingWindow => "rating_window",
            ClockKind::ReopenWindow => "reopen_window",
            ClockKind::AppealWindow => "appeal_window",
        }
    }

    /// A window bounds what somebody *may* do: letting it pass breaches nothing.
    pub fn is_window(self) -> bool {
        !matches!(
            self,
            ClockKind::Verification | ClockKind::FirstResponse | ClockKind::Statutory | ClockKind::Emergency
        )
    }

    /// Whether somebody owes what it measures, so that letting it pass is a miss: a window is owed by nobody, but a
    /// question that was asked is answered or missed.
    pub fn is_owed(self) -> bool {
        !self.is_window() || self == ClockKind::Information
    }

    /// Whether missing it starts the escalation ladder at its first rung; a statutory miss starts higher.
    pub fn is_operational(self) -> bool {
        matches!(self, ClockKind::Verification | ClockKind::FirstResponse | ClockKind::Emergency)
    }

    /// Whether an open question to the complainant stops it from running.
    pub fn is_paused_by_question(self) -> bool {
        matches!(self, ClockKind::Verification | ClockKind::FirstResponse | ClockKind::Statutory)
    }
}

/// How long a clock runs, in the one unit it is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Limit {
    /// To the end of the n-th working day after day 0.
    WorkingDays(u32),
    /// To the end of the n-th day after day 0, days off included.
    CalendarDays(u32),
    /// Round the clock.
    Minutes(u32),
    /// Only while the office is open.
    OfficeMinutes(u32),
    /// An instant that somebody else promised, as a source of imports does.
    Promise(
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        DateTime<Utc>,
    ),
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut of = |n: u32, unit: &str| write!(f, "{n} {unit}{}", if n == 1 { "" } else { "s" });
        match self {
            Limit::WorkingDays(n) => of(*n, "working day"),
            Limit::CalendarDays(n) => of(*n, "calendar day"),
            Limit::Minutes(n) => of(*n, "minute"),
            Limit::OfficeMinutes(n) => of(*n, "office minute"),
            Limit::Promise(instant) => {
                write!(f, "promised for {}", instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
            }
        }
    }
}

/// When something is due. Each kind is compared in its own terms: a date with the local date, an instant with an instant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Due {
    /// At an instant: hour clocks and promises.
    At(
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        DateTime<Utc>,
    ),
    /// At the end of a local date.
    EndOf {
        /// The last local date that is still in time.
        #[serde(serialize_with = "written")]
        #[schemars(with = "String")]
        date: NaiveDate,
        /// The zone the date is meant in.
        zone: Zone,
    },
}

impl Due {
    /// Whether `now` is too late.
    ///
    /// ```
    /// use aduan::{clock::Due, values::{Moment, WIB}};
    /// let due = Due::EndOf { date: "2024-04-16".parse()?, zone: WIB };
    /// assert!(!due.is_past(Moment::parse("2024-04-16T23:59:59+07:00", WIB)?.at));
    /// assert!(due.is_past(Moment::parse("2024-04-17T00:00:00+07:00", WIB)?.at));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_past(&self, now: DateTime<Utc>) -> bool {
        match self {
            Due::At(instant) => now > *instant,
            Due::EndOf { date, zone } => zone.date(now) > *date,
        }
    }

    /// The last instant that is still in time: for sorting, and for saying when a breach truly happened.
    pub fn instant(&self) -> DateTime<Utc> {
        match self {
            Due::At(instant) => *instant,
            Due::EndOf { date, zone } => zone.end_of(*date),
        }
    }
}

impl std::fmt::Display for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Due::At(instant) => write!(f, "{}", instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            Due::EndOf { date, zone } => write!(f, "end of {date} ({zone})"),
        }
    }
}

/// As chrono writes it, without its way through a formatter: every record of a clock has one.
fn written<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if !(0..=9_999).contains(&year) {
        return date.serialize(serializer);
    }
    let digit = |number: u32, unit: u32| b'0' + (number / unit % 10) as u8;
    let year = year as u32;
    let text = [
        digit(year, 1_000),
        digit(year, 100),
        digit(year, 10),
        digit(year, 1),
        b'-',
        digit(month, 10),
        digit(month, 1),
        b'-',
        digit(day, 10),
        digit(day, 1),
    ];
    serializer.serialize_str(str::from_utf8(&text).expect("digits"))
}

/// What a clock was doing when it was last touched.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ClockState {
    /// Counting.
    Running,
    /// Waiting for the complainant since then.
    Paused(
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        DateTime<Utc>,
    ),
    /// Stopped in time.
    Met(
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        DateTime<Utc>,
    ),
    /// Stopped late.
    Missed(
        #[serde(with = "micros")]
        #[schemars(with = "i64")]
        DateTime<Utc>,
    ),
    /// No longer meant: outside every denominator.
    Cancelled,
}

impl ClockState {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            ClockState::Running => "running",
            ClockState::Paused(_) => "paused",
            ClockState::Met(_) => "met",
            ClockState::Missed(_) => "missed",
            ClockState::Cancelled => "cancelled",
        }
    }
}

/// A verdict at a given time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// Counting and in time.
    Running,
    /// Past due and not stopped.
    Overdue,
    /// Waiting for the complainant.
    Paused,
    /// Stopped in time.
    Met,
    /// Stopped late.
    Missed,
    /// Outside every denominator.
    Cancelled,
}

impl Verdict {
    /// Every verdict, in the order above.
    pub const ALL: [Verdict; 6] =
        [Verdict::Running, Verdict::Overdue, Verdict::Paused, Verdict::Met, Verdict::Missed, Verdict::Cancelled];

    /// The name as tables and figures show it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Running => "running",
            Verdict::Overdue => "overdue",
            Verdict::Paused => "paused",
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::Cancelled => "cancelled",
        }
    }
}

/// How far a moment lies from a due time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Margin {
    /// Whether the moment lies behind it.
    pub is_late: bool,
    /// How far; nothing on the last day itself, and on days off that follow it.
    pub span: Span,
}

/// A length of time, in the unit a clock is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Working days, the last one included.
    WorkingDays(u32),
    /// Days, days off included.
    CalendarDays(u32),
    /// Round the clock.
    Minutes(u32),
    /// Only while the office is open.
    OfficeMinutes(u32),
}

/// One clock, whole: what an event carries when it starts, pauses, moves or stops it, and what the state keeps.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// The agency that answers for it: the holder then, not now. None before a disposition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyCode>,
    /// When it started; the local date there is day 0.
    pub anchor: Moment,
    /// When it is due, with extensions and finished pauses.
    pub due: Due,
    /// What was granted beyond the limit, in the limit's unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extended: u32,
    /// What it measures.
    pub kind: ClockKind,
    /// How long it runs.
    pub limit: Limit,
    /// Working days at whose end a question was open, and which therefore did not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paused: u32,
    /// What it is doing.
    pub state: ClockState,
}

impl Clock {
    /// Starts a clock at `anchor`.
    pub fn start(
        kind: ClockKind,
        anchor: Moment,
        limit: Limit,
        agency: Option<AgencyCode>,
        days: &WorkingCalendar,
    ) -> Self {
        let mut clock = Clock {
            agency,
            anchor,
            due: Due::At(anchor.at),
            extended: 0,
            kind,
            limit,
            paused: 0,
            state: ClockState::Running,
        };
        clock.due = clock.due_under(days);
        clock
    }

    /// Due = anchor + limit + extension + pauses, all in the limit's one unit.
    pub fn due_under(&self, days: &WorkingCalendar) -> Due {
        let zone = self.anchor.zone;
        let end_of = |date| Due::EndOf { date, zone };
        let more = self.extended.saturating_add(self.paused);
        match self.limit {
            Limit::WorkingDays(n) => end_of(days.add(self.anchor.date(), WorkingDays(n.saturating_add(more)))),
            Limit::CalendarDays(n) => end_of(days_after(self.anchor.date(), n.saturating_add(more))),
            Limit::Minutes(n) => {
                Due::At(micros::clamped(self.anchor.at + TimeDelta::minutes(n.saturating_add(more).into())))
            }
            Limit::OfficeMinutes(n) => {
                Due::At(micros::clamped(days.add_office_minutes(self.anchor.at, zone.0, n.saturating_add(more))))
            }
            Limit::Promise(instant) => Due::At(instant),
        }
    }

    /// Whether it has neither stopped nor been cancelled.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ClockState::Running | ClockState::Paused(_))
    }

    /// Whether it counts and is past due.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.state == ClockState::Running && self.due.is_past(now)
    }

    /// The verdict at `now`.
    pub fn verdict(&self, now: DateTime<Utc>) -> Verdict {
        match self.state {
            ClockState::Running if self.due.is_past(now) => Verdict::Overdue,
            ClockState::Running => Verdict::Running,
            ClockState::Paused(_) => Verdict::Paused,
            ClockState::Met(_) => Verdict::Met,
            ClockState::Missed(_) => Verdict::Missed,
            ClockState::Cancelled => Verdict::Cancelled,
        }
    }

    /// How much time was left at `at`, or by how much it was late, in the limit's unit; promises in minutes.
    pub fn margin(&self, at: DateTime<Utc>, days: &WorkingCalendar) -> Margin {
        let (zone, due) = (self.anchor.zone, self.due.instant());
        let is_late = self.due.is_past(at);
        let (from, to) = if is_late { (due, at) } else { (at, due) };
        let span = match self.limit {
            Limit::WorkingDays(_) => Span::WorkingDays(days.count(zone.date(from), zone.date(to))),
            Limit::CalendarDays(_) => {
                let days = (zone.date(to) - zone.date(from)).num_days();
                Span::CalendarDays(u32::try_from(days).unwrap_or(0))
            }
            Limit::OfficeMinutes(_) => Span::OfficeMinutes(days.office_minutes(from, to, zone.0)),
            Limit::Minutes(_) | Limit::Promise(_) => {
                Span::Minutes(u32::try_from((to - from).num_minutes()).unwrap_or(u32::MAX))
            }
        };
        Margin { is_late, span }
    }

    /// Pauses it, unless it is already past due: a question asked too late mends nothing.
    pub fn pause(&self, since: DateTime<Utc>) -> Option<Self> {
        (self.state == ClockState::Running && !self.due.is_past(since))
            .then(|| Clock { state: ClockState::Paused(since), ..self.clone() })
    }

    /// Lets it run again; the working days at whose end it was paused are added to the due time.
    pub fn resume(&self, until: DateTime<Utc>, days: &WorkingCalendar) -> Option<Self> {
        let ClockState::Paused(since) = self.state else { return None };
        let mut clock = Clock { state: ClockState::Running, ..self.clone() };
        clock.paused = clock.paused.saturating_add(self.time_paused(since, until, days));
        clock.due = clock.due_under(days);
        Some(clock)
    }

    /// Stops it: met if `at` is not past due, missed otherwise. A pause that is still open counts up to `at`.
    pub fn stop(&self, at: DateTime<Utc>, days: &WorkingCalendar) -> Option<Self> {
        let mut clock = match self.state {
            ClockState::Running => self.clone(),
            ClockState::Paused(_) => self.resume(at, days)?,
            _ => return None,
        };
        clock.state = if clock.due.is_past(at) { ClockState::Missed(at) } else { ClockState::Met(at) };
        Some(clock)
    }

    /// Takes it out of every count.
    pub fn cancel(&self) -> Option<Self> {
        self.is_open().then(|| Clock { state: ClockState::Cancelled, ..self.clone() })
    }

    /// Grants more time.
    pub fn extend(&self, more: u32, days: &WorkingCalendar) -> Self {
        let mut clock = Clock { extended: self.extended.saturating_add(more), ..self.clone() };
        clock.due = clock.due_under(days);
        clock
    }

    /// The same clock with another limit, still counted from its old anchor.
    pub fn with_limit(&self, limit: Limit, days: &WorkingCalendar) -> Self {
        let mut clock = Clock { limit, ..self.clone() };
        clock.due = clock.due_under(days);
        clock
    }

    /// What a pause adds, in the limit's unit. In clocks of days only what comes after day 0 counts.
    fn time_paused(&self, since: DateTime<Utc>, until: DateTime<Utc>, days: &WorkingCalendar) -> u32 {
        let zone = self.anchor.zone;
        let last_before = |date: NaiveDate| date.pred_opt().unwrap_or(date);
        let from = last_before(zone.date(since)).max(self.anchor.date());
        let to = last_before(zone.date(until));
        match self.limit {
            Limit::WorkingDays(_) => days.count(from, to),
            Limit::CalendarDays(_) => u32::try_from((to - from).num_days()).unwrap_or(0),
            Limit::Minutes(_) => u32::try_from((until - since.max(self.anchor.at)).num_minutes()).unwrap_or(0),
            Limit::OfficeMinutes(_) => days.office_minutes(since.max(self.anchor.at), until, zone.0),
            Limit::Promise(_) => 0,
        }
    }
}

fn days_after(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(chrono::Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Calendar, Unit, Week};
    use crate::values::WIB;

    fn days() -> WorkingCalendar {
        Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true })
    }
    fn at(text: &str) -> Moment {
        Moment::parse(text, WIB).unwrap()
    }
    fn clock(anchor: &str, n: u32) -> Clock {
        Clock::start(ClockKind::Statutory, at(anchor), Limit::WorkingDays(n), None, &days())
    }
    fn due(clock: &Clock) -> String {
        clock.due.to_string()
    }

    #[test]
    fn what_is_owed_is_missed_and_a_window_is_only_let_pass_but_for_a_question() {
        let owed: Vec<&str> = ClockKind::ALL.into_iter().filter(|kind| kind.is_owed()).map(ClockKind::name).collect();
        assert_eq!(owed, ["verification", "first_response", "statutory", "emergency", "information"]);
    }

    #[test]
    fn what_a_clock_was_doing_and_what_is_said_of_it_have_the_same_names() {
        let now = at("2024-03-05T08:00:00+07:00").at;
        let states = [ClockState::Paused(now), ClockState::Met(now), ClockState::Missed(now), ClockState::Cancelled];
        for state in states.into_iter().chain([ClockState::Running]) {
            let clock = Clock { state, ..clock("2024-03-04T08:00:00+07:00", 3) };
            assert_eq!(clock.verdict(now).name(), state.name());
        }
        let names: std::collections::BTreeSet<_> = Verdict::ALL.map(Verdict::name).into();
        assert_eq!(names.len(), Verdict::ALL.len());
    }

    #[test]
    fn a_complaint_on_the_eve_of_lebaran_leave_is_due_after_it() {
        assert_eq!(due(&clock("2024-04-05T16:01:00+07:00", 3)), "end of 2024-04-18 (Asia/Jakarta)");
    }

    #[test]
    fn a_pause_of_one_day_opened_and_closed_the_same_day_adds_nothing() {
        let paused = clock("2024-03-04T08:00:00+07:00", 5).pause(at("2024-03-05T09:00:00+07:00").at).unwrap();
        let resumed = paused.resume(at("2024-03-05T15:00:00+07:00").at, &days()).unwrap();
        assert_eq!((resumed.paused, due(&resumed)), (0, "end of 2024-03-13 (Asia/Jakarta)".into()));
    }

    #[test]
    fn a_pause_over_a_weekend_counts_working_days_only() {
        let paused = clock("2024-02-26T08:00:00+07:00", 5).pause(at("2024-03-01T09:00:00+07:00").at).unwrap();
        let resumed = paused.resume(at("2024-03-04T15:00:00+07:00").at, &days()).unwrap();
        assert_eq!((resumed.paused, due(&resumed)), (1, "end of 2024-03-05 (Asia/Jakarta)".into()));
    }

    #[test]
    fn a_pause_on_the_day_of_the_anchor_counts_only_what_came_after() {
        let paused = clock("2024-02-26T08:00:00+07:00", 5).pause(at("2024-02-26T09:00:00+07:00").at).unwrap();
        let resumed = paused.resume(at("2024-02-28T09:00:00+07:00").at, &days()).unwrap();
        assert_eq!(resumed.paused, 1);
    }

    #[test]
    fn a_pause_over_a_weekend_adds_no_office_minutes() {
        let clock = Clock::start(
            ClockKind::FirstResponse,
            at("2024-03-01T16:00:00+07:00"),
            Limit::OfficeMinutes(60),
            None,
            &days(),
        );
        assert_eq!(due(&clock), "2024-03-04T01:00:00Z", "30 minutes on Friday, 30 on Monday");
        let paused = clock.pause(at("2024-03-01T16:15:00+07:00").at).unwrap();
        let resumed = paused.resume(at("2024-03-04T07:40:00+07:00").at, &days()).unwrap();
        assert_eq!((resumed.paused, due(&resumed)), (25, "2024-03-04T01:25:00Z".into()));
    }

    #[test]
    fn a_margin_is_told_in_the_unit_of_the_limit() {
        let margin = |clock: &Clock, time: &str| {
            let Margin { is_late, span } = clock.margin(at(time).at, &days());
            (is_late, span)
        };
        let friday = clock("2024-02-26T08:00:00+07:00", 4);
        assert_eq!(margin(&friday, "2024-02-28T23:00:00+07:00"), (false, Span::WorkingDays(2)));
        assert_eq!(margin(&friday, "2024-03-01T23:59:59+07:00"), (false, Span::WorkingDays(0)));
        assert_eq!(margin(&friday, "2024-03-02T09:00:00+07:00"), (true, Span::WorkingDays(0)), "late on a day off");
        assert_eq!(margin(&friday, "2024-03-05T09:00:00+07:00"), (true, Span::WorkingDays(2)));
        let of = |limit| Clock { limit, ..friday.clone() }.with_limit(limit, &days());
        assert_eq!(margin(&of(Limit::CalendarDays(3)), "2024-02-27T09:00:00+07:00"), (false, Span::CalendarDays(2)));
        assert_eq!(margin(&of(Limit::Minutes(90)), "2024-02-26T10:00:00+07:00"), (true, Span::Minutes(30)));
        assert_eq!(
            margin(&of(Limit::OfficeMinutes(60)), "2024-02-26T08:40:00+07:00"),
            (false, Span::OfficeMinutes(20))
        );
        let promise = Limit::Promise(at("2024-02-28T08:00:00+07:00").at);
        assert_eq!(margin(&of(promise), "2024-02-28T07:00:00+07:00"), (false, Span::Minutes(60)));
    }

    #[test]
    fn a_question_after_the_due_date_does_not_unmiss() {
        let late = clock("2024-02-26T08:00:00+07:00", 1);
        assert_eq!(late.pause(at("2024-02-28T08:00:00+07:00").at), None);
        assert!(late.pause(at("2024-02-27T23:59:00+07:00").at).is_some());
    }

    #[test]
    fn stopping_on_a_saturday_can_meet_a_clock() {
        let clock = clock("2024-03-01T16:00:00+07:00", 1);
        let stopped = clock.stop(at("2024-03-02T10:00:00+07:00").at, &days()).unwrap();
        assert_eq!(stopped.verdict(at("2030-01-01T00:00:00Z").at), Verdict::Met);
        assert_eq!(stopped.stop(at("2024-03-02T11:00:00+07:00").at, &days()), None, "a finished clock never changes");
    }

    #[test]
    fn a_due_date_is_compared_as_a_local_date() {
        let clock = clock("2024-03-04T00:30:00+07:00", 1);
        assert_eq!(clock.verdict(at("2024-03-05T23:59:59+07:00").at), Verdict::Running);
        assert_eq!(clock.verdict(at("2024-03-06T00:00:00+07:00").at), Verdict::Overdue);
    }
}
