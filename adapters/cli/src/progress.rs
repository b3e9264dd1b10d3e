//! How far long work has come: a bar on a terminal, nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::answer::Teller;

/// A bar on standard error. Hidden where nobody looks, and where a program reads.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over `length` of whatever `unit` says.
    pub(crate) fn start(teller: Teller, length: u64, unit: &str) -> Self {
        // Hides itself where standard error is no terminal.
        let target = if teller.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let template = format!("{{bar:40}} {{human_pos}} of {{human_len}} {unit}, {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress(bar)
    }

    /// How far there is to go, where that shows only on the way.
    pub(crate) fn reaches(&self, length: u64) {
        self.0.set_length(length);
    }

    /// As far as read models have come.
    pub(crate) fn follows(&self, progress: &aduan::projector::Progress) {
        self.reaches(progress.head);
        self.at(progress.position);
    }

    /// So far.
    pub(crate) fn at(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
