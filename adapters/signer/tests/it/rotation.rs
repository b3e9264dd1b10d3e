//! A key handed over: by both keys, with the old one gone, and through a crash at any point of it.

use std::fs;

use aduan::audit::keys::Keyring;
use aduan::audit::signer::CheckpointSigner as _;
use aduan_signer::FolderError;

use crate::history::{Desk, History, ledger, origin};

#[tokio::test]
async fn an_auditor_who_trusts_the_old_key_is_led_to_the_new_one() {
    let desk = Desk::new();
    let signer = desk.open();
    let before = signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let old_key = fs::read_to_string(desk.path("key")).unwrap();
    let rotation = signer.rotate(&ledger(), [7; 32]).unwrap();
    assert_eq!((rotation.after(), signer.keys()), (5, vec![rotation.to().clone()]));
    let after = signer.sign(&History::of(8).proposal(1, 5)).await.unwrap();
    let again = signer.rotate(&ledger(), [8; 32]).unwrap();
    drop(signer);

    let signer = desk.open();
    assert_eq!(signer.keys(), vec![again.to().clone()]);
    let told = signer.rotations(&origin().of_line(2)).await.unwrap();
    assert_eq!(told, [rotation.clone(), again.clone()]);
    let last = signer.sign(&History::of(9).proposal(1, 8)).await.unwrap();
    let mut keys = Keyring::new([desk.key.clone()]);
    assert!(keys.attested(&after).is_err(), "nobody told yet");
    assert!(told.iter().all(|rotation| keys.hand_over(rotation)));
    assert!([&before, &after, &last].iter().all(|signed| keys.attested(signed).is_ok()));

    let folder: Vec<Vec<u8>> =
        fs::read_dir(desk.beside("signer")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    let secret = old_key.trim_end().rsplit_once('+').unwrap().1;
    let holds = |bytes: &Vec<u8>| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(!folder.iter().any(holds), "the old private key is destroyed");
    assert_eq!(folder.len(), 2, "nothing is left beside");
}

#[tokio::test]
async fn a_rotation_that_a_crash_cut_short_is_ended_or_never_was() {
    let desk = Desk::new();
    let signer = desk.open();
    signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let (old_key, before) = (fs::read(desk.path("key")).unwrap(), fs::read(desk.path("signed")).unwrap());
    let rotation = signer.rotate(&ledger(), [7; 32]).unwrap();
    drop(signer);
    let (new_key, after) = (fs::read(desk.path("key")).unwrap(), fs::read(desk.path("signed")).unwrap());
    let put = |name: &str, bytes: &[u8]| fs::write(desk.path(name), bytes).unwrap();

    // The new key is on the disk, and nothing says that it counts.
    put("signed", &before);
    put("key", &old_key);
    put("key.next", &new_key);
    std::fs::set_permissions(desk.path("key.next"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(desk.open().keys(), vec![desk.key.clone()]);
    assert!(!desk.path("key.next").exists());

    // The statement is written, and the old key still lies there.
    put("signed", &after);
    put("key.next", &new_key);
    std::fs::set_permissions(desk.path("key.next"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let signer = desk.open();
    assert_eq!(signer.keys(), vec![rotation.to().clone()]);
    assert!(!desk.path("key.next").exists());
    assert!(signer.sign(&History::of(8).proposal(1, 5)).await.is_ok());
    drop(signer);

    put("key", &old_key);
    assert!(matches!(desk.try_open(), Err(FolderError::Damaged { .. })), "a key that handed over signs no more");
}
