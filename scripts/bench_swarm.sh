#!/usr/bin/env bash
# How fast one reader with an empty directory gets a feed from four mirrors with limited upload, as real processes on
# loopback: with two of them, with two and two that stall in the middle (a byte a second), with all, and with two that
# are stopped in the middle. Prints each round and the medians in MB/s; writes build/bench-swarm.json. All of it lives in
# a network namespace of its own, where a firewall keeps a stalled mirror from being met past the proxy that stalls it.
#
#   scripts/bench_swarm.sh [--rounds N] [--megabytes N] [--limit RATE]
#
#   SHOAL_BINARY=FILE scripts/bench_swarm.sh   this command instead of one built here (preset release)
#   TMPDIR=DIR scripts/bench_swarm.sh          the disk that the feeds lie on; about six times the megabytes

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case " $* " in *" --help "* | *" -h "*) sed -n "2,/^$/s/^# \{0,1\}//p" scripts/bench_swarm.sh; exit 0 ;; esac

mkdir -p build
if [ -z "${SHOAL_BINARY:-}" ]; then
  scripts/bootstrap.sh test
  say "building the command (release) ..."
  { cmake --preset release && cmake --build --preset release -j "$(jobs)" --target shoal; } >build/bench-build.log 2>&1 ||
    { tail -n 40 build/bench-build.log >&2; die "the build failed"; }
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi

export SHOAL_BINARY
unshare --map-root-user --net sh -c 'ip link set lo up && exec "$@"' sh "$PYTHON" -B tests/bench/swarm_bench.py --json build/bench-swarm.json "$@"
