//! A thread of a store, and the bounded queue before it.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use aduan::store::StoreError;

use crate::OpenError;

/// Lives until it is dropped and its queue is empty.
pub(crate) struct Thread<W> {
    queue: Option<SyncSender<W>>,
    handle: Option<JoinHandle<()>>,
}

impl<W: Send + 'static> Thread<W> {
    pub(crate) fn start(
        name: &str,
        bound: usize,
        run: impl FnOnce(Receiver<W>) + Send + 'static,
    ) -> Result<Self, OpenError> {
        let (queue, work) = sync_channel(bound);
        let handle = thread::Builder::new().name(name.into()).spawn(move || run(work));
        let handle = handle.map_err(|error| OpenError::io(name, error))?;
        Ok(Thread { queue: Some(queue), handle: Some(handle) })
    }

    pub(crate) fn hand_over(&self, work: W) -> Result<(), StoreError> {
        let died = || StoreError::Unavailable("the thread of the store died".into());
        self.queue.as_ref().ok_or_else(died)?.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => died(),
        })
    }
}

impl<W> Drop for Thread<W> {
    /// Waits until the queue is empty and the thread has ended.
    fn drop(&mut self) {
        self.queue.take();
        if let Some(handle) = self.handle.take() {
            // A thread that panicked has dropped its replies, so everyone who waited knows.
            let _ = handle.join();
        }
    }
}
