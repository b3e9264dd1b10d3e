//! Private keys, one for each ledger, as lines of one file: `PRIVATE+KEY+NAME+ID+BASE64`, as Go's tools write theirs.

use std::fmt;

use aduan::audit::checkpoint::Origin;
use aduan::audit::note::{NoteKey, VerifierKey};
use aduan::sealed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A private key, from which a ledger's note key follows. It is wiped when it is dropped, and shows itself without.
pub(crate) struct PrivateKey {
    name: String,
    seed: Zeroizing<[u8; 32]>,
}

impl PrivateKey {
    /// Draws a key for a ledger from 32 random bytes.
    pub(crate) fn draw(origin: &Origin, chance: &[u8; 32]) -> Self {
        let name = origin.key_name().to_owned();
        let seed = Zeroizing::new(sealed::derive(chance, &[b"signer-key", name.as_bytes()]));
        PrivateKey { name, seed }
    }

    /// Whose it is.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What signs.
    pub(crate) fn note_key(&self) -> NoteKey {
        NoteKey::from_seed(&self.name, &self.seed).expect("the name is that of an origin")
    }

    /// What others verify by.
    pub(crate) fn verifier(&self) -> VerifierKey {
        self.note_key().verifier()
    }

    /// A second one of it.
    pub(crate) fn again(&self) -> Self {
        PrivateKey { name: self.name.clone(), seed: self.seed.clone() }
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix(LABEL)?.splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let mut bytes = Zeroizing::new([0; DECODED]);
        let length = STANDARD.decode_slice(key, &mut *bytes).ok()?;
        let (ED25519, seed) = bytes[..length].split_first()? else { return None };
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).ok()?);
        let is_named = NoteKey::from_seed(name, &seed).is_ok_and(|key| id_of(&key.verifier()) == id);
        is_named.then(|| PrivateKey { name: name.to_owned(), seed })
    }

    fn write(&self, text: &mut String) {
        let mut bytes = Zeroizing::new([0; 33]);
        bytes[0] = *ED25519;
        bytes[1..].copy_from_slice(&*self.seed);
        text.push_str(LABEL);
        text.push_str(&self.name);
        text.push('+');
        text.push_str(&id_of(&self.verifier()));
        text.push('+');
        STANDARD.encode_string(bytes.as_slice(), text);
        text.push('\n');
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.name)
    }
}

/// Reads the lines of a file; nothing where one is none of a key, or two have one name.
pub(crate) fn parse(bytes: &[u8]) -> Option<Vec<PrivateKey>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let keys: Vec<PrivateKey> = text.split('\n').map(PrivateKey::parse).collect::<Option<_>>()?;
    let is_first = |(place, key): (usize, &PrivateKey)| keys[..place].iter().all(|other| other.name != key.name);
    keys.iter().enumerate().all(is_first).then_some(keys)
}

/// The lines of a file.
pub(crate) fn write(keys: &[PrivateKey]) -> Zeroizing<String> {
    // Of the right size from the start: a text that grows leaves keys behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(keys.iter().map(|key| key.name.len() + 80).sum()));
    keys.iter().for_each(|key| key.write(&mut text));
    text
}

/// The four bytes that point at a key, as it is written.
fn id_of(key: &VerifierKey) -> String {
    key.id().iter().map(|byte| format!("{byte:02x}")).collect()
}

const LABEL: &str = "PRIVATE+KEY+";
const ED25519: &u8 = &1;
/// What base64 may decode a key into, its last group whole.
const DECODED: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use aduan::values::LedgerId;

    #[test]
    fn keys_read_as_they_are_written_and_nothing_else_does() {
        let origin = |ledger: &str| Origin::of(&LedgerId::new(ledger).unwrap(), 1);
        let keys = [PrivateKey::draw(&origin("mojokerto"), &[1; 32]), PrivateKey::draw(&origin("kediri"), &[1; 32])];
        let text = write(&keys);
        let read = parse(text.as_bytes()).unwrap();
        let public = |keys: &[PrivateKey]| keys.iter().map(PrivateKey::verifier).collect::<Vec<_>>();
        assert_eq!(public(&read), public(&keys));
        assert!(text.starts_with("PRIVATE+KEY+aduan/mojokerto+"));
        assert_eq!(format!("{:?}", keys[0]), "PrivateKey(aduan/mojokerto)");
        let first = text.split_inclusive('\n').next().unwrap();
        let other_name = first.replacen("mojokerto", "kediri", 1);
        for wrong in ["", "\n", &text[1..], &text[..text.len() - 1], &other_name, &format!("{first}{first}")] {
            assert!(parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        let long = first.replace("\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
        assert!(parse(long.as_bytes()).is_none());
    }
}
