"""Two hosts on one line that nobody told of each other: local service discovery, by multicast on that line."""

import unittest

from netns_support import PORT, NetnsTest, say, seconds_until

RECORDS = b"".join(b"record %d\n" % i for i in range(100))


class LocalDiscovery(NetnsTest):

    def setUp(self):
        super().setUp()
        self.near = self.net.add_nat("near")
        self.far = self.net.add_inner_host("far", self.near)
        with open(self.path("input"), "wb") as file:
            file.write(RECORDS)
        seed = self.on(self.near, "pub", "feed", self.path("input"), "--seed", *self.data(self.near), *self.alone())
        self.feed = seed.wait_for("^feed ([0-9a-f]{64})$", 20).group(1)
        seed.wait_for("^published 100 records$", 20)

    def alone(self, *options):
        return ["--listen", "0.0.0.0:%d" % PORT, "--network", "private", "--no-dht", *options]

    def test_a_reader_finds_the_publisher_on_its_line(self):
        reader = self.on(self.far, "sub", self.feed, *self.data(self.far), *self.alone())
        reader.wait_for("^listening ", 20)
        took = seconds_until(lambda: reader.stdout() == RECORDS, 30)
        self.assertIsNotNone(took, reader.stderr)
        say("found and read after %.1f s" % took)

    def test_without_it_nobody_is_found(self):
        found = self.expect_on(4, self.far, "sub", self.feed, "-e", "--find-timeout", "5s", *self.data(self.far),
                               *self.alone("--no-lsd"))
        self.assertEqual(b"", found.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
