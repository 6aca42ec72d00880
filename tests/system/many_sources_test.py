"""A reader with several mirrors uses them all, and mirrors that stall in the middle cost it nothing but their share."""

import json
import unittest

from many_sources import ManySources
from stalling_proxy import StallingProxy
from system_support import eventually


class SeveralMirrors(ManySources):

    def bytes_by_mirror(self, feed):
        """What the reader had of each mirror so far, by node key."""
        peers = self.run_shoal("peers", feed, "--json", "--data", self.path("reader"))
        return {peer["node_key"]: peer["bytes_in"] for peer in json.loads(peers.stdout)} if peers.code == 0 else {}

    def expect_shares(self, *options):
        """All four give a reader with these options a good part of what it gets, and what it writes is what was
        published."""
        feed = self.publish_random(24)
        self.fill_mirrors(feed, 4)
        _, addresses = self.start_mirrors(feed, 4, "1M")
        # All together take 5.7 s, one alone 23 s.
        reader = self.start_reader(feed, addresses, *options)
        reader.wait_for("^listening ")  # or who asks for its peers would be the node of its directory
        shares = {}

        def all_give():
            shares.update(self.bytes_by_mirror(feed))
            return len([share for share in shares.values() if share > 500_000]) == 4 or not reader.running()

        self.assertTrue(eventually(all_give, 60), shares)
        self.assertEqual(4, len([share for share in shares.values() if share > 500_000]), shares)
        self.finish_reader(reader, 60)
        self.expect_published()

    def expect_published(self):
        with open(self.path("input"), "rb") as published, open(self.output, "rb") as read:
            self.assert_same_bytes(published.read(), read.read(), "the reader")

    def test_all_mirrors_give_their_share(self):
        self.expect_shares()

    def test_all_mirrors_give_their_share_of_one_topic(self):
        self.expect_shares("--sparse", "-t", "default")

    def test_half_of_them_stalling_does_not_hold_the_rest(self):
        feed = self.publish_random(24)
        self.fill_mirrors(feed, 4)
        _, addresses = self.start_mirrors(feed, 4, "4M")
        proxies = [StallingProxy(address, 1_000_000) for address in addresses[2:]]
        self.addCleanup(lambda: [proxy.close() for proxy in proxies])
        # The others give 8.4 MB/s: 2.9 s. Whoever waited for the stalled ones would need minutes.
        seconds = self.seconds_to_read(feed, [*addresses[:2], *(proxy.address for proxy in proxies)])
        self.assertTrue(all(proxy.stalled for proxy in proxies), "they were not asked for much")
        self.assertLess(seconds, 30)
        self.expect_published()


if __name__ == "__main__":
    unittest.main(verbosity=2)
