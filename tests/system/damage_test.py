"""Damaged files of a data directory: it stays where it is, what can be read is read, what can be had again is fetched.

SHOAL_DAMAGE_ROUNDS sets the number of flips of each tier, SHOAL_TEST_SEED repeats a run.
"""

import os
import random
import re
import shutil
import time
import unittest

from system_support import LOOPBACK, SystemTest, eventually

ROUNDS = int(os.environ.get("SHOAL_DAMAGE_ROUNDS", "6"))
SEED = int(os.environ.get("SHOAL_TEST_SEED", "0")) or int(time.time())
QUIET = LOOPBACK + ["--no-dht"]


def flip(path, place, bits=1):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bits]))


def files_in(folder):
    return sorted(name for name in os.listdir(folder) if name not in ("LOCK", "LOG", "IDENTITY")
                  and not name.startswith("OPTIONS"))


class DamageTest(SystemTest):

    def setUp(self):
        super().setUp()
        self.chance = random.Random(SEED)

    def records(self, count, size):
        """Distinct lines, in blocks of 64 KiB."""
        return b"".join(b"%06d %s\n" % (i, self.chance.randbytes(size // 2).hex().encode()) for i in range(count))

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def offline(self, data):
        return ["--offline", "--data", self.path(data)]

    def read(self, feed, data, code=0):
        return self.expect(code, "sub", feed, "-e", *self.offline(data))


class Journals(DamageTest):
    """A journal that is cut, emptied or gone stops nobody but the signer."""

    def check(self, damage, said):
        lines = b"one\ntwo\nthree\n"
        self.publish("d", self.write("input", lines))
        damage(self.path("d/journal"))
        at = self.offline("d")
        first = self.expect(0, "sub", "feed", "-e", *at)
        self.assertEqual(lines, first.stdout)
        self.assertRegex(first.stderr, said)
        for command in (["ls"], ["info", "feed"], ["topics", "feed"], ["verify", "feed"],
                        ["export", "feed", self.path("out.shoal")]):
            self.expect(0, *command, *at)
        self.assertEqual(b"three\n", self.expect(0, "get", "feed", "default", "2", *at).stdout)
        refused = self.expect(9, "pub", "feed", self.path("input"), *at)
        self.assertRegex(refused.stderr, r"journal is missing")
        self.assertRegex(refused.stderr, r"(?m)^hint: ")
        self.expect(0, "pub", "another", self.path("input"), *at)
        self.assertEqual(lines, self.read("another", "d").stdout)
        self.expect(9, "pub", "feed", self.path("input"), *at)

    def test_emptied(self):
        self.check(lambda path: os.truncate(path, 0), r"journal is damaged.*journal\.damaged-1.*exit 9")

    def test_cut(self):
        self.check(lambda path: os.truncate(path, 5000), r"journal is damaged.*journal\.damaged-1.*exit 9")

    def test_gone(self):
        self.check(os.unlink, r"journal \S+ is missing.*exit 9")

    def test_first_page_overwritten(self):
        def overwrite(path):
            with open(path, "r+b") as file:
                file.write(bytes(4096))
        self.check(overwrite, r"journal is damaged.*journal\.damaged-1.*exit 9")


class LessThanSigned(DamageTest):
    """Less is there than was signed: whoever reads hears of it, offline too."""

    def test_own_rows_are_lost(self):
        self.publish("d", self.write("input", b"one\ntwo\n"))
        for name in os.listdir(self.path("d/own")):
            if name.endswith(".log"):
                os.truncate(self.path("d/own/" + name), 0)
        # What is not in the journal either: groups of other feeds have overwritten it.
        with open(self.path("d/journal"), "r+b") as file:
            file.seek(os.path.getsize(self.path("d/journal")) - (4 << 20))
            file.write(bytes(4 << 20))
        at = self.offline("d")
        read = self.expect(5, "sub", "feed", "-e", *at)
        self.assertEqual(b"", read.stdout)
        self.assertRegex(read.stderr, r"(?m)^shoal: error: .*lost here")
        self.assertRegex(self.expect(5, "verify", "feed", *at).stderr, r"blocks 0 to \d+ .* are lost")
        self.expect(5, "get", "feed", "default", "0", *at)
        self.expect(9, "pub", "feed", self.path("input"), *at)

    def test_a_feed_that_was_never_seen(self):
        read = self.expect(4, "sub", "ab" * 32, "-e", *self.offline("d"))
        self.assertRegex(read.stderr, r"(?m)^shoal: error: nothing of this feed is held here")
        self.publish("own", self.write("input", b"one\n"))
        self.expect(0, "init", "empty", *self.offline("own"))
        self.read("empty", "own")


class MirrorStore(DamageTest):
    """Whatever happens to `mirrored/`: own feeds go on, and with a source all is there again."""

    def damage(self, path, name):
        kind = self.chance.choice(["flip", "flip", "flip", "cut", "zero page", "gone"])
        size = os.path.getsize(path)
        # Of a table, what RocksDB reads when it opens it: index and footer.
        place = self.chance.randrange(size - 200 if name.endswith(".sst") else 0, max(size, 1))
        if kind == "gone" or size == 0:
            os.unlink(path)
        elif kind == "cut":
            os.truncate(path, place)
        elif kind == "zero page":
            with open(path, "r+b") as file:
                file.seek(place // 4096 * 4096)
                file.write(bytes(min(4096, size - place // 4096 * 4096)))
        else:
            flip(path, place, 1 << self.chance.randrange(8))
        return "%s of %s (%d bytes) at %d" % (kind, name, size, place)

    def test_every_file(self):
        content = self.records(120, 20000)
        seed, feed = self.start_seed("publisher", self.write("input", content), "-z", "none", network=QUIET)
        address = seed.wait_for(r"^listening (\S+)$").group(1)
        seed.wait_for(r"^published ")
        network = QUIET + ["--peer", address]
        self.publish("intact", self.write("mine", b"mine\n"), name="own")
        mirror = self.start_mirror("intact", feed, network=network)
        size = self.synced(mirror, feed)
        self.assertEqual(0, mirror.stop())
        names = files_in(self.path("intact/mirrored"))
        for name in names + self.chance.choices(names, k=ROUNDS):
            shutil.rmtree(self.path("d"), ignore_errors=True)
            shutil.copytree(self.path("intact"), self.path("d"))
            what = self.damage(self.path("d/mirrored/" + name), name)
            with self.subTest(what):
                self.assertEqual(b"mine\n", self.read("own", "d").stdout)
                mirror = self.start_mirror("d", feed, network=network)
                self.synced(mirror, feed, size)
                self.assertEqual(0, mirror.stop())
                read = self.read(feed, "d")
                self.assert_same_bytes(content, read.stdout, what)
                self.verify("d", feed)


class NodeKey(DamageTest):

    def test_it_is_made_anew(self):
        self.publish("d", self.write("input", b"one\n"))
        before = self.expect(0, "key", "show", "--node", *self.offline("d")).stdout
        flip(self.path("d/node.key"), os.path.getsize(self.path("d/node.key")) - 5)
        read = self.read("feed", "d")
        self.assertEqual(b"one\n", read.stdout)
        self.assertRegex(read.stderr, r"node's key is damaged.*node\.key\.damaged-1.*receipts.*pinned")
        self.assertNotEqual(before, self.expect(0, "key", "show", "--node", *self.offline("d")).stdout)
        self.expect(0, "pub", "feed", self.path("input"), *self.offline("d"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
