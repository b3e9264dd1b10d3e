//! `init`: a ledger and the vault that holds its keys.

use std::path::{Path, PathBuf};

use aduan::store::{KeyVault as _, Log as _};
use aduan::values::LedgerId;
use aduan_sqlite::SqliteStore;
use aduan_vault::{FileVault, FileVaultError};
use clap::Args;
use serde_json::json;

use crate::answer::{Exit, Failure, Teller};
use crate::database::{Database, which_of};
use crate::edge;
use crate::tenant::{Place, Tenant, warn_of};

/// What `init` is told.
#[derive(Args)]
pub(crate) struct Init {
    /// The name of the ledger; every record's hash covers it [default: aduan; in a database with a ledger, that one].
    #[arg(long)]
    ledger: Option<LedgerId>,
}

impl Init {
    /// Makes what is missing, and says what to keep.
    ///
    /// # Errors
    /// When store or vault cannot be made, or a ledger has lost its vault.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        match tenant.place() {
            Place::Sqlite(path) => self.file(path, tenant, teller).await?,
            Place::Postgres(database) => self.database(database, tenant, teller).await?,
            Place::Memory => {
                let text = "A ledger in memory makes itself, lasts for one run, and leaves nothing behind.";
                teller.tell(&json!({ "store": "memory:" }), text)?;
            }
        }
        Ok(Exit::Done)
    }

    async fn file(self, path: &Path, tenant: &Tenant, teller: Teller) -> Result<(), Failure> {
        let ledger = self.ledger.map_or_else(usual_name, Ok)?;
        let vault = tenant.vault_path(path);
        let store = SqliteStore::create(path, &ledger)?;
        let is_new = store.head().await?.position == 0;
        let vault = make_vault(vault, &ledger, is_new).await?;
        let (store, vault) = (store.path().display(), vault.display());
        let text = format!(
            "ledger  {ledger}\n\
             store   {store}\n\
             vault   {vault}\n\
             {VAULT}\n\
             A backup is both files, kept apart; copy the store not with cp, but with\n  \
             sqlite3 '{store}' \".backup 'COPY.db'\""
        );
        let told = json!({
            "ledger": ledger,
            "store": store.to_string(),
            "vault": vault.to_string(),
            "backup": "both files; without the vault the texts are lost",
        });
        teller.tell(&told, &text)
    }

    async fn database(self, database: &Database, tenant: &Tenant, teller: Teller) -> Result<(), Failure> {
        let (connected, steps) = database.connect_and_migrate().await?;
        warn_of(connected.warnings(), teller);
        let there = connected.ledgers().await?;
        let ledger = self.ledger_of(database, &there)?;
        // The vault first: a ledger that is there has one somewhere, and with another's keys nobody could read on.
        let is_new = !there.contains(&ledger);
        let vault = make_vault(tenant.vault_of_ledger(&ledger), &ledger, is_new).await?;
        let is_ours = connected.add(&ledger).await?;
        if is_new && !is_ours {
            return Err(Failure::Failed(format!(
                "somebody else made ledger {ledger} at the same moment, with another vault than {}: use theirs",
                vault.display()
            )));
        }
        let tables = if steps.is_empty() { "were there".to_owned() } else { format!("made: {}", steps.join(", ")) };
        let (store, vault) = (database.naming(&ledger), vault.display());
        let (application, dumped) = (store.shown_for("aduan_app"), database.shown());
        let text = format!(
            "ledger  {ledger}{}\n\
             store   {store}\n\
             tables  {tables}\n\
             vault   {vault}\n\
             {VAULT}\n\
             Whoever writes to this ledger, from whichever machine, uses this vault.\n\
             From now on log in as aduan_app, or as a member of it: it adds, and cannot change what was recorded.\n\
             It needs a password (ALTER ROLE aduan_app PASSWORD '…') or a certificate, which init does not give it:\n  \
             aduan --store '{application}' --vault '{vault}'\n\
             A backup is the database and the vault, kept apart; of the database with\n  \
             pg_dump --dbname '{dumped}' --format custom --file COPY.dump",
            if is_new { "" } else { " (was there)" },
        );
        let told = json!({
            "ledger": ledger,
            "store": store.to_string(),
            "steps": steps,
            "vault": vault.to_string(),
            "application": application,
            "backup": "pg_dump and the vault; without the vault the texts are lost",
        });
        teller.tell(&told, &text)
    }

    /// The ledger to make. Nobody can remove one, so none is made that may not have been meant.
    fn ledger_of(self, database: &Database, there: &[LedgerId]) -> Result<LedgerId, Failure> {
        match (self.ledger, database.named(), there) {
            (Some(asked), Some(named), _) if asked != *named => {
                Err(Failure::Usage(format!("{database} names another ledger than --ledger {asked}")))
            }
            (Some(asked), _, _) => Ok(asked),
            (None, Some(named), _) => Ok(named.clone()),
            (None, None, []) => usual_name(),
            (None, None, [only]) => Ok(only.clone()),
            (None, None, several) => Err(which_of(database, several)),
        }
    }
}

/// Makes a vault for a ledger, or adds its secret to one, if no other can have been used; where it lies.
async fn make_vault(path: PathBuf, ledger: &LedgerId, is_new: bool) -> Result<PathBuf, Failure> {
    let lost = |why: &str| {
        let bring_it = "another one would not open its texts: bring it back from a backup, or say --vault where it is";
        Err(Failure::Failed(format!("the vault of ledger {ledger}, {}, {why}; {bring_it}", path.display())))
    };
    match (path.exists(), is_new) {
        (false, false) => return lost("is missing"),
        (false, true) => drop(FileVault::create(&path, ledger, edge::seed()?)?),
        (true, false) if FileVault::open(&path)?.ledger_secret(ledger).await.is_err() => {
            return lost("has keys of other ledgers only");
        }
        (true, false) => {}
        (true, true) => match FileVault::open(&path)?.add_ledger(ledger, edge::seed()?) {
            Ok(()) | Err(FileVaultError::LedgerExists) => {}
            Err(error) => return Err(error.into()),
        },
    }
    Ok(path.canonicalize().unwrap_or(path))
}

fn usual_name() -> Result<LedgerId, Failure> {
    LedgerId::new("aduan").map_err(|error| Failure::Usage(error.to_string()))
}

const VAULT: &str = "The vault holds the keys: without it every name, contact and text in the ledger is lost for good.";
