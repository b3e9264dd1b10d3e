//! The drill: a backup is restored, the notary refuses, the loss is admitted and agreed to, and the ledger goes on.

use std::fs;
use std::process::Stdio;

use aduan::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use aduan::audit::keys::{Keyring, Rotation};
use aduan::audit::note::NoteKey;
use aduan::audit::notes;
use aduan::audit::proof::ConsistencyProof;
use aduan::values::Digest;
use serde_json::{Value, json};

use crate::city::{City, Cut};
use crate::desk::{Desk, Ended};

/// Whether the ledger is still the one of a checkpoint in hand, and whether that is of what it admits to have lost.
#[track_caller]
fn assert_goes_on_from(city: &City, held: &SignedCheckpoint, is_lost: bool) {
    let ended = city.against(held);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    let checkpoint = held.checkpoint();
    let named = json!({ "origin": checkpoint.origin.as_str(), "size": checkpoint.size });
    assert_eq!(told["lost_checkpoints"], if is_lost { json!([named]) } else { json!([]) });
}

/// What a notary says that does not go on.
#[track_caller]
fn assert_stops(ended: &Ended, code: i32, why: &str) {
    assert_eq!(ended.code, code, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(why), "{}", ended.err);
}

#[test]
fn a_restored_backup_goes_on_only_as_an_admitted_loss() {
    let mut city = City::new();
    city.write(10);
    let before = city.sign();
    city.write(2);
    city.back_up("backup.db");
    city.write(8);
    // The control: without a restore it signs.
    let lost = city.sign();
    city.back_up("found.db");
    let stranger = NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap().verifier().to_string();
    assert_eq!(city.fork_trusting(&stranger).code, 3, "nothing is admitted on a stranger's word");
    let told = city.fork();
    assert_eq!(told.code, 3, "nothing was lost: {}{}", told.out, told.err);

    city.restore("backup.db");
    city.write(2);
    assert_stops(&city.notarise(&[]), 5, "20 events were signed, and the log has 14");
    let seen = city.against(&lost);
    assert_eq!(seen.code, 5, "an auditor sees it, too: {}", seen.out);
    assert!(seen.out.contains("a checkpoint covers 20 events"), "{}", seen.out);

    let told = city.fork();
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["kept"], &told["proved"]), (&json!(14), &json!(10)));
    assert_eq!((&told["lines"][0]["lost"], &told["lines"][0]["position"]), (&json!(20), &json!(15)));
    assert_eq!(told["lines"][0]["root"], json!(lost.checkpoint().root));
    assert_stops(&city.notarise(&[]), 3, "has not agreed");
    assert_eq!(city.fork().code, 3, "it is admitted already");

    assert_eq!(city.desk.run(&["signer", "key", "--keys", "keys"]).out.trim(), city.key);
    let busy = ["signer", "agree-to-fork", "--keys", "keys", "--ledger", "mojokerto", "--kept", "14", "--lost", "20"];
    assert_eq!(city.desk.run(&busy).code, 4, "it is serving");
    assert_eq!(city.agree(20).code, 3, "as much as was signed");
    assert_eq!(city.agree(14).code, 0);

    city.write(1);
    let after = city.sign();
    assert_eq!((after.checkpoint().origin.as_str(), after.checkpoint().size), ("aduan/mojokerto/2", 16));
    let proof: ConsistencyProof = city.desk.run(&["checkpoints", "--for-witness", "10"]).out.parse().unwrap();
    assert_eq!(proof.checkpoint, after);
    assert!(proof.holds_for(before.checkpoint()), "what was before the backup stays bound");
    assert_goes_on_from(&city, &before, false);
    assert_goes_on_from(&city, &lost, true);
    assert_goes_on_from(&city, &after, false);
    let told = city.desk.run(&["verify", "--against", "in-hand"]).out;
    assert!(told.contains("admitted at position 15: of 20 events that were signed, 14 were kept"), "{told}");
    // Somebody who finds the file that was lost gets nothing signed of it any more.
    city.write_to(1, &["--store", "sqlite:found.db", "--vault", "aduan.db.vault"]);
    assert_stops(&city.notarise(&["--store", "sqlite:found.db"]), 3, "was left after a loss");

    let verified = city.desk.json(&["verify"]);
    assert_eq!(
        (&verified["problems"], &verified["complaints"], &verified["events"]),
        (&json!([]), &json!(15), &json!(16))
    );
    let summary = city.desk.json(&["summary"]);
    assert_eq!((&summary["complaints"], &summary["stages"]), (&json!(15), &json!({ "received": 15 })));
    assert_eq!(city.desk.run(&["replay", "--check"]).code, 0);
    let queue = city.desk.json(&["queue"]);
    assert_eq!(queue["waiting"].as_array().unwrap().len(), 15);
    let lines = city.desk.json(&["ledger", "lines"]);
    assert_eq!(lines["lines"][0], json!({ "origin": "aduan/mojokerto", "line": 1, "loss": null }));
    assert_eq!(lines["lines"][1]["loss"]["kept"], json!(14));
}

#[test]
fn a_backup_from_before_an_earlier_loss_admits_both() {
    let mut city = City::new();
    city.write(5);
    let kept = city.sign();
    city.back_up("backup.db");
    let first = city.lose(5, "backup.db");
    city.write(3);
    let second = city.sign();

    city.restore("backup.db");
    let told: Value = serde_json::from_str(&city.fork().out).unwrap();
    let lines: Vec<_> =
        told["lines"].as_array().unwrap().iter().map(|line| (&line["line"], &line["position"])).collect();
    assert_eq!(lines, [(&json!(2), &json!(6)), (&json!(3), &json!(7))]);
    assert_eq!(city.agree(5).code, 0);
    let third = city.sign();
    for (held, is_lost) in [(&kept, false), (&first, true), (&second, true), (&third, false)] {
        assert_goes_on_from(&city, held, is_lost);
    }
    assert_eq!(city.desk.json(&["verify"])["problems"], json!([]));
}

#[test]
fn nothing_is_admitted_before_the_signer_said_all_that_it_signed() {
    let mut city = City::new();
    city.write(5);
    city.back_up("backup.db");
    city.lose(5, "backup.db");
    city.write(3);
    city.sign();

    // Both are to be admitted, and the signer goes away between the two.
    city.restore("backup.db");
    let cut = city.fork_until_asked_for(2);
    assert_eq!(cut.code, 1, "{}{}", cut.out, cut.err);
    assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 1, "nothing was admitted");
    // The control: it is back.
    assert_eq!(city.fork().code, 0);
    assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 3);
}

#[test]
fn of_an_earlier_admission_alone_no_half_is_admitted() {
    let mut city = City::new();
    city.write(4);
    city.back_up("older.db");
    city.write(1);
    city.back_up("backup.db");
    city.lose(5, "backup.db");
    assert_eq!(city.sign().checkpoint().size, 6, "the admission, and nothing behind it");

    city.restore("backup.db");
    let refused = city.fork();
    assert_stops(&refused, 3, "aduan/mojokerto/2 was signed for 6 events");
    assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 1, "nothing was admitted");
    // An older backup serves, as it says.
    city.restore("older.db");
    let told = city.fork();
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert_eq!(city.agree(4).code, 0);
    assert_eq!(city.sign().checkpoint().origin.as_str(), "aduan/mojokerto/3");
}

#[test]
fn a_rewritten_ledger_is_no_loss_to_be_admitted() {
    let mut city = City::new();
    city.write(4);
    city.back_up("backup.db");
    city.write(4);
    city.sign();
    city.write(4);
    city.sign();
    // An old backup, and other events up to where a checkpoint says what stood there.
    city.restore("backup.db");
    city.write(6);
    let refused = city.fork();
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("before anything else is written"), "{}", refused.err);
    assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 1, "nothing was admitted");
    // Restored once more, and admitted first.
    city.restore("backup.db");
    assert_eq!(city.fork().code, 0);
}

#[test]
fn altered_bytes_are_no_loss_to_be_admitted_though_their_hashes_were_left() {
    // Below what a checkpoint proves, behind it, and where none proves anything.
    for (signed, altered) in [(4, 2), (4, 6), (0, 2)] {
        let mut city = City::new();
        city.write(4);
        if signed > 0 {
            city.sign();
        }
        city.write(2);
        city.back_up("backup.db");
        city.write(4);
        city.sign();
        city.restore("backup.db");
        let alter = "UPDATE events SET payload = replace(payload, 'walk-in', 'walk-by') WHERE position =";
        city.alter(&format!("{alter} {altered}"));
        let refused = city.fork();
        assert_stops(&refused, 5, &format!("the record at position {altered} has not the hash of its bytes"));
        assert_eq!(city.desk.json(&["ledger", "lines"])["lines"].as_array().unwrap().len(), 1, "nothing was admitted");
        assert_eq!(city.desk.json(&["verify"])["events"], json!(6), "nothing was recorded");
        // The control: as it was backed up.
        city.restore("backup.db");
        let told: Value = serde_json::from_str(&city.fork().out).unwrap();
        assert_eq!((&told["kept"], &told["proved"]), (&json!(6), &json!(signed)));
    }
}

#[test]
fn a_copy_takes_the_key_along_that_was_handed_over_behind_what_was_kept() {
    let mut city = City::new();
    city.write(4);
    city.sign();
    city.back_up("backup.db");
    city.write(6);
    city.sign();
    city.rotate();
    // It is kept with the ledger when a notary hears of it.
    city.write(1);
    city.sign();
    city.restore("backup.db");
    assert_eq!(city.fork().code, 0);
    assert_eq!(city.agree(4).code, 0);
    let after = city.sign();
    assert_eq!(after.checkpoint().size, 5);

    let copied = city.desk.json(&["copy", "--to", "sqlite:new.db"]);
    assert_eq!(copied["attestations"], 3, "what was kept, the key, and the new line: {copied}");
    assert_eq!(city.desk.json(&["copy", "--to", "sqlite:new.db"])["attestations"], 0);
    city.hold("after", &[&after]);
    let against = |store: &str| city.desk.run(&["verify", "--store", store, "--against", "after", "--key", &city.key]);
    for store in ["sqlite:aduan.db", "sqlite:new.db"] {
        let ended = against(store);
        assert_eq!(ended.code, 0, "{store}: {}{}", ended.out, ended.err);
    }
    let export = ["export", "--format", "audit", "--store", "sqlite:new.db", "--out", "folder"];
    assert_eq!(city.desk.run(&export).code, 0);
    let verified = city.desk.run(&["verify", "folder", "--key", &city.key]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
}

#[test]
fn a_signer_that_is_killed_at_any_moment_forgets_nothing_it_answered() {
    let mut city = City::new();
    let mut before: Option<SignedCheckpoint> = None;
    let (mut forgot, mut remembered) = (0, 0);
    for (round, cut) in (1..).zip([Cut::Half, Cut::Answered, Cut::Sent, Cut::Sent, Cut::Sent, Cut::Half, Cut::Answered])
    {
        city.write(3);
        let (answered, notary) = city.sign_cut(cut);
        assert_stops(&notary, 1, "between");
        city.start_signer(&[]);
        let last = city.remembered(1);
        let is_signed = last.as_ref().is_some_and(|last| last.checkpoint().size == 3 * round);
        assert!(is_signed || last == before, "{cut:?}: {last:?}");
        match cut {
            Cut::Half => assert!(!is_signed),
            Cut::Sent => {}
            Cut::Answered => assert_eq!(last, answered, "to the letter"),
        }
        *(if is_signed { &mut remembered } else { &mut forgot }) += 1;
        let signed = city.sign();
        assert_eq!(signed.checkpoint().size, 3 * round, "it is signed now, if it was not before");
        assert!(!is_signed || last.as_ref() == Some(&signed), "and only once");
        before = Some(signed);
    }
    println!("killed before it had signed {forgot} times, and after it {remembered} times");
    assert!(forgot >= 2 && remembered >= 2);
    assert_eq!(city.held().len(), 7);
    assert_eq!(city.desk.run(&["verify", "--against", "held", "--key", &city.key]).code, 0);
}

#[test]
fn a_key_is_rotated_and_the_statement_leads_from_the_old_one_to_the_new() {
    let mut city = City::new();
    city.write(3);
    city.sign();
    city.stop_signer();
    let rotated = city.desk.json(&["signer", "rotate", "--keys", "keys", "--ledger", "mojokerto"]);
    assert_eq!((&rotated["after"], &rotated["origin"]), (&json!(3), &json!("aduan/mojokerto")));
    city.start_signer(&["--now", "2030-01-01T00:00:00Z"]);
    city.write(1);
    let after = city.sign();
    let told = city.handed_over();
    let printed: Rotation = rotated["rotation"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, [printed]);
    let mut keys = Keyring::new([city.key.parse().unwrap()]);
    assert!(keys.attested(&after).is_err());
    assert!(keys.hand_over(&told[0]));
    assert_eq!(keys.attested(&after).unwrap().at.unwrap().to_rfc3339(), "2030-01-01T00:00:00+00:00");
    assert_eq!(city.desk.json(&["signer", "key", "--keys", "keys"])["keys"][0], rotated["key"]);
}

#[test]
fn the_signers_lines_go_over_standard_input_and_output() {
    let mut city = City::new();
    city.write(1);
    let signed = city.sign();
    city.stop_signer();
    let mut child = city.desk.command(&["signer", "serve", "--keys", "keys", "--stdio"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"{\"last\":{\"origin\":\"aduan/mojokerto\"}}\nhello\n").unwrap();
    drop(input);
    let ended = Ended::from(child.wait_with_output().unwrap());
    let answers: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((ended.code, answers.len()), (0, 2));
    assert_eq!(answers[0]["note"], json!(signed.to_string()));
    assert!(answers[1]["malformed"].is_string());
}

#[test]
fn a_signer_that_forgot_is_made_again_from_the_file_of_a_notary() {
    let mut city = City::new();
    city.write(3);
    city.sign();
    city.write(1);
    let last = city.sign();
    city.stop_signer();
    fs::rename(city.desk.path("keys/signed"), city.desk.path("lost")).unwrap();
    let init = ["signer", "init", "--keys", "keys", "--ledger", "mojokerto"];
    assert_eq!(city.desk.run(&init).code, 1, "it must be told");
    let again = city.desk.run(&[&init[..], &["--after", "held"]].concat());
    assert_eq!(again.code, 0, "{}", again.err);
    city.start_signer(&[]);
    assert_eq!(city.remembered(1), Some(last.clone()));

    // What it wrote down itself serves as well.
    city.stop_signer();
    fs::remove_file(city.desk.path("keys/signed")).unwrap();
    assert_eq!(city.desk.run(&[&init[..], &["--after", "lost"]].concat()).code, 0);
    city.start_signer(&[]);
    assert_eq!(city.remembered(1), Some(last));
}

/// The checkpoints that a signer begins with.
fn begun_with(desk: &Desk, folder: &str) -> Vec<(String, u64)> {
    let signed = fs::read_to_string(desk.path(folder).join("signed")).unwrap();
    let found = notes::split(&signed).filter_map(|note| note.parse::<SignedCheckpoint>().ok());
    found.map(|signed| (signed.checkpoint().origin.to_string(), signed.checkpoint().size)).collect()
}

#[test]
fn a_signer_of_two_ledgers_goes_on_from_the_newest_of_each_in_one_file() {
    let desk = Desk::empty();
    let [kediri, blitar] = ["aduan/kediri", "aduan/blitar"].map(|name| NoteKey::from_seed(name, &[7; 32]).unwrap());
    let at = |key: &NoteKey, size| {
        let origin = key.verifier().name().parse().unwrap();
        notes::ended(Checkpoint { origin, size, root: Digest::of(b"") }.sign(key, 1_700_000_000))
    };
    desk.write("held", [at(&blitar, 60), at(&kediri, 4_000), at(&blitar, 90), at(&kediri, 5_000)].concat());
    desk.write("of-one", at(&kediri, 5_000));
    let signed_by = [&kediri, &blitar].map(|key| key.verifier().to_string());
    let init = |folder: &str, ledgers: &[&str], more: &[&str]| {
        let mut arguments = vec!["signer", "init", "--keys", folder];
        arguments.extend(ledgers.iter().flat_map(|ledger| ["--ledger", *ledger]));
        arguments.extend_from_slice(more);
        if more.contains(&"--after") {
            arguments.extend(signed_by.iter().flat_map(|key| ["--signed-by", key]));
        }
        desk.run(&arguments)
    };
    let both = ["kediri", "blitar"];
    let (of_kediri, of_blitar) = (("aduan/kediri".to_owned(), 5_000), ("aduan/blitar".to_owned(), 90));

    // Its keys are kept, its memory is lost.
    assert_eq!(init("keys", &both, &[]).code, 0);
    let forget = || fs::remove_file(desk.path("keys/signed")).unwrap();
    forget();
    let forgotten = init("keys", &both, &["--after", "of-one"]);
    assert_eq!(forgotten.code, 2, "{}{}", forgotten.out, forgotten.err);
    assert!(forgotten.err.contains("no checkpoint of blitar"), "{}", forgotten.err);
    assert!(!desk.path("keys/signed").exists(), "nothing is begun");
    let again = init("keys", &both, &["--after", "held"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(begun_with(&desk, "keys"), [of_kediri.clone(), of_blitar.clone()]);
    // Whoever keeps it says that one was never signed; not of one that was.
    forget();
    assert_eq!(init("keys", &both, &["--after", "held", "--unsigned", "blitar"]).code, 2, "it was");
    assert_eq!(init("keys", &both, &["--after", "of-one", "--unsigned", "malang"]).code, 2, "whose?");
    assert_eq!(init("keys", &both, &["--after", "of-one", "--unsigned", "blitar"]).code, 0);
    assert_eq!(begun_with(&desk, "keys"), std::slice::from_ref(&of_kediri));

    // Another signer takes one of the two over, from files that overlap.
    assert_eq!(init("new", &["blitar"], &["--after", "of-one", "--after", "held"]).code, 0);
    assert_eq!(begun_with(&desk, "new"), [of_blitar]);
}

#[test]
fn it_is_made_again_too_where_a_key_was_handed_over_last() {
    let mut city = City::new();
    city.write(3);
    let last = city.sign();
    city.rotate();
    assert_eq!(city.sign(), last, "nothing is new but the key");
    let file = fs::read_to_string(city.desk.path("held")).unwrap();
    assert_eq!(file.matches("aduan/key-rotation/v1").count(), 1, "{file}");
    assert!(file.rfind("aduan/key-rotation/v1") > file.find(&last.to_string()), "it stands last: {file}");
    city.stop_signer();
    fs::remove_file(city.desk.path("keys/signed")).unwrap();
    let old = city.key.clone();
    let init = ["signer", "init", "--keys", "keys", "--ledger", "mojokerto", "--after", "held"];
    let unnamed = city.desk.run(&init);
    assert_ne!(unnamed.code, 0);
    assert!(unnamed.err.contains("--signed-by"), "an older key signed it: {}", unnamed.err);
    let again = city.desk.run(&[&init[..], &["--signed-by", &old]].concat());
    assert_eq!(again.code, 0, "{}", again.err);
    city.start_signer(&[]);
    assert_eq!(city.remembered(1).map(|signed| signed.checkpoint().clone()), Some(last.checkpoint().clone()));
}
