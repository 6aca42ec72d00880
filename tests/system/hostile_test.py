"""A mirror that lies: it is caught and named, nothing false is delivered, and the honest mirror brings the rest.

The lying mirror is a test program, never a part of the command; without it (SHOAL_HOSTILE_MIRROR) these are skipped.
"""

import os
import unittest

import recorded_data as data
from system_support import LOOPBACK, SystemTest

HOSTILE = os.environ.get("SHOAL_HOSTILE_MIRROR", "")


class HostileMirrorTest(SystemTest):
    """A publisher, an honest mirror, a liar that fetched honestly what it serves."""

    def setUp(self):
        super().setUp()
        path = data.write(self.path("input"), data.quakes())
        self.publisher, self.feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, "--batch-bytes", "8K")
        self.publisher.wait_for("^published 1707 records$")

    def start_hostile(self, *arguments):
        liar = self.start(self.feed, *arguments, "--data", self.path("hostile"), *self.network(), program=HOSTILE)
        return liar, liar.wait_for(r"^listening (\S+)$").group(1)

    def only(self, *addresses):
        """The network of a reader that knows these nodes and no others."""
        return [*LOOPBACK, "--no-dht", *(word for address in addresses for word in ("--peer", address))]

    def honest(self):
        mirror = self.start_mirror("mirror", self.feed)
        address = mirror.wait_for(r"^listening (\S+)$").group(1)
        self.synced(mirror, self.feed)
        return address

    def fetch_honestly(self):
        """What the liar will serve: one that lies about heads is banned by the publisher too."""
        before = self.start_mirror("hostile", self.feed)
        self.synced(before, self.feed)
        self.assertEqual(0, before.stop())

    def check_lie(self, lie, *sparse):
        """The liar alone is caught, named, and brings no success; with an honest mirror about, all is delivered."""
        self.fetch_honestly()
        honest = self.honest()
        self.publisher.kill()
        _, hostile = self.start_hostile("--lie", lie)
        expected = sorted(data.quake_nets()["ci"].splitlines() if sparse else data.quakes().splitlines())
        limits = ["--find-timeout", "4s", "--timeout", "6s"]
        alone = self.run_shoal("sub", self.feed, "-e", *sparse, *limits, "--data", self.path("alone"),
                               *self.only(hostile))
        self.assertNotEqual(0, alone.code, alone)
        self.assertRegex(alone.stderr, r"(?m)^shoal: warning: peer %s .*disconnected" % hostile)
        self.assertLessEqual(set(alone.stdout.splitlines()), set(expected))
        read = self.expect(0, "sub", self.feed, "-e", *sparse, "--data", self.path("reader"),
                           *self.only(hostile, honest))
        self.assertEqual(len(expected), read.stdout.count(b"\n"))
        self.assertTrue(expected == sorted(read.stdout.splitlines()))
        self.verify("reader", self.feed, 3 if sparse else 0)


@unittest.skipUnless(HOSTILE, "this build has no hostile_mirror")
class HostileBlocks(HostileMirrorTest):

    def test_flipped_byte_of_a_payload(self):
        self.check_lie("payload")

    def test_flipped_byte_of_a_header(self):
        self.check_lie("header")

    def test_flipped_byte_of_a_proof(self):
        self.check_lie("cover")


@unittest.skipUnless(HOSTILE, "this build has no hostile_mirror")
class HostileHeads(HostileMirrorTest):

    def test_flipped_byte_of_a_head(self):
        self.check_lie("head")

    def test_flipped_byte_of_a_topic_state(self):
        self.check_lie("topic-state", "--sparse", "-t", "ci")

    def test_withheld_newest_block_is_no_success(self):
        liar, hostile = self.start_hostile("--lie", "withhold", "--topic", "ci")
        self.synced(liar, self.feed)
        honest = self.honest()
        self.publisher.kill()
        wanted = ["sub", self.feed, "--sparse", "-t", "ci", "-e"]
        alone = self.run_shoal(*wanted, "--timeout", "5s", "--data", self.path("reader"), *self.only(hostile))
        self.assertIn(alone.code, (3, 4, 8), alone)
        self.assertRegex(alone.stderr, r"(?m)^shoal: error: ")
        self.assertLess(len(alone.stdout), len(data.quake_nets()["ci"]))
        read = self.expect(0, *wanted, "--data", self.path("reader"), *self.only(hostile, honest))
        self.assert_same_bytes(data.quake_nets()["ci"], read.stdout, "ci")


@unittest.skipUnless(HOSTILE, "this build has no hostile_mirror")
class HostileReturns(HostileMirrorTest):

    def test_a_ban_outlasts_a_kill(self):
        self.fetch_honestly()
        _, hostile = self.start_hostile("--lie", "payload")
        turned_away = "session with %s ended: the peer is turned away" % hostile
        reader = self.start_mirror("reader", self.feed, "-v", network=self.only(hostile))
        reader.wait_for(turned_away)
        self.assertIn("disconnected", reader.stderr)
        reader.kill()
        again = self.start_mirror("reader", self.feed, "-v", network=self.only(hostile))
        again.wait_for(turned_away)
        self.assertNotIn("disconnected", again.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
