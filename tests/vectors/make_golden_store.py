#!/usr/bin/python3
"""Writes data directories with one version of the command, for tests/system/golden_store_test.py.

Usage: make_golden_store.py SHOAL NAME      writes golden_store_NAME.tar.zst and golden_store_NAME.json beside this file

Only for a new schema version, with a binary that writes it: what a former version wrote is never written anew.
`own`: a feed of 300 earthquakes in topics by net, ended cleanly. `killed`: a feed whose publisher was killed (-9) after its
50 records were acknowledged. `mirror`: a mirror of the first, with a reader's cursor behind 120 records.
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import recorded_data  # noqa: E402

LOOPBACK = ["--listen", "127.0.0.1:0", "--no-lsd", "--no-dht"]


def facts_of(shoal, data, feed):
    """What golden_store_test.py expects of one feed."""
    out = subprocess.run([shoal, "sub", feed, "-e", "-J", "--offline", "--data", data], check=True, capture_output=True).stdout
    records = [json.loads(line) for line in out.splitlines()]
    found = [[r["topic"], r["partition"], r["offset"], r["ts"], r["key"], r["payload"]] for r in records]
    text = json.dumps(found, separators=(",", ":"), sort_keys=True).encode()
    info = json.loads(subprocess.run([shoal, "info", feed, "--json", "--offline", "--data", data], check=True,
                                     capture_output=True).stdout)
    return {"feed": info["feed"], "records": len(found), "sha256": hashlib.sha256(text).hexdigest(),
            "tree_size": info["tree_size"], "ends": {topic["name"]: topic["end_offset"] for topic in info["topics"]}}


def wait_for(process, pattern):
    for line in process.stderr:
        match = re.search(pattern, line)
        if match:
            return match.group(1)
    sys.exit(f"error: the process ended without {pattern}")


def main():
    shoal, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as root:
        own, killed, mirror = (os.path.join(root, part) for part in ("own", "killed", "mirror"))
        quakes = recorded_data.write(os.path.join(root, "quakes"),
                                     b"".join(recorded_data.quakes().splitlines(keepends=True)[:300]))

        def run(*words):
            subprocess.run([shoal, *words], check=True, capture_output=True)

        run("pub", "quakes", quakes, *recorded_data.QUAKE_OPTIONS, "--batch-bytes", "4K", "--offline", "--data", own)
        facts = {"own": facts_of(shoal, own, "quakes")}
        publisher = subprocess.Popen([shoal, "pub", "quakes", "-", "--ack-log", "--linger", "5ms", "--offline", "--data", killed],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for number in range(50):
            publisher.stdin.write(b"record %d\n" % number)
            publisher.stdin.flush()
            time.sleep(0.03)
        while b" 49\n" not in publisher.stdout.readline():
            pass
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
        facts["killed"] = {"records": 50}
        source = subprocess.Popen([shoal, "node", "--data", own, *LOOPBACK], stderr=subprocess.PIPE, text=True)
        address = wait_for(source, r"^listening (\S+)$")
        words = [shoal, "mirror", facts["own"]["feed"], "--data", mirror, *LOOPBACK, "--peer", address]
        follower = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        wait_for(follower, r"^(synced) \S+ %d$" % facts["own"]["tree_size"])
        for process in (follower, source):
            process.send_signal(signal.SIGTERM)
            process.wait()
        run("sub", facts["own"]["feed"], "-e", "-c", "120", "--cursor", "reader", "--offline", "--data", mirror)
        facts["mirror"] = {"after_cursor": facts["own"]["records"] - 120}
        subprocess.run(["tar", "--zstd", "-cf", str(HERE / f"golden_store_{name}.tar.zst"), "-C", root, "--sort=name",
                        "--owner=0", "--group=0", "--sparse", "own", "killed", "mirror"], check=True)
    (HERE / f"golden_store_{name}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
