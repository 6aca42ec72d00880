"""A producer whose process may die at any moment: what is in its feed is what was meant to be, each record once."""

import json
import re
import subprocess
import threading
import time

NAME = "feed"


def record(number):
    """The record of this number; now and then one of some size."""
    filler = "x" * (70000 if number % 150 == 149 else 40 + number * 7919 % 400)
    return b'{"number":%d,"filler":"%s"}' % (number, filler.encode())


def content(count):
    return b"".join(record(number) + b"\n" for number in range(count))


class Publisher:
    """Feeds `pub --seed` line by line at a rate. After a kill it asks the directory how far the feed went, and goes on
    from there: what was not acknowledged may have been kept or not."""

    def __init__(self, test, host, records_a_second):
        self.test = test
        self.host = host
        self.interval_s = 1 / records_a_second
        self.process = None
        self.feed = None
        self.written = 0
        self._stopping = threading.Event()
        self._writer = None

    def start(self):
        self.process = self.test.node_on(self.host, "pub", NAME, "--seed", "--linger", "20ms", "--ack-log", "-",
                                         stdin=subprocess.PIPE)
        self.feed = self.process.wait_for(r"^feed ([0-9a-f]{64})$", 30).group(1)
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._write, args=(self.process, self._stopping), daemon=True)
        self._writer.start()

    def _write(self, process, stopping):
        due = time.monotonic()
        while not stopping.is_set():
            try:
                process.stdin.write(record(self.written) + b"\n")
                process.stdin.flush()
            except (OSError, ValueError):  # it was killed, or is being cleaned up
                return
            self.written += 1
            due += self.interval_s
            stopping.wait(max(0, due - time.monotonic()))

    def acknowledged(self):
        """Records that are in the feed for good, as far as this process said."""
        acked = re.findall(rb"^acked default 0 \d+ (\d+)$", self.process.stdout(), re.M)
        return int(acked[-1]) + 1 if acked else 0

    def kill(self):
        self._stopping.set()
        self.process.kill()
        self._writer.join(10)

    def restart(self):
        before = self.acknowledged()
        result = self.test.expect_on(0, self.host, "info", NAME, "--json", "--offline", *self.test.data(self.host))
        topics = [topic for topic in json.loads(result.stdout)["topics"] if topic["name"] == "default"]
        held = topics[0]["end_offset"] if topics else 0
        self.test.assertGreaterEqual(held, before, "acknowledged records are gone")
        self.test.assertLessEqual(held, self.written)
        self.written = held
        self.start()

    def finish(self, timeout=60):
        """Ends the input; the process stays and serves. The number of records in the feed."""
        self._stopping.set()
        self._writer.join(10)
        self.process.stdin.close()
        self.process.wait_for(r"^published \d+ records$", timeout)
        return self.written
