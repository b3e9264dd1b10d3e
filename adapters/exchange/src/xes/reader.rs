//! XML element by element, within limits: how deep, how long, and no entities but XML's own.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Error as QuickError;
use quick_xml::events::{BytesStart, Event};

/// Why a log cannot be read on. No error repeats what the file says.
#[derive(Debug, thiserror::Error)]
pub enum XesError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(io::Error),
    /// It is no XES.
    #[error("the file is no XES: its root is not `log`")]
    NoLog,
    /// It is no XML.
    #[error("the file is not well formed near byte {at}: {why}")]
    NotWellFormed {
        /// Where, in bytes from its start.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// It uses an entity of its own.
    #[error("near byte {at} an entity is used that is none of XML's own, or a number that is no character")]
    Entity {
        /// Where, in bytes from its start.
        at: u64,
    },
    /// It goes beyond a limit.
    #[error("near byte {at}: {what}")]
    TooMuch {
        /// Where, in bytes from its start.
        at: u64,
        /// Which.
        what: &'static str,
    },
    /// It ends before it is complete.
    #[error("the file ends before the log does")]
    Cut,
}

/// The start of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Element {
    /// Without the prefix of its namespace.
    pub(super) name: String,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    /// Nothing is inside, not even an end.
    pub(super) is_empty: bool,
}

impl Element {
    /// What it takes in memory, about.
    pub(super) fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        64 + self.name.len() + length(&self.key) + length(&self.value)
    }
}

/// Reads elements. Whoever was given one that is not empty reads to its end.
pub(super) struct Reader<R: BufRead> {
    xml: quick_xml::Reader<Metered<R>>,
    /// What a token may still take.
    left: Rc<Cell<u64>>,
    buffer: Vec<u8>,
    depth: usize,
    is_over: bool,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        let left = Rc::new(Cell::new(LONGEST_TOKEN));
        let metered = Metered { input, left: Rc::clone(&left) };
        let mut xml = quick_xml::Reader::from_reader(metered);
        xml.config_mut().check_end_names = true;
        Reader { xml, left, buffer: Vec::new(), depth: 0, is_over: false }
    }

    /// The outermost element.
    pub(super) fn root(&mut self) -> Result<Element, XesError> {
        match self.token()? {
            Token::Start(element) => Ok(element),
            Token::End | Token::Eof => Err(XesError::Cut),
        }
    }

    /// Nothing more is read.
    pub(super) fn end(&mut self) -> Result<(), XesError> {
        self.is_over = true;
        Ok(())
    }

    /// The next element inside of the one that is open; `None` at its end.
    pub(super) fn child(&mut self) -> Result<Option<Element>, XesError> {
        if self.is_over {
            return Ok(None);
        }
        match self.token()? {
            Token::Start(element) => Ok(Some(element)),
            Token::End => {
                self.is_over = self.depth == 0;
                Ok(None)
            }
            Token::Eof => Err(XesError::Cut),
        }
    }

    /// Every element inside of the one that is open, up to its end. `take` reads to the end of those it is given.
    pub(super) fn inside(
        &mut self,
        mut take: impl FnMut(&mut Self, &Element) -> Result<(), XesError>,
    ) -> Result<(), XesError> {
        while let Some(element) = self.child()? {
            take(self, &element)?;
        }
        Ok(())
    }

    /// Passes over an element and all that is inside of it.
    pub(super) fn pass_over(&mut self, element: &Element) -> Result<(), XesError> {
        if element.is_empty {
            return Ok(());
        }
        let depth = self.depth - 1;
        while self.depth > depth {
            if matches!(self.token()?, Token::Eof) {
                return Err(XesError::Cut);
            }
        }
        Ok(())
    }

    /// How many bytes were read.
    pub(super) fn reached(&self) -> u64 {
        self.xml.buffer_position()
    }

    /// A limit that was reached here.
    pub(super) fn too_much(&self, what: &'static str) -> XesError {
        XesError::TooMuch { at: self.reached(), what }
    }

    fn token(&mut self) -> Result<Token, XesError> {
        loop {
            self.buffer.clear();
            self.left.set(LONGEST_TOKEN);
            let at = self.xml.buffer_position();
            let event = self.xml.read_event_into(&mut self.buffer).map_err(|error| failed(at, error))?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(XesError::TooMuch { at, what: "elements stand deeper than 64 in each other" });
                    }
                    return element(at, &start, false).map(Token::Start);
                }
                Event::Empty(start) => return element(at, &start, true).map(Token::Start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::End);
                }
                Event::Eof => return Ok(Token::Eof),
                // Text between elements says nothing in XES.
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
    }
}

enum Token {
    Start(Element),
    End,
    Eof,
}

fn element(at: u64, start: &BytesStart<'_>, is_empty: bool) -> Result<Element, XesError> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), key: None, value: None, is_empty };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| XesError::NotWellFormed { at, why: "an attribute cannot be read" })?;
        let place = match attribute.key.local_name().as_ref() {
            "key" => &mut element.key,
            "value" => &mut element.value,
            _ => continue,
        };
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
        *place = Some(value.map_err(|_| XesError::Entity { at })?.into_owned());
    }
    Ok(element)
}

fn failed(at: u64, error: QuickError) -> XesError {
    match error {
        QuickError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            XesError::TooMuch { at, what: "a tag or a text is longer than 1 MiB" }
        }
        QuickError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            XesError::NotWellFormed { at, why: "it is not UTF-8" }
        }
        QuickError::Io(error) => XesError::Io(io::Error::new(error.kind(), error.to_string())),
        QuickError::Syntax(_) => XesError::NotWellFormed { at, why: "a tag does not end" },
        QuickError::IllFormed(_) => XesError::NotWellFormed { at, why: "tags do not match" },
        QuickError::Encoding(_) => XesError::NotWellFormed { at, why: "it is not UTF-8" },
        _ => XesError::NotWellFormed { at, why: "it is no XML" },
    }
}

/// Input that gives no more than a token may take.
struct Metered<R> {
    input: R,
    left: Rc<Cell<u64>>,
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.left.get()).unwrap_or(usize::MAX);
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let filled = self.input.fill_buf()?;
        Ok(&filled[..filled.len().min(left)])
    }

    fn consume(&mut self, amount: usize) {
        self.left.set(self.left.get().saturating_sub(amount as u64));
        self.input.consume(amount);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

const DEEPEST: usize = 64;
/// One tag, or one text: its end is looked for no further.
const LONGEST_TOKEN: u64 = 1024 * 1024;
