"""SIGKILL for the publisher at random moments: what was acknowledged is there, offsets have no gap, it goes on.

SHOAL_CRASH_ROUNDS sets the number of kills (scripts/faults.sh moments), SHOAL_TEST_SEED repeats a run.
"""

import json
import os
import random
import subprocess
import threading
import time
import unittest

from system_support import SystemTest, eventually

ROUNDS = int(os.environ.get("SHOAL_CRASH_ROUNDS", "15"))
SEED = int(os.environ.get("SHOAL_TEST_SEED", "0")) or int(time.time())
TOPICS = ("even", "odd")


class Feeder:
    """Writes numbered records to the publisher's stdin until it dies; `sent` says which ones, per topic, in order."""

    def __init__(self, stdin, first, padding):
        self._stdin = stdin
        self._next = first
        self._padding = padding
        self.sent = []
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self):
        try:
            while True:
                record = {"topic": TOPICS[self._next % 2], "n": self._next, "x": "y" * (self._next % self._padding)}
                self.sent.append(record)
                self._stdin.write(json.dumps(record).encode() + b"\n")
                self._next += 1
        except (OSError, ValueError):
            pass

    def join(self):
        self._thread.join(20)
        try:
            self._stdin.close()
        except OSError:
            pass
        return self._next


def acknowledged(output):
    """Topic to the ranges that `--ack-log` printed in whole lines."""
    ranges = {}
    for line in output[:output.rfind(b"\n") + 1].decode().splitlines():
        word, topic, partition, first, last = line.split(" ")
        assert word == "acked" and partition == "0", line
        ranges.setdefault(topic, []).append((int(first), int(last)))
    return ranges


class PublisherCrash(SystemTest):

    def setUp(self):
        super().setUp()
        self.chance = random.Random(SEED)
        self.held = {topic: [] for topic in TOPICS}  # what the feed has to hold, as it is known from the last reading
        self.next = 0
        self.acked_records = 0

    def crash(self, round_number):
        """Publishes until a random moment; returns what was sent and the acknowledged ranges."""
        batch = self.chance.choice(["1K", "16K", "256K", "1M"])
        linger = self.chance.choice(["1ms", "5ms", "100ms"])
        padding = self.chance.choice([10, 300, 5000])
        publisher = self.start("pub", "feed", "--topic-from", "json:/topic", "--ack-log", "--batch-bytes", batch,
                               "--linger", linger, "-z", self.chance.choice(["none", "zstd"]), "--offline", "--data",
                               self.path("publisher"), stdin=subprocess.PIPE)
        feeder = Feeder(publisher.stdin, self.next, padding)
        # Mostly amid commits, now and then in the start itself.
        if round_number % 5 != 4:
            self.assertTrue(eventually(lambda: b"acked" in publisher.stdout(), 20, 0.002), publisher.stderr)
        time.sleep(self.chance.uniform(0, 0.25))
        self.assertTrue(publisher.running(), publisher.stderr)
        publisher.kill()
        self.next = feeder.join()
        return feeder.sent, acknowledged(publisher.stdout())

    def check(self, sent, acked):
        """The feed now: all it held, then a prefix of what was sent that covers every acknowledged offset."""
        self.verify("publisher", "feed")
        read = self.expect(0, "sub", "feed", "-e", "-f", r"%t %p %o %s\n", "--offline", "--data", self.path("publisher"))
        found = {topic: [] for topic in TOPICS}
        for line in read.stdout.decode().splitlines():
            topic, partition, offset, payload = line.split(" ", 3)
            self.assertEqual(("0", len(found[topic])), (partition, int(offset)), "offsets of " + topic)
            found[topic].append(payload)
        for topic in TOPICS:
            expected = self.held[topic] + [json.dumps(one) for one in sent if one["topic"] == topic]
            self.assertGreaterEqual(len(found[topic]), len(self.held[topic]), "records were lost")
            self.assertTrue(found[topic] == expected[:len(found[topic])], "content of " + topic)
            position = len(self.held[topic])
            for first, last in acked.get(topic, []):
                self.assertEqual(position, first, "acknowledgements of %s have a gap" % topic)
                position = last + 1
                self.acked_records += last + 1 - first
            self.assertGreaterEqual(len(found[topic]), position, "an acknowledged record of %s is gone" % topic)
            self.held[topic] = found[topic]

    def test_every_acknowledged_record_survives_sigkill(self):
        print("seed", SEED, "rounds", ROUNDS)
        for round_number in range(ROUNDS):
            with self.subTest(round=round_number, seed=SEED):
                self.check(*self.crash(round_number))
        print("%d records acknowledged, %d held" % (self.acked_records, sum(map(len, self.held.values()))))
        self.assertGreater(self.acked_records, 0)
        # And it goes on as if nothing had happened.
        path = self.path("last")
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps({"topic": "even", "n": -1}) + "\n")
        self.publish("publisher", path, "--topic-from", "json:/topic")
        self.check([{"topic": "even", "n": -1}], {})
        self.assertEqual(json.dumps({"topic": "even", "n": -1}), self.held["even"][-1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
