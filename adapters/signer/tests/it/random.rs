//! Random proposals against a signer that remembers everything: it compares whole logs, and needs no proof.

use aduan::audit::note::NoteKey;
use aduan::audit::signer::{CheckpointSigner as _, Proposal};
use aduan::values::Digest;

use crate::history::{Desk, History, NOON, origin};

/// Holds the whole log that was signed last.
#[derive(Default)]
struct Reference(Option<History>);

impl Reference {
    fn signs(&mut self, log: &History, proposal: &Proposal, is_honest: bool) -> bool {
        let signs = match &self.0 {
            None => proposal.old == 0 && proposal.proof.is_empty(),
            Some(last) if last == log => true,
            Some(last) => {
                let goes_on = log.0.starts_with(&last.0) && log.size() > last.size();
                goes_on && proposal.old == last.size() && is_honest
            }
        };
        if signs {
            self.0 = Some(log.clone());
        }
        signs
    }
}

#[tokio::test]
async fn a_thousand_random_proposals_are_signed_as_by_one_who_holds_the_whole_log() {
    let mut chance = fastrand::Rng::with_seed(62_2018);
    let (mut signed, mut refused, mut rewritten) = (0, 0, 0);
    for town in 0..40 {
        let desk = Desk::new();
        let (mut signer, mut reference) = (desk.open(), Reference::default());
        // Without a memory, a key signs whatever it is given.
        let forgetful = NoteKey::from_seed(origin().key_name(), &[town; 32]).unwrap();
        for step in 0..25 {
            let last = reference.0.clone();
            let size = last.as_ref().map_or(0, History::size);
            let log = match chance.u8(..6) {
                0..3 => History([last.clone().map_or(Vec::new(), |last| last.0), grown(&mut chance)].concat()),
                3 => History::of(chance.u64(..30)),
                4 => History::forked(chance.u64(..=size), size + chance.u64(..6)),
                _ => last.clone().unwrap_or_else(|| History::of(0)),
            };
            let old = if chance.u8(..5) > 0 { size } else { chance.u64(..30) };
            let mut proposal = log.proposal(1, old);
            let is_honest = chance.u8(..8) > 0 || !tamper(&mut proposal, &mut chance);
            let expected = reference.signs(&log, &proposal, is_honest);
            let answer = signer.sign(&proposal).await;
            assert_eq!(answer.is_ok(), expected, "town {town}, step {step}: {log:?} from {old}: {answer:?}");
            let is_rewritten = last.is_some_and(|last| !log.0.starts_with(&last.0));
            assert!(!is_rewritten || answer.is_err());
            let anything = proposal.checkpoint.clone().sign(&forgetful, NOON);
            assert!(anything.attested(&[forgetful.verifier()]).is_ok(), "without a memory it is signed");
            (signed, refused) = (signed + u32::from(answer.is_ok()), refused + u32::from(answer.is_err()));
            rewritten += u32::from(is_rewritten);
            if chance.u8(..10) == 0 {
                drop(signer);
                signer = desk.open();
            }
        }
    }
    println!("{signed} signed, {refused} refused, {rewritten} of them rewritten histories");
    assert!(signed > 300 && refused > 300 && rewritten > 200, "{signed} {refused} {rewritten}");
}

/// A few more events.
fn grown(chance: &mut fastrand::Rng) -> Vec<u64> {
    (0..chance.u64(1..7)).map(|_| chance.u64(..)).collect()
}

/// Alters a proof, if there is one to alter.
fn tamper(proposal: &mut Proposal, chance: &mut fastrand::Rng) -> bool {
    let proof = &mut proposal.proof;
    if proof.is_empty() {
        return false;
    }
    let place = chance.usize(..proof.len());
    match chance.u8(..3) {
        0 => proof[place] = Digest::of(&proof[place].0),
        1 => drop(proof.remove(place)),
        _ => proof.insert(place, Digest::of(b"one more")),
    }
    true
}
