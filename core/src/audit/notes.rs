//! Files of notes: one behind the other, each followed by a line `%`.

use std::fmt::Display;

/// A note as it stands in such a file.
///
/// ```
/// use aduan::audit::notes::{ended, split, whole};
///
/// let file = ended("one\n\n— a AAAA\n") + &ended("two\n\n— a AAAA\n");
/// assert_eq!(split(&file).collect::<Vec<_>>(), ["one\n\n— a AAAA\n", "two\n\n— a AAAA\n"]);
/// let torn = format!("{file}thr");
/// assert_eq!(whole(torn.as_bytes()), file.len());
/// ```
pub fn ended(note: impl Display) -> String {
    format!("{note}{END}")
}

/// The notes of a file, in order. What stands behind the last line `%` is told, too: a note alone, or what a crash left
/// of one.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (note, behind) = split_first(rest).unwrap_or((rest, ""));
        let is_over = rest.is_empty();
        rest = behind;
        (!is_over).then_some(note)
    })
}

/// The first note, and what stands behind its end; nothing where it has none.
pub fn split_first(text: &str) -> Option<(&str, &str)> {
    let end = (END.len()..=text.len()).find(|end| ends_an_entry(&text.as_bytes()[..*end]))?;
    Some((&text[..end - END.len()], &text[end..]))
}

/// How many bytes of a file, or of its end, are whole entries: what is behind them a crash left.
pub fn whole(bytes: &[u8]) -> usize {
    (END.len()..=bytes.len()).rev().find(|end| ends_an_entry(&bytes[..*end])).unwrap_or(0)
}

/// Whether bytes end with the end of an entry.
pub fn ends_an_entry(bytes: &[u8]) -> bool {
    bytes.strip_suffix(END.as_bytes()).is_some_and(|before| before.ends_with(b"\n"))
}

/// Behind each note. A note ends with a whole line, so that this is always a line of its own.
pub const END: &str = "%\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_split_where_lines_say_so_and_nowhere_else() {
        let notes = |text| split(text).collect::<Vec<_>>();
        assert_eq!(notes(""), [""; 0]);
        assert_eq!(notes("one\n"), ["one\n"], "one alone");
        assert_eq!(notes("one\n%\n"), ["one\n"]);
        assert_eq!(notes("50 %\nof it\n%\ntwo\n%\nthr"), ["50 %\nof it\n", "two\n", "thr"]);
        assert_eq!(notes("one\n%\n%\n"), ["one\n", "%\n"], "an end without a note is no entry");
    }

    #[test]
    fn what_is_whole_ends_with_the_last_end() {
        for (file, end) in [("", 0), ("on", 0), ("one\n%", 0), ("one\n%\n", 6), ("one\n%\ntwo\n%", 6), ("a %\n", 0)] {
            assert_eq!(whole(file.as_bytes()), end, "{file:?}");
        }
    }
}
