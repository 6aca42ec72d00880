"""One directory, one node: many processes on one data directory, some of them killed."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import recorded_data as data
from system_support import SHOAL, SystemTest, clean_environment, eventually

# A node that needs nobody: no DHT, no search on the local network.
ALONE = ["--listen", "127.0.0.1:0", "--no-lsd", "--no-dht"]


class NodeSocketTest(SystemTest):

    def at(self):
        return ["--data", self.path("dir")]

    def holder(self):
        """The process that has the directory, or had it last."""
        with open(self.path("dir/lock"), encoding="ascii") as file:
            return int(file.read() or 0)

    def start_holder(self):
        """A `shoal node` that has the directory."""
        node, address = self.start_node("dir", network=ALONE)
        self.assertEqual(node.pid, self.holder())
        return node, address

    def run_quick(self, *arguments, stdin=b"", timeout=40):
        return subprocess.run([SHOAL, *map(str, arguments), *self.at()], input=stdin, capture_output=True,
                              timeout=timeout, env=clean_environment(), check=False)

    def pub(self, name, stdin, *options):
        return self.run_quick("pub", name, *options, "--offline", stdin=stdin)


class SameAnswers(NodeSocketTest):
    """Every command says the same with and without a node."""

    def commands(self, feed, cursor):
        strange = "ab" * 32
        path = self.path("input")
        return [
            ["ls"], ["ls", "--json"], ["info", "quakes", "--json"], ["info", feed, "--json", "--offline"],
            ["topics", "quakes"], ["topics", "quakes", "--json"], ["verify", "quakes"], ["link", "quakes", "--offline"],
            ["peers", "quakes", "--json", "--offline"],
            ["sub", "quakes", "-e"], ["sub", feed, "-e", "-J"], ["sub", "quakes", "-e", "-t", "u*", "-f", "%t %p %o %k\n"],
            ["sub", "quakes", "-c", "7", "-o", "-9"], ["sub", "quakes", "-e", "-o", "s@2018-02-03", "-o", "e@2018-02-04"],
            ["sub", "quakes", "-e", "--cursor", cursor, "-c", "5"], ["sub", "quakes", "-e", "--cursor", cursor],
            ["sub", "quakes", "-o", "end", "--timeout", "200ms"], ["sub", "quakes", "-e", "-o", "cursor:nonsense"],
            ["get", "quakes", "us", "3..6", "-J"], ["get", "quakes", "us", "100000"], ["get", "quakes", "none", "0"],
            ["sub", "nobody", "-e"], ["info", strange, "--find-timeout", "200ms"], ["verify", strange],
            ["pub", "nobody", "--no-create", path], ["pub", "quakes", "-t", "bad/topic", path],
            ["pub", "quakes", "--topic-from", "json:/none", "--on-bad-line", "skip", path],
            ["mirror", "quakes"], ["import", path], ["init", "quakes", "--topic", "us:7"],
        ]

    def answers(self, feed, cursor):
        said = []
        for arguments in self.commands(feed, cursor):
            done = self.run_quick(*arguments)
            # What is said because there is a node, and what only a node that ends with the command has to say.
            lines = [line for line in done.stderr.decode().splitlines()
                     if not line.startswith(("the node at ", "listening ", "no mirror holds this"))]
            # Heartbeats come as time goes by.
            stdout = re.sub(rb'"(disk_bytes|head_time_ms|head_age_ms)": ?\d+', b"", done.stdout)
            said.append((arguments, done.returncode, stdout, lines))
        return said

    def test_with_and_without(self):
        feed = self.publish("dir", data.write(self.path("input"), data.quakes()), *data.QUAKE_OPTIONS, name="quakes")
        self.answers(feed, "first")  # Asking leaves feeds behind that are listed from then on.
        before = self.answers(feed, "second")
        alone = self.expect(0, "export", "quakes", self.path("alone.shoal"), *self.at())
        node, address = self.start_holder()
        after = self.answers(feed, "third")
        for (command, *expected), (_, *found) in zip(before, after):
            with self.subTest(command=command):
                self.assertEqual(expected[0], found[0], found)
                self.assert_same_bytes(expected[1], found[1], command)
                self.assertEqual(expected[2], found[2])
        attached = self.expect(0, "export", "quakes", self.path("attached.shoal"), *self.at())
        self.assertEqual(alone.stdout, attached.stdout)
        for bundle in ("alone.shoal", "attached.shoal"):
            read = self.expect(0, "sub", self.path(bundle), "-e").stdout.splitlines()
            self.assertEqual(sorted(data.quakes().splitlines()), sorted(read))
        # Network options are the node's.
        told = self.expect(0, "sub", "quakes", "-c", "1", "--listen", "127.0.0.1:0", "--no-dht", *self.at())
        self.assertIn("the node at %s has the network: --listen, --no-dht are ignored" % self.path("dir"), told.stderr)
        self.assertIn("listening " + address, told.stderr)
        self.assertNotIn("are ignored", self.expect(0, "sub", "quakes", "-c", "1", *self.at()).stderr)
        self.assertEqual(0, node.stop())
        self.assertFalse(os.path.exists(self.path("dir/node.sock")))

    def test_a_sealed_key_is_opened_with_the_commands_passphrase(self):
        node, _ = self.start_holder()
        secret = data.write(self.path("secret"), b"correct horse\n")
        wrong = data.write(self.path("wrong"), b"battery staple\n")
        self.assertEqual(0, self.pub("sealed", b"one\n", "--passphrase-file", secret).returncode)
        self.assertEqual(0, node.stop())
        with open(self.path("dir/keys/sealed.key"), "rb") as file:
            self.assertNotIn(b"\nseed", file.read())
        node, _ = self.start_holder()
        for options in ([], ["--passphrase-file", wrong]):
            self.assertEqual(12, self.pub("sealed", b"two\n", *options).returncode)
        done = self.pub("sealed", b"three\n", "--passphrase-file", secret)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(b"one\nthree\n", self.run_quick("sub", "sealed", "-e").stdout)
        self.assertEqual(0, node.stop())


class Restarts(NodeSocketTest):
    """Processes that die, the one with the directory among them."""

    def test_two_hundred_publishers_three_readers_and_two_kills(self):
        node, _ = self.start_holder()
        self.assertEqual(0, self.run_quick("init", "feed").returncode)
        readers = {}

        def start_reader(number):
            reader = self.start("sub", "feed", "--cursor", "c%d" % number, "--to", self.path("out%d" % number),
                                *self.at(), *ALONE)
            readers[reader.pid] = (number, reader)

        for number in range(3):
            start_reader(number)
        acknowledged = []
        for i in range(200):
            if i in (60, 140):
                self.kill_holder(node, readers, start_reader)
                if not node.running():
                    node = self.start("node", *self.at(), *ALONE)
            done = self.pub("feed", b"record %d\n" % i, "--ack-log")
            if done.returncode == 0:
                acknowledged.append(i)
            else:
                self.assertIn(done.returncode, (1, 3, 11), done.stderr)
            if i % 20 == 10:
                for arguments in (["info", "feed", "--json"], ["ls"], ["topics", "feed"]):
                    asked = self.run_quick(*arguments)
                    self.assertEqual(0, asked.returncode, asked.stderr)
        self.assertGreater(len(acknowledged), 190)
        everything = self.run_quick("sub", "feed", "-e").stdout
        self.assertEqual(len(set(everything.split())), len(set(everything.split())))
        held = [int(line.split()[1]) for line in everything.decode().splitlines()]
        self.assertEqual(sorted(set(held)), held, "doubled or out of order")
        self.assertEqual([], [i for i in acknowledged if i not in set(held)], "acknowledged and lost")
        for number in range(3):
            path = self.path("out%d" % number)
            self.assertTrue(eventually(lambda path=path: os.path.getsize(path) >= len(everything)), path)
            with open(path, "rb") as file:
                self.assert_same_bytes(everything, file.read(), path)
        for process in [reader for _, reader in readers.values()] + [node]:
            if process.running():
                self.assertEqual(0, process.stop(), process.stderr)
        self.assertFalse(os.path.exists(self.path("dir/node.sock")), "a socket was left behind")

    def kill_holder(self, node, readers, start_reader):
        """SIGKILL for whoever has the directory: at first the node, later perhaps a reader, which is started again."""
        holder = self.holder()
        if holder == node.pid:
            node.kill()
            return
        number, reader = readers.pop(holder)
        reader.kill()
        start_reader(number)

    def test_a_reader_goes_on_by_itself_and_a_publisher_says_how_far_it_came(self):
        node, _ = self.start_holder()
        publisher = self.start("pub", "feed", "--ack-log", "--linger", "5ms", *self.at(), stdin=subprocess.PIPE)
        publisher.wait_for("^feed ")
        publisher.stdin.write(b"one\ntwo\n")
        publisher.stdin.flush()
        self.assertTrue(eventually(lambda: b"acked default 0" in publisher.stdout()))
        reader = self.start("sub", "feed", *self.at(), *ALONE)
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\ntwo\n"), reader.stderr)
        node.kill()
        reader.wait_for("^the node has ended: this process has the directory now$")
        # The publisher finds out with its next record.
        publisher.stdin.write(b"three\n")
        publisher.stdin.close()
        self.assertEqual(3, publisher.wait(), publisher.stderr)
        self.assertIn("last acknowledged: default 0 1", publisher.stderr)
        # The reader is the node now, and others work through it.
        self.assertEqual(reader.pid, self.holder())
        self.assertEqual(0, self.pub("feed", b"four\n").returncode)
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\ntwo\nfour\n"), reader.stdout())
        self.assertEqual(0, reader.stop())

    def test_a_killed_client_leaves_nothing_behind(self):
        node, _ = self.start_holder()
        publisher = self.start("pub", "feed", "--linger", "5ms", *self.at(), stdin=subprocess.PIPE)
        publisher.wait_for("^feed ")
        publisher.kill()
        # The feed is free for the next one.
        done = self.pub("feed", b"after\n")
        self.assertEqual(0, done.returncode, done.stderr)
        reader = self.start("sub", "feed", *self.at())
        self.assertTrue(eventually(lambda: reader.stdout() == b"after\n"))
        reader.kill()
        self.assertEqual(b"after\n", self.run_quick("sub", "feed", "-e").stdout)
        self.assertEqual(0, node.stop())

    def test_others_publish_through_a_publisher_that_only_serves(self):
        seed, _ = self.start_seed("dir", data.write(self.path("input"), b"one\n"), network=ALONE)
        seed.wait_for("^published 1 records$")
        done = self.pub("feed", b"two\n")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(b"one\ntwo\n", self.run_quick("sub", "feed", "-e").stdout)
        self.assertEqual(0, seed.stop())

    def test_a_finite_command_stays_for_those_that_work_through_it(self):
        self.assertEqual(0, self.run_quick("init", "feed").returncode)
        first = self.start("pub", "feed", *self.at(), *ALONE, stdin=subprocess.PIPE)
        first.wait_for("^feed ")
        self.assertEqual(first.pid, self.holder())
        reader = self.start("sub", "feed", "-c", "2", *self.at())
        reader.wait_for("^listening ")
        first.stdin.write(b"one\n")
        first.stdin.close()
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\n"), reader.stderr)
        first.wait_for("^done; other processes work through this one")
        self.assertTrue(first.running())
        self.assertEqual(0, self.pub("feed", b"two\n").returncode)
        self.assertEqual(0, reader.wait())
        self.assertEqual(b"one\ntwo\n", reader.stdout())
        self.assertEqual(0, first.wait())

    def test_a_mirror_wants_again(self):
        seed, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"), network=ALONE)
        peer = seed.wait_for(r"^listening (\S+)$").group(1)
        node, _ = self.start_node("dir", network=ALONE + ["--peer", peer])
        mirror = self.start("mirror", feed, *self.at(), *ALONE, "--peer", peer)
        self.synced(mirror, feed)
        node.kill()
        mirror.wait_for("^the node has ended: this process has the directory now$")
        self.assertEqual(mirror.pid, self.holder())
        self.assertEqual(0, self.run_shoal("pub", "feed", self.path("input"), "--data", self.path("publisher")).code)
        self.synced(mirror, feed, "[2-9]")
        self.assertEqual(0, mirror.stop())
        self.assertEqual(0, seed.stop())


class Races(NodeSocketTest):

    def test_fifty_at_once(self):
        commands = [["pub", "feed%d" % (i % 25), "--offline"] if i % 2 else ["ls"] for i in range(50)]
        results = [None] * len(commands)

        def run(i):
            results[i] = self.run_quick(*commands[i], stdin=b"record %d\n" % i, timeout=55)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(commands))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for command, done in zip(commands, results):
            self.assertIn(done.returncode, (0, 11), (command, done.stderr))
        published = sum(done.returncode == 0 for command, done in zip(commands, results) if command[0] == "pub")
        held = 0
        for line in json.loads(self.run_quick("ls", "--json").stdout):
            held += len(self.run_quick("sub", line["name"], "-e").stdout.splitlines())
        self.assertEqual(published, held)

    def test_a_command_waits_for_a_holder_that_is_just_ending(self):
        self.assertEqual(0, self.run_quick("init", "feed").returncode)
        with open(self.path("dir/lock"), "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = self.start("ls", *self.at())
            time.sleep(0.3)  # Not to order anything: so that it meets the lock.
            self.assertTrue(waiting.running())
        self.assertEqual(0, waiting.wait(), waiting.stderr)


class WrongInputs(NodeSocketTest):

    def test_a_holder_that_does_not_answer_is_named(self):
        node, _ = self.start_holder()
        node.send_signal(signal.SIGSTOP)
        try:
            done = self.run_quick("ls")
        finally:
            node.send_signal(signal.SIGCONT)
        self.assertEqual(11, done.returncode)
        self.assertRegex(done.stderr.decode(), r"shoal: error: .*process %d.*does not answer" % node.pid)
        self.assertEqual(0, self.run_quick("ls").returncode)
        self.assertEqual(0, node.stop())

    def test_a_node_of_another_version(self):
        self.assertEqual(0, self.run_quick("init", "feed").returncode)
        body = json.dumps({"version": "9.9.9", "api": 2, "pid": 1, "data_dir": "/", "listening": "", "node_key": ""})
        answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        with open(self.path("dir/lock"), "r+b") as lock, socket.socket(socket.AF_UNIX) as listener:
            fcntl.flock(lock, fcntl.LOCK_EX)
            listener.bind(self.path("dir/node.sock"))
            listener.listen()

            def serve():
                client, _ = listener.accept()
                client.recv(65536)
                client.sendall(answer.encode())
                client.close()

            thread = threading.Thread(target=serve)
            thread.start()
            done = self.run_quick("ls")
            thread.join()
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr.decode(), r"2.*1|1.*2")
        self.assertIn("9.9.9", done.stderr.decode())
        # Its socket is stale now, and is replaced.
        node, _ = self.start_holder()
        self.assertEqual(0, self.run_quick("ls").returncode)
        self.assertEqual(0, node.stop())

    def test_a_file_where_the_socket_goes(self):
        os.mkdir(self.path("dir"), 0o700)
        data.write(self.path("dir/node.sock"), b"precious")
        done = self.run_quick("ls")
        self.assertEqual(11, done.returncode)
        self.assertRegex(done.stderr.decode(), r"shoal: error: .*node\.sock.*no socket(.|\n)*hint: ")
        with open(self.path("dir/node.sock"), "rb") as file:
            self.assertEqual(b"precious", file.read())

    def test_a_path_too_long_for_a_socket(self):
        long = self.path("d" * 100)
        done = subprocess.run([SHOAL, "init", "feed", "--data", long], capture_output=True, timeout=30,
                              env=clean_environment(), check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stderr.decode(), r"too long for a socket.*XDG_RUNTIME_DIR")
        # With a shorter place they meet there.
        environment = dict(clean_environment(), XDG_RUNTIME_DIR=self.root)
        node = subprocess.Popen([SHOAL, "node", "--data", long, *ALONE], stderr=subprocess.PIPE, env=environment)
        try:
            self.assertIn(b"listening", node.stderr.readline())
            done = subprocess.run([SHOAL, "ls", "--data", long], capture_output=True, timeout=30, env=environment,
                                  check=False)
            self.assertEqual((0, b""), (done.returncode, done.stderr))
            self.assertIn(b"feed", done.stdout)
        finally:
            node.terminate()
            self.assertEqual(0, node.wait(20))
            node.stderr.close()

    def test_a_reader_that_stops_reading_holds_up_nobody(self):
        node, _ = self.start_holder()
        path = data.write(self.path("input"), b"x" * 1000 + b"\n")
        self.assertEqual(0, self.pub("feed", b"".join(b"%d " % i + b"x" * 1000 + b"\n" for i in range(20000))).returncode)
        idle = subprocess.Popen([SHOAL, "sub", "feed", *self.at()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env=clean_environment())
        try:
            self.assertTrue(idle.stdout.read(1))
            for _ in range(3):
                self.assertEqual(0, self.run_quick("pub", "feed", path).returncode)
            self.assertEqual(20003, len(self.run_quick("sub", "feed", "-e").stdout.splitlines()))
            with open("/proc/%d/status" % node.pid, encoding="ascii") as status:
                resident = int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))
            self.assertLess(resident, 400_000)
        finally:
            idle.kill()
            idle.wait()
            idle.stdout.close()
        self.assertEqual(0, node.stop())


if __name__ == "__main__":
    unittest.main(verbosity=2)
