"""Files of a data directory are damaged: a bit flips, a file is cut, a page becomes zeros, a file is gone.

The directory has an own feed and the copy of another one. Nothing wrong may be delivered, less than everything only with
an exit code that says so; damage in mirrored/ and node.key does not stop the own feed; with a source the copy heals.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import threading

from program import ALSO, LOOPBACK, Directory, Found, Running, Scratch, acknowledged, require
from publisher_faults import lines_of

DAMAGES = ("flip", "cut", "zero", "remove")
HEALS_WITHIN = 20  # seconds
TEMPLATES = 2  # one that ended clean, one that was killed


class Template:
    """A directory to damage, and what its feeds hold."""

    def __init__(self, scratch, chance, source, killed):
        self.ended = "killed" if killed else "clean"
        self.path = scratch / self.ended
        directory = Directory(self.path)
        self.own = [line for run in range(3) for line in self.publish(directory, chance, "own%d" % run)]
        copy = Running(directory.start("mirror", source.feed, *LOOPBACK, "--peer", source.address,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        copy.wait_for("^synced %s %d$" % (source.feed, source.size))
        copy.end(signal.SIGKILL if killed else signal.SIGTERM)
        self.files = sorted(os.path.relpath(os.path.join(place, name), self.path)
                            for place, _, names in os.walk(self.path) for name in names
                            if not re.match(r"LOG|LOCK|lock", name) and os.path.isfile(os.path.join(place, name)))

    @staticmethod
    def publish(directory, chance, run):
        lines = lines_of(chance, run, 20, run == "own1")
        done = directory.publish(lines)
        require(done.code == 0, "a publisher that nothing disturbs", done)
        return lines


class Source:
    """A publisher that serves its feed."""

    def __init__(self, scratch, chance):
        self.directory = Directory(scratch / "source")
        self.lines = [line for run in range(3) for line in Template.publish(self.directory, chance, "other%d" % run)]
        self.size = int(re.search(rb"(?m)^tree size (\d+)$", self.directory.verify().stdout).group(1))
        self.running = Running(self.directory.start("node", "--heartbeat", "0s", *LOOPBACK, stdin=subprocess.DEVNULL,
                                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        self.address = self.running.wait_for(r"^listening (\S+)$").group(1)
        self.feed = self.directory.run("key", "show", "feed").stdout.decode().strip()


def damage(path, how, chance):
    """False when there is nothing to damage in this way."""
    size = os.path.getsize(path)
    if how == "remove":
        os.unlink(path)
        return True
    if size == 0:
        return False
    if how == "cut":
        os.truncate(path, chance.randrange(size))
        return True
    with open(path, "r+b") as file:
        if how == "flip":
            at = chance.randrange(size)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
            return True
        pages = list(range((size + 4095) // 4096))
        chance.shuffle(pages)
        for page in pages[:50]:
            file.seek(page * 4096)
            before = file.read(4096)
            if before.strip(b"\0"):
                file.seek(page * 4096)
                file.write(bytes(len(before)))
                return True
    return False


class Damage:
    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken
        self.lock = threading.Lock()
        self.templates = None

    def prepare(self):
        with self.lock:
            if self.templates is None:
                self.scratch = Scratch("damage-templates")
                chance = random.Random("%s/templates" % self.seed)
                self.source = Source(self.scratch, chance)
                self.templates = [Template(self.scratch, chance, self.source, killed) for killed in (False, True)]

    def close(self):
        if self.templates is not None:
            self.source.running.end(signal.SIGTERM)
            self.scratch.__exit__(None, None, None)

    def choose(self, template, number, chance):
        """Every file is removed once, first; then at random."""
        files = template.files
        if number // TEMPLATES < len(files):
            return files[number // TEMPLATES], "remove"
        return chance.choice(files), chance.choice(DAMAGES[:3])

    def round(self, number, rounds, chance, name):
        self.prepare()
        template = self.templates[number % TEMPLATES]
        file, how = self.choose(template, number, chance)
        with Scratch(name) as scratch:
            directory = Directory(scratch / "data", self.broken)
            shutil.copytree(template.path, directory.path, ignore=lambda place, names: [
                one for one in names if one.endswith(".sock")])
            if not damage(os.path.join(directory.path, file), how, chance):
                return "nothing to %s in %s" % (how, file), 0
            rows = self.check(directory, template, file, "%s of %s (%s): " % (how, file, template.ended))
        return "%s of %s" % (how, file), rows

    def check(self, directory, template, file, prefix):
        faults = []

        def attempt(what):
            try:
                return what()
            except Found as found:
                faults.append(prefix + str(found))
                return 0

        shielded = file.startswith("mirrored/") or file == "node.key"
        rows = 0
        rows += attempt(lambda: self.compare(directory.read(), template.own, shielded))
        if shielded:
            attempt(lambda: self.sign_on(directory, template))
        rows += attempt(lambda: self.archive(directory.read(self.source.feed), file))
        attempt(lambda: self.heal(directory))
        require(not faults, ALSO.join(faults))
        return rows

    @staticmethod
    def compare(read, lines, whole):
        """What was delivered is right; when it is not all, the exit code says so."""
        last = -1
        for row in read.stdout.splitlines():
            offset, payload = row.split(b" ", 1)
            require(int(offset) > last, "wrong offset", read)
            last = int(offset)
            require(last < len(lines) and payload == lines[last], "wrong byte", read)
        count = len(read.stdout.splitlines())
        require(read.code >= 0, "crash", read)
        require(count == len(lines) or read.code != 0, "silent: %d of %d records" % (count, len(lines)), read)
        require(not whole or (count == len(lines) and read.code == 0), "own feed stopped", read)
        return count

    def archive(self, read, file):
        """The copy, without a source. Damage to what own feeds keep takes nothing away from it, once the store opens."""
        whole = not file.startswith("mirrored/") and read.code not in (5, 12)
        count = self.compare(read, self.source.lines, False)
        require(not whole or count == len(self.source.lines), "archive gone: %d of %d records are left" %
                (count, len(self.source.lines)), read)
        return count

    @staticmethod
    def sign_on(directory, template):
        done = directory.publish([b"one more"])
        require(done.code == 0 and acknowledged(done.stdout) == [(len(template.own), len(template.own))],
                "own feed not signed", done)

    def heal(self, directory):
        feed = self.source.feed
        copy = Running(directory.start("mirror", feed, *LOOPBACK, "--peer", self.source.address,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        try:
            copy.wait_for("^synced %s %d$" % (feed, self.source.size), HEALS_WITHIN)
        except Found as found:
            copy.end()
            raise Found("not healed: %s" % found) from None
        copy.end(signal.SIGTERM)
        read = directory.read(feed)
        try:
            self.compare(read, self.source.lines, True)
        except Found as found:
            raise Found("not healed: %s" % found) from None
        verified = directory.verify(feed)
        require(verified.code == 0, "not healed, by verify", verified)
