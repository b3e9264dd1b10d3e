//! JSON as far as its form goes: which members an object has, in their order, and none of them twice.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// A value, of which all is known but numbers and lists.
pub(crate) enum Json<'a> {
    /// Its members in their order.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
    /// A text.
    Text(Cow<'a, str>),
    /// A number, a list, true, false or null.
    Other,
}

impl<'a> Json<'a> {
    /// Reads a text; nothing where it is no JSON, or an object in it has a member twice.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The names of its members.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Json::Object(members) => members.iter().map(|(name, _)| &**name).collect(),
            Json::Text(_) | Json::Other => Vec::new(),
        }
    }

    /// One of its members.
    pub(crate) fn member(&self, name: &str) -> Option<&Json<'a>> {
        let Json::Object(members) = self else { return None };
        members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// What it says, if it is a text.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    /// Whether it is an object of texts.
    pub(crate) fn is_flat(&self) -> bool {
        matches!(self, Json::Object(members) if members.iter().all(|(_, value)| value.text().is_some()))
    }
}

/// Whether a text is JSON in which no object has a member twice: what [`Json::read`] asks, and nothing kept of it.
pub(crate) fn is_valid(text: &str) -> bool {
    serde_json::from_str::<Valid>(text).is_ok()
}

struct Valid;

impl<'de> Deserialize<'de> for Valid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Validity)
    }
}

struct Validity;

impl<'de> Visitor<'de> for Validity {
    type Value = Valid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_unit<E>(self) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_str<E>(self, _: &str) -> Result<Valid, E> {
        Ok(Valid)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Valid, A::Error> {
        while list.next_element::<Valid>()?.is_some() {}
        Ok(Valid)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Valid, A::Error> {
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Name(name)) = object.next_key()? {
            if names.contains(&name) {
                return Err(A::Error::custom("a member twice"));
            }
            names.push(name);
            object.next_value::<Valid>()?;
        }
        Ok(Valid)
    }
}

/// Whether there is white space outside of texts.
pub(crate) fn is_spaced(text: &str) -> bool {
    let (mut is_text, mut is_escaped) = (false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            _ => {}
        }
        !is_text && byte.is_ascii_whitespace()
    })
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }
    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        while list.next_element::<Json<'_>>()?.is_some() {}
        Ok(Json::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = object.next_entry()? {
            members.push((name, value));
        }
        let object = Json::Object(members);
        let mut names = object.names();
        names.sort_unstable();
        let is_twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        if is_twice { Err(A::Error::custom("a member twice")) } else { Ok(object) }
    }
}

/// The name of a member, where it stands.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_in_their_order_and_none_comes_twice() {
        let read = Json::read(r#"{"b":{"c":"1"},"a":[1,-1,1.5,true,null]}"#).expect("JSON");
        assert_eq!(read.names(), ["b", "a"]);
        assert!(read.member("b").is_some_and(Json::is_flat) && !read.is_flat());
        for text in [r#"{"a":1,"a":2}"#, r#"[{"a":{"b":1,"b":1}}]"#, "{", "", r#"{"a":1} x"#] {
            assert!(Json::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn white_space_counts_outside_of_texts() {
        for text in [r#"{"a": 1}"#, "{\"a\":1\t}", " {}", r#"{"\\": 1}"#] {
            assert!(is_spaced(text), "{text}");
        }
        for text in [r#"{"a b":"c d"}"#, r#"{"\" ":1}"#, r#"{"a":"\\\" "}"#] {
            assert!(!is_spaced(text), "{text}");
        }
    }
}
