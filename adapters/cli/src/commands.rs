//! `do` and `schema`: commands as lines of JSON, each answered with one.

mod bounded;
mod line;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use aduan::engine::{Engine, Error, Receipt};
use aduan::values::{CommandId, Zone};
use clap::Args;
use serde_json::{Value, json};

use self::bounded::{BoundedLines, Piece};
use self::line::{BadLine, Line};
use crate::answer::{Exit, Failure, Teller, tell_json};
use crate::edge::{self, Instant};
use crate::tenant::Tenant;

/// What `do` is told.
#[derive(Args)]
pub(crate) struct Do {
    /// The file of lines [default: standard input].
    file: Option<PathBuf>,
    /// Record at the time each line gives as `at`: for exercises and examples, never for a real ledger.
    #[arg(long)]
    simulate: bool,
}

impl Do {
    /// Does every line in order, whatever became of the one before, and answers each.
    ///
    /// # Errors
    /// When file or ledger cannot be opened, or standard output is closed.
    pub(crate) async fn run(self, tenant: &Tenant, teller: Teller) -> Result<Exit, Failure> {
        let input: Box<dyn BufRead> = match &self.file {
            Some(path) => Box::new(BufReader::new(File::open(path).map_err(|error| Failure::file(path, &error))?)),
            None => Box::new(BufReader::new(io::stdin())),
        };
        let engine = tenant.engine(teller).await?;
        let mut lines = BoundedLines::new(input, LONGEST_LINE);
        let mut worst = Exit::Done;
        let mut number = 0_u64;
        while let Some(piece) = lines.next_line().map_err(|error| Failure::Failed(format!("input: {error}")))? {
            number += 1;
            let refused = match piece {
                Piece::Line(bytes) if bytes.trim_ascii().is_empty() => continue,
                Piece::Line(bytes) => self.do_line(&engine, bytes, number).await,
                Piece::TooLong => Err(Refused { command: None, why: NotDone::Bad(BadLine::too_long(LONGEST_LINE)) }),
            };
            let (answer, exit) = match refused {
                Ok(answer) => (answer, Exit::Done),
                Err(refused) => refused.answer(number),
            };
            tell_json(&answer)?;
            worst = Exit::worse(worst, exit);
        }
        Ok(worst)
    }

    async fn do_line(&self, engine: &Engine, bytes: &[u8], number: u64) -> Result<Value, Refused> {
        let line = Line::parse(bytes).map_err(|bad| Refused { command: None, why: NotDone::Bad(bad) })?;
        let command = match line.id {
            Some(id) => id,
            None => edge::command_id().map_err(Refused::from_failure)?,
        };
        let refused = |why| Refused { command: Some(command), why };
        let receipt = self.handle(engine, line, command).await.map_err(refused)?;
        Ok(json!({ "line": number, "command": command, "receipt": told(&receipt) }))
    }

    async fn handle(&self, engine: &Engine, line: Line, id: CommandId) -> Result<Receipt, NotDone> {
        let zone = line.zone.unwrap_or_else(|| tenant_zone(engine, Instant::now()));
        let now = match line.at {
            Some(_) if !self.simulate => return Err(NotDone::Bad(BadLine::dated())),
            Some(at) => at.in_zone(zone),
            None => Instant::now().in_zone(zone),
        };
        let seed = edge::seed().map_err(|failure| NotDone::Refused(Error::Unavailable(failure.to_string())))?;
        let complaint = line.complaint;
        let request = line.request(id, now, zone, seed);
        let brings_one_in = request.command.received().is_some();
        match complaint {
            Some(complaint) => engine.handle(complaint, request).await.map_err(NotDone::Refused),
            None if brings_one_in => engine.receive(request).await.map_err(NotDone::Refused),
            None => Err(NotDone::Bad(BadLine::nameless())),
        }
    }
}

/// Prints the JSON schema of a line.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn print_schema() -> Result<Exit, Failure> {
    tell_json(&schemars::schema_for!(Line))?;
    Ok(Exit::Done)
}

/// A line that has no receipt, and why.
struct Refused {
    command: Option<CommandId>,
    why: NotDone,
}

enum NotDone {
    /// The line itself is not understood.
    Bad(BadLine),
    /// The engine says no.
    Refused(Error),
}

impl Refused {
    fn from_failure(failure: Failure) -> Self {
        Refused { command: None, why: NotDone::Refused(Error::Unavailable(failure.to_string())) }
    }

    fn answer(&self, number: u64) -> (Value, Exit) {
        let (error, exit) = match &self.why {
            NotDone::Bad(bad) => {
                (json!({ "kind": bad.kind, "message": bad.message, "column": bad.column }), Exit::Refused)
            }
            NotDone::Refused(Error::Rejected(rejection)) => {
                (json!({ "kind": "Rejected", "message": rejection.to_string(), "reason": rejection }), Exit::Refused)
            }
            NotDone::Refused(error) => (json!({ "kind": kind(error), "message": error.to_string() }), Exit::of(error)),
        };
        let mut answer = json!({ "line": number, "error": error });
        if let Some(command) = self.command {
            answer["command"] = json!(command);
        }
        (answer, exit)
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Rejected(_) => "Rejected",
        Error::Contended => "Contended",
        Error::Overloaded => "Overloaded",
        Error::Unknown(_) => "Unknown",
        Error::Unavailable(_) => "Unavailable",
        Error::Corrupt(_) => "Corrupt",
    }
}

fn told(receipt: &Receipt) -> Value {
    let events: Vec<_> = receipt.events.iter().map(|event| event.fact.name()).collect();
    let mut told = json!({
        "complaint": receipt.complaint,
        "version": receipt.version,
        "position": receipt.position,
        "record_hash": receipt.record_hash,
        "repeated": receipt.repeated,
        "events": events,
    });
    if let Some(tracking) = &receipt.tracking {
        let secret = tracking.secret.map(|secret| secret.reveal());
        told["tracking"] = json!({ "number": tracking.number, "secret": secret });
    }
    told
}

fn tenant_zone(engine: &Engine, now: Instant) -> Zone {
    engine.rules().policy_on(now.0.date_naive()).zone
}

/// The body limit of every edge (256 KiB).
const LONGEST_LINE: usize = 256 * 1024;
