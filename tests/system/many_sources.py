"""A feed, mirrors of it whose upload is limited, and a reader with an empty directory that knows them all.

Used by many_sources_test.py, and by itself the benchmark of scripts/bench_swarm.sh.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import sys
import time

from stalling_proxy import StallingProxy
from system_support import SystemTest

ALONE = ["--listen", "127.0.0.1:0", "--no-lsd", "--no-dht"]
RECORD = 1000


class ManySources(SystemTest):
    """Steps that both the test and the benchmark take."""

    def publish_random(self, megabytes):
        """About so many megabytes that nothing compresses; the feed's hex."""
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

    def start_mirrors(self, feed, count, limit):
        """Limited mirrors that serve; returns them and their addresses."""
        mirrors = [self.start("mirror", feed, "--data", self.path("mirror%d" % i), *ALONE, "--up-limit", limit)
                   for i in range(count)]
        return mirrors, [mirror.wait_for(r"^listening (\S+)$").group(1) for mirror in mirrors]

    def start_reader(self, feed, addresses, kind="sub"):
        """A reader with an empty directory."""
        shutil.rmtree(self.path("reader"), ignore_errors=True)
        peers = [word for address in addresses for word in ("--peer", address)]
        command = ["sub", feed, "-e"] if kind == "sub" else ["mirror", feed]
        return self.start(*command, "--data", self.path("reader"), *ALONE, *peers)

    def finish_reader(self, reader, feed, kind, timeout):
        """Waits until it has everything."""
        if kind == "sub":
            self.assertEqual(0, reader.wait(timeout), reader.stderr)
            self.output = reader.stdout_path
        else:
            self.synced(reader, feed, timeout=timeout)
            reader.stop()

    def seconds_to_read(self, feed, addresses, kind="sub", timeout=120):
        """From starting a reader to its having everything: a process's start and its good-bye included. What `sub` wrote
        is in the file self.output then."""
        begin = time.monotonic()
        reader = self.start_reader(feed, addresses, kind)
        self.finish_reader(reader, feed, kind, timeout)
        return time.monotonic() - begin


def stop_later(process, seconds):
    time.sleep(seconds)
    process.send_signal(signal.SIGSTOP)


def measure(world, feed, arguments):
    """One round: megabytes a second with all mirrors, with half of them, and with the other half stalled."""
    mirrors, addresses = world.start_mirrors(feed, 4, arguments.limit)
    megabytes = world.input_bytes / 1e6
    rates = {"all": megabytes / world.seconds_to_read(feed, addresses, arguments.reader),
             "half": megabytes / world.seconds_to_read(feed, addresses[:2], arguments.reader)}
    proxies = [StallingProxy(address, 2_000_000) for address in addresses[2:]]
    rates["half stalled"] = megabytes / world.seconds_to_read(
        feed, addresses[:2] + [proxy.address for proxy in proxies], arguments.reader)
    assert all(proxy.stalled for proxy in proxies), "the stalled mirrors were not asked"
    for proxy in proxies:
        proxy.close()
    begin = time.monotonic()
    reader = world.start_reader(feed, addresses, arguments.reader)
    reader.wait_for("^listening ")
    for mirror in mirrors[2:]:
        stop_later(mirror, 0.5)
    world.finish_reader(reader, feed, arguments.reader, 120)
    rates["half stopped"] = megabytes / (time.monotonic() - begin)
    for mirror in mirrors[2:]:
        mirror.send_signal(signal.SIGCONT)
    for mirror in mirrors:
        mirror.stop()
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--limit", default="10M", help="--up-limit of each of the four mirrors")
    parser.add_argument("--reader", choices=["sub", "mirror"], default="sub")
    parser.add_argument("--json", help="write the figures here")
    arguments = parser.parse_args()
    world = ManySources("run")
    world.setUp()
    try:
        feed = world.publish_random(arguments.megabytes)
        world.fill_mirrors(feed, 4)
        rounds = []
        for number in range(arguments.rounds):
            rounds.append(measure(world, feed, arguments))
            print("round %d: %s" % (number + 1, ", ".join("%s %.1f" % item for item in rounds[-1].items())), flush=True)
    finally:
        world.doCleanups()
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    print("MB/s, medians: " + ", ".join("%s %.1f" % item for item in medians.items()))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"megabytes": arguments.megabytes, "limit": arguments.limit, "reader": arguments.reader,
                       "load": os.getloadavg()[0], "rounds": rounds, "medians": medians}, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
