//! The right to project a ledger: a lock that a connection holds as long as it lives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aduan::read::{Lease, ReadError};
use aduan::values::{Digest, LedgerId};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::failed;
use crate::OpenError;
use crate::connect::{Address, Carrier};

/// The lock of a ledger.
pub(super) struct Held {
    _client: Client,
    /// Nobody looks into it: its connection is closed with it, and the lock goes.
    _carrier: Mutex<Carrier>,
    /// Told when this is dropped.
    let_go: Arc<AtomicBool>,
}

impl Lease for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.let_go.store(true, Ordering::Release);
    }
}

impl Held {
    /// Waits until nobody else holds it. Whoever goes away meanwhile closes the connection.
    pub(super) async fn of(address: &Address, ledger: &LedgerId, let_go: &Arc<AtomicBool>) -> Result<Held, ReadError> {
        let (client, mut carrier) = session(address).await?;
        let watched = carrier.carry(client.batch_execute(WATCHED));
        // Where the system cannot tell, a place in the queue is kept until its turn comes, and is then given up.
        let _ = address.in_time(watched).await.map_err(unreached)?;
        let waiting = async { client.execute("SELECT pg_advisory_lock($1)", &[&lock_of(ledger)]).await };
        carrier.carry(waiting).await.map_err(|error| failed(&error))?;
        Ok(Held::new(client, carrier, let_go))
    }

    /// The same, where nobody holds it.
    ///
    /// Where one of this store was dropped since, its session may not have noticed yet: that is waited for a moment.
    pub(super) async fn at_once(
        address: &Address,
        ledger: &LedgerId,
        let_go: &Arc<AtomicBool>,
    ) -> Result<Option<Held>, ReadError> {
        let (client, mut carrier) = session(address).await?;
        let trying = async {
            let tried = client.query_one("SELECT pg_try_advisory_lock($1)", &[&lock_of(ledger)]).await?;
            if tried.try_get(0)? || !let_go.swap(false, Ordering::Acquire) {
                return tried.try_get(0);
            }
            client.batch_execute(A_MOMENT).await?;
            match client.execute("SELECT pg_advisory_lock($1)", &[&lock_of(ledger)]).await {
                Ok(_) => Ok(true),
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
                Err(error) => Err(error),
            }
        };
        let is_held =
            address.in_time(carrier.carry(trying)).await.map_err(unreached)?.map_err(|error| failed(&error))?;
        Ok(is_held.then(|| Held::new(client, carrier, let_go)))
    }

    fn new(client: Client, carrier: Carrier, let_go: &Arc<AtomicBool>) -> Self {
        // Whoever had it before is gone.
        let_go.store(false, Ordering::Release);
        Held { _client: client, _carrier: Mutex::new(carrier), let_go: Arc::clone(let_go) }
    }
}

/// A session that may last for days.
async fn session(address: &Address) -> Result<(Client, Carrier), ReadError> {
    let (client, mut carrier) = address.connect().await.map_err(unreached)?;
    let set_up = carrier.carry(client.batch_execute(WITHOUT_END));
    address.in_time(set_up).await.map_err(unreached)?.map_err(|error| failed(&error))?;
    Ok((client, carrier))
}

fn unreached(error: OpenError) -> ReadError {
    ReadError::Unavailable(error.to_string())
}

/// A number that nobody else locks, as far as numbers go.
fn lock_of(ledger: &LedgerId) -> i64 {
    let Digest(bytes) = Digest::of_parts("aduan/read/lease\n", &[ledger.as_str().as_bytes()]);
    let (first, _) = bytes.split_first_chunk().expect("a digest has more than eight bytes");
    i64::from_be_bytes(*first)
}

/// Whoever waits may do so for days, and whoever holds it says nothing at all.
const WITHOUT_END: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0";
/// How long a session takes at most to notice that its client is gone.
const A_MOMENT: &str = "SET lock_timeout = '1s'";
/// A server that waits for a lock does not notice by itself that nobody is left who wants it.
const WATCHED: &str = "SET client_connection_check_interval = '5s'";
