//! Whose ledger it is: where its store and vault lie, and which rules bind it.

use std::ffi::{OsStr, OsString};
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
use aduan::store::{Attestations, KeyVault, Store};
use aduan::values::LedgerId;
use aduan_memory::{MemoryStore, MemoryVault};
use aduan_sqlite::{OpenError, SqliteStore};
use aduan_vault::FileVault;
use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Args, Command};

use crate::answer::{Failure, Teller};
use crate::database::Database;
use crate::edge;

/// Store, vault and rules, as the command line names them.
#[derive(Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct Tenant {
    /// Where the ledger is: `sqlite:PATH`, `postgres://USER@HOST/DATABASE?ledger=NAME` (the name may be left out where
    /// there is only one; `sslmode=require` and `sslrootcert=FILE` may follow), or `memory:` for this one run.
    #[arg(
        long,
        global = true,
        env = "ADUAN_STORE",
        hide_env_values = true,
        default_value = "sqlite:aduan.db",
        value_name = "STORE"
    )]
    store: Place,
    /// Where its keys are [default: PATH.vault, and for a ledger in a database NAME.vault, in this folder].
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
    /// In a PostgreSQL database.
    Postgres(Database),
    /// In memory, for one run.
    Memory,
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Place::Sqlite(path.into())),
            Some(("memory", "")) => Ok(Place::Memory),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Place::Postgres(text.parse()?)),
            _ => Err("a store is sqlite:PATH, postgres://USER@HOST/DATABASE?ledger=NAME or memory:".into()),
        }
    }
}

/// Reads a [`Place`]. Unlike clap's own reader it does not repeat what it cannot read: there may be a password in it.
#[derive(Clone)]
pub(crate) struct PlaceReader;

impl ValueParserFactory for Place {
    type Parser = PlaceReader;
    fn value_parser() -> PlaceReader {
        PlaceReader
    }
}

impl TypedValueParser for PlaceReader {
    type Value = Place;
    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Place, clap::Error> {
        let of = argument.map_or(String::new(), |argument| format!("{argument}: "));
        let read = value.to_str().ok_or_else(|| "a store is UTF-8".to_owned()).and_then(str::parse);
        read.map_err(|why| clap::Error::raw(ErrorKind::ValueValidation, format!("{of}{why}\n")).with_cmd(command))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres(database) => database.fmt(f),
            Place::Memory => f.write_str("memory:"),
        }
    }
}

/// A store that was opened to read, and what is to be told of it.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    /// What signers attested of it.
    pub(crate) attestations: Arc<dyn Attestations>,
    /// A guard that was dropped or altered, if there is one.
    pub(crate) altered: Option<String>,
    /// What is not wrong but unwise.
    pub(crate) warnings: Vec<String>,
}

/// A store that was opened to write.
pub(crate) struct Written {
    pub(crate) store: Arc<dyn Store>,
    /// What signers attested of it.
    pub(crate) attestations: Arc<dyn Attestations>,
}

impl Written {
    fn of<S: Store + Attestations + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Written { store: store.clone(), attestations: store }
    }
}

impl Opened {
    fn of<S: Store + Attestations + 'static>(store: Arc<S>, altered: Option<String>, warnings: Vec<String>) -> Self {
        Opened { store: store.clone(), attestations: store, altered, warnings }
    }
}

impl Place {
    /// The place, and this ledger there where it may hold several.
    pub(crate) fn naming(&self, ledger: &LedgerId) -> Self {
        match self {
            Place::Postgres(database) => Place::Postgres(database.naming(ledger)),
            Place::Sqlite(_) | Place::Memory => self.clone(),
        }
    }

    /// The store there, to read only: beside whoever writes.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) async fn reader(&self) -> Result<Opened, Failure> {
        Ok(match self {
            Place::Sqlite(path) => {
                let store = SqliteStore::open_read_only(path)?;
                let altered = store.altered_object().map(str::to_owned);
                Opened::of(Arc::new(store), altered, Vec::new())
            }
            Place::Postgres(database) => {
                let connected = database.connect().await?;
                let store = connected.open_read_only(&database.which(&connected).await?).await?;
                let (altered, warnings) = (store.altered_object().map(str::to_owned), connected.warnings().to_vec());
                Opened::of(Arc::new(store), altered, warnings)
            }
            Place::Memory => Opened::of(in_memory()?.0, None, Vec::new()),
        })
    }

    /// The store there, to write, made where it is missing.
    ///
    /// # Errors
    /// When another process writes, or it is for another ledger, or it can be neither opened nor made.
    pub(crate) async fn create_writer(&self, ledger: &LedgerId, teller: Teller) -> Result<Written, Failure> {
        Ok(match self {
            Place::Sqlite(path) => Written::of(SqliteStore::create(path, ledger).map_err(|error| match error {
                // Nothing is broken, and nothing failed: another place was meant.
                OpenError::OtherLedger { .. } => Failure::Usage(format!("{self}: {error}")),
                error => error.into(),
            })?),
            Place::Postgres(database) => {
                if let Some(other) = database.named().filter(|named| *named != ledger) {
                    return Err(Failure::Usage(format!("{self}: it names the ledger {other}, not {ledger}")));
                }
                let (connected, _) = database.connect_and_migrate().await?;
                warn_of(connected.warnings(), teller);
                Written::of(connected.create(ledger).await?)
            }
            Place::Memory => Written::of(MemoryStore::new(ledger.clone())),
        })
    }

    /// The store there, to add to what signers attested of it.
    ///
    /// # Errors
    /// When another process writes to it, or it cannot be opened.
    pub(crate) async fn attestations_writer(&self, teller: Teller) -> Result<Arc<dyn Attestations>, Failure> {
        Ok(match self {
            Place::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
            Place::Postgres(database) => {
                let connected = database.connect().await?;
                warn_of(connected.warnings(), teller);
                Arc::new(connected.open(&database.which(&connected).await?).await?)
            }
            Place::Memory => in_memory()?.0,
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

    /// Where the vault of a ledger in a database is.
    pub(crate) fn vault_of_ledger(&self, ledger: &LedgerId) -> PathBuf {
        // A name may hold what leads out of this folder.
        self.vault.clone().unwrap_or_else(|| format!("{}.vault", ledger.as_str().replace(['/', '\\'], "-")).into())
    }

    /// Where the vault of the ledger in that place is; memory tells only what was said.
    pub(crate) fn vault_of(&self, place: &Place, ledger: &LedgerId) -> Option<PathBuf> {
        match place {
            Place::Sqlite(path) => Some(self.vault_path(path)),
            Place::Postgres(_) => Some(self.vault_of_ledger(ledger)),
            Place::Memory => self.vault.clone(),
        }
    }

    /// An engine that writes. What is unwise about its store is told.
    ///
    /// # Errors
    /// When another process writes, or store, vault or rules cannot be opened.
    pub(crate) async fn engine(&self, teller: Teller) -> Result<Engine, Failure> {
        let rules = self.rules()?;
        Ok(match &self.store {
            Place::Sqlite(path) => {
                let store = SqliteStore::open(path)?;
                let vault = FileVault::open(self.vault_path(path))?;
                Engine::new(Arc::new(store), Arc::new(vault), rules)
            }
            Place::Postgres(database) => {
                let connected = database.connect().await?;
                let ledger = database.which(&connected).await?;
                warn_of(connected.warnings(), teller);
                let store = connected.open(&ledger).await?;
                let vault = FileVault::open(self.vault_of_ledger(&ledger))?;
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
        Ok(self.store.reader().await?.store)
    }

    /// An engine that only reads. Only `with_vault` does it open sealed values.
    ///
    /// # Errors
    /// When store or vault cannot be opened.
    pub(crate) async fn reading_engine(&self, store: Arc<dyn Store>, with_vault: bool) -> Result<Engine, Failure> {
        let vault: Arc<dyn KeyVault> =
            if with_vault { self.reading_vault(&*store)? } else { Arc::new(MemoryVault::new(edge::seed()?)) };
        Ok(Engine::new(store, vault, self.rules()?))
    }

    /// The vault of a ledger; memory has none to open.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn reading_vault(&self, store: &dyn Store) -> Result<Arc<dyn KeyVault>, Failure> {
        let file = self.vault_of(&self.store, store.id());
        Ok(match (&self.store, file) {
            (Place::Sqlite(_) | Place::Postgres(_), Some(file)) => Arc::new(FileVault::open(file)?),
            _ => Arc::new(MemoryVault::new(edge::seed()?)),
        })
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

/// Tells what is unwise about a store that is written to.
pub(crate) fn warn_of(warnings: &[String], teller: Teller) {
    warnings.iter().for_each(|warning| teller.warn(warning));
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
