#!/usr/bin/env python3
"""Checks an export of a complaint ledger, offline: the format `aduan-audit/1`, classes `format` to `time`.

You are an auditor and were handed a folder, and from elsewhere (paper, gazette, an earlier audit) the public key of the
ledger. This one file is all you need beside Python 3.9 or newer; it uses nothing but the standard library, so you can read all
of what you trust here. It was written from the specification alone and shares no line with the program that wrote the export.

    python3 verify.py DIR --key VKEY [--key VKEY ...] [--holds CHECKPOINT_FILE ...] [--slack SECONDS] [--json]

    --key    a public key of the ledger, NAME+ID+BASE64. Keys that took over later follow from the rotations in the export.
             Give the first key, or every key you know: a key that only came later proves nothing of what was signed before.
    --holds  a checkpoint that you kept from earlier, or a file of them as a notary keeps it, each followed by a line `%`.
             This is the strongest check there is: if history was rewritten since then, by whoever has the key, it is found here.
    --slack  by how many seconds clocks may differ (600)
    --json   one object in place of lines

It checks that
  format       every file is there and in its form, and the manifest says what is there                      exit code 10
  signature    the checkpoint, older ones and key rotations are signed by a key that counts                             11
  root         the leaves (or the proof of each record) lead to the root that was signed                                12
  consistency  every older checkpoint is the beginning of this one, or its loss was admitted on record                  13
  position     positions rise, and none is missing                                                                      14
  record       the bytes of each record have its hash, and the hash is the leaf that was signed                         15
  chain        the records of a complaint follow each other without a hole                                              16
  command      what was recorded by one command is there as a whole                                                     17
  box          sealed values and keys are those that the records name                                                   18
  document     policies, calendars and directories that bound a record are there, unaltered                             19
  time         recorded times lie between the times of the checkpoints around them                                      20

Every failure is listed, one a line: the class, the position or file, and what is wrong. The exit code is that of the first
class in this order that has a failure; 0 where nothing is wrong; 2 for wrong usage. What was lost and admitted is told, and is
no failure; nor is a checkpoint of a line that was left, which you hold against a folder that does not reach to the record that
admits the loss: it is told as unchecked, and the whole ledger tells.
Not checked here: whether events were lawful, and whether clocks and `states.jsonl` follow from them (only its form).
In the export of one complaint, older checkpoints in `attestations` can be held against this one only where a proof of
consistency is there for their size; how many could not be is told at the end.

Memory stays small whatever the length of the ledger: one entry for each complaint, and the attestations.
"""

from __future__ import annotations

import argparse
import base64
import bisect
import binascii
import datetime
import functools
import hashlib
import json
import os
import re
import sys
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

EXIT_CODES = {
    "format": 10,
    "signature": 11,
    "root": 12,
    "consistency": 13,
    "position": 14,
    "record": 15,
    "chain": 16,
    "command": 17,
    "box": 18,
    "document": 19,
    "time": 20,
}
SEALED = frozenset(("accused", "contact", "place", "reference", "reporter", "text", "title"))
# Where the documents stand that a record's metadata names.
FOLDERS = {"policy": "policies", "calendar": "calendars", "directory": "directories"}
U32, U64 = 2**32 - 1, 2**64 - 1
# A line longer than this is garbage; without a limit, a file without line ends would fill the memory.
LONGEST_LINE = 64 * 1024 * 1024
LARGEST_NOTE = 1024 * 1024
MOST_SIGNATURES = 256

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
HEX = r"[0-9a-f]{64}"
NUMBER = r"[1-9][0-9]{0,19}"
PLAIN = r'[^"\\\x00-\x1f]+'
IS_UUID = re.compile(UUID)
IS_HEX = re.compile(HEX)
IS_SIZE = re.compile(r"0|" + NUMBER)
RECORD_HEAD = re.compile(
    r'\{"position":(%s),"complaint":"(%s)","sequence":(%s),"type":"(%s)","version":"(%s)","prev":"(%s)","hash":"(%s)","metadata":'
    % (NUMBER, UUID, NUMBER, PLAIN, PLAIN, HEX, HEX)
)
BOX_LINE = re.compile(
    r'\{"position":(%s),"field":"(%s)","digest":"(%s)","box":"([A-Za-z0-9+/]*={0,2})"\}' % (NUMBER, PLAIN, HEX)
)
KEY_LINE = re.compile(r'\{"position":(%s),"commitment":"(%s)","key":"(%s)"\}' % (NUMBER, HEX, HEX))
STATE_HEAD = re.compile(r'\{"complaint":"(%s)","version":%s,"stage":"%s"[,}]' % (UUID, NUMBER, PLAIN))
JSON_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
PART = re.compile(r"([1-9][0-9]{0,9})/([1-9][0-9]{0,9})")
DOCUMENT = re.compile(r"[^@:\x00-\x1f]+@[^@:\x00-\x1f]+:(%s)" % HEX)
MICROSECONDS = re.compile(r"0|[1-9][0-9]{0,18}")
# The end of the year 262142, as far as the format knows times.
LAST_MICROSECOND = 8_210_266_876_799_999_999


class Malformed(Exception):
    """Something is not in its form; the message says what."""


Where = Union[int, str, None]


def shown(value: object, most: int = 80) -> str:
    """A value out of a file, safe to print: it may hold anything, and control characters move a terminal."""
    text = ascii(value)[1:-1] if isinstance(value, str) else ascii(value)
    return text if len(text) <= most else text[:most] + "..."


class Findings:
    """What was found. Lines are written at once, so that a thousand failures need no memory; an object is kept."""

    def __init__(self, as_json: bool, out) -> None:
        self.as_json = as_json
        self.out = out
        self.count = 0
        self.classes: Set[str] = set()
        self.problems: List[dict] = []
        self.admitted: List[dict] = []
        self.unchecked: List[dict] = []

    def add(self, kind: str, where: Where, why: str) -> None:
        self.count += 1
        self.classes.add(kind)
        position = where if isinstance(where, int) else None
        place = "-" if where is None else shown(str(where), 200)
        if self.as_json:
            named = why if position is not None or where is None else "%s: %s" % (place, why)
            self.problems.append({"class": kind, "position": position, "why": named})
        else:
            print("%s %s: %s" % (kind, place, why), file=self.out)

    def admit(self, where: str, line: int, size: int, fork: "Fork") -> None:
        self.admitted.append(
            {"checkpoint": where, "line": line, "size": size, "kept": fork.kept, "lost": fork.lost, "position": fork.position}
        )
        if not self.as_json:
            print(
                "admitted-loss %s: size %d of line %d, record %d admits that only %d were kept"
                % (shown(where, 200), size, line, fork.position, fork.kept),
                file=self.out,
            )

    def leave_unchecked(self, checkpoint: "Checkpoint") -> None:
        root = checkpoint.root.hex()
        self.unchecked.append({"origin": checkpoint.origin, "size": checkpoint.size, "root": root})
        if not self.as_json:
            print(
                "unchecked %s: size %d of %s cannot be checked here: that line was left after a loss, and the record that"
                " admits it is not in this export; the whole ledger tells"
                % (shown(checkpoint.where, 200), checkpoint.size, shown(checkpoint.origin)),
                file=self.out,
            )

    def exit_code(self) -> int:
        return min((EXIT_CODES[kind] for kind in self.classes), default=0)


# ---------------------------------------------------------------------------------------------------------------------
# Ed25519 (RFC 8032), verification only, in extended coordinates.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)
Point = Tuple[int, int, int, int]


def add_points(a: Point, b: Point) -> Point:
    """RFC 8032, 5.1.4: complete, so that it holds for doubling and for the neutral element, too."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def decode_point(data: bytes) -> Optional[Point]:
    """RFC 8032, 5.1.3; None where the bytes are no point, or not the one way to write it."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Multiples:
    """Multiples of one point, prepared: a ledger has few keys and many signatures, and additions alone are quick."""

    def __init__(self, point: Point) -> None:
        self.rows: List[List[Point]] = []
        for _ in range(64):
            row = [NEUTRAL]
            for _ in range(15):
                row.append(add_points(row[-1], point))
            self.rows.append(row)
            point = add_points(row[-1], point)

    def add_to(self, total: Point, scalar: int) -> Point:
        for row in self.rows:
            digit = scalar & 15
            if digit:
                total = add_points(total, row[digit])
            scalar >>= 4
        return total


def base_point() -> Point:
    point = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


BASE = Multiples(base_point())


class PublicKey:
    """A key of 32 bytes that is a point of the right kind; ValueError where it is not."""

    def __init__(self, data: bytes) -> None:
        point = decode_point(data) if len(data) == 32 else None
        if point is None:
            raise ValueError("no Ed25519 key")
        eightfold = point
        for _ in range(3):
            eightfold = add_points(eightfold, eightfold)
        if eightfold[0] == 0:
            # Under a point of small order anybody can sign.
            raise ValueError("a weak Ed25519 key")
        self.data = data
        self.minus = Multiples((P - point[0], point[1], 1, P - point[3]))

    def verifies(self, signature: bytes, message: bytes) -> bool:
        if len(signature) != 64:
            return False
        s = int.from_bytes(signature[32:], "little")
        if s >= ORDER:
            return False
        k = int.from_bytes(hashlib.sha512(signature[:32] + self.data + message).digest(), "little") % ORDER
        return encode_point(self.minus.add_to(BASE.add_to(NEUTRAL, s), k)) == signature[:32]


@functools.lru_cache(maxsize=64)
def public_key(data: bytes) -> PublicKey:
    """A key, prepared once though it be given, handed over to, and met again."""
    return PublicKey(data)


# ---------------------------------------------------------------------------------------------------------------------
# Signed notes, checkpoints and rotations (c2sp.org: signed-note, tlog-checkpoint, tlog-cosignature).

KIND_NOTE, KIND_TIMED = 1, 4
ROTATION = b"aduan/key-rotation/v1\n"


def decode_base64(text: Union[str, bytes]) -> bytes:
    """Standard Base64 with padding, and only the one way to write the bytes."""
    try:
        raw = text.encode("ascii") if isinstance(text, str) else text
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("no Base64") from None
    if base64.b64encode(data) != raw:
        raise Malformed("Base64 with stray bits or padding")
    return data


def key_id(name: str, kind: int, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


class VerifierKey:
    """A key and its name, as in `NAME+ID+BASE64`."""

    def __init__(self, name: str, public: PublicKey) -> None:
        self.name = name
        self.public = public
        self.ids = {kind: key_id(name, kind, public.data) for kind in (KIND_NOTE, KIND_TIMED)}

    def same(self, other: "VerifierKey") -> bool:
        return self.name == other.name and self.public.data == other.public.data


def parse_vkey(text: str, kinds: Tuple[int, ...]) -> VerifierKey:
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Malformed("a key is written NAME+ID+BASE64")
    data = decode_base64(parts[2])
    if len(data) != 33 or data[0] not in kinds:
        raise Malformed("not a key of the kind that is wanted")
    try:
        name_id = key_id(parts[0], data[0], data[1:])
        key = VerifierKey(parts[0], public_key(data[1:]))
    except ValueError as problem:  # a name that is no UTF-8 is one, too
        raise Malformed(str(problem)) from None
    if name_id != bytes.fromhex(parts[1]):
        raise Malformed("the ID does not belong to name and key")
    return key


class Signature(NamedTuple):
    name: str
    id: bytes
    data: bytes


class Note(NamedTuple):
    raw: bytes
    text: bytes
    signatures: List[Signature]


def parse_note(raw: bytes) -> Note:
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("no UTF-8") from None
    if any(c < " " and c != "\n" for c in whole):
        raise Malformed("a control character")
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n"):
        raise Malformed("no signed note: a text, an empty line, signatures")
    lines = whole[cut + 2 : -1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise Malformed("more than %d signatures" % MOST_SIGNATURES)
    return Note(raw, whole[: cut + 1].encode(), [parse_signature(line) for line in lines])


def parse_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
        raise Malformed("a line that is no signature")
    data = decode_base64(parts[2])
    if len(data) < 5:
        raise Malformed("a signature that is too short")
    return Signature(parts[1], data[:4], data[4:])


def parse_size(text: str) -> int:
    if not IS_SIZE.fullmatch(text) or int(text) > U64:
        raise Malformed("no size: %s" % shown(text))
    return int(text)


def parse_hash(text: str) -> bytes:
    data = decode_base64(text)
    if len(data) != 32:
        raise Malformed("no hash of 32 bytes")
    return data


class Checkpoint:
    """A signed tree head. Its `time` is known once its signatures were verified."""

    def __init__(self, where: str, note: Note) -> None:
        lines = note.text.decode().split("\n")[:-1]
        if len(lines) < 3 or not all(lines):
            raise Malformed("no checkpoint: origin, size and root, each on a line")
        self.where = where
        self.note = note
        self.origin = lines[0]
        self.size = parse_size(lines[1])
        self.root = parse_hash(lines[2])
        self.line: Optional[int] = None  # which line of history, once the ledger is known
        self.place: Place = (1, self.size)  # of whatever ledger it is
        self.time: Optional[int] = None


class Rotation:
    """One key hands over to the next."""

    def __init__(self, where: str, note: Note) -> None:
        lines = note.text.decode().split("\n")[:-1]
        if len(lines) != 4:
            raise Malformed("no rotation: kind, origin, size and key, each on a line")
        self.where = where
        self.note = note
        self.origin = lines[1]
        self.size = parse_size(lines[2])
        self.key = parse_vkey(lines[3], (KIND_NOTE,))
        self.line: Optional[int] = None
        self.place: Place = (1, self.size)


# How far something is: the line of history, then the size in it. A later line may begin with smaller sizes.
Place = Tuple[int, int]


def place_of(line: Optional[int], size: int) -> Place:
    return (line or 1, size)


class Period:
    """A key, and the places it counts for: after < place <= upto."""

    def __init__(self, key: VerifierKey, after: Place) -> None:
        self.key = key
        self.after = after
        self.upto: Optional[Place] = None

    def counts_at(self, place: Place) -> bool:
        return self.after < place and (self.upto is None or place <= self.upto)


class Keyring:
    """Who may sign, and when: the keys the auditor trusts, and those they handed over to."""

    def __init__(self, given: List[VerifierKey]) -> None:
        self.periods: List[Period] = []
        for key in given:
            if not any(key.same(period.key) for period in self.periods):
                self.periods.append(Period(key, (1, -1)))

    def keys(self, *more: VerifierKey) -> List[VerifierKey]:
        """Every key once, whatever its periods."""
        keys: List[VerifierKey] = []
        for one in [period.key for period in self.periods] + list(more):
            if not any(one.same(key) for key in keys):
                keys.append(one)
        return keys

    def rotate(self, rotation: Rotation) -> Optional[str]:
        """Takes a rotation into account; says what is wrong with it, and then takes no account of it."""
        lines = verified_lines(self.keys(rotation.key), rotation.note)
        if lines is None:
            return FALSE_LINE
        old = None
        place = rotation.place
        for period in self.periods:
            open_still = period.upto is None and period.after <= place
            if open_still and not period.key.same(rotation.key) and signs_once(lines, period.key, KIND_NOTE):
                old = period
        if old is None:
            return "not signed by a key that counts at size %d" % rotation.size
        if not signs_once(lines, rotation.key, KIND_NOTE):
            return "not signed by the key that it hands over to"
        old.upto = place
        # A key that was given and is handed over to counts from there on, not from the beginning.
        for period in self.periods:
            if period.key.same(rotation.key) and period.upto is None:
                period.after = place
                return None
        self.periods.append(Period(rotation.key, place))
        return None

    def check(self, checkpoint: Checkpoint) -> Optional[str]:
        """Verifies the two lines of a key that counts; learns the time. Says what is wrong."""
        lines = verified_lines(self.keys(), checkpoint.note)
        if lines is None:
            return FALSE_LINE
        counting = [period.key for period in self.periods if period.counts_at(checkpoint.place)]
        for key in counting:
            timed = signs_once(lines, key, KIND_TIMED)
            if timed and signs_once(lines, key, KIND_NOTE):
                checkpoint.time = int.from_bytes(timed.signature.data[:8], "big")
                return None
        timeless = any(signs_once(lines, key, KIND_NOTE) for key in counting)
        return "not signed %sby a key that counts at size %d" % ("with its time " if timeless else "", checkpoint.size)


FALSE_LINE = "bears a signature in the name of the ledger that does not verify"


class Line(NamedTuple):
    """A signature that verified, of one of the keys that we know."""

    key: VerifierKey
    kind: int
    signature: Signature


def verified_lines(keys: List[VerifierKey], note: Note) -> Optional[List[Line]]:
    """The lines of these keys; None where one bears name and ID of a key, and does not verify.

    Lines of strangers, as of witnesses, are passed over."""
    verified: List[Line] = []
    for signature in note.signatures:
        lines = [
            Line(key, kind, signature)
            for key in keys
            for kind, id in key.ids.items()
            if (key.name, id) == (signature.name, signature.id)
        ]
        good = [line for line in lines if line_verifies(line, note.text)]
        if lines and not good:
            return None
        verified += good
    return verified


def line_verifies(line: Line, text: bytes) -> bool:
    public, data = line.key.public, line.signature.data
    if line.kind == KIND_NOTE:
        return public.verifies(data, text)
    seconds = int.from_bytes(data[:8], "big")
    return seconds < 2**63 and public.verifies(data[8:], b"cosignature/v1\ntime %d\n" % seconds + text)


def signs_once(lines: List[Line], key: VerifierKey, kind: int) -> Optional[Line]:
    """The line of a key and kind. There is one: of two, with two times, we could not say which one counts."""
    fitting = [line for line in lines if line.kind == kind and line.key.same(key)]
    return fitting[0] if len(fitting) == 1 else None


def escaped(ledger: str) -> str:
    """The name of a ledger as it stands in an origin."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    return "".join(chr(b) if b in plain else "%%%02X" % b for b in ledger.encode())


def line_of(origin: str, ledger: str) -> Optional[int]:
    """Which line of history an origin stands for: 1, or what was begun after a loss; None where it is of another ledger."""
    name = "aduan/" + escaped(ledger)
    if origin == name:
        return 1
    rest = origin[len(name) + 1 :]
    if origin.startswith(name + "/") and re.fullmatch(NUMBER, rest) and int(rest) >= 2:
        return int(rest)
    return None


# ---------------------------------------------------------------------------------------------------------------------
# The Merkle tree (RFC 6962, RFC 9162).

EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees so far, the largest first: all that is needed to go on, and to tell the root."""

    def __init__(self) -> None:
        self.size = 0
        self.full: List[bytes] = []

    def push(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf = node_hash(self.full.pop(), leaf)
            size >>= 1
        self.full.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.full:
            return EMPTY_ROOT
        root = self.full[-1]
        for left in reversed(self.full[:-1]):
            root = node_hash(left, root)
        return root


def inclusion_root(index: int, size: int, leaf: bytes, path: List[bytes]) -> Optional[bytes]:
    """The root that a proof leads to (RFC 9162, 2.1.3.2); None where it has not the length that it must have."""
    if index >= size:
        return None
    first, last, root = index, size - 1, leaf
    for node in path:
        if last == 0:
            return None
        if first & 1 or first == last:
            root = node_hash(node, root)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            root = node_hash(root, node)
        first >>= 1
        last >>= 1
    return root if last == 0 else None


def consistency_roots(
    old: int, new: int, old_root: Optional[bytes], path: List[bytes]
) -> Optional[Tuple[bytes, bytes]]:
    """Both roots that a proof leads to (RFC 9162, 2.1.4.2), for 0 < old < new; None where its length is wrong.

    Where `old` is a power of two the proof begins with the old root itself, which is left out of it: it must be known."""
    if old & (old - 1) == 0:
        if old_root is None:
            return None
        path = [old_root] + path
    if not path:
        return None
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old_side = new_side = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if first & 1 or first == last:
            old_side, new_side = node_hash(node, old_side), node_hash(node, new_side)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            new_side = node_hash(new_side, node)
        first >>= 1
        last >>= 1
    return (old_side, new_side) if last == 0 else None


class Proof(NamedTuple):
    number: int  # an index, or an old size
    path: List[bytes]
    checkpoint: bytes


def parse_proof(raw: bytes, word: str, extra_allowed: bool) -> Proof:
    """What tlog-proof (after its first line) and tlog-witness share: a number, hashes, an empty line, a checkpoint."""
    head, gap, checkpoint = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("a proof is written in ASCII") from None
    if not gap:
        raise Malformed("no empty line between proof and checkpoint")
    if extra_allowed and lines[0].startswith("extra "):
        decode_base64(lines.pop(0)[6:])
    if not lines or not lines[0].startswith(word + " "):
        raise Malformed("no line with `%s`" % word)
    if len(lines) > 65:
        raise Malformed("a proof with more than 64 hashes")
    return Proof(parse_size(lines[0][len(word) + 1 :]), [parse_hash(line) for line in lines[1:]], checkpoint)


def parse_inclusion(raw: bytes) -> Proof:
    first = b"c2sp.org/tlog-proof@v1\n"
    if not raw.startswith(first):
        raise Malformed("does not begin with c2sp.org/tlog-proof@v1")
    return parse_proof(raw[len(first) :], "index", True)


# ---------------------------------------------------------------------------------------------------------------------
# Files and lines.


def refuse_duplicates(pairs: List[Tuple[str, object]]) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice")
    return members


def refuse_constant(name: str) -> None:
    raise ValueError("%s is no JSON" % name)


DECODER = json.JSONDecoder(object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)


def decode_json(text: str, start: int) -> Tuple[object, int]:
    """A value and where it ends. Its bytes are what counts, so nothing is ever written anew."""
    try:
        return DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        raise Malformed("no JSON") from None
    except ValueError as problem:
        raise Malformed(shown(str(problem))) from None
    except RecursionError:
        raise Malformed("JSON that is nested too deeply") from None


def read_small(path: str) -> bytes:
    """A small file as a whole; Malformed where that cannot be."""
    if not os.path.isfile(path):
        raise Malformed("is not there")
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_NOTE + 1)
    except OSError as problem:
        raise Malformed("cannot be read: %s" % problem.strerror) from None
    if len(raw) > LARGEST_NOTE:
        raise Malformed("is larger than %d bytes" % LARGEST_NOTE)
    return raw


class Lines:
    """The lines of a file, with their numbers and without their ends. What is no line is told and passed over."""

    def __init__(self, found: Findings, folder: str, name: str) -> None:
        self.found = found
        self.path = os.path.join(folder, name)
        self.name = name
        self.count = 0

    def __iter__(self) -> Iterator[Tuple[int, str]]:
        if not os.path.isfile(self.path):
            self.found.add("format", self.name, "is not there")
            return
        try:
            with open(self.path, "rb") as file:
                for raw in iter(lambda: file.readline(LONGEST_LINE), b""):
                    self.count += 1
                    text = self.text_of(raw, file)
                    if text is not None:
                        yield self.count, text
        except OSError as problem:
            self.found.add("format", self.name, "cannot be read: %s" % problem.strerror)

    def text_of(self, raw: bytes, file) -> Optional[str]:
        where = "%s:%d" % (self.name, self.count)
        if not raw.endswith(b"\n"):
            if len(raw) == LONGEST_LINE:
                self.found.add("format", where, "the line is too long")
                skip_line(file)
                return None
            self.found.add("format", where, "the line does not end")
        try:
            return raw.rstrip(b"\n").decode("utf-8")
        except UnicodeDecodeError:
            self.found.add("format", where, "no UTF-8")
            return None


def skip_line(file) -> None:
    while True:
        raw = file.readline(1024 * 1024)
        if not raw or raw.endswith(b"\n"):
            return


def entries_of(found: Findings, folder: str, name: str = "") -> List[str]:
    try:
        return sorted(os.listdir(os.path.join(folder, name)))
    except OSError as problem:
        found.add("format", name or None, "cannot be listed: %s" % problem.strerror)
        return []


# ---------------------------------------------------------------------------------------------------------------------
# The manifest.

WHOLE, PERIOD, COMPLAINT, UNKNOWN = "whole", "period", "complaint", "unknown"


class Manifest:
    """What the manifest says; None for what it does not say in its form."""

    def __init__(self) -> None:
        self.ledger: Optional[str] = None
        self.size: Optional[int] = None
        self.scope = UNKNOWN
        self.first = self.last = 0
        self.complaint: Optional[str] = None
        self.records: Optional[int] = None
        self.complaints: Optional[int] = None
        self.boxes: Optional[bool] = None
        self.keys: Optional[bool] = None


def is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= U64


def is_time(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", value):
        return False
    try:
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return False
    return True


def is_text(value: object) -> bool:
    """A text that is not empty and can be written as UTF-8: an escape may leave half a character."""
    if not isinstance(value, str) or not value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


MANIFEST = {
    "format": lambda value: value == "aduan-audit/1",
    "ledger": is_text,
    "size": is_count,
    "scope": lambda value: True,  # read on its own
    "records": is_count,
    "complaints": is_count,
    "boxes": lambda value: type(value) is bool,
    "keys": lambda value: type(value) is bool,
    "made_at": is_time,
    "made_by": is_text,
}


def read_manifest(found: Findings, folder: str) -> Manifest:
    manifest = Manifest()
    try:
        members = parse_manifest(read_small(os.path.join(folder, "manifest.json")))
    except Malformed as problem:
        found.add("format", "manifest.json", str(problem))
        return manifest
    for name in members:
        if name not in MANIFEST:
            found.add("format", "manifest.json", "`%s` is no member of it" % shown(name))
    for name, fits in MANIFEST.items():
        if name not in members:
            found.add("format", "manifest.json", "`%s` is missing" % name)
        elif not fits(members[name]):
            found.add("format", "manifest.json", "`%s` is not in its form" % name)
        elif name == "scope":
            if not take_scope(manifest, members[name]):
                found.add("format", "manifest.json", "`scope` is not in its form")
        elif hasattr(manifest, name):
            setattr(manifest, name, members[name])
    return manifest


def parse_manifest(raw: bytes) -> dict:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("no UTF-8") from None
    if not text.endswith("\n"):
        raise Malformed("the last line does not end")
    stripped = text.strip(" \t\r\n")
    members, end = decode_json(stripped, 0)
    if end != len(stripped) or not isinstance(members, dict):
        raise Malformed("is not one JSON object")
    return members


def take_scope(manifest: Manifest, scope: object) -> bool:
    if scope == WHOLE:
        manifest.scope = WHOLE
        return True
    if not isinstance(scope, dict) or len(scope) != 1:
        return False
    period, complaint = scope.get(PERIOD), scope.get(COMPLAINT)
    if isinstance(period, dict) and set(period) == {"first", "last"} and all(map(is_count, period.values())):
        if 1 <= period["first"] <= period["last"]:
            manifest.scope, manifest.first, manifest.last = PERIOD, period["first"], period["last"]
            return True
    if isinstance(complaint, str) and IS_UUID.fullmatch(complaint):
        manifest.scope, manifest.complaint = COMPLAINT, complaint
        return True
    return False


def check_manifest(found: Findings, manifest: Manifest, size: Optional[int]) -> None:
    def wrong(why: str) -> None:
        found.add("format", "manifest.json", why)

    if size is None:
        return
    if manifest.size is not None and manifest.size != size:
        wrong("says size %d, the checkpoint says %d" % (manifest.size, size))
    if manifest.scope == WHOLE and manifest.records is not None and manifest.records != size:
        wrong("says %d records, the whole ledger has %d" % (manifest.records, size))
    if manifest.scope == PERIOD and manifest.last > size:
        wrong("the period reaches to %d, the checkpoint to %d" % (manifest.last, size))
    if manifest.scope == COMPLAINT and manifest.complaints not in (None, 1):
        wrong("says %d complaints, one was exported" % manifest.complaints)


def check_entries(found: Findings, folder: str, manifest: Manifest) -> None:
    """Every file that the manifest promises is there, and nothing else."""
    wanted = {"manifest.json", "checkpoint", "attestations", "records.jsonl", "states.jsonl"}
    allowed = set(FOLDERS.values())
    if manifest.scope in (WHOLE, PERIOD):
        wanted.add("leaves.bin")
    elif manifest.scope == COMPLAINT:
        allowed |= {"proofs", "consistency"}
    else:
        allowed |= {"leaves.bin", "proofs", "consistency"}
    for says, name in ((manifest.boxes, "boxes.jsonl"), (manifest.keys, "keys.jsonl")):
        if says is None:
            allowed.add(name)
        elif says:
            wanted.add(name)
    # What is missing is told where it is read.
    for name in entries_of(found, folder):
        if name not in wanted and name not in allowed:
            found.add("format", name, "does not belong to such an export")


# ---------------------------------------------------------------------------------------------------------------------
# Checkpoint and attestations.


def read_checkpoint(found: Findings, path: str, where: str) -> Optional[Checkpoint]:
    try:
        return Checkpoint(where, parse_note(read_small(path)))
    except Malformed as problem:
        found.add("format", where, str(problem))
        return None


# What a signer or a notary writes down beside checkpoints says so itself: `aduan/key-rotation/v1`.
OF_ANOTHER_KIND = re.compile(rb"aduan/[a-z-]+/v1(\r?\n|\Z)")


def read_held(path: str) -> List[Checkpoint]:
    """Every checkpoint in a file: one alone, or those that a notary appended, each followed by a line `%`. Keys handed over are
    passed over; so is what a crash left behind the last one."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
        raw.decode("utf-8")
    except OSError as problem:
        raise Malformed("cannot be read: %s" % problem.strerror) from None
    except UnicodeDecodeError:
        raise Malformed("no UTF-8") from None
    entries, rest = ended_entries(raw)
    if not entries:
        entries, rest = [rest], b""
    elif rest.startswith(b"%\n"):
        raise Malformed("note %d: an end without a note" % (len(entries) + 1))
    held: List[Checkpoint] = []
    for number, entry in enumerate(entries, 1):
        if OF_ANOTHER_KIND.match(entry):
            continue
        where = path if len(entries) == 1 else "%s:%d" % (path, number)
        try:
            held.append(Checkpoint(where, parse_note(entry)))
        except Malformed as problem:
            raise Malformed("note %d: %s" % (number, problem)) from None
    try:
        held.append(Checkpoint("%s:%d" % (path, len(entries) + 1), parse_note(rest)))  # one alone behind the others
    except Malformed:
        pass
    if not held:
        raise Malformed("holds no checkpoint")
    return held


def ended_entries(raw: bytes) -> Tuple[List[bytes], bytes]:
    """What stands before each line `%` that ends something, and what stands behind the last."""
    entries: List[bytes] = []
    entry: List[bytes] = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+", raw):
        if line == b"%\n" and entry:
            entries.append(b"".join(entry))
            entry = []
        else:
            entry.append(line)
    return entries, b"".join(entry)


def read_attestations(found: Findings, folder: str) -> Tuple[List[Checkpoint], List[Rotation]]:
    checkpoints: List[Checkpoint] = []
    rotations: List[Rotation] = []
    smallest = 0
    for where, raw in attested_notes(found, folder):
        try:
            note = parse_note(raw)
            read: Union[Checkpoint, Rotation]
            if note.text.startswith(ROTATION):
                read = Rotation(where, note)
                rotations.append(read)
            else:
                read = Checkpoint(where, note)
                checkpoints.append(read)
        except Malformed as problem:
            found.add("format", where, str(problem))
            continue
        if read.size < smallest:
            found.add("format", where, "size %d behind size %d" % (read.size, smallest))
        smallest = max(smallest, read.size)
    rotations.sort(key=lambda rotation: rotation.size)
    return checkpoints, rotations


def attested_notes(found: Findings, folder: str) -> Iterator[Tuple[str, bytes]]:
    """The notes, each without the line `%` that ends it."""
    path = os.path.join(folder, "attestations")
    if not os.path.isfile(path):
        found.add("format", "attestations", "is not there")
        return
    number, note = 1, b""
    try:
        with open(path, "rb") as file:
            while True:
                line = file.readline(LARGEST_NOTE)
                if not line:
                    break
                if line == b"%\n":
                    yield "attestations:%d" % number, note
                    number, note = number + 1, b""
                elif len(note) <= LARGEST_NOTE:  # what is longer is cut, and then no note
                    note += line
    except OSError as problem:
        found.add("format", "attestations", "cannot be read: %s" % problem.strerror)
    if note:
        found.add("format", "attestations:%d" % number, "does not end with a line `%`")


# ---------------------------------------------------------------------------------------------------------------------
# Records.


class Record(NamedTuple):
    position: int
    complaint: str
    sequence: int
    type: str
    version: str
    prev: bytes
    hash: bytes
    raw_metadata: bytes
    raw_payload: bytes
    metadata: Dict[str, str]
    fact: dict
    odd: List[str]  # what of metadata and payload is not in its form, though the line is


def parse_record(text: str) -> Record:
    head = RECORD_HEAD.match(text)
    if not head:
        raise Malformed("the line is not in its form")
    position, sequence = int(head[1]), int(head[3])
    if position > U64 or sequence > U64:
        raise Malformed("a number that is too large")
    metadata, cut = decode_json(text, head.end())
    behind = cut + len(',"payload":')
    if text[cut:behind] != ',"payload":':
        raise Malformed("no payload behind the metadata")
    payload, end = decode_json(text, behind)
    if text[end:] != "}":
        raise Malformed("the line does not end behind the payload")
    raw_metadata, raw_payload = text[head.end() : cut], text[behind:end]
    odd: List[str] = []
    for name, raw in (("metadata", raw_metadata), ("payload", raw_payload)):
        if has_spaces(raw):
            odd.append("spaces in %s" % name)
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        odd.append("metadata is no flat map of strings")
        members = metadata if isinstance(metadata, dict) else {}
        metadata = {name: value for name, value in members.items() if isinstance(value, str)}
    return Record(
        position,
        head[2],
        sequence,
        head[4],
        head[5],
        bytes.fromhex(head[6]),
        bytes.fromhex(head[7]),
        raw_metadata.encode(),
        raw_payload.encode(),
        metadata,
        fact_of(payload, head[4], odd),
        odd,
    )


def has_spaces(raw: str) -> bool:
    """Whether there is white space outside of strings."""
    if "\t" in raw or "\r" in raw:  # never allowed inside of strings
        return True
    return " " in raw and " " in JSON_STRING.sub("", raw)


def fact_of(payload: object, type_: str, odd: List[str]) -> dict:
    if not isinstance(payload, dict) or list(payload) != ["fact", "occurred_at", "provenance"]:
        odd.append("payload is not made of fact, occurred_at and provenance")
    fact = payload.get("fact") if isinstance(payload, dict) else None
    if isinstance(fact, dict) and list(fact) == [type_] and isinstance(fact[type_], dict):
        return fact[type_]
    odd.append("the fact is not of the type of the record")
    return {}


def part(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


class Hashes:
    """What SHA-256 makes of records, for one ledger."""

    def __init__(self, ledger: str) -> None:
        name = part(ledger.encode())
        self.record_head = hashlib.sha256(b"aduan/record/v1\n" + name)
        self.genesis_head = hashlib.sha256(b"aduan/genesis/v1\n" + name)
        self.fork_head = hashlib.sha256(b"aduan/fork/v1\n" + name)

    def genesis(self, complaint: str) -> bytes:
        hasher = self.genesis_head.copy()
        hasher.update(part(complaint.encode()))
        return hasher.digest()

    def place_of_fork(self, line: int) -> str:
        """Under which id a loss is admitted: a UUID of version 8."""
        hasher = self.fork_head.copy()
        hasher.update(part(line.to_bytes(4, "big")))
        number = int.from_bytes(hasher.digest()[:16], "big") & ~(0xF << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62
        return re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", "%032x" % number)

    def record(self, record: Record) -> bytes:
        hasher = self.record_head.copy()
        for piece in (
            record.complaint.encode(),
            record.sequence.to_bytes(8, "big"),
            record.type.encode(),
            record.version.encode(),
            record.raw_payload,
            record.raw_metadata,
            record.prev,
        ):
            hasher.update(part(piece))
        return hasher.digest()


def leaf_hash(record: Record) -> bytes:
    complaint = bytes.fromhex(record.complaint.replace("-", ""))
    return hashlib.sha256(b"\x00\x01" + complaint + record.sequence.to_bytes(8, "big") + record.hash).digest()


class Positions:
    """Positions rise, and none that the scope promises is missing."""

    def __init__(self, found: Findings, manifest: Manifest, size: Optional[int]) -> None:
        self.found = found
        self.size = size
        self.greatest = 0
        self.next, self.end = 1, 0  # what is promised and not yet seen; nothing
        if manifest.scope == WHOLE and size is not None:
            self.end = size
        elif manifest.scope == PERIOD:
            self.next, self.end = manifest.first, manifest.last
        self.bound = manifest.last if manifest.scope == PERIOD else size

    def missing(self, first: int, last: int) -> None:
        which = "position %d is" % first if first == last else "positions %d to %d are" % (first, last)
        self.found.add("position", first, "%s missing" % which)

    def take(self, position: int) -> None:
        if position <= self.greatest:
            self.found.add("position", position, "stands behind position %d" % self.greatest)
        if self.bound is not None and position > self.bound:
            self.found.add("position", position, "lies behind the end, which is %d" % self.bound)
        if self.next < position and self.next <= self.end:
            self.missing(self.next, min(position - 1, self.end))
        self.next = max(self.next, position + 1)
        self.greatest = max(self.greatest, position)

    def finish(self) -> None:
        if self.next <= self.end:
            self.missing(self.next, self.end)


class Standing(NamedTuple):
    """Where a complaint stands: all that is kept of it."""

    sequence: int
    hash: bytes
    position: int
    key: Optional[str]  # the commitment to the key under which its values are sealed now
    only_forks: bool  # a complaint that does nothing but admit losses


class Chains:
    """The records of a complaint follow each other, from the first on."""

    def __init__(self, found: Findings, hashes: Optional[Hashes]) -> None:
        self.found = found
        self.hashes = hashes
        self.standing: Dict[bytes, Standing] = {}

    def take(self, record: Record) -> Optional[str]:
        """Checks a record; gives the commitment to the key that its values are sealed under."""
        complaint = bytes.fromhex(record.complaint.replace("-", ""))
        before = self.standing.get(complaint)
        expected = before.sequence + 1 if before else 1
        if record.sequence != expected:
            why = "sequence %d where %d was to come" % (record.sequence, expected)
            self.found.add("chain", record.position, why)
        if before is not None:
            prev: Optional[bytes] = before.hash
        else:
            # Of a record in the middle we cannot know the one before; that it is missing was told.
            first = record.sequence == 1
            prev = self.hashes.genesis(record.complaint) if first and self.hashes else None
        if prev is not None and record.prev != prev:
            link = "the record before" if before else "the beginning of the complaint"
            self.found.add("chain", record.position, "prev does not link to %s" % link)
        key = record.metadata.get("key", before.key if before else None)
        position = max(record.position, before.position if before else 0)
        only_forks = record.type == "Forked" and (before is None or before.only_forks)
        self.standing[complaint] = Standing(record.sequence, record.hash, position, key, only_forks)
        return key


class Commands:
    """The parts of a command stand one behind the other, and all are there, as far as the export reaches."""

    def __init__(self, found: Findings, positions: Positions) -> None:
        self.found = found
        self.size = positions.size
        # Between these every record must be there; elsewhere other complaints may hold the other parts.
        self.first, self.last = positions.next, positions.end
        self.command: Optional[str] = None
        self.base = self.total = 0  # the command's parts stand at base + 1 to base + total
        self.position = 0

    def promised(self, first: int, last: int) -> bool:
        """Whether some position from first to last must be there."""
        return max(first, self.first) <= min(last, self.last)

    def take(self, record: Record) -> None:
        position, command = record.position, record.metadata.get("command")
        match = PART.fullmatch(record.metadata.get("part", ""))
        number, total = (int(match[1]), int(match[2])) if match else (0, 0)
        if not command or not match or number > total:
            self.found.add("command", position, "metadata does not say which part of which command it is")
            self.leave(position)
            self.command, self.base, self.total, self.position = None, position, 0, position
            return
        why = self.why_not(command, position - number, number, total, position)
        if why:
            self.found.add("command", position, why)
        self.command, self.base, self.total, self.position = command, position - number, total, position

    def why_not(self, command: str, base: int, number: int, total: int, position: int) -> Optional[str]:
        """What speaks against a part standing where it stands."""
        before = self.position
        if self.command is not None and position <= self.base + self.total:
            if (command, base, total) != (self.command, self.base, self.total):
                return "stands where part %d/%d of a command was to come" % (position - self.base, self.total)
            return "a part before it is not there" if self.promised(before + 1, position - 1) else None
        self.leave(position)
        if base < before:
            return "part %d/%d, and its first parts are not there" % (number, total)
        if self.promised(base + 1, position - 1):
            return "part %d/%d, and a part before it is not there" % (number, total)
        if self.command == command:
            return "the command was complete before"
        if self.size is not None and base + total > self.size:
            return "part %d/%d, and the ledger ends before the last one" % (number, total)
        return None

    def leave(self, position: int) -> None:
        """Ends the command before `position`, which lies behind its place."""
        end = self.base + self.total
        if self.command is not None and self.promised(self.position + 1, min(end, position - 1)):
            why = "part %d/%d is the last one that is there" % (self.position - self.base, self.total)
            self.found.add("command", self.position, why)

    def finish(self) -> None:
        self.leave(U64 + 1)


class Boxes:
    """Sealed values, read beside the records."""

    def __init__(self, found: Findings, folder: str) -> None:
        self.found = found
        self.lines = self.parsed(folder)
        self.line = next(self.lines, None)
        self.missing: List[Tuple[int, str, Optional[str]]] = []

    def parsed(self, folder: str) -> Iterator[Tuple[int, str, str]]:
        for number, text in Lines(self.found, folder, "boxes.jsonl"):
            match = BOX_LINE.fullmatch(text)
            try:
                if not match or match[2] not in SEALED or int(match[1]) > U64:
                    raise Malformed("the line is not in its form")
                box = decode_base64(match[4])
            except Malformed as problem:
                self.found.add("format", "boxes.jsonl:%d" % number, str(problem))
                continue
            if hashlib.sha256(box).hexdigest() != match[3]:
                self.found.add("box", int(match[1]), "the box of `%s` has not its digest" % match[2])
            yield int(match[1]), match[2], match[3]

    def pass_over(self, position: int) -> None:
        while self.line is not None and self.line[0] < position:
            self.found.add("box", self.line[0], "a box of `%s` in no record here, or out of order" % self.line[1])
            self.line = next(self.lines, None)

    def take(self, record: Record, key: Optional[str]) -> None:
        self.pass_over(record.position)
        wanted = self.sealed_in(record)
        while self.line is not None and self.line[0] == record.position:
            _, field, digest = self.line
            self.line = next(self.lines, None)
            index = next((i for i, (name, _) in enumerate(wanted) if name == field), None)
            if index is None:
                self.found.add("box", record.position, "a box of `%s` that is not named, or out of order" % field)
                continue
            if digest != wanted[index][1]:
                self.found.add("box", record.position, "the box of `%s` is not the one that the record names" % field)
            self.missing += [(record.position, name, key) for name, _ in wanted[:index]]
            del wanted[: index + 1]
        self.missing += [(record.position, name, key) for name, _ in wanted]

    def sealed_in(self, record: Record) -> List[Tuple[str, str]]:
        # Lists under the same names, like the agencies in `accused`, are not sealed.
        sealed = [(name, value) for name, value in record.fact.items() if name in SEALED and isinstance(value, str)]
        for name, value in sealed:
            if not IS_HEX.fullmatch(value):
                self.found.add("box", record.position, "`%s` is not the digest of a box" % name)
        return [(name, value) for name, value in sealed if IS_HEX.fullmatch(value)]

    def finish(self, erased: Set[str]) -> None:
        self.pass_over(U64 + 1)
        for position, field, key in self.missing:
            if key not in erased:
                self.found.add("box", position, "the box of `%s` is missing, and its key was not erased" % field)


class Keys:
    """The keys that open the boxes, read beside the records."""

    def __init__(self, found: Findings, folder: str) -> None:
        self.found = found
        self.lines = self.parsed(folder)
        self.line = next(self.lines, None)
        self.missing: List[Tuple[int, str]] = []

    def parsed(self, folder: str) -> Iterator[Tuple[int, str]]:
        for number, text in Lines(self.found, folder, "keys.jsonl"):
            match = KEY_LINE.fullmatch(text)
            if not match or int(match[1]) > U64:
                self.found.add("format", "keys.jsonl:%d" % number, "the line is not in its form")
                continue
            commitment = hashlib.sha256(b"aduan/key/v1\n" + part(bytes.fromhex(match[3]))).hexdigest()
            if commitment != match[2]:
                self.found.add("box", int(match[1]), "the key has not its commitment")
            yield int(match[1]), match[2]

    def pass_over(self, position: int) -> None:
        while self.line is not None and self.line[0] < position:
            self.found.add("box", self.line[0], "a key that no record here issues, or out of order")
            self.line = next(self.lines, None)

    def take(self, record: Record) -> None:
        self.pass_over(record.position)
        wanted = record.metadata.get("key")
        if wanted is not None and not IS_HEX.fullmatch(wanted):
            self.found.add("box", record.position, "`key` is not the commitment to a key")
            wanted = None
        while self.line is not None and self.line[0] == record.position:
            commitment = self.line[1]
            self.line = next(self.lines, None)
            if wanted is None:
                self.found.add("box", record.position, "a key that the record does not issue")
            elif commitment != wanted:
                self.found.add("box", record.position, "the key is not the one that the record commits to")
            wanted = None
        if wanted is not None:
            self.missing.append((record.position, wanted))

    def finish(self, erased: Set[str]) -> None:
        self.pass_over(U64 + 1)
        for position, commitment in self.missing:
            if commitment not in erased:
                self.found.add("box", position, "its key is missing, and was not erased")


class Documents:
    """Policies, calendars and directories under the hash of their bytes."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.wanted: Dict[Tuple[str, str], int] = {}

    def take(self, record: Record) -> None:
        for name, folder in FOLDERS.items():
            value = record.metadata.get(name)
            if value is None:
                continue
            match = DOCUMENT.fullmatch(value)
            if match:
                self.wanted.setdefault((folder, match[1]), record.position)
            else:
                self.found.add("document", record.position, "`%s` names no document" % name)

    def finish(self, folder: str) -> None:
        there = set()
        for name in FOLDERS.values():
            if not os.path.lexists(os.path.join(folder, name)):
                continue
            for entry in entries_of(self.found, folder, name):
                where = "%s/%s" % (name, entry)
                if not re.fullmatch(HEX + r"\.toml", entry) or not os.path.isfile(os.path.join(folder, name, entry)):
                    self.found.add("document", where, "is not named by a hash")
                    continue
                there.add((name, entry[:-5]))
                if self.digest(os.path.join(folder, name, entry), where) not in (None, entry[:-5]):
                    self.found.add("document", where, "was altered: its bytes have another hash")
        for (name, digest), position in self.wanted.items():
            if (name, digest) not in there:
                self.found.add("document", position, "%s/%s.toml is missing" % (name, digest))

    def digest(self, path: str, where: str) -> Optional[str]:
        hasher = hashlib.sha256()
        try:
            with open(path, "rb") as file:
                for piece in iter(lambda: file.read(1024 * 1024), b""):
                    hasher.update(piece)
        except OSError as problem:
            self.found.add("document", where, "cannot be read: %s" % problem.strerror)
            return None
        return hasher.hexdigest()


class Fork(NamedTuple):
    """A record that admits a loss."""

    position: int
    kept: int
    line: int
    lost: int
    root: bytes

    def loses(self, checkpoint: Checkpoint) -> bool:
        assert checkpoint.line is not None
        return checkpoint.line < self.line and checkpoint.size > self.kept

    def contradiction(self, checkpoint: Checkpoint) -> Optional[str]:
        """Why a checkpoint proves the admission untrue: that names the last one signed in the line it leaves."""
        if checkpoint.line != self.line - 1 or checkpoint.size < self.lost:
            return None
        if checkpoint.size > self.lost:
            return "reaches beyond the %d events that record %d admits as lost" % (self.lost, self.position)
        return None if checkpoint.root == self.root else "has another root than record %d admits as lost" % self.position


def parse_fork(record: Record) -> Fork:
    fact = record.fact
    numbers = [fact.get(name) for name in ("kept", "line", "lost")]
    root = fact.get("root")
    in_form = set(fact) == {"kept", "line", "lost", "root"} and all(map(is_count, numbers)) and numbers[1] <= U32
    if not in_form or not isinstance(root, str) or not IS_HEX.fullmatch(root):
        raise Malformed("`Forked` is not in its form")
    return Fork(record.position, *numbers, bytes.fromhex(root))


class Forks:
    """The losses that the ledger admits. Only a record that was signed as it is, and says when, can admit one."""

    def __init__(self, found: Findings, hashes: Optional[Hashes], in_order: bool) -> None:
        self.found = found
        self.hashes = hashes
        self.in_order = in_order  # of one complaint the admissions of earlier lines are not there
        self.all: List[Fork] = []

    def take(self, record: Record, authentic: bool) -> Optional[Fork]:
        if record.type != "Forked":
            return None
        try:
            fork = parse_fork(record)
        except Malformed as problem:
            self.found.add("format", record.position, str(problem))
            return None
        why = None
        before = max((other.line for other in self.all), default=1)
        if fork.position != fork.kept + 1:
            why = "admits that %d were kept, and does not stand behind them" % fork.kept
        elif fork.lost <= fork.kept:
            why = "admits a loss of nothing"
        elif fork.line <= before:
            why = "begins line %d, which was begun before" % fork.line
        elif self.in_order and fork.line != before + 1:
            why = "begins line %d, and leaves out line %d" % (fork.line, before + 1)
        if why:
            self.found.add("consistency", record.position, why)
            return None
        # Elsewhere it is no admission: what the record is then, a verifier tells that knows what is lawful.
        if not authentic or self.hashes is None or record.complaint != self.hashes.place_of_fork(fork.line):
            return None
        self.all.append(fork)
        return fork

    def losing(self, checkpoint: Checkpoint) -> Optional[Fork]:
        """Which fork lost what a checkpoint stood for; of several, the one that speaks of its line."""
        return min((fork for fork in self.all if fork.loses(checkpoint)), key=lambda fork: fork.line, default=None)

    def line_at(self, size: int) -> int:
        return max((fork.line for fork in self.all if fork.position <= size), default=1)


def recorded_at(record: Record) -> Optional[int]:
    """In microseconds since 1970, if the record says it, and says a time."""
    value = record.metadata.get("recorded_at", "")
    return int(value) if MICROSECONDS.fullmatch(value) and int(value) <= LAST_MICROSECOND else None


class Times:
    """Recorded times lie between the signed times of the checkpoints around them."""

    def __init__(self, found: Findings, checkpoints: List[Checkpoint], doubted: List[Checkpoint], slack: int) -> None:
        self.found = found
        self.slack = slack
        of_ledger = [c for c in checkpoints if c.time is not None and c.line is not None]
        timed = sorted(of_ledger, key=lambda c: c.size)
        self.sizes = [c.size for c in timed]
        self.latest: List[int] = []  # the latest time of those up to here
        for c in timed:
            assert c.time is not None
            self.latest.append(max(c.time, self.latest[-1] if self.latest else 0))
        # What may be lost perhaps never held what is here.
        self.limit([c for c in timed if c not in doubted])
        # Of admissions that stand one behind the other, only the last tells which checkpoints hold none of them.
        self.admitted: List[Tuple[int, int]] = []

    def limit(self, timed: List[Checkpoint]) -> None:
        self.limiting = timed
        self.limits = [c.size for c in timed]
        self.earliest: List[int] = []  # the earliest time of those from here on
        for c in reversed(timed):
            assert c.time is not None
            self.earliest.append(min(c.time, self.earliest[-1]) if self.earliest else c.time)
        self.earliest.reverse()

    def lose(self, fork: Fork) -> None:
        """Behind a fork, checkpoints of older lines say nothing of the records that took the place of the lost ones."""
        self.limit([c for c in self.limiting if not fork.loses(c)])

    def take(self, record: Record, fork: Optional[Fork]) -> None:
        recorded = recorded_at(record)
        if fork is None or (self.admitted and self.admitted[-1][0] + 1 != record.position):
            self.finish()
        if recorded is None:
            self.found.add("time", record.position, "metadata does not say when it was recorded")
        elif fork is not None:
            self.lose(fork)
            self.admitted.append((record.position, recorded))
        else:
            self.check(record.position, recorded)

    def finish(self) -> None:
        for position, recorded in self.admitted:
            self.check(position, recorded)
        self.admitted = []

    def check(self, position: int, recorded: int) -> None:
        behind = bisect.bisect_left(self.sizes, position) - 1
        if behind >= 0 and recorded < (self.latest[behind] - self.slack) * 1_000_000:
            why = "recorded at %d us, and stands behind a checkpoint of second %d" % (recorded, self.latest[behind])
            self.found.add("time", position, why)
        before = bisect.bisect_left(self.limits, position)
        if before < len(self.limits) and recorded > (self.earliest[before] + self.slack) * 1_000_000:
            why = "recorded at %d us, and lies in a checkpoint of second %d" % (recorded, self.earliest[before])
            self.found.add("time", position, why)


# ---------------------------------------------------------------------------------------------------------------------
# What ties records to the checkpoint: leaves, or proofs.


class Leaves:
    """All leaf hashes of the ledger (scopes whole and period)."""

    def __init__(self, found: Findings, folder: str, size: Optional[int], wanted: Set[int]) -> None:
        self.found = found
        self.size = size
        self.roots: Dict[int, bytes] = {}
        self.there = False
        self.count = 0
        self.file = None
        path = os.path.join(folder, "leaves.bin")
        if not os.path.isfile(path):
            found.add("format", "leaves.bin", "is not there")
            return
        try:
            self.fold(path, wanted)
            self.file = open(path, "rb")
            self.there = True
        except OSError as problem:
            found.add("format", "leaves.bin", "cannot be read: %s" % problem.strerror)

    def fold(self, path: str, wanted: Set[int]) -> None:
        """One pass: the root at every size that somebody signed."""
        sizes = sorted(wanted, reverse=True)
        frontier = Frontier()
        over = 0
        with open(path, "rb") as file:
            while True:
                while sizes and sizes[-1] == frontier.size:
                    self.roots[sizes.pop()] = frontier.root()
                leaf = file.read(32)
                if len(leaf) < 32:
                    over = len(leaf)
                    break
                frontier.push(leaf)
        self.count = frontier.size
        if over:
            self.found.add("format", "leaves.bin", "ends in the middle of a leaf")
        if self.size is not None and self.count != self.size:
            self.found.add("format", "leaves.bin", "holds %d leaves, not %d" % (self.count, self.size))

    def check_root(self, checkpoint: Checkpoint) -> None:
        if not self.there:
            return
        root = self.roots.get(checkpoint.size)
        if root is None:
            self.found.add("root", "leaves.bin", "the leaves end before the checkpoint")
        elif root != checkpoint.root:
            self.found.add("root", "leaves.bin", "the leaves lead to another root than that of the checkpoint")

    def holds(self, record: Record) -> bool:
        if self.file is None:
            return False
        leaf = b""
        if record.position <= self.count:
            self.file.seek((record.position - 1) * 32)  # as records rise, this stays within what is read already
            leaf = self.file.read(32)
        if leaf == leaf_hash(record):
            return True
        why = "its hash is not the leaf at its position" if leaf else "there is no leaf at its position"
        self.found.add("record", record.position, why)
        return False

    def begins(self, older: Checkpoint) -> Optional[str]:
        """What speaks against an older checkpoint being a beginning of the leaves."""
        return self.why_not(older)

    def why_not(self, older: Checkpoint) -> Optional[str]:
        if not self.there:
            return None
        root = self.roots.get(older.size)
        if root is None:
            return "the leaves do not reach to size %d" % older.size
        return None if root == older.root else "the first %d leaves lead to another root" % older.size

    def finish(self) -> None:
        if self.file is not None:
            self.file.close()


NO_PROOF = "there is no proof that it is the beginning of this one"


class Proofs:
    """A proof for each record, and for checkpoints that the auditor holds (scope complaint)."""

    def __init__(self, found: Findings, folder: str, checkpoint: Optional[Checkpoint]) -> None:
        self.found = found
        self.folder = folder
        self.checkpoint = checkpoint
        self.unshown: Set[int] = set()
        self.consistency: Dict[int, Proof] = {}
        self.used: Set[int] = set()
        for name in self.entries("consistency"):
            self.read_consistency(name)
        self.proven: Set[int] = set()

    def entries(self, name: str) -> List[str]:
        there = os.path.lexists(os.path.join(self.folder, name))
        return entries_of(self.found, self.folder, name) if there else []

    def read_consistency(self, name: str) -> None:
        where = "consistency/" + name
        match = re.fullmatch(r"(0|%s)\.tlog-witness" % NUMBER, name)
        try:
            if not match:
                raise Malformed("is not named SIZE.tlog-witness")
            proof = parse_proof(read_small(os.path.join(self.folder, "consistency", name)), "old", False)
        except Malformed as problem:
            self.found.add("format", where, str(problem))
            return
        if proof.number != int(match[1]):
            self.found.add("consistency", where, "is of size %d" % proof.number)
        elif self.checkpoint is not None and proof.checkpoint != self.checkpoint.note.raw:
            self.found.add("consistency", where, "leads to another checkpoint than this one")
        else:
            self.consistency[proof.number] = proof

    def holds(self, record: Record) -> bool:
        name = "%d.tlog-proof" % record.position
        where = "proofs/" + name
        self.proven.add(record.position)
        try:
            proof = parse_inclusion(read_small(os.path.join(self.folder, "proofs", name)))
        except Malformed as problem:
            self.found.add("format", where, str(problem))
            return False
        if self.checkpoint is None:
            return False
        why = None
        if proof.number != record.position - 1:
            why = "is of index %d" % proof.number
        elif proof.checkpoint != self.checkpoint.note.raw:
            why = "leads to another checkpoint than this one"
        elif inclusion_root(proof.number, self.checkpoint.size, leaf_hash(record), proof.path) != self.checkpoint.root:
            why = "the record is not shown to be in the checkpoint"
        if why:
            self.found.add("root", where, why)
        return why is None

    def begins(self, older: Checkpoint) -> Optional[str]:
        """What speaks against an older checkpoint being a beginning; where no proof is there, it is noted as not shown."""
        if self.checkpoint is not None and older.size not in (0, self.checkpoint.size):
            if older.size not in self.consistency:
                self.unshown.add(older.size)
                return None
            self.used.add(older.size)
        return self.why_not(older)

    def why_not(self, older: Checkpoint) -> Optional[str]:
        if self.checkpoint is None:
            return None
        if older.size in (0, self.checkpoint.size):
            same = EMPTY_ROOT if older.size == 0 else self.checkpoint.root
            return None if older.root == same else "has another root at the same size"
        proof = self.consistency.get(older.size)
        if proof is None:
            return NO_PROOF
        roots = consistency_roots(older.size, self.checkpoint.size, older.root, proof.path)
        return None if roots == (older.root, self.checkpoint.root) else "is not shown to be the beginning of this one"

    def finish(self) -> None:
        for name in self.entries("proofs"):
            match = re.fullmatch(r"(%s)\.tlog-proof" % NUMBER, name)
            if not match or int(match[1]) not in self.proven:
                self.found.add("format", "proofs/" + name, "is of no record here")
        for size in set(self.consistency) - self.used:
            self.check_unheld(size)

    def check_unheld(self, size: int) -> None:
        """A proof for a checkpoint that we do not have: it must at least end at this one."""
        if self.checkpoint is None:
            return
        new, path = self.checkpoint.size, self.consistency[size].path
        if size == 0 or size == new:
            fits = not path
        elif size > new:
            fits = False
        elif size & (size - 1) == 0:
            return  # begins with the root that we do not have
        else:
            roots = consistency_roots(size, new, None, path)
            fits = roots is not None and roots[1] == self.checkpoint.root
        if not fits:
            self.found.add("consistency", "consistency/%d.tlog-witness" % size, "does not lead to this checkpoint")


# ---------------------------------------------------------------------------------------------------------------------
# All of it.


class Options(NamedTuple):
    folder: str
    keys: List[VerifierKey]
    held: List[Checkpoint]
    slack: int


class Audit:
    def __init__(self, found: Findings, options: Options) -> None:
        self.found = found
        self.options = options
        self.folder = options.folder
        self.records = self.read = 0  # lines, and those that are records
        self.complaints = 0
        self.erased: Set[str] = set()
        self.unshown: Set[int] = set()

    def run(self) -> None:
        self.read_heads()
        self.check_signatures()
        self.tie = self.read_tie()
        self.read_records()
        self.check_consistency()
        self.tie.finish()
        if isinstance(self.tie, Proofs):
            self.unshown = self.tie.unshown
        self.check_states()

    def read_heads(self) -> None:
        """What everything is held against."""
        found, folder = self.found, self.folder
        self.manifest = read_manifest(found, folder)
        check_entries(found, folder, self.manifest)
        self.checkpoint = read_checkpoint(found, os.path.join(folder, "checkpoint"), "checkpoint")
        self.attested, self.rotations = read_attestations(found, folder)
        self.held = self.options.held
        self.ledger = self.manifest.ledger
        if self.ledger is None and self.checkpoint is not None:
            self.ledger = ledger_in(self.checkpoint.origin)
        self.size = self.checkpoint.size if self.checkpoint is not None else self.manifest.size
        check_manifest(found, self.manifest, self.checkpoint.size if self.checkpoint is not None else None)
        self.place()

    def place(self) -> None:
        """Finds which line of the ledger each note is of."""
        for note in self.heads() + self.rotations + self.held:
            note.line = line_of(note.origin, self.ledger) if self.ledger is not None else None
            own = ledger_in(note.origin)
            note.place = place_of(line_of(note.origin, own) if own is not None else None, note.size)
            if note.line is None and self.ledger is not None:
                kind = "consistency" if note in self.held else "format"
                self.found.add(kind, note.where, "is of another ledger: %s" % shown(note.origin))

    def heads(self) -> list:
        return ([self.checkpoint] if self.checkpoint is not None else []) + self.attested

    def check_signatures(self) -> None:
        ring = Keyring(self.options.keys)
        # Several may be after one size: whichever order leads on is taken.
        left = sorted(self.rotations, key=lambda rotation: rotation.place)
        before = -1
        while left and len(left) != before:
            before = len(left)
            left = [rotation for rotation in left if ring.rotate(rotation)]
        for rotation in left:
            self.found.add("signature", rotation.where, ring.rotate(rotation) or "")
        for checkpoint in self.heads() + self.held:
            why = ring.check(checkpoint)
            if why:
                self.found.add("signature", checkpoint.where, why)

    def read_tie(self) -> Union[Leaves, Proofs]:
        scope = self.manifest.scope
        leaves = scope in (WHOLE, PERIOD) or (
            scope == UNKNOWN and os.path.lexists(os.path.join(self.folder, "leaves.bin"))
        )
        if not leaves:
            return Proofs(self.found, self.folder, self.checkpoint)
        wanted = {checkpoint.size for checkpoint in self.heads() + self.held}
        tie = Leaves(self.found, self.folder, self.size, wanted)
        if self.checkpoint is not None:
            tie.check_root(self.checkpoint)
        return tie

    def read_records(self) -> None:
        """The one pass over the records."""
        found, manifest = self.found, self.manifest
        hashes = Hashes(self.ledger) if self.ledger is not None else None
        positions = Positions(found, manifest, self.size)
        chains = Chains(found, hashes)
        commands = Commands(found, positions)
        boxes = Boxes(found, self.folder) if self.is_there(manifest.boxes, "boxes.jsonl") else None
        keys = Keys(found, self.folder) if self.is_there(manifest.keys, "keys.jsonl") else None
        documents = Documents(found)
        self.doubted = [held for held in self.held if self.may_be_lost(held)]
        times = Times(found, self.heads() + self.held, self.doubted, self.options.slack)
        self.forks = Forks(found, hashes, in_order=isinstance(self.tie, Leaves))
        for record in self.parsed_records():
            positions.take(record.position)
            authentic = self.tie.holds(record) & self.has_its_hash(record, hashes)
            key = chains.take(record)
            commands.take(record)
            if boxes is not None:
                boxes.take(record, key)
            if keys is not None:
                keys.take(record)
            documents.take(record)
            times.take(record, self.forks.take(record, authentic and recorded_at(record) is not None))
            self.note_erased(record, authentic)
        positions.finish()
        commands.finish()
        times.finish()
        if boxes is not None:
            boxes.finish(self.erased)
        if keys is not None:
            keys.finish(self.erased)
        documents.finish(self.folder)
        self.check_counts(chains)

    def is_there(self, says: Optional[bool], name: str) -> bool:
        """Whether to read a file that the manifest speaks of. One that is missing is told once, not for each record."""
        there = os.path.isfile(os.path.join(self.folder, name))
        if says and not there:
            self.found.add("format", name, "is not there")
        return there and says is not False

    def parsed_records(self) -> Iterator[Record]:
        lines = Lines(self.found, self.folder, "records.jsonl")
        for number, text in lines:
            try:
                record = parse_record(text)
            except Malformed as problem:
                self.found.add("format", "records.jsonl:%d" % number, str(problem))
                continue
            for why in record.odd:
                self.found.add("format", record.position, why)
            yield record
            self.read += 1
        self.records = lines.count

    def has_its_hash(self, record: Record, hashes: Optional[Hashes]) -> bool:
        if hashes is None:
            return False
        if hashes.record(record) == record.hash:
            return True
        self.found.add("record", record.position, "its bytes have another hash")
        return False

    def note_erased(self, record: Record, authentic: bool) -> None:
        """Only a record that was signed as it is excuses a box that is missing."""
        keys = record.fact.get("keys")
        if record.type == "Erased" and authentic and isinstance(keys, list):
            self.erased.update(key for key in keys if isinstance(key, str))

    def check_counts(self, chains: Chains) -> None:
        found, manifest, standing = self.found, self.manifest, chains.standing
        self.complaints = len(standing)
        if manifest.records is not None and manifest.records != self.records:
            found.add("format", "manifest.json", "says %d records, there are %d" % (manifest.records, self.records))
        if manifest.complaints is not None and manifest.complaints != self.complaints and self.read == self.records:
            why = "says %d complaints, there are %d" % (manifest.complaints, self.complaints)
            found.add("format", "manifest.json", why)
        for complaint, last in standing.items():
            # Losses admitted before a period tell which old checkpoints cannot be checked in it.
            if manifest.scope == PERIOD and last.position < manifest.first and not last.only_forks:
                found.add("format", last.position, "is of a complaint that does not occur in the period")
            if manifest.complaint is not None and complaint.hex() != manifest.complaint.replace("-", ""):
                found.add("format", last.position, "is of another complaint than the one that was exported")
        if manifest.complaint is not None and not standing:
            found.add("position", None, "there is no record of the complaint")

    def check_consistency(self) -> None:
        roots: Dict[Tuple[int, int], bytes] = {}
        if self.checkpoint is not None and self.checkpoint.line is not None:
            self.check_line(self.checkpoint)
            roots[(self.checkpoint.line, self.checkpoint.size)] = self.checkpoint.root
        for older in self.attested + self.held:
            if older.line is None:
                continue
            unchecked = self.is_unchecked(older)
            why = None if unchecked else self.why_no_beginning(older)
            if not why and roots.setdefault((older.line, older.size), older.root) != older.root:
                why = "another root was signed at size %d" % older.size
            fork = self.forks.losing(older)
            if why:
                self.found.add("consistency", older.where, why)
            elif unchecked:
                pass  # told below, once for all of them
            elif fork is not None:
                self.found.admit(older.where, older.line, older.size, fork)
            else:
                self.check_line(older)
        for held in sorted(self.doubted, key=lambda held: held.size):
            if self.is_unchecked(held):
                self.found.leave_unchecked(held)
        self.check_held_shown()
        self.check_rotations()

    def may_be_lost(self, held: Checkpoint) -> bool:
        """Whether a checkpoint in hand does not fit, and may be of what was lost by an admission that is not in the folder:
        of one complaint none is here, and of a period that ends before the checkpoint those behind its end are not. What the
        folder keeps itself it owns to: that is not lost."""
        own, manifest = self.checkpoint, self.manifest
        if own is None or own.line is None or held.line is None or held.line >= own.line:
            return False
        if manifest.scope not in (PERIOD, COMPLAINT) or manifest.scope == PERIOD and manifest.last >= own.size:
            return False
        admitted_up_to = manifest.last if manifest.scope == PERIOD else 0
        if held.size <= admitted_up_to:
            return False
        same = (held.line, held.size, held.root)
        if any(same == (kept.line, kept.size, kept.root) for kept in self.attested):
            return False
        return held.size > own.size or self.tie.why_not(held) is not None

    def is_unchecked(self, older: Checkpoint) -> bool:
        """Whether an admission that takes it may be missing here: each line up to this one began with its own."""
        if older not in self.doubted or self.forks.losing(older) is not None:
            return False
        own = self.checkpoint.line if self.checkpoint is not None else None
        admitted = sum(1 for fork in self.forks.all if (older.line or 1) < fork.line <= (own or 1))
        return admitted < (own or 1) - (older.line or 1)

    def why_no_beginning(self, older: Checkpoint) -> Optional[str]:
        """What speaks against an older checkpoint being the beginning of this one, or lost as was admitted."""
        if self.forks.losing(older) is not None:
            return next(filter(None, (fork.contradiction(older) for fork in self.forks.all)), None)
        if self.size is not None and older.size > self.size:
            return "is of size %d, this export ends at %d" % (older.size, self.size)
        return self.tie.begins(older)

    def check_rotations(self) -> None:
        """No key is handed over behind the checkpoint, but in a line that was left."""
        own = self.checkpoint.line if self.checkpoint is not None else None
        for rotation in self.rotations:
            left = (rotation.line or 1) < (own or 1)
            if self.size is not None and rotation.size > self.size and not left:
                self.found.add("format", rotation.where, "lies behind the checkpoint")

    def check_line(self, checkpoint: Checkpoint) -> None:
        """Where all records are there, so is each that began a line."""
        if checkpoint.line is None:
            return
        if self.manifest.scope != WHOLE:
            if checkpoint is self.checkpoint and any(fork.loses(checkpoint) for fork in self.forks.all):
                why = "is of line %d, and a loss within it begins a later one" % checkpoint.line
                self.found.add("consistency", checkpoint.where, why)
            return
        line = self.forks.line_at(checkpoint.size)
        if checkpoint.line != line:
            why = "is of line %d, the records make it line %d" % (checkpoint.line, line)
            self.found.add("consistency", checkpoint.where, why)

    def check_held_shown(self) -> None:
        """For what the auditor holds there must be a proof."""
        if not isinstance(self.tie, Proofs):
            return
        for held in self.held:
            if held.size in self.tie.unshown and held.line is not None:
                if not self.is_unchecked(held):
                    self.found.add("consistency", held.where, NO_PROOF)

    def check_states(self) -> None:
        before = ""
        for number, text in Lines(self.found, self.folder, "states.jsonl"):
            where = "states.jsonl:%d" % number
            head = STATE_HEAD.match(text)
            try:
                if not head:
                    raise Malformed("the line is not in its form")
                _, end = decode_json(text, 0)
                if end != len(text):
                    raise Malformed("the line does not end behind the object")
            except Malformed as problem:
                self.found.add("format", where, str(problem))
                continue
            if head[1] <= before:
                self.found.add("format", where, "complaint %s is out of order" % head[1])
            before = max(before, head[1])


def ledger_in(origin: str) -> Optional[str]:
    """The ledger that an origin speaks of, where the manifest does not say it."""
    name = re.match(r"aduan/((?:[A-Za-z0-9._-]|%[0-9A-F]{2})+)(?:/[0-9]+)?$", origin)
    if not name:
        return None
    raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes.fromhex(m[1].decode()), name[1].encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def parse_arguments(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Checks an export of the format aduan-audit/1, offline.", allow_abbrev=False
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--key", action="append", required=True, metavar="VKEY", help="a public key that you trust")
    parser.add_argument("--holds", action="append", default=[], metavar="CHECKPOINT_FILE", help="a checkpoint you kept")
    parser.add_argument("--slack", type=int, default=600, metavar="SECONDS", help="by how much clocks may differ (600)")
    parser.add_argument("--json", action="store_true", help="one object in place of lines")
    parsed = parser.parse_args(arguments)
    keys = []
    for text in parsed.key:
        try:
            keys.append(parse_vkey(text, (KIND_NOTE, KIND_TIMED)))
        except Malformed as problem:
            parser.error("--key %s: %s" % (shown(text), problem))
    parsed.key = keys
    if not os.path.isdir(parsed.folder):
        parser.error("%s is no folder" % shown(parsed.folder))
    parsed.held = []
    for path in parsed.holds:
        if not os.path.isfile(path):
            parser.error("--holds %s: there is no such file" % shown(path))
        try:
            parsed.held += read_held(path)
        except Malformed as problem:
            parser.error("--holds %s: %s" % (shown(path), problem))
    if parsed.slack < 0:
        parser.error("--slack is not negative")
    return parsed


def main(arguments: Optional[List[str]] = None, out=None) -> int:
    out = out or sys.stdout
    parsed = parse_arguments(arguments)
    found = Findings(parsed.json, out)
    audit = Audit(found, Options(parsed.folder, parsed.key, parsed.held, parsed.slack))
    audit.run()
    if parsed.json:
        told = {
            "ledger": audit.ledger,
            "size": audit.size,
            "records": audit.records,
            "complaints": audit.complaints,
            "problems": found.problems,
            "admitted_losses": found.admitted,
            "unchecked": found.unchecked,
        }
        print(json.dumps(told), file=out)
    else:
        if audit.unshown:
            print("attestations of %d sizes are not held against this one: no proof is there" % len(audit.unshown), file=out)
        ledger = shown(audit.ledger) if audit.ledger is not None else "?"
        size = "?" if audit.size is None else audit.size
        counts = (ledger, size, audit.records, audit.complaints, found.count)
        print("ledger %s, size %s: %d records of %d complaints, %d failures" % counts, file=out)
    return found.exit_code()


if __name__ == "__main__":
    sys.exit(main())
