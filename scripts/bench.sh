#!/usr/bin/env bash
# Runs the benchmarks of hot paths (tests/bench) as they are shipped (preset release): a table, and build/bench.json.
# Rates are of processor time, except where the name says real_time. Numbers mean something on an idle machine only.
#
#   scripts/bench.sh [FILTER]     a regular expression of names, such as Commit; all when none is given
#   TMPDIR=DIR scripts/bench.sh   the disk that the feeds on disk lie on

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || die "usage: scripts/bench.sh [FILTER]"

CMAKE_OPTIONS=(-DSHOAL_BENCH=ON)
build_targets test release shoal_bench

build/release/tests/bench/shoal_bench --benchmark_filter="${1:-.}" --benchmark_out=build/bench.json \
  --benchmark_out_format=json >build/bench.log 2>&1 || { cat build/bench.log >&2; die "a benchmark failed"; }
"$PYTHON" - build/bench.json <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
context = report["context"]
load = " ".join(f"{value:.1f}" for value in context.get("load_avg", []))
print(f"{context['num_cpus']} processors, load {load}")
print(f"{'benchmark':42} {'elapsed':>12} {'processor':>12} {'MB/s':>9} {'items/s':>11}")
failed = False
for run in report["benchmarks"]:
    if run.get("error_occurred"):
        failed = True
        print(f"{run['name']:42} error: {run['error_message']}")
        continue
    name = " ".join(filter(None, [run["name"].removeprefix("BM_"), run.get("label")]))
    elapsed = f"{run['real_time'] / 1000:.4g} us"
    busy = f"{run['cpu_time'] / 1000:.4g} us"
    rate = run.get("bytes_per_second")
    items = run.get("items_per_second")
    print(f"{name:42} {elapsed:>12} {busy:>12} {f'{rate / 1e6:.1f}' if rate else '':>9} {f'{items:.0f}' if items else '':>11}")
sys.exit(failed)
PYTHON
say "all figures: build/bench.json"
