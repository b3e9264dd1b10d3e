//! What comes in and what becomes of it: by the month it came (cohort), and by the month it happened (flow).

use super::{AGENCY, CHANNEL, CLASS, Case, Collected, agency, channel, month, number, text};
use crate::event::Class;
use crate::read::{Privacy, Table, Value};
use crate::values::{AgencyCode, Channel, Month};

/// Complaints by the month they came, and where they stand today.
pub static COHORT: Table = Table {
    name: "cohort",
    about: "Every complaint by the month it came, for whoever holds it or held it last, and what became of it.",
    key: &[
        text("month", "The month in which it came."),
        AGENCY,
        CLASS,
        CHANNEL,
        text("status", "open, or how it ended."),
        text("detail", "With what outcome, or why."),
    ],
    rest: &[number("complaints", "How many.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

/// What happened, by month. Never taken back.
pub static FLOW: Table = Table {
    name: "flow",
    about: "What happened in each month: receipts, dispositions, returns, answers, closures, reopenings, escalations.",
    key: &[text("month", "The month in which it happened."), text("happening", "What."), AGENCY, CLASS, CHANNEL],
    rest: &[number("times", "How often.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

/// Ping-pong: how many dispositions a cycle took until it was closed, if it took any.
pub static HOPS: Table = Table {
    name: "hops",
    about: "Closed cycles that somebody held, by how many dispositions they took.",
    key: &[
        text("month", "The month in which the cycle was closed."),
        AGENCY,
        CLASS,
        CHANNEL,
        number("dispositions", "How many."),
    ],
    rest: &[number("cycles", "How many cycles.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Open,
};

pub(super) fn of(case: &Case, out: &mut Collected) {
    out.sum(
        &COHORT,
        &[
            month(Month::of(case.received_on)),
            agency(case.last_holder.as_ref()),
            Value::from(case.class.name()),
            channel(&case.channel),
            Value::from(case.status()),
            Value::from(case.closure.as_ref().map_or("", |closure| closure.detail())),
            Value::from(1),
        ],
    );
}

/// Something happened.
pub(super) fn happened(
    what: &'static str,
    when: Month,
    whose: Option<&AgencyCode>,
    class: Class,
    by: &Channel,
    out: &mut Collected,
) {
    let row = [month(when), Value::from(what), agency(whose), Value::from(class.name()), channel(by), Value::from(1)];
    out.sum(&FLOW, &row);
}

/// A cycle was closed after so many dispositions.
pub(super) fn closed_after(
    hops: u32,
    when: Month,
    whose: Option<&AgencyCode>,
    class: Class,
    by: &Channel,
    out: &mut Collected,
) {
    let hops = Value::from(i64::from(hops));
    let row = [month(when), agency(whose), Value::from(class.name()), channel(by), hops, Value::from(1)];
    out.sum(&HOPS, &row);
}
