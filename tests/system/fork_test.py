"""An owner who signed two histories: everybody who meets both ends with 6, names a proof that holds anywhere, and
passes it on before anything else.
"""

import json
import os
import subprocess
import sys
import unittest

from system_support import LOOPBACK, SystemTest, eventually

PUBLISHER = os.environ.get("SHOAL_EQUIVOCATING_PUBLISHER", "")
VERIFIER = os.path.join(os.path.dirname(__file__), "..", "vectors", "verify_fork.py")


@unittest.skipUnless(PUBLISHER, "this build has no equivocating_publisher")
class ForkedOwner(SystemTest):

    def equivocate(self, common, more_one, more_two):
        made = subprocess.run([PUBLISHER, self.path("one"), self.path("two"), str(common), str(more_one), str(more_two)],
                              capture_output=True, text=True, timeout=50, check=True)
        self.feed = made.stdout.strip()

    def dial(self, *addresses):
        return [*LOOPBACK, "--no-dht", *(word for address in addresses for word in ("--peer", address))]

    def serve(self, data):
        """A node that knows nobody; its process and address."""
        return self.start_node(data, network=self.dial())

    def proof_of(self, data):
        return self.path(os.path.join(data, "forks", self.feed + ".fork"))

    def ends_with_fork(self, process, data):
        """Exit 6, the proof's file named in the error, and the file there."""
        self.assertEqual(6, process.wait(), process.stderr)
        self.assertRegex(process.stderr, r"(?m)^shoal: error: .*signed two histories; the proof is %s$" %
                         self.proof_of(data))
        self.assertRegex(process.stderr, r"(?m)^hint: .*verify-fork")
        self.assertTrue(os.path.isfile(self.proof_of(data)))

    def check_proof(self, data, limit):
        """The command and the second implementation accept it, far from any data directory."""
        path = self.proof_of(data)
        self.assertLessEqual(os.path.getsize(path), 4096)
        elsewhere = ["--data", self.path("elsewhere")]
        said = self.expect(0, "verify-fork", path, *elsewhere).stdout.decode()
        self.assertIn(self.feed, said)
        shown = json.loads(self.expect(0, "verify-fork", path, "--json", "--feed", self.feed, *elsewhere).stdout)
        self.assertEqual((self.feed, limit), (shown["feed"], shown["common_prefix_limit"]))
        self.assertFalse(os.path.exists(self.path("elsewhere")))
        second = subprocess.run([sys.executable, "-B", VERIFIER, path, self.feed], capture_output=True, timeout=50,
                                check=True)
        self.assertEqual(shown["shorter"]["tree_size"], json.loads(second.stdout)["shorter"])
        return shown

    def meet(self, common, more_one, more_two):
        """A mirror and a live reader of the first history meet the second one."""
        self.equivocate(common, more_one, more_two)
        _, one = self.serve("one")
        mirror = self.start_mirror("mirror", self.feed, network=self.dial(one))
        self.synced(mirror, self.feed)
        address = mirror.wait_for(r"^listening (\S+)$").group(1)
        reader = self.start("sub", self.feed, "--data", self.path("reader"), *self.dial(one))
        expected = [b"common %d" % i for i in range(common)] + [b"one %d" % i for i in range(more_one)]
        self.assertTrue(eventually(lambda: reader.stdout().splitlines() == expected), reader.stderr)
        self.start("node", "--data", self.path("two"), *self.dial(one, address))
        self.ends_with_fork(mirror, "mirror")
        self.ends_with_fork(reader, "reader")
        limit = min(common + more_one, common + more_two) - 1
        self.check_proof("mirror", limit)
        return expected

    def check_restart(self, expected):
        """The fork is not forgotten, and who comes later is told first."""
        info = json.loads(self.expect(0, "info", self.feed, "--json", "--offline", "--data", self.path("mirror")).stdout)
        self.assertTrue(info["forked"])
        self.assertEqual(self.proof_of("mirror"), info["fork_proof"])
        read = self.expect(6, "sub", self.feed, "-e", "--offline", "--data", self.path("mirror"))
        self.assertEqual(expected, read.stdout.splitlines())
        node, address = self.serve("mirror")
        late = self.start("sub", self.feed, "-e", "--data", self.path("late"), *self.dial(address))
        self.ends_with_fork(late, "late")
        self.check_proof("late", info["tree_size"] - 1)
        self.assertEqual(0, node.stop())
        # Removing the feed does not remove the fork.
        self.expect(0, "rm", self.feed, "--data", self.path("late"))
        self.expect(6, "sub", self.feed, "-e", "--offline", "--data", self.path("late"))

    def test_histories_of_one_length(self):
        self.check_restart(self.meet(5, 4, 4))

    def test_the_other_is_longer(self):
        self.meet(3, 2, 6)

    def test_the_other_is_shorter(self):
        self.meet(3, 6, 2)

    def test_the_owner_stops_signing(self):
        self.equivocate(3, 2, 2)
        # One process of a host signs with the key: the first history is served by a mirror.
        owner, one = self.serve("one")
        mirror = self.start("mirror", self.feed, "--data", self.path("first"), *self.dial(one))
        mirror.wait_for("^synced ")
        self.assertEqual(0, owner.stop(), owner.stderr)
        first = mirror.wait_for(r"^listening (\S+)$").group(1)
        two = self.start("pub", "feed", "--seed", "--data", self.path("two"), *self.dial(first), stdin=subprocess.PIPE)
        two.wait_for("nothing more is signed")
        try:
            two.stdin.write(b"another record\n")
            two.stdin.close()
        except BrokenPipeError:
            pass  # it ended before its first record
        self.ends_with_fork(two, "two")
        again = self.run_shoal("pub", "feed", os.devnull, "--offline", "--data", self.path("two"))
        self.assertEqual(6, again.code, again)
        self.assertIn(self.proof_of("two"), again.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
