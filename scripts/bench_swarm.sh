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

case " $* " in *" --help "* | *" -h "*) print_help; exit 0 ;; esac

mkdir -p build
if [ -z "${SHOAL_BINARY:-}" ]; then
  build_targets test release shoal
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi

export SHOAL_BINARY
unshare --map-root-user --net sh -c 'ip link set lo up && exec "$@"' sh "$PYTHON" -B tests/bench/swarm_bench.py --json build/bench-swarm.json "$@"
