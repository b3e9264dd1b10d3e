//! What complainants say of closed cycles: stars, and how many could have given some.

use super::{AGENCY, CHANNEL, CLASS, Collected, OFFICER, Rateable, agency, channel, month, number, officer, text};
use crate::read::{Privacy, Table, Value};
use crate::values::{Channel, Score};

/// Closed cycles that may be rated or were, by what they were rated.
pub static RATINGS: Table = Table {
    name: "ratings",
    about: "Closed cycles by rating, for whoever answered them then.",
    key: &[
        text("month", "The month in which the cycle was closed."),
        AGENCY,
        OFFICER,
        CLASS,
        CHANNEL,
        text("closure", "How it ended."),
        number("stars", "1 to 5; 0 while it is not rated, which is no rating."),
    ],
    rest: &[number("cycles", "How many.")],
    is_sum: true,
    indexes: &[],
    privacy: Privacy::Closed,
};

/// Counts a cycle as rated by `stars`, or takes it back.
pub(super) fn counted(cycle: &Rateable, by: &Channel, score: Option<Score>, sign: i64, out: &mut Collected) {
    out.sum(
        &RATINGS,
        &[
            month(cycle.month),
            agency(cycle.agency.as_ref()),
            officer(cycle.officer.as_ref()),
            Value::from(cycle.class.name()),
            channel(by),
            Value::from(cycle.closure.name()),
            Value::from(score.map_or(0, |score| i64::from(score.stars()))),
            Value::from(sign),
        ],
    );
}
