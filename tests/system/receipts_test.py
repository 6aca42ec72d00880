"""Mirrors that sign what they hold, and publishers that wait for them: real processes on loopback."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

from system_support import LOOPBACK, SystemTest, eventually

ROUNDS = int(os.environ.get("SHOAL_CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("SHOAL_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))


def acked(process):
    """How many records of topic default the publisher named as acknowledged."""
    runs = re.findall(rb"^acked default 0 (\d+) (\d+)$", process.stdout(), re.M)
    expected = 0
    for first, last in runs:
        assert int(first) == expected, runs
        expected = int(last) + 1
    return expected


class ReceiptsTest(SystemTest):
    def start_publisher(self, *arguments):
        """One that reads a pipe; with the feed and the address."""
        process = self.start("pub", "feed", "-", "--ack-log", "--linger", "5ms", "--data", self.path("pub"), *LOOPBACK,
                             *arguments, stdin=subprocess.PIPE)
        feed = process.wait_for(r"^feed ([0-9a-f]{64})$").group(1)
        return process, feed, process.wait_for(r"^listening (\S+)$").group(1)

    def start_mirror_of(self, data, feed, address):
        return self.start("mirror", feed, "--data", self.path(data), *LOOPBACK, "--no-dht", "--peer", address)

    def write(self, process, *lines):
        process.stdin.write(b"".join(line + b"\n" for line in lines))
        process.stdin.flush()

    def info(self, data="pub"):
        return json.loads(self.expect(0, "info", "feed", "--json", "--data", self.path(data), "--offline").stdout)

    def node_key(self, mirror):
        return mirror.wait_for(r"^node key ([0-9a-f]{64})$").group(1)

    def records(self, data, feed, *arguments):
        result = self.run_shoal("sub", feed, "-e", "--data", self.path(data), *arguments)
        self.assertIn(result.code, (0, 3, 4), result)
        return result.stdout.splitlines()


class Acknowledgements(ReceiptsTest):
    def test_two_mirrors_one_of_which_dies_and_comes_back(self):
        publisher, feed, address = self.start_publisher("--acks", "2")
        first = self.start_mirror_of("one", feed, address)
        second = self.start_mirror_of("two", feed, address)
        self.write(publisher, b"a", b"b")
        self.assertTrue(eventually(lambda: acked(publisher) == 2), publisher.stderr)
        second.kill()
        self.write(publisher, b"c")
        key = self.node_key(first)

        def held_by_one():
            info = self.info()
            held = {m["node_key"]: m for m in info["mirrors"]}
            return held[key]["tree_size"] == info["tree_size"] and not held[self.node_key(second)]["connected"]

        # It is durable, and one mirror has it: that is not enough.
        self.assertTrue(eventually(held_by_one), self.info()["mirrors"])
        self.assertEqual(2, acked(publisher))
        again = self.start_mirror_of("two", feed, address)
        self.assertTrue(eventually(lambda: acked(publisher) == 3), publisher.stderr)
        self.assertEqual(self.node_key(second), self.node_key(again))
        publisher.stdin.close()
        self.assertEqual(0, publisher.wait())
        self.assertIn("published 3 records", publisher.stderr)
        self.assertNotIn("no mirror holds this yet", publisher.stderr)
        # Known after a restart, too.
        mirrors = self.info()["mirrors"]
        self.assertEqual(2, len(mirrors))
        for mirror in mirrors:
            self.assertTrue(mirror["everything"])
            self.assertLessEqual(mirror["since_ms"], mirror["time_ms"])

    def test_how_long_an_acknowledgement_takes(self):
        publisher, feed, address = self.start_publisher("--acks", "2")
        for name in ("one", "two"):
            self.start_mirror_of(name, feed, address)
        self.write(publisher, b"first")
        self.assertTrue(eventually(lambda: acked(publisher) == 1), publisher.stderr)
        times = []
        for number in range(2, 22):
            begin = time.monotonic()
            self.write(publisher, b"record %d" % number)
            self.assertTrue(eventually(lambda: acked(publisher) == number, step=0.002), publisher.stderr)
            times.append(time.monotonic() - begin)
        times.sort()
        print("one record acknowledged by two mirrors: median %.0f ms, longest %.0f ms" %
              (1000 * times[len(times) // 2], 1000 * times[-1]))

    def test_what_was_acknowledged_outlives_the_publisher(self):
        publisher, feed, address = self.start_publisher("--acks", "2")
        mirrors = [self.start_mirror_of(name, feed, address) for name in ("one", "two")]
        sent = [b"record %d" % i for i in range(500)]
        self.write(publisher, *sent)
        self.assertTrue(eventually(lambda: acked(publisher) > 100), publisher.stderr)
        publisher.kill()
        count = acked(publisher)
        shutil.rmtree(self.path("pub"))
        # One of them is enough, and it comes back from its disk alone.
        for mirror in mirrors:
            mirror.kill()
        node, address = self.start_node("two", LOOPBACK + ["--no-dht"])
        got = self.records("reader", feed, *LOOPBACK, "--no-dht", "--peer", address)
        self.assertGreaterEqual(len(got), count)
        self.assertEqual(sent[:len(got)], got)
        self.assertEqual(0, node.stop())

    def test_named_mirrors_and_no_other(self):
        publisher, feed, address = self.start_publisher("--acks", "durable")
        stranger = self.start_mirror_of("stranger", feed, address)
        self.write(publisher, b"a")
        self.assertTrue(eventually(lambda: self.info()["mirrors"]), stranger.stderr)
        publisher.stdin.close()
        self.assertEqual(0, publisher.wait())
        data = ("--data", self.path("pub"))
        self.assertEqual(10, self.run_shoal("pub", "feed", "--acks", "backup", *data).code)
        backup = self.expect(0, "key", "show", "--node", "--data", self.path("backup")).stdout.decode().strip()
        self.expect(0, "key", "trust", "backup", backup, *data)
        publisher, _, address = self.start_publisher("--acks", "backup", "--ack-timeout", "60s")
        strange = self.start_mirror_of("stranger2", feed, address)
        self.write(publisher, b"b")
        key = self.node_key(strange)

        def held():
            info = self.info()
            return any(m["node_key"] == key and m["tree_size"] == info["tree_size"] for m in info["mirrors"])

        self.assertTrue(eventually(held), strange.stderr)
        self.assertEqual(b"", publisher.stdout())
        self.start_mirror_of("backup", feed, address)
        self.assertTrue(eventually(lambda: publisher.stdout() == b"acked default 0 1 1\n"), publisher.stderr)
        self.assertIn("backup", [m["name"] for m in self.info()["mirrors"]])
        publisher.stdin.close()
        self.assertEqual(0, publisher.wait())

    def test_without_mirrors_it_says_what_is_durable_and_ends_with_4(self):
        source = self.path("in")
        with open(source, "wb") as file:
            file.write(b"a\nb\n")
        begin = time.monotonic()
        result = self.run_shoal("pub", "feed", source, "--acks", "1", "--ack-timeout", "1s", "--data", self.path("pub"),
                                *LOOPBACK, "--no-dht")
        self.assertEqual(4, result.code, result)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertIn("not acknowledged by 1 mirror", result.stderr)
        self.assertIn("durable here: default 0 1", result.stderr)
        self.assertIn("hint: ", result.stderr)
        self.assertEqual([b"a", b"b"], self.records("pub", "feed", "--offline"))

    def test_through_the_node_of_another_process(self):
        node, address = self.start_node("pub", LOOPBACK + ["--no-dht"])
        source = self.path("in")
        with open(source, "wb") as file:
            file.write(b"a\nb\n")
        late = self.run_shoal("pub", "feed", source, "--acks", "1", "--ack-timeout", "1s", "--data", self.path("pub"))
        self.assertEqual(4, late.code, late)
        self.assertIn("durable here: default 0 1", late.stderr)
        feed = re.search(r"^feed ([0-9a-f]{64})$", late.stderr, re.M).group(1)
        self.start_mirror_of("one", feed, address)
        done = self.run_shoal("pub", "feed", source, "--acks", "1", "--ack-log", "--data", self.path("pub"))
        self.assertEqual(0, done.code, done)
        self.assertEqual(b"acked default 0 2 3\n", done.stdout)
        self.assertEqual(0, node.stop())


class MirrorCrash(ReceiptsTest):
    """SIGKILL for a mirror a moment after a receipt of its own: its disk holds what it signed."""

    def test_a_killed_mirror_holds_what_it_signed(self):
        print("seed %d, %d rounds" % (SEED, ROUNDS))
        choices = random.Random(SEED)
        publisher, feed, address = self.start_publisher("--acks", "1", "--ack-timeout", "10m")
        stop = threading.Event()

        def feed_it():
            number = 0
            while not stop.is_set():
                self.write(publisher, *[b"record %d" % i for i in range(number, number + 20)])
                number += 20
                time.sleep(0.02)

        writer = threading.Thread(target=feed_it)
        writer.start()
        least = None
        try:
            for _ in range(ROUNDS):
                mirror = self.start_mirror_of("mirror", feed, address)
                before = acked(publisher)
                self.assertTrue(eventually(lambda: acked(publisher) > before, 60, 0.002), mirror.stderr)
                # Some more, so that the kill falls between receipts, too.
                time.sleep(choices.random() * 0.4)
                mirror.kill()
                promised = acked(publisher)
                got = self.records("mirror", feed, "--offline")
                self.assertGreaterEqual(len(got), promised)
                self.assertEqual([b"record %d" % i for i in range(len(got))], got)
                least = min(least or len(got) - promised, len(got) - promised)
        finally:
            stop.set()
            writer.join()
        print("the disk held at least %d records more than were promised" % least)
        publisher.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
