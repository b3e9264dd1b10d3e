//! A file of checkpoints, one behind the other: what lies outside of the database.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use aduan::audit::notes;
use aduan::audit::sink::{CheckpointSink, SinkError};
use aduan::store::Attestation;
use async_trait::async_trait;

/// Appends each note and a line `%`, as the file `attestations` of an export has it.
pub(super) struct FileSink {
    path: PathBuf,
}

impl FileSink {
    /// Into that file, made where it is missing.
    pub(super) fn new(path: PathBuf) -> Self {
        FileSink { path }
    }
}

#[async_trait]
impl CheckpointSink for FileSink {
    async fn keep(&self, attestation: &Attestation) -> Result<(), SinkError> {
        let kept = append(&self.path, &notes::ended(&attestation.note));
        kept.map_err(|error| SinkError { sink: self.path.display().to_string(), why: error.to_string() })
    }
}

/// Appends an entry, unless it is among the last ones already: a notary that starts brings what was signed once more.
/// What a crash left behind the last whole one goes: nobody was told that it is there.
fn append(path: &Path, entry: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    // Two notaries may keep theirs in one file.
    file.lock()?;
    let length = file.metadata()?.len();
    let tail = tail(&mut file, length)?;
    let whole = &tail[..notes::whole(&tail)];
    if !holds(whole, entry.as_bytes()) {
        let end = length - (tail.len() - whole.len()) as u64;
        if end < length {
            file.set_len(end)?;
        }
        file.seek(SeekFrom::Start(end))?;
        file.write_all(entry.as_bytes())?;
    }
    file.sync_all()?;
    // The name of a new file is in its folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if length == 0 { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Whether an entry is among the last ones.
fn holds(whole: &[u8], entry: &[u8]) -> bool {
    (0..whole.len()).any(|at| whole[at..].starts_with(entry) && (at == 0 || notes::ends_an_entry(&whole[..at])))
}

/// The end of a file: more than the longest entry has.
fn tail(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail)
}

/// Twice the longest note.
const TAIL: u64 = 128 << 10;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_is_there_once_and_what_a_crash_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints");
        let entry = |number: u8| format!("aduan/mojokerto\n{number}\n\n— aduan/mojokerto AAAA\n%\n");
        for number in [1, 1, 2, 2, 2] {
            append(&path, &entry(number)).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), entry(1) + &entry(2));
        // Cut anywhere in the third: the next one stands behind the second.
        let third = entry(3);
        for cut in 0..=third.len() {
            fs::write(&path, entry(1) + &entry(2)).unwrap();
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(&third.as_bytes()[..cut]).unwrap();
            append(&path, &third).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), entry(1) + &entry(2) + &third, "cut after {cut}");
        }
        // Cut in the very first.
        fs::write(&path, "aduan/moj").unwrap();
        append(&path, &entry(1)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), entry(1));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(append(folder.path(), "a\n%\n").is_err(), "a folder");
        assert!(append(&folder.path().join("no/such"), "a\n%\n").is_err());
    }
}
