//! An event-sourced complaint lifecycle engine. *Aduan* is Indonesian for complaint.
//!
//! Start reading at [`complaint`]: it holds the rules. [`engine`] carries requests to them and what
//! they decide to a [`store`]; [`event`] is what is stored, [`record`] how.
//!
//! The core is a function of its arguments: it reads no clock, draws no random number and does no I/O.
//! Time, chance and rules come from whoever calls it.
//!
//! ```
//! use aduan::actor::{Actor, Role};
//! use aduan::complaint::{Complaint, Decision, Stage};
//! use aduan::command::{Command, Receive, SealedRequest};
//! use aduan::event::Class;
//! use aduan::rules::Rules;
//! use aduan::sealed::BoxDigest;
//! use aduan::values::{Channel, CommandId, Digest, Moment, WIB};
//!
//! // Behind the seal, the rules see digests where people see texts.
//! let text = BoxDigest(Digest::of(b"a sealed box"));
//! let mut receive = Receive::by(Channel::new("whatsapp")?, Class::Complaint);
//! receive.text = Some(text);
//! let at = Moment::parse("2024-04-05T16:01:00+07:00", WIB)?;
//! let by = Actor::new(Role::Intake);
//! let request = SealedRequest::new(CommandId(uuid::Uuid::from_u128(1)), at, by, Command::Receive(Box::new(receive)), [7; 32]);
//!
//! let rules = Rules::mojokerto();
//! let mut complaint = Complaint::default();
//! let Decision::Record(events) = complaint.decide(&request, &rules)? else { unreachable!() };
//! events.iter().for_each(|event| complaint.evolve(event));
//!
//! assert_eq!(complaint.stage, Stage::Received);
//! // Friday before Lebaran: the next working day is the 16th.
//! assert_eq!(complaint.next_due().unwrap().due.to_string(), "end of 2024-04-16 (Asia/Jakarta)");
//! assert_eq!(complaint.decide(&request, &rules)?, Decision::Already);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod actor;
pub mod agency;
pub mod audit;
pub mod bands;
pub mod calendar;
pub mod clock;
pub mod command;
pub mod complaint;
pub mod conformance;
pub mod engine;
pub mod event;
pub mod evidence;
pub mod figures;
pub mod ikm;
pub mod inspect;
pub mod policy;
pub mod projection;
pub mod projector;
pub mod read;
pub mod record;
pub mod retelling;
pub mod rules;
pub mod sealed;
pub mod statistics;
pub mod store;
pub mod summary;
pub mod values;
