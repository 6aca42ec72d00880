#!/usr/bin/python3
"""Tests verify_feed.py: it accepts honest bundles and rejects every bundle with a changed byte or a missing end.

Usage: verify_feed_test.py            the bundles of golden_feed.json, exhaustively
       verify_feed_test.py PROGRAM    bundles that PROGRAM writes into a directory (full.shoal, sparse.shoal, …) and
                                      describes there in expected.json; bytes are sampled
"""
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from verify_feed import Unverified, verify

HERE = pathlib.Path(__file__).parent


def rejects(data, what):
    try:
        verify(io.BytesIO(data))
    except Unverified:
        return
    sys.exit(f"accepted: {what}")


def attack(data, positions):
    for at in positions:
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            rejects(bytes(changed), f"byte {at} xor {flip:#x}")
        rejects(data[:at], f"cut at {at}")
        rejects(data[:at] + data[at + 1:], f"without byte {at}")
    rejects(data + b"\0", "a byte more")
    return len(positions)


def expect(summary, expected):
    for key, value in expected.items():
        if summary[key] != value:
            sys.exit(f"{key} is {summary[key]}, not {value}")


def golden():
    vectors = json.loads((HERE / "golden_feed.json").read_text())
    for name, complete, blocks in (("bundle", True, 5), ("sparse_bundle", False, 3), ("growth_bundle", False, 2)):
        data = bytes.fromhex(vectors[name])
        expect(verify(io.BytesIO(data)), {"feed": vectors["feed"], "complete": complete, "blocks": blocks,
                                         "root": vectors["head"]["root"]})
        print(f"{name}: {attack(data, range(len(data)))} positions changed, all rejected")


def produced(program):
    chosen = random.Random(1)
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([program, directory], check=True)
        expected = json.loads((pathlib.Path(directory) / "expected.json").read_text())
        for name, facts in expected.items():
            data = (pathlib.Path(directory) / name).read_bytes()
            expect(verify(io.BytesIO(data)), facts)
            positions = sorted(chosen.sample(range(len(data)), min(len(data), 60)))
            print(f"{name}: {len(data)} bytes verified; {attack(data, positions)} positions changed, all rejected")
        if len(expected) < 2:
            sys.exit("nothing was produced")


if __name__ == "__main__":
    produced(sys.argv[1]) if sys.argv[1:] else golden()
