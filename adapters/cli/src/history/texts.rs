//! Sealed values of an event: they stay sealed unless somebody means to open them.

use std::collections::BTreeMap;

use aduan::engine::{Engine, Error};
use aduan::event::Event;
use aduan::sealed::Clear;
use aduan::values::ComplaintId;

use crate::answer::Failure;

/// Sealed values of an event, as they are to be shown.
pub(super) enum Texts {
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
    pub(super) async fn open(engine: &Engine, id: ComplaintId, event: &Event) -> Result<Self, Failure> {
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
    pub(super) fn are_lost(&self) -> bool {
        matches!(self, Texts::Lost)
    }

    /// What is shown of a field.
    pub(super) fn shown(&self, field: &str) -> &str {
        match self {
            Texts::Sealed => "[sealed]",
            Texts::Lost => "[unreadable]",
            Texts::Open(texts) => texts.get(field).map_or("[sealed]", Clear::reveal),
        }
    }
}
