//! Connections: where to, how trusted, and what each is told before it is used.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::chain;
use crate::{OpenError, PostgresOptions};

/// What carries the messages of a client, and hears what the server says unasked.
pub(crate) type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// How to reach a database.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    options: PostgresOptions,
}

impl Address {
    /// Reads a URL or a list of `key=value`. Several hosts are tried in order; only one that takes writes will do.
    pub(crate) fn read(url: &str, options: &PostgresOptions) -> Result<Self, OpenError> {
        let mut config: Config = url.parse().map_err(|error| OpenError::Url(chain(&error)))?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        // A host that is silent must leave time for the next one.
        let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(1).max(1);
        let each = options.deadline / (hosts + 1);
        config.connect_timeout(config.get_connect_timeout().map_or(each, |asked| each.min(*asked)));
        config.tcp_user_timeout(options.deadline).keepalives_idle(options.deadline);
        if config.get_application_name().is_none() {
            config.application_name("aduan");
        }
        Ok(Address { config, tls: tls(options)?, options: options.clone() })
    }

    /// Connects, for whoever migrates: with the server's own settings.
    pub(crate) async fn connect_plainly(&self) -> Result<(Client, Carrier), OpenError> {
        let (client, wire) = self.connect_wire().await?;
        Ok((client, Carrier { connection: Some(Box::pin(async move { drop(wire.await) })) }))
    }

    /// Connects, for whoever carries the messages in another way.
    pub(crate) async fn connect_wire(&self) -> Result<(Client, Wire), OpenError> {
        let connected = self.in_time(self.config.connect(self.tls.clone())).await?;
        connected.map_err(|error| {
            let why = chain(&error);
            // Of what kind it is, tokio-postgres does not tell.
            let hint = if why.contains("certificate") { "; name its root, or say sslmode=disable" } else { "" };
            OpenError::Server(format!("{why}{hint}"))
        })
    }

    /// Connects, set for a session of the store, and sure of the server.
    pub(crate) async fn connect(&self) -> Result<(Client, Carrier), OpenError> {
        let (client, mut carrier) = self.connect_plainly().await?;
        carrier.carry(self.set_up(&client)).await?;
        Ok((client, carrier))
    }

    /// Sets a connection for a session of the store, and makes sure of the server.
    pub(crate) async fn set_up(&self, client: &Client) -> Result<(), OpenError> {
        self.in_time(set_up(client, &self.options)).await?
    }

    /// What a future gives, if it does so within the deadline.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, OpenError> {
        let done = tokio::time::timeout(self.options.deadline, work).await;
        done.map_err(|_| OpenError::Server("no answer within the deadline".into()))
    }

    pub(crate) fn options(&self) -> &PostgresOptions {
        &self.options
    }
}

/// Carries the messages of a connection while its owner waits for an answer.
///
/// A task of its own would do so too, but every question would wake it and every answer wake two: for a lone client
/// that is a good part of the time that a command takes.
pub(crate) struct Carrier {
    /// None when the connection has ended.
    connection: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Carrier {
    /// Runs what asks on the connection. Where the connection ends, whatever asked is told so.
    pub(crate) async fn carry<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            // The first look hands over what is asked, the second sees what was answered.
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            self.advance(context);
            work.as_mut().poll(context)
        })
        .await
    }

    /// Waits until the connection has ended, as it does when the server goes away.
    pub(crate) async fn ended(&mut self) {
        poll_fn(|context| {
            self.advance(context);
            if self.connection.is_none() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether the connection has ended, as far as messages tell.
    pub(crate) async fn has_ended(&mut self) -> bool {
        poll_fn(|context| {
            self.advance(context);
            Poll::Ready(self.connection.is_none())
        })
        .await
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        if self.connection.as_mut().is_some_and(|connection| connection.as_mut().poll(context).is_ready()) {
            self.connection = None;
        }
    }
}

/// Tells a session its limits, and asks whether the server keeps what it acknowledges.
async fn set_up(client: &Client, options: &PostgresOptions) -> Result<(), OpenError> {
    // The server gives up before we do, and says so: what it gave up is surely not stored.
    let millis = |share: u32| (options.deadline * share / 8).as_millis().max(1);
    let (lock, statement) = (millis(6), millis(7));
    let limits = format!(
        "SET lock_timeout = {lock}; SET statement_timeout = {statement}; \
         SET idle_in_transaction_session_timeout = {statement}; SET jit = off; SET plan_cache_mode = force_generic_plan; \
         SET default_transaction_isolation = 'read committed'"
    );
    client.batch_execute(&limits).await.map_err(OpenError::server)?;
    let row = client.query_one(SETTINGS, &[]).await.map_err(OpenError::server)?;
    let value = |place: usize| row.try_get::<_, String>(place).map_err(OpenError::server);
    for (place, (name, is_sound)) in WANTED.iter().enumerate() {
        let found = value(place)?;
        let is_allowed = options.unsafe_lose_last_commits && LOSSY.contains(name);
        if !is_sound(&found) && !is_allowed {
            return Err(OpenError::Setting { name, found });
        }
    }
    Ok(())
}

fn tls(options: &PostgresOptions) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = RootCertStore::empty();
    match &options.roots {
        Some(path) => {
            let trusted = |why: String| OpenError::Roots(format!("{}: {why}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| trusted(error.to_string()))? {
                let certificate = certificate.map_err(|error| trusted(error.to_string()))?;
                roots.add(certificate).map_err(|error| trusted(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(trusted("holds no certificate".into()));
            }
        }
        // Those that cannot be read vouch for nobody.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Roots(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

const SETTINGS: &str = "SELECT current_setting('server_encoding'), current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit'), pg_is_in_recovery()::text, \
    current_setting('server_version_num')";

type Wanted = (&'static str, fn(&str) -> bool);
const WANTED: [Wanted; 6] = [
    ("server_encoding", |found| found == "UTF8"),
    ("fsync", |found| found == "on"),
    ("full_page_writes", |found| found == "on"),
    ("synchronous_commit", |found| found != "off"),
    ("pg_is_in_recovery", |found| found == "false"),
    ("server_version_num", |found| found.parse().is_ok_and(|version: u32| version >= 140_000)),
];
/// What the option that says unsafe lets pass.
const LOSSY: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];
