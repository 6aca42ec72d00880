"""Exact time ranges: every record with A <= time < B wherever it lies in the feed, and no other."""

import json
import unittest

import recorded_data as data
from system_support import SystemTest

BEGIN_MS, END_MS = 1517616000000, 1517702400000  # 2018-02-03 UTC
DAY = ["-o", "s@2018-02-03T00:00:00Z", "-o", "e@2018-02-04T00:00:00Z"]


def lines_of_day(content, net):
    """What the reference says, from the input alone."""
    chosen = []
    for line in content.splitlines(keepends=True):
        properties = json.loads(line)["properties"]
        if BEGIN_MS <= properties["time"] < END_MS and net in (None, properties["net"]):
            chosen.append(line)
    return b"".join(chosen)


class TimeRange(SystemTest):

    def check(self, content, *publish):
        """A day by net, read from the network by a node without the feed; by net and in all, locally."""
        path = data.write(self.path("input"), content)
        publisher, feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, *publish)
        publisher.wait_for(r"^published 1707 records$")
        for net, count in (("ak", 34), ("ci", 70)):
            read = self.expect(0, "sub", feed, "-t", net, *DAY, "--data", self.path("reader-" + net), *self.network())
            self.assertEqual(count, read.stdout.count(b"\n"))
            self.assert_same_bytes(lines_of_day(content, net), read.stdout, net)
        self.assertEqual(0, publisher.stop())
        whole = self.expect(0, "sub", feed, *DAY, "--data", self.path("publisher"), "--offline")
        self.assertEqual(259, whole.stdout.count(b"\n"))
        self.assertEqual(sorted(lines_of_day(content, None).splitlines()), sorted(whole.stdout.splitlines()))

    def test_day_by_net_in_order_of_time(self):
        self.check(data.quakes())

    def test_day_by_net_when_published_in_order_of_revision(self):
        self.check(data.quakes_by_update())

    def test_day_by_net_over_many_small_blocks(self):
        self.check(data.quakes_by_update(), "--batch-bytes", "4K")

    def test_empty_range_gives_nothing(self):
        feed = self.publish("publisher", data.write(self.path("input"), data.quakes()), *data.QUAKE_OPTIONS)
        read = self.expect(0, "sub", feed, "-o", "s@2018-03-01", "-o", "e@2018-03-02", "--offline", "--data",
                           self.path("publisher"))
        self.assertEqual(b"", read.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
