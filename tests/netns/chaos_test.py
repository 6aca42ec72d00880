"""Kills and cuts at random on a slow and lossy network: every subscriber ends with the identical feed."""

import statistics
import threading
import time
import unittest

from chaos import Chaos
from netns_support import MINUTES, say, seconds_until
from publisher import content
from swarm import SwarmTest

SHORT_S = 12
CATCH_UP_S = 90


class ChaoticSwarm(SwarmTest):

    def catch_up(self, fault):
        """After a fault of a subscriber: how long until it has what was acknowledged when the fault ended."""
        if fault.member not in self.subscribers:
            return
        wanted = len(content(self.publisher.acknowledged()))
        watcher = threading.Thread(target=self._watch, args=(fault, wanted, time.monotonic()), daemon=True)
        watcher.start()
        self.watchers.append(watcher)

    def _watch(self, fault, wanted, begin):
        took = seconds_until(lambda: fault.member.size() >= wanted, CATCH_UP_S)
        self.times.setdefault(fault.name, []).append(CATCH_UP_S if took is None else took)
        say("  %.1f s after %s at %.0f s: %s" % (time.monotonic() - begin, fault, begin - self.begin,
                                                "caught up" if took is not None else "NOT caught up"))

    def test_subscribers_have_the_identical_feed_after_kills_and_cuts(self):
        self.begin = time.monotonic()
        self.times, self.watchers = {}, []
        self.start_rendezvous_node()
        self.start_publisher()
        self.start_followers()
        took = seconds_until(lambda: all(one.size() > 0 for one in self.subscribers), 60)
        self.assertIsNotNone(took, self.subscribers[0].process.stderr)
        say("first record at both subscribers after %.1f s" % took)
        members = [self.rendezvous_node, self.publisher, *self.mirrors, *self.subscribers]
        Chaos(self.net, members, self.chance, self.catch_up).play(MINUTES * 60 if MINUTES else SHORT_S)
        self.finish()
        for watcher in self.watchers:
            watcher.join(CATCH_UP_S)
        for name, times in sorted(self.times.items()):
            say("caught up after %s: median %.1f s, longest %.1f s of %d" % (
                name, statistics.median(times), max(times), len(times)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
