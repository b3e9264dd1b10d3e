//! `signer init`: keys drawn, and what their keeper has to do with them.

use std::path::PathBuf;

use aduan::audit::note::VerifierKey;
use aduan::values::LedgerId;
use aduan_signer::{Beginning, FileSigner};
use clap::Args;
use serde_json::json;

use super::Folder;
use crate::answer::{Exit, Failure, Teller};
use crate::edge;
use crate::held::newest_in;

/// What `signer init` is told.
#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    folder: Folder,
    /// A ledger to sign for; may stand more than once. It signs for no other.
    #[arg(long, value_name = "NAME", required = true)]
    ledger: Vec<LedgerId>,
    /// A checkpoint to go on from, the newest there is, where an earlier signer's memory was lost; one for each ledger. Of
    /// a file of several, as a notary appends them, the newest is taken.
    #[arg(long, value_name = "FILE")]
    after: Vec<PathBuf>,
    /// The public key that signed it, where its private key was lost, too.
    #[arg(long, value_name = "KEY", requires = "after")]
    signed_by: Vec<VerifierKey>,
}

impl Init {
    /// Makes the folder, and prints what to give to whom.
    pub(super) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let after = self.after.iter().map(|path| newest_in(path)).collect::<Result<_, _>>()?;
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
        teller.tell(&json!({ "folder": folder.display().to_string(), "keys": shown }), &text)?;
        Ok(Exit::Done)
    }
}

const HAND_OVER: &str = "\
Give the public key to whoever audits the ledger by a way of its own: on paper, read out and compared. Not by the
portal or the database: who can write there could give them another one.";
