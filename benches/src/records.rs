//! Deciding, writing and reading beside bare serde_json and sha2.

use std::hint::black_box;

use aduan::complaint::{Complaint, Decision};
use aduan::event::{Context, Event, Fact, Provenance};
use aduan::record::{Record, genesis};
use aduan::rules::Rules;
use aduan::sealed::{BoxPlace, ComplaintKey, Field};
use aduan::values::{Digest, Moment};
use aduan_measure::life::{Life, NARRATIVE, ledger, mac};
use aduan_measure::rounds::{in_turn, timed};
use aduan_measure::table::{Row, Target};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const SECTION: &str = "core: rules and records, per event";

/// The payload as the core writes it.
#[derive(Serialize)]
struct PayloadRef<'a> {
    fact: &'a Fact,
    occurred_at: &'a Moment,
    provenance: &'a Provenance,
}

/// The payload as the core reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read from JSON and measured, never looked at")]
struct Payload {
    fact: Fact,
    occurred_at: Moment,
    provenance: Provenance,
}

pub(crate) fn section(rounds: usize) -> Vec<Row> {
    let rules = Rules::mojokerto();
    let lives = Life::many(&rules, 0..LIVES);
    same_bytes(&lives);
    let mut rows = writing(&lives, &rules, rounds);
    rows.extend(reading(&lives, rounds));
    rows.extend(sealing(&lives, rounds));
    rows
}

fn writing(lives: &[Life], rules: &Rules, rounds: usize) -> Vec<Row> {
    let ledger = ledger();
    let events = lives.iter().flat_map(Life::events).count();
    let mut whole = || {
        timed(|| {
            for life in lives {
                let mut complaint = Complaint::default();
                let mut head = genesis(&ledger, life.id);
                for asked in &life.asked {
                    let decided = complaint.decide(&asked.sealed, rules);
                    let Ok(Decision::Record(events)) = decided else { panic!("a typical life goes on") };
                    for event in &events {
                        let record = Record::write(&ledger, life.id, complaint.version + 1, head, event);
                        complaint.evolve(event);
                        head = record.hash;
                        black_box(record);
                    }
                }
                black_box(complaint);
            }
        })
    };
    let mut bare = || {
        timed(|| {
            for event in lives.iter().flat_map(Life::events) {
                let (payload, metadata) = bare_json(event);
                black_box(bare_hash(&payload, &metadata));
            }
        })
    };
    let (mut payload, mut metadata) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
    let mut reused = || {
        timed(|| {
            for event in lives.iter().flat_map(Life::events) {
                payload.clear();
                metadata.clear();
                serde_json::to_writer(&mut payload, &payload_of(event)).expect("our own types serialise");
                serde_json::to_writer(&mut metadata, &event.context).expect("our own types serialise");
                black_box(bare_hash(&payload, &metadata));
            }
        })
    };
    let mut deciding = || {
        timed(|| {
            for asked in lives.iter().flat_map(|life| &life.asked) {
                black_box(asked.before.decide(&asked.sealed, rules).is_ok());
            }
        })
    };
    let mut evolving = || timed(|| lives.iter().for_each(|life| drop(black_box(Complaint::replay(life.events())))));
    let mut encoding = || {
        timed(|| {
            for (event, record) in lives.iter().flat_map(|life| life.events().zip(life.records())) {
                black_box(Record::write(&ledger, record.complaint, record.sequence, record.prev, event));
            }
        })
    };
    let [whole, bare, reused, deciding, evolving, encoding] =
        in_turn(rounds, [&mut whole, &mut bare, &mut reused, &mut deciding, &mut evolving, &mut encoding]);
    let alone = |what: &str, seconds: &[f64]| Row::alone(SECTION, what, "ns", &nanos(seconds, events));
    vec![
        Row::times(
            SECTION,
            "decide + evolve + encode + hash : serde_json::to_vec + sha2",
            "ns",
            events,
            (&whole, &bare),
            Target::Share(0.6),
        ),
        Row::times(
            SECTION,
            "the same : serde_json into one reused buffer + sha2",
            "ns",
            events,
            (&whole, &reused),
            Target::None,
        ),
        alone("  of which decide", &deciding),
        alone("  of which evolve", &evolving),
        alone("  of which encode + hash", &encoding),
    ]
}

fn reading(lives: &[Life], rounds: usize) -> Vec<Row> {
    let ledger = ledger();
    let events = lives.iter().flat_map(Life::records).count();
    let replay = |is_checked: bool| {
        for life in lives {
            let mut complaint = Complaint::default();
            let mut head = genesis(&ledger, life.id);
            for record in life.records() {
                if is_checked {
                    record.check_link(&ledger, complaint.version + 1, head).expect("the chain holds");
                    head = record.hash;
                }
                complaint.evolve(&record.event().expect("a record just written"));
            }
            black_box((complaint, head));
        }
    };
    let mut replaying = || timed(|| replay(false));
    let mut with_chain = || timed(|| replay(true));
    let mut bare = || {
        timed(|| {
            for record in lives.iter().flat_map(Life::records) {
                black_box(serde_json::from_str::<Payload>(&record.payload).is_ok());
                black_box(serde_json::from_str::<Context>(&record.metadata).is_ok());
            }
        })
    };
    let mut linking = || {
        timed(|| {
            for record in lives.iter().flat_map(Life::records) {
                black_box(record.check_link(&ledger, record.sequence, record.prev).is_ok());
            }
        })
    };
    let [replaying, bare, with_chain, linking] =
        in_turn(rounds, [&mut replaying, &mut bare, &mut with_chain, &mut linking]);
    vec![
        Row::times(
            SECTION,
            "replay from stored bytes : typed serde_json",
            "ns",
            events,
            (&replaying, &bare),
            Target::Share(0.6),
        ),
        Row::times(
            SECTION,
            "the same with every link and hash checked",
            "ns",
            events,
            (&with_chain, &bare),
            Target::None,
        ),
        Row::alone(SECTION, "  of which checking link and hash", "ns", &nanos(&linking, events)),
    ]
}

/// Listed apart: it comes before the rules.
fn sealing(lives: &[Life], rounds: usize) -> Vec<Row> {
    let ledger = ledger();
    let key = ComplaintKey::from_seed(&[1; 32]);
    let text: String = NARRATIVE.chars().cycle().take(300).collect();
    let place = |life: &Life| {
        let request = &life.asked[0].clear;
        (BoxPlace { ledger: &ledger, complaint: life.id, command: request.id, field: Field::TEXT }, request.seed)
    };
    let seal = |life: &Life| {
        let (place, seed) = place(life);
        key.seal(&text, &place, &seed).expect("a text fit to seal")
    };
    let boxes: Vec<_> = lives.iter().map(seal).collect();
    let mut sealing = || timed(|| lives.iter().for_each(|life| drop(black_box(seal(life)))));
    let mut opening = || {
        timed(|| {
            for (life, sealed) in lives.iter().zip(&boxes) {
                black_box(key.open(sealed, &place(life).0).is_ok());
            }
        })
    };
    let mut macs = || {
        timed(|| {
            for life in lives {
                black_box(mac(&key, &life.asked[0].clear));
            }
        })
    };
    let [sealing, opening, macs] = in_turn(rounds, [&mut sealing, &mut opening, &mut macs]);
    let alone = |what: &str, seconds: &[f64]| Row::alone(SECTION, what, "ns", &nanos(seconds, lives.len()));
    vec![
        alone("apart: seal 300 characters", &sealing),
        alone("apart: open them", &opening),
        alone("apart: MAC of a command that brings a complaint", &macs),
    ]
}

/// The bare side does the same work, or its figure means nothing.
fn same_bytes(lives: &[Life]) {
    for (event, record) in lives.iter().flat_map(|life| life.events().zip(life.records())) {
        let (payload, metadata) = bare_json(event);
        assert!(payload == record.payload.as_bytes() && metadata == record.metadata.as_bytes(), "not the same bytes");
    }
}

fn bare_json(event: &Event) -> (Vec<u8>, Vec<u8>) {
    let payload = serde_json::to_vec(&payload_of(event)).expect("our own types serialise");
    (payload, serde_json::to_vec(&event.context).expect("our own types serialise"))
}

fn bare_hash(payload: &[u8], metadata: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update(payload).chain_update(metadata).finalize().into())
}

fn payload_of(event: &Event) -> PayloadRef<'_> {
    PayloadRef { fact: &event.fact, occurred_at: &event.occurred_at, provenance: &event.provenance }
}

fn nanos(seconds: &[f64], count: usize) -> Vec<f64> {
    seconds.iter().map(|seconds| seconds / count as f64 * 1e9).collect()
}

const LIVES: u64 = 200;
