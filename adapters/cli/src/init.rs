//! `init`: a ledger and the vault that holds its keys.

use std::path::Path;

use aduan::store::Log as _;
use aduan::values::LedgerId;
use aduan_sqlite::SqliteStore;
use aduan_vault::{FileVault, FileVaultError};
use clap::Args;
use serde_json::json;

use crate::answer::{Exit, Failure, Teller};
use crate::edge;
use crate::tenant::{Place, Tenant};

/// What `init` is told.
#[derive(Args)]
pub(crate) struct Init {
    /// The name of the ledger; every record's hash covers it.
    #[arg(long, default_value = "aduan")]
    ledger: LedgerId,
}

impl Init {
    /// Makes what is missing, and says what to keep.
    ///
    /// # Errors
    /// When the files cannot be made, or a ledger has lost its vault.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let ledger = &self.ledger;
        let Place::Sqlite(path) = tenant.place() else {
            let text = "A ledger in memory makes itself, lasts for one run, and leaves nothing behind.";
            teller.tell(&json!({ "store": "memory:" }), text)?;
            return Ok(Exit::Done);
        };
        let vault = tenant.vault_path(path);
        let store = SqliteStore::create(path, ledger)?;
        make_vault(&vault, ledger, store.head().await?.position)?;
        let vault = vault.canonicalize().unwrap_or(vault);
        let (store, vault) = (store.path().display(), vault.display());
        let text = format!(
            "ledger  {ledger}\n\
             store   {store}\n\
             vault   {vault}\n\
             The vault holds the keys: without it every name, contact and text in the ledger is lost for good.\n\
             A backup is both files, kept apart; copy the store not with cp, but with\n  \
             sqlite3 '{store}' \".backup 'COPY.db'\""
        );
        let told = json!({
            "ledger": ledger,
            "store": store.to_string(),
            "vault": vault.to_string(),
            "backup": "both files; without the vault the texts are lost",
        });
        teller.tell(&told, &text)?;
        Ok(Exit::Done)
    }
}

fn make_vault(path: &Path, ledger: &LedgerId, position: u64) -> Result<(), Failure> {
    if !path.exists() {
        if position > 0 {
            let why = "is missing, and the ledger has events whose texts only it opens: bring it back from a backup";
            return Err(Failure::Failed(format!("{} {why}", path.display())));
        }
        FileVault::create(path, ledger, edge::seed()?)?;
        return Ok(());
    }
    match FileVault::open(path)?.add_ledger(ledger, edge::seed()?) {
        Ok(()) | Err(FileVaultError::LedgerExists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
