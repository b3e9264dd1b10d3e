//! A signer in a folder of its own: what it remembers, what it refuses, and how it is asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod folder;
mod history;
mod random;
mod rotation;
mod socket;
