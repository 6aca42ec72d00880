"""A mirror is killed at a file operation, or one of them fails: the next start is clean, and a source completes the copy."""

import random
import signal
import subprocess
import threading

from damage import Source
from program import LOOPBACK, Directory, Found, Running, Scratch, require
from publisher_faults import operations_of
from recording import DATASYNC, SYNC, read_recording

FAULTS = ("any:%d:kill", "any:%d:tear", "write:%d:eio", "write:%d:enospc", "sync:%d:eio", "write:%d:eio+")
ENOUGH = 10  # seconds for a copy


class MirrorFaults:
    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken
        self.lock = threading.Lock()
        self.source = None

    def prepare(self):
        with self.lock:
            if self.source is not None:
                return
            self.scratch = Scratch("mirror-faults-source")
            self.source = Source(self.scratch, random.Random("%s/source" % self.seed))
            with Scratch("mirror-faults-count") as scratch:
                self.copy(Directory(scratch / "data"), scratch / "log", None)
                self.total = len(operations_of(scratch / "log"))

    def close(self):
        if self.source is not None:
            self.source.running.end(signal.SIGTERM)
            self.scratch.__exit__(None, None, None)

    def copy(self, directory, log, at):
        """A mirror until it has everything or ends; None when it had everything, else what it said."""
        feed = self.source.feed
        mirror = Running(directory.start("mirror", feed, *LOOPBACK, "--peer", self.source.address, log=log, at=at,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        failed = None
        try:
            mirror.wait_for("^synced %s %d$" % (feed, self.source.size), ENOUGH if at is None else 3)
        except Found as found:
            failed = found
        code = mirror.end(signal.SIGTERM)
        if at is None and failed is not None:
            raise failed
        require(code >= 0 or code == -signal.SIGKILL and at is not None, "it died with %d: %s" % (code, mirror.lines[-3:]))
        if log and at:
            # RocksDB goes on without its OPTIONS, and without the sync of the directory behind them.
            failed_syncs = sorted({one.name for one in read_recording(log) if one.error and one.kind in (SYNC, DATASYNC) and
                                   "/" in one.name and "OPTIONS" not in one.name})
            require(code != 0 or not failed_syncs, "a failed sync of %s went unnoticed: %s" %
                    (", ".join(failed_syncs), mirror.lines[-3:]))
        require(len(mirror.lines) < 60, "it said %d lines: %s" % (len(mirror.lines), mirror.lines[-3:]))
        return failed

    def round(self, number, rounds, chance, name):
        self.prepare()
        fault = FAULTS[number % len(FAULTS)]
        at = number // len(FAULTS)
        if rounds // len(FAULTS) < self.total:
            at = chance.randrange(chance.choice([0, self.total // 2]), self.total)
        at = fault % (1 + at % (self.total if fault.startswith("any") else max(1, self.total // 3)))
        with Scratch(name) as scratch:
            directory = Directory(scratch / "data", self.broken)
            stopped = self.copy(directory, scratch / "log", at)
            try:
                self.check(directory, stopped)
            except Found as found:
                raise Found("%s: %s" % (at, found)) from None
        return "%s, %s" % (at, "stopped" if stopped else "complete"), len(self.source.lines)

    def check(self, directory, stopped):
        feed, lines = self.source.feed, self.source.lines
        read = directory.read(feed)
        require(read.code in (0, 3, 4, 10), "the copy does not open", read)
        rows = read.stdout.splitlines()
        require(all(row == b"%d %s" % (i, line) for i, (row, line) in enumerate(zip(rows, lines))), "wrong rows", read)
        require(stopped or len(rows) == len(lines), "it said that it had everything", read)
        self.copy(directory, None, None)
        read = directory.read(feed)
        require(read.code == 0 and len(read.stdout.splitlines()) == len(lines), "not completed", read)
        verified = directory.verify(feed)
        require(verified.code == 0, "the copy does not verify", verified)
