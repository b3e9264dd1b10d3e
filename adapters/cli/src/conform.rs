//! `conform`: which transitions of a log break the rules of this lifecycle, and how it really ran.

mod findings;
mod flow;
mod layout;
mod picture;
mod source;

use std::path::PathBuf;

use clap::Args;

use self::findings::Findings;
use crate::answer::{Exit, Failure, Teller};
use crate::import::xes::map_or_ours;
use crate::progress::Progress;
use crate::whole::{Readers, write_whole};

/// What `conform` is told.
#[derive(Args)]
pub(crate) struct Conform {
    /// The log: XES, or CSV with one line an event.
    file: PathBuf,
    /// Which activity is which fact: TOML. Only a log that `export --format xes` wrote needs none.
    #[arg(long, value_name = "MAP.toml")]
    map: Option<PathBuf>,
    /// Draw how it ran: which activity followed which, how often, and where a rule was broken.
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// How many examples to tell of each rule.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    examples: usize,
}

impl Conform {
    /// Judges every event of the log, and tells by rule what was broken. Touches no ledger.
    ///
    /// # Errors
    /// When log or map cannot be read, or the drawing not be written.
    pub(crate) fn run(self, teller: Teller) -> Result<Exit, Failure> {
        let map = map_or_ours(self.map.as_deref(), &self.file)?;
        let length = self.file.metadata().map_err(|error| Failure::file(&self.file, &error))?.len();
        let progress = Progress::start(teller, length, "bytes");
        let mut findings = Findings::new(self.examples);
        source::judge(&self.file, &map, &mut findings, &progress)?;
        drop(progress);
        let report = findings.report(&self.file);
        if let Some(path) = &self.svg {
            let picture = picture::of(&report);
            write_whole(path, &picture, Readers::Anyone).map_err(|error| Failure::file(path, &error))?;
        }
        teller.tell(&report, report.to_string().trim_end())?;
        Ok(if report.is_broken() { Exit::Refused } else { Exit::Done })
    }
}

#[cfg(test)]
mod tests {
    use aduan::conformance::RULES;

    #[test]
    fn the_manual_names_every_rule() {
        let manual = include_str!("../README.md");
        for (_, name, asks) in RULES {
            assert!(manual.contains(&format!("| `{name}` | {asks} |")), "{name}");
        }
    }
}
