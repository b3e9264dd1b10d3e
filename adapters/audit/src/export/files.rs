//! The files that grow, and the note of how far they have come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aduan::record::Record;
use aduan::sealed::{ComplaintKey, SealedBox};
use aduan::values::{Digest, Position};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Export, ExportError, at};
use crate::line;
use crate::manifest::{Manifest, Scope};
use crate::names;

/// How far an export has come: everything up to there is on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) position: Position,
    pub(super) records: u64,
    /// How long the files are: leaves, records, boxes, keys. What is behind was not noted, and is cut.
    lengths: [u64; 4],
}

/// What must be the same for an export to go on.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    checkpoint: Digest,
    scope: Scope,
    boxes: bool,
    keys: bool,
    progress: Progress,
}

/// The files that grow with the records.
pub(super) struct Files {
    folder: PathBuf,
    noted: Noted,
    growing: [Growing; 4],
    line: String,
}

struct Growing {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl Files {
    /// Opens them: empty, or cut back to what was noted of the same export.
    pub(super) fn begin(export: &Export) -> Result<(Self, Option<Progress>), ExportError> {
        let folder = &export.folder;
        let occupied = |what| ExportError::Occupied { folder: folder.clone(), what };
        fs::create_dir_all(folder).map_err(at(folder))?;
        for_the_owner_alone(folder).map_err(at(folder))?;
        if folder.join(names::MANIFEST).exists() {
            // Cut between the last two steps: the note is left over.
            remove_note(folder)?;
            return Err(occupied("a finished export"));
        }
        let mut wanted = Noted {
            checkpoint: Digest::of(export.checkpoint.note().text().as_bytes()),
            scope: export.scope,
            boxes: export.boxes,
            keys: export.keys.is_some(),
            progress: Progress::default(),
        };
        let path = folder.join(names::PROGRESS);
        let resumed = match fs::read(&path) {
            Ok(bytes) => {
                let noted: Noted = serde_json::from_slice(&bytes).map_err(|_| occupied("something else"))?;
                wanted.progress = noted.progress;
                if noted != wanted {
                    return Err(occupied("the beginning of another export: of another checkpoint, scope or content"));
                }
                Some(noted.progress)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut there = fs::read_dir(folder).map_err(at(folder))?;
                if there.next().is_some() {
                    return Err(occupied("something else"));
                }
                None
            }
            Err(error) => return Err(ExportError::File { path, error }),
        };
        let has = [!matches!(export.scope, Scope::Complaint(_)), true, export.boxes, export.keys.is_some()];
        let lengths = wanted.progress.lengths;
        let growing = |number: usize| Growing::open(folder.join(GROWING[number]), has[number], lengths[number]);
        let growing = [growing(0)?, growing(1)?, growing(2)?, growing(3)?];
        let mut files = Files { folder: folder.clone(), noted: wanted, growing, line: String::new() };
        if resumed.is_none() {
            files.note(0, 0)?;
        }
        Ok((files, resumed))
    }

    pub(super) fn leaf(&mut self, leaf: Digest) -> Result<(), ExportError> {
        self.growing[0].append(&leaf.0)
    }

    pub(super) fn record(&mut self, position: Position, record: &Record) -> Result<(), ExportError> {
        self.line.clear();
        line::write(&mut self.line, position, record);
        self.growing[1].append(self.line.as_bytes())
    }

    pub(super) fn sealed(&mut self, position: Position, field: &str, sealed: &SealedBox) -> Result<(), ExportError> {
        let (digest, bytes) = (sealed.digest.0, STANDARD.encode(&sealed.bytes));
        let line =
            format!("{{\"position\":{position},\"field\":\"{field}\",\"digest\":\"{digest}\",\"box\":\"{bytes}\"}}\n");
        self.growing[2].append(line.as_bytes())
    }

    pub(super) fn key(&mut self, position: Position, key: &ComplaintKey) -> Result<(), ExportError> {
        let (commitment, key) = (key.commitment(), Digest(*key.expose()));
        let line = format!("{{\"position\":{position},\"commitment\":\"{commitment}\",\"key\":\"{key}\"}}\n");
        self.growing[3].append(line.as_bytes())
    }

    /// Every leaf that was written.
    pub(super) fn each_leaf(&self, mut take: impl FnMut(Digest)) -> Result<(), ExportError> {
        let Growing { path, file: Some(_), length } = &self.growing[0] else { return Ok(()) };
        let mut leaves = BufReader::new(File::open(path).map_err(at(path))?).take(*length);
        let mut leaf = [0; 32];
        for _ in 0..length / 32 {
            leaves.read_exact(&mut leaf).map_err(at(path))?;
            take(Digest(leaf));
        }
        Ok(())
    }

    /// Notes how far it has come, after what comes before is on the disk.
    pub(super) fn note(&mut self, position: Position, records: u64) -> Result<(), ExportError> {
        for growing in &mut self.growing {
            growing.sync()?;
        }
        let lengths = self.growing.each_ref().map(|growing| growing.length);
        self.noted.progress = Progress { position, records, lengths };
        replace(&self.folder, names::PROGRESS, &self.noted)
    }

    /// Nothing is to come.
    pub(super) fn finish(self) -> Result<(), ExportError> {
        self.growing.into_iter().try_for_each(|mut growing| growing.sync())
    }
}

/// The manifest makes a folder an export, and takes the place of the note.
pub(super) fn write_last(folder: &Path, manifest: &Manifest) -> Result<(), ExportError> {
    sync_folder(folder)?;
    replace(folder, names::MANIFEST, manifest)?;
    sync_folder(folder)?;
    remove_note(folder)
}

fn remove_note(folder: &Path) -> Result<(), ExportError> {
    let path = folder.join(names::PROGRESS);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ExportError::File { path, error }),
        _ => Ok(()),
    }
}

impl Growing {
    fn open(path: PathBuf, is_wanted: bool, length: u64) -> Result<Self, ExportError> {
        if !is_wanted {
            return Ok(Growing { path, file: None, length: 0 });
        }
        let open = || {
            let mut file = OpenOptions::new().create(true).truncate(false).write(true).read(true).open(&path)?;
            if file.metadata()?.len() < length {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "is shorter than was noted of it"));
            }
            file.set_len(length)?;
            io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
            Ok(BufWriter::with_capacity(BUFFER, file))
        };
        let file = open().map_err(at(&path))?;
        Ok(Growing { path, file: Some(file), length })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.length += bytes.len() as u64;
        file.write_all(bytes).map_err(at(&self.path))
    }

    fn sync(&mut self) -> Result<(), ExportError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush().and_then(|()| file.get_ref().sync_data()).map_err(at(&self.path))
    }
}

/// Records of whistleblowers' reports are in it, and keys may be.
fn for_the_owner_alone(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let _ = folder;
    Ok(())
}

/// The names of files are in their folder.
fn sync_folder(folder: &Path) -> Result<(), ExportError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

/// Writes a small file whole or not at all.
fn replace<T: Serialize>(folder: &Path, name: &str, value: &T) -> Result<(), ExportError> {
    let (path, beside) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || {
        let mut file = File::create(&beside)?;
        serde_json::to_writer(&mut file, value)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write().map_err(at(&path))
}

/// In the order of [`Progress::lengths`].
const GROWING: [&str; 4] = [names::LEAVES, names::RECORDS, names::BOXES, names::KEYS];
const BUFFER: usize = 1 << 18;
