"""Power cuts: the operations of real processes are recorded, and what a disk would hold after a cut is made of them."""

import os
import random
import signal
import subprocess
import time

from disk import ORDERS, Disk, write_image
from program import LOOPBACK, Directory, Expected, Running, Scratch, acknowledged, check_publisher, require
from publisher_faults import lines_of
from recording import ENTRY, outputs, read_recording


class Power:
    """Cuts through recordings; what was promised is what its subclasses know."""

    ROUNDS_A_RECORDING = 25

    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken

    def rounds(self, numbers, name_of):
        """The rounds of one recording: (number, function that does it)."""
        group = numbers[0] // self.ROUNDS_A_RECORDING
        with Scratch("%s-recording-%d" % (type(self).__name__, group)) as scratch:
            chance = random.Random("%s/recording/%d" % (self.seed, group))
            operations, moments, facts = self.record(scratch, chance)
        disk = Disk(operations, chance)
        cuts = sorted((chance.choice([chance.choice(moments), chance.randint(0, len(operations))]), number)
                      for number in numbers)
        for cut, number in cuts:
            disk.advance(cut)
            yield number, lambda: self.cut(disk, operations, facts, cut, ORDERS[number % len(ORDERS)],
                                           random.Random("%s/%d" % (self.seed, number)), name_of(number))

    def cut(self, disk, operations, facts, cut, order, chance, name):
        with Scratch(name) as scratch:
            directory = Directory(scratch / "data", self.broken)
            write_image(directory.path, disk.image(chance, order))
            promised = self.check(directory, operations, facts, cut)
        return "%s, cut at %d of %d, %d promised" % (order, cut, len(operations), promised), promised


class PublisherPower(Power):
    """Publishers and readers of one directory after each other, some of them killed or with a failed sync."""

    def record(self, scratch, chance):
        directory, log = Directory(scratch / "data", self.broken), scratch / "log"
        lines_by_process, count = {}, chance.randint(3, 5)
        for run in range(count):
            lines = lines_of(chance, "run%d" % run, chance.randint(3, 25), chance.random() < 0.3)
            trouble = chance.choice([None, None, "any:%d:kill", "any:%d:tear", "sync:%d:eio:journal"])
            if trouble and run > 0:
                trouble = trouble % (chance.randint(1, 60) if "any" in trouble else chance.randint(1, 12))
            else:
                trouble = None
            before = os.path.getsize(log) if os.path.exists(log) else 0
            done = directory.publish(lines, log=log, at=trouble)
            require(trouble or done.code == 0, "a publisher that nothing disturbs", done)
            lines_by_process[self.process_at(log, before)] = lines
            if chance.random() < 0.6:
                before = os.path.getsize(log)
                done = directory.read(log=log)
                require(done.code == 0, "a reader after %s" % trouble, done)
                lines_by_process[self.process_at(log, before)] = None
        operations = read_recording(log)
        said = outputs(operations)
        # Half of the cuts come right after something was promised.
        moments = [min(index + chance.randint(1, 3), len(operations)) for index, _, _, _ in said] or [len(operations)]
        return operations, moments, (said, lines_by_process)

    @staticmethod
    def process_at(log, offset):
        with open(log, "rb") as file:
            file.seek(offset)
            return ENTRY.unpack(file.read(ENTRY.size))[6]

    def check(self, directory, operations, facts, cut):
        said, lines = facts
        expected, last = Expected(), {}
        for index, _, process, text in said:
            if index < cut:
                last[process] = text
        for process, text in last.items():
            if lines.get(process) is None:
                expected.shown(text)
            else:
                expected.acked(text, lines[process])
        promised = len(expected.rows)
        check_publisher(directory, expected, feed_known=False)
        return promised


class MirrorPower(Power):
    """A mirror whose receipts a publisher waits for: what the publisher acknowledged, the mirror's disk holds."""

    PARTIAL = (0, 3, 4)  # exit codes of a reader who gets less than the head signs, for a good reason

    def record(self, scratch, chance):
        publisher, mirror = Directory(scratch / "publisher"), Directory(scratch / "mirror", self.broken)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with open(scratch / "acks", "wb") as acks:
            source = self.source(publisher, scratch, {**pipes, "stdout": acks})
        running, lines = [source], []
        try:
            feed = source.wait_for("^feed ([0-9a-f]{64})$").group(1)
            address = source.wait_for(r"^listening (\S+)$").group(1)
            for run in range(chance.choice([1, 2])):
                copy = Running(mirror.start("mirror", feed, *LOOPBACK, "--peer", address, log=scratch / "log",
                                            **{**pipes, "stdin": subprocess.DEVNULL}))
                running.append(copy)
                copy.wait_for("^listening ")
                for _ in range(chance.randint(8, 20)):
                    some = lines_of(chance, "run%d.%d" % (run, len(lines)), chance.randint(1, 6), chance.random() < 0.2)
                    lines += some
                    source.process.stdin.write(b"".join(line + b"\n" for line in some))
                    source.process.stdin.flush()
                    time.sleep(chance.choice([0.002, 0.02, 0.1]))
                # Some receipts at least, however busy the machine is; then some more or none.
                end = time.monotonic() + 30
                while os.path.getsize(scratch / "acks") == 0 and time.monotonic() < end:
                    time.sleep(0.02)
                time.sleep(chance.choice([0.05, 0.5]))
                copy.end(chance.choice([signal.SIGKILL, signal.SIGTERM]))
                running.remove(copy)
        finally:
            for one in running:
                one.end()
        promises = [(at, acknowledged(text)[-1][1] + 1) for _, at, _, text in outputs(read_recording(scratch / "said"))
                    if acknowledged(text)]
        require(promises, "no receipt: " + " | ".join(source.lines + copy.lines)[-600:])
        operations = read_recording(scratch / "log")
        # Half of the cuts come right before the operation that follows a receipt.
        moments = [next((i for i, one in enumerate(operations) if one.time > at), len(operations)) for at, _ in promises]
        return operations, moments, (promises, lines, feed)

    @staticmethod
    def source(publisher, scratch, pipes):
        """A publisher that waits for receipts."""
        return Running(publisher.start("pub", "feed", "--ack-log", "--acks", "1", "--linger", "2ms", "-z", "none",
                                       "--batch-bytes", "16K", *LOOPBACK, log=scratch / "said", **pipes))

    def check(self, directory, operations, facts, cut):
        promises, lines, feed = facts
        end = operations[cut].time if cut < len(operations) else float("inf")
        promised = max((count for at, count in promises if at < end), default=0)
        expected = Expected()
        expected.rows = dict(enumerate(lines[:promised]))
        read = directory.read(feed)
        if promised == 0 and read.code == 10:
            return 0
        require(read.code in self.PARTIAL, "the store does not open", read)
        count = expected.compare(read)
        require(read.stdout.splitlines() == [b"%d %s" % (i, line) for i, line in enumerate(lines[:count])],
                "other records than the publisher's", read)
        verified = directory.verify(feed)
        require(verified.code in self.PARTIAL or promised == 0, "the copy does not verify", verified)
        return promised
