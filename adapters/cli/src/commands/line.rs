//! A line that `do` reads: one request, as JSON.

use std::fmt;

use aduan::actor::Actor;
use aduan::command::{ClearRequest, Command};
use aduan::sealed::Clear;
use aduan::values::{CommandId, ComplaintId, Moment, PersonRef, Version, WIB, Zone};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use uuid::Uuid;

/// One request. Unknown fields and fields that stand twice are refused, at every depth.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Sent twice, it has one effect; without one, each line is a new command.
    #[serde(default)]
    pub(crate) id: Option<CommandId>,
    /// Which complaint. Left out where one is received: its id follows from channel and reference.
    #[serde(default)]
    pub(crate) complaint: Option<ComplaintId>,
    /// When it is recorded. Only with `--simulate`: otherwise the engine's clock says so, and nobody back-dates.
    #[serde(default)]
    pub(crate) at: Option<When>,
    /// The zone of its times; without one, the tenant's.
    #[serde(default)]
    pub(crate) zone: Option<Zone>,
    /// When it happened, if earlier. Only complainants, intake officers and migrators may say so.
    #[serde(default)]
    occurred_at: Option<When>,
    /// Who asks.
    by: Actor,
    /// For whom.
    #[serde(default)]
    on_behalf: Option<PersonRef>,
    /// What.
    command: Command<Clear>,
    /// The version the asker looked at; another one is refused.
    #[serde(default)]
    expect: Option<Version>,
    /// The command or event that led to this one.
    #[serde(default)]
    causation: Option<Uuid>,
    /// The conversation it belongs to.
    #[serde(default)]
    correlation: Option<Uuid>,
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// Where and why it is not understood, without a word of what it says.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BadLine> {
        if depth(bytes) > DEEPEST {
            return Err(BadLine::new("Invalid", format!("it is nested deeper than {DEEPEST}")));
        }
        serde_json::from_slice(bytes).map_err(|error| BadLine::unread(&error))
    }

    /// The request it makes.
    pub(crate) fn request(self, id: CommandId, at: Moment, zone: Zone, seed: [u8; 32]) -> ClearRequest {
        ClearRequest {
            occurred_at: self.occurred_at.map(|when| when.in_zone(zone)),
            on_behalf: self.on_behalf,
            expect: self.expect,
            causation: self.causation,
            correlation: self.correlation,
            ..ClearRequest::new(id, at, self.by, self.command, seed)
        }
    }
}

/// A time: RFC 3339 with an offset, microseconds since 1970, or a moment with a zone of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum When {
    /// In the zone of the line.
    Instant(#[schemars(with = "Written")] DateTime<Utc>),
    /// In its own.
    Moment(Moment),
}

/// How an instant is written: RFC 3339 with an offset, or microseconds since 1970.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Written {
    Text(String),
    Micros(i64),
}

impl When {
    pub(crate) fn in_zone(self, zone: Zone) -> Moment {
        match self {
            When::Instant(at) => Moment { at, zone },
            When::Moment(moment) => moment,
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = When;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("RFC 3339 with an offset, microseconds since 1970, or a moment with its zone")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<When, E> {
                Moment::parse(text, WIB).map(|moment| When::Instant(moment.at)).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, micros: i64) -> Result<When, E> {
                let at = DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC);
                Moment::new(at, WIB).map(|moment| When::Instant(moment.at)).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, micros: u64) -> Result<When, E> {
                self.visit_i64(i64::try_from(micros).unwrap_or(i64::MAX))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
                Moment::deserialize(MapAccessDeserializer::new(map)).map(When::Moment)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Why a line is not understood. It never repeats what the line says, which may be personal.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BadLine {
    /// `Invalid` or `TooLong`.
    pub(crate) kind: &'static str,
    /// In words.
    pub(crate) message: String,
    /// The byte of the line, from 1, if it is at one.
    pub(crate) column: Option<usize>,
}

impl BadLine {
    /// It has more bytes than allowed.
    pub(crate) fn too_long(longest: usize) -> Self {
        BadLine::new("TooLong", format!("a line has at most {longest} bytes"))
    }

    /// It says when it is recorded.
    pub(crate) fn dated() -> Self {
        let why =
            "`at` is only taken with --simulate: a ledger's times are its own; `occurred_at` says when it happened";
        BadLine::new("Invalid", why)
    }

    /// It names no complaint.
    pub(crate) fn nameless() -> Self {
        BadLine::new("Invalid", "`complaint` is missing, and the command brings none in")
    }

    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        BadLine { kind, message: message.into(), column: None }
    }

    fn unread(error: &serde_json::Error) -> Self {
        BadLine { column: Some(error.column()), ..BadLine::new("Invalid", said(error)) }
    }
}

/// What an error of serde says, as far as the words are ours: names of fields and types, never values.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match error.classify() {
        // The texts of these are fixed.
        Category::Syntax | Category::Eof | Category::Io => format!("no JSON: {text}"),
        Category::Data => {
            let kind = QUOTING.iter().find(|kind| text.starts_with(**kind));
            match kind {
                Some(kind) if text.contains("there are no ") => (*kind).to_owned(),
                // What is expected comes last and is ours; what was found comes first and is theirs.
                Some(kind) => match text.rsplit_once(", expected ") {
                    Some((_, expected)) => format!("{kind}, expected {expected}"),
                    None => (*kind).to_owned(),
                },
                None if OURS.iter().any(|ours| text.starts_with(ours)) => text.to_owned(),
                None => "it does not read as a command: see `aduan schema`".to_owned(),
            }
        }
    }
}

/// How deep brackets and braces are nested, strings aside.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Beginnings of errors that repeat what they found.
const QUOTING: [&str; 5] = ["unknown field", "unknown variant", "invalid type", "invalid value", "invalid length"];

/// Beginnings of errors that repeat nothing: serde's own, and those of the values of `aduan`.
const OURS: [&str; 18] = [
    "missing field `",
    "duplicate field `",
    "agency code: ",
    "area: ",
    "category: ",
    "channel: ",
    "coordinates: ",
    "digest: ",
    "document name: ",
    "document reference: ",
    "id: ",
    "level: ",
    "person reference: ",
    "score: ",
    "source: ",
    "time: ",
    "tracking number: ",
    "zone: ",
];

const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> BadLine {
        Line::parse(line.as_bytes()).err().expect("it is refused")
    }

    #[test]
    fn reads_a_request_with_times_in_any_form() {
        for at in [r#""2024-03-29T16:01:00+07:00""#, "1711702860000000", r#"{"at":1711702860000000,"zone":"WITA"}"#] {
            let line = format!(r#"{{"at":{at},"by":{{"role":"Admin"}},"command":{{"Close":{{}}}}}}"#);
            let line = Line::parse(line.as_bytes()).unwrap();
            let moment = line.at.unwrap().in_zone(WIB);
            assert_eq!(moment.at.timestamp_micros(), 1_711_702_860_000_000);
            assert_eq!(moment.zone == WIB, !at.contains("WITA"), "its own zone, or else the line's");
        }
    }

    #[test]
    fn an_error_never_repeats_what_the_line_says() {
        let canary = "Siti-Aminah-0812";
        let good = r#""by":{"role":"Admin"},"command":{"Close":{}}"#;
        for line in [
            format!(r#"{{"{canary}":1,{good}}}"#),
            format!(r#"{{"id":"{canary}",{good}}}"#),
            format!(r#"{{"at":"{canary}",{good}}}"#),
            format!(r#"{{"zone":"{canary}",{good}}}"#),
            format!(r#"{{"expect":"{canary}",{good}}}"#),
            format!(r#"{{"by":{{"role":"{canary}"}},"command":{{"Close":{{}}}}}}"#),
            format!(r#"{{"by":"{canary}, expected nothing","command":{{"Close":{{}}}}}}"#),
            format!(r#"{{"by":{{"role":"Admin"}},"command":{{"{canary}":{{}}}}}}"#),
            format!(r#"{{"by":{{"role":"Admin"}},"command":"{canary}"}}"#),
            format!(r#"{{"by":{{"role":"Admin"}},"command":{{"Close":{{"{canary}":1}}}}}}"#),
            format!(r#"{{"by":{{"role":"Admin","agency":" {canary}"}},"command":{{"Close":{{}}}}}}"#),
            canary.to_owned(),
            format!("\"{canary}"),
        ] {
            let bad = refusal(&line);
            assert!(!bad.message.contains("Aminah") && !bad.message.is_empty(), "{}", bad.message);
        }
    }

    #[test]
    fn says_what_is_wrong_in_our_own_words() {
        let said = |line: &str| refusal(line).message;
        assert_eq!(said(r#"{"by":{"role":"Admin"}}"#), "missing field `command`");
        assert_eq!(said(r#"{"id":null,"id":null}"#), "duplicate field `id`");
        assert!(said(r#"{"by":{"role":"Walikota"}}"#).starts_with("unknown variant, expected one of `Complainant`"));
        assert!(said(r#"{"at":"9999-01-01T00:00:00Z"}"#).starts_with("time: must lie in the years"));
        assert!(said(r#"{"zone":"Mars"}"#).starts_with("zone: "));
        assert!(said(r#"{"by":{"role":"\ud800"}}"#).starts_with("no JSON: "));
        assert!(said(&"[".repeat(40)).contains("deeper"));
    }

    #[test]
    fn brackets_in_texts_are_no_depth() {
        assert_eq!(depth(br#"{"a":["{[[\"[["]}"#), 2);
    }
}
