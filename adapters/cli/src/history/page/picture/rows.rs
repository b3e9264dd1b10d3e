//! The rows of the picture: where each lies, and what is drawn in it.

use chrono::{DateTime, Utc};

use super::super::scale::Scale;
use super::{is_under_way, marks, name};
use crate::history::lane::{Lane, Standing};
use crate::history::timeline::Timeline;
use crate::history::words;
use crate::page::drawing::{Drawing, Room};
use crate::page::names::shortened;

/// Where every row lies, from the top.
pub(super) struct Rows {
    /// Where the scale begins.
    pub(super) left: f64,
    /// What is kept free on the right.
    pub(super) right: f64,
    /// The middle of the marks of events.
    pub(super) events: f64,
    /// The top of what hangs below the events.
    pub(super) top: f64,
    pub(super) holders: Option<f64>,
    pub(super) levels: Option<f64>,
    /// Headings, and lanes by their number.
    pub(super) headings: Vec<(f64, String)>,
    pub(super) lanes: Vec<(f64, usize)>,
    pub(super) height: f64,
    room: Room,
}

impl Rows {
    /// Lays the rows out: limits of offices before the windows of others, cycle by cycle.
    pub(super) fn of(timeline: &Timeline, room: Room) -> Self {
        let (left, right) = if room == Room::Wide { (176.0, 8.0) } else { (4.0, 4.0) };
        let mut rows = Rows {
            left,
            right,
            events: 46.0,
            top: 60.0,
            holders: None,
            levels: None,
            headings: Vec::new(),
            lanes: Vec::new(),
            height: 0.0,
            room,
        };
        let mut y = rows.top + 6.0;
        if !timeline.holdings.is_empty() {
            rows.holders = Some(y + rows.name_height());
            y += 28.0 + rows.name_height();
        }
        if !timeline.levels.is_empty() {
            rows.levels = Some(y + rows.name_height());
            y += 28.0 + rows.name_height();
        }
        for cycle in 1..=timeline.complaint.cycle {
            for (is_owed, heading) in [(true, "Limits that are owed"), (false, "Time that may be used")] {
                let lanes = timeline.lanes.iter().enumerate();
                let of_group: Vec<usize> = lanes
                    .filter(|(_, lane)| lane.cycle == cycle && lane.is_owed() == is_owed)
                    .map(|(place, _)| place)
                    .collect();
                if of_group.is_empty() {
                    continue;
                }
                let cycle = if timeline.complaint.cycle > 1 { format!("Cycle {cycle}: ") } else { String::new() };
                rows.headings.push((y + 18.0, format!("{cycle}{heading}")));
                y += 26.0;
                for lane in of_group {
                    rows.lanes.push((y + rows.name_height(), lane));
                    y += LANE + rows.name_height();
                }
            }
        }
        rows.height = y + 6.0;
        rows
    }

    /// On a telephone a name stands above its row, not beside it.
    fn name_height(&self) -> f64 {
        if self.room == Room::Wide { 0.0 } else { 22.0 }
    }

    /// The bottom of what hangs below the events.
    pub(super) fn bottom(&self) -> f64 {
        self.height - 4.0
    }

    /// The right end of the scale.
    pub(super) fn right_edge(&self) -> f64 {
        self.room.width() - self.right
    }

    fn name(&self, drawing: &mut Drawing, y: f64, name: &str, whose: &str) {
        match self.room {
            Room::Wide => {
                drawing.text("lane", 0.0, y + 10.0, shortened(name, 26));
                drawing.text("whose", 0.0, y + 25.0, shortened(whose, 30));
            }
            Room::Narrow => {
                let whose = if whose.is_empty() { String::new() } else { format!(" · {whose}") };
                drawing.text("lane label", self.left, y - 9.0, shortened(&format!("{name}{whose}"), 48));
            }
        }
    }

    /// The first of some texts that fits, from `x` on, or ending at the right edge where it would not fit there.
    fn caption(&self, drawing: &mut Drawing, class: &str, x: f64, y: f64, texts: &[String]) {
        let wide = if class.contains("late-text") { CHARACTER * 1.16 } else { CHARACTER };
        let all = self.right_edge() - self.left;
        let width = |text: &str| text.chars().count() as f64 * wide;
        let fits = texts.iter().find(|text| width(text) <= all).or(texts.last());
        let text = fits.map(|text| shortened(text, (all / wide) as usize)).unwrap_or_default();
        if x + width(&text) > self.right_edge() {
            drawing.text(&format!("{class} end"), self.right_edge(), y, text);
        } else {
            drawing.text(class, x.max(self.left), y, text);
        }
    }
}

/// The axis: fine ticks on a line, and above them of which day, month or year they are.
pub(super) fn axis(drawing: &mut Drawing, rows: &Rows, scale: &Scale, room: Room) {
    let (fine, coarse) = scale.ticks(if room == Room::Wide { 52.0 } else { 44.0 });
    for tick in &fine {
        drawing.line("grid", (tick.x, 28.0), (tick.x, rows.bottom()));
        let room_left = rows.right_edge() - tick.x;
        if room_left > tick.text.len() as f64 * 6.2 {
            drawing.text("tick", tick.x + 3.0, 28.0, &tick.text);
        }
    }
    for tick in &coarse {
        if rows.right_edge() - tick.x > tick.text.len() as f64 * 6.4 {
            drawing.text("coarse", tick.x + 3.0, 12.0, &tick.text);
        }
    }
}

/// Who held it, from when to when.
pub(super) fn holders(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) {
    let Some(y) = rows.holders else { return };
    rows.name(drawing, y, "Held by", "");
    for held in &timeline.holdings {
        let (from, to) = (scale.x(held.from.at), end_of(held.until, timeline, scale, rows));
        let agency = words::agency(&timeline.names, &held.agency);
        let until = held.until.map_or("still holds it".to_owned(), |until| words::local(until, held.from.zone));
        let title = format!("{agency}, disposisi {}: {} – {until}", held.disposition, words::moment(held.from));
        drawing.told(title, |part| {
            part.bar("held", from, y, (to - from).max(2.0), 18.0);
            let label = [format!("{}. {}", held.disposition, agency), format!("{}. {}", held.disposition, held.agency)];
            let fits = |text: &&String| text.chars().count() as f64 * CHARACTER + 8.0 < to - from;
            let number = held.disposition.to_string();
            let label = label.iter().find(fits).unwrap_or(&number);
            if label.len() as f64 * CHARACTER + 4.0 < to - from {
                part.text("on-band", from + 5.0, y + 13.0, label);
            }
        });
    }
}

/// How far up the ladder it was.
pub(super) fn levels(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) {
    let Some(y) = rows.levels else { return };
    rows.name(drawing, y, "Escalated to", "");
    for raised in &timeline.levels {
        let (from, to) = (scale.x(raised.from), end_of(raised.until, timeline, scale, rows));
        let level = words::level(raised.level);
        let title = format!("Level {level}, since {}", words::local(raised.from, timeline.now.zone));
        drawing.told(title, |part| {
            part.bar(&format!("level-{}", raised.level.number()), from, y, (to - from).max(2.0), 18.0);
            let number = raised.level.number().to_string();
            let fits = |text: &&String| text.len() as f64 * CHARACTER + 8.0 < to - from;
            let class = format!("on-level-{}", raised.level.number());
            if let Some(label) = [level, number].iter().find(fits) {
                part.text(&class, from + 5.0, y + 13.0, label);
            }
        });
    }
}

/// Where something ends that may still go on.
fn end_of(until: Option<DateTime<Utc>>, timeline: &Timeline, scale: &Scale, rows: &Rows) -> f64 {
    match until {
        Some(until) => scale.x(until),
        None if is_under_way(timeline) => scale.x(timeline.now.at.max(last_event(timeline))),
        None => timeline.entries.last().map_or(rows.right_edge(), |last| scale.x(last.recorded.event.occurred_at.at)),
    }
}

fn last_event(timeline: &Timeline) -> DateTime<Utc> {
    let events = timeline.entries.iter().map(|entry| entry.recorded.event.occurred_at.at);
    events.max().unwrap_or(timeline.now.at)
}

/// The headings, and a lane for each clock.
pub(super) fn lanes(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) {
    for (y, heading) in &rows.headings {
        drawing.text("group label", if rows.room == Room::Wide { 0.0 } else { rows.left }, *y, heading);
    }
    for (y, place) in &rows.lanes {
        let lane = &timeline.lanes[*place];
        let (name_of, whose) = name(lane);
        let standing = words::standing(lane, timeline);
        let title = format!("{}: {}; {standing}", words::named(lane, timeline), words::limit(lane.clock.limit));
        drawing.told(title, |part| {
            rows.name(part, *y, &name_of, &whose);
            bar(part, lane, timeline, scale, *y);
            let class = match lane.standing(timeline.now.at) {
                Standing::Overdue | Standing::Missed => "caption late-text",
                _ => "caption",
            };
            let short = standing.split(", ").next().unwrap_or_default().to_owned();
            let captions = [format!("{} · {standing}", words::limit(lane.clock.limit)), standing, short];
            rows.caption(part, class, scale.x(lane.start), *y + 26.0, &captions);
        });
    }
}

/// The stretches of a clock, what lies beyond its due time, its due marks, and how it ended.
fn bar(drawing: &mut Drawing, lane: &Lane, timeline: &Timeline, scale: &Scale, y: f64) {
    let now = timeline.now.at;
    let end = lane.end_at(now).unwrap_or_else(|| now.max(lane.start));
    let due = lane.clock.due.instant();
    let thin = if lane.is_owed() { 0.0 } else { 2.5 };
    let (top, height) = (y + thin, BAR - 2.0 * thin);
    for stretch in &lane.stretches {
        let until = stretch.until.unwrap_or(end).min(end);
        let mut part = |class: &str, from: DateTime<Utc>, to: DateTime<Utc>| {
            let (left, right) = (scale.x(from), scale.x(to));
            if to > from {
                drawing.bar(class, left, top, (right - left).max(1.5), height);
            }
        };
        match (stretch.waits, lane.is_owed()) {
            (true, _) => part("waits", stretch.from, until),
            (false, true) => {
                part("runs", stretch.from, until.min(due));
                part("late", stretch.from.max(due), until);
            }
            (false, false) => part("window", stretch.from, until),
        }
    }
    let last = lane.dues.len().saturating_sub(1);
    let edge = scale.right();
    for (place, (_, due)) in lane.dues.iter().enumerate() {
        match scale.ends_before(due.instant()) {
            true if place == last => marks::due_beyond(drawing, edge, y),
            true => {}
            false => marks::due(drawing, scale.x(due.instant()), y, place == last),
        }
    }
    if !scale.ends_before(end) {
        marks::ending(drawing, lane.standing(now), scale.x(end), y + BAR / 2.0);
    }
}

/// How high a lane is, with its caption, and its bar.
const LANE: f64 = 40.0;
const BAR: f64 = 12.0;

/// How wide a character of a caption is, about.
const CHARACTER: f64 = 6.1;
