#!/usr/bin/env bash
# bench_feeds.sh [FEEDS [SECONDS]]: one node with many feeds (up to 1,000 its own, the rest mirrored) and a private DHT of
# its own, as real processes on loopback. Prints memory, the time until all feeds are announced and until samples of them
# are found by a reader, and what the node costs while nothing happens (for SECONDS, 30). Needs the built command
# (SHOAL_BINARY, else build/dev or build/release).
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' scripts/bench_feeds.sh; exit 0 ;; esac
[[ ${1:-1} =~ ^[1-9][0-9]*$ ]] || { echo "usage: scripts/bench_feeds.sh [FEEDS [SECONDS]]" >&2; exit 2; }
binary=${SHOAL_BINARY:-}
for built in build/release/apps/shoal/shoal build/dev/apps/shoal/shoal; do
  [ -n "$binary" ] || { [ -x "$built" ] && binary=$PWD/$built; }
done
[ -n "$binary" ] || { echo "build the command first: cmake --preset release && cmake --build --preset release --target shoal" >&2; exit 1; }
exec /usr/bin/python3 -B tests/bench/feeds_bench.py "$binary" "${1:-2000}" "${2:-30}"
