"""What the scenarios share: a network of this test's own, and `shoal` as real processes on its hosts."""

import atexit
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import topology  # noqa: E402
from system_support import SHOAL, Process, Result, SystemTest, eventually  # noqa: E402,F401

SEED = int(os.environ.get("SHOAL_TEST_SEED", "0")) or int(time.time())
# The long tier multiplies what the short one does.
MINUTES = float(os.environ.get("SHOAL_NETNS_MINUTES", "0"))
DELAY_MS = 50
LOSS = 0.01
PORT = 7000


def say(text):
    print(text, flush=True)


class NetnsTest(SystemTest):
    """Adds hosts to a SystemTest. Nodes listen on all addresses of their host and know this network's rendezvous."""

    def setUp(self):
        try:
            topology.require()
        except topology.Unavailable as reason:
            self.skipTest(str(reason))
        super().setUp()
        self.chance = random.Random(SEED)
        say("seed %d" % SEED)
        self.net = topology.Network(DELAY_MS, LOSS)
        self.addCleanup(self.net.close)
        self.addCleanup(self._release_all)  # before the network goes
        # unittest leaves everything as it is after ctrl-C.
        atexit.register(self.doCleanups)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def host(self, name):
        return self.net.hosts.get(name) or self.net.add_host(name)

    def data(self, host):
        return ["--data", self.path(host.name)]

    def on(self, host, *arguments, stdin=subprocess.DEVNULL):
        """A process of the command on a host."""
        self._count += 1
        process = Process(host.inside(SHOAL, *arguments), self.path("stdout.%d" % self._count), stdin)
        self._processes.append(process)
        return process

    def expect_on(self, code, host, *arguments, timeout=60):
        """Runs a command to its end, which has to be `code`."""
        process = self.on(host, *arguments)
        process.wait(timeout)
        result = Result(process)
        process.release()
        self.assertEqual(code, result.code, "%s: %s\n%s" % (host.name, " ".join(map(str, arguments)), result))
        return result

    def start_rendezvous(self, host):
        self.rendezvous = host
        here = "%s:%d" % (host.address, PORT)
        # Its own entry point: it would wait for the names of the public ones, which nobody resolves here.
        node = self.on(host, "bootstrap", *self.data(host), "--listen", here, "--bootstrap", here, "--network", "public")
        node.wait_for(r"^listening ", 20)
        return node

    def network_options(self):
        return ["--listen", "0.0.0.0:%d" % PORT, "--network", "public", "--no-lsd", "--bootstrap",
                "%s:%d" % (self.rendezvous.address, PORT)]

    def node_on(self, host, *arguments, stdin=subprocess.DEVNULL):
        """A command that takes part in the network."""
        return self.on(host, *arguments, *self.data(host), *self.network_options(), stdin=stdin)

    def peers(self, host, feed):
        result = self.expect_on(0, host, "peers", feed, "--json", *self.data(host))
        return json.loads(result.stdout or b"[]")


def seconds_until(condition, timeout, step=0.05):
    """How long it took; None when it did not happen in time."""
    begin = time.monotonic()
    return time.monotonic() - begin if eventually(condition, timeout, step) else None
