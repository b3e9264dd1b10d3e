//! Questions to a store, asked before their answers are needed: one after the other each would wait for its way.

use std::collections::VecDeque;

use tokio::task::JoinHandle;

use crate::answer::Failure;

/// Answers on their way, in the order in which they were asked for.
pub(crate) struct Ahead<T>(VecDeque<Answer<T>>);

enum Answer<T> {
    Known(T),
    Asked(JoinHandle<T>),
}

impl<T: Send + 'static> Ahead<T> {
    /// Nothing asked yet.
    pub(crate) fn new() -> Self {
        Ahead(VecDeque::new())
    }

    /// Asks. The answer comes behind those asked for before.
    pub(crate) fn ask(&mut self, question: impl Future<Output = T> + Send + 'static) {
        self.0.push_back(Answer::Asked(tokio::spawn(question)));
    }

    /// Takes an answer that nobody needs to be asked for, behind those asked for before.
    pub(crate) fn know(&mut self, answer: T) {
        self.0.push_back(Answer::Known(answer));
    }

    /// Whether so much is under way that an answer should be taken before the next question.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= FULL
    }

    /// The next answer; none when nothing is under way.
    ///
    /// # Errors
    /// When whoever looked for it died.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, Failure> {
        Ok(match self.0.pop_front() {
            None => None,
            Some(Answer::Known(answer)) => Some(answer),
            Some(Answer::Asked(task)) => {
                Some(task.await.map_err(|error| Failure::Failed(format!("a question died: {error}")))?)
            }
        })
    }
}

/// Far below the queue of every store, and enough for its readers never to wait for us.
const FULL: usize = 64;
