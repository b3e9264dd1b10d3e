//! What to do next: open complaints by nearest due time, the load of agencies and officers, ages, the monitor's list.

use super::{
    AGENCY, CHANNEL, CLASS, COMPLAINT, Case, Collected, OFFICER, agency, channel, instant, number, officer, text,
};
use crate::complaint::Stage;
use crate::read::{Column, Kind, NEVER, Privacy, Table, Text, Value};

/// One row for each open complaint.
pub static QUEUE: Table = Table {
    name: "queue",
    about: "Open complaints: who holds them, and what is due when.",
    key: &[COMPLAINT],
    rest: &[
        text("tracking_number", "The number the complainant was told."),
        AGENCY,
        OFFICER,
        text("stage", "Where it stands."),
        CLASS,
        text("category", "What it is about."),
        text("priority", "normal, urgent or emergency."),
        CHANNEL,
        text("area", "Where, coarsely."),
        instant("received_at", "When it came."),
        instant("held_since", "Since when it is held; never where nobody holds it."),
        number("cycle", "Which life it lives."),
        number("level", "How far up the ladder, 0 to 4."),
        number("question", "1 while a question waits for the complainant."),
        text("next_clock", "The clock that is due next; empty where none runs."),
        instant("next_due", "The last instant in which that is in time."),
        instant("monitored_from", "From when on the central government watches it; never where it does not."),
        text("visibility", "Who may see it."),
        number("secret", "1 where only the inspectorate may see it."),
    ],
    is_sum: false,
    indexes: &[
        &["secret", "next_due"],
        &["secret", "agency", "next_due"],
        &["secret", "officer", "next_due"],
        &["secret", "stage", "next_due"],
        &["secret", "monitored_from"],
    ],
    privacy: Privacy::Rows("secret"),
};

/// How many open complaints there are of each kind.
pub static LOAD: Table = Table {
    name: "load",
    about: "Open complaints, counted.",
    key: &[
        AGENCY,
        OFFICER,
        text("stage", "Where they stand."),
        CLASS,
        text("priority", "normal, urgent or emergency."),
        number("level", "How far up the ladder, 0 to 4."),
    ],
    rest: &[number("complaints", "How many.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

/// How many open complaints came on each day.
pub static AGES: Table = Table {
    name: "ages",
    about: "Open complaints, counted by the day they came.",
    key: &[AGENCY, Column { name: "received_on", kind: Kind::Date, about: "The tenant's date when they came." }],
    rest: &[number("complaints", "How many.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

pub(super) fn of(case: &Case, out: &mut Collected) {
    if case.stage == Stage::Closed {
        return;
    }
    let holder = case.held.as_ref().map(|held| &held.agency);
    let person = case.held.as_ref().and_then(|held| held.officer.as_ref());
    let next = case.next_due();
    let shared =
        |text: Option<std::sync::Arc<str>>| text.map_or(Value::from(""), |text| Value::Text(Text::Shared(text)));
    out.row(
        &QUEUE,
        vec![
            Value::Id(case.complaint.0),
            Value::from(case.tracking_number.to_string()),
            agency(holder),
            officer(person),
            Value::from(case.stage.name()),
            Value::from(case.class.name()),
            shared(case.category.as_ref().map(|category| category.shared())),
            Value::from(case.priority.name()),
            channel(&case.channel),
            shared(case.area.as_ref().map(|area| area.shared())),
            Value::from(case.received_at),
            Value::from(case.held.as_ref().map_or(NEVER, |held| held.since)),
            Value::from(i64::from(case.cycle)),
            Value::from(i64::from(case.level.number())),
            Value::from(i64::from(case.has_question)),
            Value::from(next.map_or("", |clock| clock.kind.name())),
            Value::from(next.map_or(NEVER, |clock| clock.due)),
            Value::from(case.monitored_from().unwrap_or(NEVER)),
            Value::from(case.visibility.name()),
            Value::from(i64::from(case.is_whistleblowers())),
        ],
    );
    out.sum(
        &LOAD,
        &[
            agency(holder),
            officer(person),
            Value::from(case.stage.name()),
            Value::from(case.class.name()),
            Value::from(case.priority.name()),
            Value::from(i64::from(case.level.number())),
            Value::from(1),
        ],
    );
    out.sum(&AGES, &[agency(holder), Value::from(case.received_on), Value::from(1)]);
}
