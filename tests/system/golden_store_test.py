"""Data directories that former versions wrote, through the command. That their feeds go on: GoldenStore of tests/feed."""

import hashlib
import json
import os
import subprocess

from system_support import SystemTest

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")


class GoldenStore(SystemTest):
    """Of the first release."""

    NAME = "golden_store_0.1"

    def setUp(self):
        super().setUp()
        subprocess.run(["tar", "--zstd", "-xf", os.path.join(VECTORS, self.NAME + ".tar.zst"), "-C", self.root], check=True)
        with open(os.path.join(VECTORS, self.NAME + ".json"), encoding="utf-8") as file:
            self.facts = json.load(file)

    def records(self, data, feed):
        done = self.expect(0, "sub", feed, "-e", "-J", "--offline", "--data", self.path(data))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [[r["topic"], r["partition"], r["offset"], r["ts"], r["key"], r["payload"]] for r in lines]

    def assert_records(self, data, feed, expected):
        found = self.records(data, feed)
        self.assertEqual(expected["records"], len(found))
        text = json.dumps(found, separators=(",", ":"), sort_keys=True).encode()
        self.assertEqual(expected["sha256"], hashlib.sha256(text).hexdigest())

    def test_own_feed_is_read(self):
        own = self.facts["own"]
        self.assert_records("own", "quakes", own)
        info = json.loads(self.expect(0, "info", "quakes", "--json", "--offline", "--data", self.path("own")).stdout)
        self.assertEqual((own["feed"], own["tree_size"]), (info["feed"], info["tree_size"]))
        self.assertEqual(own["ends"], {topic["name"]: topic["end_offset"] for topic in info["topics"]})

    def test_own_feed_of_a_copied_directory_is_not_signed(self):
        """The archive is a copy: that is seen by the marker that was written into it."""
        with open(self.path("line"), "wb") as file:
            file.write(b"one more\n")
        done = self.expect(9, "pub", "quakes", self.path("line"), "--offline", "--data", self.path("own"))
        self.assertIn("was copied", done.stderr)

    def test_mirror_is_read_and_keeps_its_want(self):
        self.assert_records("mirror", self.facts["own"]["feed"], self.facts["own"])
        self.verify("mirror", self.facts["own"]["feed"])
        listed = json.loads(self.expect(0, "ls", "--json", "--offline", "--data", self.path("mirror")).stdout)
        self.assertEqual([self.facts["own"]["feed"]], [feed["feed"] for feed in listed])
        cursor = self.expect(0, "sub", self.facts["own"]["feed"], "-e", "-J", "--cursor", "reader", "--offline", "--data",
                             self.path("mirror"))
        self.assertEqual(self.facts["mirror"]["after_cursor"], len(cursor.stdout.splitlines()))


class GoldenStoreOfSchema2(GoldenStore):
    NAME = "golden_store_schema2"


if __name__ == "__main__":
    import unittest
    unittest.main()
