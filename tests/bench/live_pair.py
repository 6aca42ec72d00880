"""A publisher and a reader of one feed as two processes (live_probe), told what to do line by line."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from counting_proxy import CountingProxy  # noqa: E402


class Probe:
    """One live_probe process."""

    def __init__(self, binary, *arguments):
        self._popen = subprocess.Popen([binary, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True, bufsize=1)

    def tell(self, line):
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def hear(self):
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError("live_probe ended with %s" % self._popen.wait())
        return line.strip()

    def close(self):
        self._popen.stdin.close()
        try:
            self._popen.wait(30)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen.stdout.close()


class LivePair:
    """Both ends, connected; with `counted` every byte between them passes a relay that counts."""

    def __init__(self, binary, directory, kind="disk", interval_us=5000, size=100, counted=False):
        self.publisher = Probe(binary, "publish", os.path.join(directory, "publisher"), kind, interval_us, size)
        self.reader = self.proxy = None
        try:
            _, feed, address = self.publisher.hear().split()
            if counted:
                self.proxy = CountingProxy(address)
                address = self.proxy.address
            self.reader = Probe(binary, "read", os.path.join(directory, "reader"), feed, address)
        except BaseException:
            self.close()
            raise

    def run(self, count):
        """Publishes `count` records one after the other; what the publisher and what the reader measured."""
        self.reader.tell("expect %d" % count)
        assert self.reader.hear() == "ready"
        self.publisher.tell("send %d" % count)
        return json.loads(self.publisher.hear()), json.loads(self.reader.hear())

    def close(self):
        for one in (self.reader, self.publisher, self.proxy):
            if one is not None:
                one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
