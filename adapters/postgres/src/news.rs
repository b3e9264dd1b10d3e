//! How far a ledger is known to go: what this process appended itself, and what others told it.

use aduan::values::Position;
use tokio::sync::watch;

/// The newest position of which a store was told, by its own writer or by others. Cheap to clone.
///
/// It may be wrong: anybody who may log in can notify, and after a failover the log may be shorter than it was.
/// Whoever is about to act on what was told before asks the ledger, and corrects it.
#[derive(Clone)]
pub(crate) struct News(watch::Sender<Told>);

/// What was told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Told {
    /// The newest position.
    pub(crate) position: Position,
    /// How often something was told.
    times: u64,
}

impl News {
    /// Nothing yet.
    pub(crate) fn none() -> Self {
        News(watch::Sender::new(Told::default()))
    }

    /// What was told so far.
    pub(crate) fn told(&self) -> Told {
        *self.0.borrow()
    }

    /// Notes that the log goes as far as a position.
    pub(crate) fn note(&self, position: Position) {
        self.0.send_if_modified(|told| {
            let is_news = position > told.position;
            *told = Told { position: position.max(told.position), times: told.times + 1 };
            is_news
        });
    }

    /// Corrects what was told, where nothing was told since.
    pub(crate) fn correct(&self, wrong: Told, head: Position) {
        self.0.send_if_modified(|told| {
            if *told == wrong {
                told.position = head;
            }
            false
        });
    }

    /// Waits until something beyond a position was told.
    pub(crate) async fn beyond(&self, after: Position) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|told| told.position > after).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_while_it_is_corrected_stays() {
        let news = News::none();
        news.note(1_000);
        let wrong = news.told();
        // The ledger ends at 7 and goes on to 8, which is told before the correction.
        news.note(8);
        news.correct(wrong, 7);
        assert_eq!(news.told().position, 1_000, "to be asked again");
        news.correct(news.told(), 8);
        assert_eq!(news.told().position, 8);
        news.note(9);
        assert_eq!(news.told().position, 9);
    }
}
