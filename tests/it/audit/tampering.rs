//! Every kind of tampering is found, with its class, by the one verifier and by the other.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use aduan::values::Digest;
use aduan_audit::export::export;
use aduan_audit::manifest::Scope;
use aduan_audit::verify::{Class, Problem, Trust, Verification, verify, verify_in_shares};
use chrono::TimeDelta;
use fastrand::Rng;

use super::forge::{Attested, Forge, stranger};
use super::kinds::{KINDS, Kind, Which};
use super::python::{Answer, Python};
use super::world::World;
use super::{forge, times};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_tampering_is_found_with_its_class_by_both_verifiers() {
    let folder = tempfile::tempdir().unwrap();
    let pool = Pool::grow(times(6, 60), folder.path()).await;
    let each = times(10, 500);
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let work = |worker: usize| {
        let mut bench = Bench { python: Python::start(), place: folder.path().join(format!("worker-{worker}")).into() };
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(kind) = KINDS.get(number / each) else { break };
            let case = pool.tampered(kind, number as u64);
            let found = bench.check(&case);
            tally.lock().unwrap().take(kind, &case, found);
        }
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| (0..workers).for_each(|worker| drop(scope.spawn(move || work(worker)))));
    tally.into_inner().unwrap().tell();
}

/// The first that can be tampered with in that way, checked with what the auditor brings along after `bring`.
fn checked(pool: &Pool, kind: &str, bring: impl Fn(&mut Forge, &mut Trust)) -> Verification {
    let kind = KINDS.iter().find(|known| known.name == kind).unwrap();
    let mut forge = pool.tampered(kind, 0).forge;
    let mut trust = Trust { held: forge.held.clone(), ..forge.world.trust() };
    bring(&mut forge, &mut trust);
    let folder = tempfile::tempdir().unwrap();
    forge::write(&forge.folder(), folder.path());
    verify(folder.path(), &trust, |_, _| {})
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_bites_only_with_what_it_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let pool = Pool::grow(1, folder.path()).await;

    // An insider who has both keys rewrites everything: only a checkpoint in somebody's hand tells.
    let two_faces = "all signed anew by an insider, one held";
    assert_eq!(classes_of(&checked(&pool, two_faces, |_, _| {})), [Class::Consistency]);
    let without = checked(&pool, two_faces, |forge, trust| {
        forge.forget_held();
        trust.held.clear();
    });
    assert_eq!(without.problems, []);

    // Whoever trusts a stranger's key finds nothing wrong with what the stranger signed.
    let signed = "all signed anew by a stranger";
    let by_the_stranger = checked(&pool, signed, |forge, trust| {
        forge.attested.retain(|note| matches!(note, Attested::Checkpoint(_)));
        trust.keys = vec![stranger(trust.keys[0].name()).verifier()];
    });
    assert_eq!(by_the_stranger.problems, []);

    // With years of slack, back-dating is no more than a slow clock.
    let back_dated = "insider: an answer back-dated";
    assert!(classes_of(&checked(&pool, back_dated, |_, _| {})).contains(&Class::Time));
    let patient = checked(&pool, back_dated, |_, trust| trust.slack = TimeDelta::days(3_650));
    assert!(!classes_of(&patient).contains(&Class::Time));
}

/// What the format says that it cannot show: of one complaint, the last records.
#[tokio::test(flavor = "multi_thread")]
async fn of_one_complaint_alone_nobody_can_tell_that_its_end_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let pool = Pool::grow(1, folder.path()).await;
    for (which, wanted) in [(Which::One, None), (Which::Whole, Some(Class::Format))] {
        let mut forge = pool.exports[0][which as usize].clone();
        let complaint = forge.lines.last().unwrap().record.complaint;
        while forge.lines.last().is_some_and(|line| line.record.complaint == complaint) {
            forge.lines.pop();
            if forge.event(forge.lines.len() - 1).context.part.of == 1 {
                break;
            }
        }
        forge.refold();
        forge.reprove();
        let trust = Trust { held: forge.held.clone(), ..forge.world.trust() };
        let path = folder.path().join(format!("{which:?}"));
        forge::write(&forge.folder(), &path);
        assert_eq!(verify(&path, &trust, |_, _| {}).gravest(), wanted);
    }
}

/// Exports of several towns, taken apart.
struct Pool {
    exports: Vec<Vec<Forge>>,
}

/// A tampered folder.
struct Case {
    which: Which,
    forge: Forge,
    seed: u64,
}

impl Pool {
    async fn grow(towns: usize, folder: &Path) -> Pool {
        let mut exports = Vec::new();
        for town in 0..towns {
            let world = Arc::new(World::grow(5_000 + town as u64, 110).await);
            let mut leaves: Option<Vec<Digest>> = None;
            let mut forges = Vec::new();
            for which in Which::ALL {
                let path = folder.join(format!("town-{town}-{which:?}"));
                forges.push(taken_apart(&world, which, &path, leaves.as_deref()).await);
                leaves = leaves.or_else(|| Some(forges[0].leaves.clone()));
                std::fs::remove_dir_all(path).unwrap();
            }
            exports.push(forges);
        }
        Pool { exports }
    }

    fn any(&self, chance: &mut Rng, which: Which) -> &Forge {
        &chance.choice(&self.exports).unwrap()[which as usize]
    }

    /// Tampers in that way; what could not be done, or changed nothing, is drawn again.
    fn tampered(&self, kind: &Kind, number: u64) -> Case {
        for again in 0..5_000 {
            let seed = number << 16 | again;
            let mut chance = Rng::with_seed(seed);
            let which = chance.choice(kind.to.iter().copied()).unwrap();
            let (original, other) = (self.any(&mut chance, which), self.any(&mut chance, which));
            let mut forge = original.clone();
            if (kind.alter)(&mut forge, &mut chance, other) && forge.folder() != original.folder() {
                return Case { which, forge, seed };
            }
        }
        panic!("{} cannot be done to any of these exports", kind.name)
    }
}

async fn taken_apart(world: &Arc<World>, which: Which, path: &Path, leaves: Option<&[Digest]>) -> Forge {
    let (scope, boxes, keys) = match which {
        Which::Whole => (Scope::Whole, true, true),
        Which::Bare => (Scope::Whole, false, false),
        Which::Period => (world.third(if world.has_lost() { 2 } else { 1 }), true, false),
        Which::One => (Scope::Complaint(world.busiest()), true, true),
    };
    export(world.export(scope, boxes, keys, path), |_, _| {}).await.unwrap();
    let mut forge = Forge::read(world, path, leaves);
    if which == Which::One {
        forge.held = vec![world.held().clone()];
    }
    forge
}

/// A place to verify at, with a second verifier of its own.
struct Bench {
    python: Python,
    place: Box<Path>,
}

/// What the verifiers say.
struct Verdicts {
    found: Result<Verification, String>,
    /// Judged in tiny shares.
    in_shares: Result<Verification, String>,
    told: Answer,
}

impl Bench {
    fn check(&mut self, case: &Case) -> Verdicts {
        let folder = self.place.join("folder");
        forge::write(&case.forge.folder(), &folder);
        let trust = Trust { held: case.forge.held.clone(), ..case.forge.world.trust() };
        self.python.ask(&folder, &trust, &self.place);
        let share = NonZero::new(20_000).unwrap();
        let found = caught(|| verify(&folder, &trust, |_, _| {}));
        let in_shares = caught(|| verify_in_shares(&folder, &trust, share, |_, _| {}));
        Verdicts { found, in_shares, told: self.python.answer() }
    }
}

fn caught(check: impl FnOnce() -> Verification) -> Result<Verification, String> {
    catch_unwind(AssertUnwindSafe(check)).map_err(|panic| {
        let told = panic.downcast_ref::<String>().cloned();
        told.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// What was tried, and what was found.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<&'static str, Count>,
    failures: Vec<String>,
}

/// Of one kind.
#[derive(Default)]
struct Count {
    tried: usize,
    /// With the right class.
    found: usize,
    /// Both verifiers said the same.
    agreed: usize,
    raised: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn take(&mut self, kind: &Kind, case: &Case, Verdicts { found, in_shares, told }: Verdicts) {
        let count = self.kinds.entry(kind.name).or_default();
        count.tried += 1;
        let mut fail = |why: String| {
            self.failures.push(format!("{} ({:?}, seed {}): {why}", kind.name, case.which, case.seed));
        };
        let found = match found {
            Ok(found) => found,
            Err(panic) => return fail(format!("panics: {panic}")),
        };
        let classes = classes_of(&found);
        classes.iter().for_each(|class| *count.raised.entry(class.name()).or_default() += 1);
        if kind.found.is_met(&classes) {
            count.found += 1;
        } else {
            fail(format!("{:?} was to be found, and was {}", kind.found, listed(&found)));
        }
        if in_shares.as_ref() != Ok(&found) {
            fail(format!("in shares {:?}, and in one {}", in_shares.map(|found| listed(&found)), listed(&found)));
        }
        let shared = shared_classes(&found);
        let exit = shared.first().map_or(0, |class| class.exit_code());
        if (shared.as_slice(), exit) == (told.classes.as_slice(), told.exit) {
            count.agreed += 1;
        } else {
            let theirs: Vec<String> = told.problems.iter().take(6).map(ToString::to_string).collect();
            fail(format!("Python says {:?} {theirs:#?}, and Rust {}", told.classes, listed(&found)));
        }
    }

    /// Prints what was counted.
    ///
    /// # Panics
    /// When anything was not found, or the verifiers differ.
    fn tell(self) {
        println!("{:<50} {:>6} {:>6} {:>6}  raised", "kind of tampering", "tried", "found", "agreed");
        let mut all = (0, 0, 0);
        for kind in KINDS {
            let Count { tried, found, agreed, raised } = &self.kinds[kind.name];
            all = (all.0 + tried, all.1 + found, all.2 + agreed);
            let raised: Vec<String> = raised.iter().map(|(class, count)| format!("{class} {count}")).collect();
            println!("{:<50} {tried:>6} {found:>6} {agreed:>6}  {}", kind.name, raised.join(", "));
        }
        println!("{:<50} {:>6} {:>6} {:>6}", format!("{} kinds", KINDS.len()), all.0, all.1, all.2);
        let count = self.failures.len();
        let failures: Vec<String> = self.failures.into_iter().take(20).collect();
        assert!(count == 0, "{count} failures:\n{}", failures.join("\n"));
    }
}

fn classes_of(found: &Verification) -> Vec<Class> {
    let mut classes: Vec<Class> = found.problems.iter().map(|problem| problem.class).collect();
    classes.sort();
    classes.dedup();
    classes
}

/// The classes that both check. That a box opens, the second verifier cannot tell: its language has no such cipher.
fn shared_classes(found: &Verification) -> Vec<Class> {
    let shared = |problem: &&Problem| {
        let is_opening = problem.class == Class::Box && problem.why.contains("does not open");
        problem.class <= Class::Time && !is_opening
    };
    let mut classes: Vec<Class> = found.problems.iter().filter(shared).map(|problem| problem.class).collect();
    classes.sort();
    classes.dedup();
    classes
}

fn listed(found: &Verification) -> String {
    let problems = found.problems.iter().take(6).map(|problem| format!("\n    {problem}"));
    format!("{:?}{}", classes_of(found), problems.collect::<String>())
}
