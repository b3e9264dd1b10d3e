//! What a source may tell of a complaint, column by column.

use serde::Deserialize;

/// Names of columns in a map; values of a row once they are looked up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    pub(crate) reference: Option<String>,
    pub(crate) received: Option<String>,
    pub(crate) due: Option<String>,
    pub(crate) closed: Option<String>,
    pub(crate) agency: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) closure: Option<String>,
    pub(crate) reporter: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) latitude: Option<String>,
    pub(crate) longitude: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) officer: Option<String>,
    pub(crate) rating: Option<String>,
}

/// What one row tells.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// By column; what is blank is not there.
    pub(crate) values: Columns,
    /// What the source noted on the way, in its order.
    pub(crate) notes: Vec<ToldNote>,
    /// The source says outright that it is told in another request.
    pub(crate) is_duplicate: bool,
    /// When it was closed, where only its status says that it is.
    pub(crate) closed_if_so: Option<String>,
}

/// A dated note of a source.
#[derive(Debug)]
pub(crate) struct ToldNote {
    /// When, as the source writes it.
    pub(crate) at: Option<String>,
    /// The source's word for what it is.
    pub(crate) kind: String,
    /// In words.
    pub(crate) text: Option<String>,
}

impl Columns {
    /// Every column with what `look_up` finds for it.
    pub(crate) fn map(&self, mut look_up: impl FnMut(&str) -> Option<String>) -> Columns {
        let mut each = |name: &Option<String>| name.as_deref().and_then(&mut look_up).and_then(|text| cleaned(&text));
        Columns {
            reference: each(&self.reference),
            received: each(&self.received),
            due: each(&self.due),
            closed: each(&self.closed),
            agency: each(&self.agency),
            channel: each(&self.channel),
            category: each(&self.category),
            title: each(&self.title),
            text: each(&self.text),
            closure: each(&self.closure),
            reporter: each(&self.reporter),
            contact: each(&self.contact),
            place: each(&self.place),
            latitude: each(&self.latitude),
            longitude: each(&self.longitude),
            status: each(&self.status),
            officer: each(&self.officer),
            rating: each(&self.rating),
        }
    }

    /// These columns, and others where these name none.
    pub(crate) fn or(self, other: Columns) -> Columns {
        Columns {
            reference: self.reference.or(other.reference),
            received: self.received.or(other.received),
            due: self.due.or(other.due),
            closed: self.closed.or(other.closed),
            agency: self.agency.or(other.agency),
            channel: self.channel.or(other.channel),
            category: self.category.or(other.category),
            title: self.title.or(other.title),
            text: self.text.or(other.text),
            closure: self.closure.or(other.closure),
            reporter: self.reporter.or(other.reporter),
            contact: self.contact.or(other.contact),
            place: self.place.or(other.place),
            latitude: self.latitude.or(other.latitude),
            longitude: self.longitude.or(other.longitude),
            status: self.status.or(other.status),
            officer: self.officer.or(other.officer),
            rating: self.rating.or(other.rating),
        }
    }

    /// Every name that is given.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.map(|name| {
            names.push(name.to_owned());
            None
        });
        names
    }
}

/// A text without white space around it, its line ends those of Unix; none if nothing is left.
pub(crate) fn cleaned(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.replace("\r\n", "\n").replace('\r', "\n"))
}
