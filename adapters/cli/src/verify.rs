//! `verify`: the whole log, inspected.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aduan::engine::upcast;
use aduan::event::Event;
use aduan::inspect::{Inspector, ProblemKind, Report};
use aduan::store::{Entry, Head, Page, Store, StoreError};
use aduan::values::{Digest, DocumentRef, LedgerId, Position};
use clap::Args;
use serde_json::json;

use crate::answer::{Exit, Failure, Teller};
use crate::progress::Progress;
use crate::tenant::Tenant;

/// What `verify` is told.
#[derive(Args)]
pub(crate) struct Verify {
    /// A head that was saved, as `LEDGER,POSITION,HASH` or a file that holds it: finds a tail that was cut.
    #[arg(long, value_name = "FILE|HEAD")]
    head: Option<String>,
    /// Save the head here for the next time, if nothing is wrong. Keep it where who can cut the log cannot reach.
    #[arg(long, value_name = "FILE")]
    save_head: Option<PathBuf>,
}

impl Verify {
    /// Reads the log from its first record to its head, and prints every problem.
    ///
    /// # Errors
    /// When store or saved head cannot be read.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let saved = self.head.as_deref().map(saved_head).transpose()?;
        let store = tenant.reader()?;
        let mut inspector = Inspector::new(store.id().clone());
        if let Some(saved) = saved {
            if saved.ledger != *store.id() {
                let why = format!("the saved head is of the ledger {}, this is {}", saved.ledger, store.id());
                return Err(Failure::Usage(why));
            }
            inspector = inspector.against(saved);
        }
        let report = inspect(&*store, inspector, teller).await?;
        tell(&report, tenant.altered_guard()?.as_deref(), teller)?;
        if !report.problems.is_empty() {
            return Ok(Exit::Corrupt);
        }
        if let Some(path) = &self.save_head {
            save(path, &(line(&report.head) + "\n")).map_err(|error| Failure::file(path, &error))?;
        }
        Ok(Exit::Done)
    }
}

/// Reads what the log held when this began: a writer may go on beside it.
async fn inspect(store: &dyn Store, mut inspector: Inspector, teller: Teller) -> Result<Report, Failure> {
    let (told, headless) = match store.head().await {
        Ok(told) => (Some(told), None),
        Err(StoreError::Corrupt(why)) => (None, Some(why)),
        Err(error) => return Err(error.into()),
    };
    let end = told.as_ref().map_or(Position::MAX, |told| told.position);
    let progress = Progress::start(teller, if told.is_some() { end } else { 0 }, "events");
    let mut documents = BTreeSet::new();
    let mut position = 0;
    let mut gap = 0;
    while position < end {
        match page_after(store, position, end).await? {
            Ok(page) => {
                gap = 0;
                for entry in &page.entries {
                    let event = upcast(&entry.record, &[]).map_err(|broken| broken.to_string());
                    inspector.read(entry, event.as_ref().map_err(String::as_str));
                    if let Ok(event) = event {
                        check_boxes(store, entry, &event, &mut inspector).await?;
                        check_key(store, entry, &event, &mut inspector).await?;
                        check_documents(store, entry, &event, &mut documents, &mut inspector).await?;
                    }
                }
                if page.at_head {
                    break;
                }
                position = page.end;
            }
            Err(why) => {
                if gap == 0 {
                    inspector.unreadable(why);
                }
                gap += 1;
                position += 1;
                if gap > LONGEST_GAP {
                    break;
                }
            }
        }
        progress.at(position);
    }
    if let Some(why) = headless {
        inspector.unreadable(why);
    }
    if let Some(told) = &told {
        check_beyond(store, told, &mut inspector).await?;
    }
    Ok(inspector.finish(told.as_ref()))
}

/// Every sealed value that an event names must be there. Whether it opens is for who holds the vault.
async fn check_boxes(
    store: &dyn Store,
    entry: &Entry,
    event: &Event,
    inspector: &mut Inspector,
) -> Result<(), Failure> {
    let named: Vec<_> = event.fact.boxes().into_iter().map(|(_, digest)| digest).collect();
    if named.is_empty() {
        return Ok(());
    }
    match store.boxes(entry.record.complaint, &named).await {
        Ok(found) => {
            for (digest, _) in named.iter().zip(&found).filter(|(_, found)| found.is_none()) {
                inspector.missing(entry, ProblemKind::Box, format!("box {} is missing", digest.0));
            }
        }
        Err(StoreError::Corrupt(why)) => inspector.missing(entry, ProblemKind::Box, why),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The key that a record issues must be there, wrapped: without it every text of the complaint is lost.
async fn check_key(store: &dyn Store, entry: &Entry, event: &Event, inspector: &mut Inspector) -> Result<(), Failure> {
    let Some(commitment) = event.context.key else { return Ok(()) };
    match store.load(entry.record.complaint, BEYOND).await {
        Ok(loaded) if loaded.keys.iter().any(|key| key.commitment == commitment) => {}
        Ok(_) => inspector.missing(entry, ProblemKind::Box, "the key it issued is missing".into()),
        Err(StoreError::Corrupt(why)) => inspector.missing(entry, ProblemKind::Box, why),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The rules that bound an event must be there, or nobody can say why it was lawful.
async fn check_documents(
    store: &dyn Store,
    entry: &Entry,
    event: &Event,
    known: &mut BTreeSet<DocumentRef>,
    inspector: &mut Inspector,
) -> Result<(), Failure> {
    for bound in [&event.context.policy, &event.context.calendar, &event.context.directory] {
        if !known.insert(bound.clone()) {
            continue;
        }
        match store.document(bound.hash).await {
            Ok(Some(kept)) if Digest::of(kept.text.as_bytes()) == bound.hash => {}
            Ok(_) | Err(StoreError::Corrupt(_)) => {
                inspector.missing(entry, ProblemKind::Document, format!("{bound} is missing or altered"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A page, or why not even the next entry can be read.
async fn page_after(store: &dyn Store, position: Position, end: Position) -> Result<Result<Page, String>, Failure> {
    let mut limit = usize::try_from(end - position).unwrap_or(PAGE).min(PAGE);
    loop {
        match store.after(position, limit).await {
            Ok(page) => return Ok(Ok(page)),
            Err(StoreError::Corrupt(why)) if limit == 1 => return Ok(Err(why)),
            // Somewhere in it: what comes before can still be read.
            Err(StoreError::Corrupt(_)) => limit /= 2,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The store says where its log ends. Records behind that end came in another way than by a command.
async fn check_beyond(store: &dyn Store, told: &Head, inspector: &mut Inspector) -> Result<(), Failure> {
    let Ok(page) = store.after(told.position, 1).await else { return Ok(()) };
    let is_beyond = page.end > told.position && store.head().await.is_ok_and(|now| now.position < page.end);
    if is_beyond {
        inspector.unreadable(format!("there are records behind position {}, where the store ends", told.position));
    }
    Ok(())
}

fn tell(report: &Report, altered: Option<&str>, teller: Teller) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for problem in &report.problems {
        let complaint = problem.complaint.map_or(String::new(), |complaint| format!(" complaint {complaint}"));
        lines.push(format!("position {}{complaint} {:?}: {}", problem.position, problem.kind, problem.why));
    }
    let found = match report.problems.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    lines.push(format!("{} complaints, {} events: {found}", report.complaints, report.events));
    lines.push(format!("head {}", line(&report.head)));
    if let Some(object) = altered {
        lines.push(format!(
            "beware: {object} is not as it was made, so the file may take changes that it should refuse"
        ));
    }
    let mut told = json!(report);
    told["saved_head"] = json!(line(&report.head));
    told["altered_guard"] = json!(altered);
    teller.tell(&told, &lines.join("\n"))
}

/// A head as one line, for people to keep.
fn line(head: &Head) -> String {
    format!("{},{},{}", head.ledger, head.position, head.log_hash)
}

/// The old head stays until the new one is on the disk: it may be the only proof there is.
fn save(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn saved_head(text: &str) -> Result<Head, Failure> {
    if let Some(head) = parse_head(text) {
        return Ok(head);
    }
    let path = Path::new(text);
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    let head = parse_head(text.trim()).or_else(|| serde_json::from_str(&text).ok());
    head.ok_or_else(|| Failure::Usage(format!("{} holds no head as LEDGER,POSITION,HASH", path.display())))
}

fn parse_head(text: &str) -> Option<Head> {
    let (rest, hash) = text.rsplit_once(',')?;
    let (ledger, position) = rest.rsplit_once(',')?;
    Some(Head {
        ledger: LedgerId::from_str(ledger).ok()?,
        position: position.parse().ok()?,
        log_hash: hash.parse().ok()?,
    })
}

/// More events than a complaint can have: what is loaded after it is the keys alone.
const BEYOND: u64 = u32::MAX as u64;
const PAGE: usize = 2_048;
/// So many missing positions are taken for the end, whatever the store says of where it ends.
const LONGEST_GAP: u64 = 10_000;
