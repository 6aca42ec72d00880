"""Wants that outlive their process, budgets of the disk, and feeds that are removed: real processes on loopback."""

import json
import os
import signal
import threading
import time
import unittest

import recorded_data
from system_support import SystemTest, eventually

MIB = 1 << 20


def disk_usage(path):
    """What `du` says, in bytes."""
    sizes = {0: os.lstat(path).st_blocks * 512}  # by inode: a file with two names is counted once
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            try:
                about = os.lstat(os.path.join(folder, name))
                sizes[about.st_ino] = about.st_blocks * 512
            except FileNotFoundError:
                pass
    return sum(sizes.values())


class WantsTest(SystemTest):
    def info(self, data, feed):
        return json.loads(self.expect(0, "info", feed, "--json", "--data", self.path(data), "--offline").stdout)

    def seed_in_order(self, data, records, *arguments, size=1000):
        """A seed that publishes `records` records of about `size` bytes, and stays."""
        source = self.path(data + ".in")
        with open(source, "wb") as file:
            for _ in range(records):
                file.write(os.urandom(size // 2).hex().encode() + b"\n")
        return self.start_seed(data, source, "-z", "none", *arguments)


class PersistentWants(WantsTest):
    def test_a_mirror_of_some_topics_is_followed_again_by_a_node(self):
        source = self.path("quakes.ndjson")
        recorded_data.write(source, recorded_data.quakes())
        topics = ("--topic-from", "json:/properties/net")
        seed, feed = self.start_seed("pub", source, *topics)
        seed.wait_for(r"^published (\d+) records")
        address = seed.wait_for(r"^listening (\S+)$").group(1)
        mirror = self.start_mirror("mirror", feed, "--peer", address, "-t", "a*", "--keep", "30d")
        self.synced(mirror, feed)
        mirror.kill()
        seed.stop()
        # More of the feed while nobody mirrors it.
        self.publish("pub", source, *topics)
        seed, address = self.start_node("pub")
        node, _ = self.start_node("mirror", self.network() + ["--peer", address])
        expected = 2 * recorded_data.quake_nets()["ak"].count(b"\n")

        def followed():
            held = [t for t in self.info("mirror", feed)["topics"] if t["name"] == "ak"]
            return held and held[0]["high_watermark"] == expected

        self.assertTrue(eventually(followed), self.info("mirror", feed)["topics"])
        info = self.info("mirror", feed)
        self.assertEqual({"topics": ["a*"], "keep_ms": 30 * 86400 * 1000, "max_bytes": 0}, info["want"])
        self.assertEqual(0, next(t["bytes"] for t in info["topics"] if t["name"] == "ci"))
        self.assertEqual(0, node.stop())


class Budgets(WantsTest):
    def test_du_stays_within_the_budget_while_a_publisher_floods(self):
        budget = 96 * MIB
        seed, feed = self.start_seed("pub", "-", "-z", "none", stdin=-1)  # -1: a pipe
        address = seed.wait_for(r"^listening (\S+)$").group(1)
        mirror = self.start_mirror("mirror", feed, "--peer", address, "--max-size", "96M")
        mirror.wait_for(r"^listening ")
        lines = b"".join(os.urandom(500).hex().encode() + b"\n" for _ in range(1000))
        flood = threading.Thread(target=lambda: [seed.stdin.write(lines) for _ in range(200)])
        flood.start()
        most = 0
        while flood.is_alive():
            most = max(most, disk_usage(self.path("mirror")))
            time.sleep(0.02)
        flood.join()
        seed.stdin.close()
        seed.wait_for(r"^published 200000 records", 60)
        size = self.info("pub", feed)["tree_size"]
        self.synced(mirror, feed, str(size))
        most = max(most, disk_usage(self.path("mirror")))
        print("largest du %.1f MiB of a budget of %.1f MiB" % (most / MIB, budget / MIB))
        self.assertLessEqual(most, budget)
        topic = self.info("mirror", feed)["topics"][0]
        self.assertGreater(topic["log_start_offset"], 0)
        self.assertEqual(200000, topic["high_watermark"])
        self.assertGreater(topic["bytes"], 10 * MIB)
        self.assertEqual(0, mirror.stop())
        self.verify("mirror", feed)  # what was dropped is no hole


class Removal(WantsTest):
    def test_rm_gives_the_disk_back(self):
        seed, feed = self.seed_in_order("pub", 40000)
        address = seed.wait_for(r"^listening (\S+)$").group(1)
        seed.wait_for(r"^published 40000 records", 60)
        self.expect(0, "init", "other", "--data", self.path("mirror"))
        empty = disk_usage(self.path("mirror"))
        mirror = self.start_mirror("mirror", feed, "--peer", address)
        self.synced(mirror, feed)
        self.assertEqual(0, mirror.stop())
        full = disk_usage(self.path("mirror"))
        self.assertGreater(full, empty + 30 * MIB)
        self.expect(0, "rm", feed, "--data", self.path("mirror"))
        self.assertLess(disk_usage(self.path("mirror")), empty + 4 * MIB)
        self.assertEqual(10, self.expect(10, "rm", feed, "--data", self.path("mirror")).code)
        self.assertEqual(0, seed.stop(signal.SIGTERM))


if __name__ == "__main__":
    unittest.main()
