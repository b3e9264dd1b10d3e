//! What agencies are called.

use std::sync::Arc;

use aduan::rules::Rules;
use aduan::values::AgencyCode;
use chrono::NaiveDate;

/// The names of the directory that counts on a day.
pub(crate) struct Names {
    rules: Arc<Rules>,
    day: NaiveDate,
}

impl Names {
    /// Names as of a day.
    pub(crate) fn on(rules: Arc<Rules>, day: NaiveDate) -> Self {
        Names { rules, day }
    }

    /// The name behind a code; the code where the directory does not know it.
    pub(crate) fn of(&self, code: &str) -> String {
        if code.is_empty() {
            return "No agency".to_owned();
        }
        let known = AgencyCode::new(code).ok();
        let known = known.and_then(|code| self.rules.directory_on(self.day).agency(&code));
        known.map_or_else(|| code.to_owned(), |agency| agency.name.clone())
    }
}

/// At most so many characters of a name.
pub(crate) fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
