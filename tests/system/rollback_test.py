"""An owner whose directory was rolled back, or who has the key without its history, meets somebody who knows more."""

import os
import shutil
import time

import recorded_data as data
from system_support import LOOPBACK, SystemTest

ALONE = [*LOOPBACK, "--network", "private", "--no-dht"]


class KnownElsewhere(SystemTest):
    """A peer shows a longer head of an own feed: nothing more is signed, from that moment on and at every later start."""

    def setUp(self):
        super().setUp()
        self.data = ["--data", self.path("owner")]
        self.add("first", b"a\nb\nc\n", "--offline")
        shutil.copytree(self.path("owner"), self.path("backup"))
        self.add("second", b"d\ne\n", "--offline")
        self.feed = self.expect(0, "key", "show", "feed", *self.data).stdout.decode().strip()
        owner, address = self.start_node("owner", ALONE)
        self.mirror = self.start_mirror("mirror", self.feed, "--peer", address, network=ALONE)
        self.synced(self.mirror, self.feed, "5")
        self.address = self.mirror.wait_for(r"^listening (\S+)$").group(1)
        self.assertEqual(0, owner.stop(), owner.stderr)

    def add(self, name, lines, *arguments, code=0):
        return self.expect(code, "pub", "feed", data.write(self.path(name), lines), "-z", "none", "--batch-bytes", "1",
                           *self.data, *arguments)

    def restore(self):
        """In place: directory and journal keep their inodes, as with rsync --inplace."""
        for part in "own", "mirrored":
            shutil.rmtree(os.path.join(self.path("owner"), part))
        shutil.copytree(self.path("backup"), self.path("owner"), dirs_exist_ok=True)

    def assert_stopped(self, owner, held):
        said = owner.wait_for(r"nothing more is signed: feed %s was signed elsewhere up to size 5, and here up to %d" %
                              (self.feed, held), 10)
        self.assertIsNotNone(said)
        self.assertIn("signed elsewhere", self.add("more", b"x\n", code=9).stderr)
        self.assertEqual(0, owner.stop(), owner.stderr)
        refused = self.add("more", b"x\n", "--offline", code=9)
        self.assertRegex(refused.stderr, "(?m)^hint: ")
        self.verify_mirror()

    def verify_mirror(self):
        self.assertEqual(0, self.mirror.stop(), self.mirror.stderr)
        self.verify("mirror", self.feed)
        self.expect(0, "sub", self.feed, "-e", "--offline", "--data", self.path("mirror"))

    def test_a_restored_directory(self):
        self.restore()
        owner = self.start("node", *self.data, *ALONE, "--peer", self.address)
        self.assert_stopped(owner, 3)

    def test_a_publisher_that_is_running(self):
        self.restore()
        owner = self.start("pub", "feed", "-", "--seed", *self.data, *ALONE, stdin=-1)
        owner.wait_for("^listening")
        self.expect(0, "peers", "feed", *self.data)
        mirror_of_owner = owner.wait_for(r"^listening (\S+)$").group(1)
        self.assertEqual(0, self.mirror.stop(), self.mirror.stderr)
        begin = time.monotonic()
        self.mirror = self.start_mirror("mirror", self.feed, "--peer", mirror_of_owner, network=ALONE)
        owner.wait_for("nothing more is signed", 10)
        self.assertLess(time.monotonic() - begin, 5)
        owner.stdin.write(b"x\n")
        owner.stdin.close()
        self.assertEqual(9, owner.wait(), owner.stderr)
        self.verify_mirror()

    def test_a_key_without_its_history(self):
        secret = self.path("secret.key")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        self.data = ["--data", self.path("other")]
        self.expect(0, "key", "import", "feed", secret, *self.data)
        owner = self.start("node", *self.data, *ALONE, "--peer", self.address)
        self.assert_stopped(owner, 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
