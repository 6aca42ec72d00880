"""How old a reader's view is, and whether it is whole: said, and never taken for more than it is."""

import json
import signal
import unittest

import recorded_data as data
from system_support import LOOPBACK, SystemTest, eventually

ALONE = [*LOOPBACK, "--no-dht"]


class Freshness(SystemTest):

    def test_a_reader_leaves_when_even_heartbeats_stay_away(self):
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"),
                                          network=[*ALONE, "--heartbeat", "1s"])
        address = publisher.wait_for(r"^listening (\S+)$").group(1)
        node = ["--data", self.path("reader"), *ALONE, "--peer", address]
        reader = self.start("sub", feed, "--stall-exit", "8s", *node)
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\n"), reader.stderr)
        # Heartbeats alone keep it: its view grows no older, though no record comes.
        ages = []

        def heard_for_long():
            info = json.loads(self.expect(0, "info", "--json", feed, "--data", self.path("reader")).stdout)
            ages.append(info["head_time_ms"])
            return ages[-1] - ages[0] > 12000
        self.assertTrue(eventually(heard_for_long, timeout=60, step=1), ages)
        self.assertTrue(reader.running(), reader.stderr)
        publisher.send_signal(signal.SIGSTOP)
        try:
            self.assertEqual(4, reader.wait(60), reader.stderr)
        finally:
            publisher.send_signal(signal.SIGCONT)
        self.assertRegex(reader.stderr, r"(?m)^shoal: error: neither a record nor a heartbeat .* signed \d+ s ago$")
        self.assertRegex(reader.stderr, r"(?m)^hint: ")

    def test_nobody_answers_and_something_is_held(self):
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"), network=ALONE)
        address = publisher.wait_for(r"^listening (\S+)$").group(1)
        node = ["--data", self.path("reader"), *ALONE, "--peer", address]
        self.expect(0, "sub", feed, "-e", *node)
        publisher.kill()
        alone = self.expect(4, "sub", feed, "-e", "--find-timeout", "3s", *node)
        self.assertEqual(b"one\n", alone.stdout)
        self.assertRegex(alone.stderr, r"(?m)^shoal: error: nobody answered; the newest head held here was signed \d+ s ago$")

    def test_whether_each_topic_is_complete_is_told(self):
        path = data.write(self.path("input"), data.quakes())
        publisher, feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, network=ALONE)
        publisher.wait_for("^published 1707 records$")
        address = publisher.wait_for(r"^listening (\S+)$").group(1)
        node = ["--data", self.path("reader"), *ALONE, "--peer", address]
        self.expect(0, "sub", feed, "-e", "--sparse", "-t", "ci", *node)
        info = json.loads(self.expect(0, "info", feed, "--json", *node).stdout)
        complete = {topic["name"]: topic["complete"] for topic in info["topics"]}
        self.assertTrue(complete.pop("ci"))
        self.assertFalse(any(complete.values()), complete)
        self.assertFalse(info["complete"])
        for topic in info["topics"]:
            self.assertEqual(topic["complete"], topic["high_watermark"] == topic["end_offset"], topic)
        self.assertLess(info["head_age_ms"], 300000)
        topics = json.loads(self.expect(0, "topics", feed, "--json", *node).stdout)
        self.assertEqual(info["topics"], topics)
        self.expect(0, "sub", feed, "-e", *node)
        info = json.loads(self.expect(0, "info", feed, "--json", *node).stdout)
        self.assertTrue(info["complete"] and all(topic["complete"] for topic in info["topics"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
