"""A publisher, a mirror and a reader that knows only the key; the publisher is dead when the reader comes."""

import unittest

import recorded_data as data
from system_support import SystemTest


class MainJobTest(SystemTest):
    """What both data sets have to show."""

    def replicate_and_kill(self, *publish):
        """Publisher and mirror; SIGKILL for the publisher once the mirror has all. Returns mirror and feed."""
        publisher, feed = self.start_seed("publisher", *publish)
        publisher.wait_for(r"^published \d+ records$", 50)
        mirror = self.start_mirror("mirror", feed)
        self.synced(mirror, feed)
        publisher.kill()
        return mirror, feed

    def verify_all(self, mirror, feed):
        self.assertEqual(0, mirror.stop())
        sizes = {next(line for line in self.verify(copy, feed).stdout.splitlines() if line.startswith(b"tree size"))
                 for copy in ("publisher", "mirror", "reader")}
        self.assertEqual(1, len(sizes), sizes)

    def one_topic(self, content, count, *publish):
        path = data.write(self.path("input"), content)
        mirror, feed = self.replicate_and_kill(path, *publish)
        read = self.expect(0, "sub", feed, "-e", "--data", self.path("reader"), *self.network())
        self.assertEqual(count, read.stdout.count(b"\n"))
        self.assert_same_bytes(content, read.stdout, "the whole feed")
        self.verify_all(mirror, feed)

    def split(self, content, topics, *publish):
        path = data.write(self.path("input"), content)
        mirror, feed = self.replicate_and_kill(path, *publish)
        read = self.expect(0, "sub", feed, "-e", "-f", r"%t\t%s\n", "--data", self.path("reader"), *self.network())
        self.verify_all(mirror, feed)
        found = data.by_topic(read.stdout.splitlines(keepends=True), lambda line: line.split(b"\t", 1)[0].decode())
        self.assertEqual(sorted(topics), sorted(found))
        for topic, lines in topics.items():
            prefix = topic.encode() + b"\t"
            self.assert_same_bytes(b"".join(prefix + line for line in lines.splitlines(keepends=True)), found[topic],
                                   topic)
        # The default output of one topic is its lines and nothing else.
        for topic in (max(topics), min(topics)):
            one = self.expect(0, "sub", feed, "-t", topic, "-e", "--offline", "--data", self.path("reader"))
            self.assert_same_bytes(topics[topic], one.stdout, topic)


class EarthquakesMainJob(MainJobTest):

    def test_one_topic_arrives_byte_for_byte(self):
        self.one_topic(data.quakes(), data.QUAKE_COUNT)

    def test_split_by_net_keeps_each_nets_order(self):
        self.split(data.quakes(), data.quake_nets(), *data.QUAKE_OPTIONS)


class SensorsMainJob(MainJobTest):

    def test_one_topic_arrives_byte_for_byte(self):
        # The header line is a record like any other when no line is skipped.
        self.one_topic(data.sensors(), data.SENSOR_COUNT + 1)

    def test_split_by_topic_keeps_each_topics_order(self):
        self.split(data.sensors(), data.sensor_topics(), *data.SENSOR_OPTIONS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
