//! What an auditor is handed: written from a ledger, and checked offline.

use std::fs;
use std::path::{Path, PathBuf};

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::keys::Keyring;
use aduan::audit::note::VerifierKey;
use aduan::store::{Attestations, Store};
use aduan::values::{ComplaintId, Month, Position, Zone};
use aduan_audit::export::{Export, ExportError, Exported, export};
use aduan_audit::manifest::Scope;
use aduan_audit::verify::{Trust, Verification, verify};
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;
use serde_json::json;

use crate::answer::{Exit, Failure, Teller};
use crate::checkpoints::{Kept, rotations};
use crate::edge::Instant;
use crate::held::Held;
use crate::progress::Progress;
use crate::tenant::{Opened, Tenant};
use crate::verify::{admitted_line, held_line};

/// What somebody was handed, and what they hold already.
#[derive(Args)]
pub(crate) struct Handed {
    /// A folder that `export --format audit` made; none: the ledger itself.
    folder: Option<PathBuf>,
    /// The ledger's public key as NAME+ID+KEY, or a file that holds it, from somewhere else than the portal.
    #[arg(long, value_name = "KEY|FILE")]
    key: Vec<String>,
    /// A checkpoint you hold, or a file of several: what you are handed has to begin with each.
    #[arg(long, value_name = "FILE", requires = "folder")]
    holds: Vec<PathBuf>,
    /// By how much a recorded time may lie outside the checkpoints around it.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, requires = "folder")]
    slack: u32,
}

impl Handed {
    /// The folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Checks the folder, and prints every failure.
    ///
    /// # Errors
    /// When there is no key, or what is held cannot be read.
    pub(crate) fn check(&self, folder: &Path, teller: Teller) -> Result<Exit, Failure> {
        let keys = self.keys()?;
        if keys.is_empty() {
            return Err(Failure::Usage("whose signature counts? Give the ledger's public key: --key".into()));
        }
        let held = Held::in_files(&self.holds, teller)?;
        let trust = Trust { keys, held: held.checkpoints.clone(), slack: TimeDelta::minutes(self.slack.into()) };
        let progress = Progress::start(teller, 0, "records");
        let found = verify(folder, &trust, |done, of| {
            progress.reaches(of);
            progress.at(done);
        });
        drop(progress);
        tell_found(&found, &held, teller)?;
        Ok(found.gravest().map_or(Exit::Done, Exit::Audit))
    }

    /// Checkpoints the ledger itself is to be held against; where a key is given, it must have signed them.
    ///
    /// # Errors
    /// When one cannot be read, or is not signed by a key that was given.
    pub(crate) async fn signed(
        &self,
        files: &[PathBuf],
        attestations: &dyn Attestations,
        teller: Teller,
    ) -> Result<Held, Failure> {
        let keys = self.keys()?;
        let mut ring = Keyring::new(keys.iter().cloned());
        if files.is_empty() && !keys.is_empty() {
            return Err(Failure::Usage(
                "a key says whose signature counts: under what? Give a folder, or --against".into(),
            ));
        }
        if !keys.is_empty() {
            ring.hand_over_all(&rotations(attestations).await?);
        }
        let mut held = Held::default();
        for path in files {
            let more = Held::in_file(path, teller)?;
            for signed in more.checkpoints.iter().filter(|_| !keys.is_empty()) {
                let not_signed = |error| Failure::Corrupt(format!("{}: {error}", path.display()));
                ring.attested(signed).map_err(not_signed)?;
            }
            held.add(more);
        }
        Ok(held)
    }

    fn keys(&self) -> Result<Vec<VerifierKey>, Failure> {
        self.key.iter().map(|key| key_of(key)).collect()
    }
}

/// What `export --format audit` is told beside where to.
#[derive(Args)]
pub(crate) struct ForAuditor {
    /// Only this complaint, with a proof for each of its records.
    #[arg(long, value_name = "ID", conflicts_with_all = ["since", "until"])]
    complaint: Option<ComplaintId>,
    /// Only what was recorded from this month on, and what came before of the complaints in it.
    #[arg(long, value_name = "MONTH")]
    since: Option<Month>,
    /// Only what was recorded up to this month.
    #[arg(long, value_name = "MONTH")]
    until: Option<Month>,
    /// The checkpoint to hold it against [default: the last one kept with the ledger].
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A checkpoint the auditor holds: one complaint comes with the proof from it.
    #[arg(long, value_name = "FILE")]
    holds: Vec<PathBuf>,
    /// The sealed values go along, for an auditor who may have them.
    #[arg(long)]
    with_boxes: bool,
    /// The keys to them go along, too, for an auditor who may read them. It takes the vault.
    #[arg(long, requires = "with_boxes")]
    with_keys: bool,
}

impl ForAuditor {
    /// Whether anything was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        let is_part = self.complaint.is_some() || self.since.is_some() || self.until.is_some();
        is_part || self.checkpoint.is_some() || !self.holds.is_empty() || self.with_boxes || self.with_keys
    }

    /// Writes the folder.
    ///
    /// # Errors
    /// When there is no checkpoint, or store, vault or folder fail.
    pub(crate) async fn export(
        &self,
        folder: PathBuf,
        with_confidential: bool,
        tenant: &Tenant,
        teller: Teller,
    ) -> Result<Exit, Failure> {
        if folder.as_os_str() == "-" {
            return Err(Failure::Usage("an auditor is handed a folder: --out DIR".into()));
        }
        if with_confidential {
            let why = "nothing can be left out of a proof: this folder holds whistleblowers' reports in any case";
            return Err(Failure::Usage(why.into()));
        }
        let Opened { store, attestations, .. } = tenant.place().reader().await?;
        let keys = if self.with_keys { Some(tenant.reading_vault(&*store)?) } else { None };
        let zone = tenant.rules()?.policy_on(Instant::now().0.date_naive()).zone;
        let checkpoint = match &self.checkpoint {
            Some(path) => newest_of(path, &*store, teller)?,
            None => Kept::last_of(&*attestations, 1).await?.last()?.clone(),
        };
        let progress = Progress::start(teller, 0, "events");
        let size = checkpoint.checkpoint().size;
        let scope = match (self.complaint, self.since, self.until) {
            (Some(complaint), _, _) => Scope::Complaint(complaint),
            (None, None, None) => Scope::Whole,
            (None, since, until) => period(&*store, size, since, until, zone, &progress).await?,
        };
        let held = Held::in_files(&self.holds, teller)?.checkpoints;
        let what = Export {
            store,
            attestations,
            checkpoint,
            held,
            scope,
            boxes: self.with_boxes,
            keys,
            folder: folder.clone(),
            made_at: Instant::now().0.to_rfc3339_opts(SecondsFormat::Secs, true),
            made_by: format!("aduan {}", env!("CARGO_PKG_VERSION")),
        };
        let written = export(what, |position, last| {
            progress.reaches(last);
            progress.at(position);
        })
        .await?;
        drop(progress);
        tell_written(&written, &folder, teller)?;
        Ok(if written.leads_to_checkpoint { Exit::Done } else { Exit::Corrupt })
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::File { .. } | ExportError::Vault(_) => Failure::Failed(error.to_string()),
            ExportError::Occupied { .. } | ExportError::OtherLedger(_) | ExportError::Nothing(_) => {
                Failure::Usage(error.to_string())
            }
            ExportError::Shorter { .. } => Failure::Corrupt(error.to_string()),
        }
    }
}

/// A public key, or what a file holds.
fn key_of(text: &str) -> Result<VerifierKey, Failure> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let path = Path::new(text);
    let held = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    held.trim().parse().map_err(|error| Failure::Usage(format!("{text}: {error}")))
}

/// The newest checkpoint of that ledger in a file.
fn newest_of(path: &Path, ledger: &dyn Store, teller: Teller) -> Result<SignedCheckpoint, Failure> {
    let newest = Held::in_file(path, teller)?.newest().remove(Origin::of(ledger.id(), 1).key_name());
    newest.ok_or_else(|| Failure::Usage(format!("{}: holds no checkpoint of {}", path.display(), ledger.id())))
}

/// The positions of what was recorded in those months, in the tenant's zone.
async fn period(
    store: &dyn Store,
    size: Position,
    since: Option<Month>,
    until: Option<Month>,
    zone: Zone,
    progress: &Progress,
) -> Result<Scope, Failure> {
    let (mut first, mut last, mut position) = (None, 0, 0);
    progress.reaches(size);
    while position < size {
        let page = store.after(position, PAGE).await?;
        if page.entries.is_empty() {
            break;
        }
        for entry in page.entries.iter().filter(|entry| entry.position <= size) {
            let month = Month::of(zone.date(entry.record.recorded_at));
            if since.is_none_or(|since| month >= since) && until.is_none_or(|until| month <= until) {
                first = first.or(Some(entry.position));
                last = entry.position;
            }
        }
        position = page.end;
        progress.at(position);
    }
    let first = first.ok_or_else(|| Failure::Usage("nothing was recorded in those months".into()))?;
    Ok(Scope::Period { first, last })
}

fn tell_written(written: &Exported, folder: &Path, teller: Teller) -> Result<(), Failure> {
    let Exported { manifest, resumed_after, leads_to_checkpoint } = written;
    let mut lines = Vec::new();
    lines.extend(resumed_after.map(|position| format!("it had been cut, and went on behind position {position}")));
    lines.push(format!(
        "{}: {} records of {} complaints, held against a checkpoint of {} events",
        folder.display(),
        manifest.records,
        manifest.complaints,
        manifest.size
    ));
    if !leads_to_checkpoint {
        lines.push("beware: these records do not lead to what was signed. The folder proves it".into());
    }
    let told = json!({
        "folder": folder,
        "manifest": manifest,
        "resumed_after": resumed_after,
        "leads_to_checkpoint": leads_to_checkpoint,
    });
    teller.tell(&told, &lines.join("\n"))
}

fn tell_found(found: &Verification, held: &Held, teller: Teller) -> Result<(), Failure> {
    let mut lines: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    lines.extend(found.admitted_losses.iter().map(admitted_line));
    lines.extend(found.unchecked.iter().map(ToString::to_string));
    let wrong = match found.problems.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 failure".to_owned(),
        count => format!("{count} failures"),
    };
    if let Some(manifest) = &found.manifest {
        lines.push(match manifest.scope {
            Scope::Whole => format!("the ledger {} up to position {}", manifest.ledger, manifest.size),
            Scope::Period { first, last } => {
                format!("the ledger {}, positions {first} to {last} of {}", manifest.ledger, manifest.size)
            }
            // That none was left out only the leaves of the whole ledger could show.
            Scope::Complaint(complaint) => format!(
                "complaint {complaint} of the ledger {}: each record is in it; that it has no others is not shown",
                manifest.ledger
            ),
        });
    }
    if let (Some(by), Some(at)) = (&found.signed_by, &found.signed_at) {
        lines.push(format!("signed at {at} by {by}"));
    }
    // Where nothing of the folder can be read, nothing was held against it.
    lines.extend(held_line(held).filter(|_| found.manifest.is_some()));
    lines.push(format!(
        "{} records of {} complaints, {} clocks and {} verdicts recomputed: {wrong}",
        found.records, found.complaints, found.clocks, found.verdicts
    ));
    let mut told = json!(found);
    told["held_checkpoints"] = json!(held.checkpoints.len());
    told["not_read"] = json!(held.not_read);
    told["exit"] = json!(found.gravest().map_or(0, |class| class.exit_code()));
    teller.tell(&told, &lines.join("\n"))
}

const PAGE: usize = 2_048;
