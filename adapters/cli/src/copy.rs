//! `copy`: a ledger into another store, for a city that outgrows its file.

mod attestations;
mod transfer;

use std::sync::Arc;

use aduan::audit::fork::present_origin;
use aduan::inspect::{Inspector, Report};
use aduan::store::{Head, Store};
use aduan::values::LedgerId;
use clap::Args;
use serde::Serialize;

use self::attestations::copy_attestations;
use self::transfer::{Tally, Transfer};
use crate::answer::{Exit, Failure, Teller};
use crate::edge::Stopwatch;
use crate::progress::Progress;
use crate::tenant::{Opened, Place, Tenant, Written};
use crate::verify::{head_line, inspect, problem_line};

/// What `copy` is told.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CopyLedger {
    /// The store to copy; it is only read [default: that of `--store`].
    #[arg(long, value_name = "STORE")]
    from: Option<Place>,
    /// The store to copy to. Made where it is missing, as far as the tables of a database; what a copy left there
    /// before is gone on with.
    #[arg(long, value_name = "STORE")]
    to: Place,
}

/// What a copy came to.
#[derive(Serialize)]
struct Copied {
    /// The ledger, which has the same name in both stores.
    ledger: LedgerId,
    #[serde(flatten)]
    tally: Tally,
    /// Signed checkpoints and keys handed over, as far as the target lacked them.
    attestations: u64,
    /// Events that the target held before.
    already_there: u64,
    /// Events that were written to the source meanwhile, and are not in the target.
    behind: u64,
    /// The head of both, as `verify --head` takes it.
    head: String,
    /// The vault of both, where a file is.
    vault: Option<String>,
    /// How long it took.
    seconds: f64,
}

impl CopyLedger {
    /// Inspects the source, copies what the target lacks, inspects the target. Twice copies nothing.
    ///
    /// # Errors
    /// When something is wrong with the source (then nothing is copied), the target holds another ledger or
    /// another history, a store cannot be reached, or the target is not in the end what the source is.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let stopwatch = Stopwatch::start();
        let from = self.from.as_ref().unwrap_or(tenant.place());
        if *from == self.to {
            return Err(Failure::Usage(format!("{from} is the source and the target")));
        }
        let Opened { store: source, attestations: attested, altered, .. } = from.reader().await?;
        // Before hours go into an inspection: is it there, is it free, is it this ledger's?
        let Written { store: target, attestations } = self.to.create_writer(source.id(), teller).await?;
        let there = target.head().await?;
        if let Some(object) = altered {
            teller.warn(&format!("beware: {object} of the source is not as it was made"));
        }
        let end = sound(&source, "source", teller).await?;
        if there.position > end.position {
            let (far, end) = (there.position, end.position);
            let why = format!("the target goes to position {far}, the source to {end}: it holds another history");
            return Err(Failure::Usage(why));
        }
        let already_there = there.position;
        let progress = Progress::start(teller, end.position, "events copied");
        let tally = Transfer::new(&source, &target, there).run(&end, progress).await?;
        if sound(&target, "target", teller).await? != end {
            return Err(Failure::Corrupt("the target does not end where the source does: it is no copy".into()));
        }
        let line = present_origin(&*target).await?.line();
        let attestations = copy_attestations(&*attested, &*attestations, line, end.position).await?;
        let vault = tenant.vault_of(from, source.id()).filter(|path| path.exists());
        let copied = Copied {
            ledger: source.id().clone(),
            tally,
            attestations,
            already_there,
            behind: source.head().await?.position.saturating_sub(end.position),
            head: head_line(&end),
            vault: vault.map(|path| path.canonicalize().unwrap_or(path).display().to_string()),
            seconds: stopwatch.seconds(),
        };
        teller.tell(&copied, &format!("{copied}\n{}", copied.onward(&self.to)))?;
        if copied.behind > 0 {
            let behind = copied.behind;
            teller.warn(&format!("{behind} events came into the source meanwhile: stop its writers, and copy again"));
        }
        Ok(Exit::Done)
    }
}

/// Inspects a store as `verify` does; where it ends, if nothing is wrong.
async fn sound(store: &Arc<dyn Store>, which: &str, teller: Teller) -> Result<Head, Failure> {
    let progress = Progress::start(teller, 0, &format!("events of the {which} inspected"));
    let Report { head, problems, .. } = inspect(store, Inspector::new(store.id().clone()), progress).await?;
    let Some(first) = problems.first() else { return Ok(head) };
    let (count, first) = (problems.len(), problem_line(first));
    Err(Failure::Corrupt(format!("problems in the {which}: {count} (`verify` lists them); the first: {first}")))
}

impl Copied {
    /// How to go on with the target.
    fn onward(&self, to: &Place) -> String {
        let vault = match &self.vault {
            Some(path) => format!("The vault is not copied, it opens both stores: it stays {path}"),
            None => "The vault is not copied: the one of the source opens both stores".to_owned(),
        };
        let path = self.vault.as_deref().unwrap_or("FILE");
        let to = to.naming(&self.ledger);
        format!(
            "{vault}\n\
             Nobody may write to the old store any more; whoever did goes on with\n  \
             aduan --store '{to}' --vault '{path}'"
        )
    }
}

impl std::fmt::Display for Copied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { complaints, events, boxes, keys, documents } = &self.tally;
        writeln!(f, "ledger         {}", self.ledger)?;
        writeln!(f, "already there  {} events", self.already_there)?;
        writeln!(f, "copied         {events} events of {complaints} complaints")?;
        writeln!(f, "               {boxes} boxes, {keys} keys, {documents} documents")?;
        writeln!(f, "               {} checkpoints", self.attestations)?;
        writeln!(f, "head           {}", self.head)?;
        write!(f, "seconds        {:.2}", self.seconds)
    }
}

const AFTER_HELP: &str = "\
Every record, position and hash stays what it was, so a head saved of the old store proves the new one, too, and its
checkpoints, which are copied, count for both.
Source and target are inspected as `verify` does it: the source before anything is copied, the target when all is.

Stop whatever writes to the source first: what comes in meanwhile is not copied. A copy that was interrupted goes
on where it stopped when it is started again; one that is complete copies nothing.

The vault is not copied: one file opens both stores, so give it to the new one with --vault.";
