//! The ways to tamper with a folder, each with the class of failure that it has to raise.

use aduan::actor::Role;
use aduan::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use aduan::audit::fork::Loss;
use aduan::audit::keys::Rotation;
use aduan::audit::note::Note;
use aduan::clock::{Clock, ClockState, Due};
use aduan::complaint::Stage;
use aduan::event::{Event, Fact, Part, ReopenReason};
use aduan::values::{AgencyCode, CommandId, ComplaintId, Digest, Position};
use aduan_audit::manifest::{Manifest, Scope};
use aduan_audit::verify::Class;
use chrono::{Days, TimeDelta};
use fastrand::Rng;
use uuid::Uuid;

use self::Class::{Box as Sealed, Chain, Command, Consistency, Document, Format, Position as Place, Signature, State};
use self::Class::{Record, Root, Time, Unlawful, Unreadable, Verdict};
use self::Found::{OneOf, Only};
use self::Which::{Bare, One, Period, Whole};
use super::forge::{Attested, BoxLine, Forge, KeyLine, Line, Signer, stranger};
use crate::verdicts::clocks_of;

/// One way to tamper.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// What it can be done to.
    pub(super) to: &'static [Which],
    pub(super) found: Found,
    /// Does it; false where it cannot be done here.
    pub(super) alter: fn(&mut Forge, &mut Rng, &Forge) -> bool,
}

/// What was exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    /// The whole ledger with sealed values and keys.
    Whole,
    /// The whole ledger without them.
    Bare,
    /// A period, with sealed values and without keys.
    Period,
    /// One complaint, with sealed values and keys; the auditor holds an older checkpoint.
    One,
}

/// Which alarm has to be raised.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// At least one of these, whatever comes with it.
    OneOf(&'static [Class]),
    /// This and nothing else.
    Only(Class),
    /// Any.
    Something,
    /// Any or none: what an insider writes can be true. Nobody may fall over it.
    Anything,
}

impl Found {
    pub(super) fn is_met(self, classes: &[Class]) -> bool {
        match self {
            OneOf(wanted) => classes.iter().any(|class| wanted.contains(class)),
            Only(wanted) => classes == [wanted],
            Found::Something => !classes.is_empty(),
            Found::Anything => true,
        }
    }
}

impl Which {
    pub(super) const ALL: [Which; 4] = [Whole, Bare, Period, One];
}

const ALL: &[Which] = &Which::ALL;
const LEAVES: &[Which] = &[Whole, Bare, Period];
const LEDGER: &[Which] = &[Whole, Bare];
const BOXES: &[Which] = &[Whole, Period, One];
const KEYS: &[Which] = &[Whole, One];

#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = &[
    // Somebody changes files.
    Kind { name: "a byte of a payload",                       to: ALL,    found: OneOf(&[Record, Format]), alter: payload_byte },
    Kind { name: "a word of a payload",                       to: ALL,    found: OneOf(&[Record]),      alter: payload_word },
    Kind { name: "the role in the metadata",                  to: ALL,    found: OneOf(&[Record]),      alter: role },
    Kind { name: "the agency in the metadata",                to: ALL,    found: OneOf(&[Record]),      alter: agency },
    Kind { name: "the person in the metadata",                to: ALL,    found: Only(Record),          alter: person },
    Kind { name: "the hash of a record",                      to: ALL,    found: OneOf(&[Record, Root]), alter: hash },
    Kind { name: "a record deleted",                          to: ALL,    found: OneOf(&[Place, Chain, Format]), alter: delete },
    Kind { name: "a record twice",                            to: ALL,    found: OneOf(&[Place]),       alter: twice },
    Kind { name: "a foreign record put in",                   to: ALL,    found: OneOf(&[Record, Root, Format]), alter: foreign },
    Kind { name: "two lines swapped",                         to: ALL,    found: OneOf(&[Place]),       alter: swap_lines },
    Kind { name: "two records swapped",                       to: ALL,    found: OneOf(&[Record, Root, Format]), alter: swap_records },
    Kind { name: "lines cut at the tail",                     to: LEDGER, found: OneOf(&[Place]),       alter: cut_tail },
    Kind { name: "the tail cut, leaves and manifest with it", to: LEDGER, found: OneOf(&[Root]),        alter: cut_tail_and_leaves },
    Kind { name: "a complaint dropped",                       to: LEDGER, found: OneOf(&[Place]),       alter: drop_complaint },
    Kind { name: "a complaint dropped, all numbered anew",    to: LEDGER, found: OneOf(&[Root]),        alter: drop_and_renumber },
    Kind { name: "a record altered, all hashed anew",         to: ALL,    found: OneOf(&[Root]),        alter: rehashed },
    Kind { name: "a loss admitted, all hashed anew",          to: LEDGER, found: OneOf(&[Root]),        alter: admitted },
    // Somebody signs.
    Kind { name: "all signed anew by a stranger",             to: ALL,    found: Only(Signature),       alter: signed_by_a_stranger },
    Kind { name: "signed anew by an insider, older ones kept", to: LEAVES, found: Only(Consistency),    alter: two_faces },
    Kind { name: "all signed anew by an insider, one held",   to: ALL,    found: Only(Consistency),     alter: two_faces_held },
    Kind { name: "the body of the checkpoint",                to: ALL,    found: OneOf(&[Signature]),   alter: checkpoint_body },
    Kind { name: "the checkpoint without signatures",         to: ALL,    found: OneOf(&[Format, Signature]), alter: unsigned },
    Kind { name: "the checkpoint without its time",           to: LEAVES, found: Only(Signature),       alter: untimed },
    Kind { name: "the checkpoint signed for two times",       to: ALL,    found: Only(Signature),       alter: timed_twice },
    Kind { name: "the signer's name",                         to: ALL,    found: OneOf(&[Signature]),   alter: renamed },
    Kind { name: "the checkpoint of another ledger",          to: ALL,    found: OneOf(&[Format, Signature]), alter: other_ledger },
    Kind { name: "a byte of the leaves",                      to: LEAVES, found: OneOf(&[Root]),        alter: leaf },
    Kind { name: "a proof of a record",                       to: &[One], found: OneOf(&[Root, Format]), alter: proof },
    Kind { name: "the proof of a checkpoint held",            to: &[One], found: OneOf(&[Consistency, Format]), alter: held_proof },
    Kind { name: "an attestation forged",                     to: ALL,    found: Only(Signature),       alter: attestation },
    Kind { name: "an attestation altered",                    to: ALL,    found: OneOf(&[Signature]),   alter: attestation_root },
    Kind { name: "a rotation forged",                         to: ALL,    found: Only(Signature),       alter: rotation },
    Kind { name: "a rotation forged, its key used",           to: ALL,    found: Only(Signature),       alter: rotation_used },
    Kind { name: "attestations in another order",             to: ALL,    found: Only(Format),          alter: swap_attestations },
    // Sealed values, keys, documents.
    Kind { name: "the box of another record",                 to: BOXES,  found: Only(Sealed),          alter: other_box },
    Kind { name: "a box altered",                             to: BOXES,  found: Only(Sealed),          alter: alter_box },
    Kind { name: "a box removed",                             to: BOXES,  found: Only(Sealed),          alter: remove_box },
    Kind { name: "a stray box",                               to: BOXES,  found: Only(Sealed),          alter: stray_box },
    Kind { name: "a key altered",                             to: KEYS,   found: Only(Sealed),          alter: alter_key },
    Kind { name: "two keys swapped",                          to: &[Whole], found: Only(Sealed),        alter: swap_keys },
    Kind { name: "a key removed",                             to: KEYS,   found: Only(Sealed),          alter: remove_key },
    Kind { name: "a stray key",                               to: KEYS,   found: Only(Sealed),          alter: stray_key },
    Kind { name: "a policy altered",                          to: ALL,    found: OneOf(&[Document]),    alter: |f, r, _| alter_document(f, r, "policies/") },
    Kind { name: "a calendar removed",                        to: ALL,    found: OneOf(&[Document]),    alter: |f, r, _| remove_document(f, r, "calendars/") },
    Kind { name: "a directory replaced",                      to: ALL,    found: OneOf(&[Document]),    alter: |f, r, _| replace_document(f, r, "directories/") },
    // Somebody inside does it, hashes everything anew, and signs it with the true keys.
    Kind { name: "insider: an answer back-dated",             to: ALL,    found: OneOf(&[Time]),        alter: back_dated },
    Kind { name: "insider: a role that may not",              to: ALL,    found: Only(Unlawful),        alter: wrong_role },
    Kind { name: "insider: an agency that does not hold it",  to: ALL,    found: Only(Unlawful),        alter: not_the_holder },
    Kind { name: "insider: an impossible transition",         to: ALL,    found: OneOf(&[Unlawful]),    alter: impossible },
    Kind { name: "insider: a command split",                  to: LEDGER, found: Only(Command),         alter: split_command },
    Kind { name: "insider: half a command",                   to: LEDGER, found: Only(Command),         alter: half_command },
    Kind { name: "insider: a hole in a sequence",             to: ALL,    found: Only(Chain),           alter: hole },
    Kind { name: "insider: a link to elsewhere",              to: ALL,    found: Only(Chain),           alter: link },
    Kind { name: "insider: Met for Missed",                   to: ALL,    found: Only(Verdict),         alter: met_for_missed },
    Kind { name: "insider: a due date a day later",           to: ALL,    found: Only(Verdict),         alter: later },
    Kind { name: "insider: a clock removed",                  to: ALL,    found: Only(Verdict),         alter: remove_clock },
    Kind { name: "insider: not canonical",                    to: ALL,    found: Only(Unreadable),      alter: not_canonical },
    Kind { name: "insider: spaces",                           to: ALL,    found: OneOf(&[Format, Unreadable]), alter: spaces },
    Kind { name: "insider: a member twice",                   to: ALL,    found: OneOf(&[Format]),      alter: member_twice },
    Kind { name: "insider: numbers at their ends",            to: ALL,    found: Found::Anything,       alter: numbers },
    Kind { name: "insider: a future version",                 to: ALL,    found: Only(Unreadable),      alter: future },
    Kind { name: "insider: a loss admitted that never was",   to: LEDGER, found: OneOf(&[Consistency]), alter: false_admission },
    Kind { name: "insider: an admission that skips a line",   to: LEAVES, found: OneOf(&[Consistency]), alter: skipped_line },
    Kind { name: "insider: an admission of less than was signed", to: LEAVES, found: Only(Consistency), alter: admitted_less },
    Kind { name: "insider: another beginning, one of the line held", to: ALL, found: Only(Consistency), alter: another_of_the_line },
    Kind { name: "insider: another beginning, one of a line left held", to: LEDGER, found: Only(Consistency), alter: another_of_a_line_left },
    Kind { name: "insider: two roots of what was lost",       to: LEAVES, found: Only(Consistency),     alter: two_lost_roots },
    Kind { name: "insider: a box sealed for another place",   to: KEYS,   found: OneOf(&[Sealed]),      alter: box_of_elsewhere },
    // States, manifest, files.
    Kind { name: "a state altered",                           to: ALL,    found: Only(State),           alter: alter_state },
    Kind { name: "a state removed",                           to: ALL,    found: Only(State),           alter: remove_state },
    Kind { name: "a state added",                             to: ALL,    found: Only(State),           alter: add_state },
    Kind { name: "states in another order",                   to: LEDGER, found: Only(Format),          alter: swap_states },
    Kind { name: "the scope narrowed",                        to: LEAVES, found: OneOf(&[Place, Format]), alter: narrow },
    Kind { name: "the scope widened",                         to: &[Period, One], found: OneOf(&[Place, Format]), alter: widen },
    Kind { name: "another complaint in the manifest",         to: &[One], found: Only(Format),          alter: other_complaint },
    Kind { name: "a count in the manifest",                   to: ALL,    found: OneOf(&[Format]),      alter: count },
    Kind { name: "another ledger in the manifest",            to: ALL,    found: OneOf(&[Record]),      alter: other_name },
    Kind { name: "a position beyond all numbers",             to: ALL,    found: OneOf(&[Place, Format, Sealed, Root]), alter: beyond },
    Kind { name: "a file missing",                            to: ALL,    found: OneOf(&[Format, Document, Consistency]), alter: missing },
    Kind { name: "a file too many",                           to: ALL,    found: OneOf(&[Format, Document]), alter: too_many },
    Kind { name: "garbage anywhere",                          to: ALL,    found: Found::Something,      alter: garbage },
];

fn any(forge: &Forge, chance: &mut Rng) -> usize {
    chance.usize(..forge.lines.len())
}

/// One of the records of which something is true.
fn one(forge: &Forge, chance: &mut Rng, wanted: impl Fn(&Line, &Event) -> bool) -> Option<usize> {
    let lines: Vec<usize> =
        (0..forge.lines.len()).filter(|index| wanted(&forge.lines[*index], &forge.event(*index))).collect();
    chance.choice(lines)
}

/// Changes what an event says, and nothing else.
fn change(forge: &mut Forge, line: usize, alter: impl FnOnce(&mut Event) -> bool) -> bool {
    let mut event = forge.event(line);
    let could = alter(&mut event);
    forge.put(line, &event);
    could
}

/// The same by an insider.
fn settled(forge: &mut Forge, line: usize, alter: impl FnOnce(&mut Event) -> bool) -> bool {
    let could = change(forge, line, alter);
    forge.settle();
    could
}

/// Something that nothing else follows from.
fn change_quietly(forge: &mut Forge, chance: &mut Rng, line: usize) -> bool {
    let salt = chance.u8(..);
    change(forge, line, |event| {
        event.context.salt.0[0] ^= salt;
        salt != 0
    })
}

fn payload_byte(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let text = forge.lines[line].text();
    let payload = &forge.lines[line].record.payload;
    let begin = text.len() - "}\n".len() - payload.len();
    let place = begin + chance.usize(..payload.len());
    let mut folder = forge.folder()["records.jsonl"].clone();
    let before: usize = forge.lines[..line].iter().map(|line| line.text().len()).sum();
    folder[before + place] = chance.u8(..);
    forge.raw.insert("records.jsonl".into(), Some(folder));
    true
}

/// A digit or letter within a text of the payload, so that it is still one.
fn payload_word(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let payload = &mut forge.lines[line].record.payload;
    let digits: Vec<usize> = payload.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    let Some(at) = chance.choice(digits) else { return false };
    let is_leading = !payload.as_bytes()[at - 1].is_ascii_alphanumeric();
    payload.replace_range(at..=at, &chance.u8(u8::from(is_leading)..10).to_string());
    true
}

fn role(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let role = chance.choice(Role::ALL);
    change(forge, line, |event| role.is_some_and(|role| std::mem::replace(&mut event.context.role, role) != role))
}

fn agency(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let agency = chance.choice(["dishub", "dlh", "satpol-pp"]).map(|code| AgencyCode::new(code).unwrap());
    change(forge, line, |event| std::mem::replace(&mut event.context.agency, agency.clone()) != agency)
}

fn person(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    // A loss whose admission somebody touched is admitted by nobody.
    let admits = |event: &Event| matches!(event.fact, Fact::Forked { .. });
    let Some(line) = one(forge, chance, |_, event| !admits(event)) else { return false };
    change(forge, line, |event| {
        event.context.person = match event.context.person {
            Some(_) => None,
            None => Some(aduan::values::PersonRef::new("p-9").unwrap()),
        };
        true
    })
}

fn hash(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    forge.lines[line].record.hash.0[chance.usize(..32)] ^= 1 << chance.u8(..8);
    true
}

fn delete(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    forge.lines.remove(line);
    true
}

fn twice(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let copy = Line { boxes: Vec::new(), keys: Vec::new(), ..forge.lines[line].clone() };
    let behind = chance.usize(line + 1..=forge.lines.len());
    forge.lines.insert(behind, copy);
    true
}

/// A record of another ledger of that name: in place of one, or between two.
fn foreign(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    let line = any(forge, chance);
    let mut foreign = other.lines[any(other, chance)].clone();
    foreign.position = forge.lines[line].position;
    if chance.bool() {
        forge.lines[line] = foreign;
    } else {
        forge.lines.insert(line, foreign);
    }
    true
}

fn swap_lines(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (one, other) = (any(forge, chance), any(forge, chance));
    forge.lines.swap(one, other);
    one != other
}

fn swap_records(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (one, other) = (any(forge, chance), any(forge, chance));
    forge.lines.swap(one, other);
    let position = forge.lines[one].position;
    forge.lines[one].position = std::mem::replace(&mut forge.lines[other].position, position);
    one != other
}

fn cut_tail(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let length = chance.usize(1..forge.lines.len());
    forge.lines.truncate(length);
    true
}

fn cut_tail_and_leaves(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    cut_tail(forge, chance, other);
    forge.regrow();
    forge.refold();
    forge.manifest.size = forge.leaves.len() as u64;
    true
}

fn drop_complaint(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let dropped = forge.lines[any(forge, chance)].record.complaint;
    // A command over two complaints would be cut in half as well.
    let has_half = (1..forge.lines.len()).any(|index| {
        let (before, line) = (&forge.lines[index - 1].record, &forge.lines[index].record);
        let is_one = forge.event(index - 1).context.command == forge.event(index).context.command;
        is_one && (before.complaint == dropped) != (line.complaint == dropped)
    });
    forge.lines.retain(|line| line.record.complaint != dropped);
    forge.refold();
    !has_half && !forge.lines.is_empty() && forge.manifest.scope == Scope::Whole
}

fn drop_and_renumber(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let dropped = forge.lines[any(forge, chance)].record.complaint;
    forge.lines.retain(|line| line.record.complaint != dropped);
    forge.renumber();
    forge.regrow();
    forge.refold();
    forge.manifest.size = forge.leaves.len() as u64;
    true
}

fn rehashed(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let could = change_quietly(forge, chance, line);
    forge.rehash();
    forge.regrow();
    forge.reprove();
    could
}

/// As if what was signed had been lost, so that nothing has to lead to it.
fn admitted(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    admit_loss(forge, line, forge.lines[line].position - 1, forge.manifest.size);
    forge.rehash();
    forge.regrow();
    forge.refold();
    true
}

fn signed_by_a_stranger(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    let could = rehashed(forge, chance, other);
    forge.forget_held();
    forge.resign(&Signer::Stranger);
    forge.resign_kept(&Signer::Stranger);
    could
}

/// An older checkpoint covers the record; it stays where it is, or only the auditor has it.
fn two_faces(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    let kept = forge.attested.iter().filter(|note| match note {
        Attested::Checkpoint(signed) => !forge.is_lost(signed),
        Attested::Rotation(_) => false,
    });
    let older = kept.map(Attested::size).filter(|size| *size < forge.manifest.size).max().unwrap_or(0);
    let could = rewritten_before(forge, chance, older, other);
    let is_last = |note: &Attested| matches!(note, Attested::Checkpoint(_)) && note.size() == forge.manifest.size;
    let last = Attested::Checkpoint(forge.checkpoint.clone());
    let attested = forge.attested.iter().map(|note| if is_last(note) { last.clone() } else { note.clone() });
    forge.attested = attested.collect();
    could
}

fn two_faces_held(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    let held = forge.world.held().clone();
    let could = rewritten_before(forge, chance, held.checkpoint().size, other);
    forge.resign_kept(&Signer::Insider);
    forge.held = vec![held];
    forge.reprove();
    could
}

fn rewritten_before(forge: &mut Forge, chance: &mut Rng, size: Position, _: &Forge) -> bool {
    let Some(line) = one(forge, chance, |line, _| line.position <= size) else { return false };
    let could = change_quietly(forge, chance, line);
    forge.rehash();
    forge.regrow();
    forge.resign(&Signer::Insider);
    could
}

/// A checkpoint with another text under the same signatures.
fn with_text(signed: &SignedCheckpoint, alter: impl FnOnce(&str) -> String) -> SignedCheckpoint {
    let note = signed.note();
    let mut altered = Note::new(&alter(note.text())).unwrap();
    note.signatures().iter().for_each(|line| altered.add(line.clone()));
    altered.to_string().parse().unwrap()
}

fn checkpoint_body(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let altered = chance.u8(..4);
    let Checkpoint { origin, size, root } = forge.checkpoint.checkpoint().clone();
    let root = match altered {
        0 => Checkpoint { origin, size: size + 1, root }.note(),
        1 => Checkpoint { origin, size, root: Digest::of(&[chance.u8(..)]) }.note(),
        2 => Checkpoint { origin: origin.of_line(origin.line() + 1), size, root }.note(),
        _ => Note::new(&format!("{}an extension\n", forge.checkpoint.note().text())).unwrap(),
    };
    forge.checkpoint = with_text(&forge.checkpoint, |_| root.text().to_owned());
    true
}

fn unsigned(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let text = forge.checkpoint.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let (timed, both) = (lines.len() - 1, chance.bool());
    let left: Vec<&str> = match both {
        true => lines[..timed - 1].to_vec(),
        false => lines.iter().enumerate().filter(|(at, _)| *at != timed - 1).map(|(_, line)| *line).collect(),
    };
    forge.raw.insert("checkpoint".into(), Some((left.join("\n") + "\n").into_bytes()));
    true
}

fn untimed(forge: &mut Forge, _: &mut Rng, _: &Forge) -> bool {
    let text = forge.checkpoint.to_string();
    let (left, _) = text.trim_end().rsplit_once('\n').unwrap();
    forge.checkpoint = format!("{left}\n").parse().unwrap();
    true
}

fn timed_twice(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Checkpoint { origin, size, .. } = forge.checkpoint.checkpoint();
    let mut note = forge.checkpoint.note().clone();
    let seconds = super::forge::seconds_of(&forge.checkpoint) + chance.u64(1..1_000);
    note.add(forge.world.key_at(origin, *size).sign_timed(&note, seconds));
    forge.checkpoint = note.to_string().parse().unwrap();
    forge.forget_held();
    forge.reprove();
    true
}

fn renamed(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let name = chance.choice(["— aduan/kediri ", "— somebody ", "— aduan/mojokerto/2 "]).unwrap();
    forge.checkpoint = forge.checkpoint.to_string().replace("— aduan/mojokerto ", name).parse().unwrap();
    forge.reprove();
    true
}

fn other_ledger(forge: &mut Forge, _: &mut Rng, _: &Forge) -> bool {
    let origin: aduan::audit::checkpoint::Origin = "aduan/kediri".parse().unwrap();
    let Checkpoint { size, root, .. } = forge.checkpoint.checkpoint().clone();
    let key = stranger(origin.key_name());
    forge.checkpoint = Checkpoint { origin, size, root }.sign(&key, super::forge::seconds_of(&forge.checkpoint));
    forge.reprove();
    true
}

fn leaf(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let leaf = chance.usize(..forge.leaves.len());
    forge.leaves[leaf].0[chance.usize(..32)] ^= 1 << chance.u8(..8);
    true
}

/// A hash of a proof left out or exchanged, or the proof of another record.
fn proof(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    exchange_proof(forge, chance, "proofs/")
}

fn held_proof(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    exchange_proof(forge, chance, "consistency/")
}

fn exchange_proof(forge: &mut Forge, chance: &mut Rng, place: &str) -> bool {
    let names: Vec<String> = forge.files.keys().filter(|name| name.starts_with(place)).cloned().collect();
    let (Some(name), Some(other)) = (chance.choice(&names), chance.choice(&names)) else { return false };
    let text = String::from_utf8(forge.files[name].clone()).unwrap();
    let hashes: Vec<&str> = text.lines().filter(|line| line.len() == 44).collect();
    let altered = match (chance.u8(..4), chance.choice(&hashes)) {
        (0, _) => String::from_utf8(forge.files[other].clone()).unwrap(),
        (1, Some(hash)) => text.replacen(&format!("{hash}\n"), "", 1),
        (2, Some(hash)) => text.replacen(hash, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1),
        _ => return forge.files.remove(name).is_some(),
    };
    forge.files.insert(name.clone(), altered.into_bytes());
    true
}

fn attestation(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let place = chance.usize(..forge.attested.len());
    let Attested::Checkpoint(signed) = &forge.attested[place] else { return false };
    if forge.is_lost(signed) {
        return false;
    }
    let forged = forge.signed_anew(signed, signed.checkpoint().size, &Signer::Stranger);
    forge.attested.insert(place, Attested::Checkpoint(forged));
    true
}

fn attestation_root(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let place = chance.usize(..forge.attested.len());
    let Attested::Checkpoint(signed) = &forge.attested[place] else { return false };
    let Checkpoint { origin, size, .. } = signed.checkpoint().clone();
    let root = Digest::of(&[chance.u8(..)]);
    let text = Checkpoint { origin, size, root }.note().text().to_owned();
    forge.attested[place] = Attested::Checkpoint(with_text(signed, |_| text));
    true
}

fn swap_attestations(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (one, other) = (chance.usize(..forge.attested.len()), chance.usize(..forge.attested.len()));
    forge.attested.swap(one, other);
    forge.attested[one].size() != forge.attested[other].size()
}

/// Signed by a thief alone, or by the thief under the name of the old key as well.
fn rotation(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let after = chance.u64(1..=forge.manifest.size);
    insert_forged_rotation(forge, after);
    true
}

fn rotation_used(forge: &mut Forge, chance: &mut Rng, other: &Forge) -> bool {
    let could = rehashed(forge, chance, other);
    forge.forget_held();
    forge.resign(&Signer::Stranger);
    forge.resign_kept(&Signer::Stranger);
    insert_forged_rotation(forge, 1);
    could
}

fn insert_forged_rotation(forge: &mut Forge, after: Position) {
    let origin = forge.checkpoint.checkpoint().origin.clone();
    let thief = stranger(origin.key_name());
    let place = forge.attested.iter().position(|note| note.size() >= after).unwrap_or(forge.attested.len());
    forge.attested.insert(place, Attested::Rotation(Rotation::sign(origin, after, &thief, &thief)));
}

/// Where boxes stand: the record and the number of the box.
fn a_box(forge: &Forge, chance: &mut Rng) -> Option<(usize, usize)> {
    let boxes = forge.lines.iter().enumerate();
    chance
        .choice(boxes.flat_map(|(line, of)| (0..of.boxes.len()).map(move |number| (line, number))).collect::<Vec<_>>())
}

/// With the digest of its own, or under the digest of the one it stands for.
fn other_box(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (Some(one), Some(other)) = (a_box(forge, chance), a_box(forge, chance)) else { return false };
    let BoxLine { bytes, digest, .. } = forge.lines[other.0].boxes[other.1].clone();
    let into = &mut forge.lines[one.0].boxes[one.1];
    into.bytes = bytes;
    if chance.bool() {
        into.digest = digest;
    }
    true
}

fn alter_box(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some((line, number)) = a_box(forge, chance) else { return false };
    let BoxLine { bytes, digest, .. } = &mut forge.lines[line].boxes[number];
    let place = chance.usize(..bytes.len());
    bytes[place] ^= 1 << chance.u8(..8);
    if chance.bool() {
        *digest = Digest::of(bytes);
    }
    true
}

fn remove_box(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some((line, number)) = a_box(forge, chance) else { return false };
    forge.lines[line].boxes.remove(number);
    true
}

/// For a record that names none of that kind, or once more.
fn stray_box(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some((line, number)) = a_box(forge, chance) else { return false };
    let stray = forge.lines[line].boxes[number].clone();
    let into = any(forge, chance);
    let place = chance.usize(..=forge.lines[into].boxes.len());
    forge.lines[into].boxes.insert(place, stray);
    true
}

fn a_key(forge: &Forge, chance: &mut Rng) -> Option<usize> {
    let lines = forge.lines.iter().enumerate().filter(|(_, line)| !line.keys.is_empty());
    chance.choice(lines.map(|(number, _)| number).collect::<Vec<_>>())
}

fn alter_key(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some(line) = a_key(forge, chance) else { return false };
    let KeyLine { commitment, key } = &mut forge.lines[line].keys[0];
    key.0[chance.usize(..32)] ^= 1 << chance.u8(..8);
    if chance.bool() {
        *commitment = aduan::sealed::ComplaintKey::from_bytes(key.0).commitment();
    }
    true
}

fn swap_keys(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (Some(one), Some(other)) = (a_key(forge, chance), a_key(forge, chance)) else { return false };
    let key = forge.lines[one].keys[0].clone();
    forge.lines[one].keys[0] = std::mem::replace(&mut forge.lines[other].keys[0], key);
    true
}

fn remove_key(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    a_key(forge, chance).map(|line| forge.lines[line].keys.clear()).is_some()
}

fn stray_key(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some(line) = a_key(forge, chance) else { return false };
    let key = forge.lines[line].keys[0].clone();
    let into = any(forge, chance);
    forge.lines[into].keys.push(key);
    true
}

/// A document that bound a record here.
fn a_document(forge: &Forge, chance: &mut Rng, place: &str) -> Option<String> {
    chance.choice(forge.files.keys().filter(|name| name.starts_with(place)).cloned().collect::<Vec<_>>())
}

fn alter_document(forge: &mut Forge, chance: &mut Rng, place: &str) -> bool {
    let Some(name) = a_document(forge, chance, place) else { return false };
    let bytes = forge.files.get_mut(&name).unwrap();
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    let at = chance.choice(digits).unwrap();
    bytes[at] = b'0' + chance.u8(..10);
    true
}

fn remove_document(forge: &mut Forge, chance: &mut Rng, place: &str) -> bool {
    a_document(forge, chance, place).and_then(|name| forge.files.remove(&name)).is_some()
}

/// By another of its kind, which says what suits somebody better.
fn replace_document(forge: &mut Forge, chance: &mut Rng, place: &str) -> bool {
    let Some(name) = a_document(forge, chance, place) else { return false };
    let bytes = forge.files.remove(&name).unwrap();
    let text = String::from_utf8(bytes).unwrap() + "# another text\n";
    let renamed = format!("{place}{}.toml", Digest::of(text.as_bytes()));
    forge.files.insert(if chance.bool() { renamed } else { name }, text.into_bytes());
    true
}

/// Days before a checkpoint was signed that does not hold it; after what came before it, where there is room.
fn back_dated(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let signed = forge.attested.iter().filter_map(|note| match note {
        Attested::Checkpoint(signed) if !forge.is_lost(signed) => {
            Some((signed.checkpoint().size, super::forge::seconds_of(signed)))
        }
        _ => None,
    });
    let Some((size, seconds)) = chance.choice(signed.collect::<Vec<_>>()) else { return false };
    let wanted = |line: &Line, event: &Event| line.position > size && matches!(event.fact, Fact::Responded { .. });
    let Some(line) = one(forge, chance, wanted) else { return false };
    let at = chrono::DateTime::from_timestamp(seconds as i64, 0).unwrap() - TimeDelta::minutes(chance.i64(11..10_000));
    settled(forge, line, |event| {
        (event.context.recorded_at, event.occurred_at.at) = (at, at);
        true
    })
}

fn wrong_role(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let wanted = |_: &Line, event: &Event| matches!(event.fact, Fact::Verified { .. } | Fact::Dispositioned { .. });
    let Some(line) = one(forge, chance, |line, event| wanted(line, event) && !event.provenance.is_imported()) else {
        return false;
    };
    let role = chance.choice([Role::Liaison, Role::Operator, Role::Auditor]).unwrap();
    settled(forge, line, |event| {
        event.context.role = role;
        true
    })
}

fn not_the_holder(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let wanted =
        |_: &Line, event: &Event| matches!(event.fact, Fact::Responded { .. }) && !event.provenance.is_imported();
    let Some(line) = one(forge, chance, wanted) else { return false };
    let agency = chance.choice(["dishub", "dlh", "satpol-pp"]).map(|code| AgencyCode::new(code).unwrap());
    settled(forge, line, |event| std::mem::replace(&mut event.context.agency, agency.clone()) != agency)
}

/// Reopened where nothing was closed.
fn impossible(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let state = forge.before(line);
    forge.lines[line].boxes.clear();
    let fact = Fact::Reopened { clocks: Vec::new(), cycle: state.cycle + 1, reason: ReopenReason::Ordered, text: None };
    settled(forge, line, |event| {
        event.fact = fact;
        event.context.role = Role::Superior;
        state.stage != Stage::New && state.stage != Stage::Closed
    })
}

fn split_command(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some(line) = one(forge, chance, |_, event| event.context.part.of == 2 && event.context.part.number == 2) else {
        return false;
    };
    let id = CommandId(Uuid::from_u128(chance.u128(..)));
    // Sealed values and keys are bound to their command.
    let has_boxes = !forge.lines[line].boxes.is_empty();
    settled(forge, line, |event| {
        event.context.command = id;
        !has_boxes
    })
}

fn half_command(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    settled(forge, line, |event| {
        let could = event.context.part.of == 1;
        event.context.part = Part { number: 1, of: 2 };
        could
    })
}

fn hole(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let (complaint, by) = (forge.lines[line].record.complaint, chance.u64(1..3));
    let behind = forge.lines[line..].iter_mut().filter(|line| line.record.complaint == complaint);
    behind.for_each(|line| line.record.sequence += by);
    forge.settle();
    true
}

fn link(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let ledger = forge.ledger().clone();
    let complaint = forge.lines[line].record.complaint;
    let mut prev = Digest::of(&[chance.u8(..)]);
    for line in forge.lines[line..].iter_mut().filter(|line| line.record.complaint == complaint) {
        line.record.prev = prev;
        line.record.hash = line.record.hash_in(&ledger);
        prev = line.record.hash;
    }
    forge.forget_held();
    forge.regrow();
    forge.resign(&Signer::Insider);
    forge.resign_kept(&Signer::Insider);
    true
}

/// A clock of a record, by an insider.
fn alter_clock(
    forge: &mut Forge,
    chance: &mut Rng,
    wanted: fn(&Clock) -> bool,
    alter: fn(&mut Vec<Clock>, usize),
) -> bool {
    let has = |_: &Line, event: &Event| event.fact.clocks().iter().any(wanted) && !event.provenance.is_imported();
    let Some(line) = one(forge, chance, has) else { return false };
    settled(forge, line, |event| {
        let Some(clocks) = clocks_of(&mut event.fact) else { return false };
        let places: Vec<usize> = (0..clocks.len()).filter(|place| wanted(&clocks[*place])).collect();
        chance.choice(places).map(|place| alter(clocks, place)).is_some()
    })
}

fn met_for_missed(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let wanted = |clock: &Clock| matches!(clock.state, ClockState::Missed(_));
    alter_clock(forge, chance, wanted, |clocks, place| {
        if let ClockState::Missed(at) = clocks[place].state {
            clocks[place].state = ClockState::Met(at);
        }
    })
}

fn later(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    alter_clock(
        forge,
        chance,
        |_| true,
        |clocks, place| match &mut clocks[place].due {
            Due::EndOf { date, .. } => *date = *date + Days::new(1),
            Due::At(at) => *at += TimeDelta::days(1),
        },
    )
}

fn remove_clock(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    alter_clock(forge, chance, |_| true, |clocks, place| drop(clocks.remove(place)))
}

/// The same content in another form: an escape, members in another order, a number written longer.
fn not_canonical(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let record = &mut forge.lines[line].record;
    let (was, wanted) = (record.payload.clone(), chance.u8(..3));
    match wanted {
        0 => record.payload = was.replacen("\"zone\":\"A", "\"zone\":\"\\u0041", 1),
        1 => record.metadata = record.metadata.replacen("\"role\":\"", "\"role\":\"\\u00", 1),
        _ => {
            // `{"at":1,"zone":"Z"}` the other way round.
            let Some(begin) = was.find("{\"at\":") else { return false };
            let end = begin + was[begin..].find('}').unwrap();
            let Some((at, zone)) = was[begin + 1..end].split_once(',') else { return false };
            record.payload.replace_range(begin + 1..end, &format!("{zone},{at}"));
        }
    }
    if wanted == 1 {
        let Some(at) = record.metadata.find("\\u00") else { return false };
        let letter = record.metadata.as_bytes()[at + 4];
        record.metadata.replace_range(at + 4..at + 5, &format!("{letter:02x}"));
    }
    let is_read = record.written().is_ok();
    forge.settle();
    is_read
}

fn spaces(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let record = &mut forge.lines[line].record;
    let space = chance.choice([" ", "\t"]).unwrap();
    record.payload = record.payload.replacen(",\"occurred_at\":", &format!(",{space}\"occurred_at\":"), 1);
    forge.settle();
    true
}

fn member_twice(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let Line { record, .. } = &mut forge.lines[line];
    let text = if chance.bool() { &mut record.metadata } else { &mut record.payload };
    let end = text.rfind(['"', '}']).unwrap();
    let Some(begin) = text[..end].rfind(",\"") else { return false };
    let member = text[begin..text.len() - 1].to_owned();
    text.insert_str(text.len() - 1, &member);
    forge.settle();
    true
}

/// As large, small or far away as the form allows, and then some.
fn numbers(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let record = &mut forge.lines[line].record;
    let text = if chance.u8(..4) == 0 { &mut record.metadata } else { &mut record.payload };
    let is_number = |c: char| c.is_ascii_digit() || c == '-';
    let begins = text.char_indices().filter(|(at, _)| {
        let (before, behind) = text.split_at(*at);
        before.ends_with([':', ',', '[', '"', '/']) && behind.starts_with(is_number)
    });
    let Some((begin, _)) = chance.choice(begins.collect::<Vec<_>>()) else { return false };
    let end = begin + text[begin..].find(|c| !is_number(c)).unwrap();
    let ends = match text[begin..end].contains('-') {
        true => ["+262142-12-31", "-262143-01-01", "9999-12-31", "0000-01-01", "0001-01-01", "2024-02-30"],
        false => ["0", "-1", "4294967295", "9007199254740991", "9223372036854775807", "8210266876799999999"],
    };
    text.replace_range(begin..end, chance.choice(ends).unwrap());
    forge.settle();
    true
}

fn future(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    // Of a complaint that nobody can read anything of, there is no state to tell.
    let Some(line) = one(forge, chance, |line, _| line.record.sequence > 1) else { return false };
    forge.lines[line].record.event_version = chance.choice(["1.0.1", "2.0.0"]).unwrap().into();
    forge.settle();
    true
}

/// It would take every checkpoint out of the comparison that was signed before it.
fn false_admission(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = any(forge, chance);
    let kept = chance.u64(..forge.manifest.size);
    admit_loss(forge, line, kept, forge.manifest.size);
    let is_elsewhere = forge.lines[line].position != kept + 1;
    forge.settle();
    is_elsewhere
}

/// The last admission there is.
fn last_admission(forge: &Forge) -> Option<(usize, Loss)> {
    (0..forge.lines.len()).rev().find_map(|line| Some((line, Loss::admitted_by(&forge.event(line))?)))
}

/// Lines 1 to 3 with nothing in between, and everything signed in the line that was begun.
fn skipped_line(forge: &mut Forge, _: &mut Rng, _: &Forge) -> bool {
    let Some((line, loss)) = last_admission(forge) else { return false };
    forge.lines[line].record.complaint = ComplaintId::of_fork(forge.ledger(), loss.line + 1);
    change(forge, line, |event| {
        let Fact::Forked { line, .. } = &mut event.fact else { return false };
        *line += 1;
        true
    });
    forge.settle();
    let moved = |forge: &Forge, signed: &SignedCheckpoint| {
        let Checkpoint { origin, size, root } = signed.checkpoint().clone();
        let is_meant = origin.line() == loss.line && !forge.is_lost(signed);
        let origin = if is_meant { origin.of_line(loss.line + 1) } else { origin };
        let key = forge.world.key_at(&origin, size);
        Checkpoint { origin: origin.clone(), size, root }.sign(key, super::forge::seconds_of(signed))
    };
    let attested = forge.attested.iter().map(|note| match note {
        Attested::Checkpoint(signed) => Attested::Checkpoint(moved(forge, signed)),
        rotation => rotation.clone(),
    });
    (forge.attested, forge.checkpoint) = (attested.collect(), moved(forge, &forge.checkpoint));
    true
}

/// The checkpoints of the line that a loss left, by size.
fn lost_in(forge: &Forge, loss: &Loss) -> Vec<SignedCheckpoint> {
    let lost = forge.attested.iter().filter_map(|note| match note {
        Attested::Checkpoint(signed) => Some(signed).filter(|signed| loss.takes(signed.checkpoint())),
        Attested::Rotation(_) => None,
    });
    lost.filter(|signed| signed.checkpoint().origin.line() + 1 == loss.line).cloned().collect()
}

/// What came behind the last but one is to be forgotten; the ledger still keeps the last, or only the auditor does.
fn admitted_less(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some((line, loss)) = last_admission(forge) else { return false };
    let [.., less, last] = &lost_in(forge, &loss)[..] else { return false };
    let Checkpoint { size, root: signed, .. } = less.checkpoint().clone();
    settled(forge, line, |event| {
        let Fact::Forked { lost, root, .. } = &mut event.fact else { return false };
        (*lost, *root) = (size, signed);
        true
    });
    if chance.bool() {
        forge.attested.retain(|note| !matches!(note, Attested::Checkpoint(signed) if signed == last));
        forge.held = vec![last.clone()];
    }
    true
}

/// One that is greater than what was kept, and smaller than the last: nobody can hold it against the leaves.
fn two_lost_roots(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let Some((_, loss)) = last_admission(forge) else { return false };
    let Some(signed) = lost_in(forge, &loss).into_iter().next() else { return false };
    let Checkpoint { origin, size, .. } = signed.checkpoint().clone();
    let another = Checkpoint { origin, size, root: Digest::of(&[chance.u8(..)]) };
    let another = another.clone().sign(forge.world.key_at(&another.origin, size), super::forge::seconds_of(&signed));
    let place = forge.attested.iter().position(|note| note.size() > size).unwrap_or(forge.attested.len());
    forge.attested.insert(place, Attested::Checkpoint(another));
    true
}

/// The auditor kept one of the line that is still signed: nothing explains it away, whatever is exported.
fn another_of_the_line(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = forge.checkpoint.checkpoint().origin.line();
    only_held(forge, chance, |held| held.origin.line() == line)
}

/// The auditor kept one of a line that was left, and each admission is here: it was not lost.
fn another_of_a_line_left(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = forge.checkpoint.checkpoint().origin.line();
    only_held(forge, chance, |held| held.origin.line() < line)
}

/// What the auditor kept has another root than what is here, and nothing in the folder tells of it.
fn only_held(forge: &mut Forge, chance: &mut Rng, is_meant: impl Fn(&Checkpoint) -> bool) -> bool {
    let ours = forge.checkpoint.checkpoint().size;
    let known = forge.world.checkpoints.iter().map(SignedCheckpoint::checkpoint);
    let meant: Vec<&Checkpoint> = known.filter(|known| known.size < ours && is_meant(known)).collect();
    let Some(held) = chance.choice(meant).cloned() else { return false };
    let same = |note: &Attested| matches!(note, Attested::Checkpoint(signed) if *signed.checkpoint() == held);
    let Some(place) = forge.attested.iter().position(same) else { return false };
    let Attested::Checkpoint(signed) = forge.attested.remove(place) else { return false };
    let root = Digest::of(&[chance.u8(..)]);
    let key = forge.world.key_at(&held.origin, held.size);
    let another = Checkpoint { root, ..held }.sign(key, super::forge::seconds_of(&signed));
    forge.forget_held();
    forge.held = vec![another];
    forge.reprove();
    true
}

/// Admits a loss in place of a record.
fn admit_loss(forge: &mut Forge, line: usize, kept: Position, lost: Position) {
    let Line { record, boxes, .. } = &mut forge.lines[line];
    boxes.clear();
    record.event_type = "Forked".into();
    let root = Digest::of(b"whatever");
    let (_, rest) = record.payload.rsplit_once(",\"occurred_at\":").unwrap();
    record.payload = format!(
        "{{\"fact\":{{\"Forked\":{{\"kept\":{kept},\"line\":2,\"lost\":{lost},\"root\":\"{root}\"}}}},\"occurred_at\":{rest}"
    );
}

/// A box that opens with the complaint's key, where another field or command sealed it.
fn box_of_elsewhere(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (Some(one), Some(other)) = (a_box(forge, chance), a_box(forge, chance)) else { return false };
    let from = forge.lines[other.0].boxes[other.1].clone();
    let into = forge.lines[one.0].boxes[one.1].clone();
    // What one command brought under one name, as several steps of an import, opens at each of these places.
    let place = |line: usize, field: &str| (forge.event(line).context.command, field.to_owned());
    if place(one.0, &into.field) == place(other.0, &from.field) {
        return false;
    }
    let payload = &mut forge.lines[one.0].record.payload;
    *payload = payload.replacen(&into.digest.to_string(), &from.digest.to_string(), 1);
    forge.lines[one.0].boxes[one.1] = BoxLine { field: into.field, ..from };
    forge.settle();
    true
}

fn alter_state(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = chance.usize(..forge.states.len());
    let state = &mut forge.states[line];
    let words = [("\"cycle\":1", "\"cycle\":2"), ("running", "met"), ("missed", "met"), ("Running", "Cancelled")];
    let (from, to) = chance.choice(words).unwrap();
    *state = state.replacen(from, to, 1);
    true
}

fn remove_state(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = chance.usize(..forge.states.len());
    forge.states.remove(line);
    true
}

fn add_state(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let line = chance.usize(..forge.states.len());
    let id = ComplaintId(uuid::Builder::from_custom_bytes(chance.u128(..).to_be_bytes()).into_uuid());
    let added = format!("{{\"complaint\":\"{id}\"{}", &forge.states[line][r#"{"complaint":""#.len() + 37..]);
    forge.states.push(added);
    forge.states.sort();
    true
}

fn swap_states(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (one, other) = (chance.usize(..forge.states.len()), chance.usize(..forge.states.len()));
    forge.states.swap(one, other);
    one != other
}

fn narrow(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let (first, last) = match forge.manifest.scope {
        Scope::Period { first, last } => (first, last),
        _ => (1, forge.manifest.size),
    };
    let last = chance.u64(first..last.max(first + 1));
    forge.manifest.scope = Scope::Period { first: chance.u64(first..=last), last };
    true
}

/// To where not everything is there that it promises.
fn widen(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let size = forge.manifest.size;
    let (first, last) = match forge.manifest.scope {
        Scope::Period { first, last } => (chance.u64(1..=first), chance.u64(last..=size)),
        _ => (1, size),
    };
    forge.manifest.scope = if chance.bool() { Scope::Whole } else { Scope::Period { first, last } };
    let promised = if forge.manifest.scope == Scope::Whole { 1..=size } else { first..=last };
    let there = forge.lines.iter().filter(|line| promised.contains(&line.position)).count();
    there < promised.count()
}

fn other_complaint(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    forge.manifest.scope = Scope::Complaint(ComplaintId(Uuid::from_u128(chance.u128(..))));
    true
}

fn count(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let more = chance.u64(1..5);
    match chance.u8(..3) {
        0 => forge.manifest.records += more,
        1 => forge.manifest.complaints += more,
        _ => forge.manifest.size += more,
    }
    true
}

fn other_name(forge: &mut Forge, _: &mut Rng, _: &Forge) -> bool {
    forge.manifest.ledger = aduan::values::LedgerId::new("kediri").unwrap();
    true
}

/// In one of the files that name positions.
fn beyond(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let last = chance.choice([u64::MAX, u64::MAX - 1, u64::from(u32::MAX)]).unwrap();
    match chance.u8(..5) {
        0 => forge.manifest.size = last,
        1 => forge.manifest.scope = Scope::Period { first: 1, last },
        2 => forge.checkpoint = with_size(&forge.checkpoint, last),
        3 => forge.lines.last_mut().unwrap().position = last,
        _ => {
            let name = format!("proofs/{}.tlog-proof", forge.lines[0].position);
            let Some(text) = forge.files.get(&name) else { return false };
            let text = String::from_utf8(text.clone()).unwrap();
            let index = format!("index {}\n", forge.lines[0].position - 1);
            forge.files.insert(name, text.replacen(&index, &format!("index {last}\n"), 1).into_bytes());
        }
    }
    true
}

fn with_size(signed: &SignedCheckpoint, size: Position) -> SignedCheckpoint {
    let Checkpoint { origin, root, .. } = signed.checkpoint().clone();
    with_text(signed, |_| Checkpoint { origin, size, root }.note().text().to_owned())
}

fn a_file(forge: &Forge, chance: &mut Rng) -> String {
    chance.choice(forge.folder().into_keys().collect::<Vec<_>>()).unwrap()
}

fn missing(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let name = a_file(forge, chance);
    forge.raw.insert(name, None);
    true
}

fn too_many(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let names = ["notes.txt", "progress.json", "policies/notes.txt", "records.jsonl.old", "proofs.old/1"];
    forge.raw.insert(chance.choice(names).unwrap().to_owned(), Some(b"something\n".to_vec()));
    true
}

/// Bytes changed, put in or cut out, in any file.
fn garbage(forge: &mut Forge, chance: &mut Rng, _: &Forge) -> bool {
    let name = a_file(forge, chance);
    let mut bytes = forge.folder()[&name].clone();
    for _ in 0..chance.usize(1..4) {
        let place = chance.usize(..=bytes.len());
        let end = (place + chance.usize(..9)).min(bytes.len());
        let garbage: Vec<u8> = (0..chance.usize(..9)).map(|_| chance.u8(..)).collect();
        bytes.splice(place..end, garbage);
    }
    // When and by whom it was made, nothing rests on.
    let told = serde_json::from_slice::<Manifest>(&bytes).map(|manifest| Manifest {
        made_at: forge.manifest.made_at.clone(),
        made_by: forge.manifest.made_by.clone(),
        ..manifest
    });
    if name == "manifest.json" && told.is_ok_and(|told| told == forge.manifest) {
        return false;
    }
    forge.raw.insert(name, Some(bytes));
    true
}
