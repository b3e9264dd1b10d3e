//! The right to project a ledger: a lock that a connection holds as long as it lives.

use std::sync::Mutex;

use aduan::read::{Lease, ReadError};
use aduan::values::{Digest, LedgerId};
use tokio_postgres::Client;

use super::failed;
use crate::OpenError;
use crate::connect::{Address, Carrier};

/// The lock of a ledger.
pub(super) struct Held {
    _client: Client,
    /// Nobody looks into it: its connection is closed with it, and the lock goes.
    _carrier: Mutex<Carrier>,
}

impl Lease for Held {}

impl Held {
    /// Waits until nobody else holds it. Whoever goes away meanwhile closes the connection.
    pub(super) async fn of(address: &Address, ledger: &LedgerId) -> Result<Held, ReadError> {
        let unreached = |error: OpenError| ReadError::Unavailable(error.to_string());
        let (client, mut carrier) = address.connect().await.map_err(unreached)?;
        let set_up = carrier.carry(client.batch_execute(WITHOUT_END));
        address.in_time(set_up).await.map_err(unreached)?.map_err(|error| failed(&error))?;
        let watched = carrier.carry(client.batch_execute(WATCHED));
        // Where the system cannot tell, a place in the queue is kept until its turn comes, and is then given up.
        let _ = address.in_time(watched).await.map_err(unreached)?;
        let waiting = async { client.execute("SELECT pg_advisory_lock($1)", &[&lock_of(ledger)]).await };
        carrier.carry(waiting).await.map_err(|error| failed(&error))?;
        Ok(Held { _client: client, _carrier: Mutex::new(carrier) })
    }
}

/// A number that nobody else locks, as far as numbers go.
fn lock_of(ledger: &LedgerId) -> i64 {
    let Digest(bytes) = Digest::of_parts("aduan/read/lease\n", &[ledger.as_str().as_bytes()]);
    let (first, _) = bytes.split_first_chunk().expect("a digest has more than eight bytes");
    i64::from_be_bytes(*first)
}

/// Whoever waits may do so for days, and whoever holds it says nothing at all.
const WITHOUT_END: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0";
/// A server that waits for a lock does not notice by itself that nobody is left who wants it.
const WATCHED: &str = "SET client_connection_check_interval = '5s'";
