//! No personal value is found in the clear: not in the raw files, not in what is said about them.

use std::path::Path;
use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command, Receive};
use aduan::engine::Engine;
use aduan::event::Class;
use aduan::rules::Rules;
use aduan::sealed::Clear;
use aduan::values::{Channel, CommandId, Digest};
use aduan_sqlite::SqliteStore;
use aduan_testkit::town::{CANARY, Choice, Town};
use aduan_vault::FileVault;
use uuid::Uuid;

use crate::office::moment;
use crate::stores::ledger;

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_found_in_no_file_and_in_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let store = Arc::new(SqliteStore::create(&path, &ledger()).unwrap());
    let vault = Arc::new(vault(folder.path()));
    let engine = Engine::new(store, vault, Rules::mojokerto());
    let mut town = Town::new(Rules::mojokerto());
    let mut said = String::new();
    for entropy in 0..600_u64 {
        let (id, request) =
            town.request(Choice { complaint: (entropy % 40) as u8, entropy: entropy.wrapping_mul(0x9e37_79b9) });
        let seed = request.seed;
        said.push_str(&format!("{request:?}"));
        match engine.handle(id, request).await {
            Ok(receipt) => {
                said.push_str(&format!("{receipt:?}"));
                if !receipt.repeated {
                    town.learn(id, &receipt.events, &seed);
                }
            }
            Err(error) => said.push_str(&format!("{error} {error:?}")),
        }
    }
    let head = engine.head().await.unwrap().position;
    assert!(head > 100, "a canary nobody let out proves nothing: {head} events");
    assert!(!said.contains(CANARY), "a request, receipt or error shows a personal value");
    assert!(!said.contains("seed"), "from a seed the key of a complaint follows");
    assert!(said.contains("secret: Some([sealed])"), "a tracking secret does not show itself");
    assert!(said.contains("[sealed]"));
    assert!(revealed(&engine).await.contains(CANARY), "the canary was let out, and is behind the seal");
    let files = files_holding(folder.path(), CANARY.as_bytes());
    assert_eq!(files, Vec::<String>::new(), "while the store is open: database and write-ahead log");
    drop(engine);
    assert_eq!(files_holding(folder.path(), CANARY.as_bytes()), Vec::<String>::new());
}

#[tokio::test]
async fn the_search_finds_a_canary_where_there_is_one() {
    // The control: a channel's name is no personal value, and stands in the record.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let store = Arc::new(SqliteStore::create(&path, &ledger()).unwrap());
    let engine = Engine::new(store, Arc::new(vault(folder.path())), Rules::mojokerto());
    let mut receive = Receive::by(Channel::new(CANARY).unwrap(), Class::Complaint);
    receive.text = Some(Clear::new("lampu mati"));
    let command = Command::Receive(Box::new(receive));
    let id = CommandId(Uuid::from_u128(1));
    let at = moment("2024-03-04T09:00:00+07:00");
    engine.receive(ClearRequest::new(id, at, Actor::new(Role::Intake), command, [1; 32])).await.unwrap();
    assert_ne!(files_holding(folder.path(), CANARY.as_bytes()), Vec::<String>::new());
}

#[test]
fn a_channel_reference_stands_nowhere_and_cannot_be_guessed() {
    // A reference may be a phone number: without the ledger's secret its digest tells nothing.
    let number = "0812-0000-1708";
    let bare = Digest::of(number.as_bytes()).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::create(folder.path().join("city.db"), &ledger()).unwrap());
    let engine = Engine::new(store, Arc::new(vault(folder.path())), Rules::mojokerto());
    let mut receive = Receive::by(Channel::new("sms-1708").unwrap(), Class::Complaint);
    receive.text = Some(Clear::new("lampu mati"));
    receive.reference = Some(Clear::new(number));
    let at = moment("2024-03-04T09:00:00+07:00");
    let request = ClearRequest::new(
        CommandId(Uuid::from_u128(1)),
        at,
        Actor::new(Role::Intake),
        Command::Receive(Box::new(receive)),
        [1; 32],
    );
    let receipt = runtime.block_on(engine.receive(request)).unwrap();
    let history = runtime.block_on(engine.history(receipt.complaint)).unwrap();
    let record = &history[0].record;
    assert!(record.payload.contains("reference_mac"));
    assert!(!record.payload.contains(number) && !record.payload.contains(&bare));
}

/// The sealed values of the first complaint in the log, opened.
async fn revealed(engine: &Engine) -> String {
    let mut town = Town::new(Rules::mojokerto());
    let (id, _) = town.request(Choice { complaint: 0, entropy: 0 });
    let mut opened = String::new();
    for recorded in engine.history(id).await.unwrap() {
        for (_, text) in engine.reveal(id, &recorded.event).await.unwrap() {
            opened.push_str(text.reveal());
        }
    }
    opened
}

fn vault(folder: &Path) -> FileVault {
    FileVault::create(folder.join("city.vault"), &ledger(), [5; 32]).unwrap()
}

/// The names of files below a folder that hold some bytes.
fn files_holding(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(needle.len()).any(|window| window == needle) {
            found.push(path.display().to_string());
        }
    }
    found
}
