//! Checkpoints in files: those that an auditor, a witness or a signer's keeper holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::notes;
use aduan::values::InvalidValue;

use crate::answer::{Failure, Teller};

/// Checkpoints that somebody holds, of one ledger or of several: two notaries may keep theirs in one file.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Held {
    /// In the order in which they stand there.
    pub(crate) checkpoints: Vec<SignedCheckpoint>,
    /// Where something stands behind the last whole note of a file that is none: a crash tore it, or somebody did.
    pub(crate) not_read: Vec<String>,
}

impl Held {
    /// Every checkpoint in a file: one alone, or those that a notary appended, a signer wrote down or an export brought,
    /// each followed by a line `%`.
    ///
    /// Keys handed over, and what else a signer writes down, are passed over; what a crash left behind the last one is
    /// told.
    ///
    /// # Errors
    /// When it cannot be read, holds none, or holds a note that is damaged.
    pub(crate) fn in_file(path: &Path, teller: Teller) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        let mut held = read(&text).map_err(|why| Failure::Usage(format!("{}: {why}", path.display())))?;
        for why in &mut held.not_read {
            *why = format!("{}: {why}", path.display());
            teller.warn(why);
        }
        Ok(held)
    }

    /// Those in several files.
    ///
    /// # Errors
    /// As [`Held::in_file`].
    pub(crate) fn in_files(paths: &[PathBuf], teller: Teller) -> Result<Self, Failure> {
        let mut held = Held::default();
        for path in paths {
            held.add(Held::in_file(path, teller)?);
        }
        Ok(held)
    }

    /// And those of another file.
    pub(crate) fn add(&mut self, other: Held) {
        self.checkpoints.extend(other.checkpoints);
        self.not_read.extend(other.not_read);
    }

    /// The newest of each ledger, by what the ledger's keys are named.
    pub(crate) fn newest(self) -> BTreeMap<String, SignedCheckpoint> {
        // An export has them by size, and a line that goes on after a loss begins with smaller ones.
        let reached = |signed: &SignedCheckpoint| (signed.checkpoint().origin.line(), signed.checkpoint().size);
        let mut newest: BTreeMap<String, SignedCheckpoint> = BTreeMap::new();
        for signed in self.checkpoints {
            let ledger = signed.checkpoint().origin.key_name();
            if newest.get(ledger).is_none_or(|other| reached(other) <= reached(&signed)) {
                newest.insert(ledger.to_owned(), signed);
            }
        }
        newest
    }
}

fn read(text: &str) -> Result<Held, String> {
    let whole = notes::whole(text.as_bytes());
    // A note alone has no end.
    let (read, behind) = if whole == 0 { (text, "") } else { text.split_at(whole) };
    let mut held = Held::default();
    let mut count = 0;
    for note in notes::split(read) {
        count += 1;
        match note.parse() {
            Ok(checkpoint) => held.checkpoints.push(checkpoint),
            Err(_) if is_of_another_kind(note) => {}
            Err(error) if whole == 0 => return Err(InvalidValue::to_string(&error)),
            Err(error) => return Err(format!("note {count}: {error}")),
        }
    }
    // Somebody may have put one alone behind the others.
    match behind.parse() {
        Ok(checkpoint) => held.checkpoints.push(checkpoint),
        Err(_) if behind.trim().is_empty() || is_of_another_kind(behind) => {}
        Err(_) => held.not_read.push(format!("behind note {count}: not read")),
    }
    if held.checkpoints.is_empty() { Err("holds no checkpoint".to_owned()) } else { Ok(held) }
}

/// Whether a note says itself that it is something else: `aduan/key-rotation/v1`. No origin of a checkpoint reads so.
fn is_of_another_kind(note: &str) -> bool {
    let kind = note.lines().next().and_then(|line| line.strip_prefix("aduan/")?.strip_suffix("/v1"));
    kind.is_some_and(|kind| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use aduan::audit::checkpoint::{Checkpoint, Origin};
    use aduan::audit::keys::Rotation;
    use aduan::audit::note::NoteKey;
    use aduan::values::{Digest, LedgerId};

    use super::*;

    fn key(seed: u8) -> NoteKey {
        NoteKey::from_seed("aduan/v1", &[seed; 32]).unwrap()
    }

    /// Of a ledger whose name looks like the end of a label.
    fn at(line: u32, size: u64) -> SignedCheckpoint {
        let origin = Origin::of(&LedgerId::new("v1").unwrap(), line);
        Checkpoint { origin, size, root: Digest::of(b"") }.sign(&key(1), 1_700_000_000)
    }

    fn of_kediri(size: u64) -> SignedCheckpoint {
        let origin = Origin::of(&LedgerId::new("kediri").unwrap(), 1);
        let key = NoteKey::from_seed("aduan/kediri", &[3; 32]).unwrap();
        Checkpoint { origin, size, root: Digest::of(b"") }.sign(&key, 1_700_000_000)
    }

    #[test]
    fn all_are_read_whatever_stands_between_and_behind_them() {
        let rotation = Rotation::sign(at(1, 5).checkpoint().origin.clone(), 5, &key(1), &key(2));
        let file = notes::ended(at(1, 5)) + &notes::ended(&rotation);
        for (text, found) in [
            (at(1, 5).to_string(), vec![at(1, 5)]),
            (file.clone(), vec![at(1, 5)]),
            (format!("{file}\n"), vec![at(1, 5)]),
            (format!("{file}{rotation}"), vec![at(1, 5)]),
            (format!("{file}{}", notes::ended(at(1, 9))), vec![at(1, 5), at(1, 9)]),
            (format!("{file}{}", at(1, 9)), vec![at(1, 5), at(1, 9)]),
        ] {
            assert_eq!(read(&text), Ok(Held { checkpoints: found, not_read: Vec::new() }), "{text}");
        }
    }

    #[test]
    fn what_is_torn_behind_the_last_one_is_told() {
        let file = notes::ended(at(1, 5)) + &notes::ended(at(1, 7));
        let next = notes::ended(at(1, 9));
        let end_of_text = next.find("\n\n").unwrap();
        for torn in
            [&next[..3], &next[..end_of_text], &next[..next.len() - 20], &next.replace("\n9\n", "\nnine\n")[..80]]
        {
            let held = read(&format!("{file}{torn}")).unwrap();
            assert_eq!(held.checkpoints, [at(1, 5), at(1, 7)], "{torn}");
            assert_eq!(held.not_read, ["behind note 2: not read"], "{torn}");
        }
    }

    #[test]
    fn a_file_without_one_or_with_a_damaged_one_is_refused() {
        let rotation = Rotation::sign(at(1, 5).checkpoint().origin.clone(), 5, &key(1), &key(2));
        let damaged = at(1, 9).to_string().replace("\n9\n", "\nnine\n");
        for text in [
            String::new(),
            rotation.to_string(),
            notes::ended(&rotation),
            damaged.clone(),
            notes::ended(at(1, 5)) + &notes::ended(&damaged),
            notes::ended(&damaged) + &notes::ended(at(1, 5)),
            notes::ended("Lampu mati\n"),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_newest_is_of_the_last_line_however_small_it_is() {
        let held = read(&[at(1, 5), at(2, 16), at(1, 20)].map(notes::ended).concat()).unwrap();
        assert_eq!(held.newest(), BTreeMap::from([("aduan/v1".to_owned(), at(2, 16))]));
    }

    #[test]
    fn of_each_ledger_in_a_file_there_is_a_newest() {
        let file = [at(1, 5), of_kediri(7), at(1, 5_000), of_kediri(90), of_kediri(8)].map(notes::ended).concat();
        let newest = read(&file).unwrap().newest();
        let expected = [("aduan/kediri".to_owned(), of_kediri(90)), ("aduan/v1".to_owned(), at(1, 5_000))];
        assert_eq!(newest, BTreeMap::from(expected));
    }
}
