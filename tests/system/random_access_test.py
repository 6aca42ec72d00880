"""Reading one record, or one topic, of a large feed without the rest. Bytes are counted on the wire by a relay."""

import json
import unittest

import recorded_data as data
from counting_proxy import CountingProxy
from system_support import LOOPBACK, SystemTest

MIB = 1 << 20


class RandomAccess(SystemTest):

    def setUp(self):
        super().setUp()
        path = data.write(self.path("input"), data.sensors())
        self.feed = self.publish("publisher", path, *data.SENSOR_OPTIONS)
        info = self.expect(0, "info", self.feed, "--json", "--offline", "--data", self.path("publisher"))
        self.info = json.loads(info.stdout)
        _, address = self.start_node("publisher", network=LOOPBACK + ["--no-dht"])
        self.proxy = CountingProxy(address)
        self.addCleanup(self.proxy.close)
        # The relay is the only node that the reader knows of.
        self.reader = [*LOOPBACK, "--no-dht", "--peer", self.proxy.address]

    def topic_bytes(self, name):
        return next(topic["bytes"] for topic in self.info["topics"] if topic["name"] == name)

    def test_one_record_of_the_large_feed_costs_at_most_1_mib(self):
        lines = data.sensor_topics()[data.LARGEST_SENSOR].splitlines()
        self.assertEqual(22695, len(lines))
        for offset in (0, 11111, 22694):
            before = self.proxy.total
            got = self.expect(0, "get", self.feed, data.LARGEST_SENSOR, str(offset), "--data",
                              self.path("empty-%d" % offset), *self.reader)
            self.assertEqual(lines[offset] + b"\n", got.stdout)
            cost = self.proxy.total - before
            print("offset %d: %d bytes on the wire" % (offset, cost))
            self.assertGreater(cost, len(lines[offset]), "it did not come through the relay")
            self.assertLessEqual(cost, MIB)

    def test_a_range_and_one_behind_the_end(self):
        lines = data.sensor_topics()[data.LARGEST_SENSOR].splitlines(keepends=True)
        got = self.expect(0, "get", self.feed, data.LARGEST_SENSOR, "100..110", "--data", self.path("empty"),
                          *self.reader)
        self.assertEqual(b"".join(lines[100:111]), got.stdout)
        behind = self.expect(10, "get", self.feed, data.LARGEST_SENSOR, "22695", "--data", self.path("empty"),
                             *self.reader)
        self.assertIn("shoal: error:", behind.stderr)
        self.expect(10, "get", self.feed, "no.such.topic", "0", "--data", self.path("empty"), *self.reader)

    def test_info_from_the_network_knows_the_end_of_every_topic(self):
        info = json.loads(self.expect(0, "info", self.feed, "--json", "--data", self.path("asker"), *self.reader).stdout)
        self.assertEqual((self.info["tree_size"], 0), (info["tree_size"], info["held_blocks"]))
        ends = {topic["name"]: topic["end_offset"] for topic in info["topics"]}
        self.assertEqual({name: lines.count(b"\n") for name, lines in data.sensor_topics().items()}, ends)
        self.assertLess(self.proxy.total, MIB // 4)

    def test_sparse_reader_receives_its_topic_and_little_else(self):
        topic = data.LARGEST_SENSOR
        read = self.expect(0, "sub", self.feed, "--sparse", "-t", topic, "-e", "--data", self.path("sparse"),
                           *self.reader)
        self.assert_same_bytes(data.sensor_topics()[topic], read.stdout, topic)
        payload = self.topic_bytes(topic)
        whole = sum(one["bytes"] for one in self.info["topics"])
        print("sparse: %d bytes received, the topic has %d of %d payload bytes" % (self.proxy.received, payload, whole))
        # Beside the payloads: proofs, headers, the topic state, frames of the session.
        self.assertGreater(self.proxy.received, payload)
        self.assertLess(self.proxy.received, payload + max(payload // 4, 128 * 1024))
        self.assertLess(self.proxy.received, whole // 2)


class WithheldTopic(SystemTest):
    """A mirror that knows the signed head and lacks what it proves: never a success."""

    def test_reader_of_a_mirror_without_the_topic_does_not_claim_to_be_complete(self):
        path = data.write(self.path("input"), data.quakes())
        publisher, feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, "--batch-bytes", "8K")
        publisher.wait_for("^published 1707 records$")
        mirror = self.start_mirror("mirror", feed, "-t", "ak")
        address = mirror.wait_for(r"^listening (\S+)$").group(1)
        self.synced(mirror, feed)
        publisher.kill()
        only = [*LOOPBACK, "--no-dht", "--peer", address]
        for sparse in ([], ["--sparse"]):
            with self.subTest(sparse=sparse):
                reader = ["--data", self.path("reader" + "".join(sparse)), *only]
                read = self.run_shoal("sub", feed, "-t", "ci", "-e", *sparse, "--timeout", "5s", *reader)
                self.assertIn(read.code, (3, 4, 8), read)
                self.assertRegex(read.stderr, r"(?m)^shoal: error: ")
                self.assertEqual(b"", read.stdout)
        # What it has is complete, and says so.
        read = self.expect(0, "sub", feed, "-t", "ak", "-e", "--sparse", "--data", self.path("other"), *only)
        self.assert_same_bytes(data.quake_nets()["ak"], read.stdout, "ak")


if __name__ == "__main__":
    unittest.main(verbosity=2)
