"""What a feed may be called on the command line: own name, id, link with hints, bundle; and what is none of these."""

import json
import re
import unittest

import recorded_data as data
from system_support import LOOPBACK, SystemTest

ALONE = [*LOOPBACK, "--no-dht"]


class LinksAndBundles(SystemTest):

    def setUp(self):
        super().setUp()
        self.publisher, self.feed = self.start_seed("publisher", data.write(self.path("input"), b"one\ntwo\n"),
                                                    network=ALONE)
        self.publisher.wait_for("^published 2 records$")

    def link(self, *options):
        return self.expect(0, "link", "feed", *options, "--data", self.path("publisher")).stdout.decode().strip()

    def test_a_link_says_where_to_dial(self):
        address = self.publisher.wait_for(r"^listening (\S+)$").group(1)
        link = self.link()
        self.assertEqual("magnet:?xs=urn:btpk:%s&dn=feed&x.pe=%s" % (self.feed, address), link)
        self.assertEqual("magnet:?xs=urn:btpk:%s&dn=feed" % self.feed, self.link("--offline"))
        for number, (arguments, out) in enumerate((
                (["sub", link, "-e"], b"one\ntwo\n"), (["get", link, "default", "1"], b"two\n"),
                (["info", link, "--json"], None), (["topics", link, "--json"], None), (["peers", link, "--json"], None),
                (["prove", link, "default", "0"], None))):
            with self.subTest(arguments=arguments):
                found = self.expect(0, *arguments, "--data", self.path("reader%d" % number), *ALONE)
                if out is not None:
                    self.assertEqual(out, found.stdout)
                else:
                    self.assertTrue(json.loads(found.stdout))
        mirror = self.start_mirror("mirror", link, network=ALONE)
        self.synced(mirror, self.feed)
        self.assertEqual(0, mirror.stop())
        self.expect(0, "verify", link, "--data", self.path("mirror"))
        self.assertEqual(self.link("--offline").replace("&dn=feed", ""),
                         self.expect(0, "link", self.feed, "--offline", "--data", self.path("mirror")).stdout.decode().strip())

    def test_a_bundle_is_read_in_place_and_not_mirrored(self):
        bundle = self.path("feed.shoal")
        self.expect(0, "export", "feed", bundle, "--data", self.path("publisher"))
        at = ["--data", self.path("nothing")]
        for arguments in (["sub", bundle], ["get", bundle, "default", "0..1"], ["verify", bundle], ["info", bundle],
                          ["topics", bundle], ["prove", bundle, "default", "0"]):
            with self.subTest(arguments=arguments):
                self.expect(0, *arguments, *at)
        result = self.expect(2, "mirror", bundle, "--data", self.path("mirror"), *ALONE)
        self.assertRegex(result.stderr, r"(?m)^hint: .*shoal import")


class Garbage(SystemTest):

    def test_each_command_says_what_is_wrong_with_a_link(self):
        good = "magnet:?xs=urn:btpk:" + "ab" * 32
        for link, what in ((good[:-1], "63 characters"), (good[:-2] + "xy", "64 hex digits"), ("magnet:?dn=x", "names no feed"),
                           (good + "&dn=%g0", "escape"), (good + "&x.pe=host", "no host:port"),
                           (good + "&x.pe=host:99999", "no host:port"), ("magnet:", "magnet:"), ("ab" * 31, "has 62")):
            for command in (["sub", link, "-e"], ["info", link], ["mirror", link], ["get", link, "t", "0"], ["verify", link],
                            ["topics", link], ["peers", link], ["link", link], ["rm", link, "--yes"]):
                with self.subTest(command=command):
                    result = self.expect(2, *command, "--data", self.path("node"), "--offline")
                    self.assertRegex(result.stderr, r"(?m)^shoal: error: .*%s" % re.escape(what))
                    self.assertRegex(result.stderr, r"(?m)^hint: ")
                    self.assertEqual(b"", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
