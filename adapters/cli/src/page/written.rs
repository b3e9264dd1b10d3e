//! How numbers and times are written.

use aduan::clock::Limit;
use aduan::statistics::{Hundredths, Share};
use aduan::values::Moment;

/// A share without its counts, for where they stand beside it.
pub(crate) fn percent(share: Share) -> String {
    format!("{} %", Hundredths(share.basis_points()))
}

/// The counts of a share.
pub(crate) fn counts(share: Share) -> String {
    format!("{} of {}", share.count, share.of)
}

/// The interval of Wilson's score around a share, for 95 %.
pub(crate) fn interval(share: Share) -> String {
    let (low, high) = share.wilson();
    format!("{} to {} %", Hundredths(low), Hundredths(high))
}

/// Working days.
pub(crate) fn working_days(days: u64) -> String {
    format!("{days} working day{}", if days == 1 { "" } else { "s" })
}

/// A limit.
pub(crate) fn limit(limit: Limit) -> String {
    match limit {
        Limit::WorkingDays(days) => working_days(days.into()),
        Limit::CalendarDays(days) => format!("{days} days"),
        Limit::Minutes(minutes) => format!("{minutes} minutes"),
        Limit::OfficeMinutes(minutes) => format!("{minutes} office minutes"),
        Limit::Promise(_) => "as promised".to_owned(),
    }
}

/// A moment, to the minute.
pub(crate) fn moment(moment: Moment) -> String {
    moment.at.with_timezone(&moment.zone.0).format("%Y-%m-%d %H:%M %Z").to_string()
}

/// What may be missing.
pub(crate) fn if_any<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}
