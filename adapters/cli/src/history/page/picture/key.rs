//! The key: what the shapes of the picture mean, as far as they occur in it.

use crate::history::lane::{Lane, Standing};
use crate::history::timeline::Timeline;
use crate::page::drawing::{Drawing, Room};
use crate::page::markup::{Element, element};

use super::{Drawn, marks};

/// The key of a picture.
pub(super) fn of(timeline: &Timeline, drawn: &[Drawn]) -> Element {
    let now = timeline.now.at;
    let any = |is: &dyn Fn(&Lane) -> bool| timeline.lanes.iter().any(is);
    let stands = |standing| any(&move |lane: &Lane| lane.standing(now) == standing);
    let bar = |class: &'static str| move |part: &mut Drawing| part.bar(class, 1.0, 2.0, 22.0, 12.0);
    let end = |standing| move |part: &mut Drawing| marks::ending(part, standing, 12.0, 8.0);
    let is_late = |lane: &Lane| matches!(lane.standing(now), Standing::Overdue | Standing::Missed) && lane.is_owed();
    let mut entries = vec![
        (any(&|lane| lane.is_owed()), sample(bar("runs")), "counting"),
        (any(&|lane| lane.stretches.iter().any(|stretch| stretch.waits)), sample(bar("waits")), "paused (tunda)"),
        (any(&is_late), sample(bar("late")), "past due"),
        (any(&|lane| !lane.is_owed()), sample(|part| part.bar("window", 1.0, 4.5, 22.0, 7.0)), "time to use"),
        (!timeline.lanes.is_empty(), sample(|part| marks::due(part, 9.0, 5.0, true)), "due"),
        (any(&|lane| lane.dues.len() > 1), sample(|part| marks::due(part, 9.0, 5.0, false)), "was due, moved"),
    ];
    let endings = [
        (Standing::Met, "in time"),
        (Standing::Missed, "too late"),
        (Standing::Cancelled, "no verdict"),
        (Standing::Passed, "passed unused"),
    ];
    entries.extend(endings.map(|(standing, text)| (stands(standing), sample(end(standing)), text)));
    let goes_on = stands(Standing::Running) || stands(Standing::Paused);
    entries.push((goes_on, sample(|part| marks::ending(part, Standing::Running, 8.0, 8.0)), "goes on"));
    entries.push((
        stands(Standing::Overdue),
        sample(|part| marks::ending(part, Standing::Overdue, 8.0, 8.0)),
        "goes on, late",
    ));
    entries.push((
        super::is_under_way(timeline),
        sample(|part| part.line("now", (12.0, 0.0), (12.0, 16.0))),
        "judged at",
    ));
    entries.push((drawn.iter().any(|drawn| drawn.shaded.weekends), sample(bar("off")), "weekend"));
    entries.push((drawn.iter().any(|drawn| drawn.shaded.holidays), sample(bar("off holiday")), "holiday, joint leave"));
    let shown = entries.into_iter().filter(|(occurs, _, _)| *occurs);
    let shown = shown.map(|(_, sample, text)| element("li").child(sample).child(element("span").text(text)));
    element("ul").class("key").children(shown)
}

fn sample(draw: impl FnOnce(&mut Drawing)) -> Element {
    let mut drawing = Drawing::new(Room::Wide, 16.0);
    draw(&mut drawing);
    drawing.sample(24.0)
}
