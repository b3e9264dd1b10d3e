//! The aggregate shell: cqrs-es's traits over our rules and any ledger, so that its own tools work.
//!
//! Nothing of the engine goes this way; a test holds both ways equal.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use cqrs_es::{Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore};
use serde_json::Value;

use crate::command::SealedRequest;
use crate::complaint::{Complaint, Decision, Rejection};
use crate::event::{EVENT_VERSION, Event};
use crate::record::{BrokenRecord, Record, genesis};
use crate::rules::Rules;
use crate::store::{Append, AppendPart, Ledger, Outcome, StoreError};
use crate::values::{ComplaintId, Digest, Version};

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        self.fact.name().to_owned()
    }
    fn event_version(&self) -> String {
        EVENT_VERSION.to_owned()
    }
}

impl Aggregate for Complaint {
    const TYPE: &'static str = "complaint";
    type Command = SealedRequest;
    type Event = Event;
    type Error = Rejection;
    type Services = Rules;

    /// Decides, then writes to the sink with a scratch copy: the sink applies each event to what it is
    /// given, and the store would apply it again.
    async fn handle(&mut self, request: SealedRequest, rules: &Rules, sink: &EventSink<Self>) -> Result<(), Rejection> {
        if let Decision::Record(events) = self.decide(&request, rules)? {
            let mut scratch = self.clone();
            for event in events {
                sink.write(event, &mut scratch).await;
            }
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        self.evolve(&event);
    }
}

/// Any ledger as an event store of cqrs-es.
///
/// Requests are sealed before they come here, so their boxes must be kept already; a complaint's
/// first event, which issues its key, is written by the [engine](crate::engine::Engine).
pub struct CqrsStore<L> {
    ledger: Arc<L>,
    upcasters: Vec<Box<dyn EventUpcaster>>,
}

impl<L: Ledger> CqrsStore<L> {
    /// An event store over a ledger, reading events of older versions through upcasters.
    pub fn new(ledger: Arc<L>, upcasters: Vec<Box<dyn EventUpcaster>>) -> Self {
        CqrsStore { ledger, upcasters }
    }

    fn envelope(&self, record: &Record) -> Result<EventEnvelope<Complaint>, AggregateError<Rejection>> {
        Ok(EventEnvelope {
            aggregate_id: record.complaint.to_string(),
            sequence: record.sequence as usize,
            payload: upcast(record, &self.upcasters).map_err(unexpected)?,
            metadata: serde_json::from_str(&record.metadata).map_err(unexpected)?,
        })
    }
}

/// A complaint on its way through cqrs-es.
pub struct CqrsContext {
    id: ComplaintId,
    complaint: Complaint,
    version: Version,
    head: Digest,
}

impl AggregateContext<Complaint> for CqrsContext {
    fn aggregate(&mut self) -> &mut Complaint {
        &mut self.complaint
    }
}

impl<L: Ledger> EventStore<Complaint> for CqrsStore<L> {
    type AC = CqrsContext;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<Complaint>>, AggregateError<Rejection>> {
        let loaded = self.ledger.load(complaint_id(id)?, 0).await.map_err(unexpected)?;
        loaded.records.iter().map(|record| self.envelope(record)).collect()
    }

    async fn load_aggregate(&self, id: &str) -> Result<CqrsContext, AggregateError<Rejection>> {
        let id = complaint_id(id)?;
        let mut context =
            CqrsContext { id, complaint: Complaint::default(), version: 0, head: genesis(self.ledger.id(), id) };
        for record in self.ledger.load(id, 0).await.map_err(unexpected)?.records {
            record.check_link(self.ledger.id(), context.version + 1, context.head).map_err(unexpected)?;
            context.complaint.evolve(&upcast(&record, &self.upcasters).map_err(unexpected)?);
            context.version = record.sequence;
            context.head = record.hash;
        }
        Ok(context)
    }

    /// Appends the events of one command. `metadata` adds nothing: an event carries its own context.
    async fn commit(
        &self,
        events: Vec<Event>,
        context: CqrsContext,
        _metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Complaint>>, AggregateError<Rejection>> {
        let CqrsContext { id, version, mut head, .. } = context;
        let Some(command) = events.first().map(|event| event.context.command) else { return Ok(Vec::new()) };
        let mut records = Vec::with_capacity(events.len());
        for (sequence, event) in (version + 1..).zip(&events) {
            let record = Record::write(self.ledger.id(), id, sequence, head, event);
            head = record.hash;
            records.push(record);
        }
        let envelopes = records.iter().map(|record| self.envelope(record)).collect::<Result<_, _>>()?;
        let part = AppendPart { complaint: id, expected: version, records, boxes: Vec::new(), keys: Vec::new() };
        match self.ledger.append(Append::new(command, vec![part])).await {
            Ok(Outcome::Appended { .. }) => Ok(envelopes),
            Ok(Outcome::Conflict) => Err(AggregateError::AggregateConflict),
            Ok(Outcome::Handled { .. }) => Err(AggregateError::UserError(Rejection::CommandIdReused)),
            Err(error @ (StoreError::Overloaded | StoreError::Unavailable(_))) => {
                Err(AggregateError::DatabaseConnectionError(Box::new(error)))
            }
            Err(error) => Err(unexpected(error)),
        }
    }
}

/// Reads a record, through upcasters where it was written in an older version.
///
/// # Errors
/// When no upcaster leads to the version of today, or the result cannot be read.
pub fn upcast(record: &Record, upcasters: &[Box<dyn EventUpcaster>]) -> Result<Event, BrokenRecord> {
    if record.event_version == EVENT_VERSION {
        return record.event();
    }
    let broken = |why: String| BrokenRecord { complaint: record.complaint, sequence: record.sequence, why };
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| broken("holds no JSON".into()));
    let mut event = SerializedEvent {
        aggregate_id: record.complaint.to_string(),
        sequence: record.sequence as usize,
        aggregate_type: Complaint::TYPE.to_owned(),
        event_type: record.event_type.to_string(),
        event_version: record.event_version.to_string(),
        payload: json(&record.payload)?,
        metadata: json(&record.metadata)?,
    };
    for upcaster in upcasters {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            event = upcaster.upcast(event);
        }
    }
    // Only what is read changes; the stored bytes and their hash stay as they are.
    let today = Record {
        event_type: crate::record::intern(&event.event_type),
        event_version: crate::record::intern(&event.event_version),
        payload: event.payload.to_string(),
        metadata: event.metadata.to_string(),
        ..record.clone()
    };
    today.event()
}

fn complaint_id(id: &str) -> Result<ComplaintId, AggregateError<Rejection>> {
    id.parse().map_err(unexpected)
}

fn unexpected(error: impl std::error::Error + Send + Sync + 'static) -> AggregateError<Rejection> {
    AggregateError::UnexpectedError(Box::new(error))
}
