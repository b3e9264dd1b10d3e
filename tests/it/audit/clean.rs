//! What nobody tampered with raises no alarm, whatever of the ledger is exported, and however it is read.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use aduan::audit::checkpoint::SignedCheckpoint;
use aduan_audit::export::export;
use aduan_audit::manifest::Scope;
use aduan_audit::verify::{Trust, verify, verify_in_shares};

use super::forge::Forge;
use super::python::Python;
use super::world::World;
use super::{forge, times};

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_folder_raises_no_alarm_with_either_verifier() {
    let folder = tempfile::tempdir().unwrap();
    let (mut python, mut records, mut both, mut losses, mut twice) = (Python::start(), 0, 0, 0, 0);
    let (mut unchecked, mut late) = (0, 0);
    let wanted = times(60, 1_000);
    let scopes = 6;
    for number in 0..wanted.div_ceil(scopes) {
        let world = Arc::new(World::grow(1_000 + number as u64, 100).await);
        twice += usize::from(world.losses() > 1);
        late += usize::from(world.hands_over_late);
        both += usize::from(has_a_command_of_two(&world).await);
        for scope in 0..scopes {
            let path = folder.path().join(format!("{number}-{scope}"));
            let trust = write(&world, scope, &path).await;
            python.ask(&path, &trust, &folder.path().join("held"));
            let found = verify(&path, &trust, |_, _| {});
            let told = python.answer();
            assert_eq!(found.problems, [], "town {number}, scope {scope}");
            assert_eq!(told.problems, Vec::<serde_json::Value>::new(), "town {number}, scope {scope}");
            let in_shares = verify_in_shares(&path, &trust, NonZero::new(16 << 10).unwrap(), |_, _| {});
            assert_eq!(in_shares, found, "town {number}, scope {scope}");
            // Without the admission nobody can tell what was lost; all else that is held is checked.
            let lost = world.lost.iter().map(SignedCheckpoint::checkpoint).filter(|_| scope >= 3);
            let told_of: Vec<_> = found.unchecked.iter().map(|one| (&one.origin, one.size, one.root)).collect();
            let mut wanted: Vec<_> = lost.map(|lost| (&lost.origin, lost.size, lost.root)).collect();
            wanted.sort_by_key(|(_, size, _)| *size);
            assert_eq!(told_of, wanted, "town {number}, scope {scope}");
            assert_eq!(told.unchecked, serde_json::json!(found.unchecked), "town {number}, scope {scope}");
            unchecked += wanted.len();
            assert_eq!(found.admitted_losses.len(), if scope < 3 { world.losses() } else { 0 }, "{number}, {scope}");
            losses += found.admitted_losses.len();
            records += found.records;
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
    let folders = wanted.div_ceil(scopes) * scopes;
    assert!(twice > 0, "a backup from before an earlier admission");
    assert!(late > 0, "a key handed over in what is lost");
    assert!(unchecked > 0, "a lost checkpoint held against what does not tell of the loss");
    println!("{folders} clean folders with {records} records, no alarm; {losses} admit a loss");
    println!("commands over two complaints in {both} towns");
    assert!(losses > 0 && both > 0);
}

/// One of the ways to export a ledger; what the auditor brings along to check it.
async fn write(world: &World, scope: usize, path: &Path) -> Trust {
    let one = Scope::Complaint(world.busiest());
    let (scope, boxes, keys) = match scope {
        0 => (Scope::Whole, true, true),
        1 => (Scope::Whole, false, false),
        2 => (world.third(2), true, true),
        3 => (one, true, true),
        4 => (one, false, false),
        // Before a loss was admitted.
        _ => (world.third(0), true, false),
    };
    let exported = export(world.export(scope, boxes, keys, path), |_, _| {}).await.unwrap();
    assert!(exported.leads_to_checkpoint);
    if exported.manifest.scope == Scope::Complaint(world.busiest()) {
        let proofs: Vec<_> = std::fs::read_dir(path.join("consistency")).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(proofs.len(), 1, "of what is lost there are none: {proofs:?}");
    }
    Trust { held: world.all_held(), ..world.trust() }
}

async fn has_a_command_of_two(world: &World) -> bool {
    let log = aduan_testkit::conformance::everything(&*world.store).await;
    log.windows(2).any(|pair| {
        pair[0].record.command == pair[1].record.command && pair[0].record.complaint != pair[1].record.complaint
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_forge_takes_apart_it_puts_together_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::grow(7, 100).await);
    for scope in 0..6 {
        let (path, copy) = (folder.path().join(scope.to_string()), folder.path().join("copy"));
        write(&world, scope, &path).await;
        let whole = Forge::read(&world, &folder.path().join("0"), None);
        let mut forged = Forge::read(&world, &path, Some(&whole.leaves));
        forged.held = vec![world.held().clone()];
        let files = forged.folder();
        forge::write(&files, &copy);
        assert_eq!(super::resume::files_of(&copy), super::resume::files_of(&path));
        // And what an insider settles without a change is the same again.
        let (kept, held) = (forged.files.clone(), forged.held.clone());
        forged.settle();
        forged.held = held;
        forged.reprove();
        assert_eq!(forged.files, kept);
        assert_eq!(forged.folder(), files);
    }
}
