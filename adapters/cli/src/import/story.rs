//! The story of one row: the steps that its source shows, and those they imply.

mod trace;

use aduan::command::{Import, ImportStep, Receive, Step};
use aduan::event::{Class, Classification, Closure, Priority};
use aduan::sealed::Clear;
use aduan::values::{
    AgencyCode, Category, Channel, CommandId, ComplaintId, Coordinates, Digest, InvalidValue, Moment, Score, SourceName,
};

use super::Tale;
use super::columns::{Columns, Told, ToldNote};
use super::degrees::microdegrees;
use super::map::Map;
use super::times::OfDay;

/// A complaint's history as a row tells it.
pub(crate) struct Story {
    /// By what it is known.
    pub(crate) name: Name,
    steps: Vec<ImportStep<Clear>>,
}

/// By what a complaint is known to a source.
pub(crate) enum Name {
    /// By the source's own number of it.
    Reference {
        /// The way it came.
        channel: Channel,
        /// The number.
        reference: Clear,
    },
    /// By the id it had in another ledger, which it keeps.
    Complaint(ComplaintId),
}

impl Story {
    /// The story that a row tells, read by a map.
    ///
    /// # Errors
    /// Why the row cannot be read, without its words.
    pub(crate) fn of(tale: Tale, map: &Map) -> Result<Self, String> {
        match tale {
            Tale::Columns(told) => Story::of_columns(*told, map),
            Tale::Trace(trace) => trace::story(&trace, map),
        }
    }

    fn of_columns(told: Told, map: &Map) -> Result<Self, String> {
        let Told { mut values, notes, is_duplicate, closed_if_so } = told;
        let reference = values.reference.as_deref().map(Clear::new).ok_or("reference: is missing")?;
        let channel = values.channel.as_deref().unwrap_or(UNKNOWN_CHANNEL);
        let channel = Channel::new(channel).map_err(said)?;
        let received = time(map, "received", values.received.as_deref(), OfDay::Start)?;
        let received = received.ok_or("received: is missing")?;
        let notes = notes.into_iter().map(|note| dated(note, map)).collect::<Result<Vec<_>, _>>()?;
        // A source may note something before it calls the request opened: then it had it already.
        let received = notes.iter().map(|(at, _)| *at).chain([received]).min_by_key(|at| at.at).unwrap_or(received);
        if values.closed.is_none() && values.status.as_deref().is_some_and(|status| map.is_closed(status)) {
            values.closed = closed_if_so;
        }
        let closing = closing(&values, map, is_duplicate)?;

        let mut steps = Steps::begin(received, receive(&values, map, &reference, &channel)?);
        steps.infer_verification(&values, closing.as_ref())?;
        if let Some(officer) = &values.officer {
            steps.show(received, Step::Note { kind: name("officer")?, text: Some(Clear::new(officer)) });
        }
        for (at, step) in notes {
            steps.show(at, step);
        }
        if let Some(Closing { at, closure, text }) = closing {
            if let Closure::Resolved { outcome, .. } = closure {
                steps.infer(at, Step::Respond { outcome, text: None });
            }
            steps.show(at, Step::Close { closure, text });
        }
        if let Some(rating) = &values.rating {
            steps.rate(rating)?;
        }
        Ok(Story { name: Name::Reference { channel, reference }, steps: steps.in_order() })
    }

    /// The command's id follows from source, reference, last step and its time, so that importing twice is one command.
    ///
    /// The reference enters as the complaint's id, which is keyed: nobody can guess references from command ids.
    /// The second id tells the same last step apart where row, batch or the steps before it differ.
    pub(crate) fn command_ids(
        &self,
        source: &SourceName,
        complaint: ComplaintId,
        batch: &SourceName,
        row: u64,
    ) -> [CommandId; 2] {
        let (step, at) =
            self.steps.last().map_or(("", 0), |last| (last.step.fact_name(), last.occurred_at.at.timestamp_micros()));
        let (at, row, count) = (at.to_be_bytes(), row.to_be_bytes(), self.steps.len().to_be_bytes());
        let parts = [source.as_str().as_bytes(), complaint.0.as_bytes(), step.as_bytes(), &at];
        let more = [batch.as_str().as_bytes(), &row, &count];
        let id = |parts: &[&[u8]]| {
            let Digest(digest) = Digest::of_parts("aduan/import/v1\n", parts);
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
        };
        [id(&parts), id(&[&parts[..], &more[..]].concat())]
    }

    /// The command's body.
    pub(crate) fn into_import(self, source: SourceName, batch: SourceName, row: u64) -> Import<Clear> {
        Import { batch, row, source, steps: self.steps }
    }
}

/// How a source says that it ended.
struct Closing {
    at: Moment,
    closure: Closure,
    text: Option<Clear>,
}

/// Steps in the making: the first ones at the receipt, the others by time.
struct Steps {
    received: Moment,
    first: Vec<ImportStep<Clear>>,
    later: Vec<ImportStep<Clear>>,
}

impl Steps {
    fn begin(received: Moment, step: Step<Clear>) -> Self {
        Steps { received, first: vec![ImportStep { inferred: false, occurred_at: received, step }], later: Vec::new() }
    }

    /// Whoever has a category, an agency or an answer has been verified; whoever has an agency was disposed.
    fn infer_verification(&mut self, values: &Columns, closing: Option<&Closing>) -> Result<(), String> {
        let is_answered = closing.is_some_and(|closing| matches!(closing.closure, Closure::Resolved { .. }));
        if values.category.is_none() && values.agency.is_none() && !is_answered {
            return Ok(());
        }
        let category = Category::new(values.category.as_deref().unwrap_or(UNKNOWN_CATEGORY)).map_err(said)?;
        let classification = Classification { category, class: Class::Complaint, priority: Priority::Normal };
        self.infer_first(Step::Verify { classification });
        if let Some(agency) = &values.agency {
            self.infer_first(Step::Dispose { to: AgencyCode::new(agency).map_err(said)? });
        }
        Ok(())
    }

    fn infer_first(&mut self, step: Step<Clear>) {
        self.first.push(ImportStep { inferred: true, occurred_at: self.received, step });
    }

    fn infer(&mut self, occurred_at: Moment, step: Step<Clear>) {
        self.later.push(ImportStep { inferred: true, occurred_at, step });
    }

    fn show(&mut self, occurred_at: Moment, step: Step<Clear>) {
        self.later.push(ImportStep { inferred: false, occurred_at, step });
    }

    /// A rating has no time of its own: it came once the complaint was closed.
    fn rate(&mut self, rating: &str) -> Result<(), String> {
        let whole = rating.strip_suffix(".0").unwrap_or(rating);
        let stars: u8 = whole.parse().map_err(|_| "rating: is no whole number")?;
        let score = Score::try_from(stars).map_err(said)?;
        let closed = self.later.iter().rev().find(|step| matches!(step.step, Step::Close { .. }));
        let at = closed.map_or(self.received, |closed| closed.occurred_at);
        self.show(at, Step::Rate { score });
        Ok(())
    }

    /// What happened at one time stays in the order it was told.
    fn in_order(mut self) -> Vec<ImportStep<Clear>> {
        self.later.sort_by_key(|step| step.occurred_at.at);
        self.first.append(&mut self.later);
        self.first
    }
}

fn receive(values: &Columns, map: &Map, reference: &Clear, channel: &Channel) -> Result<Step<Clear>, String> {
    let sealed = |text: &Option<String>| text.as_deref().map(Clear::new);
    let complaint = Receive {
        contact: sealed(&values.contact),
        coordinates: coordinates(values)?,
        place: sealed(&values.place),
        reference: Some(reference.clone()),
        reporter: sealed(&values.reporter),
        text: sealed(&values.text),
        title: sealed(&values.title),
        ..Receive::by(channel.clone(), Class::Complaint)
    };
    let due = time(map, "due", values.due.as_deref(), OfDay::End)?;
    Ok(Step::Receive { complaint: Box::new(complaint), due })
}

/// A status and a closing time that contradict each other are nothing to guess about.
fn closing(values: &Columns, map: &Map, is_duplicate: bool) -> Result<Option<Closing>, String> {
    let at = time(map, "closed", values.closed.as_deref(), OfDay::End)?;
    match (values.status.as_deref().map(|status| map.is_closed(status)), at) {
        (Some(true), None) => return Err("closed: is missing, though the status says that it is closed".into()),
        (Some(false), Some(_)) => return Err("status: says that it is open, though it has a closing time".into()),
        _ => {}
    }
    let Some(at) = at else { return Ok(None) };
    let closure =
        if is_duplicate { Closure::Duplicate { of: None } } else { map.closures.meant(values.closure.as_deref()) };
    Ok(Some(Closing { at, closure, text: values.closure.as_deref().map(Clear::new) }))
}

fn dated(note: ToldNote, map: &Map) -> Result<(Moment, Step<Clear>), String> {
    let at = time(map, "note", note.at.as_deref(), OfDay::Start)?.ok_or("note: has no time")?;
    Ok((at, Step::Note { kind: name(&note.kind)?, text: note.text.map(Clear::new) }))
}

fn time(map: &Map, column: &str, text: Option<&str>, of_day: OfDay) -> Result<Option<Moment>, String> {
    text.map(|text| map.times.read(text, of_day)).transpose().map_err(|why| format!("{column}: {why}"))
}

fn coordinates(values: &Columns) -> Result<Option<Coordinates>, String> {
    let (latitude, longitude) = match (&values.latitude, &values.longitude) {
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (None, None) => return Ok(None),
        _ => return Err("coordinates: only one of them is there".into()),
    };
    let latitude = microdegrees(latitude).map_err(|why| format!("latitude: {why}"))?;
    let longitude = microdegrees(longitude).map_err(|why| format!("longitude: {why}"))?;
    Coordinates::rounded(latitude, longitude).map(Some).map_err(said)
}

fn name(text: &str) -> Result<SourceName, String> {
    SourceName::new(text).map_err(said)
}

fn said(error: InvalidValue) -> String {
    error.to_string()
}

const UNKNOWN_CATEGORY: &str = "unclassified";
const UNKNOWN_CHANNEL: &str = "unknown";
