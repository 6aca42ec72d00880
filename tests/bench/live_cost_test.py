"""What one live record costs on the wire: every byte of both directions counted between two real processes."""

import os
import shutil
import tempfile
import unittest

from live_pair import LivePair

PROBE = os.environ["SHOAL_LIVE_PROBE"]
RECORDS = 100


class LiveCost(unittest.TestCase):

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="shoal-live-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def test_a_small_record_costs_at_most_400_bytes(self):
        with LivePair(PROBE, self.root, interval_us=20000, size=60, counted=True) as pair:
            pair.run(20)  # the session opens, the live want is there
            before = pair.proxy.total
            _, delivered = pair.run(RECORDS)
            cost = (pair.proxy.total - before) / RECORDS
        self.assertEqual(RECORDS, delivered["n"])
        print("%.1f bytes a record" % cost)
        self.assertLessEqual(cost, 400)


if __name__ == "__main__":
    unittest.main()
