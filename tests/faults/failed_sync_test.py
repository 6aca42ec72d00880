"""A sync or write that fails ends the process at once, with 1 and one line; the next start has all that was promised."""

import re
import subprocess
import time
import unittest

from program import Directory, Expected, Scratch, acknowledged, check_publisher

LINES = [b"record %d " % i + b"x" * 100 for i in range(40)]
MANY = [b"record %d " % i + b"x" * 100 for i in range(400)]  # several commits, however slow the machine is
NODE = ["--listen", "127.0.0.1:0", "--no-lsd", "--no-dht", "--network", "private"]


class FailedSync(unittest.TestCase):
    def assert_ended(self, code, stderr):
        self.assertEqual(1, code, stderr)
        self.assertEqual(1, len(re.findall(r"(?m)^shoal: error: the disk failed", stderr)), stderr)
        self.assertEqual(1, len(re.findall(r"(?m)^hint: ", stderr)), stderr)

    def publisher_fails(self, at, lines=LINES, options=()):
        with Scratch("failed-sync") as scratch:
            directory = Directory(scratch / "data")
            expected = Expected()
            first = directory.publish(LINES[:4])
            self.assertEqual(0, first.code, first)
            expected.acked(first.stdout, LINES)
            done = directory.publish(lines, *options, at=at)
            self.assert_ended(done.code, done.stderr)
            expected.acked(done.stdout, lines)
            check_publisher(directory, expected)
            return len(acknowledged(done.stdout))

    def test_of_the_journal(self):
        # The first sync of a start is that of what was read.
        self.assertEqual(0, self.publisher_fails("sync:2:eio:journal"))
        self.assertGreater(self.publisher_fails("sync:3:eio:journal", MANY), 0)

    def test_write_of_the_journal(self):
        # Behind the three pages that the start writes again.
        self.publisher_fails("write:4:eio:journal")

    def test_of_a_table_and_of_the_log(self):
        large = [b"%06d" % i + bytes(65 + (i + j) % 26 for j in range(60000)) for i in range(400)]
        self.publisher_fails("sync:1:eio:.sst", large)
        self.publisher_fails("sync:1:eio:.log", large)

    def test_of_a_running_node(self):
        with Scratch("failed-sync") as scratch:
            directory = Directory(scratch / "data")
            expected = Expected()
            first = directory.publish(LINES[:4])
            expected.acked(first.stdout, LINES)
            node = directory.start("node", *NODE, at="sync:4:eio:journal", stderr=subprocess.PIPE, text=True)
            for line in node.stderr:
                if line.startswith("listening"):
                    break
            clean = Directory(directory.path)
            clean.environment = lambda log=None, at=None: {
                k: v for k, v in Directory.environment(clean).items() if k not in ("LD_PRELOAD", "FAULTS_ROOT")}
            for _ in range(10):
                done = clean.run("pub", "feed", "--ack-log", chunks=[b"one\n"])
                if done.code != 0:
                    break
                expected.acked(done.stdout, [b"one"])
            began = time.monotonic()
            _, stderr = node.communicate(timeout=20)
            self.assertLess(time.monotonic() - began, 2)
            self.assert_ended(node.returncode, stderr)
            self.assertEqual(3, done.code, done)
            check_publisher(directory, expected)


if __name__ == "__main__":
    unittest.main()
