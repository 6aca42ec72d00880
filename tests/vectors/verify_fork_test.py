#!/usr/bin/python3
"""Tests verify_fork.py on the fork proof of golden_feed.json: it holds, and none of its flips and cuts does."""
import json
import pathlib
import sys

from verify_feed import Unverified
from verify_fork import verify


def rejects(proof, what, feed=None):
    try:
        verify(proof, feed)
    except Unverified:
        return
    sys.exit(f"accepted: {what}")


def main():
    vectors = json.loads((pathlib.Path(__file__).parent / "golden_feed.json").read_text())
    proof = bytes.fromhex(vectors["fork_proof"])
    proven = verify(proof, vectors["feed"])
    if (proven["shorter"], proven["longer"], proven["common_prefix_limit"]) != (3, 5, 2):
        sys.exit(f"other heads: {proven}")
    rejects(proof, "another feed", "00" * 32)
    for bit in range(8 * len(proof)):
        changed = bytearray(proof)
        changed[bit // 8] ^= 1 << bit % 8
        rejects(bytes(changed), f"bit {bit}")
    for size in range(len(proof)):
        rejects(proof[:size], f"cut at {size}")
    rejects(proof + b"\0", "a byte more")
    # One head twice, and a head with its own prefix.
    head = bytes.fromhex(vectors["head"]["compact"])
    rejects(b"\1" + bytes.fromhex(vectors["feed"]) + head + head + b"\0\0", "one head twice")
    rejects(proof[:33] + proof[186:339] + proof[33:186] + proof[339:], "heads exchanged")
    print(f"fork_proof: {8 * len(proof)} flips, all rejected")


if __name__ == "__main__":
    main()
