//! The file `signed`: every note a signer ever signed, each followed by a line `%`. It only grows.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use aduan::audit::notes;

use crate::FolderError;
use crate::secret_file;
use crate::statement::Statement;

/// The file, open and locked: no other process signs from it meanwhile.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// What was written last may not be on the disk, or not remembered: nothing follows before it was read again.
    is_doubtful: bool,
}

/// Reads a file from its first note on.
pub(crate) struct Reading<'f> {
    path: &'f Path,
    lines: BufReader<&'f File>,
    at: u64,
}

impl Journal {
    /// Makes one that begins with these notes, durably.
    pub(crate) fn create(path: &Path, statements: &[Statement]) -> Result<(), FolderError> {
        let failed = |error| FolderError::io(path, &error);
        let new = path.with_extension("new");
        secret_file::destroy(&new).map_err(failed)?;
        let text: String = statements.iter().map(notes::ended).collect();
        secret_file::create(&new, text.as_bytes()).map_err(failed)?;
        // A whole file under that name, or none.
        std::fs::rename(&new, path).and_then(|()| secret_file::sync_folder_of(path)).map_err(failed)
    }

    /// Opens one, and takes it for this process alone.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let failed = |error| FolderError::io(path, &error);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        secret_file::refuse_exposed(path, &file)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                FolderError::Locked { path: path.parent().unwrap_or(Path::new(".")).to_owned() }
            }
            TryLockError::Error(error) => failed(error),
        })?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Journal { path: path.to_owned(), file, length, is_doubtful: false })
    }

    /// Reads it from its first note on.
    pub(crate) fn read(&self) -> Result<Reading<'_>, FolderError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).map_err(|error| FolderError::io(&self.path, &error))?;
        Ok(Reading { path: &self.path, lines: BufReader::with_capacity(1 << 16, file), at: 0 })
    }

    /// The note at a place.
    pub(crate) fn note_at(&self, at: u64) -> io::Result<String> {
        let mut bytes = vec![0; usize::try_from(self.length - at).map_or(LONGEST, |left| left.min(LONGEST))];
        self.file.read_exact_at(&mut bytes, at)?;
        let text = String::from_utf8_lossy(&bytes);
        notes::split_first(&text).map(|(note, _)| note.to_owned()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Adds a note, and comes back when it is on the disk; the place where it stands. Another one is taken when this one
    /// is [remembered](Journal::settle).
    ///
    /// # Errors
    /// When it may not be there. Then nothing more is added: opening it again reads what is.
    pub(crate) fn append(&mut self, statement: &Statement) -> io::Result<u64> {
        if self.is_doubtful {
            return Err(io::Error::other("an earlier note may not be on the disk: start the signer again"));
        }
        let entry = notes::ended(statement);
        self.is_doubtful = true;
        self.file.seek(SeekFrom::Start(self.length))?;
        if let Err(error) = self.file.write_all(entry.as_bytes()) {
            // A disk that is full: what was written of it is taken back, and the next one may find room.
            self.is_doubtful = self.file.set_len(self.length).and_then(|()| self.file.sync_all()).is_err();
            return Err(error);
        }
        self.file.sync_all()?;
        let at = self.length;
        self.length += entry.len() as u64;
        Ok(at)
    }

    /// What was added last is remembered.
    pub(crate) fn settle(&mut self) {
        self.is_doubtful = false;
    }

    /// Cuts what stands behind the last whole note; how many bytes.
    pub(crate) fn cut_at(&mut self, end: u64) -> Result<u64, FolderError> {
        let torn = self.length - end;
        if torn > 0 {
            let cut = self.file.set_len(end).and_then(|()| self.file.sync_all());
            cut.map_err(|error| FolderError::io(&self.path, &error))?;
            self.length = end;
        }
        Ok(torn)
    }
}

impl Reading<'_> {
    /// The next note, and where it stands. Nothing at the end, or before a note that was torn by a crash: the place says
    /// how far the file is whole.
    pub(crate) fn next_note(&mut self) -> Result<Result<(u64, Statement), u64>, FolderError> {
        let (begin, mut text) = (self.at, Vec::new());
        let mut length = 0;
        loop {
            let room = (LONGEST - text.len()) as u64 + 1;
            let read = (&mut self.lines).take(room).read_until(b'\n', &mut text);
            let read = read.map_err(|error| FolderError::io(self.path, &error))?;
            length += read as u64;
            if text.len() > LONGEST {
                return Err(self.damaged(begin, "is longer than any"));
            }
            if read == 0 || !text.ends_with(b"\n") {
                return Ok(Err(begin));
            }
            if notes::ends_an_entry(&text) {
                break;
            }
        }
        self.at += length;
        text.truncate(text.len() - notes::END.len());
        let text = std::str::from_utf8(&text).map_err(|_| self.damaged(begin, "is no text"))?;
        match Statement::parse(text) {
            Ok(statement) => Ok(Ok((begin, statement))),
            Err(why) => Err(self.damaged(begin, &why)),
        }
    }

    /// What is wrong with the note at a place.
    pub(crate) fn damaged(&self, at: u64, why: &str) -> FolderError {
        FolderError::Damaged { path: self.path.to_owned(), why: format!("the note at byte {at}: {why}") }
    }
}

/// Of a note, in bytes, as the core reads them.
const LONGEST: usize = 64 << 10;
