#!/usr/bin/python3
"""Verifies a record proof; written from docs/FORMAT.md alone, as a second implementation of the format.

Usage: verify_proof.py FILE [FEED]      prints what was proven as JSON; exit code 1 and a reason when something is not.
"""
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature

from verify_feed import TOPIC, Unverified, check, check_payload, parse_header, parse_note, sha256

MEMBERS = {"type": str, "version": int, "feed": str, "topic": str, "partition": int, "offset": int, "block": int,
           "note": str, "header": str, "path": list, "payload": str, "digest": str}


def decode(text):
    data = base64.b64decode(text, validate=True)
    check(base64.b64encode(data).decode() == text, "base64")
    return data


def inclusion_root(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    check(index < size, "block: beyond the head")
    node, last, root = index, size - 1, leaf
    for sibling in path:
        check(last > 0, "path: too long")
        if node & 1 or node == last:
            root = sha256(b"\1", sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = sha256(b"\1", root, sibling)
        node, last = node >> 1, last >> 1
    check(last == 0, "path: too short")
    return root


def verify(text, feed=None):
    """The members of a proof whose record is the feed's; Unverified otherwise."""
    try:
        check(len(text) <= 12 << 20, "too large")
        proof = json.loads(text)
        check(isinstance(proof, dict) and set(proof) == set(MEMBERS), "members")
        check(all(type(proof[name]) is kind for name, kind in MEMBERS.items()), "types")
        check(proof["type"] == "shoal record proof" and proof["version"] == 1, "type or version")
        lines = ["shoal record proof 1", proof["feed"], proof["topic"], str(proof["partition"]), str(proof["offset"]),
                 str(proof["block"]), proof["header"], str(len(proof["path"])), *proof["path"], proof["payload"],
                 proof["note"]]
        check(hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest() == proof["digest"], "digest")
        head = parse_note(proof["note"].encode())
        check(head["feed"] == proof["feed"] and feed in (None, head["feed"]), "another feed")
        header, path = decode(proof["header"]), [decode(one) for one in proof["path"]]
        check(len(path) <= 48 and all(len(one) == 32 for one in path), "path")
        check(inclusion_root(sha256(b"\0", header), proof["block"], head["tree_size"], path) == head["root"], "inclusion")
        fields, payload = parse_header(header), decode(proof["payload"])
        check(len(payload) == fields["payload_size"] and fields["kind"] == 1, "payload: size or kind")
        check_payload(fields, payload, head["epoch"])
        check(TOPIC.fullmatch(proof["topic"]), "topic")
        check((fields["topic"], fields["partition"]) == (proof["topic"], proof["partition"]), "topic partition")
        check(0 <= proof["offset"] - fields["base_offset"] < fields["record_count"], "offset")
        return proof
    except InvalidSignature:
        raise Unverified("note: bad signature") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unverified(f"malformed: {error}") from None


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            proven = verify(file.read(), *sys.argv[2:])
        print(json.dumps({name: proven[name] for name in ("feed", "topic", "partition", "offset", "block")}))
    except Unverified as reason:
        sys.exit(f"not verified: {reason}")
