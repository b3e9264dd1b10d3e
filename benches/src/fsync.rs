//! A preloaded library that counts fsyncs and slows them, so that a fast disk shows what an ordinary one would.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// The handle on the library in this process.
pub(crate) struct Fsyncs {
    control: File,
}

impl Fsyncs {
    /// The handle, if this process runs with the library.
    pub(crate) fn preloaded() -> Option<Self> {
        let control = OpenOptions::new().read(true).write(true).open(std::env::var_os(CONTROL)?).ok()?;
        let fsyncs = Fsyncs { control };
        (fsyncs.number(LOADED) > 0).then_some(fsyncs)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.number(CALLS)
    }

    /// From now on none takes less than this.
    pub(crate) fn slow_to(&self, least: Duration) {
        let nanos = (least.as_nanos() as u64).to_ne_bytes();
        self.control.write_all_at(&nanos, LEAST_NANOS).expect("the control file was opened to write");
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
pub(crate) fn run_again() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let (source, library, control) =
        (folder.path().join("slow_fsync.c"), folder.path().join("slow_fsync.so"), folder.path().join("control"));
    std::fs::write(&source, SOURCE)?;
    std::fs::write(&control, [0; 24])?;
    build(&source, &library)?;
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env("LD_PRELOAD", &library)
        .env(CONTROL, &control)
        .status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Whether this process was started by [`run_again`].
pub(crate) fn is_second_run() -> bool {
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
const CONTROL: &str = "RATIOS_FSYNC";
const CALLS: u64 = 0;
const LEAST_NANOS: u64 = 8;
const LOADED: u64 = 16;
