//! Small validated values: ids, names, digests, moments. Whoever holds one holds a valid one.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Western Indonesian Time, UTC+7, without daylight saving.
pub const WIB: Zone = Zone(Tz::Asia__Jakarta);
/// Central Indonesian Time, UTC+8, without daylight saving.
pub const WITA: Zone = Zone(Tz::Asia__Makassar);
/// Eastern Indonesian Time, UTC+9, without daylight saving.
pub const WIT: Zone = Zone(Tz::Asia__Jayapura);

/// Why a value was refused at the door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct InvalidValue {
    /// The kind of value, for example `agency code`.
    pub what: &'static str,
    /// What is wrong with it; never repeats the value itself, which may be personal.
    pub why: String,
}

impl InvalidValue {
    pub(crate) fn new(what: &'static str, why: impl Into<String>) -> Self {
        InvalidValue { what, why: why.into() }
    }
}

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    ///
    /// ```
    /// use aduan::values::Digest;
    /// assert!(Digest::of(b"").to_string().starts_with("e3b0c44298fc1c14"));
    /// ```
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// The digest of several pieces, each preceded by its length in eight bytes, so that no two lists collide.
    pub fn of_parts(label: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(label.as_bytes());
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Digest(hasher.finalize().into())
    }

    /// The first 16 bytes as a UUID of version 8 (RFC 9562: bits of one's own choosing).
    pub(crate) fn to_uuid(self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Hex::of(&self.0).as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        unhex(text).map(Digest).ok_or_else(|| InvalidValue::new("digest", "must be 64 lower-case hexadecimal digits"))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Hex::of(&self.0).as_str())
    }
}

/// Sixteen bytes of salt, so that nobody can guess a record from its hash; written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Salt(pub [u8; 16]);

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Hex::of(&self.0).as_str())
    }
}

impl FromStr for Salt {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        unhex(text).map(Salt).ok_or_else(|| InvalidValue::new("salt", "must be 32 lower-case hexadecimal digits"))
    }
}

/// The 128 bits that open following, replying and rating to whoever shows them; written as 32 hexadecimal digits.
///
/// A record holds only its SHA-256, and it does not show itself by accident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrackingSecret(pub [u8; 16]);

impl TrackingSecret {
    /// What a record keeps of it.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The digits to tell the complainant. Whoever calls this means to show them.
    pub fn reveal(&self) -> String {
        Hex::of(&self.0).as_str().to_owned()
    }
}

impl fmt::Debug for TrackingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl Serialize for TrackingSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Hex::of(&self.0).as_str())
    }
}

impl FromStr for TrackingSecret {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("tracking secret", "must be 32 lower-case hexadecimal digits");
        unhex(text).map(TrackingSecret).ok_or_else(wrong)
    }
}

/// A law, policy, calendar or directory as it was bound: `name@version:hash`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentRef {
    /// The name the document gives itself.
    pub name: Arc<str>,
    /// Its version, from 1 upwards.
    pub version: u32,
    /// SHA-256 of its bytes.
    pub hash: Digest,
}

impl fmt::Display for DocumentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.name, self.version, self.hash)
    }
}

impl fmt::Debug for DocumentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DocumentRef {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("document reference", "must read name@version:hash");
        let (name, rest) = text.split_once('@').ok_or_else(wrong)?;
        let (version, hash) = rest.split_once(':').ok_or_else(wrong)?;
        Ok(DocumentRef {
            name: document_name(name)?,
            version: version.parse().map_err(|_| wrong())?,
            hash: hash.parse()?,
        })
    }
}

impl Serialize for DocumentRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DocumentRef {
    /// Every record names the same few documents: the last ones read are remembered, and shared.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = DocumentRef;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("name@version:hash")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DocumentRef, E> {
                LAST_READ.with_borrow_mut(|last| {
                    if let Some((_, document)) = last.iter().find(|(known, _)| known == text) {
                        return Ok(document.clone());
                    }
                    let document: DocumentRef = text.parse().map_err(E::custom)?;
                    last.truncate(MOST_REMEMBERED - 1);
                    last.insert(0, (text.to_owned(), document.clone()));
                    Ok(document)
                })
            }
        }
        deserializer.deserialize_str(Text)
    }
}
impl JsonSchema for DocumentRef {
    fn schema_name() -> Cow<'static, str> {
        "DocumentRef".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "name@version:hash" })
    }
}

thread_local! {
    /// Documents that were read last, by their text. What is remembered changes nothing but the time it takes.
    static LAST_READ: std::cell::RefCell<Vec<(String, DocumentRef)>> = const { std::cell::RefCell::new(Vec::new()) };
}
const MOST_REMEMBERED: usize = 6;

/// Deserialises through [`FromStr`] without allocating, and describes itself as a string to a JSON schema.
macro_rules! as_string {
    ($($name:ident: $what:literal),* $(,)?) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str($what) }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $what })
            }
        }
    )*};
}
as_string! {
    Digest: "64 lower-case hexadecimal digits",
    Salt: "32 lower-case hexadecimal digits",
    Zone: "an IANA time zone, or WIB, WITA, WIT",
    TrackingSecret: "32 lower-case hexadecimal digits",
    TrackingNumber: "12 symbols and a check symbol, hyphens allowed",
    AgencyCode: "the code of an agency",
    Channel: "the channel a complaint came by",
    Category: "the category of a complaint",
    Area: "the code of an area",
    PersonRef: "a pseudonymous reference to a person",
    LedgerId: "the name of a ledger",
    Month: "a month, as 2024-03",
    SourceName: "the name of a source",
}

/// Names of one line: trimmed, not empty, of bounded length, without control characters.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($what:literal, $max:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps `text`.
            ///
            /// # Errors
            /// When it is empty, too long, has white space around it or control characters in it.
            pub fn new(text: &str) -> Result<Self, InvalidValue> {
                checked($what, text, $max).map(|text| $name(text.into()))
            }
            /// The name as text.
            pub fn as_str(&self) -> &str { &self.0 }
            /// The name as text that is shared, not copied.
            pub fn shared(&self) -> Arc<str> { Arc::clone(&self.0) }
        }
        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> { Self::new(text) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}
names! {
    /// The code of an agency (*OPD*) in the directory, for example `dishub`.
    AgencyCode("agency code", 100);
    /// The way a complaint came in, for example `whatsapp`: open-ended, since cities open new ones every year.
    Channel("channel", 100);
    /// What a complaint is about, for example `jalan-rusak`.
    Category("category", 200);
    /// The code of an area, for example of a *kelurahan*; coarse enough not to point at a home.
    Area("area", 100);
    /// A pseudonymous reference to a person, minted by the host: never a name, never a number of an identity card.
    PersonRef("person reference", 100);
    /// The name of a ledger: one ordered log, one tenant, one shard.
    LedgerId("ledger", 64);
    /// The name of a source that complaints are imported from.
    SourceName("source", 200);
}

/// The names of Mojokerto's eight channels, the national mobile app and the mayor's visits in the field.
pub mod channels {
    /// Every channel the field names, in no order.
    pub const ALL: [&str; 10] = [
        "lapor.go.id",
        "curhatningita.lapor.go.id",
        "facebook",
        "instagram",
        "twitter",
        "sms-1708",
        "whatsapp",
        "walk-in",
        "mobile-app",
        "field-visit",
    ];
}

/// Identifies a complaint inside its ledger; cannot be guessed, and is never shown as the tracking number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ComplaintId(pub Uuid);

impl ComplaintId {
    /// Where a ledger admits the loss after which it goes on in that line, from 2: no complaint, but kept like one.
    pub fn of_fork(ledger: &LedgerId, line: u32) -> Self {
        let parts = [ledger.as_str().as_bytes(), &line.to_be_bytes()];
        ComplaintId(Digest::of_parts("aduan/fork/v1\n", &parts).to_uuid())
    }
}

/// Identifies a command for ever: sent twice it has one effect. A UUID of version 7, minted at the edge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// Identifies an event; follows from its command and its part in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// The id of event number `part` (from 1) of `command`.
    pub fn of(command: CommandId, part: u32) -> Self {
        let mut bytes = [0; 16 + 4 + 15];
        bytes[..15].copy_from_slice(b"aduan/event/v1\n");
        bytes[15..31].copy_from_slice(command.0.as_bytes());
        bytes[31..].copy_from_slice(&part.to_be_bytes());
        EventId(Digest::of(&bytes).to_uuid())
    }
}

macro_rules! uuid_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Uuid::parse_str(text).map($name).map_err(|_| InvalidValue::new("id", "must be a UUID"))
            }
        }
    )*};
}
uuid_text!(ComplaintId, CommandId, EventId);

/// How many events of a complaint are recorded; also the sequence of its last one. 0: nothing yet.
pub type Version = u64;
/// The place of an event in its ledger's one gapless order, from 1.
pub type Position = u64;

/// A number of working days; what a working day is says the [calendar](crate::calendar).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct WorkingDays(pub u32);

/// A time zone of the IANA database.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(pub Tz);

impl Zone {
    /// The local date of an instant.
    pub fn date(self, instant: DateTime<Utc>) -> NaiveDate {
        // Counting a million events asks this several million times; in Indonesia nothing has changed for decades.
        let hours = match self.0 {
            _ if instant.timestamp() < UNCHANGED_SINCE => None,
            Tz::Asia__Jakarta => Some(7),
            Tz::Asia__Makassar => Some(8),
            Tz::Asia__Jayapura => Some(9),
            _ => None,
        };
        match hours {
            Some(hours) => (instant + chrono::TimeDelta::hours(hours)).date_naive(),
            None => instant.with_timezone(&self.0).date_naive(),
        }
    }

    /// The last microsecond of a local date.
    pub fn end_of(self, date: NaiveDate) -> DateTime<Utc> {
        let midnight = date.succ_opt().unwrap_or(date).and_time(chrono::NaiveTime::MIN);
        // Where the clocks skip midnight (never in Indonesia) the day ends at the first time that exists.
        let start_of_next = (0..4)
            .find_map(|hour| (midnight + chrono::TimeDelta::hours(hour)).and_local_timezone(self.0).earliest())
            .map_or_else(|| midnight.and_utc(), |local| local.to_utc());
        start_of_next - chrono::TimeDelta::microseconds(1)
    }
}

/// 1990-01-01: Indonesia's zones were last moved in 1988.
const UNCHANGED_SINCE: i64 = 631_152_000;

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
impl FromStr for Zone {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "Asia/Jakarta" | "WIB" => Ok(WIB),
            "WITA" => Ok(WITA),
            "WIT" => Ok(WIT),
            _ => text.parse().map(Zone).map_err(|_| InvalidValue::new("zone", "is no IANA time zone")),
        }
    }
}
impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

/// An instant and the zone it was lived in: enough to say which local date it fell on.
///
/// Stored as microseconds since 1970 in UTC beside the zone's name; read also from RFC 3339 text.
///
/// ```
/// use aduan::values::{Moment, WIB};
/// let noon = Moment::parse("2024-03-29T12:00:00+07:00", WIB)?;
/// assert_eq!(noon.date().to_string(), "2024-03-29");
/// assert_eq!(serde_json::to_string(&noon)?, r#"{"at":1711688400000000,"zone":"Asia/Jakarta"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The instant, to the microsecond.
    #[serde(with = "micros")]
    #[schemars(with = "i64")]
    pub at: DateTime<Utc>,
    /// The zone whose date counts.
    pub zone: Zone,
}

impl Moment {
    /// The instant `at` as lived in `zone`, cut to the microsecond.
    ///
    /// # Errors
    /// When it lies outside the years 1900 to 2199: such times are typing errors.
    pub fn new(at: DateTime<Utc>, zone: Zone) -> Result<Self, InvalidValue> {
        micros::instant(at.timestamp_micros())
            .map(|at| Moment { at, zone })
            .ok_or_else(|| InvalidValue::new("time", "must lie in the years 1900 to 2199"))
    }

    /// Reads RFC 3339 text with its offset.
    ///
    /// # Errors
    /// When the text is no such time, or out of range.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, InvalidValue> {
        let at = DateTime::parse_from_rfc3339(text)
            .map_err(|_| InvalidValue::new("time", "must be RFC 3339 with an offset, as 2024-03-29T16:01:00+07:00"))?;
        Moment::new(at.to_utc(), zone)
    }

    /// The local date.
    pub fn date(&self) -> NaiveDate {
        self.zone.date(self.at)
    }

    /// The same instant, lived in another zone.
    pub fn in_zone(self, zone: Zone) -> Self {
        Moment { zone, ..self }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.with_timezone(&self.zone.0).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false).fmt(f)
    }
}

/// A calendar month, written `2024-03`.
///
/// ```
/// use aduan::values::Month;
/// let march: Month = "2024-03".parse()?;
/// assert_eq!(march.next().to_string(), "2024-04");
/// assert!(march < march.next());
/// # Ok::<(), aduan::values::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    /// 1 to 12.
    month: u32,
}

impl Month {
    /// The month of a date.
    pub fn of(date: NaiveDate) -> Self {
        Month { year: date.year(), month: date.month() }
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month == 12 { Month { year: self.year + 1, month: 1 } } else { Month { month: self.month + 1, ..self } }
    }

    /// The month before it.
    #[must_use]
    pub fn previous(self) -> Self {
        if self.month == 1 { Month { year: self.year - 1, month: 12 } } else { Month { month: self.month - 1, ..self } }
    }

    /// As it is written: `2024-03`.
    pub(crate) fn digits(self) -> [u8; 7] {
        let digit = |number: i32| b'0' + (number % 10) as u8;
        let (year, month) = (self.year.clamp(0, 9_999), self.month as i32);
        [digit(year / 1_000), digit(year / 100), digit(year / 10), digit(year), b'-', digit(month / 10), digit(month)]
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The same month of the year before.
    #[must_use]
    pub fn a_year_before(self) -> Self {
        Month { year: self.year - 1, ..self }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}
impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Month {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = || InvalidValue::new("month", "must read 2024-03, in the years 1900 to 2199");
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7).ok_or_else(wrong)?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(year) || !is_number(month) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        let is_sound = (1900..2200).contains(&year) && (1..=12).contains(&month);
        is_sound.then_some(Month { year, month }).ok_or_else(wrong)
    }
}
impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Instants as integer microseconds of UTC. Reads RFC 3339 text as well, for people who type.
pub(crate) mod micros {
    use super::*;

    /// The instant, or the last one that a record can hold.
    pub(crate) fn clamped(at: DateTime<Utc>) -> DateTime<Utc> {
        instant(at.timestamp_micros().clamp(YEAR_1900, YEAR_2200 - 1)).unwrap_or(at)
    }

    const YEAR_1900: i64 = -2_208_988_800_000_000;
    const YEAR_2200: i64 = 7_258_118_400_000_000;

    /// The instant, if it lies in the years 1900 to 2199.
    pub(crate) fn instant(micros: i64) -> Option<DateTime<Utc>> {
        (YEAR_1900..YEAR_2200).contains(&micros).then(|| DateTime::from_timestamp_micros(micros)).flatten()
    }

    pub(crate) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.timestamp_micros())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        struct Micros;
        impl Visitor<'_> for Micros {
            type Value = DateTime<Utc>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("microseconds since 1970 in UTC, or RFC 3339, in the years 1900 to 2199")
            }
            fn visit_i64<E: de::Error>(self, micros: i64) -> Result<Self::Value, E> {
                instant(micros).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(micros), &self))
            }
            fn visit_u64<E: de::Error>(self, micros: u64) -> Result<Self::Value, E> {
                i64::try_from(micros)
                    .ok()
                    .and_then(instant)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(micros), &self))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Moment::parse(text, WIB).map(|moment| moment.at).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Micros)
    }
}

/// The number a complainant is told: twelve symbols of Crockford's base 32 and a check symbol.
///
/// It tells nothing of how many complaints there are, and one wrong symbol is found (the hybrid
/// scheme of ISO 7064 over 32 symbols).
///
/// ```
/// use aduan::values::TrackingNumber;
/// let number = TrackingNumber::from_seed(&[7; 32]);
/// assert_eq!(number.to_string().parse::<TrackingNumber>()?, number);
/// # Ok::<(), aduan::values::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackingNumber([u8; 13]);

impl TrackingNumber {
    const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// Takes 60 bits of a uniformly drawn seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut symbols = [0; 13];
        for (symbol, byte) in symbols.iter_mut().zip(seed).take(12) {
            *symbol = byte & 31;
        }
        symbols[12] = Self::check(&symbols[..12]);
        TrackingNumber(symbols.map(|value| Self::SYMBOLS[usize::from(value)]))
    }

    fn check(values: &[u8]) -> u8 {
        let mut product = 32;
        for value in values {
            let sum = (product + u32::from(*value)) % 32;
            product = (if sum == 0 { 32 } else { sum }) * 2 % 33;
        }
        ((33 - product) % 32) as u8
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*symbol))?;
        }
        Ok(())
    }
}
impl fmt::Debug for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for TrackingNumber {
    type Err = InvalidValue;
    /// Forgives hyphens, spaces and lower case, and reads O as 0, I and L as 1.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wrong = |why| InvalidValue::new("tracking number", why);
        let mut values = [0; 13];
        let mut count = 0;
        for symbol in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            let symbol = match symbol.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let value = Self::SYMBOLS.iter().position(|known| *known == symbol);
            let value = value.ok_or_else(|| wrong("has a symbol that is never used"))?;
            *values.get_mut(count).ok_or_else(|| wrong("is too long"))? = value as u8;
            count += 1;
        }
        if count != 13 {
            return Err(wrong("is too short"));
        }
        if Self::check(&values[..12]) != values[12] {
            return Err(wrong("has a typing error: the check symbol does not fit"));
        }
        Ok(TrackingNumber(values.map(|value| Self::SYMBOLS[usize::from(value)])))
    }
}
impl Serialize for TrackingNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rating from 1 (bad) to 5 (good). There is no 0 that means "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
pub struct Score(u8);

impl Score {
    /// The number of stars, 1 to 5.
    pub fn stars(self) -> u8 {
        self.0
    }
}
impl TryFrom<u8> for Score {
    type Error = InvalidValue;
    fn try_from(stars: u8) -> Result<Self, InvalidValue> {
        if (1..=5).contains(&stars) { Ok(Score(stars)) } else { Err(InvalidValue::new("score", "must be 1 to 5")) }
    }
}
impl From<Score> for u8 {
    fn from(score: Score) -> u8 {
        score.0
    }
}

/// Who may see a complaint: {identity hidden} × {content hidden}, and whistleblowing on top.
///
/// [`Visibility::join`] takes the stricter of each; copying and merging never lower it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub enum Visibility {
    /// Content and name are public.
    #[default]
    Public,
    /// *Anonim*: the identity is hidden from agency and public.
    Anonymous,
    /// *Rahasia*: the content is hidden from the public.
    Secret,
    /// Both.
    AnonymousSecret,
    /// Only the inspectorate sees it; never disposed to an accused agency.
    Whistleblower,
}

impl Visibility {
    /// The name as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Visibility::Public => "public",
            Visibility::Anonymous => "anonymous",
            Visibility::Secret => "secret",
            Visibility::AnonymousSecret => "anonymous_secret",
            Visibility::Whistleblower => "whistleblower",
        }
    }

    /// The least visibility that hides what either hides.
    pub fn join(self, other: Self) -> Self {
        use Visibility::*;
        match (self, other) {
            (Whistleblower, _) | (_, Whistleblower) => Whistleblower,
            (AnonymousSecret, _) | (_, AnonymousSecret) | (Anonymous, Secret) | (Secret, Anonymous) => AnonymousSecret,
            (Public, other) => other,
            (this, _) => this,
        }
    }

    /// Whether this hides all that `other` hides.
    pub fn is_at_least(self, other: Self) -> bool {
        self.join(other) == self
    }
}

/// A place rounded to 0.01 degrees (about a kilometre): integers, since records hold no floats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// Millionths of a degree north, a multiple of 10,000.
    latitude: i32,
    /// Millionths of a degree east, a multiple of 10,000.
    longitude: i32,
}

impl Coordinates {
    /// Rounds an exact place, in microdegrees, so that it no longer points at a home.
    ///
    /// # Errors
    /// When it does not lie on Earth.
    pub fn rounded(latitude: i32, longitude: i32) -> Result<Self, InvalidValue> {
        if latitude.unsigned_abs() > 90_000_000 || longitude.unsigned_abs() > 180_000_000 {
            return Err(InvalidValue::new("coordinates", "must be microdegrees on Earth"));
        }
        let round = |value: i32| (value + 5_000).div_euclid(10_000) * 10_000;
        Ok(Coordinates { latitude: round(latitude), longitude: round(longitude) })
    }

    /// Latitude and longitude in microdegrees.
    pub fn microdegrees(&self) -> (i32, i32) {
        (self.latitude, self.longitude)
    }
}

/// Refuses what no one-line text may hold.
pub(crate) fn checked<'t>(what: &'static str, text: &'t str, max: usize) -> Result<&'t str, InvalidValue> {
    if text.is_empty() || text.trim() != text {
        return Err(InvalidValue::new(what, "must not be empty, nor start or end with white space"));
    }
    if text.len() > max && text.chars().count() > max {
        return Err(InvalidValue::new(what, format!("must be at most {max} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidValue::new(what, "must not hold control characters"));
    }
    Ok(text)
}

/// Refuses what no name of a document may hold: the name stands in front of an `@` in every record.
pub(crate) fn document_name(text: &str) -> Result<Arc<str>, InvalidValue> {
    match checked("document name", text, 100)? {
        name if name.contains('@') => Err(InvalidValue::new("document name", "must not hold an @")),
        name => Ok(name.into()),
    }
}

/// Lower-case hexadecimal digits of up to 32 bytes, without an allocation.
pub(crate) struct Hex([u8; 64], usize);

impl Hex {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
            pair[0] = HEX_DIGITS[usize::from(byte >> 4)];
            pair[1] = HEX_DIGITS[usize::from(byte & 15)];
        }
        Hex(hex, bytes.len().min(32) * 2)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0[..self.1]).expect("hexadecimal digits are ASCII")
    }
}

/// Reads exactly `N` bytes of lower-case hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    // One look at the end in place of two for each byte: a record holds a dozen of these.
    let mut strange = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (HEX_VALUES[usize::from(pair[0])], HEX_VALUES[usize::from(pair[1])]);
        strange |= high | low;
        *byte = high << 4 | low;
    }
    (strange < 16).then_some(bytes)
}

/// The value of each lower-case digit; 255 for whatever is none.
const HEX_VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[HEX_DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_number_finds_every_single_wrong_symbol() {
        let number = TrackingNumber::from_seed(&[13; 32]).to_string();
        for place in (0..number.len()).filter(|place| number.as_bytes()[*place] != b'-') {
            for symbol in TrackingNumber::SYMBOLS.iter().filter(|symbol| **symbol != number.as_bytes()[place]) {
                let mut wrong = number.clone().into_bytes();
                wrong[place] = *symbol;
                let wrong = String::from_utf8(wrong).unwrap();
                assert!(wrong.parse::<TrackingNumber>().is_err(), "{wrong} passed for {number}");
            }
        }
        assert_eq!(number.to_lowercase().replace('-', " ").parse::<TrackingNumber>().unwrap().to_string(), number);
    }

    #[test]
    fn visibility_is_a_lattice() {
        use Visibility::*;
        let all = [Public, Anonymous, Secret, AnonymousSecret, Whistleblower];
        for a in all {
            assert_eq!(a.join(a), a);
            for b in all {
                assert_eq!(a.join(b), b.join(a));
                assert!(a.join(b).is_at_least(a) && a.join(b).is_at_least(b), "merging lowered {a:?} or {b:?}");
                for c in all {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)));
                }
            }
        }
        assert!(!Anonymous.is_at_least(Secret) && !Secret.is_at_least(Anonymous));
    }

    #[test]
    fn indonesian_dates_are_those_of_the_time_zone_database() {
        for zone in [WIB, WITA, WIT] {
            for hours in (-600_000..1_600_000).step_by(5) {
                for seconds in [-1, 0] {
                    let instant = DateTime::from_timestamp(hours * 3_600 + seconds, 0).unwrap();
                    assert_eq!(zone.date(instant), instant.with_timezone(&zone.0).date_naive(), "{instant} in {zone}");
                }
            }
        }
    }

    #[test]
    fn a_moment_knows_its_local_date() {
        let late = Moment::parse("2024-03-29T23:30:00+07:00", WIB).unwrap();
        assert_eq!(late.date().to_string(), "2024-03-29");
        assert_eq!(late.in_zone(WITA).date().to_string(), "2024-03-30");
        assert_eq!(Zone::end_of(WIB, late.date()).to_rfc3339(), "2024-03-29T16:59:59.999999+00:00");
    }

    #[test]
    fn refuses_times_outside_two_centuries() {
        assert!(Moment::parse("9999-12-31T00:00:00Z", WIB).is_err());
        assert!(serde_json::from_str::<Moment>(r#"{"at":253402214400000000,"zone":"WIB"}"#).is_err());
        assert!(serde_json::from_str::<Moment>(r#"{"at":"2038-01-19T03:14:08Z","zone":"WIB"}"#).is_ok());
    }

    #[test]
    fn names_refuse_what_would_break_a_line() {
        for wrong in ["", " dishub", "dis\0hub", "dis\nhub", &"x".repeat(101)] {
            assert!(AgencyCode::new(wrong).is_err(), "{wrong:?}");
        }
        assert!(AgencyCode::new("Division of In-House Construction CDOT").is_ok());
    }

    #[test]
    fn coordinates_are_rounded_to_a_hundredth_of_a_degree() {
        let place = Coordinates::rounded(-7_472_613, 112_434_998).unwrap();
        assert_eq!(place.microdegrees(), (-7_470_000, 112_430_000));
        assert!(Coordinates::rounded(91_000_000, 0).is_err());
    }
}
