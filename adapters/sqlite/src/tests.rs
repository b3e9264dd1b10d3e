//! What only this store promises. What every store promises is asked by the conformance suite.

use std::pin::Pin;
use std::task::Poll;

use aduan::record::{Record, genesis};
use aduan::sealed::{SealedBox, WrappedKey};
use aduan::store::{
    Append, AppendPart, Attestation, Attestations as _, Document, DocumentKind, Ledger as _, Log as _, Outcome,
    StoreError,
};
use aduan::values::{CommandId, ComplaintId, Digest, LedgerId};
use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;
use uuid::Uuid;

use crate::connection::{self, Synchronous, setting};
use crate::{OpenError, SqliteOptions, SqliteStore};

fn ledger() -> LedgerId {
    LedgerId::new("mojokerto").unwrap()
}

/// A folder and a new store in it.
fn store() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(folder.path().join("l.db"), &ledger()).unwrap();
    (folder, store)
}

/// A command that adds one record to a complaint, on its last record.
fn append(command: u128, complaint: u128, last: Option<&Record>) -> Append {
    let (command, complaint) = (CommandId(Uuid::from_u128(command)), ComplaintId(Uuid::from_u128(complaint)));
    let prev = last.map_or_else(|| genesis(&ledger(), complaint), |last| last.hash);
    let expected = last.map_or(0, |last| last.sequence);
    let mut record = Record {
        complaint,
        sequence: expected + 1,
        command,
        part: 1,
        event_type: "Received".into(),
        event_version: "1".into(),
        recorded_at: chrono::DateTime::from_timestamp_micros(1_711_688_400_000_001).unwrap(),
        payload: r#"{"fact":"jalan-rusak"}"#.into(),
        metadata: "{}".into(),
        prev,
        hash: prev,
    };
    record.hash = record.hash_in(&ledger());
    let part = AppendPart { complaint, expected, records: vec![record], boxes: vec![], keys: vec![] };
    Append::new(command, vec![part])
}

/// Appends it and gives back its record.
async fn appended(store: &SqliteStore, append: Append) -> Record {
    let record = append.parts[0].records[0].clone();
    assert!(matches!(store.append(append).await, Ok(Outcome::Appended { .. })));
    record
}

/// What a person with a `sqlite3` shell has: no settings of ours.
fn shell(store: &SqliteStore) -> Connection {
    Connection::open(store.path()).unwrap()
}

#[test]
fn settings_are_what_was_promised() {
    let (_folder, store) = store();
    let path = store.path().to_owned();
    drop(store);
    let writer = connection::open_existing(&path).unwrap();
    connection::set_to_write(&writer, Synchronous::Full).unwrap();
    for (name, wanted) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("trusted_schema", "0"),
        ("cell_size_check", "1"),
        ("secure_delete", "1"),
    ] {
        assert_eq!(setting(&writer, name).unwrap(), wanted, "{name}");
    }
    let reader = connection::reading(&path).unwrap();
    assert_eq!(setting(&reader, "wal_autocheckpoint").unwrap(), "0");
    assert!(reader.execute("DELETE FROM ledger", []).is_err(), "a reader writes nothing");
    let unsafe_writer = connection::open_existing(&path).unwrap();
    connection::set_to_write(&unsafe_writer, Synchronous::Normal).unwrap();
    assert_eq!(setting(&unsafe_writer, "synchronous").unwrap(), "1");
}

#[tokio::test]
async fn a_second_writer_is_refused_while_readers_go_on() {
    let (_folder, store) = store();
    appended(&store, append(1, 7, None)).await;
    assert!(matches!(SqliteStore::open(store.path()), Err(OpenError::Locked { .. })));
    assert!(matches!(SqliteStore::create(store.path(), &ledger()), Err(OpenError::Locked { .. })));
    let reader = SqliteStore::open_read_only(store.path()).unwrap();
    assert_eq!(reader.head().await, store.head().await);
    appended(&store, append(2, 8, None)).await;
    assert_eq!(reader.head().await.unwrap().position, 2);
    assert!(matches!(reader.append(append(3, 9, None)).await, Err(StoreError::Unavailable(_))));
    let path = store.path().to_owned();
    drop(store);
    let next = SqliteStore::open(&path).unwrap();
    appended(&next, append(3, 9, None)).await;
    assert_eq!(reader.head().await.unwrap().position, 3);
}

#[tokio::test]
async fn guards_refuse_whoever_writes_past_the_engine() {
    let (_folder, store) = store();
    let mut first = append(1, 7, None);
    first.parts[0].boxes = vec![SealedBox::from_bytes(b"sealed".to_vec())];
    first.parts[0].keys = vec![WrappedKey { commitment: Digest::of(b"key"), epoch: 1, bytes: b"wrapped".to_vec() }];
    appended(&store, first).await;
    let text = "name = \"spbe\"".to_owned();
    store.keep(&[Document { hash: Digest::of(text.as_bytes()), kind: DocumentKind::Policy, text }]).await.unwrap();
    store.keep_attestation(&Attestation { size: 1, note: "a note".into() }).await.unwrap();
    let shell = shell(&store);
    // A copy of the event with some columns replaced.
    let insert = |verb: &str, replaced: &[(&str, &str)]| {
        let columns = "position, ledger, aggregate_type, aggregate_id, sequence, event_type, event_version, command_id, \
                       command_part, recorded_at, prev_hash, record_hash, payload, metadata";
        let value = |name| replaced.iter().find(|(replaced, _)| *replaced == name).map_or(name, |(_, value)| *value);
        let values: Vec<_> = columns.split(", ").map(value).collect();
        format!("{verb} INTO events ({columns}) SELECT {} FROM events LIMIT 1", values.join(", "))
    };
    let next = [("position", "2"), ("sequence", "2"), ("command_id", "randomblob(16)"), ("prev_hash", "record_hash")];
    let but = |name, value| next.map(|(column, old)| if column == name { (column, value) } else { (column, old) });
    let refused = [
        "UPDATE events SET payload = '{}'".to_owned(),
        "DELETE FROM events".to_owned(),
        "UPDATE boxes SET bytes = x'00'".to_owned(),
        "DELETE FROM boxes".to_owned(),
        "INSERT OR REPLACE INTO boxes SELECT ledger, aggregate_id, digest, x'00' FROM boxes".to_owned(),
        "UPDATE keys SET epoch = 2".to_owned(),
        "DELETE FROM keys".to_owned(),
        "INSERT OR REPLACE INTO keys SELECT ledger, aggregate_id, epoch, commitment, x'00' FROM keys".to_owned(),
        "UPDATE documents SET text = ''".to_owned(),
        "DELETE FROM documents".to_owned(),
        "INSERT OR REPLACE INTO documents SELECT ledger, hash, kind, '' FROM documents".to_owned(),
        "UPDATE attestations SET size = 2".to_owned(),
        "DELETE FROM attestations".to_owned(),
        "INSERT OR REPLACE INTO attestations SELECT ledger, size, digest, '' FROM attestations".to_owned(),
        "INSERT INTO attestations VALUES ('mojokerto', -1, zeroblob(32), '')".to_owned(),
        "UPDATE ledger SET position = 0".to_owned(),
        "UPDATE ledger SET record_hash = zeroblob(32)".to_owned(),
        "UPDATE ledger SET name = 'kediri'".to_owned(),
        "DELETE FROM ledger".to_owned(),
        "INSERT INTO ledger VALUES ('kediri', 0, zeroblob(32), zeroblob(32))".to_owned(),
        insert("INSERT OR REPLACE", &[]),
        insert("INSERT OR REPLACE", &[("position", "2")]),
        insert("INSERT OR REPLACE", &but("command_id", "command_id")),
        insert("INSERT OR IGNORE", &but("position", "3")),
        insert("INSERT", &but("position", "3")),
        insert("INSERT", &but("position", "NULL")),
        insert("INSERT", &but("sequence", "3")),
        insert("INSERT", &but("prev_hash", "zeroblob(32)")),
        insert("INSERT", &[&next[..], &[("ledger", "'kediri'")]].concat()),
        insert("INSERT", &[("position", "2"), ("command_id", "randomblob(16)")]),
    ];
    for statement in &refused {
        let error = shell.execute(statement, []).expect_err(statement);
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{statement}: {error}");
    }
    assert_eq!(
        shell.execute("INSERT OR REPLACE INTO boxes SELECT * FROM boxes", []),
        Ok(0),
        "the same box is left alone"
    );
    assert_eq!(shell.execute("INSERT OR REPLACE INTO attestations SELECT * FROM attestations", []), Ok(0));
    assert_eq!(shell.execute(&insert("INSERT", &next), []), Ok(1), "the next event of a complaint is let in");
    // The control: without the guards it is done.
    for guard in ["insert", "update", "delete"] {
        shell.execute_batch(&format!("DROP TRIGGER attestations_{guard}_guard")).unwrap();
    }
    for statement in refused.iter().filter(|statement| statement.ends_with("FROM attestations")).rev() {
        assert_eq!(shell.execute(statement, []), Ok(1), "{statement}");
    }
}

#[tokio::test]
async fn a_reopened_file_continues_where_it_was() {
    let (folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let head = store.head().await.unwrap();
    let path = store.path().to_owned();
    drop(store);
    assert!(!folder.path().join("l.db-wal").exists(), "the log is in the file");
    let store = SqliteStore::create(&path, &ledger()).unwrap();
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(store.load(record.complaint, 0).await.unwrap().records, std::slice::from_ref(&record));
    let Ok(Outcome::Handled { entries }) = store.append(append(1, 9, None)).await else { panic!("not handled") };
    assert_eq!((entries[0].position, &entries[0].record), (1, &record));
    assert_eq!(store.append(append(2, 7, None)).await, Ok(Outcome::Conflict));
    assert_eq!(store.append(append(2, 7, Some(&record))).await, Ok(Outcome::Appended { first: 2 }));
}

#[tokio::test]
async fn what_is_acknowledged_stands_in_a_copy_of_the_files_as_they_are() {
    let (folder, store) = store();
    let mut last = None;
    for command in 1..=20 {
        last = Some(appended(&store, append(command, 7, last.as_ref())).await);
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["l.db", "l.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let copied = SqliteStore::open(copy.path().join("l.db")).unwrap();
    assert_eq!(copied.head().await, store.head().await);
    assert_eq!(copied.after(0, 100).await, store.after(0, 100).await);
}

#[tokio::test]
async fn one_that_is_refused_does_not_spoil_the_batch() {
    let (_folder, store) = store();
    let first = append(1, 7, None);
    let record = first.parts[0].records[0].clone();
    let forged = Record { hash: Digest::of(b"another"), ..record.clone() };
    let appends =
        [first, append(1, 8, None), append(2, 7, None), append(3, 7, Some(&forged)), append(4, 7, Some(&record))];
    let outcomes = in_one_batch(&store, appends).await;
    assert_eq!(outcomes[0], Ok(Outcome::Appended { first: 2 }));
    assert!(matches!(&outcomes[1], Ok(Outcome::Handled { entries }) if entries[0].record == record));
    assert_eq!(outcomes[2], Ok(Outcome::Conflict));
    assert!(matches!(outcomes[3], Err(StoreError::Corrupt(_))));
    assert_eq!(outcomes[4], Ok(Outcome::Appended { first: 3 }));
}

#[tokio::test]
async fn one_that_a_guard_refuses_does_not_spoil_the_batch() {
    let (_folder, store) = store();
    let guard = "CREATE TRIGGER foreign_guard BEFORE INSERT ON events
                 WHEN NEW.aggregate_id = x'00000000000000000000000000000008' BEGIN SELECT RAISE(ABORT, 'no'); END";
    shell(&store).execute_batch(guard).unwrap();
    let outcomes = in_one_batch(&store, [append(1, 7, None), append(2, 8, None), append(3, 9, None)]).await;
    assert_eq!(outcomes[0], Ok(Outcome::Appended { first: 2 }));
    assert_eq!(outcomes[1], Err(StoreError::Corrupt("no".into())), "and no error repeats what was to be stored");
    assert_eq!(outcomes[2], Ok(Outcome::Appended { first: 3 }));
    assert_eq!(store.head().await.unwrap().position, 3);
}

/// Hands these over while the writer waits for the file with another append, so that they gather.
async fn in_one_batch(
    store: &SqliteStore,
    appends: impl IntoIterator<Item = Append>,
) -> Vec<Result<Outcome, StoreError>> {
    let shell = shell(store);
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut pending: Vec<_> =
        std::iter::once(append(99, 99, None)).chain(appends).map(|append| Box::pin(store.append(append))).collect();
    for append in &mut pending {
        assert!(poll_once(append).await.is_pending());
    }
    shell.execute_batch("ROLLBACK").unwrap();
    let mut outcomes = Vec::new();
    for append in pending {
        outcomes.push(append.await);
    }
    assert_eq!(outcomes.remove(0), Ok(Outcome::Appended { first: 1 }));
    outcomes
}

/// Polls a future once: what it hands over is handed over.
pub(crate) async fn poll_once<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await
}

#[tokio::test]
async fn a_caller_that_goes_away_cuts_nothing() {
    let (_folder, store) = store();
    let mut pending = Box::pin(store.append(append(1, 7, None)));
    let _ = poll_once(&mut pending).await;
    drop(pending);
    let path = store.path().to_owned();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.head().await.unwrap().position, 1);
}

#[tokio::test]
async fn whoever_waits_for_more_is_woken_by_the_commit() {
    let (_folder, store) = store();
    let mut more = Box::pin(store.more(0));
    assert!(poll_once(&mut more).await.is_pending());
    appended(&store, append(1, 7, None)).await;
    assert_eq!(more.await, Ok(()));
    assert_eq!(store.more(0).await, Ok(()), "at once where there is more already");
    assert!(poll_once(Box::pin(store.more(1))).await.is_pending());
    let reader = SqliteStore::open_read_only(store.path()).unwrap();
    assert!(poll_once(Box::pin(reader.more(0))).await.is_pending(), "a reader learns of nothing");
}

#[tokio::test]
async fn a_foreign_append_is_noticed() {
    let (_folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let next = append(2, 7, Some(&record));
    let record = &next.parts[0].records[0];
    shell(&store)
        .execute(
            "INSERT INTO events SELECT 2, ledger, aggregate_type, aggregate_id, 2, event_type, event_version, ?1, 1,
             recorded_at, record_hash, ?2, payload, metadata FROM events",
            rusqlite::params![record.command.0.as_bytes(), record.hash.0],
        )
        .unwrap();
    assert!(matches!(store.head().await, Err(StoreError::Corrupt(_))), "the head row is behind");
    assert!(matches!(store.append(next.clone()).await, Ok(Outcome::Handled { .. })));
    assert_eq!(store.append(append(3, 7, Some(record))).await, Ok(Outcome::Appended { first: 3 }));
    assert_eq!(store.head().await.unwrap().position, 3);
}

#[tokio::test]
async fn a_head_that_somebody_wrote_over_is_not_gone_on_from() {
    let (_folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let sound = store.head().await.unwrap();
    shell(&store).execute("UPDATE ledger SET log_hash = zeroblob(32)", []).unwrap();
    assert_ne!(store.head().await.unwrap(), sound, "the control: it was written over");
    let second = appended(&store, append(2, 7, Some(&record))).await;
    let mut wanted = sound;
    wanted.advance(second.hash);
    assert_eq!(store.head().await.unwrap(), wanted);
}

#[tokio::test]
async fn a_key_of_an_epoch_that_cannot_be_makes_no_complaint_unreadable() {
    let (_folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let id = record.complaint.0;
    let sql = "INSERT INTO keys VALUES (?1, ?2, ?3, zeroblob(32), x'00')";
    for epoch in [1_i64 << 32, i64::MAX, 4] {
        shell(&store).execute(sql, rusqlite::params![ledger().as_str(), id.as_bytes(), epoch]).unwrap();
    }
    let loaded = store.load(record.complaint, 0).await.unwrap();
    assert_eq!(loaded.records, [record]);
    assert_eq!(loaded.keys.iter().map(|key| key.epoch).collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn a_cut_log_is_corrupt_and_not_short() {
    let (_folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let second = appended(&store, append(2, 7, Some(&record))).await;
    appended(&store, append(3, 7, Some(&second))).await;
    shell(&store).execute_batch("DROP TRIGGER events_delete_guard; DELETE FROM events WHERE position = 2").unwrap();
    assert_eq!(store.after(0, 10).await, Err(StoreError::Corrupt("position 2 is missing".into())));
    assert!(matches!(store.load(record.complaint, 0).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.after(4, 10).await, Err(StoreError::Corrupt(_))), "a follower ahead of the log");
    let path = store.path().to_owned();
    drop(store);
    let object = "events_delete_guard".into();
    assert_eq!(SqliteStore::open(path).unwrap_err(), OpenError::AlteredSchema { object });
}

#[test]
fn refuses_what_is_no_ledger_of_ours_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Missing { .. })));
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let before = std::fs::read(&path).unwrap();
    for opened in [SqliteStore::open(&path), SqliteStore::create(&path, &ledger()), SqliteStore::open_read_only(&path)]
    {
        assert!(matches!(opened, Err(OpenError::NotALedger { .. })));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let text = folder.path().join("text");
    std::fs::write(&text, "just some text ".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::create(&text, &ledger()), Err(OpenError::NotALedger { .. })));
}

#[test]
fn refuses_another_ledger_and_another_layout() {
    let (_folder, store) = store();
    let path = store.path().to_owned();
    drop(store);
    let kediri = LedgerId::new("kediri").unwrap();
    assert!(matches!(SqliteStore::create(&path, &kediri), Err(OpenError::OtherLedger { .. })));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert_eq!(SqliteStore::open(&path).unwrap_err(), OpenError::OtherLayout { found: 9, wanted: 2 });
}

/// A file as the release before attestations left it, with an event in it.
async fn file_of_layout_1() -> (TempDir, std::path::PathBuf, Record) {
    let (folder, store) = store();
    let record = appended(&store, append(1, 7, None)).await;
    let path = store.path().to_owned();
    drop(store);
    let shell = Connection::open(&path).unwrap();
    shell.execute_batch("DROP TABLE attestations; PRAGMA user_version = 1").unwrap();
    let objects: i64 =
        shell.query_row("SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL", [], |row| row.get(0)).unwrap();
    assert_eq!(objects, 21, "what there was");
    (folder, path, record)
}

#[tokio::test]
async fn a_file_of_layout_1_is_upgraded_by_its_first_writer_and_read_as_it_is_before() {
    let (_folder, path, record) = file_of_layout_1().await;
    let layout = || setting(&Connection::open(&path).unwrap(), "user_version").unwrap();
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!((reader.altered_object(), reader.head().await.unwrap().position), (None, 1));
    assert_eq!(reader.attestations(None, 9).await, Ok(Vec::new()));
    assert_eq!(layout(), "1", "who reads changes nothing");

    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(layout(), "2");
    let attestation = Attestation { size: 1, note: "a note".into() };
    store.keep_attestation(&attestation).await.unwrap();
    assert_eq!(reader.attestations(None, 9).await, Ok(vec![attestation.clone()]), "whoever read before sees it");
    let page = reader.after(0, 9).await.unwrap();
    assert_eq!(page.entries.iter().map(|entry| &entry.record).collect::<Vec<_>>(), [&record]);
    appended(&store, append(2, 7, Some(&record))).await;
    drop((store, reader));
    let store = SqliteStore::create(&path, &ledger()).unwrap();
    assert_eq!(store.attestations(None, 9).await, Ok(vec![attestation]));
    assert_eq!(store.altered_object(), None);
}

#[tokio::test]
async fn a_file_of_layout_1_whose_guards_were_altered_is_not_upgraded() {
    let (_folder, path, _) = file_of_layout_1().await;
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER boxes_update_guard").unwrap();
    let before = std::fs::read(&path).unwrap();
    let object = "boxes_update_guard".to_owned();
    assert_eq!(SqliteStore::open(&path).unwrap_err(), OpenError::AlteredSchema { object: object.clone() });
    assert_eq!(SqliteStore::open_read_only(&path).unwrap().altered_object(), Some(object.as_str()));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn an_attestation_whose_note_was_changed_is_corrupt() {
    let (_folder, store) = store();
    store.keep_attestation(&Attestation { size: 1, note: "a note".into() }).await.unwrap();
    let change = "DROP TRIGGER attestations_update_guard; UPDATE attestations SET note = 'another'";
    shell(&store).execute_batch(change).unwrap();
    assert!(matches!(store.attestations(None, 9).await, Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn a_full_queue_is_overload() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { queue: 0, ..SqliteOptions::default() };
    let store = SqliteStore::create_with(folder.path().join("l.db"), &ledger(), options).unwrap();
    // The writer holds no more than one batch; while it waits for the file, everyone else is turned away.
    let shell = shell(&store);
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut command = 0;
    while {
        command += 1;
        let mut pending = Box::pin(store.append(append(command, 7, None)));
        poll_once(&mut pending).await != Poll::Ready(Err(StoreError::Overloaded))
    } {}
    shell.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn an_auditor_reads_ids_and_times_as_text() {
    let (_folder, store) = store();
    let record = appended(&store, append(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc, 7, None)).await;
    let columns = "SELECT complaint, command, recorded_at, record_hash FROM readable_events";
    let row = shell(&store)
        .query_row(columns, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?]));
    let command = "01923456-789a-7bcd-8ef0-123456789abc/1".to_owned();
    let wanted = [record.complaint.to_string(), command, "2024-03-29T05:00:00.000001Z".into(), record.hash.to_string()];
    assert_eq!(row, Ok(wanted));
}
