//! What a server says: written to its log, and waited for.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::HarnessError;
use super::cluster::locked;

/// What one server process and its children said so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    so_far: Mutex<SoFar>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct SoFar {
    text: String,
    /// Nobody is left who could say more.
    is_all: bool,
}

impl Said {
    /// Takes down what comes out of `voice`, first in `log`, until everybody has closed its other end.
    pub(super) fn listen(voice: impl Read + Send + 'static, mut log: File) -> Arc<Said> {
        let said = Arc::new(Said::default());
        let noted = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut voice = BufReader::new(voice);
            let mut line = Vec::new();
            // A log that cannot be written is missed by whoever reads it; what waits here goes on.
            while voice.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                log.write_all(&line).ok();
                locked(&noted.so_far).text.push_str(&String::from_utf8_lossy(&line));
                noted.more.notify_all();
                line.clear();
            }
            locked(&noted.so_far).is_all = true;
            noted.more.notify_all();
        });
        said
    }

    /// How much was said so far.
    pub(super) fn length(&self) -> usize {
        locked(&self.so_far).text.len()
    }

    /// Whether these words were said so far.
    pub(super) fn has(&self, words: &str) -> bool {
        locked(&self.so_far).text.contains(words)
    }

    /// Waits until everything is said and written down, but no longer than this.
    pub(super) fn wait_for_end(&self, at_most: Duration) {
        let so_far = locked(&self.so_far);
        drop(self.more.wait_timeout_while(so_far, at_most, |so_far| !so_far.is_all));
    }

    /// Waits until these words are said behind what was said before. False when nobody is left to say them.
    ///
    /// # Errors
    /// When neither happens for so long.
    pub(super) fn wait_for(&self, words: &str, behind: usize, at_most: Duration) -> Result<bool, HarnessError> {
        let is_said = |so_far: &SoFar| so_far.text[behind..].contains(words);
        let so_far = locked(&self.so_far);
        let waited = self.more.wait_timeout_while(so_far, at_most, |so_far| !is_said(so_far) && !so_far.is_all);
        let (so_far, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        match (is_said(&so_far), so_far.is_all) {
            (false, false) => {
                Err(HarnessError::new(format!("waited {at_most:?} in vain for a server to say: {words}")))
            }
            (is_said, _) => Ok(is_said),
        }
    }
}
