//! Checkpoints in files: those that an auditor, a witness or a signer's keeper holds.

use std::fs;
use std::path::Path;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan::audit::notes;
use aduan::values::InvalidValue;

use crate::answer::Failure;

/// Every checkpoint in a file: one alone, or those that a notary appended, a signer wrote down or an export brought,
/// each followed by a line `%`.
///
/// Keys handed over, and what else a signer writes down, are passed over; so is what a crash left behind the last one.
///
/// # Errors
/// When it cannot be read, holds none, or holds a note that is damaged.
pub(crate) fn checkpoints_in(path: &Path) -> Result<Vec<SignedCheckpoint>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    read(&text).map_err(|why| Failure::Usage(format!("{}: {why}", path.display())))
}

/// The newest of them.
///
/// # Errors
/// As [`checkpoints_in`].
pub(crate) fn newest_in(path: &Path) -> Result<SignedCheckpoint, Failure> {
    // An export has them by size, and a line that goes on after a loss begins with smaller ones.
    let reached = |signed: &SignedCheckpoint| (signed.checkpoint().origin.line(), signed.checkpoint().size);
    let newest = checkpoints_in(path)?.into_iter().max_by_key(reached);
    newest.ok_or_else(|| Failure::Usage(format!("{}: {NONE}", path.display())))
}

fn read(text: &str) -> Result<Vec<SignedCheckpoint>, String> {
    let whole = notes::whole(text.as_bytes());
    // A note alone has no end.
    let read = if whole == 0 { text } else { &text[..whole] };
    let mut checkpoints = Vec::new();
    for (number, note) in (1..).zip(notes::split(read)) {
        match note.parse() {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(_) if is_of_another_kind(note) => {}
            Err(error) if whole == 0 => return Err(InvalidValue::to_string(&error)),
            Err(error) => return Err(format!("note {number}: {error}")),
        }
    }
    // Somebody may have put one alone behind the others.
    checkpoints.extend(text[whole..].parse::<SignedCheckpoint>().ok().filter(|_| whole > 0));
    if checkpoints.is_empty() { Err(NONE.to_owned()) } else { Ok(checkpoints) }
}

/// Whether a note says itself that it is something else: `aduan/key-rotation/v1`. No origin of a checkpoint reads so.
fn is_of_another_kind(note: &str) -> bool {
    let kind = note.lines().next().and_then(|line| line.strip_prefix("aduan/")?.strip_suffix("/v1"));
    kind.is_some_and(|kind| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}

const NONE: &str = "holds no checkpoint";

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

    #[test]
    fn all_are_read_whatever_stands_between_and_behind_them() {
        let rotation = Rotation::sign(at(1, 5).checkpoint().origin.clone(), 5, &key(1), &key(2));
        let file = notes::ended(at(1, 5)) + &notes::ended(&rotation);
        let torn = &notes::ended(at(1, 9))[..40];
        for (text, found) in [
            (at(1, 5).to_string(), vec![at(1, 5)]),
            (file.clone(), vec![at(1, 5)]),
            (format!("{file}{}", notes::ended(at(1, 9))), vec![at(1, 5), at(1, 9)]),
            (format!("{file}{}", at(1, 9)), vec![at(1, 5), at(1, 9)]),
            (format!("{file}{torn}"), vec![at(1, 5)]),
        ] {
            assert_eq!(read(&text), Ok(found), "{text}");
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attestations");
        fs::write(&path, [at(1, 5), at(2, 16), at(1, 20)].map(notes::ended).concat()).unwrap();
        assert_eq!(newest_in(&path).unwrap(), at(2, 16));
    }
}
