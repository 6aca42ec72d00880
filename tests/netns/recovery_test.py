"""What a network does to nodes that did nothing wrong, and how long until records flow again."""

import re
import time
import unittest

from netns_support import PORT, say, seconds_until
from swarm import SwarmTest


class RecoveryTest(SwarmTest):

    def begin(self, mirrors, subscribers):
        self.start_rendezvous_node()
        self.start_publisher()
        self.start_followers(mirrors, subscribers)
        self.all_follow("at the beginning", 60)


class AddressChange(RecoveryTest):

    def test_reader_that_moves_to_another_network_goes_on(self):
        self.begin(mirrors=1, subscribers=1)
        self.net.readdress(self.subscribers[0].host)
        self.all_follow("with another address", 60)
        self.finish()

    def test_producer_that_moves_to_another_network_is_found_again(self):
        self.begin(mirrors=1, subscribers=1)
        self.net.readdress(self.publisher.host)
        self.all_follow("the producer has another address", 60)
        self.finish()


class Unplugged(RecoveryTest):

    def test_node_listens_again_each_time_its_line_is_plugged_in(self):
        self.begin(mirrors=1, subscribers=1)
        host = self.mirrors[0].host
        listening = re.compile(r"\s%s(%%line)?:%d\s" % (re.escape(host.address), PORT))
        for _ in range(3):
            host.link_down()
            time.sleep(3)
            host.link_up()
            took = seconds_until(lambda: listening.search(host.do("ss", "-Htln")), 20)
            self.assertIsNotNone(took, host.do("ss", "-Htln"))
            say("listens again after %.1f s" % took)
        self.all_follow("a mirror's line was unplugged", 60)
        self.finish()


class LongCut(RecoveryTest):

    def test_reader_that_was_cut_off_for_long_goes_on_soon(self):
        self.begin(mirrors=1, subscribers=1)
        host = self.subscribers[0].host
        for cut_s in (20, 70):
            self.net.cut(host)
            time.sleep(cut_s)
            self.net.mend(host)
            self.all_follow("after a cut of %d s" % cut_s, 60)
        self.finish()


class LateRendezvous(RecoveryTest):

    def test_swarm_forms_when_the_rendezvous_comes_late(self):
        self.start_rendezvous_node()
        self.rendezvous_node.kill()
        self.start_publisher()
        self.start_followers(mirrors=1, subscribers=1)
        self.assertIsNone(seconds_until(lambda: self.subscribers[0].size() > 0, 8))
        self.rendezvous_node.restart()
        self.all_follow("the rendezvous came", 60)
        self.finish()


class Partition(RecoveryTest):

    def test_halves_of_the_swarm_find_together_again(self):
        self.begin(mirrors=2, subscribers=2)
        near = [self.host(name) for name in ("producer", "mirror1", "reader1")]
        far = [self.host(name) for name in ("rendezvous", "mirror2", "reader2")]
        self.net.separate(near, far)
        before = self.subscribers[1].size()
        self.all_follow("in the producer's half", 30, self.subscribers[:1])
        # Longer than a node waits for a silent peer, so that all connections between the halves are gone.
        self.assertIsNone(seconds_until(lambda: self.subscribers[1].size() > before + 4000, 15))
        self.net.mend_all()
        self.all_follow("the halves are one again", 60)
        self.finish()


if __name__ == "__main__":
    unittest.main(verbosity=2)
