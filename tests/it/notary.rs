//! The notary: every checkpoint is of the log as it is, one goes on from the other, and none is lost or kept twice,
//! wherever it is stopped and whatever it works with fails.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use aduan::audit::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use aduan::audit::keys::Keyring;
use aduan::audit::leaf;
use aduan::audit::notary::{Cadence, Mandate, Notary, NotaryError, Standing};
use aduan::audit::signer::{CheckpointSigner, Proposal, Refusal, SignerError};
use aduan::audit::sink::{CheckpointSink, SinkError, TableSink};
use aduan::audit::tree::{self, RangeHashes, node_hash};
use aduan::rules::Rules;
use aduan::store::{Append, Attestation, Attestations as _, Entry, Head, Ledger as _, Log, Page, StoreError};
use aduan::values::{Digest, LedgerId, Position};
use aduan_memory::MemoryStore;
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::signer::MemorySigner;
use aduan_testkit::town::{Choice, Town, histories};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_711_688_400, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// The log of a town as far as it is shown. It gives way before and after each answer, as a database would.
struct Shown {
    entries: Mutex<Vec<Entry>>,
    end: Mutex<usize>,
    /// How much more is shown after each page.
    grows: usize,
}

impl Shown {
    fn of(entries: Vec<Entry>, end: usize) -> Arc<Self> {
        Arc::new(Shown { end: Mutex::new(end.min(entries.len())), entries: Mutex::new(entries), grows: 0 })
    }

    fn show(&self, more: usize) {
        let mut end = self.end.lock().unwrap();
        *end = (*end + more).min(self.entries.lock().unwrap().len());
    }

    fn end(&self) -> usize {
        *self.end.lock().unwrap()
    }
}

#[async_trait]
impl Log for Shown {
    async fn after(&self, position: Position, limit: usize) -> Result<Page, StoreError> {
        give_way().await;
        let (start, end) = (position as usize, self.end());
        if start > end {
            return Err(StoreError::Corrupt("the log ends before".into()));
        }
        // Small pages, so that a town has many.
        let to = (start + limit.min(7)).min(end);
        let entries = self.entries.lock().unwrap()[start..to].to_vec();
        self.show(self.grows);
        give_way().await;
        Ok(Page { entries, end: to as Position, at_head: to == end })
    }

    async fn head(&self) -> Result<Head, StoreError> {
        give_way().await;
        let mut head = Head::empty(Town::ledger());
        self.entries.lock().unwrap()[..self.end()].iter().for_each(|entry| head.advance(entry.record.hash));
        Ok(head)
    }
}

/// A signer that gives way, too, and whose answers can be lost or altered.
struct Distant {
    signer: MemorySigner,
    /// Everything it signed, in order.
    signed: Mutex<Vec<SignedCheckpoint>>,
    /// How often it refused.
    refused: Mutex<u32>,
    loses_answers: Mutex<bool>,
}

impl Distant {
    fn new() -> Arc<Self> {
        let signer = MemorySigner::of(&Town::ledger(), 1);
        Arc::new(Distant { signer, signed: Mutex::default(), refused: Mutex::new(0), loses_answers: Mutex::new(false) })
    }

    fn signed(&self) -> Vec<SignedCheckpoint> {
        self.signed.lock().unwrap().clone()
    }
}

#[async_trait]
impl CheckpointSigner for Distant {
    async fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, SignerError> {
        give_way().await;
        let last = self.signer.last(origin).await;
        give_way().await;
        last
    }

    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError> {
        give_way().await;
        let signed = self.signer.sign(proposal).await.inspect_err(|_| *self.refused.lock().unwrap() += 1)?;
        let mut all = self.signed.lock().unwrap().clone();
        if all.last() != Some(&signed) {
            all.push(signed.clone());
            *self.signed.lock().unwrap() = all;
        }
        give_way().await;
        if *self.loses_answers.lock().unwrap() {
            return Err(SignerError::Unavailable("the answer was lost".into()));
        }
        Ok(signed)
    }
}

/// A sink that gives way, keeps one twice as it comes, and can be full.
#[derive(Default)]
struct Drawer {
    kept: Mutex<Vec<SignedCheckpoint>>,
    is_full: Mutex<bool>,
}

impl Drawer {
    /// What it has, each once.
    fn kept(&self) -> Vec<SignedCheckpoint> {
        let mut kept = self.kept.lock().unwrap().clone();
        kept.dedup();
        kept
    }
}

#[async_trait]
impl CheckpointSink for Drawer {
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError> {
        give_way().await;
        if *self.is_full.lock().unwrap() {
            return Err(SinkError { sink: "drawer".into(), why: "is full".into() });
        }
        self.kept.lock().unwrap().push(attestation.note.parse().unwrap());
        give_way().await;
        Ok(())
    }
}

/// One point at which a notary may be stopped.
async fn give_way() {
    let mut has_waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn give_way_often(times: i64) {
    for _ in 0..times {
        give_way().await;
    }
}

/// Goes on with a future so many times, and drops it if that was not enough.
fn cut_after<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    cut_after(u32::MAX, future).expect("it comes to an end")
}

/// A notary with its keys given.
async fn open(
    log: &Arc<Shown>,
    signer: &Arc<Distant>,
    sinks: &[&Arc<Drawer>],
    cadence: Cadence,
) -> Result<Notary, NotaryError> {
    let keys = Some(Keyring::new([signer.signer.verifier()]));
    let sinks = sinks.iter().map(|sink| Arc::clone(*sink) as Arc<dyn CheckpointSink>).collect();
    Notary::open(log.clone(), signer.clone(), sinks, Mandate { line: 1, cadence, keys }).await
}

/// The log of a town, at least so many events long.
fn town(entropy: u64, events: usize) -> Vec<Entry> {
    let mut town = Town::new(Rules::mojokerto());
    let mut number = 0_u64;
    while town.log.len() < events {
        number += 1;
        let entropy = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ entropy;
        town.step(Choice { complaint: (number % 4) as u8, entropy });
    }
    town.log
}

fn leaves(entries: &[Entry]) -> Vec<Digest> {
    entries.iter().map(|Entry { record, .. }| leaf(record.complaint, record.sequence, record.hash)).collect()
}

/// As RFC 6962 defines it, without thought of speed.
fn root_of(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(root_of(left), root_of(right))
        }
    }
}

/// Every checkpoint is of these leaves, signed, later than the one before, and consistent with each of those.
fn assert_chain(checkpoints: &[SignedCheckpoint], leaves: &[Digest], signer: &Distant) {
    let keys = Keyring::new([signer.signer.verifier()]);
    for (place, signed) in checkpoints.iter().enumerate() {
        let Checkpoint { size, root, .. } = signed.checkpoint();
        assert_eq!(*root, root_of(&leaves[..*size as usize]), "the root at {size}");
        assert!(keys.attested(signed).is_ok());
        for older in &checkpoints[..place] {
            let older = older.checkpoint();
            assert!(older.size < *size);
            let ranges = tree::consistency(older.size, *size);
            let mut hashes = RangeHashes::default();
            hashes.ask(&ranges);
            (0..).zip(&leaves[..*size as usize]).for_each(|(index, leaf)| hashes.push(index, *leaf));
            let proof = hashes.hashes(&ranges).unwrap();
            assert!(tree::is_consistent((older.size, older.root), (*size, *root), &proof));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_checkpoint_of_a_random_town_is_of_its_log_and_follows_from_every_other(
        choices in histories(150),
        grows in prop::collection::vec((0..9_usize, 0..9_i64), 1..40),
        events in 1..12_u64,
        minutes in 0..12_u32,
    ) {
        let mut town = Town::new(Rules::mojokerto());
        choices.into_iter().for_each(|choice| drop(town.step(choice)));
        let (log, signer) = (Shown::of(town.log, 0), Distant::new());
        let leaves = leaves(&log.entries.lock().unwrap());
        let (one, two) = (Arc::new(Drawer::default()), Arc::new(Drawer::default()));
        let cadence = Cadence { events, minutes };
        run(async {
            let mut notary = open(&log, &signer, &[&one, &two], cadence).await.unwrap();
            let (mut now, mut made_at) = (0, None);
            for (more, passed) in grows {
                log.show(more);
                now += passed;
                signer.signer.set_clock(at(now));
                let (size, end) = (notary.last().map_or(0, |last| last.checkpoint().size), log.end() as u64);
                let is_time = made_at.is_none_or(|made: i64| now - made >= i64::from(minutes));
                let is_due = end > size && (end - size >= events || is_time);
                let made = notary.step(at(now)).await.unwrap();
                assert_eq!(made.as_ref().map(|made| made.checkpoint().size), is_due.then_some(end));
                made_at = made.map_or(made_at, |_| Some(now));
                let standing = notary.standing();
                assert_eq!((standing.head, standing.behind_since.is_some()), (end, standing.behind() > 0));
                assert_eq!(*standing, Standing { at: standing.at, ..Standing::of(&*log, notary.last()).await.unwrap() });
            }
            assert_eq!(notary.step(at(now)).await, Ok(None), "twice is harmless");
        });
        assert_chain(&signer.signed(), &leaves, &signer);
        assert_eq!(one.kept(), signer.signed());
        assert_eq!(two.kept(), signer.signed());
    }
}

/// Everything a notary may do is cut short at every point, and gone on with by the same notary or by the next one.
#[test]
fn wherever_it_is_stopped_nothing_is_lost_and_the_next_one_goes_on() {
    let entries = town(1, 60);
    let leaves = leaves(&entries);
    for is_restarted in [false, true] {
        let mut polls = 1;
        loop {
            let (log, signer, drawer) = (Shown::of(entries.clone(), 9), Distant::new(), Arc::new(Drawer::default()));
            let mut notary = run(open(&log, &signer, &[&drawer], Cadence::AT_ONCE)).unwrap();
            run(notary.step(at(0))).unwrap();
            log.show(13);
            let was_whole = cut_after(polls, notary.step(at(10))).is_some();
            log.show(8);
            if is_restarted {
                // Opening is cut short as well.
                drop(cut_after(polls, open(&log, &signer, &[&drawer], Cadence::AT_ONCE)));
                notary = run(open(&log, &signer, &[&drawer], Cadence::AT_ONCE)).unwrap();
            }
            run(notary.step(at(20))).unwrap();
            log.show(5);
            run(notary.step(at(30))).unwrap();
            assert_eq!(drawer.kept(), signer.signed(), "cut after {polls}");
            assert_chain(&drawer.kept(), &leaves, &signer);
            assert_eq!(drawer.kept().last().unwrap().checkpoint().size, log.end() as u64);
            if was_whole {
                break;
            }
            polls += 1;
        }
        assert!(polls > 10, "there are many points to be stopped at: {polls}");
    }
}

#[test]
fn an_answer_that_was_lost_is_found_again() {
    let entries = town(2, 60);
    let (log, signer, drawer) = (Shown::of(entries.clone(), 10), Distant::new(), Arc::new(Drawer::default()));
    run(async {
        let mut notary = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.unwrap();
        *signer.loses_answers.lock().unwrap() = true;
        assert!(matches!(notary.step(at(0)).await, Err(NotaryError::NoSigner(_))));
        assert_eq!(drawer.kept(), []);
        *signer.loses_answers.lock().unwrap() = false;
        // Meanwhile there is more: what was signed comes first.
        log.show(4);
        notary.step(at(1)).await.unwrap();
        assert_eq!(drawer.kept(), signer.signed());
        assert_eq!(drawer.kept().len(), 2);
    });
    assert_chain(&drawer.kept(), &leaves(&entries), &signer);
}

#[test]
fn of_two_at_once_one_signs_and_the_other_goes_on_from_there() {
    let entries = town(3, 80);
    let (log, signer) = (Shown::of(entries.clone(), 5), Distant::new());
    let drawers = [Arc::new(Drawer::default()), Arc::new(Drawer::default())];
    run(async {
        let mut one = open(&log, &signer, &[&drawers[0]], Cadence::AT_ONCE).await.unwrap();
        let mut two = open(&log, &signer, &[&drawers[1]], Cadence::AT_ONCE).await.unwrap();
        for round in 0..30 {
            log.show(1);
            // One looks, and before it goes on there is more, and the other is faster.
            tokio::join!(
                async {
                    give_way_often(round % 5).await;
                    one.step(at(round)).await.unwrap();
                },
                async {
                    give_way_often(round % 7).await;
                    two.step(at(round)).await.unwrap();
                },
                async {
                    give_way_often(round % 9).await;
                    log.show(1);
                },
            );
        }
        one.step(at(99)).await.unwrap();
        two.step(at(99)).await.unwrap();
        assert_eq!(one.last(), two.last());
    });
    let refused = *signer.refused.lock().unwrap();
    assert!(refused > 2, "they get into each other's way: {refused}");
    let signed = signer.signed();
    assert_chain(&signed, &leaves(&entries), &signer);
    for one in &signed {
        assert!(drawers.iter().any(|drawer| drawer.kept().contains(one)), "nobody kept {}", one.checkpoint().size);
    }
}

#[test]
fn a_log_that_grows_while_it_is_read_is_signed_as_it_was_when_it_was_looked_at() {
    let entries = town(4, 100);
    let mut log = Shown::of(entries.clone(), 20);
    Arc::get_mut(&mut log).unwrap().grows = 3;
    let (signer, drawer) = (Distant::new(), Arc::new(Drawer::default()));
    run(async {
        let mut notary = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.unwrap();
        for minute in 0..4 {
            notary.step(at(minute)).await.unwrap();
        }
    });
    assert!(drawer.kept().len() > 2);
    assert_chain(&drawer.kept(), &leaves(&entries), &signer);
}

#[test]
fn an_old_backup_is_told_with_what_is_missing_and_never_signed() {
    let entries = town(5, 60);
    let (log, signer, drawer) = (Shown::of(entries.clone(), 30), Distant::new(), Arc::new(Drawer::default()));
    run(async {
        let mut notary = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.unwrap();
        notary.step(at(0)).await.unwrap();
        let backup = Shown::of(entries.clone(), 24);
        let told = open(&backup, &signer, &[&drawer], Cadence::AT_ONCE).await.err().unwrap();
        assert_eq!(told, NotaryError::Shorter { signed: 30, found: 24 });
        assert!(told.to_string().contains("the last 6 are missing"), "{told}");
        // The same beneath a notary that runs.
        *log.end.lock().unwrap() = 24;
        assert_eq!(notary.step(at(10)).await, Err(NotaryError::Shorter { signed: 30, found: 24 }));
        // And the signer itself signs no shorter log, whoever asks.
        let checkpoint =
            Checkpoint { origin: notary.origin().clone(), size: 24, root: root_of(&leaves(&entries)[..24]) };
        let refused = signer.sign(&Proposal { checkpoint, old: 30, proof: Vec::new() }).await;
        assert_eq!(refused, Err(Refusal::Shorter { signed: 30, proposed: 24 }.into()));
        // The control: the whole of it goes on.
        *log.end.lock().unwrap() = 31;
        assert!(notary.step(at(20)).await.unwrap().is_some());
    });
}

#[test]
fn a_rewritten_log_is_told_beneath_a_notary_that_runs_and_by_the_next_one() {
    let entries = town(6, 60);
    for rewritten in [0, 12, 29] {
        let (log, signer, drawer) = (Shown::of(entries.clone(), 30), Distant::new(), Arc::new(Drawer::default()));
        run(async {
            let mut notary = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.unwrap();
            notary.step(at(0)).await.unwrap();
            let truth = log.entries.lock().unwrap()[rewritten].clone();
            let mut forged = truth.clone();
            forged.record.payload.push(' ');
            forged.record.hash = forged.record.hash_in(&Town::ledger());
            log.entries.lock().unwrap()[rewritten] = forged;
            log.show(3);
            assert_eq!(notary.step(at(10)).await, Err(NotaryError::Forked { signed: 30 }));
            let next = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.err();
            assert_eq!(next, Some(NotaryError::Forked { signed: 30 }));
            // The control: as it was, it goes on.
            log.entries.lock().unwrap()[rewritten] = truth;
            assert!(notary.step(at(20)).await.unwrap().is_some());
        });
        assert_chain(&drawer.kept(), &leaves(&entries), &signer);
    }
}

#[test]
fn a_record_whose_bytes_are_not_those_of_its_hash_is_not_signed_for() {
    let entries = town(7, 40);
    let (log, signer, drawer) = (Shown::of(entries, 20), Distant::new(), Arc::new(Drawer::default()));
    run(async {
        let mut notary = open(&log, &signer, &[&drawer], Cadence::AT_ONCE).await.unwrap();
        log.entries.lock().unwrap()[11].record.payload.push(' ');
        let told = notary.step(at(0)).await.err().unwrap();
        assert!(matches!(&told, NotaryError::Log(StoreError::Corrupt(why)) if why.contains("position 12")), "{told}");
        assert_eq!(signer.signed(), []);
        log.entries.lock().unwrap()[11].record.payload.pop();
        assert!(notary.step(at(0)).await.unwrap().is_some(), "the control");
    });
}

#[test]
fn a_sink_that_fails_is_told_the_others_have_it_and_it_gets_everything_when_it_is_back() {
    let entries = town(8, 60);
    let (log, signer) = (Shown::of(entries, 10), Distant::new());
    let (sound, failing) = (Arc::new(Drawer::default()), Arc::new(Drawer::default()));
    let table = Arc::new(MemoryStore::new(Town::ledger()));
    run(async {
        let sinks: Vec<Arc<dyn CheckpointSink>> =
            vec![failing.clone(), sound.clone(), Arc::new(TableSink(table.clone()))];
        let mandate = Mandate { cadence: Cadence::AT_ONCE, ..Mandate::default() };
        let mut notary = Notary::open(log.clone(), signer.clone(), sinks, mandate).await.unwrap();
        *failing.is_full.lock().unwrap() = true;
        for minute in 0..3 {
            log.show(5);
            let Err(NotaryError::NotKept { made, failures }) = notary.step(at(minute)).await else {
                panic!("nobody was told")
            };
            assert_eq!(failures, [SinkError { sink: "drawer".into(), why: "is full".into() }]);
            assert_eq!(made.as_deref(), notary.last());
        }
        let told = notary.step(at(3)).await.err().unwrap();
        assert!(matches!(told, NotaryError::NotKept { made: None, .. }), "and again, though there is nothing new");
        assert_eq!((failing.kept().len(), sound.kept().len()), (0, 3));
        *failing.is_full.lock().unwrap() = false;
        assert_eq!(notary.step(at(4)).await, Ok(None));
        assert_eq!(failing.kept(), signer.signed());
        let in_table = table.attestations(None, usize::MAX).await.unwrap();
        let told: Vec<String> = signer.signed().iter().map(SignedCheckpoint::to_string).collect();
        assert_eq!(in_table.into_iter().map(|kept| kept.note).collect::<Vec<_>>(), told);
    });
}

/// A signer that is not the one whose key was given, or gives what was not asked for.
struct Liar {
    signer: MemorySigner,
    gives: Option<SignedCheckpoint>,
}

#[async_trait]
impl CheckpointSigner for Liar {
    async fn last(&self, _: &Origin) -> Result<Option<SignedCheckpoint>, SignerError> {
        Ok(None)
    }
    async fn sign(&self, proposal: &Proposal) -> Result<SignedCheckpoint, SignerError> {
        match &self.gives {
            Some(given) => Ok(given.clone()),
            None => self.signer.sign(proposal).await,
        }
    }
}

#[test]
fn what_the_signer_gives_is_kept_only_if_it_is_what_was_asked_for_by_the_key_that_counts() {
    let (log, ledger) = (Shown::of(town(9, 40), 10), Town::ledger());
    let (sound, other) = (MemorySigner::of(&ledger, 1), MemorySigner::of(&ledger, 2));
    let keys = Some(Keyring::new([sound.verifier()]));
    let asked = |signer: Liar, keys: Option<Keyring>| {
        let (log, drawer) = (log.clone(), Arc::new(Drawer::default()));
        run(async {
            let mandate = Mandate { cadence: Cadence::AT_ONCE, keys, ..Mandate::default() };
            let mut notary = Notary::open(log, Arc::new(signer), vec![drawer.clone()], mandate).await.unwrap();
            (notary.step(at(0)).await.map(|made| made.is_some()), drawer.kept().len())
        })
    };
    let of_other = || MemorySigner::of(&ledger, 2);
    let (told, kept) = asked(Liar { signer: of_other(), gives: None }, keys.clone());
    assert!(matches!(told, Err(NotaryError::NotSigned(_))) && kept == 0, "{told:?}");
    let elsewhere = Checkpoint { origin: Origin::of(&ledger, 1), size: 3, root: Digest::of(b"") };
    let elsewhere = run(other.sign(&Proposal { checkpoint: elsewhere, old: 0, proof: Vec::new() })).unwrap();
    let (told, kept) = asked(Liar { signer: of_other(), gives: Some(elsewhere) }, None);
    assert!(matches!(told, Err(NotaryError::NotAsAsked { .. })) && kept == 0, "{told:?}");
    // The controls.
    assert_eq!(asked(Liar { signer: of_other(), gives: None }, None), (Ok(true), 1));
    assert_eq!(asked(Liar { signer: sound, gives: None }, keys), (Ok(true), 1));
}

#[test]
fn a_line_that_nobody_agreed_to_and_a_ledger_of_others_are_refused_in_the_signers_words() {
    let log = Shown::of(town(10, 40), 10);
    run(async {
        let signer = Arc::new(MemorySigner::of(&Town::ledger(), 1));
        let mandate = Mandate { line: 2, cadence: Cadence::AT_ONCE, ..Mandate::default() };
        let mut notary = Notary::open(log.clone(), signer, Vec::new(), mandate.clone()).await.unwrap();
        let told = notary.step(at(0)).await.err().unwrap();
        assert!(matches!(told, NotaryError::Refused(Refusal::NotAgreed(_))));
        assert!(told.to_string().contains("has not agreed"), "{told}");
        let stranger = Arc::new(MemorySigner::of(&LedgerId::new("kediri").unwrap(), 1));
        let mut notary = Notary::open(log, stranger, Vec::new(), Mandate { line: 1, ..mandate }).await.unwrap();
        assert!(matches!(notary.step(at(0)).await, Err(NotaryError::Refused(Refusal::UnknownOrigin(_)))));
    });
}

#[test]
fn it_is_late_when_what_is_in_no_checkpoint_waits_too_long_or_is_too_much() {
    let cadence = Cadence::default();
    let standing = |head, behind_since| Standing { size: 100, at: Some(at(0)), head, behind_since };
    for (is_late, what, standing) in [
        (false, "a quiet night", standing(100, None)),
        (false, "something came just now", standing(101, Some(at(600)))),
        (false, "it is about to be made", standing(101, Some(at(585)))),
        (true, "it should have been made long ago", standing(101, Some(at(580)))),
        (true, "far too much", standing(20_100, Some(at(600)))),
        (true, "there never was one", Standing { size: 0, at: None, head: 1, behind_since: Some(at(0)) }),
        (false, "nothing ever happened", Standing::default()),
    ] {
        assert_eq!(standing.is_late(at(600), &cadence), is_late, "{what}");
    }
}

#[tokio::test]
async fn whoever_waits_is_woken_when_there_is_enough_for_a_checkpoint() {
    let store = Arc::new(MemoryStore::new(Town::ledger()));
    let signer = Arc::new(MemorySigner::of(&Town::ledger(), 1));
    let mandate = Mandate { cadence: Cadence { events: 3, minutes: 10 }, ..Mandate::default() };
    let mut notary = Notary::open(store.clone(), signer, Vec::new(), mandate).await.unwrap();
    let mut woken = 0;
    for number in 1..=7 {
        let part = Draft::of(&*store, number).part(number, 1);
        store.append(Append::new(command(number), vec![part])).await.unwrap();
        if cut_after(1, notary.wait()).is_some() {
            woken += 1;
            assert!(notary.step(at(0)).await.unwrap().is_some(), "and it is due");
        } else {
            let made = notary.step(at(0)).await.unwrap();
            assert_eq!(made.is_some(), number == 1, "the first event of all is due at once");
        }
    }
    assert_eq!(woken, 2);
}
