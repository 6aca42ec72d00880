"""Stores of former releases (tests/vectors/golden_store_*.tar.zst) are opened by a command that is killed at one of its
file operations; the next command must find all of their records. That covers a migration in place, at each of its steps.
"""

import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading

from program import Directory, Scratch, require
from publisher_faults import operations_of

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")


class Store:
    """A directory of a former release and what it holds."""

    def __init__(self, path, feed, facts):
        self.path, self.feed, self.facts = path, feed, facts
        self.operations = None

    def open_in(self, directory, log=None, at=None):
        return directory.run("sub", self.feed, "-e", "-J", "--offline", "--find-timeout", "100ms", log=log, at=at)

    def count(self):
        if self.operations is None:
            with Scratch("migration-count") as scratch:
                directory = self.copy_to(scratch, "")
                done = self.open_in(directory, log=scratch / "log")
                self.compare(done)
                self.operations = len(operations_of(scratch / "log"))
        return self.operations

    def copy_to(self, scratch, broken):
        shutil.copytree(self.path, scratch / "data")
        return Directory(scratch / "data", broken)

    def compare(self, done):
        require(done.code == 0, "the store is not read", done)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        rows = [[r["topic"], r["partition"], r["offset"], r["ts"], r["key"], r["payload"]] for r in rows]
        require(len(rows) == self.facts["records"], "%d of %d records" % (len(rows), self.facts["records"]), done)
        text = json.dumps(rows, separators=(",", ":"), sort_keys=True).encode()
        require(hashlib.sha256(text).hexdigest() == self.facts["sha256"], "other records", done)
        return len(rows)


class Migration:
    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken
        self.lock = threading.Lock()
        self.stores = None
        self.scratch = None

    def prepare(self):
        with self.lock:
            if self.stores is not None:
                return
            self.scratch, self.stores = Scratch("migration-stores"), []
            for number, archive in enumerate(sorted(glob.glob(os.path.join(VECTORS, "golden_store_*.tar.zst")))):
                place = self.scratch / str(number)
                os.mkdir(place)
                subprocess.run(["tar", "--zstd", "-xf", archive, "-C", place], check=True)
                with open(archive[:-len(".tar.zst")] + ".json", encoding="utf-8") as file:
                    facts = json.load(file)
                for kind in ("own", "mirror"):
                    self.stores.append(Store(os.path.join(place, kind), facts["own"]["feed"], facts["own"]))

    def close(self):
        if self.scratch is not None:
            self.scratch.__exit__(None, None, None)

    def round(self, number, rounds, chance, name):
        self.prepare()
        store = self.stores[number % len(self.stores)]
        with self.lock:
            total = 2 * store.count()
        at = number // len(self.stores)
        if rounds // len(self.stores) < total:
            at = chance.randrange(total)
        fault = "any:%d:%s" % (at // 2 % (total // 2) + 1, ("kill", "tear")[at % 2])
        with Scratch(name) as scratch:
            directory = store.copy_to(scratch, self.broken)
            done = store.open_in(directory, at=fault)
            require(done.code in (0, -signal.SIGKILL), "killed at %s" % fault, done)
            rows = store.compare(store.open_in(directory))
            verified = directory.verify(store.feed)
            # 9: an own feed in a directory that was copied, as these are, is complete but not signed.
            require(verified.code in (0, 9), "the feed does not verify", verified)
        return "%s of %s" % (fault, store.path), rows
