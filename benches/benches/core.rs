//! For daily use: `cargo bench -p aduan-benches`. What must hold against a limit stands in the binary `ratios`.

use std::sync::LazyLock;

use aduan::calendar::{Calendar, Unit, Week, WorkingCalendar};
use aduan::complaint::Complaint;
use aduan::record::Record;
use aduan::rules::Rules;
use aduan::sealed::{BoxPlace, Clear, ComplaintKey, Field, SealedBox};
use aduan::values::{LedgerId, WorkingDays};
use aduan_measure::life::{self, Asked, Life, NARRATIVE};
use chrono::NaiveDate;
use divan::{Bencher, black_box};

static RULES: LazyLock<Rules> = LazyLock::new(Rules::mojokerto);
static LIFE: LazyLock<Life> = LazyLock::new(|| Life::lived(&RULES, 0));
static LEDGER: LazyLock<LedgerId> = LazyLock::new(life::ledger);

/// The steps of a typical life, by what they record.
const STEPS: [&str; 9] = [
    "Received",
    "Verified",
    "Dispositioned",
    "Responded",
    "InfoRequested",
    "InfoProvided",
    "Responded (final)",
    "Replied and Closed",
    "Rated",
];

fn main() {
    divan::main();
}

#[divan::bench(args = STEPS)]
fn decide(bencher: Bencher<'_, '_>, step: &str) {
    let asked = asked(step);
    bencher.bench(|| black_box(&asked.before).decide(&asked.sealed, &RULES));
}

#[divan::bench(args = STEPS)]
fn evolve(bencher: Bencher<'_, '_>, step: &str) {
    let asked = asked(step);
    let before = || asked.before.clone();
    bencher.with_inputs(before).bench_refs(|complaint| asked.events.iter().for_each(|event| complaint.evolve(event)));
}

#[divan::bench(args = STEPS)]
fn encode_and_hash(bencher: Bencher<'_, '_>, step: &str) {
    let asked = asked(step);
    let (event, record) = (&asked.events[0], &asked.records[0]);
    bencher.bench(|| Record::write(&LEDGER, record.complaint, record.sequence, record.prev, black_box(event)));
}

#[divan::bench(args = STEPS)]
fn decode(bencher: Bencher<'_, '_>, step: &str) {
    let record = &asked(step).records[0];
    bencher.bench(|| black_box(record).event());
}

/// Ten events.
#[divan::bench]
fn replay_a_life() -> Complaint {
    let mut complaint = Complaint::default();
    for record in black_box(&*LIFE).records() {
        complaint.evolve(&record.event().expect("a record just written"));
    }
    complaint
}

#[divan::bench]
fn check_the_chain_of_a_life() -> bool {
    let mut links = black_box(&*LIFE).records();
    links.all(|record| record.check_link(&LEDGER, record.sequence, record.prev).is_ok())
}

#[divan::bench(args = [5, 60, 1_000])]
fn add_working_days(bencher: Bencher<'_, '_>, days: u32) {
    let (calendar, from) = (calendar(), day(2024, 4, 5));
    bencher.bench(|| calendar.add(black_box(from), WorkingDays(days)));
}

#[divan::bench]
fn count_working_days_of_nine_years(bencher: Bencher<'_, '_>) {
    let (calendar, from, to) = (calendar(), day(2018, 1, 2), day(2027, 1, 4));
    bencher.bench(|| calendar.count(black_box(from), black_box(to)));
}

#[divan::bench]
fn seal_300_characters(bencher: Bencher<'_, '_>) {
    bencher.bench(|| seal(black_box(&text())));
}

#[divan::bench]
fn open_300_characters(bencher: Bencher<'_, '_>) {
    let sealed = seal(&text());
    bencher.bench(|| key().open(black_box(&sealed), &place()));
}

fn asked(step: &str) -> &'static Asked {
    let place = STEPS.iter().position(|name| *name == step).expect("one of the steps");
    &LIFE.asked[place]
}

fn calendar() -> WorkingCalendar {
    Calendar::indonesia().working(&Unit { region: None, week: Week::FiveDays, joint_leave_is_off: true })
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day that was")
}

fn text() -> Clear {
    Clear::new(NARRATIVE.chars().cycle().take(300).collect::<String>())
}

fn key() -> ComplaintKey {
    ComplaintKey::from_seed(&[1; 32])
}

fn place() -> BoxPlace<'static> {
    BoxPlace { ledger: &LEDGER, complaint: LIFE.id, command: LIFE.asked[0].clear.id, field: Field::TEXT }
}

fn seal(text: &Clear) -> SealedBox {
    key().seal(text.reveal(), &place(), &[2; 32]).expect("a text fit to seal")
}
