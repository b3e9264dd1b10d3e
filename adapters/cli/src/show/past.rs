//! An event as history shows it: sealed values stay sealed unless somebody means to open them.

use std::collections::BTreeMap;
use std::fmt;

use aduan::engine::{Engine, Error, Recorded};
use aduan::event::Event;
use aduan::sealed::Clear;
use aduan::values::{ComplaintId, Moment};
use serde_json::{Map, Value, json};

use crate::answer::Failure;

/// An event with what is to be shown of its sealed values.
pub(crate) struct Happening<'a> {
    /// The event and its record.
    pub(crate) recorded: &'a Recorded,
    /// Its sealed values.
    pub(crate) texts: Texts,
}

/// Sealed values of an event.
pub(crate) enum Texts {
    /// As they lie.
    Sealed,
    /// Opened, by field.
    Open(BTreeMap<String, Clear>),
    /// No longer readable.
    Lost,
}

impl Texts {
    /// Opens the sealed values of an event. What the vault cannot open is shown as unreadable, and the rest goes on.
    ///
    /// # Errors
    /// When a box is missing or altered.
    pub(crate) async fn open(engine: &Engine, id: ComplaintId, event: &Event) -> Result<Self, Failure> {
        if event.fact.boxes().is_empty() {
            return Ok(Texts::Open(BTreeMap::new()));
        }
        match engine.reveal(id, event).await {
            Ok(opened) => {
                Ok(Texts::Open(opened.into_iter().map(|(field, clear)| (field.to_string(), clear)).collect()))
            }
            Err(Error::Unavailable(_)) => Ok(Texts::Lost),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the vault could not open them.
    pub(crate) fn are_lost(&self) -> bool {
        matches!(self, Texts::Lost)
    }

    fn shown(&self, field: &str) -> &str {
        match self {
            Texts::Sealed => "[sealed]",
            Texts::Lost => "[unreadable]",
            Texts::Open(texts) => texts.get(field).map_or("[sealed]", Clear::reveal),
        }
    }
}

impl Happening<'_> {
    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        let Recorded { event, record } = self.recorded;
        let context = &event.context;
        json!({
            "sequence": record.sequence,
            "event_id": event.id(),
            "event": event.fact.name(),
            "occurred_at": told_time(event.occurred_at),
            "recorded_at": told_time(Moment { at: event.recorded_at(), zone: event.occurred_at.zone }),
            "by": context.actor(),
            "on_behalf": context.on_behalf,
            "command": context.command,
            "causation": context.causation,
            "correlation": context.correlation,
            "policy": context.policy,
            "calendar": context.calendar,
            "directory": context.directory,
            "provenance": event.provenance,
            "record_hash": record.hash,
            "fact": self.fact(),
        })
    }

    /// The fact's own fields, sealed values as they are to be shown.
    fn fact(&self) -> Value {
        let event = &self.recorded.event;
        let mut fields = match serde_json::to_value(&event.fact) {
            Ok(Value::Object(mut named)) => named.remove(event.fact.name()),
            _ => None,
        };
        if let Some(Value::Object(fields)) = &mut fields {
            for (field, _) in event.fact.boxes() {
                fields.insert(field.to_owned(), self.texts.shown(field).into());
            }
            // Of no use to a reader.
            fields.remove("secret");
        }
        fields.unwrap_or(Value::Object(Map::new()))
    }
}

impl fmt::Display for Happening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Recorded { event, record } = self.recorded;
        let context = &event.context;
        write!(f, "{:>4}  {}  {}  {:?}", record.sequence, event.occurred_at, event.fact.name(), context.role)?;
        if let Some(agency) = &context.agency {
            write!(f, " of {agency}")?;
        }
        match &event.provenance {
            aduan::event::Provenance::Imported { source, row, inferred, .. } => {
                write!(f, "  (from {source}, row {row}{})", if *inferred { ", inferred" } else { "" })?;
            }
            aduan::event::Provenance::Native => {}
        }
        if let Value::Object(fields) = self.fact() {
            for (name, value) in fields.iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str())) {
                let value = match value {
                    Value::String(text) => text.replace('\n', "\n                  "),
                    other => other.to_string(),
                };
                write!(f, "\n        {name}: {value}")?;
            }
        }
        Ok(())
    }
}

fn told_time(at: Moment) -> Value {
    json!({ "at": at.to_string(), "zone": at.zone })
}

/// What only programs read.
const HIDDEN: [&str; 2] = ["clocks", "reference_mac"];
