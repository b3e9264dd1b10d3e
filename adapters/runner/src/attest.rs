//! The task that has checkpoints made.

use std::sync::Arc;
use std::time::Duration;

use aduan::audit::notary::{Notary, NotaryError};
use aduan::store::Log;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::runner::LONGEST_PAUSE;
use crate::{Attesting, Health, RunnerOptions};

/// Follows the log with a notary.
pub(crate) struct Attest {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) attesting: Attesting,
    pub(crate) options: RunnerOptions,
    pub(crate) health: Arc<watch::Sender<Health>>,
}

impl Attest {
    pub(crate) async fn run(self) {
        let mut pause = self.options.retry_after;
        let mut notary = loop {
            match self.open().await {
                Ok(notary) => break notary,
                Err(error) => self.fail(&error, &mut pause).await,
            }
        };
        loop {
            match notary.step((self.options.clock)()).await {
                Ok(_) => {
                    pause = self.options.retry_after;
                    self.tell(&notary, None);
                    self.wait(&notary).await;
                }
                Err(error) => {
                    self.tell(&notary, Some(&error));
                    self.fail(&error, &mut pause).await;
                }
            }
        }
    }

    async fn open(&self) -> Result<Notary, NotaryError> {
        let Attesting { signer, sinks, mandate } = self.attesting.clone();
        Notary::open(Arc::clone(&self.log), signer, sinks, mandate).await
    }

    async fn wait(&self, notary: &Notary) {
        let told = async {
            if notary.wait().await.is_err() {
                // Nobody tells any more: looking now and then goes on.
                std::future::pending().await
            }
        };
        tokio::select! {
            () = told => {}
            () = sleep(self.options.look_every) => {}
        }
    }

    async fn fail(&self, error: &NotaryError, pause: &mut Duration) {
        self.health.send_modify(|health| health.attest_trouble = Some(error.to_string()));
        sleep(*pause).await;
        *pause = (2 * *pause).min(LONGEST_PAUSE);
    }

    fn tell(&self, notary: &Notary, trouble: Option<&NotaryError>) {
        let (standing, trouble) = (notary.standing(), trouble.map(NotaryError::to_string));
        self.health.send_if_modified(|health| {
            let is_news = health.attested.as_ref() != Some(standing) || health.attest_trouble != trouble;
            health.attested = Some(standing.clone());
            health.attest_trouble.clone_from(&trouble);
            is_news
        });
    }
}
