//! OCEL 2.0 in JSON: events, and the complaints, agencies, officers and channels they are about.
//!
//! Events are written as they come. Complaints, whose attributes change over time, follow in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use aduan::complaint::Complaint;
use aduan::event::{Event, Fact};
use aduan::store::Entry;
use aduan::values::ComplaintId;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::disclosed::{ATTRIBUTES, Disclosed, Kind, snake, utc};
use crate::export::{ExportError, Form};
use crate::grouping::Grouping;
use crate::withheld::Withheld;

/// A document under way.
pub(crate) struct Ocel<W: Write> {
    out: W,
    events: Grouping,
    has_events: bool,
    has_objects: bool,
    agencies: BTreeSet<String>,
    channels: BTreeSet<String>,
    /// Officers with the agencies they acted for.
    officers: BTreeMap<String, BTreeSet<String>>,
}

impl<W: Write> Ocel<W> {
    /// Writes the types.
    pub(crate) fn begin(mut out: W) -> Result<Self, ExportError> {
        out.write_all(b"{\"objectTypes\":")?;
        serde_json::to_writer(&mut out, &object_types())?;
        out.write_all(b",\n\"eventTypes\":")?;
        serde_json::to_writer(&mut out, &event_types())?;
        out.write_all(b",\n\"events\":[")?;
        Ok(Ocel {
            out,
            events: Grouping::new(),
            has_events: false,
            has_objects: false,
            agencies: BTreeSet::new(),
            channels: BTreeSet::new(),
            officers: BTreeMap::new(),
        })
    }

    fn note_objects(&mut self, told: &Disclosed) {
        let agencies = told.agency.iter().chain(&told.cc).map(ToString::to_string);
        let named = AGENCIES.iter().filter_map(|(name, _)| told.attribute(name)).map(ToString::to_string);
        self.agencies.extend(agencies.chain(named));
        self.channels.extend(told.channel.as_ref().map(ToString::to_string));
        if let Some(officer) = &told.officer {
            let works_for = self.officers.entry(officer.to_string()).or_default();
            works_for.extend(told.agency.as_ref().map(ToString::to_string));
        }
    }

    fn write_object(&mut self, object: &Object) -> Result<(), ExportError> {
        self.out.write_all(if std::mem::replace(&mut self.has_objects, true) { b",\n" } else { b"\n" })?;
        Ok(serde_json::to_writer(&mut self.out, object)?)
    }

    fn write_complaints(&mut self, withheld: &Withheld) -> Result<(), ExportError> {
        let mut events = std::mem::replace(&mut self.events, Grouping::new()).finish()?;
        let mut under_way: Option<Life> = None;
        while let Some((complaint, kept)) = events.next()? {
            if under_way.as_ref().is_none_or(|life| life.complaint != complaint)
                && let Some(whole) = under_way.replace(Life::of(complaint))
            {
                self.write_object(&whole.object)?;
            }
            if let Some(life) = &mut under_way {
                life.take(&kept.event, withheld);
            }
        }
        under_way.map_or(Ok(()), |whole| self.write_object(&whole.object))
    }
}

impl<W: Write> Form for Ocel<W> {
    fn take(&mut self, entry: &Entry, event: &Event, withheld: &Withheld) -> Result<(), ExportError> {
        let told = Disclosed::of(entry, event, withheld);
        self.note_objects(&told);
        self.out.write_all(if std::mem::replace(&mut self.has_events, true) { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut self.out, &told_event(&told))?;
        self.events.put(entry, event)
    }

    fn finish(&mut self, withheld: &Withheld) -> Result<(), ExportError> {
        self.out.write_all(b"],\n\"objects\":[")?;
        for (kind, names) in
            [(AGENCY, std::mem::take(&mut self.agencies)), (CHANNEL, std::mem::take(&mut self.channels))]
        {
            for name in names {
                self.write_object(&Object::new(id(kind, &name), kind))?;
            }
        }
        for (officer, agencies) in std::mem::take(&mut self.officers) {
            let mut object = Object::new(id(OFFICER, &officer), OFFICER);
            object.relationships = agencies.iter().map(|agency| link(id(AGENCY, agency), "acts for")).collect();
            self.write_object(&object)?;
        }
        self.write_complaints(withheld)?;
        self.out.write_all(b"]}\n")?;
        Ok(self.out.flush()?)
    }
}

/// An object as the document holds it.
#[derive(Serialize)]
struct Object {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Vec<Change>,
    relationships: Vec<Link>,
}

/// An attribute from a time on.
#[derive(Serialize)]
struct Change {
    name: &'static str,
    time: String,
    value: String,
}

#[derive(Serialize, PartialEq, Eq)]
struct Link {
    #[serde(rename = "objectId")]
    object: String,
    qualifier: &'static str,
}

impl Object {
    fn new(id: String, kind: &'static str) -> Self {
        Object { id, kind, attributes: Vec::new(), relationships: Vec::new() }
    }
}

/// A complaint under way: what of it changed, and when.
struct Life {
    complaint: ComplaintId,
    state: Complaint,
    object: Object,
}

impl Life {
    fn of(complaint: ComplaintId) -> Self {
        let object = Object::new(complaint.to_string(), COMPLAINT);
        Life { complaint, state: Complaint::default(), object }
    }

    fn take(&mut self, event: &Event, withheld: &Withheld) {
        self.state.evolve(event);
        let time = utc(event.occurred_at.at);
        for (name, value) in self.values(event) {
            let known = self.object.attributes.iter().rev().find(|change| change.name == name);
            if known.map_or("", |change| change.value.as_str()) != value {
                self.object.attributes.push(Change { name, time: time.clone(), value });
            }
        }
        self.note_links(event, withheld);
    }

    /// Every attribute that may change, as it stands now: empty where there is nothing, or no more.
    fn values(&self, event: &Event) -> Vec<(&'static str, String)> {
        let Complaint { stage, closure, classification, holding, visibility, level, cycle, .. } = &self.state;
        let mut values = vec![
            ("stage", stage.name().to_owned()),
            ("closure", closure.as_ref().map_or_else(String::new, |closure| closure.name().to_owned())),
            ("class", self.state.class().name().to_owned()),
            ("holder", holding.as_ref().map_or_else(String::new, |holding| holding.agency.to_string())),
            ("visibility", visibility.name().to_owned()),
            ("level", level.number().to_string()),
            ("cycle", cycle.to_string()),
        ];
        if let Some(classification) = classification {
            values.push(("category", classification.category.to_string()));
            values.push(("priority", classification.priority.name().to_owned()));
        }
        if let Some(score) = self.state.rating() {
            values.push(("score", score.stars().to_string()));
        }
        if let Fact::Received(received) = &event.fact {
            values.push(("area", received.area.as_ref().map_or_else(String::new, ToString::to_string)));
            let place = received.coordinates.map(|place| place.microdegrees());
            let degrees = |value: Option<i32>| {
                value.map_or_else(String::new, |value| crate::disclosed::Value::Microdegrees(value).to_string())
            };
            values.push(("latitude", degrees(place.map(|place| place.0))));
            values.push(("longitude", degrees(place.map(|place| place.1))));
        }
        values
    }

    fn note_links(&mut self, event: &Event, withheld: &Withheld) {
        let linked = |complaint: Option<ComplaintId>| complaint.filter(|complaint| !withheld.holds(*complaint));
        let new = match &event.fact {
            Fact::Received(received) => {
                let split = linked(received.split_from).map(|from| link(from.to_string(), "split from"));
                let channel = link(id(CHANNEL, received.channel.as_str()), "came by");
                split.into_iter().chain([channel]).collect()
            }
            Fact::Dispositioned { to, .. } => vec![link(id(AGENCY, to.as_str()), "held by")],
            Fact::Closed { closure: aduan::event::Closure::Duplicate { of }, .. } => {
                linked(*of).map(|of| link(of.to_string(), "duplicate of")).into_iter().collect()
            }
            _ => Vec::new(),
        };
        for link in new {
            if !self.object.relationships.contains(&link) {
                self.object.relationships.push(link);
            }
        }
    }
}

fn told_event(told: &Disclosed) -> Json {
    let attribute = |name: &str, value: &dyn ToString| json!({ "name": name, "value": value.to_string() });
    let mut attributes = vec![
        attribute("step", &told.step.name()),
        attribute("activity", &told.activity),
        attribute("position", &told.position),
        attribute("sequence", &told.sequence),
        attribute("recorded_at", &utc(told.recorded_at.at)),
        attribute("role", &told.role.name()),
        attribute("record_hash", &told.record_hash),
    ];
    if let Some(source) = &told.source {
        attributes.push(attribute("source", source));
        attributes.push(attribute("inferred", &told.inferred));
    }
    attributes.extend(told.attributes.iter().map(|(name, value)| attribute(name, value)));
    attributes.extend(told.clocks_in_one_line().map(|clocks| attribute("clocks", &clocks)));
    json!({
        "id": told.id,
        "type": snake(told.event),
        "time": utc(told.occurred_at.at),
        "attributes": attributes,
        "relationships": relationships(told),
    })
}

fn relationships(told: &Disclosed) -> Vec<Link> {
    let mut links = vec![link(told.complaint.to_string(), "complaint")];
    links.extend(told.agency.as_ref().map(|agency| link(id(AGENCY, agency.as_str()), "acting agency")));
    links.extend(told.officer.as_ref().map(|officer| link(id(OFFICER, officer.as_str()), "officer")));
    links.extend(told.channel.as_ref().map(|channel| link(id(CHANNEL, channel.as_str()), "channel")));
    for (name, qualifier) in AGENCIES {
        links.extend(told.attribute(name).map(|agency| link(id(AGENCY, &agency.to_string()), qualifier)));
    }
    links.extend(told.cc.iter().map(|agency| link(id(AGENCY, agency.as_str()), "in copy")));
    for (name, qualifier) in COMPLAINTS {
        links.extend(told.attribute(name).map(|complaint| link(complaint.to_string(), qualifier)));
    }
    links
}

fn object_types() -> Json {
    let changing = COMPLAINT_ATTRIBUTES.map(|(name, kind)| json!({ "name": name, "type": kind }));
    json!([
        { "name": COMPLAINT, "attributes": changing },
        { "name": AGENCY, "attributes": [] },
        { "name": OFFICER, "attributes": [] },
        { "name": CHANNEL, "attributes": [] },
    ])
}

fn event_types() -> Json {
    let of = |fact: &str| {
        let own = ATTRIBUTES.iter().filter(|attribute| attribute.facts.contains(&fact));
        let own = own.map(|attribute| json!({ "name": attribute.name, "type": type_name(attribute.kind) }));
        let common = EVENT_ATTRIBUTES.map(|(name, kind)| json!({ "name": name, "type": kind }));
        json!({ "name": snake(fact), "attributes": common.into_iter().chain(own).collect::<Vec<_>>() })
    };
    Fact::NAMES.into_iter().map(of).collect()
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Complaint => "string",
        Kind::Number => "integer",
        Kind::Flag => "boolean",
        Kind::Degrees => "float",
    }
}

/// Ids of objects of different types stay apart, whatever they are called.
fn id(kind: &str, name: &str) -> String {
    format!("{kind}:{name}")
}

fn link(object: String, qualifier: &'static str) -> Link {
    Link { object, qualifier }
}

const COMPLAINT: &str = "complaint";
const AGENCY: &str = "agency";
const OFFICER: &str = "officer";
const CHANNEL: &str = "channel";

/// Attributes that name an agency, and what it is to the event.
const AGENCIES: [(&str, &str); 4] = [
    ("from_agency", "from agency"),
    ("to_agency", "to agency"),
    ("suggested_agency", "suggested agency"),
    ("referred_to", "referred to"),
];
/// Attributes that name another complaint.
const COMPLAINTS: [(&str, &str); 3] =
    [("split_from", "split from"), ("duplicate_of", "duplicate of"), ("joined", "joined")];

const EVENT_ATTRIBUTES: [(&str, &str); 10] = [
    ("step", "string"),
    ("activity", "string"),
    ("position", "integer"),
    ("sequence", "integer"),
    ("recorded_at", "time"),
    ("role", "string"),
    ("record_hash", "string"),
    ("source", "string"),
    ("inferred", "boolean"),
    ("clocks", "string"),
];
const COMPLAINT_ATTRIBUTES: [(&str, &str); 13] = [
    ("stage", "string"),
    ("closure", "string"),
    ("class", "string"),
    ("category", "string"),
    ("priority", "string"),
    ("holder", "string"),
    ("visibility", "string"),
    ("level", "integer"),
    ("cycle", "integer"),
    ("score", "integer"),
    ("area", "string"),
    ("latitude", "float"),
    ("longitude", "float"),
];
