//! Lines of bounded length: one that is too long is passed over without being kept.

use std::io::{self, BufRead};

/// Reads lines, never more than `longest` bytes of one.
pub(crate) struct BoundedLines<R> {
    input: R,
    longest: usize,
    line: Vec<u8>,
}

/// A line, or the place of one.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    /// Its bytes, without the newline.
    Line(&'a [u8]),
    /// It was longer than allowed, and is gone.
    TooLong,
}

impl<R: BufRead> BoundedLines<R> {
    /// Lines of `input` of at most `longest` bytes.
    pub(crate) fn new(input: R, longest: usize) -> Self {
        BoundedLines { input, longest, line: Vec::new() }
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.line.clear();
        let mut length = 0_usize;
        let mut is_at_end = true;
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                break;
            }
            is_at_end = false;
            let newline = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..newline.unwrap_or(chunk.len())];
            length = length.saturating_add(part.len());
            if length <= self.longest {
                self.line.extend_from_slice(part);
            }
            let used = newline.map_or(chunk.len(), |at| at + 1);
            self.input.consume(used);
            if newline.is_some() {
                break;
            }
        }
        if is_at_end {
            return Ok(None);
        }
        Ok(Some(if length > self.longest { Piece::TooLong } else { Piece::Line(&self.line) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, buffer: usize) -> Vec<Option<String>> {
        let mut lines = BoundedLines::new(io::BufReader::with_capacity(buffer, text.as_bytes()), 5);
        let mut read = Vec::new();
        while let Some(piece) = lines.next_line().unwrap() {
            read.push(match piece {
                Piece::Line(line) => Some(String::from_utf8(line.to_vec()).unwrap()),
                Piece::TooLong => None,
            });
        }
        read
    }

    #[test]
    fn a_long_line_is_passed_over_and_the_next_one_read() {
        let long = "x".repeat(1000);
        for buffer in [1, 3, 64, 8192] {
            let lines = read(&format!("one\n\n{long}\nabcde\nabcdef\nlast"), buffer);
            let some = |text: &str| Some(text.to_owned());
            assert_eq!(lines, [some("one"), some(""), None, some("abcde"), None, some("last")], "buffer {buffer}");
        }
    }

    #[test]
    fn a_newline_at_the_end_begins_no_line() {
        assert_eq!(read("a\n", 64), [Some("a".to_owned())]);
        assert!(read("", 64).is_empty());
    }
}
