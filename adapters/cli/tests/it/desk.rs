//! A desk: a folder with a ledger in it, and the program beside it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a ledger.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What a run ended with.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    /// With a ledger in it.
    pub(crate) fn new() -> Self {
        let desk = Desk::empty();
        assert_eq!(desk.run(&["init"]).code, 0);
        desk
    }

    /// Without one.
    pub(crate) fn empty() -> Self {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    /// The program, about to run in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aduan"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("ADUAN_STORE").env_remove("ADUAN_VAULT");
        command
    }

    /// Runs it with nothing on standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs it, and reads its answer as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err))
    }

    /// Does lines of commands; answers in order.
    pub(crate) fn do_lines(&self, lines: &[u8], arguments: &[&str]) -> (Vec<Value>, Ended) {
        let mut command = self.command(&[&["do"], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let lines = lines.to_vec();
        let writing = std::thread::spawn(move || input.write_all(&lines).unwrap());
        let ended = Ended::from(child.wait_with_output().unwrap());
        writing.join().unwrap();
        (ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), ended)
    }

    /// Does one line that must be taken; its receipt.
    pub(crate) fn receipt(&self, line: &Value, arguments: &[&str]) -> Value {
        let (answers, ended) = self.do_lines(line.to_string().as_bytes(), arguments);
        assert_eq!(ended.code, 0, "{answers:?} {}", ended.err);
        answers[0]["receipt"].clone()
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The database as somebody with `sqlite3` has it who switched the guards off.
    pub(crate) fn unguarded(&self) -> Connection {
        let connection = Connection::open(self.path("aduan.db")).unwrap();
        let mut found = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
        let guards: Vec<String> = found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        drop(found);
        assert!(!guards.is_empty());
        for guard in guards {
            connection.execute_batch(&format!("DROP TRIGGER {guard}")).unwrap();
        }
        connection
    }

    /// Every byte of the database and what lies beside it.
    pub(crate) fn raw_bytes(&self) -> Vec<u8> {
        let names = [
            "aduan.db",
            "aduan.db-wal",
            "aduan.db-shm",
            "aduan.db.lock",
            "aduan.db.vault",
            "aduan.db.read",
            "aduan.db.read-wal",
        ];
        names.iter().flat_map(|name| fs::read(self.path(name)).unwrap_or_default()).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The project's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Real material that lies beside the project, or where `ADUAN_MATERIAL` says, if it does.
pub(crate) fn material(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ADUAN_MATERIAL").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
    }
    path.exists().then_some(path)
}

/// Whether bytes hold a text.
pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
