//! Which keys count for which checkpoints: those an auditor was given, and those that such a key handed over to.

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Attested, NotSigned, Origin, SignedCheckpoint};
use super::note::{Note, NoteKey, VerifierKey, number};
use crate::values::InvalidValue;

/// A key handed over to another: signed by both, so that neither can do it alone.
///
/// ```text
/// aduan/key-rotation/v1
/// aduan/mojokerto
/// 20000
/// aduan/mojokerto+1f3c9a02+AQ…
///
/// — aduan/mojokerto …
/// — aduan/mojokerto …
/// ```
/// The old key counts up to that size, the new one beyond it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    origin: Origin,
    after: u64,
    to: VerifierKey,
    note: Note,
}

/// How far a ledger was signed: a line, and a size in it. Sizes begin anew in each line.
type Reached = (u32, u64);

impl Rotation {
    /// Hands over to a new key, after the checkpoint of that size in the origin's line.
    pub fn sign(origin: Origin, after: u64, old: &NoteKey, new: &NoteKey) -> Self {
        let to = new.verifier();
        let mut note = Note::new(&format!("{LABEL}\n{origin}\n{after}\n{to}\n")).expect("four lines");
        note.add(old.sign(&note));
        note.add(new.sign(&note));
        Rotation { origin, after, to, note }
    }

    /// Whose keys they are.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The last size the old key counts for.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// The new key.
    pub fn to(&self) -> &VerifierKey {
        &self.to
    }

    /// Whether that key signed it.
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.note.is_signed_by(key).is_some()
    }

    /// Whether it goes along with what is attested of a ledger up to that size, in that line: somebody needs it to
    /// verify what stands there. A key that was handed over in a line that was left signs in this one, whatever size
    /// that was at.
    pub fn counts_for(&self, line: u32, size: u64) -> bool {
        self.after <= size || self.origin.line() < line
    }

    fn reached(&self) -> Reached {
        (self.origin.line(), self.after)
    }
}

impl FromStr for Rotation {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("key rotation", "must name origin, size and the new key");
        let note: Note = text.parse()?;
        let lines: Vec<&str> = note.text().lines().collect();
        let [LABEL, origin, after, to] = lines[..] else { return Err(wrong()) };
        let after = number(after).ok_or_else(wrong)?;
        Ok(Rotation { origin: origin.parse()?, after, to: to.parse()?, note })
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// The keys an auditor trusts, each with the sizes it counts for.
///
/// ```
/// use aduan::audit::{checkpoint::{Checkpoint, Origin}, keys::{Keyring, Rotation}, note::NoteKey};
/// use aduan::values::{Digest, LedgerId};
///
/// let origin = Origin::of(&LedgerId::new("mojokerto")?, 1);
/// let old = NoteKey::from_seed(origin.key_name(), &[1; 32])?;
/// let new = NoteKey::from_seed(origin.key_name(), &[2; 32])?;
/// let mut keys = Keyring::new([old.verifier()]);
/// let at = |size| Checkpoint { origin: origin.clone(), size, root: Digest::of(b"") };
/// assert!(keys.attested(&at(9).sign(&new, 0)).is_err(), "nobody handed over yet");
///
/// assert!(keys.hand_over(&Rotation::sign(origin.clone(), 8, &old, &new)));
/// assert!(keys.attested(&at(9).sign(&new, 0)).is_ok());
/// assert!(keys.attested(&at(9).sign(&old, 0)).is_err(), "it counts no longer");
/// assert!(keys.attested(&at(8).sign(&old, 0)).is_ok(), "what it signed stays signed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyring {
    keys: Vec<Trusted>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Trusted {
    key: VerifierKey,
    /// It counts beyond that only.
    after: Reached,
    /// It counts as far as that.
    until: Reached,
}

impl Keyring {
    /// The keys an auditor was given.
    pub fn new(given: impl IntoIterator<Item = VerifierKey>) -> Self {
        Keyring { keys: given.into_iter().map(|key| Trusted { key, after: BEGINNING, until: END }).collect() }
    }

    /// Trusts the new key of a rotation, if one that counts up to there signed it, and the new one did, too.
    ///
    /// Rotations are taken in the order of their lines and sizes. A key that handed over once hands over to nobody else.
    pub fn hand_over(&mut self, rotation: &Rotation) -> bool {
        let place = rotation.reached();
        let signs = |key: &VerifierKey| key.name() == rotation.origin.key_name() && rotation.is_signed_by(key);
        if rotation.to.name() != rotation.origin.key_name() || !signs(&rotation.to) {
            return false;
        }
        let is_new = |trusted: &Trusted| trusted.key == rotation.to && trusted.after == place;
        if self.keys.iter().any(is_new) && self.keys.iter().any(|old| old.until == place && signs(&old.key)) {
            return true; // Told twice.
        }
        let counts = |trusted: &&mut Trusted| trusted.after <= place && trusted.until == END;
        let mut old = self.keys.iter_mut().filter(counts).filter(|trusted| trusted.key != rotation.to);
        let Some(old) = old.find(|trusted| signs(&trusted.key)) else { return false };
        old.until = place;
        // A key that was given, too, counts from there on, and not from the beginning.
        match self.keys.iter_mut().find(|trusted| trusted.key == rotation.to && trusted.until == END) {
            Some(given) => given.after = place,
            None => self.keys.push(Trusted { key: rotation.to.clone(), after: place, until: END }),
        }
        true
    }

    /// Takes rotations in whichever order leads on: several may be after one size. Gives those that none of the keys
    /// vouches for.
    pub fn hand_over_all<'r>(&mut self, rotations: &'r [Rotation]) -> Vec<&'r Rotation> {
        let mut left: Vec<&Rotation> = rotations.iter().collect();
        left.sort_by_key(|rotation| rotation.reached());
        loop {
            let before = left.len();
            left.retain(|rotation| !self.hand_over(rotation));
            if left.len() == before {
                return left;
            }
        }
    }

    /// Whose signature a checkpoint bears.
    ///
    /// # Errors
    /// When none of the keys that count for its line and size signed it.
    pub fn attested(&self, signed: &SignedCheckpoint) -> Result<Attested, NotSigned> {
        let reached = (signed.checkpoint().origin.line(), signed.checkpoint().size);
        let is_empty = reached == BEGINNING;
        let counts = |trusted: &&Trusted| is_empty || (trusted.after < reached && reached <= trusted.until);
        let keys: Vec<VerifierKey> = self.keys.iter().filter(counts).map(|trusted| trusted.key.clone()).collect();
        signed.attested(&keys)
    }
}

/// Before anything was signed.
const BEGINNING: Reached = (1, 0);
const END: Reached = (u32::MAX, u64::MAX);
const LABEL: &str = "aduan/key-rotation/v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::checkpoint::Checkpoint;
    use crate::values::{Digest, LedgerId};

    #[test]
    fn a_key_counts_on_in_a_line_that_begins_after_a_loss_with_smaller_sizes() {
        let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), 1);
        let key = |seed| NoteKey::from_seed(origin.key_name(), &[seed; 32]).expect("a name");
        let (old, new, newer) = (key(1), key(2), key(3));
        let mut keys = Keyring::new([old.verifier()]);
        assert!(keys.hand_over(&Rotation::sign(origin.clone(), 1_234, &old, &new)));
        assert!(keys.hand_over(&Rotation::sign(origin.of_line(2), 1_010, &new, &newer)));
        let at = |line, size| Checkpoint { origin: origin.of_line(line), size, root: Digest::of(b"") };
        for (line, size, counting, others) in
            [(1, 1_234, &old, [&new, &newer]), (2, 1_005, &new, [&old, &newer]), (2, 1_011, &newer, [&old, &new])]
        {
            assert!(keys.attested(&at(line, size).sign(counting, 0)).is_ok(), "{line} {size}");
            assert!(others.iter().all(|key| keys.attested(&at(line, size).sign(key, 0)).is_err()), "{line} {size}");
        }
    }

    #[test]
    fn an_old_key_counts_no_longer_even_where_the_new_one_was_given_along() {
        let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), 1);
        let key = |seed| NoteKey::from_seed(origin.key_name(), &[seed; 32]).expect("a name");
        let (old, new, newest) = (key(1), key(2), key(3));
        let at = |size| Checkpoint { origin: origin.clone(), size, root: Digest::of(b"") };
        let one = Rotation::sign(origin.clone(), 8, &old, &new);
        let mut keys = Keyring::new([old.verifier(), new.verifier()]);
        assert!(keys.attested(&at(9).sign(&old, 0)).is_ok(), "as long as nobody tells of it");
        assert!(keys.hand_over(&one) && keys.hand_over(&one));
        assert!(keys.attested(&at(9).sign(&old, 0)).is_err());
        assert!(keys.attested(&at(8).sign(&new, 0)).is_err());
        assert!(keys.attested(&at(9).sign(&new, 0)).is_ok());
        assert!(!Keyring::new([new.verifier()]).hand_over(&one), "it does not vouch for what came before it");

        let two = Rotation::sign(origin.clone(), 8, &new, &newest);
        for order in [[one.clone(), two.clone()], [two, one]] {
            let mut keys = Keyring::new([old.verifier()]);
            assert!(keys.hand_over_all(&order).is_empty(), "both after one size");
            assert!(keys.attested(&at(9).sign(&newest, 0)).is_ok());
            assert!(keys.attested(&at(9).sign(&new, 0)).is_err());
        }
    }

    #[test]
    fn a_rotation_goes_along_as_far_as_it_was_reached_and_into_every_later_line() {
        let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), 1);
        let key = |seed| NoteKey::from_seed(origin.key_name(), &[seed; 32]).expect("a name");
        let rotation = Rotation::sign(origin.of_line(2), 20, &key(1), &key(2));
        for (line, size, counts) in [(2, 19, false), (2, 20, true), (3, 5, true), (1, 19, false), (1, 20, true)] {
            assert_eq!(rotation.counts_for(line, size), counts, "{line} {size}");
        }
    }

    #[test]
    fn only_a_key_that_counts_hands_over_and_only_once() {
        let origin = Origin::of(&LedgerId::new("mojokerto").expect("a name"), 1);
        let key = |seed| NoteKey::from_seed(origin.key_name(), &[seed; 32]).expect("a name");
        let (old, new, thief) = (key(1), key(2), key(3));
        let rotation = Rotation::sign(origin.clone(), 8, &old, &new);
        assert_eq!(rotation.to_string().parse(), Ok(rotation.clone()));

        let mut keys = Keyring::new([old.verifier()]);
        assert!(!keys.hand_over(&Rotation::sign(origin.clone(), 8, &thief, &new)), "a stranger");
        assert!(keys.hand_over(&rotation));
        assert!(keys.hand_over(&rotation), "told twice");
        assert!(!keys.hand_over(&Rotation::sign(origin.clone(), 9, &old, &thief)), "it handed over before");
        assert!(keys.hand_over(&Rotation::sign(origin.clone(), 12, &new, &thief)), "the next one may");
        assert!(!keys.hand_over(&Rotation::sign(origin.clone(), 4, &thief, &key(4))), "before its time");

        let unsigned = rotation.to_string();
        let (without, _) = unsigned.trim_end().rsplit_once('\n').expect("two signatures");
        let mut keys = Keyring::new([old.verifier()]);
        assert!(!keys.hand_over(&format!("{without}\n").parse().expect("a rotation")), "the new key did not sign");
    }
}
