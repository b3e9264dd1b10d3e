//! A signer behind its socket: who may come, what is no request, who is slow, and who goes away.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use aduan::audit::checkpoint::Checkpoint;
use aduan::audit::signer::{CheckpointSigner as _, Refusal, SignerError};

use aduan_signer::{FileSigner, LONGEST_PATH, RemoteSigner, listen, serve, serve_lines};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::history::{Desk, History, ledger, origin};

/// Serves at a path for as long as the answer lives.
fn served(signer: FileSigner, path: &Path) -> JoinHandle<()> {
    let listener = listen(path).unwrap();
    tokio::spawn(async move { drop(serve(listener, signer).await) })
}

/// Says lines, and reads an answer to each.
fn say(path: &Path, lines: &[&str]) -> Vec<Value> {
    let mut stream = UnixStream::connect(path).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut ask = |line: &&str| {
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap()
    };
    lines.iter().map(&mut ask).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_behind_a_socket_answers_as_it_would_beside() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let signer = desk.open();
    let server = served(signer.clone(), &path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let remote = RemoteSigner::new(&path);
    assert_eq!(remote.last(&origin()).await, Ok(None));
    let first = remote.sign(&History::of(5).proposal(1, 0)).await.unwrap();
    let second = remote.sign(&History::of(3_000).proposal(1, 5)).await.unwrap();
    assert_eq!(remote.last(&origin()).await, Ok(Some(second)));
    assert_eq!(remote.newest(&origin(), 100).await, Ok(Some(first)));
    let forked = remote.sign(&History::forked(6, 3_001).proposal(1, 3_000)).await;
    assert_eq!(forked, Err(SignerError::Refused(Refusal::Forked { signed: 3_000, proposed: 3_001 })));
    let rotation = signer.rotate(&ledger(), [7; 32]).unwrap();
    assert_eq!(remote.rotations(&origin()).await, Ok(vec![rotation.clone()]));
    assert_eq!(remote.keys().await, Ok(vec![rotation.to().clone()]));
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_comes_over_the_wire_as_it_was_said() {
    let said = [
        Refusal::Shorter { signed: 2, proposed: 1 },
        Refusal::Forked { signed: 1, proposed: 2 },
        Refusal::ProvedFromElsewhere { signed: 2, old: 1 },
        Refusal::NothingSigned,
        Refusal::OtherOrigin,
        Refusal::UnknownOrigin("a".into()),
        Refusal::NotAgreed("a".into()),
        Refusal::LineLeft("a".into()),
        Refusal::NotAdmitted { kept: 2, proposed: 1 },
        Refusal::NothingLost { signed: 2, kept: 2 },
        Refusal::LostMore { signed: 3, lost: 2 },
        Refusal::ClockBehind { signed: 2, now: 1 },
    ];
    for refusal in said {
        let told = serde_json::to_string(&refusal).unwrap();
        assert_eq!(serde_json::from_str::<Refusal>(&told).unwrap(), refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_answered_and_changes_nothing() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let server = served(desk.open(), &path);
    let before = std::fs::read(desk.path("signed")).unwrap();
    let Checkpoint { size, root, .. } = History::of(3).proposal(1, 0).checkpoint;
    let sign = json!({ "origin": "aduan/mojokerto", "size": size, "root": root, "old": 0, "proof": [] });
    let with = |field: &str, value: Value| {
        let mut sign = sign.clone();
        sign[field] = value;
        json!({ "sign": sign }).to_string()
    };
    let malformed = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        "\u{fffd}".to_owned(),
        "[".repeat(1_000),
        r#"{"rewrite":{}}"#.to_owned(),
        r#"{"last":{"origin":"a b"}}"#.to_owned(),
        r#"{"last":{"origin":"aduan/mojokerto","origin":"aduan/kediri"}}"#.to_owned(),
        r#"{"last":{}}"#.to_owned(),
        with("size", json!(-1)),
        with("size", json!(1e30)),
        with("root", json!("beef")),
        with("proof", json!(["beef"])),
        with("proof", json!("none")),
        with("colour", json!("red")),
    ];
    let lines: Vec<&str> = malformed.iter().map(String::as_str).collect();
    for (line, answer) in lines.iter().zip(say(&path, &lines)) {
        assert!(answer["malformed"].is_string(), "{line}: {answer}");
    }
    let refused = say(&path, &[&with("old", json!(7)), &with("origin", json!("aduan/kediri"))]);
    assert_eq!(refused[0], json!({ "refused": "NothingSigned" }));
    assert_eq!(refused[1], json!({ "refused": { "UnknownOrigin": "aduan/kediri" } }));
    let long = "x".repeat((64 << 10) + 1);
    assert!(say(&path, &[&long])[0]["malformed"].as_str().unwrap().contains("at most"));
    assert_eq!(std::fs::read(desk.path("signed")).unwrap(), before);
    let signed = &say(&path, &[&with("old", json!(0))])[0]["note"];
    assert!(signed.as_str().unwrap().starts_with("aduan/mojokerto\n3\n"), "the control is signed");
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_keeps_nobody_waiting_and_who_goes_away_is_not_missed() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let server = served(desk.open(), &path);
    let mut slow: Vec<UnixStream> = (0..8).map(|_| UnixStream::connect(&path).unwrap()).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(b"{\"last\":").unwrap());
    let remote = RemoteSigner::new(&path);
    assert!(remote.sign(&History::of(5).proposal(1, 0)).await.is_ok());
    for size in 6..30 {
        let proposal = History::of(size).proposal(1, size - 1);
        let hurried = remote.clone().with_deadline(Duration::from_micros(u64::from(size as u32) * 40));
        match hurried.sign(&proposal).await {
            Ok(_) => {}
            Err(error) => assert!(matches!(error, SignerError::Unavailable(_)), "{error}"),
        }
        // It may have signed; asked again, it gives what it signed.
        let signed = remote.sign(&proposal).await.unwrap();
        assert_eq!(remote.last(&origin()).await, Ok(Some(signed)));
    }
    server.abort();
}

/// Time stands still but for whoever waits for it, so that this takes none.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_more_is_let_go() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let server = served(desk.open(), &path);
    let slow = tokio::net::UnixStream::connect(&path).await.unwrap();
    let mut end = Vec::new();
    let (mut reads, mut writes) = slow.into_split();
    tokio::io::AsyncWriteExt::write_all(&mut writes, b"{\"last\":").await.unwrap();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut reads, &mut end).await;
    assert_eq!((read.unwrap(), end.len()), (0, 0), "the server hung up");
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_is_not_there_or_goes_away_is_unavailable() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let remote = RemoteSigner::new(&path);
    let proposal = History::of(5).proposal(1, 0);
    assert!(matches!(remote.sign(&proposal).await, Err(SignerError::Unavailable(_))));
    // One that takes the request and hangs up.
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let rude = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        BufReader::new(stream).read_line(&mut String::new()).unwrap();
    });
    assert!(matches!(remote.sign(&proposal).await, Err(SignerError::Unavailable(_))));
    rude.join().unwrap();
    // One that signs something else than it was asked to.
    std::fs::remove_file(&path).unwrap();
    let other = History::of(4).proposal(1, 0).checkpoint;
    let key = aduan::audit::note::NoteKey::from_seed(origin().key_name(), &[1; 32]).unwrap();
    let answer = json!({ "note": other.sign(&key, 0).to_string() }).to_string();
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let liar = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new()).unwrap();
        stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
    });
    assert!(matches!(remote.sign(&proposal).await, Err(SignerError::Unavailable(_))));
    liar.join().unwrap();
}

#[tokio::test]
async fn a_socket_is_taken_over_only_from_a_process_that_ended() {
    let desk = Desk::new();
    let path = desk.beside("socket");
    let listener = listen(&path).unwrap();
    assert_eq!(listen(&path).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    drop(listener);
    assert!(path.exists(), "left behind, as by a kill");
    drop(listen(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "a letter").unwrap();
    assert!(listen(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a letter");
    let long = desk.beside(&"x".repeat(LONGEST_PATH));
    assert_eq!(listen(long).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_same_lines_go_over_any_stream() {
    let desk = Desk::new();
    let signer = desk.open();
    let mut out = Vec::new();
    let lines: &[u8] = b"{\"key\":{}}\nhello\n{\"last\":{\"origin\":\"aduan/mojokerto\"}}\nno end";
    serve_lines(lines, &mut out, &signer).await.unwrap();
    let answers: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0], json!({ "keys": [desk.key.to_string()] }));
    assert!(answers[1]["malformed"].is_string());
    assert_eq!(answers[2], json!({ "note": Value::Null }));
    assert_eq!(answers[2].to_string(), r#"{"note":null}"#);
}
