"""Hosts behind address translators: they read by dialling out, and find each other where the translators allow it."""

import unittest

import port_mapper
from netns_support import say, seconds_until
from swarm import Mirror, Subscriber, SwarmTest
from topology import Unavailable


class NatTest(SwarmTest):

    def begin(self):
        """A rendezvous and a producer with public addresses."""
        self.start_rendezvous_node()
        self.start_publisher()
        self.mirrors, self.subscribers = [], []

    def follow(self, member, timeout=60):
        member.start()
        member.process.wait_for("^listening ", 30)
        (self.mirrors if isinstance(member, Mirror) else self.subscribers).append(member)

    def behind_nat(self, name, **kind):
        return self.net.add_inner_host(name, self.net.add_nat(name + "-nat", **kind))

    def connection(self, host, other_address):
        """The peer of `host` at that address, as `shoal peers` tells; None when there is none."""
        for peer in self.peers(host, self.feed):
            if peer["address"].rsplit(":", 1)[0] == other_address:
                return peer
        return None


class ReaderBehindNat(NatTest):

    def test_reader_that_can_only_dial_out_follows(self):
        self.begin()
        self.follow(Subscriber(self, self.behind_nat("reader"), self.feed))
        self.all_follow("behind a NAT", 60)
        self.finish()


class HolePunching(NatTest):
    """A mirror and a reader behind two NATs, and a producer that both can dial. Everybody gets everything, met or not."""

    LIMIT_S = 90

    def seconds_until_met(self, **kind):
        self.begin()
        mirror = Mirror(self, self.behind_nat("mirror", **kind), self.feed)
        reader = Subscriber(self, self.behind_nat("reader"), self.feed)
        self.follow(mirror)
        self.follow(reader)
        address = self.net.hosts["mirror-nat"].address
        took = seconds_until(lambda: self.connection(reader.host, address), self.LIMIT_S, 1)
        say("not met within %d s" % self.LIMIT_S if took is None else "met after %.1f s: %s" % (
            took, self.connection(reader.host, address)))
        self.finish()
        return took

    def test_behind_two_nats_that_keep_a_port_for_everybody(self):
        self.assertIsNotNone(self.seconds_until_met())

    def test_one_with_another_port_for_each_host(self):
        self.seconds_until_met(symmetric=True)  # told, not demanded: docs/TESTING.md says why


class PortMapping(NatTest):
    """A mirror behind a router that opens ports to those who ask. A reader behind another one can only dial."""

    def setUp(self):
        try:
            port_mapper.require()
        except Unavailable as reason:
            self.skipTest(str(reason))
        super().setUp()

    def check(self, method, **protocol):
        self.begin()
        mirror = Mirror(self, self.behind_nat("mirror", network=port_mapper.NETWORK), self.feed)
        router = self.net.hosts["mirror-nat"]
        mapper = port_mapper.PortMapper(router, self.path("mapper"), **protocol)
        self.addCleanup(mapper.close)
        self.follow(mirror)
        told = self.expect_on(0, mirror.host, "doctor", *self.data(mirror.host)).stdout.decode()
        self.assertRegex(told, r"ok\s+nat\s.*%s opened tcp port \d+.*; others see %s" % (method, router.address),
                         mapper.log())
        self.assertRegex(told, r"ok\s+announce\s")
        reader = Subscriber(self, self.behind_nat("reader"), self.feed)
        self.follow(reader)
        took = seconds_until(lambda: self.connection(reader.host, router.address), 60, 0.5)
        self.assertIsNotNone(took, mapper.log())
        found = self.connection(reader.host, router.address)
        say("%s: met after %.1f s: %s" % (method, took, found))
        self.assertEqual(("tcp", True), (found["transport"], found["outgoing"]))
        self.finish()

    def test_asked_by_upnp(self):
        self.check("UPnP", upnp=True)

    def test_asked_by_nat_pmp(self):
        self.check("NAT-PMP", natpmp=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
