#!/usr/bin/env python3
"""faults.py [--rounds N] [--seed S] [--only ROUND] [--break HOW] KIND...: see scripts/faults.sh.

`--break journal-sync`, `mirror-sync` or `wal-mode` breaks the code that way, any other word says that the command given is
broken: then finding nothing is the failure."""

import argparse
import os
import random
import re
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from damage import Damage
from full_disk import FullDisk, Skipped
from migration import Migration
from mirror_faults import MirrorFaults
from power import MirrorPower, PublisherPower
from program import ALSO, BROKEN_STORE, PRELOAD, Found
from publisher_faults import Errors, Kills
from rollback import Rollback


def one_by_one(kind, numbers, rounds, name_of):
    for number in numbers:
        yield number, lambda number=number: kind.round(number, rounds, random.Random("%s/%d" % (kind.seed, number)),
                                                       name_of(number))


class Campaign:
    def __init__(self, name, kind, rounds, seed):
        self.name, self.kind, self.rounds, self.seed = name, kind, rounds, seed
        self.done, self.promised = 0, 0
        self.failures, self.known, self.crashed, self.skipped = [], [], False, None

    def name_of(self, number):
        return "%s-%s-%d" % (self.name, self.seed, number)

    def report(self, number, text):
        # A round may find several things: each has to be known.
        known = [next((why for pattern, why in KNOWN.items() if re.search(pattern, part)), None)
                 for part in text.split(ALSO)]
        known = known if all(known) else []
        (self.known if known else self.failures).append(number)
        print("%s %s, seed %s, round %d: %s" % ("KNOWN (%s)" % known[0] if known else "FOUND", self.name, self.seed,
                                                number, text), flush=True)

    def attempt(self, number, what):
        try:
            said, promised = what()
            self.promised += promised
            if os.environ.get("SHOAL_FAULTS_VERBOSE"):
                print("  round %d: %s" % (number, said), flush=True)
        except Found as found:
            self.report(number, str(found))
        except Skipped as reason:
            self.skipped = str(reason)
            return
        except Exception:  # pylint: disable=broad-except
            self.crashed = True
            print("FAILED %s, seed %s, round %d:" % (self.name, self.seed, number), flush=True)
            traceback.print_exc()
        self.done += 1

    def part(self, numbers):
        rounds = self.kind.rounds(numbers, self.name_of) if hasattr(self.kind, "rounds") else \
            one_by_one(self.kind, numbers, self.rounds, self.name_of)
        try:
            for number, what in rounds:
                self.attempt(number, what)
        except Found as found:
            self.report(numbers[0], "and the rounds of its recording: " + str(found))

    def run(self, only, workers):
        size = getattr(self.kind, "ROUNDS_A_RECORDING", 1)
        numbers = list(range(self.rounds))
        parts = [numbers[at:at + size] for at in range(0, len(numbers), size)]
        if only is not None:
            parts = [part for part in parts if only in part]
        begin = time.monotonic()
        with ThreadPoolExecutor(workers) as pool:
            for result in pool.map(self.part, parts):
                assert result is None
        getattr(self.kind, "close", lambda: None)()
        print("%s%s: seed %s, %d rounds, %d promised records checked, %d found something%s, %.0f s" %
              (self.name, ", broken on purpose (%s)" % self.kind.broken if self.kind.broken else "", self.seed, self.done,
               self.promised, len(self.failures), ", %d of known kinds" % len(self.known) if self.known else "",
               time.monotonic() - begin), flush=True)


# Faults that are known and not mended: counted, printed, and no reason to fail. What the finding says, and why.
KNOWN = {}

KINDS = {"kills": Kills, "errors": Errors, "power": PublisherPower, "mirror-power": MirrorPower, "damage": Damage,
         "mirror-faults": MirrorFaults, "disk": FullDisk, "migration": Migration,
         "rollback": Rollback}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--only", type=int)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--break", dest="broken", default="")
    parser.add_argument("kinds", nargs="+", choices=sorted(KINDS))
    options = parser.parse_args()
    for needed in (PRELOAD, BROKEN_STORE):
        if not os.path.isfile(needed):
            parser.error("there is no " + needed)
    bad = False
    for name in options.kinds:
        campaign = Campaign(name, KINDS[name](options.seed, options.broken), options.rounds, options.seed)
        campaign.run(options.only, options.jobs)
        if campaign.skipped:
            print("%s: skipped: %s" % (name, campaign.skipped))
            return 77
        # With broken code it has to find something.
        bad = bad or campaign.crashed or bool(campaign.failures) != bool(options.broken)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
