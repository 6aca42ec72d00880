"""A publisher is killed at each of its file operations, or one of them fails."""

import random
import signal

from program import Directory, Expected, Scratch, check_publisher, require
from recording import ALLOCATE, DATASYNC, OUTPUT, START, SYNC, TRUNCATE, WRITE, read_recording


def lines_of(chance, run, count, large=False):
    """Lines that are all different; a large one makes a group that does not fit into the journal."""
    lines = []
    for number in range(count):
        size = chance.choice([0, 20, 300, 3000])
        lines.append(b"%s %d %s" % (run.encode(), number, bytes(chance.choices(b"abcdefgh", k=size))))
    if large:
        lines[chance.randrange(count)] = b"%s large " % run.encode() + bytes(chance.choices(b"abcdefgh", k=400_000))
    return lines


def workload(chance):
    """What is published before and while something fails: lines of earlier runs, lines of the run."""
    before = [lines_of(chance, "before%d" % i, chance.randint(1, 15), chance.random() < 0.2)
              for i in range(chance.choice([0, 1, 2]))]
    return before, lines_of(chance, "run", chance.randint(5, 40), chance.random() < 0.4)


def prepare(directory, before):
    expected = Expected()
    for lines in before:
        done = directory.publish(lines)
        require(done.code == 0, "a publisher that nothing disturbs", done)
        expected.acked(done.stdout, lines)
    return expected


def operations_of(path):
    return [one for one in read_recording(path) if one.kind not in (OUTPUT, START)]


def count_operations(chance_for, name, broken):
    """How many operations of each class one run of the workload does."""
    with Scratch(name) as scratch:
        before, lines = workload(chance_for())
        directory = Directory(scratch / "data", broken)
        prepare(directory, before)
        done = directory.publish(lines, log=scratch / "log")
        require(done.code == 0, "a publisher that nothing disturbs", done)
        operations = operations_of(scratch / "log")
        return {"any": len(operations), "write": sum(one.kind in (WRITE, ALLOCATE, TRUNCATE) for one in operations),
                "sync": sum(one.kind in (SYNC, DATASYNC) for one in operations)}


class Kills:
    """The publisher is killed at an operation, or in the middle of it."""

    STREAMS = 4  # different workloads; each operation of each, as far as the rounds go

    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken
        self.counts = {}

    def chance_for(self, stream):
        return lambda: random.Random("%s/workload/%d" % (self.seed, stream))

    def plan(self, number, rounds, chance):
        stream = number % self.STREAMS
        if stream not in self.counts:
            self.counts[stream] = count_operations(self.chance_for(stream), "count", self.broken)
        return stream, self.counts[stream]

    def where(self, number, rounds, counts, chance):
        total = 2 * counts["any"]
        at = number // self.STREAMS
        if rounds // self.STREAMS < total:
            # Starting is most of it: half of the rounds look at what comes later.
            at = chance.randrange(chance.choice([0, total // 2]), total)
        return "any:%d:%s" % (at // 2 % counts["any"] + 1, ("kill", "tear")[at % 2])

    def round(self, number, rounds, chance, name):
        stream, counts = self.plan(number, rounds, chance)
        at = self.where(number, rounds, counts, chance)
        with Scratch(name) as scratch:
            before, lines = workload(self.chance_for(stream)())
            directory = Directory(scratch / "data", self.broken)
            expected = prepare(directory, before)
            done = directory.publish(lines, at=at, log=scratch / "log")
            self.ended(done, at, scratch / "log")
            expected.acked(done.stdout, lines)
            promised = len(expected.rows)
            check_publisher(directory, expected, feed_known=bool(before))
        return "%s: exit %d, %d promised" % (at, done.code, promised), promised

    def ended(self, done, at, log):
        # It may do an operation less than the run that was counted.
        require(done.code in (0, -signal.SIGKILL), "killed at %s" % at, done)


class Errors(Kills):
    """A write or a sync fails: once, or always from then on."""

    def where(self, number, rounds, counts, chance):
        kinds = [("write", "eio"), ("write", "enospc"), ("sync", "eio"), ("write", "eio+"), ("sync", "eio+")]
        number //= self.STREAMS
        what, how = kinds[number % len(kinds)]
        at = number // len(kinds)
        if rounds // self.STREAMS // len(kinds) < counts[what]:
            at = chance.randrange(chance.choice([0, counts[what] // 2]), counts[what])
        return "%s:%d:%s" % (what, at % counts[what] + 1, how)

    def ended(self, done, at, log):
        require(done.code >= 0, "with %s it died" % at, done)
        if done.code != 0:
            require("error: " in done.stderr, "with %s it said nothing" % at, done)
        failed = {one.name for one in read_recording(log) if one.kind in (SYNC, DATASYNC) and one.error != 0}
        own = {name for name in failed if name == "journal" or name.startswith("own/") and "OPTIONS" not in name}
        require(done.code != 0 or not own, "a failed sync of %s went unnoticed" % ", ".join(sorted(own)), done)
