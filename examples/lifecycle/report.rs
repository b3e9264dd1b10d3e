//! What a year comes to: a fold of the log, and the tables it is shown in. Counts and whole fractions, no floats.

use std::collections::BTreeMap;

use aduan::clock::Clock;
use aduan::complaint::Stage;
use aduan::event::{Closure, Event, Fact, Trigger};
use aduan::summary::{Summary, SummaryFold, Verdicts};
use aduan::values::{ComplaintId, Moment, Visibility, WIB};
use chrono::Datelike;

use crate::city::Record;

/// Folds the log of a year.
#[derive(Default)]
pub(crate) struct Year {
    summary: SummaryFold,
    /// Ends that may be rated, one for each cycle.
    rateable: u64,
    /// By level, and by what led there: a breach, the complainant's right, somebody's hand.
    escalations: BTreeMap<u8, [u64; 3]>,
    /// Received, resolved, and closed in another way, by month.
    months: BTreeMap<(i32, u32), [u64; 3]>,
    /// How often each fact stands in the log.
    facts: BTreeMap<&'static str, u64>,
}

impl Year {
    /// Takes the next event of a complaint.
    pub(crate) fn add(&mut self, complaint: ComplaintId, event: &Event) {
        self.summary.add(complaint, event);
        *self.facts.entry(event.fact.name()).or_default() += 1;
        let day = event.occurred_at.in_zone(WIB).date();
        let mut month = |column: usize| self.months.entry((day.year(), day.month())).or_default()[column] += 1;
        match &event.fact {
            Fact::Received(_) => month(0),
            Fact::Closed { closure, .. } => {
                month(if matches!(closure, Closure::Resolved { .. }) { 1 } else { 2 });
                self.rateable += u64::from(matches!(closure, Closure::Resolved { .. } | Closure::Duplicate { .. }));
            }
            Fact::Escalated { to, trigger, .. } => {
                let column = match trigger {
                    Trigger::Breach { .. } => 0,
                    Trigger::ByRight => 1,
                    Trigger::ByHand => 2,
                };
                self.escalations.entry(to.number()).or_default()[column] += 1;
            }
            _ => {}
        }
    }

    /// The complaint with the most to tell: the most events, among those closed and not secret.
    pub(crate) fn richest(&self) -> Option<ComplaintId> {
        let over = self.summary.complaints().filter(|(_, complaint)| complaint.stage == Stage::Closed);
        let public = over.filter(|(_, complaint)| complaint.visibility == Visibility::Public);
        public.max_by_key(|(_, complaint)| complaint.version).map(|(id, _)| id)
    }

    /// Prints every table, as of `now`.
    pub(crate) fn print(&self, now: Moment) {
        let summary = self.summary.at(now.at);
        self.print_queue(now);
        print_clocks(&summary);
        title("Closures (the cycle that stands), counted apart for ever");
        for (closure, count) in &summary.closures {
            println!("  {closure:<26}{count:>7}");
        }
        self.print_satisfaction(&summary.ratings);
        title("Channels");
        for (channel, count) in by_count(&summary.channels) {
            println!("  {channel:<28}{:>26}", share(*count, summary.complaints));
        }
        title("Escalations: level reached, and what led there");
        println!("  {:<7}{:>9}{:>11}{:>10}", "level", "breach", "by right", "by hand");
        for (level, [breach, right, hand]) in &self.escalations {
            println!("  {level:<7}{breach:>9}{right:>11}{hand:>10}");
        }
        title("Months (when it happened)");
        println!("  {:<9}{:>10}{:>10}{:>16}", "month", "received", "resolved", "ended otherwise");
        for ((year, month), [received, resolved, otherwise]) in &self.months {
            println!("  {year}-{month:02}  {received:>10}{resolved:>10}{otherwise:>16}");
        }
        title("Events");
        for (fact, count) in by_count(&self.facts) {
            println!("  {fact:<26}{count:>7}");
        }
    }

    fn print_queue(&self, now: Moment) {
        #[derive(Default)]
        struct Row<'a> {
            open: u64,
            overdue: u64,
            without_clock: u64,
            nearest: Option<&'a Clock>,
        }
        let mut rows: BTreeMap<String, Row<'_>> = BTreeMap::new();
        for (_, complaint) in self.summary.complaints().filter(|(_, complaint)| complaint.stage < Stage::Responded) {
            let holder = complaint.holding.as_ref().map(|holding| holding.agency.to_string());
            let row = rows.entry(holder.unwrap_or_else(|| "(nobody yet)".into())).or_default();
            let due = complaint.next_due();
            row.open += 1;
            row.overdue += u64::from(complaint.clocks.iter().any(|c| !c.kind.is_window() && c.is_overdue(now.at)));
            row.without_clock += u64::from(due.is_none());
            row.nearest = row.nearest.into_iter().chain(due).min_by_key(|clock| clock.due.instant());
        }
        title(&format!("Queue at the end of {}: who owes an answer", now.date()));
        println!("  {:<22}{:>6}{:>9}{:>10}   nearest due", "agency", "open", "overdue", "no clock");
        for (agency, row) in &rows {
            let nearest = row.nearest.map_or_else(String::new, |clock| format!("{} {}", clock.due, clock.kind.name()));
            println!("  {agency:<22}{:>6}{:>9}{:>10}   {nearest}", row.open, row.overdue, row.without_clock);
        }
        let waiting = self.summary.complaints().filter(|(_, c)| c.stage == Stage::Responded).count();
        println!("  answered, and waiting for the complainant: {waiting}");
    }

    fn print_satisfaction(&self, ratings: &aduan::summary::Ratings) {
        title("Satisfaction (ratings of closed cycles)");
        let content = ratings.stars[3] + ratings.stars[4];
        println!("  n               {}", ratings.count);
        println!("  response rate   {}", share(ratings.count, self.rateable));
        println!("  mean            {} (= {}/{})", hundredths(ratings.sum, ratings.count), ratings.sum, ratings.count);
        println!("  CSAT (4 or 5)   {}", share(content, ratings.count));
        for (stars, count) in (1..).zip(ratings.stars) {
            let bar = "#".repeat(usize::try_from(count * 50 / ratings.count.max(1)).unwrap_or(0));
            println!("  {stars:<3}{count:>7}  {bar}");
        }
    }
}

/// Prints what became of the requests: refusals are normal life, unless they are of an unexpected kind.
pub(crate) fn print_record(record: &Record) {
    title("Requests of citizens and officers");
    println!("  recorded        {:>7}", record.done);
    let refused: u64 = record.refused.values().map(|refused| refused.count).sum();
    println!("  refused         {refused:>7}");
    for (kind, refused) in &record.refused {
        let commands: Vec<&str> = refused.commands.iter().copied().collect();
        let commands = commands.join(", ");
        match EXPECTED.iter().find(|(expected, _)| expected == kind) {
            Some((_, why)) => println!("    {kind:<18}{:>5}  {why} ({commands})", refused.count),
            None => println!("    {kind:<18}{:>5}  UNEXPECTED: {} ({commands})", refused.count, refused.sample),
        }
    }
    title("What time alone caused (the evening clock)");
    for (command, count) in &record.clock {
        println!("  {command:<16}{count:>7}");
    }
    if let Some((most, day)) = record.busiest {
        println!("  busiest evening {most:>7}  on {day}");
    }
    if let Some(moved) = &record.moved {
        println!("  calendar {moved}");
    }
}

fn print_clocks(summary: &Summary) {
    title("Clocks: compliance is met of met and missed; then with the overdue counted as missed");
    print!("  {:<16}{:>6}{:>8}{:>9}{:>9}", "clock", "met", "missed", "running", "overdue");
    println!("{:>8}{:>11}  {:<26}with overdue", "paused", "cancelled", "compliance");
    for (name, &Verdicts { met, missed, running, overdue, paused, cancelled }) in &summary.clocks {
        print!("  {name:<16}{met:>6}{missed:>8}{running:>9}{overdue:>9}{paused:>8}{cancelled:>11}  ");
        println!("{:<26}{}", share(met, met + missed), share(met, met + missed + overdue));
    }
    title("Windows: what people may do, and need not");
    println!("  {:<16}{:>6}{:>8}{:>9}{:>9}{:>11}", "window", "used", "late", "open", "elapsed", "cancelled");
    for (name, &Verdicts { met, missed, running, overdue, cancelled, .. }) in &summary.windows {
        println!("  {name:<16}{met:>6}{missed:>8}{running:>9}{overdue:>9}{cancelled:>11}");
    }
}

/// Kinds of refusal that a year brings, and why.
const EXPECTED: &[(&str, &str)] = &[
    ("AlreadyHolder", "it was sent there already"),
    ("AlreadyPastDue", "asked for more time when none was left"),
    ("AlreadyReceived", "the channel delivered it twice"),
    ("BadTarget", "what it repeats is closed by now"),
    ("ClockNotRunning", "asked for more time where no clock runs"),
    ("CyclesExhausted", "reopened often enough: the Ombudsman is next"),
    ("LevelNotRising", "it is that high already"),
    ("NoChange", "it is so already"),
    ("NoGrounds", "nothing to take to the Ombudsman, or too late"),
    ("NoSuchQuestion", "answered after the question had lapsed"),
    ("NotAllowed", "the whistleblower went public meanwhile: the inspectorate steps back"),
    ("NotAnswered", "the answer they react to no longer stands"),
    ("NotHolder", "another agency holds it by now"),
    ("NotRateable", "it was about a cycle that is over"),
    ("QuestionOpen", "a colleague has asked already"),
    ("StaleDisposition", "another agency holds it by now"),
    ("TooManyQuestions", "the complainant was asked often enough"),
    ("WindowElapsed", "too late"),
    ("WrongStage", "somebody was faster"),
    ("WouldExpose", "merging would show what it hides"),
    ("WouldLoosen", "only the complainant may make it more visible"),
];

/// A share in per cent with one decimal, rounded half up, and its counts.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "none".into();
    }
    let permille = (part * 2_000 + whole) / (2 * whole);
    format!("{}.{} % ({part} of {whole})", permille / 10, permille % 10)
}

/// A quotient with two decimals, rounded half up.
fn hundredths(sum: u64, count: u64) -> String {
    if count == 0 {
        return "none".into();
    }
    let hundredths = (sum * 200 + count) / (2 * count);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn by_count<K>(counts: &BTreeMap<K, u64>) -> Vec<(&K, &u64)> {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sorted
}

/// Prints a heading.
pub(crate) fn title(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_means_are_rounded_half_up() {
        assert_eq!(share(1, 8), "12.5 % (1 of 8)");
        assert_eq!(share(2, 3), "66.7 % (2 of 3)");
        assert_eq!(share(1, 2_000), "0.1 % (1 of 2000)");
        assert_eq!(share(0, 0), "none");
        assert_eq!(hundredths(9, 2), "4.50");
        assert_eq!(hundredths(14, 3), "4.67");
    }
}
