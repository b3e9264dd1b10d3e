//! `verify`: the whole log, inspected; or what an auditor was handed.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use aduan::audit::checkpoint::{Checkpoint, Origin};
use aduan::audit::documents::Documents;
use aduan::audit::fork::Loss;
use aduan::engine::upcast;
use aduan::event::Event;
use aduan::inspect::{Inspector, Problem, ProblemKind, Report};
use aduan::sealed::BoxDigest;
use aduan::store::{Entry, Head, Page, Store, StoreError};
use aduan::values::{ComplaintId, Digest, LedgerId, Position};
use clap::Args;
use serde_json::json;

use crate::ahead::Ahead;
use crate::answer::{Exit, Failure, Teller};
use crate::audit;
use crate::held::Held;
use crate::progress::Progress;
use crate::tenant::{Opened, Tenant};
use crate::whole::{Readers, write_whole};

/// What `verify` is told.
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    handed: audit::Handed,
    /// A signed checkpoint that the log has to begin with: a file of one, or of several as a notary appends them.
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    against: Vec<PathBuf>,
    /// A head that was saved, as `LEDGER,POSITION,HASH` or a file that holds it: finds a tail that was cut.
    #[arg(long, value_name = "FILE|HEAD", conflicts_with = "folder")]
    head: Option<String>,
    /// Save the head here for the next time, if nothing is wrong. Keep it where who can cut the log cannot reach.
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    save_head: Option<PathBuf>,
}

impl Verify {
    /// Checks a folder for auditors, or reads the log from its first record to its head; prints every problem.
    ///
    /// # Errors
    /// When store or saved head cannot be read.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let Verify { handed, against, .. } = &self;
        if let Some(folder) = handed.folder() {
            return handed.check(folder, teller);
        }
        let saved = self.head.as_deref().map(saved_head).transpose()?;
        let Opened { store, attestations, altered, warnings, .. } = tenant.place().reader().await?;
        let held = handed.signed(against, &*attestations, teller).await?;
        let against: Vec<Checkpoint> = held.checkpoints.iter().map(|signed| signed.checkpoint().clone()).collect();
        let mut inspector = Inspector::new(store.id().clone());
        if let Some(saved) = saved {
            if saved.ledger != *store.id() {
                let why = format!("the saved head is of the ledger {}, this is {}", saved.ledger, store.id());
                return Err(Failure::Usage(why));
            }
            inspector = inspector.against(saved);
        }
        if let Some(other) = against.iter().find(|signed| signed.origin.of_line(1) != Origin::of(store.id(), 1)) {
            return Err(Failure::Usage(format!("a checkpoint is of {}, this is {}", other.origin, store.id())));
        }
        inspector = inspector.against_checkpoints(against);
        let report = inspect(&store, inspector, Progress::start(teller, 0, "events")).await?;
        tell(&report, &held, altered.as_deref(), &warnings, teller)?;
        if !report.problems.is_empty() {
            return Ok(Exit::Corrupt);
        }
        if let Some(path) = &self.save_head {
            let head = head_line(&report.head) + "\n";
            write_whole(path, &head, Readers::Anyone).map_err(|error| Failure::file(path, &error))?;
        }
        Ok(Exit::Done)
    }
}

/// Reads what the log held when this began: a writer may go on beside it.
///
/// # Errors
/// When the store cannot be reached. That something in it is wrong is no error, but a problem in the report.
pub(crate) async fn inspect(
    store: &Arc<dyn Store>,
    mut inspector: Inspector,
    progress: Progress,
) -> Result<Report, Failure> {
    let (told, headless) = match store.head().await {
        Ok(told) => (Some(told), None),
        Err(StoreError::Corrupt(why)) => (None, Some(why)),
        Err(error) => return Err(error.into()),
    };
    let end = told.as_ref().map_or(Position::MAX, |told| told.position);
    progress.reaches(if told.is_some() { end } else { 0 });
    let mut documents = Documents::default();
    let mut position = 0;
    let mut gap = 0;
    while position < end {
        match page_after(&**store, position, end).await? {
            Ok(page) => {
                gap = 0;
                let mut ahead = Ahead::new();
                for entry in page.entries {
                    look_up(store, entry, &mut ahead);
                    if ahead.is_full()
                        && let Some(found) = ahead.next().await?
                    {
                        found.tell(&**store, &mut documents, &mut inspector).await?;
                    }
                }
                while let Some(found) = ahead.next().await? {
                    found.tell(&**store, &mut documents, &mut inspector).await?;
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
        check_beyond(&**store, told, &mut inspector).await?;
    }
    Ok(inspector.finish(told.as_ref()))
}

/// An entry, and what was found of what it names.
struct Found {
    entry: Entry,
    event: Result<Event, String>,
    missing: Result<Vec<String>, StoreError>,
}

/// Reads an entry, and asks for what it names.
fn look_up(store: &Arc<dyn Store>, entry: Entry, ahead: &mut Ahead<Found>) {
    let event = upcast(&entry.record, &[]).map_err(|broken| broken.to_string());
    let Ok(named) = event.as_ref().map(|event| (named_boxes(event), event.context.key)) else {
        return ahead.know(Found { entry, event, missing: Ok(Vec::new()) });
    };
    if named == (Vec::new(), None) {
        return ahead.know(Found { entry, event, missing: Ok(Vec::new()) });
    }
    let (store, (boxes, key)) = (Arc::clone(store), named);
    ahead.ask(async move {
        let missing = missing(&*store, entry.record.complaint, &boxes, key).await;
        Found { entry, event, missing }
    });
}

impl Found {
    async fn tell(
        self,
        store: &dyn Store,
        documents: &mut Documents,
        inspector: &mut Inspector,
    ) -> Result<(), Failure> {
        let Found { entry, event, missing } = self;
        if let Ok(event) = &event {
            look_up_documents(store, &entry, event, documents, inspector).await?;
        }
        inspector.read(&entry, event.as_ref().map_err(String::as_str));
        for why in missing? {
            inspector.missing(&entry, ProblemKind::Box, why);
        }
        Ok(())
    }
}

/// What is missing of the sealed values and the key that an event names.
///
/// Whether a box opens is for who holds the vault. A key must be there, wrapped: without it every text of the
/// complaint is lost.
async fn missing(
    store: &dyn Store,
    complaint: ComplaintId,
    boxes: &[BoxDigest],
    key: Option<Digest>,
) -> Result<Vec<String>, StoreError> {
    let mut missing = Vec::new();
    if !boxes.is_empty() {
        match store.boxes(complaint, boxes).await {
            Ok(found) => {
                let lost = boxes.iter().zip(&found).filter(|(_, found)| found.is_none());
                missing.extend(lost.map(|(digest, _)| format!("box {} is missing", digest.0)));
            }
            Err(StoreError::Corrupt(why)) => missing.push(why),
            Err(error) => return Err(error),
        }
    }
    if let Some(commitment) = key {
        match store.keys(complaint).await {
            Ok(keys) if keys.iter().any(|key| key.commitment == commitment) => {}
            Ok(_) => missing.push("the key it issued is missing".into()),
            Err(StoreError::Corrupt(why)) => missing.push(why),
            Err(error) => return Err(error),
        }
    }
    Ok(missing)
}

/// The sealed values that an event names.
pub(crate) fn named_boxes(event: &Event) -> Vec<BoxDigest> {
    event.fact.boxes().into_iter().map(|(_, digest)| digest).collect()
}

/// The rules that bound an event must be there, or nobody can say why it was lawful. Those that are judge it.
async fn look_up_documents(
    store: &dyn Store,
    entry: &Entry,
    event: &Event,
    documents: &mut Documents,
    inspector: &mut Inspector,
) -> Result<(), Failure> {
    let lacking = documents.lacking(event);
    for bound in &lacking {
        match store.document(bound.hash).await {
            Ok(Some(kept)) if Digest::of(kept.text.as_bytes()) == bound.hash => documents.add(kept),
            Ok(_) | Err(StoreError::Corrupt(_)) => {
                inspector.missing(entry, ProblemKind::Document, format!("{bound} is missing or altered"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(rules) = documents.rules().filter(|_| !lacking.is_empty()) {
        inspector.judge_by(rules.clone());
    }
    Ok(())
}

/// A page, or why not even the next entry can be read.
///
/// # Errors
/// When the store cannot be reached.
pub(crate) async fn page_after(
    store: &dyn Store,
    position: Position,
    end: Position,
) -> Result<Result<Page, String>, Failure> {
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

fn tell(
    report: &Report,
    held: &Held,
    altered: Option<&str>,
    warnings: &[String],
    teller: Teller,
) -> Result<(), Failure> {
    let mut lines: Vec<String> = report.problems.iter().map(problem_line).collect();
    let losses = &report.admitted_losses;
    lines.extend(losses.iter().map(admitted_line));
    // What nobody can hold against anything any more is no proof, and whoever holds it is to know. One that proves an
    // admission untrue is a problem, and the best proof there is.
    let is_taken = |held: &Checkpoint| losses.iter().any(|loss| loss.takes(held));
    let contradicts = |held: &Checkpoint| losses.iter().any(|loss| loss.contradicted_by(held).is_some());
    let against = held.checkpoints.iter().map(|signed| signed.checkpoint());
    let lost: Vec<&Checkpoint> = against.filter(|held| is_taken(held) && !contradicts(held)).collect();
    lines.extend(lost.iter().map(|Checkpoint { origin, size, .. }| {
        format!("the checkpoint of {size} events of {origin} is of what is admitted to be lost: it proves nothing here")
    }));
    let found = match report.problems.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    lines.extend(held_line(held));
    lines.push(format!("{} complaints, {} events: {found}", report.complaints, report.events));
    lines.push(format!("head {}", head_line(&report.head)));
    if let Some(object) = altered {
        lines.push(format!(
            "beware: {object} is not as it was made, so the store may take changes that it should refuse"
        ));
    }
    lines.extend(warnings.iter().map(|warning| format!("beware: {warning}")));
    let mut told = json!(report);
    told["saved_head"] = json!(head_line(&report.head));
    told["altered_guard"] = json!(altered);
    told["warnings"] = json!(warnings);
    let name = |held: &&Checkpoint| json!({ "origin": held.origin.as_str(), "size": held.size });
    told["held_checkpoints"] = json!(held.checkpoints.len());
    told["not_read"] = json!(held.not_read);
    told["lost_checkpoints"] = lost.iter().map(name).collect();
    teller.tell(&told, &lines.join("\n"))
}

/// A problem as one line.
pub(crate) fn problem_line(problem: &Problem) -> String {
    let complaint = problem.complaint.map_or(String::new(), |complaint| format!(" complaint {complaint}"));
    format!("position {}{complaint} {:?}: {}", problem.position, problem.kind, problem.why)
}

/// A loss that is admitted, as one line.
pub(crate) fn admitted_line(loss: &Loss) -> String {
    let Loss { position, lost, kept, .. } = loss;
    format!("admitted at position {position}: of {lost} events that were signed, {kept} were kept")
}

/// How many checkpoints in hand it was held against, as one line; none where there were none.
pub(crate) fn held_line(held: &Held) -> Option<String> {
    match held.checkpoints.len() {
        0 => None,
        1 => Some("held against 1 checkpoint in hand".to_owned()),
        count => Some(format!("held against {count} checkpoints in hand")),
    }
}

/// A head as one line, for people to keep.
pub(crate) fn head_line(head: &Head) -> String {
    format!("{},{},{}", head.ledger, head.position, head.log_hash)
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

const PAGE: usize = 2_048;
/// So many missing positions are taken for the end, whatever the store says of where it ends.
pub(crate) const LONGEST_GAP: u64 = 10_000;
