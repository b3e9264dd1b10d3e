//! `ledger`: a loss that a ledger admits, and the lines of checkpoints it goes on in.

use std::path::PathBuf;

use aduan::actor::{Actor, Role};
use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::fork::{Loss, losses, present_origin};
use aduan::audit::keys::Keyring;
use aduan::audit::notary::{NotaryError, check_kept};
use aduan::audit::note::VerifierKey;
use aduan::audit::signer::CheckpointSigner as _;
use aduan::command::{ClearRequest, Command};
use aduan::complaint::MOST_LINES;
use aduan::engine::{Engine, Receipt};
use aduan::store::{Head, Log, Page, Store, StoreError};
use aduan::values::{ComplaintId, LedgerId, Position};
use aduan_signer::RemoteSigner;
use async_trait::async_trait;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Now;
use crate::answer::{Exit, Failure, Teller};
use crate::edge;
use crate::progress::Progress;
use crate::signing::connect_signer;
use crate::tenant::Tenant;

/// What is done with a ledger as a whole.
#[derive(Subcommand)]
pub(crate) enum LedgerVerb {
    /// Admit for good that events are lost which a signer signed, and go on in a new line of checkpoints: after an old
    /// backup was restored, before anything else is written.
    Fork(Fork),
    /// Show the lines of checkpoints, and the loss that each began with.
    Lines(Lines),
}

impl LedgerVerb {
    /// Does it.
    ///
    /// # Errors
    /// When the ledger or the signer is not reached, or nothing was lost, or what is there is not what was signed.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        match self {
            LedgerVerb::Fork(fork) => fork.run(tenant, teller).await,
            LedgerVerb::Lines(lines) => lines.run(tenant, teller).await,
        }
    }
}

/// What `ledger fork` is told.
#[derive(Args)]
pub(crate) struct Fork {
    /// The socket of the signer that remembers how far the ledger was signed.
    #[arg(long, value_name = "SOCKET")]
    signer: PathBuf,
    /// The ledger's public key: an admission stays for good, and only what that key signed is worth one. Keys it was
    /// handed over to count, too.
    #[arg(long, value_name = "VKEY")]
    key: VerifierKey,
    #[command(flatten)]
    now: Now,
}

impl Fork {
    async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let signer = connect_signer(&self.signer)?;
        let engine = tenant.engine(teller).await?;
        let store = engine.store();
        let kept = store.head().await?.position;
        let present = present_origin(&*store).await?;
        let mut keys = Keyring::new([self.key.clone()]);
        keys.hand_over_all(&signer.rotations(&present).await?);
        let last = signed_last(&signer, &present, &keys).await?;
        let last =
            last.ok_or_else(|| Failure::Refused(format!("nothing was signed for {present}, so nothing is missing")))?;
        let newest = if last.size > kept { signer.newest(&present, kept).await? } else { None };
        let newest = newest.map(|newest| trusted(newest, &keys)).transpose()?;
        let proved = if last.size > kept { newest.as_ref() } else { Some(&last) };
        check_unaltered(&*store, proved, kept, teller).await?;
        if last.size <= kept {
            return Err(Failure::Refused(format!(
                "all {} events signed for {present} are here: nothing was lost",
                last.size
            )));
        }
        let proved = proved.map_or(0, |proved| proved.size);
        // Whatever a signer has to say is asked before anything is admitted for good.
        let open = signed_since(&signer, last, &keys).await?;
        check_each_is_a_loss(&open, kept)?;
        let mut lost = Lost { kept, proved, left: Vec::new(), open };
        let admitted = lost.admit(&engine, &self.now).await;
        // What was admitted stays so, whatever came after it.
        let told = if lost.left.is_empty() { Ok(()) } else { lost.tell(store.id(), teller) };
        admitted.and(told).map(|()| Exit::Done)
    }
}

/// That one, and what was signed last in each line that began after it: a backup from before an earlier loss was admitted
/// has lost that admission, too.
async fn signed_since(signer: &RemoteSigner, last: Checkpoint, keys: &Keyring) -> Result<Vec<Checkpoint>, Failure> {
    let mut signed = Vec::new();
    let mut next = Some(last);
    while let Some(last) = next {
        next = if last.origin.line() < MOST_LINES { signed_last(signer, &next_line(&last), keys).await? } else { None };
        signed.push(last);
    }
    Ok(signed)
}

/// Each is admitted behind the one before, and must then still be of more than there is.
fn check_each_is_a_loss(open: &[Checkpoint], kept: Position) -> Result<(), Failure> {
    let mut each = (kept..).zip(open);
    let Some((behind, Checkpoint { origin, size, .. })) = each.find(|(behind, last)| last.size <= *behind) else {
        return Ok(());
    };
    Err(Failure::Refused(format!(
        "{origin} was signed for {size} events, and its loss would have to be admitted behind position {behind}, as if \
         nothing was lost. Nothing was admitted: restore an older backup, of fewer events, and admit all losses behind that"
    )))
}

/// The line that a ledger goes on in, once it admits that one was left.
fn next_line(last: &Checkpoint) -> Origin {
    last.origin.of_line(last.origin.line().saturating_add(1))
}

/// What was signed last in that very line, by a key that counts there.
async fn signed_last(signer: &RemoteSigner, origin: &Origin, keys: &Keyring) -> Result<Option<Checkpoint>, Failure> {
    let Some(last) = signer.last(origin).await?.filter(|last| last.checkpoint().origin == *origin) else {
        return Ok(None);
    };
    trusted(last, keys).map(Some)
}

/// What a key signed that counts there.
fn trusted(signed: SignedCheckpoint, keys: &Keyring) -> Result<Checkpoint, Failure> {
    keys.attested(&signed)
        .map_err(|error| Failure::Refused(format!("what the signer says is not to be trusted: {error}")))?;
    Ok(signed.checkpoint().clone())
}

/// What is left must be what was signed, and the very bytes that were: or more than its end is wrong.
async fn check_unaltered(
    store: &dyn Store,
    signed: Option<&Checkpoint>,
    kept: Position,
    teller: Teller,
) -> Result<(), Failure> {
    let log = Watched { log: store, progress: Progress::start(teller, kept, "events") };
    let checked = check_kept(&log, signed, kept).await;
    let Some(Checkpoint { size, origin, .. }) = signed.filter(|_| matches!(checked, Err(NotaryError::Forked { .. })))
    else {
        return checked.map_err(Failure::from);
    };
    Err(Failure::Corrupt(format!(
        "the first {size} events are not those that {origin} was signed for: the log was rewritten, or was written to \
         since an old backup was restored. Restore the backup once more, admit the loss before anything else is \
         written, and do again what was done since"
    )))
}

/// A log, and whoever waits for its end.
struct Watched<'a> {
    log: &'a dyn Store,
    progress: Progress,
}

#[async_trait]
impl Log for Watched<'_> {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        self.progress.at(position);
        self.log.after(position, limit).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.log.head().await
    }
}

/// Records that the line of that checkpoint ends after `kept`.
async fn admit(engine: &Engine, last: &Checkpoint, kept: Position, now: &Now) -> Result<Receipt, Failure> {
    let line = last.origin.line().saturating_add(1);
    let place = ComplaintId::of_fork(engine.store().id(), line);
    let at = now.instant();
    let at = at.in_zone(engine.rules().policy_on(at.0.date_naive()).zone);
    let command = Command::AdmitLoss { kept, line, lost: last.size, root: last.root };
    let request = ClearRequest::new(edge::command_id()?, at, Actor::new(Role::Admin), command, edge::seed()?);
    Ok(engine.handle(place, request).await?)
}

/// What was admitted, and what is still to be.
struct Lost {
    kept: Position,
    /// How much of it a checkpoint proves to be what it was.
    proved: Position,
    /// What was signed last in each line that was left, and the record that says so.
    left: Vec<(Checkpoint, Receipt)>,
    /// What was signed last in each line whose loss is not admitted yet.
    open: Vec<Checkpoint>,
}

impl Lost {
    /// Admits one after the other, up to the first that is not taken.
    async fn admit(&mut self, engine: &Engine, now: &Now) -> Result<(), Failure> {
        while let Some(last) = self.open.first() {
            let receipt = admit(engine, last, self.kept + self.left.len() as u64, now).await?;
            self.left.push((self.open.remove(0), receipt));
        }
        Ok(())
    }

    fn tell(&self, ledger: &LedgerId, teller: Teller) -> Result<(), Failure> {
        let (told, text) = self.told(ledger);
        teller.tell(&told, &text)
    }

    /// For programs, and for people.
    fn told(&self, ledger: &LedgerId) -> (Value, String) {
        let Lost { kept, proved, left, open } = self;
        let mut text = String::new();
        let mut lines = Vec::new();
        for (last, receipt) in left {
            let (Checkpoint { origin, size, root }, goes_on) = (last, next_line(last));
            let first = kept + 1;
            let position = receipt.position.unwrap_or_default();
            text += &format!(
                "lost     positions {first} to {size} of {origin}: {} events that were signed, under the root {root}\n\
                 goes on  as {goes_on}; position {position} admits the loss\n",
                size - kept
            );
            lines.push(json!({
                "left": origin.as_str(), "goes_on_as": goes_on.as_str(), "line": goes_on.line(), "lost": size,
                "root": root, "position": position, "record_hash": receipt.record_hash,
            }));
        }
        text += &format!("kept     {kept} events, of which a checkpoint proves the first {proved}\n");
        for Checkpoint { origin, size, .. } in open {
            text += &format!("open     the loss of what was signed for {origin}, {size} events, is not admitted\n");
        }
        let open: Vec<Value> =
            open.iter().map(|last| json!({ "left": last.origin.as_str(), "lost": last.size })).collect();
        let told = json!({ "ledger": ledger, "kept": kept, "proved": proved, "lines": lines, "not_admitted": open });
        if !open.is_empty() {
            return (told, text + HALF_DONE);
        }
        let lost = left.last().map_or(0, |(last, _)| last.size);
        text += &format!(
            "Whoever keeps the signer must agree, or nothing is signed any more:\n  \
             aduan signer agree-to-fork --keys DIR --ledger '{ledger}' --kept {kept} --lost {lost}\n\
             Tell the auditors: what is lost, and that an older checkpoint greater than {kept} cannot be checked any more.\n\
             A receipt for a position that is lost is proof of what was done there: it has to be done again."
        );
        (told, text)
    }
}

const HALF_DONE: &str = "\
Half done, and nothing is signed of it. Restore the backup once more, let nobody write to it, and admit the losses again:
what was admitted here goes with that. Or `aduan ledger lines` shows that all of it stands, where only the answer was lost.";

/// What `ledger lines` is told.
#[derive(Args)]
pub(crate) struct Lines {}

impl Lines {
    async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let store = tenant.reader().await?;
        let losses = losses(&*store).await?;
        let first = (Origin::of(store.id(), 1), None);
        let others = losses.iter().map(|loss| (Origin::of(store.id(), loss.line), Some(loss)));
        let lines: Vec<(Origin, Option<&Loss>)> = std::iter::once(first).chain(others).collect();
        let told: Vec<Value> = lines
            .iter()
            .map(|(origin, loss)| json!({ "origin": origin.as_str(), "line": origin.line(), "loss": loss }))
            .collect();
        let text: Vec<String> = lines.iter().map(|(origin, loss)| line_of(origin, *loss)).collect();
        teller.tell(&json!({ "ledger": store.id(), "lines": told }), &text.join("\n"))?;
        Ok(Exit::Done)
    }
}

fn line_of(origin: &Origin, loss: Option<&Loss>) -> String {
    let Some(Loss { admitted_at, kept, lost, root, .. }) = loss else {
        return format!("{origin}  from position 1");
    };
    let (first, at) = (kept + 1, admitted_at.to_rfc3339());
    format!("{origin}  from position {first}, admitted at {at}: lost are {first} to {lost}, signed under {root}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aduan::rules::Rules;
    use aduan::values::Digest;
    use aduan_memory::{MemoryStore, MemoryVault};

    use super::*;

    fn ledger() -> LedgerId {
        LedgerId::new("mojokerto").unwrap()
    }

    fn signed(line: u32, size: u64) -> Checkpoint {
        Checkpoint { origin: Origin::of(&ledger(), line), size, root: Digest::of(b"") }
    }

    async fn admitted(open: Vec<Checkpoint>) -> (Lost, Result<(), Failure>) {
        let (store, vault) = (Arc::new(MemoryStore::new(ledger())), Arc::new(MemoryVault::new([1; 32])));
        let engine = Engine::new(store, vault, Rules::mojokerto());
        let mut lost = Lost { kept: 0, proved: 0, left: Vec::new(), open };
        let ended = lost.admit(&engine, &Now { now: None }).await;
        (lost, ended)
    }

    #[tokio::test]
    async fn what_was_admitted_is_told_though_the_next_is_not_taken() {
        // As if somebody else wrote in between: behind the first, the second is not taken.
        let (lost, ended) = admitted(vec![signed(1, 9), signed(3, 7)]).await;
        assert!(matches!(ended, Err(Failure::Refused(_))), "{ended:?}");
        let (told, text) = lost.told(&ledger());
        assert_eq!((&told["lines"][0]["position"], &told["lines"][0]["line"]), (&json!(1), &json!(2)));
        assert_eq!(told["lines"].as_array().map(Vec::len), Some(1));
        assert_eq!(told["not_admitted"], json!([{ "left": "aduan/mojokerto/3", "lost": 7 }]));
        assert!(text.contains("position 1 admits the loss") && text.contains("Half done"), "{text}");
        assert!(!text.contains("agree-to-fork"), "nobody is to agree to a half: {text}");
        // The control.
        let (lost, ended) = admitted(vec![signed(1, 9), signed(2, 7)]).await;
        assert!(ended.is_ok(), "{ended:?}");
        let (told, text) = lost.told(&ledger());
        assert_eq!((told["lines"].as_array().map(Vec::len), &told["not_admitted"]), (Some(2), &json!([])));
        assert!(text.contains("agree-to-fork") && !text.contains("Half done"), "{text}");
    }

    #[test]
    fn a_line_that_was_signed_for_no_more_than_there_will_be_is_found_before_anything_is_admitted() {
        assert!(check_each_is_a_loss(&[signed(1, 9), signed(2, 7)], 5).is_ok());
        let refused = check_each_is_a_loss(&[signed(1, 9), signed(2, 6)], 5);
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
    }
}
