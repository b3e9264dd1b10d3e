//! Evidence: equal to the live read models number by number, and honest about what an altered event leaves standing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use aduan::audit::verdicts::Judge;
use aduan::clock::{Clock, ClockState, Due};
use aduan::complaint::Complaint;
use aduan::event::{Basis as ClosedBy, Closure, Event, Fact};
use aduan::evidence::{
    Claim, ClaimVerdict, Evidence, Number, Pack, Question, ToldDoubt, ToldProblem, Value, VerdictRow,
};
use aduan::figures::View;
use aduan::inspect::{Inspector, Problem, ProblemKind};
use aduan::projector::Projector;
use aduan::record::Record;
use aduan::rules::Rules;
use aduan::statistics::Hundredths;
use aduan::store::Entry;
use aduan::values::{AgencyCode, Channel, Moment, Position, WIB};
use aduan_memory::{MemoryReadStore, MemoryStore};
use aduan_testkit::town::Town;
use aduan_testkit::{told, told_figures};

use crate::read_models::towns;

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::mojokerto()));

/// What an auditor derives from a log alone.
fn derived(log: &[Entry], question: Question) -> Pack {
    let rules = Rules::from_documents(&RULES.documents()).unwrap();
    let mut inspector = Inspector::new(Town::ledger());
    let mut evidence = Evidence::new(question);
    let mut judge = Judge::default();
    let mut doubts = Vec::new();
    let mut states: BTreeMap<_, Complaint> = BTreeMap::new();
    for entry in log {
        let event = entry.record.event().map_err(|broken| broken.to_string());
        inspector.read(entry, event.as_ref().map_err(String::as_str));
        let Ok(event) = event else {
            evidence.unreadable(entry);
            continue;
        };
        let state = states.entry(entry.record.complaint).or_default();
        doubts.extend(judge.read(entry.position, entry.record.complaint, state, &event, &rules));
        evidence.read(entry, state, &event, &rules);
        state.evolve(&event);
    }
    evidence.finish(&inspector.finish(None), doubts, None)
}

fn question(year: i32, agency: Option<&str>, now: Moment) -> Question {
    Question { year, agency: agency.map(|code| AgencyCode::new(code).unwrap()), now, fewest: 1 }
}

fn end_of(log: &[Entry]) -> Moment {
    let last = log.iter().map(|entry| entry.record.recorded_at).max().unwrap_or_default();
    Moment::new(last + chrono::TimeDelta::days(3), WIB).unwrap()
}

/// The live read models of a log, and where they are kept.
async fn live(log: &[Entry]) -> (View, Arc<MemoryReadStore>) {
    let store = Arc::new(MemoryStore::new(Town::ledger()));
    told::tell(log, &*store).await;
    let reads = Arc::new(MemoryReadStore::new(Town::ledger()));
    let projector = Projector::new(store, reads.clone(), Arc::clone(&RULES));
    projector.lead().await.unwrap().catch_up(&mut |_| {}).await.unwrap();
    (View::live(reads.clone()).await.unwrap(), reads)
}

/// Holds evidence against the live figures; how many numbers were more than nothing.
fn compare(pack: &Pack, live: &BTreeMap<String, Option<Value>>) -> usize {
    let different = told_figures::differences(pack, live);
    assert!(different.is_empty(), "{different:?}");
    for number in &pack.numbers {
        let is_grounded = number.value.is_none_or(|value| value == Value::Count(0)) || !number.positions.is_empty();
        assert!(is_grounded, "{} rests on nothing", number.name);
        assert!(number.stands && number.at_fault.is_empty(), "{}", number.name);
    }
    for said in ["met", "missed", "cancelled", "running", "overdue", "paused"] {
        let listed = pack.verdicts.iter().filter(|row| row.verdict.name() == said).count() as u64;
        assert_eq!(pack.number(&format!("sla.{said}")).unwrap().value, Some(Value::Count(listed)), "{said}");
    }
    assert!(pack.verdicts.iter().all(|row| row.clause.is_some() && row.stands));
    assert!(pack.stands && pack.doubts.is_empty() && pack.problems.is_empty());
    pack.numbers.iter().filter(|number| is_something(number)).count()
}

fn is_something(number: &Number) -> bool {
    number.value.is_some_and(|value| value != Value::Count(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_equals_the_live_figures_number_by_number() {
    let mut seen = BTreeSet::new();
    let mut most = 0;
    for town in towns(60, 120) {
        let (view, reads) = live(&town.log).await;
        for now in [end_of(&town.log), Moment::parse("2024-06-01T00:00:00Z", WIB).unwrap()] {
            for (year, agency) in [(2024, None), (2024, Some("dishub")), (2025, None), (2025, Some("PWDx"))] {
                let asked = question(year, agency, now);
                let pack = derived(&town.log, asked.clone());
                most = most.max(compare(&pack, &told_figures::told(&view, &*reads, &asked).await));
                seen.extend(
                    pack.numbers.iter().filter(|number| is_something(number)).map(|number| number.name.clone()),
                );
            }
        }
    }
    println!("{} numbers were more than nothing in some year, {most} in one", seen.len());
    assert!(seen.len() > 90, "{seen:?}");
}

/// A busy log and its year.
fn busy() -> (Vec<Entry>, Question) {
    let rated = |town: &Town| {
        let is_meant = |entry: &&Entry| {
            entry.record.event_type == "Rated" && entry.record.recorded_at.to_rfc3339().starts_with("2024")
        };
        town.log.iter().filter(is_meant).count()
    };
    let town = towns(60, 200).max_by_key(|town| (rated(town), town.log.len())).unwrap();
    let now = end_of(&town.log);
    (town.log, question(2024, None, now))
}

/// The log with one event another one, its hash left as it was; none where it cannot be altered so.
fn altered(log: &[Entry], at: usize, alter: impl Fn(&mut Fact) -> bool) -> Option<Vec<Entry>> {
    let mut log = log.to_vec();
    let record = &log[at].record;
    let mut event: Event = record.event().unwrap();
    if !alter(&mut event.fact) {
        return None;
    }
    let written = Record::write(&Town::ledger(), record.complaint, record.sequence, record.prev, &event);
    log[at].record = Record { hash: record.hash, ..written };
    Some(log)
}

fn others_channel(fact: &mut Fact) -> bool {
    let Fact::Received(received) = fact else { return false };
    received.channel = Channel::new("carrier-pigeon").unwrap();
    true
}

fn another_end(fact: &mut Fact) -> bool {
    let Fact::Closed { closure: Closure::Resolved { basis, .. }, .. } = fact else { return false };
    *basis = if *basis == ClosedBy::Confirmed { ClosedBy::Administrative } else { ClosedBy::Confirmed };
    true
}

fn better_stars(fact: &mut Fact) -> bool {
    let Fact::Rated { score, .. } = fact else { return false };
    *score = if score.stars() == 5 { 4 } else { 5 }.try_into().unwrap();
    true
}

fn late_is_in_time(fact: &mut Fact) -> bool {
    let Fact::Responded { clocks, .. } = fact else { return false };
    let late = |clock: &&mut Clock| matches!(clock.state, ClockState::Missed(_));
    let Some(clock) = clocks.iter_mut().find(late) else { return false };
    let ClockState::Missed(at) = clock.state else { return false };
    clock.state = ClockState::Met(at);
    true
}

fn kind_of(problem: &ToldProblem) -> ProblemKind {
    match problem {
        ToldProblem::Open(Problem { kind, .. }) | ToldProblem::Secret { kind } => *kind,
    }
}

/// Whether a number is one of several that the same events are sorted into.
fn is_sorted(name: &str) -> bool {
    let families = [
        "trend.received.channel.",
        "trend.received.class.",
        "trend.became.",
        "trend.closed.",
        "sla.",
        "flow.escalated",
    ];
    families.iter().any(|family| name.starts_with(family))
}

#[test]
fn an_altered_event_takes_down_the_numbers_that_rest_on_it_and_no_others() {
    let (log, asked) = busy();
    let honest = derived(&log, asked.clone());
    assert!(honest.stands && honest.at_fault.is_empty());
    let alterations = [
        ("channel", others_channel as fn(&mut Fact) -> bool),
        ("end", another_end),
        ("stars", better_stars),
        ("verdict", late_is_in_time),
    ];
    let mut states: BTreeMap<_, Complaint> = BTreeMap::new();
    for Entry { record, .. } in &log {
        states.entry(record.complaint).or_default().evolve(&record.event().unwrap());
    }
    states.retain(|_, state| state.is_whistleblowers());
    let secret: BTreeSet<_> = states.into_keys().collect();
    let (mut tried, mut standing) = (BTreeMap::new(), 0);
    for (name, alter) in alterations {
        for at in 0..log.len() {
            let Some(bent) = altered(&log, at, alter) else { continue };
            let pack = derived(&bent, asked.clone());
            let complaint = log[at].record.complaint;
            let later = |entry: &&Entry| entry.record.complaint == complaint && entry.position > at as Position;
            let faults: Vec<Position> = bent.iter().filter(later).map(|entry| entry.position).collect();
            assert!(pack.problems.iter().any(|problem| kind_of(problem) == ProblemKind::Chain));
            // Of a whistleblower's report it is not told where; what rests on it falls all the same.
            let is_told = !secret.contains(&complaint);
            let told = faults.iter().copied().filter(|_| is_told);
            assert_eq!(pack.at_fault, told.collect(), "{name} at {at}");
            assert!(!pack.stands);
            for number in &pack.numbers {
                let rests = faults.iter().any(|fact| number.positions.holds(*fact));
                // Of what the same events are sorted into, each is in doubt where one is.
                assert!(number.stands != rests || !number.stands && is_sorted(&number.name), "{name}: {}", number.name);
                assert!(!rests || !number.stands, "{name} at {at}: {} stands", number.name);
                let was = honest.number(&number.name);
                let moved = was.map(|was| was.value) != Some(number.value);
                assert!(!(moved && number.stands), "{name} at {at}: {} moved, and stands", number.name);
                assert_eq!(number.at_fault.is_empty(), number.stands || !is_told);
            }
            *tried.entry(name).or_insert(0) += 1;
            standing += pack.numbers.iter().filter(|number| number.stands && is_something(number)).count();
        }
    }
    println!("{tried:?}, and {standing} numbers that stand");
    assert!(tried.len() == alterations.len() && standing > 100);
}

#[test]
fn a_verdict_that_was_bent_with_all_its_hashes_is_doubted_and_only_its_numbers_fall() {
    let (log, asked) = busy();
    let at = (0..log.len()).find(|at| altered(&log, *at, late_is_in_time).is_some()).unwrap();
    let mut bent = log.clone();
    // Whoever bends it writes every later record of the complaint anew: the chain fits, the clocks do not.
    let complaint = log[at].record.complaint;
    let mut prev = log[at].record.prev;
    for (place, entry) in bent.iter_mut().enumerate().skip(at).filter(|(_, entry)| entry.record.complaint == complaint)
    {
        let mut event = entry.record.event().unwrap();
        if place == at {
            assert!(late_is_in_time(&mut event.fact));
        }
        let sequence = entry.record.sequence;
        entry.record = Record::write(&Town::ledger(), complaint, sequence, prev, &event);
        prev = entry.record.hash;
    }
    let pack = derived(&bent, asked);
    assert!(pack.problems.is_empty() && !pack.stands, "{:?}", pack.problems);
    let Some(ToldDoubt::Open(doubt)) = pack.doubts.first() else { panic!("{:?}", pack.doubts) };
    assert_eq!(doubt.position, at as Position + 1, "{:?}", pack.doubts);
    assert!(!pack.number("sla.met").unwrap().stands && !pack.number("sla.compliance").unwrap().stands);
    assert!(pack.number("trend.received").unwrap().stands && pack.number("satisfaction.mean").unwrap().stands);
}

#[test]
fn a_hole_takes_down_what_lies_behind_it_and_all_that_is_so_in_the_end() {
    let (mut log, asked) = busy();
    let at = log.len() / 2;
    log.remove(at);
    let pack = derived(&log, asked);
    assert!(pack.at_fault.holds(at as Position + 2) && !pack.at_fault.holds(1));
    assert!(
        ["trend.received", "trend.became.open", "sla.overdue"].iter().all(|name| !pack.number(name).unwrap().stands)
    );
}

#[test]
fn what_a_whistleblower_and_few_raters_say_is_not_told() {
    let mut secrets = 0;
    for town in towns(30, 120) {
        let now = end_of(&town.log);
        let pack = derived(&town.log, Question { fewest: 1_000, ..question(2024, None, now) });
        let telling = pack.numbers.iter().filter(|number| number.name.starts_with("satisfaction."));
        let told: Vec<_> = telling.filter(|number| number.value.is_some()).map(|number| &*number.name).collect();
        assert_eq!(told, ["satisfaction.eligible"]);
        let secret: BTreeSet<_> =
            town.complaints().filter(|(_, state)| state.is_whistleblowers()).map(|(id, _)| id).collect();
        let named = pack.verdicts.iter().filter_map(|row| row.whose.as_ref());
        assert!(named.map(|whose| whose.complaint).all(|complaint| !secret.contains(&complaint)));
        secrets += pack.verdicts.iter().filter(|row| row.whose.is_none()).count();
    }
    assert!(secrets > 0);
}

/// What the pack tells of faults, as the document has it.
fn told_of_faults(pack: &Pack) -> String {
    assert!(!pack.stands);
    serde_json::to_string(&(&pack.problems, &pack.doubts)).unwrap()
}

/// Whether the pack says of any of these positions, there or at a number, that it is at fault.
fn places(pack: &Pack, positions: &[Position]) -> bool {
    let told = std::iter::once(&pack.at_fault).chain(pack.numbers.iter().map(|number| &number.at_fault));
    told.into_iter().any(|told| positions.iter().any(|position| told.holds(*position)))
}

/// A command that says it has one part more than there are.
fn torn_command(log: &[Entry], at: usize) -> Vec<Entry> {
    let complaint = log[at].record.complaint;
    let (mut torn, mut prev) = (log.to_vec(), log[at].record.prev);
    for (place, entry) in torn.iter_mut().enumerate().skip(at).filter(|(_, entry)| entry.record.complaint == complaint)
    {
        let mut event = entry.record.event().unwrap();
        if place == at {
            event.context.part.of += 1;
        }
        entry.record = Record::write(&Town::ledger(), complaint, entry.record.sequence, prev, &event);
        prev = entry.record.hash;
    }
    torn
}

/// A day later than it was, and with all later records of the complaint written anew: the chain fits, the clock does not.
fn bent_clock(log: &[Entry], at: usize) -> Option<Vec<Entry>> {
    let complaint = log[at].record.complaint;
    let (mut bent, mut prev) = (log.to_vec(), log[at].record.prev);
    let is_later = |(_, entry): &(usize, &mut Entry)| entry.record.complaint == complaint;
    for (place, entry) in bent.iter_mut().enumerate().skip(at).filter(is_later) {
        let mut event = entry.record.event().unwrap();
        if place == at {
            let due = crate::verdicts::clocks_of(&mut event.fact)?.first_mut().map(|clock| &mut clock.due)?;
            match due {
                Due::EndOf { date, .. } => *date = *date + chrono::Days::new(1),
                Due::At(at) => *at += chrono::TimeDelta::days(1),
            }
        }
        entry.record = Record::write(&Town::ledger(), complaint, entry.record.sequence, prev, &event);
        prev = entry.record.hash;
    }
    Some(bent)
}

/// Why a fault in a complaint is told of it, or not: whose it is, where it stands, when it was due.
fn tells(log: &[Entry], at: usize, asked: &Question) -> (bool, bool) {
    let whose = log[at].record.complaint;
    let own: Vec<_> = log.iter().filter(|of| of.record.complaint == whose).map(|of| of.position).collect();
    let complaint = whose.to_string();
    let bent = derived(&bent_clock(log, at).unwrap(), asked.clone());
    let mut altered = log.to_vec();
    altered[at].record.hash.0[0] ^= 1;
    let broken = derived(&altered, asked.clone());
    let fallen = broken.numbers.iter().any(|number| !number.stands);
    let at_fault = [places(&bent, &own), places(&broken, &own)];
    let (bent, broken) = (told_of_faults(&bent), told_of_faults(&broken));
    assert!(bent.contains("\"clock\":"), "{bent}");
    assert!(broken.contains("\"kind\":\"Chain\""), "{broken}");
    assert!(fallen, "numbers that rest on it do not stand, whosever it is: {broken}");
    assert_eq!(at_fault[1], broken.contains(&complaint), "{broken}");
    assert!(!at_fault[0] || bent.contains(&complaint), "{bent}");
    let tells = |told: &str| {
        let parts = [complaint.as_str(), "\"position\":", "\"why\":"].map(|part| told.contains(part));
        assert_eq!(parts, [parts[0]; 3], "{told}");
        parts[0]
    };
    assert_eq!(tells(&bent), bent.contains("due"), "{bent}");
    (tells(&bent), tells(&broken))
}

#[test]
fn what_is_wrong_in_a_whistleblowers_report_is_told_and_nothing_of_it() {
    let (mut secrets, mut others, mut torn_secrets) = (0, 0, 0);
    for town in towns(30, 120) {
        let asked = question(2024, None, end_of(&town.log));
        let secret: BTreeSet<_> =
            town.complaints().filter(|(_, state)| state.is_whistleblowers()).map(|(id, _)| id).collect();
        let has_clock = |at: &usize| {
            let mut fact = town.log[*at].record.event().unwrap().fact;
            crate::verdicts::clocks_of(&mut fact).is_some_and(|clocks| !clocks.is_empty())
        };
        for at in (0..town.log.len()).filter(has_clock).step_by(5) {
            let is_secret = secret.contains(&town.log[at].record.complaint);
            assert_eq!(tells(&town.log, at, &asked), (!is_secret, !is_secret), "position {}", at + 1);
            *(if is_secret { &mut secrets } else { &mut others }) += 1;
        }
        // A part is missing behind it, which is found at the one that stands there, or at the end.
        let last = town.log.len() - 1;
        for at in (0..town.log.len()).step_by(7).chain([last]) {
            let whose = |place: usize| town.log[place.min(last)].record.complaint;
            let (torn, noticed) = (torn_command(&town.log, at), if at == last { last } else { at + 1 });
            let pack = derived(&torn, asked.clone());
            let is_command = |problem: &&ToldProblem| kind_of(problem) == ProblemKind::Command;
            let told: Vec<&ToldProblem> = pack.problems.iter().filter(is_command).collect();
            assert!(!told.is_empty(), "position {}", at + 1);
            for problem in told {
                let ToldProblem::Open(open) = problem else {
                    torn_secrets += 1;
                    continue;
                };
                assert!(!secret.contains(&whose(open.position as usize - 1)), "{open:?}");
            }
            let own = town.log.iter().filter(|of| of.record.complaint == whose(noticed)).map(|of| of.position);
            let is_secret = secret.contains(&whose(noticed));
            assert!(!is_secret || !places(&pack, &own.collect::<Vec<_>>()), "position {}", noticed + 1);
        }
    }
    assert!(torn_secrets > 5, "{torn_secrets} torn commands in whistleblowers' reports: the test sees nothing");
    println!("{secrets} faults in whistleblowers' reports, {others} in others");
    assert!(secrets > 5 && others > 5, "{secrets}, {others}: the test sees nothing");
}

#[test]
fn of_a_complaint_whose_receipt_nobody_can_read_nothing_is_told() {
    let (mut log, asked) = busy();
    let complaint = log[0].record.complaint;
    log[0].record.payload = "{".to_owned();
    let pack = derived(&log, asked);
    let told = told_of_faults(&pack);
    assert!(told.contains("Unreadable") && !told.contains(&complaint.to_string()), "{told}");
    let named = |row: &&VerdictRow| row.whose.as_ref().is_some_and(|whose| whose.complaint == complaint);
    assert_eq!(pack.verdicts.iter().find(named), None);
}

#[test]
fn claims_are_answered_with_the_counts() {
    let (log, asked) = busy();
    let pack = derived(&log, asked);
    let count = |name: &str| pack.number(name).unwrap().value.unwrap().count().unwrap();
    let answers = |text: String| text.parse::<Claim>().unwrap().against(&pack);
    let says = |text: String, verdict: ClaimVerdict, why: &str| {
        let answer = answers(text.clone());
        assert_eq!(answer.verdict, verdict, "{text}: {:?}", answer.because);
        assert!(answer.because.iter().any(|because| because.contains(why)), "{text}: {:?}", answer.because);
    };
    use ClaimVerdict::{Contradicted, Derivable, NotDerivable};
    let Some(Value::Share(csat)) = pack.number("satisfaction.satisfied").unwrap().value else { panic!("nobody rated") };
    let percent = Hundredths(csat.basis_points()).to_string();
    says(format!("satisfaction {percent} %"), Derivable, &format!("({} of {})", csat.count, csat.of));
    says(format!("kepuasan {} %", percent.replace('.', ",")), Derivable, "rounded half up");
    says("satisfaction 12.34 %".into(), Contradicted, &format!("({} of {})", csat.count, csat.of));
    says("satisfaction 91.3".into(), NotDerivable, "to be claimed in %");
    says("wellbeing 91.3 %".into(), NotDerivable, "there is no figure `wellbeing`");
    let parts = ["open", "resolved", "declined", "withdrawn", "duplicate"]
        .map(|name| (name, count(&format!("trend.became.{name}"))));
    let received = count("trend.received");
    let sum: Vec<_> = parts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    says(format!("received {received} = {}", sum.join(" + ")), Derivable, "it adds up");
    says("312 = 187 + 165".into(), Contradicted, "187 + 165 = 352, and not 312");
    says("352 = 187 + 165".into(), NotDerivable, "nobody says what 187 counts");
    says(format!("{received} = {} + {}", received - 1, 1), NotDerivable, "nobody says");
    says(format!("received {} = resolved {} + open 1", received + 7, received + 6), Contradicted, "is claimed");
    let [(whole, total), (one, first), (other, second)] = by_chance(&pack);
    says(format!("{whole} {total} = {one} {first} + {other} {second}"), NotDerivable, "chance");
}

/// A number, and two others that add up to it though it is not made of them.
fn by_chance(pack: &Pack) -> [(&str, u64); 3] {
    let told = pack.numbers.iter().filter(|number| is_something(number));
    let counts: Vec<(&str, u64)> =
        told.filter_map(|number| Some((number.name.as_str(), number.value?.count()?))).collect();
    // What a complaint was received as is never made of what was done with it later, or of what it escalated to.
    let wholes = counts.iter().filter(|(name, _)| name.starts_with("trend."));
    let parts: Vec<_> =
        counts.iter().filter(|(name, _)| name.starts_with("flow.") || name.starts_with("routing.")).collect();
    let mut sums = wholes.flat_map(|whole| parts.iter().zip(1..).map(move |(one, next)| (whole, *one, next)));
    let found = sums.find_map(|(whole, one, next)| {
        let other = parts[next..].iter().find(|other| one.1 + other.1 == whole.1)?;
        Some([*whole, *one, **other])
    });
    found.expect("three numbers of a busy year that add up")
}
