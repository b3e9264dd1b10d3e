//! A history as people read it on a terminal, in lines of a hundred columns.

use std::fmt::Write as _;

use super::lane::Standing;
use super::timeline::{Entry, Timeline};
use super::words;

/// The whole history.
pub(super) fn of(timeline: &Timeline) -> String {
    let mut text = String::new();
    heading(&mut text, timeline);
    for entry in &timeline.entries {
        text.push('\n');
        event(&mut text, entry, timeline);
    }
    text.push('\n');
    ending(&mut text, timeline);
    text
}

fn heading(text: &mut String, timeline: &Timeline) {
    let (look, intake) = (&timeline.look, timeline.complaint.intake.as_ref());
    let number = intake.map_or(String::new(), |intake| format!("{}  ", intake.tracking_number));
    line(text, 0, &format!("{number}complaint {} in ledger {}", look.complaint, look.ledger));
    let visibility = words::visibility(timeline.complaint.visibility);
    line(text, 0, &format!("{}; visibility {visibility}", words::class(timeline.complaint.class())));
    if timeline.complaint.is_whistleblowers() {
        line(text, 0, "A whistleblower's report: for the inspectorate only.");
    }
    if let Some(known) = look.as_known {
        let known = words::moment(known.in_zone(timeline.now.zone));
        let later = match look.later {
            0 => "nothing was recorded later".to_owned(),
            later => format!("{} recorded later left out", words::counted(later, "event")),
        };
        line(text, 0, &format!("As known {known}: {later}"));
    }
}

fn event(text: &mut String, entry: &Entry, timeline: &Timeline) {
    let (event, names) = (&entry.recorded.event, &timeline.names);
    let when = words::moment(event.occurred_at);
    let head = format!("{:>4}  {when}  {}", entry.number(), words::headline(&event.fact, names));
    hanging(text, &head, 10);
    line(text, 6, &format!("by {}", words::who(event, names)));
    for told in [words::origin(event), words::recorded(event), words::rebound(entry)].into_iter().flatten() {
        line(text, 6, &told);
    }
    for (name, value) in words::details(&event.fact, &entry.texts, names) {
        let mut parts = value.split('\n');
        line(text, 8, &format!("{name}: {}", parts.next().unwrap_or_default()));
        parts.for_each(|part| line(text, 10, part));
    }
    for change in &entry.changes {
        let kind = words::clock(change.change.after.kind);
        hanging(text, &format!("      > {kind:<15} {}", words::change(change, timeline.now.zone)), 24);
    }
}

fn ending(text: &mut String, timeline: &Timeline) {
    line(text, 0, &format!("Seen from {}", words::moment(timeline.now)));
    line(text, 0, &format!("{}.", words::present(timeline)));
    line(text, 0, &words::verdicts(timeline));
    let is_open = |standing: &Standing| matches!(standing, Standing::Running | Standing::Paused | Standing::Overdue);
    let open: Vec<_> = timeline.lanes.iter().filter(|lane| is_open(&lane.standing(timeline.now.at))).collect();
    if open.is_empty() {
        line(text, 0, "No clock is open.");
        return;
    }
    line(text, 0, "Open clocks:");
    for lane in open {
        let whose = words::whose(&lane.clock).map_or(String::new(), |whose| format!(" ({whose})"));
        let kind = words::clock(lane.clock.kind);
        hanging(text, &format!("  {kind:<15} {}{whose}", words::standing(lane, timeline)), 18);
    }
}

/// A line, indented as a whole.
fn line(text: &mut String, indent: usize, words: &str) {
    hanging(text, &format!("{:indent$}{words}", ""), indent + if indent == 0 { 2 } else { 0 });
}

/// A line whose continuations are indented.
fn hanging(text: &mut String, words: &str, indent: usize) {
    let start: String = words.chars().take_while(|character| *character == ' ').collect();
    let mut width = start.chars().count();
    text.push_str(&start);
    let mut is_first = true;
    // Columns of a heading keep their two spaces: only single ones are places to break.
    for word in words.trim_start_matches(' ').split(' ') {
        let length = word.chars().count();
        if !is_first && width + 1 + length > COLUMNS {
            let _ = write!(text, "\n{:indent$}{word}", "");
            width = indent + length;
        } else {
            if !is_first {
                text.push(' ');
                width += 1;
            }
            text.push_str(word);
            width += length;
        }
        is_first = false;
    }
    // What stands empty at the end of a line is no column.
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

const COLUMNS: usize = 100;

#[cfg(test)]
mod tests {
    use super::hanging;

    #[test]
    fn long_lines_are_folded_between_words_and_indented() {
        let mut text = String::new();
        hanging(&mut text, &format!("  a  b {}", "word ".repeat(30).trim_end()), 4);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= 100), "{text}");
        assert!(lines[0].starts_with("  a  b word") && lines[1].starts_with("    word"), "{text}");
    }

    #[test]
    fn a_word_longer_than_a_line_stands_alone() {
        let mut text = String::new();
        hanging(&mut text, &format!("x {}", "y".repeat(150)), 2);
        assert_eq!(text, format!("x\n  {}\n", "y".repeat(150)));
    }
}
