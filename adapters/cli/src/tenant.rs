//! Whose ledger it is: where its store and vault lie, and which rules bind it.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use aduan::agency::Directory;
use aduan::calendar::Calendar;
use aduan::engine::Engine;
use aduan::policy::Policy;
use aduan::rules::Rules;
use aduan::store::{KeyVault, Store};
use aduan::values::LedgerId;
use aduan_memory::{MemoryStore, MemoryVault};
use aduan_sqlite::{OpenError, SqliteStore};
use aduan_vault::FileVault;
use clap::Args;

use crate::answer::Failure;
use crate::edge;

/// Store, vault and rules, as the command line names them.
#[derive(Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct Tenant {
    /// Where the ledger is: `sqlite:PATH`, or `memory:` for this one run.
    #[arg(long, global = true, env = "ADUAN_STORE", default_value = "sqlite:aduan.db", value_name = "STORE")]
    store: Place,
    /// Where its keys are [default: the database's path with `.vault` behind it].
    #[arg(long, global = true, env = "ADUAN_VAULT", value_name = "FILE")]
    vault: Option<PathBuf>,
    /// Policies of the tenant, TOML, instead of the built-in ones.
    #[arg(long, global = true, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Calendars, TOML, instead of the built-in one.
    #[arg(long, global = true, value_name = "FILE")]
    calendar: Vec<PathBuf>,
    /// Directories of agencies, TOML, instead of the built-in one.
    #[arg(long, global = true, value_name = "FILE")]
    directory: Vec<PathBuf>,
}

/// Where a ledger is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In memory, for one run.
    Memory,
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Place::Sqlite(path.into())),
            Some(("memory", "")) => Ok(Place::Memory),
            _ => Err("a store is `sqlite:PATH` or `memory:`".into()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Memory => f.write_str("memory:"),
        }
    }
}

impl Place {
    /// The store there, to read only: beside whoever writes.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) async fn reader(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Place::Sqlite(path) => Arc::new(SqliteStore::open_read_only(path)?),
            Place::Memory => in_memory()?.0,
        })
    }

    /// The store there, to write, made where it is missing.
    ///
    /// # Errors
    /// When another process writes, or it holds another ledger, or it can be neither opened nor made.
    pub(crate) async fn create_writer(&self, ledger: &LedgerId) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Place::Sqlite(path) => Arc::new(SqliteStore::create(path, ledger).map_err(|error| match error {
                // Nothing is broken, and nothing failed: another place was meant.
                OpenError::OtherLedger { .. } => Failure::Usage(format!("{self}: {error}")),
                error => error.into(),
            })?),
            Place::Memory => Arc::new(MemoryStore::new(ledger.clone())),
        })
    }

    /// A guard of the store that was dropped or altered, if there is one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) async fn altered_guard(&self) -> Result<Option<String>, Failure> {
        Ok(match self {
            Place::Sqlite(path) => SqliteStore::open_read_only(path)?.altered_object().map(str::to_owned),
            Place::Memory => None,
        })
    }
}

impl Tenant {
    /// Where the ledger is.
    pub(crate) fn place(&self) -> &Place {
        &self.store
    }

    /// Where the vault of the ledger in that file is.
    pub(crate) fn vault_path(&self, database: &Path) -> PathBuf {
        self.vault.clone().unwrap_or_else(|| beside(database, ".vault"))
    }

    /// Where the vault of the ledger in that place is; a place that is no file tells only what was said.
    pub(crate) fn vault_of(&self, place: &Place) -> Option<PathBuf> {
        match place {
            Place::Sqlite(path) => Some(self.vault_path(path)),
            Place::Memory => self.vault.clone(),
        }
    }

    /// An engine that writes.
    ///
    /// # Errors
    /// When another process writes, or store, vault or rules cannot be opened.
    pub(crate) async fn engine(&self) -> Result<Engine, Failure> {
        let rules = self.rules()?;
        Ok(match &self.store {
            Place::Sqlite(path) => {
                let store = SqliteStore::open(path)?;
                let vault = FileVault::open(self.vault_path(path))?;
                Engine::new(Arc::new(store), Arc::new(vault), rules)
            }
            Place::Memory => {
                let (store, vault) = in_memory()?;
                Engine::new(store, vault, rules)
            }
        })
    }

    /// The store, to read only: beside whoever writes.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) async fn reader(&self) -> Result<Arc<dyn Store>, Failure> {
        self.store.reader().await
    }

    /// An engine that only reads. Only `with_vault` does it open sealed values.
    ///
    /// # Errors
    /// When store or vault cannot be opened.
    pub(crate) async fn reading_engine(&self, store: Arc<dyn Store>, with_vault: bool) -> Result<Engine, Failure> {
        let vault: Arc<dyn KeyVault> = match &self.store {
            Place::Sqlite(path) if with_vault => Arc::new(FileVault::open(self.vault_path(path))?),
            _ => Arc::new(MemoryVault::new(edge::seed()?)),
        };
        Ok(Engine::new(store, vault, self.rules()?))
    }

    /// The rules: those built in, or what the files say.
    ///
    /// # Errors
    /// When a file cannot be read, or does not read as what it should be.
    pub(crate) fn rules(&self) -> Result<Rules, Failure> {
        if self.policy.is_empty() && self.calendar.is_empty() && self.directory.is_empty() {
            return Ok(Rules::mojokerto());
        }
        let policies = each(&self.policy, Policy::parse, || vec![Policy::sp4n_2018(), Policy::mojokerto()])?;
        let calendars = each(&self.calendar, Calendar::parse, || vec![Calendar::indonesia()])?;
        let directories = each(&self.directory, Directory::parse, || vec![Directory::mojokerto()])?;
        Rules::new(policies, calendars, directories).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// A file's name with a suffix behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn each<T, E: std::fmt::Display>(
    files: &[PathBuf],
    parse: impl Fn(&str) -> Result<T, E>,
    built_in: impl FnOnce() -> Vec<T>,
) -> Result<Vec<T>, Failure> {
    if files.is_empty() {
        return Ok(built_in());
    }
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        parse(&text).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
    };
    files.iter().map(read).collect()
}

fn in_memory() -> Result<(Arc<MemoryStore>, Arc<MemoryVault>), Failure> {
    let ledger =
        LedgerId::new("memory").map_err(|error: aduan::values::InvalidValue| Failure::Usage(error.to_string()))?;
    Ok((Arc::new(MemoryStore::new(ledger)), Arc::new(MemoryVault::new(edge::seed()?))))
}
