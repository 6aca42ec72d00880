#!/usr/bin/python3
"""Makes golden_feed.json from docs/FORMAT.md alone; the C++ tests must come to the same bytes.

Usage: golden_feed.py           prints the vectors
       golden_feed.py --check   exit code 1 when golden_feed.json differs
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verify_feed import PIECE, cover, encode_entry, fold, sha256, tree_root

HERE = pathlib.Path(__file__).parent
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
FEED = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
TIME = 1500000001000

MANIFEST = b'{"title":"Golden","topics":[{"name":"us","partitions":2}]}'


def batch(base_offset):
    """The worked example of "Record batch", patched as a writer does."""
    raw = bytes.fromhex((HERE / "record_batch/worked_example.hex").read_text())
    return struct.pack(">q", base_offset) + raw[8:12] + struct.pack(">i", 0) + raw[16:]


def block(kind, payload, previous, base_offset, topic="", partition=0, count=1, times=(-1, -1, -1), extension=b""):
    return {"kind": kind, "topic": topic, "partition": partition, "previous": previous, "base_offset": base_offset,
            "record_count": count, "append_time": TIME, "smallest_time": times[0], "largest_time": times[1],
            "running_largest_time": times[2], "extension": extension.hex(), "payload": payload.hex()}


def payload_root(payload):
    return tree_root([sha256(b"\0", payload[at:at + PIECE]) for at in range(0, len(payload), PIECE)])


def header(fields):
    payload = bytes.fromhex(fields["payload"])
    return struct.pack(">BBHIQqIIqqqq", 1, fields["kind"], 0, fields["partition"], fields["previous"],
                       fields["base_offset"], fields["record_count"], len(payload), fields["append_time"],
                       fields["smallest_time"], fields["largest_time"], fields["running_largest_time"]
                       ) + payload_root(payload) + bytes([len(fields["topic"])]) + fields["topic"].encode(
                       ) + bytes.fromhex(fields["extension"])


def note_text(size, root, time, count, topic_root, epoch=0):
    return (f"shoalcast/feed/{FEED.hex()}" + (f"/{epoch}" if epoch else "") + f"\n{size}\n"
            f"{base64.b64encode(root).decode()}\ntime {time}\ntopics {count} {base64.b64encode(topic_root).decode()}\n")


def head(size, root, time, count, topic_root, epoch=0):
    text = note_text(size, root, time, count, topic_root, epoch)
    origin, signature = text.split("\n")[0], KEY.sign(text.encode())
    blob = sha256(origin.encode(), b"\n\1", FEED)[:4] + signature
    return {"tree_size": size, "root": root.hex(), "time": time, "topic_count": count, "topic_root": topic_root.hex(),
            "epoch": epoch, "note": f"{text}\n\u2014 {origin} {base64.b64encode(blob).decode()}\n",
            "compact": (struct.pack(">BIQ32sqI32s", 1, epoch, size, root, time, count, topic_root) + signature).hex()}


def subtrees(leaves, begin, end):
    out = []
    for level in cover(begin, end):
        out.append(tree_root(leaves[begin:begin + (1 << level)]))
        begin += 1 << level
    return out


def frame(kind, body):
    return struct.pack(">BI", kind, len(body)) + body


def run(blocks, leaves, chosen, base):
    head, hashes, at = struct.pack(">QH", base, len(chosen)), [], base
    for index in chosen:
        hashes += subtrees(leaves, at, index)
        at = index + 1
        raw = header(blocks[index])
        head += struct.pack(">QH", index, len(raw)) + raw + b"\1"
    hashes += subtrees(leaves, at, len(leaves))
    head += struct.pack(">H", len(hashes)) + b"".join(hashes)
    return frame(3, struct.pack(">I", len(head)) + head + b"".join(bytes.fromhex(blocks[i]["payload"]) for i in chosen))


def bundle(blocks, leaves, signed, chosen, entries=b"", base=0, topics=()):
    prefix = base
    while prefix in chosen:
        prefix += 1
    split = [i for i in chosen if i < prefix], [i for i in chosen if i >= prefix]
    runs = [run(blocks, leaves, part, base if part[0] < prefix else prefix) for part in split if part]
    end = struct.pack(">QQQqqH", len(chosen), len(chosen), len(leaves), -1 << 63, (1 << 63) - 1, len(topics))
    end += b"".join(bytes([len(topic)]) + topic for topic in topics)
    data = (b"SHOALBN1" + frame(1, signed["note"].encode()) +
            frame(2, struct.pack(">Q", base) + b"".join(subtrees(leaves, 0, base))) + b"".join(runs) + entries +
            frame(5, end + bytes(32))[:-32])
    return (data + hashlib.sha256(data).digest()).hex()


def record_proof(blocks, leaves, signed, index, offset):
    block, feed = blocks[index], FEED.hex()
    text = [feed, block["topic"], str(block["partition"]), str(offset), str(index)]
    encoded = base64.b64encode(header(block)).decode()
    hashes = [base64.b64encode(one).decode() for one in path(leaves, index)]
    payload = base64.b64encode(bytes.fromhex(block["payload"])).decode()
    lines = ["shoal record proof 1", *text, encoded, str(len(hashes)), *hashes, payload, signed["note"]]
    digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    return {"type": "shoal record proof", "version": 1, "feed": feed, "topic": block["topic"],
            "partition": block["partition"], "offset": offset, "block": index, "note": signed["note"],
            "header": encoded, "path": hashes, "payload": payload, "digest": digest}


def path(leaves, position):
    """RFC 9162 section 2.1.3.1."""
    if len(leaves) < 2:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if position < split:
        return path(leaves[:split], position) + [tree_root(leaves[split:])]
    return path(leaves[split:], position - split) + [tree_root(leaves[:split])]


def topic_frame(entries, positions):
    leaves, body = [sha256(b"\0", entry) for entry in entries], struct.pack(">H", len(positions))
    for position in positions:
        hashes = path(leaves, position)
        body += struct.pack(">IH", position, len(entries[position])) + entries[position]
        body += bytes([len(hashes)]) + b"".join(hashes)
    return frame(4, body)


def make():
    first, last = 1499999999000, 1500000000000
    blocks = [
        block(2, MANIFEST, 0, 0),
        block(1, batch(0), 0, 0, "us", 1, 2, (first, last, last)),
        block(1, batch(0), 0, 0, "ak", 0, 2, (first, last, last)),
        block(200, b"of a later version", 1, 1, extension=b"ext"),
        block(1, batch(2), 2, 2, "us", 1, 2, (first, last, last)),
    ]
    for fields in blocks:
        fields["header"] = header(fields).hex()
        fields["payload_root"] = payload_root(bytes.fromhex(fields["payload"])).hex()
        fields["leaf"] = sha256(b"\0", header(fields)).hex()
    leaves = [bytes.fromhex(fields["leaf"]) for fields in blocks]
    entries = [encode_entry("", 0, 2, 4, -1), encode_entry("us", 0, 0, 0, -1), encode_entry("us", 1, 4, 5, last),
               encode_entry("ak", 0, 2, 3, last)]
    topic_root = tree_root([sha256(b"\0", entry) for entry in entries])
    signed = head(5, tree_root(leaves), TIME + 1, 4, topic_root)

    # Another history that shares block 0 only: its head of size 3 conflicts with the head of size 5.
    other = leaves[:1] + [sha256(b"\0", header(block(200, b"x", 1, 1))), sha256(b"\0", header(block(200, b"y", 2, 2)))]
    other_root = tree_root([sha256(b"\0", e) for e in
                            [encode_entry("", 0, 3, 3, -1), encode_entry("us", 0, 0, 0, -1), encode_entry("us", 1, 0, 0, -1)]])
    conflicting = head(3, tree_root(other), TIME + 2, 3, other_root)
    edge, rest = subtrees(leaves, 0, 3), subtrees(leaves, 3, 5)
    fork = (b"\1" + FEED + bytes.fromhex(conflicting["compact"]) + bytes.fromhex(signed["compact"]) +
            bytes([len(edge)]) + b"".join(edge) + bytes([len(rest)]) + b"".join(rest))

    payloads = [bytes(i % 251 for i in range(size)) for size in (0, 1, PIECE, PIECE + 1, 200000, 8 * PIECE)]
    return {
        "seed": SEED.hex(), "feed": FEED.hex(), "manifest": MANIFEST.decode(), "blocks": blocks,
        "roots": [tree_root(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "topic_entries": [entry.hex() for entry in entries], "head": signed,
        "later_epoch": head(5, tree_root(leaves), TIME + 1, 4, topic_root, 7), "conflicting_head": conflicting,
        "fork_proof": fork.hex(), "bundle": bundle(blocks, leaves, signed, range(5)),
        "sparse_bundle": bundle(blocks, leaves, signed, [0, 2, 4], topic_frame(entries, [2, 3])),
        "growth_bundle": bundle(blocks, leaves, signed, [3, 4], topic_frame(entries, [0, 1, 2]), 2, [b"us"]),
        "record_proof": record_proof(blocks, leaves, signed, 1, 1),
        "payload_roots": [{"size": len(payload), "root": payload_root(payload).hex()} for payload in payloads],
    }


def missing_in_document(vectors):
    """Values of the worked examples that docs/FORMAT.md does not print."""
    text = (HERE / "../../docs/FORMAT.md").read_text()
    packed = "".join(text.replace("`", "").replace("|", "").split())
    head = vectors["head"]
    expected = [vectors["blocks"][0]["payload_root"], vectors["blocks"][1]["payload_root"], vectors["blocks"][1]["leaf"],
                vectors["manifest"], head["compact"], head["topic_root"]]
    expected += vectors["roots"] + vectors["topic_entries"] + head["note"].split("\n")
    expected += [vectors["record_proof"]["digest"]]
    fork = vectors["fork_proof"]
    expected += [vectors["conflicting_head"]["compact"], fork[678:808], fork[808:]]
    expected += [vector["root"] for vector in vectors["payload_roots"][:-1]]
    return [value for value in expected if "".join(value.split()) not in packed]


if __name__ == "__main__":
    made = json.dumps(make(), indent=1) + "\n"
    if sys.argv[1:] != ["--check"]:
        print(made, end="")
    elif made != (HERE / "golden_feed.json").read_text():
        sys.exit("golden_feed.json is not what docs/FORMAT.md gives")
    elif missing_in_document(json.loads(made)):
        sys.exit(f"docs/FORMAT.md prints other examples: {missing_in_document(json.loads(made))}")
