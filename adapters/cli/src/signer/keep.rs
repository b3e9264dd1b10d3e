//! `signer key`, `signer rotate`, `signer agree-to-fork`: what only whoever keeps the signer does.

use aduan::audit::checkpoint::Origin;
use aduan::values::LedgerId;
use aduan_signer::FileSigner;
use clap::Args;
use serde_json::json;

use super::Folder;
use crate::answer::{Exit, Failure, Teller};
use crate::edge;

/// What `signer key` is told.
#[derive(Args)]
pub(crate) struct Key {
    #[command(flatten)]
    folder: Folder,
}

impl Key {
    /// Prints the public keys, beside whoever signs.
    pub(super) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let keys: Vec<String> = FileSigner::keys_of(&self.folder.keys)?.iter().map(ToString::to_string).collect();
        teller.tell(&json!({ "keys": keys }), &keys.join("\n"))?;
        Ok(Exit::Done)
    }
}

/// What `signer rotate` is told.
#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    folder: Folder,
    /// The ledger whose key is to be another.
    #[arg(long, value_name = "NAME")]
    ledger: LedgerId,
}

impl Rotate {
    /// Hands over, and prints the new public key and the statement that both signed.
    pub(super) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let signer = self.folder.open(None, teller)?;
        let rotation = signer.rotate(&self.ledger, edge::seed()?)?;
        let (origin, after, to) = (rotation.origin(), rotation.after(), rotation.to());
        let text = format!(
            "public key  {to}\n\
             It counts for checkpoints of {origin} greater than {after}. The old private key is destroyed.\n\
             Auditors need not be given it by hand: the old key signed that it hands over to this one. The statement\n\
             goes to the ledger's attestations with the next checkpoint, and from there into every export:\n\n\
             {rotation}"
        );
        let told = json!({ "key": to.to_string(), "origin": origin.as_str(), "after": after, "rotation": rotation.to_string() });
        teller.tell(&told, text.trim_end())?;
        Ok(Exit::Done)
    }
}

/// What `signer agree-to-fork` is told.
#[derive(Args)]
pub(crate) struct AgreeToFork {
    #[command(flatten)]
    folder: Folder,
    /// The ledger that lost its end.
    #[arg(long, value_name = "NAME")]
    ledger: LedgerId,
    /// How many of its events are left, as `aduan ledger fork` told.
    #[arg(long, value_name = "EVENTS")]
    kept: u64,
    /// How many events the ledger says were signed in the line that is left, as `aduan ledger fork` told.
    #[arg(long, value_name = "EVENTS")]
    lost: u64,
}

impl AgreeToFork {
    /// Agrees, and prints what that means.
    pub(super) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let signer = self.folder.open(None, teller)?;
        let agreement = signer.agree_to_fork(&self.ledger, self.kept, self.lost)?;
        let (origin, kept) = (agreement.origin(), agreement.kept());
        let before: Origin = origin.of_line(origin.line() - 1);
        let text = format!(
            "agreed: {} lost what came after its first {kept} events, and goes on as {origin}\n\
             {before} is signed no more. The first checkpoint of {origin} must prove that it begins with the newest one\n\
             signed of those {kept}, and reach behind them, where the ledger admits the loss.\n\
             Tell the auditors yourself: that you agreed, when, and to how many.",
            self.ledger
        );
        let told = json!({ "ledger": self.ledger, "origin": origin.as_str(), "kept": kept, "lost": self.lost, "agreement": agreement.to_string() });
        teller.tell(&told, &text)?;
        Ok(Exit::Done)
    }
}
