//! Tells other processes that a ledger went on.
//!
//! PostgreSQL takes a lock of the whole database when a transaction that notifies commits. So an append never does:
//! this task follows behind on a connection of its own, and what was appended meanwhile it tells at once.

use std::time::Duration;

use aduan::values::{Digest, LedgerId, Position};
use tokio::sync::watch;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use crate::connect::{Address, Carrier};

/// Where a ledger is talked of. Its own name may be longer than a channel's.
pub(crate) fn channel(ledger: &LedgerId) -> String {
    let digest = Digest::of_parts("aduan/log/channel\n", &[ledger.as_str().as_bytes()]);
    format!("aduan_log_{}", &digest.to_string()[..32])
}

/// Rings until nobody writes any more. What it could not tell, the next ring tells too; whoever waits looks now and
/// then all the same.
pub(crate) async fn ring(address: Address, ledger: LedgerId, mut written: watch::Receiver<Position>) {
    let channel = channel(&ledger);
    let mut rope = None;
    while written.changed().await.is_ok() {
        let position = *written.borrow_and_update();
        rope = tell(&address, rope.take(), &channel, position).await;
        tokio::time::sleep(PAUSE).await;
    }
}

struct Rope {
    client: Client,
    carrier: Carrier,
    notify: Statement,
}

/// Tells a position; the connection, where it went well.
async fn tell(address: &Address, rope: Option<Rope>, channel: &str, position: Position) -> Option<Rope> {
    let mut rope = match rope {
        Some(rope) => rope,
        None => Rope::open(address).await?,
    };
    if rope.carrier.has_ended().await {
        rope = Rope::open(address).await?;
    }
    let payload = position.to_string();
    let parameters: [&(dyn ToSql + Sync); 2] = [&channel, &payload];
    let told = rope.carrier.carry(rope.client.execute(&rope.notify, &parameters));
    let is_told = address.in_time(told).await.is_ok_and(|told| told.is_ok());
    is_told.then_some(rope)
}

impl Rope {
    async fn open(address: &Address) -> Option<Rope> {
        let (client, mut carrier) = address.connect().await.ok()?;
        let preparing = async {
            client.batch_execute(SET_UP).await?;
            client.prepare("SELECT pg_notify($1, $2)").await
        };
        let notify = address.in_time(carrier.carry(preparing)).await.ok()?.ok()?;
        Some(Rope { client, carrier, notify })
    }
}

// What is told is durable already, and that it was told need not be.
const SET_UP: &str = "SET synchronous_commit = off; SET idle_session_timeout = 0";
/// Between two rings. Nobody who waits notices; a server that appends thousands of times a second would.
const PAUSE: Duration = Duration::from_millis(10);
