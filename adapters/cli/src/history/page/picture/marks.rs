//! Marks: the numbers of events, due times, ends of clocks, the present, and folded stretches.

use super::super::events::anchor;
use super::super::scale::Scale;
use super::is_under_way;
use super::rows::Rows;
use crate::history::lane::Standing;
use crate::history::timeline::{Entry, Timeline};
use crate::history::words;
use crate::page::drawing::Drawing;

/// Events that lie so near to one another that they share a mark.
struct Cluster<'t> {
    entries: Vec<&'t Entry>,
    left: f64,
    right: f64,
}

impl Cluster<'_> {
    fn label(&self) -> String {
        let mut numbers: Vec<u64> = self.entries.iter().map(|entry| entry.number()).collect();
        numbers.sort_unstable();
        // What was recorded late stands between older numbers.
        let runs = numbers.chunk_by(|before, after| before + 1 == *after).map(|run| match run {
            [first, .., last] => format!("{first}–{last}"),
            [only] => only.to_string(),
            [] => String::new(),
        });
        runs.collect::<Vec<_>>().join(", ")
    }

    fn middle(&self) -> f64 {
        (self.left + self.right) / 2.0
    }

    fn half(&self) -> f64 {
        8.0_f64.max(self.label().chars().count() as f64 * 3.4 + 5.0)
    }
}

/// The numbers of the events, each linked to its place in the list; what lies too near together shares a mark.
pub(super) fn events(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) {
    let x = |entry: &Entry| scale.x(entry.recorded.event.occurred_at.at);
    let mut places: Vec<f64> = timeline.entries.iter().map(x).collect();
    places.sort_by(f64::total_cmp);
    // Of thousands of notes one sees no more stems than there are pixels.
    places.dedup_by(|place, before| *place - *before < 1.0);
    for place in places {
        drawing.line("stem", (place, rows.events + 9.0), (place, rows.bottom()));
    }
    for cluster in clusters(timeline, x) {
        let told = cluster.entries.iter().map(|entry| {
            let event = &entry.recorded.event;
            let when = words::moment(event.occurred_at);
            format!("{}. {when}: {}", entry.number(), words::headline(&event.fact, &timeline.names))
        });
        let title = told.collect::<Vec<_>>().join("\n");
        let Some(first) = cluster.entries.iter().map(|entry| entry.number()).min() else { continue };
        let half = cluster.half();
        let middle = cluster.middle().clamp(half, rows.right_edge() + rows.right - half);
        drawing.linked(&anchor(first), title, |part| {
            part.pill("event", middle - half, rows.events - 9.0, 2.0 * half, 18.0);
            part.text("number", middle, rows.events + 4.0, cluster.label());
        });
    }
}

/// Neighbours whose marks would touch share one.
fn clusters(timeline: &Timeline, x: impl Fn(&Entry) -> f64) -> Vec<Cluster<'_>> {
    let mut entries: Vec<&Entry> = timeline.entries.iter().collect();
    entries.sort_by(|a, b| x(a).total_cmp(&x(b)).then(a.number().cmp(&b.number())));
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    for entry in entries {
        let place = x(entry);
        clusters.push(Cluster { entries: vec![entry], left: place, right: place });
        // Putting two together widens the mark, which may then touch the one before.
        while let [.., before, last] = clusters.as_slice()
            && before.middle() + before.half() + 2.0 > last.middle() - last.half()
        {
            let Some(last) = clusters.pop() else { break };
            if let Some(before) = clusters.last_mut() {
                before.right = last.right;
                before.entries.extend(last.entries);
            }
        }
    }
    clusters
}

/// A due time: the one that counts, or one that was moved.
pub(super) fn due(drawing: &mut Drawing, x: f64, y: f64, counts: bool) {
    let class = if counts { "due" } else { "due moved" };
    drawing.line(class, (x, y - 4.0), (x, y + 16.0));
    drawing.shape(class, &format!("M{:.1} {:.1}h8l-2.5 3.5l2.5 3.5h-8z", x, y - 7.0));
}

/// A due time that lies beyond the right edge.
pub(super) fn due_beyond(drawing: &mut Drawing, edge: f64, y: f64) {
    drawing.line("due beyond", (edge - 12.0, y + 6.0), (edge - 5.0, y + 6.0));
    drawing.shape("due", &format!("M{:.1} {:.1}l7 4l-7 4z", edge - 7.0, y + 2.0));
}

/// How a clock ended: a tick, a cross, a bar through it, nothing but its end, or an arrow where it goes on.
pub(super) fn ending(drawing: &mut Drawing, standing: Standing, x: f64, y: f64) {
    match standing {
        Standing::Met => {
            drawing.dot("end-met", x, y, 8.0);
            drawing.through("sign", &[(x - 3.6, y + 0.2), (x - 0.9, y + 3.0), (x + 3.8, y - 3.0)]);
        }
        Standing::Missed => {
            drawing.pill("end-missed", x - 8.0, y - 8.0, 16.0, 16.0);
            drawing.line("sign", (x - 3.4, y - 3.4), (x + 3.4, y + 3.4));
            drawing.line("sign", (x - 3.4, y + 3.4), (x + 3.4, y - 3.4));
        }
        Standing::Cancelled => {
            drawing.dot("end-cancelled", x, y, 7.0);
            drawing.line("dash", (x - 3.5, y), (x + 3.5, y));
        }
        Standing::Passed => drawing.line("end-passed", (x, y - 7.0), (x, y + 7.0)),
        Standing::Running => drawing.shape("goes-on", &arrow(x, y)),
        Standing::Paused => drawing.shape("goes-on", &arrow(x, y)),
        Standing::Overdue => drawing.shape("goes-on late-arrow", &arrow(x, y)),
    }
}

fn arrow(x: f64, y: f64) -> String {
    format!("M{:.1} {:.1}l9 8l-9 8z", x, y - 8.0)
}

/// The present, where it belongs into the picture.
pub(super) fn now(drawing: &mut Drawing, timeline: &Timeline, rows: &Rows, scale: &Scale) {
    if !is_under_way(timeline) {
        return;
    }
    let x = scale.x(timeline.now.at);
    let what = if timeline.look.as_known.is_some() { "judged then" } else { "judged at" };
    drawing.told(format!("{what}: {}", words::moment(timeline.now)), |part| {
        part.line("now", (x, 28.0), (x, rows.bottom()));
    });
}

/// What is drawn shorter than it is.
pub(super) fn folds(drawing: &mut Drawing, rows: &Rows, scale: &Scale) {
    for fold in scale.folds() {
        let days = (fold.to - fold.from).num_days();
        drawing.told(format!("{days} days in which nothing happened, drawn shorter"), |part| {
            part.bar("fold", fold.left, 16.0, fold.right - fold.left, rows.bottom() - 16.0);
            let steps = ((rows.bottom() - 16.0) / 8.0) as usize;
            for edge in [fold.left, fold.right] {
                let points: Vec<(f64, f64)> = (0..=steps)
                    .map(|step| (edge + if step % 2 == 0 { -2.0 } else { 2.0 }, 16.0 + step as f64 * 8.0))
                    .collect();
                part.through("tear", &points);
            }
            part.text("folded middle", (fold.left + fold.right) / 2.0, 12.0, format!("{days} d"));
        });
    }
}
