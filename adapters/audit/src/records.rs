//! Lines of a file, one after the other, with bounded memory.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::num::NonZero;
use std::path::Path;

use aduan::values::ComplaintId;

/// A whole file that should be small. A link, a pipe or a device is none, nor is what is larger: whoever hands over a
/// folder must not be able to hold up who reads it.
pub(crate) fn whole(path: &Path) -> io::Result<Vec<u8>> {
    let (file, length) = regular(path)?;
    if length > LARGEST {
        return Err(io::Error::other("is larger than any"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text.
pub(crate) fn whole_text(path: &Path) -> io::Result<String> {
    String::from_utf8(whole(path)?).map_err(|_| io::Error::other("is no UTF-8"))
}

/// A file and its length, if it is one.
pub(crate) fn regular(path: &Path) -> io::Result<(File, u64)> {
    let found = fs::symlink_metadata(path)?;
    if found.is_file() { Ok((File::open(path)?, found.len())) } else { Err(io::Error::other("is no regular file")) }
}

/// Reads a file line by line.
pub(crate) struct Lines {
    file: BufReader<File>,
    /// Of the file's own buffer: the line that was read last.
    used: usize,
    /// A line that lies across the end of that buffer.
    buffer: Vec<u8>,
    number: u64,
}

/// A line, or why it is none.
pub(crate) enum Line<'a> {
    /// Without its end.
    Text(&'a str),
    /// Not wanted, and not looked at any further.
    Passed,
    /// The last one, which has no end.
    Endless(&'a str),
    /// Not UTF-8, or too long.
    Broken(&'static str),
}

impl Lines {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::with_capacity(BUFFER, regular(path)?.0);
        Ok(Lines { file, used: 0, buffer: Vec::new(), number: 0 })
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.next_if(|_| true)
    }

    /// The next line, if it is wanted by its first bytes; none at the end.
    pub(crate) fn next_if(&mut self, is_wanted: impl FnOnce(&[u8]) -> bool) -> io::Result<Option<Line<'_>>> {
        self.file.consume(std::mem::take(&mut self.used));
        if let Some(end) = memchr::memchr(b'\n', self.file.fill_buf()?) {
            self.used = end + 1;
            self.number += 1;
            let line = &self.file.buffer()[..end];
            return Ok(Some(if is_wanted(line) { told(line, true) } else { Line::Passed }));
        }
        self.read_across()?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.len() > LONGEST {
            return Ok(Some(Line::Broken("is longer than any")));
        }
        let line = self.buffer.strip_suffix(b"\n");
        let bytes = line.unwrap_or(&self.buffer);
        Ok(Some(if is_wanted(bytes) { told(bytes, line.is_some()) } else { Line::Passed }))
    }

    /// Reads on to the end of a line. Of one that is too long no more is kept than shows that it is.
    fn read_across(&mut self) -> io::Result<()> {
        self.buffer.clear();
        loop {
            let available = self.file.fill_buf()?;
            let end = memchr::memchr(b'\n', available).map(|end| end + 1);
            let taken = end.unwrap_or(available.len());
            if self.buffer.len() <= LONGEST {
                self.buffer.extend_from_slice(&available[..taken]);
            }
            self.file.consume(taken);
            if end.is_some() || taken == 0 {
                return Ok(());
            }
        }
    }
}

fn told(line: &[u8], has_end: bool) -> Line<'_> {
    match str::from_utf8(line) {
        Ok(text) if has_end => Line::Text(text),
        Ok(text) => Line::Endless(text),
        Err(_) => Line::Broken("is no UTF-8"),
    }
}

/// A share of the complaints, so that what is remembered of them stays within bounds however many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// From 0.
    pub(crate) number: u32,
    /// How many shares there are.
    pub(crate) of: u32,
}

impl Share {
    /// Shares of a file of records, of so many bytes each.
    pub(crate) fn all(bytes: u64, share: NonZero<u64>) -> impl Iterator<Item = Share> {
        let of = u32::try_from(bytes.div_ceil(share.get()).max(1)).unwrap_or(u32::MAX);
        (0..of).map(move |number| Share { number, of })
    }

    /// Whether it is the first, which looks after what is not of one complaint, too.
    pub(crate) fn is_first(self) -> bool {
        self.number == 0
    }

    /// Whether a complaint is of this share. Shares follow each other in the order of ids.
    pub(crate) fn holds(self, complaint: ComplaintId) -> bool {
        let [a, b, c, d, ..] = *complaint.0.as_bytes();
        let place = u64::from(u32::from_be_bytes([a, b, c, d])) * u64::from(self.of);
        (place >> 32) as u32 == self.number
    }
}

/// Of an event at most 256 KiB may be asked; escaped, with its metadata, less than this.
const LONGEST: usize = 4 << 20;
/// A year of checkpoints every ten minutes, with witnesses, is a tenth of it.
const LARGEST: u64 = 512 << 20;
const BUFFER: usize = 1 << 18;
/// About 370,000 records of 37,000 complaints, of which three kilobytes each are remembered.
pub(crate) const SHARE: NonZero<u64> = NonZero::new(512 << 20).expect("not zero");

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn every_complaint_is_of_one_share_and_shares_follow_the_order_of_ids() {
        let shares: Vec<Share> = Share::all(7 * SHARE.get(), SHARE).collect();
        assert_eq!(shares.len(), 7);
        let mut last = 0;
        for number in 0..10_000_u128 {
            let id = ComplaintId(Uuid::from_u128(number * (u128::MAX / 10_000)));
            let held: Vec<u32> = shares.iter().filter(|share| share.holds(id)).map(|share| share.number).collect();
            let [share] = held[..] else { panic!("{id} is of {held:?}") };
            assert!(share >= last);
            last = share;
        }
        assert_eq!(last, 6);
    }

    /// What a file's lines are read as: their lengths, and what is wrong with them.
    fn told_of(path: &Path) -> Vec<(usize, Option<&'static str>)> {
        let mut lines = Lines::open(path).unwrap();
        let mut told = Vec::new();
        while let Some(line) = lines.next_if(|_| true).unwrap() {
            told.push(match line {
                Line::Text(text) => (text.len(), None),
                Line::Endless(text) => (text.len(), Some("has no end")),
                Line::Broken(why) => (0, Some(why)),
                Line::Passed => unreachable!("all are wanted"),
            });
            assert_eq!(lines.number(), told.len() as u64);
        }
        told
    }

    #[test]
    fn lines_of_every_length_are_read_wherever_the_buffer_ends() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lines");
        let lengths = [0, 1, BUFFER - 2, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER, 0, 5, LONGEST - 1, 7];
        let text: String = lengths.iter().map(|length| "x".repeat(*length) + "\n").collect();
        fs::write(&path, &text).unwrap();
        assert_eq!(told_of(&path), lengths.map(|length| (length, None)));
        fs::write(&path, text + "end").unwrap();
        assert_eq!(told_of(&path).last(), Some(&(3, Some("has no end"))));
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_the_longest() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lines");
        let text = "{\"position\":1}\n".to_owned() + &"x".repeat(4 * LONGEST) + "\n{}\n";
        fs::write(&path, text).unwrap();
        let mut lines = Lines::open(&path).unwrap();
        while lines.next_if(|_| true).unwrap().is_some() {
            assert!(lines.buffer.capacity() <= 2 * (LONGEST + BUFFER), "{} bytes", lines.buffer.capacity());
        }
        assert_eq!(told_of(&path), [(14, None), (0, Some("is longer than any")), (2, None)]);
    }

    #[cfg(unix)]
    #[test]
    fn links_pipes_folders_and_devices_are_no_files_and_hold_up_nobody() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("file"), "{}\n").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        for path in [at("link"), at("pipe"), at("folder"), "/dev/zero".into()] {
            assert_eq!(whole(&path).unwrap_err().to_string(), "is no regular file", "{path:?}");
            assert!(Lines::open(&path).is_err(), "{path:?}");
        }
        assert_eq!(whole(&at("file")).unwrap(), b"{}\n");
    }

    #[test]
    fn a_small_file_that_is_not_small_is_refused_unread() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("checkpoint");
        // As long as it says, and nothing on the disk.
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(whole(&path).unwrap_err().to_string(), "is larger than any");
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(whole_text(&path).unwrap_err().to_string(), "is no UTF-8");
    }
}
