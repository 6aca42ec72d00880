#!/usr/bin/python3
"""Records a second through the node's socket, before and after a change: see scripts/bench_socket.sh."""

import argparse
import json
import os
import statistics
import subprocess

FIGURES = ("published_per_s", "read_per_s")


def run_round(binary, options):
    command = [binary, "run", str(options.records), str(options.size), str(options.batch_bytes)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--before", help="the same program, built from another commit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--size", type=int, default=100, help="bytes of a record")
    parser.add_argument("--batch-bytes", type=int, default=0, help="0: as a producer has it by default")
    parser.add_argument("--json", required=True)
    options = parser.parse_args()

    binaries = {"after": options.binary}
    if options.before:
        binaries = {"before": options.before, "after": options.binary}
    rounds = {name: [] for name in binaries}
    for _ in range(options.rounds):
        # By turns, so that a machine that gets slower gets slower for both.
        for name, binary in binaries.items():
            rounds[name].append(run_round(binary, options))

    medians = {name: {figure: statistics.median(one[figure] for one in taken) for figure in FIGURES}
               for name, taken in rounds.items()}
    print("%d records of %d bytes, %d rounds, medians" % (options.records, options.size, options.rounds))
    for name, figures in medians.items():
        print("%-8s published %9.0f records/s   read %9.0f records/s" % (
            name, figures["published_per_s"], figures["read_per_s"]))
    if options.before:
        for figure in FIGURES:
            print("%s: %.2f times" % (figure, medians["after"][figure] / medians["before"][figure]))
    os.makedirs(os.path.dirname(options.json) or ".", exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"options": vars(options), "medians": medians, "rounds": rounds}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
