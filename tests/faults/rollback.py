"""A publisher's directory goes back to an earlier state, or its key comes to a second place, while a mirror has what was
published since. Nothing is signed twice; where the mirror can be asked, the publisher goes on by itself."""

import os
import shutil
import signal
import subprocess

from program import CLOCK_OFFSET, LOOPBACK, Directory, Expected, Running, Scratch, acknowledged, require

PRIVATE = (*LOOPBACK, "--network", "private")
ASK = ("--find-timeout", "4s")
PARTS = {"store alone": ("own",), "journal alone": ("journal",), "keys alone": ("keys",)}


class Plain(Directory):
    """Commands without a library inside: inodes and times are the file system's. `days`: so far ahead is the clock."""

    def __init__(self, path, days=0):
        super().__init__(path)
        self.days = days

    def environment(self, log=None, at=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SHOAL_")}
        if self.days:
            environment |= {"LD_PRELOAD": CLOCK_OFFSET, "SHOAL_TEST_CLOCK_OFFSET": str(self.days * 86400)}
        return environment

    def publish_online(self, lines, address):
        return self.run("pub", "feed", "--ack-log", *PRIVATE, *ASK, "--peer", address, "-z", "none",
                        chunks=[b"".join(line + b"\n" for line in lines)])


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def files_below(path):
    for place, _, names in os.walk(path):
        for name in names:
            yield os.path.relpath(os.path.join(place, name), path)


def rsync_inplace(source, target):
    """As rsync -a --inplace --delete: files of the same size and time stay, the bytes of others are written in place."""
    old, new = set(files_below(source)), set(files_below(target))
    for name in new - old:
        os.unlink(os.path.join(target, name))
    for name in old:
        ours, theirs = os.path.join(source, name), os.path.join(target, name)
        about = os.stat(ours)
        if name in new:
            there = os.stat(theirs)
            if (there.st_size, there.st_mtime) == (about.st_size, about.st_mtime):
                continue
        os.makedirs(os.path.dirname(theirs), exist_ok=True)
        with open(ours, "rb") as file:
            data = file.read()
        with open(theirs, "r+b" if name in new else "wb") as file:
            file.write(data)
            file.truncate()
        os.chmod(theirs, about.st_mode & 0o777)
        os.utime(theirs, ns=(about.st_atime_ns, about.st_mtime_ns))


class Rollback:
    KINDS = ("cp -a over it", "rsync in place", "rm and cp -a", "tar over it", "restored beside it", "store alone",
             "journal alone", "keys alone", "journal gone", "key alone elsewhere", "clone of a running one",
             "everything gone but the keys", "everything gone but one key file", "restored without its store",
             "restored a year ahead", "restored a year behind")

    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken

    def round(self, number, rounds, chance, name):
        kind = self.KINDS[number % len(self.KINDS)]
        with Scratch(name) as scratch:
            owner = Plain(scratch / "owner")
            return kind, One(kind, scratch, owner, chance).run()


class One:
    """One rollback."""

    def __init__(self, kind, scratch, owner, chance):
        self.kind, self.scratch, self.owner, self.chance = kind, scratch, owner, chance
        self.expected = Expected()
        self.mirror, self.node = Plain(scratch / "mirror"), None
        self.running = []

    def run(self):
        try:
            return self.rounds()
        finally:
            for one in self.running:
                if one.process.poll() is None:
                    one.end()

    def publish(self, word, count):
        lines = [b"%s %d" % (word, i) for i in range(count)]
        done = self.owner.publish(lines)
        require(done.code == 0, "a publisher", done)
        self.expected.acked(done.stdout, lines)

    def start(self, directory, *command):
        running = Running(directory.start(*command, *PRIVATE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.PIPE))
        self.running.append(running)
        return running, running.wait_for(r"^listening (\S+)$").group(1)

    def backup(self):
        target = self.scratch / "backup"
        if self.kind == "tar over it":
            subprocess.run(["tar", "-C", self.owner.path, "-cf", target, "."], check=True)
        else:
            subprocess.run(["cp", "-a", self.owner.path, target], check=True)

    def roll_back(self):
        """Gives the directory that goes on."""
        backup, path = self.scratch / "backup", self.owner.path
        if self.kind == "cp -a over it":
            subprocess.run(["cp", "-a", backup + "/.", path], check=True)
        elif self.kind == "rsync in place":
            rsync_inplace(backup, path)
        elif self.kind == "rm and cp -a":
            shutil.rmtree(path)
            subprocess.run(["cp", "-a", backup, path], check=True)
        elif self.kind == "tar over it":
            subprocess.run(["tar", "-C", path, "-xf", backup], check=True)
        elif self.kind.startswith("restored a year"):
            shutil.rmtree(path)
            subprocess.run(["cp", "-a", backup, path], check=True)
            return Plain(path, 365 if self.kind.endswith("ahead") else -365)
        elif self.kind in ("restored beside it", "clone of a running one"):
            return Plain(backup)
        elif self.kind in PARTS:
            for part in PARTS[self.kind]:
                remove(os.path.join(path, part))
                subprocess.run(["cp", "-a", os.path.join(backup, part), os.path.join(path, part)], check=True)
        elif self.kind == "journal gone":
            os.unlink(os.path.join(path, "journal"))
        elif self.kind == "key alone elsewhere":
            other = Plain(self.scratch / "other")
            done = self.owner.run("key", "export", "feed", "--secret", self.scratch / "secret")
            require(done.code == 0, "the key goes out", done)
            done = other.run("key", "import", "feed", self.scratch / "secret")
            require(done.code == 0, "the key comes in", done)
            return other
        elif self.kind.startswith("everything gone"):
            for part in os.listdir(path):
                if part != "keys":
                    remove(os.path.join(path, part))
            if self.kind.endswith("one key file"):
                os.unlink(os.path.join(path, "keys", "feed.signed"))
        elif self.kind == "restored without its store":
            shutil.rmtree(path)
            subprocess.run(["cp", "-a", backup, path], check=True)
            shutil.rmtree(os.path.join(path, "own"))
        return self.owner

    def rounds(self):
        chance = self.chance
        self.publish(b"before", chance.randint(1, 30))
        feed = self.owner.run("key", "show", "feed").stdout.decode().strip()
        # What is signed before the backup's end may not be in it.
        if self.kind == "clone of a running one":
            node, _ = self.start(self.owner, "node", "--heartbeat", "1s")
            self.backup()
            require(node.end(signal.SIGTERM) == 0, "the node ended: %s" % node.lines[-3:])
        else:
            self.backup()
        self.publish(b"since", chance.randint(1, 30))
        self.node, address = self.start(self.owner, "node", "--heartbeat", "0s")
        size = re_size(self.owner.verify().stdout)
        mirror, self.address = self.start(self.mirror, "mirror", feed, "--peer", address)
        mirror.wait_for("^synced %s %d$" % (feed, size))
        require(self.node.end(signal.SIGTERM) == 0, "the node ended: %s" % self.node.lines[-3:])
        directory = self.roll_back()

        # Alone: nothing is signed, unless nothing that counts went back.
        offline = directory.publish([b"offline"])
        if self.kind == "keys alone" or self.kind == "store alone" and offline.code == 0:  # the journal had the rest
            require(offline.code == 0, "keys of a backup stop the publisher", offline)
            self.expected.acked(offline.stdout, [b"offline"])
        else:
            require(offline.code == 9, "a second signature, or no refusal", offline)
            require("hint: " in offline.stderr, "no hint", offline)
            require(not acknowledged(offline.stdout), "acknowledged", offline)
            lost = directory.run("pub", "feed", "--ack-log", *PRIVATE, "--find-timeout", "300ms", chunks=[b"alone\n"])
            if lost.code == 0:  # the mirror's address was known here
                require("taken back from others" in lost.stderr, "signed on without anybody to ask", lost)
                self.expected.acked(lost.stdout, [b"alone"])
            else:
                require(lost.code == 9, "no refusal", lost)
        # With the mirror: it goes on by itself.
        line = b"and it goes on"
        again = directory.publish_online([line], self.address)
        require(again.code == 0, "not healed by the mirror", again)
        self.expected.acked(again.stdout, [line])
        self.node, address = self.start(directory, "node", "--heartbeat", "0s")
        size = re_size(directory.verify().stdout)
        require(mirror.end(signal.SIGTERM) == 0, "the mirror ended: %s" % mirror.lines[-3:])
        mirror, _ = self.start(self.mirror, "mirror", feed, "--peer", address)
        mirror.wait_for("^synced %s %d$" % (feed, size), 20)
        require(self.node.end(signal.SIGTERM) == 0, "the node ended: %s" % self.node.lines[-3:])
        require(mirror.end(signal.SIGTERM) == 0, "the mirror ended: %s" % mirror.lines[-3:])
        for one, about in ((directory, "feed"), (self.mirror, feed)):
            require(not os.path.isdir(os.path.join(one.path, "forks")) or not os.listdir(os.path.join(one.path, "forks")),
                    "the feed has forked")
            count = self.expected.compare(one.read(about))
            require(count == len(self.expected.rows), "%d records, %d were signed" % (count, len(self.expected.rows)))
        return len(self.expected.rows)


def re_size(stdout):
    return int(next(line for line in stdout.splitlines() if line.startswith(b"tree size ")).split()[2])
