//! The guards: nobody changes or removes what was recorded, or appends what does not follow; and who takes a guard away is
//! found out. Every statement that is refused passes on a plain copy of the tables.

use std::sync::Arc;

use aduan::actor::{Actor, Role};
use aduan::command::{ClearRequest, Command};
use aduan::event::Class;
use aduan::record::Record;
use aduan::sealed::{BoxDigest, ComplaintKey, Field, SealedBox, WrappedKey};
use aduan::store::{Append, Attestation, Attestations as _, Head, KeyVault as _, Ledger, Log, StoreError};
use aduan::values::{CommandId, Digest, LedgerId};
use aduan_memory::MemoryVault;
use aduan_postgres::{OpenError, Postgres, PostgresStore};
use aduan_testkit::conformance::everything;
use aduan_testkit::draft::{Draft, command};
use aduan_testkit::postgres::{Database, connect as client_of};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{another_ledger, by_hand, connect, database, insert_into, move_head, superuser};
use crate::office::{moment, receive, text};
use crate::stores::engine;

const TABLES: [&str; 6] = ["events", "boxes", "keys", "documents", "ledger", "attestations"];

/// A ledger with something in every table, and `plain`: the same rows without keys, checks and guards.
async fn furnished(database: &Database) -> (PostgresStore, Draft) {
    let store = connect(database).await.create(&another_ledger()).await.unwrap();
    let mut draft = Draft::of(&store, 1);
    let mut part = draft.part(1, 2);
    part.boxes = vec![SealedBox::from_bytes(vec![1, 2, 3])];
    let commitment = ComplaintKey::from_seed(&[1; 32]).commitment();
    part.keys = vec![WrappedKey { commitment, epoch: 1, bytes: vec![9; 72] }];
    store.append(Append::new(command(1), vec![part])).await.unwrap();
    store.keep(&aduan::rules::Rules::mojokerto().documents()).await.unwrap();
    store.keep_attestation(&Attestation { size: 2, note: "a note".into() }).await.unwrap();
    let admin = superuser(database).await;
    admin.batch_execute("CREATE SCHEMA plain; GRANT USAGE ON SCHEMA plain TO aduan_app").await.unwrap();
    for table in TABLES {
        let copy = format!(
            "CREATE TABLE plain.{table} (LIKE aduan.{table}); INSERT INTO plain.{table} SELECT * FROM aduan.{table}; \
             GRANT ALL ON plain.{table} TO aduan_app"
        );
        admin.batch_execute(&copy).await.unwrap();
    }
    (store, draft)
}

/// Everybody who may try: the application, somebody who may do anything, and the same who pretends to replay a replica.
async fn everybody(database: &Database) -> [(&'static str, Client); 3] {
    let app = client_of(&database.url_as("aduan_app")).await.unwrap();
    let (admin, replica) = (superuser(database).await, superuser(database).await);
    replica.batch_execute("SET session_replication_role = replica").await.unwrap();
    [("aduan_app", app), ("a superuser", admin), ("a superuser as a replica", replica)]
}

/// What comes of statements up to their commit, which does not happen.
async fn attempt(client: &Client, sql: &str) -> Result<(), tokio_postgres::Error> {
    let tried = client.batch_execute(&format!("BEGIN; {sql}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK")).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    tried
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_or_removes_what_was_recorded() {
    let database = database().await;
    let (store, _) = furnished(&database).await;
    let before = everything(&store).await;
    let mut tried = Vec::new();
    for table in TABLES {
        tried.extend([format!("DELETE FROM of.{table}"), format!("TRUNCATE of.{table}")]);
    }
    for change in [
        "UPDATE of.events SET payload = '{}'",
        "UPDATE of.events SET position = position + 1",
        "UPDATE of.events SET record_hash = prev_hash WHERE false",
        "UPDATE of.boxes SET sealed = '{}'",
        "UPDATE of.keys SET wrapped = ''",
        "UPDATE of.documents SET kind = 'calendar'",
        "UPDATE of.attestations SET size = 1",
        "UPDATE of.ledger SET name = 'another'",
    ] {
        tried.push(change.to_owned());
    }
    for (who, client) in everybody(&database).await {
        for sql in &tried {
            attempt(&client, &sql.replace("of.", "plain.")).await.unwrap();
            let refused = attempt(&client, &sql.replace("of.", "aduan.")).await;
            let Err(error) = refused else { panic!("{who} may: {sql}") };
            let code = error.code().unwrap();
            let is_refused =
                code.code().starts_with("23") || (who == "aduan_app" && *code == SqlState::INSUFFICIENT_PRIVILEGE);
            assert!(is_refused, "{who}, {sql}: {error:?}");
        }
    }
    assert_eq!(everything(&store).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_appends_what_does_not_follow() {
    let database = database().await;
    let (store, draft) = furnished(&database).await;
    let head = store.head().await.unwrap();
    let next = Append::new(command(2), vec![draft.clone().part(2, 1)]);
    for (who, client) in everybody(&database).await {
        attempt(&client, &by_hand(&next, &head)).await.unwrap();
        for (what, sql) in strays(&draft, &head) {
            let plain = sql.replace("aduan.", "plain.");
            attempt(&client, &plain).await.unwrap_or_else(|error| panic!("{who}, {what}, without guards: {error:?}"));
            let refused = attempt(&client, &sql).await;
            let Err(error) = refused else { panic!("{who}: {what}") };
            assert!(error.code().unwrap().code().starts_with("23"), "{who}, {what}: {error:?}");
        }
    }
    assert_eq!(store.head().await.unwrap(), head);
    // And the guards let pass what follows.
    let client = client_of(&database.url_as("aduan_app")).await.unwrap();
    client.batch_execute(&format!("BEGIN; {}; COMMIT", by_hand(&next, &head))).await.unwrap();
    assert_eq!(store.load(draft.id, 2).await.unwrap().records, next.parts[0].records);
    assert_eq!(everything(&store).await.len() as u64, store.head().await.unwrap().position);
}

/// Appends that contradict what is there, and what is wrong with each.
fn strays(draft: &Draft, head: &Head) -> Vec<(&'static str, String)> {
    let ledger = &head.ledger;
    let at = head.position + 1;
    let one = |mut draft: Draft, number| draft.part(number, 1).records.remove(0);
    // The head goes to this position and record, and these records are inserted at these positions.
    let moved = |to: u64, last: &Record, rows: &[(u64, &Record)]| {
        let mut head = Head { position: to - 1, ..head.clone() };
        head.advance(last.hash);
        format!("{}; {}", move_head("aduan.ledger", &head, last), insert_into("aduan.events", ledger, rows))
    };
    let next = one(draft.clone(), 2);
    let elsewhere = Digest::of(b"another past");
    let forged = one(Draft { prev: elsewhere, ..draft.clone() }, 2);
    let new = Draft { id: aduan_testkit::draft::complaint(7), version: 0, prev: elsewhere, ..draft.clone() };
    let unborn = one(new, 2);
    let ahead = one(Draft { version: 4, ..draft.clone() }, 2);
    let mut first = draft.clone();
    first.version = 0;
    first.prev = aduan::record::genesis(ledger, draft.id);
    let again = one(first, 2);
    let repeated_command = Record { command: command(1), ..next.clone() };
    let mut behind_next = draft.clone();
    let both: Vec<Record> = behind_next.part(2, 2).records;
    let truncated = Record { hash: next.hash, prev: next.prev, part: 0, ..next.clone() };
    let unnamed = insert_into("aduan.events", &LedgerId::new("nowhere").unwrap(), &[(1, &next)]);
    let push = |position: u64| {
        let head = Head { position, ..head.clone() };
        move_head("aduan.ledger", &head, &next)
    };
    let own_hash =
        |head: &Head| format!("UPDATE aduan.ledger SET position = {} WHERE name = '{ledger}'", head.position);
    vec![
        ("a position is skipped", moved(at + 1, &next, &[(at + 1, &next)])),
        ("a position is skipped within", moved(at + 2, &both[1], &[(at, &both[0]), (at + 2, &both[1])])),
        ("a position is taken twice", moved(at, &next, &[(at - 1, &next)])),
        ("a position is not one", moved(at, &next, &[(0, &next)])),
        ("it links elsewhere", moved(at, &forged, &[(at, &forged)])),
        ("it begins elsewhere", moved(at, &unborn, &[(at, &unborn)])),
        ("a sequence is skipped", moved(at, &ahead, &[(at, &ahead)])),
        ("a sequence is repeated", moved(at, &again, &[(at, &again)])),
        ("a command is repeated", moved(at, &repeated_command, &[(at, &repeated_command)])),
        ("a part is not one", moved(at, &truncated, &[(at, &truncated)])),
        ("the head stays", insert_into("aduan.events", ledger, &[(at, &next)])),
        ("the head goes further", moved(at + 1, &next, &[(at, &next)])),
        ("the head goes to another record", moved(at, &forged, &[(at, &next)])),
        ("there is no such ledger", unnamed),
        ("the head goes alone", push(at)),
        ("the head stays and changes", push(at - 1)),
        ("the head goes back", own_hash(&Head { position: at - 2, ..head.clone() })),
        ("the head has half a hash", format!("UPDATE aduan.ledger SET log_hash = '' WHERE name = '{ledger}'")),
        ("a key is of no epoch", "INSERT INTO aduan.keys VALUES (-1, 'x', 'x', sha256(''), '')".to_owned()),
        ("a key has half a commitment", "INSERT INTO aduan.keys VALUES (1, 'x', 'x', '', '')".to_owned()),
        ("a key is there twice", "INSERT INTO aduan.keys SELECT * FROM aduan.keys".to_owned()),
        (
            "a document has another's hash",
            format!("INSERT INTO aduan.documents VALUES ('{ledger}', '\\x00', 'x', 'y')"),
        ),
        (
            "an attestation has another's digest",
            format!("INSERT INTO aduan.attestations (ledger, size, digest, note) VALUES ('{ledger}', 1, '\\x00', 'y')"),
        ),
        ("an attestation is there twice", "INSERT INTO aduan.attestations SELECT * FROM aduan.attestations".to_owned()),
        (
            "an attestation is of less than nothing",
            format!(
                "INSERT INTO aduan.attestations (ledger, size, digest, note) \
                 VALUES ('{ledger}', -1, sha256('y'), 'y')"
            ),
        ),
        (
            "a ledger does not begin empty",
            "INSERT INTO aduan.ledger (name, position, record_hash, log_hash) \
             SELECT 'another', position, record_hash, log_hash FROM aduan.ledger"
                .to_owned(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_puts_another_box_in_the_place_of_one() {
    let database = database().await;
    let (store, draft) = furnished(&database).await;
    let kept = [SealedBox::from_bytes(vec![1, 2, 3]), SealedBox::from_bytes(vec![4, 5])];
    let asked = kept.clone().map(|sealed| sealed.digest);
    let boxes = async || store.boxes(draft.id, &asked).await.unwrap();
    assert_eq!(boxes().await, [Some(kept[0].clone()), None]);
    let app = client_of(&database.url_as("aduan_app")).await.unwrap();
    let (name, id) = (store.id().as_str(), draft.id.to_string());
    let put = async |marked: &[BoxDigest], sealed: &[Option<&[u8]>]| {
        let marks: Vec<i32> = marked.iter().map(BoxDigest::mark).collect();
        let sql = "INSERT INTO aduan.boxes (ledger, aggregate_id, marks, sealed) VALUES ($1, $2, $3, $4)";
        app.execute(sql, &[&name, &id, &marks, &sealed]).await.unwrap();
    };
    type Row<'r> = (&'r [BoxDigest], &'r [Option<&'r [u8]>]);
    let junk: [Row<'_>; 4] = [
        (&[], &[]),
        (&asked[..1], &[Some(&[1, 2, 3, 4])]),
        (&asked[1..], &[Some(&[1, 2]), None]),
        (&asked, &[Some(&[1, 2, 3]), Some(&[1, 2, 3])]),
    ];
    for (marked, sealed) in junk {
        put(marked, sealed).await;
        assert_eq!(boxes().await, [Some(kept[0].clone()), None], "{sealed:?}");
    }
    // The control: a box that is there is found.
    put(&asked[1..], &[Some(&kept[1].bytes)]).await;
    assert_eq!(boxes().await, kept.map(Some));
}

/// A wrapping that opens nothing, of an epoch that no outer key has, keeps nobody out.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_locks_a_complaint_by_adding_wrappings() {
    let database = database().await;
    let store = Arc::new(connect(&database).await.create(&another_ledger()).await.unwrap());
    let request = |number: u8, role, command| {
        let at = moment("2024-03-04T09:00:00+07:00");
        ClearRequest::new(CommandId(Uuid::from_u128(number.into())), at, Actor::new(role), command, [number; 32])
    };
    let received = engine(store.clone()).receive(request(1, Role::Intake, receive(Class::Complaint))).await.unwrap();
    let (id, event) = (received.complaint, &received.events[0]);
    let app = client_of(&database.url_as("aduan_app")).await.unwrap();
    for epoch in [0_i64, u32::MAX.into()] {
        let add = r"INSERT INTO aduan.keys (epoch, ledger, aggregate_id, commitment, wrapped)
                    SELECT $1, ledger, aggregate_id, commitment, '\x00' FROM aduan.keys WHERE epoch = 1";
        assert_eq!(app.execute(add, &[&epoch]).await.unwrap(), 1);
    }
    // The control: whoever trusts the newest one, or the first, is kept out.
    let vault = MemoryVault::new([7; 32]);
    let keys = store.keys(id).await.unwrap();
    for key in [&keys[0], &keys[2]] {
        assert!(vault.unwrap(store.id(), id, key).await.is_err());
    }
    assert!(vault.unwrap_committed(store.id(), id, Digest::of(b"never issued"), &keys).await.unwrap().is_none());
    // An engine that remembers nothing reads, and seals on.
    let engine = engine(store.clone());
    assert_eq!(engine.reveal(id, event).await.unwrap(), [(Field::TEXT, text())]);
    engine.handle(id, request(2, Role::Admin, Command::RequestInfo { text: text() })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_was_taken_away_is_found_out() {
    let database = database().await;
    let (store, _) = furnished(&database).await;
    let ledger = store.id().clone();
    let admin = superuser(&database).await;
    assert_eq!(found_out(&database, &ledger).await, None);
    let mut tried = 0;
    for row in admin.query(TRIGGERS, &[]).await.unwrap() {
        let (name, table): (String, String) = (row.get(0), row.get(1));
        let (made, function): (String, String) = (row.get(2), row.get(3));
        let always = format!("ALTER TABLE aduan.{table} ENABLE ALWAYS TRIGGER {name}");
        let empty = format!(
            "CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        );
        let body: String = row.get(4);
        for (spoil, mend) in [
            (format!("DROP TRIGGER {name} ON aduan.{table}"), format!("{made}; {always}")),
            (format!("ALTER TABLE aduan.{table} DISABLE TRIGGER {name}"), always.clone()),
            (format!("ALTER TABLE aduan.{table} ENABLE TRIGGER {name}"), always.clone()),
            (empty, body),
        ] {
            admin.batch_execute(&format!("SET ROLE aduan_owner; {spoil}; RESET ROLE")).await.unwrap();
            let found = found_out(&database, &ledger).await;
            // A function may be behind several guards: the first is named.
            let is_named = found.as_deref() == Some(&*name) || (spoil.contains("REPLACE") && found.is_some());
            assert!(is_named, "{spoil}: {found:?}");
            admin.batch_execute(&format!("SET ROLE aduan_owner; {mend}; RESET ROLE")).await.unwrap();
            assert_eq!(found_out(&database, &ledger).await, None, "{mend}");
            tried += 1;
        }
    }
    assert_eq!(tried, 9 * 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_was_taken_away_is_found_out() {
    let database = database().await;
    let (store, _) = furnished(&database).await;
    let admin = superuser(&database).await;
    let constraints = admin.query(CONSTRAINTS, &[]).await.unwrap();
    assert_eq!(constraints.len(), 11);
    for row in constraints {
        let (name, table, made): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let drop = format!("ALTER TABLE aduan.{table} DROP CONSTRAINT {name}");
        admin.batch_execute(&drop).await.unwrap();
        assert_eq!(found_out(&database, store.id()).await, Some(name.clone()));
        // One of that name elsewhere is none.
        let decoy = format!("CREATE TABLE aduan.decoy (id integer CONSTRAINT {name} CHECK (id > 0))");
        admin.batch_execute(&decoy).await.unwrap();
        assert_eq!(found_out(&database, store.id()).await, Some(name.clone()), "a decoy");
        admin.batch_execute("DROP TABLE aduan.decoy").await.unwrap();
        admin.batch_execute(&format!("ALTER TABLE aduan.{table} ADD CONSTRAINT {name} {made}")).await.unwrap();
        assert_eq!(found_out(&database, store.id()).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_else_was_altered_is_found_out() {
    let database = database().await;
    let (store, _) = furnished(&database).await;
    let admin = superuser(&database).await;
    let genesis: String = admin.query_one(GENESIS, &[]).await.unwrap().get(0);
    let foreign = "CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
         CREATE TRIGGER pass BEFORE INSERT ON aduan.boxes FOR EACH ROW EXECUTE FUNCTION public.pass()";
    let mut unseen = Vec::new();
    for (what, spoil, mend) in [
        ("a trigger that swallows rows", foreign, "DROP TRIGGER pass ON aduan.boxes; DROP FUNCTION public.pass()"),
        (
            "a rule that swallows rows",
            "CREATE RULE pass AS ON INSERT TO aduan.keys DO INSTEAD NOTHING",
            "DROP RULE pass ON aduan.keys",
        ),
        (
            "no index over boxes",
            "DROP INDEX aduan.boxes_complaint",
            "CREATE INDEX boxes_complaint ON aduan.boxes (aggregate_id)",
        ),
        (
            "another beginning of chains",
            "CREATE OR REPLACE FUNCTION aduan.genesis(ledger text, complaint text) RETURNS bytea LANGUAGE sql IMMUTABLE \
             AS $$ SELECT ''::bytea $$",
            &genesis,
        ),
    ] {
        assert_eq!(found_out(&database, store.id()).await, None);
        admin.batch_execute(spoil).await.unwrap();
        if found_out(&database, store.id()).await.is_none() {
            unseen.push(what);
        }
        admin.batch_execute(mend).await.unwrap();
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}

/// What is found altered by whoever opens a ledger; whoever only reads it is told, and reads.
async fn found_out(database: &Database, ledger: &LedgerId) -> Option<String> {
    let postgres: Postgres = connect(database).await;
    let reader = postgres.open_read_only(ledger).await.unwrap();
    let found = reader.altered_object().map(ToOwned::to_owned);
    let append = Append::new(command(9), vec![Draft::of(&reader, 9).part(9, 1)]);
    assert!(matches!(reader.append(append).await, Err(StoreError::Unavailable(_))), "it was opened to read");
    match (postgres.open(ledger).await, &found) {
        (Ok(_), None) => {}
        (Err(OpenError::AlteredSchema { object }), Some(found)) => assert_eq!(object, *found),
        (opened, found) => panic!("{found:?} is altered, and: {opened:?}"),
    }
    found
}

const TRIGGERS: &str = "select t.tgname::text, c.relname::text, pg_get_triggerdef(t.oid), \
    p.oid::regprocedure::text, pg_get_functiondef(p.oid) \
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid \
    where c.relnamespace = 'aduan'::regnamespace and not t.tgisinternal order by 1";
const CONSTRAINTS: &str = "select conname::text, r.relname::text, pg_get_constraintdef(c.oid) \
    from pg_constraint c join pg_class r on r.oid = c.conrelid where connamespace = 'aduan'::regnamespace and contype in ('p', 'u', 'c') \
    and conrelid <> 'aduan.migrations'::regclass order by 1";
const GENESIS: &str = "select pg_get_functiondef('aduan.genesis'::regproc)";
