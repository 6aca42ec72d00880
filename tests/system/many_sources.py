"""A feed, mirrors of it whose upload is limited, and a reader with an empty directory that knows them all: steps that
many_sources_test.py and the benchmark of scripts/bench_swarm.sh take."""

import os
import random
import shutil
import time

from system_support import SystemTest

ALONE = ["--listen", "127.0.0.1:0", "--no-lsd", "--no-dht"]
RECORD = 1000


class ManySources(SystemTest):
    def publish_random(self, megabytes):
        """About this many megabytes that nothing compresses; the feed's hex."""
        chance = random.Random(1)
        path = self.path("input")
        with open(path, "wb") as file:
            for _ in range(megabytes * 1_000_000 // RECORD):
                file.write(b"%0*x\n" % (RECORD - 1, chance.getrandbits(4 * (RECORD - 1))))
        self.input_bytes = os.path.getsize(path)
        return self.publish("publisher", path, "-z", "none", timeout=200)

    def fill_mirrors(self, feed, count):
        """Lets `count` mirrors get all of the feed, and ends them."""
        publisher = self.start("node", "--data", self.path("publisher"), *ALONE)
        address = publisher.wait_for(r"^listening (\S+)$").group(1)
        mirrors = [self.start("mirror", feed, "--data", self.path("mirror%d" % i), *ALONE, "--peer", address)
                   for i in range(count)]
        for mirror in mirrors:
            self.synced(mirror, feed, timeout=200)
        for process in mirrors + [publisher]:
            process.stop()

    def start_mirror_of(self, feed, number, limit):
        """A limited mirror that serves; returns it and its address."""
        mirror = self.start("mirror", feed, "--data", self.path("mirror%d" % number), *ALONE, "--up-limit", limit)
        return mirror, mirror.wait_for(r"^listening (\S+)$").group(1)

    def start_mirrors(self, feed, count, limit):
        """Limited mirrors that serve; returns them and their addresses."""
        return zip(*[self.start_mirror_of(feed, number, limit) for number in range(count)])

    def start_reader(self, feed, addresses, *options):
        """A reader with an empty directory."""
        shutil.rmtree(self.path("reader"), ignore_errors=True)
        peers = [word for address in addresses for word in ("--peer", address)]
        return self.start("sub", feed, "-e", "--data", self.path("reader"), *ALONE, *peers, *options)

    def finish_reader(self, reader, timeout):
        """Waits until it has everything. What it wrote is in the file self.output then."""
        self.assertEqual(0, reader.wait(timeout), reader.stderr)
        self.output = reader.stdout_path

    def seconds_to_read(self, feed, addresses, timeout=120):
        """From starting a reader to its end: a process's start and its good-bye included."""
        begin = time.monotonic()
        self.finish_reader(self.start_reader(feed, addresses), timeout)
        return time.monotonic() - begin
