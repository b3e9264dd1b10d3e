//! A record as one line: `{"position":1,"complaint":…,"metadata":{…},"payload":{…}}`, the hashed bytes to the letter.

use std::fmt::Write as _;
use std::sync::LazyLock;

use aduan::record::{Record, intern};
use aduan::values::{CommandId, ComplaintId, Digest, Position};
use chrono::DateTime;
use memchr::memmem;
use uuid::Uuid;

use crate::json::{self, Json};

/// Writes a record behind what the buffer holds.
pub(crate) fn write(line: &mut String, position: Position, record: &Record) {
    let Record { complaint, sequence, event_type, event_version, prev, hash, metadata, payload, .. } = record;
    let head = write!(
        line,
        r#"{{"position":{position},"complaint":"{complaint}","sequence":{sequence},"type":"{event_type}","version":"{event_version}","prev":"{prev}","hash":"{hash}","metadata":"#
    );
    head.expect("a string takes everything");
    line.push_str(metadata);
    line.push_str(r#","payload":"#);
    line.push_str(payload);
    line.push_str("}\n");
}

/// A record that nothing was read into yet.
pub(crate) fn blank() -> Record {
    Record {
        complaint: ComplaintId(Uuid::nil()),
        sequence: 0,
        command: CommandId(Uuid::nil()),
        part: 0,
        event_type: "".into(),
        event_version: "".into(),
        recorded_at: DateTime::UNIX_EPOCH,
        payload: String::new(),
        metadata: String::new(),
        prev: Digest([0; 32]),
        hash: Digest([0; 32]),
    }
}

/// Reads a line without its end into a record, whose command, part and time are left to its metadata.
///
/// Returns where it stands, or what of the line is not in its form.
pub(crate) fn read(line: &str, record: &mut Record) -> Result<Position, &'static str> {
    let mut rest = line;
    let position = position(&mut rest).ok_or("position")?;
    let complaint = text(&mut rest, r#","complaint":""#).ok_or("complaint")?;
    record.complaint = ComplaintId(uuid(complaint).ok_or("complaint")?);
    record.sequence = number(&mut rest, r#","sequence":"#).filter(|sequence| *sequence > 0).ok_or("sequence")?;
    let event_type = text(&mut rest, r#","type":""#).filter(|name| is_plain(name)).ok_or("type")?;
    if record.event_type != event_type {
        record.event_type = intern(event_type);
    }
    let version = text(&mut rest, r#","version":""#).filter(|name| is_plain(name)).ok_or("version")?;
    if record.event_version != version {
        record.event_version = intern(version);
    }
    record.prev = text(&mut rest, r#","prev":""#).and_then(|hash| hash.parse().ok()).ok_or("prev")?;
    record.hash = text(&mut rest, r#","hash":""#).and_then(|hash| hash.parse().ok()).ok_or("hash")?;
    let rest = rest.strip_prefix(r#","metadata":"#).ok_or("metadata")?;
    // A quotation mark inside a string of JSON stands behind a backslash, so this can be no part of one.
    let end = BETWEEN.find(rest.as_bytes()).ok_or("payload")?;
    let (metadata, payload) = (&rest[..=end], &rest[end + PAYLOAD..]);
    if !metadata.starts_with('{') {
        return Err("metadata");
    }
    let payload = payload.strip_suffix('}').filter(|payload| payload.ends_with('}')).ok_or("payload")?;
    record.metadata.clear();
    record.metadata.push_str(metadata);
    record.payload.clear();
    record.payload.push_str(payload);
    Ok(position)
}

/// What of metadata and payload is not in the form of a line, though it is JSON: asked where a record cannot be read.
pub(crate) fn odd(record: &Record) -> Option<&'static str> {
    if json::is_spaced(&record.metadata) || json::is_spaced(&record.payload) {
        return Some("it has white space between its parts");
    }
    if !Json::read(&record.metadata).is_some_and(|metadata| metadata.is_flat()) {
        return Some("its metadata are no flat map of texts");
    }
    let payload = Json::read(&record.payload).unwrap_or(Json::Other);
    let is_fact = payload.member("fact").is_some_and(|fact| {
        fact.names() == [&*record.event_type] && matches!(fact.member(&record.event_type), Some(Json::Object(_)))
    });
    let is_payload = is_fact && payload.names() == ["fact", "occurred_at", "provenance"];
    (!is_payload).then_some("its payload is made of other parts than those of its type")
}

/// Where a line stands, and whose it is: as much as is needed to leave it to somebody else.
pub(crate) fn place_of(line: &[u8]) -> Option<(Position, ComplaintId)> {
    let rest = line.strip_prefix(br#"{"position":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(digits);
    let complaint = Uuid::try_parse_ascii(rest.strip_prefix(br#","complaint":""#)?.get(..36)?).ok()?;
    Some((str::from_utf8(digits).ok()?.parse().ok()?, ComplaintId(complaint)))
}

/// The position that a line of any file here begins with: from 1.
pub(crate) fn position(rest: &mut &str) -> Option<Position> {
    number(rest, r#"{"position":"#).filter(|position| *position > 0)
}

/// The number behind a prefix, written as numbers are: without zeros in front.
pub(crate) fn number(rest: &mut &str, prefix: &str) -> Option<u64> {
    let behind = rest.strip_prefix(prefix)?;
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = behind.split_at(digits);
    let is_plain = digits == "0" || !digits.starts_with('0');
    *rest = behind;
    digits.parse().ok().filter(|_| is_plain)
}

/// The text behind a prefix, up to the next quotation mark.
pub(crate) fn text<'a>(rest: &mut &'a str, prefix: &str) -> Option<&'a str> {
    let behind = rest.strip_prefix(prefix)?;
    let end = memchr::memchr(b'"', behind.as_bytes())?;
    *rest = &behind[end + 1..];
    Some(&behind[..end])
}

/// A UUID of lower-case digits and hyphens.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    let is_lower = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_lower { Uuid::try_parse(text).ok() } else { None }
}

/// Names of events and versions: nothing in them that JSON would write otherwise.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.bytes().any(|byte| byte < b' ' || byte == b'\\')
}

/// Searched for in every line, so made once.
static BETWEEN: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(br#"},"payload":{"#));
/// From the end of the metadata to the beginning of the payload.
const PAYLOAD: usize = r#"},"payload":"#.len();

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            sequence: 3,
            event_type: "Received".into(),
            event_version: "1.0.0".into(),
            payload: r#"{"fact":{"a":"},\"payload\":{"}}"#.into(),
            metadata: r#"{"person":"},\"payload\":{"}"#.into(),
            prev: Digest::of(b"a"),
            hash: Digest::of(b"b"),
            ..blank()
        }
    }

    #[test]
    fn a_line_reads_as_it_is_written() {
        let mut line = String::new();
        write(&mut line, 17, &record());
        let mut read_back = blank();
        assert_eq!(read(line.trim_end(), &mut read_back), Ok(17));
        assert_eq!(read_back, record());
        assert_eq!(place_of(line.as_bytes()), Some((17, record().complaint)));
        assert_eq!(odd(&read_back), Some("its payload is made of other parts than those of its type"));
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "other tools read it, too");
    }

    #[test]
    fn another_form_is_refused() {
        let mut line = String::new();
        write(&mut line, 17, &record());
        let line = line.trim_end();
        let changes = [
            ("17", "0"),
            ("17", "017"),
            ("17", "-17"),
            ("17", ""),
            ("\"position\"", " \"position\""),
            ("\"type\"", "\"Type\""),
            ("Received", ""),
            ("\"metadata\":{", "\"metadata\":["),
            ("\"prev\":\"c", "\"prev\":\"C"),
        ];
        for (from, to) in changes {
            let changed = line.replacen(from, to, 1);
            assert!(changed != line && read(&changed, &mut blank()).is_err(), "{from} → {to}");
        }
        for end in 0..line.len() {
            let mut cut = blank();
            assert!(
                read(&line[..end], &mut cut).is_err()
                    || ![&cut.metadata, &cut.payload].into_iter().all(|text| json::is_valid(text)),
                "cut at {end}"
            );
        }
    }
}
