//! How a history is put into words: the same on the terminal and on the page.

use aduan::actor::Role;
use aduan::clock::{Clock, ClockKind, Due, Limit, Margin, Span, What};
use aduan::complaint::{Complaint, Stage};
use aduan::event::{
    Attachment, Basis, Class, Classification, Closure, ErasureBasis, Event, Fact, Level, Note, Provenance, Received,
    ReopenReason, ReplyKind, ResponseKind, Trigger,
};
use aduan::values::{AgencyCode, DocumentRef, Moment, Visibility, Zone};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::lane::{Lane, Standing};
use super::texts::Texts;
use super::timeline::{Change, Entry, Timeline};
use crate::page::names::Names;
use crate::page::written;

/// What happened, in one line.
pub(super) fn headline(fact: &Fact, names: &Names) -> String {
    match fact {
        Fact::Annotated { note, .. } => noted(note),
        Fact::Closed { closure, .. } => format!("Closed: {}", closed(closure, names)),
        Fact::DeadlinesRecomputed { .. } => "Due times recomputed under another calendar or policy".to_owned(),
        Fact::Dispositioned { number, to, .. } => format!("Disposisi {number} to {}", agency(names, to)),
        Fact::Erased { basis, .. } => format!("Personal values erased: {}", erased(*basis)),
        Fact::Escalated { from, to, trigger, .. } => {
            format!("Escalated from level {} to {}: {}", from.number(), level(*to), triggered(trigger))
        }
        Fact::Extended { days, kind, clocks, .. } => {
            let more = clocks.first().map(|clock| span(unit(clock.limit, *days)));
            format!("More time granted: {} by {}", clock(*kind), more.unwrap_or_else(|| days.to_string()))
        }
        Fact::Forked { kept, lost, line, .. } => {
            format!("Loss admitted: of {lost} events that were signed {kept} were kept; line {line} begins")
        }
        Fact::InfoLapsed { request, .. } => format!("Question {request} lapsed, never answered"),
        Fact::InfoProvided { request, .. } => format!("Question {request} answered"),
        Fact::InfoRequested { request, .. } => format!("Question {request} to the complainant (tunda)"),
        Fact::Rated { score, cycle, .. } => format!("Rated {} of 5 (cycle {cycle})", score.stars()),
        Fact::Received(received) => format!("Received by {} ({})", received.channel, class(received.class)),
        Fact::Reclassified { from, to, .. } => format!("Reclassified from {} to {}", classified(from), classified(to)),
        Fact::Reopened { cycle, reason, .. } => format!("Reopened, cycle {cycle}: {}", reopened(*reason)),
        Fact::Replied { kind, .. } => replied(*kind).to_owned(),
        Fact::Responded { kind: ResponseKind::Interim, disposition, .. } => {
            format!("Interim response to disposisi {disposition}")
        }
        Fact::Responded { kind: ResponseKind::Final(outcome), disposition, .. } => {
            format!("Final response to disposisi {disposition}: {}", spaced(outcome.name()))
        }
        Fact::Returned { from, disposition, suggested, .. } => format!(
            "Disposisi {disposition} returned by {} (bukan wewenang); it suggests {}",
            agency(names, from),
            agency(names, suggested)
        ),
        Fact::Verified { classification, .. } => format!("Verified: {}", classified(classification)),
        Fact::VisibilityChanged { from, to } => {
            format!("Visibility changed from {} to {}", visibility(*from), visibility(*to))
        }
    }
}

/// What else an event says, by name; sealed values as they are to be shown.
pub(super) fn details(fact: &Fact, texts: &Texts, names: &Names) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    let agencies = |codes: &[AgencyCode]| codes.iter().map(|code| agency(names, code)).collect::<Vec<_>>().join("; ");
    match fact {
        Fact::Received(received) => told.extend(intake(received, names)),
        Fact::Dispositioned { from, cc, .. } => {
            told.extend(from.iter().map(|from| ("taken from", agency(names, from))));
            if !cc.is_empty() {
                told.push(("in copy", agencies(cc)));
            }
        }
        Fact::Verified { accused, public_interest, .. } => {
            if !accused.is_empty() {
                told.push(("directed against", agencies(accused)));
            }
            if *public_interest {
                told.push(("public interest", "goes on even if the complainant withdraws".to_owned()));
            }
        }
        Fact::InfoProvided { attachments, .. } => told.extend(files(attachments)),
        Fact::Erased { keys, .. } => told.push(("keys destroyed", keys.len().to_string())),
        _ => {}
    }
    told.extend(fact.boxes().into_iter().map(|(field, _)| (field, texts.shown(field).to_owned())));
    told
}

fn intake(received: &Received, names: &Names) -> Vec<(&'static str, String)> {
    let mut told = vec![("tracking number", received.tracking_number.to_string())];
    if received.visibility != Visibility::Public {
        told.push(("visibility", visibility(received.visibility).to_owned()));
    }
    if received.whistleblowing {
        told.push(("whistleblowing", "the inspectorate's, whatever becomes of the visibility".to_owned()));
    }
    told.extend(received.category_hint.iter().map(|hint| ("thought to be about", hint.to_string())));
    told.extend(received.agency_hint.iter().map(|hint| ("thought to be for", agency(names, hint))));
    told.extend(received.area.iter().map(|area| ("area", area.to_string())));
    told.extend(received.coordinates.iter().map(|place| {
        let degrees = |micro: i32| f64::from(micro) / 1_000_000.0;
        let (latitude, longitude) = place.microdegrees();
        ("coordinates, rounded", format!("{:.2}, {:.2}", degrees(latitude), degrees(longitude)))
    }));
    told.extend(received.split_from.iter().map(|from| ("split from", from.to_string())));
    told.extend(received.owner.iter().map(|owner| ("account", owner.to_string())));
    told.extend(files(&received.attachments));
    told
}

fn files(attachments: &[Attachment]) -> Option<(&'static str, String)> {
    let bytes: u64 = attachments.iter().map(|file| file.bytes).sum();
    let told = || format!("{}, {bytes} bytes", counted(attachments.len(), "file"));
    (!attachments.is_empty()).then(|| ("attached", told()))
}

/// Who did it: role, agency, pseudonym, and on whose behalf.
pub(super) fn who(event: &Event, names: &Names) -> String {
    let context = &event.context;
    let mut told = role(context.role).to_owned();
    if let Some(code) = &context.agency {
        told.push_str(&format!(" of {}", agency(names, code)));
    }
    if let Some(person) = &context.person {
        told.push_str(&format!(", known as {person}"));
    }
    if let Some(other) = &context.on_behalf {
        told.push_str(&format!(", on behalf of {other}"));
    }
    told
}

/// Where an imported event came from.
pub(super) fn origin(event: &Event) -> Option<String> {
    let Provenance::Imported { batch, inferred, row, source } = &event.provenance else { return None };
    let inferred = if *inferred { "; inferred: the source implies this step and does not show it" } else { "" };
    Some(format!("brought in from {source}, row {row} of {batch}{inferred}"))
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Complainant => "the complainant",
        Role::Intake => "intake",
        Role::Admin => "an administrator",
        Role::Liaison => "the liaison officer (pejabat penghubung)",
        Role::Operator => "an operator",
        Role::Superior => "a superior",
        Role::Inspectorate => "the inspectorate",
        Role::CentralMonitor => "the central monitor",
        Role::SystemClock => "the passing of time",
        Role::Migrator => "an import",
        Role::DataProtection => "the data protection officer",
        Role::Auditor => "an auditor",
    }
}

/// What an event did to a clock.
pub(super) fn change(change: &Change, home: Zone) -> String {
    let (clock, before) = (&change.change.after, change.change.before.as_ref());
    let due = due_of(clock.due, clock.anchor.zone, home);
    let from = before.map(|before| due_of(before.due, before.anchor.zone, home)).unwrap_or_default();
    match change.change.what {
        What::Started => format!("started: {}, due {due}", limit(clock.limit)),
        What::Restarted => format!("started anew, the file is complete only now: {}, due {due}", limit(clock.limit)),
        What::Paused => "paused (tunda) until the complainant answers".to_owned(),
        What::Resumed { added: 0 } => format!("runs again, nothing added: due {due}"),
        What::Resumed { added } => format!("runs again, {} added: due {due}", span(unit(clock.limit, added))),
        What::Extended { by } => format!("extended by {}: due {due} instead of {from}", span(unit(clock.limit, by))),
        What::Moved if before.is_some_and(|before| before.limit != clock.limit) => {
            let old = before.map(|before| limit(before.limit)).unwrap_or_default();
            format!("moved, now {} instead of {old}: due {due} instead of {from}", limit(clock.limit))
        }
        What::Moved => format!("moved: due {due} instead of {from}"),
        What::Met => format!("{} (due {due})", met(clock.kind, change.margin)),
        What::Missed => format!("{} (was due {due})", missed(clock.kind, change.margin)),
        What::Cancelled if !clock.kind.is_owed() && clock.due.is_past(change.change.at) => {
            format!("passed unused on {due}")
        }
        What::Cancelled => "ends without a verdict: no longer meant".to_owned(),
    }
}

/// How a clock stands.
pub(super) fn standing(lane: &Lane, timeline: &Timeline) -> String {
    let (clock, now) = (&lane.clock, timeline.now);
    let due = due_of(clock.due, clock.anchor.zone, now.zone);
    let margin = timeline.margin_now(clock);
    match lane.standing(now.at) {
        Standing::Running => format!("due {due}{}", margin.map_or(String::new(), left)),
        Standing::Paused => format!("paused (tunda); due {due} and later by every working day it waits"),
        Standing::Overdue => match margin.map(|margin| late(margin.span)) {
            Some(by) => format!("overdue {by}, was due {due}"),
            None => format!("overdue, was due {due}"),
        },
        Standing::Met => met(clock.kind, lane.margin),
        Standing::Missed => missed(clock.kind, lane.margin),
        Standing::Cancelled => "ended without a verdict".to_owned(),
        Standing::Passed => "passed unused".to_owned(),
    }
}

fn met(kind: ClockKind, margin: Option<Margin>) -> String {
    let spare = match margin.map(|margin| margin.span) {
        None => String::new(),
        Some(Span::WorkingDays(0) | Span::CalendarDays(0)) => ", on the last day".to_owned(),
        Some(left) => format!(", {} to spare", span(left)),
    };
    match kind {
        ClockKind::Information => format!("answered in time{spare}"),
        _ if kind.is_window() => format!("used in time{spare}"),
        _ => format!("met{spare}"),
    }
}

fn missed(kind: ClockKind, margin: Option<Margin>) -> String {
    let by = margin.map(|margin| late(margin.span)).unwrap_or_default();
    match kind {
        ClockKind::Information => "not answered in time".to_owned(),
        _ if kind.is_window() => format!("used late {by}"),
        _ => format!("missed {by}"),
    }
    .trim_end()
    .to_owned()
}

fn left(margin: Margin) -> String {
    match margin.span {
        Span::WorkingDays(0) | Span::CalendarDays(0) => ", today is the last day".to_owned(),
        left => format!(", {} left", span(left)),
    }
}

fn late(by: Span) -> String {
    match by {
        Span::WorkingDays(0) => "by less than a working day".to_owned(),
        by => format!("by {}", span(by)),
    }
}

/// A length of time.
pub(super) fn span(span: Span) -> String {
    match span {
        Span::WorkingDays(days) => written::working_days(days.into()),
        Span::CalendarDays(days) => counted(days as usize, "day"),
        Span::Minutes(minutes) => hours(minutes.into()),
        Span::OfficeMinutes(minutes) => format!("{} of office hours", hours(minutes.into())),
    }
}

/// A limit.
pub(super) fn limit(limit: Limit) -> String {
    match limit {
        Limit::WorkingDays(days) => span(Span::WorkingDays(days)),
        Limit::CalendarDays(days) => span(Span::CalendarDays(days)),
        Limit::Minutes(minutes) => span(Span::Minutes(minutes)),
        Limit::OfficeMinutes(minutes) => span(Span::OfficeMinutes(minutes)),
        Limit::Promise(_) => "promised by the source".to_owned(),
    }
}

/// So much of the unit that a clock is counted in.
pub(super) fn unit(limit: Limit, count: u32) -> Span {
    match limit {
        Limit::WorkingDays(_) => Span::WorkingDays(count),
        Limit::CalendarDays(_) => Span::CalendarDays(count),
        Limit::OfficeMinutes(_) => Span::OfficeMinutes(count),
        Limit::Minutes(_) | Limit::Promise(_) => Span::Minutes(count),
    }
}

/// A due time, with its zone where that is not the tenant's.
pub(super) fn due_of(due: Due, zone: Zone, home: Zone) -> String {
    match due {
        Due::At(at) => moment(Moment { at, zone }),
        Due::EndOf { date, zone } if zone == home => format!("end of {}", day(date)),
        Due::EndOf { date, zone } => {
            format!("end of {} {}", day(date), zone.end_of(date).with_timezone(&zone.0).format("%Z"))
        }
    }
}

/// A moment, to the minute, with its day of the week.
pub(super) fn moment(moment: Moment) -> String {
    moment.at.with_timezone(&moment.zone.0).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// A date with its day of the week.
pub(super) fn day(date: NaiveDate) -> String {
    date.format("%a %Y-%m-%d").to_string()
}

/// When it was recorded, where that is another minute than it happened in.
pub(super) fn recorded(event: &Event) -> Option<String> {
    let happened = event.occurred_at;
    let recorded = Moment { at: event.recorded_at(), ..happened };
    let apart = recorded.at - happened.at;
    let how = if apart < TimeDelta::zero() { "earlier" } else { "later" };
    (moment(recorded) != moment(happened))
        .then(|| format!("recorded {}, {} {how}", moment(recorded), length(apart.abs())))
}

/// A length of time on the wall, roughly.
pub(super) fn length(time: TimeDelta) -> String {
    match time.num_hours() {
        0..48 => hours(time.num_minutes().max(1).unsigned_abs()),
        _ => counted(time.num_days().unsigned_abs() as usize, "day"),
    }
}

fn hours(minutes: u64) -> String {
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min")];
    let told: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if told.is_empty() { "0 min".to_owned() } else { told.join(" ") }
}

/// Where the complaint stands, in one line.
pub(super) fn present(timeline: &Timeline) -> String {
    let Complaint { stage, closure, holding, cycle, level: raised, .. } = &timeline.complaint;
    let life = if *cycle > 1 { format!(", in cycle {cycle}") } else { String::new() };
    let mut told = match closure {
        Some(closure) => {
            let is_end = |entry: &&Entry| matches!(entry.recorded.event.fact, Fact::Closed { .. });
            let end = timeline.entries.iter().rev().find(is_end);
            let end = end.map_or(String::new(), |entry| format!(" {}", day(entry.recorded.event.occurred_at.date())));
            format!("Closed{end}{life}: {}", closed(closure, &timeline.names))
        }
        None => format!("{}{life}", sentence(&spaced(stage.name()))),
    };
    match holding {
        Some(holding) => {
            let since = moment(holding.since);
            let holder = agency(&timeline.names, &holding.agency);
            told.push_str(&format!(", held by {holder} since {since} (disposisi {})", holding.number));
        }
        None if *stage != Stage::Closed => told.push_str(", held by nobody"),
        None => {}
    }
    if let Some(question) = timeline.complaint.question {
        told.push_str(&format!("; question {question} waits for the complainant (tunda)"));
    }
    if raised.number() > 0 {
        told.push_str(&format!("; escalated to level {}", level(*raised)));
    }
    told
}

/// How the limits of the offices came out, in one line.
pub(super) fn verdicts(timeline: &Timeline) -> String {
    let lanes = || timeline.lanes.iter().filter(|lane| !lane.clock.kind.is_window());
    let names = |standing: Standing| -> Vec<String> {
        let those = lanes().filter(|lane| lane.standing(timeline.now.at) == standing);
        those.map(|lane| named(lane, timeline)).collect()
    };
    let count = |standing| names(standing).len();
    let mut told = Vec::new();
    if lanes().next().is_none() {
        return "No limit was ever set.".to_owned();
    }
    for (standing, word) in [(Standing::Overdue, "overdue"), (Standing::Missed, "missed")] {
        match names(standing) {
            those if those.is_empty() => {}
            those => told.push(format!("{word} {} ({})", those.len(), those.join(", "))),
        }
    }
    let rest = [
        (Standing::Met, "met"),
        (Standing::Running, "running in time"),
        (Standing::Paused, "paused"),
        (Standing::Cancelled, "ended without a verdict"),
    ];
    told.extend(
        rest.into_iter().filter(|(standing, _)| count(*standing) > 0).map(|(s, word)| format!("{word} {}", count(s))),
    );
    let all = lanes().count();
    match (all, count(Standing::Met)) {
        (1, 1) => return "The one limit of the offices was met.".to_owned(),
        (_, met) if met == all => return format!("All {all} limits of the offices were met."),
        _ => {}
    }
    format!("{} of the offices: {}.", counted(all, "limit"), told.join(", "))
}

/// What a lane is called: where a clock is started for several holders, which.
pub(super) fn named(lane: &Lane, timeline: &Timeline) -> String {
    let cycle = if timeline.complaint.cycle > 1 { format!(" in cycle {}", lane.cycle) } else { String::new() };
    let holder = lane.disposition.map_or(String::new(), |number| format!(" to disposisi {number}"));
    format!("{}{holder}{cycle}", clock(lane.clock.kind))
}

/// A document by name and version, with the beginning of its hash.
pub(super) fn document(document: &DocumentRef) -> String {
    let hash = document.hash.to_string();
    format!("{}@{} ({}…)", document.name, document.version, &hash[..hash.len().min(12)])
}

/// The policy and calendar an event is bound by, where they are new.
pub(super) fn rebound(entry: &Entry) -> Option<String> {
    let [policy, calendar] = entry.rebound.as_ref()?;
    Some(format!("policy {}, calendar {}", document(policy), document(calendar)))
}

/// A clock's name.
pub(super) fn clock(kind: ClockKind) -> String {
    spaced(kind.name())
}

/// Whose time it is: an office's, which answers for it, or the complainant's; none before anybody held it.
pub(super) fn whose(clock: &Clock) -> Option<String> {
    match clock.kind {
        ClockKind::Verification
        | ClockKind::FirstResponse
        | ClockKind::Statutory
        | ClockKind::Emergency
        | ClockKind::ReturnWindow => clock.agency.as_ref().map(ToString::to_string),
        ClockKind::Information
        | ClockKind::ReplyWindow
        | ClockKind::RatingWindow
        | ClockKind::ReopenWindow
        | ClockKind::AppealWindow => Some("the complainant".to_owned()),
    }
}

/// The same where it has to be said of every clock.
pub(super) fn whose_of_all(clock: &Clock) -> String {
    match clock.kind {
        ClockKind::Statutory | ClockKind::Emergency => whose(clock).unwrap_or_else(|| "whoever holds it".to_owned()),
        _ => whose(clock).unwrap_or_default(),
    }
}

/// What a clock measures.
pub(super) fn about(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Verification => "from receipt until it is verified or closed",
        ClockKind::FirstResponse => "from a disposition until that holder's first response",
        ClockKind::Statutory => {
            "from the complete file until the final response; another disposition never restarts it"
        }
        ClockKind::Emergency => "from receipt until the first response to an emergency",
        ClockKind::ReturnWindow => "how long the holder may say bukan wewenang",
        ClockKind::ReplyWindow => "how long the complainant may contest a final response",
        ClockKind::Information => "how long the complainant has to answer a question",
        ClockKind::RatingWindow => "how long a closed cycle may be rated",
        ClockKind::ReopenWindow => "how long the complainant may reopen it",
        ClockKind::AppealWindow => "how long the complainant may take it to the Ombudsman",
    }
}

/// An agency's name and code.
pub(super) fn agency(names: &Names, code: &AgencyCode) -> String {
    match names.of(code.as_str()) {
        name if name == code.as_str() => name,
        name => format!("{name} ({code})"),
    }
}

/// A rung of the ladder.
pub(super) fn level(level: Level) -> String {
    let who = match level.number() {
        0 => "officer",
        1 => "head of agency",
        2 => "secretary or coordinator",
        3 => "mayor",
        _ => "Ombudsman or central government",
    };
    format!("{} ({who})", level.number())
}

fn triggered(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Breach { clock: kind, .. } => format!("the {} clock had passed its due time", clock(*kind)),
        Trigger::ByRight => "by right of the complainant".to_owned(),
        Trigger::ByHand => "taken up by hand".to_owned(),
    }
}

fn closed(closure: &Closure, names: &Names) -> String {
    match closure {
        Closure::Resolved { basis, outcome } => {
            let basis = match basis {
                Basis::Confirmed => "confirmed by the complainant",
                Basis::Silence => "by silence, nobody objected in time",
                Basis::Administrative => "on an officer's word",
            };
            format!("{}, {basis}", spaced(outcome.name()))
        }
        Closure::Declined { reason, referred_to } => {
            let to = referred_to.as_ref().map(|to| format!(", referred to {}", agency(names, to)));
            format!("declined, {}{}", spaced(reason.name()), to.unwrap_or_default())
        }
        Closure::Withdrawn => "withdrawn by the complainant".to_owned(),
        Closure::Duplicate { of: Some(of) } => format!("a duplicate of {of}"),
        Closure::Duplicate { of: None } => "a duplicate".to_owned(),
    }
}

fn noted(note: &Note) -> String {
    match note {
        Note::Remark => "Remark".to_owned(),
        Note::Correction { of } => format!("Correction of event {of}, which stays as it was"),
        Note::LegalHold { held: true } => "Legal hold: nothing of it may be erased".to_owned(),
        Note::LegalHold { held: false } => "Legal hold lifted".to_owned(),
        Note::DuplicateJoined { complaint } => format!("Complaint {complaint} was closed as a duplicate of this one"),
        Note::WithdrawalNoted => "The complainant withdrew; it goes on in the public interest".to_owned(),
        Note::LateReply(kind) => format!("After the end: {}", replied(*kind)),
        Note::Source { kind } => format!("Note of the source: {kind}"),
    }
}

fn replied(kind: ReplyKind) -> &'static str {
    match kind {
        ReplyKind::Accept => "The complainant accepted the answer",
        ReplyKind::Contest => "The complainant contested the answer",
        ReplyKind::Comment => "The complainant commented",
    }
}

fn reopened(reason: ReopenReason) -> &'static str {
    match reason {
        ReopenReason::NotResolved => "what was promised did not happen",
        ReopenReason::Recurred => "it happened again",
        ReopenReason::NewEvidence => "there is something new",
        ReopenReason::Ordered => "ordered from above",
        ReopenReason::LateDelivered => "a contest sent in time arrived late",
    }
}

fn erased(basis: ErasureBasis) -> &'static str {
    match basis {
        ErasureBasis::Request => "the person asked",
        ErasureBasis::RetentionOver => "the retention period is over",
        ErasureBasis::Ordered => "a court or authority ordered it",
    }
}

fn classified(classification: &Classification) -> String {
    let Classification { category, class: kind, priority } = classification;
    let priority = match priority.name() {
        "normal" => String::new(),
        other => format!(", {other}"),
    };
    format!("{category}, {}{priority}", class(*kind))
}

/// A class, with its word in the regulation.
pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::Information => "request for information",
        Class::Aspiration => "aspiration",
        Class::Complaint => "complaint",
        Class::Supervisory => "supervisory complaint",
    }
}

/// A visibility, with its word in the field.
pub(super) fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Anonymous => "anonymous (anonim)",
        Visibility::Secret => "secret (rahasia)",
        Visibility::AnonymousSecret => "anonymous and secret (anonim, rahasia)",
        Visibility::Whistleblower => "whistleblower's, for the inspectorate only",
    }
}

/// So many of something.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The instant of a clock's own, as its zone shows it.
pub(super) fn local(at: DateTime<Utc>, zone: Zone) -> String {
    moment(Moment { at, zone })
}

/// A name of tables and JSON keys as people write it.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// The same, as the beginning of a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
