//! What a record says of itself: as much of its metadata as is asked of every record, by whichever release it was written.

use aduan::event::Context;
use aduan::store::DocumentKind;
use aduan::values::{CommandId, Digest};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::documents::Binding;
use crate::json::Json;

/// The metadata, as far as a verifier holds them against something.
pub(super) struct Said {
    /// The command, which part it is, and of how many.
    pub(super) part: Option<(CommandId, u32, u32)>,
    pub(super) recorded_at: Option<DateTime<Utc>>,
    /// Policy, calendar, directory.
    pub(super) bound: [Binding; 3],
}

impl Said {
    /// Of an event that could be read.
    pub(super) fn by(context: &Context) -> Self {
        Said {
            part: Some((context.command, context.part.number, context.part.of)),
            recorded_at: Some(context.recorded_at).filter(|at| *at >= DateTime::UNIX_EPOCH),
            bound: [&context.policy, &context.calendar, &context.directory].map(|bound| Binding::To(bound.hash)),
        }
    }

    /// Of a record that could not, or that somebody else reads.
    pub(super) fn in_metadata(metadata: &Json<'_>) -> Self {
        let said = |name: &str| metadata.member(name).and_then(Json::text);
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
        let part = said("part").and_then(|part| {
            let (number_of, of) = part.split_once('/')?;
            Some((number(number_of)?, number(of)?))
        });
        let command = said("command").filter(|command| !command.is_empty()).map(command_named);
        let micros = said("recorded_at").filter(|at| at.parse::<u64>().is_ok_and(|number| number.to_string() == **at));
        Said {
            part: command.zip(part).map(|(command, (number, of))| (command, number, of)),
            recorded_at: micros.and_then(|at| DateTime::from_timestamp_micros(at.parse().ok()?)),
            bound: DocumentKind::ALL.map(|kind| said(kind.name()).map_or(Binding::Unsaid, Binding::read)),
        }
    }
}

/// The command of that name: where it is no UUID, something that only the same name gives.
fn command_named(name: &str) -> CommandId {
    CommandId(Uuid::try_parse(name).unwrap_or_else(|_| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Digest::of(name.as_bytes()).0[..16]);
        Uuid::from_bytes(bytes)
    }))
}
