"""A disk runs full under a publisher, a node and a mirror, and has room again a little later."""

import errno
import json
import os
import re
import signal
import subprocess
import time

from program import ALSO, LOOPBACK, Directory, Expected, Found, Running, Scratch, acknowledged, require

ROLES = ("publisher", "node", "mirror")
GOES_ON_WITHIN = 5  # seconds after there is room
MIB = 1 << 20


class SmallDisk:
    """A tmpfs that can be filled."""

    def __init__(self, path, size):
        self.path = path
        self.filler = os.path.join(path, "filler")
        os.mkdir(path)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "shoal-faults", path],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            raise Skipped("no small disk: mount: " + mounted.stderr.decode().strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)

    def room(self):
        about = os.statvfs(self.path)
        return about.f_bavail * about.f_bsize

    def fill(self, but=0):
        """Leaves `but` bytes."""
        with open(self.filler, "ab") as file:
            try:
                while self.room() > but:
                    os.write(file.fileno(), b"f" * min(65536, max(1, self.room() - but)))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self):
        os.unlink(self.filler)


class Skipped(Exception):
    """The machine does not allow it."""


def random_lines(chance, run, count, size=600):
    return [b"%s %d %s" % (run.encode(), number, chance.randbytes(size // 2).hex().encode()) for number in range(count)]


class FullDisk:
    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken

    def round(self, number, rounds, chance, name):
        role = ROLES[number % len(ROLES)]
        with Scratch(name) as scratch, SmallDisk(scratch / "disk", chance.randint(64, 90) * MIB) as disk:
            return getattr(self, role)(chance, scratch, disk)

    def publisher(self, chance, scratch, disk):
        directory, expected = Directory(scratch / "disk/data"), Expected()
        first = random_lines(chance, "first", 10)
        done = directory.publish(first)
        require(done.code == 0, "a publisher with room", done)
        expected.acked(done.stdout, first)
        disk.fill(chance.randint(0, 6 * MIB))
        many = random_lines(chance, "many", 20000)
        done = directory.publish(many)
        require(done.code == 7, "a full disk is not exit 7", done)
        expected.acked(done.stdout, many)
        disk.fill()
        faults = []
        try:
            self.reads(directory, scratch, expected)
        except Found as found:
            faults.append(str(found))
        disk.free()
        after = [b"after"]
        done = directory.publish(after)
        require(done.code == 0, "no record can be appended when there is room", done)
        expected.acked(done.stdout, after)
        expected.compare(directory.read())
        verified = directory.verify()
        require(verified.code == 0, "the feed does not verify", verified)
        require(not faults, ALSO.join(faults))
        return "publisher, %d records" % len(expected.rows), len(expected.rows)

    @staticmethod
    def reads(directory, scratch, expected):
        """What reads, exports elsewhere or looks works on a full disk."""
        read = directory.read()
        require(read.code == 0, "a full disk is not read", read)
        expected.compare(read)
        for command in (["ls"], ["info", "feed"], ["verify", "feed"], ["export", "feed", scratch / "out.shoal"]):
            if command[0] != "verify":
                command = [*command, "--offline"]
            done = directory.run(*command)
            require(done.code == 0, "a full disk is not read", done)

    def node(self, chance, scratch, disk):
        directory, expected = Directory(scratch / "disk/data"), Expected()
        node = Running(directory.start("node", *LOOPBACK, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE))
        try:
            node.wait_for("^listening ")

            def publish(lines, name="feed"):
                done = directory.run("pub", name, "--ack-log", "-z", "none", chunks=[b"".join(l + b"\n" for l in lines)])
                if name == "feed":
                    expected.acked(done.stdout, lines)
                return done

            done = publish(random_lines(chance, "first", 10))
            require(done.code == 0, "a publisher with room", done)
            disk.fill(chance.randint(0, 6 * MIB))
            for run in range(40):
                done = publish(random_lines(chance, "many%d" % run, 2000))
                if done.code != 0:
                    break
            require(done.code == 7, "a full disk is not exit 7", done)
            disk.fill()
            time.sleep(chance.uniform(0, 2))
            disk.free()
            begin = time.monotonic()
            while True:
                done = publish([b"after"])
                if done.code == 0:
                    break
                waited = time.monotonic() - begin
                require(waited < GOES_ON_WITHIN, "the node takes no record %.1f s after there is room" % waited, done)
                time.sleep(0.2)
            done = publish([b"other"], "other")
            require(done.code == 0, "another feed of the node", done)
            code = node.end(signal.SIGTERM)
            require(code == 0, "the node ended with %d: %s" % (code, node.lines[-5:]))
        finally:
            if node.process.poll() is None:
                node.end()
        expected.compare(directory.read())
        verified = directory.verify()
        require(verified.code == 0, "the feed does not verify", verified)
        return "node, %d records" % len(expected.rows), len(expected.rows)

    def mirror(self, chance, scratch, disk):
        source, copy = Directory(scratch / "source"), Directory(scratch / "disk/data")
        lines = random_lines(chance, "line", 6000, 4000)
        done = source.publish(lines)
        require(done.code == 0, "a publisher with room", done)
        size = re.search(rb"(?m)^tree size (\d+)$", source.verify().stdout).group(1).decode()
        feed = source.run("key", "show", "feed").stdout.decode().strip()
        whole = sum(map(len, lines))
        processes = []
        try:
            serving = Running(source.start("node", "--heartbeat", "0s", *LOOPBACK, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
            processes.append(serving)
            address = serving.wait_for(r"^listening (\S+)$").group(1)
            room = chance.randint(44, 54)  # an empty directory takes up to 40 while it is open
            disk.fill(room * MIB)
            mirror = Running(copy.start("mirror", feed, *LOOPBACK, "--peer", address, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
            processes.append(mirror)
            mirror.wait_for("^listening ")
            time.sleep(2)
            disk.fill()
            time.sleep(chance.uniform(3, 6))
            require(mirror.process.poll() is None, "the mirror ended with %s: %s" %
                    (mirror.process.returncode, mirror.lines[-5:]))
            lines_said = len(mirror.lines)
            require(lines_said < 40, "the mirror said %d lines: %s" % (lines_said, mirror.lines[-3:]))
            was_full = not any("synced" in line for line in mirror.lines)
            disk.free()
            if was_full:
                mirror.wait_for("^synced %s %s$" % (feed, size), GOES_ON_WITHIN + 5)
            sent = sum(peer.get("bytes_out", 0) for peer in
                       json.loads(source.run("peers", "feed", "--json").stdout or b"[]"))
            require(sent <= 2 * whole, "%d bytes were sent of a feed of %d" % (sent, whole))
            code = mirror.end(signal.SIGTERM)
            processes.remove(mirror)
            require(code == 0, "the mirror ended with %d: %s" % (code, mirror.lines[-5:]))
        finally:
            for one in processes:
                one.end()
        read = copy.read(feed)
        require(read.code == 0, "the copy is not read", read)
        require(read.stdout.splitlines() == [b"%d %s" % (i, line) for i, line in enumerate(lines)], "other records", read)
        return "mirror, %s, %d bytes sent of %d" % ("was full" if was_full else "was never full", sent, whole), len(lines)
