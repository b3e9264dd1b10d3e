//! The forms that other tools read, written from a ledger: tables, process mining, events on a bus, open data.
//!
//! ```text
//! store.after(…) ──► Withheld::take   (first pass: which complaints stay in the house)
//! store.after(…) ──► Export::take     (second pass: the entries, in the order of the ledger)
//!                    Export::finish ──► Written { cases, events, … }
//! ```
//!
//! [`disclosed`] is the list of what of an event may leave, and all forms are written from it: what it does not name
//! stays. No sealed value is on it, no tracking number and no secret, and nothing that stands for a complainant.
//!
//! | form | a line or object is | standard | memory |
//! |---|---|---|---|
//! | [`Format::EventCsv`] | an event | RFC 4180 | constant |
//! | [`Format::Xes`] | a complaint with its events | IEEE 1849-2016 | grouping |
//! | [`Format::Ocel`] | an event; a complaint, agency, officer, channel | OCEL 2.0, JSON | grouping, and the names of agencies, officers, channels |
//! | [`Format::CloudEvents`] | an event | CloudEvents 1.0, JSON, one a line | constant |
//! | [`Format::GeoreportCsv`] | a complaint as it stands now | GeoReport Bulk (proposed), CSV | grouping |
//!
//! A ledger is ordered by position, and these three forms by complaint. They sort outside of memory: 16 MiB are sorted
//! at a time and put into one temporary file, which has no name and holds records, never texts; in the end the sorted
//! stretches are merged. That takes 16 MiB, and 32 KiB more for every 16 MiB of records. What fits into the first
//! 16 MiB touches no file.
//!
//! [`xes::Traces`] reads the XES of other systems, leniently and within limits.

mod cell;
mod cloud_events;
pub mod disclosed;
mod event_csv;
mod export;
mod georeport;
mod grouping;
mod ocel;
mod withheld;
pub mod xes;

pub use self::export::{Export, ExportError, Format, Origin, Written};
pub use self::withheld::{Confidential, Withheld};
