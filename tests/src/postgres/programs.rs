//! Where PostgreSQL's programs are on this machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::HarnessError;

/// The folder that holds `initdb` and `postgres`: that of `PG_BIN`, else the first of `PATH`, of `pg_config`, and of the
/// newest version in Debian's place.
pub(super) fn find() -> Result<PathBuf, HarnessError> {
    let pg_bin = env::var_os("PG_BIN").filter(|set| !set.is_empty());
    find_among(pg_bin, env::var_os("PATH"), Path::new("/usr/lib/postgresql"))
}

fn find_among(pg_bin: Option<OsString>, path: Option<OsString>, versions: &Path) -> Result<PathBuf, HarnessError> {
    if let Some(folder) = pg_bin.map(PathBuf::from) {
        let named = format!("PG_BIN is {}, where there is no initdb and postgres", folder.display());
        return Some(folder).filter(|folder| holds_both(folder)).ok_or_else(|| HarnessError::new(named));
    }
    let path = path.unwrap_or_default();
    env::split_paths(&path)
        .find(|folder| holds_both(folder))
        .or_else(|| configured(&path).filter(|folder| holds_both(folder)))
        .or_else(|| newest(versions))
        .ok_or_else(|| HarnessError::new(MISSING))
}

fn holds_both(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

fn configured(path: &OsString) -> Option<PathBuf> {
    let program = env::split_paths(path).map(|folder| folder.join("pg_config")).find(|program| program.is_file())?;
    let output = Command::new(program).arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let installed = versions.read_dir().ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        holds_both(&folder).then_some((version, folder))
    });
    installed.max().map(|(_, folder)| folder)
}

const MISSING: &str = "PostgreSQL is missing: there is no initdb in PG_BIN, in PATH, where pg_config points, or in \
/usr/lib/postgresql. Do one of these:
  apt-get install -y --no-install-recommends postgresql     (as root; tests/run does it for you)
  export PG_BIN=/path/to/postgresql/bin                     (the folder of initdb and postgres)
  export DATABASE_URL=postgres://user:password@host/name    (a user who may create databases and roles)";

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for program in ["initdb", "postgres"] {
            std::fs::write(folder.join(program), "").unwrap();
        }
    }

    #[test]
    fn a_named_folder_is_never_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        install(&folder.path().join("path"));
        let empty = folder.path().join("empty");
        let path = folder.path().join("path").into_os_string();
        let error = find_among(Some(empty.clone().into()), Some(path), folder.path()).unwrap_err();
        assert!(error.to_string().contains(empty.to_str().unwrap()), "{error}");
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = find_among(None, None, folder.path()).unwrap_err().to_string();
        for help in ["apt-get install", "PG_BIN", "DATABASE_URL"] {
            assert!(error.contains(help), "{error}");
        }
    }

    #[test]
    fn the_path_comes_before_the_newest_version() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9/bin", "16/bin", "path"] {
            install(&folder.path().join(version));
        }
        let path = folder.path().join("path");
        assert_eq!(find_among(None, Some(path.clone().into()), folder.path()).unwrap(), path);
        assert_eq!(find_among(None, None, folder.path()).unwrap(), folder.path().join("16/bin"));
    }
}
