//! `signer init`: keys drawn, and what their keeper has to do with them.

use std::path::PathBuf;

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::note::VerifierKey;
use aduan::values::LedgerId;
use aduan_signer::{Beginning, FileSigner};
use clap::Args;
use serde_json::json;

use super::Folder;
use crate::answer::{Exit, Failure, Teller};
use crate::edge;
use crate::held::Held;

/// What `signer init` is told.
#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    folder: Folder,
    /// A ledger to sign for; may stand more than once. It signs for no other.
    #[arg(long, value_name = "NAME", required = true)]
    ledger: Vec<LedgerId>,
    /// A checkpoint of each ledger to go on from, the newest there is, where an earlier signer's memory was lost. Of a file
    /// of several, as notaries append them, the newest of each ledger is taken.
    #[arg(long, value_name = "FILE")]
    after: Vec<PathBuf>,
    /// A ledger that nothing was ever signed for: it begins from nothing, though others go on.
    #[arg(long, value_name = "NAME", requires = "after")]
    unsigned: Vec<LedgerId>,
    /// The public key that signed it, where its private key was lost, too.
    #[arg(long, value_name = "KEY", requires = "after")]
    signed_by: Vec<VerifierKey>,
}

impl Init {
    /// Makes the folder, and prints what to give to whom.
    pub(super) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let held = Held::in_files(&self.after, teller)?;
        let not_read = held.not_read.clone();
        let after = self.after(held)?;
        let beginning = Beginning { ledgers: self.ledger, after, signed_by: self.signed_by };
        let keys = FileSigner::create(&self.folder.keys, &beginning, edge::seed()?)?;
        let path = &self.folder.keys;
        let folder = path.canonicalize().unwrap_or_else(|_| path.clone());
        let shown: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let text = format!(
            "signer      {folder}\n\
             public key  {}\n\
             {HAND_OVER}\n\
             Let it serve as a user of its own, whom no writer of the ledger can become:\n  \
             aduan signer serve --keys '{folder}' --socket /run/aduan-signer/socket\n\
             What it signed stands in '{folder}/signed'. Back that file up, apart from the ledger: a signer that\n\
             forgot it must be told the newest checkpoint there is (--after). The private key needs no backup: a new\n\
             one can be drawn, and handed to the auditors anew.",
            shown.join("\n            "),
            folder = folder.display(),
        );
        let told = json!({ "folder": folder.display().to_string(), "keys": shown, "not_read": not_read });
        teller.tell(&told, &text)?;
        Ok(Exit::Done)
    }

    /// What each ledger goes on from.
    fn after(&self, held: Held) -> Result<Vec<SignedCheckpoint>, Failure> {
        if self.after.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(other) = self.unsigned.iter().find(|ledger| !self.ledger.contains(ledger)) {
            let why = format!("--unsigned {other}: it signs for no such ledger, name it with --ledger");
            return Err(Failure::Usage(why));
        }
        let mut newest = held.newest();
        let each = self.ledger.iter().map(|ledger| {
            let last = newest.remove(Origin::of(ledger, 1).key_name());
            self.check_goes_on(ledger, last.as_ref()).map(|()| last)
        });
        each.filter_map(Result::transpose).collect()
    }

    /// A ledger that is forgotten would begin from nothing, and any history of it be signed.
    fn check_goes_on(&self, ledger: &LedgerId, last: Option<&SignedCheckpoint>) -> Result<(), Failure> {
        let why = match (last, self.unsigned.contains(ledger)) {
            (Some(_), false) | (None, true) => return Ok(()),
            (Some(signed), true) => {
                format!("--unsigned {ledger}: --after holds a checkpoint of {} events of it", signed.checkpoint().size)
            }
            (None, false) => format!(
                "--after holds no checkpoint of {ledger}: give the newest there is, or say that nothing was ever signed \
                 for it (--unsigned {ledger})"
            ),
        };
        Err(Failure::Usage(why))
    }
}

const HAND_OVER: &str = "\
Give the public key to whoever audits the ledger by a way of its own: on paper, read out and compared. Not by the
portal or the database: who can write there could give them another one.";
