#!/usr/bin/env bash
# How fast one reader with an empty directory gets a feed from four mirrors with limited upload, as real processes on
# loopback: with all of them, with two, with two and two that stall in the middle (a byte a second), and with two that
# are stopped in the middle. Prints each round and the medians in MB/s; writes build/bench-swarm.json.
#
#   scripts/bench_swarm.sh [--rounds N] [--megabytes N] [--limit RATE] [--reader sub|mirror]
#
#   SHOAL_BINARY=FILE scripts/bench_swarm.sh   this command instead of one built here (preset release)
#   TMPDIR=DIR scripts/bench_swarm.sh          the disk that the feeds lie on; about six times the megabytes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case " $* " in *" --help "* | *" -h "*) sed -n "2,/^$/s/^# \{0,1\}//p" scripts/bench_swarm.sh; exit 0 ;; esac

mkdir -p build
if [ -z "${SHOAL_BINARY:-}" ]; then
  scripts/bootstrap.sh build
  say "building the command (release) ..."
  { cmake --preset release && cmake --build --preset release -j "$(jobs)" --target shoal; } >build/bench-build.log 2>&1 ||
    { tail -n 40 build/bench-build.log >&2; die "the build failed"; }
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi

SHOAL_BINARY=$SHOAL_BINARY "$PYTHON" -B tests/system/many_sources.py --json build/bench-swarm.json "$@"
