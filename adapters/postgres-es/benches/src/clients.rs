//! Clients that send one command after another, and what each had to wait.

use std::time::{Duration, Instant};

/// What came of a crowd of clients.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// From the first command to the last answer.
    pub(crate) took: Duration,
    /// What each command waited for its answer, the shortest first; empty where it was not one by one.
    pub(crate) waits: Vec<Duration>,
}

impl Sent {
    /// Work that was not done for clients.
    pub(crate) fn whole(took: Duration) -> Self {
        Sent { took, waits: Vec::new() }
    }

    /// A hundredth of the commands waited longer, if `share` is 0.99.
    pub(crate) fn wait(&self, share: f64) -> Option<Duration> {
        let place = (share * self.waits.len() as f64).ceil() as usize;
        self.waits.get(place.saturating_sub(1)).copied()
    }
}

/// Every client sends what it has, one after another.
pub(crate) async fn send<T, Work, Done>(clients: Vec<Vec<T>>, work: Work) -> Sent
where
    T: Send + 'static,
    Work: Fn(T) -> Done + Clone + Send + 'static,
    Done: Future<Output = ()> + Send,
{
    let start = Instant::now();
    let clients: Vec<_> = clients
        .into_iter()
        .map(|mine| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(mine.len());
                for one in mine {
                    let sent = Instant::now();
                    work(one).await;
                    waits.push(sent.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for client in clients {
        waits.extend(client.await.expect("a client says why it failed"));
    }
    let took = start.elapsed();
    waits.sort_unstable();
    Sent { took, waits }
}
