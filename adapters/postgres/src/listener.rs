//! Hears from other processes that a ledger went on.

use std::future::poll_fn;

use aduan::store::StoreError;
use aduan::values::{LedgerId, Position};
use tokio::sync::{Mutex, watch};
use tokio_postgres::{AsyncMessage, Client};

use crate::OpenError;
use crate::bell::channel;
use crate::connect::{Address, Wire};

/// Waits for news of one ledger; on a connection of its own, once somebody wants to know.
pub(crate) struct Listener {
    address: Address,
    ledger: LedgerId,
    line: Mutex<Option<Line>>,
}

/// A connection that listens. It ends when this is dropped.
struct Line {
    /// The newest position heard of. Nobody sends it any more where the connection was lost.
    heard: watch::Receiver<Position>,
    _client: Client,
}

impl Listener {
    pub(crate) fn new(address: Address, ledger: LedgerId) -> Self {
        Listener { address, ledger, line: Mutex::new(None) }
    }

    /// Waits until the log is known to go beyond a position.
    pub(crate) async fn more(&self, after: Position) -> Result<(), StoreError> {
        let mut heard = self.heard().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let beyond = heard.wait_for(|heard| *heard > after).await.map(drop);
        beyond.map_err(|_| StoreError::Unavailable("the connection that listens was lost".into()))
    }

    async fn heard(&self) -> Result<watch::Receiver<Position>, OpenError> {
        let mut line = self.line.lock().await;
        if let Some(Line { heard, .. }) = &*line
            && heard.has_changed().is_ok()
        {
            return Ok(heard.clone());
        }
        let opened = Line::open(&self.address, &self.ledger).await?;
        Ok(line.insert(opened).heard.clone())
    }
}

impl Line {
    async fn open(address: &Address, ledger: &LedgerId) -> Result<Line, OpenError> {
        let (client, wire) = address.connect_wire().await?;
        let (news, heard) = watch::channel(0);
        tokio::spawn(hear(wire, news.clone()));
        address.set_up(&client).await?;
        let asked = async {
            client.batch_execute(&format!("SET idle_session_timeout = 0; LISTEN {}", channel(ledger))).await?;
            // What was told before somebody listened is asked for.
            client.query_opt("SELECT position FROM aduan.ledger WHERE name = $1", &[&ledger.as_str()]).await
        };
        let row = address.in_time(asked).await?.map_err(OpenError::server)?;
        let head: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(OpenError::server)?;
        note(&news, head as Position);
        Ok(Line { heard, _client: client })
    }
}

/// Carries the messages of a connection until it ends, and notes what they tell.
async fn hear(mut wire: Wire, news: watch::Sender<Position>) {
    while let Some(Ok(message)) = poll_fn(|context| wire.poll_message(context)).await {
        if let AsyncMessage::Notification(told) = message
            && let Ok(position) = told.payload().parse()
        {
            note(&news, position);
        }
    }
}

/// Notes a position, if it is news.
pub(crate) fn note(news: &watch::Sender<Position>, position: Position) {
    news.send_if_modified(|known| {
        let is_news = position > *known;
        *known = position.max(*known);
        is_news
    });
}
