"""How fast one reader with an empty directory gets a feed from four mirrors with limited upload: scripts/bench_swarm.sh.

Needs a network namespace of its own, with the loopback interface up and rights to make another one in it.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

from many_sources import ManySources  # pylint: disable=wrong-import-position
from stalling_proxy import StallingProxy  # pylint: disable=wrong-import-position
from system_support import SHOAL, eventually  # pylint: disable=wrong-import-position


def run(*command):
    subprocess.run(command, check=True)


class FarHost:
    """A second host, which cannot dial this one: peers tell each other of peers, and a mirror that stalls behind a proxy
    would else be met without it."""

    HERE, PROXY, THERE = "10.0.0.1", "10.0.0.9", "10.0.0.2"

    def __init__(self, world):
        self._world = world
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        world.addCleanup(holder.wait)
        world.addCleanup(holder.kill)
        ours = os.readlink("/proc/self/ns/net")
        assert eventually(lambda: os.readlink("/proc/%d/ns/net" % holder.pid) != ours, 10)
        self._inside = ["--net=/proc/%d/ns/net" % holder.pid]
        run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(holder.pid))
        for address in (self.HERE, self.PROXY):
            run("ip", "address", "add", address + "/24", "dev", "near")
        run("ip", "link", "set", "near", "up")
        run("nsenter", *self._inside, "ip", "address", "add", self.THERE + "/24", "dev", "far")
        run("nsenter", *self._inside, "ip", "link", "set", "far", "up")

    def start_mirror_of(self, feed, number, limit):
        mirror = self._world.start(*self._inside, SHOAL, "mirror", feed, "--data", self._world.path("mirror%d" % number),
                                   "--listen", self.THERE + ":0", "--no-lsd", "--no-dht", "--up-limit", limit,
                                   program="nsenter")
        return mirror, mirror.wait_for(r"^listening (\S+)$").group(1)

    @contextlib.contextmanager
    def behind_proxies(self):
        """While it lasts, nothing but proxies that dial from PROXY reaches the host."""
        rule = ["OUTPUT", "-d", self.THERE, "!", "-s", self.PROXY, "-j", "DROP"]
        run("iptables", "-A", *rule)
        try:
            yield
        finally:
            run("iptables", "-D", *rule)


class Bench:
    """One round after the other, over mirrors 0 and 1, which always give, and 2 and 3."""

    def __init__(self, world, feed, arguments):
        self._world, self._feed, self._limit = world, feed, arguments.limit
        self._far = FarHost(world)

    def round(self):
        """The rates with half of the mirrors, with the other half stalled, with all, of one topic alone (here all of the
        feed) with all, and with half of them stopped."""
        rates = {}
        first = [self._start(0), self._start(1)]
        near = [address for _, address in first]
        rates["half"] = self._read(near)
        second = [self._start_far(2), self._start_far(3)]
        far = [address for _, address in second]
        with self._far.behind_proxies():
            proxies = [StallingProxy(address, 2_000_000, FarHost.PROXY) for address in far]
            rates["half stalled"] = self._read(near + [proxy.address for proxy in proxies])
            assert all(proxy.stalled for proxy in proxies), "the stalled mirrors were not asked"
            for proxy in proxies:
                proxy.close()
        rates["all"] = self._read(near + far)
        rates["all, sparse"] = self._read(near + far, ["--sparse", "-t", "default"])
        rates["half stopped"] = self._read(near + far, [], lambda: [mirror.send_signal(signal.SIGSTOP) for mirror, _ in second])
        for mirror, _ in second:
            mirror.send_signal(signal.SIGCONT)
        for mirror, _ in first + second:
            mirror.stop()
        return rates

    def _start(self, number):
        return self._world.start_mirror_of(self._feed, number, self._limit)

    def _start_far(self, number):
        return self._far.start_mirror_of(self._feed, number, self._limit)

    def _read(self, addresses, options=(), disturb=None):
        """MB/s from the reader's start to its last byte, and to its end. `disturb` is called after half a second."""
        begin = time.monotonic()
        reader = self._world.start_reader(self._feed, addresses, *options)
        disturb_at, last_size, last_byte = begin + 0.5, 0, begin
        while reader.running() and time.monotonic() < begin + 300:
            time.sleep(0.02)
            size = os.path.getsize(reader.stdout_path)
            if size != last_size:
                last_size, last_byte = size, time.monotonic()
            if disturb and time.monotonic() >= disturb_at:
                disturb()
                disturb = None
        self._world.finish_reader(reader, 10)
        assert last_size == self._world.input_bytes, "the reader has %d bytes" % last_size
        megabytes = last_size / 1e6
        return {"to the last byte": megabytes / (last_byte - begin), "to the end": megabytes / (time.monotonic() - begin)}


def in_words(rates):
    return ", ".join("%s %.1f (%.1f)" % (name, one["to the last byte"], one["to the end"]) for name, one in rates.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--limit", default="9765K", help="--up-limit of each of the four mirrors; 9765K are 10 MB/s")
    parser.add_argument("--json", help="write the figures here")
    arguments = parser.parse_args()
    world = ManySources("run")
    world.setUp()
    try:
        feed = world.publish_random(arguments.megabytes)
        world.fill_mirrors(feed, 4)
        bench = Bench(world, feed, arguments)
        rounds = []
        for number in range(arguments.rounds):
            rounds.append(bench.round())
            print("round %d: %s" % (number + 1, in_words(rounds[-1])), flush=True)
    finally:
        world.doCleanups()
    medians = {name: {until: statistics.median(one[name][until] for one in rounds) for until in rounds[0][name]}
               for name in rounds[0]}
    print("MB/s to the last byte (to the reader's end), medians: " + in_words(medians))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"megabytes": arguments.megabytes, "limit": arguments.limit, "load": os.getloadavg()[0],
                       "rounds": rounds, "medians": medians}, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
