//! Times as sources write them.

use aduan::values::{Moment, Zone};
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

/// Reads times of one source.
pub(crate) struct Times {
    formats: Vec<String>,
    zone: Zone,
}

/// Which end of a day is meant where a source names only the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OfDay {
    /// Its first instant.
    Start,
    /// Its last.
    End,
}

impl Times {
    /// Formats of strftime, tried in this order after RFC 3339.
    ///
    /// # Errors
    /// When one is no format.
    pub(crate) fn new(formats: Vec<String>, zone: Zone) -> Result<Self, String> {
        match formats.iter().position(|format| StrftimeItems::new(format).any(|item| item == Item::Error)) {
            Some(wrong) => Err(format!("`time` number {} is no format of strftime", wrong + 1)),
            None => Ok(Times { formats, zone }),
        }
    }

    /// Reads a time.
    ///
    /// # Errors
    /// When no format fits, or it lies outside the years 1900 to 2199.
    pub(crate) fn read(&self, text: &str, of_day: OfDay) -> Result<Moment, String> {
        if DateTime::parse_from_rfc3339(text).is_ok() {
            return Moment::parse(text, self.zone).map_err(|error| error.why);
        }
        let read = self.formats.iter().find_map(|format| self.read_as(text, format, of_day));
        read.unwrap_or_else(|| Err("is no time in any of the map's formats".into()))
    }

    fn read_as(&self, text: &str, format: &str, of_day: OfDay) -> Option<Result<Moment, String>> {
        if let Ok(at) = DateTime::parse_from_str(text, format) {
            return Some(Moment::new(at.to_utc(), self.zone).map_err(|error| error.why));
        }
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return Some(self.lived(local));
        }
        let date = NaiveDate::parse_from_str(text, format).ok()?;
        Some(match of_day {
            OfDay::Start => self.lived(date.and_time(NaiveTime::MIN)),
            OfDay::End => Moment::new(self.zone.end_of(date), self.zone).map_err(|error| error.why),
        })
    }

    /// A local time that was lived twice is the earlier; one that was skipped is the first that came after.
    fn lived(&self, local: NaiveDateTime) -> Result<Moment, String> {
        if !(1900..2200).contains(&local.year()) {
            return Err("lies outside the years 1900 to 2199".into());
        }
        let after = |minutes| whole_minute(local) + TimeDelta::minutes(minutes);
        let mut candidates = std::iter::once(local).chain((1..=MINUTES_OF_A_DAY).map(after));
        let at = candidates.find_map(|local| local.and_local_timezone(self.zone.0).earliest());
        let at = at.ok_or("is a local time that never was")?;
        Moment::new(at.to_utc(), self.zone).map_err(|error| error.why)
    }
}

fn whole_minute(local: NaiveDateTime) -> NaiveDateTime {
    local.date().and_hms_opt(local.hour(), local.minute(), 0).unwrap_or(local)
}

const MINUTES_OF_A_DAY: i64 = 24 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, of_day: OfDay) -> Result<String, String> {
        let formats = ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d-%m-%Y", "%Y-%m-%d %H:%M:%S %z"];
        let times = Times::new(formats.map(String::from).into(), "America/New_York".parse().unwrap()).unwrap();
        times.read(text, of_day).map(|moment| moment.to_string())
    }

    #[test]
    fn reads_local_times_in_the_first_format_that_fits() {
        assert_eq!(read("2011-07-01 01:32:33", OfDay::Start).unwrap(), "2011-07-01T01:32:33-04:00");
        assert_eq!(read("04/18/2019 09:55:45 PM", OfDay::Start).unwrap(), "2019-04-18T21:55:45-04:00");
        assert_eq!(read("2011-07-01 01:32:33 +0700", OfDay::Start).unwrap(), "2011-06-30T14:32:33-04:00");
        assert_eq!(read("2014-05-09T19:02:21-05:00", OfDay::Start).unwrap(), "2014-05-09T20:02:21-04:00");
        assert!(read("yesterday", OfDay::Start).is_err());
        assert!(read("9999-01-01 00:00:00", OfDay::Start).is_err());
    }

    #[test]
    fn a_day_alone_is_its_start_or_its_end() {
        assert_eq!(read("01-07-2011", OfDay::Start).unwrap(), "2011-07-01T00:00:00-04:00");
        assert_eq!(read("01-07-2011", OfDay::End).unwrap(), "2011-07-01T23:59:59.999999-04:00");
    }

    #[test]
    fn a_local_time_that_was_skipped_is_the_first_after_and_one_lived_twice_the_earlier() {
        assert_eq!(read("2011-03-13 02:30:15", OfDay::Start).unwrap(), "2011-03-13T03:00:00-04:00");
        assert_eq!(read("2011-11-06 01:30:00", OfDay::Start).unwrap(), "2011-11-06T01:30:00-04:00");
    }
}
