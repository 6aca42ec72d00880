"""Finding others: restarts without a DHT, a head that nobody has, and why nothing is found."""

import json
import re
import unittest

import recorded_data as data
from system_support import LOOPBACK, SystemTest, eventually


class DiscoveryTest(SystemTest):

    def doctor(self, at, *arguments, code=0):
        """The checks by name."""
        result = self.expect(code, "doctor", "--json", "--data", self.path(at), *arguments, timeout=60)
        report = json.loads(result.stdout)
        self.assertEqual(code == 0, report["verdict"] != "problem", result)
        return {check["name"]: check for check in report["checks"]}

    def verdicts(self, checks, **expected):
        for name, verdict in expected.items():
            self.assertEqual(verdict, checks[name]["verdict"], checks[name])
            if verdict != "ok":
                self.assertNotEqual("", checks[name]["hint"], checks[name])


class PeersOfFormerRuns(DiscoveryTest):
    """The DHT is gone, and a restarted node finds whom it knew."""

    def test_restart_without_rendezvous_node(self):
        network = self.network()
        feed = self.publish("publisher", data.write(self.path("input"), b"one\ntwo\n"))
        _, address = self.start_node("publisher")
        mirror = self.start_mirror("mirror", feed)
        size = self.synced(mirror, feed)
        self.assertEqual(0, mirror.stop(), mirror.stderr)
        # The rendezvous node dies, and its address stays named.
        self._processes[0].kill()
        self.expect(0, "pub", "feed", data.write(self.path("more"), b"three\n"), "--data", self.path("publisher"))
        again = self.start_mirror("mirror", feed, network=network)
        self.assertGreater(self.synced(again, feed), size)
        peers = json.loads(self.expect(0, "peers", feed, "--json", "--data", self.path("mirror")).stdout)
        self.assertEqual([address], [peer["address"] for peer in peers])
        self.assertTrue(peers[0]["outgoing"])
        self.assertEqual([0, peers[0]["tree_size"]], [peers[0]["held_begin"], peers[0]["held_end"]])
        self.assertTrue(peers[0]["complete"] and peers[0]["since_ms"] > 0 and not peers[0]["suspect"])


class HeadHint(DiscoveryTest):
    """The publisher is gone, and a reader that nobody answers still learns that there is something to find."""

    def test_reader_without_peers_learns_of_the_head(self):
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\ntwo\n"))
        publisher.wait_for("^published 2 records$")
        self.assertTrue(eventually(lambda: "the DHT has the head" in self.doctor("publisher", "feed")["hint"]["found"]))
        self.assertEqual(0, publisher.stop(), publisher.stderr)
        result = self.expect(4, "sub", feed, "-e", "--find-timeout", "12s", "--data", self.path("reader"), *self.network())
        self.assertRegex(result.stderr, r"(?m)^shoal: error: nobody answered; nothing of this feed is held here; "
                                        r"a newer head of \d+ blocks, signed \S+, is known, and nobody who has it answers$")
        checks = self.doctor("reader", feed, "--find-timeout", "12s", *self.network(), code=4)
        self.verdicts(checks, peers="problem", head="problem", hint="warning", bootstrap="ok")
        self.assertIn("nobody who has it answers", checks["hint"]["found"])


class Doctor(DiscoveryTest):
    """Why nothing is found."""

    def test_all_is_well(self):
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\ntwo\n"))
        publisher.wait_for("^published 2 records$")
        mirror = self.start_mirror("mirror", feed)
        self.synced(mirror, feed)
        for at, name in (("publisher", "feed"), ("mirror", feed)):
            checks = self.doctor(at, name)
            self.verdicts(checks, directory="ok", clock="ok", listening="ok", dht="ok", bootstrap="ok", announce="ok",
                          nat="ok", incoming="ok", peers="ok", head="ok")
            self.assertIn("1 peer", checks["peers"]["found"])
        # A node of its own that comes for this, and one that is asked as a whole.
        alone = self.doctor("third", feed, *self.network())
        self.verdicts(alone, announce="ok", peers="ok", head="ok")
        whole = self.doctor("mirror")
        self.verdicts(whole, dht="ok", announce="ok", feeds="ok")
        self.assertNotIn("peers", whole)
        # Announcements count since the network last changed, which may have been a moment ago.
        self.assertTrue(eventually(
            lambda: "1 feed, 1 announced, 0 without a peer" in self.doctor("mirror")["feeds"]["found"]), whole["feeds"])

    def test_rendezvous_node_is_down(self):
        self.network()
        self._processes[0].kill()
        checks = self.doctor("reader", "ab" * 32, "--find-timeout", "4s", *self.network(), code=4)
        self.verdicts(checks, listening="ok", dht="problem", bootstrap="problem", announce="problem", peers="problem")
        self.assertIn("does not answer", checks["bootstrap"]["found"])

    def test_feed_that_nobody_has(self):
        self.start_node("other")
        checks = self.doctor("reader", "ab" * 32, "--find-timeout", "6s", *self.network(), code=4)
        self.verdicts(checks, dht="ok", bootstrap="ok", announce="ok", peers="problem", head="problem")
        self.assertIn("nobody who has this feed was found", checks["peers"]["found"])
        # Another one: the DHT remembers for a while where the first was asked for.
        text = self.run_shoal("doctor", "ac" * 32, "--find-timeout", "2s", "--data", self.path("reader"), *self.network())
        self.assertRegex(text.stdout.decode(), r"(?m)^PROBLEM +peers +nobody who has this feed was found$")
        self.assertRegex(text.stdout.decode(), r"(?m)^ +hint: is the id right")

    def test_no_network(self):
        feed = self.publish("publisher", data.write(self.path("input"), b"one\n"))
        checks = self.doctor("publisher", "feed", "--offline")
        self.verdicts(checks, network="warning", head="ok", disk="ok")
        self.assertNotIn("dht", checks)
        self.doctor("publisher", "--offline")
        self.doctor("elsewhere", feed, "--offline", code=4)

    def test_rendezvous_node_that_comes_back_is_found_by_itself(self):
        network = self.network()
        address = network[-1]
        self._processes[0].kill()
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"), network=network)
        publisher.wait_for("^published 1 records$")
        mirror = self.start_mirror("mirror", feed, network=network)
        mirror.wait_for("^listening ")
        again = self.start("bootstrap", "--data", self.path("again"), "--listen", address, "--no-lsd")
        again.wait_for("^listening ")
        self.synced(mirror, feed, timeout=120)


if __name__ == "__main__":
    unittest.main(verbosity=2)
