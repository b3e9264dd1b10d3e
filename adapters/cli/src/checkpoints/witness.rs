//! A witness's line beneath a checkpoint that is kept.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::note::{Signature, VerifierKey};
use aduan::store::{Attestation, Attestations};

use super::{Kept, Listed};
use crate::answer::{Exit, Failure, Teller};
use crate::tenant::{Opened, Tenant};

/// Verifies the line, and keeps the checkpoint with it.
///
/// # Errors
/// When the file holds no line of that witness over a checkpoint that is kept, or the ledger cannot be written to.
pub(super) async fn add(file: &Path, witness: &VerifierKey, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
    let lines = lines(file)?;
    let Opened { attestations, .. } = tenant.place().reader().await?;
    let kept = Kept::last_of(&*attestations, MOST).await?;
    let extended = kept.newest_first().find_map(|signed| extended(signed, &lines, witness));
    let extended = extended.ok_or_else(|| {
        let name = witness.name();
        Failure::Refused(format!("{}: no line of {name} over a checkpoint that the ledger keeps", file.display()))
    })?;
    let writer: Arc<dyn Attestations> = tenant.place().attestations_writer(teller).await?;
    writer.keep_attestation(&Attestation::of(&extended)).await?;
    let told = format!("{} witnessed the checkpoint of {} events", witness.name(), extended.checkpoint().size);
    teller.tell(&Listed::of(&extended), &told)?;
    Ok(Exit::Done)
}

/// The checkpoint with a line of that witness which verifies over it, if there is one.
fn extended(signed: &SignedCheckpoint, lines: &[Signature], witness: &VerifierKey) -> Option<SignedCheckpoint> {
    lines.iter().find_map(|line| {
        let mut signed = signed.clone();
        signed.add_witness(line.clone(), witness).ok().map(|()| signed)
    })
}

/// The signature lines of a file: beneath a note, or alone, as witnesses answer.
fn lines(file: &Path) -> Result<Vec<Signature>, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|open| open.take(LONGEST).read_to_string(&mut text));
    read.map_err(|error| Failure::file(file, &error))?;
    let beneath = text.rsplit_once("\n\n").map_or(text.as_str(), |(_, beneath)| beneath);
    let lines = beneath.lines().map(str::parse::<Signature>).collect::<Result<Vec<_>, _>>();
    lines.map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}

/// Twice the longest note, in bytes.
const LONGEST: u64 = 128 << 10;
/// How many checkpoints a witness may be late by: ten weeks of them.
const MOST: usize = 10_000;
