//! A year of a city: thousands of complaints from the first message to the rating, on SQLite, in seconds.
//!
//! ```text
//! cargo run --release --example lifecycle
//! cargo run --release --example lifecycle -- --seed 7 --complaints 20000 --keep a-year
//! ```
//!
//! Simulated people bring complaints in and work on them ([`case`]), a simulated city lets them live at the same time
//! and runs the clock in the evening ([`city`]). What they do is drawn from one seed; what is lawful, due or overdue
//! the engine alone decides. At the end everything that is printed is read back from the log ([`report`]), one
//! complaint tells its story, the whole chain is verified, and every figure of the year is derived from the log once
//! more, as an auditor would ([`evidence`]).

mod case;
mod citizens;
mod city;
mod evidence;
mod report;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use aduan::engine::{Engine, Recorded, upcast};
use aduan::event::{Event, Fact, ReplyKind, ResponseKind};
use aduan::inspect::Inspector;
use aduan::rules::Rules;
use aduan::sealed::Field;
use aduan::store::{Entry, Log};
use aduan::values::{ComplaintId, LedgerId, Moment, WIB};
use aduan_sqlite::{SqliteReadStore, SqliteStore};
use aduan_vault::FileVault;
use chrono::Datelike;
use clap::Parser;

use crate::city::City;
use crate::report::{Year, print_record, title};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Lives a year of complaints in Mojokerto, and shows what came of it.
#[derive(Parser)]
struct Options {
    /// All chance comes from here: the same seed brings the same year.
    #[arg(long, default_value_t = 1708)]
    seed: u64,
    /// How many complaints reach the city.
    #[arg(long, default_value_t = 6_000)]
    complaints: usize,
    /// Which year; the national calendar knows 2018 to 2027.
    #[arg(long, default_value_t = 2024, value_parser = clap::value_parser!(i32).range(2018..=2027))]
    year: i32,
    /// Keeps ledger and vault in this folder, rather than in a temporary one.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Fallible<ExitCode> {
    let options = Options::parse();
    let temporary = tempfile::tempdir()?;
    let folder = options.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    if folder.join("mojokerto.db").exists() {
        return Err(format!("{} holds a ledger already: a year needs a folder of its own", folder.display()).into());
    }

    // The ledger and the vault are two files: without the second, the texts in the first are noise.
    let mut rng = fastrand::Rng::with_seed(options.seed);
    let mut secret = [0; 32];
    rng.fill(&mut secret);
    let ledger = LedgerId::new("mojokerto")?;
    let store = Arc::new(SqliteStore::create(folder.join("mojokerto.db"), &ledger)?);
    let vault = Arc::new(FileVault::create(folder.join("mojokerto.vault"), &ledger, secret)?);
    let engine = Arc::new(Engine::new(Arc::clone(&store) as _, vault, Rules::mojokerto()));

    // Read models are derived: their file may be deleted at any time.
    let reads = Arc::new(SqliteReadStore::open(folder.join("mojokerto.db.read"), &ledger)?);
    let mut city = City::new(Arc::clone(&engine), Arc::clone(&reads) as _, options.year, options.complaints, rng)?;
    let began = Instant::now();
    city.live(|day, record| {
        if day.month() != (day + chrono::Days::new(1)).month() {
            eprintln!("{}  {:>7} requests recorded  {:>6.1?}", day.format("%Y-%m"), record.done, began.elapsed());
        }
    })
    .await?;
    let lived = began.elapsed();

    let mut year = Year::default();
    each_entry(&*store, |entry, event| {
        if let Ok(event) = event {
            year.add(entry.record.complaint, event);
        }
    })
    .await?;
    println!("Kota Mojokerto, {}: {} complaints, seed {}", options.year, options.complaints, options.seed);
    year.print(end_of(options.year)?);
    print_record(&city.record);
    tell_story(&engine, year.richest()).await?;

    let (pack, judge) = evidence::derive(&*store, end_of(options.year)?).await?;
    let different =
        evidence::compare(&pack, Arc::clone(&store) as _, reads, &Rules::mojokerto(), end_of(options.year)?).await?;
    title("Evidence");
    different.iter().for_each(|difference| println!("  {difference}"));
    println!(
        "{} numbers of {} derived from the log, {} other than the live figures; {} clocks recomputed, {} doubted",
        pack.numbers.len(),
        options.year,
        different.len(),
        judge.clocks,
        judge.doubts
    );

    let began = Instant::now();
    let mut inspector = Inspector::new(ledger);
    each_entry(&*store, |entry, event| inspector.read(entry, event)).await?;
    let report = inspector.finish(Some(&engine.head().await?));
    let verified = began.elapsed();

    title("Verification");
    for problem in &report.problems {
        println!("  position {}: {:?}: {}", problem.position, problem.kind, problem.why);
    }
    let (events, complaints, problems) = (report.events, report.complaints, report.problems.len());
    let head = &report.head;
    println!(
        "chain verified: {events} events, {complaints} complaints, {problems} problems, head {} {}",
        head.position, head.log_hash
    );
    println!(
        "lived in {:.1} s ({:.0} events/s, each durable), verified in {:.1} s ({:.0} events/s)",
        lived.as_secs_f64(),
        events as f64 / lived.as_secs_f64(),
        verified.as_secs_f64(),
        events as f64 / verified.as_secs_f64()
    );
    if let Some(folder) = &options.keep {
        println!("kept in {}: mojokerto.db, and mojokerto.vault with the keys to its texts", folder.display());
    }
    let is_sound = problems == 0 && pack.stands && different.is_empty();
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn end_of(year: i32) -> Fallible<Moment> {
    Ok(Moment::parse(&format!("{year}-12-31T23:59:59+07:00"), WIB)?)
}

/// Reads the whole log, page by page.
async fn each_entry(log: &dyn Log, mut read: impl FnMut(&Entry, Result<&Event, &str>)) -> Fallible<()> {
    let mut position = 0;
    loop {
        let page = log.after(position, 2_000).await?;
        for entry in &page.entries {
            let event = upcast(&entry.record, &[]).map_err(|error| error.to_string());
            read(entry, event.as_ref().map_err(String::as_str));
        }
        position = page.end;
        if page.at_head {
            return Ok(());
        }
    }
}

/// One complaint as a timeline. Three of its sealed texts are opened through the vault; nothing else could.
async fn tell_story(engine: &Engine, complaint: Option<ComplaintId>) -> Fallible<()> {
    let Some(complaint) = complaint else { return Ok(()) };
    title(&format!("The story of complaint {complaint}"));
    let mut opened = BTreeSet::new();
    for Recorded { event, .. } in engine.history(complaint).await? {
        let by = match &event.context.agency {
            Some(agency) => format!("{:?} of {agency}", event.context.role),
            None => format!("{:?}", event.context.role),
        };
        let when = event.occurred_at.at.with_timezone(&WIB.0).format("%d %b %H:%M");
        println!("  {when}  {:<22} {by}: {}", event.fact.name(), described(&event));
        let is_telling = matches!(event.fact, Fact::Received(_) | Fact::Replied { .. })
            || matches!(event.fact, Fact::Responded { kind: ResponseKind::Final(_), .. });
        if is_telling && opened.insert(event.fact.name()) {
            let revealed = engine.reveal(complaint, &event).await?;
            for (_, text) in revealed.iter().filter(|(field, _)| *field == Field::TEXT) {
                println!("                opened: \"{}\"", text.reveal());
            }
        }
    }
    Ok(())
}

/// What an event says beside its name.
fn described(event: &Event) -> String {
    let dues = event.fact.clocks().iter().filter(|clock| clock.is_open() && !clock.kind.is_window());
    let dues: Vec<String> = dues.map(|clock| format!("{} due {}", clock.kind.name(), clock.due)).collect();
    let told = match &event.fact {
        Fact::Received(received) => {
            format!("by {} as {} ({:?})", received.channel, received.tracking_number, received.visibility)
        }
        Fact::Verified { classification, .. } => format!("{:?}, {}", classification.class, classification.category),
        Fact::Dispositioned { number, to, .. } => format!("number {number}, to {to}"),
        Fact::Returned { suggested, .. } => format!("suggests {suggested}"),
        Fact::Responded { kind, .. } => format!("{kind:?}"),
        Fact::Replied { kind, .. } if *kind == ReplyKind::Contest => "contests the answer".into(),
        Fact::Replied { kind, .. } => format!("{kind:?}"),
        Fact::Escalated { from, to, .. } => format!("level {} to {}", from.number(), to.number()),
        Fact::Closed { closure, .. } => format!("{closure:?}"),
        Fact::Reopened { reason, cycle, .. } => format!("cycle {cycle}, {reason:?}"),
        Fact::Rated { score, .. } => format!("{} of 5", score.stars()),
        Fact::Extended { kind, days, .. } => format!("{} by {days} days", kind.name()),
        Fact::VisibilityChanged { from, to } => format!("{from:?} to {to:?}"),
        Fact::Annotated { note, .. } => format!("{note:?}"),
        _ => String::new(),
    };
    let parts: Vec<String> = [told].into_iter().chain(dues).filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}
