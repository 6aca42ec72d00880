"""Hosts in network namespaces: a router in the middle with delay and loss, hosts on lines of their own, hosts behind NATs.

Each host has a network of its own and reaches the others through the router, so that cutting, losing and delaying are
rules of one namespace. Addresses are of 198.18.0.0/15, which is set aside for such benchmarks: libtorrent takes them for
the Internet (10.x.x.x would count as local), and nothing here has a route to the outside.

Namespaces are named shoal-<pid>-<host>. Those of processes that are no more are removed when a network is made.
"""

import os
import re
import signal
import subprocess
import sys

PREFIX = "shoal"
DELAY_QUEUE = 0
TOOLS = ("ip", "tc", "iptables", "setpriv")


class Unavailable(Exception):
    """This machine cannot do it; the text says why."""


def command(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(map(str, words)), done.stderr.strip()))
    return done.stdout


def namespaces():
    return re.findall(r"^(%s-(\d+)-\S+)" % PREFIX, command("ip", "netns", "list"), re.M)


def remove_namespace(name):
    """With the processes that are still in it, which can only be ours."""
    for pid in command("ip", "netns", "pids", name).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    command("ip", "netns", "delete", name)


def remove_stale():
    for name, pid in namespaces():
        if not os.path.exists("/proc/" + pid):
            remove_namespace(name)


def require():
    """Unavailable unless this process may make namespaces and the kernel has what the router needs."""
    if os.geteuid() != 0:
        raise Unavailable("network namespaces need root")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    for tool in TOOLS:
        if not any(os.access(os.path.join(folder, tool), os.X_OK) for folder in path.split(":") if folder):
            raise Unavailable("%s is not installed (scripts/bootstrap.sh test)" % tool)
    probe = "%s-%d-probe" % (PREFIX, os.getpid())
    try:
        remove_stale()
        command("ip", "netns", "add", probe)
    except RuntimeError as error:
        raise Unavailable("no network namespaces here: %s" % error) from None
    inside = ("ip", "netns", "exec", probe)
    try:
        command("ip", "-n", probe, "link", "add", "line", "type", "veth", "peer", "name", "far")
        command(*inside, "tc", "qdisc", "add", "dev", "line", "root", "tbf", "rate", "1mbit", "burst", "16k", "latency",
                "50ms")
        command(*inside, "iptables", "-A", "FORWARD", "-m", "statistic", "--mode", "random", "--probability", "0.5",
                "-j", "NFQUEUE")
        command(*inside, "iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE")
    except RuntimeError as error:
        raise Unavailable("this kernel lacks something: %s" % error) from None
    finally:
        remove_namespace(probe)


class Host:
    """One namespace with one address. `line` is its device; `gateway` the namespace at the other end."""

    def __init__(self, name, namespace, address, gateway, far_line):
        self.name = name
        self.namespace = namespace
        self.address = address
        self.gateway = gateway
        self.far_line = far_line

    def inside(self, *words):
        """The words that run a program in this host; it ends with the test, however that ends."""
        return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.namespace, *map(str, words)]

    def do(self, *words):
        return command("ip", "netns", "exec", self.namespace, *words)

    def link_down(self):
        """The cable is out: this host sees it at once, the others do not."""
        self.do("ip", "link", "set", "line", "down")

    def link_up(self):
        self.do("ip", "link", "set", "line", "up")
        self.do("ip", "route", "replace", "default", "via", gateway_of(self.address))

    def limit_rate(self, rate):
        self.do("tc", "qdisc", "replace", "dev", "line", "root", "tbf", "rate", rate, "burst", "32k", "latency", "200ms")


def gateway_of(address):
    return address.rsplit(".", 1)[0] + ".1"


class Network:
    """The router and its hosts. Make it with `with`, or call `close`."""

    def __init__(self, delay_ms=0, loss=0.0):
        remove_stale()
        self.hosts = {}
        self._namespaces = []
        self._lines = 0
        self._delay = None
        self.router = self._add_namespace("router")
        try:
            self._start_router(delay_ms, loss)
        except BaseException:
            self.close()
            raise

    def _add_namespace(self, name):
        namespace = "%s-%d-%s" % (PREFIX, os.getpid(), name)
        command("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        command("ip", "-n", namespace, "link", "set", "lo", "up")
        return namespace

    def _start_router(self, delay_ms, loss):
        self._in_router("sysctl", "-qw", "net.ipv4.ip_forward=1")
        # Cuts are jumped over until some host has one.
        self._in_router("iptables", "-N", "CUTS")
        self._in_router("iptables", "-A", "FORWARD", "-j", "CUTS")
        if loss > 0:
            self._in_router("iptables", "-A", "FORWARD", "-m", "statistic", "--mode", "random", "--probability", loss,
                            "-j", "DROP")
        if delay_ms > 0:
            self._in_router("iptables", "-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", DELAY_QUEUE, "--queue-bypass")
            helper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packet_delay.py")
            words = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.router, sys.executable, "-B", helper,
                     str(DELAY_QUEUE), str(delay_ms)]
            self._delay = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
            first = self._delay.stderr.readline()
            if first != "ready\n":
                raise RuntimeError("the delay helper did not start: " + first + self._delay.stderr.read())

    def _in_router(self, *words):
        return command("ip", "netns", "exec", self.router, *words)

    # ---- hosts ---------------------------------------------------------------------------------------------------

    def add_host(self, name, network="198.18"):
        """A host with a public address."""
        self._lines += 1
        host = self._join(name, self.router, "%s.%d.2" % (network, self._lines), "r%d" % self._lines)
        self.hosts[name] = host
        return host

    def add_nat(self, name, symmetric=False, **outside):
        """A router that translates addresses; hosts behind it come by add_inner_host. What nobody inside asked for is
        dropped. A connection keeps its port towards everybody, unless `symmetric`: then each has another port."""
        nat = self.add_host(name, **outside)
        nat.do("sysctl", "-qw", "net.ipv4.ip_forward=1")
        nat.do("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "line", "-j", "MASQUERADE",
               *(["--random-fully"] if symmetric else []))
        for chain in ("INPUT", "FORWARD"):
            nat.do("iptables", "-A", chain, "-i", "line", "-m", "conntrack", "--ctstate", "NEW,INVALID", "-j", "DROP")
        return nat

    def add_inner_host(self, name, nat):
        host = self._join(name, nat.namespace, "192.168.1.2", "inner")
        self.hosts[name] = host
        return host

    def _join(self, name, gateway, address, far_line):
        namespace = self._add_namespace(name)
        command("ip", "-n", namespace, "link", "add", "line", "type", "veth", "peer", "name", far_line, "netns", gateway)
        for where, line, own in ((namespace, "line", address), (gateway, far_line, gateway_of(address))):
            # Segments as they go over a real line: one lost packet is no more than one packet.
            command("ip", "-n", where, "link", "set", line, "gso_max_segs", "1", "gso_max_size", "1500")
            command("ip", "-n", where, "addr", "add", own + "/24", "dev", line)
            command("ip", "-n", where, "link", "set", line, "up")
        command("ip", "-n", namespace, "route", "add", "default", "via", gateway_of(address))
        return Host(name, namespace, address, gateway, far_line)

    def readdress(self, host):
        """The host gets a line in another network, as a laptop that was carried elsewhere; connections are left to die."""
        self._lines += 1
        old, host.address = host.address, "198.18.%d.2" % self._lines
        for where, line, own, before in ((host.namespace, "line", host.address, old),
                                         (host.gateway, host.far_line, gateway_of(host.address), gateway_of(old))):
            command("ip", "-n", where, "addr", "add", own + "/24", "dev", line)
            command("ip", "-n", where, "addr", "del", before + "/24", "dev", line)
        command("ip", "-n", host.namespace, "route", "replace", "default", "via", gateway_of(host.address))

    # ---- cuts ----------------------------------------------------------------------------------------------------

    def cut(self, host):
        """Drops all to and from a host; no end is told."""
        for side in ("-s", "-d"):
            self._in_router("iptables", "-A", "CUTS", side, host.address, "-j", "DROP")

    def mend(self, host):
        for side in ("-s", "-d"):
            self._in_router("iptables", "-D", "CUTS", side, host.address, "-j", "DROP")

    def separate(self, some, others):
        """Drops all between the two groups, both ways."""
        for a in some:
            for b in others:
                for source, target in ((a, b), (b, a)):
                    self._in_router("iptables", "-A", "CUTS", "-s", source.address, "-d", target.address, "-j", "DROP")

    def mend_all(self):
        self._in_router("iptables", "-F", "CUTS")

    # ---- end -----------------------------------------------------------------------------------------------------

    def close(self):
        if self._delay:
            self._delay.kill()
            self._delay.wait()
            self._delay.stderr.close()
        for namespace in reversed(self._namespaces):
            try:
                remove_namespace(namespace)
            except RuntimeError as error:
                print("left behind:", error, file=sys.stderr)
        self._namespaces = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
