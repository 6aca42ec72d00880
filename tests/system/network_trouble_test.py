"""What goes wrong around a node: each time a clear word, no busy loop, and recovery by itself when the cause goes away."""

import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import time
import unittest

import recorded_data as data
from system_support import LOOPBACK, SHOAL, SystemTest, eventually

PUBLISHER = os.environ.get("SHOAL_EQUIVOCATING_PUBLISHER", "")
YEAR_MS = 365 * 24 * 3600 * 1000


def free_port():
    """A port of loopback that nobody has now, by TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PortInUse(SystemTest):

    def test_it_is_named_and_there_is_a_hint(self):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            result = self.expect(1, "node", "--data", self.path("node"), "--listen", address, "--no-dht", "--no-lsd")
            self.assertRegex(result.stderr, r"(?m)^shoal: error: .*%s" % re.escape(address))
            self.assertRegex(result.stderr, r"(?m)^hint: .*--listen")
        node = self.start("node", "--data", self.path("node"), "--listen", address, "--no-dht", "--no-lsd")
        node.wait_for(r"^listening %s$" % re.escape(address))


class NoNetwork(SystemTest):

    @unittest.skipUnless(shutil.which("unshare") and os.geteuid() == 0, "needs unshare(1) and root")
    def test_a_machine_without_any_network(self):
        feed = self.publish("node", data.write(self.path("input"), b"one\n"))
        for arguments, code in ((["sub", "ab" * 32, "-e"], 4), (["info", "ab" * 32], 4), (["sub", feed, "-e"], 0)):
            with self.subTest(arguments=arguments):
                process = self.start("-n", SHOAL, *arguments, "--find-timeout", "2s", "--data", self.path("node"),
                                     program="unshare")
                self.assertEqual(code, process.wait(50), process.stderr)
                if code:
                    self.assertRegex(process.stderr, r"(?m)^shoal: error: ")
                    self.assertRegex(process.stderr, r"(?m)^hint: ")


    @unittest.skipUnless(shutil.which("unshare") and shutil.which("ip") and os.geteuid() == 0,
                         "needs unshare(1), ip(8) and root")
    def test_it_is_used_when_it_comes_up(self):
        feed = self.publish("node", data.write(self.path("input"), b"one\n"))
        script = (
            'node --data "$1/node" --listen 0.0.0.0:7701 --no-dht --no-lsd 2>"$1/node.log" & '
            'until grep -q "no network" "$1/node.log"; do sleep 0.1; done; ip link set lo up; '
            'shoal sub "$2" -e --data "$1/reader" --listen 127.0.0.1:0 --no-dht --no-lsd --peer 127.0.0.1:7701')
        script = 'shoal() { "$0" "$@"; }; shoal ' + script
        # A namespace of processes too: the node goes with it.
        reader = self.start("-n", "--pid", "--fork", "--kill-child", "sh", "-c", script, SHOAL, self.root, feed,
                            program="unshare")
        self.assertEqual(0, reader.wait(50), reader.stderr)
        self.assertEqual(b"one\n", reader.stdout())


class BootstrapDown(SystemTest):

    def test_one_word_no_busy_loop_and_recovery(self):
        port = free_port()
        network = [*LOOPBACK, "--bootstrap", "127.0.0.1:%d" % port]
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"), network=network)
        reader = self.start("sub", feed, "--data", self.path("reader"), *network)
        processes = [publisher, reader]
        for process in processes:
            process.wait_for(r"^shoal: warning: .*no answer from the DHT at 127.0.0.1:%d" % port)
        before = [cpu_seconds(process.pid) for process in processes]
        time.sleep(10)  # what is measured is what happens while nothing does
        used = [cpu_seconds(process.pid) - start for process, start in zip(processes, before)]
        self.assertLess(max(used), 1.0, "CPU seconds in 10 s of waiting: %s" % used)
        for process in processes:
            self.assertEqual(1, len(re.findall("no answer from the DHT", process.stderr)), process.stderr)
        self.start("bootstrap", "--data", self.path("rendezvous"), "--listen", "127.0.0.1:%d" % port, "--no-lsd")
        self.assertTrue(eventually(lambda: reader.stdout() == b"one\n", timeout=120), reader.stderr)
        for process in processes:
            process.wait_for(r"^shoal: warning: .*the DHT answers now$", 60)


class OtherVersion(SystemTest):
    """A peer of protocol version 2, as far as it goes: its hello."""

    def hello_of_version_2(self, address, feed):
        """Connects as any BitTorrent peer does, says hello, and gives the node's own hello."""
        key = hashlib.blake2b(b"shoalcast/swarm/v1", key=bytes.fromhex(feed), digest_size=32).digest()
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 20) as peer:
            stream = peer.makefile("rwb")
            stream.write(b"\x13BitTorrent protocol" + b"\0\0\0\0\0\x10\0\0" + key[:20] + os.urandom(20))
            extended = b"d1:md5:shoali7ee11:shoal_nonce16:" + os.urandom(16) + b"e"
            stream.write(struct.pack(">IBB", 2 + len(extended), 20, 0) + extended)
            stream.flush()
            self.assertEqual(b"\x13BitTorrent protocol", stream.read(20))
            stream.read(48)
            number = None
            while True:
                size = struct.unpack(">I", stream.read(4))[0]
                message = stream.read(size)
                if message[:2] == b"\x14\0":
                    number = int(re.search(rb"5:shoali(\d+)e", message).group(1))
                    hello = b"\3" + bytes(4) + b"\2\0" + os.urandom(32)
                    stream.write(struct.pack(">IBB", 2 + len(hello), 20, number) + hello)
                    stream.flush()
                elif message[:2] == b"\x14\7":
                    return message[2:]

    def test_both_sides_can_say_so(self):
        publisher, feed = self.start_seed("publisher", data.write(self.path("input"), b"one\n"),
                                          network=[*LOOPBACK, "--no-dht"])
        address = publisher.wait_for(r"^listening (\S+)$").group(1)
        hello = self.hello_of_version_2(address, feed)
        self.assertEqual((3, 1), (hello[0], hello[5]), "its own version comes in clear")
        publisher.wait_for(r"^shoal: warning: .*peer at 127.0.0.1:\d+: the peer speaks protocol version 2, "
                           r"this node version 1: this node has to be updated$")
        self.hello_of_version_2(address, feed)
        read = self.expect(0, "sub", feed, "-e", "--data", self.path("reader"), *LOOPBACK, "--no-dht", "--peer", address)
        self.assertEqual(b"one\n", read.stdout)
        self.assertEqual(1, len(re.findall("speaks protocol", publisher.stderr)), "said once for each host")


@unittest.skipUnless(PUBLISHER, "this build has no equivocating_publisher")
class WrongClocks(SystemTest):
    """Owners whose clocks are years away: read as any other, and told of."""

    def check(self, moment, said):
        made = subprocess.run([PUBLISHER, self.path("owner"), self.path("twin"), "3", "0", "0", str(moment)],
                              capture_output=True, text=True, timeout=50, check=True)
        feed = made.stdout.strip()
        # Without heartbeats, which would be signed with the true time.
        _, address = self.start_node("owner", network=[*LOOPBACK, "--no-dht", "--heartbeat", "0s"])
        network = [*LOOPBACK, "--no-dht", "--peer", address]
        read = self.expect(0, "sub", feed, "-e", "--data", self.path("reader"), *network)
        self.assertEqual(b"common 0\ncommon 1\ncommon 2\n", read.stdout)
        self.assertRegex(read.stderr, r"(?m)^the newest head that anybody has was signed " + said)
        info = json.loads(self.expect(0, "info", feed, "--json", "--data", self.path("reader"), *network).stdout)
        self.assertTrue(info["complete"])
        return info["head_age_ms"]

    def test_an_owner_in_the_future(self):
        moment = int(time.time() * 1000) + 4 * YEAR_MS
        self.assertLess(self.check(moment, r"14\d\d d in the future: .*clock"), -3 * YEAR_MS)

    def test_an_owner_in_the_past(self):
        moment = int(time.time() * 1000) - 4 * YEAR_MS
        self.assertGreater(self.check(moment, r"14\d\d d ago"), 3 * YEAR_MS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
