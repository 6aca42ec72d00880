"""miniupnpd on a translating router: hosts behind it may ask for open ports, by UPnP or by NAT-PMP and PCP."""

import os
import subprocess

import topology
from netns_support import eventually

PROGRAM = "/usr/sbin/miniupnpd"
# It opens nothing on a router whose own address is of a range that is set aside, as those of the other hosts are.
NETWORK = "45.18"

# Its chains, where it expects them, and the way into the router's own rules: what it mapped is let through.
RULES = """
add table inet filter
add chain inet filter miniupnpd
add chain inet filter prerouting_miniupnpd
add chain inet filter postrouting_miniupnpd
add chain inet filter prerouting { type nat hook prerouting priority -100 ; }
add rule inet filter prerouting jump prerouting_miniupnpd
"""

CONFIGURATION = """
ext_ifname=line
listening_ip=inner
enable_upnp=%s
enable_natpmp=%s
lease_file=%s
uuid=7d1f5c5e-3b1e-4c0c-9c43-0d1c6a0f7a11
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


def require():
    for program in (PROGRAM, "/usr/sbin/nft"):
        if not os.access(program, os.X_OK):
            raise topology.Unavailable("%s is not installed (scripts/bootstrap.sh test)" % program)


class PortMapper:
    """Runs on `nat` until it is closed. `directory` takes its files. After a host is there: it listens on its line."""

    def __init__(self, nat, directory, upnp=False, natpmp=False):
        nat.do("nft", RULES)
        nat.do("iptables", "-I", "FORWARD", "-m", "conntrack", "--ctstate", "DNAT", "-j", "ACCEPT")
        os.makedirs(directory)
        configuration = os.path.join(directory, "miniupnpd.conf")
        words = ["yes" if on else "no" for on in (upnp, natpmp)] + [os.path.join(directory, "leases")]
        with open(configuration, "w", encoding="ascii") as file:
            file.write(CONFIGURATION % tuple(words))
        self._log = os.path.join(directory, "log")
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                nat.inside(PROGRAM, "-d", "-f", configuration, "-P", os.path.join(directory, "pid")),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        if not eventually(lambda: "istening" in self.log(), 10):
            raise RuntimeError("the port mapper did not start: " + self.log())

    def log(self):
        with open(self._log, "rb") as file:
            return file.read().decode(errors="replace")

    def close(self):
        self._process.kill()
        self._process.wait()
