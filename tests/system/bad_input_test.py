"""What a user or a machine can do wrong: a clear error with the right exit code, and nothing acknowledged is lost."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import recorded_data as data
from system_support import LOOPBACK, SHOAL, SystemTest, eventually

MIB = 1 << 20
SET_SCHEMA_VERSION = os.environ.get("SHOAL_SET_SCHEMA_VERSION", "")


class BadInputTest(SystemTest):

    def fails(self, code, *arguments, says="", **options):
        """Ends with `code`, says why in one `shoal: error:` line, and prints no data."""
        result = self.expect(code, *arguments, **options)
        self.assertRegex(result.stderr, r"(?m)^shoal: error: .*" + says)
        self.assertNotRegex(result.stderr, r"(?i)terminate called|assert|backtrace|what\(\)")
        self.assertEqual(b"", result.stdout)
        return result

    def at(self, name="publisher"):
        return ["--offline", "--data", self.path(name)]

    def input(self, content, name="input"):
        return data.write(self.path(name), content)


class BadNames(BadInputTest):
    """Feeds, topics, offsets, options and files that do not exist or are malformed."""

    def test_unknown_and_malformed_names(self):
        self.publish("publisher", self.input(b"one\ntwo\n"))
        unknown = "ab" * 32
        for code, arguments in (
                (10, ["sub", "nobody", "-e"]),
                (10, ["info", "nobody"]),
                (10, ["verify", "nobody"]),
                (10, ["get", "feed", "default", "2"]),
                (10, ["get", "feed", "nothing", "0"]),
                (10, ["info", unknown]),
                (10, ["pub", "other", self.path("input"), "--no-create"]),
                (2, ["get", "feed", "default", "x"]),
                (2, ["get", "feed", "default", "5..2"]),
                (2, ["get", "feed", "not a topic", "0"]),
                (2, ["pub", "feed", "-t", "not a topic", self.path("input")]),
                (2, ["pub", "feed", "--time-unit", "ms", self.path("input")]),
                (2, ["sub", "feed", "-o", "yesterdayish"]),
                (2, ["sub", "feed", "--no-such-option"]),
                (2, ["sub"]),
                (2, ["no-such-command"])):
            with self.subTest(arguments=arguments):
                common = self.at() if arguments != ["no-such-command"] else []
                self.fails(code, *arguments, *common)
        for link in ("ab" * 31, "magnet:?xs=urn:btpk:zz"):
            with self.subTest(link=link):
                result = self.run_shoal("sub", link, "-e", *self.at())
                self.assertIn(result.code, (2, 10), result)
        # A file that is not there makes no feed.
        result = self.run_shoal("pub", "third", self.path("missing"), *self.at())
        self.assertNotEqual(0, result.code, result)
        self.assertRegex(result.stderr, r"(?m)^shoal: error: .*missing")
        self.fails(10, "info", "third", *self.at())
        # And the feed is as it was.
        read = self.expect(0, "sub", "feed", "-e", *self.at())
        self.assertEqual(b"one\ntwo\n", read.stdout)

    def test_nobody_answers(self):
        result = self.expect(4, "sub", "cd" * 32, "-e", "--find-timeout", "2s", "--data", self.path("reader"),
                             *self.network())
        self.assertRegex(result.stderr, r"(?m)^shoal: error: nobody answered")
        self.assertRegex(result.stderr, r"(?m)^hint: ")
        result = self.expect(4, "get", "cd" * 32, "default", "0", "--timeout", "2s", "--data", self.path("reader"),
                             *self.network())
        self.assertRegex(result.stderr, r"(?m)^shoal: error: ")


class BadDirectories(BadInputTest):
    """Data directories and key files that cannot be used."""

    def key_files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.path("publisher")) for name in names
                if "key" in os.path.relpath(folder, self.path("publisher")) + name]

    def test_key_file_that_others_can_read(self):
        self.publish("publisher", self.input(b"one\n"))
        keys = [path for path in self.key_files() if os.path.basename(path) == "feed.key"]
        self.assertEqual(1, len(keys), self.key_files())
        self.assertEqual(0o600, os.stat(keys[0]).st_mode & 0o777)
        os.chmod(keys[0], 0o644)
        result = self.fails(12, "pub", "feed", self.path("input"), *self.at())
        self.assertRegex(result.stderr, r"(?m)^hint: ")
        os.chmod(keys[0], 0o600)
        self.publish("publisher", self.path("input"))
        # Not a key at all.
        with open(keys[0], "r+b") as file:
            file.truncate(10)
        self.fails(12, "pub", "feed", self.path("input"), *self.at())

    @unittest.skipUnless(SET_SCHEMA_VERSION, "set_schema_version is not built")
    def test_directory_of_another_version(self):
        self.publish("publisher", self.input(b"one\n"))
        store = self.path("publisher/own")
        self.assertTrue(os.path.isdir(store), os.listdir(self.path("publisher")))
        subprocess.run([SET_SCHEMA_VERSION, store, "999"], check=True, timeout=20)
        for arguments in (["pub", "feed", self.path("input")], ["sub", "feed", "-e"], ["info", "feed"]):
            with self.subTest(arguments=arguments):
                result = self.fails(1, *arguments, *self.at())
                self.assertRegex(result.stderr, r"version 999\b.*version \d+")
                self.assertRegex(result.stderr, r"(?m)^hint: ")

    def test_directory_that_is_a_file(self):
        self.input(b"", "file")
        result = self.run_shoal("ls", "--data", self.path("file"))
        self.assertEqual(1, result.code, result)
        self.assertRegex(result.stderr, r"(?m)^shoal: error: ")


class BadRecords(BadInputTest):
    """Input that is awkward or cannot be published."""

    def test_awkward_bytes_are_kept_exactly(self):
        content = b"plain\r\n\n\r\n\0nul\0\n\xff\xfe not utf-8 \x80\ntab\t\nno line end"
        self.publish("publisher", self.input(content))
        read = self.expect(0, "sub", "feed", "-e", *self.at())
        self.assertEqual(content + b"\n", read.stdout)
        raw = self.expect(0, "sub", "feed", "-e", "--raw", *self.at())
        self.assertEqual(content.replace(b"\n", b""), raw.stdout)
        lines = self.expect(0, "sub", "feed", "-e", "-J", *self.at()).stdout.splitlines()
        self.assertEqual(7, len(lines))
        self.assertEqual([4], [i for i, line in enumerate(lines) if b"payload_b64" in line])

    def test_record_above_the_limit(self):
        big = b"x" * (8 * MIB + 1)
        result = self.run_shoal("pub", "feed", self.input(b"first\n" + big + b"\nlast\n"), "-z", "none", "--ack-log",
                                *self.at(), timeout=50)
        self.assertIn(result.code, (1, 3), str(result)[:2000])
        self.assertRegex(result.stderr, r"(?m)^shoal: error: ")
        self.assertRegex(result.stderr, r"8 ?MiB|8388608|limit|large|long")
        read = self.expect(0, "sub", "feed", "-e", *self.at())
        self.assertEqual(b"first\n", read.stdout)
        self.assertEqual(b"acked default 0 0 0\n", result.stdout)
        self.publish("publisher", self.input(b"next\n"))
        self.assertEqual(b"first\nnext\n", self.expect(0, "sub", "feed", "-e", *self.at()).stdout)

    def test_bad_line_stops_or_is_skipped_and_is_named(self):
        content = b'{"t":"a"}\nnot json\n{"t":"b"}\n'
        stop = self.run_shoal("pub", "stops", self.input(content), "--topic-from", "json:/t", *self.at())
        self.assertEqual(3, stop.code, stop)
        self.assertRegex(stop.stderr, r"(?i)\b(line|record) 2\b")
        self.assertEqual(b'{"t":"a"}\n', self.expect(0, "sub", "stops", "-e", *self.at()).stdout)
        skip = self.run_shoal("pub", "skips", self.path("input"), "--topic-from", "json:/t", "--on-bad-line", "skip",
                              *self.at())
        self.assertEqual(3, skip.code, skip)
        self.assertRegex(skip.stderr, r"(?i)\b(line|record) 2\b")
        self.assertEqual(b'{"t":"a"}\n{"t":"b"}\n', self.expect(0, "sub", "skips", "-e", *self.at()).stdout)


class FullDisk(BadInputTest):
    """A disk of 48 MiB that runs full under a publisher."""

    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "shoal-test", self.disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no small disk: mount: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)

    def acked_end(self, result):
        runs = [line.split(b" ") for line in result.stdout.splitlines()]
        end = 0
        for word, topic, partition, first, last in runs:
            self.assertEqual((b"acked", b"default", b"0", end), (word, topic, partition, int(first)))
            end = int(last) + 1
        return end

    def test_nothing_acknowledged_is_lost_and_it_goes_on(self):
        store = ["--offline", "--data", os.path.join(self.disk, "data")]
        filler = os.path.join(self.disk, "filler")
        self.expect(0, "pub", "feed", self.input(b"0" * 64 + b"\n"), *store)
        free = os.statvfs(self.disk)
        with open(filler, "wb") as file:
            file.write(b"f" * max(0, free.f_bavail * free.f_bsize - 6 * MIB))
        lines = [b"%08d %s\n" % (i, os.urandom(500).hex().encode()) for i in range(20000)]
        result = self.run_shoal("pub", "feed", self.input(b"".join(lines), "many"), "-z", "none", "--ack-log", *store)
        self.assertEqual(7, result.code, str(result)[:3000])
        self.assertRegex(result.stderr, r"(?m)^shoal: error: ")
        self.assertRegex(result.stderr, r"(?m)^hint: ")
        runs = [line.split(b" ") for line in result.stdout.splitlines()]
        acknowledged = int(runs[-1][4]) + 1 if runs else 1
        self.assertLess(acknowledged, len(lines))
        os.unlink(filler)
        read = self.expect(0, "sub", "feed", "-e", *store).stdout.splitlines(keepends=True)
        self.assertGreaterEqual(len(read), acknowledged)
        self.assert_same_bytes(b"".join([b"0" * 64 + b"\n"] + lines[:len(read) - 1]), b"".join(read), "after a full disk")
        self.expect(0, "verify", "feed", "--data", os.path.join(self.disk, "data"))
        self.expect(0, "pub", "feed", self.input(b"after\n"), *store)
        again = self.expect(0, "sub", "feed", "-e", *store).stdout.splitlines(keepends=True)
        self.assertEqual(read + [b"after\n"], again)


class VanishedDirectory(SystemTest):
    """The data directory goes while a node works in it: the node ends, and acknowledges nothing into the void."""

    def check(self, away):
        node = self.start("node", "--data", self.path("data"), *LOOPBACK, "--network", "private", "--no-dht")
        node.wait_for("^listening")
        away()
        self.assertEqual(1, node.wait(10), node.stderr)
        self.assertRegex(node.stderr, "(?m)^shoal: error: .*the data directory .* was removed or moved")
        self.assertRegex(node.stderr, "(?m)^hint: put it back")

    def test_removed(self):
        self.check(lambda: shutil.rmtree(self.path("data")))

    def test_moved(self):
        self.check(lambda: os.rename(self.path("data"), self.path("elsewhere")))
        self.expect(0, "ls", "--data", self.path("elsewhere"), "--offline")


class CleanStop(BadInputTest):
    """Signals and readers that go away."""

    def test_live_commands_end_with_0_after_a_signal(self):
        publisher, feed = self.start_seed("publisher", self.input(b"one\ntwo\n"))
        publisher.wait_for("^published 2 records$")
        mirror = self.start_mirror("mirror", feed)
        self.synced(mirror, feed)
        reader = self.start("sub", feed, "--data", self.path("reader"), *self.network())
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\ntwo\n"), reader.stderr)
        node, _ = self.start_node("empty")
        for process, number in ((reader, signal.SIGINT), (mirror, signal.SIGINT), (node, signal.SIGTERM),
                                (publisher, signal.SIGINT)):
            self.assertEqual(0, process.stop(number), "%s\n%s" % (process.arguments, process.stderr))
        for copy in ("publisher", "mirror", "reader"):
            self.verify(copy, feed)

    def test_finite_job_that_is_interrupted_says_so(self):
        publisher = self.start("pub", "feed", *self.at(), stdin=subprocess.PIPE)
        publisher.stdin.write(b"one\n")
        publisher.stdin.flush()
        publisher.wait_for("^feed ")
        self.assertEqual(130, publisher.stop(signal.SIGINT), publisher.stderr)
        read = self.expect(0, "sub", "feed", "-e", *self.at())
        self.assertIn(read.stdout, (b"one\n", b""))
        if re.search("^published 1 records$", publisher.stderr, re.M):
            self.assertEqual(b"one\n", read.stdout)

    def first_line(self, *arguments):
        """What `shoal … | head -1` gives: the line and the command's exit code."""
        reading, writing = os.pipe()
        with open(self.path("stderr"), "wb") as stderr:
            command = subprocess.Popen([*map(str, arguments)], stdout=writing, stderr=stderr, stdin=subprocess.DEVNULL)
        os.close(writing)
        self.addCleanup(command.kill)
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            line = pipe.read(1)
            while not line.endswith(b"\n"):
                line += pipe.read(1)
        return line, command.wait(30)

    def test_closed_stdout_is_a_clean_end(self):
        feed = self.publish("publisher", self.input(data.quakes()))
        first = data.quakes().splitlines(keepends=True)[0]
        at = ["--data", self.path("publisher")]
        self.assertEqual((first, 0), self.first_line(SHOAL, "sub", feed, "-e", "--offline", *at))
        self.assertEqual((first, 0), self.first_line(SHOAL, "get", feed, "default", "0..1700", "--offline", *at))
        # Live: nothing more comes, and it still notices.
        self.assertEqual((first, 0), self.first_line(SHOAL, "sub", feed, *LOOPBACK, "--no-dht", *at))


if __name__ == "__main__":
    unittest.main(verbosity=2)
