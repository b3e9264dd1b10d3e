//! `import`: complaints of another system, row by row, with honest provenance.

mod columns;
mod csv;
mod degrees;
mod georeport;
pub(crate) mod map;
mod rejects;
mod story;
pub(crate) mod times;
pub(crate) mod xes;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command};
use aduan::complaint::Rejection;
use aduan::engine::{Engine, Error, Receipt};
use aduan::event::Fact;
use aduan::values::{ComplaintId, SourceName};
use clap::Args;
use serde::Serialize;
use tokio::task::JoinHandle;

use self::map::{Format, Map};
use self::rejects::Rejects;
use self::story::{Name, Story};
use crate::answer::{Exit, Failure, Teller};
use crate::edge::{self, Instant, Stopwatch};
use crate::progress::Progress;
use crate::tenant::{Tenant, beside};

/// What `import` is told.
#[derive(Args)]
pub(crate) struct ImportFile {
    /// The file: CSV with a header, a GeoReport v2 JSON array, or an event log in XES.
    file: PathBuf,
    /// Which column is what, and which activity: TOML. Only a log that `export --format xes` wrote needs none.
    #[arg(long, value_name = "MAP.toml")]
    map: Option<PathBuf>,
    /// Where rows that were not taken go, with the reason [default: FILE.rejects.csv].
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// A row of a source: where it stands, how it looked, what it says.
pub(crate) struct Row {
    /// From 1.
    pub(crate) number: u64,
    /// How far into the file it reaches.
    pub(crate) reached: u64,
    /// As it stood, for the rejects file.
    pub(crate) raw: Vec<Vec<u8>>,
    /// What it says, or why it cannot be read.
    pub(crate) told: Result<Tale, String>,
}

/// What a row of a source says.
pub(crate) enum Tale {
    /// Column by column.
    Columns(Box<columns::Told>),
    /// Event by event.
    Trace(Box<aduan_exchange::xes::Trace>),
}

/// A file that is read row by row.
pub(crate) trait Source {
    /// The columns of [`Row::raw`].
    fn header(&self) -> &[Vec<u8>];
    /// How long the file is, and in what unit; that of [`Row::reached`].
    fn length(&self) -> (u64, &'static str);
    /// The next row.
    ///
    /// # Errors
    /// When the file cannot be read on.
    fn next_row(&mut self) -> Result<Option<Row>, Failure>;
}

/// What an import did.
#[derive(Default, Serialize)]
struct Tally {
    /// Rows that were read.
    rows: u64,
    /// Complaints that are new.
    complaints: u64,
    /// Events that are new.
    events: u64,
    /// Rows that added nothing, since all of it was known.
    known: u64,
    /// Rows that were not taken.
    rejects: u64,
    /// Where they are, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects_file: Option<String>,
    /// How long it took.
    seconds: f64,
}

impl ImportFile {
    /// Brings in what can be read and is lawful; the rest goes to the rejects file. Twice adds nothing.
    ///
    /// # Errors
    /// When files or ledger cannot be opened, or the store fails midway. Importing again goes on from there.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let stopwatch = Stopwatch::start();
        let map = xes::map_or_ours(self.map.as_deref(), &self.file)?;
        let mut source: Box<dyn Source> = match map.format {
            Format::Csv => Box::new(csv::CsvRows::open(&self.file, &map)?),
            Format::GeoreportJson => Box::new(georeport::Requests::open(&self.file, &map)?),
            Format::Xes => Box::new(xes::Cases::open(&self.file)?),
            Format::EventCsv => {
                return Err(Failure::Usage("an event log in CSV can be judged by `conform`, not imported".into()));
            }
        };
        let rejects = self.rejects.clone().unwrap_or_else(|| beside(&self.file, ".rejects.csv"));
        let same_file =
            |a: &Path, b: &Path| a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b));
        if same_file(&rejects, &self.file) {
            return Err(Failure::Usage("the rejects file is the file to import".into()));
        }
        let batch = self.file.file_name().and_then(|name| SourceName::new(name.to_str()?).ok());
        let batch = batch.ok_or_else(|| Failure::Usage("the name of the file is not fit for a batch".into()))?;
        let mut run = Run {
            engine: Arc::new(tenant.engine(teller).await?),
            source: map.source.clone().unwrap_or_else(|| batch.clone()),
            batch,
            rejects: Rejects::new(rejects, self.rejects.is_none(), source.header(), map.delimiter),
            map,
            flying: VecDeque::new(),
            touched: BTreeSet::new(),
            tally: Tally::default(),
        };
        let (length, unit) = source.length();
        let progress = Progress::start(teller, length, unit);
        while let Some(row) = source.next_row()? {
            progress.at(row.reached);
            run.take(row).await?;
        }
        run.land_all().await?;
        drop(progress);
        let mut tally = run.tally;
        tally.rejects_file = run.rejects.finish()?.map(|path| path.display().to_string());
        tally.seconds = stopwatch.seconds();
        teller.tell(&tally, &tally.to_string())?;
        let took_none = tally.rows > 0 && tally.rejects == tally.rows;
        Ok(if took_none { Exit::Refused } else { Exit::Done })
    }
}

/// An import on its way. Several rows are under way at once, so that the store commits them together.
struct Run {
    engine: Arc<Engine>,
    map: Map,
    source: SourceName,
    batch: SourceName,
    rejects: Rejects,
    /// In the order of the file.
    flying: VecDeque<Flying>,
    /// Complaints that rows under way belong to: two rows of one complaint follow each other.
    touched: BTreeSet<ComplaintId>,
    tally: Tally,
}

struct Flying {
    row: u64,
    raw: Vec<Vec<u8>>,
    flight: Flight,
}

enum Flight {
    /// Handed to the engine.
    Handed { complaint: ComplaintId, task: JoinHandle<Result<Receipt, Error>> },
    /// Not readable: only waits for its turn in the rejects file.
    Unreadable(String),
}

impl Run {
    async fn take(&mut self, row: Row) -> Result<(), Failure> {
        self.tally.rows += 1;
        let Row { number, raw, told, .. } = row;
        let flight = match told.and_then(|told| Story::of(told, &self.map)) {
            Ok(story) => self.launch(number, story).await?,
            Err(why) => Flight::Unreadable(why),
        };
        while self.flying.len() >= MOST_FLYING {
            self.land_first().await?;
        }
        self.flying.push_back(Flying { row: number, raw, flight });
        Ok(())
    }

    async fn launch(&mut self, row: u64, story: Story) -> Result<Flight, Failure> {
        let seed = edge::seed()?;
        let complaint = match &story.name {
            Name::Reference { channel, reference } => self.engine.complaint_id(channel, reference).await?,
            Name::Complaint(complaint) => *complaint,
        };
        while !self.touched.insert(complaint) {
            self.land_first().await?;
        }
        let at = Instant::now().in_zone(self.map.zone);
        let [id, other_id] = story.command_ids(&self.source, complaint, &self.batch, row);
        let import = story.into_import(self.source.clone(), self.batch.clone(), row);
        let request = ClearRequest::new(id, at, Actor::new(Role::Migrator), Command::Import(import), seed);
        let engine = Arc::clone(&self.engine);
        let task = tokio::spawn(async move {
            match engine.handle(complaint, request.clone()).await {
                // The same last step, but another row, batch or history before it: known steps add nothing.
                Err(Error::Rejected(Rejection::CommandIdReused)) => {
                    engine.handle(complaint, ClearRequest { id: other_id, ..request }).await
                }
                other => other,
            }
        });
        Ok(Flight::Handed { complaint, task })
    }

    /// Waits for the row that has been under way longest.
    async fn land_first(&mut self) -> Result<(), Failure> {
        let Some(Flying { row, raw, flight }) = self.flying.pop_front() else { return Ok(()) };
        let landed = match flight {
            Flight::Unreadable(why) => return self.reject(row, &why, &raw),
            Flight::Handed { complaint, task } => {
                self.touched.remove(&complaint);
                task.await.map_err(|error| Failure::Failed(format!("row {row}: {error}")))?
            }
        };
        match landed {
            Ok(receipt) => {
                self.count(&receipt);
                Ok(())
            }
            Err(Error::Rejected(rejection)) => self.reject(row, &rejection.to_string(), &raw),
            Err(error) => Err(match Failure::from(error) {
                Failure::Corrupt(why) => Failure::Corrupt(format!("row {row}: {why}")),
                other => Failure::Failed(format!("row {row}: {other}; import again to go on, it adds nothing twice")),
            }),
        }
    }

    async fn land_all(&mut self) -> Result<(), Failure> {
        while !self.flying.is_empty() {
            self.land_first().await?;
        }
        Ok(())
    }

    fn reject(&mut self, row: u64, why: &str, raw: &[Vec<u8>]) -> Result<(), Failure> {
        self.tally.rejects += 1;
        self.rejects.add(row, why, raw)
    }

    fn count(&mut self, receipt: &Receipt) {
        if receipt.repeated {
            self.tally.known += 1;
            return;
        }
        self.tally.events += receipt.events.len() as u64;
        let is_new = receipt.events.iter().any(|event| matches!(event.fact, Fact::Received(_)));
        self.tally.complaints += u64::from(is_new);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "rows        {}", self.rows)?;
        writeln!(f, "complaints  {}", self.complaints)?;
        writeln!(f, "events      {}", self.events)?;
        writeln!(f, "known       {}", self.known)?;
        writeln!(f, "rejects     {}", self.rejects)?;
        if let Some(file) = &self.rejects_file {
            writeln!(f, "            in {file}, with the reason")?;
        }
        write!(f, "seconds     {:.2}", self.seconds)
    }
}

const MOST_FLYING: usize = 256;
