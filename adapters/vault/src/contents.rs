//! What the file of a vault holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The whole file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    pub(crate) format: u32,
    pub(crate) ledgers: BTreeMap<String, Key>,
    pub(crate) epochs: BTreeMap<u32, Key>,
}

impl Contents {
    /// Reads a file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        // Its own errors may quote what they found; a place is enough.
        let contents: Contents = serde_json::from_slice(bytes)
            .map_err(|error| format!("it cannot be read at line {}, column {}", error.line(), error.column()))?;
        if contents.format != FORMAT {
            return Err(format!("it has format {}", contents.format));
        }
        if contents.epochs.is_empty() {
            return Err("it has no outer key".into());
        }
        Ok(contents)
    }

    pub(crate) fn write(&self) -> Zeroizing<Vec<u8>> {
        // Of the right size from the start: a vector that grows leaves keys behind in memory.
        let size = 64 + self.ledgers.keys().map(|name| 6 * name.len() + 80).sum::<usize>() + 90 * self.epochs.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        serde_json::to_writer(&mut *bytes, self).expect("our own types serialise");
        bytes.push(b'\n');
        bytes
    }

    /// The newest epoch and its key.
    pub(crate) fn newest(&self) -> Option<(u32, &Key)> {
        self.epochs.last_key_value().map(|(epoch, key)| (*epoch, key))
    }
}

/// A key, written as 64 hexadecimal digits, wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key(pub(crate) [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0 {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
                let wrong = || E::custom("not 64 hexadecimal digits");
                if text.len() != 64 {
                    return Err(wrong());
                }
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(wrong);
                let mut key = Key([0; 32]);
                for (byte, pair) in key.0.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
                }
                Ok(key)
            }
        }
        deserializer.deserialize_str(Digits)
    }
}

pub(crate) const FORMAT: u32 = 1;
