//! The city: thousands of cases at once, an evening clock, and a year that passes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::calendar::{Calendar, Day, DayKind};
use aduan::command::Command;
use aduan::complaint::{Rejection, Stage};
use aduan::engine::{Engine, Error, Receipt};
use aduan::figures::View;
use aduan::projector::Projector;
use aduan::read::ReadStore;
use aduan::sealed::Clear;
use aduan::store::{Document, DocumentKind};
use aduan::values::{ComplaintId, Moment, WIB, WorkingDays};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::Fallible;
use crate::case::{Case, Lived, Now};
use crate::citizens::{self, Draft, weighted};

/// The city and what it has asked of the engine.
pub(crate) struct City {
    engine: Arc<Engine>,
    reads: Arc<dyn ReadStore>,
    projector: Projector,
    year: i32,
    /// Out of its place while it lives.
    cases: Vec<Option<Case>>,
    /// When each case next has something to do.
    calls: BTreeSet<(DateTime<Utc>, usize)>,
    /// The ids of those that were received.
    ids: Vec<Option<ComplaintId>>,
    /// Which earlier case tells of the same thing.
    twins: HashMap<usize, usize>,
    rng: Rng,
    /// What it has done and what it was refused.
    pub(crate) record: Record,
}

/// What became of a year's requests.
#[derive(Default)]
pub(crate) struct Record {
    /// Requests of people that took effect.
    pub(crate) done: u64,
    /// What the evening clock did, by fact.
    pub(crate) clock: BTreeMap<&'static str, u64>,
    /// The most that one evening had to make up for, and when.
    pub(crate) busiest: Option<(usize, NaiveDate)>,
    /// Refusals by kind, with a sample each and the commands they met.
    pub(crate) refused: BTreeMap<String, Refused>,
    /// The calendar that was changed on the way.
    pub(crate) moved: Option<String>,
}

/// Refusals of one kind.
pub(crate) struct Refused {
    pub(crate) count: u64,
    pub(crate) commands: BTreeSet<&'static str>,
    pub(crate) sample: Rejection,
}

impl City {
    /// A city that a number of complaints is going to reach in a year.
    pub(crate) fn new(
        engine: Arc<Engine>,
        reads: Arc<dyn ReadStore>,
        year: i32,
        complaints: usize,
        mut rng: Rng,
    ) -> Fallible<Self> {
        let arrivals = arrivals(&mut rng, year, complaints, engine.rules().calendar_on(first_day(year)))?;
        let projector = Projector::new(engine.store(), Arc::clone(&reads), engine.rules());
        let mut city = City {
            engine,
            reads,
            projector,
            year,
            cases: Vec::with_capacity(complaints),
            calls: BTreeSet::new(),
            ids: vec![None; complaints],
            twins: HashMap::new(),
            rng: rng.fork(),
            record: Record::default(),
        };
        let mut drafts: Vec<Draft> = Vec::with_capacity(complaints);
        for (number, at) in arrivals.into_iter().enumerate() {
            let mut draft = citizens::draft(&mut rng);
            // One in forty tells what a neighbour told some days ago.
            if rng.u32(..40) == 0 && number > 30 {
                let earlier = number - rng.usize(5..30);
                draft = retold(&drafts[earlier], draft);
                city.twins.insert(number, earlier);
            }
            let case = Case::new(number, draft.clone(), at, rng.fork())?;
            city.calls.extend(case.next_at().map(|at| (at, number)));
            city.cases.push(Some(case));
            drafts.push(draft);
        }
        Ok(city)
    }

    /// Lives the year: mornings, afternoons, an evening clock on working days, nights.
    ///
    /// For a week after Lebaran the clock is down, and makes up for it when it is back. A revised decree moves a
    /// day of joint leave on the way.
    pub(crate) async fn live(&mut self, mut progress: impl FnMut(NaiveDate, &Record)) -> Fallible<()> {
        let (rules, year) = (self.engine.rules(), self.year);
        let calendar = rules.calendar_on(first_day(year)).clone();
        let is_lebaran =
            |day: &&Day| day.date.year() == year && day.kind == DayKind::National && day.name.contains("Idul Fitri");
        let down_from = calendar.days().iter().find(is_lebaran).map(|lebaran| lebaran.date + Days::new(5));
        let revised = revision(&calendar, &rules, year);
        for day in first_day(year).iter_days().take_while(|day| day.year() == year) {
            if let Some((published, document)) = revised.as_ref().filter(|(published, _)| *published == day) {
                self.revise(*published, document).await?;
            }
            self.live_until(moment(day, 12)).await?;
            self.live_until(moment(day, 18)).await?;
            let is_down = down_from.is_some_and(|from| from <= day && day < from + Days::new(7));
            if is_working(&self.engine, day) && !is_down {
                self.evening(moment(day, 18)).await?;
            }
            self.live_until(moment(day, 24)).await?;
            progress(day, &self.record);
        }
        self.evening(moment(first_day(year + 1), 1)).await
    }

    /// Lets every case that has something to do live until then, all at once: what they ask for shares commits.
    async fn live_until(&mut self, until: Moment) -> Fallible<()> {
        let mut living = JoinSet::new();
        for (number, mut case) in self.called(until) {
            let engine = Arc::clone(&self.engine);
            living.spawn(async move {
                let lived = case.live(&engine, until.at, false).await;
                (number, case, lived)
            });
        }
        while let Some(joined) = living.join_next().await {
            let (number, case, lived) = joined?;
            self.back(number, case, lived)?;
        }
        for (number, mut case) in self.called(until) {
            let lived = case.live(&self.engine, until.at, true).await;
            self.back(number, case, lived)?;
        }
        Ok(())
    }

    /// Takes the cases out that have something to do before then, in the order of their numbers.
    fn called(&mut self, until: Moment) -> Vec<(usize, Case)> {
        let later = self.calls.split_off(&(until.at, 0));
        let numbers: BTreeSet<usize> =
            std::mem::replace(&mut self.calls, later).into_iter().map(|(_, number)| number).collect();
        let mut called = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(mut case) = self.cases[number].take() else { continue };
            case.twin = self.twins.get(&number).and_then(|twin| self.ids[*twin]);
            called.push((number, case));
        }
        called
    }

    fn back(&mut self, number: usize, case: Case, lived: Result<Lived, Error>) -> Fallible<()> {
        let lived = lived?;
        self.record.done += lived.done;
        for (command, rejection) in lived.refused {
            let kind = kind_of(&rejection);
            let refused = self.record.refused.entry(kind).or_insert_with(|| Refused {
                count: 0,
                commands: BTreeSet::new(),
                sample: rejection,
            });
            refused.count += 1;
            refused.commands.insert(command);
        }
        self.ids[number] = case.complaint;
        self.calls.extend(case.next_at().map(|at| (at, number)));
        self.cases[number] = Some(case);
        Ok(())
    }

    /// The clock: what time alone has caused, and what people make of it.
    async fn evening(&mut self, now: Moment) -> Fallible<()> {
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        self.projector.lead().await?.catch_up(&mut |_| {}).await?;
        let due = View::live(Arc::clone(&self.reads)).await?.due(now.at).await?;
        let ticked = self.engine.tick(&due, now, &seed).await;
        if let Some((_, error)) = ticked.failed.into_iter().next() {
            return Err(error.into());
        }
        if self.record.busiest.is_none_or(|(most, _)| most < ticked.done.len()) {
            self.record.busiest = Some((ticked.done.len(), now.date()));
        }
        let rules = self.engine.rules();
        let numbers: HashMap<ComplaintId, usize> =
            (0..).zip(&self.ids).filter_map(|(n, id)| Some(((*id)?, n))).collect();
        for Receipt { complaint: id, events, .. } in ticked.done {
            let Some(did) = events.first().map(|event| event.fact.name()) else { continue };
            *self.record.clock.entry(did).or_default() += 1;
            let state = self.engine.complaint(id).await?.unwrap_or_default();
            let number = numbers[&id];
            if let Some(case) = &mut self.cases[number] {
                case.hear_clock(Now { at: now, rules: &rules }, did, &state);
                self.calls.extend(case.next_at().map(|at| (at, number)));
            }
        }
        Ok(())
    }

    /// A revised decree: what is received from now on counts with it, and what runs is recomputed, each by an event.
    async fn revise(&mut self, published: NaiveDate, document: &Document) -> Fallible<()> {
        let rules = self.engine.rules().with(document)?;
        let calendar = rules.calendar_on(published).reference().clone();
        self.engine.set_rules(rules).await?;
        let at = moment(published, 8);
        let mut running = 0;
        for number in 0..self.cases.len() {
            let Some(case) = &mut self.cases[number] else { continue };
            let Some(id) = case.complaint else { continue };
            let state = self.engine.complaint(id).await?.unwrap_or_default();
            if state.stage < Stage::Closed {
                let text = Clear::new("Perubahan SKB cuti bersama.");
                let command = Command::Recompute { calendar: calendar.clone(), policy: None, text };
                case.order(at, Actor::new(Role::SystemClock), command);
                self.calls.extend(case.next_at().map(|at| (at, number)));
                running += 1;
            }
        }
        self.record.moved = Some(format!(
            "{}@{} of {published}: {running} open complaints recomputed",
            calendar.name, calendar.version
        ));
        Ok(())
    }
}

/// The kind of a refusal: the name of its variant.
fn kind_of(rejection: &Rejection) -> String {
    let shown = format!("{rejection:?}");
    shown.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// Another citizen's words for what a neighbour told before.
fn retold(told: &Draft, by: Draft) -> Draft {
    Draft {
        channel: by.channel,
        channel_reference: by.channel_reference,
        reporter: by.reporter,
        contact: by.contact,
        text: format!("Sama dengan laporan tetangga saya. {}", told.text),
        anonymous: false,
        secret: false,
        ..told.clone()
    }
}

/// A year's arrivals, in order: more on Mondays and in the rainy months, few on holidays and at night.
fn arrivals(rng: &mut Rng, year: i32, complaints: usize, calendar: &Calendar) -> Fallible<Vec<Moment>> {
    let is_feast = |day: NaiveDate| calendar.days().iter().any(|listed| listed.date == day);
    let days: Vec<(u32, NaiveDate)> = first_day(year)
        .iter_days()
        .take_while(|day| day.year() == year)
        .map(|day| {
            let weekday = [120, 112, 106, 102, 96, 64, 52][day.weekday().num_days_from_monday() as usize];
            let month = [128, 126, 116, 88, 92, 94, 98, 96, 98, 102, 112, 118][day.month0() as usize];
            (if is_feast(day) { weekday * month / 3 } else { weekday * month }, day)
        })
        .collect();
    let hours: Vec<(u32, u32)> =
        [6, 3, 2, 1, 2, 6, 18, 34, 52, 60, 56, 50, 40, 44, 46, 44, 40, 38, 42, 50, 52, 40, 24, 12]
            .into_iter()
            .zip(0..)
            .collect();
    let mut arrivals = Vec::with_capacity(complaints);
    for _ in 0..complaints {
        let start = moment(weighted(rng, &days), weighted(rng, &hours));
        arrivals.push(Moment::new(start.at + TimeDelta::seconds(rng.i64(0..3_600)), WIB)?);
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    Ok(arrivals)
}

/// The calendar with the first joint leave after May moved by four working days, as a decree of eight days before says.
fn revision(calendar: &Calendar, rules: &aduan::rules::Rules, year: i32) -> Option<(NaiveDate, Document)> {
    let after = NaiveDate::from_ymd_opt(year, 6, 1)?;
    let leave = calendar.days().iter().find(|day| day.kind == DayKind::JointLeave && day.date > after)?;
    let days =
        rules.working(calendar.reference(), rules.policy_on(leave.date), rules.directory_on(leave.date), None)?;
    let (from, to) = (leave.date, days.add(leave.date, WorkingDays(4)));
    let published = from - Days::new(8);
    let version = calendar.reference().version;
    let text = calendar
        .document()
        .replacen(&format!("version = {version}\n"), &format!("version = {}\n", version + 1), 1)
        .replacen(
            &format!("effective_from = {}", calendar.effective_from()),
            &format!("effective_from = {published}"),
            1,
        )
        .replacen(
            &format!("{{ date = {from}, kind = \"joint-leave\""),
            &format!("{{ date = {to}, kind = \"joint-leave\""),
            1,
        );
    let hash = aduan::values::Digest::of(text.as_bytes());
    (leave.date.year() == year).then_some((published, Document { hash, kind: DocumentKind::Calendar, text }))
}

fn is_working(engine: &Engine, day: NaiveDate) -> bool {
    let rules = engine.rules();
    let days = rules.working(rules.calendar_on(day).reference(), rules.policy_on(day), rules.directory_on(day), None);
    days.is_some_and(|days| days.is_working(day))
}

fn first_day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).expect("every year has a first day")
}

/// A local hour of a day; hour 24 is the next midnight.
fn moment(day: NaiveDate, hour: u32) -> Moment {
    let midnight = WIB.end_of(day - Days::new(1)) + TimeDelta::microseconds(1);
    Moment { at: midnight + TimeDelta::hours(hour.into()), zone: WIB }
}
