#!/usr/bin/env bash
# One node with many feeds (up to 1,000 its own, the rest mirrored) and a private DHT of its own, as real processes on
# loopback. Prints memory, the time until all feeds are announced and until samples of them are found by a reader, and what
# the node costs while nothing happens.
#
#   scripts/bench_feeds.sh [FEEDS [SECONDS]]     default 2000 feeds, and nothing happens for 30 seconds
#
#   SHOAL_BINARY=FILE scripts/bench_feeds.sh     this command instead of one built here (preset release)

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in -h | --help) print_help; exit 0 ;; esac
feeds=${1:-2000} seconds=${2:-30}
[[ $feeds$seconds =~ ^[1-9][0-9]*$ ]] || die "usage: scripts/bench_feeds.sh [FEEDS [SECONDS]]"

if [ -z "${SHOAL_BINARY:-}" ]; then
  build_targets test release shoal
  SHOAL_BINARY=$PWD/build/release/apps/shoal/shoal
fi
exec "$PYTHON" -B tests/bench/feeds_bench.py "$SHOAL_BINARY" "$feeds" "$seconds"
