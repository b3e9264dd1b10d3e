//! Everything a decision is bound by: the policies, calendars and directories of a tenant, in all their versions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::agency::Directory;
use crate::calendar::{Calendar, Unit, Week, WorkingCalendar};
use crate::policy::Policy;
use crate::store::{Document, DocumentKind};
use crate::values::{AgencyCode, Digest, DocumentRef};

/// The rules of a tenant. Old versions stay: a complaint keeps those that bound it.
///
/// ```
/// let rules = aduan::rules::Rules::mojokerto();
/// assert_eq!(&*rules.policy_on("2024-03-29".parse()?).reference.name, "mojokerto-2020");
/// assert_eq!(&*rules.policy_on("2019-03-29".parse()?).reference.name, "id-sp4n-2018");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    policies: Vec<Policy>,
    calendars: Vec<Calendar>,
    directories: Vec<Directory>,
    /// Documents that bound complaints once and bind no new one: found by reference, never by day.
    retired: Retired,
    /// By the hash of the calendar.
    working: BTreeMap<Digest, Units>,
}

#[derive(Clone, Debug, Default)]
struct Retired {
    policies: Vec<Policy>,
    calendars: Vec<Calendar>,
    directories: Vec<Directory>,
}

/// The working days of every unit under one calendar; there are few.
#[derive(Clone, Debug)]
struct Units {
    /// The week of the tenant, and of whoever names none.
    default_week: Week,
    working: Vec<(UnitKey, WorkingCalendar)>,
}

/// Region, week, and whether joint leave is off.
type UnitKey = (Option<String>, Week, bool);

impl Units {
    fn of(&self, region: Option<&str>, week: Week, joint_leave_is_off: bool) -> Option<&WorkingCalendar> {
        let is_meant = |(unit, _): &&(UnitKey, WorkingCalendar)| {
            unit.0.as_deref() == region && (unit.1, unit.2) == (week, joint_leave_is_off)
        };
        self.working.iter().find(is_meant).map(|(_, working)| working)
    }
}

impl Rules {
    /// The national policy and calendar with Mojokerto's example policy and agencies.
    pub fn mojokerto() -> Self {
        Rules::new(
            vec![Policy::sp4n_2018(), Policy::mojokerto()],
            vec![Calendar::indonesia()],
            vec![Directory::mojokerto()],
        )
        .expect("the built-in rules are tested")
    }

    /// The national policy and calendar with the agencies of a directory.
    pub fn national(directory: Directory) -> Self {
        Rules::new(vec![Policy::sp4n_2018()], vec![Calendar::indonesia()], vec![directory])
            .expect("the built-in rules are tested")
    }

    /// Takes every version a tenant has.
    ///
    /// # Errors
    /// When there is no policy, calendar or directory, or one name and version stands for two texts.
    pub fn new(
        policies: Vec<Policy>,
        calendars: Vec<Calendar>,
        directories: Vec<Directory>,
    ) -> Result<Self, RulesError> {
        let retired = Retired::default();
        let mut rules = Rules { policies, calendars, directories, retired, working: BTreeMap::new() };
        rules.policies.sort_by_key(|policy| (policy.effective_from, policy.reference.version));
        rules.calendars.sort_by_key(|calendar| (calendar.effective_from(), calendar.reference().version));
        rules.directories.sort_by_key(|directory| (directory.effective_from, directory.reference.version));
        if rules.policies.is_empty() || rules.calendars.is_empty() || rules.directories.is_empty() {
            return Err(RulesError("a tenant needs a policy, a calendar and a directory".into()));
        }
        let mut seen = BTreeMap::new();
        for (kind, reference) in rules.references() {
            if let Some(hash) = seen.insert((kind, reference.name.clone(), reference.version), reference.hash)
                && hash != reference.hash
            {
                return Err(RulesError(format!("{}@{} stands for two texts", reference.name, reference.version)));
            }
        }
        rules.resolve_units();
        Ok(rules)
    }

    /// Every document that was kept beside a ledger, for looking back: what bound a record is found by its reference.
    ///
    /// One name and version may stand for two texts: both are found, but only the first may bind anything new.
    ///
    /// # Errors
    /// When a document cannot be read, or there is no policy, calendar or directory.
    pub fn from_documents(documents: &[Document]) -> Result<Self, RulesError> {
        let (mut policies, mut calendars, mut directories) = (Vec::new(), Vec::new(), Vec::new());
        for document in documents {
            let unreadable = |error: &dyn std::fmt::Display| {
                RulesError(format!("{} {}: {error}", document.kind.name(), document.hash))
            };
            match document.kind {
                DocumentKind::Policy => policies.push(Policy::parse(&document.text).map_err(|e| unreadable(&e))?),
                DocumentKind::Calendar => calendars.push(Calendar::parse(&document.text).map_err(|e| unreadable(&e))?),
                DocumentKind::Directory => {
                    directories.push(Directory::parse(&document.text).map_err(|e| unreadable(&e))?);
                }
            }
        }
        let (policies, old_policies) = firsts(policies, |policy| &policy.reference);
        let (calendars, old_calendars) = firsts(calendars, Calendar::reference);
        let (directories, old_directories) = firsts(directories, |directory| &directory.reference);
        let mut rules = Rules::new(policies, calendars, directories)?;
        rules.retired = Retired { policies: old_policies, calendars: old_calendars, directories: old_directories };
        rules.resolve_units();
        Ok(rules)
    }

    /// The policy that binds what is received on a day: the latest in effect, or the oldest there is.
    pub fn policy_on(&self, day: NaiveDate) -> &Policy {
        latest(&self.policies, |policy| policy.effective_from <= day)
    }

    /// The calendar that binds what is received on a day.
    pub fn calendar_on(&self, day: NaiveDate) -> &Calendar {
        latest(&self.calendars, |calendar| calendar.effective_from() <= day)
    }

    /// The directory that counts on a day.
    pub fn directory_on(&self, day: NaiveDate) -> &Directory {
        latest(&self.directories, |directory| directory.effective_from <= day)
    }

    /// A policy by what a record says of it.
    pub fn policy(&self, reference: &DocumentRef) -> Option<&Policy> {
        self.policies.iter().chain(&self.retired.policies).find(|policy| policy.reference == *reference)
    }

    /// A calendar by what a record says of it.
    pub fn calendar(&self, reference: &DocumentRef) -> Option<&Calendar> {
        self.calendars.iter().chain(&self.retired.calendars).find(|calendar| calendar.reference() == reference)
    }

    /// A directory by what a record says of it.
    pub fn directory(&self, reference: &DocumentRef) -> Option<&Directory> {
        let mut known = self.directories.iter().chain(&self.retired.directories);
        known.find(|directory| directory.reference == *reference)
    }

    /// The working days of an agency (none: of the tenant) under a calendar, a policy and the directory that counts.
    pub fn working(
        &self,
        calendar: &DocumentRef,
        policy: &Policy,
        directory: &Directory,
        agency: Option<&AgencyCode>,
    ) -> Option<&WorkingCalendar> {
        let Unit { region, week, joint_leave_is_off } = self.unit(calendar, policy, directory, agency)?;
        self.working.get(&calendar.hash)?.of(region, week, joint_leave_is_off)
    }

    /// What decides, beside the calendar, on which days an agency (none: the tenant) works.
    pub fn unit<'r>(
        &'r self,
        calendar: &DocumentRef,
        policy: &'r Policy,
        directory: &'r Directory,
        agency: Option<&AgencyCode>,
    ) -> Option<Unit<'r>> {
        let elsewhere = |code| self.directories.iter().rev().find_map(|directory| directory.agency(code));
        let known = agency.and_then(|code| directory.agency(code).or_else(|| elsewhere(code)));
        let units = self.working.get(&calendar.hash)?;
        let week = known.map_or(units.default_week, |agency| agency.week);
        let region = known.map_or(policy.region.as_deref(), |agency| agency.region.as_deref());
        Some(Unit { region, week, joint_leave_is_off: policy.joint_leave_is_off })
    }

    /// The working days of the tenant under a calendar and a policy: the measure in which agencies are compared,
    /// whatever week each of them works.
    pub fn tenant_days(&self, calendar: &DocumentRef, policy: &Policy) -> Option<&WorkingCalendar> {
        let units = self.working.get(&calendar.hash)?;
        units.of(policy.region.as_deref(), units.default_week, policy.joint_leave_is_off)
    }

    /// The working days of the tenant as they count on a day.
    pub fn tenant_days_on(&self, day: NaiveDate) -> &WorkingCalendar {
        self.tenant_days(self.calendar_on(day).reference(), self.policy_on(day))
            .expect("every calendar is resolved for the region of every policy when rules are put together")
    }

    /// Everything, as it is kept beside the ledger.
    pub fn documents(&self) -> Vec<Document> {
        let calendars = self.calendars.iter().map(|calendar| Document {
            hash: calendar.reference().hash,
            kind: DocumentKind::Calendar,
            text: calendar.document().to_owned(),
        });
        let policies = self.policies.iter().map(Policy::document);
        policies.chain(calendars).chain(self.directories.iter().map(Directory::document)).collect()
    }

    /// The same rules with one more document, as a ledger kept it.
    ///
    /// # Errors
    /// When the document cannot be read, or contradicts another.
    pub fn with(&self, document: &Document) -> Result<Self, RulesError> {
        let Rules { mut policies, mut calendars, mut directories, .. } = self.clone();
        let unreadable = |error: &dyn std::fmt::Display| RulesError(error.to_string());
        match document.kind {
            DocumentKind::Policy => policies.push(Policy::parse(&document.text).map_err(|e| unreadable(&e))?),
            DocumentKind::Calendar => calendars.push(Calendar::parse(&document.text).map_err(|e| unreadable(&e))?),
            DocumentKind::Directory => directories.push(Directory::parse(&document.text).map_err(|e| unreadable(&e))?),
        }
        Rules::new(policies, calendars, directories)
    }

    /// The same rules, with a document of years ago for those complaints that it bound. New ones it does not bind.
    ///
    /// # Errors
    /// When the document cannot be read. A directory cannot be retired: clocks say in which zone they run.
    pub fn with_retired(&self, document: &Document) -> Result<Self, RulesError> {
        let mut rules = self.clone();
        match document.kind {
            DocumentKind::Policy => {
                let policy = Policy::parse(&document.text).map_err(|error| RulesError(error.to_string()))?;
                rules.retired.policies.push(policy);
                rules.resolve_units();
            }
            DocumentKind::Calendar => {
                let calendar = Calendar::parse(&document.text).map_err(|error| RulesError(error.to_string()))?;
                rules.resolve_units_of(&calendar);
                rules.retired.calendars.push(calendar);
            }
            DocumentKind::Directory => return Err(RulesError("a directory is not retired".into())),
        }
        Ok(rules)
    }

    fn references(&self) -> impl Iterator<Item = (DocumentKind, &DocumentRef)> {
        let policies = self.policies.iter().map(|policy| (DocumentKind::Policy, &policy.reference));
        let calendars = self.calendars.iter().map(|calendar| (DocumentKind::Calendar, calendar.reference()));
        policies
            .chain(calendars)
            .chain(self.directories.iter().map(|directory| (DocumentKind::Directory, &directory.reference)))
    }

    fn resolve_units(&mut self) {
        for calendar in [self.calendars.clone(), self.retired.calendars.clone()].concat() {
            self.resolve_units_of(&calendar);
        }
    }

    /// There are few combinations of region, week and flag: each is resolved once, so that no decision waits for it.
    fn resolve_units_of(&mut self, calendar: &Calendar) {
        let mut regions = vec![None];
        let directories = self.directories.iter().chain(&self.retired.directories);
        regions.extend(directories.flat_map(Directory::agencies).map(|agency| agency.region.clone()));
        regions.extend(self.policies.iter().chain(&self.retired.policies).map(|policy| policy.region.clone()));
        regions.sort();
        regions.dedup();
        let mut working = Vec::new();
        for region in &regions {
            for (week, joint_leave_is_off) in
                [(Week::FiveDays, true), (Week::FiveDays, false), (Week::SixDays, true), (Week::SixDays, false)]
            {
                let days = calendar.working(&Unit { region: region.as_deref(), week, joint_leave_is_off });
                working.push(((region.clone(), week, joint_leave_is_off), days));
            }
        }
        let units = Units { default_week: calendar.default_week(), working };
        self.working.insert(calendar.reference().hash, units);
    }
}

/// Why rules could not be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rules: {0}")]
pub struct RulesError(String);

/// The first of each name and version, and the others.
fn firsts<T>(documents: Vec<T>, reference: impl Fn(&T) -> &DocumentRef) -> (Vec<T>, Vec<T>) {
    let mut seen = BTreeSet::new();
    documents.into_iter().partition(|document| {
        let DocumentRef { name, version, .. } = reference(document);
        seen.insert((name.clone(), *version))
    })
}

fn latest<T>(sorted: &[T], in_effect: impl Fn(&T) -> bool) -> &T {
    let found = sorted.iter().rposition(in_effect).unwrap_or(0);
    &sorted[found]
}
