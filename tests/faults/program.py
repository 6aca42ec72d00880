"""Runs the command with file_operations.c inside of it, and says what a publisher's directory has to hold."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

SHOAL = os.environ.get("SHOAL_BINARY", "shoal")
PRELOAD = os.environ.get("SHOAL_FILE_OPERATIONS", "libfile_operations.so")
CLOCK_OFFSET = os.environ.get("SHOAL_CLOCK_OFFSET", "libclock_offset.so")
BROKEN_STORE = os.environ.get("SHOAL_BROKEN_STORE", "libbroken_store.so")
TIMEOUT = 60  # seconds for a command
PAUSE = 0.004  # seconds between lines that shall not be one commit

# Ways to break the code on purpose: files that are not synced.
DROPPED_SYNCS = {"journal-sync": "journal", "mirror-sync": "mirrored/*.log"}
LOOPBACK = ("--listen", "127.0.0.1:0", "--no-lsd", "--no-dht")

# Thousands of directories are made and removed: in memory, where there is room.
SCRATCH = os.environ.get("SHOAL_FAULTS_SCRATCH") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


ALSO = "\n  also: "


class Found(Exception):
    """A campaign found a fault, or several with ALSO between them."""


def require(condition, what, done=None):
    if not condition:
        raise Found(what if done is None else "%s\n    %s" % (what, done))


class Done:
    """How a command ended."""

    def __init__(self, arguments, code, stdout, stderr):
        self.arguments, self.code, self.stdout = arguments, code, stdout
        self.stderr = stderr.decode("utf-8", "replace")

    def __str__(self):
        return "%s: exit %d: %s" % (" ".join(self.arguments), self.code, self.stderr.strip().replace("\n", " | ")[-600:])


class Scratch:
    """A directory of one round. Kept below SHOAL_FAULTS_KEEP when the round found something."""

    def __init__(self, name):
        self.name = name
        self.path = tempfile.mkdtemp(prefix="shoal-faults-", dir=SCRATCH)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        keep = os.environ.get("SHOAL_FAULTS_KEEP")
        if kind is not None and issubclass(kind, Found) and keep:
            os.makedirs(keep, exist_ok=True)
            target = os.path.join(keep, self.name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(self.path, target, symlinks=True, ignore=lambda d, names: [
                one for one in names if not os.path.isfile(os.path.join(d, one)) and not os.path.isdir(os.path.join(d, one))])
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return os.path.join(self.path, name)


class Directory:
    """A data directory and how commands are run on it."""

    def __init__(self, path, broken=""):
        self.path = path
        self.broken = broken

    def environment(self, log=None, at=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SHOAL_")}
        preload = [PRELOAD]
        env.update(FAULTS_ROOT=self.path, FAULTS_STEADY="1")
        if log:
            env["FAULTS_LOG"] = log
        if at:
            env["FAULTS_AT"] = at
        if self.broken in DROPPED_SYNCS:
            env["FAULTS_DROP_SYNC"] = DROPPED_SYNCS[self.broken]
        if self.broken == "wal-mode":
            preload.append(BROKEN_STORE)
        env["LD_PRELOAD"] = " ".join(preload)
        return env

    def start(self, *arguments, log=None, at=None, **options):
        command = [SHOAL, *map(str, arguments), "--data", self.path]
        return subprocess.Popen(command, env=self.environment(log, at), **options)

    def run(self, *arguments, log=None, at=None, chunks=(), timeout=TIMEOUT):
        """Runs a command to its end; each chunk goes to its stdin, a moment after the one before."""
        process = self.start(*arguments, log=log, at=at, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        stdin, process.stdin = process.stdin, None
        feeder = threading.Thread(target=self._feed, args=(stdin, chunks))
        feeder.start()
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise Found("still running after %d s: %s" %
                        (timeout, Done(list(map(str, arguments)), -9, stdout, stderr))) from None
        finally:
            feeder.join()
            try:
                stdin.close()
            except OSError:
                pass
        return Done(list(map(str, arguments)), process.returncode, stdout, stderr)

    @staticmethod
    def _feed(stdin, chunks):
        try:
            for number, chunk in enumerate(chunks):
                if number > 0:
                    time.sleep(PAUSE)
                stdin.write(chunk)
                stdin.flush()
            stdin.close()
        except (OSError, ValueError):
            pass  # it died

    # ---- a publisher's feed ---------------------------------------------------------------------------------------

    def publish(self, lines, *options, log=None, at=None):
        """A few lines at a time, so that there are several commits."""
        chunks = [b"".join(line + b"\n" for line in lines[i:i + 4]) for i in range(0, len(lines), 4)]
        return self.run("pub", "feed", "--ack-log", "--offline", "-z", "none", "--batch-bytes", "4K", "--linger", "1ms",
                        *options, log=log, at=at, chunks=chunks)

    def read(self, feed="feed", log=None):
        return self.run("sub", feed, "-e", "-f", r"%o %s\n", "--offline", "--find-timeout", "100ms", log=log)

    def verify(self, feed="feed"):
        return self.run("verify", feed)


def acknowledged(stdout):
    """The first and last offset of each whole line of `--ack-log`."""
    runs = []
    for line in stdout[:stdout.rfind(b"\n") + 1].splitlines():
        word, topic, partition, first, last = line.split(b" ")
        require((word, topic, partition) == (b"acked", b"default", b"0"), "a strange acknowledgement: %r" % line)
        runs.append((int(first), int(last)))
    return runs


class Running:
    """A command that runs on: what it says on stderr, and its end."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.decode("utf-8", "replace").rstrip())
                self._news.notify_all()

    def wait_for(self, pattern, timeout=30):
        end = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self.lines:
                    found = re.search(pattern, line)
                    if found:
                        return found
                left = end - time.monotonic()
                ended = self.process.poll() is not None and not self._reader.is_alive()
                require(left > 0 and not ended, "no /%s/ in %d s, exit code %s: %s" %
                        (pattern, timeout, self.process.returncode, " | ".join(self.lines)[-600:]))
                self._news.wait(min(left, 0.2))

    def end(self, number=signal.SIGKILL):
        """Sends the signal and waits; the exit code."""
        try:
            self.process.send_signal(number)
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Found("still running 20 s after signal %d: %s" % (number, " | ".join(self.lines)[-600:])) from None
        finally:
            self._reader.join(5)
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                if stream:
                    try:
                        stream.close()
                    except OSError:
                        pass
        return self.process.returncode


class Expected:
    """What a feed must hold: what was acknowledged or shown, by offset."""

    def __init__(self):
        self.rows = {}

    def acked(self, stdout, lines):
        """A publisher said this about `lines`."""
        runs = acknowledged(stdout)
        for first, last in runs:
            for offset in range(first, last + 1):
                self._hold(offset, lines[offset - runs[0][0]])
        return sum(last - first + 1 for first, last in runs)

    def shown(self, stdout):
        """A reader delivered this."""
        for line in stdout[:stdout.rfind(b"\n") + 1].splitlines():
            offset, payload = line.split(b" ", 1)
            self._hold(int(offset), payload)

    def _hold(self, offset, payload):
        require(self.rows.setdefault(offset, payload) == payload, "two records at offset %d" % offset)

    def compare(self, done):
        """`done` delivered all of it, without a gap; returns the number of records."""
        rows = done.stdout.splitlines()
        for at, row in enumerate(rows):
            offset, payload = row.split(b" ", 1)
            require(int(offset) == at, "offset %s where %d was due" % (offset.decode(), at))
            require(self.rows.get(at, payload) == payload, "another record at offset %d: %r" % (at, payload[:60]), done)
        missing = [offset for offset in self.rows if offset >= len(rows)]
        require(not missing, "%d records that were acknowledged or shown are gone, the first at offset %d" %
                (len(missing), min(missing, default=0)), done)
        return len(rows)


def check_publisher(directory, expected, feed_known=True):
    """All that was promised is there, the feed verifies, and it signs on with the same history."""
    read = directory.read()
    if not feed_known and not expected.rows and read.code == 10:
        count = 0
    else:
        require(read.code == 0, "the feed is not read", read)
        count = expected.compare(read)
    one = b"and it goes on"
    publish = directory.publish([one])
    require(publish.code == 0, "no record can be appended", publish)
    require(acknowledged(publish.stdout) == [(count, count)], "appended elsewhere than at %d: %r" %
            (count, publish.stdout), publish)
    verified = directory.verify()
    require(verified.code == 0, "the feed does not verify", verified)
