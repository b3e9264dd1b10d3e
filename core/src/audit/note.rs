//! Signed notes as C2SP defines them: a text, an empty line, and lines that sign it (c2sp.org/signed-note).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::values::{Digest, InvalidValue};

/// A text with the signatures somebody put beneath it. That it parses says nothing of who signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Lines, each with its end of line.
    text: String,
    signatures: Vec<Signature>,
}

/// A line of a note that signs its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Whose it is said to be.
    pub name: String,
    /// Four bytes that point at the key.
    pub key: [u8; 4],
    /// What is to be verified under that key.
    pub bytes: Vec<u8>,
}

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyKind {
    /// The text of a note, by Ed25519.
    Note,
    /// The text and the second it was signed in, by Ed25519 (c2sp.org/tlog-cosignature).
    Timed,
}

/// A public key with its name, written `NAME+ID+KEY`: what an auditor is given once, by a way of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: [u8; 32],
}

/// A private key with its name. It shows itself without the key.
pub struct NoteKey {
    name: String,
    key: SigningKey,
}

impl Note {
    /// A text to be signed: lines, the last of them ended, none of them empty.
    ///
    /// # Errors
    /// When it is something else, or holds control characters.
    pub fn new(text: &str) -> Result<Self, InvalidValue> {
        let is_text =
            text.len() <= LONGEST && text.ends_with('\n') && !text.starts_with('\n') && !text.contains("\n\n");
        if !is_text || text.chars().any(|symbol| symbol.is_control() && symbol != '\n') {
            return Err(InvalidValue::new("note", "must be lines of text, none of them empty"));
        }
        Ok(Note { text: text.to_owned(), signatures: Vec::new() })
    }

    /// What is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// By whom it is said to be signed.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Takes a line beneath it: one's own, or a witness's. The same line twice is one.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Whether a key signed it; for a timed key, the second in which, since 1970.
    ///
    /// A line in the name of the key that it did not sign makes the note false, whatever other lines it has.
    pub fn is_signed_by(&self, key: &VerifierKey) -> Option<u64> {
        let by_key = self.signatures.iter().filter(|line| line.name == key.name && line.key == key.id());
        let seconds: Option<Vec<u64>> = by_key.map(|line| key.verify(&self.text, &line.bytes)).collect();
        seconds?.into_iter().max()
    }
}

impl FromStr for Note {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = |why: &str| InvalidValue::new("note", why);
        if text.len() > LONGEST {
            return Err(wrong("is longer than any"));
        }
        let (body, lines) = text.rsplit_once("\n\n").ok_or_else(|| wrong("has no empty line before its signatures"))?;
        let mut note = Note::new(&format!("{body}\n"))?;
        let lines = lines.strip_suffix('\n').ok_or_else(|| wrong("does not end with a whole line"))?;
        for line in lines.split('\n') {
            if note.signatures.len() == MOST_SIGNATURES {
                return Err(wrong("has more signatures than any"));
            }
            note.signatures.push(line.parse()?);
        }
        Ok(note)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    /// The second that a line says it was signed in, where it is as long as one that says so. Verified by nobody.
    pub fn told_seconds(&self) -> Option<u64> {
        let (seconds, signature) = self.bytes.split_first_chunk()?;
        (signature.len() == Ed25519Signature::BYTE_SIZE).then(|| u64::from_be_bytes(*seconds))
    }
}

impl FromStr for Signature {
    type Err = InvalidValue;
    fn from_str(line: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("signature line", "must read `— NAME BASE64`");
        let (name, bytes) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
        let bytes = STANDARD.decode(bytes).map_err(|_| wrong())?;
        let (key, bytes) = bytes.split_first_chunk().filter(|(_, rest)| !rest.is_empty()).ok_or_else(wrong)?;
        Ok(Signature { name: key_name(name)?, key: *key, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, STANDARD.encode([&self.key[..], &self.bytes].concat()))
    }
}

impl KeyKind {
    /// As the standard numbers them.
    fn byte(self) -> u8 {
        match self {
            KeyKind::Note => 1,
            KeyKind::Timed => 4,
        }
    }
}

impl VerifierKey {
    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, kind and key.
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', self.kind.byte()]);
        hasher.update(self.key);
        let hash: [u8; 32] = hasher.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The same key for another kind of signature.
    pub fn of_kind(&self, kind: KeyKind) -> Self {
        VerifierKey { kind, ..self.clone() }
    }

    /// The second that a signature names, 0 where its kind names none; nothing if it is no signature of this key.
    fn verify(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let key = VerifyingKey::from_bytes(&self.key).ok()?;
        let (seconds, signed, signature) = match self.kind {
            KeyKind::Note => (0, text.to_owned(), bytes),
            KeyKind::Timed => {
                let (seconds, signature) = bytes.split_first_chunk()?;
                let seconds = u64::from_be_bytes(*seconds);
                (seconds, timed_text(text, seconds), signature)
            }
        };
        let signature = Ed25519Signature::from_slice(signature).ok()?;
        key.verify_strict(signed.as_bytes(), &signature).ok()?;
        Some(seconds)
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = |why: &str| InvalidValue::new("public key", why);
        let form = || wrong("must read NAME+ID+KEY");
        // The key itself may hold a plus: it is base64.
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(id), Some(key)) => (key_name(name)?, id, STANDARD.decode(key).map_err(|_| form())?),
            _ => return Err(form()),
        };
        let (kind, key) = key.split_first().ok_or_else(form)?;
        let kind = [KeyKind::Note, KeyKind::Timed].into_iter().find(|known| known.byte() == *kind);
        let kind = kind.ok_or_else(|| wrong("is of a kind that nobody here verifies"))?;
        let key = VerifierKey { name, kind, key: key.try_into().map_err(|_| form())? };
        if VerifyingKey::from_bytes(&key.key).is_err() {
            return Err(wrong("is no point of the curve"));
        }
        if hex(key.id()) == id { Ok(key) } else { Err(wrong("has an id that is not that of its name and key")) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind.byte()], &self.key[..]].concat());
        write!(f, "{}+{}+{key}", self.name, hex(self.id()))
    }
}

impl NoteKey {
    /// The key that follows from 32 drawn bytes.
    ///
    /// # Errors
    /// When the name is empty, or holds white space or a plus.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, InvalidValue> {
        Ok(NoteKey { name: key_name(name)?, key: SigningKey::from_bytes(seed) })
    }

    /// What others verify its notes by.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), kind: KeyKind::Note, key: self.key.verifying_key().to_bytes() }
    }

    /// Signs the text of a note.
    pub fn sign(&self, note: &Note) -> Signature {
        self.signature(KeyKind::Note, self.key.sign(note.text.as_bytes()).to_bytes().to_vec())
    }

    /// Signs the text of a note and the second it is signed in, since 1970.
    pub fn sign_timed(&self, note: &Note, seconds: u64) -> Signature {
        let signature = self.key.sign(timed_text(&note.text, seconds).as_bytes()).to_bytes();
        self.signature(KeyKind::Timed, [&seconds.to_be_bytes()[..], &signature].concat())
    }

    fn signature(&self, kind: KeyKind, bytes: Vec<u8>) -> Signature {
        Signature { name: self.name.clone(), key: self.verifier().of_kind(kind).id(), bytes }
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({}, [private])", self.verifier())
    }
}

/// What a timed key signs (c2sp.org/tlog-cosignature).
fn timed_text(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

fn key_name(name: &str) -> Result<String, InvalidValue> {
    let wrong = || InvalidValue::new("key name", "must be neither empty nor hold white space or a plus");
    is_name(name).then(|| name.to_owned()).ok_or_else(wrong)
}

/// Whether a key or a tree may be called so (c2sp.org/signed-note): a plus ends the name in a written key.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |symbol: char| !symbol.is_whitespace() && !symbol.is_control() && symbol != '+';
    (1..=255).contains(&name.len()) && name.chars().all(is_plain)
}

/// The number on a line of a note, if it is written as notes write it: what is signed has one form.
///
/// ```
/// use aduan::audit::note::number;
/// assert_eq!((number("20"), number("020"), number("+20"), number("")), (Some(20), None, None, None));
/// ```
pub fn number(line: &str) -> Option<u64> {
    line.parse::<u64>().ok().filter(|number| number.to_string() == line)
}

/// The hash on a line of a note, in base64.
pub(super) fn hash(line: &str) -> Option<Digest> {
    Some(Digest(STANDARD.decode(line).ok()?.try_into().ok()?))
}

fn hex(id: [u8; 4]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of a note, in bytes: a checkpoint has 200, and 150 more a witness.
const LONGEST: usize = 64 << 10;
const MOST_SIGNATURES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_line_of_a_key_makes_the_note_false_whatever_its_others_are() {
        let (key, other) = (NoteKey::from_seed("a", &[1; 32]), NoteKey::from_seed("b", &[2; 32]));
        let (key, other) = (key.expect("a name"), other.expect("a name"));
        let mut note = Note::new("a text\n").expect("lines");
        let line = key.sign(&note);
        note.add(line.clone());
        note.add(other.sign(&Note::new("another text\n").expect("lines")));
        assert!(note.is_signed_by(&key.verifier()).is_some(), "what somebody else signed is nothing to it");
        assert!(note.is_signed_by(&other.verifier()).is_none());
        note.add(Signature { bytes: vec![0; 64], ..line });
        assert!(note.is_signed_by(&key.verifier()).is_none());
    }

    fn key(seed: u8) -> NoteKey {
        NoteKey::from_seed("example.org/log", &[seed; 32]).expect("a name")
    }

    fn note() -> Note {
        Note::new("example.org/log\n8\nabc\n").expect("a text")
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else() {
        let mut signed = note();
        signed.add(key(1).sign(&signed));
        let read: Note = signed.to_string().parse().expect("as it was written");
        assert_eq!(read, signed);
        assert!(read.is_signed_by(&key(1).verifier()).is_some());
        assert!(read.is_signed_by(&key(2).verifier()).is_none(), "another key");
        assert!(read.is_signed_by(&key(1).verifier().of_kind(KeyKind::Timed)).is_none(), "another kind");
        let altered: Note = signed.to_string().replace("\n8\n", "\n9\n").parse().expect("still a note");
        assert!(altered.is_signed_by(&key(1).verifier()).is_none(), "another text");
    }

    #[test]
    fn a_timed_signature_tells_its_second() {
        let mut signed = note();
        signed.add(key(1).sign_timed(&signed, 1_700_000_000));
        assert_eq!(signed.is_signed_by(&key(1).verifier().of_kind(KeyKind::Timed)), Some(1_700_000_000));
        let mut later = signed.signatures[0].clone();
        later.bytes[7] ^= 1;
        let mut altered = note();
        altered.add(later);
        assert_eq!(altered.is_signed_by(&key(1).verifier().of_kind(KeyKind::Timed)), None);
    }

    /// The example of c2sp.org/signed-note and Go's checksum database: key and note of others.
    #[test]
    fn a_note_of_others_verifies() {
        let key: VerifierKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().expect("a key");
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let note: Note = note.parse().expect("a note");
        assert!(note.is_signed_by(&key).is_some());
    }

    #[test]
    fn keys_and_notes_of_another_form_are_refused() {
        let told = key(1).verifier().to_string();
        assert_eq!(told.parse(), Ok(key(1).verifier()));
        for wrong in ["", "a+b", &told[1..], &told.replace("example", "other"), &told[..told.len() - 4]] {
            assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
        }
        for wrong in
            ["", "a\n", "a\n\n", "a\n\n— b c\n", "a\n\n— b AAAAAAA=", "\n\n— b AAAAAAA=\n", "a\0\n\n— b AAAAAAA=\n"]
        {
            assert!(wrong.parse::<Note>().is_err(), "{wrong:?}");
        }
        assert!(NoteKey::from_seed("a b", &[0; 32]).is_err());
    }
}
