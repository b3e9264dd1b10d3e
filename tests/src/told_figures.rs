//! Every number that the live figures tell of a year, for laying evidence beside them.

use std::collections::BTreeMap;

use aduan::evidence::{Pack, Question, Value};
use aduan::figures::{Basis, By, Scope, SlaLine, Took, View};
use aduan::projection::trend::FLOW;
use aduan::read::{Condition, ReadStore, Sum};
use aduan::statistics::{Hundredths, Share};
use aduan::values::Month;

/// Every number that the live figures tell of a year, by the name that evidence gives it.
///
/// # Panics
/// When the read models do not answer.
pub async fn told(view: &View, reads: &dyn ReadStore, asked: &Question) -> BTreeMap<String, Option<Value>> {
    let scope = Scope {
        agency: asked.agency.clone(),
        since: format!("{}-01", asked.year).parse().ok(),
        until: format!("{}-12", asked.year).parse().ok(),
        basis: Basis::Ended,
        ..Scope::default()
    };
    let mut all = Live::default();
    let trend = view.trend(&scope, None, asked.now).await.expect(ANSWER).total;
    all.count("trend.received", trend.received);
    all.count("trend.received_net", trend.received_net);
    for (name, became) in [("became", trend.became), ("closed", trend.closed)] {
        all.count(format!("trend.{name}.resolved"), became.resolved());
        all.count(format!("trend.{name}.resolved_confirmed"), became.resolved_confirmed);
        all.count(format!("trend.{name}.resolved_silence"), became.resolved_silence);
        all.count(format!("trend.{name}.resolved_administrative"), became.resolved_administrative);
        all.count(format!("trend.{name}.declined"), became.declined);
        all.count(format!("trend.{name}.withdrawn"), became.withdrawn);
        all.count(format!("trend.{name}.duplicate"), became.duplicate);
    }
    all.count("trend.became.open", trend.became.open);
    all.count("trend.closed", trend.closed.sum());
    all.share("trend.resolved_of_received", trend.resolved_of_received);
    all.count("trend.reopened", trend.reopened);
    all.0.insert("trend.reopened_per_hundred".into(), {
        let per_hundred = Value::PerHundred { count: trend.reopened, of: trend.closed.sum() };
        assert_eq!(trend.reopened_per_hundred, Hundredths::mean(100 * trend.reopened, trend.closed.sum()));
        (trend.closed.sum() > 0).then_some(per_hundred)
    });
    for (by, name) in [(By::Channel, "channel"), (By::Class, "class")] {
        for line in view.trend(&scope, Some(by), asked.now).await.expect(ANSWER).lines {
            all.count(format!("trend.received.{name}.{}", line.name), line.received);
        }
    }
    let total = view.sla(&scope, None, asked.now).await.expect(ANSWER).total;
    all.verdicts("sla", &total);
    for (name, took) in [
        ("verification", &total.verification),
        ("first_response", &total.first_response),
        ("resolution", &total.resolution),
        ("holding", &total.holding),
    ] {
        all.took(name, took.as_ref());
    }
    for line in view.sla(&scope, Some(By::Clock), asked.now).await.expect(ANSWER).lines {
        all.verdicts(&format!("sla.{}", line.name), &line);
    }
    let said = view.satisfaction(&scope, None, asked.fewest).await.expect(ANSWER).total;
    all.count("satisfaction.eligible", said.eligible);
    all.0.insert("satisfaction.rated".into(), said.rated.map(Value::Count));
    all.share("satisfaction.response", said.response);
    all.share("satisfaction.satisfied", said.satisfied);
    let sum = said.stars.map(|stars| (1..).zip(stars).map(|(stars, times)| stars * times).sum::<u64>());
    let mean = sum.zip(said.rated).map(|(sum, count)| {
        assert_eq!(said.mean, Hundredths::mean(sum, count));
        Value::Mean { sum, count }
    });
    all.0.insert("satisfaction.mean".into(), mean);
    for stars in 0..5 {
        let count = said.stars.map(|counted| Value::Count(counted[stars]));
        all.0.insert(format!("satisfaction.stars.{}", stars + 1), count);
    }
    let routing = view.routing(&scope, None).await.expect(ANSWER).total;
    all.count("routing.dispositions", routing.dispositions);
    all.count("routing.returned", routing.returned);
    all.share("routing.return_rate", routing.return_rate);
    all.count("routing.cycles", routing.cycles);
    all.share("routing.passed_on", routing.passed_on);
    all.count("routing.most", routing.most);
    for (what, times) in happenings(reads, &scope).await {
        let is_told_elsewhere = ["received", "returned", "reopened"].contains(&what.as_str())
            || what.starts_with("resolved_")
            || ["declined", "withdrawn", "duplicate", "escalated_0"].contains(&what.as_str());
        if !is_told_elsewhere {
            all.count(format!("flow.{what}"), times);
        }
    }
    all.0
}

/// The flow as its table has it: no figure shows all of it.
async fn happenings(reads: &dyn ReadStore, scope: &Scope) -> Vec<(String, u64)> {
    let build =
        reads.builds().await.expect(ANSWER).into_iter().find(|build| build.is_live).expect("a live build").number;
    let text = |month: Option<Month>| month.expect("a year has months").to_string();
    let mut filter =
        vec![Condition::at_least("month", text(scope.since)), Condition::at_most("month", text(scope.until))];
    filter.extend(scope.agency.iter().map(|agency| Condition::is("agency", agency.to_string())));
    let sums = reads.sums(build, &Sum { table: &FLOW, filter, by: vec!["happening"] }).await.expect(ANSWER);
    sums.into_iter().map(|row| (row[0].text().to_owned(), row[1].integer() as u64)).collect()
}

#[derive(Default)]
struct Live(BTreeMap<String, Option<Value>>);

impl Live {
    fn count(&mut self, name: impl Into<String>, count: u64) {
        self.0.insert(name.into(), Some(Value::Count(count)));
    }
    fn share(&mut self, name: impl Into<String>, share: Option<Share>) {
        self.0.insert(name.into(), share.map(Value::Share));
    }
    fn verdicts(&mut self, of: &str, line: &SlaLine) {
        self.count(format!("{of}.met"), line.met);
        self.count(format!("{of}.missed"), line.missed);
        self.count(format!("{of}.running"), line.running);
        self.count(format!("{of}.overdue"), line.overdue);
        self.count(format!("{of}.paused"), line.paused);
        self.count(format!("{of}.cancelled"), line.cancelled);
        self.share(format!("{of}.compliance"), line.compliance);
        self.share(format!("{of}.compliance_with_overdue"), line.compliance_with_overdue);
    }
    fn took(&mut self, name: &str, took: Option<&Took>) {
        self.count(format!("sla.{name}.cases"), took.map_or(0, |took| took.cases));
        self.0.insert(format!("sla.{name}.median"), took.map(|took| Value::Days(took.median)));
        self.0.insert(format!("sla.{name}.p90"), took.map(|took| Value::Days(took.p90)));
    }
}

/// Numbers that are not told live: sums of told ones, and the mean of a histogram that no figure gives whole.
const DERIVED_ONLY: [&str; 2] = ["flow.escalated", "routing.mean_dispositions"];

/// Where evidence and live figures differ: in nothing, if both are right.
pub fn differences(pack: &Pack, live: &BTreeMap<String, Option<Value>>) -> Vec<String> {
    let is_nothing = |value: &Option<Value>| matches!(value, None | Some(Value::Count(0)));
    let mut found = Vec::new();
    for (name, value) in live {
        match pack.number(name) {
            Some(number) if number.value == *value => {}
            None if is_nothing(value) => {}
            other => {
                found.push(format!("{name} is {value:?} live, and derived {:?}", other.map(|number| number.value)))
            }
        }
    }
    let is_told = |name: &str| live.contains_key(name) || DERIVED_ONLY.contains(&name);
    let untold = pack.numbers.iter().filter(|number| !is_nothing(&number.value) && !is_told(&number.name));
    found.extend(untold.map(|number| format!("{} is {:?}, and not told live", number.name, number.value)));
    found
}

const ANSWER: &str = "the read models answer";
