"""A mirror that lies: it is caught and named, nothing false is delivered, and the honest mirror brings the rest.

The lying mirror is a test program, never a part of the command; without it (SHOAL_HOSTILE_MIRROR) these are skipped.
"""

import os
import unittest

import recorded_data as data
from system_support import LOOPBACK, SystemTest

HOSTILE = os.environ.get("SHOAL_HOSTILE_MIRROR", "")


@unittest.skipUnless(HOSTILE, "this build has no hostile_mirror")
class HostileMirror(SystemTest):

    def setUp(self):
        super().setUp()
        path = data.write(self.path("input"), data.quakes())
        self.publisher, self.feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, "--batch-bytes", "8K")
        self.publisher.wait_for("^published 1707 records$")

    def start_hostile(self, *arguments):
        hostile = self.start(self.feed, *arguments, "--data", self.path("hostile"), *self.network(), program=HOSTILE)
        address = hostile.wait_for(r"^listening (\S+)$").group(1)
        self.synced(hostile, self.feed)
        return hostile, address

    def only(self, *addresses):
        """The network of a reader that knows these nodes and no others."""
        return [*LOOPBACK, "--no-dht", *(word for address in addresses for word in ("--peer", address))]

    def test_flipped_byte_is_rejected_and_named_and_the_honest_mirror_completes(self):
        _, hostile = self.start_hostile()
        mirror = self.start_mirror("mirror", self.feed)
        honest = mirror.wait_for(r"^listening (\S+)$").group(1)
        self.synced(mirror, self.feed)
        self.publisher.kill()
        # The liar alone: caught, and no success.
        alone = self.run_shoal("sub", self.feed, "-e", "--find-timeout", "4s", "--timeout", "6s", "--data",
                               self.path("alone"), *self.only(hostile))
        self.assertNotEqual(0, alone.code, alone)
        self.assertRegex(alone.stderr, r"(?m)^shoal: warning: peer %s .*disconnected" % hostile)
        self.assertTrue(data.quakes().startswith(alone.stdout) or alone.stdout == b"")
        # It and an honest one.
        read = self.expect(0, "sub", self.feed, "-e", "--data", self.path("reader"), *self.only(hostile, honest))
        self.assert_same_bytes(b"".join(sorted(data.quakes().splitlines(keepends=True))),
                               b"".join(sorted(read.stdout.splitlines(keepends=True))), "with a liar about")
        self.assertEqual(0, self.verify("reader", self.feed).code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
