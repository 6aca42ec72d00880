"""Readers that are there while records are published: live delivery, exact files across SIGKILL, mirrors that die."""

import os
import random
import time
import unittest

import recorded_data as data
from system_support import SystemTest, eventually

SEED = int(os.environ.get("SHOAL_TEST_SEED", "0")) or int(time.time())


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class LiveReader(SystemTest):

    def test_reader_gets_records_while_they_are_published(self):
        # The producer is known before its first record: an empty feed, then one replayed over some seconds.
        path = data.write(self.path("input"), data.quakes())
        feed = self.publish("publisher", data.write(self.path("none"), b""), name="quakes")
        reader = self.start("sub", feed, "-t", "default", "--data", self.path("reader"), *self.network())
        reader.wait_for("^listening ")
        # 603 k seconds of earthquakes in about 8.
        publisher, again = self.start_seed("publisher", path, "--time-from", "json:/properties/time", "--replay",
                                           "75000x", name="quakes")
        self.assertEqual(feed, again)
        seen_while_publishing = 0
        while "published " not in publisher.stderr:
            self.assertTrue(publisher.running(), publisher.stderr)
            seen_while_publishing = max(seen_while_publishing, len(reader.stdout()))
            time.sleep(0.05)
        self.assertGreater(seen_while_publishing, len(data.quakes()) // 20)
        self.assertTrue(eventually(lambda: len(reader.stdout()) >= len(data.quakes())), reader.stderr)
        self.assertEqual(0, reader.stop())
        self.assert_same_bytes(data.quakes(), reader.stdout(), "the live reader")


class ExactFile(SystemTest):

    def test_file_has_every_record_once_however_often_the_reader_is_killed(self):
        chance = random.Random(SEED)
        print("seed", SEED)
        path = data.write(self.path("input"), data.quakes())
        publisher, feed = self.start_seed("publisher", path, "--time-from", "json:/properties/time", "--replay",
                                          "60000x", "--linger", "20ms")
        target = self.path("exact.ndjson")
        wanted = ["sub", feed, "--cursor", "nightly", "--to", target, "--data", self.path("reader"), *self.network()]
        kills = sizes = 0
        while kills < 6 or not publisher.stderr.count("published "):
            reader = self.start(*wanted)
            reader.wait_for("^listening ")
            grown = size_of(target)
            # At a random moment after it started to write, or in the middle of its start.
            if kills % 3 != 2:
                eventually(lambda: size_of(target) > grown, 5, 0.01)
            time.sleep(chance.uniform(0, 0.6))
            reader.kill()
            kills += 1
            sizes += size_of(target) > grown
            self.assertLess(kills, 60, publisher.stderr)
        self.assertGreater(sizes, 0, "never killed while it was writing")
        self.expect(0, *wanted, "-e")
        with open(target, "rb") as file:
            self.assert_same_bytes(data.quakes(), file.read(), "after %d kills" % kills)
        # Nothing is delivered twice by asking again.
        self.expect(0, *wanted, "-e")
        self.assertEqual(len(data.quakes()), size_of(target))


class Failover(SystemTest):

    def test_another_mirror_takes_over_without_a_gap(self):
        path = data.write(self.path("input"), data.quakes())
        publisher, feed = self.start_seed("publisher", path, "--time-from", "json:/properties/time", "--replay",
                                          "40000x", "--linger", "20ms")
        first = self.start_mirror("first", feed)
        first_address = first.wait_for(r"^listening (\S+)$").group(1)
        second = self.start_mirror("second", feed)
        second_address = second.wait_for(r"^listening (\S+)$").group(1)
        self.synced(first, feed)
        self.synced(second, feed)
        # The reader knows the two mirrors and not the publisher.
        reader = self.start("sub", feed, "--data", self.path("reader"), "--listen", "127.0.0.1:0", "--no-lsd",
                            "--no-dht", "--peer", first_address, "--peer", second_address)
        self.assertTrue(eventually(lambda: reader.stdout().count(b"\n") > 50), reader.stderr)
        self.assertNotIn("published ", publisher.stderr, "too late: all was published before the mirror died")
        first.kill()
        publisher.wait_for(r"^published 1707 records$", 50)
        self.assertTrue(eventually(lambda: len(reader.stdout()) >= len(data.quakes()), 40), reader.stderr)
        self.assertEqual(0, reader.stop())
        self.assert_same_bytes(data.quakes(), reader.stdout(), "the reader")
        self.assertEqual(0, second.stop())


if __name__ == "__main__":
    unittest.main(verbosity=2)
