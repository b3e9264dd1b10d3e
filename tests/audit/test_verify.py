#!/usr/bin/env python3
"""Tests of verify.py: `python3 tests/audit/test_verify.py`. Standard library only, less than a minute.

Exports are made here from the specification, with an Ed25519 that signs and a Merkle tree by its recursive definition, so
that neither arithmetic nor tree is borrowed from what is tested. Each test spoils one thing and looks for its class."""

import base64
import contextlib
import copy
import functools
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import verify  # noqa: E402

# ---------------------------------------------------------------------------------------------------------------------
# Ed25519 by the book: affine, bit by bit. Slow, short, and not the arithmetic of verify.py.

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def plus(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % Q
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, Q) % Q, (y1 * y2 + x1 * x2) * pow(1 - t, -1, Q) % Q


BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
DOUBLES = [BASE]
while len(DOUBLES) < 256:
    DOUBLES.append(plus(DOUBLES[-1], DOUBLES[-1]))


def times_base(n):
    total = (0, 1)
    for bit, point in enumerate(DOUBLES):
        if n >> bit & 1:
            total = plus(total, point)
    return total


def encoded(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def expanded(seed):
    wide = hashlib.sha512(seed).digest()
    return int.from_bytes(wide[:32], "little") & (2**254 - 8) | 2**254, wide[32:]


@functools.lru_cache(None)
def public(seed):
    return encoded(times_base(expanded(seed)[0]))


def number(*pieces):
    return int.from_bytes(hashlib.sha512(b"".join(pieces)).digest(), "little")


@functools.lru_cache(None)
def sign(seed, message):
    a, prefix = expanded(seed)
    r = number(prefix, message) % L
    big_r = encoded(times_base(r))
    s = (r + number(big_r, public(seed), message) * a) % L
    return big_r + s.to_bytes(32, "little")


# ---------------------------------------------------------------------------------------------------------------------
# RFC 6962, 2.1, by its recursive definitions, over leaf hashes.


def sha(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    k = split(len(leaves))
    return sha(b"\x01", root(leaves[:k]), root(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [root(leaves[k:])]
    return path(m - k, leaves[k:]) + [root(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [root(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [root(leaves[:k])]


# ---------------------------------------------------------------------------------------------------------------------
# An export, made from nothing.

OLD, NEW, STRANGER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
NOON = 1_700_000_000
POLICY, CALENDAR, DIRECTORY = b"name = 'policy'\n", b"name = 'calendar'\n", b"name = 'directory'\n"


def b64(data):
    return base64.b64encode(data).decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def framed(data):
    return len(data).to_bytes(8, "big") + data


def uuid(n):
    return "ad0a0000-0000-8000-8000-%012x" % n


def place_of_fork(line, ledger="mojokerto"):
    data = bytearray(sha(b"aduan/fork/v1\n", framed(ledger.encode()), framed(line.to_bytes(4, "big")))[:16])
    data[6], data[8] = data[6] & 0x0F | 0x80, data[8] & 0x3F | 0x80
    return "-".join(data.hex()[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def kid(name, kind, seed):
    return sha(name.encode(), b"\n", bytes([kind]), public(seed))[:4]


def vkey(name, seed, kind=1):
    return "%s+%s+%s" % (name, kid(name, kind, seed).hex(), b64(bytes([kind]) + public(seed)))


def note_line(name, seed, text):
    return "\u2014 %s %s\n" % (name, b64(kid(name, 1, seed) + sign(seed, text.encode())))


def timed_line(name, seed, text, second):
    signature = sign(seed, b"cosignature/v1\ntime %d\n" % second + text.encode())
    return "\u2014 %s %s\n" % (name, b64(kid(name, 4, seed) + second.to_bytes(8, "big") + signature))


def key_of(n):
    return hashlib.sha256(b"key %d" % n).digest()


def commitment(key):
    return sha(b"aduan/key/v1\n", framed(key)).hex()


def hexed(data):
    return hashlib.sha256(data).hexdigest()


class City:
    """A ledger that grows record by record, and is exported. A test spoils what it likes before that."""

    def __init__(self, ledger="mojokerto", origin="aduan/mojokerto"):
        self.ledger, self.origin, self.name = ledger, origin, origin
        self.records, self.heads, self.boxes, self.keys = [], {}, [], []
        self.attested = []  # (size, note)
        self.second = NOON
        self.seed = OLD
        self.documents = {}
        for folder, data in (("policies", POLICY), ("calendars", CALENDAR), ("directories", DIRECTORY)):
            self.documents["%s/%s.toml" % (folder, hexed(data))] = data
        self.commands = 0
        self.metadata = {
            "calendar": "id@1:" + hexed(CALENDAR),
            "directory": "mojokerto@1:" + hexed(DIRECTORY),
            "policy": "mojokerto@1:" + hexed(POLICY),
        }

    def command(self, *parts):
        """One command; each part is (complaint, type, fact, sealed, issues a key)."""
        self.commands += 1
        for index, (complaint, type_, fact, sealed, issues) in enumerate(parts):
            metadata = dict(self.metadata, command=uuid(0xC0000 + self.commands), part="%d/%d" % (index + 1, len(parts)))
            metadata["recorded_at"] = str(self.second * 1_000_000)
            key = key_of(len(self.records) + 1)
            if issues:
                metadata["key"] = commitment(key)
            boxes = {name: text.encode() for name, text in sealed.items()}
            fact = dict(fact, **{name: hexed(box) for name, box in boxes.items()})
            fact = {name: fact[name] for name in sorted(fact)}
            payload = {"fact": {type_: fact}, "occurred_at": {"at": self.second, "zone": "Asia/Jakarta"}, "provenance": "Native"}
            position = self.add(uuid(complaint) if isinstance(complaint, int) else complaint, type_, dict(sorted(metadata.items())), payload)
            for name in fact:
                if name in boxes:
                    self.boxes.append({"position": position, "field": name, "digest": fact[name], "box": b64(boxes[name])})
            if issues:
                self.keys.append({"position": position, "commitment": commitment(key), "key": key.hex()})
        self.second += 60

    def add(self, complaint, type_, metadata, payload):
        sequence, prev = self.heads.get(complaint, (0, None))
        if prev is None:
            prev = sha(b"aduan/genesis/v1\n", framed(self.ledger.encode()), framed(complaint.encode()))
        record = {
            "position": len(self.records) + 1,
            "complaint": complaint,
            "sequence": sequence + 1,
            "type": type_,
            "version": "1.0.0",
            "prev": prev.hex(),
            "hash": "",
            "metadata": compact(metadata),
            "payload": compact(payload),
        }
        self.records.append(record)
        self.rehash(record)
        self.heads[complaint] = (sequence + 1, bytes.fromhex(record["hash"]))
        return record["position"]

    def rehash(self, record):
        names = ("complaint", "sequence", "type", "version", "payload", "metadata", "prev")
        pieces = [self.ledger.encode()] + [record[name] for name in names]
        pieces[2] = record["sequence"].to_bytes(8, "big")
        pieces[7] = bytes.fromhex(record["prev"])
        pieces = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
        record["hash"] = sha(b"aduan/record/v1\n", *map(framed, pieces)).hex()

    def leaves(self):
        return [
            sha(
                b"\x00\x01",
                bytes.fromhex(record["complaint"].replace("-", "")),
                record["sequence"].to_bytes(8, "big"),
                bytes.fromhex(record["hash"]),
            )
            for record in self.records
        ]

    def checkpoint(self, size=None, seed=None, second=None, top=None, origin=None, kinds=(1, 4)):
        leaves = self.leaves()
        size = len(leaves) if size is None else size
        seed, second = seed or self.seed, self.second if second is None else second
        text = "%s\n%d\n%s\n" % (origin or self.origin, size, b64(top or root(leaves[:size])))
        lines = ""
        if 1 in kinds:
            lines += note_line(self.name, seed, text)
        if 4 in kinds:
            lines += timed_line(self.name, seed, text, second)
        return text + "\n" + lines

    def attest(self, **how):
        self.attested.append((len(self.records), self.checkpoint(**how)))
        return self.attested[-1][1]

    def rotation(self, size, new, signers):
        text = "aduan/key-rotation/v1\n%s\n%d\n%s\n" % (self.origin, size, vkey(self.name, new))
        return text + "\n" + "".join(note_line(self.name, seed, text) for seed in signers)

    def rotate(self, new):
        self.attested.append((len(self.records), self.rotation(len(self.records), new, (self.seed, new))))
        self.seed = new

    def export(self, folder, scope="whole", boxes=True, keys=True, checkpoint=None, holds=()):
        checkpoint = checkpoint or self.checkpoint()
        chosen = self.chosen(scope)
        there = {record["position"] for record in chosen}
        files = {
            "checkpoint": checkpoint,
            "attestations": "".join(note + "%\n" for _, note in self.attested),
            "records.jsonl": "".join(map(record_line, chosen)),
            "states.jsonl": self.states(chosen),
        }
        files.update(self.documents)
        if boxes:
            files["boxes.jsonl"] = "".join(compact(box) + "\n" for box in self.boxes if box["position"] in there)
        if keys:
            files["keys.jsonl"] = "".join(compact(key) + "\n" for key in self.keys if key["position"] in there)
        manifest = {
            "format": "aduan-audit/1",
            "ledger": self.ledger,
            "size": len(self.records),
            "scope": scope,
            "records": len(chosen),
            "complaints": len({record["complaint"] for record in chosen}),
            "boxes": boxes,
            "keys": keys,
            "made_at": "2026-11-23T03:00:00Z",
            "made_by": "test",
        }
        files["manifest.json"] = compact(manifest) + "\n"
        self.tie(files, scope, chosen, checkpoint, holds)
        for name, data in files.items():
            place = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(data if isinstance(data, bytes) else data.encode())

    def tie(self, files, scope, chosen, checkpoint, holds):
        leaves = self.leaves()
        if scope == "whole" or "period" in scope:
            files["leaves.bin"] = b"".join(leaves)
            return
        for record in chosen:
            index = record["position"] - 1
            hashes = "".join(b64(node) + "\n" for node in path(index, leaves))
            name = "proofs/%d.tlog-proof" % record["position"]
            files[name] = "c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s" % (index, hashes, checkpoint)
        for size in holds:
            hashes = "".join(b64(node) + "\n" for node in subproof(size, leaves, True))
            files["consistency/%d.tlog-witness" % size] = "old %d\n%s\n%s" % (size, hashes, checkpoint)

    def chosen(self, scope):
        if scope == "whole":
            return self.records
        if "complaint" in scope:
            return [record for record in self.records if record["complaint"] == scope["complaint"]]
        first, last = scope["period"]["first"], scope["period"]["last"]
        occurring = {record["complaint"] for record in self.records[first - 1 : last]}
        return [
            record
            for record in self.records
            if record["position"] <= last and (record["position"] >= first or record["complaint"] in occurring)
        ]

    def states(self, chosen):
        last = {record["complaint"]: record["sequence"] for record in chosen}
        return "".join(compact({"complaint": c, "version": v, "stage": "Closed"}) + "\n" for c, v in sorted(last.items()))


def record_line(record):
    members = [
        '"%s":%s' % (name, value if name in ("metadata", "payload") else compact(value)) for name, value in record.items()
    ]
    return "{%s}\n" % ",".join(members)


def town(**how):
    """Fourteen records of four complaints, two keys, five checkpoints; one command touches two complaints."""
    city = City(**how)
    city.command((1, "Received", {"class": "Complaint"}, {"text": "Lampu mati", "contact": "62 811", "title": ""}, True))
    city.command((2, "Received", {"class": "Complaint"}, {"text": "Jalan rusak"}, True))
    city.command((1, "Verified", {"accused": ["dishub"]}, {}, False))
    city.attest()
    city.command((1, "Linked", {"to": 2}, {}, False), (2, "Linked", {"to": 1}, {}, False))
    city.command((3, "Received", {}, {"place": "Jl. Majapahit"}, True))
    city.attest()
    city.rotate(NEW)
    city.command((2, "Responded", {}, {"text": "Sudah"}, False), (2, "Closed", {}, {}, False), (2, "Rated", {}, {}, False))
    city.attest()
    city.command((4, "Received", {}, {"text": "B\u00e9cak"}, True))
    city.command((1, "Responded", {}, {"text": "Sudah"}, False))
    city.command((4, "Erased", {"basis": "Request", "keys": [commitment(key_of(10))]}, {}, False))
    city.attest()
    city.command((3, "Closed", {}, {}, False))
    city.command((1, "Closed", {}, {}, False))
    city.attest()
    return city


def forked():
    """Nine were signed, six were kept; the seventh record admits it."""
    city = City()
    for n in range(9):
        city.command((n % 3 + 1, "Received" if n < 3 else "Annotated", {}, {}, False))
        if n in (2, 5, 8):
            city.attest()
    lost, old = city.checkpoint(), copy.deepcopy(city)
    top = root(city.leaves()).hex()
    del city.records[6:]
    city.heads = {r["complaint"]: (r["sequence"], bytes.fromhex(r["hash"])) for r in city.records}
    city.second += 10_000
    city.command((place_of_fork(2), "Forked", {"kept": 6, "line": 2, "lost": 9, "root": top}, {}, False))
    city.origin += "/2"
    city.attest()
    for n in range(4):
        city.command((n % 3 + 1, "Annotated", {}, {}, False))
    city.attest()
    city.attested.sort(key=lambda pair: pair[0])
    return city, lost, old


class Case(unittest.TestCase):
    def setUp(self):
        self.base = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.base)
        self.folder = os.path.join(self.base, "export")

    def place(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def edit(self, name, change):
        with open(self.place(name), "rb") as file:
            data = file.read()
        changed = change(data)
        self.assertNotEqual(data, changed, "the test spoiled nothing")
        with open(self.place(name), "wb") as file:
            file.write(changed)

    def replace(self, name, old, new, count=1):
        self.edit(name, lambda data: data.replace(old.encode(), new.encode(), count))

    def drop_line(self, name, index):
        def change(data):
            lines = data.splitlines(True)
            del lines[index]
            return b"".join(lines)

        self.edit(name, change)

    def keep(self, name, text):
        place = os.path.join(self.base, name)
        with open(place, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return place

    def run_it(self, *more, name="aduan/mojokerto", seeds=(OLD,)):
        arguments = [self.folder, "--json"]
        for seed in seeds:
            arguments += ["--key", vkey(name, seed)]
        out = io.StringIO()
        code = verify.main(arguments + list(more), out)
        told = json.loads(out.getvalue())
        self.assertEqual(
            set(told), {"ledger", "size", "records", "complaints", "problems", "admitted_losses", "unchecked"}, "the form of --json"
        )
        codes = [verify.EXIT_CODES[problem["class"]] for problem in told["problems"]]
        self.assertEqual(code, min(codes, default=0))
        return told

    def clean(self, *more, **how):
        told = self.run_it(*more, **how)
        self.assertEqual(told["problems"], [])
        return told

    def finds(self, *kinds, more=(), **how):
        """Runs, and holds the classes found against those expected, no more and no less."""
        told = self.run_it(*more, **how)
        self.assertEqual(sorted({problem["class"] for problem in told["problems"]}), sorted(kinds), told["problems"])
        return told["problems"]

    def spoil(self, city, position, member, change):
        """A record that was changed before it was signed: hashes, links, leaves and signatures are right again."""
        record = city.records[position - 1]
        changed = change(record[member])
        self.assertNotEqual(record[member], changed, "the test spoiled nothing")
        record[member] = changed
        self.relink(city)

    def move(self, city, position, complaint):
        """A record that is the first of another complaint."""
        genesis = sha(b"aduan/genesis/v1\n", framed(city.ledger.encode()), framed(complaint.encode()))
        city.records[position - 1].update(complaint=complaint, prev=genesis.hex())

    def relink(self, city, again=True):
        heads = {}
        for record in city.records:
            if again and record["complaint"] in heads:
                record["prev"] = heads[record["complaint"]]
            city.rehash(record)
            heads[record["complaint"]] = record["hash"]
        city.attested = []
        city.seed = OLD


class Vectors(unittest.TestCase):
    def test_ed25519_of_rfc_8032(self):
        vectors = (  # 7.1, TEST 1 to 3: secret, public, message, signature
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
                "be24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
                "2aeeb00d291612bb0c00",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716e"
                "d28dc027beceea1ec40a",
            ),
        )
        for secret, key, message, signature in (map(bytes.fromhex, vector) for vector in vectors):
            self.assertEqual(public(secret), key)
            self.assertEqual(sign(secret, message), signature)
            checker = verify.PublicKey(key)
            self.assertTrue(checker.verifies(signature, message))
            self.assertFalse(checker.verifies(signature, message + b"x"))
            for bit in range(0, 512, 31):
                flipped = bytearray(signature)
                flipped[bit // 8] ^= 1 << bit % 8
                self.assertFalse(checker.verifies(bytes(flipped), message))

    def test_a_signature_is_written_one_way(self):
        signature, checker = sign(OLD, b"x"), verify.PublicKey(public(OLD))
        more = int.from_bytes(signature[32:], "little") + L
        self.assertFalse(checker.verifies(signature[:32] + more.to_bytes(32, "little"), b"x"))
        self.assertFalse(checker.verifies(signature[:63], b"x"))
        self.assertFalse(checker.verifies(b"", b"x"))

    def test_weak_and_broken_keys_are_refused(self):
        weak = ((1).to_bytes(32, "little"), bytes(32), (Q - 1).to_bytes(32, "little"))
        broken = ((Q + 1).to_bytes(32, "little"), (2).to_bytes(32, "little"), b"short", (1 | 1 << 255).to_bytes(32, "little"))
        # A second way to write y, for points that are neither: 3 and more would fit below the modulus, too.
        again = [(Q + y).to_bytes(32, "little") for y in range(3, 19) if verify.decode_point(y.to_bytes(32, "little"))]
        self.assertTrue(again)
        for data in list(weak + broken) + again:
            with self.assertRaises(ValueError):
                verify.PublicKey(data)

    def test_tree_of_rfc_6962(self):
        inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        leaves = [sha(b"\x00", bytes.fromhex(data)) for data in inputs]
        roots = {
            0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        }
        frontier = verify.Frontier()
        for size in range(9):
            self.assertEqual(frontier.root(), root(leaves[:size]))
            if size in roots:
                self.assertEqual(frontier.root().hex(), roots[size])
            if size < 8:
                frontier.push(leaves[size])

    def test_proofs_of_every_size(self):
        leaves = [sha(b"\x00", bytes([n])) for n in range(34)]
        for size in range(1, 35):
            top = root(leaves[:size])
            for index in range(size):
                proof = path(index, leaves[:size])
                self.assertEqual(verify.inclusion_root(index, size, leaves[index], proof), top)
                self.assertIsNone(verify.inclusion_root(index, size, leaves[index], proof + [top]))
                self.assertIsNone(verify.inclusion_root(size, size, leaves[index], proof))
                if proof:
                    self.assertIsNone(verify.inclusion_root(index, size, leaves[index], proof[:-1]))
                    self.assertNotEqual(verify.inclusion_root(index ^ 1, size, leaves[index], proof), top)
            for old in range(1, size):
                proof, was = subproof(old, leaves[:size], True), root(leaves[:old])
                self.assertEqual(verify.consistency_roots(old, size, was, proof), (was, top))
                self.assertIsNone(verify.consistency_roots(old, size, was, proof + [top]))
                self.assertIsNone(verify.consistency_roots(old, size, was, proof[:-1]))
                self.assertNotEqual(verify.consistency_roots(old, size, was, [top] + proof[1:]), (was, top))

    def test_records_of_the_project(self):
        """The golden records were hashed by the project; the same bytes have the same hash here."""
        place = os.path.join(HERE, "..", "golden", "records.jsonl")
        if not os.path.isfile(place):
            self.skipTest("no golden records beside this folder")
        hashes = verify.Hashes("mojokerto")
        with open(place, encoding="utf-8") as file:
            for text in file:
                golden = json.loads(text)
                line = record_line(
                    {
                        "position": 1,
                        "complaint": golden["complaint"],
                        "sequence": golden["sequence"],
                        "type": golden["event_type"],
                        "version": golden["event_version"],
                        "prev": golden["prev"],
                        "hash": golden["hash"],
                        "metadata": golden["metadata"],
                        "payload": golden["payload"],
                    }
                )
                record = verify.parse_record(line[:-1])
                self.assertEqual(record.odd, [])
                self.assertEqual(hashes.record(record), record.hash)
                if record.sequence == 1:
                    self.assertEqual(hashes.genesis(record.complaint), record.prev)

    def test_the_origin_of_a_ledger(self):
        self.assertEqual(verify.escaped("kab. Mojo/\u00e4_-"), "kab.%20Mojo%2F%C3%A4_-")
        self.assertEqual(verify.line_of("aduan/x", "x"), 1)
        self.assertEqual(verify.line_of("aduan/x/2", "x"), 2)
        for origin in ("aduan/x/1", "aduan/x/02", "aduan/x/", "aduan/y", "aduan/x/2/3", "aduan/xx/2"):
            self.assertIsNone(verify.line_of(origin, "x"))
        self.assertEqual(verify.ledger_in("aduan/kab.%20Mojo%2F%C3%A4/3"), "kab. Mojo/\u00e4")


class Clean(Case):
    def test_whole(self):
        town().export(self.folder)
        told = self.clean()
        self.assertEqual((told["ledger"], told["size"], told["records"], told["complaints"]), ("mojokerto", 14, 14, 4))

    def test_with_both_keys_given(self):
        town().export(self.folder)
        self.clean(seeds=(OLD, NEW))

    def test_without_boxes_and_keys(self):
        town().export(self.folder, boxes=False, keys=False)
        self.clean()

    def test_every_period(self):
        city = town()
        for first in range(1, 15):
            for last in range(first, 15):
                city.export(self.folder, scope={"period": {"first": first, "last": last}})
                self.clean()

    def test_every_complaint(self):
        city = town()
        held = self.keep("held", city.attested[1][1])
        for complaint in range(1, 5):
            city.export(self.folder, scope={"complaint": uuid(complaint)}, holds=(3, 6, 9, 12, 14, 8))
            self.clean("--holds", held)
            shutil.rmtree(self.folder)

    def test_every_size(self):
        for size in range(0, 18):
            city = City()
            for n in range(size):
                city.command((n // 2, "Annotated", {}, {}, False))
                city.attest()
            city.export(self.folder)
            self.clean()

    def test_a_name_that_needs_escapes(self):
        city = town(ledger="kab. Mojo/\u00e4", origin="aduan/kab.%20Mojo%2F%C3%A4")
        city.export(self.folder)
        self.clean(name=city.name)

    def test_held_checkpoints(self):
        city = town()
        city.export(self.folder)
        holds = []
        for size in range(0, 15):
            seed = OLD if size <= 6 else NEW
            second = NOON + 60 * size
            holds += ["--holds", self.keep("held-%d" % size, city.checkpoint(size=size, seed=seed, second=second))]
        self.clean(*holds)

    def test_an_erased_box_and_its_key_may_be_missing(self):
        city = town()
        city.boxes = [box for box in city.boxes if box["position"] != 10]
        city.keys = [key for key in city.keys if key["position"] != 10]
        city.export(self.folder)
        self.clean()

    def test_witnesses_are_passed_over(self):
        city = town()
        checkpoint = city.checkpoint()
        text = checkpoint.split("\n\n")[0] + "\n"
        city.export(self.folder, checkpoint=checkpoint + timed_line("witness.example", STRANGER, text, NOON))
        self.clean()

    def test_an_admitted_loss(self):
        city, lost, old = forked()
        city.export(self.folder)
        told = self.clean()
        self.assertEqual([loss["size"] for loss in told["admitted_losses"]], [9])
        holds = []
        for size in (2, 6, 7, 8, 9):
            holds += ["--holds", self.keep("held-%d" % size, old.checkpoint(size=size))]
        told = self.clean(*holds)
        self.assertEqual([loss["size"] for loss in told["admitted_losses"]], [9, 7, 8, 9])
        self.assertEqual(told["admitted_losses"][0]["position"], 7)

    def test_a_loss_admitted_before_the_period(self):
        city, lost, _ = forked()
        held = self.keep("held", lost)
        city.export(self.folder, scope={"period": {"first": 8, "last": 9}})
        self.finds("consistency", "time", more=("--holds", held))  # without the record, nobody can know
        period = city.chosen

        def with_losses(scope):
            return sorted(period(scope) + [city.records[6]], key=lambda record: record["position"])

        city.chosen = with_losses
        city.export(self.folder, scope={"period": {"first": 8, "last": 9}})
        self.assertEqual([loss["size"] for loss in self.clean("--holds", held)["admitted_losses"]], [9, 9])

    def test_a_loss_whose_admission_is_not_here(self):
        """Of one complaint, and of a period that ends before the record, nobody can tell what was lost from what was rewritten."""
        city, lost, old = forked()
        held = self.keep("held", lost)
        kept = self.keep("kept", old.checkpoint(size=6))
        city.attested = [(size, note) for size, note in city.attested if note != lost]
        for scope in ({"complaint": uuid(1)}, {"period": {"first": 1, "last": 5}}):
            city.export(self.folder, scope=scope, holds=(6,))
            told = self.clean("--holds", held, "--holds", kept)
            self.assertEqual([(one["origin"], one["size"]) for one in told["unchecked"]], [("aduan/mojokerto", 9)], scope)
            # Of the line that is signed now it is compared as ever.
            of_this = self.keep("of-this", city.checkpoint(size=8, top=sha(b"x")))
            told = self.finds("consistency", more=("--holds", held, "--holds", of_this))
            # And so it is where another is of the same size.
            another = self.keep("another", old.checkpoint(size=9, top=sha(b"x")))
            self.finds("consistency", more=("--holds", held, "--holds", another))
            shutil.rmtree(self.folder)
        # Each admission is here, whatever the period begins with, if it ends where the checkpoint does.
        city.export(self.folder, scope={"period": {"first": 8, "last": len(city.records)}})
        far = old
        far.command((1, "Annotated", {}, {}, False))
        while len(far.records) <= len(city.records):
            far.command((1, "Annotated", {}, {}, False))
        self.assertIn("consistency", {p["class"] for p in self.run_it("--holds", self.keep("far", far.checkpoint()))["problems"]})

    def test_a_key_handed_over_in_what_was_lost(self):
        """Behind everything that is here: the checkpoint of a later line is signed by it, whatever its size."""
        city, _, old = forked()
        text = old.rotation(40, NEW, (OLD, NEW))
        city.attested = [(size, note) for size, note in city.attested if size <= 6] + [(40, text)]
        for scope in ("whole", {"complaint": uuid(1)}, {"period": {"first": 1, "last": 5}}):
            city.export(self.folder, scope=scope, checkpoint=city.checkpoint(seed=NEW))
            self.clean()
            shutil.rmtree(self.folder)
        # In the line that is signed now none lies behind the end.
        city.seed = NEW
        city.attested.append((40, city.rotation(40, STRANGER, (NEW, STRANGER))))
        city.export(self.folder)
        self.finds("format")

    def test_two_losses(self):
        """The second one reaches behind the record that admitted the first, which is admitted once more: line follows line."""
        city, _, old = forked()
        first = root(old.leaves()).hex()
        between = copy.deepcopy(city)
        del city.records[4:]
        city.heads = {r["complaint"]: (r["sequence"], bytes.fromhex(r["hash"])) for r in city.records}
        city.second += 10_000
        top = root(between.leaves()).hex()
        city.command((place_of_fork(2), "Forked", {"kept": 4, "line": 2, "lost": 9, "root": first}, {}, False))
        city.command((place_of_fork(3), "Forked", {"kept": 5, "line": 3, "lost": 11, "root": top}, {}, False))
        city.origin = city.name + "/3"
        city.attest()
        city.attested.sort(key=lambda pair: pair[0])
        city.export(self.folder)
        told = self.clean()
        self.assertEqual([(loss["line"], loss["size"]) for loss in told["admitted_losses"]], [(1, 6), (2, 7), (1, 9), (2, 11)])

    def test_another_slack(self):
        city = town()
        city.attest(second=city.second - 3000)
        city.export(self.folder, checkpoint=city.checkpoint(second=city.second - 3000))
        self.clean("--slack", "3000")
        self.finds("time")


class Format(Case):
    def test_every_file_has_to_be_there(self):
        city = town()
        for name in ("manifest.json", "checkpoint", "attestations", "leaves.bin", "records.jsonl", "states.jsonl",
                     "boxes.jsonl", "keys.jsonl"):  # fmt: skip
            city.export(self.folder)
            os.remove(self.place(name))
            told = self.run_it()
            self.assertIn("format", {problem["class"] for problem in told["problems"]}, name)

    def test_nothing_else_may_be_there(self):
        town().export(self.folder, boxes=False, keys=False)
        for name in ("boxes.jsonl", "keys.jsonl", "notes.txt", "proofs/1.tlog-proof"):
            os.makedirs(os.path.dirname(self.place(name)), exist_ok=True)
            open(self.place(name), "w").close()
            self.finds("format")
            os.remove(self.place(name))
            if "/" in name:
                os.rmdir(os.path.dirname(self.place(name)))
        self.clean()

    def test_the_manifest(self):
        city = town()
        for old, new in (
            ('"aduan-audit/1"', '"aduan-audit/2"'),
            ('"size":14', '"size":15'),
            ('"records":14', '"records":13'),
            ('"complaints":4', '"complaints":5'),
            ('"complaints":4', '"complaints":true'),
            ('"made_at":"2026-11-23', '"made_at":"2026-13-23'),
            ('"made_by":"test"', '"made_by":"test","more":1'),
            ('"made_by":"test"', '"made_by":"a","made_by":"b"'),
            ('"scope":"whole"', '"scope":"half"'),
            ('"scope":"whole"', '"scope":{"period":{"first":2,"last":1}}'),
            ('"keys":true', '"keys":1'),
            ('{"format"', '[{"format"'),
            ('"ledger":"mojokerto"', '"ledger":""'),
            ('"ledger":"mojokerto"', '"ledger":"\\ud800"'),
        ):
            city.export(self.folder)
            self.replace("manifest.json", old, new)
            self.finds("format")

    def test_another_ledger(self):
        town().export(self.folder)
        self.replace("manifest.json", "mojokerto", "surabaya")
        self.assertIn("format", {problem["class"] for problem in self.run_it()["problems"]})

    def test_lines_of_records(self):
        city = town()
        for change in (
            lambda line: line.replace(b'{"position":3,', b'{"position": 3,'),
            lambda line: line.replace(b'"sequence":2,"type"', b'"sequence":02,"type"'),
            lambda line: line.replace(b'"prev":"', b'"prev":"A', 1),
            lambda line: line.replace(b"ad0a0000-0000", b"AD0A0000-0000", 1),
            lambda line: line.replace(b"}\n", b"} \n"),
            lambda line: line.replace(b"}\n", b',"more":1}\n'),
            lambda line: b"",
            lambda line: b"\n",
            lambda line: b"\xff" + line,
            lambda line: b"[" * 100_000 + b"\n",
            lambda line: line.replace(b'"metadata":{', b'"metadata":{' + b'"x":' + b"[" * 100_000, 1),
            lambda line: line.replace(b'"metadata":{', b'"metadata":{"x":NaN,', 1),
            lambda line: line.replace(b'"metadata":{', b'"metadata":{"x":' + b"1" * 10_000 + b",", 1),
            lambda line: line.replace(b'"metadata":{', b'"metadata":{"policy":"x",', 1),  # twice
            lambda line: line.replace(b'"payload":{"fact"', b'"payload":{"fact":{},"fact"', 1),
        ):
            city.export(self.folder)

            def spoil(data, change=change):
                lines = data.splitlines(True)
                return b"".join(lines[:2] + [change(lines[2])] + lines[3:])

            self.edit("records.jsonl", spoil)
            told = self.run_it()
            self.assertIn("format", {problem["class"] for problem in told["problems"]})
            self.assertLess(len(told["problems"]), 12)

    def test_forms_inside_of_signed_bytes(self):
        """Spaces, nested metadata and foreign facts are told, though they were hashed and signed."""
        for member, change in (
            ("metadata", lambda raw: raw.replace(",", ", ", 1)),
            ("payload", lambda raw: raw.replace(":", ": ", 1)),
            ("metadata", lambda raw: raw.replace("{", '{"a":1,', 1)),
            ("payload", lambda raw: raw.replace("Verified", "Verifiedx", 1)),
            ("payload", lambda raw: raw.replace('"provenance":"Native"', '"provenance":"Native","x":1', 1)),
        ):
            city = town()
            self.spoil(city, 3, member, change)
            city.export(self.folder)
            problems = self.finds("format")
            self.assertEqual({problem["position"] for problem in problems}, {3})

    def test_a_line_that_does_not_end(self):
        city = town()
        for name in ("records.jsonl", "boxes.jsonl", "keys.jsonl", "states.jsonl", "manifest.json"):
            city.export(self.folder)
            self.edit(name, lambda data: data[:-1])
            self.finds("format")

    def test_states(self):
        city = town()
        for change in (
            lambda data: b"".join(reversed(data.splitlines(True))),
            lambda data: data.replace(b"Closed", b"Clo\xffsed", 1),
            lambda data: data.replace(b"}\n", b"}}\n", 1),
            lambda data: data.replace(b'"version":', b'"version":0', 1),
            lambda data: data + data.splitlines(True)[-1],
        ):
            city.export(self.folder)
            self.edit("states.jsonl", change)
            self.finds("format")

    def test_attestations(self):
        city = town()
        for change in (
            lambda data: data[:-2],
            lambda data: b"%\n" + data,
            lambda data: data.replace(b"\n6\n", b"\n06\n", 1),
            lambda data: data + data[: data.index(b"%\n") + 2],  # a small one behind a great one
        ):
            city.export(self.folder)
            self.edit("attestations", change)
            self.assertIn("format", {problem["class"] for problem in self.run_it()["problems"]})

    def test_leaves(self):
        city = town()
        for change in (lambda data: data + b"x", lambda data: data + bytes(32)):
            city.export(self.folder)
            self.edit("leaves.bin", change)
            self.finds("format")

    def test_a_rotation_behind_the_end(self):
        city = town()
        city.attested.append((20, city.rotation(20, STRANGER, (NEW, STRANGER))))
        city.export(self.folder)
        self.finds("format")

    def test_complaints_that_the_scope_does_not_take_in(self):
        city = town()
        city.export(self.folder, scope={"period": {"first": 13, "last": 14}})
        stray = record_line(city.records[1]).encode()
        self.edit("records.jsonl", lambda data: data[: data.index(b"\n") + 1] + stray + data[data.index(b"\n") + 1 :])
        stray_told = [problem["position"] for problem in self.run_it()["problems"] if problem["class"] == "format"]
        self.assertIn(2, stray_told)


class Signatures(Case):
    def test_a_strangers_key(self):
        town().export(self.folder)
        self.finds("signature", seeds=(STRANGER,))

    def test_a_checkpoint_by_a_stranger(self):
        city = town()
        city.export(self.folder, checkpoint=city.checkpoint(seed=STRANGER))
        self.finds("signature")

    def test_both_lines_have_to_be_there(self):
        city = town()
        for kinds in ((1,), (4,)):
            city.export(self.folder, checkpoint=city.checkpoint(kinds=kinds))
            self.finds("signature")

    def test_a_second_time_is_refused(self):
        city = town()
        checkpoint = city.checkpoint()
        text = checkpoint.split("\n\n")[0] + "\n"
        city.export(self.folder, checkpoint=checkpoint + timed_line(city.name, NEW, text, NOON))
        self.finds("signature")

    def test_an_altered_time(self):
        city = town()
        checkpoint = city.checkpoint()
        last = checkpoint.split(" ")[-1].strip()
        raw = bytearray(base64.b64decode(last))
        raw[11] ^= 1
        city.export(self.folder, checkpoint=checkpoint.replace(last, b64(bytes(raw))))
        self.finds("signature")

    def test_the_old_key_counts_no_longer(self):
        city = town()
        city.export(self.folder, checkpoint=city.checkpoint(seed=OLD))
        self.finds("signature")
        self.finds("signature", seeds=(OLD, NEW))

    def test_the_new_key_does_not_count_yet(self):
        city = town()
        city.attested[0] = (3, city.checkpoint(size=3, seed=NEW))
        city.export(self.folder)
        self.finds("signature")
        self.finds("signature", seeds=(OLD, NEW))

    def test_at_the_size_of_the_rotation_the_old_key_counts(self):
        city = town()
        city.attested[1] = (6, city.checkpoint(size=6, seed=NEW))
        city.export(self.folder)
        self.finds("signature")
        self.finds("signature", seeds=(OLD, NEW))

    def test_a_false_line_beside_good_ones(self):
        city = town()
        checkpoint = city.checkpoint()
        for seed, kinds in ((OLD, 1), (OLD, 4), (NEW, 1)):
            false = "\u2014 %s %s\n" % (city.name, b64(kid(city.name, kinds, seed) + bytes(64)))
            city.export(self.folder, checkpoint=checkpoint + false)
            self.finds("signature")

    def test_a_key_hands_over_once(self):
        city = town()
        city.attested.append((14, city.rotation(14, STRANGER, (OLD, STRANGER))))
        city.export(self.folder)
        self.finds("signature")

    def test_only_the_new_key_is_trusted(self):
        town().export(self.folder)
        problems = self.finds("signature", seeds=(NEW,))
        self.assertEqual(len(problems), 3)  # two checkpoints and the rotation

    def test_a_rotation_without_one_of_its_keys(self):
        for signers in ((OLD,), (NEW,), (STRANGER, NEW)):
            city = town()
            city.attested[2] = (6, city.rotation(6, NEW, signers))
            city.export(self.folder)
            self.finds("signature")

    def test_three_keys(self):
        city = town()
        city.rotate(STRANGER)
        city.command((1, "Annotated", {}, {}, False))
        city.attest()
        city.export(self.folder)
        self.clean()
        city.attest(seed=NEW)
        city.export(self.folder)
        self.finds("signature")

    def test_an_altered_attestation(self):
        city = town()
        city.export(self.folder)
        good = root(city.leaves()[:3])
        self.replace("attestations", b64(good), b64(sha(b"x")))
        self.finds("signature", "consistency")

    def test_a_held_checkpoint_by_a_stranger(self):
        city = town()
        city.export(self.folder)
        self.finds("signature", more=("--holds", self.keep("held", city.checkpoint(size=4, seed=STRANGER))))

    def test_a_file_as_a_notary_keeps_it(self):
        city = town()
        city.export(self.folder)
        handed_over = city.rotation(6, NEW, (OLD, NEW))
        kept = [city.checkpoint(size=size, seed=OLD) for size in (2, 4)]
        torn = city.checkpoint()[:60]
        file = "".join(note + "%\n" for note in (kept[0], handed_over, kept[1]))
        for text in (file, file + torn, file + city.checkpoint(size=5, seed=OLD)):
            self.clean("--holds", self.keep("held", text))
        # Each of them is held against the folder, the one behind the last line `%`, too.
        other = city.checkpoint(size=5, seed=OLD, top=sha(b"x"))
        for text in (other + "%\n" + file, file + other + "%\n", file + other):
            self.finds("consistency", more=("--holds", self.keep("held", text)))

    def test_a_held_file_that_is_damaged_or_holds_none(self):
        city = town()
        city.export(self.folder)
        key, note = vkey("aduan/mojokerto", OLD), city.checkpoint(size=4, seed=OLD)
        damaged = note.replace("\n4\n", "\nfour\n")
        handed_over = city.rotation(6, NEW, (OLD, NEW))
        for text in (
            "", "garbage", damaged, note + "%\n" + damaged + "%\n", damaged + "%\n" + note + "%\n", note + "%\n%\n",
            handed_over, handed_over + "%\n", note + "%\nLampu mati\n%\n",
        ):
            err, out = io.StringIO(), io.StringIO()
            with contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as left:
                verify.main([self.folder, "--key", key, "--holds", self.keep("held", text)], out)
            self.assertEqual((left.exception.code, out.getvalue()), (2, ""), text)
            self.assertIn("--holds", err.getvalue())


class Roots(Case):
    def test_another_root_was_signed(self):
        city = town()
        city.attested.pop()
        city.export(self.folder, checkpoint=city.checkpoint(top=sha(b"x")))
        self.finds("root")

    def test_leaves_end_early(self):
        town().export(self.folder)
        self.edit("leaves.bin", lambda data: data[:-32])
        self.finds("format", "root", "consistency", "record")

    def test_an_altered_leaf(self):
        town().export(self.folder)
        self.edit("leaves.bin", lambda data: data[:64] + bytes(32) + data[96:])
        self.finds("root", "consistency", "record")

    def test_a_leaf_outside_of_the_period(self):
        town().export(self.folder, scope={"period": {"first": 13, "last": 13}})
        self.edit("leaves.bin", lambda data: data[:-32] + bytes(32))
        self.finds("root", "consistency")

    def test_proofs(self):
        city = town()
        for name, change, kind in (
            ("proofs/2.tlog-proof", lambda data: data.replace(b"index 1\n", b"index 2\n"), "root"),
            ("proofs/2.tlog-proof", lambda data: data.replace(b"index 1\n", b"index 01\n"), "format"),
            ("proofs/2.tlog-proof", lambda data: data.replace(b"@v1", b"@v2"), "format"),
            ("proofs/2.tlog-proof", lambda data: data.replace(b"index 1\n", b"index 1\n" + b64(bytes(32)).encode() + b"\n"), "root"),
            ("proofs/2.tlog-proof", lambda data: data.replace(b"\n14\n", b"\n15\n"), "root"),
            ("proofs/5.tlog-proof", lambda data: b"\xff" * 100, "format"),
            ("proofs/5.tlog-proof", lambda data: b"", "format"),
        ):  # fmt: skip
            city.export(self.folder, scope={"complaint": uuid(2)})
            self.edit(name, change)
            self.finds(kind)

    def test_proofs_missing_and_stray(self):
        city = town()
        city.export(self.folder, scope={"complaint": uuid(2)})
        shutil.copy(self.place("proofs/2.tlog-proof"), self.place("proofs/3.tlog-proof"))
        self.finds("format")
        os.remove(self.place("proofs/3.tlog-proof"))
        os.remove(self.place("proofs/2.tlog-proof"))
        self.finds("format")

    def test_a_proof_of_another_record(self):
        city = town()
        city.export(self.folder, scope={"complaint": uuid(2)})
        shutil.copy(self.place("proofs/5.tlog-proof"), self.place("proofs/2.tlog-proof"))
        self.finds("root")


class Consistency(Case):
    def rewritten(self):
        """The ledger as it was, and as somebody wrote it anew and signed it again."""
        city = town()
        other = copy.deepcopy(city)
        self.spoil(other, 2, "payload", lambda raw: raw.replace("Complaint", "Information"))
        other.boxes = [dict(box) for box in city.boxes]
        return city, other

    def test_history_was_rewritten(self):
        city, other = self.rewritten()
        other.export(self.folder)
        self.clean()
        for size in range(2, 15):
            held = self.keep("held", city.checkpoint(size=size, seed=OLD))
            self.finds("consistency", more=("--holds", held))
        self.clean("--holds", self.keep("held", city.checkpoint(size=1, seed=OLD)))

    def test_it_is_in_the_attestations(self):
        city, other = self.rewritten()
        other.attested = city.attested[:1]
        other.export(self.folder)
        self.finds("consistency")

    def test_the_tail_was_cut(self):
        city = town()
        held = self.keep("held", city.checkpoint())
        city.records.pop()
        city.attested.pop()
        city.export(self.folder)
        self.finds("consistency", more=("--holds", held))

    def test_of_another_ledger(self):
        city = town()
        city.export(self.folder)
        held = city.checkpoint(size=3, seed=OLD, origin="aduan/mojokerta")
        self.finds("consistency", more=("--holds", self.keep("held", held)))

    def test_proofs_of_one_complaint(self):
        city, other = self.rewritten()
        scope = {"complaint": uuid(1)}
        other.export(self.folder, scope=scope, holds=(4, 6))
        self.clean("--holds", self.keep("held", other.checkpoint(size=4)), "--holds", self.keep("old", other.checkpoint(size=6)))
        self.finds("consistency", more=("--holds", self.keep("held", city.checkpoint(size=4, seed=OLD))))
        self.finds("consistency", more=("--holds", self.keep("held", city.checkpoint(size=6, seed=OLD))))
        self.finds("consistency", more=("--holds", self.keep("held", other.checkpoint(size=5))))  # no proof is there
        self.clean("--holds", self.keep("held", other.checkpoint()))
        self.finds("consistency", more=("--holds", self.keep("held", city.checkpoint(seed=OLD))))

    def test_altered_proofs_of_one_complaint(self):
        city = town()
        held = self.keep("held", city.checkpoint(size=6, seed=OLD))
        for change, kind in (
            (lambda data: data.replace(b"old 6\n", b"old 7\n"), "consistency"),
            (lambda data: data.replace(b"old 6\n", b"new 6\n"), "format"),
            (lambda data: data.replace(b"old 6\n", b"old 6\n" + b64(bytes(32)).encode() + b"\n"), "consistency"),
            (lambda data: data.replace(b"\n14\n", b"\n13\n"), "consistency"),
        ):
            city.export(self.folder, scope={"complaint": uuid(1)}, holds=(6,))
            self.edit("consistency/6.tlog-witness", change)
            kinds = {problem["class"] for problem in self.run_it("--holds", held)["problems"]}
            self.assertIn(kind, kinds)

    def test_two_roots_at_one_size(self):
        city, other = self.rewritten()
        other.attested = [(6, other.checkpoint(size=6)), (6, city.checkpoint(size=6, seed=OLD))]
        other.export(self.folder, scope={"complaint": uuid(1)})
        self.finds("consistency")

    def test_a_loss_that_nobody_admitted(self):
        city, lost, _ = forked()
        city.export(self.folder)
        # The same ledger without the record: its place is taken by another one.
        record = city.records[6]
        record["type"] = "Annotated"
        record["payload"] = record["payload"].replace("Forked", "Annotated")
        self.relink(city)
        city.origin = city.name
        city.export(self.folder)
        self.clean()
        self.finds("consistency", "time", more=("--holds", self.keep("held", lost)))

    def test_an_admission_that_was_not_signed(self):
        city, lost, _ = forked()
        record = city.records[6]
        signed = record["payload"]
        record["type"], record["payload"] = "Annotated", signed.replace("Forked", "Annotated")
        self.relink(city)
        city.origin = city.name
        city.export(self.folder)
        self.replace("records.jsonl", record_line(record), record_line(dict(record, type="Forked", payload=signed)))
        self.finds("record", "consistency", "time", more=("--holds", self.keep("held", lost)))

    def test_an_attestation_behind_the_end_of_one_complaint(self):
        city = town()
        longer = copy.deepcopy(city)
        longer.command((4, "Annotated", {}, {}, False))
        city.attested.append((15, longer.checkpoint()))
        city.export(self.folder, scope={"complaint": uuid(1)})
        self.finds("consistency")

    def test_a_proof_for_nothing_that_is_held(self):
        city = town()
        del city.attested[1]
        city.export(self.folder, scope={"complaint": uuid(1)}, holds=(6,))
        self.clean()
        self.edit("consistency/6.tlog-witness", lambda data: data.replace(data.split(b"\n")[1], b64(bytes(32)).encode()))
        self.finds("consistency")

    def test_another_root_than_was_admitted(self):
        city, _, old = forked()
        city.export(self.folder)
        held = self.keep("held", old.checkpoint(top=sha(b"x")))
        self.finds("consistency", more=("--holds", held))

    def test_an_admission_that_does_not_fit(self):
        for old, new in (('"kept":6', '"kept":5'), ('"lost":9', '"lost":6'), ('"line":2', '"line":1')):
            city, _, _ = forked()
            city.records[6]["payload"] = city.records[6]["payload"].replace(old, new)
            self.relink(city)
            city.export(self.folder)
            self.finds("consistency")
        city, _, _ = forked()
        city.records[6]["payload"] = city.records[6]["payload"].replace('"line":2', '"line":"2"')
        self.relink(city)
        city.export(self.folder)
        self.finds("format", "consistency")

    def test_an_admission_of_less_than_was_signed(self):
        city, lost, old = forked()
        held = self.keep("held", lost)
        for size in (8, 9):
            payload = json.loads(city.records[6]["payload"])
            payload["fact"]["Forked"].update(lost=size, root=root(old.leaves()[:size]).hex())
            city.records[6]["payload"] = json.dumps(payload, separators=(",", ":"))
            self.relink(city)
            for scope in ("whole", {"period": {"first": 7, "last": 9}}):
                city.export(self.folder, scope=scope)
                self.finds(*(["consistency"] if size == 8 else []), more=("--holds", held))

    def test_an_admission_in_the_place_of_a_complaint(self):
        city, lost, _ = forked()
        self.move(city, 7, uuid(9))
        self.relink(city)
        city.export(self.folder)
        self.finds("consistency", "time", more=("--holds", self.keep("held", lost)))

    def test_an_admission_that_skips_a_line(self):
        city, _, _ = forked()
        city.records[6]["payload"] = city.records[6]["payload"].replace('"line":2', '"line":3')
        self.move(city, 7, place_of_fork(3))
        self.relink(city)
        for scope in ("whole", {"period": {"first": 7, "last": 9}}):
            city.export(self.folder, scope=scope)
            self.assertIn("leaves out line 2", json.dumps(self.finds("consistency")))

    def test_a_line_that_was_not_begun(self):
        city = town()
        city.origin += "/2"
        city.export(self.folder)
        self.finds("consistency")

    def test_the_line_before_is_gone_on_with(self):
        city, _, _ = forked()
        city.export(self.folder, checkpoint=city.checkpoint(origin=city.name))
        self.assertIn("consistency", {problem["class"] for problem in self.run_it()["problems"]})


class Positions(Case):
    def test_a_record_is_missing(self):
        city = town()
        city.boxes, city.keys = [], []
        for index in range(14):
            city.export(self.folder, boxes=False, keys=False)
            self.drop_line("records.jsonl", index)
            problems = self.run_it()["problems"]
            at = [problem["position"] for problem in problems if problem["class"] == "position"]
            self.assertEqual(at, [index + 1])
            self.assertLessEqual({p["class"] for p in problems}, {"format", "position", "chain", "command"})

    def test_order(self):
        town().export(self.folder, boxes=False, keys=False)

        def swap(data):
            lines = data.splitlines(True)
            lines[9], lines[12] = lines[12], lines[9]
            return b"".join(lines)

        self.edit("records.jsonl", swap)
        self.assertIn("position", {problem["class"] for problem in self.run_it()["problems"]})

    def test_a_record_stands_twice(self):
        town().export(self.folder, boxes=False, keys=False)
        self.edit("records.jsonl", lambda data: data + data.splitlines(True)[-1])
        self.finds("format", "position", "chain")

    def test_behind_the_end(self):
        city = town()
        city.command((1, "Annotated", {}, {}, False))
        more = record_line(city.records.pop()).encode()
        city.export(self.folder)
        self.edit("records.jsonl", lambda data: data + more)
        self.assertIn("position", {problem["class"] for problem in self.run_it()["problems"]})

    def test_the_period(self):
        city = town()
        city.export(self.folder, scope={"period": {"first": 3, "last": 6}}, boxes=False, keys=False)
        self.drop_line("records.jsonl", 3)
        self.assertIn("position", {problem["class"] for problem in self.run_it()["problems"]})

    def test_an_earlier_record_of_the_period(self):
        city = town()
        city.export(self.folder, scope={"period": {"first": 13, "last": 13}}, boxes=False, keys=False)
        self.drop_line("records.jsonl", 0)
        self.finds("format", "chain")

    def test_an_end_that_is_far_away(self):
        town().export(self.folder, scope={"period": {"first": 1, "last": 14}})
        self.replace("manifest.json", '"last":14', '"last":18446744073709551615')
        self.finds("format", "position")

    def test_a_complaint_that_does_not_occur(self):
        town().export(self.folder, scope={"complaint": uuid(7)})
        self.assertIn("position", {problem["class"] for problem in self.run_it()["problems"]})


class Records(Case):
    def test_altered_payload(self):
        town().export(self.folder)
        self.replace("records.jsonl", "Complaint", "Complaine")
        problems = self.finds("record")
        self.assertEqual([problem["position"] for problem in problems], [1])

    def test_altered_metadata(self):
        town().export(self.folder)
        self.replace("records.jsonl", '"part":"1/1","policy":"m', '"part":"1/1","policy":"n')
        self.finds("record")

    def test_altered_head(self):
        town().export(self.folder)
        self.replace("records.jsonl", '"version":"1.0.0"', '"version":"1.0.1"')
        self.finds("record")

    def test_another_record_with_its_own_hash(self):
        """The bytes fit the hash, and the hash is not what was signed."""
        city = town()
        city.export(self.folder)
        record = dict(city.records[13])
        old = record_line(record)
        record["payload"] = record["payload"].replace("Native", "Manual")
        city.rehash(record)
        self.replace("records.jsonl", old, record_line(record))
        self.finds("record")


class Chains(Case):
    def test_a_hole(self):
        city = town()
        self.spoil(city, 14, "sequence", lambda n: n + 1)
        city.export(self.folder)
        self.finds("chain")

    def test_a_beginning_in_the_middle(self):
        city = town()
        for record in city.records:
            record["sequence"] += record["complaint"] == uuid(3)
        self.relink(city)
        city.export(self.folder)
        self.finds("chain")

    def test_a_link(self):
        for position in (1, 14):
            city = town()
            city.records[position - 1]["prev"] = "00" * 32
            if position == 1:
                self.relink(city)
            else:
                self.relink(city, again=False)
            city.export(self.folder)
            problems = self.finds("chain")
            self.assertEqual([problem["position"] for problem in problems], [position])


class Commands(Case):
    def changed(self, position, old, new, *kinds):
        city = town()
        self.spoil(city, position, "metadata", lambda raw: raw.replace(old, new))
        city.export(self.folder)
        return self.finds(*kinds)

    def test_parts(self):
        self.changed(8, '"2/3"', '"3/3"', "command")
        self.changed(9, '"3/3"', '"1/1"', "command")
        self.changed(5, '"2/2"', '"2/3"', "command")
        self.changed(14, '"1/1"', '"1/2"', "command")  # the ledger ends before the last part
        self.changed(1, '"1/1"', '"2/2"', "command")  # and begins behind the first
        self.changed(3, '"1/1"', '"2/1"', "command")
        self.changed(3, '"1/1"', '"one"', "command")
        self.changed(3, '"part":"1/1",', "", "command")
        self.changed(5, '"command":"', '"command":"x', "command")

    def test_a_command_twice(self):
        city = town()
        command = json.loads(city.records[0]["metadata"])["command"]
        self.spoil(city, 2, "metadata", lambda raw: raw.replace(json.loads(raw)["command"], command))
        city.export(self.folder)
        self.finds("command")

    def test_a_part_in_the_middle_is_missing(self):
        town().export(self.folder, boxes=False, keys=False)
        self.drop_line("records.jsonl", 7)
        self.finds("format", "position", "chain", "command")

    def test_the_first_and_the_last_part_are_missing(self):
        city = town()
        for index, told in ((3, [5]), (4, [4]), (6, [8]), (7, [9]), (8, [8])):
            city.export(self.folder, boxes=False, keys=False)
            self.drop_line("records.jsonl", index)
            problems = self.run_it()["problems"]
            self.assertEqual([problem["position"] for problem in problems if problem["class"] == "command"], told)

    def test_one_complaint(self):
        city = town()
        self.spoil(city, 5, "metadata", lambda raw: raw.replace("2/2", "6/6"))
        city.export(self.folder, scope={"complaint": uuid(2)})
        self.finds("command")


class BoxesAndKeys(Case):
    def test_altered(self):
        town().export(self.folder)
        self.replace("boxes.jsonl", b64(b"Lampu mati"), b64(b"Lampu maty"))
        self.finds("box")

    def test_another_box_with_its_own_digest(self):
        town().export(self.folder)
        self.replace("boxes.jsonl", b64(b"Lampu mati"), b64(b"Lampu"))
        self.replace("boxes.jsonl", hexed(b"Lampu mati"), hexed(b"Lampu"))
        self.finds("box")

    def test_each_one_missing(self):
        city = town()
        for index, box in enumerate(city.boxes):
            city.export(self.folder)
            self.drop_line("boxes.jsonl", index)
            if box["position"] == 10:
                self.clean()  # erased
            else:
                self.assertEqual([problem["position"] for problem in self.finds("box")], [box["position"]])

    def test_order_and_strays(self):
        city = town()
        for change in (
            lambda lines: [lines[1], lines[0]] + lines[2:],
            lambda lines: lines[1:] + lines[:1],
            lambda lines: lines + lines[-1:],
            lambda lines: lines + [lines[-1].replace(b'"position":11', b'"position":99')],
            lambda lines: [lines[0].replace(b'"contact"', b'"reporter"')] + lines[1:],
        ):
            city.export(self.folder)
            self.edit("boxes.jsonl", lambda data: b"".join(change(data.splitlines(True))))
            self.finds("box")

    def test_lines_in_no_form(self):
        city = town()
        for change in (
            lambda line: line.replace(b'"}', b'=="}'),
            lambda line: line.replace(b'{"position"', b'{ "position"'),
            lambda line: line.replace(b'"field":"contact"', b'"field":"secret"'),
        ):
            city.export(self.folder)
            self.edit("boxes.jsonl", lambda data: change(data.splitlines(True)[0]) + b"".join(data.splitlines(True)[1:]))
            self.finds("format", "box")

    def test_an_open_value(self):
        city = town()
        self.spoil(city, 6, "payload", lambda raw: raw.replace(hexed(b"Jl. Majapahit"), "Jl. Majapahit"))
        city.boxes = [box for box in city.boxes if box["position"] != 6]
        city.export(self.folder)
        self.finds("box")

    def test_an_erasure_that_was_not_signed_excuses_nothing(self):
        city = town()
        city.boxes = [box for box in city.boxes if box["position"] != 6]
        city.export(self.folder)
        self.replace("records.jsonl", '"keys":["' + commitment(key_of(10)), '"keys":["' + commitment(key_of(6)))
        self.assertIn("box", {problem["class"] for problem in self.run_it()["problems"]})

    def test_keys(self):
        city = town()
        for change in (
            lambda lines: lines[1:],
            lambda lines: [lines[1], lines[0]] + lines[2:],
            lambda lines: lines + lines[-1:],
            lambda lines: [lines[0].replace(key_of(1).hex().encode(), b"00" * 32)] + lines[1:],
            lambda lines: [lines[0].replace(b'"position":1,', b'"position":3,')] + lines[1:],
        ):
            city.export(self.folder)
            self.edit("keys.jsonl", lambda data: b"".join(change(data.splitlines(True))))
            self.finds("box")

    def test_another_key_with_its_own_commitment(self):
        town().export(self.folder)
        self.replace("keys.jsonl", key_of(1).hex(), key_of(77).hex())
        self.replace("keys.jsonl", commitment(key_of(1)), commitment(key_of(77)))
        self.finds("box")


class Documents(Case):
    def test_missing(self):
        city = town()
        for name in city.documents:
            city.export(self.folder)
            os.remove(self.place(name))
            self.finds("document")

    def test_altered(self):
        city = town()
        for name in city.documents:
            city.export(self.folder)
            self.edit(name, lambda data: data + b"\n")
            self.finds("document")

    def test_strays(self):
        town().export(self.folder)
        other = b"name = 'older'\n"
        with open(self.place("policies/%s.toml" % hexed(other)), "wb") as file:
            file.write(other)
        self.clean()
        with open(self.place("policies/%s.toml" % hexed(b"x")), "wb") as file:
            file.write(other)
        self.finds("document")
        os.remove(self.place("policies/%s.toml" % hexed(b"x")))
        with open(self.place("policies/readme.txt"), "wb") as file:
            file.write(other)
        self.finds("document")

    def test_in_the_wrong_folder(self):
        town().export(self.folder)
        name = "%s.toml" % hexed(POLICY)
        os.rename(self.place("policies/" + name), self.place("calendars/" + name))
        self.finds("document")

    def test_a_name_that_is_none(self):
        city = town()
        self.spoil(city, 3, "metadata", lambda raw: raw.replace("mojokerto@1:" + hexed(POLICY), "mojokerto"))
        city.export(self.folder)
        self.finds("document")


class Times(Case):
    def recorded(self, position, shift):
        city = town()
        old = json.loads(city.records[position - 1]["metadata"])["recorded_at"]
        self.spoil(city, position, "metadata", lambda raw: raw.replace(old, str(int(old) + shift)))
        for size, second in ((3, NOON + 180), (9, NOON + 360)):
            city.attested.append((size, city.checkpoint(size=size, second=second)))
        city.export(self.folder)

    def test_the_limits_to_the_microsecond(self):
        # The third record is of NOON + 120 and lies in the checkpoint of NOON + 180.
        self.recorded(3, 660_000_000)
        self.clean()
        self.recorded(3, 660_000_001)
        self.assertEqual([problem["position"] for problem in self.finds("time")], [3])
        # The fourth is of NOON + 180, too, and stands behind it.
        self.recorded(4, -600_000_000)
        self.clean()
        self.recorded(4, -600_000_001)
        self.assertEqual([problem["position"] for problem in self.finds("time")], [4])

    def test_a_time_that_is_none(self):
        for old, new in (('"recorded_at":"', '"recorded_at":"-'), ('"recorded_at"', '"recorded"')):
            city = town()
            self.spoil(city, 3, "metadata", lambda raw: raw.replace(old, new))
            city.export(self.folder)
            self.finds("time")

    def test_the_narrowest_of_all_checkpoints(self):
        """A later one of a smaller size, an earlier one of a greater size: each of them limits."""
        for size, second in ((1, NOON + 3600), (14, NOON - 3600)):
            city = town()
            self.relink(city)
            city.attested = [(n, city.checkpoint(size=n, second=NOON + 300)) for n in (2, 9)]
            city.export(self.folder, checkpoint=city.checkpoint(second=NOON + 660))
            self.clean()
            held = self.keep("held", city.checkpoint(size=size, second=second))
            told = [problem["position"] for problem in self.finds("time", more=("--holds", held))]
            self.assertEqual(told, list(range(2, 15) if size == 1 else range(1, 15)))

    def test_a_held_checkpoint_limits_too(self):
        city = town()
        city.export(self.folder)
        held = self.keep("held", city.checkpoint(size=6, seed=OLD, second=NOON - 3600))
        self.finds("time", more=("--holds", held))


class Garbage(Case):
    """Whatever is in the files: no exception, and no clean bill."""

    SCOPES = ("whole", {"period": {"first": 4, "last": 13}}, {"complaint": uuid(2)})

    def files(self):
        return sorted(
            os.path.relpath(os.path.join(place, name), self.folder).replace(os.sep, "/")
            for place, _, names in os.walk(self.folder)
            for name in names
        )

    def test_whole_files(self):
        city = town()
        for scope in self.SCOPES:
            city.export(self.folder, scope=scope, holds=(3, 6))
            for name in self.files():
                with open(self.place(name), "rb") as file:
                    good = file.read()
                for bad in (b"\n", b"\x00" * 100, b"\xff\n" * 3, b"{}\n", b"[]", b"%\n", good + good):
                    with open(self.place(name), "wb") as file:
                        file.write(bad)
                    self.assertTrue(self.run_it()["problems"], (name, bad[:10]))
                os.remove(self.place(name))
                if not name.startswith("consistency"):
                    self.assertTrue(self.run_it()["problems"], name)
                os.mkdir(self.place(name))
                self.assertTrue(self.run_it()["problems"], name)
                os.rmdir(self.place(name))
                with open(self.place(name), "wb") as file:
                    file.write(good)
            self.clean()
            shutil.rmtree(self.folder)

    def test_single_bytes(self):
        """One byte is changed somewhere: it is found, but in what these classes do not hold against anything."""
        chance = random.Random(20261123)
        city = town()
        for scope in self.SCOPES:
            city.export(self.folder, scope=scope, holds=(3, 6))
            holds = ["--holds", self.keep("three", city.attested[0][1]), "--holds", self.keep("six", city.attested[1][1])]
            names = [name for name in self.files() if name not in ("manifest.json", "states.jsonl")]
            for _ in range(80):
                name = chance.choice(names)
                with open(self.place(name), "rb") as file:
                    good = file.read()
                at = chance.randrange(len(good))
                bad = bytearray(good)
                bad[at] = chance.choice([b for b in (0, 10, 32, 34, 48, 65, 97, 255, bad[at] ^ 1) if b != bad[at]])
                with open(self.place(name), "wb") as file:
                    file.write(bad)
                self.assertTrue(self.run_it(*holds)["problems"], (scope, name, at, good[at], bad[at]))
                with open(self.place(name), "wb") as file:
                    file.write(good)
            shutil.rmtree(self.folder)

    def test_lines_and_manifests_at_random(self):
        chance = random.Random(7)
        city = town()
        city.export(self.folder)
        for name in ("manifest.json", "states.jsonl", "attestations", "records.jsonl"):
            with open(self.place(name), "rb") as file:
                good = file.read()
            for _ in range(40):
                cut, end = sorted(chance.randrange(len(good) + 1) for _ in range(2))
                put = chance.choice((b"", b"\n", b'"', b"{", b"\xf0\x9f", b"\xed\xa0\x80", b"\\ud800", b"9" * 30, b"-1"))
                with open(self.place(name), "wb") as file:
                    file.write(good[:cut] + put + good[end:])
                self.run_it()
            with open(self.place(name), "wb") as file:
                file.write(good)
        self.clean()

    def test_a_folder_that_is_empty(self):
        os.mkdir(self.folder)
        self.assertTrue(self.run_it()["problems"])

    def test_a_line_without_end(self):
        town().export(self.folder)
        longest, verify.LONGEST_LINE = verify.LONGEST_LINE, 4096
        self.addCleanup(setattr, verify, "LONGEST_LINE", longest)
        self.edit("records.jsonl", lambda data: b"x" * 10_000 + b"\n" + data)
        self.finds("format")


class Program(Case):
    """The program as it is called."""

    def call(self, *arguments):
        program = [sys.executable, "-B", os.path.join(HERE, "verify.py")]
        done = subprocess.run(program + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout.decode("ascii"), done.stderr.decode()

    def test_exit_codes_and_lines(self):
        town().export(self.folder)
        key = ("--key", vkey("aduan/mojokerto", OLD))
        self.assertEqual(self.call(self.folder, *key)[0], 0)
        self.replace("records.jsonl", "Complaint", "Complaine")
        code, out, errors = self.call(self.folder, *key)
        self.assertEqual((code, errors), (15, ""))
        self.assertEqual(out.splitlines()[0], "record 1: its bytes have another hash")
        self.assertEqual(len(out.splitlines()), 2)  # and a last one that sums up
        self.edit("leaves.bin", lambda data: bytes(32) + data[32:])
        self.assertEqual(self.call(self.folder, *key)[0], 12)

    def test_no_control_characters_reach_the_terminal(self):
        town().export(self.folder)
        self.replace("manifest.json", '"made_by"', '"\\u001b[2J\u00e4":1,"made_by"')
        code, out, _ = self.call(self.folder, "--key", vkey("aduan/mojokerto", OLD))
        self.assertEqual(code, 10)
        self.assertNotIn("\x1b", out)

    def test_wrong_usage(self):
        town().export(self.folder)
        key = vkey("aduan/mojokerto", OLD)
        for arguments in (
            (),
            (self.folder,),
            (self.folder, "--key"),
            (self.folder, "--key", "x"),
            (self.folder, "--key", key[:-4] + "AAA="),
            (self.folder, "--key", key.replace("mojokerto", "mojokerta")),
            (self.folder, "--key", key, "--slack", "x"),
            (self.folder, "--key", key, "--slack", "-1"),
            (self.folder, "--key", key, "--holds", os.path.join(self.base, "none")),
            (self.folder + "x", "--key", key),
            (self.folder, "--key", key, "--nothing"),
        ):
            self.assertEqual(self.call(*arguments)[0], 2, arguments)

    def test_a_timed_key_is_the_same_key(self):
        town().export(self.folder)
        self.assertEqual(self.call(self.folder, "--key", vkey("aduan/mojokerto", OLD, kind=4))[0], 0)

    def test_the_help_is_there(self):
        with contextlib.redirect_stdout(io.StringIO()) as out, self.assertRaises(SystemExit):
            verify.main(["--help"])
        self.assertIn("--holds", out.getvalue())


if __name__ == "__main__":
    unittest.main()
