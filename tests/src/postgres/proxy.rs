//! A line to a server that breaks where a test says.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::{HarnessError, server};

/// Passes every message of PostgreSQL's protocol on, until it is told to cut the line at one: so a test loses exactly the
/// answer it wants to lose. It speaks no TLS, and declines it.
///
/// ```
/// use aduan_testkit::postgres::{self, Cut, Proxy, Server};
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let database = Server::shared()?.database().await?;
/// let proxy = Proxy::to(&database.url()).await?;
/// let client = postgres::connect(&proxy.url()).await?;
/// proxy.cut_at(Cut::Answer(1));
/// assert!(client.batch_execute("create table mine ()").await.is_err(), "nobody told us what became of it");
/// assert!(proxy.mend());
/// # Ok::<_, postgres::HarnessError>(()) }).expect("the line is cut");
/// ```
#[derive(Debug)]
pub struct Proxy {
    url: String,
    plan: Arc<Mutex<Plan>>,
    accepting: JoinHandle<()>,
}

/// Where the line is cut. Messages count from 1, those of all connections together, from [`Proxy::cut_at`] on; the
/// packet that opens a connection does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the server gets the client's message of that number; then both lose the connection.
    Request(usize),
    /// When the server has said its message of that number, which the client never gets; then both lose the connection.
    Answer(usize),
    /// As `Answer`, but the line stays up, and silent.
    Silence(usize),
}

impl Proxy {
    /// A line to the (first) server of a URL, for as long as this value and the runtime of the caller live.
    ///
    /// # Errors
    /// When the URL is none, or no port is free. Whether the server is there shows with the first connection.
    pub async fn to(url: &str) -> Result<Proxy, HarnessError> {
        let target: Config = url.parse().map_err(HarnessError::on(format!("reading {url}")))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(HarnessError::on("listening for a proxy"))?;
        let port = listener.local_addr().map_err(HarnessError::on("asking for the proxy's port"))?.port();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let url = url_by_way_of(port, &target);
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&plan)));
        Ok(Proxy { url, plan, accepting })
    }

    /// The URL by way of this proxy: same user, same database.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Cuts the line once, at a message that is still to come.
    pub fn cut_at(&self, cut: Cut) {
        *locked(&self.plan) = Plan { cut: Some(cut), seen: 0, is_cut: false };
    }

    /// Cuts nothing from now on; whether it did since [`cut_at`](Self::cut_at).
    pub fn mend(&self) -> bool {
        std::mem::take(&mut *locked(&self.plan)).is_cut
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Debug, Default)]
struct Plan {
    cut: Option<Cut>,
    seen: usize,
    is_cut: bool,
}

impl Plan {
    /// Counts a message; what becomes of the line before it is passed on.
    fn pass(&mut self, is_request: bool) -> Option<Cut> {
        let (at, counts) = match self.cut? {
            Cut::Request(at) => (at, is_request),
            Cut::Answer(at) | Cut::Silence(at) => (at, !is_request),
        };
        self.seen += usize::from(counts);
        if !counts || self.seen < at {
            return None;
        }
        self.is_cut = true;
        self.cut.take()
    }
}

async fn accept(listener: TcpListener, target: Config, plan: Arc<Mutex<Plan>>) {
    // They end with this task.
    let mut lines = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (target, plan) = (target.clone(), Arc::clone(&plan));
        // A line that fails is closed, which both ends notice.
        lines.spawn(async move { line(client, &target, &plan).await.ok() });
    }
}

async fn line(mut client: TcpStream, target: &Config, plan: &Mutex<Plan>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let greeting = greeting(&mut client).await?;
    let port = target.get_ports().first().copied().unwrap_or(5432);
    match target.get_hosts().first() {
        Some(Host::Unix(folder)) => {
            let server = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
            pass_on(client, server, greeting, plan).await
        }
        host => {
            let name = if let Some(Host::Tcp(name)) = host { name } else { "127.0.0.1" };
            let server = TcpStream::connect((name, port)).await?;
            server.set_nodelay(true)?;
            pass_on(client, server, greeting, plan).await
        }
    }
}

/// The packet that opens a connection. It alone has no type; encryption, asked for before it, is declined.
async fn greeting(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    const ENCRYPTIONS: [u32; 2] = [80_877_103, 80_877_104];
    loop {
        let (length, code) = (client.read_u32().await?, client.read_u32().await?);
        if ENCRYPTIONS.contains(&code) {
            client.write_u8(b'N').await?;
            continue;
        }
        let mut packet = [length.to_be_bytes(), code.to_be_bytes()].concat();
        packet.resize(length as usize, 0);
        client.read_exact(&mut packet[8..]).await?;
        return Ok(packet);
    }
}

async fn pass_on(
    mut client: TcpStream,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
    greeting: Vec<u8>,
    plan: &Mutex<Plan>,
) -> std::io::Result<()> {
    server.write_all(&greeting).await?;
    let (mut from_server, mut to_server) = tokio::io::split(&mut server);
    let (mut from_client, mut to_client) = client.split();
    let requests = async {
        loop {
            let message = message(&mut from_client).await?;
            if locked(plan).pass(true).is_some() {
                return std::io::Result::Ok(());
            }
            to_server.write_all(&message).await?;
        }
    };
    let answers = async {
        loop {
            let message = message(&mut from_server).await?;
            let cut = locked(plan).pass(false);
            match cut {
                None => to_client.write_all(&message).await?,
                Some(Cut::Silence(_)) => return std::future::pending::<std::io::Result<()>>().await,
                Some(_) => return Ok(()),
            }
        }
    };
    tokio::select! { ended = requests => ended, ended = answers => ended }
}

async fn message(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let (kind, length) = (from.read_u8().await?, from.read_u32().await?);
    let mut message = vec![kind];
    message.extend(length.to_be_bytes());
    // The length counts itself.
    message.resize(1 + length as usize, 0);
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}

fn url_by_way_of(port: u16, target: &Config) -> String {
    let user = target.get_user().map(server::percent_encoded).unwrap_or_default();
    let password = target.get_password().map(|password| {
        let password = String::from_utf8_lossy(password);
        format!(":{}", server::percent_encoded(&password))
    });
    let at = if user.is_empty() { "" } else { "@" };
    let database = target.get_dbname().unwrap_or_default();
    format!("postgres://{user}{}{at}127.0.0.1:{port}/{database}", password.unwrap_or_default())
}

/// What is behind the lock stays whole when a test panics.
fn locked(plan: &Mutex<Plan>) -> std::sync::MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}
