//! The picture: time from left to right, events on top, below them who held the complaint, and a lane for each clock.

mod key;
mod marks;
mod rows;
mod shade;

use chrono::{DateTime, TimeDelta, Utc};

use self::rows::Rows;
use self::shade::Shaded;
use super::scale::Scale;
use crate::history::lane::{Lane, Standing};
use crate::history::timeline::Timeline;
use crate::history::words;
use crate::page::drawing::{Drawing, Room};
use crate::page::markup::{Element, element};

/// The section with the picture, for a desk and for a telephone.
pub(super) fn section(timeline: &Timeline) -> Element {
    let title = "The clocks of the complaint, from its receipt on";
    let drawn = Room::ALL.map(|room| draw(timeline, room));
    let about = about(timeline, &drawn);
    let key = key::of(timeline, &drawn);
    let pictures = drawn.into_iter().map(|drawn| drawn.drawing.finished("clocks", title, &about));
    let figure = element("figure").child(element("figcaption").text(&about)).child(key).children(pictures);
    element("section")
        .with("id", "picture")
        .with("aria-labelledby", "picture-heading")
        .child(element("h2").with("id", "picture-heading").text("The clocks, drawn"))
        .child(figure)
}

/// A drawing, and what of the time is to be said of it.
struct Drawn {
    drawing: Drawing,
    shaded: Shaded,
    has_folds: bool,
    has_beyond: bool,
}

fn about(timeline: &Timeline, drawn: &[Drawn]) -> String {
    let zone = timeline.now.at.with_timezone(&timeline.now.zone.0).format("%Z");
    let any = |is: fn(&Drawn) -> bool| drawn.iter().any(is);
    let mut about = format!(
        "Time runs from left to right, in {zone}. The numbers on top are those of the events below. Each lane is a clock, \
         from its start to its end."
    );
    about.push_str(match (timeline.calendar().is_some(), any(|drawn| !drawn.shaded.weekends_fit)) {
        (false, _) => " The calendar that bound it is not at hand: no day off is shaded.",
        (true, false) => " Days off are shaded, as they count for whoever answers for the clock.",
        (true, true) => {
            " Holidays are shaded, as they count for whoever answers for the clock; weekends where they are wide enough \
             to be seen."
        }
    });
    if any(|drawn| drawn.has_folds) {
        about.push_str(" Between wavy lines so many days are folded as stand above them: nothing happened in them.");
    }
    if any(|drawn| drawn.has_beyond) {
        about.push_str(" An arrow at the right edge is a due time beyond it: the table below tells it.");
    }
    if timeline.lanes.is_empty() {
        about.push_str(
            " No clock ever ran: what was brought in from elsewhere has only the limits its source promised.",
        );
    }
    about
}

fn draw(timeline: &Timeline, room: Room) -> Drawn {
    let rows = Rows::of(timeline, room);
    let scale = Scale::over(&times(timeline), rows.left, rows.right_edge(), timeline.now.zone);
    let mut drawing = Drawing::new(room, rows.height);
    let shaded = shade::draw(&mut drawing, timeline, &rows, &scale);
    rows::axis(&mut drawing, &rows, &scale, room);
    marks::folds(&mut drawing, &rows, &scale);
    marks::now(&mut drawing, timeline, &rows, &scale);
    marks::events(&mut drawing, timeline, &rows, &scale);
    rows::holders(&mut drawing, timeline, &rows, &scale);
    rows::levels(&mut drawing, timeline, &rows, &scale);
    rows::lanes(&mut drawing, timeline, &rows, &scale);
    let has_beyond = timeline.lanes.iter().any(|lane| scale.ends_before(lane.clock.due.instant()));
    Drawn { drawing, shaded, has_folds: scale.folds().next().is_some(), has_beyond }
}

/// The times that the picture shows: what happened, the present while anything runs, and the due times of what is owed
/// and not done in time. Those of the rest only where they leave what happened at least half of the room.
fn times(timeline: &Timeline) -> Vec<DateTime<Utc>> {
    let mut times: Vec<DateTime<Utc>> =
        timeline.entries.iter().map(|entry| entry.recorded.event.occurred_at.at).collect();
    // Who opens a page years after the end wants to see the case, not the years.
    if is_under_way(timeline) {
        times.push(timeline.now.at);
    }
    let mut others = Vec::new();
    for lane in &timeline.lanes {
        times.push(lane.start);
        times.extend(lane.end);
        let dues = lane.dues.iter().map(|(_, due)| due.instant());
        let is_done = matches!(lane.standing(timeline.now.at), Standing::Met | Standing::Cancelled | Standing::Passed);
        if is_done || !lane.is_owed() { others.extend(dues) } else { times.extend(dues) }
    }
    if let (Some(first), Some(last)) = (times.iter().min().copied(), times.iter().max().copied()) {
        let reach = last + (last - first).max(TimeDelta::hours(12));
        times.extend(others.into_iter().filter(|due| *due <= reach));
    }
    times
}

/// Whether anything still runs, so that the present belongs into the picture.
pub(super) fn is_under_way(timeline: &Timeline) -> bool {
    let is_open = |lane: &Lane| {
        matches!(lane.standing(timeline.now.at), Standing::Running | Standing::Paused | Standing::Overdue)
    };
    let is_closed = timeline.complaint.stage == aduan::complaint::Stage::Closed;
    !is_closed || timeline.lanes.iter().any(is_open)
}

/// The name of a lane, and whose time it is.
fn name(lane: &Lane) -> (String, String) {
    let disposition = lane.disposition.map(|number| format!("disposisi {number}"));
    let whose = Some(words::whose_of_all(&lane.clock)).filter(|whose| !whose.is_empty());
    let parts: Vec<String> = [whose, disposition].into_iter().flatten().collect();
    (words::sentence(&words::clock(lane.clock.kind)), parts.join(", "))
}
