//! Days off behind the lanes, as they count for whoever answers for each clock.

use aduan::calendar::WorkingCalendar;
use chrono::{Datelike as _, Weekday};

use super::super::scale::Scale;
use super::rows::Rows;
use crate::history::timeline::Timeline;
use crate::page::drawing::Drawing;

/// Days off one after the other: from where to where, and whether they are a weekend and nothing else.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Off {
    left: f64,
    right: f64,
    is_weekend: bool,
}

/// Which days off were shaded.
pub(super) struct Shaded {
    pub(super) weekends_fit: bool,
    pub(super) weekends: bool,
    pub(super) holidays: bool,
}

/// Shades the days off.
pub(super) fn draw(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) -> Shaded {
    let weekends_fit = scale.day_width() >= NARROWEST;
    let mut bands: Vec<(f64, f64, Vec<Off>)> = Vec::new();
    let lanes = rows.lanes.iter().map(|(y, place)| (*y, timeline.lanes[*place].clock.agency.as_ref()));
    // Who held it and how far it was escalated stands above the lanes, and is the tenant's.
    for (y, agency) in std::iter::once((rows.top, None)).chain(lanes) {
        let days = timeline.days_of(agency);
        let off = days.map(|days| days_off(days, scale, weekends_fit)).unwrap_or_default();
        match bands.last_mut() {
            Some((_, _, known)) if *known == off => {}
            Some((_, bottom, _)) => {
                *bottom = y - 4.0;
                bands.push((y - 4.0, rows.bottom(), off));
            }
            None => bands.push((rows.top, rows.bottom(), off)),
        }
    }
    let mut shaded = Shaded { weekends_fit, weekends: false, holidays: false };
    for (top, bottom, off) in bands {
        for Off { left, right, is_weekend } in off {
            shaded.weekends |= is_weekend;
            shaded.holidays |= !is_weekend;
            let class = if is_weekend { "off" } else { "off holiday" };
            drawing.bar(class, left, top, right - left, bottom - top);
        }
    }
    shaded
}

fn days_off(days: &WorkingCalendar, scale: &Scale, weekends_fit: bool) -> Vec<Off> {
    let mut found: Vec<Off> = Vec::new();
    for (date, left, right) in scale.dates().filter(|(date, left, right)| right > left && !days.is_working(*date)) {
        let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let right = if is_weekend { right } else { right.max(left + 1.0) };
        match found.last_mut().filter(|last| last.is_weekend == is_weekend && left - last.right < 0.05) {
            Some(last) => last.right = right,
            None => found.push(Off { left, right, is_weekend }),
        }
    }
    found.retain(|off| weekends_fit || !off.is_weekend);
    found
}

/// How wide a day is at least where weekends are drawn, in pixels.
const NARROWEST: f64 = 2.0;
