//! Requests of a small office, each from a number.

use std::convert::Infallible;
use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command, Marks, Receive, SealedRequest};
use aduan::engine::Engine;
use aduan::event::{Class, Note};
use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, Clear};
use aduan::store::Store;
use aduan::values::{Channel, CommandId, Digest, Moment, WIB};
use aduan_memory::MemoryVault;
use uuid::Uuid;

pub(crate) fn engine(store: Arc<dyn Store>) -> Engine {
    Engine::new(store, Arc::new(MemoryVault::new([7; 32])), Rules::mojokerto())
}

pub(crate) fn command(number: u64) -> CommandId {
    CommandId(Uuid::from_u128(u128::from(number)))
}

/// A new complaint.
pub(crate) fn receive(number: u64) -> ClearRequest {
    let mut complaint = Receive::by(Channel::new("counter").expect("a fixed name"), Class::Complaint);
    complaint.text = Some(Clear::new("Lampu jalan mati"));
    request(number, Role::Intake, Command::Receive(Box::new(complaint)))
}

/// A remark without a text, so that there is nothing to seal.
pub(crate) fn remark(number: u64) -> ClearRequest {
    request(number, Role::Admin, Command::Annotate { note: Note::Remark, text: None })
}

/// As it goes to cqrs-es.
pub(crate) fn sealed(request: ClearRequest) -> SealedRequest {
    let Ok(mut sealed) = request.map(&mut |_, text: Clear| -> Result<BoxDigest, Infallible> {
        panic!("nothing to seal, but {text:?}");
    });
    sealed.marks = Marks { mac: Some(Digest::of(b"of a remark")), ..Marks::default() };
    sealed
}

fn request(number: u64, role: Role, command_: Command<Clear>) -> ClearRequest {
    let at = Moment::parse("2024-03-04T09:00:00+07:00", WIB).expect("a fixed time");
    ClearRequest::new(command(number), at, Actor::new(role), command_, Digest::of(&number.to_be_bytes()).0)
}
