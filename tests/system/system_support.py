"""Real processes for the system tests: each with a data directory of its own, found and ended by pid, never left over.

A test derives from SystemTest. Every wait has a limit, and a failed wait shows what the process had said.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

SHOAL = os.environ.get("SHOAL_BINARY", "shoal")
LOOPBACK = ["--listen", "127.0.0.1:0", "--no-lsd"]


def clean_environment():
    """The caller's environment without what the command would read from it."""
    names = {"STATE_DIRECTORY", "NOTIFY_SOCKET", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"}
    return {k: v for k, v in os.environ.items() if not k.startswith("SHOAL_") and k not in names}


class Process:
    """One running program. Its stderr is collected line by line, its stdout goes to a file."""

    def __init__(self, arguments, stdout_path, stdin=subprocess.DEVNULL):
        self.arguments = arguments
        self.stdout_path = stdout_path
        self._lines = []
        self._news = threading.Condition()
        with open(stdout_path, "wb") as stdout:
            self._popen = subprocess.Popen(arguments, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                           env=clean_environment(), start_new_session=True)
        self.pid = self._popen.pid
        self.stdin = self._popen.stdin
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()

    def _read_stderr(self):
        for line in self._popen.stderr:
            with self._news:
                self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def stderr(self):
        with self._news:
            return "\n".join(self._lines)

    def stdout(self):
        with open(self.stdout_path, "rb") as file:
            return file.read()

    def running(self):
        return self._popen.poll() is None

    def wait_for(self, pattern, timeout=30, occurrence=1):
        """The match of the `occurrence`-th stderr line that holds `pattern`; AssertionError after `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._news:
            while True:
                found = [m for m in (re.search(pattern, line) for line in self._lines) if m]
                if len(found) >= occurrence:
                    return found[occurrence - 1]
                left = end - time.monotonic()
                ended = self._popen.poll() is not None and not self._reader.is_alive()
                if left <= 0 or ended:
                    why = "ended with %s" % self._popen.poll() if ended else "said nothing for %s s" % timeout
                    raise AssertionError("no /%s/: %s %s\n%s" % (pattern, self.arguments, why, "\n".join(self._lines)))
                self._news.wait(min(left, 0.2))

    def send_signal(self, number):
        self._popen.send_signal(number)

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self._popen.kill()
        self._popen.wait()

    def wait(self, timeout=30):
        """The exit code (negative: the signal); AssertionError, and killed, when it does not end in time."""
        try:
            code = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("still running after %s s: %s\n%s" % (timeout, self.arguments, self.stderr)) from None
        self._reader.join(10)
        return code

    def stop(self, number=signal.SIGTERM, timeout=20):
        """Asks it to end and returns its exit code."""
        self.send_signal(number)
        return self.wait(timeout)

    def release(self):
        """Ends it for good, whatever state it is in."""
        if self.running():
            self.kill()
        self._reader.join(10)
        for stream in (self._popen.stdin, self._popen.stderr):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


class Result:
    """How a finished command ended."""

    def __init__(self, process):
        self.code = process.wait(0.1)
        self.stdout = process.stdout()
        self.stderr = process.stderr

    def __str__(self):
        return "exit %d\nstderr:\n%s\nstdout begins: %r" % (self.code, self.stderr, self.stdout[:400])


class SystemTest(unittest.TestCase):
    """A temporary directory, the processes of one test, and a private DHT on loopback when it is asked for."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="shoal-system-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self._processes = []
        self._count = 0
        self._bootstrap = None
        self.addCleanup(self._release_all)

    def _release_all(self):
        for process in self._processes:
            process.release()

    def path(self, name):
        return os.path.join(self.root, name)

    def network(self):
        """Options of a node that meets the others through this test's own rendezvous node alone."""
        if self._bootstrap is None:
            node = self.start("bootstrap", "--data", self.path("rendezvous"), *LOOPBACK)
            self._bootstrap = node.wait_for(r"^listening (\S+)$", 20).group(1)
        return LOOPBACK + ["--bootstrap", self._bootstrap]

    def start(self, *arguments, program=SHOAL, stdin=subprocess.DEVNULL):
        self._count += 1
        process = Process([program, *map(str, arguments)], self.path("stdout.%d" % self._count), stdin)
        self._processes.append(process)
        return process

    def run_shoal(self, *arguments, timeout=50, stdin=subprocess.DEVNULL):
        """Runs a command to its end."""
        process = self.start(*arguments, stdin=stdin)
        process.wait(timeout)
        result = Result(process)
        process.release()
        return result

    def expect(self, code, *arguments, **options):
        """Runs a command that has to end with `code`."""
        result = self.run_shoal(*arguments, **options)
        self.assertEqual(code, result.code, "%s\n%s" % (" ".join(map(str, arguments)), result))
        return result

    # ---- roles ---------------------------------------------------------------------------------------------------

    def publish(self, data, *arguments, name="feed", timeout=50):
        """Publishes offline, to the end; the feed's hex."""
        result = self.expect(0, "pub", name, *arguments, "--offline", "--data", self.path(data), timeout=timeout)
        return re.search(r"^feed ([0-9a-f]{64})$", result.stderr, re.M).group(1)

    def start_seed(self, data, *arguments, name="feed", network=None, stdin=subprocess.DEVNULL):
        """A publisher that stays and serves; returns it and the feed's hex as soon as the feed is known."""
        network = self.network() if network is None else network
        process = self.start("pub", name, *arguments, "--seed", "--data", self.path(data), *network, stdin=stdin)
        return process, process.wait_for(r"^feed ([0-9a-f]{64})$").group(1)

    def start_node(self, data, network=None):
        """A node that serves what its directory holds; returns it and its address."""
        network = self.network() if network is None else network
        process = self.start("node", "--data", self.path(data), *network)
        return process, process.wait_for(r"^listening (\S+)$").group(1)

    def start_mirror(self, data, feed, *arguments, network=None):
        network = self.network() if network is None else network
        return self.start("mirror", feed, "--data", self.path(data), *network, *arguments)

    def synced(self, mirror, feed, size=r"\d+", timeout=50):
        return int(mirror.wait_for(r"^synced %s (%s)$" % (feed, size), timeout).group(1))

    def verify(self, data, feed, code=0):
        """`shoal verify` on a directory that no process has open."""
        return self.expect(code, "verify", feed, "--data", self.path(data))

    # ---- assertions ----------------------------------------------------------------------------------------------

    def assert_same_bytes(self, expected, actual, what=""):
        """Without printing megabytes when they differ."""
        if expected == actual:
            return
        at = next((i for i, (a, b) in enumerate(zip(expected, actual)) if a != b), min(len(expected), len(actual)))
        self.fail("%s: %d bytes expected, %d found, the first difference at %d: %r instead of %r" %
                  (what, len(expected), len(actual), at, actual[at:at + 60], expected[at:at + 60]))


def eventually(condition, timeout=30, step=0.05):
    """Whether `condition` became true in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return bool(condition())
