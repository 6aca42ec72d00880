#!/usr/bin/python3
"""feeds_bench.py SHOAL FEEDS SECONDS: what many feeds cost one node, with real processes on loopback.

A rendezvous node, a holder with FEEDS feeds of one record each (up to 1,000 its own, the rest mirrored), and a reader that
knows nothing but ids. Printed are the holder's memory, how long it takes to announce all feeds and to be found for samples
of them, and what it costs while nothing happens. Ends with 1 when something does not come about.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 600
OWN = 1000       # a node has at most 1,024 own feeds (docs/FORMAT.md, "Journal")
ALONE = ["--listen", "127.0.0.1:0", "--no-dht", "--no-lsd"]
SAMPLES = 5
LONG = 10        # seconds of rest from which on it is waited for the node to settle first
CONFIRM = 35     # see HintSchedule
HINT_PACE = 0.05


class Connection(http.client.HTTPConnection):
    """HTTP over the node's socket."""

    def __init__(self, path):
        super().__init__("node", timeout=PATIENCE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self._path)

    def ask(self, method, target, body=None):
        self.request(method, target, body=body, headers={"Content-Type": "application/json"} if body else {})
        answer = self.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError("%s %s: %d %s" % (method, target, answer.status, text[:300]))
        return json.loads(text.splitlines()[-1])


class Shoal:
    """Processes of one run, ended at its end."""

    def __init__(self, binary):
        self.binary = binary
        self.root = tempfile.mkdtemp(prefix="shoal-feeds-")
        self.processes = []
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SHOAL_")}

    def path(self, name):
        return os.path.join(self.root, name)

    def start(self, name, *arguments):
        """A process that listens, and where."""
        with open(self.path(name + ".err"), "wb") as errors:
            process = subprocess.Popen([self.binary, *arguments, "--data", self.path(name)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=errors, env=self.environment)
        self.processes.append(process)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            found = re.search(r"^listening (\S+)$", self.errors(name), re.M)
            if found:
                return process, found.group(1)
            time.sleep(0.02)
        raise RuntimeError("%s does not listen: see %s" % (name, self.path(name + ".err")))

    def errors(self, name):
        with open(self.path(name + ".err"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        if process.wait(PATIENCE) != 0:
            raise RuntimeError("a node did not end well")

    def run(self, *arguments):
        return subprocess.run([self.binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                              env=self.environment, check=False)

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def memory_mib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wake_ups(pid):
    """Times that threads of the process went to sleep by themselves."""
    total = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/status" % (pid, thread), encoding="ascii") as status:
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M).group(1))
        except FileNotFoundError:
            pass
    return total


def sockets(pid):
    return sum(1 for name in os.listdir("/proc/%d/fd" % pid))


def show(what, value):
    print("%-52s %s" % (what, value), flush=True)


def announced(node):
    found = {check["name"]: check for check in node.ask("GET", "/v1/doctor?wait_ms=0")["checks"]}["feeds"]["found"]
    return int(re.search(r"(\d+) announced", found).group(1))


def make_own(shoal, name, count):
    """`count` own feeds of one record in the directory `name`, made through a node without network; their ids, and the
    node's memory before."""
    maker, _ = shoal.start(name, "node", *ALONE)
    empty = memory_mib(maker.pid)
    node = Connection(shoal.path(name + "/node.sock"))
    feeds = []
    for number in range(count):
        feed = "feed%05d" % number
        feeds.append(node.ask("POST", "/v1/own/" + feed, json.dumps({"create": True}))["feed"])
        node.ask("POST", "/v1/own/%s/records?linger_ms=0" % feed, '{"topic":"t","payload":"%s"}\n' % feed)
    node.close()
    shoal.end(maker)
    return feeds, empty


def mirror(shoal, name, feeds):
    """Lets the directory `name` mirror feeds of the directory `maker`."""
    maker, address = shoal.start("maker", "node", *ALONE)
    reader, _ = shoal.start(name, "mirror", *feeds, *ALONE, "--peer", address)
    end = time.monotonic() + PATIENCE
    while len(set(re.findall(r"^synced (\S+)", shoal.errors(name), re.M))) < len(feeds):
        if time.monotonic() > end:
            raise RuntimeError("not all feeds were mirrored")
        time.sleep(0.1)
    shoal.end(reader)
    shoal.end(maker)


def make_feeds(shoal, count):
    """A holder of `count` feeds of one record, at most OWN of them its own and the rest mirrored; their ids."""
    began = time.monotonic()
    feeds, empty = make_own(shoal, "holder", min(count, OWN))
    show("%d own feeds made, one record each" % len(feeds), "%.1f s" % (time.monotonic() - began))
    if count > OWN:
        others, _ = make_own(shoal, "maker", count - OWN)
        began = time.monotonic()
        mirror(shoal, "holder", others)
        show("%d feeds of another node mirrored" % len(others), "%.1f s" % (time.monotonic() - began))
        feeds += others
    return feeds, empty


def find_samples(shoal, feeds, network):
    """How long a reader that knows nothing but the id takes for samples of the feeds."""
    times = []
    for number in range(SAMPLES):
        feed = feeds[(len(feeds) - 1) * number // (SAMPLES - 1)]
        began = time.monotonic()
        result = shoal.run("get", feed, "t", "0", "--raw", "--timeout", "120s", "--data", shoal.path("reader%d" % number),
                           *network)
        if result.returncode != 0:
            raise RuntimeError("feed %s was not found: %s" % (feed, result.stderr.decode()))
        times.append(time.monotonic() - began)
    return sorted(times)


def rest(pid, seconds, when):
    cpu, waked, began = cpu_seconds(pid), wake_ups(pid), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    show("idle, %s: processor" % when, "%.2f %% of one" % ((cpu_seconds(pid) - cpu) / passed * 100))
    show("idle, %s: wake-ups a second" % when, "%.0f" % ((wake_ups(pid) - waked) / passed))


def measure(shoal, count, seconds):
    feeds, empty = make_feeds(shoal, count)
    _, rendezvous = shoal.start("rendezvous", "bootstrap", "--listen", "127.0.0.1:0", "--no-lsd")
    network = ["--listen", "127.0.0.1:0", "--no-lsd", "--bootstrap", rendezvous]
    began = time.monotonic()
    holder, _ = shoal.start("holder", "node", *network)
    node = Connection(shoal.path("holder/node.sock"))
    node.ask("GET", "/v1/node")
    opened = time.monotonic()
    while announced(node) < count:
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError("%d of %d announced" % (announced(node), count))
        time.sleep(0.1)
    show("start of a node with them", "%.1f s" % (opened - began))
    show("all announced after", "%.1f s" % (time.monotonic() - began))
    found = find_samples(shoal, feeds, network)
    show("found and read by id alone, %d samples, median, worst" % SAMPLES, "%.2f s, %.2f s" % (found[SAMPLES // 2], found[-1]))
    held = memory_mib(holder.pid)
    show("memory: without feeds, with them, of one feed", "%.0f MiB, %.0f MiB, %.1f KiB" %
         (empty, held, (held - empty) * 1024 / count))
    show("open files", sockets(holder.pid))
    node.close()
    rest(holder.pid, seconds, "just announced")
    if seconds >= LONG:
        # Each feed's head is stored in the DHT twice after the start, one each 50 ms.
        time.sleep(max(0, began + CONFIRM + 2.5 * HINT_PACE * count - time.monotonic()))
        rest(holder.pid, seconds, "settled")
    show("memory afterwards", "%.0f MiB" % memory_mib(holder.pid))


def main():
    binary, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    shoal = Shoal(binary)
    try:
        measure(shoal, count, seconds)
    finally:
        shoal.close()


if __name__ == "__main__":
    main()
