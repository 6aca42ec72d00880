#!/usr/bin/python3
"""Verifies the bundles in a file; written from docs/FORMAT.md alone, as a second implementation of the format.

Usage: verify_feed.py FILE      prints what was proven as JSON; exit code 1 and a reason when something is not.
"""
import base64
import hashlib
import json
import re
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PIECE, MAX_PAYLOAD, MAX_FRAME, MAX_TREE, MAX_PARTITIONS = 64 << 10, 8 << 20, 12 << 20, 1 << 48, 65536
TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class Unverified(Exception):
    """Bytes that do not prove."""


def check(condition, what):
    if not condition:
        raise Unverified(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tree_root(leaves):
    """RFC 9162 section 2.1.1 over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", tree_root(leaves[:split]), tree_root(leaves[split:]))


def cover(begin, end):
    """Levels of the largest perfect subtrees that tile [begin, end)."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        yield level
        begin += 1 << level


def fold(edge, level, subtree):
    """Appends a perfect subtree to a right edge: a list of (level, hash), largest first."""
    while edge and edge[-1][0] == level:
        subtree, level = sha256(b"\1", edge.pop()[1], subtree), level + 1
    edge.append((level, subtree))


def edge_root(edge):
    root = edge[-1][1] if edge else sha256()
    for _, left in reversed(edge[:-1]):
        root = sha256(b"\1", left, root)
    return root


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        check(size <= len(self.data) - self.at, "cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def numbers(self, layout):
        values = struct.unpack(">" + layout, self.take(struct.calcsize(">" + layout)))
        return values if len(values) > 1 else values[0]

    def hashes(self, count):
        return [self.take(32) for _ in range(count)]

    def end(self):
        check(self.at == len(self.data), "bytes left over")


def parse_note(text):
    """C2SP signed note with our five lines; the feed id, the head's fields."""
    check(len(text) <= 16384 and not re.search(rb"[\x00-\x09\x0b-\x1f]", text), "note: size or control characters")
    signed, blank, signatures = text.decode().rpartition("\n\n")
    lines = signed.split("\n")
    check(blank and len(lines) == 5, "note: not five lines")
    origin = re.fullmatch(r"shoalcast/feed/([0-9a-f]{64})(?:/([1-9][0-9]{0,9}))?", lines[0])
    number = "(0|[1-9][0-9]{0,18})"
    size, time = re.fullmatch(number, lines[1]), re.fullmatch("time " + number, lines[3])
    topics = re.fullmatch(f"topics {number} ([A-Za-z0-9+/]{{43}}=)", lines[4])
    check(origin and size and time and topics, "note: malformed line")
    head = {"feed": origin[1], "epoch": int(origin[2] or 0), "tree_size": int(size[1]), "time": int(time[1]),
            "topic_count": int(topics[1]), "root": base64.b64decode(lines[2], validate=True),
            "topic_root": base64.b64decode(topics[2], validate=True)}
    check(base64.b64encode(head["root"]).decode() == lines[2] and len(head["root"]) == 32, "note: root")
    check(base64.b64encode(head["topic_root"]).decode() == topics[2], "note: topic root")
    check(head["tree_size"] < MAX_TREE and head["epoch"] < 1 << 32 and head["time"] < 1 << 63, "note: limits")
    check(1 <= head["topic_count"] <= MAX_PARTITIONS + 1, "note: topic count")
    key = bytes.fromhex(head["feed"])
    key_id = sha256(lines[0].encode(), b"\n\1", key)[:4]
    check(signatures.endswith("\n"), "note: no final line feed")
    ours = []
    for line in signatures[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/]+={0,2})", line)
        check(match, "note: malformed signature line")
        blob = base64.b64decode(match[2], validate=True)
        check(base64.b64encode(blob).decode() == match[2] and len(blob) > 4, "note: malformed signature")
        if match[1] == lines[0] and blob[:4] == key_id:
            ours.append(blob[4:])
    check(len(ours) == 1, "note: not signed once by the feed's key")
    Ed25519PublicKey.from_public_bytes(key).verify(ours[0], (signed + "\n").encode())
    return head


def parse_header(data):
    """Section "Block": the header's fields, checked."""
    check(97 <= len(data) <= 1024, "header: size")
    names = ("version kind flags partition previous base_offset record_count payload_size append_time smallest_time "
             "largest_time running_largest_time payload_root topic_length").split()
    head = dict(zip(names, struct.unpack(">BBHIQqIIqqqq32sB", data[:97])))
    check(head["version"] == 1 and head["kind"] != 0 and head["flags"] == 0, "header: version, kind or flags")
    check(97 + head["topic_length"] <= len(data), "header: topic")
    head["topic"] = data[97:97 + head["topic_length"]].decode("ascii")
    times = head["smallest_time"], head["largest_time"], head["running_largest_time"]
    if head["kind"] == 1:
        check(TOPIC.fullmatch(head["topic"]) and head["topic"] not in (".", ".."), "header: topic")
        check(head["partition"] < MAX_PARTITIONS and head["record_count"] > 0, "header: partition or count")
        check(times[0] <= times[1] <= times[2], "header: times")
    else:
        check(head["topic"] == "" and head["partition"] == 0 and head["record_count"] == 1, "header: reserved stream")
        check(times == (-1, -1, -1), "header: times")
    check(0 <= head["base_offset"] < (1 << 63) - head["record_count"], "header: base offset")
    check((head["base_offset"] == 0) == (head["previous"] == 0) and head["previous"] <= MAX_TREE, "header: previous")
    check(head["payload_size"] <= (64 << 10 if head["kind"] == 2 else MAX_PAYLOAD), "header: payload size")
    check(head["append_time"] >= 0, "header: append time")
    return head


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def crc_entry(value):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


CRC_TABLE = [crc_entry(i) for i in range(256)]


def check_payload(head, payload, epoch):
    """The payload is the one its header names; a data payload is a sound record batch."""
    pieces = [payload[at:at + PIECE] for at in range(0, len(payload), PIECE)]
    check(tree_root([sha256(b"\0", piece) for piece in pieces]) == head["payload_root"], "payload: root")
    if head["kind"] == 2:
        check(isinstance(json.loads(payload.decode()), dict), "manifest: no object")
    if head["kind"] != 1:
        return
    check(len(payload) > 61, "batch: size")
    base, length, leader, magic, crc, attributes, last, _, largest = struct.unpack(">qiibIHiqq", payload[:43])
    count = struct.unpack(">i", payload[57:61])[0]
    check(length == len(payload) - 12 and magic == 2 and attributes <= 4, "batch: header")
    check(crc == crc32c(payload[21:]), "batch: CRC")
    check(base == head["base_offset"] and count == head["record_count"] and last == count - 1, "batch: offsets")
    check(leader <= epoch and largest == head["largest_time"], "batch: epoch or time")


class TopicState:
    """Section "Topic state": entries in creation order."""

    def __init__(self):
        self.entries = {("", 0): (0, 0, -1)}  # (topic, partition) -> next offset, last block + 1, largest time
        self.known = True  # until the payload of a manifest is missing

    def apply(self, index, head, payload):
        if not self.known:
            return
        stream = head["topic"], head["partition"]
        if stream not in self.entries:
            check(stream[1] == 0 and len(self.entries) <= MAX_PARTITIONS, "topic state: no such partition")
        offset, last, largest = self.entries.get(stream, (0, 0, -1))
        check(head["base_offset"] == offset and head["previous"] == last, "topic state: does not continue")
        check(head["running_largest_time"] == max(largest, head["largest_time"]), "topic state: largest time")
        self.entries[stream] = offset + head["record_count"], index + 1, head["running_largest_time"]
        if head["kind"] == 2 and payload is None:
            self.known = False
        elif head["kind"] == 2:
            for topic in json.loads(payload.decode()).get("topics", []):
                partitions = topic.get("partitions", 1)
                known = sum(1 for name, _ in self.entries if name == topic["name"])
                check(TOPIC.fullmatch(topic["name"]) and known in (0, partitions), "topic state: partitions changed")
                for partition in range(0 if known else partitions):
                    self.entries[topic["name"], partition] = 0, 0, -1
            check(len(self.entries) <= MAX_PARTITIONS + 1, "topic state: too many partitions")

    def root(self):
        return tree_root([sha256(b"\0", encode_entry(*key, *value)) for key, value in self.entries.items()])


def encode_entry(topic, partition, next_offset, last_block, largest_time):
    return bytes([len(topic)]) + topic.encode() + struct.pack(">IQQq", partition, next_offset, last_block, largest_time)


def check_entry(entry, position, path, head):
    """RFC 9162 section 2.1.3.2 for one topic-state entry."""
    found, node, last = sha256(b"\0", entry), position, head["topic_count"] - 1
    check(position <= last, "topic entry: position")
    for sibling in path:
        check(last > 0, "topic entry: path too long")
        if node & 1 or node == last:
            found = sha256(b"\1", sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\1", found, sibling)
        node, last = node >> 1, last >> 1
    check(last == 0 and found == head["topic_root"], "topic entry: does not prove")


class Verifier:
    """One bundle: the blocks of [base, end of its range) that it selects."""

    def __init__(self, head, base, edge, state):
        check(base <= head["tree_size"], "base: beyond the head")
        self.head, self.base, self.state = head, base, state
        self.edge, self.prefix = edge, base  # right edge of the blocks that came from the base on without a hole
        self.next_block, self.next_entry, self.proven = 0, 0, base == head["tree_size"] and edge_root(edge) == head["root"]
        self.blocks = self.payloads = self.records = 0

    def run(self, body):
        data = Reader(body)
        head = Reader(data.take(data.numbers("I")))
        base, count = head.numbers("QH")
        check(base == self.prefix and count <= 256, "run: base or count")
        check(self.next_entry == 0, "run: after topic entries")
        blocks, total = [], 0
        for _ in range(count):
            index, size = head.numbers("QH")
            header = head.take(size)
            mark, payload = head.numbers("B"), None
            fields = parse_header(header)
            check(mark <= 2 and self.next_block <= index < self.head["tree_size"] and index >= base, "run: mark or order")
            if mark == 1:
                payload = data.take(fields["payload_size"])
                total += len(payload)
            blocks.append((index, header, fields, payload))
            self.next_block = index + 1
        check(total <= MAX_PAYLOAD, "run: too large")
        hashes = iter(head.hashes(head.numbers("H")))
        head.end()
        data.end()
        self.prove(blocks, hashes)
        for index, _, fields, payload in blocks:
            self.blocks += 1
            if payload is not None:
                check_payload(fields, payload, self.head["epoch"])
                self.payloads += 1
                self.records += fields["record_count"] if fields["kind"] == 1 else 0

    def prove(self, blocks, hashes):
        edge, size = list(self.edge), self.prefix
        for index, header, fields, payload in blocks:
            size = self.fold_gap(edge, size, index, hashes)
            fold(edge, 0, sha256(b"\0", header))
            size += 1
            if index == self.prefix:
                self.state.apply(index, fields, payload)
                self.edge, self.prefix = list(edge), size
        self.fold_gap(edge, size, self.head["tree_size"], hashes)
        check(next(hashes, None) is None, "run: too many hashes")
        check(edge_root(edge) == self.head["root"], "run: does not prove")
        self.proven = True

    def fold_gap(self, edge, size, end, hashes):
        for level in cover(size, end):
            subtree = next(hashes, None)
            check(subtree is not None, "run: too few hashes")
            fold(edge, level, subtree)
        return end

    def topics(self, body):
        data = Reader(body)
        count = data.numbers("H")
        check(1 <= count <= 256, "topic entries: count")
        for _ in range(count):
            position, size = data.numbers("IH")
            entry = data.take(size)
            path = data.hashes(data.numbers("B"))
            check(position >= self.next_entry, "topic entries: order")
            check_entry(entry, position, path, self.head)
            self.next_entry = position + 1
        data.end()

    def finish(self, body, digest):
        """The selected topics; checks the digest, the totals, and the topic state where it is known."""
        data = Reader(body)
        blocks, payloads, self.end, start, before, count = data.numbers("QQQqqH")
        topics = [data.take(data.numbers("B")).decode("ascii") for _ in range(count)]
        check(count <= 8192 and topics == sorted(set(topics)), "end: topics")
        check(all(TOPIC.fullmatch(topic) and topic not in (".", "..") for topic in topics), "end: topics")
        check(data.take(32) == digest, "end: digest")
        data.end()
        check((blocks, payloads) == (self.blocks, self.payloads), "end: totals")
        check(max(self.base, self.next_block) <= self.end <= self.head["tree_size"] and self.proven, "end: range")
        self.complete = self.prefix == self.head["tree_size"] and self.state.known
        if self.complete:
            check(len(self.state.entries) == self.head["topic_count"], "topic state: count")
            check(self.state.root() == self.head["topic_root"], "topic state: root")
        self.selected = topics


class Frames:
    """Magic and frames of a stream, one in memory at a time, and the digest of a bundle's bytes so far."""

    def __init__(self, stream):
        self.stream, self.digest = stream, None

    def take(self, size):
        data = self.stream.read(size)
        check(len(data) == size, "cut short")
        return data

    def begin(self):
        magic = self.stream.read(8)
        if magic:
            check(magic == b"SHOALBN1", "no bundle")
            self.digest = hashlib.sha256(magic)
        return bool(magic)

    def next(self):
        head = self.take(5)
        kind, size = struct.unpack(">BI", head)
        check(size <= MAX_FRAME, "frame above the limit")
        body = self.take(size)
        self.digest.update(head + (body[:-32] if kind == 5 else body))
        return kind, body


def verify_one(frames, before):
    kind, body = frames.next()
    check(kind == 1, "no note")
    head = parse_note(body)
    kind, body = frames.next()
    check(kind == 2, "no base")
    data = Reader(body)
    base = data.numbers("Q")
    check(base < MAX_TREE, "base: limit")
    levels = list(cover(0, base))
    edge = list(zip(levels, data.hashes(len(levels))))
    data.end()
    check(not before or before.head["feed"] == head["feed"], "bundles of two feeds")
    # Known are the blocks from 0 on: this bundle's, or those of the bundles that it continues.
    state, continues = TopicState(), before and before.prefix == base and before.edge == edge
    if continues and base:
        state = before.state
    elif base:
        state.known = False
    verifier = Verifier(head, base, edge, state)
    while True:
        kind, body = frames.next()
        check(kind in (3, 4, 5), "unknown frame")
        if kind == 5:
            verifier.finish(body, frames.digest.digest())
            return verifier
        (verifier.run if kind == 3 else verifier.topics)(body)


def verify(stream):
    """The summary of all bundles in the stream; Unverified otherwise."""
    try:
        frames, done = Frames(stream), []
        while frames.begin():
            done.append(verify_one(frames, done[-1] if done else None))
        check(done, "no bundle")
        last, head = done[-1], done[-1].head
        return {"feed": head["feed"], "epoch": head["epoch"], "tree_size": head["tree_size"], "root": head["root"].hex(),
                "time": head["time"], "complete": last.complete, "blocks": sum(one.blocks for one in done),
                "payloads": sum(one.payloads for one in done), "records": sum(one.records for one in done),
                "topics": {f"{t}/{p}": v[0] for (t, p), v in last.state.entries.items() if t} if last.complete else None}
    except InvalidSignature:
        raise Unverified("note: bad signature") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unverified(f"malformed: {error}") from None


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            print(json.dumps(verify(file), indent=1))
    except Unverified as reason:
        sys.exit(f"not verified: {reason}")
