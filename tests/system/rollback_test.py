"""An owner whose directory was rolled back, or who has the key without its history, meets somebody who knows more.
tests/faults/rollback.py has the kinds of rollbacks; here is what they have no room for."""

import os
import re
import shutil
import time

import recorded_data as data
from system_support import LOOPBACK, SystemTest

ALONE = [*LOOPBACK, "--network", "private", "--no-dht"]


class KnownElsewhere(SystemTest):
    """A peer shows a longer head of an own feed: nothing more is signed, from that moment on and at every later start,
    until what is missing was taken back. The file system keeps no times, so that the directory does not know that it
    was restored."""

    def setUp(self):
        super().setUp()
        self.data = ["--data", self.path("owner")]
        os.mkdir(self.path("owner"), 0o700)
        data.write(os.path.join(self.path("owner"), "place"), b"shoalcast place\ntimes unknown\n")
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
        self.assertIn("signed elsewhere", self.add("more", b"x\n", "--offline", code=9).stderr)
        self.assertEqual(0, owner.stop(), owner.stderr)
        refused = self.add("more", b"x\n", "--offline", code=9)
        self.assertRegex(refused.stderr, "(?m)^hint: ")
        self.assert_goes_on()

    def assert_goes_on(self):
        """Everything is taken back from the mirror, which has one more record then."""
        said = self.add("more", b"f\n", *ALONE, "--peer", self.address, "--find-timeout", "4s").stderr
        self.assertRegex(said, "goes on from size 5")
        self.assertEqual(b"a\nb\nc\nd\ne\nf\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)
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

    def test_a_running_node_takes_it_back(self):
        self.restore()
        owner = self.start("node", *self.data, *ALONE, "--peer", self.address)
        owner.wait_for("nothing more is signed: feed %s was signed elsewhere up to size 5" % self.feed, 10)
        self.assertRegex(self.add("more", b"f\n", "--find-timeout", "4s").stderr, "goes on from size 5")
        self.assertEqual(0, owner.stop(), owner.stderr)
        self.assertEqual(b"a\nb\nc\nd\ne\nf\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)

    def test_two_directories_at_once(self):
        copied = self.path("copied")
        shutil.copytree(self.path("owner"), copied)
        first = self.start("pub", "feed", "-", "--offline", *self.data, stdin=-1)
        first.wait_for("^feed ")
        second = self.expect(11, "pub", "feed", data.write(self.path("more"), b"x\n"), "--offline", "--data", copied)
        self.assertRegex(second.stderr, "signed with by process %d" % first.pid)
        first.stdin.close()
        self.assertEqual(0, first.wait(), first.stderr)
        self.verify_mirror()

    def test_a_key_file_that_is_gone(self):
        secret = self.path("secret.key")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        os.unlink(os.path.join(self.path("owner"), "keys", "feed.key"))
        for command in (["pub", "feed", self.path("first"), "--offline"], ["init", "feed", "--offline"], ["key", "gen", "feed"]):
            refused = self.expect(12, *command, *self.data)
            self.assertIn(self.feed, refused.stderr)
            self.assertRegex(refused.stderr, "(?m)^hint: .*shoal key import")
        self.expect(0, "key", "import", "feed", secret, *self.data)
        self.add("more", b"f\n", "--offline")
        self.verify_mirror()

    def test_an_assertion_and_a_bundle(self):
        """The disk is lost; key, a bundle and the owner's memory of the newest head are there."""
        secret, bundle = self.path("secret.key"), self.path("feed.shoal")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        self.expect(0, "export", "feed", bundle, *self.data)
        info = self.expect(0, "info", "feed", "--offline", *self.data).stdout.decode()
        root = re.search(r"(?m)^root hash +([0-9a-f]{64})$", info).group(1)
        self.data = ["--data", self.path("other")]
        self.expect(0, "key", "import", "feed", secret, *self.data)
        offline = ["--offline", *self.data]
        self.expect(9, "recover", "feed", "--from", bundle, *offline)
        self.expect(9, "recover", "feed", "--assert-head", "4:" + root, *offline)
        self.expect(2, "recover", "feed", "--assert-head", "5", *offline)
        self.expect(9, "pub", "feed", self.path("first"), *offline)
        self.expect(0, "recover", "feed", "--assert-head", "5:" + root, *offline)
        self.add("more", b"f\n", "--offline")
        self.assertEqual(b"a\nb\nc\nd\ne\nf\n", self.expect(0, "sub", "feed", "-e", *offline).stdout)
        self.verify_mirror()

    def test_a_named_mirror_has_to_answer(self):
        """Anybody can show an old head."""
        secret = self.path("secret.key")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        self.data = ["--data", self.path("other")]
        self.expect(0, "key", "import", "feed", secret, *self.data)
        self.expect(0, "key", "trust", "backup", "ab" * 32, *self.data)
        online = [*ALONE, "--peer", self.address, "--find-timeout", "2s"]
        refused = self.add("more", b"x\n", *online, code=9)
        self.assertIn("none of the named mirrors", refused.stderr)
        mirror = self.expect(0, "key", "show", "--node", "--data", self.path("mirror")).stdout.decode().strip()
        self.expect(0, "key", "trust", "mine", mirror, *self.data)
        self.assert_goes_on()

    def test_a_reader_with_nothing_is_no_witness(self):
        """It shows the old head that it has just heard from the owner."""
        self.assertEqual(0, self.mirror.stop(), self.mirror.stderr)
        copied = self.path("copied")
        shutil.copytree(self.path("backup"), copied)
        empty = self.start_mirror("empty", self.feed, network=ALONE)
        address = empty.wait_for(r"^listening (\S+)$").group(1)
        refused = self.expect(9, "pub", "feed", data.write(self.path("more"), b"x\n"), *ALONE, "--peer", address,
                              "--find-timeout", "3s", "--data", copied)
        self.assertIn("nobody who holds it answered", refused.stderr)
        self.assertEqual(0, empty.stop(), empty.stderr)

    def test_the_original_hears_of_its_healed_copy(self):
        """Nothing was put back here: but a peer that the user names is heard before the first signature."""
        copied = self.path("copied")
        shutil.copytree(self.path("owner"), copied)
        self.data = ["--data", copied]
        online = [*ALONE, "--peer", self.address, "--find-timeout", "4s"]
        self.add("more", b"f\n", *online, "--acks", "1")
        self.data = ["--data", self.path("owner")]
        self.assertRegex(self.add("more", b"g\n", *online).stderr, "goes on from size 6")
        self.assertEqual(b"a\nb\nc\nd\ne\nf\ng\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)
        self.verify_mirror()

    def test_a_key_that_comes_to_its_mirror(self):
        """The mirror's own blocks become those of an own feed."""
        secret = self.path("secret.key")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        self.verify_mirror()
        self.data = ["--data", self.path("mirror")]
        self.expect(0, "key", "import", "feed", secret, *self.data)
        self.assertEqual(b"a\nb\nc\nd\ne\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)
        self.add("more", b"x\n", "--offline", code=9)
        info = self.expect(0, "info", "feed", "--offline", *self.data).stdout.decode()
        root = re.search(r"(?m)^root hash +([0-9a-f]{64})$", info).group(1)
        self.add("more", b"f\n", "--offline", "--assert-head", "5:" + root)
        self.assertEqual(b"a\nb\nc\nd\ne\nf\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)
        self.expect(0, "verify", "feed", "--offline", *self.data)

    def test_keys_that_are_gone(self):
        shutil.rmtree(os.path.join(self.path("owner"), "keys"))
        refused = self.add("more", b"x\n", "--offline", code=12)
        self.assertIn(self.feed, refused.stderr)

    def test_a_key_is_released_and_taken_over(self):
        """The move of OPERATING.md: released, served from the old place, recovered at the new one; and back."""
        self.assertEqual(0, self.mirror.stop(), self.mirror.stderr)
        key = self.path("feed.key")
        self.expect(0, "key", "export", "feed", "--secret", key, *self.data)
        self.assertEqual(self.feed, self.expect(0, "key", "release", "feed", *self.data).stdout.decode().strip())
        for again in range(2):
            refused = self.add("more", b"x\n", *ALONE, "--peer", self.address, code=12)
            self.assertRegex(refused.stderr, "was released")
            self.assertRegex(refused.stderr, "(?m)^hint: to take it back, release it there")
        owner, address = self.start_node("owner", ALONE)
        there = ["--data", self.path("there")]
        self.expect(0, "key", "import", "feed", key, *there)
        self.expect(0, "recover", "feed", *there, *ALONE, "--peer", address, "--find-timeout", "4s")
        self.assertEqual(0, owner.stop(), owner.stderr)
        self.expect(0, "pub", "feed", data.write(self.path("later"), b"f\n"), "-z", "none", "--offline", *there)
        self.expect(0, "key", "release", "feed", *there)
        other, address = self.start_node("there", ALONE)
        self.add("more", b"x\n", "--offline", code=12)
        self.expect(0, "recover", "feed", *self.data, *ALONE, "--peer", address, "--find-timeout", "4s")
        self.assertEqual(0, other.stop(), other.stderr)
        self.add("last", b"g\n", "--offline")
        self.assertEqual(b"a\nb\nc\nd\ne\nf\ng\n", self.expect(0, "sub", "feed", "-e", "--offline", *self.data).stdout)
        self.expect(12, "pub", "feed", self.path("last"), "--offline", *there)

    def test_a_process_that_signs_keeps_the_key(self):
        owner = self.start("pub", "feed", "-", "--seed", *self.data, *ALONE, stdin=-1)
        owner.wait_for("^listening")
        refused = self.expect(11, "key", "release", "feed", *self.data)
        self.assertIn(str(owner.pid), refused.stderr)
        self.assertEqual(0, owner.stop(), owner.stderr)

    def test_a_key_without_its_history(self):
        secret = self.path("secret.key")
        self.expect(0, "key", "export", "feed", "--secret", secret, *self.data)
        self.data = ["--data", self.path("other")]
        self.expect(0, "key", "import", "feed", secret, *self.data)
        self.assertIn("came from elsewhere", self.add("more", b"x\n", "--offline", code=9).stderr)
        self.assert_goes_on()


if __name__ == "__main__":
    import unittest
    unittest.main()
