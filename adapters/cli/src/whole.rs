//! Files that are written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::tenant::beside;

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Readers {
    /// Whoever may read the folder.
    Anyone,
    /// Nobody but its owner, where the system knows owners: it holds personal values.
    Owner,
}

/// Where something is written. A file comes into being when it is kept, and where it is not, nothing is left behind; a
/// link is followed; standard output, a pipe and what else is no file is written to as it is.
pub(crate) struct Whole {
    writer: BufWriter<Box<dyn Write>>,
    place: Place,
}

enum Place {
    /// As it is written.
    Standard,
    /// As it is written.
    Other,
    /// It is written here, and will stand there.
    File(PathBuf, PathBuf),
}

impl Whole {
    /// Begins to write. Standard output is `-`, or whatever the system calls it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn open(path: &Path, readers: Readers) -> io::Result<Self> {
        let (writer, place): (Box<dyn Write>, _) = match fs::metadata(path) {
            _ if path == Path::new("-") => (Box::new(io::stdout()), Place::Standard),
            Ok(there) if is_standard_output(&there) => (Box::new(io::stdout()), Place::Standard),
            Ok(there) if !there.is_file() => (Box::new(OpenOptions::new().write(true).open(path)?), Place::Other),
            Ok(_) => begin(path.canonicalize()?, readers)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => begin(led_to(path)?, readers)?,
            Err(error) => return Err(error),
        };
        Ok(Whole { writer: BufWriter::new(writer), place })
    }

    /// Whether it goes to standard output, which then holds nothing else.
    pub(crate) fn is_standard_output(&self) -> bool {
        matches!(self.place, Place::Standard)
    }

    /// It is whole: it takes its place.
    ///
    /// # Errors
    /// When it cannot be written to the end, or put in its place.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Place::File(new, path) = &self.place {
            File::open(new)?.sync_all()?;
            fs::rename(new, path)?;
            self.place = Place::Other;
        }
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Whole {
    /// What is not whole goes.
    fn drop(&mut self) {
        if let Place::File(new, _) = &self.place {
            // What could not be made may not be there to remove.
            let _ = fs::remove_file(new);
        }
    }
}

/// Writes a text whole or not at all.
///
/// # Errors
/// When it cannot be made, written or put in its place; then nothing is left behind.
pub(crate) fn write_whole(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mut file = Whole::open(path, readers)?;
    file.write_all(text.as_bytes())?;
    file.keep()
}

fn begin(path: PathBuf, readers: Readers) -> io::Result<(Box<dyn Write>, Place)> {
    let new = beside(&path, &format!(".{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    Ok((Box::new(options.open(&new)?), Place::File(new, path)))
}

/// Whether standard output goes there, by whatever name: replaced, it would take the answers behind it along.
#[cfg(unix)]
fn is_standard_output(there: &fs::Metadata) -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let out = io::stdout().as_fd().try_clone_to_owned().and_then(|out| File::from(out).metadata());
    out.is_ok_and(|out| (out.dev(), out.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_standard_output(_: &fs::Metadata) -> bool {
    false
}

/// Where a file is to be made: a link may lead to one that is not there yet, and over other links.
fn led_to(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = place.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("leads over too many links"))
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;
