//! A preloaded library that counts fsyncs and slows them, so that a fast disk shows what an ordinary one would.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use tempfile::TempDir;

/// The library, built, in a folder that goes with this value.
pub struct Library {
    folder: TempDir,
}

impl Library {
    /// Builds it, where a process of any user may load it.
    ///
    /// # Errors
    /// When there is no C compiler, or no room.
    pub fn build() -> io::Result<Self> {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
        let library = Library { folder };
        let source = library.path("slow_fsync.c");
        std::fs::write(&source, SOURCE)?;
        std::fs::write(library.path(CONTROL_FILE), [0; 24])?;
        std::fs::set_permissions(library.path(CONTROL_FILE), Permissions::from_mode(0o666))?;
        build(&source, &library.path(LIBRARY_FILE))?;
        Ok(library)
    }

    /// What a process is to have in its environment to load it.
    pub fn environment(&self) -> [(String, String); 2] {
        let text = |name| self.path(name).to_string_lossy().into_owned();
        [("LD_PRELOAD".to_owned(), text(LIBRARY_FILE)), (CONTROL.to_owned(), text(CONTROL_FILE))]
    }

    /// The handle on it in the processes that load it.
    ///
    /// # Errors
    /// When the control file cannot be opened.
    pub fn fsyncs(&self) -> io::Result<Fsyncs> {
        Fsyncs::of(&self.path(CONTROL_FILE))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// The handle on the library in the processes that loaded it.
pub struct Fsyncs {
    control: File,
}

impl Fsyncs {
    /// The handle, if this process runs with the library.
    pub fn preloaded() -> Option<Self> {
        let fsyncs = Fsyncs::of(Path::new(&std::env::var_os(CONTROL)?)).ok()?;
        fsyncs.is_loaded().then_some(fsyncs)
    }

    /// Whether any process loaded it.
    pub fn is_loaded(&self) -> bool {
        self.number(LOADED) > 0
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.number(CALLS)
    }

    /// From now on none takes less than this.
    pub fn slow_to(&self, least: Duration) {
        let nanos = (least.as_nanos() as u64).to_ne_bytes();
        self.control.write_all_at(&nanos, LEAST_NANOS).expect("the control file was opened to write");
    }

    fn of(control: &Path) -> io::Result<Self> {
        Ok(Fsyncs { control: OpenOptions::new().read(true).write(true).open(control)? })
    }

    fn number(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at).map_or(0, |()| u64::from_ne_bytes(bytes))
    }
}

/// Runs this program again with the same arguments and the library before it.
///
/// # Errors
/// When the library cannot be built or the program not started.
pub fn run_again() -> io::Result<ExitCode> {
    let library = Library::build()?;
    let mut again = Command::new(std::env::current_exe()?);
    let status = again.args(std::env::args_os().skip(1)).envs(library.environment()).status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Whether this process was started by [`run_again`].
pub fn is_second_run() -> bool {
    std::env::var_os(CONTROL).is_some()
}

fn build(source: &Path, library: &Path) -> io::Result<()> {
    let compiler = std::env::var_os("CC").unwrap_or("cc".into());
    let built = Command::new(&compiler)
        .args(["-O2", "-Wall", "-shared", "-fPIC", "-o"])
        .args([library, source])
        .arg("-ldl")
        .status()
        .map_err(|error| io::Error::other(format!("a C compiler is needed to count fsyncs ({error}): set CC")))?;
    if built.success() { Ok(()) } else { Err(io::Error::other("slow_fsync.c does not build here")) }
}

const SOURCE: &str = include_str!("../slow_fsync.c");
const LIBRARY_FILE: &str = "slow_fsync.so";
const CONTROL_FILE: &str = "control";
const CONTROL: &str = "RATIOS_FSYNC";
const CALLS: u64 = 0;
const LEAST_NANOS: u64 = 8;
const LOADED: u64 = 16;
