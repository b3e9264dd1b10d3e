//! What every store promises, as plain async functions. Each takes a fresh store; [`all`] asks for everything.

use std::sync::Arc;

use aduan::rules::Rules;
use aduan::sealed::{BoxDigest, ComplaintKey, SealedBox, WrappedKey};
use aduan::store::{Append, AppendPart, Attestation, Attestations, Entry, Head, Outcome, Store, StoreError};
use aduan::values::Digest;

use crate::draft::{Draft, command, complaint};

/// Every promise, each on a store that `fresh` makes: empty, over the ledger of its choice.
///
/// # Panics
/// When a promise is not kept.
pub async fn all<S, Made>(fresh: impl Fn() -> Made)
where
    S: Store + 'static,
    Made: Future<Output = Arc<S>>,
{
    gives_back_what_was_appended(fresh().await).await;
    an_unknown_complaint_is_empty(fresh().await).await;
    positions_are_gapless_in_commit_order(fresh().await).await;
    a_command_has_one_effect(fresh().await).await;
    a_command_id_is_taken_across_complaints(fresh().await).await;
    refuses_a_stale_write(fresh().await).await;
    of_many_writers_one_wins_each_version(fresh().await).await;
    a_command_is_whole_or_nothing(fresh().await).await;
    a_dropped_future_cuts_nothing_in_half(fresh().await).await;
    takes_a_command_at_its_position_or_not(fresh().await).await;
    a_page_says_where_it_ends(fresh().await).await;
    a_follower_beside_writers_misses_nothing(fresh().await).await;
    keeps_boxes_and_keys(fresh().await).await;
    keeps_documents_by_content(fresh().await).await;
    refuses_what_contradicts_itself(fresh().await).await;
    loads_what_came_after_a_version(fresh().await).await;
}

/// What was appended comes back to the byte, in order.
pub async fn gives_back_what_was_appended<S: Store>(store: Arc<S>) {
    let mut draft = Draft::of(&*store, 1);
    let part = draft.part(1, 3);
    let outcome = append(&*store, 1, vec![part.clone()]).await;
    assert_eq!(outcome, Outcome::Appended { first: 1 });
    let loaded = store.load(draft.id, 0).await.expect("a load");
    assert_eq!(loaded.records, part.records, "records come back as they were");
    let page = store.after(0, 10).await.expect("a page");
    assert_eq!(
        page.entries.iter().map(|entry| &entry.record).collect::<Vec<_>>(),
        part.records.iter().collect::<Vec<_>>()
    );
    let mut head = Head::empty(store.id().clone());
    part.records.iter().for_each(|record| head.advance(record.hash));
    assert_eq!(store.head().await.expect("a head"), head, "the log hash runs over every record");
}

/// Nothing is known of a complaint that was never received, and that is no error.
pub async fn an_unknown_complaint_is_empty<S: Store>(store: Arc<S>) {
    let loaded = store.load(complaint(9), 0).await.expect("a load");
    assert!(loaded.records.is_empty() && loaded.keys.is_empty());
    assert!(store.handled(command(9)).await.expect("an answer").is_empty());
    let page = store.after(0, 10).await.expect("a page");
    assert!(page.entries.is_empty() && page.at_head && page.end == 0);
    assert_eq!(store.head().await.expect("a head").position, 0);
}

/// Positions are 1, 2, 3 … however many write at once.
pub async fn positions_are_gapless_in_commit_order<S: Store + 'static>(store: Arc<S>) {
    let mut tasks = Vec::new();
    for number in 0..40 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let part = Draft::of(&*store, number).part(number, 1 + number % 3);
            append(&*store, number, vec![part]).await
        }));
    }
    let mut firsts = Vec::new();
    for task in tasks {
        match task.await.expect("no panic") {
            Outcome::Appended { first } => firsts.push(first),
            other => panic!("a lone writer of a complaint wins: {other:?}"),
        }
    }
    let entries = everything(&*store).await;
    let positions: Vec<u64> = entries.iter().map(|entry| entry.position).collect();
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
    let starts: Vec<u64> = entries.iter().filter(|entry| entry.record.part == 1).map(|entry| entry.position).collect();
    firsts.sort_unstable();
    assert_eq!(firsts, starts, "each was told the position it has");
}

/// The same command again is answered with what it recorded the first time, and adds nothing.
pub async fn a_command_has_one_effect<S: Store + 'static>(store: Arc<S>) {
    let part = Draft::of(&*store, 1).part(1, 2);
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let (store, part) = (Arc::clone(&store), part.clone());
        tasks.push(tokio::spawn(async move { append(&*store, 1, vec![part]).await }));
    }
    let mut appended = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Outcome::Appended { .. } => appended += 1,
            Outcome::Handled { entries } => {
                assert_eq!(
                    entries.iter().map(|e| &e.record).collect::<Vec<_>>(),
                    part.records.iter().collect::<Vec<_>>()
                );
            }
            Outcome::Conflict => panic!("a command that was handled is told so, before any conflict"),
        }
    }
    assert_eq!(appended, 1);
    assert_eq!(everything(&*store).await.len(), 2);
    assert_eq!(store.handled(command(1)).await.expect("an answer").len(), 2);
}

/// A command id that another complaint's command used is taken.
pub async fn a_command_id_is_taken_across_complaints<S: Store>(store: Arc<S>) {
    append(&*store, 1, vec![Draft::of(&*store, 1).part(1, 1)]).await;
    let outcome = append(&*store, 1, vec![Draft::of(&*store, 2).part(1, 1)]).await;
    match outcome {
        Outcome::Handled { entries } => assert_eq!(entries[0].record.complaint, complaint(1)),
        other => panic!("the command id is taken: {other:?}"),
    }
    assert_eq!(everything(&*store).await.len(), 1);
}

/// Who stands on an old version is told so, and nothing is stored.
pub async fn refuses_a_stale_write<S: Store>(store: Arc<S>) {
    let mut draft = Draft::of(&*store, 1);
    let first = draft.part(1, 1);
    append(&*store, 1, vec![first]).await;
    let stale = Draft::of(&*store, 1).part(2, 1);
    assert_eq!(append(&*store, 2, vec![stale]).await, Outcome::Conflict);
    let mut ahead = draft.part(3, 1);
    ahead.expected += 1;
    ahead.records[0].sequence += 1;
    assert_eq!(append(&*store, 3, vec![ahead]).await, Outcome::Conflict, "a version nobody has is no version");
    assert_eq!(everything(&*store).await.len(), 1);
    assert!(store.handled(command(2)).await.expect("an answer").is_empty(), "a refused command is free");
}

/// Of n writers on one complaint exactly one wins each version.
pub async fn of_many_writers_one_wins_each_version<S: Store + 'static>(store: Arc<S>) {
    let mut draft = Draft::of(&*store, 1);
    for round in 0..20 {
        let mut tasks = Vec::new();
        for writer in 0..64 {
            let number = 1 + round * 64 + writer;
            let (store, mut mine) = (Arc::clone(&store), draft.clone());
            tasks.push(tokio::spawn(async move {
                let part = mine.part(number, 1);
                (append(&*store, number, vec![part]).await, mine)
            }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            let (outcome, mine) = task.await.expect("no panic");
            match outcome {
                Outcome::Appended { .. } => winners.push(mine),
                outcome => assert_eq!(outcome, Outcome::Conflict),
            }
        }
        assert_eq!(winners.len(), 1, "one winner in round {round}");
        draft = winners.remove(0);
    }
    assert_eq!(everything(&*store).await.len(), 20);
}

/// A command over two complaints is stored whole, or not at all.
pub async fn a_command_is_whole_or_nothing<S: Store>(store: Arc<S>) {
    let (mut one, mut two) = (Draft::of(&*store, 1), Draft::of(&*store, 2));
    append(&*store, 1, vec![one.part(1, 1)]).await;
    let mut stale_two = Draft::of(&*store, 2);
    append(&*store, 2, vec![two.part(2, 1)]).await;
    let both =
        |one: &mut Draft, two: &mut Draft, number| vec![one.part_of(number, 1, 1, 2), two.part_of(number, 2, 1, 2)];
    let outcome = append(&*store, 3, both(&mut one.clone(), &mut stale_two, 3)).await;
    assert_eq!(outcome, Outcome::Conflict, "half of it is stale");
    assert_eq!(everything(&*store).await.len(), 2);
    let outcome = append(&*store, 4, both(&mut one, &mut two, 4)).await;
    assert_eq!(outcome, Outcome::Appended { first: 3 });
    let parts: Vec<(u64, u32)> =
        everything(&*store).await.iter().skip(2).map(|entry| (entry.position, entry.record.part)).collect();
    assert_eq!(parts, [(3, 1), (4, 2)]);
}

/// A caller that goes away leaves the command whole or absent; asking again tells which, and it counts once.
pub async fn a_dropped_future_cuts_nothing_in_half<S: Store + 'static>(store: Arc<S>) {
    for number in 1..=30 {
        let part = Draft::of(&*store, number).part(number, 2);
        let task = tokio::spawn({
            let (store, part) = (Arc::clone(&store), part.clone());
            async move { append(&*store, number, vec![part]).await }
        });
        tokio::task::yield_now().await;
        task.abort();
        drop(task.await);
        let again = append(&*store, number, vec![part]).await;
        assert!(matches!(again, Outcome::Appended { .. } | Outcome::Handled { .. }), "{again:?}");
    }
    assert_eq!(everything(&*store).await.len(), 60);
}

/// A command that must stand at one position stands there, or nowhere.
pub async fn takes_a_command_at_its_position_or_not<S: Store>(store: Arc<S>) {
    let mut draft = Draft::of(&*store, 1);
    append(&*store, 1, vec![draft.part(1, 2)]).await;
    let next = draft.part(2, 1);
    for elsewhere in [1, 2, 4] {
        let misplaced = Append { at: Some(elsewhere), ..Append::new(command(2), vec![next.clone()]) };
        let outcome = store.append(misplaced).await;
        assert!(!matches!(outcome, Ok(Outcome::Appended { .. } | Outcome::Handled { .. })), "{outcome:?}");
    }
    assert_eq!(everything(&*store).await.len(), 2, "nothing of it is stored");
    let placed = Append { at: Some(3), ..Append::new(command(2), vec![next]) };
    match store.append(placed).await {
        Ok(outcome) => assert_eq!(outcome, Outcome::Appended { first: 3 }),
        // A store that cannot promise it says so.
        Err(StoreError::Unavailable(_)) => assert_eq!(everything(&*store).await.len(), 2),
        Err(error) => panic!("a command at the end of the log: {error}"),
    }
}

/// Pages follow one another without a gap and tell their end, also beyond the head.
pub async fn a_page_says_where_it_ends<S: Store>(store: Arc<S>) {
    for number in 1..=7 {
        append(&*store, number, vec![Draft::of(&*store, number).part(number, 1)]).await;
    }
    let first = store.after(0, 3).await.expect("a page");
    assert_eq!((first.entries.len(), first.end, first.at_head), (3, 3, false));
    let rest = store.after(first.end, 100).await.expect("a page");
    assert_eq!((rest.entries.len(), rest.end, rest.at_head), (4, 7, true));
    let beyond = store.after(7, 100).await.expect("a page");
    assert_eq!((beyond.entries.len(), beyond.end, beyond.at_head), (0, 7, true));
}

/// A follower that starts before the writers sees every position once, in order.
pub async fn a_follower_beside_writers_misses_nothing<S: Store + 'static>(store: Arc<S>) {
    const WRITERS: u64 = 4;
    const EACH: u64 = 50;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.push(tokio::spawn(async move {
            let mut draft = Draft::of(&*store, writer);
            for turn in 0..EACH {
                let number = 1 + writer * EACH + turn;
                append(&*store, number, vec![draft.part(number, 1)]).await;
            }
        }));
    }
    let mut seen = 0;
    while seen < WRITERS * EACH {
        let page = store.after(seen, 16).await.expect("a page");
        for entry in &page.entries {
            seen += 1;
            assert_eq!(entry.position, seen, "the follower misses nothing and repeats nothing");
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
}

/// Sealed values come back by digest, in the order asked; keys come with the complaint.
pub async fn keeps_boxes_and_keys<S: Store>(store: Arc<S>) {
    let mut part = Draft::of(&*store, 1).part(1, 1);
    let sealed = SealedBox::from_bytes(vec![1, 2, 3, 0, 255]);
    let key = WrappedKey { commitment: ComplaintKey::from_seed(&[1; 32]).commitment(), epoch: 1, bytes: vec![9; 72] };
    part.boxes = vec![sealed.clone()];
    part.keys = vec![key.clone()];
    append(&*store, 1, vec![part]).await;
    let missing = BoxDigest(Digest::of(b"never kept"));
    let boxes = store.boxes(complaint(1), &[missing, sealed.digest]).await.expect("boxes");
    assert_eq!(boxes, [None, Some(sealed.clone())]);
    let elsewhere = store.boxes(complaint(2), &[sealed.digest]).await.expect("boxes");
    assert_eq!(elsewhere, [None], "a box belongs to its complaint");
    let loaded = store.load(complaint(1), 0).await.expect("a load").keys;
    assert_eq!(loaded, [key]);
    assert_eq!(store.keys(complaint(1)).await.expect("the keys alone"), loaded);
}

/// Documents are kept under the hash of their bytes; keeping one again is harmless.
pub async fn keeps_documents_by_content<S: Store>(store: Arc<S>) {
    let documents = Rules::mojokerto().documents();
    store.keep(&documents).await.expect("kept");
    store.keep(&documents).await.expect("kept again");
    for document in documents {
        assert_eq!(store.document(document.hash).await.expect("an answer"), Some(document));
    }
    assert_eq!(store.document(Digest::of(b"never kept")).await.expect("an answer"), None);
}

/// Links to nowhere, documents of another hash and positions beyond the end are corrupt, and store nothing.
pub async fn refuses_what_contradicts_itself<S: Store>(store: Arc<S>) {
    append(&*store, 1, vec![Draft::of(&*store, 1).part(1, 1)]).await;
    let mut forged = Draft::of(&*store, 1);
    forged.version = 1;
    forged.prev = Digest::of(b"another past");
    let append = Append::new(command(2), vec![forged.part(2, 1)]);
    assert!(matches!(store.append(append).await, Err(StoreError::Corrupt(_))), "it links to no record");
    let mut documents = Rules::mojokerto().documents();
    documents[0].text.push(' ');
    assert!(matches!(store.keep(&documents).await, Err(StoreError::Corrupt(_))), "its hash is another's");
    assert_eq!(store.document(documents[0].hash).await.expect("an answer"), None);
    assert!(matches!(store.after(2, 1).await, Err(StoreError::Corrupt(_))), "the log ends before");
    assert_eq!(everything(&*store).await.len(), 1);
}

/// A cache that is behind asks only for what it lacks.
pub async fn loads_what_came_after_a_version<S: Store>(store: Arc<S>) {
    let mut draft = Draft::of(&*store, 1);
    append(&*store, 1, vec![draft.part(1, 3)]).await;
    append(&*store, 2, vec![draft.part(2, 2)]).await;
    let loaded = store.load(draft.id, 3).await.expect("a load");
    assert_eq!(loaded.records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [4, 5]);
    assert!(store.load(draft.id, 5).await.expect("a load").records.is_empty());
}

/// What every keeper of attestations promises, on an empty one and on one of another ledger in the same place.
///
/// ```
/// # let ledger = |name| aduan::values::LedgerId::new(name).expect("a name");
/// # use aduan_memory::MemoryStore as MyStore;
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let (store, elsewhere) = (MyStore::new(ledger("mojokerto")), MyStore::new(ledger("kediri")));
/// aduan_testkit::conformance::attestations(&store, &elsewhere).await;
/// # });
/// ```
///
/// # Panics
/// When a promise is not kept.
pub async fn attestations(store: &dyn Attestations, elsewhere: &dyn Attestations) {
    assert_eq!(store.attestations(None, 10).await, Ok(Vec::new()));
    // Kept in any order, two of one size among them, and one as long as a note may be.
    let sizes = [300, 1, 20_000_000_000, 4, 300, 0, 7];
    let mut kept: Vec<_> = sizes.into_iter().zip(0..).map(|(size, number)| attestation(size, number)).collect();
    kept[3].note.push_str(&"— mojokerto ąćę\n".repeat(3_000));
    for attestation in &kept {
        store.keep_attestation(attestation).await.expect("kept");
        store.keep_attestation(attestation).await.expect("kept again");
    }
    kept.sort_by_key(|attestation| (attestation.size, attestation.digest()));
    holds_attestations(store, &kept).await;
    assert_eq!(elsewhere.attestations(None, 10).await, Ok(Vec::new()), "those of another ledger are not seen");
    let other = attestation(5, 99);
    elsewhere.keep_attestation(&other).await.expect("kept");
    holds_attestations(elsewhere, &[other]).await;
    holds_attestations(store, &kept).await;
}

/// Whether exactly these are there, in this order: what was kept, asked of a store that was opened anew.
///
/// # Panics
/// When it is not so.
pub async fn holds_attestations(store: &dyn Attestations, kept: &[Attestation]) {
    assert_eq!(store.attestations(None, usize::MAX).await.as_deref(), Ok(kept));
    assert_eq!(store.attestations(None, 0).await.as_deref(), Ok(&[][..]));
    for limit in 1..=kept.len() {
        let mut paged: Vec<Attestation> = Vec::new();
        loop {
            let page = store.attestations(paged.last(), limit).await.expect("a page");
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
            assert!(paged.len() <= kept.len(), "in pages of {limit}: some come twice");
        }
        assert_eq!(paged, kept, "in pages of {limit}");
    }
    // Behind one that was never kept, too.
    for place in 0..kept.len() {
        let unkept = Attestation { size: kept[place].size, note: "never kept".into() };
        let behind = |kept: &&Attestation| (kept.size, kept.digest()) > (unkept.size, unkept.digest());
        let wanted: Vec<_> = kept.iter().filter(behind).cloned().collect();
        assert_eq!(store.attestations(Some(&unkept), usize::MAX).await, Ok(wanted));
    }
}

/// Stores do not read notes: any will do.
fn attestation(size: u64, number: u64) -> Attestation {
    Attestation { size, note: format!("aduan/mojokerto\n{size}\n{number}\n\n— aduan/mojokerto AAAA\n") }
}

/// The whole log, page by page.
///
/// # Panics
/// When a page cannot be read.
pub async fn everything(store: &dyn Store) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let page = store.after(entries.len() as u64, 1_000).await.expect("a page");
        entries.extend(page.entries);
        if page.at_head {
            return entries;
        }
    }
}

async fn append(store: &dyn Store, number: u64, parts: Vec<AppendPart>) -> Outcome {
    loop {
        match store.append(Append::new(command(number), parts.clone())).await {
            Ok(outcome) => return outcome,
            // Shed, not lost: nothing was stored.
            Err(StoreError::Overloaded) => tokio::task::yield_now().await,
            Err(error) => panic!("an append in good order failed: {error}"),
        }
    }
}
