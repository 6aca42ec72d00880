"""Measures live delivery between two processes, several rounds, and prints medians beside a bare fdatasync and hypercore.

Run by scripts/bench_live.sh. Each round takes everything one after the other, so that all have the same machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

from live_pair import LivePair

WARM = 100
COUNTED = 200
INTERVAL_US = 5000


def bare_sync(probe, directory, count):
    command = [probe, "sync", os.path.join(directory, "bare"), str(count), str(INTERVAL_US)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def ours(probe, directory, kind, count, size):
    with LivePair(probe, directory, kind, INTERVAL_US, size) as pair:
        pair.run(WARM)
        return pair.run(count)


def bytes_a_record(probe, directory):
    with LivePair(probe, directory, "memory", INTERVAL_US, 60, counted=True) as pair:
        pair.run(WARM)
        before = pair.proxy.total
        pair.run(COUNTED)
        return (pair.proxy.total - before) / COUNTED


def hypercore(peer, count, size, root):
    command = ["node", "tail.mjs", "--count", str(count), "--interval", str(INTERVAL_US // 1000), "--size", str(size),
               "--read", "push", "--root", root]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=peer)
    answer = json.loads(ran.stdout.strip().splitlines()[-1])
    if "us" not in answer:
        raise SystemExit("hypercore: %s" % answer.get("error", ran.stdout))
    return dict(answer["us"], what="hypercore push")


def one_round(options):
    results = {}
    with tempfile.TemporaryDirectory(prefix="shoal-live-", dir=options.root) as root:
        def directory(name):
            path = os.path.join(root, name)
            os.mkdir(path)
            return path

        before = bare_sync(options.probe, root, options.syncs)
        acknowledged, delivered = ours(options.probe, directory("disk"), "disk", options.count, options.size)
        after = bare_sync(options.probe, root, options.syncs)
        results["bare fdatasync"] = {key: (before[key] + after[key]) / 2 for key in ("p50", "p90", "p99", "max")}
        results["acknowledged"] = acknowledged
        results["durable feed"] = delivered
        results["volatile feed"] = ours(options.probe, directory("memory"), "memory", options.count, options.size)[1]
        if options.peer:
            results["hypercore push"] = hypercore(options.peer, options.count, options.size, root)
        results["wire"] = {"bytes": bytes_a_record(options.probe, directory("counted"))}
    return results


def medians(rounds):
    return {name: {key: round(statistics.median(one[name][key] for one in rounds), 1)
                   for key in rounds[0][name] if isinstance(rounds[0][name][key], (int, float))}
            for name in rounds[0]}


def ratio(table, name, key):
    peer = table.get("hypercore push")
    return "%.2f" % (table[name][key] / peer[key]) if peer and name != "hypercore push" else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probe", required=True)
    parser.add_argument("--peer", help="directory with hypercore's tail.mjs, `npm ci` done")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--syncs", type=int, default=400)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--root", help="where the feeds lie; default: the temporary directory")
    parser.add_argument("--json", required=True)
    options = parser.parse_args()
    rounds = []
    for number in range(options.rounds):
        rounds.append(one_round(options))
        print("round %d: %s" % (number + 1, json.dumps(rounds[-1])), flush=True)
    table = medians(rounds)
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump({"rounds": rounds, "medians": table, "load": os.getloadavg()}, out, indent=1)
    print("%d records of %d bytes, one every %d ms, medians of %d rounds, microseconds; load %.1f" %
          (options.count, options.size, INTERVAL_US // 1000, options.rounds, os.getloadavg()[0]))
    print("%-16s %8s %8s %8s %8s   %s" % ("", "p50", "p90", "p99", "max", "of hypercore's p50, p99"))
    for name, row in table.items():
        if "p50" in row:
            print("%-16s %8.0f %8.0f %8.0f %8.0f   %4s %5s" % (name, row["p50"], row["p90"], row["p99"], row["max"],
                                                               ratio(table, name, "p50"), ratio(table, name, "p99")))
    print("above the bare fdatasync: p50 %+.0f us" % (table["durable feed"]["p50"] - table["bare fdatasync"]["p50"]))
    print("a record of 60 bytes: %.0f bytes on the wire, both directions" % table["wire"]["bytes"])


if __name__ == "__main__":
    main()
