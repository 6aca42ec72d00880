"""Damaged files of a data directory: it stays where it is, what can be read is read, what can be had again is fetched.

SHOAL_DAMAGE_ROUNDS sets the number of flips of each tier, SHOAL_TEST_SEED repeats a run.
"""

import os
import random
import shutil
import subprocess
import time
import unittest

from system_support import LOOPBACK, SHOAL, SystemTest, clean_environment, eventually

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
                if "MANIFEST" in name:
                    # Cut between two entries it names fewer tables, and is sound: only reading shows what is missing.
                    self.expect(0, "repair", feed, "--data", self.path("d"), *network)
                read = self.read(feed, "d")
                self.assert_same_bytes(content, read.stdout, what)
                self.verify("d", feed)


class Rot(DamageTest):
    """A flipped bit in what a mirror holds: named, dropped at first sight, fetched again, never delivered."""

    BLOCK = 270_000  # and a little

    def setUp(self):
        super().setUp()
        self.rotten = []
        self.content = self.records(120, 20000)
        self.seed, self.feed = self.start_seed("publisher", self.write("input", self.content), "-z", "none",
                                               network=QUIET)
        address = self.seed.wait_for(r"^listening (\S+)$").group(1)
        self.seed.wait_for(r"^published ")
        self.with_source = QUIET + ["--peer", address]
        mirror = self.start_mirror("d", self.feed, network=self.with_source)
        self.size = self.synced(mirror, self.feed)
        self.assertEqual(0, mirror.stop())

    def rot(self, store="d/mirrored"):
        """A bit of a payload in a table. What was healed lies elsewhere, so it is of another block each time."""
        tables = [os.path.join(self.path(store), name) for name in os.listdir(self.path(store))
                  if name.endswith(".sst")]
        table = max(tables, key=os.path.getsize)
        places = [place for place in range(0, os.path.getsize(table) * 9 // 10, 1000)
                  if all(abs(place - other) > self.BLOCK for other in self.rotten)]
        self.rotten.append(self.chance.choice(places))
        flip(table, self.rotten[-1], 1 << self.chance.randrange(8))

    def test_sub_with_a_source_delivers_the_healed_block(self):
        for _ in range(max(1, ROUNDS // 3)):
            self.rot()
            read = self.expect(0, "sub", self.feed, "-e", "--data", self.path("d"), *self.with_source)
            self.assert_same_bytes(self.content, read.stdout)
            self.assertRegex(read.stderr, r"block \d+ \(topic default, partition 0, offsets \d+ to \d+\) is damaged")
            self.verify("d", self.feed)

    def test_without_a_source_it_ends_with_5_and_names_the_block(self):
        self.rot()
        read = self.read(self.feed, "d", 5)
        self.assertTrue(self.content.startswith(read.stdout))
        self.assertRegex(read.stderr, r"shoal: error: the payload of block \d+ \(topic default, partition 0, offsets "
                         r"\d+ to \d+\) is damaged")
        # It is not claimed to be held any more.
        repaired = self.expect(3, "repair", self.feed, *self.offline("d"))
        self.assertIn(b"missing payload of block", repaired.stdout)
        self.verify("d", self.feed, 3)
        repaired = self.expect(0, "repair", self.feed, "--data", self.path("d"), *self.with_source)
        self.assertTrue(repaired.stdout.endswith(b"complete\n"), repaired)
        self.assert_same_bytes(self.content, self.read(self.feed, "d").stdout)

    def test_repair_heals_and_says_what(self):
        self.rot()
        self.assertRegex(self.verify("d", self.feed, 5).stdout.decode(),
                         r"damaged: block \d+ \(topic default, partition 0, offsets \d+ to \d+\)")
        self.rot()
        repaired = self.expect(0, "repair", self.feed, "--data", self.path("d"), *self.with_source)
        self.assertRegex(repaired.stdout.decode(), r"(?m)^healed: block \d+ \(topic default")
        self.verify("d", self.feed)

    def test_a_mirror_fetches_what_it_dropped_by_itself(self):
        self.rot()
        mirror = self.start_mirror("d", self.feed, network=self.with_source)
        self.synced(mirror, self.feed, self.size)
        self.run_shoal("verify", self.feed, "--data", self.path("d"))
        self.assertTrue(eventually(lambda: self.run_shoal(
            "verify", self.feed, "--data", self.path("d")).code == 0, 30, 0.3), mirror.stderr)
        self.assertRegex(mirror.stderr, r"is damaged on this disk")

    def test_an_own_feed_is_healed_by_its_mirror(self):
        self.assertEqual(0, self.seed.stop(), self.seed.stderr)
        mirror, address = self.start_node("d", network=QUIET)
        self.rot("publisher/own")
        self.verify("publisher", "feed", 5)
        own = ["--data", self.path("publisher")]
        self.assertIn(self.run_shoal("repair", "feed", "--offline", *own).code, (3, 5))
        repaired = self.expect(0, "repair", "feed", *own, *QUIET, "--peer", address, "--find-timeout", "4s")
        self.assertTrue(repaired.stdout.endswith(b"complete\n"), repaired)
        self.assert_same_bytes(self.content, self.read("feed", "publisher").stdout)
        self.expect(0, "pub", "feed", self.write("more", b"more\n"), "--offline", *own)
        self.assertEqual(0, mirror.stop(), mirror.stderr)

    def test_a_node_finds_it_by_itself(self):
        self.rot()
        node, _ = self.start_node("d", network=self.with_source)
        self.assertTrue(eventually(lambda: "is damaged on this disk" in node.stderr, 90), node.stderr)
        self.assertTrue(eventually(lambda: self.run_shoal(
            "verify", self.feed, "--data", self.path("d")).code == 0, 30, 0.3), node.stderr)
        self.assertEqual(0, node.stop())


@unittest.skipUnless(shutil.which("cc"), "no C compiler")
class Clocks(DamageTest):
    """A clock that jumped drops nothing."""

    def test_a_year_ahead(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock_offset.c")
        library = self.path("clock_offset.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)

        def at_offset(days, *arguments):
            environment = dict(clean_environment(), LD_PRELOAD=library, SHOAL_TEST_CLOCK_OFFSET=str(days * 86400))
            return subprocess.run([SHOAL, *arguments], check=False, capture_output=True, timeout=50, env=environment)

        self.expect(0, "init", "feed", "--keep", "30d", *self.offline("d"))
        lines = b"one\ntwo\n"
        self.publish("d", self.write("input", lines))
        node = at_offset(365, "sub", "feed", "-e", *self.offline("d"))
        self.assertEqual((0, lines), (node.returncode, node.stdout), node.stderr)
        self.assertRegex(node.stderr.decode(), r"nothing is dropped by age: this machine's clock is later")
        self.assertEqual(lines, self.read("feed", "d").stdout)
        # What is signed under such a clock does not make it right.
        published = at_offset(40, "pub", "feed", self.path("input"), *self.offline("d"))
        self.assertEqual(0, published.returncode, published.stderr)
        self.assertRegex(published.stderr.decode(), "nothing is dropped by age")
        self.assertEqual(2 * lines, self.read("feed", "d").stdout)
        # At the next start it is the time that was: what is old is dropped.
        self.assertEqual(0, at_offset(40, "pub", "feed", self.path("input"), *self.offline("d")).returncode)
        self.assertEqual(2 * lines, at_offset(40, "sub", "feed", "-e", *self.offline("d")).stdout)


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
