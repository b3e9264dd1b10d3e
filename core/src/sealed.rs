//! Personal values apart from the record: sealed in boxes, readable only with a key, and gone with it.
//!
//! A box is `1 ‖ key id (16) ‖ nonce (24) ‖ ciphertext` under XChaCha20-Poly1305. The record holds its
//! SHA-256 and nothing else. Each complaint has a key; the record that issues it commits to it, and an
//! outer key of a [`KeyVault`](crate::store::KeyVault) wraps it.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::values::{CommandId, ComplaintId, Digest, Hex, InvalidValue, LedgerId};

/// SHA-256 of a sealed box: all that a record says about a personal value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BoxDigest(pub Digest);

impl BoxDigest {
    /// Its first four bytes: for a store, where to look. Only the whole digest says that a box is the right one.
    pub fn mark(&self) -> i32 {
        let [one, two, three, four, ..] = self.0.0;
        i32::from_be_bytes([one, two, three, four])
    }
}

/// A personal value in the clear, on its way to a box. It does not show itself by accident.
///
/// ```
/// use aduan::sealed::Clear;
/// let name = Clear::new("Siti Aminah");
/// assert_eq!(format!("{name:?}"), "[sealed]");
/// assert_eq!(name.reveal(), "Siti Aminah");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Clear(String);

impl Clear {
    /// Wraps a text. It is checked when it is sealed.
    pub fn new(text: impl Into<String>) -> Self {
        Clear(text.into())
    }

    /// The text. Whoever calls this means to show it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}
impl fmt::Display for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

/// Which value of a request is sealed; part of the associated data, so that boxes cannot change places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field(&'static str);

impl Field {
    /// Whom it accuses.
    pub const ACCUSED: Field = Field("accused");
    /// How to reach the complainant.
    pub const CONTACT: Field = Field("contact");
    /// Where, exactly.
    pub const PLACE: Field = Field("place");
    /// The channel's own number.
    pub const REFERENCE: Field = Field("reference");
    /// The complainant's name.
    pub const REPORTER: Field = Field("reporter");
    /// Free text.
    pub const TEXT: Field = Field("text");
    /// A few words.
    pub const TITLE: Field = Field("title");

    const ALL: [Field; 7] =
        [Field::ACCUSED, Field::CONTACT, Field::PLACE, Field::REFERENCE, Field::REPORTER, Field::TEXT, Field::TITLE];

    /// The field of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.0 == name)
    }

    /// How many scalar values it may hold: 20,000 for a narrative, 500 for anything else.
    pub fn limit(self) -> usize {
        if self.0 == "text" { 20_000 } else { 500 }
    }

    /// Checks what a person typed: not empty, not too long, no NUL, no control characters but newline and tab.
    ///
    /// # Errors
    /// The reason, without the text.
    pub fn check(self, text: &str) -> Result<(), InvalidValue> {
        let refuse = |why: String| Err(InvalidValue::new(self.0, why));
        if text.trim().is_empty() {
            return refuse("must not be empty".into());
        }
        if text.len() > self.limit() && text.chars().count() > self.limit() {
            return refuse(format!("must be at most {} characters", self.limit()));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return refuse("must not hold control characters other than newline and tab".into());
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where a box belongs: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct BoxPlace<'a> {
    /// The ledger.
    pub ledger: &'a LedgerId,
    /// The complaint.
    pub complaint: ComplaintId,
    /// The command that brought it.
    pub command: CommandId,
    /// The value of the command.
    pub field: Field,
}

/// The key of a complaint.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ComplaintKey([u8; 32]);

impl fmt::Debug for ComplaintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

impl ComplaintKey {
    /// A new key from a request's seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        ComplaintKey(derive(seed, &[b"complaint-key"]))
    }

    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        ComplaintKey(bytes)
    }

    /// What a vault wraps.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The commitment that stands in the record which issues the key.
    pub fn commitment(&self) -> Digest {
        Digest::of_parts("aduan/key/v1\n", &[&self.0])
    }

    /// HMAC of a clear canonical command: tells whether the same command id came with another body.
    pub fn mac(&self, canonical: &[u8]) -> Digest {
        mac(&derive(&self.0, &[b"command-mac"]), &[canonical])
    }

    /// Seals a text.
    ///
    /// The nonce follows from the seed *and* the text, so that even a seed used twice never
    /// encrypts two texts under one nonce.
    ///
    /// # Errors
    /// When the text is not fit for its field.
    pub fn seal(&self, text: &str, place: &BoxPlace<'_>, seed: &[u8; 32]) -> Result<SealedBox, InvalidValue> {
        place.field.check(text)?;
        let key_id = self.id();
        let associated = associated_data(place, &key_id);
        let text_digest = Digest::of(text.as_bytes());
        let nonce: [u8; 24] = derive(seed, &[b"nonce", associated.as_bytes(), &text_digest.0]);
        let padded = Zeroizing::new(pad(text));
        let payload = Payload { msg: &padded, aad: associated.as_bytes() };
        let ciphertext =
            self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a narrative is far below the cipher's limit");
        let mut bytes = Vec::with_capacity(HEADER + ciphertext.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&key_id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Ok(SealedBox::from_bytes(bytes))
    }

    /// Opens a box at its place.
    ///
    /// # Errors
    /// When key, place or bytes are not the ones it was sealed with.
    pub fn open(&self, sealed: &SealedBox, place: &BoxPlace<'_>) -> Result<Clear, CannotOpen> {
        let key_id = self.id();
        let bytes = &sealed.bytes;
        if bytes.len() < HEADER || bytes[0] != FORMAT || bytes[1..17] != key_id {
            return Err(CannotOpen);
        }
        let nonce: [u8; 24] = bytes[17..HEADER].try_into().map_err(|_| CannotOpen)?;
        let associated = associated_data(place, &key_id);
        let payload = Payload { msg: &bytes[HEADER..], aad: associated.as_bytes() };
        let padded = self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| CannotOpen)?;
        unpad(&Zeroizing::new(padded)).ok_or(CannotOpen)
    }

    fn id(&self) -> [u8; 16] {
        self.commitment().0[..16].try_into().expect("a digest has 32 bytes")
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

/// A sealed personal value, kept beside the log under its digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedBox {
    /// What a record calls it.
    pub digest: BoxDigest,
    /// Format, key id, nonce, ciphertext.
    pub bytes: Vec<u8>,
}

impl SealedBox {
    /// Takes bytes as they were kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        SealedBox { digest: BoxDigest(Digest::of(&bytes)), bytes }
    }
}

/// A complaint's key as an outer key of a vault wrapped it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrappedKey {
    /// The commitment in the record that issued it.
    pub commitment: Digest,
    /// Which outer key wrapped it.
    pub epoch: u32,
    /// `nonce (24) ‖ ciphertext`.
    pub bytes: Vec<u8>,
}

/// A box or key did not open: wrong key, wrong place, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the box does not open with this key at this place")]
pub struct CannotOpen;

/// Wraps a complaint's key under an outer key.
pub fn wrap(
    outer: &[u8; 32],
    epoch: u32,
    ledger: &LedgerId,
    complaint: ComplaintId,
    key: &ComplaintKey,
    seed: &[u8; 32],
) -> WrappedKey {
    let commitment = key.commitment();
    let associated = wrap_data(ledger, complaint, &commitment, epoch);
    let nonce: [u8; 24] = derive(seed, &[b"wrap", associated.as_bytes()]);
    let payload = Payload { msg: &key.0, aad: associated.as_bytes() };
    let ciphertext = XChaCha20Poly1305::new(&(*outer).into())
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a key is far below the cipher's limit");
    WrappedKey { commitment, epoch, bytes: [&nonce[..], &ciphertext].concat() }
}

/// Unwraps a complaint's key, and checks it against its commitment.
///
/// # Errors
/// When outer key, place or bytes are not the ones it was wrapped with.
pub fn unwrap(
    outer: &[u8; 32],
    ledger: &LedgerId,
    complaint: ComplaintId,
    wrapped: &WrappedKey,
) -> Result<ComplaintKey, CannotOpen> {
    let (nonce, ciphertext) = wrapped.bytes.split_first_chunk::<24>().ok_or(CannotOpen)?;
    let associated = wrap_data(ledger, complaint, &wrapped.commitment, wrapped.epoch);
    let payload = Payload { msg: ciphertext, aad: associated.as_bytes() };
    let bytes = XChaCha20Poly1305::new(&(*outer).into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| CannotOpen)?;
    let key = ComplaintKey(bytes.as_slice().try_into().map_err(|_| CannotOpen)?);
    if key.commitment() == wrapped.commitment { Ok(key) } else { Err(CannotOpen) }
}

/// `N` bytes from 32 uniformly drawn ones: the expanding half of HKDF-SHA-256 (RFC 5869), parts length-prefixed.
pub fn derive<const N: usize>(seed: &[u8; 32], label: &[&[u8]]) -> [u8; N] {
    let mut info = b"aduan/derive/v1".to_vec();
    for part in label {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part);
    }
    let mut bytes = [0; N];
    Hkdf::<Sha256>::from_prk(seed)
        .and_then(|hkdf| hkdf.expand(&info, &mut bytes).map_err(|_| hkdf::InvalidPrkLength))
        .expect("a seed is as long as a hash, and N is small");
    bytes
}

/// HMAC-SHA-256 of length-prefixed parts.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Digest {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Digest(mac.finalize().into_bytes().into())
}

fn associated_data(place: &BoxPlace<'_>, key_id: &[u8; 16]) -> String {
    let BoxPlace { ledger, complaint, command, field } = place;
    format!("{ledger}|{complaint}|{command}|{field}|{}", Hex::of(key_id).as_str())
}

fn wrap_data(ledger: &LedgerId, complaint: ComplaintId, commitment: &Digest, epoch: u32) -> String {
    format!("{ledger}|{complaint}|{commitment}|{epoch}")
}

/// Length, text, zeros: to the next 64 bytes, from 1 KiB on to the next 1 KiB, so that the size tells little.
fn pad(text: &str) -> Vec<u8> {
    let length = 4 + text.len();
    let block = if length <= 1024 { 64 } else { 1024 };
    let mut padded = Vec::with_capacity(length.next_multiple_of(block));
    padded.extend_from_slice(&(text.len() as u32).to_be_bytes());
    padded.extend_from_slice(text.as_bytes());
    padded.resize(length.next_multiple_of(block), 0);
    padded
}

fn unpad(padded: &[u8]) -> Option<Clear> {
    let (length, rest) = padded.split_first_chunk::<4>()?;
    let text = rest.get(..u32::from_be_bytes(*length) as usize)?;
    std::str::from_utf8(text).ok().map(Clear::new)
}

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 16 + 24;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn place(ledger: &LedgerId, field: Field) -> BoxPlace<'_> {
        let (complaint, command) = (ComplaintId(Uuid::from_u128(1)), CommandId(Uuid::from_u128(2)));
        BoxPlace { ledger, complaint, command, field }
    }

    #[test]
    fn a_box_opens_only_with_its_key_and_at_its_place() {
        let ledger = LedgerId::new("mojokerto").unwrap();
        let key = ComplaintKey::from_seed(&[1; 32]);
        let sealed = key.seal("Jl. Majapahit 12", &place(&ledger, Field::PLACE), &[2; 32]).unwrap();
        assert_eq!(key.open(&sealed, &place(&ledger, Field::PLACE)).unwrap().reveal(), "Jl. Majapahit 12");
        assert_eq!(key.open(&sealed, &place(&ledger, Field::TEXT)), Err(CannotOpen));
        let elsewhere = LedgerId::new("kediri").unwrap();
        assert_eq!(key.open(&sealed, &place(&elsewhere, Field::PLACE)), Err(CannotOpen));
        assert!(ComplaintKey::from_seed(&[9; 32]).open(&sealed, &place(&ledger, Field::PLACE)).is_err());
        for byte in 0..sealed.bytes.len() {
            let mut altered = sealed.bytes.clone();
            altered[byte] ^= 1;
            let altered = SealedBox::from_bytes(altered);
            assert!(key.open(&altered, &place(&ledger, Field::PLACE)).is_err(), "byte {byte} may be changed");
        }
    }

    #[test]
    fn a_seed_used_twice_never_repeats_a_nonce_for_another_text() {
        let ledger = LedgerId::new("mojokerto").unwrap();
        let key = ComplaintKey::from_seed(&[1; 32]);
        let seal = |text| key.seal(text, &place(&ledger, Field::TEXT), &[2; 32]).unwrap();
        assert_eq!(seal("a"), seal("a"), "equal requests give equal bytes");
        assert_ne!(seal("a").bytes[17..HEADER], seal("b").bytes[17..HEADER]);
    }

    #[test]
    fn the_size_of_a_box_tells_little() {
        let ledger = LedgerId::new("mojokerto").unwrap();
        let key = ComplaintKey::from_seed(&[1; 32]);
        let size = |text: &str| key.seal(text, &place(&ledger, Field::TEXT), &[2; 32]).unwrap().bytes.len();
        assert_eq!(size("ya"), size("tidak, sudah saya sampaikan kemarin"));
    }

    #[test]
    fn a_wrapped_key_comes_back_only_for_its_complaint() {
        let ledger = LedgerId::new("mojokerto").unwrap();
        let (mine, other) = (ComplaintId(Uuid::from_u128(1)), ComplaintId(Uuid::from_u128(2)));
        let key = ComplaintKey::from_seed(&[1; 32]);
        let wrapped = wrap(&[5; 32], 1, &ledger, mine, &key, &[2; 32]);
        assert_eq!(unwrap(&[5; 32], &ledger, mine, &wrapped).unwrap().expose(), key.expose());
        assert!(unwrap(&[5; 32], &ledger, other, &wrapped).is_err());
        assert!(unwrap(&[6; 32], &ledger, mine, &wrapped).is_err());
    }

    #[test]
    fn refuses_what_no_field_may_hold() {
        for wrong in ["", "  ", "a\0b", "a\u{7}b", &"x".repeat(20_001)] {
            assert!(Field::TEXT.check(wrong).is_err());
        }
        assert!(Field::TEXT.check("Assalamu'alaikum 🙏\n\tlampu mati").is_ok());
        assert!(Field::TEXT.check(&"é".repeat(20_000)).is_ok(), "characters count, not bytes");
        assert!(Field::TITLE.check(&"x".repeat(501)).is_err());
    }
}
