"""A reader with several mirrors uses them all, and mirrors that stall in the middle cost it nothing but their share."""

import unittest

from many_sources import ManySources, StallingProxy


class SeveralMirrors(ManySources):

    def test_all_mirrors_give_their_share(self):
        feed = self.publish_random(24)
        self.fill_mirrors(feed, 4)
        _, addresses = self.start_mirrors(feed, 4, "2M")
        proxies = [StallingProxy(address, 1 << 40) for address in addresses]
        self.addCleanup(lambda: [proxy.close() for proxy in proxies])
        seconds = self.seconds_to_read(feed, [proxy.address for proxy in proxies])
        # One of them alone would take 11.4 s; a loaded machine must not fail this.
        self.assertLess(seconds, 9)
        for proxy in proxies:
            self.assertGreater(proxy.received, self.input_bytes // 8)

    def test_half_of_them_stalling_does_not_hold_the_rest(self):
        feed = self.publish_random(24)
        self.fill_mirrors(feed, 4)
        _, addresses = self.start_mirrors(feed, 4, "4M")
        proxies = [StallingProxy(address, 1_000_000) for address in addresses[2:]]
        self.addCleanup(lambda: [proxy.close() for proxy in proxies])
        # The others give 8.4 MB/s: 2.9 s.
        seconds = self.seconds_to_read(feed, addresses[:2] + [proxy.address for proxy in proxies])
        self.assertTrue(all(proxy.stalled for proxy in proxies), "they were not asked for much")
        self.assertLess(seconds, 9)
        with open(self.path("input"), "rb") as published, open(self.output, "rb") as read:
            self.assert_same_bytes(published.read(), read.read(), "the reader")


if __name__ == "__main__":
    unittest.main(verbosity=2)
