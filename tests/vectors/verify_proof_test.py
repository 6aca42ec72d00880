#!/usr/bin/python3
"""Tests verify_proof.py on the record proof of golden_feed.json: it holds, and none of its flips does."""
import json
import pathlib
import random
import sys

from verify_feed import Unverified
from verify_proof import verify

FLIPS = 3000


def rejects(text, what, feed=None):
    try:
        verify(text, feed)
    except Unverified:
        return
    sys.exit(f"accepted: {what}")


def main():
    proof = json.loads((pathlib.Path(__file__).parent / "golden_feed.json").read_text())["record_proof"]
    text = json.dumps(proof, indent=1).encode()
    if verify(text, proof["feed"])["offset"] != 1:
        sys.exit("another offset")
    verify(json.dumps(proof, sort_keys=True).encode())
    rejects(text, "another feed", "00" * 32)
    chosen = random.Random(1)
    for _ in range(FLIPS):
        at, bit = chosen.randrange(len(text)), 1 << chosen.randrange(8)
        changed = bytearray(text)
        changed[at] ^= bit
        rejects(bytes(changed), f"byte {at} xor {bit:#x}")
    for at in range(0, len(text), 7):
        rejects(text[:at], f"cut at {at}")
    for member in proof:
        rejects(json.dumps({name: value for name, value in proof.items() if name != member}).encode(), f"no {member}")
    rejects(json.dumps({**proof, "more": 1}).encode(), "a member more")
    print(f"record_proof: {FLIPS} flips, all rejected")


if __name__ == "__main__":
    main()
