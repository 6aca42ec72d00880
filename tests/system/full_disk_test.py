"""Disks that run full under a running node, and get room again: a mirror's, a publisher's, one that is only read.

Each test mounts small tmpfs disks; where that is not allowed it is skipped with the reason.
"""

import json
import os
import random
import re
import subprocess
import time
import unittest

from system_support import LOOPBACK, SystemTest, eventually

MIB = 1 << 20
PRIVATE = LOOPBACK + ["--network", "private", "--no-dht"]


class FullDiskTest(SystemTest):
    def small_disk(self, megabytes, name="disk"):
        """A directory on a disk of its own, of this size."""
        disk = self.path(name)
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "shoal-test", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no small disk: mount: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        return disk

    def resize(self, disk, megabytes):
        subprocess.run(["mount", "-o", "remount,size=%dm" % megabytes, disk], check=True)

    def fill(self, disk, leave=0):
        """Takes all room but `leave` bytes; the file that does it."""
        filler = os.path.join(disk, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    room = os.statvfs(disk)
                    left = room.f_bavail * room.f_bsize - leave
                    if left <= 0:
                        break
                    file.write(b"f" * min(left, MIB))
            except OSError:
                pass
        return filler

    def input(self, size, name="input", seed=1):
        """A file of lines that do not compress."""
        path = self.path(name)
        made = random.Random(seed)
        with open(path, "wb") as file:
            for _ in range(size // 1000):
                file.write(made.randbytes(499).hex().encode() + b"x\n")
        return path

    def count(self, process, pattern):
        return len(re.findall(pattern, process.stderr, re.M))


class FullMirror(FullDiskTest):
    """A mirror on a disk that is smaller than the feed."""

    SIZE = 40_000_000

    def sent(self, data, feed):
        """Bytes that the publisher's node sent to the peers that are connected now."""
        result = self.run_shoal("peers", "feed", "--json", "--data", self.path(data))
        self.assertEqual(0, result.code, str(result))
        peers = [json.loads(line) for line in result.stdout.splitlines()]
        if len(peers) == 1 and isinstance(peers[0], list):
            peers = peers[0]
        return sum(peer.get("bytes_out", 0) for peer in peers)

    def info(self, data):
        return json.loads(self.expect(0, "info", "feed", "--json", "--data", self.path(data)).stdout)

    def receipt(self, data):
        """How much of the feed the mirror has signed for."""
        return max([mirror["tree_size"] for mirror in self.info(data)["mirrors"]], default=0)

    def test_waits_for_room_and_goes_on(self):
        disk = self.small_disk(50)
        feed = self.publish("publisher", self.input(self.SIZE), "-z", "none")
        node, address = self.start_node("publisher", PRIVATE)
        blocks = self.info("publisher")["tree_size"]
        mirror = self.start("mirror", feed, "--data", os.path.join(disk, "m"), *PRIVATE, "--peer", address)
        mirror.wait_for("the disk is full", 30)
        time.sleep(8)
        before = self.sent("publisher", feed)
        time.sleep(4)
        self.assertTrue(mirror.running(), mirror.stderr)
        self.assertLess(self.sent("publisher", feed) - before, MIB, "nothing is asked for")
        self.assertEqual(1, self.count(mirror, "disk is full"), mirror.stderr)
        self.assertLess(len(mirror.stderr.splitlines()), 12, mirror.stderr)
        info = self.expect(0, "info", feed, "--json", "--data", os.path.join(disk, "m"))
        self.assertGreater(json.loads(info.stdout)["held_blocks"], 0)
        doctor = self.run_shoal("doctor", "--data", os.path.join(disk, "m"))
        self.assertRegex(doctor.stdout.decode(), "takes no writes")

        self.resize(disk, 300)
        began = time.monotonic()
        self.assertTrue(eventually(lambda: self.sent("publisher", feed) > before + 2 * MIB or
                                   "synced" in mirror.stderr, 10), mirror.stderr)
        self.assertLess(time.monotonic() - began, 5.5)
        self.synced(mirror, feed, timeout=30)
        mirror.wait_for("room again", 5)
        self.assertLess(self.sent("publisher", feed), 2 * self.SIZE)
        self.assertTrue(eventually(lambda: self.receipt("publisher") == blocks, 10), "it signs receipts again")
        self.assertEqual(0, self.count(node, "refused"), node.stderr)
        self.assertEqual(0, self.count(mirror, "is refused"), mirror.stderr)
        self.assertEqual(0, mirror.stop(), mirror.stderr)
        self.verify(os.path.join("disk", "m"), feed)


class FullNode(FullDiskTest):
    """A running node whose own feeds fill its disk."""

    def test_takes_records_again_by_itself(self):
        disk = self.small_disk(64)
        data = os.path.join(disk, "s")
        node = self.start("node", "--data", data, *PRIVATE)
        node.wait_for("^listening")
        self.expect(0, "pub", "f", self.input(5000, "first"), "--data", data)
        self.expect(0, "pub", "g", self.input(5000, "first"), "--data", data)
        filler = self.fill(disk)
        big = self.input(8_000_000, "big")
        codes = [self.run_shoal("pub", "f", big, "-z", "none", "--data", data) for _ in range(4)]
        self.assertEqual({7}, {one.code for one in codes if one.code != 0}, "\n".join(map(str, codes)))
        self.assertEqual(7, codes[-1].code, str(codes[-1]))
        self.assertRegex(codes[-1].stderr, "(?m)^hint: free some space")
        other = self.run_shoal("pub", "g", self.input(1000, "small"), "--data", data)
        self.assertEqual(7, other.code, str(other))
        time.sleep(5)
        self.assertLess(self.count(node, "disk is full"), 2, node.stderr)
        os.unlink(filler)
        began = time.monotonic()
        for name in ("f", "g"):
            self.assertTrue(eventually(
                lambda: self.run_shoal("pub", name, self.input(1000, "small"), "--data", data).code == 0, 10, 0.3))
        self.assertLess(time.monotonic() - began, 6)
        self.assertTrue(node.running())
        node.wait_for("room again", 5)
        self.assertLess(len(node.stderr.splitlines()), 15, node.stderr)
        for name in ("f", "g"):
            self.expect(0, "sub", name, "-e", "--data", data)
        self.assertEqual(0, node.stop(), node.stderr)
        for name in ("f", "g"):
            self.expect(0, "verify", name, "--data", data)
            self.expect(0, "pub", name, self.input(1000, "small"), "--data", data, "--offline")


READING = [["ls"], ["info", "f"], ["topics", "f"], ["get", "f", "default", "0"], ["sub", "f", "-e", "-c", "1"],
           ["verify", "f"]]


class FullDirectory(FullDiskTest):
    """A directory on a disk without any room, which no process has open."""

    def test_is_read_and_exported(self):
        disk = self.small_disk(60)
        data = ["--offline", "--data", os.path.join(disk, "s")]
        self.expect(0, "pub", "f", self.input(12_000_000), "-z", "none", *data)
        filler = self.fill(disk)
        for command in READING + [["export", "f", self.path("out.shoal")]]:
            self.expect(0, *command, *data)
        self.expect(0, "verify", self.path("out.shoal"))
        online = [*PRIVATE, *data[1:]]
        for command in READING[1:5]:
            self.expect(0, *command, *online)
        for command in (["node"], ["mirror", "ab" * 32], ["pub", "f", self.input(1000, "small")], ["init", "g"]):
            self.assertEqual(7, self.run_shoal(*command, *online).code, command)
        refused = self.run_shoal("pub", "f", self.input(1000, "small"), *data)
        self.assertEqual(7, refused.code, str(refused))
        self.assertRegex(refused.stderr, "(?m)^hint: ")
        os.unlink(filler)
        self.expect(0, "pub", "f", self.input(1000, "small"), *data)
        self.expect(0, "verify", "f", *data)


class JournalAhead(FullDiskTest):
    """What the journal has and the store has not is read where nothing can be written."""

    NAMES = ("a", "b")

    def killed(self):
        """A directory on a small disk, after the kill of a node with records that its stores do not have yet."""
        disk = self.small_disk(70)
        data = os.path.join(disk, "s")
        self.expect(0, "pub", "a", self.input(1000), "--offline", "--data", data)
        node = self.start("node", "--data", data, *PRIVATE)
        node.wait_for("^listening")
        for name in self.NAMES:
            self.expect(0, "pub", name, self.input(300_000), "-z", "none", "--data", data)
        node.kill()
        return disk, data

    def expect_all(self, data):
        with open(self.path("input"), "rb") as file:
            lines = file.read()
        for name in self.NAMES:
            read = self.expect(0, "sub", name, "-e", "--offline", "--data", data)
            self.assertTrue(read.stdout.endswith(lines), "%s: %d bytes" % (name, len(read.stdout)))
            self.expect(0, "verify", name, "--offline", "--data", data)

    def test_on_a_full_disk(self):
        disk, data = self.killed()
        filler = self.fill(disk)
        self.expect_all(data)
        os.unlink(filler)
        self.expect(0, "pub", "a", self.input(1000, "small"), "--offline", "--data", data)

    def test_on_a_file_system_for_reading_only(self):
        disk, data = self.killed()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        self.expect_all(data)
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        self.expect(0, "pub", "a", self.input(1000, "small"), "--offline", "--data", data)


class RemovalOnAFullDisk(FullDiskTest):
    """The room that a directory keeps back is enough to remove a feed, which makes room for the others."""

    def grown_directory(self):
        """On a full disk, the directory's options. It has a large feed and a small one."""
        disk = self.small_disk(120)
        data = ["--data", os.path.join(disk, "s")]
        self.expect(0, "pub", "large", self.input(30_000_000, "large"), "-z", "none", "--offline", *data)
        self.expect(0, "pub", "small", self.input(1000, "small"), "--offline", *data)
        return disk, data

    def test_without_a_node(self):
        disk, data = self.grown_directory()
        filler = self.fill(disk)
        self.assertEqual(7, self.run_shoal("pub", "small", self.input(1000, "small"), "--offline", *data).code)
        self.expect(0, "rm", "large", "--yes", *data)
        room = os.statvfs(disk)
        self.assertGreater(room.f_bavail * room.f_bsize, 25 * MIB)
        self.expect(0, "pub", "small", self.input(1000, "small"), "--offline", *data)
        self.expect(0, "verify", "small", "--offline", *data)
        os.unlink(filler)
        self.expect(0, "ls", "--offline", *data)
        self.assertTrue(os.path.exists(os.path.join(disk, "s", "reserve")), "it is kept back again")

    def test_through_a_node(self):
        disk, data = self.grown_directory()
        node = self.start("node", *data, *PRIVATE)
        node.wait_for("^listening")
        self.fill(disk)
        big = self.input(8_000_000, "big")
        codes = [self.run_shoal("pub", "small", big, "-z", "none", *data).code for _ in range(4)]
        self.assertEqual(7, codes[-1], node.stderr)
        self.expect(0, "rm", "large", "--yes", *data)
        self.assertTrue(eventually(
            lambda: self.run_shoal("pub", "small", self.input(1000, "small"), *data).code == 0, 10, 0.3), node.stderr)
        self.assertEqual(0, node.stop(), node.stderr)
        self.expect(0, "verify", "small", "--offline", *data)


class ReadOnlyFileSystem(FullDiskTest):
    """A directory where nobody can write."""

    def test_is_read_and_exported_and_not_published_to(self):
        disk = self.small_disk(100)
        data = ["--offline", "--data", os.path.join(disk, "d")]
        self.expect(0, "pub", "f", self.input(5000), *data)
        before = self.run_shoal("sub", "f", "-e", *data).stdout
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for command in READING + [["export", "f", self.path("x.shoal")]]:
            self.expect(0, *command, *data)
        for more in data, [*PRIVATE, *data[1:]]:
            self.assertEqual(before, self.expect(0, "sub", "f", "-e", *more).stdout)
        for command in ["pub", "f", self.input(1000, "small")], ["rm", "f", "--yes"], ["init", "g"]:
            refused = self.run_shoal(*command, *data)
            self.assertEqual(1, refused.code, str(refused))
            self.assertRegex(refused.stderr, "[Rr]ead-only")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        self.expect(0, "pub", "f", self.input(1000, "small"), *data)
        self.expect(0, "verify", "f", *data)


class Limits(FullDiskTest):
    """Limits of the process end a command with an error line, and nothing is lost."""

    def limited(self, limit, *arguments):
        command = "%s; exec \"$0\" \"$@\"" % limit
        process = self.start("-c", command, os.environ.get("SHOAL_BINARY", "shoal"), *arguments, program="/bin/bash")
        code = process.wait(50)
        return code, process.stderr

    def test_are_said(self):
        data = ["--offline", "--data", self.path("d")]
        self.expect(0, "pub", "f", self.input(5000), *data)
        small = self.input(100_000, "small")
        for limit, codes, arguments in (("ulimit -v 100000", {1}, ["pub", "f", small]),
                                        ("ulimit -Sn 8; ulimit -Hn 8", {1}, ["pub", "f", small]),
                                        ("ulimit -Sn 12; ulimit -Hn 12", {1}, ["sub", "f", "-e"]),
                                        ("ulimit -Sn 20; ulimit -Hn 20", {1}, ["sub", "f", "-e"]),
                                        ("ulimit -f 60", {7}, ["pub", "f", small, "-z", "none"])):
            with self.subTest(limit):
                code, stderr = self.limited(limit, *arguments, *data)
                self.assertIn(code, codes, stderr)
                self.assertRegex(stderr, "(?m)^shoal: error: ")
                self.assertRegex(stderr, "(?m)^hint: ")
        self.expect(0, "verify", "f", *data)
        self.expect(0, "pub", "f", small, *data)
        self.assertEqual(["d"], [name for name in os.listdir(self.root) if name == "d"])
        self.assertFalse([name for name in os.listdir(self.path("d")) if "damaged" in name], "nothing is put aside")


if __name__ == "__main__":
    unittest.main()
