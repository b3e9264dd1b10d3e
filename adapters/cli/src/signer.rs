//! `signer`: what whoever keeps a signer does with it. It touches no ledger: it runs where the ledger's writers do not.

mod init;
mod keep;
mod serve;

use std::path::PathBuf;

use aduan_signer::FileSigner;
use clap::{Args, Subcommand};

use self::init::Init;
use self::keep::{AgreeToFork, Key, Rotate};
use self::serve::Serve;
use crate::answer::{Exit, Failure, Teller};
use crate::edge::Instant;

/// What a signer is asked to do, by whoever keeps it.
#[derive(Subcommand)]
pub(crate) enum SignerVerb {
    /// Make a signer: draw its keys, and print the public ones.
    Init(Init),
    /// Sign for whoever asks, at a socket or over standard input and output, until it is stopped.
    Serve(Serve),
    /// Print the public keys that sign now.
    Key(Key),
    /// Hand over to a new key, and destroy the old one.
    Rotate(Rotate),
    /// Agree that a ledger lost its end, and goes on in a new line.
    AgreeToFork(AgreeToFork),
}

/// Whose folder it is.
#[derive(Args)]
struct Folder {
    /// The folder with the signer's keys and everything it signed.
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
}

impl SignerVerb {
    /// Does it.
    ///
    /// # Errors
    /// When the folder cannot be made, opened or changed, or the rule of a signer forbids it.
    pub(crate) async fn run(self, teller: Teller) -> Result<Exit, Failure> {
        match self {
            SignerVerb::Init(init) => init.run(teller),
            SignerVerb::Serve(serve) => serve.run(teller).await,
            SignerVerb::Key(key) => key.run(teller),
            SignerVerb::Rotate(rotate) => rotate.run(teller),
            SignerVerb::AgreeToFork(agree) => agree.run(teller),
        }
    }
}

impl Folder {
    /// Opens the signer. A note that a crash tore is told of.
    fn open(&self, now: Option<Instant>, teller: Teller) -> Result<FileSigner, Failure> {
        let seconds = move || u64::try_from(now.unwrap_or_else(Instant::now).0.timestamp()).unwrap_or(0);
        let signer = FileSigner::open(&self.keys, seconds)?;
        match signer.torn_bytes() {
            0 => {}
            torn => teller.warn(&format!(
                "{torn} bytes of a note were cut from {}: a crash tore it, and nobody was answered with it",
                self.keys.join("signed").display()
            )),
        }
        Ok(signer)
    }
}
