//! Hears from other processes that a ledger went on.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use aduan::store::StoreError;
use aduan::values::{LedgerId, Position};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use crate::OpenError;
use crate::bell::channel;
use crate::connect::{Address, Wire};
use crate::news::News;

/// Notes news of one ledger; on a connection of its own, once somebody wants to know.
pub(crate) struct Listener {
    address: Address,
    ledger: LedgerId,
    news: News,
    line: Mutex<Option<Line>>,
}

/// A task that connects and listens, until it cannot any more or this is dropped. Whoever stops waiting for it leaves it
/// as it is: a server that is slow is not asked anew by each who waits.
struct Line {
    /// Why it has ended.
    ended: watch::Receiver<Option<String>>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    pub(crate) fn new(address: Address, ledger: LedgerId, news: News) -> Self {
        Listener { address, ledger, news, line: Mutex::new(None) }
    }

    /// Has it listen, until it cannot any more: why.
    pub(crate) async fn listen(&self) -> StoreError {
        let mut ended = self.line();
        let why = match ended.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => "the task that listens died".into(),
        };
        StoreError::Unavailable(why)
    }

    /// When the line ends that there is now, or a new one.
    fn line(&self) -> watch::Receiver<Option<String>> {
        // Nothing panics while it is held.
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Line { ended, task }) = &*line
            && !task.is_finished()
            && ended.borrow().is_none()
        {
            return ended.clone();
        }
        let (end, ended) = watch::channel(None);
        let (address, ledger, news) = (self.address.clone(), self.ledger.clone(), self.news.clone());
        let task = tokio::spawn(async move {
            let why = listened(&address, &ledger, &news).await;
            end.send_replace(Some(why));
        });
        line.insert(Line { ended, task }).ended.clone()
    }
}

/// Listens until the connection is lost, or cannot be had: why.
async fn listened(address: &Address, ledger: &LedgerId, news: &News) -> String {
    let (client, wire) = match address.connect_wire().await {
        Ok(connected) => connected,
        Err(error) => return error.to_string(),
    };
    let listening = async {
        match begin(address, &client, ledger).await {
            Ok(head) => {
                news.note(head);
                std::future::pending().await
            }
            Err(error) => error.to_string(),
        }
    };
    tokio::select! {
        biased;
        why = listening => why,
        () = hear(wire, news) => "the connection that listens was lost".into(),
    }
}

/// Begins to listen. What was told before is asked for: where the log ends.
async fn begin(address: &Address, client: &Client, ledger: &LedgerId) -> Result<Position, OpenError> {
    address.set_up(client).await?;
    let asked = async {
        client.batch_execute(&format!("SET idle_session_timeout = 0; LISTEN {}", channel(ledger))).await?;
        client.query_opt("SELECT position FROM aduan.ledger WHERE name = $1", &[&ledger.as_str()]).await
    };
    let row = address.in_time(asked).await?.map_err(OpenError::server)?;
    let head: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(OpenError::server)?;
    Ok(head as Position)
}

/// Carries the messages of a connection until it ends, and notes what they tell.
async fn hear(mut wire: Wire, news: &News) {
    while let Some(Ok(message)) = poll_fn(|context| wire.poll_message(context)).await {
        if let AsyncMessage::Notification(told) = message
            && let Ok(position) = told.payload().parse()
        {
            news.note(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::task::Poll;

    use super::*;
    use crate::PostgresOptions;

    #[tokio::test]
    async fn a_server_that_is_slow_is_asked_once() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/none?sslmode=disable", silent.local_addr().unwrap());
        let address = Address::read(&url, &PostgresOptions::default()).unwrap();
        let listener = Listener::new(address, LedgerId::new("mojokerto").unwrap(), News::none());
        let mut calls = Vec::new();
        for _ in 0..20 {
            // Each goes away before there is an answer.
            let mut listening = Box::pin(listener.listen());
            let first = poll_fn(|context| Poll::Ready(listening.as_mut().poll(context))).await;
            assert!(first.is_pending());
            tokio::task::yield_now().await;
            calls.push(listener.line());
        }
        assert!(calls.iter().all(|call| call.same_channel(&calls[0])));
    }
}
