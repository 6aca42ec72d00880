"""Attacks on whole processes over real sockets: changed messages and records, floods, crowds of connections.

`hostile_peer` (tests/support) speaks BitTorrent and the session itself, so it can say anything. ctest runs a few rounds;
scripts/attack.sh many, with figures, and against a build with sanitizers. Without the program these are skipped.
"""

import json
import os
import re
import statistics
import subprocess
import time
import unittest

import recorded_data as data
from system_support import LOOPBACK, SHOAL, SystemTest, eventually

ATTACKER = os.environ.get("SHOAL_HOSTILE_PEER", "")
ROUNDS = int(os.environ.get("SHOAL_ATTACK_ROUNDS", "400"))
SEED = os.environ.get("SHOAL_TEST_SEED", "1")
ALONE = [*LOOPBACK, "--no-dht"]
MEBIBYTE = 1 << 20


def resident(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) << 10


def processor(pid):
    """Seconds that the process used."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def yield_processor(pid):
    """What an attacker's own process takes of this machine is not what is measured. A process of its own session is
    its own scheduling group, and niceness counts within a group only; without such groups it counts for all."""
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    group = "/proc/%d/autogroup" % pid
    if os.path.exists(group):
        with open(group, "w", encoding="ascii") as file:
            file.write("19")


class AttackTest(SystemTest):
    """A publisher of the earthquakes that knows nobody."""

    def setUp(self):
        super().setUp()
        path = data.write(self.path("input"), data.quakes())
        self.publisher, self.feed = self.start_seed("publisher", path, *data.QUAKE_OPTIONS, "--batch-bytes", "8K",
                                                    network=ALONE)
        self.address = self.publisher.wait_for(r"^listening (\S+)$").group(1)
        self.publisher.wait_for("^published 1707 records$")

    def attack(self, kind, victim, *options, timeout=None):
        """Makes an attack to its end; its figures."""
        process = self.start(kind, self.feed, victim, "--seed", SEED, *options, program=ATTACKER)
        self.assertEqual(0, process.wait(timeout or 60 + ROUNDS), process.stderr)
        figures = {name: int(value) for name, value in
                   (line.split() for line in process.stdout().decode("ascii").splitlines())}
        process.release()
        print("%s: %s" % (kind, figures), flush=True)
        return figures

    def start_victim(self, *options):
        """A mirror that nobody told of the publisher; strangers come to it."""
        victim = self.start_mirror("victim", self.feed, *options, network=ALONE)
        return victim, victim.wait_for(r"^listening (\S+)$").group(1)

    def probe(self, rounds):
        return self.attack("probe", self.address, "--rounds", rounds)

    def read_all(self, directory, *peers):
        """A reader gets the whole feed; seconds that took."""
        begin = time.monotonic()
        peers = [word for peer in peers for word in ("--peer", peer)]
        read = self.expect(0, "sub", self.feed, "-e", "--data", self.path(directory), *ALONE, *peers, timeout=120)
        self.assertTrue(sorted(data.quakes().splitlines()) == sorted(read.stdout.splitlines()))
        return time.monotonic() - begin


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class ChangedMessages(AttackTest):

    def test_no_changed_message_is_accepted(self):
        victim, address = self.start_victim()
        figures = self.attack("mutate", address, "--source", self.address, "--rounds", ROUNDS)
        self.assertGreater(figures["mutated"], ROUNDS * 0.8, figures)
        self.assertTrue(victim.running(), victim.stderr)
        self.assertEqual(0, victim.stop())
        # No true block was ever sent to it, so it may hold none.
        held = json.loads(self.expect(0, "info", self.feed, "--json", "--offline", "--data", self.path("victim")).stdout)
        self.assertEqual(0, held["held_blocks"], held)
        healed = self.start_mirror("victim", self.feed, "--peer", self.address, network=ALONE)
        self.synced(healed, self.feed)
        self.assertEqual(0, healed.stop())
        self.verify("victim", self.feed)

    def test_an_owner_is_not_moved_by_them(self):
        self.attack("mutate", self.address, "--source", self.address, "--rounds", ROUNDS // 4)
        self.assertTrue(self.publisher.running(), self.publisher.stderr)
        self.read_all("reader", self.address)
        self.assertEqual(0, self.publisher.stop())
        self.verify("publisher", self.feed)

    def test_changed_records_end_the_session_and_ban_nobody(self):
        figures = self.attack("alter", self.address, "--rounds", ROUNDS // 2)
        self.assertGreater(figures["altered"], ROUNDS // 2 * 0.8, figures)
        self.assertEqual(figures["altered"], figures["ended"])
        self.assertNotIn("disconnected", self.publisher.stderr)
        self.read_all("reader", self.address)


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class Floods(AttackTest):

    def test_questions_that_are_never_read(self):
        self.read_all("warm", self.address)
        before = peak = resident(self.publisher.pid)
        alone, beside = [], []
        # In turn, so that what else the machine does falls on both.
        parts = max(1, ROUNDS // 2000)
        for _ in range(parts):
            alone += [self.probe(2000) for _ in range(3)]
            flood = self.start("flood", self.feed, self.address, "--rounds", ROUNDS * 250 // parts, program=ATTACKER)
            yield_processor(flood.pid)
            while flood.running():
                beside.append(self.probe(2000))
                peak = max(peak, resident(self.publisher.pid))
            self.assertEqual(0, flood.wait())
        alone, beside = ({name: statistics.median(p[name] for p in some) for name in ("p50_us", "p99_us")}
                         for some in (alone, beside))
        print("flood of %d: memory grew by %.1f MiB; alone %s, beside it %s" %
              (ROUNDS * 250, (peak - before) / MEBIBYTE, alone, beside), flush=True)
        # The bound of what one peer leaves unread is below 4 MiB; the allocator keeps some of what sessions came and went with.
        self.assertLess(peak - before, 8 * MEBIBYTE)
        self.assertTrue(self.publisher.running(), self.publisher.stderr)

    def test_lengths_of_a_gibibyte(self):
        before = resident(self.publisher.pid)
        figures = self.attack("prefix", self.address, "--rounds", 40)
        self.assertEqual(figures["announced"], figures["ended"])
        self.assertLess(resident(self.publisher.pid) - before, 16 * MEBIBYTE)


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class StarvedWants(SystemTest):
    """Wants that have no credit for their blocks cost their owner nothing, whatever asks it to look at them again."""

    BLOCKS, SIZE = 16, 6_000_000

    def setUp(self):
        super().setUp()
        files = []
        for number in range(self.BLOCKS):
            files.append(self.path("block%d" % number))
            with open(files[-1], "wb") as file:
                file.write(os.urandom(self.SIZE))
        self.expect(0, "pub", "feed", *files, "--frame", "file", "-z", "none", "--batch-bytes", "1", "--offline", "--data",
                    self.path("owner"))
        self.feed = self.expect(0, "key", "show", "feed", "--data", self.path("owner")).stdout.decode().strip()
        self.owner, self.address = self.start_node("owner", [*ALONE, "--network", "private"])

    def publish_some(self):
        self.expect(0, "pub", "feed", data.write(self.path("more"), b"".join(b"%d\n" % i for i in range(20))), "--batch-bytes",
                    "1", "--linger", "0ms", "--data", self.path("owner"))

    def test_neither_credits_nor_commits_read_for_them(self):
        begin = processor(self.owner.pid)
        starving = self.start("starve", self.feed, self.address, "--rounds", ROUNDS, program=ATTACKER,
                              stdin=subprocess.PIPE)
        self.assertTrue(eventually(lambda: starving.stdout().startswith(b"credits"), 30 + ROUNDS // 100), starving.stderr)
        after_credits = processor(self.owner.pid)
        self.publish_some()
        after_commits = processor(self.owner.pid)
        print("starved wants: %.2f s of processor for %d credits, %.2f s for 20 commits" %
              (after_credits - begin, ROUNDS, after_commits - after_credits), flush=True)
        # One block that is read and hashed takes 10 ms: it was one for each credit, and sixteen for each commit.
        self.assertLess(after_credits - begin, 0.5 + ROUNDS * 0.001)
        self.assertLess(after_commits - after_credits, 1)
        stopping = time.monotonic()
        self.assertEqual(0, self.owner.stop(), self.owner.stderr)
        self.assertLess(time.monotonic() - stopping, 5)
        starving.stdin.close()


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class WideWants(SystemTest):
    """Wants of all partitions of a topic with as many as there may be, from eight sessions."""

    PARTITIONS, RECORDS = 65000, 4000

    def setUp(self):
        super().setUp()
        self.expect(0, "init", "feed", "--topic", "wide:%d" % self.PARTITIONS, "--offline", "--data", self.path("owner"))
        lines = "".join("%d\n" % i for i in range(self.RECORDS)).encode("ascii")
        # Blocks of another topic first: behind them each partition has to be looked for.
        for topic in ("thin", "wide"):
            self.expect(0, "pub", "feed", data.write(self.path(topic), lines), "-t", topic, "--key-from", "csv:1",
                        "--batch-bytes", "1", "--offline", "--data", self.path("owner"), timeout=120)
        self.feed = self.expect(0, "key", "show", "feed", "--data", self.path("owner")).stdout.decode().strip()
        self.owner, self.address = self.start_node("owner", [*ALONE, "--network", "private"])

    def test_take_little_memory_and_give_it_back(self):
        self.expect(0, "sub", self.feed, "-e", "--data", self.path("warm"), *ALONE, "--peer", self.address, timeout=120)
        before, begin = resident(self.owner.pid), processor(self.owner.pid)
        asking = self.start("wide", self.feed, self.address, "--rounds", min(ROUNDS, 128), program=ATTACKER,
                            stdin=subprocess.PIPE)
        self.assertTrue(eventually(lambda: asking.stdout().startswith(b"wants"), 60), asking.stderr)
        time.sleep(2)
        beside, used = resident(self.owner.pid), processor(self.owner.pid) - begin
        asking.stdin.close()
        self.assertEqual(0, asking.wait())
        print("wide wants: memory grew by %.1f MiB, %.2f s of processor" % ((beside - before) / MEBIBYTE, used),
              flush=True)
        # Eight sessions of 4 MiB at most.
        self.assertLess(beside - before, 32 * MEBIBYTE)
        self.assertLess(used, 10)
        self.expect(0, "sub", self.feed, "-e", "--data", self.path("reader"), *ALONE, "--peer", self.address, timeout=120)
        stopping = time.monotonic()
        self.assertEqual(0, self.owner.stop(), self.owner.stderr)
        self.assertLess(time.monotonic() - stopping, 5)


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class HeadFloods(SystemTest):
    """Eight sessions that each say as many heads as one peer may."""

    def test_cost_a_bounded_part_of_a_processor(self):
        owner, feed = self.start_seed("owner", data.write(self.path("input"), data.quakes()), *data.QUAKE_OPTIONS,
                                      "--heartbeat", "1s", network=ALONE)
        address = owner.wait_for(r"^listening (\S+)$").group(1)
        owner.wait_for("^published 1707 records$")
        rounds = max(ROUNDS, 1000)
        attack = self.start("heads", feed, address, "--rounds", rounds, program=ATTACKER)
        yield_processor(attack.pid)
        self.assertTrue(eventually(lambda: b"begun" in attack.stdout(), 30), attack.stderr)
        begin, used = time.monotonic(), processor(owner.pid)
        self.assertEqual(0, attack.wait(60 + rounds // 50), attack.stderr)
        seconds, used = time.monotonic() - begin, processor(owner.pid) - used
        print("heads of eight sessions: %s, %.2f of a processor for %.1f s" %
              (attack.stdout().split(), used / seconds, seconds), flush=True)
        # The aim is a tenth. The first thousand are looked at at once.
        self.assertLess(used, 0.5 + 0.2 * seconds)
        self.expect(0, "sub", feed, "-e", "--data", self.path("reader"), *ALONE, "--peer", address)
        self.assertTrue(owner.running(), owner.stderr)


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class Crowds(AttackTest):

    def test_a_newcomer_is_served_beside_a_thousand_connections(self):
        alone = self.read_all("alone", self.address)
        crowd = self.start("hold", self.feed, self.address, "--rounds", 1000, program=ATTACKER,
                           stdin=subprocess.PIPE)
        self.assertTrue(eventually(lambda: crowd.stdout().startswith(b"holding"), 120), crowd.stderr)
        # The rest was turned away at once.
        self.assertGreater(int(crowd.stdout().split()[1]), 500)
        print("crowd: %s" % crowd.stdout().split(), flush=True)
        # From the crowd's own address. The aim is 2 s; a loaded machine takes its time.
        self.assertLess(self.attack("visit", self.address, "--rounds", 20)["median_ms"], 6000)
        self.assertLess(self.read_all("reader", self.address), alone + 20)
        crowd.stdin.close()
        self.assertEqual(0, crowd.wait())


@unittest.skipUnless(ATTACKER, "this build has no hostile_peer")
class PinnedKeys(AttackTest):

    def node_key(self):
        peers = self.expect(0, "peers", self.feed, "--json", "--find-timeout", "5s", "--data", self.path("asker"),
                            *ALONE, "--peer", self.address)
        return json.loads(peers.stdout)[0]["node_key"]

    def test_only_the_pinned_node_is_talked_to(self):
        key = self.node_key()
        self.read_all("right", "%s@%s" % (key, self.address))
        # Long enough for the node that was refused to dial in turn.
        wrong = self.run_shoal("sub", self.feed, "-e", "--find-timeout", "8s", "--data", self.path("wrong"), *ALONE,
                               "--peer", "%s@%s" % ("ab" * 32, self.address))
        self.assertEqual(4, wrong.code, wrong)
        self.assertEqual(b"", wrong.stdout)
        told = re.findall(r"(?m)^shoal: warning: .*$", wrong.stderr)
        self.assertEqual(1, sum(key in line and "ab" * 32 in line for line in told), wrong.stderr)

    def test_a_key_that_is_none_is_said_so(self):
        for peer in ("a b@127.0.0.1:1", "@127.0.0.1:1", "ab" * 32 + "@127.0.0.1"):
            refused = self.run_shoal("sub", self.feed, "--data", self.path("bad"), *ALONE, "--peer", peer)
            self.assertEqual(2, refused.code, refused)
        unknown = self.run_shoal("sub", self.feed, "--data", self.path("bad"), *ALONE, "--peer", "tower@127.0.0.1:1")
        self.assertNotEqual(0, unknown.code, unknown)
        self.assertIn("no mirror is trusted as tower", unknown.stderr)
        self.expect(0, "key", "trust", "tower", self.node_key(), "--data", self.path("named"))
        self.read_all("named", "tower@" + self.address)


if __name__ == "__main__":
    print("command: %s" % SHOAL, flush=True)
    unittest.main(verbosity=2)
