//! What an auditor is handed, and what they hold: folders for them, checkpoints in hand, and what is said of a ledger
//! that is not what was signed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aduan::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use aduan::audit::note::NoteKey;
use aduan::audit::proof::ConsistencyProof;
use aduan::values::Digest;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::city::{City, origin};
use crate::desk::{Ended, holds};

/// A city that was handled in March and May: two complaints, of which one was answered and closed, and then one more.
/// Signed before that one and behind it; the first checkpoint, and the complaints.
fn handled() -> (City, SignedCheckpoint, [String; 3]) {
    let mut city = City::new();
    let first = received(&city, "WA-1", "2024-03-04T08:00:00+07:00");
    let classification = json!({ "category": "penerangan-jalan", "class": "Complaint" });
    let verify = json!({ "Verify": { "classification": classification } });
    act(&city, &first, "2024-03-04T09:00:00+07:00", json!({ "role": "Admin" }), verify);
    let dispose = json!({ "Dispose": { "to": "dishub" } });
    act(&city, &first, "2024-03-04T10:00:00+07:00", json!({ "role": "Admin" }), dispose);
    let answer = json!({ "disposition": 1, "kind": { "Final": "Resolved" }, "text": "Sudah diganti" });
    let liaison = json!({ "role": "Liaison", "agency": "dishub" });
    act(&city, &first, "2024-03-06T10:00:00+07:00", liaison, json!({ "Respond": answer }));
    let complainant = json!({ "role": "Complainant", "secret": first["tracking"]["secret"] });
    let accept = json!({ "Reply": { "kind": "Accept" } });
    act(&city, &first, "2024-03-06T11:00:00+07:00", complainant, accept);
    let second = received(&city, "WA-2", "2024-05-02T08:00:00+07:00");
    let held = signed_at(&mut city, "2024-05-02T08:05:00+07:00");
    let third = received(&city, "WA-3", "2024-05-03T08:00:00+07:00");
    signed_at(&mut city, "2024-05-03T08:05:00+07:00");
    (city, held, [first, second, third].map(|receipt| receipt["complaint"].as_str().unwrap().to_owned()))
}

/// Has everything signed by a signer whose clock says that.
fn signed_at(city: &mut City, now: &str) -> SignedCheckpoint {
    city.stop_signer();
    city.start_signer(&["--now", now]);
    city.sign()
}

fn received(city: &City, reference: &str, at: &str) -> Value {
    let receive = json!({ "channel": "whatsapp", "class": "Complaint", "reference": reference, "text": "Lampu mati" });
    let line = json!({ "at": at, "by": { "role": "Intake" }, "command": { "Receive": receive } });
    city.desk.receipt(&line, &["--simulate"])
}

fn act(city: &City, receipt: &Value, at: &str, by: Value, command: Value) {
    let line = json!({ "complaint": receipt["complaint"], "at": at, "by": by, "command": command });
    city.desk.receipt(&line, &["--simulate"]);
}

/// A folder that must come about; what is told of it.
#[track_caller]
fn exported(city: &City, folder: &str, more: &[&str]) -> Value {
    let ended = export(city, folder, more);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

fn export(city: &City, folder: &str, more: &[&str]) -> Ended {
    city.desk.run(&[&["export", "--format", "audit", "--out", folder, "--json"], more].concat())
}

/// What `verify` says of a folder, to somebody with the city's key.
fn verified(city: &City, folder: &str, more: &[&str]) -> Ended {
    city.desk.run(&[&["verify", folder, "--key", &city.key, "--json"], more].concat())
}

#[track_caller]
fn assert_sound(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&told["problems"], &told["exit"]), (&json!([]), &json!(0)));
    told
}

/// Every file of a folder, by its name within.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn a_folder_is_held_against_the_last_checkpoint_and_stands_for_who_has_the_key() {
    let (city, held, _) = handled();
    let told = exported(&city, "folder", &[]);
    let records = city.desk.json(&["verify"])["events"].clone();
    assert_eq!((&told["manifest"]["size"], &told["manifest"]["records"]), (&records, &records));
    assert_eq!((&told["leads_to_checkpoint"], &told["resumed_after"]), (&json!(true), &json!(null)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(city.desk.path("folder")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "whistleblowers' records are in it");
    }

    let told = assert_sound(&verified(&city, "folder", &[]));
    assert_eq!((&told["records"], &told["complaints"]), (&records, &json!(3)));
    assert_eq!(told["signed_by"], json!(city.key));
    assert!(told["verdicts"].as_u64() > Some(0), "{told}");
    city.desk.write("key", format!("{}\n", city.key));
    assert_eq!(city.desk.run(&["verify", "folder", "--key", "key"]).code, 0, "from a file");
    let stranger = NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap().verifier().to_string();
    assert_eq!(city.desk.run(&["verify", "folder", "--key", &stranger]).code, 11);
    assert_eq!(city.desk.run(&["verify", "folder"]).code, 2, "whose signature counts?");
    assert_eq!(city.desk.run(&["verify", "folder", "--key", "no-such-file"]).code, 1);
    assert_eq!(export(&city, "folder", &[]).code, 2, "a finished export is there");

    city.hold("older", &[&held]);
    let older = exported(&city, "up-to-the-first", &["--checkpoint", "older"]);
    assert_eq!(older["manifest"]["size"], json!(held.checkpoint().size));
    assert_sound(&verified(&city, "up-to-the-first", &["--holds", "older"]));
    let all = ["--holds", "held"];
    assert_eq!(assert_sound(&verified(&city, "folder", &all))["held_checkpoints"], json!(2));
    assert_eq!(verified(&city, "up-to-the-first", &all).code, 13, "one in the file is of more than this");

    // Two notaries may keep theirs in one file: of another ledger there may be a newer one.
    let kediri = Checkpoint { origin: "aduan/kediri".parse().unwrap(), size: 5_000, root: Digest::of(b"") };
    city.hold("shared", &[&held, &kediri.sign(&NoteKey::from_seed("aduan/kediri", &[9; 32]).unwrap(), 1)]);
    let shared = exported(&city, "by-a-shared-file", &["--checkpoint", "shared"]);
    assert_eq!(shared["manifest"]["size"], json!(held.checkpoint().size));
}

#[test]
fn what_a_crash_tore_behind_the_last_checkpoint_in_hand_is_told_and_the_others_are_counted() {
    let (city, ..) = handled();
    exported(&city, "folder", &[]);
    let whole = fs::read_to_string(city.desk.path("held")).unwrap();
    city.desk.write("torn", format!("{whole}{}", &whole[..40]));
    let verify = |more: &[&str]| city.desk.run(&[&["verify", "--key", &city.key], more].concat());
    for (kind, more) in [("--against", &[][..]), ("--holds", &["folder"])] {
        for (name, is_torn) in [("held", false), ("torn", true)] {
            let arguments = [more, &[kind, name]].concat();
            let ended = verify(&arguments);
            assert_eq!(ended.code, 0, "{arguments:?}: {}{}", ended.out, ended.err);
            assert!(ended.out.contains("held against 2 checkpoints in hand"), "{arguments:?}: {}", ended.out);
            assert_eq!(ended.err.contains("torn: behind note 2: not read"), is_torn, "{arguments:?}: {}", ended.err);
            let told: Value = serde_json::from_str(&verify(&[&arguments[..], &["--json"]].concat()).out).unwrap();
            let not_read = if is_torn { json!(["torn: behind note 2: not read"]) } else { json!([]) };
            assert_eq!((&told["held_checkpoints"], &told["not_read"]), (&json!(2), &not_read), "{arguments:?}");
        }
    }
    assert_eq!(city.desk.json(&["verify"])["held_checkpoints"], json!(0));
}

#[test]
fn one_byte_changed_is_found_and_its_class_is_the_exit_code() {
    let (city, _, _) = handled();
    exported(&city, "folder", &["--with-boxes", "--with-keys"]);
    let honest = files(&city.desk.path("folder"));
    let document = |of: &str| honest.keys().find(|name| name.starts_with(of)).unwrap().clone();
    let (policy, calendar) = (document("policies/"), document("calendars/"));
    for (name, before, from, to, code) in [
        ("manifest.json", "", "aduan-audit/1", "aduan-audit/2", 10),
        ("records.jsonl", "", "{", "(", 10),
        ("checkpoint", "", "aduan/mojokerto\n", "aduan/mojokertq\n", 10),
        ("records.jsonl", "", "whatsapp", "whatsupp", 15),
        ("boxes.jsonl", "\"box\":\"", "", "", 18),
        ("keys.jsonl", "\"key\":\"", "", "", 18),
        (&policy, "", "2018", "2019", 19),
        (&calendar, "", "2024", "2025", 19),
        ("states.jsonl", "", "\"cycle\":1", "\"cycle\":2", 24),
    ] {
        let mut bytes = honest[name].clone();
        let place = format!("{before}{from}");
        let at = bytes.windows(place.len()).position(|window| window == place.as_bytes());
        let at = at.unwrap_or_else(|| panic!("no {place} in {name}")) + before.len();
        match from.is_empty() {
            // The first symbol of a value becomes another one of its alphabet.
            true => bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' },
            false => bytes[at..at + from.len()].copy_from_slice(to.as_bytes()),
        }
        let path = city.desk.path("folder").join(name);
        fs::write(&path, bytes).unwrap();
        let ended = verified(&city, "folder", &[]);
        assert_eq!(ended.code, code, "{name}: {}", ended.out);
        assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap()["exit"], json!(code));
        fs::write(&path, &honest[name]).unwrap();
    }
    let leaves = city.desk.path("folder/leaves.bin");
    let mut bytes = fs::read(&leaves).unwrap();
    bytes[40] ^= 1;
    fs::write(&leaves, bytes).unwrap();
    assert_eq!(verified(&city, "folder", &[]).code, 12);
    fs::write(&leaves, &honest["leaves.bin"]).unwrap();
    assert_sound(&verified(&city, "folder", &[]));
}

#[test]
fn what_was_back_dated_behind_a_checkpoint_is_found_and_by_how_much_it_may_be_is_said() {
    let (mut city, ..) = handled();
    received(&city, "WA-4", "2024-05-03T08:30:00+07:00");
    signed_at(&mut city, "2024-05-03T09:00:00+07:00");
    received(&city, "WA-5", "2024-05-03T08:31:00+07:00");
    signed_at(&mut city, "2024-05-03T09:05:00+07:00");
    exported(&city, "folder", &[]);
    let ended = verified(&city, "folder", &[]);
    assert_eq!(ended.code, 20, "{}", ended.out);
    assert_eq!(verified(&city, "folder", &["--slack", "28"]).code, 20);
    assert_sound(&verified(&city, "folder", &["--slack", "30"]));
}

#[test]
fn months_are_handed_over_with_what_came_before_of_their_complaints_and_no_others() {
    let (city, _, _) = handled();
    for (folder, more, complaints) in [
        ("march", &["--since", "2024-03", "--until", "2024-04"][..], 1),
        ("since-may", &["--since", "2024-05"], 2),
        ("until-may", &["--until", "2024-05"], 3),
    ] {
        let told = exported(&city, folder, more);
        assert_eq!(told["manifest"]["complaints"], json!(complaints), "{more:?}");
        assert_eq!(assert_sound(&verified(&city, folder, &[]))["complaints"], json!(complaints));
    }
    let none = export(&city, "none", &["--since", "2030-01"]);
    assert_eq!(none.code, 2, "{}", none.err);
    assert!(none.err.contains("nothing was recorded in those months"), "{}", none.err);
}

#[test]
fn one_complaint_comes_with_the_proof_from_the_checkpoint_in_hand() {
    let (city, held, [first, _, third]) = handled();
    city.hold("first", &[&held]);
    let told = exported(&city, "one", &["--complaint", &first, "--holds", "first"]);
    assert_eq!(told["manifest"]["complaints"], json!(1));
    let found = files(&city.desk.path("one"));
    assert!(!found.contains_key("leaves.bin"), "others' records are nobody's business");
    let name = format!("consistency/{}.tlog-witness", held.checkpoint().size);
    let proof: ConsistencyProof = String::from_utf8(found[&name].clone()).unwrap().parse().unwrap();
    assert!(proof.holds_for(held.checkpoint()));
    assert_sound(&verified(&city, "one", &["--holds", "first"]));
    // Who holds one of another history sees that this is not its continuation.
    let other = Checkpoint { root: Digest::of(b"another"), ..held.checkpoint().clone() };
    city.desk.write("other", other.sign(&NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap(), 1).to_string());
    assert_eq!(verified(&city, "one", &["--holds", "other"]).code, 11, "and that nobody signed it");
    assert_eq!(exported(&city, "last", &["--complaint", &third])["manifest"]["records"], json!(1));
    assert_sound(&verified(&city, "last", &[]));
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert_eq!(export(&city, "nobody", &["--complaint", nobody]).code, 2);
    assert_eq!(export(&city, "both", &["--complaint", &first, "--since", "2024-03"]).code, 2);
}

#[test]
fn sealed_values_and_keys_go_along_only_where_asked_and_with_the_vault() {
    let (city, ..) = handled();
    let told = exported(&city, "plain", &[]);
    assert_eq!((&told["manifest"]["boxes"], &told["manifest"]["keys"]), (&json!(false), &json!(false)));
    let plain = files(&city.desk.path("plain"));
    assert!(!plain.contains_key("boxes.jsonl") && !plain.contains_key("keys.jsonl"));
    exported(&city, "boxes", &["--with-boxes"]);
    let boxes = files(&city.desk.path("boxes"));
    assert!(boxes["boxes.jsonl"].len() > 500 && !boxes.contains_key("keys.jsonl"));
    assert_sound(&verified(&city, "boxes", &[]));
    exported(&city, "with-keys", &["--with-boxes", "--with-keys"]);
    let keys = files(&city.desk.path("with-keys"));
    assert_eq!(keys["keys.jsonl"].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 3);
    assert!(keys.values().all(|bytes| !holds(bytes, "Lampu mati")), "each stays sealed");
    assert_sound(&verified(&city, "with-keys", &[]));

    assert_eq!(export(&city, "half", &["--with-keys"]).code, 2);
    fs::rename(city.desk.path("aduan.db.vault"), city.desk.path("away")).unwrap();
    let without = export(&city, "without", &["--with-boxes", "--with-keys"]);
    assert_eq!(without.code, 1, "{}", without.err);
    exported(&city, "sealed", &["--with-boxes"]);
}

#[test]
fn what_cannot_be_handed_over_is_refused_and_nothing_is_made() {
    let (city, held, _) = handled();
    city.hold("first", &[&held]);
    let refused = |arguments: &[&str], why: &str| {
        let ended = city.desk.run(&[&["export"], arguments].concat());
        assert_eq!(ended.code, 2, "{arguments:?}: {}{}", ended.out, ended.err);
        assert!(ended.err.contains(why), "{arguments:?}: {}", ended.err);
    };
    refused(&["--format", "audit"], "a folder");
    refused(&["--format", "audit", "--out", "-"], "a folder");
    refused(&["--format", "audit", "--out", "folder", "--with-confidential"], "nothing can be left out of a proof");
    for more in [
        &["--complaint", "00000000-0000-4000-8000-000000000000"][..],
        &["--since", "2024-03"],
        &["--until", "2024-03"],
        &["--checkpoint", "first"],
        &["--holds", "first"],
        &["--with-boxes"],
    ] {
        refused(&[&["--format", "event-csv", "--out", "folder"], more].concat(), "--format audit only");
    }
    assert!(!city.desk.path("folder").exists());
    // Of a ledger that nothing was signed of there is nothing to hold it against.
    let unsigned = City::new();
    let ended = export(&unsigned, "folder", &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("keeps no checkpoint"), "{}", ended.err);
    // Another's checkpoint, and one of more than there is.
    let key = NoteKey::from_seed("aduan/kediri", &[9; 32]).unwrap();
    let another = Checkpoint { origin: "aduan/kediri".parse().unwrap(), ..held.checkpoint().clone() };
    unsigned.desk.write("another", another.sign(&key, 1).to_string());
    assert_eq!(export(&unsigned, "folder", &["--checkpoint", "another"]).code, 2);
    unsigned.hold("more", &[&held]);
    assert_eq!(export(&unsigned, "folder", &["--checkpoint", "more"]).code, 5);
}

#[test]
fn an_export_that_was_cut_goes_on_and_comes_to_the_same_folder() {
    let city = City::new();
    let rows: String = (0..7_000)
        .map(|number| format!("{number},2024-03-01T08:00:00Z,2024-03-04T08:00:00Z,dishub,lampu {number}\n"))
        .collect();
    city.desk.write("dinas.csv", format!("nomor,masuk,selesai,opd,isi\n{rows}"));
    let columns = "reference = 'nomor'\nreceived = 'masuk'\nclosed = 'selesai'\nagency = 'opd'\ntext = 'isi'\n";
    let map = format!("format = 'csv'\nsource = 'dinas'\nzone = 'WIB'\n[columns]\n{columns}");
    city.desk.write("dinas.toml", map);
    assert_eq!(city.desk.json(&["import", "dinas.csv", "--map", "dinas.toml"])["events"], 35_000);
    city.sign();
    exported(&city, "whole", &[]);
    city.back_up("backup.db");
    city.alter("DELETE FROM events WHERE position = 34500");
    let cut = export(&city, "cut", &[]);
    assert_eq!(cut.code, 5, "{}", cut.err);
    assert!(!city.desk.path("cut/manifest.json").exists(), "it is not finished");
    assert_eq!(verified(&city, "cut", &[]).code, 10, "and stands for nothing");
    city.restore("backup.db");
    let another = export(&city, "cut", &["--since", "2024-03"]);
    assert_eq!(another.code, 2, "another export is not what was begun: {}", another.out);
    let told = exported(&city, "cut", &[]);
    assert_eq!(told["resumed_after"], json!(32_768));
    let (mut whole, mut cut) = (files(&city.desk.path("whole")), files(&city.desk.path("cut")));
    assert!(whole.remove("manifest.json").is_some() && cut.remove("manifest.json").is_some(), "each says when");
    assert_eq!(whole.keys().collect::<Vec<_>>(), cut.keys().collect::<Vec<_>>());
    assert!(whole == cut, "to the byte");
}

#[test]
fn a_ledger_is_held_against_checkpoints_in_hand() {
    let mut city = City::new();
    city.write(4);
    let first = city.sign();
    city.write(4);
    city.back_up("eight.db");
    let second = city.sign();
    city.write(2);
    for held in [&first, &second] {
        assert_eq!(city.against(held).code, 0);
    }
    let verify = |file: &str, more: &[&str]| city.desk.run(&[&["verify", "--against", file], more].concat());
    assert_eq!(verify("held", &["--key", &city.key]).code, 0, "a notary's whole file");
    let stranger = NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap();
    let ended = verify("held", &["--key", &stranger.verifier().to_string()]);
    assert_eq!(ended.code, 5);
    assert!(ended.err.contains("not signed by a key that counts"), "{}", ended.err);
    assert_eq!(verify("held", &[]).code, 0, "without a key, only what they say is held against it");
    let another = Checkpoint { root: Digest::of(b"another"), ..first.checkpoint().clone() };
    city.hold("another", &[&another.sign(&stranger, 1), &second]);
    assert_eq!(verify("another", &[]).code, 5, "each in a file counts");
    let kediri = Checkpoint { origin: "aduan/kediri".parse().unwrap(), ..first.checkpoint().clone() };
    city.hold("kediri", &[&kediri.sign(&NoteKey::from_seed("aduan/kediri", &[9; 32]).unwrap(), 1)]);
    assert_eq!(verify("kediri", &[]).code, 2);
    city.desk.write("prose", "Lampu mati\n");
    assert_eq!(verify("prose", &[]).code, 2);
    assert_eq!(verify("no-such-file", &[]).code, 1);
    assert_eq!(city.desk.run(&["verify", "--key", &city.key]).code, 2, "under what?");

    // Cut, though nothing in the file says so.
    city.restore("eight.db");
    assert_eq!(city.against(&second).code, 0, "the control");
    let longer = Checkpoint { size: 10, ..second.checkpoint().clone() }.sign(&stranger, 1);
    city.hold("longer", &[&longer]);
    let ended = verify("longer", &[]);
    assert_eq!(ended.code, 5);
    assert!(ended.out.contains("a checkpoint covers 10 events"), "{}", ended.out);
}

#[test]
fn a_rewritten_ledger_is_not_what_a_checkpoint_in_hand_says() {
    let mut city = City::new();
    city.write(4);
    city.back_up("four.db");
    let first = city.sign();
    city.write(4);
    let second = city.sign();
    city.restore("four.db");
    city.write(6);
    assert_eq!(city.desk.run(&["verify"]).code, 0, "alone it fits");
    assert_eq!(city.against(&first).code, 0, "before that it is the same");
    let ended = city.against(&second);
    assert_eq!(ended.code, 5);
    assert!(ended.out.contains("the first 8 events are not those of the checkpoint"), "{}", ended.out);
}

#[test]
fn of_what_a_ledger_admits_to_have_lost_only_the_checkpoint_it_names_is_believed() {
    let mut city = City::new();
    city.write(4);
    city.back_up("four.db");
    city.write(4);
    let lost = city.sign();
    city.restore("four.db");
    assert_eq!(city.fork().code, 0);
    let told: Value = serde_json::from_str(&city.against(&lost).out).unwrap();
    assert_eq!(told["lost_checkpoints"], json!([{ "origin": "aduan/mojokerto", "size": 8 }]));
    let another = Checkpoint { root: Digest::of(b"another"), ..lost.checkpoint().clone() };
    city.hold("another", &[&another.sign(&NoteKey::from_seed("aduan/mojokerto", &[9; 32]).unwrap(), 1)]);
    let ended = city.desk.run(&["verify", "--against", "another"]);
    assert_eq!(ended.code, 5, "{}", ended.out);
    assert!(
        ended.out.contains("has another root than the one of 8 events that is admitted to be lost"),
        "{}",
        ended.out
    );
}

#[test]
fn a_checkpoint_that_proves_an_admission_untrue_is_not_called_lost() {
    let mut city = City::new();
    city.write(4);
    city.back_up("four.db");
    city.write(5);
    let nine = city.sign();
    // The signer forgets the last one it signs: its folder is restored as it was before.
    city.stop_signer();
    let forgetful = fs::read(city.desk.path("keys/signed")).unwrap();
    city.start_signer(&[]);
    city.write(1);
    let ten = city.sign();
    city.stop_signer();
    city.desk.write("keys/signed", forgetful);
    city.start_signer(&[]);
    city.restore("four.db");
    let told: Value = serde_json::from_str(&city.fork().out).unwrap();
    assert_eq!(told["lines"][0]["lost"], json!(9));

    city.hold("both", &[&nine, &ten]);
    let verify = |more: &[&str]| city.desk.run(&[&["verify", "--against", "both", "--key", &city.key], more].concat());
    let ended = verify(&["--json"]);
    assert_eq!(ended.code, 5, "{}", ended.out);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["problems"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["lost_checkpoints"], json!([{ "origin": "aduan/mojokerto", "size": 9 }]), "of these, only nine");
    let text = verify(&[]).out;
    assert!(text.contains("reaches beyond the 9 events that are admitted to be lost"), "{text}");
    assert!(
        text.contains("the checkpoint of 9 events") && !text.contains("10 events of aduan/mojokerto is of what"),
        "{text}"
    );
}

#[test]
fn the_key_an_auditor_was_given_counts_on_after_it_was_handed_over() {
    let mut city = City::new();
    city.write(3);
    let before = city.sign();
    let new = city.rotate()["key"].as_str().unwrap().to_owned();
    city.write(1);
    let after = city.sign();
    for held in [&before, &after] {
        assert_eq!(city.against(held).code, 0, "by the old key");
    }
    city.hold("after", &[&after]);
    assert_eq!(city.desk.run(&["verify", "--against", "after", "--key", &new]).code, 0, "by the new one");
    exported(&city, "folder", &[]);
    assert_sound(&verified(&city, "folder", &[]));
    // The control: where the ledger does not tell of it, nobody knows the new key.
    city.alter("DELETE FROM attestations WHERE note LIKE 'aduan/key-rotation/%'");
    let ended = city.against(&after);
    assert_eq!(ended.code, 5, "{}", ended.out);
    assert!(ended.err.contains("not signed by a key that counts"), "{}", ended.err);
}

#[test]
fn evidence_is_held_against_the_checkpoint_that_is_kept_with_the_ledger() {
    let mut city = City::new();
    city.write(4);
    city.back_up("four.db");
    city.write(4);
    let kept = city.sign();
    let year = kept.told_at().unwrap().format("%Y").to_string();
    let evidence = |city: &City| city.desk.run(&["evidence", "--year", &year, "--json"]);
    let told = |ended: &Ended| serde_json::from_str::<Value>(&ended.out).unwrap();
    let honest = evidence(&city);
    assert_eq!((honest.code, &told(&honest)["stands"]), (0, &json!(true)), "{}", honest.err);
    assert_eq!(told(&honest)["checkpoint"]["size"], json!(8));
    assert_eq!(told(&honest)["checkpoint"]["origin"], json!(origin(1).as_str()));

    city.back_up("eight.db");
    city.restore("four.db");
    city.write(6);
    let rewritten = evidence(&city);
    assert_eq!(rewritten.code, 0, "the control: alone it fits");
    // Who rewrote it could take the checkpoint away; whoever is handed the ledger with it sees that it does not fit.
    let ledger = Connection::open(city.desk.path("aduan.db")).unwrap();
    ledger.execute("ATTACH ?1 AS eight", [city.desk.path("eight.db").to_str().unwrap()]).unwrap();
    assert_eq!(ledger.execute("INSERT INTO main.attestations SELECT * FROM eight.attestations", []), Ok(1));
    drop(ledger);
    let ended = evidence(&city);
    assert_eq!(ended.code, 5, "{}", ended.err);
    let told = told(&ended);
    assert_eq!(told["stands"], json!(false));
    let problems = told["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem["kind"] == "Checkpoint"), "{problems:?}");
}
