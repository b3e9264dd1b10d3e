//! The rejects file: rows that were not taken, each with its number and the reason.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use csv::Writer;

use crate::answer::Failure;

/// Rows that were not taken, as they stood: CSV with the map's delimiter. For a CSV source the map reads this file
/// too, once its rows are mended.
pub(crate) struct Rejects {
    path: PathBuf,
    header: Vec<Vec<u8>>,
    delimiter: u8,
    /// Whether the path is ours: then a file of an earlier run goes when this one has none.
    is_default: bool,
    writer: Option<Writer<File>>,
}

impl Rejects {
    /// A file that comes into being with its first row.
    pub(crate) fn new(path: PathBuf, is_default: bool, header: &[Vec<u8>], delimiter: u8) -> Self {
        Rejects { path, header: header.to_vec(), delimiter, is_default, writer: None }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn add(&mut self, row: u64, why: &str, raw: &[Vec<u8>]) -> Result<(), Failure> {
        if self.writer.is_none() {
            let mut writer =
                csv::WriterBuilder::new().flexible(true).delimiter(self.delimiter).from_writer(self.create()?);
            let named = [b"reject_row".as_slice(), b"reject_reason"];
            let written = writer.write_record(named.into_iter().chain(self.header.iter().map(Vec::as_slice)));
            written.map_err(|error| self.failed(&error))?;
            self.writer = Some(writer);
        }
        let number = row.to_string();
        let fields = [number.as_bytes(), why.as_bytes()].into_iter().chain(raw.iter().map(Vec::as_slice));
        let written = self.writer.as_mut().map_or(Ok(()), |writer| writer.write_record(fields));
        written.map_err(|error| self.failed(&error))
    }

    /// Says where the file is. One of an earlier run is gone if this one has none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, Failure> {
        if let Some(writer) = &mut self.writer {
            writer.flush().map_err(|error| Failure::file(&self.path, &error))?;
            return Ok(Some(self.path));
        }
        if !self.is_default {
            return Ok(None);
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file(&self.path, &error)),
            _ => Ok(None),
        }
    }

    /// Only its owner reads it: its rows are personal, and in the clear.
    fn create(&self) -> Result<File, Failure> {
        let failed = |error| Failure::file(&self.path, &error);
        match fs::read(&self.path) {
            Ok(old) if old.is_empty() || old.starts_with(b"reject_row") => {
                fs::remove_file(&self.path).map_err(failed)?;
            }
            Ok(_) => {
                let why =
                    format!("{} exists, and is no rejects file: name another with --rejects", self.path.display());
                return Err(Failure::Usage(why));
            }
            Err(_) => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path).map_err(failed)
    }

    fn failed(&self, error: &csv::Error) -> Failure {
        Failure::Failed(format!("{}: {error}", self.path.display()))
    }
}
