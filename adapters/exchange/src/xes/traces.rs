//! Traces of a log, one after the other: leniently read, within limits.

use std::io::BufRead;

use super::reader::{Element, Reader, XesError};

/// The attributes of a log, a trace or an event: keys with their values as they stand, in the order of the file.
///
/// Attributes inside attributes, and those of lists and containers, are passed over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The value of a key: the first one, where a file has it twice.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Keys with values, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// A case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// Its place in the file, from 1.
    pub number: u64,
    /// What is told of all of it.
    pub attributes: Attributes,
    /// What happened, in the order of the file.
    pub events: Vec<TraceEvent>,
}

/// An event of a case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TraceEvent {
    /// What is told of it.
    pub attributes: Attributes,
}

impl Trace {
    /// The name of the case: its `concept:name`.
    pub fn name(&self) -> Option<&str> {
        self.attributes.value("concept:name")
    }
}

impl TraceEvent {
    /// What was done: its `concept:name`.
    pub fn activity(&self) -> Option<&str> {
        self.attributes.value("concept:name")
    }

    /// When, as the file writes it: its `time:timestamp`.
    pub fn time(&self) -> Option<&str> {
        self.attributes.value("time:timestamp")
    }

    /// Where the activity stands in its own life: its `lifecycle:transition`. None means that it is done.
    pub fn transition(&self) -> Option<&str> {
        self.attributes.value("lifecycle:transition")
    }

    /// Whether its activity is done: the event says so, or says nothing of it.
    pub fn is_complete(&self) -> bool {
        self.transition().is_none_or(|transition| transition.eq_ignore_ascii_case("complete"))
    }
}

/// A log that is read trace by trace; memory holds one of them.
///
/// A namespace, a version, extensions, globals and classifiers may be missing or stand anywhere; what is unknown is
/// passed over. Entities are the five of XML and numbers: no other is expanded.
///
/// ```
/// use aduan_exchange::xes::Traces;
/// let text = r#"<log><trace><string value="A-1" key="concept:name"/>
///   <event><string key="concept:name" value="Diterima"/></event></trace></log>"#;
/// let mut traces = Traces::new(text.as_bytes());
/// let trace = traces.next_trace()?.expect("there is one");
/// assert_eq!((trace.name(), trace.events[0].activity()), (Some("A-1"), Some("Diterima")));
/// assert_eq!(traces.next_trace()?, None);
/// # Ok::<(), aduan_exchange::xes::XesError>(())
/// ```
pub struct Traces<R: BufRead> {
    reader: Reader<R>,
    log: Attributes,
    number: u64,
    is_open: bool,
    /// The start of the next trace was read already.
    is_at_trace: bool,
}

impl<R: BufRead> Traces<R> {
    /// The traces of a file.
    pub fn new(input: R) -> Self {
        Traces { reader: Reader::new(input), log: Attributes::default(), number: 0, is_open: false, is_at_trace: false }
    }

    /// What the log says of itself in front of its first trace.
    ///
    /// # Errors
    /// As [`Traces::next_trace`].
    pub fn log(&mut self) -> Result<&Attributes, XesError> {
        self.is_at_trace = self.is_at_trace || self.seek_trace()?;
        Ok(&self.log)
    }

    /// The next trace.
    ///
    /// # Errors
    /// When the file cannot be read on, is no XES, or goes beyond a limit.
    pub fn next_trace(&mut self) -> Result<Option<Trace>, XesError> {
        if !std::mem::take(&mut self.is_at_trace) && !self.seek_trace()? {
            return Ok(None);
        }
        self.number += 1;
        let mut trace = Trace { number: self.number, ..Trace::default() };
        let (mut events, mut size) = (Vec::new(), 0);
        self.reader.inside(|reader, element| {
            size += element.size();
            if size > LARGEST_TRACE {
                return Err(reader.too_much("a trace holds more than 32 MiB"));
            }
            if element.name != "event" {
                return read_attribute(reader, element, &mut trace.attributes);
            }
            if events.len() >= MOST_EVENTS {
                return Err(reader.too_much("a trace has more than 100,000 events"));
            }
            let mut event = TraceEvent::default();
            if !element.is_empty {
                reader.inside(|reader, element| {
                    size += element.size();
                    if size > LARGEST_TRACE {
                        return Err(reader.too_much("a trace holds more than 32 MiB"));
                    }
                    read_attribute(reader, element, &mut event.attributes)
                })?;
            }
            events.push(event);
            Ok(())
        })?;
        trace.events = events;
        Ok(Some(trace))
    }

    /// How many bytes were read.
    pub fn reached(&self) -> u64 {
        self.reader.reached()
    }

    /// Goes on to the start of the next trace.
    fn seek_trace(&mut self) -> Result<bool, XesError> {
        if !self.is_open {
            self.open()?;
        }
        while let Some(element) = self.reader.child()? {
            match element.name.as_str() {
                "trace" if element.is_empty => self.number += 1,
                "trace" => return Ok(true),
                _ => read_attribute(&mut self.reader, &element, &mut self.log)?,
            }
        }
        Ok(false)
    }

    fn open(&mut self) -> Result<(), XesError> {
        let element = self.reader.root()?;
        if element.name != "log" {
            return Err(XesError::NoLog);
        }
        self.is_open = true;
        if element.is_empty { self.reader.end() } else { Ok(()) }
    }
}

/// Takes an attribute of whatever is open, and passes over what is inside of it; anything else is passed over whole.
fn read_attribute<R: BufRead>(
    reader: &mut Reader<R>,
    element: &Element,
    attributes: &mut Attributes,
) -> Result<(), XesError> {
    let is_plain = ["string", "date", "int", "float", "boolean", "id"].contains(&element.name.as_str());
    if let (true, Some(key), Some(value)) = (is_plain, &element.key, &element.value) {
        attributes.0.push((key.clone(), value.clone()));
    }
    if element.is_empty { Ok(()) } else { reader.inside(|reader, inner| reader.pass_over(inner)) }
}

const LARGEST_TRACE: usize = 32 * 1024 * 1024;
const MOST_EVENTS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Trace>, XesError> {
        let mut traces = Traces::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(trace) = traces.next_trace()? {
            all.push(trace);
        }
        Ok(all)
    }

    #[test]
    fn reads_what_lacks_namespace_and_version_and_passes_over_what_is_nested() {
        let traces = read(
            "\u{feff}<?xml version='1.0'?><!-- none --><!DOCTYPE log><x:log xmlns:x='elsewhere'><list key='l'><values>\
             <string key='concept:name' value='no'/></values></list><trace/><classifier/>\
             <x:trace><event><string value='b &amp; c' key='concept:name'><string key='concept:name' value='inner'/>\
             </string><container key='k'><date key='time:timestamp' value='no'/></container>\
             <date key='time:timestamp' value='2024-01-01T00:00:00Z'/></event><strange><deep/></strange>\
             <string key='concept:name' value='2'/><event/></x:trace></x:log>",
        )
        .unwrap();
        assert_eq!(traces.len(), 1);
        assert_eq!((traces[0].number, traces[0].name(), traces[0].events.len()), (2, Some("2"), 2));
        assert_eq!(traces[0].events[0].activity(), Some("b & c"));
        assert_eq!(traces[0].events[0].time(), Some("2024-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_log_is_told_and_never_panics() {
        for (text, why) in [
            ("", "ends"),
            ("<ocel/>", "no XES"),
            ("<log><trace><event></trace></log>", "well formed"),
            ("<log><trace>", "ends"),
            ("<log", "well formed"),
            ("plain text", "ends"),
            ("<log><trace><string key='a' value='&bomb;'/></trace></log>", "entity"),
            ("<log><trace><string key='a' key='b' value='c'/></trace></log>", "well formed"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn entities_of_a_file_are_never_expanded() {
        let bomb = "<!DOCTYPE log [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>\
                    <log><trace><string key='concept:name' value='&b;'/></trace></log>";
        assert!(matches!(read(bomb), Err(XesError::Entity { .. })));
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_refused() {
        let deep = format!("<log><trace>{}", "<string key='a' value='b'>".repeat(100));
        assert!(matches!(read(&deep), Err(XesError::TooMuch { .. })));
        let long = format!("<log><trace><string key='a' value='{}'/></trace></log>", "x".repeat(2 * 1024 * 1024));
        assert!(matches!(read(&long), Err(XesError::TooMuch { .. })), "{:?}", read(&long).err());
        let text = format!("<log>{}</log>", "x".repeat(2 * 1024 * 1024));
        assert!(matches!(read(&text), Err(XesError::TooMuch { .. })));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_an_error_or_shorter_and_never_a_panic() {
        let whole = "<log><trace><string key=\"concept:name\" value=\"&#65;\"/><event><date key=\"d\" \
                     value=\"1\"/></event></trace></log>";
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        assert_eq!(read(whole).unwrap()[0].name(), Some("A"));
    }
}
