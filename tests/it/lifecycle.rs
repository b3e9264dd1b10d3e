//! The life of a complaint, and the situations that naive engines get wrong (numbers: edge-cases.md).

use aduan::actor::{Actor, Role};
use aduan::clock::{ClockKind, ClockState, Verdict};
use aduan::command::{Command, Import, ImportStep, Receive, Step};
use aduan::complaint::{LAWFUL, Rejection, Stage, Target};
use aduan::event::{
    Basis, Class, Classification, Closure, DeclineReason, ErasureBasis, Fact, Level, Note, Outcome, Priority,
    ReopenReason, ReplyKind, ResponseKind, Trigger,
};
use aduan::values::{Channel, ComplaintId, Digest, PersonRef, SourceName, Visibility, WIB, WITA};
use uuid::Uuid;

use crate::office::*;

#[test]
fn a_complaint_lives_from_receipt_to_rating() {
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    assert_eq!(office.complaint.stage, Stage::Received);
    office.wait_until("2024-03-05T09:00:00+07:00").does(Role::Admin, verify(Class::Complaint));
    office.does(Role::Admin, dispose("dishub"));
    office.wait_until("2024-03-06T09:00:00+07:00");
    office.does(of("dishub"), Command::Respond { disposition: 1, kind: ResponseKind::Interim, text: text() });
    assert_eq!(office.complaint.stage, Stage::InProgress);
    office.wait_until("2024-03-08T09:00:00+07:00").does(of("dishub"), answer(1));
    let events = office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Accept, text: None });
    assert_eq!(events.iter().map(|e| e.fact.name()).collect::<Vec<_>>(), ["Replied", "Closed"]);
    let confirmed = Closure::Resolved { basis: Basis::Confirmed, outcome: Outcome::Resolved };
    assert_eq!(office.complaint.closure, Some(confirmed));
    office.does(Role::Complainant, rate(1, 5));
    for kind in [ClockKind::Verification, ClockKind::FirstResponse, ClockKind::Statutory, ClockKind::ReplyWindow] {
        assert_eq!(office.verdict(kind), Verdict::Met, "{kind:?}");
    }
}

#[test]
fn every_command_has_one_row_in_the_table() {
    let mut names: Vec<_> = LAWFUL.iter().map(|row| row.command).collect();
    names.dedup();
    assert_eq!(names.len(), LAWFUL.len());
    assert!(names.is_sorted(), "the table reads like a register");
    for row in LAWFUL {
        assert!(!row.roles.contains(&Role::Auditor), "an auditor only reads: {}", row.command);
    }
}

#[test]
fn no_role_does_what_the_table_does_not_give_it() {
    for role in Role::ALL {
        let mut office = Office::verified("2024-03-04T09:00:00+07:00");
        let mut by = Actor::of(role, agency("dishub"));
        by.secret = office.citizen().secret;
        let allowed = LAWFUL.iter().find(|row| row.command == "Dispose").unwrap().roles.contains(&role);
        assert_eq!(office.asks(by, dispose("dlh")).is_ok(), allowed, "{role:?}");
    }
}

#[test]
fn a_loss_is_admitted_once_by_an_administrator_and_is_no_complaint() {
    let root = Digest::of(b"what was signed");
    let admit = |kept, line, lost| Command::AdmitLoss { kept, line, lost, root };
    for role in Role::ALL {
        let asked = Office::at("2024-03-04T09:00:00+07:00").asks(Actor::of(role, agency("dishub")), admit(10, 2, 20));
        assert_eq!(asked.is_ok(), role == Role::Admin, "{role:?}");
    }
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    for (kept, line, lost) in [(20, 2, 20), (21, 2, 20), (10, 1, 20), (10, 0, 20), (10, 101, 20), (10, 2, u64::MAX)] {
        assert!(office.asks(Role::Admin, admit(kept, line, lost)).is_err(), "{kept} {line} {lost}");
    }
    let events = office.does(Role::Admin, admit(0, 2, 20));
    assert_eq!(events[0].fact, Fact::Forked { kept: 0, line: 2, lost: 20, root });
    assert!(events[0].fact.is_of_the_ledger() && office.complaint.admits_loss);

    assert_eq!(office.refuses(Role::Admin, admit(0, 2, 21)), Rejection::NoChange);
    for command in [receive(Class::Complaint), Command::Annotate { note: Note::Remark, text: Some(text()) }] {
        for role in [Role::Intake, Role::Admin, Role::Migrator] {
            assert_eq!(office.refuses(role, command.clone()), Rejection::NoSuchComplaint, "{role:?}");
        }
    }
    let mut complaint = Office::received("2024-03-04T09:00:00+07:00");
    assert!(matches!(complaint.refuses(Role::Admin, admit(10, 2, 20)), Rejection::WrongStage { .. }));
}

#[test]
fn a_command_sent_twice_has_one_effect_and_another_body_is_refused() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    let request = office.request(of("dishub"), answer(1));
    assert_eq!(office.sends(&request).unwrap().len(), 1);
    assert_eq!(office.sends(&request).unwrap().len(), 0, "handled before");
    let mut other =
        office.request(of("dishub"), Command::Return { disposition: 1, suggested: agency("dlh"), text: text() });
    other.id = request.id;
    assert_eq!(office.sends(&other), Err(Rejection::CommandIdReused));
}

#[test]
fn only_the_holder_answers_and_only_with_the_disposition_that_holds() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    assert_eq!(office.refuses(of("dlh"), answer(1)), Rejection::NotHolder { holder: Some(agency("dishub")) });
    office.does(Role::Admin, dispose("dlh"));
    // 18: the unit that lost the disposition seconds ago learns why.
    let stale = Rejection::StaleDisposition { quoted: 1, current: Some(2) };
    assert_eq!(office.refuses(of("dishub"), answer(1)), stale);
    office.does(of("dlh"), answer(2));
}

#[test]
fn a_return_sends_it_back_inside_its_window_and_before_an_answer() {
    let back = |to: &str| Command::Return { disposition: 1, suggested: agency(to), text: text() };
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    assert!(matches!(office.refuses(of("dishub"), back("dishub")), Rejection::AlreadyHolder { .. }));
    assert!(matches!(office.refuses(of("dishub"), back("nowhere")), Rejection::NoSuchAgency { .. }));
    office.wait_until("2024-03-06T16:00:00+07:00").does(of("dishub"), back("dlh"));
    assert_eq!((office.complaint.stage, office.complaint.holding.as_ref()), (Stage::Verified, None));
    assert_eq!(office.verdict(ClockKind::FirstResponse), Verdict::Cancelled);

    let mut late = Office::disposed("2024-03-04T09:00:00+07:00");
    late.wait_until("2024-03-07T09:00:00+07:00");
    let over = Rejection::WindowElapsed { clock: ClockKind::ReturnWindow };
    assert_eq!(late.refuses(of("dishub"), back("dlh")), over);

    // 19: return after having answered.
    let mut contested = Office::answered("2024-03-04T09:00:00+07:00");
    contested.does(Role::Complainant, Command::Reply { kind: ReplyKind::Contest, text: Some(text()) });
    assert_eq!(contested.refuses(of("dishub"), back("dlh")), Rejection::AlreadyAnswered);
}

#[test]
fn loops_of_dispositions_end_with_a_superior() {
    let mut office = Office::verified("2024-03-04T09:00:00+07:00");
    for hop in 0..5 {
        office.does(Role::Admin, dispose(if hop % 2 == 0 { "dishub" } else { "dlh" }));
    }
    assert_eq!(office.refuses(Role::Admin, dispose("dlh")), Rejection::TooManyHops { max: 5 });
    office.does(Role::Superior, dispose("dlh"));
}

#[test]
fn an_abolished_agency_is_refused_with_its_successor() {
    let mut office = Office::verified("2024-03-04T09:00:00+07:00");
    let refused = office.refuses(Role::Admin, dispose("dinas-pasar"));
    let successor = Some(agency("diskopukmperindag"));
    assert_eq!(refused, Rejection::NoSuchAgency { agency: agency("dinas-pasar"), successor });
}

#[test]
fn nobody_judges_a_complaint_against_themselves() {
    // 31: the accused neither verifies nor holds.
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    let accusing = Command::Verify {
        accused: vec![agency("dishub")],
        classification: classification(Class::Supervisory),
        public_interest: false,
    };
    let by = Actor::of(Role::Admin, agency("dishub"));
    assert_eq!(office.refuses(by, accusing.clone()), Rejection::Accused { agency: agency("dishub") });
    office.does(Role::Admin, accusing);
    assert_eq!(office.refuses(Role::Admin, dispose("dishub")), Rejection::Accused { agency: agency("dishub") });
    let copied = Command::Dispose { cc: vec![agency("dishub")], text: None, to: agency("inspektorat") };
    assert!(matches!(office.refuses(Role::Admin, copied), Rejection::Accused { .. }));
    office.does(Role::Admin, dispose("inspektorat"));
}

#[test]
fn for_a_whistleblower_the_inspectorate_stands_in_every_row_of_the_admin() {
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    let mut report = Receive::by(Channel::new("lapor.go.id").unwrap(), Class::Supervisory);
    report.text = Some(text());
    report.whistleblowing = true;
    let open = Command::Receive(Box::new(report.clone()));
    assert_eq!(office.refuses(Role::Intake, open), Rejection::MustBeWhistleblower);
    report.visibility = Visibility::Whistleblower;
    office.does(Role::Intake, Command::Receive(Box::new(report)));
    assert!(matches!(office.refuses(Role::Admin, verify(Class::Supervisory)), Rejection::NotAllowed { .. }));
    office.does(Role::Inspectorate, verify(Class::Supervisory));
    // 33: withdrawn, it goes on.
    let events = office.does(Role::Complainant, Command::Withdraw { text: None });
    assert!(matches!(events[0].fact, Fact::Annotated { note: Note::WithdrawalNoted, .. }));
    assert_eq!(office.complaint.stage, Stage::Verified);
}

#[test]
fn out_of_scope_is_only_said_with_a_referral() {
    // 34: no wrong door.
    let decline = |referred_to| Command::Decline { reason: DeclineReason::OutOfScope, referred_to, text: None };
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    assert_eq!(office.refuses(Role::Admin, decline(None)), Rejection::MustRefer);
    office.does(Role::Admin, decline(Some(agency("kementerian-pupr"))));
    assert_eq!(office.verdict(ClockKind::Verification), Verdict::Met);
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Cancelled);
}

#[test]
fn a_question_pauses_the_officers_clocks_and_an_answer_resumes_them() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    assert_eq!(office.due(ClockKind::FirstResponse), "end of 2024-03-07 (Asia/Jakarta)");
    office.wait_until("2024-03-05T09:00:00+07:00").does(of("dishub"), Command::RequestInfo { text: text() });
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Paused);
    assert_eq!(
        office.refuses(of("dishub"), Command::RequestInfo { text: text() }),
        Rejection::QuestionOpen { request: 1 }
    );
    office.wait_until("2024-03-07T09:00:00+07:00");
    let provide = |request| Command::ProvideInfo { attachments: Vec::new(), request, text: text() };
    assert_eq!(office.refuses(Role::Complainant, provide(2)), Rejection::NoSuchQuestion { request: 2 });
    office.does(Role::Complainant, provide(1));
    // Open at the end of the 5th and the 6th: two working days more, and the 11th and 12th are off.
    assert_eq!(office.due(ClockKind::FirstResponse), "end of 2024-03-13 (Asia/Jakarta)");
    assert_eq!(office.verdict(ClockKind::Information), Verdict::Met);
    // 9: the answer arrives after it is no longer asked for.
    assert_eq!(office.refuses(Role::Complainant, provide(1)), Rejection::NoSuchQuestion { request: 1 });
}

#[test]
fn before_verification_the_file_is_complete_only_with_the_answer() {
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    assert_eq!(office.due(ClockKind::Statutory), "end of 2024-03-20 (Asia/Jakarta)");
    office.does(Role::Admin, Command::RequestInfo { text: text() });
    office.wait_until("2024-03-06T09:00:00+07:00");
    office.does(Role::Complainant, Command::ProvideInfo { attachments: Vec::new(), request: 1, text: text() });
    assert_eq!(office.due(ClockKind::Statutory), "end of 2024-03-22 (Asia/Jakarta)");
}

#[test]
fn an_unanswered_question_lapses_at_its_true_due_time() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.does(of("dishub"), Command::RequestInfo { text: text() });
    assert_eq!(office.refuses(Role::SystemClock, Command::Lapse { request: 1 }), Rejection::NotDue);
    let due = office.complaint.clock(ClockKind::Information).unwrap().due.instant();
    // 13: the timer was down for a week.
    office.wait_until("2024-03-25T09:00:00+07:00");
    let lapsed = office.ticks();
    assert_eq!(lapsed[0].fact.name(), "InfoLapsed");
    assert_eq!(lapsed[0].occurred_at.at, due);
    // Ten working days were waited for in vain; they count as paused, and not one day of the timer's sleep.
    assert_eq!(office.due(ClockKind::FirstResponse), "end of 2024-03-25 (Asia/Jakarta)");

    let mut received = Office::received("2024-03-04T09:00:00+07:00");
    received.does(Role::Admin, Command::RequestInfo { text: text() });
    received.wait_until("2024-03-28T09:00:00+07:00").ticks();
    let incomplete = Closure::Declined { reason: DeclineReason::Incomplete, referred_to: None };
    assert_eq!(received.complaint.closure, Some(incomplete));
    assert_eq!(received.verdict(ClockKind::Information), Verdict::Missed);
}

#[test]
fn questions_are_counted() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    for request in 1..=3 {
        office.does(of("dishub"), Command::RequestInfo { text: text() });
        office.does(Role::Complainant, Command::ProvideInfo { attachments: Vec::new(), request, text: text() });
    }
    assert_eq!(
        office.refuses(of("dishub"), Command::RequestInfo { text: text() }),
        Rejection::TooManyQuestions { max: 3 }
    );
}

#[test]
fn a_re_disposition_never_restarts_the_statutory_clock() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    let before = office.due(ClockKind::Statutory);
    office.wait_until("2024-03-08T09:00:00+07:00").does(Role::Admin, dispose("dlh"));
    assert_eq!(office.due(ClockKind::Statutory), before);
    assert_ne!(office.due(ClockKind::FirstResponse), before);
    // 51: the verdict belongs to who held it then.
    office.wait_until("2024-04-01T09:00:00+07:00").does(of("dlh"), answer(2));
    let statutory = office.complaint.clock(ClockKind::Statutory).unwrap();
    assert_eq!(statutory.agency, Some(agency("dlh")));
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Missed);
}

#[test]
fn what_is_late_when_it_is_taken_away_is_missed_not_cancelled() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-20T09:00:00+07:00").does(Role::Admin, dispose("dlh"));
    let stopped: Vec<_> = office.events.last().unwrap().fact.clocks().iter().filter(|clock| !clock.is_open()).collect();
    assert!(matches!(stopped[0].state, ClockState::Missed(_)));
    assert_eq!(stopped[0].agency, Some(agency("dishub")));
}

#[test]
fn reclassifying_derives_the_statutory_date_from_the_old_anchor() {
    let to = |class| Command::Reclassify { text: text(), to: classification(class) };
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-06T09:00:00+07:00").does(Role::Admin, to(Class::Information));
    assert_eq!(office.due(ClockKind::Statutory), "end of 2024-03-13 (Asia/Jakarta)");
    // 12: it is overdue at that instant.
    let mut late = Office::disposed("2024-03-04T09:00:00+07:00");
    late.wait_until("2024-03-19T09:00:00+07:00").does(Role::Admin, to(Class::Information));
    assert_eq!(late.verdict(ClockKind::Statutory), Verdict::Missed);
    assert_eq!(late.ticks().last().map(|event| event.fact.name()), Some("Escalated"), "and somebody hears of it");
}

#[test]
fn an_emergency_runs_from_receipt_in_minutes() {
    let mut office = Office::received("2024-03-04T15:30:00+07:00");
    let classification = Classification { priority: Priority::Emergency, ..classification(Class::Complaint) };
    office.does(Role::Admin, Command::Verify { accused: Vec::new(), classification, public_interest: true });
    // 8: Mojokerto's example counts 120 office minutes: 30 today, 90 tomorrow from 07:30.
    assert_eq!(office.due(ClockKind::Emergency), "2024-03-05T02:00:00Z");
}

#[test]
fn an_emergency_that_was_answered_is_not_started_again() {
    let emergency = |category: &str| {
        let category = aduan::values::Category::new(category).unwrap();
        Classification { category, priority: Priority::Emergency, ..classification(Class::Complaint) }
    };
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    let verify = Command::Verify { accused: Vec::new(), classification: emergency("a"), public_interest: false };
    office.does(Role::Admin, verify);
    office.does(Role::Admin, dispose("dishub"));
    office.does(of("dishub"), Command::Respond { disposition: 1, kind: ResponseKind::Interim, text: text() });
    assert_eq!(office.verdict(ClockKind::Emergency), Verdict::Met);
    office.wait_until("2024-03-05T09:00:00+07:00");
    office.does(Role::Admin, Command::Reclassify { text: text(), to: emergency("b") });
    assert_eq!(office.verdict(ClockKind::Emergency), Verdict::Met, "a finished clock never changes");
    office.does(of("dishub"), answer(1));
    office.does(Role::Admin, Command::Close { text: None });
    office.does(Role::Complainant, Command::Reopen { reason: ReopenReason::Recurred, text: None });
    assert_eq!(office.verdict(ClockKind::Emergency), Verdict::Running, "a new cycle, a new emergency");
}

#[test]
fn an_emergency_found_after_a_reopening_runs_from_the_reopening() {
    let mut office = Office::closed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-06T09:00:00+07:00");
    office.does(Role::Complainant, Command::Reopen { reason: ReopenReason::Recurred, text: None });
    office.wait_until("2024-03-06T09:30:00+07:00");
    let to = Classification { priority: Priority::Emergency, ..classification(Class::Complaint) };
    office.does(Role::Admin, Command::Reclassify { text: text(), to });
    // 120 office minutes, not counted from the windows that the first cycle's end had opened.
    assert_eq!(office.due(ClockKind::Emergency), "2024-03-06T04:00:00Z");
}

#[test]
fn a_whistleblowers_report_stays_the_inspectorates_whatever_its_visibility() {
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    let mut report = Receive::by(Channel::new("lapor.go.id").unwrap(), Class::Supervisory);
    report.text = Some(text());
    report.whistleblowing = true;
    report.visibility = Visibility::Whistleblower;
    office.does(Role::Intake, Command::Receive(Box::new(report)));
    office.does(Role::Complainant, Command::ChangeVisibility { to: Visibility::Public });
    assert!(matches!(office.refuses(Role::Admin, verify(Class::Supervisory)), Rejection::NotAllowed { .. }));
    // 33: whoever is pressed to withdraw does not end it.
    office.does(Role::Complainant, Command::Withdraw { text: None });
    assert_eq!(office.complaint.stage, Stage::Received);
}

#[test]
fn an_answer_accepted_while_a_question_is_open_closes_with_the_question() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.does(of("dishub"), Command::RequestInfo { text: text() });
    office.does(of("dishub"), answer(1));
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Accept, text: None });
    assert_eq!(office.complaint.stage, Stage::Responded);
    let provide = Command::ProvideInfo { attachments: Vec::new(), request: 1, text: text() };
    let events = office.does(Role::Complainant, provide);
    assert_eq!(events.iter().map(|event| event.fact.name()).collect::<Vec<_>>(), ["InfoProvided", "Closed"]);
}

#[test]
fn who_said_something_was_not_silent() {
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Comment, text: Some(text()) });
    office.wait_until("2024-03-25T09:00:00+07:00").ticks();
    let closure = Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved };
    assert_eq!(office.complaint.closure, Some(closure));
    let contest = Command::Reply { kind: ReplyKind::Contest, text: Some(text()) };
    let late = office.request(Role::Complainant, contest).occurred(moment("2024-03-18T20:00:00+07:00"));
    assert_eq!(office.sends(&late).unwrap().len(), 2, "what was sent in time counts, whatever the basis");
}

#[test]
fn no_request_opens_a_window_by_what_it_says_of_its_own_time() {
    let mut office = Office::closed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-04-22T09:00:00+07:00");
    let reopen = Command::Reopen { reason: ReopenReason::Recurred, text: None };
    let request = office.request(Role::Complainant, reopen).occurred(moment("2024-04-10T09:00:00+07:00"));
    assert_eq!(office.sends(&request), Err(Rejection::WindowElapsed { clock: ClockKind::ReopenWindow }));
    let long_ago = office.request(Role::Complainant, rate(1, 5)).occurred(moment("2024-03-05T09:00:00+07:00"));
    assert_eq!(office.sends(&long_ago), Err(Rejection::TooLongAgo { days: 14 }));
}

#[test]
fn a_promise_of_the_source_is_not_the_offices_to_move() {
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    office.does(Role::Migrator, import(&["2024-03-01T00:00:00Z"], Some("2024-03-20T00:00:00Z")));
    let promised = office.due(ClockKind::Statutory);
    office.does(Role::Admin, dispose("dishub"));
    let extend = Command::Extend { days: 1, kind: ClockKind::Statutory, text: text() };
    assert_eq!(office.refuses(Role::Superior, extend), Rejection::ClockNotRunning { clock: ClockKind::Statutory });
    office.does(of("dishub"), Command::RequestInfo { text: text() });
    office.wait_until("2024-03-06T09:00:00+07:00");
    office.does(Role::Complainant, Command::ProvideInfo { attachments: Vec::new(), request: 1, text: text() });
    assert_eq!(office.due(ClockKind::Statutory), promised);
}

#[test]
fn a_field_visit_of_last_year_is_bound_by_last_years_policy() {
    let mut office = Office::at("2020-01-03T09:00:00+07:00");
    let visit = office.request(Role::Intake, receive(Class::Complaint)).occurred(moment("2019-12-30T15:00:00+07:00"));
    office.sends(&visit).unwrap();
    assert_eq!(&*office.complaint.bound.as_ref().unwrap().policy.name, "id-sp4n-2018");
}

#[test]
fn times_that_no_record_can_hold_are_refused() {
    // 55
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    office.now.at = chrono::DateTime::from_timestamp(253_402_214_400, 0).unwrap();
    assert!(matches!(office.refuses(Role::Intake, receive(Class::Complaint)), Rejection::Invalid { .. }));
    office.now.at = chrono::DateTime::from_timestamp(1_709_517_600, 123_456_789).unwrap();
    let events = office.does(Role::Intake, receive(Class::Complaint));
    assert_eq!(events[0].recorded_at().timestamp_subsec_nanos(), 123_456_000, "cut to the microsecond");
}

#[test]
fn a_clock_runs_in_the_zone_it_started_in() {
    // 5: 23:30 in Mojokerto is tomorrow in Makassar.
    let mut office = Office::at("2024-03-04T23:30:00+07:00");
    office.now = office.now.in_zone(WITA);
    office.does(Role::Intake, receive(Class::Complaint));
    let clock = office.complaint.clock(ClockKind::Verification).unwrap();
    assert_eq!((clock.anchor.zone, clock.anchor.date().to_string().as_str()), (WIB, "2024-03-04"));
}

#[test]
fn silence_closes_after_the_reply_window_and_counts_as_silence() {
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-18T09:00:00+07:00");
    assert_eq!(office.refuses(Role::SystemClock, Command::Close { text: None }), Rejection::NotDue);
    let due = office.complaint.clock(ClockKind::ReplyWindow).unwrap().due.instant();
    let closed = office.wait_until("2024-03-25T09:00:00+07:00").ticks();
    assert_eq!(closed[0].occurred_at.at, due);
    let silence = Closure::Resolved { basis: Basis::Silence, outcome: Outcome::Resolved };
    assert_eq!(office.complaint.closure, Some(silence));
}

#[test]
fn a_contest_gives_the_holder_a_clock_again() {
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-06T09:00:00+07:00");
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Contest, text: Some(text()) });
    assert_eq!(office.due(ClockKind::FirstResponse), "end of 2024-03-13 (Asia/Jakarta)");
    assert_eq!(office.verdict(ClockKind::FirstResponse), Verdict::Running);
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Met, "the law's clock stopped with the first answer");
    office.wait_until("2024-03-14T09:00:00+07:00");
    assert_eq!(office.ticks()[0].fact.name(), "Escalated");
}

#[test]
fn windows_that_are_used_are_met_and_those_that_are_not_are_cancelled() {
    let mut office = Office::closed("2024-03-04T09:00:00+07:00");
    office.does(Role::Complainant, rate(1, 1));
    let appeal = Command::Escalate { text: None, to: Level::OMBUDSMAN, trigger: Trigger::ByRight };
    let mut late = Office::closed("2024-03-04T09:00:00+07:00");
    late.does(Role::Complainant, rate(1, 1));
    late.wait_until("2024-04-22T09:00:00+07:00");
    let over = Rejection::WindowElapsed { clock: ClockKind::AppealWindow };
    assert_eq!(late.refuses(Role::Complainant, appeal.clone()), over);
    office.does(Role::Complainant, appeal);
    assert_eq!(office.verdict(ClockKind::AppealWindow), Verdict::Met);
    let events = office.does(Role::Complainant, Command::Reopen { reason: ReopenReason::Recurred, text: None });
    let window = events[0].fact.clocks().iter().find(|clock| clock.kind == ClockKind::ReopenWindow).unwrap();
    assert!(matches!(window.state, ClockState::Met(_)));
    // A return window that nobody used breaches nothing, however late the next disposition.
    let mut passed_on = Office::disposed("2024-03-04T09:00:00+07:00");
    passed_on.wait_until("2024-03-20T09:00:00+07:00").does(Role::Admin, dispose("dlh"));
    let clocks = passed_on.events.last().unwrap().fact.clocks();
    let unused = clocks.iter().find(|clock| clock.kind == ClockKind::ReturnWindow).unwrap();
    assert_eq!(unused.state, ClockState::Cancelled);
}

#[test]
fn a_thank_you_moves_no_clock() {
    // 23
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    let before = office.complaint.clocks.clone();
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Comment, text: Some(text()) });
    assert_eq!((office.complaint.stage, &office.complaint.clocks), (Stage::Responded, &before));
}

#[test]
fn a_contest_sent_in_time_and_delivered_late_reverses_the_silence() {
    // 22
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-25T09:00:00+07:00").ticks();
    let contest = Command::Reply { kind: ReplyKind::Contest, text: Some(text()) };
    let too_late = Rejection::WindowElapsed { clock: ClockKind::ReplyWindow };
    assert_eq!(office.refuses(Role::Complainant, contest.clone()), too_late);
    let request = office.request(Role::Complainant, contest).occurred(moment("2024-03-18T20:00:00+07:00"));
    let events = office.sends(&request).unwrap();
    assert!(matches!(events[0].fact, Fact::Reopened { reason: ReopenReason::LateDelivered, cycle: 2, .. }));
    assert_eq!((office.complaint.stage, office.complaint.contested), (Stage::Verified, true));
    // A late word of thanks is kept, and changes nothing.
    let mut thanked = Office::closed("2024-03-04T09:00:00+07:00");
    let events = thanked.does(Role::Complainant, Command::Reply { kind: ReplyKind::Comment, text: Some(text()) });
    assert!(matches!(events[0].fact, Fact::Annotated { note: Note::LateReply(ReplyKind::Comment), .. }));
}

#[test]
fn officers_cannot_backdate_and_nobody_acts_in_the_future() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    let early = office.request(of("dishub"), answer(1)).occurred(moment("2024-03-04T09:00:00+07:00"));
    assert_eq!(office.sends(&early), Err(Rejection::Backdated { role: Role::Liaison }));
    let mut desk = Office::at("2024-03-04T09:00:00+07:00");
    // 14: clocks of machines differ by minutes, not by hours.
    let skewed = desk.request(Role::Intake, receive(Class::Complaint)).occurred(moment("2024-03-04T09:04:00+07:00"));
    let future = desk.request(Role::Intake, receive(Class::Complaint)).occurred(moment("2024-03-04T10:00:00+07:00"));
    assert_eq!(desk.sends(&future), Err(Rejection::InFuture));
    assert!(desk.sends(&skewed).is_ok());
    let before =
        desk.request(Role::Complainant, Command::Withdraw { text: None }).occurred(moment("2024-03-01T09:00:00+07:00"));
    assert_eq!(desk.sends(&before), Err(Rejection::BeforeReceipt));
}

#[test]
fn the_recording_clock_never_runs_backwards_in_one_complaint() {
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-04T08:59:00+07:00").does(Role::Admin, verify(Class::Complaint));
    assert_eq!(office.events[1].recorded_at(), office.events[0].recorded_at());
}

#[test]
fn only_the_complainant_replies_rates_and_reopens() {
    // 25, 32: the tracking number alone opens nothing.
    let mut office = Office::closed("2024-03-04T09:00:00+07:00");
    let stranger = Actor::complainant(PersonRef::new("p-9").unwrap());
    assert_eq!(office.refuses(stranger, rate(1, 1)), Rejection::NotTheComplainant);
    assert_eq!(office.refuses(Actor::new(Role::Complainant), rate(1, 1)), Rejection::NotTheComplainant);
    office.does(Role::Complainant, rate(1, 1));
    assert_eq!(office.refuses(Role::Complainant, rate(1, 5)), Rejection::NotRateable { cycle: 1 });
}

#[test]
fn a_rating_belongs_to_its_cycle_and_its_window() {
    let mut office = Office::answered("2024-03-04T09:00:00+07:00");
    assert!(matches!(office.refuses(Role::Complainant, rate(1, 5)), Rejection::WrongStage { .. }));
    office.does(Role::Admin, Command::Close { text: None });
    assert_eq!(office.refuses(Role::Complainant, rate(2, 5)), Rejection::NotRateable { cycle: 2 });
    office.wait_until("2024-03-19T00:00:00+07:00");
    assert_eq!(
        office.refuses(Role::Complainant, rate(1, 5)),
        Rejection::WindowElapsed { clock: ClockKind::RatingWindow }
    );
}

#[test]
fn reopening_starts_a_new_cycle_and_the_old_verdicts_stand() {
    let mut office = Office::closed("2024-03-04T09:00:00+07:00");
    let reopen = |reason| Command::Reopen { reason, text: None };
    office.does(Role::Complainant, reopen(ReopenReason::Recurred));
    assert_eq!((office.complaint.cycle, office.complaint.stage), (2, Stage::Verified));
    assert_eq!((office.complaint.holding.as_ref(), office.complaint.level), (None, Level::default()));
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Running);
    for _ in 0..2 {
        office.does(Role::Admin, dispose("dishub"));
        let number = office.complaint.dispositions;
        office.does(of("dishub"), answer(number));
        office.does(Role::Admin, Command::Close { text: None });
        if office.complaint.cycle < 3 {
            office.does(Role::Complainant, reopen(ReopenReason::NotResolved));
        }
    }
    // 24: after that, the Ombudsman.
    assert_eq!(
        office.refuses(Role::Complainant, reopen(ReopenReason::NotResolved)),
        Rejection::CyclesExhausted { max: 3 }
    );
    office.does(Role::Superior, reopen(ReopenReason::Ordered));
    let mut late = Office::closed("2024-03-04T09:00:00+07:00");
    late.wait_until("2024-04-22T09:00:00+07:00");
    let over = Rejection::WindowElapsed { clock: ClockKind::ReopenWindow };
    assert_eq!(late.refuses(Role::Complainant, reopen(ReopenReason::Recurred)), over);
}

#[test]
fn escalations_come_once_in_order_with_their_true_dates() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-07T09:00:00+07:00");
    assert!(office.ticks().is_empty(), "too early is harmless");
    // 1, 13: nobody looked until Lebaran was over.
    office.wait_until("2024-04-16T09:00:00+07:00");
    let escalated = office.ticks();
    let told: Vec<_> = escalated
        .iter()
        .map(|event| match &event.fact {
            Fact::Escalated { to, trigger: Trigger::Breach { clock, since }, .. } => {
                assert_eq!(event.occurred_at.at, *since);
                (to.number(), *clock, WIB.date(*since).to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // dishub's example promise: three working days, the 11th is Nyepi and the 12th joint leave.
    let expected = [
        (1, ClockKind::FirstResponse, "2024-03-07".to_owned()),
        (2, ClockKind::FirstResponse, "2024-03-14".to_owned()),
        (3, ClockKind::FirstResponse, "2024-03-18".to_owned()),
    ];
    assert_eq!(told, expected);
    assert!(office.ticks().is_empty(), "twice is harmless");
}

#[test]
fn what_was_answered_late_escalates_no_further() {
    // 39
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.wait_until("2024-03-13T09:00:00+07:00").ticks();
    assert_eq!(office.complaint.level.number(), 1);
    office.does(of("dishub"), answer(1));
    office.wait_until("2024-03-20T09:00:00+07:00");
    assert!(office.ticks().is_empty());
    assert_eq!(office.complaint.level.number(), 1, "the level stays recorded");
}

#[test]
fn level_four_is_the_complainants_own_step() {
    let up = |to: u8, trigger| Command::Escalate { text: None, to: to.try_into().unwrap(), trigger };
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    assert_eq!(office.refuses(Role::Complainant, up(1, Trigger::ByRight)), Rejection::NoGrounds);
    assert!(matches!(office.refuses(Role::CentralMonitor, up(4, Trigger::ByHand)), Rejection::NotAllowed { .. }));
    office.does(Role::CentralMonitor, up(3, Trigger::ByHand));
    assert!(matches!(office.refuses(Role::Superior, up(2, Trigger::ByHand)), Rejection::LevelNotRising { .. }));
    let mut closed = Office::closed("2024-03-04T09:00:00+07:00");
    assert_eq!(closed.refuses(Role::Complainant, up(4, Trigger::ByRight)), Rejection::NoGrounds);
    closed.does(Role::Complainant, rate(1, 2));
    closed.does(Role::Complainant, up(4, Trigger::ByRight));
    assert_eq!(closed.complaint.level, Level::OMBUDSMAN);
}

#[test]
fn an_extension_is_granted_before_the_date_and_within_bounds() {
    let extend = |days| Command::Extend { days, kind: ClockKind::Statutory, text: text() };
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    let before = office.due(ClockKind::Statutory);
    assert_eq!(office.refuses(Role::Superior, extend(15)), Rejection::ExtensionTooLong { max: 14 });
    office.does(Role::Superior, extend(2));
    assert_ne!(office.due(ClockKind::Statutory), before);
    assert_eq!(office.refuses(Role::Superior, extend(13)), Rejection::ExtensionTooLong { max: 14 });
    // 16
    office.wait_until("2024-05-20T09:00:00+07:00");
    assert_eq!(office.refuses(Role::Superior, extend(1)), Rejection::AlreadyPastDue { clock: ClockKind::Statutory });
}

#[test]
fn a_new_calendar_moves_running_clocks_only_by_an_event() {
    // 2: the decree on joint leave was revised after receipt.
    let mut office = Office::disposed("2024-04-01T09:00:00+07:00");
    let before = office.due(ClockKind::Statutory);
    let calendars =
        office.rules.documents().into_iter().find(|document| document.text.contains("id-national")).unwrap();
    let revised = calendars.text.replacen("version = 1", "version = 2", 1);
    let line = revised.lines().find(|line| line.contains("2024-04-12")).unwrap().to_owned();
    let revised = revised.replace(&format!("{line}\n"), "");
    let revised = aduan::calendar::Calendar::parse(&revised).unwrap();
    let document = aduan::store::Document {
        hash: revised.reference().hash,
        kind: aduan::store::DocumentKind::Calendar,
        text: revised.document().to_owned(),
    };
    office.rules = office.rules.with(&document).unwrap();
    office.wait_until("2024-04-02T09:00:00+07:00");
    assert_eq!(office.due(ClockKind::Statutory), before, "nothing moves by itself");
    let calendar = revised.reference().clone();
    let recompute = Command::Recompute { calendar, policy: None, text: text() };
    office.does(Role::Admin, recompute.clone());
    let days = |text: &str| text[7..17].parse::<chrono::NaiveDate>().unwrap();
    assert_eq!(days(&office.due(ClockKind::Statutory)), days(&before).pred_opt().unwrap());
    assert!(matches!(office.refuses(Role::Admin, recompute), Rejection::NotNewer { .. }));
    assert_eq!(office.verdict(ClockKind::Verification), Verdict::Met, "a finished clock never changes");
}

#[test]
fn a_holiday_of_the_city_counts_before_an_agency_holds_the_complaint() {
    let mut office = Office::at("2024-06-19T09:00:00+07:00");
    let documents = office.rules.documents();
    let calendar = documents.iter().find(|document| document.text.contains("id-national")).unwrap();
    let day = r#"  { date = 2024-06-20, kind = "regional", region = "35.76", name = "Hari Jadi Kota Mojokerto" },"#;
    let text = calendar.text.replacen("version = 1", "version = 2", 1);
    let next = text.lines().find(|line| line.contains("date = 2024-07-07")).unwrap().to_owned();
    let text = text.replace(&next, &format!("{day}\n{next}"));
    let hash = aduan::values::Digest::of(text.as_bytes());
    let newer = aduan::store::Document { hash, kind: aduan::store::DocumentKind::Calendar, text };
    office.rules = office.rules.with(&newer).unwrap();
    office.does(Role::Intake, receive(Class::Complaint));
    assert_eq!(office.due(ClockKind::Verification), "end of 2024-06-21 (Asia/Jakarta)");
}

#[test]
fn a_tenant_that_works_six_days_counts_saturdays() {
    let mut office = Office::at("2024-06-21T09:00:00+07:00");
    let documents = office.rules.documents();
    let calendar = documents.iter().find(|document| document.text.contains("id-national")).unwrap();
    let six = calendar
        .text
        .replacen("version = 1", "version = 2", 1)
        .replace("default_week = \"five-days\"", "default_week = \"six-days\"");
    let hash = aduan::values::Digest::of(six.as_bytes());
    let newer = aduan::store::Document { hash, kind: aduan::store::DocumentKind::Calendar, text: six };
    office.rules = office.rules.with(&newer).unwrap();
    office.does(Role::Intake, receive(Class::Complaint));
    assert_eq!(office.due(ClockKind::Verification), "end of 2024-06-22 (Asia/Jakarta)");
}

#[test]
fn a_flood_of_comments_keeps_nobody_from_answering_and_closing() {
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    let comment = || Command::Reply { kind: ReplyKind::Comment, text: None };
    while office.complaint.version < 9_500 {
        office.does(Role::Complainant, comment());
    }
    assert!(matches!(office.refuses(Role::Complainant, comment()), Rejection::TooMuch { max: 9_500, .. }));
    office.does(of("dishub"), answer(1));
    office.does(Role::Complainant, Command::Reply { kind: ReplyKind::Accept, text: None });
    // 54: a very long history gives the same state when it is folded anew.
    assert_eq!(aduan::complaint::Complaint::replay(&office.events), office.complaint);
}

#[test]
fn a_duplicate_is_never_hidden_away_nor_shown() {
    let target = |visibility, stage| Target {
        root: ComplaintId(Uuid::from_u128(7)),
        is_self: false,
        exists: true,
        stage,
        is_full: false,
        visibility,
    };
    let ask = |office: &mut Office, target: Option<Target>| {
        let mut request =
            office.request(Role::Admin, Command::MarkDuplicate { of: ComplaintId(Uuid::from_u128(7)), target: None });
        if let Command::MarkDuplicate { target: looked_up, .. } = &mut request.command {
            *looked_up = target;
        }
        office.sends(&request)
    };
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    assert!(matches!(ask(&mut office, None), Err(Rejection::BadTarget { .. })));
    // 27
    let closed = target(Visibility::Public, Stage::Closed);
    assert!(matches!(ask(&mut office, Some(closed)), Err(Rejection::BadTarget { .. })));
    let itself = Target { is_self: true, ..target(Visibility::Public, Stage::Received) };
    assert!(matches!(ask(&mut office, Some(itself)), Err(Rejection::BadTarget { .. })));
    let full = Target { is_full: true, ..target(Visibility::Public, Stage::Verified) };
    assert!(matches!(ask(&mut office, Some(full)), Err(Rejection::BadTarget { .. })));
    // 29
    office.does(Role::Complainant, Command::ChangeVisibility { to: Visibility::Secret });
    let public = target(Visibility::Anonymous, Stage::Verified);
    assert_eq!(ask(&mut office, Some(public)), Err(Rejection::WouldExpose));
    let secret = target(Visibility::AnonymousSecret, Stage::Verified);
    assert_eq!(ask(&mut office, Some(secret)).unwrap().len(), 1);
    assert_eq!(office.verdict(ClockKind::Statutory), Verdict::Cancelled);
    // 28: the complainant of a duplicate rates too.
    office.does(Role::Complainant, rate(1, 4));
}

#[test]
fn visibility_is_tightened_by_offices_and_loosened_only_by_the_complainant() {
    let to = |to| Command::ChangeVisibility { to };
    let mut office = Office::received("2024-03-04T09:00:00+07:00");
    office.does(Role::Admin, to(Visibility::Secret));
    assert_eq!(office.refuses(Role::Admin, to(Visibility::Anonymous)), Rejection::WouldLoosen);
    office.does(Role::Complainant, to(Visibility::Public));
    assert_eq!(office.refuses(Role::Complainant, to(Visibility::Public)), Rejection::NoChange);
}

#[test]
fn corrections_add_and_never_edit() {
    let note = |note| Command::Annotate { note, text: Some(text()) };
    let mut office = Office::disposed("2024-03-04T09:00:00+07:00");
    office.does(Role::Admin, note(Note::Correction { of: 2 }));
    assert!(matches!(office.refuses(Role::Admin, note(Note::Correction { of: 99 })), Rejection::Invalid { .. }));
    assert_eq!(office.refuses(Role::Admin, note(Note::WithdrawalNoted)), Rejection::NotByHand);
    office.does(Role::DataProtection, note(Note::LegalHold { held: true }));
    assert_eq!(
        office.refuses(Role::DataProtection, Command::Erase { basis: ErasureBasis::Request }),
        Rejection::LegalHold
    );
}

#[test]
fn an_imported_history_is_honest_about_what_it_does_not_know() {
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    office.does(Role::Migrator, import(&["2011-07-01T01:32:33-04:00", "2011-07-05T05:06:58-04:00"], None));
    assert_eq!(office.complaint.stage, Stage::Closed);
    assert!(office.complaint.clocks.is_empty(), "a source without a promise gives no clock");
    assert!(office.events.iter().all(|event| event.provenance.is_imported()));
    office.wait_until("2024-06-04T09:00:00+07:00");
    assert!(office.ticks().is_empty(), "what was never touched here is left alone");
    assert!(matches!(office.refuses(Role::Complainant, rate(1, 5)), Rejection::WindowElapsed { .. }));
}

#[test]
fn a_promise_of_the_source_is_judged_by_its_close() {
    for (closed, verdict) in [("2011-07-02T00:00:00Z", Verdict::Met), ("2011-07-02T00:00:01Z", Verdict::Missed)] {
        let mut office = Office::at("2024-03-04T09:00:00+07:00");
        office.does(Role::Migrator, import(&["2011-07-01T00:00:00Z", closed], Some("2011-07-02T00:00:00Z")));
        assert_eq!(office.verdict(ClockKind::Statutory), verdict);
    }
}

#[test]
fn a_history_is_brought_in_again_with_more_and_nothing_doubles() {
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    let open = import(&["2011-07-01T00:00:00Z"], None);
    assert_eq!(office.does(Role::Migrator, open.clone()).len(), 2);
    assert_eq!(office.does(Role::Migrator, open).len(), 0);
    let closed = import(&["2011-07-01T00:00:00Z", "2011-07-03T00:00:00Z"], None);
    assert_eq!(office.does(Role::Migrator, closed).len(), 2);
    office.does(Role::Admin, Command::Annotate { note: Note::Remark, text: None });
    let more = import(&["2011-07-01T00:00:00Z", "2011-07-04T00:00:00Z"], None);
    assert_eq!(office.refuses(Role::Migrator, more), Rejection::NotImportable);
}

#[test]
fn an_imported_history_out_of_order_is_refused_whole() {
    // 45
    let mut office = Office::at("2024-03-04T09:00:00+07:00");
    let backwards = import(&["2011-07-03T00:00:00Z", "2011-07-01T00:00:00Z"], None);
    assert!(matches!(office.refuses(Role::Migrator, backwards), Rejection::StepOutOfOrder { step: 3, .. }));
    let future = import(&["2031-07-03T00:00:00Z"], None);
    assert!(matches!(office.refuses(Role::Migrator, future), Rejection::StepOutOfOrder { step: 1, .. }));
}

#[test]
fn a_complaint_keeps_the_policy_of_its_receipt() {
    // 10
    let office = Office::received("2019-03-04T09:00:00+07:00");
    assert_eq!(&*office.complaint.bound.as_ref().unwrap().policy.name, "id-sp4n-2018");
    let mut office = office;
    office.wait_until("2020-03-04T09:00:00+07:00").does(Role::Admin, verify(Class::Complaint));
    assert_eq!(&*office.events[1].context.policy.name, "id-sp4n-2018");
}

/// Received and verified at the first time; answered and closed at the second.
fn import(times: &[&str], due: Option<&str>) -> Command<aduan::sealed::Clear> {
    let mut complaint = Receive::by(Channel::new("Constituent Call").unwrap(), Class::Complaint);
    complaint.title = Some(text());
    let step = |inferred, time: &str, step| ImportStep { inferred, occurred_at: moment(time), step };
    let due = due.map(moment);
    let mut steps = vec![
        step(false, times[0], Step::Receive { complaint: Box::new(complaint), due }),
        step(true, times[0], Step::Verify { classification: classification(Class::Complaint) }),
    ];
    if let Some(closed) = times.get(1) {
        let closure = Closure::Resolved { basis: Basis::Administrative, outcome: Outcome::Resolved };
        steps.push(step(true, closed, Step::Respond { outcome: Outcome::Resolved, text: None }));
        steps.push(step(false, closed, Step::Close { closure, text: None }));
    }
    let name = |text| SourceName::new(text).unwrap();
    Command::Import(Import { batch: name("run-1"), row: 1, source: name("boston"), steps })
}

fn rate(cycle: u32, stars: u8) -> Command<aduan::sealed::Clear> {
    Command::Rate { cycle, score: stars.try_into().unwrap(), text: None }
}
