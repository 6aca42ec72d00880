#!/usr/bin/env bash
# Live delivery between two processes over loopback: a record every 5 ms, from send() to poll() in the other process,
# beside a bare fdatasync on the same disk and, when its directory is given, hypercore. A table, and build/bench-live.json.
#
#   scripts/bench_live.sh [--peer DIR] [--rounds N] [--count N] [--size BYTES]
#
#   --peer DIR      holds hypercore's tail.mjs with its packages installed
#   TMPDIR=DIR      the disk that the feeds lie on
#   SHOAL_BUILD=DIR take live_probe from this finished build, such as build/dev

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in -h | --help) die "usage: scripts/bench_live.sh [--peer DIR] [--rounds N] [--count N] [--size BYTES]" ;; esac

build=${SHOAL_BUILD:-}
if [ -z "$build" ]; then
  build=build/release
  CMAKE_OPTIONS=(-DSHOAL_BENCH=ON)
  build_targets test release live_probe
fi
"$PYTHON" -B tests/bench/live_bench.py --probe "$PWD/$build/tests/bench/live_probe" --json build/bench-live.json "$@"
say "all figures: build/bench-live.json"
