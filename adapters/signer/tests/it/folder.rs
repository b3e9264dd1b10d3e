//! What a signer keeps, and what it makes of a folder that somebody or a crash has touched.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use aduan::audit::checkpoint::{Origin, SignedCheckpoint};
use aduan::audit::note::{KeyKind, NoteKey};
use aduan::audit::signer::{CheckpointSigner as _, Refusal, SignerError};
use aduan::values::{Digest, LedgerId};
use aduan_signer::{Beginning, FileSigner, FolderError};

use crate::history::{Desk, History, NOON, beginning, ledger, origin};

#[tokio::test]
async fn signs_what_goes_on_and_remembers_it_when_it_is_opened_again() {
    let desk = Desk::new();
    let signer = desk.open();
    assert_eq!(signer.last(&origin()).await, Ok(None));
    let first = signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    assert_eq!(first.attested(std::slice::from_ref(&desk.key)).unwrap().at.unwrap().timestamp(), NOON as i64);
    desk.set_clock(NOON + 600);
    let second = signer.sign(&History::of(8).proposal(1, 5)).await.unwrap();
    assert_eq!(second.note().is_signed_by(&desk.key.of_kind(KeyKind::Timed)), Some(NOON + 600));
    drop(signer);

    let signer = desk.open();
    assert_eq!((signer.torn_bytes(), signer.keys()), (0, vec![desk.key.clone()]));
    assert_eq!(signer.last(&origin()).await, Ok(Some(second.clone())));
    desk.set_clock(NOON + 900);
    assert_eq!(signer.sign(&History::of(8).proposal(1, 5)).await, Ok(second.clone()), "the same again");
    let shorter = Refusal::Shorter { signed: 8, proposed: 6 };
    assert_eq!(signer.sign(&History::of(6).proposal(1, 5)).await, Err(SignerError::Refused(shorter)));
    let forked = Refusal::Forked { signed: 8, proposed: 9 };
    assert_eq!(signer.sign(&History::forked(6, 9).proposal(1, 8)).await, Err(SignerError::Refused(forked)));
    for (size, newest) in [(4, None), (5, Some(&first)), (7, Some(&first)), (8, Some(&second)), (99, Some(&second))] {
        assert_eq!(signer.newest(&origin(), size).await, Ok(newest.cloned()), "{size}");
    }
    let stranger = Origin::of(&LedgerId::new("kediri").unwrap(), 1);
    let unknown = Err(SignerError::Refused(Refusal::UnknownOrigin("aduan/kediri".into())));
    assert_eq!(signer.last(&stranger).await, unknown);
}

#[tokio::test]
async fn a_note_that_a_crash_tore_was_never_answered_and_is_cut() {
    let desk = Desk::new();
    let signer = desk.open();
    let first = signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let whole = fs::read(desk.path("signed")).unwrap();
    let second = signer.sign(&History::of(8).proposal(1, 5)).await.unwrap();
    drop(signer);
    let both = fs::read(desk.path("signed")).unwrap();
    // As after a crash at every byte between the first that was written and the last.
    for length in whole.len()..=both.len() {
        fs::write(desk.path("signed"), &both[..length]).unwrap();
        let signer = desk.open();
        let is_whole = length == both.len();
        assert_eq!(signer.torn_bytes(), if is_whole { 0 } else { (length - whole.len()) as u64 });
        let last = if is_whole { &second } else { &first };
        assert_eq!(signer.last(&origin()).await, Ok(Some(last.clone())), "torn after {length} bytes");
    }
    // The system may have made the file longer before it had the bytes.
    fs::write(desk.path("signed"), [&whole[..], &[0; 400]].concat()).unwrap();
    let signer = desk.open();
    assert_eq!(signer.torn_bytes(), 400);
    assert!(signer.sign(&History::of(8).proposal(1, 5)).await.is_ok(), "and it signs on");
    drop(signer);
    assert_eq!(desk.open().last(&origin()).await.unwrap().unwrap().checkpoint().size, 8);
}

#[tokio::test]
async fn a_file_that_says_something_else_than_was_signed_is_refused() {
    let desk = Desk::new();
    let signer = desk.open();
    for (size, old) in [(3, 0), (5, 3), (8, 5)] {
        signer.sign(&History::of(size).proposal(1, old)).await.unwrap();
    }
    drop(signer);
    let signed = fs::read_to_string(desk.path("signed")).unwrap();
    let entries: Vec<&str> = signed.split_inclusive("\n%\n").collect();
    let [begins, three, five, eight] = entries[..] else { panic!("four notes") };
    let forged = eight.replacen("\n8\n", "\n9\n", 1);
    let twice = format!("{begins}{three}{three}");
    let backwards = format!("{begins}{three}{eight}{five}");
    let without_beginning = format!("{three}{five}{eight}");
    let begun_twice = format!("{begins}{begins}{three}");
    for damaged in
        [&format!("{begins}{three}{five}{forged}"), &twice, &backwards, &without_beginning, &begun_twice, "x\n%\n"]
    {
        fs::write(desk.path("signed"), damaged).unwrap();
        assert!(matches!(desk.try_open(), Err(FolderError::Damaged { .. })), "{damaged}");
    }
    fs::write(desk.path("signed"), &signed).unwrap();
    assert!(desk.try_open().is_ok(), "as it was");
}

#[tokio::test]
async fn two_processes_do_not_sign_from_one_folder() {
    let desk = Desk::new();
    let signer = desk.open();
    assert!(matches!(desk.try_open(), Err(FolderError::Locked { .. })));
    assert_eq!(FileSigner::keys_of(desk.beside("signer")), Ok(vec![desk.key.clone()]), "public keys are told");
    drop(signer);
    assert!(desk.try_open().is_ok());
}

#[test]
fn only_its_owner_reads_the_private_key_and_nothing_shows_it() {
    let desk = Desk::new();
    for file in ["key", "signed"] {
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(desk.path(file)), 0o600);
        assert_eq!(mode(desk.beside("signer")), 0o700);
        fs::set_permissions(desk.path(file), Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(desk.try_open(), Err(FolderError::Exposed { mode: 0o640, .. })));
        fs::set_permissions(desk.path(file), Permissions::from_mode(0o600)).unwrap();
    }
    let key = fs::read_to_string(desk.path("key")).unwrap();
    let secret = key.trim_end().rsplit_once('+').unwrap().1;
    fs::write(desk.path("key"), key.replacen("+A", "+B", 1)).unwrap();
    let said = desk.try_open().err().unwrap().to_string();
    assert!(!said.contains(secret), "{said}");
}

#[test]
fn never_overwrites_a_signer_and_signs_for_no_ledger_twice() {
    let desk = Desk::new();
    let again = FileSigner::create(desk.beside("signer"), &beginning(), [2; 32]);
    assert!(matches!(again, Err(FolderError::Exists { .. })));
    assert_eq!(FileSigner::keys_of(desk.beside("signer")), Ok(vec![desk.key.clone()]));
    for ledgers in [vec![], vec![ledger(), ledger()]] {
        let made = FileSigner::create(desk.beside("other"), &Beginning { ledgers, ..Beginning::default() }, [2; 32]);
        assert!(matches!(made, Err(FolderError::OtherLedgers { .. })));
    }
    let kediri = LedgerId::new("kediri").unwrap();
    let both = Beginning { ledgers: vec![ledger(), kediri], ..Beginning::default() };
    let keys = FileSigner::create(desk.beside("both"), &both, [2; 32]).unwrap();
    assert_eq!(keys.iter().map(|key| key.name()).collect::<Vec<_>>(), ["aduan/mojokerto", "aduan/kediri"]);
    assert!(FileSigner::open(desk.beside("both"), || NOON).is_ok());
}

#[tokio::test]
async fn a_clock_that_runs_backwards_never_signs_an_earlier_time() {
    let desk = Desk::new();
    let signer = desk.open();
    let second = |signed: &SignedCheckpoint| signed.note().is_signed_by(&desk.key.of_kind(KeyKind::Timed)).unwrap();
    signer.sign(&History::of(3).proposal(1, 0)).await.unwrap();
    // Set by a few seconds now and then, clocks stay inside what auditors allow.
    desk.set_clock(NOON - 600);
    assert_eq!(second(&signer.sign(&History::of(5).proposal(1, 3)).await.unwrap()), NOON);
    desk.set_clock(NOON - 601);
    let behind = Refusal::ClockBehind { signed: NOON, now: NOON - 601 };
    assert_eq!(signer.sign(&History::of(8).proposal(1, 5)).await, Err(SignerError::Refused(behind)));
    desk.set_clock(NOON + 1);
    assert_eq!(second(&signer.sign(&History::of(8).proposal(1, 5)).await.unwrap()), NOON + 1);
}

#[tokio::test]
async fn a_signer_that_forgot_is_told_the_last_checkpoint_of_its_own_key() {
    let desk = Desk::new();
    let signer = desk.open();
    signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let last = signer.sign(&History::of(8).proposal(1, 5)).await.unwrap();
    drop(signer);
    fs::remove_file(desk.path("signed")).unwrap();
    assert!(matches!(desk.try_open(), Err(FolderError::Forgotten { .. })));
    let folder = desk.beside("signer");
    assert!(matches!(FileSigner::create(&folder, &beginning(), [2; 32]), Err(FolderError::Forgotten { .. })));
    let thief = NoteKey::from_seed(origin().key_name(), &[9; 32]).unwrap();
    let forged = History::forked(2, 8).proposal(1, 0).checkpoint.sign(&thief, NOON);
    let told = |after: &SignedCheckpoint| Beginning { after: vec![after.clone()], ..beginning() };
    assert!(matches!(FileSigner::create(&folder, &told(&forged), [2; 32]), Err(FolderError::NotTaken { .. })));

    assert_eq!(FileSigner::create(&folder, &told(&last), [2; 32]), Ok(vec![desk.key.clone()]), "its key stays");
    let signer = desk.open();
    assert_eq!(signer.last(&origin()).await, Ok(Some(last)));
    assert!(signer.sign(&History::forked(6, 9).proposal(1, 8)).await.is_err());
    assert!(signer.sign(&History::of(9).proposal(1, 8)).await.is_ok());
}

#[tokio::test]
async fn a_new_key_takes_over_from_one_that_was_lost_with_everything_it_signed() {
    let desk = Desk::new();
    let signer = desk.open();
    let last = signer.sign(&History::of(8).proposal(1, 0)).await.unwrap();
    drop(signer);
    let other = desk.beside("other");
    let mut told = Beginning { after: vec![last.clone()], ..beginning() };
    assert!(matches!(FileSigner::create(&other, &told, [2; 32]), Err(FolderError::NotTaken { .. })));
    told.signed_by = vec![desk.key.clone()];
    let key = FileSigner::create(&other, &told, [2; 32]).unwrap().remove(0);
    let signer = FileSigner::open(&other, || NOON + 900).unwrap();
    let taken_over = signer.last(&origin()).await.unwrap().unwrap();
    assert_eq!(taken_over.checkpoint(), last.checkpoint());
    let attested = taken_over.attested(&[key]).unwrap();
    assert_eq!(attested.at.unwrap().timestamp(), NOON as i64, "events since then are not back-dated by it");
    assert!(signer.sign(&History::forked(6, 9).proposal(1, 8)).await.is_err());
}

#[tokio::test]
async fn a_loss_is_signed_only_after_its_keeper_agreed_and_what_was_kept_stays_bound() {
    let desk = Desk::new();
    let signer = desk.open();
    let early = signer.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let lost = signer.sign(&History::of(8).proposal(1, 5)).await.unwrap();
    let (second, third) = (origin().of_line(2), origin().of_line(3));
    // A backup of six came back, and the seventh event admits it.
    let not_agreed = Err(SignerError::Refused(Refusal::NotAgreed("aduan/mojokerto/2".into())));
    assert_eq!(signer.sign(&History::forked(6, 7).proposal(2, 5)).await, not_agreed);
    let nothing = Refusal::NothingLost { signed: 8, kept: 8 };
    assert_eq!(signer.agree_to_fork(&ledger(), 8, 8).map(drop), Err(FolderError::Refused(nothing)));
    assert_eq!(signer.agree_to_fork(&ledger(), 7, 8).unwrap().kept(), 7, "a slip of the pen");
    assert_eq!(signer.agree_to_fork(&ledger(), 6, 8).unwrap().origin(), &second);
    drop(signer);

    let signer = desk.open();
    assert_eq!(signer.last(&second).await, Ok(Some(early.clone())), "it goes on from what was kept");
    assert_eq!(signer.last(&origin()).await, Ok(Some(lost.clone())), "what was lost is not forgotten");
    let left = Err(SignerError::Refused(Refusal::LineLeft("aduan/mojokerto".into())));
    assert_eq!(signer.sign(&History::of(9).proposal(1, 8)).await, left);
    assert!(signer.sign(&History::forked(3, 7).proposal(2, 5)).await.is_err(), "what was kept was rewritten");
    let begun = signer.sign(&History::forked(6, 7).proposal(2, 5)).await.unwrap();
    let on = signer.sign(&History::forked(6, 20).proposal(2, 7)).await.unwrap();
    assert!(signer.agree_to_fork(&ledger(), 20, 20).is_err(), "nothing of it is lost");
    for (line, size, newest) in
        [(1, 99, &lost), (1, 7, &early), (2, 6, &early), (2, 7, &begun), (2, 19, &begun), (2, 99, &on)]
    {
        let found = signer.newest(&origin().of_line(line), size).await;
        assert_eq!(found, Ok(Some(newest.clone())), "line {line}, {size}");
    }

    // A backup from before the first loss was admitted.
    signer.agree_to_fork(&ledger(), 5, 20).unwrap();
    let newest = signer.last(&third).await;
    assert_eq!(newest, Ok(Some(early)));
    drop(signer);
    let signer = desk.open();
    assert!(signer.sign(&History::forked(5, 7).proposal(3, 5)).await.is_ok());
}

#[tokio::test]
async fn a_loss_is_not_agreed_to_while_more_was_signed_than_the_ledger_admits() {
    let desk = Desk::new();
    let signer = desk.open();
    signer.sign(&History::of(10).proposal(1, 0)).await.unwrap();
    // The ledger admits the loss of ten, and what it lost goes on elsewhere.
    signer.sign(&History::of(12).proposal(1, 10)).await.unwrap();
    let refused = Err(FolderError::Refused(Refusal::LostMore { signed: 12, lost: 10 }));
    assert_eq!(signer.agree_to_fork(&ledger(), 4, 10).map(drop), refused);
    assert!(signer.sign(&History::of(13).proposal(1, 12)).await.is_ok(), "nothing was agreed to");
    let agreed = signer.agree_to_fork(&ledger(), 4, 13).unwrap();
    assert_eq!((agreed.kept(), agreed.lost()), (4, Some(13)));
    drop(signer);
    let signer = desk.open();
    assert!(signer.sign(&History::forked(4, 6).proposal(2, 0)).await.is_ok(), "read again, it is the same");
}

#[tokio::test]
async fn a_first_checkpoint_of_nothing_is_that_of_nothing() {
    let signer = Desk::new();
    let signer = signer.open();
    let mut proposal = History::of(0).proposal(1, 0);
    proposal.checkpoint.root = Digest::of(b"something");
    assert!(signer.sign(&proposal).await.is_err(), "nothing could ever go on from it");
    assert!(signer.sign(&History::of(0).proposal(1, 0)).await.is_ok());
    assert!(signer.sign(&History::of(3).proposal(1, 0)).await.is_ok());
}
