//! Checkpoints as C2SP defines them: origin, size and root of a tree, as a signed note (c2sp.org/tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::note::{self, KeyKind, Note, NoteKey, Signature, VerifierKey};
use crate::values::{Digest, InvalidValue, LedgerId};

/// Whose tree it is: `aduan/mojokerto`; after a loss was admitted, `aduan/mojokerto/2` and on.
///
/// It follows from the ledger's name, so that an auditor who knows the one knows the other. The name of the key is
/// that of the first line of every ledger, whichever line it signs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin {
    text: String,
    /// Of the text, in bytes: without the line.
    name: usize,
    line: u32,
}

impl Origin {
    /// The origin of a ledger's line: 1, and one more after every loss that was admitted.
    pub fn of(ledger: &LedgerId, line: u32) -> Self {
        let mut text = String::from("aduan/");
        for byte in ledger.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => text.push(byte.into()),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
        let name = text.len();
        if line > 1 {
            text.push_str(&format!("/{line}"));
        }
        Origin { text, name, line }
    }

    /// As it stands in a checkpoint.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the keys are named that sign it.
    pub fn key_name(&self) -> &str {
        &self.text[..self.name]
    }

    /// Which line of the ledger it is, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The same ledger's other line.
    #[must_use]
    pub fn of_line(&self, line: u32) -> Self {
        let text = if line > 1 { format!("{}/{line}", self.key_name()) } else { self.key_name().to_owned() };
        Origin { text, name: self.name, line }
    }
}

impl FromStr for Origin {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if !note::is_name(text) {
            return Err(InvalidValue::new("origin", "must be a name without white space and plus"));
        }
        let line = |line: &str| u32::try_from(note::number(line)?).ok().filter(|number| *number > 1);
        let numbered = text.rsplit_once('/').filter(|(name, _)| name.contains('/'));
        let numbered = numbered.and_then(|(name, number)| Some((name.len(), line(number)?)));
        let (name, line) = numbered.unwrap_or((text.len(), 1));
        Ok(Origin { text: text.to_owned(), name, line })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How far a tree goes, and the hash of everything in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Whose tree it is.
    pub origin: Origin,
    /// How many events: the position of the last.
    pub size: u64,
    /// Its root.
    pub root: Digest,
}

impl Checkpoint {
    /// The note to be signed.
    pub fn note(&self) -> Note {
        let text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0));
        Note::new(&text).expect("three lines")
    }

    /// Signs it, and the second it is signed in, since 1970: two lines of one key.
    pub fn sign(self, key: &NoteKey, seconds: u64) -> SignedCheckpoint {
        let mut note = self.note();
        note.add(key.sign(&note));
        note.add(key.sign_timed(&note, seconds));
        SignedCheckpoint { checkpoint: self, note }
    }
}

/// A checkpoint with the signatures beneath it. That it parses says nothing of who signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// Whose signature a checkpoint bears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attested {
    /// The key.
    pub by: VerifierKey,
    /// When it was signed by that key's own account; where the log that signed tells no time, nothing.
    pub at: Option<DateTime<Utc>>,
}

/// A checkpoint that none of the keys signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint of {origin} at {size} is not signed by a key that counts there")]
pub struct NotSigned {
    /// Whose tree it is.
    pub origin: Origin,
    /// Its size.
    pub size: u64,
}

impl SignedCheckpoint {
    /// What is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note itself.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// When its log says that it was signed. Verified by nobody: [`SignedCheckpoint::attested`] is.
    pub fn told_at(&self) -> Option<DateTime<Utc>> {
        let own = self.note.signatures().iter().filter(|line| line.name == self.checkpoint.origin.key_name());
        let seconds = own.filter_map(Signature::told_seconds).max()?;
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
    }

    /// Takes a witness's line beneath it.
    ///
    /// # Errors
    /// When the line is none of that witness.
    pub fn add_witness(&mut self, line: Signature, witness: &VerifierKey) -> Result<(), InvalidValue> {
        let mut alone = self.checkpoint.note();
        alone.add(line.clone());
        if alone.is_signed_by(witness).is_none() {
            return Err(InvalidValue::new("cosignature", "is none of that witness over this checkpoint"));
        }
        self.note.add(line);
        Ok(())
    }

    /// Whose signature it bears, of keys that are named as its origin.
    ///
    /// # Errors
    /// When none of them signed it.
    pub fn attested(&self, keys: &[VerifierKey]) -> Result<Attested, NotSigned> {
        let named = keys.iter().filter(|key| key.name() == self.checkpoint.origin.key_name());
        let mut signed = named.filter(|key| self.note.is_signed_by(&key.of_kind(KeyKind::Note)).is_some());
        let Some(by) = signed.next() else {
            return Err(NotSigned { origin: self.checkpoint.origin.clone(), size: self.checkpoint.size });
        };
        let seconds = self.note.is_signed_by(&by.of_kind(KeyKind::Timed));
        let at = seconds.and_then(|seconds| DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0));
        Ok(Attested { by: by.clone(), at })
    }
}

impl FromStr for SignedCheckpoint {
    type Err = InvalidValue;
    /// Reads a note whose text begins with origin, size and root. Lines after them are kept, and mean nothing here.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = |why: &str| InvalidValue::new("checkpoint", why);
        let note: Note = text.parse()?;
        let mut lines = note.text().lines();
        let (origin, size, root) = match (lines.next(), lines.next(), lines.next()) {
            (Some(origin), Some(size), Some(root)) => (origin.parse()?, size, root),
            _ => return Err(wrong("must name origin, size and root")),
        };
        let size = note::number(size).ok_or_else(|| wrong("has a size that is no number"))?;
        let root = note::hash(root).ok_or_else(|| wrong("has a root that is no base64 of 32 bytes"))?;
        Ok(SignedCheckpoint { checkpoint: Checkpoint { origin, size, root }, note })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(ledger: &str, line: u32) -> Origin {
        Origin::of(&LedgerId::new(ledger).expect("a name"), line)
    }

    #[test]
    fn an_origin_reads_as_it_is_written_whatever_the_ledger_is_called() {
        for (ledger, line, text) in [
            ("mojokerto", 1, "aduan/mojokerto"),
            ("mojokerto", 2, "aduan/mojokerto/2"),
            ("kota + 2/3", 1, "aduan/kota%20%2B%202%2F3"),
            ("2", 1, "aduan/2"),
            ("2", 3, "aduan/2/3"),
        ] {
            let origin = origin(ledger, line);
            assert_eq!(origin.as_str(), text);
            assert_eq!(text.parse(), Ok(origin.clone()), "{text}");
            assert_eq!(origin.of_line(1).as_str(), origin.key_name());
        }
    }

    #[test]
    fn a_checkpoint_reads_as_it_was_signed() {
        let origin = origin("mojokerto", 2);
        let key = NoteKey::from_seed(origin.key_name(), &[1; 32]).expect("a name");
        let other = NoteKey::from_seed(origin.key_name(), &[2; 32]).expect("a name");
        let signed = Checkpoint { origin, size: 8, root: Digest::of(b"") }.sign(&key, 1_700_000_000);
        let mut read: SignedCheckpoint = signed.to_string().parse().expect("as it was written");
        assert_eq!(read, signed);
        let attested = read.attested(&[other.verifier(), key.verifier()]).expect("signed");
        assert_eq!(attested.at.map(|at| at.timestamp()), Some(1_700_000_000));
        assert_eq!(read.told_at(), attested.at);
        assert!(read.attested(&[other.verifier()]).is_err());
        let altered: SignedCheckpoint = signed.to_string().replace("\n8\n", "\n9\n").parse().expect("a checkpoint");
        assert!(altered.attested(&[key.verifier()]).is_err());

        let witness = NoteKey::from_seed("witness.example", &[3; 32]).expect("a name");
        let public = witness.verifier().of_kind(KeyKind::Timed);
        let line = witness.sign_timed(read.note(), 1_700_000_060);
        assert!(read.add_witness(line.clone(), &other.verifier()).is_err(), "not theirs");
        read.add_witness(line, &public).expect("theirs");
        assert_eq!(read.note().is_signed_by(&public), Some(1_700_000_060));
        assert!(read.attested(&[key.verifier()]).is_ok(), "what a witness adds takes nothing away");
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let key = NoteKey::from_seed("a", &[1; 32]).expect("a name");
        for text in ["a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n1\nAAAA\n", "a b\n1\nAAAA\n", "a\n-1\nAAAA\n"] {
            let mut note = Note::new(text).expect("a note");
            note.add(key.sign(&note));
            assert!(note.to_string().parse::<SignedCheckpoint>().is_err(), "{text:?}");
        }
    }
}
