//! A throwaway PostgreSQL server: one folder, one port, gone with its owner.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::said::Said;
use super::{HarnessError, Server, programs, server};

/// A PostgreSQL server of our own. It keeps its promises (fsync, full pages, synchronous commits, checksums), so what is
/// measured or killed here is what runs in an office. It ends with this value, and with this process however that dies.
///
/// ```no_run
/// use aduan_testkit::postgres::{Cluster, ClusterOptions};
/// let cluster = Cluster::start(ClusterOptions::default())?;
/// cluster.stop_immediately()?; // like a power cut for the server, not for the disk
/// cluster.start_again()?;
/// # Ok::<_, aduan_testkit::postgres::HarnessError>(())
/// ```
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    environment: Vec<(String, String)>,
    port: u16,
    server: Mutex<Option<Running>>,
    /// Last, so that the folder goes after the server.
    watchdog: Mutex<Watchdog>,
}

/// What a cluster has beyond its defaults.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Where its folder is made; by default the temporary folder, or `/tmp` where that is out of the server's reach.
    pub parent: Option<PathBuf>,
    /// Settings of `postgresql.conf`, such as `("max_wal_size", "8GB")`. They win over the cluster's own.
    pub settings: Vec<(String, String)>,
    /// Environment of the server's processes, and of nothing else, such as `LD_PRELOAD`.
    pub environment: Vec<(String, String)>,
    /// Offers TLS; connections without stay possible, so it is the client who insists.
    pub tls: Option<Tls>,
}

/// What a server shows to prove who it is, as PEM texts.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate, for `127.0.0.1` or `localhost`, followed by those between it and its authority, if any.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Cluster {
    /// A new, empty cluster that takes connections: to everybody on this machine, on [`url`](Self::url) and
    /// [`socket_url`](Self::socket_url).
    ///
    /// # Errors
    /// With instructions when PostgreSQL is missing; otherwise with the end of the server's log.
    pub fn start(options: ClusterOptions) -> Result<Cluster, HarnessError> {
        let programs = programs::find()?;
        let (folder, watchdog) = make_folder(options.parent.as_deref())?;
        // A folder that we made is ours, so its owner tells who we are. The server refuses to run as root.
        let made_by = fs::metadata(&folder).map_err(HarnessError::on("looking at the new folder"))?.uid();
        let user = if made_by == 0 { Some(User::find()?) } else { None };
        let mut cluster = Cluster {
            programs,
            folder,
            user,
            environment: options.environment,
            port: 0,
            server: Mutex::new(None),
            watchdog: Mutex::new(watchdog),
        };
        cluster.hand_over(&cluster.folder)?;
        cluster.init()?;
        cluster.configure(&options.settings, options.tls.as_ref())?;
        for _ in 0..50 {
            cluster.port = free_port()?;
            if cluster.launch()? {
                return Ok(cluster);
            }
        }
        Err(HarnessError::new("each of 50 free ports was taken by another before the server had it"))
    }

    /// The URL of the superuser `postgres` over TCP.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The URL of the superuser `postgres` over the Unix socket.
    pub fn socket_url(&self) -> String {
        let folder = server::percent_encoded(&self.folder.to_string_lossy());
        format!("postgres://postgres@{folder}:{}/postgres", self.port)
    }

    /// The port on `127.0.0.1`; it stays over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The pid of the postmaster, while it runs.
    pub fn pid(&self) -> Option<u32> {
        let mut server = locked(&self.server);
        if server.as_mut().is_some_and(|server| !matches!(server.child.try_wait(), Ok(None))) {
            // It died by itself. Its pid may be another's from now on.
            *server = None;
            locked(&self.watchdog).tell(0).ok();
        }
        server.as_ref().map(|server| server.child.id())
    }

    /// The folder of everything: `data`, `server.log` and the socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where fresh databases on this cluster come from.
    pub fn server(&self) -> Server {
        Server::of_cluster(self.url(), Some(self.log_path()))
    }

    /// Stops the server as `pg_ctl stop -m immediate` does, without a checkpoint, and returns when it is gone. What was
    /// committed is found again by the next start. Does nothing when it is stopped.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop_immediately(&self) -> Result<(), HarnessError> {
        let mut server = locked(&self.server);
        if let Some(Running { child, said }) = server.as_mut() {
            signal("QUIT", child.id())?;
            child.wait().map_err(HarnessError::on("waiting for the server's end"))?;
            said.wait_for_end(LAST_WORDS);
            *server = None;
            locked(&self.watchdog).tell(0)?;
        }
        Ok(())
    }

    /// Starts a stopped server on the same folder and port, and returns when it has recovered. Does nothing when it runs.
    ///
    /// # Errors
    /// With the end of the server's log.
    pub fn start_again(&self) -> Result<(), HarnessError> {
        // Nobody but another cluster in its first moments takes ports of this range, and that soon tries the next.
        for _ in 0..STARTS {
            if self.pid().is_some() || self.launch()? {
                return Ok(());
            }
        }
        Err(HarnessError::new(format!("its port was another's at each of {STARTS} starts")))
    }

    /// [`stop_immediately`](Self::stop_immediately), then [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// As those.
    pub fn restart(&self) -> Result<(), HarnessError> {
        self.stop_immediately()?;
        self.start_again()
    }

    /// Ends one session, as an administrator would; the others go on. `pid` is what `pg_backend_pid()` says there.
    ///
    /// # Errors
    /// When there is no such session, or the server cannot be reached.
    pub async fn terminate_backend(&self, pid: i32) -> Result<(), HarnessError> {
        self.server().terminate_backend(pid).await
    }

    /// Kills the process of one session: the server throws out all others and recovers. Returns when it takes connections
    /// again. The postmaster stays.
    ///
    /// # Errors
    /// When there is no such process, or the server does not come back.
    pub fn kill_backend_hard(&self, pid: i32) -> Result<(), HarnessError> {
        let said = locked(&self.server).as_ref().map(|server| Arc::clone(&server.said));
        let said = said.ok_or_else(|| HarnessError::new("there is no server"))?;
        let before = said.length();
        signal("KILL", pid.unsigned_abs())?;
        match said.wait_for(READY, before, RECOVERY)? {
            true => Ok(()),
            false => Err(HarnessError::new("the server did not survive the loss of a process")),
        }
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self) -> String {
        server::tail(&self.log(), None)
    }

    /// The file of the server's log.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn log(&self) -> String {
        server::read_log(&self.log_path())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn init(&self) -> Result<(), HarnessError> {
        let mut refused = String::new();
        for locale in ["--locale=C.UTF-8", "--locale=C"] {
            let mut initdb = Command::new(self.programs.join("initdb"));
            initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", locale, "--data-checksums", "--no-sync", "-D"]);
            initdb.arg(self.data()).current_dir(&self.folder).stdin(Stdio::null());
            self.step_down(&mut initdb);
            let output = initdb.output().map_err(HarnessError::on(format!("running {initdb:?}")))?;
            if output.status.success() {
                return Ok(());
            }
            refused = format!("{initdb:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Err(HarnessError::new(refused))
    }

    fn configure(&self, settings: &[(String, String)], tls: Option<&Tls>) -> Result<(), HarnessError> {
        let mut text = String::from("\n");
        let mut set = |name: &str, value: &str| text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        set("unix_socket_directories", &self.folder.to_string_lossy());
        for (name, value) in SETTINGS {
            set(name, value);
        }
        if let Some(tls) = tls {
            for (file, text) in [("server.crt", &tls.certificate), ("server.key", &tls.key)] {
                let path = self.data().join(file);
                fs::write(&path, text).map_err(HarnessError::on(format!("writing {file}")))?;
                // The server refuses a key that others can read.
                fs::set_permissions(&path, Permissions::from_mode(0o600))
                    .map_err(HarnessError::on(format!("closing {file}")))?;
                self.hand_over(&path)?;
            }
            set("ssl", "on");
        }
        for (name, value) in settings {
            set(name, value);
        }
        let path = self.data().join("postgresql.conf");
        let mut file = File::options().append(true).open(&path).map_err(HarnessError::on("opening postgresql.conf"))?;
        file.write_all(text.as_bytes()).map_err(HarnessError::on("writing postgresql.conf"))
    }

    /// Starts the server and waits until it takes connections. False when another has its port.
    fn launch(&self) -> Result<bool, HarnessError> {
        let mut server = locked(&self.server);
        let Running { mut child, said } = self.spawn()?;
        if matches!(said.wait_for(READY, 0, RECOVERY), Ok(true)) {
            *server = Some(Running { child, said });
            return Ok(true);
        }
        // It died, or hangs: whichever, it goes, and its log says why.
        signal("KILL", child.id()).ok();
        child.wait().map_err(HarnessError::on("waiting for the server's end"))?;
        locked(&self.watchdog).tell(0)?;
        if said.has("could not create any TCP/IP sockets") {
            Ok(false)
        } else {
            Err(HarnessError::new(format!("the server did not start:\n{}", self.log_tail())))
        }
    }

    /// The server's process, which does not become the server before the watchdog knows of it.
    fn spawn(&self) -> Result<Running, HarnessError> {
        let log = File::options().create(true).append(true).open(self.log_path());
        let log = log.map_err(HarnessError::on("opening the server's log"))?;
        let mut held = Command::new("/bin/sh");
        held.args(["-c", "read -r go || exit 1; exec env \"$@\" </dev/null", "postgres"]);
        held.args(self.environment.iter().map(|(name, value)| format!("{name}={value}")));
        held.arg(self.programs.join("postgres")).arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        held.current_dir(&self.folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C, and a runner that kills a test's group, leave it to its owner or to the watchdog.
        held.process_group(0);
        self.step_down(&mut held);
        let mut child = held.spawn().map_err(HarnessError::on(format!("starting {held:?}")))?;
        let mut go = child.stdin.take().expect("it was piped");
        let said = Said::listen(child.stderr.take().expect("it was piped"), log);
        locked(&self.watchdog).tell(child.id())?;
        go.write_all(b"go\n").map_err(HarnessError::on("letting the server start"))?;
        Ok(Running { child, said })
    }

    fn step_down(&self, command: &mut Command) {
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
    }

    fn hand_over(&self, path: &Path) -> Result<(), HarnessError> {
        let Some(user) = &self.user else { return Ok(()) };
        chown(path, Some(user.uid), Some(user.gid)).map_err(HarnessError::on(format!("giving {} away", path.display())))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The watchdog, who comes next, stops what could not be stopped here.
        self.stop_immediately().ok();
    }
}

/// A server that was started.
#[derive(Debug)]
struct Running {
    child: Child,
    said: Arc<Said>,
}

/// Whom the server runs as where we are root.
#[derive(Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    fn find() -> Result<User, HarnessError> {
        let passwd = fs::read_to_string("/etc/passwd").map_err(HarnessError::on("reading /etc/passwd"))?;
        let look_up = |name: &str| {
            let fields: Vec<&str> = passwd
                .lines()
                .map(|line| line.split(':'))
                .find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.collect()))?;
            Some(User { uid: fields.get(1)?.parse().ok()?, gid: fields.get(2)?.parse().ok()? })
        };
        look_up("postgres").or_else(|| look_up("nobody")).ok_or_else(|| {
            HarnessError::new(
                "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody",
            )
        })
    }
}

/// A shell at the end of a pipe. The pipe closes with its owner, and then the shell ends the cluster.
#[derive(Debug)]
struct Watchdog {
    shell: Child,
    /// Nobody else holds this end: std opens pipes so that no other child inherits them.
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    fn over(folder: &Path) -> Result<Watchdog, HarnessError> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", include_str!("watchdog.sh"), "aduan-watchdog"]).arg(folder).current_dir("/");
        // It keeps no output open, for which a test runner would wait, and no signal for the owner's group reaches it.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut shell = shell.spawn().map_err(HarnessError::on("starting the watchdog"))?;
        let pipe = shell.stdin.take();
        Ok(Watchdog { shell, pipe })
    }

    fn tell(&mut self, pid: u32) -> Result<(), HarnessError> {
        let pipe = self.pipe.as_mut().expect("it is closed by drop alone");
        writeln!(pipe, "{pid}").map_err(HarnessError::on("telling the watchdog"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.pipe = None;
        self.shell.wait().ok();
    }
}

/// A new folder, and the watchdog over it from its first moment.
fn make_folder(parent: Option<&Path>) -> Result<(PathBuf, Watchdog), HarnessError> {
    let parent = match parent {
        Some(parent) => parent.to_path_buf(),
        None => Some(std::env::temp_dir()).filter(|folder| is_reachable(folder)).unwrap_or_else(|| "/tmp".into()),
    };
    let made = tempfile::Builder::new().prefix("aduan-pg-").tempdir_in(&parent);
    let folder = made.map_err(HarnessError::on(format!("making a folder in {}", parent.display())))?;
    let watchdog = Watchdog::over(folder.path())?;
    Ok((folder.keep(), watchdog))
}

/// Whether every user can go there, and the path of a socket there stays short.
fn is_reachable(folder: &Path) -> bool {
    const SOCKET: &str = "/aduan-pg-abcdef/.s.PGSQL.12345.lock";
    let open = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0);
    folder.is_absolute() && folder.as_os_str().len() + SOCKET.len() <= 107 && folder.ancestors().all(open)
}

/// A port that nobody listens on, from below those that the kernel gives to outgoing connections: so a stopped server
/// finds it free again.
fn free_port() -> Result<u16, HarnessError> {
    for _ in 0..1_000 {
        let port = 15_000 + (RandomState::new().build_hasher().finish() % 17_000) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(HarnessError::new("no port between 15000 and 32000 is free on 127.0.0.1"))
}

/// By way of a shell, which has `kill` built in; the program of that name is not on every machine.
fn signal(name: &str, pid: u32) -> Result<(), HarnessError> {
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()]);
    let output = kill.output().map_err(HarnessError::on("running a shell"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(HarnessError::new(format!("signal {name} for {pid}: {said}"))) }
}

/// What is behind a lock stays whole when a test panics.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a start takes at most: after a stop without a checkpoint it replays up to `max_wal_size`.
const RECOVERY: Duration = Duration::from_secs(300);

/// What a server says once it takes connections; a standby takes those that only read.
const READY: &str = "database system is ready to accept";

/// A process that outlives its server for longer has nothing to say that matters.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// So often a server that was stopped tries to have its port again.
const STARTS: usize = 500;

/// Room for a benchmark's clients, and nothing that weakens a promise.
const SETTINGS: [(&str, &str); 12] = [
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "500"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "4GB"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // English, and the same everywhere: tests and this harness read it.
    ("lc_messages", "C"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_min_messages", "warning"),
    ("log_line_prefix", "%m [%p] %q%u@%d: "),
];
