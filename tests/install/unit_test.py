"""The systemd unit: what it promises by systemd's own measure, and that the node lives under what it asks for.

Environment: SHOAL_UNIT (the unit as it is installed), SHOAL_BINARY, SHOAL_BUILD (where temporary files may be). There is
no systemd to start the unit with: sandbox.py applies what the unit says, and says itself what it leaves out.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

UNIT = pathlib.Path(os.environ["SHOAL_UNIT"])
SHOAL = os.environ["SHOAL_BINARY"]
BUILD = os.environ["SHOAL_BUILD"]
SANDBOX = pathlib.Path(__file__).resolve().parent / "sandbox.py"
NETWORK = ["--listen", "127.0.0.1:0", "--no-lsd"]


def can_sandbox():
    if os.geteuid() != 0:
        return "only root can build the sandbox"
    probe = subprocess.run([sys.executable, "-c", "import seccomp"], capture_output=True)
    if probe.returncode != 0:
        return "no seccomp module for Python (package python3-seccomp)"
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
    return "" if probe.returncode == 0 else "no mount namespaces here"


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here (package systemd)")
class UnitByItsWords(unittest.TestCase):
    def analyze(self, *words):
        done = subprocess.run(["systemd-analyze", "--no-pager", *map(str, words)], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_exposure_is_at_most_1_5(self):
        code, out = self.analyze("security", "--offline=yes", "--threshold=15", UNIT)
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"Overall exposure level for shoal-node.service: [01]\.\d")

    def test_systemd_knows_every_directive(self):
        with tempfile.TemporaryDirectory() as temp:
            # Only the program may be missing where the tests run.
            copy = pathlib.Path(temp) / UNIT.name
            copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.M))
            code, out = self.analyze("verify", "--man=no", copy)
        self.assertEqual((code, out), (0, ""))


@unittest.skipIf(can_sandbox(), can_sandbox())
class UnitSandbox(unittest.TestCase):
    # What ProtectHome and PrivateTmp leave nothing of, and a tree below it neither.
    HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")

    def setUp(self):
        for hidden in map(pathlib.Path, self.HIDDEN):
            if hidden in pathlib.Path(BUILD).resolve().parents:
                self.skipTest(f"the unit hides {hidden}, where this tree lies")
        self.temp = pathlib.Path(tempfile.mkdtemp(prefix="unit-", dir=BUILD))
        self.addCleanup(shutil.rmtree, self.temp)
        self.temp.chmod(0o711)
        self.state = self.temp / "state"
        self.state.mkdir()

    def sandboxed(self, *command):
        return [sys.executable, "-B", str(SANDBOX), str(UNIT), str(self.state), *command]

    def run_inside(self, *command, stdin=""):
        return subprocess.run(self.sandboxed(*command), input=stdin, capture_output=True, text=True, timeout=60)

    def notices(self):
        """A socket as a service manager has it."""
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(str(self.temp / "notify"))
        (self.temp / "notify").chmod(0o777)
        receiver.settimeout(30)
        return receiver

    def wait_for(self, receiver, wanted):
        while (heard := receiver.recv(4096).decode()) != wanted:
            self.assertIn(heard, ("READY=1", "WATCHDOG=1", "STOPPING=1"))

    def test_the_sandbox_refuses_what_the_unit_forbids(self):
        attempts = {
            "write": "open('/etc/written', 'w')",
            "home": "__import__('os').listdir('/root')",
            "writable code": "__import__('mmap').mmap(-1, 4096, prot=7)",
            "packets": "__import__('socket').socket(17, 3, 0)",
            "other user": "__import__('os').setuid(0)",
            "priority": "__import__('os').setpriority(0, 0, 5)",
            "set-user-id": "__import__('os').chmod('/tmp', 0o4755)",
            "other processes": "open('/proc/1/status')",
            "kernel settings": "open('/proc/sys/kernel/hostname')",
            "disk": "open('/dev/mem')",
        }
        for what, attempt in attempts.items():
            done = self.run_inside("/usr/bin/python3", "-c", attempt)
            self.assertRegex(done.stderr, r"OSError|PermissionError|FileNotFoundError", f"{what} was not refused")
        done = self.run_inside("/usr/bin/unshare", "--user", "true")
        self.assertNotEqual(done.returncode, 0, "a new namespace was not refused")
        self.assertEqual(self.run_inside("/usr/bin/touch", str(self.state / "mine")).returncode, 0)

    def test_the_node_publishes_serves_and_stops_inside(self):
        lines = "".join(f"record {number}\n" for number in range(1000))
        done = self.run_inside(SHOAL, "pub", "numbers", "--offline", stdin=lines)
        self.assertEqual(done.returncode, 0, done.stderr)
        feed = re.search(r"feed ([0-9a-f]{64})", done.stderr).group(1)

        receiver = self.notices()
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.temp / "notify"), "WATCHDOG_USEC": "400000"}
        node = subprocess.Popen(self.sandboxed(SHOAL, "node", *NETWORK), stderr=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(node.stderr.close)
        self.addCleanup(node.wait, 30)
        self.addCleanup(node.kill)
        address = ""
        while not address:
            line = node.stderr.readline()
            self.assertNotEqual(line, "", "the node ended early")
            address = line[len("listening "):].strip() if line.startswith("listening ") else ""
        self.wait_for(receiver, "READY=1")
        self.wait_for(receiver, "WATCHDOG=1")

        got = subprocess.run([SHOAL, "--data", self.temp / "reader", "sub", feed, "-e", "--peer", address, *NETWORK],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual((got.returncode, got.stdout), (0, lines), got.stderr)

        # Root uses the node through its socket, and leaves nothing of its own in the directory.
        root = [SHOAL, "--data", self.state]
        told = subprocess.run([*root, "pub", "numbers", "--no-create"], input="one more\n", capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(told.returncode, 0, told.stderr)
        told = subprocess.run([*root, "topics", "numbers", "--json"], capture_output=True, text=True, timeout=60)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("1001", told.stdout)
        self.assertEqual([path for path in self.state.rglob("*") if path.stat().st_uid == 0], [])

        node.send_signal(signal.SIGTERM)
        self.wait_for(receiver, "STOPPING=1")
        self.assertEqual(node.wait(30), 0)
        alone = subprocess.run([*root, "info", "numbers", "--offline"], capture_output=True, text=True, timeout=60)
        self.assertEqual(alone.returncode, 1, "root opened the directory of another user")
        self.assertIn("start the owner's node", alone.stderr)
        for path in self.state.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, f"{path} is open to others")


if __name__ == "__main__":
    unittest.main()
