//! Where a complaint stands, as it is shown: nothing personal, and no digest of the tracking secret.

use std::fmt;

use aduan::clock::{Clock, Due, Verdict};
use aduan::complaint::{Complaint, Holding, Stage};
use aduan::event::{Class, Classification, Closure, Level};
use aduan::values::{AgencyCode, Channel, ComplaintId, Moment, TrackingNumber, Version, Visibility};
use serde::Serialize;

use crate::edge::Instant;

/// A complaint at a time.
#[derive(Serialize)]
pub(crate) struct Present<'a> {
    complaint: ComplaintId,
    tracking_number: Option<TrackingNumber>,
    version: Version,
    stage: Stage,
    closure: Option<&'a Closure>,
    cycle: u32,
    channel: Option<&'a Channel>,
    received_at: Option<Moment>,
    class: Class,
    classification: Option<&'a Classification>,
    visibility: Visibility,
    holding: Option<&'a Holding>,
    accused: &'a [AgencyCode],
    question: Option<u32>,
    level: Level,
    contested: bool,
    clocks: Vec<Shown<'a>>,
    ratings: Vec<Rating>,
    duplicates: &'a [ComplaintId],
    legal_hold: bool,
    erased: bool,
    policy: Option<String>,
    calendar: Option<String>,
}

/// A clock, and how it stands.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    clock: &'a Clock,
    verdict: Verdict,
}

#[derive(Serialize)]
struct Rating {
    cycle: u32,
    stars: u8,
}

impl<'a> Present<'a> {
    /// The complaint as it stands at `now`.
    pub(crate) fn of(id: ComplaintId, complaint: &'a Complaint, now: Instant) -> Self {
        let intake = complaint.intake.as_ref();
        let shown = |clock: &'a Clock| Shown { clock, verdict: clock.verdict(now.0) };
        let rated = complaint.ratings.iter();
        let bound = complaint.bound.as_ref();
        Present {
            complaint: id,
            tracking_number: intake.map(|intake| intake.tracking_number),
            version: complaint.version,
            stage: complaint.stage,
            closure: complaint.closure.as_ref(),
            cycle: complaint.cycle,
            channel: intake.map(|intake| &intake.channel),
            received_at: intake.map(|intake| intake.at),
            class: complaint.class(),
            classification: complaint.classification.as_ref(),
            visibility: complaint.visibility,
            holding: complaint.holding.as_ref(),
            accused: &complaint.accused,
            question: complaint.question,
            level: complaint.level,
            contested: complaint.contested,
            clocks: complaint.clocks.iter().map(shown).collect(),
            ratings: rated.map(|(cycle, score)| Rating { cycle: *cycle, stars: score.stars() }).collect(),
            duplicates: &complaint.duplicates,
            legal_hold: complaint.legal_hold,
            erased: !complaint.erased.is_empty(),
            policy: bound.map(|bound| bound.policy.to_string()),
            calendar: bound.map(|bound| bound.calendar.to_string()),
        }
    }
}

impl fmt::Display for Present<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<14}{value}");
        line(f, "complaint", &self.complaint)?;
        if let Some(number) = &self.tracking_number {
            line(f, "tracking", number)?;
        }
        line(f, "stage", &self.stage.name())?;
        if let Some(closure) = self.closure {
            line(f, "closure", &format_args!("{closure:?}"))?;
        }
        line(f, "cycle", &self.cycle)?;
        if let (Some(channel), Some(at)) = (self.channel, self.received_at) {
            line(f, "received", &format_args!("{at} by {channel}"))?;
        }
        match self.classification {
            Some(Classification { category, class, priority }) => {
                line(f, "class", &format_args!("{class:?}, {category}, {priority:?}"))?;
            }
            None => line(f, "class", &format_args!("{:?}, claimed", self.class))?,
        }
        line(f, "visibility", &format_args!("{:?}", self.visibility))?;
        if let Some(Holding { agency, number, since, .. }) = self.holding {
            line(f, "held by", &format_args!("{agency} since {since} (disposition {number})"))?;
        }
        if let Some(question) = self.question {
            line(f, "asked", &format_args!("question {question} waits for the complainant"))?;
        }
        line(f, "level", &self.level.number())?;
        for Shown { clock, verdict } in &self.clocks {
            let name = clock.kind.name();
            let verdict = format!("{verdict:?}").to_lowercase();
            line(f, "clock", &format_args!("{name:<16}{verdict:<11}due {}", local(clock)))?;
        }
        for Rating { cycle, stars } in &self.ratings {
            line(f, "rated", &format_args!("{stars} of 5 in cycle {cycle}"))?;
        }
        for duplicate in self.duplicates {
            line(f, "duplicate", duplicate)?;
        }
        if self.legal_hold {
            line(f, "legal hold", &"yes")?;
        }
        if let Some(policy) = &self.policy {
            line(f, "policy", policy)?;
        }
        write!(f, "{:<14}{}", "version", self.version)
    }
}

/// When a clock is due, in its own zone.
fn local(clock: &Clock) -> String {
    match clock.due {
        Due::At(at) => Moment { at, zone: clock.anchor.zone }.to_string(),
        due @ Due::EndOf { .. } => due.to_string(),
    }
}
