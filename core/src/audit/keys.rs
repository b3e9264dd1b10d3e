//! Which keys count for which checkpoints: those an auditor was given, and those that such a key handed over to.

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Attested, NotSigned, Origin, SignedCheckpoint};
use super::note::{Note, NoteKey, VerifierKey};
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

impl Rotation {
    /// Hands over to a new key, after the checkpoint of that size.
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
}

impl FromStr for Rotation {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("key rotation", "must name origin, size and the new key");
        let note: Note = text.parse()?;
        let lines: Vec<&str> = note.text().lines().collect();
        let [LABEL, origin, after, to] = lines[..] else { return Err(wrong()) };
        let after_number = after.parse::<u64>().ok().filter(|number| number.to_string() == after).ok_or_else(wrong)?;
        Ok(Rotation { origin: origin.parse()?, after: after_number, to: to.parse()?, note })
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
    /// It counts for greater sizes only.
    after: u64,
    /// It counts up to this size.
    until: u64,
}

impl Keyring {
    /// The keys an auditor was given.
    pub fn new(given: impl IntoIterator<Item = VerifierKey>) -> Self {
        Keyring { keys: given.into_iter().map(|key| Trusted { key, after: 0, until: u64::MAX }).collect() }
    }

    /// Trusts the new key of a rotation, if one that counts up to there signed it, and the new one did, too.
    ///
    /// Rotations are taken in the order of their sizes. A key that handed over once hands over to nobody else.
    pub fn hand_over(&mut self, rotation: &Rotation) -> bool {
        let signs = |key: &VerifierKey| rotation.note.is_signed_by(key).is_some();
        let is_named = rotation.to.name() == rotation.origin.key_name();
        if self.keys.iter().any(|trusted| trusted.key == rotation.to) {
            return is_named && signs(&rotation.to);
        }
        let old = self.keys.iter_mut().find(|trusted| {
            let counts = trusted.after <= rotation.after && trusted.until == u64::MAX;
            counts && trusted.key.name() == rotation.origin.key_name() && signs(&trusted.key)
        });
        let Some(old) = old.filter(|_| is_named && signs(&rotation.to)) else { return false };
        old.until = rotation.after;
        self.keys.push(Trusted { key: rotation.to.clone(), after: rotation.after, until: u64::MAX });
        true
    }

    /// Whose signature a checkpoint bears.
    ///
    /// # Errors
    /// When none of the keys that count for its size signed it.
    pub fn attested(&self, signed: &SignedCheckpoint) -> Result<Attested, NotSigned> {
        let size = signed.checkpoint().size;
        let counts = |trusted: &&Trusted| size == 0 || (trusted.after < size && size <= trusted.until);
        let keys: Vec<VerifierKey> = self.keys.iter().filter(counts).map(|trusted| trusted.key.clone()).collect();
        signed.attested(&keys)
    }
}

const LABEL: &str = "aduan/key-rotation/v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::LedgerId;

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
