//! The program as people run it: the real binary on files of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod checkpoints;
mod city;
mod conforming;
mod copying;
mod desk;
mod event_logs;
mod evidence;
mod exporting;
mod figures;
mod fork;
mod handed;
mod history;
mod ikm;
mod importing;
mod killed;
mod postgres;
mod report;
mod round_trip;
mod together;
mod verifying;
