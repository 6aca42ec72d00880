"""Power cuts: the operations of real processes are recorded, and what a disk would hold after a cut is made of them."""

import os
import random
import signal
import threading

from disk import ORDERS, Disk, write_image
from program import Directory, Expected, Scratch, acknowledged, check_publisher, require
from publisher_faults import count_operations, lines_of
from recording import OUTPUT, outputs, read_recording


class Session:
    """One command of a recorded sequence: `lines` when it publishes."""

    def __init__(self, done, lines):
        self.done, self.lines = done, lines


class PublisherPower:
    """Publishers and readers of one directory after each other, some of them killed or with a failed sync."""

    ROUNDS_A_RECORDING = 25

    def __init__(self, seed, broken):
        self.seed, self.broken = seed, broken

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
        return read_recording(log), lines_by_process

    @staticmethod
    def process_at(log, offset):
        with open(log, "rb") as file:
            file.seek(offset)
            head = file.read(64)
        from recording import ENTRY
        return ENTRY.unpack_from(head)[6]

    def rounds(self, numbers, name_of):
        """The rounds of one recording: (number, function that does it)."""
        group = numbers[0] // self.ROUNDS_A_RECORDING
        with Scratch("power-recording-%d" % group) as scratch:
            chance = random.Random("%s/power/%d" % (self.seed, group))
            operations, lines = self.record(scratch, chance)
        disk = Disk(operations, chance)
        said = outputs(operations)
        # Half of the cuts come right after something was promised.
        moments = [min(index + chance.randint(1, 3), len(operations)) for index, _, _, _ in said] or [len(operations)]
        cuts = sorted((chance.choice([chance.choice(moments), chance.randint(0, len(operations))]), number)
                      for number in numbers)
        for cut, number in cuts:
            disk.advance(cut)
            order = ORDERS[number % len(ORDERS)]
            yield number, lambda: self.cut(disk, said, lines, cut, order, random.Random("%s/%d" % (self.seed, number)),
                                           name_of(number))

    def cut(self, disk, said, lines, cut, order, chance, name):
        expected = Expected()
        last = {}
        for index, _, process, text in said:
            if index < cut:
                last[process] = text
        for process, text in last.items():
            if lines.get(process) is None:
                expected.shown(text)
            else:
                expected.acked(text, lines[process])
        with Scratch(name) as scratch:
            directory = Directory(scratch / "data", self.broken)
            write_image(directory.path, disk.image(chance, order))
            count = len(expected.rows)
            check_publisher(directory, expected, feed_known=False)
        return "%s, cut at %d, %d promised" % (order, cut, count), count
